"""Which observations bear on a claim: seen where, of which part, on which day, and why the others do not.

An observation that is of another place, part or day says nothing of the claim, however small or large what it shows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from osint.model import CAPACITY, Dossier, Given
from osint.register import CLAIM_KINDS, LADDER, QUANTITIES, Claim, Modality, Observation, Rung, Tier

CONFIRMED = 0.9  # p_place from which what was seen counts as the place
WHOLE_SHARE = 0.9  # searched share from which an area measured at a site of several parts is that of all of them
LEAST_M2 = 500.0  # roof or floor below which a building shows no data hall
LEAST_MW = 0.5  # power below which a supply shows no data hall
LEAST_UNITS = 2.0  # cooling units, fans or generators below which they show no data hall
ROOFED_UP = LADDER[Rung.ROOFED.height :]
POWERED_UP = LADDER[Rung.POWERED.height :]
PROMISES = (Modality.WILL, Modality.WOULD)
STATEMENTS = (Modality.HAS, Modality.CAN_CARRY)
_LEAST = {"roof_m2": LEAST_M2, "floor_m2": LEAST_M2, "transformers_mva": LEAST_MW, "generators_mw": LEAST_MW}
_AREAS = frozenset({"roof_m2", "floor_m2", "cooling_area_m2", "chiller_area_m2", "tower_area_m2"})


class Asserts(StrEnum):
    """What a claim asserts of the ground, and with which day."""

    STANDS = "stands"
    """Said to stand on the day of the claim."""
    PROMISED = "promised"
    """Promised for a day."""
    PLANNED = "planned"
    """Promised, and no day is named."""
    NOTHING = "nothing"
    """Nothing that the ground could show: denied, on paper, or without a day on which it was said."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a claim asserts of the ground."""

    kind: Asserts
    rung: Rung
    """Rung that must have been reached."""
    day: int
    """Ordinal of the last day that counts as in time; 0 if none is named."""
    due_from: str = ""
    """Id of the claim of the same filing and part that names the day, if it is not this one."""


def assertion(claim: Claim, dossier: Dossier) -> Assertion:
    """Return what a claim asserts of the ground.

    What is said to stand stood on the day of saying it, or on an earlier one that the claim names. A claim without a
    due day takes that of the other claims of its filing and part, if they name one day alone. What will hold a capacity
    needs at least a roof, and a capacity of a place where only ground is broken is still planned.
    """
    rung = claim.rung or Rung.ANNOUNCED
    unbuilt = claim.quantity in CAPACITY and rung == Rung.GROUND_BROKEN
    if claim.modality in STATEMENTS and unbuilt:
        return Assertion(Asserts.PLANNED, Rung.ROOFED, 0)
    if claim.modality in STATEMENTS:
        days = [d.last.toordinal() for d in (claim.value_date, claim.date) if d]
        stands = min(days, default=0) if rung.height >= Rung.GROUND_BROKEN.height else 0
        return Assertion(Asserts.STANDS if stands else Asserts.NOTHING, rung, stands)
    if claim.modality not in PROMISES:
        return Assertion(Asserts.NOTHING, rung, 0)
    starts = rung == Rung.GROUND_BROKEN and claim.quantity not in CAPACITY
    promised = rung if starts else max(rung, Rung.ROOFED, key=lambda r: r.height)
    if claim.value_date:
        return Assertion(Asserts.PROMISED, promised, claim.value_date.last.toordinal())
    due = _due_in_filing(claim, dossier)
    if due:
        later = max(promised, due.rung or promised, key=lambda r: r.height)
        return Assertion(Asserts.PROMISED, later, due.day, due.claim_id)
    return Assertion(Asserts.PLANNED, promised, 0)


def _due_in_filing(claim: Claim, dossier: Dossier) -> Claim | None:
    """Return the claim of the same filing and part that names a due day, if all that do name the same one."""
    if claim.quantity not in CAPACITY or claim.date is None:
        return None
    own = (claim.independence_group, claim.source_url, claim.date, claim.part)
    named = [
        c
        for c in dossier.claims[claim.site_id]
        if c.value_date
        and c.modality in PROMISES
        and (CLAIM_KINDS[c.quantity_kind].states or c.quantity in CAPACITY)
        and (c.independence_group, c.source_url, c.date, c.part) == own
    ]
    return named[0] if len({c.day for c in named}) == 1 else None


