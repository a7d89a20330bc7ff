"""Read the visible text of HTML and MHTML; tables keep their cells, every character its place in the source."""

from __future__ import annotations

import email
import email.policy
import html
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import html as lxml_html

from osint.filings import glyphs
from osint.filings.decode import decode

# one token: comment, tag or text; no repeat can back up, so that any input is read in linear time
_TOKEN = re.compile(
    r"<!--|<(/?)([A-Za-z][A-Za-z0-9:-]{0,30})|<[!?]|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?|[^<&]+|[<&]"
)
_BLOCK = frozenset([
    "p", "div", "br", "tr", "table", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article",
    "header", "main", "aside", "dl", "dt", "dd", "blockquote", "pre", "form", "hr", "title", "center", "thead",
    "tbody", "tfoot", "caption", "figure", "option"
])  # fmt: skip
_SILENT = frozenset([
    "script", "style", "noscript", "template", "svg", "math", "head", "nav", "footer", "iframe", "select"
])  # fmt: skip
# names of parts that stand beside the text; the word must stand alone, as in "related-news" or "mainNav"
_BESIDE = frozenset([
    "nav", "navbar", "navigation", "menu", "submenu", "footer", "foot", "copyright", "breadcrumb", "breadcrumbs",
    "crumb", "crumbs", "sidebar", "related", "recommend", "recommended", "recommendations", "cookie", "cookies",
    "consent", "gdpr", "newsletter", "subscribe", "tuijian", "xiangguan", "xgxw", "xgyd", "dibu", "daohang", "yqlj",
    "friendlink", "friendlinks", "hotnews", "advert", "advertisement"
])  # fmt: skip
_WHOLE = frozenset([
    "has", "with", "no", "main", "article", "content", "page", "layout", "body"
])  # fmt: skip
_NAMES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|\shidden(?:[\s=]|$)", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:class|id|style)\s{0,5}=", re.IGNORECASE)
_MAX_ATTRIBUTES = 4000
_ATTRIBUTE = re.compile(
    r"""([A-Za-z:_-]{1,30})\s{0,5}=\s{0,5}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))"""
)


@dataclass
class VisibleText:
    """The visible text of a page and the way back."""

    text: str = ""
    title: str = ""
    starts: list[int] = field(default_factory=list)
    """offsets in `text` at which a run of unchanged characters begins"""
    sources: list[int] = field(default_factory=list)
    """offset in the decoded source of each run"""
    cells: list[tuple[int, int, str, str]] = field(default_factory=list)
    """(start, end, "table 1 row 2 column 3", header of the column) of every cell, in order"""
    links: list[tuple[str, str]] = field(default_factory=list)
    """(address, words) of every link"""
    remarks: list[str] = field(default_factory=list)
    asides: list[tuple[int, int]] = field(default_factory=list)
    """(start, end) of words beside the text: marked menus and footers, lines that are links to other pages"""
    drawn: list[tuple[int, int, str]] = field(default_factory=list)
    """(start, end, family) of words in a font that the page declares itself"""
    fonts: dict[str, bytes] = field(default_factory=dict)
    """family -> file of each font that the page declares (@font-face), empty bytes where it lies elsewhere"""
    families: dict[str, str] = field(default_factory=dict)
    """selector of one element (.class, #id or tag) -> family"""


