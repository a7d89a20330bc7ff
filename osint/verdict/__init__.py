"""What is found of each claim: the place, the part and the day first, then the number, by what was seen."""

from osint.verdict.about import About, Thing, about, claim_line
from osint.verdict.asserts import Assertion, Asserts
from osint.verdict.basis import Bound, Contradiction
from osint.verdict.checks import (
    Check,
    CheckFinding,
    CheckName,
    Pair,
    Survey,
    Tally,
    contradictions,
    counts_a_flow,
    cross_checks,
    stated_median,
    supply_estimates,
    survey,
)
from osint.verdict.finding import Finding, named
from osint.verdict.hypotheses import NO_STORY, hypotheses
from osint.verdict.judge import bound, judge
from osint.verdict.look import RoomFor
from osint.verdict.needs import Needs, needs
from osint.verdict.next_steps import CANDIDATES, NEAR_KM, NextStep, next_steps, steps_frame, steps_in_order
from osint.verdict.parts import Coverage, coverage
from osint.verdict.rules import BANDS, FINDINGS, NEGATIVE, RULES, Outcome, RuleFacts, decide, word
from osint.verdict.run import Found, check, check_rows
from osint.verdict.words import claimed_unit

__all__ = [
    "BANDS",
    "CANDIDATES",
    "FINDINGS",
    "NEAR_KM",
    "NEGATIVE",
    "NO_STORY",
    "RULES",
    "About",
    "Assertion",
    "Asserts",
    "Bound",
    "Check",
    "CheckFinding",
    "CheckName",
    "Contradiction",
    "Coverage",
    "Finding",
    "Found",
    "Needs",
    "NextStep",
    "Outcome",
    "Pair",
    "RoomFor",
    "RuleFacts",
    "Survey",
    "Tally",
    "Thing",
    "about",
    "bound",
    "check",
    "check_rows",
    "claim_line",
    "claimed_unit",
    "contradictions",
    "counts_a_flow",
    "coverage",
    "cross_checks",
    "decide",
    "hypotheses",
    "judge",
    "named",
    "needs",
    "next_steps",
    "stated_median",
    "steps_frame",
    "steps_in_order",
    "supply_estimates",
    "survey",
    "word",
]
