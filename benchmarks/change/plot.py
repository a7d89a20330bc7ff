"""Score the plot about a roof on SIMULATED scenes with known truth, and show why a cooling yard has no best value.

`python -m benchmarks.change.plot` prints what docs/change.md says of it; seeds 0 to 129 were looked at while it was made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from osint import change
from osint import simulated as simulate
from tests.simulated_data import stack_of_world

START, END = "2023-01-01", "2025-12-31"
WITH, WITHOUT = range(2000, 2100), range(2000, 2060)


def site(seed: int) -> simulate.World:
    """Return a world with one roof on its pad, four in five with a yard, car park, annex or store where it fits."""
    rng = np.random.default_rng([seed, 913])
    complete = dt.date(2024, 3, 1) + dt.timedelta(int(rng.uniform(0, 240)))
    kind = str(rng.choice(["bright roof", "bright roof", "dark roof", "blue roof"]))
    area_m2 = float(np.exp(rng.uniform(np.log(4e3), np.log(5e4))))
    ratio = float(np.exp(rng.uniform(np.log(1.8), np.log(8))))
    aspect = float(rng.uniform(1, 2.2))
    bare = simulate.Feature(
        kind=kind, area_m2=area_m2, onset=complete - dt.timedelta(int(rng.uniform(90, 240))), complete=complete,
        ramp_days=20, row_px=90, col_px=90, aspect=aspect, angle_deg=float(rng.uniform(0, 180)), pad_ratio=ratio,
        brightness=float(rng.normal(1, 0.12)), name="A",
    )  # fmt: skip
    yard = str(rng.choice(["none", "cooling yard", "parking", "dark building", "stored material"]))
    room_m2 = (bare.height_px * (np.sqrt(ratio) - 1) / 2 - 0.65) * bare.width_px * 100
    yard_m2, brightness = min(float(rng.uniform(0.2, 1)) * 1e4, room_m2), float(rng.uniform(0.7, 2.2))
    holds = yard != "none" and yard_m2 > 1500
    how = {"yard_m2": yard_m2, "yard_kind": yard, "yard_brightness": brightness} if holds else {}
    cloud = float(rng.choice([0.2, 0.35, 0.5]))
    return simulate.make_world(
        seed, 180, START, END, cloud=cloud, features=[simulate.Feature(**{**asdict(bare), **how})], spectra_spread=0.15,
        jitter_px=float(rng.choice([0.2, 0.4, 0.7])),
    )  # fmt: skip


def measured(seed: int, with_before: bool) -> dict[str, Any]:
    """Return what `change.measure` says of one site, with its truth."""
    world = site(seed)
    truth = world.truth.iloc[0]
    outline = world.truth.to_crs(4326).geometry.iloc[0]
    complete, onset = truth.complete.date(), truth.onset.date()
    now = str(complete + dt.timedelta(10)), min(str(complete + dt.timedelta(370)), END)
    before = (START, str(onset - dt.timedelta(2))) if with_before else None
    found = change.measure(stack_of_world(world), outline, *now, before=before).to_row()
    return {"seed": seed, "truth_m2": truth.plot_area_m2, "yard_m2": truth.cooling_yard_m2, **found}


def summary(name: str, seeds: Iterable[int], with_before: bool) -> str:
    """Return one line of figures for some seeds."""
    rows = pd.DataFrame([measured(seed, with_before) for seed in seeds])
    low, best, high = (rows[f"plot_area_m2_{k}"].astype(float) for k in ("low", "best", "high"))
    told, bounded = best.notna(), low.notna() & best.isna()
    held = (low <= rows.truth_m2) & (high.isna() | (high >= rows.truth_m2))
    error = (best / rows.truth_m2 - 1)[told]
    upper = rows.cooling_yard_m2_high.astype(float)
    return (
        f"SIMULATED, {name}: {len(rows)} sites, best value of {told.sum()}, interval holds {(held & told).sum()}; only bounds "
        f"{bounded.sum()}, hold {(held & bounded).sum()}; bias {error.mean():.1%}, RMSE {np.sqrt((error**2).mean()):.1%}; "
        f"median width {((high - low) / best)[told].median():.0%}; yard within its bound "
        f"{(upper >= rows.yard_m2)[upper.notna()].sum()} of {upper.notna().sum()}"
    )


if __name__ == "__main__":
    print(summary("with a time before", WITH, True))
    print(summary("without", WITHOUT, False))
