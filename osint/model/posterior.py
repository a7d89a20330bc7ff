"""The posterior of one quantity given others: generalised least squares in the logs, mixed over readings.

Under one reading (network.py) the logs are linear and Gaussian. The size of the site has a flat prior, so that
the posterior is generalised least squares (Rasmussen and Williams 2006, section 2.7) and a chain is exactly
scale-free. Readings are weighed by their exact marginal likelihood with the size integrated out. A one-sided
given truncates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

from osint.errors import BadInputError
from osint.model.evidence import EXACT, Given
from osint.model.network import Reading

Floats: TypeAlias = npt.NDArray[np.float64]
INTERVAL = [0.05, 0.5, 0.95]
"""Probabilities of low, best and high."""
GRID = 301  # points across a truncated distribution
LATTICE = 509  # points of the quadrature over several one-sided givens
NINE_SD = 9.0  # half width, in sd, of the range in which quantiles are looked for: outside is less than 1e-18
BISECTIONS = 50  # halvings of that range for a quantile
GIVEN_RANGES = "the ranges of the givens"  # name of the noise of the givens next to the factors


@dataclass(frozen=True, slots=True)
class Truncation:
    """One-sided givens as conditions on the target x: sign * (offset + slope * x + noise - threshold) > 0."""

    offset: Floats
    slope: Floats
    threshold: Floats
    sign: Floats
    covariance: Floats
    """Of the noise that is left once the target is known."""


@dataclass(frozen=True, slots=True)
class Solved:
    """One reading, solved for one target."""

    reading: Reading
    mean: float
    """Of the log of the target, without the one-sided givens."""
    sd: float
    """Of the log of the target."""
    weights: Floats
    """Of the two-sided givens; they sum to one."""
    shares: dict[str, float]
    """Variance of the answer by factor."""
    log_likelihood: float
    """Of the givens, with the size of the site integrated out."""
    bounds: Truncation | None
    projector: Floats
    """Inverse covariance of the givens, with the size integrated out."""
    gaps: Floats
    """Log of each given less what the best factors give per MW IT."""


def orthant(at: Floats, covariance: Floats) -> Floats:
    """Return the log probability that normals with mean `at` (points, k) and a covariance are all positive.

    Exact for one bound; for several, Genz (1992) separation of variables on a fixed lattice, good to 1e-3.
    """
    if at.shape[1] == 1:
        return np.asarray(log_ndtr(at[:, 0] / covariance[0, 0] ** 0.5))
    chol = np.linalg.cholesky(covariance)
    k = at.shape[1]
    steps = np.arange(1, LATTICE + 1)[:, None] * np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0])[: k - 1]
    u = np.abs(2 * (steps % 1) - 1)  # (lattice, k - 1)
    z = np.zeros((at.shape[0], LATTICE, k))
    product = np.ones((at.shape[0], LATTICE))
    for j in range(k):
        tail = ndtr((at[:, None, j] + z[:, :, :j] @ chol[j, :j]) / chol[j, j])
        product = product * tail
        if j < k - 1:
            z[:, :, j] = -ndtri(np.clip(u[:, j] * tail, 1e-300, 1))
    return np.asarray(np.log(np.maximum(product.mean(axis=1), 1e-300)))


@dataclass(frozen=True)
class Posterior:
    """Distribution of the log of a quantity: a mixture over readings, normal or truncated normal."""

    weights: Floats
    solved: tuple[Solved, ...]

    @cached_property
    def _normal(self) -> tuple[Floats, Floats, Floats]:
        keep = [(w, s.mean, s.sd) for w, s in zip(self.weights, self.solved, strict=True) if s.bounds is None and w > 0]
        weights, means, sds = np.array(keep).reshape(-1, 3).T
        return weights, means, sds

    @cached_property
    def _tables(self) -> list[tuple[float, tuple[Floats, Floats]]]:
        pairs = zip(self.weights, self.solved, strict=True)
        return [(w, _truncated_cdf(s, s.bounds)) for w, s in pairs if s.bounds is not None and w > 0]

    def cdf(self, x: Floats | float) -> Floats:
        """Return the probability that the log is at most x."""
        x = np.atleast_1d(np.asarray(x, dtype=float))
        weights, means, sds = self._normal
        total = ndtr((x[:, None] - means) / sds) @ weights
        for w, table in self._tables:
            total = total + w * np.interp(x, *table)
        return np.asarray(total)

    def quantile(self, p: Floats | list[float] | float) -> Floats:
        """Return the logs at the given probabilities, by bisection on the exact distribution."""
        p = np.atleast_1d(np.asarray(p, dtype=float))
        live = [(s.mean, s.sd) for w, s in zip(self.weights, self.solved, strict=True) if w > 0]
        means, sds = np.array(live).T[..., None]
        return invert(self.cdf, p, means, sds)

    @cached_property
    def interval(self) -> tuple[float, float, float]:
        """Low, best and high of the quantity (90%), in its unit."""
        low, best, high = np.exp(self.quantile(INTERVAL))
        return float(low), float(best), float(high)

    def at_least(self, value: float) -> float:
        """Return the probability that the quantity is at least the value."""
        return float(1 - self.cdf(np.log(value))[0])


def invert(cdf: Callable[[Floats], Floats], p: Floats | float, means: Floats, sds: Floats) -> Floats:
    """Return the logs (n,) at which `cdf` reaches p, by bisection over the range of normals (readings, n or 1)."""
    low, high = (means - NINE_SD * sds).min(axis=0), (means + NINE_SD * sds).max(axis=0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = cdf(middle) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _truncated_cdf(s: Solved, bounds: Truncation) -> tuple[Floats, Floats]:
    """Return logs and their cumulative probability under the one-sided givens, on a grid of nine sd each way."""
    x = s.mean + s.sd * np.linspace(-NINE_SD, NINE_SD, GRID)
    at = bounds.sign * (bounds.offset + np.outer(x, bounds.slope) - bounds.threshold)
    inside = orthant(at, np.outer(bounds.sign, bounds.sign) * bounds.covariance)
    density = np.exp(-(((x - s.mean) / s.sd) ** 2) / 2 + inside)
    area = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return x, area / area[-1] if area[-1] > 0 else np.linspace(0, 1, GRID)


def design(reading: Reading, quantities: list[str]) -> tuple[Floats, Floats, list[str]]:
    """Return means (n,) and loadings (n, factors) of the logs, in units of log it_mw, and the factors' names."""
    loadings = [reading.loading(q) for q in quantities]
    names = sorted({name for row in loadings for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in loadings]).reshape(len(quantities), len(names))
    return np.array([reading.mean(q) for q in quantities]), matrix, names