class _Writer:
    """Text under construction, with its runs."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.starts: list[int] = []
        self.sources: list[int] = []
        self.last = "\n"

    def add(self, piece: str, source: int) -> None:
        self.starts.append(self.length)
        self.sources.append(source)
        self.pieces.append(piece)
        self.length += len(piece)
        self.last = piece[-1]

    def gap(self, mark: str, source: int) -> None:
        """Add a line break or a cell border, once."""
        if self.last != "\n" and not (mark == " | " and self.last == "|"):
            self.add(mark, source)
            self.last = "\n" if mark == "\n" else "|"


def read_html(source: str) -> VisibleText:
    """Return the page of decoded HTML; nesting has no limit, because nothing recurses."""
    writer, page, state = _Writer(), VisibleText(), _State()
    page.fonts, page.families = glyphs.declared_fonts(source)
    position, size = 0, len(source)
    while position < size:
        match = _TOKEN.match(source, position)
        if match is None:
            break
        token, at = match.group(), position
        position = match.end()
        if token == "<!--":
            end = source.find("-->", position)
            position = size if end < 0 else end + 3
        elif match[2]:
            end = source.find(">", position)
            stop = size if end < 0 else end
            _tag(
                match[1] == "/",
                match[2].lower(),
                source[position : min(stop, position + _MAX_ATTRIBUTES)],
                at,
                writer,
                page,
                state,
            )
            position = min(stop + 1, size)
            if state.silent in ("script", "style") and not match[1]:
                close = re.compile(rf"</{state.silent}", re.IGNORECASE).search(source, position)
                position = close.start() if close else size
        elif token in ("<!", "<?"):
            end = source.find(">", position)
            position = size if end < 0 else end + 1
        elif state.in_title:
            page.title += html.unescape(token)
        elif not state.silent:
            _words(token, at, writer, state)
    writer.gap("\n", size)
    for part in (state.aside, state.face):
        part.close(writer.length)
    page.asides = sorted([*state.aside.spans, *_link_lines("".join(writer.pieces), state.link_spans)])
    page.drawn = [(start, end, family) for (start, end), family in zip(state.face.spans, state.face.names, strict=True)]
    page.text, page.starts, page.sources = "".join(writer.pieces), writer.starts, writer.sources
    page.title = " ".join(page.title.split())[:300]
    if state.hidden_words:
        page.remarks.append(f"{state.hidden_words} characters are hidden by style and were read too")
    return page


@dataclass
class _Part:
    """An element under way whose words are noted, and the spans of those before it."""

    tag: str = ""
    depth: int = 0
    start: int = 0
    name: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def follow(self, closing: bool, tag: str, name: str, at: int) -> None:
        """Count nested elements of the same tag; `name` begins a part where none is under way."""
        if self.tag:
            if tag == self.tag:
                self.depth += -1 if closing else 1
                if self.depth <= 0:
                    self.close(at)
        elif name and not closing:
            self.tag, self.depth, self.start, self.name = tag, 1, at, name

    def close(self, at: int) -> None:
        """End the part under way at an offset of the text."""
        if self.tag and at > self.start:
            self.spans.append((self.start, at))
            self.names.append(self.name)
        self.tag = ""


@dataclass
class _State:
    aside: _Part = field(default_factory=_Part)
    face: _Part = field(default_factory=_Part)
    link_spans: list[tuple[int, int]] = field(default_factory=list)
    link_start: int = 0
    silent: str = ""
    depth: int = 0
    in_title: bool = False
    table: int = 0
    row: int = 0
    column: int = 0
    cell_start: int = -1
    headers: dict[int, str] = field(default_factory=dict)
    link: str = ""
    link_words: str = ""
    hidden: bool = False
    hidden_words: int = 0


def _words(token: str, at: int, writer: _Writer, state: _State) -> None:
    if token.startswith("&"):
        writer.add(html.unescape(token) or token, at)
        return
    if state.link:
        state.link_words += token[:200]
    if state.hidden:
        state.hidden_words += len(token.strip())
    for run in re.finditer(r"[^\r\n\t]+", token):
        if run.group().strip() or writer.last not in "\n|":
            writer.add(run.group(), at + run.start())
        if run.end() < len(token) and re.search(r"[A-Za-z0-9,.]$", run.group()):
            writer.add(" ", at + run.end())


def _tag(closing: bool, name: str, inner: str, at: int, writer: _Writer, page: VisibleText, state: _State) -> None:
    if state.silent:
        _silent_tag(closing, name, page, state)
        return
    if name in _SILENT and not closing and not inner.endswith("/"):
        state.silent, state.depth = name, 1
    elif name == "title":
        state.in_title = not closing and not page.title
    elif name in ("td", "th"):
        _cell(closing, at, writer, page, state)
    elif name == "a":
        _link(closing, inner, writer, page, state)
    elif name in _BLOCK:
        _end_cell(writer, page, state) if name in ("tr", "table") else None
        writer.gap(" " if state.cell_start >= 0 else "\n", at)
        if name == "table" and not closing:
            state.table, state.row, state.headers = state.table + 1, 0, {}
        elif name == "tr" and not closing:
            state.row, state.column = state.row + 1, 0
    if name not in _EMPTY:
        found = _attributes(inner) if inner and not closing else {}
        state.aside.follow(closing, name, _beside(name, found) if found or name == "aside" else "", writer.length)
        state.face.follow(
            closing,
            name,
            glyphs.font_family(name, found, page.fonts, page.families) if page.fonts else "",
            writer.length,
        )
    if name in ("div", "span", "p", "td"):
        state.hidden = not closing and bool(_HIDDEN.search(inner[:500]))


_EMPTY = frozenset([
    "br", "hr", "img", "input", "link", "meta", "area", "base", "col", "embed", "source", "track", "wbr"
])  # fmt: skip


@lru_cache(maxsize=512)
def _attributes(inner: str) -> dict[str, str]:
    """Return the attributes of a tag that may name or style it; a page repeats a few tags thousands of times."""
    if not _NAMED.search(inner):
        return {}
    return {match[1].lower(): match[2] or match[3] or match[4] or "" for match in _ATTRIBUTE.finditer(inner)}


def _beside(tag: str, attributes: dict[str, str]) -> str:
    """Return why an element stands beside the text of a page, by its tag, class or id; empty if it does not seem to."""
    if tag == "aside":
        return tag
    for words in (
        (*attributes.get("class", "").split(), attributes.get("id", "")) if tag not in ("body", "html", "main") else ()
    ):
        parts = {part.lower() for part in _NAMES.findall(words)}
        if parts & _BESIDE and not parts & _WHOLE:
            return words
    return ""


def _link_lines(text: str, links: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans of lines of which nine tenths are words of links to other pages, two or more in a row."""
    lines: list[tuple[int, int]] = []
    out, index = [], 0
    for match in re.finditer(r"[^\n]+", text):
        inside = 0
        while index < len(links) and links[index][0] < match.end():
            inside += min(links[index][1], match.end()) - max(links[index][0], match.start())
            index += 1
        dense = inside >= 0.9 * len(match.group().strip()) or (
            inside > 0 and inside >= 0.6 * len(match.group().strip()) - 11
        )
        if dense and inside > 0:
            lines.append(match.span())
        elif lines:
            out += lines if len(lines) > 1 else []
            lines = []
    return out + (lines if len(lines) > 1 else [])


