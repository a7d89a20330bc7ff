"""Find the date that governs a quantity."""

from __future__ import annotations

import re
from bisect import bisect_left

from osint.claims.clauses import Clauses, counts_itself, is_predicate
from osint.claims.dates import Mention
from osint.claims.quantities import LocatedQuantity
from osint.claims.reading import Reading
from osint.claims.stages import APART, OF_WHOLE, TARGET

_BESIDE, _LENT, _PART_REACH = 40, 200, 200
"""dates of a clause that are compared, and characters over which a date behind, or the mention of a part, counts"""
_ALONE, _LEFT_OVER = 12, 2
"""characters of a clause without its date, and of that without opening words, up to which it only gives a date"""


def is_part_of_date(found: LocatedQuantity, reading: Reading) -> bool:
    """Say whether a count or a duration is a part of a date."""
    if found.family not in ("duration", "thing", "count"):
        return False
    inside = reading.dates(reading.clauses.sentence(found.start))
    index = bisect_left(inside, found.end, key=lambda mention: mention.start) - 1
    return index >= 0 and inside[index].end > found.start


def date_of(found: LocatedQuantity, reading: Reading) -> str:
    """Return the date that governs a quantity.

    The nearest in its clause; else the last before it in the sentence, unless the clause is a
    relative one in the future; else that of a clause behind it that has no subject of its own.
    """
    clauses = reading.clauses
    sentence = clauses.sentence(found.start)
    inside = reading.dates(sentence)
    if not inside:
        return ""
    at, stop = clauses.clause(found.start)
    low = bisect_left(inside, at, key=lambda mention: mention.start)
    high = bisect_left(inside, stop, key=lambda mention: mention.start)
    if OF_WHOLE.search(clauses.text, max(at, found.start - 32), found.start):
        return ""
    starting = _STARTING_VALUE.search(clauses.text, max(at, found.start - 24), found.start) is not None
    if starting and TARGET.match(clauses.text, found.end):
        high = bisect_left(inside, found.start, low, high, key=lambda mention: mention.start)
    same = inside[low:high][:_BESIDE]
    if same:
        return _of_clause(same, found, reading)
    if low and not _RELATIVE.match(clauses.text, at):
        last = inside[low - 1]
        alone = _stands_alone(last, clauses)
        begins = clauses.clause(last.start)[1] if alone else last.end  # "预计明年6月,一期建成": no other part yet
        if _OTHER_PART.search(clauses.text, max(begins, found.start - _PART_REACH), found.start):
            return ""
        lends = found.family not in APART or alone or _FOLLOWS.match(clauses.text, at)
        return last.edtf if lends and (alone or not _is_over(last, found, reading)) else ""
    if not low and not starting and high < len(inside):
        behind = inside[high]
        near = behind.start - found.end <= _LENT
        same_subject = near and not _VERB.search(clauses.text, found.end, behind.start)
        own = clauses.clause(behind.start)
        same_subject = same_subject and not counts_itself(clauses.text, behind.end, min(own[1], behind.end + _LENT))
        if same_subject or is_predicate(clauses, own[0]):
            return behind.edtf
    return ""


def _of_clause(same: list[Mention], found: LocatedQuantity, reading: Reading) -> str:
    """Return the date of a clause that governs a quantity: in turn, the new one of a delay, or the nearest."""
    text = reading.clauses.text
    at, stop = reading.clauses.clause(found.start)
    if len(same) == 1:
        return same[0].edtf
    if _IN_TURN.search(text, same[-1].end, found.start):
        first = bisect_left(reading.quantities, same[-1].end, key=lambda one: one.start)
        told = [one for one in reading.quantities[first : first + len(same) + 1] if one.start < stop]
        if len(told) == len(same) and found in told:
            return same[told.index(found)].edtf
    if _DELAYED.search(text, max(at, found.start - _PART_REACH), min(stop, found.end + _PART_REACH)):
        return same[-1].edtf
    near = [one for one in same if one.end > found.start or not _TO.fullmatch(text, one.end, found.start)]
    return min(near or same, key=lambda mention: _gap(mention, found)).edtf


def _is_over(mention: Mention, found: LocatedQuantity, reading: Reading) -> bool:
    """Say whether a date of another clause is past and the own clause speaks of the future."""
    day = mention.edtf[:10]
    if not (reading.document and day) or day >= reading.document.isoformat()[: len(day)]:
        return False
    return any(hit.role == "future" for hit in reading.clauses.hits(*reading.clauses.clause(found.start)))


_IN_TURN, _DELAYED = (
    re.compile(r"分别|各|、|respectively"),
    re.compile(r"推迟|延期|延至|延后|\b(?:slip|slipped|delayed|postponed|pushed)\b"),
)
_TO = re.compile(r"\s?(?:to|至|到|增至|增加到|提升至|提升到)\s?(?:约|about |some )?[$€¥]?")
# what opens a clause that continues the one before it; and a verb, which begins another matter
_FOLLOWS = re.compile(r"\s?(?:可|届时|将|能)")
_VERB = re.compile(
    r"[一-龥]|\b(?:of them|"
    r"with|due|times|is|are|was|were|be|will|would|could|can|may|has|have|had|plans?|aims?|said|says|"
    r"and (?:it|they|the)|\w+s to|\w{3,}ed)\b(?! at)"
)
# "from 50MW to 120MW by 2026", 从50兆瓦增至120兆瓦: the date behind is that of the second value
_STARTING_VALUE = re.compile(r"(?:\bfrom (?:[a-z]+ ){0,3}|从|由)[$€¥]?$")
_OPENER = re.compile(r"[\s,:]|预计|计划|力争|争取|有望|到|截至|在|自|By|In|As of|During|Since|At")


def _stands_alone(mention: Mention, clauses: Clauses) -> bool:
    """Say whether a date fills its clause, and so governs what follows ("2024年,", "预计明年6月底,")."""
    start, stop = clauses.clause(mention.start)
    rest = clauses.text[start : mention.start] + clauses.text[mention.end : stop]
    return len(rest) < _ALONE and len(_OPENER.sub("", rest)) <= _LEFT_OVER


# words that turn to another part of a project, of which the date before them says nothing
_OTHER_PART = re.compile(
    r"[,;](?:[一二三四五]期|另外?|此外|二是|三是|\d号)|\b(?:another|a further|an additional|while|whereas)\b"
)
_RELATIVE = re.compile(r"\s?(?:which|that|and)\s(?:will|would|could|is expected)\b")


def _gap(mention: Mention, found: LocatedQuantity) -> int:
    return found.start - mention.end if mention.end <= found.start else mention.start - found.end
