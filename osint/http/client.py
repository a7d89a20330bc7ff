"""Request one URL once, within limits, and hand back everything that came."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import IO, Any
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import extract_cookies_to_jar
from requests.utils import get_environ_proxies, select_proxy

from osint import __version__
from osint.errors import OsintError
from osint.http.addresses import ForbiddenAddressError, check_url, is_loopback_number, loopback_allowed, resolve

Spool = Callable[[], AbstractContextManager[IO[bytes]]]
"""Gives a file for a body on its way in."""

REDIRECTS = (301, 302, 303, 307, 308)
_SECRET = re.compile(
    r"(?i)(^|[_.-])(token|access_?key|api_?key|key|secret|password|passwd|pwd|sig|signature|sign|auth"
    r"|authorization|session|session_?id|sid|jsessionid|phpsessid|credential|ticket|code_?verifier)$"
)
_PATH_SECRET = re.compile(r"(?i);(jsessionid|phpsessid|sid)=[^/?;]*")


@dataclass(frozen=True)
class Limits:
    """How much of a stranger's server we take in."""

    max_bytes: int = 64 << 20
    """Of one body, before and after decompression."""
    max_seconds: float = 90.0
    """From the first connection to the last byte, redirects included."""
    head_seconds: float = 30.0
    """For the first headers; after as long, a body slower than min_rate is given up too."""
    min_rate: int = 1024
    """Bytes a second; a server that trickles is a fault, not a slow line."""
    silence_seconds: float = 20.0
    """Between two bytes, and for connecting."""
    max_redirects: int = 10
    """Hops followed."""
    max_ratio: int = 200
    """Decompressed bytes for each byte that came (above 1 MiB)."""


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Request:
    """One question to one host."""

    url: str
    """Absolute, http or https."""
    method: str = "GET"
    """GET or POST."""
    headers: dict[str, str] = field(default_factory=dict)
    """Beside those of every request."""
    body: bytes = b""
    """Of a POST."""
    legacy_tls: bool = False
    """Accept the old TLS renegotiation of this one host."""


