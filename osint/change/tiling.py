"""Cut a wide place into tiles of one UTM zone, each read with a margin."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from osint import imagery

TILE_M = 5_120.0
MARGIN_M = 300.0


@dataclass(frozen=True)
class Tile:
    """A square of a UTM zone with the margin that is read around it."""

    name: str
    epsg: int
    west: float
    south: float
    side_m: float

    def core(self) -> BaseGeometry:
        """Return the tile in lon/lat; what has its middle here belongs to this tile."""
        return self._box(0)

    def window(self) -> BaseGeometry:
        """Return the tile with its margin in lon/lat."""
        return self._box(MARGIN_M)

    def _box(self, margin: float) -> BaseGeometry:
        square = shapely.box(
            self.west - margin, self.south - margin, self.west + self.side_m + margin, self.south + self.side_m + margin
        )
        return shapely.transform(square.segmentize(self.side_m / 4), _between(self.epsg, 4326), interleaved=False)

    def holds(self, geometry: BaseGeometry) -> bool:
        """Say whether the centroid of a lon/lat geometry lies in the tile (west and south edge inside)."""
        x, y = _between(4326, self.epsg)(geometry.centroid.x, geometry.centroid.y)
        return bool(0 <= x - self.west < self.side_m and 0 <= y - self.south < self.side_m)


def tiles(place: BaseGeometry, side_m: float) -> list[Tile]:
    """Return the tiles that touch a lon/lat place, west to east and south to north, in the UTM zone of its middle."""
    epsg, flat = _flat(place)
    west, south, east, north = flat.bounds
    shapely.prepare(flat)
    made = []
    for row in range(math.floor(south / side_m), math.ceil(north / side_m)):
        for col in range(math.floor(west / side_m), math.ceil(east / side_m)):
            x, y = col * side_m, row * side_m
            if flat.intersects(shapely.box(x, y, x + side_m, y + side_m)):
                made.append(Tile(f"{epsg}-E{x:.0f}-N{y:.0f}", epsg, x, y, side_m))
    return made


def fits_one(place: BaseGeometry, side_m: float) -> bool:
    """Say whether a lon/lat place is no wider and no higher than a tile, wherever the grid would cut it."""
    west, south, east, north = _flat(place)[1].bounds
    return bool(max(east - west, north - south) <= side_m)


def _flat(place: BaseGeometry) -> tuple[int, BaseGeometry]:
    epsg = imagery.utm_epsg(place.centroid.x, place.centroid.y)
    return epsg, shapely.transform(place.segmentize(0.01), _between(4326, epsg), interleaved=False)


@functools.cache
def _between(one: int, other: int) -> Callable[..., Any]:
    """Return the way from one EPSG code to another; making it takes a millisecond, and a search has many tiles."""
    return Transformer.from_crs(one, other, always_xy=True).transform
