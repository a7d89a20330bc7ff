"""What is found of each claim: the claim is opened, and judged by what the other evidence allows."""

from osint.verdict.checks import Check, CheckName, counted_chips, cross_checks, national
from osint.verdict.hypotheses import hypotheses
from osint.verdict.judge import BANDS, FINDINGS, RULES, Bound, Facts, Finding, Outcome, bound, decide, judge, word
from osint.verdict.next_steps import CANDIDATES, Step, next_steps, steps_frame
from osint.verdict.run import Found, check

__all__ = [
    "BANDS",
    "CANDIDATES",
    "FINDINGS",
    "RULES",
    "Bound",
    "Check",
    "CheckName",
    "Facts",
    "Finding",
    "Found",
    "Outcome",
    "Step",
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
