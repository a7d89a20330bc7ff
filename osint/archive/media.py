"""Tell by its bytes what a file is, and of which address a saved page says it is."""

from __future__ import annotations

import codecs
import io
import json
import re
import struct
import zipfile

from osint.archive.streams import Inflated

SNIFFED_BYTES = 4096
"""Bytes of a file by which its kind is told."""
_WARC = b"WARC/"


def is_gzip(head: bytes) -> bool:
    """Say whether bytes begin as a gzip stream does."""
    return head[:3] == b"\x1f\x8b\x08"


def is_warc(head: bytes) -> bool:
    """Say whether bytes begin as a WARC does, plain or gzipped, also where next to nothing is left of it."""
    if is_gzip(head):
        head = Inflated(io.BytesIO(head)).read(SNIFFED_BYTES)
        return (head.lstrip(b"\r\n") + _WARC[len(head) :]).startswith(_WARC)
    return head.lstrip(b"\r\n").startswith(_WARC)


_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MARKS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    *((mark, "image/tiff") for mark in _TIFF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"{\\rtf", "application/rtf"),
)
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_MHTML = re.compile(
    rb"\A(?:[\w-]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n)*?(?:MIME-Version:|Content-Type:\s*multipart/related)", re.I
)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta|p|div|table|script)\b", re.I)


def media_type(body: bytes, suffix: str = "") -> str:
    """Return the media type of a file by its bytes; its suffix tells text formats apart, and nothing else.

    >>> media_type(b"%PDF-1.4", ".html"), media_type(b"<html>", ".pdf"), media_type(b"a,b", ".csv")
    ('application/pdf', 'text/html', 'text/csv')
    """
    head = body[:SNIFFED_BYTES]
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(body)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _MHTML.match(text):
        return "multipart/related"
    if _HTML.search(head):
        return "text/html"
    if text[:1] in (b"{", b"["):
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            return "text/plain"
        return "application/json"
    if b"\0" in head:
        return "application/octet-stream"
    return {".csv": "text/csv", ".xml": "text/xml", ".md": "text/markdown"}.get(suffix.lower(), "text/plain")


def _zip_type(body: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as box:
            names = box.namelist()
    except Exception:  # zipfile raises many kinds for hostile files
        return "application/zip"
    inside = (kind for prefix, kind in _OFFICE.items() if any(name.startswith(prefix) for name in names))
    return next(inside, "application/zip") if "[Content_Types].xml" in names else "application/zip"


_LEAST_BYTES = 1024
"""Of a PDF or a picture below which its end is not looked for."""
MOST_DIRECTORIES = 64
"""Of a TIFF that are looked at."""
_ZIP_END_BYTES = 66_000
"""Bytes at the end of a zip in which its list of files is announced: a comment may follow."""


def stops_short(body: bytes) -> str:
    """Return why the bytes of a file end before the file does, as far as its format tells; empty if they do not.

    >>> stops_short(b"PK\\x03\\x04 a zip that was cut"), stops_short(b"<p>")
    ('the zip ends before its list of files', '')
    """
    if body.startswith(b"PK\x03\x04") and b"PK\x05\x06" not in body[-_ZIP_END_BYTES:]:
        return "the zip ends before its list of files"
    if body.startswith(_TIFF) and (due := _tiff_end(body)) > len(body):
        return f"{len(body):,} of the {due:,} bytes that its directories speak of are there"
    if len(body) > _LEAST_BYTES:
        if body.startswith(b"GIF8") and not body.rstrip(b"\0").endswith(b";"):
            return "the GIF has no end"
        if body.startswith(b"%PDF-") and b"%%EOF" not in body:
            return "the PDF has no end"
        if body.startswith(b"\x89PNG\r\n") and b"IEND\xaeB`\x82" not in body:
            return "the PNG has no end"
        if body.startswith(b"\xff\xd8\xff") and body.rfind(b"\xff\xd9") < body.rfind(b"\xff\xda"):
            return "the JPEG stops in its picture"
        if (
            body.startswith(b"RIFF")
            and body[8:12] == b"WEBP"
            and (due := int.from_bytes(body[4:8], "little") + 8) > len(body)
        ):
            return f"{len(body):,} of the {due:,} bytes that its header states are there"
    head = body[:SNIFFED_BYTES].lstrip()
    is_saved = _SAVED_PAGE.match(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0])
    if is_saved or _MHTML.match(head):
        mark = _BOUNDARY.search(head)
        part = b"--" + mark[1].strip() if mark else b""
        is_begun = bool(part) and part in body
        if (is_begun and part + b"--" not in body) or (is_saved and not is_begun):
            return "the saved page ends before its last part does"
    return ""


