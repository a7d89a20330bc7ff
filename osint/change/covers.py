"""Say which change of an outline was its cover: what was seen first may be a slab or a frame that a roof hid later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from osint.change import _transition, history, kinds, landcover, lasting, series, stages, steps, surfaces
from osint.change.history import COMPLETE_MARGIN_DAYS, HALF_MARGIN_DAYS, UNDER_WAY_DAYS
from osint.change.reasons import Reason
from osint.change.roof import Z90
from osint.change.sampling import CONFIRMING_DAYS, STAGE_MIN_SIZE, STAGE_SPAN_DAYS
from osint.change.series import HALF, Series
from osint.change.stack import PAIR
from osint.change.steps import Step, to_day
from osint.change.structure import Structure, date_of, day_of, long_interval

RED = "B04"  # in which painted steel and concrete differ
READ_SHARE = 0.8  # share of the scenes that were read in a band from which it tells when a cover was laid
AGAIN_DAYS = 10.0  # after the first change from which another one is looked at
STAGE_ODDS = 4.0  # that a change to another lasting state within months is a cover over a slab, not work on a roof
# the same where it is more than half of all that changed: then half of what stands now cannot have stood before it,
# not even if it was laid part by part, and only a roof that was coated anew within months speaks for the first
MAIN_SHARE, MAIN_ODDS = 0.5, 50.0
SOIL_COLOURS = (
    0.31  # distance of logarithms in three bands, brightness apart: 90% of pairs of soils of one place differ less
)
LEAST_WEIGHT = 0.05  # of an explanation from which the interval holds it
# one cover in five rests for a month on average, before its half or after it: half of one in twenty is later by this
WORK_RESTS_DAYS = 21.0
NEVER_A_SLAB = frozenset(
    {Reason.SNOW_OR_WATER, Reason.DRIED_OUT, Reason.COMES_AND_GOES, Reason.SEASONAL, Reason.WETTED}
)


def relative(seen: Series) -> tuple[np.ndarray, np.ndarray]:
    """Return days (n,) and the outline over its surroundings (n, bands), in which the sun of a season cancels.

    The bands are those of PAIR, and RED where most scenes were read in it: painted steel and concrete are alike in blue
    and in the short-wave infrared.
    """
    bands = [seen.bands.index(band) for band in (*PAIR, RED) if band in seen.bands]
    read = np.isfinite(seen.inside[:, bands]) & np.isfinite(seen.around[:, bands])
    used = read.mean(axis=0) >= READ_SHARE
    rows, bands = read[:, used].all(axis=1), [band for band, use in zip(bands, used, strict=True) if use]
    inside, around = (np.maximum(part[rows][:, bands], series.DARKEST_AROUND) for part in (seen.inside, seen.around))
    return seen.days[rows], np.asarray(inside / around)


def later_change(structure: Structure, seen: Series) -> Step | None:
    """Return the last change of the ground soon after a structure came, if it lasts: it may be the cover over a slab.

    A dark roof on a pale slab looks as if what stood there had been removed; ground that is bare again has the colour
    that it had before.
    """
    if structure.kind is None or any(doubt.reason in NEVER_A_SLAB for doubt in structure.doubts):
        return None
    if not structure.stands and structure.removed_day - structure.half_day > STAGE_SPAN_DAYS:
        return None
    first = structure.half_day
    before = first if structure.roofed_low is None else day_of(structure.roofed_low)
    days, ratio, changes = _changes(seen, first + AGAIN_DAYS)
    later = [step for step in changes if first + AGAIN_DAYS < to_day(step.best) <= first + STAGE_SPAN_DAYS]
    if not later or not _is_new(later[-1], days, ratio, [(-np.inf, before)], history.LASTING_SHARE):
        return None
    step = later[-1]
    # less than this in one colour is what the sun does to what stands; 0 where no scene tells
    share = last_share(structure, to_day(step.begun.low), to_day(step.complete.high), seen)
    is_sun = 0 < share < stages.LEAST_LAST and _colours_apart(step.after, step.before) < STAGE_MIN_SIZE
    return None if is_sun else step


def last_change(seen: Series) -> Step | None:
    """Return the last change of an outline of any sign, if it looked like that at no time before."""
    days, ratio, changes = _changes(seen)
    if not changes:
        return None
    starts = [-np.inf, *(to_day(step.complete.best) for step in changes[:-1])]
    ends = [to_day(step.begun.best) for step in changes]
    return changes[-1] if _is_new(changes[-1], days, ratio, list(zip(starts, ends, strict=True))) else None


def _changes(seen: Series, since_day: float = np.inf) -> tuple[np.ndarray, np.ndarray, list[Step]]:
    """Return days and values of `relative` outside of winter, and in time order the steps that may be of a cover.

    A low sun changes what stands out, not the ground: steps of all scenes have to be larger than what it does, those of
    the scenes outside of winter do not. Of two that are near each other the one of all scenes counts. What came after
    `since_day` is looked at by itself too: next to a slab poured on dark ground a cover may be a small change. In less
    than a year a season is not told from a step, but the sun changes all bands by one factor.
    """
    days, ratio = relative(seen)
    mild = ~series.winter(days, seen.latitude_deg)
    found: list[Step] = []
    whole, late = np.ones(len(days), bool), mild & (days > since_day)
    for sun, chosen in ((2 * series.CONTRAST_SHARE_SD, whole), (0.0, mild), (0.0, late)):
        for step in steps.date_step(days[chosen], ratio[chosen]):
            standing = float(np.abs(np.stack([step.before, step.after]) - 1).max())
            large = float(np.linalg.norm(step.size)) >= STAGE_MIN_SIZE + sun * standing
            large &= chosen is not late or _colours_apart(step.after, step.before) >= STAGE_MIN_SIZE
            if large and all(abs(to_day(step.best) - to_day(other.best)) > CONFIRMING_DAYS for other in found):
                found.append(step)
    return days[mild], ratio[mild], sorted(found, key=lambda step: step.best)


def _is_new(
    step: Step, days: np.ndarray, ratio: np.ndarray, spans: Sequence[tuple[float, float]], share: float = 0.0
) -> bool:
    """Return whether the ground after a step differs from all that it was in some spans of days before.

    It has to differ by more than sun and dust do, and by `share` of the step or in its colour: what is scraped or wet
    is bright or dark in all bands, and a red roof over a pale slab may be nearer to the ground than to the slab.
    """
    after = days > to_day(step.complete.best)
    least = share * float(np.linalg.norm(step.size))
    parts = [part for part in ((days > low) & (days < high) for low, high in spans) if part.any()]
    if not after.any() or not parts:
        return False
    last = np.median(ratio[after], axis=0)
    levels = [np.median(ratio[part], axis=0) for part in parts]
    away = [float(np.linalg.norm(last - level)) for level in levels]
    in_red = len(last) > len(PAIR)
    return all(
        far >= STAGE_MIN_SIZE and (far >= least or (in_red and _colours_apart(last, level) >= SOIL_COLOURS))
        for far, level in zip(away, levels, strict=True)
    )


def _colours_apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far two levels (bands,) of `relative` differ in colour, in logarithms, whatever their brightness."""
    apart = np.log(np.maximum(one, series.DARKEST_AROUND) / np.maximum(other, series.DARKEST_AROUND))
    return float(np.linalg.norm(apart - apart.mean()))


