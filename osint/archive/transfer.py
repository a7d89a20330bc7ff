"""Split a stored HTTP answer into its head and its body, undo chunks and codings, and say why the body is not whole."""

from __future__ import annotations

import io
import re
from typing import NamedTuple

from osint.archive.media import is_gzip
from osint.http import CODINGS, inflate, part_of_file

MOST_BYTES = 256 << 20
"""Bytes of one record, packed or unpacked, that are taken in."""
HEAD_BYTES = 64 << 10
"""Of the head of a record; that of an answer may have four times as many."""
MOST_INTERIM = 16
FINAL = 200
"""Least status of an answer that is not followed by another."""
_STORED_DECODED = (b"%PDF-", b"PK\x03\x04", b"\x89PNG")
_TRAILER = re.compile(rb"(?:[\w-]{1,80}:[^\r\n]*\r?\n)*\s*")
"""What may follow the last chunk: headers, then an empty line."""

Pairs = list[tuple[str, str]]


class Head(NamedTuple):
    """The head of an HTTP answer."""

    status: int
    line: str
    """Status with its reason."""
    pairs: Pairs
    """Headers in their order."""

    def all(self, name: str) -> list[str]:
        """Return what each header of a name says, in parts between commas and in lower case."""
        values = [value for one, value in self.pairs if one.lower() == name]
        return [part for value in values for one in value.split(",") if (part := one.strip().lower())]

    def first(self, name: str) -> str:
        """Return the first header of a name, empty if there is none."""
        return next((value for one, value in self.pairs if one.lower() == name), "")


class Body(NamedTuple):
    """The body of an answer."""

    plain: bytes
    """Without chunks and codings; as it lies there where they could not be undone."""
    forms: list[bytes]
    """Forms of which a digest may be: as it lies there, without chunks, plain."""
    is_plain: bool
    faults: list[str]


def field_pairs(lines: list[bytes]) -> Pairs:
    """Return the fields of a head in their order; a line that begins with a blank goes on with the one before."""
    pairs: Pairs = []
    for line in lines:
        text = _text(line.rstrip(b"\r\n"))
        if text[:1] in (" ", "\t") and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {text.strip()}")
        elif ":" in text:
            name, _, value = text.partition(":")
            pairs.append((name.strip(), value.strip()))
    return pairs


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def split_answer(block: bytes) -> tuple[Head | None, bytes]:
    """Split a block into the head of an HTTP answer and the payload; there is no head in what is no answer.

    Interim answers (100) before the final one are passed over, up to `MOST_INTERIM`.
    """
    for _ in range(MOST_INTERIM + 1):
        end = re.search(rb"\r?\n\r?\n", block[: HEAD_BYTES * 4])
        lines = block[: end.start() if end else len(block)].splitlines(keepends=True)
        found = re.match(rb"HTTP/\d(?:\.\d)?\s+([1-5]\d\d)\b\s*([^\r\n]*)", lines[0]) if lines else None
        if found is None or end is None:
            return None, block
        status, rest = int(found[1]), block[end.end() :]
        if status >= FINAL or not rest.startswith(b"HTTP/"):
            return Head(status, f"{status} {_text(found[2])}".strip(), field_pairs(lines[1:])), rest
        block = rest
    return None, block


def part_fault(head: Head) -> list[str]:
    """Return a sentence where an answer is a part of a file or an interim one, by its own words."""
    if head.status < FINAL:
        return [f"status {head.status}: an interim answer, without the final one"]
    part = part_of_file(head.status, head.first("content-range"))
    return [part] if part else []


def undone(payload: bytes, head: Head, *, has_digest: bool) -> Body:
    """Undo chunks and codings of a payload.

    What cannot be undone is a fault. With `has_digest` a digest speaks for the payload, and stated lengths that
    contradict each other, or are less than what came, are none.
    """
    body, forms, faults = payload, [payload], []
    codings = [one for name in ("content-encoding", "transfer-encoding") for one in head.all(name)]
    codings = [one for one in codings if one not in ("identity", "chunked")]
    if "chunked" in head.all("transfer-encoding"):
        body, fault = _without_chunks(payload)
        forms.append(body)
        faults += [fault] if fault else []
    else:
        faults += _length_faults(payload, head, codings, has_digest=has_digest)
    if not codings or not body or _is_stored_plain(body, codings):
        return Body(body, forms, True, faults)
    kept = body
    for coding in reversed(codings) if set(codings) <= set(CODINGS) else [", ".join(codings)]:
        plain = io.BytesIO()
        trouble, detail = inflate(io.BytesIO(body), plain, coding, MOST_BYTES)
        if trouble:
            return Body(kept, forms, False, [*faults, f"{detail}; the bytes are kept as they came"])
        body = plain.getvalue()
        forms.append(body)
    return Body(body, forms, True, faults)


def _length_faults(payload: bytes, head: Head, codings: list[str], *, has_digest: bool) -> list[str]:
    """Return a sentence where a payload is not of the length that is stated."""
    stated = sorted(set(head.all("content-length")))
    lengths = sorted(int(one) for one in stated if re.fullmatch(r"[0-9]{1,15}", one))
    is_as_served = not _is_stored_plain(payload, codings)
    if lengths and len(payload) < lengths[-1] and is_as_served:
        return [f"{len(payload):,} of the {lengths[-1]:,} bytes that its Content-Length states are there"]
    if has_digest:
        return []
    if len(lengths) < len(stated) or len(set(lengths)) > 1:
        return [f"its Content-Length is no number of bytes ({' and '.join(stated)[:60]}), and no digest speaks for it"]
    if lengths and len(payload) > lengths[0] and not codings:
        return [f"{len(payload):,} bytes are there where its Content-Length states {lengths[0]:,}"]
    return []


def _is_stored_plain(body: bytes, codings: list[str]) -> bool:
    """Say whether a body was stored decoded under a header that still names its coding."""
    if not codings:
        return False
    if codings[-1] in ("gzip", "x-gzip"):
        return not is_gzip(body)
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text[:1] in (b"<", b"{", b"[") or body.startswith(_STORED_DECODED)


def _without_chunks(payload: bytes) -> tuple[bytes, str]:
    """Undo the chunks of a payload; return the bytes, and why they are not whole."""
    pieces: list[bytes] = []
    at = 0
    while True:
        end = payload.find(b"\n", at, at + 4096)
        size = re.fullmatch(rb"\s*([0-9A-Fa-f]{1,15})\s*(?:;.*)?", payload[at:end].rstrip(b"\r")) if end >= 0 else None
        if size is None:
            if not at and payload:
                return payload, ""  # stored decoded under a header that still says chunked; its digest tells
            return b"".join(pieces), f"its chunks stop before their end, after {sum(map(len, pieces)):,} bytes"
        length, begin = int(size[1], 16), end + 1
        if not length:
            rest = len(payload) - begin
            is_end = _TRAILER.fullmatch(payload[begin : begin + HEAD_BYTES]) and rest <= HEAD_BYTES
            return b"".join(pieces), "" if is_end else f"{rest:,} bytes follow the last of its chunks"
        piece = payload[begin : begin + length]
        pieces.append(piece)
        if len(piece) < length:
            return b"".join(pieces), f"its chunks stop before their end, after {sum(map(len, pieces)):,} bytes"
        at = begin + length
        at += 2 if payload[at : at + 2] == b"\r\n" else 1 if payload[at : at + 1] == b"\n" else 0
