"""Search STAC catalogues for the scenes of a place, and keep the answers to repeat a search offline.

A search over many tiles asks once per block of tiles and chooses the scenes of each tile from that list.
"""

from __future__ import annotations

import dataclasses
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

import numpy as np
import pystac_client
import requests
import shapely
import urllib3
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from requests.adapters import HTTPAdapter
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import BadInputError, OsintError, RefusedError, UnreadableError
from osint.geo import Place
from osint.http import AGENT, Cost, cache_folder, checked_manager, named_host
from osint.imagery import items
from osint.imagery.items import Remark, Scene, Scenes
from osint.register import date_bounds

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
BLOCK_DEG = 0.5
"""Side of a block of tiles: its list of scenes is two or three times that of one tile, for about ninety tiles."""
REACH_DEG = 0.05
"""Places reach beyond their block by multiples of this."""
KEPT = 4
"""Lists that a process holds, some megabytes each; a search goes block by block and needs one at a time."""
KEPT_S = 3600.0
"""How long a list is held, in seconds."""
_lock = threading.Lock()


def default_collection(catalogue: str | Path) -> str:
    """Return the collection of Sentinel-2 surface reflectance that is best for dating at a catalogue.

    >>> default_collection("earth-search"), default_collection("planetary-computer")
    ('sentinel-2-c1-l2a', 'sentinel-2-l2a')
    """
    return SENTINEL2_AT.get(CATALOGUES.get(str(catalogue), str(catalogue)), SENTINEL2)


@dataclass(frozen=True, slots=True)
class SceneList:
    """The usable scenes that a catalogue has of an area, from which those of each place in it are chosen."""

    area: BaseGeometry
    """Outline in degrees (longitude, latitude; WGS-84)."""
    scenes: tuple[Scene, ...] = field(repr=False)
    """Tiles of one pass and what was processed twice are all here; `footprint_share` is that of the area."""
    dropped: tuple[Remark, ...] = field(repr=False)
    """Items that cannot be used, with the reason."""
    cost: Cost
    """Requests and bytes that the search cost, by level."""

    def of(self, place: Place) -> Scenes:
        """Return the scenes to read for a place inside the area, by the rule of `items.without_duplicates`.

        Scenes that do not reach the place are left out. No request is made, so the cost is nothing.
        """
        geometry = geo.as_geometry(place)
        outlines = np.array([scene.geometry for scene in self.scenes], dtype=object)
        shares = np.minimum(shapely.area(shapely.intersection(outlines, geometry)) / geometry.area, 1.0)
        reach = [
            dataclasses.replace(scene, footprint_share=float(share))
            for scene, share in zip(self.scenes, shares, strict=True)
            if share >= LEAST_SHARE
        ]
        kept, doubles = items.without_duplicates(reach, geometry)
        return Scenes(items.frame_of(kept), tuple(doubles), Cost())


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
) -> Scenes:
    """Return the scenes of a place between two dates (both included), by time.

    `place` is what `geo.as_geometry` takes, dates are EDTF ("2024-06-30", "2024"). `catalogue` is
    "earth-search", "planetary-computer", "cdse", the address of a STAC API, or a local STAC folder or file;
    without `collection` it is `default_collection` of the catalogue. Every answer is kept under `answers`
    (default: the cache folder); with `offline` only kept ones are used. Raises BadInputError for a place or
    dates that cannot be, OsintError when the catalogue does not answer.
    """
    found = list_scenes(
        place,
        start,
        end,
        catalogue=catalogue,
        collection=collection,
        max_cloud_pct=max_cloud_pct,
        answers=answers,
        offline=offline,
    )
    chosen = found.of(found.area)
    return Scenes(chosen.frame, found.dropped + chosen.dropped, found.cost)


