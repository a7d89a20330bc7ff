"""The posterior of one quantity given others: generalised least squares in the logs, mixed over readings.

Under one reading (network.py) the logs are linear and Gaussian. The size of the site has a flat prior, so that
the posterior is generalised least squares (Rasmussen and Williams 2006, section 2.7) and a chain is exactly
scale-free. Readings are weighed by their exact marginal likelihood with the size integrated out. A one-sided
given truncates. All readings are solved at once; what does not depend on the values of the givens is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias, overload

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri_exp, owens_t

from osint.errors import BadInputError
from osint.model.evidence import EXACT, Given
from osint.model.network import Reading, Readings

Floats: TypeAlias = npt.NDArray[np.float64]
MEDIAN = 0.5
INTERVAL = (0.05, MEDIAN, 0.95)
"""Probabilities of low, best and high."""
PANEL = 128  # steps on each side of the mode of a truncated distribution
LATTICE = 509  # points of the quadrature over three or more one-sided givens
NODES = 24  # points of the quadrature over two one-sided givens
NEGLIGIBLE = 45.0  # fall of the log density from its mode outside of which nothing is counted: a share of 3e-20
FLAT = 0.2  # fall of the log density on both sides of a point that is taken for the mode
END_HALVINGS = 6  # halvings of the step that holds an end of a truncated distribution
UNCOUNTED = 1e-13  # weight that readings which are not counted have together
UNCOUNTED_TRUNCATED = 1e-9  # the same where each reading has a table of its own
NINE_SD = 9.0  # half width, in sd, of the range in which quantiles are looked for: outside is less than 1e-18
BISECTIONS = 50  # halvings of a range for a quantile, at most
CLOSE = 1e-10  # width of a range, in the log, that is taken for the quantile
UNSEEN = 1e-3  # weight that readings have together which `after` leaves out
ROUGH_HALVINGS = 14  # halvings of a range where a width is averaged and not printed
CANTELLI = 4.4  # sd of the mean of any distribution within which its 5% and 95% lie (Cantelli: root of 19)
CANTELLI_MARGIN = 0.01  # sd beyond that, for the readings that are not counted
TABLE_STEPS, NORMAL_STEPS = 65, 17  # points of the grid on which a quantile is first looked for
NOISE_NODES = 41  # points of the quadrature over the error of a given that is predicted
GIVEN_RANGES = "the ranges of the givens"  # name of the noise of the givens next to the factors
LIKELY_BOUND = 1e-4  # chance of a bound from which a bivariate normal says its quantiles to 1e-9
KEPT_SYSTEMS = 8  # solved structures that a set of readings keeps


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """All readings solved for one target, up to the values of the givens: R readings, n two-sided givens, k bounds."""

    base: Floats
    """Log of the target and of the bounds per MW IT at the best factors, (R, 1 + k)."""
    given_base: Floats
    """Log of the two-sided givens per MW IT at the best factors, (R, n)."""
    weights: Floats
    """Of the two-sided givens in the target and in the bounds, (R, 1 + k, n); they sum to one over the givens."""
    joint: Floats
    """Covariance of target and bounds once the two-sided givens are known, (R, 1 + k, 1 + k)."""
    projector: Floats
    """Inverse covariance of the two-sided givens with the size integrated out, (R, n, n)."""
    log_determinant: Floats
    """Of that covariance and of the precision of the size, (R,)."""
    residual: Floats
    """Standard deviation that each factor leaves in the target, with its sign, (R, factors)."""
    slots: tuple[str, ...]
    """Names of the factors; 'per chip' stands for the family of the reading."""
    noise: Floats
    """Standard deviation of the two-sided givens, (n,)."""


def _system(
    readings: Readings, target: str, firm: Sequence[str], bounds: Sequence[str], noise: tuple[float, ...]
) -> System:
    """Return the structure, made once for the same question to the same readings."""
    key = (target, tuple(firm), tuple(bounds), noise)
    found: System | None = readings.kept.get(key)
    if found is not None:
        return found
    n = len(firm)
    # logs = mean + size + load @ standard normals, for the givens, the target and the bounds in this order
    mean, load, slots = readings.design((*firm, target, *bounds))
    own, others = load[:, :n], load[:, n:]
    sds = np.array(noise)
    inverse = np.linalg.inv(own @ own.transpose(0, 2, 1) + np.diag(sds**2))
    ones = np.ones(n)
    pull = inverse @ ones  # (R, n)
    precision = pull @ ones  # of the size
    cross = others @ own.transpose(0, 2, 1)  # (R, 1 + k, n)
    lack = 1 - cross @ pull[:, :, None]  # what the size adds beyond the shared factors, (R, 1 + k, 1)
    weights = cross @ inverse + lack * (pull / precision[:, None])[:, None, :]
    known = cross @ inverse @ cross.transpose(0, 2, 1)
    joint = others @ others.transpose(0, 2, 1) - known + lack @ lack.transpose(0, 2, 1) / precision[:, None, None]
    projector = inverse - pull[:, :, None] * pull[:, None, :] / precision[:, None, None]
    log_determinant = -np.linalg.slogdet(inverse)[1] + np.log(precision)
    residual = others[:, 0] - (weights[:, 0][:, None, :] @ own)[:, 0]
    made = System(mean[:, n:], mean[:, :n], weights, joint, projector, log_determinant, residual, slots, sds)
    if len(readings.kept) >= KEPT_SYSTEMS:
        readings.kept.pop(next(iter(readings.kept)))
    readings.kept[key] = made
    return made


@dataclass(frozen=True, slots=True)
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

    def inside(self, x: Floats) -> Floats:
        """Return the log probability that the conditions hold at x (R, points)."""
        at = self.sign * (self.offset[:, None] + x[..., None] * self.slope[:, None] - self.threshold)
        return orthant(at, self.covariance)


def orthant(at: Floats, covariance: Floats) -> Floats:
    """Return the log probability (R, points) that normals with means (R, points, k) are all positive.

    `covariance` is (R, k, k). Exact for one bound; for more, separation of variables (Genz 1992) in the logs: by
    Gauss-Legendre for two, on a fixed lattice for three or more (good to 1e-3).
    """
    k = at.shape[2]
    chol = np.linalg.cholesky(covariance)
    log_tail = log_ndtr(at[..., 0] / chol[:, None, 0, 0])
    if k == 1:
        return np.asarray(log_tail)
    if k == 2:
        nodes, mass = np.polynomial.legendre.leggauss(NODES)
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


@dataclass(frozen=True, slots=True)
class Table:
    """Truncated distributions on nodes: PANEL steps from the left end to the mode, and as many to the right end."""

    x: Floats
    """Nodes (R, 2 PANEL + 1), rising."""
    log_cdf: Floats
    log_sf: Floats
    log_density: Floats

    def tail(self, x: Floats, upper: bool) -> Floats:
        """Return P(log > x) or P(log <= x) for each reading and point (R, points), by Hermite interpolation."""
        log_tail, side = (self.log_sf, -1.0) if upper else (self.log_cdf, 1.0)
        rows = np.arange(len(self.x))[:, None]
        left, mode, right = self.x[:, :1], self.x[:, PANEL : PANEL + 1], self.x[:, -1:]
        below = np.clip((x - left) / (mode - left) * PANEL, 0, PANEL - 1e-9)
        above = np.clip((x - mode) / (right - mode) * PANEL, 0, PANEL - 1e-9)
        at = np.where(x < mode, below, PANEL + above)
        i = at.astype(int)
        t, h = at - i, self.x[rows, i + 1] - self.x[rows, i]
        value, slope = log_tail, side * np.exp(self.log_density - log_tail)
        v0, v1 = value[rows, i], value[rows, i + 1]
        d0, d1 = slope[rows, i] * h, slope[rows, i + 1] * h
        curve = v0 + t * (d0 + t * (3 * (v1 - v0) - 2 * d0 - d1 + t * (2 * (v0 - v1) + d0 + d1)))
        inside = np.where(np.isfinite(curve), np.clip(curve, np.minimum(v0, v1), np.maximum(v0, v1)), v0)
        outside = np.where(x <= left, 1.0 if upper else 0.0, np.where(x >= right, 0.0 if upper else 1.0, np.nan))
        return np.where(np.isnan(outside), np.exp(np.minimum(inside, 0)), outside)


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
    ends = []
    for side in (-1.0, 1.0):
        near, far = np.zeros(len(mean)), np.full(len(mean), 1.0)
        for _ in range(BISECTIONS):
            short = log_density((centre + side * far)[:, None])[:, 0] > top - NEGLIGIBLE
            if not short.any():
                break
            near, far = np.where(short, far, near), np.where(short, 2 * far, far)
        for _ in range(END_HALVINGS):
            middle = (near + far) / 2
            short = log_density((centre + side * middle)[:, None])[:, 0] > top - NEGLIGIBLE
            near, far = np.where(short, middle, near), np.where(short, far, middle)
        ends.append(centre + side * np.maximum(far, CLOSE))
    share = np.arange(PANEL + 1) / PANEL
    panels = [a[:, None] + (b - a)[:, None] * share for a, b in ((ends[0], centre), (centre, ends[1]))]
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
    projector: Floats
    """Inverse covariance of the givens, with the size integrated out."""
    gaps: Floats
    """Log of each given less what the best factors give per MW IT."""


class _SolvedOnDemand(Sequence[Solved]):
    """The readings as records; each is made when it is looked at."""

    def __init__(self, of: Posterior) -> None:
        self._of = of

    def __len__(self) -> int:
        return len(self._of.readings)

    @overload
    def __getitem__(self, i: int) -> Solved: ...
    @overload
    def __getitem__(self, i: slice) -> list[Solved]: ...
    def __getitem__(self, i: int | slice) -> Solved | list[Solved]:
        if isinstance(i, slice):
            return [self._one(j) for j in range(*i.indices(len(self)))]
        return self._one(int(i) % len(self))

    def __iter__(self) -> Iterator[Solved]:
        return (self._one(i) for i in range(len(self)))

    def _one(self, i: int) -> Solved:
        p, system, reading = self._of, self._of.system, self._of.readings[i]
        shares = {
            reading.factor_name(slot): float(v**2)
            for slot, v in zip(system.slots, system.residual[i], strict=True)
            if v
        }
        noise = float(((system.weights[i, 0] * system.noise) ** 2).sum())
        if noise > EXACT:
            shares[GIVEN_RANGES] = noise
        return Solved(
            reading=reading,
            mean=float(p.means[i]),
            sd=float(p.sds[i]),
            weights=system.weights[i, 0],
            shares=shares,
            log_likelihood=float(p.log_likelihoods[i]),
            projector=system.projector[i],
            gaps=p.gaps[i],
        )


@dataclass(frozen=True, eq=False)
class Posterior:
    """Distribution of the log of a quantity: a mixture over readings, normal or truncated normal."""

    readings: Readings = field(repr=False)
    weights: Floats
    """Of the readings; they sum to one."""
    means: Floats
    """Of the log of the target by reading, without the one-sided givens."""
    sds: Floats
    log_likelihoods: Floats
    """Of the givens by reading, with the size of the site integrated out."""
    gaps: Floats
    """Log of each two-sided given less what the best factors give per MW IT, (R, n)."""
    system: System = field(repr=False)
    bounds: Truncation | None = None
    """One-sided givens; None without any."""
    ceiling: bool = False
    """Whether it says only what is the most: the site holds at most this, and may hold nothing."""

    @property
    def solved(self) -> Sequence[Solved]:
        """The readings one by one, made when they are looked at."""
        return _SolvedOnDemand(self)

    @cached_property
    def likeliest(self) -> Reading:
        """The reading with the largest weight."""
        return self.readings[int(np.argmax(self.weights))]

    @cached_property
    def live(self) -> npt.NDArray[np.intp]:
        """Positions of the readings that are counted: the others together weigh next to nothing."""
        order = np.argsort(self.weights)
        least = UNCOUNTED if self.bounds is None else UNCOUNTED_TRUNCATED
        return np.sort(order[np.cumsum(self.weights[order]) > least])

    @cached_property
    def table(self) -> Table | None:
        """Truncated distributions of the live readings; None without one-sided givens."""
        b, keep = self.bounds, self.live
        if b is None:
            return None
        kept = Truncation(b.offset[keep], b.slope[keep], b.threshold, b.sign, b.covariance[keep])
        return _tabulate(self.means[keep], self.sds[keep], kept)

    def _mixed(self, x: Floats | float, upper: bool, extra_sd: float = 0.0) -> Floats:
        x = np.atleast_1d(np.asarray(x, dtype=float))
        keep = self.live
        if self.table is None:
            z = (x[None, :] - self.means[keep, None]) / np.hypot(self.sds[keep, None], extra_sd)
            tails = ndtr(-z if upper else z)
        elif extra_sd > 0:
            u, mass = np.polynomial.hermite_e.hermegauss(NOISE_NODES)
            tails = sum(
                m / mass.sum() * self.table.tail(x[None, :] + extra_sd * e, upper) for e, m in zip(u, mass, strict=True)
            )
        else:
            tails = self.table.tail(x[None, :], upper)
        return np.asarray(np.clip(self.weights[keep] @ tails, 0, 1))

    def cdf(self, x: Floats | float) -> Floats:
        """Return the probability that the log is at most x."""
        return self._mixed(x, upper=False)

    def sf(self, x: Floats | float) -> Floats:
        """Return the probability that the log is above x, exact in the far tail."""
        return self._mixed(x, upper=True)

    def tails(self, log: float, extra_sd: float = 0.0) -> tuple[float, float]:
        """Return the probabilities that the log, seen with an error of `extra_sd`, is at most and above a value."""
        return float(self._mixed(log, False, extra_sd)[0]), float(self._mixed(log, True, extra_sd)[0])

    @cached_property
    def _one_bound(self) -> tuple[Floats, Floats] | None:
        """Of one likely bound, by live reading: its standardised mean and its correlation with the target, (R,)."""
        b, keep = self.bounds, self.live
        if b is None or len(b.sign) != 1:
            return None
        slope, sds = b.slope[keep, 0], self.sds[keep]
        spread = np.sqrt((slope * sds) ** 2 + b.covariance[keep, 0, 0])
        k = b.sign[0] * (b.offset[keep, 0] + slope * self.means[keep] - b.threshold[0]) / spread
        return (k, b.sign[0] * slope * sds / spread) if ndtr(k).min() > LIKELY_BOUND else None

    def _below(self, x: Floats) -> Floats:
        """Return `cdf`, without tables where one likely bound is given."""
        if self._one_bound is None:
            return self.cdf(x)
        (k, correlation), keep = self._one_bound, self.live
        h = (x[None, :] - self.means[keep, None]) / self.sds[keep, None]
        return np.asarray(np.clip(self.weights[keep] @ _bivariate(h, k[:, None], -correlation[:, None]), 0, 1))

    @cached_property
    def _range(self) -> tuple[float, float]:
        if self._one_bound is None and self.table is not None:
            return float(self.table.x[:, 0].min()), float(self.table.x[:, -1].max())
        means, sds = self.means[self.live], self.sds[self.live]
        return float((means - NINE_SD * sds).min()), float((means + NINE_SD * sds).max())

    def _grid(self, p: Floats) -> Floats:
        """Return rising logs that enclose the quantiles at p; for normals by the inequality of Cantelli."""
        low, high = self._range
        if self.bounds is not None or not ((p > 0) & (p < 1)).all():
            return np.linspace(low, high, TABLE_STEPS)
        weights, means, sds = self.weights[self.live], self.means[self.live], self.sds[self.live]
        weights = weights / weights.sum()
        middle = float(weights @ means)
        spread = float(np.sqrt(weights @ (sds**2 + (means - middle) ** 2)))
        below, above = float(np.sqrt(1 / p.min() - 1)), float(np.sqrt(1 / (1 - p.max()) - 1))
        margin = CANTELLI_MARGIN * spread
        return np.linspace(
            max(low, middle - below * spread - margin), min(high, middle + above * spread + margin), NORMAL_STEPS
        )

    def quantile(self, p: Floats | Sequence[float] | float) -> Floats:
        """Return the logs at the given probabilities: a grid, then regula falsi within the step that holds each."""
        wanted = np.atleast_1d(np.asarray(p, dtype=float))
        grid = self._grid(wanted)
        at = self._below(grid)
        i = np.clip(np.searchsorted(at, wanted), 1, len(grid) - 1)
        low, high, f_low, f_high = grid[i - 1], grid[i], at[i - 1] - wanted, at[i] - wanted
        for turn in range(BISECTIONS):
            if (high - low).max() < CLOSE:
                break
            flat = f_high - f_low
            middle = (low + high) / 2
            if turn % 3:  # every third step halves, so that a step in the distribution costs no more than bisection
                middle = np.where(flat > 0, low - f_low * (high - low) / np.where(flat > 0, flat, 1), middle)
                edge = (high - low) * 1e-3
                middle = np.clip(middle, low + edge, high - edge)
            f = self._below(middle) - wanted
            below = f < 0
            low, f_low = np.where(below, middle, low), np.where(below, f, f_low)
            high, f_high = np.where(below, high, middle), np.where(below, f_high, f)
        return np.asarray((low + high) / 2)

    @cached_property
    def interval(self) -> tuple[float, float, float]:
        """Low, best and high of the quantity (90%), in its unit."""
        low, best, high = np.exp(self.quantile(INTERVAL))
        return float(low), float(best), float(high)

    def at_least(self, value: float) -> float:
        """Return the probability that the quantity is at least the value; exact in the far tail."""
        return float(self.sf(np.log(value))[0]) if value > 0 else 1.0

    def at_most(self, value: float) -> float:
        """Return the probability that the quantity is at most the value; exact in the far tail."""
        return float(self.cdf(np.log(value))[0]) if value > 0 else 0.0


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


def invert(cdf: Callable[[Floats], Floats], p: Floats | float, means: Floats, sds: Floats) -> Floats:
    """Return the logs (n,) at which `cdf` reaches p, by bisection over the range of normals (readings, n or 1)."""
    low, high = (means - NINE_SD * sds).min(axis=0), (means + NINE_SD * sds).max(axis=0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = cdf(middle) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def design(reading: Reading, quantities: list[str]) -> tuple[Floats, Floats, list[str]]:
    """Return means (n,) and loadings (n, factors) of the logs, in units of log it_mw, and the factors' names."""
    mean, load, slots = Readings.of([reading]).design(tuple(quantities))
    return mean[0], load[0], [reading.factor_name(slot) for slot in slots]


