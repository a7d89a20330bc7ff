"""Ask a catalogue once for a wide area, and tell from the answer which scenes each place in it has."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import shapely
from shapely.geometry.base import BaseGeometry

from osint.imagery import catalogue, grid

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
        return catalogue.chosen(self.rows, site)


def listed(area: Any, start: str, end: str, collection: str, named: str = "earth-search") -> Listed:
    """Return the scenes of a lon/lat area between two dates (both included); arguments as of `imagery.scenes`.

    Which of the tiles of a pass, and of twice processed scenes, to keep depends on the place: nothing is dropped here.
    """
    geometry = grid.as_geometry(area)
    rows, _, spent = catalogue.usable(geometry, start, end, collection, named)
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
