"""Compare our intervals with published dates of the same sites: error, coverage, refusals, bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import optimize
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import detect, landcover
from osint.change.stack import Source
from osint.errors import BadInputError, NotFoundError, OsintError, UnreadableError
from osint.register import date_bounds, read_day, valid_date

NAME, DATE, STATUS = "Data center", "Date", "Construction status"


class Event(StrEnum):
    """What a construction status may state of a site."""

    GROUND_BROKEN = "ground broken"
    ROOF_COMPLETE = "roof complete"
    OPERATIONAL = "operational"


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.I)


STATED: Mapping[Event, re.Pattern[str]] = {
    Event.GROUND_BROKEN: _words(
        r"land clearing\b[^.;,]{0,60}?\b(?:begins|began|begun|starts|started)\b",
        r"^\W*land cleared\b",
        r"\b(?:land|ground) (?:is|has been|is being) cleared\b",
        r"\b(?:visible land clearing|land clearing in progress|first signs of (?:development|land clearing))\b",
        r"\bground(?: ?breaking| broken)\b",
        r"\bgrading (?:is )?underway",
        r"\bconstruction (?:and land clearing )?(?:begins|beginning|starts?|began|started)\b",
        r"\bstart of construction\b",
    ),
    Event.ROOF_COMPLETE: _words(r"\broof(?:s|ing)?\b[^.;,]{0,60}?\b(?:completed?|finished)\b", r"\bfully roofed\b"),
    Event.OPERATIONAL: _words(r"\boperational\b"),
}
"""What states an event within a clause."""
_PARTLY = r"\b(?:almost|nearly|partly|partially|mostly|not|no|isn't|half)\b"
UNSAID: Mapping[Event, re.Pattern[str]] = {
    Event.GROUND_BROKEN: _words(r"\b(?:not|no|when|foundations?|generators?|chillers?|cooling|substation)\b"),
    Event.ROOF_COMPLETE: _words(
        _PARTLY,
        r"\b(?:still|unfinished|incomplete|coverage|structure|chimneys?)\b",
        r"\b(?:months?|years?|weeks?|since|ago)\b",
    ),
    Event.OPERATIONAL: _words(_PARTLY, r"\b(?:close|unlikely|when|until|before|roof-to-operational)\b"),
}
"""What unsays an event within its clause. A roof "complete for over 5 months" was not completed on this date."""
SUPPOSED = _words(
    r"\b(?:expect\w*|estimat\w*|assum\w*|project(?:ed|ion)|scheduled|default|would|rule of thumb|typical\w*)\b",
    r"\b(?:retrofit\w*|convert\w*|former)\b",
)
"""A sentence with one of these states nothing."""
LINKED = re.compile(r"google\.[a-z.]{2,6}/(?:web|maps)/?[^\s)\"]{0,200}?@(-?\d{1,2}\.\d+),(-?\d{1,3}\.\d+)")
RADIUS_M = 800.0  # of the disc about a point that stands for a site
FIRST_LINE = 2  # line of a table on which its first row is: the header comes before it
CHANCE_DRAWS, CHANCE_SEED = 200, 1  # random dates with which each interval is compared
NAMED_UNPLACED = 8  # sites without a place that are named
Span: TypeAlias = tuple[str | None, str, str]
"""Low, best and high day (ISO); low None is "no later than"."""
COLUMNS = (
    "data_center", "event", "published_after", "published", "low", "best", "high", "error_days", "covered",
    "refused", "bytes_read",
)  # fmt: skip
SUMMARY = (
    "event", "published", "dated", "refused", "median_error_days", "covered", "chance_error_days", "chance_covered",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublishedComparison:
    """Published dates with our intervals."""

    rows: pd.DataFrame
    """Columns COLUMNS; one row per published event. `low` empty means "no later than"."""
    summary: pd.DataFrame
    """Columns SUMMARY, one row per event; `chance_` is what as many intervals as wide at random dates score."""
    bytes_read: int
    unplaced: list[str]
    """Sites of the table that have no place."""

    def text(self) -> str:
        """Return the summary as it is printed."""
        lines = [self.summary.to_string(index=False)]
        if self.unplaced:
            lines.append(f"no place for {len(self.unplaced)} sites: {', '.join(self.unplaced[:NAMED_UNPLACED])}")
        return "\n".join([*lines, f"{self.bytes_read / 1e6:.1f} MB read"])


def read_timeline(path: str | Path) -> pd.DataFrame:
    """Return data_center, published (ISO date), published_after, event and status of a timeline table.

    The table needs the columns of Epoch AI's data centre timelines: Data center, Date, Construction status. Its dates
    are mostly those of the pictures in which a state was first seen: the event lies after the site's row before
    (`published_after`, empty for the first). A row may give several events; see `stated_events`.
    """
    table = _table(path).sort_values([NAME, "last"], kind="stable")
    before = table.groupby(NAME)["last"].shift(fill_value="")
    # a month or a year is known no better than from its first day on
    vague = [max(known, _moved(first, -1)) for known, first in zip(before, table["first"], strict=True)]
    made = table.assign(
        published_after=before.where(table["first"] == table["last"], vague),
        event=table[STATUS].map(stated_events),
    )
    made = made.rename(columns={NAME: "data_center", "last": "published", STATUS: "status"}).explode("event")
    columns = ["data_center", "published", "published_after", "event", "status"]
    return made.dropna(subset="event").reset_index(drop=True)[columns]


def _table(path: str | Path) -> pd.DataFrame:
    """Return the rows as they are, with the first and last day that each date allows."""
    path = Path(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        why = getattr(error, "strerror", None) or error  # an OSError prints its number
        raise UnreadableError(
            f"{path} cannot be read as a timeline ({why}); name a CSV of dates and statuses"
        ) from None
    missing = [c for c in (NAME, DATE, STATUS) if c not in table]
    if missing:
        raise BadInputError(
            f"{path.name} lacks the column {', '.join(missing)}; a timeline has {NAME}, {DATE}, {STATUS}"
        )
    try:
        ends = [date_bounds(text) for text in table[DATE]]
    except OsintError:
        row, text = next((n, t) for n, t in enumerate(table[DATE]) if not valid_date(t))
        raise BadInputError(
            f"{path.name}: row {row + FIRST_LINE} has the date {text[:40]!r}, expected 2024-05-31 or 2024-05"
        ) from None
    return table.assign(first=[low.isoformat() for low, _ in ends], last=[high.isoformat() for _, high in ends])


def stated_events(status: str) -> list[Event]:
    """Return the events that a construction status states.

    A clause states an event if it says so and nothing in it unsays it; a sentence that supposes (expected, estimated)
    states nothing. "Operational" is left out where any sentence of the status supposes: its date is then inferred.

    >>> stated_events("Land clearing began. The roof is almost complete, operational by May as expected.")
    [<Event.GROUND_BROKEN: 'ground broken'>]
    """
    plain = re.sub(r"\]\([^)\s]*\)|https?://\S+", " ", status)
    sentences = [s for s in re.split(r"(?<=[.;])\s+|\n", plain) if not SUPPOSED.search(s)]
    clauses = [c for s in sentences for c in re.split(r"[,;]|\b(?:but|while|although|as well as)\b", s)]
    inferred = {Event.OPERATIONAL} if SUPPOSED.search(plain) else set()
    return [
        event
        for event in Event
        if event not in inferred
        and any(STATED[event].search(clause) and not UNSAID[event].search(clause) for clause in clauses)
    ]


def linked_places(path: str | Path) -> dict[str, BaseGeometry]:
    """Return a disc of RADIUS_M (degrees) for each data centre of a timeline table that links to Google Earth or Maps.

    The median of a site's links: the link carries where the picture was centred, not an outline.
    """
    places = {}
    for name, rows in _table(path).groupby(NAME, sort=True):
        found = [(float(x), float(y)) for status in rows[STATUS] for y, x in LINKED.findall(status)]
        if found:
            x, y = np.median(found, axis=0)
            places[str(name)] = geo.as_geometry(shapely.Point(x, y), RADIUS_M)
    return places


def read_places(path: str | Path) -> dict[str, BaseGeometry]:
    """Return the area (degrees) of each data centre of a GeoJSON, KML, or CSV with lon and lat; a point becomes a disc.

    The disc has RADIUS_M. Rows without a coordinate are left out.
    """
    frame = geo.read_features(path)
    column = next((c for c in (NAME, "data_center", "name", "Name") if c in frame), None)
    if column is None:
        raise BadInputError(f"{Path(path).name} needs a property {NAME!r} that names the data centre of each place")
    known = frame[np.isfinite(frame.geometry.bounds).all(axis=1)]
    # several outlines of one site are one place
    return {
        str(name): shapely.union_all([geo.as_geometry(outline, RADIUS_M) for outline in rows.geometry])
        for name, rows in known.groupby(column, sort=True)
    }


def validate(
    table: str | Path,
    source: Source,
    start: str,
    end: str,
    *,
    places: str | Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> PublishedComparison:
    """Compare our dates between two ISO days with those of a timeline table (`read_timeline`).

    `places` is a file of `read_places`; without it the sites count whose statuses link to a place. Raises NotFoundError
    if no site of the table has a place.
    """
    start, end = str(read_day(start)), str(read_day(end))
    timeline = read_timeline(table)
    known = linked_places(table) | (read_places(places) if places else {})
    if not set(known) & set(timeline["data_center"]):
        raise NotFoundError(
            f"no site of {Path(table).name} has a place: give --places, a CSV with Data center, lon, lat"
        )
    return compare_published(timeline, known, source, start, end, tell)


def compare_published(
    timeline: pd.DataFrame,
    places: Mapping[str, BaseGeometry],
    source: Source,
    start: str,
    end: str,
    tell: Callable[[str], None] = lambda text: None,
) -> PublishedComparison:
    """Date what was built at each place (degrees) between two ISO days and compare it with the published dates within.

    Each published event of a site meets one structure of its own, so that the errors of the site add up to the least.
    That favours us where a site has many halls; how much, the same matching of random dates says (`summary`). Ground
    broken is compared with `onset` (low empty: no later than), roof complete with `complete`, both with the time
    after the row before; the n-th operational asks only that n roofs were half covered by then. What meets no dated
    structure is a refusal, with the reason.
    """
    asked = timeline[(timeline["published"] >= start) & (timeline["published"] <= end)]
    rows: list[dict[str, Any]] = []
    drawn: list[dict[str, Any]] = []
    rng = np.random.default_rng(CHANCE_SEED)
    total_bytes = 0
    unplaced = sorted(set(asked["data_center"]) - set(places))
    for name, published in asked[asked["data_center"].isin(places)].groupby("data_center", sort=True):
        found, bytes_read, unread = _found(source, places[str(name)], start, end)
        total_bytes += bytes_read
        for event, dated in published.sort_values("published").groupby("event", sort=False):
            known = {"data_center": str(name), "event": str(event), "bytes_read": bytes_read}
            pool = _pool(Event(event), found)
            why = unread or _why_not(found, pool)
            matched = _matched(dated, pool)
            rows += [{**known, **row, "refused": "" if row["high"] else why} for row in matched]
            for _ in range(CHANCE_DRAWS if pool else 0):
                drawn += [{"event": str(event), **row} for row in _matched(dated, _anywhere(rng, pool, start, end))]
        tell(f"{name}: {len(found)} structures, {len(published)} published dates, {bytes_read / 1e6:.1f} MB")
    order = [str(event) for event in Event]
    rows.sort(key=lambda row: (row["data_center"], row["published"], order.index(row["event"])))
    compared = pd.DataFrame(rows, columns=list(COLUMNS))
    summary = summarised(compared, pd.DataFrame(drawn, columns=list(COLUMNS)))
    return PublishedComparison(compared, summary, total_bytes, unplaced)


def _found(source: Source, place: BaseGeometry, start: str, end: str) -> tuple[gpd.GeoDataFrame, int, str]:
    """Return what was built at a place, the bytes that it cost, and why it could not be read."""
    bytes_read = 0
    try:
        stack = source(place)
        try:
            return detect.new_structures(stack, place, start, end).frame, stack.bytes_read, ""
        finally:
            bytes_read = stack.bytes_read
    except (OsintError, OSError) as error:
        return gpd.GeoDataFrame(), bytes_read, f"not read: {error}"


def _pool(event: Event, found: gpd.GeoDataFrame) -> list[Span]:
    """Return the intervals of what an event may meet."""
    built = found.to_dict("records")
    halls = [s for s in built if s["kind"] in landcover.BUILDINGS]
    if event is Event.GROUND_BROKEN:
        return [(s["onset_low"] or None, s["onset_high"], s["onset_high"]) for s in built if s["onset_high"]]
    if event is Event.ROOF_COMPLETE:
        whole = [(s["complete_low"], s["complete_high"]) for s in halls if s["complete_high"]]
        return [(low, _moved(low, _days(high, low) / 2), high) for low, high in whole]
    return sorted([(None, s["roofed_best"], s["roofed_high"]) for s in halls if s["roofed_high"]], key=lambda s: s[2])


def _matched(dated: pd.DataFrame, pool: list[Span]) -> list[dict[str, Any]]:
    """Return a row for each published date of one event at one site, with the structure that it meets, if any."""
    days, spans = list(dated["published"]), [str(a or "") for a in dated["published_after"]]
    runs = dated["event"].iloc[0] == Event.OPERATIONAL
    if runs:
        pairs = dict(zip(range(len(days)), range(len(pool)), strict=False))
    else:
        cost = np.array([[abs(_days(best, day)) for _, best, _ in pool] for day in days]).reshape(len(days), len(pool))
        pairs = dict(zip(*optimize.linear_sum_assignment(cost), strict=True))
    rows = []
    for k, (day, after) in enumerate(zip(days, spans, strict=True)):
        row: dict[str, Any] = {"published": day, "published_after": after or None, "high": None}
        if k in pairs:
            low, best, high = pool[pairs[k]]
            row |= {"low": low, "best": best, "high": high}
            # a hall may stand for months before it runs: the roof must be no later, nothing more
            row["error_days"] = None if runs else _days(best, day)
            row["covered"] = high <= day if runs else (low is None or low <= day) and (after or day) <= high
        rows.append(row)
    return rows


def _why_not(found: gpd.GeoDataFrame, pool: list[Span]) -> str:
    if pool:
        return "fewer dated structures than published events"
    told = [str(s) for s in found["cannot_tell"] if s] if len(found) else []
    return told[0] if told else "nothing that could be dated was found"


def _anywhere(rng: np.random.Generator, pool: list[Span], start: str, end: str) -> list[Span]:
    """Return the intervals of `pool`, as wide as they are, at random days from `start` to `end`."""
    shifts = rng.integers(0, max(_days(end, start), 1), len(pool))
    moved = []
    for (low, best, high), shift in zip(pool, shifts, strict=True):
        by = _days(start, best) + int(shift)
        moved.append((low and _moved(low, by), _moved(best, by), _moved(high, by)))
    return sorted(moved, key=lambda s: s[2])


def summarised(rows: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Return one row per event of `rows` and the random draws; shares and errors are NaN where nothing was dated."""
    made = []
    for event in Event:
        mine = rows[rows["event"] == event]
        dated = int(mine["high"].notna().sum())
        counts = (str(event), len(mine), dated, len(mine) - dated)
        made.append((*counts, *_score(mine), *_score(drawn[drawn["event"] == event])))
    return pd.DataFrame(made, columns=list(SUMMARY))


def _score(rows: pd.DataFrame) -> tuple[float, float]:
    """Return the median error in days and the share covered of the rows that are dated."""
    dated = rows[rows["high"].notna()]
    errors = dated["error_days"].dropna().astype(float).abs()
    share = round(float(dated["covered"].astype(bool).mean()), 3) if len(dated) else np.nan
    return (float(errors.median()) if len(errors) else np.nan), share


def _days(first: str, second: str) -> int:
    return (date.fromisoformat(first) - date.fromisoformat(second)).days


def _moved(day: str, days: float) -> str:
    return (date.fromisoformat(day) + timedelta(int(days))).isoformat()
