"""Cells of tables in one grid, whatever the file they come from: spans are counted and every cell knows its headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from osint.filings.heads import (
    HEADER_CHARACTERS,
    TableShape,
    assumed_heads,
    header_depth,
    holds_units,
    is_title,
    is_value,
)

MOST_COLUMNS = 1000
"""cells further to the right are not placed; no browser spans more"""
_MOST_STEPS = 3_000_000
"""steps over spanning cells in one table, after which spans are ignored and every column is in doubt"""
_CELL_CHARACTERS = 2000
_LONGEST_SPAN = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: where it stands in the grid and in the text of the filing."""

    table: str
    """name of its table: "table 2", or "sheet 投资" with the name that the reader sees"""
    row: int
    """row of its upper edge, from 1"""
    column: int
    """column of its left edge, from 1; cells that span into the row from above are counted"""
    row_span: int
    """rows that it covers"""
    column_span: int
    """columns that it covers"""
    header: bool
    """whether it is written as a header, or stands in a row that was taken for one"""
    text: str
    """its words, spaces squeezed, at most 2,000 characters"""
    start: int
    """offset of its first character in the text of the filing"""
    end: int
    """offset behind its last character"""
    headers: tuple[str, ...] = ()
    """words of the header cells above it, from top to bottom"""
    doubt: str = ""
    """why its column is not certain; empty where it is"""
    assumed: str = ""
    """what was inferred of its headers; empty where they are written as headers"""
    inferred: str = ""
    """what was inferred of its place; empty where the file states it"""

    @property
    def where(self) -> str:
        """Return table, row and column in words."""
        return f"{self.table} row {self.row} column {self.column}"

    def filled(self, text: str, headers: tuple[str, ...] = (), doubt: str = "", header: bool = False) -> Cell:
        """Return the cell with its words, headers and doubt; `dataclasses.replace` takes ten times as long."""
        spans = (self.row_span, self.column_span, header or self.header)
        return Cell(self.table, self.row, self.column, *spans, text, self.start, self.end, headers, doubt)


