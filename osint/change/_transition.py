"""Time one step that may take months: when it began, was half done, and was complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osint.change._segmentation import FREEDOM, YEAR_DAYS, Fit, misread_floor, student

DURATIONS = np.array([0, 4, 8, 12, 16, 20, 25, 30, 36, 43, 52, 62, 75, 90, 110, 130, 150], float)  # days
DURATION_DAYS, DURATION_POWER = 20, 1.3  # a duration has the prior (DURATION_DAYS + duration) ** -DURATION_POWER
BEGIN_SHARE = 0.75  # share of the log likelihood that counts for the begin, which ground broken and stores blur
RAMP_CELLS = 2_000_000  # cells of an array that are worked on at once; steers memory, not results
CELL_DAYS, COARSE_CELL_DAYS = 1.0, 6.0  # spacing of half-way moments near to the cut, and away from it
FINE_DAYS, REACH_MIN_DAYS, REACH_GAPS = 60, 120.0, 2  # from the cut; over the gap there
LEVEL_ERROR = 0.03  # share of the step by which haze, gain and sun angle move a value, in addition to the scatter
SHAPE_ERROR = 0.12  # share of the step by which work half done departs from a straight ramp, at its middle
LEVEL_TIE = 0.3  # deviation of a level from the median of its side, over the step, so that an unseen one stays near
WAVE_DOUBT, WAVE_TIE = 0.7, 1e-3  # error of the yearly wave on either side, over the wave; its least, over the scatter
AFTER_WAVE = 0.1  # yearly wave of the new level, over the step: the sun on what stands out looks like a slow ramp
LEVEL_REWEIGHTINGS = 4
COVERAGE = 0.9  # probability that an interval holds its moment, unless another is asked for


@dataclass(frozen=True)
class Moments:
    """When a change happened, (low, best, high) in days since 1970-01-01, and the levels that this rests on."""

    group: list[int]
    """Indices of the steps of a fit that make up the change."""
    begun: tuple[float, float, float]
    half: tuple[float, float, float]
    complete: tuple[float, float, float]
    before: np.ndarray
    after: np.ndarray
    likelihood: float
    """Log likelihood of the best ramp."""

    def share(self, days: np.ndarray) -> np.ndarray:
        """Return (n,): how much of the change has happened on each day."""
        return np.clip((days - self.begun[1]) / max(self.complete[1] - self.begun[1], 1e-3), 0, 1)


def moments(fit: Fit, group: list[int], coverage: float) -> Moments:
    """Return when the change that a `group` of steps of a fit makes up began, was half done and ended.

    Every begin and duration on a grid gets its likelihood. The two levels are integrated out about their fit
    by weights for Student-t scatter, and so is the error of the yearly wave that was taken off the values, on either
    side of the step, with a wave of the new level of its own: where few values follow, either would bend the ramp.
    """
    # the window ends at the neighbouring steps, also at those too small to report: one level a side
    part = fit.span(group)
    days, values, scales = fit.days[part], fit.values[part], fit.scales[part]
    contrasts = fit.contrasts
    cut = fit.cuts[max(group, key=lambda step: contrasts[step])] - part.start
    begins, durations, prior = _grid(days, cut)
    likelihood, plain = np.zeros((2, len(begins)))
    before, after = np.empty((2, len(begins), values.shape[1]))
    guess = np.array([np.median(values[:cut], axis=0), np.median(values[cut:], axis=0)])
    swing = np.zeros(values.shape[1]) if fit.wave is None else np.std(fit.wave, axis=0)
    phase = 2 * np.pi * days / YEAR_DAYS
    shapes = np.column_stack([np.ones(len(days)), np.cos(phase), np.sin(phase)])
    size = max(1, RAMP_CELLS // (len(days) * values.shape[1]))
    for first in range(0, len(begins), size):
        part = slice(first, first + size)
        share = _share(days, begins[part], durations[part])
        for band in range(values.shape[1]):
            alone, cost, before[part, band], after[part, band] = _levelled(
                values[:, band], share, scales[:, band], guess[:, band], shapes, float(swing[band])
            )
            plain[part] += alone
            likelihood[part] += alone - cost
    weight = _weights(likelihood, prior, fit.temper)
    loose = _weights(likelihood, prior, fit.temper * BEGIN_SHARE)
    begun, half, complete = (
        interval_of(moment, weights, coverage)
        for moment, weights in ((begins, loose), (begins + durations / 2, weight), (begins + durations, weight))
    )
    return Moments(group, begun, half, complete, weight @ before, weight @ after, float(plain.max()))


def _weights(likelihood: np.ndarray, prior: np.ndarray, temper: float) -> np.ndarray:
    weight = np.exp(temper * (likelihood - likelihood.max())) * prior
    return np.asarray(weight / weight.sum())


def _grid(days: np.ndarray, cut: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return begins, durations and prior weight of every candidate that leaves values on both sides."""
    first, last = days[0], days[-1]
    left, right = days[max(cut - 1, 0)], days[min(cut, len(days) - 1)]
    reach = max(REACH_MIN_DAYS, REACH_GAPS * (right - left))
    # half-way moments, fine near the cut and coarser away from it
    near = np.arange(max(first, left - FINE_DAYS), min(last, right + FINE_DAYS) + 1, CELL_DAYS)
    far = np.arange(max(first, left - reach), min(last, right + reach) + 1, COARSE_CELL_DAYS)
    far = far[(far < near[0]) | (far > near[-1])]
    middles = np.concatenate([near, far])
    width = np.concatenate([np.ones(len(near)), np.full(len(far), COARSE_CELL_DAYS)])
    steps = np.gradient(DURATIONS)
    chance = steps / (DURATION_DAYS + DURATIONS) ** DURATION_POWER
    begins = (middles[:, None] - DURATIONS / 2).ravel()
    durations = np.broadcast_to(DURATIONS, (len(middles), len(DURATIONS))).ravel()
    prior = (width[:, None] * chance).ravel()
    fits = (begins >= first) & (begins + durations <= last)
    if not fits.any():
        fits[:] = True
    return begins[fits], durations[fits], prior[fits]


