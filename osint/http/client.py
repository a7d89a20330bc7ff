"""Ask a URL within limits, through the user's proxy where there is one, and hand back everything that came.

One client for pages, byte ranges, map tiles, tokens, catalogues and Overpass. It takes nothing from this machine but
the usual variables for proxies and certificate authorities, connects only to addresses that were checked, and gives
each connection back whatever the answer is.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import importlib.util
import io
import json
import math
import os
import re
import socket
import ssl
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies

import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from osint import __version__
from osint.errors import BadInputError, RefusedError
from osint.http.addresses import (
    ForbiddenAddressError,
    Origin,
    check_url,
    is_loopback,
    is_url,
    loopback_allowed,
    named_host,
    resolve,
)
from osint.http.secrets import strip_secrets

PARTIAL = 206
REDIRECTS = (301, 302, 303, 307, 308)
BUSY = frozenset({429, 500, 502, 503, 504})  # a host that may answer if it is asked again
CONNECTIONS = 32  # that a process holds to one host
BACKOFF_S = 0.5  # first pause before a host is asked again; each later one is twice as long
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name the certificate authorities to trust; the first that is set counts."""
_SMALL_BYTES = 64 << 10  # a body that nobody wants is read up to this size, to keep the connection
_PIECE_BYTES = 256 << 10  # of a body that are taken at once at most
_MAX_RATIO = 200  # decompressed bytes for each byte that came, above 1 MiB
_MAX_WAIT_S = 60.0  # longest pause between two attempts that a host may ask for; a longer one ends the matter
_TICK_S = 0.05
_DAY_S = 86_400
_CREDENTIALS = ("authorization", "proxy-authorization", "cookie")  # request headers that are sent and not kept
_CODINGS = ("gzip", "x-gzip", "deflate")  # that can be undone
_FOLLOWED = ("range", "accept", "accept-encoding")
"""Request headers that a redirect to another host still gets."""


NewFile = Callable[[], IO[bytes]]
Spool = Callable[[], AbstractContextManager[IO[bytes]]]
"""Gives a file for a body on its way in; its `write` takes all bytes or raises an OsintError."""


class Trouble(StrEnum):
    """Why an answer is not whole.

    No answer began: TIMEOUT, RESET, EMPTY_REPLY (closed without a byte), UNREACHABLE (name, connection, proxy,
    TLS, or not HTTP), REFUSED (a rule of this library forbids the address). The body is not whole: TIMEOUT,
    LENGTH (it passed a limit of size), DISCONNECT, ENCODING (unknown or damaged).
    """

    NONE = ""
    TIMEOUT = "timeout"
    RESET = "reset"
    EMPTY_REPLY = "empty reply"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    LENGTH = "length"
    DISCONNECT = "disconnect"
    ENCODING = "encoding"


