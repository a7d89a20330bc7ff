"""What was seen of a claim, sorted by what it can decide; the value of the claim is not used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from osint.model import CAPACITY, CONFIRMED, Dossier, Question
from osint.register import Bounding, Claim, Rung, tidy_part
from osint.verdict.asserts import TESTED, Assertion, Asserts
from osint.verdict.bearing import HALL_AREAS, Sight, by_others, official_statements, older, sights, witnesses
from osint.verdict.parts import Coverage, coverage, part_numbers, same_part
from osint.verdict.room import SNAPSHOT_DAYS, Room, parts_above, room_at, rooms_alone, sum_of_rooms
from osint.verdict.rules import sure

FEWEST_PARTS = 2  # numbered parts that can be the whole of a site
LATER_DAYS = 60  # days after its day within which a size still shows what room there was on it


@dataclass(frozen=True)
class RoomFor:
    """What was seen last, and for how much of the claimed quantity it had room at most."""

    rooms: tuple[Room, ...]
    partial: bool
    """Whether parts of what the claim speaks of were seen, and others were not."""

    @cached_property
    def at_most(self) -> float:
        """Upper end of the 90% interval, in the unit of the model; 0 where nothing stood."""
        return (self.rooms[0] if len(self.rooms) == 1 else sum_of_rooms(self.rooms)).interval[2]

    @property
    def day(self) -> int:
        """Ordinal of the day up to which it bounds what stood."""
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
    parts_absent: tuple[Sight, ...] = ()
    """The sights that decide together, and not one look: of all numbered parts, or as several sources relayed them."""
    doubtful: tuple[Sight, ...] = ()
    """Sights that would decide if it were sure that they are of the place."""
    parts_doubted: tuple[Sight, ...] = ()
    """Those of them that are of all numbered parts of the site, which together are not sure enough."""
    after: tuple[Room, ...] = ()
    """Room seen on or after its day, first and last: each bounds what stood on it."""
    about: Room | None = None
    """Room seen by its day or shortly after, or, where no day is due, at last."""
    shown: Sight | None = None
    """The sight that shows the rung by its day."""
    part_lacks: tuple[Sight, ...] = ()
    """Sights of parts without it on that day or later: then it is not shown of the whole."""
    small: tuple[Sight, ...] = ()
    """Sights of the rung by its day without the size of a hall."""
    conflict: tuple[str, ...] = ()
    """Ids of observations and statements that contradict each other."""
    disputed: tuple[str, ...] = ()
    """Ids of other sizes that contradict each other: of one part, or of parts and the whole of them."""
    by_parts: tuple[Room, ...] = ()
    """Where the whole was measured and sizes are disputed: the room by all numbered parts, on or after its day."""
    statements: tuple[Claim, ...] = ()
    """Official statements among them."""
    moot: tuple[str, ...] = ()
    """Ids of looks that contradict each other on what stands or how much, where either side leaves too little."""
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
    up_to = claim.bound == Bounding.AT_MOST  # which a part that runs fulfils
    lower = [s for s in seen.sights if s.covers and _lower(s, asks, seen) and not (up_to and not s.bare)]
    late = [s for s in lower if asks.day and s.first >= asks.day]
    certain = [s for s in late if sure(s.p_absent)]
    own = [s for s in certain if not s.row.source_claim_id]
    absent, moot = _uncontested(own or certain, claim, every, dossier)
    relayed = () if own else tuple({s.group: s for s in sorted(certain, key=lambda s: s.first)}.values())
    # a look from before the day says nothing where there is one of a later day, sure or not
    open_ended = asks.kind in {Asserts.PROMISED, Asserts.PLANNED} and not any(s.confirmed for s in late)
    early = [s for s in lower if s.confirmed and s not in late and open_ended and not _overtaken(s, seen)]
    early = [s for s in early if not older(s, claim)]
    in_part = [s for s in early if not sure(s.share)]
    absent_before = max((s for s in early if s not in in_part), key=lambda s: s.first, default=None)
    unsure = (*late, *(in_part if absent_before is None else ()))
    shown, small = _shown(asks, seen)
    part_lacks = _parts_without(asks, seen) if shown else ()
    rows: tuple[Sight, ...] = ()
    parts_doubted: tuple[Sight, ...] = ()
    if absent is None:
        rows = _parts_lacking(Seen(seen.sights), claim, asks, dossier, late=True)
        if not sure(max(0.0, 1 - sum(1 - s.p_absent for s in rows))):
            rows, parts_doubted = (), rows
        absent = max(rows, key=lambda s: s.first, default=None)
    if absent is None and absent_before is None and open_ended and not parts_doubted:
        rows = _parts_lacking(Seen(seen.sights), claim, asks, dossier, late=False)
        absent_before = max(rows, key=lambda s: s.first, default=None)
    decider = absent or absent_before
    deciders = rows or ((decider,) if decider else ())
    whole = (replace(decider, row=replace(decider.row, part="")),) if rows and decider else ()
    unsure = tuple(s for s in unsure if s not in certain and s.p_place > 0) if absent is None else ()
    unsure = (*unsure, *parts_doubted)
    if not deciders:  # too little sure to deny a claim, and sure enough to contradict who saw it there
        denied = [s for s in unsure if s.p_absent >= CONFIRMED and witnesses(s, every, dossier)]
        deciders = tuple(denied)
    conflict = tuple(sorted({i for s in (*deciders, *whole) for i in witnesses(s, every, dossier)}))
    statements = tuple(
        dict.fromkeys(c for s in (*deciders, *whole) for c in official_statements(s, claim, dossier) if absent)
    )
    found = Seen(
        sights=seen.sights,
        own=tuple(s for s in every if s not in seen.sights),
        absent=absent,
        absent_before=absent_before,
        doubtful=unsure if q.quantity or shown or small else (*unsure, *_unsure_of_rung(asks, seen)),
        parts_doubted=parts_doubted,
        parts_absent=rows or (relayed if len(relayed) > 1 else ()),
        shown=None if part_lacks else shown,
        part_lacks=part_lacks,
        small=small,
        conflict=_ids(deciders, conflict, statements) if conflict or statements else (),
        statements=statements,
        moot=moot,
    )
    return _sized(found, claim, asks, q, dossier) if q.quantity in TESTED else found


def _uncontested(
    certain: Sequence[Sight], claim: Claim, every: Sequence[Sight], dossier: Dossier
) -> tuple[Sight | None, tuple[str, ...]]:
    """Return the last of some looks that deny a claim, and the ids of a contradiction that changes nothing of it.

    A look counts before those that somebody contradicts, unless it is of an observer who is contradicted of that part.
    """
    against = {s: witnesses(s, every, dossier) for s in certain}
    disputed = [s for s, ids in against.items() if ids or official_statements(s, claim, dossier)]
    free = [s for s in certain if not any(s.group == d.group and same_part(s.row.part, d.row.part) for d in disputed)]
    absent = max(free or certain, key=lambda s: s.first, default=None)
    ids = (i for s in disputed for i in (s.row.observation_id, *against[s]))
    return absent, tuple(dict.fromkeys(ids)) if free else ()


def _ids(deciders: Sequence[Sight], witnessed: Sequence[str], statements: Sequence[Claim]) -> tuple[str, ...]:
    """Return the ids of the looks that found nothing and of what contradicts them."""
    return (*(s.row.observation_id for s in deciders), *witnessed, *(c.claim_id for c in statements))


def _parts_lacking(found: Seen, claim: Claim, asks: Assertion, dossier: Dossier, *, late: bool) -> tuple[Sight, ...]:
    """Return a sight of each numbered part of the whole by which it lacks the rung; nothing if one of them does not.

    `late`: seen on or after the day of the claim; else before it, or on any day where none is due, each of all of its
    part, and not overtaken by a later sight. All are of a confirmed place.
    """
    out: list[Sight] = []
    for *_, rows in _numbered_parts(found, claim, dossier):
        lacking = [s for s in rows if _lower(replace(s, coverage=Coverage.SAME), asks, found)]
        if claim.bound == Bounding.AT_MOST:
            lacking = [s for s in lacking if s.bare]
        if late:
            lacking = [s for s in lacking if asks.day and s.first >= asks.day]
        else:
            lacking = [s for s in lacking if (not asks.day or s.first < asks.day) and not older(s, claim)]
            lacking = [s for s in lacking if sure(s.share) and not (_overtaken(s, found) or _overtaken_part(s, rows))]
        if not lacking:
            return ()
        out.append(max(lacking, key=lambda s: (s.first, s.row.observation_id)))
    return tuple(dict.fromkeys(out))


def _overtaken_part(s: Sight, rows: Sequence[Sight]) -> bool:
    missing = s.missing or Rung.ROOFED
    return any(o.row.rung and o.row.rung.height >= missing.height and o.last >= s.first for o in rows)


def _lower(s: Sight, asks: Assertion, seen: Seen) -> bool:
    """Return whether a sight is of a rung below the asserted one not being there.

    From powered on, 'not yet' of a whole says nothing of a part of it if any of the whole is known to have the rung.
    """
    missing = s.missing
    if missing is None or missing.height > asks.rung.height or asks.kind == Asserts.NOTHING:
        return False
    if s.coverage == Coverage.SAME or missing.height <= Rung.ROOFED.height:
        return True
    return not any(o.row.rung and o.row.rung.height >= missing.height and o.first <= s.last for o in seen.confirmed)


def _overtaken(s: Sight, seen: Seen) -> bool:
    """Return whether a later sight shows the rung that was missing."""
    missing = s.missing or Rung.ROOFED
    return any(o.row.rung and o.row.rung.height >= missing.height and o.last > s.first for o in seen.covering)


def _shown(asks: Assertion, seen: Seen) -> tuple[Sight | None, tuple[Sight, ...]]:
    """Return the sight that shows the rung by its day, of the same part, and those without the size of a hall."""
    if not asks.day or asks.rung.height < Rung.GROUND_BROKEN.height:
        return None, ()
    same = [s for s in seen.covering if s.coverage == Coverage.SAME and s.whole and sure(s.p_place)]
    same = [s for s in same if s.last <= asks.day]
    of_rung = [s for s in same if s.row.rung is not None and s.row.rung.height >= asks.rung.height]
    if of_rung and any(s.substantial() for s in same):
        return max(of_rung, key=lambda s: s.last), ()
    return None, tuple(of_rung)


def _parts_without(asks: Assertion, seen: Seen) -> tuple[Sight, ...]:
    """Return the sights of parts that lacked the rung on the day or later, so that the whole did not have it."""
    parts = (s for s in seen.confirmed if s.coverage == Coverage.PART and s.first >= asks.day)
    return tuple(s for s in parts if s.missing is not None and s.missing.height <= asks.rung.height)


def _unsure_of_rung(asks: Assertion, seen: Seen) -> tuple[Sight, ...]:
    """Return the sights that would show the rung by its day if it were sure that they are of the place."""
    if not asks.day or asks.rung.height < Rung.GROUND_BROKEN.height:
        return ()
    same = (s for s in seen.covering if s.coverage == Coverage.SAME and not sure(s.p_place) and s.last <= asks.day)
    return tuple(s for s in same if s.row.rung is not None and s.row.rung.height >= asks.rung.height)


def _key(s: Sight) -> tuple[int, str]:
    return s.last, s.row.observation_id


def _sized(found: Seen, claim: Claim, asks: Assertion, q: Question, dossier: Dossier) -> Seen:
    """Add the room that sizes show: on or after the day, about it, and at last."""
    every, found = found, _bounding(found, q)
    measured = [s for s in found.covering if s.whole and not s.bare and s.given()]
    late = [s for s in measured if asks.day and s.first >= asks.day]
    in_time = [s for s in measured if (not asks.day or s.last <= asks.day + LATER_DAYS)]
    after = tuple(room for rows in _ever_surer(late) for room in _on_or_after(rows, q, dossier))
    about = room_at(in_time, max(in_time, key=_key), q, dossier) if in_time else None
    disputed = _disagreeing(found, asks, q, dossier) if claim.site_id not in dossier.parts else ()
    whole = _parts_of_the_whole(found, claim, dossier, asks.day) if disputed or not measured else []
    by_parts = _by_parts([[s for s in rows if asks.day and s.first >= asks.day] for rows in whole], q, dossier)
    if not measured:
        after, by_parts = by_parts, ()
        about = _together([[s for s in rows if not asks.day or s.last <= asks.day] for rows in whole], q, dossier)
    last = _room_for(found, claim, q, dossier)
    every = replace(every, disputed=disputed, by_parts=by_parts)
    return replace(every, after=after, about=about if asks.kind != Asserts.NOTHING else None, room_for=last)


def _on_or_after(late: Sequence[Sight], q: Question, dossier: Dossier) -> tuple[Room, ...]:
    """Return the room by the first and by the last of the sizes that were seen on or after a day.

    A hall does not shrink: what stood on the day is not more than what stands later. So each bounds it from above, and
    the last, where more was measured, can do so more closely.
    """
    if not late:
        return ()
    first, last = min(late, key=lambda s: (s.first, s.row.observation_id)), max(late, key=_key)
    anchors = (first,) if last.first - first.first <= SNAPSHOT_DAYS else (first, last)
    rooms = (room_at(late, anchor, q, dossier) for anchor in anchors)
    return tuple(room for room in rooms if room is not None)


def _by_parts(late: Sequence[Sequence[Sight]], q: Question, dossier: Dossier) -> tuple[Room, ...]:
    """Return the room of all parts of the whole, by all that was seen of them and by the surer looks alone."""
    levels = _ever_surer([s for rows in late for s in rows])
    sums = (_together([[s for s in rows if s in level] for rows in late], q, dossier) for level in levels)
    return tuple(room for room in sums if room is not None)


def _disagreeing(found: Seen, asks: Assertion, q: Question, dossier: Dossier) -> tuple[str, ...]:
    """Return the ids of sizes that cannot be of one thing, where one of them need not be of the whole site.

    Each is written as that of the site, so that they contradict each other, whatever they bound. So do parts that
    together are larger than the whole.
    """
    sizes = [s for s in found.confirmed if not s.bare and s.given() and (not asks.day or s.first >= asks.day)]
    things: dict[tuple[str, str], list[Sight]] = {}
    own = any(s.coverage == Coverage.SAME for s in sizes)  # the sizes of the part itself decide, where there are any
    for s in sizes:
        # two looks at a share each need not be at the same one
        if s.coverage == (Coverage.SAME if own else Coverage.WITHIN) and (s.whole or sure(s.bounded_share)):
            things.setdefault((s.row.site_id, tidy_part(s.row.part)), []).append(s)
    of_one = [rows for rows in things.values() if not all(s.whole for s in rows)]  # others are compared as they bound
    disagree = [room.disagreement for rows in of_one for room in _on_or_after(rows, q, dossier)]
    parts, same = ([s for s in sizes if s.coverage == covered] for covered in (Coverage.PART, Coverage.SAME))
    disagree += [parts_above(s, parts, q, dossier) for s in same if s.whole]
    return next((found.ids for found in disagree if found is not None), ())


def _bounding(found: Seen, q: Question) -> Seen:
    """Return what was seen without the sizes that do not bound the quantity: of a floor all but roofs and floors."""
    if q.quantity in CAPACITY:
        return found
    return replace(found, sights=tuple(s for s in found.sights if not s.sized or s.row.quantity in HALL_AREAS))


def _ever_surer(late: Sequence[Sight]) -> list[list[Sight]]:
    """Return all of some sizes, and those alone that are surer to be of the whole place, from level to level.

    A doubtful look takes nothing from what a sure one shows by itself.
    """
    levels = sorted({level for s in late if sure(level := s.p_place * s.bounded_share)})
    least = min((s.p_place * s.bounded_share for s in late), default=1.0)
    return [list(late), *([s for s in late if s.p_place * s.bounded_share >= p] for p in levels if p > least)]


def _numbered_parts(found: Seen, claim: Claim, dossier: Dossier) -> list[tuple[str, int, list[Sight]]]:
    """Return what was seen of each numbered part of a site (phase 1, phase 2 ...), where those are the whole of it.

    They are taken as the whole if documents and looks name at least two of one kind, counted from 1 without a gap. One
    look can be of several of them. Nothing is returned if one of them was not seen.
    """
    if tidy_part(claim.part):
        return []
    named: dict[str, set[int]] = {}
    parts = {c.part for c in dossier.claims[claim.site_id]} | {s.row.part for s in found.confirmed}
    for noun, of_part in filter(None, map(part_numbers, parts)):
        named.setdefault(noun, set()).update(of_part)
    for noun, numbers in sorted(named.items()):
        if len(numbers) < FEWEST_PARTS or numbers != set(range(1, len(numbers) + 1)):
            continue
        own = [s for s in found.confirmed if s.row.site_id == claim.site_id and s.row.part]
        holds = {Coverage.SAME, Coverage.WITHIN}
        seen = [(noun, n, [s for s in own if coverage(s.row.part, f"{noun} {n}") in holds]) for n in sorted(numbers)]
        if all(rows for *_, rows in seen):
            return seen
    return []


def _parts_of_the_whole(found: Seen, claim: Claim, dossier: Dossier, day: int = 0) -> list[list[Sight]]:
    """Return what was seen of each numbered part alone, if its size is known: built, or not begun.

    A part that a later look shows roofed together with others, no later than the day, is not one that is not begun.
    """
    seen: list[list[Sight]] = []
    for noun, n, rows in _numbered_parts(found, claim, dossier):
        by_then = [s for s in rows if not day or s.last <= day]
        of_part = [s for s in rows if s.bare or part_numbers(s.row.part) == (noun, frozenset({n}))]
        seen.append([s for s in of_part if not (s.bare and _overtaken_part(s, by_then))])
    return seen if all(_known(rows) for rows in seen) else []


def _known(rows: Sequence[Sight]) -> bool:
    """Return whether the size of a part is known: measured, or nothing stands there; not one that only has a rung."""
    usable = _usable(rows)
    stands = [s.first for s in rows if s.row.rung is not None and s.row.rung.height >= Rung.ROOFED.height]
    return bool(usable) and (any(s.given() for s in usable) or not stands)


def _together(parts: Sequence[Sequence[Sight]], q: Question, dossier: Dossier) -> Room | None:
    """Return the room of all parts of the whole, each as it was seen last; None where one of them was not."""
    rooms = [room_at(rows, max(rows, key=_key), q, dossier) for rows in (_usable(rows) for rows in parts) if rows]
    known = [room for room in rooms if room is not None and room.disagreement is None]
    return sum_of_rooms(known) if parts and len(known) == len(parts) else None


def _usable(rows: Sequence[Sight]) -> list[Sight]:
    """Return the sizes, and the looks that found nothing of which it is known how much of the place they saw."""
    return [s for s in rows if (s.share_known if s.bare else s.given())]


def _largest_side(room: Room | None, q: Question, dossier: Dossier) -> Room | None:
    """Return a room; of sizes that disagree, which are not averaged, the one that leaves most room bounds it."""
    if room is None or room.disagreement is None:
        return room
    return replace(max(rooms_alone(room, q, dossier), key=lambda r: r.interval[2]), bounded=True)


def _room_for(found: Seen, claim: Claim, q: Question, dossier: Dossier) -> RoomFor | None:
    """Return the room that was seen last, of the whole or else of its parts; at an unconfirmed place if at no other."""
    # nothing in a share of the place is no figure of room
    told = [s for s in found.sights if not s.bare or s.share >= CONFIRMED]
    for pool in ([s for s in told if s.confirmed], told):
        covering = [s for s in _usable(pool) if s.covers]
        covering = [s for s in covering if s.whole or s.coverage == Coverage.SAME] or covering
        last_is_whole = bool(covering) and max(covering, key=_key).whole
        whole = [s for s in covering if s.whole] if last_is_whole else []
        if whole and _known([s for s in pool if s.covers]):
            room = room_at(whole, max(whole, key=_key), q, dossier)
            room = _largest_side(room, q, dossier)
            if room is not None:
                return RoomFor((room,), partial=False)
        parts: dict[tuple[str, str], list[Sight]] = {}
        of_parts = [s for s in pool if s.coverage == Coverage.PART]
        for s in of_parts or [s for s in pool if s.covers and s.given()]:  # what need not be all of it is a part of it
            parts.setdefault((s.row.site_id, s.row.part), []).append(s)
        known = [rows for rows in parts.values() if _known(rows)]
        rooms = [room for rows in known if (room := _together([rows], q, dossier))]
        if not rooms and not of_parts and len(known) == 1:  # one look against another at the same place
            sides = _usable(known[0])
            side = _largest_side(room_at(sides, max(sides, key=_key), q, dossier), q, dossier)
            rooms = [side] if side is not None else []
        if rooms and len(rooms) == len(parts):
            every = bool(_parts_of_the_whole(replace(found, sights=tuple(pool)), claim, dossier))
            return RoomFor(tuple(rooms), partial=not every)
    return None
