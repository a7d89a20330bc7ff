"""Resolve the family of a quantity to its kind by the words around it in its clause."""

from __future__ import annotations

import re

from osint.claims.cells import counted_kind, is_generic
from osint.claims.clauses import Clauses
from osint.claims.quantities import LocatedQuantity
from osint.claims.units import kind_words
from osint.register import READ_KINDS

_DEFAULT = {"power": "power", "energy": "energy", "area": "floor", "feet": "floor", "thing": "", "cards": ""}
_AHEAD, _BEHIND = 14, 60  # characters behind and before a number in which a noun still names it (judgement)
_LONGEST_DURATION, _LONGEST_YEARS = 2000, 100  # no period of a contract is longer, in any unit and in years (judgement)
_LEAST_NAME = 2  # characters behind a 、 that name what a number counts are more than this (judgement)
_WHOLE_IN_TENTHS = 10  # 十成 is all of it
_VIDEO_LINES = (480, 720, 1080, 2160, 4320)  # 720P without a scale word is a picture, not compute
_DURATION = re.compile(
    r"建设期|工期|交货|交付|供货|(?:签订|生效|签署)后|之日起|周期|期限|运营期|服务期|租期|租赁期|合同期|履约|质保|交付期|供货期|有效期|为期|历时|耗时|用时|仅用|期为|租用|"
    r"\b(?:period|contract|lease|term|agreement|deal|within|takes?|took|lasting|construction|duration|PPA|life|"
    r"over (?:the next )?)(?=\W|$)",
    re.IGNORECASE,
)
_NAMES_DURATION = re.compile(
    r"\b(?:contract|lease|agreement|deal|period|term|PPA|renewal|extension)\b|^的?(?:工期|建设期|合同|租期)"
)
_NOT_DURATION = re.compile(r"近年|年来|\bago\b|\bold\b")
_GROWTH = re.compile(
    r"增长|同比|环比|增速|增幅|提高|提升|下降|降低|减少|上涨|下跌|涨幅|利率|税率|折扣|毛利|净利|收益率|持股|股权|股份|浮动|费率|"
    r"违约|保证金|得分|换手率|市盈率|涨停|跌停|\b(?:rose|rise|rises|fell|grew|grow|growth|increase|increased|increasing|"
    r"interest|tariffs?|shares? (?:of|in|rose|fell)|discount|margin|stake|year-on-year|beat|beats|beating|missed|"
    r"missing|cut|cuts|reduce[sd]?|reducing|reduction|faster|slower|jumped|dropped|added|gained|lost|slipped|climbed|surged|"
    r"soared|plunged|tumbled|edged|up(?! to)|down|higher|lower)\b",
    re.IGNORECASE,
)
_NEVER = "never"
"""what a unit needs that is read in tables only"""
_NOUN = re.compile(r"[一-龥]{2}|[A-Za-z]{3}")
_HAN = re.compile("[一-龥]")
_PREVIOUS = re.compile(r"\d\s?[万千百]?[台套个块张枚架面座组栋][,;、\s]?")
"""the quantity before: what stands before it does not name this one"""
_FIELD = re.compile(
    r"(?:^|[,;:。(\s])(?:采购|购置|需求|中标|成交|招标|供货|合同|总)?(?:数量|数目|台数)(?:\(.{1,3}\))?[:\s|]{0,3}$"
)
_FORM = 160
"""characters before a field of a form in which its item is named (judgement)"""
_GENERIC = re.compile(
    "第[一二三四五六七八九十]{1,2}[批期]|实际|安装|装机|调试|到货|采购|部署|开工|投产|签约|落地|备案|新增|购置|交付|建成|投运|投用|在建|上架|规划|调整|数量|共计|合计|"
    "中标|追加|今年|去年|明年|又|了|剩下|此前|两批|这批|调减|本次|合同|余下|其余|再增|再添|将|拟|计划|目标|出货|在手|订单|月产能|产能|尚有|另有|还有|仅有|只有|只|使用|租赁|自有|出租|立起|由|从|年初|提升|增至|增加|到|至|的|已经|"
    "总数|其中|剩余|首批|本期|[一二三四五六]期|包括|共有?|约|达到?|分别|已|为|有"
)
"""words before a number that name nothing"""
_STOPS, _STOPS_OR_DIGIT = re.compile(r"[,;、。(]"), re.compile(r"[,;、。(]|\d")
_POWER_USED = re.compile(r"数据中心|智算中心|该中心|机房|算力|机柜")
"""装机 of a hall is what it may draw, unless the sentence speaks of a plant"""
_PLANT = re.compile(r"[风光水火核煤]电|光伏|发电|电站|新能源|机组|储能|电源")
_PER_MACHINE = re.compile(r"[单每]台.{0,14}卡[,;、，].{0,4}$")
"""单台4张卡,共60台: what holds the cards"""
_EQUIVALENT = re.compile(r"\s?\([^()]{1,24}\)")
"""brackets right behind a number, which say it in another unit"""
_GENERATION = re.compile(
    r"\b(?:[A-Z]\w+|current|next|new|latest|previous|this|last|first|second|third|\d\w\w)[ -]generations?\b"
)
"""a generation of machines, which generates no power"""
_GENERATES = re.compile(r"\bgenerat(?:e|es|ed|ing) (?:\w{1,8} ){0,3}$")


