"""Read outlines from files of many kinds; each file is that of a stranger."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from osint import files
from osint.errors import BadInputError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.geo.datums import DATUMS, check_on_globe, to_wgs
from osint.geo.outlines import SURFACES, crossing, with_area

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
LABELS = ("outline_id", "Name", "name", "id")
"""Columns that name an outline, the first that is there."""


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
    polygons = frame.geometry.geom_type.isin(SURFACES)
    if not polygons.all():
        label = next((column for column in LABELS if column in frame), None)
        named = "" if label is None else f" ({', '.join(map(str, frame.loc[~polygons, label][:3]))})"
        count = f"{int((~polygons).sum())} of {len(frame)} are not"
        raise BadInputError(f"{path.name} must hold polygons only; {count}{named}: take them out")
    if "outline_id" not in frame:
        names = frame[next((c for c in LABELS if c in frame), "area_m2")]
        known = names.notna() & (names.astype(str) != "") & (names.name != "area_m2")
        frame["outline_id"] = [str(v) if k else str(n) for n, (v, k) in enumerate(zip(names, known, strict=True), 1)]
    frame["outline_id"] = _told_apart(frame["outline_id"].astype(str))
    for identifier, outline in zip(frame["outline_id"], frame.geometry, strict=True):
        if outline.is_empty:
            raise BadInputError(f"{path.name}: outline {identifier} is empty: draw it again, or take it out")
        west, south, east, north = outline.bounds
        check_on_globe(west, north)
        check_on_globe(east, south)
        if fault := crossing(outline):
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