_AGAIN = (Trouble.RESET, Trouble.EMPTY_REPLY, Trouble.DISCONNECT)
_TRUNCATED = {Trouble.TIMEOUT: "time", Trouble.LENGTH: "length", Trouble.DISCONNECT: "disconnect"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a stranger's server may take, and how much of it we take in."""

    max_bytes: int = 64 << 20
    """Largest body in bytes, compressed and decompressed."""
    max_seconds: float = 90.0
    """Longest time from the first connection to the last byte, redirects included."""
    head_seconds: float = 30.0
    """Longest time to the first headers; after as long, a body slower than `min_rate` is given up too."""
    min_rate: int = 1024
    """Least rate of a body in bytes per second; a server that trickles is a fault, not a slow line."""
    silence_seconds: float = 20.0
    """Longest wait to connect or for the next byte, in seconds."""
    max_redirects: int = 10
    """Redirects followed."""
    attempts: int = 1
    """Times that a URL is asked at most while its host is busy or drops the connection."""

    def __post_init__(self) -> None:
        """Raise BadInputError for a limit that lets nothing through."""
        for name in ("max_bytes", "max_seconds", "head_seconds", "silence_seconds", "attempts"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise BadInputError(f"the limit `{name}` must be more than 0 and finite, got {value:g}")


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one host."""

    url: str
    """Absolute URL, http or https."""
    method: str = "GET"
    """GET, HEAD or POST."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra request headers."""
    body: bytes = b""
    """Request body (POST only)."""
    legacy_tls: bool = False
    """Accept the old TLS renegotiation of this one host."""
    wanted: tuple[int, ...] = ()
    """Statuses whose body is wanted; of any other a small one is read at most. Empty wants all."""
    max_bytes: int = 0
    """Largest body in bytes where it is less than the limit of the client; 0 where it is not."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back for it, as an archive records it."""

    url: str
    """URL asked, secrets stripped."""
    method: str
    """GET or POST."""
    request_headers: list[tuple[str, str]] = field(default_factory=list)
    """Request headers as sent, without cookies, credentials or the contact."""
    request_body: bytes = b""
    """Form or JSON body of a POST."""
    status_line: str = ""
    """Status with its reason, such as `200 OK`; empty when nothing came back."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Response headers, in the order received."""
    protocol: str = "HTTP/1.1"
    """Version of the response."""
    truncated: str = ""
    """Why the body stops short: time, length, disconnect, or empty when it does not."""
    body: IO[bytes] | None = None
    """File with the body, None when nothing came back."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """One hop that led to another URL."""

    url: str
    """URL asked, secrets stripped."""
    status: int
    """Status of the answer."""
    location: str
    """URL that it led to, secrets stripped."""


@dataclass(slots=True)
class Answer:
    """All that came back; `trouble` is empty when the last answer is whole."""

    final_url: str
    """URL of the last hop, secrets stripped."""
    exchanges: list[Exchange] = field(default_factory=list)
    """Each hop with its body, as recorded; empty where no spool was given."""
    redirects: list[Redirect] = field(default_factory=list)
    """Each hop before the last."""
    status: int | None = None
    """Status of the last hop, None when no answer began."""
    headers: dict[str, str] = field(default_factory=dict)
    """Response headers of the last hop, names in lower case."""
    body: bytes | None = None
    """Decoded body, None when no answer began."""
    trouble: Trouble = Trouble.NONE
    """Why the answer is not whole."""
    detail: str = ""
    """The trouble in words."""
    requests: int = 0
    """Requests sent, repeated ones and redirects included."""
    received: int = 0
    """Body bytes received, as they came over the line."""

    @property
    def media_type(self) -> str:
        """Media type without parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def fault(self) -> str:
        """Why this is not a whole answer of success, in words; empty when it is."""
        if self.trouble:
            return self.detail
        if self.status is not None and 200 <= self.status < 300:
            return ""
        wait = retry_after_seconds(self.headers.get("retry-after", ""))
        again = f"ask again in {wait:.0f} s" if wait else "try again later" if self.status in BUSY else ""
        if wait and wait >= _DAY_S:  # a longer wait is read as a day
            again = "it wants to be left alone for a day or more"
        return f"it answered status {self.status}" + (f"; {again}" if again else "")


@contextlib.contextmanager
def fetch(request: Request, spool: Spool, limits: Limits | None = None) -> Iterator[Answer]:
    """Ask a URL once and give the answer; its bodies lie in files that last as long as the `with`.

    Addresses are checked on every hop at the moment of connecting. Nothing is raised for what the other
    side does: that is in `trouble`. Raises OsintError for a URL that may not be asked, a proxy that cannot
    be used, or a disk that refuses.
    """
    with contextlib.ExitStack() as stack:
        yield Client(limits).ask(request, lambda: stack.enter_context(spool()))


OFFLINE = "OSINT_OFFLINE"
"""Variable of the environment that forbids every question to the network while it is set."""


def is_offline() -> bool:
    """Return whether no question to the network is allowed; what was kept is still read."""
    return bool(os.environ.get(OFFLINE))


class Client:
    """Asks for one purpose, within limits.

    `named` is the address of a server that the user named: it may be anywhere, every other host must be public.
    `refuses` returns why a URL must not be asked (redirects included), or an empty string.
    """

    def __init__(
        self, limits: Limits | None = None, *, named: str = "", refuses: Callable[[str], str] = lambda url: ""
    ) -> None:
        self.limits = limits or Limits()
        self._named = named_host(named)
        self._refuses = refuses
        self._proxies: dict[tuple[str, str], str] = {}

    def ask(self, request: Request, spool: NewFile | None = None) -> Answer:
        """Ask, follow redirects, ask again where the host is busy, and return the last answer.

        With `spool` each body goes to a file as it comes, and each hop is recorded in `exchanges`. Raises
        OsintError for a proxy that cannot be used; all other trouble is in the answer.
        """
        if is_offline() and not is_loopback(request.url):
            host = urlsplit(request.url).hostname
            raise RefusedError(f"{host} is not asked: {OFFLINE}=1 (or --offline) allows no question to the network")
        answer = Answer(request.url)
        retry = urllib3.Retry(self.limits.attempts - 1, backoff_factor=BACKOFF_S, status_forcelist=BUSY)
        while True:
            answer.trouble, answer.detail, answer.redirects = Trouble.NONE, "", []
            with Deadline(min(self.limits.head_seconds, self.limits.max_seconds)) as deadline:
                self._follow(request, answer, deadline, spool)
            if answer.trouble not in _AGAIN and (answer.trouble or answer.status not in BUSY):
                return answer
            try:
                retry = retry.increment(request.method, request.url)
            except urllib3.exceptions.MaxRetryError:
                return answer
            asked = retry_after_seconds(answer.headers.get("retry-after", ""))
            pause = (retry.get_backoff_time() or BACKOFF_S) if asked is None else asked
            if pause > _MAX_WAIT_S:
                return answer
            time.sleep(pause)

    def _follow(self, request: Request, answer: Answer, deadline: Deadline, spool: NewFile | None) -> None:
        cookies = RequestsCookieJar()
        for _ in range(self.limits.max_redirects + 1):
            answer.final_url = strip_secrets(request.url)
            if reason := self._reason_against(request.url):
                shown = f"it redirected to {answer.final_url}, which" if answer.redirects else answer.final_url
                answer.trouble, answer.detail = Trouble.REFUSED, f"{shown} was not asked: {reason}"
                return
            hop = _Hop(self.limits, self._pools_for(request), self._proxy(request.url), answer, deadline)
            hop.run(request, cookies, spool)
            location = _readable(answer.headers.get("location", ""))
            if answer.trouble or answer.status not in REDIRECTS or not location:
                return
            try:
                target = urljoin(request.url, location)
            except ValueError:
                target = location
            answer.redirects.append(Redirect(answer.final_url, answer.status, strip_secrets(target)))
            request = _next(request, answer.status, target)
        answer.trouble = Trouble.REFUSED
        answer.detail = f"more than {self.limits.max_redirects} redirects; {strip_secrets(request.url)} was not asked"

    def _reason_against(self, url: str) -> str:
        if not is_url(url):
            return "it is not a URL"
        return self._refuses(url) or check_url(url, proxied=bool(self._proxy(url)), named=self._named)

    def _proxy(self, url: str) -> str:
        """Return the proxy for a URL; looked up once per host, as it reads the whole environment."""
        parts = urlsplit(url)
        host = parts.scheme, parts.netloc
        if host not in self._proxies:
            own = self._named is not None and named_host(url) == self._named
            self._proxies[host] = "" if own and is_loopback(url) else proxy_for(url)
        return self._proxies[host]

    def _pools_for(self, request: Request) -> urllib3.PoolManager:
        proxy = self._proxy(request.url)
        trust = _trust() if request.url.startswith("https:") or proxy.startswith("https:") else ""
        return _pools(proxy, trust, request.legacy_tls, self._named, os.getpid())


def _readable(header: str) -> str:
    """Return a header as the UTF-8 that it mostly is; HTTP libraries read it as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _next(request: Request, status: int, target: str) -> Request:
    get = status == 303 or (status in (301, 302) and request.method == "POST")
    # what is not a URL is refused by who follows
    same = is_url(target) and urlsplit(target)[:2] == urlsplit(request.url)[:2]
    return replace(
        request,
        url=target,
        method="GET" if get else request.method,
        headers={n: v for n, v in request.headers.items() if same or n.lower() in _FOLLOWED},
        body=b"" if get else request.body,
        legacy_tls=request.legacy_tls and same,
    )


class _Hop:
    """One request, its answer, and the connection between them, which is given back whatever comes."""

    def __init__(self, limits: Limits, pools: urllib3.PoolManager, proxy: str, answer: Answer, deadline: Deadline):
        self.limits, self.pools, self.proxy, self.answer, self.deadline = limits, pools, proxy, answer, deadline

    def run(self, request: Request, cookies: RequestsCookieJar, spool: NewFile | None) -> None:
        """Ask without following, and put what came into the answer."""
        answer, sent = self.answer, self._headers(request, cookies, recorded=spool is not None)
        answer.status, answer.headers, answer.body = None, {}, None
        answer.requests += 1
        shown = [(n, f"osint-datacentres/{__version__}" if n == "User-Agent" else v) for n, v in sent.items()]
        shown = [(n, "stripped" if n.lower() in _CREDENTIALS else v) for n, v in shown]
        asked = Exchange(answer.final_url, request.method, shown, request.body)
        try:
            response = self._send(request, sent)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            answer.trouble, answer.detail = self._explain(error)
            if spool and (answer.trouble is not Trouble.REFUSED or answer.exchanges):
                answer.exchanges.append(asked)
            return
        try:
            if self.deadline.fired:  # cut in the middle of the headers, which then look whole
                answer.trouble, answer.detail = self._explain(TimeoutError())
                if spool:
                    answer.exchanges.append(asked)
                return
            self.deadline.until(self.limits.max_seconds)
            answer.status = response.status
            answer.headers = {name.lower(): value for name, value in response.headers.items()}
            if "set-cookie" in answer.headers:
                extract_cookies_to_jar(cookies, requests.Request("GET", request.url).prepare(), response)
            self._take(request, asked, response, spool)
        finally:
            # closing what is not read to its end and giving back: else each such answer costs the pool a connection
            response.close()
            response.release_conn()

    def _headers(self, request: Request, cookies: RequestsCookieJar, *, recorded: bool) -> dict[str, str]:
        sent = {"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity", **request.headers}
        if recorded:
            # a kept connection that the host closes between two hops would read as an empty reply
            sent.setdefault("Connection", "close")
        if len(cookies) and (held := get_cookie_header(cookies, requests.Request("GET", request.url).prepare())):
            sent["Cookie"] = held
        return sent

    def _send(self, request: Request, sent: dict[str, str]) -> urllib3.BaseHTTPResponse:
        seconds = min(self.limits.silence_seconds, self.deadline.left)
        return self.pools.urlopen(
            request.method,
            request.url,
            body=request.body or None,
            headers=sent,
            timeout=urllib3.Timeout(connect=seconds, read=seconds),
            pool_timeout=10 * self.limits.max_seconds,
            preload_content=False,
            redirect=False,
            retries=False,
        )

    def _take(
        self, request: Request, asked: Exchange, response: urllib3.BaseHTTPResponse, spool: NewFile | None
    ) -> None:
        """Take a body, decode it where it is compressed, and record the exchange where bodies are spooled."""
        answer, new_file = self.answer, spool or io.BytesIO
        if request.wanted and response.status not in request.wanted:
            if response.length_remaining is not None and response.length_remaining <= _SMALL_BYTES:
                with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
                    response.read(decode_content=False)
            return
        body = raw = new_file()
        most = request.max_bytes or self.limits.max_bytes
        answer.trouble, answer.detail = self._drain(response, raw, most)
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity") and raw.tell() and response.status != PARTIAL:
            body = new_file()
            raw.seek(0)
            if not self._decode(raw, body, encoding, most):
                body = raw
        body.seek(0)
        answer.body = body.read()
        if spool:
            body.seek(0)
            came = replace(
                asked,
                status_line=f"{response.status} {response.reason or ''}".strip(),
                headers=kept_headers(response.headers.items(), len(answer.body), decoded=body is not raw),
                protocol="HTTP/1.0" if response.version == 10 else "HTTP/1.1",
                truncated=_TRUNCATED.get(answer.trouble, ""),
                body=body,
            )
            answer.exchanges.append(came)

    def _drain(self, response: urllib3.BaseHTTPResponse, sink: IO[bytes], most: int) -> tuple[Trouble, str]:
        """Write a body to a file piece by piece, as it comes; return the trouble and its words."""
        taken = 0
        while True:
            seconds = self.deadline.elapsed
            if seconds > self.limits.head_seconds and taken < seconds * self.limits.min_rate:
                return Trouble.TIMEOUT, f"trickled {taken} bytes in {seconds:.0f} s"
            try:
                # read() would lose, and not count, what came of a piece before the silence
                piece = response.read1(min(_PIECE_BYTES, most - taken + 1), decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                short = _find(error, urllib3.exceptions.IncompleteRead) or _find(error, http.client.IncompleteRead)
                if short and not self.deadline.fired:
                    return Trouble.DISCONNECT, f"the connection closed after {taken} bytes, before the body was whole"
                trouble, detail = self._explain(error)
                trouble = trouble if trouble is Trouble.TIMEOUT else Trouble.DISCONNECT
                return trouble, f"{detail}; {taken} bytes had come"
            if self.deadline.fired:
                return Trouble.TIMEOUT, f"not whole after {self.limits.max_seconds:g} s; {taken} bytes had come"
            if not piece:
                return Trouble.NONE, ""
            self.answer.received += len(piece)
            sink.write(piece[: most - taken])
            taken += len(piece)
            if taken > most:
                return Trouble.LENGTH, f"stopped at the limit of {most} bytes; the body had not ended"

    def _decode(self, raw: IO[bytes], body: IO[bytes], encoding: str, most: int) -> bool:
        """Undo a content encoding; say whether it could be undone in full, with the trouble in the answer."""
        if encoding not in _CODINGS:
            found = Trouble.ENCODING, f"the body is compressed as {encoding!r} and kept as it came"
        else:
            trouble, detail = inflate(raw, body, encoding, most)
            found = trouble, f"{detail}; the compressed bytes are kept as they came"
        if found[0] and not self.answer.trouble:
            self.answer.trouble, self.answer.detail = found
        return not found[0]

    def _explain(self, error: BaseException) -> tuple[Trouble, str]:
        """Return the trouble and its words for what the network raised."""
        if self.deadline.fired:
            return Trouble.TIMEOUT, f"no whole answer within {round(self.deadline.elapsed, 1):g} s"
        if found := _find(error, ForbiddenAddressError):
            return Trouble.REFUSED, f"not asked: {found}"
        if self.proxy and any(_find(error, kind) for kind in _NO_PROXY):
            return Trouble.UNREACHABLE, f"the proxy {strip_secrets(self.proxy)} did not pass the request on"
        for kind, trouble, words in _EXPLAINED:
            if match := _find(error, kind):
                text = re.sub(r"\s*\(_ssl\.c:\d+\)", "", str(match.args[-1] if match.args else match))
                return trouble, words.format(text, seconds=self.limits.silence_seconds)
        return Trouble.UNREACHABLE, f"the answer could not be read as HTTP ({type(error).__name__})"


_NO_PROXY = (
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)
_EXPLAINED: tuple[tuple[type[BaseException], Trouble, str], ...] = (
    (urllib3.exceptions.EmptyPoolError, Trouble.TIMEOUT, "all connections to the host stayed busy"),
    (socket.gaierror, Trouble.UNREACHABLE, "the name does not resolve (DNS)"),
    (ssl.SSLError, Trouble.UNREACHABLE, "TLS failed: {}"),
    (ConnectionRefusedError, Trouble.UNREACHABLE, "the connection was refused"),
    (http.client.RemoteDisconnected, Trouble.EMPTY_REPLY, "the connection was closed without a byte (empty reply)"),
    (ConnectionError, Trouble.RESET, "the connection was reset"),
    (TimeoutError, Trouble.TIMEOUT, "no byte for {seconds:g} s"),
    (urllib3.exceptions.TimeoutError, Trouble.TIMEOUT, "no byte for {seconds:g} s"),
)
"""Kind of error, trouble and its words; the first that fits counts."""


def inflate(raw: IO[bytes], body: IO[bytes], encoding: str, most: int) -> tuple[Trouble, str]:
    """Undo gzip or deflate piece by piece, up to `most` bytes; return why it was stopped, and the words for it."""
    if encoding not in _CODINGS:
        return Trouble.ENCODING, f"the body is compressed as {encoding[:40]!r}"
    head = raw.read(2)
    raw.seek(0)
    bits = 31 if encoding != "deflate" else 15 if head[:1] and (head[0] & 15) == 8 else -15
    engine = zlib.decompressobj(bits)
    taken = given = 0
    while data := raw.read(16384):
        taken += len(data)
        while data:
            try:
                piece = engine.decompress(data, 1 << 20)
            except zlib.error as error:
                return Trouble.ENCODING, f"the {encoding} stream is damaged ({error})"
            given += len(piece)
            body.write(piece)
            if given > most:
                return Trouble.LENGTH, f"decompression passed the limit of {most} bytes"
            if given > (1 << 20) and given > _MAX_RATIO * taken:
                return Trouble.LENGTH, f"decompression passed the limit of {_MAX_RATIO} bytes for each byte that came"
            data = engine.unconsumed_tail
            if engine.eof:
                data = engine.unused_data
                if not data or bits != 31:
                    break
                engine = zlib.decompressobj(bits)
    return (Trouble.NONE, "") if engine.eof else (Trouble.ENCODING, f"the {encoding} stream stops before its end")


# connections


class Deadline:
    """One deadline over connecting, handshake, headers and body, whatever the server trickles."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self.began = self.ends = math.inf
        self.fired = False
        self._handles: list[socket.socket] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._token = _deadline.set(self)
        self._running, due = _watched(os.getpid())
        self._running.add(self)
        due.set()
        return self

    def __exit__(self, *args: object) -> None:
        self._running.discard(self)
        _deadline.reset(self._token)
        with self._lock:
            for handle in self._handles:
                handle.close()

    def begin(self) -> None:
        """Start the clock at the first connection: waiting for a free one does not count."""
        if self.began == math.inf:
            self.began = time.monotonic()
            self.until(self._seconds)

    def until(self, seconds: float) -> None:
        """Move the deadline to so many seconds after the beginning."""
        self.ends = self.began + seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return max(0.0, time.monotonic() - self.began)

    @property
    def left(self) -> float:
        """Seconds until the cut, never less than a tenth."""
        return max(0.1, self.ends - time.monotonic())

    def over(self, sock: socket.socket) -> None:
        """Watch a socket; a second handle of it stays valid when TLS or the answer takes the first."""
        with self._lock:
            self._handles.append(socket.fromfd(sock.fileno(), sock.family, sock.type))

    def cut(self) -> None:
        """Shut the sockets down, so that who waits for a byte wakes up."""
        with self._lock:
            self.fired = True
            for handle in self._handles:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@functools.lru_cache(1)
def _watched(pid: int) -> tuple[set[Deadline], threading.Event]:
    """Return the deadlines that the one thread of this process looks after, and what wakes it."""
    running: set[Deadline] = set()
    due = threading.Event()

    def watch() -> None:
        while due.wait():
            for deadline in tuple(running):
                if time.monotonic() > deadline.ends:
                    deadline.cut()
            due.clear()
            if running:
                due.set()
                time.sleep(_TICK_S)

    threading.Thread(target=watch, name="osint-deadlines", daemon=True).start()
    return running, due


class _Watched(urllib3.connection.HTTPConnection):
    """Mixed into the connections of urllib3: the deadline of the request that uses one is over its socket."""

    def _new_conn(self) -> socket.socket:
        deadline = _deadline.get()
        if deadline is None:
            return super()._new_conn()
        deadline.begin()
        sock = super()._new_conn()
        deadline.over(sock)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send, under the deadline also when the connection is one that was kept."""
        if self.sock is not None and (deadline := _deadline.get()):
            deadline.begin()
            deadline.over(self.sock)
        super().request(*args, **kwargs)


class _Direct(urllib3.connection.HTTPConnection):
    """Mixed into the connections of urllib3: connects only to addresses that were checked, each tried in turn."""

    named: Origin | None = None

    def _new_conn(self) -> socket.socket:
        try:
            addresses = resolve(self.host.strip("[]"), self.port, self.named)
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(self.host, self, error) from error
        trouble: OSError = OSError("no address")
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)
                sock.connect(address)
            except OSError as error:
                sock.close()
                trouble = error
                continue
            return sock
        if isinstance(trouble, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError(self, "connecting took too long") from trouble
        raise urllib3.exceptions.NewConnectionError(self, str(trouble)) from trouble


@functools.lru_cache(32)
def _pools(proxy: str, trust: str, legacy_tls: bool, named: Origin | None, pid: int) -> urllib3.PoolManager:
    """Return the connections of this process for one way to the network; a search makes hundreds of small reads."""
    settings: dict[str, Any] = {"num_pools": 16, "maxsize": CONNECTIONS, "block": True, "retries": False}
    if trust:
        settings["ssl_context"] = _tls(trust, legacy_tls)
    if not proxy:
        manager = urllib3.PoolManager(**settings)
    elif proxy.startswith("socks"):
        from urllib3.contrib.socks import SOCKSProxyManager

        manager = SOCKSProxyManager(proxy, **settings)
    else:
        parts = urlsplit(proxy)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
        header = urllib3.make_headers(proxy_basic_auth=user) if user else {}
        manager = urllib3.ProxyManager(
            parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
            proxy_headers=header,
            proxy_ssl_context=settings.get("ssl_context"),
            **settings,
        )
    made = {}
    pool: Any
    for scheme, pool in manager.pool_classes_by_scheme.items():
        bases = (_Watched, pool.ConnectionCls) if proxy else (_Watched, _Direct, pool.ConnectionCls)
        connection = type(f"_{scheme}Connection", bases, {"named": named})
        made[scheme] = type(f"_{scheme}Pool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = made
    return manager


@functools.lru_cache(8)
def _tls(trust: str, legacy_tls: bool) -> ssl.SSLContext:
    folder = Path(trust).is_dir()
    try:
        context = ssl.create_default_context(cafile=None if folder else trust, capath=trust if folder else None)
    except OSError as error:
        name = _trust_variable() or "the package certifi"
        raise BadInputError(
            f"{name} names {trust}, which cannot be read as a file of PEM certificates; correct or unset it"
        ) from error
    if legacy_tls:
        context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    return context


def _trust_variable() -> str:
    return next((name for name in CERTIFICATES if os.environ.get(name)), "")


def _trust() -> str:
    """Return the file or folder with the certificate authorities to trust: the user's, else those of certifi."""
    name = _trust_variable()
    if not name:
        return DEFAULT_CA_BUNDLE_PATH
    if not Path(os.environ[name]).exists():
        raise BadInputError(f"{name} names {os.environ[name]}, which does not exist; correct or unset it")
    return os.environ[name]


def proxy_for(url: str) -> str:
    """Return the proxy that the usual variables name for a URL, or an empty string (never one to loopback).

    Names are looked up by the proxy, so socks5 is taken as socks5h and socks4 as socks4a. Raises BadInputError
    for a proxy that cannot be used: no request goes around it.
    """
    if loopback_allowed() and is_loopback(url):
        return ""
    proxy = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return ""
    scheme, _, rest = (proxy if "://" in proxy else f"http://{proxy}").partition("://")
    scheme = {"socks5": "socks5h", "socks4": "socks4a"}.get(scheme.lower(), scheme.lower())
    proxy = f"{scheme}://{rest}"
    reason = ""
    if scheme not in ("http", "https", "socks4a", "socks5h"):
        reason = f"its scheme is {scheme}; give http://, https:// or socks5h://"
    elif not is_url(proxy) or not urlsplit(proxy).hostname:
        reason = "it names no host; give a form such as http://proxy.example:3128"
    elif scheme.startswith("socks") and not importlib.util.find_spec("socks"):
        reason = "install PySocks for it, or change the variable"
    if reason:
        raise BadInputError(f"the proxy {strip_secrets(proxy)} of the environment cannot be used: {reason}")
    return proxy


def proxies_in_use() -> list[str]:
    """Return the proxies that the environment names, each with its kind and without its password."""
    return sorted(f"{kind}: {strip_secrets(url)}" for kind, url in getproxies().items() if kind != "no")


def retry_after_seconds(header: str) -> float | None:
    """Read a Retry-After header, seconds or a date; None where there is none to read."""
    try:
        return float(urllib3.Retry(retry_after_max=_DAY_S).parse_retry_after(header[:40]))
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return None


def read_json(body: bytes | str) -> Any:
    """Return what a JSON text of a stranger holds.

    Raises ValueError where it is none, is nested too deeply, or holds an integer that no float can hold.
    """
    try:
        return json.loads(body, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _integer(text: str) -> int:
    if len(text) > sys.float_info.max_10_exp:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def user_agent() -> str:
    """Return how we name ourselves to hosts: the tool, and the contact if the user set OSINT_CONTACT."""
    contact = "".join(c for c in os.environ.get("OSINT_CONTACT", "") if c.isprintable()).strip()
    return f"osint-datacentres/{__version__}" + (f" (+{contact})" if contact else "")


def kept_headers(headers: Iterable[tuple[str, str]], length: int, *, decoded: bool) -> list[tuple[str, str]]:
    """Return response headers for the record of a body of `length` bytes: no cookies, no secrets.

    Those that speak of the body as it came over the line are kept under names of their own, the coding where the body
    is `decoded`.
    """
    kept = []
    for name, value in headers:
        lower = name.lower()
        if lower in ("set-cookie", "set-cookie2"):
            kept.append((name, "stripped"))
        elif lower in ("transfer-encoding", "content-length") or (lower == "content-encoding" and decoded):
            kept.append((f"X-Archive-Orig-{name}", value))
        elif lower in ("location", "content-location", "refresh"):
            kept.append((name, strip_secrets(value)))
        else:
            kept.append((name, value))
    return [*kept, ("Content-Length", str(length))]


def _find(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """Return the first error of a kind among an error, its arguments and its causes."""
    seen: list[BaseException] = []
    queue: list[Any] = [error]
    while queue:
        one = queue.pop(0)
        if not isinstance(one, BaseException) or one in seen:
            continue
        if isinstance(one, kind):
            return one
        seen.append(one)
        queue += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return None
