"""Say of which quantities a word of a stage may speak: of none under a condition, of its own noun, of all around it."""

from __future__ import annotations

import re
from typing import NamedTuple

from osint.claims.units import WEAK_ROLES
from osint.register import LADDER

_REACHED = (*LADDER[2:], *WEAK_ROLES)
_BEFORE, _AFTER, _PHRASE, _NOUN_REACH, _LONGEST_NUMBER = 70, 30, 16, 40, 14
"""characters before and behind a word that are read, those of the noun that a word describes, and those of a number
with its unit (judgement)"""
ANYWHERE = 1 << 62
"""an offset behind every text"""


class Reach(NamedTuple):
    """What the grammar of a clause makes of a word of a stage."""

    role: str
    """the role of the word; "future" under a condition or an aim, "none" in a name"""
    low: int = 0
    """offset from which quantities stand of which the word may speak"""
    high: int = ANYWHERE
    """offset before which they stand"""


_OPENER = re.compile(
    r"一旦|若(?![干羌尔非])|如(?=果(?!说)|能|获|遇|经批|未|无)|倘若|假如|要是|除非|能否|可否|是否|"
    r"每$|希望|期望|期待|旨在|承诺(?<!不承诺)(?![书函])"
)
"""what opens a condition, a wish or a promise: nothing behind it in the clause is reached"""
_IS_ABLE = re.compile(r"(?<![已现均即许])(?:可|能够)以?$")
"""what stands before a service that is possible, and not yet given: 可对外提供"""
_IF = re.compile(r"\b(?:if|assuming|suppose|supposing|unless|provided that|should (?:the|it|they))\b", re.IGNORECASE)


def is_conditional(text: str, start: int, at: int) -> bool:
    """Say whether the words of a clause before `at` put what stands there under a condition: 若2029年达450MW."""
    return (_OPENER.search(text, start, at) or _IF.search(text, start, at)) is not None


