"""Read what a clause says of a work that it names: begun, done, a condition for it, or nothing of its state."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from osint.register import LADDER, table_rows

_BEFORE, _AFTER, _AFTER_LATIN = 50, 16, 70
"""characters before and behind a word in which the marks of its aspect stand"""


class Work(NamedTuple):
    """A work of `works.csv`: what it proves when it has begun, and when it is done."""

    begun: str
    """a rung or a weak role; empty where the beginning proves nothing"""
    done: str
    """a rung or a weak role; empty where the word is never said of the end"""


class Aspect(NamedTuple):
    """What a clause says of one word of a stage."""

    role: str
    """a rung, a weak role, "future", or empty where the clause says nothing of its state"""
    aim: str = ""
    """the rung that is spoken of as a condition: roofed in "once complete" and 建成后"""
    end: int = 0
    """offset behind the verb that follows the word ("grading has begun"); 0 where it is the word's own"""


@cache
def works() -> dict[str, Work]:
    """Return the works of `works.csv` by their words."""
    return {
        word: Work(row["begun"], row["done"])
        for row in table_rows("works.csv", __package__)
        for word in row["words"].split("|")
    }


# --- Chinese: a mark before the work, or behind it
_ADVERBS = "(?:全部|成功|顺利|陆续|累计|相继|先后|率先|基本|正式|全面|圆满|均|共|在[^,。;\\d]{1,8}|为[^,。;\\d]{1,10})*"
_DONE_BEFORE = re.compile(
    rf"(?:已经?|均已|全部|同时|累计|实际|成功|顺利|圆满|历经|经){_ADVERBS}$|完成了?[^,。;\d前后]{{0,8}}$|"
    r"完成了?[^,。;前后]{0,40}的[^,。;\d前后]{0,6}$|通过了?[^,。;\d]{0,8}$"
)
_BEGUN_BEFORE = re.compile(
    r"(?:正在|[尚仍还]在|处于|进入|启动|开始|着手|转入)[^,。;\d已完后将]{0,14}$|"
    r"(?:(?<!改)正|加快|加速|加紧|抓紧|紧张|火热|有序|全力|稳步|同步|推进|陆续|开工)(?:推进|进行|开展|有序|施工|地)?$"
)
_IN_SERVICE = re.compile(
    r"(?:投入|正式|稳定|平稳|满负荷|满载|高速|高效|商业|全面|全速|安全|连续|实际|并网|上线|建成|投产|开业|在网|在线|"
    r"日常|常态化|持续|通电|上架|"
    r"昼夜|日夜|不间断|试|现|目前|联网|照常|正常|起)$"
)
"""what stands before 运行 and 运营 where a thing runs"""
_WORK = r"(?:检测|工作|工程|作业|施工|任务|建设|项目|仪式|阶段)?"
_PART_DONE = (
    r"完成(?:了|约|近|超过?|过|比例|率|达|至|\s)*(?:[1-9]?\d(?:\.\d+)?\s?%|过半|[一二三四五六七八九]成|[一-龥]分之)"
)
_BEGUN_AFTER = re.compile(
    rf"{_WORK}(?:{_PART_DONE}|(?:约|近|过|已)?[1-9]?\d(?:\.\d+)?%|总?量的?(?:\d+%|[一二三四五六七八九]成|过半|一半)|中(?![标心国期部央])|已?正酣|已?过半|"
    rf"着(?!力|重|手)|(?:已|正|也|仍)?(?:在|正在)?(?:全面|有序|稳步|同步|紧张|加速|加快)*"
    r"(?:启动|开始|推进|进行|展开|铺开|提速|进场|收尾|进入|如火如荼|近尾声|接近尾声|冲刺)|仍在|正在)"
)
_DONE_AFTER = re.compile(
    rf"{_WORK}(?:已经?|均已?|也已|全部|顺利|圆满|基本|成功|正式|全面|现已|刚刚|于[^,。;]{{1,12}}|\s)*"
    r"(?:完成(?!后|前|率|时|的)|完毕(?!后)|完工(?!后)|到位(?!后)|结束(?!后)|了(?!解)|就绪(?!后)|通过(?!后)|"
    r"合格(?!后)|收官)"
)
_INTO_USE = re.compile(r"(?:给)?[^,。;\d]{0,6}使用")
_COMPOUND = re.compile(
    r"前(?!期)|期间?|时间|费|用地|单位|规模|内容|条件|方案|计划|资金|成本|标准|合同|许可|商(?!用)|图|[人方局]|周期|"
    r"工期|地点|目标|要求|能力|指标|"
    r"模式|协议|公司|企业|部门|业务|经验|项目(?!已|正|全|顺|进|启|施|于)|面积|投资|维护|管理|质量|收入|利润|补贴|"
    r"清单|需求|总规模"
)
"""what makes a work a part of a name or of a term"""
_THEN = re.compile(r"(?:之|以)?后(?!期|续|勤|台|端|方)|之时|之日")
_SINCE = re.compile(r"(?:已|自|自从|截至|目前)[^,。;]{0,6}$")
_READY = re.compile(r"的?(?:基本)?条件")
_MEETS = re.compile(r"(?<![不未])(?:具备|满足|达到|符合)了?[^,。;\d]{0,6}$")

