"""The scenes of a place as one list: duplicates dropped by a stated rule, tiles of one pass together."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.geo import Place
from osint.http import Cost
from osint.imagery.items import COLUMNS, Scene

PASS_MINUTES = 5.0
"""Scenes of one platform that are no farther apart are tiles of one pass: they are taken seconds apart."""
LEAST_SHARE = 1e-6
"""Share of a place below which a scene does not reach it."""
LEAST_GAIN = 1e-3
"""Share of a place that a further tile of a pass must add to be read."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A reason that concerns one scene."""

    id: str
    """Empty where it concerns the whole list."""
    reason: str
    is_lost: bool = False
    """Whether a scene of the place may be missing for it."""


@dataclass(frozen=True, slots=True)
class Scenes:
    """The scenes of a place, what else a catalogue listed, and what the search cost."""

    frame: gpd.GeoDataFrame
    """One row per scene, by time; columns as the fields of `Scene`, geometry in degrees."""
    dropped: tuple[Remark, ...]
    """Items that were listed and are not in the frame, with the reason, and what the list itself lacks."""
    cost: Cost
    """Requests and bytes of the search, by level."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def simulated(self) -> bool:
        """Whether any of them shows an invented place."""
        return bool(self.frame["simulated"].any())

    @property
    def gap(self) -> str:
        """What the list of the catalogue lacks, in words; empty if nothing is known to be missing."""
        lost = list(dict.fromkeys(remark for remark in self.dropped if remark.is_lost))
        broken = [remark.reason for remark in lost if remark.id]
        told = [f"{len(broken)} listed scenes cannot be read as such ({broken[0]})"] if broken else []
        return "; ".join([*told, *(remark.reason for remark in lost if not remark.id)])

    def of(self, place: Place) -> Scenes:
        """Return the scenes to read for a place that they surround, by the rule of `without_duplicates`.

        Scenes that do not reach the place are left out. No request is made, so the cost is zero.
        """
        geometry = geo.as_geometry(place)
        outlines = self.frame.geometry.to_numpy()
        shares = np.minimum(shapely.area(shapely.intersection(outlines, geometry)) / geometry.area, 1.0)
        reach = self.frame.assign(footprint_share=shares)[shares >= LEAST_SHARE]
        kept, doubles = without_duplicates([Scene.from_row(row) for row in reach.to_dict("records")], geometry)
        return Scenes(frame_of(kept), tuple(doubles), Cost())

    def join(self, other: Scenes) -> Scenes:
        """Return both searches as one: each scene once, by time; dropped items and costs added up."""
        both = pd.concat([self.frame, other.frame]).drop_duplicates(["collection", "id"])
        frame = both.sort_values(["datetime", "id"], ignore_index=True)
        return Scenes(frame, self.dropped + other.dropped, total_cost(self.cost, other.cost))


def frame_of(scenes: Iterable[Scene]) -> gpd.GeoDataFrame:
    """Return scenes as a table: columns as the fields of `Scene`, `datetime` with its zone, geometry in degrees."""
    rows = [[getattr(scene, name) for name in COLUMNS] for scene in scenes]
    frame = gpd.GeoDataFrame(rows, columns=list(COLUMNS), geometry="geometry", crs=4326)
    return frame.assign(datetime=pd.to_datetime(frame["datetime"], utc=True), simulated=frame["simulated"].astype(bool))


def total_cost(*costs: Cost) -> Cost:
    """Return the sum of several costs, level by level."""
    total = Cost()
    for cost in costs:
        for level, requests in cost.requests.items():
            total.add(level, requests, cost.bytes[level])
        total.asked += cost.asked
    return total


def without_duplicates(scenes: Sequence[Scene], place: BaseGeometry) -> tuple[list[Scene], list[Remark]]:
    """Return the scenes to keep, by time, and for each other one why it was dropped.

    Rule 1: of one tile, platform and day, keep the highest baseline, then the latest processing, then the
    last id, and of the others those that add at least LEAST_GAIN of the place: a tile may come in two granules,
    north and south. Rule 2: of the tiles of one pass, keep those that add as much, the tile with the larger share
    first, then by name, then as in rule 1.
    """
    kept: list[Scene] = []
    dropped: list[Remark] = []
    chosen: defaultdict[tuple[str, str, dt.date], list[Scene]] = defaultdict(list)
    for scene in sorted(scenes, key=lambda s: (s.baseline, s.processed, s.id), reverse=True):
        better = chosen[scene.platform, scene.tile or scene.id, scene.datetime.date()]
        if better and _gain(scene, better, place) < LEAST_GAIN:
            dropped.append(Remark(scene.id, f"processed again as {better[0].id}"))
        else:
            better.append(scene)
    for tiles in group_passes(scene for scenes_of_tile in chosen.values() for scene in scenes_of_tile):
        added: list[Scene] = []
        newest_first = sorted(tiles, key=lambda s: (s.baseline, s.processed), reverse=True)
        for scene in sorted(newest_first, key=lambda s: (-round(s.footprint_share, 3), s.tile)):
            if _gain(scene, added, place) < LEAST_GAIN:
                dropped.append(Remark(scene.id, "its tile adds nothing to the site"))
            else:
                added.append(scene)
        kept += added
    return sorted(kept, key=lambda s: (s.datetime, s.id)), dropped


def _gain(scene: Scene, others: Sequence[Scene], place: BaseGeometry) -> float:
    """Return the share of a place that a scene shows and the others do not."""
    covered = shapely.union_all([other.geometry for other in others])
    return float(scene.geometry.intersection(place).difference(covered).area / place.area)


def group_passes(scenes: Iterable[Scene]) -> list[list[Scene]]:
    """Group scenes, by time, into passes of one platform (see PASS_MINUTES)."""
    ordered = sorted(scenes, key=lambda s: (s.datetime, s.id))
    groups: defaultdict[int, list[Scene]] = defaultdict(list)
    for scene, number in zip(ordered, _numbered((s.platform, s.datetime) for s in ordered), strict=True):
        groups[number].append(scene)
    return list(groups.values())


def _numbered(ordered: Iterable[tuple[str, dt.datetime]]) -> list[int]:
    """Return the number of the pass of each platform and time, in time order."""
    last: dict[str, tuple[dt.datetime, int]] = {}
    numbers, started = [], 0
    for platform, when in ordered:
        before, number = last.get(platform, (when, -1))
        if number < 0 or when - before > dt.timedelta(minutes=PASS_MINUTES):
            number, started = started, started + 1
        last[platform] = when, number
        numbers.append(number)
    return numbers


def pass_numbers(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return for each row of a table of scenes the number of its pass, counted from 0 by time.

    `read_bands` of the same rows has one time per pass, so that the rows behind its time `t` are those of
    number `t`. Columns: datetime, id, and platform where there are several.
    """
    platforms = frame["platform"] if "platform" in frame else [""] * len(frame)
    rows = list(zip(frame["datetime"], frame["id"], platforms, strict=True))
    order = sorted(range(len(rows)), key=lambda k: rows[k][:2])
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = _numbered((rows[k][2], rows[k][0]) for k in order)
    return numbers
