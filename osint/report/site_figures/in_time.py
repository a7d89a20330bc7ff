"""Claims of one site in time, on the ladder from announced to running, with what was seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osint.model import Dossier
from osint.register import LADDER, Claim, Modality, Observation, Rung, SiteRow, WrittenDate
from osint.report.site_figures.frame import BLACK, BLUE, RED, drawing, sheet, short, titled
from osint.verdict import CheckFinding, Found, Pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUNG_MARKS = dict(zip(LADDER, "os^DP*", strict=True))
MOST_ROWS = 22
"""Claims that one figure draws; the others are in the table."""
NOT_STATED = frozenset({Modality.WILL, Modality.WOULD, Modality.DENIED, Modality.WITHDRAWN})
"""Modalities under which a claim does not say that its state is reached."""


@dataclass(frozen=True)
class _Line:
    """One line of the figure of claims: what stands beside it, and its days."""

    row_id: str
    label: str
    rung: Rung | None
    day: WrittenDate | None
    said: WrittenDate | None
    hollow: bool
    seen: bool


def claims_in_time(found: Found, dossier: Dossier, site_id: str) -> Figure:
    """Draw the claims and observations of a site by the rung that they assert and the day that they speak of.

    One line each, so that no label covers another: id, number and claimant at the left, the rung at the right. A thin
    line leads from the day on which it was said to the day of which it speaks; hollow is said for the future. A red
    line joins claims that cannot both be true, a dotted one those that can only under one that no text states.
    Raises NotFoundError for an unknown site.
    """
    site = dossier.site(site_id)
    against = _clashes(found, site_id)
    claims = [c for c in dossier.claims[site_id] if not c.error_test]
    left = max(len(claims) - MOST_ROWS, 0)
    kept = sorted(claims, key=lambda c: (not any(c.claim_id in clash.ids for clash in against), c.quantity == ""))
    lines = [_claim_line(c) for c in kept[:MOST_ROWS]] + [_seen_line(o) for o in dossier.observations[site_id]]
    lines.sort(key=lambda n: (n.rung.height if n.rung else -1, n.seen, n.day.first.toordinal() if n.day else 0))
    with drawing():
        figure, (ax,) = sheet(1.5 + 0.34 * max(len(lines), 2) + 0.12 * len(against))
        _draw_lines(ax, lines)
        joined = _join(ax, lines, against)
        unit = "day of which each speaks; lines are in the order of the ladder, from announced up to running"
        title, note = _told_of(site, claims, against, dossier), _note(site, claims, joined, left)
        return titled(figure, title, unit, note, _alt(site, lines), _marks())


def _claim_line(claim: Claim) -> _Line:
    head = f"{claim.claim_id}  {claim.written() or claim.quantity_kind.replace('_', ' ')}"
    part = f" ({claim.part})" if claim.part else ""
    undated = "" if claim.value_date or claim.date else "undated; "
    label = f"{short(head + part)}\n{short(undated + claim.claimant)}"
    future = claim.modality in {Modality.WILL, Modality.WOULD}
    return _Line(claim.claim_id, label, claim.rung, claim.value_date or claim.date, claim.date, future, seen=False)


def _seen_line(row: Observation) -> _Line:
    shows = row.rung.value if row.rung else f"not yet {row.not_yet.value}" if row.not_yet else ""
    shows = shows or (row.quantity.replace("_", " ") if row.quantity else "no stage and no size")
    stamp = "SIMULATED " if row.simulated else ""
    label = f"{short(f'{row.observation_id}  {stamp}SEEN: {shows}')}\n{short(f'{row.observer}, {row.how}')}"
    return _Line(row.observation_id, label, row.rung or row.not_yet, row.date, None, row.rung is None, seen=True)


def _draw_lines(ax: Axes, lines: Sequence[_Line]) -> None:
    from matplotlib.dates import AutoDateLocator

    for y, line in enumerate(lines):
        if line.day is None:
            continue
        first, last = _number(line.day.known[0]), _number(line.day.known[1])
        colour = BLUE if line.seen else BLACK
        if line.said is not None and line.said is not line.day:
            ax.plot([_number(line.said.known[0]), first], [y, y], color="#bbbbbb", lw=0.8, zorder=1)
        ax.plot([first, last], [y, y], color=colour, lw=2.4, alpha=0.35, solid_capstyle="butt", zorder=2)
        mark = RUNG_MARKS[line.rung] if line.rung else "|"
        face = "white" if line.hollow else colour
        ax.plot([(first + last) / 2], [y], mark, ms=6, mec=colour, mfc=face, zorder=3)
    ax.set_yticks(range(len(lines)), [n.label for n in lines], fontsize=7)
    for tick, line in zip(ax.get_yticklabels(), lines, strict=True):
        tick.set_color(BLUE if line.seen else BLACK)
    ax.set_ylim(-0.7, max(len(lines), 1) - 0.3)
    _bands(ax, lines)
    ax.grid(axis="x", color="#e6e6e6", lw=0.6)
    if any(line.day for line in lines):
        locator: Callable[..., Any] = AutoDateLocator  # its constructor has no types
        ax.xaxis_date()
        ax.xaxis.set_major_locator(locator(minticks=3, maxticks=7))
        ax.margins(x=0.06)
    else:
        ax.set_xticks([])


def _marks() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], marker="o", ls="", color=BLACK, label="claimed"),
        Line2D([], [], marker="o", ls="", mec=BLACK, mfc="white", label="hollow: for the future, or not reached"),
        Line2D([], [], marker="o", ls="", color=BLUE, label="seen"),
        Line2D([], [], color=RED, lw=1.2, label="cannot both be true (dotted: only under an unstated assumption)"),
    ]


def _bands(ax: Axes, lines: Sequence[_Line]) -> None:
    """Shade every second rung and name each at the right, outside of the data."""
    right = ax.twinx()
    right.set_ylim(ax.get_ylim())
    right.spines[["top", "left", "right", "bottom"]].set_visible(False)
    heights = [n.rung.height if n.rung else -1 for n in lines]
    ticks = []
    for n, height in enumerate(sorted(set(heights))):
        rows = [y for y, h in enumerate(heights) if h == height]
        if n % 2 == 0:
            ax.axhspan(rows[0] - 0.5, rows[-1] + 0.5, color="#f4f4f4", zorder=0)
        ticks.append(((rows[0] + rows[-1]) / 2, LADDER[height].value if height >= 0 else "asserts\nno state"))
    right.set_yticks([y for y, _ in ticks], [name for _, name in ticks], fontsize=7.5)
    right.tick_params(length=0)


@dataclass(frozen=True)
class _Clash:
    """Claims that a check sets against each other."""

    ids: tuple[str, ...]
    name: str
    certain: bool
    """Whether they cannot all be true; else they can under an assumption that no text states."""


def _clashes(found: Found, site_id: str) -> list[_Clash]:
    """Return what the checks set against each other with a claim of a site, planted tests of error apart."""
    told = (CheckFinding.INCONSISTENT, CheckFinding.STRAINED)
    return [
        _Clash(check.claim_ids, check.name.value, check.finding == CheckFinding.INCONSISTENT)
        for check in found.tests
        if site_id in check.sites and check.finding in told and check.pair != Pair.PLANTED
    ]


def _join(ax: Axes, lines: Sequence[_Line], against: Sequence[_Clash]) -> list[str]:
    """Draw a line between the claims of each clash that are in the figure, and return the clashes in words."""
    at = {n.row_id: (_middle(n.day), y) for y, n in enumerate(lines) if n.day is not None}
    for clash in against:
        drawn = [at[i] for i in clash.ids if i in at]
        style: dict[str, Any] = {"color": RED, "lw": 1.2, "zorder": 2.5, "ls": "-" if clash.certain else ":"}
        if len(drawn) > 1:
            ax.plot(*zip(*drawn, strict=True), **style)
        for x, y in drawn if len(drawn) == 1 else ():
            ax.plot(x, y, "o", ms=11, mfc="none", mec=RED, mew=1.2, zorder=2.5)
    return [f"{' and '.join(clash.ids)} ({clash.name})" for clash in sorted(against, key=lambda c: not c.certain)]


def _told_of(site: SiteRow, claims: Sequence[Claim], against: Sequence[_Clash], dossier: Dossier) -> str:
    name = f"{site.site_id} {site.name_display or site.name_en}"
    if not claims:
        return f"{name}: no claim on file"
    stated = [c for c in claims if c.rung and c.modality not in NOT_STATED]
    top = max(stated, key=lambda c: (c.rung.height if c.rung else 0, c.claim_id), default=None)
    furthest = f"the furthest says {top.rung.value} ({top.claim_id})" if top and top.rung else "all of them plans"
    rows = dossier.observations[site.site_id]
    seen = f"{len(rows)} observation{'s' if len(rows) != 1 else ''}" if rows else "nothing was seen by anyone on file"
    certain = sum(c.certain for c in against)
    clash = f"; {certain} certain contradiction{'s' if certain != 1 else ''}" if certain else ""
    return f"{name}: {len(claims)} claim{'s' if len(claims) != 1 else ''}, {furthest}; {seen}{clash}"


def _note(site: SiteRow, claims: Sequence[Claim], joined: Sequence[str], left: int) -> str:
    days = sorted(c.date.known[1] for c in claims if c.date)
    dated = f", texts to {days[-1]:%Y-%m-%d}" if days else ""
    clash = f" Set against each other: {'; '.join(joined)}." if joined else ""
    more = f" {left} more claims are in the table." if left else ""
    tests = " Misreports that are kept as tests are left out."
    return f"Source: claims.csv and observations.csv, rows of {site.site_id}{dated}.{clash}{more}{tests}"


def _alt(site: SiteRow, lines: Sequence[_Line]) -> str:
    told = "; ".join(
        f"{' '.join(n.label.split())}, {n.rung.value if n.rung else 'no state'}, {n.day.text if n.day else 'undated'}"
        for n in lines
    )
    return f"Claims on {site.site_id} in time: {told or 'none on file'}."


def _number(day: dt.date) -> float:
    """Return a day as axes of dates count it."""
    return float((day - dt.date(1970, 1, 1)).days)


def _middle(day: WrittenDate) -> float:
    return (_number(day.known[0]) + _number(day.known[1])) / 2
