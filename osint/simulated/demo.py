"""Serve a SIMULATED world over HTTP on this machine: a STAC API, and COGs made on demand, by byte range."""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Unpack

import numpy as np
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import around
from osint.simulated.ground import PIXEL_M
from osint.simulated.server import Resource, cog_asset, served, stac_item
from osint.simulated.spectra import BANDS
from osint.simulated.world import FIRST_DAY, LAST_DAY, World, WorldOptions, make_world

COLLECTION = "sentinel-2-l2a"
BLOCK_PX = 1024
PLACE_PX, PLACE_INSET_PX = 192, (400, 400)
"""Side of the world that `served_at` puts at a place."""
PLACE_EDGE_M = 100
"""Edge of the world that is not looked at."""
GRID_M = 20.0
"""Corners of worlds are multiples of a pixel of 20 m."""
_RUNNING = contextlib.ExitStack()
atexit.register(_RUNNING.close)
BAND_OF = {name: band for name, band in imagery.S2_NAMES.items() if band in BANDS}


@dataclass
class Demo:
    """A simulated world behind an address."""

    world: World
    name: str = COLLECTION
    catalogue: str = ""
    """Address of the STAC API."""
    frame_px: int = 2048
    """Side of the served scenes; the world lies inside, and around it is nodata."""
    inset_px: tuple[int, int] = (400, 900)
    """Row and column of the world's corner in the frame: it straddles two tiles of 1024."""
    _files: dict[str, tuple[bytes, str]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def footprint(self) -> shapely.Polygon:
        """Return the outline of the world in degrees."""
        return frame_outline(self.world.transform, self.world.size_px, self.world.epsg, step_m=500)

    def frame_transform(self) -> Affine:
        """Return the transform of a served 10 m band."""
        return self.world.transform @ Affine.translation(-self.inset_px[1], -self.inset_px[0])

    def item(self, i: int) -> dict[str, Any]:
        """Return scene `i` as an item in the form of Earth Search v1."""
        world, base = self.world, self.catalogue
        identifier = world.ids[i]
        old = world.baselines[i] < imagery.OFFSET_SINCE
        offset = 0.0 if old else imagery.OFFSET
        raster = {"nodata": 0, "data_type": "uint16", "scale": 1e-4, "offset": offset}
        assets = {
            name: {**cog_asset(f"{base}/data/{identifier}/{band}.tif", name, raster), "eo:bands": [{"name": name}]}
            for name, band in BAND_OF.items()
        }
        classes = {"nodata": 0, "data_type": "uint8"}
        assets["scl"] = cog_asset(f"{base}/data/{identifier}/SCL.tif", "scl", classes)
        properties = {
            "datetime": world.dates[i].isoformat().replace("+00:00", "Z"),
            "platform": world.platform[i],
            "constellation": "sentinel-2",
            "eo:cloud_cover": world.cloud_cover[i],
            "proj:epsg": world.epsg,
            "s2:processing_baseline": world.baselines[i],
            "s2:sequence": "0",
            "earthsearch:boa_offset_applied": False,
        }
        return stac_item(identifier, COLLECTION, self.footprint(), properties, assets)

    def file(self, identifier: str, band: str) -> tuple[bytes, str] | None:
        """Return the bytes and the ETag of a COG, None when there is no such scene or band."""
        name = f"{identifier}/{band}"
        with self._lock:
            if name not in self._files:
                if identifier not in self.world.ids or band not in (*BANDS, "SCL"):
                    return None
                i = self.world.ids.index(identifier)
                pixels = self.world.scl(i) if band == "SCL" else self.world.band(i, band)
                body = self.cog(pixels)
                self._files[name] = body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            return self._files[name]

    def cog(self, pixels: np.ndarray) -> bytes:
        """Return a COG of the frame with `pixels` (the world at 10 or 20 m) in their place."""
        factor = self.world.size_px // pixels.shape[0]
        size = self.frame_px // factor
        row, column = (v // factor for v in self.inset_px)
        frame = np.zeros((size, size), pixels.dtype)
        frame[row : row + pixels.shape[0], column : column + pixels.shape[1]] = pixels
        average = Resampling.nearest if pixels.dtype == np.uint8 else Resampling.average
        how = {
            "predictor": "YES",
            "blocksize": BLOCK_PX,
            "sparse_ok": "TRUE",
            "overview_resampling": average.name.upper(),
        }
        return cog_bytes(frame, self.frame_transform() @ Affine.scale(factor), self.world.epsg, nodata=0, **how)

    @property
    def ids(self) -> list[str]:
        """Return the name of each scene."""
        return self.world.ids

    @property
    def dates(self) -> list[dt.datetime]:
        """Return when each scene was taken, UTC."""
        return self.world.dates

    def at(self, path: str, query: dict[str, str]) -> Resource | None:
        """Return the file at an address, None where there is none."""
        asked = re.fullmatch(r"/data/([\w-]+)/(\w+)\.tif", path)
        found = self.file(asked[1], asked[2]) if asked else None
        return Resource(*found) if found else None


def frame_outline(transform: Affine, size_px: int, epsg: int, step_m: float) -> shapely.Polygon:
    """Return the outline of a square of pixels in degrees, its edges in pieces of `step_m`."""
    west, north, size_m = transform.c, transform.f, PIXEL_M * size_px
    box = shapely.box(west, north - size_m, west + size_m, north)
    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
    return shapely.transform(box.segmentize(step_m), to_degrees.transform, interleaved=False)


def cog_bytes(frame: np.ndarray, transform: Affine, epsg: int, nodata: float, **how: Any) -> bytes:
    """Return a COG with overviews and deflate; `how` are other options of its driver."""
    height, width = frame.shape
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": frame.dtype, "nodata": nodata}
    with MemoryFile() as plain, MemoryFile() as made:
        with plain.open(**profile, crs=f"EPSG:{epsg}", transform=transform, tiled=True, sparse_ok=True) as target:
            target.write(frame, 1)
        with plain.open() as source:
            rasterio.shutil.copy(source, made.name, driver="COG", compress="DEFLATE", num_threads="1", **how)
        return bytes(made.read())


def make_demo(
    seed: int = 0,
    size_px: int = 256,
    start: str = FIRST_DAY,
    end: str = LAST_DAY,
    revisit_days: float = 5,
    **options: Unpack[WorldOptions],
) -> Demo:
    """Return a demo of a world (arguments as of `make_world`), not yet served."""
    made = Demo(make_world(seed, size_px, start, end, revisit_days, **options))
    if size_px > made.frame_px - max(made.inset_px):
        made.frame_px = (size_px + max(made.inset_px) + BLOCK_PX) // BLOCK_PX * BLOCK_PX
    return made


@dataclass(frozen=True)
class DemoPlace:
    """A SIMULATED world that is served at a real place."""

    catalogue: str
    """Address of the STAC API."""
    collection: str
    place: BaseGeometry
    """Outline to look at, in degrees: a little less than the world."""
    start: str
    """First day of the world, ISO."""
    end: str
    """Last day, ISO."""


@contextmanager
def served_at(place: BaseGeometry) -> Iterator[DemoPlace]:
    """Serve a SIMULATED world whose middle is that of `place` (degrees) for as long as the block lasts."""
    middle = place.centroid
    made = make_demo(0, PLACE_PX, FIRST_DAY, LAST_DAY, **corner_of((middle.x, middle.y), PLACE_PX))
    # files of one block: they are made while the user waits
    made.frame_px, made.inset_px = BLOCK_PX, PLACE_INSET_PX
    half_m = PLACE_PX // 2 * PIXEL_M
    with served(made):
        yield DemoPlace(made.catalogue, COLLECTION, around(middle, half_m - PLACE_EDGE_M), FIRST_DAY, LAST_DAY)


def place_around(hall: BaseGeometry) -> BaseGeometry:
    """Return the place (degrees) for `served_at` at which the first hall of its world stands on the outline `hall`."""
    world = make_demo(0, PLACE_PX, FIRST_DAY, LAST_DAY).world
    stands, half_m = world.truth.geometry.iloc[0].centroid, PLACE_PX // 2 * PIXEL_M
    epsg = imagery.utm_epsg(hall.centroid.x, hall.centroid.y)
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(hall.centroid.x, hall.centroid.y)
    middle = x + world.transform.c + half_m - stands.x, y + world.transform.f - half_m - stands.y
    return shapely.Point(Transformer.from_crs(epsg, 4326, always_xy=True).transform(*middle))


def corner_of(middle: tuple[float, float] | None, size_px: int) -> WorldOptions:
    """Return the options by which a world of `size_px` pixels has its middle at a place (degrees); none without one."""
    if middle is None:
        return {}
    epsg = imagery.utm_epsg(*middle)
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(*middle)
    half_m = size_px // 2 * PIXEL_M
    return {
        "epsg": epsg,
        "origin": (round((x - half_m) / GRID_M) * GRID_M, round((y + half_m) / GRID_M) * GRID_M),
    }


def start(
    seed: int = 0,
    size_px: int = 256,
    start: str = FIRST_DAY,
    end: str = LAST_DAY,
    revisit_days: float = 5,
    **options: Unpack[WorldOptions],
) -> Demo:
    """Serve a demo until this process ends, for notebooks; arguments as of `make_demo`."""
    made = make_demo(seed, size_px, start, end, revisit_days, **options)
    _RUNNING.enter_context(served(made))
    return made
