"""Draw the same place before and after: one scale, one stretch, one grid."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer

from osint import files, fonts, geo
from osint.errors import BadInputError, NetworkError, NotFoundError
from osint.geo import Place
from osint.http import Cost
from osint.imagery.catalogue import EARTH_SEARCH, scenes
from osint.imagery.classes import SceneClass
from osint.imagery.listed import Scenes, pass_numbers, total_cost
from osint.imagery.read import Failure, read_bands
from osint.register import read_day

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (("B04", "B03", "B02"), ("red", "green", "blue"))
SIDE_INCHES = 6.4
"""Width of a picture under a slider."""
LEAST_CLEAR = 0.5
"""Share of the place that must be clear in a scene that is chosen for a picture."""
STYLE: Any = {"svg.hashsalt": "osint", "svg.fonttype": "none", "font.size": 9}
BOX = {"facecolor": "white", "alpha": 0.8, "pad": 1.5, "edgecolor": "none"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two dates of one place, ready to draw."""

    images: tuple[np.ndarray, np.ndarray]
    """Rows, columns, three colours from 0 to 1; NaN where there is no picture."""
    dates: tuple[pd.Timestamp, pd.Timestamp]
    labels: tuple[str, str]
    stretch: tuple[float, float]
    """The values drawn black and white in both."""
    extent: tuple[float, float, float, float]
    """West, east, south, north in `crs`, metres."""
    crs: str
    """UTM zone, in which a metre of the map is one of the ground within 0.1%."""
    credit: str
    simulated: bool
    cost: Cost = field(default_factory=Cost)
    """Requests and bytes that it took to find and read it, by level."""
    unread: tuple[str, ...] = ()
    """What was not listed or could not be read, in words: a scene of it may be clearer or nearer."""


def choose_pair(data: xr.Dataset, before: str | dt.date | np.datetime64, after: str | dt.date | np.datetime64) -> Pair:
    """Choose the scenes nearest to two dates, stretched alike: 2% to 98% of the pixels of both together.

    `data` has three colours by time and the attrs of `Reading.data`. Raises BadInputError without colours, for a
    text that is not a day, when one scene is nearest to both dates, and when a scene has no pixel here.
    """
    names = next((c for c in COLOURS if all(n in data for n in c)), None)
    if names is None:
        held = ", ".join(map(str, data))
        raise BadInputError(f"a picture needs B04, B03 and B02 (or red, green, blue); there is {held}")
    wanted = pd.DatetimeIndex([pd.Timestamp(read_day(d) if isinstance(d, str) else d) for d in (before, after)])
    _in_order(*wanted)
    index = pd.DatetimeIndex(data.time.values)
    times = [int(np.abs(index - one).argmin()) for one in wanted]
    for t in times if names == COLOURS[1] else ():
        if (alike := data["id"].values[index.normalize() == index[t].normalize()]).size > 1:
            named = ", ".join(map(str, alike))
            raise BadInputError(f"{index[t]:%Y-%m-%d} has {alike.size} pictures ({named}): keep one in the folder")
    dates = [pd.Timestamp(data.time.values[t]) for t in times]
    if times[0] == times[1]:
        raise BadInputError(f"the scene nearest to {before} and to {after} is the same one ({dates[0]:%Y-%m-%d})")
    shots = [np.stack([data[n].values[t] for n in names], -1) for t in times]
    for date, shot in zip(dates, shots, strict=True):
        if not np.isfinite(shot).any():
            raise BadInputError(f"the scene of {date:%Y-%m-%d} has no pixel here: choose another date")
    low, high = np.nanpercentile(np.stack(shots), [2, 98])
    first, second = (np.clip((shot - low) / max(high - low, 1e-6), 0, 1) for shot in shots)
    size = float(abs(data.attrs["transform"][0]))
    x, y = data.x.values, data.y.values
    return Pair(
        images=(first, second),
        dates=(dates[0], dates[1]),
        labels=(_label(data, times[0]), _label(data, times[1])),
        stretch=(float(low), float(high)),
        extent=(x.min() - size / 2, x.max() + size / 2, y.min() - size / 2, y.max() + size / 2),
        crs=data.attrs["crs"],
        credit=str(data.attrs.get("credit", "")),
        simulated=bool(data.attrs.get("simulated", False)),
    )


