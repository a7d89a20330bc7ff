"""Fetch byte ranges over https: counted, kept by ETag, and only from addresses that may be asked."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

import urllib3
from urllib3.util.connection import create_connection

from osint.errors import OsintError
from osint.http.blocks import Blocks
from osint.http.spent import Asked, Spent

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
        spent: Spent | None = None,
        blocks: Blocks | None = None,
        sign: Callable[[str], str] | None = None,
        headers: Callable[[str], dict[str, str]] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.spent = spent or Spent()
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
        self.spent.asked.append(Asked(href, start, len(whole), fetched))
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