def solve(reading: Reading, target: str, firm: list[Given], bounds: list[Given], extra_sd: float = 0.0) -> Solved:
    """Solve one reading for the log of a target: generalised least squares with an unknown size.

    `firm` are the two-sided givens, `bounds` the one-sided ones; `extra_sd` widens every two-sided given.
    """
    return _mix(Readings.of([reading]), target, firm, bounds, extra_sd)[0].solved[0]


def _mix(
    readings: Readings, target: str, firm: list[Given], bounds: list[Given], extra_sd: float
) -> tuple[Posterior, float]:
    """Return the posterior and the log marginal likelihood; `firm` is not empty."""
    noise = tuple(float(np.hypot(g.sd, extra_sd)) for g in firm)
    system = _system(readings, target, [g.quantity for g in firm], [g.quantity for g in bounds], noise)
    gaps = np.array([g.log for g in firm]) - system.given_base
    means = system.base + (system.weights @ gaps[:, :, None])[:, :, 0]
    misfit = (gaps[:, None, :] @ system.projector @ gaps[:, :, None])[:, 0, 0]
    likelihoods = -0.5 * ((len(firm) - 1) * np.log(2 * np.pi) + system.log_determinant + misfit)
    truncation, inside = _truncate(means, system.joint, bounds)
    likelihoods = likelihoods + inside
    logs = readings.log_priors + likelihoods
    evidence = float(logsumexp(logs))
    if not np.isfinite(evidence):
        named = ", ".join(g.text() for g in (*firm, *bounds))
        raise BadInputError(f"the givens {named} cannot hold together; leave out the one you trust least")
    sds = np.sqrt(np.maximum(system.joint[:, 0, 0], EXACT**2))
    mixed = Posterior(readings, np.exp(logs - evidence), means[:, 0], sds, likelihoods, gaps, system, truncation)
    return mixed, evidence


