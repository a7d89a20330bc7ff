"""Observations: what was seen, by whom and how sure, as rows of observations.csv.

A row is a dictionary with the columns of the table (data/README.md). Functions here make rows; `register` writes them
writes them. Radar only hints at activity and carries neither a rung nor a load.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np

from osint import geo
from osint.change.radar import RADAR_LIMIT, Signal, radar_clock, vv_change
from osint.change.steps import Step
from osint.errors import OsintError
from osint.register import OBSERVATION_COLUMNS as COLUMNS

Row = dict[str, Any]
BUILDINGS = ("bright roof", "dark roof")


def observation_row(site_id: str, observer: str, how: str, date: str, **known: Any) -> Row:
    """Return one observation; `known` names other columns, what is not known stays empty.

    Rows of one observer share an independence group unless `independence_group` is given.
    """
    wrong = sorted(set(known) - set(COLUMNS))
    if wrong:
        raise OsintError(f"observations.csv has no column {', '.join(wrong)}; it has {', '.join(COLUMNS)}")
    made: Row = dict.fromkeys(COLUMNS, "")
    made.update(site_id=site_id, observer=observer, how=how, date=date, independence_group=f"seen by {observer}")
    return {**made, **{k: "" if _missing(v) else v for k, v in known.items()}}


def structure_rows(
    found: gpd.GeoDataFrame,
    site_id: str,
    until: str,
    *,
    standing_m2: tuple[float, float, float] = (0.0, 0.0, 0.0),
    observer: str = "osint",
    how: str = "Sentinel-2 series",
    source_url: str = "",
) -> list[Row]:
    """Return dated outlines (columns of `change.PROPERTIES`, one row a structure) as observations of a site.

    For each roof two rows: `not_yet` roofed on the last day on which it was surely under half covered, and all
    roof that stands once it is covered, low/best/high in m2. Errors of several roofs are taken to go together,
    so the bounds add. A last row says the same for `until`, the last day looked at. Ground broken gives a row without a number. What could not be told gives none. Only new
    roofs are counted: `standing_m2` is what stood before the first scene (low, best, high).
    """
    roofs = found[found["kind"].isin(BUILDINGS) & found["roofed_best"].notna() & found["cannot_tell"].isna()]
    roofs = roofs.sort_values(["roofed_high", "roofed_best"], kind="stable")
    made: list[Row] = []
    total = np.array(standing_m2, float)
    known = {"independence_group": f"seen by {observer}", "source_url": source_url}
    for broken in found[found["kind"].eq("earthworks") & found["onset_high"].notna()].to_dict("records"):
        date = _between(broken["onset_low"], broken["onset_high"])
        note = f"outline {broken['outline_id']}: ground changed, nothing was covered"
        made.append(
            observation_row(site_id, observer, how, date, rung="ground broken", not_yet="roofed", note=note, **known)
        )
    for n, roof in enumerate(roofs.to_dict("records")):
        if n == 0 and not total[2]:
            note = f"outline {roof['outline_id']}: half covered {roof['roofed_low']} to {roof['roofed_high']}, 90%"
            made.append(
                observation_row(site_id, observer, how, roof["roofed_low"], not_yet="roofed", note=note, **known)
            )
        area = np.array([_number(roof[f"roof_area_m2_{k}"]) for k in ("low", "best", "high")])
        total = total + area
        sure = np.isfinite(total).all()
        when = roof["complete_high"] if not _missing(roof["complete_high"]) else roof["roofed_high"]
        made.append(
            observation_row(
                site_id, observer, how, _between(roof["roofed_low"], when), rung="roofed",
                note=f"{roof['kind']}, outline {roof['outline_id']}, probability {roof['probability']:g}",
                **({"quantity": "roof_m2", "low": total[0], "best": total[1], "high": total[2], "unit": "m2",
                    "scope": f"roofs seen so far: {n + 1}"} if sure else {"scope": "roof, not measured"}), **known,
            )
        )  # fmt: skip
        removed = roof.get("removed_high")
        if not _missing(removed):
            note = f"outline {roof['outline_id']} was removed; later totals still count it as built"
            made.append(
                observation_row(site_id, observer, how, _between(roof["removed_low"], removed), note=note, **known)
            )
    if len(roofs) and np.isfinite(total).all():
        measured = {"quantity": "roof_m2", "low": total[0], "best": total[1], "high": total[2], "unit": "m2"}
        scope = f"all {len(roofs)} roofs seen until this day"
        made.append(observation_row(site_id, observer, how, until, rung="roofed", scope=scope, **measured, **known))
    return made


def compare_outlines(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> dict[str, float]:
    """Compare two persons' outlines of one place, in m2 on the ellipsoid.

    Returns area_first_m2, area_second_m2, overlap_m2, only_first_m2, only_second_m2, difference_m2 (second less
    first), overlap_share (of what either drew) and offset_m (between the centroids).
    """
    a, b = (f.to_crs(4326).geometry.union_all() for f in (first, second))
    shapes = (a, b, a.intersection(b), a.union(b))
    own, other, shared, either = (geo.area_m2(g) if g.area else 0.0 for g in shapes)
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
    for orbit, found in radar_clock(signal).found.items():
        for step in found:
            column, where = vv_change(step)
            half = 1.645 * float(found.scatter[column]) / np.sqrt(5)
            low, best, high = (10 ** ((float(step.size[column]) + d) / 10) for d in (-half, 0, half))
            scope = f"power after to before, VV {where}, {orbit}"
            measured = {"quantity": "backscatter_ratio", "low": low, "best": best, "high": high, "unit": "ratio"}
            known = {"scope": scope, "note": note, "source_url": source_url}
            made.append(observation_row(site_id, observer, "radar backscatter", _dated(step), **measured, **known))
        reasons += [f"{orbit}: {found.reason}"] if found.reason else []
    return made, "; ".join([*reasons, *([signal.unread] if signal.unread else [])])


def _dated(step: Step) -> str:
    return _between(*(str(v.astype("datetime64[D]")) for v in (step.half.low, step.half.high)))


def _between(low: Any, high: Any) -> str:
    """Return an EDTF interval; an open beginning where `low` is missing."""
    if _missing(low):
        return f"../{high}"
    return str(high) if low == high else f"{low}/{high}"


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and not np.isfinite(value))


def _number(value: Any) -> float:
    return float("nan") if _missing(value) else float(value)
