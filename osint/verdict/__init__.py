"""What is found of each claim: the claim is opened, and judged by what the other evidence allows."""

from osint.verdict.checks import (
    Check,
    CheckFinding,
    CheckName,
    Pair,
    Survey,
    Tally,
    contradictions,
    cross_checks,
    supply_estimates,
    survey,
)
from osint.verdict.hypotheses import NO_STORY, hypotheses
from osint.verdict.judge import BANDS, FINDINGS, RULES, Bound, Finding, Outcome, RuleFacts, bound, decide, judge, word
from osint.verdict.next_steps import CANDIDATES, NextStep, next_steps, steps_frame
from osint.verdict.run import Found, check

__all__ = [
    "BANDS",
    "CANDIDATES",
    "FINDINGS",
    "NO_STORY",
    "RULES",
    "Bound",
    "Check",
    "CheckFinding",
    "CheckName",
    "Finding",
    "Found",
    "NextStep",
    "Outcome",
    "Pair",
    "RuleFacts",
    "Survey",
    "Tally",
    "bound",
    "check",
    "contradictions",
    "cross_checks",
    "decide",
    "hypotheses",
    "judge",
    "next_steps",
    "steps_frame",
    "supply_estimates",
    "survey",
    "word",
]
