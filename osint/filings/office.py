"""Read the text of Word and Excel files, cell by cell, without unpacking anything to disk."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from osint.errors import RefusedError, UnreadableError
from osint.filings.grid import MOST_COLUMNS, Cell, TableGrid
from osint.filings.heads import BORDER
from osint.filings.html_tags import raised
from osint.filings.number_formats import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES = 120_000_000
_MAX_RATIO = 400
_MOST_CELLS = 5_000_000
"""cells of one workbook, empty ones between others counted"""
_MOST_ROWS = 1 << 20
"""rows of one sheet: Excel knows no more"""
_HEAD_BYTES = 65_536
_STRICT = [
    (f"http://purl.oclc.org/ooxml/{strict}".encode(), f"http://schemas.openxmlformats.org/{loose}".encode())
    for strict, loose in (
        ("officeDocument/relationships", "officeDocument/2006/relationships"),
        ("wordprocessingml/main", "wordprocessingml/2006/main"),
        ("spreadsheetml/main", "spreadsheetml/2006/main"),
    )
]
_BROKEN = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""what the readers raise for files that are not as the standard says"""


class _Text:
    """Text under construction, with the cells of its tables."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.grids: list[TableGrid] = []
        self.remarks: list[str] = []
        self.hidden: list[tuple[int, int]] = []
        """(start, end) of words that the file hides and that were read"""

    def add(self, piece: str) -> int:
        start = self.length
        self.pieces.append(piece)
        self.length += len(piece)
        return start


@dataclass(frozen=True)
class OfficeText:
    """The text of a .docx or .xlsx."""

    text: str
    cells: tuple[Cell, ...]
    """the cells of its tables, by their offsets"""
    remarks: tuple[str, ...]
    """what a reader must know, each once"""
    hidden: list[tuple[int, int]]
    """(start, end) of words that the file hides and that were read"""


def read_office(data: bytes, name: str) -> OfficeText:
    """Return the text of a .docx or .xlsx.

    Raises UnreadableError for a file that is no such archive, RefusedError for one that would unpack to more
    than 120 MB or 400 times its size, or that declares XML entities.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as error:  # zipfile raises many kinds for hostile files
        raise UnreadableError(
            f"{name}: not a readable Word or Excel file ({error}); open it by hand and save it again"
        ) from None
    out = _Text()
    for info in archive.infolist():
        if info.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", info.filename):
            out.remarks.append(
                f"the archive names a member outside itself ({info.filename[:60]!r}); nothing was unpacked"
            )
    total = sum(info.file_size for info in archive.infolist())
    if total > _MAX_BYTES or total > _MAX_RATIO * max(len(data), 1):
        raise RefusedError(
            f"{name}: would unpack to {total / 1e6:.0f} MB from {len(data) / 1e6:.1f} MB; looks like a bomb, not read"
        )
    names = set(archive.namelist())
    reader = _word if "word/document.xml" in names else _excel if "xl/workbook.xml" in names else None
    if reader is None:
        raise UnreadableError(f"{name}: a zip archive that is neither Word nor Excel; unpack it and give its files")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features of a workbook that hold no words
            reader(_parts(archive, name), out)
    except RefusedError:
        raise
    except _BROKEN as error:
        raise UnreadableError(
            f"{name}: cannot be read ({str(error)[:80]}); open it by hand and save it again"
        ) from None
    text = "".join(out.pieces)
    cells = [cell for grid in out.grids for cell in grid.finished(text)]
    cells.sort(key=lambda cell: cell.start)
    return OfficeText(text, tuple(cells), tuple(dict.fromkeys(out.remarks)), out.hidden)


def _parts(archive: zipfile.ZipFile, name: str) -> dict[str, bytes]:
    """Return the XML parts, Strict Open XML respelt in the usual way."""
    parts: dict[str, bytes] = {}
    for member in archive.namelist():
        if not member.endswith((".xml", ".rels")):
            continue
        body = archive.read(member)
        root = re.search(rb"<[A-Za-z]", body[:_HEAD_BYTES])
        if b"<!DOCTYPE" in body[: root.start() if root else None]:
            raise RefusedError(f"{name}: {member} declares a document type, which no Office program writes; not read")
        for strict, loose in _STRICT if b"purl.oclc.org/ooxml" in body[:_HEAD_BYTES] else ():
            body = body.replace(strict, loose)
        parts[member] = body
    return parts


# ---------------------------------------------------------------- Word


