"""Read STAC items of several spellings into one record each, and drop duplicates by a stated rule."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum, nonmember
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import BadInputError, UnreadableError
from osint.geo import Place
from osint.http import Cost

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
PASS_MINUTES = 5.0
"""Scenes of one platform that are no farther apart are tiles of one pass: they are taken seconds apart."""
MAX_ITEMS = 20_000
"""Scenes of one list; a longer one is refused."""
MAX_LIST_BYTES = 64 << 20
"""Size of one page of a list, or of one file of a local catalogue."""
LEAST_SHARE = 1e-6
"""Share of a place below which a scene does not reach it."""
LEAST_GAIN = 1e-3
"""Share of a place that a further tile of a pass must add to be read."""


class SceneClass(IntEnum):
    """Scene classification of Sen2Cor, band SCL (ESA, Sentinel-2 Products Specification).

    `cloud` hides or darkens the ground. `ground` is the surface itself, fit for a picture. `clear` can be
    measured: ground, and dark areas too, because dark roofs and asphalt are classified so; a picture leaves
    them out, because shadows of hills are dark areas as well. Snow hides the ground without being a cloud, and
    0 and 1 hold no measurement: these are in none of the three.
    """

    NO_DATA = 0
    SATURATED_OR_DEFECTIVE = 1
    DARK_AREA = 2
    CLOUD_SHADOW = 3
    VEGETATION = 4
    BARE_GROUND = 5
    WATER = 6
    UNCLASSIFIED = 7
    CLOUD_MEDIUM_PROBABILITY = 8
    CLOUD_HIGH_PROBABILITY = 9
    THIN_CIRRUS = 10
    SNOW_OR_ICE = 11

    ground = nonmember((4, 5, 6, 7))
    clear = nonmember((2, 4, 5, 6, 7))
    cloud = nonmember((3, 8, 9, 10))


class Family(StrEnum):
    """Missions whose conventions are known here."""

    SENTINEL_1 = "sentinel-1"
    SENTINEL_2 = "sentinel-2"
    LANDSAT = "landsat"
    HLS = "hls"
    OTHER = ""


def family_of(collection: str) -> Family:
    """Return the mission of a collection, known by the beginning of its id.

    >>> family_of("sentinel-2-c1-l2a")
    <Family.SENTINEL_2: 'sentinel-2'>
    """
    return next(family for family in Family if collection.lower().startswith(family.value))


USUAL_SCALE: dict[Family, Scaling] = {Family.LANDSAT: (2.75e-5, -0.2, 0.0), Family.HLS: (1e-4, 0.0, -9999.0)}
"""Scale, offset and nodata of reflectance where an item states none (USGS, Collection 2 level 2; NASA, HLS v2.0)."""
NO_QUALITY: dict[Family, float] = {Family.LANDSAT: 1.0, Family.HLS: 255.0}
"""What the quality band holds where there is no picture."""


def coarse_pixel_m(name: str) -> int:
    """Return the pixel in metres of a collection that is too coarse to date and measure a hall, 0 for any other.

    >>> coarse_pixel_m("landsat-c2-l2"), coarse_pixel_m("sentinel-2-l2a")
    (30, 0)
    """
    return 30 if family_of(name) in (Family.LANDSAT, Family.HLS) else 0


def quality_classes(bits: np.ndarray, family: Family) -> np.ndarray:
    """Return the quality bits of Landsat (QA_PIXEL) or HLS (Fmask) as codes of `SceneClass`.

    Clear ground is UNCLASSIFIED: the bits do not say what grows on it.

    >>> quality_classes(np.array([21824, 22280, 23888, 1]), Family.LANDSAT).tolist()
    [7, 9, 3, 0]
    >>> quality_classes(np.array([64, 2, 8, 16, 32, 255]), Family.HLS).tolist()
    [7, 9, 3, 11, 6, 0]
    """
    landsat, bits = family is Family.LANDSAT, np.asarray(bits).astype(np.int64)
    # the later one wins: cloud over all that lies under it
    rules = [(7, SceneClass.WATER), (5, SceneClass.SNOW_OR_ICE), (4, SceneClass.CLOUD_SHADOW)]
    rules += [
        (1, SceneClass.CLOUD_MEDIUM_PROBABILITY),
        (2, SceneClass.THIN_CIRRUS),
        (3, SceneClass.CLOUD_HIGH_PROBABILITY),
    ]
    if not landsat:
        rules = [(5, SceneClass.WATER), (4, SceneClass.SNOW_OR_ICE), (2, SceneClass.CLOUD_MEDIUM_PROBABILITY)]
        rules += [(3, SceneClass.CLOUD_SHADOW), (0, SceneClass.THIN_CIRRUS), (1, SceneClass.CLOUD_HIGH_PROBABILITY)]
    classes = np.full(bits.shape, SceneClass.UNCLASSIFIED, np.uint8)
    for bit, code in rules:
        classes[bits >> bit & 1 == 1] = code
    classes[(bits & 1 == 1) if landsat else (bits == NO_QUALITY[family])] = SceneClass.NO_DATA
    return classes


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


@dataclass(frozen=True, slots=True)
class Remark:
    """A reason that concerns one scene."""

    id: str
    """Empty where it concerns the whole list."""
    reason: str
    is_lost: bool = False
    """Whether a scene of the place may be missing for it."""


@dataclass(frozen=True, slots=True)
class Scenes:
    """The scenes of a place, what else a catalogue listed, and what the search cost."""

    frame: gpd.GeoDataFrame
    """One row per scene, by time; columns as the fields of `Scene`, geometry in degrees."""
    dropped: tuple[Remark, ...]
    """Items that were listed and are not in the frame, with the reason, and what the list itself lacks."""
    cost: Cost
    """Requests and bytes of the search, by level."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def simulated(self) -> bool:
        """Whether any of them shows an invented place."""
        return bool(self.frame["simulated"].any())

    @property
    def gap(self) -> str:
        """What the list of the catalogue lacks, in words; empty if nothing is known to be missing."""
        lost = list(dict.fromkeys(remark for remark in self.dropped if remark.is_lost))
        broken = [remark.reason for remark in lost if remark.id]
        told = [f"{len(broken)} listed scenes cannot be read as such ({broken[0]})"] if broken else []
        return "; ".join([*told, *(remark.reason for remark in lost if not remark.id)])

    def of(self, place: Place) -> Scenes:
        """Return the scenes to read for a place that they surround, by the rule of `without_duplicates`.

        Scenes that do not reach the place are left out. No request is made, so the cost is zero.
        """
        geometry = geo.as_geometry(place)
        outlines = self.frame.geometry.to_numpy()
        shares = np.minimum(shapely.area(shapely.intersection(outlines, geometry)) / geometry.area, 1.0)
        reach = self.frame.assign(footprint_share=shares)[shares >= LEAST_SHARE]
        kept, doubles = without_duplicates([Scene.from_row(row) for row in reach.to_dict("records")], geometry)
        return Scenes(frame_of(kept), tuple(doubles), Cost())

    def join(self, other: Scenes) -> Scenes:
        """Return both searches as one: each scene once, by time; dropped items and costs added up."""
        both = pd.concat([self.frame, other.frame]).drop_duplicates(["collection", "id"])
        frame = both.sort_values(["datetime", "id"], ignore_index=True)
        return Scenes(frame, self.dropped + other.dropped, total_cost(self.cost, other.cost))


