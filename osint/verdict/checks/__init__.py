"""What the documents alone can show: claims against themselves, each other, physics, dates, regions, prices, supply.

Each check names the claims of its two sides and keeps its figures; `Check.to_row` writes the arithmetic out. A check
with the finding `inconsistent` makes its claims inconsistent (verdict.judge); `note` and `strained` are for the
editor to read. How often a kind of check would speak by chance stands beside it.
"""

from osint.verdict.checks.context import counts_a_flow, stated_median, supply_estimates
from osint.verdict.checks.record import (
    CHECK_COLUMNS,
    Check,
    CheckFinding,
    CheckName,
    Pair,
    Tally,
    Way,
    contradictions,
)
from osint.verdict.checks.rules import Survey, cross_checks, survey

__all__ = [
    "CHECK_COLUMNS",
    "Check",
    "CheckFinding",
    "CheckName",
    "Pair",
    "Survey",
    "Tally",
    "Way",
    "contradictions",
    "counts_a_flow",
    "cross_checks",
    "stated_median",
    "supply_estimates",
    "survey",
]
