"""Fetch byte ranges over https: counted, kept by ETag, and only from addresses that may be asked."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import ipaddress
import json
import os
import re
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit

import urllib3
from urllib3.util.connection import create_connection

from osint.errors import OsintError

AGENT = "osint-datacentres (+https://pypi.org/project/osint-datacentres)"
RETRIED = frozenset({429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
ATTEMPTS = 4
STALLED_S = 20.0
DEADLINE_S = 120.0
CONNECTIONS = 32
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
ENTITY = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class ReadError(OsintError):
    """One asset could not be read; the others can."""


class ChangedError(ReadError):
    """The file behind an address is not the one that was read before (its ETag differs)."""


def named_host(catalogue: str) -> tuple[str, str, int] | None:
    """Return (scheme, host, port) of a catalogue's address, None for a local one."""
    parts = urlsplit(catalogue)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def check_href(href: str, catalogue: str) -> None:
    """Raise unless an item of `catalogue` may point to `href`.

    Only https, or http on the very host and port of a loopback catalogue that the user named. The addresses
    that a name stands for are checked again when connecting, redirects included.
    """
    try:
        parts = urlsplit(href)
        port = parts.port
    except ValueError as error:
        raise ReadError(f"the item names no readable address ({href[:80]!r})") from error
    own = named_host(catalogue)
    if parts.scheme == "s3":
        msg = f"{href[:80]} is in a bucket whose readers pay, and this toolkit holds no account"
        raise ReadError(f"{msg}: use a collection with https addresses (sentinel-2-l2a, Planetary Computer)")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ReadError(f"the item points to {href[:80]!r}, and items may point only to https addresses")
    if "@" in parts.netloc:
        raise ReadError(f"the item's address carries a user name ({parts.hostname}): not read")
    if parts.scheme == "http":
        origin = ("http", parts.hostname, port or 80)
        if own != origin or not _is_loopback_name(parts.hostname):
            raise ReadError(f"the item points to {href[:80]!r}: plain http is read only on a loopback catalogue")


def _is_loopback_name(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_address(host: str, port: int, own: tuple[str, str, int] | None) -> str:
    """Return an address of `host` that may be connected to; raises when any of its addresses is not public.

    The user's own catalogue may be anywhere; every other name must stand for public addresses only. The
    connection is then made to this address and not to the name, so the answer cannot change in between.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ReadError(f"the name {host} was not found: check the network, then try again") from error
    addresses = [str(entry[4][0]) for entry in found]
    if own is None or (host, port) != own[1:]:
        for address in addresses:
            if not _is_public(address):
                raise ReadError(f"{host} stands for {address}, an address inside a private network: not read")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if ip in _NAT64:
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return bool(ip.is_global and not ip.is_multicast and (inner is None or inner.is_global))


class _Checked:
    """Mixed into urllib3's connections: resolves, checks, then connects to the checked address."""

    own: tuple[str, str, int] | None = None
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        address = checked_address(self.host, self.port, self.own)
        try:
            options = self.socket_options  # type: ignore[attr-defined]
            return create_connection((address, self.port), STALLED_S, socket_options=options)
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, f"{self.host} does not answer") from error
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, f"{self.host}: {error}") from error  # type: ignore[arg-type]


