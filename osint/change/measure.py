"""Measure what stands on an outline: its roof, the ground scraped or built on about it, and a bound on a cooling yard.

A plot is disturbed ground: in pixels of 10 m a fence is not seen. Nor are cooling units, so that a cooling yard has no
best value, only the ground that is left for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
from osint.change.series import Place, median
from osint.change.stack import Stack, around
from osint.errors import OsintError

SHARP = ("B02", "B04", "B08")
"""Bands of 10 m: an edge in the short-wave infrared is twice as wide."""
SCENES = 10
CANDIDATES = 30
PAIRED = 20
MEASURE_MIN_SCENES = 3
"""Clear scenes on either side, below which a median may show a cloud."""
LEAST_REACH_M, REACH_SIDES = 300.0, 2.0
"""How far beyond the outline is looked: metres at least, and sides of a square as large as the outline."""
NOISE_FLOOR = 0.003
"""Reflectance below which a difference between two medians is not believed, however quiet the surroundings are."""
PLOT_MIN_SEPARATION = 6.0
"""Distance of the yard from the surroundings over their scatter; half of it is the edge of the plot."""
FAINT_Z = 3.0
"""Change of the mean of nine pixels, in scatters of one, next to the plot that leaves room for more of it."""
SQUARE = np.ones((3, 3), bool)
UNMIXED_Z = 4.0
"""Scatters off every mixture of roof, yard and surroundings: asphalt, machines, stores."""
PLANTS = 0.4
"""NDVI of ground that is neither built on nor paved."""
PLOT_MIN_PX = 50
BLIND = 0.25
"""Ground next to the plot on which scraping would not show, over what shows, above which there is no best value."""
INWARD_PX, OUTWARD_PX = 0.45, 0.7
"""How far the true edge lies inside or outside of the measured one, 90%, from simulated trials (docs/change.md)."""
RESTLESS = 0.15
"""Share of the surroundings that changed as the yard did, above which the yard's edge means nothing."""
NAMES = ("roof_area_m2", "plot_area_m2", "cooling_yard_m2")
MEASURED = (
    *(f"{name}_{bound}" for name in NAMES for bound in ("low", "best", "high")),
    "roof_cannot_tell", "plot_cannot_tell", "yard_cannot_tell", "scenes_used", "bytes_read",
)  # fmt: skip
NO_YARD = (
    "10 m pixels tell no cooling yard from parking, stores or an annex: the upper bound is all of the plot that is no "
    "roof, and says nothing of cooling on the roof"
)
PIXEL_M2 = 100.0
AREAS = ("roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high")
ROUNDS = 4
REACH_PX = 3
"""How far beyond its outline a roof may reach."""
ROOF_MIN_PX = 6
CORE_SHARE, CORE_BLUR_PX = 0.25, 1.0
"""Share of a roof's pixels, the deepest in it, that give its colour; the blur by which depth is told."""
ROOF_MIN_SEPARATION = 2.5
"""Distance between the colours of roof and yard over the scatter of the yard, below which nothing is measured."""
RELATIVE_SD = ((2_500, 0.15), (5_000, 0.10), (10_000, 0.06), (20_000, 0.04), (50_000, 0.03))
"""Roof area in m2 and the relative deviation of the measure, from simulated trials (docs/benchmarks.md)."""
DARK_SHORTFALL = 0.07
"""The yard's brightness spills over the edge: mean error of a dark roof of 1 ha in the same trials, less of more."""


@dataclass(frozen=True)
class Plot:
    """Ground scraped or built on that holds an outline, on the grid of a window."""

    least: np.ndarray
    """(y, x) bool: what shows; empty where nothing can be told."""
    likely: np.ndarray
    """(y, x) bool: with the notches between the roof and what shows."""
    most: np.ndarray
    """(y, x) bool: with the ground next to it on which scraping would not show."""
    reason: str = ""
    """Why its area, or the upper bound of it, cannot be told."""


