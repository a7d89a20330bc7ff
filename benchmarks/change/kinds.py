"""Score `change.kind` on measured reflectances that were held out, by place and by source.

    python -m benchmarks.change.kinds

Prints a table: log loss (roofs and ground weigh the same), what roofs and ground are called, how often a roof stands
behind each range of the probability. Log loss of saying one half is 0.69. `usgs_splib07.csv` holds 35 rows of the USGS
Spectral Library Version 7 (doi 10.3133/ds1035, public domain), as the library gives them for Sentinel-2: materials were
chosen by name before their values were read, none is a row of `reflectances.csv`, and nothing was fitted to them.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np

from osint.change import kinds, surfaces
from osint.change.surfaces import KIND_BANDS, MADE, ROOFS

EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
BLOCK_PX = 250
PIXELS = ("dabancheng_2020", "us_suburbs_2023", "solar_fields_2022")
SENTINEL_2, DATING = KIND_BANDS, ("B02", "B04", "B08", "B11")
NOVEL_SHARES = tuple(np.arange(0, 0.96, 0.05).round(2).tolist())
Warp = Callable[[str, float], float]


def places(rows: surfaces.Rows) -> np.ndarray:
    """Return the place of each row: a city, a block of a scene, or a material of a collection."""
    text = resources.files("osint.change").joinpath("reflectances.csv").read_text(encoding="utf-8")
    names = [row["row_id"] for row in csv.DictReader(text.splitlines())]
    found = []
    for name, site, source, material in zip(names, rows.site, rows.source, rows.material, strict=True):
        spot = re.match(r"dab_(\d+)_(\d+)", name)
        block = f"{int(spot[1]) // BLOCK_PX} {int(spot[2]) // BLOCK_PX}" if spot else ""
        found.append(f"{source} {material}" if site == source else f"{site} {block}")
    return np.array(found)


def held_out(
    rows: surfaces.Rows, groups: np.ndarray, bands: tuple[str, ...], warp: Warp
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, by row, the probability of a roof, and the most probable surface with its probability."""
    measured = rows.source != MADE
    roof, surface, sure = np.full(len(groups), np.nan), np.full(len(groups), "", object), np.full(len(groups), np.nan)
    for group in np.unique(groups[measured]):
        chosen = (groups == group) & measured
        known = surfaces.likelihood(rows.only(~chosen))
        for number in np.flatnonzero(chosen):
            values = dict(zip(KIND_BANDS, rows.reflectance[number].tolist(), strict=True))
            seen = {band: warp(band, value) for band, value in values.items() if band in bands}
            found = kinds.probabilities(known, seen, None, 10_000)
            roof[number] = sum(found[one] for one in ROOFS)
            surface[number] = max(found, key=lambda one: found[one])
            sure[number] = found[surface[number]]
    return roof, surface, sure


def line(name: str, rows: surfaces.Rows, found: tuple[np.ndarray, np.ndarray, np.ndarray], chosen: np.ndarray) -> str:
    """Return one row of the table."""
    roof, surface, sure = (part[chosen] for part in found)
    truth = np.isin(rows.surface[chosen], [str(one) for one in ROOFS])
    weight = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    loss = -(weight * np.log(np.where(truth, roof, 1 - roof))).sum()
    called = np.array([str(one) if one not in ROOFS else "roof" for one in surface])
    wrong = (sure >= EDGES[-2]) & (called != np.where(truth, "roof", rows.surface[chosen]))
    bins = []
    for low, high in itertools.pairwise(EDGES):
        inside = (roof >= low) & (roof < high)
        bins.append(f"{truth[inside].mean():.2f} of {inside.sum()}" if inside.any() else "-")
    shares = [
        f"{(roof[truth] >= 0.5).mean():.0%}", f"{((roof[truth] >= 0.2) & (roof[truth] < 0.5)).mean():.0%}",
        f"{(roof[truth] < 0.1).mean():.0%}", f"{(roof[~truth] >= 0.5).mean():.0%}", f"{wrong.sum()}",
    ]  # fmt: skip
    return " | ".join([name, f"{truth.sum()} + {(~truth).sum()}", f"{loss:.2f}", *shares, *bins])


def roofs_held_out(rows: surfaces.Rows, *sources: str) -> np.ndarray:
    """Return the probability of a roof of each row of some sources (NaN of others), all of them held out together."""
    held = np.isin(rows.source, sources)
    known, roof = surfaces.likelihood(rows.only(~held)), np.full(len(held), np.nan)
    for number in np.flatnonzero(held):
        seen = dict(zip(KIND_BANDS, rows.reflectance[number].tolist(), strict=True))
        found = kinds.probabilities(known, seen, None, 10_000, novel_share=0.0)
        roof[number] = sum(found[one] for one in ROOFS)
    return roof


