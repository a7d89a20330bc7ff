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

from osint.dating import area, probes, series, steps, surfaces
from osint.dating.looks import BANDS, PAIR, PICTURE_BANDS, Looks
from osint.dating.series import Place, Series
from osint.dating.steps import Step, Steps, to_date

PROPERTIES = (
    "outline_id", "kind", "probability", "roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high",
    "onset_low", "onset_high", "roofed_low", "roofed_best", "roofed_high", "complete_low", "complete_high",
    "removed_low", "removed_high", "cannot_tell", "scenes_used", "bytes_read",
)  # fmt: skip
LONGEST_INTERVAL_DAYS = 200
SMALLEST_M2 = 600.0
ONSET_LEAD_DAYS = 330
ONSET_WIDEST_DAYS = 60
ONSET_FROM_START_DAYS = 60
HALF_MARGIN = np.timedelta64(1, "D")
COMPLETE_MARGIN = np.timedelta64(1, "D")
ONSET_MARGIN = np.timedelta64(15, "D")
"""Widening of the intervals of `date_step`, whose straight ramp no building follows to the day."""
MIN_SCRAPED_CONTRAST = 4.0
MIN_SCRAPED_SIZE = 0.025
"""Reflectance; between seasons and years ground that nobody touched moves by half of it."""
SMALL_SHARE = 0.3
"""Gain over that of a standing roof below which a change is the sun or the season on it."""
PICTURE_SCENES = 10
COMES_AND_GOES = 2
COVERED = (*surfaces.BUILDINGS, "solar field", "greenhouse")
FEWEST_SCENES = 8


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
    looks: Looks,
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
        return Dated([_row(outline_id, cannot_tell=reason)], None, None)
    if len(rows) < FEWEST_SCENES:
        reason = f"too few scenes: {len(rows)} between {start} and {end}"
        return Dated([_row(outline_id, cannot_tell=reason)], None, None)
    gather = probes.exhaustive if exhaustive else probes.bisected
    gathered = gather(looks, rows, geometry, BANDS)
    spent = {"scenes_used": 0, "bytes_read": looks.bytes_read - before}
    if gathered.data is None or gathered.usable < FEWEST_SCENES:
        reason = f"cloud: {gathered.usable} usable of {gathered.listed} scenes"
        return Dated([_row(outline_id, cannot_tell=reason, **spent)], None, None, gathered.place)
    place = gathered.place
    seen = series.extract(gathered.data, place, BANDS)
    spent["scenes_used"] = len(seen.days)
    if len(seen.days) < FEWEST_SCENES:
        refused = ", ".join(f"{n} {why}" for why, n in seen.refused.items() if n)
        reason = f"cloud: {len(seen.days)} usable of {gathered.listed} scenes ({refused})"
        return Dated([_row(outline_id, cannot_tell=reason, **spent)], seen, None, place)
    # what was read of a few scenes only tells what stands, not when it came
    pair = seen.contrast[:, [seen.bands.index(b) for b in PAIR]]
    found = steps.date_step(seen.days, pair, coverage=coverage)
    # scraping shows in every band; what covers the ground is timed where scraping does not look like it
    covered = steps.date_step(seen.days, seen.whiteness(), coverage=coverage)
    structures = events(found, covered, seen, area_m2)
    if not structures:
        reason = _unconfirmed(seen) or _why_not(found if found.reason else covered)
        return Dated([_row(outline_id, cannot_tell=reason, **spent)], seen, found, place)
    pictures = [_pictured(looks, rows, s, seen, geometry, gathered) for s in structures]
    _measured(structures, pictures, place)
    if any(s["kind"] == "solar field" for s in structures):
        # rows of panels go up for months: what looks like a dark roof on the way is part of the field
        for structure in structures:
            if structure["kind"] == "dark roof":
                structure.update(kind="solar field", probability=surfaces.PROBABILITY["solar field"])
                structure.update(roof_area_m2_low=None, roof_area_m2_best=None, roof_area_m2_high=None)
    for structure in structures:
        structure.update(outline_id=outline_id, scenes_used=len(seen.days))
    spent["bytes_read"] = looks.bytes_read - before
    return Dated([{**{k: s.get(k) for k in PROPERTIES}, **spent} for s in structures], seen, found, place)


def _measured(structures: list[dict[str, Any]], pictures: list[xr.Dataset | None], place: Place) -> None:
    """Add the area of each roof; of parts that stand side by side, each has its own."""
    standing_m2 = 0.0
    for k, (structure, picture) in enumerate(zip(structures, pictures, strict=True)):
        if picture is None or structure["kind"] not in surfaces.BUILDINGS:
            continue
        later = [
            p for s, p in zip(structures[k + 1 :], pictures[k + 1 :], strict=True) if s["kind"] == structure["kind"]
        ]
        whole = None if structure["removed_high"] or not later else later[-1]
        dark = structure["kind"] == "dark roof"
        structure.update(area.estimate(picture, place, dark, whole=whole, standing_m2=standing_m2))
        standing_m2 = 0.0 if structure["removed_high"] else standing_m2 + (structure["roof_area_m2_best"] or 0)


