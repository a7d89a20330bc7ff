"""Set our intervals beside published dates of the same sites: error, coverage, refusals, bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from osint import grids, structures, surfaces, vectors
from osint.errors import OsintError
from osint.looks import Looks

NAME, DATE, STATUS = "Data center", "Date", "Construction status"
EVENTS = {
    "ground broken": r"land (?:clearing (?:begins|began|starts|started)|is cleared|cleared)|ground ?breaking|construction (?:begins|starts?)\b",
    "roof complete": r"roofs?\b[^.;]{0,60}?\bcompleted?\b",
    "operational": r"\boperational\b",
}
NOT_YET = re.compile(r"\b(?:almost|nearly|partly|mostly|not|unlikely|expect\w*|estimate[ds]?|assum\w+|half)\b", re.I)
RADIUS_M = 800.0
COLUMNS = ("data_center", "event", "published", "low", "best", "high", "error_days", "covered", "refused", "bytes_read")


@dataclass(frozen=True)
class Comparison:
    """Published dates with our intervals."""

    rows: pd.DataFrame
    """Columns COLUMNS; one row a published event. `low` empty means "no later than"."""
    summary: pd.DataFrame
    """One row an event: published, dated, refused, median_error_days, covered (share of the dated)."""
    bytes_read: int
    unplaced: list[str]
    """Sites of the table that have no place."""

    def text(self) -> str:
        """Return the summary as it is printed."""
        lines = [self.summary.to_string(index=False)]
        if self.unplaced:
            lines.append(f"no place for {len(self.unplaced)} sites: {', '.join(self.unplaced[:8])}")
        return "\n".join([*lines, f"{self.bytes_read / 1e6:.1f} MB read"])


def read_timeline(path: str | Path) -> pd.DataFrame:
    """Return data_center, published (ISO date), event and status of a timeline table.

    The table needs the columns of Epoch AI's data centre timelines: Data center, Date, Construction status. A
    status is an event if a sentence of it says so and does not hedge (almost, expected, estimated); a sentence
    may give one event, a row several. "Operational" is not a date of the ground: it bounds the roof from above.
    """
    path = Path(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise OsintError(f"{path.name} cannot be read as a timeline: {error}") from None
    missing = [c for c in (NAME, DATE, STATUS) if c not in table]
    if missing:
        raise OsintError(f"{path.name} lacks the column {', '.join(missing)}; a timeline has {NAME}, {DATE}, {STATUS}")
    dates = pd.to_datetime(table[DATE], format="%Y-%m-%d", errors="coerce")
    if dates.isna().any():
        row = int(np.flatnonzero(dates.isna())[0])
        raise OsintError(f"{path.name}: row {row + 2} has the date {table[DATE][row][:40]!r}, expected 2024-05-31")
    made = []
    for name, day, status in zip(table[NAME], table[DATE], table[STATUS], strict=True):
        made += [{"data_center": name, "published": day, "event": e, "status": status} for e in events(status)]
    return pd.DataFrame(made, columns=["data_center", "published", "event", "status"])


def events(status: str) -> list[str]:
    """Return the events that a construction status states, in the order of EVENTS."""
    sentences = [s for s in re.split(r"(?<=[.;])\s+|\n", status) if not NOT_YET.search(s)]
    return [name for name, words in EVENTS.items() if any(re.search(words, s, re.I) for s in sentences)]


def read_places(path: str | Path) -> dict[str, BaseGeometry]:
    """Return the area (lon/lat) of each data centre of a GeoJSON; a point becomes a disc of RADIUS_M."""
    frame = vectors.read(path)
    column = next((c for c in (NAME, "data_center", "name", "Name") if c in frame), None)
    if column is None:
        raise OsintError(f"{Path(path).name} needs a property {NAME!r} that names the data centre of each place")
    return {str(k): grids.as_geometry(g, RADIUS_M) for k, g in zip(frame[column], frame.geometry, strict=True)}


def compare(
    timeline: pd.DataFrame,
    places: dict[str, BaseGeometry],
    source: Callable[[BaseGeometry], Looks],
    start: str,
    end: str,
    tell: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Date what was built at each place between two ISO dates and set it beside the published dates within.

    The n-th published event of a site meets the structure nearest to it in time that no earlier one took. Ground
    broken is compared with `onset` (low empty: no later than), roof complete with `complete`; operational is
    kept if some roof was half covered before it. A site without a dated structure is a refusal, with the reason.
    """
    asked = timeline[(timeline["published"] >= start) & (timeline["published"] <= end)]
    rows: list[dict[str, Any]] = []
    spent = 0
    unplaced = sorted(set(asked["data_center"]) - set(places))
    for name, published in asked[asked["data_center"].isin(places)].groupby("data_center", sort=True):
        looks, reason = None, ""
        found = gpd.GeoDataFrame()
        try:
            looks = source(places[str(name)])
            found = structures.new_structures(looks, places[str(name)], start, end)
        except (OsintError, OSError) as error:
            reason = f"not read: {error}"
        cost = looks.bytes_read if looks else 0
        spent += cost
        rows += _matched(str(name), published.sort_values("published"), found, reason, cost)
        tell(f"{name}: {len(found)} structures, {len(published)} published dates, {cost / 1e6:.1f} MB")
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return Comparison(table, summarised(table), spent, unplaced)


