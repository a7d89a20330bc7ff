"""Read a filing: the text of a capture, with a map from its characters back to bytes, cell, page and box."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from osint.errors import BadInputError, NotFoundError, RefusedError, UnreadableError
from osint.filings import html, mhtml
from osint.filings.decode import decode
from osint.filings.doubt import BlockedReason, FilingDoubt, blocked, hidden_doubts, listed_pages
from osint.filings.facts import DocumentFacts, heading, read_facts
from osint.filings.grid import outside_tables
from osint.filings.office import read_office
from osint.filings.page_fonts import page_doubts
from osint.filings.table_claims import unread_remarks
from osint.filings.text_tables import text_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from osint.filings.grid import Cell
    from osint.filings.pdf_pictures import Box

_MAX_TEXT = 64_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROL = 0.02
"""share of control characters that a page or text may hold; random bytes hold ten times as many"""
_FEW_CONTROL = 8
"""control characters that any text may hold"""
_PICTURES = (b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"\xff\xd8\xff")


class Medium(StrEnum):
    """Kinds of documents, by their bytes."""

    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    OFFICE = "office"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class ScannedLine:
    """A line that was read from the picture of a page."""

    start: int
    """offset of its first character in the text of the filing"""
    end: int
    """offset behind its last character"""
    page: int
    """page, from 1"""
    box: Box
    """left, top, right, bottom in pixels at 150 dots per inch"""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a passage stands in the document; what does not apply is empty."""

    page: int = 0
    """page of a PDF, from 1"""
    lines: tuple[Box, ...] = ()
    """(left, bottom, right, top) in points of each of its lines in a PDF"""
    pixels: Box | None = None
    """(left, top, right, bottom) at 150 dots per inch of the line of a scanned page"""
    bytes: tuple[int, int] | None = None
    """half-open span of the file, exact where every byte of the page could be read; None in an MHTML file whose page
    cannot be found again in it"""
    cell: str = ""
    """table, row and column"""


@dataclass(frozen=True)
class Filing:
    """The text of one document."""

    name: str
    """file name, address or capture id, as asked for"""
    medium: Medium
    """kind of document"""
    text: str
    """the visible text; offsets of claims count its code points"""
    data: bytes = field(default=b"", repr=False)
    """the bytes as captured"""
    codec: str = ""
    """codec of a text or page"""
    starts: tuple[int, ...] = field(default=(0,), repr=False)
    """offsets in `text` at which a run of characters begins"""
    places: tuple[tuple[int, int], ...] = field(default=((0, 0),), repr=False)
    """(page, offset in page or source) of each run; page 0 where there are no pages"""
    cells: tuple[Cell, ...] = field(default=(), repr=False)
    """the cells of all tables, by their offsets"""
    remarks: tuple[str, ...] = ()
    """what a reader must know about the reading, one phrase each"""
    facts: DocumentFacts = field(default_factory=DocumentFacts)
    """what the document says of itself"""
    links: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(address, words) of links; attachments are among them"""
    blocked: BlockedReason | None = None
    """why nothing can be read: a page that a script builds, a form to log in, a refusal, a text that is damaged"""
    doubtful: tuple[FilingDoubt, ...] = field(default=(), repr=False)
    """passages in which a number must not be taken as it stands, in order"""
    asides: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    """(start, end) of words next to the text of a page (menus, footers, link lists), which make no claims"""
    wrapping: bytes = field(default=b"", repr=False)
    """the file around `data` where that is the decoded part of an MHTML file"""
    unread: tuple[int, ...] = ()
    """pages without a text layer, which only `parse_with_ocr` can read"""
    scanned: tuple[ScannedLine, ...] = field(default=(), repr=False)
    """lines that were read from a picture"""

    def where(self, start: int, end: int) -> Location:
        """Return where text[start:end] stands: bytes, or page and boxes, and the cell."""
        line = self.scan_of(start)
        if line:
            return Location(page=line.page, pixels=line.box)
        (page, first), (_, last) = self.place(start), self.place(end - 1)
        cell = html.cell_at(self.cells, start, end)
        words = cell.where if cell else ""
        if page:
            from osint.filings.pdf_pictures import line_boxes

            return Location(page, line_boxes(self.data, self.name, page, first, last), cell=words)
        if self.medium not in (Medium.HTML, Medium.TEXT):
            return Location(cell=words)
        source = self.data.decode(self.codec or "utf-8", "replace") if self.medium is Medium.HTML else self.text
        codec, mark = ("utf-8", 3) if self.codec == "utf-8-sig" else (self.codec or "utf-8", 0)
        begin, stop = (mark + len(source[:at].encode(codec, "replace")) for at in (first, last + 1))
        span = mhtml.mhtml_bytes(self.wrapping, begin, stop) if self.wrapping else (begin, stop)
        return Location(bytes=span, cell=words)

    def scan_of(self, offset: int) -> ScannedLine | None:
        """Return the line of a scanned page around an offset, or None where the text is not read from a picture."""
        index = bisect_right(self.scanned, offset, key=lambda line: line.start) - 1
        return self.scanned[index] if index >= 0 and offset < self.scanned[index].end else None

    def place(self, offset: int) -> tuple[int, int]:
        """Return (page, offset in page or source) of a character."""
        index = bisect_right(self.starts, offset) - 1
        page, at = self.places[index]
        return page, at + offset - self.starts[index]

    def crop(self, start: int, end: int) -> Image | None:
        """Return the picture of text[start:end] in a PDF, its words framed, or None for a document without pages."""
        from osint.filings import pdf_pictures

        line = self.scan_of(start)
        if line:
            left, top, right, bottom = line.box
            shares = ((at - line.start) / (line.end - line.start) for at in (start, min(end, line.end)))
            first, last = (left + share * (right - left) for share in shares)
            return pdf_pictures.framed(
                pdf_pictures.page_picture(self.data, self.name, line.page), [(first, top, last, bottom)]
            )
        found = self.where(start, end)
        return pdf_pictures.crop(self.data, self.name, found.page, found.lines) if found.lines else None

    @property
    def main(self) -> str:
        """Return the text with what stands next to it blanked, so that no date there is taken for the document's."""
        return html.cut_out(self.text, list(self.asides))


