"""Doubts about what was seen to come: it stood briefly, comes and goes, is wet, or is a part of a larger whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from osint.change import landcover, series
from osint.change._segmentation import YEAR_DAYS
from osint.change.landcover import Kind
from osint.change.reasons import NOT_SEPARABLE, Doubt, Reason
from osint.change.series import Series
from osint.change.steps import to_date
from osint.change.structure import Structure, iso

TURNS_OF_DOUBT = 3  # turns between gains and losses, two at one time of year, that put dates in doubt
TURNS_OF_NO_BUILDING = 4  # turns that no building makes: two gains and two losses
SAME_SEASON_DAYS = 45.0  # difference in the time of year up to which two turns come at the same time
TURN_SHARE = 0.4  # share of the largest change from which another one is a turn
NO_BUILDING_FACTOR = 0.5  # factor of the probability of what comes and goes
BRIEF_MAX_DAYS = 183.0  # what stood for a shorter time has a doubt
BRIEF_FACTOR = 0.5  # factor of the probability of what stood for so short a time: judgement, below one half
MISSING_SHARE = 0.25  # share of a standing roof below which a scene does not show it
MISSING_SCENES = 3  # scenes in a row without it that are not taken for misread ones
LAST_SCENES = 6  # scenes at the end of a stretch whose median stands for it
WHOLE_DAYS = 365.0  # in which what first looks like a dark roof may become the field or greenhouse it is part of


def short_lived(structure: Structure) -> Structure:
    """Put a doubt on what stood for a few months: film, a crust or a heap does so more often than a roof."""
    days = structure.removed_day - structure.half_day
    other = any(d.reason != Reason.OPEN_KIND for d in structure.doubts)
    if structure.stands or days >= BRIEF_MAX_DAYS or other or structure.probability is None:
        return structure
    less = replace(
        structure,
        step_probability=BRIEF_FACTOR * structure.step_probability,
        probability=round(BRIEF_FACTOR * structure.probability, 3),
    )
    return less.doubtful(Doubt(Reason.SHORT_LIVED, {"days": days}))


def interrupted(structure: Structure, seen: Series) -> Structure:
    """Put a doubt on what stands though several scenes in a row show the ground that was there before it.

    They are too few for two steps: a roof taken down and built again within weeks. Snow and low sun are left out.
    """
    white, low_sun = seen.whiteness(), series.winter(seen.days, seen.latitude_deg)
    before = white[seen.days < structure.near[0]][-LAST_SCENES:]
    until = min(structure.shown_until_day, structure.removed_day)
    stood = (seen.days >= structure.shown_from_day) & (seen.days < until) & ~low_sun
    if not len(before) or not stood.any():
        return structure
    level, full = float(np.median(before)), float(np.median(white[stood]))
    bare = np.r_[
        False, (white[stood] - level < MISSING_SHARE * (full - level)) & (full - level > landcover.MIN_GAIN), False
    ]
    edges = np.flatnonzero(np.diff(bare.astype(int)))
    start, stop = max(zip(edges[::2], edges[1::2], strict=True), key=lambda run: run[1] - run[0], default=(0, 0))
    if stop - start < MISSING_SCENES:
        return structure
    days = seen.days[stood][start:stop]
    figures: dict[str, float | str] = {
        "scenes": len(days),
        "start": iso(to_date(days[0])),
        "end": iso(to_date(days[-1])),
    }
    return structure.doubtful(Doubt(Reason.INTERRUPTED, figures))


def come_and_go(found: Sequence[Structure], changes: Sequence[tuple[float, float]]) -> list[Structure]:
    """Put a doubt on what is gained and lost again and again: snow, plastic, a drying lake.

    `changes` are (day, relative gain) in time order.
    """
    largest = max((abs(change) for _, change in changes), default=0.0)
    large = [(when, change > 0) for when, change in changes if abs(change) >= TURN_SHARE * largest]
    turns = [turn for k, turn in enumerate(large) if k == 0 or turn[1] != large[k - 1][1]]
    # a site that is cleared and rebuilt follows no yearly cycle
    apart = [one - two for (one, up), (two, down) in combinations(turns, 2) if up == down]
    yearly = any(abs((days + YEAR_DAYS / 2) % YEAR_DAYS - YEAR_DAYS / 2) < SAME_SEASON_DAYS for days in apart)
    no_building = len(turns) >= TURNS_OF_NO_BUILDING
    if not no_building and not (yearly and len(turns) >= TURNS_OF_DOUBT):
        return list(found)
    gains = sum(up for _, up in large)
    doubt = Doubt(Reason.COMES_AND_GOES, {"gains": gains, "losses": len(large) - gains})
    probability = round(NO_BUILDING_FACTOR * landcover.PROBABILITY[Kind.OTHER], 3)
    doubtful = [s.doubtful(doubt) for s in found]
    return [replace(s, kind=Kind.OTHER, probability=probability) for s in doubtful] if no_building else doubtful


def wetted(structure: Structure, seen: Series, until_day: float) -> Structure:
    """Take back a roof that turns out to darken with water: a pan that was whole when wet is no whiter when dry."""
    after = landcover.window_median(seen, structure.shown_from_day, until_day)
    if structure.kind not in landcover.BUILDINGS or after is None or after.dimmed < landcover.WET_SCENES:
        return structure
    return structure.called(Kind.OTHER, landcover.PROBABILITY[Kind.OTHER]).doubtful(Doubt(Reason.WETTED))


def like_the_whole(found: Sequence[Structure]) -> list[Structure]:
    """Give the first parts of what stands on one outline, seen mixed with ground, the kind that it has at the end."""
    standing = [s for s in found if s.stands]
    return [_like(s, standing[-1]) if s in standing[:-1] else s for s in found]


def _like(part: Structure, whole: Structure) -> Structure:
    """Return a part as the kind of the whole, where it was seen too mixed to tell."""
    if whole.kind is None:
        return part
    certain = whole.kind in landcover.BUILDINGS and not whole.not_separable
    snow = any(d.reason is Reason.SNOW_OR_WATER for d in part.doubts)
    mixed = part.kind in (Kind.OTHER, Kind.SOLAR_FIELD) and not snow
    film = whole.kind in (Kind.GREENHOUSE, Kind.OTHER, Kind.SOLAR_FIELD) and part.kind is Kind.DARK_ROOF
    days = (whole.roofed_best - part.roofed_best).days if whole.roofed_best and part.roofed_best else np.inf
    if not (certain and (mixed or part.not_separable)) and not (
        film and not whole.not_separable and days <= WHOLE_DAYS
    ):
        return part
    doubts = tuple(d for d in part.doubts if d.reason not in NOT_SEPARABLE)
    return replace(part, doubts=doubts).called(whole.kind, (whole.probability or 0.0) / whole.step_probability)