def solve(reading: Reading, target: str, firm: list[Given], bounds: list[Given], extra_sd: float = 0.0) -> Solved:
    """Solve one reading for the log of a target: generalised least squares with an unknown size.

    `firm` are the two-sided givens, `bounds` the one-sided ones; `extra_sd` widens every two-sided given.
    """
    n = len(firm)
    # logs = mean + size + load @ standard normals, for the givens, the target and the bounds in this order
    mean, load, names = design(reading, [g.quantity for g in firm] + [target] + [g.quantity for g in bounds])
    noise = np.array([np.hypot(g.sd, extra_sd) for g in firm])
    gaps = np.array([g.log for g in firm]) - mean[:n]
    covariance = load[:n] @ load[:n].T + np.diag(noise**2)
    inverse, ones, others = np.linalg.inv(covariance), np.ones(n), load[n:]
    precision = ones @ inverse @ ones  # of the size
    cross = others @ load[:n].T  # (1 + bounds, n)
    lack = 1 - cross @ inverse @ ones  # what the size adds beyond the shared factors
    weights = cross @ inverse + np.outer(lack, ones @ inverse) / precision
    means = mean[n:] + weights @ gaps
    joint = others @ others.T - cross @ inverse @ cross.T + np.outer(lack, lack) / precision
    projector = inverse - np.outer(inverse @ ones, ones @ inverse) / precision
    log_determinant = np.linalg.slogdet(covariance)[1] + np.log(precision)
    likelihood = -0.5 * ((n - 1) * np.log(2 * np.pi) + log_determinant + gaps @ projector @ gaps)
    residual = others[0] - weights[0] @ load[:n]
    shares = {name: float(v**2) for name, v in zip(names, residual, strict=True) if v**2 > 0}
    given_noise = float(((weights[0] * noise) ** 2).sum())
    if given_noise > EXACT:
        shares[GIVEN_RANGES] = given_noise
    truncation, extra = _truncate(means, joint, bounds)
    return Solved(
        reading=reading,
        mean=float(means[0]),
        sd=max(float(joint[0, 0]), EXACT**2) ** 0.5,
        weights=weights[0],
        shares=shares,
        log_likelihood=likelihood + extra,
        bounds=truncation,
        projector=projector,
        gaps=gaps,
    )


def _truncate(means: Floats, joint: Floats, bounds: list[Given]) -> tuple[Truncation | None, float]:
    """Return one-sided givens conditioned on the target, and the log probability that they hold."""
    if not bounds:
        return None, 0.0
    sign = np.array([1.0 if g.high is None else -1.0 for g in bounds])
    threshold = np.log(np.array([g.low if g.high is None else g.high for g in bounds], dtype=float))
    slope = joint[1:, 0] / max(joint[0, 0], EXACT**2)
    jitter = np.eye(len(bounds)) * EXACT**2
    remaining = joint[1:, 1:] - np.outer(slope, joint[1:, 0]) + jitter
    inside = orthant((sign * (means[1:] - threshold))[None, :], np.outer(sign, sign) * joint[1:, 1:] + jitter)
    return Truncation(means[1:] - slope * means[0], slope, threshold, sign, remaining), float(inside[0])


def posterior(
    target: str, givens: list[Given], readings: list[Reading], extra_sd: float = 0.0
) -> tuple[Posterior, float]:
    """Return the posterior of a target under a set of readings, and the log marginal likelihood of the givens.

    `extra_sd` widens every given (a hypothesis under which the numbers are not tied to one another). Raises
    BadInputError if no given has two sides, or if the givens cannot hold together.
    """
    firm = [g for g in givens if not g.bound]
    named = ", ".join(g.text() for g in givens)
    if not firm:
        raise BadInputError(f"{named or 'nothing'} leaves {target} unbounded; add a given with two sides")
    solved = tuple(solve(r, target, firm, [g for g in givens if g.bound], extra_sd) for r in readings)
    logs = np.array([np.log(s.reading.prior) + s.log_likelihood for s in solved])
    evidence = float(logsumexp(logs))
    if not np.isfinite(evidence):
        raise BadInputError(f"the givens {named} cannot hold together; leave out the one you trust least")
    return Posterior(np.exp(logs - evidence), solved), evidence
