"""Read windows of cloud-optimised GeoTIFFs through byte ranges, decoding only the rows that are needed."""

from __future__ import annotations

import contextlib
import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from osint.errors import NetworkError, OsintError, UnreadableError
from osint.http import Ranges
from osint.imagery.gdal import MAX_SIDE_PX, OTHER_KINDS, RangeFile, by_gdal, check_window, filling
from osint.imagery.grid import Grid, on_grid, touched_pixels
from osint.imagery.tiff import Directory, read_directories

inflater: Any = zlib
with contextlib.suppress(ImportError):
    # Intel's inflate unpacks the same stream twice as fast
    inflater = importlib.import_module("isal.isal_zlib")

HEAD_BYTES = 16_384
"""The header of a Sentinel-2 COG with all its tile offsets takes about 9 kB."""
MAX_HEAD_BYTES = 4 << 20
MAX_TILE_PX = 4096
USER_DEFINED = 32767
"""Code of GeoTIFF for a CRS that has no EPSG code."""
_DEFLATE = (8, 32946)
_NO_PREDICTOR, _HORIZONTAL = 1, 2
"""Compressions and predictors of TIFF, by their numbers."""


@dataclass(frozen=True)
class Level:
    """One resolution of a file: its full image or an overview."""

    transform: Affine
    shape: tuple[int, int]
    tile: tuple[int, int]
    """Rows, columns of a tile."""
    ifd: Directory = field(repr=False)


@dataclass(frozen=True)
class Cog:
    """The header of one file."""

    ranges: Ranges = field(repr=False)
    href: str
    crs: CRS
    dtype: np.dtype[Any]
    nodata: float | None
    levels: tuple[Level, ...]
    """Full resolution first."""
    predicted: bool


