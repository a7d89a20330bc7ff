"""Places: datums, precision, areas, and outlines in and out.

China publishes coordinates in GCJ-02 (a published algorithm of unknown authorship, about 0.2 km off
WGS-84 in Xinjiang) or BD-09 (Baidu, about 1.1 km off). A coordinate whose datum is unknown is left where it
is and its precision is widened by the largest of the two errors. Outlines are shapely geometries in degrees
(longitude, latitude; WGS-84) unless a table of them names another CRS.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from osint import files
from osint.errors import BadInputError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.register import UNKNOWN_DATUM_KM, Register, write_csv
from osint.shown import shown

Place: TypeAlias = BaseGeometry | gpd.GeoDataFrame | gpd.GeoSeries | Mapping[str, Any] | Sequence[float]
"""What `as_geometry` takes for a place."""
DATUMS = ("WGS-84", "GCJ-02", "BD-09", "unknown")
WGS84 = Geod(ellps="WGS84")
ARCTIC_DEG = 72.0
"""Latitude from which a place is taken for one with longitude and latitude exchanged, if that is in or about China."""
ANTARCTIC_DEG = -66.6
"""Latitude from which on southwards nothing is built that is looked for here: the two are exchanged."""
SUFFIXES = (".geojson", ".json", ".kml", ".gpkg", ".csv")
"""Formats of outlines, read and written."""
CONTAINERS = (".shp", ".kmz", ".zip")
"""Formats of outlines that are read alone: a shapefile, KMZ, and a ZIP of files of outlines."""
MOST_MEMBERS = 1000
"""Files of a ZIP or KMZ."""
BESIDE = (".dbf", ".prj", ".shx")
"""Files without which a shapefile says neither names nor places."""
MAX_BYTES = 256 << 20
MOST_NESTED = 16
"""Brackets inside each other in WKT: a collection of polygons with holes has five."""
MOST_LAYERS = 300
"""Layers of a file, which are the folders of a KML: for each of them the whole file is read anew."""
OVERLAP_SHARE = 1e-6
"""Share of the area of an outline by which its parts may overlap and still only touch: corners are rounded."""
SITE_COLUMNS = ["site_id", "name_en", "name_zh", "status", "precision_km", "datum", "coord_level"]
"""Columns of sites.csv that go onto a map."""
_A = 6378245.0  # Krasovsky 1940, as GCJ-02 uses it
_EE = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0
_SURFACES = ("Polygon", "MultiPolygon")
_MAPS = {"amap": "GCJ-02", "gaode": "GCJ-02", "高德": "GCJ-02", "tencent": "GCJ-02", "baidu": "BD-09", "百度": "BD-09"}
"""Datum of the coordinates that a map shows, by its name."""
_NUMBER = r"([+-]?\d{1,3}(?:\.\d+)?)"
_PAIR = re.compile(rf"{_NUMBER}\s*[,;\s]\s*{_NUMBER}")
_LETTERED = tuple(
    re.compile(rf"{side}\s*[,;]?\s*{side}", re.IGNORECASE)
    for side in (r"([NSEW])\s*(\d{1,3}(?:\.\d+)?)\s*°?", r"(\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEW])")
)
"""N43.255 E94.697, and 43.255N 94.697E."""


class _Link(NamedTuple):
    """How the address of a map writes a place."""

    host: str
    pattern: str
    lon_first: bool
    datum: str


_LINKS = (
    _Link("amap.com", rf"[?&](?:position|center|lnglat|location|to|dest)={_NUMBER},{_NUMBER}", True, "GCJ-02"),
    _Link("amap.com", rf"[?&]lng={_NUMBER}&lat={_NUMBER}", True, "GCJ-02"),
    _Link("amap.com", rf"[?&]lat={_NUMBER}&(?:lng|lon)={_NUMBER}", False, "GCJ-02"),
    _Link("amap.com", rf"[?&]q={_NUMBER},{_NUMBER}", False, "GCJ-02"),
    _Link("amap.com", rf"[?&]p=[^,&]*,{_NUMBER},{_NUMBER}", False, "GCJ-02"),
    _Link("baidu.com", rf"[?&](?:location|latlng|center)=(?:latlng:)?{_NUMBER},{_NUMBER}", False, "BD-09"),
    _Link("google", rf"!3d{_NUMBER}!4d{_NUMBER}", False, "WGS-84"),
    _Link("google", rf"/@{_NUMBER},{_NUMBER}", False, "WGS-84"),
    _Link("google", rf"[?&](?:q|ll|query)={_NUMBER},{_NUMBER}", False, "WGS-84"),
    _Link("openstreetmap.org", rf"[?&]mlat={_NUMBER}&mlon={_NUMBER}", False, "WGS-84"),
    _Link("openstreetmap.org", rf"#map=\d+(?:\.\d+)?/{_NUMBER}/{_NUMBER}", False, "WGS-84"),
)
"""Addresses of maps, the first that fits; Baidu's own are in metres of a grid of its own and are not read."""
_LABELS = ("outline_id", "Name", "name", "id")
"""Columns that name an outline, the first that is there."""


