"""Step finders side by side on the same series: simulated roofs, a peer's own simulation, public series.

Peers run by the interpreter named in OSINT_PEERS_PYTHON (see benchmarks/change/step_finder_peers.py for what to install there).
Public series: those of Rbeast come with its wheel; those of pyxccd are in the folder tutorials/datasets of its source
archive (PyPI, pyxccd-1.1.0.tar.gz; Apache-2.0), which OSINT_PEERS_SERIES names. What is absent is left out, and said.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.change.roofs import END, START
from benchmarks.sections import write_section
from osint import simulated as simulate
from osint.change import series, stack, steps
from osint.errors import OsintError
from tests.simulated_data import dataset

SEEDS = {0.3: range(600, 605), 0.6: range(610, 615)}
QUIET_SEEDS = {0.3: range(620, 622), 0.6: range(630, 633)}
CELL_PX = 64
BEFORE_DAYS, AFTER_DAYS = 30, 120
"""A break counts as the roof's from 30 days before ground is broken to 120 days after the roof is complete."""
NAMES = {"B02": "blue", "B04": "red", "B11": "swir16"}
OURS = "osint date_step"
INPUTS = {OURS: "values", "osint date_step, one band": "index"}
"""What each of our rows reads: all bands, or the one that peers of one band get."""
READ_PEERS = """
import json, sys
import numpy as np
from pathlib import Path
out = {}
try:
    import Rbeast
    folder = Path(Rbeast.__file__).parent / "data"
    for name in ("yellowstone", "nile"):
        out[name] = np.genfromtxt(folder / f"{name}.csv", delimiter=",", skip_header=1).tolist()
except ImportError:
    pass
try:
    from nrt.data import simulate
    dates = np.arange("2017-01-01", "2022-06-15", 7, dtype="datetime64[D]")
    out["nrt"] = []
    for seed in range(40):
        np.random.seed(seed)
        at = int(np.random.randint(160, 240)) if seed % 2 else -1
        out["nrt"].append([at, simulate.make_ts(dates, break_idx=at).tolist()])
    out["nrt_days"] = dates.astype(int).tolist()
except ImportError:
    pass
json.dump(out, sys.stdout)
"""


def item(name: str, group: str, days: np.ndarray, values: np.ndarray, bands: tuple[str, ...], **more: Any) -> dict:
    """Return one series as it goes to every method: values in the unit of the bands, `index` for those of one band."""
    values = np.asarray(values, float).reshape(len(days), -1)
    if set(bands) >= {"blue", "swir16", "nir"}:
        red, near = values[:, bands.index("red")], values[:, bands.index("nir")]
        index = (near - red) / (near + red)
    elif "swir16" in bands:
        index = series.whiteness(values[:, bands.index("blue")], values[:, bands.index("swir16")])
    else:
        index = values[:, 0]
    given = {"cube": name, "shifted": False, "truth": None, "history_end": float(days[0] + 365), **more}
    return {"name": name, "group": group, "days": days, "values": values, "bands": list(bands), "index": index, **given}


