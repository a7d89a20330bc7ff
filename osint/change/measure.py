"""Measure what stands on an outline: its roof, the ground scraped or built on around it, and a bound on a cooling yard.

A plot is disturbed ground: in pixels of 10 m a fence is not seen. Nor are cooling units, so that a cooling yard has no
best value, only the ground that is left for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from scipy import optimize
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import series
from osint.change.journal import Parts, head_of, outlines_sha256
from osint.change.plot import REACH_MIN_M, REACH_SIDES, Plot, measure_plot, nowhere
from osint.change.reasons import Doubt, Reason, sentences
from osint.change.roof import SHARP, AreaInterval, area_row, roof_area
from osint.change.series import Footprint, median
from osint.change.stack import Stack, around
from osint.errors import BadInputError, NotFoundError, OsintError
from osint.register import read_date, read_span

ALONE_SCENES, PAIRED_SCENES = 10, 20  # scenes of a median without a time before, and on either side with one
CANDIDATE_SCENES = 30  # scenes, least cloud first, among which clear ones are looked for
SHOWN_MIN_SCENES = 2  # clear scenes that show an outline at all
PLOT_MIN_SCENES = 3  # clear scenes on either side, below which a median may show a cloud
UNSTATED_CLOUD_PCT = 100  # cloud cover of a scene that states none
YEAR_WHOLE_DAYS = 365
PAIR_DAYS, PAIR_CLOUD_PCT = 20, 10  # days of the year apart, and percent of cloud, that count alike in pairs of scenes

MEASURED = (
    "roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high", "plot_area_m2_low", "plot_area_m2_best",
    "plot_area_m2_high", "cooling_yard_m2_low", "cooling_yard_m2_best", "cooling_yard_m2_high",
    "roof_cannot_tell", "plot_cannot_tell", "yard_cannot_tell", "scenes_used", "bytes_read",
)  # fmt: skip
"""Columns of the rows that `Measurement.to_row` writes."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What stood on an outline, and why the rest cannot be told."""

    roof_area: AreaInterval | None
    plot_area: AreaInterval | None
    """Ground scraped or built on that holds the outline, roof included."""
    cooling_yard_high_m2: int | None
    """Plot less roof: at most so much is left for a cooling yard on the ground."""
    roof_doubts: tuple[Doubt, ...]
    plot_doubts: tuple[Doubt, ...]
    yard_doubts: tuple[Doubt, ...]
    scenes_used: int
    bytes_read: int

    def to_row(self) -> dict[str, str | int | None]:
        """Return the columns MEASURED: areas in m2, doubts as sentences, None where nothing is known."""
        row: dict[str, str | int | None] = {name: getattr(self, name, None) for name in MEASURED}
        row |= area_row("roof_area_m2", self.roof_area) | area_row("plot_area_m2", self.plot_area)
        row["cooling_yard_m2_high"] = self.cooling_yard_high_m2
        doubts = {"roof": self.roof_doubts, "plot": self.plot_doubts, "yard": self.yard_doubts}
        return row | {f"{name}_cannot_tell": sentences(why) for name, why in doubts.items()}


def measure(
    stack: Stack, place: BaseGeometry, start: str, end: str, *, before: tuple[str, str] | None = None
) -> Measurement:
    """Return the areas of what stood on the outline `place` (degrees) from `start` to `end` (ISO dates).

    `before` is a window of dates in which no ground was broken, best of the same seasons: without one the plot is
    separated from its surroundings alone. The plot has no upper bound where it runs out of the window; its interval
    is from trials (docs/change.md). No pixel of 10 m separates a cooling yard from parking, stores or an annex, and
    cooling on the roof is not bounded by it.

    Raises NotFoundError with fewer than two clear scenes, BadInputError for dates that are not in order (`in_order`).
    """
    in_order(start, end, before)
    spent = stack.bytes_read
    area_m2 = geo.area_m2(place)
    window = around(place, max(series.reach_m(area_m2), REACH_MIN_M, REACH_SIDES * area_m2**0.5))
    rows = stack.between(start, end)
    earlier = None if before is None else stack.between(*before)
    if earlier is not None and len(rows) and len(earlier):
        rows, earlier = _same_seasons(rows, earlier)
    else:
        rows = rows.sort_values(["cloud_pct", "datetime"]).head(CANDIDATE_SCENES)
    after, footprint = _clear(stack, rows, place, window, ALONE_SCENES if before is None else PAIRED_SCENES)
    if after is None or footprint is None:
        raise NotFoundError(f"fewer than two clear scenes show the outline between {start} and {end}: widen the dates")
    blue = median(after["B02"].values)
    dark = bool(np.nanmedian(blue[footprint.core]) < np.nanmedian(blue[footprint.ring]))
    roof = roof_area(after, footprint, dark)
    earth = None if earlier is None else _clear(stack, earlier, place, window, PAIRED_SCENES)[0]
    if after.sizes["time"] < PLOT_MIN_SCENES:
        plot = nowhere(footprint, _too_few("", start, end))
    elif before is not None and (earth is None or earth.sizes["time"] < PLOT_MIN_SCENES):
        plot = nowhere(footprint, _too_few(" before", *before))
    else:
        plot = measure_plot(after, earth, footprint)
    return _measurement(roof, plot, after.sizes["time"], stack.bytes_read - spent)


