"""Open connections only to addresses that were checked, and cut them at a deadline."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal", ".localdomain")


class ForbiddenAddressError(OSError):
    """The host is, or resolves to, an address that this tool does not ask."""


def loopback_allowed() -> bool:
    """Say whether the user lifted the ban on loopback, and on nothing else."""
    return os.environ.get("OSINT_ALLOW_LOOPBACK") == "1"


def forbidden(address: str) -> str:
    """Return why an IP address must not be asked (`loopback`, `private`, ...), or an empty string."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return forbidden(str(inner))
    if ip.is_loopback:
        return "" if loopback_allowed() else "loopback"
    if ip.is_link_local:
        return "link-local"
    if ip.is_multicast or not ip.is_global:
        return "private"
    return ""


def check_url(url: str, *, proxied: bool = False) -> str:
    """Return why a URL must not be asked, or an empty string; names are resolved when connecting.

    Behind a proxy the name is resolved by the proxy, so names that mean this machine are refused here.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in ("http", "https"):
        return f"the scheme is {parts.scheme or 'missing'}, only http and https are asked"
    if not host:
        return "it names no host"
    try:
        reason = forbidden(socket.inet_ntoa(socket.inet_aton(host)) if ":" not in host else host)
    except (OSError, ValueError):
        local = host.rstrip(".").endswith(_LOCAL_NAMES) and not loopback_allowed()
        reason = "loopback" if local and (proxied or "localhost" in host) else ""
    return f"{host} is a {reason} address" if reason else ""


def _is_loopback_number(url: str) -> bool:
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """Return the addresses of a host, all of which may be asked.

    Raises ForbiddenAddressError if even one may not: a name with a public and a private face is a trick.
    """
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    for *_, address in found:
        reason = forbidden(str(address[0]))
        if reason:
            msg = f"{host} resolves to {address[0]}, a {reason} address"
            raise ForbiddenAddressError(msg)
    return found


class Watch:
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
    def running(self) -> Iterator[Watch]:
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
        """Watch a socket; a second handle of it stays valid when TLS takes the first."""
        with self._lock:
            self._handles.append(socket.socket(fileno=os.dup(sock.fileno())))

    def _cut(self) -> None:
        self.fired = True
        with self._lock:
            for handle in self._handles:
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


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
    if loopback_allowed() and _is_loopback_number(url):
        return {"no_proxy": "*"}, False
    found = get_environ_proxies(url)
    return found, select_proxy(url, found) is not None
