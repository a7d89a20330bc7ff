"""The strongest case for a number and the strongest against it, from the rows alone."""

from __future__ import annotations

import math

from osint import verdict
from osint.model import show
from osint.notebook.desk import NO_NUMBER, Desk, of_a_number, unit_of
from osint.notebook.shows import Shown, Table
from osint.register import Bounding, Claim, Modality, Rung, Tier
from osint.verdict import CheckFinding, Finding, Pair

OFFICIAL = (Tier.PRIMARY_GOVERNMENT, Tier.COMPANY_FILING, Tier.LOCAL_GOVERNMENT)
NOT_STATED = frozenset({Modality.WILL, Modality.WOULD, Modality.DENIED, Modality.WITHDRAWN})


@of_a_number(NO_NUMBER)
def both_sides(desk: Desk, finding: Finding) -> Shown:
    """Return the strongest case for the claim beside the strongest against it, from the rows alone."""
    pro, contra = case_for(desk, finding), case_against(desk, finding)
    longest = max(len(pro), len(contra))
    pad = [""] * longest
    rows = list(zip((pro + pad)[:longest], (contra + pad)[:longest], strict=True))
    caption = f"Both sides of {finding.claim.claim_id}, {finding.claim.written()}: {finding.outcome.value}."
    return Table.of(("the strongest case for it", "the strongest case against it"), rows, caption)


def case_for(desk: Desk, finding: Finding) -> list[str]:
    """Return what on file speaks for a claim, or shows that it is possible."""
    claim, lines = finding.claim, []
    same = [c for c in _others(desk, claim) if c.quantity == claim.quantity and _near(c, claim)]
    groups = {c.independence_group for c in same} - {claim.independence_group}
    if groups:
        listed = ", ".join(c.claim_id for c in same)
        lines.append(
            f"{len(groups)} other source{'s' if len(groups) > 1 else ''} give about the same number ({listed})."
        )
    if claim.source_tier in OFFICIAL:
        lines.append(f"It stands in {claim.source_publisher} ({claim.source_tier.value.replace('_', ' ')}).")
    official = [c for c in _others(desk, claim) if c.source_tier in OFFICIAL and c.rung and _states(c)]
    if official:
        top = max(official, key=lambda c: c.rung.height if c.rung else 0)
        of = top.part or "the site"
        lines.append(f"{top.claimant} says of {of}: {top.rung.value if top.rung else ''} ({top.claim_id}).")
    lines += [
        f"{o.observation_id}: {o.observer} ({o.how}, {o.date.words}) shows {o.rung.value}."
        for o in desk.site.observations
        if o.rung is not None and not o.simulated
    ]
    high = finding.paper.interval[2]
    if math.isfinite(high) and claim.claimed <= high:
        lines.append(f"Other documents have room for up to {show(high)} {unit_of(finding)} on paper.")
    room = finding.seen.room_for
    if room is not None and room.at_most >= claim.claimed:
        lines.append(f"What was seen had room for up to {show(room.at_most)} {unit_of(finding)} (90%).")
    return lines or ["Nothing on file beyond the words of the claim itself."]


def case_against(desk: Desk, finding: Finding) -> list[str]:
    """Return what on file speaks against a claim, or leaves it without support."""
    claim, lines = finding.claim, []
    if finding.outcome in verdict.NEGATIVE:
        lines.append(finding.shown())
    for check in desk.found.tests:
        if claim.claim_id in check.claim_ids and check.pair != Pair.PLANTED and check.finding != CheckFinding.NOTE:
            row = check.to_row()
            lines.append(f"{row['arithmetic']}: {row['says']}")
    room = finding.seen.room_for
    if room is not None and room.at_most < claim.claimed:
        lines.append(finding.room_text())
    high = finding.paper.interval[2]
    if math.isfinite(high) and claim.claimed > high:
        lines.append(f"Other documents have room for at most {show(high)} {unit_of(finding)} on paper.")
    said = {
        Modality.WILL: "It is said of what will be, not of what is.",
        Modality.WOULD: "It is said of what would be, not of what is.",
        Modality.CAN_CARRY: "It is said of what the hall can carry, not of what is in it.",
    }
    lines += [said[claim.modality]] if claim.modality in said else []
    groups = {c.independence_group for c in _others(desk, claim) if c.quantity == claim.quantity and _near(c, claim)}
    if not groups - {claim.independence_group}:
        lines.append("No second independent source gives this number.")
    if not any(o.rung in {Rung.POWERED, Rung.RUNNING} for o in desk.site.observations):
        lines.append("Nobody on file has seen the site powered or running.")
    if claim.source_tier not in OFFICIAL:
        lines.append(
            f"It was read in {claim.source_publisher} ({claim.source_tier.value.replace('_', ' ')}), no filing."
        )
    return [*lines, finding.not_shown()]


def _others(desk: Desk, claim: Claim) -> list[Claim]:
    return [c for c in desk.site.claims if c.claim_id != claim.claim_id and not c.error_test]


def _near(a: Claim, b: Claim) -> bool:
    """Return whether two claims give about the same number: within a tenth."""
    return math.isfinite(a.claimed) and abs(math.log(a.claimed / b.claimed)) < 0.1 if a.claimed > 0 else False


def _states(claim: Claim) -> bool:
    return claim.modality not in NOT_STATED and claim.bound != Bounding.AT_MOST
