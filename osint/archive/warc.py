"""Build and read the WARC records of one capture."""

from __future__ import annotations

import hashlib
import io
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from osint.chain import canonical, parsed
from osint.http import Exchange

ENTRY_TYPE = "application/vnd.osint-datacentres.capture+json"  # media type of the metadata record that closes a capture
_ENTRY_URN = "urn:osint-datacentres:capture:"
"""Before the address in that record: a replay that finds it under the bare address shows it in place of the page."""

_MAIN = (b"response", b"resource")
_PRINTED = "".join(map(chr, range(32, 127)))


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

    `exchanges` holds every hop; the last one is the capture. With `resource` the body is a file from elsewhere,
    kept without HTTP headers but with its Content-Type.
    """
    writer = WARCWriter(out, gzip=False, warc_version="1.1")

    def write(kind: str, url: str, block: IO[bytes], headers: dict[str, str], **more: Any) -> None:
        length = block.seek(0, 2)  # without it warcio copies the block to a file of its own
        block.seek(0)
        served = entry.get("warc_date") or entry["time"] if kind in ("response", "resource") else entry["time"]
        dated = {"WARC-Date": served, **headers}
        record = writer.create_warc_record(
            _wire(url), kind, payload=block, length=length, warc_headers_dict=dated, **more
        )
        writer.write_record(record)

    for exchange in exchanges:
        cut = {"WARC-Truncated": exchange.truncated} if exchange.truncated else {}
        if resource and exchange.body is not None:
            media_type = dict(exchange.headers)["Content-Type"]
            write("resource", exchange.url, exchange.body, cut, warc_content_type=media_type)
        elif exchange.body is not None:
            named = [(_ascii(name), _ascii(value)) for name, value in exchange.headers]
            http = StatusAndHeaders(_ascii(exchange.status_line), named, protocol=exchange.protocol)
            write("response", exchange.url, exchange.body, cut, http_headers=http)
        if exchange.method and not resource:
            line = f"{exchange.method} /{_wire(exchange.url).partition('://')[2].partition('/')[2]} HTTP/1.1"
            http = StatusAndHeaders(line, exchange.request_headers, is_http_request=True)
            write("request", exchange.url, io.BytesIO(exchange.request_body), {}, http_headers=http)
    write("metadata", _ENTRY_URN + entry["final_url"], io.BytesIO(canonical(entry)), {}, warc_content_type=ENTRY_TYPE)


def _ascii(text: str) -> str:
    """Return a name or value of a head with percent signs for all that a line of ASCII cannot hold."""
    return quote(text, safe=_PRINTED)


def _wire(url: str) -> str:
    """Return a URL as it goes over the wire, in ASCII and without its fragment; the ledger keeps it as it was typed."""
    return quote(url.partition("#")[0], safe="%/:=&?~+!$,;'@()*[]")


@dataclass(frozen=True)
class Span:
    """Where one WARC record is in its file."""

    head: bytes
    """Lines of the header of the WARC record."""
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
        return _said(self.head, b"WARC-Type")

    def said(self, name: bytes) -> bytes:
        """Return the value of a header, by its name as this archive writes it; empty if there is none."""
        return _said(self.head, name)


def _said(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


def spans(data: bytes | mmap.mmap, start: int, stop: int) -> Iterator[Span]:
    """Yield the records that are whole between two offsets of a buffer; stop at the first that is not."""
    while start < stop:
        head = data.find(b"\r\n\r\n", start, min(stop, start + 65536))
        if head < 0 or data[start : start + 5] != b"WARC/":
            return
        lines = data[start:head]
        length = _said(lines, b"Content-Length")
        block = head + 4
        if not length.isdigit() or block + int(length) + 4 > stop:
            return
        end = block + int(length)
        if data[end : end + 4] != b"\r\n\r\n":
            return
        payload = block
        if _said(lines, b"Content-Type").startswith(b"application/http"):
            payload = data.find(b"\r\n\r\n", block, end) + 4
            payload = end if payload < block + 4 else payload
        yield Span(lines, start, block, payload, end)
        start = end + 4


def capture_at(data: bytes | mmap.mmap, start: int, stop: int) -> tuple[dict[str, Any], Span | None, int] | None:
    """Read one whole capture from a buffer: the values of its entry, the record of its body, and where it ends.

    Returns None when the records from `start` do not close with an entry (a torn tail).
    """
    main = None
    for span in spans(data, start, stop):
        if span.kind in _MAIN:
            main = span
        if span.said(b"Content-Type") == ENTRY_TYPE.encode():
            row = parsed(bytes(data[span.block : span.end]))
            return (row, main if row.get("bytes") is not None else None, span.end + 4) if row else None
    return None
