"""From a claim to a finding, in this order: the right place, the right part, the right day, and only then the number.

What bears on a claim is chosen without its value (`bearing`, `room`); `judge` opens the claim afterwards. The rules that
lead to a finding are the table RULES, asked from the top; `findings.csv` holds the sentence of each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from osint import model
from osint.errors import BadInputError, OsintError
from osint.model import CAPACITY, ROUNDING, Dossier, Factor, Given, Posterior, Question, show
from osint.register import CLAIM_KINDS, Bounding, Claim, Register, Rung, table_rows
from osint.verdict.bearing import (
    POWERED_UP,
    Assertion,
    Asserts,
    Coverage,
    Sight,
    assertion,
    by_others,
    day_text,
    sights,
    witnesses,
)
from osint.verdict.room import Room, room_at, rooms_alone


class Outcome(StrEnum):
    """What is found of a claim."""

    REFUTED = "refuted"
    DEADLINE_MISSED = "deadline missed"
    CONFLICT = "conflict"
    STRAINED = "strained"
    SUPPORTED = "supported"
    INCONSISTENT = "inconsistent"
    COULD_FIT = "could fit"
    NOT_REACHED = "not reached"
    UNTESTED = "untested"


class Confidence(StrEnum):
    """How well the ground under a finding is laid, apart from how likely it is."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Basis(StrEnum):
    """Kind of evidence under a finding."""

    OBSERVATIONS = "observations"
    DOCUMENTS = "documents"
    NONE = "none"


FINDINGS = {
    Outcome.REFUTED: "said to stand on a day, and what was seen of the place afterwards leaves less than 5% for it",
    Outcome.DEADLINE_MISSED: "promised for a day, and what was seen of the place afterwards leaves less than 5% for it",
    Outcome.CONFLICT: "observers contradict each other; both are shown, and neither is taken for the other",
    Outcome.STRAINED: "possible only with an assumption at the edge of its range",
    Outcome.SUPPORTED: "an independent observation shows the rung by its day, and a size that bears on it",
    Outcome.INCONSISTENT: "the claim contradicts itself, or another claim that cannot both be true",
    Outcome.COULD_FIT: "what was seen had room enough; nothing shows the chips",
    Outcome.NOT_REACHED: "by the day of the picture it was not there, and no day was due; no word on its truth",
    Outcome.UNTESTED: "nothing was observed that bears on it, or the place is not confirmed",
}
"""What each outcome means."""
NEGATIVE = (Outcome.REFUTED, Outcome.DEADLINE_MISSED)
"""Outcomes that say that a claim is wrong."""
BANDS = (
    (0.0, "almost no chance"),
    (0.05, "very unlikely"),
    (0.20, "unlikely"),
    (0.45, "roughly even chance"),
    (0.55, "likely"),
    (0.80, "very likely"),
    (0.95, "almost certain"),
)
"""Words of ICD 203, lower bound inclusive."""
REFUTE = 0.05  # probability below which what was seen refutes a claim
STRAIN = 0.20  # probability below which a claim is strained
EVEN = 0.45  # probability from which a stated power can be supported
LATER_DAYS = 60  # days after its day within which a size still shows what room there was on it
FIRM_SIZES = 2  # sizes of the place from which confidence is high
STATED_POWER = frozenset({"it_mw", "facility_mw", "power_mw"})
"""Quantities of a power as a text states it; an observed rung can support its number."""
COUNTED = frozenset({"chips", "servers"})
"""Quantities of which an observation shows chips."""
_SENTENCES = {row["rule"]: row["sentence"] for row in table_rows("findings.csv", "osint.verdict")}


def word(probability: float) -> str:
    """Return the ICD 203 word for a probability; raises BadInputError outside 0 to 1.

    >>> word(0.05)
    'very unlikely'
    """
    if not 0 <= probability <= 1:
        raise BadInputError(f"{probability} is not a probability; it must be between 0 and 1")
    return [name for low, name in BANDS if probability >= low][-1]


