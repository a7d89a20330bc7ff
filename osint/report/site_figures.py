"""Draw the figures of one site: claims in time, claimed against seen, where it is said to be, before and after.

Each takes records and reads no file. The title is the finding, the line below it the unit, the last lines name rows and
days. The label of a figure (`figure.get_label()`) is its text for readers who do not see it.
"""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osint import filings, geo, imagery, model
from osint.model import CAPACITY, Dossier, show
from osint.register import LADDER, Claim, Modality, Observation, Role, Rung, SiteRow, WrittenDate
from osint.verdict import CheckFinding, Finding, Found, Outcome, Pair, RoomFor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#000000", "#56B4E9", "#D55E00", "#777777"
"""Okabe-Ito (2008): safe for colour-blind readers."""
STYLE: dict[str, Any] = {"font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True}
STYLE |= {"svg.fonttype": "path", "svg.hashsalt": "osint", "pdf.fonttype": 42, "text.parse_math": False}
RUNG_MARKS = dict(zip(LADDER, "os^DP*", strict=True))
MOST_ROWS = 22
"""Claims that one figure draws; the others are in the table."""
MOST_NUMBERS = 4
"""Claims of one quantity that are set against what was seen."""
TITLE_CHARACTERS, NOTE_CHARACTERS, LABEL_CHARACTERS = 78, 132, 46
KM_PER_DEGREE = 111.32
FARTHEST_KM = 200.0
"""Distance of a candidate beyond which the map does not reach for it."""
WIDTH = 7.6  # inches


@contextmanager
def _drawing() -> Iterator[None]:
    """Draw with our style and with a font for Chinese; texts keep it after the block."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE | {"font.family": filings.font_families()}):  # type: ignore[arg-type]
        yield


def _sheet(height: float, columns: int = 1, rows: int = 1, **grid: Any) -> tuple[Figure, list[Any]]:
    """Return a figure of a height in inches whose layout keeps every label inside, and its axes, row by row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **grid).ravel())


def _titled(
    figure: Figure, title: str, unit: str, note: str, alt: str, handles: Sequence[Any] = (), columns: int = 4
) -> Figure:
    """Write finding and unit above a figure, its legend and sources below, and keep the text that stands for it.

    Each has room of its own, so that no label covers another.
    """
    head = textwrap.fill(filings.drawable(title), TITLE_CHARACTERS)
    foot = textwrap.fill(filings.drawable(note), NOTE_CHARACTERS)
    height = figure.get_figheight()
    lines = head.count("\n") + 1
    above = 0.14 + 0.18 * lines + (0.2 if unit else 0.0)
    low = 0.08 + 0.115 * (foot.count("\n") + 1)
    below = low + (0.24 if handles else 0.04)
    figure.set_layout_engine("constrained", rect=(0, below / height, 1, 1 - (above + below) / height))
    figure.text(0.01, 1 - 0.06 / height, head, ha="left", va="top", fontsize=10.5, **_heavy(head))
    figure.text(0.01, 0.05 / height, foot, ha="left", va="bottom", fontsize=6.8, color="#444444", linespacing=1.15)
    if handles:
        spacing: dict[str, Any] = {"frameon": False, "fontsize": 7, "columnspacing": 1.2, "handletextpad": 0.4}
        at = (0.005, low / height)
        figure.legend(handles=handles, loc="lower left", bbox_to_anchor=at, ncols=columns, borderpad=0.1, **spacing)
    figure.text(0.01, 1 - (0.14 + 0.18 * lines) / height, unit, ha="left", va="top", fontsize=8, color="#444444")
    figure.set_label(alt)
    return figure


def _heavy(text: str) -> dict[str, Any]:
    """Return bold for a text that the Latin font draws alone: the Chinese font has one weight."""
    return {"fontweight": "bold", "fontfamily": ["DejaVu Sans"]} if text.isascii() else {}


def _short(text: str, most: int = LABEL_CHARACTERS) -> str:
    """Return a text of at most so many characters, broken between words where it has some."""
    text = " ".join(filings.drawable(text).split())
    return text if len(text) <= most else f"{textwrap.shorten(text, most, placeholder='') or text[: most - 1]}…"


