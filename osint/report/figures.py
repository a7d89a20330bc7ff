"""Draw the four figures of the report. Each takes rows, reads no file, and names its sources and dates on itself.

Matplotlib is imported when a figure is drawn. Colours are Okabe-Ito (2008): safe for colour-blind readers; marks
differ in shape and lightness too, so that a grey print can be read.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from osint import filings
from osint.register import LADDER, Rung, date_bounds

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

Files = dict[str, bytes]  # a figure by format
BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#000000", "#56B4E9", "#D55E00", "#777777"
STYLE: dict[str, Any] = {"font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True}
STYLE |= {"svg.fonttype": "path", "svg.hashsalt": "osint", "pdf.fonttype": 42}
_NO_CLOCK = {"png": ("Software",), "svg": ("Date",), "pdf": ("CreationDate", "ModDate", "Producer")}
"""Metadata left out of each format, so that two runs give the same bytes."""
RUNG_MARKS = dict(zip(LADDER, "os^DP*", strict=True))  # mark of each rung
RUNG_COLOURS = dict(zip(LADDER, ("#cccccc", SKY, ORANGE, GREEN, BLUE, BLACK), strict=True))
"""Colour of each rung."""
FOOTER_CHARACTERS = 140  # longest line of the sources below a figure


def render(draw: Callable[..., Figure], *args: object) -> Files:
    """Draw a figure and return its bytes by format; two runs give the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE | {"font.family": filings.font_families()}):  # type: ignore[arg-type]
        figure = draw(*args)
        files = {}
        for kind, left_out in _NO_CLOCK.items():
            body = BytesIO()
            figure.savefig(body, format=kind, dpi=160, metadata=dict.fromkeys(left_out))
            files[kind] = body.getvalue()
    return files


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of a size in inches with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()


