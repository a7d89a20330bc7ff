"""Keep byte blocks of remote files on disk by ETag: bounded, checked, and safe for several processes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

LIMIT_BYTES = 4 << 30
UNIT = 4096
"""Bytes of a cluster of most disks, in which use is counted."""
_looking = threading.Lock()


class Blocks:
    """Blocks under `folder`, a file per address, ETag and start; the oldest go once `limit_bytes` is passed.

    Every file begins with the SHA-256 of the rest, and is put in place by a rename: a reader sees a whole
    block or none, and a damaged one is as good as none. How much is kept is known without looking through the folder
    by the length of its file `tally`, to which everyone who keeps a block adds a byte a UNIT.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes
        self._etags: dict[str, str] = {}

    def get(self, href: str, start: int) -> bytes | None:
        """Return what is kept of `href` from byte `start` on, None when nothing is."""
        home = self._home(href)
        etag = self._etags.get(href) or self._read_etag(home)
        if not etag:
            return None
        self._etags[href] = etag
        kept = _whole(home / f"{_short(etag)}-{start}")
        if kept is None:
            # it may be a part of a block that begins before it
            for begin, path in _of_file(home, etag):
                if begin < start < begin + _size(path) - 32:
                    kept = (_whole(path) or b"")[start - begin :] or kept
        return kept

    def changed(self, href: str, etag: str) -> bool:
        """Say whether `etag` differs from the one kept for `href`; the old blocks are then forgotten."""
        home = self._home(href)
        before = self._etags.get(href) or self._read_etag(home)
        if not before or before == etag:
            return False
        self.forget(href)
        return True

    def forget(self, href: str) -> None:
        """Drop everything kept of one file."""
        self._etags.pop(href, None)
        home = self._home(href)
        for path in _inside(home):
            with contextlib.suppress(OSError):
                path.unlink()

    def put(self, href: str, start: int, etag: str, body: bytes, size: int = 0) -> None:
        """Keep a block of a file of `size` bytes.

        A file without ETag or date is not kept, as a change of it could not be seen.
        """
        if not etag:
            return
        home = self._home(href)
        self._etags[href] = etag
        if self._read_etag(home) != etag:
            _place(home / "etag", json.dumps([etag, size]).encode())
        # a block that begins where another ends lengthens it, so a tile read in two parts is one block
        for begin, path in _of_file(home, etag):
            if 0 <= begin < start and _size(path) - 32 == start - begin:
                before = _whole(path) or b""
                # someone else may have lengthened or removed it in between
                if len(before) == start - begin:
                    body, start = before + body, begin
                    break
        _place(home / f"{_short(etag)}-{start}", hashlib.sha256(body).digest() + body)
        if self._tally(len(body) + 32) > self.limit_bytes // UNIT and _looking.acquire(blocking=False):
            try:
                self.prune()
            finally:
                _looking.release()

    def _tally(self, size: int) -> int:
        """Count a block of `size` bytes; return the units kept by all, over the limit if nobody counted so far."""
        try:
            # appending is one step for the system: no thread or process overwrites the count of another
            with (self.folder / "tally").open("ab", buffering=0) as file:
                if not file.tell():
                    file.truncate(self.limit_bytes // UNIT)
                file.write(bytes(_units(size)))
                return file.tell()
        except OSError:
            return 0

    def prune(self) -> None:
        """Remove the blocks used longest ago until the folder is a sixteenth below its limit; count anew what is kept."""
        tally, most = self.folder / "tally", self.limit_bytes // UNIT * 15 // 16
        begun = min(_size(tally), most)
        with contextlib.suppress(OSError):
            # others need not look until a sixteenth more was written
            os.truncate(tally, begun)
        found = []
        for home in (home for part in _inside(self.folder) for home in _inside(part)):
            for path in _inside(home):
                with contextlib.suppress(OSError):
                    state = path.stat()
                    if "-" in path.name:
                        found.append((state.st_mtime_ns, _units(state.st_size), path))
        total, homes = sum(units for _, units, _ in found), set()
        for _, units, path in sorted(found):
            if total <= most:
                break
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
                total -= units
                homes.add(path.parent)
        for home in homes:
            with contextlib.suppress(OSError):
                if not any("-" in path.name for path in _inside(home)):
                    (home / "etag").unlink(missing_ok=True)
                    home.rmdir()
        with contextlib.suppress(OSError):
            os.truncate(tally, total + max(_size(tally) - begun, 0))

    def _home(self, href: str) -> Path:
        # the query may hold a token that expires: it is no part of the name and is never written
        name = hashlib.sha256(urlsplit(href)._replace(query="", fragment="").geturl().encode()).hexdigest()
        return self.folder / name[:2] / name[2:34]

    def size(self, href: str) -> int | None:
        """Return the size of the whole file, None when it is not known."""
        return self._state(self._home(href))[1] or None

    def _read_etag(self, home: Path) -> str:
        return self._state(home)[0]

    def _state(self, home: Path) -> tuple[str, int]:
        try:
            etag, size = json.loads((home / "etag").read_text())
        except (OSError, ValueError):
            return "", 0
        return str(etag), int(size)


def _short(etag: str) -> str:
    return hashlib.sha256(etag.encode()).hexdigest()[:12]


def _inside(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing if it is none, or goes meanwhile."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _of_file(home: Path, etag: str) -> list[tuple[int, Path]]:
    """Return where each block of a file begins, and its path."""
    names = ((path.name.partition("-"), path) for path in _inside(home))
    return [(int(start), path) for (short, _, start), path in names if short == _short(etag) and start]


def _units(size: int) -> int:
    return -(-size // UNIT)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _whole(path: Path) -> bytes | None:
    """Return the block in a file, which is then the one used last; None if there is none or it is damaged."""
    try:
        kept = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    return kept[32:] if hashlib.sha256(kept[32:]).digest() == kept[:32] else None


def _place(path: Path, body: bytes) -> None:
    # a full disk must not stop a reading: the block is just not kept
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()
