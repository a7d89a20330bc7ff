"""What the numbers of a column are by its header, and the unit that a note over a table gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from osint.claims import CellUnit, label_unit, read_unit
from osint.register import table_rows

if TYPE_CHECKING:
    from osint.filings.grid import Cell


class ColumnRole(StrEnum):
    """What the numbers of a column are, by its header."""

    VALUE = "value"
    MONEY = "money"
    SERIAL = "serial"
    """numbers that count nothing: serials, codes, telephones, scores, ranks, pages"""
    DATE = "date"
    UNIT = "unit"
    LOT = "lot"
    NAME = "name"
    PARTY = "party"
    """who buys, bids or builds: they name a row, and never what is counted in it"""
    SPEC = "spec"
    """models and specifications, which hold for one unit"""
    RESULT = "result"
    """whether a bid won"""
    STATE = "state"
    """the stage that a row has reached"""
    ATTRIBUTE = "attribute"
    """addresses, remarks and the like, which name no row"""


@cache
def _role_patterns() -> list[tuple[ColumnRole, re.Pattern[str]]]:
    """Return the patterns of column_roles.csv; the first that is found decides."""
    found = []
    for row in table_rows("column_roles.csv", __package__):
        words = [
            rf"\b{re.escape(w)}(?!\w)" if w.isascii() and w[0].isalpha() else re.escape(w)
            for w in row["words"].split("|")
        ]
        form = {"whole": "^(?:{})$", "end": "(?:{})$", "anywhere": "(?:{})"}[row["match"]]
        found.append((ColumnRole(row["role"]), re.compile(form.format("|".join(words)), re.IGNORECASE)))
    return found


NEVER_READ = (
    ColumnRole.SERIAL, ColumnRole.DATE, ColumnRole.UNIT, ColumnRole.LOT, ColumnRole.NAME, ColumnRole.PARTY,
    ColumnRole.SPEC, ColumnRole.RESULT, ColumnRole.ATTRIBUTE, ColumnRole.STATE,
)  # fmt: skip
"""columns whose bare numbers are read only where their own header states a unit"""
NAMING = (ColumnRole.NAME, ColumnRole.PARTY)
MEASURES_NOTHING = (ColumnRole.SERIAL, ColumnRole.DATE, ColumnRole.RESULT, ColumnRole.ATTRIBUTE)
"""labels of rows to which no note gives a unit: 联系电话, 拟开工时间, 得分"""
_BILINGUAL = re.compile(r"([一-龥][一-龥、（）()/]*)\s?([A-Za-z][A-Za-z .'/-]*)")
"""a header that says the same in Chinese and in English"""


@lru_cache(maxsize=4096)
def column_role(header: str) -> ColumnRole:
    """Return the role of a column by the words of its lowest header."""
    words = label_unit(header)[1]
    plain = re.sub(r"[(（\[【].*?[)）\]】]|\s(?=[一-龥])|\bto date\b", "", words).strip()
    both = _BILINGUAL.fullmatch(plain)
    for one in (both[1], both[2]) if both else (plain,):
        role = next((role for role, pattern in _role_patterns() if pattern.search(one.strip())), ColumnRole.VALUE)
        if role is not ColumnRole.VALUE:
            return role
    return ColumnRole.VALUE


_QUANTITIES = (
    r"数量|数目|台数|规模|面积|机柜|机架|服务器|算力|功率|负荷|电量|能耗|人数|"
    r"count|number|quantity|area|power|load|racks|servers"
)
QUANTITY = re.compile(_QUANTITIES, re.IGNORECASE)
_QUANTITY_END = re.compile(rf"(?:{_QUANTITIES}|数)(?:[(（\[].*)?$", re.IGNORECASE)
_SHARE = re.compile(r"[率%％]|占比|比重|比例|同比|环比|增[长幅速]|share|percent|ratio", re.IGNORECASE)


_DOLLARS_IN = re.compile(r"(?:dollars?|\$)(?: amounts)?[^.;\d]{0,16}\bin (thousand|million|billion)s\b", re.IGNORECASE)


def split_sign(row: list[Cell], cell: Cell, note: Note) -> CellUnit | None:
    """Return the money of a number whose sign stands in a cell of its own before it: $ | 38,449.

    The scale stands in a head over it, else in the note over the table: (in millions, except megawatts).
    """
    sign = next((one.text for one in row if one.column + one.column_span == cell.column), "")
    unit = read_unit(sign) if 0 < len(sign) <= _LONGEST_SIGN else None
    if unit is None or not unit.is_money:
        return None
    scale = next((found[0] for head in cell.headers if (found := _SCALE_IN.search(head))), note.scale)
    return read_unit(f"{sign}{scale}")


_LONGEST_SIGN, _SCALE_IN = 3, re.compile(r"(?<=\bin )(?:thousand|million|billion)s\b", re.IGNORECASE)
"""longest currency sign, and the scale of sums in words"""


@dataclass(frozen=True, slots=True)
class Note:
    """Units that a line above a table, or its corner, states for all numbers without one."""

    units: tuple[CellUnit, ...] = ()
    scale: str = ""
    """thousands, millions or billions, where it states in what sums are given"""

    @classmethod
    def of(cls, words: str) -> Note:
        """Return the units of a line: 单位：万元、台."""
        said = re.findall(r"(?:单位|[Uu]nits?)\s?[:：为]\s?((?:(?!单位)[^()（）\n]){1,20})", words)
        parts = [part for one in said for part in (one, *re.split(r"[、,，;；]|\sand\s", one))]
        units = [unit for part in parts if (unit := read_unit(part.strip()))]
        scale = _DOLLARS_IN.search(words)
        if scale and (dollars := read_unit(f"${scale[1]}s")):
            units.append(dollars)
        if not units and re.search(r"\bin\b|单位|计量", words):
            found = label_unit(words)[0]
            units = [found] if found else []
        scaled = _SCALE_IN.search(words)
        return cls(tuple(dict.fromkeys(units)), scaled[0].lower() if scaled else "")

    def unit_for(self, headers: tuple[str, ...], row: str) -> CellUnit | None:
        """Return the unit that a cell takes from the note; None where it states none, or several fit."""
        words = [label_unit(header)[1] for header in headers]
        shares = [unit for unit in self.units if unit.measure.family == "share"]
        others = [unit for unit in self.units if unit not in shares]
        if _SHARE.search(words[-1] if words else "") or _SHARE.search(row):
            fitting = shares
        elif any(column_role(header) is ColumnRole.MONEY for header in headers):
            fitting = [unit for unit in others if unit.is_money]
        elif any(map(QUANTITY.search, words)) or _QUANTITY_END.search(row):
            fitting = [unit for unit in others if not unit.is_money]
        else:
            fitting = [unit for unit in others if unit.is_money or len(others) == 1]
        return fitting[0] if len(fitting) == 1 else None
