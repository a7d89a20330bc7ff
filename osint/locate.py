"""Look for a site whose place is known to some kilometres only: tile by tile, resuming, ranked by fit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from osint import change, looks, tables, tile_search
from osint.errors import OsintError
from osint.looks import Looks
from osint.series import CLEAR
from osint.tile_search import Target, Tile

TILE_M = 5_120.0
CHIPS = 10
CHIP_M = 400.0
CHIP_LOOKS = 8
IN_FLIGHT = 4
"""Tiles a worker of a cluster has waiting."""
PROPERTIES = ("rank", *change.PROPERTIES, "fit", "fit_date", "fit_size", "tile", "chip")


@dataclass(frozen=True)
class Catalogue:
    """Where looks at a place come from; can be sent to another process."""

    url: str
    collection: str
    start: str
    end: str

    def __call__(self, geometry: BaseGeometry) -> Looks:
        """Return looks at a lon/lat geometry."""
        return looks.of_catalogue(self.url, self.collection, geometry, self.start, self.end)


Source = Callable[[BaseGeometry], Looks]


@dataclass(frozen=True)
class Located:
    """Candidates, best fit first, and what of the place was searched."""

    found: gpd.GeoDataFrame
    """Columns PROPERTIES, lon/lat."""
    tiles: pd.DataFrame
    """One row a tile: tile, area_km2, searched_share, state, scenes, bytes."""

    @property
    def searched_share(self) -> float:
        """Return the share of the place with two or more clear looks on both sides of the target's dates."""
        area = self.tiles["area_km2"].to_numpy()
        return float((self.tiles["searched_share"].to_numpy() * area).sum() / max(area.sum(), 1e-9))

    @property
    def bytes_read(self) -> int:
        """Return the bytes that the tiles cost; none for what a cache had."""
        return int(self.tiles["bytes"].sum())


def place_of(site_id: str, register: tables.Register) -> BaseGeometry:
    """Return the circle (lon/lat) in which a site of the register lies, by its precision and datum."""
    from osint import geo

    row = register.site(site_id)
    if not np.isfinite(row["lat"]):
        raise OsintError(f"{site_id} has no coordinate in sites.csv; search a box with --bbox instead")
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
    the same tiles, the same answer. Memory is that of one tile in each worker. `tell` gets a line a tile.
    """
    todo = tile_search.tiles(place, side_m)
    head = {"target": target.as_dict(), "place": place.wkt, "side_m": side_m}
    done = _resumed(journal, head)
    left = [t for t in todo if done.get(t.name, {}).get("state", "failed").startswith("failed")]
    with journal.open("a", encoding="utf-8") as file:
        for line in _searched(source, left, place, target, dask):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
            done[line["tile"]] = line
            tell(f"{len(done)} of {len(todo)} tiles: {line['tile']} {line['searched_share']:.0%} seen, {line['state']}")
    lines = [done[t.name] for t in todo]
    table = pd.DataFrame([{k: v for k, v in line.items() if k != "candidates"} for line in lines])
    return Located(ranked(lines), table)


def ranked(lines: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return the candidates of journal lines, best fit first, those without a date last; doubles dropped."""
    rows = [{**c, "tile": line["tile"], "geometry": shape(c["geometry"])} for line in lines for c in line["candidates"]]
    rows.sort(key=lambda r: (r["fit"] is None, -(r["fit"] or 0), -r["fit_size"], r["outline_id"]))
    kept: list[dict[str, Any]] = []
    for row in rows:
        # two structures of one outline are two answers, the same patch seen from two tiles is one
        if not any(row["tile"] != k["tile"] and row["geometry"].intersects(k["geometry"]) for k in kept):
            kept.append({**row, "rank": len(kept) + 1, "chip": None})
    frame = pd.DataFrame(kept, columns=[*PROPERTIES, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def search_tile(source: Source, tile: Tile, place: BaseGeometry, target: Target) -> dict[str, Any]:
    """Search one tile and return its journal line; a tile that cannot be read is a line that says why."""
    try:
        return tile_search.search(source(tile.window()), tile, place, target)
    except (OsintError, OSError) as error:
        blank = {"tile": tile.name, "area_km2": 0.0, "searched_share": 0.0, "scenes": 0, "bytes": 0, "candidates": []}
        area = tile_search.grids.area_m2(tile.core().intersection(place)) / 1e6
        return {**blank, "area_km2": round(area, 4), "state": f"failed: {error}"}


def _searched(
    source: Source, left: list[Tile], place: BaseGeometry, target: Target, dask: str
) -> Iterator[dict[str, Any]]:
    if not dask:
        for tile in left:
            yield search_tile(source, tile, place, target)
        return
    try:
        from dask import distributed
    except ImportError as error:
        raise OsintError(
            "--dask needs the package `distributed`: pip install distributed, or leave --dask out"
        ) from error
    known: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1} if dask == "local" else {"address": dask}
    try:
        client = distributed.Client(**known, timeout="20s")
    except (OSError, ValueError) as error:
        raise OsintError(f"no Dask scheduler answers at {dask} ({error}); start one, or leave --dask out") from error
    with client:
        waiting = iter(left)
        width = IN_FLIGHT * max(1, sum(client.nthreads().values()))
        ahead = [client.submit(search_tile, source, t, place, target, pure=False) for t in islice(waiting, width)]
        finished = distributed.as_completed(ahead)
        for future in finished:
            yield future.result()
            for tile in islice(waiting, 1):
                finished.add(client.submit(search_tile, source, tile, place, target, pure=False))


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
        raise OsintError(f"{journal.name} belongs to a search with other dates, sizes or place; choose another --out")
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

    The clearest scene over the place on each side of the target; a chip that is there already is not drawn again.
    """
    from osint import pairs

    found = found.copy()
    for index, row in list(found.iterrows())[:most]:
        path = folder / f"{row['outline_id']}.png"
        if not path.exists():
            seen = source(looks.around(row["geometry"], CHIP_M))
            chosen = [_clear(seen, rows, row["geometry"]) for rows in tile_search.sides(seen.scenes, target)]
            if any(c is None for c in chosen):
                continue
            cube = seen.read(pd.concat(chosen), looks.around(row["geometry"], CHIP_M), ("B02", "B03", "B04"))
            pair = pairs.pair(cube, cube.time.values[0], cube.time.values[-1])
            folder.mkdir(parents=True, exist_ok=True)
            title = f"Candidate {row['rank']}: {row['kind'] or 'undated'}, about {tile_search.grids.area_m2(row['geometry']):,.0f} m2"
            pairs.save(pairs.figure(pair, row["geometry"], title), path)
        found.loc[index, "chip"] = f"{folder.name}/{path.name}"
    return found


def _clear(seen: Looks, rows: pd.DataFrame, geometry: BaseGeometry) -> pd.DataFrame | None:
    """Return the scene that is clearest around an outline, by its classification; None without a clear one."""
    if not len(rows):
        return None
    data = seen.read(rows, looks.around(geometry, CHIP_M), ())
    share = np.isin(data["scl"].values, CLEAR).mean(axis=(1, 2)).round(2)
    best = int(np.argmax(share))
    return rows[rows["id"].isin(str(data["id"].values[best]).split())] if share[best] >= 0.5 else None
