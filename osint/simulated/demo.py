"""Serve a small SIMULATED world over HTTP on this machine: a STAC API and COGs made on demand from a seed."""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.io import MemoryFile

from osint import imagery
from osint.simulated import scenes, server
from osint.simulated import world as simulate

COLLECTION = "sentinel-2-l2a"
CREDIT = server.CREDIT
BLOCK_PX = 1024
_RUNNING = contextlib.ExitStack()
atexit.register(_RUNNING.close)
BAND_OF = {name: band for name, band in imagery.S2_NAMES.items() if band in scenes.BANDS}


@dataclass
class Demo:
    """A simulated world behind an address."""

    world: simulate.World
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
        size, t = self.world.size_px, self.world.transform
        box = shapely.box(t.c, t.f - 10 * size, t.c + 10 * size, t.f)
        to_degrees = Transformer.from_crs(self.world.epsg, 4326, always_xy=True)
        return shapely.transform(box.segmentize(500), to_degrees.transform, interleaved=False)

    def frame_transform(self) -> Affine:
        """Return the transform of a served 10 m band."""
        return self.world.transform @ Affine.translation(-self.inset_px[1], -self.inset_px[0])

    def item(self, i: int) -> dict[str, Any]:
        """Return scene `i` as an item in the form of Earth Search v1."""
        world, base = self.world, self.catalogue
        identifier = world.ids[i]
        old = world.baselines[i] < imagery.OFFSET_SINCE
        assets: dict[str, Any] = {}
        for name, band in BAND_OF.items():
            raster = {
                "nodata": 0,
                "data_type": "uint16",
                "scale": 1e-4,
                "offset": 0.0 if old else imagery.OFFSET,
            }
            assets[name] = {
                "href": f"{base}/data/{identifier}/{band}.tif",
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "title": f"{name} (SIMULATED)",
                "eo:bands": [{"name": name, "common_name": name}],
                "raster:bands": [raster],
                "roles": ["data", "reflectance"],
            }
        assets["scl"] = {
            "href": f"{base}/data/{identifier}/SCL.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "raster:bands": [{"nodata": 0, "data_type": "uint8"}],
            "roles": ["data", "reflectance"],
        }
        outline = self.footprint()
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "stac_extensions": [],
            "id": identifier,
            "collection": COLLECTION,
            "bbox": list(outline.bounds),
            "geometry": json.loads(json.dumps(outline.__geo_interface__)),
            "properties": {
                "datetime": world.dates[i].isoformat().replace("+00:00", "Z"),
                "platform": world.platform[i],
                "constellation": "sentinel-2",
                "title": CREDIT,
                "osint:simulated": True,
                "eo:cloud_cover": world.cloud_cover[i],
                "proj:epsg": world.epsg,
                "s2:processing_baseline": world.baselines[i],
                "s2:sequence": "0",
                "earthsearch:boa_offset_applied": False,
            },
            "assets": assets,
            "links": [],
        }

    def file(self, identifier: str, band: str) -> tuple[bytes, str] | None:
        """Return the bytes and the ETag of a COG, None when there is no such scene or band."""
        name = f"{identifier}/{band}"
        with self._lock:
            if name not in self._files:
                if identifier not in self.world.ids or band not in (*scenes.BANDS, "SCL"):
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
        nearest = pixels.dtype == np.uint8
        return cog_bytes(frame, self.frame_transform() @ Affine.scale(factor), self.world.epsg, nearest)

    @property
    def ids(self) -> list[str]:
        """Return the name of each scene."""
        return self.world.ids

    @property
    def dates(self) -> list[dt.datetime]:
        """Return when each scene was taken, UTC."""
        return self.world.dates

    def at(self, path: str, query: dict[str, str]) -> server.Answer | None:
        """Return the file at an address, None where there is none."""
        asked = re.fullmatch(r"/data/([\w-]+)/(\w+)\.tif", path)
        found = self.file(asked[1], asked[2]) if asked else None
        return server.Answer(*found) if found else None


def cog_bytes(frame: np.ndarray, transform: Affine, epsg: int, nearest: bool) -> bytes:
    """Return a COG with tiles of 1024, overviews, deflate and predictor 2; 0 is nodata."""
    profile = {
        "driver": "GTiff",
        "height": frame.shape[0],
        "width": frame.shape[1],
        "count": 1,
        "dtype": frame.dtype,
        "crs": f"EPSG:{epsg}",
        "transform": transform,
        "nodata": 0,
        "tiled": True,
        "sparse_ok": True,
    }
    with MemoryFile() as plain, MemoryFile() as made:
        with plain.open(**profile) as target:
            target.write(frame, 1)
        with plain.open() as source:
            rasterio.shutil.copy(
                source,
                made.name,
                driver="COG",
                compress="DEFLATE",
                predictor="YES",
                blocksize=BLOCK_PX,
                overview_resampling=(Resampling.nearest if nearest else Resampling.average).name.upper(),
                sparse_ok="TRUE",
                num_threads="1",
            )
        return bytes(made.read())


def demo(seed: int = 0, size_px: int = 256, start: str = "2023-01-01", end: str = "2025-12-31", **kwargs: Any) -> Demo:
    """Return a demo of `simulate.world(seed, size_px, start, end, ...)`, not yet served."""
    made = Demo(simulate.world(seed, size_px, start, end, **kwargs))
    if size_px > made.frame_px - max(made.inset_px):
        made.frame_px = (size_px + max(made.inset_px) + BLOCK_PX) // BLOCK_PX * BLOCK_PX
    return made


@contextmanager
def served(made: Demo, port: int = 0, *more: server.Collection) -> Iterator[Demo]:
    """Serve a demo, and `more` collections with it, on loopback for as long as the block lasts; port 0 takes a free one."""
    with server.served((made, *more), port):
        yield made


def start(seed: int = 0, size_px: int = 256, **kwargs: Any) -> Demo:
    """Serve a demo until this process ends, for notebooks; the arguments are those of `demo`."""
    made = demo(seed, size_px, **kwargs)
    _RUNNING.enter_context(served(made))
    return made