def extent(after: xr.Dataset, before: xr.Dataset | None, place: Place) -> Plot:
    """Return the plot that holds an outline in `after`: what differs from `before`, else from the surroundings.

    The colours of the roof and of the yard next to it are known, the ground is that of the same pixel before (or the
    median of the surroundings): a pixel belongs to the plot if more than half of it is roof or yard, or if it changed to
    something else (asphalt, machines), and if it is joined to the outline. Where the ground had the colour of the yard
    scraping does not show. Strips two pixels wide (roads) are cut off, gaps of one pixel and holes are filled.
    """
    distance = ndimage.distance_transform_edt(place.cover < 0.05)
    far = distance > 0.5 * distance.max(initial=1.0)
    picture = _picture(after)
    ground = np.broadcast_to(median(picture[far]), picture.shape)
    if before is not None:
        earlier = _picture(before)
        ground = earlier * median(picture[far] / earlier[far])
    to_white = _whitening(picture - ground, far)
    if to_white is None:
        return _nowhere(place, "too little of the surroundings was seen")
    change = (picture - ground) @ to_white
    size = _length(change)
    if not _length(median(change[place.core])) >= PLOT_MIN_SEPARATION:
        return _nowhere(place, "the outline looks as it did before, or as its surroundings")
    beside = (distance > 1.2) & (distance < 3.2)
    if not (size[beside] >= PLOT_MIN_SEPARATION).mean() > 0.5:
        return _nowhere(place, "the ground beside the roof looks as it did before, or as its surroundings")
    with np.errstate(invalid="ignore", divide="ignore"):
        green = (picture[..., 2] - picture[..., 1]) / (picture[..., 2] + picture[..., 1]) > PLANTS
    outline = place.cover > 0.5
    # asphalt and machines may have a colour between ground and yard; an edge is not three pixels wide
    other = ndimage.binary_erosion(size >= PLOT_MIN_SEPARATION, SQUARE) & ~green
    faint = ndimage.binary_erosion(_length(_smoothed(change)) >= FAINT_Z, SQUARE)
    # a yard may be two pixels wide, or lie on some sides only
    sample = beside & (size >= np.median(size[beside]))
    for _ in range(2):
        to_yard, to_roof = ((median(picture[of]) - ground) @ to_white for of in (sample, place.core))
        shown = _length(to_yard) >= PLOT_MIN_SEPARATION
        changed = np.where(shown, _share(change, to_roof, to_yard) > 0.5, size >= PLOT_MIN_SEPARATION) & ~green
        least = _joined(changed | outline, outline)
        hull = _hull(least)
        least = _joined(changed | outline | (other & hull), outline)
        # what lies next to the roof may be stores or cars: once the plot is known, its commonest colour is the yard's
        inner = ndimage.binary_erosion(least, SQUARE) & (distance > 1.2)
        sample = inner if inner.sum() >= PLOT_MIN_PX else sample
    # a roof stands within its plot: machines on a yard may have the very colour of the ground before
    likely = least | _touching(hull & ~least, outline)
    most = likely | _joined(changed | outline | other | faint | ~shown, outline)
    outside = far & ~least & shown
    restless = float(changed[outside].mean()) if outside.any() else 1.0
    if restless > RESTLESS:
        return _nowhere(place, f"{restless:.0%} of the surroundings changed as the yard did")
    doubt = _doubt(least, likely, most)
    if before is None and doubt:
        # pale ground that was always there may be joined to the plot: not even the low bound would hold
        return _nowhere(place, f"{doubt}; with a time before it could be bounded")
    return Plot(least, likely, most, doubt)


def _smoothed(change: np.ndarray) -> np.ndarray:
    return np.stack([ndimage.uniform_filter(np.nan_to_num(band), 3) for band in np.moveaxis(change, -1, 0)], axis=-1)


def _nowhere(place: Place, reason: str) -> Plot:
    nothing = np.zeros(place.cover.shape, bool)
    return Plot(nothing, nothing, nothing, reason)


def _doubt(least: np.ndarray, likely: np.ndarray, most: np.ndarray) -> str:
    """Return why a plot has no best value or no upper bound; nothing if it has both."""
    if _runs_out(least):
        return "it runs out of the window"
    if _runs_out(most):
        return "ground on which scraping would not show runs from it out of the window"
    blind = most.sum() / likely.sum() - 1
    return f"scraping would not show on ground next to it, {blind:.0%} of what shows" if blind > BLIND else ""


