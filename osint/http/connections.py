"""Connections: under one deadline, to addresses that were checked, through the user's proxy where there is one.

Nothing of this machine is used but the usual variables for proxies and certificate authorities.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import os
import socket
import ssl
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

from osint.errors import BadInputError
from osint.http.addresses import Origin, is_loopback, is_url, loopback_allowed, resolve
from osint.http.secrets import strip_secrets

CONNECTIONS = 32
"""Connections that a process holds to one host."""
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name the certificate authorities to trust; the first that is set counts."""
TICK_S = 0.05
"""Seconds between two looks at the deadlines that run."""


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
                time.sleep(TICK_S)

    threading.Thread(target=watch, name="osint-deadlines", daemon=True).start()
    return running, due


class _Watched(urllib3.connection.HTTPConnection):
    """Mixed into the connections of urllib3: the deadline of the request that uses one is over its socket."""

    _closing = False

    @property
    def is_connected(self) -> bool:
        """Say whether it can be used again: not once its host was told to close it, however late the host does."""
        return not self._closing and super().is_connected

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
        self._closing = kwargs["headers"].get("Connection") == "close"
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
def pools(proxy: str, trust: str, legacy_tls: bool, named: Origin | None, pid: int) -> urllib3.PoolManager:
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


def trusted() -> str:
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
