"""Time one step that may take months: when it began, was half done, and was complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osint._segments import FREEDOM, student

DURATIONS = np.array([0, 4, 8, 12, 16, 20, 25, 30, 36, 43, 52, 62, 75, 90, 110, 130, 150], float)
"""Days a step may take; the prior thins out with length, half of it lies below a month."""
END_SHARE = 0.75
"""Share of the log likelihood that counts for begin and end; set by coverage in simulated trials."""
CELLS = 2_000_000
LEVEL_ERROR = 0.03
"""Share of the step by which haze, gain and sun angle move a single value, on top of the scatter."""
SHAPE_ERROR = 0.12
"""Share of the step by which work half done departs from a straight ramp, at its middle."""


@dataclass(frozen=True)
class Moments:
    """Intervals in days since 1970-01-01, and the levels they rest on."""

    intervals: tuple[tuple[float, float, float], ...]
    """(low, best, high) of begin, half and end."""
    before: np.ndarray
    after: np.ndarray


def moments(
    days: np.ndarray,
    values: np.ndarray,
    cut: int,
    *,
    scatter: np.ndarray,
    temper: float,
    coverage: float,
) -> Moments:
    """Return when the step near index `cut` of `values` (n, bands) began, was half done and ended.

    Every begin and duration on a grid gets its likelihood, with the two levels fitted by weights for
    Student-t scatter.
    """
    begins, durations, prior = _grid(days, cut)
    likelihood = np.empty(len(begins))
    before, after = np.empty((2, len(begins), values.shape[1]))
    guess = np.array([np.median(values[:cut], axis=0), np.median(values[cut:], axis=0)])
    size = max(1, CELLS // (len(days) * values.shape[1]))
    for first in range(0, len(begins), size):
        part = slice(first, first + size)
        share = _share(days, begins[part], durations[part])
        likelihood[part], before[part], after[part] = _levelled(values, share, scatter, guess)
    weight = _weights(likelihood, prior, temper)
    # where a change starts and ends hangs on few values and on its shape, its middle on all of them
    loose = _weights(likelihood, prior, temper * END_SHARE)
    tails = ((1 - coverage) / 2, 0.5, (1 + coverage) / 2)
    moments = ((begins, loose), (begins + durations / 2, weight), (begins + durations, loose))
    intervals = tuple(tuple(_quantile(m, w, q) for q in tails) for m, w in moments)
    return Moments(intervals, weight @ before, weight @ after)  # type: ignore[arg-type]


def _weights(likelihood: np.ndarray, prior: np.ndarray, temper: float) -> np.ndarray:
    weight = np.exp(temper * (likelihood - likelihood.max())) * prior
    return weight / weight.sum()


def _grid(days: np.ndarray, cut: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return begins, durations and prior weight of every candidate that leaves values on both sides."""
    first, last = days[0], days[-1]
    left, right = days[max(cut - 1, 0)], days[min(cut, len(days) - 1)]
    reach = max(120.0, 2 * (right - left))
    # half-way moments, fine near the cut and coarser away from it
    near = np.arange(max(first, left - 60), min(last, right + 60) + 1, 1.0)
    far = np.arange(max(first, left - reach), min(last, right + reach) + 1, 6.0)
    far = far[(far < near[0]) | (far > near[-1])]
    middles = np.concatenate([near, far])
    width = np.concatenate([np.ones(len(near)), np.full(len(far), 6.0)])
    steps = np.gradient(DURATIONS)
    chance = steps / (20 + DURATIONS) ** 1.3
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
    return np.clip(elapsed / np.maximum(durations[:, None], 1e-6), 0, 1)


def _levelled(
    values: np.ndarray, share: np.ndarray, scatter: np.ndarray, guess: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log likelihood and both levels of each candidate, fitted by reweighted least squares."""
    total = np.zeros(len(share))
    lows, highs = np.empty((2, len(share), values.shape[1]))
    rest = 1 - share
    jump = np.abs(guess[1] - guess[0])
    for band in range(values.shape[1]):
        column = values[:, band]
        # loosely tied to the medians, so that a level seen by no value cannot run away
        tie = (scatter[band] / (0.3 * jump[band] + scatter[band])) ** 2
        doubt = LEVEL_ERROR * share + SHAPE_ERROR * 4 * share * rest
        scale = np.sqrt(scatter[band] ** 2 + (jump[band] * doubt) ** 2)
        weight = 1 / (scale / scatter[band]) ** 2
        for _ in range(5):
            aa = (weight * rest * rest).sum(1) + tie
            bb = (weight * share * share).sum(1) + tie
            ab = (weight * rest * share).sum(1)
            ay = (weight * rest) @ column + tie * guess[0, band]
            by = (weight * share) @ column + tie * guess[1, band]
            det = aa * bb - ab * ab + 1e-12
            low, high = (bb * ay - ab * by) / det, (aa * by - ab * ay) / det
            low, high = (np.clip(v, column.min(), column.max()) for v in (low, high))
            residual = column - low[:, None] * rest - high[:, None] * share
            weight = (FREEDOM + 1) / (FREEDOM + (residual / scale) ** 2) / (scale / scatter[band]) ** 2
        total += student(residual, scale).sum(1)
        lows[:, band], highs[:, band] = low, high
    return total, lows, highs


def _quantile(points: np.ndarray, weight: np.ndarray, share: float) -> float:
    order = np.argsort(points, kind="stable")
    cumulative = np.cumsum(weight[order])
    return float(points[order[min(int(np.searchsorted(cumulative, share)), len(points) - 1)]])
