"""Look for a site whose place is known to some kilometres only: tile by tile, resuming, ranked by fit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from osint import chain, geo, imagery
from osint.change import drawing, structure
from osint.change._tile_search import Target, TileResult, TileState, scenes_of_sides, search_stack, unsearched
from osint.change.journal import resumed
from osint.change.stack import Source, Stack, around
from osint.change.tiles import TILE_M, Tile, utm_tiles
from osint.errors import NetworkError, NotFoundError, OsintError
from osint.register import NEAR_ENOUGH_KM, Register

LEAST_REACH_KM = 0.75  # of the box about a site, however well its place is known: a campus is some hundred metres wide
CHIPS, CHIP_REACH_M = 10, 400.0  # candidates that get a picture, and its reach beyond the outline
CHIP_CLEAR_SHARE = 0.5  # share of a picture that must be clear for it to be drawn
IN_FLIGHT = 4  # tiles that a worker of a cluster has waiting
ONE_THREAD = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}
FAILURES_IN_A_ROW = 5  # tiles that fail one after another before the search stops: it is the network, not the tile
GOOD_FIT = 0.3  # above which a candidate is worth a look; a fit ranks and is not a probability
FULLY_SEARCHED = 0.999  # share of a place that counts as all of it
DATED = tuple(name for name in structure.PROPERTIES if name != "bytes_read")
PROPERTIES = ("rank", *DATED, "fit", "fit_date", "fit_size", "tile", "chip")
"""Columns of `Located.found`. `bytes_read` depends on the cache, so it is reported per tile, not per candidate."""
MISSED = (
    "could have been missed: a roof under 2,500 m2, one that looks like its ground in blue and short-wave infrared, "
    "one that replaced another roof, and what cloud hid"
)


@dataclass(frozen=True, slots=True)
class SiteArea:
    """Where a site of the register is, as well as its place is known."""

    centre: shapely.Point
    """Degrees."""
    precision_km: float
    circle: BaseGeometry
    """In which the site is, in degrees."""

    @property
    def is_near_enough(self) -> bool:
        """Whether the site can be observed; else it must be searched for."""
        return self.precision_km <= NEAR_ENOUGH_KM

    @property
    def box(self) -> BaseGeometry:
        """The box (degrees) to observe; of a site known less well, that of NEAR_ENOUGH_KM."""
        return around(self.centre, 1000 * max(min(self.precision_km, NEAR_ENOUGH_KM), LEAST_REACH_KM))


def site_area(site_id: str, register: Register) -> SiteArea:
    """Return where a site of the register is, by its precision and datum.

    Raises NotFoundError for an unknown id, and for a site without a coordinate or a precision.
    """
    row = register.site(site_id)
    precision_km = geo.precision_km(row)
    if not np.isfinite(row["lat"]) or not precision_km > 0:
        missing = "precision" if np.isfinite(row["lat"]) else "coordinate"
        raise NotFoundError(f"{site_id} has no {missing} in sites.csv; name a box with --bbox W,S,E,N")
    points = geo.places(register)
    point = points[points["site_id"] == site_id]
    return SiteArea(point.geometry.iloc[0], precision_km, geo.circles(point).geometry.iloc[0])


@dataclass(frozen=True, slots=True)
class LocateResult:
    """Candidates, best fit first, and what of the place was searched."""

    found: gpd.GeoDataFrame
    """Columns PROPERTIES, outlines in degrees."""
    tiles: pd.DataFrame
    """One row per tile: the fields of `TileResult` but `candidates`."""
    target: Target

    @property
    def area_km2(self) -> float:
        """Area of the place."""
        return float(self.tiles["area_km2"].sum())

    @property
    def searched_share(self) -> float:
        """Share of the place with two or more clear scenes on both sides of the target's dates."""
        return self._share("searched_share")

    @property
    def nodata_share(self) -> float:
        """Share with fewer than two scenes of any kind on a side."""
        return self._share("nodata_share")

    @property
    def unread_share(self) -> float:
        """Share that was not searched because files could not be read."""
        return self._share("unread_share")

    @property
    def cloud_share(self) -> float:
        """Share that cloud, shadow or snow hid."""
        return max(1 - self.searched_share - self.nodata_share - self.unread_share, 0.0)

    @property
    def unread(self) -> str:
        """What was not listed or could not be read, in words; empty if all was."""
        failed = self.tiles[self.tiles["state"] == TileState.FAILED]
        files_unread = int(self.tiles["unread_files"].sum())
        told = [f"{len(failed)} of {len(self.tiles)} tiles ({failed['why'].iloc[0]})"] if len(failed) else []
        told += [f"{files_unread} files"] if files_unread else []
        return "; ".join([*told, *dict.fromkeys(gap for gap in self.tiles["list_gap"] if gap)])

    def _share(self, column: str) -> float:
        return float((self.tiles[column] * self.tiles["area_km2"]).sum() / max(self.area_km2, 1e-9))

    @property
    def simulated(self) -> bool:
        """Whether a SIMULATED world was searched."""
        return bool(self.tiles["simulated"].any())

    @property
    def bytes_read(self) -> int:
        """Bytes that the tiles cost; none for what a cache had."""
        return int(self.tiles["bytes"].sum())

    @property
    def unsearched(self) -> pd.Series:
        """Number of tiles that were not searched, by the reason in words."""
        left = self.tiles[self.tiles["state"] != TileState.SEARCHED]
        return (left["state"] + ": " + left["why"]).value_counts()

    def summary(self) -> dict[str, Any]:
        """Return what was found and searched as members of the GeoJSON collection."""
        return {
            "candidates": len(self.found),
            "area_km2": round(self.area_km2, 1),
            "searched_share": round(self.searched_share, 4),
            "nodata_share": round(self.nodata_share, 4),
            "unread_share": round(self.unread_share, 4),
            "cloud_share": round(self.cloud_share, 4),
            "unread_files": int(self.tiles["unread_files"].sum()),
            "unread": self.unread,
            "target": asdict(self.target),
        }

    def text(self, name: str) -> str:
        """Return in words what was found in the file `name`, what was searched and what could have been missed."""
        good = int((self.found["fit"].astype(float) > GOOD_FIT).sum())
        undated = int(self.found["fit"].isna().sum())
        counts = f"{good} fit, {len(self.found) - good - undated} hardly, {undated} without a date"
        found = f"{len(self.found)} candidates in {name}, best first: {counts}"
        lines = [f"{found}. `fit` ranks; it is not the chance that this is your site."]
        if not good:
            lines[0] = f"Nothing fits. {lines[0]}"
        searched = f"{self.searched_share:.1%} of {self.area_km2:,.0f} km2 searched"
        hidden = f"{self.cloud_share:.1%} hidden by cloud, shadow or snow; {self.nodata_share:.1%} without pictures"
        hidden += f"; {self.unread_share:.1%} could not be read" if self.unread_share else ""
        lines.append(f"{searched} (two clear looks or more on both sides); {hidden}")
        everywhere = self.searched_share > FULLY_SEARCHED
        lines.append(f"Also where it was searched, this {MISSED}." if everywhere else f"This {MISSED}.")
        unread = int(self.tiles["unread_files"].sum())
        if unread:
            lines.append(f"{unread} files could not be read; a search with another --out tries them again")
        return "\n".join([*lines, f"{self.bytes_read / 1e6:.1f} MB read over the network"])


