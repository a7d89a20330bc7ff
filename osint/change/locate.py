"""Look for a site whose place is known to some kilometres only: tile by tile, resuming, ranked by fit."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio import features
from rasterio.transform import Affine
from scipy.special import ndtr
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from osint import geo, imagery
from osint.change import detect, history, outlines, stack
from osint.change.detect import TILE_M, Tile
from osint.change.reasons import NOT_SEEN
from osint.change.series import CLEAR
from osint.change.stack import Stack
from osint.errors import OsintError
from osint.register import Register

CHIPS = 10
CHIP_M = 400.0
IN_FLIGHT = 4
"""Tiles a worker of a cluster has waiting."""
ONE_THREAD = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}
FAILURES_IN_A_ROW = 5
"""Tiles that fail one after another before the search stops: then it is the network, not the tile."""
PROPERTIES = (
    "rank", *(name for name in history.PROPERTIES if name != "bytes_read"), "fit", "fit_date", "fit_size", "tile", "chip"
)  # fmt: skip
"""`bytes_read` hangs on what a cache had; it is told a tile, so that the same search gives the same file."""
LOOKS_A_SIDE = 8
FEWEST_CLEAR = 2
SELDOM_CLEAR = 3.0
"""Clear looks to be expected of a spot, by the cloud cover of the scenes, below which more are read."""
REACH_DAYS = 365
LOOSE = (0.35, 4.0)
"""A patch of pixels is dated if its area is within these factors of the area asked for: blur widens small roofs."""
UNDATED_SD = 0.3
Z90 = 1.645


@dataclass(frozen=True)
class StackSource:
    """Where looks at a place come from; can be sent to another process."""

    url: str
    collection: str
    start: str
    end: str

    def __call__(self, geometry: BaseGeometry) -> Stack:
        """Return looks at a lon/lat geometry."""
        listed = imagery.list_scenes(geometry, self.start, self.end, catalogue=self.url, collection=self.collection)
        found = stack.stack_of_list(listed, geometry)
        found.cost.add("list", listed.cost.total_requests, listed.cost.total_bytes)
        return found

    def shared(self, geometry: BaseGeometry) -> Stack:
        """Return looks at a tile; a process asks for the list of scenes once a block of tiles."""
        listed, cost = imagery.block_scenes(
            geometry, self.start, self.end, catalogue=self.url, collection=self.collection
        )
        found = stack.stack_of_list(listed, geometry)
        found.cost.add("list", 0, cost)
        return found

    @property
    def name(self) -> dict[str, str]:
        """Return host or folder and collection: what a journal is kept for."""
        return {"catalogue": urlsplit(self.url).hostname or Path(self.url).name, "collection": self.collection}


Source = Callable[[BaseGeometry], Stack]


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


def search_area(site_id: str, register: Register) -> BaseGeometry:
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
    todo = detect.utm_tiles(place, side_m)
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
        return search_stack(seen, tile, place, target)
    except (OsintError, OSError) as error:
        return {**blank_line(tile, place), "state": f"failed: {error}"}


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
                yield {**blank_line(tile, place), "state": "failed: it ended several workers of the cluster"}
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


def draw_chips(
    source: Source, found: gpd.GeoDataFrame, target: Target, folder: Path, most: int = CHIPS
) -> gpd.GeoDataFrame:
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
    chosen = [_clear(seen, rows, where) for rows in scenes_of_sides(seen.scenes, target, where)]
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


def _clear(seen: Stack, rows: pd.DataFrame, where: BaseGeometry) -> pd.DataFrame | None:
    """Return the scene that is clearest over a place, by its classification; None without a clear one."""
    if not len(rows):
        return None
    data = seen.read(rows, where, ())
    share = np.isin(data["scl"].values, CLEAR).mean(axis=(1, 2)).round(2)
    best = int(np.argmax(share))
    return rows[imagery.pass_numbers(rows) == best] if share[best] >= 0.5 else None


@dataclass(frozen=True)
class Target:
    """What is looked for: new roof of a size, not there on one date, there on another."""

    start: str
    end: str
    absent: str
    present: str
    area_low_m2: float
    area_high_m2: float

    def __post_init__(self) -> None:
        try:
            days = [dt.date.fromisoformat(v) for v in (self.start, self.absent, self.present, self.end)]
        except ValueError as error:
            raise OsintError(f"dates are written as 2024-05-31: {error}") from None
        if not days[0] <= days[1] < days[2] <= days[3]:
            raise OsintError("dates must come in the order start, absent, present, end, with absent before present")
        if not 0 < self.area_low_m2 <= self.area_high_m2:
            raise OsintError("the roof area asked for needs 0 < low <= high, in m2")

    def as_dict(self) -> dict[str, Any]:
        """Return the target as plain values."""
        return asdict(self)


def search_stack(looks: Stack, tile: Tile, place: BaseGeometry, target: Target) -> dict[str, Any]:
    """Search one tile; returns its journal line.

    Keys: tile, area_km2 (of the place in it), searched_share (of that: two or more clear looks on both sides),
    nodata_share (of that: fewer than two looks of any kind on a side; the rest is cloud, shadow, snow), scenes,
    unread_files, bytes, state ("searched" or why not), candidates (properties and geometry, unranked).
    """
    line = blank_line(tile, place)
    before, after = scenes_of_sides(looks.scenes, target, tile.window())
    line["scenes"] = len(before) + len(after)
    for name, rows, day in (("before", before, target.absent), ("after", after, target.present)):
        if _pass_numbers(rows).nunique() < FEWEST_CLEAR:
            return {**line, "state": f"{len(rows)} scenes {name} {day} within {REACH_DAYS} days; 2 are needed"}
    pictures, clear, there, failures = [], [], [], []
    for rows in (before, after):
        data = looks.read(rows, tile.window(), ("B02", "B11"))
        failures += list(data.attrs.get("failures") or ())
        finite = np.isfinite(data["B02"].values) & np.isfinite(data["B11"].values)
        there.append(finite.sum(axis=0) >= FEWEST_CLEAR)
        clear.append((finite & np.isin(data["scl"].values, CLEAR)).sum(axis=0) >= FEWEST_CLEAR)
        inside = _inside(data, tile.core().intersection(place))
        if finite.any():
            pictures.append(detect.whiteness_picture(data))
        del data, finite
    pixels = max(int(inside.sum()), 1)
    line["searched_share"] = round(float((clear[0] & clear[1] & inside).sum() / pixels), 4)
    line["nodata_share"] = round(float((inside & ~(there[0] & there[1])).sum() / pixels), 4)
    line |= {"unread_files": len(failures), "bytes": looks.bytes_read}
    if not line["searched_share"]:
        return {**line, "state": f"failed: {failures[0].error}" if failures else "searched"}
    wanted = [p for p in detect.patches(*pictures) if _worth(p, target) and tile.holds(p) and p.intersects(place)]
    for n, patch in enumerate(wanted):
        line["candidates"] += _dated(looks, patch, target, f"{tile.name}-{n + 1}")
    return {**line, "state": "searched", "bytes": looks.bytes_read}


def blank_line(tile: Tile, place: BaseGeometry) -> dict[str, Any]:
    """Return the journal line of a tile of which nothing was seen yet."""
    area_km2 = geo.area_m2(tile.core().intersection(place)) / 1e6
    line: dict[str, Any] = {"tile": tile.name, "area_km2": round(area_km2, 4), "searched_share": 0.0}
    return line | {"nodata_share": 1.0, "scenes": 0, "unread_files": 0, "bytes": 0, "candidates": []}


def scenes_of_sides(scenes: pd.DataFrame, target: Target, where: BaseGeometry) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scenes to read of the year up to `absent` and of the year from `present`, by time.

    Passes (all scenes of five minutes) that are clear, that reach parts of the lon/lat `where` that others leave
    out, and of the same seasons on both sides: else every harvest is a change.
    """
    when = scenes["datetime"]
    absent, present = (pd.Timestamp(d, tz="UTC") for d in (target.absent, target.present))
    year, day = pd.Timedelta(days=REACH_DAYS), pd.Timedelta(days=1)
    both = [
        _mild(scenes[(when < absent + day) & (when >= absent - year)]),
        _mild(scenes[(when >= present) & (when < present + year + day)]),
    ]
    common = set(_seasons(both[0])) & set(_seasons(both[1]))
    return _chosen(both[0], common, where), _chosen(both[1], common, where)