def is_of_storage(quantities: list[LocatedQuantity], index: int, text: str) -> bool:
    """Say whether a quantity is the power or the energy of a pair as only storage is written: "100MW/400MWh"."""
    family = quantities[index].family
    if family not in ("power", "energy"):
        return False
    first = index - (family == "energy")
    pair = quantities[max(first, 0) : first + 2]
    if [one.family for one in pair] != ["power", "energy"]:
        return False
    return text[pair[0].end : pair[1].start].strip() in ("/", "-")


def kind_of(found: LocatedQuantity, clauses: Clauses, is_storage: bool = False) -> str:
    """Return the kind of a quantity, or "" where it asserts nothing that is read.

    `is_storage` is what `is_of_storage` says of it.

    >>> from osint.claims.folding import fold
    >>> from osint.claims.quantities import find_quantities
    >>> plain = fold("项目占地120亩，配套风电30万千瓦")
    >>> [kind_of(found, Clauses(plain.text)) for found in find_quantities(plain)]
    ['land', 'gen']
    """
    if is_storage:
        return "battery_energy" if found.family == "energy" else "battery"
    text, family = clauses.text, found.family
    first, last = clauses.sentence(found.start)
    at, stop = clauses.clause(found.start)
    before = text[max(at, found.start - _BEHIND) : found.start]
    stop = last if before.startswith("With ") else stop
    after = text[found.end : min(stop, found.end + _BEHIND)]
    if found.measure.needs:
        reach = 12 if family == "tce" else 100
        near = text[max(first, found.start - reach) : min(last, found.end + reach)]
        if not re.search(found.measure.needs, near):
            return ""
    if family in kind_words():
        return _by_table(found, text, first, before, after)
    low, high = found.quantity.low, found.quantity.high
    if family == "tenths":
        is_share = (low or high or _WHOLE_IN_TENTHS) < _WHOLE_IN_TENTHS and not _GROWTH.search(before[-12:])
        return "share" if is_share else ""
    if family == "share":
        around = text[max(first, found.start - _BEHIND) : min(last, found.end + _BEHIND)]
        is_growth = _GROWTH.search(f"{before[-22:]}|{after[:14]}")
        return "share" if not is_growth and _NOUN.search(around) else ""
    if family == "duration":
        reach = 100 if text[found.start - 4 : found.start] == "for " else 24
        before = text[max(first, found.start - reach) : found.start]
        return _duration(found, before, text[found.end : min(last, found.end + 40)])
    is_video = family == "compute" and found.quantity.si_low in _VIDEO_LINES and "算力" not in before + after
    return family if family in READ_KINDS and not is_video else ""


