"""Date a step of Sentinel-1 backscatter over an outline: a second clock beside the pictures, under cloud and snow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
import xarray as xr
from pyproj import Transformer
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import series, steps
from osint.change.steps import Step, Steps
from osint.errors import OsintError

RADAR_LIMIT = (
    "Something that reflects was put up or taken away; it may be fences, containers, vehicles or wet "
    "ground. Intensity alone finds a third to a half of small buildings. No rung, no area."
)
"""What a step of backscatter cannot say; stands in the note of every row and is printed once."""
LEAST_DB = 1.0
"""Step of backscatter below which wet ground or other rows of crops are as likely as a wall."""
FRAME_DAYS = 60
"""A steel frame reflects long before the roof lies on it; a fence or a container may come later."""
WALL_M = 15.0
"""A wall's double echo lies about its foot, and the sensor's own pixel is 20 m: this far to either side of it."""
LOOKS_TO = {"ascending": 1.0, "descending": -1.0}
"""Sentinel-1 looks to its right: rising it lights the west sides, sinking the east ones. East is positive."""
VAGUE_DAYS = 2 * FRAME_DAYS
"""An interval wider than this meets nearly every date, so it neither agrees nor contradicts."""


@dataclass(frozen=True)
class Signal:
    """Backscatter of an outline less its surroundings, one row per pass in which it could be read."""

    times: np.ndarray
    """(n,) datetime64, UTC."""
    values: np.ndarray
    """(n, 3), dB: VV and VH of the outline, and VV of its side that faces the radar."""
    orbit: np.ndarray
    """(n,) direction and number of the relative orbit."""
    simulated: bool
    bytes_read: int = 0
    unread: str = ""
    """How many passes could not be read, and why the first could not; empty when all could."""


@dataclass(frozen=True)
class Clock:
    """What radar says of when something was put up."""

    signal: Signal
    found: dict[str, Steps]
    """Steps by orbit: each looks from its own side, and two are never one series."""
    says: str
    agrees: bool | None
    """With the dates given; None where radar has no step, only vague or falling ones, or its orbits differ, or no date
    was given."""
    interval: tuple[np.datetime64, np.datetime64, np.datetime64] | None = field(default=None)
    """Low, best, high of the step seen best, None without one."""


def radar_scenes(
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = "planetary-computer",
    collection: str = "sentinel-1-rtc",
) -> imagery.SceneList:
    """Return the radar scenes of a lon/lat area, asked for once; `radar` reads each outline in it from them."""
    found = imagery.list_scenes(place, start, end, catalogue=catalogue, collection=collection)
    if not found.rows:
        raise OsintError(f"{collection} has no scene of the place between {start} and {end}: widen the dates.")
    return found


def radar_clock(signal: Signal, optical: tuple[str, str] | None = None) -> Clock:
    """Return the steps of a radar signal orbit by orbit, and whether `optical` (first and last date) agrees."""
    found = {}
    for orbit in sorted(set(signal.orbit)):
        own = signal.orbit == orbit
        given = steps.date_step(signal.times[own], signal.values[own])
        large = tuple(s for s in given if np.abs(s.size).max() >= LEAST_DB)
        reason = given.reason if large or not len(given) else f"steps are under {LEAST_DB:g} dB"
        found[orbit] = Steps(large, reason, given.values_used, given.scatter)
    return _clock(signal, found, optical)


def _clock(signal: Signal, found: dict[str, Steps], optical: tuple[str, str] | None) -> Clock:
    """Put the steps of all orbits beside the optical dates."""
    unread = f"; {signal.unread}" if signal.unread else ""
    if not found:
        return Clock(signal, found, f"radar could not be read{unread or '; no pass shows the outline'}", None)
    seen = {orbit: s for orbit, s in found.items() if len(s)}
    if not seen:
        reasons = "; ".join(f"{orbit}: {s.reason}" for orbit, s in found.items())
        return Clock(signal, found, f"radar sees no step ({reasons}){unread}", None)
    near = {orbit: [s for s in own if optical and _near(s, optical)] for orbit, own in seen.items()}
    met = {orbit: [s for s in own if _rises(s) and not _vague(s)] for orbit, own in near.items()}
    shown = {orbit: max(met[orbit] or near[orbit] or own, key=lambda s: s.contrast) for orbit, own in seen.items()}
    agreeing = [shown[orbit] for orbit, own in met.items() if own]
    first = max(agreeing or list(shown.values()), key=lambda s: s.contrast)
    others = sorted({_told(s) for own in seen.values() for s in own} - {_told(s) for s in shown.values()})
    told = f"{len(seen)} of {len(found)} orbits step; {_told(first)}"
    told += f"; other steps: {', '.join(others)}" if others else ""
    told += unread
    interval = (first.low, first.best, first.high)
    if not optical:
        return Clock(signal, found, told, None, interval)
    if len(agreeing) == len(seen):
        return Clock(signal, found, f"radar agrees: {told}", True, interval)
    if agreeing:
        differ = f"orbits differ: {len(agreeing)} of {len(seen)} agree; {told}"
        return Clock(signal, found, differ, None, interval)
    if any(near.values()):
        why = f"a fall, or an interval of over {VAGUE_DAYS} days, is no roof going up"
        return Clock(signal, found, f"radar neither agrees nor contradicts ({why}): {told}", None, interval)
    return Clock(signal, found, f"radar does not agree: {told}", False, interval)


def vv_change(step: Step) -> tuple[int, str]:
    """Return the column of the larger change of VV of a step of radar (columns as in `Signal.values`), and where it is."""
    where = {0: "over the outline", len(step.size) - 1: "on the side that faces the radar"}
    column = max(where, key=lambda k: abs(float(step.size[k])))
    return column, where[column]


def _near(step: Step, optical: tuple[str, str]) -> bool:
    reach = np.timedelta64(FRAME_DAYS, "D")
    return bool(step.low <= np.datetime64(optical[1]) + reach and step.high >= np.datetime64(optical[0]) - reach)


def _rises(step: Step) -> bool:
    return bool(step.size[vv_change(step)[0]] > 0)


def _vague(step: Step) -> bool:
    return bool(step.high - step.low > np.timedelta64(VAGUE_DAYS, "D"))


def _told(step: Step) -> str:
    column, where = vv_change(step)
    size = float(step.size[column])
    low, high = (v.astype("datetime64[D]") for v in (step.low, step.high))
    return f"VV {'rises' if size > 0 else 'falls'} by {abs(size):.1f} dB {where}, {low} to {high}"


def read_radar(geometry: BaseGeometry, listed: imagery.SceneList) -> Signal:
    """Return VV and VH of a lon/lat outline, and VV of its lit side, less the surroundings; dB, one row a pass."""
    scenes = listed.of(geometry)
    if not len(scenes):
        raise OsintError("No radar scene reaches the outline: widen the dates.")
    data = imagery.read_bands(scenes, series.window(geometry), ("vv", "vh"), 10)
    place = series.placed(geometry, data)
    power = np.stack([data[b].values for b in ("vv", "vh")], axis=-1)
    # no echo is weaker than zero: what is, is the file's sign for nothing
    power = np.where(power > 0, power, np.nan)
    orbit = np.array([_of(scenes, name, "orbit") for name in data["id"].values])
    inside = _middle(power, place.cover > 0.5, np.nanmean)
    lit = inside[:, :1].copy()
    for state, east in LOOKS_TO.items():
        own = np.char.startswith(orbit, state)
        side = series.placed(_side(geometry, data, -east * WALL_M), data).cover > 0.5
        if own.any() and side.any():
            lit[own] = _middle(power[own][..., :1], side, np.nanmean)
    nearby = 10 * np.log10(_middle(power, place.ring, np.nanmedian, 0.5))
    decibel = 10 * np.log10(np.hstack([inside, lit])) - nearby[:, [0, 1, 0]]
    kept = np.isfinite(decibel).all(axis=1)
    failures = data.attrs["failures"]
    lost = len({f["id"] for f in failures})
    unread = f"{lost} of {len(scenes)} scenes unread ({failures[0]['error']})" if failures else ""
    simulated = "SIMULATED" in str(data.attrs.get("credit", ""))
    return Signal(data["time"].values[kept], decibel[kept], orbit[kept], simulated, int(data.attrs["bytes"]), unread)


def _side(geometry: BaseGeometry, data: xr.Dataset, east_m: float) -> BaseGeometry:
    """Return the strip along the side of a lon/lat outline that lies towards `east_m`, as far to either side of it."""
    there = Transformer.from_crs(4326, data.attrs["crs"], always_xy=True).transform
    back = Transformer.from_crs(data.attrs["crs"], 4326, always_xy=True).transform
    flat = shapely.transform(geometry, there, interleaved=False)
    strip = affinity.translate(flat, east_m).difference(affinity.translate(flat, -east_m))
    return shapely.transform(strip, back, interleaved=False)


def _of(scenes: Any, names: str, column: str) -> str:
    """Return a column of the first scene of a pass; its tiles share it."""
    return str(scenes.loc[scenes["id"].isin(names.split()), column].iloc[0])


def _middle(values: np.ndarray, where: np.ndarray, how: Any, share: float = 0.8) -> np.ndarray:
    """Return `how` of values (n, y, x, k) over pixels, (n, k); NaN where less than `share` of them was read."""
    chosen = values[:, where]
    enough = np.isfinite(chosen).mean(axis=1) > share
    out = np.full(enough.shape, np.nan)
    for n, k in np.argwhere(enough):
        out[n, k] = how(chosen[n, :, k])
    return out
