"""Read what a clause asserts of a quantity: the rung of the ladder, tense and negation first."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from osint.claims.clauses import REACH, Clauses, RungWord, counts_itself, is_predicate
from osint.claims.folding import fold
from osint.claims.quantities import LocatedQuantity
from osint.claims.reading import FOCUS, Reading
from osint.claims.retractions import taken_back
from osint.claims.units import WEAK_ROLES
from osint.register import LADDER

_SOME = 20  # rung words that are read on either side of a quantity (bounds the time)
_GLUED, _JOINED, _AROUND = 5, 16, 40
"""longest gap, in characters, between two rung words of one phrase: alone, with "or" or "and", around the number"""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a clause says of the state of a thing."""

    rung: str = ""
    """the rung that the words say is reached; "announced" for future and intention; "" where none is stated"""
    aim: str = ""
    """the rung that the future or the intention speaks of ("will be completed": roofed), else `rung`"""
    modality: str = ""
    """has, will, would, can carry; "" where no rung is stated"""


def stage(clauses: Clauses, start: int, end: int, apart: bool = False, kind: str = "") -> Assertion:
    """Return what is asserted of the quantity at [start, end).

    The clause of the quantity decides; a clause without such a word takes the one that the sentence
    before it left standing, else the one of a clause behind it that has no subject of its own.  With
    `apart` (money, areas, shares) an English clause with a verb of its own borrows none: "the hall is
    live, and the project cost $3bn" says nothing of the rung of the sum.  `kind` says which
    words speak of the quantity: of machines, compute and power also those that only say that a thing is there, or
    bought.  A clause that denies a rung borrows none.
    """
    for said in (_in_brackets(clauses, start, end, kind), _of_item(clauses, start, end, kind)):
        if said:
            return said
    first, last = clauses.sentence(start)
    own = at, stop = clauses.clause(start)
    says_itself = apart and _OWN_VERB.search(clauses.text, max(at, start - 80), start) is not None
    for _ in range(6):
        near = _near(clauses.hits(at, stop), start)
        hits = _speaking(clauses, near, (at, stop), start, end)
        if says_itself:
            hits = [hit for hit in hits if hit.role == "future" or not _verb_between(clauses.text, hit, start)]
        is_done = bool(hits) and _ALREADY.search(clauses.text, max(at, start - REACH), start) is not None
        if hits and (at, stop) == own and own[1] < last and not _strong(hits):
            ahead = _strong(_behind(clauses, own[1], last))
            is_meant = any(hit.role == "future" for hit in ahead)
            hits = ahead if ahead and not (is_done and is_meant) else hits
        if hits and all(hit.role in ("contract", "bought") for hit in hits):
            meant = _MEANT if hits[0].role == "contract" else _INTENDS
            hits = [] if meant.search(clauses.text, max(first, at - REACH), at) and not is_done else hits
        hits = _settled(clauses.text, hits, kind)
        if hits:
            return _of_clause(clauses, hits, near, (at, stop), own, (start, end))
        if at <= first:
            break
        if says_itself or clauses.denies(at, stop) or _is_subject(clauses.text, start, end):
            return Assertion()
        at, stop = clauses.clause(at - 1)[0], at
    if own[1] < last and not says_itself:
        hits = _settled(clauses.text, _behind(clauses, own[1], last), kind)
        if hits:
            return _decide(clauses, hits, start, end)
    return _under_lead(clauses, start, kind) if not says_itself else Assertion()


_IS_SUBJECT, _OF_WHICH = re.compile(r"\s(?:is|are|was|were|has|have|remains?) "), "of which "


def _is_subject(text: str, start: int, end: int) -> bool:
    """Say whether an English quantity is the subject of its own verb: it borrows nothing from the clause before it."""
    return _IS_SUBJECT.match(text, end) is not None and _OF_WHICH not in text[max(0, start - 20) : start]


