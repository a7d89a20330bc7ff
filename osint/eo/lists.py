"""Ask a catalogue once for a wide area, and tell from the answer which scenes each place in it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from osint.eo import catalogue, grids, items
from osint.eo.ranges import Spent, cache_folder, named_host
from osint.errors import OsintError


@dataclass(frozen=True)
class Listed:
    """The usable scenes that a catalogue has of an area."""

    area: BaseGeometry
    """Lon/lat."""
    rows: list[dict[str, Any]] = field(repr=False)
    """As `items.row` gives them; `footprint_share` is that of the area."""
    cost: dict[str, Any]
    """Requests, bytes and levels of the question."""

    def of(self, site: Any) -> gpd.GeoDataFrame:
        """Return what `imagery.scenes` returns for a place inside the area; attrs hold no cost, as none was made."""
        geometry = grids.as_geometry(site)
        outlines = np.array([row["geometry"] for row in self.rows], dtype=object)
        shares = shapely.area(shapely.intersection(outlines, geometry)) / geometry.area
        rows = [
            {**row, "footprint_share": min(float(share), 1.0)}
            for row, share in zip(self.rows, shares, strict=True)
            if share >= LEAST_SHARE
        ]
        kept, dropped = items.without_duplicates(rows, geometry)
        frame = gpd.GeoDataFrame(kept, columns=list(catalogue.COLUMNS), geometry="geometry", crs=4326)
        frame["datetime"] = pd.to_datetime(frame["datetime"], utc=True)
        frame.attrs = {"dropped": dropped, **Spent().as_attrs()}
        return frame


LEAST_SHARE = 1e-6
"""Share of a place below which a scene does not reach it, as in `catalogue`."""


def listed(area: Any, start: str, end: str, collection: str, named: str = "earth-search") -> Listed:
    """Return the scenes of a lon/lat area between two dates (both included); arguments as of `imagery.scenes`.

    Which of the tiles of a pass, and of twice processed scenes, to keep depends on the place: nothing is dropped here.
    """
    geometry = grids.as_geometry(area)
    url = catalogue.CATALOGUES.get(named, named)
    first, last = catalogue._day(start), catalogue._day(end)
    if last < first:
        raise OsintError(f"`end` ({last}) is before `start` ({first})")
    spent = Spent()
    if named_host(url):
        io = catalogue.KeptAnswers(url, cache_folder() / "answers", spent, False)
        found = catalogue._search(io, url, geometry, f"{first}T00:00:00Z/{last}T23:59:59Z", collection)
    elif "://" in url and not url.startswith("file://"):
        known = ", ".join(catalogue.CATALOGUES)
        raise OsintError(f"`catalogue` {url!r} is neither http(s) nor a folder. Known: {known}")
    else:
        url = url.removeprefix("file://")
        found = catalogue._walk(Path(url), geometry, first, last, collection)
    if len(found) >= catalogue.MAX_ITEMS:
        raise OsintError(f"{collection} has {catalogue.MAX_ITEMS:,} scenes or more of the area: shorten the dates")
    rows, _ = catalogue._rows(found, geometry, url, 100.0)
    return Listed(geometry, rows, spent.as_attrs())
