"""Cut a series into constant levels: the exact posterior of how many steps there are, and their most probable places.

Segments are independent given their ends, levels are integrated on a grid, scatter is Student-t: the forward sums of
Fearnhead (2006) then give the posterior without sampling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.special import gammaln, logsumexp

FREEDOM = 4.0  # degrees of freedom of the Student-t scatter: heavy enough tails for missed cloud
MISREAD_SHARE = 0.03  # share of values that are outliers
MISREAD_RANGE = 2  # outliers lie anywhere in this many times the range of the values
MAD_TO_SD = 1.4826  # standard deviation over median absolute deviation of a normal distribution
YEAR_DAYS = 365.25
WAVE_MIN_YEARS, WAVE_MIN_VALUES = 1.4, 30  # length and size of a series from which a yearly wave is looked for
WAVE_MIN_SHARE = 0.25  # deviation of a yearly wave over the scatter, in the clearest band, below which it is left out
OWN_WAVE_DAYS = 730  # stretch that may have a yearly wave of its own; in a shorter one it looks like a later step
SECOND_WAVE_DAYS = 800  # length of a series from which a wave of half a year is fitted too
WAVE_COST = 4  # coefficients per band that a yearly wave is charged for
WAVE_ROUNDS = 8  # reweightings of the fit of a wave
EDGE_VALUES = 6  # fewest values of a level at either end of a long series: an end is seen from one side only
SIDE_VALUES = 6  # values on one side of a step that weigh as much as the common scatter in that side's own
SHORTEST = ((60, 4), (20, 3), (0, 2))  # number of values of a series, and fewest values of a level from that number on
LEAST_SCATTER_FACTOR = 0.8  # the scatter is not narrowed below this share of what neighbours show
LEAST_SCATTER_SHARE = 1e-3  # least scatter over the range of the values
ALIKE_NEAR_DAYS, ALIKE_MIN_PAIRS = 15, 15  # days apart, and how many, for scatter alike in time
ALIKE_MAX_Z, ALIKE_MAX = 3, 0.8  # deviations to which values are clipped for it; largest correlation that is believed
MOST_STEPS = 6  # steps of one series that are looked for
STEP_LOG_PRIOR = np.log(0.2)  # each further step is five times less likely than one fewer
GRID_SHARE, GRID_LEAST, GRID_MOST = 0.25, 24, 160  # of the grid of levels: spacing over the scatter, points
RANGE_QUANTILES = (0.01, 0.99)  # quantiles of the values between which levels are looked for
MARGINAL_CELLS = 1_000_000  # cells of an array that are worked on at once; steers memory, not results


@dataclass(frozen=True)
class Fit:
    """The most probable segmentation, and what is known of its steps."""

    days: np.ndarray
    """(n,) days since 1970-01-01."""
    cuts: list[int]
    """Index of the first value after each step."""
    levels: np.ndarray
    """(segments, bands)."""
    values: np.ndarray
    """(n, bands) with the yearly wave taken off, if one was found."""
    scales: np.ndarray
    """(n, bands) robust deviation of each value about its level."""
    log_odds: float
    """Log of the evidence for at least one step over none (priors included)."""
    temper: float
    """Share of a value's log likelihood that counts, for scatter that is alike in time and between bands."""
    wave: np.ndarray | None = None
    """(n, bands) the yearly wave that was taken off."""

    @property
    def edges(self) -> list[int]:
        """Index of the first value of each segment, and the number of values."""
        return [0, *self.cuts, len(self.days)]

    @property
    def stairs(self) -> np.ndarray:
        """(n, bands) level of each value."""
        return np.repeat(self.levels, np.diff(self.edges), axis=0)

    @property
    def scatter(self) -> np.ndarray:
        """(bands,) deviation of a typical value."""
        return np.asarray(np.median(self.scales, axis=0))

    @property
    def contrasts(self) -> np.ndarray:
        """(steps,) size of each step over the scatter of the values next to it, in the clearest band."""
        sizes = np.abs(np.diff(self.levels, axis=0))
        return np.asarray(np.max(sizes / [self.scatter_at(cut) for cut in self.cuts], axis=1))

    def scatter_at(self, cut: int) -> np.ndarray:
        """Return the deviation (bands,) of values on both sides of a step."""
        return np.asarray(np.sqrt((self.scales[cut - 1] ** 2 + self.scales[cut] ** 2) / 2))

    def span(self, group: list[int]) -> slice:
        """Return the values from the step before a `group` of steps (indices, in order) to the step after it."""
        return slice(self.edges[group[0]], self.edges[group[-1] + 2])


