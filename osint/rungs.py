"""Read which rung of the ladder a clause asserts for a quantity in it: tense and negation first."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from osint import vocabulary

_END = re.compile(r"(?=[。!?！？；;\n.\s])(?:[。!?！？；;\n]|(?<=[a-z0-9)%\"'])\.(?=\s+[A-Z\"(]|\s*$)|\s\|\s)")
_COMMA = re.compile(
    r"(?=[,:\s])(?:(?<!\d),|,(?!\d{3})|\sand\s(?=(?:is|are|was|were|will|would|has|have|plans|expects|aims)\b)|:(?=\s|[一-龥])|\s(?:while|whereas|but|after which)\s|(?<=[a-z])\s(?:-|--)\s)"
)
_NEGATION_REACH = 12


@dataclass(frozen=True, slots=True)
class Hit:
    """One word of `rungs.csv` in a text."""

    start: int
    end: int
    role: str
    """a rung, or "future"; negated rungs are left out"""


class Clauses:
    """The sentences and clauses of one folded text, and the rung words in them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sentence_ends = [0, *(m.end() for m in _END.finditer(text)), len(text) + 1]
        cuts = {m.end() for m in _COMMA.finditer(text)}
        self.clause_ends = sorted(cuts | set(self.sentence_ends))
        self._hits: dict[int, list[Hit]] = {}

    def sentence(self, offset: int) -> tuple[int, int]:
        """Return the span of the sentence that holds `offset`."""
        index = bisect_right(self.sentence_ends, offset)
        return self.sentence_ends[index - 1], min(self.sentence_ends[index], len(self.text))

    def clause(self, offset: int) -> tuple[int, int]:
        """Return the span of the clause that holds `offset`."""
        index = bisect_right(self.clause_ends, offset)
        return self.clause_ends[index - 1], min(self.clause_ends[index], len(self.text))

    def hits(self, start: int, stop: int) -> list[Hit]:
        """Return the rung words of the clause that spans [start, stop); each clause is read once."""
        if start not in self._hits:
            found = sorted(_words_in(self.text, start, stop), key=lambda hit: hit.start)
            self._hits[start] = [hit for hit in _without_negated(found, self.text) if hit.role != "none"]
        return self._hits[start]


_WORD = re.compile(r"[A-Za-z][A-Za-z']*")


def _words_in(text: str, start: int, stop: int) -> list[Hit]:
    han, roles, phrases = vocabulary.rung_words()
    found = [Hit(m.start(), m.end(), roles[m.group()]) for m in han.finditer(text, start, stop)]
    busy = start
    for match in _WORD.finditer(text, start, stop):
        if match.start() < busy or match.group() == "May":
            continue
        for phrase in phrases.get(match.group().lower(), ()):
            end = match.start() + len(phrase)
            if text[match.start() : end].lower().replace("\n", " ") == phrase and not text[end : end + 1].isalpha():
                found.append(Hit(match.start(), end, roles[phrase]))
                busy = end
                break
    return found


def _without_negated(hits: list[Hit], text: str) -> list[Hit]:
    """Drop negations and the rung words they reach: those behind them in the same clause, close by."""
    kept: list[Hit] = []
    negation: Hit | None = None
    for hit in hits:
        if hit.role == "negation":
            negation = hit
            continue
        if negation and hit.start - negation.end <= _NEGATION_REACH:
            between = text[negation.end : hit.start]
            if not re.search(r"[,。;!?\n]", between):
                negation = Hit(hit.start, hit.end, "negation")
                continue
        if hit.start and text[hit.start - 1] in "未不" and text[hit.start - 1 : hit.start + 1] != "未来":
            continue
        kept.append(hit)
    return kept


@dataclass(frozen=True, slots=True)
class Stage:
    """What a clause says of the state of a thing."""

    rung: str = ""
    """the rung that the words say is reached; "announced" for future and intention; "" where none is stated"""
    aim: str = ""
    """the rung that the future or the intention speaks of ("will be completed": roofed), else `rung`"""
    modality: str = ""
    """has, will, would, can carry; "" where no rung is stated"""


