"""Read one cell of a table: a number, or words with numbers, by what the grid says of its column and its row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

from osint.claims.assertion import Assertion
from osint.claims.atoms import CURRENCIES, SIGNS
from osint.claims.folding import fold
from osint.claims.numbers import DIGITS, HAN, HAN_LETTERS, HAN_SCALE, bounding_words
from osint.claims.units import (
    CellUnit,
    Unit,
    cell_units,
    countable_nouns,
    declared_units,
    kind_words,
    spelling_key,
    unit_pattern,
)


class UnitSource(StrEnum):
    """Where the unit of a number in a table is written."""

    CELL = "cell"
    COLUMN_HEADER = "column header"
    ROW_LABEL = "row label"
    UNIT_CELL = "unit cell"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class CellContext:
    """What the grid says of the numbers of a cell."""

    unit: CellUnit | None = None
    """the unit that a bare number takes"""
    names: tuple[str, ...] = ()
    """words that name what is counted or measured: of the column, the row, the table, the most telling first"""
    heads: str = ""
    """words of the column that may state a rung: 2026年计划投资"""
    state: Assertion | None = None
    """what a cell of the row for its state says, or a line over this part of the table; None where there is none"""
    state_words: str = ""
    """the words of that cell or line"""
    stage: str = ""
    """words of the row that may state a rung"""
    back: str = ""
    """words of the other cells of the row, which may say that it was withdrawn"""
    date: str = ""
    """the date that row or column state, EDTF"""
    per: str = ""
    """what the numbers of the column are per; empty for totals"""
    chip_model: str = ""
    """the chip model that the row names"""


# ---------------------------------------------------------------- units that stand apart

_WRITTEN_SCALES = {
    **dict.fromkeys(("10,000", "10000", "10 000"), "万"), **dict.fromkeys(("'000", "000", "000s"), "thousand")
}  # fmt: skip
"""scale words of the scales that are written in digits"""
_UNIT = re.compile(
    rf"(?:单位[:为]?|计量单位[:为]?|in |(?:unit|units)[: ]\s?|均为|折合)?\s?(?:人民币(?=[十百千万亿元]))?"
    rf"(?P<sign>{SIGNS})?\s?(?P<scale>[十百千万亿]{{1,4}}(?![瓦伏克米帕焦赫])|'?000s?|10,?\s?000|"
    rf"(?i:hundreds?|thousands?|millions?|billions?|bn|mn|mln|k|m)(?![A-Za-z]))?\s?(?:of )?"
    rf"(?P<unit>{unit_pattern()}|[A-Za-z][A-Za-z -]{{1,30}})?\s?(?P<behind>(?i:millions?|billions?|thousands?|bn|mn))?"
    rf"\s?(?:(?:/|每|per |a )\s?(?P<per>[A-Za-z一-龥·]{{1,10}}))?"
)
_SINGLE = ("k", "m", "mn", "bn")
"""letters that are a scale of money alone"""
_TWO_LANGUAGES = re.compile(r"([一-龥/]{1,6})\s?[/(]?\s?([A-Za-z]{1,12})\)?")
"""a unit in Chinese and English: 台 set"""


@lru_cache(maxsize=4096)
def read_unit(words: str) -> CellUnit | None:
    """Return the unit that some words are, or None where they hold anything else.

    >>> read_unit("万元") is not None, read_unit("一期")
    (True, None)
    """
    plain = fold(words).text.strip(" :;,.")
    both = _TWO_LANGUAGES.fullmatch(plain)
    if both and (unit := read_unit(both[1])) and read_unit(both[2]):
        return unit
    whole = cell_units().get(spelling_key(plain)) or declared_units().get(spelling_key(plain))
    if whole:
        return CellUnit(plain, "", plain, whole)
    match = _UNIT.fullmatch(plain)
    if match is None or not (match["unit"] or match["sign"]):
        return None
    sign = match["sign"] or ""
    measure = _measure(match["unit"] or "", sign)
    scale = _WRITTEN_SCALES.get(re.sub(r"\s", " ", match["scale"] or ""), match["scale"] or match["behind"] or "")
    scale = scale.lower().rstrip("s") if scale.isascii() else scale
    if measure is None or (match["scale"] and match["behind"]):
        return None
    if scale in _SINGLE and not (sign or measure.family.startswith("money")):
        return None
    written = re.sub(r"^(?:计量)?单位[:为]?\s?", "", plain)
    per = match["per"] or ""
    if per and measure.si_unit == "count" and (other := declared_units().get(spelling_key(per))):
        per = "" if other.si_unit == "count" else per  # 台/架: each row in its own
    return CellUnit(written, scale, (match["unit"] or sign).strip(), measure, per)


def _measure(unit: str, sign: str) -> Unit | None:
    """Return what a spelling or a currency sign measures, or None."""
    if not unit:
        return CURRENCIES.get(sign)
    key = spelling_key(unit.strip())
    known = cell_units().get(key) or declared_units().get(key)
    if known is None:
        kind = countable_nouns().get(unit.strip().lower())
        known = Unit(kind, "count") if kind and (kind != "count" or unit.strip().endswith("s")) else None
    if sign and known and not known.family.startswith("money"):
        return None
    return known


_NOUNS = ("标准机柜", "标准机架", "机柜", "机架", "卡")


def is_unit(words: str) -> bool:
    """Say whether words are a unit and nothing that could be a label: 架, 万元, but not 机柜.

    >>> is_unit("架"), is_unit("机柜")
    (True, False)
    """
    return words.strip() not in _NOUNS and read_unit(words) is not None


_BRACKETS = re.compile(r"[(\[【<{]([^()\[\]【】<>{}]{1,24})[)\]】>}]")
_SAYS_UNIT = re.compile(r"(?:单位|[Uu]nits?)[:为]\s?([^\s()\[\]]{1,12})")
_BEHIND = re.compile(r"[,、:]\s?([^,、:/\s]{1,12})$|(?<![一-龥]\d)/\s?([^,/\s]{1,12})$|\bin ([A-Za-z$ ]{1,20})$")
_COUNTED = re.compile(r"([台张架块套个枚片颗组面])数(?:量)?$")
_LAST_WORD = re.compile(r"(?:^|[\s_-])([A-Za-zμ·²2/%]{1,8})$")
_SHORTEST_LATIN, _SHORTEST_WORD = 2, 3
_STATE = re.compile(
    r"[ ,(]+(?:[a-z]{3,9}(?:ed|ased)|operational|in use|online|total|sold|bought|built)\)?$", re.IGNORECASE
)
_PUE = re.compile(r"(?:^|[^A-Za-z])PUE(?![A-Za-z])|电能利用效率|电能使用效率|power usage effectiveness", re.IGNORECASE)
_OF_NOUN = re.compile(
    r"(?:number|no\.?|count|quantity) of ([A-Za-z ]{2,24})$|([A-Za-z ]{2,24}) (?:count|number|qty)$", re.I
)
_RAISED = re.compile(r"(?<=[^\Wm\d]|[)）\]】])(?:[¹²³⁰⁴-⁹]{1,2}|[①-⑳*#†‡])$|(?<=[^\Wm\d])[¹²³⁰⁴-⁹]{1,2}(?=\s?[(（])")
"""a mark of a footnote at the end of a label or before its bracket; m² stays"""


@lru_cache(maxsize=4096)
def label_unit(words: str) -> tuple[CellUnit | None, str]:
    """Return (unit, words without it) of a header or a label; None where it names no unit.

    >>> label_unit("投资额（万元）")[0].scale, label_unit("机柜/架")[1], label_unit("二期")[0]
    ('万', '机柜', None)
    """
    plain = fold(_RAISED.sub("", words)).text.strip()
    for match in [*_BRACKETS.finditer(plain)][::-1]:
        for part in (match[1], *re.split(r"[,;、/]", match[1])):
            found = read_unit(part) or _scaled_noun(part, plain[: match.start()])
            found = found or (read_unit(re.sub(r"\s", "", part)) if " " in part else None)  # broken over two lines
            if found:
                return found, (plain[: match.start()] + plain[match.end() :]).strip()
    for pattern in (_SAYS_UNIT, _BEHIND, _COUNTED):
        said = pattern.search(plain)
        unit = read_unit(next(filter(None, said.groups()))) if said else None
        if said and unit:
            return unit, plain[: said.start()].rstrip(" ,:/")
    if _PUE.search(plain):
        return CellUnit("", "", "", Unit("pue", "ratio")), plain
    return _latin_unit(plain)


_SCALE_ALONE = re.compile(r"(?:in )?(?:(thousand|million)s?|('?000s?)|([万千百亿]))", re.IGNORECASE)


def _scaled_noun(part: str, words: str) -> CellUnit | None:
    """Return the count of a noun whose bracket holds a scale alone: GPUs (thousand)."""
    match = _SCALE_ALONE.fullmatch(part)
    kind = _noun_kind(_STATE.sub("", words.strip())) if match else ""
    if match is None or not kind:
        return None
    return CellUnit(part, (match[1] or match[3] or "thousand").lower(), words.strip(), Unit(kind, "count"))


def _latin_unit(plain: str) -> tuple[CellUnit | None, str]:
    """Return the unit that an English header ends in: "IT load MW", "Racks", "Number of servers"."""
    whole = declared_units().get(spelling_key(plain))
    if whole and len(plain) > _SHORTEST_WORD and whole.family != "duration":
        return CellUnit(plain, "", plain, whole), plain
    plain = _STATE.sub("", plain)
    last = _LAST_WORD.search(plain)
    if last and len(last[1]) >= _SHORTEST_LATIN and last.start() > 0 and spelling_key(last[1]) in declared_units():
        return CellUnit(last[1], "", last[1], declared_units()[spelling_key(last[1])]), plain[: last.start()].strip()
    words = plain.split()
    for count in (3, 2):
        tail = " ".join(words[-count:])
        if len(words) > count and spelling_key(tail) in declared_units():
            return CellUnit(tail, "", tail, declared_units()[spelling_key(tail)]), " ".join(words[:-count])
    noun = _OF_NOUN.fullmatch(plain)
    named = (noun[1] or noun[2]).strip() if noun else plain
    kind = _noun_kind(named) if named.endswith("s") or noun else ""
    return (CellUnit(named, "", named, Unit(kind, "count")), plain) if kind else (None, plain)


def _noun_kind(words: str) -> str:
    """Return the kind of the English noun that some words end in."""
    tokens = words.lower().replace("-", " ").split()
    return next((k for n in (2, 1) if (k := countable_nouns().get(" ".join(tokens[-n:])))), "") if tokens else ""


# ---------------------------------------------------------------- what a name counts

_LONGEST_NAME = 400
"""Characters of the words of a cell that can name what it counts; what is longer is a text."""
_TAIL = re.compile(
    r"(?:[(\[【].*?[)\]】]|(?:及|和|、|与)(?:其)?(?:配套|附属|相关)[一-龥]{0,6}|数量|数目|总数|台数|规模|总量|合计|总计|小计|"
    r"采购|购置|租赁|设备|费用?|部署|建设|新增|数$|[\s:,;/\-—*#]|[A-Za-z]?\d[\w.\-]*+|[A-Z]{1,3}型|型号?|[一二三四五]期|"
    r"qty|quantity|number|total|units?)+$",
    re.IGNORECASE,
)
_GENERIC = re.compile(
    r"(?:采购|设备|项目|建设|设计|计划|规划|实际|中标|合同|需求|拟建|在建|已建|本期|首期|末期|远期|近期|总|[一二三四五六七八九十\d]期|"
    r"phase|stage|no)*(?:数量|数目|数值|数|规模|指标值?|值|内容|合计|总计|小计|总数|单价|总价|金额|quantity|qty|number|value|"
    r"amount|total|count|\d|\s|\b[a-z]\b)*",
    re.IGNORECASE,
)


def is_generic(words: str) -> bool:
    """Say whether the words of a header name nothing that is counted: 数量, Quantity, 首期.

    >>> is_generic("数量"), is_generic("机柜数"), is_generic("Quantity")
    (True, False, True)
    """
    return _GENERIC.fullmatch(fold(words).text.strip()) is not None


_IN_BRACKETS = re.compile(r"\([^()]{1,60}\)")


@lru_cache(maxsize=4096)
def counted_kind(names: str) -> str:
    """Return servers, racks, chips or "" for a name, by the noun at its end: a rack's fan is no rack.

    >>> counted_kind("智算服务器"), counted_kind("服务器电源模块"), counted_kind("GPU servers")
    ('servers', '', 'servers')
    """
    plain = fold(names[-_LONGEST_NAME:]).text.strip().lower()
    plain = _IN_BRACKETS.sub("", plain).strip() or plain  # 训练服务器(八卡,含网卡) is a server
    plain = next((part for part in plain.split(",") if _TAIL.sub("", part.strip())), plain).strip()
    words, kinds = kind_words()["thing"]
    while plain:
        kind = _noun_kind(plain)
        if kind in _MACHINES:
            return kind
        found = words.find(plain)
        if found and found[-1][1] == len(plain):
            kind = kinds[found[-1][2]]
            return kind if kind in _MACHINES else ""
        shorter = _TAIL.sub("", plain)
        if shorter == plain:
            return ""
        plain = shorter
    return ""


_MACHINES = ("servers", "racks", "chips")


# ---------------------------------------------------------------- numbers alone in a cell

_GROUPED = r"\d{1,3}(?:'\d{3}){1,5}(?!\d)(?:\.\d{1,12})?"
_NUMBER = rf"(?:{_GROUPED}|{DIGITS}|(?=[{HAN_LETTERS}]{{2}}){HAN})(?:\s?{HAN_SCALE})?"
_MARKS = r"(?:\s?(?:[\[(][\d*a-z]{1,2}[\])]|[*#※†‡]{1,3}|[①-⑳]|[⁰¹²³⁴-⁹]{1,2}))?"
_NOTE = r"(?:\s?[(\[【][^()\[\]【】]{1,40}[)\]】])?"


@cache
def _bare() -> re.Pattern[str]:
    """Return the pattern of one number or one range, perhaps with a bound and a remark in brackets."""
    before = "|".join(map(re.escape, bounding_words("before")))
    behind = "|".join(map(re.escape, bounding_words("after")))
    sign = rf"(?:(?:{SIGNS})\s?)?"
    return re.compile(
        rf"\s*(?:(?i:{before})\s{{0,2}})?(?P<times>\d{{1,2}}\s?[×xX*]\s?)?{sign}(?P<first>{_NUMBER})"
        rf"(?:\s{{0,2}}(?:-|~|至|到|—{{1,2}}|--|\bto\b)\s{{0,2}}{sign}(?P<last>{_NUMBER}))?"
        rf"(?P<more>\s?[余多]|\+)?\s{{0,2}}(?i:{behind})?{_MARKS}(?P<note>{_NOTE})(?P<slash>\s?/\s?[^\W\d][^\d/]{{0,7}})?\s*"
    )


class BareNumber(NamedTuple):
    """A cell, or a piece of one, that is a number without a unit."""

    end: int
    """offset in the piece behind what is read, which begins it"""
    remark: str
    """words in brackets behind it"""
    is_product: bool = False
    """whether a small number stands before it, as in 2×180"""


_CENTS = re.compile(r"\.\d\d$")


def bare_number(words: str) -> BareNumber | None:
    """Return where the number of a piece stands, or None where the piece is anything but one number or range.

    >>> bare_number("约1,200（一期）"), bare_number("500 200"), bare_number("36台")
    (BareNumber(end=6, remark='（一期）', is_product=False), None, None)
    """
    plain = fold(words)
    match = _bare().fullmatch(plain.text)
    if match is None or (re.search(r"\d\s\d", match["first"]) and not _CENTS.search(match["first"])):
        return None  # "500 200" may be two numbers, "9 640 000.00" is a sum
    if match["slash"]:  # 40/台, 36,000,000/年
        if read_unit(match["slash"].strip(" /")) is None:
            return None
        return BareNumber(plain.span(*match.span("slash"))[0], "", bool(match["times"]))
    remark = match["note"].strip()
    if remark and read_unit(remark.strip("()[]【】 ")):
        return None  # its unit stands behind it
    if not remark:
        return BareNumber(len(words), "", bool(match["times"]))
    start, stop = plain.span(*match.span("note"))
    return BareNumber(start, words[start:stop].strip(), bool(match["times"]))


def pieces(words: str) -> list[tuple[int, int]]:
    """Return the spans of a cell's pieces: its lines, and numbers with a remark each, "900（一期）/3300（二期）"."""
    found = []
    for line in re.finditer(r"[^\r\n]+", words):
        parts = [match.span() for match in re.finditer(r"[^/;；、]+", line.group())]
        annotated = len(parts) > 1 and all(
            (bare := bare_number(line.group()[a:b])) and bare.remark and not re.search(r"\d", bare.remark)
            for a, b in parts
        )
        found += [(line.start() + a, line.start() + b) for a, b in parts] if annotated else [line.span()]
    return found