# ---------------------------------------------------------------- which part


class Coverage(StrEnum):
    """How the part that was seen lies to the part that a claim speaks of."""

    SAME = "same"
    WITHIN = "within"
    """The claim speaks of a part of what was seen."""
    PART = "part"
    """A part of what the claim speaks of was seen."""
    OTHER = "other"


_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_NUMBERED = re.compile(r"(?P<noun>[a-z ]+?)s?\s*(?P<first>\d+|[ivx]+)(?:\s*(?:-|to|and)\s*(?P<last>\d+|[ivx]+))?")


def part_numbers(part: str) -> tuple[str, frozenset[int]] | None:
    """Return noun and numbers of a part, as ('building', {1, 2}) of 'Buildings 1-2'; None for other words."""
    found = _NUMBERED.fullmatch(" ".join(part.casefold().split()))
    if not found:
        return None
    first, last = (_ROMAN.get(n) or (int(n) if n.isdigit() else 0) for n in (found["first"], found["last"] or "0"))
    return found["noun"].strip(), frozenset(range(first, max(first, last) + 1))


def coverage(seen: str, claimed: str) -> Coverage:
    """Return how a part that was seen lies to a part that is claimed; an empty part is the whole site.

    >>> [coverage(*p).value for p in (("", "phase 1"), ("building 1", ""), ("buildings 1-4", "building 2"))]
    ['within', 'part', 'within']
    >>> coverage("phase II", "phase 2").value, coverage("phase 1", "building 1").value
    ('same', 'other')
    """
    a, b = (" ".join(part.casefold().split()) for part in (seen, claimed))
    if a == b:
        return Coverage.SAME
    if not a or not b:
        return Coverage.PART if a else Coverage.WITHIN
    left, right = part_numbers(a), part_numbers(b)
    if left is None or right is None or left[0] != right[0]:
        return Coverage.OTHER
    if left[1] == right[1]:
        return Coverage.SAME
    if right[1] < left[1]:
        return Coverage.WITHIN
    return Coverage.PART if left[1] < right[1] else Coverage.OTHER


# ---------------------------------------------------------------- what was seen


@dataclass(frozen=True, slots=True)
class Sight:
    """An observation as it bears on one claim."""

    row: Observation
    coverage: Coverage
    whole: bool
    """Whether a size that it states is that of all that was seen, so that it bounds from above."""

    @property
    def first(self) -> int:
        """Ordinal of the earliest day on which it can have been made."""
        return self.row.date.known[0].toordinal()

    @property
    def last(self) -> int:
        """Ordinal of the latest day on which it can have been made."""
        return self.row.date.known[1].toordinal()

    @property
    def p_place(self) -> float:
        """Probability that it is of the place that the claims of the site speak of; 0 where that is not known."""
        return self.row.p_place or 0.0

    @property
    def p_absent(self) -> float:
        """Probability that what it did not see is not there: of the right place, and not where nobody looked."""
        share = self.row.searched_share
        return self.p_place * (1.0 if share is None else share)

    @property
    def confirmed(self) -> bool:
        """Whether the place counts as confirmed."""
        return self.p_place >= CONFIRMED

    @property
    def covers(self) -> bool:
        """Whether the whole of what the claim speaks of was seen."""
        return self.coverage in {Coverage.SAME, Coverage.WITHIN}

    @property
    def bare(self) -> bool:
        """Whether nothing stood there that could hold a data hall."""
        row = self.row
        return (row.not_yet is not None and row.not_yet.height <= Rung.ROOFED.height) or (row.high == 0 and self.sized)

    @property
    def sized(self) -> bool:
        """Whether it states a size that the model relates to others."""
        return self.row.quantity in QUANTITIES and self.row.high is not None

    @property
    def group(self) -> str:
        """Who looked: rows of one group are one witness."""
        return self.row.independence_group or self.row.observer

    def given(self) -> Given | None:
        """Return the size as evidence; None without one, or where it is zero."""
        row = self.row
        if not self.sized or not row.high:
            return None
        who, ids = f"{row.observation_id}, {row.observer}", (row.observation_id,)
        return Given(row.quantity, row.low or None, row.high, who, ids, observed=True, best=row.best or None)

    def substantial(self) -> bool:
        """Return whether the size is that of a data hall at all: a lamp shows no hall."""
        row = self.row
        if not self.sized or row.best is None:
            return False
        if row.quantity in _LEAST:
            return row.best >= _LEAST[row.quantity]
        return row.best >= (LEAST_MW if row.quantity.endswith("_mw") else LEAST_UNITS)


