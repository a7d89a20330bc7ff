"""Separate a roof from scraped earth, solar fields, greenhouses, salt and snow by how a place looks later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import ndimage

from osint.change.measure import roof_share
from osint.change.reasons import Doubt, Reason
from osint.change.series import HALF, SWIR, Series, median, quarters, whiteness, winter
from osint.change.stack import BANDS, PAIR


class Kind(StrEnum):
    """Land cover that appeared on an outline."""

    BRIGHT_ROOF = "bright roof"
    DARK_ROOF = "dark roof"
    EARTHWORKS = "earthworks"
    SOLAR_FIELD = "solar field"
    GREENHOUSE = "greenhouse"
    QUARRY_OR_PILE = "quarry or pile"
    OTHER = "other"


BUILDINGS = (Kind.BRIGHT_ROOF, Kind.DARK_ROOF)
PROBABILITY: Mapping[Kind, float] = {
    Kind.BRIGHT_ROOF: 0.92,
    Kind.DARK_ROOF: 0.75,
    Kind.EARTHWORKS: 0.1,
    Kind.SOLAR_FIELD: 0.1,
    Kind.GREENHOUSE: 0.15,
    Kind.QUARRY_OR_PILE: 0.05,
    Kind.OTHER: 0.2,
}
"""Probability that an object of this kind is a building: a judgement from simulated trials."""
MIN_GAIN = 0.03  # gain of whiteness (reflectance) against the surroundings from which something white has appeared
SCRAPING_MAX_DAYS = 60  # days in which scraping turns ground brighter; a quarry or a pile takes longer
PALE_BLUE = 0.2  # blue reflectance from which a roof is bright
# (short-wave infrared - blue) / red: a painted roof is below the first, dry ground and film are above the second;
# between them are crusts of salt and gypsum, and roofs of bare metal
PAINTED_SLOPE, MINERAL_SLOPE = -0.1, 0.1
SMALL_ROOF_SLOPE, SMALL_ROOF_M2 = 0.12, 2_500  # added to PAINTED_SLOPE: less of a larger roof is edge
BLUE_PAINT_RATIO = 1.1  # blue over red from which it is paint: no dry ground is blue
SNOW_INDEX = 0.4  # (blue - short-wave infrared) / their sum of snow, ice and open water; roofs stay below 0.25
SEASONAL_SHARE = 0.6  # spread between the seasons over the gain, above which what appeared follows the seasons
WET_SWIR = 0.1  # short-wave infrared reflectance of open water and of mud; crops and dark soils of deserts keep more
USUAL_QUANTILE = 0.75  # quantile over time that stands for what a place mostly reflects, against its surroundings
DIMMED_SHARE = 0.7  # share of what a place mostly reflects below which it is wet: sun and season take a tenth
WET_SCENES = 2  # wet or dimmed scenes from which a place counts as under water
DARKEST_AROUND = 0.02  # reflectance of surroundings below which no ratio to them is formed
QUARTER_MIN_SCENES = 3  # scenes of a quarter of the year that make a median of it
COARSE = ("B11",)
FINE_BLUR_PX, COARSE_BLUR_PX = 0.65, 1.07  # standard deviation of what 10 m see, and of the further blur of 20 m
PURE_QUANTILE = 0.8  # quantile of the roof share within the outline that is taken as pure roof
NEAR_COVER, NEAR_PX = 0.05, 3  # outline and what is near it: separated into two colours
MIXTURE_MIN_PX = 4  # fewest pixels from which two colours are separated
# (short-wave infrared - blue) / their sum: below the first no ground shows, above the second it does between panels;
# desert has 0.35 to 0.45, and panels half apart as much; asphalt, gravel and panels a quarter apart have 0.2
FLAT_SLOPE, GROUND_SLOPE = 0.15, 0.25
BLACK_BLUE = 0.09  # blue reflectance of panels without a gap; black membranes are as dark
NOT_SEPARABLE_PROBABILITY = 0.4  # probability of a building where panels, film or salt are as likely
GREEN_NDVI = 0.28  # vegetation index that no roof reaches (blue steel comes to 0.17)
GREEN_QUANTILE = 0.85  # quantile over time of the vegetation index: a field is green in some season only
BLUE_STEEL_RATIO = 1.15  # blue over red from which a vegetation index means blue paint: plants are dark in blue
FILM_NEAR_RATIO, FILM_BLUE, FILM_BLUE_RATIO = 1.22, 0.14, 1.02  # near infrared / red, blue, blue / red


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
    dark = relative < DIMMED_SHARE * np.quantile(relative, USUAL_QUANTILE, axis=0)
    # a low sun next to plants of last summer looks like water
    mild = ~winter(series.days[chosen], series.latitude_deg)
    wet = dark[:, 1] & (inside[:, 1] < WET_SWIR) & (inside[:, 0] < PALE_BLUE)
    return int((dark.all(axis=1) & mild).sum()), int(wet.sum())


def appeared(before: WindowMedian, after: WindowMedian, took_days: float) -> LandCover:
    """Return what appeared between two windows of time.

    Soil, sand and gravel reflect more towards the short-wave infrared, roofs do not: the gain in whiteness
    against the surroundings decides, so that the brightness of the day and of the region cancel. What is left is
    called a roof here; `pale_cover` and `dark_cover` separate salt, film and panels from it by purer colours.
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
    return _cover(Kind.BRIGHT_ROOF if blue > PALE_BLUE else Kind.DARK_ROOF)


