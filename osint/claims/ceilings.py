"""Tell how high a stage each kind of quantity can bear: a sum is planned or filed, machines run."""

from __future__ import annotations

import re

from osint.claims.aspect import SPENT
from osint.claims.assertion import GOAL, Assertion
from osint.claims.quantities import LocatedQuantity
from osint.register import LADDER, Rung

_OF_A_MACHINE_MW = 0.1
"""a power below it is what a rack or a machine draws, and no place's (judgement)"""


def under_ceiling(
    asserted: Assertion, kind: str, found: LocatedQuantity, text: str, clause: tuple[int, int]
) -> Assertion:
    """Return what is asserted of a quantity, as far as its kind can bear it.

    A sum of money is planned, or on paper, or spent; however far the works are, their stage is that of the works and
    not of the sum.  Land is got and graded, and no more.  What one machine draws has no stage.

    >>> from osint.claims import extract
    >>> [claim.rung for claim in extract("总投资200亿元的项目已投产，机柜3000架。")]
    ['', 'running']
    """
    if not asserted.rung:
        return asserted
    if kind == "power" and (found.quantity.si_high or found.quantity.si_low or 1) < _OF_A_MACHINE_MW:
        return Assertion()
    if kind == "land" and asserted.rung in LADDER[3:] and asserted.modality == "has":
        return Assertion()
    return _of_sum(asserted, found, text, clause) if kind.startswith("money") else asserted


def _of_sum(asserted: Assertion, found: LocatedQuantity, text: str, clause: tuple[int, int]) -> Assertion:
    at, stop = clause
    if asserted.rung in LADDER[2:]:
        if _PLANNED.search(text, max(0, found.start - _NEAR), found.start):
            return GOAL
        spent = asserted.rung == Rung.GROUND_BROKEN and SPENT.search(text, at, stop)
        return asserted if spent else Assertion()
    return asserted


_PLANNED = re.compile(
    r"(?:(?:计划|规划|预计|拟)[^,。;\d]{0,3}投资|年产值)[^,。;\d]{0,5}$|"
    r"\b(?:planned|expected) (?:investment|cost|budget)s? (?:of|is|was|at) (?:about |some |over )?[$€¥£]?$"
)
"""what names a sum as planned, or as what a work will yield in a year"""
_NEAR = 40
"""characters before a sum that name what it is (judgement)"""
