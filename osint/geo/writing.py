"""Write outlines, and the sites as a map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from osint import files
from osint.errors import BadInputError
from osint.geo.outlines import circles
from osint.geo.reading import LABELS, SUFFIXES
from osint.register import write_csv
from osint.shown import shown

SITE_COLUMNS = ["site_id", "name_en", "name_zh", "status", "precision_km", "datum", "coord_level"]
"""Columns of sites.csv that go onto a map."""


def write_outlines(frame: gpd.GeoDataFrame, path: str | Path, **about: object) -> Path:
    """Write outlines in degrees, in the format of the file's suffix; a CSV carries them as `wkt`.

    The same table gives the same bytes (but for GeoPackage, a database). What is missing is null, in CSV an
    empty cell. `about` are further members of a GeoJSON collection. Raises BadInputError for another suffix.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInputError(f"{path.name}: outlines are written to {', '.join(SUFFIXES)}")
    degrees = frame.to_crs(4326)
    if suffix in (".geojson", ".json"):
        files.replace_file(path, _geojson(degrees, about))
    elif suffix == ".kml":
        files.replace_file(path, _kml(degrees))
    elif suffix == ".csv":
        table = pd.DataFrame(degrees.drop(columns=degrees.geometry.name))
        write_csv(table.assign(wkt=degrees.geometry.to_wkt(rounding_precision=9)), path)
    else:
        with files.written_beside(path) as part:
            degrees.to_file(part, driver="GPKG")
    return path


def _geojson(frame: gpd.GeoDataFrame, about: Mapping[str, object]) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {str(k): _plain(v) for k, v in row.items() if k != frame.geometry.name},
            "geometry": shapely.geometry.mapping(row[frame.geometry.name]),
        }
        for row in frame.to_dict("records")
    ]
    collection = {"type": "FeatureCollection", **about, "features": features}
    return (json.dumps(collection, ensure_ascii=False, indent=1) + "\n").encode()


def _plain(value: Any) -> object:
    """Return a value of a table as JSON has it, null for what is missing."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, str):
        return shown(value, keep="\n\t")
    return value if isinstance(value, bool | int | float | list | dict) else shown(str(value), keep="\n\t")


def _kml(frame: gpd.GeoDataFrame) -> bytes:
    """Return KML 2.2 for Google Earth; text never becomes markup. Without a `description` the columns are listed."""
    from xml.sax.saxutils import escape

    label = next((c for c in LABELS if c in frame), "")
    marks = []
    for n, row in enumerate(frame.to_dict("records"), start=1):
        shape = row.pop(frame.geometry.name)
        listed = "\n".join(f"{k}: {v}" for k, v in row.items() if _plain(v) is not None)
        name = escape(shown(str(row.get(label, n))))
        text = escape(shown(str(row.get("description", listed)), keep="\n\t"))
        about = f"<name>{name}</name><description>{text}</description>"
        marks.append(f"<Placemark>{about}{_kml_geometry(shape)}</Placemark>")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
    return (head + "\n".join(marks) + "\n</Document></kml>\n").encode()


def _kml_geometry(shape: BaseGeometry) -> str:
    def corners(line: BaseGeometry) -> str:
        return f"<coordinates>{' '.join(f'{x:.9f},{y:.9f}' for x, y in shapely.get_coordinates(line))}</coordinates>"

    if isinstance(shape, shapely.Polygon):
        rings = [("outer", shape.exterior), *(("inner", ring) for ring in shape.interiors)]
        form = "<{0}BoundaryIs><LinearRing>{1}</LinearRing></{0}BoundaryIs>"
        return f"<Polygon>{''.join(form.format(side, corners(ring)) for side, ring in rings)}</Polygon>"
    if isinstance(shape, Point | shapely.LineString):
        return f"<{shape.geom_type}>{corners(shape)}</{shape.geom_type}>"
    return f"<MultiGeometry>{''.join(map(_kml_geometry, shapely.get_parts(shape)))}</MultiGeometry>"


def to_geojson(points: gpd.GeoDataFrame) -> bytes:
    """Return circles and points of sites with their precision as GeoJSON: six decimals, stable bytes."""
    both = pd.concat([circles(points).assign(shape="precision circle"), points.assign(shape="centre")])
    frame = gpd.GeoDataFrame(both[[*SITE_COLUMNS, "shape", "geometry"]], geometry="geometry", crs="EPSG:4326")
    rounded = json.loads(_geojson(frame, {}), parse_float=lambda text: round(float(text), 6))
    return (json.dumps(rounded, ensure_ascii=False, indent=1) + "\n").encode()


def to_kml(points: gpd.GeoDataFrame) -> bytes:
    """Return the same as KML; each site says how well it is known and that it is not a building."""
    rows = points.to_dict("records")
    shapes = [shapely.GeometryCollection(pair) for pair in zip(points.geometry, circles(points).geometry, strict=True)]
    known = "Known to {precision_km:.0f} km ({coord_level}; datum {datum}). Not a building."
    labels = [{"name": f"{r['site_id']} {r['name_en']}", "description": known.format(**r)} for r in rows]
    return _kml(gpd.GeoDataFrame(labels, geometry=shapes, crs=4326))
