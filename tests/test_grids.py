import numpy as np
import pytest
import shapely
from pyproj import Geod, Proj, Transformer

from osint import geo, imagery
from osint.errors import OsintError
from osint.imagery import grid


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(93.0, 43.0, 32646), (95.9999, 43, 32646), (96.0, 43, 32647), (-70.6, -33.4, 32719), (180, 0, 32660)],
)
def test_utm_zone_of_a_place(lon, lat, epsg):
    assert imagery.utm_epsg(lon, lat) == epsg


def test_latitude_first_is_refused():
    with pytest.raises(OsintError, match="longitude first"):
        imagery.utm_epsg(43.0, 93.0)


@pytest.mark.parametrize("place", [(93.0, 43.0), (90.05, 43.8), (95.95, 47.5), (103.8, 1.3), (-70.6, -33.4)])
@pytest.mark.parametrize("side_m", [50, 2000, 20_000])
def test_area_in_utm_and_on_the_ellipsoid_agree_within_a_tenth_of_a_percent(place, side_m):
    geod = Geod(ellps="WGS84")
    corners, (lon, lat) = [], place
    for azimuth in (45, 135, 225, 315):
        corners.append(geod.fwd(lon, lat, azimuth, side_m / np.sqrt(2))[:2])
    square = shapely.Polygon(corners)
    truth = abs(geod.geometry_area_perimeter(square)[0])
    zone = imagery.utm_epsg(lon, lat)
    flat = shapely.transform(square, Transformer.from_crs(4326, zone, always_xy=True).transform, interleaved=False)
    assert geo.area_m2(square) == pytest.approx(truth, rel=1e-9)
    assert flat.area / Proj(zone).get_factors(lon, lat).areal_scale == pytest.approx(truth, rel=1e-3)
    assert truth == pytest.approx(side_m**2, rel=1e-3)


def test_hole_is_taken_off_whatever_its_direction():
    shell = shapely.box(93, 43, 93.01, 43.01)
    hole = shapely.box(93.002, 43.002, 93.004, 43.004)
    for ring in (hole.exterior.coords, hole.exterior.coords[::-1]):
        holed = shapely.Polygon(shell.exterior.coords, [ring])
        assert geo.area_m2(holed) == pytest.approx(geo.area_m2(shell) - geo.area_m2(hole), rel=1e-9)


def test_area_of_a_projected_outline_is_that_of_the_ground():
    to = Transformer.from_crs(4326, 3857, always_xy=True).transform
    square = shapely.box(93, 43, 93.01, 43.01)
    flat = shapely.transform(square, to, interleaved=False)
    assert flat.area / geo.area_m2(square) == pytest.approx(grid.mercator_scale(43.005) ** 2, rel=1e-3)


def test_window_is_snapped_and_holds_the_site():
    site = geo.disc(93.5, 42.8, 1234)
    grid = imagery.utm_grid(site, 10)
    west, south, east, north = grid.bounds
    assert (west % 10, north % 10) == (0, 0)
    assert grid.shape == (round((north - south) / 10), round((east - west) / 10))
    assert 2468 <= east - west <= 2490
    assert geo.area_m2(site) == pytest.approx(np.pi * 1234**2, rel=3e-3)


@pytest.mark.parametrize(
    ("site", "match"),
    [
        (shapely.box(500_000, 4_700_000, 500_100, 4_700_100), "not in degrees"),
        (shapely.Polygon(), "empty"),
        ("Hami", "a place is"),
    ],
)
def test_what_is_no_site_is_said(site, match):
    with pytest.raises(OsintError, match=match):
        geo.as_geometry(site)


def test_window_too_large_or_without_metres_is_refused():
    with pytest.raises(OsintError, match="too large"):
        imagery.utm_grid(shapely.box(90, 40, 94, 44))
