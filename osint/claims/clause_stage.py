"""Find which words of its clause, its brackets, its list or its neighbours speak of the stage of a quantity."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from osint.claims.assertion import ALREADY, GLUED, GOAL, Assertion, StageWay, decide, settled, strong, words_near
from osint.claims.clauses import REACH, Clauses, RungWord, counts_itself, is_predicate
from osint.claims.governs import ANYWHERE, TURNS, is_conditional, is_of_another, tells_of
from osint.claims.units import WEAK_ROLES
from osint.register import LADDER


def stage(clauses: Clauses, start: int, end: int, apart: bool = False, kind: str = "") -> Assertion:
    """Return what is asserted of the quantity at [start, end).

    The clause of the quantity decides; a clause without such a word takes the one that the sentence
    before it left standing, else the one of a clause behind it that has no subject of its own.  With
    `apart` (money, areas, shares) an English clause with a verb of its own borrows none: "the hall is
    live, and the project cost $3bn" says nothing of the rung of the sum.  `kind` says which
    words speak of the quantity: of machines, compute and power also those that only say that a thing is there, or
    bought.  A clause that denies a rung borrows none.
    """
    for read in (_in_brackets, _dealt_out, _of_item):
        said = read(clauses, start, end, kind)
        if said:
            return said
    first, last = clauses.sentence(start)
    own = at, stop = clauses.clause(start)
    says_itself = apart and _OWN_VERB.search(clauses.text, max(at, start - 80), start) is not None
    is_meant = False
    for _ in range(6):
        near = words_near(clauses.hits(at, stop), start)
        described = _described(near, start) if at == own[0] else []
        if described and (told := settled(clauses.text, described, kind)):
            return decide(clauses, told, start, end)
        hits = _lent(clauses, _speaking(clauses, near, (at, stop), start, end), (at, stop), (own[0], start))
        if says_itself:
            hits = [hit for hit in hits if hit.role == "future" or not _verb_between(clauses.text, hit, start)]
        is_done = bool(hits) and _is_done(clauses.text, hits, at, start)
        if hits and (at, stop) == own and own[1] < last:
            hits = _outweighed(clauses, hits, (own[1], last), is_done, start)
        if hits and all(hit.role in ("contract", "bought") for hit in hits):
            meant = _MEANT if hits[0].role == "contract" else _INTENDS
            low = max(first, at - REACH)
            since = max((one.end() for one in ALREADY.finditer(clauses.text, low, at)), default=low)
            hits = [] if meant.search(clauses.text, since, at) and not is_done else hits
        is_meant = is_meant or any(hit.role == "meant" for hit in hits)
        hits = settled(clauses.text, [hit for hit in hits if hit.role != "meant"], kind)
        if hits:
            return _of_clause(clauses, hits, near, (at, stop), own, (start, end))
        if at <= first or TURNS.match(clauses.text, at) or _COMPARES.match(clauses.text, clauses.clause(at - 1)[0]):
            break
        is_undone = (at, stop) == own and _UNDONE.search(clauses.text, end, min(stop, end + _NEAR)) is not None
        if says_itself or is_undone or clauses.denies(at, stop) or _is_subject(clauses.text, start, end):
            return Assertion()
        at, stop = clauses.clause(at - 1)[0], at
    if own[1] < last and not says_itself:
        hits = settled(clauses.text, _behind(clauses, own[1], last, start), kind)
        only_meant = hits and all(hit.role in ("future", "announced") for hit in hits)
        if hits and not (only_meant and ALREADY.search(clauses.text, max(own[0], start - REACH), own[1])):
            return decide(clauses, hits, start, end).by(StageWay.BEHIND)
    under = _under_lead(clauses, start, kind) if not says_itself else Assertion()
    return GOAL if is_meant and not under.modality else under


_COMPARES = re.compile(r"\s?(?:while|whereas) (?:an?|any|one)\b", re.IGNORECASE)
"""how a clause opens about something else, to which the next one is compared"""


def _is_done(text: str, hits: list[RungWord], at: int, start: int) -> bool:
    """Say whether a clause reports what is done: by 已 or 目前, or by an English word of buying, which is past."""
    is_past = any(
        hit.role == "bought" and (text[hit.start].isascii() or _ARRIVES.match(text, hit.start)) for hit in hits
    )
    return is_past or ALREADY.search(text, max(at, start - REACH), start) is not None


def _outweighed(
    clauses: Clauses, hits: list[RungWord], ahead_of: tuple[int, int], is_done: bool, start: int
) -> list[RungWord]:
    """Return the words of the clause behind instead of weak ones: 采购服务器25台，已完成上架 stands."""
    stated = strong(hits)
    if stated and not _only_describes(clauses.text, hits):
        return hits
    behind = _behind(clauses, *ahead_of, start)
    ahead = strong(behind)
    if ahead:
        is_promised = any(hit.role == "future" for hit in ahead)
        return hits if is_promised and (is_done or stated) else ahead
    if all(hit.role == "bought" for hit in hits):
        return [hit for hit in behind if hit.role == "stands" and not clauses.text[hit.start].isascii()] or hits
    return hits


def _only_describes(text: str, hits: list[RungWord]) -> bool:
    """Say whether the words of a clause only name a thing by what was done to it: 扩容后的系统."""
    return all(hit.aim and text.startswith("后的", hit.end) for hit in hits)


_ARRIVES = re.compile("运[抵达到]|抵达|送[抵达]|[到发]货|到[场港]|签收|发运|启运|装船|收到|购得|买下|拿下|斩获")
"""Chinese words of buying that are said of what is done only"""
_UNDONE, _NEAR = re.compile(r"未(?![来必])|没(?!错)|尚无"), 12
"""words behind a number that deny something of it, and the characters in which they are sought"""
_IS_SUBJECT = re.compile(r"\s(?:is|are|was|were|has|have|remains?) |(?:因|被|由于|暂|却|则)(?!此)")
_OF_WHICH = "of which "


def _is_subject(text: str, start: int, end: int) -> bool:
    """Say whether a quantity is the subject of its own verb: it borrows nothing from the clause before it."""
    before = text[max(0, start - 20) : start]
    is_rest = _REST.search(before) is not None
    return is_rest or (_IS_SUBJECT.match(text, end) is not None and _OF_WHICH not in before)


_REST = re.compile(r"(?:其余|余下|剩余|剩下)的?$|\b(?:the (?:rest|other|remaining)|a further|another) $")
"""what stands before a number that is told from the one before it"""


def _in_brackets(clauses: Clauses, start: int, end: int, kind: str) -> Assertion | None:
    """Return what the round brackets around a quantity say of it: "Phase 1 (12 MW, live since 2023)"."""
    bracket = clauses.bracket(start)
    if not bracket:
        return None
    at, stop = bracket[0] + 1, bracket[1] - 1
    hits = settled(clauses.text, clauses.hits(at, stop), kind)
    parts = _PARTS.finditer(clauses.text, at, stop)
    marks = [match.start() for match in parts]
    low = max((mark for mark in marks if mark < start), default=at)
    high = min((mark for mark in marks if mark >= end), default=stop)
    own = [hit for hit in hits if low <= hit.start < high]
    if own or (hits and not counts_itself(clauses.text, at, low)):
        return decide(clauses, own or hits, start, end).by(StageWay.BRACKETS)
    return None


_PARTS = re.compile(r"[;、]|,(?!\d{3})")


def _described(near: list[RungWord], start: int) -> list[RungWord]:
    """Return the words that speak of the quantity right behind them alone: the completed 12 MW hall."""
    return [
        hit for hit in near if hit.high != ANYWHERE and 0 <= start - hit.end <= GLUED and hit.low <= start < hit.high
    ]


_ALIKE = re.compile(r"[、和及与,]\s?")


def _dealt_out(clauses: Clauses, start: int, end: int, kind: str) -> Assertion | None:
    """Return what the stage in the same place of a list says: 已建、在建机柜分别为2.1万架、1.3万架."""
    text, at = clauses.text, clauses.clause(start)[0]
    mark = text.rfind("分别", max(at, start - REACH), start)
    if mark < 0:
        return None
    hits = [hit for hit in clauses.hits(*clauses.clause(start)) if hit.end <= mark]
    place = len(_ALIKE.findall(text, mark, start))
    joined = all(_ALIKE.fullmatch(text, one.end, other.start) for one, other in pairwise(hits))
    is_one = len(hits) > 1 and joined and place < len(hits)
    return decide(clauses, settled(text, [hits[place]], kind) or [hits[place]], start, end) if is_one else None


def _of_item(clauses: Clauses, start: int, end: int, kind: str) -> Assertion | None:
    """Return what the own part of a list says of a quantity: 已建机柜2100架、在建机柜1900架."""
    low, high = clauses.item(start, end)
    own = at, stop = clauses.clause(start)
    if (low, high) == own:
        return None
    near = _speaking(clauses, words_near(clauses.hits(at, stop), start), own, start, end)
    own_words = strong([hit for hit in near if low <= hit.start < high])
    hits = settled(clauses.text, own_words, kind)
    if not hits:
        return None
    return decide(clauses, hits, start, end)


def _speaking(clauses: Clauses, near: list[RungWord], clause: tuple[int, int], start: int, end: int) -> list[RungWord]:
    """Return the rung words of a clause that may speak of the quantity at [start, end).

    Not those that only speak of what follows them, those of a part, those in brackets of another quantity, and
    those of a later part of a list.
    """
    text, at = clauses.text, clause[0]
    high = clauses.item(start, end)[1] if at <= start < clause[1] else clause[1]
    return [
        hit
        for hit in near
        if hit.speaks_of(start)
        and (hit.start < end or not _governs_forward(text, hit))
        and not (hit.start >= end and (hit.start >= high or _IN_PART.search(text, max(at, hit.start - 24), hit.start)))
        and not (hit.end <= start and text.startswith(" contracted", end))
        and not (text.startswith(_CONTRACTED, hit.start) and _OF_WHICH in text[end : end + _WHOLE])
        and not (hit.start >= end and _of_another(text, end, hit, clause[1]))
        and not _in_brackets_of_another(clauses, hit, start)
    ]


def _in_brackets_of_another(clauses: Clauses, hit: RungWord, start: int) -> bool:
    bracket = clauses.bracket(hit.start) if clauses.brackets else None
    if not bracket or bracket[0] <= start < bracket[1]:
        return False
    return counts_itself(clauses.text, *bracket)


def _of_clause(
    clauses: Clauses,
    hits: list[RungWord],
    near: list[RungWord],
    clause: tuple[int, int],
    own: tuple[int, int],
    span: tuple[int, int],
) -> Assertion:
    """Return what the rung words `hits` of a clause say of a quantity in the clause `own`, the same or a later one.

    `near` are all rung words of the clause; what is described or done there may say nothing of another clause.
    """
    at, stop = clause
    start, end = span
    if at < own[0] and _lends_nothing(clauses.text, hits, own[0], start):
        return Assertion()
    if clauses.denies(at, stop) and all(hit.role == "future" for hit in hits):
        return Assertion()  # "原定年内交付, 至今未到货": what was meant and did not come
    asserted = decide(clauses, hits, start, end)
    asserted = asserted.by(StageWay.BEFORE) if at < own[0] else asserted
    turns = _OWN_MATTER if strong(near) else _OWN_OR_NEW
    if at < own[0] and asserted.modality == "has" and turns.search(clauses.text, stop, start):
        return Assertion()
    if at < own[0] and asserted.modality in ("has", "can carry") and is_conditional(clauses.text, own[0], start):
        return Assertion()
    if clause != own and (asserted.modality == "can carry" or _done(asserted, clauses, own, start)):
        return Assertion()  # what a hall can carry says nothing of what the next clause measures
    if asserted.modality == "can carry" and asserted.rung != "announced":
        return asserted if _has_begun(clauses, at) else replace(asserted, rung="announced")
    return asserted


def _has_begun(clauses: Clauses, at: int) -> bool:
    """Say whether no earlier clause of a sentence plans what a later one can hold: 规划建设14个,可承载400万台."""
    first, is_planned = clauses.sentence(at)[0], False
    for _ in range(4):
        if at <= first:
            break
        at, stop = clauses.clause(at - 1)[0], at
        roles = {hit.role for hit in clauses.hits(at, stop)}
        if roles & {*LADDER[2:], *WEAK_ROLES} and "future" not in roles:
            return True
        is_planned = is_planned or bool(roles & {"future", "announced"})
    return not is_planned


def _under_lead(clauses: Clauses, start: int, kind: str) -> Assertion:
    """Return what the words before a colon say of a quantity in the list behind it."""
    lead = clauses.lead(start)
    if not lead or clauses.denies(*lead):
        return Assertion()
    hits = settled(clauses.text, [hit for hit in clauses.hits(*lead) if hit.end <= lead[1]], kind)
    said = decide(clauses, hits, start, start).by(StageWay.LEAD) if hits else Assertion()
    is_new = said.modality == "has" and _OWN_OR_NEW.search(clauses.text, clauses.clause(start)[0], start)
    return Assertion() if is_new else said


_OWN_MATTER = re.compile(
    r"融资|募资|贷款|借款|配套|创建|培育|吸引|带动|降至|降到|节约|减排|实现|作价|收入|营收|利润|亏损|罚款|奖励|补贴|而设计|设计总?(?:算力|规模|容量|能力|负荷|机[柜架]|IT)|\b(?:against|"
    r"compared with)\b"
)
"""words by which a clause turns to a matter of its own, of which the done work before it says nothing"""
_OWN_OR_NEW = re.compile(
    rf"{_OWN_MATTER.pattern}|新增|新建|扩建|改建|增加|增设|本次|\b(?:add(?:s|ed|ing|itional)?|new|expand|expansion)\b"
)
"""the same behind words that only say what is there: 现有机柜1200架，新增2400架"""
_INTENDS = re.compile(r"拟|意向|计划")
_MEANT = re.compile(r"签订|签署|签约|意向|拟")
_ADJECTIVES = ("在运", "在用", "在建")
_SAYS = re.compile(r"达|增至|增长")


def _lends_nothing(text: str, hits: list[RungWord], own: int, start: int) -> bool:
    """Say whether rung words of an earlier clause only describe its noun (在用机柜), and the own clause has a verb."""
    described = all(hit.role == "bought" or text[hit.start : hit.end] in _ADJECTIVES for hit in hits)
    return described and _SAYS.search(text, max(own, start - REACH), start) is not None


def _of_another(text: str, end: int, hit: RungWord, stop: int) -> bool:
    """Say whether a word behind a number is of another one: "sold to a fund that had built 300 MW"."""
    turns = _TURNS_TO.search(text, end, hit.start) is not None
    return turns and counts_itself(text, hit.end, min(stop, hit.end + _CLOSE))


_CONTRACTED, _WHOLE = ("contracted ", "Contracted "), 60
_CLOSE = 28  # characters behind a word in which its own number stands
_TURNS_TO = re.compile(r"\b(?:and (?:the|its|an?)|that|who|which|with (?:an? |the )?(?:total|combined|overall))\b")
_AS = re.compile(r"\s?作为[^,。;]*之一")
_NUMBER_FIRST = re.compile(r"\s?(?:and |about |another |some |约|另)*$")


def _lent(clauses: Clauses, hits: list[RungWord], clause: tuple[int, int], own: tuple[int, int]) -> list[RungWord]:
    """Return the rung words of a clause that may speak of a number at own[1], whose clause begins at own[0].

    Not 目前 of what is not yet so, those of an earlier clause that tells of another number, nor those behind a number
    of a list whose parts have each their own: "44 MW live, 18 MW in design".
    """
    text, at = clauses.text, clause[0]
    if at == own[0]:
        return hits
    if _AS.match(text, at):
        return []  # 作为全省布局的三大中心之一: it only says what kind of thing it is
    if any(hit.role in LADDER[2:] for hit in hits) and is_of_another(text, clause, own):
        hits = [hit for hit in hits if hit.role not in LADDER[2:]]
    if _NUMBER_FIRST.match(text, own[0], own[1]) is None:
        return hits
    return [hit for hit in hits if not counts_itself(text, at, hit.start)]


_IN_PART = re.compile(r"(?:\bpart(?:ly|ially)|部分)\s?(?:已(?:经)?)?$")


def _behind(clauses: Clauses, at: int, last: int, start: int) -> list[RungWord]:
    """Return the rung words of the next clause that has any, if it has no subject of its own."""
    for _ in range(4):
        hits = clauses.hits(*clauses.clause(at))
        if hits or at >= last:
            hits = [hit for hit in hits if hit.speaks_of(start)]
            is_of_this = tells_of(clauses.text, at, start) and not _OF_A_PART.match(clauses.text, at)
            return hits if is_of_this and is_predicate(clauses, at) else []
        is_han = _HAN.search(clauses.text, at, min(clauses.clause(at)[1], at + REACH))
        if not is_han and not _APPOSITION.match(clauses.text, at, clauses.clause(at)[1]):
            return []
        if _COUNTS_MACHINES.search(clauses.text, at, min(clauses.clause(at)[1], at + REACH)):
            return []
        at = clauses.clause(at)[1]
        if at >= last:
            return []
    return []


_APPOSITION = re.compile(
    r"\s?(?:dubbed|called|named|nicknamed|known|located|situated|sited|based|spread|spanning|near|in|on|at|"
    r"outside|next to|part of|respectively)"
    r"\b(?:(?!\b(?:is|are|was|were|has|have|had|and|but)\b)[^\d,]|,(?=\d)){0,80},\s?$"
)
"""a clause that only names or places what stands before it: the 90 MW hall, dubbed North, will open"""
_OF_A_PART = re.compile(
    r"\s?(?:如今|目前|现|现在)?(?:一半|半数|部分|其中|多数|少数|[一二三四五六七八九]成)|\s(?:half|some|most|part|"
    r"none) of"
)
"""how a clause opens that speaks of a part of what stands before it"""
_COUNTS_MACHINES = re.compile(r"\d\s?[万千]?(?:[台架张套块]|P(?![A-Za-z]))")
_DONE = re.compile(
    r"已|目前|累计|入驻|引进|集聚|\b(?:has|have|had) (?:already )?(?:been )?\w+ed\b|\b(?:was|were|currently)\b"
)


def _done(asserted: Assertion, clauses: Clauses, own: tuple[int, int], start: int) -> bool:
    """Say whether a clause reports what is done, so that it does not take the intention before it."""
    return (
        asserted.rung == "announced"
        and asserted.modality != "has"
        and _DONE.search(clauses.text, max(own[0], start - REACH), min(own[1], start + REACH)) is not None
    )


def _verb_between(text: str, hit: RungWord, start: int) -> bool:
    """Say whether the verb of a sum or an area stands between a rung word and its number."""
    return hit.end <= start and _OWN_VERB.search(text, max(hit.end, start - REACH), start) is not None


_HAN = re.compile("[一-龥]")
_OWN_VERB = re.compile(
    r"\b(?:(?<!a )(?<!the )(?<!total )costs?|covers?|spans?|is|are|was|were|has|have|had|totals|totall?ed|stands?|"
    r"stood|measures|runs to|sold|rose|fell|paid|pays|raised|accounts?|makes? up|valued|"
    r"(?<!an )estimated(?! value| cost))\b"
)


def _governs_forward(text: str, hit: RungWord) -> bool:
    """Say whether a word speaks only of what stands behind it: "agreed to", "to build", "a pipeline of"."""
    words = text[hit.start : hit.end].lower()
    if words == "existing":
        return True
    ends = words.endswith((" to", " of", " for")) or text.startswith((" for ", " of "), hit.end)
    return hit.role == "announced" and (words.startswith("to ") or ends)
