"""Turn windows of pictures into one series an outline: its mean less its surroundings, scene by scene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import CRS, Geod, Transformer
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from osint.change import steps
from osint.change.stack import PAIR, around
from osint.change.steps import Step, Steps
from osint.errors import OsintError
from osint.imagery import SceneClass

CLEAR = SceneClass.clear
FINE = 5
RING_CLEAR = 0.6
RESCUE_CLEAR = 0.9
SCALED, NOISE = 0.15, 0.002
"""Share of a contrast that season and sun angle take or add, and reflectance of what is left."""
SNOW_RISE = 0.15
"""Rise of (blue - infrared) / (blue + infrared) of the surroundings that means snow on part of them."""
PHASE_MIN_PX = 15
PHASE_GAIN_SHARE = 0.4
"""Gain of a pixel over that of the whitest tenth, above which it is roof and not yard."""
PHASE_MIN_GAIN = 0.03
ONE_PATCH_SHARE = 0.7
"""Share of a part's pixels that lie in one patch: what is scattered is noise."""
REST_DAYS = 30.0
"""Rest between the end of one part and the begin of the next: a roof laid from one side to the other has none."""
REST_LOOKS = 2
"""Looks within the rest; with fewer it may be a gap between looks at a roof laid from one side to the other."""
EDGE_LOOKS = 2
TRANSIENT_MIN_RISE = 0.03
"""Rise of whiteness (reflectance) over the level around it, also TRANSIENT_MIN_Z times the scatter."""
TRANSIENT_MIN_Z = 5.0
TRANSIENT_MIN_DAYS, TRANSIENT_MAX_DAYS = 60.0, 183.0
"""Time between the last look without and the first look without again, at least; between the looks of one run, at most."""
TRANSIENT_SCATTER_SHARE = 0.06
"""Share of the rise by which looks of one thing differ with sun and haze, one deviation."""


@dataclass(frozen=True)
class Place:
    """An outline on the grid of a window."""

    cover: np.ndarray
    """(y, x) share of each pixel inside the outline."""
    core: np.ndarray
    """(y, x) bool: pixels well inside."""
    ring: np.ndarray
    """(y, x) bool: surroundings beyond the scraped yard."""
    area_m2: float


@dataclass(frozen=True)
class Series:
    """What an outline looked like, scene by scene; rows where nothing could be seen are left out."""

    days: np.ndarray
    """(n,) days since 1970-01-01."""
    contrast: np.ndarray
    """(n, bands) reflectance of the outline less that of its surroundings."""
    inside: np.ndarray
    """(n, bands) reflectance of the outline."""
    around: np.ndarray
    """(n, bands) reflectance of the surroundings."""
    rescued: np.ndarray
    """(n,) bool: the classification called the outline cloud, the surroundings contradict."""
    texture: np.ndarray
    """(n,) spread of B02 between the core pixels over their mean."""
    bands: tuple[str, ...]
    looked: int
    """Scenes looked at, usable or not."""
    refused: dict[str, int]
    """Why scenes were left out, with counts."""

    def whiteness(self) -> np.ndarray:
        """Return (n,) blue less 0.7 of short-wave infrared against the surroundings: roofs gain, scraped soil loses."""
        return self.contrast[:, self.bands.index("B02")] - 0.7 * self.contrast[:, self.bands.index("B11")]


def placed(geometry: BaseGeometry, data: xr.Dataset) -> Place:
    """Put a lon/lat outline on the grid of `data` (attrs crs, transform); OsintError if it lies outside."""
    to_grid = Transformer.from_crs(4326, CRS.from_user_input(data.attrs["crs"]), always_xy=True)
    outline = shapely.transform(geometry, to_grid.transform, interleaved=False)
    a, b, c, d, e, f = tuple(data.attrs["transform"])[:6]
    shape = (data.sizes["y"], data.sizes["x"])
    if not all(shape):
        raise OsintError(
            "The outline lies outside of the pictures: check its coordinates, or read scenes that reach it."
        )
    row, col = np.meshgrid(*((np.arange(n * FINE) + 0.5) / FINE for n in shape), indexing="ij")
    # GDAL's rasterizer warns from threads
    shapely.prepare(outline)
    inside = shapely.contains_xy(outline, c + a * col + b * row, f + d * col + e * row)
    cover = inside.reshape(shape[0], FINE, shape[1], FINE).mean(axis=(1, 3))
    side = float(np.sqrt(max(outline.area, 1)))
    pixel = abs(a)
    core = cover > 0.99
    inner = ndimage.binary_erosion(core)
    core = inner if inner.sum() >= 12 else core if core.sum() >= 4 else cover >= min(0.5, cover.max())
    distance = ndimage.distance_transform_edt(cover < 0.05) * pixel
    near = max(40.0, 0.55 * side)
    ring = (distance > near) & (distance < near + max(80.0, 0.5 * side))
    return Place(cover=cover, core=core, ring=ring, area_m2=float(outline.area))


