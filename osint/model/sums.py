"""Sums over sites: the errors of the relations are common to all of them, the rest belongs to each.

A relation that is off by a half is off by a half at every site to which it is applied. Thirty-nine intervals added
as if they were independent would be far too narrow, and ends added to ends far too wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from osint.errors import BadInputError
from osint.model.factors import PER
from osint.model.posterior import INTERVAL, Posterior
from osint.model.tree import Floats, ReadingWord

DRAWS = 20_000  # worlds in which the sum is taken: the ends of the interval are good to 2%
SEED = 20_251_129
KEPT_SUMS = 32  # sums whose draws are kept; the others are drawn again when they are asked for
KEPT_ERRORS = 256  # relations whose errors are kept, of DRAWS numbers each
KEPT_OWN = 4  # numbers of parts of which what is their own is kept
KEPT_OF_CHIPS = 16  # sets of families whose errors are kept, each of DRAWS numbers a family
OF_THE_SITE = frozenset({ReadingWord.USE, ReadingWord.STOREYS})
"""Bounded unknowns that are a matter of each site and not of a relation."""


@dataclass(frozen=True, eq=False)
class SharedSum:
    """The distribution of a sum of one quantity over several sites."""

    parts: tuple[Posterior, ...]

    @property
    def draws(self) -> Floats:
        """The sum in DRAWS worlds, sorted; the same each time."""
        return _drawn(self.parts)

    @cached_property
    def interval(self) -> tuple[float, float, float]:
        """Low, best and high of the sum (90%), in its unit; of one part, exactly that of its posterior."""
        if len(self.parts) == 1:
            return self.parts[0].interval
        low, best, high = np.quantile(self.draws, INTERVAL)
        return float(low), float(best), float(high)

    def at_least(self, value: float) -> float:
        """Return the probability that the sum is at least the value."""
        if len(self.parts) == 1:
            return self.parts[0].at_least(value)
        return float(1 - np.searchsorted(self.draws, value, side="left") / DRAWS)

    def at_most(self, value: float) -> float:
        """Return the probability that the sum is at most the value."""
        if len(self.parts) == 1:
            return self.parts[0].at_most(value)
        return float(np.searchsorted(self.draws, value, side="right") / DRAWS)


def sum_of(posteriors: Sequence[Posterior]) -> SharedSum:
    """Return the sum of one quantity over sites; raises BadInputError for none.

    In each world every relation has one error, by its name, at all sites, also a bounded one (a PUE, a fill); what is
    a matter of the site (the family of the chip, the use of the hall, storeys) and the errors of the givens are drawn
    for each site by itself.
    """
    if not posteriors:
        raise BadInputError("there is nothing to add; give at least one site with evidence")
    return SharedSum(tuple(posteriors))


@lru_cache(maxsize=KEPT_SUMS)
def _drawn(parts: tuple[Posterior, ...]) -> Floats:
    return np.sort(_worlds(parts).sum(axis=0))


@lru_cache(maxsize=KEPT_ERRORS)
def _normal(name: str) -> Floats:
    """Return the error of a relation in each world, in standard deviations; a name has its own stream."""
    half = np.random.default_rng([SEED, *name.encode()]).standard_normal(DRAWS // 2)
    return np.concatenate([half, -half])


@lru_cache(maxsize=KEPT_ERRORS)
def _rank(name: str) -> Floats:
    """Return the share of all errors of a relation that lie below that of each world."""
    return np.asarray(ndtr(_normal(name)))


@lru_cache(maxsize=KEPT_OF_CHIPS)
def _of_chips(relation: str, families: tuple[str, ...]) -> Floats:
    """Return the error of a relation of chips for each family in each world (families, DRAWS)."""
    return np.array([_normal(f"{relation}{PER}{family}") for family in families])


@lru_cache(maxsize=KEPT_OWN)
def _own(parts: int) -> tuple[tuple[Floats, Floats], ...]:
    """Return what belongs to each of some parts in each world: a share of what is left to choose, and an error."""
    drawn = np.random.default_rng(SEED)
    return tuple((drawn.random(DRAWS), drawn.standard_normal(DRAWS)) for _ in range(parts))


def _worlds(parts: Sequence[Posterior]) -> Floats:
    """Return the quantity of each part in each world (parts, DRAWS)."""
    return np.array([_world(part, *own) for part, own in zip(parts, _own(len(parts)), strict=True)])


def _chosen(part: Posterior, own: Floats) -> npt.NDArray[np.intp]:
    """Return the reading of each world: bounded relations alike at all sites, the rest drawn for this one."""
    live = part.solution.live
    names = [n for n in part.readings.unknowns if n not in OF_THE_SITE and part.readings.numbers(n)]
    values = [np.array([float(v or 0) for v in part.readings.labels(n)[live]]) for n in names]
    order = np.lexsort([np.arange(len(live)), *values[::-1]]) if names else np.arange(len(live))
    total = np.concatenate([[0.0], np.cumsum(part.weights[live][order])])
    low, high = np.zeros(DRAWS, dtype=int), np.full(DRAWS, len(live))
    group = np.zeros(len(live), dtype=int)
    for name, value in zip(names, values, strict=True):
        step = np.concatenate([[False], (np.diff(value[order]) != 0) | (np.diff(group) != 0)])
        group = np.cumsum(step)
        at = _at(total, low, high, _rank(name))
        first = np.searchsorted(group, np.arange(group[-1] + 2))
        low, high = first[group[at]], first[group[at] + 1]
    return np.asarray(order[_at(total, low, high, own)])


def _at(total: Floats, low: npt.NDArray[np.intp], high: npt.NDArray[np.intp], rank: Floats) -> npt.NDArray[np.intp]:
    """Return the position within low to high at which the share `rank` of its weight is reached."""
    wanted = total[low] + rank * (total[high] - total[low])
    return np.clip(np.searchsorted(total, wanted, side="right") - 1, low, high - 1)


def _world(part: Posterior, share: Floats, error: Floats) -> Floats:
    """Return the quantity of one part in each world (DRAWS,)."""
    solved, layout = part.solution, part.readings.layout
    chosen = _chosen(part, share)
    reading = solved.live[chosen]
    block = layout.of[reading]
    residual = solved.system.residual
    left = np.sqrt(np.maximum(solved.sds**2 - (residual**2).sum(axis=1)[layout.of], 0.0))
    z = error * left[reading]
    families = tuple(dict.fromkeys(layout.families))
    family = np.array([families.index(f) for f in layout.families])[block], np.arange(DRAWS)
    for slot, r in zip(solved.system.slots, residual.T, strict=True):
        if r.any():  # the error of a chip is that of its family
            relation, per, _ = slot.partition(PER)
            z += r[block] * (_of_chips(relation, families)[family] if per else _normal(slot))
    return np.asarray(np.exp(solved.placed(chosen, z / solved.sds[reading]) + part.origin))
