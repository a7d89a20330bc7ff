"""Say which addresses may be asked: by the URL before asking, by the resolved address when connecting."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from osint.errors import RefusedError

_WITH_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""Networks whose addresses end in one of IPv4: NAT64, and the old forms that stood for it (RFC 4291, RFC 2765)."""
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
"""NAT64 of a local network (RFC 8215)."""
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal", ".localdomain")

SocketAddress = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""One row of `socket.getaddrinfo`."""


class ForbiddenAddressError(RefusedError):
    """The host is, or resolves to, an address that this library does not ask."""


class Origin(NamedTuple):
    """Scheme, host and port that a URL leads to."""

    scheme: str
    host: str
    port: int
    """That of the scheme where the URL names none."""


def named_host(url: str) -> Origin | None:
    """Return where an http or https URL leads, None for a folder or another scheme."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return Origin(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))


def loopback_allowed() -> bool:
    """Say whether the user lifted the ban on loopback (OSINT_ALLOW_LOOPBACK=1), and on nothing else."""
    return os.environ.get("OSINT_ALLOW_LOOPBACK") == "1"


def forbidden(address: str) -> str:
    """Return why an IP address must not be asked (`loopback`, `private`, ...), or an empty string."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if any(ip in network for network in _WITH_IPV4) and int(ip) > 1:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return forbidden(str(inner))
        if ip.is_site_local or ip in _LOCAL_NAT64:
            return "private"
    if ip.is_loopback:
        return "" if loopback_allowed() else "loopback"
    if ip.is_link_local:
        return "link-local"
    return "private" if ip.is_multicast or not ip.is_global else ""


def check_url(url: str, *, proxied: bool = False, named: Origin | None = None) -> str:
    """Return why a URL must not be asked, or an empty string; names are resolved when connecting.

    Behind a proxy the name is resolved by the proxy, so names that mean this machine are refused here.
    `named` is a server that the user named: it may be anywhere.
    """
    if not is_url(url):
        return "it is not a URL"
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("http", "https"):
        return f"the scheme is {parts.scheme or 'missing'}, only http and https are asked"
    if not host:
        return "it names no host"
    if named and named_host(url) == named:
        return ""
    try:
        reason = forbidden(socket.inet_ntoa(socket.inet_aton(host)) if ":" not in host else host)
    except (OSError, ValueError):
        local = host.rstrip(".").endswith(_LOCAL_NAMES) and not loopback_allowed()
        reason = "loopback" if local and (proxied or "localhost" in host) else ""
    return f"{host} is a {reason} address" if reason else ""


def is_url(url: str) -> bool:
    """Say whether a text can be taken apart as a URL at all."""
    try:
        urlsplit(url).port  # noqa: B018 - reading it checks it
    except ValueError:
        return False
    return True


def is_loopback(url: str) -> bool:
    """Say whether a URL names this machine by number or as localhost."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def resolve(host: str, port: int, named: Origin | None = None) -> list[SocketAddress]:
    """Return the addresses of a host, all of which may be asked.

    Raises ForbiddenAddressError if even one may not: a name with a public and a private face is a trick. Only
    the server that the user named may be anywhere.
    """
    found: list[SocketAddress] = list(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    if named is None or (host, port) != named[1:]:
        for *_, address in found:
            if reason := forbidden(str(address[0])):
                raise ForbiddenAddressError(f"{host} resolves to {address[0]}, a {reason} address")
    return found
