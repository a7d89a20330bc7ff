"""The words of a row: what names it, counts in it, dates it."""

from __future__ import annotations

import re

from osint.claims import CellUnit, UnitSource, counted_kind, is_generic, is_unit, label_unit, read_unit
from osint.filings.column_roles import NAMING, QUANTITY, ColumnRole, column_role
from osint.filings.grid import Cell
from osint.filings.heads import YEARS, is_value

TOTAL = re.compile(r"[\w()（）]{0,6}(?:合\s?计|小\s?计|总\s?计|共计)|(?:sub-?|grand )?total\b", re.IGNORECASE)
"""a label of a row of sums, in whatever column it stands"""
TIME_LIMIT = re.compile(r"时限$|^deadline$|^due(?: date)?$", re.IGNORECASE)
"""head of a column by which the rows of a table are things to be done"""
LOST = re.compile(r"^(?:否|未中标|未成交|未入围|落选|不中标|no|not awarded|rejected|lost|unsuccessful)$", re.IGNORECASE)
AWARDED = re.compile(
    r"(?:winn(?:er|ing (?:bidder|tenderer))|awarded to|successful (?:bidder|tenderer)|"
    r"(?:中标|成交|中选)(?:人|单位|供应商|方))(?:名称)?",
    re.IGNORECASE,
)
"""a label that names who won: what stands beside it in a form is awarded"""
WON = re.compile(r"^(?:是|中标|成交|入围|yes|awarded|won|successful)$", re.IGNORECASE)
_PER = re.compile(
    r"(?:每|单|均)(台套|机柜|机架|台|套|张|柜|架|卡|块|个|节点|平方米|亩|千瓦时|度|P)|\bper ([A-Za-z]{2,10})|"
    r"(单价|unit price|price each)",
    re.IGNORECASE,
)
LETTER = re.compile(r"[A-Za-z一-龥]")
_DAY = re.compile(r"((?:19|20)\d\d)\s?[-/.年]\s?(\d{1,2})(?:\s?[-/.月]\s?(\d{1,2})\s?日?)?月?")

YEAR_SPAN = re.compile(r"(?:19|20)\d\d年?\s?[-~—–至]\s?(?:19|20)\d\d年?")
"""a span of years, where only a note gives the column a unit"""
IS_DAY = re.compile(r"(?:19|20)\d\d\s?[-/年]\s?(?:0?[1-9]|1[0-2])(?:\s?[-/月]\s?(?:[012]?\d|3[01])\s?日?)?月?")
"""a cell that is a month or a day, and no range of numbers"""


def names_row(cell: Cell, role: ColumnRole, columns_of_words: set[int]) -> bool:
    """Say whether a cell names its row."""
    if role in (ColumnRole.LOT, *NAMING) or TOTAL.match(cell.text):
        return True
    return (
        role is ColumnRole.VALUE
        and (cell.column in columns_of_words or not is_value(cell.text))
        and not is_unit(cell.text)
    )


def label_beside(row: list[Cell], cell: Cell) -> tuple[Cell, ...]:
    """Return the label of a cell in a table without header: the words before it, up to the next number."""
    at = row.index(cell)
    if at % 2 and _is_of_pairs(row):
        names_goods = at > 1 and counted_kind(row[1].text) and not is_value(row[1].text)
        return (row[1], row[at - 1]) if names_goods else (row[at - 1],)
    found: list[Cell] = []
    for one in reversed(row[:at]):
        if not one.text or is_unit(one.text):
            continue
        if is_value(one.text) or not LETTER.search(one.text):
            break
        found.insert(0, one)
        if label_unit(one.text)[0]:
            break
    if not found and not any(one.text and not is_value(one.text) and not is_unit(one.text) for one in row[:at]):
        found = [
            one for one in row[at + 1 :] if LETTER.search(one.text) and not is_unit(one.text) and not is_value(one.text)
        ][:1]
    if not found:  # several values behind one label
        found = [
            one
            for one in row[:at]
            if one.text and not is_value(one.text) and not is_unit(one.text) and LETTER.search(one.text)
        ][-1:]
    return tuple(found)


_PAIRS = (4, 6)
"""cells of a row of two or three labels, each with its value"""


def _is_of_pairs(row: list[Cell]) -> bool:
    """Say whether a row without a header holds labels, each with its value behind it: 型号 | A-1 | 数量 | 15台."""
    if len(row) not in _PAIRS:
        return False
    return all(
        one.text
        and not is_value(one.text)
        and (
            column_role(one.text) is not ColumnRole.VALUE
            or QUANTITY.search(one.text) is not None
            or label_unit(one.text)[0] is not None
        )
        for one in row[::2]
    )


SAYS_NUMBER = re.compile(r"数|quantity|qty|count|number", re.IGNORECASE)
LONGEST_UNIT, LONGEST_LATIN_UNIT = 4, 8
SLASHED = re.compile(r"[^/]*\d[^/]*/\s?([^\d/]{1,8})")
"""a number and what it is per, or its own unit: 36,000,000/年, 40/台"""
COUNTED_IN = re.compile(r"\d[\d,.]*\s?([^\d\s].{0,5})")
FEW = re.compile(r"\d{1,4}")
"""a number beside "Backup generators" that counts them, in a form without heads"""
COUNTING = ("thing", "cards", "servers", "racks", "chips")


_COUNT_HEAD = re.compile(r"(?:quantity|qty\.?|(?:number|no\.?|#) of units|units|台数|套数|数量)", re.IGNORECASE)
"""heads under which the goods of a row are counted, whatever they are"""


_COUNTS_GROUP = re.compile(r"numbers?|count|数量?|台数|套数", re.IGNORECASE)
"""heads that count what the head over them names: Number under Diesel engines"""


def implied_count(header: str, labels: tuple[Cell, ...], group: str = "") -> tuple[CellUnit, UnitSource] | None:
    """Return the count that words without a unit imply: 机柜数 | 900; `group` is the head over the header."""
    piece = read_unit("台")
    named = label_unit(labels[-1].text)[1] if labels else ""
    if _COUNT_HEAD.fullmatch(header.strip()) and LETTER.search(named) and not TOTAL.match(named):
        return (piece, UnitSource.ROW_LABEL) if piece else None
    if piece and group and _COUNTS_GROUP.fullmatch(header.strip()) and LETTER.search(group):
        return piece, UnitSource.COLUMN_HEADER
    if header and not is_generic(header):
        counts = bool(counted_kind(header)) and SAYS_NUMBER.search(header) is not None
        return (piece, UnitSource.COLUMN_HEADER) if piece and counts else None
    counts = bool(counted_kind(named)) and SAYS_NUMBER.search(header) is not None
    return (piece, UnitSource.ROW_LABEL) if piece and counts else None


def per_of(header: str, unit: str) -> str:
    """Return what the numbers under a header are per; empty where it says nothing of it."""
    match = _PER.search(header)
    if match is None:
        return ""
    return str(match[1] or match[2] or unit or "unit")


def day_of(words: str) -> str:
    """Return the day, month or year that words state, EDTF; empty where they state none."""
    match = _DAY.search(words)
    if match:
        parts = [match[1], *(f"{int(part):02d}" for part in match.groups()[1:] if part)]
        return "-".join(parts)
    year = re.fullmatch(r"(?:FY\s?)?((?:19|20)\d\d)\s?(?:年度?)?[^\d]{0,12}", words.strip())
    return year[1] if year and int(year[1]) in YEARS else ""
