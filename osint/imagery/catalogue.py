"""Search STAC catalogues for the scenes of a site, and keep the answers to repeat a search offline."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import pystac_client
import requests
import shapely
import urllib3
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from requests.adapters import HTTPAdapter
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import OsintError
from osint.geo import Place
from osint.http import AGENT, Cost, cache_folder, checked_manager, named_host
from osint.imagery import items

CATALOGUES = {
    "earth-search": "https://earth-search.aws.element84.com/v1",
    "planetary-computer": "https://planetarycomputer.microsoft.com/api/stac/v1",
    "cdse": "https://stac.dataspace.copernicus.eu/v1",
}
CDSE_HOST = "dataspace.copernicus.eu"
CDSE_TOKEN = "OSINT_CDSE_TOKEN"
"""Environment variable with an access token of the user's own; sent to that service's hosts only."""
PAGE = 250
ATTEMPTS = 5
BACKOFF_S = 0.5
MAX_ITEMS = 20_000
LEAST_SHARE = 1e-6
"""Share of a place below which a scene does not reach it."""
MAX_ANSWER_BYTES = 64 << 20
EARTH_SEARCH = "earth-search"
"""The catalogue that is asked unless another is named."""
SENTINEL2 = "sentinel-2-l2a"
"""Surface reflectance of Sentinel-2, as most catalogues call it."""
SENTINEL2_AT = {CATALOGUES[EARTH_SEARCH]: "sentinel-2-c1-l2a"}
"""Catalogues that hold all years processed alike (Collection 1, aligned scenes) under a name of its own."""
COLUMNS = (
    "id", "datetime", "platform", "cloud_pct", "baseline", "offset", "footprint_share", "tile", "orbit", "epsg",
    "processed", "collection", "catalogue", "credit", "hrefs", "scales", "geometry",
)  # fmt: skip


def default_collection(catalogue: str | Path) -> str:
    """Return the collection of Sentinel-2 surface reflectance that is best for dating at a catalogue.

    >>> default_collection("earth-search"), default_collection("planetary-computer")
    ('sentinel-2-c1-l2a', 'sentinel-2-l2a')
    """
    return SENTINEL2_AT.get(CATALOGUES.get(str(catalogue), str(catalogue)), SENTINEL2)


def scenes(
    place: Place,
    start: str | dt.date,
    end: str | dt.date,
    *,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
    max_cloud_pct: float = 100.0,
    answers: Path | None = None,
    offline: bool = False,
) -> gpd.GeoDataFrame:
    """Return the scenes of a site between two dates (both included), one row each, by time.

    `site` is what `grids.as_geometry` takes. `catalogue` is "earth-search", "planetary-computer", "cdse", the
    address of a STAC API, or a local STAC folder or file. Columns: id, datetime (UTC), platform, cloud_pct,
    baseline, offset (to add to the reflectance; NaN when nothing tells), footprint_share (of the site, 0 to
    1), tile, orbit, epsg, processed, collection, catalogue, credit, hrefs (band to address), scales (band to scale,
    offset and nodata), geometry (footprint, degrees). `.attrs["dropped"]` lists {id, reason} of every item
    that is not returned, by the rule of `items.without_duplicates`; requests, bytes and levels tell the cost.

    Every answer is kept under `answers` (default: the cache folder); with `offline` only kept ones are used.
    """
    geometry = geo.as_geometry(place)
    rows, dropped, spent = _usable(
        geometry,
        start,
        end,
        catalogue=catalogue,
        collection=collection,
        max_cloud_pct=max_cloud_pct,
        answers=answers,
        offline=offline,
    )
    frame = _chosen(rows, geometry)
    frame.attrs = {"dropped": dropped + frame.attrs["dropped"], **spent.as_attrs()}
    return frame


def _usable(
    geometry: BaseGeometry,
    start: str | dt.date,
    end: str | dt.date,
    *,
    catalogue: str | Path,
    collection: str | None,
    max_cloud_pct: float = 100.0,
    answers: Path | None = None,
    offline: bool = False,
) -> tuple[list[dict[str, Any]], list[dict[str, str]], Cost]:
    """Return every usable row that a catalogue has of an area, {id, reason} of the other items, and the cost.

    Arguments as of `scenes`; rows as of `items.row`, with the share of the area. Tiles of one pass and what was
    processed twice are all there: which of them to keep depends on the place, see `chosen`.
    """
    named = CATALOGUES.get(str(catalogue), str(catalogue))
    collection = collection or default_collection(named)
    first, last = _day(start), _day(end)
    if last < first:
        raise OsintError(f"`end` ({last}) is before `start` ({first})")
    span = f"{first}T00:00:00Z/{last}T23:59:59Z"
    spent = Cost()
    if named_host(named):
        io = KeptAnswers(named, answers or cache_folder() / "answers", spent, offline)
        found = _search(io, named, geometry, span, collection)
    elif "://" in named and not named.startswith("file://"):
        raise OsintError(f"`catalogue` {named!r} is neither http(s) nor a folder. Known: {', '.join(CATALOGUES)}")
    else:
        named = named.removeprefix("file://")
        found = _walk(Path(named), geometry, first, last, collection)
    if len(found) >= MAX_ITEMS:
        raise OsintError(f"{collection} has {MAX_ITEMS:,} scenes or more of the area: shorten the dates")
    rows, dropped = _rows(found, geometry, named, max_cloud_pct)
    return rows, dropped, spent


def _chosen(rows: list[dict[str, Any]], geometry: BaseGeometry) -> gpd.GeoDataFrame:
    """Return, in the form of `scenes`, those of the rows of an area to be read for a site inside of it.

    `.attrs["dropped"]` lists {id, reason} of what `items.without_duplicates` drops; rows that do not reach the site are
    just not there. No request is made.
    """
    outlines = np.array([row["geometry"] for row in rows], dtype=object)
    shares = np.minimum(shapely.area(shapely.intersection(outlines, geometry)) / geometry.area, 1.0)
    reach = [
        {**row, "footprint_share": float(share)}
        for row, share in zip(rows, shares, strict=True)
        if share >= LEAST_SHARE
    ]
    kept, doubles = items.without_duplicates(reach, geometry)
    frame = gpd.GeoDataFrame(kept, columns=list(COLUMNS), geometry="geometry", crs=4326)
    frame["datetime"] = pd.to_datetime(frame["datetime"], utc=True)
    frame.attrs = {"dropped": doubles, **Cost().as_attrs()}
    return frame


def _rows(
    found: list[dict[str, Any]], geometry: Any, catalogue: str, max_cloud_pct: float
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the usable rows and why the others are not."""
    rows: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    seen: set[tuple[str, str]] = set()
    for item in found:
        try:
            row = items.row(item, geometry, catalogue)
        except OsintError as error:
            dropped.append({"id": str(item.get("id", ""))[:80], "reason": str(error)})
            continue
        reason = ""
        if (row["collection"], row["id"]) in seen:
            reason = "listed twice"
        elif row["footprint_share"] < LEAST_SHARE:
            reason = "its picture does not reach the site"
        elif row["cloud_pct"] > max_cloud_pct:
            # asked here and not of the catalogue: Earth Search has been seen to ignore the filter silently
            reason = f"cloud {row['cloud_pct']:.0f}% is over {max_cloud_pct:g}%"
        seen.add((row["collection"], row["id"]))
        if reason:
            dropped.append({"id": row["id"], "reason": reason})
        else:
            rows.append(row)
    return rows, dropped


