"""The page inside an MHTML file, and the way from its bytes back to those of the file."""

from __future__ import annotations

import email
import email.policy
import re
from typing import Any


def from_mhtml(data: bytes) -> tuple[bytes, str]:
    """Return (bytes, charset) of the HTML part of an MHTML file; empty bytes if it has none."""
    part = _mhtml_part(data)
    if part is None:
        return b"", ""
    body = part.get_payload(decode=True)
    return (body if isinstance(body, bytes) else b""), part.get_content_charset() or ""


def _mhtml_part(data: bytes) -> Any:
    message = email.message_from_bytes(data, policy=email.policy.default)
    return next((part for part in message.walk() if part.get_content_type() == "text/html"), None)


_CODED = {
    "quoted-printable": re.compile(rb"=\r?\n|=[0-9A-Fa-f]{2}|[^=]|=", re.DOTALL),
    "base64": re.compile(rb"[A-Za-z0-9+/]"),
}
"""one sign of each coding"""


def mhtml_bytes(data: bytes, first: int, last: int) -> tuple[int, int] | None:
    """Return the half-open span in an MHTML file of bytes first to last (half-open) of its decoded HTML part.

    None where the part cannot be found again in the file.
    """
    part = _mhtml_part(data)
    coding = str(part.get("Content-Transfer-Encoding", "")).strip().lower() if part is not None else ""
    raw = str(part.get_payload()).encode("ascii", "replace") if coding in _CODED else from_mhtml(data)[0]
    begin = data.find(raw) if raw else -1
    if begin < 0:
        return None
    if coding not in _CODED:
        return begin + first, begin + last
    breaks = (b"=\r", b"=\n")  # soft line breaks stand for no byte
    signs = [match.span() for match in _CODED[coding].finditer(raw) if not match[0].startswith(breaks)]
    if coding == "base64":  # four signs hold three bytes
        first, last = first * 4 // 3, (last - 1) * 4 // 3 + 2
    return (begin + signs[first][0], begin + signs[min(last, len(signs)) - 1][1]) if first < len(signs) else None
