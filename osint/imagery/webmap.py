"""Fetch map tiles that a person looks at, with their date, credit and terms: Esri Wayback, EOX, any XYZ."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import math
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from PIL import Image
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import BadInputError, NetworkError, NotFoundError, RefusedError, UnreadableError
from osint.geo import Place
from osint.http import ByteCache, Cost, Ranges, cache_folder, read_json
from osint.imagery.gdal import UNREAD
from osint.imagery.grid import mercator_scale
from osint.register import date_bounds

TILE_PX = 256
MAX_TILES = 64
"""A polite request: more is a download of a map, which the providers' terms exclude."""
POLITE_CONNECTIONS = 4
MAX_TILE_BYTES = 4 << 20
HALF_WORLD_M = math.pi * 6378137.0
WAYBACK_LIST = "https://s3-us-west-2.amazonaws.com/config.maptiles.arcgis.com/waybackconfig.json"
WAYBACK_MAX_ZOOM = 23


@dataclass(frozen=True)
class Layer:
    """A tiled map in Web Mercator."""

    template: str
    """Address with {z}, {x}, {y}, and {date} where the layer has dates."""
    credit: str
    terms: str
    date: str = ""
    """What is known of when its pictures were taken."""


LAYERS = {
    "eox-2023": Layer(
        "https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless-2023_3857/default/g/{z}/{y}/{x}.jpg",
        "Sentinel-2 cloudless by EOX IT Services GmbH (contains modified Copernicus Sentinel data 2023)",
        "CC BY-NC-SA 4.0; commercial use needs a licence: s2maps.eu",
        "mosaic of 2023",
    ),
    "eox-2016": Layer(
        "https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless_3857/default/g/{z}/{y}/{x}.jpg",
        "Sentinel-2 cloudless by EOX IT Services GmbH (contains modified Copernicus Sentinel data 2016-17)",
        "CC BY 4.0: s2maps.eu",
        "mosaic of 2016 and 2017",
    ),
}
WAYBACK_CREDIT = "Esri, Maxar, Earthstar Geographics, and the GIS User Community (World Imagery Wayback)"
WAYBACK_TERMS = "Esri Master License Agreement: to look at and to quote with credit, not to store in bulk"


@dataclass(frozen=True)
class Release:
    """One release of Esri's Wayback archive."""

    number: int
    published: dt.date
    """When Esri put it out; the pictures in it are older."""
    template: str
    metadata: str
    """Address of the release's metadata service, empty when there is none."""
    acquired: str = ""
    """When the picture at a place was taken, as far as the metadata state it."""


@dataclass(frozen=True)
class MapTiles:
    """A picture put together from tiles."""

    image: np.ndarray
    """Rows, columns, 3: uint8; tiles that could not be read are black and listed in `missing`."""
    bounds: tuple[float, float, float, float]
    """West, south, east, north in `crs`, metres of the map."""
    crs: str
    date: str
    """Acquired, as the layer states it for the centre of the place; never the date of the release instead."""
    credit: str
    terms: str
    metres_per_pixel: float
    """On the ground at the place, corrected for the scale of Web Mercator."""
    missing: tuple[str, ...]
    cost: Cost


