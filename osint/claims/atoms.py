"""Read one number with its sign, its scale and its unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from osint.claims.folding import NumberDoubt
from osint.claims.numbers import CLOSERS, find_numbers, han_range, numeral_value, scale_factor
from osint.claims.units import Unit, declared_units, spelling_key, word_set

CURRENCIES = {
    sign: unit
    for unit, signs in {
        Unit("money_usd", "USD"): "US$ U.S.$ USD $ 美元",
        Unit("money_hkd", "HKD"): "HK$ HKD 港币 港元",
        Unit("money_eur", "EUR"): "€ EUR 欧元",
        Unit("money_cny", "CNY"): "¥ CN¥ RMB RMB¥ Rmb rmb CNY 人民币 人民币¥",
        Unit("foreign", ""): "NT$ S$ A$ C$ AU$ CA$ R$ NZ$ £ ₩ ₹ JP¥ GBP JPY SGD AUD CAD 新台币 台币 日元 韩元 英镑",
    }.items()
    for sign in signs.split()
}
"""money by the sign that stands before its number"""
_NO_UNIT = Unit("", "")


@dataclass(slots=True)
class Atom:
    """One number with what is written next to it."""

    start: int
    end: int
    number: float
    scale: str
    unit: str
    currency: str
    more: bool
    measure: Unit
    chip_model: str = ""
    shared: bool = False
    """whether the unit was taken from the next number of a list"""
    upto: float = 0.0
    """upper end of an approximate numeral (四五百), 0 for others"""
    remark: str = ""
    """what was taken for granted in reading it"""

    @property
    def family(self) -> str:
        """The family of its unit."""
        return self.measure.family

    @property
    def value(self) -> float:
        """The number with its scale word, in the unit as written."""
        return self.number * scale_factor(self.scale)


SIGNS = "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))
_SIGN = re.compile(rf"(?<![A-Za-z0-9百千万亿余多])({SIGNS})[:\s]{{0,2}}[【\[(]?\s{{0,2}}$")
_MAY_END_SIGN = frozenset(" :\n\t【[(\u00a0").union(sign[-1] for sign in CURRENCIES)
# "$2-3bn": the sign stands before the first number only
_MONEY_RANGE = re.compile(rf"((?<![A-Z])(?:{SIGNS})) ?[\d.,]{{1,12}} ?(?:bn|m|b|k|million|billion)? ?(-|~|to) ?$", re.I)
_LABELS_UNIT = re.compile(r"(?:[(\[]|单位[:为]?|人民币)\s?$")
_CODE_BEFORE = re.compile(r"(?:-\d{1,20}){2}-$|(?<!\d)0\d{0,20}-$|\d-\d{1,20}-$|(?<!\d)(?P<left>\d{5,20})-$")
_COUNTED_CHIPS = re.compile(r"\s(?:[A-Z][\w-]{0,24}\s){0,2}(?:GPU|chip|accelerator)|\s[ABH]\d00s?\b")
_LETTER_SCALES = ("m", "b", "t", "k", "mm")


def _has_number_sense(match: re.Match[str], text: str) -> bool:
    """Refuse what the pattern finds but no reader would call a number."""
    number = match["number"]
    if number == "一" and not match["scale"]:
        return False
    if number in "十百千万亿" and _LABELS_UNIT.search(text, max(0, match.start() - 4), match.start()):
        return False  # "(万元)" and "单位:万元" are the unit of a label
    if _is_tail(match, text) or _is_blank(match, text):
        return False
    if text[match.start() - 1 : match.start()] in _MAY_MASK and _is_masked(match, text):
        return False
    after = text[match.end("number") : match.end("number") + 1]
    if after > "~" and ("⁰" <= after <= "⁹" or after in "¹" or "①" <= after <= "⓿"):
        return False  # a power of ten or a circled digit belongs to the number: not read
    if number[0] == "0" and len(number) > 1 and number[1] != ".":
        return False
    if after == "," and _DECIMAL_COMMA.match(text, match.end("number")):
        return False  # 1,25 is one number, or two
    if " " in number and _NAMED_BEFORE.search(text, max(0, match.start() - 12), match.start()):
        return False  # "phase 2 400 racks"
    at = match.start()
    code = _CODE_BEFORE.search(text, max(0, at - 44), at) if text[at - 1 : at] == "-" else None
    # a part of a project code or of a telephone number
    return not code or bool(code["left"] and _can_follow(code["left"], number))


_MAY_MASK = frozenset("*＊█.,")
_MASK = re.compile(r"(?<!\d)(?:[*＊█xX×]{1,12}[.,]|[*＊█]{2,12}|(?<=[一-龥约:])[*＊█])$")
_CLOSES_BOLD = re.compile(r"[^*\n,，。;；]{0,16}\*")


def _is_masked(match: re.Match[str], text: str) -> bool:
    """Say whether the leading digits of a number were struck out, 用地*.34平方米, and are not only set in bold."""
    at = match.start()
    masked = _MASK.search(text, max(0, at - 14), at)
    return masked is not None and not (text[at - 1] == "*" and _CLOSES_BOLD.match(text, match.end()))


_DECIMAL_COMMA = re.compile(r",\d{1,2}(?![\d,.])")
_MONTHS = "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"
_NAMED_BEFORE = re.compile(
    rf"\b(?:phases?|buildings?|no\.|blocks?|lots?|tranche|halls?|units?|stage|(?:{_MONTHS})[a-z]{{0,6}}\.?)\s$",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"(?<![A-Za-z\d.,:/-])\d{1,3} $")
"""digits and a space, behind which a number may be the rest of one"""
_GROUP = 3
"""digits of a group between thousands marks"""
_DIGITS_BEFORE = re.compile(r"(?<![\d.,A-Za-z-])\d{1,3} $")


def _is_tail(match: re.Match[str], text: str) -> bool:
    """Say whether a number of three digits may be the end of the one before it: "phase 2 400 racks"."""
    at, number = match.start(), match["number"]
    return (
        len(number) == _GROUP
        and number.isdigit()
        and text[at - 1 : at] == " "
        and _DIGITS_BEFORE.search(text, max(0, at - 4), at) is not None
    )


_FILLS = re.compile(r"[近上超逾约过达数几成破这这]|[一-龥]")
_LABEL_ENDS = re.compile(
    r"(?:投资|金额|电量|规模|面积|总价|预算|合计|资本|收入|产值|负荷|容量|单位|价|数量|能耗|功率)$"
)


def _is_blank(match: re.Match[str], text: str) -> bool:
    """Say whether a scale word stands where no number was filled in: 总投资：  亿元, 合同价***万元."""
    number = match["number"]
    if number[0] not in "十百千万亿" or not (match["unit"] or match["scale"]) or number.strip("十百千万亿"):
        return False
    at = match.start()
    if at == 0 or text[at - 1] in '\n。；;“"「':
        behind = text[match.end() : match.end() + 1]
        return not ("一" <= behind <= "龥") or behind == "以"  # "万元以下项目" names a class of projects
    if text[at - 1] in "~-+≥>约":
        return False
    return not _FILLS.match(text, at - 1) or _LABEL_ENDS.search(text, max(0, at - 3), at) is not None


def _can_follow(left: str, number: str) -> bool:
    """Say whether two runs of digits can be a range, "10000-15000"."""
    return number.isdigit() and len(left) <= len(number) <= len(left) + 1 and int(left) < int(number)


def read_atoms(text: str) -> list[Atom]:
    """Return the numbers of a text that carry sense, in reading order."""
    atoms = []
    for match in find_numbers(text):
        number = numeral_value(match["number"]) if _has_number_sense(match, text) else None
        if number is not None:
            atoms.append(_atom(match, number, text))
    return sorted(atoms, key=lambda atom: atom.start)


def _atom(match: re.Match[str], number: float, text: str) -> Atom:
    """Return a number with its sign, scale and unit, without letters that only look like one of them."""
    currency, start = _currency(match, text)
    unit = _unit(match, bool(currency), text)
    scale = _scale(match, unit, bool(currency), text)
    if match["scale"] and not scale:
        unit = ""
    measure = declared_units()[spelling_key(unit)] if unit else _NO_UNIT
    if (currency or unit == "元") and _OTHER_CURRENCY.match(text, match.end()):
        measure = Unit("foreign", "")
    elif currency and (not unit or (unit == "元" and currency not in ("$", "¥"))):  # 港币18.8亿元: not in yuan
        measure = CURRENCIES.get(currency, CURRENCIES["RMB"])  # a range may begin with "rMB"
    more = bool(match["more"] or match["more2"])
    ends = han_range(match["number"]) if match["number"][0] > "~" else None
    low, high = ends or (number, 0.0)
    remark = ""
    if text[match.start() - 1 : match.start()] == "\n" and text[match.start() - 2 : match.start() - 1] in _DIGITS:
        remark = NumberDoubt.BROKEN
    elif text[start - 1 : start] == " " and _BESIDE.search(text, max(0, start - 5), start):
        remark = NumberDoubt.BESIDE
    elif " " in match["number"] and _SPACED.search(match["number"]):
        remark = NumberDoubt.SPACED
    elif match["number"].count(".") > 1:
        remark = NumberDoubt.POINTS
    elif not scale and _THREE_DECIMALS.fullmatch(match["number"]) and measure.family in _POINT_MAY_GROUP:
        remark = NumberDoubt.POINT
    return Atom(start, _end(match, scale, unit), low, scale, unit, currency, more, measure, upto=high, remark=remark)


_OTHER_CURRENCY = re.compile(
    r"\s?(?:新?台币|新加坡|日[元圆]|韩[元币]|(?:Canadian|Australian|Singapore|Taiwan|New Zealand|Hong Kong)\b)",
    re.IGNORECASE,
)
"""words behind a sum that name another currency than its sign"""
_DIGITS = tuple("0123456789")
_SPACED = re.compile(r"\d[ \u00a0\u2009\u202f.]* ")
_THREE_DECIMALS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_POINT_MAY_GROUP = word_set("area land feet thing cards chips servers racks money_cny money_eur money_usd count")


def _currency(match: re.Match[str], text: str) -> tuple[str, int]:
    """Return the currency sign before a number, or "", and where the quantity begins."""
    start = match.start()
    before = text[start - 1 : start]
    sign = _SIGN.search(text, max(0, start - 14), start) if before in _MAY_END_SIGN else None
    if sign:
        return sign[1], sign.start()
    if match["unit"] or not (before in ("-", "~") or text[max(0, start - 3) : start] == "to "):
        return "", start
    head = _MONEY_RANGE.search(text, max(0, start - 32), start)
    return (head[1] if head and (match["scale"] or head[2] != "to") else ""), start


def _unit(match: re.Match[str], is_money: bool, text: str) -> str:
    """Return the unit behind a number, or "" where its letters belong to something else."""
    unit: str = match["unit"] or ""
    if not unit:
        return ""
    after = text[match.end() : match.end() + 1]
    if unit == "项" and after == "目" and "." in match["number"]:
        return ""  # PUE>1.4项目: nothing is counted in tenths
    if unit in ("year", "years") and after == "-":
        return ""  # "year-round", "year-old"
    on_next_line = "\n" in text[match.end("number") : match.start("unit")] and not (is_money or match["scale"])
    if on_next_line and declared_units()[spelling_key(unit)].family in ("thing", "cards", "duration", "area"):
        return ""
    return "" if match["bracket"] and (not after or after not in CLOSERS) else unit


def _scale(match: re.Match[str], unit: str, is_money: bool, text: str) -> str:
    """Return the scale word of a number; a single letter is one in "510k H100", "5m yuan", never in 20 m of length."""
    scale: str = match["scale"] or ""
    if is_money or scale.lower() not in _LETTER_SCALES:
        return scale
    if unit:
        family = declared_units()[spelling_key(unit)].family
        return (
            scale if family.startswith(("money", "chips", "feet", "area", "land", "energy", "tce", "compute")) else ""
        )
    if scale in ("k", "K"):
        return scale
    return scale if scale in ("m", "M") and _COUNTED_CHIPS.match(text, _end(match, scale, "")) else ""


def _end(match: re.Match[str], scale: str, unit: str) -> int:
    """Return the offset behind a number with the scale and the unit that it keeps."""
    if unit:
        return match.end() + bool(match["bracket"])
    if scale:
        return match.end("more2") if match["more2"] else match.end("scale")
    return match.end("more") if (match["more"] or "").strip() in ("+", "-plus") else match.end("number")