def _search(io: KeptAnswers, url: str, geometry: Any, span: str, collection: str) -> list[dict[str, Any]]:
    host = urlsplit(url).hostname
    try:
        client = pystac_client.Client.open(url, stac_io=io)
        methods = {str(link.extra_fields.get("method", "GET")) for link in client.get_links("search")}
        search = client.search(
            method="POST" if "POST" in methods else "GET",
            collections=[collection],
            intersects=_outline(geometry),
            datetime=span,
            limit=PAGE,
            max_items=MAX_ITEMS,
        )
        return list(search.items_as_dicts())
    except (APIError, requests.RequestException) as error:
        if "no such collection" in str(error).lower():
            raise OsintError(f"{host} has no collection {collection!r}") from error
        text = f"{host} gave no list of scenes for {collection}: {_reason(error)}"
        raise OsintError(f"{text}; it was asked {io.attempts} times, so try later or another catalogue") from error
    except (
        KeyError,
        TypeError,
        ValueError,
        NotImplementedError,
        pystac_client.exceptions.ParametersError,
    ) as error:
        raise OsintError(f"{host} does not answer as a STAC API ({type(error).__name__}: {error})") from error


def _reason(error: Exception) -> str:
    """The innermost cause in a few words: a library's own objects are no reading for a reporter."""
    text = str(error)
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", text) or re.search(
        r"(?:timed out|too many \d+ error responses)[^'\")]*", text
    )
    return found.group(found.lastindex or 0).strip() if found else text[:160]


