"""Read the steps of an outline as what happened there: ground broken, roofed, complete, removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from osint.change import landcover, lasting, series, transients
from osint.change.landcover import Kind, LandCover, WindowMedian
from osint.change.reasons import Doubt, Reason
from osint.change.series import Series, quarters, step_whiteness
from osint.change.stack import PAIR
from osint.change.steps import Step, Steps, to_date, to_day
from osint.change.structure import Structure, iso, long_interval, moment_date

ONSET_LEAD_DAYS = 330  # longest time between scraping and roof for which both are one work
ONSET_WIDEST_DAYS = 60  # width of the interval of scraping up to which it is named: bare ground has seasons
ONSET_FROM_START_DAYS = 60  # scraping sooner after the first scene is not named: what was before was not seen
HALF_MARGIN_DAYS, COMPLETE_MARGIN_DAYS, ONSET_MARGIN_DAYS = 1, 1, 15  # widening: no building is a straight ramp
UNDER_WAY_DAYS = 6  # a change that ends this near to the last scene, or later, may still be under way
MIN_SCRAPED_CONTRAST = 4.0  # step of scraped ground over the scatter of single values
MIN_SCRAPED_SIZE = 0.025  # step of scraped ground, reflectance; seasons and years move other ground by half of it
GONE_SHARE = 0.6  # loss over the gain of a standing roof from which it is gone: a low winter sun takes up to half
MIN_RELATIVE_GAIN = 0.05  # that a structure counts for at least: its surroundings may have darkened meanwhile
NEW_SHARE = 0.3  # gain over that of a standing roof below which a change is the sun or the season on it
BRIEF_MIN_SCENES, BRIEF_MIN_DAYS = 5, 45.0  # scenes of what stood for a few months, and days from first to last
BRIEF_LEVEL_SHARE, BRIEF_AGREEING_SHARE = 0.25, 0.8  # departure of agreeing scenes; how many agree
LASTING_SHARE = 0.5  # share of a step of the ground that must be left at the end for it to be earthworks
UNCONFIRMED_SCENES = 2  # scenes at the end of a series that look like a roof, from which one may have come
WARM_QUARTERS = (1, 2)
HALF_YEAR_SCENES = 2  # scenes on either side from which one half of the year alone is compared
COVERS = (*landcover.BUILDINGS, Kind.SOLAR_FIELD, Kind.GREENHOUSE)  # kinds that cover the ground


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the whiteness, with what was seen before and after it."""

    step: Step
    before: WindowMedian
    after: WindowMedian
    bare_again: bool
    """Whether what stands after it looks like ground that was there before, and like the surroundings."""
    until_day: float
    """Day of the next step or of the end of the series."""

    @property
    def gain(self) -> float:
        """Gain of whiteness against the surroundings, reflectance."""
        return self.after.whiteness() - self.before.whiteness()

    @property
    def relative_gain(self) -> float:
        """Gain over the brightness of the surroundings."""
        return self.after.relative() - self.before.relative()

    @property
    def cover(self) -> LandCover:
        """What appeared by it."""
        took_days = to_day(self.step.complete.best) - to_day(self.step.begun.best)
        return landcover.appeared(self.before, self.after, took_days)


@dataclass(frozen=True, slots=True)
class Context:
    """What the effects of rules need besides the change."""

    seen: Series
    scrapings: Sequence[Step]
    """Steps of the ground that are scraping."""


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """What a change of the whiteness means; of RULES the first that holds has its effect."""

    name: str
    holds: Callable[[Change, Sequence[Structure]], bool]
    """Condition, given the change and the structures so far."""
    effect: Callable[[Change, list[Structure], Context], list[Structure]]
    """Returns the structures after the change."""


def _share_of_last(change: Change, structures: Sequence[Structure]) -> float:
    """Return the size of a change over the gain of the last structure that stands, 1 if none does."""
    standing = [s for s in structures if s.stands]
    if not standing:
        return 1.0
    # the sun of a season scales the whiteness, plants and haze the surroundings: what is built or gone shows in both
    return min(abs(change.gain) / standing[-1].gain, abs(change.relative_gain) / standing[-1].relative_gain)


def _is_removal(change: Change, structures: Sequence[Structure]) -> bool:
    lost = change.gain < 0 and change.relative_gain < 0
    return lost and any(s.stands for s in structures) and _share_of_last(change, structures) > GONE_SHARE


