"""Keep every byte that was fetched: WARC records, and a ledger with one chained line per capture."""

from __future__ import annotations

import contextlib
import hashlib
import io
import mmap
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

from filelock import BaseFileLock, Timeout

from osint import chain, files
from osint.archive.ledger import Entry
from osint.archive.warc import Span, Tally, capture_at, write_capture
from osint.errors import OsintError, UnreadableError
from osint.http import Exchange

WARC_LIMIT_BYTES = 1 << 30
"""A new WARC file is begun when the last one is this large."""
_CHANGED = "its line of the ledger is not as it was sealed; run `osint archive verify`"
_PLACE = ("raw", "captures")  # of the archive in a case folder


def captures_directory(data: str | Path | None = None) -> Path:
    """Return where captures are kept: below `data`, the variable OSINT_DATA, or ./data."""
    return Path(data or os.environ.get("OSINT_DATA") or "data").joinpath(*_PLACE)


def newest_contents(case: str | Path | None, urls: Collection[str]) -> dict[str, Entry]:
    """Return, by address, the capture of content that was served last; of copies by the address of the original.

    `case` is the folder that holds raw/. An address without one is left out; a case without captures gives none.
    """
    folder = captures_directory(case)
    found: dict[str, Entry] = {}
    if not folder.is_dir():
        return found
    for entry in Archive(folder).entries():
        url = entry.url if entry.url in urls else entry.copy_of or ""
        if url in urls and entry.is_content and (url not in found or entry.served_order > found[url].served_order):
            found[url] = entry
    return found


