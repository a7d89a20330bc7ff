"""Score the dating, finding and measuring of structures on SIMULATED scenes with known truth."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from osint import change, looks, series, simulate, structures, surfaces

DOC = Path("docs/benchmarks.md")

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
    named = [r for r in told.itertuples() if pd.notna(r.onset_low)]
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


def bytes_share(world: simulate.World, bytes_read: int) -> float:
    """Return the bytes read over those of a peer's full cube: five bands of every scene of the same window."""
    outline = world.truth.to_crs(4326).geometry.iloc[0]
    source = looks.of_dataset(simulate.dataset(world, bands=("B02", "B03", "B04", "B08", "B11")))
    source.read(source.scenes, series.window(outline), ("B02", "B03", "B04", "B08", "B11"))
    return bytes_read / source.bytes_read


def quiet(seeds: range) -> pd.DataFrame:
    """Return rows of outlines under 60% cloud where nothing was built."""
    rows = []
    for seed in seeds:
        world = one_roof(seed, 0.6, "no change")
        outline = world.truth.to_crs(4326).geometry.iloc[0]
        rows += change.date_change(looks.of_dataset(simulate.dataset(world)), outline, START, END).rows
    return pd.DataFrame(rows)


def area_run(seed: int) -> tuple[list[str], int, float]:
    """Return which truths of an assorted world were found as buildings, false ones, and km2 x years."""
    world = simulate.world(seed, 256, START, END, cloud=0.35)
    data = simulate.dataset(world, bands=("B02", "B04", "B08", "B11"))
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    t, side = world.transform, world.size_px * 10
    inside = shapely.box(t.c + 50, t.f - side + 50, t.c + side - 50, t.f - 50)
    where = shapely.transform(inside, to_degrees.transform, interleaved=False)
    found = structures.buildings(structures.new_structures(looks.of_dataset(data), where, START, END))
    truth = world.truth.to_crs(4326).drop_duplicates("outline_id")
    roofs = truth[truth.kind.isin(simulate.ROOFS)]
    lines = [
        f"{r.kind} {r.roof_area_m2 / 1e4:g} ha: {'found' if found.intersects(r.geometry).any() else 'missed'}"
        for r in roofs.itertuples()
    ]
    false = sum(not roofs.intersects(g).any() for g in found.geometry.drop_duplicates())
    return lines, false, (side / 1000) ** 2 * 3


def main() -> None:
    """Print the tables and write them to their section of docs/benchmarks.md."""
    runs = {
        "bright, 30% cloud": (range(200, 214), 0.3, "bright roof", None),
        "bright, 60% cloud": (range(220, 230), 0.6, "bright roof", None),
        "dark, 30% cloud": (range(240, 246), 0.3, "dark roof", None),
        "bright 0.25 ha, 30% cloud": (range(250, 254), 0.3, "bright roof", 2500.0),
        "bright 5 ha, 30% cloud": (range(260, 264), 0.3, "bright roof", 50_000.0),
    }
    out = ["| run | n | dated | median error, d | roofed covered | complete covered | onset covered | area bias; RMSE; covered |",
           "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    shares = []
    for name, given in runs.items():
        frame = date_roofs(*given)
        s = summary(frame)
        out.append(
            f"| {name} | {s['n']:.0f} | {s['told']:.0%} | {s['error_d']:.0f} | {s['half']:.0%} | {s['complete']:.0%} | "
            f"{s['onset']:.0%} | {s['bias']:+.1%}; {s['rmse']:.1%}; {s['area']:.0%} |"
        )
        print(out[-1], flush=True)
        seed = given[0][0]
        shares.append(bytes_share(one_roof(seed, *given[1:]), int(frame.bytes_read.iloc[0])))
    out += ["", "| measured | value |", "|---|---|"]
    still = quiet(range(300, 310))
    out.append(f"| no change, 60% cloud: a date given | {int(still.onset_high.notna().sum())} of {len(still)} |")
    for kind in ("solar field", "greenhouse"):
        called = date_roofs(range(320, 325), 0.35, kind, 30_000.0)
        wrong = int((called.kind.isin(surfaces.BUILDINGS) & (called.probability >= 0.5)).sum())
        out.append(f"| {kind} of 3 ha called a building | {wrong} of {len(called)} |")
    out.append(f"| bytes over a full cube of five bands | {min(shares):.0%} to {max(shares):.0%} |")
    lines, false, exposure = area_run(400)
    out.append(f"| roofs of one area (seed 400) | {'; '.join(lines)} |")
    out.append(f"| false buildings in it | {false} in {exposure:.0f} km2 x years |")
    print("\n".join(out[-6:]))
    body = (
        "## Change on the ground\n\nWritten by `python -m benchmarks.change`, SIMULATED scenes, three years, one "
        "every 5 days; seeds 200 to 400. Few seeds: one case in ten outlines is ten points. The spectra are those "
        "that the thresholds were made on: a ceiling, not a forecast.\n\n" + "\n".join(out) + "\n"
    )
    write_section(body)


def write_section(body: str) -> None:
    """Put `body`, which starts with its title, in its place in docs/benchmarks.md."""
    text = DOC.read_text(encoding="utf-8")
    title = body.splitlines()[0]
    if title in text:
        head, _, rest = text.partition(title)
        _, mark, tail = rest.partition("\n## ")
        text = head + body + (f"\n## {tail}" if mark else "")
    else:
        text = text.rstrip() + "\n\n" + body
    DOC.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
