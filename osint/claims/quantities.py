"""Find every quantity in a folded text: number, scale, unit, kind, range and qualifier, in linear time."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from osint.claims.numbers import (
    CLOSERS,
    HAN_SCALE,
    NumberDoubt,
    Plain,
    find_numbers,
    han_range,
    numeral_value,
    qualifier,
    scale_factor,
)
from osint.claims.units import CellUnit, Unit, countable_nouns, declared_units, spelling_key, word_set
from osint.register import table_rows

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
_NO_UNIT, _PUE_UNIT = Unit("", ""), Unit("pue", "ratio")
_PUE_LOW, _PUE_HIGH = 1.0, 3.0  # no power usage effectiveness is outside (1 by definition; judgement)
_NEAR = 8  # longest gap between two numbers of one range, list or product, in characters (judgement)
_AGAIN_REACH = 120  # longest gap between a number and another that counts the same again, in characters (judgement)
_MOST_ADJECTIVES = 3  # words between a number and the noun that it counts (judgement)


class Quantity(NamedTuple):
    """A value with its bounds, as written and in SI units."""

    low: float | None
    """lowest value, in `unit` as written; None where the words leave it open"""
    high: float | None
    """highest value, in `unit` as written; None where the words leave it open"""
    unit: str
    """the unit as written, with its scale word: 亿元, 万P, $bn"""
    si_low: float | None
    """lowest value in `si_unit`"""
    si_high: float | None
    """highest value in `si_unit`"""
    si_unit: str
    """one of count, PFLOPS, MW, MVA, kV, GWh, tce, m2, ratio, CNY, USD, HKD, EUR"""
    qualifier: str
    """exact, about, more than, at least, up to, less than or range"""
    chip_model: str = ""
    """chip model named next to the number, as written"""


class LocatedQuantity(NamedTuple):
    """A quantity and where it stands in the folded text."""

    start: int
    """offset of its first character"""
    end: int
    """offset behind its last character"""
    quantity: Quantity
    measure: Unit
    """what its unit measures"""
    remarks: tuple[str, ...]
    """what was odd in its characters"""

    @property
    def family(self) -> str:
        """The family of its unit, which `kind_of` resolves to a kind."""
        return self.measure.family


@dataclass(slots=True)
class _Atom:
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
        return self.measure.family

    @property
    def value(self) -> float:
        """The number with its scale word, in the unit as written."""
        return self.number * scale_factor(self.scale)


# ---------------------------------------------------------------- one number with its scale and unit

SIGNS = "|".join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))
_SIGN = re.compile(rf"(?<![A-Za-z0-9百千万亿余多])({SIGNS})[:\s]{{0,2}}[【\[(]?\s{{0,2}}$")
_MAY_END_SIGN = frozenset(" :\n\t【[(\u00a0").union(sign[-1] for sign in CURRENCIES)
# "$2-3bn": the sign stands before the first number only
_MONEY_RANGE = re.compile(
    r"(US\$|HK\$|(?<![A-Z])\$|€|¥|RMB) ?[\d.,]{1,12} ?(?:bn|m|b|k|million|billion)? ?(-|~|to) ?$", re.I
)
_LABELS_UNIT = re.compile(r"(?:[(\[]|单位[:为]?|人民币)\s?$")
_CODE_BEFORE = re.compile(r"(?:-\d{1,20}){2}-$|(?<!\d)0\d{0,20}-$|\d-\d{1,20}-$|(?<!\d)(?P<left>\d{5,20})-$")
_COUNTED_CHIPS = re.compile(r"\s(?:GPU|chip|[A-Z]\w{0,12}\s(?:GPU|chip))")
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


def _atoms(text: str) -> list[_Atom]:
    """Return the numbers of a text that carry sense, in reading order."""
    atoms = []
    for match in find_numbers(text):
        number = numeral_value(match["number"]) if _has_number_sense(match, text) else None
        if number is not None:
            atoms.append(_atom(match, number, text))
    return sorted(atoms, key=lambda atom: atom.start)


def _atom(match: re.Match[str], number: float, text: str) -> _Atom:
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
    return _Atom(start, _end(match, scale, unit), low, scale, unit, currency, more, measure, upto=high, remark=remark)


_OTHER_CURRENCY = re.compile(
    r"\s?(?:新?台币|新加坡|日[元圆]|韩[元币]|(?:Canadian|Australian|Singapore|Taiwan|New Zealand|Hong Kong)\b)",
    re.IGNORECASE,
)
"""words behind a sum that name another currency than its sign"""
_DIGITS = tuple("0123456789")
_SPACED = re.compile(r"\d[ \u00a0\u2009\u202f.]* ")
_THREE_DECIMALS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_POINT_MAY_GROUP = (
    "area",
    "land",
    "feet",
    "thing",
    "cards",
    "chips",
    "servers",
    "racks",
    "money_cny",
    "money_eur",
    "money_usd",
    "count",
)


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
        return scale if family.startswith(("money", "chips", "feet", "energy", "tce", "compute")) else ""
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


# ---------------------------------------------------------------- nouns behind the number

_MODEL = re.compile(
    r"(?i:(?:Nvidia['’]?s?\s)?(?:GB?[23]00(?:\sNVL\d{1,3})?|[HABL]\d{2,3}s?|H100-?(?:eq|equivalents?)|L40S|MI\d{3}X?|"
    r"RTX\s?\d{4}D?|Trainium\s?\d?|TPU\s?v?\d\w?|Ascend\s?\d{3}[A-D]?|Blackwell|Hopper|PPU)s?)(?![A-Za-z0-9])"
)
_TOKEN = re.compile(r"[\s-]{1,2}[\[(\"]?([A-Za-z][A-Za-z0-9./'’&+]{0,24})[\])\",]?")
_BREAK = word_set(
    "in on at by for to from with as that which is are was were will would has have had per into over under during "
    "while when where who but so its it they their than times percent using via said says a an"
)
"""words that end the phrase behind a number"""
_NOT_CHIPS = word_set("hours hour days dies die wafers clusters systems machines orders deals users")
"""nouns that a chip only describes: "2,000 H100 hours" does not count chips"""
_LEAD = word_set("of the its these those such their our")
_JOINS = word_set("and or ai tensor core sxm based powered class")
_GAP = re.compile(r"[\s-]{0,2}[\[(×xX*]?\s?")
_OF_WHOLE = re.compile(r"(?:(?<= of)|(?<= the)|(?<= its))\s\d[\d,]{0,8}(?=\s[a-z])")


def chip_model_in(words: str) -> str:
    """Return the chip model that some words name, as written, or "".

    >>> chip_model_in("加速卡 H200"), chip_model_in("交换机")
    ('H200', '')
    """
    match = chip_pattern().search(words)
    return match.group().strip() if match else ""


@cache
def chip_pattern() -> re.Pattern[str]:
    """Return the pattern of the chip models of `chip_models.csv`."""
    models = "|".join(row["pattern"] for row in table_rows("chip_models.csv", __package__))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{models})(?![A-Za-z0-9])")


def noun_behind(text: str, end: int) -> tuple[int, str, str] | None:
    """Return (end, kind, chip model) of the counted English noun behind a number, or None."""
    found: tuple[int, str, str] | None = None
    model, position, plain = "", end, 0
    for index in range(8):
        if found and text[end : end + 1] == "-":
            break  # "eight-GPU servers" counts what the hyphen joins
        token = _TOKEN.match(text, position)
        if token is None or not token[1].islower():
            gap = _GAP.match(text, position)
            chip = _MODEL.match(text, gap.end() if gap else position)
            if chip and chip.start() > position:
                model = model or chip.group().strip()
                found = (chip.end(), "chips", model)
                position = chip.end()
                continue
        whole = _OF_WHOLE.match(text, position) if index in (1, 2) and token is None else None
        if whole:
            position = whole.end()  # "seven of its 30 buildings"
            continue
        if not token:
            break
        word = token[1].rstrip(".'’").lower()
        two = _TOKEN.match(text, token.end(1))
        pair = f"{word} {two[1].rstrip('.').lower()}" if two else ""
        kinds = countable_nouns()
        if found and found[1] == "chips" and word in _NOT_CHIPS:
            return None
        if pair in kinds and two:
            stop = two.start(1) + len(two[1].rstrip("."))
            found, position = (stop, kinds[pair], model), stop
            continue
        if word in kinds:
            stop = token.start(1) + len(word)
            found, position = (stop, kinds[word], model), stop
            continue
        ends = index > 1 if word in _LEAD else word in _BREAK or (word in ("and", "or") and not model)
        if ends or (found and (not model or word not in _JOINS)):
            break
        plain += token[1][0].islower() and word not in _LEAD
        if plain > _MOST_ADJECTIVES:
            break
        position = token.end() if text[token.end() - 1] in '])"' else token.end(1)
    return found


# ---------------------------------------------------------------- units that stand before the number

_HEAD = re.compile(r"[(\[](?:单位:)?([^()\[\]\s]{1,8})[)\]][ \t]{0,2}(?:为|是)?[: \t|]{0,3}[约¥]?$")
_PUE = re.compile(r"(?:PUE|[电][能力]?[利使]用效率)[^0-9;。]{0,32}$", re.IGNORECASE)


def _take_unit(atom: _Atom, label: str) -> None:
    """Give a number the unit, and where it has none the scale, that a label names."""
    scaled = re.match(HAN_SCALE, label)
    scale = scaled.group() if scaled else ""
    known = declared_units().get(spelling_key(label[len(scale) :]))
    if known:
        atom.unit, atom.scale, atom.measure = label[len(scale) :], atom.scale or scale, known


def _unit_before(atom: _Atom, text: str) -> None:
    """Give a bare number the unit that its label carries: "(万元): 668.79", "PUE 1.2"."""
    may_be_pue = _PUE_LOW <= atom.number <= _PUE_HIGH and not atom.scale
    if may_be_pue and _PUE.search(text, max(0, atom.start - 48), atom.start):
        atom.measure = _PUE_UNIT
        return
    near = text[max(0, atom.start - 6) : atom.start]
    head = _HEAD.search(text, max(0, atom.start - 16), atom.start) if ")" in near or "]" in near else None
    if head:
        _take_unit(atom, head[1])


# ---------------------------------------------------------------- ranges, lists, products

_RANGE = re.compile(r"\s{0,2}(?:-|~|—{1,2}|--|至|到|to)\s{0,2}")
_BOUNDED = re.compile(r",?(?:且|并且|但)?不得?(?:超过|高于|大于|多于)")
"""what stands between the two ends of 不低于A且不超过B"""
_AT_LEAST = re.compile(r"不(?:得)?(?:低于|少于|小于)(?:人民币)?$")
_PUE_RANGE, _PUE_LIST = re.compile(rf"{_RANGE.pattern}|\sand\s"), re.compile(r"[、,和及与]\s?|, and ")
_LIST = re.compile(r"\s{0,2}(?:、|/|和|及|与|或|,?\s?and|,?\s?or|&|,)\s{0,2}")
_AND_OR_TO, _TO = re.compile(r"\s(?:and|to)\s"), re.compile(r"to|到|至")
_TIMES = re.compile(r"\s?[×xX*]\s?")
_ORDINAL = re.compile(r"(?:phases?|buildings?|no\.|blocks?|figure|table|section|lots?|units?|tranche|halls?)\s?$", re.I)
_GROWTH = re.compile(r"提升|增加|增长|扩|升|increas|expand|grow|grew|rais|rise|from|ramp|scal", re.IGNORECASE)
_YEARLIKE = range(1990, 2051)
# "racks, taking the total to 8,200", "15,000 petaflops, up from 600": what was counted is not said again
_AGAIN = re.compile(
    r"\b(?:(?:up|down) from|(?:batch|batches|tranche|tranches) of|compared (?:with|to)|"
    r"(?:taking|bringing|lifting) (?:the|its) (?:total|tally|count) to|for a total of)\s$"
)
_MORE_OF_IT = (" add ", "adds ", " further ", " additional ", " another ", " than ")
_BEFORE_AGAIN = ("from ", "with ", " to ", " of ", "only ", *_MORE_OF_IT)
_THEN = re.compile(
    r"(?: more)?(?: (?:had|have|has|were|was|are|is|will|would|followed|by|in|this|next|at|later|more)\b|[.;,](?!\d)|$)"
)
_VERB = re.compile(r" (?:had|have|has|was|were|are|is)\b")
_END_OF_SENTENCE = re.compile(r"[。;\n]|\.\s")


def _complete(atoms: list[_Atom], text: str) -> None:
    """Give bare numbers the unit that stands before them, or that of the number they repeat."""
    for atom in atoms:
        if not atom.family:
            _unit_before(atom, text)
    for atom, following in pairwise(atoms):
        if atom.family == "pue" and not following.family and _PUE_LOW <= following.number <= _PUE_HIGH:
            between = text[atom.end : following.start] if following.start - atom.end <= _NEAR else "far"
            in_list = "." in text[following.start : following.end] and _PUE_LIST.fullmatch(between)
            if in_list or _PUE_RANGE.fullmatch(between):
                following.measure = atom.measure
    named: _Atom | None = None
    for atom in atoms:
        if named and not (atom.family or atom.scale) and _counts_again(named, atom, text):
            atom.measure, atom.unit, atom.chip_model = named.measure, named.unit, named.chip_model
        named = atom if atom.family else named


def _join(atoms: list[_Atom], text: str) -> list[tuple[_Atom, _Atom | None]]:
    """Return (first, last) for ranges and (atom, None) for single quantities, units shared along lists."""
    _complete(atoms, text)
    joined: list[tuple[_Atom, _Atom | None]] = []
    right: _Atom | None = None  # the number to the right of the present one, if it has a unit
    for atom in reversed(atoms):
        if right is not None and 0 <= right.start - atom.end <= _NEAR:
            gap = text[atom.end : right.start]
            single = bool(joined) and joined[-1] == (right, None)
            if single and right.family in ("voltage", "pue") and _TIMES.fullmatch(gap):
                right = None  # three lines of 110 kV are no 330 kV
                continue
            if single and not atom.family and _TIMES.fullmatch(gap):
                right.number *= atom.number
                right.start = atom.start
                continue
            if single and _is_range(atom, right, gap, text):
                _share(atom, right)
                joined[-1] = (atom, right)
                right = None
                continue
            if _shares_unit(atom, right, gap, text):
                _share(atom, right)
        if atom.family:
            joined.append((atom, None))
        right = atom if atom.family else None
    return joined[::-1]


def _counts_again(atom: _Atom, following: _Atom, text: str) -> bool:
    """Say whether a bare number counts again what `atom` counts."""
    start = following.start
    if not text.endswith(_BEFORE_AGAIN, 0, start) or atom.currency:
        return False
    if start - atom.end > _AGAIN_REACH or following.number in _YEARLIKE:
        return False
    if text.endswith(_MORE_OF_IT, 0, start):
        return bool(_THEN.match(text, following.end)) and "." not in text[atom.end : start]
    if _END_OF_SENTENCE.search(text, atom.end, start):
        return False
    only = text.endswith("only ", 0, start) and _VERB.match(text, following.end)
    return bool(only or _AGAIN.search(text, atom.end, start))


def _is_range(atom: _Atom, following: _Atom, gap: str, text: str) -> bool:
    """Say whether two numbers are the ends of one range."""
    bounded = _BOUNDED.fullmatch(gap) and _AT_LEAST.search(text, max(0, atom.start - 8), atom.start)
    if not (_RANGE.fullmatch(gap) or bounded) and not (
        _AND_OR_TO.fullmatch(gap) and text[max(0, atom.start - 9) : atom.start].rstrip().lower().endswith("between")
    ):
        return False
    if atom.family and atom.family != following.family:
        return False
    if not atom.family and (atom.number in _YEARLIKE and following.family == "duration"):
        return False
    if "-" in gap and text[atom.start - 1 : atom.start] == "-":
        return False
    both = bool(atom.unit or atom.currency)
    if both and _TO.search(gap) and _GROWTH.search(text[max(0, atom.start - 24) : atom.start]):
        return False
    low = atom.value * (atom.measure if atom.family else following.measure).factor
    high = following.value * following.measure.factor
    return low <= high or (not atom.scale and atom.number <= high)


def _shares_unit(atom: _Atom, following: _Atom, gap: str, text: str) -> bool:
    """Say whether a bare number is one of a list whose unit stands behind its last number."""
    if atom.family or not _LIST.fullmatch(gap) or following.family in ("pue", "duration", "foreign"):
        return False
    if _ORDINAL.search(text[max(0, atom.start - 12) : atom.start]):
        return False
    if gap.strip() == "," and not following.shared:
        return False  # "50, 75 and 100 MW", but not "in 2024, 100 MW"
    return atom.number not in _YEARLIKE


def _share(atom: _Atom, following: _Atom) -> None:
    """Give `atom` the unit, and where it has none the scale, of the atom behind it."""
    if atom.family:
        if atom.currency and not atom.scale and following.scale and not atom.unit:
            atom.scale = following.scale
        return
    atom.measure, atom.unit, atom.currency = following.measure, following.unit, atom.currency or following.currency
    atom.shared = True
    if not atom.scale and following.scale and atom.number * scale_factor(following.scale) <= following.value:
        atom.scale = following.scale


# ---------------------------------------------------------------- the scanner

_NOUN_CAN_FOLLOW = re.compile(r"[ \-\[(\n×xX*\u00a0]\s?[\[(×xX*]?\s?[A-Za-z]")
_NAMED_MODEL = re.compile(r" [A-Z][A-Za-z]{1,15} \d{1,4}(?= [a-z])")
_NAMED_SIZE = re.compile(r"[十百千万]{1,3}(?:卡|P)$")
_OF_PROGRAMME = re.compile(r"(?:级|国产|智算|算力|超)*(?:集群)?(?:计划|工程|行动|专项|战略|时代)")
_QUOTES = ("“", '"', "「", "『")


def _is_named_size(atom: _Atom, atoms: list[_Atom], text: str) -> bool:
    """Say whether a round size only names a cluster or a programme: “万卡集群”, 万卡计划, 万卡 beside 3840张."""
    behind = text[atom.end - 1 : atom.end + 1]
    if text[atom.start - 1 : atom.start] in _QUOTES or _OF_PROGRAMME.match(text, atom.end):
        return True
    if behind[:1] == "P":
        return text[atom.start - 2 : atom.start] == "万卡"
    return any(one.family in ("chips", "cards") and text[one.start].isdigit() for one in atoms)


_ORDINAL_NAME = re.compile(
    r"\b(?:Gen|Generation|Phase|Hall|Level|Tier|Lot|Block|Building|Unit|Stage|Version|Mark|Series|Type|Class|Zone|Room|Row|"
    r"Pod|Line|Floor|Figure|Table|Section|Chapter|Step|Round|Batch|Module) $"
)
_COUNTS = ("", "count", "chips", "servers", "racks", "thing")
_LARGEST_ORDINAL = 99
_PROGRAMME = re.compile(r"[”\"」』]\s?(?:计划|工程|行动|专项|项目)")


_AREA_WORD = re.compile(r"面积|建面|占地|用地|建筑|厂房|机房|园区|土地|楼|场地|空间|房")
_PLACE_BEHIND = re.compile(r"[镇乡村台街路向山]")
_STOREY_BEHIND = re.compile(r"\s?\d{1,4}\s?[-楼层号室单]")
_SLOT_BEHIND = re.compile(r"\s?(?:GPU|显卡|加速卡|PCIe|网|硬盘)?\s?(?:插槽|接口|端口|槽位|卡槽|插口)")
_DEFINES = re.compile(r"\s?(?:算力)?\s?(?:等于|相当于|即|=|equals)")
_DEFINED = re.compile(r"(?:等于|相当于|即|=|equals)\s?(?:每秒)?\s?$")


def _is_beside(atom: _Atom, text: str) -> bool:
    """Say whether a number belongs to an address, a slot or the definition of a unit."""
    near = text[max(0, atom.start - 24) : atom.start]
    if atom.unit in ("平", "平方"):
        return _AREA_WORD.search(near) is None or _PLACE_BEHIND.match(text, atom.end) is not None
    if atom.unit in ("栋", "幢", "座"):
        return _STOREY_BEHIND.match(text, atom.end) is not None
    if atom.family in ("thing", "cards", "chips"):
        return _SLOT_BEHIND.match(text, atom.end) is not None
    if atom.family == "compute":
        return (atom.number == 1 and _DEFINES.match(text, atom.end) is not None) or _DEFINED.search(near) is not None
    return False


def _without_names(atoms: list[_Atom], text: str) -> list[_Atom]:
    """Leave out numbers that are part of a name: Gen 4 servers, the 6 of 90,000 TPU 6 chips, “十万卡”计划."""
    named = {
        match.end() for atom in atoms for match in [_NAMED_MODEL.match(text, atom.end)] if match and not atom.family
    }
    return [
        atom
        for atom in atoms
        if not any(atom.start < end <= max(atom.end, atom.start + 4) for end in named)
        and not (
            atom.family in _COUNTS
            and atom.number <= _LARGEST_ORDINAL
            and _ORDINAL_NAME.search(text, max(0, atom.start - 12), atom.start)
        )
        and not (text[atom.start - 1 : atom.start] in _QUOTES and _PROGRAMME.match(text, atom.end))
        and not (_NAMED_SIZE.fullmatch(text, atom.start, atom.end) and _is_named_size(atom, atoms, text))
    ]


def find_quantities(plain: Plain, unit: CellUnit | None = None) -> list[LocatedQuantity]:
    """Return the quantities of a folded text in reading order, families not yet resolved to kinds.

    `unit` is what a table gives the bare numbers of a cell.

    >>> from osint.claims.numbers import fold
    >>> [found] = find_quantities(fold("用电负荷20至30兆瓦"))
    >>> found.quantity.si_low, found.quantity.si_high, found.quantity.si_unit, found.quantity.qualifier
    (20.0, 30.0, 'MW', 'range')
    """
    text = plain.text
    atoms = _atoms(text)
    atoms = [atom for atom in _without_names(atoms, text) if not _is_beside(atom, text)]
    for atom in atoms:
        if not atom.family and (_NOUN_CAN_FOLLOW.match(text, atom.end) or atom.scale in ("k", "K", "m", "M")):
            named = _NAMED_MODEL.match(text, atom.end)
            noun = noun_behind(text, named.end()) if named else None
            noun = noun or noun_behind(text, atom.end)
            if noun:
                atom.end, atom.unit, atom.chip_model = noun
                atom.measure = Unit(atom.unit, "count")
    for atom in atoms if unit is None else ():
        _sum_without_currency(atom, text)
    for index, atom in enumerate(atoms if unit else ()):
        following = atoms[index + 1].start if index + 1 < len(atoms) else 0
        if following and _TIMES.fullmatch(text, atom.end, following):
            continue  # the 2 of 2×180 MVA
        if unit and not atom.family and not (atom.scale and unit.scale):
            atom.scale, atom.unit, atom.measure = atom.scale or unit.scale, unit.spelling, unit.measure
    joined = (
        (first, last or (replace(first, number=first.upto) if first.upto else first))
        for first, last in _join(atoms, text)
    )
    located = (_located(first, last, plain) for first, last in joined)
    return [found for found in located if found]


_MONEY_WORD = re.compile(
    r"(?:投资|融资|投入|预算|亏损|盈利|营收|金额|造价|估值|斩获|注资|拨款|出资|募资|贷款|合同额|产值|收入|利润|耗资|斥资|总价|报价)"
    r"[^\d,。;;!?]{0,6}$"
)
_ORDERED = re.compile(r"(?:的?(?:订单|投资|融资|资金|合同|贷款|大单|补贴))")
_COUNTER = re.compile(r"\s?[人户次吨里辆件份家只名头亩平千瓦度台架张卡块个栋座项年月天P]")


def _sum_without_currency(atom: _Atom, text: str) -> None:
    """Give a number with 万 or 亿 behind a word of money, or before an order, the currency that is meant."""
    if atom.family or atom.currency or text[atom.end - 1] not in "万亿":
        return
    if _COUNTER.match(text, atom.end):
        return
    if _MONEY_WORD.search(text, max(0, atom.start - 14), atom.start) or _ORDERED.match(text, atom.end):
        atom.measure, atom.remark = declared_units()["元"], NumberDoubt.NO_CURRENCY


def _located(first: _Atom, last: _Atom, plain: Plain) -> LocatedQuantity | None:
    """Return the quantity from one number to another, or the same; None for nothing and for money that is not read."""
    text, is_range = plain.text, last is not first
    if last.value == 0 or last.family in ("foreign", ""):
        return None
    word = "range" if is_range else qualifier(text, first.start, last.end, first.more)
    if last.family == "duration" and text[max(0, first.start - 5) : first.start].lower() == "over ":
        word = "exact"  # "over five years" is a span, not a bound
    scale, factor, low = scale_factor(last.scale), last.measure.factor, first.value
    if is_range and first.unit != last.unit and first.measure.factor != factor:
        low = low * first.measure.factor / factor
    lowest = (None, None) if word in ("up to", "less than") else _rounded(low, scale, factor)
    highest = (None, None) if word in ("more than", "at least") else _rounded(last.value, scale, factor)
    written = f"{last.currency}{last.scale}{last.unit}"
    quantity = Quantity(
        lowest[0], highest[0], written, lowest[1], highest[1], last.measure.si_unit, word, last.chip_model
    )
    odd = {remark for at, remark in plain.remarks.items() if first.start <= at <= last.end} if plain.remarks else set()
    odd.update(atom.remark for atom in (first, last) if atom.remark)
    remarks = tuple(sorted(odd)) if odd else ()
    return LocatedQuantity(first.start, last.end, quantity, last.measure, remarks)


def _rounded(value: float, scale: float, factor: float) -> tuple[float, float]:
    """Return a value as written and in SI units, without the dust of binary fractions."""
    return float(f"{value / scale:.12g}"), float(f"{value * factor:.12g}")
