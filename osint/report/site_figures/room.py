"""Each claimed number of one site against what was seen to have room for, documents apart."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from osint import model
from osint.model import CAPACITY, Dossier, show
from osint.register import SiteRow
from osint.report.site_figures.frame import BLACK, BLUE, GREY, drawing, sheet, short, titled
from osint.verdict import Finding, Found, Outcome, RoomFor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NUMBERS = 4
"""Claims of one quantity that are set against what was seen."""


def claimed_and_seen(found: Found, dossier: Dossier, site_id: str) -> Figure:
    """Draw each number that is claimed of a site against what was seen to have room for, and documents apart.

    The left half has what was seen: a bar ends where the room ends (90%). The right half has what other documents
    would have room for on paper, which decides nothing. One row of panels for each quantity, in its own unit. Raises
    NotFoundError for an unknown site.
    """
    site = dossier.site(site_id)
    groups = _by_quantity(found.by_site.get(site_id, []))
    with drawing():
        if not groups:
            figure, (ax,) = sheet(1.1)
            ax.set_axis_off()
            title = f"{site_id}: no number on file that a hall could be tested against"
            return titled(figure, title, "", f"Source: claims.csv, rows of {site_id}.", f"{title}.")
        heights = [len(rows) for _, rows in groups]
        figure, axes = sheet(
            1.7 + 0.62 * sum(heights) + 0.5 * len(groups),
            2,
            len(groups),
            sharex="row",
            sharey="row",
            height_ratios=[h + 0.6 for h in heights],
        )
        for (_, rows), left, right in zip(groups, axes[::2], axes[1::2], strict=True):
            _draw_numbers(left, right, rows)
        axes[0].set_title("claimed, and room by what was seen", loc="left", fontsize=8, color="#444444")
        axes[1].set_title("on paper only: decides nothing", loc="left", fontsize=8, color=GREY)
        told = [f for _, rows in groups for f in rows]
        note = f"Source: claims.csv, observations.csv and relations.csv; rows {', '.join(_rows_behind(told))}. "
        note += "A hall that is large enough shows only that the claim could fit. No chip is shown."
        return titled(
            figure, _room_told(site, told), "each in its own unit; log scales", note, _room_alt(told), _bars(), 3
        )


def _by_quantity(judged: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """Return the findings on numbers that need room, by quantity, chips first; each number once, the largest first."""
    held: dict[str, dict[float, Finding]] = {}
    for f in judged:
        if f.claim.quantity in CAPACITY and math.isfinite(f.claim.claimed) and not f.claim.error_test:
            kept = held.setdefault(f.claim.quantity, {})
            if f.claim.claimed not in kept or _tells(f) > _tells(kept[f.claim.claimed]):
                kept[f.claim.claimed] = f
    order = sorted(held, key=lambda q: (q != "chips", q != "servers", q != "pflops", q))
    return [
        (q, sorted(held[q].values(), key=lambda f: (_tells(f), f.claim.claimed), reverse=True)[:MOST_NUMBERS])
        for q in order[:3]
    ]


def _tells(f: Finding) -> int:
    return 2 * (f.seen.room_for is not None) + (f.outcome != Outcome.UNTESTED)


def _draw_numbers(left: Axes, right: Axes, rows: Sequence[Finding]) -> None:
    """Draw the rows of one quantity, the first at the top."""
    ends = [
        x
        for f in rows
        for x in (f.claim.claimed, *f.claim.readings, *f.interval, *f.paper.interval)
        if math.isfinite(x) and x > 0
    ]
    ends += [f.seen.room_for.at_most for f in rows if f.seen.room_for and f.seen.room_for.at_most > 0]
    low, high = min(ends) / 2.2, max(ends) * 2.2
    labels = []
    for y, f in enumerate(reversed(rows)):
        for ax in (left, right):
            for end in dict.fromkeys((*f.claim.readings, f.claim.claimed)):
                ax.plot([end] * 2, [y - 0.3, y + 0.3], color=BLACK, lw=2.4, zorder=4)
        _draw_seen(left, f, y, low)
        paper = f.paper.interval
        if math.isfinite(paper[2]):
            start = paper[0] if math.isfinite(paper[0]) else low
            right.plot([start, paper[2]], [y, y], color=GREY, lw=5, alpha=0.45, solid_capstyle="butt")
            if math.isfinite(paper[1]):
                right.plot([paper[1]], [y], "o", color=GREY, ms=4)
        labels.append(_number_label(f))
    left.set_xscale("log")
    left.set_xlim(low, high)
    left.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:g}")
    left.xaxis.set_minor_formatter(lambda *_: "")
    left.set_yticks(range(len(rows)), labels, fontsize=7)
    left.set_ylim(-0.6, len(rows) - 0.4)
    for ax in (left, right):
        ax.grid(axis="x", color="#e6e6e6", lw=0.6)
        ax.set_xlabel(f"{model.unit_of(rows[0].claim.quantity)} (log scale)", fontsize=7.5)
        ax.tick_params(axis="x", labelsize=7)


def _draw_seen(ax: Axes, f: Finding, y: int, low: float) -> None:
    room = f.seen.room_for
    if room is None:
        return
    if room.at_most <= 0:
        ax.plot([low * 1.1], [y], "x", color=BLUE, ms=7, mew=2)
        return
    start, best, end = f.interval
    sure = room.p_place >= model.CONFIRMED
    style: dict[str, Any] = {"lw": 5, "alpha": 0.5 if sure else 0.2, "solid_capstyle": "butt"}
    ax.plot([start if math.isfinite(start) and start > 0 else low, room.at_most], [y, y], color=BLUE, **style)
    ax.plot([room.at_most], [y], "|", color=BLUE, ms=12, mew=2)
    if math.isfinite(best) and math.isclose(end, room.at_most, rel_tol=0.02):
        ax.plot([best], [y], "o", color=BLUE, ms=4)


def _number_label(f: Finding) -> str:
    room, claim = f.seen.room_for, f.claim
    first = short(f"{claim.claim_id}  {claim.written()}")
    if room is None:
        return f"{first}\nnothing seen bears on it"
    most = f"at most {show(room.at_most)}" if room.at_most > 0 else "none"
    return f"{first}\nseen {_seen_on(room)}: room for {most}"


def _seen_on(room: RoomFor) -> str:
    """Return the day of what was seen; where it is dated more loosely than to a day, as it is dated."""
    loose = sorted({s.row.date.text for r in room.rooms for s in r.seen if s.first != s.last})
    return f"in {' and '.join(loose)} (no day)" if loose else f"by {dt.date.fromordinal(room.day)}"


def _bars() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=BLACK, lw=2.4, marker="|", ms=8, ls="", mew=2.4, label="claimed"),
        Line2D([], [], color=BLUE, lw=5, alpha=0.5, label="room by what was seen, up to the bar's end (90%)"),
        Line2D([], [], color=GREY, lw=5, alpha=0.45, label="room on paper, by other documents (90%)"),
    ]


def _rows_behind(told: Sequence[Finding]) -> list[str]:
    ids = {f.claim.claim_id for f in told} | {i for f in told for i in f.paper.ids}
    return sorted(ids | {i for f in told if f.seen.room_for for i in f.seen.room_for.ids})


def _room_told(site: SiteRow, told: Sequence[Finding]) -> str:
    tested = [f for f in told if f.seen.room_for]
    if not tested:
        first = told[0].claim
        return f"{site.site_id}: nothing that was seen bears on {first.written()} ({first.claim_id}), or on any number"
    f = tested[0]
    room = f.seen.room_for
    if room is None:
        return site.site_id
    most = f"at most {show(room.at_most)}" if room.at_most > 0 else "no"
    what = "the parts that were seen" if room.partial else "what was seen"
    unit = model.unit_of(f.claim.quantity).split(",")[0]
    stamp = "SIMULATED. " if any(s.row.simulated for s in f.seen.sights) else ""
    return (
        f"{stamp}{site.site_id}: {what} {_seen_on(room)} had room for {most} {unit} (90%); {f.claim.claim_id} claims "
        f"{f.claim.written()}: {f.outcome.value}"
    )


def _room_alt(told: Sequence[Finding]) -> str:
    rows = []
    for f in told:
        low, _, high = f.paper.interval
        paper = f"; on paper {show(low)} to {show(high)}" if math.isfinite(low) and math.isfinite(high) else ""
        rows.append(f"{' '.join(_number_label(f).split())}{paper}")
    return f"Claimed numbers against room by what was seen, and on paper: {'; '.join(rows)}."
