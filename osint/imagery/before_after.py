"""Draw the same place before and after: one scale, one stretch, one grid."""

from __future__ import annotations

import base64
import datetime as dt
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from matplotlib.figure import Figure
from pyproj import Transformer

from osint import geo
from osint.errors import OsintError
from osint.geo import Place
from osint.imagery.catalogue import EARTH_SEARCH, scenes
from osint.imagery.grid import areal_scale
from osint.imagery.read import read_bands

COLOURS = (("B04", "B03", "B02"), ("red", "green", "blue"))
CLEAR = (4, 5, 6, 7)
"""Classes of the ground itself: vegetation, bare, water, unclassified."""
STYLE: Any = {"svg.hashsalt": "osint", "svg.fonttype": "none", "font.size": 9}


@dataclass(frozen=True)
class Pair:
    """Two dates of one place, ready to draw."""

    images: tuple[np.ndarray, np.ndarray]
    """Rows, columns, three colours from 0 to 1; NaN where there is no picture."""
    dates: tuple[pd.Timestamp, pd.Timestamp]
    labels: tuple[str, str]
    stretch: tuple[float, float]
    """The values drawn black and white in both."""
    extent: tuple[float, float, float, float]
    """West, east, south, north in `crs`."""
    crs: str
    metres_per_unit: float
    """Ground metres for one unit of `crs` at the middle: 1 within 0.1% in UTM, far less in Web Mercator."""
    credit: str
    simulated: bool


def choose_pair(dataset: xr.Dataset, before: Any, after: Any) -> Pair:
    """Choose the scenes nearest to two dates, stretched alike: 2% to 98% of the pixels of both together."""
    names = next((c for c in COLOURS if all(n in dataset for n in c)), None)
    if names is None:
        raise OsintError(
            f"a picture needs B04, B03 and B02 (or red, green, blue); there is {', '.join(map(str, dataset))}"
        )
    times = [dataset.indexes["time"].get_indexer([pd.Timestamp(d)], method="nearest")[0] for d in (before, after)]
    if times[0] == times[1]:
        when = str(dataset.time.values[times[0]])[:10]
        raise OsintError(f"the scene nearest to {before} and to {after} is the same one ({when})")
    shots = [np.stack([dataset[n].values[t] for n in names], -1) for t in times]
    for t, shot in zip(times, shots, strict=True):
        if not np.isfinite(shot).any():
            raise OsintError(f"the scene of {str(dataset.time.values[t])[:10]} has no pixel here: choose another date")
    low, high = np.nanpercentile(np.stack(shots), [2, 98])
    first, second = (np.clip((shot - low) / max(high - low, 1e-6), 0, 1) for shot in shots)
    size = float(abs(dataset.attrs["transform"][0]))
    x, y = dataset.x.values, dataset.y.values
    credit = str(dataset.attrs.get("credit", ""))
    return Pair(
        (first, second),
        (pd.Timestamp(dataset.time.values[times[0]]), pd.Timestamp(dataset.time.values[times[1]])),
        (_label(dataset, times[0]), _label(dataset, times[1])),
        (float(low), float(high)),
        (x.min() - size / 2, x.max() + size / 2, y.min() - size / 2, y.max() + size / 2),
        dataset.attrs["crs"],
        _metres_per_unit(dataset.attrs["crs"], float(x.mean()), float(y.mean())),
        credit,
        "SIMULATED" in credit,
    )


def clearest_scene(
    place: Place,
    around: str | dt.date,
    *,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
    days: int = 30,
) -> gpd.GeoDataFrame:
    """Return the scene (one row) within `days` of a date that is clearest over the site, the nearest of equals.

    Clear is the share of the site that the classification calls vegetation, bare, water or unclassified; snow
    counts as not clear. Costs the list and the SCL of some scenes.
    """
    day = pd.Timestamp(around)
    first, last = (str((day + pd.Timedelta(days=n)).date()) for n in (-days, days))
    found = scenes(place, first, last, catalogue=catalogue, collection=collection)
    if not len(found):
        raise OsintError(f"no scene within {days} days of {day.date()}: widen `days`")
    seen = read_bands(found, place, ["scl"])
    share = np.isin(seen.scl.values, CLEAR).mean((1, 2)).round(2)
    away = np.abs((seen.time.values - np.datetime64(day)) / np.timedelta64(1, "D"))
    best = int(np.lexsort((away, -share))[0])
    if share[best] < 0.5:
        raise OsintError(
            f"the clearest scene within {days} days of {day.date()} is {share[best]:.0%} clear: widen `days`"
        )
    return found[found["id"].isin(str(seen.id.values[best]).split())]


def pair_between(
    place: Place,
    before: str | dt.date,
    after: str | dt.date,
    *,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
    days: int = 30,
) -> Pair:
    """Return the pair of the clearest Sentinel-2 scenes near two dates, in natural colours."""
    chosen = pd.concat(
        [clearest_scene(place, date, catalogue=catalogue, collection=collection, days=days) for date in (before, after)]
    )
    cube = read_bands(chosen, place, list(COLOURS[0]))
    if cube.attrs["failures"]:
        raise OsintError(f"a scene could not be read: {cube.attrs['failures'][0]['error']}")
    return choose_pair(cube, before, after)


def _label(dataset: xr.Dataset, t: int) -> str:
    when = pd.Timestamp(dataset.time.values[t])
    clock = "" if when == when.normalize() else f" {when:%H:%M} UTC"
    parts = [f"{when:%Y-%m-%d}{clock}", str(dataset.platform.values[t])]
    cloud = float(dataset.cloud_pct.values[t])
    parts.append("" if math.isnan(cloud) else f"cloud in scene {cloud:.0f}%")
    return " · ".join(p for p in parts if p)


