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
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urljoin, urlsplit

import pystac_client
import shapely
from pystac.link import Link
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError, ParametersError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry.base import BaseGeometry

from osint import files, geo
from osint.errors import BadInputError, NetworkError, OsintError, RefusedError, UnreadableError
from osint.geo import Place
from osint.http import (
    Client,
    Cost,
    Limits,
    Request,
    Trouble,
    cache_folder,
    is_loopback,
    is_offline,
    named_host,
    read_json,
    strip_secrets,
)
from osint.imagery import items
from osint.imagery.items import Remark, Scene, Scenes
from osint.register import read_span

CATALOGUES = {
    "earth-search": "https://earth-search.aws.element84.com/v1",
    "planetary-computer": "https://planetarycomputer.microsoft.com/api/stac/v1",
    "cdse": "https://stac.dataspace.copernicus.eu/v1",
}
CDSE_HOST = "dataspace.copernicus.eu"
CDSE_TOKEN = "OSINT_CDSE_TOKEN"
"""Environment variable with an access token of the user's own; sent to that service's hosts only."""
PAGE = 250
MAX_ITEMS = 20_000
MAX_PAGES = 400
"""Pages of one list; MAX_ITEMS in pages of a fifth of what is asked for."""
LIST_S = 900.0
"""Time for one list, in seconds."""
ALL_PASSES_SINCE, SURELY_SEEN_DAYS = dt.date(2018, 1, 1), 60
"""From this day on both Sentinel-2 satellites take every land of middle latitude; a span without any scene at all is
then no absence of pictures but a fault of the list."""
_ID_SHOWN = 200
LIMITS = Limits(max_bytes=64 << 20, max_seconds=120.0, head_seconds=60.0, silence_seconds=60.0, attempts=5)
"""Limits of one page of a list; a catalogue may compute for a minute."""
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
NOT_STAC = (
    ClientTypeError,
    APIError,
    ParametersError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    NotImplementedError,
)
"""What pystac-client raises on the answers of a server that is not a STAC API."""
_lock = threading.Lock()


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
    offline: bool = False,
) -> Scenes:
    """Return the scenes of a place between two dates (both included), by time.

    `place` is what `geo.as_geometry` takes, dates are EDTF ("2024-06-30", "2024"). `catalogue` is
    "earth-search", "planetary-computer", "cdse", the address of a STAC API, or a local STAC folder or file;
    without `collection` it is `default_collection` of the catalogue. Every answer is kept in the cache folder;
    with `offline` only kept ones are used. Raises BadInputError for a place or dates that cannot be, NetworkError
    when the catalogue does not answer.
    """
    geometry = geo.as_geometry(place)
    found = list_scenes(geometry, start, end, catalogue=catalogue, collection=collection, offline=offline)
    chosen = found.of(geometry)
    return Scenes(chosen.frame, found.dropped + chosen.dropped, found.cost)


def list_scenes(
    place: Place,
    start: str | dt.date,
    end: str | dt.date,
    *,
    catalogue: str | Path = EARTH_SEARCH,
    collection: str | None = None,
    offline: bool = False,
) -> Scenes:
    """Return every usable scene of an area, from which `Scenes.of` chooses those of each place in it.

    Tiles of one pass and what was processed twice are all there; `footprint_share` is that of the area.
    Arguments and errors are those of `scenes`, which is this for one place.
    """
    geometry = geo.as_geometry(place)
    named = CATALOGUES.get(str(catalogue), str(catalogue))
    collection = collection or default_collection(named)
    first, last = read_span(start, end)
    span = f"{first:%Y-%m-%d}T00:00:00Z/{last:%Y-%m-%d}T23:59:59Z"
    spent = Cost()
    if named_host(named):
        io = KeptAnswers(named, cache_folder() / "answers", spent, offline)
        listed, gap = _search(io, named, geometry, span, collection)
    elif "://" in named and not named.startswith("file://"):
        raise BadInputError(f"`catalogue` {named!r} is neither http(s) nor a folder. Known: {', '.join(CATALOGUES)}")
    else:
        named = named.removeprefix("file://")
        if not Path(named).exists():
            known = f"known catalogues are {', '.join(CATALOGUES)}"
            raise BadInputError(f"`catalogue` names the folder {named}, which does not exist; {known}")
        try:
            listed, gap = _walk(Path(named), first, last, collection), ""
        except (AttributeError, TypeError, KeyError) as error:
            raise UnreadableError(f"{named} is not a STAC catalogue ({type(error).__name__}: {error})") from error
    if len(listed) >= MAX_ITEMS:
        raise RefusedError(f"{collection} has {MAX_ITEMS:,} scenes or more of the area: shorten the dates")
    usable, dropped = _usable(listed, geometry, named, (first, last, collection))
    gap = gap or ("" if listed else _none_listed(named, first, last, collection))
    lost = [Remark("", gap, is_lost=True)] if gap else []
    return Scenes(items.frame_of(usable), (*dropped, *lost), spent)


