"""Weigh which change of an outline was its cover: each level is ground, a stage of the works, a roof, or came later.

What stands between two changes has a colour, and works have an order: ground, slab and frame, cover, and later panels,
gravel or bare ground again. Every way to read the changes so is weighed by the colours (`kinds.evidence`) and by how
long works take; the sum over all ways in which a change was the cover is its weight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from osint.change import kinds, landcover, levels, surfaces
from osint.change._segmentation import YEAR_DAYS
from osint.change.levels import Level
from osint.change.series import HALF, Series
from osint.change.steps import Step, to_day
from osint.change.surfaces import Surface

GROUND, STAGE, ROOF, LATER, BARE = range(5)  # what a level may be; LATER is a roof with panels, gravel, a new coat
WORK_DAYS = 90.0  # from one work to the next on average, two works between: as in `stages`
RESTS, RESTED_DAYS = 0.15, 300.0  # of works that rest, and how long on average
DIRECT = 0.4  # of covers before which no stage shows
FURTHER = 0.3  # of stages that another stage follows
# how often what stands is changed, in a year: the sun, dust and rain on it; other ground works; a roof that gets panels
# or a new coat; one that is cleared. Judgements: no count of halls says so
SUN, GROUND_WORKS, RECOATED, CLEARED = 1.0, 0.1, 0.1, 0.05
LEAST_WEIGHT = 0.05  # of an explanation from which the interval holds it
# share of cleared ground that looks as it did at some time before the cover, the other is scraped anew; of roofs that
# do, under gravel of the place
AS_BEFORE, LOCAL_GRAVEL = 0.5, 0.05
STAGE_SURFACES = {Surface.CONCRETE: 0.5, Surface.BARE_GROUND: 0.3, Surface.ASPHALT: 0.2}  # slab, scraped ground, frame
LATER_SURFACES = {Surface.SOLAR_PANELS: 0.6, Surface.BARE_GROUND: 0.1, Surface.ASPHALT: 0.1}  # panels, gravel, felt


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an outline, days since 1970-01-01."""

    begun: float
    best: float
    over: float
    near: tuple[float, float]
    """From when it may have begun to when it was surely over; the others are the likeliest days."""


def apart(changes: Sequence[Change], days: np.ndarray) -> list[Change]:
    """Return changes in time order, those between which no scene of `days` shows a level being one."""
    found: list[Change] = []
    for change in sorted(changes, key=lambda change: change.best):
        before = found[-1] if found else None
        if before and not ((days >= before.over) & (days <= change.begun)).any():
            near = min(before.near[0], change.near[0]), max(before.near[1], change.near[1])
            found[-1] = Change(min(before.begun, change.begun), change.best, max(before.over, change.over), near)
        else:
            found.append(change)
    return found


def of_step(step: Step) -> Change:
    """Return a step as a change."""
    near = to_day(step.begun.low), to_day(step.complete.high)
    return Change(to_day(step.begun.best), to_day(step.best), to_day(step.complete.best), near)


def likely_covers(found: Sequence[Step], seen: Series) -> list[tuple[float, float]]:
    """Return from when to when each change of those `found` lasts that may have been the cover of what stands."""
    changes = apart([of_step(step) for step in found], seen.days)
    if not changes:
        return []
    reading = read(changes, seen, (-np.inf, np.inf))
    return [change.near for change, weight in zip(changes, reading.cover, strict=True) if weight >= LEAST_WEIGHT]


@dataclass(frozen=True)
class Reading:
    """How the changes of an outline are read."""

    cover: np.ndarray
    """(changes,) probability that each was the cover, given that something was covered, and is gone or stands."""
    lasting: np.ndarray
    """(changes,) probability that each is more than the sun on what stands, given that it comes after the cover."""
    share: np.ndarray
    """(changes,) each change over the whole change since the first level, 1 where a level was not seen."""
    bare: float
    """Probability that the ground is bare again at the end, given that something was covered."""


