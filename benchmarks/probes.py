"""Set the search in time against reading every scene, on SIMULATED scenes with known truth, and count its bytes."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.change import END, START, covers, one_roof, write_section
from osint import change, imagery
from osint.dating import looks, series
from osint.simulated import demo, simulate

PEER_BANDS = ("B02", "B03", "B04", "B08", "B11")
OWN_BYTES = {"B11": 0.5, "scl": 0.25}
"""Bytes of a 10 m pixel; the other bands take two."""


def counted(world: simulate.World) -> tuple[looks.Looks, set[tuple[str, str]]]:
    """Return looks at a world in memory, and the set in which every (scene, band) that is read appears."""
    data = simulate.dataset(world, bands=("B02", "B04", "B08", "B11"))
    source = looks.of_dataset(data)
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
                "steps": sum(r["roofed_best"] is not None for r in few),
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
        held = np.mean([covers(r["roofed_low"], r["roofed_high"], t.roofed_half) for r, t in told]) if told else np.nan
        error = np.median([abs((pd.Timestamp(r["roofed_best"]) - t.roofed_half).days) for r, t in told] or [np.nan])
        cells += [f"{len(told)}", "" if not told else f"{held:.0%}", "" if not told else f"{error:.0f} d"]
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
        where = looks.around(outline, 400)
        source = looks.of_catalogue(made.catalogue, demo.COLLECTION, where, START, END)
        spent: dict[str, list[int]] = {}
        whole = source.reader

        def reader(rows, geometry, bands):  # type: ignore[no-untyped-def]
            data = whole(rows, geometry, bands)
            total = spent.setdefault("+".join(bands) or "SCL", [0, 0, 0])
            for k, value in enumerate((data.sizes["time"], data.attrs["requests"], data.attrs["bytes"])):
                total[k] += value
            return data

        source.reader = reader
        change.date_change(source, outline, START, END)
        some = source.scenes.iloc[::10]
        cube = imagery.read(some, series.window(outline), list(PEER_BANDS), cache=False)
        full = cube.attrs["bytes"] * len(source.scenes) / len(some)
    rows = [f"| {name} | {n} | {requests} | {size / 1e3:.0f} | {size / full:.2%} |" for name, (n, requests, size) in spent.items()]  # fmt: skip
    total = sum(size for _, _, size in spent.values())
    return [*rows, f"| all | | | {total / 1e3:.0f} | {total / full:.2%} |"]


def phases(seed: int, kind: str) -> simulate.World:
    """Return a world with an outline roofed in two phases, or with a roof that is taken down again."""
    rng = np.random.default_rng([seed, 78])
    first = dt.date(2023, 1, 1) + dt.timedelta(int(rng.uniform(300, 420)))
    second = first + dt.timedelta(int(rng.uniform(200, 360)))
    given = {"kind": "bright roof", "area_m2": 12_000, "row_px": 48, "col_px": 48, "aspect": 1.0, "angle_deg": 0, "name": "A"}  # fmt: skip
    begun = first - dt.timedelta(120)
    one = simulate.Feature(onset=begun, complete=first, removed=None if kind == "two phases" else second, **given)
    both = [one, simulate.Feature(onset=first, complete=second, **given)]
    return simulate.world(
        seed, 96, START, END, features=both[: 1 + (kind == "two phases")], jitter_px=0.4, spectra_spread=0.15
    )


def main() -> None:
    """Print the tables and write them to their section of docs/benchmarks.md."""
    runs = {
        "bright, 30% cloud": (one_roof(s, 0.3) for s in range(200, 240)),
        "bright, 60% cloud": (one_roof(s, 0.6) for s in range(400, 410)),
        "dark, 30% cloud": (one_roof(s, 0.3, "dark roof") for s in range(440, 446)),
        "no change, 60% cloud": (one_roof(s, 0.6, "no change") for s in range(300, 310)),
        "two phases": (phases(s, "two phases") for s in range(500, 504)),
        "demolished": (phases(s, "demolished") for s in range(520, 524)),
    }
    out = ["| run | n | search: dated | truth held | error | every scene: dated | truth held | error | apart | looks; SCL | of the cube, by pixels | by files |",
           "|---|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, worlds in runs.items():
        out.append(line(name, compared(worlds)))
        print(out[-1], flush=True)
    out += ["", "| asked over HTTP (seed 202) | scenes | requests | kB | of the cube |", "|---|---|---|---|---|"]
    out += over_http(202)
    print("\n".join(out[-6:]))
    write_section(
        "## Bytes to date an outline\n\nWritten by `python -m benchmarks.probes`, SIMULATED scenes, three years, one "
        "every 5 days. The cube is B02, B03, B04, B08, B11 of every scene over the same window. By pixels: two bytes "
        "each, a quarter of them at 20 m. By files: bands read over five a scene, as if every read cost one whole "
        "tile, which is the most it can. Over HTTP: bytes of both read from the same files by the same reader.\n\n"
        + "\n".join(out)
        + "\n"
    )


if __name__ == "__main__":
    main()
