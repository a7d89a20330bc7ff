"""Which observations bear on a claim: seen where, of which part, on which day, and why the others do not.

An observation that is of another place, part or day says nothing of the claim, however small or large what it shows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from pyproj import Geod

from osint.model import CAPACITY, CONFIRMED, Dossier, Given
from osint.register import CLAIM_KINDS, LADDER, QUANTITIES, Claim, Modality, Observation, Rung, Tier, tidy_part

WHOLE_SHARE = 0.9  # searched share from which an area measured at a site of several parts is that of all of them
UNKNOWN_ERROR_M = 500.0  # error of a coordinate that is given without one
LEAST_M2 = 500.0  # roof or floor below which a building shows no data hall
LEAST_MW = 0.5  # power below which a supply shows no data hall
LEAST_UNITS = 2.0  # cooling units, fans or generators below which they show no data hall
_EARTH = Geod(ellps="WGS84")
ROOFED_UP = LADDER[Rung.ROOFED.height :]
POWERED_UP = LADDER[Rung.POWERED.height :]
PROMISES = (Modality.WILL, Modality.WOULD)
STATEMENTS = (Modality.HAS, Modality.CAN_CARRY)
_MONEY = frozenset({"CNY", "USD"})
_LEAST = {"roof_m2": LEAST_M2, "floor_m2": LEAST_M2, "transformers_mva": LEAST_MW, "generators_mw": LEAST_MW}
HALL_AREAS = frozenset({"roof_m2", "floor_m2"})
TESTED = CAPACITY | {"floor_m2"}
"""Quantities of which a claim is tested by sizes that were seen; a floor by areas alone, as it can stand unpowered."""
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
    due_read: str = ""
    """With what confidence the due day was read from the words; empty where none is due."""


def assertion(claim: Claim, dossier: Dossier) -> Assertion:
    """Return what a claim asserts of the ground.

    What is said to stand stood on the day of saying it, or on an earlier one that the claim names. A claim without a
    due day takes that of the other claims of its filing and part, if they name one day alone. What will hold a capacity
    needs at least a roof, and a capacity of a place where only ground is broken is still planned.
    """
    rung = claim.rung or Rung.ANNOUNCED
    if claim.unit in _MONEY and claim.modality in STATEMENTS:  # spent or asked for: nothing that stands
        return Assertion(Asserts.NOTHING, rung, 0)
    ahead = claim.value_date and claim.date and claim.value_date.first > claim.date.last  # "has", of a later day
    said_to_stand = claim.modality in STATEMENTS and not ahead
    unbuilt = claim.quantity in CAPACITY and rung == Rung.GROUND_BROKEN
    if said_to_stand and unbuilt:
        return Assertion(Asserts.PLANNED, Rung.ROOFED, 0)
    if said_to_stand:
        days = [d.known[1].toordinal() for d in (claim.value_date, claim.date) if d]
        stands = min(days, default=0) if rung.height >= Rung.GROUND_BROKEN.height else 0
        return Assertion(Asserts.STANDS if stands else Asserts.NOTHING, rung, stands)
    if claim.modality not in PROMISES and not ahead:
        return Assertion(Asserts.NOTHING, rung, 0)
    begins = claim.quantity_kind == "start_date" and rung.height < Rung.GROUND_BROKEN.height
    rung = Rung.GROUND_BROKEN if begins else rung  # a date of beginning names the works, whatever was filed then
    starts = rung == Rung.GROUND_BROKEN and claim.quantity not in CAPACITY
    promised = rung if starts else max(rung, Rung.ROOFED, key=lambda r: r.height)
    if claim.value_date and claim.value_date.last == dt.date.max:  # "from 2025 on": it is not said by when
        return Assertion(Asserts.PLANNED, promised, 0)
    if claim.value_date:
        return Assertion(
            Asserts.PROMISED, promised, claim.value_date.last.toordinal(), due_read=claim.reading_confidence
        )
    due = _due_in_filing(claim, dossier)
    if due:
        names_state = rung.height >= Rung.ROOFED.height  # "space for" needs a roof, whatever else is due on that day
        later = promised if names_state else max(promised, due.rung or promised, key=lambda r: r.height)
        return Assertion(Asserts.PROMISED, later, due.day, due.claim_id, due.reading_confidence)
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
        and c.value_date.last != dt.date.max
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
_CARDINAL = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5},
    **{"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
}
_ORDINAL = {
    **{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5},
    **{"sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10},
}
_CHINESE = {character: n for n, character in enumerate("零一二三四五六七八九十")}
_NOUNS = {"期": "phase", "楼": "building", "栋": "building", "幢": "building", "机房楼": "building", "机房": "hall"}
_ONE = r"(?:\d{1,3}|[ivx]+|one|two|three|four|five|six|seven|eight|nine|ten|[一二三四五六七八九十]+)"
_LIST = rf"(?P<list>{_ONE}(?:\s*(?:-|–|~|至|to|through|,|、|和|及|&|\band\b)+\s*{_ONE})*)"
_FORMS = (
    re.compile(rf"(?P<noun>[a-z][a-z ]*?)s?(?:\s+no\.?|\s+nr\.?|\s+number|\s*#)?(?:\s+|(?=\d)){_LIST}"),
    re.compile(rf"(?:the )?(?P<list>\d{1, 3}(?=st|nd|rd|th)|{'|'.join(_ORDINAL)})(?:st|nd|rd|th)? (?P<noun>[a-z]+)"),
    re.compile(rf"第?{_LIST}\s*(?:号|#)?\s*(?P<noun>{'|'.join(sorted(_NOUNS, key=len, reverse=True))})(?:工程|项目)?"),
)
_RANGE = re.compile(rf"({_ONE})\s*(?:-|–|~|至|to|through)\s*({_ONE})")
_REPEATED = re.compile(r"(?:号|#)?(?:机房楼|楼|栋|幢|期)(?=\s*[、和及,])")  # 1号楼、2号楼 says the noun twice


def _number(word: str) -> int:
    """Return a number written in digits, as a Roman or Chinese numeral, or in an English word."""
    for known in (_ROMAN, _CARDINAL, _ORDINAL):
        if word in known:
            return known[word]
    if word.isascii():
        return int(word)
    tens, ten, ones = word.rpartition("十")
    return (_CHINESE.get(tens, 1) * 10 if ten else 0) + _CHINESE.get(ones, 0)


def _level(text: str) -> tuple[str, frozenset[int]] | None:
    """Return noun and numbers of one level of a part."""
    found = next((m for form in _FORMS if (m := form.fullmatch(_REPEATED.sub("", text.strip())))), None)
    if found is None:
        return None
    numbers = {_number(n) for n in re.findall(_ONE, found["list"])}
    for first, last in _RANGE.findall(found["list"]):
        numbers |= set(range(_number(first), _number(last) + 1))
    return _NOUNS.get(found["noun"], found["noun"].strip()), frozenset(numbers)


@cache
def _levels(part: str) -> dict[str, frozenset[int]] | None:
    """Return the levels of a part, as {'phase': {2}, 'hall': {3}} of 'phase II (hall 3)'; None for other words."""
    levels = [_level(text) for text in re.split(r"[()]| of ", tidy_part(part)) if text.strip()]
    known = [level for level in levels if level is not None]
    return dict(known) if known and len(known) == len(levels) else None


@cache
def part_numbers(part: str) -> tuple[str, frozenset[int]] | None:
    """Return noun and numbers of a part of one level, as ('building', {1, 2}) of 'Buildings 1-2'; None for other words.

    >>> [sorted(part_numbers(p)[1]) for p in ("phase II", "二期", "1号楼、3号楼", "buildings 1 and 3", "first phase")]
    [[2], [2], [1, 3], [1, 3], [1]]
    """
    levels = _levels(part)
    return next(iter(levels.items())) if levels is not None and len(levels) == 1 else None


def coverage(seen: str, claimed: str) -> Coverage:
    """Return how a part that was seen lies to a part that is claimed; an empty part is the whole site.

    OTHER stands for parts of which it is not known that one holds the other, as a phase and a building.

    >>> [coverage(*p).value for p in (("", "phase 1"), ("building 1", ""), ("buildings 1-4", "2号楼"))]
    ['within', 'part', 'within']
    >>> [coverage(*p).value for p in (("phase II", "二期"), ("phase 1", "hall 1"), ("phase 2", "phase 2 (hall 3)"))]
    ['same', 'other', 'within']
    """
    a, b = tidy_part(seen), tidy_part(claimed)
    if a == b:
        return Coverage.SAME
    if not a or not b:
        return Coverage.PART if a else Coverage.WITHIN
    left, right = _levels(a), _levels(b)
    if left is None or right is None:
        return Coverage.OTHER
    if left == right:
        return Coverage.SAME
    nouns = left.keys() | right.keys()  # a level that is not named is all of it
    if all(noun not in left or (noun in right and right[noun] <= left[noun]) for noun in nouns):
        return Coverage.WITHIN
    if all(noun not in right or (noun in left and left[noun] <= right[noun]) for noun in nouns):
        return Coverage.PART
    return Coverage.OTHER


# ---------------------------------------------------------------- what was seen


@dataclass(frozen=True, slots=True)
class Sight:
    """An observation as it bears on one claim."""

    row: Observation
    coverage: Coverage
    whole: bool
    """Whether a size that it states is that of all that was seen, so that it bounds from above."""
    looked: float | None = None
    """Share of the place that was looked at; None where that is not known."""

    @property
    def first(self) -> int:
        """Ordinal of the earliest day on which it can have been made."""
        return self.row.days[0]

    @property
    def last(self) -> int:
        """Ordinal of the latest day on which it can have been made."""
        return self.row.days[1]

    @property
    def key(self) -> tuple[str, Coverage, bool, float | None]:
        """What tells it from every other sight."""
        return self.row.observation_id, self.coverage, self.whole, self.looked

    @property
    def p_place(self) -> float:
        """Probability that it is of the place that the claims of the site speak of; 0 where that is not known."""
        return self.row.p_place or 0.0

    @property
    def share(self) -> float:
        """Share of the place that was looked at for what it did not see; none where it is not known."""
        return self.looked or 0.0

    @property
    def p_absent(self) -> float:
        """Probability that what it did not see is not there: of the right place, and not where nobody looked."""
        return self.p_place * self.share

    @property
    def bounded_share(self) -> float:
        """Share of the place that it bounds: an area is that of what was looked at, and no more."""
        if not self.given():
            return self.share
        stated = self.row.searched_share if self.row.quantity in _AREAS else None
        return 1.0 if stated is None else stated

    @property
    def taken_as_whole(self) -> bool:
        """Whether it is an area of which the row names no part, nor how much was looked at: it stands for the site."""
        row = self.row
        return row.quantity in _AREAS and row.searched_share is None and not tidy_part(row.part)

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
        return self.missing is not None and self.missing.height <= Rung.ROOFED.height

    @property
    def missing(self) -> Rung | None:
        """Rung that it shows not to be reached; None if it shows none.

        A hall of no area is not roofed, and one of no power is not powered, unless the row itself says that it is. None
        of one kind of plant, as no chillers, says nothing: the hall can have another kind.
        """
        row = self.row
        if row.not_yet is not None or row.high != 0 or row.quantity not in QUANTITIES:
            return row.not_yet
        power = Rung.POWERED if QUANTITIES[row.quantity].power else None
        missing = Rung.ROOFED if row.quantity in HALL_AREAS else power
        return missing if missing and (row.rung is None or row.rung.height < missing.height) else None

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
    if not tidy_part(claim.part):
        for below in dossier.descendants(claim.site_id):
            for row in dossier.observations[below]:
                yield row, Coverage.PART


def apart(a: Observation, b: Observation) -> bool:
    """Return whether two observations are of different places: both give a coordinate, and the errors do not meet."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return False
    errors = ((UNKNOWN_ERROR_M if o.position_error_m is None else o.position_error_m) for o in (a, b))
    distance: float = _EARTH.inv(a.lon, a.lat, b.lon, b.lat)[2]
    return distance > sum(errors)