def _pictured(
    looks: Looks,
    rows: pd.DataFrame,
    structure: dict[str, Any],
    seen: Series,
    geometry: BaseGeometry,
    gathered: probes.Gathered,
) -> xr.Dataset | None:
    """Return the last few clear scenes that show the structure, in every picture band; correct its kind by them."""
    if structure["kind"] not in COVERED:
        return None
    shown = (seen.days >= structure["_from"]) & (seen.days <= structure["_until"])
    coloured = shown & np.isfinite(seen.inside).all(axis=1)
    shown = coloured if coloured.sum() >= 2 else shown
    mild = shown & ~series.winter(seen.days)
    late = seen.days[mild if mild.sum() >= 2 else shown]
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
    place = gathered.place
    blue, red, near = (series.median(picture[b].values[:, place.core], 1) for b in ("B02", "B04", "B08"))
    if np.isnan(near).all():
        return picture
    kind = surfaces.confirmed(structure["kind"], blue, red, near)
    if kind != structure["kind"]:
        structure["probability"] = round(
            structure["probability"] / surfaces.PROBABILITY[structure["kind"]] * surfaces.PROBABILITY[kind], 3
        )
        structure["kind"] = kind
    return picture


def date_outlines(
    looks: Looks, outlines: gpd.GeoDataFrame, start: str, end: str, *, exhaustive: bool = False
) -> gpd.GeoDataFrame:
    """Return one feature a structure for outlines (any CRS, column outline_id), in lon/lat."""
    rows = []
    for number, outline in enumerate(outlines.to_crs(4326).itertuples()):
        name = str(getattr(outline, "outline_id", number))
        for row in date_change(looks, outline.geometry, start, end, outline_id=name, exhaustive=exhaustive).rows:
            rows.append({**row, "geometry": outline.geometry})
    frame = pd.DataFrame(rows, columns=[*PROPERTIES, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def geodesic_area_m2(geometry: BaseGeometry) -> float:
    """Return the area of a lon/lat geometry on the WGS-84 ellipsoid."""
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(geometry)[0])


def events(ground: Steps, covered: Steps, seen: Series, area_m2: float) -> list[dict[str, Any]]:
    """Read the steps of an outline as structures: scraped, roofed, removed.

    `ground` are the steps in every band, `covered` those of the whiteness.
    """
    ordered = _ordered(covered)
    edges = [seen.days[0] - 1, *(_day(s.best) for s in ordered), seen.days[-1] + 1]
    scrapings = [s for s in ground if _scraped(s)]
    structures: list[dict[str, Any]] = []
    since = -np.inf
    for k, step in enumerate(ordered):
        before = surfaces.look(seen, edges[k], _day(step.begun.low))
        after = surfaces.look(seen, _day(step.complete.best), edges[k + 2] - (20 if k + 2 < len(edges) - 1 else 0))
        before = before or surfaces.look(seen, edges[k], edges[k + 1], 1)
        after = after or surfaces.look(seen, edges[k + 1], edges[k + 2], 1)
        if before is None or after is None:
            continue
        gain = after.whiteness() - before.whiteness()
        change = after.relative() - before.relative()
        standing = [s for s in structures if not s.get("removed_high")]
        if gain < -surfaces.MIN_GAIN and standing and change < -0.4 * standing[-1]["_change"]:
            standing[-1].update(removed_low=iso(step.low), removed_high=iso(step.high), _until=_day(step.begun.low))
            since = _day(step.best)
            continue
        if gain < surfaces.MIN_GAIN or (standing and abs(change) < SMALL_SHARE * standing[-1]["_change"]):
            continue
        if standing:
            standing[-1]["_until"] = _day(step.begun.low)
        took = _day(step.complete.best) - _day(step.begun.best)
        kind = surfaces.kind_of(before, after, area_m2, took)
        scraped = [s for s in scrapings if since < _day(s.best) < _day(step.best)]
        structures.append({**_structure(step, kind, scraped[-1] if scraped else None, seen), "_change": change})
        since = _day(step.best)
    if sum(s["removed_high"] is not None for s in structures) >= COMES_AND_GOES:
        # a building is not put up and cleared every year: snow, plastic, a drying lake
        for structure in structures:
            structure.update(kind="other", probability=round(0.5 * surfaces.PROBABILITY["other"], 3))
    _like_the_whole([s for s in structures if not s["removed_high"]])
    if not structures and scrapings:
        structures.append(_earthworks(scrapings[-1], seen))
    return structures


def _like_the_whole(standing: list[dict[str, Any]]) -> None:
    """Give the first parts of a site, seen mixed with yard, the kind that the whole has at the end."""
    if len(standing) > 1 and standing[-1]["kind"] in surfaces.BUILDINGS:
        share = surfaces.PROBABILITY[standing[-1]["kind"]] / surfaces.PROBABILITY["other"]
        for structure in standing[:-1]:
            if structure["kind"] == "other":
                probability = round(min(structure["probability"] * share, 1.0), 3)
                structure.update(kind=standing[-1]["kind"], probability=probability)


def _ordered(found: Steps) -> list[Step]:
    """Return steps in time order; of two halves of one change that come out in the wrong order, the larger."""
    ordered: list[Step] = []
    for step in found:
        if ordered and step.best <= ordered[-1].best:
            ordered[-1] = max(ordered[-1], step, key=lambda s: s.contrast)
        else:
            ordered.append(step)
    return ordered


def _scraped(step: Step) -> bool:
    """Return whether a step is large enough for scraped ground, and no roof; blue is the first band, infrared the last."""
    white = float(step.size[0] - 0.7 * step.size[-1])
    large = step.contrast >= MIN_SCRAPED_CONTRAST and np.abs(step.size).max() >= MIN_SCRAPED_SIZE
    return bool(large and white < surfaces.MIN_GAIN)


def _structure(step: Step, kind: str, scraped: Step | None, seen: Series) -> dict[str, Any]:
    """Return one structure; ground was broken at `scraped`, or no later than the roof began."""
    begun_low, begun_high, named = _onset(step, scraped, seen)
    row = _row(
        "",
        kind=kind,
        probability=round(step.probability * surfaces.PROBABILITY[kind], 3),
        onset_low=begun_low if named else None,
        onset_high=begun_high,
        roofed_low=iso(step.low - HALF_MARGIN),
        roofed_best=iso(step.best),
        roofed_high=iso(step.high + HALF_MARGIN),
        complete_low=iso(max(step.complete.low - COMPLETE_MARGIN, step.low - HALF_MARGIN)),
        # a change still under way at the last scene has no end yet
        complete_high=iso(step.complete.high + COMPLETE_MARGIN)
        if _day(step.complete.high) < seen.days[-1] - 6
        else None,
    )
    width = _day(step.high) - _day(step.low)
    if width > LONGEST_INTERVAL_DAYS:
        row["cannot_tell"] = f"interval of {width:.0f} days: no usable scene for {step.gap_days:.0f} days"
    return {**row, "_from": _day(step.complete.high), "_until": seen.days[-1] + 1}


def _onset(step: Step, scraped: Step | None, seen: Series) -> tuple[str, str, bool]:
    """Return low and high of ground broken, and whether it was seen: else the high is "no later than".

    Only a sharp step that is not at the start of the series and not long before the roof is named: the
    seasons of bare ground make wide ones. Scraping shows before it is half done and after it began.
    """
    if scraped is not None:
        lead = _day(step.best) - _day(scraped.best)
        wide = _day(scraped.high) - _day(scraped.begun.low)
        inside = _day(scraped.begun.low) - seen.days[0] > ONSET_FROM_START_DAYS
        if lead < ONSET_LEAD_DAYS and wide < ONSET_WIDEST_DAYS and inside:
            last = min(scraped.high + HALF_MARGIN, step.high)
            return iso(scraped.begun.low - ONSET_MARGIN), iso(last), True
    return "", iso(max(step.begun.high, step.low)), False


def _earthworks(step: Step, seen: Series) -> dict[str, Any]:
    row = _row(
        "",
        kind="earthworks",
        probability=round(step.probability * surfaces.PROBABILITY["earthworks"], 3),
        onset_low=iso(step.begun.low - ONSET_MARGIN),
        onset_high=iso(step.high + HALF_MARGIN),
        cannot_tell=_unconfirmed(seen)
        or f"no roof: the ground was changed, nothing was covered by {iso(to_date(seen.days[-1]))}",
    )
    return {**row, "_from": _day(step.complete.high), "_until": seen.days[-1] + 1}


def _unconfirmed(seen: Series) -> str:
    """Return what the last looks show if they look like a roof but are too few to be a step; else nothing."""
    white = seen.whiteness()
    last = len(white) - int(np.argmin((white > np.median(white) + surfaces.MIN_GAIN)[::-1]))
    late = seen.days[last:]
    if len(late) < 2:
        return ""
    return f"too few scenes: the last {len(late)}, from {iso(to_date(late[0]))}, may show a roof; ask again later"


def _why_not(found: Steps) -> str:
    return found.reason or "steps were seen, but none of them looks like ground broken or a roof"


def _row(outline_id: str, **known: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(PROPERTIES)
    return {**row, "outline_id": outline_id, "scenes_used": 0, "bytes_read": 0, **known}


def _day(moment: np.datetime64) -> float:
    return float((moment - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(1, "s")) / 86_400


def iso(moment: np.datetime64) -> str:
    """Return the ISO date of a moment."""
    return str(moment.astype("datetime64[D]"))
