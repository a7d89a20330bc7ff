"""Where a site is, and how well that is known: datums, precision, circles.

China publishes coordinates in GCJ-02 (a published algorithm of unknown authorship, about 0.2 km off
WGS-84 in Xinjiang) or BD-09 (Baidu, about 1.1 km off). A coordinate whose datum is unknown is left where it
is and its precision is widened by the largest of the two errors.
"""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import Point

from osint.errors import OsintError
from osint.register import Register

DATUMS = ("WGS-84", "GCJ-02", "BD-09", "unknown")
UNKNOWN_DATUM_KM = 1.2  # largest BD-09 error measured over the region, rounded up
_A = 6378245.0  # Krasovsky 1940, as GCJ-02 uses it
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0


def in_china(lon: float, lat: float) -> bool:
    """Whether GCJ-02 applies its offset: the rectangle of the published algorithm."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def wgs_to_gcj(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 to GCJ-02, degrees; unchanged outside China."""
    if not in_china(lon, lat):
        return lon, lat
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(abs(x)) + wave
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(abs(x)) + wave
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1 - _EE * np.sin(phi) ** 2
    d_lat = d_lat * 180.0 / ((_A * (1 - _EE)) / (magic * np.sqrt(magic)) * np.pi)
    d_lon = d_lon * 180.0 / (_A / np.sqrt(magic) * np.cos(phi) * np.pi)
    return float(lon + d_lon), float(lat + d_lat)


def gcj_to_wgs(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 to WGS-84 by fixed-point iteration, good to under 1 mm."""
    x, y = lon, lat
    for _ in range(30):
        gx, gy = wgs_to_gcj(x, y)
        x, y = x + lon - gx, y + lat - gy
        if abs(gx - lon) + abs(gy - lat) < 1e-10:
            break
    return x, y


def gcj_to_bd(lon: float, lat: float) -> tuple[float, float]:
    """GCJ-02 to BD-09, degrees."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return float(z * np.cos(theta) + 0.0065), float(z * np.sin(theta) + 0.006)


def bd_to_gcj(lon: float, lat: float) -> tuple[float, float]:
    """BD-09 to GCJ-02 by fixed-point iteration."""
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(30):
        bx, by = gcj_to_bd(x, y)
        x, y = x + lon - bx, y + lat - by
        if abs(bx - lon) + abs(by - lat) < 1e-11:
            break
    return x, y


def to_wgs(lon: float, lat: float, datum: str) -> tuple[float, float]:
    """Any datum of DATUMS to WGS-84; unknown is returned as it is (see `precision_km`)."""
    if datum not in DATUMS:
        raise OsintError(f"the datum {datum!r} is not known; use one of {', '.join(DATUMS)}")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise OsintError(f"lon {lon}, lat {lat} is not on the globe; check the order (longitude first) and the degrees")
    if datum == "BD-09":
        lon, lat = bd_to_gcj(lon, lat)
    return gcj_to_wgs(lon, lat) if datum in {"BD-09", "GCJ-02"} else (lon, lat)


def from_wgs(lon: float, lat: float, datum: str) -> tuple[float, float]:
    """WGS-84 to any known datum."""
    if datum not in DATUMS or datum == "unknown":
        raise OsintError(f"{datum!r} is not a datum to convert to; use WGS-84, GCJ-02 or BD-09")
    if datum == "WGS-84":
        return lon, lat
    lon, lat = wgs_to_gcj(lon, lat)
    return gcj_to_bd(lon, lat) if datum == "BD-09" else (lon, lat)


def precision_km(site: dict | pd.Series) -> float:
    """Stated precision, widened where the datum is unknown inside China; NaN without a coordinate."""
    stated = float(site["coord_precision_km"])
    if site["datum"] == "unknown" and np.isfinite(site["lon"]) and in_china(site["lon"], site["lat"]):
        return stated + UNKNOWN_DATUM_KM
    return stated


def places(register: Register) -> gpd.GeoDataFrame:
    """Sites with a coordinate, as points in WGS-84 (EPSG:4326) with precision_km."""
    rows = register.sites[register.sites["lat"].notna()].copy()
    points = [to_wgs(r["lon"], r["lat"], r["datum"]) for r in rows.to_dict("records")]
    rows["precision_km"] = [precision_km(r) for _, r in rows.iterrows()]
    return gpd.GeoDataFrame(rows, geometry=[Point(p) for p in points], crs="EPSG:4326")


def circles(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Precision circles as polygons in WGS-84, drawn in each point's own azimuthal projection."""
    out = points.copy()
    rings = []
    for point, km in zip(points.geometry, points["precision_km"], strict=True):
        local = f"+proj=aeqd +lat_0={point.y} +lon_0={point.x} +datum=WGS84 +units=m"
        disc = gpd.GeoSeries([Point(0, 0).buffer(km * 1000, quad_segs=16)], crs=local)
        rings.append(disc.to_crs("EPSG:4326").iloc[0])
    return out.set_geometry(gpd.GeoSeries(rings, index=out.index, crs="EPSG:4326"))


KEPT = ["site_id", "name_en", "name_zh", "status", "precision_km", "datum", "coord_level"]


def to_geojson(points: gpd.GeoDataFrame) -> bytes:
    """Circles and points with their precision, six decimals, stable bytes."""
    both = pd.concat(
        [circles(points).assign(shape="precision circle"), points.assign(shape="centre")], ignore_index=True
    )
    frame = gpd.GeoDataFrame(both[[*KEPT, "shape", "geometry"]], geometry="geometry", crs="EPSG:4326")
    found = json.loads(frame.to_json(drop_id=True))
    rounded = json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 6))
    return (json.dumps(rounded, ensure_ascii=False, indent=1) + "\n").encode()


def to_kml(points: gpd.GeoDataFrame) -> bytes:
    """The same as KML 2.2 for Google Earth; the text of a site never becomes markup."""
    from xml.sax.saxutils import escape

    marks = []
    for (_, row), ring in zip(points.iterrows(), circles(points).geometry, strict=True):
        label = f"{row['site_id']} {row['name_en']}"
        about = f"Known to {row['precision_km']:.0f} km ({row['coord_level']}; datum {row['datum']}). Not a building."
        loop = " ".join(f"{x:.6f},{y:.6f}" for x, y in ring.exterior.coords)
        marks.append(
            f"<Placemark><name>{escape(label)}</name><description>{escape(about)}</description><MultiGeometry>"
            f"<Point><coordinates>{row.geometry.x:.6f},{row.geometry.y:.6f}</coordinates></Point>"
            f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{loop}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
            "</MultiGeometry></Placemark>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        + "\n".join(marks)
        + "\n</Document></kml>\n"
    ).encode()
