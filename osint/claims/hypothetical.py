"""Tell what is said of any thing of a kind, defined, or only imagined from what is said of one place."""

from __future__ import annotations

import re

from osint.claims.units import latin_words

_MACHINE = r"(?:racks?|cabinets?|servers?|GPUs?|chips?|cards?|accelerators?|processors?|nodes?|superchips?)"
_PLACE = r"(?:data ?cent(?:er|re)s?|facilit(?:y|ies)|campus(?:es)?|sites?|clusters?|supercomputers?|halls?|buildings?)"
_USUAL = (
    r"(?:typical|standard|normal|traditional|conventional|average|ordinary|modern|individual|hypothetical|theoretical|"
    r"high-density|AI-optimi[sz]ed)"
)
_DOES = (
    r"(?:draw|use|consume|need|require|demand|exceed|reach|pull|dissipate|generate|deliver|perform|offer|provide|cost|"
    r"hold|house|run|take|emit|operate|have)(?:s|es|d|ed|ing)?"
)
_GENERIC = re.compile(
    rf"\b(?:an?|one|each|every|any)\s(?:[\w./'’-]+\s){{0,6}}?{_MACHINE}\s(?:[\w-]+\s){{0,6}}?{_DOES}\b[^.;]{{0,40}}$|"
    rf"\b(?:(?:an?|one|the|most|many|some)\s)?(?:[\w-]+\s){{0,2}}?{_USUAL}\s(?:[\w./-]+\s){{0,4}}?"
    rf"(?:{_MACHINE}|{_PLACE})\s(?:[\w-]+\s){{0,4}}?{_DOES}\b[^.;]{{0,40}}$|"
    rf"\b(?:an?|one|any)\s(?:[\w.-]+\s){{0,4}}?{_PLACE}\s(?:(?:can|may|might|often|typically|usually|generally)\s)+"
    rf"(?:easily\s|also\s|often\s)?{_DOES}\b[^.;]{{0,30}}$|"
    rf"\b(?:typically|usually|generally|on average|normally|tends? to)\s(?:\w+\s){{0,2}}?(?:{_DOES})\b[^.;]{{0,30}}$",
    re.IGNORECASE,
)
"""words before a number that say it of any machine, or of the usual place: a single GPU can draw 1 kW"""
_PLURAL = r"(?:data ?cent(?:er|re)s|facilities|campuses|racks|cabinets|servers|GPUs|chips|accelerators|workloads|loads)"
_DETERMINED = (
    r"(?:the|its|our|their|these|those|all|both|such|other|new|first|two|three|four|five|six|which|of|with|and)"
)
_BARE = re.compile(
    rf"(?:^\s?|[,;:]\s|\b(?:while|whereas|as|because|but|that|since)\s)(?:(?!{_DETERMINED}\b)[a-z][\w-]*\s){{0,3}}?"
    rf"{_PLURAL}\s(?:(?:now|often|can|may|might|would|could|currently|already|typically)\s)*{_DOES}\b[^.;]{{0,40}}$|"
    rf"(?:^\s?|[,;:]\s|\bthat\s)(?:(?!{_DETERMINED}\b)[a-z.][\w.-]*\s){{0,4}}?(?:{_PLURAL}|[a-z]{{3,}}s)\s"
    r"(?:must|shall|(?:are|were|be) required to|need to|have to)\b[^.;]{0,60}$",
    re.IGNORECASE,
)
"""a plural without an article speaks of all of its kind: conventional racks use 15 kW, data centers must invest"""
_INDEFINITE = re.compile(r"\b(?:an?|one|each|every|any|two|three|four|five|six|ten|\d+)\s$", re.IGNORECASE)
_OF_CLASS = re.compile(
    rf"[\s-](?:[a-z-]+\s){{0,2}}?{_PLACE}\s(?:(?:would|could|can|may|might|typically|often|usually)\s)?"
    r"(?:use|need|consume|require|draw|cost|emit|produce|employ)s?\b",
    re.IGNORECASE,
)
"""what a number before it makes the size of a class: one 100 MW data center uses as much as a town"""
_VERBS = re.compile(rf"\b{_DOES}\b", re.IGNORECASE)
_USUALLY = frozenset(b"typically usually generally on normally tends tend".split())
_NOUNS = frozenset(
    b"rack racks cabinet cabinets server servers GPU GPUs chip chips card cards accelerator accelerators processor "
    b"processors node nodes superchip superchips center centers centre centres datacenter datacenters "
    b"facility facilities campus campuses site sites cluster clusters supercomputer supercomputers hall "
    b"halls building buildings".split()
)
_PLURALS = frozenset(
    b"centers centres facilities campuses racks cabinets servers GPUs chips accelerators workloads loads".split()
)
_DUTIES = frozenset(b"must shall required need have".split())
_ANY = frozenset(
    b"a A an An one One each Each every Every any Any typical standard normal traditional conventional average "
    b"ordinary modern individual hypothetical theoretical density optimized optimised Typical Standard Normal "
    b"Traditional Conventional Average Ordinary Modern Individual".split()
)
"""words of `_GENERIC`, of which a text must hold one of each before its pattern is tried: it is slow"""
_GENERIC_HAN = re.compile(
    r"(?:[单每一][台颗张块片枚架]|单机柜|每机柜|单卡|单芯片)[^,。;]{0,24}(?:功[耗率]|耗电|能耗|用电|发热|算力|成本|售价|价格)[^,。;\d]{0,10}$|"
    r"(?:一[座个]|单个|每[座个]|单体)[^,。;\d]{0,4}(?:大型|中型|小型|典型|普通|传统|标准|常规)的?[^,。;\d]{0,8}(?:数据中心|[智算]算中心|"
    r"算力中心|机房|园区)[^,。;\d]{0,6}(?:功耗|负荷|耗电|用电|能耗|电力)[^,。;\d]{0,10}$|"
    r"(?:传统|普通|典型|常规)[^,。;\d]{0,8}(?:机[柜架房]|服务器|数据中心)[^,。;]{0,12}(?:功[耗率]|耗电|用电|能耗|密度|PUE)[^,。;\d]{0,10}$|"
    r"(?:通常|一般|往往|普遍)[^,。;\d]{0,8}$"
)
_DEFINES = re.compile(
    r"(?:定义为|界定为|是指|指的是|(?:的)?定义是)[^。;]{0,40}$|"
    r"\b(?:defin(?:ed?|es|ing|ition) (?:\w+ ){0,3}(?:as|of)|classif(?:y|ies|ied) (?:\w+ ){0,3}as|"
    r"thresholds? (?:of|is|at)|"
    r"means (?:an?|any))\b[^.;]{0,60}$",
    re.IGNORECASE,
)
_MAY_DEFINE = ("efin", "lassif", "hreshold", "means")
_IS_STANDARD = re.compile(
    r"[^。;]{0,60}?(?:为|作为)(?:其|该)?(?:定义|认定|判定|划分|准入|奖励|评[定判])?的?(?:标准|门槛|界限|依据)(?![化机柜])"
)
"""what makes the number before it a definition: 以超过100MW为认定标准"""
_IMAGINED = re.compile(
    r"\bwould have (?:been |also |already )?\w+(?:ed|en|lt|ld|ght|de|it|wn|ut|un|me)\b|"
    r"\b(?:had|were) (?:it|they|the \w+) (?:been |to |gone )|"
    r"\bif [^.;]{0,60}\b(?:were|had been|had gone)\b",
    re.IGNORECASE,
)
"""what was never so"""
_COMPARED = re.compile(
    r"\b(?:while|whereas|by (?:comparison|contrast)|in contrast),? (?:an?|any|one) (?:[^,;]|,(?=\d))*?\bwould\b"
    r"(?:[^,;]|,(?=\d))*",
    re.IGNORECASE,
)
"""a thing that is made up to compare with"""
_OWN_VERB = re.compile(
    r"[,;] (?:and |but )?[^,;]{1,60}\b(?:is|are|was|were|has|have|had|will|plans?|(?!need)\w+ed)\b", re.IGNORECASE
)
_COULD = re.compile(r"\bcould (?:\w+ly )?(?:deliver|perform|achieve|sustain|reach|process|execute|calculate|compute) ")
_LATER = re.compile(
    r"\b(?:will|when|once|by|planned|plans?|next|upgrad\w+|expan\w+|future|eventually|20[2-9]\d)\b", re.IGNORECASE
)
_BEFORE, _NEAR_VERB, _SENTENCE = 110, 56, 260
"""characters before a number, those in which its verb stands, and those of its sentence (bounds the time)"""


