"""Date what happened inside an outline: ground broken, roofed, complete, removed, or why we cannot tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from osint.change import history, landcover, sampling, series, steps
from osint.change.history import PROPERTIES, row
from osint.change.measure import roof_area
from osint.change.series import Place, Series
from osint.change.stack import BANDS, PAIR, PICTURE_BANDS, Stack
from osint.change.steps import Steps

SMALLEST_M2 = 600.0
PICTURE_SCENES = 10
COVERED = (*landcover.BUILDINGS, "solar field", "greenhouse")
FEWEST_SCENES = 8
HAZY = 1.2
"""Blue of the surroundings over what it mostly is, from which dust or haze colours what stands."""


@dataclass(frozen=True)
class Dated:
    """What the pictures say of one outline."""

    rows: list[dict[str, Any]]
    """One a structure (keys PROPERTIES); exactly one, with `cannot_tell`, if none could be dated."""
    seen: Series | None
    """What it rests on."""
    found: Steps | None
    place: Place | None = field(repr=False, default=None)


def date_change(
    looks: Stack,
    geometry: BaseGeometry,
    start: str,
    end: str,
    *,
    outline_id: str = "",
    coverage: float = 0.9,
    exhaustive: bool = False,
) -> Dated:
    """Return when the lon/lat outline `geometry` was built on between two ISO dates.

    A search in time reads few scenes (`probes.bisected`); `exhaustive` reads all.

    Intervals hold their moment with the stated `coverage`. `roofed` is half covered, `complete` is fully
    covered; ground broken is "no later than" (its low bound empty) unless the scraping itself shows.
    """
    rows = looks.between(start, f"{end}T23:59:59")
    area_m2 = geodesic_area_m2(geometry)
    before = looks.bytes_read
    if area_m2 < SMALLEST_M2:
        reason = f"too small: {area_m2:.0f} m2 is under {SMALLEST_M2:.0f} m2, six pixels of 10 m"
        return Dated([row(outline_id, cannot_tell=reason)], None, None)
    if len(rows) < FEWEST_SCENES:
        reason = f"too few scenes: {len(rows)} between {start} and {end}"
        return Dated([row(outline_id, cannot_tell=reason)], None, None)
    gather = sampling.exhaustive if exhaustive else sampling.bisected
    gathered = gather(looks, rows, geometry, BANDS)
    spent = {"scenes_used": 0, "bytes_read": looks.bytes_read - before}
    if gathered.data is None or gathered.usable < FEWEST_SCENES:
        reason = f"cloud: {gathered.usable} usable of {gathered.listed} scenes"
        return Dated([row(outline_id, cannot_tell=reason, **spent)], None, None, gathered.place)
    place = gathered.place
    seen = series.extract(gathered.data, place, BANDS)
    spent["scenes_used"] = len(seen.days)
    if len(seen.days) < FEWEST_SCENES:
        refused = ", ".join(f"{n} {why}" for why, n in seen.refused.items() if n)
        reason = f"cloud: {len(seen.days)} usable of {gathered.listed} scenes ({refused})"
        return Dated([row(outline_id, cannot_tell=reason, **spent)], seen, None, place)
    found, covered = _steps(seen, coverage)
    structures = _structures(gathered, seen, found, covered)
    if not structures:
        reason = history.unconfirmed(seen) or history.why_not(found)
        return Dated([row(outline_id, cannot_tell=reason, **spent)], seen, found, place)
    pictures = [_pictured(looks, rows, s, geometry, gathered) for s in structures]
    for structure, picture in zip(structures, pictures, strict=True):
        if structure["kind"] in landcover.BUILDINGS:
            _coloured(structure, picture)
    for piece in {id(s["_place"]): s["_place"] for s in structures}.values():
        history.like_the_whole([s for s in structures if s["_place"] is piece])
    _measured(structures, pictures, place)
    for structure in structures:
        structure.update(outline_id=outline_id, scenes_used=len(seen.days))
    spent["bytes_read"] = looks.bytes_read - before
    return Dated([{**{k: s.get(k) for k in PROPERTIES}, **spent} for s in structures], seen, found, place)


def _steps(seen: Series, coverage: float = 0.9) -> tuple[Steps, Steps]:
    """Return the steps of the ground, scraping among them, and of what covers it, timed where scraping does not look like it."""
    # what was read of a few scenes only tells what stands, not when it came
    pair = seen.contrast[:, [seen.bands.index(b) for b in PAIR]]
    return (
        steps.date_step(seen.days, pair, coverage=coverage),
        steps.date_step(seen.days, seen.whiteness(), coverage=coverage),
    )


def _structures(gathered: sampling.Gathered, seen: Series, found: Steps, covered: Steps) -> list[dict[str, Any]]:
    """Return the structures of an outline in time order; parts covered one after the other, each by its own series."""
    structures: list[dict[str, Any]] = []
    if gathered.data is None:
        return structures
    pieces = series.phases(gathered.data, gathered.place, seen)
    for piece in pieces:
        own, ground, roofs = seen, found, covered
        if len(pieces) > 1:
            own = series.extract(gathered.data, piece, BANDS)
            ground, roofs = _steps(own)
        told = history.events(ground, roofs, own)
        structures += [{**s, "_place": piece, "_seen": own} for s in told]
    return sorted(structures, key=lambda s: s["roofed_best"] or s["onset_high"])


def _measured(structures: list[dict[str, Any]], pictures: list[xr.Dataset | None], place: Place) -> None:
    """Add the area of each roof; of parts that stand side by side, each has its own.

    Where more was built on the same pixels the last row has the area of all that stands: the colours tell no part of a mixture.
    """
    for k, (structure, picture) in enumerate(zip(structures, pictures, strict=True)):
        own = structure["_place"]
        later = [s for s in structures[k + 1 :] if s["_place"] is own and history.may_be_roof(s)]
        if not history.may_be_roof(structure) or picture is None or (later and not structure["removed_high"]):
            continue
        others = [s["_place"].cover > 0.05 for s in structures if s["_place"] is not own]
        beside = np.any(others, axis=0) if own is not place and others else None
        dark = "dark roof" in f"{structure['kind']} {structure['cannot_tell']}"
        structure.update(roof_area(picture, own, dark, beside=beside))


def _pictured(
    looks: Stack,
    rows: pd.DataFrame,
    structure: dict[str, Any],
    geometry: BaseGeometry,
    gathered: sampling.Gathered,
) -> xr.Dataset | None:
    """Return the last few clear scenes that show the structure, in every picture band; correct its kind by them."""
    if structure["kind"] not in COVERED:
        return None
    seen, place = structure["_seen"], structure["_place"]
    shown = (seen.days >= structure["_from"]) & (seen.days <= structure["_until"])
    blue = seen.around[:, seen.bands.index("B02")]
    for better in (np.isfinite(seen.inside).all(axis=1), blue < HAZY * np.median(blue), ~series.winter(seen.days)):
        shown = shown & better if (shown & better).sum() >= 2 else shown
    late = seen.days[shown]
    if len(late) < 2:
        return None
    # spread over the seasons, so that a crop shows its green
    late = late[np.unique(np.linspace(0, len(late) - 1, PICTURE_SCENES).astype(int))]
    if gathered.data is None:
        return None
    data_days = steps.to_days(pd.DatetimeIndex(gathered.data["time"].values))
    chosen = gathered.data.isel(time=np.isin(np.round(data_days, 4), np.round(late, 4)))
    names = set(" ".join(str(v) for v in chosen["id"].values).split())
    more = looks.read(rows[rows["id"].isin(names)], series.window(geometry), PICTURE_BANDS)
    picture = chosen.assign({band: more[band] for band in PICTURE_BANDS})
    blue, red, near = (series.median(picture[b].values[:, place.core], 1) for b in ("B02", "B04", "B08"))
    if np.isnan(near).all():
        return picture
    kind = landcover.confirmed(structure["kind"], blue, red, near)
    if kind != structure["kind"]:
        structure["probability"] = round(
            structure["probability"] / landcover.PROBABILITY[structure["kind"]] * landcover.PROBABILITY[kind], 3
        )
        structure["kind"] = kind
    return picture


def _coloured(structure: dict[str, Any], picture: xr.Dataset | None) -> None:
    """Tell a roof from salt, panels and film by its colour without that of its yard, where a picture shows it."""
    place, colour, ground = structure["_place"], dict.fromkeys(BANDS, np.nan), np.nan
    if picture is not None:
        middle = {b: series.median(picture[b].values) for b in (*BANDS, "B08")}
        colour = landcover.colours(middle, place.cover)
        ground = float(np.nanmedian(middle["B02"][place.ring]))
    kind, probability, reserve = landcover.roof_kind(structure["kind"], colour, ground, place.area_m2)
    structure.update(kind=kind, probability=round(structure["_step"] * probability, 3))
    history.reserved(structure, reserve)


def date_outlines(
    looks: Stack, outlines: gpd.GeoDataFrame, start: str, end: str, *, exhaustive: bool = False
) -> gpd.GeoDataFrame:
    """Return one feature a structure for outlines (any CRS, column outline_id), in lon/lat.

    Each outline is dated with the scenes that reach it.
    """
    rows = []
    for number, outline in enumerate(outlines.to_crs(4326).itertuples()):
        own = looks.at(series.window(outline.geometry))
        name = str(getattr(outline, "outline_id", number))
        dated = date_change(own, outline.geometry, start, end, outline_id=name, exhaustive=exhaustive)
        looks.add(own)
        rows += [{**told, "geometry": outline.geometry} for told in dated.rows]
    frame = pd.DataFrame(rows, columns=[*PROPERTIES, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def geodesic_area_m2(geometry: BaseGeometry) -> float:
    """Return the area of a lon/lat geometry on the WGS-84 ellipsoid."""
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(geometry)[0])
