import datetime as dt
import json
import sys
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from osint import chain, geo, imagery
from osint import simulated as simulate
from osint.change import stack, tiles
from osint.change._tile_search import SIDE_PASSES, Target, TileResult, TileState, fit_of, scenes_of_sides
from osint.change.landcover import Kind
from osint.change.locate import PROPERTIES, locate, ranked, search_tile, site_area
from osint.change.roof import AreaInterval
from osint.change.stack import StackSource
from osint.change.structure import Structure
from osint.errors import OsintError
from osint.imagery import catalogue as catalogues
from osint.simulated import demo
from tests.simulated_data import dataset

DAY = dt.date.fromisoformat
START, END = "2022-09-01", "2024-06-30"
TARGET = Target(START, END, "2023-05-01", "2023-11-15", 8_000, 16_000)


def feature(kind, hectares, onset, complete, row, col, name):
    return simulate.Feature(
        kind, hectares * 1e4, onset=DAY(onset), complete=DAY(complete), row_px=row, col_px=col, name=name
    )


FEATURES = [
    feature("bright roof", 1.2, "2023-06-01", "2023-09-10", 40, 40, "T"),
    feature("bright roof", 1.2, "2023-12-01", "2024-03-10", 40, 110, "late"),
    feature("bright roof", 5.0, "2023-06-01", "2023-09-10", 110, 45, "large"),
    feature("salt pan", 3.0, "2023-05-01", "2023-09-01", 110, 110, "S"),
]


@pytest.fixture(scope="module")
def scene():
    world = simulate.make_world(3, 150, START, END, 12, features=FEATURES, cloud=0.3, snow=False)
    data = dataset(world)
    west, south, east, north = world.transform.c, world.transform.f - 1500, world.transform.c + 1500, world.transform.f
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    inner = shapely.box(west + 20, south + 20, east - 20, north - 20)
    return world, data, shapely.transform(inner, to_degrees.transform, interleaved=False)


def run(scene, journal, target=TARGET, side_m=800.0, **how):
    _, data, place = scene
    return locate(lambda geometry: stack.stack_of_dataset(data), place, target, journal, side_m=side_m, **how)


@pytest.fixture(scope="module")
def located(scene, tmp_path_factory):
    journal = tmp_path_factory.mktemp("locate") / "found.tiles.jsonl"
    return run(scene, journal), journal


def test_the_roof_that_fits_comes_first_and_decoys_do_not(scene, located):
    world, _, _ = scene
    found = located[0].found
    truth = world.truth.set_index("outline_id").to_crs(4326).geometry
    first = found.iloc[0]
    assert tuple(found.columns) == (*PROPERTIES, "geometry")
    # 0.65: the share of its interval of dates inside the target is less than before intervals admitted a slab
    assert first["geometry"].intersects(truth["T"]) and first["fit"] > 0.6
    others = found.iloc[1:]
    assert (others["fit"].dropna() < 0.3).all()
    assert list(found["rank"]) == list(range(1, len(found) + 1))
    assert not found[found["fit"] > 0.3].intersects(truth["S"]).any()
    assert located[0].searched_share > 0.95 and located[0].bytes_read > 0


def test_one_roof_on_the_edge_of_tiles_is_one_candidate(scene, located):
    """The same patch seen by two tiles is dropped once, two structures of one patch stay two."""
    results = [TileResult.from_row(line.row) for line in chain.read(located[1]) if line.number > 1]
    one = next(result for result in results if result.candidates)
    twin = replace(one, tile="other", candidates=tuple({**c, "fit_size": 0.0} for c in one.candidates))
    alone, both = ranked([one]), ranked([one, twin])
    assert list(both["outline_id"]) == list(alone["outline_id"]) and "other" not in set(both["tile"])
    made = tiles.utm_tiles(scene[2], 700.0)
    held = [sum(t.holds(g) for t in made) for g in located[0].found.geometry]
    assert set(held) == {1}


def test_a_killed_search_goes_on_where_it_was(scene, located, tmp_path):
    full, journal = located
    lines = journal.read_bytes().splitlines(keepends=True)
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    told = []
    again = run(scene, torn, tell=told.append)
    assert len(told) == 1
    assert torn.read_bytes() == journal.read_bytes()
    assert again.found.to_json() == full.found.to_json()
    done = run(scene, torn, tell=told.append)
    assert len(told) == 1 and done.found.to_json() == full.found.to_json()


