"""Find what was built over an area: compare the first season with later ones, then date each candidate."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from rasterio import features
from rasterio.transform import Affine
from scipy import ndimage
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from osint import geo, imagery
from osint.change import landcover, outlines, series, steps
from osint.change._segmentation import MAD_TO_SD
from osint.change.history import PROPERTIES, Structure
from osint.change.journal import Parts, Tell, head_of
from osint.change.measure import AreaInterval
from osint.change.reasons import NOT_READ, Doubt, Reason
from osint.change.series import BLUE
from osint.change.stack import PAIR, RGB, Stack, UnreadError, around, open_stack, reproject
from osint.errors import NotFoundError
from osint.http import bytes_by_reader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEASON_SCENES, LEAST_SEASON_SCENES = 9, 3  # clearest scenes of a season that make its picture, and the fewest that do
SEASON_DAYS = 150  # length of a season, about
LEAST_SEASONS = 2  # seasons that a comparison needs
MILD_FROM, MILD_UNTIL = 80, 312  # northern days between which the sun is high and no snow is, with wide margins
LEAST_MILD_SCENES = 8  # scenes outside of winter below which those of winter are taken too
SEED_GAIN, SEED_SD = 0.05, 4.0  # gain in whiteness that starts a candidate, or so many deviations of it if more
CHANGES = {"B02": 0.06, "B11": 0.07}  # lasting change of reflectance, brighter or darker, that starts a candidate
LEAST_FILLED = (
    0.5  # share of its smallest rectangle that such a candidate fills: a road or a yard around a hall does not
)
NEIGHBOUR_SHARE = 0.5  # of the strength of a patch, below which what is next to it is its blur
KEPT = NOT_READ | {Reason.MAY_SHOW_A_ROOF}  # doubts with which a candidate stays without a kind
ROOF_GAIN = 0.15  # gain that starts one in a single picture: a pale roof that was cleared again; the series decides
GROWN_SHARE, PEAK_QUANTILE = (
    0.5,
    0.8,
)  # a patch reaches to this share of this quantile of its seed
GROWN_REACH_PX = 4  # how far a patch may grow beyond the box of its seed
LEAST_PATCH_PX = 8  # the smallest patch: a roof of under 800 m2 is lost in the blur of its edge
FRINGE_PX = 3  # pixels around a patch that belong to its blur and start no other
LEAST_CLEAR = 2  # clear scenes of a pixel whose median is its whiteness
MISREAD_QUANTILE = 0.25  # of the looks at a pixel that is read as cloud: what shows there in most of them
COARSE_PX, LOCAL_PX = 4, 15  # the surroundings are 15 by 15 of every fourth pixel: 600 m
TILE_M = 5_120.0  # side of a tile: 512 pixels of 10 m are a few blocks of a file, and its scenes fit into memory
MARGIN_M = 300.0  # margin that is read around a tile: surroundings of what stands at its edge
EDGE_PARTS = 4  # parts of a tile's side whose ends are converted to degrees, so that it stays straight to a metre
PLACE_STEP_DEG = 0.01  # longest piece of a place's edge that is converted as a straight line
PROBABLE = 0.5  # probability of a building above which a structure is more likely one than not
PICTURE_REACH_M = 250.0  # reach of a picture beyond its outline
SAME_PASS_DAYS = 5 / 1440  # scenes of one pass are seconds apart


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patch that turned whiter than its surroundings and stayed so in one later picture at least."""

    outline: BaseGeometry
    """Outline in degrees (longitude, latitude; WGS-84)."""
    gain: float
    """Peak gain in whiteness, reflectance."""
    cut: bool = False
    """Whether the edge of the window cuts it."""


@dataclass(frozen=True, slots=True)
class NewStructures:
    """What was built over an area between two days."""

    frame: gpd.GeoDataFrame
    """One row per structure: the columns PROPERTIES, `simulated` of a SIMULATED world, and the outline in degrees."""
    unseen: tuple[str, ...]
    """Names of the tiles that too few scenes show."""
    stack: Stack
    """What was read."""
    searched_share: float = 1.0
    """Share of the place that was read and clear in the first season and in a later one, 0 to 1."""
    stopped: str = ""
    """Why the search ended before its end; empty if it did not. What was not read is not known."""

    @property
    def buildings(self) -> gpd.GeoDataFrame:
        """The rows that are more likely a building than not."""
        return self.frame[self.frame["kind"].isin(landcover.BUILDINGS) & (self.frame["probability"] >= PROBABLE)]


