"""Measure what stands on an outline: its roof, the ground scraped or built on around it, and a bound on a cooling yard.

A plot is disturbed ground: in pixels of 10 m a fence is not seen. Nor are cooling units, so that a cooling yard has no
best value, only the ground that is left for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from rasterio import features
from scipy import ndimage, optimize
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import series
from osint.change._segmentation import MAD_TO_SD, mad_sd
from osint.change.journal import Parts, head_of, outlines_sha256
from osint.change.reasons import Doubt, Reason, sentences
from osint.change.series import HALF, OUTSIDE_COVER, PIXEL_M2, Footprint, median
from osint.change.stack import Stack, around
from osint.errors import BadInputError, NotFoundError, OsintError
from osint.register import read_date, read_span

SHARP = ("B02", "B04", "B08")  # bands of 10 m: an edge in the short-wave infrared is twice as wide
Z90 = 1.645  # standard deviations on either side of the middle that hold 90% of a normal distribution
SQUARE = np.ones((3, 3), bool)
ALONE_SCENES, PAIRED_SCENES = 10, 20  # scenes of a median without a time before, and on either side with one
CANDIDATE_SCENES = 30  # scenes, least cloud first, among which clear ones are looked for
SHOWN_MIN_SCENES = 2  # clear scenes that show an outline at all
PLOT_MIN_SCENES = 3  # clear scenes on either side, below which a median may show a cloud
UNSTATED_CLOUD_PCT = 100  # cloud cover of a scene that states none
YEAR_WHOLE_DAYS = 365
PAIR_DAYS, PAIR_CLOUD_PCT = 20, 10  # days of the year apart, and percent of cloud, that count alike in pairs of scenes
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
ROOF_ROUNDS = 4  # most times that the pixels of a roof give its colour and its colour gives its pixels
ROOF_REACH_PX = 3  # how far beyond its outline a roof may reach
ROOF_MIN_PX = 6  # fewest pixels of a roof that is measured
ROOF_CORE_SHARE, ROOF_CORE_MIN_PX, ROOF_CORE_BLUR_PX = 0.25, 4, 1.0  # of a roof's deepest pixels; blur for depth
YARD_FROM_PX, YARD_UNTIL_PX = 1.5, 2.9  # distances from a roof between which its yard is, which may be two pixels wide
ROOF_NOISE = 1e-4  # reflectance added to the scatter of a yard
ROOF_MIN_SEPARATION = 2.5  # least distance between the colours of roof and yard, in standard deviations of the yard
ROOF_SD = ((2_500, 0.15), (5_000, 0.10), (10_000, 0.06), (20_000, 0.04), (50_000, 0.03))  # m2, deviation
DARK_SHORTFALL, DARK_SHORTFALL_M2, DARK_MAX_SHORTFALL = 0.07, 10_000, 0.2  # of a dark roof of this area; most added
DARK_SD_FACTOR = 1.5  # factor of the deviation for a dark roof

MEASURED = (
    "roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high", "plot_area_m2_low", "plot_area_m2_best",
    "plot_area_m2_high", "cooling_yard_m2_low", "cooling_yard_m2_best", "cooling_yard_m2_high",
    "roof_cannot_tell", "plot_cannot_tell", "yard_cannot_tell", "scenes_used", "bytes_read",
)  # fmt: skip
"""Columns of the rows that `Measurement.to_row` writes."""


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


@dataclass(frozen=True, slots=True)
class Measurement:
    """What stood on an outline, and why the rest cannot be told."""

    roof_area: AreaInterval | None
    plot_area: AreaInterval | None
    """Ground scraped or built on that holds the outline, roof included."""
    cooling_yard_high_m2: int | None
    """Plot less roof: at most so much is left for a cooling yard on the ground."""
    roof_doubts: tuple[Doubt, ...]
    plot_doubts: tuple[Doubt, ...]
    yard_doubts: tuple[Doubt, ...]
    scenes_used: int
    bytes_read: int

    def to_row(self) -> dict[str, str | int | None]:
        """Return the columns MEASURED: areas in m2, doubts as sentences, None where nothing is known."""
        row: dict[str, str | int | None] = {name: getattr(self, name, None) for name in MEASURED}
        row |= area_row("roof_area_m2", self.roof_area) | area_row("plot_area_m2", self.plot_area)
        row["cooling_yard_m2_high"] = self.cooling_yard_high_m2
        doubts = {"roof": self.roof_doubts, "plot": self.plot_doubts, "yard": self.yard_doubts}
        return row | {f"{name}_cannot_tell": sentences(why) for name, why in doubts.items()}


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
        return _nowhere(footprint, Doubt(Reason.UNSEEN_SURROUNDINGS))
    size = _length(contrast.change)
    if not _length(median(contrast.change[footprint.core])) >= PLOT_MIN_SEPARATION:
        return _nowhere(footprint, Doubt(Reason.UNCHANGED_OUTLINE))
    beside = (contrast.distance_px > NEXT_FROM_PX) & (contrast.distance_px < NEXT_UNTIL_PX)
    if not (size[beside] >= PLOT_MIN_SEPARATION).mean() > NEXT_CHANGED_SHARE:
        return _nowhere(footprint, Doubt(Reason.UNCHANGED_YARD))
    # a yard may be two pixels wide, or lie on some sides only
    plot, changed, shown = _grown(contrast, footprint, beside & (size >= np.median(size[beside])))
    outside = contrast.far & ~plot.least & shown
    restless = float(changed[outside].mean()) if outside.any() else 1.0
    if restless > RESTLESS_SHARE:
        return _nowhere(footprint, Doubt(Reason.RESTLESS, {"share": restless}))
    if before is None and plot.doubts:
        # pale ground that was always there may be joined to the plot: not even the low bound would hold
        return _nowhere(footprint, *plot.doubts, Doubt(Reason.NO_TIME_BEFORE))
    return plot


def _contrast(after: xr.Dataset, before: xr.Dataset | None, footprint: Footprint) -> _Contrast | None:
    """Return how the ground changed, None where too little of the surroundings was seen."""
    distance = ndimage.distance_transform_edt(footprint.cover < OUTSIDE_COVER)
    far = distance > FAR_SHARE * distance.max(initial=1.0)
    picture = _picture(after)
    ground = np.broadcast_to(median(picture[far]), picture.shape)
    if before is not None:
        earlier = _picture(before)
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


def _nowhere(footprint: Footprint, *doubts: Doubt) -> Plot:
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


def _picture(data: xr.Dataset) -> np.ndarray:
    """Return the median (y, x, bands) of what the scenes have of the bands SHARP."""
    return np.stack([median(data[b].values) for b in SHARP if b in data], axis=-1)


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


def measure(
    stack: Stack, place: BaseGeometry, start: str, end: str, *, before: tuple[str, str] | None = None
) -> Measurement:
    """Return the areas of what stood on the outline `place` (degrees) from `start` to `end` (ISO dates).

    `before` is a window of dates in which no ground was broken, best of the same seasons: without one the plot is
    separated from its surroundings alone. The plot has no upper bound where it runs out of the window; its interval
    is from trials (docs/change.md). No pixel of 10 m separates a cooling yard from parking, stores or an annex, and
    cooling on the roof is not bounded by it.

    Raises NotFoundError with fewer than two clear scenes, BadInputError for dates that are not in order (`in_order`).
    """
    in_order(start, end, before)
    spent = stack.bytes_read
    area_m2 = geo.area_m2(place)
    window = around(place, max(series.reach_m(area_m2), REACH_MIN_M, REACH_SIDES * area_m2**0.5))
    rows = stack.between(start, end)
    earlier = None if before is None else stack.between(*before)
    if earlier is not None and len(rows) and len(earlier):
        rows, earlier = _same_seasons(rows, earlier)
    else:
        rows = rows.sort_values(["cloud_pct", "datetime"]).head(CANDIDATE_SCENES)
    after, footprint = _clear(stack, rows, place, window, ALONE_SCENES if before is None else PAIRED_SCENES)
    if after is None or footprint is None:
        raise NotFoundError(f"fewer than two clear scenes show the outline between {start} and {end}: widen the dates")
    blue = median(after["B02"].values)
    dark = bool(np.nanmedian(blue[footprint.core]) < np.nanmedian(blue[footprint.ring]))
    roof = roof_area(after, footprint, dark)
    earth = None if earlier is None else _clear(stack, earlier, place, window, PAIRED_SCENES)[0]
    if after.sizes["time"] < PLOT_MIN_SCENES:
        plot = _nowhere(footprint, _too_few("", start, end))
    elif before is not None and (earth is None or earth.sizes["time"] < PLOT_MIN_SCENES):
        plot = _nowhere(footprint, _too_few(" before", *before))
    else:
        plot = measure_plot(after, earth, footprint)
    return _measurement(roof, plot, after.sizes["time"], stack.bytes_read - spent)


def _too_few(when: str, start: str, end: str) -> Doubt:
    return Doubt(Reason.TOO_FEW_CLEAR, {"least": PLOT_MIN_SCENES, "when": when, "start": start, "end": end})


def _measurement(roof: AreaInterval | None, plot: Plot, scenes: int, bytes_read: int) -> Measurement:
    """Return roof and plot with the bound on a cooling yard."""
    area, yard_high_m2, yard_doubts = plot.area, None, [Doubt(Reason.NO_YARD)]
    if area is not None and area.high_m2 is not None:
        yard_high_m2 = area.high_m2 - (roof.low_m2 if roof else 0)
    else:
        yard_doubts.append(Doubt(Reason.NO_BOUND))
    roof_doubts = () if roof else (Doubt(Reason.LIKE_ITS_YARD),)
    return Measurement(roof, area, yard_high_m2, roof_doubts, plot.doubts, tuple(yard_doubts), scenes, bytes_read)


def measure_outlines(
    stack: Stack,
    outlines: gpd.GeoDataFrame,
    start: str,
    end: str,
    *,
    before: tuple[str, str] | None = None,
    journal: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> gpd.GeoDataFrame:
    """Return `measure` of each outline (any CRS, column outline_id): outline_id, MEASURED and the outline in degrees.

    An outline that too few clear scenes show keeps its row, with the reason in all three `*_cannot_tell`. Roofs on one
    plot are measured as one outline, a MultiPolygon; separately, each of them has the same plot. `journal` and `tell`
    are those of `date_outlines`.
    """
    in_order(start, end, before)
    degrees = outlines.to_crs(4326)
    asked = {"start": start, "end": end, "before": before, "outlines": outlines_sha256(degrees)}
    parts = Parts(journal, head_of(stack, "measure", asked), len(degrees), tell)
    rows = []
    for number, outline in enumerate(degrees.itertuples()):
        name, found = str(getattr(outline, "outline_id", number)), parts.kept(str(number))
        if found is None:
            already = len(stack.failures)
            row = _measured_row(stack, outline.geometry, (start, end), before)
            found, told = [row], row["roof_cannot_tell"] or f"roof {row['roof_area_m2_best']:,} m2"
            whole = len(stack.failures) == already and not stack.health.stopped
            parts.add(str(number), found, f"{name}: {told}", stack.bytes_read, whole=whole)
        rows += [{"outline_id": name, **row, "geometry": outline.geometry} for row in found]
    parts.finish()
    return gpd.GeoDataFrame(rows, columns=["outline_id", *MEASURED, "geometry"], geometry="geometry", crs=4326)


def _measured_row(
    stack: Stack, outline: BaseGeometry, span: tuple[str, str], before: tuple[str, str] | None
) -> dict[str, str | int | None]:
    """Return the columns MEASURED of one outline; one that cannot be measured has the reason in all three."""
    try:
        return measure(stack, outline, *span, before=before).to_row()
    except OsintError as error:
        told = f"{error}; not known: {stack.unread}" if stack.unread else str(error)
        return {f"{name}_cannot_tell": told for name in ("roof", "plot", "yard")}


def in_order(start: str, end: str, before: tuple[str, str] | None) -> None:
    """Raise BadInputError unless `start` comes before `end`, and `before` (first and last date) before `start`."""
    first, _ = read_span(start, end)
    if before is not None and not read_date(before[0]).first <= read_date(before[1]).last < first:
        raise BadInputError(f"the time before, {' to '.join(before)}, must end before {start}, the first date measured")


def _same_seasons(now: pd.DataFrame, earlier: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return up to PAIRED_SCENES rows of each, least cloud and nearest day of the year first: sun and crops cancel."""
    now = now.sort_values(["cloud_pct", "datetime"]).head(CANDIDATE_SCENES)
    earlier = earlier.sort_values(["cloud_pct", "datetime"]).head(2 * CANDIDATE_SCENES)
    day = [rows["datetime"].dt.day_of_year.to_numpy() for rows in (now, earlier)]
    cloud = [rows["cloud_pct"].fillna(UNSTATED_CLOUD_PCT).to_numpy() for rows in (now, earlier)]
    apart = np.abs(np.subtract.outer(*day))
    apart = np.minimum(apart, YEAR_WHOLE_DAYS - apart)
    cost = apart / PAIR_DAYS + np.add.outer(*cloud) / PAIR_CLOUD_PCT
    first, second = optimize.linear_sum_assignment(cost)
    best = np.argsort(cost[first, second], kind="stable")[:PAIRED_SCENES]
    return now.iloc[first[best]], earlier.iloc[second[best]]


