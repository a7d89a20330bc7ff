"""How much there was room for: what the observed sizes alone allow, on a day, at a place.

No claim testifies here, neither the one under test nor another: what documents allow stands apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from osint import model
from osint.errors import OsintError
from osint.model import CHIP_COUNTS, LOADS, Dossier, Given, Posterior, Question, ReadingWord, SharedSum
from osint.register import QUANTITIES, tidy_part
from osint.verdict.bearing import HALL_AREAS, LEAST_M2, SAME_TIME_DAYS, Sight, apart, one_look
from osint.verdict.parts import Coverage, coverage, part_numbers
from osint.verdict.rules import sure

SNAPSHOT_DAYS = 200  # within which sizes of different kinds are taken together
CONFLICT = 0.01  # chance, under all others, of a size as far off as this, below which the two disagree


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two or more sizes that cannot be of one thing on one day."""

    ids: tuple[str, ...]
    p: float
    """Chance of a difference as large, if they were."""


@dataclass(frozen=True)
class Room:
    """What was seen of the place on about one day, and how much it had room for."""

    seen: tuple[Sight, ...]
    """The sizes, or the look that found nothing."""
    posterior: Posterior | SharedSum | None
    """Of the quantity asked, or the sum of those of the parts; None where nothing stood there."""
    bounded: bool
    """Whether it is a bound from above alone: a rating, or the whole of which the claim is a part."""
    disagreement: Disagreement | None = None
    use_open: bool = False
    """Whether it counts chips in a hall whose use is not known: from all of it to a tenth is weighed (readings.csv)."""
    fill_open: bool = False
    """Whether it is by a load, of which it is not known how much of the capacity it was of (hall_fill)."""
    counted: bool = False
    """Whether it is by a count of chips or servers: what was in the place, and not what it could hold."""
    by_kind: tuple[Posterior | SharedSum, ...] = ()
    """The same by each kind of cabinet or server that was counted or is asked, where the kind is not known."""
    doubt_of_parts: float = 0.0
    """Of a sum: the doubts whether each of its parts was seen, added, as one wrong part makes the sum wrong."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the observations."""
        return tuple(sorted({s.row.observation_id for s in self.seen}))

    @property
    def day(self) -> int:
        """Ordinal of the day up to which it bounds what stood: the first on which the last of it can have been seen."""
        return max(s.first for s in self.seen)

    @property
    def p_place(self) -> float:
        """Probability that it is the place: that of the least certain observation, of a sum that of all its parts."""
        least = min(s.p_place * s.bounded_share for s in self.seen)
        return max(0.0, min(least, 1 - self.doubt_of_parts))

    @property
    def solved(self) -> tuple[Posterior, ...]:
        """The posterior whose interval is that of the room; none where nothing stood, and of a sum of several."""
        of = self.posterior.parts if isinstance(self.posterior, SharedSum) else (self.posterior,)
        return tuple(p for p in of if p is not None) if len(of) == 1 else ()

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high (90%); the low side and the best are NaN where it is a bound alone; 0 where nothing stood."""
        if self.posterior is None:
            return 0.0, 0.0, 0.0
        low, best, high = self.posterior.interval
        return (math.nan, math.nan, high) if self.bounded else (low, best, high)

    def at_least(self, value: float) -> float:
        """Return the probability that there was room for the value, at the place that was seen.

        Where the kind of what is counted is not known, by the kind that leaves most: an unknown kind refutes nothing.
        """
        return max((p.at_least(value) for p in self.sides), default=0.0)

    @property
    def sides(self) -> tuple[Posterior | SharedSum, ...]:
        """What was seen by each kind of what is counted, or the one answer where the kind is known."""
        return self.by_kind or (() if self.posterior is None else (self.posterior,))

    def holds(self, value: float) -> float:
        """Return the probability that the place has room for the value; if another was seen, nothing denies it."""
        return 1 - self.p_place * (1 - self.at_least(value))

    def surely_holds(self, value: float) -> float:
        """Return the same by the kind that leaves least, as a claim is supported."""
        least = min((p.at_least(value) for p in self.sides), default=0.0)
        return 1 - self.p_place * (1 - least)


def snapshot(seen: Sequence[Sight], anchor: Sight) -> list[Sight]:
    """Return the sizes seen at about the time of one of them: all of the nearest day, of each quantity and part.

    What one look measured in a share of the place is no second measurement of what another measured in all of it, and
    what one observer saw larger on a later day has grown.
    """

    def thing(s: Sight) -> tuple[str, str, str]:
        return s.row.quantity, s.row.site_id, "" if s.coverage == Coverage.SAME else tidy_part(s.row.part)

    near = [s for s in seen if s.given() and abs(s.first - anchor.first) <= SNAPSHOT_DAYS]
    near.sort(key=lambda s: (*thing(s), abs(s.first - anchor.first), s.row.observation_id))
    out: list[Sight] = []
    for _, of_one in itertools.groupby(near, key=thing):
        candidates = list(of_one)
        closest = abs(candidates[0].first - anchor.first)
        near_by = [s for s in candidates if abs(s.first - anchor.first) <= max(closest, SAME_TIME_DAYS)]
        out += [s for n, s in enumerate(near_by) if not any(_grown(s, o) for o in near_by[:n])]
    full = {thing(s) for s in out if sure(s.bounded_share)}
    return [s for s in out if sure(s.bounded_share) or thing(s) not in full]


def _grown(s: Sight, o: Sight) -> bool:
    """Return whether one observer saw more of two on the later day: a place that grew between two looks."""
    if s.group != o.group or s.first == o.first:
        return False
    earlier, later = sorted((s, o), key=lambda one: one.first)
    return (later.row.high or 0.0) > (earlier.row.high or 0.0)


def _merged(seen: Sequence[Sight]) -> list[tuple[Given, list[Sight]]]:
    """Return the sizes as evidence, added end to end where they are of several things.

    Of several things are roofs with outlines of their own of one look, and whatever was seen at places apart.
    """
    out: list[tuple[Given, list[Sight]]] = []
    several = {q for q in {s.row.quantity for s in seen} if _all_apart([s for s in seen if s.row.quantity == q])}
    looks: dict[tuple[str, str, int], list[Sight]] = {}
    for s in seen:
        one = (s.row.quantity, "", 0) if s.row.quantity in several else (s.row.quantity, s.group, s.first)
        looks.setdefault(one, []).append(s)
    for (quantity, *_), rows in looks.items():
        givens = [g for s in rows if (g := s.given())]
        outlines = {s.row.outline for s in rows}
        drawn = len(rows) > 1 and "" not in outlines and len(outlines) == len(rows)
        if quantity in several or (drawn and not any(g.bound for g in givens)):
            ids = tuple(i for g in givens for i in g.ids)
            low, high = (sum(ends) for ends in ([g.low or 0.0 for g in givens], [g.high or 0.0 for g in givens]))
            low_known = low if all(g.low for g in givens) else None
            out.append((Given(quantity, low_known, high, ", ".join(ids), ids, observed=True), rows))
        elif _of_one_look(rows, givens):
            # several things are added, as what is there is not less; a power can be one meter that was read twice
            ids = tuple(i for g in givens for i in g.ids)
            lows, high = [g.low or 0.0 for g in givens], sum(g.high or 0.0 for g in givens)
            low = max(lows) if QUANTITIES[quantity].power else sum(lows)
            out.append((Given(quantity, low, high, ", ".join(ids), ids, observed=True), rows))
        else:
            out += list(zip(givens, ([s] for s in rows), strict=True))
    return out


def _of_one_look(rows: Sequence[Sight], givens: Sequence[Given]) -> bool:
    """Return whether two-sided sizes are of one look, of which it is not known whether they are of one thing."""
    return (
        len(rows) > 1
        and len(givens) == len(rows)
        and not any(g.bound for g in givens)
        and all(one_look(a, b) for a, b in itertools.combinations(rows, 2))
    )


def _all_apart(seen: Sequence[Sight]) -> bool:
    """Return whether there are several sizes, each of a place of its own."""
    return len(seen) > 1 and all(apart(a.row, b.row) for a, b in itertools.combinations(seen, 2))


def disagreement(
    givens: Sequence[Given], q: Question, dossier: Dossier, whole: Sequence[Given] = ()
) -> Disagreement | None:
    """Return the sizes that cannot be of one thing, if there are any; all of them two-sided.

    `whole` are the most that a larger thing measured, which a part of it cannot be above; without it the sizes are of
    one part, which contradict each other on either side.
    """
    firm = [g for g in givens if not g.bound]
    worst: Disagreement | None = None
    if not firm or len(firm) + len(whole) < 2:  # noqa: PLR2004  two are needed to disagree
        return None
    firm += whole
    try:
        readings = model.readings_for(q, firm, dossier, _as_room(q, firm))
    except OsintError:
        return None
    for conflict in model.conflicts(firm, readings):
        ids = tuple(sorted({i for g in (conflict.given, *conflict.others) for i in g.ids}))
        if conflict.p < CONFLICT and (worst is None or conflict.p < worst.p):
            worst = Disagreement(ids, conflict.p)
    return worst


def parts_above(whole: Sight, parts: Sequence[Sight], q: Question, dossier: Dossier) -> Disagreement | None:
    """Return the sizes of parts that together are surely larger than that of the whole, as seen at about its time.

    Only numbered parts of one kind are added (phase 1, phase 2), each once.
    """
    measured, most = {}, whole.given()
    for s in parts:
        numbered, given = part_numbers(s.row.part), s.given()
        near = abs(s.first - whole.first) <= SAME_TIME_DAYS and s.row.site_id == whole.row.site_id
        if numbered and given and not given.bound and near and s.row.quantity == whole.row.quantity:
            measured[numbered] = given
    if most is None or most.bound:
        return None
    for noun in sorted({noun for noun, _ in measured}):
        of_one = {numbers: g for (kind, numbers), g in measured.items() if kind == noun}
        if sum(map(len, of_one)) > len(frozenset[int]().union(*of_one)):
            continue  # one number is in two of the names
        low, high = (
            sum(ends) for ends in ([g.low or 0.0 for g in of_one.values()], [g.high or 0.0 for g in of_one.values()])
        )
        ids = tuple(i for g in of_one.values() for i in g.ids)
        total = Given(most.quantity, low, high, ", ".join(ids), ids, observed=True)
        if found := disagreement([total], q, dossier, [replace(most, low=None)]):
            return found
    return None


def room_at(seen: Sequence[Sight], anchor: Sight, q: Question, dossier: Dossier) -> Room | None:
    """Return what the sizes seen at about the time of one of them had room for; None where no relation joins them."""
    if anchor.bare:
        return Room((anchor,), None, bounded=False)
    near = snapshot(seen, anchor)
    of_chips = ({q.quantity} | {s.row.quantity for s in near}) & model.BY_CHIP
    prior = tuple(model.family_prior(q, dossier.network).items()) if of_chips else ()
    words = (q.precision, q.use, q.runs, q.can_carry, q.server, q.boxes)
    key = ("room", q.quantity, prior, *words, tuple(s.key for s in near))
    return dossier.once(q.site_id, key, lambda: _room(near, q, dossier))


def _larger(s: Sight, seen: Sequence[Sight], dossier: Dossier) -> bool:
    """Return whether a size is of a larger thing than another that was seen, so that it bounds that one from above."""
    return s.coverage == Coverage.WITHIN and any(
        o.row.site_id in dossier.descendants(s.row.site_id)
        if s.row.site_id != o.row.site_id
        else o.coverage == Coverage.SAME or coverage(s.row.part, o.row.part) == Coverage.WITHIN
        for o in seen
        if (g := o.given()) is not None and not g.bound
    )


def _room(near: Sequence[Sight], q: Question, dossier: Dossier) -> Room | None:
    """Return the room by the sizes of the part, or of the smallest of what holds it; what holds that is a bound."""
    areas = [s for s in near if s.row.quantity in HALL_AREAS]
    small = bool(areas) and all((s.row.high or 0.0) < LEAST_M2 for s in areas)
    if not q.boxes and (small or any(model.names_boxes(s.row.note) for s in areas)):
        q = replace(q, boxes=True)
    if q.quantity == "cabinets" and not q.boxes and areas and len(areas) < len(near):
        rooms = [_room(of, q, dossier) for of in (areas, [s for s in near if s not in areas])]  # floor and power
        return min((r for r in rooms if r is not None), key=lambda r: r.interval[2], default=None)
    larger = [s for s in near if _larger(s, near, dossier)]
    own = _merged([s for s in near if s not in larger])
    least = _least(q)
    if q.runs and any(g.quantity in LOADS for g, _ in own):  # what runs draws the load; plant bounds it from above
        own = [(g, rows) for g, rows in own if g.quantity in LOADS or g.quantity not in least]
        own = [(g if g.quantity in LOADS else replace(g, low=None, best=None), rows) for g, rows in own]
    own = [(g, rows) for g, rows in own if g.quantity not in least or g.low is not None]
    own = [(replace(g, high=None, best=None) if g.quantity in least else g, rows) for g, rows in own]
    over = [(replace(g, low=None), [s]) for s in larger if (g := s.given()) and g.quantity not in least]
    givens, most = [g for g, _ in own], [g for g, _ in over]
    used = tuple(s for _, rows in (*own, *over) for s in rows)
    apart_ = disagreement(givens, q, dossier) or disagreement(givens, q, dossier, most)
    fits = [*givens, *most] if apart_ is None else givens
    try:
        answer = _answer(q, fits, dossier)
    except OsintError:  # no relation joins them, or none of them bounds it from above
        return None
    within = all(s.coverage == Coverage.WITHIN for s in used)
    open_ = not q.use and ReadingWord.USE in answer.readings.unknowns
    fill_open = not q.runs and any(g.quantity in LOADS for g in fits)
    kinds = _by_kind(answer, q, fits, dossier)
    in_it = any(g.quantity in CHIP_COUNTS and g.high is not None for g in fits)
    return Room(used, answer, answer.ceiling or within, apart_, open_, fill_open, in_it, kinds)


def _least(q: Question) -> frozenset[str]:
    """Return the quantities that say what is there at least, and not what a hall can hold.

    Backup sets stand for the load that is backed up, which can be a part of it. What is counted in a hall is not all
    that fits into it, unless what is in it is asked.
    """
    return model.BACKUP if q.quantity in CHIP_COUNTS and not q.can_carry else model.BACKUP | CHIP_COUNTS


def _answer(q: Question, fits: Sequence[Given], dossier: Dossier, fixed: Mapping[str, str] | None = None) -> Posterior:
    readings = model.readings_for(q, fits, dossier, {**_as_room(q, fits), **(fixed or {})})
    return model.posterior(q.quantity, model.tightest(fits, readings), readings)[0]


def _by_kind(answer: Posterior, q: Question, fits: Sequence[Given], dossier: Dossier) -> tuple[Posterior, ...]:
    """Return the answer by each kind of cabinet or server, where it is open; nothing where the kind is known."""
    out: list[Posterior] = []
    for name in (ReadingWord.CABINET, ReadingWord.SERVER):
        options = sorted(set(answer.readings.labels(name).tolist()) - {""}) if name in answer.readings.unknowns else []
        out += [_answer(q, fits, dossier, {name: option}) for option in options if len(options) > 1]
    return tuple(out)


def _as_room(q: Question, givens: Sequence[Given]) -> dict[str, str]:
    """Return the readings that hold for room.

    A rack or cabinet takes its design power, filled or not. What was metered is an average, of what is in use: of a
    hall that can be filled in part, unless what runs is asked. So many cabinets as fit on a floor fit, whatever they
    draw. Containers, and roofs too small for a hall, hold up to ten times what a hall does on the same area.
    """
    loads = any(g.quantity in LOADS for g in givens)
    held: dict[str, str] = {ReadingWord.RACKS: ReadingWord.DESIGN, ReadingWord.ENERGY: ReadingWord.AVERAGE_LOAD}
    held[ReadingWord.LOAD] = ReadingWord.IN_USE if loads and not q.runs else ReadingWord.CAPACITY_USED
    if q.boxes and any(g.quantity in HALL_AREAS for g in givens):
        held[ReadingWord.HALL] = ReadingWord.BOXES
        held |= {} if q.quantity == "floor_m2" else {ReadingWord.STOREYS: "1"}
    elif q.quantity == "cabinets" and any(g.quantity in HALL_AREAS for g in givens):
        held[ReadingWord.CABINET] = ReadingWord.BY_FLOOR
    return held


def rooms_alone(room: Room, q: Question, dossier: Dossier) -> list[Room]:
    """Return the room by each size of a room that can be in dispute alone: with the ratings, which nobody disputes."""
    ratings = [s for s in room.seen if (g := s.given()) is not None and g.bound]
    out = [room_at([s, *ratings], s, q, dossier) for s in room.seen if s not in ratings]
    return [r for r in out if r is not None]


def sum_of_rooms(rooms: Sequence[Room]) -> Room:
    """Return the room of several parts together, with the errors of relations in common; a bare part adds nothing."""
    seen = tuple(dict.fromkeys(s for room in rooms for s in room.seen))  # one look can be of several parts
    stand = [room.posterior for room in rooms if room.posterior is not None]
    sides: tuple[SharedSum, ...] = ()
    if any(room.by_kind for room in rooms):  # each by the kind that leaves most, and by that which leaves least
        known = [room.sides for room in rooms if room.sides]
        sides = tuple(_sum([end(of, key=lambda p: p.interval[1]) for of in known]) for end in (max, min))
    use, fill = any(room.use_open for room in rooms), any(room.fill_open for room in rooms)
    in_it = any(room.counted for room in rooms)
    total = _sum(stand) if stand else None
    doubt = sum({room.ids: 1 - room.p_place for room in rooms}.values())
    return Room(seen, total, any(room.bounded for room in rooms), None, use, fill, in_it, sides, doubt)


def _sum(answers: Sequence[Posterior | SharedSum]) -> SharedSum:
    """Return the sum of answers, of which one can be a sum itself."""
    return model.sum_of([p for a in answers for p in ([a] if isinstance(a, Posterior) else a.parts)])
