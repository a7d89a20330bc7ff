"""Measure a roof in pictures whose pixels are as wide as its edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from scipy import ndimage

from osint.change.series import Place, median

PIXEL_M2 = 100.0
AREAS = ("roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high")
ROUNDS = 4
REACH_PX = 3
"""How far beyond its outline a roof may reach."""
SMALLEST_PX = 6
CORE_SHARE, CORE_BLUR_PX = 0.25, 1.0
"""Share of a roof's pixels, the deepest in it, that give its colour; the blur by which depth is told."""
MIN_SEPARATION = 2.5
"""Distance between the colours of roof and yard over the scatter of the yard, below which nothing is measured."""
RELATIVE_SD = ((2_500, 0.15), (5_000, 0.10), (10_000, 0.06), (20_000, 0.04), (50_000, 0.03))
"""Roof area in m2 and the relative deviation of the measure, from simulated trials (docs/benchmarks.md)."""
DARK_SHORTFALL = 0.07
"""The yard's brightness spills over the edge: mean error of a dark roof of 1 ha in the same trials, less of more."""


def estimate(
    data: xr.Dataset,
    place: Place,
    dark: bool = False,
    *,
    beside: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return roof_area_m2_low, _best, _high of the roof that stands on an outline in every scene of `data`.

    A pixel's share of roof is its place between the colours of the roof's core and of the yard around it, in
    the median of the clear scenes; pixels above half a roof are counted. Roofs `beside`
    it (y, x bool), other parts of one site, are no yard, and a pixel counts for the roof that it is nearest to. All three
    are None where roof and yard look alike, and under six pixels of roof.
    """
    picture, near = _picture(data), ndimage.binary_dilation(place.cover > 0.05, iterations=REACH_PX)
    if beside is not None:
        near &= ndimage.distance_transform_edt(place.cover < 0.05) <= ndimage.distance_transform_edt(~beside)
    drawn = roof = place.cover
    for _ in range(ROUNDS):
        share = roof_share(picture, drawn, beside)
        if share is None:
            return dict.fromkeys(AREAS)
        roof = patch((share > 0.5) & near, place.cover > 0.5)
        if roof.sum() < SMALLEST_PX:
            return dict.fromkeys(AREAS)
        if np.array_equal(roof, drawn):
            break
        # what was drawn may be larger than the roof, or lie beside it: from now on the picture says where it is
        drawn = roof.astype(float)
    return interval(float(roof.sum()) * PIXEL_M2, dark)


def _picture(data: xr.Dataset) -> np.ndarray:
    names = [b for b in ("B02", "B04", "B08") if b in data]
    return np.stack([median(data[b].values) for b in names], axis=-1)


def roof_share(picture: np.ndarray, cover: np.ndarray, beside: np.ndarray | None = None) -> np.ndarray | None:
    """Return (y, x) share of roof from `picture` (y, x, bands); None if roof and yard look alike.

    Roofs `beside` it (y, x bool) are no yard.
    """
    # the pixels that take least light from beyond the edge
    deep = ndimage.gaussian_filter(cover, CORE_BLUR_PX)
    core = deep >= np.sort(deep.ravel())[-max(4, round(CORE_SHARE * float(cover.sum())))]
    roofless = cover < 0.05 if beside is None else (cover < 0.05) & ~beside
    distance = ndimage.distance_transform_edt(roofless)
    # the nearest pixels without roof: a scraped yard may be only two pixels wide
    yard = (distance > 1.5) & (distance < 2.9)
    roof, ground = median(picture[core]), median(picture[yard])
    spread = median(np.abs(picture[yard] - ground)) * 1.4826 + 1e-4
    axis = (roof - ground) / spread**2
    separation = float(np.sqrt(np.sum(((roof - ground) / spread) ** 2)))
    # not a number where a band was not read: nothing is measured then either
    if not separation >= MIN_SEPARATION:
        return None
    return ((picture - ground) @ axis) / float((roof - ground) @ axis)


def patch(roof: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Return the patches (y, x bool) of `roof` that touch an outline."""
    labels, _ = ndimage.label(roof)
    own = np.unique(labels[outline & roof])
    return np.isin(labels, own[own > 0])


def interval(best_m2: float, dark: bool = False) -> dict[str, Any]:
    """Return the 90% interval about a measured area; a `dark` roof beside a pale yard is counted too small."""
    best_m2 *= 1 + (min(DARK_SHORTFALL * 10_000 / max(best_m2, 1), 0.2) if dark else 0)
    sizes, deviations = zip(*RELATIVE_SD, strict=True)
    sd = float(np.interp(np.log(max(best_m2, 1)), np.log(sizes), deviations))
    sd *= 1.5 if dark else 1
    return {
        "roof_area_m2_low": round(best_m2 * (1 - 1.645 * sd)),
        "roof_area_m2_best": round(best_m2),
        "roof_area_m2_high": round(best_m2 * (1 + 1.645 * sd)),
    }
