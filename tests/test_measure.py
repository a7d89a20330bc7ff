"""Roof, plot and the bound on a cooling yard, on SIMULATED worlds."""

import datetime as dt
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from scipy import ndimage

from osint import change, cli
from osint import simulated as simulate
from osint.change import series, stack
from osint.change.measure import PAIRED_SCENES, _same_seasons
from osint.change.plot import measure_plot
from osint.change.reasons import Reason, sentence
from osint.change.roof import SHARP
from osint.errors import BadInputError, OsintError
from osint.simulated import demo
from tests import pages
from tests.simulated_data import dataset, stack_of_world

DAY = dt.date.fromisoformat
BEFORE, NOW = ("2023-01-01", "2023-07-30"), ("2024-04-01", "2024-12-31")
SIZE_PX = 112


def world(seed=1, cloud=0.3, **how):
    given = {"kind": "bright roof", "area_m2": 1e4, "pad_ratio": 4.0, "angle_deg": 25, **how}
    feature = simulate.Feature(
        onset=DAY("2023-08-01"), complete=DAY("2024-03-20"), row_px=SIZE_PX / 2, col_px=SIZE_PX / 2, name="A", **given
    )
    return simulate.make_world(seed, SIZE_PX, BEFORE[0], NOW[1], 10, cloud=cloud, features=[feature])


def outline_of(made):
    return made.truth.to_crs(4326).geometry.iloc[0]


def measured(made, data=None, before=BEFORE, now=NOW):
    source = stack_of_world(made) if data is None else stack.stack_of_dataset(data)
    return change.measure(source, outline_of(made), *now, before=before).to_row()


@pytest.fixture(scope="module")
def built():
    made = world(yard_m2=2_500)
    return made, dataset(made)


def painted(data, rows, cols, value):
    """Return scenes whose ground of `rows` and `cols` is as bright as `value` after the roof was complete."""
    spoiled = data.copy(deep=True)
    late = np.flatnonzero(data.time.values > np.datetime64("2024-03-20"))
    for band in ("B02", "B04", "B08", "B11"):
        spoiled[band].values[late[0] :, rows, cols] = value
    return spoiled


def test_roof_and_plot_are_measured_and_the_yard_is_only_bounded(built):
    made, _ = built
    truth, found = made.truth.iloc[0], measured(*built)
    assert set(found) == set(change.MEASURED)
    for name in ("roof_area_m2", "plot_area_m2"):
        assert found[f"{name}_low"] <= truth[name] <= found[f"{name}_high"]
    assert found["plot_area_m2_best"] == pytest.approx(truth.plot_area_m2, rel=0.1)
    assert found["plot_cannot_tell"] is None
    assert found["cooling_yard_m2_low"] is found["cooling_yard_m2_best"] is None
    assert truth.cooling_yard_m2 == 2_500
    assert found["cooling_yard_m2_high"] == found["plot_area_m2_high"] - found["roof_area_m2_low"]
    assert "parking" in found["yard_cannot_tell"]
    assert "on the roof" in found["yard_cannot_tell"]


def test_an_answer_is_the_same_twice(built):
    assert measured(*built) == measured(*built)


def test_pictures_before_that_lie_a_pixel_off_or_carry_a_wrong_offset_change_little(built):
    made, data = built
    plain, early = measured(made, data)["plot_area_m2_best"], data.time.values < np.datetime64("2023-08-01")
    shifted, lifted = data.copy(deep=True), data.copy(deep=True)
    for band in SHARP:
        shifted[band].values[early] = np.roll(data[band].values[early], (1, 1), (1, 2))
        lifted[band].values[early] += 0.1
    assert measured(made, shifted)["plot_area_m2_best"] == pytest.approx(plain, rel=0.03)
    assert measured(made, lifted)["plot_area_m2_best"] == pytest.approx(plain, rel=0.03)


