"""Second clocks and hints of activity: radar backscatter, night light and surface warmth of a place.

Each is a series of the place less its surroundings, read with the same code as pictures. What none of them can
say stands in `observations.LIMITS`: no load, no chip, no rung.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
import shapely
import xarray as xr
from affine import Affine
from pyproj import Transformer
from rasterio import features
from scipy import ndimage
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import observations, series, steps
from osint.change.observations import Row
from osint.change.stack import around
from osint.change.steps import Step, Steps
from osint.errors import OsintError
from osint.imagery import SceneList

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
WARM_RING_M = (200.0, 500.0)
"""Surroundings of warmth, in metres from the outline: beyond two of the sensor's own pixels."""
LIGHT_RING_PX = (3.0, 8.0)
CLEAR_QA = (21824, 21952)
"""Landsat Collection 2 `qa_pixel` of clear land and clear water; every other value is left out."""
LANDSAT_GRID_M = 15
"""Pixels of 30 m whose edges lie at odd multiples of 15 m: on this grid they are copied, not resampled."""
NIGHT_HOURS = (19.0, 5.0)
"""Local solar time between which a pass is a night pass."""
FEWEST_BEFORE = 5


@dataclass(frozen=True)
class Signal:
    """A place less its surroundings, one row a look at which it could be read."""

    kind: str
    """A key of `observations.LIMITS`."""
    times: np.ndarray
    """(n,) datetime64, UTC."""
    values: np.ndarray
    """(n, k): one column in nW/cm2/sr or K; of radar in dB VV and VH of the outline, and VV of its side that faces the
    radar."""
    unit: str
    orbit: np.ndarray
    """(n,) direction and relative orbit of radar, empty for the others."""
    simulated: bool
    bytes_read: int = 0
    unread: str = ""
    """How many looks could not be read, and why the first could not; empty when all could."""


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


def radar_step(
    geometry: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = "planetary-computer",
    collection: str = "sentinel-1-rtc",
    optical: tuple[str, str] | None = None,
) -> Clock:
    """Return when the backscatter of a lon/lat outline stepped, orbit by orbit, and whether `optical` agrees.

    `optical` is the first and last date of the pictures' own interval (`roofed_low`, `complete_high`). Radar sees
    through cloud and snow, so it is a second clock; it also sees fences, containers, vehicles and wet ground, and
    misses half of small buildings (`observations.LIMITS`). Gamma0 in linear power, VV and VH, averaged before the
    logarithm; no step below 1 dB. A hall shines where wall and ground make a corner towards the radar, and its roof
    may be darker than the ground was: that side is a column of its own, or the mean hides the hall.
    """
    return clock(radar(geometry, passes(geometry, start, end, catalogue, collection)), optical)


def passes(
    area: BaseGeometry,
    start: str,
    end: str,
    catalogue: str = "planetary-computer",
    collection: str = "sentinel-1-rtc",
) -> SceneList:
    """Return the radar scenes of a lon/lat area, asked for once; `radar` reads each outline in it from them."""
    found = imagery.list_scenes(area, start, end, catalogue=catalogue, collection=collection)
    if not found.rows:
        raise OsintError(f"{collection} has no scene of the place between {start} and {end}: widen the dates.")
    return found


def clock(signal: Signal, optical: tuple[str, str] | None = None) -> Clock:
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


def _near(step: Step, optical: tuple[str, str]) -> bool:
    reach = np.timedelta64(FRAME_DAYS, "D")
    return bool(step.low <= np.datetime64(optical[1]) + reach and step.high >= np.datetime64(optical[0]) - reach)


def _rises(step: Step) -> bool:
    return bool(step.size[observations.vv_change(step)[0]] > 0)


def _vague(step: Step) -> bool:
    return bool(step.high - step.low > np.timedelta64(VAGUE_DAYS, "D"))


def _told(step: Step) -> str:
    column, where = observations.vv_change(step)
    size = float(step.size[column])
    low, high = (v.astype("datetime64[D]") for v in (step.low, step.high))
    return f"VV {'rises' if size > 0 else 'falls'} by {abs(size):.1f} dB {where}, {low} to {high}"


