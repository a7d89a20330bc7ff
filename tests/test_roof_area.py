"""The area of a roof does not depend on how its outline was drawn."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from osint.change.roof import roof_area
from osint.change.series import Footprint

SIDE, FINE = 60, 8
ROOF, YARD, GROUND = np.array([[0.45, 0.50, 0.55], [0.2, 0.28, 0.34], [0.12, 0.19, 0.25]])


def square(side_m, row_m=303.0, col_m=298.0):
    """Return (y, x) share of each pixel of 10 m inside a square."""
    at = (np.arange(SIDE * FINE) + 0.5) * 10 / FINE
    inside = (np.abs(at - row_m) < side_m / 2)[:, None] & (np.abs(at - col_m) < side_m / 2)
    return inside.astype(float).reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3))


def picture(side_m, beside_m=None, seed=0):
    rng = np.random.default_rng(seed)
    roof = square(side_m) if beside_m is None else np.maximum(square(side_m), square(side_m, col_m=298 + beside_m))
    yard = np.maximum(square(side_m + 60) - roof, 0)
    bands = {}
    for k, name in enumerate(("B02", "B04", "B08")):
        seen = ROOF[k] * roof + YARD[k] * yard + GROUND[k] * (1 - roof - yard)
        seen = ndimage.gaussian_filter(seen, 0.65)
        bands[name] = (("time", "y", "x"), seen + rng.normal(0, 0.004, (4, SIDE, SIDE)))
    return xr.Dataset(bands)


def drawn(side_m, **where):
    cover = square(side_m, **where)
    return Footprint(cover=cover, core=cover > 0.99, ring=cover < 0, area_m2=side_m**2, latitude_deg=43.0)


@pytest.mark.parametrize("side_m", [50.0, 100.0, 223.6])
def test_an_outline_that_is_too_large_too_small_or_shifted_changes_nothing(side_m):
    data = picture(side_m)
    outlines = [drawn(side_m), drawn(side_m + 20), drawn(side_m - 20), drawn(side_m, row_m=313, col_m=288)]
    found = [roof_area(data, outline) for outline in outlines]
    for told in found:
        assert told.low_m2 <= side_m**2 <= told.high_m2
        assert told.best_m2 == pytest.approx(found[0].best_m2, rel=0.05)


def test_two_roofs_side_by_side_keep_their_own_pixels():
    data = picture(80.0, beside_m=80.0)
    one, two = drawn(80.0), drawn(80.0, col_m=378)
    told = roof_area(data, one, beside=two.cover > 0.05)
    assert told.best_m2 == pytest.approx(6_400, rel=0.1)


def test_beside_a_yard_of_its_colour_the_area_begins_at_the_outline():
    data, place = picture(100.0, beside_m=100.0), drawn(100.0)
    ring = ~ndimage.binary_dilation(place.cover > 0.05, iterations=16)
    for around, holds in ((place.ring, False), (ring, True)):
        told = roof_area(data, replace(place, ring=around))
        assert told.best_m2 > 12_000
        assert (told.low_m2 <= 100.0**2) is holds


def test_a_roof_of_the_colour_of_its_yard_has_no_area():
    plain = picture(100.0)
    for name in plain:
        plain[name].values[:] = np.random.default_rng(1).normal(0.2, 0.004, plain[name].shape)
    assert roof_area(plain, drawn(100.0)) is None


def test_what_is_narrower_than_a_pixel_has_no_area_and_not_zero():
    thin = np.zeros((SIDE, SIDE))
    thin[30, 20:36] = 0.4
    place = Footprint(cover=thin, core=thin > 0, ring=thin < 0, area_m2=640.0, latitude_deg=43.0)
    assert roof_area(picture(100.0), place) is None