def test_a_road_to_the_plot_is_cut_off_and_a_square_that_leaves_the_window_opens_it(built):
    made, data = built
    plain, middle = measured(made, data), SIZE_PX // 2
    road = measured(made, painted(data, slice(middle, middle + 2), slice(middle, None), 0.15))
    assert road["plot_area_m2_best"] == pytest.approx(plain["plot_area_m2_best"], rel=0.03)
    wide = measured(made, painted(data, slice(middle - 10, middle + 10), slice(middle + 8, None), 0.15))
    assert "out of the window" in wide["plot_cannot_tell"]
    assert wide["plot_area_m2_best"] is wide["plot_area_m2_high"] is wide["cooling_yard_m2_high"] is None
    assert wide["plot_area_m2_low"] > plain["plot_area_m2_low"]


YARD, GRAVEL, ROOF = (0.18, 0.28, 0.33), (0.105, 0.155, 0.19), (0.43, 0.45, 0.44)


def drawn(ground, beside=YARD):
    """Return what was before and after (plain pictures, no weather) of a roof on a pad of 30 x 40 pixels, and its place.

    `ground` (80, 80, 3) is the ground before; 5 x 16 pixels of `beside` lie next to the roof, up to the edge of the pad.
    """
    rng = np.random.default_rng(3)
    built, cover = ground.copy(), np.zeros((80, 80))
    built[25:55, 20:60] = YARD
    built[45:55, 30:46] = beside
    built[35:45, 30:46] = ROOF
    cover[35:45, 30:46] = 1
    blurred = [ndimage.gaussian_filter(a, (0.6, 0.6, 0)) + rng.normal(0, 0.003, a.shape) for a in (ground, built)]
    before, after = (
        xr.Dataset({b: (("time", "y", "x"), a[None, ..., k]) for k, b in enumerate(SHARP)}) for a in blurred
    )
    core = ndimage.binary_erosion(cover > 0.99)
    return (
        before,
        after,
        series.Footprint(cover=cover, core=core, ring=np.zeros_like(core), area_m2=16_000, latitude_deg=43.0),
    )


@pytest.mark.parametrize("beside", [YARD, GRAVEL, (0.05, 0.06, 0.07), (0.14, 0.21, 0.25)])
def test_the_plot_is_counted_to_a_pixel_whatever_lies_beside_the_roof(beside):
    before, after, place = drawn(np.tile(GRAVEL, (80, 80, 1)), beside)
    found = measure_plot(after, before, place)
    assert found.doubts == ()
    assert abs(int(found.likely.sum()) - 1200) <= 35
    assert found.area.low_m2 <= 120_000 <= found.area.high_m2


@pytest.mark.parametrize(("blind", "upper"), [(slice(0, 26), False), (slice(14, 26), True)])
def test_ground_that_had_the_colour_of_the_yard_leaves_no_best_value(blind, upper):
    ground = np.tile(GRAVEL, (80, 80, 1))
    ground[20 if upper else 0 : 60, blind] = YARD
    before, after, place = drawn(ground)
    found = measure_plot(after, before, place)
    assert found.doubts[0].reason in (Reason.BLIND_GROUND, Reason.BLIND_OUT_OF_WINDOW)
    assert "would not show" in sentence(found.doubts[0])
    assert found.area.best_m2 is None
    assert found.area.low_m2 <= 120_000
    assert (found.area.high_m2 or np.inf) >= 120_000
    assert (found.area.high_m2 is not None) == upper


def test_what_was_not_built_has_no_plot(built):
    made, data = built
    found = measured(made, data, ("2023-01-01", "2023-04-01"), ("2023-04-02", "2023-07-30"))
    assert "as it did before" in found["plot_cannot_tell"]
    assert found["plot_area_m2_low"] is found["plot_area_m2_high"] is found["cooling_yard_m2_high"] is None
    # the yard was scraped before the time before, the roof was not there yet
    late = measured(made, data, ("2023-09-01", "2024-01-15"))
    assert "next to the roof" in late["plot_cannot_tell"]


def test_restless_surroundings_are_named(built):
    made, data = built
    every = [slice(k, k + 7) for k in range(0, SIZE_PX, 14)]
    spoiled = data
    for cols in every:
        spoiled = painted(spoiled, slice(0, 30), cols, 0.2)
        spoiled = painted(spoiled, slice(82, None), cols, 0.2)
    found = measured(made, spoiled)
    assert "surroundings changed" in found["plot_cannot_tell"]
    assert found["plot_area_m2_best"] is None


