"""What is found of each claim: the place, the part and the day first, then the number, by what was seen."""

from osint.verdict.bearing import Assertion, Asserts, Coverage, coverage
from osint.verdict.checks import Check, CheckName, counted_chips, cross_checks, national
from osint.verdict.finding import Bound, Contradiction, Finding
from osint.verdict.hypotheses import hypotheses
from osint.verdict.judge import bound, judge
from osint.verdict.next_steps import CANDIDATES, NextStep, next_steps, steps_frame
from osint.verdict.rules import BANDS, FINDINGS, NEGATIVE, RULES, Outcome, RuleFacts, decide, word
from osint.verdict.run import Found, check

__all__ = [
    "BANDS",
    "CANDIDATES",
    "FINDINGS",
    "NEGATIVE",
    "RULES",
    "Assertion",
    "Asserts",
    "Bound",
    "Check",
    "CheckName",
    "Contradiction",
    "Coverage",
    "Finding",
    "Found",
    "NextStep",
    "Outcome",
    "RuleFacts",
    "bound",
    "check",
    "counted_chips",
    "coverage",
    "cross_checks",
    "decide",
    "hypotheses",
    "judge",
    "national",
    "next_steps",
    "steps_frame",
    "word",
]
