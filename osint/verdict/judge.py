"""From a claim to a finding, in this order: the right place, the right part, the right day, and only then the number.

What bears on a claim is chosen without its value (`bearing`, `look`, `room`); `judge` opens the claim afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from osint import model
from osint.errors import OsintError
from osint.model import CAPACITY, CHIP_COUNTS, HALL, POWER, ROUNDING, Dossier, Given, Posterior, Question
from osint.register import CLAIM_KINDS, Bounding, Claim, Register, Stage, chip_families
from osint.verdict.asserts import TESTED, Assertion, Asserts, assertion
from osint.verdict.basis import Bound, Contradiction, EdgeAssumption, edge_assumption
from osint.verdict.bearing import POWERED_UP, older, relayed_by_one
from osint.verdict.finding import Finding, named
from osint.verdict.ground import ground_shows
from osint.verdict.look import LATER_DAYS, RoomFor, Seen, look
from osint.verdict.needs import needs
from osint.verdict.room import Room, room_at, rooms_alone
from osint.verdict.rules import PRINTED, STRAIN, By, Outcome, RuleFacts, below, decide, sure, too_little

STATED_POWER = frozenset({"it_mw", "facility_mw", "power_mw"})
"""Quantities of a power as a text states it; an observed rung can support its number."""
COUNTED = frozenset({"chips", "servers"})
"""Quantities of which an observation shows chips."""


def easiest(claim: Claim) -> float:
    """Return the number that fits most easily under the words of a claim, in the unit of the model.

    The smaller of two readings, the lower end of a range, less the rounding of the number as printed. NaN without a
    number, and for 'at most', under which any smaller number is true as well.
    """
    factor = CLAIM_KINDS[claim.quantity_kind].factor
    if claim.readings:
        return min(claim.readings) * factor * (1 - ROUNDING[Bounding.EXACT])
    if claim.bound == Bounding.AT_MOST or claim.value_low is None:
        return math.nan
    return claim.value_low * factor * (1 - ROUNDING.get(claim.bound or Bounding.EXACT, ROUNDING[Bounding.EXACT]))


def hardest(claim: Claim) -> float:
    """Return the number that fits least easily under the words of a claim, in the unit of the model; NaN if none."""
    factor = CLAIM_KINDS[claim.quantity_kind].factor
    if claim.readings:
        return max(claim.readings) * factor
    ends = [end for end in (claim.value_low, claim.value_high) if end is not None]
    return max(ends) * factor if ends else math.nan


def bound(q: Question, source: Register | Dossier) -> Bound:
    """Return what the documents other than the claim allow for its quantity; takes no value of the claim."""
    if q.quantity not in CAPACITY or q.aggregate:
        return Bound([])
    dossier = Dossier.of(source)
    givens = model.gather(q, dossier)
    sites = _site_and_parts(q, dossier)
    built = dossier.once(q.site_id, "built", lambda: _not_plans(sites, dossier))
    planned = [g for g in givens if built.isdisjoint(g.ids)]
    if q.quantity not in CHIP_COUNTS or not planned:
        return _bound(q, givens, dossier, planned=bool(givens) and planned == givens)
    plans = _bound(q, planned, dossier, planned=True)
    stands = [g for g in givens if g not in planned and g.quantity in HALL]
    if stands:
        return replace(_bound(q, stands, dossier), plans=plans)
    if planned != givens:
        return _bound(q, givens, dossier)
    halls = _halls(q, dossier)
    if not halls:
        return plans
    used = [g for hall in halls for g in hall.givens]
    solved = [hall.posterior for hall in halls if hall.posterior is not None]
    of = tuple(hall.parts[0] for hall in halls)
    if len(solved) == 1:
        return Bound(used, solved[0], plans=plans, parts=of)
    return Bound(used, total=model.sum_of(solved), plans=plans, parts=of)


def _not_plans(sites: Sequence[str], dossier: Dossier) -> frozenset[str]:
    """Return the claims of some sites that speak of more than a plan, by id."""
    return frozenset(c.claim_id for site in sites for c in dossier.claims[site] if c.stage != Stage.PLAN)


def _site_and_parts(q: Question, dossier: Dossier) -> list[str]:
    return [q.site_id, *dossier.descendants(q.site_id)]


def _halls(q: Question, dossier: Dossier) -> list[Bound]:
    """Return what the halls that are told to stand at parts of the site have room for, one for each part."""
    out = []
    for site in dossier.descendants(q.site_id) if not q.part else ():
        of_part = replace(q, site_id=site, stage=Stage.WORKS, use=dossier.sites[site].hall_use)
        told = _not_plans([site], dossier)
        givens = [g for g in model.gather(of_part, dossier) if g.quantity in HALL and set(g.ids) <= told]
        if not all(g.bound for g in givens):
            found = _bound(of_part, givens, dossier)
            out += [replace(found, parts=(site,))] if found.posterior is not None else []
    return out


def _bound(q: Question, givens: list[Given], dossier: Dossier, *, planned: bool = False) -> Bound:
    if any(g.quantity in HALL and not g.bound for g in givens):
        givens = [g for g in givens if g.quantity != "cost_cny"]  # money is no room where a hall is on file
    if all(g.bound for g in givens):
        return Bound(givens, planned=planned)
    q = _as_named(q, givens, dossier)
    most = model.most_of_whole(q, dossier) if any(g.quantity in HALL and not g.bound for g in givens) else []
    of_chips = ({q.quantity} | {g.quantity for g in givens}) & model.BY_CHIP
    prior = tuple(model.family_prior(q, dossier.network).items()) if of_chips else ()
    key = ("paper", q.quantity, prior, q.precision, q.use, *givens, *most)
    return replace(dossier.once(q.site_id, key, lambda: _paper(q, givens, most, dossier)), planned=planned)


def _as_named(q: Question, givens: Sequence[Given], dossier: Dossier) -> Question:
    """Return the question with the chips that the documents name, where the claim names none.

    A document that counts 250 H100 servers is not read as one of 250 servers of another chip.
    """
    if q.families:
        return q
    counted = {i for g in givens if g.quantity in COUNTED for i in g.ids}
    named = {f for c in dossier.claims[q.site_id] if c.claim_id in counted for f in chip_families(c.chip_model)}
    return replace(q, families=tuple(sorted(named)))


def _paper(q: Question, givens: list[Given], most: list[Given], dossier: Dossier) -> Bound:
    """Return what documents allow, not more than what they state of the whole; of contradicting ones by side."""
    firm, bounds = [g for g in givens if not g.bound], [g for g in givens if g.bound]
    try:
        answer, used = model.within_whole(q.quantity, givens, most, lambda gs: model.readings_for(q, gs, dossier))
        worst = model.contradiction(q.quantity, firm, model.readings_for(q, givens, dossier))
    except OsintError:  # no relation joins the documents to the claim's chip, or they cannot hold together
        return Bound(givens)
    if worst is None:
        return Bound(used, answer)
    sides = [_paper(q, [*side, *bounds], most, dossier) for side in ([worst.given], worst.others)]
    return Bound(givens, sides=tuple(one for side in sides for one in side.sides or (side,)))


def _agree(rooms: Sequence[Room], number: float) -> Room | None:
    """Return the room with most space, if every size alone leaves too little for the number; else None."""
    if not rooms or any(not too_little(room.holds(number)) for room in rooms):
        return None
    return max(rooms, key=lambda room: (round(room.holds(number), PRINTED), room.interval[2]))


def _settled(room: Room | None, number: float, q: Question, dossier: Dossier) -> tuple[Room | None, tuple[str, ...]]:
    """Return a room whose sizes do not disagree, or the ids of those that do.

    Where each size alone leaves too little, the one that leaves most is taken: the disagreement changes nothing.
    """
    if room is None or room.disagreement is None:
        return room, ()
    agreed = _agree(rooms_alone(room, q, dossier), number) if math.isfinite(number) else None
    return (agreed, ()) if agreed is not None else (None, room.disagreement.ids)


def _tightest(
    rooms: Sequence[Room], number: float, q: Question, dossier: Dossier
) -> tuple[Room | None, tuple[str, ...]]:
    """Return the room that leaves least for a number, or the ids of sizes that disagree in any of them.

    Of rooms that are surely of the place, if there is one: what a doubtful look leaves says nothing against those.
    """
    settled = [_settled(room, number, q, dossier) for room in rooms]
    disagree = next((ids for _, ids in settled if ids), ())
    known = [room for room, _ in settled if room is not None]
    if disagree or not known:
        return None, disagree
    firm = [room for room in known if sure(room.p_place)] or known
    return (min(firm, key=lambda room: room.holds(number)) if math.isfinite(number) else firm[0]), ()


def judge(
    claim: Claim,
    source: Register | Dossier,
    contradictions: Mapping[str, Sequence[Contradiction]] | None = None,
    would_change: tuple[str, ...] = (),
) -> Finding:
    """Open one claim and return its finding.

    `contradictions` maps a claim to the cross-checks that found it inconsistent (`checks.contradictions`);
    `would_change` says what to get next of its site.
    """
    dossier = Dossier.of(source)
    q, asks = model.question(claim, dossier), assertion(claim, dossier)
    seen, paper = look(claim, asks, q, dossier), bound(q, dossier)
    against = tuple((contradictions or {}).get(claim.claim_id, ()))
    numbers = _numbers(claim, seen, asks.day, q, dossier)
    seen = numbers.seen
    rule = decide(_facts(claim, asks, numbers, q, dossier, contradicted=bool(against), paper=bool(paper.givens)))
    room = {By.AFTER: numbers.after, By.ABOUT: numbers.about}.get(rule.by)
    if rule.by == By.AFTER and room is not None:  # the same room beside the finding
        seen = replace(seen, room_for=RoomFor((room,), partial=False))
    absent = 1 - seen.absent.p_absent if seen.absent else None
    left = {By.AFTER: numbers.holds, By.ABSENT: absent}
    strained = rule.outcome == Outcome.STRAINED and room is not None and room.posterior is not None
    return Finding(
        claim=claim,
        asserts=asks,
        rule=rule,
        seen=seen,
        paper=paper,
        probability=left.get(rule.by) if rule.states_chance else None,
        hardest=numbers.fits_hardest,
        room=room,
        contradictions=against,
        assumption=_edge(room, q, numbers.easy) if strained and room is not None else None,
        chips_counted_by=tuple(s.row.observation_id for s in (*seen.sights, *seen.own) if s.row.quantity in COUNTED),
        needs=needs(q, named(claim), dossier),
        would_change=would_change,
    )


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The number of a claim against the rooms that were seen; None where there is no number or no room."""

    easy: float
    seen: Seen
    """With the sizes that disagree."""
    after: Room | None
    about: Room | None
    holds: float | None
    fits: float | None
    fits_hardest: float | None
    fits_surely: float | None
    """The same by the kind of cabinet or server that leaves least."""
    doubted: bool
    """Whether what `holds` leaves is left by the doubt of the place alone."""


