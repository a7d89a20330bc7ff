"""Read byte ranges of remote files: counted, kept on disk by ETag, and only from addresses that may be asked."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from osint.errors import NetworkError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.http.addresses import is_loopback, named_host
from osint.http.answers import Answer, Limits, Request, Trouble
from osint.http.client import Client

LIMITS = Limits(max_seconds=120.0, min_rate=0, max_redirects=3, attempts=4)
"""Limits of one range or one small file."""
ENTITY = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class ChangedError(NetworkError):
    """The file behind an address is not the one that was read before (its ETag differs)."""


@functools.lru_cache(1024)
def reason_against(href: str, catalogue: str) -> str:
    """Return why an item of `catalogue` may not point to `href`, or an empty string.

    Only https, or http on the very host and port of a loopback catalogue that the user named. The addresses
    that a name stands for are checked again when connecting, redirects included.
    """
    try:
        parts = urlsplit(href)
        origin = named_host(href)
    except ValueError:
        return f"{href[:80]!r} is not a readable address"
    if parts.scheme == "s3":
        what = f"{href[:80]} is in a bucket whose readers pay, and this library holds no account"
        return f"{what}: use a collection with https addresses (sentinel-2-l2a, Planetary Computer)"
    if origin is None:
        return f"{href[:80]!r} is not an https address, and only those are read"
    if "@" in parts.netloc:
        return f"the address carries a user name ({parts.hostname}): not read"
    if parts.scheme == "http" and (origin != named_host(catalogue) or not is_loopback(href)):
        return f"{href[:80]!r}: plain http is read only on a loopback catalogue"
    return ""


def _turn(href: str, start: int) -> threading.Lock:
    """Return the lock of those who ask for the same bytes: one fetches them, the others find them kept."""
    turns = _turns(os.getpid())
    return turns[hash((href, start)) % len(turns)]


@functools.lru_cache(1)
def _turns(pid: int) -> tuple[threading.Lock, ...]:
    # so many that two who ask for different bytes hardly ever wait for each other
    return tuple(threading.Lock() for _ in range(4096))


class Ranges:
    """Byte ranges of the files that a catalogue's items name, remembered on disk.

    `catalogue` is what the user named (an address, or a folder for local files); `cost` counts; `cache` keeps
    (None keeps nothing); `sign` turns an address into one with a short-lived token, just before it is asked,
    and what it returns is never stored; `headers` gives extra request headers for an address.
    """

    def __init__(
        self,
        catalogue: str,
        cost: Cost | None = None,
        cache: ByteCache | None = None,
        sign: Callable[[str], str] | None = None,
        headers: Callable[[str], dict[str, str]] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.cost = cost or Cost()
        self.cache = cache
        self.changed: set[str] = set()
        self._etags: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._sign = sign or (lambda href: href)
        self._headers = headers or (lambda href: {})
        self._client = Client(LIMITS, named=catalogue, refuses=lambda url: reason_against(url, catalogue))

    def get(self, href: str, start: int, length: int, level: str, floor: int | None = None) -> bytes:
        """Return `length` bytes from `start`, fewer at the end of the file but never fewer than `floor`."""
        if self._is_local(href):
            with local_path(href, self.catalogue).open("rb") as file:
                file.seek(start)
                return file.read(length)
        self._check(href)
        least, fetched = floor or length, 0
        whole = self._kept(href, start)
        if len(whole) < least:
            with _turn(href, start):
                # another thread may have fetched it meanwhile
                whole = self._kept(href, start)
                if len(whole) < least:
                    more = self._fetch(href, start + len(whole), length - len(whole), level)
                    whole, fetched = whole + more, len(more)
        whole = whole[:length]
        self.cost.asked.append(RangeRead(href, start, len(whole), fetched))
        if len(whole) < least:
            raise UnreadableError(f"{_shown(href)} ends after {start + len(whole)} bytes: the file is cut short")
        return whole

    def whole(self, href: str, level: str, limit: int) -> bytes:
        """Return a whole small file of at most `limit` bytes."""
        self._check(href)
        if self.cache and (kept := self.cache.get(quote(href, safe=""), 0)) is not None:
            return kept
        answer = self._ask(Request(href, wanted=(200,), max_bytes=limit), level)
        if answer.fault:
            raise _kind(answer)(f"{_shown(href)}: {answer.fault}")
        got = answer.body or b""
        if self.cache:
            self.cache.put(quote(href, safe=""), 0, answer.headers.get("etag") or "undated", got)
        return got

    def size(self, href: str, level: str) -> int:
        """Return the size of a file in bytes, as the answer to its first range said."""
        if self._is_local(href):
            return local_path(href, self.catalogue).stat().st_size
        kept = self.cache.size(href) if self.cache else 0
        if not kept and href not in self._sizes:
            self._check(href)
            self._fetch(href, 0, 1 << 16, level)
        size = kept or self._sizes[href]
        if not size:
            raise NetworkError(f"{_shown(href)} does not say how long it is")
        return size

    def _is_local(self, href: str) -> bool:
        return named_host(self.catalogue) is None and urlsplit(href).scheme in ("", "file")

    def _check(self, href: str) -> None:
        if reason := reason_against(href, self.catalogue):
            raise RefusedError(reason)

    def _kept(self, href: str, start: int) -> bytes:
        return (self.cache.get(href, start) if self.cache else None) or b""

    def _ask(self, request: Request, level: str) -> Answer:
        answer = self._client.ask(request)
        self.cost.add(level, requests=answer.requests, size=answer.received)
        return answer

    def _fetch(self, href: str, start: int, length: int, level: str) -> bytes:
        headers = {"Range": f"bytes={start}-{start + length - 1}", **self._headers(href)}
        request = Request(self._sign(href), headers=headers, wanted=(206,), max_bytes=length)
        answer = self._ask(request, level)
        if reason := _reason_not_range(answer, start):
            raise _kind(answer)(f"{_shown(href)} {reason}")
        etag = answer.headers.get("etag") or answer.headers.get("last-modified") or ""
        if self._etags.setdefault(href, etag) != etag or (self.cache and self.cache.etag(href) not in ("", etag)):
            self._etags.pop(href, None)
            if self.cache:
                self.cache.forget(href)
            self.changed.add(href)
            raise ChangedError(f"{_shown(href)} is not the file that was read before (its ETag changed)")
        body = answer.body or b""
        size = answer.headers["content-range"].rpartition("/")[2]
        self._sizes[href] = int(size) if size != "*" else 0
        if self.cache:
            self.cache.put(href, start, etag, body, self._sizes[href])
        return body


def _kind(answer: Answer) -> type[OsintError]:
    return RefusedError if answer.trouble is Trouble.REFUSED else NetworkError


def _reason_not_range(answer: Answer, start: int) -> str:
    """Return why an answer is not the range of bytes that was asked for, or an empty string."""
    if answer.status in (401, 403):
        return f"may not be read without an account (status {answer.status})"
    if answer.status == 416:
        return f"ends before byte {start}: the file is cut short"
    if answer.status == 200:
        what = "a page" if answer.media_type == "text/html" else "the whole file, ignoring the range,"
        return f"answered {what} instead of a range of bytes"
    if answer.fault or answer.status != 206:
        return f"was not read: {answer.fault or f'it answered status {answer.status}'}"
    if answer.headers.get("content-encoding", "identity") != "identity":
        return "compressed a range of bytes on the way: such a range cannot be placed"
    declared = ENTITY.fullmatch(answer.headers.get("content-range", ""))
    if not declared or int(declared[1]) != start:
        return "answered another range than the one asked for"
    came, due = len(answer.body or b""), int(declared[2]) - start + 1
    return f"sent {came} of {due} bytes; try again later" if came != due else ""


def local_path(href: str, catalogue: str) -> Path:
    """Return the file that an item of a local catalogue names; it must lie inside the catalogue's folder."""
    root = Path(catalogue).resolve()
    root = root if root.is_dir() else root.parent
    path = Path(unquote(urlsplit(href).path)) if href.startswith("file:") else Path(href)
    path = (root / path).resolve()
    if not path.is_relative_to(root):
        raise RefusedError(f"the item points to {path.name}, outside the folder of its catalogue: not read")
    if not path.is_file():
        raise NotFoundError(f"{path.name} is not in the catalogue's folder")
    return path


def cache_folder() -> Path:
    """Return the folder for kept bytes: `OSINT_CACHE`, or the user's own cache folder."""
    named = os.environ.get("OSINT_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "osint-datacentres"


def _shown(href: str) -> str:
    """Return an address without its query, which may hold a token."""
    parts = urlsplit(href)
    return f"{parts.hostname}{parts.path}"[-120:]


LIMIT_BYTES = 4 << 30  # that a cache keeps at most
UNIT = 4096  # bytes of a cluster on most disks; disk use is counted in clusters
_looking = threading.Lock()


class ByteCache:
    """ByteCache under `folder`, a file per address, ETag and start; the oldest go once `limit_bytes` is passed.

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
    except (OSError, ValueError):
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