@dataclass(frozen=True)
class Bound:
    """What the documents other than the claim allow for the quantity of a question."""

    givens: list[Given]
    posterior: Posterior | None = None
    """None where nothing bears on the quantity."""

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high (90%); NaN where nothing bears on it."""
        return self.posterior.interval if self.posterior else (math.nan, math.nan, math.nan)

    @property
    def ids(self) -> list[str]:
        """Ids of the claims, sorted."""
        return sorted({i for g in self.givens for i in g.ids})


def bound(q: Question, source: Register | Dossier) -> Bound:
    """Return what the documents other than the claim allow for its quantity; takes no value of the claim."""
    if q.quantity not in CAPACITY or q.aggregate:
        return Bound([])
    dossier = Dossier.of(source)
    givens = [g for g in model.gather(q, dossier) if not g.observed]
    if all(g.bound for g in givens):
        return Bound(givens)
    try:
        readings = model.readings_for(q, givens, dossier)
        return Bound(givens, model.posterior(q.quantity, givens, readings)[0])
    except OsintError:  # no relation joins the documents to the claim's chip, or they cannot hold together
        return Bound(givens)


@dataclass(frozen=True, slots=True)
class EdgeAssumption:
    """The factor that must be furthest from its best for a claim to hold."""

    factor: Factor
    needed: float
    """Value that it would have to have, in its unit."""
    sd: float
    """Distance of that value from the best, in standard deviations of the log; negative below the best."""

    def text(self) -> str:
        """Return it in words."""
        f = self.factor
        known = f"(best {show(f.best)}, 90% {show(f.low)} to {show(f.high)})"
        return f"{f.name} would have to be {show(self.needed)} {f.unit} {known}"


def edge_assumption(quantity: str, answer: Posterior, givens: Sequence[Given], value: float) -> EdgeAssumption | None:
    """Return the factor that must be furthest from its best for a value to hold, by the likeliest reading.

    Under the value and the two-sided givens the most probable factors follow by generalised least squares. None where
    the answer depends on no factor.
    """
    top = answer.solved[int(np.argmax(answer.weights))].reading
    firm = [g for g in givens if not g.bound] + [Given(quantity, value, value)]
    mean, load, names = model.design(top, [g.quantity for g in firm])
    gaps = np.array([g.log for g in firm]) - mean
    inverse = np.linalg.inv(load @ load.T + np.diag([g.sd**2 for g in firm]))
    ones = np.ones(len(firm))
    size = (ones @ inverse @ gaps) / (ones @ inverse @ ones)
    needed = load.T @ inverse @ (gaps - size)
    if not len(needed):
        return None
    furthest = int(np.argmax(np.abs(needed)))
    factors = {f.name: f for e in top.edges.values() for _, f in e.factors}
    factor, sd = factors[names[furthest]], float(needed[furthest])
    return EdgeAssumption(factor, float(factor.best * np.exp(sd * factor.sigma)), sd)


# ---------------------------------------------------------------- the number of a claim, from easy to hard


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


# ---------------------------------------------------------------- the rules


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the rules see of a claim and of what was seen."""

    asserts: Asserts = Asserts.NOTHING
    states: bool = False
    """It asserts a state of the site or its date, and no number of the model."""
    conflict: bool = False
    """Those whose sight would decide contradict each other."""
    absent: bool = False
    """On or after its day a lower rung was seen, of the whole of it, at a confirmed place."""
    absent_before: bool = False
    """The same, where no day is due."""
    holds: float | None = None
    """Chance that the place had room for the number that fits most easily; None without a size on or after its day."""
    fits: float | None = None
    """The same by a size seen about its day or before it, or where no day is due."""
    fits_hardest: float | None = None
    """The same for the number that fits least easily."""
    shown: bool = False
    """The rung was shown by its day, with a size that bears on it, at a confirmed place."""
    power: bool = False
    """The number is a power, and its rung is powered or running."""
    contradicted: bool = False
    """A cross-check found the claim inconsistent."""
    unconfirmed: bool = False
    """Something was seen, and none of it at a confirmed place."""
    after: bool = False
    """What was seen is later than its day."""
    before: bool = False
    """What was seen is earlier than its day."""
    elsewhere: bool = False
    """Another part was seen."""
    small: bool = False
    """A rung was seen without the size of a hall."""
    silent: bool = False
    """It asserts nothing that the ground could show on a day."""
    seen: bool = False
    """Something was seen at a confirmed place."""
    tests_others: bool = False
    """It is a number of the model of which no claim is tested."""
    paper: bool = False
    """Documents bear on its number."""

    @property
    def promised(self) -> bool:
        """Whether a day was named by which it would be there."""
        return self.asserts == Asserts.PROMISED

    @property
    def said_to_stand(self) -> bool:
        """Whether it is said to stand."""
        return self.asserts == Asserts.STANDS

    @property
    def too_small(self) -> bool:
        """Whether what was seen on or after its day leaves too little for the number that fits most easily."""
        return _below(self.holds, REFUTE)

    @property
    def room_enough(self) -> bool:
        """Whether what was seen about its day or before had room for the number that fits most easily."""
        return self.fits is not None and not _below(self.fits, STRAIN)


def _below(probability: float | None, limit: float) -> bool:
    return probability is not None and probability < limit


