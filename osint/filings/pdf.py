"""Read the text layer of a PDF page by page, and cut the picture of a passage out of it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from osint.errors import UnreadableError
from osint.filings import glyphs
from osint.filings.doubt import UNNAMED, FilingDoubt, listed_pages
from osint.filings.grid import TableGrid
from osint.filings.heads import BORDER
from osint.filings.pdf_tables import page_letters, page_tables

if TYPE_CHECKING:
    from osint.filings.grid import Cell
    from osint.filings.pdf_cells import FoundCell, FoundTable

_MAX_PAGES = 3000
_MAX_CHARACTERS = 20_000_000
_SENTENCE_END = re.compile(r"[。！？；:：.;!?]\s*$")
_BROKEN = re.compile(r"\d[.,]$")
"""how a number ends that goes on in the next line"""
_ITEM = re.compile(r"\s*(?:[一二三四五六七八九十]+、|[(（]?[一二三四五六七八九十\d]+[)）]|\d+[.、]|[-•●])")


@dataclass(frozen=True)
class Pages:
    """The text of a PDF."""

    text: str
    """wrapped lines joined, pages separated by a form feed"""
    starts: tuple[int, ...]
    """offsets in `text` of runs of characters that follow each other in one page"""
    places: tuple[tuple[int, int], ...]
    """(page from 1, index of the first character in the page) of each run"""
    empty: tuple[int, ...]
    """pages without a single character: scans"""
    doubtful: tuple[FilingDoubt, ...] = ()
    """digits in `text` that are drawn otherwise or not at all"""
    cells: tuple[Cell, ...] = ()
    """the cells of its tables, by their offsets"""


def open_document(data: bytes, name: str) -> pdfium.PdfDocument:
    """Return the open document; raises UnreadableError when it is encrypted or broken."""
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise UnreadableError(f"{name}: the PDF is encrypted; ask for a copy without a password") from None
        raise UnreadableError(
            f"{name}: the PDF cannot be read ({error}); fetch it again or print it to a new PDF"
        ) from None


def read_pdf(data: bytes, name: str) -> tuple[Pages, list[str]]:
    """Return the pages and the remarks of a PDF."""
    remarks, empty, broken, out = list[str](), list[int](), list[int](), _Runs()
    digits = glyphs.Digits()
    with closing(open_document(data, name)) as document:
        count = len(document)
        if count > _MAX_PAGES:
            remarks.append(f"has {count} pages; the first {_MAX_PAGES} were read")
        for number in range(1, min(count, _MAX_PAGES) + 1):
            try:
                raw, tables, gaps = _page_text(document, number, digits)
            except pdfium.PdfiumError:
                broken.append(number)
                continue
            if _is_blank(raw) or raw.count(UNNAMED) * 2 > len(raw):
                empty.append(number)
            if tables:
                _with_tables(raw, number, tables, gaps, out)
            else:
                out.add_text(raw, number, gaps)
            out.end_page()
            if out.length > _MAX_CHARACTERS:
                remarks.append(f"holds over {_MAX_CHARACTERS} characters; what follows page {number} was not read")
                break
    if broken:
        remarks.append(f"page {listed_pages(broken)} is damaged and was not read: fetch the file again")
    doubtful = []
    order = sorted(range(len(out.places)), key=out.places.__getitem__)
    by_place = [out.places[run] for run in order]
    for number, first, last, kind in digits.doubtful():
        run = order[bisect_right(by_place, (number, first)) - 1]
        shift = out.starts[run] - out.places[run][1]
        doubtful.append(FilingDoubt(shift + first, shift + last + 1, kind))
    for sentence, count in Counter(doubt.sentence for doubt in doubtful).items():
        remarks.append(f"{sentence} ({count} numbers)")
    text = "".join(out.pieces)
    grids = _carried_over([grid.finished(text) for grid in out.grids], out.edges, text)
    cells = tuple(sorted((cell for grid in grids for cell in grid), key=lambda cell: cell.start))
    unclear = listed_pages(out.unclear)
    if unclear:
        remarks.append(f"page {unclear}: a table whose cells could not all be told apart: compare with the page")
    doubtful.sort()
    return Pages(text, tuple(out.starts), tuple(out.places), tuple(empty), tuple(doubtful), cells), remarks


def _page_text(
    document: pdfium.PdfDocument, number: int, digits: glyphs.Digits
) -> tuple[str, list[FoundTable], list[int]]:
    """Return the text of a page, its tables, and the characters behind a wide gap in a line."""
    with closing(document[number - 1]) as page, closing(page.get_textpage()) as words:
        raw = _characters(words)
        digits.compare(page, words, raw, number)
        tables, gaps = page_tables(page, words, raw) if re.search(r"\d", raw) else ([], [])
        return raw, tables, gaps


NOTHING = "\0"
"""stands in a page where no character is shown, so that the others keep their index"""
_BREAKS = 0.5
"""line breaks per shown character from which on the reader took lines of a page for columns of a vertical text"""
_SPACE, _LATIN_SPACE = 0.25, 0.12
"""gap between two characters of a line, and behind a Latin letter, in the height of their boxes, that is a space"""


def _characters(words: pdfium.PdfTextPage) -> str:
    """Return the characters of a page, each at its index; one without a name in the file is UNNAMED."""
    raw = str(words.get_text_range())
    if len(raw) != words.count_chars() or _MARK in raw:  # characters without a name are left out, or marked
        raw = "".join(_character(words, index) for index in range(words.count_chars()))
    shown = sum(not letter.isspace() for letter in raw)
    return _unbroken(words, raw) if raw.count("\n") > _BREAKS * shown else raw


_MARK = "\ufffe"
"""what PDFium writes for a hyphen at the end of a line, and for a character without a name"""


def _character(words: pdfium.PdfTextPage, index: int) -> str:
    if pdfium_c.FPDFText_IsHyphen(words.raw, index) == 1:
        return "-"
    code = int(pdfium_c.FPDFText_GetUnicode(words.raw, index))
    return UNNAMED if code in (0, ord(_MARK)) or 0xD800 <= code < 0xE000 else chr(code)


def _unbroken(words: pdfium.PdfTextPage, raw: str) -> str:
    """Return a page without the line breaks that PDFium puts into a line that it takes for vertical."""
    letters, _ = page_letters(words, raw)
    out = list(raw)
    for before, after in pairwise(letters):
        height = max(before.bottom - before.top, after.bottom - after.top)
        one_line = abs(before.middle[1] - after.middle[1]) < height / 2 and after.left >= before.left
        if one_line and after.index > before.index + 1:
            latin = (raw[before.index] + raw[after.index]).isascii() and raw[before.index].isalpha()
            is_space = after.left - before.right > (_LATIN_SPACE if latin else _SPACE) * height
            fill = [NOTHING] * (after.index - before.index - 1)
            if is_space:
                fill[-1 if latin else 0] = " "
            out[before.index + 1 : after.index] = fill
    return "".join(out)


def _is_blank(words: str) -> bool:
    """Say whether nothing is shown."""
    return not words.replace(NOTHING, "").strip()


class _Runs:
    """The text of a PDF under construction: runs of characters with their places, and the grids of its tables."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.starts: list[int] = []
        self.places: list[tuple[int, int]] = []
        self.length = 0
        self.grids: list[TableGrid] = []
        self.unclear: list[int] = []
        self.edges: list[tuple[int, ...]] = []
        """right edges of the columns of each table, in points; empty where no lines part them"""

    def add(self, piece: str, page: int, index: int) -> None:
        """Add characters that begin at an index of a page."""
        self.starts.append(self.length)
        self.places.append((page, index))
        self.pieces.append(piece)
        self.length += len(piece)

    def add_text(self, raw: str, page: int, gaps: list[int], offset: int = 0) -> None:
        """Add running text that begins at an offset of its page; a border stands in each wide gap."""
        waiting = [gap - offset for gap in gaps if offset <= gap < offset + len(raw)]
        for piece, index in _joined(raw):
            at = 0
            for gap in waiting:
                if index + at < gap < index + len(piece):
                    self.add(piece[at : gap - index].rstrip(" "), page, offset + index + at)
                    self.add(BORDER, page, offset + gap)
                    at = gap - index
            self.add(piece[at:], page, offset + index + at)

    def end_page(self) -> None:
        """Put a form feed in place of the last line break."""
        if self.pieces and self.pieces[-1] == "\n":
            self.pieces[-1] = "\f"


