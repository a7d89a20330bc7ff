"""The posterior of one quantity given others: generalised least squares in the logs, mixed over readings.

Under one reading (readings.py) the logs are linear and Gaussian. The size of the site has a flat prior, so that
the posterior is generalised least squares (Rasmussen and Williams 2006, section 2.7) and a chain is exactly
scale-free. Readings are weighed by their exact marginal likelihood with the size integrated out. A one-sided
given truncates. All readings are solved at once, and what depends on the tree alone once for each tree.

A posterior is its question. What it is solved to is kept while it is among the last KEPT_SOLUTIONS that were asked
for, and worked out again when it is asked for later: the findings of a large register hold no distributions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, ndtr

from osint.errors import BadInputError
from osint.model.given import EXACT, Given
from osint.model.mixture import Mixture, Truncation, orthant
from osint.model.quantiles import quantiles
from osint.model.readings import Layout, Reading, Readings
from osint.model.tree import Floats

MEDIAN = 0.5
INTERVAL = (0.05, MEDIAN, 0.95)
"""Probabilities of low, best and high."""
UNSEEN = 1e-3  # weight that readings have together which `after` leaves out
ROUGH_HALVINGS = 14  # halvings of a range where a width is averaged and not printed
CANTELLI = 4.4  # sd of the mean of any distribution within which its 5% and 95% lie (Cantelli: root of 19)
GIVEN_RANGES = "the ranges of the givens"  # name of the noise of the givens next to the factors
Firm: TypeAlias = tuple[str, float, float]
"""A given with two sides: its quantity, the log of its middle, and the standard deviation of that."""
OneSided: TypeAlias = tuple[str, float, bool]
"""A given with one side: its quantity, the log of that, and whether it bounds from below."""
Asked: TypeAlias = tuple[Readings, str, tuple[Firm, ...], tuple[OneSided, ...]]
"""A question: readings, target, givens with two sides and with one."""
KEPT_ENDS = 16_384  # intervals that are kept
KEPT_SYSTEMS = 1024  # solved structures that are kept
KEPT_SOLUTIONS = 256  # solved posteriors that are kept


@dataclass(frozen=True, eq=False)
class System:
    """Readings solved for one target, up to the values of the givens; the size is measured by the first of those.

    There are R readings in B blocks of one tree each, n two-sided givens and k bounds.
    """

    base: Floats
    """Log of the target and of the bounds per unit of the first given at the best factors, (R, 1 + k)."""
    given_base: Floats
    """The same of the other two-sided givens, (R, n - 1)."""
    pull: Floats
    """Weights of the other givens in the target and in the bounds, (B, 1 + k, n - 1)."""
    joint: Floats
    """Covariance of target and bounds once the two-sided givens are known, (B, 1 + k, 1 + k)."""
    precision: Floats
    """Inverse covariance of the other givens against the first, (B, n - 1, n - 1)."""
    log_determinant: Floats
    """Of that covariance, (B,)."""
    load: Floats
    """Standard deviation that each factor adds to the givens, the target and the bounds, (B, n + 1 + k, factors)."""
    slots: tuple[str, ...]
    """Names of the factors; 'per chip' stands for the family of the reading."""
    noise: Floats
    """Standard deviation of the two-sided givens, (n,)."""

    @cached_property
    def weights(self) -> Floats:
        """Of the two-sided givens in the target, (B, n); they sum to one."""
        rest = self.pull[:, 0]
        return np.concatenate([1 - rest.sum(axis=1, keepdims=True), rest], axis=1)

    @cached_property
    def residual(self) -> Floats:
        """Standard deviation that each factor leaves in the target, with its sign, (B, factors)."""
        n = len(self.noise)
        return np.asarray(self.load[:, n] - (self.weights[:, None, :] @ self.load[:, :n])[:, 0])


@lru_cache(maxsize=KEPT_SYSTEMS)
def _per_first(
    layout: Layout, up: float, quantities: tuple[str, ...]
) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    """Return means (R, m - 1) and covariances (B, m - 1, m - 1) per unit of the first quantity, loadings and slots."""
    # logs = mean + size + load @ standard normals
    mean, load, slots = layout.design(quantities, up)
    against = load[:, 1:] - load[:, :1]
    return mean[:, 1:] - mean[:, :1], against @ against.transpose(0, 2, 1), load, slots


@lru_cache(maxsize=KEPT_SYSTEMS)
def _system(layout: Layout, up: float, quantities: tuple[str, ...], noise: tuple[float, ...]) -> System:
    """Return the structure for the two-sided givens, the target and the bounds, in this order."""
    if len(noise) == 1:
        return _system_of_one(layout, up, quantities, noise[0])
    mean, covariance, load, slots = _per_first(layout, up, quantities)
    n, first = len(noise) - 1, noise[0] ** 2  # the error of the first given is in every quantity per unit of it
    sds, joint = np.array(noise), covariance[:, n:, n:] + first
    known = covariance[:, :n, :n] + (first + np.diag(sds[1:] ** 2))
    precision, cross = np.asarray(np.linalg.inv(known)), covariance[:, n:, :n] + first
    pull = cross @ precision
    joint = np.asarray(joint - pull @ cross.transpose(0, 2, 1))
    return System(mean[:, n:], mean[:, :n], pull, joint, precision, np.linalg.slogdet(known)[1], load, slots, sds)


def _system_of_one(layout: Layout, up: float, quantities: tuple[str, ...], noise: float) -> System:
    """Return the structure for one two-sided given, the target and the bounds: there is nothing to weigh it against."""
    mean, covariance, load, slots = _per_first(layout, up, quantities)
    none = np.empty((*covariance.shape[:2], 0))
    certain = np.zeros(len(covariance))
    sds = np.array([noise])
    return System(mean, mean[:, :0], none, covariance + noise**2, none[:, :0], certain, load, slots, sds)


@dataclass(frozen=True, eq=False)
class Solution(Mixture):
    """A posterior as it is solved."""

    gaps: Floats
    """Log of each other two-sided given less what the best factors give by the first, (R, n - 1)."""
    system: System = field(repr=False)
    evidence: float
    """Log marginal likelihood of the givens; minus infinity where they cannot hold together."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Distribution of the log of a quantity given others."""

    readings: Readings = field(repr=False)
    target: str
    firm: tuple[Given, ...]
    """Givens with two sides."""
    one_sided: tuple[Given, ...] = ()
    extra_sd: float = 0.0
    """By which every two-sided given is widened."""
    ceiling: bool = False
    """Whether it says only what is the most: the site holds at most this, and may hold nothing."""

    @cached_property
    def origin(self) -> float:
        """Log of the first given: what is solved is the same site at another scale, at which that is 1."""
        return self.firm[0].log

    @cached_property
    def asked(self) -> Asked:
        """What is solved: the question at the scale at which the first given is 1."""
        firm = tuple((g.quantity, g.log - self.origin, float(np.hypot(g.sd, self.extra_sd))) for g in self.firm)
        bounds = tuple((g.quantity, g.log - self.origin, g.high is None) for g in self.one_sided)
        return self.readings, self.target, firm, bounds

    @property
    def solution(self) -> Solution:
        """The distribution of the log less `origin`, worked out where it is not kept."""
        return _solution(*self.asked)

    @property
    def weights(self) -> Floats:
        """Weights of the readings; they sum to one."""
        return self.solution.weights

    @property
    def by_block(self) -> Floats:
        """Weights of the trees, (B,)."""
        return np.asarray(np.add.reduceat(self.solution.weights, self.readings.layout.starts[:-1]))

    @cached_property
    def likeliest(self) -> tuple[Reading, float]:
        """The reading with the largest weight, and that weight."""
        weights = self.solution.weights
        return self.readings[int(np.argmax(weights))], float(weights.max())

    @cached_property
    def interval(self) -> tuple[float, float, float]:
        """Low, best and high of the quantity (90%), in its unit."""
        if self.asked not in _ENDS:
            settle([self])
        low, best, high = np.exp(_ENDS[self.asked] + self.origin)
        return float(low), float(best), float(high)

    def cdf(self, x: Floats | float) -> Floats:
        """Return the probability that the log is at most x."""
        return self.solution.mixed(x - self.origin, upper=False)

    def sf(self, x: Floats | float) -> Floats:
        """Return the probability that the log is above x, exact in the far tail."""
        return self.solution.mixed(x - self.origin, upper=True)

    def tails(self, log: float, extra_sd: float = 0.0) -> tuple[float, float]:
        """Return the probabilities that the log, seen with an error of `extra_sd`, is at most and above a value."""
        solved, at = self.solution, log - self.origin
        return float(solved.mixed(at, False, extra_sd)[0]), float(solved.mixed(at, True, extra_sd)[0])

    def quantile(self, p: Floats | Sequence[float] | float) -> Floats:
        """Return the logs at the given probabilities."""
        return self.solution.quantile(p) + self.origin

    def at_least(self, value: float) -> float:
        """Return the probability that the quantity is at least the value; exact in the far tail."""
        return float(self.sf(np.log(value))[0]) if value > 0 else 1.0

    def at_most(self, value: float) -> float:
        """Return the probability that the quantity is at most the value; exact in the far tail."""
        return float(self.cdf(np.log(value))[0]) if value > 0 else 0.0