class By(StrEnum):
    """What a rule decides by."""

    ABSENT = "absent"
    """The last sight of a lower rung on or after the day."""
    ABSENT_BEFORE = "absent before"
    """The last sight of a lower rung where no day is due."""
    AFTER = "after"
    """Room seen on or after the day."""
    ABOUT = "about"
    """Room seen about the day or before it."""
    RUNG = "rung"
    """The sight that shows the rung."""
    CONFLICT = "conflict"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One rule: its name, the condition, the outcome where the condition holds, and what it decides by."""

    name: str
    holds: Callable[[RuleFacts], bool]
    outcome: Outcome
    by: By = By.NOTHING

    @property
    def sentence(self) -> str:
        """What the finding says, with names of `Said` in braces."""
        return _SENTENCES[self.name]


RULES = (
    FindingRule("observers contradict each other", lambda f: f.conflict, Outcome.CONFLICT, By.CONFLICT),
    FindingRule("not there on its day", lambda f: f.absent and f.said_to_stand, Outcome.REFUTED, By.ABSENT),
    FindingRule("not there by its due day", lambda f: f.absent and f.promised, Outcome.DEADLINE_MISSED, By.ABSENT),
    FindingRule("too small on its day", lambda f: f.too_small and f.said_to_stand, Outcome.REFUTED, By.AFTER),
    FindingRule("too small by its due day", lambda f: f.too_small and f.promised, Outcome.DEADLINE_MISSED, By.AFTER),
    FindingRule("room at the edge of an assumption", lambda f: _below(f.holds, STRAIN), Outcome.STRAINED, By.AFTER),
    FindingRule("rung shown by its day", lambda f: f.shown and f.states, Outcome.SUPPORTED, By.RUNG),
    FindingRule(
        "power measured and rung shown",
        lambda f: f.shown and f.power and f.fits_hardest is not None and not _below(f.fits_hardest, EVEN),
        Outcome.SUPPORTED,
        By.ABOUT,
    ),
    FindingRule("contradicted on paper", lambda f: f.contradicted, Outcome.INCONSISTENT),
    FindingRule(
        "the readings differ", lambda f: f.room_enough and _below(f.fits_hardest, REFUTE), Outcome.UNTESTED, By.ABOUT
    ),
    FindingRule("room enough", lambda f: f.room_enough, Outcome.COULD_FIT, By.ABOUT),
    FindingRule(
        "nothing stood there and no day is due",
        lambda f: f.absent_before and not f.said_to_stand,
        Outcome.NOT_REACHED,
        By.ABSENT_BEFORE,
    ),
    FindingRule(
        "no room yet and no day is due",
        lambda f: _below(f.fits, STRAIN) and not f.said_to_stand,
        Outcome.NOT_REACHED,
        By.ABOUT,
    ),
    FindingRule("the place is not confirmed", lambda f: f.unconfirmed, Outcome.UNTESTED),
    FindingRule("no size was measured", lambda f: f.small, Outcome.UNTESTED),
    FindingRule("seen after its day alone", lambda f: f.after, Outcome.UNTESTED),
    FindingRule("seen before its day alone", lambda f: f.before, Outcome.UNTESTED),
    FindingRule("another part was seen", lambda f: f.elsewhere, Outcome.UNTESTED),
    FindingRule("it asserts nothing of the ground", lambda f: f.seen and f.silent, Outcome.UNTESTED),
    FindingRule("no relation joins them", lambda f: f.seen, Outcome.UNTESTED),
    FindingRule("a figure that tests others", lambda f: f.tests_others, Outcome.UNTESTED),
    FindingRule("on paper alone", lambda f: f.paper, Outcome.UNTESTED),
    FindingRule("nothing bears on it", lambda _: True, Outcome.UNTESTED),
)
"""The rules of a finding; the first whose condition holds decides."""


def decide(facts: RuleFacts) -> FindingRule:
    """Return the first rule whose condition holds; the last one always does.

    >>> decide(RuleFacts(asserts=Asserts.PROMISED, absent=True)).outcome.value
    'deadline missed'
    """
    return next(rule for rule in RULES if rule.holds(facts))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A cross-check that found a claim inconsistent, and the other claims that it rests on."""

    check: StrEnum
    others: tuple[str, ...]

    def text(self) -> str:
        """Return it in words, as 'ladder against date with C047'."""
        return f"{self.check} with {' and '.join(self.others)}" if self.others else str(self.check)


# ---------------------------------------------------------------- the finding


@dataclass(frozen=True)
class RoomFor:
    """What was seen last, and for how much of the claimed quantity it had room at most."""

    rooms: tuple[Room, ...]
    at_most: float
    """Upper end of the 90% interval, in the unit of the model; 0 where nothing stood."""
    partial: bool
    """Whether parts of what the claim speaks of were seen, and others were not."""

    @property
    def day(self) -> int:
        """Ordinal of the last day on which it can have been seen."""
        return max(room.day for room in self.rooms)

    @property
    def ids(self) -> list[str]:
        """Ids of the observations, sorted."""
        return sorted({i for room in self.rooms for i in room.ids})

    @property
    def p_place(self) -> float:
        """Probability that it is the place: that of the least certain observation."""
        return min(room.p_place for room in self.rooms)


