"""Read STAC items of several spellings into one row each, and drop duplicates by a stated rule."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from osint.errors import OsintError

# Sentinel-2 asset names of Earth Search v1 and the common names, to the band numbers of the mission
S2_NAMES = {
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "nir": "B08",
    "nir08": "B8A",
    "nir09": "B09",
    "swir16": "B11",
    "swir22": "B12",
    "scl": "SCL",
}
S2_BANDS = frozenset(S2_NAMES.values())
SCL_NAMES = {
    0: "no data",
    1: "saturated or defective",
    2: "dark area",
    3: "cloud shadow",
    4: "vegetation",
    5: "bare ground",
    6: "water",
    7: "unclassified",
    8: "cloud, medium probability",
    9: "cloud, high probability",
    10: "thin cirrus",
    11: "snow or ice",
}
"""Scene classification of Sen2Cor (ESA, Sentinel-2 Products Specification)."""
OFFSET_SINCE = "04.00"
OFFSET = -0.1
"""Reflectance to add from processing baseline 04.00 on (ESA, 25 January 2022: 1000 DN of 1e-4)."""
S2_SCALE = 1e-4


def canonical_band(name: str, collection: str) -> str:
    """Return a band's name in its mission: `blue` and `B02_10m` are `B02`, others are in lower case."""
    if not collection.startswith("sentinel-2"):
        return name.lower()
    plain = re.sub(r"_\d+m$", "", name)
    if plain.upper() in S2_BANDS:
        return plain.upper()
    return S2_NAMES.get(plain.lower(), name)


def row(item: dict[str, Any], site: BaseGeometry, catalogue: str) -> dict[str, Any]:
    """Return an item as one row: what it is, where its bands are, and how their numbers become physical.

    Raises OsintError when the item lacks what no reading can do without.
    """
    try:
        properties = item["properties"]
        collection = str(item.get("collection") or "")
        when = _time(properties.get("datetime") or properties["start_datetime"])
        footprint = shapely.make_valid(shapely.geometry.shape(item["geometry"]))
        assets = {k: v for k, v in item["assets"].items() if isinstance(v, dict)}
        identifier = str(item["id"])
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
        name = str(item.get("id", "without id"))[:80] if isinstance(item, dict) else "that is no object"
        raise OsintError(f"item {name} cannot be read: {type(error).__name__} {error}") from error
    hrefs, scales = _bands(assets, collection)
    baseline = _baseline(properties, identifier)
    return {
        "id": identifier,
        "datetime": when,
        "platform": str(properties.get("platform", "")).lower(),
        "cloud_pct": _number(properties.get("eo:cloud_cover")),
        "baseline": baseline,
        "offset": offset(properties, assets, collection, baseline),
        "footprint_share": min(footprint.intersection(site).area / site.area, 1.0),
        "tile": _tile(properties),
        "orbit": f"{properties.get('sat:orbit_state', '')} {properties.get('sat:relative_orbit', '')}".strip(),
        "epsg": _epsg(properties, assets),
        "processed": str(properties.get("s2:generation_time") or properties.get("created") or ""),
        "collection": collection,
        "catalogue": catalogue,
        "credit": credit(properties, collection, when),
        "hrefs": hrefs,
        "scales": scales,
        "geometry": footprint,
    }


def credit(properties: dict[str, Any], collection: str, when: dt.datetime) -> str:
    """Return the words that the licence of a scene asks for; simulated ones say SIMULATED."""
    if properties.get("osint:simulated"):
        return "SIMULATED: not a picture of any real place"
    if collection.startswith("sentinel"):
        return f"Contains modified Copernicus Sentinel data {when.year}"
    return "Landsat, courtesy of the U.S. Geological Survey" if collection.startswith("landsat") else ""


def offset(properties: dict[str, Any], assets: dict[str, Any], collection: str, baseline: str) -> float:
    """Return what has to be added to `DN * 1e-4` of a Sentinel-2 scene; NaN when nothing tells, 0 elsewhere.

    The flag `earthsearch:boa_offset_applied` decides where it is present, because Earth Search keeps the
    offset in `raster:bands` also for files from which it was already taken (Element84/earth-search#9).
    Without a flag (the c1 collection, Planetary Computer, CDSE) the processing baseline decides, and only
    where that is unknown too, the offset that the asset states.
    """
    if not collection.startswith("sentinel-2"):
        return 0.0
    for key in ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied"):
        if properties.get(key) is True:
            return 0.0
    if baseline:
        return OFFSET if baseline >= OFFSET_SINCE else 0.0
    reflectances = [a for name, a in assets.items() if canonical_band(name, collection) in S2_BANDS - {"SCL"}]
    stated = {_scale(asset)[1] for asset in reflectances} - {None}
    return float(stated.pop() or 0.0) if len(stated) == 1 else math.nan