def _numbers(claim: Claim, seen: Seen, day: int, q: Question, dossier: Dossier) -> _Numbers:
    easy, hard = (easiest(claim), hardest(claim)) if q.quantity in TESTED else (math.nan, math.nan)
    after, disagree = _tightest(seen.after, easy, q, dossier)
    about, disagree_about = _settled(seen.about, easy, q, dossier)
    sides = (after, *seen.by_parts) if after is not None and seen.by_parts and math.isfinite(easy) else ()
    if (larger := _agree(sides, easy)) is not None:
        after, seen = larger, replace(seen, disputed=(), moot=seen.disputed)
    holds = after.holds(easy) if after is not None and math.isfinite(easy) else None
    doubted = after is not None and _left_by_doubt(after, easy)
    fits = about.holds(easy) if about is not None and math.isfinite(easy) else None
    if doubted and about is not None and about.day >= day and _left_by_doubt(about, easy):
        fits = None  # the same look on or after the day, or one like it
    if about is not None and about.posterior is None and fits is not None and not below(fits, STRAIN):
        fits = None  # nothing stood where it was looked at, so that no number fits there: the rest is not known
    fits_hardest = about.holds(hard) if about is not None and math.isfinite(hard) else None
    if seen.conflict and not seen.statements and holds is not None and too_little(holds) and not doubted:
        seen = replace(seen, conflict=(), moot=seen.conflict, absent=None, parts_absent=())
    seen = replace(seen, conflict=seen.conflict or disagree or disagree_about or seen.disputed)
    surely = about.surely_holds(hard) if about is not None and _measured(about, claim, hard) else None
    return _Numbers(easy, seen, after, about, holds, fits, fits_hardest, surely, doubted)


