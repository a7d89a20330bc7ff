"""The four figures of the report. Each takes rows, reads no file, and names its sources and dates on itself.

Colours are Okabe-Ito (2008): safe for colour-blind readers; marks differ in shape and lightness too, so that
a grey print can be read.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from osint import filings
from osint.model import show
from osint.register import LADDER, date_bounds

BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#000000", "#56B4E9", "#D55E00", "#777777"
FORMATS = ("png", "svg", "pdf")
STYLE: dict[str, Any] = {
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "osint",
    "axes.axisbelow": True,
    "pdf.fonttype": 42,
}
RUNG_MARKS = {"announced": "o", "filed": "s", "ground broken": "^", "roofed": "D", "powered": "P", "running": "*"}


def render(draw: Callable[..., Figure], *args: object) -> dict[str, bytes]:
    """Draw a figure and return its bytes by format; two runs give the same bytes."""
    with mpl.rc_context(STYLE | {"font.family": filings.font_families()}):  # type: ignore[arg-type]
        figure = draw(*args)
        out = {}
        for kind in FORMATS:
            body = BytesIO()
            meta = {
                "png": {"Software": None},
                "svg": {"Date": None},
                "pdf": {"CreationDate": None, "ModDate": None, "Producer": None},
            }[kind]
            figure.savefig(body, format=kind, dpi=160, metadata=meta)
            out[kind] = body.getvalue()
    return out


def _footer(figure: Figure, text: str) -> None:
    figure.text(0.01, 0.008, filings.drawable(text), fontsize=6.5, color="#444444", va="bottom", wrap=False)


MARKS = {
    "floor": (BLUE, "s"),
    "power": (GREEN, "D"),
    "racks": (SKY, "v"),
    "compute": (ORANGE, "o"),
    "money": (GREY, "^"),
}
"""Colour and mark of each basis."""


def allowed(rows: pd.DataFrame, supply: list[tuple[str, float, float]], source: str) -> Figure:
    """Claimed chips against what floor, power, compute, money and supply allow, for each site.

    rows: label, basis (floor, power, racks, compute, money), low, best, high (H100-class chips), claimed_low,
    claimed_high (NaN if none). supply: label, low, high of chips in the country.
    """
    sites = list(dict.fromkeys(rows["label"]))
    figure = Figure(figsize=(7.4, 1.6 + 0.36 * (len(sites) + len(supply))))
    ax = figure.add_subplot()
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
    figure.subplots_adjust(
        left=0.40, right=0.97, top=1 - 0.62 / figure.get_figheight(), bottom=1.15 / figure.get_figheight()
    )
    figure.suptitle(
        "What the figures on file would allow. No chip has been seen.",
        x=0.01,
        ha="left",
        fontsize=10.5,
        fontweight="bold",
    )
    figure.legend(
        loc="lower left", bbox_to_anchor=(0.005, 0.17 / figure.get_figheight()), ncols=3, frameon=False, fontsize=7
    )
    _footer(figure, source)
    return figure


def _supply(ax: Axes, supply: list[tuple[str, float, float]], first: int) -> None:
    """Draw the chips that are said to be in the country as lines from row `first` on."""
    for i, (label, low, high) in enumerate(supply):
        ax.hlines(first + i, low, high, color=RED, lw=3)
        ax.plot(low, first + i, ">" if high > low else "|", color=RED, ms=5)
        ax.annotate(
            filings.drawable(label),
            (low, first + i),
            (-6, 0),
            textcoords="offset points",
            fontsize=6.8,
            color=RED,
            ha="right",
            va="center",
        )
    if supply:
        ax.plot([], [], ">", ls="", color=RED, label="restricted chips said to be in China, at least")


def ladder(rows: pd.DataFrame, source: str) -> Figure:
    """Claims on the ladder over time, a line for each site. rows: label, date (EDTF), rung, will (bool)."""
    sites = list(dict.fromkeys(rows["label"]))
    figure = Figure(figsize=(7.4, 1.7 + 0.24 * len(sites)))
    ax = figure.add_subplot()
    order = {site: i for i, site in enumerate(sites[::-1])}
    shades = dict(zip(LADDER, ("#cccccc", SKY, ORANGE, GREEN, BLUE, BLACK), strict=True))
    for site, part in rows.groupby("label"):
        days = [_middle(d) for d in part["date"]]
        ax.hlines(order[str(site)], min(days), max(days), color="#dddddd", lw=1, zorder=1)
    for rung in LADDER:
        for will in (False, True):
            part = rows[(rows["rung"] == rung) & (rows["will"] == will)]
            if len(part):
                ax.plot(
                    [_middle(d) for d in part["date"]], part["label"].map(order), RUNG_MARKS[rung], ms=6 if rung != "running" else 8, ls="", alpha=0.95,
                    markerfacecolor="white" if will else shades[rung], markeredgecolor=shades[rung] if rung != "announced" else "#888888",  zorder=3,
                )  # fmt: skip
    for rung in (r for r in LADDER if (rows["rung"] == r).any()):
        ax.plot([], [], RUNG_MARKS[rung], ms=6, ls="", color=shades[rung], label=rung)
    ax.plot([], [], "o", markerfacecolor="white", markeredgecolor="#888888", ls="", label="hollow: said for the future")
    ax.set_yticks(range(len(sites)), [filings.drawable(s) for s in sites[::-1]])
    ax.set_ylim(-0.7, len(sites) - 0.3)
    ax.xaxis_date()
    ax.xaxis.set_major_locator(mdates.AutoDateLocator(maxticks=7))
    ax.grid(axis="x", color="#eeeeee", lw=0.6)
    ax.set_xlabel("date that the claim speaks of (middle of what the source gives)")
    height = figure.get_figheight()
    figure.subplots_adjust(left=0.40, right=0.97, top=1 - 0.5 / height, bottom=1.05 / height)
    figure.suptitle(
        "What was claimed, and when. Nothing here was seen by us.", x=0.01, ha="left", fontsize=10.5, fontweight="bold"
    )
    figure.legend(
        loc="lower left",
        bbox_to_anchor=(0.005, 0.17 / height),
        ncols=7,
        frameon=False,
        fontsize=7,
        columnspacing=1.0,
        handletextpad=0.3,
    )
    _footer(figure, source)
    return figure


def _middle(date: str) -> float:
    low, high = date_bounds(date)
    return float(mdates.date2num(low + (high - low) / 2))


def site_map(points: gpd.GeoDataFrame, circles: gpd.GeoDataFrame, source: str) -> Figure:
    """Sites of one region with circles as wide as the doubt about them; sites with one position share a label."""
    figure = Figure(figsize=(7.4, 4.6))
    ax = figure.add_subplot()
    circles.boundary.plot(ax=ax, color=BLUE, lw=0.9)
    circles.plot(ax=ax, color=SKY, alpha=0.25)
    groups = points.groupby([points.geometry.x.round(3), points.geometry.y.round(3)])
    placed: list[tuple[float, float]] = []
    centres = [x for (x, _), _ in groups]
    for (x, y), part in groups:
        label = ", ".join(part["site_id"])
        label = f"{part['site_id'].iloc[0]}-{part['site_id'].iloc[-1][2:]}" if len(part) > 3 else label
        radius = float(part["precision_km"].max()) / 111.32
        left = x > max(centres) - 1 or any(0 < other - x < 2 for other in centres)
        wide = radius / np.cos(np.radians(y)) + 0.15
        at = (x - wide if left else x + wide, y - 0.1)
        while any(abs(at[0] - p[0]) < 2.6 and abs(at[1] - p[1]) < 0.42 for p in placed):
            at = (at[0], at[1] + 0.42)
        placed.append(at)
        line = {"arrowstyle": "-", "lw": 0.4, "color": "#888888"}
        ax.annotate(label, (x, y), at, fontsize=7.5, ha="right" if left else "left", arrowprops=line)
    ax.set_aspect(1 / np.cos(np.radians(float(points.geometry.y.mean()))))
    west, south, east, north = circles.total_bounds
    ax.set_xlim(west - 3.2, east + 0.8)
    ax.set_ylim(south - 0.6, north + 1.2)
    ax.set_xlabel("longitude east (WGS-84)")
    ax.set_ylabel("latitude north")
    ax.grid(color="#eeeeee", lw=0.6)
    km = 100.0
    length = km / (111.32 * np.cos(np.radians(south)))
    ax.plot([west, west + length], [south - 0.25] * 2, color=BLACK, lw=2)
    ax.text(west + length / 2, south - 0.2, f"{km:.0f} km", ha="center", fontsize=7.5)
    figure.subplots_adjust(left=0.08, right=0.98, top=0.90, bottom=0.16)
    figure.suptitle(
        "Where the sites are said to be. A circle is the doubt, not a building.",
        x=0.01,
        ha="left",
        fontsize=10.5,
        fontweight="bold",
    )
    _footer(figure, source)
    return figure


def calibration(rows: pd.DataFrame, summary: pd.Series, source: str) -> Figure:
    """Interval of the model over the published truth, for the independent rows, by kind of observable."""
    figure = Figure(figsize=(7.4, 4.4))
    ax = figure.add_subplot()
    rows = rows.assign(ratio=rows["best"] / rows["truth_best"]).sort_values(["kind", "ratio"], ignore_index=True)
    colours = dict(
        zip(
            sorted(rows["kind"].unique()),
            (BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY, "#CC79A7", "#F0E442"),
            strict=False,
        )
    )
    marks = "osD^vP*Xh"
    for (kind, part), mark in zip(rows.groupby("kind"), marks, strict=False):
        ax.vlines(
            part.index, part["low"] / part["truth_best"], part["high"] / part["truth_best"], color=colours[kind], lw=1.3
        )
        ax.plot(part.index, part["ratio"], mark, color=colours[kind], ms=4, ls="", label=f"{kind} ({len(part)})")
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
    covered = f"{int(summary['covered'])} of {int(summary['rows'])} 90% intervals held the truth ({summary['coverage']:.0%}); median factor {show(summary['median_factor'])}"
    figure.suptitle(covered, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    figure.legend(loc="lower left", bbox_to_anchor=(0.005, 0.045), ncols=4, frameon=False, fontsize=7)
    _footer(figure, source)
    return figure
