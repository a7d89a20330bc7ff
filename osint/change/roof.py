"""Measure the roof that stands on an outline, from the colours of the roof and of the yard around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy import ndimage

from osint.change import series
from osint.change._segmentation import MAD_TO_SD
from osint.change.series import HALF, OUTSIDE_COVER, PIXEL_M2, Footprint, median

SHARP = ("B02", "B04", "B08")  # bands of 10 m: an edge in the short-wave infrared is twice as wide
Z90 = 1.645  # standard deviations on either side of the middle that hold 90% of a normal distribution
ROOF_ROUNDS = 4  # most times that the pixels of a roof give its colour and its colour gives its pixels
ROOF_REACH_PX = 3  # how far beyond its outline a roof may reach
ROOF_MIN_PX = 6  # fewest pixels of a roof that is measured
ROOF_CORE_SHARE, ROOF_CORE_MIN_PX, ROOF_CORE_BLUR_PX = 0.25, 4, 1.0  # of a roof's deepest pixels; blur for depth
YARD_FROM_PX, YARD_UNTIL_PX = 1.5, 2.9  # distances from a roof between which its yard is, which may be two pixels wide
# share of the pixels of a yard that are nearer to the colour of the roof than to that of the ground farther out, from
# which what was counted beyond the outline may be yard
ALIKE_SHARE = 0.1
ROOF_NOISE = 1e-4  # reflectance added to the scatter of a yard
ROOF_MIN_SEPARATION = 2.5  # least distance between the colours of roof and yard, in standard deviations of the yard
ROOF_SD = ((2_500, 0.15), (5_000, 0.10), (10_000, 0.06), (20_000, 0.04), (50_000, 0.03))  # m2, deviation
DARK_SHORTFALL, DARK_SHORTFALL_M2, DARK_MAX_SHORTFALL = 0.07, 10_000, 0.2  # of a dark roof of this area; most added
DARK_SD_FACTOR = 1.5  # factor of the deviation for a dark roof


@dataclass(frozen=True, slots=True)
class AreaInterval:
    """An area with its 90% interval, in m2."""

    low_m2: int
    best_m2: int | None
    """None where only the bounds are known."""
    high_m2: int | None
    """None where there is no upper bound."""


def area_row(name: str, area: AreaInterval | None) -> dict[str, int | None]:
    """Return an area as the columns `name`_low, _best and _high."""
    return {f"{name}_{bound}": getattr(area, f"{bound}_m2", None) for bound in ("low", "best", "high")}


def fine_picture(data: xr.Dataset) -> np.ndarray:
    """Return the median (y, x, bands) of what the scenes have of the bands SHARP."""
    return np.stack([median(data[b].values) for b in SHARP if b in data], axis=-1)


def roof_area(
    data: xr.Dataset, footprint: Footprint, dark: bool = False, *, beside: np.ndarray | None = None
) -> AreaInterval | None:
    """Return the area of the roof that stands on an outline in every scene of `data`.

    A pixel's share of roof is its place between the colours of the roof's core and of the yard around it, in
    the median of the clear scenes; pixels above half a roof are counted. Where a part of the yard has the colour of the
    roof, the interval begins at what lies within the outline. Roofs `beside` it (y, x bool), other phases
    of one site, are not yard, and a pixel counts for the roof that it is nearest to. None where roof and yard look
    alike, and under six pixels of roof.
    """
    picture, near = (
        fine_picture(data),
        ndimage.binary_dilation(footprint.cover > OUTSIDE_COVER, iterations=ROOF_REACH_PX),
    )
    if beside is not None:
        own = ndimage.distance_transform_edt(footprint.cover < OUTSIDE_COVER)
        near &= own <= ndimage.distance_transform_edt(~beside)
    drawn = roof = footprint.cover
    for _ in range(ROOF_ROUNDS):
        share = roof_share(picture, drawn, beside)
        if share is None:
            return None
        roof = series.touched((share > HALF) & near, footprint.drawn)
        if roof.sum() < ROOF_MIN_PX:
            return None
        if np.array_equal(roof, drawn):
            break
        # what was drawn may be larger than the roof, or next to it: from now on the picture says where it is
        drawn = roof.astype(float)
    area = roof_interval(float(roof.sum()) * PIXEL_M2, dark)
    if not _yard_is_alike(picture, footprint, beside):
        return area
    within = roof_interval(float((roof & (footprint.cover > HALF)).sum()) * PIXEL_M2, dark)
    return replace(area, low_m2=min(area.low_m2, within.low_m2))


def _yard_is_alike(picture: np.ndarray, footprint: Footprint, beside: np.ndarray | None) -> bool:
    """Return whether a part of the yard around an outline looks more like the roof than like the ground farther out."""
    core, yard = _core_and_yard(footprint.cover, beside)
    if not (footprint.ring.any() and yard.any()):
        return False
    roof, ground = median(picture[core]), median(picture[footprint.ring])
    spread = median(np.abs(picture[footprint.ring] - ground)) * MAD_TO_SD + ROOF_NOISE
    axis = (roof - ground) / spread**2
    like_roof = (picture[yard] - ground) @ axis > HALF * float((roof - ground) @ axis)
    return bool(like_roof.mean() >= ALIKE_SHARE)


def roof_share(picture: np.ndarray, cover: np.ndarray, beside: np.ndarray | None = None) -> np.ndarray | None:
    """Return (y, x) share of roof from `picture` (y, x, bands); None if roof and yard look alike.

    Roofs `beside` it (y, x bool) are not yard.
    """
    core, yard = _core_and_yard(cover, beside)
    roof, ground = median(picture[core]), median(picture[yard])
    spread = median(np.abs(picture[yard] - ground)) * MAD_TO_SD + ROOF_NOISE
    axis = (roof - ground) / spread**2
    separation = float(np.sqrt(np.sum(((roof - ground) / spread) ** 2)))
    # not a number where a band was not read: nothing is measured then either
    if not separation >= ROOF_MIN_SEPARATION:
        return None
    return np.asarray(((picture - ground) @ axis) / float((roof - ground) @ axis))


def _core_and_yard(cover: np.ndarray, beside: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return, (y, x) bool, the pixels of a roof that take least light from beyond its edge, and its yard."""
    deep = ndimage.gaussian_filter(cover, ROOF_CORE_BLUR_PX)
    core = deep >= np.sort(deep.ravel())[-max(ROOF_CORE_MIN_PX, round(ROOF_CORE_SHARE * float(cover.sum())))]
    roofless = cover < OUTSIDE_COVER if beside is None else (cover < OUTSIDE_COVER) & ~beside
    distance = ndimage.distance_transform_edt(roofless)
    return core, (distance > YARD_FROM_PX) & (distance < YARD_UNTIL_PX)


def roof_interval(best_m2: float, dark: bool = False) -> AreaInterval:
    """Return the 90% interval about a measured area in m2; a `dark` roof next to a pale yard is counted too small."""
    if dark:
        best_m2 *= 1 + min(DARK_SHORTFALL * DARK_SHORTFALL_M2 / max(best_m2, 1), DARK_MAX_SHORTFALL)
    sizes, deviations = zip(*ROOF_SD, strict=True)
    sd = float(np.interp(np.log(max(best_m2, 1)), np.log(sizes), deviations))
    sd *= DARK_SD_FACTOR if dark else 1
    low, high = best_m2 * (1 - Z90 * sd), best_m2 * (1 + Z90 * sd)
    return AreaInterval(round(low), round(best_m2), round(high))
