"""Pixel grids in a site's UTM zone, areas on the ellipsoid, and the scale error of Web Mercator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS, Geod, Proj, Transformer
from shapely.geometry.base import BaseGeometry

from osint.errors import OsintError

WGS84 = Geod(ellps="WGS84")
MAX_PIXELS = 64_000_000
"""A window larger than 80 km x 80 km at 10 m is a mistake, not a site."""
EXACT_PX = 1e-3
"""Two grids whose pixel edges differ by less than this share of a pixel are the same grid."""

SNAP_PX = 0.02
"""A pixel of which the outline covers less than this width is left out: an edge drawn along pixels in UTM
bends by centimetres on its way through degrees, and must not gain a row."""


@dataclass(frozen=True)
class Grid:
    """A north-up grid of square pixels."""

    crs: str
    """Projected CRS, as "EPSG:32646"."""
    transform: Affine
    """From (column, row) of a pixel's upper left corner to (x, y) in the units of `crs`."""
    shape: tuple[int, int]
    """Rows, columns."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in `crs`."""
        rows, columns = self.shape
        west, north = self.transform.c, self.transform.f
        return west, north + self.transform.e * rows, west + self.transform.a * columns, north

    @property
    def x(self) -> np.ndarray:
        """Centre of each column, in `crs` (shape columns)."""
        return self.transform.c + self.transform.a * (np.arange(self.shape[1]) + 0.5)

    @property
    def y(self) -> np.ndarray:
        """Centre of each row, in `crs` (shape rows)."""
        return self.transform.f + self.transform.e * (np.arange(self.shape[0]) + 0.5)


