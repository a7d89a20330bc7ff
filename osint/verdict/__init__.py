"""What is found of each claim: the claim is opened, and judged by what the other evidence allows."""

from osint.verdict.bearing import Assertion, Asserts, Coverage, coverage
from osint.verdict.checks import Check, CheckName, counted_chips, cross_checks, national
from osint.verdict.hypotheses import hypotheses
from osint.verdict.judge import BANDS, FINDINGS, RULES, Bound, Finding, Outcome, RuleFacts, bound, decide, judge, word
from osint.verdict.next_steps import CANDIDATES, NextStep, next_steps, steps_frame
from osint.verdict.run import Found, check

__all__ = [
    "BANDS",
    "CANDIDATES",
    "FINDINGS",
    "RULES",
    "Bound",
    "Check",
    "CheckName",
    "Finding",
    "Found",
    "NextStep",
    "Outcome",
    "RuleFacts",
    "bound",
    "check",
    "counted_chips",
    "cross_checks",
    "decide",
    "hypotheses",
    "judge",
    "national",
    "next_steps",
    "steps_frame",
    "word",
]
