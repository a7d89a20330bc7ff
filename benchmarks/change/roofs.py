"""Score the dating, finding and measuring of structures on SIMULATED scenes with known truth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from benchmarks.sections import seeds, share
from osint import change
from osint import simulated as simulate
from osint.change import detect, landcover, series, stack
from tests.simulated_data import dataset

START, END = "2023-01-01", "2025-12-31"
GROSS_DAYS = 10


def one_roof(
    seed: int, cloud: float = 0.3, kind: str = "bright roof", area_m2: float | None = None, **how: Any
) -> simulate.World:
    """Return a world with one structure, everything about it drawn from `seed`; `how` goes to `simulate.make_world`."""
    rng = np.random.default_rng([seed, 77])
    complete = dt.date(2023, 1, 1) + dt.timedelta(int(rng.uniform(430, 940)))
    feature = simulate.Feature(
        kind="bright roof" if kind in ("two phases", "cleared again") else kind,
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
        misread_as_cloud=float(rng.choice([0.0, 0.25, 0.6])) if "misread" not in how else how.pop("misread"),
        name="A",
    )
    features = [feature]
    if kind == "two phases":
        sooner = {"complete": complete - dt.timedelta(120), "onset": feature.onset - dt.timedelta(120)}
        feature = replace(feature, area_m2=12_000.0, aspect=1.0, **sooner)
        later = feature.complete + dt.timedelta(int(rng.uniform(110, 300)))
        features = [feature, replace(feature, onset=feature.complete, complete=later)]
    if kind == "cleared again":
        features = [replace(feature, removed=complete + dt.timedelta(int(rng.uniform(100, 150))))]
    return simulate.make_world(
        seed, 96, START, END, cloud=cloud, features=features, spectra_spread=0.15,
        **{"jitter_px": float(rng.choice([0.2, 0.4, 0.7])), **how},
    )  # fmt: skip


def outline_of(world: simulate.World) -> BaseGeometry:
    """Return the lon/lat outline of everything that was built."""
    return world.truth.to_crs(4326).geometry.union_all()


def dated(world: simulate.World, data: xr.Dataset | None = None, exhaustive: bool = False) -> list[dict[str, Any]]:
    """Return the rows of one world, from `data` if it was spoiled."""
    source = stack.stack_of_dataset(dataset(world) if data is None else data)
    return change.date_change(source, outline_of(world), START, END, exhaustive=exhaustive).rows


def date_roofs(seeds: Iterable[int], cloud: float, kind: str = "bright roof", area_m2: float | None = None,
               exhaustive: bool = False) -> pd.DataFrame:  # fmt: skip
    """Return one row a seed and true structure: truth, intervals, errors."""
    out = []
    for seed in seeds:
        world = one_roof(seed, cloud, kind, area_m2)
        rows = dated(world, exhaustive=exhaustive)
        told = [r for r in rows if r["roofed_best"]]
        for truth in world.truth.itertuples():
            row = min(told, key=lambda r: _apart(r, truth)) if told else rows[0]
            out.append({"seed": seed, "found": bool(told), "structures": len(told), "truth": truth, **row})
    return pd.DataFrame(out)


def _apart(row: dict[str, Any], truth: Any) -> float:
    if pd.isna(truth.roofed_half):
        return -row["probability"]
    return abs((pd.Timestamp(row["roofed_best"]) - truth.roofed_half).days)


def covers(low: object, high: object, when: pd.Timestamp) -> bool:
    """Return whether dates hold a moment; an open end holds everything beyond."""
    after = low is None or pd.isna(low) or pd.Timestamp(low) <= when
    return after and (high is None or pd.isna(high) or when < pd.Timestamp(high) + pd.Timedelta(days=1))


def summary(name: str, frame: pd.DataFrame) -> str:
    """Return the row of the issue's table for one run."""
    rows = list(frame[frame.found].itertuples())
    error = [abs((pd.Timestamp(r.roofed_best) - r.truth.roofed_half).days) for r in rows]
    width = [(pd.Timestamp(r.roofed_high) - pd.Timestamp(r.roofed_low)).days for r in rows]
    named = [r for r in rows if pd.notna(r.onset_low)]
    measured = [r for r in rows if pd.notna(r.roof_area_m2_best)]
    area = np.array([r.roof_area_m2_best / r.truth.roof_area_m2 - 1 for r in measured])
    held = [r.roof_area_m2_low <= r.truth.roof_area_m2 <= r.roof_area_m2_high for r in measured]

    def cover(low: str, high: str, what: str, rows: list[Any]) -> str:
        return share(covers(getattr(r, low), getattr(r, high), getattr(r.truth, what)) for r in rows)

    measure = f"{area.mean():+.1%}; {np.sqrt(np.mean(area**2)):.1%}" if len(area) else "-"
    times = f"{np.median(error):.0f}; {np.quantile(error, 0.9):.0f}; {np.median(width):.0f}" if error else "-"
    calls = share(r.kind in landcover.BUILDINGS and r.probability >= 0.5 for r in rows)
    return (
        f"| {name} | {len(frame)} | {len(rows) / len(frame):.0%} | {calls} | "
        f"{times} | "
        f"{cover('roofed_low', 'roofed_high', 'roofed_half', rows)} | {sum(grossly(r) for r in rows)} | "
        f"{cover('complete_low', 'complete_high', 'complete', rows)} | "
        f"{cover('onset_low', 'onset_high', 'onset', rows)}; {len(named)} named, "
        f"{cover('onset_low', 'onset_high', 'onset', named)} | "
        f"{measure}; {share(held)} |"
    )


