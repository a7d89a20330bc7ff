"""A finding: what was decided on a claim, by which rule and on which rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from osint import model
from osint.model import Posterior, show, tenths
from osint.register import CLAIM_KINDS, Bounding, Claim
from osint.verdict.asserts import Assertion
from osint.verdict.basis import Bound, Contradiction, EdgeAssumption
from osint.verdict.bearing import Sight, day_text, relayed_by_one
from osint.verdict.look import Seen
from osint.verdict.needs import Needs
from osint.verdict.room import Room
from osint.verdict.rules import By, FindingRule, Outcome, sure, word
from osint.verdict.words import Words, claimed_unit, contradicting, describe, how_sure, left_open, relay


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
FIRM_SIZES = 2  # sizes of the place from which confidence is high


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
    """What is left for a claim that what was seen denies, or denies where it was looked at; None for any other."""
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
    def solved(self) -> tuple[Posterior, ...]:
        """The posteriors whose intervals are told."""
        last = self.seen.room_for
        rooms = (*((self.room,) if self.room else ()), *(last.rooms if last else ()))
        paper = (self.paper.posterior,) if self.paper.posterior else ()
        return (*paper, *(p for room in rooms for p in room.solved))

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
    def decided_on(self) -> list[str]:
        """Ids of the claims and observations that its sentence rests on, sorted."""
        ids = {s.row.observation_id for s in self.decided_by} | {i for c in self.contradictions for i in c.others}
        ids |= set(self.seen.conflict) if self.outcome == Outcome.CONFLICT else set()
        ids |= ({self.asserts.due_from} | {s.spot_by for s in self.decided_by}) - {""}
        return sorted(ids | set(self.paper.ids if "{paper" in self.rule.sentence else ()))

    @property
    def rests_on(self) -> list[str]:
        """The same with those of the range that documents allow, which decides nothing, sorted."""
        return self.decided_on if self.decided_by else sorted({*self.decided_on, *self.paper.ids})

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
            "unit": claimed_unit(self.claim),
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
            "needs": self.needs_text(),
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
        sentence = self.rule.sentence.format_map(Words(self))
        sentence = sentence[0].upper() + sentence[1:]
        if self.relayed:
            sentence = f"{relay(self.relayed)}: {sentence}"
        if self.seen.moot and self.rule.by in {By.AFTER, By.ABSENT}:
            ids = set(self.seen.moot)
            sides = "; ".join(describe(s) for s in (*self.seen.sights, *self.seen.own) if s.row.observation_id in ids)
            sentence += f" Those who looked contradict each other ({sides}); "
            sentence += "either way it is too little." if self.rule.by == By.AFTER else "either way it was not there."
        if self.contradictions and self.outcome != Outcome.INCONSISTENT:
            sentence += f" The claim is also contradicted by {contradicting(self)}."
        simulated = any(s.row.simulated for s in self.seen.sights)
        return f"SIMULATED. {sentence}" if simulated else sentence

    def needs_text(self) -> str:
        """Return what the number of the claim would need; of a range and of two readings what either end would."""
        return self.needs.text(self.claim.written(), span(self.claim))

    def room_text(self) -> str:
        """Return by which day what was seen had room for how much; empty where no size was seen."""
        room = self.seen.room_for
        if room is None:
            return ""
        unit = claimed_unit(self.claim)
        most = f"at most {show(room.at_most)} {unit} (90%)" if room.at_most > 0 else f"no {unit}"
        most += left_open(room.rooms) if room.at_most > 0 else ""
        sites = sorted({s.row.site_id for r in room.rooms for s in r.seen})
        what = f"what was seen at {', '.join(sites)} ({', '.join(room.ids)})"
        if room.partial:
            what = f"the parts that were seen ({', '.join(room.ids)} at {', '.join(sites)})"
        rows = [s for r in room.rooms for s in r.seen]
        place = ""
        least = min(s.bounded_share for s in rows)
        rest = f"nothing stands where nobody looked ({tenths(least)} of it was looked at)"
        if not all(sure(s.p_place) for s in rows):
            place = f", if it is the place ({how_sure(min(rows, key=lambda s: s.p_place))})"
            place += "" if least == 1 else f" and {rest}"
        elif sure(least) and not sure(room.p_place):
            place = f", if it is the place and nothing stands where nobody looked (probability {tenths(room.p_place)})"
        elif least < 1:
            place = f", if {rest}"
        missing = "; other parts, if there are any, were not seen" if room.partial else ""
        if set(room.ids) & set(self.seen.conflict):
            place += ", by one side of a contradiction"
        loose = dict.fromkeys(s.row.date.words for s in rows if s.first != s.last)
        days = [day if day.startswith(("between", "from")) else f"of {day}" for day in loose]
        when = f"On a day {' and one '.join(days)}," if loose else f"By {day_text(room.day)}"
        stamp = "SIMULATED. " if any(s.row.simulated for s in rows) else ""
        written = self.claim.written()
        claimed = f" Claimed: {written}." if written else ""
        held = "held" if any(r.counted for r in room.rooms) else "had room for"
        return f"{stamp}{when} {what} {held} {most}{place}{missing}.{claimed}"


def span(claim: Claim) -> float:
    """Return how many times the smaller figure of a claim its larger one is: of a range, or of two readings; else 1."""
    ends = claim.readings
    if not ends and claim.bound == Bounding.RANGE and claim.value_low and claim.value_high:
        ends = (claim.value_low, claim.value_high)
    return max(ends) / min(ends) if ends and min(ends) > 0 else 1.0


def named(claim: Claim) -> float:
    """Return the number that a claim names, in the unit of the model; of two readings the smaller; NaN if none."""
    factor = CLAIM_KINDS[claim.quantity_kind].factor
    if not claim.quantity:
        return math.nan
    return (min(claim.readings) if claim.readings else claim.figure) * factor