def read(changes: Sequence[Change], seen: Series, window: tuple[float, float]) -> Reading:
    """Return how likely each of `changes` (in time order, at least one) within a window of days was the cover."""
    spans = list(zip([window[0], *(c.over for c in changes)], [*(c.begun for c in changes), window[1]], strict=True))
    of = levels.relative(seen)
    middle = [levels.median(seen, of, *span) for span in spans]
    likely = np.array([_likely(seen, span) for span in spans])
    days = np.diff([c.best for c in changes], prepend=changes[0].best - WORK_DAYS)
    alike = np.array([[of.sun_odds(one, other) for other in middle] for one in middle])
    weights = _weights(likely, days, alike)
    bare = weights[1].sum() / max(weights.sum(), 1e-300)
    into = weights[int(bare >= HALF)]
    sun = SUN / YEAR_DAYS * np.diagonal(alike, 1)
    lasting = 1 - sun / (sun + (RECOATED + CLEARED) / YEAR_DAYS)
    share = [_share(middle[0], one, other) for one, other in pairwise(middle)]
    return Reading(into / max(into.sum(), 1e-300), lasting, np.array(share), float(bare))


def _weights(likely: np.ndarray, days: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Return the weight of all ways in which each change was the cover: (stands or gone, changes), to one factor.

    The ways are summed level by level, by what the level is and with which level the roof came (0 without one), so that
    many changes cost their square and not a power. What looks again as it once did under one roof was changed by the
    season in between, and is no new cover.
    """
    ways = {(GROUND, 0): 1.0}
    for number in range(1, len(likely)):
        onward: defaultdict[tuple[int, int], float] = defaultdict(float)
        for (state, cover), weight in ways.items():
            since = cover if state == ROOF else number - 1
            sun = SUN / YEAR_DAYS * float(alike[since:number, number].max())
            for then, rate in _moves(state, float(days[number - 1]), sun).items():
                came = number if then == ROOF and state != ROOF else cover
                like = float(likely[number, then])
                share = LOCAL_GRAVEL if came == number else AS_BEFORE if then == BARE else 0.0
                like += share * (float(alike[: max(came, 1), number].max()) - like)
                onward[then, came] += weight * rate * like
        most = max(onward.values())
        ways = {key: weight / most for key, weight in onward.items()} if most else dict(onward)
    weights = np.zeros((2, len(likely) - 1))
    for (state, cover), weight in ways.items():
        if cover:
            weights[int(state == BARE), cover - 1] += weight
    return weights


def _moves(state: int, days: float, sun: float) -> dict[int, float]:
    """Return how often, in a day, a change leads from a state to others, `days` after the one before it."""
    lead = (1 - RESTS) * 4 * days / WORK_DAYS**2 * np.exp(-2 * days / WORK_DAYS)
    lead += RESTS / RESTED_DAYS * np.exp(-days / RESTED_DAYS)
    ground, recoated, cleared = (rate / YEAR_DAYS for rate in (GROUND_WORKS, RECOATED, CLEARED))
    return {
        GROUND: {GROUND: sun + ground, STAGE: (1 - DIRECT) / YEAR_DAYS, ROOF: DIRECT / YEAR_DAYS},
        STAGE: {STAGE: sun + FURTHER * lead, ROOF: (1 - FURTHER) * lead, GROUND: ground},
        ROOF: {ROOF: sun, LATER: recoated, BARE: cleared},
        LATER: {LATER: sun + recoated, BARE: cleared},
        BARE: {BARE: sun + ground},
    }[state]


def _share(first: Level | None, before: Level | None, after: Level | None) -> float:
    if first is None or before is None or after is None:
        return 1.0
    whole = max(float(np.linalg.norm(after.over - first.over)), levels.LEAST_CHANGE)
    return min(float(np.linalg.norm(after.over - before.over)) / whole, 1.0)


def _likely(seen: Series, span: tuple[float, float]) -> list[float]:
    """Return the likelihood of what a span of days shows under each of what it may be, over that under anything."""
    window = landcover.window_median(seen, *span, 1)
    if window is None:
        return [1.0] * 5
    inside, around = (
        {b: float(np.clip(v, 1e-4, 1)) for b, v in of.items() if v > 0} for of in (window.inside, window.around)
    )
    if not inside:
        return [1.0] * 5
    by_class = {Surface(name): p for name, p in kinds.kind(inside, around or None)["by_class"].items()}
    told = {surface: value + kinds.NOVEL_SHARE for surface, value in kinds.evidence(by_class, around or None).items()}
    roof = sum(kinds.PRIOR[s] * told[s] for s in surfaces.ROOFS) / sum(kinds.PRIOR[s] for s in surfaces.ROOFS)
    stage, later = (sum(share * told[s] for s, share in of.items()) for of in (STAGE_SURFACES, LATER_SURFACES))
    return [1.0, stage, roof, later + (1 - sum(LATER_SURFACES.values())) * roof, told[Surface.BARE_GROUND]]
