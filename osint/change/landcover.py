"""Tell a roof from scraped earth, solar fields, greenhouses, salt and snow by how a place looks later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from osint.change.measure import roof_share
from osint.change.series import Series, winter
from osint.change.stack import BANDS, PAIR

BUILDINGS = ("bright roof", "dark roof")
PROBABILITY = {
    "bright roof": 0.92,
    "dark roof": 0.75,
    "earthworks": 0.1,
    "solar field": 0.1,
    "greenhouse": 0.15,
    "quarry or pile": 0.05,
    "other": 0.2,
}
"""That an object of this kind is a building: a judgement from simulated trials, to be scored on real ones."""
MIN_GAIN = 0.03
PALE = 0.2
"""Reflectance in blue from which a roof is bright."""
PAINTED, MINERAL = -0.1, 0.1
"""(Short-wave infrared - blue) / red: a painted roof lies below the first, dry ground and film above the second.

Between them are crusts of salt and gypsum, and roofs of bare metal."""
SMALL_ALLOWANCE = 0.12
"""Added to the first for a roof of 0.25 ha, less for larger ones: what is left of the yard in its colour."""
BLUE_PAINT = 1.1
"""Blue over red from which it is paint: no dry ground is blue."""
SNOW = 0.4
"""(Blue - short-wave infrared) / their sum of snow, ice and open water at any brightness; white and blue roofs stay below 0.25."""
SNOWY = "comes and goes: snow or water by its colour, no building"
SEASONAL = "comes and goes: with the seasons, as no building does"
WETTED = "comes and goes: it darkens in blue and infrared, as ground does under water and a roof does not"
DRIED = "the ground was under water before: a lake or pan that dries out looks like this"
WET = 0.1
"""Short-wave infrared reflectance of open water and of mud; crops and dark soils of deserts keep more."""
DIMMED = 0.7
"""Of what a place mostly reflects, in both bands, below which it is wet: sun and season take a tenth."""
WET_LOOKS = 2
COARSE = ("B11",)
FINE_BLUR_PX, MORE_BLUR_PX = 0.65, 1.07
"""Deviation in pixels of 10 m of what a pixel sees, and how much wider (in squares) one of 20 m is.

About a quarter of the contrast is left at Nyquist, plus shifts of 4 m."""
PURE = 0.8
"""Share of an outline's pixels that may lie on its edge."""
FLAT, SLOPED = 0.15, 0.25
"""(Short-wave infrared - blue) / their sum: below the first no ground shows, above the second it does between panels.

Desert ground has 0.35 to 0.45, and panels with half of it between them as much; asphalt and gravel roofs have 0.2, as
panels have that leave a quarter."""
BLACK = 0.09
"""Reflectance in blue of panels without a gap; black membranes are as dark."""
UNTOLD_PROBABILITY = 0.4
"""That something is a building where panels, film or salt are as likely: judgement, below one half."""
UNTOLD = ": these bands do not tell them apart"


@dataclass(frozen=True)
class Look:
    """Reflectance of a place and its surroundings over one stretch of time."""

    inside: dict[str, float]
    around: dict[str, float]
    swing: float
    """Spread of the whiteness between the seasons."""
    dimmed: int = 0
    """Looks, but those of winter, at which the place was far darker than mostly in both bands, against its surroundings."""
    wet: int = 0
    """Looks at which it was as dark in the infrared as only water and mud."""

    def whiteness(self) -> float:
        """Return blue less 0.7 of short-wave infrared, against the surroundings: roofs gain, soils lose."""
        return (self.inside["B02"] - 0.7 * self.inside["B11"]) - (self.around["B02"] - 0.7 * self.around["B11"])

    def relative(self) -> float:
        """Return whiteness over the brightness of the surroundings: slopes and seasons cancel, haze does not."""
        return self.whiteness() / max(self.around["B11"], 0.02)