def sights(claim: Claim, dossier: Dossier) -> list[Sight]:
    """Return every observation of the site, its parts and what it is a part of, as it lies to the claim."""
    out = []
    rows = list(_of_sites(claim, dossier))
    of_parts = {site_id: _of_parts(site_id, dossier) for site_id in {row.site_id for row, _ in rows}}
    for row, covered in rows:
        share, several = row.searched_share, of_parts[row.site_id] and not tidy_part(row.part)
        whole = row.quantity not in _AREAS or not several or (share is not None and share >= WHOLE_SHARE)
        unseen = row.not_yet is not None or (row.high == 0 and row.quantity in _AREAS)  # a meter that reads 0 is whole
        unknown = share is None and unseen and not (row.part and row.outline)
        out.append(Sight(row, covered, whole, None if unknown else 1.0 if share is None else share))
    spot = [s.looked is None and (_sees_works(s, dossier) or _risen_there(s, out, dossier)) for s in out]
    out = [replace(s, looked=1.0) if found else s for s, found in zip(out, spot, strict=True)]
    return [replace(s, coverage=Coverage.PART) if _beside_what_stands(s, out) else s for s in out]


def _of_parts(site_id: str, dossier: Dossier) -> bool:
    """Return whether a site is known to be of several parts, so that one roof of it need not be all of its roofs.

    Documents name two of them, or one that is not the first of its kind.
    """
    named = {part for c in dossier.claims[site_id] if (part := tidy_part(c.part))}
    numbered = [found[1] for part in named if (found := part_numbers(part)) is not None]
    return site_id in dossier.parts or len(named) > 1 or any(max(numbers) > 1 for numbers in numbered)


