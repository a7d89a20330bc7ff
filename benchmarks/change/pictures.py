"""Draw a found, a refused and a wrong case of the SIMULATED benchmark for docs/change.md."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from benchmarks.change import roofs as trials
from osint import change
from osint.change import stack
from tests.simulated_data import dataset

CASES = {
    "found": (1201, 0.3, trials.END),
    "refused": (1343, 0.6, "2025-10-09"),
    "wrong": (1388, 0.6, trials.END),
}
"""Seed, cloud and last day of each."""


def draw(name: str, seed: int, cloud: float, end: str, folder: Path) -> None:
    """Write change_{name}.png: whiteness against the surroundings, intervals as bars, the truth dashed."""
    world = trials.one_roof(seed, cloud)
    source = stack.stack_of_dataset(dataset(world))
    told = change.date_change(source, trials.outline_of(world), trials.START, end)
    figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
    if told.seen is not None:
        axes.plot(pd.to_datetime(told.seen.days, unit="D"), told.seen.whiteness(), ".", color="0.2", ms=5)
    colours = {"onset": "tab:brown", "roofed": "tab:blue", "complete": "tab:green"}
    said = []
    for row in told.rows:
        said.append(row["cannot_tell"] or f"{row['kind']}, half covered {row['roofed_low']} to {row['roofed_high']}")
        for number, (what, colour) in enumerate(colours.items()):
            if row[f"{what}_high"]:
                low = row[f"{what}_low"] or trials.START
                share = 0.02 + 0.05 * number
                axes.axvspan(*pd.to_datetime([low, row[f"{what}_high"]]), share, share + 0.04, color=colour, alpha=0.8)
    truth = world.truth.iloc[0]
    for what, when in (("onset", truth.onset), ("roofed", truth.roofed_half), ("complete", truth.complete)):
        axes.axvline(when, color=colours[what], ls="--", lw=1, label={"onset": "ground broken"}.get(what, what))
    axes.set_xlim(pd.Timestamp(trials.START), pd.Timestamp(end))
    axes.set_ylabel("whiteness less surroundings\n(B02 - 0.7 B11, reflectance)")
    axes.set_title(f"SIMULATED, {name} (seed {seed}, {cloud:.0%} cloud): " + "; ".join(said), fontsize=9, loc="left")
    axes.legend(loc="upper left", fontsize=8, title="true date")
    figure.savefig(folder / f"change_{name}.png", dpi=90, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    for case, (seed, cloud, end) in CASES.items():
        draw(case, seed, cloud, end, Path("docs"))