def frame_of(scenes: Iterable[Scene]) -> gpd.GeoDataFrame:
    """Return scenes as a table: columns as the fields of `Scene`, `datetime` with its zone, geometry in degrees."""
    rows = [[getattr(scene, name) for name in COLUMNS] for scene in scenes]
    frame = gpd.GeoDataFrame(rows, columns=list(COLUMNS), geometry="geometry", crs=4326)
    return frame.assign(datetime=pd.to_datetime(frame["datetime"], utc=True), simulated=frame["simulated"].astype(bool))


def total_cost(*costs: Cost) -> Cost:
    """Return the sum of several costs, level by level."""
    total = Cost()
    for cost in costs:
        for level, requests in cost.requests.items():
            total.add(level, requests, cost.bytes[level])
        total.asked += cost.asked
    return total


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


def without_duplicates(scenes: Sequence[Scene], place: BaseGeometry) -> tuple[list[Scene], list[Remark]]:
    """Return the scenes to keep, by time, and for each other one why it was dropped.

    Rule 1: of one tile, platform and day, keep the highest baseline, then the latest processing, then the
    last id, and of the others those that add at least LEAST_GAIN of the place: a tile may come in two granules,
    north and south. Rule 2: of the tiles of one pass, keep those that add as much, the tile with the larger share
    first, then by name, then as in rule 1.
    """
    kept: list[Scene] = []
    dropped: list[Remark] = []
    chosen: defaultdict[tuple[str, str, dt.date], list[Scene]] = defaultdict(list)
    for scene in sorted(scenes, key=lambda s: (s.baseline, s.processed, s.id), reverse=True):
        better = chosen[scene.platform, scene.tile or scene.id, scene.datetime.date()]
        if better and _gain(scene, better, place) < LEAST_GAIN:
            dropped.append(Remark(scene.id, f"processed again as {better[0].id}"))
        else:
            better.append(scene)
    for tiles in group_passes(scene for scenes_of_tile in chosen.values() for scene in scenes_of_tile):
        added: list[Scene] = []
        newest_first = sorted(tiles, key=lambda s: (s.baseline, s.processed), reverse=True)
        for scene in sorted(newest_first, key=lambda s: (-round(s.footprint_share, 3), s.tile)):
            if _gain(scene, added, place) < LEAST_GAIN:
                dropped.append(Remark(scene.id, "its tile adds nothing to the site"))
            else:
                added.append(scene)
        kept += added
    return sorted(kept, key=lambda s: (s.datetime, s.id)), dropped