def _sees_works(s: Sight, dossier: Dossier) -> bool:
    """Return whether a look that found a rung not reached found the works, of the very part or site that is claimed.

    So it did cover the spot. The whole of a site of which parts are named is no spot: another part may stand elsewhere.
    """
    begun = s.row.not_yet is not None and s.row.rung is not None and s.row.rung.height >= Rung.GROUND_BROKEN.height
    one_spot = bool(s.row.part) or not _of_parts(s.row.site_id, dossier)
    return begun and s.coverage == Coverage.SAME and one_spot


def _risen_there(bare: Sight, seen: Sequence[Sight], dossier: Dossier) -> bool:
    """Return whether what a look did not find was seen later in the same part or at the same position.

    So that look did cover the spot, whatever else it left out. The whole of a site of several parts is no spot.
    """
    if bare.missing is None:
        return False
    one_spot = bool(bare.row.part) or bare.row.site_id not in dossier.parts
    return any(
        s.confirmed
        and s.first > bare.last
        and s.row.site_id == bare.row.site_id
        and not apart(s.row, bare.row)
        and (s.substantial() or (s.row.rung is not None and s.row.rung.height >= bare.missing.height))
        and ((one_spot and coverage(s.row.part, bare.row.part) == Coverage.SAME) or (s.covers and _placed(s, bare)))
        for s in seen
        if not s.bare
    )