@dataclass
class TableGrid:
    """The cells of one table under construction; rows are added from top to bottom, cells from left to right."""

    table: str
    sequential: bool = True
    """whether the place of a cell follows from the cells before it; a sheet names it instead"""
    inferred: str = ""
    """what was inferred of the places of all cells; empty where the file states them"""
    cells: list[Cell] = field(default_factory=list)
    number: int = 0
    """of the row under construction"""
    _column: int = 1
    _spans: list[tuple[int, int, int]] = field(default_factory=list)
    """(first column, last column, last row) of cells that reach into later rows"""
    _above: list[tuple[int, int, int]] = field(default_factory=list)
    """those that reach into the row under construction and lie ahead of its next cell, the last first"""
    _reach: dict[int, int] = field(default_factory=dict)
    """row -> the last column that a cell from above takes in it"""
    _steps: int = 0

    def row(self) -> None:
        """Begin the next row."""
        self.number, self._column = self.number + 1, 1
        self._steps += len(self._spans)
        self._spans = [span for span in self._spans if span[2] >= self.number] if self._steps <= _MOST_STEPS else []
        self._above = sorted(self._spans, reverse=True)
        if self._above:
            self._reach[self.number] = max(last for _, last, _ in self._above)

    def end_spans(self) -> None:
        """End every spanning cell, as the end of a group of rows does."""
        self._spans = []

    def place(self, row_span: int, column_span: int) -> tuple[int, int, int]:
        """Return (column, row span, column span) of the next cell of the row, and take that place."""
        column = self._column
        while self._above and self._above[-1][0] <= column:
            column = max(column, self._above.pop()[1] + 1)
        column_span = max(1, min(column_span, MOST_COLUMNS - column + 1))
        row_span = max(1, row_span)
        self._column = column + column_span
        if row_span > 1 and column <= MOST_COLUMNS:
            self._spans.append((column, self._column - 1, self.number + row_span - 1))
        return column, row_span, column_span

    def add(self, place: tuple[int, int, int], start: int, end: int, header: bool = False) -> None:
        """Add the cell at (column, row span, column span) whose words are text[start:end]."""
        column, row_span, column_span = place
        if column <= MOST_COLUMNS:
            column_span = max(1, min(column_span, MOST_COLUMNS - column + 1))
            self.cells.append(Cell(self.table, self.number, column, row_span, column_span, header, "", start, end))

    def extend(self, column: int) -> bool:
        """Let the cell above the row, at a column, span one row more; return whether there is one."""
        for index in range(len(self.cells) - 1, max(len(self.cells) - 2 * MOST_COLUMNS, 0) - 1, -1):
            cell = self.cells[index]
            if cell.column == column:
                self.cells[index] = replace(cell, row_span=self.number - cell.row + 1)
                reach = self._reach.get(self.number, 0)
                self._reach[self.number] = max(reach, column + cell.column_span - 1)
                return cell.row < self.number
            if cell.row < self.number - _LONGEST_SPAN:
                break
        return False

    def finished(self, text: str) -> list[Cell]:
        """Return the cells with their words, their headers and what is doubtful about their columns."""
        cells = [c.filled(" ".join(text[c.start : min(c.end, c.start + _CELL_CHARACTERS)].split())) for c in self.cells]
        cells = _without_dittos(cells)
        rows = [list(row) for _, row in groupby(cells, key=lambda cell: cell.row)]
        rows = [row for row in rows if any(cell.text for cell in row)]
        shape = TableShape.of(rows)
        done: list[Cell] = []
        headers = Headers()
        index = first = 0
        while index < len(rows):
            after_gap = not self.sequential and index > 0 and rows[index][0].row > _bottom(rows[index - 1]) + 1
            first = index if after_gap or (index > 1 and is_title(rows[index - 1], shape)) else first
            begins_anew = first in (index, index - 1) and first > 0
            depth = header_depth(rows, index, shape, Headers() if begins_anew else headers, first)
            depth += bool(depth) and index + depth < len(rows) - 1 and holds_units(rows[index + depth])
            if depth:
                block = [cell.filled(cell.text, header=True) for row in rows[index : index + depth] for cell in row]
                headers = Headers.of(block, assumed_heads(rows[index : index + depth]))
                done += block
            else:
                depth = 1
                doubt = self._doubt(rows[index], headers)
                done += [self._with_inference(headers.over(cell, doubt)) for cell in rows[index]]
            index += depth
        return done

    def _with_inference(self, cell: Cell) -> Cell:
        if not self.inferred:
            return cell
        return replace(cell, inferred=self.inferred)

    def _doubt(self, row: list[Cell], headers: Headers) -> str:
        if self._steps > _MOST_STEPS:
            return "too many spanning cells"
        if not headers.width:
            return ""
        strays = [c for c in row if c.column > headers.needed and c.text and re.search(r"\d", c.text)]
        if strays and headers.needed > 1:
            return f"a number stands in column {strays[0].column}, the header ends in column {headers.needed}"
        if not self.sequential or len(row) < 2:
            return ""
        taken = sorted((cell.column, cell.column + cell.column_span - 1) for cell in row)
        reach = max(taken[-1][1], self._reach.get(row[0].row, 0))
        if headers.needed <= reach <= headers.width:
            return ""
        return f"the row has {reach} columns, its header {headers.width}"


_DITTO = re.compile(r"[〃″〞]|同上|ditto|do\.", re.IGNORECASE)


def _without_dittos(cells: list[Cell]) -> list[Cell]:
    """Return the cells of a table with the words above in place of marks that repeat them."""
    above: dict[int, str] = {}
    told = []
    for cell in cells:
        words = above.get(cell.column, "") if _DITTO.fullmatch(cell.text) else ""
        above[cell.column] = words or cell.text
        told.append(replace(cell, text=words) if words else cell)
    return told


