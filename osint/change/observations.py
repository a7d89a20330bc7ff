"""Observations: what was seen, by whom and how sure, as rows of observations.csv.

A row is a dictionary with the columns of the table (data/README.md). Functions here make rows, `append` alone
writes them. Nothing that only hints at activity (light, warmth, radar) carries a rung or a load.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from osint import geo
from osint.change import steps
from osint.errors import OsintError
from osint.register.observation_rows import COLUMNS, Row, append

__all__ = [
    "BUILDINGS", "COLUMNS", "LIMITS", "Row", "append", "backscatter", "compare", "night_light", "of_outlines", "of_structures",
    "plot", "power_features", "row", "surface_temperature", "vv_change",
]  # fmt: skip

BUILDINGS = ("bright roof", "dark roof")


def row(site_id: str, observer: str, how: str, date: str, **known: Any) -> Row:
    """Return one observation; `known` names other columns, what is not known stays empty.

    Rows of one observer share an independence group unless `independence_group` is given.
    """
    wrong = sorted(set(known) - set(COLUMNS))
    if wrong:
        raise OsintError(f"observations.csv has no column {', '.join(wrong)}; it has {', '.join(COLUMNS)}")
    made: Row = dict.fromkeys(COLUMNS, "")
    made.update(site_id=site_id, observer=observer, how=how, date=date, independence_group=f"seen by {observer}")
    return {**made, **{k: "" if _missing(v) else v for k, v in known.items()}}


def of_structures(
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
        made.append(row(site_id, observer, how, date, rung="ground broken", not_yet="roofed", note=note, **known))
    for n, roof in enumerate(roofs.to_dict("records")):
        if n == 0 and not total[2]:
            note = f"outline {roof['outline_id']}: half covered {roof['roofed_low']} to {roof['roofed_high']}, 90%"
            made.append(row(site_id, observer, how, roof["roofed_low"], not_yet="roofed", note=note, **known))
        area = np.array([_number(roof[f"roof_area_m2_{k}"]) for k in ("low", "best", "high")])
        total = total + area
        sure = np.isfinite(total).all()
        when = roof["complete_high"] if not _missing(roof["complete_high"]) else roof["roofed_high"]
        made.append(
            row(
                site_id, observer, how, _between(roof["roofed_low"], when), rung="roofed",
                note=f"{roof['kind']}, outline {roof['outline_id']}, probability {roof['probability']:g}",
                **({"quantity": "roof_m2", "low": total[0], "best": total[1], "high": total[2], "unit": "m2",
                    "scope": f"roofs seen so far: {n + 1}"} if sure else {"scope": "roof, not measured"}), **known,
            )
        )  # fmt: skip
        removed = roof.get("removed_high")
        if not _missing(removed):
            note = f"outline {roof['outline_id']} was removed; later totals still count it as built"
            made.append(row(site_id, observer, how, _between(roof["removed_low"], removed), note=note, **known))
    if len(roofs) and np.isfinite(total).all():
        measured = {"quantity": "roof_m2", "low": total[0], "best": total[1], "high": total[2], "unit": "m2"}
        scope = f"all {len(roofs)} roofs seen until this day"
        made.append(row(site_id, observer, how, until, rung="roofed", scope=scope, **measured, **known))
    return made


def of_outlines(
    outlines: gpd.GeoDataFrame,
    site_id: str,
    date: str,
    *,
    edge_m: float,
    how: str,
    quantity: str = "roof_m2",
    source_url: str = "",
) -> list[Row]:
    """Return a person's outlines (from `geo.read_outlines`) of one site on one date as one observation of their area.

    `edge_m` is how far the drawn edge may be off the true one, all round and in one direction (90%): about a
    pixel of the picture it was drawn on. The bounds are the area less and plus perimeter times `edge_m`.
    """
    if not edge_m > 0:
        raise OsintError(f"`edge_m` is the doubt of the drawn edge in metres, above zero, not {edge_m!r}")
    observers = sorted(set(outlines["observer"]))
    if len(observers) != 1:
        raise OsintError(f"one observation has one observer, these outlines have {', '.join(observers)}; use `compare`")
    best = float(sum(geo.area_m2(g) for g in outlines.to_crs(4326).geometry))
    slack = edge_m * float(sum(geo.WGS84.geometry_length(g.boundary) for g in outlines.to_crs(4326).geometry))
    rung = "roofed" if quantity == "roof_m2" else ""
    note = f"{len(outlines)} outlines, edges good to {edge_m:g} m"
    measured = {"low": max(best - slack, 0.0), "best": best, "high": best + slack, "unit": "m2"}
    return [row(site_id, observers[0], how, date, quantity=quantity, rung=rung, note=note, source_url=source_url, scope="drawn outlines", **measured)]  # fmt: skip


def compare(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> dict[str, float]:
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


LIMITS = {
    "night light": "Lit, not computing: a shielded hall is dark, a building site is bright, snow multiplies light by 2 to 3. "
    "Changes under 0.45 nW/cm2/sr are within the published error of the daily product. Never a load.",
    "surface temperature": "A warm roof is not a load: most heat leaves as air. Counted only at 3 K or more above the "
    "surroundings on 5 or more nights; the product is good to 1 to 2 K. Never converted to MW.",
    "radar backscatter": "Something that reflects was put up or taken away; it may be fences, containers, vehicles or wet "
    "ground. Intensity alone finds a third to a half of small buildings. No rung, no area.",
    "power feature": "What leads to a site may feed others too, and voltage bounds no load. Seen or mapped, a transformer does "
    "not tell its rating, nor that it is switched on; units often stand double (2N). Not mapped is not absent.",
}
LIGHT_STEP_NW = 0.45
WARM_K, WARM_NIGHTS = 3.0, 5


def night_light(
    site_id: str, times: Sequence[Any], contrast_nw: ArrayLike, observer: str, source_url: str = ""
) -> tuple[list[Row], str]:
    """Return steps in night light as observations (nW/cm2/sr, new level), and the reason if there is none.

    `contrast_nw` (n,) is the site less its surroundings, VIIRS monthly or daily (Black Marble). Published limit:
    0.45 nW/cm2/sr for a change (https://viirsland.gsfc.nasa.gov/Val/BM_Val.html); smaller steps are dropped. A
    pixel is 500 to 750 m, so neighbours' lamps are in it. It says lit, never computing, and is never a load.
    """
    found = steps.date_step(times, contrast_nw)
    made = []
    for step in found:
        if abs(float(step.size[0])) >= LIGHT_STEP_NW:
            made.append(_level(site_id, observer, "night light", "night_light_nw", "nW/cm2/sr", step, source_url))
    return made, "" if made else found.reason or f"no step of {LIGHT_STEP_NW} nW/cm2/sr or more"


def surface_temperature(
    site_id: str, times: Sequence[Any], contrast_k: ArrayLike, observer: str, source_url: str = ""
) -> tuple[list[Row], str]:
    """Return how much warmer the site is than its surroundings (K) on the nights that show it, or the reason.

    `contrast_k` (n,) is site less surroundings of Landsat surface temperature, night passes, less the same
    before the works (a double difference). 100 m pixels; the product errs by 1 to 2 K (assumed), so that only
    3 K on 5 nights counts. An activity hint; 50 to 100 MW may stay under it. Never converted to MW.
    """
    values = np.asarray(contrast_k, float)
    warm = np.flatnonzero(values >= WARM_K)
    told = f"{len(warm)} of {int(np.isfinite(values).sum())} nights"
    if len(warm) < WARM_NIGHTS:
        return [], f"{told} are {WARM_K:g} K warmer; {WARM_NIGHTS} are needed"
    low, best, high = np.quantile(values[warm], [0.05, 0.5, 0.95])
    when = pd.to_datetime(pd.Series(list(times))).iloc[warm]
    date = _between(str(when.min().date()), str(when.max().date()))
    note = f"{told}. {LIMITS['surface temperature']}"
    kind = {"quantity": "surface_warmth_k", "unit": "K", "scope": "site less surroundings, at night"}
    return [row(site_id, observer, "Landsat surface temperature", date, low=low, best=best, high=high, note=note, source_url=source_url, **kind)], ""  # fmt: skip


def vv_change(step: steps.Step) -> tuple[int, str]:
    """Return the column of the larger change of VV of a step of radar (columns as of `backscatter`), and where it is."""
    where = {0: "over the outline", len(step.size) - 1: "on the side that faces the radar"}
    column = max(where, key=lambda k: abs(float(step.size[k])))
    return column, where[column]


def backscatter(site_id: str, found: steps.Steps, observer: str, source_url: str = "") -> tuple[list[Row], str]:
    """Return steps of Sentinel-1 backscatter as observations: a second clock under cloud and snow, or the reason.

    `found` is of one orbit, outline less surroundings in dB: VV, or VV, VH and VV of the side that faces the radar
    (`signals.clock`). The number is the ratio of power after to before in VV, never negative, where it changed more.
    Intensity alone recalls 0.3 to 0.5 of small buildings (https://ap5.terratera.net/findings/key-findings/). No rung, no load.
    """
    made = []
    for step in found:
        column, where = vv_change(step)
        half = 1.645 * float(found.scatter[column]) / np.sqrt(5)
        low, best, high = (10 ** ((float(step.size[column]) + d) / 10) for d in (-half, 0, half))
        kind = {"quantity": "backscatter_ratio", "unit": "ratio", "scope": f"power after to before, VV {where}"}
        made.append(row(site_id, observer, "radar backscatter", _dated(step), low=low, best=best, high=high, note=LIMITS["radar backscatter"], source_url=source_url, **kind))  # fmt: skip
    return made, found.reason


def power_features(
    features: gpd.GeoDataFrame,
    site_id: str,
    date: str,
    observer: str,
    how: str,
    *,
    within_m: float = 1_500.0,
    unit_mva: tuple[float, float, float] | None = None,
    source_url: str = "",
) -> list[Row]:
    """Return substations, lines and transformers about a site as observations: highest voltage, count, capacity.

    `features` is what `overpass.power` returns, or a person's outlines with the columns power (substation, line,
    minor_line, cable, transformer) and, where known, voltage (volts, several parted by ";") and distance_m; what is
    farther than `within_m` is left out. A count is "at least" (high empty): what stands indoors is not in it. No rung.
    `unit_mva` (low, best, high), the rating of one transformer, makes of a person's full count `transformers_mva`,
    which bounds the facility in the model; it is taken only with the `source_url` that states it.
    """
    if unit_mva is not None and (not source_url or "osm" in features):
        raise OsintError("`unit_mva` needs the `source_url` that states the rating, and a person's count, not a map's")
    near = features[features["distance_m"].le(within_m)] if "distance_m" in features else features
    limit = f"{LIMITS['power feature']} {features.attrs.get('credit', '')}".strip()
    known = {"source_url": source_url, "note": limit}
    made = []
    stations = near[near["power"].isin(["substation", "line", "minor_line", "cable"])]
    volts = [v for text in stations.get("voltage", []) for v in re.findall(r"(?<![\d.])\d{4,7}(?![\d.])", str(text))]
    if volts:
        kv = max(map(int, volts)) / 1000
        scope = f"highest of {len(stations)} substations and lines within {within_m:g} m"
        made.append(row(site_id, observer, how, date, quantity="voltage_kv", low=kv, best=kv, high=kv, unit="kV", scope=scope, **known))  # fmt: skip
    count = int(near["power"].eq("transformer").sum())
    if count:
        scope = f"transformers within {within_m:g} m, at least"
        made.append(row(site_id, observer, how, date, quantity="transformers", low=count, best=count, unit="transformers", scope=scope, **known))  # fmt: skip
        if unit_mva is not None:
            low, best, high = (count * v for v in unit_mva)
            scope = f"{count} transformers of the stated rating"
            made.append(row(site_id, observer, how, date, quantity="transformers_mva", low=low, best=best, high=high, unit="MVA", scope=scope, **known))  # fmt: skip
    return made


def plot(times: Sequence[Any], values: ArrayLike, kind: str, *, unit: str, simulated: bool = False) -> Any:
    """Draw a series of one of LIMITS with what it cannot say written under it."""
    from matplotlib.figure import Figure

    if kind not in LIMITS:
        raise OsintError(f"there is no limit on record for {kind!r}; kinds are {', '.join(LIMITS)}")
    drawn = Figure(figsize=(7.2, 3.2), layout="constrained")
    ax = drawn.subplots()
    ax.plot(pd.to_datetime(pd.Series(list(times))).to_numpy(), np.asarray(values, float), ".", color="0.2")
    ax.set_ylabel(unit)
    ax.set_title(f"{'SIMULATED ' if simulated else ''}{kind}, site less surroundings", loc="left", fontsize=9)
    drawn.supxlabel(LIMITS[kind], fontsize=7, wrap=True, x=0.01, ha="left")
    return drawn


def _level(site_id: str, observer: str, how: str, quantity: str, unit: str, step: Any, source_url: str) -> Row:
    """Return a step as the level after it; bounds below zero are left empty, as a level cannot be negative."""
    after = float(step.after[0])
    half = abs(float(step.size[0])) / max(step.contrast, 1e-6)
    low, best, high = (v if v >= 0 else None for v in (after - half, after, after + half))
    note = f"step of {float(step.size[0]):+.2f} {unit}. {LIMITS[how]}"
    return row(site_id, observer, how, _dated(step), quantity=quantity, unit=unit, low=low, best=best, high=high, scope="site less surroundings, after the step", note=note, source_url=source_url)  # fmt: skip


def _dated(step: Any) -> str:
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
