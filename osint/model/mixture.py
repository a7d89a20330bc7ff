"""Mixtures of normal distributions, one for each reading, some of them truncated by one-sided givens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri, ndtri_exp, owens_t

from osint.model.given import EXACT
from osint.model.tree import Floats

PANEL = 128  # steps on each side of the mode of a truncated distribution
LATTICE = 509  # points of the quadrature over three or more one-sided givens
NODES = 24  # points of the quadrature over two one-sided givens
NEGLIGIBLE = 45.0  # fall of the log density from its mode outside of which nothing is counted: a share of 3e-20
FLAT = 0.2  # fall of the log density on both sides of a point that is taken for the mode
END_HALVINGS = 6  # halvings of the step that holds an end of a truncated distribution
UNCOUNTED = 1e-13  # weight that readings which are not counted have together
UNCOUNTED_TRUNCATED = 1e-9  # the same where each reading has a table of its own
NINE_SD = 9.0  # half width, in sd, of the range in which quantiles are looked for: outside is less than 1e-18
BISECTIONS = 60  # steps to a quantile or to the end of a distribution, at most
STEPS = 9  # steps to a quantile after which every second one halves the range that holds it
CLOSE = 1e-10  # range that is left for a quantile, in the log
LAST_STEP = 1e-7  # step of Newton, in the smallest sd, after which what is left is its square
FAR = 1e-6  # tail below which a truncated distribution is asked of its table, which is exact there in proportion
LEVEL = 1e-14  # distance from the wanted normal deviate that is none: of a level stretch the lower end is taken
LEVEL_SLOPE = 1e-7  # rise of the normal deviate over one sd below which a distribution is level
CANTELLI_MARGIN = 0.01  # sd beyond the inequality, for the readings that are not counted
ROOT_2PI = math.sqrt(2 * math.pi)
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

    `chol` is the lower root of their covariance, (R, k, k). Exact for one bound; for more, separation of variables
    (Genz 1992) in the logs: by Gauss-Legendre for two, on a fixed lattice for three or more (good to 1e-3).
    """
    k = at.shape[2]
    log_tail = log_ndtr(at[..., 0] / chol[:, None, 0, 0])
    if k == 1:
        return np.asarray(log_tail)
    if k == 2:
        nodes, mass = _legendre()
        u, log_mass = (nodes[:, None] + 1) / 2, np.log(mass / 2)
    else:
        primes = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0])
        steps = np.arange(1, LATTICE + 1)[:, None] * np.resize(primes, k - 1)
        u, log_mass = np.abs(2 * (steps % 1) - 1), np.full(LATTICE, -np.log(LATTICE))
    log_u = np.log(np.clip(u, np.finfo(float).tiny, 1))
    total = np.broadcast_to(log_tail[..., None], (*log_tail.shape, len(log_mass)))
    drawn: list[Floats] = []
    last = total
    for j in range(1, k):
        drawn.append(-ndtri_exp(np.minimum(log_u[:, j - 1] + last, -np.finfo(float).tiny)))
        shift = sum(z * chol[:, None, None, j, i] for i, z in enumerate(drawn))
        last = log_ndtr((at[..., None, j] + shift) / chol[:, None, None, j, j])
        total = total + last
    return np.asarray(logsumexp(total + log_mass, axis=2))


@lru_cache(maxsize=1)
def _legendre() -> tuple[Floats, Floats]:
    return np.polynomial.legendre.leggauss(NODES)


@lru_cache(maxsize=1)
def _hermite() -> tuple[Floats, Floats]:
    return np.polynomial.hermite_e.hermegauss(NOISE_NODES)


@dataclass(frozen=True, slots=True)
class Table:
    """Truncated distributions on nodes: PANEL steps from the left end to the mode, and as many to the right end."""

    x: Floats
    """Nodes (R, 2 PANEL + 1), rising."""
    log_cdf: Floats
    log_sf: Floats
    log_density: Floats

    def tail(self, x: Floats, upper: bool) -> tuple[Floats, Floats]:
        """Return P(log > x) or P(log <= x), and the density, for each reading and point (R, points).

        Of each step the smaller tail is interpolated (Hermite) and the other is what it leaves, so that the two sum to
        one; of the density the log is interpolated.
        """
        rows = np.arange(len(self.x))[:, None]
        left, mode, right = self.x[:, :1], self.x[:, PANEL : PANEL + 1], self.x[:, -1:]
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


