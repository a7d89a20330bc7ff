"""Say what appeared on an outline: its colour as `kinds.kind` judges it, with what a single colour does not show.

That is its shape, how many winters it stood, plants, snow and water in any season, and what was there before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from scipy import ndimage

from osint.change import kinds, surfaces
from osint.change.reasons import Doubt, Reason
from osint.change.roof import roof_share
from osint.change.series import DARKEST_AROUND, HALF, SWIR, Series, median, quarters, whiteness, winter
from osint.change.stack import PAIR
from osint.change.surfaces import Surface


class Kind(StrEnum):
    """Land cover that appeared on an outline."""

    BRIGHT_ROOF = "bright roof"
    COLOURED_ROOF = "coloured roof"
    DARK_ROOF = "dark roof"
    EARTHWORKS = "earthworks"
    SOLAR_FIELD = "solar field"
    GREENHOUSE = "greenhouse"
    QUARRY_OR_PILE = "quarry or pile"
    OTHER = "other"


BUILDINGS = (Kind.BRIGHT_ROOF, Kind.COLOURED_ROOF, Kind.DARK_ROOF)
KIND_OF: Mapping[Surface, Kind] = {
    Surface.PALE_ROOF: Kind.BRIGHT_ROOF,
    Surface.COLOURED_ROOF: Kind.COLOURED_ROOF,
    Surface.DARK_ROOF: Kind.DARK_ROOF,
    Surface.TILED_ROOF: Kind.DARK_ROOF,
    Surface.SOLAR_PANELS: Kind.SOLAR_FIELD,
    Surface.FILM: Kind.GREENHOUSE,
}
"""Kind of what covers the ground; other surfaces are `other`."""
PROBABILITY: Mapping[Kind, float] = {Kind.EARTHWORKS: 0.1, Kind.QUARRY_OR_PILE: 0.05, Kind.OTHER: 0.2}
"""Probability of a building where something else than its colour says that it is none: judgement."""
MIN_GAIN = 0.03  # gain of whiteness (reflectance) against the surroundings from which something white has appeared
SCRAPING_MAX_DAYS = 60  # days in which scraping turns ground brighter; a quarry or a pile takes longer
PALE_BLUE = 0.2  # blue reflectance from which a roof is bright
SNOW_INDEX = 0.4  # (blue - short-wave infrared) / their sum of snow, ice and open water; roofs stay below 0.25
SEASONAL_SHARE = 0.6  # spread between the seasons over the gain, above which what appeared follows the seasons
WET_SWIR = 0.1  # short-wave infrared reflectance of open water and of mud; crops and dark soils of deserts keep more
USUAL_QUANTILE = 0.75  # quantile over time that stands for what a place mostly reflects, against its surroundings
DIMMED_SHARE = 0.7  # share of what a place mostly reflects below which it is wet: sun and season take a tenth
WET_SCENES = 2  # wet or dimmed scenes from which a place counts as under water
QUARTER_MIN_SCENES = 3  # scenes of a quarter of the year that make a median of it
COARSE = ("B11", "B12")
FINE_BLUR_PX, COARSE_BLUR_PX = 0.65, 1.07  # standard deviation of what 10 m see, and of the further blur of 20 m
PURE_QUANTILE = 0.8  # quantile of the roof share within the outline that is taken as pure roof
NEAR_COVER, NEAR_PX = 0.05, 3  # outline and what is near it: separated into two colours
MIXTURE_MIN_PX = 4  # fewest pixels from which two colours are separated
PROBABLE, SURE, OPEN = 0.5, 0.8, 0.2  # of a building: called one, without a doubt of its kind, still open
# times that what was seen has to speak more for a roof than for another surface for that one not to be named
LOOK_ALIKE_ODDS = 10.0
SQUARED, RAGGED = 0.6, 0.3  # how far edges run in two directions at a right angle: of halls, of ovals and crusts
EDGE_PX = 2  # pixels beyond half a roof in which its edge fades
# of the odds of natural patches against halls from these shares on; drawn ones (benchmarks.change.shapes) differ by 50
# and more, but what is drawn has no clutter at its edge
NATURAL_FACTOR = 10.0
# share of patches of a surface with straight edges at right angles, as what is built has: plots that were levelled,
# salt works, basins, fields
STRAIGHT_SHARE: Mapping[Surface, float] = {
    Surface.BARE_GROUND: 0.33,
    Surface.SALT: 0.1,
    Surface.PLANTS: 0.5,
    Surface.WATER: 0.3,
    Surface.SNOW: 0.0,
}
COMPACT_ASPECT, COMPACT_FACTOR = 4.0, 0.6  # length over width up to which it is no road; of the odds of asphalt
LASTING_DAYS, LASTING_FACTOR = 330.0, 0.5  # seen over all seasons of a year; of the odds of what comes and goes
FILM_NEAR_RATIO, FILM_BLUE, FILM_BLUE_RATIO = (
    1.22,
    0.14,
    1.02,
)  # near infrared / red, blue, blue / red: film over plants
FILM_FACTOR = 5.0  # of the odds of film where plants show through
SHAPE_MIN_PX = 20  # pixels from which a shape is judged
GREEN_NDVI = 0.28  # vegetation index that no roof reaches (blue steel comes to 0.17)
GREEN_QUANTILE = 0.85  # quantile over time of the vegetation index: a field is green in some season only
BLUE_STEEL_RATIO = 1.15  # blue over red from which a vegetation index means blue paint: plants are dark in blue


@dataclass(frozen=True, slots=True)
class WindowMedian:
    """Median reflectance of an outline and of its surroundings over a window of time."""

    inside: Mapping[str, float]
    """Reflectance of the outline by band."""
    around: Mapping[str, float]
    """Reflectance of the surroundings by band."""
    swing: float
    """Spread of the whiteness between the quarters of the year, reflectance."""
    dimmed: int = 0
    """Scenes outside of winter in which it was far darker than usual in both bands, against its surroundings."""
    wet: int = 0
    """Scenes in which it was as dark in the infrared as only water and mud are."""

    def whiteness(self) -> float:
        """Return the whiteness (reflectance) against the surroundings: roofs gain, soils lose."""
        inside, around = (whiteness(of["B02"], of[SWIR]) for of in (self.inside, self.around))
        return inside - around

    def relative(self) -> float:
        """Return whiteness over the brightness of the surroundings: slopes and seasons cancel, haze does not."""
        return self.whiteness() / max(self.around[SWIR], DARKEST_AROUND)


@dataclass(frozen=True, slots=True)
class LandCover:
    """What stands on an outline."""

    kind: Kind
    probability: float
    """Probability that it is a building, given that it is there."""
    doubt: Doubt | None = None
    """Why it is not to be relied on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Form of what stands on an outline."""

    squared: float
    """How far its edges run in two directions at a right angle, 1 wholly, 0 in all directions alike."""
    aspect: float
    """Length over width of its smallest rectangle."""


def _cover(kind: Kind, reason: Reason | None = None) -> LandCover:
    return LandCover(kind, PROBABILITY[kind], None if reason is None else Doubt(reason))


def window_median(series: Series, first_day: float, last_day: float, fewest: int = 2) -> WindowMedian | None:
    """Return the median between two days (since 1970-01-01), None if fewer than `fewest` scenes saw the outline."""
    chosen = (series.days >= first_day) & (series.days <= last_day)
    if chosen.sum() < fewest:
        return None
    white, quarter = series.whiteness()[chosen], quarters(series.days[chosen])
    means = [np.median(white[quarter == q]) for q in range(4) if (quarter == q).sum() >= QUARTER_MIN_SCENES]
    inside, around = (
        dict(zip(series.bands, median(v[chosen]).tolist(), strict=True)) for v in (series.inside, series.around)
    )
    return WindowMedian(inside, around, float(np.ptp(means)) if len(means) > 1 else 0.0, *_darkened(series, chosen))


def _darkened(series: Series, chosen: np.ndarray) -> tuple[int, int]:
    """Return how many of the `chosen` scenes are dimmed and wet (fields of `WindowMedian`)."""
    pair = [series.bands.index(b) for b in PAIR]
    inside = series.inside[chosen][:, pair]
    # against the surroundings: the sun dims all
    relative = inside / np.maximum(series.around[chosen][:, pair], DARKEST_AROUND)
    usual = np.quantile(relative, USUAL_QUANTILE, axis=0)
    dark = relative < DIMMED_SHARE * usual
    # what is dark from some day to the end, but for a few scenes, is a dark cover, and what was dark before it had its
    # usual colour is a slab: ground dries
    both, bright = dark.all(axis=1), (relative > math.sqrt(DIMMED_SHARE) * usual).all(axis=1)
    at_end = (np.cumsum(both[::-1]) > HALF * np.arange(1, len(both) + 1))[::-1]
    dimmed = both & ~at_end & (np.cumsum(bright) >= WET_SCENES)
    # a low sun next to plants of last summer looks like water
    mild = ~winter(series.days[chosen], series.latitude_deg)
    # only water is darker in the short-wave infrared than in blue and than what is around it, however long it stays
    water = (inside[:, 1] < inside[:, 0]) & (relative[:, 1] < DIMMED_SHARE)
    wet = (water | (dark[:, 1] & ~at_end)) & (inside[:, 1] < WET_SWIR) & (inside[:, 0] < PALE_BLUE)
    return int((dimmed & mild).sum()), int(wet.sum())


def appeared(before: WindowMedian, after: WindowMedian, took_days: float) -> LandCover:
    """Return what appeared between two windows of time.

    Soil, sand and gravel reflect more towards the short-wave infrared, roofs do not: the gain in whiteness
    against the surroundings decides, so that the brightness of the day and of the region cancel. What is left has
    the kind of its colour; `judged` says more by purer colours in more bands.
    """
    gain = after.whiteness() - before.whiteness()
    blue, infrared = after.inside["B02"], after.inside[SWIR]
    if gain < MIN_GAIN:
        brighter = after.inside[SWIR] / after.around[SWIR] > before.inside[SWIR] / before.around[SWIR]
        brisk = took_days < SCRAPING_MAX_DAYS
        return _cover(Kind.OTHER if not brighter else Kind.EARTHWORKS if brisk else Kind.QUARRY_OR_PILE)
    if blue - infrared > SNOW_INDEX * (blue + infrared):
        return _cover(Kind.OTHER, Reason.SNOW_OR_WATER)
    if after.swing > SEASONAL_SHARE * gain:
        return _cover(Kind.OTHER, Reason.SEASONAL)
    if after.dimmed >= WET_SCENES:
        return _cover(Kind.OTHER, Reason.WETTED)
    if before.wet >= WET_SCENES:
        return _cover(Kind.OTHER, Reason.DRIED_OUT)
    return judged(after.inside, after.around)


def roof_pixels(middle: Mapping[str, np.ndarray], cover: np.ndarray) -> np.ndarray:
    """Return the share (y, x) of each pixel that is what stands on an outline.

    `middle` has one picture (y, x) per band, `cover` (y, x) says where the outline is. The share comes from the bands
    of 10 m, so that an outline drawn too large does no harm; where roof and yard look alike in them, from the outline.
    """
    fine = np.stack([middle[b] for b in middle if b not in COARSE and np.isfinite(middle[b]).any()], axis=-1)
    share, drawn = roof_share(fine, cover), cover > HALF
    if share is None or not drawn.any():
        share = ndimage.gaussian_filter(cover, FINE_BLUR_PX)
    else:
        share = share / max(float(np.nanquantile(share[drawn], PURE_QUANTILE)), 1e-3)
    return np.asarray(np.clip(np.nan_to_num(share), 0, 1))


def colours(middle: Mapping[str, np.ndarray], cover: np.ndarray) -> dict[str, float]:
    """Return the reflectance of what stands on an outline in each band, without the light of the yard around it.

    Each band is a mixture of two colours by the share of `roof_pixels`, blurred as the band is, by least squares.
    """
    share = roof_pixels(middle, cover)
    near = ndimage.binary_dilation(cover > NEAR_COVER, iterations=NEAR_PX)
    return {band: _pure(picture, share, near, COARSE_BLUR_PX * (band in COARSE)) for band, picture in middle.items()}


def shape_of(middle: Mapping[str, np.ndarray], cover: np.ndarray) -> Shape | None:
    """Return the shape of what stands on an outline (arguments as of `roof_pixels`), None if it is too small."""
    share = roof_pixels(middle, cover)
    near = ndimage.binary_dilation(cover > NEAR_COVER, iterations=NEAR_PX)
    labels, _ = ndimage.label((share > HALF) & near)
    sizes = np.bincount(labels.ravel())[1:]
    if not len(sizes) or sizes.max() < SHAPE_MIN_PX:
        return None
    patch = labels == int(np.argmax(sizes)) + 1
    rectangle = shapely.minimum_rotated_rectangle(shapely.MultiPoint(np.argwhere(patch)))
    corners, squared = shapely.get_coordinates(rectangle)[:3], _squared(share, patch)
    if squared is None or len(corners) < len(("corner", "corner", "corner")):
        return None
    # between the middles of the outermost pixels there is one pixel less than there are pixels
    one, other = np.linalg.norm(np.diff(corners, axis=0), axis=1) + 1
    return Shape(squared, float(max(one, other) / min(one, other)))


def _squared(share: np.ndarray, patch: np.ndarray) -> float | None:
    """Return `Shape.squared` of a patch (y, x) by the slopes of the share (y, x) of its pixels, None without any."""
    down, right = (slope[ndimage.binary_dilation(patch, iterations=EDGE_PX)] for slope in np.gradient(share))
    steep = right**2 + down**2
    # edges at a right angle differ by quarter turns: four times their angles are alike
    turned = np.exp(4j * np.arctan2(down, right))
    return float(np.abs(np.average(turned, weights=steep))) if steep.any() else None


def _pure(picture: np.ndarray, share: np.ndarray, near: np.ndarray, blur_px: float) -> float:
    """Return the colour of pixels whose `share` is 1 once it is blurred as far as the picture is."""
    near = near & np.isfinite(picture)
    if near.sum() < MIXTURE_MIN_PX:
        return float("nan")
    mixed = ndimage.gaussian_filter(share, blur_px)[near] if blur_px else share[near]
    mixture = np.stack([mixed, 1 - mixed], axis=1)
    return float(np.linalg.lstsq(mixture, picture[near], rcond=None)[0][0])


def judged(
    reflectance: Mapping[str, float],
    around: Mapping[str, float],
    area_m2: float = 10_000,
    shape: Shape | None = None,
    stood_days: float = 0.0,
) -> LandCover:
    """Return what something of a colour and shape is, that looked the same for `stood_days` or longer.

    `reflectance` and `around` are reflectances by band, NaN where one was not read. The colour is judged by
    `kinds.kind`; straight edges, a compact form and permanence change the odds of what they are evidence of.
    """
    inside, outside = (
        {b: float(np.clip(v, 0, 1)) for b, v in of.items() if np.isfinite(v)} for of in (reflectance, around)
    )
    if not inside:
        return LandCover(Kind.OTHER, PROBABILITY[Kind.OTHER], Doubt(Reason.NO_COLOUR))
    found = {Surface(s): p for s, p in kinds.kind(inside, outside or None, area_m2)["by_class"].items()}
    factor = {surface: _factor(surface, shape, stood_days) for surface in found}
    if _over_plants(inside):
        factor[Surface.FILM] *= FILM_FACTOR
    told = {s: factor[s] * seen for s, seen in kinds.evidence(found, outside or None).items()}
    as_roof = max(told[roof] for roof in surfaces.ROOFS)
    alike = [s for s in Surface if s not in surfaces.ROOFS and LOOK_ALIKE_ODDS * told[s] > as_roof]
    total = sum(factor[surface] * p for surface, p in found.items())
    found = {surface: factor[surface] * p / total for surface, p in found.items()}
    building = sum(found[roof] for roof in surfaces.ROOFS)
    among = surfaces.ROOFS if building >= PROBABLE else [s for s in Surface if s not in surfaces.ROOFS]
    likely = max(among, key=lambda surface: found[surface])
    is_open = OPEN <= building < SURE or (building >= SURE and alike)
    doubt = (
        Doubt(Reason.OPEN_KIND, {"told": kinds.in_words(found, alike if building >= SURE else ())}) if is_open else None
    )
    kind = KIND_OF.get(likely, Kind.OTHER) if building >= PROBABLE or building < OPEN else Kind.OTHER
    return LandCover(kind, building, doubt)


def _over_plants(inside: Mapping[str, float]) -> bool:
    """Return whether it is pale, not blue, and bright in the near infrared, as film over plants is."""
    blue, red, near = (inside.get(band, np.nan) for band in ("B02", "B04", "B08"))
    return bool(near > FILM_NEAR_RATIO * red and FILM_BLUE < blue < FILM_BLUE_RATIO * red)


def _factor(surface: Surface, shape: Shape | None, stood_days: float) -> float:
    """Return the factor on the odds of a surface by its shape and by how long it looked the same."""
    factor = 1.0
    # a crust of salt may stay for years
    if stood_days >= LASTING_DAYS and surface in (Surface.PLANTS, Surface.WATER, Surface.SNOW, Surface.FILM):
        factor *= LASTING_FACTOR
    if shape is None:
        return factor
    if surface in STRAIGHT_SHARE:
        logs = np.log([NATURAL_FACTOR, 1 / NATURAL_FACTOR])
        straight = STRAIGHT_SHARE[surface]
        factor *= straight + (1 - straight) * float(np.exp(np.interp(shape.squared, [RAGGED, SQUARED], logs)))
    if surface is Surface.ASPHALT and shape.aspect <= COMPACT_ASPECT:
        factor *= COMPACT_FACTOR
    return factor


def is_green(blue: np.ndarray, red: np.ndarray, near: np.ndarray) -> bool:
    """Return whether a few scenes (n,) in blue, red and near infrared show plants in any season: a field."""
    index = (near - red) / np.maximum(near + red, 1e-3)
    # plants are dark in blue; a blue roof is not, and comes near the index of thin plants
    return bool(np.nanquantile(np.where(blue < BLUE_STEEL_RATIO * red, index, -1), GREEN_QUANTILE) > GREEN_NDVI)