def _titled(figure: Figure, title: str, source: str) -> Figure:
    """Write the title above a figure and its sources below it."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    figure.text(0.01, 0.008, _footer(source), fontsize=6.5, color="#444444", va="bottom")
    return figure


def _footer(source: str) -> str:
    """Return the sources in lines that fit the figure."""
    return textwrap.fill(filings.drawable(source), FOOTER_CHARACTERS)


def _above_footer(source: str, height: float) -> tuple[float, float]:
    """Return where a legend begins in a figure of some height in inches, as shares of the figure."""
    return 0.005, (0.06 + 0.11 * len(_footer(source).splitlines())) / height


MARKS = {
    "floor": (BLUE, "s"),
    "power": (GREEN, "D"),
    "racks": (SKY, "v"),
    "compute": (ORANGE, "o"),
    "money": (GREY, "^"),
}
"""Colour and mark of each basis."""


def allowed(rows: pd.DataFrame, supply: list[tuple[str, float, float]], title: str, source: str) -> Figure:
    """Draw claimed chips against what floor, power, compute, money and supply allow, for each site.

    rows: label, basis (floor, power, racks, compute, money), low, best, high (H100-class chips), claimed_low,
    claimed_high (NaN if none). supply: label, low, high of chips in the country.
    """
    sites = list(dict.fromkeys(rows["label"]))
    height = 1.6 + 0.36 * max(len(sites) + len(supply), 1)
    figure, ax = _figure(7.4, height)
    order = {site: i for i, site in enumerate(sites[::-1])}
    used = [b for b in MARKS if b in set(rows["basis"])]
    for i, basis in enumerate(used):
        part = rows[rows["basis"] == basis]
        y = part["label"].map(order).to_numpy() + 0.26 - 0.52 * (i + 0.5) / len(used)
        colour, mark = MARKS[basis]
        ax.hlines(y, part["low"], part["high"], color=colour, lw=1.6)
        ax.plot(part["best"], y, mark, color=colour, ms=4, label=f"{basis} on file would allow", ls="")
    stated = rows.dropna(subset=["claimed_low"]).drop_duplicates("label")
    y = stated["label"].map(order).to_numpy()
    ax.vlines(stated["claimed_low"], y - 0.36, y + 0.36, color=BLACK, lw=2.2, label="chips claimed")
    top = len(sites)
    _supply(ax, supply, top)
    ax.set_yticks(range(top), [filings.drawable(s) for s in sites[::-1]])
    ax.set_ylim(-0.7, top + len(supply) - 0.2)
    ax.set_xscale("log")
    ax.grid(axis="x", color="#dddddd", lw=0.6)
    ax.set_xlabel("chips of H100 class (log scale); lines are 90% intervals")
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
    figure.subplots_adjust(left=0.40, right=0.97, top=1 - 0.62 / height, bottom=1.15 / height)
    at = _above_footer(source, height)
    figure.legend(loc="lower left", bbox_to_anchor=at, ncols=3, frameon=False, fontsize=7)
    return _titled(figure, title, source)


def _supply(ax: Axes, supply: list[tuple[str, float, float]], first: int) -> None:
    """Draw the chips that are said to be in the country as lines from row `first` on."""
    for i, (label, low, high) in enumerate(supply):
        ax.hlines(first + i, low, high, color=RED, lw=3)
        ax.plot(low, first + i, ">" if high > low else "|", color=RED, ms=5)
        style: dict[str, Any] = {"fontsize": 6.8, "color": RED, "ha": "right", "va": "center"}
        ax.annotate(filings.drawable(label), (low, first + i), (-6, 0), textcoords="offset points", **style)
    if supply:
        ax.plot([], [], ">", ls="", color=RED, label="restricted chips said to be in China, at least")


def ladder(rows: pd.DataFrame, title: str, source: str) -> Figure:
    """Draw claims on the ladder over time, a line for each site; rows: label, date (EDTF), rung, will (bool)."""
    from matplotlib.dates import AutoDateLocator

    locator: Callable[..., Any] = AutoDateLocator  # its constructor has no types
    sites = list(dict.fromkeys(rows["label"]))
    height = 1.7 + 0.24 * max(len(sites), 1)
    figure, ax = _figure(7.4, height)
    order = {site: i for i, site in enumerate(sites[::-1])}
    for site, part in rows.groupby("label"):
        days = [_middle(d) for d in part["date"]]
        ax.hlines(order[str(site)], min(days), max(days), color="#dddddd", lw=1, zorder=1)
    for rung, will in itertools.product(LADDER, (False, True)):
        part = rows[(rows["rung"] == rung) & (rows["will"] == will)]
        if len(part):
            colour = RUNG_COLOURS[rung]
            style: dict[str, Any] = {"ms": 8 if rung == Rung.RUNNING else 6, "ls": "", "alpha": 0.95, "zorder": 3}
            style["markerfacecolor"] = "white" if will else colour
            style["markeredgecolor"] = "#888888" if rung == Rung.ANNOUNCED else colour
            ax.plot([_middle(d) for d in part["date"]], part["label"].map(order), RUNG_MARKS[rung], **style)
    for rung in (r for r in LADDER if (rows["rung"] == r).any()):
        ax.plot([], [], RUNG_MARKS[rung], ms=6, ls="", color=RUNG_COLOURS[rung], label=rung.value)
    ax.plot([], [], "o", markerfacecolor="white", markeredgecolor="#888888", ls="", label="hollow: said for the future")
    ax.set_yticks(range(len(sites)), [filings.drawable(s) for s in sites[::-1]])
    ax.set_ylim(-0.7, len(sites) - 0.3)
    ax.xaxis_date()
    ax.xaxis.set_major_locator(locator(minticks=3, maxticks=7))
    ax.grid(axis="x", color="#eeeeee", lw=0.6)
    ax.set_xlabel("date that the claim speaks of (middle of what the source gives)")
    figure.subplots_adjust(left=0.40, right=0.97, top=1 - 0.5 / height, bottom=1.05 / height)
    at = _above_footer(source, height)
    spacing = {"columnspacing": 1.0, "handletextpad": 0.3}
    figure.legend(loc="lower left", bbox_to_anchor=at, ncols=7, frameon=False, fontsize=7, **spacing)
    return _titled(figure, title, source)


def _middle(date: str) -> float:
    """Return the middle of the days that a date allows, in days since 1970, as axes of dates count."""
    low, high = date_bounds(date)
    return float((low + (high - low) / 2 - dt.date(1970, 1, 1)).days)


POINTS_PER_INCH = 72
KM_PER_DEGREE = 111.32  # length of a degree at the equator of WGS-84, in km
MOST_IDS, MOST_LINES = 3, 12
"""Ids written out in one label of the map, and lines above and below a circle where it is tried."""
GAP_POINTS, LINE_POINTS = 4.0, 9.5  # gap between circle and label, and height of a line, in points
MARGIN = 0.14  # room around the circles of the map, as a share of their width and height
LABEL_POINTS = 7.5  # size of the labels of the map, in points


def site_map(points: gpd.GeoDataFrame, circles: gpd.GeoDataFrame, source: str) -> Figure:
    """Draw the sites of one region with circles as wide as the doubt about them; sites at one position share a label.

    The extent follows from the circles; labels keep clear of each other and of the frame, measured in points.
    """
    figure, ax = _figure(7.4, 4.6)
    figure.subplots_adjust(left=0.08, right=0.98, top=0.90, bottom=0.16)
    ax.set_xlabel("longitude east (WGS-84)")
    ax.set_ylabel("latitude north")
    ax.grid(color="#eeeeee", lw=0.6)
    title = "Where the sites are said to be. A circle is the doubt, not a building."
    if points.empty:
        return _titled(figure, f"{title} No site has a position.", source)
    circles.boundary.plot(ax=ax, color=BLUE, lw=0.9)
    circles.plot(ax=ax, color=SKY, alpha=0.25)
    west, south, east, north = circles.total_bounds
    across, up = MARGIN * (east - west), MARGIN * (north - south)
    ax.set_xlim(west - across, east + across)
    ax.set_ylim(south - up, north + up)
    ax.set_aspect(1 / _parallel((south + north) / 2))
    _scale_bar(ax, west, south - up / 2, east)
    figure.draw_without_rendering()  # fixes the transformation of degrees to points
    _label_sites(ax, points)
    return _titled(figure, title, source)


def _parallel(lat: float) -> float:
    """Return the length of a parallel as a share of the equator's, at least a twentieth: poles are drawn too."""
    return max(math.cos(math.radians(lat)), 0.05)


