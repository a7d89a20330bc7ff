"""Read windows with GDAL, which is handed our bytes and can open nothing else."""

from __future__ import annotations

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from osint.http import Ranges, ReadError
from osint.imagery.grid import Grid, aligned
from osint.imagery.resample import extent, sampled, warped

MAX_SIDE_PX = 200_000
# closes GDAL to everything except the bytes that are handed to it
CLOSED_GDAL = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GTIFF_SRS_SOURCE": "GEOKEYS",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_NUM_THREADS": "1",
}
OTHER_KINDS = {b"\0\0\0\x0cjP  ": "JP2OpenJPEG", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG"}


class RangeFile:
    """A file of a named size whose bytes come from our ranges, as GDAL's opener wants it."""

    CHUNK = 1 << 16

    def __init__(self, ranges: Ranges, href: str, level: str) -> None:
        self._ranges, self.href, self._level, self._at = ranges, href, level, 0
        self.size = ranges.size(href, level)
        self.error: ReadError | None = None
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
        except ReadError as error:
            self.error = error
            return b""
        skip = self._at - start
        self._at += size
        return body[skip : skip + size]

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, and return where to."""
        self._at = (0, self._at, self.size)[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
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
        with (
            rasterio.Env(**CLOSED_GDAL),
            rasterio.open(name, opener=opener, driver=source.driver) as picture,
        ):
            return gdal_window(picture, grid, smooth, nodata)
    except (RasterioError, ValueError, OSError) as error:
        if isinstance(error, ReadError):
            raise
        said = str(source.error or error).splitlines()[0][:160]
        raise ReadError(f"{source.href.partition('?')[0][-80:]} is no readable picture: {said}") from error


def gdal_window(
    picture: DatasetReader, grid: Grid, smooth: bool, nodata: float | None, band: int = 1
) -> tuple[np.ndarray, bool]:
    """Return a band of an open picture on `grid`, and whether it was resampled."""
    if picture.crs is None:
        raise ReadError("it has no coordinate system")
    if max(picture.shape) > MAX_SIDE_PX:
        raise ReadError(f"it claims {picture.width} x {picture.height} pixels: not a scene")
    fill = nodata if nodata is not None else (picture.nodata or 0)
    factor = max((f for f in picture.overviews(band) if picture.transform.a * f <= grid.transform.a * 1.01), default=1)
    rows, columns = extent(picture.transform, picture.shape, picture.crs, grid)
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return np.full(grid.shape, fill, picture.dtypes[band - 1]), False
    rows = rows[0] // factor * factor, rows[1]
    columns = columns[0] // factor * factor, columns[1]
    shape = -(-(rows[1] - rows[0]) // factor), -(-(columns[1] - columns[0]) // factor)
    part = picture.read(band, window=Window.from_slices(rows, columns), out_shape=shape)
    corner = picture.transform @ Affine.translation(columns[0], rows[0])
    corner = corner @ Affine.scale((columns[1] - columns[0]) / shape[1], (rows[1] - rows[0]) / shape[0])
    if picture.crs == CRS.from_user_input(grid.crs) and (factor > 1 or aligned(corner, grid.transform)):
        return sampled(part, corner, grid, fill), False
    return warped(part, (corner, picture.crs), grid, smooth, fill), True
