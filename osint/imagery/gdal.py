"""Read pictures of other kinds with GDAL, which is handed our bytes and opens nothing itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.io import DatasetReader
from rasterio.windows import Window

from osint.errors import NetworkError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.http import Ranges
from osint.imagery.grid import Grid, on_grid, touched_pixels

MAX_BLOCK_BYTES = 256 << 20
"""Bytes of a block of a picture that GDAL unpacks at once, and of the pixels of one window."""
MAX_SIDE_PX = 200_000
"""Side of a picture above which its header is not believed."""
CLOSED_GDAL = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GTIFF_SRS_SOURCE": "GEOKEYS",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_NUM_THREADS": "1",
}
"""Closes GDAL to everything except the bytes that are handed to it."""
OTHER_KINDS = {b"\0\0\0\x0cjP  ": "JP2OpenJPEG", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG"}
"""First bytes of the formats that GDAL reads, and its drivers."""
UNREAD = (NetworkError, NotFoundError, RefusedError, UnreadableError)
"""What leaves one file unread and the others readable; any other error is of the whole reading, such as a bad proxy."""


def check_window(shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
    """Raise UnreadableError where pixels are so much finer than the grid that a window of them fills the memory."""
    if shape[0] * shape[1] * dtype.itemsize > MAX_BLOCK_BYTES:
        raise UnreadableError(f"it has {shape[1]:,} x {shape[0]:,} pixels in this window: too fine for it, not read")


def filling(nodata: float | None, dtype: np.dtype[Any]) -> tuple[float, np.dtype[Any]]:
    """Return what stands for pixels that are not there, and the type that can hold it."""
    if nodata is None:
        return np.nan, np.dtype(np.float64 if dtype.itemsize > np.dtype(np.uint16).itemsize else np.float32)
    return nodata, dtype


class RangeFile:
    """A file whose bytes come from our ranges, in the form that GDAL's opener takes."""

    CHUNK = 1 << 16

    def __init__(self, ranges: Ranges, href: str, level: str) -> None:
        self._ranges, self.href, self._level, self._at = ranges, href, level, 0
        self.size = ranges.size(href, level)
        self.error: OsintError | None = None
        start = ranges.get(href, 0, min(self.CHUNK, self.size), level)
        self.driver = next((name for magic, name in OTHER_KINDS.items() if start.startswith(magic)), "GTiff")

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, all that is left when negative."""
        size = self.size - self._at if size < 0 else min(size, self.size - self._at)
        if size <= 0:
            return b""
        first, last = self._at // self.CHUNK, -(-(self._at + size) // self.CHUNK)
        try:
            start, stop = first * self.CHUNK, min(last * self.CHUNK, self.size)
            body = self._ranges.get(self.href, start, stop - start, self._level)
        except UNREAD as error:
            self.error = error
            return b""
        skip = self._at - start
        self._at += size
        return body[skip : skip + size]

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position in bytes, and return it."""
        self._at = (0, self._at, self.size)[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def close(self) -> None:
        """Leave the ranges open: they are shared."""

    def __enter__(self) -> RangeFile:
        return self

    def __exit__(self, *args: object) -> None:
        pass


def by_gdal(source: RangeFile, grid: Grid, smooth: bool, nodata: float | None) -> tuple[np.ndarray, bool]:
    """Read a window with GDAL, which is handed our bytes: it opens no address and no second file itself."""
    name = f"osint-{id(source):x}"

    def opener(path: str, mode: str = "rb") -> RangeFile:
        if path.rpartition("/")[2] != name or "r" not in mode:
            raise FileNotFoundError(path)
        return source

    try:
        with rasterio.Env(**CLOSED_GDAL), rasterio.open(name, opener=opener, driver=source.driver) as picture:
            return gdal_window(picture, grid, smooth, nodata)
    except OsintError:
        raise
    except Exception as error:  # GDAL raises kinds of its own for hostile files
        reason = next(iter(str(source.error or error).splitlines()), "unreadable")[:160]
        raise UnreadableError(f"{source.href.partition('?')[0][-80:]} is not a readable picture: {reason}") from error


def gdal_window(
    picture: DatasetReader, grid: Grid, smooth: bool, nodata: float | None, band: int = 1
) -> tuple[np.ndarray, bool]:
    """Return a band of an open picture on `grid`, and whether it was resampled."""
    if picture.crs is None:
        raise UnreadableError("it has no coordinate system")
    if max(picture.shape) > MAX_SIDE_PX:
        raise UnreadableError(f"it claims {picture.width} x {picture.height} pixels: not a scene")
    down, across = picture.block_shapes[band - 1]
    together = picture.count if picture.profile.get("interleave") == "pixel" else 1  # GDAL decodes a block of all bands
    if down * across * together * np.dtype(picture.dtypes[band - 1]).itemsize > MAX_BLOCK_BYTES:
        raise UnreadableError(f"it is stored in blocks of {across} x {down} pixels: write it anew in tiles of 512")
    fill, dtype = filling(nodata, np.dtype(picture.dtypes[band - 1]))
    factor = max((f for f in picture.overviews(band) if picture.transform.a * f <= grid.transform.a * 1.01), default=1)
    rows, columns = touched_pixels(picture.transform, picture.shape, picture.crs, grid)
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return np.full(grid.shape, fill, dtype), False
    rows = rows[0] // factor * factor, rows[1]
    columns = columns[0] // factor * factor, columns[1]
    shape = -(-(rows[1] - rows[0]) // factor), -(-(columns[1] - columns[0]) // factor)
    check_window(shape, dtype)
    part = picture.read(band, window=Window.from_slices(rows, columns), out_shape=shape).astype(dtype, copy=False)
    if picture.nodata is not None:
        part[part == picture.nodata] = fill
    corner = picture.transform @ Affine.translation(columns[0], rows[0])
    corner = corner @ Affine.scale((columns[1] - columns[0]) / shape[1], (rows[1] - rows[0]) / shape[0])
    return on_grid(part, (corner, picture.crs), grid, smooth, fill, is_overview=factor > 1)