def utm_epsg(lon: float, lat: float) -> int:
    """Return the EPSG code of the WGS-84 UTM zone of a place (degrees), by the six-degree rule."""
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise OsintError(f"({lon}, {lat}) is outside the UTM zones: longitude first, latitude within -80 to 84")
    zone = min(int((lon + 180) // 6) + 1, 60)
    return (32600 if lat >= 0 else 32700) + zone


def as_geometry(site: Any, radius_m: float = 1000.0) -> BaseGeometry:
    """Return the outline of a site in longitude and latitude (WGS-84 degrees).

    Takes a shapely geometry in degrees, a GeoDataFrame or GeoSeries in any CRS, a GeoJSON-like mapping, a
    (lon, lat) pair, or anything with `geometry` or `lon` and `lat`. A point becomes a disc of `radius_m`.
    """
    if hasattr(site, "crs") and hasattr(site, "to_crs"):
        if site.crs is None:
            raise OsintError("the outline has no CRS: set one with .set_crs(4326) if it is in degrees")
        geometry = site.to_crs(4326).geometry.union_all()
    elif isinstance(site, BaseGeometry):
        geometry = site
    elif hasattr(site, "geometry"):
        geometry = site.geometry
    elif hasattr(site, "lon") and hasattr(site, "lat"):
        geometry = shapely.Point(site.lon, site.lat)
    elif isinstance(site, dict) and "coordinates" in site:
        geometry = shapely.geometry.shape(site)
    elif isinstance(site, tuple | list) and len(site) == 2:
        geometry = shapely.Point(*site)
    else:
        raise OsintError(f"a site is a geometry, a table of outlines or (lon, lat), not {type(site).__name__}")
    if geometry.is_empty or not np.isfinite(geometry.bounds).all():
        raise OsintError("the site's outline is empty")
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise OsintError(f"the site's outline {geometry.bounds} is not in degrees: give a GeoSeries with its CRS")
    if geometry.geom_type == "Point":
        return disc(geometry.x, geometry.y, radius_m)
    if not geometry.area:
        raise OsintError("the site's outline has no surface: give a polygon, or a point for a disc around it")
    return geometry


def disc(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return a disc around a place, true on the ellipsoid, as a polygon in degrees."""
    azimuths = np.linspace(0, 360, 65)[:-1]
    lons, lats, _ = WGS84.fwd(np.full(64, lon), np.full(64, lat), azimuths, np.full(64, radius_m))
    return shapely.Polygon(np.column_stack([lons, lats]))


def grid(geometry: BaseGeometry, resolution: float = 10.0, crs: str | int | None = None) -> Grid:
    """Return the grid that covers an outline (degrees), snapped to whole multiples of `resolution` (metres).

    Without `crs` the UTM zone of the outline's centre is used, also when the outline crosses into the next.
    The snap makes any two windows of a zone share their pixels, as Sentinel-2 tiles do (origins are
    multiples of 20 m).
    """
    if not 0 < resolution <= 10_000:
        raise OsintError(f"`resolution` is a pixel size in metres between 0 and 10,000, not {resolution!r}")
    centre = geometry.centroid
    code = crs if crs is not None else utm_epsg(centre.x, centre.y)
    known = CRS.from_user_input(code)
    if not known.is_projected:
        raise OsintError(f"`crs` must be projected, in metres (for example EPSG:32646), not {code!r}")
    authority = known.to_authority()
    name = ":".join(authority) if authority else known.to_wkt()
    project = Transformer.from_crs(4326, known, always_xy=True).transform
    flat = shapely.transform(geometry.segmentize(0.01), project, interleaved=False)
    west, south, east, north = flat.bounds
    west, south = (math.floor(v / resolution + SNAP_PX) * resolution for v in (west, south))
    east, north = (math.ceil(v / resolution - SNAP_PX) * resolution for v in (east, north))
    shape = max(round((north - south) / resolution), 1), max(round((east - west) / resolution), 1)
    if shape[0] * shape[1] > MAX_PIXELS:
        msg = f"a window of {shape[1]} x {shape[0]} pixels is too large"
        raise OsintError(f"{msg}: give a smaller outline, or pixels coarser than {resolution:g} m")
    return Grid(name, Affine(resolution, 0, west, 0, -resolution, north), shape)


def aligned(first: Affine, second: Affine) -> bool:
    """Say whether the pixels of the coarser grid are made of whole pixels of the finer one, edge on edge."""
    fine, coarse = sorted((first, second), key=lambda t: abs(t.a))
    ratio = coarse.a / fine.a
    steps = ((coarse.c - fine.c) / fine.a, (coarse.f - fine.f) / fine.e)
    return all(abs(v - round(v)) < EXACT_PX for v in (ratio, coarse.e / fine.e, *steps))


def area_m2(geometry: BaseGeometry, crs: str | int = 4326) -> float:
    """Return the area of an outline on the WGS-84 ellipsoid, in m2 (Karney, 2013, by pyproj.Geod)."""
    if CRS.from_user_input(crs) != CRS.from_epsg(4326):
        to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
        geometry = shapely.transform(geometry, to_degrees.transform, interleaved=False)
    area, _ = WGS84.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(area)


def utm_area_m2(geometry: BaseGeometry) -> float:
    """Return the area of an outline (degrees) in its UTM zone, divided by the zone's scale there, in m2.

    A UTM zone shrinks lengths by 0.9996 on its meridian and stretches them by up to 1.001 at its edge, so a
    plain planar area is off by up to 0.2%; the correction leaves under 0.01% for anything of a site's size.
    """
    centre = geometry.centroid
    code = utm_epsg(centre.x, centre.y)
    from_degrees = Transformer.from_crs(4326, code, always_xy=True)
    flat = shapely.transform(geometry, from_degrees.transform, interleaved=False).area
    return float(flat / areal_scale(centre.x, centre.y, code))


def areal_scale(lon: float, lat: float, crs: str | int) -> float:
    """Return how many square map units `crs` spends on one square metre of ground at a place (degrees)."""
    return float(Proj(CRS.from_user_input(crs)).get_factors(lon, lat).areal_scale)


def mercator_scale(lat: float) -> float:
    """Return how many metres of EPSG:3857 one metre of ground takes at a latitude (degrees).

    Web Mercator projects ellipsoidal latitudes with the formula of the sphere, so its scale differs
    north-south and east-west by up to 0.7%; this is the geometric mean, fit for scale bars and areas.
    """
    return math.sqrt(areal_scale(0.0, lat, 3857))
