"""Make rows of observations.csv of what was seen: by whom, how, when, low/best/high, and what it cannot say.

A row is a dictionary with the columns of the table (data/README.md); `register` writes it. Radar only hints at activity
and carries neither a rung nor a load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import landcover
from osint.change.landcover import Kind
from osint.change.place import Candidate, Identification, PlaceEstimate, SiteEvidence
from osint.change.radar import RADAR_LIMIT, Signal, radar_clock, vv_change
from osint.change.reasons import Reason
from osint.change.roof import Z90, AreaInterval
from osint.change.structure import iso
from osint.errors import OsintError
from osint.register import SCHEMAS, Rung, read_span

Row = dict[str, Any]
COLUMNS = SCHEMAS["observations"].names
FIRST_PASSES = 5  # passes after a step of radar whose mean its level is at least: the ratio has the error of that mean
COMPOUND_M = 400.0  # distance up to which outlines are one compound: halls of one operator stand side by side
LEAST_STATED = 0.05  # probability of being the place below which a compound gives no row
POSITION_ERROR_M = 15.0  # of an outline of Sentinel-2: a pixel and a half
OUTLINE_DECIMALS = 5  # of degrees, about 1 m
DAY_LETTERS = 10  # of an ISO day
NOT_SHOWN = "a roof that stood before, or under 2,500 m2, or that looks like its ground, does not show"
"""What a search for new roofs that found nothing cannot say."""


def observation_row(site_id: str, observer: str, how: str, date: str, **known: Any) -> Row:
    """Return one observation; `known` names other columns, what is not known stays empty.

    Rows of one observer share an independence group unless `independence_group` is given.
    """
    wrong = sorted(set(known) - set(COLUMNS))
    if wrong:
        raise OsintError(f"observations.csv has no column {', '.join(wrong)}; it has {', '.join(COLUMNS)}")
    given = {"site_id": site_id, "observer": observer, "how": how, "date": date}
    stated = {column: "" if _missing(value) else value for column, value in known.items()}
    return {**dict.fromkeys(COLUMNS, ""), **given, "independence_group": f"seen by {observer}", **stated}


def structure_rows(
    dated: gpd.GeoDataFrame,
    site_id: str,
    until: str,
    *,
    observer: str = "osint",
    how: str = "Sentinel-2 series",
    source_url: str = "",
    evidence: SiteEvidence | None = None,
) -> list[Row]:
    """Return dated outlines about a site (columns of `change.PROPERTIES`, one row per structure) as observations.

    Outlines within COMPOUND_M of each other are one compound, and no row speaks of two. Each has its position, its
    outlines, and, with `evidence`, the probability that it is the place; one below LEAST_STATED gives no row. Rows of a
    compound: (1) not yet roofed, dated to the last day on which its first roof was certainly less than half covered;
    (2) the total roof area, low/best/high in m2, each time a roof is complete; the errors of roofs go together, so the
    bounds add, and the row names the outlines; (3) the total for `until`, the last day looked at; ground broken without
    a number. What has a doubt gives none. Outlines that were only measured (columns of `change.MEASURED`) give (3)
    alone. Where nothing at all was found and the share that was searched is known,
    one row says that nothing was roofed by `until` (see `ground_row`).
    """
    seen_by = partial(observation_row, site_id, observer, how, source_url=source_url, simulated=_simulated(dated))
    may_be = may_be_building(dated)
    if not len(may_be):
        row = ground_row(site_id, until, evidence, observer, how, _simulated(dated)) if evidence else None
        return [row] if row else []
    groups = [group for _, group in may_be.groupby(compounds(may_be.geometry), sort=False)]
    known = evidence or SiteEvidence(())
    seen_by = partial(seen_by, searched_share=known.search.searched_share if known.search else "")
    estimates = known.of_candidates([candidate_of(group, known.identified) for group in groups])
    rows: list[Row] = []
    for group, estimate in zip(groups, estimates, strict=True):
        if estimate is None or estimate.p_place >= LEAST_STATED:
            rows += _compound_rows(group, until, partial(seen_by, **_place_columns(estimate)))
    return rows


def _compound_rows(group: gpd.GeoDataFrame, until: str, seen_by: Callable[..., Row]) -> list[Row]:
    """Return the rows of the outlines of one compound."""

    def seen(date: str, shown: Sequence[dict[str, Any]], **known: Any) -> Row:
        return seen_by(date, **_position(shown), **known)

    roofs = _certain_roofs(group).to_dict("records")
    doubts = group["cannot_tell" if "kind" in group else "roof_cannot_tell"].notna() & ~_vouched(group)
    doubtful = int(doubts.sum())
    last = _standing(roofs, until)
    rows = []
    for broken in group[group["kind"].eq(Kind.EARTHWORKS)].to_dict("records") if "kind" in group else ():
        # what may have been a season is no ground broken, and says nothing of the ground
        slow = Reason.SLOW_GROUND.name in str(broken.get("doubts")).split("|")
        if not slow and not _missing(broken["onset_high"]):
            note = f"outline {broken['outline_id']}: ground changed, nothing was covered"
            date = _interval(broken["onset_low"], broken["onset_high"])
            rows.append(seen(date, [broken], rung=Rung.GROUND_BROKEN, not_yet=Rung.ROOFED, note=note))
    for n, roof in enumerate(roofs if "kind" in group else (), 1):
        outline = f"outline {roof['outline_id']}"
        if n == 1 and not doubtful:
            days = f"{_day(roof['roofed_low'])} to {_day(roof['roofed_high'])}, 90%"
            note = f"{outline}: half covered {days}; {NOT_SHOWN}"
            rows.append(seen(_day(roof["roofed_low"]), [roof], not_yet=Rung.ROOFED, note=note))
        complete = roof["roofed_high"] if _missing(roof["complete_high"]) else roof["complete_high"]
        shown = _standing(roofs[:n], _day(complete)) or [roof]
        measured = _roof_m2(shown, doubtful) or {"scope": "roof, not measured"}
        by_word = f"; called a building by the observer ({roof['cannot_tell']})" if roof.get("vouched") else ""
        note = f"{roof['kind']}, {outline}, probability {roof['probability']:g}{by_word}"
        date = _interval(roof["roofed_low"], complete)
        rows.append(seen(date, shown, rung=Rung.ROOFED, note=note, **measured))
        if not _missing(roof.get("removed_high")):
            date = _interval(roof["removed_low"], roof["removed_high"])
            rows.append(seen(date, [roof], note=f"{outline} was removed and is not counted from then on"))
    measured = _roof_m2(last, doubtful)
    return [*rows, seen(until, last, rung=Rung.ROOFED, **measured)] if last and measured else rows


def _standing(roofs: Sequence[dict[str, Any]], day: str) -> list[dict[str, Any]]:
    """Return those that were not removed by an ISO day."""
    gone = [_day(roof["removed_high"]) if not _missing(roof.get("removed_high")) else "" for roof in roofs]
    return [roof for roof, removed in zip(roofs, gone, strict=True) if not removed or removed > day]


def ground_row(
    site_id: str, until: str, evidence: SiteEvidence, observer: str, how: str, simulated: str = ""
) -> Row | None:
    """Return the row "nothing was roofed by `until`" of a search that found nothing; None if its share is not known.

    `until` is the last day on which a roof that stood would have shown.
    """
    estimate, search = evidence.of_ground(), evidence.search
    if estimate is None or search is None:
        return None
    share = f"{search.searched_share:.0%} of {search.area_km2:,.1f} km2 was seen well enough"
    note = f"no new roof found from {search.start} to {until}; {share}, the rest was not; {NOT_SHOWN}"
    known = {"not_yet": Rung.ROOFED, "searched_share": search.searched_share, "note": note, "simulated": simulated}
    return observation_row(site_id, observer, how, until, **known, **_place_columns(estimate), **_point(search.area))


def may_be_building(dated: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of buildings, of ground that was broken and of what could not be told; all that were measured."""
    if "kind" not in dated:
        return dated
    return dated[dated["kind"].isin([*landcover.BUILDINGS, Kind.EARTHWORKS]) | dated["cannot_tell"].notna()]


