"""How probable it is that what was seen is the place that the claims of a site speak of (`p_place`).

Three things can be true of a thing that was seen: it is the place; another thing that was found is the place; or the
place was not found (not searched, missed, not built). Each piece of evidence is a record with the factor by which it
changes the odds of the first; `SiteEvidence` multiplies them by Bayes' rule. The numbers are constants with an origin
in parameters.csv, judgement where it says so, and chosen low. A statement of where the site is has a radius that holds
it in INSIDE_SHARE of cases. Within it every spot is as likely as every other; that the site is farther off than d has
the probability rest x radius / d. Without any such statement nothing is computed: None, never a number by default.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change._segmentation import YEAR_DAYS
from osint.change.roof import Z90, AreaInterval
from osint.change.whereabouts import M2_PER_KM2, PlaceStatement, in_words
from osint.errors import BadInputError
from osint.register import read_span

P_PLACE_MOST = 0.98  # highest probability that is stated, by hand too: the claim may speak of no place that exists
STANDS = 0.5  # before the evidence: that the claims speak of something that stands and shows
DETECTED = 0.85  # that a search finds a hall where it looks; 0.95 on SIMULATED areas, real ground is harder
NEW_BUILDING = 0.9  # that a hall of which claims speak is a new building and not an older one that was fitted out
NEW_ROOFS_PER_KM2_YEAR = 0.05  # other compounds of new roof over LEAST_ROOF_M2 that a search finds
ROOFS_PER_KM2 = 1.0  # the same of any age: a hall that was pointed at and not dated is one of all that stand
LEAST_ROOF_M2 = 2_000.0  # roof from which these rates count
SIZE_EXPONENT = 1.0  # share of background roofs above a size falls as size to minus this power
CLAIM_WRONG_SHARE = 0.3  # that a claimed date or size is not that of the place: late, planned, of a part
MOST_RATIO = 10.0  # most that one date or size may change the odds: halls of a park are built alike, in one year
LEAST_SIZE_RANGE = 0.1  # of a claimed size, natural logarithm: a round number is not exact
LEAST_DATE_SD_DAYS = 1.0
LEAST_SIZE_SD = 0.05  # of a measured area, natural logarithm


class Identified(StrEnum):
    """What names this very thing as the site."""

    NAME_ON_MAP = "name on a map"
    SIGNBOARD = "signboard"
    WITNESS = "witness"


class Evidence(StrEnum):
    """Kinds of evidence of `Piece`."""

    POSITION = "position"
    SEARCH = "search"
    DATE = "date"
    SIZE = "size"
    IDENTIFIED = "identified"
    GROUND = "ground"
    BY_HAND = "by hand"


IDENTIFIED_RATIO = {Identified.NAME_ON_MAP: 20.0, Identified.SIGNBOARD: 30.0, Identified.WITNESS: 9.0}
"""Times more often seen at the place than at another one: operators have other sites, mappers and witnesses err."""


@dataclass(frozen=True, slots=True)
class Identification:
    """Something that names what was seen as the site: a name on a map, a signboard, a witness who was there."""

    by: Identified
    source: str
    """Who says so and where; sources of one text count once."""
    outline_id: str = ""
    """Outline that it names, where there are several."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What claims say of the building; what they say is used here and does not test them again."""

    claims: tuple[str, ...]
    """Ids of the claims that say so."""
    roofed: tuple[dt.date, dt.date] | None = None
    """First and last day between which it was roofed."""
    roof_m2: tuple[float, float] | None = None
    """Least and most roof."""

    def __post_init__(self) -> None:
        if self.roofed and self.roofed[0] > self.roofed[1]:
            raise BadInputError("the days between which it was roofed must come in order")
        if self.roof_m2 and not 0 < self.roof_m2[0] <= self.roof_m2[1]:
            raise BadInputError("the roof that is claimed needs 0 < least <= most, in m2")


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched for the site."""

    area: BaseGeometry
    """Outline in degrees within which something was searched."""
    searched_share: float
    """Share of it that was seen well enough, 0 to 1."""
    start: str
    """First day, ISO."""
    end: str
    """Last day, ISO."""
    others: int = 0
    """Places that were found in it and are not among the candidates: each is a rival."""

    def __post_init__(self) -> None:
        if not 0 <= self.searched_share <= 1:
            raise BadInputError(f"the share that was searched is 0 to 1, not {self.searched_share:g}")
        if self.others < 0:
            raise BadInputError(f"the number of other places is 0 or more, not {self.others}")
        read_span(self.start, self.end)

    @property
    def days(self) -> float:
        """Days from the first to the last."""
        first, last = read_span(self.start, self.end)
        return float((last - first).days + 1)

    @property
    def area_km2(self) -> float:
        """Area within which something was searched."""
        return geo.area_m2(self.area) / M2_PER_KM2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that was seen and may be the site: a hall, or the halls of one compound."""

    lon: float
    lat: float
    roofed: tuple[dt.date, dt.date] | None = None
    """90% interval of the day on which it was half covered."""
    roof: AreaInterval | None = None
    """All its roof."""
    identified: tuple[Identification, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence and what it does to the odds that this is the place."""

    kind: Evidence
    ratio: float
    """Factor of the odds; of ground that was searched and of a statement by hand, a probability."""
    words: str
    """What it is, for a person."""


@dataclass(frozen=True, slots=True)
class PlaceEstimate:
    """The probability that what was seen is the place, with the evidence for it."""

    p_place: float
    pieces: tuple[Piece, ...]

    @property
    def reason(self) -> str:
        """The text of the column `place_reason`."""
        if self.pieces[0].kind in (Evidence.BY_HAND, Evidence.GROUND):
            return "; ".join(piece.words for piece in self.pieces)
        said = [f"{piece.words} (odds x {piece.ratio:.2g})" for piece in self.pieces]
        prior = f"before that {STANDS * DETECTED:.2g} that it stands and is found"
        return "; ".join([f"computed: {said[0]}", *said[1:], f"{prior}, and never above {P_PLACE_MOST:g}"])


@dataclass(frozen=True)
class SiteEvidence:
    """All that is known of where a site is; without a statement of its place nothing is computed."""

    statements: tuple[PlaceStatement, ...]
    search: Search | None = None
    expected: Expected | None = None
    identified: tuple[Identification, ...] = ()
    """What names one outline as the site; `Candidate.identified` holds those of one candidate."""
    rivals: tuple[Candidate, ...] = ()
    """Places that were found beside the candidates that are asked about."""

    def of_candidates(self, candidates: Sequence[Candidate]) -> tuple[PlaceEstimate | None, ...]:
        """Return for each candidate that it is the place; all are rivals of each other.

        Name all that were found in the area searched, here or as `rivals` (or count the rest in `Search.others`): a
        rival that is left out makes the others look surer than they are.
        """
        if not self.statements:
            return (None,) * len(candidates)
        named = len(candidates) + len(self.rivals)
        evidence = [self._pieces(candidate, named) for candidate in (*candidates, *self.rivals)]
        found = STANDS * DETECTED
        weights = np.array([found * math.prod(piece.ratio for piece in pieces) for pieces in evidence])
        rest = self._others(named) + 1 - found * self._searched_mass
        total = float(weights.sum()) + rest
        shares = np.minimum(weights / total, P_PLACE_MOST)
        return tuple(PlaceEstimate(round(float(p), 3), tuple(e)) for p, e in zip(shares, evidence, strict=True))[
            : len(candidates)
        ]

    def of_ground(self) -> PlaceEstimate | None:
        """Return that the place lies in the area searched and would have shown: for a search that found nothing.

        None where nothing says where the site is, or nothing was searched. The share that was not seen is not in it:
        it is the column `searched_share`.
        """
        if not self.statements or self.search is None or not self.search.searched_share:
            return None
        mass = self.mass(self.search.area)
        where = f"the site lies within the {self._extent} that were searched in {mass:.0%} of cases"
        said = f"computed: {where}, by {self._said()}"
        shows = f"such a search finds a hall where it looks in {DETECTED:.0%} of cases"
        new = f"and the hall is a new building in {NEW_BUILDING:.0%}"
        p = min(mass * DETECTED * NEW_BUILDING, P_PLACE_MOST)
        return PlaceEstimate(round(p, 3), (Piece(Evidence.GROUND, p, f"{said}; {shows} {new} (judgement)"),))

    def density_per_km2(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
        """Return the probability per km2 that the site is at places (degrees), by all statements together."""
        return self._product(lon, lat) / self._norm

    def mass(self, area: BaseGeometry) -> float:
        """Return the probability that the site lies within an outline (degrees)."""
        lon, lat, weight = self._map
        return float(weight[shapely.contains_xy(area, lon, lat)].sum() / weight.sum())

    def _product(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
        parts = [one.density_per_km2(one.distance_m(lon, lat)) for one in self.statements]
        return np.asarray(np.prod(parts, axis=0), float)

    @cached_property
    def _map(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return lon, lat and weight of points that stand for where the site can be."""
        drawn = [one.points() for one in self.statements]
        lon, lat = (np.concatenate(axis) for axis in zip(*drawn, strict=True))
        parts = [one.density_per_km2(one.distance_m(lon, lat)) for one in self.statements]
        return lon, lat, np.prod(parts, axis=0) / np.mean(parts, axis=0)

    @cached_property
    def _norm(self) -> float:
        return float(self._map[2].mean())

    @cached_property
    def _searched_mass(self) -> float:
        return self.mass(self.search.area) * self.search.searched_share if self.search else 0.0

    @cached_property
    def _searched_km2(self) -> float:
        return self.search.area_km2 * self.search.searched_share if self.search else 0.0

    @property
    def _background_per_km2(self) -> float:
        """Mean number of other such things per km2; the true number is taken as exponential about it."""
        return NEW_ROOFS_PER_KM2_YEAR * self.search.days / YEAR_DAYS if self.search else ROOFS_PER_KM2

    def _others(self, named: int) -> float:
        """Return the weight of what was found and not named: of mean density, with no mark for or against it."""
        if self.search is None or not self.search.others:
            return 0.0
        density = self.mass(self.search.area) / self.search.area_km2
        count = named + self.search.others
        each = (1 / self._background_per_km2 + self._searched_km2) / count
        return float(self.search.others * STANDS * DETECTED * density * each)

    def _said(self, lon: float | None = None, lat: float | None = None) -> str:
        return "; ".join(in_words(one, lon, lat) for one in self.statements)

    def _pieces(self, candidate: Candidate, named: int) -> list[Piece]:
        rate = self._background_per_km2
        count = named + (self.search.others if self.search else 0)
        density = float(self.density_per_km2(candidate.lon, candidate.lat))
        usual = f"where {rate:.2g} other {'new roofs' if self.search else 'roofs'} per km2 are usual"
        where = f"it lies {self._said(candidate.lon, candidate.lat)}, {usual}"
        pieces = [Piece(Evidence.POSITION, density / rate, where)]
        if self.search or count > 1:
            pieces.append(Piece(Evidence.SEARCH, (1 + rate * self._searched_km2) / count, self._looked(count)))
        pieces += [piece for piece in (self._date(candidate), self._size(candidate)) if piece]
        for mark in {one.source: one for one in candidate.identified}.values():
            pieces.append(Piece(Evidence.IDENTIFIED, IDENTIFIED_RATIO[mark.by], f"{mark.by}: {mark.source}"))
        return pieces

    @cached_property
    def _extent(self) -> str:
        return f"{self.search.area_km2:,.1f} km2" if self.search else ""

    def _looked(self, count: int) -> str:
        found = f"{count} place{'s' * (count > 1)} found"
        if self.search is None:
            return f"{found}, without a search"
        days = f"between {self.search.start} and {self.search.end}"
        return f"{self.search.searched_share:.0%} of {self._extent} searched {days}, {found}"

    def _date(self, candidate: Candidate) -> Piece | None:
        """Return how much better the day of its roof fits what is claimed than a day of the time searched by chance."""
        if not (candidate.roofed and self.search and self.expected and self.expected.roofed):
            return None
        low, high = (float(day.toordinal()) for day in candidate.roofed)
        sd = max((high - low) / (2 * Z90), LEAST_DATE_SD_DAYS)
        first, last = (float(day.toordinal()) for day in self.expected.roofed)
        inside = _within((low + high) / 2, sd, first, last + 1)
        ratio = (1 - CLAIM_WRONG_SHARE) * inside * self.search.days / (last + 1 - first) + CLAIM_WRONG_SHARE
        days = f"roofed {candidate.roofed[0]} to {candidate.roofed[1]}"
        said = f"{self.expected.roofed[0]} to {self.expected.roofed[1]} by {', '.join(self.expected.claims)}"
        return Piece(Evidence.DATE, min(ratio, MOST_RATIO), f"{days}, said {said}")

    def _size(self, candidate: Candidate) -> Piece | None:
        """Return how much better its roof fits what is claimed than the roof of another building by chance."""
        if not (candidate.roof and candidate.roof.best_m2 and self.expected and self.expected.roof_m2):
            return None
        best, spread = float(candidate.roof.best_m2), LEAST_SIZE_SD
        if candidate.roof.high_m2 and candidate.roof.low_m2 > 0:
            spread = max(math.log(candidate.roof.high_m2 / candidate.roof.low_m2) / (2 * Z90), LEAST_SIZE_SD)
        least, most = (math.log(size) for size in self.expected.roof_m2)
        most = max(most, least + LEAST_SIZE_RANGE)
        density = _within(math.log(best), spread, least, most) / (most - least)
        background = SIZE_EXPONENT * max(best / LEAST_ROOF_M2, 1.0) ** -SIZE_EXPONENT
        ratio = (1 - CLAIM_WRONG_SHARE) * density / background + CLAIM_WRONG_SHARE
        said = " to ".join(f"{size:,.0f}" for size in self.expected.roof_m2)
        claims = ", ".join(self.expected.claims)
        return Piece(Evidence.SIZE, min(ratio, MOST_RATIO), f"roof of {best:,.0f} m2, said {said} m2 by {claims}")


def by_hand(p_place: float, reason: str, who: str) -> PlaceEstimate:
    """Return what a person states, with a reason; raises BadInputError for more than P_PLACE_MOST, or without them."""
    if not 0 <= p_place <= P_PLACE_MOST:
        most = f"no place is surer than {P_PLACE_MOST:g}"
        raise BadInputError(f"p_place is 0 to {P_PLACE_MOST:g}, not {p_place:g}: {most}, as a claim may name none")
    if not reason.strip() or not who.strip():
        raise BadInputError("p_place by hand needs a reason and the name of the person: say how the place is known")
    return PlaceEstimate(p_place, (Piece(Evidence.BY_HAND, p_place, f"by hand, {who.strip()}: {reason.strip()}"),))


def _within(best: float, sd: float, low: float, high: float) -> float:
    return float(ndtr((high - best) / sd) - ndtr((low - best) / sd))
