"""Set the search in time against reading every scene, on SIMULATED scenes with known truth, and count its bytes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.change.roofs import END, START, covers, one_roof
from benchmarks.sections import seeds, share
from osint import change, imagery
from osint import simulated as simulate
from osint.change import series, stack
from osint.simulated import demo
from tests.simulated_data import dataset

PEER_BANDS = ("B02", "B03", "B04", "B08", "B11")
OWN_BYTES = {"B11": 0.5, "scl": 0.25}
"""Bytes of a 10 m pixel; the other bands take two."""


def counted(world: simulate.World) -> tuple[stack.Stack, set[tuple[str, str]]]:
    """Return looks at a world in memory, and the set in which every (scene, band) that is read appears."""
    data = dataset(world, bands=("B02", "B04", "B08", "B11"))
    source = stack.stack_of_dataset(data)
    source.scenes["cloud_pct"] = world.cloud_cover
    asked: set[tuple[str, str]] = set()
    whole = source.reader

    def reader(rows, where, bands):  # type: ignore[no-untyped-def]
        asked.update((i, b) for i in rows["id"] for b in (*bands, "scl"))
        return whole(rows, where, bands)

    source.reader = reader
    return source, asked


def compared(worlds: Iterator[simulate.World]) -> pd.DataFrame:
    """Return a row a world: what the search and the referee say, and what the search read."""
    out = []
    for world in worlds:
        outline = world.truth.to_crs(4326).geometry.iloc[0]
        source, asked = counted(world)
        few = change.date_change(source, outline, START, END).rows
        read = set(asked)
        every = change.date_change(source, outline, START, END, exhaustive=True).rows
        out.append(
            {
                "truth": world.truth.iloc[0],
                "few": _main(few),
                "every": _main(every),
                "pixels": sum(OWN_BYTES.get(b, 2.0) for _, b in read) / (8.5 * len(world.dates)),
                "files": sum(b != "scl" for _, b in read) / (5 * len(world.dates)),
                "looks": sum(b == "B02" for _, b in read),
                "scl": sum(b == "scl" for _, b in read),
            }
        )
    return pd.DataFrame(out)


def _main(rows: list[dict]) -> dict:
    told = [r for r in rows if r["roofed_best"]]
    return max(told, key=lambda r: r["probability"]) if told else rows[0]


def line(name: str, frame: pd.DataFrame) -> str:
    """Return one row of the table."""
    cells = [name, str(len(frame))]
    for how in ("few", "every"):
        told = [(r, t) for r, t in zip(frame[how], frame["truth"], strict=True) if r["roofed_best"]]
        held = share(covers(r["roofed_low"], r["roofed_high"], t.roofed_half) for r, t in told)
        error = np.median([abs((pd.Timestamp(r["roofed_best"]) - t.roofed_half).days) for r, t in told] or [np.nan])
        cells += [f"{len(told)}", held, "" if not told else f"{error:.0f} d"]
    apart = [abs((pd.Timestamp(a["roofed_best"]) - pd.Timestamp(b["roofed_best"])).days)
             for a, b in zip(frame["few"], frame["every"], strict=True) if a["roofed_best"] and b["roofed_best"]]  # fmt: skip
    cells += ["" if not apart else f"{np.median(apart):.0f} d", f"{frame['looks'].mean():.0f}; {frame['scl'].mean():.0f}",
              f"{frame['pixels'].mean():.1%} (to {frame['pixels'].max():.1%})",
              f"{frame['files'].mean():.1%} (to {frame['files'].max():.1%})"]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def over_http(seed: int) -> list[str]:
    """Return rows of what the search asks the demo server for, against five bands of every scene."""
    world = one_roof(seed)
    outline = world.truth.to_crs(4326).geometry.iloc[0]
    with tempfile.TemporaryDirectory() as folder, demo.served(demo.Demo(world)) as made:
        os.environ["OSINT_CACHE"] = folder
        where = stack.around(outline, 400)
        source = stack.open_stack(where, START, END, catalogue=made.catalogue, collection=demo.COLLECTION)
        spent: dict[str, list[int]] = {}
        whole = source.reader

        def reader(rows, geometry, bands):  # type: ignore[no-untyped-def]
            reading = whole(rows, geometry, bands)
            total = spent.setdefault("+".join(bands) or "SCL", [0, 0, 0])
            counts = (reading.data.sizes["time"], reading.cost.total_requests, reading.cost.total_bytes)
            for k, value in enumerate(counts):
                total[k] += value
            return reading

        source.reader = reader
        change.date_change(source, outline, START, END)
        some = source.scenes.iloc[::10]
        reading = imagery.read_bands(some, series.surroundings_box(outline), list(PEER_BANDS), cache=False)
        full = reading.cost.total_bytes * len(source.scenes) / len(some)
    rows = [f"| {name} | {n} | {requests} | {size / 1e3:.0f} | {size / full:.2%} |" for name, (n, requests, size) in spent.items()]  # fmt: skip
    total = sum(size for _, _, size in spent.values())
    return [*rows, f"| all | | | {total / 1e3:.0f} | {total / full:.2%} |"]


RUNS: dict[str, tuple[int, int, float, str]] = {
    "bright, 30% cloud": (200, 20, 0.3, "bright roof"),
    "bright, 60% cloud": (400, 10, 0.6, "bright roof"),
    "dark, 30% cloud": (440, 6, 0.3, "dark roof"),
    "no change, 60% cloud": (300, 8, 0.6, "no change"),
}
HEAD = (
    "| run | n | search: dated | truth held | error | every scene: dated | truth held | error | apart | looks; SCL "
    "| of the cube, by pixels | by files |\n|" + "---|" * 12
)


def search(portion: float) -> Iterator[str]:
    """Yield the lines of the part on the search in time against every scene."""
    yield (
        "## Bytes to date an outline\n\nWritten by `python -m benchmarks.change search`, SIMULATED scenes, three years, one "
        "every 5 days. The cube is B02, B03, B04, B08, B11 of every scene over the same window. By pixels: two bytes "
        "each, a quarter of them at 20 m. By files: bands read over five a scene, as if every read cost one whole "
        "tile, which is the most it can. Over HTTP: bytes of both read from the same files by the same reader.\n"
    )
    yield HEAD
    for name, (first, count, cloud, kind) in RUNS.items():
        yield line(name, compared(one_roof(seed, cloud, kind) for seed in seeds(first, count, portion)))
    yield "\n| asked over HTTP (seed 202) | scenes | requests | kB | of the cube |\n|---|---|---|---|---|"
    yield from over_http(202)
