"""Tell what is meant from what is done: intentions that go on over clauses, goals for a year, dates to come."""

from __future__ import annotations

import re
from dataclasses import replace

from osint.claims.assertion import ALREADY, Assertion, words_near
from osint.claims.clauses import REACH, Clauses
from osint.claims.quantities import LocatedQuantity
from osint.claims.reading import Reading

# "力争到2026年底," opens a sentence: all that follows is meant for then, unless it says 已 or 目前
_INTENT = re.compile(r"\s?(?:力争|预计|计划|争取|确保|有望|目标是?|规划)[^,。]{0,14},")
_GOES_ON = re.compile(
    r"\s?(?:并|同时|年均)?(?:建成|建设|新建|新增|打造|形成|实现|达到?|突破|培育|引进|部署|完成|投产|带动|建立|扩大|发展|累计|再)|"
    r"\s(?:ranging|spanning|covering|totall?ing|comprising|including)\b"
)
"""how a clause goes on with what the clause before it intends"""


def intended(asserted: Assertion, clauses: Clauses, at: int) -> Assertion:
    """Return `asserted` as a promise where the sentence opens with an intention, or the clause goes on with one."""
    first, stop = clauses.sentence(at)[0], clauses.clause(at)[1]
    if at <= first or ALREADY.search(clauses.text, at, min(stop, at + REACH)):
        return asserted
    if _INTENT.match(clauses.text, first) or _goes_on(clauses, at, first):
        return replace(asserted, rung="announced", modality="will")
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
        or ALREADY.search(clauses.text, max(at, start - REACH), min(stop, start + REACH))
    ):
        return asserted
    if asserted.rung == "ground broken":  # "在建，预计明年封顶": the day is that of the next step
        ahead = clauses.hits(stop, clauses.clause(stop)[1]) if stop < clauses.sentence(start)[1] else []
        if any(hit.role == "future" for hit in [*words_near(clauses.hits(at, stop), start), *ahead]):
            return asserted
    return replace(asserted, rung="announced", modality="will")


_BY_YEAR = re.compile(r"[到至](?:20\d\d|二[〇零]\S{2})年(?!的)")
_IN_FUTURE = re.compile(
    r"\b(?:sees?|expects?|expected|forecasts?|predicts?|anticipat\w+|foresees?)\b[^.;]*\bby (?:\w+ ){0,3}20[2-9]\d\b"
)
"""how an English clause foresees a number for a year"""


def is_goal(found: LocatedQuantity, reading: Reading) -> bool:
    """Say whether a sentence without a document's date sets its number for a year: 到2028年，算力达到8EFLOPS."""
    first, text = reading.clauses.sentence(found.start)[0], reading.clauses.text
    at, stop = around(found, reading)
    if text[at:stop].isascii():
        return _IN_FUTURE.search(text, first, min(stop, found.end + REACH)) is not None
    by_year = _BY_YEAR.search(text, max(first, found.start - REACH), found.start)
    return (
        by_year is not None
        and not ALREADY.search(text, at, stop)
        and text[by_year.start() - 1 : by_year.start()] != "截"
    )


_SETS, _A_GOAL = (
    re.compile(r"(?:[定立设]下|设[定立]|确[定立]|提出|制[定订]|明确)了?[^,。;]{0,40}$"),
    re.compile(r"[^,。;]{0,40}?目标"),
)


def sets_goal(text: str, found: LocatedQuantity) -> bool:
    """Say whether the words around a number set it as a goal: 定下机柜达到2万架的“双二”目标."""
    return _SETS.search(text, max(0, found.start - 56), found.start) is not None and bool(
        _A_GOAL.match(text, found.end)
    )


def around(found: LocatedQuantity, reading: Reading) -> tuple[int, int]:
    """Return the ends of the clause of a quantity, at most 80 characters on either side."""
    at, stop = reading.clauses.clause(found.start)
    return max(at, found.start - 80), min(stop, found.end + 80)
