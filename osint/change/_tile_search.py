"""Search one tile of a wide place for a roof that is absent on one day and present on a later one."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from rasterio import features
from rasterio.transform import Affine
from scipy.special import ndtr
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from osint import geo, imagery
from osint.change import outlines, patches, seasons, steps
from osint.change.reasons import NOT_SEEN, Reason
from osint.change.roof import Z90
from osint.change.series import HALF_YEAR_DAYS
from osint.change.stack import PAIR, Stack, reproject
from osint.change.structure import Structure
from osint.change.tiles import Tile
from osint.errors import BadInputError
from osint.register import read_day

SIDE_PASSES, MOST_SIDE_PASSES = 8, 16  # to read on each side of the dates, and where cloud leaves a part seldom clear
LEAST_CLEAR = 2  # clear scenes of a pixel on each side without which it is not searched
EXPECTED_CLEAR = 3.0  # clear scenes to be expected of every spot, by cloud cover, below which more passes are read
UNKNOWN_CLOUD_PCT = 50.0  # cloud cover of a scene of which the catalogue states none
OTHER_SEASON_WEIGHT = 0.3  # of a pass of a season that the other side lacks: between seasons every harvest is a change
SPOTS = 5  # spots along a side of a place at which the clear scenes are counted
SEASON_EDGES = (seasons.MILD_FROM, 138, 196, 254, seasons.MILD_UNTIL)
"""Days of the northern year at which winter ends, the three next stretches of equal length end, and winter begins."""
TROPICAL_WINTER = len(SEASON_EDGES)  # number of the stretch that would be winter and is none within the tropics
REACH_DAYS = 365  # time before and after the dates from which scenes are read: a year has every season
LOOSE = (0.35, 4.0)  # a patch is dated if its area is within these factors of that asked for: blur widens small roofs
UNMEASURED_SD = 0.3  # relative standard deviation of the area of a patch of pixels
_OUTLINE_ID = re.compile(r"\w[\w-]*")
UNDECIDED = NOT_SEEN | {Reason.LONG_INTERVAL}
"""Doubts with which a candidate stays without a date: the pictures left open whether something was built."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is looked for: new roof of a size, not there on one day, there on another."""

    start: str
    """First day of the series, ISO."""
    end: str
    """Last day of the series, ISO."""
    absent: str
    """Day on which the roof was not there, ISO."""
    present: str
    """Day on which it was there, ISO."""
    area_low_m2: float
    area_high_m2: float

    def __post_init__(self) -> None:
        days = [read_day(day) for day in (self.start, self.absent, self.present, self.end)]
        if not days[0] <= days[1] < days[2] <= days[3]:
            raise BadInputError("dates must come in the order start, absent, present, end, with absent before present")
        if not 0 < self.area_low_m2 <= self.area_high_m2:
            raise BadInputError("the roof area asked for needs 0 < low <= high, in m2")

    @classmethod
    def within(
        cls, start: str, end: str, absent: str | None, present: str | None, area_m2: tuple[float, float]
    ) -> Target:
        """Return the target; `absent` None is `start`, and the series begins a year before; likewise at the end."""
        first, last, reach = read_day(start), read_day(end), dt.timedelta(REACH_DAYS)
        return cls(
            str(first if absent else first - reach),
            str(last if present else last + reach),
            str(read_day(absent or start)),
            str(read_day(present or end)),
            *area_m2,
        )


