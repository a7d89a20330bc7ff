"""Count false dates and false buildings on SIMULATED ground where nothing was built."""

from __future__ import annotations

import datetime as dt
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from scipy import ndimage, stats

from benchmarks.change.roofs import END, START
from benchmarks.sections import seeds, share
from osint import change
from osint import simulated as simulate
from osint.change import detect, landcover, stack
from osint.simulated.spectra import SPECTRA
from tests.simulated_data import dataset

BANDS = ("B02", "B04", "B08", "B11")
BLOCK_PX = 14
CELL_PX = 64
SKY_PX = 3 * CELL_PX
LONG_AGO = dt.date(2019, 1, 1)
STANDING = {
    "old bright roof": "bright roof",
    "old dark roof": "dark roof",
    "old solar field": "solar field",
    "old greenhouse": "greenhouse",
    "salt pan, flooded every spring": "salt pan",
    "snow patch": "snow patch",
}
"""Grounds on which something stands from long before the series; the others are bare or sown."""
GROUNDS = ("gravel and soil", "fields, another crop or none each year", "dry lake", *STANDING)
MOVING = (GROUNDS[1], "salt pan, flooded every spring", "snow patch")
AREA_PX = 384
DECOYS = {
    "quarry": 6, "pile": 4, "earthworks": 4, "solar field": 5, "greenhouse": 5, "salt pan": 4, "snow patch": 4,
    "old roof": 2, "old roof, cleared": 2,
}  # fmt: skip


def farmed(world: simulate.World, bands: Sequence[str] = BANDS) -> xr.Dataset:
    """Return the scenes of a world each of whose fields bears another crop, or none, every year."""
    rng = np.random.default_rng([world.seed, 80])
    layers, count = world._layers, world.size_px // BLOCK_PX + 1
    parts = []
    for year in sorted({d.year for d in world.dates}):
        crop = np.kron(rng.choice([0.0, 0.4, 0.8, 1.2], (count, count)), np.ones((BLOCK_PX, BLOCK_PX)))
        vigour = np.clip(layers["vigour"] * crop[: world.size_px, : world.size_px], 0, 1).astype(np.float32)
        sown = replace(world, _layers={**layers, "vigour": vigour}, _cache=OrderedDict())
        parts.append(dataset(sown, [i for i, d in enumerate(world.dates) if d.year == year], bands))
    data = xr.concat(parts, dim="time")
    data.attrs = parts[0].attrs
    return data


def thing(
    rng: np.random.Generator, kind: str, name: str, hectares: tuple[float, float], **how: Any
) -> simulate.Feature:
    """Return a feature that changes within the series, its size and dates drawn at random."""
    low, high = hectares
    complete = dt.date(2023, 1, 1) + dt.timedelta(int(rng.uniform(400, 940)))
    given: dict[str, Any] = {
        "area_m2": 1e4 * float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        "onset": complete - dt.timedelta(int(rng.uniform(20, 240))),
        "complete": complete,
        "aspect": float(rng.uniform(1, 2.2)),
        "angle_deg": float(rng.uniform(0, 180)),
        "brightness": float(rng.normal(1, 0.12)),
        **how,
    }
    return simulate.Feature(kind=kind, name=name, **given)