def _clear(
    stack: Stack, rows: pd.DataFrame, geometry: BaseGeometry, window: BaseGeometry, most: int
) -> tuple[xr.Dataset | None, Footprint | None]:
    """Return the first `most` scenes that show the outline; None if there are fewer than two."""
    if not len(rows):
        return None, None
    data = stack.read(rows, window, SHARP)
    footprint = series.placed(geometry, data)
    clear = data.isel(time=np.flatnonzero(series.usable(data, footprint))[:most])
    return (clear, footprint) if clear.sizes["time"] >= SHOWN_MIN_SCENES else (None, None)


def roof_area(
    data: xr.Dataset, footprint: Footprint, dark: bool = False, *, beside: np.ndarray | None = None
) -> AreaInterval | None:
    """Return the area of the roof that stands on an outline in every scene of `data`.

    A pixel's share of roof is its place between the colours of the roof's core and of the yard around it, in
    the median of the clear scenes; pixels above half a roof are counted. Roofs `beside` it (y, x bool), other phases
    of one site, are not yard, and a pixel counts for the roof that it is nearest to. None where roof and yard look
    alike, and under six pixels of roof.
    """
    picture, near = _picture(data), ndimage.binary_dilation(footprint.cover > OUTSIDE_COVER, iterations=ROOF_REACH_PX)
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
    return roof_interval(float(roof.sum()) * PIXEL_M2, dark)