def grossly(row: Any) -> bool:
    """Return whether the half-covered interval, stated without reserve, misses by more than GROSS_DAYS."""
    early = (pd.Timestamp(row.roofed_low) - row.truth.roofed_half).days
    late = (row.truth.roofed_half - pd.Timestamp(row.roofed_high)).days
    return not row.cannot_tell and max(early, late) > GROSS_DAYS


def bytes_share(world: simulate.World, bytes_read: int) -> float:
    """Return the bytes read over those of a peer's full cube: five bands of every scene of the same window."""
    cube = ("B02", "B03", "B04", "B08", "B11")
    source = stack.stack_of_dataset(dataset(world, bands=cube))
    source.read(source.scenes, series.surroundings_box(outline_of(world)), cube)
    return bytes_read / source.bytes_read


def spoiled(name: str, seed: int) -> tuple[simulate.World, xr.Dataset]:
    """Return a world with one bright roof and its scenes with one fault put in."""
    how: dict[str, Any] = {"dust": {"dust": 0.4}, "SCL calls the roof cloud on 60%": {"misread": 0.6}}.get(name, {})
    world = one_roof(seed, **how)
    data = dataset(world).copy(deep=True)
    half = np.random.default_rng([seed, 5]).random(data.sizes["time"]) < 0.5
    bands = [b for b in data if b != "scl"]
    if name == "half the scenes shifted by 1 px":
        for band in (*bands, "scl"):
            data[band].values[half] = np.roll(data[band].values[half], 1, axis=2)
    if name == "offset of 1000 DN on half the scenes":
        for band in bands:
            data[band].values[half] += 0.1
    if name == "winters missing (November to March)":
        month = pd.DatetimeIndex(data["time"].values).month
        data = data.isel(time=np.flatnonzero((month > 3) & (month < 11)))
    if name == "twelve looks in all":
        clear = np.flatnonzero(np.isin(data["scl"].values, series.CLEAR).mean(axis=(1, 2)) > 0.9)
        data = data.isel(time=clear[np.unique(np.linspace(0, len(clear) - 1, 12).astype(int))])
    return world, data


FAULTS = (
    "none", "half the scenes shifted by 1 px", "offset of 1000 DN on half the scenes",
    "winters missing (November to March)", "SCL calls the roof cloud on 60%", "dust", "twelve looks in all",
)  # fmt: skip


def failures(name: str, seeds: Iterable[int]) -> str:
    """Return a row: how often a fault was survived, named, or led to a wrong date."""
    verdicts = []
    for seed in seeds:
        world, data = spoiled(name, seed)
        rows = dated(world, data)
        told = [r for r in rows if r["roofed_best"] and not r["cannot_tell"]]
        truth = world.truth.iloc[0].roofed_half
        off = [
            max((pd.Timestamp(r["roofed_low"]) - truth).days, (truth - pd.Timestamp(r["roofed_high"])).days)
            for r in told
        ]
        verdicts.append(
            "named" if not told else "held" if min(off) <= 0 else "near" if min(off) <= GROSS_DAYS else "wrong"
        )
    counts = [verdicts.count(v) for v in ("held", "near", "named", "wrong")]
    return f"| {name} | {len(verdicts)} | " + " | ".join(map(str, counts)) + " |"