def parse(data: bytes, name: str, label: str = "", pictures: bool = False) -> Filing:
    """Return the filing in `data`; its kind is read from the bytes, not from the name.

    `label` is the charset of the HTTP header; `pictures` says that the caller reads pictures itself.  Raises
    UnreadableError for an encrypted or broken file and for a picture, whose text only `parse_with_ocr` can read,
    and RefusedError for one that is too large.
    """
    head = data[:1024].lstrip()
    suffix = Path(name.split("?", maxsplit=1)[0]).suffix.lower()
    if b"%PDF-" in data[:1024]:
        named = (f"is named {suffix} but is a PDF",) if suffix in (".htm", ".html", ".shtml") else ()
        return _pdf(data, name, named, pictures)
    if suffix == ".pdf" and head[:1] == b"<":
        return _html(data, name, label, ("is named .pdf but is a web page: perhaps a refusal of the server, read it",))
    if data[:4] == b"PK\x03\x04":
        read = read_office(data, name)
        return Filing(
            name, Medium.OFFICE, read.text, data, cells=read.cells,
            remarks=(*read.remarks, *unread_remarks(read.cells, read.text)),
            facts=read_facts(read.text, name, cells=read.cells), doubtful=tuple(sorted(hidden_doubts(read.hidden))),
        )  # fmt: skip
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise UnreadableError(f"{name}: an old or encrypted Office file; save it as .docx or .xlsx without a password")
    if data.startswith(_PICTURES):
        if pictures:
            return Filing(name, Medium.PICTURE, "", data, unread=(1,))
        raise UnreadableError(
            f"{name}: a picture without text; read it with `osint extract --ocr` (the OCR extra) or by eye"
        )
    if suffix in (".mht", ".mhtml") or re.match(rb"(?:From|MIME-Version|Content-Type):", head, re.IGNORECASE):
        body, charset = mhtml.from_mhtml(data)
        if body:
            return _html(body, name, charset, (), data)
    if suffix in (".htm", ".html", ".shtml", ".xhtml", ".jsp") or re.match(
        rb"<(?:!doctype|html|head|body|div|table|\?xml|meta)", head, re.I
    ):
        return _html(data, name, label, ())
    text, codec, remarks = _decoded(data, name, label)
    if codec == "utf-8-sig":
        text, codec = "\ufeff" + text, "utf-8"  # offsets count the mark, as a reader of the file as UTF-8 would
    cells = tuple(text_tables(text, name))
    facts = read_facts(text, name, cells=cells)
    reason = blocked("", text)
    remarks = (*([str(reason)] if reason else []), *remarks, *unread_remarks(cells, text))
    return Filing(name, Medium.TEXT, text, data, codec, cells=cells, remarks=remarks, facts=facts, blocked=reason)


