"""Read what a clause asserts of a quantity: the rung of the ladder, tense and negation first."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from osint.claims.numbers import fold
from osint.claims.retractions import TakenBack, taken_back
from osint.claims.units import WEAK_ROLES, rung_words
from osint.register import LADDER

# each of the two begins with one class of characters, so that the search skips at full speed
_END = re.compile(r"[。!?！？；;\n.|](?:(?<=[^.|])|(?<=[a-z0-9)%\"']\.)(?=\s+[A-Z\"(]|\s*$)|(?<=\s\|)\s)")
_FINITE = "is|are|was|were|will|would|should|could|may|has|have|plans|expects|aims"
_COMMA = re.compile(
    rf"[,:\s](?:(?<=,)(?:(?<!\d,)|(?!\d{{3}}))|(?<=:)(?=\s|[一-龥])|(?<=\s)(?:and\s(?=(?:{_FINITE})\b)|"
    r"and\s(?=[$€¥]?\d[\d.,]{0,15}[^,.;]{0,40}?\s(?:is|are|was|were|will|have|has)\b)|"
    r"(?:said|says)\s(?=(?:it|that|the|they|he|she)\b)|(?:while|whereas|but|after which)\s|(?<=[a-z]\s)--?\s))"
)
_NEGATION_REACH = 12  # characters behind a negation within which it takes a rung word back (judgement)
_NONE_REACH = 60  # the same behind "none of" and "not one of", whose number follows (judgement)
_LOOK_AHEAD = 60  # characters behind a comma or an "and" that say whether a clause ends there (judgement)
_SOME, _REACH = 20, 200  # rung words, and characters, that are read on either side of a quantity (bounds the time)
_GLUED, _JOINED, _AROUND = 5, 16, 40
"""longest gap, in characters, between two rung words of one phrase: alone, with "or" or "and", around the number"""


@dataclass(frozen=True, slots=True)
class RungWord:
    """One word of `rungs.csv` in a text."""

    start: int
    end: int
    role: str
    """a rung, "stands", "bought" or "future"; negated rungs are left out"""


class Clauses:
    """The sentences and clauses of one folded text, and the rung words in them; clauses are cut when asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentence_ends = [0, *(m.end() for m in _END.finditer(text)), len(text)]
        self._clause_ends: dict[int, list[int]] = {}
        self._last = self._last_sentence = (0, 0)
        self._hits: dict[int, list[RungWord]] = {}
        self._denied: set[int] = set()
        self._back: dict[int, TakenBack | None] = {}

    def sentence(self, offset: int) -> tuple[int, int]:
        """Return the span of the sentence that holds `offset`."""
        if not self._last_sentence[0] <= offset < self._last_sentence[1]:
            ends = self.sentence_ends
            index = bisect_right(ends, offset, 0, len(ends) - 1)
            self._last_sentence = ends[index - 1], ends[index]
        return self._last_sentence

    def taken_back(self, offset: int) -> TakenBack | None:
        """Return what the sentence that holds `offset` takes back; each sentence is read once."""
        start, stop = self.sentence(offset)
        if start not in self._back:
            self._back[start] = taken_back(self.text, start, stop)
        return self._back[start]

    def clause(self, offset: int) -> tuple[int, int]:
        """Return the span of the clause that holds `offset`."""
        if self._last[0] <= offset < self._last[1]:
            return self._last
        start, stop = self.sentence(offset)
        ends = self._clause_ends.get(start)
        if ends is None:
            cuts = _COMMA.finditer(self.text, start, min(stop + _LOOK_AHEAD, len(self.text)))
            inside = [m.end() for m in cuts if m.end() < stop and _separates(self.text, start, m.start(), m.end())]
            ends = self._clause_ends[start] = [start, *inside, stop]
        index = bisect_right(ends, offset, 0, len(ends) - 1)
        self._last = ends[index - 1], ends[index]
        return self._last

    def hits(self, start: int, stop: int) -> list[RungWord]:
        """Return the rung words of the clause that spans [start, stop); each clause is read once."""
        if start not in self._hits:
            found = _without_negated(self.text, start, stop)
            self._hits[start] = [hit for hit in found if hit.role not in ("none", "denied")]
            if any(hit.role == "denied" for hit in found):
                self._denied.add(start)
        return self._hits[start]

    def denies(self, start: int, stop: int) -> bool:
        """Say whether the clause that spans [start, stop) denies a rung: 尚未开工."""
        self.hits(start, stop)
        return start in self._denied


_MEASURED = re.compile(r"\d-[a-z]{2,12}(?:-[a-z]{2,12})?$")
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|will)\b")


def _separates(text: str, sentence: int, start: int, end: int) -> bool:
    """Say whether a comma or an "and" at [start, end) separates two clauses."""
    if text[end : end + 1].isdigit() and text[start:end].strip() == "and":
        return bool(_VERB.search(text, max(sentence, start - 80), start))  # "two are complete and 300 are in use"
    behind = text[end : end + 2].lstrip()[:1]
    joins_measures = behind and (behind.isdigit() or behind in "$€")  # "a $390-million, 20-megawatt hall"
    return not (joins_measures and _MEASURED.search(text[max(0, start - 24) : start]))