# --- English
_OPENS = re.compile(
    r"\b(?:once|when|upon|if|unless|until|as soon as|by the time|pending|awaiting|awaits?|subject to|ahead of|before)\s"
    r"(?:(?:it|they|that)(?:'s|'re| is| are)?\s|(?:the|its|their|all|both|final|full|"
    r"phase)\s(?:[\w-]+\s){0,4}?(?:(?:is|are)\s)?)?"
    r"(?:fully |being |all |final |its |formal )?$",
    re.IGNORECASE,
)
_PAST = re.compile(r"ed |opened|came|went|began|broke|started|was|were|had", re.IGNORECASE)
_ONGOING = re.compile(
    r"\b(?:being|getting)(?: \w+ly)?\s$|\b(?:near(?:s|ing)?|approach(?:es|ing)|close to|towards?)\s$|"
    r"(?:thirds?|half|nearly|almost|quarters?|%|per ?cent)[\s-]$",
    re.IGNORECASE,
)
_PARTLY = re.compile(r"\bpart(?:ly|ially)?[\s-]$")
"""what stands before a word for what is not done yet: being built, two-thirds built, 80% complete"""
_AT_WORK = re.compile(
    r"\b(?:is|are|was|were|been|begun|began|started|now|currently|still|busy|crews?|workers|contractors|engineers|"
    r"technicians|of)"
    r"(?: now| currently| still| busy| already)?\s$",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"\b(?:began|begun|started|commenced|starts|begins|under way with|continues?|advances)(?: \w+){0,3}\s$"
)
_ENDS = re.compile(
    r"\b(?:complet(?:ed|es)|finish(?:ed|es)|concluded|wrapped up|passed)(?: (?!of\b|for\b)\w+){0,3}\s$", re.IGNORECASE
)
_TAIL = r"(?:(?!\b(?:not|never|yet|un(?:til|less))\b|n't)[^,;.]|\.(?=\d)){0,60}?"
_HAS_BEGUN = re.compile(
    rf"\b{_TAIL}\b(?:began|started|commenced|stopped|stalled|resumed|underway|under way|in progress|"
    rf"is (?:advancing|proceeding|continuing|"
    rf"ongoing)|has begun|"
    r"have begun|has started|have started|has commenced|have commenced|is well advanced|are well advanced|is rising|"
    r"are rising|are continuing|"
    r"nears? completion|is nearing(?: completion)?|nearing completion|going in|going up|being (?:laid|dug|poured|"
    r"built|installed)|\d+(?:\.\d+)?(?:%| per ?cent) (?:complete|done|finished)|half (?:complete|done|"
    r"finished))\b"
)
_HAS_ENDED = re.compile(
    rf"\b{_TAIL}(?<!when )(?<!once )\b(?:(?:is|are|was|were|has been|have been) (?:now |largely |fully |all |already )?"
    r"(?:complete|completed|finished|done|over|signed off|granted|approved)|ended|passed|concluded|(?<!-)finished|"
    r"wrapped up)\b"
)
SPENT = re.compile(
    r"(?:已|累计)[^,。;\d]{0,12}?投入?(?:募集)?(?:资金)?(?=[约近超]?\d)|"
    r"\b(?:has|have|had)(?: \w+ly| been| already)? (?:spent|invested|sunk)\b|\b(?:spent|invested) (?:so far|to date)\b"
)
"""money that has gone into a work that has begun: 已投入资金3亿元"""
_COMPLETES = re.compile(r"complet(?:ed?|es|ion)|finish(?:ed|es)")
"""what a word of completion may be of"""


def aspect(text: str, start: int, stop: int, at: int, end: int, work: Work) -> Aspect:
    """Return what the clause text[start:stop] says of the work at [at, end).

    >>> word = "8月完成了600架机柜的安装"
    >>> aspect(word, 0, len(word), len(word) - 2, len(word), works()["安装"]).role
    'stands'
    """
    if text[at].isascii():
        return _latin(text, start, stop, at, end, work)
    before, after = text[max(start, at - _BEFORE) : at], text[end : min(stop, end + _AFTER)]
    if _COMPOUND.match(after) and not _READY.match(after):
        return Aspect("")
    then = condition(text, start, stop, at, end, _rung(work.done))
    if then:
        return then
    if work.done == "bought" and _INTO_USE.match(after):
        return Aspect("running")
    if _BEGUN_AFTER.match(after):
        return Aspect(work.begun)
    if _DONE_AFTER.match(after):
        return Aspect(work.done)
    if _BEGUN_BEFORE.search(before):
        return Aspect(work.begun)
    if _DONE_BEFORE.search(before) or (work.done == LADDER[-1] and _IN_SERVICE.search(before)):
        return Aspect(work.done)
    return Aspect("")


