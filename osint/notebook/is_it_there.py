"""Notebook 00: is it there? One site, from the answer in one sentence to the one thing to get next."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Sequence

from osint import __version__, passport, verdict
from osint.case import Look
from osint.errors import NotFoundError
from osint.notebook import maps
from osint.notebook.desk import Desk, of_a_site
from osint.notebook.forms import Form
from osint.notebook.shows import Cell, Picture, Said, Several, Shown, Table, closing
from osint.register import TIERS, Claim, Observation
from osint.report import site_figures
from osint.verdict import Check, CheckFinding, Finding, NextStep, Outcome, Pair

MOST_SAID = 4
"""Sentences of one kind that the end of a notebook names."""
NO_LOOK = (
    "No picture of this site was looked at in this case, which says nothing of what stands there. Next: notebook 03."
)
NEVER = (
    "That the chips are there, of which model, or whose: nothing on file shows a chip.",
    "That a figure on paper, or a hall that is large enough, is a number of chips.",
)
"""What may not be said whatever the rows are."""


# ---------------------------------------------------------------- the answer


@of_a_site
def answer(desk: Desk) -> Shown:
    """Return the answer on a site: what is claimed, what was seen and when, what that decides, what is not known."""
    lines = [_claimed(desk), _seen(desk.site.observations), *_decided(desk.principal)]
    if desk.principal is None:
        lines.append("Not known: whether anything stands there, and what. No number is on file that could be tested.")
    return Said(tuple(lines), heading=f"{desk.site.id} {desk.site.name}", warns=desk.site.is_simulated)


def _claimed(desk: Desk) -> str:
    claims = desk.site.claims
    if not claims:
        return "No claim is on file for this site, so there is nothing to test."
    groups = len({c.independence_group for c in claims})
    days = sorted(c.date.known[1] for c in claims if c.date)
    dated = f", the latest of {days[-1]}" if days else ""
    told = f"{len(claims)} claim{'s' if len(claims) != 1 else ''} from {groups} independent source"
    return f"On file: {told}{'s' if groups != 1 else ''}{dated}."


def _seen(rows: Sequence[Observation]) -> str:
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


def _decided(finding: Finding | None) -> list[str]:
    if finding is None:
        return []
    claim = finding.claim
    who = f"{claim.claimant}, {claim.date.words if claim.date else 'undated'}"
    lines = [f"The number: {claim.written()} ({claim.claim_id}; {who}). {finding.outcome.value.capitalize()}."]
    lines.append(finding.shown())
    if room := finding.room_text():
        lines.append(room)
    return [*lines, f"Not known: {finding.not_shown()}"]


# ---------------------------------------------------------------- pictures


@of_a_site
def where(desk: Desk) -> Shown:
    """Return the map of a site: the circle of its precision, what was seen at a position, and the sites around."""
    seen = [(o.observation_id, o.lon, o.lat) for o in desk.site.observations if o.lon is not None and o.lat is not None]
    drawn = Picture.of(site_figures.locator(desk.dossier, desk.site_id, seen))
    if desk.site.row.lat is None:
        return drawn
    return Form(drawn, lambda: maps.site_map(desk.dossier, desk.site_id, _last_look(desk)))


def _last_look(desk: Desk) -> Look | None:
    with contextlib.suppress(NotFoundError):
        return desk.site.last_look()
    return None


@of_a_site
def claims_in_time(desk: Desk) -> Shown:
    """Return the claims in time on the ladder, with what was seen and what is set against each other."""
    return Picture.of(site_figures.claims_in_time(desk.found, desk.dossier, desk.site_id))


@of_a_site
def claimed_and_seen(desk: Desk) -> Shown:
    """Return each number against what was seen to have room for it, documents apart."""
    return Picture.of(site_figures.claimed_and_seen(desk.found, desk.dossier, desk.site_id))


@of_a_site
def before_and_after(desk: Desk) -> Shown:
    """Return the pictures of the last look at the site that the case keeps, or say that there is none."""
    from osint.notebook import ground

    look = _last_look(desk)
    return ground.swipe(look) if look else Said((NO_LOOK,))


# ---------------------------------------------------------------- who copied whom, what contradicts


@of_a_site
def copies(desk: Desk) -> Shown:
    """Return which claims are one story: rows of one independence group count once, however often they are printed."""
    groups: dict[str, list[Claim]] = defaultdict(list)
    for claim in desk.site.claims:
        groups[claim.independence_group].append(claim)
    told = []
    for group, claims in groups.items():
        ordered = sorted(claims, key=lambda c: (c.date.last if c.date else dt.date.max, TIERS.index(c.source_tier)))
        publishers = list(dict.fromkeys(c.source_publisher for c in ordered))
        told.append(
            (
                group,
                Cell(f"{len(claims)}", number=float(len(claims))),
                publishers[0],
                ordered[0].date.text if ordered[0].date else "",
                "; ".join(publishers[1:]) or "nobody on file",
                _once(claims[0].group_reason),
            )
        )
    told.sort(key=lambda row: (-(row[1].number or 0), row[0]))
    sources = "1 independent source" if len(groups) == 1 else f"{len(groups)} independent sources"
    caption = f"{sources} behind {len(desk.site.claims)} claims; a copy is no second witness."
    heads = ("source", "claims", "earliest dated copy on file", "its date", "also printed by", "why they are one")
    return Table.of(heads, told, caption, "No claim is on file, so nothing was copied.")


def _once(reason: str) -> str:
    return re.sub(r"\s+", " ", reason).strip()


@of_a_site
def contradictions(desk: Desk) -> Shown:
    """Return what the claims say against each other, the certain ones first, each with what it does not say."""
    order = list(CheckFinding)
    told = sorted((c for c in desk.found.tests if c.pair != Pair.PLANTED), key=lambda c: order.index(c.finding))
    rows = [_check_row(check) for check in told]
    certain = sum(c.finding == CheckFinding.INCONSISTENT for c in told)
    caption = f"{certain} certain contradictions; the rest have an explanation, or are for the reader."
    heads = ("finding", "claims", "arithmetic", "says", "does not say", "by chance")
    return Table.of(heads, rows, caption, "No cross-check has anything to say of the claims on this site.")


def _check_row(check: Check) -> tuple[object, ...]:
    row = check.to_row()
    ids = " and ".join(filter(None, (", ".join(check.first), ", ".join(check.second))))
    return (
        row["finding"],
        f"{ids} ({row['kind']})",
        row["arithmetic"],
        row["says"],
        row["does_not_say"],
        row["by_chance"],
    )


# ---------------------------------------------------------------- the end


def first_step(desk: Desk) -> NextStep | None:
    """Return the first thing to get for a site; None where nothing is left that could be got."""
    steps = desk.found.next_steps.get(desk.site_id, [])
    return steps[0] if steps else None


@of_a_site
def next_thing(desk: Desk) -> Shown:
    """Return the one thing to get next: what it would do to the answer, where it is, and the line that begins it."""
    step = first_step(desk)
    return Said((step.text(),), heading="The one thing to get next") if step else Said((_nothing_left(desk),))


def _nothing_left(desk: Desk) -> str:
    return f"Nothing on the list of what could be got would change what is known of {desk.site_id}."


def next_in_words(desk: Desk) -> str:
    """Return the first thing to get in one line."""
    step = first_step(desk)
    return f"{step.observation}: {step.where}" if step else _nothing_left(desk)


@of_a_site
def may_be_said(desk: Desk) -> Shown:
    """Return what may be said of a site and what may not, made from its rows, and the one next step."""
    return closing(sayable(desk), unsayable(desk), next_in_words(desk), citation(desk))


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
    lines += [_seen([row]).removeprefix("Seen: ") for row in desk.site.observations[:MOST_SAID] if not row.simulated]
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


@of_a_site
def export(desk: Desk) -> Shown:
    """Write the figure of claimed and seen with its passport into the case, and say which files were written."""
    told = [f for f in desk.found.judged if f.claim.quantity and f.claim.claimed == f.claim.claimed]
    claims = [f.claim for f in told if not f.claim.error_test]
    if not claims:
        return Said(("There is no number on file, so there is no figure to hand on.",))
    figure = site_figures.claimed_and_seen(desk.found, desk.dossier, desk.site_id)
    rows: list[Claim | Observation] = [*claims, *desk.site.observations]
    made = passport.export(
        figure,
        f"{desk.site_id}_claimed_and_seen",
        question=f"What was seen to have room for the numbers claimed of {desk.site.name}?",
        numbers=claims,
        evidence=rows,
        alt=str(figure.get_label()),
        no_contradiction="cross-checks of all claims of the case",
        as_of=desk.dossier.as_of,
        out=desk.case.path / "derived" / "figures",
    )
    names = ", ".join(made.files)
    return Several((Said((f"Written to derived/figures of the case: {names}. Code {made.code}.",)),))
