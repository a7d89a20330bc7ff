"""Write and check the lines of the ledger, each sealed and chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
"""What the first line names as the line before it."""

_BLOCK = 65536


def canonical(entry: dict[str, Any]) -> bytes:
    """Return one entry as JSON with sorted keys and no spaces, so that equal entries are equal bytes."""
    text = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def seal(entry: dict[str, Any], previous: str) -> tuple[dict[str, Any], bytes]:
    """Chain an entry to the line before and return it with its line (newline included)."""
    linked = {**entry, "prev": previous}
    linked["line_sha256"] = hashlib.sha256(canonical(linked)).hexdigest()
    return linked, canonical(linked) + b"\n"


def intact(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line (without newline) if every byte is as it was sealed, else None."""
    entry = parsed(line)
    if entry is None or canonical(entry) != line:
        return None
    body = {key: value for key, value in entry.items() if key != "line_sha256"}
    return entry if hashlib.sha256(canonical(body)).hexdigest() == entry.get("line_sha256") else None


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line, sealed or not; None if it is not JSON at all."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def links(line: bytes) -> set[str]:
    """Return the values that the next line may name: the stated seal, and what the bytes as they lie give.

    A line damaged before the next one was written can only be chained by its bytes.
    """
    entry = parsed(line) or {}
    body = {key: value for key, value in entry.items() if key != "line_sha256"}
    return {
        str(entry.get("line_sha256")),
        hashlib.sha256(canonical(body)).hexdigest(),
        hashlib.sha256(line).hexdigest(),
    }


def lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of the ledger without their newline; a torn tail is not a line."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def tail(path: Path) -> tuple[bytes | None, int]:
    """Return the last whole line (None if there is none) and the length in bytes of all whole lines."""
    if not path.exists():
        return None, 0
    with path.open("rb") as file:
        size = file.seek(0, 2)
        held = b""
        start = size
        while start > 0:
            step = min(_BLOCK, start)
            start -= step
            file.seek(start)
            held = file.read(step) + held
            end = held.rfind(b"\n")
            if end < 0:
                continue
            begin = held.rfind(b"\n", 0, end)
            if begin >= 0 or start == 0:
                return held[begin + 1 : end], start + end + 1
    return None, 0