def _truncate(means: Floats, joint: Floats, bounds: list[Given]) -> tuple[Truncation | None, Floats | float]:
    """Return one-sided givens conditioned on the target, and the log probability (R,) that they hold."""
    if not bounds:
        return None, 0.0
    sign = np.array([1.0 if g.high is None else -1.0 for g in bounds])
    threshold = np.log(np.array([g.low if g.high is None else g.high for g in bounds], dtype=float))
    slope = joint[:, 1:, 0] / np.maximum(joint[:, 0, 0], EXACT**2)[:, None]
    jitter, signs = np.eye(len(bounds)) * EXACT**2, np.outer(sign, sign)
    remaining = joint[:, 1:, 1:] - slope[:, :, None] * joint[:, None, 0, 1:] + jitter
    inside = orthant((sign * (means[:, 1:] - threshold))[:, None, :], signs * (joint[:, 1:, 1:] + jitter))[:, 0]
    return Truncation(means[:, 1:] - slope * means[:, :1], slope, threshold, sign, signs * remaining), inside


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

    All givens have two sides. Weights and variances do not depend on the value, so each reading is solved once;
    readings that weigh less than UNSEEN together at every value are not counted.
    """
    first, _ = _mix(Readings.of(readings), target, list(givens), [], 0.0)
    system, delta = first.system, logs - givens[-1].log
    gap = first.gaps[:, :, None] + np.eye(len(givens))[-1][None, :, None] * delta  # (R, n, V)
    misfit = np.einsum("riv,rij,rjv->rv", gap, system.projector, gap)
    likely = first.readings.log_priors[:, None] - 0.5 * (system.log_determinant[:, None] + misfit)
    weights = np.exp(likely - logsumexp(likely, axis=0))
    most = weights.max(axis=1)
    order = np.argsort(most)
    keep = np.sort(order[np.cumsum(most[order]) > UNSEEN])
    weights = weights[keep] / weights[keep].sum(axis=0)
    means = (first.means[:, None] + system.weights[:, 0, -1:] * delta)[keep]
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
    sizes = np.array([g.log for g in bounds]) - np.exp(kept.log_priors) @ mean
    low = [(-size, i) for i, (g, size) in enumerate(zip(bounds, sizes, strict=True)) if not g.capped]
    high = [(size, i) for i, (g, size) in enumerate(zip(bounds, sizes, strict=True)) if g.capped]
    best = [bounds[min(side)[1]] for side in (low, high) if side]
    return [g for g in givens if not g.bound or g in best]


def alone(target: str, given: Given, readings: Sequence[Reading]) -> tuple[float, float, float]:
    """Return low, best and high of a target by one two-sided given alone, worked out once for a set of readings."""
    kept = Readings.of(readings)
    key = (target, given)
    if key not in kept.intervals:
        kept.intervals[key] = posterior(target, [given], kept)[0].interval
    return kept.intervals[key]


def posterior(
    target: str, givens: Sequence[Given], readings: Sequence[Reading], extra_sd: float = 0.0
) -> tuple[Posterior, float]:
    """Return the posterior of a target under a set of readings, and the log marginal likelihood of the givens.

    `extra_sd` widens every given (a hypothesis under which the numbers are not tied to one another). Where no given
    has two sides and some bound from above, the answer is a ceiling: what the site could hold if the tightest of them
    were used in full. Raises BadInputError if nothing bounds the target from above.
    """
    kept = Readings.of(readings)
    firm, bounds = [g for g in givens if not g.bound], [g for g in givens if g.bound]
    caps = [g for g in bounds if g.capped] if not firm else []
    if caps:
        full = [replace(_mix(kept, target, [_in_full(g)], [], extra_sd)[0], ceiling=True) for g in caps]
        tightest = min(full, key=lambda p: float(p.quantile(MEDIAN)[0]))
        return tightest, 0.0
    if not firm:
        named = ", ".join(g.text() for g in givens)
        raise BadInputError(f"{named or 'nothing'} leaves {target} unbounded; add a given with two sides")
    return _mix(kept, target, firm, bounds, extra_sd)
