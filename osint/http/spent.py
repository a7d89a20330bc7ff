"""Count what readings cost, and tell whose the bytes are that several of them asked for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Asked(NamedTuple):
    """A range of bytes that somebody asked for."""

    href: str
    start: int
    length: int
    fetched: int
    """Bytes of it that were not kept from before."""


@dataclass
class Spent:
    """Requests and body bytes of one read, by level ("list", "scl", "overview", "full", "tile")."""

    requests: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list, repr=False)
    """Ranges that were asked for, kept ones too."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, level: str, requests: int = 0, size: int = 0) -> None:
        """Count requests sent and body bytes received."""
        with self._lock:
            self.requests[level] = self.requests.get(level, 0) + requests
            self.bytes[level] = self.bytes.get(level, 0) + size

    def as_attrs(self) -> dict[str, object]:
        """Return `requests`, `bytes` and `levels`, the form in which every result reports its cost."""
        levels = {k: {"requests": self.requests[k], "bytes": self.bytes[k]} for k in sorted(self.requests)}
        return {
            "requests": sum(self.requests.values()),
            "bytes": sum(self.bytes.values()),
            "levels": levels,
        }


def in_turn(readings: Sequence[Sequence[Asked]]) -> list[int]:
    """Return the bytes that each reading would have fetched, had they been made one after the other.

    Which of several at once fetches what they share is chance; that it is fetched once is not. Of an address and start
    the first pays what it asked for beyond what was kept before all of them, a later one what it asked beyond that.
    """
    longest: Counter[tuple[str, int]] = Counter()
    fetched: Counter[tuple[str, int]] = Counter()
    for asked in (one for reading in readings for one in reading):
        longest[asked[:2]] = max(longest[asked[:2]], asked.length)
        fetched[asked[:2]] += asked.fetched
    held = {key: longest[key] - fetched[key] for key in longest}
    paid = []
    for reading in readings:
        paid.append(0)
        for asked in reading:
            paid[-1] += max(asked.length - held[asked[:2]], 0)
            held[asked[:2]] = max(asked.length, held[asked[:2]])
    return paid
