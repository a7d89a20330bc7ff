"""Read and write outlines (GeoJSON, KML, GeoPackage, CSV), with areas true on the ellipsoid."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from osint.errors import OsintError
from osint.imagery import grid

MAX_BYTES = 256 << 20
SUFFIXES = (".geojson", ".json", ".kml", ".gpkg", ".csv")


def read(path: str | Path) -> gpd.GeoDataFrame:
    """Return the outlines of a file in longitude and latitude (WGS-84), with `area_m2` (NaN for lines).

    A CSV has a column `wkt` or `geometry` (WKT), or `lon` and `lat`, in degrees.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OsintError(f"{path.name}: outlines are read from {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise OsintError(f"there is no file {path.name}")
    if path.stat().st_size > MAX_BYTES:
        raise OsintError(f"{path.name} is over 256 MB: cut it to the site first")
    try:
        frame = _frame(path)
    except OsintError:
        raise
    except Exception as error:
        # whatever a driver chokes on in somebody's file, the file is at fault
        raise OsintError(f"{path.name} cannot be read as outlines: {str(error)[:160]}") from error
    if not len(frame):
        raise OsintError(f"{path.name} holds no outline: draw one and save it again")
    if frame.crs is None:
        frame = frame.set_crs(4326)
    return with_area(frame.to_crs(4326))


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read one file; what it is must agree with its name, so that no driver is talked into another format."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    if suffix in (".geojson", ".json"):
        body = json.loads(path.read_bytes())
        if body.get("type") == "Feature":
            body = {"features": [body]}
        elif "features" not in body:
            body = {"features": [{"type": "Feature", "properties": {}, "geometry": body}]}
        if not body["features"]:
            return gpd.GeoDataFrame(geometry=[])
        named = str(((body.get("crs") or {}).get("properties") or {}).get("name", "EPSG:4326"))
        return gpd.GeoDataFrame.from_features(body["features"], crs=named)
    if suffix == ".csv":
        return _from_csv(pd.read_csv(path), path)
    signature = b"SQLite format 3\0" if suffix == ".gpkg" else b"<kml"
    if signature not in start or b"OGRVRT" in start:
        raise OsintError(f"{path.name} is not a {suffix[1:].upper()} file")
    return gpd.read_file(path)


def _from_csv(table: pd.DataFrame, path: Path) -> gpd.GeoDataFrame:
    column = next((c for c in ("wkt", "geometry", "WKT") if c in table), None)
    if column:
        return gpd.GeoDataFrame(table.drop(columns=column), geometry=shapely.from_wkt(table[column]), crs=4326)
    if {"lon", "lat"} <= set(table):
        return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326)
    raise OsintError(f"{path.name} needs a column `wkt`, or `lon` and `lat`; it has {', '.join(table.columns)}")


def with_area(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table with `area_m2` on the WGS-84 ellipsoid, NaN where there is no surface."""
    degrees = frame.geometry.to_crs(4326)
    kinds = degrees.geom_type.isin(["Polygon", "MultiPolygon"])
    areas = [grid.area_m2(g) if flat else float("nan") for g, flat in zip(degrees, kinds, strict=True)]
    return frame.assign(area_m2=areas)


def write(frame: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write outlines in degrees, in the format of the file's suffix; a CSV carries them as `wkt`."""
    path = Path(path)
    suffix = path.suffix.lower()
    degrees = frame.to_crs(4326)
    if suffix in (".geojson", ".json"):
        path.write_text(degrees.to_json(drop_id=True, na="null", ensure_ascii=False))
    elif suffix == ".csv":
        table = pd.DataFrame(degrees.drop(columns=degrees.geometry.name))
        table.assign(wkt=degrees.geometry.to_wkt(rounding_precision=9)).to_csv(path, index=False)
    elif suffix in (".kml", ".gpkg"):
        degrees.to_file(path, driver={".kml": "KML", ".gpkg": "GPKG"}[suffix])
    else:
        raise OsintError(f"{path.name}: outlines are written to {', '.join(SUFFIXES)}")
    return path