def _word(parts: dict[str, bytes], out: _Text) -> None:
    from docx.oxml.parser import parse_xml

    body, names = parse_xml(parts["word/document.xml"]).body, count(1)
    _blocks(body, out, names)
    for member in ("word/footnotes.xml", "word/endnotes.xml"):
        for note in parse_xml(parts[member]) if member in parts else ():
            if not note.xpath("@w:type"):  # the others are lines between text and notes
                _blocks(note, out, names)
    margins = [part for member, part in parts.items() if re.fullmatch(r"word/(?:header|footer)\d*\.xml", member)]
    if any(re.search(rb"<w:t[ >]", part) for part in margins):
        out.remarks.append("page headers and footers were left out")
    if body.xpath(".//w:numPr"):
        out.remarks.append("automatic numbers of lists and headings are not in the text")
    if body.xpath(".//w:rPr/*[self::w:strike or self::w:dstrike or self::w:vanish]"):
        out.remarks.append("words that are struck out or hidden were left out")
    if body.xpath(".//w:del"):
        out.remarks.append("words that were deleted with changes tracked were left out")


def _inside(element: Any, *wanted: str) -> Iterator[Any]:
    """Yield the children of some names; content controls and tracked insertions are looked through."""
    for child in element.iterchildren("{*}*"):
        name = child.tag.rpartition("}")[2]
        if name in wanted:
            yield child
        elif name in ("sdt", "sdtContent", "ins", "customXml", "smartTag", "moveTo"):
            yield from _inside(child, *wanted)


def _blocks(element: Any, out: _Text, names: Iterator[int]) -> None:
    """Write the paragraphs and tables of an element, each once, text boxes behind their paragraph."""
    for block in _inside(element, "p", "tbl"):
        if block.tag.endswith("}tbl"):
            _word_table(block, out, names)
            continue
        out.add(_words(block) + "\n")
        for box in _boxes(block):
            _blocks(box, out, names)


def _boxes(paragraph: Any) -> list[Any]:
    """Return the text boxes anchored in a paragraph; the second form for old readers is left out."""
    boxes = paragraph.xpath(".//w:txbxContent[not(ancestor::*[local-name()='Fallback'])]")
    return [box for box in boxes if next(box.iterancestors(paragraph.tag)) is paragraph]


def _words(paragraph: Any) -> str:
    """Return the words of a paragraph without its text boxes and without what was deleted."""
    runs = paragraph.xpath(
        ".//w:r[not(ancestor::w:del) and not(ancestor::*[local-name()='Fallback' or local-name()='moveFrom'])]"
    )
    own = [run for run in runs if next(run.iterancestors(paragraph.tag)) is paragraph]
    return "".join(
        raised(run.text) if run.xpath("./w:rPr/w:vertAlign[@w:val='superscript']") else run.text for run in _meant(own)
    ).replace("\t", " ")


def _meant(runs: list[Any]) -> list[Any]:
    """Return the runs that are neither struck out nor hidden."""
    off = "not(@w:val='0' or @w:val='false')"
    return [
        run for run in runs if not run.xpath(f"./w:rPr/*[self::w:strike or self::w:dstrike or self::w:vanish][{off}]")
    ]


def _word_table(table: Any, out: _Text, names: Iterator[int]) -> None:
    grid = TableGrid(f"table {next(names)}")
    out.grids.append(grid)
    boxes: list[Any] = []
    for row in _inside(table, "tr"):
        grid.row()
        column = 1 + row.grid_before
        header = bool(row.xpath("./w:trPr/w:tblHeader"))
        for number, cell in enumerate(_inside(row, "tc")):
            out.add(BORDER if number else "")
            start = out.length
            boxes += _cell(cell, out, names)
            span, merged = cell.grid_span, cell.vMerge == "continue"
            if not (merged and grid.extend(column)):
                grid.add((column, 1, span), start, out.length, header)
            column += span
        out.add("\n")
    for box in boxes:
        _blocks(box, out, names)


def _cell(cell: Any, out: _Text, names: Iterator[int]) -> list[Any]:
    """Write the paragraphs of a cell on lines of their own and its tables where they stand; return its text boxes."""
    boxes, is_first = list[Any](), True
    for block in _inside(cell, "p", "tbl"):
        if block.tag.endswith("}tbl"):
            out.add("\n")
            _word_table(block, out, names)
            is_first = True
            continue
        boxes += _boxes(block)
        words = _words(block)
        out.add("\n" if words and not is_first else "")
        out.add(words)
        is_first = is_first and not words
    return boxes


# ---------------------------------------------------------------- Excel


