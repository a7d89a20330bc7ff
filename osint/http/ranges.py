"""Read byte ranges of remote files: counted, kept on disk by ETag, and only from addresses that may be asked."""

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from osint import files
from osint.errors import NetworkError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.http.addresses import is_loopback, named_host
from osint.http.answers import Answer, Limits, Request, Trouble
from osint.http.byte_cache import ByteCache
from osint.http.client import Client
from osint.http.cost import Cost, RangeRead

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
    root = files.resolved(Path(catalogue))
    root = root if root.is_dir() else root.parent
    path = Path(unquote(urlsplit(href).path)) if href.startswith("file:") else Path(href)
    path = files.resolved(root / path)
    if not path.is_relative_to(root):
        raise RefusedError(f"the item points to {path.name}, outside the folder of its catalogue: not read")
    if not path.is_file():
        raise NotFoundError(f"{path.name} is not in the catalogue's folder")
    return path


def _shown(href: str) -> str:
    """Return an address without its query, which may hold a token."""
    parts = urlsplit(href)
    return f"{parts.hostname}{parts.path}"[-120:]
