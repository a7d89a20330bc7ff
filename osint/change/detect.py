"""Find what was built over an area: compare the first season with later ones, then date each candidate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from osint import geo, imagery
from osint.change import landcover, outlines, seasons, series
from osint.change.journal import Parts, Tell, head_of
from osint.change.patches import Patch, changed_patches
from osint.change.reasons import NOT_READ, Doubt, Reason
from osint.change.roof import AreaInterval
from osint.change.series import Series
from osint.change.stack import PAIR, Stack, UnreadError, around, open_stack
from osint.change.structure import PROPERTIES, Structure
from osint.change.tiles import MARGIN_M, TILE_M, Tile, in_metres, utm_tiles
from osint.errors import NotFoundError
from osint.http import bytes_by_reader

KEPT = NOT_READ | {Reason.MAY_SHOW_A_ROOF}  # doubts with which a candidate stays without a kind
PROBABLE = 0.5  # probability of a building above which a structure is more likely one than not


@dataclass(frozen=True, slots=True)
class NewStructures:
    """What was built over an area between two days."""

    frame: gpd.GeoDataFrame
    """One row per structure: the columns PROPERTIES, `simulated` of a SIMULATED world, and the outline in degrees."""
    unseen: tuple[str, ...]
    """Names of the tiles that too few scenes show."""
    stack: Stack
    """What was read."""
    searched_share: float = 1.0
    """Share of the place that was read and clear in the first season and in a later one, 0 to 1."""
    stopped: str = ""
    """Why the search ended before its end; empty if it did not. What was not read is not known."""
    seen: Mapping[str, Series] = field(default_factory=dict, repr=False)
    """Series that rows dated in this run rest on, by `outline_id`."""

    @property
    def buildings(self) -> gpd.GeoDataFrame:
        """The rows that are more likely a building than not."""
        return self.frame[self.frame["kind"].isin(landcover.BUILDINGS) & (self.frame["probability"] >= PROBABLE)]


class TooFewError(NotFoundError):
    """Fewer than two seasons of a place have scenes."""


def observe(
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = imagery.EARTH_SEARCH,
    collection: str | None = None,
    exhaustive: bool = False,
    journal: Path | None = None,
    tell: Tell | None = None,
) -> NewStructures:
    """Return what was built inside `place` (degrees) between two ISO days, from the scenes of a catalogue.

    Arguments as of `open_stack` and `new_structures`. Raises NotFoundError if fewer than two seasons have scenes.
    """
    stack = open_stack(place, start, end, catalogue=catalogue, collection=collection)
    return new_structures(stack, place, start, end, exhaustive=exhaustive, journal=journal, tell=tell)


def new_structures(
    stack: Stack,
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    exhaustive: bool = False,
    journal: Path | None = None,
    tell: Tell | None = None,
) -> NewStructures:
    """Return what was built inside `place` (degrees) between two ISO days, dated and measured.

    Patches whose series shows no lasting step are dropped: a dry lake, snow or dust is not a structure. One whose
    last scenes may show a roof, or that could not be read, stays without a kind. Several are dated at once;
    `bytes_read` is as if one had been dated after the other. A search that breaks off keeps what it knows (`stopped`,
    `searched_share`). `exhaustive` reads every scene instead of searching in time. Dated candidates are lines of
    `journal`: the same call goes on after a kill. `tell` is handed a line for each. Raises NotFoundError if fewer than
    two seasons have scenes, UnreadError if nothing could be read.
    """
    surveyed = survey(stack, place, start, end, tell=tell)
    found = surveyed.candidates
    parts = [stack.at(series.surroundings_box(candidate.outline)) for candidate in found]
    asked = {"start": start, "end": end, "exhaustive": exhaustive, "place": place.wkt}
    kept = Parts(journal, head_of(stack, "observe", asked), len(found), tell)
    seen: dict[str, Series] = {}

    def date(part: Stack, candidate: Patch, number: int) -> list[dict[str, Any]]:
        name, key = f"S{number:03d}", hashlib.sha256(candidate.outline.wkb).hexdigest()
        rows = kept.kept(key)
        if rows is None:
            known: dict[str, Any] = {"outline_id": name, "exhaustive": exhaustive}
            try:
                dated = outlines.date_change(part, candidate.outline, start, end, **known)
                structures = dated.structures
                if dated.seen is not None:
                    seen[name] = dated.seen
            except UnreadError as error:
                structures = (Structure(name, doubts=(Doubt(Reason.STOPPED, {"why": str(error)}),)),)
            rows = _candidate_rows(structures, candidate)
            told = "; ".join(map(outlines.in_short, rows))
            whole = not part.failures and not stack.health.stopped
            bytes_read = stack.bytes_read + sum(one.bytes_read for one in parts)
            kept.add(key, rows, f"{name}: {told or 'nothing lasting'}", bytes_read, whole=whole)
        return [{**row, "outline_id": name} for row in rows]

    with ThreadPoolExecutor(stack.threads) as pool:
        dated = list(pool.map(date, parts, found, range(1, len(found) + 1)))
    kept.finish()
    rows = []
    shared = bytes_by_reader([part.cost.asked for part in parts])
    for candidate, part, own_rows, own_bytes in zip(found, parts, dated, shared, strict=True):
        stack.add(part)
        # who of several at once downloads what they share is chance: the first of them pays
        bytes_read = part.bytes_read - sum(read.fetched for read in part.cost.asked) + own_bytes
        rows += [{**row, "bytes_read": bytes_read, "geometry": candidate.outline} for row in own_rows]
    frame = pd.DataFrame(rows, columns=[*PROPERTIES, "geometry"])
    marked = stack.mark(gpd.GeoDataFrame(frame, geometry="geometry", crs=4326))
    return NewStructures(
        marked, surveyed.unseen, stack, surveyed.searched_share, surveyed.stopped or stack.health.stopped, seen
    )


def _candidate_rows(structures: Sequence[Structure], candidate: Patch) -> list[dict[str, Any]]:
    """Return the structures of a candidate that are worth a row."""
    return [
        replace(
            structure.doubtful(Doubt(Reason.CUT) if candidate.cut else None), roof_area=_whole(structure, candidate)
        ).to_row()
        for structure in structures
        if structure.kind is not None or any(doubt.reason in KEPT for doubt in structure.doubts)
    ]


def _whole(structure: Structure, candidate: Patch) -> AreaInterval | None:
    """Return the area of a structure, None if the edge of the place cuts it: a part of a roof is no roof."""
    return None if candidate.cut else structure.roof_area


@dataclass(frozen=True, slots=True)
class Survey:
    """Where something may have been built, and how much of a place was looked at."""

    candidates: list[Patch]
    unseen: tuple[str, ...] = ()
    """Names of the tiles that too few scenes show."""
    searched_share: float = 1.0
    """Share of the place that was read and clear in the first season and in a later one, 0 to 1."""
    stopped: str = ""
    """Why the survey ended before its end; empty if it did not."""


def survey(
    stack: Stack, place: BaseGeometry, start: str, end: str, side_m: float = TILE_M, tell: Tell | None = None
) -> Survey:
    """Return patches inside `place` (degrees) that changed for good between the first season and any later one.

    A place wider than `side_m` is read tile by tile, so that memory is that of one tile; a patch on an edge of tiles
    is one patch. Where file after file cannot be read it ends with what is known so far, and says so. `tell` is handed
    a line for each tile.
    """
    west, south, east, north = in_metres(place)[1].bounds
    if max(east - west, north - south) <= side_m:
        return _season_candidates(stack, place, start, end)
    seen: list[tuple[Tile, Patch]] = []
    unseen, searched_m2, stopped, tiles = [], 0.0, "", utm_tiles(place, side_m)
    for tile in tiles:
        core = tile.core().intersection(place)
        window = around(core, MARGIN_M)
        part = stack.at(window)
        try:
            found = _season_candidates(part, window, start, end)
        except TooFewError as error:
            unseen.append(tile.name)
            if len(unseen) == len(tiles):
                raise error
            continue
        except UnreadError as error:
            stopped = str(error)
            continue
        finally:
            stack.add(part)
            if tell:
                tell(f"looked for candidates in tile {tile.name} ({stack.bytes_read / 1e6:.1f} MB so far)")
        searched_m2 += found.searched_share * geo.area_m2(core)
        stopped = stopped or found.stopped
        seen += [(tile, candidate) for candidate in found.candidates if candidate.outline.intersects(core)]
    if stopped and not searched_m2:
        raise UnreadError(stopped)
    return Survey(_once(seen), tuple(unseen), min(searched_m2 / geo.area_m2(place), 1.0), stopped)


def _once(seen: list[tuple[Tile, Patch]]) -> list[Patch]:
    """Return each patch once, tile by tile: whole before cut, in its own tile before a neighbour's margin.

    Cut patches that touch are the parts of one that no tile sees whole: they are joined.
    """
    whole = sorted((s for s in seen if not s[1].cut), key=lambda s: not s[0].holds(s[1].outline))
    kept: list[tuple[Tile, Patch]] = []
    for tile, candidate in [*whole, *_joined([s for s in seen if s[1].cut])]:
        if not any(other is not tile and candidate.outline.intersects(k.outline) for other, k in kept):
            kept.append((tile, candidate))
    order = list(dict.fromkeys(tile.name for tile, _ in seen))
    return [candidate for _, candidate in sorted(kept, key=lambda k: order.index(k[0].name))]


def _joined(parts: list[tuple[Tile, Patch]]) -> list[tuple[Tile, Patch]]:
    joined: list[tuple[Tile, Patch]] = []
    for tile, candidate in parts:
        touching = [k for k in joined if k[0] is not tile and k[1].outline.intersects(candidate.outline)]
        group = [(tile, candidate), *touching]
        outline, gain = shapely.union_all([c.outline for _, c in group]), max(c.gain for _, c in group)
        joined = [k for k in joined if k not in touching]
        joined.append(((touching or group)[0][0], Patch(outline, gain, cut=True)))
    return joined


def _season_candidates(stack: Stack, place: BaseGeometry, start: str, end: str) -> Survey:
    """Return the patches of one window, the strongest first."""
    rows = stack.between(start, end)
    groups = seasons.season_groups(rows, place.centroid.y)
    if len(groups) < seasons.LEAST_SEASONS and stack.list_gap:
        raise UnreadError(f"nothing is known of the place: {stack.unread}. The same command goes on")
    if len(groups) < seasons.LEAST_SEASONS:
        raise TooFewError(f"only {len(rows)} scenes between {start} and {end}: two seasons are needed, widen the dates")
    pictures: list[xr.Dataset] = []
    stopped = ""
    for group in groups:
        try:
            pictures.append(seasons.season_picture(stack.read(group, place, PAIR)))
        except UnreadError as error:
            # what the seasons so far show is known; of the rest nothing is
            stopped = str(error)
            break
    if len(pictures) < seasons.LEAST_SEASONS:
        raise UnreadError(stopped)
    clear = np.stack([picture["clear"].values for picture in pictures])
    found = changed_patches(pictures)
    if found is None and stack.unread:
        raise UnreadError(f"nothing is known of the place: {stack.unread}. The same command goes on")
    if found is None:
        raise TooFewError(f"the scenes between {start} and {end} do not show the place: widen the dates")
    return Survey(found, (), round(float((clear[0] & clear[1:].any(axis=0)).mean()), 4), stopped)