class TooFewError(NotFoundError):
    """Fewer than two seasons of a place have scenes."""


def observe(
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = imagery.EARTH_SEARCH,
    collection: str | None = None,
    exhaustive: bool = False,
    journal: Path | None = None,
    tell: Tell | None = None,
) -> NewStructures:
    """Return what was built inside `place` (degrees) between two ISO days, from the scenes of a catalogue.

    Arguments as of `open_stack` and `new_structures`. Raises NotFoundError if fewer than two seasons have scenes.
    """
    stack = open_stack(place, start, end, catalogue=catalogue, collection=collection)
    return new_structures(stack, place, start, end, exhaustive=exhaustive, journal=journal, tell=tell)


def new_structures(
    stack: Stack,
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    exhaustive: bool = False,
    journal: Path | None = None,
    tell: Tell | None = None,
) -> NewStructures:
    """Return what was built inside `place` (degrees) between two ISO days, dated and measured.

    Candidates whose series shows no lasting step are dropped: a dry lake, snow or dust is not a structure. One whose
    last scenes may show a roof, or that could not be read, stays without a kind. Several are dated at once;
    `bytes_read` is as if one had been dated after the other. A search that breaks off keeps what it knows (`stopped`,
    `searched_share`). `exhaustive` reads every scene instead of searching in time. Dated candidates are lines of
    `journal`: the same call goes on after a kill. `tell` is handed a line for each. Raises NotFoundError if fewer than
    two seasons have scenes, UnreadError if nothing could be read.
    """
    surveyed = survey(stack, place, start, end, tell=tell)
    found = surveyed.candidates
    parts = [stack.at(series.surroundings_box(candidate.outline)) for candidate in found]
    asked = {"start": start, "end": end, "exhaustive": exhaustive, "place": place.wkt}
    kept = Parts(journal, head_of(stack, "observe", asked), len(found), tell)

    def date(part: Stack, candidate: Candidate, number: int) -> list[dict[str, Any]]:
        name, key = f"S{number:03d}", hashlib.sha256(candidate.outline.wkb).hexdigest()
        rows = kept.kept(key)
        if rows is None:
            known: dict[str, Any] = {"outline_id": name, "exhaustive": exhaustive}
            try:
                structures = outlines.date_change(part, candidate.outline, start, end, **known).structures
            except UnreadError as error:
                structures = (Structure(name, doubts=(Doubt(Reason.STOPPED, {"why": str(error)}),)),)
            rows = _candidate_rows(structures, candidate)
            told = "; ".join(str(row["roofed_best"] or row["kind"] or row["cannot_tell"]) for row in rows)
            whole = not part.failures and not stack.health.stopped
            kept.add(key, rows, f"{name}: {told or 'nothing lasting'}", stack.bytes_read + part.bytes_read, whole=whole)
        return [{**row, "outline_id": name} for row in rows]

    with ThreadPoolExecutor(stack.threads) as pool:
        dated = list(pool.map(date, parts, found, range(1, len(found) + 1)))
    kept.finish()
    rows = []
    shared = bytes_by_reader([part.cost.asked for part in parts])
    for candidate, part, own_rows, own_bytes in zip(found, parts, dated, shared, strict=True):
        stack.add(part)
        # who of several at once downloads what they share is chance: the first of them pays
        bytes_read = part.bytes_read - sum(read.fetched for read in part.cost.asked) + own_bytes
        rows += [{**row, "bytes_read": bytes_read, "geometry": candidate.outline} for row in own_rows]
    frame = pd.DataFrame(rows, columns=[*PROPERTIES, "geometry"])
    marked = stack.mark(gpd.GeoDataFrame(frame, geometry="geometry", crs=4326))
    return NewStructures(
        marked, surveyed.unseen, stack, surveyed.searched_share, surveyed.stopped or stack.health.stopped
    )


