"""What a table says of the numbers in its cells: row, column, unit, and where each of them was inferred."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isclose

from osint.claims import (
    CellContext,
    CellUnit,
    UnitSource,
    chip_model_in,
    counted_kind,
    is_generic,
    is_unit,
    label_unit,
    read_unit,
)
from osint.filings.column_roles import MEASURES_NOTHING, NAMING, NEVER_READ, ColumnRole, Note, column_role, split_sign
from osint.filings.grid import Cell
from osint.filings.heads import is_value
from osint.filings.row_labels import MOST_LABELS, RowLabels
from osint.filings.row_stages import RowStages
from osint.filings.row_words import (
    AWARDED,
    COUNTED_IN,
    COUNTING,
    FEW,
    IS_DAY,
    LETTER,
    LONGEST_LATIN_UNIT,
    LONGEST_UNIT,
    LOST,
    SAYS_NUMBER,
    SLASHED,
    TIME_LIMIT,
    TOTAL,
    WON,
    YEAR_SPAN,
    day_of,
    implied_count,
    per_of,
)

_MOST_STEPS = 1_000_000
"""rows over which spanning cells of one table are followed"""
_LONGEST_LABEL = 120
_PAIR = 2
_SHORT_CELL = 20
_LONGEST_NAME = 20
"""characters of a label with digits, behind which it describes a project and does not name its stage (judgement)"""
_LONGEST_SENTENCE = 300
_NAMES_ONLY = re.compile(r"items?|names?|项目|品目|名称|指标|类别|货物", re.IGNORECASE)
"""heads under which a number is a serial, whatever unit stands in its row"""
_ENDS_IN_QUANTITY = re.compile(r"\d\s?[A-Za-z]{1,5}$")
"""a label that ends in a quantity of its own: substation, 2 x 60 MVA"""
_DIGIT = re.compile(r"\d")
_PLAIN = re.compile(r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?")
_MOST_PARTS = 60
"""rows of which a sum is looked for at most"""


@dataclass
class CellReading:
    """What was found of one cell: its context, its labels and what was inferred."""

    context: CellContext
    row_label: str
    column_label: str
    source: UnitSource | None
    doubts: list[str] = field(default_factory=list)
    """what was inferred, so that the reading is not sure"""
    mild: list[str] = field(default_factory=list)
    """what was inferred and is likely all the same"""
    refused: str = ""
    """why a number without a unit of its own must not be read"""
    lost: str = ""
    """words that say that a bid did not win"""
    is_inferred: bool = False
    """whether a label was taken through a span"""


def _noun(words: str) -> str:
    """Return the words of a label without its unit; whole where they name what is counted: 标准机架数."""
    return words if counted_kind(words) else label_unit(words)[1]


def _plain_number(cell: Cell) -> float | None:
    """Return the number of a cell that holds nothing else."""
    return float(cell.text.replace(",", "")) if _PLAIN.fullmatch(cell.text) else None


class Table:
    """The cells of one table, their rows, and the units that stand apart from the numbers."""

    def __init__(self, cells: list[Cell], above: str = "") -> None:
        """Take the cells of one table in order, and the line above it."""
        self.name = cells[0].table
        self.around: tuple[Table, Cell] | None = None
        """the table and its cell in which this one stands"""
        self.cells = cells
        self.note_above = Note.of(above)
        self._rows: dict[int, list[Cell]] = {}
        last, steps = max(cell.row for cell in cells), _MOST_STEPS
        for cell in cells:
            rows = range(cell.row, min(cell.row + cell.row_span, last + 1))[: max(steps, 1)]
            steps -= len(rows)
            for row in rows:
                self._rows.setdefault(row, []).append(cell)
        self._rows = {row: sorted(found, key=lambda c: c.column) for row, found in self._rows.items() if row <= last}
        self._notes = self._notes_inside()
        self._columns: dict[tuple[str, ...], dict[int, bool]] = {}
        self._is_wide = max(cell.column for cell in cells) > _PAIR
        self._stages = RowStages(self._rows)
        self._is_award = not self._is_wide and any(AWARDED.fullmatch(cell.text.strip(":： ")) for cell in cells)
        self._text_columns, self._counted = self._columns_of_words(), self._counting_columns()
        self._labels = RowLabels(cells, self._rows, self._text_columns, self.role)

    def _notes_inside(self) -> list[tuple[int, Note]]:
        """Return (row, note) of titles and corners that state units."""
        found = [(0, self.note_above)]
        for row, cells in sorted(self._rows.items()):
            filled = [cell for cell in cells if cell.text and cell.row == row]
            title = len(filled) == 1 or any(
                re.match(r"[(（]?(?:金额|货币|计量)?(?:单位|币种)\s?[:：]", c.text) for c in filled[1:]
            )
            for cell in filled if title else filled[:1]:
                note = Note.of(cell.text) if title or re.search(r"单位\s?[:：]|\bunit", cell.text, re.I) else Note()
                if note.units and not title and any(is_value(one.text) for one in filled[1:]):
                    continue  # the label of a row
                if not note.units and not title and cell.header:
                    unit = label_unit(cell.text)[0]
                    note = Note((unit,)) if unit and not is_value(cell.text) else Note()
                if note != Note():
                    found.append((row, note))
        return found

    def _columns_of_words(self) -> set[int]:
        """Return the columns whose cells are mostly words."""
        words: dict[int, int] = {}
        numbers: dict[int, int] = {}
        for cell in self.cells:
            if cell.header or not cell.text:
                continue
            is_number = is_value(cell.text) or (not LETTER.search(cell.text) and _DIGIT.search(cell.text))
            counts = numbers if is_number else words
            counts[cell.column] = counts.get(cell.column, 0) + 1
        return {column for column, count in words.items() if count > numbers.get(column, 0)}

    def role(self, cell: Cell) -> ColumnRole:
        """Return the role of the column of a cell, by its header and by what stands in it."""
        role = column_role(cell.headers[-1]) if cell.headers else ColumnRole.VALUE
        is_counted = cell.column in self._counted and not any(label_unit(one)[0] for one in cell.headers)
        if is_counted and role in (ColumnRole.VALUE, *NAMING, ColumnRole.LOT) and self._is_wide:
            return ColumnRole.LOT if role is ColumnRole.LOT else ColumnRole.SERIAL
        if role in NAMING and cell.column not in self._text_columns:
            return ColumnRole.VALUE
        return role

    def _counting_columns(self) -> set[int]:
        """Return the columns that count their rows: 1, 2, 3."""
        columns: dict[int, list[str]] = {}
        for cell in self.cells:
            if not cell.header and cell.text and not TOTAL.match(cell.text):
                columns.setdefault(cell.column, []).append(cell.text)
        ones = [[str(n) for n in range(1, len(words) + 1)] for words in columns.values()]
        counted = {
            column for (column, words), own in zip(columns.items(), ones, strict=True)
            if words == own or [word.lstrip("0") for word in words] == own
        }  # fmt: skip
        return {column for column in counted if len(columns[column]) > 1 or column == min(columns)}

    def note_at(self, row: int) -> Note:
        """Return the note that governs a row."""
        index = bisect_right(self._notes, row, key=lambda pair: pair[0])
        return self._notes[index - 1][1]

    def sentence(self, cell: Cell) -> str:
        """Return the header line and the row of a cell, as they are quoted."""
        row = self._rows[cell.row]
        heads = " | ".join(" / ".join(one.headers) for one in row) if any(one.headers for one in row) else ""
        body = " | ".join(one.text for one in row)
        return (f"{heads}\n{body}" if heads else body)[:_LONGEST_SENTENCE]

    # ------------------------------------------------------------ units

    def _unit_cell(self, cell: Cell, header: str, role: ColumnRole, own: CellUnit | None) -> CellUnit | None:
        """Return the unit that a cell of its own in the row gives a number."""
        if _NAMES_ONLY.fullmatch(header.strip()):
            return None
        row = self._labels.beside(cell)
        at = row.index(cell)
        for one in row:
            if one is cell or not one.text or (one.headers and self.role(one) is not ColumnRole.UNIT):
                continue
            unit = read_unit(one.text) if is_unit(one.text) else None
            if unit is None:
                continue
            if not one.headers and one not in row[max(at - 1, 0) : at + 2]:
                continue
            if one.headers and (own or (role is ColumnRole.MONEY and not unit.is_money)):
                continue
            return unit
        return None

    @cached_property
    def _outer(self) -> CellReading | None:
        """What the grid around this table says of the cell in which it stands."""
        return self.around[0].read(self.around[1]) if self.around else None

    def read(self, cell: Cell) -> CellReading:
        """Return what the grid says of a cell of the body."""
        header = cell.headers[-1] if cell.headers else ""
        role = self.role(cell)
        labels = self._labels.of(cell)
        nearest = labels[-1] if labels else None
        stated = (label_unit(one)[0] or (read_unit(one) if is_unit(one) else None) for one in reversed(cell.headers))
        unit_in_header = next((unit for unit in stated if unit), None)
        is_name = nearest is not None and not is_value(nearest.text) and not _ENDS_IN_QUANTITY.search(nearest.text)
        unit_in_label = label_unit(nearest.text)[0] if nearest and is_name else None
        if unit_in_label and role is ColumnRole.MONEY and not unit_in_label.is_money:
            unit_in_label = None  # the sum that is paid for the racks
        if unit_in_label and unit_in_label.measure.family == "count" and (cell.headers or not FEW.fullmatch(cell.text)):
            unit_in_label = None  # "Buildings" names what is paid for or measured
        unit_cell = self._unit_cell(cell, header, role, unit_in_header)
        row_words = " / ".join(one.text for one in labels)[:_LONGEST_LABEL]
        sources = [
            (unit, source)
            for unit, source in (
                (unit_in_header, UnitSource.COLUMN_HEADER),
                (unit_cell, UnitSource.UNIT_CELL),
                (unit_in_label, UnitSource.ROW_LABEL),
            )
            if unit
        ]  # fmt: skip
        if not sources and (sign := split_sign(self._rows[cell.row], cell, self.note_at(cell.row))):
            sources = [(sign, UnitSource.UNIT_CELL)]
        unit, source = sources[0] if sources else (None, None)
        reading = CellReading(
            CellContext(), row_words, " / ".join(cell.headers)[:_LONGEST_LABEL], source,
        )  # fmt: skip
        for other, _ in sources[1:]:
            if unit and not unit.agrees_with(other):
                reading.refused = f"two units compete, {unit.written} and {other.written}"
        if unit is None and not (nearest and column_role(nearest.text) in MEASURES_NOTHING):
            unit = self.note_at(cell.row).unit_for(cell.headers, row_words)
            if unit:
                reading.source = UnitSource.NOTE
                reading.doubts.append(f"the unit {unit.written} stands in a note over the table")
        outer = self._outer
        if outer and unit is None and outer.context.unit and role not in NEVER_READ:
            unit, reading.source = outer.context.unit, outer.source
            reading.doubts.append(f"the unit {unit.written} stands beside the table in whose cell this one stands")
        self._settle(cell, reading, unit, labels, role)
        if reading.context.unit is None and nearest and TOTAL.match(nearest.text):
            self._take_from_parts(cell, reading, labels)
        if outer and outer.row_label and outer.row_label not in reading.row_label:
            reading.row_label = " / ".join(filter(None, (outer.row_label, reading.row_label)))[:_LONGEST_LABEL]
            names = (*reading.context.names, *outer.context.names)
            reading.context = replace(reading.context, names=names)
            reading.is_inferred = True
        return reading

    def _take_from_parts(self, cell: Cell, reading: CellReading, labels: tuple[Cell, ...]) -> None:
        """Give a sum without a unit the unit of the rows over it, where they count one thing and come to that sum."""
        total, outer = _plain_number(cell), labels[:-1]
        if total is None:
            return
        parts: list[Cell] = []
        for row in range(cell.row - 1, max(cell.row - 1 - _MOST_PARTS, 0), -1):
            own = self._labels.at(row)
            found = next((one for one in self._rows.get(row, ()) if one.column == cell.column), None)
            if found is None or found.header or _plain_number(found) is None:
                break
            if (outer and own[: len(outer)] != outer) or any(TOTAL.match(one.text) for one in own):
                break
            parts.append(found)
        numbers = [number for one in parts if (number := _plain_number(one)) is not None]
        if len(parts) < _PAIR or not isclose(sum(numbers), total, rel_tol=1e-9):
            return
        told = [self.read(one).context for one in parts]
        kinds = {next(filter(None, map(counted_kind, one.names)), "") for one in told}
        unit = told[0].unit
        if unit and len(kinds) == 1 and all(one.unit and unit.agrees_with(one.unit) for one in told):
            reading.context = replace(reading.context, unit=unit, names=told[-1].names)
            reading.source = UnitSource.UNIT_CELL
            reading.doubts.append(f"the unit {unit.written} is that of the {len(parts)} rows over it, whose sum it is")

    def _settle(
        self, cell: Cell, reading: CellReading, unit: CellUnit | None, labels: tuple[Cell, ...], role: ColumnRole
    ) -> None:
        """Fill in the context of a cell, and what was inferred."""
        header = cell.headers[-1] if cell.headers else ""
        head_words = label_unit(header)[1]
        names = self._names(cell, reading, labels)
        group = cell.headers[-2] if len(cell.headers) > 1 else ""
        implied = unit is None and role is ColumnRole.VALUE and implied_count(head_words, labels, group)
        if implied:
            unit, reading.source = implied
            reading.doubts.append("no unit is written: the number counts what row or column name")
        row = self._labels.beside(cell)
        per = unit.per if unit and unit.per else per_of(head_words, self._unit_words(row))
        if role is ColumnRole.SPEC:
            per = self._unit_words(row) or "unit"
        slashed = SLASHED.fullmatch(cell.text)
        behind = read_unit(slashed[1]) if slashed else None
        if behind and unit and unit.is_money:
            per = behind.written
        elif behind and behind.measure.family in COUNTING and (unit is None or not unit.is_money):
            unit, reading.source = behind, UnitSource.CELL
        reading.lost = next(
            (
                f"{one.headers[-1]}: {one.text}"
                for one in row
                if self.role(one) is ColumnRole.RESULT and LOST.match(one.text)
            ),
            "",
        )
        won = self._is_award or any(self.role(one) is ColumnRole.RESULT and WON.match(one.text) for one in row)
        is_task = any(TIME_LIMIT.search(head) for one in row for head in one.headers)
        state = self._stages.of(cell)
        heads = " ".join([*cell.headers, "中标" if won else "", "任务" if is_task and state is None else ""])
        stated = " ".join(one.text for one in labels if len(one.text) <= _LONGEST_NAME or not _DIGIT.search(one.text))
        around = ",".join(one.text for one in row if one is not cell and 0 < len(one.text) <= _SHORT_CELL)
        model = next(
            (found for one in row if one.text and not is_value(one.text) and (found := chip_model_in(one.text))), ""
        )
        reading.context = CellContext(
            unit, names, heads, state and state[0], state[1] if state else "", stated,
            around, self._date(cell, labels, row), per, model,
        )  # fmt: skip
        apart = reading.source is not UnitSource.COLUMN_HEADER
        if (
            role is ColumnRole.SERIAL
            or (role in NEVER_READ and apart)
            or IS_DAY.fullmatch(cell.text)
            or (reading.source is UnitSource.NOTE and YEAR_SPAN.fullmatch(cell.text))
        ):
            reading.context = replace(reading.context, unit=None)
        self._note_inferred(cell, reading, labels)

    def _names(self, cell: Cell, reading: CellReading, labels: tuple[Cell, ...]) -> tuple[str, ...]:
        """Return the words that name what a cell counts, those nearest to its unit first."""
        above = [_noun(one) for one in reversed(cell.headers) if not is_unit(one)]
        parties = [one for one in labels if self.role(one) is ColumnRole.PARTY]
        things = [one for one in labels if one not in parties]
        beside = [_noun(one.text) for one in (*reversed(things), *reversed(parties))]
        if named := self._labels.named_above(cell):
            beside = [
                *(one for one in beside if is_generic(one)),
                named,
                *(one for one in beside if not is_generic(one)),
            ]
        spec = (one.headers[-1] for one in self._rows[cell.row] if self.role(one) is ColumnRole.SPEC and one.headers)
        beside[:0] = [head for head in spec if head.endswith("型号") and counted_kind(head) in ("servers", "racks")]
        by_column = reading.source is UnitSource.COLUMN_HEADER or any(map(counted_kind, above))
        return tuple(above + beside if by_column else beside + above)

    def _note_inferred(self, cell: Cell, reading: CellReading, labels: tuple[Cell, ...]) -> None:
        """Note what was inferred of the place and the labels of a cell."""
        if cell.doubt:
            reading.refused = reading.refused or cell.doubt
        if cell.row_span > 1:
            reading.doubts.append(f"the number stands for {cell.row_span} rows")
            others = [
                beneath[-1].text
                for other in range(cell.row + 1, min(cell.row + cell.row_span, cell.row + MOST_LABELS))
                if (beneath := self._labels.at(other))
            ]
            reading.row_label = "; ".join([reading.row_label, *others])[:_LONGEST_LABEL]
        if any(one.row != cell.row or one.row_span > cell.row_span for one in labels):
            reading.mild.append("a label spans several rows")
            reading.is_inferred = True
        if cell.inferred:
            reading.doubts.append(cell.inferred)
        if cell.assumed:
            reading.mild.append(cell.assumed)
        if len(cell.headers) > 1:
            reading.mild.append("the header has several rows")
            reading.is_inferred = True

    def _unit_words(self, row: list[Cell]) -> str:
        """Return the unit in which the row counts: of its unit cell, else of its quantity (24台, or 数量（台）)."""
        found = next((one.text for one in row if self.role(one) is ColumnRole.UNIT and is_unit(one.text)), "")
        for one in row if not found else ():
            header = one.headers[-1] if one.headers else ""
            if not SAYS_NUMBER.search(header):
                continue
            counted = COUNTED_IN.fullmatch(one.text)
            unit = (read_unit(counted[1]) if counted else None) or label_unit(header)[0]
            if unit and unit.measure.family in COUNTING:
                found = unit.written
        word = found.split()[0] if found else ""
        return word if len(word) <= (LONGEST_LATIN_UNIT if word.isascii() else LONGEST_UNIT) else ""

    def _date(self, cell: Cell, labels: tuple[Cell, ...], row: list[Cell]) -> str:
        """Return the year of header or label, else the day in a column of days."""
        for words in (*reversed(cell.headers), *(one.text for one in reversed(labels))):
            found = day_of(words)
            if found:
                return found
        return next((found for one in row if self.role(one) is ColumnRole.DATE and (found := day_of(one.text))), "")