def final_state(structure: Structure, step: Step, seen: Series) -> Structure:
    """Return a structure as what is seen of it after a later change."""
    return replace(
        structure,
        removed_low=None,
        removed_high=None,
        removed_day=np.inf,
        shown_from_day=to_day(step.complete.high),
        shown_until_day=seen.days[-1] + 1,
        step_probability=min(structure.step_probability / (lasting.BRIEF_FACTOR if _brief(structure) else 1.0), 1.0),
        doubts=tuple(d for d in structure.doubts if d.reason is not Reason.SHORT_LIVED),
    )


def _brief(structure: Structure) -> bool:
    return any(doubt.reason is Reason.SHORT_LIVED for doubt in structure.doubts)


def is_final(before: float, final: Structure) -> bool:
    """Return whether what is seen after a later change stands on an outline, and not what was seen before it.

    `before` is the probability that what was seen before it is a building.
    """
    after = final.probability or 0.0
    return after >= landcover.OPEN and not before >= landcover.PROBABLE > after


def probability_between(first: Structure, until_day: float, seen: Series) -> float:
    """Return the probability that what a first change left is a building, by its colour until a later change."""
    window = landcover.window_median(seen, first.shown_from_day, until_day, 1)
    if window is None:
        return sum(kinds.PRIOR[roof] for roof in surfaces.ROOFS)
    return first.step_probability * landcover.judged(window.inside, window.around).probability


