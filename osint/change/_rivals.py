"""Ask what else explains a step: drift, the season, or noise that remembers (generalised least squares)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import solve_triangular

from osint.change._segmentation import SECOND_WAVE_DAYS, YEAR_DAYS

MEMORY_DAYS = (10.0, 25.0, 60.0, 150.0)
MEMORY_SHARES = (0.4, 0.7, 0.92)
"""Share of the scatter's variance that fades over MEMORY_DAYS, the rest is new with each value."""
CLIP = 3.5
"""A misread value counts as one this many deviations off."""
STEP_COST = 2.0
"""Coefficients that place and duration of a step are charged for: the best of many places is taken."""


def gains(days: np.ndarray, values: np.ndarray, scales: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return (steps,): by how much half the information criterion rises if one step is left out.

    `values` (n, bands) have scatter `scales`; `shares` (n, steps) is how much of each step has happened.
    Series with and without the step may both have drift, a yearly wave and memory, whatever suits each best.
    """
    unit = _tamed(values, scales, shares)
    bands = values.shape[1]
    alike = 0.0
    if bands > 1:
        residual = unit - _fitted(np.column_stack([np.ones(len(days)), shares]), unit)
        matrix = np.corrcoef((residual + 1e-9 * np.arange(len(days))[:, None]).T)
        alike = float(np.clip(np.abs(matrix[np.triu_indices(bands, 1)]).mean(), 0, 1))
    independent = 1 / (1 + (bands - 1) * alike)
    bases = _bases(days)
    noises = list(_noises(days))
    count = shares.shape[1]
    every = [list(range(count)), *([j for j in range(count) if j != k] for k in range(count))]
    best = [min(_criterion(noise, bases, shares[:, kept], unit, independent) for noise in noises) for kept in every]
    return (np.array(best[1:]) - best[0]) / 2


def _tamed(values: np.ndarray, scales: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return values over their typical scatter, misread ones pulled to CLIP deviations of theirs."""
    design = np.column_stack([np.ones(len(values)), shares])
    typical = np.median(scales, axis=0)
    weight = np.ones_like(values)
    fitted = values
    for _ in range(5):
        fitted = np.column_stack([_fitted(design, values[:, b], weight[:, b]) for b in range(values.shape[1])])
        weight = 1 / (1 + ((values - fitted) / scales) ** 2 / 4)
    # what varies more counts less, as far as one scatter for all goes
    residual = np.clip((values - fitted) / scales, -CLIP, CLIP) * np.minimum(scales / typical, 2)
    return fitted / typical + residual


def _fitted(design: np.ndarray, values: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    root = np.ones(len(design)) if weight is None else np.sqrt(weight)
    tall = root if values.ndim == 1 else root[:, None]
    return design @ np.linalg.lstsq(design * root[:, None], values * tall, rcond=None)[0]


def _bases(days: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """Return what a series may do without any step, and sets of columns: stay, drift, swing with the year, or both."""
    middle, span = (days[0] + days[-1]) / 2, max(days[-1] - days[0], 1.0)
    phase = 2 * np.pi * days / YEAR_DAYS
    columns = [np.ones(len(days)), (days - middle) / span, np.cos(phase), np.sin(phase)]
    sets = [[0], [0, 1], [0, 2, 3], [0, 1, 2, 3]]
    if span > SECOND_WAVE_DAYS:
        columns += [np.cos(2 * phase), np.sin(2 * phase)]
        sets.append([0, 1, 2, 3, 4, 5])
    return np.column_stack(columns), sets


def _noises(days: np.ndarray) -> Iterator[np.ndarray | None]:
    """Yield lower Cholesky factors of the correlation of values, None for none."""
    yield None
    if len(days) < 25:
        return
    apart = np.abs(days[:, None] - days)
    for memory in MEMORY_DAYS:
        for share in MEMORY_SHARES:
            yield np.linalg.cholesky(share * np.exp(-apart / memory) + (1 - share) * np.eye(len(days)))


def _criterion(
    noise: np.ndarray | None,
    bases: tuple[np.ndarray, list[list[int]]],
    steps: np.ndarray,
    unit: np.ndarray,
    independent: float,
) -> float:
    """Return the information criterion of the best base under one noise."""
    count, bands = unit.shape
    base, sets = bases
    whole = np.hstack([base, steps, unit])
    logdet = 0.0
    if noise is not None:
        whole = solve_triangular(noise, whole, lower=True, check_finite=False)
        logdet = 2 * float(np.log(np.diag(noise)).sum())
    wide, extra = base.shape[1], steps.shape[1]
    target = whole[:, wide + extra :]
    best = np.inf
    for chosen in sets:
        design = np.hstack([whole[:, chosen], whole[:, wide : wide + extra]])
        rest = target - _fitted(design, target)
        floor = 1e-6 * max(float(np.mean(target**2)), 1e-12)
        minus_twice = independent * float(np.sum(count * np.log(np.maximum(np.mean(rest**2, axis=0), floor)) + logdet))
        free = design.shape[1] * bands * independent + STEP_COST * extra + (0 if noise is None else 2)
        if count - design.shape[1] > 2:
            best = min(best, minus_twice + free * np.log(count))
    return best
