"""Read what stands beside a quantity: what it is per, its chip model, its precision, and what is doubtful."""

from __future__ import annotations

import re

from osint.claims.clauses import Clauses
from osint.claims.folding import NumberDoubt
from osint.claims.nouns import chip_pattern
from osint.claims.quantities import LocatedQuantity, Quantity
from osint.claims.reading import Reading

_LEAST_SUM = 1e4  # a total in CNY below this has lost its 万 or 亿 (judgement)
_LEAST_COMPUTE = 100  # PFLOPS below which a figure in P may have lost its 万 (judgement)
_PER = re.compile(r"\s?(?:/|每|per\s)\s?([A-Za-z一-龥·]{1,8})")


def confidence_of(doubts: list[str], alternatives: str) -> str:
    """Return how sure a reading is: high without a doubt, medium with mild ones or another reading, else low."""
    if not doubts:
        return "medium" if alternatives else "high"
    return "medium" if all(isinstance(doubt, NumberDoubt) and doubt.is_mild for doubt in doubts) else "low"


_EACH = re.compile(
    r"(?:(?:每|单)(?:一)?(台套|机柜|机架|服务器|节点|平方米|千瓦时|台|套|张|柜|架|卡|块|个|亩|度|年|月|P)|(单价|单台价))[^\d,。;]{0,14}$"
)
_RATED = re.compile(r"\s?(标准机柜|标准机架|机柜|机架|服务器|a rack\b|per rack\b|each\b|apiece\b)")
_EACH_EN = re.compile(
    r"\b[Ee](?:ach|very) (?:[A-Z]\w* |of (?:the|its) (?:\w+ )?)?"
    r"(rack|server|node|cabinet|system|unit|card|GPU|chip|hall|building|module|cluster)s?\b[^.;]{0,60}$|"
    r"\beach (?:fitted |equipped )?(?:with|holding|of|drawing|using|consuming|needing|housing|containing|costing|"
    r"rated at) (?:up to |about )?$"
)
_IN_ONE = re.compile(
    r"\s?(?:[A-Za-z]{1,2}\d+\w{0,4}\s?|昇腾\w{0,6}|英伟达\w{0,6})?(?:GPU|AI|算力|推理|训练|智算|液冷)*\s?(服务器|整机|一体机|节点)|"
    r"\s(server|node|machine|system)s?\b"
)
"""what one of holds the cards that are counted before it: 8卡服务器, eight-GPU servers"""
_COUNT_OF = re.compile(r"\d([台套])(?:单机)?(?:功率|容量)?(?:为|约)?$")
"""a count right before a power, which is that of one: 26台7.7MW的风机"""
_IN_BRACKETS, _ONE = re.compile(r"(?:服务器|整机|节点)\($"), re.compile(r"(服务器|整机|节点)")
_MOST_IN_ONE = 16
_YEARLY = re.compile(r"([年月])(?:租金|租赁费|服务费|运维费)[^\d,。;]{0,6}$")
_NOT_EACH = re.compile(r"每(?:年|月)(?:用|耗|发|节|生产|新增)")


def per_unit(found: LocatedQuantity, clauses: Clauses) -> str:
    """Return what a quantity is per: the word behind it, or 每 and 单 before it in its clause."""
    text = clauses.text
    behind = _PER.match(text, found.end)
    if behind:
        return behind[1]
    rated = _RATED.match(text, found.end) if found.family == "power" else _in_one(found, text)
    if rated:
        return (rated[1] or rated[2]).removeprefix("a ").removeprefix("per ")
    counted = _COUNT_OF.search(text, max(0, found.start - 8), found.start) if found.family == "power" else None
    if counted:
        return counted[1]
    wide = text[max(clauses.sentence(found.start)[0], found.start - 80) : found.start]
    each_en = _EACH_EN.search(wide) if "ach " in wide or "very " in wide else None
    if each_en and ", and " not in wide[each_en.end(1) :]:
        return each_en[1] or "unit"
    if wide.isascii() or found.family in ("energy", "tce", "duration", "share"):
        return ""
    first = max(clauses.clause(found.start)[0], found.start - 24)
    each = _EACH.search(text, first, found.start) or _YEARLY.search(text, first, found.start)
    return (each[1] or "unit") if each and not _NOT_EACH.search(text, first, found.start) else ""