class Archive:
    """The evidence store in one directory; any number of processes may use it at once.

    Order of writing: the records go to the WARC file and are synced, then one line goes to the ledger and
    is synced. A capture counts from the moment its line is whole. `repairs` says what the last opening
    found half-done: nothing is deleted, torn pieces are in `aside/`.
    """

    def __init__(self, directory: str | Path):
        self.directory = Path(directory)
        self.ledger = self.directory / "ledger.jsonl"
        self.incoming = self.directory / "incoming"
        self.aside = self.directory / "aside"
        self.repairs: list[str] = []

    def open(self, *, make: bool = True) -> Archive:
        """Make the directories and repair what an interrupted run left behind.

        A caller that only reads says `make=False`: nothing is made, written or repaired. Raises RefusedError for an
        archive, or a case folder around it, that holds a link: it can only be read.
        """
        if not make:
            return self
        with self._disk_trouble():
            if self.directory.parts[-2:] == _PLACE:
                files.check_case(self.directory.parent.parent)
            files.check_tree(self.directory)
            for path in (self.directory, self.incoming, self.aside):
                files.make_folder(path)
            with self._locked():
                self._repair_incoming()
                self._repair()
        return self

    # reading

    def entries(self, mentioning: str = "") -> Iterator[Entry]:
        """Yield the entries of the ledger in order, or those that hold a text.

        One whose line is not as it was sealed is no content, whatever it says; all else is left to `verify`.
        """
        needle = chain.canonical({"": mentioning})[5:-2]
        for line in chain.lines(self.ledger):
            if needle not in line:
                continue
            sealed = chain.intact(line)
            try:
                entry = Entry.from_row(sealed or chain.parsed(line) or {})
            except UnreadableError:
                continue
            if entry.seq is not None:
                yield entry if sealed else replace(entry, kind="incomplete", signal=_CHANGED)

    def body(self, entry: Entry) -> bytes:
        """Return the decoded body of a capture, checked against its SHA-256.

        Raises UnreadableError if the bytes are not those recorded.
        """
        if entry.bytes is None:
            return b""
        try:
            with files.open_regular(self.directory / Path(entry.warc).name) as file:
                file.seek(entry.body_offset or 0)
                body = file.read(min(entry.bytes, os.fstat(file.fileno()).st_size))
        except (OSError, ValueError, OverflowError):
            body = b""
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise UnreadableError(
                f"the bytes of capture {entry.seq} in {entry.warc} are not those recorded;"
                " run `osint archive verify` to see what is damaged"
            )
        return body

    # writing

    @contextlib.contextmanager
    def spool(self) -> Iterator[IO[bytes]]:
        """Give a file for a body on its way in; what a killed process left in it is kept aside later."""
        path = files.spare_name(self.incoming, ".part")
        lock = files.locked(path.with_suffix(".lock"))
        with self._disk_trouble():
            lock.acquire()
        try:
            with self._disk_trouble():
                file = _Incoming(path, self._disk_trouble)
            with file:
                yield cast("IO[bytes]", file)
            path.unlink(missing_ok=True)
        finally:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def record(self, entry: Entry, exchanges: Sequence[Exchange], *, resource: bool = False) -> Entry:
        """Write one capture and return its ledger entry.

        Raises OsintError when the disk refuses; what was begun is then taken back, or moved aside by the
        next opening.
        """
        with self._disk_trouble(), self._locked():
            self._repair()
            path, offset = self._place()
            try:
                with files.open_private(path, "r+b") as out:
                    out.seek(offset)
                    tally = Tally(out)
                    write_capture(tally, entry.to_row(), exchanges, resource=resource)
                    out.flush()
                    os.fsync(out.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.truncate(path, offset)  # after closing, which may write what was still held
                raise
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return self._count(path.name, data, offset, tally.sha256.hexdigest())

    def record_file(self, entry: Entry, body: bytes, content_type: str, url: str) -> Entry:
        """Write a body that came without HTTP headers, as a file of a URL and a media type; see `record`."""
        sent = [("Content-Type", content_type or "application/octet-stream")]
        entry = replace(
            entry,
            media_type=content_type.partition(";")[0].strip().lower(),
            bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        return self.record(entry, [Exchange(url, "", headers=sent, body=io.BytesIO(body))], resource=True)

    def _count(self, warc: str, data: mmap.mmap, offset: int, segment_sha256: str) -> Entry:
        """Append the ledger line of the capture at an offset and return its entry."""
        found = capture_at(data, offset, len(data))
        if found is None:
            raise OsintError(
                f"what was written to {warc} at {offset} does not read back; check the disk, then run again"
            )
        row, span, end = found
        last, whole = chain.tail(self.ledger)
        previous = chain.GENESIS
        if last is not None:
            good = chain.intact(last)
            previous = good["line_sha256"] if good else hashlib.sha256(last).hexdigest()
        seq = (chain.parsed(last or b"") or {}).get("seq")
        placed = {
            **row,
            "seq": seq + 1 if isinstance(seq, int) else sum(1 for _ in chain.lines(self.ledger)),
            "warc": warc,
            "offset": offset,
            "length": end - offset,
            "body_offset": span.payload if span else None,
            "segment_sha256": segment_sha256,
        }
        sealed, line = chain.seal(placed, previous)
        new = not self.ledger.exists()
        with files.open_private(self.ledger, "ab", buffering=0) as file:
            try:
                written = file.write(line)
                if written != len(line):
                    raise OSError(28, os.strerror(28))
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(whole)
                raise
        if new:
            self._sync_directory()
        return Entry.from_row(sealed)

    def _place(self) -> tuple[Path, int]:
        """Return the WARC file to append to and its length."""
        held = self.warcs()
        if held and held[-1].stat().st_size < WARC_LIMIT_BYTES and self._ends_as_recorded(held[-1]):
            return held[-1], held[-1].stat().st_size
        entry = self.last_entry()
        taken = [path.stem for path in held] + ([Path(entry.warc).stem] if entry and entry.warc else [])
        number = int(max(taken, default="0").rpartition("-")[2]) + 1
        path = self.directory / f"captures-{number:05d}.warc"
        files.open_private(path, "xb").close()
        self._sync_directory()
        return path, 0

    def _ends_as_recorded(self, path: Path) -> bool:
        """Say whether a WARC file ends where the ledger says: nothing is appended to a damaged file."""
        entry = self.last_entry()
        if entry is None:
            return False
        return path.stat().st_size == (entry.offset + entry.length if entry.warc == path.name else 0)

    def last_entry(self) -> Entry | None:
        """Return the last entry, an empty one if there is none, or None if its line is damaged."""
        last, _ = chain.tail(self.ledger)
        if last is None:
            return Entry("", "")
        row = chain.intact(last)
        try:
            return Entry.from_row(row) if row else None
        except UnreadableError:
            return None

    def warcs(self) -> list[Path]:
        """Return the WARC files in their order."""
        found = self.directory.glob("captures-[0-9][0-9][0-9][0-9][0-9].warc")
        return sorted(path for path in found if path.is_file() and not path.is_symlink())

    def beyond(self, entry: Entry) -> Iterator[tuple[int, int]]:
        """Yield, of each WARC file with bytes after an entry, the whole captures there and the bytes that are none."""
        for path in self.warcs():
            start = entry.offset + entry.length if path.name == entry.warc else 0
            size = path.stat().st_size
            if path.name < entry.warc or size <= start:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                ends = list(_captures(data, start, size))
            yield len(ends), size - (ends[-1] if ends else start)

    def unfinished(self) -> list[str]:
        """Return a sentence for each piece that an interrupted run left behind; the next capture repairs them."""
        found = []
        _, whole = chain.tail(self.ledger)
        if self.ledger.exists() and self.ledger.stat().st_size > whole:
            found.append("the ledger ends in a torn line; the next capture moves it aside")
        entry = self.last_entry()
        for path in self.warcs() if entry else ():
            end = entry.offset + entry.length if entry and path.name == entry.warc else 0
            more = path.stat().st_size - end
            if entry and path.name >= entry.warc and more > 0:
                found.append(f"{path.name} has {more} bytes after the last capture; the next capture repairs that")
        return found + [
            f"{path.name} is a download in progress, or interrupted" for path in self.incoming.glob("*.part")
        ]

    # repair

    def _repair(self) -> None:
        """Bring ledger and WARC files to agree; needs the lock."""
        _, whole = chain.tail(self.ledger)
        if self.ledger.exists() and self.ledger.stat().st_size > whole:
            name = self._move_aside(self.ledger, whole)
            self.repairs.append(f"the ledger ended in a torn line; it was moved to {name}")
        entry = self.last_entry()
        if entry is None:
            self._note_damage("the last line of the ledger is damaged")
            return
        for path in self.warcs():
            if path.name >= entry.warc:
                self._repair_warc(path, entry.offset + entry.length if path.name == entry.warc else 0)

    def _note_damage(self, what: str) -> None:
        note = f"{what}: run `osint archive verify`"
        if note not in self.repairs:
            self.repairs.append(note)

    def _repair_warc(self, path: Path, end: int) -> None:
        """Count whole captures that the ledger lacks; move a torn rest aside."""
        size = path.stat().st_size
        if size < end:
            self._note_damage(f"{path.name} is shorter than the ledger says")
            return
        if size == end:
            return
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for stop in _captures(data, end, size):
                entry = self._count(path.name, data, end, hashlib.sha256(data[end:stop]).hexdigest())
                self.repairs.append(f"capture {entry.seq} ({entry.url}) was whole but not yet counted; counted")
                end = stop
        if size > end:
            name = self._move_aside(path, end)
            self.repairs.append(f"{path.name} ended in {size - end} bytes of a torn capture; moved to {name}")

    def _repair_incoming(self) -> None:
        """Move aside the downloads of processes that are gone."""
        for path in sorted(self.incoming.glob("*.part")):
            lock = files.locked(path.with_suffix(".lock"))
            with contextlib.suppress(FileNotFoundError, Timeout):
                with lock.acquire(blocking=False):
                    size = path.stat().st_size
                    if size:
                        path.rename(self.aside / f"download-{path.stem}.bin")
                        note = f"{size} bytes of an interrupted download were moved to aside/download-{path.stem}.bin"
                        self.repairs.append(note)
                    path.unlink(missing_ok=True)
                Path(lock.lock_file).unlink(missing_ok=True)  # Windows keeps a file that is open

    def _move_aside(self, path: Path, end: int) -> str:
        """Copy what follows `end` to a file of its own, sync it, and only then cut it off."""
        target = files.spare_name(self.aside, f"-{path.stem}-{end}.torn")
        with files.open_private(path, "r+b") as file:
            file.seek(end)
            files.copy_rest(file, target)
            self._sync_directory(self.aside)
            file.truncate(end)
            os.fsync(file.fileno())
        return f"aside/{target.name}"

    # the disk

    def _locked(self) -> BaseFileLock:
        return files.locked(self.directory / ".lock")

    def _sync_directory(self, directory: Path | None = None) -> None:
        if not hasattr(os, "O_DIRECTORY"):
            return  # Windows cannot sync a folder
        handle = os.open(directory or self.directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def _disk_trouble(self) -> Iterator[None]:
        try:
            yield
        except OsintError:
            raise
        except OSError as error:
            raise OsintError(
                f"the archive in {self.directory} could not be written ({error.strerror or error});"
                " nothing half-done was counted: free some space or repair the disk, then run again"
            ) from error


def _captures(data: mmap.mmap, start: int, size: int) -> Iterator[int]:
    """Yield where each whole capture from an offset on ends, up to the first that is not whole."""
    while (found := capture_at(data, start, size)) and _whole(data, found):
        yield (start := found[2])


def _whole(data: mmap.mmap, found: tuple[dict[str, Any], Span | None, int]) -> bool:
    """Say whether the body of a capture that was written is the one that its entry states."""
    row, span, _ = found
    if span is None:
        return row.get("bytes") is None
    return hashlib.sha256(data[span.payload : span.end]).hexdigest() == row.get("sha256")


class _Incoming(io.FileIO):
    """A body on its way in: each write reaches the system, so that a killed process loses none of it."""

    def __init__(self, path: Path, trouble: Callable[[], AbstractContextManager[None]]):
        super().__init__(path, "x+b", opener=lambda name, flags: os.open(name, flags, files.PRIVATE))
        self._trouble = trouble

    def write(self, data: Any) -> int:
        """Write all of `data`; raises OsintError when the disk refuses."""
        left = memoryview(data)
        with self._trouble():
            while left:
                left = left[super().write(left) or 0 :]
        return len(data)