# "construction of the 48MW hall began": the noun and its verb stand apart
_WORK_BEGAN = re.compile(
    r"\b(?:[Cc]onstruction|[Ww]ork) (?:of|on|at) [^,;.]{1,60}? "
    r"(?:began|started|commenced|is underway|has begun|has started)\b"
)


def _words_in(text: str, start: int, stop: int) -> list[RungWord]:
    words, roles = rung_words()
    found = [RungWord(at, end, roles[word]) for at, end, word in words.find(text, start, stop) if text[at:end] != "May"]
    for match in _WORK_BEGAN.finditer(text, start, stop) if "ork " in text or "onstruction " in text else ():
        found.append(RungWord(match.end() - len(match.group().rsplit(" ", 1)[1]), match.end(), "ground broken"))
    return sorted(found, key=lambda hit: hit.start)


def _without_negated(text: str, start: int, stop: int) -> list[RungWord]:
    """Return the rung words of a clause without negations and what they reach: those behind them, close by."""
    kept: list[RungWord] = []
    negation: RungWord | None = None
    for hit in _words_in(text, start, stop):
        if hit.role == "negation":
            negation = hit
            continue
        of_none = negation and text.endswith("one of", 0, negation.end)
        if of_none and hit.role == "future":
            kept.append(hit)  # "none of its planned halls was built"
            continue
        if (
            negation
            and hit.start - negation.end <= (_NONE_REACH if of_none else _NEGATION_REACH)
            and not re.search(r",(?!\d)|[。;!?\n]", text[negation.end : hit.start])
        ):
            negation = negation if of_none else RungWord(hit.start, hit.end, "negation")
            if hit.role not in ("none", "future"):
                kept.append(RungWord(hit.start, hit.end, "denied"))
            continue
        if hit.start and text[hit.start - 1] in "未不" and text[hit.start - 1 : hit.start + 1] != "未来":
            if hit.role not in ("none", "future"):
                kept.append(RungWord(hit.start, hit.end, "denied"))
            continue
        kept.append(hit)
    if negation and _NOT_YET.fullmatch(text, negation.start, negation.end):
        kept.append(RungWord(negation.start, negation.end, "denied"))
    return kept


_NOT_YET = re.compile(
    r"尚未|暂未|还未|仍未|未能|并未|尚无|not yet|yet to|has(?: not|n't)|have(?: not|n't)|failed to", re.IGNORECASE
)


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
    first, last = clauses.sentence(start)
    own = at, stop = clauses.clause(start)
    says_itself = apart and _OWN_VERB.search(clauses.text, max(at, start - 80), start) is not None
    for _ in range(6):
        near = _near(clauses.hits(at, stop), start)
        hits = [hit for hit in near if hit.start < end or not _governs_forward(clauses.text, hit)]
        if says_itself:
            hits = [hit for hit in hits if hit.role == "future" or not _verb_between(clauses.text, hit, start)]
        hits = [hit for hit in hits if not (hit.start >= end and _IN_PART.search(clauses.text, at, hit.start))]
        is_done = _ALREADY.search(clauses.text, max(at, start - _REACH), start)
        if hits and (at, stop) == own and own[1] < last and not (_strong(hits) or is_done):
            hits = _strong(_behind(clauses, own[1], last)) or hits
        if hits and (at, stop) == own and all(hit.role == "contract" for hit in hits):
            hits = hits if not _MEANT.search(clauses.text, first, at) else []
        hits = _settled(clauses.text, hits, kind)
        if hits:
            if at < own[0] and _lends_nothing(clauses.text, hits, own[0], start):
                return Assertion()
            if clauses.denies(at, stop) and all(hit.role == "future" for hit in hits):
                return Assertion()  # "原定年内交付, 至今未到货": what was meant and did not come
            asserted = _decide(clauses, hits, start, end)
            if at < own[0] and asserted.modality == "has" and _OWN_MATTER.search(clauses.text, stop, start):
                return Assertion()
            if (at, stop) != own and (asserted.modality == "can carry" or _done(asserted, clauses, own, start)):
                return Assertion()  # what a hall can carry says nothing of what the next clause measures
            return _intended(asserted, clauses, at) if asserted.modality == "has" else asserted
        if at <= first:
            break
        if says_itself or clauses.denies(at, stop):
            return Assertion()
        at, stop = clauses.clause(at - 1)[0], at
    if own[1] < last and not says_itself:
        hits = _settled(clauses.text, _behind(clauses, own[1], last), kind)
        return _decide(clauses, hits, start, end) if hits else Assertion()
    return Assertion()


_OWN_MATTER = re.compile(r"配套|创建|培育|吸引|带动|降至|降到|节约|减排|\b(?:against|compared with)\b")
"""words by which a clause turns to a matter of its own, of which the done work before it says nothing"""


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


_MEANT = re.compile(r"签订|签署|签约|意向|拟")
_ADJECTIVES = ("在运", "在用", "在建")
_SAYS = re.compile(r"达|增至|增长")


