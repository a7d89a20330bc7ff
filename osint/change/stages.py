"""Time the cover of a building apart from the ground works, the slab and the frame that stood before it.

A hall is not one change of colour: ground is scraped, a slab is poured, a frame stands, then the cover is laid. Each is
a level of its own in the bands, and the cover is the last of them: what shows from then on is what stands. Explanations
of one, two and three levels before the last are weighed by their likelihood, with every level integrated out, so that
the interval holds as many of them as cannot be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from osint.change import _segmentation, _transition
from osint.change._segmentation import FREEDOM, YEAR_DAYS, Fit, misread_floor, student

# prior of no, one and two stages before a cover, seen or not: ground works and a slab come before nearly every hall
STAGES_WEIGHT = (0.05, 0.35, 0.6)
COVER_DAYS = np.array([2, 7, 14, 22, 31, 42, 56, 74, 98], float)  # that a cover may take
# that it takes in the median, and the factor of one deviation: a crew lays 1,000 to 4,000 m2 in a week, a hall takes
# some weeks. If months were as likely, a slab that is being poured would be the begin of a long cover, and dates early
COVER_TAKES_DAYS = 30.0
COVER_TAKES_FACTOR = 2.0
POUR_DAYS = 12.0  # that a stage before it takes
STAGE_DOUBT = 0.5  # error of values while a stage is made, over the change that it makes
LEAST_LEAD_DAYS, LEAD_DAYS = 10.0, 80.0  # from a stage to the begin of what came next: least, and mean beyond that
STAGE_GAPS = (8, 6)  # gaps between values, those with the largest jumps, in which one and two stages are looked for
CELLS, LONGEST_CELL_DAYS = 120, 8.0  # moments of the cover that are tried, and the largest spacing of them
EARLIER_DAYS, LATER_DAYS = 25.0, 75.0  # by which a cover may lie before and after the steps that were found
BEFORE_DAYS, AFTER_DAYS = 400.0, 400.0  # of the series on either side of them that is looked at
MIDDLE_TIE = 1.0  # deviation of the level of a stage from the mean of first and last, over the step
LEAST_LAST = 0.25  # change from the last stage to what stands, over the whole change, all bands: less is dust or sun
MISREAD_FACTOR = 0.1  # of the share of misread values: several in a row, alike in both bands, are a level
SHAPE_FACTOR = 0.6  # of the departure from a straight ramp: what stood before the cover has a model of its own
SUN_TIE = 0.15  # yearly wave of what stands, over the step
ROUNDS = 3  # reweightings
EDGE_SHARE, TIED_VALUES = 0.25, (2, 6)  # values at either end whose median a level is tied to; fewest, most
FEWEST_VALUES = 9  # of a series
FEWEST_OUTSIDE = 2  # values before and after the time that is searched, or it ends with the series


Moment: TypeAlias = tuple[float, float, float]
"""Low, best and high, in days since 1970-01-01."""


@dataclass(frozen=True)
class Cover:
    """When a cover was laid."""

    begun: Moment
    half: Moment
    complete: Moment
    staged: float
    """Probability that something else stood on the ground before it."""


def time_cover(
    days: np.ndarray,
    values: np.ndarray,
    near: tuple[float, float],
    window: tuple[float, float],
    least: float = LEAST_LAST,
) -> Cover | None:
    """Return when the last change to what stands happened, None where the series is too short for it.

    `values` (n, bands) are levels on `days` (n,), all bands in one unit. The change lies from EARLIER_DAYS before to
    LATER_DAYS after `near` (first, last day); only values within `window` are of it. `least` is the least share of the
    whole change that it makes.
    """
    if len(days) < FEWEST_VALUES:
        return None
    fit = _segmentation.segment(days, values, None)
    first, last = max(window[0], near[0] - BEFORE_DAYS), min(window[1], near[1] + AFTER_DAYS)
    part = (fit.days >= first) & (fit.days <= last)
    if part.sum() < FEWEST_VALUES:
        return None
    inside = fit.days[part]
    low, high = near[0] - EARLIER_DAYS, near[1] + LATER_DAYS
    if min((inside < low).sum(), (inside > high).sum()) < FEWEST_OUTSIDE:
        low, high = max(low, inside[0]), min(high, inside[-1])
    if not low < high:
        return None
    gaps = _gaps(fit, part)
    tried = [_candidates((low, high), inside, gaps, stages) for stages in range(len(STAGES_WEIGHT))]
    scores = [_scored(fit, part, one, least) for one in tried]
    peak = max(score.max(initial=-np.inf) for score in scores)
    if not np.isfinite(peak):
        return None
    weights = [np.exp(score - peak) for score in scores]
    weight = np.concatenate(weights)
    middle, took = (np.concatenate([getattr(one, name) for one in tried]) for name in ("middle", "took"))
    begun, half, complete = (
        _transition.interval_of(moment, weight / weight.sum(), _transition.COVERAGE)
        for moment in (middle - took / 2, middle, middle + took / 2)
    )
    return Cover(begun, half, complete, staged=float(1 - weights[0].sum() / weight.sum()))


@dataclass(frozen=True)
class _Candidates:
    """Explanations with one number of stages before the cover."""

    middle: np.ndarray
    """(candidates,) day on which half of the cover was laid."""
    took: np.ndarray
    """(candidates,) days that it took."""
    made: tuple[np.ndarray, ...]
    """Day of each stage before it, the last one first."""
    changes: tuple[np.ndarray, ...]
    """Change by each of them, over the whole."""
    log_prior: np.ndarray

    def shares(self, days: np.ndarray) -> list[np.ndarray]:
        """Return (candidates, n) for the cover and each stage before it: how far it has happened on each day."""
        begun = (self.middle - self.took / 2)[:, None]
        cover = np.clip((days[None] - begun) / self.took[:, None], 0, 1)
        return [cover, *(np.clip((days[None] - day[:, None]) / POUR_DAYS + 0.5, 0, 1) for day in self.made)]

    def doubt(self, days: np.ndarray, cover: np.ndarray) -> np.ndarray:
        """Return (candidates, n): error of a value over the step; values while a stage is made hardly count."""
        error = SHAPE_FACTOR * _transition.doubt(cover)
        for day, change in zip(self.made, self.changes, strict=True):
            under_way = np.abs(days[None] - day[:, None]) < POUR_DAYS / 2
            error = np.hypot(error, STAGE_DOUBT * change[:, None] * under_way)
        return np.asarray(error)


@dataclass(frozen=True)
class _Gaps:
    """Gaps between neighbouring values, in which a stage may lie."""

    order: np.ndarray
    """(gaps,) the first value of each, the one with the largest jump first: without a jump a stage shows nowhere."""
    change: np.ndarray
    """(gaps,) change across each, in time order, over the range of the values, in the clearest band."""


def _gaps(fit: Fit, part: np.ndarray) -> _Gaps:
    days, values = fit.days[part], fit.values[part]
    jumps = np.abs(np.diff(values, axis=0)) / np.median(fit.scales[part], axis=0)
    middle = (days[1:] + days[:-1]) / 2
    before = np.maximum(np.searchsorted(days, middle - POUR_DAYS / 2, side="right") - 1, 0)
    after = np.minimum(np.searchsorted(days, middle + POUR_DAYS / 2), len(days) - 1)
    change = np.abs(values[after] - values[before]) / np.maximum(np.ptp(values, axis=0), 1e-12)
    return _Gaps(np.argsort(-jumps.max(axis=1), kind="stable"), change.max(axis=1))


def _candidates(bounds: tuple[float, float], days: np.ndarray, gaps: _Gaps, stages: int) -> _Candidates:
    """Return explanations whose cover lies within `bounds`, with a number of stages before it, all after days[0].

    A stage lies between two values, of `gaps` or of those around its cover's begin, where it may hide; no value tells
    where between them, so that each gap counts by the share of the possible leads that it holds.
    """
    coarser = stages > 1
    spacing = float(np.clip(np.ptp(bounds) / CELLS, 1.0, LONGEST_CELL_DAYS)) * (1 + coarser)
    middles = np.arange(bounds[0], bounds[1] + spacing / 2, spacing)
    durations = COVER_DAYS[:: 1 + coarser]
    away = np.log(durations / COVER_TAKES_DAYS) / np.log(COVER_TAKES_FACTOR)
    chance = np.gradient(durations) / durations * np.exp(-0.5 * away**2)
    middle, took = (grid.ravel() for grid in np.meshgrid(middles, durations, indexing="ij"))
    prior = np.tile(chance / chance.sum() / len(middles), len(middles))
    prior = STAGES_WEIGHT[stages] * prior
    made: tuple[np.ndarray, ...] = ()
    changes: tuple[np.ndarray, ...] = ()
    nexts = middle - took / 2
    for _ in range(stages):
        tried = gaps.order[: STAGE_GAPS[stages - 1]]
        hidden = np.searchsorted(days, nexts, side="right") - 1
        place = np.column_stack([np.broadcast_to(tried, (len(nexts), len(tried))), hidden])
        # a hiding place that is among the gaps counts once
        single = np.column_stack([np.ones((len(nexts), len(tried))), ~np.isin(hidden, tried)])
        place = np.clip(place, 0, len(days) - 2)
        after, until = days[place], np.minimum(days[place + 1], nexts[:, None] - LEAST_LEAD_DAYS)
        longest, shortest = (np.maximum(nexts[:, None] - day - LEAST_LEAD_DAYS, 0) for day in (after, until))
        share = (_led(longest) - _led(shortest)) * single * (hidden >= 0)[:, None]
        share = np.where(until > after, share, 0.0)
        row, column = np.nonzero(share)
        middle, took, prior = middle[row], took[row], prior[row] * share[row, column]
        nexts = (after + until)[row, column] / 2
        made = (*(day[row] for day in made), nexts)
        changes = (*(change[row] for change in changes), gaps.change[place[row, column]])
    return _Candidates(middle, took, made, changes, np.log(np.where(nexts > days[0], prior, 0.0) + 1e-300))


def _led(days: np.ndarray) -> np.ndarray:
    """Return the probability that what comes next has begun so many days after it could at the earliest.

    Two works lie between, a slab that cures and a frame that is set, each with half of LEAD_DAYS on average. With one
    work alone the next day would be the likeliest of all, and a cover in a gap without scenes would be drawn early.
    """
    each = 2 * days / LEAD_DAYS
    return np.asarray(1 - np.exp(-each) * (1 + each))


def _scored(fit: Fit, part: np.ndarray, tried: _Candidates, least: float) -> np.ndarray:
    """Return the log posterior (candidates,) of explanations, up to a constant."""
    days, values, scales = fit.days[part], fit.values[part], fit.scales[part]
    shares = tried.shares(days)
    doubt = tried.doubt(days, shares[0])
    # what is seen of each level: the last one, the one before it as far as the last has not come, and so on
    left, parts = np.ones_like(shares[0]), []
    for share in shares:
        parts.append(left * share)
        left = left * (1 - share)
    # what stands out fades with the sun of the season
    phase = 2 * np.pi * (days - days[-1]) / YEAR_DAYS
    wave = [shares[0] * shape for shape in (np.cos(phase) - np.mean(np.cos(phase)), np.sin(phase))]
    design = np.stack([*parts, left, *wave], axis=2)
    evidence, whole, last = np.zeros((3, len(design)))
    for band in range(values.shape[1]):
        told, levels = _levels(design, values[:, band], scales[:, band], doubt)
        evidence += told
        # in the unit of the values, not of their scatter: the cover may show best in the band that scatters most
        whole += (levels[:, 0] - levels[:, len(shares)]) ** 2
        last += (levels[:, 0] - levels[:, 1]) ** 2
    enough = last >= least**2 * np.maximum(whole, last)
    lasts = _stays_new(values, shares[0], parts[1], least * np.sqrt(whole)) if tried.made else True
    return np.where(enough & lasts, fit.temper * evidence + tried.log_prior, -np.inf)


def _stays_new(values: np.ndarray, cover: np.ndarray, stage: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return (candidates,) whether most values after a cover differ from those of the stage before it by `least`.

    No yearly wave is exactly what a bright roof does in a summer: without this the rise of its first summer is a cover,
    although the roof looks again as it did before. A stage that no value shows by itself is not judged.
    """
    only = (stage >= 1).astype(float)
    shown = only.sum(axis=1)
    level = only @ values / np.maximum(shown, 1)[:, None]
    away = np.sqrt(sum((values[None, :, band] - level[:, band, None]) ** 2 for band in range(values.shape[1])))
    alike = ((cover >= 1) & (away < least[:, None])).sum(axis=1)
    return np.asarray((shown == 0) | (2 * alike <= (cover >= 1).sum(axis=1)))


