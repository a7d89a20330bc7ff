"""Ask OpenStreetMap, through Overpass, for the power lines, substations and generators near a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import BadInputError, NetworkError, UnreadableError
from osint.geo import Place
from osint.http import Client, Limits, Request, read_json

SERVER = "https://overpass-api.de/api/interpreter"
OSM_CREDIT = "© OpenStreetMap contributors, ODbL"
KINDS = ("substation", "line", "minor_line", "cable", "transformer", "generator", "plant")
TAGS = ("name", "operator", "voltage", "frequency", "plant:output:electricity", "start_date")
MAX_RADIUS_M = 50_000
LIMITS = Limits(max_seconds=300.0, head_seconds=150.0, silence_seconds=150.0, attempts=4)
"""Limits of one answer; the server computes for up to 90 seconds before it begins."""


@dataclass(frozen=True, slots=True)
class PowerMap:
    """What OpenStreetMap shows of the power network near a place; what it does not show may still be there."""

    features: gpd.GeoDataFrame
    """Columns: osm (type/id), power (one of KINDS), distance_m (from the centre to the nearest part), area_m2, the
    tags of TAGS (":" as "_"), credit (must go onto whatever shows them), geometry in degrees; the nearest first.
    """
    as_of: str
    """Time of the map's data (UTC), empty when the server does not state it."""


def mapped_power(place: Place, radius_m: float = 10_000, *, server: str = SERVER) -> PowerMap:
    """Return the power features within `radius_m` of a place's centre, as OpenStreetMap has them today.

    A missing feature is not evidence: China is mapped unevenly. Raises BadInputError for a radius over
    MAX_RADIUS_M, UnreadableError when the answer is not JSON of Overpass.
    """
    if not 0 < radius_m <= MAX_RADIUS_M:
        raise BadInputError(f"`radius_m` is over 0 and at most {MAX_RADIUS_M}, not {radius_m:g}")
    centre = geo.as_geometry(place).centroid
    kinds = "|".join(KINDS)
    around = f"around:{radius_m:.0f},{centre.y:.6f},{centre.x:.6f}"
    query = f'[out:json][timeout:90];nwr["power"~"^({kinds})$"]({around});out tags geom;'
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}
    question = Request(server, "POST", form, urlencode({"data": query}).encode())
    found = Client(LIMITS, named=server).ask(question)
    if found.fault:
        raise NetworkError(f"Overpass at {server}: {found.fault}")
    body = found.body or b""
    try:
        stated = read_json(body)
        elements = list(stated["elements"])
        as_of = str((stated.get("osm3s") or {}).get("timestamp_osm_base", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError("Overpass answered something that is not its JSON: it may be busy, try later") from error
    rows = [row for element in elements if (row := _row(element, centre))]
    columns = ["osm", "power", "distance_m", *(tag.replace(":", "_") for tag in TAGS), "credit", "geometry"]
    frame = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=4326)
    return PowerMap(geo.with_area(frame.sort_values(["distance_m", "osm"], ignore_index=True)), as_of)


def _row(element: Any, centre: shapely.Point) -> dict[str, Any] | None:
    shape = _shape(element)
    if shape is None or shape.is_empty:
        return None
    tags = element["tags"]
    near = shapely.ops.nearest_points(shape, centre)[0]
    _, _, distance = geo.WGS84.inv(centre.x, centre.y, near.x, near.y)
    return {
        "osm": f"{element.get('type')}/{element.get('id')}",
        "power": tags["power"],
        "distance_m": round(distance, 1),
        **{tag.replace(":", "_"): tags.get(tag) for tag in TAGS},
        "credit": OSM_CREDIT,
        "geometry": shape,
    }


def _shape(element: Any) -> BaseGeometry | None:
    """Return a node as a point, a closed way as a surface unless a line, a relation as its outer part.

    None for what is not one of KINDS or is not readable.
    """
    try:
        power = element["tags"]["power"]
        if power not in KINDS:
            return None
        if element["type"] == "node":
            return shapely.Point(element["lon"], element["lat"])
        if element["type"] == "way":
            points = [(p["lon"], p["lat"]) for p in element["geometry"]]
            closed = len(points) > 3 and points[0] == points[-1]
            is_line = power in ("line", "minor_line", "cable")
            return shapely.Polygon(points) if closed and not is_line else shapely.LineString(points)
        ways = [
            shapely.LineString([(p["lon"], p["lat"]) for p in member["geometry"]])
            for member in element["members"]
            if member.get("role", "") in ("outer", "") and member.get("geometry")
        ]
        surfaces = shapely.polygonize(ways)
        return shapely.union_all(surfaces.geoms) if len(surfaces.geoms) else shapely.MultiLineString(ways)
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
        return None
