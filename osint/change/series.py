"""Turn windows of pictures into one series per outline: its mean less its surroundings, scene by scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import CRS, Transformer
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import steps
from osint.change._segmentation import YEAR_DAYS, mad_sd
from osint.change.stack import PAIR, around
from osint.change.steps import Step
from osint.errors import BadInputError
from osint.imagery import SceneClass

BLUE, SWIR = PAIR
Reflectance = TypeVar("Reflectance", float, np.ndarray)
CLEAR = SceneClass.clear
WHITENESS_SWIR_WEIGHT = 0.7  # weight of the short-wave infrared in the whiteness
WINTER_FROM_DAY, WINTER_UNTIL_DAY = 318, 75  # days of the northern year between which the sun is low and snow may lie
HALF_YEAR_DAYS = 182.625
TROPIC_DEG = 23.44  # latitude up to which the sun is never low all day: no winter
QUARTER_DAYS = 91.4
PIXEL_M2 = 100.0
FINE = 5  # parts of a pixel's side in which the share of an outline is counted
HALF = 0.5  # share of a pixel above which it counts as inside an outline, or as roof
CORE_COVER = 0.99  # share of the outline from which a pixel is well inside
CORE_MIN_PX, THIN_CORE_MIN_PX = 12, 4  # fewest pixels of a core without the edge, with it
OUTSIDE_COVER = 0.05  # share of the outline below which a pixel is outside of it
NEAR_M, NEAR_SIDES = 40.0, 0.55  # gap to the surroundings, for the scraped yard: metres at least, sides of the outline
RING_M, RING_SIDES = 80.0, 0.5  # width of the surroundings: metres at least, and sides of the outline
REACH_EDGE_M = 20.0  # added to the window, so that the surroundings are whole
RING_CLEAR_SHARE = 0.6  # clear share of the surroundings from which a scene is usable
INSIDE_CLEAR_SHARE = 0.8  # clear share of the outline from which a scene is usable
RESCUE_CLEAR_SHARE = 0.9  # of the surroundings, from which a scene is usable although its outline is called cloud
DARKEST_AROUND = 0.02  # reflectance of surroundings below which no ratio to them is formed
RING_MIN_PX = 8  # fewest clear pixels of the surroundings
CORE_READ_SHARE = 0.8  # share of the core's values that were read, above which a scene shows the outline
CONTRAST_SHARE_SD, NOISE_SD = 0.15, 0.002  # share of a contrast that season and sun change; reflectance of what is left
NEXT_STEP_DAYS = 20  # left out before the next step in a look at the ground: the work for it may have begun
SNOW_RISE = 0.15  # rise of (blue - infrared) / (blue + infrared) of the surroundings that means snow on part of them
USUAL_MIN_SCENES = 5  # usable scenes from which the usual brightness of the surroundings is known
UNUSUAL_Z, UNUSUAL_SHARE = 5.0, 0.25  # most that surroundings depart: over scatter, usual brightness


@dataclass(frozen=True)
class Footprint:
    """An outline on the grid of a window."""

    cover: np.ndarray
    """(y, x) share of each pixel inside the outline."""
    core: np.ndarray
    """(y, x) bool: pixels well inside."""
    ring: np.ndarray
    """(y, x) bool: surroundings beyond the scraped yard."""
    area_m2: float
    latitude_deg: float
    """Of its middle; below zero south of the equator."""

    @property
    def drawn(self) -> np.ndarray:
        """Return (y, x) bool: pixels of which the outline covers more than half."""
        return np.asarray(self.cover > HALF)


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
    bands: tuple[str, ...]
    refused: dict[str, int]
    """Why scenes were left out, with counts."""
    latitude_deg: float
    """Latitude of the outline."""

    def whiteness(self) -> np.ndarray:
        """Return the whiteness (n,) against the surroundings, reflectance: roofs gain, scraped soil loses."""
        return whiteness(self.contrast[:, self.bands.index(BLUE)], self.contrast[:, self.bands.index(SWIR)])


def whiteness(blue: Reflectance, swir: Reflectance) -> Reflectance:
    """Return blue less WHITENESS_SWIR_WEIGHT of short-wave infrared, reflectance (Sentinel-2 B02 and B11).

    >>> round(whiteness(0.43, 0.30), 3)
    0.22
    """
    return blue - WHITENESS_SWIR_WEIGHT * swir


def step_whiteness(step: Step) -> float:
    """Return by how much a step changed the whiteness; `step` has the bands PAIR, or is one of the whiteness itself."""
    return float(whiteness(step.size[0], step.size[1]) if len(step.size) > 1 else step.size[0])


def placed(geometry: BaseGeometry, data: xr.Dataset) -> Footprint:
    """Put an outline in degrees on the grid of `data` (attrs crs, transform).

    Raises BadInputError if it is outside of the pictures.
    """
    to_grid = Transformer.from_crs(4326, CRS.from_user_input(data.attrs["crs"]), always_xy=True)
    outline = shapely.transform(geometry, to_grid.transform, interleaved=False)
    a, b, c, d, e, f = tuple(data.attrs["transform"])[:6]
    shape = (data.sizes["y"], data.sizes["x"])
    if not all(shape):
        raise BadInputError("the outline is outside of the pictures: check its place, or read scenes that reach it")
    row, col = np.meshgrid(*((np.arange(n * FINE) + 0.5) / FINE for n in shape), indexing="ij")
    # GDAL's rasterizer warns from threads
    shapely.prepare(outline)
    inside = shapely.contains_xy(outline, c + a * col + b * row, f + d * col + e * row)
    cover = inside.reshape(shape[0], FINE, shape[1], FINE).mean(axis=(1, 3))
    area_m2 = geo.area_m2(geometry)
    core = cover > CORE_COVER
    inner = ndimage.binary_erosion(core)
    if inner.sum() >= CORE_MIN_PX:
        core = inner
    elif core.sum() < THIN_CORE_MIN_PX:
        core = cover >= min(0.5, cover.max())
    distance = ndimage.distance_transform_edt(cover < OUTSIDE_COVER) * abs(a)
    near, width = _ring(area_m2)
    ring = (distance > near) & (distance < near + width)
    return Footprint(cover=cover, core=core, ring=ring, area_m2=area_m2, latitude_deg=float(geometry.centroid.y))


def _ring(area_m2: float) -> tuple[float, float]:
    """Return the gap between an outline and its surroundings, and their width, in metres."""
    side = float(np.sqrt(max(area_m2, 1)))
    return max(NEAR_M, NEAR_SIDES * side), max(RING_M, RING_SIDES * side)


def reach_m(area_m2: float) -> float:
    """Return how far beyond an outline of `area_m2` its surroundings reach, in metres."""
    return sum(_ring(area_m2)) + REACH_EDGE_M


def surroundings_box(geometry: BaseGeometry) -> BaseGeometry:
    """Return the box (degrees) that holds an outline and its surroundings."""
    return around(geometry, reach_m(geo.area_m2(geometry)))


def usable(data: xr.Dataset, footprint: Footprint) -> np.ndarray:
    """Return (n,) bool: scenes whose classification leaves the surroundings clear, and the outline or all of them.

    A bright roof is often classified as cloud or snow: where the surroundings are clear the scene is kept all
    the same, and a real small cloud is left to the heavy tails of the dating.
    """
    clear = np.isin(data["scl"].values, CLEAR)
    inside_clear, ring_clear = (clear[:, part].mean(axis=1) for part in (footprint.core, footprint.ring))
    shown = (inside_clear >= INSIDE_CLEAR_SHARE) | (ring_clear >= RESCUE_CLEAR_SHARE)
    return np.asarray((ring_clear >= RING_CLEAR_SHARE) & shown)


def _shown_cores(clear: np.ndarray, footprint: Footprint) -> np.ndarray:
    """Return (n, y, x) bool: pixels of the core that show the ground, given which pixels are classified `clear`.

    Next to a cloud those that are called cloud are cloud; where all around is clear it is the roof that is called so.
    """
    alone = clear[:, footprint.ring].mean(axis=1) >= RESCUE_CLEAR_SHARE
    return np.asarray(footprint.core & (clear | alone[:, None, None]))


def median(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the median along `axis` of what was read, NaN where nothing was."""
    blank = np.isnan(values).all(axis=axis)
    middle = np.nanmedian(np.where(np.expand_dims(blank, axis), 0.0, values), axis=axis)
    return np.where(blank, np.nan, middle)


