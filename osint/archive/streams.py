"""Read plain and gzipped bytes of a stranger piece by piece, within limits; where they are damaged, say so."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

MOST_RATIO = 200
"""Unpacked bytes for each packed one, above `RATIO_FROM`."""
RATIO_FROM = 4 << 20
PIECE_BYTES = 64 << 10


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


class Inflated:
    """The plain bytes of a gzip stream of any number of members; damage ends it and is told in `fault`."""

    def __init__(self, packed: Source):
        self._packed, self._engine = packed, zlib.decompressobj(31)
        self._raw, self._began, self._taken, self._given = b"", False, 0, 0
        self.at = 0
        self.fault = ""
        self.joints: list[int] = []
        """Offsets in the plain bytes at which a member ends."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` plain bytes; none at the end or where the stream is damaged."""
        while not self.fault:
            if not self._raw:
                self._raw = self._packed.read(PIECE_BYTES)
            if not self._raw:
                if self._began:
                    self.fault = "the gzip stream stops before its end"
                break
            if not self._began:
                self._raw = self._raw.lstrip(b"\0")  # padding between members
                self._began = bool(self._raw)
                continue
            before = self._engine.copy()
            try:
                piece = self._engine.decompress(self._raw, size)
            except zlib.error as error:
                self.fault = f"the gzip stream is damaged ({error})"
                piece = _until_damage(before, self._raw, size)
                self.at += len(piece)
                return piece
            rest = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            self._taken += len(self._raw) - len(rest)
            self._given += len(piece)
            self._raw = rest
            self.at += len(piece)
            if self._given > RATIO_FROM and self._given > MOST_RATIO * max(self._taken, 1):
                self.fault = f"it unpacks to more than {MOST_RATIO} bytes for each byte; unpack it by hand first"
                break
            if self._engine.eof:
                self.joints.append(self.at)
                self._engine, self._began, self._taken, self._given = zlib.decompressobj(31), False, 0, 0
            if piece:
                return piece
        return b""


def _until_damage(engine: Any, packed: bytes, most: int) -> bytes:
    """Return the plain bytes before the damage, which zlib gives up with the piece that holds it."""
    pieces = []
    try:
        for at in range(len(packed)):
            pieces.append(engine.decompress(packed[at : at + 1], most))
    except zlib.error:
        pass
    return b"".join(pieces)[:most]


class Stream:
    """Lines and stretches of a source, with the offset of the next byte."""

    def __init__(self, source: Source):
        self.source, self.at, self._held = source, 0, b""

    def _more(self) -> bool:
        piece = self.source.read(PIECE_BYTES)
        self._held += piece
        return bool(piece)

    def line(self, most: int) -> bytes:
        """Return the next line with its end, or what is left of at most `most` bytes."""
        while (end := self._held.find(b"\n", 0, most)) < 0 and len(self._held) < most and self._more():
            pass
        return self._cut(end + 1 if end >= 0 else most)

    def _cut(self, size: int) -> bytes:
        piece, self._held = self._held[:size], self._held[size:]
        self.at += len(piece)
        return piece

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        pieces = [self._cut(size)]
        left = size - len(pieces[0])
        while left > 0 and (piece := self.source.read(min(left, PIECE_BYTES))):
            pieces.append(piece[:left])
            self._held = piece[left:]
            self.at += len(pieces[-1])
            left -= len(pieces[-1])
        return b"".join(pieces)

    def skip(self, size: int) -> int:
        """Pass over the next `size` bytes; return how many there were."""
        passed = 0
        while passed < size and (piece := self.take(min(size - passed, PIECE_BYTES))):
            passed += len(piece)
        return passed
