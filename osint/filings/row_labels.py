"""Find the cells that name the row of a number: before it, beside it, or in a row above that names what is below."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from operator import itemgetter

from osint.claims import counted_kind, is_unit
from osint.filings.column_roles import NAMING, NEVER_READ, ColumnRole
from osint.filings.grid import Cell
from osint.filings.heads import is_value
from osint.filings.row_words import TOTAL, label_beside, names_row

MOST_LABELS = 6
"""label cells of one row that are kept"""
_MOST_STEPS = 1_000_000
"""columns over which spanning cells of one table are followed"""
_PAIR = 2
_NAMING_LABEL = re.compile(r"(?:名称|品名|品目|货物|标的|采购内容|name|item|description)$", re.IGNORECASE)
"""labels of a row that names what stands in the columns below it"""
_MOST_NAMED = 20
"""columns for which one cell of such a row can stand"""


class RowLabels:
    """The cells that name the rows of one table."""

    def __init__(
        self, cells: list[Cell], rows: dict[int, list[Cell]], text_columns: set[int], role: Callable[[Cell], ColumnRole]
    ) -> None:
        """Take the cells of a table, its rows, the columns that hold words, and what tells the role of a column."""
        self.cells, self._rows, self._text_columns, self._role = cells, rows, text_columns, role
        self._labels_of: dict[tuple[int, int], tuple[Cell, ...]] = {}
        self._first = min((cell.column for cell in cells if cell.headers), default=1)
        self._period = self._repeats()

    def _repeats(self) -> int:
        """Return the columns after which the header begins again beside itself; 0 where it does not."""
        heads = {cell.column: cell.headers for cell in self.cells if cell.headers}
        own = [heads.get(column) for column in range(self._first, max(heads, default=0) + 1)]
        wide = len(own)
        for period in range(_PAIR, wide // 2 + 1):
            if wide % period == 0 and own[0] and all(own[n] == own[n % period] for n in range(wide)):
                return period
        return 0

    @cached_property
    def _gaps(self) -> list[int]:
        """Return the empty columns that part tables side by side, each with words of its own to name its rows."""
        wide = max(cell.column + cell.column_span - 1 for cell in self.cells)
        used, steps = set[int](), _MOST_STEPS
        for cell in self.cells:
            if cell.text and cell.column_span * 2 <= wide and steps > 0:
                used |= set(range(cell.column, cell.column + cell.column_span))
                steps -= cell.column_span
        if steps <= 0:
            return []
        gaps = [column for column in range(2, wide) if column not in used and column - 1 in used]
        edges = [0, *gaps, wide + 1]
        named = all(any(low < column < high for column in self._text_columns) for low, high in pairwise(edges))
        return gaps if named else []

    def _band(self, column: int) -> int:
        """Return the number of the table side by side in which a column stands."""
        return bisect_right(self._gaps, column)

    def of(self, cell: Cell) -> tuple[Cell, ...]:
        """Return the cells that name the row of a cell, the outer first."""
        row = self.beside(cell)
        if self._period:
            return tuple(one for one in self._label_cells(row) if one is not cell)
        if not any(one.headers for one in row):
            return label_beside(row, cell)
        place = (cell.row, self._band(cell.column))
        if place not in self._labels_of:
            self._labels_of[place] = self._label_cells(row)
        return tuple(one for one in self._labels_of[place] if one is not cell)

    def beside(self, cell: Cell) -> list[Cell]:
        """Return the cells of the row of a cell that are of its own table, where tables stand side by side."""
        row = self._rows[cell.row]
        if self._gaps:
            row = [one for one in row if self._band(one.column) == self._band(cell.column)]
        if self._period:
            part = (cell.column - self._first) // self._period
            row = [one for one in row if (one.column - self._first) // self._period == part]
        return row

    def _label_cells(self, row: list[Cell]) -> tuple[Cell, ...]:
        filled = [one for one in row if one.text and not (one.header and one.row == row[0].row and not one.headers)]
        roles = {one.column: self._role(one) for one in filled}
        numbers = [
            one.column
            for one in filled
            if one.column not in self._text_columns
            and roles[one.column] not in NEVER_READ
            and not TOTAL.match(one.text)
        ]
        first = min(numbers, default=0)
        leading = [
            one for one in filled if one.column < first and names_row(one, roles[one.column], self._text_columns)
        ]
        if not leading:
            leading = [one for one in filled if roles[one.column] in NAMING and not is_value(one.text)][:1]
            if leading and roles[leading[0].column] is ColumnRole.PARTY:  # who won may win twice: the lot tells which
                leading = [
                    one for one in filled if roles[one.column] is ColumnRole.LOT and one.column < leading[0].column
                ] + leading
        if not leading:
            leading = [
                one
                for one in filled
                if one.column in self._text_columns
                and roles[one.column] is not ColumnRole.UNIT
                and not is_unit(one.text)
            ][:1]
        if not leading and filled and (filled[0].column < first or roles[filled[0].column] in NEVER_READ):
            leading = filled[:1]
        return tuple(leading[:MOST_LABELS])

    @cached_property
    def _naming_rows(self) -> list[tuple[int, dict[int, str]]]:
        """Return (row, column -> words) of the rows that name what stands below: 名称 | 服务器 | 机柜."""
        found = []
        for number, row in sorted(self._rows.items()):
            label = next((one for one in row if one.text), None)
            if label and not label.headers[1:] and _NAMING_LABEL.search(label.text):
                words = {
                    column: one.text
                    for one in row
                    if one is not label and counted_kind(one.text)
                    for column in range(one.column, one.column + min(one.column_span, _MOST_NAMED))
                }
                found += [(number, words)] if words else []
        return found

    def named_above(self, cell: Cell) -> str:
        """Return what a row that names things says of the column of a cell: the nearest above it, else the first."""
        rows = self._naming_rows
        nearest = rows[max(bisect_left(rows, cell.row, key=itemgetter(0)) - 1, 0)][1] if rows else {}
        return nearest.get(cell.column, "")

    def at(self, row: int) -> tuple[Cell, ...]:
        """Return the cells that name a row by its number, the outer first."""
        return self._label_cells(self._rows[row]) if row in self._rows else ()