def _none_listed(catalogue: str, first: dt.date, last: dt.date, collection: str) -> str:
    """Return why an empty list is no absence of pictures; empty where there may be none."""
    seen = (last - max(first, ALL_PASSES_SINCE)).days >= SURELY_SEEN_DAYS
    if not seen or items.family_of(collection) != items.Family.SENTINEL_2 or not named_host(catalogue):
        return ""
    host = urlsplit(catalogue).hostname
    return (
        f"{host} lists no scene of {collection} here from {first} to {last}, where Sentinel-2 passes every five days: "
        "this says nothing of the ground; ask again later, or name another catalogue or collection"
    )


def _usable(
    listed: list[dict[str, Any]], geometry: BaseGeometry, catalogue: str, asked: tuple[dt.date, dt.date, str]
) -> tuple[list[Scene], list[Remark]]:
    """Return the usable scenes and why the other items are not: a catalogue may answer what it was not asked."""
    first, last, collection = asked
    usable: dict[str, Scene] = {}
    dropped: list[Remark] = []
    for item in listed:
        try:
            scene = items.read_item(item, geometry, catalogue)
        except UnreadableError as error:
            dropped.append(Remark(str(item.get("id") or "without id")[:80], str(error), is_lost=True))
            continue
        if scene.collection != collection:
            reason = f"it is of the collection {scene.collection[:40]!r}, which was not asked for"
        elif scene.id in usable:
            reason = "listed twice"
        elif not first <= scene.datetime.date() <= last:
            reason = f"it is of {scene.datetime:%Y-%m-%d}, a day that was not asked for"
        elif scene.footprint_share < items.LEAST_SHARE:
            reason = "its picture does not reach the site"
        else:
            usable[scene.id] = scene
            continue
        dropped.append(Remark(scene.id, reason))
    return list(usable.values()), dropped


def _search(io: KeptAnswers, url: str, geometry: Any, span: str, collection: str) -> tuple[list[dict[str, Any]], str]:
    """Return the items that a catalogue lists, and in words what is missing from its list, if it says so itself."""
    host = urlsplit(url).hostname
    found: list[dict[str, Any]] = []
    matched, unfinished = 0, False
    try:
        client = pystac_client.Client.open(url, stac_io=io)
        methods = {str(link.extra_fields.get("method", "GET")) for link in client.get_links("search")}
        search = client.search(
            method="POST" if "POST" in methods else "GET",
            collections=[collection],
            # a catalogue needs the hull of the place, not each corner
            intersects=shapely.geometry.mapping(geometry.convex_hull.simplify(1e-5)),
            datetime=span,
            limit=PAGE,
            max_items=MAX_ITEMS,
        )
        # not search.pages_as_dicts(), which takes an error and an empty page for the end of the list
        for page in io.get_pages(search.url, search.method, search.get_parameters()):
            found += page["features"]
            matched = max(matched, _matched(page))
            unfinished = _next_link(page) is not None
            if len(found) >= MAX_ITEMS:
                break
    except OsintError:
        raise
    except NOT_STAC as error:
        raise UnreadableError(f"{host} does not answer as a STAC API ({type(error).__name__}: {error})") from error
    gap = ""
    if len(found) < min(matched, MAX_ITEMS):
        gap = f"{host} counts {matched} scenes and listed {len(found)}: the list has a gap"
    elif unfinished and not matched and len(found) < MAX_ITEMS:
        gap = f"{host} listed {len(found)} scenes and then empty pages that promise more: the list may have a gap"
    return found[:MAX_ITEMS], gap


