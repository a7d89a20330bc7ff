import datetime as dt

import numpy as np
import pytest

from osint import simulated as simulate
from osint.change import stack
from osint.errors import OsintError
from tests.simulated_data import dataset


@pytest.fixture(scope="module")
def world():
    return simulate.make_world(seed=3, size_px=128)


def test_two_worlds_of_one_seed_give_the_same_bytes(world):
    again = simulate.make_world(seed=3, size_px=128)
    assert np.array_equal(again.band(40, "B02"), world.band(40, "B02"))
    assert np.array_equal(again.scl(40), world.scl(40))
    assert not np.array_equal(simulate.make_world(seed=4, size_px=128).band(40, "B02"), world.band(40, "B02"))


def test_bands_come_at_their_native_size_and_type(world):
    assert world.band(0, "B02").shape == (128, 128)
    assert world.band(0, "B11").shape == (64, 64)
    assert world.scl(0).dtype == np.uint8
    assert world.band(0, "B02").dtype == np.uint16


def test_offset_of_1000_starts_with_baseline_04():
    made = simulate.make_world(seed=5, size_px=64, start="2021-10-01", end="2022-04-30", cloud=0, snow=False, dust=0)
    early = [i for i, b in enumerate(made.baselines) if b < "04.00"]
    late = [i for i, b in enumerate(made.baselines) if b >= "04.00"]
    assert made.dates[late[0]] >= dt.datetime(2022, 1, 25, tzinfo=dt.UTC) > made.dates[early[-1]]
    step = np.median(made.band(late[0], "B02")) - np.median(made.band(early[-1], "B02"))
    assert 850 < step < 1150
    data = dataset(made, [early[-1], late[0]], ["B02"])
    assert abs(float(data.B02[0].median() - data.B02[1].median())) < 0.02


def test_mean_cloud_cover_is_what_was_asked_for():
    for cloud in (0.2, 0.35, 0.6):
        covers = simulate.make_world(seed=1, size_px=64, cloud=cloud).cloud_cover
        assert abs(np.mean(covers) / 100 - cloud) < 0.03


def test_roof_shows_between_completion_and_removal():
    day = dt.date(2023, 6, 1)
    feature = simulate.Feature(
        "bright roof",
        1e4,
        day,
        dt.date(2023, 9, 1),
        removed=dt.date(2024, 6, 1),
        row_px=32,
        col_px=32,
        name="A",
    )
    made = simulate.make_world(
        seed=2, size_px=64, end="2024-12-31", cloud=0, snow=False, dust=0, features=[feature], jitter_px=0
    )

    def centre(when):
        i = next(k for k, d in enumerate(made.dates) if d.date() >= when)
        return float(dataset(made, [i], ["B02"]).B02[0, 31:33, 31:33].mean())

    assert centre(dt.date(2023, 9, 5)) > centre(dt.date(2023, 5, 1)) + 0.15
    assert centre(dt.date(2024, 6, 10)) < centre(dt.date(2024, 5, 20)) - 0.15
    row = made.truth.iloc[0]
    assert abs(row.geometry.area - row.roof_area_m2) < 1
    assert row.onset < row.roofed_half < row.complete < row.removed


def test_dataset_window_equals_the_cut_of_the_whole(world):
    west, north = world.transform.c + 200, world.transform.f - 300
    part = dataset(world, [7], ["B11"], bounds=(west, north - 300, west + 400, north))
    whole = dataset(world, [7], ["B11"])
    assert np.array_equal(part.B11.values[0], whole.B11.values[0, 30:60, 20:60])
    assert float(part.x[0]) == pytest.approx(west + 5)


def test_unknown_kind_is_refused_with_the_options():
    with pytest.raises(OsintError, match="Options are: bright roof"):
        simulate.Feature("palace", 1.0, dt.date(2023, 1, 1), dt.date(2023, 1, 2))


def test_snow_and_missing_pixels_are_not_a_clear_sky():
    """A scene of nothing but snow, or without data, shows no ground: it is as useless as one under cloud."""
    data = dataset(simulate.make_world(1, 64, "2023-06-01", "2023-06-30", 10, features=[], cloud=0.0))
    for code, cloud_pct in ((11, 100.0), (0, 100.0), (9, 100.0), (5, 0.0)):
        covered = data.assign(scl=data["scl"] * 0 + code)
        assert (stack.stack_of_dataset(covered).scenes["cloud_pct"] == cloud_pct).all()
