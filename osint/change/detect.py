"""Find what was built over an area: compare the first season with later ones, then date each candidate."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio import features
from rasterio.transform import Affine
from scipy import ndimage
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import history, landcover, outlines, series
from osint.change.history import Structure
from osint.change.reasons import Reason
from osint.change.series import CLEAR
from osint.change.stack import Stack, around
from osint.errors import OsintError
from osint.http import bytes_by_reader

SCENES_A_PICTURE = 9
SEASON_DAYS = 150
SEED = 0.05
"""Gain in whiteness (reflectance) that starts a candidate; 5 times the local scatter if that is more."""
ROOF_ALONE = 0.15
"""Gain that starts a candidate in a single picture: a pale roof that was cleared again; the series decides."""
SMALLEST_PX = 8
COARSE_PX = 4
LOCAL_PX = 15

TILE_M = 5_120.0
MARGIN_M = 300.0


@dataclass(frozen=True)
class Candidate:
    """A patch that turned whiter than its surroundings and stayed so in one later picture at least."""

    geometry: BaseGeometry
    """Lon/lat."""
    gain: float
    """Peak gain in whiteness, reflectance."""


def new_structures(
    looks: Stack, where: BaseGeometry, start: str, end: str, *, exhaustive: bool = False
) -> gpd.GeoDataFrame:
    """Return what was built inside the lon/lat area `where` between two ISO dates, dated and measured.

    Columns as in `events.PROPERTIES`. Candidates whose series shows no lasting step are dropped: a dry lake, snow or
    dust is no structure; one whose last looks may show a roof stays, without a kind. Several are dated at once;
    `bytes_read` is as if one had been dated after the other. `.attrs["unseen"]` names the tiles that too few scenes show.
    """
    found, unseen = survey(looks, where, start, end)
    parts = [looks.at(series.window(candidate.geometry)) for candidate in found]

    def date(number: int) -> tuple[Structure, ...]:
        own, outline, name = parts[number], found[number].geometry, f"S{number + 1:03d}"
        return outlines.date_change(own, outline, start, end, outline_id=name, exhaustive=exhaustive).structures

    with ThreadPoolExecutor(looks.threads) as pool:
        dated = list(pool.map(date, range(len(found))))
    rows = []
    for candidate, own, told, paid in zip(
        found, parts, dated, bytes_by_reader([p.cost.asked for p in parts]), strict=True
    ):
        looks.add(own)
        # who of several at once fetched what they share is chance: the first of them pays
        bytes_read = own.bytes_read - sum(a.fetched for a in own.cost.asked) + paid
        kept = [s for s in told if s.kind is not None or any(d.reason is Reason.MAY_SHOW_A_ROOF for d in s.doubts)]
        rows += [{**s.to_row(), "bytes_read": bytes_read, "geometry": candidate.geometry} for s in kept]
    frame = pd.DataFrame(rows, columns=[*history.PROPERTIES, "geometry"])
    made = gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)
    made.attrs["unseen"] = unseen
    return made


def candidates(looks: Stack, where: BaseGeometry, start: str, end: str, side_m: float = TILE_M) -> list[Candidate]:
    """Return patches inside `where` that gained whiteness between the first season and any later one."""
    return survey(looks, where, start, end, side_m)[0]


def survey(
    looks: Stack, where: BaseGeometry, start: str, end: str, side_m: float = TILE_M
) -> tuple[list[Candidate], list[str]]:
    """Return the patches of `candidates`, and the names of the tiles that too few scenes show.

    An area wider than `side_m` is read tile by tile, so that memory is that of one tile; a patch on an edge of
    tiles is one patch.
    """
    if fits_one(where, side_m):
        return [c for c, _ in _season_patches(looks, where, start, end)], []
    seen: list[tuple[Tile, Candidate, bool]] = []
    unseen, tiles = [], utm_tiles(where, side_m)
    for tile in tiles:
        core = tile.core().intersection(where)
        window = around(core, MARGIN_M)
        here = looks.at(window)
        try:
            found = _season_patches(here, window, start, end)
        except TooFewError as error:
            unseen.append(tile.name)
            if len(unseen) == len(tiles):
                raise error
            continue
        finally:
            looks.add(here)
        seen += [(tile, c, cut) for c, cut in found if c.geometry.intersects(core)]
    return _once(seen), unseen


def _once(seen: list[tuple[Tile, Candidate, bool]]) -> list[Candidate]:
    """Return each patch once, tile by tile: whole before cut, in its own tile before a neighbour's margin.

    Cut patches that touch are the parts of one that no tile sees whole: they are put together.
    """
    whole = [(tile.holds(c.geometry), tile, c) for tile, c, cut in seen if not cut]
    ordered = [(tile, c) for own, tile, c in sorted(whole, key=lambda w: not w[0])]
    kept: list[tuple[Tile, Candidate]] = []
    for tile, c in [*ordered, *_joined([(tile, c) for tile, c, cut in seen if cut])]:
        if not any(other is not tile and c.geometry.intersects(k.geometry) for other, k in kept):
            kept.append((tile, c))
    place = {tile.name: n for n, (tile, _, _) in reversed(list(enumerate(seen)))}
    return [c for _, c in sorted(kept, key=lambda k: place[k[0].name])]


def _joined(parts: list[tuple[Tile, Candidate]]) -> list[tuple[Tile, Candidate]]:
    made: list[tuple[Tile, Candidate]] = []
    for tile, c in parts:
        touching = [k for k in made if k[0] is not tile and k[1].geometry.intersects(c.geometry)]
        shapes = shapely.union_all([c.geometry, *(k[1].geometry for k in touching)])
        gain = max(c.gain, *(k[1].gain for k in touching)) if touching else c.gain
        made = [k for k in made if k not in touching]
        made.append((touching[0][0] if touching else tile, Candidate(shapes, gain)))
    return made


class TooFewError(OsintError):
    """Fewer than two seasons of a place have scenes."""


def _season_patches(looks: Stack, where: BaseGeometry, start: str, end: str) -> list[tuple[Candidate, bool]]:
    """Return the patches of one window, the strongest first, and whether each is cut by the window's edge."""
    rows = looks.between(start, f"{end}T23:59:59")
    groups = season_groups(rows)
    if len(groups) < 2:
        msg = f"Only {len(rows)} scenes between {start} and {end}: two seasons are needed, widen the dates."
        raise TooFewError(msg)
    pictures = [_picture(looks.read(group, where, ("B02", "B11"))) for group in groups]
    attrs = pictures[0].attrs
    gains = np.stack([p.values - pictures[0].values for p in pictures[1:]])
    if not np.isfinite(gains).any():
        raise TooFewError(f"The scenes between {start} and {end} do not show the place: widen the dates.")
    scatter = np.nanmedian(np.abs(gains)) * 1.4826
    gain = _lasting(np.nan_to_num(gains, nan=-1.0))
    labels, _ = ndimage.label(gain > max(SEED, 4 * scatter))
    found: list[tuple[Candidate, bool]] = []
    taken = np.zeros(gain.shape, bool)
    boxes = ndimage.find_objects(labels)
    sizes = ndimage.sum_labels(np.clip(gain, 0, None), labels, np.arange(1, len(boxes) + 1))
    # the strongest first: the fringes of a large roof belong to it
    for index in np.argsort(-sizes, kind="stable"):
        seed = labels == index + 1
        if (seed & taken).any():
            continue
        patch = grown(gain, seed, boxes[index])
        if patch.sum() < SMALLEST_PX or (patch & taken).any():
            continue
        taken |= ndimage.binary_dilation(patch, iterations=3)
        cut = bool(patch[[0, -1]].any() or patch[:, [0, -1]].any())
        found.append((Candidate(outline(patch, attrs), float(gain[seed].max())), cut))
    return found


