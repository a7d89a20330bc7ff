"""Make SIMULATED Sentinel-1 passes over a SIMULATED world, as Planetary Computer serves `sentinel-1-rtc`.

Linear gamma0 in float32 COGs, VV and VH. Round figures: desert at -12 and -19 dB, 4.5 looks whose speckle is alike in
neighbouring pixels (10 m pixels of a 20 m sensor), wet spells, scraped ground, halls whose walls shine towards the
radar. A score on it is a ceiling, not a forecast.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from affine import Affine
from rasterio import features
from shapely import affinity

from osint.simulated.demo import cog_bytes, frame_outline
from osint.simulated.server import Resource, cog_asset, stac_item
from osint.simulated.weather import fractal
from osint.simulated.world import World

COLLECTION = "sentinel-1-rtc"
CONTAINER = "sentinel1euwestrtc/sentinel1-grd-rtc"
NODATA = -32768.0
LEVEL_DB = {"vv": -12.0, "vh": -19.0}
LOOKS_TWICE = 9
"""Squares of a normal field that are averaged: 4.5 looks."""
TEXTURE_DB = 1.0
WOBBLE_DB = 0.25
"""Of one pass against the next."""
ROOF_DB = -1.5
"""Smooth panels reflect away from the radar."""
WALL_M = 15.0
"""A wall's echo lies this far to either side of it: layover, and the size of the sensor's own pixel."""
FRAME_DAYS = 20
"""The steel stands before the roof is half on."""
FINE = 5
PASS = dt.timedelta(seconds=25)
"""Time that a pass takes over the place."""
FIRST_ORBIT = 50_000


@dataclass(frozen=True)
class Orbit:
    """Passes that look from one side, every 12 days."""

    state: str
    """ascending (looks east) or descending (looks west)."""
    number: int
    first_day: int
    """Days after the world's first scene."""
    utc: dt.time


ORBITS = (
    Orbit("ascending", 12, 3, dt.time(11, 47, 20)),
    Orbit("descending", 92, 8, dt.time(23, 36, 5)),
)


@dataclass(frozen=True)
class Fence:
    """Something other than a hall that reflects along an outline."""

    outline_id: str
    since: dt.date
    gain_db: float = 5.0


