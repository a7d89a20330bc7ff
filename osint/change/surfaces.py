"""Known surfaces: their measured reflectances, and the scatter about each of them."""

from __future__ import annotations

import csv
import functools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import numpy as np


class Surface(StrEnum):
    """A class of surfaces that reflectances may tell apart."""

    PALE_ROOF = "pale roof"
    COLOURED_ROOF = "coloured steel roof"
    DARK_ROOF = "dark or grey roof"
    TILED_ROOF = "tiled roof"
    CONCRETE = "concrete"
    ASPHALT = "asphalt"
    SOLAR_PANELS = "solar panels"
    FILM = "film or greenhouse"
    SALT = "salt or gypsum"
    BARE_GROUND = "bare ground"
    PLANTS = "plants"
    WATER = "water or mud"
    SNOW = "snow or ice"
    PLASTIC = "sports ground or plastic"


ROOFS = (Surface.PALE_ROOF, Surface.COLOURED_ROOF, Surface.DARK_ROOF, Surface.TILED_ROOF)
GROUNDS = (Surface.BARE_GROUND, Surface.SALT, Surface.PLANTS, Surface.WATER, Surface.SNOW)
"""Surfaces that nobody builds: what lies around a place is one of them."""
SPARSE = (Surface.SOLAR_PANELS, Surface.FILM)
"""Surfaces between or through which the ground shows."""
KIND_BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
"""Bands of Sentinel-2 that `kind` reads."""
MADE = "judgement"
"""Source of rows of surfaces of which few or none were measured: made by judgement."""
MADE_WEIGHT: Mapping[Surface, float] = {
    Surface.SALT: 0.8,
    Surface.WATER: 0.5,
    Surface.PALE_ROOF: 0.5,
    Surface.COLOURED_ROOF: 0.3,
}
"""Weight of the made rows of a surface beside its measured ones."""
BANDWIDTH, MADE_BANDWIDTH = 0.5, 0.85  # scatter about a measured row over that of its material; about a made one
OWN_SHARE = 0.5  # share of the scatter that is of the row's own material, the rest is of all materials
OWN_MIN_ROWS = 8  # rows of a material from which it has a scatter of its own
BRIGHTNESS_SD = 0.2  # scatter of the logarithm of all bands together: sun, slope, dust, age
HAZE_SD = (0.14, 0.10, 0.07, 0.03, 0.01, 0.005)  # of the logarithm of each band, all with one sign
BAND_SD = 0.03  # scatter of the logarithm of each band on its own
UNKNOWN_SHARE, UNKNOWN_WIDTH = 0.08, 1.5  # share of a surface that looks like any other; its scatter over that of all
DARKEST = 0.004  # reflectance below which values are not told apart


@dataclass(frozen=True)
class Rows:
    """Measured rows of known surfaces."""

    surface: np.ndarray
    """(n,) the `Surface` of each."""
    material: np.ndarray
    """(n,) the material within it."""
    source: np.ndarray
    """(n,) who measured it."""
    site: np.ndarray
    """(n,) where, or in which collection."""
    reflectance: np.ndarray
    """(n, bands) in KIND_BANDS, NaN where a band was not measured."""

    def only(self, chosen: np.ndarray) -> Rows:
        """Return some of the rows, `chosen` (n,) bool."""
        parts = (self.surface, self.material, self.source, self.site, self.reflectance)
        return Rows(*(part[chosen] for part in parts))


@dataclass(frozen=True)
class Likelihood:
    """Rows as centres of scatter in the logarithm of the reflectance."""

    centres: Mapping[Surface, np.ndarray]
    """(rows, bands) reflectances."""
    weights: Mapping[Surface, np.ndarray]
    """(rows,) adding up to 1."""
    scatter: Mapping[Surface, np.ndarray]
    """(rows, bands, bands) covariance about each row."""
    middle: np.ndarray
    """(bands,) mean of the logarithm of all rows."""
    spread: np.ndarray
    """(bands, bands) covariance of all rows, for what is like none of them."""
    usual_ground: np.ndarray
    """(grounds, bands) reflectance of bare ground of several materials, for places whose surroundings are not given."""


@functools.cache
def measured_rows() -> Rows:
    """Return the rows of `reflectances.csv`, the made ones (source MADE) among them."""
    text = resources.files("osint.change").joinpath("reflectances.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    values = [[float(row[band] or "nan") for band in KIND_BANDS] for row in rows]
    surface, material, source, site = (
        np.array([row[name] for row in rows]) for name in ("surface", "material", "source", "site")
    )
    return Rows(surface, material, source, site, np.array(values))


def likelihood(rows: Rows) -> Likelihood:
    """Return the likelihood that rests on some rows of `measured_rows`."""
    values = np.log(np.maximum(_filled(rows), DARKEST))
    made = rows.source == MADE
    names = np.array([f"{s}/{m}" for s, m in zip(rows.surface, rows.material, strict=True)])
    measured = np.unique(names[~made])
    about = {name: values[names == name] - values[names == name].mean(axis=0) for name in measured}
    common = np.cov(np.concatenate([away for away in about.values() if len(away) > 1]).T)
    own = {name: np.cov(away.T) if len(away) >= OWN_MIN_ROWS else common for name, away in about.items()}
    nuisance = BRIGHTNESS_SD**2 + np.outer(HAZE_SD, HAZE_SD) + BAND_SD**2 * np.eye(len(KIND_BANDS))
    widths = [
        MADE_BANDWIDTH**2 * common
        if by_judgement
        else BANDWIDTH**2 * (OWN_SHARE * own[name] + (1 - OWN_SHARE) * common)
        for name, by_judgement in zip(names, made, strict=True)
    ]
    scatter = np.array(widths) + nuisance
    of = {surface: rows.surface == surface for surface in Surface}
    is_ground = of[Surface.BARE_GROUND] & ~made
    ground = [np.median(values[is_ground & (names == name)], axis=0) for name in np.unique(names[is_ground])]
    return Likelihood(
        {surface: np.exp(values[chosen]) for surface, chosen in of.items()},
        {surface: _weights(surface, rows.source[chosen]) for surface, chosen in of.items()},
        {surface: scatter[chosen] for surface, chosen in of.items()},
        values[~made].mean(axis=0),
        UNKNOWN_WIDTH**2 * np.cov(values[~made].T),
        np.exp(ground),
    )


def _weights(surface: Surface, source: np.ndarray) -> np.ndarray:
    """Return the weight of each row of a surface, given who measured it; together 1."""
    made, shared = source == MADE, Counter(source)
    # many rows of one collection are not as many places
    weight = np.array([1 / math.sqrt(shared[name]) for name in source])
    share = MADE_WEIGHT.get(surface, 0.0) if (~made).any() else 1.0
    for part, of_part in ((made, share), (~made, 1 - share)):
        weight[part] *= of_part / max(weight[part].sum(), DARKEST)
    return weight


def _filled(rows: Rows) -> np.ndarray:
    """Return the reflectances (n, bands) with missing bands filled by the ratio to a neighbour that the others have."""
    values = rows.reflectance.copy()
    for band, neighbour in (("B12", "B11"), ("B03", "B04")):
        k, near = KIND_BANDS.index(band), KIND_BANDS.index(neighbour)
        ratio = values[:, k] / values[:, near]
        missing = np.isnan(values[:, k])
        for place in np.flatnonzero(missing):
            alike = (rows.material == rows.material[place]) & ~missing
            values[place, k] = values[place, near] * np.median(ratio[alike] if alike.any() else ratio[~missing])
    return values
