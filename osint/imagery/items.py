"""Read STAC items of several spellings into one record each, and drop duplicates by a stated rule."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import shapely
from shapely.geometry.base import BaseGeometry

from osint.errors import BadInputError, UnreadableError
from osint.imagery.classes import NO_QUALITY, Family, family_of

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
"""Asset names of Earth Search v1 (also the common names of STAC) to the band numbers of Sentinel-2."""
S2_BANDS = frozenset(S2_NAMES.values())
LANDSAT_NAMES = {
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "nir08": "B08",
    "swir16": "B11",
    "swir22": "B12",
    "qa_pixel": "SCL",
}
"""Asset names of Landsat Collection 2, level 2, to the Sentinel-2 band that is nearest in wavelength."""
HLS_L30_NAMES = {"b05": "B08", "b06": "B11", "b07": "B12", "fmask": "SCL"}
"""Band names of HLS from Landsat that mean another band there than in Sentinel-2; B01 to B04 are alike."""
OFFSET_SINCE = "04.00"
OFFSET = -0.1
"""Reflectance to add from processing baseline 04.00 on (ESA, 25 January 2022: 1000 DN of 1e-4)."""
S2_SCALE = 1e-4
MAX_ITEMS = 20_000
"""Scenes of one list; a longer one is refused."""
MAX_LIST_BYTES = 64 << 20
"""Size of one page of a list, or of one file of a local catalogue."""


USUAL_SCALE: dict[Family, Scaling] = {Family.LANDSAT: (2.75e-5, -0.2, 0.0), Family.HLS: (1e-4, 0.0, -9999.0)}
"""Scale, offset and nodata of reflectance where an item states none (USGS, Collection 2 level 2; NASA, HLS v2.0)."""


Scaling: TypeAlias = tuple[float, float, float | None]
"""Scale, offset and nodata value of a band: physical = DN * scale + offset."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One item of a catalogue: what it is, where its bands are, and how their numbers become physical."""

    id: str
    datetime: dt.datetime
    """Acquired, UTC."""
    platform: str
    """In lower case, "sentinel-2a"."""
    cloud_pct: float
    """Of the whole scene, as the catalogue states it; NaN where it does not."""
    baseline: str
    """Processing baseline as "05.11", empty when unknown."""
    offset: float
    """To add to the reflectance of Sentinel-2; NaN when nothing states it."""
    footprint_share: float
    """Share of the place that the scene covers, 0 to 1."""
    tile: str
    orbit: str
    """Direction and relative orbit, "ascending 48"."""
    processed: str
    """When the file was made."""
    collection: str
    catalogue: str
    """Address or folder that listed it."""
    credit: str
    """Words that the licence asks for."""
    simulated: bool
    """Whether it shows an invented place."""
    hrefs: dict[str, str]
    """Address of each band."""
    scales: dict[str, Scaling]
    geometry: BaseGeometry
    """Footprint in degrees."""

    @property
    def family(self) -> Family:
        """The mission."""
        return family_of(self.collection)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Scene:
        """Return the scene of a row of `Scenes.frame`; raises BadInputError for the row of another table."""
        if lacking := ", ".join(name for name in COLUMNS if name not in row):
            raise BadInputError(f"these rows are not those of a search: they have no column {lacking}")
        return cls(**{name: row[name] for name in COLUMNS})


COLUMNS = tuple(field.name for field in dataclasses.fields(Scene))


def canonical_band(name: str, collection: str) -> str:
    """Return a band's name in its mission.

    >>> canonical_band("blue", "sentinel-2-l2a"), canonical_band("B02_10m", "sentinel-2-l2a")
    ('B02', 'B02')
    >>> canonical_band("VV", "sentinel-1-rtc")
    'vv'
    """
    family, own = family_of(collection), name.lower()
    if family is Family.LANDSAT:
        return LANDSAT_NAMES.get(own, name.upper() if name.upper() in S2_BANDS else own)
    if family is Family.HLS:
        own_names = HLS_L30_NAMES if "l30" in collection.lower() else {"fmask": "SCL"}
        return own_names.get(own, S2_NAMES.get(own, name.upper()))
    if family is not Family.SENTINEL_2:
        return own
    plain = re.sub(r"_\d+m$", "", name)
    if plain.upper() in S2_BANDS:
        return plain.upper()
    return S2_NAMES.get(plain.lower(), name)