@dataclass
class Radar:
    """Passes over a simulated world; each file is made on demand, the same each time."""

    world: World
    orbits: Sequence[Orbit] = ORBITS
    wall_db: dict[str, float] = field(default_factory=dict)
    """Gain of VV on the wall side by outline_id; drawn from 3 to 6 dB for others, 0 for a hall that does not show."""
    fences: Sequence[Fence] = ()
    without_vh: frozenset[int] = frozenset()
    """Passes whose item lists no VH."""
    lost: frozenset[int] = frozenset()
    """Passes whose files are not there."""
    blank: frozenset[int] = frozenset()
    """Passes that hold nothing but nodata over the world."""
    token: str = ""
    """Files are served only to who shows it, as `sig`; anybody gets one at /api/sas/v1/token."""
    frame_px: int = 1024
    inset_px: tuple[int, int] = (400, 450)
    block_px: int = 512
    predictor: str = "YES"
    """Of the files: YES is that of floats, which GDAL alone reads; NO is none."""
    name: str = COLLECTION
    catalogue: str = ""
    _files: dict[tuple[int, str], Resource] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def passes(self) -> list[tuple[dt.datetime, Orbit]]:
        """Return when and from which side each pass looked, by time."""
        first, last = self.world.dates[0], self.world.dates[-1]
        found = []
        for orbit in self.orbits:
            when = dt.datetime.combine(first.date() + dt.timedelta(orbit.first_day), orbit.utc, dt.UTC)
            while when <= last:
                found.append((when, orbit))
                when += dt.timedelta(12)
        return sorted(found, key=lambda p: p[0])

    @property
    def dates(self) -> list[dt.datetime]:
        """Return when each pass was, UTC."""
        return [when for when, _ in self.passes]

    @cached_property
    def ids(self) -> list[str]:
        """Return the name of each pass."""
        spans = [f"{when:%Y%m%dT%H%M%S}_{when + PASS:%Y%m%dT%H%M%S}" for when, _ in self.passes]
        return [f"S1A_IW_GRDH_1SDV_{span}_{FIRST_ORBIT + n:06d}_SIM_rtc" for n, span in enumerate(spans)]

    def footprint(self) -> shapely.Polygon:
        """Return the outline of a frame in degrees."""
        return frame_outline(self._transform(), self.frame_px, self.world.epsg, step_m=2000)

    def _transform(self) -> Affine:
        return self.world.transform @ Affine.translation(-self.inset_px[1], -self.inset_px[0])

    def item(self, i: int) -> dict[str, Any]:
        """Return pass `i` as Planetary Computer lists it."""
        when, orbit = self.passes[i]
        outline, t, size = self.footprint(), self._transform(), self.frame_px
        folder = f"sentinel1-grd-rtc/GRD/{when.year}/{when.month}/{when.day}/IW/DV/{self.ids[i]}/measurement"
        raster = {"nodata": NODATA, "data_type": "float32", "spatial_resolution": 10.0}
        assets = {
            band: cog_asset(f"{self.catalogue}/{folder}/iw-{band}.rtc.tiff", band.upper(), raster)
            for band in LEVEL_DB
            if band == "vv" or i not in self.without_vh
        }
        end = when + PASS
        stamps = {"datetime": when, "start_datetime": when, "end_datetime": end}
        properties = {
            **{k: v.isoformat().replace("+00:00", "Z") for k, v in stamps.items()},
            "platform": "SENTINEL-1A",
            "constellation": "Sentinel-1",
            "s1:instrument_configuration_ID": "7",
            "s1:orbit_source": "RESORB",
            "s1:processing_level": "1",
            "s1:resolution": "high",
            "s1:slice_number": "5",
            "s1:total_slices": "10",
            "sar:instrument_mode": "IW",
            "sar:frequency_band": "C",
            "sar:polarizations": [band.upper() for band in assets],
            "sar:looks_equivalent_number": 4.4,
            "sat:orbit_state": orbit.state,
            "sat:relative_orbit": orbit.number,
            "sat:absolute_orbit": FIRST_ORBIT + i,
            "proj:epsg": self.world.epsg,
            "proj:shape": [size, size],
            "proj:bbox": [t.c, t.f - 10 * size, t.c + 10 * size, t.f],
            "proj:transform": [*tuple(t)[:6], 0.0, 0.0, 1.0],
        }
        return stac_item(self.ids[i], self.name, outline, properties, assets)

    def at(self, path: str, query: dict[str, str]) -> Resource | None:
        """Return the file or the token at an address, None where there is none."""
        if path == f"/api/sas/v1/token/{CONTAINER}":
            body = {"msft:expiry": "2099-01-01T00:00:00Z", "token": f"sig={self.token}"}
            return Resource(json.dumps(body).encode(), kind="application/json")
        asked = re.fullmatch(r"/sentinel1-grd-rtc/.*/(\w+)/measurement/iw-(v[vh])\.rtc\.tiff", path)
        if not asked or asked[1] not in self.ids:
            return None
        if self.token and query.get("sig") != self.token:
            return Resource(b"PublicAccessNotPermitted", status=409, kind="application/xml")
        i = self.ids.index(asked[1])
        return None if i in self.lost else self._file(i, asked[2])

    def _file(self, i: int, band: str) -> Resource:
        with self._lock:
            if (i, band) not in self._files:
                frame = np.full((self.frame_px,) * 2, NODATA, np.float32)
                row, column = self.inset_px
                size = self.world.size_px
                if i not in self.blank:
                    frame[row : row + size, column : column + size] = self.power(i, band)
                how = {"predictor": self.predictor, "blocksize": self.block_px, "overview_resampling": "AVERAGE"}
                body = cog_bytes(frame, self._transform(), self.world.epsg, NODATA, **how)
                self._files[i, band] = Resource(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            return self._files[i, band]

    def power(self, i: int, band: str) -> np.ndarray:
        """Return gamma0 of pass `i` over the world, (y, x) float32, linear power."""
        when, orbit = self.passes[i]
        day, vv = when.date(), band == "vv"
        rng = np.random.default_rng([self.world.seed, 11, i])
        wobble, wet = rng.normal(0, WOBBLE_DB), self._wet[i]
        decibel = LEVEL_DB[band] + TEXTURE_DB * self._texture + wobble + wet
        for place in self._places:
            if place.begun and day >= place.begun:
                decibel += place.scraped_db * place.cover
            # trodden ground dries later or sooner than the desert about it
            decibel += place.wetness * wet * place.cover
            for fence in (f for f in self.fences if f.outline_id == place.outline_id and day >= f.since):
                decibel += (fence.gain_db if vv else fence.gain_db / 2) * place.edge
            if place.stands and place.stands <= day and not (place.removed and day >= place.removed):
                decibel += (ROOF_DB if vv else 0.0) * place.cover
                decibel += place.wall_db * (1.0 if vv else 0.5) * place.walls[orbit.state]
        speckle = _speckle(np.random.default_rng([self.world.seed, 12, i, int(vv)]), self.world.size_px)
        return np.asarray((10 ** (decibel / 10) * speckle).astype(np.float32))

    @cached_property
    def _texture(self) -> np.ndarray:
        size = self.world.size_px
        rng = np.random.default_rng([self.world.seed, 13])
        return fractal(rng, 1 << int(np.ceil(np.log2(size))), 2.0)[:size, :size]

    @cached_property
    def _wet(self) -> np.ndarray:
        """Return dB that wet ground adds, a pass: spells of up to two weeks, most of them in spring."""
        rng = np.random.default_rng([self.world.seed, 14])
        wet = np.zeros(len(self.passes))
        days = np.array([when.toordinal() for when, _ in self.passes])
        day = days[0]
        while day < days[-1]:
            month = dt.date.fromordinal(int(day)).month
            if rng.random() < (0.5 if month in (3, 4, 5) else 0.12):
                inside = (days >= day) & (days < day + rng.uniform(2, 14))
                wet[inside] = rng.uniform(1.0, 3.5)
            day += int(rng.uniform(8, 20))
        return wet

    @cached_property
    def _places(self) -> list[_Place]:
        rng = np.random.default_rng([self.world.seed, 15])
        return [self._place(row, rng) for row in self.world.truth.to_dict("records")]

    def _place(self, row: dict[str, Any], rng: np.random.Generator) -> _Place:
        outline, drawn = row["geometry"], rng.uniform(3, 6)
        walls = {}
        for state, towards in (("ascending", -WALL_M), ("descending", WALL_M)):
            near, far = (affinity.translate(outline, xoff=sign * towards) for sign in (1, -1))
            walls[state] = self._cover(near.difference(far))
        half, onset, removed = (_day(row[k]) for k in ("roofed_half", "onset", "removed"))
        return _Place(
            row["outline_id"],
            self._cover(outline),
            self._cover(outline.buffer(10).difference(outline.buffer(-10))),
            walls,
            wall_db=self.wall_db.get(row["outline_id"], drawn),
            wetness=rng.uniform(-0.4, 0.4),
            scraped_db=rng.uniform(-1.2, 0.6),
            begun=onset,
            stands=half - dt.timedelta(FRAME_DAYS) if half else None,
            removed=removed,
        )

    def _cover(self, shape: Any) -> np.ndarray:
        """Return (y, x) share of each pixel inside a shape in metres."""
        size = self.world.size_px
        if shape.is_empty:
            return np.zeros((size, size))
        fine = features.rasterize(
            [shape], (size * FINE, size * FINE), transform=self.world.transform @ Affine.scale(1 / FINE), dtype="uint8"
        )
        return np.asarray(fine.reshape(size, FINE, size, FINE).mean(axis=(1, 3)))


@dataclass(frozen=True)
class _Place:
    """An outline of the world as the radar sees it; covers are (y, x)."""

    outline_id: str
    cover: np.ndarray
    edge: np.ndarray
    walls: dict[str, np.ndarray]
    """By side of the orbit."""
    wall_db: float
    wetness: float
    """Share of what wet ground adds, that it adds here more."""
    scraped_db: float
    begun: dt.date | None
    stands: dt.date | None
    """When the steel stands."""
    removed: dt.date | None


def _day(value: Any) -> dt.date | None:
    return None if pd.isna(value) else value.date()


def _speckle(rng: np.random.Generator, size_px: int) -> np.ndarray:
    """Return (y, x) of mean 1, gamma distributed with 4.5 looks, alike in neighbouring pixels."""
    field = rng.normal(size=(LOOKS_TWICE, size_px + 1, size_px + 1)).astype(np.float32)
    blurred = (field[:, 1:, 1:] + field[:, :-1, 1:] + field[:, 1:, :-1] + field[:, :-1, :-1]) / 2
    return np.asarray((blurred**2).mean(axis=0))
