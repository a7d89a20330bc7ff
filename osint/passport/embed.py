"""Put the core of a passport into a PNG, an SVG or a PDF, without changing what it shows."""

from __future__ import annotations

import re
import struct
import zlib
from xml.sax.saxutils import escape

from osint.errors import UnreadableError
from osint.passport.verify import KEYWORD
from osint.shown import shown


def in_png(body: bytes, core: bytes, told: dict[str, str]) -> bytes:
    """Return a PNG with the core in an iTXt chunk behind its header, and further texts (Title, Description)."""
    head = 8 + 25  # signature and IHDR
    texts = {KEYWORD: core.decode(), **{key: shown(text, keep="\n") for key, text in told.items() if text}}
    return body[:head] + b"".join(_itxt(key, text) for key, text in texts.items()) + body[head:]


def _itxt(keyword: str, text: str) -> bytes:
    content = keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    kind = b"iTXt"
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def in_svg(body: bytes, core: bytes, told: dict[str, str]) -> bytes:
    """Return an SVG with the core in a `metadata` element, and title and description for who cannot see it."""
    begin = re.search(rb"<svg\b[^>]*>", body)
    if begin is None:
        raise UnreadableError("what was drawn is no SVG, so no passport can be put into it; use matplotlib's own")
    title, alt = (escape(shown(told.get(key, ""), keep="\n")) for key in ("Title", "Description"))
    named = f"\n <title>{title}</title>" * bool(title) + f"\n <desc>{alt}</desc>" * bool(alt)
    held = f'{named}\n <metadata id="{KEYWORD}">{escape(core.decode())}</metadata>'
    return body[: begin.end()] + held.encode("utf-8", "xmlcharrefreplace") + body[begin.end() :]


def in_pdf(body: bytes, core: bytes, told: dict[str, str]) -> bytes:
    """Return a PDF of matplotlib with the core attached as a file, by an update behind its end."""
    last = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", body)
    root, size, info = (
        re.search(rb"/%s (\d+)" % key, body[body.rfind(b"trailer") :]) for key in (b"Root", b"Size", b"Info")
    )
    catalog = re.search(rb"(?:^|\n)%s 0 obj\s*<<([^<>]*)>>\s*endobj" % root[1], body) if root else None
    if last is None or root is None or size is None or catalog is None:
        raise UnreadableError("what was drawn is no PDF as matplotlib writes it, so no passport can be put into it")
    new = int(size[1])
    plain = core.replace(b"endstream", rb"endstrea\u006d")  # the same text to a reader of JSON, and no end of a stream
    name = KEYWORD.encode() + b".json"
    about_it = b"<< /Type /EmbeddedFile /Subtype /application#2Fjson /Length %d /Params << /Size %d >> >>"
    held = about_it + b"\nstream\n%s\nendstream"
    spec = b"<< /Type /Filespec /F (%s) /UF (%s) /AFRelationship /Data /EF << /F %d 0 R >> >>" % (name, name, new)
    names = b"/Names << /EmbeddedFiles << /Names [(%s) %d 0 R] >> >> /AF [%d 0 R]" % (name, new + 1, new + 1)
    objects = {
        int(root[1]): b"<<%s %s /Lang (en) >>" % (catalog[1].rstrip(), names),
        new: held % (len(plain), len(plain), plain),
        new + 1: spec,
    }
    update, table = bytearray(b"\n"), [b"xref\n"]
    for number, content in objects.items():
        table.append(b"%d 1\n%010d 00000 n \n" % (number, len(body) + len(update)))
        update += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    at = len(body) + len(update)
    about = b"/Info %s 0 R " % info[1] if info else b""
    end = b"trailer\n<< /Size %d /Root %s 0 R %s/Prev %s >>\nstartxref\n%d\n%%%%EOF\n"
    return body + bytes(update) + b"".join(table) + end % (new + 2, root[1], about, last[1], at)