def _latin(text: str, start: int, stop: int, at: int, end: int, work: Work) -> Aspect:
    before, last = text[max(start, at - _BEFORE) : at], min(stop, end + _AFTER_LATIN)
    if not work.done:
        return Aspect(work.begun if _AT_WORK.search(before) else "")
    opens = _OPENS.search(before)
    if opens:
        return Aspect("" if "wait" in opens[0].lower() else "future")
    ended = _HAS_ENDED.match(text, end, last)
    if ended or _ENDS.search(before):
        return Aspect(work.done, end=ended.end() if ended else 0)
    begun = _HAS_BEGUN.match(text, end, last)
    if begun or _STARTS.search(before):
        return Aspect(work.begun, end=begun.end() if begun else 0)
    return Aspect("")


def condition(text: str, start: int, stop: int, at: int, end: int, rung: str) -> Aspect | None:
    """Return what the words around a rung at [at, end) make of it: a condition, a step towards it; None for neither.

    建成后 and "once complete" speak of what is to come; 具备送电条件 says that the step before 送电 is done; what is
    being built is not built.
    """
    if rung == "stands" and text[at].isascii() and _BEING.search(text, max(start, at - _BEFORE), at):
        return Aspect(works()["installation"].begun)
    if rung not in LADDER:
        return None
    before, after = text[max(start, at - _BEFORE) : at], text[end : min(stop, end + _AFTER)]
    if text[at].isascii():
        if (_OPENS.search(before) and not _PAST.search(text, at, end)) or (
            text.startswith("completed", at) and _OPENS.search(before)
        ):
            return Aspect("future", rung)
        if rung in _STEP_BEFORE and (_ONGOING.search(before) or (rung == "roofed" and _PARTLY.search(before))):
            return Aspect(_STEP_BEFORE[rung])
        return None
    if rung in _STEP_BEFORE and text[at:end] not in works() and _is_under_way(text, at, end, before):
        return Aspect(_STEP_BEFORE[rung])
    if _READY.match(after):
        return Aspect(_READY_FOR.get(rung, "") if _MEETS.search(before) else "")
    if _THEN.match(after) and not _SINCE.search(before):
        return Aspect("future", rung)
    return None


def _is_under_way(text: str, at: int, end: int, before: str) -> bool:
    """Say whether a thing is being brought to what a word names: 正在给300个机柜上电."""
    return _UNDER_WAY.search(before) is not None and not _GOES_ON.search(text, at, end)


_BEING = re.compile(r"\bbeing(?: \w+ly)? $")
_UNDER_WAY = re.compile(r"(?:接近|临近|逼近)$|正在(?:给|为|对|把|将|逐|分|陆|有|紧|加|进)?[^,。;在]{0,12}$")
_GOES_ON = re.compile("运|用|训|服务|跑|正在|在线|满")
"""words of a state that goes on by itself: 正在运行 is no step towards it"""
_STEP_BEFORE = {"roofed": "ground broken", "powered": "roofed", "running": "roofed"}
"""what is proven of a thing that is being brought to a rung"""
_READY_FOR = {"ground broken": "filed", "powered": "roofed", "running": "roofed"}
"""what is proven where the conditions for a rung are met"""


def _rung(role: str) -> str:
    return "roofed" if role == "stands" else role


def of_completion(text: str, start: int, stop: int, at: int, end: int) -> str | None:
    """Return the role of what a word of completion is said of, where its clause names a work; None where it does not.

    >>> words = "Earthworks for the 80 MW project are complete"
    >>> of_completion(words, 0, len(words), words.index("complete"), len(words))
    'ground broken'
    """
    if not _COMPLETES.fullmatch(text, at, end):
        return None
    behind, before = text[end : min(stop, end + 50)].lower(), text[max(start, at - 90) : at].lower()
    named = _nearest_work(behind, first=True) or _nearest_work(before, first=False)
    return named.done if named and named.done else None


@cache
def _nouns() -> re.Pattern[str]:
    nouns = sorted((word for word, work in works().items() if word.isascii() and work.done), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, nouns))})\b")


_NEAR_OBJECT = 34


def _nearest_work(words: str, *, first: bool) -> Work | None:
    found = list(_nouns().finditer(words))
    if not found or (first and found[0].start() > _NEAR_OBJECT):
        return None
    return works()[found[0 if first else -1].group()]