def segment(days: np.ndarray, values: np.ndarray, sigma: np.ndarray | None) -> Fit:
    """Return the segmentation of `values` (n, bands) at `days` (n), with or without a yearly wave."""
    plain = _settled(days, values, sigma)
    if days[-1] - days[0] < WAVE_MIN_YEARS * YEAR_DAYS or len(days) < WAVE_MIN_VALUES:
        return plain
    # at most one step, so that steps cannot follow the seasons before the wave is known
    single = plain if len(plain.cuts) <= 1 else _settled(days, values, sigma, 1)
    wave = _wave(days, values, single.cuts)
    if np.all(np.std(wave, axis=0) < WAVE_MIN_SHARE * plain.scatter):
        return plain
    seasonal = _settled(days, values - wave, sigma)
    wave = _wave(days, values, seasonal.cuts)
    seasonal = _settled(days, values - wave, sigma)
    # scatter that is alike in time and between bands counts once, also in the choice between the two
    temper = min(plain.temper, seasonal.temper)
    better = _criterion(seasonal, temper, WAVE_COST * values.shape[1]) < _criterion(plain, temper, 0)
    return replace(seasonal, wave=wave) if better else plain


def _criterion(fit: Fit, temper: float, extra: int) -> float:
    """Return the Bayesian information criterion of a fit that has `extra` coefficients in addition to its levels."""
    count, bands = fit.values.shape
    likelihood = temper * student(fit.values - fit.stairs, fit.scales).sum()
    free = extra + fit.levels.size + len(fit.cuts) + bands
    return float(free * np.log(count) - 2 * likelihood)


def student(residual: np.ndarray, scale: np.ndarray | float, floor: float = -np.inf) -> np.ndarray:
    """Return the log density of `residual` under Student-t scatter of `scale` (same unit).

    `floor` is the log density of an outlier, which is independent of `scale`.
    """
    constant = gammaln((FREEDOM + 1) / 2) - gammaln(FREEDOM / 2) - 0.5 * np.log(FREEDOM * np.pi)
    density = constant - np.log(scale) - (FREEDOM + 1) / 2 * np.log1p((residual / scale) ** 2 / FREEDOM)
    return np.asarray(density if floor == -np.inf else np.log(np.exp(density) + np.exp(floor)))


def misread_floor(column: np.ndarray) -> float:
    """Return the log density of a misread value: MISREAD_SHARE of them lie anywhere in twice the range of `column`."""
    return float(np.log(MISREAD_SHARE / max(MISREAD_RANGE * np.ptp(column), 1e-12)))


