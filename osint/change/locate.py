"""Look for a site whose place is known to some kilometres only: tile by tile, resuming, ranked by fit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from osint import change, geo, imagery
from osint.change import stack, tile_search, tiling
from osint.change.series import CLEAR
from osint.change.stack import Looks
from osint.change.tile_search import Target
from osint.change.tiling import TILE_M, Tile
from osint.errors import OsintError
from osint.register import tables

CHIPS = 10
CHIP_M = 400.0
IN_FLIGHT = 4
"""Tiles a worker of a cluster has waiting."""
ONE_THREAD = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}
FAILURES_IN_A_ROW = 5
"""Tiles that fail one after another before the search stops: then it is the network, not the tile."""
PROPERTIES = (
    "rank", *(name for name in change.PROPERTIES if name != "bytes_read"), "fit", "fit_date", "fit_size", "tile", "chip"
)  # fmt: skip
"""`bytes_read` hangs on what a cache had; it is told a tile, so that the same search gives the same file."""


@dataclass(frozen=True)
class Catalogue:
    """Where looks at a place come from; can be sent to another process."""

    url: str
    collection: str
    start: str
    end: str

    def __call__(self, geometry: BaseGeometry) -> Looks:
        """Return looks at a lon/lat geometry."""
        found = stack.of_catalogue(self.url, self.collection, geometry, self.start, self.end)
        found.bytes_read += int(found.scenes.attrs.get("bytes", 0))
        return found

    def shared(self, geometry: BaseGeometry) -> Looks:
        """Return looks at a tile; a process asks for the list of scenes once a block of tiles."""
        listed, cost = imagery.block_scenes(
            geometry, self.start, self.end, catalogue=self.url, collection=self.collection
        )
        found = stack.of_list(listed, geometry)
        found.bytes_read += cost
        return found

    @property
    def name(self) -> dict[str, str]:
        """Return host or folder and collection: what a journal is kept for."""
        return {"catalogue": urlsplit(self.url).hostname or Path(self.url).name, "collection": self.collection}


Source = Callable[[BaseGeometry], Looks]


@dataclass(frozen=True)
class Located:
    """Candidates, best fit first, and what of the place was searched."""

    found: gpd.GeoDataFrame
    """Columns PROPERTIES, lon/lat."""
    tiles: pd.DataFrame
    """One row a tile: tile, area_km2, searched_share, nodata_share, state, scenes, unread_files, bytes."""

    @property
    def area_km2(self) -> float:
        """Return the area of the place."""
        return float(self.tiles["area_km2"].sum())

    @property
    def searched_share(self) -> float:
        """Return the share of the place with two or more clear looks on both sides of the target's dates."""
        return self._share("searched_share")

    @property
    def nodata_share(self) -> float:
        """Return the share with fewer than two looks of any kind on a side; what is left is cloud, shadow, snow."""
        return self._share("nodata_share")

    def _share(self, column: str) -> float:
        return float((self.tiles[column] * self.tiles["area_km2"]).sum() / max(self.area_km2, 1e-9))

    @property
    def bytes_read(self) -> int:
        """Return the bytes that the tiles cost; none for what a cache had."""
        return int(self.tiles["bytes"].sum())


def place_of(site_id: str, register: tables.Register) -> BaseGeometry:
    """Return the circle (lon/lat) in which a site of the register lies, by its precision and datum."""
    row = register.site(site_id)
    if not np.isfinite(row["lat"]) or not geo.precision_km(row) > 0:
        what = "precision" if np.isfinite(row["lat"]) else "coordinate"
        raise OsintError(f"{site_id} has no {what} in sites.csv; search a box with --bbox, or a place with --at")
    points = geo.places(register)
    return geo.circles(points[points["site_id"] == site_id]).geometry.iloc[0]


def locate(
    source: Source,
    place: BaseGeometry,
    target: Target,
    journal: Path,
    *,
    side_m: float = TILE_M,
    dask: str = "",
    tell: Callable[[str], None] = lambda text: None,
) -> Located:
    """Search the lon/lat `place` tile by tile for the target.

    Each finished tile is one JSON line of `journal`, written before the next begins; a search that was stopped
    goes on where it was, tiles that failed are tried again. `dask` is the address of a scheduler (or "local"):
    the same tiles, the same answer. Memory is that of one tile in each worker. `tell` gets a line a tile. When
    tile after tile fails, an OsintError says why; the same call goes on from there.
    """
    todo = tiling.tiles(place, side_m)
    head = {"target": target.as_dict(), "place": place.wkt, "side_m": side_m, **getattr(source, "name", {})}
    done = _resumed(journal, head)
    again = [t for t in todo if t.name in done and _failed(done[t.name])]
    # block by block, so that a list of scenes serves all tiles of its block
    left = sorted((t for t in todo if t.name not in done), key=lambda t: imagery.block_of(t.core())) + again
    imagery.forget_blocks()
    # a first tile that fails tells of the catalogue; those that failed before come last, so that none blocks the rest
    failures, limit = 0, 1
    with journal.open("a", encoding="utf-8") as file:
        for line in _searched(source, left, place, target, dask):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
            done[line["tile"]] = line
            tell(f"{len(done)} of {len(todo)} tiles: {line['tile']} {line['searched_share']:.0%} seen, {line['state']}")
            failures, limit = (failures + 1, limit) if _failed(line) else (0, FAILURES_IN_A_ROW)
            if failures >= limit:
                left_over = sum(t.name not in done or _failed(done[t.name]) for t in todo)
                raise OsintError(f"{left_over} of {len(todo)} tiles left, {line['state']}. The same command goes on")
    lines = [done[t.name] for t in todo]
    table = pd.DataFrame([{k: v for k, v in line.items() if k != "candidates"} for line in lines])
    return Located(ranked(lines), table)


