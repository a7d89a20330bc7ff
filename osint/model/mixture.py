"""Mixtures of normal distributions, one for each reading, some of them truncated by one-sided givens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri_exp, owens_t

from osint.model.given import EXACT
from osint.model.quantiles import BISECTIONS, CLOSE, ROOT_2PI, quantiles
from osint.model.tree import Floats

PANEL = 128  # steps on each side of the mode of a truncated distribution
LATTICE = 509  # points of the quadrature over three or more one-sided givens
UNLIKELY = 1e-8  # probability of two one-sided givens below which it is summed, and not a difference
NODES = 24  # points of the quadrature over two one-sided givens
NEGLIGIBLE = 45.0  # fall of the log density from its mode outside of which nothing is counted: a share of 3e-20
FLAT = 0.2  # fall of the log density on both sides of a point that is taken for the mode
END_HALVINGS = 6  # halvings of the step that holds an end of a truncated distribution
UNCOUNTED = 1e-13  # weight that readings which are not counted have together
UNCOUNTED_TRUNCATED = 1e-9  # the same where each reading has a table of its own
NINE_SD = 9.0  # half width, in sd, of the range in which quantiles are looked for: outside is less than 1e-18
FAR = 1e-6  # tail below which a truncated distribution is asked of its table, which is exact there in proportion
ALIKE_DECIMALS = 12  # of what truncates a reading: those that agree in them are truncated alike
FURTHEST = 9.0  # normal deviate beyond which nothing is drawn
NOISE_NODES = 41  # points of the quadrature over the error of a given that is predicted
LIKELY_BOUND = 1e-4  # chance of a bound from which a bivariate normal says its quantiles to 1e-9


@dataclass(frozen=True)
class Truncation:
    """One-sided givens as conditions on the target x: sign * (offset + slope * x + noise - threshold) > 0."""

    offset: Floats
    """(R, k)."""
    slope: Floats
    """(R, k)."""
    threshold: Floats
    """(k,)."""
    sign: Floats
    """(k,)."""
    covariance: Floats
    """Of the noise that is left once the target is known, times the signs, (R, k, k)."""

    @cached_property
    def root(self) -> Floats:
        """Lower root of the covariance, (R, k, k)."""
        return np.asarray(np.linalg.cholesky(self.covariance))

    def inside(self, x: Floats) -> Floats:
        """Return the log probability that the conditions hold at x (R, points)."""
        at = self.sign * (self.offset[:, None] + x[..., None] * self.slope[:, None] - self.threshold)
        return orthant(at, self.root)


def orthant(at: Floats, chol: Floats) -> Floats:
    """Return the log probability (R, points) that normals with means (R, points, k) are all positive.

    `chol` is the lower root of their covariance, (R, k, k). Exact for one bound, and for two that hold together with
    UNLIKELY or more; for less a quadrature over the rarer of the two, and for three or more separation of variables
    (Genz 1992) on a fixed lattice (good to 1e-3).
    """
    first = at[..., 0] / chol[:, None, 0, 0]
    if at.shape[2] == 1:
        return np.asarray(log_ndtr(first))
    if at.shape[2] == 2:
        wide = np.hypot(chol[:, None, 1, 0], chol[:, None, 1, 1])
        second, correlation = at[..., 1] / wide, np.broadcast_to(chol[:, None, 1, 0] / wide, first.shape)
        both = _both(first, second, correlation)
        out, rare = np.log(np.maximum(both, UNLIKELY)), both < UNLIKELY
        out[rare] = _both_rare(first[rare], second[rare], correlation[rare])
        return np.asarray(out)
    primes = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0])
    steps = np.arange(1, LATTICE + 1)[:, None] * np.resize(primes, at.shape[2] - 1)
    log_u = np.log(np.maximum(np.abs(2 * (steps % 1) - 1), np.finfo(float).tiny))
    last = np.broadcast_to(log_ndtr(first)[..., None], (*first.shape, LATTICE))
    total, drawn = last, list[Floats]()
    for j in range(1, at.shape[2]):
        drawn.append(-ndtri_exp(np.minimum(log_u[:, j - 1] + last, -np.finfo(float).tiny)))
        shift = sum(z * chol[:, None, None, j, i] for i, z in enumerate(drawn))
        last = log_ndtr((at[..., None, j] + shift) / chol[:, None, None, j, j])
        total = total + last
    return np.asarray(logsumexp(total, axis=2) - np.log(LATTICE))


def _both_rare(first: Floats, second: Floats, correlation: Floats) -> Floats:
    """Return the log probability that two normals with these means and unit sd are positive, good in any tail."""
    nodes, mass = _legendre()
    rarer, other = (end(first, second)[..., None] for end in (np.minimum, np.maximum))
    correlation = correlation[..., None]
    drawn = -ndtri_exp(np.minimum(np.log((nodes + 1) / 2) + log_ndtr(rarer), -np.finfo(float).tiny))
    held = log_ndtr((other + correlation * drawn) / np.sqrt(np.maximum(1 - correlation**2, EXACT**4)))
    return np.asarray(log_ndtr(rarer)[..., 0] + logsumexp(held + np.log(mass / 2), axis=-1))


@lru_cache(maxsize=1)
def _legendre() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(NODES)


@lru_cache(maxsize=1)
def _hermite() -> tuple[Floats, Floats]:
    return np.polynomial.hermite_e.hermegauss(NOISE_NODES)


@dataclass(frozen=True, slots=True)
class Table:
    """Truncated distributions on nodes: PANEL steps from the left end to the mode, and as many to the right end.

    There are G of them, each of the deviate of one or more readings, as if these were standard normal before.
    """

    x: Floats
    """Nodes (G, 2 PANEL + 1), rising."""
    log_cdf: Floats
    log_sf: Floats
    log_density: Floats

    def tail(self, x: Floats, of: npt.NDArray[np.intp], upper: bool) -> tuple[Floats, Floats]:
        """Return P(deviate > x) or P(deviate <= x), and the density, for each reading and point (R, points).

        `of` is the distribution of each reading (R,). Of each step the smaller tail is interpolated (Hermite) and the
        other is what it leaves, so that the two sum to one; of the density the log is interpolated.
        """
        rows = of[:, None]
        left, mode, right = self.x[rows, 0], self.x[rows, PANEL], self.x[rows, -1]
        below = np.clip((x - left) / (mode - left) * PANEL, 0, PANEL - 1e-9)
        above = np.clip((x - mode) / (right - mode) * PANEL, 0, PANEL - 1e-9)
        at = np.where(x < mode, below, PANEL + above)
        i = at.astype(int)
        t, h = at - i, self.x[rows, i + 1] - self.x[rows, i]
        of_left = self.log_cdf[rows, i + 1] <= self.log_sf[rows, i + 1]
        side = np.where(of_left, 1.0, -1.0)
        v0, v1 = (np.where(of_left, self.log_cdf[rows, j], self.log_sf[rows, j]) for j in (i, i + 1))
        p0, p1 = self.log_density[rows, i], self.log_density[rows, i + 1]
        d0, d1 = (side * np.exp(p - v) * h for p, v in ((p0, v0), (p1, v1)))
        curve = v0 + t * (d0 + t * (3 * (v1 - v0) - 2 * d0 - d1 + t * (2 * (v0 - v1) + d0 + d1)))
        inside = np.where(np.isfinite(curve), np.clip(curve, np.minimum(v0, v1), np.maximum(v0, v1)), v0)
        small = np.exp(np.minimum(inside, 0))
        small = np.where(x <= left, ~of_left, np.where(x >= right, of_left, small))
        density = np.where((x <= left) | (x >= right), 0.0, np.exp(p0 + t * (p1 - p0)))
        return np.where(of_left == upper, 1 - small, small), density


def _tabulate(bounds: Truncation) -> Table:
    """Return standard normals under one-sided givens: the densities are log-concave, so each has one mode."""

    def log_density(z: Floats) -> Floats:
        return -(z**2) / 2 + bounds.inside(z)

    count = len(bounds.offset)
    rows, centre, half = np.arange(count), np.zeros(count), np.full(count, NINE_SD)
    fan = np.linspace(-1, 1, 9)
    for _ in range(BISECTIONS):  # the middle moves to the best of nine points; the fan widens at an edge, else narrows
        seen = log_density(centre[:, None] + half[:, None] * fan)
        best = np.argmax(seen, axis=1)
        flat = np.maximum(seen[rows, best] - seen[:, 0], seen[rows, best] - seen[:, -1]) < FLAT
        flat &= (best > 0) & (best < len(fan) - 1)
        centre = centre + half * fan[best]
        half = np.where((best == 0) | (best == len(fan) - 1), 2 * half, half / 4)
        if flat.all():
            break
    top = log_density(centre[:, None])[:, 0]
    side = np.array([-1.0, 1.0])
    near, far = np.zeros((count, 2)), np.ones((count, 2))

    def counted(distance: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(log_density(centre[:, None] + side * distance) > top[:, None] - NEGLIGIBLE)

    for _ in range(BISECTIONS):
        short = counted(far)
        if not short.any():
            break
        near, far = np.where(short, far, near), np.where(short, 2 * far, far)
    for _ in range(END_HALVINGS):
        middle = (near + far) / 2
        short = counted(middle)
        near, far = np.where(short, middle, near), np.where(short, far, middle)
    left, right = (centre[:, None] + side * np.maximum(far, CLOSE)).T
    share = np.arange(PANEL + 1) / PANEL
    panels = [a[:, None] + (b - a)[:, None] * share for a, b in ((left, centre), (centre, right))]
    areas, logs = [], []
    for z in panels:
        lp = np.maximum(log_density(z) - top[:, None], -1e4)
        f, h = np.exp(lp), z[:, 1:2] - z[:, :1]
        rise = f * np.gradient(lp, axis=1, edge_order=2)  # times h
        smooth = np.abs(np.diff(lp, axis=1)) < 1  # at the edge that a sharp bound cuts the plain rule is kept
        smooth = smooth & np.pad(smooth, ((0, 0), (1, 0)), mode="edge")[:, :-1]
        smooth = smooth & np.pad(smooth, ((0, 0), (0, 1)), mode="edge")[:, 1:]
        correction = np.where(smooth, (rise[:, :-1] - rise[:, 1:]) / 12, 0.0)
        areas.append(h * ((f[:, 1:] + f[:, :-1]) / 2 + correction))
        logs.append(lp)
    area = np.maximum(np.concatenate(areas, axis=1), np.finfo(float).tiny)
    total = area.sum(axis=1, keepdims=True)
    zero = np.zeros((count, 1))
    with np.errstate(divide="ignore"):
        log_cdf = np.log(np.concatenate([zero, np.cumsum(area, axis=1)], axis=1) / total)
        log_sf = np.log(np.concatenate([np.cumsum(area[:, ::-1], axis=1)[:, ::-1], zero], axis=1) / total)
    low = np.log(np.finfo(float).tiny)
    z = np.concatenate([panels[0], panels[1][:, 1:]], axis=1)
    density = np.concatenate([logs[0], logs[1][:, 1:]], axis=1) - np.log(total)
    return Table(z, np.maximum(log_cdf, low), np.maximum(log_sf, low), density)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture over readings of the log of a quantity: normal, or normal truncated by one-sided givens."""

    weights: Floats
    """Of the readings; they sum to one."""
    means: Floats
    """Of the log by reading, without the one-sided givens."""
    sds: Floats
    bounds: Truncation | None
    """One-sided givens; None without any."""

    @cached_property
    def live(self) -> npt.NDArray[np.intp]:
        """Positions of the readings that are counted: the others together weigh next to nothing."""
        least = UNCOUNTED if self.bounds is None else UNCOUNTED_TRUNCATED
        return np.flatnonzero(self.weights > least / len(self.weights))

    @cached_property
    def _counted(self) -> tuple[Floats, Floats, Floats]:
        """Weights of the live readings (R,), and their means and standard deviations as columns (R, 1)."""
        keep = self.live
        return self.weights[keep], self.means[keep, None], self.sds[keep, None]

    @cached_property
    def _alike(self) -> tuple[Truncation, npt.NDArray[np.intp]]:
        """The one-sided givens on the deviates of the live readings, those that lie alike once, and which each has."""
        b, keep = self.bounds, self.live
        if b is None:
            raise AssertionError("without one-sided givens there is nothing to truncate")
        offset, slope = b.offset[keep] + b.slope[keep] * self.means[keep, None], b.slope[keep] * self.sds[keep, None]
        covariance = b.covariance[keep]
        spread = np.sqrt(slope**2 + np.diagonal(covariance, axis1=1, axis2=2))  # of what is bounded
        offset, slope = (offset - b.threshold) / spread, slope / spread
        covariance = covariance / (spread[:, :, None] * spread[:, None, :])
        rows = [column.round(ALIKE_DECIMALS) for column in (*offset.T, *slope.T, *covariance[:, 0, 1:].T)]
        order = np.lexsort(rows)
        first = np.concatenate([[True], np.any([np.diff(row[order]) != 0 for row in rows], axis=0)])
        of = np.empty(len(keep), dtype=np.intp)
        of[order] = np.cumsum(first) - 1
        first = order[first]
        return Truncation(offset[first], slope[first], 0 * b.threshold, b.sign, covariance[first]), of

    @cached_property
    def table(self) -> Table | None:
        """Truncated distributions of the live readings that differ; None without one-sided givens."""
        return None if self.bounds is None else _tabulate(self._alike[0])

    def _tails(self, x: Floats, upper: bool) -> tuple[Floats, Floats]:
        """Return P(log > x) or P(log <= x), and the density, of each live reading by the table (R, points)."""
        if self.table is None:
            raise AssertionError("a truncated distribution has a table")
        _, means, sds = self._counted
        tails, density = self.table.tail((x - means) / sds, self._alike[1], upper)
        return tails, density / sds

    def mixed(self, x: Floats | float, upper: bool, extra_sd: float = 0.0) -> Floats:
        """Return the probability that the log, seen with an error of `extra_sd`, is at most x, or above it."""
        x = np.atleast_1d(np.asarray(x, dtype=float))
        keep = self.live
        if self.bounds is None:
            weights, means, sds = self._counted
            z = (x[None, :] - means) / (np.hypot(sds, extra_sd) if extra_sd else sds)
            return np.asarray(np.minimum(np.maximum(weights @ ndtr(-z if upper else z), 0), 1))
        if self._one_bound is not None:
            tail = self._bivariate_tail(x, upper, extra_sd)
            if tail.min() > FAR:
                return tail
        if extra_sd > 0:
            u, mass = _hermite()
            tails = sum(m / mass.sum() * self._tails(x + extra_sd * e, upper)[0] for e, m in zip(u, mass, strict=True))
        else:
            tails, _ = self._tails(x, upper)
        return np.asarray(np.clip(self.weights[keep] @ tails, 0, 1))

    @cached_property
    def _one_bound(self) -> tuple[Floats, Floats] | None:
        """Deviate of one likely bound and its correlation with the target, of those that differ (G, 1); else None."""
        if self.bounds is None or len(self.bounds.sign) != 1:
            return None
        (alike, of), weights = self._alike, self._counted[0]
        k, correlation = alike.sign * alike.offset, alike.sign * alike.slope
        if (weights / np.maximum(ndtr(k[of, 0]), np.finfo(float).tiny)).sum() > 1 / LIKELY_BOUND:
            return None
        return k, correlation

    def _bivariate_tail(self, x: Floats, upper: bool, extra_sd: float = 0.0) -> Floats:
        """Return `mixed` under one likely bound, to 1e-11."""
        if self._one_bound is None:
            raise AssertionError("only one likely bound makes a bivariate normal")
        k, correlation = (of_bound[self._alike[1]] for of_bound in self._one_bound)
        weights, means, sds = self._counted
        wide, side = np.hypot(sds, extra_sd), -1.0 if upper else 1.0
        tails = _bivariate(side * (x - means) / wide, k, -side * (correlation * sds / wide))
        return np.asarray(np.clip(weights @ tails, 0, 1))

    @property
    def kind(self) -> object:
        """What is the same for mixtures whose quantiles can be found together."""
        if self.bounds is None or self._one_bound is not None:
            return self.bounds is None
        return self

    @property
    def columns(self) -> tuple[Floats, ...]:
        """Of each live reading its weight and what `tails` takes, (R, 1)."""
        weights, means, sds = self._counted
        bound = () if self._one_bound is None else (of_bound[self._alike[1]] for of_bound in self._one_bound)
        return weights[:, None], means, sds, *bound

    @property
    def tails(self) -> Callable[..., tuple[Floats, Floats]]:
        """Return what says P(log <= x) and the density of each reading, without tables under one bound."""
        if self.bounds is None:
            return _normal
        return self._tabled if self._one_bound is None else _under_a_bound

    def _tabled(self, x: Floats, *_: Floats) -> tuple[Floats, Floats]:
        return self._tails(x, upper=False)

    @property
    def unbounded(self) -> Mixture:
        """The same as if each reading were normal with its moments."""
        (means, variances), weights = self.moments, self._counted[0]
        return Mixture(weights / weights.sum(), means, np.sqrt(variances), None)

    @property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean and variance of each live reading, one-sided givens counted."""
        means, sds = self.means[self.live], self.sds[self.live]
        if self._one_bound is not None:
            shift, spread = (of[self._alike[1], 0] for of in _under_one_bound(*self._one_bound))
            return means + shift * sds, (spread * sds) ** 2
        if self.table is not None:
            mass, middle = np.diff(np.exp(self.table.log_cdf)), (self.table.x[:, 1:] + self.table.x[:, :-1]) / 2
            shift, of = (mass * middle).sum(axis=1), self._alike[1]
            variances = (mass * (middle - shift[:, None]) ** 2).sum(axis=1)
            return means + sds * shift[of], sds**2 * variances[of]
        return means, sds**2

    @cached_property
    def _risen(self) -> tuple[Floats, Floats]:
        """Deviates before and under the one-sided givens, rising, of one truncated distribution after another."""
        if self.table is None:
            raise AssertionError("a truncated distribution has a table")
        x, below, above = self.table.x, self.table.log_cdf, self.table.log_sf
        under = np.clip(np.where(below < above, ndtri_exp(below), -ndtri_exp(above)), -FURTHEST, FURTHEST)
        return x.ravel(), (under + 3 * FURTHEST * np.arange(len(x))[:, None]).ravel()

    def placed(self, which: npt.NDArray[np.intp], deviates: Floats) -> Floats:
        """Return the logs at some normal deviates of the live readings at these positions, one-sided givens counted."""
        _, means, sds = self._counted
        if self.bounds is not None:
            x, under = self._risen
            deviates = np.interp(deviates + 3 * FURTHEST * self._alike[1][which], under, x)
        return np.asarray(means[which, 0] + sds[which, 0] * deviates)

    def quantile(self, p: Floats | Sequence[float] | float) -> Floats:
        """Return the logs at the given probabilities."""
        return np.asarray(quantiles([self], p)[0])


def _normal(x: Floats, means: Floats, sds: Floats) -> tuple[Floats, Floats]:
    """Return P(log <= x) and the density of normal readings."""
    z = (x - means) / sds
    return ndtr(z), np.exp(z * z * -0.5) / (sds * ROOT_2PI)


def _under_a_bound(x: Floats, means: Floats, sds: Floats, k: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """Return the same of readings under one likely bound."""
    z = (x - means) / sds
    bells = np.exp(z * z * -0.5) / (sds * ROOT_2PI)
    return _bivariate(z, k, -correlation), bells * _held(z, k, correlation)


def _under_one_bound(k: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """Return mean and sd of a standard normal X where Y, with a correlation to it, is at least -k."""
    pull = np.exp(-(k**2) / 2 - log_ndtr(k)) / ROOT_2PI
    return correlation * pull, np.sqrt(np.maximum(1 - correlation**2 * pull * (pull + k), EXACT**4))


def _held(x: Floats, k: Floats, correlation: Floats) -> Floats:
    """Return the probability that Y, with a correlation to X, is at least -k where X is x, over that in all."""
    free = np.sqrt(np.maximum(1 - correlation**2, EXACT**4))
    return np.asarray(ndtr((k + correlation * x) / free) / ndtr(k))


def _bivariate(h: Floats, k: Floats, correlation: Floats) -> Floats:
    """Return P(X <= h | Y <= k) of standard normals with a correlation, good to 1e-15 / P(Y <= k)."""
    return np.asarray(np.clip(_both(h, k, correlation) / ndtr(k), 0, 1))


def _both(h: Floats, k: Floats, correlation: Floats) -> Floats:
    """Return P(X <= h, Y <= k) of standard normals with a correlation, by Owen's T, good to 1e-15."""
    h = np.where(h == 0, np.finfo(float).tiny, h)  # where both are zero the ratio below has no limit of its own
    root = np.sqrt(np.maximum(1 - correlation**2, EXACT**4))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        a = np.nan_to_num((k - correlation * h) / (h * root))
        b = np.nan_to_num((h - correlation * k) / (k * root))
    apart = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    return np.asarray((ndtr(h) + ndtr(k)) / 2 - owens_t(h, a) - owens_t(k, b) - apart / 2)