def _matched(page: dict[str, Any]) -> int:
    """Return how many items a page says that the whole list has, 0 where it does not say so."""
    context = page.get("context")
    stated = page.get("numberMatched") or (context.get("matched") if isinstance(context, dict) else None)
    try:
        return int(stated or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _next_link(page: dict[str, Any]) -> dict[str, Any] | None:
    """Return the link of a page to the next one, None on the last page."""
    return next((link for link in page.get("links") or [] if link.get("rel") == "next"), None)


class KeptAnswers(StacApiIO):
    """The way of pystac-client to the network: our own client, with every request counted and every answer kept."""

    def __init__(self, catalogue: str, folder: Path, spent: Cost, offline: bool) -> None:
        super().__init__(max_retries=None)
        self.folder, self.spent, self.offline = (
            Path(folder),
            spent,
            offline or (is_offline() and not is_loopback(catalogue)),
        )
        own = named_host(catalogue)

        def elsewhere(url: str) -> str:
            return "" if named_host(url) == own else "it is at a host that was not named"

        self._client = Client(LIMITS, named=catalogue, refuses=elsewhere)

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Read a link or an address, and never a file of this machine, which pystac-client would open."""
        if isinstance(source, Link):
            return super().read_text(source, *args, **kwargs)
        return self.request(source, **kwargs)

    def get_pages(self, url: str, method: str | None = None, parameters: Any = None) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list of items; two empty pages, one after the other, end it.

        Raises NetworkError for a page without a list of features, UnreadableError where one leads back to a page
        already seen.
        """
        seen: set[tuple[str, ...]] = set()
        ends = time.monotonic() + LIST_S
        page = self.read_json(url, method=method, parameters=parameters)
        was_empty = False
        while True:
            if not isinstance(page, dict) or not isinstance(page.get("features"), list):
                said = json.dumps(page, ensure_ascii=False)[:200]
                advice = "try later or another catalogue"
                raise NetworkError(f"{urlsplit(url).hostname} gave no list of scenes, it answered {said}; {advice}")
            if not all(isinstance(item, dict) for item in page["features"]):
                raise UnreadableError(f"{urlsplit(url).hostname} lists something that is no scene: not a STAC API")
            listed = tuple(str(item.get("id"))[:_ID_SHOWN] for item in page["features"])
            if len(seen) >= MAX_PAGES or time.monotonic() > ends:
                said = f"{len(seen)} pages and the list goes on"
                raise RefusedError(f"{urlsplit(url).hostname} gave {said}: shorten the dates or the place")
            if listed and listed in seen:
                again = f"leads back to a page of its list that was already seen, after {len(seen)} pages"
                advice = "the list has no end; shorten the dates or use another catalogue"
                raise UnreadableError(f"{urlsplit(url).hostname} {again}: {advice}")
            seen.add(listed)
            yield page
            link = _next_link(page)
            if link is None or (was_empty and not listed):
                return
            was_empty, url = not listed, urljoin(url, link["href"])
            page = self.read_json(Link.from_dict({**link, "href": url}), parameters=parameters)

    def json_loads(self, txt: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read JSON; raises UnreadableError where it is none or is nested too deeply."""
        try:
            return cast("dict[str, Any]", read_json(txt))
        except ValueError as error:
            raise UnreadableError(f"the catalogue answered something that is not JSON ({error})") from error

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Answer one request, from the kept file when offline."""
        key = json.dumps([method or "GET", href, parameters], sort_keys=True, default=str)
        unanswered = f"{urlsplit(href).hostname} gave no list of scenes"
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
        if self.offline:
            if not path.is_file():
                raise RefusedError(f"{unanswered}: this search was not run before, and `offline` allows no new one")
            return str(read_json(files.read_regular(path))["answer"])
        sent = {"Accept-Encoding": "gzip, deflate", **(headers or {})}
        if (method or "GET").upper() == "POST":
            body = json.dumps(parameters).encode()
            request = Request(href, "POST", {**sent, "Content-Type": "application/json"}, body)
        else:
            query = urlencode({k: v for k, v in (parameters or {}).items() if v is not None}, doseq=True)
            request = Request(f"{href}{'&' if '?' in href else '?'}{query}" if query else href, headers=sent)
        answer = self._client.ask(request)
        self.spent.add("list", requests=answer.requests, size=answer.received)
        if answer.fault:
            text = f"{unanswered}: {answer.fault} (asked {answer.requests} times)"
            if answer.trouble is Trouble.REFUSED:
                raise RefusedError(text)
            raise NetworkError(f"{text}; try later or another catalogue")
        text = (answer.body or b"").decode("utf-8")
        if '"links"' not in text and '"features"' not in text:
            return text  # an error does not take the place of a list that was kept
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        asked = [method or "GET", strip_secrets(href), json.loads(json.dumps(parameters, default=str))]
        kept = json.dumps({"asked": asked, "captured": now, "answer": text}).encode()
        files.replace_file(path, kept, private=True)
        return text


def _walk(path: Path, first: dt.date, last: dt.date, collection: str) -> list[dict[str, Any]]:
    """Return the items of a local catalogue (item, item collection, or catalog.json with relative links)."""
    top = path / "catalog.json" if path.is_dir() else path
    if not top.exists():
        raise BadInputError(f"the folder {path} holds no catalog.json: name the folder or file of a STAC catalogue")
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

    def fits(item: dict[str, Any]) -> bool:
        when = str((item.get("properties") or {}).get("datetime") or "")[:10]
        return str(first) <= when <= str(last) and item.get("collection", collection) == collection

    return [{**item, "collection": collection} for item in found if fits(item)]


def _with_full_paths(item: dict[str, Any], folder: Path, root: Path) -> dict[str, Any]:
    """Return an item whose relative hrefs count from the catalogue's folder instead of its own."""

    def full(href: str) -> str:
        return href if "://" in href or href.startswith("/") else os.path.relpath(folder / href, root)

    assets = (item.get("assets") or {}).items()
    return {**item, "assets": {name: {**asset, "href": full(str(asset.get("href", "")))} for name, asset in assets}}


def _local_json(path: Path) -> dict[str, Any]:
    try:
        body = read_json(files.read_regular(path, LIMITS.max_bytes))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path.name} is not a readable STAC file ({type(error).__name__})") from error
    if not isinstance(body, dict):
        raise UnreadableError(f"{path.name} is not a STAC file")
    return body


_kept: deque[tuple[tuple[str, ...], float, BaseGeometry, Scenes]] = deque(maxlen=KEPT)


def block_of(place: BaseGeometry) -> tuple[int, int]:
    """Return row and column of the block of BLOCK_DEG that holds the middle of a place (degrees)."""
    west, south, east, north = place.bounds
    return math.floor((south + north) / 2 / BLOCK_DEG), math.floor((west + east) / 2 / BLOCK_DEG)


def block_scenes(
    place: BaseGeometry, start: str, end: str, *, catalogue: str | Path = EARTH_SEARCH, collection: str | None = None
) -> Scenes:
    """Return the scenes of the block around a place (degrees), with what the search cost now.

    A process asks once per block and holds the last KEPT answers for at most KEPT_S; arguments as of `scenes`.
    """
    asked = (str(catalogue), str(collection), start, end)
    with _lock:
        now = time.monotonic()
        for what, since, area, one in _kept:
            if what == asked and now - since < KEPT_S and area.covers(place):
                return dataclasses.replace(one, cost=Cost())
        area = _about(place)
        listed = list_scenes(area, start, end, catalogue=catalogue, collection=collection)
        _kept.append((asked, now, area, listed))
        return listed


def forget_blocks() -> None:
    """Drop the lists that are held: the next search asks the catalogue again."""
    with _lock:
        _kept.clear()


def _about(place: BaseGeometry) -> BaseGeometry:
    """Return the block of a place, widened so that it holds every place of this size whose middle is in the block."""
    row, column = block_of(place)
    west, south, east, north = place.bounds
    wide, high = (REACH_DEG * math.ceil(size / 2 / REACH_DEG) for size in (east - west, north - south))
    return shapely.box(
        max(column * BLOCK_DEG - wide, -180),
        max(row * BLOCK_DEG - high, -90),
        min((column + 1) * BLOCK_DEG + wide, 180),
        min((row + 1) * BLOCK_DEG + high, 90),
    )