def in_china(lon: float, lat: float) -> bool:
    """Say whether GCJ-02 applies its offset: the rectangle of the published algorithm."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def wgs_to_gcj(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of WGS-84 to GCJ-02; unchanged outside China."""
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
    """Convert degrees of GCJ-02 to WGS-84, good to under 1 mm."""
    return _undone(wgs_to_gcj, lon, lat)


def gcj_to_bd(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of GCJ-02 to BD-09."""
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return float(z * np.cos(theta) + 0.0065), float(z * np.sin(theta) + 0.006)


def bd_to_gcj(lon: float, lat: float) -> tuple[float, float]:
    """Convert degrees of BD-09 to GCJ-02, good to under 1 mm."""
    return _undone(gcj_to_bd, lon, lat)


def _undone(convert: Callable[[float, float], tuple[float, float]], lon: float, lat: float) -> tuple[float, float]:
    """Return the place that `convert` moves to this one, by fixed-point iteration."""
    x, y = lon, lat
    for _ in range(30):
        new_lon, new_lat = convert(x, y)
        x, y = x + lon - new_lon, y + lat - new_lat
        if abs(new_lon - lon) + abs(new_lat - lat) < 1e-11:
            break
    return x, y


def to_wgs(lon: float, lat: float, datum: str) -> tuple[float, float]:
    """Convert any datum of DATUMS to WGS-84; unknown is returned as it is (see `precision_km`).

    >>> [round(v, 4) for v in to_wgs(116.404, 39.915, "BD-09")]
    [116.3914, 39.9073]
    """
    if datum not in DATUMS:
        raise BadInputError(f"the datum {datum!r} is not known; use one of {', '.join(DATUMS)}")
    _on_the_globe(lon, lat)
    if datum == "BD-09":
        lon, lat = bd_to_gcj(lon, lat)
    return gcj_to_wgs(lon, lat) if datum in {"BD-09", "GCJ-02"} else (lon, lat)


def _on_the_globe(lon: float, lat: float) -> None:
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        where = f"lon {lon:.12g}, lat {lat:.12g} is not on the globe"
        exchanged = "; the two may be exchanged" if abs(lat) > 90 else ""
        meant = f"; did you mean {lat:.12g},{lon:.12g}?" if abs(lat) > 90 and abs(lat) <= 180 and abs(lon) <= 90 else ""
        raise BadInputError(f"{where}{exchanged}; longitude first (-180 to 180), then latitude (-90 to 90){meant}")
    arctic = lat >= ARCTIC_DEG and in_china(lat, lon)
    if arctic or lat <= ANTARCTIC_DEG:
        where = "the Arctic" if arctic else "the Antarctic"
        raise BadInputError(
            f"lon {lon:.12g}, lat {lat:.12g} is in {where}: longitude first; did you mean {lat:.12g},{lon:.12g}?"
        )


def datum_named(text: str) -> str:
    """Return the datum of DATUMS that a person names: its name in any spelling, or a map that uses it.

    >>> datum_named("gcj02"), datum_named("百度")
    ('GCJ-02', 'BD-09')
    """
    key = "".join(one for one in text.casefold() if one.isalnum())
    names = {"".join(one for one in datum.casefold() if one.isalnum()): datum for datum in DATUMS} | _MAPS
    if key not in names:
        raise BadInputError(f"the datum {text!r} is not known; use one of {', '.join(DATUMS)}, or amap or baidu")
    return names[key]


def read_point(text: str, datum: str = "WGS-84") -> tuple[float, float]:
    """Return longitude and latitude in WGS-84 of a place that a person typed or pasted; see `stated_point`.

    >>> read_point("94.697,43.255"), read_point("N43.255 E94.697")
    ((94.697, 43.255), (94.697, 43.255))
    """
    return to_wgs(*stated_point(text, datum))


def stated_point(text: str, datum: str = "WGS-84") -> tuple[float, float, str]:
    """Return longitude, latitude and datum of a place as a person typed or pasted it, not converted.

    Read are `LON,LAT` in degrees of `datum`, `43.25N 94.70E` in any order, and the address of a place on Amap, Baidu,
    Google Maps or OpenStreetMap, which has the datum of its map whatever `datum` says. Raises BadInputError for what is
    none of these, is not on the globe, or looks as if the latitude came first.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if "://" in text or ".com/" in text:
        return _of_link(text)
    for written in _LETTERED:
        if lettered := written.fullmatch(text):
            return (*_by_letters(lettered.groups(), text), datum)
    found = _PAIR.fullmatch(text)
    if not found:
        raise BadInputError(f"{text!r} is no place; write LON,LAT in degrees, as 94.697,43.255, or paste a map's link")
    lon, lat = float(found[1]), float(found[2])
    _on_the_globe(lon, lat)
    if not in_china(lon, lat) and in_china(lat, lon):
        raise BadInputError(
            f"lon {lon:.12g}, lat {lat:.12g} is far outside China, and exchanged it is inside; longitude first: did "
            f"you mean {lat:.12g},{lon:.12g}? (E{lon:.12g} N{lat:.12g} is taken as it stands)"
        )
    return lon, lat, datum


def _by_letters(groups: Sequence[str], text: str) -> tuple[float, float]:
    """Return longitude and latitude of two numbers, each beside the letter of its direction."""
    signed: dict[str, float] = {}
    for pair in (groups[:2], groups[2:]):
        letter, number = sorted(pair, key=lambda part: part[0].isdigit())
        axis = "lat" if letter.upper() in {"N", "S"} else "lon"
        signed[axis] = float(number) * (-1 if letter.upper() in {"S", "W"} else 1)
    if len(signed) != len(("lon", "lat")):
        raise BadInputError(f"{text!r} is no place; write one number with N or S and one with E or W")
    return signed["lon"], signed["lat"]


def _of_link(text: str) -> tuple[float, float, str]:
    """Return the place that the address of a map shows, and its datum."""
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError as error:
        raise BadInputError(f"{text[:80]!r} is no address ({error}); write LON,LAT in degrees") from error
    host, rest = address.hostname or "", unquote(f"{address.path}?{address.query}#{address.fragment}")
    for link in _LINKS:
        found = re.search(link.pattern, rest)
        if found and (f".{host}".endswith(f".{link.host}") or link.host in host.split(".")):
            one, other = float(found[1]), float(found[2])
            stated = re.search(r"coord_type=(\w+)", rest)
            datum = {"gcj02": "GCJ-02", "wgs84": "WGS-84"}.get(stated[1], link.datum) if stated else link.datum
            return (one, other, datum) if link.lon_first else (other, one, datum)
    if host.endswith("baidu.com"):
        raise BadInputError(
            f"{text[:80]!r} has metres of Baidu's own grid, which is not read; copy the degrees of the place from "
            "https://api.map.baidu.com/lbsapi/getpoint and give them with --datum bd09"
        )
    raise BadInputError(f"{text[:80]!r} shows no place that can be read; write LON,LAT, with --datum for gcj02 or bd09")


def precision_km(site: Mapping[str, Any] | pd.Series) -> float:
    """Return the stated precision, widened where the datum is unknown inside China; NaN without a coordinate."""
    stated = float(site["coord_precision_km"])
    if site["datum"] == "unknown" and np.isfinite(site["lon"]) and in_china(site["lon"], site["lat"]):
        return stated + UNKNOWN_DATUM_KM
    return stated


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
    _on_the_globe(lon, lat)
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
    fault = _crossing(geometry)
    if fault:
        raise BadInputError(f"an outline {fault}: draw it again")
    area, _ = WGS84.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(float(area))


def _crossing(geometry: BaseGeometry) -> str:
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
    sound = [g is not None and g.geom_type in _SURFACES and not _crossing(g) for g in degrees]
    return frame.assign(area_m2=[area_m2(g) if ok else np.nan for g, ok in zip(degrees, sound, strict=True)])


def read_features(path: str | Path) -> gpd.GeoDataFrame:
    """Return the geometries of a file of any kind, in degrees (WGS-84), with `area_m2` (NaN for points and lines).

    A CSV has a column `wkt` or `geometry` (WKT), or `lon` and `lat`, in degrees. Of a ZIP or KMZ every file of outlines
    in it is read, and all layers and folders of each. Raises BadInputError for another suffix, NotFoundError where
    there is no file, UnreadableError when its bytes are not what it says.
    """
    path = Path(path)
    if path.suffix.lower() not in (*SUFFIXES, *CONTAINERS):
        raise BadInputError(f"{path.name}: outlines are read from {', '.join((*SUFFIXES, *CONTAINERS))}")
    if not path.is_file():
        raise NotFoundError(f"there is no file {path.name}")
    if path.stat().st_size > MAX_BYTES:
        raise RefusedError(f"{path.name} is over 256 MB: cut it to the site first")
    try:
        frame = _frame(path)
    except OsintError:
        raise
    except Exception as error:
        # whatever a driver cannot read in somebody's file, the file is at fault
        raise UnreadableError(f"{path.name} cannot be read as outlines: {str(error)[:160]}") from error
    if not len(frame):
        raise BadInputError(f"{path.name} holds no outline: draw one and save it again")
    return with_area((frame if frame.crs is not None else frame.set_crs(4326)).to_crs(4326))


def read_outlines(path: str | Path, datum: str = "WGS-84") -> gpd.GeoDataFrame:
    """Return the polygons of a file in degrees (WGS-84) with `outline_id` and `area_m2`.

    Without a column `outline_id` the ids are those of a column Name, name or id, else the numbers from 1. Corners
    drawn on a map of another `datum` of DATUMS are converted. Raises BadInputError for points and lines, and for an
    outline that crosses itself; it names the outline and the place of the crossing.
    """
    path = Path(path)
    frame = read_features(path)
    polygons = frame.geometry.geom_type.isin(_SURFACES)
    if not polygons.all():
        label = next((column for column in _LABELS if column in frame), None)
        named = "" if label is None else f" ({', '.join(map(str, frame.loc[~polygons, label][:3]))})"
        count = f"{int((~polygons).sum())} of {len(frame)} are not"
        raise BadInputError(f"{path.name} must hold polygons only; {count}{named}: take them out")
    if "outline_id" not in frame:
        names = frame[next((c for c in _LABELS if c in frame), "area_m2")]
        known = names.notna() & (names.astype(str) != "") & (names.name != "area_m2")
        frame["outline_id"] = [str(v) if k else str(n) for n, (v, k) in enumerate(zip(names, known, strict=True), 1)]
    frame["outline_id"] = _told_apart(frame["outline_id"].astype(str))
    for identifier, outline in zip(frame["outline_id"], frame.geometry, strict=True):
        if outline.is_empty:
            raise BadInputError(f"{path.name}: outline {identifier} is empty: draw it again, or take it out")
        west, south, east, north = outline.bounds
        _on_the_globe(west, north)
        _on_the_globe(east, south)
        if fault := _crossing(outline):
            raise BadInputError(f"{path.name}: outline {identifier} {fault}; draw it again")
    return frame if datum == DATUMS[0] else with_area(frame.set_geometry(_to_wgs(frame.geometry, datum)))


def _to_wgs(outlines: gpd.GeoSeries, datum: str) -> gpd.GeoSeries:
    """Return outlines drawn on a map of a datum of DATUMS, corner by corner in WGS-84."""

    def corners(degrees: np.ndarray) -> np.ndarray:
        return np.array([to_wgs(lon, lat, datum) for lon, lat in degrees])

    return gpd.GeoSeries([shapely.transform(one, corners) for one in outlines], index=outlines.index, crs=4326)


def _told_apart(names: pd.Series) -> list[str]:
    """Return names, with a number behind each that was there before: two folders of a file may use one name."""
    count = names.groupby(names).cumcount()
    return [name if not n else f"{name} ({n + 1})" for name, n in zip(names, count, strict=True)]


def _frame(path: Path) -> gpd.GeoDataFrame:
    """Read one file; what it is must agree with its name, so that no driver is talked into another format."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    if suffix in (".kmz", ".zip"):
        return _zipped(path)
    if suffix == ".shp":
        return _shapefile(path)
    if suffix in (".geojson", ".json"):
        return _geojson_frame(path)
    if suffix == ".csv":
        table = pd.read_csv(path)
        if column := next((c for c in ("wkt", "geometry", "WKT") if c in table), None):
            if table[column].astype(str).map(_nesting).max() > MOST_NESTED:
                raise UnreadableError(f"{path.name} has shapes inside shapes, more than {MOST_NESTED} deep: not read")
            return gpd.GeoDataFrame(table.drop(columns=column), geometry=shapely.from_wkt(table[column]), crs=4326)
        if {"lon", "lat"} <= set(table):
            return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326)
        raise BadInputError(f"{path.name} needs a column `wkt`, or `lon` and `lat`; it has {', '.join(table.columns)}")
    if suffix == ".gpkg" and b"SQLite format 3\0" not in start:
        raise UnreadableError(f"{path.name} is not a GPKG file")
    if suffix == ".gpkg":
        return _layers(path)
    with tempfile.TemporaryDirectory(prefix=files.PREFIX) as folder:
        plain = Path(folder) / path.name
        plain.write_bytes(_kml_text(path))
        return _layers(plain)


def _geojson_frame(path: Path) -> gpd.GeoDataFrame:
    """Return the features of GeoJSON, or of a bare geometry, with the `id` that each of them has."""
    try:
        body = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path.name} is not in UTF-8, as GeoJSON must be: save it in UTF-8") from error
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        form = "a list: put it into a FeatureCollection as its `features`" if isinstance(body, list) else "no GeoJSON"
        form = (
            "an answer of Overpass: convert it to GeoJSON first"
            if isinstance(body, dict) and "elements" in body
            else form
        )
        raise UnreadableError(f"{path.name} is {form}")
    bare = [body if body["type"] == "Feature" else {"type": "Feature", "properties": {}, "geometry": body}]
    crs = str(((body.get("crs") or {}).get("properties") or {}).get("name", "EPSG:4326"))
    features = body.get("features", bare)
    own = [
        {**one, "properties": {"id": one["id"], **(one.get("properties") or {})}} if one.get("id") is not None else one
        for one in features
    ]
    return gpd.GeoDataFrame.from_features(own, crs=crs)


def _layers(path: Path) -> gpd.GeoDataFrame:
    """Return all layers of a file, a folder of KML being one, each row with its `layer` where there are several."""
    names = [str(name) for name in gpd.list_layers(path)["name"]]
    _refuse_many_folders(path, len(names))
    frames = {name: gpd.read_file(path, layer=name) for name in names}
    held = {name: frame for name, frame in frames.items() if isinstance(frame, gpd.GeoDataFrame) and len(frame)}
    return _joined(held) if held else gpd.GeoDataFrame(geometry=[], crs=4326)


def _refuse_many_folders(path: Path, folders: int) -> None:
    if folders > MOST_LAYERS:
        raise RefusedError(f"{path.name} has {folders:,} folders, and {MOST_LAYERS} are read at most: join them first")


def _joined(frames: Mapping[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return tables as one, each row with the name of its table as its `layer` where there are several."""
    if len(frames) == 1:
        return next(iter(frames.values()))
    degrees = {n: (f if f.crs is not None else f.set_crs(4326)).to_crs(4326) for n, f in frames.items()}
    named = [frame.assign(layer=name) for name, frame in degrees.items()]
    return gpd.GeoDataFrame(pd.concat(named, ignore_index=True), crs=4326)


def _kml_text(path: Path) -> bytes:
    """Return the text of a KML file in UTF-8: its reader knows no Chinese encoding, and follows no link."""
    body = path.read_bytes()
    told = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding=[\"']([\w.-]+)[\"'][^>]*\?>", body)
    name = told[1].decode().lower() if told else "utf-8"
    try:
        text = body.decode("gb18030" if name in ("gbk", "gb2312", "gb18030") else "utf-8-sig" if not told else name)
    except (UnicodeDecodeError, LookupError) as error:
        raise UnreadableError(f"{path.name} cannot be read as {name}, as it calls itself: save it in UTF-8") from error
    text = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text)
    if "<kml" not in text[:4096] or "OGRVRT" in text[:4096]:
        raise UnreadableError(f"{path.name} is not a KML file")
    if re.search(r"<(?:\w+:)?NetworkLink[\s>]", text):
        raise BadInputError(
            f"{path.name} links to outlines at another place (NetworkLink), which is not asked: open it in Google "
            "Earth, and save the folder that the link opens as a file of its own"
        )
    # all but the outermost; to list many of them, each inside the one before, takes a time that grows with their square
    _refuse_many_folders(path, len(re.findall(r"<(?:\w+:)?(?:Folder|Document)[\s>/]", text)) - 1)
    return text.encode()