def _runs_out(mask: np.ndarray) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def edge_px(mask: np.ndarray) -> float:
    """Return the length of the edge of a mask in pixels; a turned edge is stairs, a quarter longer on average."""
    padded = np.pad(mask, 1).astype(np.int8)
    return float(sum(np.abs(np.diff(padded, axis=axis)).sum() for axis in (0, 1)) * np.pi / 4)


def plot_interval(plot: Plot) -> dict[str, Any]:
    """Return plot_area_m2_low, _best, _high (90%)."""
    if not plot.least.any():
        return {}
    low = (plot.least.sum() - INWARD_PX * edge_px(plot.least)) * PIXEL_M2
    high = (plot.most.sum() + OUTWARD_PX * edge_px(plot.most)) * PIXEL_M2
    best = None if plot.reason else round(plot.likely.sum() * PIXEL_M2)
    return {
        "plot_area_m2_low": round(max(low, 0)),
        "plot_area_m2_best": best,
        "plot_area_m2_high": None if _runs_out(plot.most) else round(high),
    }


def _picture(data: xr.Dataset) -> np.ndarray:
    """Return the median (y, x, bands) of what the scenes have of the bands SHARP."""
    return np.stack([median(data[b].values) for b in SHARP if b in data], axis=-1)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((vectors**2).sum(axis=-1)))


def _whitening(difference: np.ndarray, far: np.ndarray) -> np.ndarray | None:
    """Return (bands, bands): reflectance to scatters of the difference (y, x, bands) over the surroundings, bands made independent."""
    around = difference[far & np.isfinite(difference).all(axis=-1)]
    if len(around) < PLOT_MIN_PX:
        return None
    centred = around - np.median(around, axis=0)
    scatter = 1.4826 * np.median(np.abs(centred), axis=0) + NOISE_FLOOR
    usual = (centred / scatter)[(np.abs(centred) < 3 * scatter).all(axis=1)]
    spread = np.cov(usual.T) + 0.05 * np.eye(len(scatter))
    return np.asarray(np.diag(1 / scatter) @ np.linalg.inv(np.linalg.cholesky(spread)).T)


def _share(change: np.ndarray, to_roof: np.ndarray, to_yard: np.ndarray) -> np.ndarray:
    """Return (y, x) share of roof and yard together, neither below zero; of a pixel that is no mixture, its size."""
    rr, yy, ry = ((u * v).sum(axis=-1) for u, v in ((to_roof, to_roof), (to_yard, to_yard), (to_roof, to_yard)))
    by_roof, by_yard = (change * to_roof).sum(axis=-1), (change * to_yard).sum(axis=-1)
    rr, yy = np.maximum(rr, 1e-9), np.maximum(yy, 1e-9)
    det = np.maximum(rr * yy - ry**2, 1e-9 * rr * yy)
    a, b = (yy * by_roof - ry * by_yard) / det, (rr * by_yard - ry * by_roof) / det
    only_roof, only_yard = np.maximum(by_roof / rr, 0), np.maximum(by_yard / yy, 0)
    inside = (a >= 0) & (b >= 0)
    # of the two ends the one that leaves less over
    yard_alone = only_yard**2 * yy >= only_roof**2 * rr
    a = np.where(inside, a, np.where(yard_alone, 0, only_roof))
    b = np.where(inside, b, np.where(yard_alone, only_yard, 0))
    left = _length(change - a[..., None] * to_roof - b[..., None] * to_yard)
    return np.where(left > UNMIXED_Z, np.maximum(a + b, _length(change) / np.sqrt(yy)), a + b)