_ENDS: dict[Asked, Floats] = {}
"""Logs of low, best and high of what was asked last: three numbers each, and no distribution."""


def settle(posteriors: Iterable[Posterior]) -> None:
    """Work out the intervals of posteriors at once, which takes a fraction of the time; each is the same as alone."""
    left = {p.asked: p for p in posteriors if p.asked not in _ENDS}
    _ENDS.update(zip(left, ends(left.values(), INTERVAL), strict=True))
    while len(_ENDS) > max(KEPT_ENDS, len(left)):
        del _ENDS[next(iter(_ENDS))]


def ends(posteriors: Iterable[Posterior], p: Sequence[float]) -> Floats:
    """Return the logs at some probabilities, less the origin of each posterior, (posteriors, p), worked out at once."""
    return quantiles([posterior.solution for posterior in posteriors], p)


def design(reading: Reading, quantities: list[str]) -> tuple[Floats, Floats, list[str]]:
    """Return means (n,) and loadings (n, factors) of the logs, in units of log it_mw, and the factors' names."""
    mean, load, slots = Readings.of([reading]).design(tuple(quantities))
    return mean[0], load[0], [reading.factor_name(slot) for slot in slots]


@lru_cache(maxsize=KEPT_SOLUTIONS)
def _solution(readings: Readings, target: str, firm: tuple[Firm, ...], bounds: tuple[OneSided, ...]) -> Solution:
    """Solve for the log of a target; `firm` is not empty."""
    quantities = (*(name for name, *_ in firm), target, *(name for name, *_ in bounds))
    if len(quantities) == len((firm[0], target)):  # of one given the readings keep their priors
        return _of_one(readings, quantities, firm[0])
    system, of = _system(readings.layout, readings.up, quantities, tuple(sd for *_, sd in firm)), readings.layout.of
    first, gaps = firm[0][1], np.array([log - firm[0][1] for _, log, _ in firm[1:]]) - system.given_base
    means, likelihoods = first + system.base, np.zeros(len(of))
    if len(firm) > 1:
        means = means + np.einsum("rkn,rn->rk", system.pull[of], gaps)
        misfit = np.einsum("ri,rij,rj->r", gaps, system.precision[of], gaps)
        likelihoods = -0.5 * ((len(firm) - 1) * np.log(2 * np.pi) + system.log_determinant[of] + misfit)
    truncation, inside = _truncate(means, system.joint, of, bounds)
    logs = readings.log_priors + likelihoods + inside
    top = max(float(logs.max()), -np.finfo(float).max)
    with np.errstate(divide="ignore"):
        evidence = top + float(np.log(np.exp(logs - top).sum()))
    sds = np.sqrt(np.maximum(system.joint[:, 0, 0], EXACT**2))[of]
    weights = np.exp(logs - evidence) if np.isfinite(evidence) else readings.priors
    return Solution(weights, means[:, 0], sds, truncation, gaps, system, evidence)