def _silent_tag(closing: bool, name: str, page: VisibleText, state: _State) -> None:
    """Follow the tags inside an element that shows no words."""
    if name == "title" and state.silent == "head":
        state.in_title = not closing and not page.title
    elif name == state.silent:
        state.depth += -1 if closing else 1
        if state.depth <= 0:
            state.silent = ""
    elif state.silent == "head" and name == "body":
        state.silent = ""


def _cell(closing: bool, at: int, writer: _Writer, page: VisibleText, state: _State) -> None:
    _end_cell(writer, page, state)
    if closing:
        return
    state.column += 1
    if state.column > 1:
        writer.gap(" | ", at)
    state.cell_start = writer.length


def _end_cell(writer: _Writer, page: VisibleText, state: _State) -> None:
    if state.cell_start < 0:
        return
    start, state.cell_start = state.cell_start, -1
    words = ""
    for piece in reversed(writer.pieces[-12:]):
        words = piece + words
        if len(words) >= writer.length - start:
            break
    words = words[-(writer.length - start) :].strip() if writer.length > start else ""
    place = f"table {state.table} row {state.row} column {state.column}"
    page.cells.append((start, writer.length, place, state.headers.get(state.column, "")))
    if state.row == 1:
        state.headers[state.column] = words[:60]


def _link(closing: bool, inner: str, writer: _Writer, page: VisibleText, state: _State) -> None:
    if closing:
        if state.link:
            page.links.append((state.link, state.link_words.strip()[:200]))
            if writer.length > state.link_start and not state.link.startswith("#"):
                state.link_spans.append((state.link_start, writer.length))
        state.link = ""
        return
    found = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(inner[:4000])}
    state.link, state.link_words, state.link_start = html.unescape(found.get("href", "")), "", writer.length


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


_QUOTED = re.compile(rb"=\r?\n|=[0-9A-Fa-f]{2}|[^=]|=", re.DOTALL)


