"""Show one place on many days: a contact sheet and a time-lapse, on one grid, with one stretch."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from osint import files, fonts
from osint.errors import BadInputError, NetworkError, NotFoundError
from osint.geo import Place
from osint.http import Cost
from osint.imagery.before_after import (
    BOX,
    COLOURS,
    LEAST_CLEAR,
    STYLE,
    draw_outline,
    failures_told,
    scale_bar,
    with_alpha,
)
from osint.imagery.catalogue import EARTH_SEARCH, scenes
from osint.imagery.classes import SceneClass
from osint.imagery.listed import Scenes, pass_numbers, total_cost
from osint.imagery.read import Failure, read_bands
from osint.register import read_day

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image as PictureFrame

MOST_SHOTS = 60
"""Days of one sheet: more of them are too small to see anything."""
TRIED = 4
"""Scenes of each part of the time whose classification is read, those with the least cloud first."""
COLUMNS, WIDE_COLUMNS = 4, 6
"""Pictures side by side; WIDE_COLUMNS above MANY pictures."""
MANY = 12
FRAME_MS, LAST_FRAME_MS = 900, 2500
"""Time that a picture of a time-lapse is shown, and the last one, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One day of a sheet."""

    date: pd.Timestamp
    label: str
    """Day, sensor, and how much of the place is clear, where that is known."""
    image: np.ndarray
    """Rows, columns, three colours from 0 to 1; NaN where there is no picture."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One place on several days, ready to draw."""

    shots: tuple[Shot, ...]
    """By time."""
    stretch: tuple[float, float]
    """The values drawn black and white in all of them."""
    extent: tuple[float, float, float, float]
    """West, east, south, north in `crs`, metres."""
    crs: str
    credit: str
    simulated: bool
    span: tuple[dt.date, dt.date]
    """First and last day that was asked for."""
    empty: int = 0
    """Parts of the time without a scene of which LEAST_CLEAR of the place is clear."""
    failures: tuple[Failure, ...] = ()
    """What could not be read: it is neither cloud nor bare ground."""
    list_gap: str = ""
    """What the catalogue's list lacks, in words."""
    cost: Cost = field(default_factory=Cost)

    @property
    def told(self) -> str:
        """What the sheet does not show, in words; empty if nothing is missing."""
        cloud = f"{self.empty} of {self.empty + len(self.shots)} parts of the time have no clear scene"
        scenes_unread = len({failure.id for failure in self.failures})
        unread = f"{scenes_unread} scenes could not be read" if scenes_unread else ""
        return "; ".join(part for part in (cloud if self.empty else "", unread, self.list_gap) if part)


def choose_sheet(data: xr.Dataset, count: int = 12) -> Sheet:
    """Return the clearest scene of each of `count` equal parts of the time of `data`, stretched alike.

    `data` has three colours by time (B04, B03, B02 or red, green, blue), `scl` where clouds are known, and the attrs
    of `Reading.data`: what `imagery.read_bands` and `imagery.read_pictures` give. Without `scl`, as in pictures of
    one's own, every day counts as clear; of fewer days than `count` all are shown. The stretch is 2% to 98% of the
    values of all. Raises BadInputError without colours, and where no day shows the place.
    """
    names = next((c for c in COLOURS if all(n in data for n in c)), None)
    if names is None:
        raise BadInputError(
            f"a picture needs B04, B03 and B02 (or red, green, blue); there is {', '.join(map(str, data))}"
        )
    _check_count(count)
    cube = np.stack([data[name].values for name in names], -1)
    clear = _clear_share(data)
    clear = np.where(np.isfinite(cube).any(axis=(1, 2, 3)), clear, 0.0)
    times = data.indexes["time"]
    chosen = _spread(times, clear, count)
    if not chosen:
        raise NotFoundError(f"no scene shows {LEAST_CLEAR:.0%} of the place: widen the time, or name more catalogues")
    low, high = np.nanpercentile(cube[chosen], [2, 98])
    bright = np.clip((cube[chosen] - low) / max(high - low, 1e-6), 0, 1)
    known = "scl" in data
    shots = tuple(
        Shot(times[t], _label(data, t, float(clear[t]) if known else math.nan), image)
        for t, image in zip(chosen, bright, strict=True)
    )
    size, x, y = float(abs(data.attrs["transform"][0])), data.x.values, data.y.values
    return Sheet(
        shots,
        (float(low), float(high)),
        (x.min() - size / 2, x.max() + size / 2, y.min() - size / 2, y.max() + size / 2),
        str(data.attrs["crs"]),
        str(data.attrs.get("credit", "")),
        bool(data.attrs.get("simulated", False)),
        (times[0].date(), times[-1].date()),
        empty=max(min(count, len(times)) - len(shots), 0),
    )


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_SHOTS:
        raise BadInputError(f"a sheet has 1 to {MOST_SHOTS} pictures, not {count}")


