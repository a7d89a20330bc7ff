"""Bars and ranges in rows, each with its own words above it: the one form of the figures of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pandas as pd

from osint import fonts
from osint.report.canvas import BLACK, GREY, NARROW, WIDE, Caption, framed, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT, MARK, GAP, HEAD = 0.165, 0.15, 0.09, 0.27  # heights in inches: a line of words, a mark, a gap, a heading
AXIS = 0.42  # height in inches of the axis with its words
STEPS = [m * 10.0**p for p in range(-3, 7) for m in (1, 2, 5)]  # marks of an axis of multiples
ROOM_RIGHT = 1.06  # how far the axis goes beyond the largest number


class Look(StrEnum):
    """How a row is drawn."""

    BAR = "bar"
    RANGE = "range"
    EMPTY = "empty"
    """Nothing to draw: the words say why."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a figure."""

    group: str
    """Heading that it stands under."""
    label: str
    """Words above it."""
    best: float = math.nan
    low: float = math.nan
    high: float = math.nan
    look: Look = Look.RANGE
    colour: str = BLACK
    open_above: bool = False
    """Whether the number is a floor: an arrow goes on from it."""
    date: str = ""
    """ISO date of the source."""
    ids: tuple[str, ...] = ()
    """Rows that it is made from."""
    reason: str = ""
    """Why there is no number."""


def table(marks: Sequence[Mark], unit: str) -> pd.DataFrame:
    """Return the rows of a figure as a table: group, label, low, best, high, unit, date, rows, reason."""
    return pd.DataFrame(
        [
            {
                "group": m.group,
                "label": m.label,
                "low": m.low,
                "best": m.best,
                "high": m.high,
                "unit": unit,
                "open above": "yes" if m.open_above else "no",
                "date": m.date,
                "rows": " ".join(m.ids),
                "reason if empty": m.reason,
            }
            for m in marks
        ]
    )


def draw(marks: Sequence[Mark], caption: Caption, unit: str, narrow: bool, log: bool = False, at: float = 0) -> Figure:
    """Draw rows; `log` sets the axis, `at` draws an upright line at a value."""
    width = NARROW if narrow else WIDE
    words = [wrapped(m.label, "subtitle", width) for m in marks]
    height, spots, group = AXIS, [], None
    for mark, label in zip(reversed(marks), reversed(words), strict=True):
        if group is not None and mark.group != group:
            height += HEAD
        group = mark.group
        lines = len(label.splitlines())
        spots.append(height)
        height += (0.0 if mark.look == Look.EMPTY else MARK) + TEXT * lines + GAP
    figure, (bottom, top) = framed(caption, height + HEAD, narrow)
    total = float(figure.get_size_inches()[1])
    left, right = 0.12, width - 0.18
    ax = figure.add_axes((left / width, (bottom + AXIS) / total, (right - left) / width, (top - bottom - AXIS) / total))
    _axis(ax, marks, unit, log)
    ax.set_ylim(AXIS, height + HEAD)
    drawn = [y for mark, y in zip(marks, reversed(spots), strict=True) if mark.look != Look.EMPTY]
    upright = [(t, "#cccccc", 0.6) for t in ax.get_xticks() if ax.get_xlim()[0] < t < ax.get_xlim()[1]]
    for x, colour, wide in [*upright, *([(at, BLACK, 1.0)] if at else [])]:
        # beside the marks alone, so that no line crosses the words
        ax.vlines([x] * len(drawn), drawn, [y + MARK for y in drawn], color=colour, lw=wide, zorder=0)
    for mark, label, y in zip(marks, words, reversed(spots), strict=True):
        _row(ax, mark, label, y)
    _headings(ax, marks, words, list(reversed(spots)))
    return figure


def _axis(ax: Axes, marks: Sequence[Mark], unit: str, log: bool) -> None:
    values = [v for m in marks for v in (m.low, m.best, m.high) if math.isfinite(v) and v > 0]
    most = max(values, default=1.0)
    if log:
        ax.set_xscale("log")
        ax.set_xlim(min(values, default=0.1) / ROOM_RIGHT**3, most * ROOM_RIGHT**3)
        ax.set_xticks([t for t in STEPS if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]])
        ax.minorticks_off()
    else:
        ax.set_xlim(0, most * ROOM_RIGHT)
        ax.locator_params(axis="x", nbins=5)
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:g}")
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(fonts.drawable(unit), fontsize=7.5)
    ax.tick_params(axis="x", labelsize=7.5)


def _row(ax: Axes, mark: Mark, label: str, y: float) -> None:
    """Draw one row whose lower edge is at y inches."""
    drawn = 0.0 if mark.look == Look.EMPTY else MARK
    middle, colour = y + MARK / 2, mark.colour
    low_edge, high_edge = ax.get_xlim()
    if mark.look == Look.BAR:
        ax.barh(middle, mark.best - low_edge, left=low_edge, height=MARK * 0.8, color=colour)
    elif mark.look == Look.RANGE:
        low = mark.low if math.isfinite(mark.low) else mark.best
        high = mark.high if math.isfinite(mark.high) else mark.best
        ax.plot([max(low, low_edge), high], [middle, middle], color=colour, lw=3, solid_capstyle="butt")
        ax.plot([mark.best], [middle], "D", color=colour, ms=5.5, markeredgecolor="white", markeredgewidth=0.8)
    if mark.open_above and mark.look != Look.EMPTY:
        start = mark.high if math.isfinite(mark.high) else mark.best
        to = min(start * 1.12, high_edge) if ax.get_xscale() == "log" else min(start + 0.05 * high_edge, high_edge)
        ax.annotate("", (to, middle), (start, middle), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.4})
    grey = GREY if mark.look == Look.EMPTY else BLACK
    at = (0.0, y + drawn + 0.01)
    ax.text(*at, label, transform=ax.get_yaxis_transform(), va="bottom", fontsize=8.5, color=grey)


def _headings(ax: Axes, marks: Sequence[Mark], words: Sequence[str], spots: Sequence[float]) -> None:
    """Write the heading of each group above its first row."""
    before = None
    for mark, label, y in zip(marks, words, spots, strict=True):
        if mark.group != before:
            drawn = 0.0 if mark.look == Look.EMPTY else MARK
            top = y + drawn + TEXT * len(label.splitlines()) + GAP
            head = fonts.drawable(mark.group)
            ax.text(0, top, head, transform=ax.get_yaxis_transform(), va="bottom", fontsize=8.5, fontweight="bold")
        before = mark.group
