"""Gather the records that the answer on the front page is made from: which number, which room, what does not fit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from osint import model
from osint.model import Dossier, Ground, Total
from osint.register import TAKEN_BACK, Claim, Modality, Role, Tier
from osint.report.answer import Answer, who_said
from osint.report.hall_room import CHIPS, HallRoom, family_of, room_at, total_of
from osint.report.words import figure, listed
from osint.verdict import Check, CheckFinding, CheckName, Finding, Found, Outcome, Pair

PLANS = (Modality.WILL, Modality.WOULD)
TIERS = tuple(Tier)
FIRMEST = (Pair.TWO_DOCUMENTS, Pair.MIRROR, Pair.INFERRED, Pair.STORY, Pair.ONE_TEXT)
"""What two sides of a contradiction can be to each other, the most telling first."""


def answer_of(dossier: Dossier, found: Found) -> Answer:
    """Return the answer for all announced sites of a case."""
    announced = tuple(s for s in dossier.sites.values() if s.role == Role.ANNOUNCED)
    ids = {s.site_id for s in announced}
    aggregates = {s.site_id for s in dossier.sites.values() if s.role == Role.AGGREGATE and s.covers}
    over = {t for t in aggregates if any(s.covered_by(dossier.sites[t]) for s in announced)}
    claims = {claim.claim_id: claim for claim in dossier.all_claims}
    # the figure of a site that its source gives for a wider place is no figure of the site
    wider = {i for c in found.tests if c.name == CheckName.WIDER for i in c.first}
    planned = _largest([f for f in found.judged if f.claim.site_id in over and f.claim.modality in PLANS])
    largest = _largest([f for f in found.judged if f.claim.site_id in ids and f.claim.claim_id not in wider])
    there = _with_parts(largest.claim.site_id, dossier) if largest else []
    chip = family_of(planned.claim if planned else largest.claim if largest else None, dossier)
    of_all, of_one = (model.total(sites, dossier) if sites else [] for sites in (sorted(ids), there))
    asked = [c for c in found.tests if c.sites & (ids | over)]
    misfits = {
        kind: tuple(
            sorted((c for c in asked if c.pair != Pair.PLANTED and c.finding == kind), key=lambda c: _rank(c, claims))
        )
        for kind in (CheckFinding.INCONSISTENT, CheckFinding.STRAINED)
    }
    groups = {f.claim.independence_group for f in (planned, largest) if f}
    seen = tuple(row for site in announced for row in dossier.observations[site.site_id])

    def room(totals: Sequence[Total], ground: Ground) -> HallRoom:
        return room_at(total_of(totals, ground), chip, dossier)

    return Answer(
        announced=tuple(s.site_id for s in announced),
        parts=tuple(s.site_id for s in announced if s.parent in ids),
        names={s.site_id: _plain_name(s.name_display) for s in dossier.sites.values()},
        planned=planned,
        largest=largest,
        servers=None if planned or largest else _most_servers(ids, dossier),
        share=_share(planned, largest, dossier),
        told=tuple(c for c in claims.values() if c.independence_group in groups and c.quantity in (CHIPS, "servers")),
        seen=seen,
        counting=tuple(row for row in seen if row.quantity in (CHIPS, "servers")),
        measured=room(of_all, Ground.OBSERVATION),
        measured_there=room(of_one, Ground.OBSERVATION),
        paper=room(of_all, Ground.ROOM),
        paper_there=room(of_one, Ground.ROOM),
        contradictions=misfits[CheckFinding.INCONSISTENT],
        tensions=misfits[CheckFinding.STRAINED],
        planted=tuple(c for c in asked if c.pair == Pair.PLANTED and c.finding == CheckFinding.INCONSISTENT),
        figures={c.claim_id: figure(c) for c in claims.values() if c.site_id in there},
        sides={
            side[0]: _side([claims[i] for i in side], dossier)
            for checks in misfits.values()
            for c in checks
            for side in (c.first, c.second)
            if side
        }
        | {"": ""},
    )


def _most_servers(sites: set[str], dossier: Dossier) -> Claim | None:
    """Return the claim of the largest number of servers at one of some sites."""
    rows = [c for c in dossier.all_claims if c.site_id in sites and c.quantity == "servers"]
    rows = [c for c in rows if c.claimed > 0 and c.modality not in TAKEN_BACK and not c.error_test]
    return max(rows, key=lambda c: (c.claimed, c.claim_id), default=None)


def _share(planned: Finding | None, largest: Finding | None, dossier: Dossier) -> tuple[str, str] | None:
    """Return the share in words and its id, where the largest number is that share of the plan."""
    if planned is None or largest is None:
        return None
    for claim in dossier.claims[largest.claim.site_id]:
        if claim.quantity_kind != "share_pct" or claim.independence_group != planned.claim.independence_group:
            continue
        if math.isclose(claim.figure / 100 * planned.claim.claimed, largest.claim.claimed, rel_tol=0.01):
            return claim.written(), claim.claim_id
    return None


def _with_parts(site_id: str, dossier: Dossier) -> list[str]:
    """Return a site and all its parts."""
    out = [site_id]
    for site in out:
        out += [part for part in dossier.parts.get(site, ()) if part not in out]
    return out


def _plain_name(name: str) -> str:
    """Return a short name without what is in brackets behind it."""
    return name.split(" (", maxsplit=1)[0]


def _side(claims: Sequence[Claim], dossier: Dossier) -> str:
    """Return one side of a contradiction in words: place, figure, who said it, and which claims repeat it."""
    claim = claims[0]
    how = {Modality.CAN_CARRY: "room for ", Modality.WILL: "a plan of ", Modality.WOULD: "a plan of "}
    verb = how.get(claim.modality, "") if claim.modality else ""
    place = _plain_name(dossier.sites[claim.site_id].name_display)
    others = f"; also {listed([c.claim_id for c in claims[1:]])}" if claims[1:] else ""
    return f"{place} with {verb}{figure(claim)} ({who_said(claim)}{others})"


def _largest(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding on the largest number of chips that no other contradicts; of equals the firmest source's."""
    chips = [
        f
        for f in findings
        if f.claim.quantity == CHIPS
        and f.claim.claimed > 0
        and f.claim.modality not in TAKEN_BACK
        and not f.claim.error_test
        and f.outcome != Outcome.INCONSISTENT
        and not f.contradictions
    ]
    return min(
        chips, key=lambda f: (-f.claim.claimed, TIERS.index(f.claim.source_tier), f.claim.claim_id), default=None
    )


def _rank(check: Check, claims: dict[str, Claim]) -> tuple[bool, int, float, str]:
    """Return the order of a contradiction: named sources, what its sides are to each other, how far apart they are."""
    first, second = (
        [claims[i].model_figure for i in side if claims[i].quantity] for side in (check.first, check.second)
    )
    apart = 1.0
    if first and second and min(*first, *second) > 0:
        apart = max(max(first) / max(second), max(second) / max(first))
    unsourced = any(claims[i].source_tier == Tier.UNSOURCED for i in check.claim_ids)
    return unsourced, FIRMEST.index(check.pair), -apart, check.check_id
