"""What was said of computing power, place by place over time, with the contradictions drawn between the places."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint import fonts
from osint.model import Dossier
from osint.register import Claim, Role, WrittenDate
from osint.report.answer import Answer
from osint.report.canvas import BLACK, RED, Caption, Sheet, framed
from osint.report.sheets import STAGES, publishers, stage_of
from osint.report.words import counted, day_words, listed
from osint.verdict import Check, CheckFinding, CheckName

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DECADE, AXIS = 0.36, 0.62  # height of a power of ten, the same in all lanes, and room for the numbers, in inches
GAP = 0.28  # between two lanes, in inches
BELOW, ABOVE = 4, 6  # room below and above what is drawn, as factors
FEW_POWERS = 4  # lanes of no more have a number at every power of ten
PLACES = 3  # lanes where no contradiction names the places
LEGEND = (
    "Circle, white: announced. Square, white: filed. Square, grey: halls said able to carry it. Circle, black: said to "
    "be there. Line: from low to high; dotted: two readings of one text. The number format is mostly not stated."
)
MARKS = dict(zip(STAGES, (("o", "white"), ("s", "white"), ("s", "#9a9a9a"), ("o", BLACK)), strict=True))
"""Mark and filling of each stage; said to be there is full."""
POINTS = 72


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of compute."""

    lane: str
    claim: Claim
    day: dt.date
    ends: tuple[float, ...]
    """The number; both ends of a range, or both readings that a text allows."""
    stage: str

    @property
    def value(self) -> float:
        """The lower end: the harder one to contradict."""
        return self.ends[0]

    @property
    def words(self) -> str:
        """Return the number as it stands at its mark."""
        between = " or " if self.claim.readings else " to "
        open_below, open_above = self.claim.value_low is None, self.claim.value_high is None
        sign = "" if self.claim.readings or open_below == open_above else "≥" if open_above else "≤"
        return sign + between.join(f"{end:,.12g}" for end in self.ends)


def timeline_sheet(answer: Answer, dossier: Dossier) -> Sheet:
    """Return statements of compute at the places that the contradictions are about, by the day of the text."""
    lanes, drawn = _lanes(answer, dossier)
    said = [s for lane in lanes for s in _said(lane, dossier)]
    links = [(a, b) for check in drawn for a in check.first for b in check.second]
    claims = {s.claim.claim_id: s for s in said}
    pairs = [(claims[a], claims[b]) for a, b in links if a in claims and b in claims]
    names = [answer.names[lane] for lane in lanes]
    red = "; dashed: cannot be read together without an assumption" if pairs else ""
    alt = [
        f"{answer.names[s.lane]}, {day_words(s.claim.date)}: {s.words}P, {s.stage} ({s.claim.claim_id})" for s in said
    ]
    caption = Caption(
        title=_title(pairs, said, names, drawn),
        subtitle=f"P (PFLOPS) as each text has it, on a scale of powers of ten, by the day of the text{red}",
        source=publishers(s.claim for s in said),
        note=LEGEND,
        alt="; ".join(alt) + ".",
    )
    rows = pd.DataFrame(
        [
            {
                "place": answer.names[s.lane],
                "date": s.claim.date.text if s.claim.date else "",
                "low": s.ends[0] if s.claim.value_low is not None else None,
                "high": s.ends[-1] if s.claim.value_high is not None else None,
                "two readings": "yes" if s.claim.readings else "",
                "unit": "PFLOPS",
                "stage": s.stage,
                "row": s.claim.claim_id,
                "does not fit with": " ".join(
                    sorted({b.claim.claim_id if a is s else a.claim.claim_id for a, b in pairs if s in (a, b)})
                ),
            }
            for s in said
        ],
        columns=["place", "date", "low", "high", "two readings", "unit", "stage", "row", "does not fit with"],
    )
    titles = dict(zip(lanes, names, strict=True))
    question = "What was said of computing power, and what does not fit?"

    def draw(narrow: bool) -> Figure:
        return _draw(said, pairs, titles, caption, narrow)

    return Sheet("said-over-time", caption, rows, draw, tuple(claims), question, tuple(s.claim for s in said))


