"""Read the visible text of HTML; tables keep their cells, every character its place in the source."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from osint.filings.grid import Cell, TableGrid
from osint.filings.heads import BORDER
from osint.filings.html_tags import ASIDE, attributes_of, beside, hides, names, raised
from osint.filings.page_fonts import declared_fonts, font_family

if TYPE_CHECKING:
    from collections.abc import Callable

# one token: comment, tag or text; no repeat can back up, so that any input is read in linear time
_TOKEN = re.compile(
    r"<!--|<(/?)([A-Za-z][A-Za-z0-9:-]{0,30})|<[!?]"
    r"|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?|[^<&]+|[<&]"
)
_ENDS = {"<!--": "-->", "<!": ">", "<?": ">"}
"""what ends a comment, a declaration or an instruction"""
_BLOCK = names(
    "p div br tr table ul ol li h1 h2 h3 h4 h5 h6 section article header main aside dl dt dd blockquote pre form hr "
    "center thead tbody tfoot caption figure option nav footer address"
)
_SILENT = names("script style noscript template svg math head iframe select del s strike")
_STRUCK = names("del s strike")
_EMPTY = names("br hr img input link meta area base col embed source track wbr")
_LEFT_OPEN = names("p dd dt option")
"""elements that the next of their kind ends"""
_MENU = names("nav header footer button")
_MEDIA = names("img iframe embed object video")
_MAX_ATTRIBUTES = 4000
_SPAN = re.compile(r"\b(row|col)span\s{0,5}=\s{0,5}[\"']?\s{0,5}(\d{1,5})", re.IGNORECASE)
_TO_THE_END = 65_534
"""rows of a cell with rowspan=0, as browsers do"""
_DEEPEST = 8
"""tables nested deeper than this are read as text without cells"""


@dataclass
class VisibleText:
    """The visible text of a page and the way back."""

    fonts: dict[str, bytes]
    """family -> file of each font that the page declares (@font-face), empty bytes where it is not in the page"""
    text: str = ""
    title: str = ""
    starts: list[int] = field(default_factory=list)
    """offsets in `text` at which a run of unchanged characters begins"""
    sources: list[int] = field(default_factory=list)
    """offset in the decoded source of each run"""
    cells: list[Cell] = field(default_factory=list)
    """cells of all tables, by their offsets"""
    links: list[tuple[str, str]] = field(default_factory=list)
    """(address, words) of every link"""
    link_spans: list[tuple[int, int]] = field(default_factory=list)
    """(start, end) of the words of links to other pages"""
    menus: list[tuple[int, int]] = field(default_factory=list)
    """(start, end) of menus, page headers, footers and buttons"""
    hidden: list[tuple[int, int]] = field(default_factory=list)
    """(start, end) of words that a style hides"""
    asides: list[tuple[int, int]] = field(default_factory=list)
    """(start, end) of words next to the text: marked menus and footers, lines that are links to other pages"""
    drawn: list[tuple[int, int, str]] = field(default_factory=list)
    """(start, end, family) of words in a font that the page declares itself"""
    has_struck: bool = False
    """whether words are struck out, which are left out"""
    has_media: bool = False
    """whether pictures, frames or players are shown"""


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
        if self.tag and tag == self.tag:
            self.depth += -1 if closing or tag in _LEFT_OPEN else 1
            if self.depth <= 0:
                self.close(at)
        if not self.tag and name and not closing:
            self.tag, self.depth, self.start, self.name = tag, 1, at, name

    def close(self, at: int) -> None:
        """End the part under way at an offset of the text."""
        if self.tag and at > self.start:
            self.spans.append((self.start, at))
            self.names.append(self.name)
        self.tag = ""


@dataclass
class _Table:
    """A table under way and its open cell."""

    grid: TableGrid
    place: tuple[int, int, int] | None = None
    """(column, row span, column span) of the open cell"""
    start: int = 0
    header: bool = False
    in_head: bool = False
    filled: bool = False
    """whether the row has a cell yet"""


_PIECES_OF_NUMBER = 8
"""pieces of text of which a number alone in its line consists at most, each digit in a tag of its own"""
_NUMBER_ALONE = re.compile(r"(?!(?:19|20)\d\d$)(?:[1-9]\d{0,2}(?:,\d{3}){1,3}|[1-9]\d{1,6}(?:\.\d{1,3})?|\d\.\d{1,3})")
_OPENS_WITH_UNIT = re.compile(
    r"\s?[余多]?(?:[台套架个张块片枚](?=[^\n，。；]{0,8}(?:服务器|一体机|机柜|机架|加速卡|算力卡|推理卡|训练卡|GPU|芯片))|"
    r"万?(?:平方米|千瓦|千瓦时|元|亩)|亿元|兆瓦|(?:MW|GW|kV|MVA|MWh|GWh|[PE]FLOPS|P)(?![A-Za-z0-9]))"
)
"""a unit that can only be that of the number in the line above, which a page sets large"""


def read_html(source: str) -> VisibleText:
    """Return the visible text of decoded HTML; nesting has no limit, because nothing recurses."""
    return _Parser(source).read()


class _Parser:
    """Text under construction, with its tables, open link and open parts."""

    def __init__(self, source: str) -> None:
        self.source = source
        fonts, self.set_in = declared_fonts(source)
        self.page = VisibleText(fonts)
        self.pieces: list[str] = []
        self.length, self.last = 0, "\n"
        self.break_at = -1
        """where a line break inside a cell is due before the next words"""
        self.silent, self.depth, self.in_title = "", 0, False
        self.tables: list[_Table] = []
        self.is_raised = self.in_pre = False
        self.too_deep, self.grids = 0, list[TableGrid]()
        self.link, self.link_words, self.link_start = "", "", 0
        self.aside, self.face, self.hidden, self.menu = _Part(), _Part(), _Part(), _Part()

    def read(self) -> VisibleText:
        position, size, page = 0, len(self.source), self.page
        while position < size:
            position = self._token(position, size)
        while self.tables:
            self.on_table("table", True, "", size)
        self._end_line(size)
        for part in (self.aside, self.face, self.hidden, self.menu):
            part.close(self.length)
        page.text, page.title = "".join(self.pieces), " ".join(page.title.split())[:300]
        cells = (cell for grid in self.grids for cell in grid.finished(page.text))
        page.cells = sorted(cells, key=lambda cell: cell.start)
        page.menus, page.hidden = self.menu.spans, self.hidden.spans
        page.asides = sorted([*self.aside.spans, *_link_lines(page.text, page.link_spans)])
        page.drawn = [(*span, family) for span, family in zip(self.face.spans, self.face.names, strict=True)]
        return page

    def _token(self, position: int, size: int) -> int:
        """Take one token and return the position behind it."""
        match = _TOKEN.match(self.source, position)
        if match is None:
            return size
        token, at, position = match.group(), position, match.end()
        if token in _ENDS:
            end = self.source.find(_ENDS[token], position)
            return size if end < 0 else end + len(_ENDS[token])
        if match[2]:
            end = self.source.find(">", position)
            stop = size if end < 0 else end
            inner = self.source[position : min(stop, position + _MAX_ATTRIBUTES)]
            self._tag(match[2].lower(), match[1] == "/", inner, at)
            position = min(stop + 1, size)
            if self.silent in ("script", "style") and not match[1]:
                close = re.compile(rf"</{self.silent}", re.IGNORECASE).search(self.source, position)
                position = close.start() if close else size
        elif self.in_title:
            self.page.title += html.unescape(token)
        elif not self.silent:
            self._words(token, at)
        return position

    # ------------------------------------------------------------ words

    def _add(self, piece: str, source: int) -> None:
        if self.break_at >= 0:
            due, self.break_at = self.break_at, -1
            self._add("\n", due)
        self.page.starts.append(self.length)
        self.page.sources.append(source)
        self.pieces.append(piece)
        self.length += len(piece)
        self.last = piece[-1]

    def _join_number(self, words: str) -> None:
        """Take back the end of a line that is nothing but a number, where its unit opens the next: 1024, 台服务器."""
        if self.tables or len(self.pieces) < 2 or self.pieces[-1] != "\n" or not _OPENS_WITH_UNIT.match(words):
            return
        line = "".join(self.pieces[-_PIECES_OF_NUMBER:-1]).rpartition("\n")[2]
        if _NUMBER_ALONE.fullmatch(line):
            self.pieces.pop()
            self.page.starts.pop()
            self.page.sources.pop()
            self.length -= 1
            self.last = line[-1]

    def _end_line(self, source: int) -> None:
        if self.last != "\n":
            self._add("\n", source)

    def _words(self, token: str, at: int) -> None:
        token = raised(token) if self.is_raised else token
        at_edge = self.last in "\n|" or self.break_at >= 0
        if token.startswith("&"):
            letters = html.unescape(token) or token
            if not (at_edge and letters.isspace()):
                self._add(letters, at)
            return
        if self.link:
            self.link_words += token[:200]
        for run in re.finditer(r"[^\r\n\t]+", token):
            words = run.group().lstrip() if self.last in "\n|" or self.break_at >= 0 else run.group()
            if words:
                self._join_number(words)
                self._add(words, at + run.end() - len(words))
                if run.end() < len(token) and self.in_pre and token[run.end()] != "\t":
                    self._break(at + run.end())
                elif run.end() < len(token) and re.search(r"[A-Za-z0-9,.]$", words):
                    self._add(" ", at + run.end())

    # ------------------------------------------------------------ tags

    def _tag(self, tag: str, closing: bool, inner: str, at: int) -> None:
        if tag == "title" and self.silent in ("", "head"):
            self.in_title = not closing and not self.page.title
            return
        if self.silent:
            self._silent_tag(tag, closing)
            return
        self.page.has_media = self.page.has_media or tag in _MEDIA
        if tag in _SILENT and not closing and not inner.endswith("/"):
            self.silent, self.depth = tag, 1
            self.page.has_struck = self.page.has_struck or tag in _STRUCK
        if tag in _HANDLERS:
            _HANDLERS[tag](self, tag, closing, inner, at)
        elif tag in _BLOCK:
            self._break(at)
        if tag not in _EMPTY:
            self._follow(tag, closing, inner)

    def _silent_tag(self, tag: str, closing: bool) -> None:
        """Follow the tags inside an element that shows no words."""
        if tag == self.silent:
            self.depth += -1 if closing else 1
        if self.depth <= 0 or (self.silent == "head" and tag == "body"):
            self.silent = ""

    def _follow(self, tag: str, closing: bool, inner: str) -> None:
        """Note whether an element stands next to the text, is hidden or is set in a font of the page's own."""
        under_way = self.aside.tag or self.face.tag or self.hidden.tag or self.menu.tag
        if not (inner or under_way or self.set_in or tag in _MENU or tag in ASIDE):
            return
        found = attributes_of(inner) if inner and not closing else {}
        self.aside.follow(closing, tag, beside(tag, found), self.length)
        if self.page.fonts:
            family = font_family(tag, found, self.page.fonts, self.set_in)
            self.face.follow(closing, tag, family, self.length)
        self.menu.follow(closing, tag, tag if tag in _MENU else "", self.length)
        is_hidden = bool(inner) and not closing and hides(inner[:500])
        self.hidden.follow(closing, tag, tag if is_hidden else "", self.length)

    def _break(self, at: int) -> None:
        """End the line; inside a cell only once it has words, and only before others."""
        table = self.tables[-1] if self.tables else None
        if table is None or table.place is None:
            self._end_line(at)
        elif self.length > table.start and self.break_at < 0 and self.last != "\n":
            self.break_at = at

    def on_link(self, tag: str, closing: bool, inner: str, at: int) -> None:
        if not closing:
            self.link, self.link_words = html.unescape(attributes_of(inner).get("href", "")), ""
            self.link_start = self.length
            return
        if self.link:
            self.page.links.append((self.link, self.link_words.strip()[:200]))
            if self.length > self.link_start and not self.link.startswith("#"):
                self.page.link_spans.append((self.link_start, self.length))
        self.link = ""

    def on_raised(self, tag: str, closing: bool, inner: str, at: int) -> None:
        """Write raised digits as such, so that a footnote mark is no part of the number before it."""
        self.is_raised = not closing

    def on_pre(self, tag: str, closing: bool, inner: str, at: int) -> None:
        """Keep the lines of the source."""
        self.in_pre = not closing
        self._break(at)

    # ------------------------------------------------------------ tables

    def on_table(self, tag: str, closing: bool, inner: str, at: int) -> None:
        if closing and self.too_deep:
            self.too_deep -= 1
        elif closing and self.tables:
            self._end_cell(self.tables.pop())
        elif not closing and len(self.tables) >= _DEEPEST:
            self.too_deep += 1
        elif not closing:
            self._break(at)
            self.grids.append(TableGrid(f"table {len(self.grids) + 1}"))
            self.tables.append(_Table(self.grids[-1]))
        self._break(at)

    def on_rows(self, tag: str, closing: bool, inner: str, at: int) -> None:
        """Begin or end a row or a group of rows."""
        table = self._between_cells(at)
        if table is None:
            return
        if tag != "tr":
            table.grid.end_spans()
            table.in_head = tag == "thead" and not closing
        elif not closing:
            table.grid.row()
            table.filled = False
        self._end_line(at)

    def on_cell(self, tag: str, closing: bool, inner: str, at: int) -> None:
        table = self._between_cells(at)
        if table is None or closing:
            return
        if not table.grid.number:  # a cell without a row begins one
            table.grid.row()
            self._end_line(at)
        if table.filled:
            self._add(BORDER, at)
            self.last = "|"
        spans = {match[1].lower(): int(match[2]) for match in _SPAN.finditer(inner)}
        table.place = table.grid.place(spans.get("row", 1) or _TO_THE_END, spans.get("col", 1))
        table.start, table.header, table.filled = self.length, tag == "th" or table.in_head, True

    def _between_cells(self, at: int) -> _Table | None:
        """Return the table under way, its open cell ended; end the line where there is none."""
        if not self.tables or self.too_deep:
            self._break(at)
            return None
        self._end_cell(self.tables[-1])
        return self.tables[-1]

    def _end_cell(self, table: _Table) -> None:
        self.break_at = -1
        if table.place is not None:
            table.grid.add(table.place, table.start, self.length, table.header)
            table.place = None