def read_item(item: dict[str, Any], place: BaseGeometry, catalogue: str) -> Scene:
    """Return a STAC item as a record; `place` (degrees) gives the share that its footprint covers.

    Raises UnreadableError when the item lacks what no reading can do without.
    """
    try:
        properties = item["properties"]
        collection = str(item.get("collection") or "")
        when = _time(properties.get("datetime") or properties["start_datetime"])
        footprint = shapely.make_valid(shapely.geometry.shape(item["geometry"]))
        assets = {k: v for k, v in item["assets"].items() if isinstance(v, dict)}
        identifier = str(item["id"])
        hrefs, scales = _bands(assets, collection)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        name = str(item.get("id", "without id"))[:80] if isinstance(item, dict) else "that is not an object"
        raise UnreadableError(f"item {name} cannot be read: {type(error).__name__} {error}") from error
    baseline = _baseline(properties, identifier)
    simulated = bool(properties.get("osint:simulated"))
    return Scene(
        id=identifier,
        datetime=when,
        platform=str(properties.get("platform", "")).lower(),
        cloud_pct=_number(properties.get("eo:cloud_cover")),
        baseline=baseline,
        offset=offset(properties, assets, collection, baseline),
        footprint_share=min(footprint.intersection(place).area / place.area, 1.0),
        tile=re.sub(r"^(MGRS|WRS2)-", "", str(properties.get("grid:code") or properties.get("s2:mgrs_tile") or "")),
        orbit=f"{properties.get('sat:orbit_state', '')} {properties.get('sat:relative_orbit', '')}".strip(),
        processed=str(properties.get("s2:generation_time") or properties.get("created") or ""),
        collection=collection,
        catalogue=catalogue,
        credit="SIMULATED: not a picture of any real place" if simulated else credit(collection, when),
        simulated=simulated,
        hrefs=hrefs,
        scales=scales,
        geometry=footprint,
    )


def credit(collection: str, when: dt.datetime) -> str:
    """Return the words that the licence of a scene asks for, empty for other missions."""
    if family_of(collection) in (Family.SENTINEL_1, Family.SENTINEL_2):
        return f"Contains modified Copernicus Sentinel data {when.year}"
    if family_of(collection) is Family.HLS:
        return f"Harmonized Landsat Sentinel-2 (NASA), {when.year}"
    return "Landsat, courtesy of the U.S. Geological Survey" if family_of(collection) == Family.LANDSAT else ""


def offset(properties: dict[str, Any], assets: dict[str, Any], collection: str, baseline: str) -> float:
    """Return what has to be added to `DN * 1e-4` of a Sentinel-2 scene; NaN when nothing states it, 0 elsewhere.

    The flag `earthsearch:boa_offset_applied` decides where it is present, because Earth Search keeps the
    offset in `raster:bands` also for files from which it was already taken (Element84/earth-search#9).
    Without a flag (the c1 collection, Planetary Computer, CDSE) the processing baseline decides, and only
    where that is unknown too, the offset that the asset states.
    """
    if family_of(collection) != Family.SENTINEL_2:
        return 0.0
    if any(properties.get(f"{by}:boa_offset_applied") is True for by in ("earthsearch", "sentinel")):
        return 0.0
    if baseline:
        return OFFSET if baseline >= OFFSET_SINCE else 0.0
    reflectances = [a for name, a in assets.items() if canonical_band(name, collection) in S2_BANDS - {"SCL"}]
    stated = {_scale(asset)[1] for asset in reflectances} - {None}
    return float(stated.pop() or 0.0) if len(stated) == 1 else math.nan


def _bands(assets: dict[str, Any], collection: str) -> tuple[dict[str, str], dict[str, Scaling]]:
    """Return the address (https, where there are several) and the scaling of each band."""
    hrefs: dict[str, str] = {}
    scales: dict[str, Scaling] = {}
    other = family_of(collection) is not Family.SENTINEL_2
    for name, asset in sorted(assets.items(), key=_finest_first):
        band, href, kind = canonical_band(name, collection), _https_first(asset), str(asset.get("type", ""))
        is_picture = not kind or kind.startswith("image/") or "tiff" in kind
        if href and is_picture and band not in hrefs and not name.endswith("-jp2") and (other or band in S2_BANDS):
            hrefs[band], scales[band] = href, _scaling(asset, band, family_of(collection))
    return hrefs, scales


def _scaling(asset: dict[str, Any], band: str, family: Family) -> Scaling:
    """Return the scaling of a band: what the item states, else what its mission has for reflectance."""
    if band == "SCL" and family in NO_QUALITY:
        return 1.0, 0.0, NO_QUALITY[family]
    stated = _scale(asset)
    usual: Scaling = (1.0, 0.0, None)
    if band in S2_BANDS and family in USUAL_SCALE and stated[0] is None:
        usual = USUAL_SCALE[family]
    scale, shift, nodata = (u if s is None else s for s, u in zip(stated, usual, strict=True))
    return scale or 1.0, shift or 0.0, nodata


def _finest_first(entry: tuple[str, Any]) -> tuple[bool, int, str]:
    name, asset = entry
    size = re.search(r"_(\d+)m$", name)
    return "sampling:upsampled" in (asset.get("roles") or ()), int(size[1]) if size else 0, name


def _https_first(asset: dict[str, Any]) -> str:
    href = asset.get("href")
    if isinstance(href, str) and href.startswith("s3:"):
        href = ((asset.get("alternate") or {}).get("https") or {}).get("href") or href
    return href if isinstance(href, str) else ""


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
    found = found or re.search(r"_N(\d{2})(\d{2})_", f"{properties.get('s2:product_uri', '')} {identifier}")
    return f"{int(found[1]):02d}.{int(found[2]):02d}" if found else ""