_GENERATES_HAN = re.compile(r"[风光水火核煤]电|光伏|发电")
_STORES = re.compile(r"储能|\b(?:battery|storage|BESS)\b", re.IGNORECASE)


def kind_in_cell(found: LocatedQuantity, names: tuple[str, ...]) -> str:
    """Return the kind of a quantity that stands alone in a cell, by the words that name it, the most telling first."""
    words = " ".join(reversed(names))
    family = found.family
    needs = found.measure.needs
    if needs and needs != _NEVER and not re.search(needs, words):
        return ""
    if family in ("thing", "cards"):
        return next((counted_kind(name) for name in names if not is_generic(name)), "") or "count"
    if family == "power" and any(_STORES.search(name) and not _GENERATES_HAN.search(name) for name in names):
        return "battery"
    if family in kind_words():
        return _by_words(family, words, "", words)
    if family == "share":
        return "share" if _NOUN.search(words) and not _GROWTH.search(words) else ""
    if family == "duration":
        return _duration(found, words, "")
    return family if family in READ_KINDS else ""


def _by_table(found: LocatedQuantity, text: str, sentence: int, before: str, after: str) -> str:
    """Return the kind of a quantity whose family `kinds.csv` resolves; `sentence` is where its sentence begins."""
    family = found.family
    if family in ("thing", "cards"):
        last = _PREVIOUS.split(before)[-1]
        before = last if _is_named(last) else before
    if family == "thing" and "、" in before and len(before.rpartition("、")[2]) > _LEAST_NAME:
        before = before.rpartition("、")[2]
        return _by_words(family, before, after, before)
    if found.quantity.unit in ("项", "处", "条", "宗", "组"):
        return _by_words(family, before, after, before)
    wide = text[max(sentence, found.start - _BEHIND) : found.start]
    if family == "thing":
        counts_machines = found.quantity.unit.lstrip("十百千万亿")[:1] in ("台", "套")
        near = before + _STOPS.split(after, maxsplit=1)[0]
        if counts_machines and ("服务器" in near or ("卡" in wide and _PER_MACHINE.search(wide))):
            return "servers"
        if _is_named(before):
            wide = before  # "交换机40台" is named by its own clause
    return _by_words(family, before, after, wide)


def _in_form(family: str, ahead: str) -> str:
    """Return the kind of what the words ahead of the field of a form name last: 品名:服务器;数量:32台."""
    words, kinds = kind_words()[family]
    named = [kinds[word] for _, _, word in words.find(_ITEM.split(ahead)[-1])]
    return next((kind for kind in reversed(named) if kind != "count"), "")


_ITEM = re.compile(r"(?:名称|品名|标的物?)[:|]")


def _is_named(words: str) -> bool:
    """Say whether words before a number hold a noun of their own."""
    return len(_HAN.findall(_GENERIC.sub("", words))) > 1


def elided_kind(found: LocatedQuantity, clauses: Clauses, before: list[tuple[LocatedQuantity, str]]) -> str:
    """Return the kind of a count that names nothing, from the last one before it with the same counter, or "".

    `before` are the quantities before it, each with its kind: 收到首批300台服务器, 余下420台尚未交付.  A form names
    its item in a field of its own: 品名:服务器;数量:32台.
    """
    counter = _COUNTER.match(found.quantity.unit)
    if found.family not in ("thing", "cards") or not counter:
        return ""
    text, (at, stop) = clauses.text, clauses.clause(found.start)
    if _FIELD.search(text[max(0, found.start - _AHEAD) : found.start]):
        return _in_form(found.family, text[max(0, found.start - _FORM) : found.start])
    words = _STOPS.split(text[found.end : min(stop, found.end + _AHEAD)], maxsplit=1)[0]
    before_it = _ASIDE.sub("", _PREVIOUS.split(text[max(at, found.start - _BEHIND) : found.start])[-1])
    if (_is_named(before_it) and not _VERB_ENDS.search(before_it)) or _is_named_behind(words):
        return ""
    for other, kind in reversed(before[-4:]):
        if found.start - other.end > _ELIDED:
            return ""
        if other.quantity.unit.endswith(counter[1]):
            return kind if kind in ("servers", "racks", "chips") else ""
    return ""


