"""Say which change of an outline was its cover: what was seen first may be a slab or a frame that a roof hid later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from osint.change import _transition, history, landcover, lasting, levels, stages, works
from osint.change.history import COMPLETE_MARGIN_DAYS, HALF_MARGIN_DAYS, UNDER_WAY_DAYS
from osint.change.reasons import Doubt, Reason
from osint.change.roof import Z90
from osint.change.sampling import STAGE_SPAN_DAYS
from osint.change.series import HALF, Series
from osint.change.steps import Step, to_day
from osint.change.structure import Structure, date_of, day_of, long_interval
from osint.change.works import LEAST_WEIGHT

AGAIN_DAYS = 10.0  # after the first change from which another one is looked at
QUANTILES = 200  # of each moment in a mixture of several
# one cover in five rests for a month on average, before its half or after it: half of one in twenty is later by this
WORK_RESTS_DAYS = 21.0
NEVER_A_SLAB = frozenset(
    {Reason.SNOW_OR_WATER, Reason.DRIED_OUT, Reason.COMES_AND_GOES, Reason.SEASONAL, Reason.WETTED}
)


def likely_covers(seen: Series) -> list[tuple[Step, Chance]]:
    """Return the changes that may be the cover, likeliest first, if the last one left what was not there before."""
    changes = levels.changes(seen)
    if not changes:
        return []
    starts = [-np.inf, *(to_day(step.complete.best) for step in changes[:-1])]
    ends = [to_day(step.begun.best) for step in changes]
    if not _is_new(changes[-1], seen, list(zip(starts, ends, strict=True))):
        return []
    told, _ = _weighed([works.of_step(step) for step in changes], seen, (-np.inf, np.inf))
    likely = sorted((c for c in told if c.weight >= LEAST_WEIGHT), key=lambda chance: -chance.weight)
    return [(next(s for s in changes[::-1] if to_day(s.complete.high) <= c.near[1]), c) for c in likely]


@dataclass(frozen=True, slots=True)
class Chance:
    """One change that may have been the cover of what stands."""

    weight: float
    """Probability that it was."""
    near: tuple[float, float]
    """Days from when it may have begun to when it was surely over."""
    shown: tuple[float, float]
    """Days from and until which what it left is seen."""
    share: float = 1.0
    """This change over the whole change since the ground before all works."""


def chances(structure: Structure, seen: Series, window: tuple[float, float]) -> tuple[list[Chance], float]:
    """Return the changes in a window of days that may have been the cover of a structure, and whether it is gone.

    The second is the probability that the ground is bare again at the end of the window. The change by which the
    structure was found is one of them.
    """
    half = structure.half_day
    first = half if structure.roofed_low is None else day_of(structure.roofed_low)
    found = [works.of_step(step) for step in levels.changes(seen, first + AGAIN_DAYS)]
    found = [change for change in found if window[0] < change.best < window[1]]
    own = works.Change(structure.near[0], half, structure.near[1], structure.near)
    near = levels.ONE_CHANGE_DAYS
    if not any(own.begun - near <= change.best <= own.over + near for change in found):
        found.append(own)
    return _weighed(found, seen, window)


def _weighed(found: Sequence[works.Change], seen: Series, window: tuple[float, float]) -> tuple[list[Chance], float]:
    found = works.apart(found, levels.relative(seen).days)
    reading = works.read(found, seen, window)
    told = []
    for number, (change, weight) in enumerate(zip(found, reading.cover, strict=True)):
        later = [c for c, lasts in zip(found[number + 1 :], reading.lasting[number + 1 :], strict=True) if lasts > HALF]
        until = later[0].begun if later else min(window[1], seen.days[-1] + 1)
        told.append(Chance(float(weight), change.near, (change.near[1], until), float(reading.share[number])))
    return told, reading.bare


def may_be_stage(structure: Structure) -> bool:
    """Return whether another change may be the cover of a structure: it is one, and neither snow nor water."""
    return structure.roofed_best is not None and not any(doubt.reason in NEVER_A_SLAB for doubt in structure.doubts)


def alone(structure: Structure) -> Chance:
    """Return the change by which a structure was found as the only one that may be its cover."""
    until = min(structure.shown_until_day, structure.removed_day)
    return Chance(1.0, structure.near, (structure.shown_from_day, until))


def standing(structure: Structure, chance: Chance, gone: float) -> Structure:
    """Return a structure as what one change left; it stands unless ground that is bare again was seen."""
    kept = structure
    if structure.removed_low and structure.removed_high:
        figures: dict[str, float | str] = {
            "start": structure.removed_low.isoformat(),
            "end": structure.removed_high.isoformat(),
            "gone": gone,
        }
        changed = Doubt(Reason.CHANGED_AGAIN, figures) if LEAST_WEIGHT <= gone <= 1 - LEAST_WEIGHT else None
        if gone < HALF:
            sure = structure.step_probability / (lasting.BRIEF_FACTOR if _brief(structure) else 1.0)
            kept = replace(
                structure,
                removed_low=None,
                removed_high=None,
                removed_day=np.inf,
                step_probability=min(sure, 1.0),
                doubts=tuple(d for d in structure.doubts if d.reason is not Reason.SHORT_LIVED),
            )
        kept = kept.doubtful(changed)
    return replace(kept, shown_from_day=chance.shown[0], shown_until_day=chance.shown[1])


def _is_new(step: Step, seen: Series, spans: Sequence[tuple[float, float]]) -> bool:
    """Return whether the ground after a step differs by more than the sun does from all that it was in some spans."""
    of = levels.relative(seen)
    last, *found = (levels.median(seen, of, *span) for span in [(to_day(step.complete.best), np.inf), *spans])
    earlier = [level for level in found if level is not None]
    if last is None or not earlier:
        return False
    return all(float(np.linalg.norm(last.over - level.over)) >= levels.LEAST_CHANGE for level in earlier)


def _brief(structure: Structure) -> bool:
    return any(doubt.reason is Reason.SHORT_LIVED for doubt in structure.doubts)


def is_stage(first: Structure, final: Structure, separable: bool) -> bool:
    """Return whether what came first on an outline is a slab or a frame under what came soon after it.

    Parts of a building that stand side by side are told apart by their pixels (`phases.phases`) where the outline is
    large enough for that (`separable`); what then changes twice on the same pixels was covered. On a smaller outline
    what is a building by itself may be a part.
    """
    soon = first.stands and 0 < final.half_day - first.half_day <= STAGE_SPAN_DAYS
    is_cover = final.roofed_best is not None and (final.probability or 0.0) >= landcover.PROBABLE
    snow = any(doubt.reason in NEVER_A_SLAB for doubt in first.doubts)
    return soon and is_cover and not snow and (separable or (first.probability or 0.0) < landcover.PROBABLE)


def timed(structure: Structure, chances: Sequence[Chance], since_day: float, seen: Series) -> Structure:
    """Return a structure dated by the change that laid its cover (`stages.time_cover`), after `since_day`.

    The interval holds each of `chances` as far as it is likely: its ends are quantiles of all together. What is no
    cover, or cannot be timed, stays as it is.
    """
    may_be = structure.kind in history.COVERS or structure.may_be_roof
    if not may_be or structure.roofed_best is None:
        return structure
    of = levels.relative(seen)
    parts = []
    for chance in sorted((c for c in chances if c.weight >= LEAST_WEIGHT), key=lambda c: -c.weight):
        part = of.within((of.days > since_day) & (of.days < chance.shown[1]))
        least = min(stages.LEAST_LAST, chance.share / 2)
        cover = stages.time_cover(part.days, part.values, chance.near, (since_day, chance.shown[1]), least)
        if cover is not None:
            # work half done departs from a straight ramp: by that share of its length half is earlier or later
            uneven = Z90 * _transition.SHAPE_ERROR * (cover.complete[1] - cover.begun[1])
            low, best, high = cover.half
            low, high = _rested(low - uneven, high + uneven, seen.days)
            parts.append((chance.weight, (low, best, high), cover.complete))
    if not parts:
        return structure
    low, best, high = _together([(weight, half) for weight, half, _ in parts])
    complete = _together([(weight, whole) for weight, _, whole in parts])
    earliest, latest = date_of(low, -HALF_MARGIN_DAYS), date_of(high, HALF_MARGIN_DAYS)
    ended = complete[2] < seen.days[-1] - UNDER_WAY_DAYS
    onset = structure.onset_high
    kept = tuple(doubt for doubt in structure.doubts if doubt.reason is not Reason.LONG_INTERVAL)
    others = [(weight, half[1]) for weight, half, _ in parts[1:] if low <= half[1] <= high]
    several = None
    if others:
        figures: dict[str, float | str] = {
            "day": date_of(parts[0][1][1]).isoformat(),
            "other": date_of(others[0][1]).isoformat(),
            "share": round(others[0][0], 2),
        }
        several = Doubt(Reason.WHICH_CHANGE, figures)
    return (
        replace(
            structure,
            roofed_low=earliest,
            roofed_best=date_of(best),
            roofed_high=latest,
            complete_low=max(date_of(complete[0], -COMPLETE_MARGIN_DAYS), earliest),
            complete_high=max(date_of(complete[2], COMPLETE_MARGIN_DAYS), latest) if ended else None,
            onset_high=None if onset is None else min(onset, latest),
            half_day=best,
            doubts=kept,
        )
        .doubtful(several)
        .doubtful(long_interval(earliest, latest, _gap(seen, low, high)))
    )


def _together(parts: Sequence[tuple[float, stages.Moment]]) -> stages.Moment:
    """Return low, best and high of several moments, each with a weight: of their mixture, 90% and the median."""
    if len(parts) == 1:
        return parts[0][1]
    shares = (np.arange(QUANTILES) + HALF) / QUANTILES
    days, weights = list[np.ndarray](), list[np.ndarray]()
    for weight, (low, best, high) in parts:
        # straight from quantile to quantile, and on beyond them
        ends = [2 * low - best, low, best, high, 2 * high - best]
        at = [2 * LEAST_WEIGHT - HALF, LEAST_WEIGHT, HALF, 1 - LEAST_WEIGHT, 3 / 2 - 2 * LEAST_WEIGHT]
        days.append(np.interp(shares, at, ends))
        weights.append(np.full(QUANTILES, weight))
    order = np.argsort(np.concatenate(days))
    ordered, held = np.concatenate(days)[order], np.concatenate(weights)[order]
    reached = np.cumsum(held) / held.sum()
    best = ordered[np.searchsorted(reached, HALF)]
    # the shortest that holds nine in ten, and the best day: a change that is most likely none does not widen it
    start = np.arange(np.searchsorted(reached, HALF) + 1)
    end = np.searchsorted(reached, reached[start] - held[start] / held.sum() + 1 - 2 * LEAST_WEIGHT)
    start, end = start[end < len(order)], end[end < len(order)]
    shortest = int(np.argmin(ordered[end] - ordered[start]))
    return (
        float(ordered[start[shortest]]),
        float(best),
        float(ordered[max(end[shortest], np.searchsorted(reached, HALF))]),
    )


def _rested(low: float, high: float, days: np.ndarray) -> tuple[float, float]:
    """Return an interval that holds a rest of the work, where no scene of `days` says that there was none.

    A cover that is laid at one pace is a model: work that rests before its half is half done later than that, work that
    rests after it earlier.
    """
    last = days[days <= low].max(initial=-np.inf)
    first = days[days >= high].min(initial=np.inf)
    return max(low - WORK_RESTS_DAYS, min(low, last)), min(high + WORK_RESTS_DAYS, max(high, first))


def _gap(seen: Series, low: float, high: float) -> float:
    """Return the longest time without a scene inside or next to an interval of days."""
    first = max(int(np.searchsorted(seen.days, low, side="right")) - 1, 0)
    return float(np.max(np.diff(seen.days[first : int(np.searchsorted(seen.days, high)) + 1]), initial=0.0))