def look(series: Series, first_day: float, last_day: float, fewest: int = 2) -> Look | None:
    """Return the median look between two days, None if fewer than `fewest` scenes saw it."""
    chosen = (series.days >= first_day) & (series.days <= last_day)
    if chosen.sum() < fewest:
        return None
    white = series.whiteness()[chosen]
    quarters = (series.days[chosen] % 365.25) // 91.4
    means = [np.median(white[quarters == q]) for q in range(4) if (quarters == q).sum() >= 3]
    dimmed, wet = _darkened(series, chosen)
    return Look(
        inside=dict(zip(series.bands, map(_middle, series.inside[chosen].T), strict=True)),
        around=dict(zip(series.bands, map(_middle, series.around[chosen].T), strict=True)),
        swing=float(np.ptp(means)) if len(means) > 1 else 0.0,
        dimmed=dimmed,
        wet=wet,
    )


def _darkened(series: Series, chosen: np.ndarray) -> tuple[int, int]:
    """Return how many of the `chosen` looks are dimmed and wet, as `Look` says: against the surroundings, as the sun dims all."""
    pair = [series.bands.index(b) for b in PAIR]
    inside = series.inside[chosen][:, pair]
    relative = inside / np.maximum(series.around[chosen][:, pair], 0.02)
    dark = relative < DIMMED * np.quantile(relative, 0.75, axis=0)
    # a low sun beside plants of last summer looks like water
    mild = ~winter(series.days[chosen])
    wet = dark[:, 1] & (inside[:, 1] < WET) & (inside[:, 0] < PALE)
    return int((dark.all(axis=1) & mild).sum()), int(wet.sum())


def _middle(values: np.ndarray) -> float:
    """Return the median of what was read, NaN if nothing was."""
    read = values[np.isfinite(values)]
    return float(np.median(read)) if len(read) else float("nan")


def kind_of(before: Look, after: Look, took_days: float) -> tuple[str, str]:
    """Return the kind of what appeared between two looks, and why it is not to be relied on (mostly nothing).

    Soil, sand and gravel reflect more towards the short-wave infrared, roofs do not: the gain in whiteness
    against the surroundings carries the verdict, so that brightness of the day and of the region cancel.
    What is left is called a roof here; `pale_kind` and `dark_kind` tell salt, film and panels from it by purer colours.
    """
    gain = after.whiteness() - before.whiteness()
    blue, infrared = after.inside["B02"], after.inside["B11"]
    if gain < MIN_GAIN:
        brighter = after.inside["B11"] / after.around["B11"] > before.inside["B11"] / before.around["B11"]
        return ("earthworks" if brighter and took_days < 60 else "quarry or pile" if brighter else "other"), ""
    if blue - infrared > SNOW * (blue + infrared):
        return "other", SNOWY
    if after.swing > 0.6 * gain:
        return "other", SEASONAL
    if after.dimmed >= WET_LOOKS:
        return "other", WETTED
    if before.wet >= WET_LOOKS:
        return "other", DRIED
    return ("bright roof" if blue > PALE else "dark roof"), ""


def colours(middle: dict[str, np.ndarray], cover: np.ndarray) -> dict[str, float]:
    """Return the reflectance of what stands on an outline in each band, without the light of the yard about it.

    `middle` has one picture (y, x) a band, `cover` (y, x) says where the outline lies. How much of each pixel is
    roof comes from the bands of 10 m, so that an outline drawn too large does no harm; where roof and yard look alike in
    them, from the outline. Each band is a mixture of two colours by that share, blurred as the band is, by least squares.
    """
    fine = np.stack([middle[b] for b in middle if b not in COARSE and np.isfinite(middle[b]).any()], axis=-1)
    share, drawn = roof_share(fine, cover), cover > 0.5
    if share is None or not drawn.any():
        share = ndimage.gaussian_filter(cover, FINE_BLUR_PX)
    else:
        share = share / max(float(np.nanquantile(share[drawn], PURE)), 1e-3)
    share = np.clip(np.nan_to_num(share), 0, 1)
    near = ndimage.binary_dilation(cover > 0.05, iterations=3)
    return {band: _pure(picture, share, near, MORE_BLUR_PX * (band in COARSE)) for band, picture in middle.items()}