def list_scenes(
    place: Place,
    start: str | dt.date,
    end: str | dt.date,
    *,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
    max_cloud_pct: float = 100.0,
    answers: Path | None = None,
    offline: bool = False,
) -> SceneList:
    """Search a catalogue once for an area; arguments and errors as of `scenes`, which is this for one place."""
    geometry = geo.as_geometry(place)
    named = CATALOGUES.get(str(catalogue), str(catalogue))
    collection = collection or default_collection(named)
    first, last = _day(start, 0), _day(end, 1)
    if last < first:
        raise BadInputError(f"`end` ({last}) is before `start` ({first})")
    span = f"{first:%Y-%m-%d}T00:00:00Z/{last:%Y-%m-%d}T23:59:59Z"
    spent = Cost()
    if named_host(named):
        io = KeptAnswers(named, answers or cache_folder() / "answers", spent, offline)
        listed = _search(io, named, geometry, span, collection)
    elif "://" in named and not named.startswith("file://"):
        raise BadInputError(f"`catalogue` {named!r} is neither http(s) nor a folder. Known: {', '.join(CATALOGUES)}")
    else:
        named = named.removeprefix("file://")
        listed = _walk(Path(named), first, last, collection)
    if len(listed) >= MAX_ITEMS:
        raise RefusedError(f"{collection} has {MAX_ITEMS:,} scenes or more of the area: shorten the dates")
    usable, dropped = _usable(listed, geometry, named, max_cloud_pct)
    return SceneList(geometry, tuple(usable), tuple(dropped), spent)


def _day(value: str | dt.date, side: int) -> dt.date:
    """Return the first (0) or last (1) day of a date."""
    if isinstance(value, dt.date):
        return dt.date(value.year, value.month, value.day)
    return date_bounds(value)[side]


def _usable(
    listed: list[dict[str, Any]], geometry: BaseGeometry, catalogue: str, max_cloud_pct: float
) -> tuple[list[Scene], list[Remark]]:
    """Return the usable scenes and why the other items are not."""
    usable: list[Scene] = []
    dropped: list[Remark] = []
    seen: set[tuple[str, str]] = set()
    for item in listed:
        try:
            scene = items.read_item(item, geometry, catalogue)
        except OsintError as error:
            dropped.append(Remark(str(item.get("id", ""))[:80], str(error)))
            continue
        reason = ""
        if (scene.collection, scene.id) in seen:
            reason = "listed twice"
        elif scene.footprint_share < LEAST_SHARE:
            reason = "its picture does not reach the site"
        elif scene.cloud_pct > max_cloud_pct:
            # decided here and not by the catalogue: Earth Search has been seen to ignore the filter silently
            reason = f"cloud {scene.cloud_pct:.0f}% is over {max_cloud_pct:g}%"
        seen.add((scene.collection, scene.id))
        if reason:
            dropped.append(Remark(scene.id, reason))
        else:
            usable.append(scene)
    return usable, dropped


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
    """Return the innermost cause in a few words; the names of a library's objects help no reader."""
    text = str(error)
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", text) or re.search(
        r"(?:timed out|too many \d+ error responses)[^'\")]*", text
    )
    return found.group(found.lastindex or 0).strip() if found else text[:160]


def _outline(geometry: BaseGeometry) -> dict[str, Any]:
    """Return a small GeoJSON of the place: a catalogue needs the hull, not each corner."""
    return dict(shapely.geometry.mapping(geometry.convex_hull.simplify(1e-5)))


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
            return str(json.loads(path.read_text(encoding="utf-8"))["answer"])
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
        part.write_text(json.dumps({"asked": json.loads(key), "captured": now, "answer": text}), encoding="utf-8")
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


def _walk(path: Path, first: dt.date, last: dt.date, collection: str) -> list[dict[str, Any]]:
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
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path.name} is not a readable STAC file ({type(error).__name__})") from error
    if not isinstance(body, dict):
        raise UnreadableError(f"{path.name} is not a STAC file")
    return body


_kept: deque[tuple[tuple[str, ...], float, SceneList]] = deque(maxlen=KEPT)


def block_of(place: BaseGeometry) -> tuple[int, int]:
    """Return row and column of the block of BLOCK_DEG that holds the middle of a place (degrees)."""
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
        return made, made.cost.total_bytes


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
