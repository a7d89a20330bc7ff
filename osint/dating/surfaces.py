"""Tell a roof from scraped earth, solar fields, greenhouses, salt and snow by how a place looks later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osint.dating.series import Series

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
MINERAL = -0.04
"""(Short-wave infrared - blue) / red of pale ground (salt, chalk, gypsum) and plastic; pale roofs lie below."""
SOLAR_BLUE = 0.098
SOLAR_DARK = 0.085
SOLAR_AREA_M2 = 20_000


@dataclass(frozen=True)
class Look:
    """Reflectance of a place and its surroundings over one stretch of time."""

    inside: dict[str, float]
    around: dict[str, float]
    swing: float
    """Spread of the whiteness between the seasons."""

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
    return Look(
        inside=dict(zip(series.bands, map(_middle, series.inside[chosen].T), strict=True)),
        around=dict(zip(series.bands, map(_middle, series.around[chosen].T), strict=True)),
        swing=float(np.ptp(means)) if len(means) > 1 else 0.0,
    )


def _middle(values: np.ndarray) -> float:
    """Return the median of what was read, NaN if nothing was."""
    read = values[np.isfinite(values)]
    return float(np.median(read)) if len(read) else float("nan")


def kind_of(before: Look, after: Look, area_m2: float, took_days: float) -> str:
    """Return the kind of what appeared between two looks.

    Soil, sand and gravel reflect more towards the short-wave infrared, roofs do not: the gain in whiteness
    against the surroundings carries the verdict, so that brightness of the day and of the region cancel.
    """
    gain = after.whiteness() - before.whiteness()
    blue, red, infrared = (after.inside[b] for b in ("B02", "B04", "B11"))
    if gain < MIN_GAIN:
        brighter = after.inside["B11"] / after.around["B11"] > before.inside["B11"] / before.around["B11"]
        return "earthworks" if brighter and took_days < 60 else "quarry or pile" if brighter else "other"
    if after.swing > 0.6 * gain or (blue > 0.55 and infrared < 0.25):
        return "other"
    # infrared pixels are 20 m wide: beside a small roof they hold much of its yard
    if blue > 0.2 and (infrared - blue) / red > MINERAL + 0.12 * np.sqrt(2_500 / max(area_m2, 2_500)):
        return "other"
    if blue < SOLAR_BLUE and red < 1.25 * blue + 0.02:
        large = area_m2 > SOLAR_AREA_M2 and (blue < SOLAR_DARK or took_days > 25)
        return "solar field" if large or took_days > 45 else "dark roof"
    if took_days > 75 and blue < 0.16:
        return "solar field"
    return "bright roof" if blue > 0.2 else "dark roof"


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
