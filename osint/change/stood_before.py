"""Judge what stood on an outline before something came: water that dried out, or a roof that was coated anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from osint.change import kinds, landcover, lasting, surfaces
from osint.change._segmentation import YEAR_DAYS
from osint.change.landcover import Kind, WindowMedian
from osint.change.reasons import NOT_SEPARABLE, Doubt, Reason
from osint.change.series import Series
from osint.change.structure import Structure
from osint.change.surfaces import Surface

BUILT, SOILS = (*surfaces.ROOFS, Surface.ASPHALT), (Surface.BARE_GROUND, Surface.SALT)
# distances of logarithms, in colour and in brightness, that soils of one place seldom have: 16% of pairs of 19 soils of
# Xinjiang (15% of 28 of another library) have one of them, of pairs of these soils and 82 roofs and asphalt 77% do
SOIL_COLOUR, SOIL_BRIGHTNESS = 0.36, 0.5
APART_ODDS, ALIKE_ODDS = 4.8, 0.27  # of a roof or asphalt against soil, from these figures


def doubted(structure: Structure, seen: Series, until_day: float) -> Structure:
    """Put a doubt on a roof whose outline, in the year before a day, was under water or looked like a roof or asphalt.

    `until_day` is when the first change on the outline began, days since 1970-01-01. A roof that was coated anew is no
    new building: its probability counts as far as there was none before.
    """
    before = _year_before(seen, until_day)
    if before is None or not structure.may_be_roof or structure.probability is None:
        return structure
    if before.wet >= landcover.WET_SCENES:
        kept = tuple(doubt for doubt in structure.doubts if doubt.reason not in NOT_SEPARABLE)
        other = replace(structure, doubts=kept).called(Kind.OTHER, landcover.PROBABILITY[Kind.OTHER])
        return other.doubtful(Doubt(Reason.DRIED_OUT))
    built = built_before(before)
    if built < landcover.PROBABLE:
        return structure
    new = replace(structure, probability=round(structure.probability * (1 - built), 3))
    return new.doubtful(Doubt(Reason.ROOF_BEFORE, {"built": built}))


def _year_before(seen: Series, until_day: float) -> WindowMedian | None:
    """Return what was seen in the year before a day, None of less than half of it."""
    first = max(until_day - YEAR_DAYS, float(seen.days[0]))
    # a slab or a frame of some months is not what stood before
    return landcover.window_median(seen, first, until_day) if until_day - first > lasting.BRIEF_MAX_DAYS else None


def built_before(before: WindowMedian) -> float:
    """Return the probability that there was a roof or asphalt, by its colour and by how that stands out.

    Where soil lies around an outline, soil on it has much the same colour. Between plants it stands out as a roof does.
    """
    inside, around = ({b: float(v) for b, v in of.items() if v > 0} for of in (before.inside, before.around))
    bands = [band for band in inside if band in around]
    if not bands:
        return 0.0
    apart = np.log([inside[band] / around[band] for band in bands])
    far = np.linalg.norm(apart - apart.mean()) >= SOIL_COLOUR or abs(apart.mean()) >= SOIL_BRIGHTNESS
    found, beside = (
        {Surface(s): p for s, p in kinds.kind(*of)["by_class"].items()} for of in ((inside, around), (around, None))
    )
    bare = sum(beside[surface] for surface in SOILS) / sum(beside[surface] for surface in surfaces.GROUNDS)
    odds = (APART_ODDS if far else ALIKE_ODDS) ** bare
    soil, built = sum(found[surface] for surface in SOILS), sum(found[surface] for surface in BUILT)
    return float(built / (built + soil / odds + (1 - built - soil)))