def _candidate_rows(structures: Sequence[Structure], candidate: Candidate) -> list[dict[str, Any]]:
    """Return the structures of a candidate that are worth a row."""
    return [
        replace(
            structure.doubtful(Doubt(Reason.CUT) if candidate.cut else None), roof_area=_whole(structure, candidate)
        ).to_row()
        for structure in structures
        if structure.kind is not None or any(doubt.reason in KEPT for doubt in structure.doubts)
    ]


def _whole(structure: Structure, candidate: Candidate) -> AreaInterval | None:
    """Return the area of a structure, None if the edge of the place cuts it: a part of a roof is no roof."""
    return None if candidate.cut else structure.roof_area


@dataclass(frozen=True, slots=True)
class Survey:
    """Where something may have been built, and how much of a place was looked at."""

    candidates: list[Candidate]
    unseen: tuple[str, ...] = ()
    """Names of the tiles that too few scenes show."""
    searched_share: float = 1.0
    """Share of the place that was read and clear in the first season and in a later one, 0 to 1."""
    stopped: str = ""
    """Why the survey ended before its end; empty if it did not."""


def survey(
    stack: Stack, place: BaseGeometry, start: str, end: str, side_m: float = TILE_M, tell: Tell | None = None
) -> Survey:
    """Return patches inside `place` (degrees) that changed for good between the first season and any later one.

    A place wider than `side_m` is read tile by tile, so that memory is that of one tile; a patch on an edge of tiles
    is one patch. Where file after file cannot be read it ends with what is known so far, and says so. `tell` is handed
    a line for each tile.
    """
    west, south, east, north = _flat(place)[1].bounds
    if max(east - west, north - south) <= side_m:
        return _season_candidates(stack, place, start, end)
    seen: list[tuple[Tile, Candidate]] = []
    unseen, searched_m2, stopped, tiles = [], 0.0, "", utm_tiles(place, side_m)
    for tile in tiles:
        core = tile.core().intersection(place)
        window = around(core, MARGIN_M)
        part = stack.at(window)
        try:
            found = _season_candidates(part, window, start, end)
        except TooFewError as error:
            unseen.append(tile.name)
            if len(unseen) == len(tiles):
                raise error
            continue
        except UnreadError as error:
            stopped = str(error)
            continue
        finally:
            stack.add(part)
            if tell:
                tell(f"looked for candidates in tile {tile.name} ({stack.bytes_read / 1e6:.1f} MB so far)")
        searched_m2 += found.searched_share * geo.area_m2(core)
        stopped = stopped or found.stopped
        seen += [(tile, candidate) for candidate in found.candidates if candidate.outline.intersects(core)]
    if stopped and not searched_m2:
        raise UnreadError(stopped)
    return Survey(_once(seen), tuple(unseen), min(searched_m2 / geo.area_m2(place), 1.0), stopped)


def _once(seen: list[tuple[Tile, Candidate]]) -> list[Candidate]:
    """Return each patch once, tile by tile: whole before cut, in its own tile before a neighbour's margin.

    Cut patches that touch are the parts of one that no tile sees whole: they are joined.
    """
    whole = sorted((s for s in seen if not s[1].cut), key=lambda s: not s[0].holds(s[1].outline))
    kept: list[tuple[Tile, Candidate]] = []
    for tile, candidate in [*whole, *_joined([s for s in seen if s[1].cut])]:
        if not any(other is not tile and candidate.outline.intersects(k.outline) for other, k in kept):
            kept.append((tile, candidate))
    order = list(dict.fromkeys(tile.name for tile, _ in seen))
    return [candidate for _, candidate in sorted(kept, key=lambda k: order.index(k[0].name))]


def _joined(parts: list[tuple[Tile, Candidate]]) -> list[tuple[Tile, Candidate]]:
    joined: list[tuple[Tile, Candidate]] = []
    for tile, candidate in parts:
        touching = [k for k in joined if k[0] is not tile and k[1].outline.intersects(candidate.outline)]
        group = [(tile, candidate), *touching]
        outline, gain = shapely.union_all([c.outline for _, c in group]), max(c.gain for _, c in group)
        joined = [k for k in joined if k not in touching]
        joined.append(((touching or group)[0][0], Candidate(outline, gain, cut=True)))
    return joined


