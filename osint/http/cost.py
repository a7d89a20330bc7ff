"""Count what was asked of the network and what came, by level of detail and by reader."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class RangeRead(NamedTuple):
    """A range of bytes that somebody asked for."""

    href: str
    """Address of the file."""
    start: int
    """First byte."""
    length: int
    """Bytes handed over."""
    fetched: int
    """Bytes downloaded now; the rest came from the cache."""


@dataclass
class Cost:
    """Requests and body bytes of one reading, by level ("list", "scl", "overview", "full", "tile")."""

    requests: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    asked: list[RangeRead] = field(default_factory=list, repr=False)
    """Ranges that were asked for, those from the cache too."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, level: str, requests: int = 0, size: int = 0) -> None:
        """Count requests sent and body bytes received."""
        with self._lock:
            self.requests[level] += requests
            self.bytes[level] += size

    @property
    def total_requests(self) -> int:
        """Requests of all levels."""
        return self.requests.total()

    @property
    def total_bytes(self) -> int:
        """Bytes of all levels."""
        return self.bytes.total()


def bytes_by_reader(readings: Sequence[Sequence[RangeRead]]) -> list[int]:
    """Return the bytes that each reading would have fetched, had they been made one after the other.

    Which of several threads downloads what they share is chance, so shared downloads are attributed to the first
    reader: it pays for what it asked beyond the cache, a later one for what it asked beyond the first.
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