def _matched(
    name: str, published: pd.DataFrame, found: gpd.GeoDataFrame, reason: str, cost: int
) -> list[dict[str, Any]]:
    built = found.to_dict("records") if len(found) else []
    halls = [s for s in built if s["kind"] in surfaces.BUILDINGS]
    pools = {
        "ground broken": [(s["onset_low"], s["onset_high"], s["onset_high"]) for s in built if s["onset_high"]],
        "roof complete": [
            (s["complete_low"], _middle(s["complete_low"], s["complete_high"]), s["complete_high"])
            for s in halls
            if s["complete_high"]
        ],
        "operational": [(None, s["roofed_best"], s["roofed_high"]) for s in halls if s["roofed_high"]],
    }
    rows = []
    for event, day in zip(published["event"], published["published"], strict=True):
        pool = pools[event]
        row = dict.fromkeys(COLUMNS) | {"data_center": name, "event": event, "published": day, "bytes_read": cost}
        if not pool:
            cannot = next((str(s["cannot_tell"]) for s in built if s["cannot_tell"]), "")
            rows.append({**row, "refused": reason or cannot or "nothing that could be dated was found"})
            continue
        nearest = min(pool, key=lambda interval: abs(_days(interval[1], day)))
        if event != "operational":
            pool.remove(nearest)
        low, best, high = nearest
        after = event == "operational"
        # a hall may stand for months before it runs: the roof must be no later, nothing more
        covered = high <= day if after else (low is None or low <= day) and day <= high
        error = None if after else _days(best, day)
        rows.append({**row, "low": low, "best": best, "high": high, "error_days": error, "covered": covered})
    return rows


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row an event; shares and errors are empty where nothing was dated."""
    made = []
    for event in EVENTS:
        mine = rows[rows["event"] == event]
        dated = mine[mine["high"].notna()]
        errors = dated["error_days"].dropna().abs()
        made.append(
            {
                "event": event,
                "published": len(mine),
                "dated": len(dated),
                "refused": len(mine) - len(dated),
                "median_error_days": float(errors.median()) if len(errors) else np.nan,
                "covered": round(float(dated["covered"].astype(bool).mean()), 3) if len(dated) else np.nan,
            }
        )
    return pd.DataFrame(made)


def _days(first: str, second: str) -> int:
    return int((pd.Timestamp(first) - pd.Timestamp(second)).days)


def _middle(low: str, high: str) -> str:
    return str((pd.Timestamp(low) + (pd.Timestamp(high) - pd.Timestamp(low)) / 2).date())
