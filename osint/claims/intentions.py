"""Tell what is meant from what is done: intentions that go on over clauses, goals for a year, dates to come."""

from __future__ import annotations

import re
from dataclasses import replace

from osint.claims.assertion import ALREADY, Assertion, words_near
from osint.claims.clauses import REACH, Clauses, RungWord
from osint.claims.quantities import LocatedQuantity
from osint.claims.reading import Reading
from osint.register import LADDER, Rung

_SINCE = re.compile(
    rf"{ALREADY.pattern}|如今|截[至止]|现(?:已|有|为)|仍|\b(?:already|currently|now|today|to date|so far)\b|"
    r"(?<!to )\b(?:has|have|had|was|were)\b"
)
"""words by which a sentence turns from what is to come to what is there"""
_PLANS = re.compile(r"(?:plan|aim|intend|propos)\w*|to \w+|[规谋]划", re.IGNORECASE)
_CONTINUES = re.compile(r"\s?(?:which|with|and|while [a-z]+ing|\w+ing)\b(?! (?:is|are|was|were|has|have|had)\b)")
"""how an English clause opens that shares the tense of the clause before it"""


def intended(asserted: Assertion, clauses: Clauses, start: int) -> Assertion:
    """Return what is asserted of the quantity at `start` as a promise where its sentence is in the future by then.

    The tense of a Chinese sentence holds until a word says what is there; that of an English clause holds for the
    clauses that have no tense of their own.

    >>> intended(Assertion("running", "running", "has"), Clauses("二期计划投资6亿,可对外提供1E算力。"), 13).rung
    'announced'
    """
    if asserted.rung not in LADDER[1:] or asserted.modality not in ("has", "can carry"):
        return asserted
    own = at, stop = clauses.clause(start)
    first, text = max(clauses.sentence(start)[0], start - REACH), clauses.text
    is_filed = asserted.rung == Rung.FILED
    if is_filed and not text[at:stop].isascii():
        return asserted  # 拟采购: the paper is there
    while True:
        near = [hit for hit in words_near(clauses.hits(at, stop), start) if hit.end <= start]
        ends = [hit.end for hit in near if hit.role == "future" or (not is_filed and _is_plan(text, hit))]
        if ends:
            is_over = _SINCE.search(text, ends[-1], min(own[1], start + REACH))
            return asserted if is_over else replace(asserted, rung="announced", modality="will")
        if at <= first or is_filed or (text[at:stop].isascii() and not _CONTINUES.match(text, at)):
            return asserted
        at, stop = clauses.clause(at - 1)[0], at


def _is_plan(text: str, hit: RungWord) -> bool:
    return hit.role == "announced" and _PLANS.match(text, hit.start) is not None


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
GROWS_TO = re.compile(
    r"\b(?:is|are|keeps?|been|by|for|of) (?:expanding|growing|increasing|scaling|raising|doubling|boosting|lifting)\b"
    r"[^,.;]{0,60}\bto (?:more than |over |about |around |nearly |some |up to )?$"
)
"""what is under way towards a number"""
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