def locate(
    source: Source,
    place: BaseGeometry,
    target: Target,
    journal: Path,
    *,
    side_m: float = TILE_M,
    dask: str = "",
    tell: Callable[[str], None] = lambda text: None,
) -> LocateResult:
    """Search `place` (degrees) tile by tile for the target.

    Each finished tile is one JSON line of `journal`, written before the next begins; a search that was stopped
    continues where it was, tiles that failed are tried again. `dask` is the address of a scheduler (or "local"):
    the same tiles, the same answer. Memory is that of one tile in each worker. `tell` gets a line per tile. Raises
    NetworkError with the reason when tile after tile fails; the same call continues from there. Raises BadInputError if
    the journal is of another search, and UnreadableError if it is damaged.
    """
    tiles = utm_tiles(place, side_m)
    head = {"target": asdict(target), "place": place.wkt, "side_m": side_m, **getattr(source, "name", {})}
    done = _resumed(journal, head)
    again = [t for t in tiles if t.name in done and _failed(done[t.name])]
    # block by block, so that a list of scenes serves all tiles of its block
    left = sorted((t for t in tiles if t.name not in done), key=lambda t: imagery.block_of(t.core())) + again
    imagery.forget_blocks()
    # a first tile that fails is a fault of the catalogue; those that failed before come last and block no others
    failures, limit = 0, 1
    for result in _searched(source, left, place, target, dask):
        chain.append(journal, [asdict(result)])
        done[result.tile] = result
        seen = f"{result.searched_share:.0%} seen, {result.sentence()}"
        tell(f"{len(done)} of {len(tiles)} tiles: {result.tile} {seen}")
        failures, limit = (failures + 1, limit) if _failed(result) else (0, FAILURES_IN_A_ROW)
        if failures >= limit:
            missing = sum(t.name not in done or _failed(done[t.name]) for t in tiles)
            raise NetworkError(f"{missing} of {len(tiles)} tiles left, {result.sentence()}. The same command goes on")
    results = [done[tile.name] for tile in tiles]
    return LocateResult(ranked(results), pd.DataFrame(map(asdict, results)).drop(columns="candidates"), target)


