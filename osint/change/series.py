"""Turn windows of pictures into one series an outline: its mean less its surroundings, scene by scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import CRS, Geod, Transformer
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from osint.change import steps
from osint.change.stack import PAIR, around
from osint.errors import OsintError

CLEAR = (2, 4, 5, 6, 7)
FINE = 5
SMALLEST_PX = 6.0
RING_CLEAR = 0.6
RESCUE_CLEAR = 0.9
SCALED, NOISE = 0.15, 0.002
"""Share of a contrast that season and sun angle take or add, and reflectance of what is left."""
SNOW_RISE = 0.15
"""Rise of (blue - infrared) / (blue + infrared) of the surroundings that means snow on part of them."""


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
