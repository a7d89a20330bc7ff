"""`osint locate` on wide SIMULATED worlds in local files: ranks, recall, time and memory, a Dask cluster.

Run as `python -m benchmarks.change.locate [FOLDER]`; the worlds are kept in FOLDER for the next run. Every search is the
command as a user types it, in a process of its own. Writes its section of docs/benchmarks.md.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from benchmarks.change import wide_ground
from benchmarks.sections import write_section
from osint.change.locate import GOOD_FIT
from osint.simulated import Feature

SEED = 5
EPSG, WEST, NORTH = 32646, 500_000.0, 4_790_000.0
START, END, ABSENT, PRESENT = "2023-01-01", "2024-12-31", "2023-09-30", "2024-06-01"
WIDTHS = (1, 2, 6)
"""Sides in squares of 10.24 km; 3 is the one with decoys."""
TENFOLD = 19
"""A side that gives ten times the area of the widest."""
TURNS = 2
CALLED = [sys.executable, "-m", "osint.cli", "locate", "--collection", "sentinel-2-l2a", "--start", START, "--end", END,
          "--absent", ABSENT, "--present", PRESENT]  # fmt: skip


def feature(kind: str, hectares: float, cell: int, name: str, days: tuple[str, str] = ("2023-10-10", "2024-03-20"),
            across: int = 8, **more: Any) -> Feature:  # fmt: skip
    pitch = wide_ground.SQUARE_PX / across
    row, col = divmod(cell, across)
    onset, complete = map(dt.date.fromisoformat, days)
    return Feature(kind, hectares * 1e4, onset=onset, complete=complete, row_px=pitch * (row + 0.5),
                   col_px=pitch * (col + 0.5), name=name, **more)  # fmt: skip


SCENE = {
    (0, 2): [feature("bright roof", 1.2, 9, "target")],
    (1, 0): [
        feature("bright roof", 1.2, 12, "late roof", ("2024-06-20", "2024-09-10")),
        feature("bright roof", 5.0, 14, "large roof"),
        feature("bright roof", 0.3, 17, "small roof"),
    ],
    (2, 1): [
        feature(kind, 1.5, cell, kind)
        for cell, kind in (
            (20, "salt pan"),
            (22, "quarry"),
            (25, "greenhouse"),
            (28, "solar field"),
            (30, "earthworks"),
        )
    ],
}
SIZES_HA = (0.25, 0.5, 1.0, 2.0)
EACH = 5


def roofs() -> list[Feature]:
    """Return roofs of three kinds and four sizes, EACH times, with brightness and shape drawn at random."""
    rng = np.random.default_rng([SEED, 9])
    asked = [
        (kind, size) for kind in ("bright roof", "dark roof", "blue roof") for size in SIZES_HA for _ in range(EACH)
    ]
    return [
        feature(kind, size, n, f"{kind} {size:g} ha #{n}", across=8, brightness=float(rng.normal(1, 0.12)),
                aspect=float(rng.uniform(1, 2.2)), angle_deg=float(rng.uniform(0, 180)),
                misread_as_cloud=float(rng.choice([0.0, 0.25, 0.6])))
        for n, (kind, size) in enumerate(asked)
    ]  # fmt: skip


def worlds(folder: Path) -> dict[str, Any]:
    """Make the worlds that FOLDER does not hold yet; returns name of feature to outline, for each world."""
    truth = folder / "truth.json"
    if not truth.exists():
        series: dict[str, Any] = {"seed": SEED, "start": START, "end": END, "revisit_days": 12}
        decoys = [f for there in SCENE.values() for f in there]
        where = {f.name: place for place, there in SCENE.items() for f in there}
        wide = wide_ground.written({folder / f"wide{n}": n for n in (*WIDTHS, 3, TENFOLD)}, decoys, where, **series)
        many = roofs()
        dense = wide_ground.written(
            {folder / "roofs": 1}, many, dict.fromkeys((f.name for f in many), (0, 0)), **series
        )
        body = {world: {n: g.wkt for n, g in made.items()} for world, made in (("wide", wide), ("roofs", dense))}
        truth.write_text(json.dumps(body))
    return {
        world: {n: shapely.from_wkt(g) for n, g in made.items()}
        for world, made in json.loads(truth.read_text()).items()
    }


def box(squares: float) -> str:
    """Return --bbox of the north-west `squares` of a world, less 20 m."""
    side = 1000 * wide_ground.SQUARE_KM * squares
    return _bbox(WEST + 20, NORTH - side + 20, WEST + side - 20, NORTH - 20)


def split(squares: float) -> tuple[str, str]:
    """Return --bbox of the western and of the eastern half of `box`."""
    side = 1000 * wide_ground.SQUARE_KM * squares
    south, north, middle = NORTH - side + 20, NORTH - 20, WEST + side / 2
    return _bbox(WEST + 20, south, middle, north), _bbox(middle, south, WEST + side - 20, north)


def _bbox(*corners: float) -> str:
    to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
    (west, south), (east, north) = to_degrees.itransform([corners[:2], corners[2:]])
    return f"--bbox={west:.6f},{south:.6f},{east:.6f},{north:.6f}"


def run(folder: Path, world: str, *more: str) -> dict[str, Any]:
    """Run one search into `folder`; returns seconds, cpu_s (all its processes), peak_mb (its largest), tiles, said."""
    return runs([(folder, world, more)])


def runs(asked: Sequence[tuple[Path, str, Sequence[str]]]) -> dict[str, Any]:
    """Run searches at the same time and add up what they cost."""
    begun, started = time.perf_counter(), []
    for folder, world, more in asked:
        folder.mkdir(parents=True, exist_ok=True)
        line = [*CALLED, "--catalogue", world, "--out", str(folder / "found.geojson"), *more]
        with (folder / "said.txt").open("w") as said, (folder / "told.txt").open("w") as told:
            started.append(subprocess.Popen(line, stdout=said, stderr=told))
    cpu, peak = 0.0, 0.0
    for process in started:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"a search failed: {(asked[0][0] / 'told.txt').read_text()[-500:]}")
        cpu += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss / 1024)
    lines = [ln for folder, _, _ in asked for ln in (folder / "found.tiles.jsonl").read_text().splitlines()[1:]]
    km2 = sum(json.loads(ln)["area_km2"] for ln in lines)
    took = time.perf_counter() - begun
    said_text = (asked[0][0] / "said.txt").read_text()
    return {"km2": km2, "tiles": len(lines), "seconds": took, "cpu_s": cpu, "peak_mb": peak, "said": said_text}


TARGET = ("--area-low", "8000", "--area-high", "20000")


def ranked(folder: Path, kept: Path, truth: dict[str, Any]) -> list[str]:
    """Search 30 x 30 km and return a table of the candidates with what they are."""
    cost = run(folder, str(kept / "wide3"), box(3), *TARGET)
    found = gpd.read_file(folder / "found.geojson")
    out = [f"{cost['km2']:.0f} km2, {cost['tiles']} tiles, {cost['cpu_s']:.0f} s of one core:", "",
           "| rank | is | said to be | roof, m2 | roofed | fit |", "|---|---|---|---|---|---|"]  # fmt: skip
    for row in found.itertuples():
        names = [n for n, g in truth["wide"].items() if row.geometry.buffer(2e-4).intersects(g)]
        area = "" if pd.isna(row.roof_area_m2_best) else f"{row.roof_area_m2_best:,.0f}"
        when = "" if pd.isna(row.roofed_best) else f"{str(row.roofed_low)[:10]} to {str(row.roofed_high)[:10]}"
        fit = "" if pd.isna(row.fit) else f"{row.fit:.2f}"
        out.append(f"| {row.rank} | {names[0] if names else 'nothing'} | {row.kind} | {area} | {when} | {fit} |")
    missing = [n for n, g in truth["wide"].items() if not found.intersects(g.buffer(2e-4)).any()]
    return [*out, "", f"No candidate: {', '.join(missing)}."]


def recall(folder: Path, kept: Path, truth: dict[str, Any]) -> list[str]:
    """Search one square with many roofs and return the share found, by kind and size."""
    run(folder, str(kept / "roofs"), box(1), "--area-low", "1500", "--area-high", "30000", "--chips", "0")
    found = gpd.read_file(folder / "found.geojson")
    fits = found[found["fit"] > GOOD_FIT]
    out = ["| new roof, ha | " + " | ".join(f"{s:g}" for s in SIZES_HA) + " |", "|---" * (1 + len(SIZES_HA)) + "|"]
    for kind in ("bright roof", "dark roof", "blue roof"):
        cells = []
        for size in SIZES_HA:
            outlines = [g for n, g in truth["roofs"].items() if n.startswith(f"{kind} {size:g} ha")]
            listed, fit = (sum(frame.intersects(g).any() for g in outlines) for frame in (found, fits))
            cells.append(f"{fit} ({listed}) of {len(outlines)}")
        out.append(f"| {kind} | " + " | ".join(cells) + " |")
    return out


def wide(folder: Path, kept: Path, truth: dict[str, Any]) -> list[str]:
    """Return time and memory of one process against the area."""
    out = ["| area, km2 | tiles | s of one core | wall, s | peak memory, MB |", "|---|---|---|---|---|"]
    for n in WIDTHS:
        c = run(folder / str(n), str(kept / f"wide{n}"), box(n), *TARGET, "--chips", "0")
        out.append(f"| {c['km2']:,.0f} | {c['tiles']} | {c['cpu_s']:.0f} | {c['seconds']:.0f} | {c['peak_mb']:.0f} |")
        print(out[-1], flush=True)
    return out


def tenfold(folder: Path, kept: Path, truth: dict[str, Any]) -> list[str]:
    """Return the same at ten times the largest area of `wide`: some 40 minutes of one core."""
    c = run(folder, str(kept / f"wide{TENFOLD}"), box(TENFOLD), *TARGET, "--chips", "0")
    row = f"| {c['km2']:,.0f} | {c['tiles']} | {c['cpu_s']:.0f} | {c['seconds']:.0f} | {c['peak_mb']:.0f} |"
    return ["| area, km2 | tiles | s of one core | wall, s | peak memory, MB |", "|---|---|---|---|---|", row]


def cluster(folder: Path, kept: Path, truth: dict[str, Any]) -> list[str]:
    """Return what two Dask workers cost beside two plain processes with half the place each, in turns."""
    out = ["| turn | plain: tiles, s of cores, wall s | Dask: tiles, s of cores, wall s | cores a tile | wall a tile |",
           "|---|---|---|---|---|"]  # fmt: skip
    world, more, ratios = str(kept / f"wide{WIDTHS[-1]}"), (*TARGET, "--chips", "0"), []
    for turn in range(TURNS):
        halves = [
            (folder / f"{turn}{side}", world, (half, *more)) for side, half in zip("we", split(WIDTHS[-1]), strict=True)
        ]
        costs = [runs(halves), run(folder / f"{turn}d", world, box(WIDTHS[-1]), *more, "--dask", "local")]
        shown = " | ".join(f"{c['tiles']}, {c['cpu_s']:.0f}, {c['seconds']:.0f}" for c in costs)
        plain, dask = ([c[k] / c["tiles"] for k in ("cpu_s", "seconds")] for c in costs)
        ratios.append([d / p - 1 for p, d in zip(plain, dask, strict=True)])
        out.append(f"| {turn + 1} | {shown} | {ratios[-1][0]:+.0%} | {ratios[-1][1]:+.0%} |")
        print(out[-1], flush=True)
    cores, wall = (statistics.median(r[k] for r in ratios) for k in (0, 1))
    return [
        *out,
        "",
        f"Median: {cores:+.0%} of cores, {wall:+.0%} of wall, start of the cluster and its workers included.",
    ]


PARTS = {"ranked": ranked, "recall": recall, "wide": wide, "cluster": cluster, "tenfold": tenfold}
USUAL = [part for part in PARTS if part != "tenfold"]
TITLES = {
    "ranked": "30 x 30 km with decoys",
    "recall": f"Roofs of 60 found with fit above {GOOD_FIT} (in brackets: listed at all), one square of 10 km, 35% cloud",
    "wide": "One process, local files, one pair of dates",
    "tenfold": "The same place ten times as large (run by its name only)",
    "cluster": "Two Dask workers beside two plain processes, 60 x 60 km, in turns",
}


def main(kept: Path, parts: Sequence[str]) -> None:
    """Run the parts, print their tables and write the section, with what earlier runs in `kept` measured."""
    # a process of its own: the peak of a search that is started counts what its parent held
    maker = multiprocessing.get_context("spawn").Process(target=worlds, args=(kept,))
    maker.start()
    maker.join()
    truth = worlds(kept)
    for part in parts:
        folder = kept / "out" / part
        shutil.rmtree(folder, ignore_errors=True)
        (kept / f"{part}.md").write_text("\n".join(PARTS[part](folder, kept, truth)) + "\n")
        print((kept / f"{part}.md").read_text(), flush=True)
    body = ["## Wide searches", "", "Written by `python -m benchmarks.change.locate`: `osint locate` in processes of its own, on "
            f"SIMULATED files (seed {SEED}, 61 scenes in two years, 35% cloud; one square of 10 km repeated). The spectra are "
            "those that the thresholds were made on: a ceiling, not a forecast.", ""]  # fmt: skip
    for part, title in TITLES.items():
        if (kept / f"{part}.md").exists():
            body += [f"### {title}", "", (kept / f"{part}.md").read_text()]
    write_section("\n".join(body).rstrip() + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), sys.argv[2:] or USUAL)
    else:
        with tempfile.TemporaryDirectory() as new:
            main(Path(new), USUAL)
