"""Keep blocks of remote files on disk by address and ETag, within a limit that holds over threads and processes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

LIMIT_BYTES = 4 << 30  # that a cache keeps at most
UNIT = 4096  # bytes of a cluster on most disks; disk use is counted in clusters
_looking = threading.Lock()


class ByteCache:
    """Blocks under `folder`, a file per address, ETag and start; the oldest go once `limit_bytes` is passed.

    Every file begins with the SHA-256 of the rest, and is put in place by a rename: a reader sees a whole
    block or none, and a damaged one is as good as none. Disk use is known without listing the folder: the file
    `tally` holds one byte per UNIT stored.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes
        self._etags: dict[str, str] = {}

    def get(self, href: str, start: int) -> bytes | None:
        """Return what is kept of `href` from byte `start` on, None when nothing is."""
        home, etag = self._home(href), self.etag(href)
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

    def etag(self, href: str) -> str:
        """Return the ETag of what is kept of `href`, an empty string when nothing is."""
        return self._etags.get(href) or _state(self._home(href))[0]

    def size(self, href: str) -> int:
        """Return the size of the whole file in bytes, 0 when it is not known."""
        return _state(self._home(href))[1]

    def forget(self, href: str) -> None:
        """Drop everything kept of one file."""
        self._etags.pop(href, None)
        for path in _inside(self._home(href)):
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
        if _state(home)[0] != etag:
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
        """Remove the blocks used longest ago until the folder is a sixteenth below its limit, and count again."""
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
        # the query may hold a token that expires: it is not part of the name and is never written
        name = hashlib.sha256(urlsplit(href)._replace(query="", fragment="").geturl().encode()).hexdigest()
        return self.folder / name[:2] / name[2:34]


def _state(home: Path) -> tuple[str, int]:
    """Return ETag and size of a kept file; an empty string and 0 when nothing is kept."""
    try:
        etag, size = json.loads((home / "etag").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return "", 0
    return str(etag), int(size)


def _short(etag: str) -> str:
    return hashlib.sha256(etag.encode()).hexdigest()[:12]


def _inside(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing if it does not exist, or goes meanwhile."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _of_file(home: Path, etag: str) -> list[tuple[int, Path]]:
    """Return where each block of a file begins, and its path."""
    prefix = f"{_short(etag)}-"
    return [(int(path.name[len(prefix) :]), path) for path in _inside(home) if path.name.startswith(prefix)]


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


def cache_folder() -> Path:
    """Return the folder for kept bytes: `OSINT_CACHE`, or the user's own cache folder."""
    named = os.environ.get("OSINT_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "osint-datacentres"