def cell(k: int) -> dict[str, float]:
    """Return the centre of cell `k` of the nine of a sky."""
    return {"row_px": CELL_PX * (k // 3 + 0.5), "col_px": CELL_PX * (k % 3 + 0.5)}


def still(seed: int, cloud: float) -> tuple[simulate.World, xr.Dataset]:
    """Return a world of nine grounds on which nothing is built, in the order of GROUNDS, and its scenes."""
    rng = np.random.default_rng([seed, 81])
    long_ago: dict[str, Any] = {"onset": LONG_AGO, "complete": LONG_AGO + dt.timedelta(100)}
    features = [
        thing(rng, STANDING.get(ground, "no change"), ground, (0.5, 2), **cell(k), **long_ago,
              misread_as_cloud=float(rng.choice([0.0, 0.25, 0.6])))
        for k, ground in enumerate(GROUNDS)
    ]  # fmt: skip
    world = simulate.make_world(seed, SKY_PX, START, END, cloud=cloud, features=features, spectra_spread=0.15,
                           jitter_px=float(rng.choice([0.2, 0.4, 0.7])))  # fmt: skip
    bare, vigour = world._layers["bare"].copy(), np.zeros_like(world._layers["vigour"])
    fields = slice(0, CELL_PX), slice(CELL_PX, 2 * CELL_PX)
    plots = (CELL_PX // BLOCK_PX + 1,) * 2
    vigour[fields] = np.kron(rng.uniform(0.5, 1, plots), np.ones((BLOCK_PX, BLOCK_PX)))[:CELL_PX, :CELL_PX]
    # a shore that runs anywhere, so that the outline lies on the lake and its surroundings partly beside it
    lake = np.zeros(vigour.shape)
    lake[CELL_PX // 2, 5 * CELL_PX // 2] = 1
    lake = ndimage.gaussian_filter(lake, rng.uniform(8, 16))
    ragged = 4.444 * ndimage.gaussian_filter(rng.normal(size=lake.shape), 3)
    lake = np.clip(3 * lake / lake.max() + ragged - 0.8, 0, 1)
    lake[:, : 2 * CELL_PX] = lake[CELL_PX:] = 0
    crust = SPECTRA["playa"][:, None, None] * (1 + world._layers["texture"])
    bare = bare * (1 - lake) + crust * lake
    made = replace(
        world, _layers={**world._layers, "bare": bare.astype(np.float32), "vigour": vigour.astype(np.float32)}
    )
    return made, farmed(made)


def outlines_dated(seeds: Iterable[int], cloud: float) -> pd.DataFrame:
    """Return one row an outline on which nothing was built: ground, dated, stated without reserve, called a building."""
    out = []
    for seed in seeds:
        world, data = still(seed, cloud)
        for ground, outline in zip(GROUNDS, world.truth.to_crs(4326).geometry, strict=True):
            rows = change.date_change(stack.stack_of_dataset(data), outline, START, END).rows
            said = [r for r in rows if r["onset_high"] or r["roofed_best"]]
            out.append({"seed": seed, "ground": ground, "dated": bool(said), "plain": any(not r["cannot_tell"] for r in said),
                        "building": any(map(building, said)), "rows": said})  # fmt: skip
    return pd.DataFrame(out)


def building(row: dict[str, Any]) -> bool:
    """Return whether a row is more likely a building than not."""
    return row["kind"] in landcover.BUILDINGS and row["probability"] >= 0.5


def busy(seed: int, cloud: float, dust: float) -> tuple[simulate.World, xr.Dataset]:
    """Return a world full of what is no new building, in thirty-six places, and its scenes."""
    rng = np.random.default_rng([seed, 82])
    features = []
    for kind, count in DECOYS.items():
        for k in range(count):
            name = f"{kind} {k}"
            if kind.startswith("old"):
                gone = (
                    {"removed": dt.date(2023, 1, 1) + dt.timedelta(int(rng.uniform(300, 800)))} if "," in kind else {}
                )
                features.append(thing(rng, ("bright roof", "dark roof")[k], name, (0.5, 3), onset=LONG_AGO,
                                      complete=LONG_AGO, **gone))  # fmt: skip
            elif kind == "pile":
                features.append(thing(rng, "quarry", name, (0.1, 0.5), brightness=float(rng.uniform(1, 1.35))))
            else:
                features.append(thing(rng, kind, name, (0.5, 6)))
    jitter = float(rng.choice([0.2, 0.4, 0.7]))
    world = simulate.make_world(seed, AREA_PX, START, END, cloud=cloud, dust=dust, features=features, jitter_px=jitter,
                           spectra_spread=0.15)  # fmt: skip
    return world, farmed(world)


def area_searched(seed: int) -> tuple[list[dict[str, Any]], float]:
    """Return what was called a building in one area where nothing was built, and km2 x years."""
    world, data = busy(seed, (0.35, 0.5)[seed % 2], (0.07, 0.15)[seed // 2 % 2])
    side, t = world.size_px * 10, world.transform
    inside = shapely.box(t.c + 50, t.f - side + 50, t.c + side - 50, t.f - 50)
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    where = shapely.transform(inside, to_degrees.transform, interleaved=False)
    found = detect.new_structures(stack.stack_of_dataset(data), where, START, END).buildings
    truth = world.truth.to_crs(4326)
    said = []
    for outline, rows in found.groupby(found.geometry.to_wkb()):
        beside = truth[truth.intersects(shapely.from_wkb(outline))]
        what = beside.outline_id.iloc[0].rsplit(" ", 1)[0] if len(beside) else "open ground"
        said.append({"seed": seed, "on": what, **rows.iloc[0].drop("geometry").to_dict()})
    return said, inside.area / 1e6 * 3


def fields_dated(seeds: Iterable[int]) -> pd.DataFrame:
    """Return one row a solar field or greenhouse: how long it took, its size, and whether it was called a building."""
    out = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 83])
        features = []
        for k in range(9):
            kind = ("solar field", "greenhouse")[k % 2]
            one = thing(rng, kind, f"{kind} {k}", (0.5, 6), **cell(k))
            took = int(rng.uniform(90, 240) if k < 5 else rng.uniform(15, 60))
            features.append(replace(one, onset=one.complete - dt.timedelta(took)))
        world = simulate.make_world(seed, SKY_PX, START, END, cloud=(0.35, 0.6)[seed % 2], features=features,
                               spectra_spread=0.15, jitter_px=float(rng.choice([0.2, 0.4, 0.7])))  # fmt: skip
        data = dataset(world, bands=BANDS)
        for outline, feature in zip(world.truth.to_crs(4326).geometry, features, strict=True):
            rows = change.date_change(stack.stack_of_dataset(data), outline, START, END).rows
            took = (feature.complete - feature.onset).days
            out.append({"seed": seed, "kind": feature.kind, "took": took, "ha": feature.area_m2 / 1e4,
                        "building": any(map(building, rows)), "rows": rows,
                        "said": Counter(str(r["kind"]) for r in rows).most_common(1)[0][0]})  # fmt: skip
    return pd.DataFrame(out)


def rate(count: int, exposure: float) -> str:
    """Return events per 100 km2 and year with their 95% interval (Poisson, exact)."""
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(0.975, 2 * count + 2) / 2
    return f"{100 * count / exposure:.2f} ({100 * low / exposure:.2f}-{100 * high / exposure:.2f})"


def told(row: dict[str, Any]) -> str:
    """Return a row of `date_change` in few words."""
    half = (
        f"half {row['roofed_low']} to {row['roofed_high']}"
        if row["roofed_best"]
        else f"ground {row['onset_low']} to {row['onset_high']}"
    )
    return f"{row['kind']} {row['probability']:.2f}, {half}" + (
        " (with reserve)" if isinstance(row["cannot_tell"], str) else ""
    )


def listed(false: Iterable[str]) -> Iterator[str]:
    """Yield a list below a table."""
    lines = [f"- {line}" for line in false]
    yield from ["", *lines] if lines else []


def outlines(portion: float) -> Iterator[str]:
    """Yield the lines of the part on single outlines."""
    skies = seeds(3000, 36, portion)
    frame = outlines_dated(skies, 0.6)
    yield (
        "## False dates where nothing was built\n\nWritten by `python -m benchmarks.change still`. SIMULATED, three years, one scene "
        f"every 5 days, 60% cloud, winters with snow; {len(skies)} skies (seeds {skies[0]} to {skies[-1]}) with nine outlines of "
        "0.5 to 2 ha each, dated by the search in time; in brackets 95% intervals (Wilson), which take the outlines of a "
        "sky as independent. Without reserve: `cannot_tell` is empty. Fields, salt pan and snow patch change every year: the patch lies from the "
        "end of October to the end of April, and a date of it is a date of snow, which is no building.\n"
    )
    yield "| ground | n | any date given | without reserve | called a building |\n|---|---|---|---|---|"
    moving = frame.ground.isin(MOVING)
    sums = (("all that holds still", frame[~moving]), ("all that changes with the year", frame[moving]))
    # a ground with no date at all is in the sums
    each = [(ground, rows) for ground, rows in frame.groupby("ground", sort=False) if rows.dated.any()]
    for ground, rows in [*each, *sums]:
        yield f"| {ground} | {len(rows)} | {share(rows.dated, 1)} | {share(rows.plain, 1)} | {share(rows.building, 1)} |"
    yield "\nOf the false dates, without those of snow, and all false buildings:"
    yield from listed(
        f"seed {r.seed}, {r.ground}: {'; '.join(map(told, r.rows))}"
        for r in frame[frame.dated & (frame.ground != "snow patch") | frame.building].itertuples()
    )


def areas(portion: float) -> Iterator[str]:
    """Yield the lines of the part on areas."""
    skies = seeds(3100, 10, portion)
    each = [area_searched(seed) for seed in skies]
    false, exposure = [f for said, _ in each for f in said], sum(e for _, e in each)
    yield (
        "## False buildings over areas where nothing was built\n\nWritten by `python -m benchmarks.change decoys`. SIMULATED, three years, 35 or 50% "
        f"cloud, some with much dust, fields with another crop or none each year; {len(skies)} areas, each its own ground and sky "
        f"(seeds {skies[0]} to {skies[-1]}), searched by `new_structures`. {sum(DECOYS.values())} decoys stand on each, "
        "denser than anywhere on the ground. In brackets 95% intervals (Poisson for rates, Wilson for shares).\n"
    )
    yield "| false buildings | in | share, or per 100 km2 and year |\n|---|---|---|"
    tally = Counter(f["on"] for f in false)
    yield f"| {len(false)} in all | {exposure:.0f} km2 x years | {rate(len(false), exposure)} |"
    yield f"| {tally['open ground']} on open ground | {exposure:.0f} km2 x years | {rate(tally['open ground'], exposure)} |"
    none = [kind for kind in DECOYS if not tally[kind]]
    stood = sum(DECOYS[kind] for kind in none) * len(skies)
    if none:
        yield f"| 0 on {'; '.join(none)} | {stood} | {share([False] * stood, 1)} |"
    for kind in (kind for kind in DECOYS if tally[kind]):
        stands = DECOYS[kind] * len(skies)
        yield f"| {tally[kind]} on {kind} | {stands} | {share([True] * tally[kind] + [False] * (stands - tally[kind]), 1)} |"
    yield from listed(f"seed {f['seed']}, {f['on']}: {told(f)}" for f in false)


def fields(portion: float) -> Iterator[str]:
    """Yield the lines of the part on solar fields and greenhouses."""
    skies = seeds(3200, 16, portion)
    frame = fields_dated(skies)
    yield (
        "## Solar fields and greenhouses\n\nWritten by `python -m benchmarks.change fields`. SIMULATED, three years, 35 or 60% cloud, "
        f"{len(skies)} skies (seeds {skies[0]} to {skies[-1]}), 0.5 to 6 ha, through `date_change`; in brackets 95% intervals (Wilson).\n"
    )
    yield "| object, put up in | n | called a building | said to be |\n|---|---|---|---|"
    for (kind, slow), rows in frame.groupby(["kind", frame.took > 75]):
        said = ", ".join(f"{n} {what}" for what, n in Counter(rows.said).most_common())
        yield f"| {kind}, {'90 to 240' if slow else '15 to 60'} days | {len(rows)} | {share(rows.building, 1)} | {said.replace('None', 'nothing')} |"
    for kind, rows in frame.groupby("kind"):
        yield f"| {kind}, all | {len(rows)} | {share(rows.building, 1)} | |"
    yield from listed(
        f"seed {r.seed}, {r.kind} of {r.ha:.1f} ha in {r.took} days: {'; '.join(map(told, r.rows))}"
        for r in frame[frame.building].itertuples()
    )