def _scale_bar(ax: Axes, west: float, south: float, east: float) -> None:
    """Draw a bar of a round number of km, at most a fifth of the map wide."""
    km_per_degree = KM_PER_DEGREE * _parallel(south)
    widest = (east - west) * km_per_degree / 5
    power = 10.0 ** math.floor(math.log10(widest))
    km = max(step * power for step in (1, 2, 5) if step * power <= widest)
    ax.plot([west, west + km / km_per_degree], [south, south], color=BLACK, lw=2)
    at = (west + km / km_per_degree / 2, south)
    ax.annotate(f"{km:g} km", at, (0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=LABEL_POINTS)


def _label_sites(ax: Axes, points: gpd.GeoDataFrame) -> None:
    """Write the ids of the sites next to their circles, clear of each other, of other circles and of the frame."""
    from matplotlib.transforms import Bbox

    to_points = POINTS_PER_INCH / ax.figure.dpi
    frame = Bbox(ax.bbox.get_points() * to_points)
    sites = []
    for (x, y), part in points.groupby([points.geometry.x.round(3), points.geometry.y.round(3)]):
        ids = list(part["site_id"])
        label = f"{ids[0]}-{ids[-1][2:]}" if len(ids) > MOST_IDS else ", ".join(ids)
        edge = x + float(part["precision_km"].max()) / (KM_PER_DEGREE * _parallel(y))
        centre, rim = ax.transData.transform([(x, y), (edge, y)]) * to_points
        radius = rim[0] - centre[0]
        sites.append((label, (x, y), centre, radius, Bbox([centre - radius, centre + radius])))
    taken = [circle for *_, circle in sites]
    arrow = {"arrowstyle": "-", "lw": 0.4, "color": "#888888"}
    for label, at, centre, radius, own in sites:
        probe = ax.text(0, 0, label, fontsize=LABEL_POINTS)
        width = probe.get_window_extent().width * to_points
        probe.remove()
        options = list(_places_around(centre, radius, width))
        free = (
            (offset, box)
            for offset, box in options
            if not any(box.overlaps(other) for other in taken if other is not own)
            and frame.contains(*box.min)
            and frame.contains(*box.max)
        )
        offset, box = next(free, options[0])
        taken.append(box)
        style: dict[str, Any] = {"fontsize": LABEL_POINTS, "textcoords": "offset points", "va": "center"}
        ax.annotate(label, at, offset, arrowprops=arrow, **style)


def _places_around(centre: Sequence[float], radius: float, width: float) -> Iterator[tuple[tuple[float, float], Bbox]]:
    """Yield where a label can stand around a circle, the nearest first, in points: offset from the centre, and box."""
    from matplotlib.transforms import Bbox

    beside = (radius + GAP_POINTS, -radius - GAP_POINTS - width)
    lines = sorted(range(1 - MOST_LINES, MOST_LINES), key=lambda line: (abs(line), -line))
    for line, right in itertools.product(lines, beside):
        up = line * LINE_POINTS
        yield (right, up), Bbox.from_bounds(centre[0] + right, centre[1] + up - LINE_POINTS / 2, width, LINE_POINTS)


def calibration(rows: pd.DataFrame, summary: pd.DataFrame, source: str) -> Figure:
    """Draw the interval of the model over the published truth, for the independent rows, by kind of observable.

    The title quotes the sites and the supercomputers apart: the first two lines of the summary of a score.
    """
    figure, ax = _figure(7.4, 4.4)
    rows = rows.assign(ratio=rows["best"] / rows["truth_best"]).sort_values(["kind", "ratio"], ignore_index=True)
    shades = (BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY, "#CC79A7", "#F0E442")
    for (kind, part), colour, mark in zip(rows.groupby("kind"), shades, "osD^vP*Xh", strict=False):
        low, high = part["low"] / part["truth_best"], part["high"] / part["truth_best"]
        ax.vlines(part.index, low, high, color=colour, lw=1.3)
        ax.plot(part.index, part["ratio"], mark, color=colour, ms=4, ls="", label=f"{kind} ({len(part)})")
    missed = rows[~rows["covered"]]
    ax.plot(missed.index, np.full(len(missed), 0.055), "x", color=BLACK, ms=5, ls="", label="interval missed the truth")
    ax.axhline(1, color=BLACK, lw=0.8)
    ax.set_yscale("log")
    ax.set_ylim(0.045, 25)
    ax.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
    ax.set_ylabel("model / published truth")
    ax.set_xlabel("calibration rows, sorted within their kind")
    ax.set_xticks([])
    figure.subplots_adjust(left=0.09, right=0.98, top=0.88, bottom=0.27)
    sites, others = (f"{line['covered']} of {line['n']}" for line in summary.iloc[:2].to_dict("records"))
    figure.legend(loc="lower left", bbox_to_anchor=(0.005, 0.045), ncols=4, frameon=False, fontsize=7)
    title = f"90% intervals held the published truth at {sites} sites; apart from them, {others} supercomputers"
    return _titled(figure, title, source)
