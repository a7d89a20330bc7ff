"""Build and read the WARC records of one capture."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from osint.archive.ledger import canonical
from osint.http import Exchange

ENTRY_TYPE = "application/vnd.osint-datacentres.capture+json"
"""Media type of the metadata record that closes a capture."""

_MAIN = (b"response", b"resource")


class Tally:
    """A file to write to that keeps the digest of what went through."""

    def __init__(self, out: IO[bytes]):
        self.out = out
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write and add to the digest."""
        self.out.write(data)
        self.sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Leave flushing to the owner of the file, who does it once."""


def write_capture(out: Tally, entry: dict[str, Any], exchanges: Sequence[Exchange], *, resource: bool) -> None:
    """Write the records of one capture: each hop's response and request, then the entry that closes it.

    `exchanges` holds every hop; the last one is the capture.
    With `resource` the body is a file from elsewhere, kept without HTTP headers.
    """
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    date = {"WARC-Date": entry["time"]}
    for exchange in exchanges:
        if exchange.body is not None:
            _write_response(writer, exchange, exchange.body, {**date, **_truncation(exchange)}, resource)
        if not resource:
            _write_request(writer, exchange, date)
    note = canonical(entry)
    record = writer.create_warc_record(
        _wire(entry["final_url"]),
        "metadata",
        payload=io.BytesIO(note),
        length=len(note),
        warc_content_type=ENTRY_TYPE,
        warc_headers_dict=date,
    )
    writer.write_record(record)


def _wire(url: str) -> str:
    """Return a URL as it goes over the wire, in ASCII; the ledger keeps it as it was typed."""
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def _truncation(exchange: Exchange) -> dict[str, str]:
    return {"WARC-Truncated": exchange.truncated} if exchange.truncated else {}


def _write_response(
    writer: WARCWriter, exchange: Exchange, body: IO[bytes], extra: dict[str, str], resource: bool
) -> None:
    length = body.seek(0, 2)  # without it warcio copies the body to a file of its own
    body.seek(0)
    if resource:
        kind = dict(exchange.headers).get("Content-Type", "application/octet-stream")
        record = writer.create_warc_record(
            _wire(exchange.url),
            "resource",
            payload=body,
            length=length,
            warc_content_type=kind,
            warc_headers_dict=extra,
        )
    else:
        http = StatusAndHeaders(exchange.status_line, list(exchange.headers), protocol=exchange.protocol)
        record = writer.create_warc_record(
            _wire(exchange.url),
            "response",
            payload=body,
            length=length,
            http_headers=http,
            warc_headers_dict=extra,
        )
    writer.write_record(record)


def _write_request(writer: WARCWriter, exchange: Exchange, date: dict[str, str]) -> None:
    path = "/" + _wire(exchange.url).partition("://")[2].partition("/")[2]
    http = StatusAndHeaders(f"{exchange.method} {path} HTTP/1.1", exchange.request_headers, is_http_request=True)
    record = writer.create_warc_record(
        _wire(exchange.url),
        "request",
        payload=io.BytesIO(exchange.request_body),
        length=len(exchange.request_body),
        http_headers=http,
        warc_headers_dict=date,
    )
    writer.write_record(record)


@dataclass(frozen=True)
class Span:
    """Where one WARC record is in its file."""

    headers: dict[bytes, bytes]
    """Headers of the WARC record, names in lower case."""
    start: int
    """Offset of the record."""
    block: int
    """Offset of its block."""
    payload: int
    """Offset of the payload: after the HTTP headers, if there are any."""
    end: int
    """End of the block; four bytes of closing newlines follow."""

    @property
    def kind(self) -> bytes:
        """WARC type."""
        return self.headers.get(b"warc-type", b"")


def spans(data: Any, start: int, stop: int) -> Iterator[Span]:
    """Yield the records that are whole between two offsets of a buffer; stops at the first that does not.

    `data` needs `find` and slices, as bytes and mmap have.
    """
    while start < stop:
        head = data.find(b"\r\n\r\n", start, min(stop, start + 65536))
        if head < 0 or data[start : start + 5] != b"WARC/":
            return
        headers = {}
        for line in bytes(data[start:head]).split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get(b"content-length", b"")
        block = head + 4
        if not length.isdigit() or block + int(length) + 4 > stop:
            return
        end = block + int(length)
        if data[end : end + 4] != b"\r\n\r\n":
            return
        payload = block
        if headers.get(b"content-type", b"").startswith(b"application/http"):
            payload = data.find(b"\r\n\r\n", block, end) + 4
            payload = end if payload < block + 4 else payload
        yield Span(headers, start, block, payload, end)
        start = end + 4


def capture_at(data: Any, start: int, stop: int) -> tuple[dict[str, Any], Span | None, int] | None:
    """Read one whole capture from a buffer: its entry, the record of its body, and where it ends.

    Returns None when the records from `start` do not close with an entry (a torn tail).
    """
    main = None
    for span in spans(data, start, stop):
        if span.kind in _MAIN:
            main = span
        if span.headers.get(b"content-type") == ENTRY_TYPE.encode():
            try:
                entry = json.loads(bytes(data[span.block : span.end]))
            except ValueError:
                return None
            return entry, main if entry.get("bytes") is not None else None, span.end + 4
    return None