_FORMS = dict.fromkeys((1, 2, 6, 7), "B") | dict.fromkeys((3, 8), "H") | dict.fromkeys((4, 9, 11, 13), "I")
"""Whole numbers as long as a value of each type of TIFF; the others have eight bytes."""
_OFFSETS, _COUNTS = (273, 324), (279, 325)
"""Where the strips or tiles of a TIFF begin, and how many bytes they have."""


def _tiff_end(body: bytes) -> int:
    """Return the end of the last byte that the directories of a TIFF speak of, at least one more where they stop."""
    order = "<" if body[:2] == b"II" else ">"
    is_big = b"+" in body[:4]
    count_form, entry_form, word = ("Q", "HHQ", "Q") if is_big else ("H", "HHI", "I")
    width, head, entry = (
        struct.calcsize(word),
        struct.calcsize(f"={count_form}"),
        struct.calcsize(f"={entry_form}{word}"),
    )
    end, seen = 0, set[int]()
    try:
        at = struct.unpack_from(order + word, body, width)[0]
        while at and at not in seen and len(seen) < MOST_DIRECTORIES:
            seen.add(at)
            first, fields = at + head, struct.unpack_from(order + count_form, body, at)[0]
            found: dict[bool, tuple[int, ...]] = {}
            for place in range(first, first + fields * entry, entry):
                tag, kind, number = struct.unpack_from(order + entry_form, body, place)
                form = f"{order}{number}{_FORMS.get(kind, 'Q')}"
                inside, size = place + entry - width, struct.calcsize(form)
                start = inside if size <= width else struct.unpack_from(order + word, body, inside)[0]
                end = max(end, start + size)
                if tag in _OFFSETS + _COUNTS:
                    found[tag in _OFFSETS] = struct.unpack_from(form, body, start)
            end = max([end, *map(sum, zip(found.get(True, ()), found.get(False, ()), strict=False))])
            at = struct.unpack_from(order + word, body, first + fields * entry)[0]
    except (struct.error, OverflowError, MemoryError):
        return len(body) + 1
    return end


_TAG = re.compile(rb"""<[a-zA-Z/!?](?:[^>=]|=\s*+"[^"]*+"|=\s*+'[^']*+'|=(?!\s*+["']))*+>""")
_TAG_BEGINS = re.compile(rb"<(?:(script|style)\b|!--|[a-zA-Z/!?])", re.I)
_MOST_TAGS = 1_000_000


def ends_inside(body: bytes) -> str:
    """Return why a page that a person saved stops in its markup; empty if it does not, also where it was cut in words.

    >>> ends_inside(b"<p>5 MW<img src='data:image/png;b"), ends_inside(b"<p>5 MW")
    ('the page ends inside of a tag', '')
    """
    at = 0
    for _ in range(_MOST_TAGS):
        if not (begin := _TAG_BEGINS.search(body, at)):
            return ""
        what, at = "tag", begin.end()
        if begin[0] == b"<!--":
            what, end = "comment", body.find(b"-->", at)
        elif (tag := _TAG.match(body, begin.start())) and begin[1]:
            close = re.compile(rb"</" + begin[1], re.I).search(body, tag.end())
            what, end = begin[1].decode().lower(), close.start() if close else -1
        else:
            end = tag.end() if tag else -1
        if end < 0:
            return f"the page ends inside of a {what}"
        at = end
    return ""


_BOUNDARY = re.compile(rb"boundary=[\"']?([^\"'\r\n;]{1,200})", re.I)
_SAVED_PAGE = re.compile(rb"\A(?:From: <Saved by |[^<]*^Snapshot-Content-Location:)", re.I | re.M)
"""Begins a page that a browser saved as MHTML."""
_SNAPSHOT = re.compile(rb"^(?:Snapshot-Content-Location|Content-Location):\s*(\S+)\s*$", re.I | re.M)
_SINGLE_FILE = re.compile(rb"<!--\s*\n?\s*Page saved with SingleFile\s*\n\s*url:\s*(\S+)", re.I)


def stated_url(body: bytes) -> str:
    """Return the address that a saved page says it is of (MHTML, SingleFile), or an empty string.

    >>> stated_url(b"<!DOCTYPE html><html><!--\\n Page saved with SingleFile \\n url: https://x.example/a \\n-->")
    'https://x.example/a'
    """
    head = body[:SNIFFED_BYTES]
    if _MHTML.match(head.lstrip()):
        found = _SNAPSHOT.search(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0])
    else:
        found = _SINGLE_FILE.search(head)
    url = found[1].decode("utf-8", "replace") if found else ""
    return url if url.startswith(("http://", "https://")) else ""
