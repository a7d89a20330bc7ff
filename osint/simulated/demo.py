"""Serve a SIMULATED world over HTTP on this machine: a STAC API, and COGs made on demand, by byte range."""

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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Unpack
from urllib.parse import parse_qs, urlsplit

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
from osint.errors import BadInputError, RefusedError
from osint.simulated.ground import BANDS, PIXEL_M
from osint.simulated.world import FIRST_DAY, LAST_DAY, World, WorldOptions, make_world

CREDIT = "SIMULATED: not a picture of any real place"
PAGE = 100
MOST_PORT = 65_535


@dataclass(frozen=True)
class Resource:
    """What lies at an address; a file with an ETag is served by byte range too."""

    body: bytes
    etag: str = ""
    status: int = 200
    kind: str = "image/tiff"


class Collection(Protocol):
    """Scenes of one kind behind an address."""

    name: str
    catalogue: str
    """Address of the server, set when it starts."""

    @property
    def ids(self) -> list[str]:
        """Return the name of each scene."""

    @property
    def dates(self) -> list[dt.datetime]:
        """Return when each scene was taken, UTC, in order."""

    def footprint(self) -> shapely.Polygon:
        """Return the outline of every scene in degrees."""

    def item(self, i: int) -> dict[str, Any]:
        """Return scene `i` as a STAC item."""

    def at(self, path: str, query: dict[str, str]) -> Resource | None:
        """Return what lies at an address that is not of the STAC API, None where nothing does."""


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


def cog_asset(href: str, name: str, raster: dict[str, Any]) -> dict[str, Any]:
    """Return a band as an asset of a STAC item."""
    kind = "image/tiff; application=geotiff; profile=cloud-optimized"
    return {"href": href, "type": kind, "title": f"{name} (SIMULATED)", "raster:bands": [raster], "roles": ["data"]}


def stac_item(
    identifier: str, collection: str, outline: shapely.Polygon, properties: dict[str, Any], assets: dict[str, Any]
) -> dict[str, Any]:
    """Return a scene as a STAC item that says that it is SIMULATED."""
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": identifier,
        "collection": collection,
        "bbox": list(outline.bounds),
        "geometry": json.loads(json.dumps(outline.__geo_interface__)),
        "properties": {"title": CREDIT, "osint:simulated": True, **properties},
        "assets": assets,
        "links": [],
    }


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


@contextmanager
def served(made: Demo, port: int = 0, *more: Collection) -> Iterator[Demo]:
    """Serve a demo and `more` collections on loopback for as long as the block lasts; port 0 takes a free one.

    Raises BadInputError for a number that is not a port, RefusedError if the port is taken.
    """
    if not 0 <= port <= MOST_PORT:
        raise BadInputError(f"a port is 0 (a free one) to {MOST_PORT}, not {port}")
    try:
        server = _Server(("127.0.0.1", port), _Handler)
    except OSError as error:
        raise RefusedError(f"port {port} of this machine is taken ({error.strerror}): choose another") from error
    base = f"http://127.0.0.1:{server.server_address[1]}"
    collections = (made, *more)
    for collection in collections:
        collection.catalogue = base
    server.api = Api(base, collections)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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