def _lanes(answer: Answer, dossier: Dossier) -> tuple[list[str], list[Check]]:
    """Return the places to draw, and the contradictions in compute between them.

    The places are those of the sharpest contradiction in compute and the totals that other ones join to them; without
    a contradiction those with most statements.
    """
    claims = {c.claim_id: c for c in dossier.all_claims}
    checks = [c for c in answer.misfits if c.second and all(claims[i].quantity == "pflops" for i in c.claim_ids)]
    if not checks:
        sites = [s.site_id for s in dossier.sites.values() if s.role == Role.ANNOUNCED and not s.parent]
        most = sorted(sites, key=lambda site: (-len(_said(site, dossier)), site))
        return [site for site in most[:PLACES] if _said(site, dossier)], []
    roots = {i: _root(claims[i].site_id, dossier) for c in checks for i in c.claim_ids}
    lanes = list(dict.fromkeys(roots[i] for i in reversed(checks[0].claim_ids)))
    joined = [c for c in checks if {roots[i] for i in c.claim_ids} & set(lanes)]
    lanes = list(dict.fromkeys([*lanes, *(roots[i] for c in joined for i in c.claim_ids)]))
    return lanes, joined


def _root(site_id: str, dossier: Dossier) -> str:
    return [site_id, *dossier.ancestors(site_id)][-1]


def _said(site_id: str, dossier: Dossier) -> list[Said]:
    """Return the dated statements of compute of a place and its parts, each number of a text once."""
    sites = [site_id]
    out: dict[tuple[dt.date, tuple[float, ...], str], Said] = {}
    for site in sites:
        sites += [part for part in dossier.parts.get(site, ()) if part not in sites]
        for claim in dossier.claims[site]:
            stage = stage_of(claim)
            if (
                claim.quantity != "pflops"
                or claim.error_test
                or not stage
                or claim.date is None
                or not claim.figure > 0
            ):
                continue
            stated = [v for v in (claim.value_low, claim.value_high) if v is not None and v > 0]
            ends = tuple(sorted({*(claim.readings or stated)}))
            said = Said(site_id, claim, _middle(claim.date), ends, stage)
            out.setdefault((said.day, ends, stage), said)
    return sorted(out.values(), key=lambda s: (s.day, s.value, s.claim.claim_id))


def _middle(date: WrittenDate) -> dt.date:
    return date.first + (date.last - date.first) / 2


def _title(
    pairs: Sequence[tuple[Said, Said]], said: Sequence[Said], names: Sequence[str], checks: Sequence[Check]
) -> str:
    """Return the sharpest contradiction in one line, no harder than its check."""
    if not said:
        return "No dated statement of computing power is on file"
    if not pairs:
        told = counted(len(said), "statement")
        return f"{told} of computing power at {listed(list(names))}: none is found to contradict another"
    first, second = pairs[0]
    name = dict(zip(dict.fromkeys(s.lane for s in said), names, strict=False))
    ranked = ", ranked first in the region," if checks[0].name == CheckName.RANK else ""
    certain = checks[0].finding == CheckFinding.INCONSISTENT
    hold = "cannot both be true" if certain else "both hold only under an assumption that no text states"
    room = "room for " if second.stage == STAGES[2] else ""
    return (
        f"{spoken(first)} at {name.get(first.lane, first.lane)}{ranked} and {room}{spoken(second)} at "
        f"{name.get(second.lane, second.lane)}: {hold}"
    )


def spoken(said: Said) -> str:
    """Return the number in words for a sentence: "at least 60,000P"."""
    return f"{said.words}P".replace("≥", "at least ").replace("≤", "at most ")


def _draw(
    said: Sequence[Said], pairs: Sequence[tuple[Said, Said]], titles: dict[str, str], caption: Caption, narrow: bool
) -> Figure:
    from matplotlib.patches import ConnectionPatch

    lanes = [lane for lane in titles if any(s.lane == lane for s in said)]
    spans = {lane: _span([s for s in said if s.lane == lane]) for lane in lanes}
    heights = {lane: DECADE * math.log10(high / low) for lane, (low, high) in spans.items()}
    figure, (_, top) = framed(caption, sum(heights.values()) + GAP * max(len(lanes), 1) + 0.3, narrow)
    width, total = figure.get_size_inches()
    axes: dict[str, Axes] = {}
    days = [s.day.toordinal() for s in said]
    for number, lane in enumerate(lanes):
        top -= heights[lane] + GAP
        ax = figure.add_axes((AXIS / width, top / total, (width - AXIS - 0.18) / width, heights[lane] / total))
        _lane(ax, [s for s in said if s.lane == lane], titles[lane], days, last=number == len(lanes) - 1, narrow=narrow)
        _scale(ax, spans[lane])
        axes[lane] = ax
    for lane, ax in axes.items():
        _label(ax, [s for s in said if s.lane == lane])
    for first, second in pairs:
        ends = [((s.day.toordinal(), s.value), axes[s.lane]) for s in (first, second)]
        style: dict[str, Any] = {"color": RED, "lw": 1.2, "linestyle": (0, (4, 2)), "zorder": -1}
        figure.add_artist(
            ConnectionPatch(ends[0][0], ends[1][0], "data", "data", axesA=ends[0][1], axesB=ends[1][1], **style)
        )
    return figure