def roof_share(picture: np.ndarray, cover: np.ndarray, beside: np.ndarray | None = None) -> np.ndarray | None:
    """Return (y, x) share of roof from `picture` (y, x, bands); None if roof and yard look alike.

    Roofs `beside` it (y, x bool) are not yard.
    """
    # the pixels that take least light from beyond the edge
    deep = ndimage.gaussian_filter(cover, ROOF_CORE_BLUR_PX)
    core = deep >= np.sort(deep.ravel())[-max(ROOF_CORE_MIN_PX, round(ROOF_CORE_SHARE * float(cover.sum())))]
    roofless = cover < OUTSIDE_COVER if beside is None else (cover < OUTSIDE_COVER) & ~beside
    distance = ndimage.distance_transform_edt(roofless)
    yard = (distance > YARD_FROM_PX) & (distance < YARD_UNTIL_PX)
    roof, ground = median(picture[core]), median(picture[yard])
    spread = median(np.abs(picture[yard] - ground)) * MAD_TO_SD + ROOF_NOISE
    axis = (roof - ground) / spread**2
    separation = float(np.sqrt(np.sum(((roof - ground) / spread) ** 2)))
    # not a number where a band was not read: nothing is measured then either
    if not separation >= ROOF_MIN_SEPARATION:
        return None
    return np.asarray(((picture - ground) @ axis) / float((roof - ground) @ axis))


def roof_interval(best_m2: float, dark: bool = False) -> AreaInterval:
    """Return the 90% interval about a measured area in m2; a `dark` roof next to a pale yard is counted too small."""
    if dark:
        best_m2 *= 1 + min(DARK_SHORTFALL * DARK_SHORTFALL_M2 / max(best_m2, 1), DARK_MAX_SHORTFALL)
    sizes, deviations = zip(*ROOF_SD, strict=True)
    sd = float(np.interp(np.log(max(best_m2, 1)), np.log(sizes), deviations))
    sd *= DARK_SD_FACTOR if dark else 1
    low, high = best_m2 * (1 - Z90 * sd), best_m2 * (1 + Z90 * sd)
    return AreaInterval(round(low), round(best_m2), round(high))