def compounds(outlines: gpd.GeoSeries) -> np.ndarray:
    """Return the number of the compound of each outline, (n,) int: those within COMPOUND_M of each other are one."""
    flat = outlines.to_crs(outlines.estimate_utm_crs()).to_numpy()
    near = shapely.STRtree(flat).query(flat, predicate="dwithin", distance=COMPOUND_M)
    joined = coo_array((np.ones(near.shape[1]), tuple(near)), shape=(len(flat), len(flat)))
    return np.asarray(connected_components(joined, directed=False)[1])


def candidate_of(group: gpd.GeoDataFrame, identified: Sequence[Identification] = ()) -> Candidate:
    """Return the structures of one compound as a candidate: all its roof, and the days of its largest roof.

    Of `identified` those count that name one of its outlines.
    """
    roofs = _certain_roofs(group).to_dict("records")
    middle = group.to_crs(4326).geometry.union_all().centroid
    area = np.sum([_areas(roof) for roof in roofs], axis=0) if roofs else np.full(3, np.nan)
    roof, roofed = None, None
    if np.isfinite(area).all():
        roof = AreaInterval(*(round(bound) for bound in area))
        largest = max(roofs, key=lambda row: float(row["roof_area_m2_best"]))
        days = [largest.get(name) for name in ("roofed_low", "roofed_high")]
        roofed = None if any(map(_missing, days)) else read_span(*map(_day, days))
    own = {str(outline_id) for outline_id in group["outline_id"]}
    marks = tuple(one for one in identified if one.outline_id in own)
    return Candidate(middle.x, middle.y, roofed, roof, marks)