def _metres_per_unit(crs: str, x: float, y: float) -> float:
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    return 1 / math.sqrt(areal_scale(lon, lat, crs))


def draw_pair(chosen: Pair, outline: Any = None, title: str = "") -> Figure:
    """Draw a pair side by side with dates, sensor, cloud, a scale bar true on the ground, and north.

    `outline` (a geometry in degrees) is drawn on both.
    """
    west, east, south, north = chosen.extent
    height = min(max(4.6 * (north - south) / (east - west), 2.5), 7.0)
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(9.6, height + 1.1), layout="constrained")
        axes = drawn.subplots(1, 2, sharex=True, sharey=True)
        for ax, image, label in zip(axes, chosen.images, chosen.labels, strict=True):
            ax.set_facecolor("0.8")
            ax.imshow(np.ma.masked_invalid(_with_alpha(image)), extent=chosen.extent, interpolation="nearest")
            ax.set_title(label, fontsize=9, loc="left")
            ax.set(xticks=[], yticks=[])
            if outline is not None:
                _draw_outline(ax, outline, chosen.crs)
            if chosen.simulated:
                ax.text(0.5, 0.5, "SIMULATED", transform=ax.transAxes, ha="center", va="center", rotation=25,
                        fontsize=26, color="white", alpha=0.55, weight="bold")  # fmt: skip
        _scale_bar(axes[0], chosen)
        _north(axes[1])
        same = "Both pictures: one grid, one stretch. Grey: no picture."
        drawn.supxlabel(f"{chosen.credit}\n{same}".strip(), fontsize=8, x=0.01, ha="left")
        if title:
            drawn.suptitle(title, x=0.01, ha="left")
    return drawn


def _with_alpha(image: np.ndarray) -> np.ndarray:
    seen = np.isfinite(image).all(-1, keepdims=True)
    return np.concatenate([np.nan_to_num(image), seen], -1)


def _draw_outline(ax: Any, outline: Any, crs: str) -> None:
    project = Transformer.from_crs(4326, crs, always_xy=True).transform
    flat = shapely.transform(geo.as_geometry(outline), project, interleaved=False)
    for part in shapely.get_parts(flat):
        ax.plot(*part.exterior.xy, color="white", linewidth=2.2)
        ax.plot(*part.exterior.xy, color="black", linewidth=0.9)


def _scale_bar(ax: Any, chosen: Pair) -> None:
    """Draw a bar of a round length on the ground, about a quarter of the picture wide."""
    west, east, south, north = chosen.extent
    room = (east - west) * chosen.metres_per_unit / 4
    step = 10 ** math.floor(math.log10(room))
    length = max(k * step for k in (1, 2, 5) if k * step <= room)
    units = length / chosen.metres_per_unit
    x, y = west + 0.04 * (east - west), south + 0.05 * (north - south)
    for colour, width in (("white", 5), ("black", 2)):
        ax.plot([x, x + units], [y, y], color=colour, linewidth=width, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    box = {"facecolor": "white", "alpha": 0.8, "pad": 1.5, "edgecolor": "none"}
    ax.text(x, y + 0.03 * (north - south), text, fontsize=8, va="bottom", bbox=box)


def _north(ax: Any) -> None:
    box = {"facecolor": "white", "alpha": 0.8, "pad": 1.5, "edgecolor": "none"}
    arrow = {"arrowstyle": "-|>", "color": "black"}
    ax.annotate("N", (0.95, 0.97), (0.95, 0.86), xycoords="axes fraction", ha="center", va="center",
                fontsize=9, arrowprops=arrow, bbox=box)  # fmt: skip


def save_figure(drawn: Figure, path: str | Path) -> Path:
    """Write a figure as PNG or SVG, with the same bytes each time."""
    path = Path(path)
    kinds: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
    if path.suffix not in kinds:
        raise OsintError(f"a figure is written as .png or .svg, not {path.suffix or 'without suffix'!r}")
    with mpl.rc_context(STYLE):
        drawn.savefig(path, dpi=150, metadata=kinds[path.suffix])
    return path


class Swipe:
    """A pair under a slider, for a notebook: one self-contained piece of HTML."""

    def __init__(self, chosen: Pair) -> None:
        self.pair = chosen

    def _repr_html_(self) -> str:
        before, after = (f"data:image/png;base64,{_png(image)}" for image in self.pair.images)
        said = "SIMULATED. " if self.pair.simulated else ""
        left, right = self.pair.labels
        style = "position:absolute;inset:0;width:100%;image-rendering:pixelated"
        slide = "this.previousElementSibling.lastElementChild.style.clipPath='inset(0 0 0 '+this.value+'%)'"
        return (
            '<figure style="max-width:640px"><div style="position:relative">'
            f'<img alt="before: {left}" src="{before}" '
            'style="width:100%;display:block;image-rendering:pixelated">'
            f'<img alt="after: {right}" src="{after}" style="{style};clip-path:inset(0 0 0 50%)"></div>'
            f'<input type="range" aria-label="swipe" value="50" style="width:100%" oninput="{slide}">'
            f"<figcaption>{said}Left: {left}. Right: {right}. {self.pair.credit}</figcaption></figure>"
        )


def _png(image: np.ndarray) -> str:
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray((_with_alpha(image) * 255).round().astype(np.uint8), "RGBA").save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode()
