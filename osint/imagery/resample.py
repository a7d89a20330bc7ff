"""Bring the pixels of a picture onto a grid: copied where edges coincide, warped where they do not."""

from __future__ import annotations

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import Resampling, reproject, transform_bounds

from osint.imagery.grid import Grid

MARGIN_PX = 3
"""Rows and columns taken around a window that is warped, for the pixels that bilinear needs."""


def extent(transform: Affine, shape: tuple[int, int], crs: CRS, grid: Grid) -> tuple[tuple[int, int], tuple[int, int]]:
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


def sampled(part: np.ndarray, corner: Affine, grid: Grid, fill: float) -> np.ndarray:
    """Return `part` (upper left pixel at `corner`) read at the centre of each pixel of the grid."""
    columns = np.floor((grid.x - corner.c) / corner.a).astype(np.int64)
    rows = np.floor((grid.y - corner.f) / corner.e).astype(np.int64)
    down, across = (_inside(index, size) for index, size in zip((rows, columns), part.shape, strict=True))
    out = np.full(grid.shape, fill, part.dtype)
    out[down, across] = part[_steps(rows[down])][:, _steps(columns[across])]
    return out


def _inside(index: np.ndarray, size: int) -> slice:
    """Return where an increasing index lies within 0 and `size`."""
    first, last = np.searchsorted(index, (0, size))
    return slice(int(first), int(last))


def _steps(index: np.ndarray) -> slice | np.ndarray:
    """Return a run of consecutive numbers as a slice, which copies nothing."""
    consecutive = len(index) and index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all()
    return slice(int(index[0]), int(index[-1]) + 1) if consecutive else index


def warped(part: np.ndarray, place: tuple[Affine, CRS], grid: Grid, smooth: bool, fill: float) -> np.ndarray:
    """Return `part` (its transform and CRS: `place`) warped onto the grid, bilinear or by the nearest."""
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
    return out
