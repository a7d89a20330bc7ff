"""Check every digest and the chain of an archive, and name what is damaged."""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from osint import chain
from osint.archive import warc
from osint.archive.ledger import Entry
from osint.archive.store import Archive
from osint.errors import UnreadableError

_WARC = re.compile(r"captures-\d{5}[.]warc")
CLOCK = timedelta(hours=1)
"""A capture is dated when it was asked and written when it came: two processes may write in another order that long."""


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was recorded."""

    where: str
    """File, and capture or line."""
    what: str
    """What is wrong, in one sentence."""


@dataclass(frozen=True)
class Verification:
    """What a check found."""

    captures: int
    """Lines of the ledger that were read."""
    bytes: int
    """Size of the WARC files."""
    damage: list[Damage]
    """Empty when every digest and the chain hold."""
    notes: list[str]
    """What is no damage: unfinished pieces of an interrupted run, which the next capture repairs, and a clock that was
    set back."""
    head: str
    """Seal of the last line: written down elsewhere, it fixes the whole archive."""


def verify(directory: str | Path, *, progress: Callable[[int], None] = lambda _: None) -> Verification:
    """Read the whole archive without changing it and report; `progress` gets bytes as they are checked."""
    archive = Archive(directory)
    damage: list[Damage] = []
    entries = list(_chain(archive, damage))
    by_warc: dict[str, list[Entry]] = {path.name: [] for path in archive.warcs()}
    for entry in entries:
        by_warc.setdefault(entry.warc, []).append(entry)
    numbers = [int(name[len("captures-") : -len(".warc")]) for name in by_warc if _WARC.fullmatch(name)]
    for number in range(1, max(numbers, default=0)):
        by_warc.setdefault(f"captures-{number:05d}.warc", [])
    total, last = 0, entries[-1].warc if entries else ""
    for name, held in by_warc.items():
        total += _check_file(archive.directory / Path(name).name, held, damage, progress, may_grow=name >= last)
    notes = [*archive.unfinished(), *_clock_notes(entries)]
    _check_ledger(archive, damage, notes)
    return Verification(len(entries), total, damage, notes, entries[-1].line_sha256 if entries else "")


def _check_ledger(archive: Archive, damage: list[Damage], notes: list[str]) -> None:
    """Name lines that are gone from the end of the ledger, and note what is whole without it and how to go on.

    One capture without a line is what a run that was stopped leaves, so that the loss of one line is not told from it.
    """
    name = archive.ledger.name
    last = archive.last_entry()
    uncounted = sum(captures for captures, _ in archive.beyond(last)) if last else 0
    if uncounted > 1:
        text = f"its last lines are gone: the WARC files hold {uncounted} whole captures that no line counts"
        damage.append(Damage(name, text))
    if archive.ledger.exists() and archive.ledger.stat().st_size and (fault := chain.lost_end(archive.ledger)):
        damage.append(Damage(name, fault))
    if not any(one.where.startswith(name) for one in damage):
        return
    held = list(archive.beyond(Entry("", "")))
    whole, rest = (sum(column) for column in zip(*held, strict=True)) if held else (0, 0)
    if whole and not rest:
        notes.append(
            f"the WARC files are whole without the ledger: {whole} captures, each body with its SHA-256. Put a copy of "
            f"{name} back; without one, move it out of the folder: the next capture writes it anew from them, and its "
            "head must be the one that was written down"
        )
    else:
        notes.append(
            f"the WARC files hold {whole} whole captures and {rest} bytes after damage: put copies of both back"
        )


def _clock_notes(entries: list[Entry]) -> Iterator[str]:
    """Yield a note for each capture that is dated long before the one that was written before it."""
    before: tuple[datetime, int | None] | None = None
    for entry in entries:
        try:
            moment = datetime.fromisoformat(entry.time)
        except ValueError:
            continue
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        if before and moment < before[0] - CLOCK:
            yield (
                f"capture {entry.seq} is dated {entry.time}, and capture {before[1]}, written before it, "
                f"{before[0]:%Y-%m-%dT%H:%M:%SZ}: the clock was set back between them, one of the two is wrong"
            )
        before = moment, entry.seq


def _chain(archive: Archive, damage: list[Damage]) -> Iterator[Entry]:
    """Yield the entries that are as they were sealed, and note every line that is damaged."""
    allowed = {chain.GENESIS}
    for number, line in enumerate(chain.lines(archive.ledger)):
        where = f"{archive.ledger.name} line {number + 1}"
        row = chain.intact(line)
        if row is None:
            damage.append(Damage(where, "the line is not as it was sealed"))
        if str((row or chain.parsed(line) or {}).get("prev")) not in allowed:
            damage.append(Damage(where, "it does not follow the line before: a line was taken out or changed"))
        allowed = {str(row["line_sha256"])} if row else chain.links(line)
        if row is None:
            continue
        try:
            entry = Entry.from_row(row)
        except UnreadableError as error:
            damage.append(Damage(where, str(error)))
            continue
        if not _WARC.fullmatch(entry.warc):
            damage.append(Damage(where, f"it names {entry.warc!r}, which is no WARC file of an archive"))
            continue
        if entry.seq != number:
            damage.append(Damage(where, f"it says capture {entry.seq}, its place says {number}"))
        yield entry


def _check_file(
    path: Path,
    entries: list[Entry],
    damage: list[Damage],
    progress: Callable[[int], None],
    *,
    may_grow: bool,
) -> int:
    """Check all captures of one WARC file, and that they fill it without gaps; return its size in bytes.

    A file that `may_grow` can end in a capture that is not counted yet.
    """
    if not path.is_file():
        damage.append(Damage(path.name, f"the file is missing, with {len(entries)} captures"))
        return 0
    size = path.stat().st_size
    end = 0
    for entry in entries:
        if entry.offset != end:
            damage.append(Damage(path.name, f"bytes {end} to {entry.offset} belong to no capture"))
        end = entry.offset + entry.length
    if end < size and not may_grow:
        damage.append(Damage(path.name, f"bytes {end} to {size} belong to no capture"))
    if size == 0:
        if entries:
            damage.append(Damage(path.name, f"the file is empty, with {len(entries)} captures"))
        return 0
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ThreadPoolExecutor(2) as pool,
    ):
        view = memoryview(data)
        given_back = done = 0
        try:
            for found, last in pool.map(lambda some: _check_all(data, view, some), _batches(entries)):
                damage.extend(found)
                progress(last.offset + last.length - done)
                done = last.offset + last.length
                if last.offset - given_back >= _GIVE_BACK:
                    given_back = _give_back(data, given_back, min(last.offset, size))
        finally:
            view.release()
    return size


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yield captures in stretches that are worth a turn of a thread."""
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if entry.length >= _BATCH_BYTES or len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _check_all(data: mmap.mmap, view: memoryview, entries: list[Entry]) -> tuple[list[Damage], Entry]:
    return [one for entry in entries for one in _check(data, view, entry)], entries[-1]