def _tabulate(mean: Floats, sd: Floats, bounds: Truncation) -> Table:
    """Return the distributions under one-sided givens: the densities are log-concave, so each has one mode."""

    def log_density(z: Floats) -> Floats:
        return -(z**2) / 2 + bounds.inside(mean[:, None] + sd[:, None] * z)

    rows = np.arange(len(mean))
    centre, half = np.zeros(len(mean)), np.full(len(mean), NINE_SD)
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
    near, far = np.zeros((len(mean), 2)), np.ones((len(mean), 2))

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
    zero = np.zeros((len(mean), 1))
    with np.errstate(divide="ignore"):
        log_cdf = np.log(np.concatenate([zero, np.cumsum(area, axis=1)], axis=1) / total)
        log_sf = np.log(np.concatenate([np.cumsum(area[:, ::-1], axis=1)[:, ::-1], zero], axis=1) / total)
    low = np.log(np.finfo(float).tiny)
    z = np.concatenate([panels[0], panels[1][:, 1:]], axis=1)
    density = np.concatenate([logs[0], logs[1][:, 1:]], axis=1) - np.log(total)
    x = mean[rows, None] + sd[rows, None] * z
    return Table(x, np.maximum(log_cdf, low), np.maximum(log_sf, low), density - np.log(sd)[:, None])


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
        order = np.argsort(self.weights)
        least = UNCOUNTED if self.bounds is None else UNCOUNTED_TRUNCATED
        return np.sort(order[np.cumsum(self.weights[order]) > least])

    @cached_property
    def _counted(self) -> tuple[Floats, Floats, Floats]:
        """Weights of the live readings (R,), and their means and standard deviations as columns (R, 1)."""
        keep = self.live
        return self.weights[keep], self.means[keep, None], self.sds[keep, None]

    @cached_property
    def table(self) -> Table | None:
        """Truncated distributions of the live readings; None without one-sided givens."""
        b, keep = self.bounds, self.live
        if b is None:
            return None
        kept = Truncation(b.offset[keep], b.slope[keep], b.threshold, b.sign, b.covariance[keep])
        return _tabulate(self.means[keep], self.sds[keep], kept)

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
        if self.table is None:
            raise AssertionError("a truncated distribution has a table")
        if extra_sd > 0:
            u, mass = _hermite()
            tails = sum(
                m / mass.sum() * self.table.tail(x[None, :] + extra_sd * e, upper)[0]
                for e, m in zip(u, mass, strict=True)
            )
        else:
            tails, _ = self.table.tail(x[None, :], upper)
        return np.asarray(np.clip(self.weights[keep] @ tails, 0, 1))

    @cached_property
    def _one_bound(self) -> tuple[Floats, Floats] | None:
        """Standardised mean of one likely bound and its correlation with the target, by live reading (R,)."""
        b, keep = self.bounds, self.live
        if b is None or len(b.sign) != 1:
            return None
        slope, sds = b.slope[keep, 0], self.sds[keep]
        spread = np.sqrt((slope * sds) ** 2 + b.covariance[keep, 0, 0])
        k = b.sign[0] * (b.offset[keep, 0] + slope * self.means[keep] - b.threshold[0]) / spread
        if (self.weights[keep] / np.maximum(ndtr(k), np.finfo(float).tiny)).sum() > 1 / LIKELY_BOUND:
            return None
        return k, b.sign[0] * slope * sds / spread

    @cached_property
    def _plain(self) -> bool:
        """Whether it is said without tables: no one-sided given, or one that is likely."""
        return self.bounds is None or self._one_bound is not None

    def _bivariate_tail(self, x: Floats, upper: bool, extra_sd: float = 0.0) -> Floats:
        """Return `mixed` under one likely bound, to 1e-11."""
        if self._one_bound is None:
            raise AssertionError("only one likely bound makes a bivariate normal")
        (k, correlation), sds = self._one_bound, self.sds[self.live]
        wide, side = np.hypot(sds, extra_sd), -1.0 if upper else 1.0
        h = side * (x[None, :] - self.means[self.live, None]) / wide[:, None]
        tails = _bivariate(h, k[:, None], -side * (correlation * sds / wide)[:, None])
        return np.asarray(np.clip(self.weights[self.live] @ tails, 0, 1))

    def _below(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the probability that the log is at most x and the density there, without tables under one bound."""
        weights, means, sds = self._counted
        if self._plain:
            z = (x - means) / sds
            bells = np.exp(-(z**2) / 2) / (sds * ROOT_2PI)
            if self._one_bound is None:
                return weights @ ndtr(z), weights @ bells
            k, correlation = (of_bound[:, None] for of_bound in self._one_bound)
            free = np.sqrt(np.maximum(1 - correlation**2, EXACT**4))
            bells *= ndtr((k + correlation * z) / free) / ndtr(k)
            return weights @ _bivariate(z, k, -correlation), weights @ bells
        if self.table is None:
            raise AssertionError("a truncated distribution has a table")
        tails, bells = self.table.tail(x[None, :], upper=False)
        return weights @ tails, weights @ bells

    def _moments(self) -> tuple[Floats, Floats]:
        """Return mean and variance of each live reading, one-sided givens counted."""
        means, sds = self.means[self.live], self.sds[self.live]
        if self._one_bound is not None:
            k, correlation = self._one_bound
            pull = np.exp(-(k**2) / 2 - log_ndtr(k)) / np.sqrt(2 * np.pi)
            return means + correlation * pull * sds, sds**2 * (1 - correlation**2 * pull * (pull + k))
        if self.table is not None:
            mass, middle = np.diff(np.exp(self.table.log_cdf)), (self.table.x[:, 1:] + self.table.x[:, :-1]) / 2
            means = (mass * middle).sum(axis=1)
            return means, (mass * (middle - means[:, None]) ** 2).sum(axis=1)
        return means, sds**2

    def quantile(self, p: Floats | Sequence[float] | float) -> Floats:
        """Return the logs at the given probabilities.

        Newton on the scale of normal deviates, on which a mixture is nearly a line, within the range that holds each
        quantile by the inequality of Cantelli.
        """
        wanted = np.clip(np.atleast_1d(np.asarray(p, dtype=float)), np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
        weights, (means, variances) = self.weights[self.live] / self.weights[self.live].sum(), self._moments()
        centre = float(weights @ means)
        sd = float(np.sqrt(weights @ (variances + (means - centre) ** 2)))
        low = centre - sd * (np.sqrt(1 / wanted - 1) + CANTELLI_MARGIN)
        high = centre + sd * (np.sqrt(1 / (1 - wanted) - 1) + CANTELLI_MARGIN)
        z = ndtri(wanted)
        x, open_, last = centre + sd * z, np.arange(len(z)), LAST_STEP * float(np.sqrt(variances.min()))
        for turn in range(BISECTIONS):
            here, (below, density) = x[open_], self._below(x[open_])
            deviate = ndtri(np.minimum(below, 1))
            gap = deviate - z[open_]
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                slope = density * np.exp(deviate**2 / 2) * ROOT_2PI
                there = here - gap / slope
            level = (np.abs(gap) <= LEVEL) & (slope * sd < LEVEL_SLOPE)
            short = (gap < 0) & ~level
            low[open_], high[open_] = np.where(short, here, low[open_]), np.where(short, high[open_], here)
            left, right = low[open_], high[open_]
            halve = level | ~((there >= left) & (there <= right)) | (turn > STEPS and turn % 2 == 1)
            x[open_] = np.where(halve, (left + right) / 2, there)
            open_ = open_[np.where(halve, right - left > CLOSE, np.abs(there - here) > last)]
            if not len(open_):
                break
        return np.asarray(x)


def _bivariate(h: Floats, k: Floats, correlation: Floats) -> Floats:
    """Return P(X <= h | Y <= k) of standard normals with a correlation, by Owen's T, good to 1e-15 / P(Y <= k)."""
    h = np.where(h == 0, np.finfo(float).tiny, h)  # where both are zero the ratio below has no limit of its own
    root = np.sqrt(np.maximum(1 - correlation**2, EXACT**4))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        a = np.nan_to_num((k - correlation * h) / (h * root))
        b = np.nan_to_num((h - correlation * k) / (k * root))
    apart = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    both = (ndtr(h) + ndtr(k)) / 2 - owens_t(h, a) - owens_t(k, b) - apart / 2
    return np.asarray(np.clip(both / ndtr(k), 0, 1))