@dataclass(frozen=True)
class Seen:
    """What was seen of a claim, sorted by what it can decide."""

    sights: tuple[Sight, ...]
    """By others than the claimant, of any place, part and day."""
    absent: Sight | None = None
    """The last sight of a lower rung on or after the day of the claim."""
    absent_before: Sight | None = None
    """The last sight of a lower rung where no day is due."""
    doubtful: tuple[Sight, ...] = ()
    """Sights that would decide if it were sure that they are of the place."""
    after: Room | None = None
    """Room seen on or after its day."""
    about: Room | None = None
    """Room seen by its day or shortly after, or, where no day is due, at last."""
    shown: Sight | None = None
    """The sight that shows the rung by its day."""
    small: tuple[Sight, ...] = ()
    """Sights of the rung by its day without the size of a hall."""
    conflict: tuple[str, ...] = ()
    """Ids of observations and statements that contradict each other."""
    room_for: RoomFor | None = None

    @property
    def confirmed(self) -> list[Sight]:
        """Sights of a confirmed place."""
        return [s for s in self.sights if s.confirmed]

    @property
    def covering(self) -> list[Sight]:
        """Sights of a confirmed place and of the whole of what the claim speaks of."""
        return [s for s in self.confirmed if s.covers]


def _sure(p: float) -> bool:
    """Return whether a negative finding may rest on something of this probability."""
    return 1 - p < REFUTE


def _look(claim: Claim, asks: Assertion, q: Question, dossier: Dossier) -> Seen:
    """Sort what was seen by what it can decide; the value of the claim is not used."""
    every = sights(claim, dossier)
    seen = Seen(tuple(by_others(claim, every)))
    lower = [s for s in seen.sights if s.covers and _lower(s, asks, seen)]
    late = [s for s in lower if asks.day and s.first >= asks.day]
    sure = [s for s in late if _sure(s.p_absent)]
    absent = max(sure, key=lambda s: s.first, default=None)
    open_ended = asks.kind in {Asserts.PROMISED, Asserts.PLANNED}
    early = [s for s in lower if s.confirmed and s not in late and open_ended and not _overtaken(s, seen)]
    absent_before = max(early, key=lambda s: s.first, default=None)
    shown, small = _shown(asks, seen)
    conflict = witnesses(decider, every, claim, dossier) if (decider := absent or absent_before) else ()
    found = Seen(
        sights=seen.sights,
        absent=absent,
        absent_before=absent_before,
        doubtful=tuple(s for s in late if s not in sure and s.p_place > 0) if absent is None else (),
        shown=shown,
        small=small,
        conflict=(decider.row.observation_id, *conflict) if decider and conflict else (),
    )
    return _sized(found, asks, q, dossier) if q.quantity in CAPACITY else found


def _lower(s: Sight, asks: Assertion, seen: Seen) -> bool:
    """Return whether a sight is of a rung below the asserted one not being there.

    From powered on, 'not yet' of a whole says nothing of a part of it if any of the whole is known to have the rung.
    """
    missing = s.row.not_yet or (Rung.ROOFED if s.bare else None)
    if missing is None or missing.height > asks.rung.height or asks.kind == Asserts.NOTHING:
        return False
    if s.coverage == Coverage.SAME or missing.height <= Rung.ROOFED.height:
        return True
    return not any(o.row.rung and o.row.rung.height >= missing.height and o.first <= s.last for o in seen.confirmed)


def _overtaken(s: Sight, seen: Seen) -> bool:
    """Return whether a later sight shows the rung that was missing."""
    missing = s.row.not_yet or Rung.ROOFED
    return any(o.row.rung and o.row.rung.height >= missing.height and o.last >= s.first for o in seen.covering)


def _shown(asks: Assertion, seen: Seen) -> tuple[Sight | None, tuple[Sight, ...]]:
    """Return the sight that shows the rung by its day, of the same part, and those without the size of a hall."""
    if not asks.day or asks.rung.height < Rung.GROUND_BROKEN.height:
        return None, ()
    same = [s for s in seen.covering if s.coverage == Coverage.SAME and _sure(s.p_place) and s.last <= asks.day]
    of_rung = [s for s in same if s.row.rung is not None and s.row.rung.height >= asks.rung.height]
    sized = any(s.substantial() for s in same)
    needs_size = asks.rung.height >= Rung.ROOFED.height
    if of_rung and (sized or not needs_size):
        return max(of_rung, key=lambda s: s.last), ()
    return None, tuple(of_rung)