def day_text(ordinal: int) -> str:
    """Return an ordinal day as 2024-06-30."""
    return dt.date.fromordinal(ordinal).isoformat()


def _of_sites(claim: Claim, dossier: Dossier) -> Iterator[tuple[Observation, Coverage]]:
    """Yield the observations of the site of a claim, of the sites that it is a part of, and of its own parts."""
    for row in dossier.observations[claim.site_id]:
        yield row, coverage(row.part, claim.part)
    above = dossier.sites[claim.site_id].parent
    while above:
        for row in dossier.observations[above]:
            # what a whole shows to be there may be another part of it; what is not there, and a size, bound all parts
            if not row.part and (row.not_yet or row.quantity) and not dossier.aggregate(above):
                yield row, Coverage.WITHIN
        above = dossier.sites[above].parent
    if not claim.part:
        for below in descendants(claim.site_id, dossier):
            for row in dossier.observations[below]:
                yield row, Coverage.PART


def descendants(site_id: str, dossier: Dossier) -> list[str]:
    """Return the sites that are parts of a site, and their parts, in the order of the table."""
    out: list[str] = []
    for child in dossier.parts.get(site_id, ()):
        out += [child, *descendants(child, dossier)]
    return out


def sights(claim: Claim, dossier: Dossier) -> list[Sight]:
    """Return every observation of the site, its parts and what it is a part of, as it lies to the claim."""
    several = claim.site_id in dossier.parts
    out = []
    for row, covered in _of_sites(claim, dossier):
        share = row.searched_share
        whole = row.quantity not in _AREAS or not several or (share is not None and share >= WHOLE_SHARE)
        out.append(Sight(row, covered, whole))
    return out


def by_others(claim: Claim, seen: Sequence[Sight]) -> list[Sight]:
    """Return what was seen by others than the claimant."""
    return [s for s in seen if s.row.independence_group != claim.independence_group]


def _official(claim: Claim) -> bool:
    """Return whether a government itself says that the place is in operation."""
    operating = claim.rung in POWERED_UP and claim.modality == Modality.HAS
    return claim.source_tier == Tier.PRIMARY_GOVERNMENT and operating


def witnesses(absent: Sight, seen: Sequence[Sight], dossier: Dossier) -> tuple[str, ...]:
    """Return the observations that contradict one by which something is not there, by id.

    A witness is of the same place, of another group, and shows the rung on an earlier day or the same one. Of a rung
    from powered on, 'not yet' of a whole says nothing of its parts.
    """
    missing = absent.row.not_yet or Rung.ROOFED
    parts_too = missing.height <= Rung.ROOFED.height
    places = {absent.row.site_id, *(descendants(absent.row.site_id, dossier) if parts_too else ())}
    out = {
        s.row.observation_id
        for s in seen
        if s.confirmed
        and s.row.site_id in places
        and s.group != absent.group
        and s.row.rung is not None
        and s.row.rung.height >= missing.height
        and s.last <= absent.first
        and (s.row.part == absent.row.part or (parts_too and not absent.row.part))
    }
    return tuple(sorted(out))


def official_statements(absent: Sight, claim: Claim, dossier: Dossier) -> tuple[Claim, ...]:
    """Return what a government itself said earlier to be in operation where nothing was seen; of the part claimed.

    A claim and its own text are no witness for it.
    """
    if not absent.bare:
        return ()
    return tuple(
        c
        for c in dossier.claims[absent.row.site_id]
        if _official(c)
        and 0 < c.day <= absent.first
        and c.independence_group not in {absent.group, claim.independence_group}
        and coverage(c.part, claim.part) in {Coverage.SAME, Coverage.PART}
        and coverage(absent.row.part, c.part) in {Coverage.SAME, Coverage.WITHIN}
    )
