"""Search STAC catalogues for the scenes of a place, and keep the answers to repeat a search offline.

A search over many tiles asks once per block of tiles and chooses the scenes of each tile from that list.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import shapely
from shapely.geometry.base import BaseGeometry

from osint import files, geo
from osint.errors import BadInputError, RefusedError, UnreadableError
from osint.geo import Place
from osint.http import (
    Cost,
    named_host,
    read_json,
)
from osint.imagery import items
from osint.imagery.classes import Family, family_of
from osint.imagery.items import Scene
from osint.imagery.listed import LEAST_SHARE, Remark, Scenes, frame_of
from osint.register import read_span

CATALOGUES = {
    "earth-search": "https://earth-search.aws.element84.com/v1",
    "planetary-computer": "https://planetarycomputer.microsoft.com/api/stac/v1",
    "cdse": "https://stac.dataspace.copernicus.eu/v1",
}
CDSE_HOST = "dataspace.copernicus.eu"
CDSE_TOKEN = "OSINT_CDSE_TOKEN"
"""Environment variable with an access token of the user's own; sent to that service's hosts only."""
ALL_PASSES_SINCE, SURELY_SEEN_DAYS = dt.date(2018, 1, 1), 60
"""From this day on both Sentinel-2 satellites take every land of middle latitude; a span without any scene at all is
then no absence of pictures but a fault of the list."""
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
    return SENTINEL2_AT.get(_address(catalogue), SENTINEL2)


def _address(catalogue: str | Path) -> str:
    """Return the address of a catalogue by its name, in the one spelling by which tokens and defaults are known."""
    named = CATALOGUES.get(str(catalogue), str(catalogue))
    return named.rstrip("/") if named_host(named) else named


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
    named = _address(catalogue)
    collection = collection or default_collection(named)
    first, last = read_span(start, end)
    span = f"{first:%Y-%m-%d}T00:00:00Z/{last:%Y-%m-%d}T23:59:59Z"
    spent = Cost()
    if named_host(named):
        from osint.imagery import stac_api  # loads pystac-client, which a case without pictures never needs

        listed, gap = stac_api.search(named, geometry, span, collection, spent=spent, offline=offline)
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
    if len(listed) >= items.MAX_ITEMS:
        raise RefusedError(f"{collection} has {items.MAX_ITEMS:,} scenes or more of the area: shorten the dates")
    usable, dropped = _usable(listed, geometry, named, (first, last, collection))
    gap = gap or ("" if listed else _none_listed(named, first, last, collection))
    lost = [Remark("", gap, is_lost=True)] if gap else []
    return Scenes(frame_of(usable), (*dropped, *lost), spent)


def _none_listed(catalogue: str, first: dt.date, last: dt.date, collection: str) -> str:
    """Return why an empty list is no absence of pictures; empty where there may be none."""
    seen = (last - max(first, ALL_PASSES_SINCE)).days >= SURELY_SEEN_DAYS
    if not seen or family_of(collection) != Family.SENTINEL_2 or not named_host(catalogue):
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
        elif scene.footprint_share < LEAST_SHARE:
            reason = "its picture does not reach the site"
        else:
            usable[scene.id] = scene
            continue
        dropped.append(Remark(scene.id, reason))
    return list(usable.values()), dropped


def _walk(path: Path, first: dt.date, last: dt.date, collection: str) -> list[dict[str, Any]]:
    """Return the items of a local catalogue (item, item collection, or catalog.json with relative links)."""
    top = path / "catalog.json" if path.is_dir() else path
    if not top.exists():
        raise BadInputError(f"the folder {path} holds no catalog.json: name the folder or file of a STAC catalogue")
    root = files.resolved(top).parent
    found: list[dict[str, Any]] = []
    waiting = [files.resolved(top)]
    seen: set[Path] = set()
    while waiting and len(seen) < items.MAX_ITEMS:
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
                waiting.append(files.resolved(here.parent / href))

    own = [item for item in found if item.get("collection", collection) == collection]
    if found and not own:
        counts = Counter(str(item.get("collection"))[:40] for item in found)
        held = ", ".join(f"{name} ({number:,})" for name, number in counts.most_common(5))
        raise BadInputError(
            f"{path} holds no scene of the collection {collection}: its scenes are of {held}. "
            "Name one of these with --collection (`collection` in Python)"
        )

    def in_time(item: dict[str, Any]) -> bool:
        return str(first) <= str((item.get("properties") or {}).get("datetime") or "")[:10] <= str(last)

    return [{**item, "collection": collection} for item in own if in_time(item)]


def _with_full_paths(item: dict[str, Any], folder: Path, root: Path) -> dict[str, Any]:
    """Return an item whose relative hrefs count from the catalogue's folder instead of its own."""

    def full(href: str) -> str:
        return href if "://" in href or href.startswith("/") else os.path.relpath(folder / href, root)

    assets = (item.get("assets") or {}).items()
    return {**item, "assets": {name: {**asset, "href": full(str(asset.get("href", "")))} for name, asset in assets}}


def _local_json(path: Path) -> dict[str, Any]:
    try:
        body = read_json(files.read_regular(path, items.MAX_LIST_BYTES))
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