def _in_brackets(clauses: Clauses, start: int, end: int, kind: str) -> Assertion | None:
    """Return what the round brackets around a quantity say of it: "Phase 1 (12 MW, live since 2023)"."""
    bracket = clauses.bracket(start)
    if not bracket:
        return None
    at, stop = bracket[0] + 1, bracket[1] - 1
    hits = _settled(clauses.text, clauses.hits(at, stop), kind)
    parts = _PARTS.finditer(clauses.text, at, stop)
    marks = [match.start() for match in parts]
    low = max((mark for mark in marks if mark < start), default=at)
    high = min((mark for mark in marks if mark >= end), default=stop)
    own = [hit for hit in hits if low <= hit.start < high]
    if own or (hits and not counts_itself(clauses.text, at, low)):
        return _decide(clauses, own or hits, start, end)
    return None


_PARTS = re.compile(r"[;、]|,(?!\d{3})")


def _of_item(clauses: Clauses, start: int, end: int, kind: str) -> Assertion | None:
    """Return what the own part of a list says of a quantity: 已建机柜2100架、在建机柜1900架."""
    low, high = clauses.item(start, end)
    own = at, stop = clauses.clause(start)
    if (low, high) == own:
        return None
    near = _speaking(clauses, _near(clauses.hits(at, stop), start), own, start, end)
    own_words = _strong([hit for hit in near if low <= hit.start < high])
    hits = _settled(clauses.text, own_words, kind)
    if not hits:
        return None
    asserted = _decide(clauses, hits, start, end)
    return _intended(asserted, clauses, at) if asserted.modality == "has" else asserted