def map_tiles(
    place: Place,
    zoom: int,
    layer: str = "eox-2023",
    date: str | dt.date | None = None,
    *,
    releases_at: str = WAYBACK_LIST,
    cache: Path | bool = True,
) -> MapTiles:
    """Return the tiles of a layer over a place as one picture, in EPSG:3857.

    `layer` is a name of `LAYERS`, "esri-wayback", or an address with {z}, {x}, {y} and perhaps {date}. For Wayback,
    `date` chooses the last release published by then (default: the newest), and the date returned is the
    acquisition date that the release's own metadata give for the centre of the place. Raises RefusedError for
    more than MAX_TILES, BadInputError for an unknown layer, NetworkError when no tile could be read.
    """
    geometry = geo.as_geometry(place)
    spent = Cost()
    if layer == "esri-wayback":
        release = _release(date, _releases(releases_at, spent))
        source = _ranges(releases_at, spent, cache)
        chosen = Layer(release.template, WAYBACK_CREDIT, WAYBACK_TERMS, _acquired(release, geometry, zoom, source))
    else:
        chosen = _layer(layer, date)
        source = _ranges(chosen.template, spent, cache)
    columns, rows = _span(geometry, zoom)
    places = [(x, y) for y in range(rows[0], rows[1] + 1) for x in range(columns[0], columns[1] + 1)]
    if len(places) > MAX_TILES:
        raise RefusedError(f"the place needs {len(places)} tiles at zoom {zoom}, the limit is {MAX_TILES}: zoom out")
    canvas = np.zeros(((rows[1] - rows[0] + 1) * TILE_PX, (columns[1] - columns[0] + 1) * TILE_PX, 3), np.uint8)
    missing = []
    with ThreadPoolExecutor(POLITE_CONNECTIONS) as pool:
        jobs = [(x, y, pool.submit(_tile, source, chosen.template, (x, y, zoom))) for x, y in places]
        for x, y, job in jobs:
            try:
                top, left = (y - rows[0]) * TILE_PX, (x - columns[0]) * TILE_PX
                canvas[top : top + TILE_PX, left : left + TILE_PX] = job.result()
            except UNREAD as error:
                missing.append(f"{zoom}/{x}/{y}: {error}")
    if len(missing) == len(places):
        raise NetworkError(f"no tile of the layer could be read; the first reason: {missing[0]}")
    size_m = 2 * HALF_WORLD_M / 2**zoom
    (west, east), (north, south) = ((first * size_m, (last + 1) * size_m) for first, last in (columns, rows))
    bounds = west - HALF_WORLD_M, HALF_WORLD_M - south, east - HALF_WORLD_M, HALF_WORLD_M - north
    ground_m = size_m / TILE_PX / mercator_scale(geometry.centroid.y)
    about = chosen.date, chosen.credit, chosen.terms
    return MapTiles(canvas, bounds, "EPSG:3857", *about, ground_m, tuple(missing), spent)


def _releases(releases_at: str, spent: Cost) -> list[Release]:
    """Return the releases of Esri's Wayback archive, oldest first."""
    # the list grows: it is asked each time, and its answer is small
    return read_releases(_ranges(releases_at, spent, False).whole(releases_at, "list", 4 << 20))


def read_releases(body: bytes) -> list[Release]:
    """Return the releases of a list as Esri writes it, oldest first; raises UnreadableError where it holds none."""
    listed = _json(body, "the list of releases")
    found = []
    for number, entry in listed.items():
        with contextlib.suppress(KeyError, IndexError, TypeError, ValueError, AttributeError):
            day = dt.date.fromisoformat(re.findall(r"\d{4}-\d\d-\d\d", entry["itemTitle"])[0])
            template = entry["itemURL"].replace("{level}", "{z}").replace("{row}", "{y}").replace("{col}", "{x}")
            if all(part in template for part in ("{z}", "{y}", "{x}")):
                found.append(Release(int(number), day, template, str(entry.get("metadataLayerUrl") or "")))
    if not found:
        raise UnreadableError("the list of Wayback releases holds none that can be read")
    return sorted(found, key=lambda r: (r.published, r.number))


def changed_releases(
    place: Place, zoom: int, *, releases_at: str = WAYBACK_LIST, cache: Path | bool = True
) -> list[Release]:
    """Return the Wayback releases in which the tile at the centre of the place changed, oldest first, with its date.

    A release that did not renew a tile serves the older one; two releases with the same bytes at the centre
    are one picture, and the first of them is returned.
    """
    source = _ranges(releases_at, Cost(), cache)
    geometry = geo.as_geometry(place)
    x, y = _at(geometry.centroid, zoom)
    kept, before = [], b""
    for release in _releases(releases_at, Cost()):
        try:
            body = _body(source, release.template, (x, y, zoom))
        except UNREAD:
            continue
        if body != before:
            kept.append(dataclasses.replace(release, acquired=_acquired(release, geometry, zoom, source)))
        before = body
    return kept


def _release(date: str | dt.date | None, listed: list[Release]) -> Release:
    limit = date_bounds(str(date))[1] if date else dt.date.max
    fits = [release for release in listed if release.published <= limit]
    if not fits:
        raise NotFoundError(f"Wayback has no release by {limit}: its first is of {listed[0].published}")
    return fits[-1]


