"""Resolve the family of a quantity to its kind by the words around it in its clause."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from osint.claims import units
from osint.claims.clauses import Clauses
from osint.claims.quantities import Quantity

_FINAL = frozenset(
    [
        "chips",
        "servers",
        "racks",
        "compute",
        "power",
        "gen",
        "battery",
        "transformer",
        "voltage",
        "energy",
        "energy_gen",
        "battery_energy",
        "tce",
        "land",
        "floor",
        "area_other",
        "pue",
        "money_cny",
        "money_usd",
        "money_hkd",
        "money_eur",
        "share",
        "count",
        "duration",
    ]
)
_DEFAULT = {"power": "power", "energy": "energy", "area": "floor", "feet": "floor", "thing": "", "cards": ""}
_AHEAD = 14  # characters behind a number in which a noun still names it
_BEHIND = 60
_DURATION = re.compile(
    r"建设期|工期|周期|期限|运营期|服务期|租期|租赁期|合同期|履约|质保|交付期|有效期|为期|历时|耗时|用时|仅用|期为|租用|"
    r"\b(?:period|contract|lease|term|agreement|deal|within|takes?|took|lasting|construction|duration|PPA|life|over (?:the next )?)(?=\W|$)", re.I
)  # fmt: skip
_NOT_DURATION = re.compile(r"近年|年来|\bago\b|\bold\b")
_GROWTH = re.compile(
    r"增长|同比|环比|增速|增幅|提高|提升|下降|降低|减少|上涨|下跌|涨幅|利率|税率|折扣|毛利|净利|收益率|持股|股权|股份|浮动|费率|违约|"
    r"保证金|得分|换手率|市盈率|涨停|跌停|\b(?:rose|rise|rises|fell|grew|grow|growth|increase|increased|increasing|interest|tariffs?|shares? (?:of|in|rose|fell)|discount|"
    r"margin|stake|year-on-year|beat|beats|beating|missed|missing|cut|cuts|reduce[sd]?|reducing|reduction|faster|slower|jumped|dropped|added|gained|lost|slipped|climbed|surged|soared|plunged|tumbled|edged|up(?! to)|down|higher|lower)\b", re.I
)  # fmt: skip
_NOUN = re.compile(r"[一-龥]{2}|[A-Za-z]{3}")


def is_storage_pair(quantities: list[Quantity], index: int, text: str) -> bool:
    """Say whether a power stands before its energy, "100MW/400MWh", as only storage is written."""
    if index + 1 >= len(quantities) or quantities[index].family != "power":
        return False
    following = quantities[index + 1]
    return following.family == "energy" and text[quantities[index].end : following.start].strip() == "/"


@cache
def _needs(words: str) -> re.Pattern[str]:
    return re.compile(words)


def resolve(quantity: Quantity, clauses: Clauses, paired: bool = False) -> str:
    """Return the kind of a quantity, or "" where it is near a claim but none."""
    if paired:
        return "battery"
    text = clauses.text
    sentence_start, sentence_end = clauses.sentence(quantity.start)
    start, stop = clauses.clause(quantity.start)
    start = max(start, quantity.start - _BEHIND)
    before = quantity.label or text[start : quantity.start]
    stop = sentence_end if before.startswith("With ") else stop
    after = text[quantity.end : min(stop, quantity.end + _BEHIND)]
    family = quantity.family
    unit = units.units().get(units.key(_bare(quantity.unit)))
    if unit and unit.needs:
        reach = 12 if unit.family == "tce" else 100
        near = text[max(sentence_start, quantity.start - reach) : min(sentence_end, quantity.end + reach)]
        if not _needs(unit.needs).search(near):
            return ""
    if family in units.kind_words():
        return _by_table(quantity, text, sentence_start, before, after)
    if family == "tenths":
        return "share" if (quantity.low or quantity.high or 10) < 10 and not _GROWTH.search(before[-12:]) else ""
    if family == "share":
        around = text[max(sentence_start, quantity.start - _BEHIND) : min(sentence_end, quantity.end + _BEHIND)]
        return _share(before, after, around)
    if family == "duration":
        ahead = text[quantity.end : min(sentence_end, quantity.end + 40)]
        reach = 100 if text[quantity.start - 4 : quantity.start] == "for " else 24
        return _duration(quantity, text[max(sentence_start, quantity.start - reach) : quantity.start], ahead)
    # lines of a video, which have no scale word: 720P, and not 720万P
    lines = family == "compute" and quantity.si_low in (480, 720, 1080, 2160, 4320) and "算力" not in before + after
    return family if family in _FINAL and not lines else ""


def _by_table(quantity: Quantity, text: str, sentence: int, before: str, after: str) -> str:
    """Return the kind of a quantity whose family `kinds.csv` resolves."""
    family = quantity.family
    if family in ("thing", "cards"):
        last = _PREVIOUS.split(before)[-1]
        before = last if len(_HAN.findall(_GENERIC.sub("", last))) > 1 else before
    if family == "thing" and not quantity.label and "、" in before and len(before.rpartition("、")[2]) > 2:
        before = before.rpartition("、")[2]
        return _by_words(family, before, after, before)
    if quantity.unit in ("项", "处", "条", "宗", "组"):
        return _by_words(family, before, after, before)
    reach = 0 if _FIELD.search(before) else sentence  # "品名:服务器;数量:32台": a form names its item in a field
    wide = quantity.label or text[max(reach, quantity.start - _BEHIND) : quantity.start]
    if (
        family == "thing"
        and quantity.unit.lstrip("十百千万亿")[:1] in ("台", "套")
        and "服务器" in before + _STOPS.split(after, maxsplit=1)[0]
    ):
        return "servers"
    if family == "thing" and len(_HAN.findall(_GENERIC.sub("", before))) > 1:
        return _by_words(family, before, after, before)  # "交换机40台" is named by its own clause
    return _by_words(family, before, after, wide)


_SIGN_AND_SCALE = re.compile(r"^(?:US\$|HK\$|[$¥€]|RMB|CNY|USD|人民币)?(?:[十百千万亿](?!瓦|伏)){0,4}")


@lru_cache(maxsize=4096)
def _bare(unit: str) -> str:
    """Return a unit without its currency sign and scale."""
    return _SIGN_AND_SCALE.sub("", unit)


_HAN = re.compile("[一-龥]")
_PREVIOUS = re.compile(r"\d\s?[万千百]?[台套个块张枚架面座组栋][,;、\s]?")
"""the quantity before: what stands before it does not name this one"""
_FIELD = re.compile(r"^\s?(?:采购|购置)?(?:数量|数目|台数)(?:\(.{1,3}\))?[:\s|]{0,3}$")
_GENERIC = re.compile(
    "实际|安装|调试|到货|采购|部署|开工|投产|签约|落地|备案|新增|购置|交付|建成|投运|投用|在建|上架|规划|调整|数量|共计|合计|总数|其中|剩余|首批|本期|一期|二期|包括|共有?|约|达到?|分别|已|为|有"
)
_STOPS = re.compile(r"[,;、。(]")
_STOPS_OR_DIGIT = re.compile(r"[,;、。(]|\d")


_GENERATES = re.compile(r"\bgenerat(?:e|es|ed|ing) (?:\w{1,8} ){0,3}$")


def _by_words(family: str, before: str, after: str, wide: str) -> str:
    """Return the kind whose word stands nearest: first behind the number, then before it."""
    words, kinds = units.kind_words()[family]
    stops = _STOPS if family in ("cards", "thing") else _STOPS_OR_DIGIT
    if family == "power" and _GENERATES.search(before):
        return "gen"
    if before.startswith("With "):
        after = after.replace(",", "", 1)  # "With a capacity of 1,000 MW, the wind farm"
    ahead = stops.split(after, maxsplit=1)[0][: 40 if family in ("power", "feet") else _AHEAD * 2]
    found = words.find(ahead)
    best = kinds[found[0][2]] if found else ""
    if best and (family != "area" or best in ("floor", "area_other") or ahead.isascii()):
        return best
    for span in (before, wide):
        found = words.find(span)
        if found:
            return kinds[found[-1][2]]
    return best or _DEFAULT[family]


def _share(before: str, after: str, around: str) -> str:
    near = before[-22:] + "|" + after[:14]
    if _GROWTH.search(near):
        return ""
    return "share" if _NOUN.search(around) else ""


_NAMES_DURATION = re.compile(
    r"\b(?:contract|lease|agreement|deal|period|term|PPA|renewal|extension)\b|^的?(?:工期|建设期|合同|租期)"
)


def _duration(quantity: Quantity, before: str, after: str) -> str:
    value = quantity.low or quantity.high or 0
    if value > 2000 or (quantity.unit == "年" and value > 100) or _NOT_DURATION.search(after[:6]):
        return ""
    named = _DURATION.search(before) or _NAMES_DURATION.search(after[:40])
    return "duration" if named else ""