def stage(clauses: Clauses, start: int, end: int) -> Stage:
    """Return what is asserted of the quantity at [start, end).

    The clause of the quantity decides; a clause without such a word takes the one that the sentence
    before it left standing, else the one of a clause behind it that has no subject of its own.
    """
    first, last = clauses.sentence(start)
    at, stop = clauses.clause(start)
    ahead = stop
    for _ in range(6):
        hits = clauses.hits(at, stop)
        if hits:
            return _decide(clauses, hits, start, end)
        if at <= first:
            break
        at, stop = clauses.clause(at - 1)[0], at
    if ahead < last and is_predicate(clauses, ahead):
        hits = clauses.hits(*clauses.clause(ahead))
        return _decide(clauses, hits, start, end) if hits else Stage()
    return Stage()


_PREDICATE = re.compile(
    r"\s?(?:(?:目前|现)?(?:已|均|全部)|将|预计|计划|拟|尚|应该?|主体|(?:去|今|明|20\d\d)年|\d{1,2}月|"
    r"(?:is|are|was|were|went|will|has|have|due|expected|announced|scheduled|completed|now)\b)"
)


def is_predicate(clauses: Clauses, at: int) -> bool:
    """Say whether the clause at `at` has no subject of its own, so that it speaks of what stands before it."""
    return bool(_PREDICATE.match(clauses.text, at)) and not re.search(
        r"\d[\d.,]*\s?(?:[万亿PMGk台张架个套块亩元%座栋]|平方米|GPU|chip|server)",
        clauses.text[slice(*clauses.clause(at))],
    )


_EITHER = re.compile(r"或|和|及|、|\bor\b")


_BOTH = re.compile(r"并|且|\band\b")
_CARRY = re.compile(r"承载|room for|space for|can (?:house|hold|host|accommodate)|capable of", re.IGNORECASE)
_WOULD = re.compile(r"would|could|may|should|力争|有望|争取|可望|打算|希望", re.IGNORECASE)


def _decide(clauses: Clauses, hits: list[Hit], start: int, end: int) -> Stage:
    future = [hit for hit in hits if hit.role == "future"]
    plain = [hit for hit in hits if hit.role != "future"]
    if future and any(hit.end <= start for hit in plain) and all(hit.start >= end for hit in future):
        future, plain = [], [hit for hit in plain if hit.end <= start]
    if future:
        words = " ".join(clauses.text[hit.start : hit.end] for hit in future)
        aims = [hit.role for hit in plain] + [role for role in map(_role_inside, words.split()) if role]
        return Stage(
            "announced",
            max(aims, key=vocabulary.RUNGS.index, default="announced"),
            "would" if _WOULD.search(words) else "will",
        )
    nearest = min(plain, key=lambda hit: _distance(hit, start, end))
    chain = _chain(plain, nearest, clauses.text, end)
    words = clauses.text[chain[0].start : chain[-1].end]
    if _CARRY.search(clauses.text[nearest.start : nearest.end]):
        return Stage(nearest.role, nearest.role, "can carry")
    # "built or under construction" asserts only the lower of the two, "built and operational" the higher
    pick = min if _EITHER.search(words) else max
    rung = pick((hit.role for hit in chain), key=vocabulary.RUNGS.index)
    return Stage(rung, rung, "will" if rung == "announced" else "has")


def _role_inside(word: str) -> str:
    """Return the rung of the word that a future word begins with: 建成 of 建成后."""
    roles = vocabulary.rung_words()[1]
    return next((roles[word[:n]] for n in (3, 2) if roles.get(word[:n]) in vocabulary.RUNGS), "")


def _distance(hit: Hit, start: int, end: int) -> tuple[int, int]:
    return (start - hit.end, 0) if hit.end <= start else (max(hit.start - end, 0), 1)


def _chain(hits: list[Hit], nearest: Hit, text: str, end: int) -> list[Hit]:
    """Return the words that stand together with the nearest one ("建成投运", "completed and operational")."""
    low = high = hits.index(nearest)

    def together(one: Hit, other: Hit) -> bool:
        between = text[one.end : other.start]
        if len(between) <= 5:
            return True
        if len(between) <= 16 and _EITHER.search(between):
            return True
        return one.end <= end <= other.start and len(between) <= 40 and bool(_BOTH.search(between[-6:]))

    while low > 0 and together(hits[low - 1], hits[low]):
        low -= 1
    while high + 1 < len(hits) and together(hits[high], hits[high + 1]):
        high += 1
    return hits[low : high + 1]
