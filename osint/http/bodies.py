"""Bodies and headers of a stranger: decoded within limits, read as JSON, and as an archive keeps them."""

from __future__ import annotations

import json
import re
import sys
import zlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import IO, Any

from osint.http.answers import Trouble
from osint.http.secrets import strip_header, strip_secrets

CODINGS = ("gzip", "x-gzip", "deflate")
"""Codings of a body that can be undone."""
_MAX_RATIO = 200  # decompressed bytes for each byte that came, above 1 MiB


def inflate(raw: IO[bytes], body: IO[bytes], encoding: str, most: int) -> tuple[Trouble, str]:
    """Undo gzip or deflate piece by piece, up to `most` bytes; return why it was stopped, and the words for it."""
    if encoding not in CODINGS:
        return Trouble.ENCODING, f"the body is compressed as {encoding[:40]!r}"
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
                return Trouble.ENCODING, f"the {encoding} stream is damaged ({error})"
            given += len(piece)
            body.write(piece)
            if given > most:
                return Trouble.LENGTH, f"decompression passed the limit of {most} bytes"
            if given > (1 << 20) and given > _MAX_RATIO * taken:
                return Trouble.LENGTH, f"decompression passed the limit of {_MAX_RATIO} bytes for each byte that came"
            data = engine.unconsumed_tail
            if engine.eof:
                data = engine.unused_data
                if not data:
                    break
                if bits != 31:
                    return Trouble.ENCODING, f"bytes follow the end of the {encoding} stream"
                engine = zlib.decompressobj(bits)
    return (Trouble.NONE, "") if engine.eof else (Trouble.ENCODING, f"the {encoding} stream stops before its end")


def part_of_file(status: int, content_range: str) -> str:
    """Return a sentence if an answer is a part of a file by its own words, else nothing.

    >>> part_of_file(206, "bytes 0-4/5"), part_of_file(200, "bytes 0-4/9")
    ('', 'status 200: a part of a file (bytes 0-4/9)')
    """
    stated = content_range.strip()
    if status != HTTPStatus.PARTIAL_CONTENT and (status != HTTPStatus.OK or not stated):
        return ""
    span = re.fullmatch(r"bytes\s+0-(\d{1,15})/(\d{1,15})", stated)
    if span and int(span[1]) + 1 == int(span[2]):
        return ""
    return f"status {status}: a part of a file ({stated[:60] or 'it does not say which'})"


def read_json(body: bytes | str) -> Any:
    """Return what a JSON text of a stranger holds.

    Raises ValueError where it is none, is nested too deeply, or holds an integer that no float can hold.
    """
    try:
        return json.loads(body, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _integer(text: str) -> int:
    if len(text) > sys.float_info.max_10_exp:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def kept_headers(headers: Iterable[tuple[str, str]], length: int, *, decoded: bool) -> list[tuple[str, str]]:
    """Return response headers for the record of a body of `length` bytes: no cookies, no secrets.

    Those that speak of the body as it came over the line are kept under names of their own, the coding where the body
    is `decoded`.
    """
    kept = []
    for name, value in headers:
        lower = name.lower()
        if lower in ("set-cookie", "set-cookie2"):
            kept.append((name, "stripped"))
        elif lower in ("transfer-encoding", "content-length") or (lower == "content-encoding" and decoded):
            kept.append((f"X-Archive-Orig-{name}", value))
        elif lower in ("location", "content-location", "refresh"):
            kept.append((name, strip_secrets(value)))
        else:
            kept.append((name, strip_header(name, value)))
    return [*kept, ("Content-Length", str(length))]
