"""What may and what may not be said of a finding, by its outcome; `says.csv` holds the sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osint.register import table_rows
from osint.report import figure
from osint.verdict import Finding, Outcome

NO_SIZE_TESTS = "a figure that no size tests"
"""Rule whose sentence says only what is not compared, so it is no sentence to print."""
_ROWS = {Outcome(row["outcome"]): row for row in table_rows("says.csv", "osint.packet")}


@dataclass(frozen=True, slots=True)
class Says:
    """What may and may not be said of one claim."""

    claim_id: str
    may: tuple[str, ...]
    may_not: tuple[str, ...]


def says(finding: Finding) -> Says:
    """Return what may and may not be said of a claim, from the outcome of its finding."""
    row, claim = _ROWS[finding.outcome], finding.claim
    names = {
        "claimant": claim.claimant,
        # the number is in our words, so it bears no quotation marks
        "written": figure(claim) if claim.written() else f"“{claim.translation or claim.quote}”",
        "date": claim.date.text if claim.date else "undated",
        "shown": "" if finding.rule.name == NO_SIZE_TESTS else finding.shown(),
    }
    may, may_not = (
        tuple(filter(None, (one.format_map(names) for one in row[column].split("|")))) for column in ("may", "may_not")
    )
    return Says(claim.claim_id, may, (*may_not, _chips(finding)))


def _chips(finding: Finding) -> str:
    return f"that any chip is there or is used. {finding.not_shown()}"


def leading(findings: Sequence[Finding], most: int) -> list[Finding]:
    """Return the findings that say most: what was decided first, figures that only test others last."""
    return sorted(findings, key=lambda f: (f.claim.error_test or False, f.outcome == Outcome.UNTESTED))[:most]
