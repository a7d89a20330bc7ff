"""Read a filing: the text of a capture, with a map from its characters back to bytes, cell, page and box."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from osint import claims
from osint.errors import OsintError
from osint.filings import facts, glyphs, html, office, pdf
from osint.filings.decode import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from PIL.Image import Image

_MAX_TEXT = 64_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_CONTROL = 0.02
"""share of control characters that a page or text may hold; random bytes hold ten times as many"""
FEW_CONTROL = 8
_REFUSED = ("text layer and picture disagree", "check:")
"""beginnings of the reasons for which a value is refused"""
_WORDS = 12
"""words (or Chinese lines) below which a page is nothing but its links"""
_LONGEST = 400
"""no doubtful passage is longer, in characters"""


@dataclass(frozen=True)
class Filing:
    """The text of one document."""

    name: str
    """file name, address or capture id, as asked for"""
    medium: str
    """text, html, pdf, office or picture"""
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
    cells: tuple[tuple[int, int, str, str], ...] = field(default=(), repr=False)
    """(start, end, place, header of the column) of each table cell"""
    remarks: tuple[str, ...] = ()
    """what a reader must know about the reading, one phrase each"""
    published: date | None = None
    """date of the document, from its path and visible text"""
    facts: dict[str, str] = field(default_factory=dict)
    """title, publisher, place, project_code, buyer, supplier where the document names them"""
    links: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(address, words) of links; attachments are among them"""
    doubtful: tuple[tuple[int, int, str], ...] = field(default=(), repr=False)
    """(start, end, reason) of passages in which a number must not be taken as it stands"""
    asides: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    """(start, end) of words beside the text of a page (menus, footers, link lists), which make no claims"""
    wrapping: bytes = field(default=b"", repr=False)
    """the file around `data` where that is the decoded part of an MHTML file"""
    unread: tuple[int, ...] = ()
    """pages without a text layer, which only `osint.filings.ocr` can read"""
    scanned: tuple[tuple[int, int, int, tuple[float, float, float, float]], ...] = field(default=(), repr=False)
    """(start, end, page, (left, top, right, bottom) in pixels at 150 dots an inch) of each line read from a picture"""

    def where(self, start: int, end: int) -> dict[str, Any]:
        """Return where text[start:end] stands: bytes (half-open), page, box and boxes of its lines in points, cell.

        Keys that do not apply are absent.  Bytes are exact where every byte of the page could be read.
        """
        found: dict[str, Any] = {}
        line = self.scan_of(start)
        if line:
            return {"page": line[2], "pixels": line[3]}
        (page, first), (_, last) = self._place(start), self._place(end - 1)
        if page:
            found["page"] = page
            found["lines"] = pdf.line_boxes(self.data, self.name, page, first, last)
            found["box"] = pdf.union(found["lines"])
        elif self.medium in ("html", "text"):
            source = self._source()
            codec = "utf-8" if self.codec == "utf-8-sig" else self.codec or "utf-8"
            skip = 3 if self.codec == "utf-8-sig" else 0
            ahead = len(source[:first].encode(codec, "replace"))
            span = (skip + ahead, skip + ahead + len(source[first : last + 1].encode(codec, "replace")))
            whole = html.mhtml_bytes(self.wrapping, *span) if self.wrapping else span
            found["bytes" if whole else "part_bytes"] = whole or span
        cell = _cell(self, start, end)
        if cell:
            found["cell"] = cell
        return found

    def scan_of(self, offset: int) -> tuple[int, int, int, tuple[float, float, float, float]] | None:
        """Return the line of a scanned page around an offset, or None where the text is not read from a picture."""
        index = bisect_right(self.scanned, offset, key=lambda line: line[0]) - 1
        return self.scanned[index] if index >= 0 and offset < self.scanned[index][1] else None

    def _place(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self.starts, offset) - 1
        page, at = self.places[index]
        return page, at + offset - self.starts[index]

    def _source(self) -> str:
        return self.data.decode(self.codec or "utf-8", "replace") if self.medium == "html" else self.text

    def crop(self, start: int, end: int) -> Image | None:
        """Return the picture of text[start:end] in a PDF, its words framed, or None for a document without pages."""
        line = self.scan_of(start)
        if line:
            share = [(at - line[0]) / (line[1] - line[0]) for at in (start, min(end, line[1]))]
            left, top, right, bottom = line[3]
            frame = (left + share[0] * (right - left), top, left + share[1] * (right - left), bottom)
            return pdf.framed(pdf.page_picture(self.data, self.name, line[2]), [frame], 36.0)
        found = self.where(start, end)
        return pdf.crop(self.data, self.name, found["page"], found["lines"]) if "lines" in found else None


