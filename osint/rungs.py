"""Read which rung of the ladder a clause asserts for a quantity in it: tense and negation first."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from osint import vocabulary

_END = re.compile(r"[。!?！？；;\n]|(?<=[a-z0-9)%\"'])\.(?=\s+[A-Z\"(]|\s*$)|\s\|\s")
_COMMA = re.compile(
    r"(?<!\d),|,(?!\d{3})|\sand\s(?=(?:is|are|was|were|will|would|has|have|plans|expects|aims)\b)|:(?=\s|[一-龥])|\s(?:while|whereas|but|after which)\s|(?<=[a-z])\s(?:-|--)\s"
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


def rung(clauses: Clauses, start: int, end: int) -> str:
    """Return the rung asserted for the quantity at [start, end), or "" where none is stated.

    The clause of the quantity decides; a clause without such a word takes the one that the sentence
    before it left standing.  Future and intention make every rung an announced one.
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
        return _decide(clauses, hits, start, end) if hits else ""
    return ""


_PREDICATE = re.compile(
    r"\s?(?:(?:目前|现)?(?:已|均|全部)|将|预计|计划|拟|尚|主体|(?:去|今|明|20\d\d)年|\d{1,2}月|"
    r"(?:is|are|was|were|went|will|has|have|due|expected|announced|scheduled|completed|now)\b)"
)


def is_predicate(clauses: Clauses, at: int) -> bool:
    """Say whether the clause at `at` has no subject of its own, so that it speaks of what stands before it."""
    return bool(_PREDICATE.match(clauses.text, at)) and not re.search(
        r"\d[\d.]*\s?(?:[万亿]?[PMGk]W?|万|亿)", clauses.text[slice(*clauses.clause(at))]
    )


_EITHER = re.compile(r"或|和|及|、|\bor\b")


def _decide(clauses: Clauses, hits: list[Hit], start: int, end: int) -> str:
    future = [hit for hit in hits if hit.role == "future"]
    plain = [hit for hit in hits if hit.role != "future"]
    if future:
        before = [hit for hit in plain if hit.end <= start]
        if before and all(hit.start >= end for hit in future):
            plain = before
        else:
            return "announced"
    nearest = min(plain, key=lambda hit: _distance(hit, start, end))
    chain = _chain(plain, nearest)
    # "built or under construction" asserts only the lower of the two, "built and operational" the higher
    words = clauses.text[chain[0].start : chain[-1].end]
    pick = min if _EITHER.search(words) else max
    return pick((hit.role for hit in chain), key=vocabulary.RUNGS.index)


def _distance(hit: Hit, start: int, end: int) -> tuple[int, int]:
    return (start - hit.end, 0) if hit.end <= start else (max(hit.start - end, 0), 1)


def _chain(hits: list[Hit], nearest: Hit) -> list[Hit]:
    """Return the words that stand together with the nearest one ("建成投运", "completed and operational")."""
    index = hits.index(nearest)
    low = high = index
    while low > 0 and hits[low].start - hits[low - 1].end <= 5:
        low -= 1
    while high + 1 < len(hits) and hits[high + 1].start - hits[high].end <= 5:
        high += 1
    return hits[low : high + 1]