def _of_one(readings: Readings, quantities: tuple[str, ...], given: Firm) -> Solution:
    """Solve for the log of a target by one given with two sides."""
    _, log, sd = given
    system = _system_of_one(readings.layout, readings.up, quantities, sd)
    sds = np.sqrt(np.maximum(system.joint[:, 0, 0], EXACT**2))[readings.layout.of]
    return Solution(readings.priors, log + system.base[:, 0], sds, None, system.given_base, system, 0.0)


def _truncate(
    means: Floats, joint: Floats, of: npt.NDArray[np.intp], bounds: Sequence[OneSided]
) -> tuple[Truncation | None, Floats | float]:
    """Return one-sided givens conditioned on the target, and the log probability (R,) that they hold.

    `joint` is by block, (B, 1 + k, 1 + k), and `of` the block of each reading.
    """
    if not bounds:
        return None, 0.0
    sign = np.array([1.0 if from_below else -1.0 for *_, from_below in bounds])
    threshold = np.array([log for _, log, _ in bounds])
    slope = joint[:, 1:, 0] / np.maximum(joint[:, 0, 0], EXACT**2)[:, None]
    jitter, signs = np.eye(len(bounds)) * EXACT**2, np.outer(sign, sign)
    remaining = joint[:, 1:, 1:] - slope[:, :, None] * joint[:, None, 0, 1:] + jitter
    root = np.asarray(np.linalg.cholesky(signs * (joint[:, 1:, 1:] + jitter)))
    inside = orthant((sign * (means[:, 1:] - threshold))[:, None, :], root[of])[:, 0]
    slope = slope[of]
    return Truncation(means[:, 1:] - slope * means[:, :1], slope, threshold, sign, (signs * remaining)[of]), inside


def _in_full(given: Given) -> Given:
    """Return what the top of a bound from above would be if it were used in full."""
    return _UsedInFull(given.quantity, given.high, given.high, given.label, given.ids, given.observed)