def _too_few(when: str, start: str, end: str) -> Doubt:
    return Doubt(Reason.TOO_FEW_CLEAR, {"least": PLOT_MIN_SCENES, "when": when, "start": start, "end": end})


def _measurement(roof: AreaInterval | None, plot: Plot, scenes: int, bytes_read: int) -> Measurement:
    """Return roof and plot with the bound on a cooling yard."""
    area, yard_high_m2, yard_doubts = plot.area, None, [Doubt(Reason.NO_YARD)]
    if area is not None and area.high_m2 is not None:
        yard_high_m2 = area.high_m2 - (roof.low_m2 if roof else 0)
    else:
        yard_doubts.append(Doubt(Reason.NO_BOUND))
    roof_doubts = () if roof else (Doubt(Reason.LIKE_ITS_YARD),)
    return Measurement(roof, area, yard_high_m2, roof_doubts, plot.doubts, tuple(yard_doubts), scenes, bytes_read)


def measure_outlines(
    stack: Stack,
    outlines: gpd.GeoDataFrame,
    start: str,
    end: str,
    *,
    before: tuple[str, str] | None = None,
    journal: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> gpd.GeoDataFrame:
    """Return `measure` of each outline (any CRS, column outline_id): outline_id, MEASURED and the outline in degrees.

    An outline that too few clear scenes show keeps its row, with the reason in all three `*_cannot_tell`. Roofs on one
    plot are measured as one outline, a MultiPolygon; separately, each of them has the same plot. `journal` and `tell`
    are those of `date_outlines`.
    """
    in_order(start, end, before)
    degrees = outlines.to_crs(4326)
    asked = {"start": start, "end": end, "before": before, "outlines": outlines_sha256(degrees)}
    parts = Parts(journal, head_of(stack, "measure", asked), len(degrees), tell)
    rows = []
    for number, outline in enumerate(degrees.itertuples()):
        name, found = str(getattr(outline, "outline_id", number)), parts.kept(str(number))
        if found is None:
            already = len(stack.failures)
            row = _measured_row(stack, outline.geometry, (start, end), before)
            found, told = [row], row["roof_cannot_tell"] or f"roof {row['roof_area_m2_best']:,} m2"
            whole = len(stack.failures) == already and not stack.health.stopped
            parts.add(str(number), found, f"{name}: {told}", stack.bytes_read, whole=whole)
        rows += [{"outline_id": name, **row, "geometry": outline.geometry} for row in found]
    parts.finish()
    return gpd.GeoDataFrame(rows, columns=["outline_id", *MEASURED, "geometry"], geometry="geometry", crs=4326)


def _measured_row(
    stack: Stack, outline: BaseGeometry, span: tuple[str, str], before: tuple[str, str] | None
) -> dict[str, str | int | None]:
    """Return the columns MEASURED of one outline; one that cannot be measured has the reason in all three."""
    try:
        return measure(stack, outline, *span, before=before).to_row()
    except OsintError as error:
        told = f"{error}; not known: {stack.unread}" if stack.unread else str(error)
        return {f"{name}_cannot_tell": told for name in ("roof", "plot", "yard")}


def in_order(start: str, end: str, before: tuple[str, str] | None) -> None:
    """Raise BadInputError unless `start` comes before `end`, and `before` (first and last date) before `start`."""
    first, _ = read_span(start, end)
    if before is not None and not read_date(before[0]).first <= read_date(before[1]).last < first:
        raise BadInputError(f"the time before, {' to '.join(before)}, must end before {start}, the first date measured")


def _same_seasons(now: pd.DataFrame, earlier: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return up to PAIRED_SCENES rows of each, least cloud and nearest day of the year first: sun and crops cancel."""
    now = now.sort_values(["cloud_pct", "datetime"]).head(CANDIDATE_SCENES)
    earlier = earlier.sort_values(["cloud_pct", "datetime"]).head(2 * CANDIDATE_SCENES)
    day = [rows["datetime"].dt.day_of_year.to_numpy() for rows in (now, earlier)]
    cloud = [rows["cloud_pct"].fillna(UNSTATED_CLOUD_PCT).to_numpy() for rows in (now, earlier)]
    apart = np.abs(np.subtract.outer(*day))
    apart = np.minimum(apart, YEAR_WHOLE_DAYS - apart)
    cost = apart / PAIR_DAYS + np.add.outer(*cloud) / PAIR_CLOUD_PCT
    first, second = optimize.linear_sum_assignment(cost)
    best = np.argsort(cost[first, second], kind="stable")[:PAIRED_SCENES]
    return now.iloc[first[best]], earlier.iloc[second[best]]


def _clear(
    stack: Stack, rows: pd.DataFrame, geometry: BaseGeometry, window: BaseGeometry, most: int
) -> tuple[xr.Dataset | None, Footprint | None]:
    """Return the first `most` scenes that show the outline; None if there are fewer than two."""
    if not len(rows):
        return None, None
    data = stack.read(rows, window, SHARP)
    footprint = series.placed(geometry, data)
    clear = data.isel(time=np.flatnonzero(series.usable(data, footprint))[:most])
    return (clear, footprint) if clear.sizes["time"] >= SHOWN_MIN_SCENES else (None, None)