def _excel(parts: dict[str, bytes], out: _Text) -> None:
    from openpyxl import load_workbook
    from openpyxl.styles import cell_style

    vars(cell_style)["print"] = lambda *_: None  # it prints to the output of the program that a style is out of range
    packed, members = io.BytesIO(), _members(parts)
    for member in ("xl/sharedStrings.xml", *members.values()):
        if b"<strike" in parts.get(member, b""):
            parts[member] = _without_struck_runs(parts[member])
            out.remarks.append(_STRUCK)
    has_struck = b"strike" in parts.get("xl/styles.xml", b"")
    with zipfile.ZipFile(packed, "w") as archive:
        for member, body in parts.items():
            archive.writestr(member, body)
    book = load_workbook(packed, read_only=True, data_only=True)
    left = _MOST_CELLS
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        body = parts.get(members.get(sheet.title, ""), b"")
        begun = out.length
        left = _sheet(sheet, out, _Layout.of(body), left, has_struck)
        if left < 0:
            out.remarks.append(f"holds over {_MOST_CELLS:,} cells; what follows in sheet {sheet.title} was not read")
            break
        missing = len(re.findall(rb"(?:</f>|<f[^<>]*/>)\s*(?:<v\s*/>\s*|<v>\s*</v>\s*)?</c>", body))
        if missing:
            out.remarks.append(f"sheet {sheet.title}: {missing} formulas without a stored value were not read")
        if sheet.sheet_state != "visible":
            out.remarks.append(f"sheet {sheet.title} is hidden and was read too")
            out.hidden.append((begun, out.length))


_STRUCK = "words that are struck out were left out"


def _without_struck_runs(body: bytes) -> bytes:
    """Return the shared words of a workbook without the runs that are struck out."""
    from lxml import etree

    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    for strike in list(root.iter("{*}strike")):
        run = strike.getparent().getparent() if strike.getparent() is not None else None
        if strike.get("val", "1") not in ("0", "false") and run is not None and run.tag.endswith("}r"):
            for words in run.iter("{*}t"):
                words.text = ""
    return bytes(etree.tostring(root))


def _members(parts: dict[str, bytes]) -> dict[str, str]:
    """Return the part of each sheet by its name."""
    from lxml import etree

    relations = etree.fromstring(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    found = {}
    for sheet in etree.fromstring(parts["xl/workbook.xml"]).iter("{*}sheet"):
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        target = targets.get(key, "")
        found[sheet.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


@dataclass(frozen=True)
class _Layout:
    """What a sheet says beside its cells."""

    merged: dict[tuple[int, int], tuple[int, int]]
    """(row, column) -> (rows, columns) of merged ranges"""
    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]

    @classmethod
    def of(cls, body: bytes) -> _Layout:
        from openpyxl.utils import range_boundaries

        merged = {}
        for match in re.finditer(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"', body):
            left, top, right, bottom = range_boundaries(match[1].decode())
            merged[top, left] = (bottom - top + 1, right - left + 1)
        rows, columns = set[int](), set[int]()
        for tag in re.findall(rb'<(?:\w+:)?(?:row|col)\s[^<>]*?hidden="(?:1|true)"[^<>]*', body):
            said = {name: int(value) for name, value in re.findall(rb'\s(r|min|max)="(\d{1,7})"', tag)}
            if b"r" in said:
                rows.add(said[b"r"])
            elif b"min" in said:
                columns |= set(range(said[b"min"], min(said.get(b"max", 0), MOST_COLUMNS) + 1))
        return cls(merged, frozenset(rows), frozenset(columns))


def _sheet(sheet: Any, out: _Text, layout: _Layout, left: int, has_struck: bool = False) -> int:
    """Write one sheet; return how many cells may still be read."""
    struck, hidden = 0, len(out.hidden)
    grid = TableGrid(f"sheet {sheet.title}", sequential=False)
    out.grids.append(grid)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        left -= len(row) + 1
        if left < 0:
            break
        if number > _MOST_ROWS:
            out.remarks.append(f"sheet {sheet.title}: rows after {_MOST_ROWS:,}, the last of Excel, were not read")
            break
        grid.row()
        words = [shown(cell.value, cell.number_format) if cell.value is not None else "" for cell in row[:MOST_COLUMNS]]
        for column, cell in enumerate(row[:MOST_COLUMNS] if has_struck else ()):
            if words[column] and cell.font is not None and cell.font.strike:
                words[column], struck = "", struck + 1
        if not any(words):
            continue
        last = max(column for column, word in enumerate(words, start=1) if word)
        for column, word in enumerate(words[:last], start=1):
            start = out.add((BORDER if column > 1 else "") + word) + (len(BORDER) if column > 1 else 0)
            rows, columns = layout.merged.get((number, column), (1, 1))
            if word:
                grid.add((column, rows, columns), start, out.length)
                if number in layout.hidden_rows or column in layout.hidden_columns:
                    out.hidden.append((start, out.length))
        out.add("\n")
    if len(out.hidden) > hidden:
        out.remarks.append(
            f"sheet {sheet.title}: {len(out.hidden) - hidden} cells in hidden rows and columns were read too"
        )
    if struck:
        out.remarks.append(f"sheet {sheet.title}: {struck} cells that are struck out were left out")
    return left
