"""Read what a clause asserts of a quantity: the rung of the ladder (tense and negation first) and its subject."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from osint.claims.units import declared_units, rung_words, spelling_key, unit_pattern, word_set
from osint.register import LADDER, Modality

# each of the two begins with one class of characters, so that the search skips at full speed
_END = re.compile(r"[。!?！？；;\n.|](?:(?<=[^.|])|(?<=[a-z0-9)%\"']\.)(?=\s+[A-Z\"(]|\s*$)|(?<=\s\|)\s)")
_FINITE = "is|are|was|were|will|would|should|could|may|has|have|plans|expects|aims"
_COMMA = re.compile(
    rf"[,:\s](?:(?<=,)(?:(?<!\d,)|(?!\d{{3}}))|(?<=:)(?=\s|[一-龥])|(?<=\s)(?:and\s(?=(?:{_FINITE})\b)|"
    r"and\s(?=[$€¥]?\d[\d.,]{0,15}[^,.;]{0,40}?\s(?:is|are|was|were|will|have|has)\b)|"
    r"(?:said|says)\s(?=(?:it|that|the|they|he|she)\b)|(?:while|whereas|but|after which)\s|(?<=[a-z]\s)--?\s))"
)
_NEGATION_REACH = 12  # characters behind a negation within which it takes a rung word back (judgement)
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
    """a rung, or "future"; negated rungs are left out"""


class Clauses:
    """The sentences and clauses of one folded text, and the rung words in them; clauses are cut when asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentence_ends = [0, *(m.end() for m in _END.finditer(text)), len(text)]
        self._clause_ends: dict[int, list[int]] = {}
        self._last = self._last_sentence = (0, 0)
        self._hits: dict[int, list[RungWord]] = {}

    def sentence(self, offset: int) -> tuple[int, int]:
        """Return the span of the sentence that holds `offset`."""
        if not self._last_sentence[0] <= offset < self._last_sentence[1]:
            ends = self.sentence_ends
            index = bisect_right(ends, offset, 0, len(ends) - 1)
            self._last_sentence = ends[index - 1], ends[index]
        return self._last_sentence

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
            self._hits[start] = [hit for hit in _without_negated(self.text, start, stop) if hit.role != "none"]
        return self._hits[start]


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
        if (
            negation
            and hit.start - negation.end <= _NEGATION_REACH
            and not re.search(r"[,。;!?\n]", text[negation.end : hit.start])
        ):
            negation = RungWord(hit.start, hit.end, "negation")
            continue
        if hit.start and text[hit.start - 1] in "未不" and text[hit.start - 1 : hit.start + 1] != "未来":
            continue
        kept.append(hit)
    return kept


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a clause says of the state of a thing."""

    rung: str = ""
    """the rung that the words say is reached; "announced" for future and intention; "" where none is stated"""
    aim: str = ""
    """the rung that the future or the intention speaks of ("will be completed": roofed), else `rung`"""
    modality: str = ""
    """has, will, would, can carry; "" where no rung is stated"""


_WITHDRAWN = re.compile(
    r"终止|撤回|撤销|流标|废标|停建|搁置|不予(?:批复|核准|备案|受理|通过)|叫停|(?:项目|计划|合同|订单|采购|招标|建设)[^,。;]{0,8}(?:取消|中止|暂停)|"
    r"\b(?:withdrawn|withdrew|rejected|rejects|cancelled|canceled|scrapped|shelved|paused|halted|abandoned|terminated|"
    r"called off|axed)\b|\bblocked (?:the|a|an|plans?)\b|\b(?:is|was|were|been) (?:blocked|suspended|refused)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"辟谣|否认|并未|并无|从未|不实|未(?:采购|购买|购入|订购|签署|拥有)|没有(?:采购|购买|部署|安装|签署|计划)|"
    r"\b(?:did not|didn't|never|denied|denies) (?!only)|\bno such\b|\bhas not (?:bought|ordered|installed|signed)\b",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"(?:未|没有|不会|无)(?:被)?$|\b(?:not|never|without|denied|nor)\W{1,3}(?:be |been |being )?$", re.IGNORECASE
)
_OBJECTION = re.compile(r"\s(?:objections?|appeals?|claims?|calls|criticism|a bid to stop|异议)", re.IGNORECASE)
_LONGEST_TAKEN_BACK = 240


class TakenBack(NamedTuple):
    """The words by which a sentence takes a claim back."""

    modality: Modality
    """withdrawn (was meant, is no more) or denied (is said not to be)"""
    words: str
    start: int
    """offset of the words"""


def taken_back(text: str, start: int, stop: int) -> TakenBack | None:
    """Return the words by which a sentence says that a plan is withdrawn, refused or denied; None where it does not.

    >>> taken_back("The 450 MW plan was withdrawn.", 0, 30)[:2], taken_back("辟谣:并无1500张加速卡", 0, 14)[:2]
    ((<Modality.WITHDRAWN: 'withdrawn'>, 'withdrawn'), (<Modality.DENIED: 'denied'>, '辟谣'))
    """
    if stop - start > _LONGEST_TAKEN_BACK:
        return None
    for pattern, modality in ((_WITHDRAWN, Modality.WITHDRAWN), (_DENIED, Modality.DENIED)):
        match = pattern.search(text, start, stop)
        kept = match and re.search("未|没有|不会", match.group()[:-2]) and pattern is _WITHDRAWN
        if match and not (kept or _STILL.search(text, start, match.start()) or _OBJECTION.match(text, match.end())):
            return TakenBack(modality, match.group().strip(), match.start())
    return None


def stage(clauses: Clauses, start: int, end: int, apart: bool = False) -> Assertion:
    """Return what is asserted of the quantity at [start, end).

    The clause of the quantity decides; a clause without such a word takes the one that the sentence
    before it left standing, else the one of a clause behind it that has no subject of its own.  With
    `apart` (money, areas, shares) an English clause with a verb of its own borrows none: "the hall is
    live, and the project cost $3bn" says nothing of the rung of the sum.
    """
    first, last = clauses.sentence(start)
    own = at, stop = clauses.clause(start)
    says_itself = apart and _OWN_VERB.search(clauses.text, max(at, start - 80), start) is not None
    for _ in range(6):
        near = _near(clauses.hits(at, stop), start)
        hits = [hit for hit in near if hit.start < end or not _governs_forward(clauses.text, hit)]
        if says_itself:
            hits = [hit for hit in hits if hit.role == "future" or not _verb_between(clauses.text, hit, start)]
        if hits:
            asserted = _decide(clauses, hits, start, end)
            if (at, stop) != own and (asserted.modality == "can carry" or _done(asserted, clauses, own, start)):
                return Assertion()  # what a hall can carry says nothing of what the next clause measures
            return _intended(asserted, clauses, at) if asserted.modality == "has" else asserted
        if at <= first:
            break
        if says_itself:
            return Assertion()
        at, stop = clauses.clause(at - 1)[0], at
    if own[1] < last and not says_itself:
        hits = _behind(clauses, own[1], last)
        return _decide(clauses, hits, start, end) if hits else Assertion()
    return Assertion()


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
    r"stood|measures|runs to|sold|rose|fell|paid|pays|raised|accounts?|makes? up|valued|estimated)\b"
)


def _governs_forward(text: str, hit: RungWord) -> bool:
    """Say whether a word speaks only of what stands behind it: "agreed to", "to build", "a pipeline of"."""
    words = text[hit.start : hit.end].lower()
    return hit.role == "announced" and (words.startswith("to ") or words.endswith((" to", " of")))


_PREDICATE = re.compile(
    r"\s?(?:(?:目前|现)?(?:已|均|全部)|将|预计|计划|拟|尚|应该?|主体|(?:去|今|明|20\d\d)年|\d{1,2}月|"
    r"(?:is|are|was|were|went|will|has|have|due|expected|announced|scheduled|completed|now|which)\b)"
)


def is_predicate(clauses: Clauses, at: int) -> bool:
    """Say whether the clause at `at` has no subject of its own, so that it speaks of what stands before it."""
    stop = min(clauses.clause(at)[1], at + _REACH)
    return bool(_PREDICATE.match(clauses.text, at)) and not _COUNTED.search(clauses.text, at, stop)


_COUNTED = re.compile(r"\d[\d.,]{0,20}\s?(?:[万亿台张架个套块亩元%座栋]|平方米|(?:[PMGk]|GPU)(?![a-z])|chip|server)")
_EITHER = re.compile(r"或|和|及|、|\bor\b")
_DIGIT, _BE = re.compile(r"\d"), re.compile(r"\b(?:is|are|was|were)\b")
_BOTH = re.compile(r"并|且|\band\b")
_CARRY = re.compile(r"承载|room for|space for|can (?:house|hold|host|accommodate)|capable of", re.IGNORECASE)
_WOULD = re.compile(r"would|could|may|should|力争|有望|争取|可望|打算|希望", re.IGNORECASE)


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


# ---------------------------------------------------------------- subject

# what may stand between the words that name a quantity and its number
_FILLERS = word_set(
    "将 已 可 提供 不少于 不小于 约 共 达到 达 超过 超 为 有 近 逾 于 到 突破 不低于 不超过 不高于 高达 人民币 "
    '预计 大约 至少 的 和 及 与 、 : ( ) " “ 在 由 是 ,'
)
_FILLERS_BY_END = {
    end: sorted((word for word in _FILLERS if word[-1] == end), key=len, reverse=True)
    for end in {word[-1] for word in _FILLERS}
}
_CUT = re.compile(r"[\d%;。]")
_HAN_BEFORE, _HAN_AFTER = re.compile(r"[一-龥A-Za-z()]{2,14}$"), re.compile(r"的?([一-龥A-Za-z]{2,14})")
_LATIN_AFTER = re.compile(r"[\s-](?:of\s)?([A-Za-z][\w'-]{0,20}(?:\s[A-Za-z][\w'-]{0,20}){0,3})")
_RELATIVE = re.compile(r"\b(?:that|which|who)\b")
_TOKEN = re.compile(r"[A-Za-z][\w'&-]*")
_ARTICLES = word_set("the a an its their this that these those")
_SCALES = word_set("hundred thousand million billion trillion dozen half bn mn sq ft square")
_PRONOUNS = word_set("it they he she we which who there some")
# what ends a noun phrase: prepositions, and verbs that press and filings put before a number
_ENDS = word_set(
    "in on at by for to from with as of and or but about around nearly roughly over under between up is are was were "
    "be will would should could may can has have had said says plans plan aims covers cover spans costs cost uses use "
    "consumes draws includes comprises houses hosts holds totals reached reaches stands runs operates operate builds "
    "build bought buys spent invest invests ships delivers offers raises took takes broke went sold sells rose fell "
    "generates produces expects targets seeks needs requires provides contains features boasts hit got paid that "
    "which"
)


def subject(text: str, clause: tuple[int, int], start: int, end: int) -> str:
    """Return the words that name the quantity text[start:end]; `clause` is the span of its clause."""
    at, stop = clause
    before = text[max(at, start - 120) : start]
    after = text[end : min(stop, end + 40)]
    if _HAN.search(before[-40:] + after):
        return _han_subject(before[-40:], after)
    *earlier, last = _RELATIVE.split(before)
    run = _LATIN_AFTER.match(after)
    behind = _noun_phrase(run[1]) if run else ""
    counted = _noun_phrase(re.split(r"\d", text[start:end])[-1])
    return _noun_phrase(last) or behind or counted or (_noun_phrase(earlier[-1]) if earlier else "")


def _trim(words: str) -> str:
    """Return words without the fillers at their end."""
    while words:
        words = words.rstrip()
        filler = next((word for word in _FILLERS_BY_END.get(words[-1:], ()) if words.endswith(word)), "")
        if words.endswith("能") and not words.endswith("储能"):
            filler = "能"
        if not filler:
            break
        words = words[: -len(filler)]
    return words


@cache
def _unit() -> re.Pattern[str]:
    return re.compile(rf"[十百千万亿]{{0,4}}(?:{unit_pattern()})")


def _han_subject(before: str, after: str) -> str:
    pieces = _CUT.split(before)
    words = pieces[-1]
    unit = _unit().match(words) if len(pieces) > 1 else None
    words = _trim(words[unit.end() :] if unit else words)
    words = re.sub("^(?:[A-Z]{1,2}(?=[一-龥])|合计|其中)", "", words) if len(pieces) > 1 else words
    run = _HAN_BEFORE.search(words)
    if run:
        return run.group()
    run = _HAN_AFTER.match(after)
    return run[1] if run else ""


def _noun_phrase(before: str) -> str:
    """Return the noun phrase that some words begin with, without its article; empty if they begin otherwise."""
    words: list[str] = []
    for match in _TOKEN.finditer(before):
        word = match.group()
        glued = re.search(r"[\d.]-?$", before[max(0, match.start() - 2) : match.start()])
        if glued or before[match.end() : match.end() + 1] == "$" or word.lower() in _SCALES:
            continue  # "345kV", "390-million", "S$"
        if word.lower() in _ENDS or (words and words[-1].lower() not in _ARTICLES and word.endswith("ed")):
            break
        if spelling_key(word) not in declared_units():
            words.append(word)
    while words and words[0].lower() in _ARTICLES:
        words = words[1:]
    return "" if not words or (words[0].lower() in _PRONOUNS and words[0] != "IT") else " ".join(words[:6])
