"""A finding: what was decided on a claim, by which rule, on which rows, and the sentences that say so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from osint import model
from osint.model import Factor, Given, Posterior, SharedSum, percent, show
from osint.register import CLAIM_KINDS, Claim
from osint.verdict.bearing import Assertion, Asserts, Coverage, Sight, day_text, relayed_by_one
from osint.verdict.ground import ground_shows
from osint.verdict.look import Seen
from osint.verdict.needs import Needs
from osint.verdict.room import Room
from osint.verdict.rules import By, FindingRule, Outcome, sure, word


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


FINDING_COLUMNS = (
    "claim_id", "site_id", "finding", "rule", "probability", "word", "confidence", "basis", "kind", "written",
    "quantity", "unit", "claimed", "allowed_low", "allowed_best", "allowed_high", "room_for", "room_by", "room_of",
    "room_partial", "p_place", "due", "days_after", "paper_low", "paper_best", "paper_high", "rung", "rests_on",
    "contradicted_by", "assumption", "arithmetic", "shown", "room", "needs", "needs_mw_low",
    "needs_mw_best", "needs_mw_high", "needs_m2_low", "needs_m2_best", "needs_m2_high", "not_shown",
    "simulated", "would_change",
)  # fmt: skip
"""Columns of a table of findings, those of `Finding.to_row`."""
AT_EDGE = 1.0  # distance from its best, in standard deviations, from which one assumption carries a strained number
USE_OPEN = ", the use of the hall left open"
"""What is said beside room for chips where it is not known how much of the hall is for them."""
FIRM_SIZES = 2  # sizes of the place from which confidence is high


@dataclass(frozen=True)
class Bound:
    """What the documents other than the claim allow for the quantity of a question."""

    givens: list[Given]
    posterior: Posterior | None = None
    """None where nothing bears on the quantity, and where it is a sum."""
    total: SharedSum | None = None
    """The sum over the halls of several parts of the site."""
    plans: Bound | None = None
    """What plans on paper would come to, where a hall that is told to stand goes before them."""
    planned: bool = False
    """Whether all of it is plans."""
    parts: tuple[str, ...] = ()
    """The parts of the site whose halls it is of; what else of the site has no hall on file is not in it."""

    def text(self, unit: str) -> str:
        """Return the range, what it rests on and whether that is plans alone; plans behind a hall come apart."""
        low, best, high = self.interval
        ids = ", ".join(self.ids)
        said = f"room for {show(best)} ({show(low)} to {show(high)}) {unit}, by {ids}"
        if all(g.quantity == "cost_cny" for g in self.givens):  # money is no hall
            bought = f"{show(best)} ({show(low)} to {show(high)}) {unit}"
            said = f"the money of {ids} would buy {bought} at street prices of servers, which says nothing of room"
        said += " (plans alone)" if self.planned else ""
        said += f" (of {', '.join(self.parts)}; no other hall of it is on file)" if self.parts else ""
        if self.plans is None or not math.isfinite(self.plans.interval[1]):
            return said
        low, best, high = self.plans.interval
        would = f"{show(best)} ({show(low)} to {show(high)})"
        return f"{said}; plans on paper, {', '.join(self.plans.ids)}, would come to {would}"

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high (90%); NaN where nothing bears on it."""
        if self.total is not None:
            return self.total.interval
        return self.posterior.interval if self.posterior else (math.nan, math.nan, math.nan)

    @property
    def ids(self) -> list[str]:
        """Ids of the claims, sorted."""
        return sorted({i for g in self.givens for i in g.ids})


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
        if abs(self.sd) < AT_EDGE:
            return "what was seen would have to be at the upper end of its range, and every assumption with it"
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


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A cross-check that found a claim inconsistent, and the other claims that it rests on."""

    check: StrEnum
    others: tuple[str, ...]
    pair: StrEnum | None = None
    """What its two sides are to each other: two documents, one text, a planted test."""
    check_id: str = ""
    """Name of the check, by which a contradiction of several claims is counted once."""

    def text(self) -> str:
        """Return it in words, as 'C047 (ladder against date)'."""
        return f"{' and '.join(self.others) or 'itself'} ({self.check})"


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
    """Chance that the place had room for the number, or that it stands there; None where that was not seen."""
    hardest: float | None = None
    """The same for the other reading of the number."""
    room: Room | None = None
    """The room that decided."""
    contradictions: tuple[Contradiction, ...] = ()
    assumption: EdgeAssumption | None = None
    """Of a strained number."""
    chips_counted_by: tuple[str, ...] = ()
    """Observations of a number of chips or servers, those of the claimant among them."""
    needs: Needs = field(default_factory=Needs)
    """What the number would need, by relations alone."""
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
            return tuple(s for s in (*seen.sights, *seen.own) if s.row.observation_id in seen.conflict)
        shown = seen.shown if self.outcome == Outcome.SUPPORTED else None
        single = {By.ABSENT: seen.absent, By.ABSENT_BEFORE: seen.absent_before}.get(self.rule.by, shown)
        if single is not None and seen.parts_absent and self.rule.by in {By.ABSENT, By.ABSENT_BEFORE}:
            return seen.parts_absent
        return (*(self.room.seen if self.room is not None else ()), *((single,) if single is not None else ()))

    @property
    def relayed(self) -> tuple[Sight, ...]:
        """Sights on which the finding rests, if all were relayed by others and nobody looked for this register."""
        rows = self.decided_by if self.outcome != Outcome.CONFLICT else ()
        return rows if all(s.row.source_claim_id for s in rows) else ()

    @property
    def p_place(self) -> float | None:
        """Probability that what decided, or else what was seen, is of the place; None where none is stated."""
        rows = self.decided_by or self.seen.doubtful or self.seen.sights
        stated = [s.row.p_place for s in rows if s.row.p_place is not None]
        return min(stated) if stated else None

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high of the quantity as the sizes that were seen allow it; NaN where none was."""
        room, last = self.room, self.seen.room_for
        if room is None and last is not None and not last.partial and all(s.confirmed for s in last.rooms[0].seen):
            room = last.rooms[0]
        return room.interval if room is not None else (math.nan, math.nan, math.nan)

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
        if relayed_by_one(self.decided_by) and self.outcome != Outcome.CONFLICT:
            return Confidence.LOW
        groups = {s.group for s in self.decided_by} | {s.row.quantity for s in self.decided_by}
        certain = all(sure(s.p_place) for s in self.decided_by)
        return Confidence.HIGH if certain and len(groups) > FIRM_SIZES else Confidence.MODERATE

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
            "kind": self.claim.quantity_kind,
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
            "needs": self.needs.text(self.claim.written()),
            **self.needs.to_row(),
            "not_shown": self.not_shown(),
            "simulated": any(s.row.simulated for s in self.seen.sights),
            "would_change": list(self.would_change),
        }

    @property
    def arithmetic(self) -> tuple[str, ...]:
        """The arithmetic of the likeliest reading: of what was seen if that decided, else of the documents."""
        quantity = self.claim.quantity
        if self.room is not None and isinstance(self.room.posterior, Posterior):
            givens = [g for s in self.room.seen if (g := s.given())]
            return tuple(model.arithmetic(self.room.posterior, quantity, givens))
        if self.paper.posterior is not None:
            return tuple(model.arithmetic(self.paper.posterior, quantity, self.paper.givens))
        return ()

    def not_shown(self) -> str:
        """Return what the observations of the place do not show; of documents it says nothing."""
        if not self.chips_counted_by:
            return "No observation on file counts a chip of this place."
        counted = ", ".join(self.chips_counted_by)
        return f"Chips are counted by {counted}; their model, their owner and their use are not shown."

    def shown(self) -> str:
        """Return the sentence of the rule, made from the rows that decided; it never says more than the finding."""
        sentence = self.rule.sentence.format_map(_Words(self))
        sentence = sentence[0].upper() + sentence[1:]
        if self.relayed:
            sentence = f"{_relay(self.relayed)}: {sentence}"
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
        most += USE_OPEN if room.at_most > 0 and any(r.use_open for r in room.rooms) else ""
        sites = sorted({s.row.site_id for r in room.rooms for s in r.seen})
        what = f"what was seen at {', '.join(sites)} ({', '.join(room.ids)})"
        if room.partial:
            what = f"the parts that were seen ({', '.join(room.ids)} at {', '.join(sites)})"
        rows = [s for r in room.rooms for s in r.seen]
        place = ""
        least = min(rows, key=lambda s: s.share)
        rest = f"nothing stands where nobody looked ({least.share:.0%} of it was looked at)"
        if not all(sure(s.p_place) for s in rows):
            place = f", if it is the place ({_place(min(rows, key=lambda s: s.p_place))})"
            place += "" if sure(least.share) else f" and {rest}"
        elif not sure(room.p_place) and not sure(least.share):
            place = f", if {rest}"
        elif not sure(room.p_place):
            place = f", if it is the place and nothing stands where nobody looked (probability {room.p_place:.0%})"
        missing = "; the other parts were not seen" if room.partial else ""
        if set(room.ids) & set(self.seen.conflict):
            place += ", by one side of a contradiction"
        loose = sorted({s.row.date.text for s in rows if s.first != s.last})
        when = f"On a day that is dated {' and '.join(loose)} alone," if loose else f"By {day_text(room.day)}"
        stamp = "SIMULATED. " if any(s.row.simulated for s in rows) else ""
        return f"{stamp}{when} {what} had room for {most}{place}{missing}. Claimed: {self.claim.written()}."


