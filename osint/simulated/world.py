"""Make a SIMULATED desert with known buildings, and the Sentinel-2 scenes that a satellite would take of it.

Nothing here is a picture of a real place. The spectra are round figures, so a score on this world is a
ceiling, not a forecast.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import geopandas as gpd
import numpy as np
from affine import Affine

from osint.errors import BadInputError
from osint.register import read_span
from osint.simulated import ground, weather
from osint.simulated.ground import PIXEL_M, Feature, assortment
from osint.simulated.spectra import BANDS, SPECTRA

FIRST_DAY, LAST_DAY = "2023-01-01", "2025-12-31"
"""Days of a world unless others are asked for."""
OFFSET_DN = 1000
"""Added to the numbers of a scene from processing baseline 04.00 on."""
LEAST_PX = 64
"""Side of the smallest world."""
KEPT_SCENES = 4
"""Rendered scenes that are held."""
MISREAD_COVER, MISREAD_ROOF = 0.3, 0.5
"""Cover of a bright roof, and of all roofs, from which a pixel may be read as cloud."""
BASELINES = (
    ("2021-03-30", "02.14"),
    ("2021-06-30", "03.00"),
    ("2022-01-25", "03.01"),
    ("2022-12-06", "04.00"),
    ("2024-07-23", "05.10"),
    ("9999-01-01", "05.11"),
)


@dataclass(frozen=True)
class World:
    """Simulated scenes with their truth; `band` and `scl` render one scene on demand, the same each time."""

    seed: int
    size_px: int
    dates: list[dt.datetime]
    """UTC, one a scene."""
    ids: list[str]
    platform: list[str]
    baselines: list[str]
    """Processing baseline; DN carry +1000 from baseline 04.00 (2022-01-25) on."""
    cloud_cover: list[float]
    """Percent of the scene under cloud, as a catalogue would say."""
    transform: Affine
    """Pixel to metres in `epsg`, 10 m."""
    epsg: int
    truth: gpd.GeoDataFrame
    """outline_id, kind, onset, roofed_half, complete, removed, roof_area_m2, plot_area_m2 (the scraped pad of all
    phases), cooling_yard_m2, phase, geometry (in `epsg`)."""
    jitter_px: float
    dust: float
    _snow: np.ndarray = field(repr=False, default_factory=lambda: np.zeros(0))
    _layers: dict[str, np.ndarray] = field(repr=False, default_factory=dict)
    _placed: list[ground.Placed] = field(repr=False, default_factory=list)
    _cache: OrderedDict[int, dict[str, np.ndarray]] = field(repr=False, default_factory=OrderedDict)

    def band(self, i: int, name: str) -> np.ndarray:
        """Return scene `i` of band `name` as uint16 DN at its native resolution; 0 is nodata."""
        if name not in BANDS:
            raise BadInputError(f"unknown band {name!r}; bands are {', '.join(BANDS)}")
        offset = OFFSET_DN if self.baselines[i] >= "04.00" else 0
        return np.asarray(np.clip(self._scene(i)[name] + offset, 1, 20000).astype(np.uint16))

    def scl(self, i: int) -> np.ndarray:
        """Return the scene classification of scene `i`, uint8 at 20 m."""
        return self._scene(i)["SCL"]

    def _scene(self, i: int) -> dict[str, np.ndarray]:
        if i not in self._cache:
            self._cache[i] = self._rendered(i)
            while len(self._cache) > KEPT_SCENES:
                self._cache.popitem(last=False)
        return self._cache[i]

    def _rendered(self, i: int) -> dict[str, np.ndarray]:
        """Render scene `i`: ground of the day, snow, dust, cloud, sensor, classification."""
        rng = np.random.default_rng([self.seed, 4, i])
        date, layers = self.dates[i], self._layers
        year_day = date.timetuple().tm_yday
        season = np.cos(2 * np.pi * (year_day - 172) / 365)
        plants = layers["vigour"] * np.exp(-(((year_day - layers["peak"]) / 45) ** 2))
        surface = layers["bare"] * (1 - plants) + SPECTRA["crop"][:, None, None] * plants
        roofs = np.zeros(plants.shape, np.float32)
        ground.build(surface, self._placed, layers["texture"], day=date.toordinal(), year_day=year_day, roofs=roofs)
        orbit = 0.02 if i % 2 else -0.02
        surface = surface * (1 + 0.06 * season + orbit) * (1 + layers["slope"] * (0.25 - 0.375 * season))
        snow = np.zeros_like(roofs)
        if self._snow[i] > 0:
            surface, snow = weather.snowed(rng, surface, roofs, self._snow[i], layers["pool"])
        surface = weather.hazed(rng, surface, layers["pool"], year_day, self.dust)
        surface, depth, shadow = weather.clouded(rng, surface, self.cloud_cover[i] / 100, layers["pool"])
        misread = np.zeros(roofs.shape, bool)
        for p in self._placed:
            if p.feature.kind == "bright roof" and rng.random() < p.feature.misread_as_cloud:
                rows, cols = p.window
                misread[rows, cols] |= (p.parts.sum(axis=0) > MISREAD_COVER) & (roofs[rows, cols] > MISREAD_ROOF)
        scene = weather.sensed(rng, surface.astype(np.float32), self.jitter_px)
        scene["SCL"] = weather.classified(rng, depth, shadow, snow=snow, plants=plants, misread=misread)
        return scene


class WorldOptions(TypedDict, total=False):
    """What `make_world` takes besides seed, size and dates."""

    cloud: float
    """Mean cloud cover, 0 to 1."""
    features: Sequence[Feature] | None
    """What is built; None places one of each kind that fits."""
    epsg: int
    origin: tuple[float, float]
    """Easting and northing of the upper left corner, metres of `epsg`."""
    jitter_px: float
    """Standard deviation of the misregistration of a scene."""
    dust: float
    """Chance of a dusty scene; more in spring."""
    snow: bool
    spectra_spread: float
    """Spread of the spectra of what is built, 0 to 1."""


DEFAULTS = WorldOptions(
    cloud=0.35, features=None, epsg=32646, origin=(500_000.0, 4_790_000.0), jitter_px=0.25, dust=0.07,
    snow=True, spectra_spread=0.08,
)  # fmt: skip


def make_world(
    seed: int = 0,
    size_px: int = 256,
    start: str = FIRST_DAY,
    end: str = LAST_DAY,
    revisit_days: float = 5,
    **options: Unpack[WorldOptions],
) -> World:
    """Return a SIMULATED world of size_px x size_px pixels of 10 m; the same arguments make the same world.

    Raises BadInputError for an odd size or one under LEAST_PX, and for days that are none or not in order.
    """
    if size_px % 2 or size_px < LEAST_PX:
        raise BadInputError(f"`size_px` must be even and at least {LEAST_PX}, not {size_px}")
    chosen: WorldOptions = {**DEFAULTS, **options}
    rng = np.random.default_rng([seed, 1])
    dates = _dates(rng, start, end, revisit_days)
    days = np.array([d.toordinal() for d in dates])
    covers = weather.cloud_covers(rng, len(dates), chosen["cloud"])
    west, north = chosen["origin"]
    transform = Affine(PIXEL_M, 0, west, 0, -PIXEL_M, north)
    features = chosen["features"]
    built = assortment(seed, size_px, start, end) if features is None else list(features)
    placed = ground.place(rng, built, size_px, chosen["spectra_spread"])
    levels = weather.snow_levels(rng, days, np.array([d.timetuple().tm_yday for d in dates]))
    platform = [f"sentinel-2{'ab'[i % 2]}" for i in range(len(dates))]
    return World(
        seed=seed,
        size_px=size_px,
        dates=dates,
        ids=[f"S{p[-2:].upper()}_SIM_{d:%Y%m%d}_{seed}_L2A" for p, d in zip(platform, dates, strict=True)],
        platform=platform,
        baselines=[_baseline(d) for d in dates],
        cloud_cover=[round(100 * float(c), 1) for c in covers],
        transform=transform,
        epsg=chosen["epsg"],
        truth=ground.truth(placed, transform, chosen["epsg"]),
        jitter_px=chosen["jitter_px"],
        dust=chosen["dust"],
        _snow=levels if chosen["snow"] else np.zeros(len(dates)),
        _layers=ground.grounds(seed, size_px),
        _placed=placed,
    )


def _dates(rng: np.random.Generator, start: str, end: str, revisit_days: float) -> list[dt.datetime]:
    first_day, last_day = read_span(start, end)
    first = dt.datetime.combine(first_day, dt.time(4, 40), dt.UTC)
    span = (dt.datetime.combine(last_day, dt.time(23), dt.UTC) - first).days
    steps = np.arange(0, span + 1, revisit_days)
    return [first + dt.timedelta(int(d), int(rng.integers(0, 900))) for d in steps]


def _baseline(date: dt.datetime) -> str:
    return next(name for until, name in BASELINES if f"{date:%Y-%m-%d}" < until)