def _is_nothing_new(change: Change, structures: Sequence[Structure]) -> bool:
    small = change.gain < landcover.MIN_GAIN or _share_of_last(change, structures) < NEW_SHARE
    return change.bare_again or small


def _is_cover(change: Change, structures: Sequence[Structure]) -> bool:
    return not _is_removal(change, structures) and not _is_nothing_new(change, structures)


def _with_last(structures: list[Structure], edit: Callable[[Structure], Structure]) -> list[Structure]:
    """Return structures whose last one that stands is edited."""
    last = max((k for k, s in enumerate(structures) if s.stands), default=None)
    return [edit(s) if k == last else s for k, s in enumerate(structures)]


def _remove(change: Change, structures: list[Structure], context: Context) -> list[Structure]:
    return _with_last(structures, lambda s: removed(s, change.step))


def _look_for_water(change: Change, structures: list[Structure], context: Context) -> list[Structure]:
    return _with_last(structures, lambda s: lasting.wetted(s, context.seen, change.until_day))


def _add(change: Change, structures: list[Structure], context: Context) -> list[Structure]:
    step = change.step
    since = max((s.half_day if s.stands else s.removed_day for s in structures), default=-np.inf)
    made = _structure(step, change.cover, [s for s in context.scrapings if since < to_day(s.best)], context.seen)
    made = replace(made, gain=change.gain, relative_gain=max(change.relative_gain, MIN_RELATIVE_GAIN))
    built_over = _with_last(structures, lambda s: replace(s, shown_until_day=to_day(step.begun.low)))
    return [*built_over, made]


RULES = (
    ChangeRule("removed", _is_removal, _remove),
    ChangeRule("nothing new", _is_nothing_new, _look_for_water),
    ChangeRule("covered", _is_cover, _add),
)
"""In this order; the first that holds has its effect."""


def structures(ground: Steps, covered: Steps, seen: Series) -> list[Structure]:
    """Return what the steps of an outline mean: scraped, roofed, removed.

    `ground` are the steps in both bands of PAIR, `covered` those of the whiteness. The rules go over the changes in
    time order. What is then found to have stood briefly, to come and go, or to be a part of a larger whole is
    judged in this order, because each of them looks at the doubts that the one before it left.
    """
    changes = _changes(covered, seen)
    context = Context(seen, [s for s in ground if _scraped(s)])
    found: list[Structure] = []
    for change in changes:
        rule = next(rule for rule in RULES if rule.holds(change, found))
        found = rule.effect(change, found, context)
    turns = [(to_day(c.step.best), c.relative_gain) for c in changes if abs(c.gain) >= landcover.MIN_GAIN]
    brief = _stood_briefly(found, covered, context)
    if brief is not None:
        found = sorted([*found, brief[0]], key=lambda s: s.shown_from_day)
        turns = sorted([*turns, *brief[1]])
    found = [lasting.interrupted(lasting.short_lived(s), seen) for s in lasting.come_and_go(found, turns)]
    found = lasting.like_the_whole(found)
    if found:
        return found
    roof_may_show = unconfirmed(seen) is not None
    works = [s for s in context.scrapings if roof_may_show or _lasts(s, ground, seen)]
    return [_earthworks(works[-1], seen)] if works else []


def _changes(covered: Steps, seen: Series) -> list[Change]:
    """Return the steps of the whiteness that were seen from both sides, in time order."""
    ordered = _ordered(covered)
    edges = [seen.days[0] - 1, *(to_day(s.best) for s in ordered), seen.days[-1] + 1]
    changes: list[Change] = []
    for k, step in enumerate(ordered):
        last = k + 2 == len(edges) - 1
        before = landcover.window_median(seen, edges[k], to_day(step.begun.low))
        until = edges[k + 2] if last else edges[k + 2] - series.NEXT_STEP_DAYS
        after = landcover.window_median(seen, to_day(step.complete.best), until)
        before = before or landcover.window_median(seen, edges[k], edges[k + 1], 1)
        after = after or landcover.window_median(seen, edges[k + 1], edges[k + 2], 1)
        if before is None or after is None:
            continue
        change = Change(step, before, after, False, edges[k + 2])
        # what was there before and looks like the surroundings is not a cover but bare ground again
        near = NEW_SHARE * abs(change.relative_gain)
        known = any(abs(after.relative() - earlier.before.relative()) < near for earlier in changes)
        bare = known and after.whiteness() < NEW_SHARE * change.gain
        changes.append(replace(change, bare_again=bare))
    return changes