def _decoded(data: bytes, name: str, label: str) -> tuple[str, str, tuple[str, ...]]:
    """Return (text, codec, remarks); refuse what no person wrote: programs and pictures hold control characters."""
    if len(data) > _MAX_TEXT:
        raise RefusedError(
            f"{name}: {len(data) / 1e6:.0f} MB of text is over the limit of {_MAX_TEXT / 1e6:.0f} MB; cut it into parts"
        )
    text, codec, remarks = decode(data, label)
    if len(_CONTROL.findall(text)) > max(_FEW_CONTROL, _MOST_CONTROL * len(text)):
        raise UnreadableError(
            f"{name}: the bytes are no text in any codec that is tried; open it by hand and save its text"
        )
    return text, codec, remarks


def _html(data: bytes, name: str, label: str, remarks: tuple[str, ...], wrapping: bytes = b"") -> Filing:
    source, codec, odd = _decoded(data, name, label)
    page = html.read_html(source)
    doubts, drawn = page_doubts(page.text, page.drawn, page.fonts)
    doubts += hidden_doubts(page.hidden)
    hidden = sum(len(page.text[start:end].strip()) for start, end in page.hidden)
    if hidden:
        drawn.insert(0, f"{hidden} characters are hidden by style and were read too")
    if any(re.search(r"\d", page.text[start:end]) for start, end in page.asides):
        drawn.append("numbers in menus, footers and lists of links to other pages were left out")
    main = html.cut_out(page.text, page.asides)
    drawn_with_bars = text_tables(outside_tables(tuple(page.cells), main)) if "<pre" in source.lower() else []
    page.cells = sorted([*page.cells, *drawn_with_bars], key=lambda cell: cell.start)
    reason = blocked(source, main)
    if reason:
        drawn.insert(0, str(reason))
    if page.has_struck:
        drawn.append("words that are struck out were left out")
    drawn += unread_remarks(tuple(page.cells), main)
    return Filing(
        name, Medium.HTML, page.text, data, codec, tuple(page.starts) or (0,),
        tuple((0, at) for at in page.sources) or ((0, 0),), tuple(page.cells), (*remarks, *odd, *drawn),
        read_facts(main, name, heading(source) or page.title, page.cells), tuple(page.links), reason,
        tuple(sorted(doubts)), tuple(page.asides), wrapping,
    )  # fmt: skip


def _pdf(data: bytes, name: str, odd: tuple[str, ...], pictures: bool) -> Filing:
    from osint.filings.pdf import read_pdf

    read, remarks = read_pdf(data, name)
    if read.empty and not pictures:
        pages = listed_pages(read.empty)
        remarks.insert(0, f"page {pages} has no text layer: a scan, to be read with `osint extract --ocr` or by eye")
    remarks += unread_remarks(read.cells, read.text)
    return Filing(
        name, Medium.PDF, read.text, data, starts=read.starts or (0,), places=read.places or ((1, 0),),
        cells=read.cells, remarks=(*remarks, *odd), facts=read_facts(read.text, name, cells=read.cells),
        doubtful=read.doubtful, unread=read.empty,
    )  # fmt: skip


# ---------------------------------------------------------------- opening and reading


def open_filing(name: str, read: Callable[[bytes, str], Filing] = parse, *, data: str | Path | None = None) -> Filing:
    """Return the filing at a path, at a captured web address or under a capture's number or SHA-256.

    `read` turns bytes and their name into the filing; `parse_with_ocr` reads pictures as well.  `data` is the folder of
    the case that holds the captures.

    Raises NotFoundError where there is none; a web address must have been captured before.
    """
    path = Path(name)
    if path.is_file():
        return read(path.read_bytes(), name)
    if path.exists():
        raise BadInputError(f"{name}: a directory or no plain file; give the files themselves")
    if not re.match(r"https?://|\d+$|[0-9a-f]{8,64}$", name):
        raise NotFoundError(
            f"{name}: no such file; give a file, a captured web address or the number or SHA-256 of a capture"
        )
    from osint import archive

    store = archive.Archive(archive.captures_directory(data)).open(make=False)
    newest = None
    for entry in store.entries():
        if name in (str(entry.seq), entry.url, entry.final_url) or (len(name) >= 8 and entry.sha256.startswith(name)):
            newest = entry
    if newest is None:
        raise NotFoundError(
            f"{name}: not among the captures; run `osint capture {name}` first, or save the page and name the file"
        )
    filing = read(store.body(newest), newest.final_url or newest.url or name)
    doubt = f"the capture is classed {newest.kind!r}: it may not be the page that was asked for"
    odd = () if newest.is_content else (doubt,)
    return replace(filing, name=name, remarks=(*odd, *filing.remarks))