def colours(middle: Mapping[str, np.ndarray], cover: np.ndarray) -> dict[str, float]:
    """Return the reflectance of what stands on an outline in each band, without the light of the yard around it.

    `middle` has one picture (y, x) per band, `cover` (y, x) says where the outline is. How much of each pixel is
    roof comes from the bands of 10 m, so that an outline drawn too large does no harm; where roof and yard look alike
    in them, from the outline. Each band is a mixture of two colours by that share, blurred as the band is, by least
    squares.
    """
    fine = np.stack([middle[b] for b in middle if b not in COARSE and np.isfinite(middle[b]).any()], axis=-1)
    share, drawn = roof_share(fine, cover), cover > HALF
    if share is None or not drawn.any():
        share = ndimage.gaussian_filter(cover, FINE_BLUR_PX)
    else:
        share = share / max(float(np.nanquantile(share[drawn], PURE_QUANTILE)), 1e-3)
    share = np.clip(np.nan_to_num(share), 0, 1)
    near = ndimage.binary_dilation(cover > NEAR_COVER, iterations=NEAR_PX)
    return {band: _pure(picture, share, near, COARSE_BLUR_PX * (band in COARSE)) for band, picture in middle.items()}


def _pure(picture: np.ndarray, share: np.ndarray, near: np.ndarray, blur_px: float) -> float:
    """Return the colour of pixels whose `share` is 1 once it is blurred as far as the picture is."""
    near = near & np.isfinite(picture)
    if near.sum() < MIXTURE_MIN_PX:
        return float("nan")
    mixed = ndimage.gaussian_filter(share, blur_px)[near] if blur_px else share[near]
    mixture = np.stack([mixed, 1 - mixed], axis=1)
    return float(np.linalg.lstsq(mixture, picture[near], rcond=None)[0][0])


def roof_cover(kind: Kind, pure: Mapping[str, float], ground_blue: float, area_m2: float) -> LandCover:
    """Return what was called a bright or dark roof, judged by its pure `colours`."""
    blue, red, infrared = (pure[b] for b in BANDS)
    pale = blue > PALE_BLUE if np.isfinite(blue) else kind is Kind.BRIGHT_ROOF
    return pale_cover(blue, red, infrared, area_m2) if pale else dark_cover(blue, infrared, ground_blue)


def pale_cover(blue: float, red: float, infrared: float, area_m2: float) -> LandCover:
    """Return what something pale of pure `colours` on an outline of `area_m2` is.

    Paint and membranes reflect less towards the short-wave infrared; pale ground and plastic do not.
    """
    slope = (infrared - blue) / max(red, 1e-3)
    # two pixels of infrared are all there is of a roof of 0.25 ha; pans are larger
    painted = slope < PAINTED_SLOPE + SMALL_ROOF_SLOPE * min(SMALL_ROOF_M2 / area_m2, 1)
    if painted or (blue > BLUE_PAINT_RATIO * red and slope < 0):
        return _cover(Kind.BRIGHT_ROOF)
    if slope > MINERAL_SLOPE:
        return _cover(Kind.OTHER)
    return LandCover(Kind.OTHER, NOT_SEPARABLE_PROBABILITY, Doubt(Reason.ROOF_OR_SALT))


def dark_cover(blue: float, infrared: float, ground_blue: float) -> LandCover:
    """Return what something dark of pure `colours`, on ground of blue reflectance `ground_blue`, is.

    Rows of panels leave ground between them, and film lets it through: it is far brighter in the infrared. A roof of
    metal or membrane shows none; one of asphalt or gravel is between. Panels without a gap are as flat as a roof, and
    darker than most.
    """
    slope = (infrared - blue) / max(infrared + blue, 1e-3)
    field = Kind.GREENHOUSE if blue > ground_blue else Kind.SOLAR_FIELD
    if slope > GROUND_SLOPE:
        # half a greenhouse and pale sheet over earth look the same
        return _cover(Kind.SOLAR_FIELD if field is Kind.SOLAR_FIELD else Kind.OTHER)
    if slope < FLAT_SLOPE and blue > BLACK_BLUE:
        return _cover(Kind.DARK_ROOF)
    return LandCover(Kind.OTHER, NOT_SEPARABLE_PROBABILITY, Doubt(Reason.ROOF_OR_PANELS, {"other": field}))


def confirmed(kind: Kind, blue: np.ndarray, red: np.ndarray, near: np.ndarray) -> Kind:
    """Return `kind`, or what a few scenes (n,) in blue, red and near infrared make of it.

    Plants in any season mean a field; pale, not blue and bright in the near infrared means film over plants.
    """
    green = (near - red) / np.maximum(near + red, 1e-3)
    # plants are dark in blue; a blue roof is not, and comes near the index of thin plants
    if np.nanquantile(np.where(blue < BLUE_STEEL_RATIO * red, green, -1), GREEN_QUANTILE) > GREEN_NDVI:
        return Kind.OTHER
    of_blue, of_red, of_near = (float(np.nanmedian(v)) for v in (blue, red, near))
    film = of_near > FILM_NEAR_RATIO * of_red and FILM_BLUE < of_blue < FILM_BLUE_RATIO * of_red
    return Kind.GREENHOUSE if kind in BUILDINGS and film else kind
