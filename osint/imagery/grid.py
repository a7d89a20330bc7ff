"""Pixel grids in a UTM zone, pixels of a picture brought onto them, and the scale of Web Mercator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from pyproj import Proj, Transformer
from rasterio.crs import CRS
from rasterio.warp import Resampling, reproject, transform_bounds
from shapely.geometry.base import BaseGeometry

from osint.errors import BadInputError, RefusedError

MAX_PIXELS = 64_000_000
"""A window larger than 80 km x 80 km at 10 m is a mistake, not a site."""
EXACT_PX = 1e-3
"""Two grids whose pixel edges differ by less than this share of a pixel are the same grid."""
SNAP_PX = 0.02
"""A pixel of which the outline covers less than this width is left out: an edge drawn along pixels in UTM
bends by centimetres on its way through degrees, and must not gain a row."""

MARGIN_PX = 3
"""Rows and columns taken around a window that is warped, for the pixels that bilinear needs."""


@dataclass(frozen=True)
class Grid:
    """A north-up grid of square pixels."""

    crs: str
    """Projected CRS, as "EPSG:32646"."""
    transform: Affine
    """From (column, row) of a pixel's upper left corner to (x, y) in the units of `crs`."""
    shape: tuple[int, int]
    """Rows, columns."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in `crs`."""
        rows, columns = self.shape
        west, north = self.transform.c, self.transform.f
        return west, north + self.transform.e * rows, west + self.transform.a * columns, north

    @property
    def x(self) -> np.ndarray:
        """Centre of each column, in `crs` (shape columns)."""
        return self.transform.c + self.transform.a * (np.arange(self.shape[1]) + 0.5)

    @property
    def y(self) -> np.ndarray:
        """Centre of each row, in `crs` (shape rows)."""
        return self.transform.f + self.transform.e * (np.arange(self.shape[0]) + 0.5)


def utm_epsg(lon: float, lat: float) -> int:
    """Return the EPSG code of the WGS-84 UTM zone of a place (degrees), by the six-degree rule."""
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise BadInputError(f"({lon}, {lat}) is outside the UTM zones: longitude first, latitude within -80 to 84")
    zone = min(int((lon + 180) // 6) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone


def utm_grid(geometry: BaseGeometry, resolution: float = 10.0) -> Grid:
    """Return the grid that covers an outline (degrees), snapped to whole multiples of `resolution` (metres).

    It is in the UTM zone of the outline's centre, also when the outline crosses into the next. The snap makes
    any two windows of a zone share their pixels, as Sentinel-2 tiles do (origins are multiples of 20 m). Raises
    BadInputError outside the UTM zones, RefusedError over MAX_PIXELS.
    """
    if not 0 < resolution <= 10_000:
        raise BadInputError(f"`resolution` is a pixel size in metres between 0 and 10,000, not {resolution!r}")
    centre = geometry.centroid
    epsg = utm_epsg(centre.x, centre.y)
    project = Transformer.from_crs(4326, epsg, always_xy=True).transform
    flat = shapely.transform(geometry.segmentize(0.01), project, interleaved=False)
    west, south, east, north = flat.bounds
    west, south = (math.floor(v / resolution + SNAP_PX) * resolution for v in (west, south))
    east, north = (math.ceil(v / resolution - SNAP_PX) * resolution for v in (east, north))
    shape = max(round((north - south) / resolution), 1), max(round((east - west) / resolution), 1)
    if shape[0] * shape[1] > MAX_PIXELS:
        msg = f"a window of {shape[1]} x {shape[0]} pixels is too large"
        raise RefusedError(f"{msg}: give a smaller outline, or pixels coarser than {resolution:g} m")
    return Grid(f"EPSG:{epsg}", Affine(resolution, 0, west, 0, -resolution, north), shape)


def aligned(first: Affine, second: Affine) -> bool:
    """Say whether the pixels of the coarser grid are made of whole pixels of the finer one, edge on edge."""
    fine, coarse = sorted((first, second), key=lambda t: abs(t.a))
    ratio = coarse.a / fine.a
    steps = ((coarse.c - fine.c) / fine.a, (coarse.f - fine.f) / fine.e)
    return all(abs(v - round(v)) < EXACT_PX for v in (ratio, coarse.e / fine.e, *steps))


def mercator_scale(lat: float) -> float:
    """Return how many metres of EPSG:3857 one metre of ground takes at a latitude (degrees).

    Web Mercator projects ellipsoidal latitudes with the formula of the sphere, so its scale differs
    north-south and east-west by up to 0.7%; this is the geometric mean, fit for scale bars and areas.
    """
    return math.sqrt(Proj("EPSG:3857").get_factors(0.0, lat).areal_scale)


def touched_pixels(
    transform: Affine, shape: tuple[int, int], crs: CRS, grid: Grid
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the rows and columns of a picture that the grid touches, as (first, last + 1) each."""
    west, south, east, north = grid.bounds
    margin = 0
    if CRS.from_user_input(grid.crs) != crs:
        west, south, east, north = transform_bounds(grid.crs, crs, west, south, east, north, densify_pts=21)
        margin = MARGIN_PX
    columns = (west - transform.c) / transform.a, (east - transform.c) / transform.a
    rows = (north - transform.f) / transform.e, (south - transform.f) / transform.e
    return _clipped(rows, margin, shape[0]), _clipped(columns, margin, shape[1])


def _clipped(span: tuple[float, float], margin: int, size: int) -> tuple[int, int]:
    first, last = int(np.floor(span[0] + 1e-6)), int(np.ceil(span[1] - 1e-6))
    return max(first - margin, 0), min(last + margin, size)


def on_grid(
    part: np.ndarray, place: tuple[Affine, CRS], grid: Grid, smooth: bool, fill: float, *, is_overview: bool
) -> tuple[np.ndarray, bool]:
    """Return `part` (its transform and CRS: `place`) on the grid, and whether it was resampled.

    Pixels of the same zone that share their edges with the grid's are copied, and those of an overview; others are
    warped, bilinear when `smooth`, or by the nearest.
    """
    if CRS.from_user_input(grid.crs) == place[1] and (is_overview or aligned(place[0], grid.transform)):
        return _sampled(part, place[0], grid, fill), False
    out = np.full(grid.shape, fill, part.dtype)
    reproject(
        part,
        out,
        src_transform=place[0],
        src_crs=place[1],
        src_nodata=fill,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=fill,
        resampling=Resampling.bilinear if smooth else Resampling.nearest,
        num_threads=1,
    )
    return out, True


def _sampled(part: np.ndarray, corner: Affine, grid: Grid, fill: float) -> np.ndarray:
    """Return `part` (upper left pixel at `corner`) read at the centre of each pixel of the grid."""
    columns = np.floor((grid.x - corner.c) / corner.a).astype(np.int64)
    rows = np.floor((grid.y - corner.f) / corner.e).astype(np.int64)
    down, across = (_inside(index, size) for index, size in zip((rows, columns), part.shape, strict=True))
    out = np.full(grid.shape, fill, part.dtype)
    out[down, across] = part[_steps(rows[down])][:, _steps(columns[across])]
    return out


def _inside(index: np.ndarray, size: int) -> slice:
    """Return the part of an increasing index that is within 0 and `size`."""
    first, last = np.searchsorted(index, (0, size))
    return slice(int(first), int(last))


def _steps(index: np.ndarray) -> slice | np.ndarray:
    """Return a run of consecutive numbers as a slice, which copies nothing."""
    consecutive = len(index) and index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all()
    return slice(int(index[0]), int(index[-1]) + 1) if consecutive else index
