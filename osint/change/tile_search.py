"""Search one tile of a wide area for a roof that is absent on one date and present on a later one."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio import features
from rasterio.transform import Affine
from scipy import ndimage
from scipy.special import ndtr
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import detect, outlines
from osint.change.series import CLEAR
from osint.change.stack import Looks
from osint.change.tiling import Tile
from osint.errors import OsintError

LOOKS_A_SIDE = 8
FEWEST_CLEAR = 2
SELDOM_CLEAR = 3.0
"""Clear looks to be expected of a spot, by the cloud cover of the scenes, below which more are read."""
REACH_DAYS = 365
LOOSE = (0.35, 4.0)
"""A patch of pixels is dated if its area is within these factors of the area asked for: blur widens small roofs."""
UNDATED_SD = 0.3
Z90 = 1.645


@dataclass(frozen=True)
class Target:
    """What is looked for: new roof of a size, not there on one date, there on another."""

    start: str
    end: str
    absent: str
    present: str
    area_low_m2: float
    area_high_m2: float

    def __post_init__(self) -> None:
        try:
            days = [dt.date.fromisoformat(v) for v in (self.start, self.absent, self.present, self.end)]
        except ValueError as error:
            raise OsintError(f"dates are written as 2024-05-31: {error}") from None
        if not days[0] <= days[1] < days[2] <= days[3]:
            raise OsintError("dates must come in the order start, absent, present, end, with absent before present")
        if not 0 < self.area_low_m2 <= self.area_high_m2:
            raise OsintError("the roof area asked for needs 0 < low <= high, in m2")

    def as_dict(self) -> dict[str, Any]:
        """Return the target as plain values."""
        return asdict(self)


def search(looks: Looks, tile: Tile, place: BaseGeometry, target: Target) -> dict[str, Any]:
    """Search one tile; returns its journal line.

    Keys: tile, area_km2 (of the place in it), searched_share (of that: two or more clear looks on both sides),
    nodata_share (of that: fewer than two looks of any kind on a side; the rest is cloud, shadow, snow), scenes,
    unread_files, bytes, state ("searched" or why not), candidates (properties and geometry, unranked).
    """
    line = blank(tile, place)
    before, after = sides(looks.scenes, target, tile.window())
    line["scenes"] = len(before) + len(after)
    for name, rows, day in (("before", before, target.absent), ("after", after, target.present)):
        if _passes(rows).nunique() < FEWEST_CLEAR:
            return {**line, "state": f"{len(rows)} scenes {name} {day} within {REACH_DAYS} days; 2 are needed"}
    pictures, clear, there, failures = [], [], [], []
    for rows in (before, after):
        data = looks.read(rows, tile.window(), ("B02", "B11"))
        failures += list(data.attrs.get("failures") or ())
        finite = np.isfinite(data["B02"].values) & np.isfinite(data["B11"].values)
        there.append(finite.sum(axis=0) >= FEWEST_CLEAR)
        clear.append((finite & np.isin(data["scl"].values, CLEAR)).sum(axis=0) >= FEWEST_CLEAR)
        inside = _inside(data, tile.core().intersection(place))
        if finite.any():
            pictures.append(detect.whiteness(data))
        del data, finite
    pixels = max(int(inside.sum()), 1)
    line["searched_share"] = round(float((clear[0] & clear[1] & inside).sum() / pixels), 4)
    line["nodata_share"] = round(float((inside & ~(there[0] & there[1])).sum() / pixels), 4)
    line |= {"unread_files": len(failures), "bytes": looks.bytes_read}
    if not line["searched_share"]:
        return {**line, "state": f"failed: {failures[0]['error']}" if failures else "searched"}
    wanted = [p for p in patches(*pictures) if _worth(p, target) and tile.holds(p) and p.intersects(place)]
    for n, patch in enumerate(wanted):
        line["candidates"] += _dated(looks, patch, target, f"{tile.name}-{n + 1}")
    return {**line, "state": "searched", "bytes": looks.bytes_read}


def blank(tile: Tile, place: BaseGeometry) -> dict[str, Any]:
    """Return the journal line of a tile of which nothing was seen yet."""
    area_km2 = geo.area_m2(tile.core().intersection(place)) / 1e6
    line: dict[str, Any] = {"tile": tile.name, "area_km2": round(area_km2, 4), "searched_share": 0.0}
    return line | {"nodata_share": 1.0, "scenes": 0, "unread_files": 0, "bytes": 0, "candidates": []}


def sides(scenes: pd.DataFrame, target: Target, where: BaseGeometry) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scenes to read of the year up to `absent` and of the year from `present`, by time.

    Passes (all scenes of five minutes) that are clear, that reach parts of the lon/lat `where` that others leave
    out, and of the same seasons on both sides: else every harvest is a change.
    """
    when = scenes["datetime"]
    absent, present = (pd.Timestamp(d, tz="UTC") for d in (target.absent, target.present))
    year, day = pd.Timedelta(days=REACH_DAYS), pd.Timedelta(days=1)
    both = [
        _mild(scenes[(when < absent + day) & (when >= absent - year)]),
        _mild(scenes[(when >= present) & (when < present + year + day)]),
    ]
    common = set(_seasons(both[0])) & set(_seasons(both[1]))
    return _chosen(both[0], common, where), _chosen(both[1], common, where)


