"""Write a wide SIMULATED world as tiled GeoTIFFs behind a static STAC catalogue, for little time and disk.

One square of ground of 10.24 km is rendered for each scene and repeated: every repeat names the same bytes of the
file, so 60 x 60 km take 60 MB instead of 12 GB, and cost a reader what different ones would. Only the squares
that hold a feature are their own. Weather repeats with the ground.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer
from shapely import affinity
from shapely.geometry import mapping

from osint import simulated as simulate
from osint.simulated import CREDIT, demo

SQUARE_PX = 1024
SQUARE_KM = SQUARE_PX / 100
BANDS = ("B02", "B03", "B04", "B08", "B11", "SCL")
NAMES = {band: name for name, band in demo.BAND_OF.items()} | {"SCL": "scl"}
FAR_YEARS = 100
CLEARING_PX = 26
"""Cut out about a feature: beyond its scraped yard, whatever its size here."""

Cut = tuple[tuple[int, int], slice, slice]
Where = Mapping[str, tuple[int, int]]
"""Name of a feature to the row and column of its square."""


def written(
    folders: Mapping[Path, int], features: Sequence[simulate.Feature], where: Where, *, seed: int, start: str, end: str,
    revisit_days: float, cloud: float = 0.35, origin: tuple[float, float] = (500_000.0, 4_790_000.0),
) -> dict[str, shapely.Geometry]:  # fmt: skip
    """Write a catalogue into each folder, that many squares wide; returns name of feature to its lon/lat outline."""
    common: dict[str, Any] = {
        "start": start,
        "end": end,
        "revisit_days": revisit_days,
        "cloud": cloud,
        "origin": origin,
    }
    world = simulate.make_world(seed, SQUARE_PX, features=features, **common)
    # the same random numbers, so the same weather and sensor: but nothing is built within the series
    empty = simulate.make_world(seed, SQUARE_PX, features=[_late(f) for f in features], **common)
    cuts = [_cut(f, where[f.name]) for f in features]
    for i, name in enumerate(world.ids):
        for band in BANDS:
            full, bare = (w.scl(i) if band == "SCL" else w.band(i, band) for w in (world, empty))
            square = partial(_square, full, bare, cuts)
            packs: dict[object, bytes] = {}
            for folder, squares in folders.items():
                path = folder / "data" / name / f"{band}.tif"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tiff(square, bare, squares, origin, world.epsg, packs))
    for folder, squares in folders.items():
        _catalogue(folder, world, squares)
    truth = world.truth.set_index("outline_id").geometry
    side_m = SQUARE_PX * 10.0
    moved = {n: affinity.translate(truth[n], where[n][1] * side_m, -where[n][0] * side_m) for n in truth.index}
    return {n: _degrees(world.epsg, g) for n, g in moved.items()}


def _catalogue(folder: Path, world: simulate.World, squares: int) -> None:
    """Write catalog.json and one item a scene, with relative addresses."""
    side_m = squares * SQUARE_PX * 10.0
    west, north = world.transform.c, world.transform.f
    outline = _degrees(world.epsg, shapely.box(west, north - side_m, west + side_m, north))
    links = []
    for i, name in enumerate(world.ids):
        item = demo.Demo(world).item(i)
        item |= {"geometry": mapping(outline), "bbox": list(outline.bounds)}
        item["assets"] = {NAMES[band]: item["assets"][NAMES[band]] for band in BANDS}
        for band in BANDS:
            item["assets"][NAMES[band]]["href"] = f"../data/{name}/{band}.tif"
        _json(folder / "items" / f"{name}.json", item)
        links.append({"rel": "item", "href": f"./items/{name}.json"})
    root = {"type": "Catalog", "id": "wide-simulated", "stac_version": "1.0.0", "description": CREDIT}
    _json(folder / "catalog.json", {**root, "links": links})


def tiff(
    square: Callable[[int, int], np.ndarray | None], bare: np.ndarray, squares: int, origin: tuple[float, float], epsg: int,
    packs: dict[object, bytes],
) -> bytes:  # fmt: skip
    """Return a tiled, deflated GeoTIFF of squares x squares; `square` gives one (None: `bare`, stored once).

    `packs` keeps the blocks that another width of the same scene can use again.
    """
    side = bare.shape[0]
    each = SQUARE_PX // side
    count = -(-squares // each)
    stored: dict[object, tuple[int, int]] = {}
    body, places = [], []
    at = head_size = 1024 + 8 * count * count
    for row in range(count):
        for col in range(count):
            cells = [(row * each + r, col * each + c) for r in range(each) for c in range(each)]
            inside = tuple(max(cell) < squares for cell in cells)
            own = [square(*cell) if here else None for cell, here in zip(cells, inside, strict=True)]
            key = inside if all(o is None for o in own) else (row, col, inside)
            if key not in stored:
                if key not in packs:
                    packs[key] = _packed([bare if o is None else o for o in own], inside, each)
                stored[key] = (at, len(packs[key]))
                body.append(packs[key])
                at += len(packs[key])
            places.append(stored[key])
    head = _head(squares * side, bare.dtype.itemsize, places, origin, 10.0 * each, epsg)
    return b"".join([head.ljust(head_size, b"\0"), *body])


def _packed(cells: list[np.ndarray], inside: tuple[bool, ...], each: int) -> bytes:
    """Return a block of each x each squares, deflated as differences along its rows; those not `inside` are 0."""
    side = SQUARE_PX // each
    block = np.zeros((SQUARE_PX, SQUARE_PX), cells[0].dtype)
    for n, cell in enumerate(cells):
        if inside[n]:
            r, c = n // each * side, n % each * side
            block[r : r + side, c : c + side] = cell
    steps = block.copy()
    steps[:, 1:] -= block[:, :-1]
    return zlib.compress(steps.tobytes(), 1)


def _head(
    side: int, size: int, places: list[tuple[int, int]], origin: tuple[float, float], pixel_m: float, epsg: int
) -> bytes:  # fmt: skip
    """Return header, directory and its arrays (TIFF 6.0, GeoTIFF 1.1): unsigned, deflate, predictor 2, nodata 0."""
    offsets, counts = zip(*places, strict=True)
    keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, epsg)
    entries: list[tuple[int, str, tuple[float, ...]]] = [
        (256, "I", (side,)), (257, "I", (side,)), (258, "H", (8 * size,)), (259, "H", (8,)), (262, "H", (1,)),
        (277, "H", (1,)), (284, "H", (1,)), (317, "H", (2,)), (322, "I", (SQUARE_PX,)), (323, "I", (SQUARE_PX,)),
        (324, "I", offsets), (325, "I", counts), (339, "H", (1,)), (33550, "d", (pixel_m, pixel_m, 0)),
        (33922, "d", (0, 0, 0, origin[0], origin[1], 0)), (34735, "H", keys), (42113, "s", ()),
    ]  # fmt: skip
    kinds = {"H": 3, "I": 4, "d": 12, "s": 2}
    at = 8 + 2 + 12 * len(entries) + 4
    directory, arrays = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        data = b"0\0" if kind == "s" else struct.pack(f"<{len(values)}{kind}", *values)
        if len(data) > 4:
            where = struct.pack("<I", at + len(arrays))
            arrays += data + b"\0" * (len(data) % 2)
        else:
            where = data.ljust(4, b"\0")
        directory += struct.pack("<HHI", tag, kinds[kind], max(len(values), 2 if kind == "s" else 1)) + where
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + arrays


def _late(feature: simulate.Feature) -> simulate.Feature:
    far = {k: getattr(feature, k).replace(year=getattr(feature, k).year + FAR_YEARS) for k in ("onset", "complete")}
    return replace(feature, removed=None, **far)


def _cut(feature: simulate.Feature, square: tuple[int, int]) -> Cut:
    reach = CLEARING_PX + int(np.sqrt(feature.area_m2 * feature.pad_ratio) / 10)
    row, col = int(feature.row_px or 0) // 2 * 2, int(feature.col_px or 0) // 2 * 2
    reach = reach // 2 * 2
    return square, slice(row - reach, row + reach), slice(col - reach, col + reach)


def _square(full: np.ndarray, bare: np.ndarray, cuts: Sequence[Cut], row: int, col: int) -> np.ndarray | None:
    """Return the square at (row, col) with its features, None if it has none."""
    mine = [(rows, cols) for place, rows, cols in cuts if place == (row, col)]
    if not mine:
        return None
    out, step = bare.copy(), SQUARE_PX // bare.shape[0]
    for rows, cols in mine:
        here = slice(rows.start // step, rows.stop // step), slice(cols.start // step, cols.stop // step)
        out[here] = full[here]
    return out


def _degrees(epsg: int, geometry: shapely.Geometry) -> shapely.Geometry:
    to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
    return shapely.transform(geometry.segmentize(2_000), to_degrees.transform, interleaved=False)


def _json(path: Path, body: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