def _season_candidates(stack: Stack, place: BaseGeometry, start: str, end: str) -> Survey:
    """Return the patches of one window, the strongest first."""
    rows = stack.between(start, end)
    groups = season_groups(rows, place.centroid.y)
    if len(groups) < LEAST_SEASONS and stack.list_gap:
        raise UnreadError(f"nothing is known of the place: {stack.unread}. The same command goes on")
    if len(groups) < LEAST_SEASONS:
        raise TooFewError(f"only {len(rows)} scenes between {start} and {end}: two seasons are needed, widen the dates")
    pictures: list[xr.Dataset] = []
    stopped = ""
    for group in groups:
        try:
            pictures.append(season_picture(stack.read(group, place, PAIR)))
        except UnreadError as error:
            # what the seasons so far show is known; of the rest nothing is
            stopped = str(error)
            break
    if len(pictures) < LEAST_SEASONS:
        raise UnreadError(stopped)
    clear = np.stack([picture["clear"].values for picture in pictures])
    found = patches(pictures)
    if found is None and stack.unread:
        raise UnreadError(f"nothing is known of the place: {stack.unread}. The same command goes on")
    if found is None:
        raise TooFewError(f"the scenes between {start} and {end} do not show the place: widen the dates")
    return Survey(found, (), round(float((clear[0] & clear[1:].any(axis=0)).mean()), 4), stopped)


def patches(pictures: Sequence[xr.Dataset], *, any_sign: bool = True) -> list[Candidate] | None:
    """Return what changed for good between the first of several pictures of `season_picture` and a later one.

    Patches that became whiter, the strongest first; then, with `any_sign`, compact ones that became darker or
    brighter in blue or infrared and stay so to the last picture: coloured steel and dark roofs are no whiter than
    ground. What is next to a stronger patch is a patch of its own where it is more than the blur of that one. None if
    no pixel of the first picture is in a later one.
    """
    gains = _differences(pictures, "white")
    if not np.isfinite(gains).any():
        return None
    scatter = float(np.nanmedian(np.abs(gains))) * MAD_TO_SD
    gain = _lasting(np.nan_to_num(gains, nan=-1.0))
    taken = np.zeros(gain.shape, bool)
    found = [
        Candidate(_outline(patch, pictures[0].attrs), float(gain[seed].max()), _is_cut(patch))
        for seed, patch in _patched(gain, max(SEED_GAIN, SEED_SD * scatter), taken)
    ]
    if not any_sign:
        return found
    changed = np.max([_kept(_differences(pictures, band), least) for band, least in CHANGES.items()], axis=0)
    near = ndimage.binary_dilation(taken, iterations=FRINGE_PX)
    for _, patch in _patched(np.where(near, 0.0, changed), 1.0, taken):
        outline = _outline(patch, pictures[0].attrs)
        if geo.area_m2(outline) >= LEAST_FILLED * geo.area_m2(shapely.minimum_rotated_rectangle(outline)):
            found.append(Candidate(outline, float(gain[patch].max()), _is_cut(patch)))
    return found


def _differences(pictures: Sequence[xr.Dataset], name: str) -> np.ndarray:
    """Return how far each pixel departs from the first picture that shows it (pictures - 1, y, x).

    In time order for each pixel, after NaN for each picture that does not show it: a gap is no change.
    """
    values = np.stack([picture[name].values for picture in pictures])
    first = np.argmax(np.isfinite(values), axis=0)[None]
    found = values - np.take_along_axis(values, first, 0)
    np.put_along_axis(found, first, np.nan, 0)
    return np.take_along_axis(found, np.argsort(np.isfinite(found), axis=0, kind="stable"), 0)[1:]


def _is_cut(patch: np.ndarray) -> bool:
    return bool(patch[[0, -1]].any() or patch[:, [0, -1]].any())


