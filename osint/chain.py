"""Lines of a log, each sealed and chained to the one before: the ledger, the review log, the journal of a search.

A line is a JSON object with `prev`, the seal of the line before, and `line_sha256`, its own. A chain shows that no line
was changed, put in or taken out of the middle. It does not show who wrote it, nor that lines were cut off at its end:
who can write the file can write all of it anew. The last seal, written down elsewhere, fixes it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osint import files
from osint.errors import UnreadableError

GENESIS = "0" * 64
"""What the first line names as the line before it."""
SEALS = ("prev", "line_sha256")
"""Keys that sealing adds to a line."""
_SEAL = b'"line_sha256"'
TORN = "the line is torn"
"""Fault of a line that a crash cut short: it loses only itself."""
LONGEST = 16 << 20
"""Bytes of a line at most."""
MOST_ODD = 10_000
"""Lines without a seal that are read of a log; a crash leaves one."""
_BLOCK = 65536


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chained log, as it was found."""

    number: int
    """From 1."""
    row: dict[str, Any] | None
    """Its values without the seals; None if the line is no JSON object."""
    fault: str
    """Why it must not be believed; empty for a line that is as it was sealed and follows the one before."""


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
    body = line.replace(b'"line_sha256":"%s",' % str(entry.get("line_sha256")).encode(), b"", 1)
    return entry if hashlib.sha256(body).hexdigest() == entry.get("line_sha256") else None


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line, sealed or not; None if it is not JSON at all."""
    try:
        entry = _DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        _finite(text)
    return int(text)


_DIGITS = 300
"""Digits of a number that a float holds in any case."""
_DECODER = json.JSONDecoder(parse_constant=int, parse_float=_finite, parse_int=_integer)  # int refuses NaN


def links(line: bytes) -> set[str]:
    """Return the values that the next line may name: the stated seal, and what the bytes as they stand give.

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
    """Yield the whole lines of a log without their newline; a torn tail is not a line.

    Raises UnreadableError for what is no ordinary file, holds a line without end or is mostly of something else.
    """
    if not path.exists():
        return
    odd = 0
    with files.open_regular(path) as file:
        while line := file.readline(LONGEST + 1):
            _check_length(line, path)
            odd += _SEAL not in line
            if odd > MOST_ODD:
                raise UnreadableError(f"{path} holds over {MOST_ODD:,} lines that are of no log: put a copy back")
            if line.endswith(b"\n"):
                yield line[:-1]


def _check_length(line: bytes, path: Path) -> None:
    if len(line) > LONGEST:
        raise UnreadableError(f"{path} holds a line of more than {LONGEST:,} bytes, which no log has: put a copy back")


def tail(path: Path) -> tuple[bytes | None, int]:
    """Return the last whole line (None if there is none) and the length in bytes of all whole lines."""
    if not path.exists():
        return None, 0
    with files.open_regular(path) as file:
        size = file.seek(0, 2)
        held = b""
        start = size
        while start > 0:
            step = min(_BLOCK, start)
            start -= step
            file.seek(start)
            held = file.read(step) + held
            _check_length(held, path)
            end = held.rfind(b"\n")
            if end < 0:
                continue
            begin = held.rfind(b"\n", 0, end)
            if begin >= 0 or start == 0:
                return held[begin + 1 : end], start + end + 1
    return None, 0


def append(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Seal rows, add them to a log and force them to the disk; needs the lock of the log, if several write to it.

    A line torn by a crash is closed first, and stays. Raises RefusedError for a link, OSError for a disk that refuses.
    """
    last, whole = tail(path)
    previous = GENESIS
    if last is not None:
        good = intact(last)
        previous = good["line_sha256"] if good else hashlib.sha256(last).hexdigest()
    torn = path.exists() and path.stat().st_size > whole
    if torn:
        previous = hashlib.sha256(path.read_bytes()[whole:]).hexdigest()
    body = b"\n" if torn else b""
    for row in rows:
        sealed, line = seal(dict(row), previous)
        previous = sealed["line_sha256"]
        body += line
    with files.open_private(path, "ab") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> Iterator[Line]:
    """Yield the whole lines of a log, each with what is wrong with it; a torn line at the end is left out.

    A line without values follows them where the end of the file is lost; see `lost_end`.
    """
    allowed, number = {GENESIS}, 0
    for number, line in enumerate(lines(path), 1):
        row, held = intact(line), parsed(line)
        broken = TORN if _begins_a_line(line) else "it is no line of this log: what stood there is lost"
        fault = "" if row else "the line is not as it was sealed" if held else broken
        if row and str(row.get("prev")) not in allowed:
            fault = "it does not follow the line before: a line was taken out or changed"
        allowed = links(line)
        values = {key: value for key, value in (row or held or {}).items() if key not in SEALS}
        yield Line(number, values if held else None, fault)
    if fault := lost_end(path):
        yield Line(number + 1, None, fault)


def seals(path: Path) -> list[str]:
    """Return the seals of the lines of a log that are as they were sealed, in their order."""
    return [str(row["line_sha256"]) for line in lines(path) if (row := intact(line))]


def lost_end(path: Path) -> str:
    """Return what no crash of ours does to a log: it is there and empty, or ends in bytes that begin no line."""
    if not path.exists():
        return ""
    whole = tail(path)[1]
    with files.open_regular(path) as file:
        file.seek(whole)
        rest = file.read(_BLOCK)
    if not rest:
        return "" if whole else "the file is empty: its lines are lost"
    return "" if _begins_a_line(rest) else "the file ends in bytes that are no line: what stood there is lost"


def _begins_a_line(rest: bytes) -> bool:
    """Say whether bytes can be a line that was cut short: JSON without spaces holds no control character."""
    return rest[:1] == b"{" and min(rest) >= ord(" ")
