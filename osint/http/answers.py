"""What is asked of a host, within which limits, and what comes back, as records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO

import urllib3

from osint.errors import BadInputError

BUSY = frozenset({429, 500, 502, 503, 504})
"""Statuses of a host that may answer if it is asked again."""
DAY_S = 86_400


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
        if wait and wait >= DAY_S:  # a longer wait is read as a day
            again = "it wants to be left alone for a day or more"
        return f"it answered status {self.status}" + (f"; {again}" if again else "")


def retry_after_seconds(header: str) -> float | None:
    """Read a Retry-After header, seconds or a date; None where there is none to read."""
    try:
        return float(urllib3.Retry(retry_after_max=DAY_S).parse_retry_after(header[:40]))
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return None