def _levels(
    design: np.ndarray, column: np.ndarray, scatter: np.ndarray, doubt: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return log evidence (candidates,) of one band, and its levels (candidates, levels), the last first.

    The levels are integrated out about their fit, by weights for Student-t scatter; the first and the last are tied
    loosely to what the ends of the series show.
    """
    edge = int(np.clip(EDGE_SHARE * len(column), *TIED_VALUES))
    final, start = float(np.median(column[-edge:])), float(np.median(column[:edge]))
    typical = float(np.median(scatter))
    jump = max(abs(final - start), float(np.ptp(np.quantile(column, [0.1, 0.9]))))
    between = design.shape[2] - 4
    tie = [_transition.LEVEL_TIE, *[MIDDLE_TIE] * between, _transition.LEVEL_TIE, SUN_TIE, SUN_TIE]
    sd = np.array(tie) * jump + typical * (np.arange(len(tie)) < between + 2)
    aims = np.array([final, *[(final + start) / 2] * between, start, 0.0, 0.0])
    ties = np.diag(sd**-2)
    scale = np.sqrt(scatter**2 + (jump * doubt) ** 2)
    floor = MISREAD_FACTOR * np.exp(misread_floor(column))
    peak = np.exp(student(np.zeros(1), 1.0)[0]) / scale
    weight = scale**-2
    for _ in range(ROUNDS):
        matrix = np.einsum("cnk,cn,cnl->ckl", design, weight, design, optimize=True) + ties
        aim = np.einsum("cnk,cn->ck", design, weight * column, optimize=True) + ties @ aims
        levels = np.linalg.solve(matrix, aim[:, :, None])[:, :, 0]
        spread = 1 + ((column - np.einsum("cnk,ck->cn", design, levels)) / scale) ** 2 / FREEDOM
        density = peak / (spread * spread * np.sqrt(spread))
        weight = density / (density + floor) * (FREEDOM + 1) / FREEDOM / spread / scale**2
    away = 0.5 * (((levels - aims) / sd) ** 2).sum(1)
    cost = away + 0.5 * np.linalg.slogdet(matrix)[1] + np.log(sd).sum()
    return np.log(density + floor).sum(1) - cost, levels