def _mild(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows (by time) without winter, with it where too few passes are left."""
    rows = rows.sort_values("datetime")
    mild = rows[_seasons(rows) > 0]
    return mild if _passes(mild).nunique() >= LOOKS_A_SIDE // 2 else rows


def _seasons(rows: pd.DataFrame) -> pd.Series:
    """Return 0 for winter, 1 to 4 for the stretches from late March to early November."""
    edges = (80, 138, 196, 254, 312)
    return pd.Series(np.searchsorted(edges, rows["datetime"].dt.day_of_year) % len(edges), index=rows.index)


def _passes(rows: pd.DataFrame) -> pd.Series:
    """Return the number of each row's pass; rows come by time, scenes of one pass are seconds apart."""
    return (rows["datetime"].diff() > pd.Timedelta(minutes=5)).cumsum()


def _chosen(rows: pd.DataFrame, common: set[int], where: BaseGeometry) -> pd.DataFrame:
    """Return the rows of LOOKS_A_SIDE passes, of up to twice as many where parts of `where` are seldom clear."""
    if not len(rows):
        return rows
    west, south, east, north = where.bounds
    x, y = np.meshgrid(np.linspace(west, east, 7)[1:-1], np.linspace(south, north, 7)[1:-1])
    spots = shapely.points(x.ravel(), y.ravel())
    outlines = rows["geometry"] if "geometry" in rows else [where] * len(rows)
    clear = np.stack([shapely.covers(outline, spots) for outline in outlines]) * (
        1 - rows["cloud_pct"].fillna(50).to_numpy()[:, None] / 100
    )
    number, season = _passes(rows).to_numpy(), _seasons(rows).to_numpy()
    firsts = np.unique(number, return_index=True)[1]
    chance = np.maximum.reduceat(clear, firsts, axis=0)
    season = season[firsts]
    can = chance.max(axis=0) > 0
    looks, used, taken = np.zeros(len(spots)), np.zeros(5), np.zeros(len(firsts), bool)
    while not taken.all() and (taken.sum() < LOOKS_A_SIDE or looks[can].min(initial=99) < SELDOM_CLEAR):
        if taken.sum() >= 2 * LOOKS_A_SIDE:
            break
        alike = np.array([1.0 if s in common else 0.3 for s in season]) / (1 + used[season])
        gain = (chance / (1 + looks)).sum(axis=1) * alike
        best = int(np.argmax(np.where(taken, -1, gain)))
        taken[best] = True
        looks += chance[best]
        used[season[best]] += 1
    return rows[taken[number]]


def patches(before: xr.DataArray, after: xr.DataArray) -> list[BaseGeometry]:
    """Return lon/lat outlines of what became whiter between two pictures of `structures.whiteness`."""
    gain = np.nan_to_num(after.values - before.values, nan=-1.0)
    scatter = float(np.median(np.abs(gain[gain > -1]))) * 1.4826 if (gain > -1).any() else 1.0
    labels, _ = ndimage.label(gain > max(detect.SEED, 4 * scatter))
    boxes = ndimage.find_objects(labels)
    sizes = ndimage.sum_labels(np.clip(gain, 0, None), labels, np.arange(1, len(boxes) + 1))
    taken = np.zeros(gain.shape, bool)
    found = []
    for index in np.argsort(-np.asarray(sizes), kind="stable"):
        seed = labels == index + 1
        if (seed & taken).any():
            continue
        patch = detect.grown(gain, seed, boxes[index])
        if patch.sum() < detect.SMALLEST_PX or (patch & taken).any():
            continue
        taken |= ndimage.binary_dilation(patch, iterations=3)
        found.append(detect.outline(patch, before.attrs))
    return found


def _worth(patch: BaseGeometry, target: Target) -> bool:
    area = geo.area_m2(patch)
    return LOOSE[0] * target.area_low_m2 <= area <= LOOSE[1] * target.area_high_m2


def _dated(looks: Looks, patch: BaseGeometry, target: Target, name: str) -> list[dict[str, Any]]:
    """Return the structures of a patch with how well each fits; what shows no lasting step is dropped."""
    rows = outlines.date_change(looks, patch, target.start, target.end, outline_id=name).rows
    made = []
    for row in rows:
        reason = str(row["cannot_tell"] or "")
        if row["kind"] is None and not reason.startswith(("cloud", "too few", "interval")):
            continue
        # what it cost hangs on what a cache had: that is told by tile, and is no property of a candidate
        kept = {k: v for k, v in row.items() if k != "bytes_read"}
        made.append({**kept, **fits(row, target, geo.area_m2(patch)), "geometry": mapping(patch)})
    return made


def fits(row: dict[str, Any], target: Target, patch_m2: float) -> dict[str, float | None]:
    """Return fit_date, fit_size (chance that date and roof area lie inside the target) and fit.

    Intervals are taken as normal. `fit` is their product with the probability that it is a building; without a
    date it is None. A structure that was not measured is judged by its patch of pixels, good to 30%.
    """
    fit_date = None
    if row["roofed_best"]:
        best, low, high, absent, present = (
            pd.Timestamp(v).toordinal()
            for v in (row["roofed_best"], row["roofed_low"], row["roofed_high"], target.absent, target.present)
        )
        fit_date = _share(best, max((high - low) / (2 * Z90), 1.0), absent, present)
    area = row["roof_area_m2_best"] or patch_m2
    known = row["roof_area_m2_low"] is not None
    sd = (row["roof_area_m2_high"] - row["roof_area_m2_low"]) / (2 * Z90) if known else UNDATED_SD * area
    fit_size = _share(area, max(sd, 1.0), target.area_low_m2, target.area_high_m2)
    fit = None if fit_date is None else round(fit_date * fit_size * row["probability"], 4)
    return {"fit": fit, "fit_date": fit_date, "fit_size": fit_size}


def _share(best: float, sd: float, low: float, high: float) -> float:
    return round(float(ndtr((high - best) / sd) - ndtr((low - best) / sd)), 4)


def _inside(data: xr.Dataset, geometry: BaseGeometry) -> np.ndarray:
    """Return (y, x) bool: pixels of the window whose middle lies in a lon/lat geometry."""
    to_grid = Transformer.from_crs(4326, data.attrs["crs"], always_xy=True)
    flat = shapely.transform(geometry, to_grid.transform, interleaved=False)
    shape = (data.sizes["y"], data.sizes["x"])
    if flat.is_empty:
        return np.zeros(shape, bool)
    return features.geometry_mask([flat], shape, Affine(*tuple(data.attrs["transform"])[:6]), invert=True)
