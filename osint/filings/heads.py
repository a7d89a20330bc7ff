"""Tell the header rows of a table from its body, by their marks, spans and words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from osint.claims import is_unit, label_unit, read_unit

if TYPE_CHECKING:
    from osint.filings.grid import Cell, Headers

BORDER = " | "
"""what separates the cells of a row in the text"""
HEADER_CHARACTERS = 60
"""longest words of a header"""
_DEEPEST_HEADER = 8
"""rows of the deepest header that spanning cells make"""
YEARS = range(1990, 2051)


def assumed_heads(rows: list[list[Cell]]) -> str:
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
    if match[1].isdigit() and int(match[1]) in YEARS and not match[2] and rest in ("", "年", "年度"):
        return False
    if rest in ("月", "月份") and "." not in match[1]:
        return False
    return not rest or rest == "+" or read_unit(rest) is not None


_HEAD = re.compile(
    r"金额|价|投资|预算|费|造价|资本|规模|数量|数目|数值|指标|内容|名称|备注|日期|时间|年度|年份|单位|结果|情况|面积|功率|容量|负荷|配置|参数|^每|"
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
class TableShape:
    """What holds for a whole table."""

    widest: int
    """cells with words of its fullest row"""
    is_form: bool
    """whether labels and values stand in turn in each row"""

    @classmethod
    def of(cls, rows: list[list[Cell]]) -> TableShape:
        """Return the shape of a table by its rows."""
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
        is_value(cell.text) or BORDER in cell.text or len(cell.text) > HEADER_CHARACTERS or _states_quantity(cell.text)
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


def is_title(row: list[Cell], shape: TableShape) -> bool:
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


def header_depth(rows: list[list[Cell]], index: int, shape: TableShape, headers: Headers, begun: int = 0) -> int:
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
    begins_empty = bool(under) and (not under[0].text or under[0].column > row[0].column or _stands_over(filled, under))
    return 2 if gaps and fills and begins_empty else first


def holds_units(row: list[Cell]) -> bool:
    """Say whether a row below a header holds but units, and perhaps a label that says so: 计量单位 | 台 | kW."""
    filled = [cell.text for cell in row if cell.text]
    units = filled[1:] if filled and _UNIT_LABEL.fullmatch(filled[0]) else filled
    return bool(units) and all(map(is_unit, units))


_UNIT_LABEL = re.compile(r"(?:计量|数量)?单位|units?(?: of measure(?:ment)?)?", re.IGNORECASE)


def _is_note(filled: list[Cell], widest: int) -> bool:
    """Say whether a row is a title or a note over the table."""
    if len(filled) == 1 and widest > 1:
        return True
    return widest > len(filled) and any(_NOTE.match(cell.text) for cell in filled[1:])


_NOTE = re.compile(r"[(（]?(?:金额|货币|计量|币种)?(?:单位|币种)\s?[:：]|[(（]?units?\s?:", re.IGNORECASE)


def _is_written_header(row: list[Cell], depth: int) -> bool:
    """Say whether a row is written as a header, and holds no value."""
    filled = [cell for cell in row if cell.text]
    return all(cell.header for cell in filled) and not _has_value(row) and len(filled) > min(depth, 1)


def _can_head(
    rows: list[list[Cell]], index: int, filled: list[Cell], shape: TableShape, headers: Headers, begun: int
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
    if (
        _heads(filled[1].text)
        or is_value(filled[1].text)
        or _groups_below(rows, index, filled)
        or _stands_over(filled, later[0])
    ):
        return True
    return _CORNER.fullmatch(filled[0].text) is not None and bool(later) and _has_value(later[0])


def _stands_over(filled: list[Cell], under: list[Cell]) -> bool:
    """Say whether each cell of a row stands over a head that begins again: 一期 | | 二期 over 楼层 | 机柜 | 楼层."""
    heads = {cell.column: cell.text for cell in under if cell.text}
    first = {heads.get(cell.column, "") for cell in filled}
    return len(filled) > 1 and len(first) == 1 and "" not in first and len(heads) > len(filled)


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
