"""Say what a patch of ground is by its reflectance: probabilities from measured reflectances of known surfaces.

`kind` is the only place where a kind is decided. Everything else calls it and adds what a single colour cannot tell:
shape, seasons, what was there before, how long it lasted.

Each row of `reflectances.csv` is one measured surface. A patch is compared with all of them in the logarithm of the
reflectance, where sun and slope are an addition, under a Student-t scatter as wide as surfaces of one material differ
between places. Bands that are missing are integrated out. Panels, film and the edges of small roofs show the ground
between or beside them: their rows are mixed with the ground of the place first.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from scipy.special import gammaln, logsumexp

from osint.change.surfaces import (
    DARKEST,
    GROUNDS,
    KIND_BANDS,
    ROOFS,
    SPARSE,
    UNKNOWN_SHARE,
    Likelihood,
    Surface,
    likelihood,
    measured_rows,
)
from osint.errors import BadInputError

STANDS_IN = {"B08": "B8A"}
"""Band that is read where another one is missing."""
PRIOR: Mapping[Surface, float] = {
    Surface.PALE_ROOF: 0.16,
    Surface.COLOURED_ROOF: 0.12,
    Surface.DARK_ROOF: 0.16,
    Surface.TILED_ROOF: 0.02,
    Surface.CONCRETE: 0.06,
    Surface.ASPHALT: 0.05,
    Surface.SOLAR_PANELS: 0.07,
    Surface.FILM: 0.03,
    Surface.SALT: 0.1,
    Surface.BARE_GROUND: 0.15,
    Surface.PLANTS: 0.03,
    Surface.WATER: 0.03,
    Surface.SNOW: 0.01,
    Surface.PLASTIC: 0.01,
}
"""Share of each surface among patches of some hundred metres that changed and stayed so: a judgement."""
FREEDOM_OF_ROWS = 5.0  # degrees of freedom of the scatter about a row
TEMPER = 0.8  # share of the log likelihood that counts: other sources differ more than places of one source do
# share of patches of a material that no row has, of which only the prior is known: with it no colour alone says 0.9 of
# a roof or of none, whatever was measured
NOVEL_SHARE = 0.25
LOWEST, BRIGHTEST = -0.05, 1.6  # reflectances outside of which a value is a mistake of offset, of scale
PURE_SHARES = (1.0, 0.85, 0.7)  # shares of a roof in what is seen of it
SMALL_WEIGHTS, LARGE_WEIGHTS = (0.4, 0.35, 0.25), (0.75, 0.2, 0.05)  # their weights, of SMALL_M2 and of LARGE_M2
SMALL_M2, LARGE_M2 = 2_500.0, 20_000.0
SPARSE_SHARES, SPARSE_WEIGHTS = (1.0, 0.75, 0.5), (0.4, 0.35, 0.25)  # share of panels or film; their weights
WORKED_GAINS, WORKED_WEIGHT = (0.8, 1.0, 1.25, 1.5), 0.35  # brightness of worked ground over that around it; weight
LIKE_AROUND = 0.4  # share of the prior of natural ground that follows what the surroundings are
SAID_FROM = 0.1  # probability from which a surface is named


class KindOfPatch(TypedDict):
    """What `kind` says of a patch."""

    building: float
    """Probability that it is a roof."""
    by_class: dict[str, float]
    """Probability of each `Surface`, the most probable first; they add up to 1."""
    says: str
    """The same in words."""


def kind(
    reflectance: Mapping[str, float], surroundings: Mapping[str, float] | None = None, area_m2: float = 10_000
) -> KindOfPatch:
    """Return what a patch that changed is, by its surface reflectance in bands of Sentinel-2.

    `reflectance` has values from 0 to 1 by band name, of KIND_BANDS; other bands are not read. A band is missing where
    it is not given, None, NaN, infinite or exactly 0, which is how Sentinel-2 writes "no data". Dark water may be a
    little below 0, snow and glare a little above 1; what is below LOWEST or above BRIGHTEST is a mistake of offset or
    scale and is refused. `surroundings` is the same of the ground around; without any band of it usual ground is taken.
    `area_m2` is the area of the patch: less of a larger one is edge. Colour alone never decides: `building` stays
    between 0.1 and 0.9. Raises BadInputError where no band is left, or where values are no reflectances.

    >>> found = kind({"B02": 0.27, "B03": 0.24, "B04": 0.17, "B08": 0.31, "B11": 0.44, "B12": 0.53})
    >>> max(found["by_class"], key=found["by_class"].get)
    'coloured steel roof'
    """
    if isinstance(area_m2, str) or not area_m2 > 0:
        raise BadInputError(f"the area of a patch must be a number above 0 m2, got {area_m2!r}")
    return _told(probabilities(_all_rows(), reflectance, surroundings, area_m2))


@functools.cache
def _all_rows() -> Likelihood:
    return likelihood(measured_rows())


def _told(found: Mapping[Surface, float]) -> KindOfPatch:
    by_class = {str(s): round(p, 4) for s, p in sorted(found.items(), key=lambda item: -item[1])}
    building = sum(found[roof] for roof in ROOFS)
    return {"building": round(building, 4), "by_class": by_class, "says": f"by its colour: {in_words(found)}"}


def evidence(found: Mapping[Surface, float], surroundings: Mapping[str, float] | None) -> dict[Surface, float]:
    """Return how well each surface explains a colour, up to one factor: what `kind` found, without its prior."""
    given = None if surroundings is None or not _given(surroundings, "surroundings") else surroundings
    prior = _prior(_all_rows(), given)
    return {surface: max(p - NOVEL_SHARE * prior[surface], 0.0) / prior[surface] for surface, p in found.items()}


def in_words(found: Mapping[Surface, float], alike: Sequence[Surface] = ()) -> str:
    """Return probabilities in words: all roofs together, then each other surface that is likely enough or `alike`."""
    building = sum(found[roof] for roof in ROOFS)
    likely = max(ROOFS, key=lambda roof: found[roof])
    named = [(building, f"roof {building:.2f} ({likely})")] if building >= SAID_FROM else []
    surfaces = sorted((surface for surface in found if surface not in ROOFS), key=lambda surface: -found[surface])
    # what else a roof may be is said, however unlikely
    first = surfaces[:1] if building >= SAID_FROM else []
    others = [surface for surface in surfaces if found[surface] >= SAID_FROM or surface in (*alike, *first)]
    named += [(found[surface], f"{surface} {found[surface]:.2f}") for surface in others]
    told = [words for _, words in sorted(named, key=lambda item: -item[0])]
    return ", ".join(told) or "like none of the surfaces that were measured"


def probabilities(
    known: Likelihood,
    reflectance: Mapping[str, float],
    surroundings: Mapping[str, float] | None,
    area_m2: float,
    novel_share: float = NOVEL_SHARE,
) -> dict[Surface, float]:
    """Return the probability of each surface of a patch (arguments as of `kind`), by `known` rows."""
    seen, bands = _logarithm(reflectance, "reflectance")
    surroundings = None if surroundings is None or not _given(surroundings, "surroundings") else surroundings
    ground = known.usual_ground if surroundings is None else _ground(known, surroundings)
    prior = _prior(known, surroundings)
    unknown = _log_density(seen, bands, known.middle[None], known.spread[None])[0]
    score = {}
    for surface in Surface:
        centres, weights, scatter = _mixed(known, surface, ground, surroundings is not None, area_m2)
        density = _log_density(seen, bands, np.log(np.maximum(centres, DARKEST)), scatter)
        like = logsumexp(density, b=weights) if len(weights) else -np.inf
        like = np.logaddexp(np.log1p(-UNKNOWN_SHARE) + like, np.log(UNKNOWN_SHARE) + unknown)
        score[surface] = np.log(prior[surface]) + TEMPER * like
    total = logsumexp(list(score.values()))
    found = {surface: float(np.exp(value - total)) for surface, value in score.items()}
    return {surface: (1 - novel_share) * p + novel_share * prior[surface] for surface, p in found.items()}


def _given(reflectance: Mapping[str, float], name: str) -> dict[str, float]:
    """Return the bands of KIND_BANDS that have a value, in their order; raise BadInputError for no reflectance."""
    if not hasattr(reflectance, "get"):
        raise BadInputError(
            f'{name} must be values by band, such as {{"B02": 0.22, "B11": 0.45}}, not {reflectance!r:.60}'
        )
    found = {}
    for band in KIND_BANDS:
        for of in (band, STANDS_IN.get(band, "")):
            value = _number(reflectance.get(of), f"{name} {of}")
            if value is not None:
                found[band] = value
                break
    return found


def _number(value: object, what: str) -> float | None:
    """Return a reflectance, None where it is missing."""
    if value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        told = f"{what} is {str(value)[:40]!r}, which is no number: give one value for each band"
        raise BadInputError(told) from None
    if not math.isfinite(number) or number == 0:
        return None
    if number > BRIGHTEST:
        way = "divide digital numbers by 10000 and percentages by 100"
        raise BadInputError(f"{what} is {number:g}: reflectance is 0 to 1, so {way}")
    if number < LOWEST:
        raise BadInputError(f"{what} is {number:g}: no surface is below 0, so see whether an offset was taken twice")
    return number


def _logarithm(reflectance: Mapping[str, float], name: str) -> tuple[np.ndarray, list[int]]:
    """Return the logarithm of the given bands, and their places in KIND_BANDS."""
    given = _given(reflectance, name)
    if not given:
        others = [str(band) for band in reflectance if band not in KIND_BANDS][:8]
        had = f": it has {', '.join(others)}" if others else ""
        raise BadInputError(f"{name} holds a value of none of the bands {', '.join(KIND_BANDS)}{had}")
    values = np.log(np.maximum(list(given.values()), DARKEST))
    return values, [KIND_BANDS.index(band) for band in given]


def _ground(known: Likelihood, surroundings: Mapping[str, float]) -> np.ndarray:
    """Return the reflectance (1, bands) of the surroundings; bands that are not given are those of usual ground."""
    values, bands = _logarithm(surroundings, "surroundings")
    usual = np.log(known.usual_ground).mean(axis=0)
    ground = usual + np.mean(values - usual[bands])
    ground[bands] = values
    return np.asarray(np.exp(ground)[None])


def _prior(known: Likelihood, surroundings: Mapping[str, float] | None) -> dict[Surface, float]:
    """Return the prior of each surface; natural ground is more often like what lies around."""
    if surroundings is None:
        return dict(PRIOR)
    seen, bands = _logarithm(surroundings, "surroundings")
    score = {}
    for surface in GROUNDS:
        density = _log_density(seen, bands, np.log(known.centres[surface]), known.scatter[surface])
        score[surface] = np.log(PRIOR[surface]) + logsumexp(density, b=known.weights[surface])
    total, natural = logsumexp(list(score.values())), sum(PRIOR[surface] for surface in GROUNDS)
    around = {surface: natural * float(np.exp(value - total)) for surface, value in score.items()}
    return {s: (1 - LIKE_AROUND) * p + LIKE_AROUND * around.get(s, p) for s, p in PRIOR.items()}


def _mixed(
    known: Likelihood, surface: Surface, ground: np.ndarray, worked: bool, area_m2: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return centres, weights and scatter of a surface as it is seen here, mixed with the ground of the place.

    With `worked`, the ground of the place itself is a centre of bare ground: scraping makes it brighter or darker.
    """
    centres, weights, scatter = known.centres[surface], known.weights[surface], known.scatter[surface]
    shares, of_shares = _shares(surface, area_m2)
    mixed = [share * centres + (1 - share) * below for share in shares for below in ground]
    each = [weights * weight / len(ground) for weight in of_shares for _ in ground]
    spread = [scatter] * len(mixed)
    if worked and surface is Surface.BARE_GROUND:
        count = len(WORKED_GAINS)
        each = [*((1 - WORKED_WEIGHT) * one for one in each), np.full(count, WORKED_WEIGHT / count)]
        mixed.append(np.outer(WORKED_GAINS, ground[0]))
        spread.append(np.tile(scatter[:1], (count, 1, 1)))
    return np.concatenate(mixed), np.concatenate(each), np.concatenate(spread)