def _settled(days: np.ndarray, values: np.ndarray, sigma: np.ndarray | None, max_steps: int = MOST_STEPS) -> Fit:
    """Fit twice: the scatter about the first fit's levels is the scatter of the second.

    Either side of the largest step has its own scatter: what stands out more also varies more with sun and haze.
    """
    start = _floored(jump_sd(values), values)
    base = np.broadcast_to(start, values.shape) if sigma is None else sigma
    fit = _fitted(days, values, base, 1.0, max_steps)
    residual = values - fit.stairs
    sizes = np.linalg.norm(np.diff(fit.levels, axis=0) / fit.scatter, axis=1)
    cut = fit.cuts[int(np.argmax(sizes))] if fit.cuts else 0
    scales = np.array(base)
    for side in (slice(0, cut), slice(cut, None)):
        count = len(scales[side])
        if count >= SIDE_VALUES:
            share = jump_sd(values[side] / base[side])
            share = np.sqrt((SIDE_VALUES + count * share**2) / (SIDE_VALUES + count))
            # a stated sigma that is too small is widened to what the values show, never narrowed
            scales[side] *= share if sigma is None else np.maximum(share, 1.0)
    excess = mad_sd(residual / scales, axis=0)
    scales *= np.maximum(excess, LEAST_SCATTER_FACTOR if sigma is None else 1.0)
    scales = np.maximum(scales, _floored(np.zeros(values.shape[1]), values))
    return _fitted(days, values, scales, _temper(days, residual / scales), max_steps)