def _bottom(row: list[Cell]) -> int:
    return max(cell.row + cell.row_span - 1 for cell in row)


@dataclass(frozen=True)
class Headers:
    """The header cells of the rows that follow."""

    by_column: dict[int, tuple[str, ...]] = field(default_factory=dict)
    width: int = 0
    """columns that the header covers"""
    needed: int = 0
    """columns up to its last cell that has words"""
    first: tuple[str, int] = ("", 0)
    """words of its first cell and number of cells of its first row, by which it is known where it begins again"""
    assumed: str = ""
    """what was inferred of it"""

    @classmethod
    def of(cls, block: list[Cell], assumed: str) -> Headers:
        """Return the headers that the cells of some rows make."""
        by_column: dict[int, tuple[str, ...]] = {}
        reach = _reach_of_groups(block)
        for cell in block:
            if cell.text and not is_value(cell.text):
                for column in range(cell.column, max(cell.column + cell.column_span, reach.get(id(cell), 0))):
                    by_column[column] = (*by_column.get(column, ()), cell.text[:HEADER_CHARACTERS])
        ends = [(cell.column + cell.column_span - 1, bool(cell.text)) for cell in block]
        needed = max((end for end, words in ends if words), default=0)
        row = sum(cell.row == block[0].row for cell in block)
        return cls(by_column, max(end for end, _ in ends), needed, (block[0].text, row), assumed)

    def over(self, cell: Cell, doubt: str) -> Cell:
        """Return a cell of the body with its headers; a number under several of them is in doubt."""
        own = self.by_column.get(cell.column, ())
        if cell.column_span > 1 and self.width and re.search(r"\d", cell.text) and not doubt:
            others = {self.by_column.get(c, ()) for c in range(cell.column, cell.column + cell.column_span)}
            doubt = f"one cell under {len(others)} headers" if len(others) > 1 else ""
        return replace(cell.filled(cell.text, own, doubt), assumed=self.assumed if own else "")


def _reach_of_groups(block: list[Cell]) -> dict[int, int]:
    """Return, for cells that head several heads below them and empty cells beside them, the column behind the last."""
    rows = [list(row) for _, row in groupby(block, key=lambda cell: cell.row)]
    reach: dict[int, int] = {}
    for row, under in pairwise(rows):
        heads = {cell.column for cell in under if cell.text}
        filled = [cell for cell in row if cell.text and cell.row_span == 1]
        for cell, following in pairwise([*filled, None]):
            end = following.column if following else max(heads, default=0) + 1
            if cell and cell.column in heads and len(filled) > 1:
                taken = [c for c in heads if cell.column < c < end]
                reach[id(cell)] = max(taken, default=cell.column) + 1
    return reach


def header_rows(cells: list[Cell]) -> list[list[dict[str, str]]]:
    """Return the tables as rows of cells by the words of their headers; a cell stands in each row that it covers."""
    tables: dict[str, dict[int, dict[str, str]]] = {}
    for cell in cells:
        if cell.headers and not cell.header:
            rows = tables.setdefault(cell.table, {})
            for row in range(cell.row, min(cell.row + cell.row_span, cell.row + _LONGEST_SPAN)):
                rows.setdefault(row, {})[" / ".join(cell.headers)] = cell.text
    last = {cell.table: cell.row for cell in cells}
    return [[rows[row] for row in sorted(rows) if row <= last[name]] for name, rows in tables.items()]


def outside_tables(cells: Sequence[Cell], text: str) -> str:
    """Return a text of equal length with line breaks in place of its tables, over which nothing is read."""
    pieces: list[str] = []
    at = 0
    for cell in sorted(cells, key=lambda cell: cell.start):
        if cell.end > at:
            between = text[at : cell.start] if cell.start >= at else ""
            inside = at > 0 and not between.strip(" |\n")
            pieces += ("\n" * len(between) if inside else between, "\n" * (cell.end - max(cell.start, at)))
            at = cell.end
    return "".join([*pieces, text[at:]])