_HANDLERS: dict[str, Callable[[_Parser, str, bool, str, int], None]] = {
    "a": _Parser.on_link,
    "sup": _Parser.on_raised,
    "pre": _Parser.on_pre,
    "table": _Parser.on_table,
    **dict.fromkeys(("tr", "thead", "tbody", "tfoot"), _Parser.on_rows),
    **dict.fromkeys(("td", "th"), _Parser.on_cell),
}
"""what tags do that is more than a line or a word: (parser, tag, whether it closes, attributes, offset)"""


def _link_lines(text: str, links: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans of lines of which nine tenths are words of links to other pages, two or more in a row."""
    lines: list[tuple[bool, tuple[int, int]]] = []
    index = 0
    for match in re.finditer(r"[^\n]+", text):
        inside = 0
        while index < len(links) and links[index][0] < match.end():
            inside += min(links[index][1], match.end()) - max(links[index][0], match.start())
            index += 1
        length = len(match.group().strip(" |"))
        lines.append((inside > 0 and (inside >= 0.9 * length or inside >= 0.6 * length - 11), match.span()))
    runs = [[span for _, span in run] for linked, run in groupby(lines, key=itemgetter(0)) if linked]
    return [span for run in runs if len(run) > 1 for span in run]


def cut_out(text: str, spans: list[tuple[int, int]]) -> str:
    """Return a text of equal length with the spans blanked; line breaks stay."""
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        pieces += (text[at : max(start, at)], re.sub(r"[^\n]", " ", text[max(start, at) : end]))
        at = max(end, at)
    return "".join([*pieces, text[at:]])


def cell_at(cells: list[Cell] | tuple[Cell, ...], start: int, end: int) -> Cell | None:
    """Return the innermost cell around text[start:end], or None."""
    index = bisect_left(cells, start + 1, key=lambda cell: cell.start)
    for cell in reversed(cells[max(index - 200, 0) : index]):
        if end <= cell.end:
            return cell
    return None