@dataclass
class Answer:
    """All that came back, hop by hop; `trouble` is empty when the last answer is whole."""

    exchanges: list[Exchange]
    """Each hop with its body, as recorded."""
    final_url: str
    """Of the last hop, secrets stripped."""
    redirects: list[dict[str, Any]] = field(default_factory=list)
    """`url`, `status` and `location` of each hop before the last."""
    status: int | None = None
    """Of the last hop, None when no answer began."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the last hop, names in lower case."""
    body: bytes | None = None
    """Decoded body, None when no answer began."""
    trouble: str = ""
    """timeout, reset, empty reply, unreachable, refused, length, disconnect or encoding."""
    detail: str = ""
    """The trouble in words."""

    @property
    def media_type(self) -> str:
        """Media type without parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Deadline:
    """One deadline over connecting, handshake, headers and body, whatever the server trickles."""

    def __init__(self, seconds: float):
        self.began = time.monotonic()
        self.ends = self.began + seconds
        self.fired = False
        self._handles: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = self._clock(seconds)

    def _clock(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        return timer

    def until(self, seconds: float) -> None:
        """Move the deadline to so many seconds after the beginning."""
        self._timer.cancel()
        self.ends = self.began + seconds
        self._timer = self._clock(max(0.01, self.ends - time.monotonic()))
        self._timer.start()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    @contextlib.contextmanager
    def running(self) -> Iterator[Deadline]:
        """Run the clock for the body of the `with`."""
        token = _watch.set(self)
        self._timer.start()
        try:
            yield self
        finally:
            self._timer.cancel()
            _watch.reset(token)
            with self._lock:
                for handle in self._handles:
                    handle.close()

    @property
    def left(self) -> float:
        """Seconds until the cut, never less than a tenth."""
        return max(0.1, self.ends - time.monotonic())

    def over(self, sock: socket.socket) -> None:
        """Deadline a socket; a second handle of it stays valid when TLS takes the first."""
        with self._lock:
            self._handles.append(socket.fromfd(sock.fileno(), sock.family, sock.type))

    def _cut(self) -> None:
        self.fired = True
        with self._lock:
            for handle in self._handles:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)


_watch: ContextVar[Deadline | None] = ContextVar("watch", default=None)


def _connect(connection: Any) -> socket.socket:
    """Connect to the first answering address among those checked."""
    try:
        addresses = resolve(connection.host.strip("[]"), connection.port)
    except socket.gaierror as error:
        raise urllib3.exceptions.NameResolutionError(connection.host, connection, error) from error
    trouble: OSError = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(connection.timeout if isinstance(connection.timeout, int | float) else None)
            sock.connect(address)
        except OSError as error:
            sock.close()
            trouble = error
            continue
        watch = _watch.get()
        if watch is not None:
            watch.over(sock)
        return sock
    if isinstance(trouble, TimeoutError):
        raise urllib3.exceptions.ConnectTimeoutError(connection, "connecting took too long") from trouble
    raise urllib3.exceptions.NewConnectionError(connection, str(trouble)) from trouble


class _Plain(urllib3.connection.HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _Secure(urllib3.connection.HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """Direct connections through the check; a proxy that the user named is not checked."""

    def __init__(self, legacy_tls: bool):
        self.legacy_tls = legacy_tls
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self.legacy_tls:
            context = ssl.create_default_context()
            context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
            kwargs["ssl_context"] = context
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


def session(*, legacy_tls: bool = False) -> requests.Session:
    """Return a session that takes nothing from this machine but proxies and certificate authorities."""
    made = requests.Session()
    made.trust_env = False  # else requests sends what .netrc holds for the host
    made.headers.clear()
    made.mount("http://", _Adapter(legacy_tls))
    made.mount("https://", _Adapter(legacy_tls))
    bundle = next(filter(None, map(os.environ.get, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))), "")
    made.verify = bundle or True
    return made


def proxies(url: str) -> tuple[dict[str, str], bool]:
    """Return the proxies of the standard variables for a URL, and whether one applies (never to loopback)."""
    if loopback_allowed() and is_loopback_number(url):
        return {"no_proxy": "*"}, False
    found = get_environ_proxies(url)
    return found, select_proxy(url, found) is not None


def strip_secrets(url: str) -> str:
    """Return a URL without user name, password, fragment and the values of tokens."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return url
    pairs = parts.query.split("&") if parts.query else []
    kept = [_strip_pair(pair) for pair in pairs]
    path = _PATH_SECRET.sub(r";\1=stripped", parts.path)
    return urlunsplit((parts.scheme, host, path, "&".join(kept), ""))


def _strip_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    plain = parse_qsl(f"{name}=x", keep_blank_values=True)
    if value and _SECRET.search(plain[0][0] if plain else name):
        return f"{name}{equals}stripped"
    return pair


def user_agent() -> str:
    """Return how we name ourselves to hosts: the tool, and the contact if the user set OSINT_CONTACT."""
    contact = "".join(c for c in os.environ.get("OSINT_CONTACT", "") if c.isprintable()).strip()
    return f"osint-datacentres/{__version__}" + (f" (+{contact})" if contact else "")


@contextlib.contextmanager
def fetch(ask: Request, spool: Spool, limits: Limits | None = None) -> Iterator[Answer]:
    """Request a URL and give the answer; its bodies lie in files that last as long as the `with`.

    Addresses are checked on every hop at the moment of connecting. Nothing is raised for what the other
    side does: that is in `trouble`. Raises OsintError for a URL that may not be asked, a proxy that cannot
    be used, or a disk that refuses.
    """
    limits = limits or Limits()
    with contextlib.ExitStack() as stack:
        asker = stack.enter_context(session(legacy_tls=ask.legacy_tls))
        watch = stack.enter_context(Deadline(min(limits.head_seconds, limits.max_seconds)).running())
        yield _follow(ask, _Line(spool, limits, asker, watch, stack))


@dataclass(frozen=True)
class _Line:
    """What one fetch works with, over all its hops."""

    spool: Spool
    limits: Limits
    asker: requests.Session
    watch: Deadline
    stack: contextlib.ExitStack


