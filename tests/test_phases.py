"""Sites that were covered part by part: the parts, their dates and their areas against a known truth."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from osint.change import phases, series, steps
from osint.change.roof import roof_area
from osint.change.series import Footprint

SIDE = 40
DAYS = pd.date_range("2023-01-05", "2025-12-25", freq="11D")
ROOF, GROUND, YARD = (0.43, 0.30), (0.10, 0.23), (0.18, 0.38)
"""Reflectance in B02 and B11."""


def picture(covered_on: np.ndarray, seed: int = 1, scatter: float = 0.012, even_days: float = 12.0) -> xr.Dataset:
    """Return scenes of 40 x 40 pixels whose pixels turn to roof from the days `covered_on` (NaN: never) on."""
    rng = np.random.default_rng(seed)
    age = DAYS.to_julian_date().to_numpy()[:, None, None] - 2440587.5 - covered_on
    share = np.nan_to_num(np.clip(age / even_days, 0, 1))
    yard = np.zeros((SIDE, SIDE), bool)
    yard[10:30, 6:34] = True
    bands = {}
    for k, band in enumerate(("B02", "B11")):
        ground = np.where(yard, YARD[k], GROUND[k])
        values = ground * (1 - share) + ROOF[k] * share
        haze = rng.normal(0, scatter / 2, (len(DAYS), 1, 1))
        bands[band] = (("time", "y", "x"), values + haze + rng.normal(0, scatter, values.shape))
    bands["scl"] = (("time", "y", "x"), np.full((len(DAYS), SIDE, SIDE), 5))
    return xr.Dataset(bands, coords={"time": DAYS.to_numpy()})


def outline() -> Footprint:
    cover = np.zeros((SIDE, SIDE))
    cover[14:26, 10:30] = 1.0
    ring = np.zeros((SIDE, SIDE), bool)
    ring[:4] = ring[-4:] = True
    return Footprint(cover=cover, core=cover > 0.5, ring=ring, area_m2=24_000.0, latitude_deg=43.0)


def covered(*days: str) -> np.ndarray:
    """Return the day on which each pixel is begun: equal strips from west to east, one a date."""
    out = np.full((SIDE, SIDE), np.nan)
    for columns, day in zip(np.array_split(np.arange(10, 30), len(days)), days, strict=True):
        out[14:26, columns[0] : columns[-1] + 1] = steps.to_days([day])[0]
    return out


def split(data: xr.Dataset) -> list[Footprint]:
    place = outline()
    return phases.phases(data, place, series.extract_series(data, place, ("B02", "B11")))


@pytest.mark.parametrize("days", [("2024-03-01", "2024-09-01"), ("2023-08-01", "2024-05-01", "2025-02-01")])
def test_parts_with_a_rest_between_are_told_apart_and_dated_each(days):
    data = picture(covered(*days))
    found = split(data)
    assert [p.area_m2 for p in found] == pytest.approx([24_000 / len(days)] * len(days), rel=0.15)
    for piece, day in zip(found, days, strict=True):
        own = series.extract_series(data, piece, ("B02", "B11"))
        (step,) = steps.date_step(own.days, own.whiteness())
        assert step.low <= np.datetime64(day) + np.timedelta64(6, "D") <= step.high


def test_parts_come_in_the_order_in_which_they_were_covered():
    found = split(picture(covered("2024-09-01", "2024-03-01")))
    assert found[0].cover[:, 20:].sum() > 100 > found[0].cover[:, :20].sum()


def test_a_roof_laid_from_one_side_to_the_other_is_one():
    days = [str(d.date()) for d in pd.date_range("2024-03-01", periods=10, freq="12D")]
    assert len(split(picture(covered(*days)))) == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_roof_that_comes_up_evenly_is_one_and_so_is_bare_ground(seed):
    assert len(split(picture(covered("2024-06-01"), seed, even_days=40))) == 1
    assert len(split(picture(np.full((SIDE, SIDE), np.nan), seed))) == 1


def test_pixels_scattered_over_the_outline_are_no_part():
    early, late = (steps.to_days([d])[0] for d in ("2024-03-01", "2024-10-01"))
    mixed = covered("2024-03-01")
    mixed = np.where(np.isfinite(mixed), np.where(np.indices(mixed.shape).sum(axis=0) % 2, early, late), np.nan)
    assert len(split(picture(mixed))) == 1


def test_the_areas_of_neighbours_add_up_to_the_whole():
    data = picture(covered("2024-03-01", "2024-09-01"))
    last = data.isel(time=slice(-8, None))
    whole = roof_area(last, outline()).best_m2
    one, two = split(data)
    areas = [roof_area(last, p, beside=q.cover > 0.05).best_m2 for p, q in ((one, two), (two, one))]
    assert sum(areas) == pytest.approx(whole, rel=0.02)
    assert areas == pytest.approx([12_000, 12_000], rel=0.1)
