"""Find every quantity in a folded text: number, scale, unit, kind, range and qualifier, in linear time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from osint.claims import numbers, units
from osint.claims.numbers import Plain, fold, qualifier

if TYPE_CHECKING:
    from collections.abc import Mapping

_CURRENCY = {
    "US$": "money_usd", "USD": "money_usd", "$": "money_usd", "HK$": "money_hkd", "HKD": "money_hkd",
    "€": "money_eur", "EUR": "money_eur", "¥": "money_cny", "RMB": "money_cny", "CNY": "money_cny",
    "CN¥": "money_cny", "人民币": "money_cny", "Rmb": "money_cny", "RMB¥": "money_cny", "人民币¥": "money_cny",
    "U.S.$": "money_usd", "美元": "money_usd", "港币": "money_hkd", "港元": "money_hkd", "欧元": "money_eur",
}  # fmt: skip
_SI = {"money_cny": "CNY", "money_usd": "USD", "money_hkd": "HKD", "money_eur": "EUR"}
_FOREIGN = ("NT$", "S$", "A$", "C$", "AU$", "CA$", "R$", "NZ$", "£", "₩", "₹", "JP¥", "GBP", "JPY", "SGD", "AUD", "CAD",
            "新台币", "台币", "日元", "韩元", "英镑")  # fmt: skip


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
    family: str = ""
    si_unit: str = ""
    factor: float = 1.0
    chip_model: str = ""
    label: str = ""
    shared: bool = False
    """whether the unit was taken from the next number of a list"""

    @property
    def value(self) -> float:
        """The number with its scale word, in the unit as written."""
        return self.number * numbers.scale(self.scale)


@dataclass(slots=True)
class Quantity:
    """One quantity; offsets are those of the folded text."""

    start: int
    end: int
    low: float | None
    high: float | None
    unit: str
    si_low: float | None
    si_high: float | None
    si_unit: str
    family: str
    qualifier: str
    chip_model: str = ""
    label: str = ""
    """header of the table column that gave the unit"""
    remarks: list[str] = field(default_factory=list)


_SIGNS = sorted((*_CURRENCY, *_FOREIGN), key=len, reverse=True)
_SIGN = re.compile(rf"(?<![A-Za-z0-9百千万亿余多])({'|'.join(map(re.escape, _SIGNS))})[:\s]{{0,2}}[【\[(]?\s{{0,2}}$")
_MAY_END_SIGN = frozenset(" :\n\t【[(\u00a0").union(sign[-1] for sign in _SIGNS)
_LABELS_UNIT = re.compile(r"[(\[]$|单位[:为]?$")


def _has_number_sense(match: re.Match[str], text: str) -> bool:
    """Refuse what the pattern finds but no reader would call a number."""
    number = match["number"]
    if number == "一" and not match["scale"]:
        return False
    if number in "十百千万亿" and _LABELS_UNIT.search(text, max(0, match.start() - 4), match.start()):
        return False  # "(万元)" and "单位:万元" are the unit of a label
    after = text[match.end("number") : match.end("number") + 1]
    if after > "~" and ("⁰" <= after <= "⁹" or after in "¹" or "①" <= after <= "⓿"):
        return False  # a power of ten or a circled digit belongs to the number: not read
    return not (number[0] == "0" and len(number) > 1 and number[1] != ".")


_CODE_BEFORE = re.compile(r"(?:-\d{1,20}){2}-$|(?<!\d)0\d{0,20}-$|\d-\d{1,20}-$|(?<!\d)(?P<left>\d{5,20})-$")


def _can_follow(left: str, number: str) -> bool:
    """Say whether two runs of digits can be a range, "10000-15000"."""
    return number.isdigit() and len(left) <= len(number) <= len(left) + 1 and int(left) < int(number)


def _atoms(text: str) -> list[Atom]:
    atoms = []
    for match in numbers.find(text):
        if not _has_number_sense(match, text):
            continue
        at = match.start()
        code = _CODE_BEFORE.search(text, max(0, at - 44), at) if text[at - 1 : at] == "-" else None
        if code and not (code["left"] and _can_follow(code["left"], match["number"])):
            continue  # a part of a project code or a telephone number
        number = numbers.value(match["number"])
        if number is None:
            continue
        atoms.append(_atom(match, number, text))
    atoms.sort(key=lambda atom: atom.start)
    return atoms


# "$2-3bn": the sign stands before the first number only
_MONEY_RANGE = re.compile(
    r"(US\$|HK\$|(?<![A-Z])\$|€|¥|RMB) ?[\d.,]{1,12} ?(?:bn|m|b|k|million|billion)? ?(-|~|to) ?$", re.I
)


def _atom(match: re.Match[str], number: float, text: str) -> Atom:
    """Return the atom of a match, less the letters that only look like a scale or a unit."""
    _, plus, scale, plus_behind, bracketed, unit = match.groups(default="")
    currency, start, end = "", match.start(), match.end()
    before = text[start - 1 : start]
    sign = _SIGN.search(text, max(0, start - 14), start) if before in _MAY_END_SIGN else None
    if sign:
        currency, start = sign[1], sign.start()
    elif not unit and (before in ("-", "~") or text[max(0, start - 3) : start] == "to "):
        head = _MONEY_RANGE.search(text, max(0, start - 32), start)
        currency = head[1] if head and (scale or head[2] != "to") else ""
    if not (scale or unit):
        end = match.end("more") if plus.strip() in ("+", "-plus") else match.end("number")
        family = _CURRENCY.get(currency, "foreign") if currency else ""
        return Atom(start, end, number, "", "", currency, bool(plus or plus_behind), family, _SI.get(family, ""))
    broken = not (currency or scale) and "\n" in text[match.end("number") : match.start("unit")] if unit else False
    old = unit in ("year", "years") and text[end : end + 1] == "-"  # "year-round", "year-old"
    if old or (broken and units.units()[units.key(unit)].family in ("thing", "cards", "duration", "area")):
        unit, end = "", match.end("number")
    if unit and bracketed and text[end : end + 1] in (*numbers.CLOSERS,):
        end += 1
    elif unit and bracketed:
        unit, end = "", match.end("more2") if plus_behind else match.end("scale" if scale else "number")
    if scale.lower() in ("m", "b", "t", "k", "mm") and not currency and not _scale_allowed(scale, unit, text, end):
        if unit and match.end("scale") == match.start("unit"):
            unit = ""
        scale, end = "", match.end("number")
        unit = ""
    if not unit and not scale:
        end = match.end("more") if plus.strip() in ("+", "-plus") else match.end("number")
    elif not unit:
        end = match.end("scale") + len(plus_behind)
    atom = Atom(start, end, number, scale, unit, currency, bool(plus or plus_behind))
    if unit:
        known = units.units()[units.key(unit)]
        atom.family, atom.si_unit, atom.factor = known.family, known.si_unit, known.factor
    if currency and (not unit or (unit == "元" and currency not in ("$", "¥"))):  # 港币18.8亿元 is no yuan
        atom.family = _CURRENCY.get(currency, "foreign")
        atom.si_unit = _SI.get(atom.family, "")
    return atom


def _scale_allowed(scale: str, unit: str, text: str, end: int) -> bool:
    """Say whether a single letter is a scale: "510k H100", "5m yuan", never "20 m" of length."""
    if unit:
        return units.units()[units.key(unit)].family.startswith(("money", "chips", "feet", "energy", "tce", "compute"))
    if scale in ("k", "K"):
        return True
    return scale in ("m", "M") and bool(re.match(r"\s(?:GPU|chip|[A-Z]\w{0,12}\s(?:GPU|chip))", text[end : end + 30]))


# ---------------------------------------------------------------- nouns behind the number

_MODEL = re.compile(
    r"(?i:(?:Nvidia['’]?s?\s)?(?:GB?[23]00(?:\sNVL\d{1,3})?|[HABL]\d{2,3}s?|H100-?(?:eq|equivalents?)|L40S|MI\d{3}X?|"
    r"RTX\s?\d{4}D?|Trainium\s?\d?|TPU\s?v?\d\w?|Ascend\s?\d{3}[A-D]?|Blackwell|Hopper|PPU)s?)(?![A-Za-z0-9])"
)
_TOKEN = re.compile(r"[\s-]{1,2}[\[(\"]?([A-Za-z][A-Za-z0-9./'’&+]{0,24})[\])\",]?")
_WORDS_BETWEEN = (
    "in on at by for to from with as that which is are was were will would has have had per into over under"
)
_MORE_BETWEEN = "during while when where who but so its it they their than times percent using via said says a an"
_BREAK = frozenset(re.findall(r"\w+", f"{_WORDS_BETWEEN} {_MORE_BETWEEN}"))
_NOT_CHIPS = frozenset(
    re.findall(r"\w+", "hours hour days dies die wafers clusters systems machines orders deals users")
)
"""nouns that a chip only describes: "2,000 H100 hours" are no chips"""
_LEAD = frozenset(("of", "the", "its", "these", "those", "such", "their", "our"))


_JOINS = frozenset(("and", "or", "ai", "tensor", "core", "sxm", "based", "powered", "class"))
_OF_WHOLE = re.compile(r"(?:(?<= of)|(?<= the)|(?<= its))\s\d[\d,]{0,8}(?=\s[a-z])")


def _ends(word: str, index: int, model: str) -> bool:
    """Say whether a word behind a number ends the phrase that could name what is counted."""
    if word in _LEAD:
        return index > 1
    return word in _BREAK or (word in ("and", "or") and not model)


def noun_behind(text: str, end: int) -> tuple[int, str, str] | None:
    """Return (end, kind, chip model) of the counted English noun behind a number, or None."""
    found: tuple[int, str, str] | None = None
    model, position, plain = "", end, 0
    for index in range(8):
        if found and text[end : end + 1] == "-":
            break  # "eight-GPU servers" counts what the hyphen joins
        token = _TOKEN.match(text, position)
        if token is None or not token[1].islower():
            chip = _MODEL.match(text, position + len(_gap(text, position)))
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
        kinds = units.nouns()
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
        if (found and (not model or word not in _JOINS)) or _ends(word, index, model):
            break
        plain += token[1][0].islower() and word not in _LEAD
        if plain > 3:
            break
        position = token.end() if text[token.end() - 1] in '])"' else token.end(1)
    return found


_GAP = re.compile(r"[\s-]{0,2}[\[(×xX*]?\s?")


def _gap(text: str, position: int) -> str:
    match = _GAP.match(text, position)
    return match.group() if match else ""


# ---------------------------------------------------------------- units that stand before the number

_HEAD = re.compile(r"[(\[](?:单位:)?([^()\[\]\s]{1,8})[)\]][ \t]{0,2}(?:为|是)?[: \t|]{0,3}[约¥]?$")
_PUE = re.compile(r"(?:PUE|[电][能力]?[利使]用效率)[^0-9;。]{0,32}$", re.IGNORECASE)
_COAL = re.compile(r"标准?煤[约近超共达为:\s]{0,4}$")


_HEADER_UNIT = re.compile(
    r"[(\[（【](?:单位[::：]?)?([^()\[\]（）【】\s]{1,8})[)\]）】]|[/／]([A-Za-z万亿元千瓦]{1,5})$"
)


def _label_cells(atoms: list[Atom], plain: Plain, labels: Mapping[int, str]) -> None:
    """Give a bare number alone in its table cell the unit in the header of its column."""
    for atom in atoms:
        header = labels.get(plain.origin(atom.start)) if not atom.family else None
        match = _HEADER_UNIT.search(header) if header else None
        if match:
            _take_unit(atom, fold(match[1] or match[2]).text)
            atom.label = fold(header or "").text


def _take_unit(atom: Atom, label: str) -> None:
    scaled = re.match(numbers.HAN_SCALE, label)
    scale = scaled.group() if scaled else ""
    known = units.units().get(units.key(label[len(scale) :]))
    if known:
        atom.unit, atom.scale = label[len(scale) :], atom.scale or scale
        atom.family, atom.si_unit, atom.factor = known.family, known.si_unit, known.factor


def _unit_before(atom: Atom, text: str) -> None:
    """Give a bare number the unit that its label carries: "(万元): 668.79", "PUE 1.2"."""
    if 1.0 <= atom.number <= 3.0 and not atom.scale and _PUE.search(text, max(0, atom.start - 48), atom.start):
        atom.family, atom.si_unit = "pue", "ratio"
        return
    near = text[max(0, atom.start - 6) : atom.start]
    head = _HEAD.search(text, max(0, atom.start - 16), atom.start) if ")" in near or "]" in near else None
    if head:
        _take_unit(atom, head[1])


# ---------------------------------------------------------------- ranges, lists, products

_RANGE = re.compile(r"\s{0,2}(?:-|~|—{1,2}|--|至|到|to)\s{0,2}")
_PUE_RANGE, _PUE_LIST = re.compile(rf"{_RANGE.pattern}|\sand\s"), re.compile(r"[、,和及与]\s?|, and ")
_LIST = re.compile(r"\s{0,2}(?:、|/|和|及|与|或|,?\s?and|,?\s?or|&|,)\s{0,2}")
_AND_OR_TO, _TO = re.compile(r"\s(?:and|to)\s"), re.compile(r"to|到|至")
_TIMES = re.compile(r"\s?[×xX*]\s?")
_ORDINAL = re.compile(r"(?:phases?|buildings?|no\.|blocks?|figure|table|section|lots?|units?|tranche|halls?)\s?$", re.I)
_GROWTH = re.compile(r"提升|增加|增长|扩|升|increas|expand|grow|grew|rais|rise|from|ramp|scal", re.IGNORECASE)
_YEARLIKE = range(1990, 2051)


def _complete(atoms: list[Atom], text: str) -> None:
    """Give bare numbers the unit that stands before them, or that of the number they repeat."""
    for atom in atoms:
        if not atom.family:
            _unit_before(atom, text)
    for atom, following in pairwise(atoms):
        between = text[atom.end : following.start] if following.start - atom.end <= 8 else "far"
        if atom.family == "pue" and not following.family and 1 <= following.number <= 3:
            written = text[following.start : following.end]
            if _PUE_RANGE.fullmatch(between) or ("." in written and _PUE_LIST.fullmatch(between)):
                following.family, following.si_unit = atom.family, atom.si_unit
    named: Atom | None = None
    for atom in atoms:
        if named and not (atom.family or atom.scale) and _same_again(named, atom, text):
            atom.family, atom.si_unit, atom.factor = named.family, named.si_unit, named.factor
            atom.unit, atom.chip_model = named.unit, named.chip_model
        named = atom if atom.family else named


def _join(atoms: list[Atom], text: str) -> list[tuple[Atom, Atom | None]]:
    """Return (first, last) for ranges and (atom, None) for single quantities, units shared along lists."""
    _complete(atoms, text)
    joined: list[tuple[Atom, Atom | None]] = []
    right: Atom | None = None  # the number to the right of the present one, if it has a unit
    for atom in reversed(atoms):
        near = right is not None and 0 <= right.start - atom.end <= 8
        if right is not None and near:
            gap = text[atom.end : right.start]
            single = bool(joined) and joined[-1] == (right, None)
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


# "racks, taking the total to 8,200", "15,000 petaflops, up from 600": what was counted is not said again
_AGAIN = re.compile(
    r"\b(?:(?:up|down) from|(?:batch|batches|tranche|tranches) of|compared (?:with|to)|(?:taking|bringing|lifting) (?:the|its) (?:total|tally|count) to|for a total of)\s$"
)


def _same_again(atom: Atom, following: Atom, text: str) -> bool:
    """Say whether a bare number counts again what `atom` counts."""
    start = following.start
    if not text.endswith(("from ", "with ", " to ", " of ", "only "), 0, start) or atom.currency:
        return False
    if start - atom.end > 120 or following.number in _YEARLIKE or _END_OF_SENTENCE.search(text, atom.end, start):
        return False
    only = text.endswith("only ", 0, start) and _VERB.match(text, following.end)
    return bool(only or _AGAIN.search(text, atom.end, start))


_VERB = re.compile(r" (?:had|have|has|was|were|are|is)\b")
_END_OF_SENTENCE = re.compile(r"[。;\n]|\.\s")


def _is_range(atom: Atom, following: Atom, gap: str, text: str) -> bool:
    if not _RANGE.fullmatch(gap) and not (
        _AND_OR_TO.fullmatch(gap) and text[max(0, atom.start - 9) : atom.start].rstrip().lower().endswith("between")
    ):
        return False
    if atom.family and atom.family != following.family:
        return False
    if not atom.family and (atom.number in _YEARLIKE and following.family in ("duration",)):
        return False
    if "-" in gap and text[atom.start - 1 : atom.start] == "-":
        return False
    before = text[max(0, atom.start - 24) : atom.start]
    both = bool(atom.unit or atom.currency)
    return not (both and _TO.search(gap) and _GROWTH.search(before)) and _low_below_high(atom, following)


def _low_below_high(atom: Atom, following: Atom) -> bool:
    low = atom.value * (atom.factor if atom.family else following.factor)
    high = following.value * following.factor
    return low <= high or (not atom.scale and atom.number <= high)


def _shares_unit(atom: Atom, following: Atom, gap: str, text: str) -> bool:
    if atom.family or not _LIST.fullmatch(gap) or following.family in ("pue", "duration", "foreign"):
        return False
    if _ORDINAL.search(text[max(0, atom.start - 12) : atom.start]):
        return False
    if gap.strip() == "," and not following.shared:
        return False  # "50, 75 and 100 MW", but not "in 2024, 100 MW"
    return atom.number not in _YEARLIKE


def _share(atom: Atom, following: Atom) -> None:
    """Give `atom` the unit, and where it has none the scale, of the atom behind it."""
    if atom.family:
        if atom.currency and not atom.scale and following.scale and not atom.unit:
            atom.scale = following.scale
        return
    atom.family, atom.si_unit, atom.factor = following.family, following.si_unit, following.factor
    atom.unit, atom.currency = following.unit, atom.currency or following.currency
    atom.shared = True
    if not atom.scale and following.scale and atom.number * numbers.scale(following.scale) <= following.value:
        atom.scale = following.scale


# ---------------------------------------------------------------- the scanner

_MONEY_CUT = re.compile(r"\s?/\s?([A-Za-z一-龥·]{1,8})")


_NOUN_CAN_FOLLOW = re.compile(r"[ \-\[(\n×xX*\u00a0]\s?[\[(]?[A-Za-z]")


def scan(plain: Plain, labels: Mapping[int, str] | None = None) -> list[Quantity]:
    """Return the quantities of a folded text in reading order, families not yet resolved to kinds.

    `labels` gives column headers by the original offset of a table cell.
    """
    text = plain.text
    atoms = _atoms(text)
    for atom in atoms:
        if atom.family:
            continue
        if _NOUN_CAN_FOLLOW.match(text, atom.end) or atom.scale in ("k", "K", "m", "M"):
            noun = noun_behind(text, atom.end)
            if noun:
                atom.end, atom.family, atom.chip_model = noun
                atom.unit, atom.si_unit = noun[1], "count"
    if labels:
        _label_cells(atoms, plain, labels)
    found = []
    for first, last in _join(atoms, text):
        quantity = _quantity(first, last, text)
        if quantity:
            quantity.remarks = plain.remarks_in(quantity.start, quantity.end + 1)
            found.append(quantity)
    return found


def _quantity(first: Atom, last: Atom | None, text: str) -> Quantity | None:
    end = (last or first).end
    anchor = last or first
    if anchor.value == 0 or anchor.family in ("foreign", ""):
        return None
    word = "range" if last else qualifier(text, first.start, end, first.more)
    if anchor.family == "duration" and text[max(0, first.start - 5) : first.start].lower() == "over ":
        word = "exact"  # "over five years" is a span, not a bound
    low, high, scale = first.value, anchor.value, numbers.scale(anchor.scale)
    if last and first.unit != last.unit and first.factor != last.factor:
        low = low * first.factor / last.factor
    lowest = (None, None) if word in ("up to", "less than") else _rounded(low, scale, anchor.factor)
    highest = (None, None) if word in ("more than", "at least") else _rounded(high, scale, anchor.factor)
    unit = f"{anchor.currency}{anchor.scale}{anchor.unit}"
    return Quantity(
        first.start, end, lowest[0], highest[0], unit, lowest[1], highest[1], anchor.si_unit, anchor.family, word,
        anchor.chip_model, anchor.label,
    )  # fmt: skip


def _rounded(value: float, scale: float, factor: float) -> tuple[float, float]:
    """Return a value as written and in SI units, without the dust of binary fractions."""
    return float(f"{value / scale:.12g}"), float(f"{value * factor:.12g}")