def _clear_share(data: xr.Dataset) -> np.ndarray:
    if "scl" not in data:
        return np.ones(data.sizes["time"])
    return np.asarray(np.isin(data["scl"].values, SceneClass.ground).mean((1, 2)))


def _spread(times: pd.DatetimeIndex, clear: np.ndarray, count: int) -> list[int]:
    """Return the places of the clearest scene of each equal part of the time, by time."""
    if len(times) <= count:
        return [t for t in range(len(times)) if clear[t] >= LEAST_CLEAR]
    part = _parts(times, count)
    best = [max(np.flatnonzero(part == k), key=lambda t: (clear[t], -t)) for k in np.unique(part)]
    return [int(t) for t in best if clear[t] >= LEAST_CLEAR]


def _parts(times: pd.DatetimeIndex, count: int) -> np.ndarray:
    """Return for each time in which of `count` equal parts of the whole it lies."""
    days = ((times - times[0]) / pd.Timedelta(days=1)).to_numpy(float)
    return np.asarray(np.minimum((days / max(days[-1], 1e-9) * count).astype(int), count - 1))


def _label(data: xr.Dataset, t: int, clear: float) -> str:
    cut = "" if math.isnan(clear) else f"{clear:.0%} clear"
    sensor = str(data["platform"].values[t]) if "platform" in data.coords else ""
    return " · ".join(part for part in (f"{data.indexes['time'][t]:%Y-%m-%d}", sensor, cut) if part)


def sheet_between(
    place: Place,
    start: str | dt.date,
    end: str | dt.date,
    *,
    count: int = 12,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
) -> Sheet:
    """Return a place in natural colours on up to `count` days between two days, one for each equal part of the time.

    Of the TRIED scenes of each part with the least cloud the clearest over the place is taken, if LEAST_CLEAR of the
    place is clear in it. What could not be read is in `failures`. Raises BadInputError for what is not a day,
    NotFoundError where no scene is clear, NetworkError where no scene could be read.
    """
    _check_count(count)
    first, last = read_day(start), read_day(end)
    listed = scenes(place, first, last, catalogue=catalogue, collection=collection)
    if not len(listed) and listed.gap:
        raise NetworkError(f"no scene from {first} to {last} is known: {listed.gap}")
    if not len(listed):
        raise NotFoundError(f"no scene from {first} to {last}: widen the time")
    tried = _of_passes(listed, _least_cloud(listed, count))
    classes = read_bands(tried, place, ["scl"])
    clear = _clear_share(classes.data)
    chosen = _spread(classes.data.indexes["time"], clear, count)
    unread = "; ".join(filter(None, (*failures_told(classes.failures), listed.gap)))
    if not chosen and unread:
        raise NetworkError(f"no clear scene is known: {unread}. This says nothing of the ground")
    if not chosen:
        raise NotFoundError(f"the clearest scene from {first} to {last} is {clear.max():.0%} clear: widen the time")
    read = read_bands(_of_passes(tried, chosen), place, [*COLOURS[0], "scl"])
    failures = (*classes.failures, *read.failures)
    if not np.isfinite(read.data["B04"].values).any():
        raise NetworkError(f"no scene could be read: {failures[0].error}. This says nothing of the ground")
    sheet = choose_sheet(read.data, count)
    cost = total_cost(listed.cost, classes.cost, read.cost)
    return replace(
        sheet, span=(first, last), empty=count - len(sheet.shots), failures=failures, list_gap=listed.gap, cost=cost
    )


def _least_cloud(listed: Scenes, count: int) -> list[int]:
    """Return the numbers of the passes of each part of the time with the least cloud."""
    number = pass_numbers(listed.frame)
    passes = (
        listed.frame.assign(number=number).groupby("number").agg(when=("datetime", "min"), cloud=("cloud_pct", "max"))
    )
    part = _parts(pd.DatetimeIndex(passes["when"]), count)
    ordered = passes.assign(part=part, cloud=passes["cloud"].fillna(0)).sort_values(["cloud", "when"], kind="stable")
    least: list[int] = ordered.groupby("part").head(TRIED).index.tolist()
    return sorted(least)


def _of_passes(listed: Scenes, numbers: Sequence[int]) -> Scenes:
    return replace(listed, frame=listed.frame[np.isin(pass_numbers(listed.frame), numbers)])


