"""The claims of all tables of a filing, cell by cell, and a remark for each table that was not read."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from osint.claims import UnitSource, has_number, label_unit, read_cell
from osint.filings.column_roles import NAMING, NEVER_READ, ColumnRole, Note
from osint.filings.heads import YEARS, is_value
from osint.filings.tables import CellReading, Table

if TYPE_CHECKING:
    from datetime import date

    from osint.claims import TextClaim
    from osint.filings.grid import Cell

_LONGEST_NOTE = 60
"""characters of a line above a table that can be its note"""
_NOTE_LINES = 3
_LONGEST_SUBJECT = 80
_YEAR = re.compile(r"(?:19|20)\d\d")


def claims_of_tables(cells: tuple[Cell, ...], text: str, document: date | None) -> list[TextClaim]:
    """Return the claims of all cells in reading order; their offsets are those of the text."""
    found: list[TextClaim] = []
    for table, own in _tables(cells, text):
        for cell, start, end in own:
            found += _claims(table, cell, text, start, end, document)
    return sorted(found, key=lambda claim: claim.start)


def _tables(cells: tuple[Cell, ...], text: str) -> list[tuple[Table, list[tuple[Cell, int, int]]]]:
    """Return each table with the spans of its cells that belong to no table inside them."""
    by_name: dict[str, list[Cell]] = {}
    for cell in cells:
        by_name.setdefault(cell.table, []).append(cell)
    extents = sorted((min(c.start for c in own), max(c.end for c in own), name) for name, own in by_name.items())
    starts = [start for start, _, _ in extents]
    out = []
    within: dict[str, tuple[str, Cell]] = {}
    for name, own in by_name.items():
        own.sort(key=lambda cell: (cell.row, cell.column))
        first = min(cell.start for cell in own)
        spans: list[tuple[Cell, int, int]] = []
        for cell in own:
            at = cell.start
            low = bisect_right(starts, cell.start - 1)
            for begin, stop, other in extents[low:]:
                if begin >= cell.end:
                    break
                if other != name and begin >= at and stop <= cell.end:
                    spans.append((cell, at, begin))
                    within[other] = (name, cell)
                    at = stop
            spans.append((cell, at, cell.end))
        out.append((Table(own, _line_above(text, first)), spans))
    tables = {table.name: table for table, _ in out}
    for inner, (outer, cell) in within.items():
        tables[inner].around = (tables[outer], cell)
    return out


def _line_above(text: str, start: int) -> str:
    """Return the short lines right above a table that state a unit."""
    lines = [line.strip() for line in text[max(0, start - 400) : start].splitlines() if line.strip(" |\t")]
    return next(
        (line for line in reversed(lines[-_NOTE_LINES:]) if len(line) <= _LONGEST_NOTE and Note.of(line) != Note()), ""
    )


def _claims(table: Table, cell: Cell, text: str, start: int, end: int, document: date | None) -> list[TextClaim]:
    words = text[start:end]
    if cell.header or not has_number(words):
        return []
    reading = table.read(cell)
    found = read_cell(words, reading.context, document)
    return [_finished(table, cell, reading, claim, start) for claim in found]


_MOST_CARDS = 16
"""cards of one server (no machine of the units that are sold holds more)"""


def _is_configuration(claim: TextClaim, role: ColumnRole) -> bool:
    """Say whether cards are what one server holds: in a column of specifications, or 8卡 in the name of the goods."""
    if role is ColumnRole.SPEC and claim.kind in ("count", "servers", "racks"):
        return True
    if claim.kind != "chips":
        return False
    most = claim.quantity.high or claim.quantity.low or 0
    return role is ColumnRole.SPEC or (role in NAMING and claim.quantity.unit == "卡" and most <= _MOST_CARDS)


def _finished(table: Table, cell: Cell, reading: CellReading, claim: TextClaim, start: int) -> TextClaim:
    """Return a claim with its labels, its place and what was inferred."""
    is_own = claim.unit_source == UnitSource.CELL
    doubts = [] if is_own else list(reading.doubts)
    is_configuration = is_own and _is_configuration(claim, table.role(cell))
    if is_configuration:
        doubts.append("a configuration: what one machine holds, and no stock")
    if is_own and (cell.inferred or reading.is_inferred):
        doubts += [cell.inferred] if cell.inferred else reading.mild
    confidence = claim.confidence
    if reading.lost:
        said = f"a bid that did not win ({reading.lost})"
        doubts.append(said)
        claim = claim._replace(rung="", aim="", modality="", rung_reason=said)
    other = reading.context.unit
    if is_own and other and other.measure.si_unit != claim.quantity.si_unit and other.measure.si_unit:
        doubts.append(f"the column is in {other.written}, the cell names another unit")
    if not is_own and _YEAR.fullmatch(claim.quote.strip()) and int(claim.quote) in YEARS:
        doubts.append("may be a year")
    if not is_own:
        confidence = "low" if doubts or confidence == "low" else "medium"
        doubts += reading.mild
    elif is_configuration:
        confidence = "low"
    elif doubts:
        confidence = "medium" if confidence == "high" else confidence
    labels = (label_unit(words)[1] for words in (reading.row_label, reading.column_label))
    claim = claim.shifted(start)._replace(
        row_label=reading.row_label, column_label=reading.column_label,
        unit_source=claim.unit_source or str(reading.source or ""),
        subject=claim.subject or " ".join(filter(None, labels))[:_LONGEST_SUBJECT],
        sentence=claim.sentence if is_own and len(claim.sentence) > len(claim.quote) + 20 else table.sentence(cell),
        confidence=confidence,
    ).warned(*doubts)  # fmt: skip
    if reading.refused and not is_own:
        return claim.doubted(f"value refused: column in doubt: {reading.refused}", is_refused=True)
    return claim


def unread_remarks(cells: tuple[Cell, ...], text: str) -> list[str]:
    """Return one remark for each table that holds numbers of which nothing says the unit."""
    remarks = []
    for table, own in _tables(cells, text):
        lost = 0
        for cell, _, _ in own:
            if cell.header or not cell.text or not is_value(cell.text) or not cell.text[-1].isdigit():
                continue
            if table.role(cell) in NEVER_READ or _YEAR.fullmatch(cell.text):
                continue
            lost += table.read(cell).context.unit is None
        if lost:
            remarks.append(f"{table.name}: {lost} numbers without a unit, not read")
    return remarks
