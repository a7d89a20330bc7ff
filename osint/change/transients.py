"""Find what was white for some months only, and time how it came and went."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from osint.change import steps
from osint.change._segmentation import jump_sd
from osint.change.steps import Step, Steps

TRANSIENT_MIN_RISE = 0.03  # rise of whiteness (reflectance) over the level around it
TRANSIENT_MIN_Z = 5.0  # rise over the scatter of single values
TRANSIENT_LEVEL_SCENES = 4  # fewest scenes of a level in which a transient is looked for
TRANSIENT_MIN_DAYS, TRANSIENT_MAX_DAYS = 60.0, 183.0  # between the scenes without it; between the scenes with it
TRANSIENT_SHARE_SD = 0.06  # share of the rise by which scenes of one thing differ with sun and haze, one deviation


@dataclass(frozen=True, slots=True)
class Transient:
    """A rise of whiteness that ended again; days are days since 1970-01-01."""

    first_day: float
    """Day of the first scene that shows it."""
    last_day: float
    """Day of the last scene that shows it."""
    before_day: float
    """Day of the last scene without it."""
    after_day: float
    """Day of the next scene without it."""
    rise: float
    """Rise over the level around it, reflectance."""


def transients(days: np.ndarray, white: np.ndarray, covered: Steps) -> list[Transient]:
    """Return runs of two scenes or more that rise over the level that the `covered` steps leave, and fall back.

    `white` (n,) is the whiteness at `days` (n,). A run at either end of a level is part of the step there; one of
    less than two months or more than half a year is left out.
    """
    if len(covered.scatter) != 1:
        return []
    least_rise = max(TRANSIENT_MIN_RISE, TRANSIENT_MIN_Z * float(covered.scatter[0]))
    inner = [steps.to_day(s.best) for s in covered]
    found = []
    for low, high in pairwise([-np.inf, *inner, np.inf]):
        places = np.flatnonzero((days >= low) & (days < high))
        if len(places) < TRANSIENT_LEVEL_SCENES:
            continue
        over = white[places] - np.median(white[places])
        risen = over > least_rise
        for start, stop in pairwise(np.flatnonzero(np.diff(risen.astype(int)))):
            run = places[start + 1 : stop + 1]
            before, after = float(days[places[start]]), float(days[places[stop + 1]])
            lasts = after - before >= TRANSIENT_MIN_DAYS and np.ptp(days[run]) < TRANSIENT_MAX_DAYS
            if risen[start + 1] and len(run) > 1 and lasts:
                rise = float(np.median(over[start + 1 : stop + 1]))
                found.append(Transient(float(days[run[0]]), float(days[run[-1]]), before, after, rise))
    return found


def time_transient(days: np.ndarray, white: np.ndarray, transient: Transient) -> tuple[Step, Step] | None:
    """Return the step by which a transient came and the one by which it went, None unless both are found.

    The first is a step of the series that ends within the transient, the second of the series that starts within it.
    """
    until, since = days <= transient.last_day, days >= transient.first_day
    scatter = jump_sd(white[~(until & since)])
    sigma = float(np.hypot(scatter, TRANSIENT_SHARE_SD * transient.rise))
    ups = [s for s in steps.date_step(days[until], white[until], sigma) if s.size[0] > 0]
    downs = [s for s in steps.date_step(days[since], white[since], sigma) if s.size[0] < 0]
    # what stands may grow by parts before all of it goes
    up, down = (max(s, key=lambda step: abs(float(step.size[0])), default=None) for s in (ups, downs))
    return (up, down) if up and down and up.best < down.best else None