def roofs(seed: int, cloud: float, kind: str) -> list[dict]:
    """Return contrast and raw series of nine outlines of one SIMULATED world, everything about them drawn from `seed`."""
    rng = np.random.default_rng([seed, 78])
    features = []
    for k in range(9):
        complete = dt.date(2023, 1, 1) + dt.timedelta(int(rng.uniform(430, 940)))
        features.append(
            simulate.Feature(
                kind=kind,
                area_m2=float(rng.choice([5e3, 1e4, 2e4])),
                complete=complete,
                onset=complete - dt.timedelta(int(rng.uniform(60, 240))),
                ramp_days=float(rng.uniform(10, 40)),
                row_px=CELL_PX * (k // 3 + 0.5),
                col_px=CELL_PX * (k % 3 + 0.5),
                aspect=float(rng.uniform(1, 2.2)),
                angle_deg=float(rng.uniform(0, 180)),
                pad_ratio=float(rng.uniform(2, 3.5)),
                steps=int(rng.choice([1, 3])),
                brightness=float(rng.normal(1, 0.12)),
                misread_as_cloud=float(rng.choice([0.0, 0.25, 0.6])),
                name=str(k),
            )
        )
    jitter = float(rng.choice([0.2, 0.4, 0.7]))
    world = simulate.make_world(seed, 3 * CELL_PX, START, END, cloud=cloud, features=features, jitter_px=jitter,
                           spectra_spread=0.15)  # fmt: skip
    source = stack.stack_of_dataset(dataset(world, bands=stack.BANDS))
    bands = tuple(NAMES[b] for b in stack.BANDS)
    made = []
    for outline, truth in zip(world.truth.to_crs(4326).geometry, world.truth.itertuples(), strict=True):
        data = source.read(source.scenes, series.surroundings_box(outline), (*stack.BANDS, "scl"))
        seen = series.extract_series(data, series.placed(outline, data), stack.BANDS)
        days = {w: float(steps.to_days([getattr(truth, w)])[0]) for w in ("onset", "roofed_half", "complete")}
        span = (days["onset"] - BEFORE_DAYS, days["roofed_half"], days["complete"] + AFTER_DAYS)
        for group, values in (("contrast", seen.contrast), ("raw", seen.inside)):
            name = f"{kind} {cloud:.0%} {seed}/{truth.outline_id} {group}"
            made.append(item(name, f"{kind} {cloud:.0%} {group}", seen.days, values, bands, shifted=group == "contrast", cube=f"{seed} {group}",
                             truth=None if kind == "no change" else span, kind=kind))  # fmt: skip
    return made


def of_peers(python: str) -> list[dict]:
    """Return the series that come with the peers: nrt-data's simulation, Yellowstone and the Nile of Rbeast."""
    done = subprocess.run([python, "-W", "ignore", "-c", READ_PEERS], capture_output=True, text=True, check=True)
    given = json.loads(done.stdout)
    made = []
    for k, (at, drawn) in enumerate(given.get("nrt", [])):
        days, values = np.array(given["nrt_days"], float), np.array(drawn)
        seen = np.isfinite(values)
        moment = days[at] + 3.5
        truth = None if at < 0 else (moment - BEFORE_DAYS, moment, moment + AFTER_DAYS)
        group = "nrt-data, no change" if at < 0 else "nrt-data, break"
        made.append(item(f"nrt-data {k}", group, days[seen], values[seen], ("ndvi",), truth=truth, cube="nrt-data",
                         history_end=days[0] + 2.5 * 365, kind="no change" if at < 0 else "break"))  # fmt: skip
    for name, day, slack in (("yellowstone", "1988-08-20", 90), ("nile", "1899-01-01", 730)):
        if name in given:
            table = np.array(given[name])
            moment = float(steps.to_days([day])[0])
            days = (table[:, 0] - 1970) * 365.25
            scale = 1e-4 if name == "yellowstone" else 1e-3
            made.append(item(name, "public", days, table[:, 1] * scale, ("ndvi",), history_end=days[0] + 5 * 365,
                             truth=(moment - slack, moment, moment + slack)))  # fmt: skip
    return made


def of_tutorials(folder: Path) -> list[dict]:
    """Return the pixels of pyxccd's tutorials: a fire, a clear-cut, and farmland on which nothing was built."""
    made = []
    fire = _hls([folder / "1_hls_sc.csv"])
    cut = _hls([folder / f"7_logging_hls_{w}.csv" for w in ("w0", "w12", "w34", "w56", "w78", "w910")])
    # the tutorials date the fire "March 22"; the cut lies between two clear scenes
    for name, (days, values), low, high in (
        ("fire", fire, "2024-03-22", "2024-03-22"),
        ("clear-cut", cut, "2024-03-29", "2024-04-08"),
    ):
        first, last = steps.to_days([low, high])
        made.append(item(name, "public", days, values, ("blue", "green", "red", "nir", "swir16", "swir22"),
                         truth=(first - 60, (first + last) / 2, last + 60), history_end=days[0] + 5 * 365))  # fmt: skip
    farm = pd.read_csv(folder / "3_crop_sentinel2.csv")
    farm = farm[farm["QA60"] == 0]
    days = steps.to_days(pd.to_datetime(farm["Tile"].str[:8]))
    values = farm[["B2", "B3", "B4", "B8", "B11", "B12"]].to_numpy(float) / 1e4
    made.append(item("farmland", "public", days, values, ("blue", "green", "red", "nir", "swir16", "swir22"),
                     history_end=days[0] + 3 * 365))  # fmt: skip
    return made


def _hls(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    table = pd.concat([pd.read_csv(p).rename(columns=str.lower) for p in paths])
    bands = table[["blue", "green", "red", "nir", "swir1", "swir2"]].to_numpy(float)
    clear = (table["qa"] <= 1).to_numpy() & ((bands > 0) & (bands < 10_000)).all(axis=1)
    days = table["dates"].to_numpy(float) - dt.date(1970, 1, 1).toordinal()
    order = np.flatnonzero(clear)[np.argsort(days[clear], kind="stable")]
    return days[order], bands[order] / 1e4


def ours(one: dict) -> list[dict]:
    """Run date_step on a series, on all its bands and on the one."""
    told = []
    for method, given in INPUTS.items():
        begun = time.process_time()
        found = steps.date_step(one["days"], one[given])
        spent = time.process_time() - begun
        moments = [steps.to_days([s.low, s.best, s.high]) for s in found]
        spans = [(m[1], (m[0], m[2])) for m in moments]
        told.append({"method": method, "series": one["name"], "found": spans, "error": "", "cpu_s": spent})
    return told


def peers(python: str, items: list[dict]) -> list[dict]:
    """Run the peers in their environment, the slow family beside the others."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "in.json"
        given.write_text(json.dumps(items, default=lambda array: array.tolist()))
        told = []
        running = []
        for which in ("others", "nrt"):
            answer = Path(folder) / f"{which}.json"
            command = [python, "-W", "ignore", "benchmarks/change/step_finder_peers.py", str(given), str(answer), which]
            running.append((subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}), answer))
        for process, answer in running:
            if process.wait():
                raise OsintError("a peer's run broke off; its message stands above")
            told += json.loads(answer.read_text())
        return told


def scored(items: list[dict], told: list[dict]) -> pd.DataFrame:
    """Return one row a method and series: found, error_days, covered, false breaks, cpu_s."""
    by_name = {one["name"]: one for one in items}
    rows = []
    for run in told:
        one = by_name[run["series"]]
        row = {"method": run["method"], "group": one["group"], "series": one["name"], "cpu_s": run["cpu_s"],
               "breaks": len(run["found"]), "failed": run["error"]}  # fmt: skip
        if one["truth"] is None:
            rows.append({**row, "false": len(run["found"])})
            continue
        low, half, high = one["truth"]
        hits = [f for f in run["found"] if low <= f[0] <= high]
        row |= {"found": bool(hits), "false": len(run["found"]) - len(hits)}
        if hits:
            best, span = min(hits, key=lambda f: abs(f[0] - half))
            first = low + BEFORE_DAYS
            row |= {"error_days": best - half, "covered": span[0] <= half <= span[1] if span else None,
                    "either_days": min(abs(f[0] - w) for f in hits for w in (first, half))}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


GROUPS = {
    "bright roof 30% contrast": "SIMULATED roofs of 0.5 to 2 ha, 30% cloud, outline less its surroundings",
    "bright roof 60% contrast": "the same at 60% cloud",
    "bright roof 30% raw": "30% cloud, the outline alone, season and haze in it",
    "nrt-data, break": "nrt-data's own simulated NDVI, a drop that recovers",
}
"""Groups of series with a break, in the order of the columns A to D."""


def quiet(rows: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the rows without change that stand beside a group with a break: outlines of every cloud, or nrt-data's."""
    if group.startswith("nrt-data"):
        return rows[rows["group"] == "nrt-data, no change"]
    return rows[rows["group"].str.startswith("no change") & rows["group"].str.endswith(group.rsplit(maxsplit=1)[-1])]


def cell(rows: pd.DataFrame, still: pd.DataFrame) -> str:
    """Return found; error, median / P90 (to ground broken or half); false breaks; alarms where nothing changed."""
    failed, error = (rows["failed"] != "").mean(), rows["error_days"].dropna().abs()
    days = (
        f"{error.median():.0f} / {error.quantile(0.9):.0f} ({rows['either_days'].median():.0f})" if len(error) else "-"
    )
    return "; ".join(
        [
            f"{rows['found'].mean():.0%}" + (f" ({failed:.0%} refused)" if failed else ""),
            days,
            f"{rows['false'].mean():.1f}",
            f"{(still['false'] > 0).mean():.0%}",
        ]
    )


def table(rows: pd.DataFrame) -> list[str]:
    """Return the table of every method on every group, and how many of the stated intervals hold."""
    out = ["| method | A | B | C | D | CPU of A, ms |", "|---|---|---|---|---|---|"]
    held = []
    for method, mine in rows.groupby("method", sort=False):
        of = {group: mine[mine["group"] == group] for group in mine["group"].unique()}
        line = [cell(of[group], quiet(mine, group)) for group in GROUPS]
        cpu = of["bright roof 30% contrast"]["cpu_s"].median() * 1000
        out.append(f"| {method} | {' | '.join(line)} | {cpu:.0f} |")
        covered = [of[group]["covered"].dropna() for group in GROUPS]
        if all(map(len, covered)):
            held.append(f"{method} {', '.join(f'{one.mean():.0%}' for one in covered)}")
    said = "Stated intervals that hold, A to D (90%, ours without the days that `osint date` adds; 95%, BEAST; the others state none): "
    return [*out, "", said + "; ".join(held) + "."]


def public(rows: pd.DataFrame) -> list[str]:
    """Return the table of public series: error in days and the number of other breaks."""
    mine = rows[rows["group"] == "public"]
    names = list(mine["series"].drop_duplicates())
    out = [f"| method | {' | '.join(names)} |", f"|---{'|---' * len(names)}|"]
    for method, one in mine.groupby("method", sort=False):
        line = []
        for name in names:
            got = one[one["series"] == name].iloc[0]
            if got["failed"]:
                line.append("cannot")
            elif name == "farmland":
                line.append(f"{got['breaks']:.0f} breaks")
            else:
                hit = f"{got['error_days']:+.0f} d" if got["found"] else "missed"
                line.append(hit + (f", {got['false']:.0f} more" if got["false"] else ""))
        out.append(f"| {method} | {' | '.join(line)} |")
    return out


INTRO = """## Step finders side by side

Written by `python -m benchmarks.change.step_finders`; the peers run in an environment of their own (OSINT_PEERS_PYTHON:
pyxccd 1.1.0, nrt 0.3.0, nrt-data 0.0.2, ruptures 1.1.10, rbeast 0.1.25). bfast 0.7 was left out: its build needs OpenCL, and
nrt's MoSum is its monitor. Every method gets the same series; those that take one band get blue less 0.7 of short-wave infrared
(NDVI on vegetation). Each peer runs at its defaults and at a second setting, chosen once and not tuned on the answers.
"""


def series_of_all(python: str) -> tuple[list[dict], str]:
    """Return every series there is, and a sentence on what is missing."""
    jobs = [(s, c, "bright roof") for c, seeds in SEEDS.items() for s in seeds]
    jobs += [(s, c, "no change") for c, seeds in QUIET_SEEDS.items() for s in seeds]
    with ProcessPoolExecutor(2) as pool:
        made = [one for some in pool.map(roofs, *zip(*jobs, strict=True)) for one in some]
    made = [one for one in made if not one["group"].endswith("60% raw")] + of_peers(python)
    folder = os.environ.get("OSINT_PEERS_SERIES")
    if not folder:
        return made, "The pixels of pyxccd's tutorials were not at hand (OSINT_PEERS_SERIES)."
    return made + of_tutorials(Path(folder)), ""


def section(rows: pd.DataFrame, missing: str) -> str:
    """Return the section of docs/benchmarks.md."""
    mine = rows[rows["method"] == OURS]
    columns = [
        f"{letter}: {title} ({sum(mine['group'] == group)}; {len(quiet(mine, group))} without change)."
        for letter, (group, title) in zip("ABCD", GROUPS.items(), strict=True)
    ]
    out = [
        INTRO,
        "Each cell: found; error in days, median / P90 (median to ground broken or half); false breaks a series; alarms where nothing changed.",
        *columns, "", *table(rows), "",
    ]  # fmt: skip
    out.append(
        "**Public series.** Yellowstone: half-monthly NDVI of a site (Rbeast), fires of 1988, taken as 20 August, 90 days either way. Nile: "
        "yearly flow (Rbeast), 1899, two years either way. Fire and clear-cut: HLS pixels of pyxccd's tutorials 1 and 7, 22 March 2024 as "
        "the tutorial says, and between the clear scenes of 29 March and 8 April 2024, 60 days either way; for these dates the reference is itself "
        "read off the series. Farmland: a Sentinel-2 pixel of tutorial 3 on which nothing was built, left fallow in autumn 2021. "
        + missing + "\n"
    )  # fmt: skip
    return "\n".join([*out, *public(rows), ""])


def main() -> None:
    """Write the tables to their section of docs/benchmarks.md."""
    python = os.environ.get("OSINT_PEERS_PYTHON")
    if not python:
        raise SystemExit(
            "OSINT_PEERS_PYTHON names no interpreter: make an environment, install there what "
            "benchmarks/change/step_finder_peers.py lists, and set it to that python"
        )
    items, missing = series_of_all(python)
    with ProcessPoolExecutor(2) as pool:
        told = [run for runs in pool.map(ours, items, chunksize=8) for run in runs]
    body = section(scored(items, told + peers(python, items)), missing)
    print(body)
    write_section(body)


if __name__ == "__main__":
    main()
