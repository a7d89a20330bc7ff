"""Cut a place into the tiles of a UTM zone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change.stack import reproject

TILE_M = 5_120.0  # side of a tile: 512 pixels of 10 m are a few blocks of a file, and its scenes fit into memory
MARGIN_M = 300.0  # margin that is read around a tile: surroundings of what stands at its edge
EDGE_PARTS = 4  # parts of a tile's side whose ends are converted to degrees, so that it stays straight to a metre
PLACE_STEP_DEG = 0.01  # longest piece of a place's edge that is converted as a straight line


@dataclass(frozen=True, slots=True)
class Tile:
    """A square of a UTM zone with the margin that is read around it."""

    name: str
    epsg: int
    """UTM zone."""
    west: float
    """Easting of the west edge, metres."""
    south: float
    """Northing of the south edge, metres."""
    side_m: float

    def core(self) -> BaseGeometry:
        """Return the tile in degrees; what has its middle here belongs to this tile."""
        return self._box(0)

    def window(self) -> BaseGeometry:
        """Return the tile with its margin in degrees."""
        return self._box(MARGIN_M)

    def _box(self, margin_m: float) -> BaseGeometry:
        west, south, reach = self.west - margin_m, self.south - margin_m, self.side_m + margin_m
        square = shapely.box(west, south, self.west + reach, self.south + reach).segmentize(self.side_m / EDGE_PARTS)
        return reproject(square, self.epsg, 4326)

    def holds(self, outline: BaseGeometry) -> bool:
        """Say whether the centroid of an outline (degrees) is in the tile (west and south edge included)."""
        middle = reproject(outline.centroid, 4326, self.epsg)
        return bool(0 <= middle.x - self.west < self.side_m and 0 <= middle.y - self.south < self.side_m)


def utm_tiles(place: BaseGeometry, side_m: float) -> list[Tile]:
    """Return the tiles that touch a `place` (degrees), west to east and south to north, in the UTM zone of its middle.

    >>> [tile.name for tile in utm_tiles(shapely.box(93.001, 43.0, 93.002, 43.001), 1000)]
    ['32646-E500000-N4760000']
    """
    epsg, flat = in_metres(place)
    west, south, east, north = flat.bounds
    shapely.prepare(flat)
    tiles = []
    for row in range(math.floor(south / side_m), math.ceil(north / side_m)):
        for col in range(math.floor(west / side_m), math.ceil(east / side_m)):
            x, y = col * side_m, row * side_m
            if flat.intersects(shapely.box(x, y, x + side_m, y + side_m)):
                tiles.append(Tile(f"{epsg}-E{x:.0f}-N{y:.0f}", epsg, x, y, side_m))
    return tiles


def in_metres(place: BaseGeometry) -> tuple[int, BaseGeometry]:
    """Return the UTM zone of a place and the place in its metres."""
    epsg = imagery.utm_epsg(place.centroid.x, place.centroid.y)
    return epsg, reproject(place.segmentize(PLACE_STEP_DEG), 4326, epsg)