def radar(geometry: BaseGeometry, listed: SceneList) -> Signal:
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
    return Signal(
        "radar backscatter",
        data["time"].values[kept],
        decibel[kept],
        "dB",
        orbit[kept],
        unread=unread,
        **_about(data),
    )


def _side(geometry: BaseGeometry, data: xr.Dataset, east_m: float) -> BaseGeometry:
    """Return the strip along the side of a lon/lat outline that lies towards `east_m`, as far to either side of it."""
    there = Transformer.from_crs(4326, data.attrs["crs"], always_xy=True).transform
    back = Transformer.from_crs(data.attrs["crs"], 4326, always_xy=True).transform
    flat = shapely.transform(geometry, there, interleaved=False)
    strip = affinity.translate(flat, east_m).difference(affinity.translate(flat, -east_m))
    return shapely.transform(strip, back, interleaved=False)


def surface_warmth(
    geometry: BaseGeometry,
    start: str,
    end: str,
    *,
    works: str,
    catalogue: str = "planetary-computer",
    collection: str = "landsat-c2-l2",
) -> Signal:
    """Return how much warmer than its surroundings a lon/lat outline is at night (K), less the same before `works`.

    Landsat surface temperature (`lwir11`: number x 0.00341802 + 149 K, as the catalogue states), night passes that
    `qa_pixel` calls clear. `works` is the ISO date on which ground was broken; five clear nights before it are
    needed. 100 m pixels served at 30 m, good to 1 to 2 K: a hint, never a load.
    """
    where = around(geometry, WARM_RING_M[1] + 50)
    _, data = _read(
        geometry, where, (start, end), catalogue, collection, bands=("lwir11", "qa_pixel"), metres=LANDSAT_GRID_M
    )
    cover = series.placed(geometry, data).cover
    away = ndimage.distance_transform_edt(cover < 0.05) * LANDSAT_GRID_M
    ring = (away >= WARM_RING_M[0]) & (away <= WARM_RING_M[1])
    # bits blended by resampling (another UTM zone) are no bits: only whole known values count as clear
    clear = np.min([np.abs(data["qa_pixel"].values - c) for c in CLEAR_QA], axis=0) < 0.5
    kelvin = np.where(clear & (data["lwir11"].values > 150), data["lwir11"].values, np.nan)[..., None]
    contrast = _middle(kelvin, cover > 0.5, np.nanmean) - _middle(kelvin, ring, np.nanmedian, 0.5)
    hour = (pd.DatetimeIndex(data["time"].values).hour + geometry.centroid.x / 15) % 24
    night = (hour >= NIGHT_HOURS[0]) | (hour < NIGHT_HOURS[1])
    kept = np.isfinite(contrast[:, 0]) & np.asarray(night)
    times = data["time"].values[kept]
    before = times < np.datetime64(works)
    if before.sum() < FEWEST_BEFORE:
        raise OsintError(
            f"{int(before.sum())} clear nights before {works}, {FEWEST_BEFORE} are needed to know how warm the bare "
            "ground was: begin earlier."
        )
    change = contrast[kept] - np.median(contrast[kept][before])
    after = ~before
    return Signal("surface temperature", times[after], change[after], "K", np.full(after.sum(), ""), **_about(data))


def night_light(geometry: BaseGeometry, folder: str | Path) -> Signal:
    """Return night light of a lon/lat outline less its surroundings (nW/cm2/sr) from monthly GeoTIFFs in `folder`.

    VIIRS composites that the user has; the month is the first date in the file's name (20240101, 202401). The
    outline's own pixels (500 m: the neighbours' lamps are in them) less the median 3 to 8 pixels away.
    """
    paths = sorted(p for p in Path(folder).glob("*") if p.suffix.lower() in (".tif", ".tiff"))
    if not paths:
        raise OsintError(f"{Path(folder).name} holds no .tif: put the monthly composites there.")
    values, days, simulated = [], [], False
    for path in paths:
        found = re.search(r"(20\d\d)[-_]?(0[1-9]|1[0-2])", path.name)
        if not found:
            raise OsintError(f"{path.name} has no month in its name (as 202401): rename it.")
        value, tags = _lit(geometry, path)
        values.append(value)
        days.append(np.datetime64(f"{found[1]}-{found[2]}-15", "ns"))
        simulated |= "SIMULATED" in " ".join(tags.values())
    table, times = np.array(values), np.array(days)
    kept = np.flatnonzero(np.isfinite(table))
    kept = kept[np.argsort(times[kept], kind="stable")]
    return Signal("night light", times[kept], table[kept, None], "nW/cm2/sr", np.full(len(kept), ""), simulated)