def _gain(scene: Scene, others: Sequence[Scene], place: BaseGeometry) -> float:
    """Return the share of a place that a scene shows and the others do not."""
    covered = shapely.union_all([other.geometry for other in others])
    return float(scene.geometry.intersection(place).difference(covered).area / place.area)


def group_passes(scenes: Iterable[Scene]) -> list[list[Scene]]:
    """Group scenes, by time, into passes of one platform (see PASS_MINUTES)."""
    ordered = sorted(scenes, key=lambda s: (s.datetime, s.id))
    groups: defaultdict[int, list[Scene]] = defaultdict(list)
    for scene, number in zip(ordered, _numbered((s.platform, s.datetime) for s in ordered), strict=True):
        groups[number].append(scene)
    return list(groups.values())


def _numbered(ordered: Iterable[tuple[str, dt.datetime]]) -> list[int]:
    """Return the number of the pass of each platform and time, in time order."""
    last: dict[str, tuple[dt.datetime, int]] = {}
    numbers, started = [], 0
    for platform, when in ordered:
        before, number = last.get(platform, (when, -1))
        if number < 0 or when - before > dt.timedelta(minutes=PASS_MINUTES):
            number, started = started, started + 1
        last[platform] = when, number
        numbers.append(number)
    return numbers


def pass_numbers(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return for each row of a table of scenes the number of its pass, counted from 0 by time.

    `read_bands` of the same rows has one time per pass, so that the rows behind its time `t` are those of
    number `t`. Columns: datetime, id, and platform where there are several.
    """
    platforms = frame["platform"] if "platform" in frame else [""] * len(frame)
    rows = list(zip(frame["datetime"], frame["id"], platforms, strict=True))
    order = sorted(range(len(rows)), key=lambda k: rows[k][:2])
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = _numbered((rows[k][2], rows[k][0]) for k in order)
    return numbers