class _Head:
    """What a header is read from: the first bytes, and ever more up to a limit where it needs them."""

    def __init__(self, get: Callable[[int, int], bytes], first: bytes) -> None:
        self._get, self._bytes = get, first
        self.error: OsintError | None = None

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of the header, fewer where the file ends or cannot be read, which `error` then holds."""
        missing = start + length - len(self._bytes)
        try:
            if start + length > MAX_HEAD_BYTES:
                raise UnreadableError("its header is over 4 MB: not a picture of this kind")
            if missing > 0:
                self._bytes += self._get(len(self._bytes), max(missing, len(self._bytes)))
        except OsintError as error:
            self.error = error
        return self._bytes[start : start + length]


def open_cog(ranges: Ranges, href: str, level: str) -> Cog | None:
    """Return the header of a file; None when its kind is one that only GDAL reads."""
    first = ranges.get(href, 0, HEAD_BYTES, level, floor=16)
    if first[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        if first.startswith(tuple(OTHER_KINDS)):
            return None
        shown = "a web page" if first.lstrip()[:1] == b"<" else "not a picture"
        raise UnreadableError(f"the file at {href.partition('?')[0][-80:]} is {shown}")
    head = _Head(lambda start, size: ranges.get(href, start, size, level, floor=1), first)
    try:
        return _cog(ranges, href, read_directories(head.read, _size_of(ranges, href, level)))
    except UnreadableError as error:
        raise head.error or UnreadableError(
            f"the header of {href.partition('?')[0][-80:]} is broken: {error}"
        ) from error


def _size_of(ranges: Ranges, href: str, level: str) -> int:
    """Return the size of a file in bytes, 0 where its server does not say."""
    try:
        return ranges.size(href, level)
    except NetworkError:
        return 0


def _cog(ranges: Ranges, href: str, directories: tuple[Directory, ...]) -> Cog | None:
    """Check what a header says and return it; None sends the file to GDAL."""
    images = [one for one in directories if not one.is_mask]
    for image in images:
        if max(image.width_px, image.height_px) > MAX_SIDE_PX or not image.width_px * image.height_px:
            raise UnreadableError(f"it claims {image.width_px} x {image.height_px} pixels: not a scene")
    if not images:
        raise UnreadableError("it holds masks alone, and no picture")
    full = images[0]
    dtype = _dtype(full)
    predicted = full.predictor == _HORIZONTAL
    simple = (
        full.bands == 1
        and full.is_little_endian
        and full.is_chunky
        and all(full.tile_px)
        and full.compression in _DEFLATE
        and full.epsg not in (0, USER_DEFINED)
        and full.pixel_scale
        and full.tiepoint
        and (full.predictor == _NO_PREDICTOR or (predicted and dtype and dtype.kind != "f"))
    )
    if not simple or dtype is None:
        return None
    levels = tuple(
        _level(image, full)
        for image in images
        if all(image.tile_px) and image.compression == full.compression and image.predictor == full.predictor
    )
    try:
        crs = CRS.from_epsg(full.epsg)
    except CRSError as error:
        raise UnreadableError(f"it names EPSG {full.epsg}, which is not known") from error
    return Cog(ranges, href, crs, dtype, _float(full.nodata), levels, predicted)


def _level(image: Directory, full: Directory) -> Level:
    across, down = image.tile_px
    if max(across, down) > MAX_TILE_PX or across % 16 or down % 16:
        raise UnreadableError(f"its header states tiles of {across} x {down} pixels: not read")
    counts = -(-image.width_px // across) * -(-image.height_px // down)
    if len(image.tile_offsets) != counts or len(image.tile_byte_counts) != counts:
        raise UnreadableError(f"its header lists {len(image.tile_offsets)} tiles where {counts} are needed")
    if len(full.pixel_scale) < 2 or len(full.tiepoint) < 6:
        raise UnreadableError("its header does not say where the picture lies")
    sx, sy = full.pixel_scale[:2]
    i, j, _, x, y, _ = full.tiepoint[:6]
    if full.is_point:
        i, j = i + 0.5, j + 0.5
    scale_x, scale_y = full.width_px / image.width_px, full.height_px / image.height_px
    transform = Affine(sx * scale_x, 0, x - i * sx, 0, -sy * scale_y, y + j * sy)
    return Level(transform, (image.height_px, image.width_px), (down, across), image)


def _dtype(image: Directory) -> np.dtype[Any] | None:
    kind = {1: "u", 2: "i", 3: "f"}.get(image.sample_format, "")
    known = {"u8", "u16", "u32", "i8", "i16", "i32", "f32"}
    return np.dtype(f"<{kind}{image.bits // 8}") if f"{kind}{image.bits}" in known else None


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def read_window(
    ranges: Ranges, href: str, grid: Grid, *, level: str, smooth: bool, nodata: float | None = 0.0
) -> tuple[np.ndarray, bool]:
    """Return one band on `grid` as the file's own numbers, and whether pixels were resampled.

    Pixels outside the file, those of a tile that is listed without a byte and those with the value that the file
    itself names hold `nodata`, or NaN where that is None: what was not measured is no 0. A file whose pixel edges
    coincide with the grid's is copied, pixel by pixel (a 20 m pixel fills four of 10 m); else it is warped, bilinear
    when `smooth`, or by the nearest.
    """
    cog = open_cog(ranges, href, level)
    if cog is None:
        return by_gdal(RangeFile(ranges, href, level), grid, smooth, nodata)
    try:
        return _window(cog, grid, level, smooth, nodata)
    except OsintError:
        raise
    except Exception as error:
        # whatever GDAL or PROJ cannot make of the place that a header states, the file is at fault
        reason = next(iter(str(error).splitlines()), "unreadable")[:160]
        raise UnreadableError(f"the place of {href.partition('?')[0][-80:]} cannot be read: {reason}") from error


def _window(cog: Cog, grid: Grid, level: str, smooth: bool, nodata: float | None) -> tuple[np.ndarray, bool]:
    fill, dtype = filling(nodata, cog.dtype)
    fits = (one for one in cog.levels if one.transform.a <= grid.transform.a * 1.01)
    chosen = max(fits, key=lambda one: one.transform.a, default=cog.levels[0])
    depth = level if level == "scl" or chosen is cog.levels[0] else "overview"
    rows, columns = touched_pixels(chosen.transform, chosen.shape, cog.crs, grid)
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return np.full(grid.shape, fill, dtype), False
    check_window((rows[1] - rows[0], columns[1] - columns[0]), dtype)
    part = _tiles(cog, chosen, rows, columns, depth=depth, out_of=(fill, dtype))
    if cog.nodata is not None:
        part[part == cog.nodata] = fill
    corner = chosen.transform @ Affine.translation(columns[0], rows[0])
    return on_grid(part, (corner, cog.crs), grid, smooth, fill, is_overview=chosen is not cog.levels[0])


def _tiles(
    cog: Cog, level: Level, rows: tuple[int, int], columns: tuple[int, int], *, depth: str, out_of: tuple[float, Any]
) -> np.ndarray:
    """Return the pixels of a window, from the tiles that it touches; `out_of`: the value without them, and the type."""
    down, across = level.tile
    out = np.full((rows[1] - rows[0], columns[1] - columns[0]), *out_of)
    for ty in range(rows[0] // down, -(-rows[1] // down)):
        for tx in range(columns[0] // across, -(-columns[1] // across)):
            top, left = ty * down, tx * across
            r0, r1 = max(rows[0] - top, 0), min(rows[1] - top, down)
            c0, c1 = max(columns[0] - left, 0), min(columns[1] - left, across)
            pixels = _tile(cog, level, (tx, ty), r1, depth)
            if pixels is None:
                continue
            piece = pixels[r0:r1, :c1]
            if cog.predicted:
                piece = np.cumsum(piece, axis=1, dtype=cog.dtype)
            down_to, right_to = top - rows[0], left - columns[0]
            out[down_to + r0 : down_to + r1, right_to + c0 : right_to + c1] = piece[:, c0:]
    return out


def _tile(cog: Cog, level: Level, tile: tuple[int, int], rows: int, depth: str) -> np.ndarray | None:
    """Return the first `rows` rows of a tile (still as differences, if predicted), None if it has no bytes.

    A deflated tile is a stream from its first row on, so the bytes behind the last row that is needed are
    neither asked for nor unpacked.
    """
    down, across = level.tile
    index = tile[1] * -(-level.shape[1] // across) + tile[0]
    start, size = level.ifd.tile_offsets[index], level.ifd.tile_byte_counts[index]
    if not size:
        return None
    if size > down * across * cog.dtype.itemsize * 2 + 65_536:
        raise UnreadableError(f"its header states {size} bytes for a tile: not read")
    needed = rows * across * cog.dtype.itemsize
    # content is not spread evenly over the rows: ask a twentieth more, and the rest if that was too little
    filled = min(down, level.shape[0] - tile[1] * down)
    ask = min(size, int(size * rows / filled * 1.05) + 2048)
    unpacked = _inflate(cog.ranges.get(cog.href, start, ask, depth), needed)
    if len(unpacked) < needed and ask < size:
        unpacked = _inflate(cog.ranges.get(cog.href, start, size, depth), needed)
    if len(unpacked) < needed:
        raise UnreadableError(f"a tile holds {len(unpacked)} bytes where {needed} are needed: the file is broken")
    return np.frombuffer(unpacked, cog.dtype).reshape(rows, across)


def _inflate(packed: bytes, needed: int) -> bytes:
    try:
        return bytes(inflater.decompressobj().decompress(packed, needed))
    except (zlib.error, inflater.error) as error:
        raise UnreadableError(f"a tile cannot be unpacked ({error}): the file is broken") from error