def _outline(geometry: Any) -> dict[str, Any]:
    """Return a small GeoJSON of the site: a catalogue needs the hull, not each corner."""
    return json.loads(json.dumps(geometry.convex_hull.simplify(1e-5).__geo_interface__))


class KeptAnswers(StacApiIO):
    """pystac-client's way to the network: checked addresses, retries, counting, and every answer kept."""

    def __init__(self, catalogue: str, folder: Path, spent: Cost, offline: bool) -> None:
        super().__init__(timeout=60)
        self.folder, self.spent, self.offline, self.attempts = Path(folder), spent, offline, ATTEMPTS
        self._own = urlsplit(catalogue)
        retry = urllib3.Retry(
            total=self.attempts - 1,
            backoff_factor=BACKOFF_S,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
            redirect=0,
            respect_retry_after_header=True,
            backoff_max=20,
        )
        adapter = _CheckedAdapter(catalogue, spent, max_retries=retry)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)
        self.session.trust_env = False
        self.session.headers["User-Agent"] = AGENT

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Answer one request, from the kept file when offline."""
        to = urlsplit(href)
        if (to.scheme, to.netloc) != (self._own.scheme, self._own.netloc):
            raise APIError(f"the catalogue points to {to.netloc}, a host that was not named")
        key = json.dumps([method or "GET", href, parameters], sort_keys=True, default=str)
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
        if self.offline:
            if not path.is_file():
                raise APIError("this search was not made before, and `offline` allows no new one")
            return str(json.loads(path.read_text())["answer"])
        text = super().request(href, method, headers, parameters)
        if len(text) > MAX_ANSWER_BYTES:
            raise APIError("one page of the answer is over 64 MB")
        self.spent.add("list", size=len(text.encode()))
        self._keep(path, key, text)
        return str(text)

    def _keep(self, path: Path, key: str, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        part.write_text(json.dumps({"asked": json.loads(key), "captured": now, "answer": text}))
        part.replace(path)


class _CheckedAdapter(HTTPAdapter):
    """requests over connections that check where they lead; counts what is sent, retries included."""

    def __init__(self, catalogue: str, spent: Cost, **kwargs: Any) -> None:
        self._catalogue, self._spent = catalogue, spent
        super().__init__(**kwargs)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Use the checked connections."""
        self.poolmanager = checked_manager(self._catalogue, connections=4)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send and count; a redirect to another host ends here."""
        if urlsplit(request.url).netloc != urlsplit(self._catalogue).netloc:
            msg = f"the catalogue points to {urlsplit(request.url).netloc}, a host that was not named"
            raise requests.exceptions.InvalidURL(msg)
        answer = super().send(request, *args, **kwargs)
        history = getattr(answer.raw.retries, "history", ()) if answer.raw.retries else ()
        self._spent.add("list", requests=1 + len(history))
        return answer


def _walk(path: Path, geometry: Any, first: dt.date, last: dt.date, collection: str) -> list[dict[str, Any]]:
    """Return the items of a local catalogue (item, item collection, or catalog.json with relative links)."""
    top = path / "catalog.json" if path.is_dir() else path
    root = top.resolve().parent
    found: list[dict[str, Any]] = []
    waiting = [top.resolve()]
    seen: set[Path] = set()
    while waiting and len(seen) < MAX_ITEMS:
        here = waiting.pop()
        if here in seen or not here.is_relative_to(root):
            continue
        seen.add(here)
        body = _local_json(here)
        if body.get("type") == "FeatureCollection":
            found += body.get("features", [])
        elif body.get("type") == "Feature":
            found.append(_with_full_paths(body, here.parent, root))
        for link in body.get("links", []):
            href = str(link.get("href", ""))
            if link.get("rel") in ("child", "item") and "://" not in href:
                waiting.append((here.parent / href).resolve())
    fits = []
    for item in found:
        when = str((item.get("properties") or {}).get("datetime") or "")[:10]
        if str(first) <= when <= str(last) and item.get("collection", collection) == collection:
            fits.append({**item, "collection": collection})
    return fits


def _with_full_paths(item: dict[str, Any], folder: Path, root: Path) -> dict[str, Any]:
    """Return an item whose relative hrefs count from the catalogue's folder instead of its own."""
    assets = {}
    for name, asset in (item.get("assets") or {}).items():
        href = str(asset.get("href", ""))
        near = "://" not in href and not href.startswith("/")
        assets[name] = {**asset, "href": os.path.relpath(folder / href, root) if near else href}
    return {**item, "assets": assets}