def _picture(data: xr.Dataset) -> xr.DataArray:
    """Return the whiteness of a season, NaN where all its scenes leave the window empty."""
    if (np.isfinite(data["B02"].values) & np.isfinite(data["B11"].values)).any():
        return whiteness_picture(data)
    return xr.DataArray(np.full(data["B02"].shape[1:], np.nan), dims=("y", "x"), attrs=data.attrs)


def _lasting(gains: np.ndarray) -> np.ndarray:
    """Return the largest gain that holds for two pictures in a row, or in the last one, or is a roof's in any."""
    pairs = np.minimum(gains[:-1], gains[1:])
    alone = np.where(gains > ROOF_ALONE, gains, -1.0)
    return np.max(np.concatenate([pairs, gains[-1:], alone]), axis=0)


def season_groups(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return groups of the clearest scenes, one a season of SEASON_DAYS, winter left out where it can be."""
    rows = rows.sort_values("datetime")
    day = rows["datetime"].dt.day_of_year
    mild = rows[(day > 80) & (day < 312)]
    rows = mild if len(mild) >= 8 else rows
    if not len(rows):
        return []
    first = rows["datetime"].iloc[0]
    span = (rows["datetime"].iloc[-1] - first).days + 1
    number = ((rows["datetime"] - first).dt.days * max(2, round(span / SEASON_DAYS)) // span).to_numpy()
    groups = []
    for k in np.unique(number):
        group = rows[number == k].sort_values(["cloud_pct", "datetime"]).head(SCENES_A_PICTURE)
        if len(group) >= 3:
            groups.append(group.sort_values("datetime"))
    return groups


def whiteness_picture(data: xr.Dataset) -> xr.DataArray:
    """Return blue less 0.7 of short-wave infrared in the median of clear looks, less its local median.

    A pixel that is never classified clear while most of its scene is (a bright roof read as cloud) takes the
    lower quarter of all its looks.
    """
    values = data["B02"].values - 0.7 * data["B11"].values
    clear = np.isin(data["scl"].values, CLEAR) & np.isfinite(values)
    enough = clear.sum(axis=0) >= 2
    picture = _low_share(np.where(clear, values, np.nan), 0.5)
    rest = _low_share(values, 0.25)
    picture = np.where(enough, picture, rest)
    return xr.DataArray(picture - _local(picture), dims=("y", "x"), attrs=data.attrs)


def _low_share(values: np.ndarray, share: float) -> np.ndarray:
    """Return the value below which `share` of those seen (axis 0) lie; NaN where nothing was seen."""
    # np.nanquantile walks pixel by pixel in Python, a hundred times slower
    ordered = np.sort(values, axis=0)
    place = share * np.maximum(np.isfinite(values).sum(axis=0) - 1, 0)
    low = np.floor(place).astype(int)[None]
    below = np.take_along_axis(ordered, low, 0)[0]
    above = np.take_along_axis(ordered, np.ceil(place).astype(int)[None], 0)[0]
    return below + (above - below) * (place - low[0])


def _local(picture: np.ndarray) -> np.ndarray:
    """Return the median of the surroundings (about 600 m), from every fourth pixel."""
    coarse = np.nan_to_num(picture[::COARSE_PX, ::COARSE_PX], nan=float(np.nanmedian(picture)))
    smooth = ndimage.median_filter(coarse, size=LOCAL_PX, mode="nearest")
    fine = smooth.repeat(COARSE_PX, axis=0).repeat(COARSE_PX, axis=1)
    return fine[: picture.shape[0], : picture.shape[1]]


def patches(before: xr.DataArray, after: xr.DataArray) -> list[BaseGeometry]:
    """Return lon/lat outlines of what became whiter between two pictures of `whiteness_picture`."""
    gain = np.nan_to_num(after.values - before.values, nan=-1.0)
    scatter = float(np.median(np.abs(gain[gain > -1]))) * 1.4826 if (gain > -1).any() else 1.0
    labels, _ = ndimage.label(gain > max(SEED, 4 * scatter))
    boxes = ndimage.find_objects(labels)
    sizes = ndimage.sum_labels(np.clip(gain, 0, None), labels, np.arange(1, len(boxes) + 1))
    taken = np.zeros(gain.shape, bool)
    found = []
    for index in np.argsort(-np.asarray(sizes), kind="stable"):
        seed = labels == index + 1
        if (seed & taken).any():
            continue
        patch = grown(gain, seed, boxes[index])
        if patch.sum() < SMALLEST_PX or (patch & taken).any():
            continue
        taken |= ndimage.binary_dilation(patch, iterations=3)
        found.append(outline(patch, before.attrs))
    return found


def grown(gain: np.ndarray, seed: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
    """Return the patch about a seed above half of its own gain."""
    rows = slice(max(box[0].start - 4, 0), box[0].stop + 4)
    cols = slice(max(box[1].start - 4, 0), box[1].stop + 4)
    level = 0.5 * np.quantile(gain[seed], 0.8)
    labels, _ = ndimage.label(gain[rows, cols] > level)
    own = np.unique(labels[seed[rows, cols]])
    patch = np.zeros(gain.shape, bool)
    patch[rows, cols] = ndimage.binary_fill_holes(np.isin(labels, own[own > 0]))
    return patch


def outline(patch: np.ndarray, attrs: dict[str, Any]) -> BaseGeometry:
    """Return the largest part of a patch (y, x) as a lon/lat polygon along its pixels."""
    transform = Affine(*tuple(attrs["transform"])[:6])
    polygons = [shape(g) for g, _ in features.shapes(patch.astype("uint8"), mask=patch, transform=transform)]
    to_lonlat = Transformer.from_crs(attrs["crs"], 4326, always_xy=True)
    return shapely.transform(max(polygons, key=lambda p: p.area), to_lonlat.transform, interleaved=False)


def buildings(found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of `new_structures` that are more likely a building than not."""
    return found[found["kind"].isin(landcover.BUILDINGS) & (found["probability"] >= 0.5)]


@dataclass(frozen=True)
class Tile:
    """A square of a UTM zone with the margin that is read around it."""

    name: str
    epsg: int
    west: float
    south: float
    side_m: float

    def core(self) -> BaseGeometry:
        """Return the tile in lon/lat; what has its middle here belongs to this tile."""
        return self._box(0)

    def window(self) -> BaseGeometry:
        """Return the tile with its margin in lon/lat."""
        return self._box(MARGIN_M)

    def _box(self, margin: float) -> BaseGeometry:
        square = shapely.box(
            self.west - margin, self.south - margin, self.west + self.side_m + margin, self.south + self.side_m + margin
        )
        return shapely.transform(square.segmentize(self.side_m / 4), _between(self.epsg, 4326), interleaved=False)

    def holds(self, geometry: BaseGeometry) -> bool:
        """Say whether the centroid of a lon/lat geometry lies in the tile (west and south edge inside)."""
        x, y = _between(4326, self.epsg)(geometry.centroid.x, geometry.centroid.y)
        return bool(0 <= x - self.west < self.side_m and 0 <= y - self.south < self.side_m)


def utm_tiles(place: BaseGeometry, side_m: float) -> list[Tile]:
    """Return the tiles that touch a lon/lat place, west to east and south to north, in the UTM zone of its middle."""
    epsg, flat = _flat(place)
    west, south, east, north = flat.bounds
    shapely.prepare(flat)
    made = []
    for row in range(math.floor(south / side_m), math.ceil(north / side_m)):
        for col in range(math.floor(west / side_m), math.ceil(east / side_m)):
            x, y = col * side_m, row * side_m
            if flat.intersects(shapely.box(x, y, x + side_m, y + side_m)):
                made.append(Tile(f"{epsg}-E{x:.0f}-N{y:.0f}", epsg, x, y, side_m))
    return made


def fits_one(place: BaseGeometry, side_m: float) -> bool:
    """Say whether a lon/lat place is no wider and no higher than a tile, wherever the grid would cut it."""
    west, south, east, north = _flat(place)[1].bounds
    return bool(max(east - west, north - south) <= side_m)


def _flat(place: BaseGeometry) -> tuple[int, BaseGeometry]:
    epsg = imagery.utm_epsg(place.centroid.x, place.centroid.y)
    return epsg, shapely.transform(place.segmentize(0.01), _between(4326, epsg), interleaved=False)


@functools.cache
def _between(one: int, other: int) -> Callable[..., Any]:
    """Return the way from one EPSG code to another; making it takes a millisecond, and a search has many tiles."""
    return Transformer.from_crs(one, other, always_xy=True).transform
