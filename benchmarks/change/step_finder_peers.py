"""Run the peers of benchmarks/change/step_finders.py on one file of series, in an environment of their own: IN.json OUT.json WHICH.

WHICH is "nrt" or "others", so that two of them share two cores.
pip install pyxccd==1.1.0 nrt==0.3.0 nrt-data==0.0.2 ruptures==1.1.10 rbeast==0.1.25
"""

import datetime
import importlib
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

EPOCH = datetime.date(1970, 1, 1).toordinal()
YEAR = 365.25
SHIFT_DN = 3000
"""COLD drops values of 0 and less; an outline less its surroundings may be negative."""


def cold(item, algorithm="cold", **setting):
    """Bands as DN; clouds are screened in red and swir16, as green is not read, or in the one band there is."""
    import pyxccd

    days = np.floor(item["days"]).astype(np.int64) + EPOCH
    table = np.round(item["values"] * 10_000 + SHIFT_DN * item["shifted"]).astype(np.int64)
    bands = item["bands"]
    tmask = (
        {"tmask_b1_index": bands.index("red") + 1, "tmask_b2_index": bands.index("swir16") + 1}
        if len(bands) > 1
        else {}
    )
    clear = np.zeros(len(days), np.int64)
    call = pyxccd.cold_detect_flex if algorithm == "cold" else pyxccd.sccd_detect_flex
    made = call(days, table, clear, **{"lam": 20, **tmask, **setting})
    rows = made if algorithm == "cold" else made.rec_cg
    if not len(rows):
        return []
    return [(float(b) - EPOCH, None) for b in rows["t_break"] if b > 0]


def monitor(batch, name, made=None, fitted=None):
    """Fit the history of the series of one sky, as pixels of one cube, then hand over one scene after another.

    The day of the alarm is the date. Scenes that one series has and another has not are NaN, as clouds are.
    """
    import xarray as xr

    module = importlib.import_module(f"nrt.monitor.{name.lower()}")
    days = np.unique(np.concatenate([item["days"] for item in batch]))
    table = np.full((len(days), 1, len(batch)), np.nan)
    for k, item in enumerate(batch):
        table[np.searchsorted(days, item["days"]), 0, k] = item["index"]
    past = days < min(item["history_end"] for item in batch)
    stamps = np.array(days * 86_400e9, "int64").astype("datetime64[ns]")
    where = {"time": stamps, "y": [0.0], "x": np.arange(len(batch), dtype=float)}
    cube = xr.DataArray(table, dims=("time", "y", "x"), coords=where)
    watch = getattr(module, name)(**(made or {}))
    watch.fit(cube[past], **(fitted or {}))
    stable = watch.mask[0] == 1
    for k in np.flatnonzero(~past):
        watch.monitor(table[k], stamps[k].astype("datetime64[us]").item())
    alarms = [
        [(float(day), None)] if code == 3 else []
        for code, day in zip(watch.mask[0], watch.detection_date[0], strict=True)
    ]
    return [(a, "" if s else "history called unstable or too short") for a, s in zip(alarms, stable, strict=True)]


def ruptures_of(item, search, penalty, scaled=False, **setting):
    """A break is put midway between the two scenes it parts."""
    import ruptures

    signal = item["values"]
    spread = np.median(np.abs(np.diff(signal, axis=0)), axis=0) * 1.4826 / np.sqrt(2) + 1e-9
    signal = signal / spread if scaled else signal
    size = len(signal)
    level = penalty(size, signal.shape[1], 1.0 if scaled else float(np.mean(spread**2)))
    cuts = getattr(ruptures, search)(**setting).fit(signal).predict(pen=level)
    days = item["days"]
    return [(float(days[c - 1] + days[c]) / 2, None) for c in cuts if c < size]


def schwarz(size, bands, variance):
    """Penalty of the package's manual: log(n) x dimension x variance."""
    return np.log(size) * bands * variance