def _stood_briefly(
    found: Sequence[Structure], covered: Steps, context: Context
) -> tuple[Structure, list[tuple[float, float]]] | None:
    """Return what covered bare ground once for some months, with its two turns, if enough scenes agree on it.

    Dust, a flood and a pond that dries fade; snow has its colour; what comes twice comes with the year.
    """
    seen = context.seen
    white = seen.whiteness()
    brief = transients.transients(seen.days, white, covered)
    pair = transients.time_transient(seen.days, white, brief[0]) if len(brief) == 1 else None
    if pair is None:
        return None
    up, down = pair
    stood = (seen.days >= to_day(up.complete.best)) & (seen.days <= to_day(down.begun.best))
    before = landcover.window_median(seen, seen.days[0] - 1, to_day(up.begun.low))
    after = landcover.window_median(seen, to_day(up.complete.best), to_day(down.begun.best))
    bare = all(brief[0].last_day < s.half_day or brief[0].first_day > s.shown_until_day for s in found)
    if before is None or after is None or not bare or not _agree(seen.days[stood], white[stood], up):
        return None
    change = Change(up, before, after, False, to_day(down.best))
    doubt = change.cover.doubt
    if change.cover.kind not in COVERS or (doubt is not None and doubt.reason != Reason.OPEN_KIND):
        return None
    made = removed(_structure(up, change.cover, context.scrapings, seen), down)
    return made, [(to_day(up.best), change.relative_gain), (to_day(down.best), -change.relative_gain)]


def _agree(days: np.ndarray, white: np.ndarray, up: Step) -> bool:
    """Return whether enough scenes, over enough days, show the level that the step `up` reached."""
    if len(days) < BRIEF_MIN_SCENES or np.ptp(days) < BRIEF_MIN_DAYS:
        return False
    reached = (white - up.before[0]) / up.size[0]
    return bool(np.mean(np.abs(reached - 1) < BRIEF_LEVEL_SHARE) >= BRIEF_AGREEING_SHARE)


def removed(structure: Structure, step: Step) -> Structure:
    """Return a structure that a step took away."""
    return replace(
        structure,
        removed_low=moment_date(step.low, -HALF_MARGIN_DAYS),
        removed_high=moment_date(step.high, HALF_MARGIN_DAYS),
        shown_until_day=to_day(step.begun.low),
        removed_day=to_day(step.best),
    )


def _ordered(found: Steps) -> list[Step]:
    """Return steps in time order; of two halves of one change that come out in the wrong order, the larger."""
    ordered: list[Step] = []
    for step in found:
        if ordered and step.best <= ordered[-1].best:
            ordered[-1] = max(ordered[-1], step, key=lambda s: s.contrast)
        else:
            ordered.append(step)
    return ordered


def _scraped(step: Step) -> bool:
    """Return whether a step in the bands of PAIR is large enough for scraped ground, and does not look like a roof."""
    large = step.contrast >= MIN_SCRAPED_CONTRAST and np.abs(step.size).max() >= MIN_SCRAPED_SIZE
    return bool(large and step_whiteness(step) < landcover.MIN_GAIN)


def _structure(step: Step, cover: LandCover, scrapings: Sequence[Step], seen: Series) -> Structure:
    """Return one structure; ground was broken at the last of `scrapings` before it, or no later than the roof began."""
    onset_low, onset_high = _onset(step, scrapings, seen)
    roofed_low = moment_date(step.low, -HALF_MARGIN_DAYS)
    # a change still under way at the last scene has no end yet
    ended = to_day(step.complete.high) < seen.days[-1] - UNDER_WAY_DAYS
    roofed_high = moment_date(step.high, HALF_MARGIN_DAYS)
    wide = long_interval(roofed_low, roofed_high, step.gap_days)
    return Structure(
        kind=cover.kind,
        probability=round(step.probability * cover.probability, 3),
        onset_low=onset_low,
        onset_high=onset_high,
        roofed_low=roofed_low,
        roofed_best=moment_date(step.best),
        roofed_high=roofed_high,
        complete_low=max(moment_date(step.complete.low, -COMPLETE_MARGIN_DAYS), roofed_low),
        complete_high=moment_date(step.complete.high, COMPLETE_MARGIN_DAYS) if ended else None,
        doubts=(wide,) if wide else (),
        step_probability=step.probability,
        half_day=to_day(step.best),
        near=(to_day(step.begun.low), to_day(step.complete.high)),
        shown_from_day=to_day(step.complete.high),
        shown_until_day=seen.days[-1] + 1,
    ).doubtful(cover.doubt)