def _shares(surface: Surface, area_m2: float) -> tuple[tuple[float, ...], np.ndarray]:
    """Return the shares of a surface in what is seen of a patch of it, and how likely each is."""
    if surface in SPARSE:
        return SPARSE_SHARES, np.array(SPARSE_WEIGHTS)
    if surface not in ROOFS:
        return (1.0,), np.ones(1)
    large = np.interp(math.log(area_m2), np.log([SMALL_M2, LARGE_M2]), [0.0, 1.0])
    return PURE_SHARES, large * np.array(LARGE_WEIGHTS) + (1 - large) * np.array(SMALL_WEIGHTS)


def _log_density(seen: np.ndarray, bands: Sequence[int], centres: np.ndarray, scatter: np.ndarray) -> np.ndarray:
    """Return the log density (rows,) of the values `seen` in some `bands` under Student-t scatter about `centres`."""
    size = len(bands)
    away = seen - centres[:, bands]
    root = np.linalg.cholesky(scatter[:, bands][:, :, bands])
    distance = (np.linalg.solve(root, away[:, :, None])[:, :, 0] ** 2).sum(axis=1)
    width = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    half = (FREEDOM_OF_ROWS + size) / 2
    constant = gammaln(half) - gammaln(FREEDOM_OF_ROWS / 2) - size / 2 * np.log(FREEDOM_OF_ROWS * np.pi)
    return np.asarray(constant - width - half * np.log1p(distance / FREEDOM_OF_ROWS))