def parse(data: bytes, name: str, label: str = "", pictures: bool = False) -> Filing:
    """Return the filing in `data`; its kind is read from the bytes, not from the name.

    `label` is the charset of the HTTP header.  Raises OsintError for an encrypted or broken file, and
    for a picture, whose text only `osint.filings.ocr` can read.
    """
    head = data[:1024].lstrip()
    suffix = Path(name.split("?", maxsplit=1)[0]).suffix.lower()
    if b"%PDF-" in data[:1024]:
        filing = _pdf(data, name)
        if suffix in (".htm", ".html", ".shtml"):
            filing = _with(filing, remarks=(*filing.remarks, f"is named {suffix} but is a PDF"))
        return filing
    if suffix == ".pdf" and head[:1] == b"<":
        return _html(data, name, label, ("is named .pdf but is a web page: perhaps a refusal of the server, read it",))
    if data[:4] == b"PK\x03\x04":
        text, cells, remarks = office.read(data, name)
        return _finished(Filing(name, "office", text, data, cells=tuple(cells), remarks=tuple(remarks)))
    if data[:4] in (b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*") or data[:3] == b"\xff\xd8\xff":
        if pictures:
            return Filing(name, "picture", "", data, unread=(1,))
        raise OsintError(
            f"{name}: a picture without text; read it with `osint extract --ocr` (the OCR extra) or by eye"
        )
    if suffix in (".mht", ".mhtml") or re.match(rb"(?:From|MIME-Version|Content-Type):", head, re.IGNORECASE):
        body, charset = html.from_mhtml(data)
        if body:
            return _html(body, name, charset, (), data)
    if suffix in (".htm", ".html", ".shtml", ".xhtml", ".jsp") or re.match(
        rb"<(?:!doctype|html|head|body|div|table|\?xml|meta)", head, re.I
    ):
        return _html(data, name, label, ())
    return _plain(data, name, label)


def _with(filing: Filing, **changes: Any) -> Filing:
    return Filing(**{**filing.__dict__, **changes})


def _plain(data: bytes, name: str, label: str) -> Filing:
    if len(data) > _MAX_TEXT:
        raise OsintError(
            f"{name}: {len(data) / 1e6:.0f} MB of text is over the limit of {_MAX_TEXT / 1e6:.0f} MB; cut it into parts"
        )
    text, codec, _, remarks = decode(data, label)
    remarks += tuple(_written(text, name))
    if codec == "utf-8-sig":
        text, codec = "\ufeff" + text, "utf-8"  # offsets count the mark, as a reader of the file as UTF-8 would
    return _finished(Filing(name, "text", text, data, codec, remarks=remarks))


def _written(text: str, name: str) -> list[str]:
    """Refuse what no person wrote (programs, pictures and archives hold control characters), name what is empty."""
    if len(_CONTROL.findall(text)) > max(FEW_CONTROL, MOST_CONTROL * len(text)):
        raise OsintError(f"{name}: the bytes are no text in any codec that is tried; open it by hand and save its text")
    return [] if text.strip() else ["the file is empty, which says nothing of the document: fetch it again"]


def _html(data: bytes, name: str, label: str, remarks: tuple[str, ...], wrapping: bytes = b"") -> Filing:
    if len(data) > _MAX_TEXT:
        raise OsintError(
            f"{name}: a page of {len(data) / 1e6:.0f} MB is over the limit of {_MAX_TEXT / 1e6:.0f} MB; save its text"
        )
    source, codec, _, odd = decode(data, label)
    odd += tuple(_written(source, name))
    page = html.read_html(source)
    doubts, said = glyphs.page_doubts(page.text, page.drawn, page.fonts)
    if any(re.search(r"\d", page.text[start:end]) for start, end in page.asides):
        said.append("numbers in menus, footers and lists of links to other pages were left out")
    return _finished(
        Filing(
            name, "html", page.text, data, codec, tuple(page.starts) or (0,),
            tuple((0, at) for at in page.sources) or ((0, 0),), tuple(page.cells),
            (*remarks, *odd, *page.remarks, *said), facts={"title": page.title} if page.title else {}, links=tuple(page.links),
            doubtful=tuple(sorted(doubts)), asides=tuple(page.asides), wrapping=wrapping,
        )
    )  # fmt: skip


def _pdf(data: bytes, name: str) -> Filing:
    read, remarks = pdf.read(data, name)
    starts, places = read.starts or (0,), read.places or ((1, 0),)
    filing = Filing(name, "pdf", read.text, data, "", starts, places, remarks=tuple(remarks))
    return _finished(_with(filing, doubtful=read.doubtful, unread=read.empty))


# ---------------------------------------------------------------- what the document says of itself

_FACTS = {
    "project_code": re.compile(r"(?:项目代码|项目统一编码|投资项目代码)[^0-9A-Za-z]{0,6}(\d{4}-\d{6}-\d{2}-\d{2}-\d{6}|\d{24})"),
    "buyer": re.compile(r"(?:采购人名称|采购人(?:信息)?\s*(?:名\s*称)?|采购单位|招标人|建设单位)(?:名称)?[\s:：|]{1,6}([^\s|,，。;；:：(（]{4,40})"),
    "supplier": re.compile(r"(?:供应商名称|中标人|中标单位|成交供应商|中标供应商)(?:名称)?[\s:：|]{1,6}([^\s|,，。;；:：(（]{4,40})"),
    "publisher": re.compile(r"(?:信息来源|来源|发布单位|发布机构|文章来源)[\s:：|]{1,4}([^\s|,，。;；]{2,30})"),
    "place": re.compile(r"(?:建设地点|项目地点|建设地址|实施地点)[\s:：|]{1,4}([^\s|,，。;；]{2,40})"),
}  # fmt: skip


def _finished(filing: Filing) -> Filing:
    main = _main(filing)
    head = main[:60_000]
    facts = dict(filing.facts)
    for name, pattern in _FACTS.items():
        match = pattern.search(head)
        if match:
            facts[name] = match[1]
    if "title" not in facts:
        first = next((line.strip() for line in head.splitlines() if len(line.strip()) > 4), "")
        if first and len(first) <= 80:
            facts["title"] = first
    return _with(filing, facts=facts, published=claims.document_date(main, filing.name))


_FILES = re.compile(r"\.(?:pdf|docx?|xlsx?|zip|rar|7z|ofd|wps)(?:[?#]|$)|/download\?", re.IGNORECASE)
_NOTICE = re.compile(
    r"公告|公示|通知|更正|变更|中标|成交|招标|采购|批复|审查意见|备案|announcement|tender|award|notice", re.IGNORECASE
)
_MOST_LINKS = 100


def about(filing: Filing) -> dict[str, Any]:
    """Return what the document says of itself; a key is always there, empty where nothing was found.

    file, medium, title, publisher, published (ISO date), place, project_code, buyer, supplier, attachments and
    related (lists of {address, words}), pages_without_text, remarks.  Addresses are absolute where `name` is one.
    """
    names = ("title", "publisher", "published", "place", "project_code", "buyer", "supplier")
    found: dict[str, Any] = {"file": filing.name, "medium": filing.medium} | dict.fromkeys(names, "")
    found |= {name: filing.facts[name] for name in names if name in filing.facts}
    found["published"] = filing.published.isoformat() if filing.published else ""
    links = list(filing.links)
    notice = None
    if filing.medium == "html":
        notice = facts.read_notice(filing.name, filing.data, f"text/html; charset={filing.codec or 'utf-8'}")
    if notice:
        for name, value in (("title", notice.title), ("publisher", notice.publisher), ("published", notice.date)):
            found[name] = found[name] or value
        found["project_code"] = found["project_code"] or next(iter(notice.project_codes), "")
        links += [(address, "") for address in notice.attachments] + [(path, stage) for stage, path in notice.related]
    known: dict[str, str] = {}
    for written, words in links:
        address = _absolute(filing.name, written)
        known[address] = known.get(address) or words
    own = {path for _, path in notice.related} if notice else set()
    files = {address for address in known if _FILES.search(address)} | set(notice.attachments if notice else ())
    related = [
        a for a, words in known.items() if a not in files and (_NOTICE.search(words) or any(a.endswith(p) for p in own))
    ]
    for key, addresses in (("attachments", [a for a in known if a in files]), ("related", related)):
        found[key] = [{"address": a, "words": known[a]} for a in addresses[:_MOST_LINKS]]
    return found | {"pages_without_text": list(filing.unread), "remarks": list(filing.remarks)}


def _absolute(base: str, address: str) -> str:
    try:
        return urljoin(base, address) if base.startswith(("http://", "https://")) else address
    except ValueError:
        return address


# ---------------------------------------------------------------- opening and reading


def open_filing(name: str, read: Callable[[bytes, str], Filing] = parse) -> Filing:
    """Return the filing at a path, at a captured web address or under a capture's number or SHA-256.

    `read` turns bytes and their name into the filing; `osint.filings.ocr.read` reads pictures as well.

    Raises OsintError where there is none; a web address must have been captured before.
    """
    path = Path(name)
    if path.is_file():
        return read(path.read_bytes(), name)
    if path.exists():
        raise OsintError(f"{name}: a directory; give the files in it")
    if not re.match(r"https?://|\d+$|[0-9a-f]{8,64}$", name):
        raise OsintError(
            f"{name}: no such file; give a file, a captured web address or the number or SHA-256 of a capture"
        )
    return _from_archive(name, read)


def _from_archive(name: str, read: Callable[[bytes, str], Filing]) -> Filing:
    from osint import archive

    store = archive.Archive(archive.captures_directory()).open()
    newest = None
    for entry in store.entries():
        if name in (str(entry.seq), entry.url, entry.final_url) or (len(name) >= 8 and entry.sha256.startswith(name)):
            newest = entry
    if newest is None:
        raise OsintError(f"{name}: not among the captures; run `osint capture {name}` first")
    filing = read(store.body(newest), newest.final_url or newest.url or name)
    doubt = f"the capture is classed {newest.kind!r}: it may not be the page that was asked for"
    odd = () if newest.is_content else (doubt,)
    return _with(filing, name=name, remarks=(*odd, *filing.remarks))


def claims_of(filing: Filing, document: date | None = None) -> pd.DataFrame:
    """Return the claims of a filing as a frame with `claims.CLAIM_COLUMNS`; `document` overrides its date.

    A number that is drawn otherwise than its text says keeps its quote and loses its value; `warning` says why.
    """
    labels = {start: header for start, _, _, header in filing.cells if header}
    main = _main(filing)
    found = claims.extract(main, document or filing.published, labels)
    if not found and filing.asides and len(main.split()) < _WORDS:  # a page of links, and nothing else
        found = claims.extract(filing.text, document or filing.published, labels)
        found = [claim.doubted("stands in a link or next to the text") for claim in found]
    found = [doubted(filing, claim) for claim in found]
    table = claims.claims_frame(found, filing.name)
    if filing.medium == "pdf":
        table["page"] = [filing._place(start)[0] for start in table["start"]]
    elif filing.cells:
        table["page"] = [_cell(filing, s, e) for s, e in zip(table["start"], table["end"], strict=True)]
    return table


def _main(filing: Filing) -> str:
    """Return the text with what stands beside it blanked, so that no date there is taken for the document's."""
    pieces: list[str] = []
    at = 0
    for start, end in filing.asides:
        pieces += (filing.text[at : max(start, at)], re.sub(r"[^\n]", " ", filing.text[max(start, at) : end]))
        at = max(end, at)
    return "".join(pieces) + filing.text[at:] if pieces else filing.text


def doubted(filing: Filing, claim: claims.TextClaim) -> claims.TextClaim:
    """Return the claim, with a warning and perhaps without its value where its passage is doubtful or read by machine."""
    reasons = ["read by machine: check against the picture"] if filing.scan_of(claim.start) else []
    for start, end, reason in filing.doubtful[bisect_right(filing.doubtful, (claim.start - _LONGEST,)) :]:
        if start >= claim.end:
            break
        if end > claim.start:
            reasons.append(reason)
    if not reasons:
        return claim
    warning = "; ".join(dict.fromkeys([*filter(None, [claim.warning]), *reasons]))
    if any(reason.startswith(_REFUSED) for reason in reasons):
        return claim.doubted(f"value refused: {warning}", is_refused=True)
    return claim.doubted(warning)


def _cell(filing: Filing, start: int, end: int) -> str:
    index = bisect_right(filing.cells, start, key=lambda cell: cell[0]) - 1
    return filing.cells[index][2] if index >= 0 and filing.cells[index][1] >= end else ""