def _lends_nothing(text: str, hits: list[RungWord], own: int, start: int) -> bool:
    """Say whether rung words of an earlier clause only describe its noun (在用机柜), and the own clause has a verb."""
    described = all(text[hit.start : hit.end] in _ADJECTIVES for hit in hits)
    return described and _SAYS.search(text, own, start) is not None


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
        if not _HAN.search(clauses.text, at, min(clauses.clause(at)[1], at + _REACH)):
            return []
        at = clauses.clause(at)[1]
        if at >= last:
            return []
    return []


_DONE = re.compile(
    r"已|目前|累计|入驻|引进|集聚|\b(?:has|have|had) (?:already )?(?:been )?\w+ed\b|\b(?:was|were|currently)\b"
)


def _done(asserted: Assertion, clauses: Clauses, own: tuple[int, int], start: int) -> bool:
    """Say whether a clause reports what is done, so that it does not take the intention before it."""
    return (
        asserted.rung == "announced"
        and asserted.modality != "has"
        and _DONE.search(clauses.text, max(own[0], start - _REACH), min(own[1], start + _REACH)) is not None
    )


def _verb_between(text: str, hit: RungWord, start: int) -> bool:
    """Say whether the verb of a sum or an area stands between a rung word and its number."""
    return hit.end <= start and _OWN_VERB.search(text, max(hit.end, start - _REACH), start) is not None


# "力争到2026年底," opens a sentence: all that follows is meant for then, unless it says 已 or 目前
_INTENT = re.compile(r"\s?(?:力争|预计|计划|争取|确保|有望|目标是?|规划)[^,。]{0,14},")
_ALREADY = re.compile(r"已|目前|现有|累计")


def _intended(asserted: Assertion, clauses: Clauses, at: int) -> Assertion:
    """Return `asserted` as a promise where the sentence opens with an intention."""
    first, stop = clauses.sentence(at)[0], clauses.clause(at)[1]
    if (
        at > first
        and _INTENT.match(clauses.text, first)
        and not _ALREADY.search(clauses.text, at, min(stop, at + _REACH))
    ):
        return Assertion("announced", asserted.aim, "will")
    return asserted


def promised(asserted: Assertion, clauses: Clauses, start: int) -> Assertion:
    """Return `asserted` as a promise: for what a clause dates after its document without a word of the future."""
    at, stop = clauses.clause(start)
    if (
        asserted.modality != "has"
        or asserted.rung == "filed"
        or _ALREADY.search(clauses.text, max(at, start - _REACH), min(stop, start + _REACH))
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


_PREDICATE = re.compile(
    r"\s?(?:(?:目前|现)?(?:已|均|全部)|合同已|将|预计|计划|力争|争取|有望|拟|尚|应该?|主体|(?:去|今|明|20\d\d)年|\d{1,2}月|"
    r"(?:is|are|was|were|went|will|has|have|due|expected|announced|scheduled|completed|now|which)\b)"
)


def is_predicate(clauses: Clauses, at: int) -> bool:
    """Say whether the clause at `at` has no subject of its own, so that it speaks of what stands before it."""
    stop = min(clauses.clause(at)[1], at + _REACH)
    return bool(_PREDICATE.match(clauses.text, at)) and not counts_itself(clauses.text, at, stop)


def counts_itself(text: str, at: int, stop: int) -> bool:
    """Say whether text[at:stop] holds a quantity of its own."""
    return _COUNTED.search(text, at, stop) is not None


_COUNTED = re.compile(
    r"\d[\d.,]{0,20}\s?(?:[万亿台张架个套块亩元%座栋]|平方米|(?:[PMGk]|GPU)(?![a-z])|chip|server)|"
    r"[一二两三四五六七八九十百千万亿][余多]?(?:[台张架套块亩元]|平方米)"
)
_EITHER = re.compile(r"或|和|及|、|\bor\b")
_DIGIT, _BE = re.compile(r"\d"), re.compile(r"\b(?:is|are|was|were)\b")
_BOTH = re.compile(r"并|且|\band\b")
_CARRY = re.compile(r"承载|room for|space for|can (?:house|hold|host|accommodate)|capable of", re.IGNORECASE)
_WOULD = re.compile(r"would|could|may|should|力争|有望|争取|可望|打算|希望", re.IGNORECASE)


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
    if future:
        words = " ".join(clauses.text[hit.start : hit.end] for hit in future)
        filed = [hit for hit in plain if hit.role == "filed"]
        if filed and _DUTY.fullmatch(words):  # a duty in a contract: the contract is on paper
            return Assertion("filed", max((hit.role for hit in plain), key=LADDER.index), "will")
        aims = [hit.role for hit in plain] + [role for role in map(_role_inside, words.split()) if role]
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


def _role_inside(word: str) -> str:
    """Return the rung of the word that a future word begins with: 建成 of 建成后."""
    roles = rung_words()[1]
    return next((roles[word[:n]] for n in (3, 2) if roles.get(word[:n]) in LADDER), "")


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