def _placed(*seen: Sight) -> bool:
    return all(s.row.lat is not None and s.row.lon is not None for s in seen)


def one_look(a: Sight, b: Sight) -> bool:
    """Return whether two rows are one look: of one observer, one day and one part, without two coordinates.

    They show several things of one place, and do not contradict each other. A row of another day is a later look.
    """
    return (
        a.row.observation_id != b.row.observation_id
        and (a.group, a.row.site_id, a.first, a.last) == (b.group, b.row.site_id, b.first, b.last)
        and coverage(a.row.part, b.row.part) == Coverage.SAME
        and not _placed(a, b)
    )


def relayed_by_one(seen: Sequence[Sight]) -> bool:
    """Return whether all that was seen was relayed by one source: no look for this register, no second witness.

    That is a report of a report. It can be told as one, and no finding that somebody was wrong rests on it alone.
    """
    return bool(seen) and all(s.row.source_claim_id for s in seen) and len({s.group for s in seen}) == 1


def _beside_what_stands(bare: Sight, seen: Sequence[Sight]) -> bool:
    """Return whether a look that found nothing is of another compound of the site than one where something stands.

    So is what one look did not find in one row, and did in another.
    """
    missing = bare.missing
    if missing is None or not bare.covers:
        return False
    return any(
        ((bare.bare and apart(s.row, bare.row)) or one_look(s, bare))
        and not s.bare
        and ((bare.bare and s.substantial()) or (s.row.rung and s.row.rung.height >= missing.height))
        for s in seen
        if s.confirmed and s.covers
    )


def by_others(claim: Claim, seen: Sequence[Sight]) -> list[Sight]:
    """Return what was seen by others than the claimant."""
    return [s for s in seen if s.row.independence_group != claim.independence_group]


def _official(claim: Claim) -> bool:
    """Return whether a government itself says that the place is in operation."""
    operating = claim.rung in POWERED_UP and claim.modality == Modality.HAS
    return claim.source_tier == Tier.PRIMARY_GOVERNMENT and operating


def witnesses(absent: Sight, seen: Sequence[Sight], dossier: Dossier) -> tuple[str, ...]:
    """Return the observations that contradict one by which something is not there, by id.

    A witness is of the same place and shows the rung on an earlier day or the same one; up to the roof, which does not
    go away, an observer can contradict the own look. Of a rung from powered on, 'not yet' of a whole says nothing of
    its parts.
    """
    missing = absent.missing or Rung.ROOFED
    parts_too = missing.height <= Rung.ROOFED.height
    places = {absent.row.site_id, *(dossier.descendants(absent.row.site_id) if parts_too else ())}
    out = {
        s.row.observation_id
        for s in seen
        if s.confirmed
        and s.row.site_id in places
        and (s.group != absent.group or parts_too)
        and s.row.observation_id != absent.row.observation_id
        and not apart(s.row, absent.row)
        and not one_look(s, absent)
        and s.row.rung is not None
        and s.row.rung.height >= missing.height
        and s.last <= absent.first
        and (coverage(s.row.part, absent.row.part) == Coverage.SAME or (parts_too and not absent.row.part))
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
