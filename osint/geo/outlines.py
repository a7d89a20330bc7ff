"""Points, discs and outlines of places in degrees, and their areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from osint.errors import BadInputError
from osint.geo.datums import WGS84, check_on_globe, precision_km, to_wgs
from osint.register import Register

Place: TypeAlias = BaseGeometry | gpd.GeoDataFrame | gpd.GeoSeries | Mapping[str, Any] | Sequence[float]
"""What `as_geometry` takes for a place."""
OVERLAP_SHARE = 1e-6
"""Share of the area of an outline by which its parts may overlap and still only touch: corners are rounded."""
SURFACES = ("Polygon", "MultiPolygon")


def places(register: Register) -> gpd.GeoDataFrame:
    """Return the sites that have a coordinate as points in WGS-84 (EPSG:4326) with precision_km."""
    rows = register.sites[register.sites["lat"].notna()].copy()
    points = [to_wgs(r["lon"], r["lat"], r["datum"]) for r in rows.to_dict("records")]
    rows["precision_km"] = [precision_km(r) for _, r in rows.iterrows()]
    return gpd.GeoDataFrame(rows, geometry=[Point(p) for p in points], crs="EPSG:4326")


def circles(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return precision circles as polygons in WGS-84."""
    rings = [disc(p.x, p.y, 1000 * km) for p, km in zip(points.geometry, points["precision_km"], strict=True)]
    return points.set_geometry(gpd.GeoSeries(rings, index=points.index, crs="EPSG:4326"))


def disc(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return a disc around a place, true on the ellipsoid, as a polygon in degrees.

    Raises BadInputError for a place that is not on the globe and for a radius that is not over 0.
    """
    check_on_globe(lon, lat)
    if not 0 < radius_m < np.inf:
        raise BadInputError(f"the radius is a number of metres over 0, not {radius_m:g}")
    azimuths = np.linspace(0, 360, 65)[:-1]
    lons, lats, _ = WGS84.fwd(np.full(64, lon), np.full(64, lat), azimuths, np.full(64, radius_m))
    return shapely.Polygon(np.column_stack([lons, lats]))


def as_geometry(place: Place, radius_m: float = 1000.0) -> BaseGeometry:
    """Return the outline of a place in degrees.

    Takes a shapely geometry in degrees, a GeoDataFrame or GeoSeries in any CRS, a GeoJSON-like mapping, a
    (lon, lat) pair, or a row with `geometry`. A point becomes a disc of `radius_m`. Raises BadInputError for
    anything else, and for a line, which has no surface.
    """
    if isinstance(place, gpd.GeoDataFrame | gpd.GeoSeries):
        if place.crs is None:
            raise BadInputError("the outline has no CRS: set one with .set_crs(4326) if it is in degrees")
        geometry = place.to_crs(4326).geometry.union_all()
    elif isinstance(place, BaseGeometry):
        geometry = place
    elif hasattr(place, "geometry"):
        geometry = place.geometry
    elif isinstance(place, Mapping) and "coordinates" in place:
        geometry = shapely.geometry.shape(place)
    elif isinstance(place, tuple | list) and len(place) == 2:
        geometry = Point(*place)
    else:
        raise BadInputError(f"a place is a geometry, a table of outlines or (lon, lat), not {type(place).__name__}")
    if geometry.is_empty or not np.isfinite(geometry.bounds).all():
        raise BadInputError("the outline of the place is empty")
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise BadInputError(f"the outline {geometry.bounds} is not in degrees: give a GeoSeries with its CRS")
    if geometry.geom_type == "Point":
        return disc(geometry.x, geometry.y, radius_m)
    if not geometry.area:
        raise BadInputError("the outline has no surface: give a polygon, or a point for a disc around it")
    return geometry


def area_m2(geometry: BaseGeometry) -> float:
    """Return the area of an outline (degrees) on the WGS-84 ellipsoid, in m2 (Karney, 2013, by pyproj.Geod).

    Parts of a MultiPolygon add up, also where they touch, and courtyards are subtracted, whatever the direction of
    their rings. Raises BadInputError when the outline crosses itself, its parts overlap or a hole lies outside of it,
    with the point: its area is not defined.

    >>> round(area_m2(shapely.box(93.0, 43.0, 93.001, 43.001)))
    9059
    """
    fault = crossing(geometry)
    if fault:
        raise BadInputError(f"an outline {fault}: draw it again")
    area, _ = WGS84.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(float(area))


def crossing(geometry: BaseGeometry) -> str:
    """Return what is wrong with the rings of an outline, with the place in degrees; empty when nothing is.

    Parts that touch along an edge are sound: halls that stand wall to wall are drawn so.
    """
    if geometry.is_valid:
        return ""
    parts = shapely.get_parts(geometry)
    said = "crosses itself"
    if len(parts) > 1 and all(part.is_valid for part in parts):
        if shapely.union_all(parts).area >= geometry.area * (1 - OVERLAP_SHARE):
            return ""
        said = "has parts that overlap"
    elif any(_has_stray_hole(part) for part in parts):
        said = "has a hole outside of its shell"
    reason, _, corner = shapely.is_valid_reason(geometry).partition("[")
    return f"{said} at {corner.rstrip(']')} (degrees; {reason.lower()})"


def _has_stray_hole(part: BaseGeometry) -> bool:
    rings = [shapely.Polygon(ring) for ring in (part.exterior, *part.interiors)] if part.geom_type == "Polygon" else []
    return all(ring.is_valid for ring in rings) and any(hole.disjoint(rings[0]) for hole in rings[1:])


def with_area(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table with `area_m2`, NaN for what has no surface or none that is defined (see `area_m2`)."""
    degrees = frame.geometry.to_crs(4326)
    sound = [g is not None and g.geom_type in SURFACES and not crossing(g) for g in degrees]
    return frame.assign(area_m2=[area_m2(g) if ok else np.nan for g, ok in zip(degrees, sound, strict=True)])