def named(claim: Claim) -> float:
    """Return the number that a claim names, in the unit of the model; of two readings the smaller; NaN if none."""
    factor = CLAIM_KINDS[claim.quantity_kind].factor
    if not claim.quantity:
        return math.nan
    return (min(claim.readings) if claim.readings else claim.figure) * factor


def _place(s: Sight) -> str:
    p = s.row.p_place
    return f"probability {p:.0%}" if p is not None else "probability not stated"


def _relay(rows: Sequence[Sight]) -> str:
    """Return that a finding rests on what others relayed, and on how many rows."""
    count = "one relayed row" if len(rows) == 1 else f"{len(rows)} relayed rows"
    one = " of one source" if len(rows) > 1 and len({s.group for s in rows}) == 1 else ""
    told = sorted({f"{s.row.observer} as relayed in {s.row.source_claim_id}" for s in rows})
    return f"On {count}{one} alone, not seen by us ({'; '.join(told)})"


def _contradicting(finding: Finding) -> str:
    return ", ".join(c.text() for c in finding.contradictions)


def describe(s: Sight) -> str:
    """Return an observation in words: its id, who, how and when, and what it says.

    One that comes from a claim on file was relayed, and says so.
    """
    row, said = s.row, []
    if row.rung is not None:
        said.append(row.rung.value)
    if row.not_yet is not None:
        said.append(f"not yet {row.not_yet.value}")
    if s.sized and row.low is not None and row.best is not None and row.high is not None:
        said.append(f"{show(row.best, 4)} ({show(row.low, 4)} to {show(row.high, 4)}) {_observed_unit(row.quantity)}")
    part = f"{row.part}: " if row.part else ""
    relayed = f", as relayed in {row.source_claim_id}" if row.source_claim_id else ""
    who = f"{row.observer}, {row.how}, {row.date.text}{relayed}"
    return f"{row.observation_id} ({who}) shows {part}{', '.join(said) or 'no rung and no size'}"


