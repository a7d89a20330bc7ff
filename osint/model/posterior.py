"""The distribution of the log of a quantity: a mixture of normals over readings, each perhaps truncated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from osint.model.network import Reading

GRID = 301  # points across a truncated distribution


LATTICE = 509  # points of the quadrature over several one-sided givens


@dataclass(frozen=True)
class Solved:
    """One reading, solved for one target."""

    reading: Reading
    mean: float
    sd: float
    weights: np.ndarray  # of the two-sided givens; they sum to one
    alone: np.ndarray  # log of the target that each of them gives by itself
    shares: dict[str, float]  # variance of the answer by factor
    log_likelihood: float
    bounds: tuple[np.ndarray, ...] | None  # (offset, slope, threshold, sign, covariance) of one-sided givens
    projector: np.ndarray  # of the givens, with the size integrated out
    gaps: np.ndarray  # log of each given less what the best factors give per MW IT


def orthant(at: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Log probability that normals with mean `at` (points, k) and a covariance are all positive.

    Exact for one bound; for several, Genz (1992) separation of variables on a fixed lattice, good to 1e-3.
    """
    if at.shape[1] == 1:
        return log_ndtr(at[:, 0] / covariance[0, 0] ** 0.5)
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
    return np.log(np.maximum(product.mean(axis=1), 1e-300))


@dataclass(frozen=True)
class Posterior:
    """Distribution of the log of a quantity: a mixture over readings, normal or truncated normal."""

    weights: np.ndarray
    solved: tuple[Solved, ...]

    @cached_property
    def _normal(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        keep = [(w, s.mean, s.sd) for w, s in zip(self.weights, self.solved, strict=True) if s.bounds is None and w > 0]
        return tuple(np.array(keep).reshape(-1, 3).T)  # type: ignore[return-value]

    @cached_property
    def _tables(self) -> list[tuple[float, tuple[np.ndarray, np.ndarray]]]:
        return [
            (w, truncated_cdf(s))
            for w, s in zip(self.weights, self.solved, strict=True)
            if s.bounds is not None and w > 0
        ]

    def cdf(self, x: np.ndarray | float) -> np.ndarray:
        """Probability that the log is at most x."""
        x = np.atleast_1d(np.asarray(x, dtype=float))
        weights, means, sds = self._normal
        total = ndtr((x[:, None] - means) / sds) @ weights
        for w, table in self._tables:
            total = total + w * np.interp(x, *table)
        return total

    def quantile(self, p: np.ndarray | list[float] | float) -> np.ndarray:
        """Logs at the given probabilities, by bisection on the exact distribution."""
        p = np.atleast_1d(np.asarray(p, dtype=float))
        live = [s for w, s in zip(self.weights, self.solved, strict=True) if w > 0]
        low = np.full(p.shape, min(s.mean - 9 * s.sd for s in live))
        high = np.full(p.shape, max(s.mean + 9 * s.sd for s in live))
        for _ in range(50):
            middle = (low + high) / 2
            below = self.cdf(middle) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2

    def at_least(self, value: float) -> float:
        """Probability that the quantity is at least the value."""
        return float(1 - self.cdf(np.log(value))[0])


def truncated_cdf(s: Solved) -> tuple[np.ndarray, np.ndarray]:
    """Logs and their cumulative probability under the one-sided givens, on a grid of nine sd each way."""
    offset, slope, threshold, sign, covariance = s.bounds  # type: ignore[misc]
    x = s.mean + s.sd * np.linspace(-9, 9, GRID)
    at = sign * (offset + np.outer(x, slope) - threshold)
    density = np.exp(-(((x - s.mean) / s.sd) ** 2) / 2 + orthant(at, np.outer(sign, sign) * covariance))
    area = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return x, area / area[-1] if area[-1] > 0 else np.linspace(0, 1, GRID)
