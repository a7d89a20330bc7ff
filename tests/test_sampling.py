"""The search in time: what it reads, what it misses, what it costs against reading everything."""

import datetime as dt
import functools

import numpy as np
import pandas as pd
import pytest

from osint import change
from osint import simulated as simulate
from osint.change import sampling, series, stack
from tests.simulated_data import dataset

START, END = "2022-01-01", "2024-12-31"
DAY = dt.date.fromisoformat


def world(features, seed=1, **how):
    how = {"cloud": 0.3, "snow": False, **how}
    return simulate.make_world(seed, 72, START, END, 6, features=features, **how)


def roof(kind="bright roof", **how):
    given = {"onset": DAY("2023-03-01"), "complete": DAY("2023-08-20"), "row_px": 36, "col_px": 36, "name": "A", **how}
    return simulate.Feature(kind=kind, area_m2=8_000, **given)


class Counted:
    """A SIMULATED world whose reader remembers which bands of which scenes were asked for."""

    def __init__(self, made):
        self.truth = made.truth.iloc[0]
        self.outline = made.truth.to_crs(4326).geometry.iloc[0]
        self.data = dataset(made, bands=("B02", "B04", "B08", "B11"))
        self.looks = stack.stack_of_dataset(self.data)
        self.looks.scenes["cloud_pct"] = made.cloud_cover
        self.asked = set()
        whole = self.looks.reader

        def reader(rows, geometry, bands):
            self.asked |= {(i, b) for i in rows["id"] for b in (*bands, "scl")}
            return whole(rows, geometry, bands)

        self.looks.reader = reader

    @functools.cached_property
    def dated(self):
        return change.date_change(self.looks, self.outline, START, END)

    def share(self):
        """Return the bytes asked for over five bands of every scene of the same window."""
        own = {"B11": 0.5, "B12": 0.5, "scl": 0.25}
        return sum(own.get(b, 2.0) for _, b in self.asked) / (8.5 * self.data.sizes["time"])


@pytest.fixture(scope="module")
def built():
    return Counted(world([roof()]))


def test_a_search_costs_a_fraction_of_five_bands_and_holds_the_truth(built):
    row = built.dated.rows[0]
    assert row["roofed_low"] <= str(built.truth.roofed_half.date()) <= row["roofed_high"]
    # 183 scenes in three years: of the 219 of a five-day revisit it is 0.059. It was below 0.06 of these before scenes
    # after what may be a roof were read in red too, because it may have been a slab, and below 0.072 before all scenes
    # were read in B12, which tells a roof from its slab
    assert built.share() < 0.085
    assert row["kind"] == "bright roof"
    assert row["roof_area_m2_low"] <= built.truth.roof_area_m2 <= row["roof_area_m2_high"]


def test_classifications_are_read_only_of_scenes_that_a_look_asks_for(built):
    assert built.dated
    scenes = {i for i, _ in built.asked}
    assert len(scenes) < 0.4 * built.data.sizes["time"]
    assert len({i for i, b in built.asked if b == "B02"}) < 0.8 * len(scenes)
    assert len({i for i, b in built.asked if b == "B08"}) <= 2 * sampling.PICTURE_SCENES


def test_nothing_built_under_cloud_gives_no_date_and_stays_cheap():
    still = Counted(world([roof("no change")], seed=3, cloud=0.6))
    row = still.dated.rows[0]
    assert row["roofed_best"] is None
    assert row["onset_high"] is None
    assert still.share() < 0.06


def test_a_structure_that_stood_between_two_probes_is_found():
    gone = Counted(world([roof(complete=DAY("2023-06-01"), removed=DAY("2023-12-20"))], seed=4))
    row = gone.dated.rows[0]
    assert row["roofed_low"] <= str(gone.truth.roofed_half.date()) <= row["roofed_high"]
    assert row["removed_low"] <= "2023-12-27"
    assert row["removed_high"] >= "2023-12-13"


def test_looks_misread_as_clear_do_not_send_the_search_the_wrong_way(built):
    """Every probe before the step that hits a cloud called clear looks like a roof."""
    spoiled = Counted(world([roof()]))
    rng = np.random.default_rng(5)
    before = pd.DatetimeIndex(spoiled.data.time.values) < "2023-06-01"
    for k in np.flatnonzero(before & (rng.random(len(before)) < 0.08)):
        for band in ("B02", "B04", "B08", "B11"):
            spoiled.data[band][k, 25:47, 25:47] = 0.5
    row = max(spoiled.dated.rows, key=lambda r: r["probability"] or 0)
    assert row["roofed_low"] <= str(spoiled.truth.roofed_half.date()) <= row["roofed_high"]


def test_no_usable_scene_is_said_after_all_were_looked_at(built):
    data = built.data.copy()
    data["scl"] = data["scl"] * 0 + 9
    source = stack.stack_of_dataset(data)
    gathered = sampling.bisected(source, source.scenes, built.outline, stack.BANDS)
    assert gathered.data is None
    assert gathered.usable == 0
    assert gathered.listed == data.sizes["time"]


def test_a_band_that_was_not_read_is_missing_and_refuses_no_scene(built):
    source = stack.stack_of_dataset(built.data)
    gathered = sampling.bisected(source, source.scenes, built.outline, stack.BANDS)
    seen = series.extract_series(gathered.data, gathered.footprint, stack.BANDS)
    red = seen.inside[:, stack.BANDS.index("B04")]
    assert 0 < np.isfinite(red).sum() <= sampling.PICTURE_SCENES
    assert np.isfinite(seen.inside[:, 0]).all()


def test_bytes_of_a_scene_in_memory_count_once(built):
    source = stack.stack_of_dataset(built.data)
    where = series.surroundings_box(built.outline)
    data = source.read(source.scenes, where, ("B02",))
    first = source.bytes_read
    source.read(source.scenes, where, ("B02", "B11"))
    pixels = data.sizes["time"] * data.sizes["y"] ** 2
    assert first > 0
    assert 0 < source.bytes_read - first <= 0.5 * 1.2 * pixels