def _acquired(release: Release, geometry: BaseGeometry, zoom: int, source: Ranges) -> str:
    """Return the acquisition date and sensor at the centre of the place, from the release's own metadata."""
    unknown = f"unknown (in the release of {release.published})"
    if not release.metadata:
        return unknown
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(geometry.centroid.x, geometry.centroid.y)
    layer = min(max(WAYBACK_MAX_ZOOM - zoom, 0), 13)
    point = f'{{"spatialReference":{{"wkid":3857}},"x":{x:.2f},"y":{y:.2f}}}'
    href = (
        f"{release.metadata}/{layer}/query?f=json&where=1%3D1&outFields=SRC_DATE2,NICE_DESC,SRC_DESC,SAMP_RES"
        f"&geometryType=esriGeometryPoint&spatialRel=esriSpatialRelIntersects&returnGeometry=false&geometry={point}"
    )
    try:
        found = _json(source.whole(href.replace('"', "%22"), "list", 1 << 20), "the metadata of a release")
        facts = found["features"][0]["attributes"]
        taken = dt.datetime.fromtimestamp(facts["SRC_DATE2"] / 1000, dt.UTC)
    except (LookupError, TypeError, ValueError, OverflowError, OSError):
        return unknown
    sensor = " ".join(str(facts.get(k) or "") for k in ("NICE_DESC", "SRC_DESC")).strip()
    return f"{taken:%Y-%m-%d} ({sensor})" if sensor else f"{taken:%Y-%m-%d}"


def _layer(layer: str, date: str | dt.date | None) -> Layer:
    if layer in LAYERS:
        return LAYERS[layer]
    if not all(part in layer for part in ("{z}", "{x}", "{y}")):
        names = ", ".join([*LAYERS, "esri-wayback"])
        raise BadInputError(f"unknown layer {layer!r}. Options are: {names}, or an address with {{z}}, {{x}}, {{y}}")
    if "{date}" in layer and date is None:
        raise BadInputError("this layer has dates: give `date`, for example '2024-06-30'")
    terms = "terms not given: ask the provider before publishing"
    return Layer(layer.replace("{date}", str(date)), "credit not given", terms, str(date or ""))


def _ranges(named: str, spent: Cost, cache: Path | bool) -> Ranges:
    folder = cache_folder() / "tiles" if cache is True else cache
    return Ranges(named, spent, ByteCache(Path(folder), 512 << 20) if folder else None)


def _body(source: Ranges, template: str, place: tuple[int, int, int]) -> bytes:
    x, y, z = map(str, place)
    address = template.replace("{z}", z).replace("{x}", x).replace("{y}", y)
    return source.whole(address, "tile", MAX_TILE_BYTES)


def _tile(source: Ranges, template: str, place: tuple[int, int, int]) -> np.ndarray:
    body = _body(source, template, place)
    try:
        with Image.open(io.BytesIO(body), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.size in ((TILE_PX, TILE_PX), (2 * TILE_PX, 2 * TILE_PX)):
                return np.asarray(image.convert("RGB").resize((TILE_PX, TILE_PX)))
            raise ValueError(f"{image.size[0]} x {image.size[1]} pixels")
    except (OSError, SyntaxError, ValueError) as error:
        shown = "a page" if body.lstrip()[:1] == b"<" else "not a picture"
        raise UnreadableError(f"{shown} came instead of a tile ({str(error)[:60]})") from error


def _at(point: shapely.Point, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile that holds a point (degrees)."""
    if not 0 <= zoom <= WAYBACK_MAX_ZOOM:
        raise BadInputError(f"`zoom` is from 0 to {WAYBACK_MAX_ZOOM}, not {zoom}")
    x = (point.x + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(point.y))) / math.pi) / 2
    last = 2**zoom - 1
    return min(max(int(x * 2**zoom), 0), last), min(max(int(y * 2**zoom), 0), last)


def _span(geometry: BaseGeometry, zoom: int) -> tuple[tuple[int, int], tuple[int, int]]:
    west, south, east, north = geometry.bounds
    first, last = _at(shapely.Point(west, north), zoom), _at(shapely.Point(east, south), zoom)
    return (first[0], last[0]), (first[1], last[1])


def _json(body: bytes, what: str) -> dict[str, Any]:
    try:
        found = read_json(body)
    except ValueError as error:
        raise UnreadableError(f"{what} is not readable JSON") from error
    if not isinstance(found, dict):
        raise UnreadableError(f"{what} has another form than expected")
    return found