def _with_tables(raw: str, page: int, tables: list[FoundTable], gaps: list[int], out: _Runs) -> None:
    """Add the text of a page with its tables row by row, each where its first character stands."""
    owner: dict[int, int] = {}
    for number, found in enumerate(tables):
        for cell in found.cells:
            owner |= dict.fromkeys((letter.index for letter in cell.letters), number)
    written: set[int] = set()
    at, size = 0, len(raw)
    while at < size:
        table = owner.get(at)
        stop = at + 1
        if table is None:
            while stop < size and stop not in owner:
                stop += 1
            if not _is_blank(raw[at:stop]):
                out.add_text(raw[at:stop], page, gaps, at)
                if out.pieces[-1] == "\f":
                    out.pieces[-1] = "\n"
        else:
            while stop < size and (owner.get(stop) == table or (stop not in owner and _is_blank(raw[stop]))):
                stop += 1
            if table not in written:
                written.add(table)
                _write_table(raw, page, table + 1, tables[table], out)
        at = stop


def _write_table(raw: str, page: int, number: int, table: FoundTable, out: _Runs) -> None:
    """Add a table row by row, its cells parted as in a page."""
    guessed = "" if table.ruled else "the columns were taken from the gaps between words"
    grid = TableGrid(f"page {page} table {number}", sequential=False, inferred=guessed)
    out.grids.append(grid)
    out.edges.append(tuple(sorted({round(cell.right) for cell in table.cells})) if table.ruled else ())
    if not table.whole:
        out.unclear.append(page)
    row = 0
    for cell in table.cells:
        while cell.row > row:
            if row:
                out.add("\n", page, cell.letters[0].index if cell.letters else 0)
            grid.row()
            row += 1
            first = True
        if not first:
            out.add(BORDER, page, cell.letters[0].index if cell.letters else 0)
        first = False
        start = out.length
        _write_cell(raw, page, cell, out)
        grid.add((cell.column, cell.rows, cell.columns), start, out.length)
    out.add("\n", page, len(raw) - 1)


