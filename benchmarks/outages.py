"""Failures of the network at random moments (SIMULATED world, HTTP on this machine): what each verb then says.

python -m benchmarks.outages [SEED] [RUNS OF EACH FAULT AND VERB] [VERBS]
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from osint import cli, geo, imagery, simulated
from osint.http import client, ranges
from osint.imagery import stac_api
from osint.simulated import demo
from tests.faulty_server import FAULTS, OF_FILES, OF_LISTS, serving

VERBS = ("scenes", "fetch", "pair", "sheet", "date", "measure", "observe", "locate")
HURRY = {"max_seconds": 3.0, "head_seconds": 2.0, "silence_seconds": 1.2}
START, END = "2022-06-01", "2024-06-30"
NAMED = re.compile(
    r"could not be read|not known|not read|no list of scenes|\bgap\b|not answer|cannot be read|not asked|not a STAC|not JSON",
    re.IGNORECASE,
)
COSTS = re.compile(r"[\d.,]+ (MB|requests|bytes)|/tmp/\S+")


@dataclass(frozen=True)
class Ended:
    """How a verb ended."""

    status: Any
    out: str
    err: str
    rows: dict[str, Any]

    def judged(self, sound: Ended) -> str:
        """Return what this is beside the run without a fault."""
        text = f"{self.out}{self.err}{json.dumps(self.rows)}"
        if self.status == 70 or not isinstance(self.status, int):
            return "fault of the program"
        alike = self.rows == sound.rows and COSTS.sub("", self.out) == COSTS.sub("", sound.out)
        if self.status == 0 and alike:
            return "as without a fault"
        return "named" if self.status and NAMED.search(text) else "TOLD AS AN ABSENCE"


def world() -> demo.Demo:
    """Return one hall of 1.5 ha in a world of two years, its files made beforehand."""
    days = {"onset": pd.Timestamp("2023-04-01").date(), "complete": pd.Timestamp("2023-07-01").date()}
    hall = simulated.Feature("bright roof", 15_000, row_px=36, col_px=36, name="hall", **days)
    made = demo.Demo(
        simulated.make_world(3, 72, START, END, 10, features=[hall], cloud=0.1, snow=False),
        frame_px=256,
        inset_px=(60, 80),
    )
    for name in made.ids:
        for band in ("B02", "B03", "B04", "B08", "B11", "B12", "SCL"):
            made.file(name, band)
    return made


def line_of(verb: str, made: demo.Demo, folder: Path, out: Path) -> list[str]:
    """Return the line of a verb."""
    edge = 0.0004
    west, south, east, north = made.footprint().bounds
    box = ["--bbox", f"{west + edge:.6f},{south + edge:.6f},{east - edge:.6f},{north - edge:.6f}"]
    source, span = ["--catalogue", made.catalogue, "--collection", demo.COLLECTION], ["--start", START, "--end", END]
    outlines, to = (
        str(folder / "in.geojson"),
        ["--out", str(out / ("o.png" if verb in ("pair", "sheet") else "o.geojson"))],
    )
    own = {
        "scenes": [*box, *span],
        "fetch": [*box, "--start", "2024-03-01", "--end", END, *to],
        "pair": [*box, "--before", "2022-08-01", "--after", "2024-05-20", *to],
        "sheet": [*box, *span, *to, "--count", "6"],
        "date": [outlines, *span, *to],
        "measure": [outlines, "--start", "2023-08-01", "--end", END, "--before-start", START, "--before-end", "2023-03-01", *to],
        "observe": [*box, *span, *to],
        "locate": [*box, *span, "--absent", "2023-03-15", "--present", "2023-08-15", "--area-low", "8000", *to],
    }  # fmt: skip
    return [verb, *own[verb], *source]


def run(verb: str, made: demo.Demo, folder: Path) -> Ended:
    """Run a verb with nothing kept from before."""
    out = folder / "out"
    for path in (out, folder / "cache"):
        shutil.rmtree(path, ignore_errors=True)
    out.mkdir()
    os.environ["OSINT_CACHE"] = str(folder / "cache")
    imagery.forget_blocks()
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        try:
            status: Any = cli.main(line_of(verb, made, folder, out))
        except Exception as error:
            status = repr(error)
    rows = {
        path.name: [
            {k: v for k, v in feature["properties"].items() if k != "bytes_read"}
            for feature in json.loads(path.read_text())["features"]
        ]
        for path in sorted(out.glob("*.geojson"))
    }
    return Ended(status, said.getvalue(), told.getvalue(), rows)


def main(seed: int, runs: int, verbs: tuple[str, ...]) -> None:
    """Print each run and how many ended how."""
    for module in (ranges, stac_api):
        module.LIMITS = replace(module.LIMITS, **HURRY)  # type: ignore[attr-defined]
    client.BACKOFF_S = 0.01
    rng, made, tally, lock = random.Random(seed), world(), {}, threading.Lock()
    with tempfile.TemporaryDirectory() as name, serving(made) as server:
        folder = Path(name)
        hall = made.world.truth.to_crs(4326).geometry.iloc[0]
        shapes = [hall, shapely.affinity.translate(hall, 0.002, 0.0015)]
        geo.write_outlines(
            gpd.GeoDataFrame({"outline_id": ["hall", "bare"]}, geometry=shapes, crs=4326), folder / "in.geojson"
        )
        for verb in verbs:
            asked: list[str] = []
            server.plan = asked.append
            sound = run(verb, made, folder)
            counts = {True: sum(path.endswith(".tif") for path in asked)}
            counts[False] = len(asked) - counts[True]
            for fault in [one for one in FAULTS for _ in range(runs)]:
                of_files = fault in OF_FILES or (fault not in OF_LISTS and rng.random() < 2 / 3)
                if not counts[of_files]:
                    continue
                first = rng.choice([0, rng.randrange(counts[of_files]), rng.randrange(counts[of_files])])
                lasts = rng.choice([1, 3, counts[of_files] // 3 + 1, 10**6, 10**6])
                seen = [0]

                def plan(
                    path: str,
                    *,
                    kind: str = fault,
                    about: tuple[bool, int, int] = (of_files, first, lasts),
                    n: list[int] = seen,
                ) -> str | None:
                    if path.endswith(".tif") is not about[0]:
                        return None
                    with lock:
                        n[0] += 1
                    return kind if about[1] < n[0] <= about[1] + about[2] else None

                server.plan, began = plan, time.monotonic()
                ended = run(verb, made, folder)
                judged = ended.judged(sound)
                tally[judged] = tally.get(judged, 0) + 1
                what = f"{fault} in {'files' if of_files else 'lists'} from {first}, {lasts} times"
                print(
                    f"{judged:20} {verb:8} {what:60} status {ended.status}, {time.monotonic() - began:.0f} s",
                    flush=True,
                )
                if judged not in ("named", "as without a fault"):
                    print(ended.out[:600], ended.err[-600:])
    print(tally)


if __name__ == "__main__":
    given = [*sys.argv[1:], *("1", "1", ",".join(VERBS))[len(sys.argv) - 1 :]]
    main(int(given[0]), int(given[1]), tuple(given[2].split(",")))
