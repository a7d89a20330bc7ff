"""The levels of an outline over its surroundings, in all bands that tell a roof from its slab, and their changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from osint.change import series, steps
from osint.change.series import SWIR, Series
from osint.change.stack import PAIR
from osint.change.steps import Step, to_day

# in which painted steel and concrete differ; and B12, which over B11 is 0.85 to 1.08 for concrete, 0.54 to 0.79 for
# white membranes, 1.0 to 1.4 for blue steel (80% of the rows of `reflectances.csv`): sun and haze hardly change it
RED, LAST_SWIR = "B04", "B12"
READ_SHARE = 0.8  # share of the scenes that were read in a band from which it tells when a cover was laid
LEAST_CHANGE = 0.15  # change from slab to cover in the clearest band, over the surroundings
# deviations, in logarithms, of a change by sun, dust and rain, in brightness and in colour; of one by works
SUN_BRIGHTER, SUN_COLOUR, WORKS_SPREAD = 0.12, 0.03, 0.5
AROUND_SHARE = 0.5  # of a change of the surroundings that the outline does not share: of plants, not of light and haze
MOST_ODDS = 10.0  # logarithm of the odds that are believed
SHORTEST_STAGE_DAYS = 30.0  # a slab on ground of its colour comes and goes again, but stands for some weeks
ONE_CHANGE_DAYS = 45.0  # two steps nearer to each other than this are one change


@dataclass(frozen=True)
class Levels:
    """An outline over its surroundings, scene by scene."""

    days: np.ndarray
    """(n,) days since 1970-01-01."""
    values: np.ndarray
    """(n, columns) in the bands of PAIR, RED if it was read, and last LAST_SWIR over the infrared if it was."""
    around: np.ndarray
    """(n, columns) reflectance of the surroundings alone."""
    red: bool = False
    """Whether there is a column of RED."""
    infrared: bool = False
    """Whether there is a column of LAST_SWIR."""

    def within(self, chosen: np.ndarray) -> Levels:
        """Return the scenes `chosen` (n,) bool."""
        return replace(self, days=self.days[chosen], values=self.values[chosen], around=self.around[chosen])

    def changed(self, before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
        """Return by how much one level differs from another in brightness and in colour, in logarithms."""
        least = series.DARKEST_AROUND
        change = np.log(np.maximum(after, least) / np.maximum(before, least))
        bands = change[:-1] if self.infrared else change
        brighter = float(bands.mean())
        return brighter, float(np.linalg.norm([*(bands - brighter), *change[len(bands) :]]))

    def sun_odds(self, before: Level | None, after: Level | None) -> float:
        """Return how much better sun, dust and season explain a change of level than works do: a ratio of densities.

        A roof stands out more where plants next to it turn darker and greener.
        """
        if before is None or after is None:
            return 1.0
        brighter, colour = self.changed(before.over, after.over)
        plants = AROUND_SHARE * np.array(self.changed(before.around, after.around))
        usual = np.hypot((SUN_BRIGHTER, SUN_COLOUR), plants)
        narrow = (brighter / usual[0]) ** 2 + (colour / usual[1]) ** 2
        wide = (brighter**2 + colour**2) / WORKS_SPREAD**2
        width = np.log(WORKS_SPREAD / usual[0]) + (len(before.over) - 1) * np.log(WORKS_SPREAD / usual[1])
        return float(np.exp(np.clip((wide - narrow) / 2 + width, -MOST_ODDS, MOST_ODDS)))


@dataclass(frozen=True)
class Level:
    """Medians of a time in which nothing changed, in the columns of `Levels`."""

    over: np.ndarray
    """(columns,) outline over its surroundings."""
    around: np.ndarray
    """(columns,) reflectance of the surroundings."""


def relative(seen: Series) -> Levels:
    """Return the outline over its surroundings, in which the sun of a season cancels.

    RED and LAST_SWIR enter where most scenes were read in them: painted steel and concrete are alike in the others.
    """
    bands = [seen.bands.index(band) for band in (*PAIR, RED, LAST_SWIR) if band in seen.bands]
    read = np.isfinite(seen.inside[:, bands]) & np.isfinite(seen.around[:, bands])
    used = read.mean(axis=0) >= READ_SHARE
    rows, bands = read[:, used].all(axis=1), [band for band, use in zip(bands, used, strict=True) if use]
    names = [seen.bands[band] for band in bands]
    inside, around = (np.maximum(part[rows][:, bands], series.DARKEST_AROUND) for part in (seen.inside, seen.around))
    values = inside / around
    if LAST_SWIR in names:
        for table in (values, around):
            table[:, -1] /= table[:, names.index(SWIR)]
    return Levels(seen.days[rows], values, around, RED in names, LAST_SWIR in names)


def median(seen: Series, of: Levels, low: float, high: float) -> Level | None:
    """Return the level of an outline between two days, without winter if it can be; None without a scene."""
    inside = (of.days >= low) & (of.days <= high)
    calm = inside & ~series.winter(of.days, seen.latitude_deg)
    inside = calm if calm.any() else inside
    return Level(*(np.median(part[inside], axis=0) for part in (of.values, of.around))) if inside.any() else None


def changes(seen: Series, since_day: float = np.inf) -> list[Step]:
    """Return in time order the steps of `relative` that may be of a cover.

    A low sun changes what stands out, not the ground: the scenes outside of winter are looked at by themselves too.
    So is what came after `since_day`: next to a slab poured on dark ground a cover may be a small change. Of two steps
    that are near each other the first found counts. What the sun explains as well as works do is left out.
    """
    of = relative(seen)
    calm = ~series.winter(of.days, seen.latitude_deg)
    found: list[Step] = []
    whole, late = np.ones(len(of.days), bool), calm & (of.days > since_day)
    for chosen in (whole, calm, late):
        made = steps.date_step(of.days[chosen], of.values[chosen], spell_days=SHORTEST_STAGE_DAYS).steps
        ends = [-np.inf, *(to_day(step.complete.best) for step in made)]
        starts = [*(to_day(step.begun.best) for step in made), np.inf]
        stood = [median(seen, of, low, high) for low, high in zip(ends, starts, strict=True)]
        for step, before, after in zip(made, stood, stood[1:], strict=False):
            low, high = to_day(step.low) - ONE_CHANGE_DAYS, to_day(step.high) + ONE_CHANGE_DAYS
            near = any(low <= to_day(other.best) <= high for other in found)
            # of what no scene shows, what the series says of it
            one = before or Level(step.before, np.ones_like(step.before))
            other = after or Level(step.after, np.ones_like(step.after))
            if not near and of.sun_odds(one, other) <= 1:
                found.append(step)
    return sorted(found, key=lambda step: step.best)