def touched(pixels: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """Return the patches (y, x bool) of `pixels` in which a pixel of `seed` lies."""
    labels, _ = ndimage.label(pixels)
    own = np.unique(labels[seed])
    return np.isin(labels, own[own > 0])


def winter(
    days: np.ndarray, latitude_deg: float, from_day: int = WINTER_FROM_DAY, until_day: int = WINTER_UNTIL_DAY
) -> np.ndarray:
    """Return (n,) bool: which days since 1970-01-01 have a low sun and may have snow; none within the tropics.

    Winter is after day `from_day` and before day `until_day` of the year, half a year later south of the equator.

    >>> winter(np.array([20_089.0, 20_270.0]), 43.0)  # 2025-01-01 and 2025-07-01
    array([ True, False])
    >>> winter(np.array([20_089.0, 20_270.0]), -43.0)
    array([False,  True])
    """
    if abs(latitude_deg) <= TROPIC_DEG:
        return np.zeros(len(days), bool)
    northern = days if latitude_deg > 0 else days + HALF_YEAR_DAYS
    year_day = pd.to_datetime(northern, unit="D").day_of_year.to_numpy()
    return np.asarray((year_day > from_day) | (year_day < until_day))


def quarters(days: np.ndarray) -> np.ndarray:
    """Return (n,) 0 to 3, the quarter of the year of days since 1970-01-01, the first from about 1 January on."""
    return ((days % YEAR_DAYS) // QUARTER_DAYS).astype(int)


def extract_series(data: xr.Dataset, footprint: Footprint, bands: tuple[str, ...]) -> Series:
    """Return the series of an outline from reflectances (time, y, x).

    Scenes that are not `usable` are left out, and those whose surroundings are far brighter or darker than
    they ever are (snow, thick haze, missed cloud, shadow).
    """
    blank = np.full(data["scl"].shape, np.nan, np.float32)
    values = np.stack([data[b].values if b in data else blank for b in bands], axis=-1)
    clear = np.isin(data["scl"].values, CLEAR)
    rings, cores = clear & footprint.ring, _shown_cores(clear, footprint)
    # a search reads the other bands on few scenes
    dating = [k for k, b in enumerate(bands) if b in PAIR]
    inside, nearby = np.full((2, len(values), len(bands)), np.nan)
    for k, (scene, ring) in enumerate(zip(values, rings, strict=True)):
        core = scene[cores[k]]
        if len(core) and ring.sum() >= RING_MIN_PX and np.isfinite(core[:, dating]).mean() > CORE_READ_SHARE:
            read = np.isfinite(core).any(axis=0)
            inside[k, read] = np.nanmean(core[:, read], axis=0)
            nearby[k, read] = np.nanmedian(scene[ring][:, read], axis=0)
    seen = np.isfinite(inside[:, dating]).all(axis=1) & np.isfinite(nearby[:, dating]).all(axis=1)
    covered = ~seen | ~usable(data, footprint)
    odd = _odd(nearby, ~covered) | _snowy(nearby, bands, ~covered)
    kept = ~covered & ~odd
    days = steps.to_days(data["time"].values)
    order = np.flatnonzero(kept)[np.argsort(days[kept], kind="stable")]
    return Series(
        days=days[order],
        contrast=(inside - nearby)[order],
        inside=inside[order],
        around=nearby[order],
        bands=bands,
        refused={"cloud or no data": int(covered.sum()), "snow, haze or shadow": int(odd.sum())},
        latitude_deg=footprint.latitude_deg,
    )


def contrast_sd(contrast: np.ndarray) -> np.ndarray:
    """Return the least standard deviation of each contrast (n, bands): sun and season scale what stands out."""
    return np.asarray(CONTRAST_SHARE_SD * np.abs(contrast) + NOISE_SD)


def _odd(around: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return which scenes have surroundings that are far from their usual brightness."""
    if usable.sum() < USUAL_MIN_SCENES:
        return np.zeros(len(around), bool)
    usual = np.median(around[usable], axis=0)
    limit = np.maximum(UNUSUAL_Z * mad_sd(around[usable] - usual, axis=0), UNUSUAL_SHARE * usual)
    with np.errstate(invalid="ignore"):
        return np.asarray(usable & (np.abs(around - usual) > limit).any(axis=1))


def _snowy(around: np.ndarray, bands: tuple[str, ...], usable: np.ndarray) -> np.ndarray:
    """Return which scenes have surroundings as blue against the short-wave infrared as only snow makes them."""
    if not set(PAIR) <= set(bands) or usable.sum() < USUAL_MIN_SCENES:
        return np.zeros(len(around), bool)
    blue, infrared = around[:, bands.index(BLUE)], around[:, bands.index(SWIR)]
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (blue - infrared) / (blue + infrared)
        return np.asarray(usable & (index > np.median(index[usable]) + SNOW_RISE))