def _local_json(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise OsintError(f"{path.name} is not a readable STAC file ({type(error).__name__})") from error
    if not isinstance(body, dict):
        raise OsintError(f"{path.name} is not a STAC file")
    return body


def _day(value: str | dt.date) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value[:10])
    except ValueError as error:
        raise OsintError(f"{value!r} is not a date as 2024-06-30") from error


BLOCK_DEG = 0.5
"""Side of a block of tiles: a list of its scenes is two or three times that of one tile, for some ninety tiles."""
REACH_DEG = 0.05
KEPT = 4
"""Lists that a process holds, some megabytes each; a search goes block by block and needs one at a time."""
KEPT_S = 3600.0
_lock = threading.Lock()


@dataclass(frozen=True)
class SceneList:
    """The usable scenes that a catalogue has of an area."""

    area: BaseGeometry
    """Lon/lat."""
    rows: list[dict[str, Any]] = field(repr=False)
    """As `items.row` gives them; `footprint_share` is that of the area."""
    cost: dict[str, Any]
    """Requests, bytes and levels of the question."""

    def of(self, place: Place) -> gpd.GeoDataFrame:
        """Return what `imagery.scenes` returns for a place inside the area; attrs hold no cost, as none was made."""
        return _chosen(self.rows, geo.as_geometry(place))


def list_scenes(
    place: Place, start: str, end: str, *, catalogue: str | Path = EARTH_SEARCH, collection: str | None = None
) -> SceneList:
    """Return the scenes of an area between two dates (both included); arguments as of `scenes`.

    Which of the tiles of a pass, and of twice processed scenes, to keep depends on the place: nothing is dropped here.
    """
    geometry = geo.as_geometry(place)
    rows, _, spent = _usable(geometry, start, end, catalogue=catalogue, collection=collection)
    return SceneList(geometry, rows, spent.as_attrs())


_kept: deque[tuple[tuple[str, ...], float, SceneList]] = deque(maxlen=KEPT)


def block_of(place: BaseGeometry) -> tuple[int, int]:
    """Return row and column of the block of BLOCK_DEG that holds the middle of a lon/lat place."""
    west, south, east, north = place.bounds
    return math.floor((south + north) / 2 / BLOCK_DEG), math.floor((west + east) / 2 / BLOCK_DEG)


def block_scenes(
    place: BaseGeometry, start: str, end: str, *, catalogue: str | Path = EARTH_SEARCH, collection: str | None = None
) -> tuple[SceneList, int]:
    """Return the scenes of the block around a place (degrees), and the bytes that the search cost now.

    A process asks once per block and holds the last KEPT answers for at most KEPT_S; arguments as of `scenes`.
    """
    asked = (str(catalogue), str(collection), start, end)
    with _lock:
        now = time.monotonic()
        for what, since, one in _kept:
            if what == asked and now - since < KEPT_S and one.area.covers(place):
                return one, 0
        made = list_scenes(_about(place), start, end, catalogue=catalogue, collection=collection)
        _kept.append((asked, now, made))
        return made, int(made.cost["bytes"])


def forget_blocks() -> None:
    """Drop the lists that are held: the next search asks the catalogue again."""
    with _lock:
        _kept.clear()


def _about(place: BaseGeometry) -> BaseGeometry:
    """Return the block of a place, as much wider as places of this size with their middle in it may reach."""
    row, column = block_of(place)
    west, south, east, north = place.bounds
    wide, high = (REACH_DEG * math.ceil(size / 2 / REACH_DEG) for size in (east - west, north - south))
    return shapely.box(
        max(column * BLOCK_DEG - wide, -180),
        max(row * BLOCK_DEG - high, -90),
        min((column + 1) * BLOCK_DEG + wide, 180),
        min((row + 1) * BLOCK_DEG + high, 90),
    )