def _speaking(
    clauses: Clauses, near: list[RungWord], clause: tuple[int, int], start: int, end: int
) -> list[RungWord]:
    """Return the rung words of a clause that may speak of the quantity at [start, end).

    Not those that only speak of what follows them, those of a part, those in brackets of another quantity, and
    those of a later part of a list.
    """
    text, at = clauses.text, clause[0]
    high = clauses.item(start, end)[1] if at <= start < clause[1] else clause[1]
    return [
        hit
        for hit in near
        if (hit.start < end or not _governs_forward(text, hit))
        and not (hit.start >= end and (hit.start >= high or _IN_PART.search(text, max(at, hit.start - 24), hit.start)))
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
    asserted = _decide(clauses, hits, start, end)
    turns = _OWN_MATTER if _strong(near) else _OWN_OR_NEW
    if at < own[0] and asserted.modality == "has" and turns.search(clauses.text, stop, start):
        return Assertion()
    if clause != own and (asserted.modality == "can carry" or _done(asserted, clauses, own, start)):
        return Assertion()  # what a hall can carry says nothing of what the next clause measures
    return _intended(asserted, clauses, at) if asserted.modality == "has" else asserted


def _under_lead(clauses: Clauses, start: int, kind: str) -> Assertion:
    """Return what the words before a colon say of a quantity in the list behind it."""
    lead = clauses.lead(start)
    if not lead or clauses.denies(*lead):
        return Assertion()
    hits = _settled(clauses.text, clauses.hits(*lead), kind)
    return _decide(clauses, hits, start, start) if hits else Assertion()


_OWN_MATTER = re.compile(r"配套|创建|培育|吸引|带动|降至|降到|节约|减排|\b(?:against|compared with)\b")
"""words by which a clause turns to a matter of its own, of which the done work before it says nothing"""
_OWN_OR_NEW = re.compile(
    rf"{_OWN_MATTER.pattern}|新增|新建|扩建|改建|增加|增设|本次|\b(?:add(?:s|ed|ing|itional)?|new|expand|expansion)\b"
)
"""the same behind words that only say what is there: 现有机柜1200架，新增2400架"""


def stage_of_heading(words: str) -> Assertion:
    """Return the stage that a heading states; none where it denies one, takes it back or only says what is there.

    >>> stage_of_heading("云谷二期正式投产").rung, stage_of_heading("在建项目").rung
    ('running', 'ground broken')
    """
    clauses = Clauses(fold(words).text)
    words = clauses.text
    hits = _strong(clauses.hits(0, len(words)))
    if not hits or clauses.denies(0, len(words)) or taken_back(words, 0, len(words)):
        return Assertion()
    return _decide(clauses, hits, len(words), len(words))


_INTENDS = re.compile(r"拟|意向|计划")
_MEANT = re.compile(r"签订|签署|签约|意向|拟")
_ADJECTIVES = ("在运", "在用", "在建")
_SAYS = re.compile(r"达|增至|增长")


def _lends_nothing(text: str, hits: list[RungWord], own: int, start: int) -> bool:
    """Say whether rung words of an earlier clause only describe its noun (在用机柜), and the own clause has a verb."""
    described = all(text[hit.start : hit.end] in _ADJECTIVES for hit in hits)
    return described and _SAYS.search(text, max(own, start - REACH), start) is not None


_IN_PART = re.compile(r"(?:\bpart(?:ly|ially)|部分)\s?(?:已(?:经)?)?$")


def _strong(hits: list[RungWord]) -> list[RungWord]:
    return [hit for hit in hits if hit.role not in WEAK_ROLES]


def _settled(text: str, hits: list[RungWord], kind: str) -> list[RungWord]:
    """Return the rung words that speak of a kind; weak ones as the rung that they prove, where no word states one.

    Of several weak words the lowest counts: what 目前已到位 is delivered, and not yet installed.
    """
    hits = [hit for hit in hits if kind in _POWERS or not text.startswith("draw", hit.start)]
    strong = [hit for hit in hits if hit.role not in WEAK_ROLES]
    if kind not in _MAY_STAND or any(hit.role != "future" for hit in strong):
        return strong
    can = [hit for hit in hits if hit.role in WEAK_ROLES and _proves(text, hit, kind)]
    lowest = min((WEAK_ROLES[hit.role] for hit in can), key=LADDER.index, default="")
    return sorted([*strong, *(RungWord(hit.start, hit.end, lowest) for hit in can)], key=lambda hit: hit.start)


def _proves(text: str, hit: RungWord, kind: str) -> bool:
    """Say whether a weak word speaks of a kind: a loan that was secured buys nothing yet, no money is installed."""
    if kind in _MACHINES:
        return hit.role != "contract"
    if kind in _PLACES:
        return hit.role == "bought" and text.startswith(_TAKEN, hit.start)
    return hit.role == "contract" or (hit.role == "bought" and not _NO_ORDER.match(text, hit.start))


_NO_ORDER = re.compile(r"secur|leas|rent|到位", re.IGNORECASE)
_TAKEN = ("leas", "rent", "bought", "purchas", "acquir", "购", "已购", "租")
"""how a place is taken"""
_POWERS = ("power", "energy")
_MACHINES = ("chips", "servers", "racks", "compute", "power", "transformer")
_PLACES = ("land", "floor")
_MAY_STAND = (*_MACHINES, *_PLACES, "money_cny", "money_usd", "money_hkd", "money_eur")


def _near(hits: list[RungWord], start: int) -> list[RungWord]:
    """Return the hits around `start`: a clause may hold any number of them, and any number of quantities."""
    middle = bisect_right(hits, start, key=lambda hit: hit.start)
    return hits if len(hits) <= 2 * _SOME else hits[max(0, middle - _SOME) : middle + _SOME]


def _behind(clauses: Clauses, at: int, last: int) -> list[RungWord]:
    """Return the rung words of the next clause that has any, if it has no subject of its own."""
    for _ in range(4):
        hits = clauses.hits(*clauses.clause(at))
        if hits or at >= last:
            return hits if is_predicate(clauses, at) else []
        if not _HAN.search(clauses.text, at, min(clauses.clause(at)[1], at + REACH)):
            return []
        if _COUNTS_MACHINES.search(clauses.text, at, min(clauses.clause(at)[1], at + REACH)):
            return []
        at = clauses.clause(at)[1]
        if at >= last:
            return []
    return []


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


# "力争到2026年底," opens a sentence: all that follows is meant for then, unless it says 已 or 目前
_INTENT = re.compile(r"\s?(?:力争|预计|计划|争取|确保|有望|目标是?|规划)[^,。]{0,14},")
_ALREADY = re.compile(r"已|目前|现有|累计")


_GOES_ON = re.compile(
    r"\s?(?:并|同时|年均)?(?:建成|建设|新建|新增|打造|形成|实现|达到?|突破|培育|引进|部署|完成|投产|带动|建立|扩大|发展|累计|再)"
)
"""how a clause goes on with what the clause before it intends"""


def _intended(asserted: Assertion, clauses: Clauses, at: int) -> Assertion:
    """Return `asserted` as a promise where the sentence opens with an intention, or the clause goes on with one."""
    first, stop = clauses.sentence(at)[0], clauses.clause(at)[1]
    if at <= first or _ALREADY.search(clauses.text, at, min(stop, at + REACH)):
        return asserted
    if _INTENT.match(clauses.text, first) or _goes_on(clauses, at, first):
        return Assertion("announced", asserted.aim, "will")
    return asserted


def _goes_on(clauses: Clauses, at: int, first: int) -> bool:
    """Say whether the clause at `at` goes on with what one before it in the sentence intends."""
    for _ in range(4):
        if at <= first or not _GOES_ON.match(clauses.text, at):
            return False
        at, stop = clauses.clause(at - 1)[0], at
        if any(hit.role == "future" for hit in clauses.hits(at, stop)):
            return True
    return False


def promised(asserted: Assertion, clauses: Clauses, start: int) -> Assertion:
    """Return `asserted` as a promise: for what a clause dates after its document without a word of the future."""
    at, stop = clauses.clause(start)
    if (
        asserted.modality != "has"
        or asserted.rung == "filed"
        or _ALREADY.search(clauses.text, max(at, start - REACH), min(stop, start + REACH))
    ):
        return asserted
    if asserted.rung == "ground broken" and any(hit.role == "future" for hit in _near(clauses.hits(at, stop), start)):
        return asserted
    return Assertion("announced", asserted.aim, "will")


_HAN = re.compile("[一-龥]")
_OWN_VERB = re.compile(
    r"\b(?:(?<!a )(?<!the )(?<!total )costs?|covers?|spans?|is|are|was|were|has|have|had|totals|totall?ed|stands?|"
    r"stood|measures|runs to|sold|rose|fell|paid|pays|raised|accounts?|makes? up|valued|"
    r"(?<!an )estimated(?! value| cost))\b"
)


def _governs_forward(text: str, hit: RungWord) -> bool:
    """Say whether a word speaks only of what stands behind it: "agreed to", "to build", "a pipeline of"."""
    words = text[hit.start : hit.end].lower()
    return hit.role == "announced" and (words.startswith("to ") or words.endswith((" to", " of")))


_EITHER = re.compile(r"或|和|及|、|\bor\b")
_DIGIT, _BE = re.compile(r"\d"), re.compile(r"\b(?:is|are|was|were)\b")
_BOTH = re.compile(r"并|且|\band\b")
_CARRY = re.compile(r"承载|room for|space for|can (?:house|hold|host|accommodate)|capable of", re.IGNORECASE)
_WOULD = re.compile(r"would|could|may|should|力争|有望|争取|可望|打算|希望|hope|want", re.IGNORECASE)
_DUTY = re.compile(
    r"(?:(?:须|必须|应当|应于|应在|需于|需在|需完成|must|shall|have to|has to|required to)\s?)+", re.IGNORECASE
)


def _decide(clauses: Clauses, hits: list[RungWord], start: int, end: int) -> Assertion:
    future = [hit for hit in hits if hit.role == "future"]
    plain = [hit for hit in hits if hit.role != "future"]
    if plain and all(
        clauses.text[hit.start : hit.end].lower() == "planned" and _BE.search(clauses.text, hit.end, plain[-1].start)
        for hit in future
    ):
        future = []  # "seven of its 30 planned buildings were up": the adjective is not a tense
    if future and any(hit.end <= start for hit in plain) and all(hit.start >= end for hit in future):
        future, plain = [], [hit for hit in plain if hit.end <= start]
    future = [hit for hit in future if not _waits(clauses.text, plain, hit)]
    if future:
        words = " ".join(clauses.text[hit.start : hit.end] for hit in future)
        filed = [hit for hit in plain if hit.role == "filed"]
        if filed and _DUTY.fullmatch(words):  # a duty in a contract: the contract is on paper
            return Assertion("filed", max((hit.role for hit in plain), key=LADDER.index), "will")
        aims = [hit.role for hit in plain] + [hit.aim for hit in future if hit.aim]
        return Assertion(
            "announced",
            max(aims, key=LADDER.index, default="announced"),
            "would" if _WOULD.search(words) else "will",
        )
    nearest = min(plain, key=lambda hit: _distance(hit, start, end))
    chain = _chain(plain, nearest, clauses.text, end)
    words = clauses.text[chain[0].start : chain[-1].end]
    if _CARRY.search(clauses.text[nearest.start : nearest.end]):
        return Assertion(nearest.role, nearest.role, "can carry")
    # "built or under construction" asserts only the lower of the two, "built and operational" the higher
    pick = min if _EITHER.search(words) else max
    rung = pick((hit.role for hit in chain), key=LADDER.index)
    return Assertion(rung, rung, "will" if rung == "announced" else "has")


def _waits(text: str, plain: list[RungWord], hit: RungWord) -> bool:
    """Say whether a word of the future only says what a thing that is done waits for: 已到货待安装."""
    return any(
        hit.start - _GLUED <= one.end <= hit.start and _ALREADY.search(text, max(0, one.start - _GLUED), one.end)
        for one in plain
    )


def _distance(hit: RungWord, start: int, end: int) -> tuple[int, int]:
    return (start - hit.end, 0) if hit.end <= start else (max(hit.start - end, 0), 1)


def _chain(hits: list[RungWord], nearest: RungWord, text: str, end: int) -> list[RungWord]:
    """Return the words that stand together with the nearest one ("建成投运", "completed and operational")."""
    low = high = hits.index(nearest)

    def together(one: RungWord, other: RungWord) -> bool:
        between = text[one.end : other.start]
        if _DIGIT.search(between) and "、" in between:
            return False  # "开工9个、投运4个": each word has its own number
        if len(between) <= _GLUED:
            return True
        if len(between) <= _JOINED and _EITHER.search(between):
            return True
        return one.end <= end <= other.start and len(between) <= _AROUND and bool(_BOTH.search(between[-6:]))

    while low > 0 and together(hits[low - 1], hits[low]):
        low -= 1
    while high + 1 < len(hits) and together(hits[high], hits[high + 1]):
        high += 1
    return hits[low : high + 1]


_ASKS = re.compile(r"是否|能否|有没有|[吗么]\s?\??$|\bwhether\b")


def _asks(found: LocatedQuantity, reading: Reading) -> bool:
    """Say whether the sentence of a quantity asks: it asserts nothing."""
    first, last = reading.clauses.sentence(found.start)
    if first not in reading.asking:
        sentence = reading.clauses.text[first:last].rstrip() if last - first < FOCUS else ""
        reading.asking[first] = sentence.endswith("?") or _ASKS.search(sentence) is not None
    return reading.asking[first]


_REACHED = re.compile(r"(?:达到?|突破|超过|形成|\b(?:reached|totall?ed|hit))\s?[约近]?$")
_SO_FAR = re.compile(r"年来|以来|过去[一二三四五\d]年|迄今|至今")
_ROOM_FOR = re.compile(r"(?:可|能够?|足以)(?:容纳|部署|安装|放置|安放|摆放)[^,。;]{0,16}$")
_BEFORE_GROWTH = re.compile(
    r"(?:\b(?:up|down|grew|rose|increase[ds]?|expand(?:ed)?|rising|growing) from (?:just |only |about )?|"
    r"\bfrom (?:just |only |about |the current )?|[从由](?:年初的?|目前的?|原来的?|原有的?|现有的?|约)?|compared with )"
    r"[$€¥]?$"
)


def stage_of(found: LocatedQuantity, kind: str, when: str, reading: Reading) -> Assertion:
    """Return what is asserted of a quantity; what the text dates after its own day is a promise.

    What something grew from takes no rung from the verb of its clause, and a question asserts none.
    """
    text = reading.clauses.text
    near = text[max(0, found.start - 32) : found.start]
    if _IS_DENIED.search(near):
        return Assertion("", "", "denied")
    is_start = TARGET.match(text, found.end) is not None and _BEFORE_GROWTH.search(near) is not None
    compared = ("from " in near or "with " in near) and _UP_FROM.search(near)
    if is_start or compared or (" of " in near and OF_WHOLE.search(near)):
        return Assertion()
    if _asks(found, reading):
        return Assertion()
    at, stop = _around(found, reading)
    if _OF_A_BIDDER.search(text, at, stop) or (
        text.find(" have ", at, stop) >= 0 and _NEVER_WAS.search(text, at, stop)
    ):
        return Assertion()
    asserted = stage(reading.clauses, found.start, found.end, found.family in APART, kind)
    day = when[:10]
    has_day = day or _SO_FAR.search(text, reading.clauses.sentence(found.start)[0], found.start)
    if not asserted.modality and kind in _MACHINES and has_day and _REACHED.search(near):
        asserted = Assertion("roofed", "roofed", "has")
    if asserted.modality == "has" and _ROOM_FOR.search(near):
        asserted = replace(asserted, modality="can carry")
    if kind in ("voltage", "transformer") and asserted.rung == LADDER[-1]:
        asserted = replace(asserted, rung="powered", aim="powered")  # a line or a substation in service has power
    if reading.document and day > reading.document.isoformat()[: len(day)]:
        return promised(asserted, reading.clauses, found.start)
    if not reading.document and kind in _MAY_STAND and _is_goal(found, reading):
        return promised(asserted, reading.clauses, found.start) if asserted.modality else _GOAL
    return asserted


_GOAL = Assertion("announced", "announced", "will")
_BY_YEAR = re.compile(r"到(?:20\d\d|二[〇零]\S{2})年")


def _is_goal(found: LocatedQuantity, reading: Reading) -> bool:
    """Say whether a sentence without a document's date sets its number for a year: 到2028年，算力达到8EFLOPS."""
    first, text = reading.clauses.sentence(found.start)[0], reading.clauses.text
    at, stop = _around(found, reading)
    by_year = _BY_YEAR.search(text, max(first, found.start - REACH), found.start)
    return by_year is not None and not _ALREADY.search(text, at, stop) and text[by_year.start() - 1 : by_year.start()] != "截"


_IS_DENIED = re.compile(r"(?:不是|并非|而非|绝非|并不是)\s?[\"“'‘]?$|\bnot (?:(?:asking for|the|a|some|about) )?[$€¥£]?$")
"""what stands before a number that is said not to be so: 不是1万P，是1000P"""
OF_WHOLE = re.compile(
    r"(?<!phase )(?<!stage )\b\d[\d,.]*\s?(?:[A-Za-z]{1,4} )?(?:out )?of (?:the |its |some |about |an? )?"
    r"(?:(?:planned|eventual|total|proposed|promised|ultimate|intended) )?$",
    re.IGNORECASE,
)
_NEVER_WAS = re.compile(r"\b(?:would|could|must|shall|should) have (?:been )?\w+(?:ed|en|lt|ld)\b")
"""what would have been and was not, or what a bidder must have done"""
_OF_A_BIDDER = re.compile(
    r"(?:投标|申请|响应|应答)(?:人|单位|方)[^,。]{0,6}(?:具有|具备|自有|拥有|承接|完成过|不低于|不少于)|供应商[^,。]{0,4}(?:具有|具备|自有|拥有)"
)


def _around(found: LocatedQuantity, reading: Reading) -> tuple[int, int]:
    """Return the ends of the clause of a quantity, at most 80 characters on either side."""
    at, stop = reading.clauses.clause(found.start)
    return max(at, found.start - 80), min(stop, found.end + 80)


_UP_FROM = re.compile(r"\b(?:up|down) from (?:just |only |about )?[$€¥]?$|compared with [$€¥]?$")
TARGET = re.compile(r"\s?(?:to\b|增|提|扩|升|到|至)")
# what a sentence adds at its end about the whole, after the milestones of its parts
APART = ("money_cny", "money_usd", "money_hkd", "money_eur", "land", "area", "feet", "duration", "pue", "share")