def test_a_journal_of_another_search_is_not_mixed_in(scene, located, tmp_path):
    other = Target(START, END, "2023-05-01", "2023-12-15", 8_000, 16_000)
    before = located[1].read_bytes()
    with pytest.raises(OsintError, match="other dates"):
        run(scene, located[1], other)
    assert located[1].read_bytes() == before
    spoiled = tmp_path / "spoiled.jsonl"
    spoiled.write_bytes(before.splitlines(keepends=True)[0] + b"nonsense\n")
    with pytest.raises(OsintError, match="damaged"):
        run(scene, spoiled)


def test_a_tile_that_cannot_be_read_is_named_and_tried_again(scene, tmp_path):
    _, data, place = scene
    calls = []
    early = data.isel(time=np.flatnonzero(data.indexes["time"] < "2023-11-01"))

    def broken(geometry):
        calls.append(geometry)
        if len(calls) == 2:
            raise OsintError("the catalogue does not answer")
        return stack.stack_of_dataset(early)

    journal = tmp_path / "j.jsonl"
    first = locate(broken, place, TARGET, journal, side_m=800.0)
    failed = first.tiles[first.tiles["state"] == TileState.FAILED]
    assert list(failed["why"]) == ["the catalogue does not answer"]
    before = len(calls)
    again = locate(broken, place, TARGET, journal, side_m=800.0)
    assert len(calls) == before + 1 and not (again.tiles["state"] == TileState.FAILED).any()