def _sized(found: Seen, asks: Assertion, q: Question, dossier: Dossier) -> Seen:
    """Add the room that sizes show: on or after the day, about it, and at last."""
    measured = [s for s in found.covering if s.whole and (s.bare or s.given())]
    after = about = None
    late = [s for s in measured if asks.day and s.first >= asks.day]
    if late:
        after = room_at(late, min(late, key=lambda s: (s.first, s.row.observation_id)), q, dossier)
    in_time = [s for s in measured if not s.bare and (not asks.day or s.last <= asks.day + LATER_DAYS)]
    if in_time and asks.kind != Asserts.NOTHING:
        about = room_at(in_time, max(in_time, key=lambda s: (s.last, s.row.observation_id)), q, dossier)
    return Seen(**{**vars(found), "after": after, "about": about, "room_for": _room_for(found, q, dossier)})


def _room_for(found: Seen, q: Question, dossier: Dossier) -> RoomFor | None:
    """Return the room that was seen last, of the whole or else of its parts; at an unconfirmed place if at no other."""
    for pool in (found.confirmed, found.sights):
        usable = [s for s in pool if s.bare or s.given()]
        whole = [s for s in usable if s.covers and s.whole]
        if whole:
            room = room_at(whole, max(whole, key=lambda s: (s.last, s.row.observation_id)), q, dossier)
            if room is not None:
                return RoomFor((room,), room.interval[2], partial=False)
        parts: dict[tuple[str, str], list[Sight]] = {}
        for s in usable:
            if s.coverage == Coverage.PART:
                parts.setdefault((s.row.site_id, s.row.part), []).append(s)
        rooms = [
            room
            for rows in parts.values()
            if (room := room_at(rows, max(rows, key=lambda s: (s.last, s.row.observation_id)), q, dossier))
        ]
        if rooms:
            posteriors = [room.posterior for room in rooms if room.posterior is not None]
            at_most = model.sum_of(posteriors).interval[2] if posteriors else 0.0
            return RoomFor(tuple(rooms), at_most, partial=True)
    return None


def _agree(rooms: Sequence[Room], number: float) -> Room | None:
    """Return the room with most space, if every size alone leaves less than REFUTE for the number; else None."""
    if not rooms or any(not _below(room.holds(number), REFUTE) for room in rooms):
        return None
    return max(rooms, key=lambda room: room.holds(number))


def _settled(room: Room | None, number: float, q: Question, dossier: Dossier) -> tuple[Room | None, tuple[str, ...]]:
    """Return a room whose sizes do not disagree, or the ids of those that do.

    Where each size alone leaves too little, the one that leaves most is taken: the disagreement changes nothing.
    """
    if room is None or room.disagreement is None:
        return room, ()
    agreed = _agree(rooms_alone(room, q, dossier), number) if math.isfinite(number) else None
    return (agreed, ()) if agreed is not None else (None, room.disagreement.ids)


