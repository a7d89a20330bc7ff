"""Cells of tables in one grid, whatever the file they come from: spans are counted and every cell knows its headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice, pairwise

from osint.claims import is_unit, label_unit, read_unit

BORDER = " | "
"""what separates the cells of a row in the text"""
MOST_COLUMNS = 1000
"""cells further to the right are not placed; no browser spans more"""
_MOST_STEPS = 3_000_000
"""steps over spanning cells in one table, after which spans are ignored and every column is in doubt"""
_HEADER_CHARACTERS, _CELL_CHARACTERS = 60, 2000
_LONGEST_SPAN = 1000
_DEEPEST_HEADER = 8
"""rows of the deepest header that spanning cells make"""
_YEARS = range(1990, 2051)


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

    @property
    def label(self) -> str:
        """Return the words of its headers, the lowest first, whose unit a bare number takes."""
        return " / ".join(reversed(self.headers))


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
        rows = [list(row) for _, row in groupby(cells, key=lambda cell: cell.row)]
        rows = [row for row in rows if any(cell.text for cell in row)]
        shape = _Shape.of(rows)
        done: list[Cell] = []
        headers = _Headers()
        index = first = 0
        while index < len(rows):
            after_gap = not self.sequential and index > 0 and rows[index][0].row > _bottom(rows[index - 1]) + 1
            first = index if after_gap or (index > 1 and _is_title(rows[index - 1], shape)) else first
            begins_anew = first in (index, index - 1) and first > 0
            depth = _header_depth(rows, index, shape, _Headers() if begins_anew else headers, first)
            depth += bool(depth) and index + depth < len(rows) - 1 and _holds_units(rows[index + depth])
            if depth:
                block = [cell.filled(cell.text, header=True) for row in rows[index : index + depth] for cell in row]
                headers = _Headers.of(block, _assumed(rows[index : index + depth]))
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

    def _doubt(self, row: list[Cell], headers: _Headers) -> str:
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


def _bottom(row: list[Cell]) -> int:
    return max(cell.row + cell.row_span - 1 for cell in row)


@dataclass(frozen=True)
class _Headers:
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
    def of(cls, block: list[Cell], assumed: str) -> _Headers:
        by_column: dict[int, tuple[str, ...]] = {}
        for cell in block:
            if cell.text and not is_value(cell.text):
                for column in range(cell.column, cell.column + cell.column_span):
                    by_column[column] = (*by_column.get(column, ()), cell.text[:_HEADER_CHARACTERS])
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


def _assumed(rows: list[list[Cell]]) -> str:
    """Return what was inferred of a header."""
    if not all(cell.header for row in rows for cell in row if cell.text):
        return "a row was taken for the header by its words" if len(rows) == 1 else "rows were taken for the header"
    return "the header has several rows" if len(rows) > 1 else ""


_MARKED = re.compile(r"[约≥≤<>~≈＞＜]{0,2}\s?[¥￥$€]?\s?(\d[\d,.，]*)\s?(?:[-~至—]\s?(\d[\d,.，]*)\s?)?(.{0,10})")
_REMARK = re.compile(r"[(（\[【*].*")


def is_value(words: str) -> bool:
    """Say whether the words of a cell are a number with or without its unit, no year, month or ordinal.

    >>> is_value("36台"), is_value("2024年"), is_value("1-6月"), is_value("一期（MW）")
    (True, False, False, False)
    """
    match = _MARKED.fullmatch(words)
    if match is None:
        return False
    rest = _REMARK.sub("", match[3]).strip()
    if match[1].isdigit() and int(match[1]) in _YEARS and not match[2] and rest in ("", "年", "年度"):
        return False
    if rest in ("月", "月份") and "." not in match[1]:
        return False
    return not rest or rest == "+" or read_unit(rest) is not None


_HEAD = re.compile(
    r"金额|价|投资|预算|费|造价|资本|规模|数量|数目|数值|指标|内容|名称|备注|日期|时间|年度|年份|单位|结果|情况|面积|功率|容量|负荷|"
    r"^.{0,4}期$|^\d{4}年?度?$|amount|price|cost|value|capacity|quantity|power|load|area|year|budget|bid|phase|total",
    re.IGNORECASE,
)
_CORNER = re.compile(
    r"(?:序号?|编号|项目|名称|指标|企业|公司|单位|年份|年度|设备|品目|货物|内容|园区|地区|类别|分类|标段|包号|期数|分期|阶段|"
    r"费用名称|no\.?|item|name|year|category|site|campus|park|phase|hall|description|indicator|company)?",
    re.IGNORECASE,
)


def _heads(words: str) -> bool:
    """Say whether words can head a column of numbers."""
    return _HEAD.search(words) is not None or label_unit(words)[0] is not None


@dataclass(frozen=True)
class _Shape:
    """What holds for a whole table."""

    widest: int
    """cells with words of its fullest row"""
    is_form: bool
    """whether labels and values stand in turn in each row"""

    @classmethod
    def of(cls, rows: list[list[Cell]]) -> _Shape:
        widest = max((sum(bool(cell.text) for cell in row) for row in rows), default=0)
        return cls(widest, any(_is_form_row(row) for row in rows))


def _is_form_row(row: list[Cell]) -> bool:
    """Say whether a row holds a second label with its unit before a value: 总投资（万元） | 7300 | 用地（亩） | 85."""
    filled = [cell.text for cell in row if cell.text]
    for index in range(2, len(filled) - 1):
        label = filled[index]
        if is_value(filled[index - 1]) or not is_value(filled[0]):
            unit = None if is_value(label) else label_unit(label)[0]
            if is_value(filled[index + 1]) and unit and read_unit(label) is None and len(filled) % 2 == 0:
                return True
    return False


_FORM_LABEL = re.compile(
    r"(?:名称|单位|代表人?|法人|电话|邮编|编码|地址|地点|代码|编号|性质|时间|日期|类型|类别|联系人|内容|年限|期限|负责人|行业|规模|方|"
    r"投资额?|面积|资金|方式|name|date|address|contact|phone|code|type|of)$",
    re.IGNORECASE,
)
"""ends of the labels of a form"""


_OF_TIME = re.compile(r"(?:日期|时间|date)$", re.IGNORECASE)
_DAY = re.compile(r"(?:19|20)\d\d\s?[-/.年]\s?\d\d?\s?[-/.月]\s?\d\d?日?")
_SPEC = re.compile(r"型号|规格|品牌|参数|数量?$|model|specification|brand", re.IGNORECASE)


def _pairs_labels(filled: list[Cell]) -> bool:
    """Say whether labels of a form and what was filled in stand in turn: 项目单位 | 天山公司 | 法人代表 | 王某."""
    if any(_OF_TIME.search(one.text) and _DAY.fullmatch(other.text) for one, other in pairwise(filled)):
        return True
    is_label = [_FORM_LABEL.search(label_unit(cell.text)[1]) is not None for cell in filled]
    return (
        len(filled) >= 2 * _PAIR
        and len(filled) % 2 == 0
        and all(is_label[::2])
        and not any(
            labelled or _heads(cell.text) or _SPEC.search(cell.text)
            for labelled, cell in zip(is_label[1::2], filled[1::2], strict=True)
        )
    )


def _has_value(row: list[Cell]) -> bool:
    """Say whether a row holds a number, a quantity in words, a table of its own or a text too long for a header."""
    return any(
        is_value(cell.text) or BORDER in cell.text or len(cell.text) > _HEADER_CHARACTERS or _states_quantity(cell.text)
        for cell in row
        if cell.text
    )


_NUMBER_AND_MORE = re.compile(r"\d[\d,.，]{0,15}\s?([A-Za-z㎡]{1,6}|[一-龥]{1,4})")


def _states_quantity(words: str) -> bool:
    """Say whether words hold a number with a unit behind it: 服务器500台."""
    for match in _NUMBER_AND_MORE.finditer(words):
        parts = [match[1][:length] for length in range(len(match[1]), 0, -1)]
        if any(part not in _OF_DATES and read_unit(part) for part in parts):
            return True
    return False


_OF_DATES = ("年", "月", "天", "日", "个月", "m", "k", "B", "P", "号")
"""units that words of a header may hold behind a number"""


def _is_title(row: list[Cell], shape: _Shape) -> bool:
    """Say whether a row is a title over the whole table: one cell of words that spans most of it."""
    filled = [cell for cell in row if cell.text]
    only = filled[0] if len(filled) == 1 else None
    return (
        only is not None
        and len(row) == 1
        and only.column_span * 2 > shape.widest
        and not _states_quantity(only.text)
        and not is_value(only.text)
    )


def _header_depth(rows: list[list[Cell]], index: int, shape: _Shape, headers: _Headers, begun: int = 0) -> int:
    """Return how many rows from `index` on are headers; 0 where the row holds values.

    `begun` is the row with which the table began, or began anew below a gap or a title.

    Headers are rows written as such; else the first row that is no title over the whole table and holds no value,
    with the rows that its spanning or empty cells group, and rows that begin like it.
    """
    row = rows[index]
    filled = [cell for cell in row if cell.text]
    if _is_note(filled, shape.widest):
        return 0
    depth = 0
    while index + depth < len(rows) and _is_written_header(rows[index + depth], depth):
        depth += 1
    if not depth and (
        _has_value(row)
        or shape.is_form
        or _pairs_labels(filled)
        or not _can_head(rows, index, filled, shape, headers, begun)
    ):
        return 0
    first = max(depth, 1)
    block = [cell for other in rows[index : index + first] for cell in other]
    bottom = max(cell.row + cell.row_span for cell in block)
    spanned = sum(other[0].row < bottom for other in rows[index : index + _DEEPEST_HEADER])
    grouped = any(cell.column_span > 1 for cell in block if cell.text)
    if grouped and spanned > first and not any(_has_value(other) for other in rows[index + first : index + spanned]):
        return spanned
    under = rows[index + 1] if first == 1 and index + 2 < len(rows) else []
    missing = sum(cell.column_span for cell in row) < max(cell.column + cell.column_span - 1 for cell in row)
    gaps = grouped or missing or any(not cell.text for cell in block[1:])
    fills = (
        bool(under) and not _has_value(under) and _has_value(rows[index + 2]) and any(cell.text for cell in under[1:])
    )
    begins_empty = bool(under) and (not under[0].text or under[0].column > row[0].column)
    return 2 if gaps and fills and begins_empty else first


def _holds_units(row: list[Cell]) -> bool:
    """Say whether a row below a header holds nothing but units."""
    filled = [cell.text for cell in row if cell.text]
    return bool(filled) and all(map(is_unit, filled))


def _is_note(filled: list[Cell], widest: int) -> bool:
    """Say whether a row is a title or a note over the table."""
    if len(filled) == 1 and widest > 1:
        return True
    return widest > len(filled) and any(_NOTE.match(cell.text) for cell in filled[1:])


_NOTE = re.compile(r"[(（]?(?:金额)?单位\s?[:：]|[(（]?units?\s?:", re.IGNORECASE)


def _is_written_header(row: list[Cell], depth: int) -> bool:
    """Say whether a row is written as a header, and holds no value."""
    filled = [cell for cell in row if cell.text]
    return all(cell.header for cell in filled) and not _has_value(row) and len(filled) > min(depth, 1)


def _can_head(
    rows: list[list[Cell]], index: int, filled: list[Cell], shape: _Shape, headers: _Headers, begun: int
) -> bool:
    """Say whether a row without values is taken for a header."""
    later = rows[index + 1 :]
    if not later:
        return False
    if headers.width or (index and any(_has_value(row) for row in islice(rows, begun, index))):
        again = (rows[index][0].text, len(rows[index])) == headers.first
        heads = sum(_heads(cell.text) for cell in filled[1:])
        begins = heads > 0 and _CORNER.fullmatch(filled[0].text) is not None and heads * 2 >= len(filled) - 1
        return again or (begins and bool(later) and _has_value(later[0]) and not headers.width)
    if len(filled) > _PAIR or len(filled) < _PAIR:
        return True
    if _heads(filled[1].text) or is_value(filled[1].text) or _groups_below(rows, index, filled):
        return True
    return _CORNER.fullmatch(filled[0].text) is not None and bool(later) and _has_value(later[0])


def _groups_below(rows: list[list[Cell]], index: int, filled: list[Cell]) -> bool:
    """Say whether a corner that spans rows stands beside a title over the heads of several columns: 企业 | 算力设施."""
    corner, title = filled
    under = [row for row in rows[index + 1 :][:_DEEPEST_HEADER] if row[0].row < corner.row + corner.row_span]
    is_over = all(
        title.column <= cell.column < title.column + title.column_span for row in under for cell in row if cell.text
    )
    heads = [cell for row in under for cell in row if cell.text]
    return bool(under) and is_over and len(heads) > 1 and not any(map(_has_value, under))


_PAIR = 2
"""cells of a row of a label and its value"""


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