def test_too_few_scenes_are_named(built):
    made, data = built
    found = measured(made, data, ("2022-01-01", "2022-02-01"))
    assert "fewer than 3 clear scenes before" in found["plot_cannot_tell"]
    assert found["roof_area_m2_best"]
    with pytest.raises(OsintError, match="widen the dates"):
        measured(made, data, None, now=("2019-01-01", "2019-02-01"))
    with pytest.raises(OsintError, match="must end before"):
        measured(made, data, ("2023-01-01", "2024-05-01"))
    with pytest.raises(OsintError, match="must end before"):
        change.measure_outlines(
            stack.stack_of_dataset(data),
            made.truth[["outline_id", "geometry"]],
            *NOW,
            before=("2024-01-01", "2024-05-01"),
        )


def test_without_a_time_before_the_plot_is_told_from_its_surroundings_or_not_at_all(built):
    made, data = built
    found, truth = measured(made, data, None), made.truth.iloc[0].plot_area_m2
    assert found["plot_area_m2_low"] is None or found["plot_area_m2_low"] <= truth
    assert found["plot_area_m2_high"] is None or found["plot_area_m2_high"] >= truth


def test_seasons_are_matched_and_clouds_avoided():
    def scenes(year, cloud):
        when = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="10D", tz="UTC")
        return pd.DataFrame({"id": range(len(when)), "datetime": when, "cloud_pct": cloud})

    now, earlier = _same_seasons(scenes(2024, 5.0), scenes(2023, [80.0, 0.0, 0.0] * 12 + [0.0]))
    assert len(now) == len(earlier) == PAIRED_SCENES
    apart = np.abs(now["datetime"].dt.day_of_year.to_numpy() - earlier["datetime"].dt.day_of_year.to_numpy())
    assert np.minimum(apart, 365 - apart).max() <= 11
    assert earlier["cloud_pct"].max() == 0


def test_a_simulated_yard_lies_on_its_pad_beside_the_roof():
    made = world(yard_m2=2_500, yard_kind="dark building")
    (placed,) = made._placed
    roof = placed.parts.sum(axis=0)
    assert placed.yard.sum() * 100 == pytest.approx(2_500, rel=0.02)
    assert (placed.yard * roof).sum() < 0.5
    assert (placed.yard * (1 - placed.pad)).sum() < 0.5
    assert made.truth.iloc[0].cooling_yard_m2 == 0
    assert made.truth.iloc[0].plot_area_m2 == pytest.approx(40_000)
    with pytest.raises(OsintError, match="does not fit"):
        world(yard_m2=9_000, pad_ratio=2.0)
    with pytest.raises(OsintError, match="Options are: cooling yard"):
        world(yard_m2=2_500, yard_kind="garden")


def test_measure_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    feature = simulate.Feature(
        "bright roof", 1e4, DAY("2023-08-01"), DAY("2024-03-20"), row_px=48, col_px=48, name="A", pad_ratio=3
    )
    made = demo.make_demo(3, 96, "2023-04-01", "2024-08-31", revisit_days=40, features=[feature], cloud=0.0, dust=0.0)
    made.frame_px, made.inset_px = 256, (60, 80)
    for name in made.world.ids:
        # one scene after the other: threads that ask for many at once would render each several times
        for band in (*SHARP, "SCL"):
            made.file(name, band)
    made.world.truth.to_crs(4326)[["outline_id", "geometry"]].to_file(tmp_path / "outlines.geojson")
    with demo.served(made):
        given = ["measure", str(tmp_path / "outlines.geojson"), "--catalogue", made.catalogue, "--collection", demo.COLLECTION,
                 "--start", "2024-04-01", "--end", "2024-10-31", "--out", str(tmp_path / "measured.geojson")]  # fmt: skip
        assert cli.main([*given, "--before-start", "2023-04-01"]) == 2
        assert "both ends" in capsys.readouterr().err
        assert cli.main([*given, "--before-start", "2023-04-01", "--before-end", "2023-07-30"]) in (0, None)
    said = capsys.readouterr().out
    assert "a cooling yard has an upper bound at most" in said
    assert "SIMULATED" in said
    (row,) = json.loads((tmp_path / "measured.geojson").read_text())["features"]
    told, truth = row["properties"], made.world.truth.iloc[0]
    assert tuple(told) == ("outline_id", *change.MEASURED, "simulated")
    assert told["plot_area_m2_low"] <= truth.plot_area_m2 <= told["plot_area_m2_high"]
    assert told["cooling_yard_m2_best"] is None


