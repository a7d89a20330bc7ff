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
_PRUNE_EVERY = 64 << 20


class Blocks:
    """Blocks under `folder`, a file per address, ETag and start; the oldest go once `limit_bytes` is passed.

    Every file begins with the SHA-256 of the rest, and is put in place by a rename: a reader sees a whole
    block or none, and a damaged one is as good as none.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = Path(folder)
        self.limit_bytes = limit_bytes
        self._etags: dict[str, str] = {}
        self._written = 0
        self._lock = threading.Lock()

    def get(self, href: str, start: int) -> bytes | None:
        """Return what is kept of `href` from byte `start` on, None when nothing is."""
        home = self._home(href)
        etag = self._etags.get(href) or self._read_etag(home)
        if not etag:
            return None
        self._etags[href] = etag
        path = home / f"{_short(etag)}-{start}"
        try:
            kept = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return kept[32:] if hashlib.sha256(kept[32:]).digest() == kept[:32] else None

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
        for path in home.glob("*"):
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
        for path in home.glob(f"{_short(etag)}-*"):
            begin = int(path.name.rpartition("-")[2])
            if 0 <= begin < start and path.stat().st_size - 32 == start - begin:
                body, start = path.read_bytes()[32:] + body, begin
                break
        _place(home / f"{_short(etag)}-{start}", hashlib.sha256(body).digest() + body)
        with self._lock:
            self._written += len(body)
            due, self._written = self._written >= min(_PRUNE_EVERY, self.limit_bytes // 4), self._written
            self._written = 0 if due else self._written
        if due:
            self.prune()

    def prune(self) -> None:
        """Remove the blocks used longest ago until the folder is within its limit."""
        found = []
        for path in self.folder.glob("*/*/*-*"):
            with contextlib.suppress(OSError):
                state = path.stat()
                found.append((state.st_mtime_ns, state.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.limit_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size

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


def _place(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(name).replace(path)
    except OSError:
        # a full disk must not stop a reading: the block is just not kept
        with contextlib.suppress(OSError):
            Path(name).unlink()
