"""Draw a structure that was found: before and after, and the series that its dates rest on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import outlines, steps
from osint.change.series import BLUE, Series
from osint.change.stack import RGB, Stack, around

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE_REACH_M = 250.0  # reach of a picture beyond its outline
SAME_PASS_DAYS = 5 / 1440  # scenes of one pass are seconds apart


def draw_structure(
    stack: Stack, row: dict[str, Any], start: str, end: str, path: Path, seen: Series | None = None
) -> list[Path]:
    """Draw a row of `NewStructures.frame`: before and after, and the series `seen` that its dates rest on.

    Without the series the outline is dated once more.
    Returns the files, named after `path` without its suffix and the outline; none where there is no date.
    """
    from matplotlib.figure import Figure

    if pd.isna(row["roofed_best"]):
        return []
    seen = seen or outlines.date_change(stack, row["geometry"], start, end).seen
    if seen is None:
        return []
    named = f"{path.stem}_{row['outline_id']}"
    title = f"{row['outline_id']}: {row['kind']} (a building: {row['probability']:.2f})"
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = []
    complete = row["complete_high"] if pd.notna(row["complete_high"]) else row["roofed_high"]
    roofed = row["roofed_low"] if pd.notna(row["roofed_low"]) else row["roofed_high"]
    low, high = steps.to_days([roofed, complete])
    last_before = np.max(seen.days[seen.days < low], initial=-np.inf)
    first_after = np.min(seen.days[seen.days > high], initial=np.inf)
    if np.isfinite([last_before, first_after]).all():
        days = steps.to_days(stack.scenes["datetime"])
        apart = np.minimum(np.abs(days - last_before), np.abs(days - first_after))
        scenes = stack.scenes[apart < SAME_PASS_DAYS]
        picture = before_after(stack, scenes, row["geometry"], PICTURE_REACH_M, title)
        drawn.append(imagery.save_figure(picture, path.with_name(f"{named}_pair.png")))
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    ax = figure.subplots()
    ax.plot([steps.to_date(d) for d in seen.days], seen.contrast[:, seen.bands.index(BLUE)], ".", color="0.25")
    roofed = [np.datetime64(row[bound]) for bound in ("roofed_low", "roofed_high")]
    ax.axvspan(*roofed, color="0.8", label="half covered, 90%")
    ax.set_ylabel("blue, outline less\nsurroundings (reflectance)")
    simulated = "SIMULATED. " if stack.simulated else ""
    ax.set_title(f"{simulated}{title}, {len(seen.days)} scenes", loc="left", fontsize=9)
    ax.legend(loc="upper left", fontsize=8)
    return [*drawn, imagery.save_figure(figure, path.with_name(f"{named}_series.png"))]


def before_after(stack: Stack, rows: pd.DataFrame, outline: BaseGeometry, reach_m: float, title: str) -> Figure:
    """Draw the first and the last pass of `rows` side by side, `reach_m` around an outline (degrees)."""
    cube = stack.read(rows, around(outline, reach_m), RGB)
    pair = imagery.choose_pair(cube, cube.time.values[0], cube.time.values[-1])
    return imagery.draw_pair(pair, outline, title)
