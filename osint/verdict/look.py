"""What was seen of a claim, sorted by what it can decide; the value of the claim is not used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from osint import model
from osint.model import CAPACITY, Dossier, Question
from osint.register import Claim, Rung
from osint.verdict.bearing import (
    Assertion,
    Asserts,
    Coverage,
    Sight,
    by_others,
    official_statements,
    sights,
    witnesses,
)
from osint.verdict.room import Room, room_at, rooms_alone
from osint.verdict.rules import sure

LATER_DAYS = 60  # days after its day within which a size still shows what room there was on it


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
    own: tuple[Sight, ...] = ()
    """By the claimant."""
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
    statements: tuple[Claim, ...] = ()
    """Official statements among them."""
    room_for: RoomFor | None = None

    @property
    def confirmed(self) -> list[Sight]:
        """Sights of a confirmed place."""
        return [s for s in self.sights if s.confirmed]

    @property
    def covering(self) -> list[Sight]:
        """Sights of a confirmed place and of the whole of what the claim speaks of."""
        return [s for s in self.confirmed if s.covers]


def look(claim: Claim, asks: Assertion, q: Question, dossier: Dossier) -> Seen:
    """Sort what was seen by what it can decide; the value of the claim is not used."""
    every = sights(claim, dossier)
    seen = Seen(tuple(by_others(claim, every)))
    lower = [s for s in seen.sights if s.covers and _lower(s, asks, seen)]
    late = [s for s in lower if asks.day and s.first >= asks.day]
    certain = [s for s in late if sure(s.p_absent)]
    absent = max(certain, key=lambda s: s.first, default=None)
    open_ended = asks.kind in {Asserts.PROMISED, Asserts.PLANNED}
    early = [s for s in lower if s.confirmed and s not in late and open_ended and not _overtaken(s, seen)]
    absent_before = max(early, key=lambda s: s.first, default=None)
    shown, small = _shown(asks, seen)
    decider = absent or absent_before
    conflict = witnesses(decider, every, dossier) if decider else ()
    statements = official_statements(decider, claim, dossier) if decider else ()
    found = Seen(
        sights=seen.sights,
        own=tuple(s for s in every if s not in seen.sights),
        absent=absent,
        absent_before=absent_before,
        doubtful=tuple(s for s in late if s not in certain and s.p_place > 0) if absent is None else (),
        shown=shown,
        small=small,
        conflict=_ids(decider, conflict, statements) if decider and (conflict or statements) else (),
        statements=statements,
    )
    return _sized(found, asks, q, dossier) if q.quantity in CAPACITY else found


def _ids(decider: Sight, witnessed: Sequence[str], statements: Sequence[Claim]) -> tuple[str, ...]:
    """Return the ids of a look that found nothing and of what contradicts it."""
    return (decider.row.observation_id, *witnessed, *(c.claim_id for c in statements))


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
    same = [s for s in seen.covering if s.coverage == Coverage.SAME and sure(s.p_place) and s.last <= asks.day]
    of_rung = [s for s in same if s.row.rung is not None and s.row.rung.height >= asks.rung.height]
    if of_rung and any(s.substantial() for s in same):
        return max(of_rung, key=lambda s: s.last), ()
    return None, tuple(of_rung)


def _sized(found: Seen, asks: Assertion, q: Question, dossier: Dossier) -> Seen:
    """Add the room that sizes show: on or after the day, about it, and at last."""
    measured = [s for s in found.covering if s.whole and not s.bare and s.given()]
    after = about = None
    late = [s for s in measured if asks.day and s.first >= asks.day]
    if late:
        after = room_at(late, min(late, key=lambda s: (s.first, s.row.observation_id)), q, dossier)
    in_time = [s for s in measured if (not asks.day or s.last <= asks.day + LATER_DAYS)]
    if in_time and asks.kind != Asserts.NOTHING:
        about = room_at(in_time, max(in_time, key=lambda s: (s.last, s.row.observation_id)), q, dossier)
    return replace(found, after=after, about=about, room_for=_room_for(found, q, dossier))


def _room_for(found: Seen, q: Question, dossier: Dossier) -> RoomFor | None:
    """Return the room that was seen last, of the whole or else of its parts; at an unconfirmed place if at no other."""
    for pool in (found.confirmed, found.sights):
        usable = [s for s in pool if s.bare or s.given()]
        whole = [s for s in usable if s.covers and s.whole]
        if whole:
            room = room_at(whole, max(whole, key=lambda s: (s.last, s.row.observation_id)), q, dossier)
            if room is not None and room.disagreement is not None:
                # sizes that disagree are not averaged: the one that leaves most room bounds it
                room = max(rooms_alone(room, q, dossier), key=lambda r: r.interval[2])
                room = replace(room, bounded=True)
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