def _shapefile(path: Path) -> gpd.GeoDataFrame:
    """Return the rows of a shapefile, whose names may be in a Chinese encoding that it does not state."""
    if path.read_bytes()[:4] != b"\x00\x00\x27\x0a":
        raise UnreadableError(f"{path.name} is not a shapefile")
    there = {one.suffix.lower(): one for one in path.parent.glob(f"{glob.escape(path.stem)}.*")}
    if missing := [suffix for suffix in BESIDE if suffix not in there]:
        what = "which says in which system its numbers are" if missing == [".prj"] else "which belong to it"
        raise UnreadableError(f"{path.name} stands without its {', '.join(missing)}, {what}: put all its files here")
    if ".cpg" in there:
        return gpd.read_file(path)
    return gpd.read_file(path, encoding=_encoding(there[".dbf"].read_bytes()))


def _encoding(body: bytes) -> str:
    """Return the encoding of the texts of a table: that which reads all of them, the likely one first."""
    for name in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            body[32:].decode(name)
            return name
    return "latin-1"


def _zipped(path: Path) -> gpd.GeoDataFrame:
    """Return the outlines of every file of outlines in a ZIP or KMZ, whatever its folders; nothing else of it."""
    with zipfile.ZipFile(path) as held, tempfile.TemporaryDirectory(prefix=files.PREFIX) as folder:
        members = [one for one in held.infolist() if not one.is_dir()]
        if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MAX_BYTES:
            raise RefusedError(f"{path.name} holds over {MOST_MEMBERS:,} files or 256 MB: take out what is no outline")
        found: dict[str, Path] = {}
        for one in members:
            name = Path(one.filename)
            if name.suffix.lower() not in (*SUFFIXES, ".shp", ".cpg", *BESIDE) or name.name.startswith("._"):
                continue
            # files of one shapefile stay next to each other, those of two folders apart
            home = Path(folder) / hashlib.sha256(str(name.parent).encode()).hexdigest()[:8]
            home.mkdir(exist_ok=True)
            with held.open(one) as source, files.open_private(home / name.name, "xb") as target:
                target.write(source.read(MAX_BYTES))
            if name.suffix.lower() in (*SUFFIXES, ".shp"):
                found[one.filename] = home / name.name
        if not found:
            raise UnreadableError(f"{path.name} holds no file of outlines ({', '.join((*SUFFIXES, '.shp'))})")
        return _joined({name: _frame(one) for name, one in found.items()})


def _nesting(text: str) -> int:
    """Return how deep the brackets of a text go; a parser of WKT calls itself for each, until the process ends."""
    depth = most = 0
    for one in text:
        depth += (one == "(") - (one == ")")
        most = max(most, depth)
    return most


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

    label = next((c for c in _LABELS if c in frame), "")
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