def _measured(about: Room, claim: Claim, number: float) -> bool:
    """Return whether a power was measured, of which the number of a claim is not less than it can have been."""
    measured = any(s.row.quantity in POWER for s in about.seen)
    return measured and (claim.bound == Bounding.AT_LEAST or number >= about.interval[0])


def _left_by_doubt(room: Room, number: float) -> bool:
    """Return whether a room is too little for a number, and only the doubt of the place leaves it more than 5%."""
    return math.isfinite(number) and too_little(room.at_least(number)) and not sure(room.p_place)


def _facts(
    claim: Claim, asks: Assertion, numbers: _Numbers, q: Question, dossier: Dossier, *, contradicted: bool, paper: bool
) -> RuleFacts:
    """Return what the rules see of a claim and of what was seen."""
    seen = numbers.seen
    shown = seen.shown is not None and _bears(claim, seen, dossier)
    unsearched = bool(seen.doubtful) and all(sure(s.p_place) and not sure(s.share) for s in seen.doubtful)
    sized = [s for s in seen.covering if not s.bare and s.given()]
    told = seen.absent is not None and relayed_by_one(seen.parts_absent or (seen.absent,))
    return RuleFacts(
        asserts=asks.kind,
        states=not q.quantity and CLAIM_KINDS[claim.quantity_kind].states,
        conflict=bool(seen.conflict),
        absent=seen.absent is not None and not told,
        told_absent=told,
        bare_shows=ground_shows(claim, asks.kind == Asserts.STANDS),
        absent_before=seen.absent_before is not None,
        holds=numbers.holds,
        doubted=numbers.doubted,
        told_size=numbers.after is not None and relayed_by_one(numbers.after.seen),
        fits=numbers.fits,
        not_yet_due=numbers.about is not None
        and (not asks.day or numbers.about.day < asks.day)
        and not all(older(s, claim) for s in numbers.about.seen),
        fits_hardest=numbers.fits_hardest,
        fits_surely=numbers.fits_surely,
        unknown_precision=claim.unknown_precision,
        shown=shown,
        little=seen.shown is not None and not shown,
        power=q.quantity in STATED_POWER and claim.rung in POWERED_UP,
        contradicted=contradicted,
        unsearched=unsearched,
        share_unstated=unsearched and all(s.missing is not None and not s.share_known for s in seen.doubtful),
        unsure=any(s.confirmed for s in seen.doubtful),
        unconfirmed=bool(seen.doubtful) or (bool(seen.sights) and not seen.confirmed),
        after=bool(asks.day) and any(s.first > asks.day for s in seen.covering),
        before=bool(asks.day) and any(s.last <= asks.day for s in seen.covering),
        unfixed=bool(asks.day) and any(s.first <= asks.day < s.last for s in seen.covering),
        part_lacks=bool(seen.part_lacks),
        elsewhere=bool(seen.confirmed) and not seen.covering,
        small=bool(seen.small),
        silent=asks.kind == Asserts.NOTHING,
        seen=bool(seen.confirmed),
        own=bool(seen.own),
        of_several=q.quantity in TESTED and bool(sized) and not any(s.whole for s in sized),
        tests_others=bool(q.quantity) and q.quantity not in TESTED,
        paper=paper,
    )


def _edge(room: Room, q: Question, value: float) -> EdgeAssumption | None:
    if not isinstance(room.posterior, Posterior):
        return None
    return edge_assumption(q.quantity, room.posterior, [g for s in room.seen if (g := s.given())], value)


def _bears(claim: Claim, seen: Seen, dossier: Dossier) -> bool:
    """Return whether the size of what shows a rung has room for the smallest number of the same text and part."""
    if seen.shown is None or claim.rung is None:
        return False
    mates = [
        c
        for c in dossier.claims[claim.site_id]
        if c.quantity in CAPACITY
        and (c.independence_group, c.part) == (claim.independence_group, claim.part)
        and math.isfinite(easiest(c))
    ]
    sized = [s for s in seen.covering if s.whole and s.given() and s.last <= (seen.shown.last + LATER_DAYS)]
    for mate in mates:
        q = model.question(mate, dossier)
        room = room_at(sized, max(sized, key=lambda s: s.last), q, dossier) if sized else None
        if room is not None and below(room.holds(easiest(mate)), STRAIN):
            return False
    return True