@dataclass(frozen=True)
class Finding:
    """The finding on one claim, with everything that it rests on."""

    claim: Claim
    asserts: Assertion
    rule: FindingRule
    seen: Seen
    paper: Bound
    """What other documents allow: it decides nothing."""
    probability: float | None = None
    """Chance that the place had room for the number, or that what it says stands there; None where that was not seen."""
    hardest: float | None = None
    """The same for the other reading of the number."""
    room: Room | None = None
    """The room that decided."""
    contradictions: tuple[Contradiction, ...] = ()
    assumption: EdgeAssumption | None = None
    """Of a strained number."""
    chips_counted_by: tuple[str, ...] = ()
    """Observations by others of a number of chips or servers."""
    would_change: tuple[str, ...] = field(default=())
    """What to get next."""

    @property
    def outcome(self) -> Outcome:
        """What is found."""
        return self.rule.outcome

    @property
    def decided_by(self) -> tuple[Sight, ...]:
        """Sights on which the finding rests."""
        seen = self.seen
        if self.outcome == Outcome.CONFLICT:
            return tuple(s for s in seen.sights if s.row.observation_id in seen.conflict)
        shown = seen.shown if self.outcome == Outcome.SUPPORTED else None
        single = {By.ABSENT: seen.absent, By.ABSENT_BEFORE: seen.absent_before}.get(self.rule.by, shown)
        return (*(self.room.seen if self.room is not None else ()), *((single,) if single is not None else ()))

    @property
    def p_place(self) -> float | None:
        """Probability that what decided, or else what was seen, is of the place; None where none is stated."""
        rows = self.decided_by or self.seen.doubtful or self.seen.sights
        stated = [s.row.p_place for s in rows if s.row.p_place is not None]
        return min(stated) if stated else None

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high of the quantity as the sizes that were seen allow it; NaN where none was."""
        room = self.room or (self.seen.room_for.rooms[0] if self._whole_room else None)
        return room.interval if room is not None else (math.nan, math.nan, math.nan)

    @property
    def _whole_room(self) -> bool:
        found = self.seen.room_for
        return found is not None and not found.partial and all(s.confirmed for s in found.rooms[0].seen)

    @property
    def days_after(self) -> int | None:
        """Days from the day of the claim to the sight that decided; None where none did."""
        if not self.asserts.day or not self.decided_by:
            return None
        return min(s.first for s in self.decided_by) - self.asserts.day

    @property
    def confidence(self) -> Confidence:
        """How well the ground under the finding is laid."""
        if not self.decided_by:
            return Confidence.LOW
        groups = {s.group for s in self.decided_by} | {s.row.quantity for s in self.decided_by}
        sure = all(_sure(s.p_place) for s in self.decided_by)
        return Confidence.HIGH if sure and len(groups) > FIRM_SIZES else Confidence.MODERATE

    @property
    def basis(self) -> Basis:
        """Kind of evidence under the finding."""
        if self.decided_by:
            return Basis.OBSERVATIONS
        return Basis.DOCUMENTS if self.paper.givens or self.contradictions else Basis.NONE

    @property
    def rests_on(self) -> list[str]:
        """Ids of the claims and observations that the finding rests on, sorted."""
        ids = {s.row.observation_id for s in self.decided_by} | {i for c in self.contradictions for i in c.others}
        ids |= set(self.seen.conflict) if self.outcome == Outcome.CONFLICT else set()
        ids |= {self.asserts.due_from} - {""}
        if not self.decided_by:
            ids |= set(self.paper.ids)
        return sorted(ids)

    def to_row(self) -> dict[str, Any]:
        """Return the row of findings.csv; an empty number is None."""
        sides = dict(zip(("low", "best", "high"), self.interval, strict=True))
        paper = dict(zip(("low", "best", "high"), self.paper.interval, strict=True))
        room = self.seen.room_for
        number = named(self.claim)
        return {
            "claim_id": self.claim.claim_id,
            "site_id": self.claim.site_id,
            "finding": self.outcome.value,
            "rule": self.rule.name,
            "probability": None if self.probability is None else round(self.probability, 4),
            "word": "" if self.probability is None else word(self.probability),
            "confidence": self.confidence.value,
            "basis": self.basis.value,
            "written": self.claim.written(),
            "quantity": self.claim.quantity,
            "unit": model.unit_of(self.claim.quantity),
            "claimed": number if math.isfinite(number) else None,
            **{f"allowed_{side}": end if math.isfinite(end) else None for side, end in sides.items()},
            "room_for": room.at_most if room else None,
            "room_by": day_text(room.day) if room else "",
            "room_of": room.ids if room else [],
            "room_partial": room.partial if room else None,
            "p_place": self.p_place,
            "due": day_text(self.asserts.day) if self.asserts.day else "",
            "days_after": self.days_after,
            **{f"paper_{side}": end if math.isfinite(end) else None for side, end in paper.items()},
            "rung": self.claim.rung.value if self.claim.rung else "",
            "rests_on": self.rests_on,
            "contradicted_by": [c.text() for c in self.contradictions],
            "assumption": self.assumption.text() if self.assumption else "",
            "arithmetic": list(self.arithmetic),
            "shown": self.shown(),
            "room": self.room_text(),
            "not_shown": self.not_shown(),
            "simulated": any(s.row.simulated for s in self.seen.sights),
            "would_change": list(self.would_change),
        }

    @property
    def arithmetic(self) -> tuple[str, ...]:
        """The arithmetic of the likeliest reading: of what was seen if that decided, else of the documents."""
        quantity = self.claim.quantity
        if self.room is not None and self.room.posterior is not None:
            givens = [g for s in self.room.seen if (g := s.given())]
            return tuple(model.arithmetic(self.room.posterior, quantity, givens))
        if self.paper.posterior is not None:
            return tuple(model.arithmetic(self.paper.posterior, quantity, self.paper.givens))
        return ()

    def not_shown(self) -> str:
        """Return what no observation on file shows."""
        if not self.chips_counted_by:
            return "No chip has been seen, and no document shows one delivered."
        counted = ", ".join(self.chips_counted_by)
        return f"Chips are counted by {counted}; their model, their owner and their use are not shown."

    def shown(self) -> str:
        """Return the sentence of the rule, made from the rows that decided; it never says more than the finding."""
        sentence = self.rule.sentence.format_map(_Words(self))
        sentence = sentence[0].upper() + sentence[1:]
        if self.contradictions and self.outcome != Outcome.INCONSISTENT:
            sentence += f" The claim is also contradicted by {_contradicting(self)}."
        simulated = any(s.row.simulated for s in self.seen.sights)
        return f"SIMULATED. {sentence}" if simulated else sentence

    def room_text(self) -> str:
        """Return by which day what was seen had room for how much; empty where no size was seen."""
        room = self.seen.room_for
        if room is None:
            return ""
        unit = model.unit_of(self.claim.quantity)
        most = f"at most {show(room.at_most)} {unit} (90%)" if room.at_most > 0 else f"no {unit}"
        sites = sorted({s.row.site_id for r in room.rooms for s in r.seen})
        what = f"what was seen at {', '.join(sites)} ({', '.join(room.ids)})"
        if room.partial:
            what = f"the parts that were seen ({', '.join(room.ids)} at {', '.join(sites)})"
        place = "" if room.p_place >= 1 - REFUTE else f", if it is the place ({_place(room.p_place)})"
        missing = "; the other parts were not seen" if room.partial else ""
        return f"By {day_text(room.day)} {what} had room for {most}{place}{missing}. Claimed: {self.claim.written()}."


def named(claim: Claim) -> float:
    """Return the number that a claim names, in the unit of the model; of two readings the smaller; NaN if none."""
    factor = CLAIM_KINDS[claim.quantity_kind].factor
    if not claim.quantity:
        return math.nan
    return (min(claim.readings) if claim.readings else claim.figure) * factor


def _place(p: float) -> str:
    return f"probability {p:.0%}" if p > 0 else "probability not stated"


def _contradicting(finding: Finding) -> str:
    return ", ".join(c.text() for c in finding.contradictions)


def describe(s: Sight) -> str:
    """Return an observation in words: its id, who, how and when, and what it says.

    One that comes from a claim on file was relayed, and says so.
    """
    row, said = s.row, []
    if row.not_yet is not None:
        said.append(f"not yet {row.not_yet.value}")
    if row.rung is not None:
        said.append(row.rung.value)
    if s.sized and row.low is not None and row.best is not None and row.high is not None:
        said.append(f"{show(row.best, 4)} ({show(row.low, 4)} to {show(row.high, 4)}) {model.unit_of(row.quantity)}")
    part = f" of {row.part}" if row.part else ""
    relayed = f", as relayed in {row.source_claim_id}" if row.source_claim_id else ""
    who = f"{row.observer}, {row.how}, {row.date.text}{relayed}"
    return f"{row.observation_id} ({who}) shows {' and '.join(said) or 'no rung and no size'}{part}"


class _Words(dict[str, str]):
    """The names that a sentence can hold, each made when it is asked for."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.f = finding

    def __missing__(self, name: str) -> str:
        return str(getattr(self, f"_{name}")())

    def _listed(self, rows: Sequence[Sight]) -> str:
        return "; ".join(describe(s) for s in rows)

    def _due(self) -> str:
        return day_text(self.f.asserts.day) if self.f.asserts.day else "a day that is not named"

    def _due_from(self) -> str:
        source = self.f.asserts.due_from
        return f" (the day that {source} of the same filing names)" if source else ""

    def _days(self) -> str:
        return str(self.f.days_after or 0)

    def _absent(self) -> str:
        return self._listed(self.f.decided_by)

    def _shown(self) -> str:
        return describe(self.f.seen.shown) if self.f.seen.shown else ""

    def _allow(self) -> str:
        room = self.f.room
        if room is None:
            return ""
        low, best, high = room.interval
        unit = model.unit_of(self.f.claim.quantity)
        range_ = (
            f"at most {show(high)} {unit}" if room.bounded else f"{show(best)} ({show(low)} to {show(high)}) {unit}"
        )
        return f"{self._listed(room.seen)}: room for {range_}"

    def _tested(self) -> str:
        claim = self.f.claim
        if claim.readings:
            return f"{show(min(claim.readings), 6)} {claim.unit}"
        return claim.written()

    def _hardest(self) -> str:
        claim = self.f.claim
        return f"{show(max(claim.readings), 6)} {claim.unit}" if claim.readings else claim.written()

    def _chance(self) -> str:
        return _percent(self.f.probability)

    def _chance_hardest(self) -> str:
        return _percent(self.f.hardest)

    def _assumption(self) -> str:
        return self.f.assumption.text() if self.f.assumption else "several assumptions would have to be at their edges"

    def _contradictions(self) -> str:
        return _contradicting(self.f)

    def _conflict(self) -> str:
        ids = set(self.f.seen.conflict)
        rows = [describe(s) for s in self.f.seen.sights if s.row.observation_id in ids]
        ids -= {s.row.observation_id for s in self.f.seen.sights}
        return " and ".join([*rows, *sorted(ids)]) + " contradict each other"

    def _unconfirmed(self) -> str:
        rows = self.f.seen.doubtful or tuple(s for s in self.f.seen.sights if not s.confirmed)
        return "; ".join(f"{describe(s)} ({_place(s.p_place)} that it is the place)" for s in rows)

    def _after(self) -> str:
        return self._listed([s for s in self.f.seen.covering if s.last > self.f.asserts.day])

    def _before(self) -> str:
        return self._listed([s for s in self.f.seen.covering if s.first < self.f.asserts.day])

    def _elsewhere(self) -> str:
        return self._listed([s for s in self.f.seen.confirmed if not s.covers])

    def _small(self) -> str:
        return self._listed(self.f.seen.small)

    def _seen(self) -> str:
        return self._listed(self.f.seen.confirmed)

    def _paper(self) -> str:
        paper, unit = self.f.paper, model.unit_of(self.f.claim.quantity)
        if paper.posterior is None:
            return f"{', '.join(paper.ids)} bound it on one side"
        low, best, high = paper.interval
        return f"room for {show(best)} ({show(low)} to {show(high)}) {unit}, by {', '.join(paper.ids)}"


