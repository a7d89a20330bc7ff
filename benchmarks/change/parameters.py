"""Say what 20% less and 20% more of a constant of change detection do, on SIMULATED series and sites.

`python -m benchmarks.change.parameters NAME...` writes the column `effect_of_20_percent` of osint/change/parameters.csv. Each
figure is given at 20% less, as it is, and at 20% more. Constants of the step finder are tried on plain series of every kind of
SERIES, the others on one site each of KINDS.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.change import roofs as trials
from osint import change
from osint.change import steps
from tests.simulated_data import dataset

TABLE = Path("osint/change/parameters.csv")
FINDER = ("_segmentation", "_transition", "steps")
SEEDS = range(2)
KINDS = (
    ("bright roof", 1208), ("bright roof", 1308), ("dark roof", 1408), ("blue roof", 1458), ("two phases", 1628),
    ("cleared again", 1658), ("solar field", 1708), ("greenhouse", 1758), ("earthworks", 1808), ("salt pan", 1858),
)  # fmt: skip
ROOFS = {"bright roof", "dark roof", "blue roof", "two phases", "cleared again"}


def synthetic(
    rng: np.random.Generator, count: int, size: float, *, ramp: float = 0, season: float = 0, memory: float = 0,
    drift: float = 0, bad: float = 0, pair: bool = False,
) -> tuple[np.ndarray, np.ndarray, list[float]]:  # fmt: skip
    """Return days, values of scatter 1 and step days of a plain series over three years.

    `memory` is the correlation of values five days apart, `bad` the share of misread values.
    """
    days = 19_358.0 + np.sort(rng.choice(1_096, count, replace=False))
    values = rng.normal(size=count)
    for i in range(1, count):
        rho = memory ** ((days[i] - days[i - 1]) / 5)
        values[i] = rho * values[i - 1] + np.sqrt(1 - rho**2) * values[i]
    truth = [19_358 + 1_096 * rng.uniform(*w) for w in (((0.2, 0.4), (0.6, 0.8)) if pair else ((0.2, 0.8),))]
    for when in truth:
        values = values + size * np.clip((days - when) / max(ramp, 1e-6) + 0.5, 0, 1)
    values += season * np.cos(2 * np.pi * days / 365.25 + rng.uniform(0, 6)) + drift * (days - days[0]) / 1_096
    wrong = rng.random(count) < bad
    values[wrong] += rng.uniform(-30, 30, int(wrong.sum()))
    return days, values, truth if size else []


SERIES: dict[str, dict[str, Any]] = {
    "noise, 12 values": {"count": 12, "size": 0},
    "noise, 150 values, 10% misread": {"count": 150, "size": 0, "bad": 0.1},
    "memory 0.8": {"count": 150, "size": 0, "memory": 0.8},
    "season 3": {"count": 150, "size": 0, "season": 3},
    "season 3, 30 values": {"count": 30, "size": 0, "season": 3},
    "drift 5": {"count": 150, "size": 0, "drift": 5},
    "step 1": {"count": 150, "size": 1},
    "step 2": {"count": 150, "size": 2},
    "step 3": {"count": 150, "size": 3},
    "step 5": {"count": 150, "size": 5},
    "step 5, 24 values": {"count": 24, "size": 5},
    "step 20, 12 values": {"count": 12, "size": 20},
    "step 3, memory 0.5": {"count": 150, "size": 3, "memory": 0.5},
    "step 5, season 3": {"count": 150, "size": 5, "season": 3},
    "step 5, drift 3": {"count": 150, "size": 5, "drift": 3},
    "step 5, 10% misread": {"count": 150, "size": 5, "bad": 0.1},
    "ramp 6 over 60 days": {"count": 150, "size": 6, "ramp": 60},
    "two steps of 4": {"count": 150, "size": 4, "pair": True},
}


@contextmanager
def scaled(name: str, factor: float) -> Iterator[None]:
    """Multiply a constant, whole numbers by one at least, in every module that holds it."""
    held: list[tuple[ModuleType, object]] = []
    for module in [m for n, m in sys.modules.items() if n.startswith("osint.change.")]:
        if hasattr(module, name):
            value = getattr(module, name)
            held.append((module, value))
            setattr(module, name, times(value, factor))
    yield
    for module, value in held:
        setattr(module, name, value)


def times(value: object, factor: float) -> object:
    """Return a constant, or each of several, times a factor; whole numbers stay whole and change."""
    if isinstance(value, (tuple, np.ndarray)):
        made = [times(v, factor) for v in value]
        return tuple(made) if isinstance(value, tuple) else np.array(made)
    if isinstance(value, int):
        step = round(value * factor)
        return step if step != value or factor == 1 else value + (1 if factor > 1 else -1)
    return value * factor  # type: ignore[operator]


def of_series() -> dict[str, int]:
    """Return steps found, false ones and intervals that hold, over every kind of series."""
    found = false = held = 0
    for how in SERIES.values():
        for seed in SEEDS:
            days, values, truth = synthetic(np.random.default_rng(seed + 500), **how)
            told = steps.date_step(days, values)
            found, false = found + min(len(told), len(truth)), false + max(len(told) - len(truth), 0)
            bounds = [(steps.to_day(s.low), steps.to_day(s.high)) for s in told]
            held += sum(any(low <= when <= high for low, high in bounds) for when in truth)
    return {"steps found": found, "false": false, "held": held}


def of_sites(worlds: list[tuple[str, trials.simulate.World, xr.Dataset]]) -> dict[str, int]:
    """Return structures dated, half-covered intervals that hold, and sites rightly called a building or none."""
    dated = held = right = 0
    for kind, world, scenes in worlds:
        rows = trials.dated(world, scenes)
        halves = [(r["roofed_low"], r["roofed_high"]) for r in rows if r["roofed_best"]]
        truths = [t for t in world.truth["roofed_half"] if pd.notna(t)]
        dated += len(halves)
        held += sum(any(trials.covers(low, high, when) for low, high in halves) for when in truths)
        said = any(r["kind"] in change.BUILDINGS and r["probability"] >= 0.5 for r in rows)
        right += said == (kind in ROOFS)
    return {"structures dated": dated, "held": held, "rightly called": right}


def _site(drawn: tuple[str, int]) -> tuple[str, trials.simulate.World]:
    kind, seed = drawn
    return kind, trials.one_roof(seed, kind=kind)


def main(names: list[str]) -> None:
    """Write the effect of each constant named into the table."""
    rows = list(csv.DictReader(TABLE.open(encoding="utf-8", newline="")))
    worlds = [(kind, world, dataset(world)) for kind, world in map(_site, KINDS)]
    plain: dict[bool, dict[str, int]] = {}
    for row in [r for r in rows if r["name"] in names]:
        finder = row["module"] in FINDER
        plain[finder] = plain.get(finder) or (of_series() if finder else of_sites(worlds))
        outcomes = [plain[finder]] * 3
        for place, factor in ((0, 0.8), (2, 1.2)):
            with scaled(row["name"], factor):
                outcomes[place] = of_series() if finder else of_sites(worlds)
        trial = f"{len(SERIES) * len(SEEDS)} series" if finder else f"{len(worlds)} sites"
        figures = ", ".join(f"{what} {' / '.join(str(o[what]) for o in outcomes)}" for what in outcomes[0])
        row["effect_of_20_percent"] = f"{figures} ({trial})"
        print(row["name"], row["effect_of_20_percent"], flush=True)
        with TABLE.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(row), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