@pytest.mark.parametrize(
    ("dates", "why"),
    [
        (("2024-04-01", "2024-10-31", "2023-04-01", "2024-04-01"), "must end before 2024-04-01"),
        (("2024-04-01", "2024-10-31", "2023-07-30", "2023-04-01"), "must end before 2024-04-01"),
        (("2024-10-31", "2024-04-01", "2023-04-01", "2023-07-30"), "is before `start`"),
    ],
)
def test_dates_out_of_order_are_refused_before_anything_is_asked(built, tmp_path, capsys, dates, why):
    built[0].truth.to_crs(4326)[["outline_id", "geometry"]].to_file(tmp_path / "outlines.geojson")
    with pages.served() as served:
        given = [
            "measure",
            str(tmp_path / "outlines.geojson"),
            "--catalogue",
            served.url,
            "--out",
            str(tmp_path / "a.geojson"),
        ]
        names = ("--start", "--end", "--before-start", "--before-end")
        assert cli.main([*given, *(v for pair in zip(names, dates, strict=True) for v in pair)]) == 2
        assert served.asked == []
    said = capsys.readouterr().err.strip()
    assert why in said and "\n" not in said
    assert not (tmp_path / "a.geojson").exists()


def test_an_outline_without_scenes_keeps_its_row(built):
    made, data = built
    outlines = gpd.GeoDataFrame({"outline_id": ["A"]}, geometry=[outline_of(made)], crs=4326)
    (row,) = change.measure_outlines(stack.stack_of_dataset(data), outlines, "2019-01-01", "2019-02-01").to_dict(
        "records"
    )
    assert "widen the dates" in row["plot_cannot_tell"]
    assert pd.isna(row["roof_area_m2_best"])


def test_days_that_are_none_or_out_of_order_are_refused_in_one_sentence(built):
    made, data = built
    held, place = stack.stack_of_dataset(data), outline_of(made)
    outlines = gpd.GeoDataFrame({"outline_id": ["A"]}, geometry=[place], crs=4326)
    asked = (
        held.between,
        *(lambda *days, ask=ask: ask(held, place, *days) for ask in (change.date_change, change.new_structures)),
        lambda *days: change.measure(held, place, *days),
        *(lambda *days, ask=ask: ask(held, outlines, *days) for ask in (change.date_outlines, change.measure_outlines)),
    )
    wrong = {("2023-13-45", "2024-06-30"): "of the calendar", ("foo", "bar"): "'foo' is not a date"}
    wrong[("2024-06-30", "2023-01-01")] = "is before `start`"
    for ask in asked:
        for days, said in wrong.items():
            with pytest.raises(BadInputError, match=said):
                ask(*days)


def test_an_outline_that_crosses_itself_keeps_its_row_with_the_reason(built):
    made, data = built
    place = outline_of(made)
    west, south, east, north = place.bounds
    crossed = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    outlines = gpd.GeoDataFrame({"outline_id": ["crossed", "sound"]}, geometry=[crossed, place], crs=4326)
    found = change.date_outlines(stack.stack_of_dataset(data), outlines, BEFORE[0], NOW[1])
    assert "crosses itself at" in found["cannot_tell"][0] and pd.isna(found["roofed_best"][0])
    assert found["outline_id"].iloc[0] == "crossed" and (found["outline_id"] == "sound").any()
    assert found[found["outline_id"] == "sound"]["roofed_best"].notna().any()