def _pure(picture: np.ndarray, share: np.ndarray, near: np.ndarray, blur_px: float) -> float:
    """Return the colour of pixels whose `share` is 1 once it is blurred as far as the picture is."""
    near = near & np.isfinite(picture)
    if near.sum() < 4:
        return float("nan")
    mixed = ndimage.gaussian_filter(share, blur_px)[near] if blur_px else share[near]
    mixture = np.stack([mixed, 1 - mixed], axis=1)
    return float(np.linalg.lstsq(mixture, picture[near], rcond=None)[0][0])


def roof_kind(kind: str, pure: dict[str, float], ground_blue: float, area_m2: float) -> tuple[str, float, str]:
    """Return kind, probability and reserve of what was called a bright or dark roof, by its pure `colours`."""
    blue, red, infrared = (pure[b] for b in BANDS)
    pale = blue > PALE if np.isfinite(blue) else kind == "bright roof"
    return pale_kind(blue, red, infrared, area_m2) if pale else dark_kind(blue, infrared, ground_blue)


def pale_kind(blue: float, red: float, infrared: float, area_m2: float) -> tuple[str, float, str]:
    """Return kind, probability and reserve of something pale of pure `colours` on an outline of `area_m2`.

    Paint and membranes reflect less towards the short-wave infrared; pale ground and plastic do not.
    """
    slope = (infrared - blue) / max(red, 1e-3)
    # two pixels of infrared are all there is of a roof of 0.25 ha; pans are larger
    if slope < PAINTED + SMALL_ALLOWANCE * min(2_500 / area_m2, 1) or (blue > BLUE_PAINT * red and slope < 0):
        return "bright roof", PROBABILITY["bright roof"], ""
    if slope > MINERAL:
        return "other", PROBABILITY["other"], ""
    return "other", UNTOLD_PROBABILITY, f"a pale roof or a crust of salt{UNTOLD}"


def dark_kind(blue: float, infrared: float, ground_blue: float) -> tuple[str, float, str]:
    """Return kind, probability and reserve of something dark of pure `colours`, on ground of `ground_blue`.

    Rows of panels leave ground between them, and film lets it through: it is far brighter in the infrared. A roof of
    metal or membrane shows none; one of asphalt or gravel is between. Panels without a gap are as flat as a roof, and darker than most.
    """
    slope = (infrared - blue) / max(infrared + blue, 1e-3)
    what = "greenhouse" if blue > ground_blue else "solar field"
    if slope > SLOPED:
        # half a greenhouse and pale sheet over earth look the same
        kind = "solar field" if what == "solar field" else "other"
        return kind, PROBABILITY[kind], ""
    if slope < FLAT and blue > BLACK:
        return "dark roof", PROBABILITY["dark roof"], ""
    return "other", UNTOLD_PROBABILITY, f"a dark roof or a {what}{UNTOLD}"


GREEN = 0.28
"""Vegetation index that no roof reaches (blue steel comes to 0.17)."""


def confirmed(kind: str, blue: np.ndarray, red: np.ndarray, near: np.ndarray) -> str:
    """Return `kind`, or what a few scenes (n,) in blue, red and near infrared make of it.

    Plants in any season mean a field; pale, not blue and bright in the near infrared means film over plants.
    """
    green = (near - red) / np.maximum(near + red, 1e-3)
    # plants are dark in blue; a blue roof is not, and comes near the index of thin plants
    if np.nanquantile(np.where(blue < 1.15 * red, green, -1), 0.85) > GREEN:
        return "other"
    middle = [float(np.nanmedian(v)) for v in (blue, red, near)]
    if kind in BUILDINGS and middle[2] > 1.22 * middle[1] and 0.14 < middle[0] < 1.02 * middle[1]:
        return "greenhouse"
    return kind