def _patched(strength: np.ndarray, least: float, taken: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (seed, patch), (y, x) bool each, of pixels above `least`, the strongest first; marks patches as `taken`.

    The blur of a stronger patch starts no other: it is weaker than half of it. A hall beside it is not.
    """
    seeds, _ = ndimage.label(strength > least)
    boxes = ndimage.find_objects(seeds)
    sums = ndimage.sum_labels(np.clip(strength, 0, None), seeds, np.arange(1, len(boxes) + 1))
    fringe = np.zeros(strength.shape)
    found = []
    for index in np.argsort(-np.asarray(sums), kind="stable"):
        seed = (seeds == index + 1) & ~taken & (strength > fringe)
        if not seed.any():
            continue
        patch = _grown(strength, seed, boxes[index]) & ~taken
        labels, _ = ndimage.label(patch)
        sizes = np.bincount(labels[seed & patch], minlength=1)
        sizes[0] = 0
        if not sizes.any():
            continue
        patch = labels == int(np.argmax(sizes))
        if patch.sum() < LEAST_PATCH_PX:
            continue
        taken |= patch
        level = NEIGHBOUR_SHARE * float(np.quantile(strength[patch], PEAK_QUANTILE))
        fringe = np.maximum(fringe, level * ndimage.binary_dilation(patch, iterations=FRINGE_PX))
        found.append((seed & patch, patch))
    return found


def _kept(differences: np.ndarray, least: float) -> np.ndarray:
    """Return the change (y, x) that is left in every picture from some day to the last, over the `least` that counts.

    Pictures (n, y, x) with nothing read say nothing; where the last one says nothing, the change is 0.
    """
    scatter = float(np.nanmedian(np.abs(differences))) * MAD_TO_SD
    sign = np.sign(np.nan_to_num(differences[-1]))
    along = np.where(np.isnan(differences), np.inf, sign * differences)
    lowest = np.minimum.accumulate(along[::-1], axis=0)
    # one picture alone may show haze or plants of one season
    kept = lowest[1:].max(axis=0) if len(lowest) > 1 else lowest[0]
    return np.where(sign == 0, 0.0, kept) / max(least, SEED_SD * scatter)


def _lasting(gains: np.ndarray) -> np.ndarray:
    """Return the largest gain that holds for two pictures in a row, or in the last one, or is a roof's in any."""
    pairs = np.minimum(gains[:-1], gains[1:])
    alone = np.where(gains > ROOF_GAIN, gains, -1.0)
    return np.asarray(np.max(np.concatenate([pairs, gains[-1:], alone]), axis=0))


def _grown(gain: np.ndarray, seed: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
    """Return the patch (y, x) around a seed above a share of its own gain."""
    rows, cols = (slice(max(side.start - GROWN_REACH_PX, 0), side.stop + GROWN_REACH_PX) for side in box)
    level = GROWN_SHARE * np.quantile(gain[seed], PEAK_QUANTILE)
    labels, _ = ndimage.label(gain[rows, cols] > level)
    own = np.unique(labels[seed[rows, cols]])
    patch = np.zeros(gain.shape, bool)
    patch[rows, cols] = ndimage.binary_fill_holes(np.isin(labels, own[own > 0]))
    return patch


def _outline(patch: np.ndarray, attrs: dict[str, Any]) -> BaseGeometry:
    """Return the largest part of a patch (y, x) as a polygon in degrees along its pixels."""
    transform = Affine(*tuple(attrs["transform"])[:6])
    polygons = [shape(g) for g, _ in features.shapes(patch.astype("uint8"), mask=patch, transform=transform)]
    return reproject(max(polygons, key=lambda p: p.area), attrs["crs"], 4326)


def season_groups(rows: pd.DataFrame, latitude_deg: float) -> list[pd.DataFrame]:
    """Return groups of the clearest scenes, one per season, without winter where enough others are left."""
    rows = rows.sort_values("datetime")
    mild = rows[is_mild(rows, latitude_deg)]
    rows = mild if len(mild) >= LEAST_MILD_SCENES else rows
    if not len(rows):
        return []
    first = rows["datetime"].iloc[0]
    span_days = (rows["datetime"].iloc[-1] - first).days + 1
    seasons = max(LEAST_SEASONS, round(span_days / SEASON_DAYS))
    number = ((rows["datetime"] - first).dt.days * seasons // span_days).to_numpy()
    groups = []
    for k in np.unique(number):
        group = rows[number == k].sort_values(["cloud_pct", "datetime"]).head(SEASON_SCENES)
        if len(group) >= LEAST_SEASON_SCENES:
            groups.append(group.sort_values("datetime"))
    return groups


def is_mild(rows: pd.DataFrame, latitude_deg: float) -> np.ndarray:
    """Return (n,) bool: which scenes are not of winter, by the widest margins."""
    days = steps.to_days(rows["datetime"])
    return ~series.winter(days, latitude_deg, MILD_UNTIL, MILD_FROM + 1)


def season_picture(data: xr.Dataset) -> xr.Dataset:
    """Return `white`, `B02` and `B11` of the median of clear scenes (y, x), each less its local median, and `clear`.

    `white` is the whiteness, `clear` says where enough scenes are. NaN where too few scenes show the ground. A pixel
    that is seldom classified clear, as a bright roof may be, takes the lower quarter of the scenes in which its
    surroundings are: cloud is brighter than ground.
    """
    blue, infrared = data["B02"].values, data["B11"].values
    cubes = {"white": series.whiteness(blue, infrared), "B02": blue, "B11": infrared}
    read = np.isfinite(cubes["white"])
    clear = np.isin(data["scl"].values, imagery.SceneClass.clear) & read
    enough = clear.sum(axis=0) >= LEAST_CLEAR
    looks, shown = (np.zeros(read.shape, bool), np.zeros(enough.shape, bool)) if enough.all() else _misread(clear, read)
    found = {"clear": (("y", "x"), enough)}
    for name, values in cubes.items():
        picture = np.full(enough.shape, np.nan)
        if read.any():
            picture = np.where(enough, _quantile(np.where(clear, values, np.nan), 0.5), np.nan)
            if shown.any():
                lower = _quantile(np.where(looks & shown, values, np.nan), MISREAD_QUANTILE)
                picture = np.where(shown & ~enough, lower, picture)
            picture = picture - _local(picture)
        found[name] = (("y", "x"), picture)
    return xr.Dataset(found, attrs=data.attrs)


def _misread(clear: np.ndarray, read: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return looks at pixels, (n, y, x) bool, and (y, x) which pixels have some that are not of cloud.

    A look is a scene in which nearly all of the surroundings of a pixel, of those read, are clear: `series.usable` takes
    such scenes too. Of a pixel that is clear in one of them two are enough, of one that never is one more.
    """
    size = (1, COARSE_PX * LOCAL_PX, COARSE_PX * LOCAL_PX)
    seen, around_clear = (
        ndimage.uniform_filter(part.astype(np.float32), size, mode="nearest") for part in (read, clear)
    )
    looks = read & (around_clear >= series.RESCUE_CLEAR_SHARE * seen)
    never = ~(looks & clear).any(axis=0)
    return looks, np.asarray(looks.sum(axis=0) >= LEAST_CLEAR + never)


def _quantile(values: np.ndarray, share: float) -> np.ndarray:
    """Return the quantile of those read (axis 0), one of them; NaN where nothing was read.

    Of two the lower one, as cloud that was missed is brighter than the ground.
    """
    # np.nanquantile walks pixel by pixel in Python, a hundred times slower
    ordered = np.sort(values, axis=0)
    place = share * np.maximum(np.isfinite(values).sum(axis=0) - 1, 0)
    return np.asarray(np.take_along_axis(ordered, np.floor(place).astype(int)[None], 0)[0])


def _local(picture: np.ndarray) -> np.ndarray:
    """Return the median of the surroundings (y, x)."""
    coarse = np.nan_to_num(picture[::COARSE_PX, ::COARSE_PX], nan=float(np.nanmedian(picture)))
    smooth = ndimage.median_filter(coarse, size=LOCAL_PX, mode="nearest")
    fine = smooth.repeat(COARSE_PX, axis=0).repeat(COARSE_PX, axis=1)
    return np.asarray(fine[: picture.shape[0], : picture.shape[1]])


def draw_structure(stack: Stack, row: dict[str, Any], start: str, end: str, path: Path) -> list[Path]:
    """Draw a row of `NewStructures.frame`: before and after, and the series that its dates rest on.

    Returns the files, named after `path` without its suffix and the outline; none where there is no date.
    """
    from matplotlib.figure import Figure

    seen = outlines.date_change(stack, row["geometry"], start, end).seen
    if seen is None or pd.isna(row["roofed_best"]):
        return []
    named = f"{path.stem}_{row['outline_id']}"
    title = f"{row['outline_id']}: {row['kind']}"
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = []
    complete = row["complete_high"] if pd.notna(row["complete_high"]) else row["roofed_high"]
    roofed = row["roofed_low"] if pd.notna(row["roofed_low"]) else row["roofed_high"]
    low, high = steps.to_days([roofed, complete])
    last_before = np.max(seen.days[seen.days < low], initial=-np.inf)
    first_after = np.min(seen.days[seen.days > high], initial=np.inf)
    if np.isfinite([last_before, first_after]).all():
        days = steps.to_days(stack.scenes["datetime"])
        apart = np.minimum(np.abs(days - last_before), np.abs(days - first_after))
        scenes = stack.scenes[apart < SAME_PASS_DAYS]
        picture = before_after(stack, scenes, row["geometry"], PICTURE_REACH_M, title)
        drawn.append(imagery.save_figure(picture, path.with_name(f"{named}_pair.png")))
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    ax = figure.subplots()
    ax.plot([steps.to_date(d) for d in seen.days], seen.contrast[:, seen.bands.index(BLUE)], ".", color="0.25")
    roofed = [np.datetime64(row[bound]) for bound in ("roofed_low", "roofed_high")]
    ax.axvspan(*roofed, color="0.8", label="half covered, 90%")
    ax.set_ylabel("blue, outline less\nsurroundings (reflectance)")
    simulated = "SIMULATED. " if stack.simulated else ""
    ax.set_title(f"{simulated}{title}, {len(seen.days)} scenes", loc="left", fontsize=9)
    ax.legend(loc="upper left", fontsize=8)
    return [*drawn, imagery.save_figure(figure, path.with_name(f"{named}_series.png"))]


def before_after(stack: Stack, rows: pd.DataFrame, outline: BaseGeometry, reach_m: float, title: str) -> Figure:
    """Draw the first and the last pass of `rows` side by side, `reach_m` around an outline (degrees)."""
    cube = stack.read(rows, around(outline, reach_m), RGB)
    pair = imagery.choose_pair(cube, cube.time.values[0], cube.time.values[-1])
    return imagery.draw_pair(pair, outline, title)


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of a UTM zone with the margin that is read around it."""

    name: str
    epsg: int
    """UTM zone."""
    west: float
    """Easting of the west edge, metres."""
    south: float
    """Northing of the south edge, metres."""
    side_m: float

    def core(self) -> BaseGeometry:
        """Return the tile in degrees; what has its middle here belongs to this tile."""
        return self._box(0)

    def window(self) -> BaseGeometry:
        """Return the tile with its margin in degrees."""
        return self._box(MARGIN_M)

    def _box(self, margin_m: float) -> BaseGeometry:
        west, south, reach = self.west - margin_m, self.south - margin_m, self.side_m + margin_m
        square = shapely.box(west, south, self.west + reach, self.south + reach).segmentize(self.side_m / EDGE_PARTS)
        return reproject(square, self.epsg, 4326)

    def holds(self, outline: BaseGeometry) -> bool:
        """Say whether the centroid of an outline (degrees) is in the tile (west and south edge included)."""
        middle = reproject(outline.centroid, 4326, self.epsg)
        return bool(0 <= middle.x - self.west < self.side_m and 0 <= middle.y - self.south < self.side_m)


def utm_tiles(place: BaseGeometry, side_m: float) -> list[Tile]:
    """Return the tiles that touch a `place` (degrees), west to east and south to north, in the UTM zone of its middle.

    >>> [tile.name for tile in utm_tiles(shapely.box(93.001, 43.0, 93.002, 43.001), 1000)]
    ['32646-E500000-N4760000']
    """
    epsg, flat = _flat(place)
    west, south, east, north = flat.bounds
    shapely.prepare(flat)
    tiles = []
    for row in range(math.floor(south / side_m), math.ceil(north / side_m)):
        for col in range(math.floor(west / side_m), math.ceil(east / side_m)):
            x, y = col * side_m, row * side_m
            if flat.intersects(shapely.box(x, y, x + side_m, y + side_m)):
                tiles.append(Tile(f"{epsg}-E{x:.0f}-N{y:.0f}", epsg, x, y, side_m))
    return tiles


def _flat(place: BaseGeometry) -> tuple[int, BaseGeometry]:
    """Return the UTM zone of a place and the place in its metres."""
    epsg = imagery.utm_epsg(place.centroid.x, place.centroid.y)
    return epsg, reproject(place.segmentize(PLACE_STEP_DEG), 4326, epsg)
