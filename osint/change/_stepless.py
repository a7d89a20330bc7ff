"""Weigh a step against what a series does without one: drift, season, and noise that remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.linalg import solve_triangular

from osint.change._segmentation import FREEDOM, SECOND_WAVE_DAYS, YEAR_DAYS, told_again

MEMORY_DAYS = (10.0, 25.0, 60.0, 150.0)
MEMORY_SHARES = (0.4, 0.7, 0.92)  # share of the variance that fades over MEMORY_DAYS; the rest is new with each value
MEMORY_MIN_VALUES = 25  # fewest values from which memory is looked for
MEMORY_COST = 2  # coefficients that memory is charged for
CLIP_Z = 3.5  # a misread value counts as one this many deviations off
WILD_FACTOR = 2  # a value's scatter counts up to this many times the typical one
TAMING_REWEIGHTINGS = 5
STEP_COST = 2.0  # coefficients that place and duration of a step are charged for: the best of many places is taken
SPARE_VALUES = 2  # values that must be left over by the coefficients of a model


def step_gains(days: np.ndarray, values: np.ndarray, scales: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return (steps,): by how much half the information criterion rises if one step is left out.

    `values` (n, bands) have scatter `scales`; `shares` (n, steps) is how much of each step has happened.
    Series with and without the step may both have drift, a yearly wave and memory, whatever suits each best.
    """
    unit = _tamed(values, scales, shares)
    residual = unit - _least_squares(np.column_stack([np.ones(len(days)), shares]), unit)
    independent = 1 / told_again(residual + 1e-9 * np.arange(len(days))[:, None])
    bases = _bases(days)
    noises = list(_noises(days))
    count = shares.shape[1]
    every = [list(range(count)), *([j for j in range(count) if j != k] for k in range(count))]
    best = np.min([_information(noise, bases, shares, unit, independent, every) for noise in noises], axis=0)
    return np.asarray((best[1:] - best[0]) / 2)


def _tamed(values: np.ndarray, scales: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return values over their typical scatter, misread ones pulled to CLIP_Z deviations of theirs."""
    design = np.column_stack([np.ones(len(values)), shares])
    typical = np.median(scales, axis=0)
    weight = np.ones_like(values)
    fitted = values
    for _ in range(TAMING_REWEIGHTINGS):
        fitted = np.column_stack([_least_squares(design, values[:, b], weight[:, b]) for b in range(values.shape[1])])
        weight = 1 / (1 + ((values - fitted) / scales) ** 2 / FREEDOM)
    # what varies more counts less, as far as one scatter for all goes
    residual = np.clip((values - fitted) / scales, -CLIP_Z, CLIP_Z) * np.minimum(scales / typical, WILD_FACTOR)
    return np.asarray(fitted / typical + residual)


def _least_squares(design: np.ndarray, values: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    root = np.ones(len(design)) if weight is None else np.sqrt(weight)
    tall = root if values.ndim == 1 else root[:, None]
    return np.asarray(design @ np.linalg.lstsq(design * root[:, None], values * tall, rcond=None)[0])


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
    if len(days) < MEMORY_MIN_VALUES:
        return
    apart = np.abs(days[:, None] - days)
    for memory in MEMORY_DAYS:
        for share in MEMORY_SHARES:
            yield np.linalg.cholesky(share * np.exp(-apart / memory) + (1 - share) * np.eye(len(days)))


def _information(
    noise: np.ndarray | None,
    bases: tuple[np.ndarray, list[list[int]]],
    steps: np.ndarray,
    unit: np.ndarray,
    independent: float,
    every: Sequence[list[int]],
) -> list[float]:
    """Return the information criterion of the best base under one noise, with each set of columns of `steps`."""
    count, bands = unit.shape
    base, sets = bases
    whole = np.hstack([base, steps, unit])
    logdet = 0.0
    if noise is not None:
        whole = solve_triangular(noise, whole, lower=True, check_finite=False)
        logdet = 2 * float(np.log(np.diag(noise)).sum())
    wide = base.shape[1]
    target = whole[:, wide + steps.shape[1] :]
    floor = 1e-6 * max(float(np.mean(target**2)), 1e-12)
    found = []
    for kept in every:
        best = np.inf
        for chosen in sets:
            design = whole[:, [*chosen, *(wide + k for k in kept)]]
            if count - design.shape[1] <= SPARE_VALUES:
                continue
            rest = target - _least_squares(design, target)
            misfit = np.sum(count * np.log(np.maximum(np.mean(rest**2, axis=0), floor)) + logdet)
            free = design.shape[1] * bands * independent + STEP_COST * len(kept) + (0 if noise is None else MEMORY_COST)
            best = min(best, independent * float(misfit) + free * np.log(count))
        found.append(best)
    return found