class TileState(StrEnum):
    """How the search of a tile ended."""

    SEARCHED = "searched"
    TOO_FEW_SCENES = "too few scenes"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TileResult:
    """What the search of one tile gave: a line of the journal."""

    tile: str
    """Name of the tile."""
    area_km2: float
    """Area of the place in it."""
    searched_share: float = 0.0
    """Share of that with two or more clear scenes on both sides of the dates."""
    nodata_share: float = 1.0
    """Share of that with fewer than two scenes of any kind on a side; the rest is cloud, shadow, snow, or unread."""
    unread_share: float = 0.0
    """Share of that which is not searched because files could not be read."""
    scenes: int = 0
    """Scenes read."""
    unread_files: int = 0
    list_gap: str = ""
    """What the catalogue's list of scenes lacks, for a person."""
    bytes: int = 0
    """Bytes over the network, lists of scenes included."""
    state: TileState = TileState.SEARCHED
    why: str = ""
    """Why it was not searched, for a person."""
    simulated: bool = False
    """Whether the scenes show a SIMULATED world."""
    candidates: tuple[dict[str, Any], ...] = ()
    """Rows of candidates, unranked: properties, and the outline in degrees as GeoJSON."""

    def sentence(self) -> str:
        """Return in words how the search ended."""
        return f"{self.state}: {self.why}" if self.why else str(self.state)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> TileResult:
        """Return the result of a line of the journal; raises ValueError, KeyError or TypeError if it is none."""
        for candidate in row["candidates"]:
            if not _OUTLINE_ID.fullmatch(candidate["outline_id"]):  # it becomes the name of a file
                raise ValueError(candidate["outline_id"])
        return cls(**{**row, "state": TileState(row["state"]), "candidates": tuple(row["candidates"])})


def unsearched(tile: Tile, place: BaseGeometry) -> TileResult:
    """Return the result of a tile of which nothing was seen yet."""
    return TileResult(tile.name, round(geo.area_m2(tile.core().intersection(place)) / 1e6, 4))


def search_stack(stack: Stack, tile: Tile, place: BaseGeometry, target: Target) -> TileResult:
    """Search the part of a `place` (degrees) that is in one tile."""
    sides = scenes_of_sides(stack.scenes, target, tile.window())
    result = replace(
        unsearched(tile, place), scenes=sum(map(len, sides)), simulated=stack.simulated, list_gap=stack.list_gap
    )
    for name, rows, day in zip(("before", "after"), sides, (target.absent, target.present), strict=True):
        if _passes(rows) < LEAST_CLEAR:
            why = f"{len(rows)} scenes {name} {day} within {REACH_DAYS} days; {LEAST_CLEAR} are needed"
            if stack.list_gap:
                return replace(result, state=TileState.FAILED, why=stack.list_gap)
            return replace(result, state=TileState.TOO_FEW_SCENES, why=why)
    core = tile.core().intersection(place)
    pictures, clear, there, listed = [], [], [], []
    for rows in sides:
        data = stack.read(rows, tile.window(), PAIR)
        finite = np.all([np.isfinite(data[band].values) for band in PAIR], axis=0)
        there.append(finite.sum(axis=0) >= LEAST_CLEAR)
        listed.append(finite.sum(axis=0) + _unread_scenes(data, stack) >= LEAST_CLEAR)
        clear.append((finite & np.isin(data["scl"].values, imagery.SceneClass.clear)).sum(axis=0) >= LEAST_CLEAR)
        inside = _inside(data, core)
        pictures.append(seasons.season_picture(data))
        # memory is that of one side
        del data, finite
    pixels = max(int(inside.sum()), 1)
    result = replace(
        result,
        searched_share=round(float((clear[0] & clear[1] & inside).sum() / pixels), 4),
        nodata_share=round(float((inside & ~(listed[0] & listed[1])).sum() / pixels), 4),
        unread_share=round(float((inside & listed[0] & listed[1] & ~(there[0] & there[1])).sum() / pixels), 4),
        unread_files=len(stack.failures),
        bytes=stack.bytes_read,
    )
    if not result.searched_share:
        return replace(result, state=TileState.FAILED, why=stack.unread) if stack.unread else result
    found = [candidate.outline for candidate in patches.changed_patches(pictures, any_sign=False) or ()]
    low_m2, high_m2 = LOOSE[0] * target.area_low_m2, LOOSE[1] * target.area_high_m2
    sized = [patch for patch in found if low_m2 <= geo.area_m2(patch) <= high_m2]
    wanted = [patch for patch in sized if tile.holds(patch) and patch.intersects(place)]
    rows = [row for n, patch in enumerate(wanted, 1) for row in _dated(stack, patch, target, f"{tile.name}-{n}")]
    return replace(result, candidates=tuple(rows), unread_files=len(stack.failures), bytes=stack.bytes_read)