def _in_one(found: LocatedQuantity, text: str) -> re.Match[str] | None:
    """Return the machine of which one holds so many cards: the 8 of 8卡服务器."""
    if found.family not in ("chips", "cards") or (found.quantity.low or 0) > _MOST_IN_ONE:
        return None
    if _IN_BRACKETS.search(text, max(0, found.start - 8), found.start):
        return _ONE.search(text, max(0, found.start - 8), found.start)
    joined = text[found.end - 1] == "卡" or "-" in text[found.start : found.end]
    return _IN_ONE.match(text, found.end) if joined else None


def chip_model(found: LocatedQuantity, kind: str, reading: Reading) -> str:
    """Return the chip model that the clause of a count of chips or servers names next to it, as written."""
    if kind not in ("chips", "servers") or found.quantity.chip_model:
        return _bare_model(found.quantity.chip_model)
    text = reading.plain.text
    at, stop = reading.clauses.clause(found.start)
    first = max(at, found.start - _MODEL_REACH)
    for match in _COUNT_BEFORE.finditer(text, first, found.start):
        first = match.end()
    spans = ((found.start, found.end), (first, found.start), (found.end, min(stop, found.end + _MODEL_REACH)))
    for number, (low, high) in enumerate(spans):
        named = list(chip_pattern().finditer(text, low, high)) if high > low else []
        if named:
            model = named[-1 if number == 1 else 0]
            return _bare_model(reading.text[slice(*reading.plain.span(*model.span()))])
    return ""


def _bare_model(words: str) -> str:
    """Return the name of a chip model without its maker and without the s of several."""
    return _PLURAL.sub("", _MAKER.sub("", words.strip()).strip())


_MODEL_REACH = 24
"""characters on either side of a count in which a chip model belongs to it (judgement)"""
_COUNT_BEFORE = re.compile(r"\d\s?[台套架][,、;和及]")
_MAKER = re.compile(r"^(?:英伟达|NVIDIA|Nvidia(?:['’]?s)?)\s?|(?:GPU)$")
_PLURAL = re.compile(r"(?<=\d)s$")
_ROUND_SIZE = re.compile(r"[一二两三四五六七八九]?[十百千万]{1,3}卡")
_SUM = re.compile(r"总投资|投资额|总金额|合同金额|中标金额|成交金额|预算|造价|总价")


def doubts_of(found: LocatedQuantity, kind: str, text: str) -> list[str]:
    """Return what a reader must check: odd characters, and a sum that is too small for what it names."""
    low, high = found.quantity.si_low, found.quantity.si_high
    value = high if high is not None else low
    is_small = kind == "money_cny" and value is not None and value < _LEAST_SUM
    if is_small and _SUM.search(text, max(0, found.start - 16), found.start):
        return [*found.remarks, "a sum without 万 or 亿 that is small for what it names"]
    if kind == "chips" and _ROUND_SIZE.fullmatch(text, found.start, found.end):
        return [*found.remarks, NumberDoubt.NAME]
    return list(found.remarks)


_TAIWAN = re.compile(r"台湾|台北|新北|桃园|台中|台南|高雄|新竹|香港|澳门")
_HAN_LETTER = re.compile("[一-龥]")


def alternatives_of(quantity: Quantity, kind: str, text: str) -> str:
    """Return another reading: of a compute figure that may lack its 万, of a currency that the place leaves open."""
    value = quantity.si_low if quantity.si_low is not None else quantity.si_high
    if kind == "money_cny":
        if "元" in quantity.unit and "人民币" not in text and _TAIWAN.search(text):
            return "TWD, HKD or MOP (the place has a currency of its own)"
        if quantity.unit.startswith("¥") and not _HAN_LETTER.search(text):
            return "JPY (¥ is the sign of the yen too)"
    if kind == "compute" and value is not None and value < _LEAST_COMPUTE and quantity.unit in ("P", "p", "PF"):
        return f"{value * 1e4:g} PFLOPS (if 万 is missing)"
    return ""


_PRECISION = re.compile(r"FP(?:4|8|16|32|64)|BF16|INT8|TF32|稠密|稀疏|dense|sparse|半精度|单精度|双精度", re.IGNORECASE)


def precision_of(text: str, found: LocatedQuantity) -> str:
    """Return what the text says of compute precision next to a quantity."""
    near = text[found.end : found.end + 24] + " " + text[max(0, found.start - 24) : found.start]
    return " ".join(dict.fromkeys(_PRECISION.findall(near)))