def _clearest_scene(place: Place, around: dt.date, days: int, **source: Any) -> tuple[Scenes, tuple[str, ...]]:
    """Return the pass within `days` of a date that is clearest over the place, the nearest of equals.

    With it, in words, what was not listed or could not be read, and may be clearer. Clear is the share of the place in
    `SceneClass.ground`; snow counts as not clear. The cost is the list of scenes and the classification of each.
    Raises NotFoundError when no scene is at least LEAST_CLEAR, NetworkError when that is not known.
    """
    day = pd.Timestamp(around)
    first, last = ((day + pd.Timedelta(days=n)).date() for n in (-days, days))
    listed = scenes(place, first, last, **source)
    if not len(listed) and listed.gap:
        raise NetworkError(f"no scene within {days} days of {day.date()} is known: {listed.gap}")
    if not len(listed):
        raise NotFoundError(f"no scene within {days} days of {day.date()}: widen `days`")
    classes = read_bands(listed, place, ["scl"])
    clear_share = np.isin(classes.data.scl.values, SceneClass.ground).mean((1, 2)).round(2)
    away_days = np.abs((classes.data.time.values - np.datetime64(day)) / np.timedelta64(1, "D"))
    best = int(np.lexsort((away_days, -clear_share))[0])
    unread = (*((listed.gap,) if listed.gap else ()), *failures_told(classes.failures))
    if clear_share[best] < LEAST_CLEAR and unread:
        raise NetworkError(f"no clear scene within {days} days of {day.date()} is known: {'; '.join(unread)}")
    if clear_share[best] < LEAST_CLEAR:
        share = f"the clearest scene within {days} days of {day.date()} is {clear_share[best]:.0%} clear"
        raise NotFoundError(f"{share}: widen `days`")
    rows = listed.frame[pass_numbers(listed.frame) == best]
    return Scenes(rows, listed.dropped, total_cost(listed.cost, classes.cost)), unread


def failures_told(failures: Sequence[Failure]) -> tuple[str, ...]:
    """Return how many scenes could not be read and why the first could not, in words; nothing if all could."""
    scenes_unread = len({failure.id for failure in failures})
    return (f"{scenes_unread} scenes could not be read ({failures[0].error})",) if failures else ()


def pair_between(
    place: Place,
    before: str | dt.date,
    after: str | dt.date,
    *,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
    days: int = 30,
) -> Pair:
    """Return the pair of the clearest Sentinel-2 scenes near two dates, in natural colours.

    Each is the pass within `days` that is clearest over the place, the nearest of equals. Raises BadInputError
    for what is not a single day, NotFoundError when no scene is at least LEAST_CLEAR, NetworkError when a scene
    could not be read.
    """
    before, after = read_day(before), read_day(after)
    _in_order(pd.Timestamp(before), pd.Timestamp(after))
    source = {"catalogue": catalogue, "collection": collection}
    (first, missed), (second, more) = (_clearest_scene(place, day, days, **source) for day in (before, after))
    both = first.join(second)
    colours = read_bands(both, place, COLOURS[0])
    if colours.failures:
        raise NetworkError(f"a scene could not be read: {colours.failures[0].error}")
    pair = choose_pair(colours.data, before, after)
    unread = tuple(dict.fromkeys((*missed, *more)))
    return dataclasses.replace(pair, cost=total_cost(both.cost, colours.cost), unread=unread)


def _in_order(before: pd.Timestamp, after: pd.Timestamp) -> None:
    """Raise BadInputError where the days are exchanged: the later picture would be drawn as the one before."""
    if after < before:
        raise BadInputError(f"`before` ({before:%Y-%m-%d}) is later than `after` ({after:%Y-%m-%d}); exchange the two")


def _label(data: xr.Dataset, t: int) -> str:
    when, cloud = pd.Timestamp(data.time.values[t]), float(data.cloud_pct.values[t])
    clock = "" if when == when.normalize() else f" {when:%H:%M} UTC"
    clouds = "" if math.isnan(cloud) else f"cloud in scene {cloud:.0f}%"
    return " · ".join(part for part in (f"{when:%Y-%m-%d}{clock}", str(data.platform.values[t]), clouds) if part)