_ASIDE = re.compile(r"\([^()]{0,16}\)")
"""what brackets say of a type before its count names nothing: 其中V1(推理型)1000台"""
_VERB_ENDS = re.compile(r"[是为购有达到了着过占剩付买装跑租发需要仅共的量单][约近]?[“\"]?$")
"""how words end before a count that are a verb and name nothing: 自购256台"""
_ELIDED = 120
"""characters behind a count in which another one may leave its noun out (judgement)"""
_COUNTER = re.compile(r"[十百千万亿]*([台张架个套块枚面柜颗])$")
_NAMES_BEHIND = re.compile(r"[一-龥]{2}")
_TELLS_STATE = re.compile(
    r"尚未|已经?|正在|将|均|全部|目前|预计|计划|拟|待|不受|昨日|今日|本月|下月|投产|投运|建成|上线|安装|到货|交付|在建|在途|因|在|跑|退回|开工|封顶|的"
)


def _is_named_behind(words: str) -> bool:
    """Say whether words right behind a number name what it counts, and do not only say what becomes of it."""
    return _NAMES_BEHIND.match(words) is not None and not _TELLS_STATE.match(words)


def _by_words(family: str, before: str, after: str, wide: str) -> str:
    """Return the kind whose word stands nearest: first behind the number, then before it."""
    words, kinds = kind_words()[family]
    if family == "power" and "eneration" in wide:
        before, wide = _GENERATION.sub("", before), _GENERATION.sub("", wide)
    if family == "power" and _GENERATES.search(before):
        return "gen"
    if family == "power" and "装机" in before and _POWER_USED.search(wide) and not _PLANT.search(wide + after):
        return "power"
    if before.startswith("With "):
        after = after.replace(",", "", 1)  # "With a capacity of 1,000 MW, the wind farm"
    equal = _EQUIVALENT.match(after) if family in ("area", "feet") else None
    after = after[equal.end() :] if equal else after  # 11.84万平方呎(1.1万平方米)的用地
    after = after.split(" and ", 1)[0] if family == "power" else after
    stops = _STOPS if family in ("cards", "thing") else _STOPS_OR_DIGIT
    after = _WITH_OTHER.split(after, maxsplit=1)[0] if family in ("area", "feet") else after
    ahead = stops.split(after, maxsplit=1)[0][: 40 if family in ("power", "feet") else _AHEAD * 2]
    behind = words.find(ahead)
    best = kinds[behind[0][2]] if behind else ""
    if best and (family != "area" or best in ("floor", "area_other") or ahead.isascii()):
        return best
    for span in (before, wide):
        named = words.find(span)
        if named:
            return kinds[named[-1][2]]
    return best or _DEFAULT[family]


_WITH_OTHER = re.compile(
    r"\swith (?:an? |the )?(?:total|combined|overall)\b|\s(?:built |located |sited )?(?:on|at) (?:the|an?|its)\b"
)
"""where words behind an area turn to another one: 3,400 square metres with a total floor area of ..."""


def _duration(found: LocatedQuantity, before: str, after: str) -> str:
    """Return "duration" for a period that its words name, else ""."""
    value = found.quantity.low or found.quantity.high or 0
    if value > _LONGEST_DURATION or (found.quantity.unit == "年" and value > _LONGEST_YEARS):
        return ""
    if _NOT_DURATION.search(after[:6]):
        return ""
    return "duration" if _DURATION.search(before) or _NAMES_DURATION.search(after[:40]) else ""
