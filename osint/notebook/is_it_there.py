"""Notebook 00: is it there? One site, from the answer in one sentence to the one thing to get next."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections import defaultdict

from osint import passport
from osint.case import Look
from osint.errors import NotFoundError
from osint.notebook import ground, maps
from osint.notebook.desk import Desk, of_a_site
from osint.notebook.endings import citation, first_step, next_in_words, nothing_left, sayable, seen_words, unsayable
from osint.notebook.forms import Form
from osint.notebook.shows import Cell, Picture, Said, Several, Shown, Table, closing
from osint.register import TIERS, Claim, Observation
from osint.report import site_figures
from osint.verdict import Check, CheckFinding, Finding, Pair

NO_LOOK = (
    "No picture of this site was looked at in this case, which says nothing of what stands there. Next: notebook 03."
)
# ---------------------------------------------------------------- the answer


@of_a_site
def answer(desk: Desk) -> Shown:
    """Return the answer on a site: what is claimed, what was seen and when, what that decides, what is not known."""
    lines = [_claimed(desk), seen_words(desk.site.observations), *_decided(desk.principal)]
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


@of_a_site
def next_thing(desk: Desk) -> Shown:
    """Return the one thing to get next: what it would do to the answer, where it is, and the line that begins it."""
    step = first_step(desk)
    return Said((step.text(),), heading="The one thing to get next") if step else Said((nothing_left(desk),))


@of_a_site
def may_be_said(desk: Desk) -> Shown:
    """Return what may be said of a site and what may not, made from its rows, and the one next step."""
    return closing(sayable(desk), unsayable(desk), next_in_words(desk), citation(desk))


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
