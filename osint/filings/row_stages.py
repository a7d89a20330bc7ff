"""The stage that a cell for its state, or a line over a part of a table, gives the rows of the table."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from osint.claims import Assertion, stage_of_state
from osint.filings.column_roles import ColumnRole, column_role
from osint.filings.heads import is_value

if TYPE_CHECKING:
    from osint.filings.grid import Cell

_LONGEST_STATE, _LONGEST_LINE = 60, 24
_SECTION = re.compile(
    r"^\s*[（(]?(?:[一二三四五六七八九十]{1,3}|[IVX]{1,4}|[A-Z])[)）、.．]|项目|类|projects|sites|[:：]$", re.IGNORECASE
)
"""how a line over a part of a table looks"""
_VERIFIED = re.compile(r"核实|核查|查实|实际|现场|verified|actual|observed", re.IGNORECASE)
"""heads of the state that somebody looked at: it counts before the one that was reported"""
_MOST = 3 / 5
"""share of the cells of a column that state a stage, from which it is one for states (judgement)"""
_NOT_STATES = (ColumnRole.NAME, ColumnRole.PARTY, ColumnRole.RESULT, ColumnRole.SPEC, ColumnRole.UNIT, ColumnRole.MONEY)


class _Section(NamedTuple):
    """A line over a part of a table: its row, its columns, and what it says."""

    row: int
    first: int
    last: int
    said: Assertion
    words: str


class RowStages:
    """What the rows of one table say of the stage of their numbers."""

    def __init__(self, rows: dict[int, list[Cell]]) -> None:
        """Take the cells of each row, in order."""
        self._rows = rows
        self._states = self._columns_of_states()
        self._sections = [found for number, row in sorted(rows.items()) for found in _sections(number, row)]

    def _columns_of_states(self) -> frozenset[int]:
        columns: dict[int, list[Cell]] = {}
        for number, row in self._rows.items():
            for cell in row:
                if cell.row == number and cell.text and not cell.header:
                    columns.setdefault(cell.column, []).append(cell)
        found = set()
        for column, cells in columns.items():
            role = column_role(cells[-1].headers[-1]) if cells[-1].headers else ColumnRole.VALUE
            if role is ColumnRole.STATE:
                found.add(column)
            elif len(cells) > 1 and role not in _NOT_STATES:
                short = [cell for cell in cells if len(cell.text) <= _LONGEST_LINE and not is_value(cell.text)]
                says = sum(stage_of_state(cell.text) is not None for cell in short) if len(short) == len(cells) else 0
                if says >= max(2, _MOST * len(cells)):
                    found.add(column)
        return frozenset(found)

    def of(self, cell: Cell) -> tuple[Assertion, str] | None:
        """Return what the state of the row of a cell says, else the line over its part of the table; else None."""
        row = self._rows.get(cell.row, [])
        for one in sorted(row, key=lambda one: _VERIFIED.search(" ".join(one.headers)) is None):
            if one.column in self._states and one is not cell and one.text and not one.header:
                said = stage_of_state(one.text) if len(one.text) <= _LONGEST_STATE else None
                if said is not None:
                    return said, one.text
        last = bisect_left(self._sections, cell.row, key=lambda section: section.row)
        for section in reversed(self._sections[:last]):
            if section.first <= cell.column <= section.last:
                return (section.said, section.words) if section.said.rung else None
        return None


_WIDEST = 10_000


def _sections(number: int, row: list[Cell]) -> list[_Section]:
    """Return the lines over parts of a table that a row holds: alone in it, with sums behind them, or side by side."""
    filled = [cell for cell in row if cell.text and cell.row == number]
    words = [cell for cell in filled if not is_value(cell.text) and len(cell.text) > 1]
    if not words or (len(words) > 1 and len(words) != len(filled)):
        return []
    named = [(cell, stage_of_state(cell.text)) for cell in words if len(cell.text) <= _LONGEST_LINE]
    is_line = len(filled) == 1 or all(_SECTION.search(cell.text) for cell in words)
    if len(named) < len(words) or not is_line or (len(words) > 1 and any(said is None for _, said in named)):
        return []
    if len(words) == 1 and words[0].headers and not (_SECTION.search(words[0].text) or words[0].column_span > 1):
        return []
    edges = [*(cell.column for cell in words[1:]), _WIDEST]
    first = [0, *(cell.column for cell in words[1:])]
    return [
        _Section(number, low, high - (high != _WIDEST), said or Assertion(), cell.text)
        for (cell, said), low, high in zip(named, first, edges, strict=True)
    ]