def _unread_scenes(data: xr.Dataset, stack: Stack) -> int:
    """Return of how many scenes of a reading a file could not be read."""
    failed = {failure.id for failure in stack.failures}
    return sum(bool(failed & set(str(name).split())) for name in data["id"].values)


def scenes_of_sides(scenes: pd.DataFrame, target: Target, place: BaseGeometry) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scenes to read of the year up to `absent` and of the year from `present`, by time.

    Passes (all scenes of five minutes) that are clear, that reach parts of the `place` (degrees) that others leave out,
    and of the same seasons on both sides: else every harvest is a change.
    """
    when = scenes["datetime"]
    absent, present = (pd.Timestamp(day, tz="UTC") for day in (target.absent, target.present))
    year, day = pd.Timedelta(days=REACH_DAYS), pd.Timedelta(days=1)
    latitude = place.centroid.y
    before = _mild(scenes[(when < absent + day) & (when >= absent - year)], latitude)
    after = _mild(scenes[(when >= present) & (when < present + year + day)], latitude)
    common = np.intersect1d(_seasons(before, latitude), _seasons(after, latitude))
    return _covering(before, common, place), _covering(after, common, place)


def _mild(rows: pd.DataFrame, latitude_deg: float) -> pd.DataFrame:
    """Return the rows (by time) without winter, with it where too few passes are left."""
    rows = rows.sort_values("datetime")
    mild = rows[seasons.is_mild(rows, latitude_deg)]
    return mild if _passes(mild) >= SIDE_PASSES // 2 else rows


def _seasons(rows: pd.DataFrame, latitude_deg: float) -> np.ndarray:
    """Return 0 for winter, 1 to 4 from late March to early November, half a year later in the south."""
    days = steps.to_days(rows["datetime"])
    northern = pd.to_datetime(days if latitude_deg >= 0 else days + HALF_YEAR_DAYS, unit="D")
    number = np.searchsorted(SEASON_EDGES, northern.day_of_year) % len(SEASON_EDGES)
    return np.where((number == 0) & seasons.is_mild(rows, latitude_deg), TROPICAL_WINTER, number)


def _passes(rows: pd.DataFrame) -> int:
    return len(np.unique(imagery.pass_numbers(rows)))


def _covering(rows: pd.DataFrame, common: np.ndarray, place: BaseGeometry) -> pd.DataFrame:
    """Return the rows of the passes that show the spots of a place best; `common` are the seasons of both sides."""
    if not len(rows):
        return rows
    west, south, east, north = place.bounds
    x, y = np.meshgrid(*(np.linspace(low, high, SPOTS + 2)[1:-1] for low, high in ((west, east), (south, north))))
    spots = shapely.points(x.ravel(), y.ravel())
    footprints = rows["geometry"] if "geometry" in rows else [place] * len(rows)
    sky = 1 - rows["cloud_pct"].fillna(UNKNOWN_CLOUD_PCT).to_numpy() / 100
    clear = np.stack([shapely.covers(footprint, spots) for footprint in footprints]) * sky[:, None]
    number = imagery.pass_numbers(rows)
    chance = np.zeros((number.max() + 1, len(spots)))
    np.maximum.at(chance, number, clear)
    season = _seasons(rows, place.centroid.y)[np.unique(number, return_index=True)[1]]
    return rows[greedy_cover(chance, season, common)[number]]


def greedy_cover(chance: np.ndarray, season: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Return which passes to read, (passes,) bool: a greedy cover of spots, spread over the seasons.

    `chance` (passes, spots) is the chance that a pass shows a spot clear, `season` (passes,) its season, `common` the
    seasons that the other side has too. SIDE_PASSES of them, and up to MOST_SIDE_PASSES while some spot that any pass
    shows is expected to be clear in fewer than EXPECTED_CLEAR of those taken.

    >>> greedy_cover(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.5]]), np.array([1, 1, 2]), np.array([1, 2])).sum()
    np.int64(3)
    """
    can = chance.max(axis=0) > 0
    weight = np.where(np.isin(season, common), 1.0, OTHER_SEASON_WEIGHT)
    expected, used = np.zeros(chance.shape[1]), np.zeros(TROPICAL_WINTER + 1)
    taken = np.zeros(len(chance), bool)
    while not taken.all() and taken.sum() < MOST_SIDE_PASSES:
        if taken.sum() >= SIDE_PASSES and expected[can].min(initial=np.inf) >= EXPECTED_CLEAR:
            break
        gain = (chance / (1 + expected)).sum(axis=1) * (weight / (1 + used[season]))
        best = int(np.argmax(np.where(taken, -1, gain)))
        taken[best] = True
        expected += chance[best]
        used[season[best]] += 1
    return taken


