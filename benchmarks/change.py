"""Score the dating, finding and measuring of structures on SIMULATED scenes with known truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from osint import change, looks, simulate

START, END = "2023-01-01", "2025-12-31"


def one_roof(seed: int, cloud: float = 0.3, kind: str = "bright roof", area_m2: float | None = None) -> simulate.World:
    """Return a world with one roof, everything about it drawn from `seed`."""
    rng = np.random.default_rng([seed, 77])
    complete = dt.date(2023, 1, 1) + dt.timedelta(int(rng.uniform(430, 940)))
    feature = simulate.Feature(
        kind=kind,
        area_m2=area_m2 or float(rng.choice([5e3, 1e4, 2e4, 5e4])),
        onset=complete - dt.timedelta(int(rng.uniform(90, 240))),
        complete=complete,
        ramp_days=float(rng.uniform(10, 40)),
        row_px=48,
        col_px=48,
        aspect=float(rng.uniform(1, 2.2)),
        angle_deg=float(rng.uniform(0, 180)),
        pad_ratio=float(rng.uniform(2, 3.5)),
        steps=int(rng.choice([1, 3])),
        brightness=float(rng.normal(1, 0.12)),
        misread_as_cloud=float(rng.choice([0.0, 0.25, 0.6])),
        name="A",
    )
    return simulate.world(
        seed, 96, START, END, cloud=cloud, features=[feature], jitter_px=float(rng.choice([0.2, 0.4, 0.7])),
        spectra_spread=0.15,
    )  # fmt: skip


def date_roofs(
    seeds: range,
    cloud: float,
    kind: str = "bright roof",
    area_m2: float | None = None,
    exhaustive: bool = False,
) -> pd.DataFrame:
    """Return one row a seed: truth, intervals, errors."""
    out = []
    for seed in seeds:
        world = one_roof(seed, cloud, kind, area_m2)
        truth = world.truth.iloc[0]
        outline = world.truth.to_crs(4326).geometry.iloc[0]
        rows = change.date_change(
            looks.of_dataset(simulate.dataset(world)), outline, START, END, exhaustive=exhaustive
        ).rows
        told = [r for r in rows if r["roofed_best"]]
        row = max(told, key=lambda r: r["probability"]) if told else rows[0]
        out.append({"seed": seed, "found": bool(told), "structures": len(told), "truth": truth, **row})
    return pd.DataFrame(out)


def covers(low: object, high: object, when: pd.Timestamp) -> bool:
    """Return whether dates hold a moment; an open end holds everything beyond."""
    after = low is None or pd.isna(low) or pd.Timestamp(low) <= when
    return after and (high is None or pd.isna(high) or when < pd.Timestamp(high) + pd.Timedelta(days=1))


def summary(frame: pd.DataFrame) -> dict[str, float]:
    """Return the figures of the issue's table for one run."""
    told = frame[frame.found]
    error = [abs((pd.Timestamp(r.roofed_best) - r.truth.roofed_half).days) for r in told.itertuples()]
    area = [r.roof_area_m2_best / r.truth.roof_area_m2 - 1 for r in told.itertuples() if pd.notna(r.roof_area_m2_best)]
    inside = [
        r.roof_area_m2_low <= r.truth.roof_area_m2 <= r.roof_area_m2_high
        for r in told.itertuples()
        if r.roof_area_m2_best
    ]
    named = [r for r in told.itertuples() if r.onset_low]
    width = [(pd.Timestamp(r.roofed_high) - pd.Timestamp(r.roofed_low)).days for r in told.itertuples()]

    def cover(low: str, high: str, what: str, rows: list) -> float:
        return float(np.mean([covers(getattr(r, low), getattr(r, high), r.truth[what]) for r in rows]))

    rows = list(told.itertuples())
    return {
        "n": len(frame),
        "told": len(told) / len(frame),
        "extra": float((told.structures > 1).mean()),
        "error_d": float(np.median(error)),
        "p90_d": float(np.quantile(error, 0.9)),
        "width_d": float(np.median(width)),
        "half": cover("roofed_low", "roofed_high", "roofed_half", rows),
        "complete": cover("complete_low", "complete_high", "complete", rows),
        "onset": cover("onset_low", "onset_high", "onset", rows),
        "onset_named": len(named) / max(len(rows), 1),
        "onset_named_cover": cover("onset_low", "onset_high", "onset", named) if named else np.nan,
        "bias": float(np.mean(area)),
        "rmse": float(np.sqrt(np.mean(np.square(area)))),
        "area": float(np.mean(inside)),
    }