def _percent(probability: float | None) -> str:
    """Return a probability in percent, never 0 or 100."""
    if probability is None:
        return "not known"
    edge = 0.01  # what a percentage without decimals can say
    if probability < edge:
        return "below 1%"
    return "above 99%" if probability > 1 - edge else f"{probability:.0%}"


def judge(
    claim: Claim,
    source: Register | Dossier,
    contradictions: Mapping[str, Sequence[Contradiction]] | None = None,
) -> Finding:
    """Open one claim and return its finding.

    `contradictions` maps a claim to the cross-checks that found it inconsistent (`checks.contradictions`).
    """
    dossier = Dossier.of(source)
    q, asks = model.question(claim, dossier), assertion(claim, dossier)
    seen, paper = _look(claim, asks, q, dossier), bound(q, dossier)
    against = tuple((contradictions or {}).get(claim.claim_id, ()))
    easy, hard = (easiest(claim), hardest(claim)) if q.quantity in CAPACITY else (math.nan, math.nan)
    after, disagree = _settled(seen.after, easy, q, dossier)
    about, disagree_about = _settled(seen.about, easy, q, dossier)
    conflict = seen.conflict or disagree or disagree_about
    holds = after.holds(easy) if after is not None and math.isfinite(easy) else None
    fits = about.holds(easy) if about is not None and math.isfinite(easy) else None
    fits_hardest = about.holds(hard) if about is not None and math.isfinite(hard) else None
    facts = RuleFacts(
        asserts=asks.kind,
        states=not q.quantity and CLAIM_KINDS[claim.quantity_kind].states,
        conflict=bool(conflict),
        absent=seen.absent is not None,
        absent_before=seen.absent_before is not None,
        holds=holds,
        fits=fits,
        fits_hardest=fits_hardest,
        shown=seen.shown is not None and _bears(claim, seen, dossier),
        power=q.quantity in STATED_POWER and claim.rung in POWERED_UP,
        contradicted=bool(against),
        unconfirmed=bool(seen.doubtful) or (bool(seen.sights) and not seen.confirmed),
        after=bool(asks.day) and any(s.last > asks.day for s in seen.covering),
        before=bool(asks.day) and any(s.first < asks.day for s in seen.covering),
        elsewhere=bool(seen.confirmed) and not seen.covering,
        small=bool(seen.small),
        silent=asks.kind == Asserts.NOTHING,
        seen=bool(seen.confirmed),
        tests_others=bool(q.quantity) and q.quantity not in CAPACITY,
        paper=bool(paper.givens),
    )
    rule = decide(facts)
    room = {By.AFTER: after, By.ABOUT: about}.get(rule.by)
    stated = {By.AFTER: holds, By.ABOUT: fits, By.ABSENT: 1 - seen.absent.p_absent if seen.absent else None}
    probability = stated.get(rule.by) if rule.outcome != Outcome.NOT_REACHED else None
    strained = rule.outcome == Outcome.STRAINED and room is not None and room.posterior is not None
    return Finding(
        claim=claim,
        asserts=asks,
        rule=rule,
        seen=Seen(**{**vars(seen), "conflict": conflict}),
        paper=paper,
        probability=probability,
        hardest=fits_hardest,
        room=room,
        contradictions=against,
        assumption=_edge(room, q, easy) if strained and room is not None else None,
        chips_counted_by=tuple(s.row.observation_id for s in seen.sights if s.row.quantity in COUNTED),
    )


def _edge(room: Room, q: Question, value: float) -> EdgeAssumption | None:
    if room.posterior is None:
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
    sized = [s for s in seen.covering if s.given() and s.last <= (seen.shown.last + LATER_DAYS)]
    for mate in mates:
        q = model.question(mate, dossier)
        room = room_at(sized, max(sized, key=lambda s: s.last), q, dossier) if sized else None
        if room is not None and _below(room.holds(easiest(mate)), STRAIN):
            return False
    return True