# ---------------------------------------------------------------- claims in time


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
    line joins claims that cannot both be true, a dotted one those that can by an assumption that no text states.
    Raises NotFoundError for an unknown site.
    """
    site = dossier.site(site_id)
    against = _clashes(found, site_id)
    claims = [c for c in dossier.claims[site_id] if not c.error_test]
    left = max(len(claims) - MOST_ROWS, 0)
    kept = sorted(claims, key=lambda c: (not any(c.claim_id in clash.ids for clash in against), c.quantity == ""))
    lines = [_claim_line(c) for c in kept[:MOST_ROWS]] + [_seen_line(o) for o in dossier.observations[site_id]]
    lines.sort(key=lambda n: (n.rung.height if n.rung else -1, n.seen, n.day.first.toordinal() if n.day else 0))
    with _drawing():
        figure, (ax,) = _sheet(1.5 + 0.34 * max(len(lines), 2) + 0.12 * len(against))
        _draw_lines(ax, lines)
        joined = _join(ax, lines, against)
        unit = "day of which each speaks; lines are in the order of the ladder, from announced up to running"
        title, note = _told_of(site, claims, against, dossier), _note(site, claims, joined, left)
        return _titled(figure, title, unit, note, _alt(site, lines), _marks())


def _claim_line(claim: Claim) -> _Line:
    head = f"{claim.claim_id}  {claim.written() or claim.quantity_kind.replace('_', ' ')}"
    part = f" ({claim.part})" if claim.part else ""
    part += "" if claim.value_date or claim.date else " undated"
    label = f"{_short(head + part)}\n{_short(claim.claimant)}"
    future = claim.modality in {Modality.WILL, Modality.WOULD}
    return _Line(claim.claim_id, label, claim.rung, claim.value_date or claim.date, claim.date, future, seen=False)


def _seen_line(row: Observation) -> _Line:
    shows = row.rung.value if row.rung else f"not yet {row.not_yet.value}" if row.not_yet else ""
    shows = shows or (row.quantity.replace("_", " ") if row.quantity else "no rung and no size")
    stamp = "SIMULATED " if row.simulated else ""
    label = f"{_short(f'{row.observation_id}  {stamp}SEEN: {shows}')}\n{_short(f'{row.observer}, {row.how}')}"
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
        Line2D([], [], color=RED, lw=1.2, label="cannot both be true (dotted: only by an unstated assumption)"),
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
    """Whether they cannot all be true; else they can by an assumption that no text states."""


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
    stated = [c for c in claims if c.rung and c.modality not in {Modality.WILL, Modality.WOULD, Modality.DENIED}]
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


# ---------------------------------------------------------------- claimed against seen


def claimed_and_seen(found: Found, dossier: Dossier, site_id: str) -> Figure:
    """Draw each number that is claimed of a site against what was seen to have room for, and documents apart.

    The left half has what was seen: a bar ends where the room ends (90%). The right half has what other documents
    would have room for on paper, which decides nothing. One row of panels for each quantity, in its own unit. Raises
    NotFoundError for an unknown site.
    """
    site = dossier.site(site_id)
    groups = _by_quantity([f for f in found.judged if f.claim.site_id == site_id])
    with _drawing():
        if not groups:
            figure, (ax,) = _sheet(1.6)
            ax.set_axis_off()
            title = f"{site_id}: no number on file that a hall could be tested against"
            return _titled(figure, title, "", f"Source: claims.csv, rows of {site_id}.", f"{title}.")
        heights = [len(rows) for _, rows in groups]
        figure, axes = _sheet(
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
        return _titled(
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
    first = _short(f"{claim.claim_id}  {claim.written()}")
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


# ---------------------------------------------------------------- where it is said to be


def locator(dossier: Dossier, site_id: str, candidates: Sequence[tuple[str, float, float]] = ()) -> Figure:
    """Draw where a site is said to be: the circle of its precision, candidates, and the sites around, on a graticule.

    `candidates` are (name, longitude, latitude) in degrees, WGS-84. The circle is the doubt, not a building. The bar is
    a round number of km, the arrow points north. A site without a position gives a figure that says so. Raises
    NotFoundError for an unknown site.
    """
    site = dossier.site(site_id)
    with _drawing():
        here = _position(site)
        if here is None:
            figure, (ax,) = _sheet(1.6)
            ax.set_axis_off()
            title = f"{site_id}: no position is on file ({site.coord_level or 'none found'})"
            return _titled(figure, title, "", f"Source: sites.csv, row {site_id}.", f"{title}.")
        lon, lat, km = here
        figure, (near, wide) = _sheet(4.5, 2)
        around = _neighbours(dossier, site_id, lon, lat)
        far = sorted(_away_km(here, x, y) for _, x, y in around)
        reach = max(1.6 * km, 3.0, *(min(1.15 * _away_km(here, x, y), FARTHEST_KM) for _, x, y in candidates))
        _draw_map(near, here, reach, around, candidates)
        _draw_map(wide, here, max(2.5 * reach, 1.3 * far[min(2, len(far) - 1)] if far else 0.0), around, ())
        wide.set_title("the sites around it", loc="left", fontsize=8, color="#444444")
        near.set_title("the circle of its precision", loc="left", fontsize=8, color="#444444")
        near.set_ylabel("latitude north", fontsize=7.5)
        title = f"{site_id} {site.name_display or site.name_en}: known to {km:.0f} km"
        if km >= 3:
            title += "; no picture of this point shows the site unless a search finds it"
        level = f"the point is the {site.coord_level}" if site.coord_level else "what the point is, is not stated"
        note = (
            f"Source: sites.csv, row {site_id}; {level}; datum {site.datum or 'not stated'}. The circle is the doubt, "
        )
        note += "not a building. Other sites are grey."
        alt = f"Map: {site_id} at {lat:.3f} N, {lon:.3f} E, within a circle of {km:.0f} km"
        named = ", ".join(name for name, *_ in candidates)
        alt += f"; candidates {named}" if named else ""
        return _titled(figure, title, "degrees, WGS-84; north is up", note, f"{alt}.")


def _position(site: SiteRow) -> tuple[float, float, float] | None:
    """Return longitude and latitude in WGS-84 and the precision in km; None without them."""
    if site.lat is None or site.lon is None or not site.coord_precision_km:
        return None
    row = {"lon": site.lon, "lat": site.lat, "datum": site.datum, "coord_precision_km": site.coord_precision_km}
    lon, lat = geo.to_wgs(site.lon, site.lat, site.datum)
    return lon, lat, geo.precision_km(row)


def _neighbours(dossier: Dossier, site_id: str, lon: float, lat: float) -> list[tuple[str, float, float]]:
    """Return the other sites at other points, once for each point."""
    points: dict[tuple[float, float], list[str]] = {}
    for other in dossier.sites.values():
        if other.site_id == site_id or other.role == Role.AGGREGATE or other.lat is None or other.lon is None:
            continue
        if other.country != dossier.sites[site_id].country:
            continue
        at = (round(other.lon, 2), round(other.lat, 2))
        if at != (round(lon, 2), round(lat, 2)):
            points.setdefault(at, []).append(other.site_id)
    return [
        (", ".join(ids) if len(ids) < 4 else f"{ids[0]} and {len(ids) - 1} more", *at) for at, ids in points.items()
    ]


def _draw_map(
    ax: Axes,
    here: tuple[float, float, float],
    reach: float,
    neighbours: Sequence[tuple[str, float, float]],
    candidates: Sequence[tuple[str, float, float]],
) -> None:
    """Draw the map of a square that reaches so many km from the site to each side."""
    lon, lat, km = here
    across = KM_PER_DEGREE * math.cos(math.radians(lat))
    ax.set_xlim(lon - reach / across, lon + reach / across)
    ax.set_ylim(lat - reach / KM_PER_DEGREE, lat + reach / KM_PER_DEGREE)
    ax.set_aspect(1 / math.cos(math.radians(lat)))
    turns = [2 * math.pi * n / 180 for n in range(181)]
    xs = [lon + km / across * math.cos(t) for t in turns]
    ys = [lat + km / KM_PER_DEGREE * math.sin(t) for t in turns]
    ax.fill(xs, ys, color=SKY, alpha=0.2, zorder=1)
    ax.plot(xs, ys, color=BLUE, lw=1.2, zorder=2)
    ax.plot([lon], [lat], "+", color=BLUE, ms=9, mew=1.6, zorder=3)
    ax.grid(color="#e6e6e6", lw=0.6)
    ax.ticklabel_format(useOffset=False)
    ax.locator_params(nbins=4)
    ax.tick_params(labelsize=7)
    ax.set_xlabel("longitude east", fontsize=7.5)
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    drawn = [(name, x, y, RED, "D") for name, x, y in candidates]
    drawn += [(name, x, y, GREY, "o") for name, x, y in neighbours]
    _labelled(ax, [n for n in drawn if west < n[1] < east and south < n[2] < north])
    _scale(ax, across, 2 * reach)


def _away_km(here: tuple[float, float, float], lon: float, lat: float) -> float:
    """Return how far a point is from the site, in km, to either axis at most."""
    across = KM_PER_DEGREE * math.cos(math.radians(here[1]))
    return max(abs(lon - here[0]) * across, abs(lat - here[1]) * KM_PER_DEGREE)


def _labelled(ax: Axes, points: Sequence[tuple[str, float, float, str, str]]) -> None:
    """Draw points with labels on the side that has more room; a label that would cover another is set lower."""
    west, east = ax.get_xlim()
    south, north = ax.get_ylim()
    taken: list[tuple[float, float]] = []
    step = (north - south) / 17
    for name, x, y, colour, mark in sorted(points, key=lambda p: -p[2]):
        ax.plot([x], [y], mark, color=colour, ms=5, zorder=3)
        right = x < (west + east) / 2
        close = [other for other_x, other in taken if abs(x - other_x) < (east - west) / 2]
        places = (y + n * step for n in sorted(range(-12, 13), key=lambda n: (abs(n), n)))
        free = (
            place
            for place in places
            if south + step < place < north - step and all(abs(place - other) >= step for other in close)
        )
        at = next(free, y)
        taken.append((x, at))
        shift = (east - west) / 70 * (1 if right else -1)
        arrow = {"arrowstyle": "-", "lw": 0.4, "color": colour} if at != y else None
        ax.annotate(_short(name, 26), (x, y), (x + shift, at), ha="left" if right else "right", va="center",
                    fontsize=7, color=colour, arrowprops=arrow, zorder=4, clip_on=False)  # fmt: skip


def _scale(ax: Axes, across: float, width_km: float) -> None:
    """Draw a bar of a round number of km and an arrow to the north below and above the circle, clear of it."""
    most = width_km / 2.5
    power = 10.0 ** math.floor(math.log10(most))
    km = max(step * power for step in (1, 2, 5) if step * power <= most)
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    x, y = west + 0.03 * (east - west), south + 0.05 * (north - south)
    ax.plot([x, x + km / across], [y, y], color=BLACK, lw=2.2, solid_capstyle="butt", zorder=5)
    ax.text(x, y + 0.02 * (north - south), f"{km:g} km", fontsize=7.5, va="bottom", zorder=5)
    top = (east - 0.04 * (east - west), north - 0.04 * (north - south))
    arrow = {"arrowstyle": "-|>", "color": BLACK}
    ax.annotate("N", top, (top[0], north - 0.16 * (north - south)), ha="center", fontsize=8, arrowprops=arrow)


# ---------------------------------------------------------------- before and after


def before_after(
    pair: imagery.Pair | None, site_id: str, finding: str = "", outline: BaseGeometry | None = None
) -> Figure:
    """Draw a pair of pictures with dates, credit, scale and north, and SIMULATED on both where they are invented.

    `finding` is the title; without a pair the figure says that no picture is on file, and what that leaves open.
    """
    if pair is None:
        with _drawing():
            figure, (ax,) = _sheet(1.6)
            ax.set_axis_off()
            title = f"{site_id}: no picture is on file. That nothing was looked at says nothing of what stands there"
            return _titled(figure, title, "", "Source: the pictures of this case.", f"{title}.")
    title = finding or f"{site_id}: before and after"
    with _drawing():
        figure = imagery.draw_pair(pair, outline, textwrap.fill(title, TITLE_CHARACTERS))
    stamp = "SIMULATED. " if pair.simulated else ""
    figure.set_label(f"{stamp}{title}. Left: {pair.labels[0]}. Right: {pair.labels[1]}. {pair.credit}")
    return figure
