"""Measure the plot around a roof: ground scraped or built on, pixel by pixel; in pixels of 10 m a fence is not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import xarray as xr
from rasterio import features
from scipy import ndimage

from osint.change import series
from osint.change._segmentation import mad_sd
from osint.change.reasons import Doubt, Reason
from osint.change.roof import AreaInterval, fine_picture
from osint.change.series import OUTSIDE_COVER, PIXEL_M2, Footprint, median

SQUARE = np.ones((3, 3), bool)
REACH_MIN_M, REACH_SIDES = 300.0, 2.0  # how far beyond the outline is looked: at least, in sides of a square as large
FAR_SHARE = 0.5  # share of the largest distance from the outline beyond which ground belongs to the surroundings
NEXT_FROM_PX, NEXT_UNTIL_PX = 1.2, 3.2  # distances from the outline between which ground is next to it
NEXT_CHANGED_SHARE = 0.5  # share of the ground next to the outline that must have changed for there to be a plot
MIXTURE_SHARE = 0.5  # share of roof and yard in a pixel above which it belongs to the plot
NOISE_FLOOR = 0.003  # reflectance below which a difference of two medians is not believed
USUAL_Z = 3  # departure, over the scatter, up to which surroundings count for how their bands vary together
SHRINK = 0.05  # added to the diagonal of their correlation, so that it can be inverted
PLOT_MIN_SEPARATION = 6.0  # of yard and background, in background deviations; the boundary is drawn at half of it
FAINT_Z = 3.0  # change of the mean of nine pixels, in deviations of one, that leaves room for more plot
UNMIXED_Z = 4.0  # deviations from every mixture of roof, yard and surroundings: asphalt, machines, stores
PLANTS_NDVI = 0.4  # NDVI of ground that is neither built on nor paved
PLOT_MIN_PX = 50  # fewest pixels of surroundings, or of the plot's inner part, that give its colour
COLOUR_ROUNDS = 2  # times the colour of the yard is taken: from the ground next to the roof, then from the plot itself
BLIND_SHARE = 0.25  # ground on which scraping would not show, over what shows, above which there is no best value
INWARD_PX, OUTWARD_PX = 0.45, 0.7  # how far the true edge lies inside or outside of the measured one, 90%
RESTLESS_SHARE = 0.15  # share of the surroundings changed as the yard is, above which the yard's edge means nothing


@dataclass(frozen=True, slots=True)
class Plot:
    """Ground scraped or built on that holds an outline, on the grid of a window."""

    least: np.ndarray
    """(y, x) bool: what shows; empty where nothing can be told."""
    likely: np.ndarray
    """(y, x) bool: with the notches between the roof and what shows."""
    most: np.ndarray
    """(y, x) bool: with the ground next to it on which scraping would not show."""
    doubts: tuple[Doubt, ...] = ()
    """Why its area, or the upper bound of it, cannot be told."""

    @property
    def area(self) -> AreaInterval | None:
        """The area with its 90% interval, None where nothing can be told."""
        if not self.least.any():
            return None
        low = (self.least.sum() - INWARD_PX * edge_px(self.least)) * PIXEL_M2
        high = (self.most.sum() + OUTWARD_PX * edge_px(self.most)) * PIXEL_M2
        best = None if self.doubts else round(self.likely.sum() * PIXEL_M2)
        return AreaInterval(round(max(low, 0)), best, None if _runs_out(self.most) else round(high))


@dataclass(frozen=True, slots=True)
class _Contrast:
    """How the ground of a window changed; arrays are (y, x) or (y, x, bands)."""

    ground: np.ndarray
    """Reflectance before."""
    picture: np.ndarray
    """Reflectance after."""
    to_deviations: np.ndarray
    """(bands, bands): reflectance to standard deviations."""
    distance_px: np.ndarray
    """Distance from the outline."""
    far: np.ndarray
    """Surroundings."""
    plants: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """Change of each band, made independent of the others."""
        return np.asarray((self.picture - self.ground) @ self.to_deviations)

    def towards(self, pixels: np.ndarray) -> np.ndarray:
        """Return the change that the median colour of some pixels would be in each pixel."""
        return np.asarray((median(self.picture[pixels]) - self.ground) @ self.to_deviations)


def measure_plot(after: xr.Dataset, before: xr.Dataset | None, footprint: Footprint) -> Plot:
    """Return the plot that holds an outline in `after`: what differs from `before`, else from the surroundings.

    The colours of the roof and of the yard next to it are known, the ground is that of the same pixel before (or the
    median of the surroundings). A pixel belongs to the plot if more than half of it is roof or yard, or if it changed
    to something else (asphalt, machines), and if it is joined to the outline. Where the ground had the colour of the
    yard scraping does not show. Strips two pixels wide (roads) are cut off, gaps of one pixel and holes are filled.
    """
    contrast = _contrast(after, before, footprint)
    if contrast is None:
        return nowhere(footprint, Doubt(Reason.UNSEEN_SURROUNDINGS))
    size = _length(contrast.change)
    if not _length(median(contrast.change[footprint.core])) >= PLOT_MIN_SEPARATION:
        return nowhere(footprint, Doubt(Reason.UNCHANGED_OUTLINE))
    beside = (contrast.distance_px > NEXT_FROM_PX) & (contrast.distance_px < NEXT_UNTIL_PX)
    if not (size[beside] >= PLOT_MIN_SEPARATION).mean() > NEXT_CHANGED_SHARE:
        return nowhere(footprint, Doubt(Reason.UNCHANGED_YARD))
    # a yard may be two pixels wide, or lie on some sides only
    plot, changed, shown = _grown(contrast, footprint, beside & (size >= np.median(size[beside])))
    outside = contrast.far & ~plot.least & shown
    restless = float(changed[outside].mean()) if outside.any() else 1.0
    if restless > RESTLESS_SHARE:
        return nowhere(footprint, Doubt(Reason.RESTLESS, {"share": restless}))
    if before is None and plot.doubts:
        # pale ground that was always there may be joined to the plot: not even the low bound would hold
        return nowhere(footprint, *plot.doubts, Doubt(Reason.NO_TIME_BEFORE))
    return plot


def _contrast(after: xr.Dataset, before: xr.Dataset | None, footprint: Footprint) -> _Contrast | None:
    """Return how the ground changed, None where too little of the surroundings was seen."""
    distance = ndimage.distance_transform_edt(footprint.cover < OUTSIDE_COVER)
    far = distance > FAR_SHARE * distance.max(initial=1.0)
    picture = fine_picture(after)
    ground = np.broadcast_to(median(picture[far]), picture.shape)
    if before is not None:
        earlier = fine_picture(before)
        ground = earlier * median(picture[far] / earlier[far])
    to_deviations = _whitening(picture - ground, far)
    if to_deviations is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        plants = (picture[..., 2] - picture[..., 1]) / (picture[..., 2] + picture[..., 1]) > PLANTS_NDVI
    return _Contrast(ground, picture, to_deviations, distance, far, plants)


def _grown(contrast: _Contrast, footprint: Footprint, sample: np.ndarray) -> tuple[Plot, np.ndarray, np.ndarray]:
    """Return the plot grown from a `sample` of its yard, what became roof or yard, and where a change would show."""
    change, outline = contrast.change, footprint.drawn
    size = _length(change)
    # asphalt and machines may have a colour between ground and yard; an edge is not three pixels wide
    other = ndimage.binary_erosion(size >= PLOT_MIN_SEPARATION, SQUARE) & ~contrast.plants
    smoothed = ndimage.uniform_filter(np.nan_to_num(change), (3, 3, 1))
    faint = ndimage.binary_erosion(_length(smoothed) >= FAINT_Z, SQUARE)
    to_roof = contrast.towards(footprint.core)
    for _ in range(COLOUR_ROUNDS):
        to_yard = contrast.towards(sample)
        shown = _length(to_yard) >= PLOT_MIN_SEPARATION
        mixed = _share(change, to_roof, to_yard) > MIXTURE_SHARE
        changed = np.where(shown, mixed, size >= PLOT_MIN_SEPARATION) & ~contrast.plants
        hull = _hull(_joined(changed | outline, outline))
        least = _joined(changed | outline | (other & hull), outline)
        # what lies next to the roof may be stores or cars: once the plot is known, its commonest colour is the yard's
        inner = ndimage.binary_erosion(least, SQUARE) & (contrast.distance_px > NEXT_FROM_PX)
        sample = inner if inner.sum() >= PLOT_MIN_PX else sample
    # a roof stands within its plot: machines on a yard may have the very colour of the ground before
    likely = least | series.touched(hull & ~least, ndimage.binary_dilation(outline, SQUARE))
    most = likely | _joined(changed | outline | other | faint | ~shown, outline)
    return Plot(least, likely, most, _plot_doubts(least, likely, most)), changed, shown


def nowhere(footprint: Footprint, *doubts: Doubt) -> Plot:
    """Return a plot that cannot be told, with the reasons."""
    nothing = np.zeros(footprint.cover.shape, bool)
    return Plot(nothing, nothing, nothing, doubts)


def _plot_doubts(least: np.ndarray, likely: np.ndarray, most: np.ndarray) -> tuple[Doubt, ...]:
    """Return why a plot has no best value or no upper bound; nothing if it has both."""
    if _runs_out(least):
        return (Doubt(Reason.OUT_OF_WINDOW),)
    if _runs_out(most):
        return (Doubt(Reason.BLIND_OUT_OF_WINDOW),)
    blind = float(most.sum() / likely.sum() - 1)
    return (Doubt(Reason.BLIND_GROUND, {"share": blind}),) if blind > BLIND_SHARE else ()


def _runs_out(mask: np.ndarray) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def edge_px(mask: np.ndarray) -> float:
    """Return the length of the edge of a mask in pixels; a turned edge is stairs, a quarter longer on average."""
    padded = np.pad(mask, 1).astype(np.int8)
    return float(sum(np.abs(np.diff(padded, axis=axis)).sum() for axis in (0, 1)) * np.pi / 4)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((vectors**2).sum(axis=-1)))


def _whitening(difference: np.ndarray, far: np.ndarray) -> np.ndarray | None:
    """Return (bands, bands): differences of reflectance (y, x, bands) to independent deviations of the surroundings."""
    around = difference[far & np.isfinite(difference).all(axis=-1)]
    if len(around) < PLOT_MIN_PX:
        return None
    centred = around - np.median(around, axis=0)
    scatter = mad_sd(centred, axis=0) + NOISE_FLOOR
    usual = (centred / scatter)[(np.abs(centred) < USUAL_Z * scatter).all(axis=1)]
    spread = np.cov(usual.T) + SHRINK * np.eye(len(scatter))
    return np.asarray(np.diag(1 / scatter) @ np.linalg.inv(np.linalg.cholesky(spread)).T)


def _share(change: np.ndarray, to_roof: np.ndarray, to_yard: np.ndarray) -> np.ndarray:
    """Return (y, x) share of roof and yard together, neither below zero; of a pixel that is no mixture, its size."""
    roofs, yards = (np.maximum((towards * towards).sum(axis=-1), 1e-9) for towards in (to_roof, to_yard))
    both, by_roof, by_yard = (
        (one * other).sum(axis=-1) for one, other in ((to_roof, to_yard), (change, to_roof), (change, to_yard))
    )
    determinant = np.maximum(roofs * yards - both**2, 1e-9 * roofs * yards)
    roof = (yards * by_roof - both * by_yard) / determinant
    yard = (roofs * by_yard - both * by_roof) / determinant
    inside = (roof >= 0) & (yard >= 0)
    # of the two ends the one that leaves less over
    only_roof, only_yard = np.maximum(by_roof / roofs, 0), np.maximum(by_yard / yards, 0)
    yard_alone = only_yard**2 * yards >= only_roof**2 * roofs
    roof = np.where(inside, roof, np.where(yard_alone, 0, only_roof))
    yard = np.where(inside, yard, np.where(yard_alone, only_yard, 0))
    left = _length(change - roof[..., None] * to_roof - yard[..., None] * to_yard)
    return np.where(left > UNMIXED_Z, np.maximum(roof + yard, _length(change) / np.sqrt(yards)), roof + yard)


def _hull(mask: np.ndarray) -> np.ndarray:
    """Return the pixels in the convex hull of a mask."""
    hull = shapely.MultiPoint(np.argwhere(mask)[:, ::-1] + 0.5).convex_hull
    return np.asarray(features.rasterize([hull], out_shape=mask.shape, all_touched=True, dtype="uint8") > 0)


def _joined(changed: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Return the patch of `changed` that holds the outline, without strips two pixels wide."""
    thick = ndimage.binary_dilation(ndimage.binary_opening(changed, SQUARE), SQUARE) & changed
    patch = np.pad(series.touched(thick | outline, outline), 2)
    closed = ndimage.binary_closing(patch, SQUARE)[2:-2, 2:-2]
    return np.asarray(ndimage.binary_fill_holes(closed))
