"""Sums over sites: the errors of the relations are common to all of them, the rest belongs to each.

A relation that is off by a half is off by a half at every site to which it is applied. Thirty-nine intervals added
as if they were independent would be far too narrow, and ends added to ends far too wide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from osint.errors import BadInputError
from osint.model.posterior import INTERVAL, Floats, Posterior

DRAWS = 20_000  # worlds in which the sum is taken: the ends of the interval are good to 2%
SEED = 20_251_129


@dataclass(frozen=True, eq=False)
class SharedSum:
    """The distribution of a sum of one quantity over several sites."""

    parts: tuple[Posterior, ...]

    @cached_property
    def draws(self) -> Floats:
        """The sum in DRAWS worlds, sorted; the same each time."""
        return np.sort(_worlds(self.parts).sum(axis=0))

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

    In each world every relation has one error, by its name, at all sites; discrete readings (the family of the
    chip) and the errors of the givens are drawn for each site by itself.
    """
    if not posteriors:
        raise BadInputError("there is nothing to add; give at least one site with evidence")
    return SharedSum(tuple(posteriors))


def _worlds(parts: Sequence[Posterior]) -> Floats:
    """Return the quantity of each part in each world (parts, DRAWS)."""
    common: dict[str, npt.NDArray[np.float64]] = {}

    def error(name: str) -> Floats:
        if name not in common:  # a name has its own stream, so that other sites do not change it
            stream = np.random.default_rng([SEED, *name.encode()])
            half = stream.standard_normal(DRAWS // 2)
            common[name] = np.concatenate([half, -half])
        return common[name]

    own = np.random.default_rng(SEED)
    return np.array([_world(part, error, own) for part in parts])


def _world(part: Posterior, error: Callable[[str], Floats], own: np.random.Generator) -> Floats:
    live = part.live
    cumulative = np.cumsum(part.weights[live])
    chosen = np.minimum(np.searchsorted(cumulative, own.random(DRAWS) * cumulative[-1], side="right"), len(live) - 1)
    noise, out = own.standard_normal(DRAWS), np.empty(DRAWS)
    for k in np.unique(chosen):
        i, here = int(live[k]), chosen == k
        residual = part.system.residual[i]
        sd, rest = part.sds[i], part.sds[i] ** 2 - float((residual**2).sum())
        z = noise[here] * max(rest, 0.0) ** 0.5
        for slot, r in zip(part.system.slots, residual, strict=True):
            if r:
                z = z + r * error(part.readings[i].factor_name(slot))[here]
        z = z / sd
        out[here] = part.means[i] + sd * z if part.table is None else _placed(part, int(k), ndtr(z))
    return np.exp(out)


def _placed(part: Posterior, k: int, p: Floats) -> Floats:
    """Return the logs at which a truncated distribution (number k of the live ones) reaches p."""
    table = part.table
    if table is None:
        raise AssertionError("only a truncated distribution has a table")
    return np.asarray(np.interp(p, np.exp(table.log_cdf[k]), table.x[k]))
