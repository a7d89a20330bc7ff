"""Find tables that a plain text writes with bars, tabs or commas."""

from __future__ import annotations

import re
from collections.abc import Iterator

from osint.filings.grid import Cell, TableGrid

_RULE = re.compile(r"[\s|│┃+:=\-─━┄┼├┤┌┐└┘┬┴╔╗╚╝═]+")
"""a line that is drawn between rows"""
_BARS, _TABS = re.compile(r"[|│┃]"), re.compile(r"\t")
_FIELD = re.compile(r'(?:"((?:[^"\n]|"")*)"|([^,\n]*))(?:,|$)')
_FEWEST_ROWS = 2
_FEWEST_BARS = 3
"""columns that bars must part without a rule below the first row; two are a line of a menu"""
_MOST_CELLS = 1000
Span = tuple[int, int]


def text_tables(text: str, name: str = "") -> list[Cell]:
    """Return the cells of the tables of a text; fields of a .csv are parted by commas.

    >>> [cell.text for cell in text_tables("| 名称 | 数量 |\\n|---|---|\\n| 机柜 | 30架 |")]
    ['名称', '数量', '机柜', '30架']
    """
    by_commas = name.lower().endswith(".csv")
    found: list[Cell] = []
    for number, rows in enumerate(_blocks(text, by_commas), start=1):
        grid = TableGrid(f"text table {number}", inferred="the columns were taken from marks between words")
        for row in rows:
            grid.row()
            for start, end in row[:_MOST_CELLS]:
                grid.add(grid.place(1, 1), start, end)
        found += grid.finished(text)
    return found


def _blocks(text: str, by_commas: bool) -> Iterator[list[list[Span]]]:
    """Yield the rows of cells of each run of lines that one mark parts."""
    rows: list[list[Span]] = []
    has_rule, mark = False, ""
    for line in re.finditer(r"[^\r\n]*(?:\r\n|\n|\r|$)", text):
        words = line.group().rstrip("\r\n")
        is_rule = bool(words.strip()) and _RULE.fullmatch(words) is not None
        if is_rule and rows:
            has_rule = True
            continue
        own, cells = _cells(words, line.start(), by_commas)
        if not cells or (rows and own != mark):
            yield from _table(rows, has_rule, mark)
            rows, has_rule = [], False
        if cells:
            rows.append(cells)
            mark = own
    yield from _table(rows, has_rule, mark)


def _table(rows: list[list[Span]], has_rule: bool, mark: str) -> Iterator[list[list[Span]]]:
    """Yield the rows where they are a table."""
    widest = max(map(len, rows), default=0)
    if len(rows) >= _FEWEST_ROWS and (has_rule or mark != "|" or widest >= _FEWEST_BARS):
        yield rows


def _cells(words: str, at: int, by_commas: bool) -> tuple[str, list[Span]]:
    """Return (mark, spans of the cells) of a line; none where no mark parts it."""
    if by_commas:
        fields = list(_FIELD.finditer(words)) if "," in words else []
        spans = [m.span(1) if m[1] is not None else m.span(2) for m in fields if m.start() < len(words)]
        return ",", [(at + a, at + b) for a, b in spans]
    for mark, pattern in (("|", _BARS), ("\t", _TABS)):
        edges = [match.start() for match in pattern.finditer(words)]
        if not edges:
            continue
        parts = list(zip([0, *(edge + 1 for edge in edges)], [*edges, len(words)], strict=True))
        if mark == "|":  # bars at both ends are a frame
            parts = parts[not words[: edges[0]].strip() :]
            parts = parts[: len(parts) - (not words[edges[-1] + 1 :].strip())]
        if len(parts) > 1:
            return mark, [_stripped(words, start, end, at) for start, end in parts]
    return "", []


def _stripped(words: str, start: int, end: int, at: int) -> Span:
    piece = words[start:end]
    left = start + len(piece) - len(piece.lstrip())
    return at + left, at + max(left, start + len(piece.rstrip()))