def reach_m(area_m2: float) -> float:
    """Return how far beyond an outline of `area_m2` its surroundings reach, in metres."""
    side = float(np.sqrt(max(area_m2, 1)))
    return max(40.0, 0.55 * side) + max(80.0, 0.5 * side) + 20


def window(geometry: BaseGeometry) -> BaseGeometry:
    """Return the lon/lat box that holds an outline and its surroundings."""
    area_m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(geometry)[0])
    return around(geometry, reach_m(area_m2))


def usable(data: xr.Dataset, place: Place) -> np.ndarray:
    """Return (n,) bool: scenes whose classification leaves the surroundings clear, and the outline or all of them.

    A bright roof is often classified as cloud or snow: where the surroundings are clear the scene is kept all
    the same, and a real small cloud is left to the heavy tails of the dating.
    """
    inside_clear, ring_clear = clear_shares(data, place)
    return (ring_clear >= RING_CLEAR) & ((inside_clear >= 0.5) | (ring_clear >= RESCUE_CLEAR))


def median(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the median along `axis` of what was read, NaN where nothing was."""
    blank = np.isnan(values).all(axis=axis)
    middle = np.nanmedian(np.where(np.expand_dims(blank, axis), 0.0, values), axis=axis)
    return np.where(blank, np.nan, middle)


def winter(days: np.ndarray) -> np.ndarray:
    """Return which days since 1970-01-01 have a low sun and may have snow."""
    year_day = pd.to_datetime(days, unit="D").day_of_year.to_numpy()
    return (year_day > 318) | (year_day < 75)


def clear_shares(data: xr.Dataset, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return the clear share of outline and surroundings, (n,) each, from the scene classification."""
    codes = data["scl"].values
    clear = np.isin(codes, CLEAR)
    return clear[:, place.core].mean(axis=1), clear[:, place.ring].mean(axis=1)


def extract(data: xr.Dataset, place: Place, bands: tuple[str, ...]) -> Series:
    """Return the series of an outline from reflectances (time, y, x).

    Scenes that are not `usable` are left out, and those whose surroundings are far brighter or darker than
    they ever are (snow, thick haze, missed cloud, shadow).
    """
    inside_clear, _ = clear_shares(data, place)
    looked = data.sizes["time"]
    values = np.stack([data[b].values for b in bands], axis=-1)
    codes = data["scl"].values
    ring_ok = np.isin(codes, CLEAR) & place.ring
    # a search reads the other bands on few scenes
    dating = [k for k, b in enumerate(bands) if b in PAIR]
    inside = np.full((looked, len(bands)), np.nan)
    nearby = np.full((looked, len(bands)), np.nan)
    texture = np.full(looked, np.nan)
    for k in range(looked):
        core = values[k][place.core]
        if ring_ok[k].sum() >= 8 and np.isfinite(core[:, dating]).mean() > 0.8:
            read = np.isfinite(core).any(axis=0)
            inside[k, read] = np.nanmean(core[:, read], axis=0)
            nearby[k, read] = np.nanmedian(values[k][ring_ok[k]][:, read], axis=0)
            texture[k] = np.nanstd(core[:, 0]) / max(float(np.nanmean(core[:, 0])), 1e-3)
    seen = np.isfinite(inside[:, dating]).all(axis=1) & np.isfinite(nearby[:, dating]).all(axis=1)
    covered = ~seen | ~usable(data, place)
    odd = _odd(nearby, ~covered) | _snowy(nearby, bands, ~covered)
    kept = ~covered & ~odd
    days = steps.to_days(pd.DatetimeIndex(data["time"].values))
    order = np.flatnonzero(kept)[np.argsort(days[kept], kind="stable")]
    return Series(
        days=days[order],
        contrast=(inside - nearby)[order],
        inside=inside[order],
        around=nearby[order],
        rescued=(inside_clear < 0.5)[order],
        texture=texture[order],
        bands=bands,
        looked=looked,
        refused={"cloud or no data": int(covered.sum()), "snow, haze or shadow": int(odd.sum())},
    )


def doubt(contrast: np.ndarray) -> np.ndarray:
    """Return the least standard deviation of each contrast (n, bands): sun and season scale what stands out."""
    return SCALED * np.abs(contrast) + NOISE


def _odd(around: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return which scenes have surroundings that are far from their usual brightness."""
    odd = np.zeros(len(around), bool)
    if usable.sum() < 5:
        return odd
    for band in range(around.shape[1]):
        usual = np.median(around[usable, band])
        spread = np.median(np.abs(around[usable, band] - usual)) * 1.4826
        limit = max(5 * spread, 0.25 * usual)
        with np.errstate(invalid="ignore"):
            odd |= usable & (np.abs(around[:, band] - usual) > limit)
    return odd


def _snowy(around: np.ndarray, bands: tuple[str, ...], usable: np.ndarray) -> np.ndarray:
    """Return which scenes have surroundings as blue against the short-wave infrared as only snow makes them."""
    if not {"B02", "B11"} <= set(bands) or usable.sum() < 5:
        return np.zeros(len(around), bool)
    blue, infrared = around[:, bands.index("B02")], around[:, bands.index("B11")]
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (blue - infrared) / (blue + infrared)
        return usable & (index > np.median(index[usable]) + SNOW_RISE)


def phases(data: xr.Dataset, place: Place, seen: Series) -> list[Place]:
    """Return the places of the parts of an outline in the order in which they were covered; `place` alone if it is one.

    `data` holds B02 and B11 (time, y, x), `seen` is the series of the whole outline drawn from it. Each pixel has
    one step of whiteness, the best by least squares; the two groups of least variance of the step's day are parts
    if each is one patch and if their own series step at times that lie apart, with a rest between.
    """
    days = steps.to_days(pd.DatetimeIndex(data["time"].values))
    chosen = np.isin(np.round(days, 4), np.round(seen.days, 4))
    if chosen.sum() != len(seen.days) or len(seen.days) < 4 * EDGE_LOOKS:
        return [place]
    inside = place.cover > 0.5
    if inside.sum() < 2 * PHASE_MIN_PX:
        return [place]
    white = data["B02"].values[chosen][:, inside] - 0.7 * data["B11"].values[chosen][:, inside]
    nearby = [seen.around[:, seen.bands.index(b)] for b in ("B02", "B11")]
    day, gain = _turned(seen.days, white - (nearby[0] - 0.7 * nearby[1])[:, None])
    roof = gain > max(PHASE_MIN_GAIN, PHASE_GAIN_SHARE * float(np.quantile(gain, 0.9)))
    turned = np.full(inside.shape, np.nan)
    turned[inside] = np.where(roof, day, np.nan)
    return _divided(data, replace(place, cover=np.where(np.isfinite(turned), place.cover, 0.0)), turned) or [place]


def _turned(days: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the day (p,) of the best single step of each pixel of `white` (n, p), and its size."""
    # one misread look is no step
    calm = ndimage.median_filter(white, size=(3, 1), mode="nearest")
    calm = np.where(np.isfinite(calm), calm, np.nanmedian(calm))
    count = len(days)
    sums = np.cumsum(calm, axis=0)
    before = np.arange(1, count)[:, None]
    low, high = sums[:-1] / before, (sums[-1] - sums[:-1]) / (count - before)
    explained = before * (count - before) * (high - low) ** 2
    explained[: EDGE_LOOKS - 1] = explained[count - EDGE_LOOKS :] = 0
    cut = np.argmax(explained, axis=0)
    pixel = np.arange(white.shape[1])
    return (days[cut] + days[cut + 1]) / 2, (high - low)[cut, pixel]


def _divided(data: xr.Dataset, place: Place, turned: np.ndarray) -> list[Place]:
    """Return the parts of a place whose pixels turned white on the days `turned` (y, x); none if it is one."""
    mine = (place.cover > 0) & np.isfinite(turned)
    if mine.sum() < 2 * PHASE_MIN_PX:
        return []
    border = _border(turned[mine])
    # a pixel on the edge between the two goes with its neighbours
    counts = [ndimage.uniform_filter(m.astype(float), 3) for m in (mine & (turned > border), mine)]
    late = counts[0] > 0.5 * counts[1]
    one, two = _piece(place, mine & ~late), _piece(place, mine & late)
    if one is None or two is None:
        return []
    sooner, later = _covered(data, one), _covered(data, two)
    if sooner is None or later is None or not _apart(sooner[0], later[0], later[1]):
        return []
    return [part for piece in (one, two) for part in (_divided(data, piece, turned) or [piece])]


def _border(days: np.ndarray) -> float:
    """Return the day that parts days into the two groups with the least variance within (Otsu 1979)."""
    ordered = np.sort(days)
    count = np.arange(1, len(days))
    sums = np.cumsum(ordered)
    between = count * (len(days) - count) * (sums[:-1] / count - (sums[-1] - sums[:-1]) / (len(days) - count)) ** 2
    first = int(np.argmax(between))
    return float((ordered[first] + ordered[first + 1]) / 2)


def _piece(place: Place, mask: np.ndarray) -> Place | None:
    """Return the largest patch of `mask` as a place, None if it is small or the mask is scattered."""
    labels, count = ndimage.label(mask)
    if not count:
        return None
    sizes = ndimage.sum_labels(mask, labels, np.arange(1, count + 1))
    patch = labels == int(np.argmax(sizes)) + 1
    if patch.sum() < max(PHASE_MIN_PX, ONE_PATCH_SHARE * mask.sum()):
        return None
    inner = ndimage.binary_erosion(patch)
    core = inner if inner.sum() >= 9 else patch
    return Place(
        cover=np.where(patch, place.cover, 0.0), core=core, ring=place.ring, area_m2=100.0 * float(patch.sum())
    )


def _covered(data: xr.Dataset, place: Place) -> tuple[Step, np.ndarray] | None:
    """Return the step by which a part gained most, and the days of the looks that saw it."""
    seen = extract(data, place, PAIR)
    found = [s for s in steps.date_step(seen.days, seen.whiteness()) if float(s.size[0]) > PHASE_MIN_GAIN]
    return (max(found, key=lambda s: float(s.size[0])), seen.days) if found else None


def _apart(sooner: Step, later: Step, days: np.ndarray) -> bool:
    """Return whether the second step began after the first was over and a rest had passed that at least two looks saw."""
    end, begin = steps.to_days([sooner.complete.best, later.begun.best])
    seen = (days >= end) & (days <= begin)
    return bool(sooner.high < later.low and begin - end >= REST_DAYS and seen.sum() >= REST_LOOKS)


@dataclass(frozen=True)
class Transient:
    """A rise of whiteness that ended again."""

    first: float
    """Day of the first look that shows it."""
    last: float
    before: float
    """Day of the last look without it."""
    after: float
    """Day of the next look without it."""
    rise: float
    looks: int


def transients(days: np.ndarray, white: np.ndarray, covered: Steps) -> list[Transient]:
    """Return runs of two looks or more that rise over the level that the `covered` steps leave, and fall back, within half a year.

    `white` (n,) is the whiteness at `days` (n,). A run at either end of a level is part of the step there.
    """
    if len(covered.scatter) != 1:
        return []
    found = []
    inner = [float(steps.to_days([s.best])[0]) for s in covered]
    for low, high in zip([-np.inf, *inner], [*inner, np.inf], strict=True):
        places = np.flatnonzero((days >= low) & (days < high))
        if len(places) < 4:
            continue
        over = white[places] - np.median(white[places])
        risen = over > max(TRANSIENT_MIN_RISE, TRANSIENT_MIN_Z * float(covered.scatter[0]))
        edges = np.flatnonzero(np.diff(risen.astype(int)))
        for start, stop in pairwise(edges):
            run = places[start + 1 : stop + 1]
            before, after = float(days[places[start]]), float(days[places[stop + 1]])
            if (
                risen[start + 1]
                and len(run) > 1
                and after - before >= TRANSIENT_MIN_DAYS
                and np.ptp(days[run]) < TRANSIENT_MAX_DAYS
            ):
                rise = float(np.median(over[start + 1 : stop + 1]))
                found.append(Transient(float(days[run[0]]), float(days[run[-1]]), before, after, rise, len(run)))
    return found


def time_transient(
    days: np.ndarray, white: np.ndarray, transient: Transient, coverage: float = 0.9
) -> tuple[Step, Step] | None:
    """Return when a transient came and went, as steps of the series that ends, and of the one that starts, within it."""
    until, since = days <= transient.last, days >= transient.first
    inside = until & since
    scatter = np.median(np.abs(np.diff(white[~inside]))) * 1.4826 / np.sqrt(2)
    sigma = float(np.hypot(scatter, TRANSIENT_SCATTER_SHARE * transient.rise))
    ups = [s for s in steps.date_step(days[until], white[until], sigma, coverage=coverage) if s.size[0] > 0]
    downs = [s for s in steps.date_step(days[since], white[since], sigma, coverage=coverage) if s.size[0] < 0]
    # what stands may grow by parts before all of it goes
    up, down = (max(s, key=lambda step: abs(float(step.size[0])), default=None) for s in (ups, downs))
    return (up, down) if up and down and up.best < down.best else None