def beast(item, season):
    """Change points of the trend that are more likely than not; their 95% intervals."""
    import Rbeast

    step = float(np.clip(np.median(np.diff(item["days"])), 5, 366)) / YEAR
    years = 1970 + item["days"] / YEAR
    told = {"period": 1.0} if season == "harmonic" else {}
    made = Rbeast.beast_irreg(item["index"].copy(), time=years, deltat=step, season=season, quiet=True, mcmc_seed=1,
                              print_param=False, print_progress=False, print_warning=False, **told)  # fmt: skip
    spans = np.reshape(made.trend.cpCI, (-1, 2))
    found = []
    for point, span, probability in zip(np.ravel(made.trend.cp), spans, np.ravel(made.trend.cpPr), strict=True):
        if np.isfinite(point) and probability > 0.5:
            low, best, high = ((float(v) - 1970) * YEAR for v in (span[0], point, span[1]))
            found.append((best, (low, high)))
    return found


def methods():
    """Return {name and setting: function of an item}."""
    ols = {"method": "OLS"}
    brief = {"trend": False, "harmonic_order": 1}
    unscreened = {"method": "CCDC-stable", "screen_outliers": None}
    return {
        "COLD, default": cold,
        "COLD, lam 0, conse 4": lambda i: cold(i, lam=0, conse=4),
        "S-CCD, default": lambda i: cold(i, "sccd"),
        "S-CCD, conse 4": lambda i: cold(i, "sccd", conse=4),
        "nrt EWMA, default": lambda i: monitor(i, "EWMA"),
        "nrt EWMA, one harmonic": lambda i: monitor(i, "EWMA", brief, ols),
        "nrt CuSum, default": lambda i: monitor(i, "CuSum"),
        "nrt CuSum, one harmonic": lambda i: monitor(i, "CuSum", brief, ols),
        "nrt MoSum, default": lambda i: monitor(i, "MoSum"),
        "nrt MoSum, one harmonic": lambda i: monitor(i, "MoSum", brief, ols),
        "nrt CCDC, default but unscreened": lambda i: monitor(i, "CCDC", None, unscreened),
        "nrt CCDC, one harmonic": lambda i: monitor(i, "CCDC", {"harmonic_order": 1, "boundary": 5}, unscreened),
        "PELT rbf, pen 10": lambda i: ruptures_of(i, "Pelt", lambda *_: 10, model="rbf"),
        "PELT l2, scaled": lambda i: ruptures_of(i, "Pelt", schwarz, scaled=True, model="l2", min_size=5, jump=1),
        "BinSeg l2": lambda i: ruptures_of(i, "Binseg", schwarz, model="l2"),
        "BinSeg l2, scaled": lambda i: ruptures_of(i, "Binseg", schwarz, scaled=True, model="l2", min_size=5, jump=1),
        "Window l2, width 40": lambda i: ruptures_of(i, "Window", schwarz, width=40, model="l2"),
        "Window l2, width 20, scaled": lambda i: ruptures_of(i, "Window", schwarz, scaled=True, width=20, model="l2"),
        "BEAST, season": lambda i: beast(i, "harmonic"),
        "BEAST, no season": lambda i: beast(i, "none"),
    }  # fmt: skip


def main():
    """Run each method once before the clock counts, so that compiling is not in it."""
    warnings.simplefilter("ignore")
    items = json.loads(Path(sys.argv[1]).read_text())
    cubes = {}
    for item in items:
        for key in ("days", "values", "index"):
            item[key] = np.array(item[key], float)
        cubes.setdefault(item["cube"], []).append(item)
    told = []
    for name, run in methods().items():
        whole = name.startswith("nrt")
        if whole != (sys.argv[3] == "nrt"):
            continue
        warm = False
        for batch in cubes.values() if whole else [[item] for item in items]:
            begun = time.process_time()
            try:
                if not warm:
                    warm = True
                    run(batch if whole else batch[0])
                    begun = time.process_time()
                answers = run(batch) if whole else [(run(batch[0]), "")]
            except Exception as problem:
                answers = [([], f"{type(problem).__name__}: {problem}"[:120])] * len(batch)
            spent = (time.process_time() - begun) / len(batch)
            told += [{"method": name, "series": item["name"], "found": found, "error": error, "cpu_s": spent}
                     for item, (found, error) in zip(batch, answers, strict=True)]  # fmt: skip
    Path(sys.argv[2]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
