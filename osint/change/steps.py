"""Find when a series stepped from one level to another, and how sure that is, or why it cannot be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from osint.change import _segmentation, _transition
from osint.change._segmentation import Fit
from osint.change._stepless import step_gains
from osint.change._transition import Moments, moments
from osint.errors import BadInputError

SECONDS_PER_DAY = 86_400
MIN_VALUES = 6  # fewest values that are dated
LEAST_COVERAGE = 0.5
MIN_LOG_ODDS = 5.0  # log odds for a step over none, all levels constant
MIN_NULL_ODDS = 3.0  # log odds for a step over drift, season and noise that remembers
MOST_LOG_ODDS = 50  # log odds from which a probability counts as one
JOIN_DAYS = 60.0  # steps nearer than this, the middle level on the way from the first to the last, are one change
ASIDE_SHARE, LEVEL_RANGE_SHARE = 0.25, 0.1  # of two steps that go one way; added to the scatter
SMALL_STEP_SHARE = 0.12  # contrast over that of the largest step below which a step is not reported
SPELL_DAYS = 150.0  # a departure that comes back within this time is weather or a misread scene, not building
SPELL_BACK_SHARE, SPELL_BACK_Z = 0.35, 1.0  # nearness to the level before: over its size, scatter
WITHOUT_SHARE, WITH_SHARE = 0.2, 0.8  # share of a step below which a value is without it, and above which it is with it
SPELL_ROUNDS = 6  # most spells that are left out of a series


class NoStep(StrEnum):
    """Why a series has no step; `reasons.Reason` has the same names."""

    TOO_FEW_VALUES = "too few values"
    NO_CHANGE = "no change"
    LOW_CONTRAST = "contrast too low"


@dataclass(frozen=True)
class Interval:
    """A moment known between two bounds."""

    low: np.datetime64
    best: np.datetime64
    high: np.datetime64


@dataclass(frozen=True)
class Step:
    """One lasting change of level; `low`, `best` and `high` are the moment at which half of it had happened."""

    low: np.datetime64
    best: np.datetime64
    high: np.datetime64
    begun: Interval
    """When the change began to show."""
    complete: Interval
    """When the new level was reached."""
    coverage: float
    """Stated probability that each interval holds its moment, given that the step is real."""
    probability: float
    """That there is a step at all."""
    size: np.ndarray
    """New level minus old, one number per band, in the units of the values."""
    before: np.ndarray
    after: np.ndarray
    contrast: float
    """Size over the scatter of single values, in the clearest band."""
    gap_days: float
    """Longest time without a value inside or next to the interval."""


@dataclass(frozen=True)
class Steps:
    """The steps of one series, or none with the reason; iterates over its steps."""

    steps: tuple[Step, ...]
    scatter: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """Robust standard deviation of single values about their level, one number per band."""
    no_step: NoStep | None = None
    """Why there is no step."""
    told: str = ""
    """Figures and details of it."""

    @property
    def reason(self) -> str:
        """Why there is no step, in English; empty if there is one."""
        return f"{self.no_step}: {self.told}" if self.no_step else ""

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


def _none(why: NoStep, told: str, scatter: np.ndarray | None = None) -> Steps:
    return Steps((), np.zeros(0) if scatter is None else scatter, why, told)


def date_step(
    times: ArrayLike | Sequence[Any],
    values: ArrayLike,
    sigma: ArrayLike | None = None,
    *,
    coverage: float = _transition.COVERAGE,
    spell_days: float = SPELL_DAYS,
) -> Steps:
    """Return the steps of an irregular series, each with an interval of the stated `coverage`.

    `times` are n dates (anything pandas reads; bare numbers are days since 1970-01-01), `values` is (n,) or
    (n, bands) in any unit, NaN is missing. `sigma`, if known, is the standard deviation of one value: a
    number, one per band, or one per value. What departs and comes back within `spell_days` is taken for weather.

    The number and places of steps have their exact posterior under levels that are constant between steps
    and Student-t scatter (Fearnhead 2006, https://doi.org/10.1007/s11222-006-8450-8), so a few cloudy or
    misread values move nothing. The prior is uniform in time: a gap without values widens the interval. A
    step may take up to five months; begin, half and end each have their interval.
    """
    days, table, spread = _read(times, values, sigma)
    if not LEAST_COVERAGE <= coverage < 1:
        raise BadInputError(f"`coverage` is a probability from {LEAST_COVERAGE} to below 1, not {coverage}")
    count = len(days)
    if count < MIN_VALUES:
        return _none(NoStep.TOO_FEW_VALUES, f"{count} of the {MIN_VALUES} needed")
    if np.all(np.ptp(table, axis=0) == 0):
        return _none(NoStep.NO_CHANGE, "every value is the same")
    kept = np.ones(count, bool)
    for _ in range(SPELL_ROUNDS):
        fit = _segmentation.segment(days[kept], table[kept], None if spread is None else spread[kept])
        spell = _spell(fit, spell_days)
        if spell is None:
            break
        kept[np.flatnonzero(kept)[spell[0] : spell[1]]] = False
        if kept.sum() < MIN_VALUES:
            return _none(NoStep.TOO_FEW_VALUES, f"{int(kept.sum())} left without passing spells")
    return _judged(fit, coverage)


def _read(
    times: ArrayLike | Sequence[Any], values: ArrayLike, sigma: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return days, values (n, bands) and sigma (n, bands) without missing rows, in time order."""
    table = np.asarray(values, float)
    table = table[:, None] if table.ndim == 1 else table
    days = to_days(times)
    if table.ndim > len(("n", "bands")) or len(days) != len(table):
        raise BadInputError(f"`times` and `values` differ in length: {len(days)} and {table.shape}")
    spread = None
    if sigma is not None:
        given = np.asarray(sigma, float)
        per_value = given.ndim == 1 and len(given) == len(table)
        spread = np.broadcast_to(given[:, None] if per_value else given, table.shape)
        if not np.all(spread[np.isfinite(spread)] > 0):
            raise BadInputError("`sigma` must be above 0 everywhere")
    good = np.isfinite(table).all(axis=1) & np.isfinite(days)
    if spread is not None:
        good &= np.isfinite(spread).all(axis=1)
    order = np.flatnonzero(good)[np.argsort(days[good], kind="stable")]
    return days[order], table[order], None if spread is None else spread[order]


def to_days(times: ArrayLike | Sequence[Any]) -> np.ndarray:
    """Return days since 1970-01-01 (UTC) as float; NaN where a time is missing."""
    array = np.asarray(times)
    if array.dtype.kind in "if":
        return array.astype(float)
    stamps = pd.to_datetime(pd.Series(list(times)), utc=True).dt.tz_localize(None)  # type: ignore[arg-type]
    days = (stamps - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    return np.asarray(days.to_numpy(float))


def on_days(times: ArrayLike | Sequence[Any], days: np.ndarray) -> np.ndarray:
    """Return (n,) bool: which of n times are among `days` (since 1970-01-01), to about ten seconds."""
    return np.isin(np.round(to_days(times), 4), np.round(days, 4))


def to_day(moment: np.datetime64) -> float:
    """Return the days from 1970-01-01 (UTC) to a moment.

    >>> to_day(np.datetime64("1970-01-02T12:00:00"))
    1.5
    """
    return float((moment - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(1, "s")) / SECONDS_PER_DAY


def bracket(step: Step, days: np.ndarray, values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Return the day of the last scene without and of the first scene with most of a step of values (n, bands)."""
    unit = step.size / np.maximum(step.size @ step.size, 1e-12)
    share = (values - step.before) @ unit
    best = to_day(step.best)
    before, after = days < best, days >= best
    without = before & (days > low) & (share < WITHOUT_SHARE)
    with_ = after & (days < high) & (share > WITH_SHARE)
    last = days[without if without.any() else before]
    first = days[with_ if with_.any() else after]
    return last.max(initial=days[0]), first.min(initial=days[-1])


def to_date(days: float) -> np.datetime64:
    """Return the moment `days` after 1970-01-01, to the second."""
    return np.datetime64("1970-01-01T00:00:00", "s") + np.timedelta64(round(days * SECONDS_PER_DAY), "s")


def _spell(fit: Fit, within_days: float) -> tuple[int, int] | None:
    """Return the first run of values that departs from a level and comes back to it soon."""
    for k in range(1, len(fit.cuts)):
        first, last = fit.edges[k], fit.edges[k + 1]
        out = fit.levels[k] - fit.levels[k - 1]
        back = fit.levels[k + 1] - fit.levels[k - 1]
        size = float(np.linalg.norm(out / fit.scatter))
        soon = fit.days[last] - fit.days[first - 1] < within_days
        if soon and float(np.linalg.norm(back / fit.scatter)) < max(SPELL_BACK_SHARE * size, SPELL_BACK_Z):
            return first, last
    return None


def _judged(fit: Fit, coverage: float) -> Steps:
    """Turn a segmentation into steps with intervals, or give the reason why there is none."""
    if not fit.cuts:
        return _none(NoStep.NO_CHANGE, "one level explains the series", fit.scatter)
    if fit.log_odds < MIN_LOG_ODDS:
        told = f"log odds for a step {fit.log_odds:.1f}, needed {MIN_LOG_ODDS:.0f}"
        return _none(NoStep.LOW_CONTRAST, told, fit.scatter)
    contrasts = fit.contrasts
    chosen = [k for k, contrast in enumerate(contrasts) if contrast >= SMALL_STEP_SHARE * contrasts.max()]
    kept, margin = _defended(
        _merged([moments(fit, group, coverage) for group in _joined(chosen, fit)], fit, coverage), fit
    )
    if not kept:
        told = f"drift, season or slow noise explain it as well (log odds {margin:.1f})"
        return _none(NoStep.LOW_CONTRAST, told, fit.scatter)
    return Steps(tuple(_step(timed, fit, coverage, odds) for timed, odds in kept), fit.scatter)


def _merged(timed: list[Moments], fit: Fit, coverage: float) -> list[Moments]:
    """Make one change of neighbours in one direction that cannot be separated, or that one ramp explains better."""
    merged = timed[:1]
    for later in timed[1:]:
        earlier = merged[-1]
        last, first = earlier.group[-1], later.group[0]
        if fit.days[fit.cuts[first]] - fit.days[fit.cuts[last]] < SPELL_DAYS and _one_way(last, first, fit):
            whole = moments(fit, [*earlier.group, *later.group], coverage)
            if later.half[0] <= earlier.half[2] or _smoother(whole, (earlier, later), fit):
                merged[-1] = whole
                continue
        merged.append(later)
    return merged


def _smoother(whole: Moments, pair: tuple[Moments, Moments], fit: Fit) -> bool:
    """Return whether one ramp explains the values of a group better than a pair of them, for what it saves."""
    inside = fit.span(whole.group)
    values, spread = fit.values[inside], fit.scales[inside] ** 2
    drawn = np.broadcast_to(pair[0].before, values.shape)
    for part in pair:
        share, size = part.share(fit.days[inside])[:, None], part.after - part.before
        drawn, spread = drawn + size * share, spread + (size * _transition.doubt(share)) ** 2
    floors = np.array([_segmentation.misread_floor(c) for c in values.T])
    likelihood = np.logaddexp(_segmentation.student(values - drawn, np.sqrt(spread)), floors).sum()
    saved = (values.shape[1] + 2) / 2 * np.log(len(values))
    return bool(fit.temper * (whole.likelihood - likelihood) + saved > 0)


def _defended(timed: list[Moments], fit: Fit) -> tuple[list[tuple[Moments, float]], float]:
    """Drop changes, the weakest first, until drift, season and memory explain none of those left.

    Returns what is left with its log odds, and the least log odds of what was dropped.
    """
    values = fit.values if fit.wave is None else fit.values + fit.wave
    lost = np.inf
    while timed:
        odds = step_gains(fit.days, values, fit.scales, np.column_stack([one.share(fit.days) for one in timed]))
        weakest = int(np.argmin(odds))
        if odds[weakest] >= MIN_NULL_ODDS:
            return list(zip(timed, odds.tolist(), strict=True)), lost
        lost = min(lost, float(odds[weakest]))
        timed = timed[:weakest] + timed[weakest + 1 :]
    return [], lost


def _step(timed: Moments, fit: Fit, coverage: float, odds: float) -> Step:
    days, size = fit.days, timed.after - timed.before
    low, best, high = timed.half
    cut = int(np.clip(np.searchsorted(days, best), 1, len(days) - 1))
    within = days[max(int(np.searchsorted(days, low, side="right")) - 1, 0) : int(np.searchsorted(days, high)) + 1]
    return Step(
        low=to_date(low),
        best=to_date(best),
        high=to_date(high),
        begun=Interval(*map(to_date, timed.begun)),
        complete=Interval(*map(to_date, timed.complete)),
        coverage=coverage,
        probability=float(1 / (1 + np.exp(-min(fit.log_odds, odds, MOST_LOG_ODDS)))),
        size=size,
        before=timed.before,
        after=timed.after,
        contrast=float(np.max(np.abs(size) / fit.scatter_at(cut))),
        gap_days=float(np.max(np.diff(within), initial=0.0)),
    )


def _joined(chosen: list[int], fit: Fit) -> list[list[int]]:
    """Return groups of near steps in one direction: they are parts of one change that takes time."""
    groups = [chosen[:1]]
    for last, k in pairwise(chosen):
        if fit.days[fit.cuts[k]] - fit.days[fit.cuts[last]] < JOIN_DAYS and _one_way(last, k, fit):
            groups[-1].append(k)
        else:
            groups.append([k])
    return groups


def _one_way(one: int, two: int, fit: Fit) -> bool:
    """Return whether two steps go the same way in all bands."""
    unit = fit.scatter + LEVEL_RANGE_SHARE * np.ptp(fit.levels, axis=0)
    first, second = (fit.levels[k + 1] - fit.levels[k] for k in (one, two))
    both = (first + second) / unit
    share = (first / unit) @ both / (both @ both + 1e-9)
    aside = np.linalg.norm(first / unit - share * both) / (np.linalg.norm(both) + 1e-9)
    return bool(0 < share < 1 and aside < ASIDE_SHARE)