def _follow(ask: Request, line: _Line) -> Answer:
    answer = Answer([], strip_secrets(ask.url))
    for _ in range(line.limits.max_redirects + 1):
        settings, proxied = proxies(ask.url)
        reason = check_url(ask.url, proxied=proxied)
        if reason:
            answer.trouble, answer.detail = "refused", f"{strip_secrets(ask.url)} was not asked: {reason}"
            return answer
        _hop(ask, line, settings, answer)
        location = _readable(answer.headers.get("location", ""))
        if answer.trouble or answer.status not in REDIRECTS or not location:
            return answer
        try:
            target = urljoin(ask.url, location)
        except ValueError:
            target = location
        hop = {"url": answer.final_url, "status": answer.status, "location": strip_secrets(target)}
        answer.redirects.append(hop)
        ask = _next(ask, answer.status, target)
    answer.trouble = "refused"
    answer.detail = f"more than {line.limits.max_redirects} redirects; {strip_secrets(ask.url)} was not asked"
    return answer


def _readable(header: str) -> str:
    """Return a header as the UTF-8 that it mostly is; HTTP libraries read it as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _next(ask: Request, status: int, target: str) -> Request:
    get = status == 303 or (status in (301, 302) and ask.method == "POST")
    same = urlsplit(target)[:2] == urlsplit(ask.url)[:2]
    return Request(
        target,
        "GET" if get else ask.method,
        ask.headers if same else {},
        b"" if get else ask.body,
        ask.legacy_tls and same,
    )


def _hop(ask: Request, line: _Line, settings: dict[str, str], answer: Answer) -> None:
    """Request one URL without following, and add the hop to the answer."""
    # a kept connection that the host closes between two hops would read as an empty reply
    sent = {
        "User-Agent": user_agent(),
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **ask.headers,
    }
    shown = [("User-Agent", f"osint-datacentres/{__version__}")]
    shown += [(name, value) for name, value in sent.items() if name != "User-Agent"]
    answer.final_url = strip_secrets(ask.url)
    answer.status, answer.headers, answer.body = None, {}, None
    asked = Exchange(answer.final_url, ask.method, shown, ask.body)
    try:
        response = _send(ask, sent, line, settings)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        answer.trouble, answer.detail = _explain(error, line)
        if answer.trouble != "refused" or answer.exchanges:
            answer.exchanges.append(asked)
        return
    with response:
        if line.watch.fired:  # cut in the middle of the headers, which then look whole
            answer.trouble, answer.detail = _explain(TimeoutError(), line)
            answer.exchanges.append(asked)
            return
        line.watch.until(line.limits.max_seconds)
        raw = line.stack.enter_context(line.spool())
        answer.trouble, answer.detail = _drain(response.raw, raw, line)
    answer.status = response.status_code
    answer.headers = {name.lower(): value for name, value in response.headers.items()}
    body = _decoded(raw, line, answer)
    body.seek(0)
    answer.body = body.read()
    body.seek(0)
    came = replace(
        asked,
        status_line=f"{response.status_code} {response.reason or ''}".strip(),
        headers=_kept_headers(response, len(answer.body), body is not raw),
        protocol="HTTP/1.0" if response.raw.version == 10 else "HTTP/1.1",
        truncated={"timeout": "time", "length": "length", "disconnect": "disconnect"}.get(answer.trouble, ""),
        body=body,
    )
    answer.exchanges.append(came)


def _send(ask: Request, sent: dict[str, str], line: _Line, settings: dict[str, str]) -> requests.Response:
    """Send through the adapter: the session would read the body of a redirect without any limit."""
    prepared = line.asker.prepare_request(requests.Request(ask.method, ask.url, sent, data=ask.body or None))
    response = line.asker.get_adapter(str(prepared.url)).send(
        prepared,
        stream=True,
        proxies=settings,
        timeout=min(line.limits.silence_seconds, line.watch.left),
        verify=line.asker.verify,
    )
    extract_cookies_to_jar(line.asker.cookies, prepared, response.raw)
    return response


def _drain(raw: urllib3.BaseHTTPResponse, spool: IO[bytes], line: _Line) -> tuple[str, str]:
    """Take the body as it comes; return the trouble and its words, empty when the body is whole."""
    taken = 0
    while True:
        seconds = line.watch.elapsed
        if seconds > line.limits.head_seconds and taken < seconds * line.limits.min_rate:
            return "timeout", f"trickled {taken} bytes in {seconds:.0f} s"
        try:
            piece = raw.read1(65536, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            short = _find(error, urllib3.exceptions.IncompleteRead) or _find(error, http.client.IncompleteRead)
            if short and not line.watch.fired:
                return "disconnect", f"the connection closed after {taken} bytes, before the body was whole"
            trouble, detail = _explain(error, line)
            trouble = "timeout" if trouble == "timeout" else "disconnect"
            return trouble, f"{detail}; {taken} bytes had come"
        if line.watch.fired:
            return "timeout", f"not whole after {line.limits.max_seconds:g} s; {taken} bytes had come"
        if not piece:
            return "", ""
        room = line.limits.max_bytes - taken
        spool.write(piece[:room])
        taken += len(piece[:room])
        if len(piece) > room:
            return "length", f"stopped at the limit of {line.limits.max_bytes} bytes; the body had not ended"


def _decoded(raw: IO[bytes], line: _Line, answer: Answer) -> IO[bytes]:
    """Return the body without its content encoding, or as it came when that cannot be undone in full."""
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity") or not raw.tell():
        return raw
    if encoding not in ("gzip", "x-gzip", "deflate"):
        answer.trouble = answer.trouble or "encoding"
        answer.detail = answer.detail or f"the body is compressed as {encoding!r} and kept as it came"
        return raw
    body = line.stack.enter_context(line.spool())
    raw.seek(0)
    reason = _inflate(raw, body, encoding, line)
    if not reason:
        return body
    answer.trouble = answer.trouble or ("length" if "limit" in reason else "encoding")
    answer.detail = answer.detail or f"{reason}; the compressed bytes are kept as they came"
    return raw


def _inflate(raw: IO[bytes], body: IO[bytes], encoding: str, line: _Line) -> str:
    """Undo gzip or deflate piece by piece; return why it was stopped, or an empty string."""
    limits = line.limits
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
                return f"the {encoding} stream is damaged ({error})"
            given += len(piece)
            body.write(piece)
            if given > limits.max_bytes:
                return f"decompression passed the limit of {limits.max_bytes} bytes"
            if given > (1 << 20) and given > limits.max_ratio * taken:
                return f"decompression passed the limit of {limits.max_ratio} bytes for each byte that came"
            data = engine.unconsumed_tail
            if engine.eof:
                data = engine.unused_data
                if not data or bits != 31:
                    break
                engine = zlib.decompressobj(bits)
    return "" if engine.eof else f"the {encoding} stream stops before its end"


def _kept_headers(response: requests.Response, length: int, decoded: bool) -> list[tuple[str, str]]:
    """Return the response headers for the record: identity coding, no cookies, no secrets."""
    kept = []
    for name, value in response.raw.headers.items():
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


def _explain(error: BaseException, line: _Line) -> tuple[str, str]:
    """Return the trouble and its words for what the network raised."""
    limits = line.limits
    if line.watch.fired:
        return "timeout", f"no whole answer within {line.watch.elapsed:.3g} s"
    if isinstance(error, requests.exceptions.InvalidSchema):
        msg = f"the proxy cannot be used ({error}); install PySocks for socks5h:// or change the variable"
        raise OsintError(msg) from error
    if found := _find(error, ForbiddenAddressError):
        return "refused", f"not asked: {found}"
    table: list[tuple[type[BaseException], str, str]] = [
        (requests.exceptions.ProxyError, "unreachable", "the proxy did not pass the request on"),
        (urllib3.exceptions.NameResolutionError, "unreachable", "the name does not resolve (DNS)"),
        (socket.gaierror, "unreachable", "the name does not resolve (DNS)"),
        (ssl.SSLError, "unreachable", "TLS failed: {}"),
        (ConnectionRefusedError, "unreachable", "the connection was refused"),
        (ConnectionResetError, "reset", "the connection was reset"),
        (BrokenPipeError, "reset", "the connection was reset"),
        (TimeoutError, "timeout", "no byte for {seconds:g} s"),
        (urllib3.exceptions.TimeoutError, "timeout", "no byte for {seconds:g} s"),
        (requests.exceptions.Timeout, "timeout", "no byte for {seconds:g} s"),
    ]
    if str(getattr(_find(error, ConnectionError), "args", "")).find("without response") >= 0:
        return "empty reply", "the connection was closed without a byte (empty reply)"
    for kind, trouble, words in table:
        if match := _find(error, kind):
            text = re.sub(r"\s*\(_ssl\.c:\d+\)", "", str(match.args[-1] if match.args else match))
            return trouble, words.format(text, seconds=limits.silence_seconds)
    return "unreachable", f"the answer could not be read as HTTP ({type(error).__name__})"
