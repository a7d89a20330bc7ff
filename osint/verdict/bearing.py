"""Which observations bear on a claim: seen where, of which part, on which day, and why the others do not.

An observation that is of another place, part or day says nothing of the claim, however small or large what it shows.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pyproj import Geod

from osint.model import CONFIRMED, Dossier, Given
from osint.register import LADDER, QUANTITIES, Claim, Modality, Observation, Rung, Tier, tidy_part
from osint.verdict.parts import Coverage, coverage, part_numbers, same_part
from osint.verdict.rules import sure

SAME_TIME_DAYS = 31  # within which two observers of one thing cannot differ by what was built between them
UNKNOWN_ERROR_M = 500.0  # error of a coordinate that is given without one
LEAST_M2 = 500.0  # roof or floor below which a building shows no data hall
LEAST_MW = 0.5  # power below which a supply shows no data hall
LEAST_UNITS = 2.0  # cooling units, fans or generators below which they show no data hall
_EARTH = Geod(ellps="WGS84")
POWERED_UP = LADDER[Rung.POWERED.height :]
_LEAST = {"roof_m2": LEAST_M2, "floor_m2": LEAST_M2, "transformers_mva": LEAST_MW, "generators_mw": LEAST_MW}
HALL_AREAS = frozenset({"roof_m2", "floor_m2"})
_FED = frozenset(name for name, quantity in QUANTITIES.items() if quantity.power or name.endswith("_mva"))
"""Powers and transformers: of all that they feed. Areas and units of plant are of what somebody looked at."""


@dataclass(frozen=True, eq=False)
class Sight:
    """An observation as it bears on the claims of one part; made once for all of them."""

    row: Observation
    coverage: Coverage
    whole: bool
    """Whether a size that it states is that of all that was seen, so that it bounds from above."""
    looked: float | None = None
    """Share of the place that was looked at; None where that is not known."""
    spot: float = 0.0
    """Probability that it looked at the very spot of what is claimed, as the works that were seen there show."""
    spot_by: str = ""
    """Id of the later look that shows them, if the share that is stated does not tell it."""

    @property
    def first(self) -> int:
        """Ordinal of the earliest day on which it can have been made."""
        return self.row.days[0]

    @property
    def last(self) -> int:
        """Ordinal of the latest day on which it can have been made."""
        return self.row.days[1]

    @property
    def key(self) -> tuple[str, Coverage, bool, float]:
        """What tells it from every other sight."""
        return self.row.observation_id, self.coverage, self.whole, self.share

    @property
    def p_place(self) -> float:
        """Probability that it is of the place that the claims of the site speak of; 0 where that is not known."""
        return self.row.p_place or 0.0

    @cached_property
    def share(self) -> float:
        """Share of the place that was looked at for what it did not see; none where it is not known.

        A look at the very spot is of all of it, and no surer of the place than the look that shows the spot.
        """
        at_spot = min(1.0, self.spot / self.p_place) if self.p_place else 0.0
        return max(self.looked or 0.0, at_spot)

    @property
    def share_known(self) -> bool:
        """Whether it is known how much of the place was looked at, or that the spot was."""
        return self.looked is not None or self.spot > 0

    @property
    def p_absent(self) -> float:
        """Probability that what it did not see is not there: of the right place, and not where nobody looked."""
        return self.p_place * self.share

    @property
    def bounded_share(self) -> float:
        """Share of the place that it bounds. A size without a stated share is that of all that its row names."""
        if not self.given():
            return self.share
        return 1.0 if self.row.searched_share is None else self.row.searched_share

    @property
    def taken_as_whole(self) -> bool:
        """Whether it is an area or plant, of no named part and share that was looked at: it stands for the site."""
        row = self.row
        return self.sized and not (row.quantity in _FED or tidy_part(row.part)) and row.searched_share is None

    @cached_property
    def confirmed(self) -> bool:
        """Whether the place counts as confirmed."""
        return self.p_place >= CONFIRMED

    @property
    def covers(self) -> bool:
        """Whether the whole of what the claim speaks of was seen."""
        return self.coverage in {Coverage.SAME, Coverage.WITHIN}

    @cached_property
    def bare(self) -> bool:
        """Whether nothing stood there that could hold a data hall."""
        return self.missing is not None and self.missing.height <= Rung.ROOFED.height

    @cached_property
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
        return self._given

    @cached_property
    def _given(self) -> Given | None:
        row = self.row
        if not self.sized or not row.high:
            return None
        who, ids = f"{row.observation_id}, {row.observer}", (row.observation_id,)
        return Given(row.quantity, row.low or None, row.high, who, ids, observed=True, best=row.best or None)

    def substantial(self) -> bool:
        """Return whether the size (without a best its lower end) is that of a data hall: a lamp shows none."""
        row = self.row
        least = row.low if row.best is None else row.best
        if not self.sized or least is None:
            return False
        if row.quantity in _LEAST:
            return least >= _LEAST[row.quantity]
        return least >= (LEAST_MW if row.quantity.endswith("_mw") else LEAST_UNITS)


def day_text(ordinal: int) -> str:
    """Return an ordinal day as 2024-06-30."""
    return dt.date.fromordinal(ordinal).isoformat()


def _of_sites(claim: Claim, dossier: Dossier) -> Iterator[tuple[Observation, Coverage]]:
    """Yield the observations of the site of a claim, of the sites that it is a part of, and of its own parts."""
    for row in dossier.observations[claim.site_id]:
        yield row, coverage(row.part, claim.part)
    for above in dossier.ancestors(claim.site_id):
        for row in dossier.observations[above]:
            # what a whole shows to be there may be another part of it; what is not there, and a size, bound all parts
            if not row.part and (row.not_yet or row.quantity) and not dossier.aggregate(above):
                yield row, Coverage.WITHIN
    if not tidy_part(claim.part):
        for below in dossier.descendants(claim.site_id):
            for row in dossier.observations[below]:
                yield row, Coverage.PART


def apart(a: Observation, b: Observation) -> bool:
    """Return whether two observations are of different places: both give a coordinate, and the errors do not meet.

    A point is somewhere in what was seen, so that two looks at one hall can differ by its width besides.
    """
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return False
    errors = ((UNKNOWN_ERROR_M if o.position_error_m is None else o.position_error_m) for o in (a, b))
    distance: float = _EARTH.inv(a.lon, a.lat, b.lon, b.lat)[2]
    return distance > sum(errors) + max(_width_m(a), _width_m(b))


def _width_m(o: Observation) -> float:
    """Return the side of a square of the size of what was seen, where that is an area."""
    return math.sqrt(o.high) if o.quantity in HALL_AREAS and o.high else 0.0


def sights(claim: Claim, dossier: Dossier) -> list[Sight]:
    """Return every observation of the site, its parts and what it is a part of, as it lies to the claim."""
    return dossier.once(claim.site_id, ("sights", claim.part), lambda: _sights(claim, dossier))


def _sights(claim: Claim, dossier: Dossier) -> list[Sight]:
    out = []
    rows = list(_of_sites(claim, dossier))
    of_parts = {site_id: _of_parts(site_id, dossier) for site_id in {row.site_id for row, _ in rows}}
    for row, covered in rows:
        share, several = row.searched_share, of_parts[row.site_id] and not tidy_part(row.part)
        fed = row.quantity in _FED or (not row.quantity and share is None)
        whole = fed or not several or (share is not None and sure(share))
        unseen = row.not_yet is not None or (row.high == 0 and row.quantity not in _FED)  # a meter of 0 is whole
        unknown = share is None and unseen and not (row.part and row.outline)
        out.append(Sight(row, covered, whole, None if unknown else 1.0 if share is None else share))
    out = [_at_spot(s, out, dossier) for s in out]
    return [replace(s, coverage=Coverage.PART) if _beside_what_stands(s, out) else s for s in out]


def _of_parts(site_id: str, dossier: Dossier) -> bool:
    """Return whether a site is known to be of several parts, so that one roof of it need not be all of its roofs.

    Documents name two of them, or one that is not the first of its kind.
    """
    named = {part for c in dossier.claims[site_id] if (part := tidy_part(c.part))}
    numbered = [found[1] for part in named if (found := part_numbers(part)) is not None]
    return site_id in dossier.parts or len(named) > 1 or any(max(numbers) > 1 for numbers in numbered)


def _at_spot(bare: Sight, seen: Sequence[Sight], dossier: Dossier) -> Sight:
    """Return a look that found a rung not reached, with the probability that it was at the very spot that is claimed.

    The works show that: it found them itself, or a later look sees them risen at the same spot. Two looks at one spot
    are of the right place together or not at all, so that the less sure of them counts. Where a share is stated, the
    works must have been found and then seen risen, or seen at the same position: what rose can be in the rest. It does
    not show the spot if the observer still did not find it when it stood.
    """
    if bare.missing is None or bare.looked == 1:
        return bare
    row = bare.row
    begun = row.not_yet is not None and row.rung is not None and row.rung.height >= Rung.GROUND_BROKEN.height
    whole = not _of_parts(row.site_id, dossier)  # of a site of one part; that of several is no spot
    one_spot = (bool(row.part) or whole) and (begun or bare.looked is None)
    if begun and bare.coverage == Coverage.SAME and one_spot and bare.looked is None:
        return replace(bare, spot=bare.p_place)
    risen = [s for s in seen if _risen(s, bare) and _same_spot(s, bare, one_spot=one_spot)]
    missed = [o for o in seen if _misses_too(o, bare)]  # the look itself among them
    if not risen or any(_at_one_time(o, s) for o in missed for s in risen):
        return bare
    surest = max(risen, key=lambda s: (s.p_place, -s.first, s.row.observation_id))
    return replace(bare, spot=min(bare.p_place, surest.p_place), spot_by=surest.row.observation_id)


def _at_one_time(missed: Sight, risen: Sight) -> bool:
    """Return whether a look may have missed what another observer saw by then, or within the time that a roof takes.

    Then it is not known that both looked at one spot. What one observer sees rise rises, in however short a time.
    """
    time = 0 if missed.group == risen.group else SAME_TIME_DAYS
    return missed.last >= risen.first - time


def _misses_too(o: Sight, bare: Sight) -> bool:
    """Return whether a look of the same observer and part did not find what another of them did not."""
    missing = bare.missing or Rung.ROOFED
    of_one = (o.group, o.row.site_id) == (bare.group, bare.row.site_id) and same_part(o.row.part, bare.row.part)
    return of_one and o.missing is not None and o.missing.height <= missing.height


def _risen(s: Sight, bare: Sight) -> bool:
    """Return whether a later look at a confirmed place of the same site shows what another did not find."""
    missing = bare.missing or Rung.ROOFED
    there = s.substantial() or (s.row.rung is not None and s.row.rung.height >= missing.height)
    return there and not s.bare and s.confirmed and s.first > bare.last and s.row.site_id == bare.row.site_id


def _same_spot(s: Sight, bare: Sight, *, one_spot: bool) -> bool:
    """Return whether two looks are at one spot: within the errors of their positions, or of one observer and part.

    What another observer calls the same part need not be where the first one looked.
    """
    if apart(s.row, bare.row):
        return False
    of_one = s.group == bare.group and same_part(s.row.part, bare.row.part)
    return (one_spot and of_one) or (s.covers and _placed(s, bare))


def _placed(*seen: Sight) -> bool:
    return all(s.row.lat is not None and s.row.lon is not None for s in seen)


def one_look(a: Sight, b: Sight) -> bool:
    """Return whether two rows are one look: of one observer, one day and one part, without two coordinates.

    They show several things of one place, and do not contradict each other. A row of another day is a later look.
    """
    return (
        a.row.observation_id != b.row.observation_id
        and (a.group, a.row.site_id, a.first, a.last) == (b.group, b.row.site_id, b.first, b.last)
        and same_part(a.row.part, b.row.part)
        and not _placed(a, b)
    )


def older(s: Sight, claim: Claim) -> bool:
    """Return whether a sight was surely made before the claim was: of what was to come it shows nothing."""
    return claim.date is not None and s.last < claim.date.first.toordinal()


def relayed_by_one(seen: Sequence[Sight]) -> bool:
    """Return whether all that was seen was relayed by one source: no look for this register, no second witness.

    That is a report of a report. It can be told as one, and no finding that somebody was wrong rests on it alone.
    """
    return bool(seen) and all(s.row.source_claim_id for s in seen) and len({s.group for s in seen}) == 1


def _beside_what_stands(bare: Sight, seen: Sequence[Sight]) -> bool:
    """Return whether a look that found nothing is of another compound of the site than one where something stands.

    Both say that they are of the same part. So is what one look did not find in one row, and did in another.
    """
    missing = bare.missing
    if missing is None or not bare.covers:
        return False
    return any(
        ((bare.bare and apart(s.row, bare.row)) or one_look(s, bare))
        and not s.bare
        and ((bare.bare and s.substantial()) or (s.row.rung and s.row.rung.height >= missing.height))
        for s in seen
        if s.confirmed and s.covers and same_part(s.row.part, bare.row.part)
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
        and (same_part(s.row.part, absent.row.part) or (parts_too and not absent.row.part))
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
