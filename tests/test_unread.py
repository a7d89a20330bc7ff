"""What could not be read is not what was not there: failures injected in memory and over HTTP."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from pyproj import Transformer
from scipy import ndimage

from osint import change, cli, geo, imagery, simulated
from osint.change import stack
from osint.change.reasons import NOT_READ
from osint.errors import NetworkError
from osint.simulated import demo, server

START, END = "2021-06-01", "2024-05-31"
TO_DEGREES = Transformer.from_crs(32646, 4326, always_xy=True)
SOIL = {"B02": 0.105, "B03": 0.13, "B04": 0.155, "B08": 0.195, "B11": 0.23, "B12": 0.215}
ROOF = {"B02": 0.43, "B03": 0.44, "B04": 0.45, "B08": 0.44, "B11": 0.33, "B12": 0.3}
BANDS = (*SOIL, "scl")


def degrees(west, south, east, north):
    return shapely.box(*TO_DEGREES.transform(west, south), *TO_DEGREES.transform(east, north))


PLACE, HALL = degrees(633_020, 4_795_020, 633_980, 4_795_980), degrees(633_390, 4_795_440, 633_480, 4_795_560)


def world(gap_m=40, size=100, fine=5):
    """Return two halls of 90 x 120 m, `gap_m` apart, built on 1 April 2022."""
    rng, halls = np.random.default_rng(1), np.zeros((size * fine, size * fine))
    for side in (-1, 1):
        near, far = sorted((480 + side * gap_m / 2, 480 + side * (gap_m / 2 + 90)))
        halls[220:280, round(near / 2) : round(far / 2)] = 1
    share = ndimage.gaussian_filter(halls, 0.5 * fine).reshape(size, fine, size, fine).mean((1, 3))
    days = pd.date_range(START, END, freq="10D")
    data = {
        band: (
            ("time", "y", "x"),
            np.float32(
                [
                    ground * (1 + 0.02 * rng.standard_normal((size, size))) * (1 - share * (day >= pd.Timestamp("2022-04-01")))
                    + ROOF[band] * share * (day >= pd.Timestamp("2022-04-01"))
                    for day in days
                ]
            ),
        )
        for band, ground in SOIL.items()
    }  # fmt: skip
    data["scl"] = ("time", "y", "x"), np.full((len(days), size, size), 5, np.uint8)
    made = xr.Dataset(data, {"time": days.values, "id": ("time", [f"s{i}" for i in range(len(days))])})
    made.attrs = {"crs": "EPSG:32646", "transform": (10, 0, 633_000, 0, -10, 4_796_000)}
    return made


WORLD = world()


def failing(broken, bands=BANDS):
    """Return the stack of the world with a reader that fails on those `bands` in the readings that `broken` names."""
    whole, count = stack.stack_of_dataset(WORLD), itertools.count(1)

    def read(rows, place, wanted):
        reading = whole.reader(rows, place, wanted)
        if not broken(next(count), rows):
            return reading
        data = reading.data.copy(deep=True)
        failures = []
        for band in (b for b in data.data_vars if b in bands):
            data[band].values[...] = 0 if band == "scl" else np.nan
            failures += [imagery.Failure(str(name), band, "status 503") for name in data["id"].values]
        return imagery.BandReading(data, reading.cost, tuple(failures))

    return stack.Stack(whole.scenes, read)


def test_when_nothing_can_be_read_that_is_an_error_and_not_cloud():
    with pytest.raises(NetworkError, match=r"could not be read .* same command goes on"):
        change.date_change(failing(lambda n, _: True), HALL, START, END)
    with pytest.raises(NetworkError, match="says nothing of the ground"):
        change.new_structures(failing(lambda n, _: True), PLACE, START, END)


@pytest.mark.parametrize("bands", [("B11",), ("B02",), ("B02", "B11"), ("scl",)])
def test_a_band_that_is_missing_everywhere_is_named(bands):
    with pytest.raises(NetworkError, match=f"files of {bands[-1]}"):
        change.date_change(failing(lambda n, _: True, bands), HALL, START, END)


@pytest.mark.parametrize("after", [1, 2, 4, 6, 8, 11])
def test_a_network_that_goes_away_during_a_search_is_never_no_structures(after):
    try:
        found = change.new_structures(failing(lambda n, _: n > after), PLACE, START, END)
    except NetworkError as error:
        assert "same command goes on" in str(error)
        return
    hit = found.frame[found.frame.intersects(HALL)]
    assert found.stopped or (found.frame["scenes_unread"] > 0).any() or found.stack.unread
    assert 0 < found.searched_share <= 1
    # what the seasons before showed stays, dated or not
    assert len(hit) or after < 5


@pytest.mark.parametrize("seed", range(6))
def test_spoiled_scenes_are_counted_named_and_change_no_date_by_much(seed):
    rng = np.random.default_rng(seed)
    spoiled = set(rng.choice(WORLD["id"].values, 25, replace=False).tolist())
    source = failing_scenes(spoiled)
    (row,) = change.date_change(source, HALL, START, END).rows
    assert row["roofed_low"] <= "2022-04-01" <= row["roofed_high"]
    asked = {failure.id for failure in source.failures}
    assert asked <= spoiled
    assert row["scenes_unread"] == len(asked)
    assert bool(asked) == bool(source.unread)
    assert all(name in source.unread for name in list(dict.fromkeys(f.id for f in source.failures))[:3])


def failing_scenes(spoiled):
    whole = stack.stack_of_dataset(WORLD)

    def read(rows, place, wanted):
        reading = whole.reader(rows, place, wanted)
        data = reading.data.copy(deep=True)
        bad = np.isin(data["id"].values, list(spoiled))
        for band in data.data_vars:
            data[band].values[bad] = 0 if band == "scl" else np.nan
        failures = [
            imagery.Failure(name, band, "spoiled") for name in data["id"].values[bad] for band in data.data_vars
        ]
        return imagery.BandReading(data, reading.cost, tuple(failures))

    return stack.Stack(whole.scenes, read)


def test_an_unchanged_place_of_which_half_could_not_be_read_is_not_known():
    bare = degrees(633_100, 4_795_100, 633_200, 4_795_200)
    half = failing(lambda n, rows: n % 2 == 0, ("B11",))
    try:
        (structure,) = change.date_change(half, bare, START, END).structures
    except NetworkError:
        return
    assert structure.kind is None
    assert any(doubt.reason in NOT_READ for doubt in structure.doubts)


def test_outlines_after_the_network_went_keep_their_row_and_say_why():
    shapes = [HALL, degrees(633_100, 4_795_100, 633_200, 4_795_200)]
    outlines = gpd.GeoDataFrame({"outline_id": ["a", "b"]}, geometry=shapes, crs=4326)
    told = []
    count = itertools.count()
    dated = change.date_outlines(failing(lambda n, _: next(count) > 5), outlines, START, END, tell=told.append)
    assert list(dict.fromkeys(dated["outline_id"])) == ["a", "b"]
    assert "not known" in dated["cannot_tell"].iloc[-1]
    assert len(told) == 2


@pytest.mark.parametrize("gap_m", [10, 15, 25])
def test_a_hall_beside_a_stronger_one_is_found(gap_m):
    found = change.new_structures(stack.stack_of_dataset(world(gap_m)), PLACE, START, END).frame
    halls = [degrees(*sorted((633_480 + s * gap_m / 2, 633_480 + s * (gap_m / 2 + 90)))[:1], 4_795_440,
                     *sorted((633_480 + s * gap_m / 2, 633_480 + s * (gap_m / 2 + 90)))[1:], 4_795_560)
             for s in (-1, 1)]  # fmt: skip
    covered = found.union_all()
    for hall in halls:
        assert covered.intersection(hall).area / hall.area > 0.6
    assert len(found) <= 3


def test_a_roof_that_the_edge_of_the_place_cuts_says_so_and_has_no_area():
    west = degrees(633_020, 4_795_020, 633_430, 4_795_980)
    found = change.new_structures(stack.stack_of_dataset(WORLD), west, START, END).frame
    assert len(found)
    assert found["cannot_tell"].str.contains("edge of the place cuts it").all()
    assert found["roof_area_m2_best"].isna().all()


class Spoiled(demo.Demo):
    """A demo whose files go away: after some answers, of some bands."""

    left, bands, instead = 0, ("B02", "B11", "scl"), None

    def at(self, path, query):
        found = super().at(path, query)
        if found and path.endswith(".tif") and any(f"{band}." in path for band in self.bands):
            self.left -= 1
            if self.left < 0:
                return self.instead
        return found


@pytest.fixture(scope="module")
def served():
    feature = simulated.Feature(
        "bright roof", 15_000, onset=pd.Timestamp("2023-04-01").date(), complete=pd.Timestamp("2023-07-01").date(),
        row_px=36, col_px=36, name="hall",
    )  # fmt: skip
    made_world = simulated.make_world(3, 72, "2022-06-01", "2024-06-30", 20, features=[feature], cloud=0.1, snow=False)
    made = Spoiled(made_world, frame_px=256, inset_px=(60, 80))
    with demo.served(made):
        yield made


PAGE = server.Resource(b"<html>proxy: please log in</html>", "text/html")


@pytest.mark.parametrize(
    ("left", "bands", "instead"),
    [(0, ("B02", "B11", "SCL"), None), (0, ("B11",), None), (4, ("B02", "B11", "SCL"), PAGE), (3, ("B02",), None)],
)
def test_over_http_the_verb_date_ends_with_a_status_and_a_reason(
    served, left, bands, instead, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    served.left, served.bands, served.instead = left, bands, instead
    outline = served.world.truth.to_crs(4326)[["outline_id", "geometry"]]
    geo.write_outlines(outline, tmp_path / "in.geojson")
    line = ["date", str(tmp_path / "in.geojson"), "--catalogue", served.catalogue, "--collection", demo.COLLECTION]
    line += ["--start", "2022-06-01", "--end", "2024-06-30", "--out", str(tmp_path / "out.geojson")]
    code = cli.main(line)
    said = capsys.readouterr()
    assert code == 3
    assert "not known" in said.err
    row = geo.read_outlines(tmp_path / "out.geojson").iloc[0]
    assert "cloud" not in (row["cannot_tell"] or "") or row["scenes_unread"]