def mhtml_bytes(data: bytes, first: int, last: int) -> tuple[int, int] | None:
    """Return the half-open span in an MHTML file of bytes first to last (half-open) of its decoded HTML part.

    None where the part cannot be found again in the file.
    """
    part = _mhtml_part(data)
    coding = str(part.get("Content-Transfer-Encoding", "")).strip().lower() if part is not None else ""
    coded = coding in ("quoted-printable", "base64")
    raw = str(part.get_payload()).encode("ascii", "replace") if coded else from_mhtml(data)[0]
    begin = data.find(raw) if raw else -1
    if begin < 0:
        return None
    if not coded:
        return begin + first, begin + last
    ends = []
    if coding == "base64":
        letters = [match.start() for match in re.finditer(rb"[A-Za-z0-9+/]", raw)]
        ends = [letters[first * 4 // 3], letters[min(((last - 1) * 4 // 3) + 1, len(letters) - 1)] + 1]
        return begin + ends[0], begin + ends[1]
    done, start = 0, 0
    for match in _QUOTED.finditer(raw):
        if match.group()[:1] == b"=" and match.group()[1:2] in (b"\r", b"\n"):
            continue
        if done == first:
            start = match.start()
        done += 1
        if done == last:
            return begin + start, begin + match.end()
    return None


# ---------------------------------------------------------------- one body for the rules of the portals


def element_text(element: Any) -> str:
    """Return the text of an element, spaces squeezed."""
    return re.sub(r"\s+", " ", " ".join(element.itertext())).strip()


_LOOKED_AT_BYTES = 4 << 20
"""Of a page of markup; what tells a block from a notice stands at the start."""


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _without_comments(text: str) -> str:
    """Drop the comments in one pass; a regular expression takes hours on a page of openings."""
    kept, start = [], 0
    while (begin := text.find("<!--", start)) >= 0:
        kept.append(text[start:begin])
        end = text.find("-->", begin + 4)
        if end < 0:
            return "".join(kept)
        start = end + 3
    return "".join([*kept, text[start:]])


class Page:
    """A body with what the rules look at, worked out once."""

    def __init__(self, raw: bytes, content_type: str):
        self.raw = raw
        self.media_type = content_type.partition(";")[0].strip().lower()
        head = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        self.is_html = head.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<div", b"<!--"))
        self.is_html = self.is_html or (self.media_type in ("text/html", "application/xhtml+xml") and b"<" in head)
        textual = self.media_type.startswith("text/") or re.search(r"json|xml|javascript", self.media_type)
        self.is_binary = not self.is_html and not textual and (b"\0" in raw[:4096] or raw.startswith(b"%PDF-"))
        self.is_binary = self.is_binary or raw.startswith(b"%PDF-")
        looked_at = raw if head.startswith((b"{", b"[")) or not self.is_html else raw[:_LOOKED_AT_BYTES]
        self.text = "" if self.is_binary else decode(looked_at, content_type).text
        self.data = self._json()
        self.tree = self._tree()
        self.title = ""
        self.visible = self.text if not self.is_html else ""
        self.text_outside_links = self.visible
        self.has_media = False
        self.without_comments = _without_comments(self.text)
        if self.tree is not None:
            self._parse_tree()

    def _json(self) -> Any:
        text = self.text.strip()
        padded = re.fullmatch(r"[\w$.]+\((.*)\)\s*;?", text, re.S)  # JSONP
        text = padded.group(1) if padded else text
        if not text.startswith(("{", "[")):
            return None
        whole = _json_or_none(text)
        first = _json_or_none(text.partition("\n")[0]) if whole is None else None
        return whole if first is None else [first]  # one object a line, as indexes answer

    def _tree(self) -> Any:
        if not self.is_html or not self.text.strip():
            return None
        clean = re.sub(r"^\s*<\?xml[^>]*\?>", "", self.text).replace("\0", "")
        try:
            return lxml_html.document_fromstring(clean)
        except Exception:  # lxml raises several kinds for hostile markup; the page then has no tree
            return None

    def _parse_tree(self) -> None:
        titles = [t.text_content() for t in self.tree.iter("title")]
        self.title = (titles[0] if titles else "").strip()
        self.has_media = any(True for _ in self.tree.iter("img", "iframe", "embed", "object", "video"))
        self.visible = _joined(self.tree, _UNSEEN)
        menus = (*_UNSEEN, "a", "nav", "header", "footer", "button", "select")
        self.text_outside_links = _joined(self.tree, menus)


_UNSEEN = ("script", "style", "noscript", "title", "template", "head")
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
    }
    | {"p", "pre", "section", "table", "td", "th", "tr", "ul"}
)


def block_lines(tree: Any) -> list[str]:
    """Return the visible text of a tree, one line for each block such as a paragraph or a cell."""
    lines = "".join(_pieces(tree, _UNSEEN, "\n")).split("\n")
    return [line for line in (re.sub(r"\s+", " ", raw).strip() for raw in lines) if line]


def _joined(tree: Any, dropped: tuple[str, ...]) -> str:
    """Return the text of a tree without some elements, spaces squeezed."""
    return re.sub(r"\s+", " ", "".join(_pieces(tree, dropped, " "))).strip()


def _pieces(tree: Any, dropped: tuple[str, ...], between: str) -> list[str]:
    """Return the texts of a tree in order, with a separator around each block."""
    parts: list[str] = []
    stack: list[Any] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            parts.append(one)
            continue
        if one.tail and one is not tree:
            stack.append(one.tail)
        if not isinstance(one.tag, str) or one.tag in dropped or "display:none" in one.get("style", ""):
            continue
        if one.tag in _BLOCKS:
            parts.append(between)
            stack.append(between)
        stack.extend(reversed(list(one)))
        if one.text:
            parts.append(one.text)
    return parts


def tables(tree: lxml_html.HtmlElement) -> list[list[dict[str, str]]]:
    """Return the server-rendered tables of a page as rows by their header cells."""
    found = []
    for table in tree.iter("table"):
        lines = [[element_text(c) for c in row.iter("th", "td")] for row in table.iter("tr")]
        lines = [line for line in lines if any(line)]
        if len(lines) > 1:
            found.append([dict(zip(lines[0], line, strict=False)) for line in lines[1:]])
    return found