def _touching(pixels: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Return the patches of `pixels` that touch an outline."""
    labels, _ = ndimage.label(pixels)
    own = np.unique(labels[ndimage.binary_dilation(outline, SQUARE)])
    return np.isin(labels, own[own > 0])


def _hull(mask: np.ndarray) -> np.ndarray:
    """Return the pixels in the convex hull of a mask."""
    hull = shapely.MultiPoint(np.argwhere(mask)[:, ::-1] + 0.5).convex_hull
    return np.asarray(features.rasterize([hull], out_shape=mask.shape, all_touched=True, dtype="uint8") > 0)


def _joined(changed: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Return the patch of `changed` that holds the outline, without strips two pixels wide."""
    thick = ndimage.binary_dilation(ndimage.binary_opening(changed, SQUARE), SQUARE) & changed
    labels, _ = ndimage.label(thick | outline)
    own = np.unique(labels[outline])
    patch = np.pad(np.isin(labels, own[own > 0]), 2)
    closed = ndimage.binary_closing(patch, SQUARE)[2:-2, 2:-2]
    return ndimage.binary_fill_holes(closed)


def measure(
    looks: Stack, geometry: BaseGeometry, start: str, end: str, *, before: tuple[str, str] | None = None
) -> dict[str, Any]:
    """Return the areas (m2, 90%: _low, _best, _high) of what stood on the lon/lat outline from `start` to `end`.

    `before` is a window of dates in which no ground was broken, best of the same seasons: without one the plot is
    told from its surroundings alone. Keys MEASURED; None is what cannot be told, and why is in `*_cannot_tell`.

    roof_area_m2: of the roof. plot_area_m2: of ground scraped or built on that holds the outline; an upper bound is
    missing where it runs out of the window. cooling_yard_m2: only `_high`, the plot less the roof; no pixel of 10 m
    tells a cooling yard from parking, stores or an annex, and cooling on the roof is not bounded by it.

    Raises OsintError with fewer than two clear scenes, and for dates that are not in order (`in_order`). The interval of the plot is from trials (docs/change.md).
    """
    in_order(start, end, before)
    spent = looks.bytes_read
    reach_m = max(series.reach_m(geo.area_m2(geometry)), LEAST_REACH_M, REACH_SIDES * geo.area_m2(geometry) ** 0.5)
    window = around(geometry, reach_m)
    rows = looks.between(start, f"{end}T23:59:59")
    earlier = None if before is None else looks.between(before[0], f"{before[1]}T23:59:59")
    if earlier is not None and len(rows) and len(earlier):
        rows, earlier = _same_seasons(rows, earlier)
    else:
        rows = rows.sort_values(["cloud_pct", "datetime"]).head(CANDIDATES)
    after, place = _clear(looks, rows, geometry, window, SCENES if before is None else PAIRED)
    if after is None or place is None:
        raise OsintError(f"Fewer than two clear scenes show the outline between {start} and {end}: widen the dates.")
    blue = median(after["B02"].values)
    dark = bool(np.nanmedian(blue[place.core]) < np.nanmedian(blue[place.ring]))
    found: dict[str, Any] = {**dict.fromkeys(MEASURED), **roof_area(after, place, dark)}
    if found["roof_area_m2_best"] is None:
        found["roof_cannot_tell"] = "roof and yard look alike"
    earth = None if earlier is None else _clear(looks, earlier, geometry, window, PAIRED)[0]
    if after.sizes["time"] < MEASURE_MIN_SCENES:
        plot = _nowhere(place, f"fewer than {MEASURE_MIN_SCENES} clear scenes, {start} to {end}")
    elif before is not None and (earth is None or earth.sizes["time"] < MEASURE_MIN_SCENES):
        plot = _nowhere(place, f"fewer than {MEASURE_MIN_SCENES} clear scenes before, {before[0]} to {before[1]}")
    else:
        plot = extent(after, earth, place)
    found.update(plot_interval(plot), plot_cannot_tell=plot.reason or None, yard_cannot_tell=NO_YARD)
    if found["plot_area_m2_high"] is None:
        found["yard_cannot_tell"] = f"{NO_YARD}; the plot has no upper bound here"
    else:
        found["cooling_yard_m2_high"] = found["plot_area_m2_high"] - (found["roof_area_m2_low"] or 0)
    return {**found, "scenes_used": after.sizes["time"], "bytes_read": looks.bytes_read - spent}


def measure_outlines(
    looks: Stack, outlines: gpd.GeoDataFrame, start: str, end: str, *, before: tuple[str, str] | None = None
) -> gpd.GeoDataFrame:
    """Return `measure` of each outline (any CRS, column outline_id): outline_id, MEASURED and the outline in lon/lat.

    An outline that too few clear scenes show keeps its row, with the reason in all three `*_cannot_tell`. Roofs on one
    plot are measured as one outline, a MultiPolygon; apart, each of them has the same plot.
    """
    in_order(start, end, before)
    rows = []
    for number, outline in enumerate(outlines.to_crs(4326).itertuples()):
        try:
            found = measure(looks, outline.geometry, start, end, before=before)
        except OsintError as error:
            found = {f"{name}_cannot_tell": str(error) for name in ("roof", "plot", "yard")}
        name = str(getattr(outline, "outline_id", number))
        rows.append({"outline_id": name, **found, "geometry": outline.geometry})
    frame = pd.DataFrame(rows, columns=["outline_id", *MEASURED, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def in_order(start: str, end: str, before: tuple[str, str] | None) -> None:
    """Raise OsintError unless `end` is not before `start`, and `before` (first and last date) lies before `start`."""
    if end < start:
        raise OsintError(f"`end` ({end}) is before `start` ({start})")
    if before is not None and not before[0] <= before[1] < start:
        raise OsintError(
            f"The time before, {before[0]} to {before[1]}, must end before {start}, the first date measured."
        )


def _same_seasons(now: pd.DataFrame, earlier: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return up to PAIRED rows of each, least cloud and nearest day of the year first: the sun and the crops cancel."""
    chosen = [rows.sort_values(["cloud_pct", "datetime"]).head(n * CANDIDATES) for rows, n in ((now, 1), (earlier, 2))]
    day = [rows["datetime"].dt.day_of_year.to_numpy() for rows in chosen]
    cloud = [rows["cloud_pct"].fillna(100).to_numpy() for rows in chosen]
    apart = np.abs(day[0][:, None] - day[1][None])
    cost = np.minimum(apart, 365 - apart) / 20 + (cloud[0][:, None] + cloud[1][None]) / 10
    first, second = optimize.linear_sum_assignment(cost)
    best = np.argsort(cost[first, second], kind="stable")[:PAIRED]
    return chosen[0].iloc[first[best]], chosen[1].iloc[second[best]]


def _clear(
    looks: Stack, rows: pd.DataFrame, geometry: BaseGeometry, window: BaseGeometry, most: int
) -> tuple[xr.Dataset | None, Place | None]:
    """Return the first `most` scenes that show the outline; None if there are fewer than two."""
    if not len(rows):
        return None, None
    data = looks.read(rows, window, SHARP)
    place = series.placed(geometry, data)
    clear = data.isel(time=np.flatnonzero(series.usable(data, place))[:most])
    return (clear, place) if clear.sizes["time"] >= 2 else (None, None)


def roof_area(
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
        roof = _roof_patch((share > 0.5) & near, place.cover > 0.5)
        if roof.sum() < ROOF_MIN_PX:
            return dict.fromkeys(AREAS)
        if np.array_equal(roof, drawn):
            break
        # what was drawn may be larger than the roof, or lie beside it: from now on the picture says where it is
        drawn = roof.astype(float)
    return roof_interval(float(roof.sum()) * PIXEL_M2, dark)


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
    if not separation >= ROOF_MIN_SEPARATION:
        return None
    return ((picture - ground) @ axis) / float((roof - ground) @ axis)


def _roof_patch(roof: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Return the patches (y, x bool) of `roof` that touch an outline."""
    labels, _ = ndimage.label(roof)
    own = np.unique(labels[outline & roof])
    return np.isin(labels, own[own > 0])


def roof_interval(best_m2: float, dark: bool = False) -> dict[str, Any]:
    """Return the 90% roof_interval about a measured area; a `dark` roof beside a pale yard is counted too small."""
    best_m2 *= 1 + (min(DARK_SHORTFALL * 10_000 / max(best_m2, 1), 0.2) if dark else 0)
    sizes, deviations = zip(*RELATIVE_SD, strict=True)
    sd = float(np.interp(np.log(max(best_m2, 1)), np.log(sizes), deviations))
    sd *= 1.5 if dark else 1
    return {
        "roof_area_m2_low": round(best_m2 * (1 - 1.645 * sd)),
        "roof_area_m2_best": round(best_m2),
        "roof_area_m2_high": round(best_m2 * (1 + 1.645 * sd)),
    }
