"""Find what covered an outline for some months and went: no step of the series, and not always weather."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from osint.change.steps import Step, Steps, date_step, to_days

LEAST_RISE = 0.03
"""Rise of whiteness (reflectance) over the level around it, also ODD times the scatter."""
ODD = 5.0
LEAST_DAYS, LONGEST_DAYS = 60.0, 183.0
"""Time between the last look without and the first look without again, at least; between the looks of one run, at most."""
ALIKE = 0.06
"""Share of the rise by which looks of one thing differ with sun and haze, one deviation."""


@dataclass(frozen=True)
class Spell:
    """A rise of whiteness that ended again."""

    first: float
    """Day of the first look that shows it."""
    last: float
    before: float
    """Day of the last look without it."""
    after: float
    """Day of the next look without it."""
    rise: float
    looks: int


def rises(days: np.ndarray, white: np.ndarray, covered: Steps) -> list[Spell]:
    """Return runs of two looks or more that rise over the level that the `covered` steps leave, and fall back, within half a year.

    `white` (n,) is the whiteness at `days` (n,). A run at either end of a level is part of the step there.
    """
    if len(covered.scatter) != 1:
        return []
    found = []
    inner = [float(to_days([s.best])[0]) for s in covered]
    for low, high in zip([-np.inf, *inner], [*inner, np.inf], strict=True):
        places = np.flatnonzero((days >= low) & (days < high))
        if len(places) < 4:
            continue
        over = white[places] - np.median(white[places])
        risen = over > max(LEAST_RISE, ODD * float(covered.scatter[0]))
        edges = np.flatnonzero(np.diff(risen.astype(int)))
        for start, stop in pairwise(edges):
            run = places[start + 1 : stop + 1]
            before, after = float(days[places[start]]), float(days[places[stop + 1]])
            if risen[start + 1] and len(run) > 1 and after - before >= LEAST_DAYS and np.ptp(days[run]) < LONGEST_DAYS:
                rise = float(np.median(over[start + 1 : stop + 1]))
                found.append(Spell(float(days[run[0]]), float(days[run[-1]]), before, after, rise, len(run)))
    return found


def timed(days: np.ndarray, white: np.ndarray, spell: Spell, coverage: float = 0.9) -> tuple[Step, Step] | None:
    """Return when a spell came and went, as steps of the series that ends, and of the one that starts, within it."""
    until, since = days <= spell.last, days >= spell.first
    inside = until & since
    scatter = np.median(np.abs(np.diff(white[~inside]))) * 1.4826 / np.sqrt(2)
    sigma = float(np.hypot(scatter, ALIKE * spell.rise))
    ups = [s for s in date_step(days[until], white[until], sigma, coverage=coverage) if s.size[0] > 0]
    downs = [s for s in date_step(days[since], white[since], sigma, coverage=coverage) if s.size[0] < 0]
    # what stands may grow by parts before all of it goes
    up, down = (max(s, key=lambda step: abs(float(step.size[0])), default=None) for s in (ups, downs))
    return (up, down) if up and down and up.best < down.best else None