def is_of_any(text: str, start: int, end: int, clause: int) -> bool:
    """Say whether a number at [start, end) is said of any thing of its kind, or only defines something.

    `clause` is where its clause begins.

    >>> words = "A single GPU can draw 900 W"
    >>> is_of_any(words, 22, 27, 0)
    True
    """
    before = text[max(clause, start - _BEFORE) : start]
    if _OF_CLASS.match(text, end) and _INDEFINITE.search(before):
        return True
    if before.isascii():
        words = latin_words(before)
        may = not (_USUALLY.isdisjoint(words) and (_NOUNS.isdisjoint(words) or _ANY.isdisjoint(words)))
        says = may and _VERBS.search(before, max(0, len(before) - _NEAR_VERB)) and _GENERIC.search(before)
        plural = (not _PLURALS.isdisjoint(words) or not _DUTIES.isdisjoint(words)) and _BARE.search(before)
        return bool(says or plural) or (
            any(word in before for word in _MAY_DEFINE) and _DEFINES.search(before) is not None
        )
    return (
        _GENERIC_HAN.search(before) is not None
        or _DEFINES.search(text, max(0, start - _BEFORE // 2), start) is not None
        or _IS_STANDARD.match(text, end) is not None
    )


def is_imagined(text: str, sentence: tuple[int, int], start: int, kind: str) -> bool:
    """Say whether a sentence tells of what would have been, or of a thing that is made up to compare with.

    >>> words = "The hall would have used 20 MW, then 30 MW a year later."
    >>> is_imagined(words, (0, len(words)), words.index("30"), "power")
    True
    """
    first, last = max(sentence[0], start - _SENTENCE), min(sentence[1], start + _SENTENCE)
    if text.find("would", first, last) < 0 and text.find("could", first, start) < 0:
        return False
    imagined = max(_IMAGINED.finditer(text, first, start), key=lambda match: match.end(), default=None)
    if imagined and not _OWN_VERB.search(text, imagined.end(), start):
        return True
    compared = _COMPARED.search(text, first, last)
    if compared and compared.start() < start < compared.end():
        return True
    return kind == "compute" and bool(_COULD.search(text, first, start)) and not _LATER.search(text, first, last)
