"""Read the headers of a TIFF from bytes that our own client fetched, and believe no count in them.

A count of a hostile file names the memory that a reader asks for, and a chain of directories goes on as long as it is
followed. Here each count is held against the size of the file and of a header, and a chain that leads back is named
(TIFF 6.0, section 2; GeoTIFF 1.1). GDAL opens a file only after this.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from osint.errors import UnreadableError

MOST_DIRECTORIES = 64
"""Images, overviews and masks in one file: 16 overviews halve a picture to one pixel."""
MOST_FIELDS = 512
"""Fields of one directory; the standard and its extensions name some hundred."""
MOST_FIELD_BYTES = 4 << 20
"""Bytes of one field, and of all that are read: the offsets of half a million tiles."""
MOST_BANDS = 1024
"""Bands of one picture; the imaging spectrometers in orbit have some three hundred."""
_FORMS = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I",
          16: "Q", 17: "q", 18: "Q"}  # fmt: skip
"""How one value of each type is written."""
_SIZES = {kind: struct.calcsize(f"={form}") for kind, form in _FORMS.items()}
_BANDS = 277
"""SamplesPerPixel: GDAL makes objects for each band before it reads one."""
_REQUIRED = {256: "width", 257: "height", 258: "bits of a value", 262: "photometric kind", _BANDS: "bands"}
"""Fields that every picture has."""
_WHOLE, _REAL, _TEXT = frozenset({1, 3, 4, 13, 16, 18}), frozenset({11, 12}), frozenset({2})
_WHOLE_FIELDS = (254, 256, 257, 258, 259, 262, _BANDS, 284, 317, 322, 323, 324, 325, 339, 34735)
_READ = {**dict.fromkeys(_WHOLE_FIELDS, _WHOLE), 33550: _REAL, 33922: _REAL, 42113: _TEXT}
"""Fields whose values are read, and the types that they may have."""
_RASTER, _GEOGRAPHIC, _PROJECTED = 1025, 2048, 3072
"""Keys of GeoTIFF."""
_POINT = 2
"""Value of the first of them where a place is that of the middle of a pixel."""
_LEAST = 8
_BIG = 43
_MASK = 4
"""Bit of NewSubfileType: the picture is a mask of another."""

Read = Callable[[int, int], bytes]
"""Gets an offset and a length, returns the bytes, fewer at the end of the file."""


@dataclass(frozen=True)
class Directory:
    """What one picture of a file, the full one, an overview or a mask, says of itself."""

    is_little_endian: bool
    is_mask: bool
    width_px: int
    height_px: int
    bands: int
    bits: int
    """Of one value of the first band."""
    sample_format: int
    """Of the first band: 1 for whole numbers without sign, 2 with sign, 3 for floating point."""
    compression: int
    predictor: int
    """1 for none, 2 for differences to the value before."""
    is_chunky: bool
    """The values of all bands of a pixel stand together."""
    tile_px: tuple[int, int]
    """Width and height of a tile, (0, 0) where it is stored in strips."""
    tile_offsets: tuple[int, ...]
    tile_byte_counts: tuple[int, ...]
    pixel_scale: tuple[float, ...]
    """Metres or degrees of a pixel across, down and up; empty where the file does not say."""
    tiepoint: tuple[float, ...]
    """Column, row, height of a place in the picture, then its x, y, z; empty where the file does not say."""
    epsg: int
    """Code of the projected CRS, else of the geographic one, 0 where the file names none."""
    is_point: bool
    """The place is that of the middle of a pixel, not of its corner."""
    nodata: str | None
    """The value of what was not measured, as GDAL writes it."""


@dataclass
class _Header:
    """The bytes of a file, how they are written, and how many may still be read of its fields."""

    read: Read
    size: int
    order: str
    is_big: bool
    left: int = MOST_FIELD_BYTES

    def exactly(self, start: int, length: int) -> bytes:
        got = self.read(start, length)
        if len(got) < length:
            raise UnreadableError(f"its header is cut short at byte {start + len(got)}")
        return got

    def unpacked(self, form: str, body: bytes) -> tuple[Any, ...]:
        return struct.unpack(f"{self.order}{form}", body)


def read_directories(read: Read, size: int = 0) -> tuple[Directory, ...]:
    """Return what the directories of a TIFF say; raises UnreadableError if that cannot be. `size` of the file, or 0.

    >>> read_directories(lambda start, length: b"II*\\0\\x08\\0\\0\\0"[start : start + length])
    Traceback (most recent call last):
    osint.errors.UnreadableError: its header is cut short at byte 8
    """
    header = _Header(read, size, "<", is_big=False)
    head = header.exactly(0, _LEAST)
    header.order = "<" if head[:2] == b"II" else ">"
    header.is_big = header.unpacked("H", head[2:4])[0] == _BIG
    offset = header.unpacked("Q", header.exactly(8, 8))[0] if header.is_big else header.unpacked("I", head[4:8])[0]
    found: dict[int, Directory] = {}
    if not offset:  # a reader would take the header itself for one
        raise UnreadableError("its header names no directory")
    while offset:
        if offset in found:
            raise UnreadableError(f"its directories lead back to byte {offset}: a chain without end")
        if len(found) == MOST_DIRECTORIES:
            raise UnreadableError(f"it has more than {MOST_DIRECTORIES} directories: not a picture of this kind")
        one, following = _directory(header, offset)
        found[offset], offset = one, following
    return tuple(found.values())


def _directory(header: _Header, offset: int) -> tuple[Directory, int]:
    """Return one directory and the offset of the next, 0 behind the last."""
    if header.size and offset >= header.size:
        raise UnreadableError(f"a directory is said to begin at byte {offset} of {header.size}")
    count_form, entry_form, next_form = ("Q", "HHQ8s", "Q") if header.is_big else ("H", "HHI4s", "I")
    head = struct.calcsize(f"={count_form}")
    count = header.unpacked(count_form, header.exactly(offset, head))[0]
    if not 0 < count <= MOST_FIELDS:
        raise UnreadableError(f"a directory says that it has {count} fields: not a picture")
    entry, end = (struct.calcsize(f"={form}") for form in (entry_form, next_form))
    body = header.exactly(offset + head, count * entry + end)
    entries = struct.iter_unpack(f"{header.order}{entry_form}", body[: count * entry])
    fields = {tag: values for tag, values in (_field(header, *one) for one in entries) if values is not None}
    if lacking := [name for tag, name in _REQUIRED.items() if tag not in fields]:
        raise UnreadableError(f"a directory does not say its {', '.join(lacking)}")
    return _named(fields, header.order == "<"), int(header.unpacked(next_form, body[count * entry :])[0])


def _field(header: _Header, tag: int, kind: int, number: int, place: bytes) -> tuple[int, tuple[Any, ...] | None]:
    """Check one field and return its tag and values, none where they are not needed."""
    if kind not in _SIZES:
        raise UnreadableError(f"field {tag} of its header is of type {kind}, which no TIFF has")
    length = number * _SIZES[kind]
    if length > MOST_FIELD_BYTES or (header.size and length > header.size):
        raise UnreadableError(f"field {tag} of its header says that it has {number} values: not read")
    is_elsewhere = length > len(place)
    start = header.unpacked("Q" if header.is_big else "I", place)[0] if is_elsewhere else 0
    if header.size and start + length > header.size:
        raise UnreadableError(f"field {tag} of its header ends {start + length - header.size} bytes behind the file")
    if tag not in _READ:
        return tag, None
    if kind not in _READ[tag] or not number:
        raise UnreadableError(f"field {tag} of its header holds {number} values of type {kind}: not read")
    header.left -= length
    if header.left < 0:
        raise UnreadableError("its header is over 4 MB: not a picture of this kind")
    body = header.exactly(start, length) if is_elsewhere else place[:length]
    values = header.unpacked(f"{number}{_FORMS[kind]}", body)
    if tag == _BANDS and values[0] > MOST_BANDS:
        raise UnreadableError(f"its header says that it has {values[0]:,} bands: not read")
    return tag, values


def _named(fields: dict[int, tuple[Any, ...]], is_little_endian: bool) -> Directory:
    """Return the values of a directory by their names, with what TIFF 6.0 says of those that are left out."""
    first = {tag: values[0] for tag, values in fields.items()}
    keys = _geo_keys(fields.get(34735, ()))
    nodata = first.get(42113)
    return Directory(
        is_little_endian=is_little_endian,
        is_mask=bool(first.get(254, 0) & _MASK),
        width_px=first[256],
        height_px=first[257],
        bands=first[_BANDS],
        bits=first[258],
        sample_format=first.get(339, 1),
        compression=first.get(259, 1),
        predictor=first.get(317, 1),
        is_chunky=first.get(284, 1) == 1,
        tile_px=(first.get(322, 0), first.get(323, 0)),
        tile_offsets=fields.get(324, ()),
        tile_byte_counts=fields.get(325, ()),
        pixel_scale=fields.get(33550, ()),
        tiepoint=fields.get(33922, ()),
        epsg=keys.get(_PROJECTED) or keys.get(_GEOGRAPHIC) or 0,
        is_point=keys.get(_RASTER) == _POINT,
        nodata=None if nodata is None else nodata.partition(b"\0")[0].decode("latin-1"),
    )


def _geo_keys(values: tuple[int, ...]) -> dict[int, int]:
    """Return the keys of GeoTIFF whose values stand beside them; `values`: four of the list, then four of each key."""
    quads = (values[at : at + 4] for at in range(4, len(values) - 3, 4))
    return {key: value for key, place, _, value in quads if not place}
