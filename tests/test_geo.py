import numpy as np
import pyproj
import pytest

from osint import geo
from osint.errors import OsintError

GEOD = pyproj.Geod(ellps="WGS84")
# offsets that two separate libraries gave (metres): Yiwu, Hami, Karamay, Urumqi
PLACES = {
    "Yiwu": (94.697074, 43.254978, 210),
    "Hami": (93.514916, 42.818501, 215),
    "Karamay": (84.867844, 45.602526, 210),
    "Urumqi": (87.6168, 43.8256, 264),
}


def metres(a, b):
    return GEOD.inv(*a, *b)[2]


@pytest.mark.parametrize("name", PLACES)
def test_gcj_offset_is_the_published_one(name):
    lon, lat, offset = PLACES[name]
    assert metres((lon, lat), geo.wgs_to_gcj(lon, lat)) == pytest.approx(offset, abs=3)


def test_bd_offset_at_yiwu():
    lon, lat, _ = PLACES["Yiwu"]
    assert metres((lon, lat), geo.from_wgs(lon, lat, "BD-09")) == pytest.approx(1066, abs=3)


def test_bd_offsets_lie_in_the_published_range():
    found = [metres((lon, lat), geo.from_wgs(lon, lat, "BD-09")) for lon, lat, _ in PLACES.values()]
    assert min(found) > 1020 and max(found) < 1115


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_round_trip_under_three_millimetres(datum):
    rng = np.random.default_rng(0)
    for lon, lat in zip(rng.uniform(74, 134, 200), rng.uniform(19, 53, 200), strict=True):
        there = geo.from_wgs(lon, lat, datum)
        assert metres((lon, lat), geo.to_wgs(*there, datum)) < 0.003


def test_outside_china_nothing_moves():
    assert geo.to_wgs(-99.785608, 32.501314, "GCJ-02") == (-99.785608, 32.501314)


def test_unknown_datum_keeps_the_point_and_widens_the_precision(register):
    site = register.site("XJ01")
    assert site["datum"] == "unknown"
    assert geo.precision_km(site) == pytest.approx(site["coord_precision_km"] + geo.UNKNOWN_DATUM_KM)
    abilene = register.site("US01")
    assert geo.precision_km(abilene) == abilene["coord_precision_km"]


def test_swapped_coordinates_raise():
    with pytest.raises(OsintError, match="longitude first"):
        geo.to_wgs(43.25, 94.69, "WGS-84")


def test_circles_have_the_stated_radius(register):
    points = geo.places(register)
    for point, km, ring in zip(points.geometry, points["precision_km"], geo.circles(points).geometry, strict=True):
        far = max(metres((point.x, point.y), c) for c in ring.exterior.coords)
        assert far == pytest.approx(km * 1000, rel=1e-3)
