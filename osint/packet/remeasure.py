"""Two outlines of one thing, the second drawn without seeing the first: overlap, difference, a row of the register."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import BadInputError
from osint.register import SCHEMAS

_ROUND = 3  # digits of an area by hand


@dataclass(frozen=True, slots=True)
class Remeasured:
    """Two outlines that two persons drew of one thing."""

    first_m2: float
    second_m2: float
    both_m2: float
    """Area of what both drew."""
    either_m2: float
    """Area of what one of them drew."""
    centre: tuple[float, float]
    """Longitude and latitude of the middle of both, degrees (WGS-84)."""

    @property
    def overlap(self) -> float:
        """Share of what either drew that both drew (intersection over union), 0 to 1."""
        return self.both_m2 / self.either_m2 if self.either_m2 else 0.0

    @property
    def difference(self) -> float:
        """Difference of the areas as a share of their mean."""
        return abs(self.first_m2 - self.second_m2) / ((self.first_m2 + self.second_m2) / 2)

    def text(self) -> str:
        """Return it as a sentence."""
        return (
            f"The first outline has {self.first_m2:,.0f} m2, the second, drawn without seeing it, "
            f"{self.second_m2:,.0f} m2: {self.difference:.0%} apart. "
            f"{self.overlap:.0%} of what either drew was drawn by both."
        )

    def to_observation(self, site_id: str, *, date: str, observer: str, quantity: str = "roof_m2") -> dict[str, Any]:
        """Return the row for `register.append_rows`: low and high are what both and what either drew, best their mean.

        Its probability of the place is left empty: two persons who measure one roof do not show whose roof it is.
        """
        low, high = _rounded(self.both_m2), _rounded(self.either_m2)
        best = _rounded((self.first_m2 + self.second_m2) / 2)
        return dict.fromkeys(SCHEMAS["observations"].names, "") | {
            "site_id": site_id,
            "observer": observer,
            "how": "two outlines, the second drawn without seeing the first",
            "date": date,
            "quantity": quantity,
            "low": low,
            "best": min(max(best, low), high),
            "high": high,
            "unit": "m2",
            "lat": round(self.centre[1], 6),
            "lon": round(self.centre[0], 6),
            "position_error_m": round(math.sqrt(self.either_m2 / math.pi)),
            "note": self.text(),
        }


def _rounded(area_m2: float) -> float:
    return float(f"{area_m2:.{_ROUND}g}")


def remeasure(first: str | Path, second: str | Path) -> Remeasured:
    """Return how two files of outlines (degrees, WGS-84; GeoJSON, KML, ...) agree; each may hold several.

    Raises BadInputError for a file without an area, and for outlines that do not touch: those are two things.
    """
    one, other = (_outline(path) for path in (first, second))
    both = _surface(shapely.intersection(one, other))
    if both.is_empty:
        raise BadInputError(
            f"the outlines of {first} and {second} do not overlap, so they are of two things; draw again"
        )
    either = _surface(shapely.union(one, other))
    first_m2, second_m2, both_m2, either_m2 = (geo.area_m2(shape) for shape in (one, other, both, either))
    return Remeasured(first_m2, second_m2, both_m2, either_m2, (either.centroid.x, either.centroid.y))


def _outline(path: str | Path) -> BaseGeometry:
    shape = _surface(shapely.union_all(list(geo.read_features(path).geometry)))
    if shape.is_empty:
        raise BadInputError(f"{path} holds no outline with an area; draw a polygon")
    return shape


def _surface(shape: BaseGeometry) -> BaseGeometry:
    """Return the parts of a geometry that have an area."""
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts) if len(parts) != 1 else parts[0]
