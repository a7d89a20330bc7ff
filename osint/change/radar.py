"""Date a step of Sentinel-1 backscatter over an outline: a second clock next to the pictures, under cloud and snow.

Radar sees through cloud and snow. It also sees fences, containers, vehicles and wet ground, and misses half of small
buildings (RADAR_LIMIT). A hall shines where wall and ground make a corner towards the radar, and its roof may be
darker than the ground was, so the side that faces the radar is a column of its own: the mean would hide the hall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import series, steps
from osint.change.stack import reproject
from osint.change.steps import Step
from osint.change.structure import iso
from osint.errors import NotFoundError, OsintError

RADAR_LIMIT = (
    "Something that reflects was put up or taken away; it may be fences, containers, vehicles or wet "
    "ground. Intensity alone finds a third to a half of small buildings. No rung, no area."
)
"""What a step of backscatter cannot say; it stands in the note of every row."""
RADAR_CATALOGUE, RADAR_COLLECTION = "planetary-computer", "sentinel-1-rtc"
RADAR_BANDS = ("vv", "vh")
RADAR_COLUMNS = ("radar_low", "radar_best", "radar_high", "radar")
"""What `add_radar` adds: half of the step (ISO days, 90%), and what radar says, in words."""
Cells: TypeAlias = tuple[str | None, str | None, str | None, str]
LEAST_STEP_DB = 1.0  # step below which wet ground or other rows of crops are as likely as a wall
FRAME_DAYS = 60  # a steel frame may reflect so long before the roof is on it; a fence or a container may come later
VAGUE_DAYS = 2 * FRAME_DAYS  # width of an interval above which it meets nearly every date: it neither agrees nor not
WALL_REACH_M = 15.0  # on either side of a wall's foot is its double echo; a pixel of the sensor itself is 20 m
LIT_SIDE = {"ascending": 1.0, "descending": -1.0}
"""Sentinel-1 looks to its right: an ascending orbit lights west sides, a descending one east sides. East is +1."""
RADAR_PIXEL_M = 10.0
INSIDE_COVER = 0.5  # share of a pixel inside an outline or its lit side, from which the pixel counts
SEEN_INSIDE_SHARE, SEEN_RING_SHARE = 0.8, 0.5  # of the pixels that must have been read: of the outline, around it


@dataclass(frozen=True, slots=True)
class Signal:
    """Backscatter of an outline less its surroundings, one row per pass in which it could be read."""

    times: np.ndarray
    """(n,) datetime64, UTC."""
    values: np.ndarray
    """(n, 3), dB: VV and VH of the outline, and VV of its side that faces the radar."""
    orbit: np.ndarray
    """(n,) direction and number of the relative orbit."""
    simulated: bool
    """Whether the passes are of a SIMULATED world."""
    bytes_read: int = 0
    unread: str = ""
    """How many passes could not be read, and why the first could not; empty when all could."""


class Agreement(StrEnum):
    """What the steps of radar say of the dates of the pictures."""

    UNREAD = "radar could not be read"
    NO_STEP = "radar sees no step"
    NOT_COMPARED = "radar steps"
    AGREES = "radar agrees"
    ORBITS_DIFFER = "orbits differ"
    UNDECIDED = "radar neither agrees nor contradicts"
    DISAGREES = "radar does not agree"


@dataclass(frozen=True, slots=True)
class OrbitSteps:
    """The steps that one orbit sees: each orbit looks from its own side, and two are never one series."""

    orbit: str
    """Direction and number of the relative orbit."""
    steps: tuple[Step, ...]
    """Steps of at least LEAST_STEP_DB."""
    scatter_db: np.ndarray
    """(3,) robust standard deviation of single passes about their level, by column of `Signal.values`."""
    reason: str
    """Why there is no step; empty if there is one."""
    near: tuple[Step, ...] = ()
    """Steps within FRAME_DAYS of the dates of the pictures."""
    meeting: tuple[Step, ...] = ()
    """Those of them that rise and are not vague, as when a roof goes up."""

    @property
    def shown(self) -> Step:
        """The step that stands for the orbit: the clearest that meets the pictures, is near to them, or any."""
        return max(self.meeting or self.near or self.steps, key=lambda s: s.contrast)


@dataclass(frozen=True, slots=True)
class RadarClock:
    """What radar says of when something was put up."""

    signal: Signal
    orbits: tuple[OrbitSteps, ...]
    agreement: Agreement

    @property
    def stepping(self) -> list[OrbitSteps]:
        """Orbits that see a step."""
        return [orbit for orbit in self.orbits if orbit.steps]

    @property
    def step(self) -> Step | None:
        """The clearest step, of the orbits that meet the pictures where one does; None without one."""
        agreeing = [orbit for orbit in self.orbits if orbit.meeting]
        return max((o.shown for o in agreeing or self.stepping), key=lambda s: s.contrast, default=None)

    def sentence(self) -> str:
        """Return in words what radar says."""
        unread = f"; {self.signal.unread}" if self.signal.unread else ""
        if self.agreement is Agreement.UNREAD:
            return f"{self.agreement}{unread or '; no pass shows the outline'}"
        if self.step is None:
            reasons = "; ".join(f"{orbit.orbit}: {orbit.reason}" for orbit in self.orbits)
            return f"{self.agreement} ({reasons}){unread}"
        shown = {_in_words(orbit.shown) for orbit in self.stepping}
        others = sorted({_in_words(step) for orbit in self.orbits for step in orbit.steps} - shown)
        words = f"{len(self.stepping)} of {len(self.orbits)} orbits step; {_in_words(self.step)}"
        words += (f"; other steps: {', '.join(others)}" if others else "") + unread
        if self.agreement is Agreement.NOT_COMPARED:
            return words
        if self.agreement is Agreement.ORBITS_DIFFER:
            agreeing = sum(bool(orbit.meeting) for orbit in self.orbits)
            return f"{self.agreement}: {agreeing} of {len(self.stepping)} agree; {words}"
        if self.agreement is Agreement.UNDECIDED:
            why = f"a fall, or an interval of over {VAGUE_DAYS} days, does not show a roof going up"
            return f"{self.agreement} ({why}): {words}"
        return f"{self.agreement}: {words}"


def radar_scenes(
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = RADAR_CATALOGUE,
    collection: str = RADAR_COLLECTION,
) -> imagery.Scenes:
    """Return the radar scenes of `place` (degrees) between two dates; `read_radar` reads each outline in it from them.

    Raises NotFoundError if the catalogue has none.
    """
    found = imagery.list_scenes(place, start, end, catalogue=catalogue, collection=collection)
    if not len(found):
        raise NotFoundError(f"{collection} has no scene of the place between {start} and {end}: widen the dates")
    return found


def read_radar(outline: BaseGeometry, listed: imagery.Scenes) -> Signal:
    """Return the backscatter of an outline (degrees) less its surroundings, one row per pass.

    Gamma0 in linear power is averaged before the logarithm. Raises NotFoundError if no scene reaches the outline.
    """
    scenes = listed.of(outline).frame
    if not len(scenes):
        raise NotFoundError("no radar scene reaches the outline: widen the dates")
    reading = imagery.read_bands(scenes, series.surroundings_box(outline), RADAR_BANDS, RADAR_PIXEL_M)
    data = reading.data
    place = series.placed(outline, data)
    power = np.stack([data[band].values for band in RADAR_BANDS], axis=-1)
    # negative power is the file's no-data value
    power = np.where(power > 0, power, np.nan)
    # the tiles of a pass share its orbit
    orbit = scenes["orbit"].groupby(imagery.pass_numbers(scenes)).first().to_numpy(str)
    inside = _enough(power[:, place.cover > INSIDE_COVER], SEEN_INSIDE_SHARE, np.nanmean)
    lit = inside[:, :1].copy()
    for direction, east in LIT_SIDE.items():
        own = np.char.startswith(orbit, direction)
        side = series.placed(_side(outline, data, -east * WALL_REACH_M), data).cover > INSIDE_COVER
        if own.any() and side.any():
            lit[own] = _enough(power[own][:, side, :1], SEEN_INSIDE_SHARE, np.nanmean)
    ring = _enough(power[:, place.ring], SEEN_RING_SHARE, np.nanmedian)
    decibel = 10 * np.log10(np.hstack([inside, lit])) - (10 * np.log10(ring))[:, [0, 1, 0]]
    kept = np.isfinite(decibel).all(axis=1)
    failures = reading.failures
    lost = len({failure.id for failure in failures})
    unread = f"{lost} of {len(scenes)} scenes unread ({failures[0].error})" if failures else ""
    simulated = bool(data.attrs["simulated"])
    return Signal(data["time"].values[kept], decibel[kept], orbit[kept], simulated, reading.cost.total_bytes, unread)


def _side(outline: BaseGeometry, data: xr.Dataset, east_m: float) -> BaseGeometry:
    """Return the strip along the side of an outline (degrees) that faces `east_m`, as far to either side of it."""
    flat = reproject(outline, 4326, data.attrs["crs"])
    strip = affinity.translate(flat, east_m).difference(affinity.translate(flat, -east_m))
    return reproject(strip, data.attrs["crs"], 4326)


def _enough(chosen: np.ndarray, share: float, how: Callable[[np.ndarray], float]) -> np.ndarray:
    """Return `how` of values (n, pixels, k) over their pixels, (n, k); NaN where at most `share` of them was read."""
    enough = np.isfinite(chosen).mean(axis=1) > share
    made = np.full(enough.shape, np.nan)
    for n, k in np.argwhere(enough):
        made[n, k] = how(chosen[n, :, k])
    return made


def radar_clock(signal: Signal, optical: tuple[str, str] | None = None) -> RadarClock:
    """Return the steps of a radar signal orbit by orbit, and whether they agree with the pictures.

    `optical` is the first and the last ISO day of the pictures' own interval (`roofed_low`, `complete_high`).
    """
    orbits = tuple(_orbit_steps(signal, orbit, optical) for orbit in sorted(set(signal.orbit)))
    return RadarClock(signal, orbits, _agreement(orbits, optical is not None))


def _orbit_steps(signal: Signal, orbit: str, optical: tuple[str, str] | None) -> OrbitSteps:
    own = signal.orbit == orbit
    found = steps.date_step(signal.times[own], signal.values[own])
    large = tuple(step for step in found if np.abs(step.size).max() >= LEAST_STEP_DB)
    reason = found.reason if large or not len(found) else f"steps are under {LEAST_STEP_DB:g} dB"
    near: tuple[Step, ...] = ()
    if optical:
        first, last = np.array(optical, "datetime64[D]") + np.array([-FRAME_DAYS, FRAME_DAYS])
        near = tuple(step for step in large if step.low <= last and step.high >= first)
    vague = np.timedelta64(VAGUE_DAYS, "D")
    meeting = tuple(step for step in near if vv_change(step)[0] > 0 and step.high - step.low <= vague)
    return OrbitSteps(orbit, large, found.scatter, reason, near, meeting)


def _agreement(orbits: tuple[OrbitSteps, ...], compared: bool) -> Agreement:
    stepping = [orbit for orbit in orbits if orbit.steps]
    rules = (
        (not orbits, Agreement.UNREAD),
        (not stepping, Agreement.NO_STEP),
        (not compared, Agreement.NOT_COMPARED),
        (all(orbit.meeting for orbit in stepping), Agreement.AGREES),
        (any(orbit.meeting for orbit in stepping), Agreement.ORBITS_DIFFER),
        (any(orbit.near for orbit in stepping), Agreement.UNDECIDED),
    )
    return next((agreement for holds, agreement in rules if holds), Agreement.DISAGREES)


def vv_change(step: Step) -> tuple[float, int, str]:
    """Return by how many dB VV changed where it changed more, that column of `Signal.values`, and where that is."""
    where = {0: "over the outline", len(step.size) - 1: "on the side that faces the radar"}
    column = max(where, key=lambda k: abs(float(step.size[k])))
    return float(step.size[column]), column, where[column]


def _in_words(step: Step) -> str:
    size_db, _, where = vv_change(step)
    way = "rises" if size_db > 0 else "falls"
    return f"VV {way} by {abs(size_db):.1f} dB {where}, {iso(step.low)} to {iso(step.high)}"


def add_radar(
    dated: gpd.GeoDataFrame,
    start: str,
    end: str,
    *,
    catalogue: str = RADAR_CATALOGUE,
    collection: str = RADAR_COLLECTION,
    tell: Callable[[str], None] = lambda text: None,
) -> gpd.GeoDataFrame:
    """Return dated outlines (columns of `PROPERTIES`, degrees) with the columns RADAR_COLUMNS.

    Where radar cannot be read, `radar` says why and nothing else changes. `tell` gets a line per row, and the cost.
    """
    try:
        listed = radar_scenes(dated.union_all(), start, end, catalogue=catalogue, collection=collection)
    except (OsintError, OSError) as error:
        cells = _unread(error)
        tell(cells[-1])
        return dated.assign(**dict(zip(RADAR_COLUMNS, cells, strict=True)))
    signals: dict[bytes, Signal] = {}
    told: list[Cells] = []
    for row in dated.to_dict("records"):
        outline = row["geometry"]
        try:
            # several structures of one outline share its passes
            signal = signals.get(outline.wkb) or read_radar(outline, listed)
            signals[outline.wkb] = signal
            told.append(_cells(radar_clock(signal, _optical(row))))
        except (OsintError, OSError) as error:
            told.append(_unread(error))
        tell(f"{row['outline_id']}: {told[-1][-1]}")
    bytes_read = listed.cost.total_bytes + sum(signal.bytes_read for signal in signals.values())
    tell(f"{bytes_read / 1e6:.1f} MB of radar read from {len(listed)} scenes. {RADAR_LIMIT}")
    return dated.assign(**{name: [cells[k] for cells in told] for k, name in enumerate(RADAR_COLUMNS)})


def _optical(row: dict[str, object]) -> tuple[str, str] | None:
    """Return the first and the last day of the pictures' own interval, None without one."""
    if pd.isna(row["roofed_low"]):
        return None
    last = row["complete_high"] if pd.notna(row["complete_high"]) else row["roofed_high"]
    return str(row["roofed_low"]), str(last)


def _unread(error: Exception) -> Cells:
    return None, None, None, f"{Agreement.UNREAD}: {error}"


def _cells(clock: RadarClock) -> Cells:
    step = clock.step
    words = f"SIMULATED: {clock.sentence()}" if clock.signal.simulated else clock.sentence()
    return (iso(step.low), iso(step.best), iso(step.high), words) if step else (None, None, None, words)