def _mild(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows (by time) without winter, with it where too few passes are left."""
    rows = rows.sort_values("datetime")
    mild = rows[_seasons(rows) > 0]
    return mild if _pass_numbers(mild).nunique() >= LOOKS_A_SIDE // 2 else rows


def _seasons(rows: pd.DataFrame) -> pd.Series:
    """Return 0 for winter, 1 to 4 for the stretches from late March to early November."""
    edges = (80, 138, 196, 254, 312)
    return pd.Series(np.searchsorted(edges, rows["datetime"].dt.day_of_year) % len(edges), index=rows.index)


def _pass_numbers(rows: pd.DataFrame) -> pd.Series:
    """Return the number of each row's pass; rows come by time, scenes of one pass are seconds apart."""
    return (rows["datetime"].diff() > pd.Timedelta(minutes=5)).cumsum()


def _chosen(rows: pd.DataFrame, common: set[int], where: BaseGeometry) -> pd.DataFrame:
    """Return the rows of LOOKS_A_SIDE passes, of up to twice as many where parts of `where` are seldom clear."""
    if not len(rows):
        return rows
    west, south, east, north = where.bounds
    x, y = np.meshgrid(np.linspace(west, east, 7)[1:-1], np.linspace(south, north, 7)[1:-1])
    spots = shapely.points(x.ravel(), y.ravel())
    outlines = rows["geometry"] if "geometry" in rows else [where] * len(rows)
    clear = np.stack([shapely.covers(outline, spots) for outline in outlines]) * (
        1 - rows["cloud_pct"].fillna(50).to_numpy()[:, None] / 100
    )
    number, season = _pass_numbers(rows).to_numpy(), _seasons(rows).to_numpy()
    firsts = np.unique(number, return_index=True)[1]
    chance = np.maximum.reduceat(clear, firsts, axis=0)
    season = season[firsts]
    can = chance.max(axis=0) > 0
    looks, used, taken = np.zeros(len(spots)), np.zeros(5), np.zeros(len(firsts), bool)
    while not taken.all() and (taken.sum() < LOOKS_A_SIDE or looks[can].min(initial=99) < SELDOM_CLEAR):
        if taken.sum() >= 2 * LOOKS_A_SIDE:
            break
        alike = np.array([1.0 if s in common else 0.3 for s in season]) / (1 + used[season])
        gain = (chance / (1 + looks)).sum(axis=1) * alike
        best = int(np.argmax(np.where(taken, -1, gain)))
        taken[best] = True
        looks += chance[best]
        used[season[best]] += 1
    return rows[taken[number]]


def _worth(patch: BaseGeometry, target: Target) -> bool:
    area = geo.area_m2(patch)
    return LOOSE[0] * target.area_low_m2 <= area <= LOOSE[1] * target.area_high_m2


def _dated(looks: Stack, patch: BaseGeometry, target: Target, name: str) -> list[dict[str, Any]]:
    """Return the structures of a patch with how well each fits; what shows no lasting step is dropped."""
    structures = outlines.date_change(looks, patch, target.start, target.end, outline_id=name).structures
    made = []
    for structure in structures:
        if structure.kind is None and not any(d.reason in NOT_SEEN for d in structure.doubts):
            continue
        # what it cost depends on what a cache had: that is told by tile, and is not a property of a candidate
        row = structure.to_row()
        kept = {k: v for k, v in row.items() if k != "bytes_read"}
        made.append({**kept, **fit_of(row, target, geo.area_m2(patch)), "geometry": mapping(patch)})
    return made


def fit_of(row: dict[str, Any], target: Target, patch_m2: float) -> dict[str, float | None]:
    """Return fit_date, fit_size (chance that date and roof area lie inside the target) and fit.

    Intervals are taken as normal. `fit` is their product with the probability that it is a building; without a
    date it is None. A structure that was not measured is judged by its patch of pixels, good to 30%.
    """
    fit_date = None
    if row["roofed_best"]:
        best, low, high, absent, present = (
            pd.Timestamp(v).toordinal()
            for v in (row["roofed_best"], row["roofed_low"], row["roofed_high"], target.absent, target.present)
        )
        fit_date = _share(best, max((high - low) / (2 * Z90), 1.0), absent, present)
    area = row["roof_area_m2_best"] or patch_m2
    known = row["roof_area_m2_low"] is not None
    sd = (row["roof_area_m2_high"] - row["roof_area_m2_low"]) / (2 * Z90) if known else UNDATED_SD * area
    fit_size = _share(area, max(sd, 1.0), target.area_low_m2, target.area_high_m2)
    fit = None if fit_date is None else round(fit_date * fit_size * row["probability"], 4)
    return {"fit": fit, "fit_date": fit_date, "fit_size": fit_size}


def _share(best: float, sd: float, low: float, high: float) -> float:
    return round(float(ndtr((high - best) / sd) - ndtr((low - best) / sd)), 4)


def _inside(data: xr.Dataset, geometry: BaseGeometry) -> np.ndarray:
    """Return (y, x) bool: pixels of the window whose middle lies in a lon/lat geometry."""
    to_grid = Transformer.from_crs(4326, data.attrs["crs"], always_xy=True)
    flat = shapely.transform(geometry, to_grid.transform, interleaved=False)
    shape = (data.sizes["y"], data.sizes["x"])
    if flat.is_empty:
        return np.zeros(shape, bool)
    return features.geometry_mask([flat], shape, Affine(*tuple(data.attrs["transform"])[:6]), invert=True)