def draw_pair(pair: Pair, outline: Place | None = None, title: str = "") -> Figure:
    """Draw a pair side by side with dates, sensor, cloud, a scale bar, and north; `outline` is drawn on both."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    west, east, south, north = pair.extent
    height = min(max(4.6 * (north - south) / (east - west), 2.5), 7.0)
    stamp: Any = {"ha": "center", "va": "center", "rotation": 25, "fontsize": 26, "color": "white", "weight": "bold"}
    stamp |= {"family": "DejaVu Sans"}
    with mpl.rc_context({**STYLE, "font.family": fonts.font_families()}):
        drawn = Figure(figsize=(9.6, height + 1.1), layout="constrained")
        axes = drawn.subplots(1, 2, sharex=True, sharey=True)
        for ax, image, label in zip(axes, pair.images, pair.labels, strict=True):
            ax.set_facecolor("0.8")
            ax.imshow(with_alpha(image), extent=pair.extent, interpolation="nearest")
            ax.set_title(fonts.drawable(label), fontsize=9, loc="left")
            ax.set(xticks=[], yticks=[])
            if outline is not None:
                draw_outline(ax, outline, pair.crs)
            if pair.simulated:
                ax.text(0.5, 0.5, "SIMULATED", transform=ax.transAxes, alpha=0.55, **stamp)
        scale_bar(axes[0], pair.extent)
        arrow = {"arrowstyle": "-|>", "color": "black"}
        turned = {"xycoords": "axes fraction", "ha": "center", "va": "center", "fontsize": 9}
        axes[1].annotate("N", (0.95, 0.97), (0.95, 0.86), arrowprops=arrow, bbox=BOX, **turned)
        same = "Both pictures: one grid, one stretch. Grey: no picture."
        drawn.supxlabel(fonts.drawable(f"{pair.credit}\n{same}".strip()), fontsize=8, x=0.01, ha="left")
        if title:
            drawn.suptitle(fonts.drawable(title), x=0.01, ha="left")
    return drawn


def with_alpha(image: np.ndarray) -> np.ndarray:
    """Return a picture of three colours with its opacity as a fourth: none where there is no picture."""
    opaque = np.isfinite(image).all(-1, keepdims=True)
    return np.concatenate([np.nan_to_num(image), opaque], -1)


def draw_outline(ax: Axes, outline: Place, crs: str) -> None:
    """Draw the rings of an outline (degrees) on axes in `crs`, courtyards with them."""
    project = Transformer.from_crs(4326, crs, always_xy=True).transform
    flat = shapely.transform(geo.as_geometry(outline), project, interleaved=False)
    for part in shapely.get_parts(flat):
        for ring in (part.exterior, *part.interiors):
            ax.plot(*ring.xy, color="white", linewidth=2.2)
            ax.plot(*ring.xy, color="black", linewidth=0.9)


def scale_bar(ax: Axes, extent: tuple[float, float, float, float]) -> None:
    """Draw a bar of a round length on the ground, about a quarter of `extent` (west, east, south, north; m) wide."""
    west, east, south, north = extent
    room = (east - west) / 4
    step = 10 ** math.floor(math.log10(room))
    length = max(k * step for k in (1, 2, 5) if k * step <= room)
    x, y = west + 0.04 * (east - west), south + 0.05 * (north - south)
    for colour, width in (("white", 5), ("black", 2)):
        ax.plot([x, x + length], [y, y], color=colour, linewidth=width, solid_capstyle="butt")
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    ax.text(x, y + 0.03 * (north - south), text, fontsize=8, va="bottom", bbox=BOX)


def save_figure(drawn: Figure, path: str | Path) -> Path:
    """Write a figure as PNG or SVG, with the same bytes each time."""
    import matplotlib as mpl

    path = Path(path)
    kinds: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
    if path.suffix not in kinds:
        raise BadInputError(f"a figure is written as .png or .svg, not {path.suffix or 'without suffix'!r}")
    with mpl.rc_context(STYLE), files.written_beside(path) as part:
        drawn.savefig(part, dpi=150, metadata=kinds[path.suffix])
    return path


def swipe_sides(pair: Pair) -> tuple[bytes, bytes]:
    """Return both pictures of a pair as PNG of one size, each with its day, SIMULATED, scale and north on itself.

    A screenshot of either says what it is. Two calls give the same bytes.
    """
    before, after = (_side(pair, n) for n in (0, 1))
    return before, after


def _side(pair: Pair, n: int) -> bytes:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    west, east, south, north = pair.extent
    tall = min(max((north - south) / (east - west), 0.5), 1.5)
    word, held = ("before", "after")[n], io.BytesIO()
    with mpl.rc_context({**STYLE, "font.family": fonts.font_families()}):
        drawn = Figure(figsize=(SIDE_INCHES, SIDE_INCHES * tall))
        ax = drawn.add_axes((0, 0, 1, 1))
        ax.set_facecolor("0.8")
        ax.imshow(with_alpha(pair.images[n]), extent=pair.extent, interpolation="nearest", aspect="auto")
        ax.set(xticks=[], yticks=[])
        # the one before keeps to the left and the one after to the right, so that a slider between them cuts neither
        side = ((0.015, "left"), (0.985, "right"))[n]
        label = f"{word}: {pair.dates[n]:%Y-%m-%d}"
        ax.text(side[0], 0.985, label, transform=ax.transAxes, ha=side[1], va="top", fontsize=11, bbox=BOX)
        if pair.simulated:
            style: Any = {"fontsize": 30, "color": "white", "weight": "bold", "family": "DejaVu Sans", "alpha": 0.6}
            ax.text(0.5, 0.5, "SIMULATED", transform=ax.transAxes, ha="center", va="center", rotation=25, **style)
        scale_bar(ax, pair.extent)
        turned: Any = {"xycoords": "axes fraction", "ha": "center", "va": "center", "fontsize": 9}
        arrow = {"arrowstyle": "-|>", "color": "black"}
        ax.annotate("N", (0.96, 0.89), (0.96, 0.78), arrowprops=arrow, bbox=BOX, **turned)
        drawn.savefig(held, format="png", dpi=100, metadata={"Software": None})
    return held.getvalue()


@dataclass(frozen=True, slots=True)
class Swipe:
    """Two pictures of one place under a slider, for a notebook: one self-contained piece of HTML."""

    before: bytes
    """PNG, as `swipe_sides` makes it: what it is stands on the picture itself."""
    after: bytes
    """PNG of the same size."""
    caption: str
    """What both are, with the credit."""

    @classmethod
    def of(cls, pair: Pair) -> Swipe:
        """Return a pair as pictures under a slider."""
        stamp = "SIMULATED. " if pair.simulated else ""
        caption = f"{stamp}Before: {pair.labels[0]}. After: {pair.labels[1]}. {pair.credit}".strip()
        return cls(*swipe_sides(pair), caption)

    def _repr_html_(self) -> str:
        before, after = (base64.b64encode(body).decode() for body in (self.before, self.after))
        slide = "this.previousElementSibling.lastElementChild.style.clipPath='inset(0 0 0 '+this.value+'%)'"
        return str(_swipe_template().render(before=before, after=after, caption=self.caption, slide=slide))

    def __repr__(self) -> str:
        return f"[two pictures] {self.caption}"


@functools.cache
def _swipe_template() -> Any:
    """Return the template of a swipe; what it is given is escaped, as names and credits come from a catalogue."""
    import jinja2

    return jinja2.Environment(autoescape=True).from_string(
        '<figure style="max-width:640px;margin:0"><div style="position:relative">'
        '<img alt="before: {{ caption }}" src="data:image/png;base64,{{ before }}" style="width:100%;display:block">'
        '<img alt="after: {{ caption }}" src="data:image/png;base64,{{ after }}" '
        'style="position:absolute;inset:0;width:100%;clip-path:inset(0 0 0 50%)"></div>'
        '<input type="range" aria-label="swipe between before (left) and after (right)" value="50" '
        'style="width:100%" onkeydown="event.stopPropagation()" oninput="{{ slide }}">'
        "<figcaption>Left of the slider: before. Right of it: after. {{ caption }}</figcaption></figure>"
    )