def _lit(geometry: BaseGeometry, path: Path) -> tuple[float, dict[str, str]]:
    """Return the outline's mean less its surroundings in one raster, NaN where it has no value, and its tags."""
    try:
        # one driver only: a file from elsewhere must not make GDAL open other files
        with rasterio.open(path, driver="GTiff") as source:
            project = Transformer.from_crs(4326, source.crs, always_xy=True).transform
            shape = shapely.transform(geometry, project, interleaved=False)
            west, south, east, north = shape.bounds
            top, left = source.index(west, north)
            bottom, right = source.index(east, south)
            reach = int(LIGHT_RING_PX[1]) + 1
            rows = max(top - reach, 0), min(bottom + 1 + reach, source.height)
            columns = max(left - reach, 0), min(right + 1 + reach, source.width)
            if rows[0] >= rows[1] or columns[0] >= columns[1]:
                return float("nan"), source.tags()
            values = np.ma.filled(source.read(1, window=(rows, columns), masked=True).astype(float), np.nan)
            corner = source.transform @ Affine.translation(columns[0], rows[0])
            inside = features.rasterize([shape], values.shape, transform=corner, all_touched=True)
            tags = source.tags()
    except (rasterio.errors.RasterioError, ValueError) as error:
        raise OsintError(f"{path.name} cannot be read as a raster with a position: {error}.") from None
    distance = ndimage.distance_transform_edt(inside == 0)
    ring = values[(distance >= LIGHT_RING_PX[0]) & (distance <= LIGHT_RING_PX[1])]
    own, ring = values[inside > 0], ring[np.isfinite(ring)]
    if not np.isfinite(own).all() or len(ring) < 20:
        return float("nan"), tags
    return float(own.mean() - np.median(ring)), tags


def rows(signal: Signal, site_id: str, observer: str, source_url: str = "") -> tuple[list[Row], str]:
    """Return a signal as observations of a site (rows of observations.csv), and the reason where there are none.

    Of radar one row for each step that `clock` sees, in the reason also the passes that could not be read.
    """
    made: list[Row] = []
    known = (observer, source_url)
    if signal.kind == "night light":
        made, reason = observations.night_light(site_id, list(signal.times), signal.values[:, 0], *known)
    elif signal.kind == "surface temperature":
        made, reason = observations.surface_temperature(site_id, list(signal.times), signal.values[:, 0], *known)
    else:
        reasons = []
        for orbit, found in clock(signal).found.items():
            more, why = observations.backscatter(site_id, found, *known)
            made += [{**r, "scope": f"{r['scope']}, {orbit}"} for r in more]
            reasons += [f"{orbit}: {why}"] if why else []
        reason = "; ".join([*reasons, *([signal.unread] if signal.unread else [])])
    return [{**r, "note": f"SIMULATED. {r['note']}"} if signal.simulated else r for r in made], reason


def _read(
    geometry: BaseGeometry,
    where: BaseGeometry,
    dates: tuple[str, str],
    catalogue: str,
    collection: str,
    *,
    bands: tuple[str, ...],
    metres: float,
) -> tuple[Any, xr.Dataset]:
    scenes = imagery.scenes(geometry, *dates, catalogue=catalogue, collection=collection)
    if not len(scenes):
        raise OsintError(
            f"{collection} has no scene of the outline between {dates[0]} and {dates[1]}: widen the dates."
        )
    return scenes, imagery.read_bands(scenes, where, bands, metres)


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


def _about(data: xr.Dataset) -> dict[str, Any]:
    return {"simulated": "SIMULATED" in str(data.attrs.get("credit", "")), "bytes_read": int(data.attrs["bytes"])}
