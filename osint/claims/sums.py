"""Tell which stages of the works a sum of money may take from the words around it."""

from __future__ import annotations

import re

from osint.claims.assertion import GOAL, Assertion, StageWay
from osint.register import LADDER


def of_sum(asserted: Assertion, text: str, clause: tuple[int, int], span: tuple[int, int]) -> Assertion:
    """Return what is asserted of a sum of money at `span` of `text`, whose clause is at `clause`.

    A sum that is planned, or that a work will yield in a year, is announced, however far the works are.  One that
    pays for no work, or beside which another clause tells of a roof, has no stage.

    >>> words = "计划总投资200亿元的项目正在施工"
    >>> of_sum(Assertion("ground broken", "ground broken", "has"), words, (0, len(words)), (5, 10)).rung
    'announced'
    """
    at, stop = clause
    start, end = span
    if asserted.rung in LADDER[2:] and _PLANNED.search(text, max(0, start - _NEAR), start):
        return GOAL
    lends = asserted.rung in LADDER[3:] and asserted.way in _LENT
    if lends or _OF_PAYMENT.search(text, max(at, start - _NEAR), min(stop, end + _NEAR // 2)):
        return Assertion()
    return asserted


_PLANNED = re.compile(
    r"(?:(?:计划|规划|预计|拟)[^,。;\d]{0,3}投资|年产值)[^,。;\d]{0,5}$|"
    r"\b(?:planned|expected) (?:investment|cost|budget)s? (?:of|is|was|at) (?:about |some |over )?[$€¥£]?$"
)
"""what names a sum as planned, or as what a work will yield in a year: a roof says nothing of it"""
_LENT = (StageWay.BEFORE, StageWay.BEHIND)
"""ways of a stage of the works that another clause tells of: a roof there says nothing of a sum here"""
_NEAR = 40
"""characters before a sum, and half as many behind it, that name what it is (judgement)"""
_OF_PAYMENT = re.compile(
    r"奖[励补]|补[贴助偿]|罚[款金]|违约金|赔[偿付]|尾款|税收|营[业收]|产值(?:突破|达|超)|收入|利润|净利|估值|市值|损失|目标价|股价|抗辩|判令|裁决|仲裁|"
    r"\b(?:damages|fined?|penalt(?:y|ies)|subsid(?:y|ies)|revenues?|profits?|compensation|settlement|"
    r"valu(?:ed|ation)|loss(?:es)?|judge?ment|jury|court|tribunal)\b",
    re.IGNORECASE,
)
"""words of a sum that is no cost of a work: the work that it is paid for says nothing of its stage"""