@dataclass(frozen=True)
class Api:
    """The STAC API of some collections."""

    base: str
    collections: tuple[Collection, ...]

    def answer(self, path: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Return the JSON of one address of the API, None where there is nothing."""
        if path == "/search":
            return self.search(asked)
        for collection in self.collections:
            if path == f"/collections/{collection.name}/items":
                return self.search({**asked, "collections": [collection.name]})
            if path == f"/collections/{collection.name}":
                return _described(collection)
        if path == "/collections":
            return {"collections": [_described(c) for c in self.collections], "links": []}
        return self._root() if path == "" else None

    def search(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer a STAC search: collections, datetime, bbox or intersects, ids, limit, token."""
        chosen = [(c, i) for c in self.collections for i in range(len(c.ids)) if _fits(c, i, asked)]
        limit, start = min(int(asked.get("limit") or 10), PAGE), int(asked.get("token") or 0)
        page = chosen[start : start + limit]
        links = []
        if start + limit < len(chosen):
            body = {**asked, "limit": limit, "token": str(start + limit)}
            links = [{"rel": "next", "method": "POST", "merge": False, "href": f"{self.base}/search", "body": body}]
        return {
            "type": "FeatureCollection",
            "stac_version": "1.0.0",
            "context": {"limit": limit, "matched": len(chosen), "returned": len(page)},
            "numberMatched": len(chosen),
            "numberReturned": len(page),
            "features": [c.item(i) for c, i in page],
            "links": links,
        }

    def _root(self) -> dict[str, Any]:
        api = "https://api.stacspec.org/v1.0.0"
        geojson = {"rel": "search", "type": "application/geo+json", "href": f"{self.base}/search"}
        return {
            "type": "Catalog",
            "id": "osint-demo",
            "stac_version": "1.0.0",
            "title": "osint demo (SIMULATED)",
            "description": CREDIT,
            "conformsTo": [f"{api}/core", f"{api}/collections", f"{api}/item-search"],
            "links": [
                {"rel": "self", "type": "application/json", "href": self.base},
                {"rel": "root", "type": "application/json", "href": self.base},
                {"rel": "data", "type": "application/json", "href": f"{self.base}/collections"},
                {**geojson, "method": "GET"},
                {**geojson, "method": "POST"},
            ],
        }


def _described(collection: Collection) -> dict[str, Any]:
    first, last = collection.dates[0].isoformat(), collection.dates[-1].isoformat()
    return {
        "type": "Collection",
        "id": collection.name,
        "stac_version": "1.0.0",
        "description": CREDIT,
        "license": "CC0-1.0",
        "extent": {
            "spatial": {"bbox": [list(collection.footprint().bounds)]},
            "temporal": {"interval": [[first, last]]},
        },
        "links": [],
    }


def _fits(collection: Collection, i: int, asked: dict[str, Any]) -> bool:
    if collection.name not in (asked.get("collections") or [collection.name]):
        return False
    if asked.get("ids") and collection.ids[i] not in asked["ids"]:
        return False
    start, _, end = str(asked.get("datetime") or "../..").partition("/")
    first, last = (dt.datetime.fromisoformat(v) if v not in ("", "..") else None for v in (start, end))
    when = collection.dates[i]
    if (first and when < first) or (last and when > last):
        return False
    if asked.get("bbox"):
        return bool(collection.footprint().intersects(shapely.box(*asked["bbox"])))
    if asked.get("intersects"):
        return bool(collection.footprint().intersects(shapely.geometry.shape(asked["intersects"])))
    return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: Api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        for collection in self.server.api.collections:
            found = collection.at(parts.path, query)
            if found:
                self._file(found)
                return
        asked: dict[str, Any] = dict(query)
        for key in ("collections", "ids"):
            if key in query:
                asked[key] = query[key].split(",")
        if "bbox" in query:
            asked["bbox"] = [float(v) for v in query["bbox"].split(",")]
        if "intersects" in query:
            asked["intersects"] = json.loads(query["intersects"])
        self._json(self.server.api.answer(parts.path.rstrip("/"), asked))

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        size = min(int(self.headers.get("Content-Length") or 0), 1 << 20)
        try:
            asked = json.loads(self.rfile.read(size) or b"{}")
        except ValueError:
            asked = {}
        self._json(self.server.api.answer(urlsplit(self.path).path.rstrip("/"), asked))

    def _json(self, answer: dict[str, Any] | None) -> None:
        body = json.dumps(answer or {"code": "NotFoundError", "description": "no such address"}).encode()
        self._send(200 if answer else 404, body, {"Content-Type": "application/geo+json"})

    def _file(self, found: Resource) -> None:
        headers = {"Content-Type": found.kind}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if found.etag:
            headers |= {"ETag": found.etag, "Accept-Ranges": "bytes"}
        if not asked or not found.etag:
            self._send(found.status, found.body, headers)
            return
        size = len(found.body)
        start, stop = int(asked[1]), min(int(asked[2] or size) + 1, size)
        if start >= size:
            self._send(416, b"", {"Content-Range": f"bytes */{size}"})
            return
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        self._send(206, found.body[start:stop], headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        pass