def mad_sd(residual: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Return the robust standard deviation of residuals along `axis`: their median size times MAD_TO_SD."""
    return np.asarray(np.median(np.abs(residual), axis=axis) * MAD_TO_SD)


def jump_sd(values: np.ndarray) -> np.ndarray:
    """Return the scatter (bands,) that jumps between neighbours show, whatever the levels do."""
    return np.asarray(mad_sd(np.diff(values, axis=0), axis=0) / np.sqrt(2))


def _floored(scatter: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(scatter, LEAST_SCATTER_SHARE * np.ptp(values, axis=0) + 1e-12))


def _temper(days: np.ndarray, residual: np.ndarray) -> float:
    """Return the share of independent information: scatter alike in neighbours and bands counts once."""
    clipped = np.clip(residual, -ALIKE_MAX_Z, ALIKE_MAX_Z)
    near = np.diff(days) < ALIKE_NEAR_DAYS
    rho = 0.0
    if near.sum() > ALIKE_MIN_PAIRS:
        rho = float(np.mean(clipped[1:][near] * clipped[:-1][near]) / max(np.mean(clipped**2), 1e-9))
    rho = float(np.clip(rho, 0, ALIKE_MAX))
    return float((1 - rho) / (1 + rho) / told_again(clipped))


def told_again(residual: np.ndarray) -> float:
    """Return how many bands of a `residual` (n, bands) tell the same: 1 if none is like another, all if all are."""
    bands = residual.shape[1]
    if bands == 1 or not np.all(residual.std(axis=0) > 0):
        return 1.0
    alike = float(np.clip(np.abs(np.corrcoef(residual.T)[np.triu_indices(bands, 1)]).mean(), 0, 1))
    return float(1 + (bands - 1) * alike)


def _fitted(days: np.ndarray, values: np.ndarray, scales: np.ndarray, temper: float, max_steps: int) -> Fit:
    """Return the fit of given scales."""
    count = len(days)
    shortest = next(least for values_from, least in SHORTEST if count >= values_from)
    inside = temper * _marginals(values, scales)
    width = np.subtract.outer(np.arange(count + 1), np.arange(count + 1)).T
    inside = np.where(width >= shortest, inside, -np.inf)
    # a few misread values at an end do not make a level
    if count >= SHORTEST[0][0]:
        inside[0, :EDGE_VALUES], inside[count + 1 - EDGE_VALUES :, count] = -np.inf, -np.inf
    gaps = np.full(count, -np.inf)
    gaps[1:] = np.log(np.maximum(np.diff(days), 1e-3) / max(days[-1] - days[0], 1e-3))
    forward = [inside[0]]
    with np.errstate(divide="ignore"):
        for _ in range(max_steps):
            forward.append(logsumexp(forward[-1][:count, None] + gaps[:, None] + inside[:count], axis=0))
    steps = np.arange(max_steps + 1)
    evidence = np.array([f[count] for f in forward]) + steps * STEP_LOG_PRIOR + gammaln(steps + 1)
    best = int(np.argmax(evidence))
    cuts = _cuts(inside, gaps, best, count)
    log_odds = float(logsumexp(evidence[1:]) - evidence[0])
    levels = np.array([np.median(values[first:last], axis=0) for first, last in pairwise([0, *cuts, count])])
    return Fit(days, cuts, levels, values, scales, log_odds, temper)


def _marginals(values: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return (n + 1, n + 1): log evidence of values i to j - 1 having one level, all bands together."""
    count = len(values)
    out = np.full((count + 1, count + 1), -np.inf)
    out[np.triu_indices(count + 1, 1)] = 0.0
    for band in range(values.shape[1]):
        column, scale = values[:, band], scales[:, band]
        low, high = np.quantile(column, RANGE_QUANTILES)
        typical = float(np.median(scale))
        size = int(np.clip((high - low) / (GRID_SHARE * typical), GRID_LEAST, GRID_MOST))
        grid = np.linspace(low - typical, high + typical, size)
        sums = np.zeros((count + 1, size))
        sums[1:] = np.cumsum(student(column[:, None] - grid, scale[:, None], misread_floor(column)), axis=0)
        block = max(1, MARGINAL_CELLS // ((count + 1) * size))
        for first in range(0, count, block):
            rows = slice(first, min(first + block, count))
            inside = (sums[None] - sums[rows, None]).astype(np.float32)
            peak = inside.max(axis=2, keepdims=True)
            np.exp(np.subtract(inside, peak, out=inside), out=inside)
            out[rows] += peak[:, :, 0] + np.log(inside.sum(axis=2)) - np.log(size)
    return out


def _cuts(inside: np.ndarray, gaps: np.ndarray, steps: int, count: int) -> list[int]:
    """Return the most probable places of `steps` steps (Viterbi over segments)."""
    best = inside[0]
    came: list[np.ndarray] = []
    for _ in range(steps):
        options = best[:count, None] + gaps[:, None] + inside[:count]
        came.append(np.argmax(options, axis=0))
        best = np.max(options, axis=0)
    cuts: list[int] = []
    end = count
    for back in reversed(came):
        end = int(back[end])
        cuts.insert(0, end)
    return cuts


def _wave(days: np.ndarray, values: np.ndarray, cuts: list[int]) -> np.ndarray:
    """Return the yearly wave (n, bands), fitted robustly together with the levels between `cuts`."""
    phase = 2 * np.pi * days / YEAR_DAYS
    lengths = np.diff([0, *cuts, len(days)])
    stairs = np.repeat(np.eye(len(lengths)), lengths, axis=0)
    waves = np.column_stack([np.cos(phase), np.sin(phase)])
    shapes = [np.cos(2 * phase), np.sin(2 * phase)] if days[-1] - days[0] > SECOND_WAVE_DAYS else []
    # a roof has another wave than the ground it covers: the longest stretch after a step gets its own
    ends = np.cumsum(lengths)
    spans = [days[e - 1] - days[e - n] for e, n in zip(ends, lengths, strict=True)]
    longest = int(np.argmax(spans[1:])) + 1 if len(spans) > 1 else 0
    if longest and spans[longest] > OWN_WAVE_DAYS:
        waves = np.column_stack([waves, waves * stairs[:, longest : longest + 1]])
    waves = np.column_stack([waves, *shapes])
    design = np.column_stack([stairs, waves])
    out = np.empty_like(values)
    for band in range(values.shape[1]):
        column = values[:, band]
        weight = np.ones_like(column)
        for _ in range(WAVE_ROUNDS):
            root = np.sqrt(weight)
            found = np.linalg.lstsq(design * root[:, None], column * root, rcond=None)[0]
            residual = column - design @ found
            scale = mad_sd(residual) + 1e-12
            weight = 1 / (1 + (residual / scale) ** 2 / FREEDOM)
        out[:, band] = waves @ found[-waves.shape[1] :]
    return out