def area_run(seed: int) -> tuple[list[str], int, float]:
    """Return which truths of an assorted world were found as buildings, false ones, and km2 x years."""
    world = simulate.make_world(seed, 256, START, END, cloud=0.35)
    data = dataset(world, bands=("B02", "B04", "B08", "B11"))
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    t, side = world.transform, world.size_px * 10
    inside = shapely.box(t.c + 50, t.f - side + 50, t.c + side - 50, t.f - 50)
    where = shapely.transform(inside, to_degrees.transform, interleaved=False)
    found = detect.new_structures(stack.stack_of_dataset(data), where, START, END).buildings
    truth = world.truth.to_crs(4326).drop_duplicates("outline_id")
    roofs = truth[truth.kind.isin(simulate.ROOFS)]
    lines = [
        f"{r.kind} {r.roof_area_m2 / 1e4:g} ha{'' if pd.isna(r.removed) else ' cleared again'}: "
        f"{'found' if found.intersects(r.geometry).any() else 'missed'}"
        for r in roofs.itertuples()
    ]
    false = sum(not roofs.intersects(g).any() for g in found.geometry.drop_duplicates())
    return lines, false, (side / 1000) ** 2 * 3


RUNS: dict[str, tuple[int, int, float, str, float | None]] = {
    "bright, 30% cloud": (1200, 30, 0.3, "bright roof", None),
    "bright, 60% cloud": (1300, 30, 0.6, "bright roof", None),
    "dark, 30% cloud": (1400, 20, 0.3, "dark roof", None),
    "blue, 30% cloud": (1450, 8, 0.3, "blue roof", None),
    "bright 0.25 ha": (1500, 12, 0.3, "bright roof", 2_500.0),
    "bright 0.5 ha": (1530, 12, 0.3, "bright roof", 5_000.0),
    "bright 1 ha": (1560, 16, 0.3, "bright roof", 10_000.0),
    "bright 5 ha": (1600, 8, 0.3, "bright roof", 50_000.0),
    "two phases of 1.2 ha": (1620, 6, 0.3, "two phases", None),
    "cleared after 100 to 150 days": (1650, 6, 0.3, "cleared again", None),
}
HEAD = (
    "| run | n | dated | called a building | half covered: median error; 90% of errors; width, d | half held | "
    "misses by > 10 d | complete held | ground broken held; named | area bias; RMSE; held |\n|" + "---|" * 10
)


def roofs(portion: float) -> Iterator[str]:
    """Yield the lines of the part on single roofs."""
    yield (
        "## Change on the ground\n\nWritten by `python -m benchmarks.change roofs`. SIMULATED scenes, three years, one every "
        "5 days, seeds 1200 to 1655, none of which was used to set a figure; in brackets 95% intervals of shares. "
        "The spectra are those that the thresholds of kinds were made on: a ceiling, not a forecast. Roofed, complete "
        "and ground broken are stated 90% intervals.\n"
    )
    yield HEAD
    shares = []
    for name, (first, count, *given) in RUNS.items():
        frame = date_roofs(seeds(first, count, portion), *given)
        shares.append(bytes_share(one_roof(first, *given), int(frame.bytes_read.iloc[0])))
        yield summary(name, frame)
    yield f"\nBytes over a full cube of five bands: {min(shares):.0%} to {max(shares):.0%}."


def areas(portion: float) -> Iterator[str]:
    """Yield the lines of the part on areas that are searched."""
    yield (
        "## Buildings found over areas\n\nWritten by `python -m benchmarks.change areas`. SIMULATED scenes, three years, "
        "one every 5 days, 35% cloud, seeds from 1900. Found: listed with a probability of one half or more, which what "
        "stood for less than half a year does not get.\n\n| measured | value |\n|---|---|"
    )
    made = [area_run(seed) for seed in seeds(1900, 5, portion)]
    lines = sorted(line for a in made for line in a[0])
    kinds = sorted({line.split(":")[0] for line in lines})
    tally = [f"{k} {sum(v == f'{k}: found' for v in lines)}/{sum(v.startswith(f'{k}:') for v in lines)}" for k in kinds]
    yield f"| found by `observe` in {len(made)} areas | {'; '.join(tally)} |"
    yield f"| false buildings in them | {sum(a[1] for a in made)} in {sum(a[2] for a in made):.0f} km2 x years |"


def faults(portion: float) -> Iterator[str]:
    """Yield the lines of the part on scenes with a fault."""
    yield (
        "## Faults in the scenes\n\nWritten by `python -m benchmarks.change faults`. SIMULATED scenes, bright roof, 30% cloud, "
        "seeds from 2000.\n\n| fault | n | interval held | missed by up to 10 d | named | wrong |\n|" + "---|" * 6
    )
    for name in FAULTS:
        yield failures(name, seeds(2000, 10, portion))