_BETWEEN_PAGES = re.compile(r"[\s\f]*(?:[-—–第]?\s*\d{0,4}\s*(?:[/页共]\s*\d{0,4}\s*)*[-—–页]?)?[\s\f]*")
"""what may stand between a table and its rest on the next page: a page number"""
_SAME_EDGE_POINTS = 3


def _carried_over(tables: list[list[Cell]], edges: list[tuple[int, ...]], text: str) -> list[list[Cell]]:
    """Return tables, those that go on over the end of a page under the heads of the page before.

    Only a ruled table whose columns end where those of the one before end is taken for its rest, and only if nothing
    but a page number stands between the two; its rows say that their heads stand on another page.
    """
    done = list(tables)
    for index in range(1, len(done)):
        before, own = done[index - 1], done[index]
        if not (before and own and edges[index]) or any(cell.headers or cell.header for cell in own):
            continue
        same = len(edges[index]) == len(edges[index - 1]) and all(
            abs(a - b) <= _SAME_EDGE_POINTS for a, b in zip(edges[index - 1], edges[index], strict=True)
        )
        end, start = max(cell.end for cell in before), min(cell.start for cell in own)
        between = text[end:start]
        if not same or between.count("\f") != 1 or not _BETWEEN_PAGES.fullmatch(between):
            continue
        heads = {cell.column: cell.headers for cell in before if cell.headers and cell.column_span == 1}
        told = "the heads of the columns stand on the page before"
        done[index] = [
            replace(cell, headers=heads.get(cell.column, ()), inferred="; ".join(filter(None, (cell.inferred, told))))
            if cell.column_span == 1
            else cell
            for cell in own
        ]
    return done


def _write_cell(raw: str, page: int, cell: FoundCell, out: _Runs) -> None:
    """Add the characters of a cell; a full line runs on in the next, a short one ends."""
    lines = cell.lines()
    for number, (indices, _) in enumerate(lines):
        if number:
            before, after = raw[lines[number - 1][0][-1]], raw[indices[0]]
            if not lines[number - 1][1]:
                out.add("\n", page, indices[0])
            elif before.isascii() and after.isascii() and before.isalpha() and after.isalpha():
                out.add(" ", page, indices[0])
        begin = 0
        for index in range(1, len(indices) + 1):
            if index < len(indices) and indices[index] == indices[index - 1] + 1:
                continue
            out.add(raw[indices[begin] : indices[index - 1] + 1], page, indices[begin])
            if index < len(indices) and raw[indices[index] - 1].isspace() and raw[indices[index]].isascii():
                out.add(" ", page, indices[index] - 1)
            begin = index


def _joined(raw: str) -> list[tuple[str, int]]:
    """Return the runs of a page, line breaks inside a wrapped sentence taken out."""
    lines = [(m.group(1), m.start(), m.end()) for m in re.finditer(r"([^\r\n]*)(\r\n|\n|\r|$)", raw) if m.group()]
    width = max((len(words.replace(NOTHING, "")) for words, _, _ in lines), default=0)
    # Chinese is set without spaces: a word or number cut by the end of a line goes on in the next
    chinese = len(re.findall("[一-龥]", raw)) * 4 > len(raw)
    runs = []
    for index, (words, start, end) in enumerate(lines):
        following = lines[index + 1][0] if index + 1 < len(lines) else ""
        wraps = (
            len(words) >= 0.7 * width and width > 12 and following.strip()
            and not _SENTENCE_END.search(words) and not _ITEM.match(following)
        )  # fmt: skip
        broken = chinese and (_BROKEN.search(words) or (words[-1:].isdigit() and following[:1] == "0"))
        wraps = wraps or bool(broken and following[:1].isdigit() and not _ITEM.match(following))
        runs += [(shown.group(), start + shown.start()) for shown in re.finditer(f"[^{NOTHING}]+", words)]
        if wraps:
            if not chinese and words[-1:].isascii() and following[:1].isascii():
                runs.append((" ", max(end - 1, start)))
        else:
            runs.append(("\n", max(end - 1, start)))
    if runs:
        runs[-1] = ("\f" if runs[-1][0] == "\n" else runs[-1][0], runs[-1][1])
    return runs