def _share(days: np.ndarray, begins: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Return (candidates, n): how much of the step has happened at each value."""
    elapsed = days[None] - begins[:, None]
    return np.asarray(np.clip(elapsed / np.maximum(durations[:, None], 1e-6), 0, 1))


def doubt(share: np.ndarray) -> np.ndarray:
    """Return the error of a value at which `share` of a step has happened, over the step."""
    return np.asarray(LEVEL_ERROR * share + SHAPE_ERROR * 4 * share * (1 - share))


def _levelled(
    column: np.ndarray, share: np.ndarray, scatter: np.ndarray, guess: np.ndarray, shapes: np.ndarray, swing: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return log likelihood, what integrating costs, and both levels of each candidate, by reweighted least squares.

    The model is (1 - share) times one combination of `shapes` (n, 3) plus share times another.
    """
    count = shapes.shape[1]
    jump = abs(guess[1] - guess[0])
    typical = float(np.median(scatter))
    # loosely tied to the medians, so that a level seen by no value cannot run away
    level, before, after = LEVEL_TIE * jump + typical, WAVE_DOUBT * swing + WAVE_TIE * typical, AFTER_WAVE * jump
    ties = np.diag(np.array([level, before, before, level, *[np.hypot(before, after)] * 2]) ** -2)
    aims = np.zeros(2 * count)
    aims[0], aims[count] = guess
    rest = 1 - share
    scale = np.sqrt(scatter**2 + (jump * doubt(share)) ** 2)
    pairs = (shapes[:, :, None] * shapes[:, None]).reshape(len(column), -1)
    weight = scale**-2
    # densities without logarithms: this loop takes most of the time there is
    peak, floor = np.exp(student(np.zeros(1), 1.0)[0]) / scale, np.exp(misread_floor(column))
    for _ in range(LEVEL_REWEIGHTINGS):
        one, two = weight * rest, weight * share
        blocks = [(w @ pairs).reshape(-1, count, count) for w in (one * rest, one * share, two * share)]
        matrix = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]]) + ties
        aim = np.concatenate([one @ (shapes * column[:, None]), two @ (shapes * column[:, None])], axis=1) + ties @ aims
        found = np.linalg.solve(matrix, aim[:, :, None])[:, :, 0]
        fitted = rest * (found[:, :count] @ shapes.T) + share * (found[:, count:] @ shapes.T)
        spread = 1 + ((column - fitted) / scale) ** 2 / FREEDOM
        density = peak / (spread * spread * np.sqrt(spread))
        weight = density / (density + floor) * (FREEDOM + 1) / FREEDOM / spread / scale**2
    away = found - aims
    cost = 0.5 * np.einsum("ci,ij,cj->c", away, ties, away) + 0.5 * np.linalg.slogdet(matrix)[1]
    return np.log(density + floor).sum(1), cost, found[:, 0], found[:, count]


def interval_of(points: np.ndarray, weight: np.ndarray, coverage: float) -> tuple[float, float, float]:
    """Return low, median and high of weighted points, the bounds on the outer edges of their cells."""
    order = np.argsort(points, kind="stable")
    places = np.searchsorted(np.cumsum(weight[order]), [(1 - coverage) / 2, 0.5, (1 + coverage) / 2])
    low, best, high = points[order[np.minimum(places, len(points) - 1)]].tolist()
    return low - CELL_DAYS / 2, best, high + CELL_DAYS / 2