class _UsedInFull(Given):
    """A rating that is taken as used in full, so that it has two sides."""

    @property
    def bound(self) -> bool:
        return False


def after(
    target: str, givens: Sequence[Given], readings: Sequence[Reading], logs: Floats, threshold: float
) -> tuple[Floats, Floats]:
    """Return log width of the 90% interval and chance above a threshold (a log), for each log of the last given (V,).

    All givens, of which there are two or more, have two sides. Weights and variances do not depend on the value, so
    each reading is solved once; readings that weigh less than UNSEEN together at every value are not counted.
    """
    kept = Readings.of(readings)
    asked = Posterior(kept, target, tuple(givens))
    first, of = asked.solution, kept.layout.of
    system, delta = first.system, logs - givens[-1].log
    gap = first.gaps[:, :, None] + np.eye(len(givens) - 1)[-1][None, :, None] * delta  # (R, n - 1, V)
    misfit = np.einsum("riv,rij,rjv->rv", gap, system.precision[of], gap)
    likely = kept.log_priors[:, None] - 0.5 * (system.log_determinant[of, None] + misfit)
    weights = np.exp(likely - logsumexp(likely, axis=0))
    most = weights.max(axis=1)
    order = np.argsort(most)
    keep = np.sort(order[np.cumsum(most[order]) > UNSEEN])
    weights = weights[keep] / weights[keep].sum(axis=0)
    means = (first.means[:, None] + asked.origin + system.weights[of, -1:] * delta)[keep]
    sds = first.sds[keep, None]

    def below(log: Floats | float) -> Floats:
        return np.asarray((weights * ndtr((log - means) / sds)).sum(axis=0))

    middle = (weights * means).sum(axis=0)
    spread = np.sqrt((weights * (sds**2 + (means - middle) ** 2)).sum(axis=0))
    ends = []
    for p in (INTERVAL[0], INTERVAL[-1]):
        a, b = middle - CANTELLI * spread, middle + CANTELLI * spread
        for _ in range(ROUGH_HALVINGS):
            half = (a + b) / 2
            short = below(half) < p
            a, b = np.where(short, half, a), np.where(short, b, half)
        ends.append((a + b) / 2)
    return ends[1] - ends[0], np.asarray((weights * ndtr((means - threshold) / sds)).sum(axis=0))


def tightest(givens: Sequence[Given], readings: Sequence[Reading]) -> list[Given]:
    """Return the givens with the tightest bound of each side alone, by the size that each means at the middle.

    Chips, servers, PFLOPS and money of one text are one number several times: what they say together is little more.
    """
    kept = Readings.of(readings)
    bounds = [g for g in givens if g.bound]
    if len(bounds) < 2:
        return list(givens)
    mean, _, _ = kept.design(tuple(g.quantity for g in bounds))
    sizes = (np.array([g.log for g in bounds]) - np.exp(kept.log_priors) @ mean).round(9)  # of equal ones the first
    low = [(-size, i) for i, (g, size) in enumerate(zip(bounds, sizes, strict=True)) if not g.capped]
    high = [(size, i) for i, (g, size) in enumerate(zip(bounds, sizes, strict=True)) if g.capped]
    best = [bounds[min(side)[1]] for side in (low, high) if side]
    return [g for g in givens if not g.bound or g in best]


def posterior(
    target: str, givens: Sequence[Given], readings: Sequence[Reading], extra_sd: float = 0.0
) -> tuple[Posterior, float]:
    """Return the posterior of a target under a set of readings, and the log marginal likelihood of the givens.

    `extra_sd` widens every given (a hypothesis under which the numbers are not tied to one another). Where no given
    has two sides and some bound from above, the answer is a ceiling: what the site could hold if the tightest of them
    were used in full. Raises BadInputError if nothing bounds the target from above.
    """
    kept = Readings.of(readings)
    firm, bounds = tuple(g for g in givens if not g.bound), tuple(g for g in givens if g.bound)
    caps = [g for g in bounds if g.capped] if not firm else []
    if caps:
        full = [Posterior(kept, target, (_in_full(g),), extra_sd=extra_sd, ceiling=True) for g in caps]
        return (min(full, key=lambda p: p.interval[1]) if len(full) > 1 else full[0]), 0.0
    if not firm:
        named = ", ".join(g.text() for g in givens)
        raise BadInputError(f"{named or 'nothing'} leaves {target} unbounded; add a given with two sides")
    found = Posterior(kept, target, firm, bounds, extra_sd)
    alone = len(firm) == 1 and not bounds  # of one given the size is free, and takes any value equally well
    evidence = 0.0 if alone else found.solution.evidence
    if not np.isfinite(evidence):
        named = ", ".join(g.text() for g in (*firm, *bounds))
        raise BadInputError(f"the givens {named} cannot hold together; leave out the one you trust least")
    return found, evidence