def stage_weight(first: Structure, later: tuple[float, float], seen: Series) -> float:
    """Return the probability that `first` was the cover of what stands, and not a change that began and ended `later`.

    What stood between the two is judged by its own colour.
    """
    before = probability_between(first, later[0], seen)
    odds = MAIN_ODDS if last_share(first, *later, seen) > MAIN_SHARE else STAGE_ODDS
    return before / (before + odds * (1 - before))


def last_share(first: Structure, until_day: float, from_day: float, seen: Series) -> float:
    """Return the last change, between two days, over the whole change since the ground before `first`."""
    days, ratio = relative(seen)
    mild = ~series.winter(days, seen.latitude_deg)
    whole = days < first.near[0], (days >= first.shown_from_day) & (days <= until_day), days >= from_day
    spans = [span & mild if (span & mild).any() else span for span in whole]
    if not all(span.any() for span in spans):
        return 0.0
    ground, stage, last = (np.median(ratio[span], axis=0) for span in spans)
    return float(np.linalg.norm(last - stage)) / max(float(np.linalg.norm(last - ground)), STAGE_MIN_SIZE)


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


def timed(
    structure: Structure,
    near: tuple[float, float],
    window: tuple[float, float],
    seen: Series,
    first: Structure,
    weight: float,
) -> Structure:
    """Return a structure dated by the last change to what stands (`stages.time_cover`), near two days.

    `weight` is the probability that an earlier change, of the structure `first`, was the cover: the interval holds both
    where neither can be left out. What is no cover, or cannot be timed, stays as it is.
    """
    may_be = structure.kind in history.COVERS or structure.may_be_roof
    if not may_be or structure.roofed_best is None or not np.isfinite(near).all() or weight > 1 - LEAST_WEIGHT:
        return structure
    days, ratio = relative(seen)
    inside = (days > window[0]) & (days < window[1])
    cover = stages.time_cover(days[inside], ratio[inside], near, window)
    if cover is None:
        return structure
    low, best, high = cover.half
    # work half done departs from a straight ramp: by that share of its length half of the cover is earlier or later
    uneven = Z90 * _transition.SHAPE_ERROR * (cover.complete[1] - cover.begun[1])
    low, high = _rested(low - uneven, high + uneven, seen.days)
    earliest, latest = date_of(low, -HALF_MARGIN_DAYS), date_of(high, HALF_MARGIN_DAYS)
    if weight >= LEAST_WEIGHT and first.roofed_low and first.roofed_best and first.roofed_high:
        # quantiles of both together; `first` comes before the cover
        shares = LEAST_WEIGHT, HALF, 1 - LEAST_WEIGHT
        ends = [day_of(day) for day in (first.roofed_low, first.roofed_best, first.roofed_high)]
        earliest = min(earliest, date_of(float(np.interp(LEAST_WEIGHT / weight, shares, ends))))
        best = min(best, float(np.interp(HALF / weight, shares, ends))) if weight > HALF else best
    ended = cover.complete[2] < seen.days[-1] - UNDER_WAY_DAYS
    complete_high = max(date_of(cover.complete[2], COMPLETE_MARGIN_DAYS), latest) if ended else None
    onset = structure.onset_high
    kept = tuple(doubt for doubt in structure.doubts if doubt.reason is not Reason.LONG_INTERVAL)
    return replace(
        structure,
        roofed_low=earliest,
        roofed_best=date_of(best),
        roofed_high=latest,
        complete_low=max(date_of(cover.complete[0], -COMPLETE_MARGIN_DAYS), earliest),
        complete_high=complete_high,
        onset_high=None if onset is None else min(onset, latest),
        half_day=best,
        doubts=kept,
    ).doubtful(long_interval(earliest, latest, _gap(seen, low, high)))


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
