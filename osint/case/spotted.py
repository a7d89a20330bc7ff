"""What a look found, one outline each with its number, and a row of it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from shapely.geometry.base import BaseGeometry

from osint import change

SIMULATED = "SIMULATED: invented ground put at these coordinates; nothing here is a finding about a real place"
WHOLE = "place"
"""Name of the picture of the whole place."""
DRAWN_BY_HAND = "D"
"""First letter of the id of an outline that a person drew; those that were found begin with S."""


@dataclass(frozen=True, slots=True)
class Spotted:
    """One outline in which something changed, with its number."""

    number: int
    """The number of its `outline_id`: S003 is 3."""
    rows: tuple[dict[str, Any], ...]
    """What stood there, one row each (columns of `change.PROPERTIES`, and the outline in degrees)."""
    is_building: bool
    """Whether it is more likely a building than not."""
    pictures: tuple[str, ...]
    """Names of its pictures in `Look.pictures`: before and after, and the series."""

    @property
    def outline_id(self) -> str:
        """Name of the outline in the file."""
        return str(self.rows[0]["outline_id"])

    @property
    def is_drawn(self) -> bool:
        """Whether a person drew it."""
        return self.outline_id.startswith(DRAWN_BY_HAND)

    @property
    def outline(self) -> BaseGeometry:
        """Its outline, degrees."""
        return self.rows[0]["geometry"]

    def text(self) -> str:
        """Return it in one line for each thing that stood there."""
        return "\n".join(f"{self.number:3d}  {described(row)}" for row in self.rows)


def described(row: Mapping[str, Any]) -> str:
    """Return a row of `change.PROPERTIES` in words: kind, roof, dates, and what is not known."""
    area = [row[f"roof_area_m2_{end}"] for end in ("best", "low", "high")]
    said = [str(row["kind"]) if is_known(row["kind"]) else "kind left open"]
    if is_known(row["probability"]):
        said[0] += f" (a building: {row['probability']:.2f})"
    if all(map(is_known, area)):
        said.append(f"roof {area[0]:,.0f} m2 ({area[1]:,.0f} to {area[2]:,.0f})")
    may_be_a_season = change.Reason.SLOW_GROUND.name in str(row["doubts"]).split("|")
    if is_known(row["onset_low"]) and is_known(row["onset_high"]) and not may_be_a_season:
        said.append(f"ground broken {str(row['onset_low'])[:10]} to {str(row['onset_high'])[:10]}")
    is_building = row["kind"] in change.BUILDINGS
    half, whole = ("half covered", "complete") if is_building else ("half of it there", "all of it there")
    for name, words in (("roofed", half), ("complete", whole), ("removed", "removed")):
        if is_known(row[f"{name}_high"]):
            first = row[f"{name}_low"] if is_known(row[f"{name}_low"]) else ".."
            said.append(f"{words} {str(first)[:10]} to {str(row[f'{name}_high'])[:10]}")
    return "; ".join([*said, *([str(row["cannot_tell"])] if is_known(row["cannot_tell"]) else [])])


def is_known(value: object) -> bool:
    """Return whether a cell of a row holds something."""
    return not (value is None or value == "" or bool(pd.isna(value)))