_NAME = re.compile(
    r"申请|仪式上|请求|意向|企业|需求|[方商](?!案|用)|营[商公企方]|手续|许可|合同|协议|计划|资质|前(?!期|后|夕|往|来|景|沿)"
)
"""what makes a word of a stage the first part of a noun: 投产企业, 并网申请, 停工前"""
_FIRM = ("股份", "科技", "集团", "能源", "信息", "网络", "智能")
"""what makes a word of buying the name of a firm: 运达股份"""
_CONTENT = re.compile(
    r"[^,。;的]{0,20}的(?:(申请|请求|报告)|目标|计划|设想|需求|方案|愿望|任务|打算|规划|可能|前景|愿景)"
)
"""a noun whose content the words before it give: 并网60MW的申请, 建成1万P的目标"""
_DESCRIBES = re.compile(r"[^,。;的前后]{0,24}的(?P<noun>[^,。;\d]{0,10})")
_RELATES = re.compile(
    r"紧邻|毗邻|邻近|靠近|相邻|距离?|依托|利用|借助|围绕|服务于|[与和同对向为给在从由除像比]|承建|收购|参观|参照|学习"
)
"""what stands before a described noun that is not the subject of its clause: 紧邻已建成的产业园"""
_SPAN_BEHIND = re.compile(
    r"(?:[后的])?(?:首|头|前)[一二三四五六七八九十两\d]{0,2}(?:个)?[年月]|后[一二三四五六七八九十两\d]{1,2}年内"
)
_SPAN_BEFORE = re.compile(r"[由从自][^,。;\d]{1,12}[至到](?:投入|正式|全面)?$")
"""what makes a word of a stage the end of a span that is reckoned over: 由开发至投运首三年"""
_DIGIT = re.compile(r"\d[\d,.]*")
_MARK = re.compile(r"(?:已经?|曾经?|刚|现|正在?|均|全部)*$")
_SUBORDINATE = re.compile(
    r"\b(?:once|until|unless|if|before|after|when|as soon as|by the time|provided that|assuming|pending)\s"
    r"(?P<between>[^,;:()]*)$",
    re.IGNORECASE,
)
_PRESENT = re.compile(r"(?:\b(?:is|are|has|have|be|been|being|gets?)\s(?:\w+\s){0,2}|^)$", re.IGNORECASE)
_PAST = re.compile(r"\b(?:was|were|had|did|went|came|began|would)\b|\b(?!need)\w{2,}ed\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"(?<!said )(?<!says )(?<!for )(?<!of )(?<!on )\b(?:that|who|which)\s(?:(?:has|had|have|is|are|was|were|"
    r"now|already|later|also|\w+ly)\s){0,3}$"
)
_ATTRIBUTE = re.compile(
    r"\b(?:the|an?|its|their|our|his|this|that|these|those|of|any|another|other|\w+'s|largest|biggest|first|only)\s$",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(r"live|existing|complete|running|operational|[a-z-]+ed|operating|built|unfinished")
_NOUN = re.compile(
    r"\s(?!(?:in|at|by|on|with|since|to|from|and|or|but|last|this|as|under|for|today|now)\b)[A-Za-z$€£\d]"
)
_DETERMINED = r" (?:for )?(?:an?|the|its)? ?(?:\w+ ){0,2}?"
_OPENS = re.compile(r"launched|open(?:s|ed)")
_OPENED = re.compile(
    rf"{_DETERMINED}(?:tender|auction|plans?|bid|call|review|study|consultations?|probe|project|program(?:me)?|fund|"
    r"process|search|campaign|initiative|sale|bond|competition|venture|petition|appeal|lawsuits?|partnership|inquiry|"
    r"investigation|office|talks|negotiations|applications|debate|account|case|door|way|fire|offer|business|company)\b"
)
_FILES = re.compile(r"filed|filing|submitted|lodged")
_SUED = re.compile(
    rf"{_DETERMINED}(?:lawsuits?|suit|appeal|petition|objections?|complaints?|motion|comments|questions|bankruptcy|"
    r"protection|chapter)\b"
)
"""what is opened, launched or filed without a stage of a place"""
_TO_COME = re.compile(
    r" (?:next|this|later|early|(?:in|on|by) (?:\d|Q\d|H\d|early|late|mid|the |an? |about|around|spring|summer|autumn|"
    r"fall|winter|two|three|four|five|six|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))"
)
"""a time behind a verb in the present, and no place: opens in May, goes live in Abilene"""
_OWN_VERB = re.compile(
    r"\s(?:is|are|was|were|has|have|had|will|would|wants?|plans?|that|who|which|and|won|signed|by|to|from|for)\b|[,;]"
)
_QUOTES = ("“", "”", '"', "‘", "’", "「", "」")
"""around a word alone they say that it is somebody else's"""
_NEEDS = re.compile(
    r"\b(?:subject to|contingent (?:up)?on|conditional (?:up)?on|pending|awaits?|awaiting|requires?|needs?|"
    r"lacks?|would need|"
    r"depends on|without)\s(?:[\w'-]+\s){0,4}$",
    re.IGNORECASE,
)
"""what stands before a paper that is still wanting"""
_IS_NEEDED = re.compile(r"(?: \w+)? (?:is|are) (?:still )?(?:needed|required|awaited|outstanding)\b")
_SOUGHT = re.compile(r"(?:正在?|[待拟将需]|着手|抓紧|加快|准备)办理?[^,。;\d]{0,6}$")
_IS_SOUGHT = re.compile(r"(?:等?(?:相关)?手续)?(?:正在|仍在|尚在)?办理(?:中|之中|过程)")
"""words around a paper that is still asked for: 正在办理备案手续"""
_BOUND = re.compile(
    r"(?<!of )(?<!of its )(?<!of the )(?<![\d,.])\d[\d.,-]*(?:\s?(?:[kMG]VA|[kMG]W|P|PF|racks|GPUs|servers|"
    r"acres|chips))?\s$"
)
"""a number that a word follows at once: it speaks of that one alone"""
_COUNTED_NOUN = re.compile(
    r"(?:\d|\b(?:two|three|four|five|six|ten|hundred|thousand|million|many|several))\s$", re.IGNORECASE
)
"""a number that a word in s follows: 25,000 houses are counted, and house nothing"""
_BY_YEAR = re.compile(r" (?:by|in time for|before) (?:the end of )?(?:20[2-9]\d|Q\d|next)")
_DUE = re.compile(r"[^.;]{0,48}\bdue (?:\d|[A-Z][a-z]{2})")
"""the day by which a step of a schedule is to be done"""
_SIGNS = re.compile(r"sign(?:ed|s|ing)|签[订署约]|entered into|inked")
_BINDS = re.compile(
    r"(?![^,;.。]{0,60}(?:\binvest|投资))(?! (?:an? )?(?:memorand|letter|framework|non-binding|MoU|LOI|"
    r"joint))[^;.。]*?(?:\b(?:leases?|contracts?|orders?|deals?|"
    r"(?:supply|purchase|lease|service|sale|connection|interconnection|power)\b[^,;.]{0,12} agreements?|PPAs?|ESAs?)\b|"
    r"(?<!框架)(?<!意向)(?:合同|租约)(?!意向))"
)
"""what is signed and binds"""


def reach(text: str, start: int, stop: int, at: int, end: int, role: str) -> Reach:
    """Return what the clause text[start:stop] makes of the word of a stage at [at, end).

    >>> words = "一旦变电站投运"
    >>> reach(words, 0, len(words), 5, 7, "powered").role
    'future'
    """
    if (
        role == "announced"
        and _SIGNS.fullmatch(text, at, end)
        and _BINDS.match(text, end, min(stop, end + 2 * _BEFORE))
    ):
        return Reach("filed")
    if role == "future" and text[at].isascii():
        return _in_relative(text, text[max(start, at - _BEFORE) : at], stop, at, end, role) or Reach(role)
    if role not in _REACHED and role != "filed":
        return Reach(role)
    if role in LADDER[2:] and at and text[at - 1] in _QUOTES and text[end : end + 1] in _QUOTES:
        return Reach("none")
    before = text[max(start, at - _BEFORE) : at]
    if role != "filed" and text[end - 1] == "s" and _COUNTED_NOUN.search(before):
        return Reach("none")
    if role == "filed":
        is_latin = text[at].isascii()
        if is_latin and _FILES.fullmatch(text, at, end) and _SUED.match(text, end, stop):
            return Reach("none")
        lacks = is_latin and (_NEEDS.search(before) or _IS_NEEDED.match(text, end, stop))
        sought = not is_latin and (_SOUGHT.search(before) or _IS_SOUGHT.match(text, end, stop))
        return Reach("future" if lacks or sought else role)
    if text[at].isascii():
        return _latin(text, before, stop, at, end, role)
    return _han(text, before, start, stop, at, end, role)


def _han(text: str, before: str, start: int, stop: int, at: int, end: int, role: str) -> Reach:
    if _OPENER.search(before):
        return Reach("future")
    if role == LADDER[-1] and _IS_ABLE.search(before):
        return Reach("none")
    if role in WEAK_ROLES:
        if text.startswith(_FIRM, end):
            return Reach("none")
        number = _DIGIT.search(text, end, min(stop, end + _AFTER))
        if number and text.startswith(("现有", "存量"), at) and _RELATES.search(before[-4:]):
            return Reach(role, at, number.end())
        return Reach(role)
    behind = text[end : min(stop, end + _AFTER)]
    if role in LADDER[2:] and (_SPAN_BEHIND.match(behind) or _SPAN_BEFORE.search(before)):
        return Reach("future")
    if _NAME.match(behind):
        return Reach("none")
    if "的" not in behind:
        return Reach(role)
    content = _CONTENT.match(behind)
    if content:
        return Reach("filed" if content[1] else "future")
    described = _DESCRIBES.match(behind)
    if not described:
        return Reach(role)
    low = at - len(_MARK.search(before)[0])  # type: ignore[index]
    number = _DIGIT.search(text, end + described.start("noun"), min(stop, end + described.end() + _PHRASE))
    if _RELATES.search(before):
        return Reach(role, low, number.end() if number else end + described.end())
    return Reach(role)


def _latin(text: str, before: str, stop: int, at: int, end: int, role: str) -> Reach:
    opened = _SUBORDINATE.search(before)
    word = text[at:end].lower()
    if opened and not _PAST.search(opened["between"]) and _PRESENT.search(opened["between"]):
        return Reach("future")
    if _OPENS.fullmatch(word) and _OPENED.match(text, end, stop):
        return Reach("none")
    if (word == "opens" or before.endswith(("goes ", "comes "))) and _TO_COME.match(text, end):
        return Reach("future")
    if (before.endswith(("is ", "are ")) and _BY_YEAR.match(text, end)) or (
        text.find("due ", end, end + _BEFORE) >= 0 and _DUE.match(text, end)
    ):
        return Reach("future")
    relative = _in_relative(text, before, stop, at, end, role)
    if relative:
        return relative
    bound = _BOUND.search(before) if before[-2:-1].isalnum() else None
    if bound and not _NOUN.match(text, end):
        return Reach(role, at - len(before) + bound.start(), at)
    if word != "contracted" and _ADJECTIVE.fullmatch(word) and _ATTRIBUTE.search(before) and _NOUN.match(text, end):
        number = _DIGIT.search(text, end, min(stop, end + _AFTER))
        low = at - 24 if before.endswith("of ") else at
        return Reach(role, low, _before_verb(text, end, number, stop))
    return Reach(role)


def _in_relative(text: str, before: str, stop: int, at: int, end: int, role: str) -> Reach | None:
    """Return of what a word in a relative clause speaks: of the number that stands right before it, or behind."""
    relative = _RELATIVE.search(before) if "that " in before or "wh" in before else None
    if not relative or not before[: relative.start()].strip() or role in WEAK_ROLES:
        return None
    number = _DIGIT.search(text, end, min(stop, end + _AFTER))
    ahead = _last_number(text, at - len(before) + relative.start())
    return Reach(role, ahead, ANYWHERE if role == "future" else _before_verb(text, end, number, stop))


def _last_number(text: str, at: int) -> int:
    """Return the offset of the last number within 40 characters before `at`; `at` where there is none."""
    return max((match.start() for match in _DIGIT.finditer(text, max(0, at - _NOUN_REACH), at)), default=at)


def tells_of(text: str, clause: int, start: int) -> bool:
    """Say whether a clause may speak of the quantity at `start` before it: one with "which" only of the last."""
    return not _WHICH.match(text, clause) or not _DIGIT.search(text, start + _LONGEST_NUMBER, clause)


def _before_verb(text: str, end: int, number: re.Match[str] | None, stop: int) -> int:
    """Return the end of the first number behind a word, unless another verb stands before it."""
    if not number or _OWN_VERB.search(text, end, number.start()):
        return end
    return number.end()


_ANOTHERS = re.compile(
    r"隔壁|邻近|相邻|周边|毗邻|附近|母公司|股东|对手|同行|此前在|早年|另一家|兄弟|"
    r"\b(?:neighbou?r\w*|next door|nearby|adjacent|rivals?|parent|contractor|builder|elsewhere|similar|unlike)\b",
    re.IGNORECASE,
)
"""words of a clause about another place or firm"""
_PART = re.compile(
    r"[一二三四五六1-6]期|[一二三四五六\d]\s?[号#]|[A-H东西南北][栋楼座区]|"
    r"\b(?:phase|hall|building|stage|campus) (?:\d|[A-Z]|one|two|three|[iv]+)\b|\b(?:first|second|"
    r"third) (?:phase|hall|stage)\b",
    re.IGNORECASE,
)
_TOLD_OF_PLACE = re.compile(
    r"\b(?:site|campus|cent(?:er|re)|hall|facility|park|plant|building|complex|hub|project|cluster|pod)\b[^,]{0,24},?\s*$"
)
_WHICH = re.compile(r"\s?(?:which|who|whose)\b")
TURNS = re.compile(
    r"\s?(?:while |whereas |but (?=the |its |an? )|可(?=[^,。;\d]{1,8}[还仍尚])|但|而(?!且)|然而|不过|只是|却)"
)
"""how a clause opens that turns to something else"""
_NAMED = re.compile(r"[^一-龥]*(?:而|但)?([一-龥]{2,8})(?:项目|公司|集团|工程|基地)(?!建设)")
_SAME_OR_VERB = re.compile(r"[该此其这本整全建含包配设新有为用达购投由在与总拟将]|规划|计划")


def is_of_another(text: str, clause: tuple[int, int], own: tuple[int, int]) -> bool:
    """Say whether a clause tells of another thing than the number at own[1], whose clause begins at own[0].

    >>> words = "一期1200架已投产,二期2000架"
    >>> is_of_another(words, (0, 11), (11, 13))
    True
    """
    lent, mine = text[slice(*clause)], text[own[0] : own[1]]
    if _WHICH.match(lent) and not _TOLD_OF_PLACE.search(text, max(0, clause[0] - _BEFORE), clause[0]):
        return True
    if _ANOTHERS.search(lent):
        return True
    parts = set(_PART.findall(mine.lower()))
    if parts and not parts & set(_PART.findall(lent.lower())) and (_PART.search(lent) or "一期" not in parts):
        return True
    named = _NAMED.match(mine)
    return named is not None and not _SAME_OR_VERB.search(named[1]) and named[1] not in lent