def _certain_roofs(group: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of roofs without a doubt: dated ones in their order, or all that were measured."""
    if "kind" not in group:
        return group[group["roof_area_m2_best"].notna() & group["roof_cannot_tell"].isna()]
    certain = group["kind"].isin(landcover.BUILDINGS) & group["cannot_tell"].isna()
    sure = (certain | _vouched(group)) & group["roofed_best"].notna()
    return group[sure].sort_values(["roofed_high", "roofed_best"], kind="stable")


def _vouched(group: gpd.GeoDataFrame) -> pd.Series[bool]:
    """Return which rows the observer calls a building, where that was all that was open."""
    return group["vouched"].astype(bool) if "vouched" in group else pd.Series(False, group.index)


def _areas(roof: dict[str, Any]) -> np.ndarray:
    areas = (roof[f"roof_area_m2_{bound}"] for bound in ("low", "best", "high"))
    return np.array([np.nan if _missing(area) else float(area) for area in areas])


def _named(roofs: Sequence[dict[str, Any]]) -> str:
    return f"outline{'s' * (len(roofs) > 1)} {', '.join(str(roof['outline_id']) for roof in roofs)}"


def _simulated(frame: gpd.GeoDataFrame) -> str:
    return "yes" if "simulated" in frame and frame["simulated"].notna().any() else ""


def _place_columns(estimate: PlaceEstimate | None) -> Row:
    return {} if estimate is None else {"p_place": estimate.p_place, "place_reason": estimate.reason}


def _position(shown: Sequence[dict[str, Any]]) -> Row:
    """Return position and outline (WKT, degrees) of structures."""
    outline = shapely.union_all([row["geometry"] for row in shown])
    return {**_point(outline), "outline": shapely.to_wkt(outline, rounding_precision=OUTLINE_DECIMALS)}


def _point(outline: BaseGeometry) -> Row:
    """Return the middle of an outline (degrees) with the radius that holds all of it."""
    middle = outline.centroid
    corners = shapely.get_coordinates(outline)
    here = (np.full(len(corners), middle.x), np.full(len(corners), middle.y))
    reach_m = float(np.max(geo.WGS84.inv(*here, corners[:, 0], corners[:, 1])[2]))
    position = {"lat": round(middle.y, OUTLINE_DECIMALS), "lon": round(middle.x, OUTLINE_DECIMALS)}
    return {**position, "position_error_m": float(round(reach_m + POSITION_ERROR_M))}


def _roof_m2(roofs: Sequence[dict[str, Any]], doubtful: int) -> dict[str, Any]:
    """Return the columns of a total roof area in m2, none where a roof of it was not measured.

    It has no upper end where the compound has outlines with a doubt, which are not counted.
    """
    total = sum(map(_areas, roofs), start=np.zeros(len(("low", "best", "high"))))
    if not np.isfinite(total).all():
        return {}
    low, best, high = total
    more = f"; at least: outlines with a doubt that are not counted: {doubtful}" if doubtful else ""
    bounds = {"low": low, "best": best, "high": np.nan if doubtful else high}
    return {"quantity": "roof_m2", **bounds, "unit": "m2", "scope": f"roof of {_named(roofs)}{more}"}


def compare_outlines(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> dict[str, float]:
    """Compare two persons' outlines of one place, in m2 on the ellipsoid.

    Returns area_first_m2, area_second_m2, overlap_m2, only_first_m2, only_second_m2, difference_m2 (second less
    first), overlap_share (of what either drew) and offset_m (between the centroids).
    """
    a, b = (f.to_crs(4326).geometry.union_all() for f in (first, second))
    surfaces = (a, b, a.intersection(b), a.union(b))
    own, other, shared, either = (geo.area_m2(surface) if surface.area else 0.0 for surface in surfaces)
    if not own or not other:
        raise OsintError("one of the two persons drew no surface: both need a polygon to be compared")
    offset = geo.WGS84.inv(a.centroid.x, a.centroid.y, b.centroid.x, b.centroid.y)[2]
    return {
        "area_first_m2": own,
        "area_second_m2": other,
        "overlap_m2": shared,
        "only_first_m2": own - shared,
        "only_second_m2": other - shared,
        "difference_m2": other - own,
        "overlap_share": shared / either,
        "offset_m": float(offset),
    }


def radar_rows(signal: Signal, site_id: str, observer: str, source_url: str = "") -> tuple[list[Row], str]:
    """Return each step of backscatter that `radar_clock` sees as a row for observations.csv, and why others have none.

    The number is the ratio of power after to before in VV, where it changed more: over the outline or on the side that
    faces the radar. Intensity alone recalls 0.3 to 0.5 of small buildings
    (https://ap5.terratera.net/findings/key-findings/). No rung, no load. The reason also counts passes not read.
    """
    made, reasons = [], []
    note = f"SIMULATED. {RADAR_LIMIT}" if signal.simulated else RADAR_LIMIT
    simulated = "yes" if signal.simulated else ""
    for orbit in radar_clock(signal).orbits:
        for step in orbit.steps:
            size_db, column, where = vv_change(step)
            half_db = Z90 * float(orbit.scatter_db[column]) / np.sqrt(FIRST_PASSES)
            low, best, high = (10 ** ((size_db + error_db) / 10) for error_db in (-half_db, 0, half_db))
            scope = f"power after to before, VV {where}, {orbit.orbit}"
            measured = {"quantity": "backscatter_ratio", "low": low, "best": best, "high": high, "unit": "ratio"}
            known = {"scope": scope, "note": note, "source_url": source_url, "simulated": simulated}
            date = _interval(iso(step.low), iso(step.high))
            made.append(observation_row(site_id, observer, "radar backscatter", date, **measured, **known))
        reasons += [f"{orbit.orbit}: {orbit.reason}"] if orbit.reason else []
    return made, "; ".join([*reasons, *([signal.unread] if signal.unread else [])])


def _interval(low: Any, high: Any) -> str:
    """Return an EDTF interval; an open beginning where `low` is missing."""
    if _missing(low):
        return f"../{_day(high)}"
    return _day(high) if low == high else f"{_day(low)}/{_day(high)}"


def _day(value: Any) -> str:
    """Return a day as ISO text; a file that was read by another program has midnight behind it."""
    return str(value)[:DAY_LETTERS]


def _missing(value: Any) -> bool:
    return value is None or value == "" or bool(pd.isna(value)) or (isinstance(value, float) and np.isinf(value))
