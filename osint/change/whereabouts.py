"""State where a site is said to be: a point with a radius, and how probable each spot is by it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from osint import geo
from osint.errors import BadInputError
from osint.register import Register

LEAST_RADIUS_M = 150.0  # of a statement of place: a campus is some hundred metres wide
FARTHEST_M = 2e6  # distance at which the tail of a statement is cut: its formula is that of a plane
MAP_POINTS = 4096  # points per statement that stand for where the site can be
GOLDEN_DEG = 137.50776405  # turn from one point to the next that spreads them evenly
M2_PER_KM2 = 1e6
M_PER_KM = 1e3


class PlaceSource(StrEnum):
    """Who says where the site is."""

    SITE = "register"
    REPORTER = "reporter"
    MAP = "map"
    ADDRESS = "address"


INSIDE_SHARE = {PlaceSource.SITE: 0.9, PlaceSource.REPORTER: 0.9, PlaceSource.MAP: 0.9, PlaceSource.ADDRESS: 0.7}
"""That the site lies within the stated radius; a registered address is often that of an office."""


@dataclass(frozen=True, slots=True)
class PlaceStatement:
    """One statement of where the site is."""

    said_by: PlaceSource
    lon: float
    """Degrees, WGS-84."""
    lat: float
    radius_m: float
    """Radius that holds the site in INSIDE_SHARE of cases."""
    source: str = ""
    """Who, and where it can be read."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius_m) and self.radius_m > 0):
            raise BadInputError(f"a place needs an error over 0 m, not {self.radius_m:g}")
        geo.to_wgs(self.lon, self.lat, "WGS-84")

    @property
    def reach_m(self) -> float:
        """The radius, at least LEAST_RADIUS_M."""
        return max(self.radius_m, LEAST_RADIUS_M)

    def distance_m(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
        """Return the distance of places (degrees) in m."""
        lons, lats = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
        here = (np.full(lons.shape, self.lon), np.full(lons.shape, self.lat))
        return np.asarray(geo.WGS84.inv(*here, lons, lats)[2], float)

    def density_per_km2(self, distance_m: ArrayLike) -> NDArray[np.float64]:
        """Return the probability per km2 at distances (m) from the point that is stated."""
        inside, reach_km = INSIDE_SHARE[self.said_by], self.reach_m / M_PER_KM
        km = np.maximum(np.asarray(distance_m, float) / M_PER_KM, reach_km)
        tail = (1 - inside) * reach_km / (2 * np.pi * km**3)
        return np.where(km > reach_km, tail, inside / (np.pi * reach_km**2))

    def points(self, count: int = MAP_POINTS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lon, lat (degrees) of points of equal probability, always the same ones."""
        inside, turn = INSIDE_SHARE[self.said_by], np.arange(count)
        share = (turn + 0.5) / count
        tail = (1 - inside) / (1 - share)
        metres = self.reach_m * np.where(share < inside, np.sqrt(share / inside), tail)
        azimuth = (turn * GOLDEN_DEG) % 360.0
        here = (np.full(count, self.lon), np.full(count, self.lat))
        lon, lat, _ = geo.WGS84.fwd(*here, azimuth, np.minimum(metres, FARTHEST_M))
        return np.asarray(lon, float), np.asarray(lat, float)


def site_statement(site_id: str, register: Register) -> PlaceStatement | None:
    """Return where sites.csv puts a site, in WGS-84; None without a coordinate or a precision."""
    row = register.site(site_id)
    radius_km = geo.precision_km(row)
    if not np.isfinite(row["lat"]) or not radius_km > 0:
        return None
    lon, lat = geo.to_wgs(row["lon"], row["lat"], row["datum"])
    return PlaceStatement(PlaceSource.SITE, lon, lat, M_PER_KM * radius_km, str(row["coord_level"]))


def in_words(statement: PlaceStatement, lon: float | None, lat: float | None) -> str:
    """Return in words what a statement says, of a place (degrees) how far it lies from that."""
    known = (
        f"the point of the {statement.said_by}" if not statement.source else f"{statement.said_by}: {statement.source}"
    )
    good = f"{known}, good to {_length(statement.reach_m)}"
    if lon is None or lat is None:
        return good
    return f"{_length(float(statement.distance_m(lon, lat)))} from {good}"


def _length(metres: float) -> str:
    return f"{metres / M_PER_KM:.1f} km" if metres >= M_PER_KM else f"{metres:.0f} m"