def test_cloud_and_missing_scenes_are_not_called_searched(scene, tmp_path):
    _, data, place = scene
    clouded = data.copy()
    scl = data["scl"].values.copy()
    scl[:, :, : scl.shape[2] // 2] = 9
    clouded["scl"] = (data["scl"].dims, scl)
    half = locate(lambda g: stack.stack_of_dataset(clouded), place, TARGET, tmp_path / "a.jsonl", side_m=2_000.0)
    assert 0.4 < half.searched_share < 0.6
    when = data.indexes["time"]
    early = data.isel(time=np.flatnonzero(when < "2023-11-01"))
    none = locate(lambda g: stack.stack_of_dataset(early), place, TARGET, tmp_path / "b.jsonl", side_m=2_000.0)
    assert none.searched_share == 0 and (none.tiles["state"] == TileState.TOO_FEW_SCENES).all()
    assert "0 scenes after 2023-11-15" in none.tiles["why"].iloc[0]


def passes(rows):
    """Return scenes as a catalogue gives them: (day, cloud, footprint) each."""
    frame = gpd.GeoDataFrame(
        {"id": [f"P{n}" for n in range(len(rows))], "cloud_pct": [float(r[1]) for r in rows]},
        geometry=[r[2] for r in rows],
        crs=4326,
    )
    return frame.assign(datetime=pd.to_datetime([r[0] for r in rows], utc=True))


def test_a_place_on_the_edge_of_tiles_is_looked_at_as_a_whole():
    """The clear scenes reach the west only: by cloud alone the east would never be read."""
    whole = shapely.box(93, 43, 94, 44)
    west, east = shapely.box(92, 42, 93.5, 45), shapely.box(93.5, 42, 95, 45)
    days = pd.date_range("2022-09-05", "2023-04-30", periods=24).strftime("%Y-%m-%d")
    rows = passes([(day, 0 if n % 2 else 30, west if n % 2 else east) for n, day in enumerate(days)])
    before, after = scenes_of_sides(rows, TARGET, whole)
    assert not len(after)
    assert (before.geometry == west).sum() >= 3 and (before.geometry == east).sum() >= 3


def test_two_tiles_of_one_pass_are_one_look():
    whole = shapely.box(93, 43, 94, 44)
    times = [f"2023-04-{d:02d}T04:40:{s:02d}" for d in range(1, 29, 2) for s in (0, 20)]
    rows = passes([(t, 10, whole) for t in times])
    before, _ = scenes_of_sides(rows, TARGET, whole)
    assert len(before) == 2 * SIDE_PASSES
    assert before["datetime"].dt.date.nunique() == SIDE_PASSES


def test_both_sides_are_looked_at_in_the_same_seasons():
    """After the date only autumn was seen; a spring before it would make a change of every harvest."""
    whole = shapely.box(93, 43, 94, 44)
    spring = [(f"2023-04-{d:02d}", 0, whole) for d in range(1, 21)]
    autumn = [(f"2022-10-{d:02d}", 20, whole) for d in range(1, 21)]
    later = [(f"2023-11-{d:02d}", 20, whole) for d in (15, 16)] + [
        (f"2024-10-{d:02d}", 20, whole) for d in range(1, 21)
    ]
    unknown = [("2022-10-25", float("nan"), whole)]
    rows = passes(autumn + unknown + spring + later)
    before, after = scenes_of_sides(rows, TARGET, whole)
    months = before["datetime"].dt.month
    assert (months == 10).sum() > (months == 4).sum()
    assert set(after["datetime"].dt.month) == {10}


@pytest.mark.parametrize(("latitude", "months"), [(43, {7}), (-30, {1}), (5, {1, 7})])
def test_winter_is_that_of_the_place(latitude, months):
    """July is summer in the north and winter in the south; within the tropics there is no winter."""
    place = shapely.box(93, latitude, 94, latitude + 1)
    days = [f"2023-{month}-{day:02d}" for month in ("01", "07") for day in range(1, 9)]
    target = Target("2022-08-01", "2025-01-31", "2023-07-31", "2024-01-01", 8_000, 16_000)
    before, _ = scenes_of_sides(passes([(day, 0, place) for day in days]), target, place)
    assert set(before["datetime"].dt.month) == months


def test_parts_without_pictures_are_told_from_cloud(scene, tmp_path):
    _, data, place = scene
    holed = data.copy()
    scl, blue = data["scl"].values.copy(), data["B02"].values.copy()
    width = scl.shape[2]
    scl[:, :, : width // 4] = 9
    scl[:, :, -width // 4 :], blue[:, :, -width // 4 :] = 0, np.nan
    holed["scl"], holed["B02"] = (data["scl"].dims, scl), (data["B02"].dims, blue)
    told = locate(lambda g: stack.stack_of_dataset(holed), place, TARGET, tmp_path / "a.jsonl", side_m=2_000.0)
    assert told.searched_share == pytest.approx(0.5, abs=0.1)
    assert told.nodata_share == pytest.approx(0.25, abs=0.05)


def test_fits_are_shares_of_the_interval_inside_the_target():
    summer = {"roofed_low": DAY("2023-08-01"), "roofed_best": DAY("2023-08-15"), "roofed_high": DAY("2023-08-29")}
    autumn = {"roofed_low": DAY("2023-11-01"), "roofed_best": DAY("2023-11-15"), "roofed_high": DAY("2023-11-29")}
    roof = Structure("A", Kind.BRIGHT_ROOF, 0.9, AreaInterval(11_000, 12_000, 13_000), **summer)
    inside = fit_of(roof, TARGET, 20_000)
    assert inside["fit_date"] == 1 and inside["fit_size"] > 0.99 and inside["fit"] == pytest.approx(0.9, abs=0.01)
    edge = fit_of(replace(roof, **autumn), TARGET, 0)
    assert edge["fit_date"] == pytest.approx(0.5, abs=0.01)
    undated = fit_of(replace(roof, roofed_best=None), TARGET, 0)
    assert undated["fit"] is None and undated["fit_size"] > 0.99


@pytest.mark.parametrize(
    ("change", "said"),
    [({"absent": "2024-01-01"}, "order"), ({"start": "June"}, "is not a date"), ({"area_low_m2": 0}, "low <= high")],
)
def test_a_target_that_cannot_be_is_refused(change, said):
    with pytest.raises(OsintError, match=said):
        replace(TARGET, **change)


def test_a_site_is_searched_within_its_precision(register):
    place = site_area("XJ03", register).circle
    area = geo.area_m2(place) / 1e6
    assert area == pytest.approx(np.pi * 16.2**2, rel=0.02)
    with pytest.raises(OsintError, match="no coordinate"):
        site_area("XJ12", register)


def test_memory_is_that_of_a_tile(scene, tmp_path):
    """No window is wider than a tile and its margins, whatever the place."""
    _, data, place = scene
    widest = []

    def watched(geometry):
        seen = stack.stack_of_dataset(data)
        inner = seen.reader

        def read(rows, where, bands):
            part = inner(rows, where, bands)
            widest.append(part.data.sizes["y"] * part.data.sizes["x"])
            return part

        return stack.Stack(seen.scenes, read)

    tile = tiles.utm_tiles(place, 300.0)[5]
    search_tile(watched, tile, place, TARGET)
    assert widest and max(widest) <= (30 + 60 + 4) ** 2


def test_without_dask_the_words_say_what_to_do(scene, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(OsintError, match="pip install distributed"):
        run(scene, tmp_path / "a.jsonl", dask="tcp://127.0.0.1:1")


@pytest.fixture
def county(tmp_path, monkeypatch):
    """A SIMULATED catalogue over HTTP of three tiles that overlap, one of them processed twice; and what it was asked."""
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    imagery.forget_blocks()
    world = simulate.make_world(1, 64, "2023-01-01", "2023-06-30", 10, features=[], cloud=0.3, snow=False)
    asked = []

    class Strip(demo.Demo):
        west_m, tile, baseline = 470_000.0, "46TDN", "05.09"

        def footprint(self):
            square = shapely.box(self.west_m, 4_700_000, self.west_m + 40_000, 4_800_000).segmentize(5_000)
            to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
            return shapely.transform(square, to_degrees.transform, interleaved=False)

        @property
        def ids(self):
            return [f"{name}_{self.tile}_{self.baseline}" for name in world.ids]

        def item(self, i):
            if i == 0:
                asked.append(self.tile)
            item = super().item(i)
            more = {"grid:code": f"MGRS-{self.tile}", "s2:processing_baseline": self.baseline}
            return {**item, "id": self.ids[i], "properties": {**item["properties"], **more}}

    def strip(west_m, tile, baseline):
        made = Strip(world)
        made.west_m, made.tile, made.baseline = west_m, tile, baseline
        return made

    strips = [strip(470_000.0, "46TDN", "05.09"), strip(509_500.0, "46TEN", "05.09"), strip(509_500.0, "46TEN", "05.10"),
              strip(540_000.0, "46TFN", "05.09")]  # fmt: skip
    with demo.served(strips[0], 0, *strips[1:]) as first:
        yield StackSource(first.catalogue, demo.COLLECTION, "2023-01-01", "2023-06-30"), asked


def test_tiles_of_a_block_share_one_list_and_see_what_each_would_have_been_told(county):
    catalogue, asked = county
    to_degrees = Transformer.from_crs(32646, 4326, always_xy=True).transform
    place = shapely.transform(shapely.box(501_000, 4_740_000, 528_000, 4_746_000), to_degrees, interleaved=False)
    made = tiles.utm_tiles(place, 2_000.0)
    shared = [catalogue.shared(t.window()) for t in made]
    assert len(asked) == 4 and len({imagery.block_of(t.core()) for t in made}) == 1
    assert [s.bytes_read > 0 for s in shared] == [True] + [False] * (len(made) - 1)
    kinds = set()
    for tile, seen in zip(made[:14], shared[:14], strict=True):
        own = catalogue(tile.window())
        assert list(seen.scenes.columns) == list(own.scenes.columns)
        assert seen.scenes.drop(columns="footprint_share").equals(own.scenes.drop(columns="footprint_share"))
        assert np.allclose(seen.scenes["footprint_share"], own.scenes["footprint_share"])
        kinds.add((*sorted(set(own.scenes["tile"])), *sorted(set(own.scenes["baseline"]))))
    # in one strip, in both (each with its own reading), in the other, and never what was processed again
    assert kinds == {("46TDN", "05.09"), ("46TDN", "46TEN", "05.09", "05.10"), ("46TEN", "05.10")}


def test_a_list_is_asked_again_for_another_block_and_another_search(county):
    catalogue, asked = county
    to_degrees = Transformer.from_crs(32646, 4326, always_xy=True).transform
    for metres in (510_000, 530_000, 510_000):
        catalogue.shared(stack.around(shapely.Point(*to_degrees(metres, 4_740_000)), 500))
    first = len(asked)
    assert first == 4
    catalogue.shared(stack.around(shapely.Point(*to_degrees(560_000, 4_740_000)), 500))
    assert len(asked) > first
    second = len(asked)
    imagery.forget_blocks()
    catalogue.shared(stack.around(shapely.Point(*to_degrees(560_000, 4_740_000)), 500))
    assert len(asked) > second
    for column in range(3 * catalogues.KEPT):
        imagery.block_scenes(
            shapely.box(94 + column, 43.2, 94.01 + column, 43.21),
            "2023-01-01",
            "2023-06-30",
            catalogue=catalogue.catalogue,
            collection=demo.COLLECTION,
        )
    assert len(catalogues._kept) == catalogues.KEPT


def test_tiles_go_block_by_block(scene, tmp_path):
    _, data, _ = scene
    told = []
    wide = shapely.box(92.98, 42.98, 93.02, 43.02)
    locate(lambda g: stack.stack_of_dataset(data.isel(time=slice(0, 1))), wide, TARGET, tmp_path / "j.jsonl",
                  side_m=1_000.0, tell=told.append)  # fmt: skip
    names = [json.loads(text)["tile"] for text in (tmp_path / "j.jsonl").read_text().splitlines()[1:]]
    blocks = [imagery.block_of({t.name: t for t in tiles.utm_tiles(wide, 1_000.0)}[n].core()) for n in names]
    assert blocks == sorted(blocks) and len(set(blocks)) == 4