def _onset(step: Step, scrapings: Sequence[Step], seen: Series) -> tuple[dt.date | None, dt.date]:
    """Return low and high of ground broken; a low of None means "no later than" the high.

    Only a sharp step that is not at the start of the series and not long before the roof is named. Scraping shows
    before it is half done and after it began.
    """
    for scraped in [s for s in scrapings if s.best < step.best][-1:]:
        lead = to_day(step.best) - to_day(scraped.best)
        wide = to_day(scraped.high) - to_day(scraped.begun.low)
        inside = to_day(scraped.begun.low) - seen.days[0] > ONSET_FROM_START_DAYS
        if lead < ONSET_LEAD_DAYS and wide < ONSET_WIDEST_DAYS and inside:
            last = min(moment_date(scraped.high, HALF_MARGIN_DAYS), moment_date(step.high))
            return moment_date(scraped.begun.low, -ONSET_MARGIN_DAYS), last
    return None, moment_date(max(step.begun.high, step.low))


def _lasts(step: Step, ground: Steps, seen: Series) -> bool:
    """Return whether the last scenes still differ by half a step from every level that the ground had before it.

    Scraped ground does not heal in a season; what does was a crop, water or dust, and the way back is not work either.
    """
    start = seen.days[0] - 1
    for earlier in ground:
        if earlier.best > step.best:
            break
        before = (seen.days > start) & (seen.days <= to_day(earlier.begun.low))
        start = to_day(earlier.complete.high)
        if before.any():
            after = seen.days >= to_day(step.complete.best)
            change = _alike(seen, before, after) @ step.size / (step.size @ step.size)
            if not change >= LASTING_SHARE:
                return False
    return True


def _alike(seen: Series, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the last scenes `after` less the last `before` in both bands, of one half of the year if it can be."""
    warm = np.isin(quarters(seen.days), WARM_QUARTERS)
    halves = [(before & half, after & half) for half in (warm, ~warm)]
    fuller = max(halves, key=lambda half: min(half[0].sum(), half[1].sum()))
    if min(fuller[0].sum(), fuller[1].sum()) >= HALF_YEAR_SCENES:
        before, after = fuller
    pair = seen.contrast[:, [seen.bands.index(b) for b in PAIR]]
    return np.asarray(
        np.median(pair[after][-lasting.LAST_SCENES :], axis=0) - np.median(pair[before][-lasting.LAST_SCENES :], axis=0)
    )


def _earthworks(step: Step, seen: Series) -> Structure:
    days = to_day(step.high) - to_day(step.begun.low)
    slow = Doubt(Reason.SLOW_GROUND, {"days": days}) if days >= ONSET_WIDEST_DAYS else None
    return Structure(
        kind=Kind.EARTHWORKS,
        probability=round(step.probability * landcover.PROBABILITY[Kind.EARTHWORKS], 3),
        onset_low=moment_date(step.begun.low, -ONSET_MARGIN_DAYS),
        onset_high=moment_date(step.high, HALF_MARGIN_DAYS),
        doubts=(unconfirmed(seen) or slow or Doubt(Reason.NO_ROOF, {"day": iso(to_date(seen.days[-1]))}),),
        shown_from_day=to_day(step.complete.high),
        shown_until_day=seen.days[-1] + 1,
    )


def by_last_change(step: Step, ground: Steps, seen: Series) -> Structure:
    """Return what a lasting change left, as a roof until its colour is known: not every roof is whiter than ground."""
    scrapings = [s for s in ground if _scraped(s)]
    made = _structure(step, LandCover(Kind.DARK_ROOF, landcover.PROBABLE), scrapings, seen)
    return replace(made, gain=landcover.MIN_GAIN, relative_gain=MIN_RELATIVE_GAIN)


def unconfirmed(seen: Series) -> Doubt | None:
    """Return what the last scenes show if they look like a roof but are too few to be a step."""
    white = seen.whiteness()
    last = len(white) - int(np.argmin((white > np.median(white) + landcover.MIN_GAIN)[::-1]))
    late = seen.days[last:]
    if len(late) < UNCONFIRMED_SCENES:
        return None
    return Doubt(Reason.MAY_SHOW_A_ROOF, {"scenes": len(late), "day": iso(to_date(late[0]))})


def why_not(found: Steps) -> Doubt:
    """Return the reason why steps make no structure."""
    return Doubt(Reason[found.no_step.name], {"told": found.told}) if found.no_step else Doubt(Reason.NO_STRUCTURE)
