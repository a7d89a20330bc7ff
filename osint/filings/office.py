"""Read the text of Word and Excel files, cell by cell, without unpacking anything to disk."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from lxml import etree

from osint.errors import OsintError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES = 120_000_000
_MAX_RATIO = 400
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read(data: bytes, name: str) -> tuple[str, list[tuple[int, int, str, str]], list[str]]:
    """Return (text, cells, remarks) of a .docx or .xlsx; cells are (start, end, place, header).

    Raises OsintError for a file that is no such archive or that would unpack to more than 120 MB.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError) as error:
        raise OsintError(
            f"{name}: not a readable Word or Excel file ({error}); open it by hand and save it again"
        ) from None
    remarks = []
    for info in archive.infolist():
        if info.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", info.filename):
            remarks.append(f"the archive names a member outside itself ({info.filename[:60]!r}); nothing was unpacked")
    total = sum(info.file_size for info in archive.infolist())
    if total > _MAX_BYTES or total > _MAX_RATIO * max(len(data), 1):
        raise OsintError(
            f"{name}: would unpack to {total / 1e6:.0f} MB from {len(data) / 1e6:.1f} MB; looks like a bomb, not read"
        )
    names = set(archive.namelist())
    if "word/document.xml" in names:
        return (*_word(_xml(archive, "word/document.xml", name)), remarks)
    if "xl/workbook.xml" in names:
        return (*_excel(archive, name), remarks)
    raise OsintError(f"{name}: a zip archive that is neither Word nor Excel; unpack it and give its files")


def _xml(archive: zipfile.ZipFile, member: str, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        with archive.open(member) as file:
            return etree.fromstring(file.read(_MAX_BYTES), parser)
    except (etree.XMLSyntaxError, zipfile.BadZipFile, RuntimeError) as error:
        raise OsintError(
            f"{name}: {member} cannot be read ({str(error)[:80]}); open it by hand and save it again"
        ) from None


class _Text:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.cells: list[tuple[int, int, str, str]] = []

    def add(self, piece: str) -> int:
        start = self.length
        self.pieces.append(piece)
        self.length += len(piece)
        return start


def _word(root: etree._Element) -> tuple[str, list[tuple[int, int, str, str]]]:
    out = _Text()
    body = root.find(f"{_W}body")
    table = 0
    for block in () if body is None else body:
        if block.tag == f"{_W}tbl":
            table += 1
            rows = (["".join(_words(cell)) for cell in row.iter(f"{_W}tc")] for row in block.iter(f"{_W}tr"))
            _table(out, rows, f"table {table}")
        else:
            out.add("".join(_words(block)) + "\n")
    return "".join(out.pieces), out.cells


def _words(element: etree._Element) -> Iterator[str]:
    for node in element.iter(f"{_W}t", f"{_W}tab", f"{_W}br"):
        yield (node.text or "") if node.tag == f"{_W}t" else " "


def _table(out: _Text, rows: Iterator[list[str]], place: str) -> None:
    headers: list[str] = []
    for number, row in enumerate(rows, start=1):
        for column, words in enumerate(row, start=1):
            if column > 1:
                out.add(" | ")
            start = out.add(words)
            header = headers[column - 1] if column <= len(headers) else ""
            out.cells.append((start, out.length, f"{place} row {number} column {column}", header))
        headers = headers or [words[:60] for words in row]
        out.add("\n")


def _excel(archive: zipfile.ZipFile, name: str) -> tuple[str, list[tuple[int, int, str, str]]]:
    shared: list[str] = []
    if "xl/sharedStrings.xml" in archive.namelist():
        for item in _xml(archive, "xl/sharedStrings.xml", name).iter(f"{_S}si"):
            shared.append("".join(node.text or "" for node in item.iter(f"{_S}t")))
    out = _Text()
    sheets = sorted(member for member in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", member))
    for number, member in enumerate(sheets, start=1):
        rows = _xml(archive, member, name).iter(f"{_S}row")
        _table(out, ([_value(cell, shared) for cell in row.iter(f"{_S}c")] for row in rows), f"sheet {number}")
    return "".join(out.pieces), out.cells


def _value(cell: etree._Element, shared: list[str]) -> str:
    inline = "".join(node.text or "" for node in cell.iter(f"{_S}t"))
    value = cell.findtext(f"{_S}v") or ""
    if cell.get("t") == "s" and value.isdigit() and int(value) < len(shared):
        return shared[int(value)]
    return inline or value