def checked_manager(catalogue: str, connections: int = CONNECTIONS) -> urllib3.PoolManager:
    """Return a pool of connections to public addresses and the named catalogue's own, nothing else."""
    own = named_host(catalogue)
    plain = type("_Plain", (_Checked, urllib3.connection.HTTPConnection), {"own": own})
    secure = type("_Secure", (_Checked, urllib3.connection.HTTPSConnection), {"own": own})
    pools = {
        "http": type("_PlainPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    manager = urllib3.PoolManager(num_pools=16, maxsize=connections, block=True, retries=False)
    manager.pool_classes_by_scheme = pools
    return manager


@functools.lru_cache(8)
def _shared_manager(catalogue: str, pid: int) -> urllib3.PoolManager:
    """Return the pool of this process: a search makes hundreds of small reads, each of which would connect anew."""
    return checked_manager(catalogue)


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

    Parameters: `catalogue` as the user named it (an address, or a folder for local files); `spent` counts;
    `blocks` keeps (None keeps nothing); `sign` turns an address into one with a short-lived token, just
    before it is asked, and what it returns is never stored.
    """

    def __init__(
        self,
        catalogue: str,
        spent: Cost | None = None,
        blocks: ByteCache | None = None,
        sign: Callable[[str], str] | None = None,
        headers: Callable[[str], dict[str, str]] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.spent = spent or Cost()
        self.blocks = blocks
        self.changed: set[str] = set()
        self._etags: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._sign = sign or (lambda href: href)
        self._headers = headers or (lambda href: {})
        self._pool = _shared_manager(catalogue, os.getpid())

    def get(self, href: str, start: int, length: int, level: str, floor: int | None = None) -> bytes:
        """Return `length` bytes from `start`, fewer at the end of the file but never fewer than `floor`."""
        if named_host(self.catalogue) is None and urlsplit(href).scheme in ("", "file"):
            return self._local(href, start, length)
        check_href(href, self.catalogue)
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
        self.spent.asked.append(RangeRead(href, start, len(whole), fetched))
        if len(whole) < least:
            raise ReadError(f"{_shown(href)} ends after {start + len(whole)} bytes: the file is cut short")
        return whole

    def _kept(self, href: str, start: int) -> bytes:
        return (self.blocks.get(href, start) if self.blocks else None) or b""

    def whole(self, href: str, level: str, limit: int, body: bytes | None = None) -> bytes:
        """Return a whole small file of at most `limit` bytes, by GET, or by POST of `body` (never kept)."""
        check_href(href, self.catalogue)
        kept = self.blocks.get(quote(href, safe=""), 0) if self.blocks and body is None else None
        return kept if kept is not None else self._retried(lambda: self._get_whole(href, level, limit, body), href)

    def _get_whole(self, href: str, level: str, limit: int, body: bytes | None) -> bytes:
        self.spent.add(level, requests=1)
        timeout = urllib3.Timeout(connect=STALLED_S, read=STALLED_S if body is None else DEADLINE_S)
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._pool.request(
            "GET" if body is None else "POST",
            href,
            body=body,
            headers=headers,
            preload_content=False,
            redirect=False,
            timeout=timeout,
        )
        with contextlib.closing(answer):
            if answer.status in RETRIED:
                answer.drain_conn()
                raise _AgainError(f"status {answer.status}")
            if answer.status != 200:
                raise ReadError(f"{_shown(href)} answered status {answer.status}")
            got = _read(answer, limit + 1, href)
            if len(got) > limit:
                raise ReadError(f"{_shown(href)} is larger than {limit:,} bytes: not read")
            self.spent.add(level, size=len(got))
            if self.blocks and body is None:
                self.blocks.put(quote(href, safe=""), 0, answer.headers.get("ETag") or "undated", got)
            answer.release_conn()
            return got

    def size(self, href: str, level: str) -> int:
        """Return the size of a file in bytes, as the answer to its first range said."""
        if named_host(self.catalogue) is None and urlsplit(href).scheme in ("", "file"):
            return local_path(href, self.catalogue).stat().st_size
        kept = self.blocks.size(href) if self.blocks else None
        if kept is None and href not in self._sizes:
            check_href(href, self.catalogue)
            self._fetch(href, 0, 1 << 16, level)
        size = kept or self._sizes.get(href, 0)
        if not size:
            raise ReadError(f"{_shown(href)} does not say how long it is")
        return size

    def _local(self, href: str, start: int, length: int) -> bytes:
        path = local_path(href, self.catalogue)
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)

    def _fetch(self, href: str, start: int, length: int, level: str) -> bytes:
        return self._retried(lambda: self._once(href, start, length, level), href)

    def _retried(self, ask: Callable[[], bytes], href: str) -> bytes:
        last = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(min(0.3 * 3**attempt, 20.0) if not last.startswith("wait ") else float(last[5:]))
            try:
                return ask()
            except _AgainError as again:
                last = str(again)
            except urllib3.exceptions.ReadTimeoutError:
                raise ReadError(f"{_shown(href)} stalled for {STALLED_S:g} s: try again later") from None
            except (urllib3.exceptions.HTTPError, OSError) as error:
                last = f"{type(error).__name__}"
        raise ReadError(f"{_shown(href)} failed {ATTEMPTS} times (last: {last}): try again later")

    def _once(self, href: str, start: int, length: int, level: str) -> bytes:
        url = self._sign(href)
        headers = {
            "Range": f"bytes={start}-{start + length - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": AGENT,
            **self._headers(href),
        }
        for _ in range(MAX_REDIRECTS + 1):
            self.spent.add(level, requests=1)
            timeout = urllib3.Timeout(connect=STALLED_S, read=STALLED_S)
            answer = self._pool.request(
                "GET", url, headers=headers, preload_content=False, redirect=False, timeout=timeout
            )
            with contextlib.closing(answer):
                if answer.status in REDIRECTS:
                    url = urljoin(url, answer.headers.get("Location", ""))
                    check_href(url, self.catalogue)
                    headers.pop("Authorization", None)
                    answer.drain_conn()
                    continue
                return self._body(answer, href, start, length, level)
        raise ReadError(f"{_shown(href)} redirects more than {MAX_REDIRECTS} times: not followed")

    def _body(self, answer: urllib3.BaseHTTPResponse, href: str, start: int, length: int, level: str) -> bytes:
        if answer.status in RETRIED:
            wait = answer.headers.get("Retry-After", "")
            answer.drain_conn()
            raise _AgainError(f"wait {min(float(wait), 20.0)}" if wait.isdigit() else f"status {answer.status}")
        _check_status(answer, href, start)
        etag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        if self._etags.setdefault(href, etag) != etag or (self.blocks and self.blocks.changed(href, etag)):
            self._etags.pop(href, None)
            if self.blocks:
                self.blocks.forget(href)
            self.changed.add(href)
            raise ChangedError(f"{_shown(href)} is not the file that was read before (its ETag changed)")
        body = _read(answer, length, href)
        self.spent.add(level, size=len(body))
        declared = ENTITY.fullmatch(answer.headers.get("Content-Range", ""))
        if declared and len(body) != int(declared[2]) - int(declared[1]) + 1:
            raise _AgainError(f"{len(body)} of {int(declared[2]) - int(declared[1]) + 1} bytes came")
        self._sizes[href] = int(declared[3]) if declared and declared[3] != "*" else 0
        if self.blocks:
            self.blocks.put(href, start, etag, body, self._sizes[href])
        answer.release_conn()
        return body


class _AgainError(Exception):
    """Worth another try."""


def _check_status(answer: urllib3.BaseHTTPResponse, href: str, start: int) -> None:
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if answer.status in (401, 403):
        raise ReadError(f"{_shown(href)} may not be read without an account (status {answer.status})")
    if answer.status == 416:
        raise ReadError(f"{_shown(href)} ends before byte {start}: the file is cut short")
    if answer.status != 206:
        what = f"a page ({kind})" if kind == "text/html" else "the whole file, ignoring the range,"
        what = what if answer.status == 200 else f"status {answer.status}"
        raise ReadError(f"{_shown(href)} answered {what} in place of a range of bytes")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise ReadError(f"{_shown(href)} compressed a range of bytes on the way: such a range cannot be placed")
    declared = ENTITY.fullmatch(answer.headers.get("Content-Range", ""))
    if not declared or int(declared[1]) != start:
        raise ReadError(f"{_shown(href)} answered another range than the one asked for")


def _read(answer: urllib3.BaseHTTPResponse, length: int, href: str) -> bytes:
    """Read at most `length` bytes within the deadline: a slow drip is a stall too."""
    begun, parts, size = time.monotonic(), [], 0
    while size < length:
        part = answer.read(min(length - size, 1 << 18), decode_content=False)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if time.monotonic() - begun > DEADLINE_S:
            raise ReadError(f"{_shown(href)} took over {DEADLINE_S:g} s for {size} bytes: try again later")
    return b"".join(parts)


def local_path(href: str, catalogue: str) -> Path:
    """Return the file that an item of a local catalogue names; it must lie inside the catalogue's folder."""
    root = Path(catalogue).resolve()
    root = root if root.is_dir() else root.parent
    path = Path(unquote(urlsplit(href).path)) if href.startswith("file:") else Path(href)
    path = (root / path).resolve()
    if not path.is_relative_to(root):
        raise ReadError(f"the item points to {path.name}, outside the folder of its catalogue: not read")
    if not path.is_file():
        raise ReadError(f"{path.name} is not in the catalogue's folder")
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


LIMIT_BYTES = 4 << 30
UNIT = 4096
"""Bytes of a cluster of most disks, in which use is counted."""
_looking = threading.Lock()


class ByteCache:
    """ByteCache under `folder`, a file per address, ETag and start; the oldest go once `limit_bytes` is passed.

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


class RangeRead(NamedTuple):
    """A range of bytes that somebody asked for."""

    href: str
    start: int
    length: int
    fetched: int
    """Bytes of it that were not kept from before."""


@dataclass
class Cost:
    """Requests and body bytes of one read, by level ("list", "scl", "overview", "full", "tile")."""

    requests: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    asked: list[RangeRead] = field(default_factory=list, repr=False)
    """Ranges that were asked for, kept ones too."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, level: str, requests: int = 0, size: int = 0) -> None:
        """Count requests sent and body bytes received."""
        with self._lock:
            self.requests[level] = self.requests.get(level, 0) + requests
            self.bytes[level] = self.bytes.get(level, 0) + size

    @property
    def total_requests(self) -> int:
        """Requests of all levels."""
        return sum(self.requests.values())

    @property
    def total_bytes(self) -> int:
        """Bytes of all levels."""
        return sum(self.bytes.values())


def bytes_by_reader(readings: Sequence[Sequence[RangeRead]]) -> list[int]:
    """Return the bytes that each reading would have fetched, had they been made one after the other.

    Which of several at once fetches what they share is chance; that it is fetched once is not. Of an address and start
    the first pays what it asked for beyond what was kept before all of them, a later one what it asked beyond that.
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
