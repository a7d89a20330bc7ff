"""Check the headers of a TIFF before a reader sees them: what a hostile file counts is not what there is.

A reader asks for the memory that a count names, and follows a chain of directories as long as it goes. Here each count
is held against the size of the file and of a header, and a chain that leads back is named (TIFF 6.0, section 2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from osint.errors import UnreadableError

MOST_DIRECTORIES = 64
"""Images, overviews and masks in one file: 16 overviews halve a picture to one pixel."""
MOST_FIELDS = 512
"""Fields of one directory; the standard and its extensions name some hundred."""
MOST_FIELD_BYTES = 4 << 20
"""Bytes of one field: the offsets of half a million tiles."""
MOST_BANDS = 1024
"""Bands of one picture; the imaging spectrometers in orbit have some three hundred."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each type."""
_BANDS = 277
"""SamplesPerPixel: GDAL makes objects for each band before it reads one."""
_REQUIRED = {256: "width", 257: "height", 258: "bits of a value", 262: "photometric kind", _BANDS: "bands"}
"""Fields without which the reader panics, and writes so to the standard error."""
_NUMBERS = {3: "H", 4: "I", 16: "Q"}
"""Types of a whole number that a reader takes."""
_LEAST = 8
_BIG = 43

Read = Callable[[int, int], bytes]
"""Gets an offset and a length, returns the bytes, fewer at the end of the file."""


def check_directories(read: Read, size: int = 0) -> None:
    """Raise UnreadableError if the directories of a TIFF cannot be what they say; `size` is that of the file, or 0.

    >>> check_directories(lambda start, length: b"II*\\0\\x08\\0\\0\\0"[start : start + length])
    Traceback (most recent call last):
    osint.errors.UnreadableError: its header is cut short at byte 8
    """
    head = _exactly(read, 0, _LEAST)
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(f"{order}H", head[2:4])[0] == _BIG
    offset = struct.unpack(f"{order}Q", _exactly(read, 8, 8))[0] if big else struct.unpack(f"{order}I", head[4:8])[0]
    seen: set[int] = set()
    if not offset:  # a reader would take the header itself for one
        raise UnreadableError("its header names no directory")
    while offset:
        if offset in seen:
            raise UnreadableError(f"its directories lead back to byte {offset}: a chain without end")
        seen.add(offset)
        if len(seen) > MOST_DIRECTORIES:
            raise UnreadableError(f"it has more than {MOST_DIRECTORIES} directories: not a picture of this kind")
        offset = _next_directory(read, offset, size, order, big)


def _next_directory(read: Read, offset: int, size: int, order: str, big: bool) -> int:
    """Check one directory and return the offset of the next, 0 behind the last."""
    if size and offset >= size:
        raise UnreadableError(f"a directory is said to begin at byte {offset} of {size}")
    count_form, entry_form, next_form = ("Q", "HHQQ", "Q") if big else ("H", "HHII", "I")
    head = struct.calcsize(f"={count_form}")
    count = struct.unpack(f"{order}{count_form}", _exactly(read, offset, head))[0]
    if not 0 < count <= MOST_FIELDS:
        raise UnreadableError(f"a directory says that it has {count} fields: not a picture")
    entry = struct.calcsize(f"={entry_form}")
    lacking = dict(_REQUIRED)
    body = _exactly(read, offset + head, count * entry + struct.calcsize(f"={next_form}"))
    for at in range(0, count * entry, entry):
        tag, kind, number, place = struct.unpack_from(f"{order}{entry_form}", body, at)
        lacking.pop(tag, None)
        if kind not in _SIZES:  # the reader panics here as well
            raise UnreadableError(f"field {tag} of its header is of type {kind}, which no TIFF has")
        length = number * _SIZES[kind]
        if length > MOST_FIELD_BYTES or (size and length > size):
            raise UnreadableError(f"field {tag} of its header says that it has {number} values: not read")
        if tag == _BANDS and kind in _NUMBERS:
            bands = struct.unpack_from(f"{order}{_NUMBERS[kind]}", body, at + entry - struct.calcsize(f"={next_form}"))[
                0
            ]
            if bands > MOST_BANDS:
                raise UnreadableError(f"its header says that it has {bands:,} bands: not read")
        if size and length > struct.calcsize(f"={next_form}") and place + length > size:
            raise UnreadableError(f"field {tag} of its header ends {place + length - size} bytes behind the file")
    if lacking:
        raise UnreadableError(f"a directory does not say its {', '.join(lacking.values())}")
    return int(struct.unpack_from(f"{order}{next_form}", body, count * entry)[0])


def _exactly(read: Read, start: int, length: int) -> bytes:
    got = read(start, length)
    if len(got) < length:
        raise UnreadableError(f"its header is cut short at byte {start + len(got)}")
    return got
