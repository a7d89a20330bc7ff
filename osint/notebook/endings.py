"""What every notebook ends with: what may be said of a site, what may not, and the one thing to get next."""

from __future__ import annotations

from collections.abc import Sequence

from osint import __version__, verdict
from osint.notebook.desk import Desk
from osint.register import Observation
from osint.verdict import CheckFinding, NextStep, Outcome, Pair

MOST_SAID = 4
"""Sentences of one kind that the end of a notebook names."""
NEVER = (
    "That the chips are there, of which model, or whose: nothing on file shows a chip.",
    "That a figure on paper, or a hall that is large enough, is a number of chips.",
)
"""What may not be said whatever the rows are."""


def seen_words(rows: Sequence[Observation]) -> str:
    """Return what was seen, by whom and when, or that nobody looked."""
    if not rows:
        return "Seen: nothing. No picture or visit on file shows the place, which is not evidence that it is empty."
    told = []
    for row in rows:
        shows = row.rung.value if row.rung else f"not yet {row.not_yet.value}" if row.not_yet else row.quantity
        place = "place not confirmed" if row.p_place is None else f"the place with probability {row.p_place:.0%}"
        stamp = "SIMULATED " if row.simulated else ""
        told.append(
            f"{stamp}{row.observation_id}, {row.observer} ({row.how}, {row.date.words}): {shows or 'no stage'}; {place}"
        )
    return f"Seen: {'; '.join(told)}."


def sayable(desk: Desk) -> list[str]:
    """Return sentences that the rows carry: who says what, what was seen, and what cannot both be true."""
    lines = []
    finding = desk.principal
    if finding is not None:
        claim = finding.claim
        when = claim.date.words if claim.date else "undated"
        note = f" Note: {claim.note}" if claim.note else ""
        told = f"{claim.claimant}, {when}: {claim.written()} ({claim.claim_id}, {claim.source_publisher})."
        lines.append(told + note)
        if finding.outcome in {*verdict.NEGATIVE, Outcome.SUPPORTED, Outcome.COULD_FIT, Outcome.STRAINED}:
            lines.append(finding.shown())
        if room := finding.room_text():
            lines.append(room)
    lines += [
        seen_words([row]).removeprefix("Seen: ") for row in desk.site.observations[:MOST_SAID] if not row.simulated
    ]
    certain = [c for c in desk.found.tests if c.finding == CheckFinding.INCONSISTENT and c.pair != Pair.PLANTED]
    for check in certain[:MOST_SAID]:
        row = check.to_row()
        lines.append(f"{row['arithmetic']}: {row['says']}")
    return lines


def unsayable(desk: Desk) -> list[str]:
    """Return what the rows do not carry, whatever a reader would like to conclude from them."""
    lines = list(NEVER)
    site, finding = desk.site, desk.principal
    if not site.observations:
        lines.append("That nothing is there: nobody on file has looked, and a gap in the file is no absence.")
    if site.row.lat is None:
        lines.append("Where it is: no position is on file.")
    elif (site.row.coord_precision_km or 0) > 1:
        level = site.row.coord_level or "a point of unknown kind"
        lines.append(f"That a picture of the point on file shows it: the point is {level}.")
    if finding is not None and finding.outcome == Outcome.UNTESTED:
        lines.append(f"That {finding.claim.claim_id} is true, or that it is false: {finding.outcome.value}.")
    if site.is_simulated:
        lines.append("Anything that rests on SIMULATED observations: they are of an invented world.")
    return lines


def citation(desk: Desk) -> str:
    """Return a sentence to copy that names the rows behind the answer and the version that gave it."""
    ids = [c.claim_id for c in desk.site.claims] + [o.observation_id for o in desk.site.observations]
    listed = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
    rows = f"rows {listed}" if ids else "no row"
    return f"osint-datacentres {__version__}, {desk.case_name}, {desk.site.id} {desk.site.name}: {rows}."


def first_step(desk: Desk) -> NextStep | None:
    """Return the first thing to get for a site; None where nothing is left that could be got."""
    steps = desk.found.next_steps.get(desk.site_id, [])
    return steps[0] if steps else None


def next_in_words(desk: Desk) -> str:
    """Return the first thing to get in one line."""
    step = first_step(desk)
    return f"{step.observation}: {step.where}" if step else nothing_left(desk)


def nothing_left(desk: Desk) -> str:
    """Return that nothing is left to get for a site."""
    return f"Nothing on the list of what could be got would change what is known of {desk.site_id}."
