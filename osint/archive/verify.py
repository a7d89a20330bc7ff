"""Check every digest and the chain of an archive, and name what is damaged."""

from __future__ import annotations

import base64
import hashlib
import mmap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osint.archive import bitflip, ledger, warc
from osint.archive.store import Archive


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was recorded."""

    where: str
    """File, and capture or line."""
    what: str
    """In one sentence; a single flipped bit is named by its place."""


@dataclass(frozen=True)
class Report:
    """What a check found."""

    captures: int
    """Lines of the ledger that were read."""
    bytes: int
    """Of the WARC files."""
    damage: list[Damage]
    """Empty when every digest and the chain hold."""
    notes: list[str]
    """Unfinished pieces of an interrupted run, which the next capture mends; no damage."""
    head: str
    """Seal of the last line: written down elsewhere, it fixes the whole archive."""


def verify(directory: str | Path, *, progress: Callable[[int], None] = lambda _: None) -> Report:
    """Read the whole archive without changing it and report; `progress` gets bytes as they are checked."""
    archive = Archive(directory)
    damage: list[Damage] = []
    notes: list[str] = []
    entries = list(_chain(archive, damage))
    by_warc: dict[str, list[dict[str, Any]]] = {path.name: [] for path in archive.warcs()}
    for entry in entries:
        by_warc.setdefault(str(entry.get("warc")), []).append(entry)
    total = 0
    for name, held in by_warc.items():
        total += _check_file(archive.directory / Path(name).name, held, damage, notes, progress)
    _, whole = ledger.tail(archive.ledger)
    if archive.ledger.exists() and archive.ledger.stat().st_size > whole:
        notes.append("the ledger ends in a torn line; the next capture moves it aside")
    notes += [f"{path.name} is a download in progress, or interrupted" for path in archive.incoming.glob("*.part")]
    head = str(entries[-1].get("line_sha256", "")) if entries else ""
    return Report(len(entries), total, damage, notes, head)


def _chain(archive: Archive, damage: list[Damage]) -> Iterator[dict[str, Any]]:
    """Yield the entries, repaired where one bit explains it, and note every line that is damaged."""
    allowed = {ledger.GENESIS}
    for number, line in enumerate(ledger.lines(archive.ledger)):
        where = f"{archive.ledger.name} line {number + 1}"
        entry = ledger.intact(line)
        if entry is None:
            flip = bitflip.find_by_trial(line, ledger.intact) if len(line) < 8192 else None
            what = f"{_flip_text(line, *flip)}" if flip else "the line is not as it was sealed"
            damage.append(Damage(where, what))
            if flip:
                entry = ledger.intact(_flipped(line, *flip))
        stated = (entry or ledger.parsed(line) or {}).get("prev")
        if stated not in allowed:
            damage.append(Damage(where, "it does not follow the line before: a line was taken out or changed"))
        if entry and entry["seq"] != number:
            damage.append(Damage(where, f"it says capture {entry['seq']}, its place says {number}"))
        allowed = ledger.links(line) | ({entry["line_sha256"]} if entry else set())
        if entry:
            yield entry


def _check_file(
    path: Path,
    entries: list[dict[str, Any]],
    damage: list[Damage],
    notes: list[str],
    progress: Callable[[int], None],
) -> int:
    """Check all captures of one WARC file, and that they fill it without gaps; return its size in bytes."""
    if not path.exists():
        damage.append(Damage(path.name, f"the file is missing, with {len(entries)} captures"))
        return 0
    size = path.stat().st_size
    end = 0
    for entry in entries:
        if entry["offset"] != end:
            damage.append(Damage(path.name, f"bytes {end} to {entry['offset']} belong to no capture"))
        end = entry["offset"] + entry["length"]
    if size > end:
        notes.append(f"{path.name} has {size - end} bytes after the last capture; the next capture mends that")
    if size == 0:
        return 0
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ThreadPoolExecutor(2) as pool,
    ):
        view = memoryview(data)
        try:
            for found, length in pool.map(lambda entry: (_check(data, view, entry), entry["length"]), entries):
                damage.extend(found)
                progress(length)
        finally:
            view.release()
    return size


def _check(data: mmap.mmap, view: memoryview, entry: dict[str, Any]) -> list[Damage]:
    """Check one capture: all its bytes, the body, and the digests of its records."""
    start, stop = entry["offset"], entry["offset"] + entry["length"]
    where = f"{entry['warc']} capture {entry['seq']} ({entry['url']})"
    if stop > len(data):
        return [Damage(where, f"the file ends {stop - len(data)} bytes too early")]
    found = []
    if hashlib.sha256(view[start:stop]).hexdigest() != entry["segment_sha256"]:
        found.append(Damage(where, _name_damage(data, entry)))
    if entry["bytes"] is not None:
        body = view[entry["body_offset"] : entry["body_offset"] + entry["bytes"]]
        if hashlib.sha256(body).hexdigest() != entry["sha256"]:
            found.append(Damage(where, "the SHA-256 of the body is not the one recorded"))
    try:
        records = list(warc.spans(data, start, stop))
    except ValueError:
        records = []
    if not records or records[-1].end + 4 != stop:
        found.append(Damage(where, "the WARC records do not read to their end"))
    for span in records:
        found += [Damage(where, text) for text in _digests(view, span)]
    return found


def _digests(view: memoryview, span: warc.Span) -> Iterator[str]:
    """Yield a sentence for each WARC digest of a record that does not hold."""
    for name, start in ((b"warc-block-digest", span.block), (b"warc-payload-digest", span.payload)):
        stated = span.headers.get(name, b"")
        if stated and stated != b"sha1:" + base64.b32encode(hashlib.sha1(view[start : span.end]).digest()):
            yield f"{name.decode()} of the {span.kind.decode('ascii', 'replace')} record does not hold"


def _name_damage(data: mmap.mmap, entry: dict[str, Any]) -> str:
    held = data[entry["offset"] : entry["offset"] + entry["length"]]
    flip = bitflip.find_by_crc(held, int(entry["crc32"], 16), entry["segment_sha256"])
    if flip is None:
        return "its bytes are not those recorded, by more than one bit"
    offset, bit = flip
    part = "the body" if _in_body(entry, entry["offset"] + offset) else "the headers"
    return f"{_flip_text(held, offset, bit, entry['offset'])}, in {part}"


def _in_body(entry: dict[str, Any], offset: int) -> bool:
    begin = entry["body_offset"]
    return begin is not None and bool(begin <= offset < begin + entry["bytes"])


def _flip_text(data: bytes, offset: int, bit: int, base: int = 0) -> str:
    was = data[offset] ^ (1 << bit)
    return f"bit {bit} of byte {base + offset} is flipped (0x{data[offset]:02x}, was 0x{was:02x})"


def _flipped(line: bytes, offset: int, bit: int) -> bytes:
    return line[:offset] + bytes([line[offset] ^ (1 << bit)]) + line[offset + 1 :]