def usgs_row() -> str:
    """Return the row of the table for the USGS library, of which the judge has seen nothing."""
    text = (Path(__file__).parent / "usgs_splib07.csv").read_text(encoding="utf-8")
    measured = list(csv.DictReader(text.splitlines()))
    told = [kinds.kind({band: float(row[band]) for band in KIND_BANDS}) for row in measured]
    truth = np.array([row["is_roof"] == "1" for row in measured])
    roof = np.array([one["building"] for one in told])
    sure = np.array([max(one["by_class"].values()) for one in told])
    weight = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    loss = -(weight * np.log(np.where(truth, roof, 1 - roof))).sum()
    open_ = (roof >= 0.2) & (roof < 0.5)
    shares = [f"{(roof[truth] >= 0.5).sum()}", f"{open_[truth].sum()}", f"{(roof[truth] < 0.1).sum()}"]
    ground = f"{(roof[~truth] >= 0.5).sum()}"
    counts = f"{truth.sum()} + {(~truth).sum()}"
    return " | ".join(["USGS library", counts, f"{loss:.2f}", *shares, ground, f"{(sure >= EDGES[-2]).sum()} at 0.9"])


def by_source(rows: surfaces.Rows) -> None:
    """Print, by source held out, the log loss with shares of novel materials: none, NOVEL_SHARE, and a nested choice.

    Nested: the share with the least loss, half of it of roofs and half of ground, on the other sources, each held out
    together with the one that is judged.
    """
    prior = sum(kinds.PRIOR[one] for one in ROOFS)
    truth = np.isin(rows.surface, [str(one) for one in ROOFS])
    sources = [str(one) for one in np.unique(rows.source[rows.source != MADE])]
    pairs = {frozenset(pair): roofs_held_out(rows, *pair) for pair in itertools.combinations(sources, 2)}

    def losses(roof: np.ndarray, share: float) -> np.ndarray:
        mixed = (1 - share) * roof + share * prior
        return np.asarray(-np.log(np.where(truth, mixed, 1 - mixed)))

    def balanced(loss: np.ndarray) -> float:
        return float(np.nanmean(loss[truth]) + np.nanmean(loss[~truth])) / 2

    every = {name: np.full(len(truth), np.nan) for name in ("none", "all", "nested", "prior")}
    print("source | roofs + ground | loss without | with | nested share | nested | prior | wrong at 0.9 without | with")
    for source in sources:
        of, roof, others = rows.source == source, roofs_held_out(rows, source), np.full(len(truth), np.nan)
        for other in set(sources) - {source}:
            others[rows.source == other] = pairs[frozenset((source, other))][rows.source == other]
        share = min(NOVEL_SHARES, key=lambda one: balanced(losses(others, one)))
        for name, used in (("none", 0.0), ("all", kinds.NOVEL_SHARE), ("nested", share), ("prior", 1.0)):
            every[name][of] = losses(roof, used)[of]
        means = [f"{every[name][of].mean():.2f}" for name in every]
        sure = -math.log(1 - EDGES[-2])
        wrong = [str(int((every[name][of] >= sure).sum())) for name in ("none", "all")]
        counts = f"{(truth & of).sum()} + {(~truth & of).sum()}"
        print(" | ".join([source, counts, *means[:2], f"{share:.2f}", *means[2:], *wrong]))
    print("all, roofs and ground weighing the same:", {name: round(balanced(loss), 3) for name, loss in every.items()})


def main() -> None:
    """Print the tables."""
    rows = surfaces.measured_rows()
    real = np.isin(rows.source, PIXELS)
    measured = rows.source != MADE
    by_place = places(rows)

    def haze(band: str, value: float) -> float:
        return value + {"B02": 0.02, "B03": 0.013, "B04": 0.008}.get(band, 0.002)

    def plain(_: str, value: float) -> float:
        return value

    trials: list[tuple[str, np.ndarray, tuple[str, ...], Warp]] = [
        ("by place", by_place, SENTINEL_2, plain),
        ("by place, four bands", by_place, DATING, plain),
        ("by place, haze", by_place, SENTINEL_2, haze),
        ("by place, low sun", by_place, SENTINEL_2, lambda _, value: 0.75 * value),
        ("by source", rows.source, SENTINEL_2, plain),
    ]
    ranges = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(EDGES)]
    said = ["roofs at 0.5 or more", "0.2 to 0.5", "below 0.1", "ground at 0.5 or more", "wrong at 0.9 or more"]
    print(" | ".join(["held out", "roofs + ground", "log loss", *said, *ranges]))
    for name, groups, bands, warp in trials:
        found = held_out(rows, groups, bands, warp)
        print(line(f"{name}, all", rows, found, measured))
        print(line(f"{name}, real pixels", rows, found, real))
    print(usgs_row())
    by_source(rows)


if __name__ == "__main__":
    main()
