"""Outlines of what was seen, as they stand in observations.csv: what is wrong with one, before it goes on file."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

MOST_KM2 = 100.0  # area above which an outline is of no site (judgement: the largest campuses are below 20)
NEAR_DEGREES = 0.5  # from its own coordinate, beyond which an outline is of another place or has its axes swapped
KM_A_DEGREE = 111.2
_WKT = re.compile(r"\s*(?:SRID\s*=|POINT|LINE|POLYGON|MULTI|GEOMETRYCOLLECTION|CURVE|TIN|TRIANGLE)", re.IGNORECASE)


class OutlineFault(StrEnum):
    """What an outline ought to be and is not."""

    POLYGON = "a polygon in WKT (POLYGON or MULTIPOLYGON) with an area, or the name of a file beside the table"
    FLAT = "an outline of two coordinates a corner, longitude and latitude, without a height"
    DEGREES = "an outline in degrees (WGS-84), longitude before latitude"
    SOUND = "an outline that does not cross itself; draw it again"
    SIZE = f"an outline of at most {MOST_KM2:g} km2, for it is of what was seen and not of what was searched"
    NEAR = "an outline at the lat and lon of its row; longitude comes before latitude in WKT"


@lru_cache(maxsize=1)
def _read(text: str) -> BaseGeometry | None:
    import shapely  # a table without outlines needs none of it

    try:
        shape: BaseGeometry = shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        return None
    return shape


def outline_fault(text: str, lat: float, lon: float) -> OutlineFault | None:
    """Return what is wrong with an outline, of a row with a coordinate (NaN without); the name of a file is right.

    >>> outline_fault("roof.geojson", math.nan, math.nan) is None
    True
    >>> outline_fault("POLYGON ((43.2 93.1, 43.3 93.1, 43.3 93.2, 43.2 93.1))", math.nan, math.nan).name
    'DEGREES'
    """
    if not _WKT.match(text):
        return None
    shape = _read(text)
    if (
        shape is None
        or shape.geom_type not in {"Polygon", "MultiPolygon"}
        or shape.is_empty
        or not shape.convex_hull.area > 0
    ):
        return OutlineFault.POLYGON
    if shape.has_z:
        return OutlineFault.FLAT
    west, south, east, north = shape.bounds
    if min(west + 180, 180 - east, south + 90, 90 - north) < 0:
        return OutlineFault.DEGREES
    if not shape.is_valid:
        return OutlineFault.SOUND
    if shape.area * KM_A_DEGREE**2 * math.cos(math.radians((south + north) / 2)) > MOST_KM2:
        return OutlineFault.SIZE
    off = max(south - lat, lat - north, west - lon, lon - east)  # NaN without a coordinate, which is never far
    return OutlineFault.NEAR if off > NEAR_DEGREES else None