_BATCH, _BATCH_BYTES = 64, 1 << 20
"""Captures of one turn, and bytes of a capture that ends one."""
_GIVE_BACK = 1 << 24
"""bytes of a file that are kept in memory once they are checked"""


def _give_back(data: mmap.mmap, start: int, stop: int) -> int:
    """Let the system take back the pages that were checked; return the offset up to which it may."""
    stop -= stop % mmap.PAGESIZE
    if stop <= start:
        return start
    if hasattr(mmap, "MADV_DONTNEED"):  # not everywhere
        data.madvise(mmap.MADV_DONTNEED, start, stop - start)
    return stop


def _check(data: mmap.mmap, view: memoryview, entry: Entry) -> list[Damage]:
    """Check one capture: all its bytes, the body, and the digests of its records."""
    start, stop = entry.offset, entry.offset + entry.length
    where = f"{entry.warc} capture {entry.seq} ({entry.url})"
    if stop > len(data):
        return [Damage(where, f"the file ends {stop - len(data)} bytes too early")]
    found = []
    if hashlib.sha256(view[start:stop]).hexdigest() != entry.segment_sha256:
        found.append(Damage(where, f"bytes {start} to {stop} are not those recorded"))
    if entry.bytes is not None:
        body = entry.body_offset or 0
        if hashlib.sha256(view[body : body + entry.bytes]).hexdigest() != entry.sha256:
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
    for name, start in ((b"WARC-Block-Digest", span.block), (b"WARC-Payload-Digest", span.payload)):
        stated = span.said(name)
        if stated and _sha1_number(stated) != int.from_bytes(hashlib.sha1(view[start : span.end]).digest()):
            yield f"{name.decode().lower()} of the {span.kind.decode('ascii', 'replace')} record does not hold"


_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ2345670189_", b"0123456789abcdefghijklmnopqrstuv!!!!!")
"""The digits of base32 as those that `int` reads, and no others: ten times as quick as decoding them."""


def _sha1_number(stated: bytes) -> int:
    """Return a digest as this archive states it (`sha1:` and 32 digits of base32) as a number, -1 if it is not one."""
    try:
        return int(stated.removeprefix(b"sha1:").translate(_BASE32), 32) if len(stated) == len("sha1:") + 32 else -1
    except ValueError:
        return -1