def _failed(result: TileResult) -> bool:
    return result.state is TileState.FAILED


def ranked(results: list[TileResult]) -> gpd.GeoDataFrame:
    """Return the candidates of tiles, best fit first, those without a date last; doubles dropped."""
    rows = [{**row, "tile": r.tile, "geometry": shape(row["geometry"])} for r in results for row in r.candidates]
    rows.sort(key=lambda row: (row["fit"] is None, -(row["fit"] or 0), -row["fit_size"], row["outline_id"]))
    shapes = np.array([row["geometry"] for row in rows], dtype=object)
    touching: dict[int, list[int]] = {}
    for one, other in shapely.STRtree(shapes).query(shapes, predicate="intersects").T.tolist():
        # two structures of one outline are two answers, the same patch seen from two tiles is one
        if other < one and rows[one]["tile"] != rows[other]["tile"]:
            touching.setdefault(one, []).append(other)
    kept: dict[int, dict[str, Any]] = {}
    for index, row in enumerate(rows):
        if not any(other in kept for other in touching.get(index, ())):
            kept[index] = {**row, "rank": len(kept) + 1, "chip": None}
    frame = pd.DataFrame(list(kept.values()), columns=[*PROPERTIES, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def search_tile(source: Source, tile: Tile, place: BaseGeometry, target: Target) -> TileResult:
    """Search one tile; a tile that cannot be read is a result that says why."""
    try:
        stack = getattr(source, "shared", source)(tile.window())
        return search_stack(stack, tile, place, target)
    except (OsintError, OSError) as error:
        return replace(unsearched(tile, place), state=TileState.FAILED, why=str(error))


def _searched(source: Source, left: list[Tile], place: BaseGeometry, target: Target, dask: str) -> Iterator[TileResult]:
    if not dask:
        for tile in left:
            yield search_tile(source, tile, place, target)
        return
    try:
        from dask import config, distributed
    except ImportError as error:
        raise NotFoundError(
            "--dask needs the package `distributed`: pip install distributed, or leave --dask out"
        ) from error
    known: dict[str, Any] = {"address": dask}
    if dask == "local":
        known = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    try:
        # by default Dask has workers give memory back at every array, which costs a third of their time in page faults
        with config.set({"distributed.nanny.pre-spawn-environ": ONE_THREAD}):
            client = distributed.Client(**known, timeout="30s")
    except (OSError, ValueError) as error:
        raise NetworkError(f"no Dask scheduler answers at {dask} ({error}); start one, or leave --dask out") from error
    with client:
        waiting = iter(left)
        width = IN_FLIGHT * max(1, sum(client.nthreads().values()))
        tasks = {client.submit(search_tile, source, t, place, target, pure=False): t for t in islice(waiting, width)}
        finished = distributed.as_completed(list(tasks))
        for future in finished:
            tile = tasks.pop(future)
            try:
                yield future.result()
            except distributed.KilledWorker:
                why = "it ended several workers of the cluster"
                yield replace(unsearched(tile, place), state=TileState.FAILED, why=why)
            except (CancelledError, OSError) as error:
                raise NetworkError(f"the Dask scheduler at {dask} was lost; the same command goes on") from error
            for tile in islice(waiting, 1):
                following = client.submit(search_tile, source, tile, place, target, pure=False)
                tasks[following] = tile
                finished.add(following)


def _resumed(journal: Path, head: dict[str, Any]) -> dict[str, TileResult]:
    """Return the tiles of a journal by name; begin one where there is none."""
    results = [TileResult.from_row(row) for row in resumed(journal, head, journal_faults)]
    return {result.tile: result for result in results}


def journal_faults(journal: Path) -> list[str]:
    """Return a sentence for each line of a journal that is not as it was sealed, or that is no result of a tile."""
    found = []
    for line in chain.read(journal):
        fault = line.fault
        if not fault and line.row and line.number > 1:
            try:
                TileResult.from_row(line.row)
            except (ValueError, KeyError, TypeError, AttributeError):
                fault = "it is no result of a tile"
        if fault:
            found.append(f"{journal.name} line {line.number}: {fault}")
    return found


def draw_chips(source: Source, located: LocateResult, folder: Path, most: int = CHIPS) -> gpd.GeoDataFrame:
    """Draw the best candidates before and after into `folder`; returns `located.found` with the file names in `chip`.

    The clearest scene over the place on each side of the target; without two of them there is no chip.
    """
    found = located.found.copy()
    # structures of one outline share the picture of the best of them
    for outline_id, row in found.head(most).drop_duplicates("outline_id").set_index("outline_id").iterrows():
        path = folder / f"{outline_id}.png"
        # the search stands without its pictures: the network may be gone by now
        with contextlib.suppress(OsintError, OSError):
            if _chip(source, row, located.target, path):
                found.loc[found["outline_id"] == outline_id, "chip"] = f"{folder.name}/{path.name}"
    return found


def _chip(source: Source, row: pd.Series, target: Target, path: Path) -> bool:
    place = around(row["geometry"], CHIP_REACH_M)
    stack = source(place)
    chosen = [_clearest(stack, rows, place) for rows in scenes_of_sides(stack.scenes, target, place)]
    if any(scene is None for scene in chosen):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fit = "no date" if pd.isna(row["fit"]) else f"fit {row['fit']:.2f}"
    area = f"outline {geo.area_m2(row['geometry']):,.0f} m2"
    kind = "undated" if pd.isna(row["kind"]) else f"{row['kind']} (a building: {row['probability']:.2f})"
    title = f"Candidate {row['rank']} ({fit}): {kind}, {area}"
    drawn = drawing.before_after(stack, pd.concat(chosen), row["geometry"], CHIP_REACH_M, title)
    imagery.save_figure(drawn, path)
    return True


def _clearest(stack: Stack, rows: pd.DataFrame, place: BaseGeometry) -> pd.DataFrame | None:
    """Return the scene that is clearest over a place, by its classification; None without a clear one."""
    if not len(rows):
        return None
    data = stack.read(rows, place, ())
    share = np.isin(data["scl"].values, imagery.SceneClass.clear).mean(axis=(1, 2)).round(2)
    best = int(np.argmax(share))
    return rows[imagery.pass_numbers(rows) == best] if share[best] >= CHIP_CLEAR_SHARE else None
