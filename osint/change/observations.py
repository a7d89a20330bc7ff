"""Make rows of observations.csv of what was seen: by whom, how, when, low/best/high, and what it cannot say.

A row is a dictionary with the columns of the table (data/README.md); `register` writes it. Radar only hints at activity
and carries neither a rung nor a load.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np

from osint import geo
from osint.change import landcover
from osint.change.history import iso
from osint.change.measure import Z90
from osint.change.radar import RADAR_LIMIT, Signal, radar_clock, vv_change
from osint.errors import OsintError
from osint.register import SCHEMAS

Row = dict[str, Any]
COLUMNS = SCHEMAS["observations"].names
FIRST_PASSES = 5  # passes after a step of radar whose mean its level is at least: the ratio has the error of that mean


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
    standing_m2: tuple[float, float, float] = (0.0, 0.0, 0.0),
    observer: str = "osint",
    how: str = "Sentinel-2 series",
    source_url: str = "",
) -> list[Row]:
    """Return dated outlines of a site (columns of `change.PROPERTIES`, one row per structure) as observations.

    Two rows per roof: (1) not yet roofed, dated to the last day on which it was certainly less than half covered; only
    for the first roof of a bare site; (2) the total roof area, low/best/high in m2, once it is complete. A last row
    states the total for `until`, the last day looked at. Ground broken gives a row without a number. What has a doubt
    gives none. Errors of several roofs are taken to go together, so the bounds add. Only new roofs are counted:
    `standing_m2` is what stood before the first scene (low, best, high).
    """

    def seen(date: str, **known: Any) -> Row:
        return observation_row(site_id, observer, how, date, source_url=source_url, **known)

    rows = []
    for broken in dated[dated["kind"].eq("earthworks") & dated["onset_high"].notna()].to_dict("records"):
        note = f"outline {broken['outline_id']}: ground changed, nothing was covered"
        date = _interval(broken["onset_low"], broken["onset_high"])
        rows.append(seen(date, rung="ground broken", not_yet="roofed", note=note))
    total = np.array(standing_m2, float)
    certain = dated["kind"].isin(landcover.BUILDINGS) & dated["roofed_best"].notna() & dated["cannot_tell"].isna()
    roofs = dated[certain].sort_values(["roofed_high", "roofed_best"], kind="stable").to_dict("records")
    for n, roof in enumerate(roofs, 1):
        outline = f"outline {roof['outline_id']}"
        if n == 1 and not total.any():
            note = f"{outline}: half covered {roof['roofed_low']} to {roof['roofed_high']}, 90%"
            rows.append(seen(roof["roofed_low"], not_yet="roofed", note=note))
        areas = (roof[f"roof_area_m2_{bound}"] for bound in ("low", "best", "high"))
        total = total + [np.nan if _missing(area) else float(area) for area in areas]
        complete = roof["roofed_high"] if _missing(roof["complete_high"]) else roof["complete_high"]
        note = f"{roof['kind']}, {outline}, probability {roof['probability']:g}"
        measured = _roof_m2(total, f"roofs seen so far: {n}") or {"scope": "roof, not measured"}
        rows.append(seen(_interval(roof["roofed_low"], complete), rung="roofed", note=note, **measured))
        if not _missing(roof.get("removed_high")):
            note = f"{outline} was removed; later totals still count it as built"
            rows.append(seen(_interval(roof["removed_low"], roof["removed_high"]), note=note))
    measured = _roof_m2(total, f"all {len(roofs)} roofs seen until this day")
    if roofs and measured:
        rows.append(seen(until, rung="roofed", **measured))
    return rows


def _roof_m2(total: np.ndarray, scope: str) -> dict[str, Any]:
    """Return the columns of a total roof area (low, best, high), none where a roof of it was not measured."""
    if not np.isfinite(total).all():
        return {}
    low, best, high = total
    return {"quantity": "roof_m2", "low": low, "best": best, "high": high, "unit": "m2", "scope": scope}


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
    for orbit in radar_clock(signal).orbits:
        for step in orbit.steps:
            size_db, column, where = vv_change(step)
            half_db = Z90 * float(orbit.scatter_db[column]) / np.sqrt(FIRST_PASSES)
            low, best, high = (10 ** ((size_db + error_db) / 10) for error_db in (-half_db, 0, half_db))
            scope = f"power after to before, VV {where}, {orbit.orbit}"
            measured = {"quantity": "backscatter_ratio", "low": low, "best": best, "high": high, "unit": "ratio"}
            known = {"scope": scope, "note": note, "source_url": source_url}
            date = _interval(iso(step.low), iso(step.high))
            made.append(observation_row(site_id, observer, "radar backscatter", date, **measured, **known))
        reasons += [f"{orbit.orbit}: {orbit.reason}"] if orbit.reason else []
    return made, "; ".join([*reasons, *([signal.unread] if signal.unread else [])])


def _interval(low: Any, high: Any) -> str:
    """Return an EDTF interval; an open beginning where `low` is missing."""
    if _missing(low):
        return f"../{high}"
    return str(high) if low == high else f"{low}/{high}"


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and not np.isfinite(value))
