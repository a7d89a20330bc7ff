"""Ask a URL within limits, through the user's proxy where there is one, and hand back everything that came.

One client for pages, byte ranges, map tiles, tokens, catalogues and Overpass. It gives each connection back whatever
the answer is.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header

from osint import __version__
from osint.errors import RefusedError
from osint.http.addresses import ForbiddenAddressError, check_url, is_loopback, is_url, named_host
from osint.http.answers import BUSY, Answer, Exchange, Limits, Redirect, Request, Trouble, retry_after_seconds
from osint.http.bodies import CODINGS, inflate, kept_headers
from osint.http.connections import Deadline, pools, proxy_for, trusted
from osint.http.secrets import strip_secrets

PARTIAL = 206
REDIRECTS = (301, 302, 303, 307, 308)
BACKOFF_S = 0.5  # first pause before a host is asked again; each later one is twice as long
_SMALL_BYTES = 64 << 10  # a body that nobody wants is read up to this size, to keep the connection
_PIECE_BYTES = 256 << 10  # of a body that are taken at once at most
_MAX_WAIT_S = 60.0  # longest pause between two attempts that a host may ask for; a longer one ends the matter
_CREDENTIALS = ("authorization", "proxy-authorization", "cookie")  # request headers that are sent and not kept
_FOLLOWED = ("range", "accept", "accept-encoding")
"""Request headers that a redirect to another host still gets."""
NewFile = Callable[[], IO[bytes]]
Spool = Callable[[], AbstractContextManager[IO[bytes]]]
"""Gives a file for a body on its way in; its `write` takes all bytes or raises an OsintError."""
_AGAIN = (Trouble.RESET, Trouble.EMPTY_REPLY, Trouble.DISCONNECT)
_TRUNCATED = {Trouble.TIMEOUT: "time", Trouble.LENGTH: "length", Trouble.DISCONNECT: "disconnect"}


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
        trust = trusted() if request.url.startswith("https:") or proxy.startswith("https:") else ""
        return pools(proxy, trust, request.legacy_tls, self._named, os.getpid())


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
        stated = response.headers.get("content-length", "")
        if not answer.trouble and any(not re.fullmatch("[0-9]*", one.strip()) for one in stated.split(",")):
            detail = f"its Content-Length is no number of bytes ({stated[:60]}); {raw.tell()} came"
            answer.trouble, answer.detail = Trouble.DISCONNECT, detail
        named = [response.headers.get(name, "").strip().lower() for name in ("content-encoding", "transfer-encoding")]
        # of chunks alone http.client knows how to undo them; of chunks beside a coding it leaves both
        encoding = ", ".join(one for one in named if one not in ("", "identity", "chunked"))
        if encoding and raw.tell() and response.status != PARTIAL:
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
        if encoding not in CODINGS:
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


def user_agent() -> str:
    """Return how we name ourselves to hosts: the tool, and the contact if the user set OSINT_CONTACT."""
    contact = "".join(c for c in os.environ.get("OSINT_CONTACT", "") if c.isprintable()).strip()
    return f"osint-datacentres/{__version__}" + (f" (+{contact})" if contact else "")


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