def _bands(
    assets: dict[str, Any], collection: str
) -> tuple[dict[str, str], dict[str, tuple[float, float, float | None]]]:
    """Return the address (https, where there are several) and (scale, offset, nodata) of each band."""
    hrefs: dict[str, str] = {}
    scales: dict[str, tuple[float, float, float | None]] = {}
    for name, asset in sorted(assets.items(), key=_finest_first):
        band = canonical_band(name, collection)
        href = _https_first(asset)
        if band in hrefs or not href or name.endswith("-jp2"):
            continue
        if collection.startswith("sentinel-2") and band not in S2_BANDS:
            continue
        kind = str(asset.get("type", ""))
        if not (kind.startswith("image/") or "tiff" in kind or not kind):
            continue
        scale, shift, nodata = _scale(asset)
        hrefs[band] = href
        scales[band] = (scale or 1.0, shift or 0.0, nodata)
    return hrefs, scales


def _finest_first(entry: tuple[str, Any]) -> tuple[bool, int, str]:
    name, asset = entry
    size = re.search(r"_(\d+)m$", name)
    return "sampling:upsampled" in (asset.get("roles") or ()), int(size[1]) if size else 0, name


def _https_first(asset: dict[str, Any]) -> str:
    href = str(asset.get("href", ""))
    if href.startswith("s3:"):
        other = (asset.get("alternate") or {}).get("https") or {}
        return str(other.get("href") or href)
    return href


def _scale(asset: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    for bands in (asset.get("raster:bands"), asset.get("bands"), [asset]):
        first = bands[0] if isinstance(bands, list) and bands and isinstance(bands[0], dict) else {}
        scale = _number(first.get("scale", first.get("raster:scale")))
        shift = _number(first.get("offset", first.get("raster:offset")))
        nodata = _number(first.get("nodata"))
        if not all(map(math.isnan, (scale, shift, nodata))):
            return tuple(None if math.isnan(v) else v for v in (scale, shift, nodata))  # type: ignore[return-value]
    return None, None, None


def _time(text: str) -> dt.datetime:
    when = dt.datetime.fromisoformat(text)
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None else when.astimezone(dt.UTC)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _baseline(properties: dict[str, Any], identifier: str) -> str:
    """Return the processing baseline as "05.11"; the product's name carries it where no property does."""
    stated = str(properties.get("s2:processing_baseline") or properties.get("processing:version") or "")
    found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})", stated) or re.fullmatch(r"(\d{2})(\d{2})", stated)
    if not found:
        names = f"{properties.get('s2:product_uri', '')} {identifier}"
        found = re.search(r"_N(\d{2})(\d{2})_", names)
    return f"{int(found[1]):02d}.{int(found[2]):02d}" if found else ""


def _tile(properties: dict[str, Any]) -> str:
    code = properties.get("grid:code") or properties.get("s2:mgrs_tile") or ""
    return str(code).removeprefix("MGRS-").removeprefix("WRS2-")


def _epsg(properties: dict[str, Any], assets: dict[str, Any]) -> int | None:
    """Return the EPSG code in either spelling, from the item or, as CDSE has it, from its assets."""
    for place in (properties, *assets.values()):
        code = place.get("proj:code") or place.get("proj:epsg")
        found = re.fullmatch(r"(?:EPSG:)?(\d{4,6})", str(code or ""))
        if found:
            return int(found[1])
    return None


def without_duplicates(
    rows: list[dict[str, Any]], site: BaseGeometry
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the rows to keep, by time, and for each other one its id and why it was dropped.

    Rule 1: of one tile, platform and day, keep the highest baseline, then the latest processing, then the
    last id. Rule 2: of the tiles of one pass (one platform, within five minutes), keep those that add at
    least 0.1% of the site, the tile with the larger share first, then by name.
    """
    kept: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    best: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in sorted(rows, key=lambda r: (r["baseline"], r["processed"], r["id"]), reverse=True):
        key = (entry["platform"], entry["tile"] or entry["id"], entry["datetime"].date())
        if key in best:
            dropped.append({"id": entry["id"], "reason": f"processed again as {best[key]['id']}"})
        else:
            best[key] = entry
    for group in passes(list(best.values())):
        seen: BaseGeometry = shapely.Polygon()
        for entry in sorted(group, key=lambda r: (-round(r["footprint_share"], 3), r["tile"], r["id"])):
            part = entry["geometry"]
            gain = part.intersection(site).difference(seen).area / site.area
            if gain < 1e-3:
                dropped.append({"id": entry["id"], "reason": "its tile adds nothing to the site"})
                continue
            seen = seen.union(part)
            kept.append(entry)
    return sorted(kept, key=lambda r: (r["datetime"], r["id"])), dropped


def passes(rows: list[dict[str, Any]], minutes: float = 5.0) -> list[list[dict[str, Any]]]:
    """Group rows, by time, into passes of one platform: tiles of one pass are seconds apart."""
    groups: list[list[dict[str, Any]]] = []
    last: dict[str, list[dict[str, Any]]] = {}
    for entry in sorted(rows, key=lambda r: (r["datetime"], r["id"])):
        group = last.get(entry["platform"])
        if group and (entry["datetime"] - group[-1]["datetime"]).total_seconds() <= 60 * minutes:
            group.append(entry)
        else:
            group = last[entry["platform"]] = [entry]
            groups.append(group)
    return groups
