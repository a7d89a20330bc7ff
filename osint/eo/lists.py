"""Ask a catalogue once for a wide area, and tell from the answer which scenes each place in it has."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from osint.eo import catalogue, grids, items
from osint.eo.ranges import Spent, cache_folder, named_host
from osint.errors import OsintError

LEAST_SHARE = 1e-6
"""Share of a place below which a scene does not reach it, as in `catalogue`."""
BLOCK_DEG = 0.5
"""Side of a block of tiles: a list of its scenes is two or three times that of one tile, for some ninety tiles."""
REACH_DEG = 0.05
KEPT = 4
"""Lists that a process holds, some megabytes each; a search goes block by block and needs one at a time."""
KEPT_S = 3600.0
_lock = threading.Lock()


@dataclass(frozen=True)
class Listed:
    """The usable scenes that a catalogue has of an area."""

    area: BaseGeometry
    """Lon/lat."""
    rows: list[dict[str, Any]] = field(repr=False)
    """As `items.row` gives them; `footprint_share` is that of the area."""
    cost: dict[str, Any]
    """Requests, bytes and levels of the question."""

    def of(self, site: Any) -> gpd.GeoDataFrame:
        """Return what `imagery.scenes` returns for a place inside the area; attrs hold no cost, as none was made."""
        geometry = grids.as_geometry(site)
        outlines = np.array([row["geometry"] for row in self.rows], dtype=object)
        shares = shapely.area(shapely.intersection(outlines, geometry)) / geometry.area
        rows = [
            {**row, "footprint_share": min(float(share), 1.0)}
            for row, share in zip(self.rows, shares, strict=True)
            if share >= LEAST_SHARE
        ]
        kept, dropped = items.without_duplicates(rows, geometry)
        frame = gpd.GeoDataFrame(kept, columns=list(catalogue.COLUMNS), geometry="geometry", crs=4326)
        frame["datetime"] = pd.to_datetime(frame["datetime"], utc=True)
        frame.attrs = {"dropped": dropped, **Spent().as_attrs()}
        return frame


def listed(area: Any, start: str, end: str, collection: str, named: str = "earth-search") -> Listed:
    """Return the scenes of a lon/lat area between two dates (both included); arguments as of `imagery.scenes`.

    Which of the tiles of a pass, and of twice processed scenes, to keep depends on the place: nothing is dropped here.
    """
    geometry = grids.as_geometry(area)
    url = catalogue.CATALOGUES.get(named, named)
    first, last = catalogue._day(start), catalogue._day(end)
    if last < first:
        raise OsintError(f"`end` ({last}) is before `start` ({first})")
    spent = Spent()
    if named_host(url):
        io = catalogue.KeptAnswers(url, cache_folder() / "answers", spent, False)
        found = catalogue._search(io, url, geometry, f"{first}T00:00:00Z/{last}T23:59:59Z", collection)
    elif "://" in url and not url.startswith("file://"):
        known = ", ".join(catalogue.CATALOGUES)
        raise OsintError(f"`catalogue` {url!r} is neither http(s) nor a folder. Known: {known}")
    else:
        url = url.removeprefix("file://")
        found = catalogue._walk(Path(url), geometry, first, last, collection)
    if len(found) >= catalogue.MAX_ITEMS:
        raise OsintError(f"{collection} has {catalogue.MAX_ITEMS:,} scenes or more of the area: shorten the dates")
    rows, _ = catalogue._rows(found, geometry, url, 100.0)
    return Listed(geometry, rows, spent.as_attrs())


_kept: deque[tuple[tuple[str, ...], float, Listed]] = deque(maxlen=KEPT)


def block(place: BaseGeometry) -> tuple[int, int]:
    """Return row and column of the block of BLOCK_DEG that holds the middle of a lon/lat place."""
    west, south, east, north = place.bounds
    return math.floor((south + north) / 2 / BLOCK_DEG), math.floor((west + east) / 2 / BLOCK_DEG)


def shared(place: BaseGeometry, start: str, end: str, collection: str, named: str) -> tuple[Listed, int]:
    """Return the scenes of the block about a lon/lat place, and the bytes that it took to ask for them.

    A process asks once a block and holds the last KEPT answers for at most KEPT_S; arguments as of `listed`.
    """
    asked = (named, collection, start, end)
    with _lock:
        now = time.monotonic()
        for what, since, one in _kept:
            if what == asked and now - since < KEPT_S and one.area.covers(place):
                return one, 0
        made = listed(_about(place), start, end, collection, named)
        _kept.append((asked, now, made))
        return made, int(made.cost["bytes"])


def forget() -> None:
    """Drop the lists that are held: a new search asks anew."""
    with _lock:
        _kept.clear()


def _about(place: BaseGeometry) -> BaseGeometry:
    """Return the block of a place, as much wider as places of this size with their middle in it may reach."""
    row, column = block(place)
    west, south, east, north = place.bounds
    wide, high = (REACH_DEG * math.ceil(size / 2 / REACH_DEG) for size in (east - west, north - south))
    return shapely.box(
        max(column * BLOCK_DEG - wide, -180),
        max(row * BLOCK_DEG - high, -90),
        min((column + 1) * BLOCK_DEG + wide, 180),
        min((row + 1) * BLOCK_DEG + high, 90),
    )