def _dated(stack: Stack, patch: BaseGeometry, target: Target, name: str) -> list[dict[str, Any]]:
    """Return the structures of a patch as rows with how well each fits; what shows no lasting step is dropped."""
    patch_m2 = geo.area_m2(patch)
    rows = []
    for structure in outlines.date_change(stack, patch, target.start, target.end, outline_id=name).structures:
        if structure.kind is not None or any(doubt.reason in UNDECIDED for doubt in structure.doubts):
            row = {k: v for k, v in structure.to_row().items() if k != "bytes_read"}
            rows.append({**row, **fit_of(structure, target, patch_m2), "geometry": mapping(patch)})
    return rows


def fit_of(structure: Structure, target: Target, patch_m2: float) -> dict[str, float | None]:
    """Return fit_date, fit_size (chance that date and roof area are inside the target) and fit.

    Intervals are taken as normal. `fit` is their product with the probability that it is a building; without a
    date it is None. A structure that was not measured is judged by the area of its patch of pixels.
    """
    low, best, high = structure.roofed_low, structure.roofed_best, structure.roofed_high
    fit_date = None
    if low and best and high:
        sd_days = (high - low).days / (2 * Z90)
        window = (read_day(day).toordinal() for day in (target.absent, target.present))
        fit_date = _share(best.toordinal(), max(sd_days, 1.0), *window)
    area = structure.roof_area
    if area and area.best_m2 and area.high_m2:
        best_m2, sd_m2 = float(area.best_m2), (area.high_m2 - area.low_m2) / (2 * Z90)
    else:
        best_m2, sd_m2 = patch_m2, UNMEASURED_SD * patch_m2
    fit_size = _share(best_m2, max(sd_m2, 1.0), target.area_low_m2, target.area_high_m2)
    fit = None if fit_date is None else round(fit_date * fit_size * (structure.probability or 0.0), 4)
    return {"fit": fit, "fit_date": fit_date, "fit_size": fit_size}


def _share(best: float, sd: float, low: float, high: float) -> float:
    return round(float(ndtr((high - best) / sd) - ndtr((low - best) / sd)), 4)


def _inside(data: xr.Dataset, outline: BaseGeometry) -> np.ndarray:
    """Return (y, x) bool: pixels of the window whose middle is in an outline (degrees)."""
    flat = reproject(outline, 4326, data.attrs["crs"])
    size = (data.sizes["y"], data.sizes["x"])
    if flat.is_empty:
        return np.zeros(size, bool)
    return np.asarray(features.geometry_mask([flat], size, Affine(*tuple(data.attrs["transform"])[:6]), invert=True))