def _lane(ax: Axes, said: Sequence[Said], title: str, days: Sequence[int], last: bool, narrow: bool) -> None:
    """Draw the statements on one place; a label goes where it covers neither a mark nor another label."""
    spread = max(max(days) - min(days), 30)
    ax.set_xlim(min(days) - 0.06 * spread, max(days) + 0.16 * spread)
    ax.patch.set_visible(False)  # the lines between places lie below
    ax.set_title(fonts.drawable(title), fontsize=8.5, fontweight="bold", loc="left", pad=3)
    years = range(dt.date.fromordinal(min(days)).year, dt.date.fromordinal(max(days)).year + 2)
    ticks = [dt.date(year, month, 1).toordinal() for year in years for month in ((1, 7) if not narrow else (1,))]
    ticks = [t for t in ticks if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    ax.set_xticks(
        ticks, [f"{dt.date.fromordinal(t):%Y-%m}" for t in ticks] if last else [""] * len(ticks), fontsize=7.5
    )
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    for s in said:
        shape, face = MARKS[s.stage]
        day = [s.day.toordinal()] * len(s.ends)
        joined = (0, (1, 1.5)) if s.claim.readings else "-"
        ax.plot(day, s.ends, shape, ms=6, markerfacecolor=face, markeredgecolor=BLACK, zorder=6)
        ax.plot(day, s.ends, color=BLACK, lw=1, linestyle=joined, zorder=5)


def _span(said: Sequence[Said]) -> tuple[float, float]:
    return min(s.ends[0] for s in said) / BELOW, max(s.ends[-1] for s in said) * ABOVE


def _scale(ax: Axes, span: tuple[float, float]) -> None:
    """Give a lane its scale from low to high in P; a power of ten is as high in each lane."""
    ax.set_yscale("log")
    ax.set_ylim(*span)
    powers = range(math.ceil(math.log10(span[0])), math.floor(math.log10(span[1])) + 1)
    ticks = [10.0**power for power in powers if len(powers) <= FEW_POWERS or power % 2 == 0]
    ax.set_yticks(ticks, [f"{tick:,.12g}" for tick in ticks], fontsize=7)
    ax.minorticks_off()
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="y", color="#eeeeee", lw=0.6)


def _label(ax: Axes, said: Sequence[Said]) -> None:
    from matplotlib.transforms import Bbox

    to_points = POINTS / ax.figure.dpi
    frame = Bbox(ax.bbox.get_points() * to_points)
    spots = [ax.transData.transform((s.day.toordinal(), s.ends[-1])) * to_points for s in said]
    lower = [ax.transData.transform((s.day.toordinal(), s.ends[0])) * to_points for s in said]
    taken = [Bbox([(x - 4, low - 4), (x + 4, y + 4)]) for (x, y), (_, low) in zip(spots, lower, strict=True)]
    for s, (x, y) in sorted(zip(said, spots, strict=True), key=lambda pair: -pair[0].ends[-1]):
        width, height = 4.6 * len(s.words), 8.0
        options = [(6, -height / 2), (-width - 6, -height / 2), (-width / 2, 6), (-width / 2, -height - 6)]
        options += [(dx, dy + step) for step in (9, -9, 18, -18) for dx, dy in options[:2]]
        boxes = [(dx, dy, Bbox.from_bounds(x + dx, y + dy, width, height)) for dx, dy in options]
        free = [
            b for b in boxes if not any(b[2].overlaps(t) for t in taken) and frame.x0 <= b[2].x0 and b[2].x1 <= frame.x1
        ]
        free = [b for b in free if frame.y0 <= b[2].y0 and b[2].y1 <= frame.y1] or free
        if not free:
            continue  # the number stands in the table behind the figure
        dx, dy, box = free[0]
        taken.append(box)
        style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 7.5, "va": "bottom", "ha": "left"}
        if not -height <= dy <= height:  # far from its mark
            style["arrowprops"] = {"arrowstyle": "-", "lw": 0.4, "color": "#888888"}
        ax.annotate(
            s.words,
            (s.day.toordinal(), s.ends[-1]),
            (dx, dy),
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
            zorder=7,
            **style,
        )