def draw_sheet(sheet: Sheet, outline: Place | None = None, title: str = "") -> Figure:
    """Draw all days of a sheet, each with its date, on one scale and one stretch; `outline` is drawn on each.

    The footer has the credit, what is missing, and what the pictures have in common. Write it with `save_figure`.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    columns = min(WIDE_COLUMNS if len(sheet.shots) > MANY else COLUMNS, len(sheet.shots))
    rows = -(-len(sheet.shots) // columns)
    west, east, south, north = sheet.extent
    side = 10.5 / columns
    height = side * min(max((north - south) / (east - west), 0.3), 3.0) + 0.28
    with mpl.rc_context(_style()):
        drawn = Figure(figsize=(10.5, rows * height + 0.9), layout="constrained")
        axes = np.atleast_1d(drawn.subplots(rows, columns, squeeze=False)).ravel()
        for ax, shot in zip(axes, sheet.shots, strict=False):
            _draw_shot(ax, sheet, shot, outline)
            ax.set_title(fonts.drawable(shot.label), fontsize=8, loc="left")
        for ax in axes[len(sheet.shots) :]:
            ax.set_axis_off()
        scale_bar(axes[0], sheet.extent)
        first, last = sheet.span
        same = f"{first} to {last}. All pictures: one grid, one stretch, north up. Grey: no picture."
        told = f"Not shown: {sheet.told}." if sheet.told else ""
        footer = "\n".join(line for line in (sheet.credit, same, told) if line)
        drawn.supxlabel(fonts.drawable(footer), fontsize=8, x=0.01, ha="left")
        if title:
            drawn.suptitle(fonts.drawable(title), x=0.01, ha="left")
    return drawn


def _style() -> Any:
    return {**STYLE, "font.family": fonts.font_families()}


def _draw_shot(ax: Axes, sheet: Sheet, shot: Shot, outline: Place | None) -> None:
    ax.set_facecolor("0.8")
    ax.imshow(with_alpha(shot.image), extent=sheet.extent, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    if outline is not None:
        draw_outline(ax, outline, sheet.crs)
        ax.set(xlim=sheet.extent[:2], ylim=sheet.extent[2:])
    if sheet.simulated:
        stamp: Any = {"ha": "center", "va": "center", "rotation": 25, "color": "white", "weight": "bold", "alpha": 0.55}
        stamp |= {"family": "DejaVu Sans"}
        ax.text(0.5, 0.5, "SIMULATED", transform=ax.transAxes, fontsize=16, **stamp)


def save_timelapse(sheet: Sheet, path: str | Path, outline: Place | None = None, title: str = "") -> Path:
    """Write a sheet as an animated GIF, one picture a day with its date, a scale bar and the credit, to `path`.

    The pictures change at one pace, whatever the time between them: the date on each says it. The same sheet gives
    the same bytes. Raises BadInputError for a name that does not end in .gif.
    """
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise BadInputError(f"a time-lapse is written as .gif, not {path.suffix or 'without suffix'!r}")
    frames = [_frame(sheet, shot, outline, title) for shot in sheet.shots]
    # one palette for all, or colours would flicker from day to day
    strip = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames]))
    palette = strip.quantize(255, dither=Image.Dither.NONE)
    images = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    pace = [*[FRAME_MS] * (len(images) - 1), LAST_FRAME_MS]
    with files.written_beside(path) as part:
        images[0].save(part, "GIF", save_all=True, append_images=images[1:], duration=pace, loop=0, optimize=False)
    return path


def _frame(sheet: Sheet, shot: Shot, outline: Place | None, title: str) -> PictureFrame:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    west, east, south, north = sheet.extent
    with mpl.rc_context(_style()):
        drawn = Figure(
            figsize=(5.6, 5.2 * min(max((north - south) / (east - west), 0.4), 1.8) + 1.0), layout="constrained"
        )
        ax = drawn.subplots()
        _draw_shot(ax, sheet, shot, outline)
        ax.text(0.02, 0.97, f"{shot.date:%Y-%m-%d}", transform=ax.transAxes, fontsize=15, va="top", bbox=BOX)
        scale_bar(ax, sheet.extent)
        if title:
            ax.set_title(fonts.drawable(title), fontsize=10, loc="left")
        lines = (sheet.credit, "One grid, one stretch, north up.", f"Not shown: {sheet.told}." if sheet.told else "")
        drawn.supxlabel(fonts.drawable("\n".join(filter(None, lines))), fontsize=7, x=0.01, ha="left")
        canvas: Any = FigureCanvasAgg(drawn)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
