"""Answer as a STAC API does for collections of SIMULATED scenes, over HTTP on this machine."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import shapely

from osint.errors import BadInputError, RefusedError

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


Served = TypeVar("Served", bound=Collection)


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


@contextmanager
def served(made: Served, port: int = 0, *more: Collection) -> Iterator[Served]:
    """Serve a collection and `more` on loopback for as long as the block lasts; port 0 takes a free one.

    Raises BadInputError for a number that is not a port, RefusedError if the port is taken.
    """
    if not 0 <= port <= MOST_PORT:
        raise BadInputError(f"a port is 0 (a free one) to {MOST_PORT}, not {port}")
    try:
        server = _Server(("127.0.0.1", port), _Handler)
    except OSError as error:
        raise RefusedError(f"port {port} of this machine is taken ({error.strerror}): choose another") from error
    base = f"http://127.0.0.1:{server.server_address[1]}"
    collections: tuple[Collection, ...] = (made, *more)
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