def _observed_unit(quantity: str) -> str:
    """Return the unit of an observed size without what the model reads into it ("at the design peak")."""
    return model.unit_of(quantity).split(",")[0]


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

    def _not_due(self) -> str:
        day = self.f.asserts.day
        if not day:
            return "No day is named for it"
        earlier = all(s.last < day for s in self.f.decided_by)
        return f"It was due by {self._due()}, {'later than that' if earlier else 'which may be later than that'}"

    def _due_from(self) -> str:
        source, read = self.f.asserts.due_from, self.f.asserts.due_read
        how = f" with {read} confidence" if read and read != "high" else ""
        if source:
            return f" (a day read from {source} of the same filing{how})"
        return f" (a day read from its words{how})" if how else ""

    def _when(self) -> str:
        days = self.f.days_after or 0
        return f"{days} day{'s' if days != 1 else ''} after that day" if days else "on that day"

    def _absent(self) -> str:
        """Return the look that found nothing; where the rung of parts of it is known, that is said beside it."""
        said = self._listed(self.f.decided_by)
        missing = max((s.row.not_yet for s in self.f.decided_by if s.row.not_yet), key=lambda r: r.height, default=None)
        if missing is None:
            return said
        parts = [
            s
            for s in self.f.seen.confirmed
            if s.coverage == Coverage.PART and s.row.rung is not None and s.row.rung.height >= missing.height
        ]
        return f"{said} as a whole (of parts of it, {self._listed(parts)})" if parts else said

    def _what(self) -> str:
        written = self.f.claim.written()
        return f"such a figure ({written})" if written else "what it says"

    def _not_of_the_ground(self) -> str:
        stands = self.f.asserts.kind == Asserts.STANDS
        return "" if ground_shows(self.f.claim, stands) else f" The ground does not show {self._what()} in any case."

    def _shown(self) -> str:
        return describe(self.f.seen.shown) if self.f.seen.shown else ""

    def _allow(self) -> str:
        room = self.f.room
        if room is None:
            return ""
        low, best, high = room.interval
        unit = model.unit_of(self.f.claim.quantity)
        if room.posterior is None:
            return f"{self._listed(room.seen)}: room for none"
        range_ = (
            f"at most {show(high)} {unit}" if room.bounded else f"{show(best)} ({show(low)} to {show(high)}) {unit}"
        )
        return f"{self._listed(room.seen)}: room for {range_}{USE_OPEN if room.use_open else ''}"

    def _tested(self) -> str:
        claim = self.f.claim
        if claim.readings:
            return f"{show(min(claim.readings), 6)} {claim.unit}"
        return claim.written()

    def _hardest(self) -> str:
        claim = self.f.claim
        return f"{show(max(claim.readings), 6)} {claim.unit}" if claim.readings else claim.written()

    def _chance(self) -> str:
        room, doubt = self.f.room, ""
        edge = 0.005  # below which a percentage without decimals says 0
        if room is not None and 1 - room.p_place >= edge:
            doubt = f", of which {1 - room.p_place:.0%} is the doubt whether all of the right place was seen"
        return percent(self.f.probability) + doubt

    def _chance_hardest(self) -> str:
        return percent(self.f.hardest)

    def _assumption(self) -> str:
        return self.f.assumption.text() if self.f.assumption else "several assumptions would have to be at their edges"

    def _contradictions(self) -> str:
        return _contradicting(self.f)

    def _conflict(self) -> str:
        ids = set(self.f.seen.conflict)
        every = sorted((*self.f.seen.sights, *self.f.seen.own), key=lambda s: s.row.observation_id)
        rows = [s for s in every if s.row.observation_id in ids]
        said = [f"{c.claim_id} ({c.claimant}) states: {c.rung}" for c in self.f.seen.statements]
        absent = [s for s in rows if s.row.not_yet is not None or s.bare]
        if absent and (said or len(absent) < len(rows)):
            against = [describe(s) for s in rows if s not in absent] + said
            return f"{self._listed(absent)}. Against that, {'; '.join(against)}"
        return f"{self._listed(rows)}. The sizes cannot be of one thing on one day"

    def _unconfirmed(self) -> str:
        rows = self.f.seen.doubtful or tuple(s for s in self.f.seen.sights if not s.confirmed)
        part = {s.row.observation_id: f"; {s.share:.0%} of it was looked at" for s in rows if s.share < 1}
        return "; ".join(
            f"{describe(s)} ({_place(s)} that it is the place{part.get(s.row.observation_id, '')})" for s in rows
        )

    def _unsearched(self) -> str:
        return "; ".join(f"{describe(s)} ({s.row.searched_share or 0:.0%} looked at)" for s in self.f.seen.doubtful)

    def _unfixed(self) -> str:
        day = self.f.asserts.day
        return self._listed([s for s in self.f.seen.covering if s.first <= day < s.last])

    def _subject(self) -> str:
        return self.f.claim.part or "the site"

    def _after(self) -> str:
        later = [s for s in self.f.seen.covering if s.first > self.f.asserts.day]
        return self._listed([s for s in later if s.first == min(o.first for o in later)])

    def _before(self) -> str:
        earlier = [s for s in self.f.seen.covering if s.last <= self.f.asserts.day]
        return self._listed([s for s in earlier if s.last == max(o.last for o in earlier)])

    def _elsewhere(self) -> str:
        return self._listed([s for s in self.f.seen.confirmed if not s.covers])

    def _small(self) -> str:
        return self._listed(self.f.seen.small)

    def _own(self) -> str:
        return ", ".join(s.row.observation_id for s in self.f.seen.own)

    def _seen(self) -> str:
        return self._listed(self.f.seen.confirmed)

    def _paper(self) -> str:
        paper, unit = self.f.paper, model.unit_of(self.f.claim.quantity)
        if paper.posterior is None and paper.total is None:
            return f"{', '.join(paper.ids)} {'bounds' if len(paper.ids) == 1 else 'bound'} it on one side"
        return paper.text(unit)