def _failed(line: dict[str, Any]) -> bool:
    return bool(line["state"].startswith("failed"))


def ranked(lines: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return the candidates of journal lines, best fit first, those without a date last; doubles dropped."""
    rows = [{**c, "tile": line["tile"], "geometry": shape(c["geometry"])} for line in lines for c in line["candidates"]]
    rows.sort(key=lambda r: (r["fit"] is None, -(r["fit"] or 0), -r["fit_size"], r["outline_id"]))
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


def search_tile(source: Source, tile: Tile, place: BaseGeometry, target: Target) -> dict[str, Any]:
    """Search one tile and return its journal line; a tile that cannot be read is a line that says why."""
    try:
        seen = getattr(source, "shared", source)(tile.window())
        return tile_search.search(seen, tile, place, target)
    except (OsintError, OSError) as error:
        return {**tile_search.blank(tile, place), "state": f"failed: {error}"}


def _searched(
    source: Source, left: list[Tile], place: BaseGeometry, target: Target, dask: str
) -> Iterator[dict[str, Any]]:
    if not dask:
        for tile in left:
            yield search_tile(source, tile, place, target)
        return
    try:
        from dask import config, distributed
    except ImportError as error:
        raise OsintError(
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
        raise OsintError(f"no Dask scheduler answers at {dask} ({error}); start one, or leave --dask out") from error
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
                yield {**tile_search.blank(tile, place), "state": "failed: it ended several workers of the cluster"}
            except (CancelledError, OSError) as error:
                raise OsintError(f"the Dask scheduler at {dask} was lost; the same command goes on") from error
            for tile in islice(waiting, 1):
                following = client.submit(search_tile, source, tile, place, target, pure=False)
                tasks[following] = tile
                finished.add(following)


def _resumed(journal: Path, head: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tiles of a journal by name; begin one, or cut the torn line of a killed search from its end."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    first = (json.dumps(head, ensure_ascii=False) + "\n").encode()
    body = journal.read_bytes() if journal.exists() else b""
    whole = body[: body.rfind(b"\n") + 1]
    if not whole:
        journal.write_bytes(first)
        return {}
    begin, _, rest = whole.partition(b"\n")
    if begin + b"\n" != first:
        raise OsintError(
            f"{journal.name} belongs to a search with other dates, sizes, place or pictures; choose another --out"
        )
    try:
        lines = [json.loads(text) for text in rest.splitlines()]
        done = {line["tile"]: line for line in lines}
    except (ValueError, KeyError, TypeError):
        raise OsintError(f"{journal.name} is damaged; move it away to search again") from None
    if whole != body:
        with journal.open("r+b") as file:
            file.truncate(len(whole))
    return done


def chips(source: Source, found: gpd.GeoDataFrame, target: Target, folder: Path, most: int = CHIPS) -> gpd.GeoDataFrame:
    """Draw the best candidates before and after into `folder`; returns `found` with the file names in `chip`.

    The clearest scene over the place on each side of the target; without two of them there is no chip.
    """
    found = found.copy()
    # structures of one outline share the picture of the best of them
    for outline_id, row in found.head(most).drop_duplicates("outline_id").set_index("outline_id").iterrows():
        path = folder / f"{outline_id}.png"
        try:
            drawn = _chip(source, row, target, path)
        except (OsintError, OSError):
            # the search stands without its pictures: the network may be gone by now
            drawn = False
        if drawn:
            found.loc[found["outline_id"] == outline_id, "chip"] = f"{folder.name}/{path.name}"
    return found


def _chip(source: Source, row: Any, target: Target, path: Path) -> bool:
    where = stack.around(row["geometry"], CHIP_M)
    seen = source(where)
    chosen = [_clear(seen, rows, where) for rows in tile_search.sides(seen.scenes, target, where)]
    if any(c is None for c in chosen):
        return False
    cube = seen.read(pd.concat(chosen), where, ("B02", "B03", "B04"))
    pair = imagery.choose_pair(cube, cube.time.values[0], cube.time.values[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    what = row["kind"] or "undated"
    fit = "no date" if pd.isna(row["fit"]) else f"fit {row['fit']:.2f}"
    title = f"Candidate {row['rank']} ({fit}): {what}, outline {geo.area_m2(row['geometry']):,.0f} m2"
    imagery.save_figure(imagery.draw_pair(pair, row["geometry"], title), path)
    return True


def _clear(seen: Looks, rows: pd.DataFrame, where: BaseGeometry) -> pd.DataFrame | None:
    """Return the scene that is clearest over a place, by its classification; None without a clear one."""
    if not len(rows):
        return None
    data = seen.read(rows, where, ())
    share = np.isin(data["scl"].values, CLEAR).mean(axis=(1, 2)).round(2)
    best = int(np.argmax(share))
    return rows[rows["id"].isin(str(data["id"].values[best]).split())] if share[best] >= 0.5 else None
