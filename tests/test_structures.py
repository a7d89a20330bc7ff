"""A wide area is observed tile by tile: each roof once, memory of one tile, what is not seen is named."""

import datetime as dt
import time

import numpy as np
import pytest
import shapely
import xarray as xr
from pyproj import Transformer

from osint import simulated as simulate
from osint.change import detect, seasons, stack, tiles
from osint.errors import OsintError
from osint.simulated import demo
from tests.simulated_data import dataset, stack_of_world

DAY = dt.date.fromisoformat
START, END = "2023-01-01", "2024-06-30"
SIDE_M = 800.0
ROOFS = {"edge": (25, 60, 1.2), "corner": (70, 60, 1.0), "inside": (30, 110, 1.2), "large": (72, 120, 5.0)}
"""Row, column and hectares; tiles of 800 m meet in row 70 and column 60."""


def feature(name, row, col, hectares):
    return simulate.Feature("bright roof", hectares * 1e4, onset=DAY("2023-06-01"), complete=DAY("2023-10-10"),
                            row_px=row, col_px=col, name=name, aspect=1.2)  # fmt: skip


@pytest.fixture(scope="module")
def scene():
    west, north = 500_200.0, 4_790_300.0  # edges of tiles at 500,800 and 4,789,600 m
    features = [feature(n, *place) for n, place in ROOFS.items()]
    world = simulate.make_world(3, 150, START, END, 12, features=features, cloud=0.25, snow=False, origin=(west, north))
    inner = shapely.box(west + 20, north - 1480, west + 1480, north - 20)
    to_degrees = Transformer.from_crs(world.epsg, 4326, always_xy=True)
    return world, dataset(world), shapely.transform(inner, to_degrees.transform, interleaved=False)


def hits(world, found):
    """Return how many candidates meet each roof."""
    truth = world.truth.set_index("outline_id").to_crs(4326).geometry
    return {n: sum(c.outline.intersects(g) for c in found) for n, g in truth.items()}


def test_each_roof_is_found_once_whether_an_edge_cuts_it_or_not(scene):
    world, data, where = scene
    blocks = tiles.utm_tiles(where, SIDE_M)
    edges = [t.core().boundary for t in blocks]
    truth = world.truth.set_index("outline_id").to_crs(4326).geometry
    assert any(truth["edge"].intersects(e) for e in edges) and not any(truth["inside"].intersects(e) for e in edges)
    whole = detect.survey(stack.stack_of_dataset(data), where, START, END).candidates
    cut = detect.survey(stack.stack_of_dataset(data), where, START, END, SIDE_M).candidates
    assert hits(world, whole) == hits(world, cut) == dict.fromkeys(ROOFS, 1)
    for name, roof in truth.items():
        one, other = (next(c.outline for c in found if c.outline.intersects(roof)) for found in (whole, cut))
        assert one.intersection(other).area / one.union(other).area > 0.7, name


def test_a_roof_that_no_tile_sees_whole_is_put_together(scene, monkeypatch):
    world, data, where = scene
    monkeypatch.setattr(detect, "MARGIN_M", 30.0)
    found = detect.survey(stack.stack_of_dataset(data), where, START, END, SIDE_M).candidates
    assert hits(world, found) == dict.fromkeys(ROOFS, 1)
    large = world.truth.set_index("outline_id").to_crs(4326).geometry["large"]
    patch = next(c.outline for c in found if c.outline.intersects(large))
    assert patch.intersection(large).area / large.area > 0.8


def test_no_window_is_wider_than_a_tile_and_its_margin(scene):
    _, data, where = scene
    seen, widest = stack.stack_of_dataset(data), []

    def read(rows, there, bands):
        part = seen.reader(rows, there, bands)
        widest.append(max(part.data.sizes["y"], part.data.sizes["x"]))
        return part

    source = stack.Stack(seen.scenes, read)
    detect.survey(source, where, START, END, SIDE_M)
    assert max(widest) <= (SIDE_M + 2 * tiles.MARGIN_M) / 10 + 3
    assert source.bytes_read > 0


def test_a_tile_that_too_few_scenes_show_is_named_and_the_others_go_on(scene):
    _, data, where = scene
    seen = stack.stack_of_dataset(data)
    corner = tiles.utm_tiles(where, SIDE_M)[0]
    far = shapely.Point(where.bounds[0] + 1e-3, where.bounds[1] + 1e-3)
    source = stack.Stack(seen.scenes, seen.reader, narrow=lambda g: seen.scenes.iloc[: 3 if g.contains(far) else None])
    found = detect.survey(source, where, START, END, SIDE_M)
    assert found.unseen == (corner.name,)
    assert found.candidates
    assert found.searched_share < 1
    source.narrow = lambda g: seen.scenes.iloc[:3]
    with pytest.raises(OsintError, match="two seasons are needed"):
        detect.survey(source, where, START, END, SIDE_M)
    blank = data.copy()
    blank["B02"] = data["B02"] * np.nan
    with pytest.raises(OsintError, match="do not show the place"):
        detect.survey(stack.stack_of_dataset(blank), where, START, END, SIDE_M)


def test_a_part_of_a_place_counts_its_own_bytes_and_sees_the_scenes_that_reach_it(scene):
    _, data, where = scene
    whole = stack.stack_of_dataset(data)
    source = stack.Stack(whole.scenes, whole.reader, narrow=lambda g: whole.scenes.iloc[::2])
    one, other = (source.at(stack.around(where.centroid, metres)) for metres in (200, 300))
    assert len(one.scenes) == -(-len(source.scenes) // 2)
    for part, metres in ((one, 200), (other, 300), (one, 400)):
        part.read(part.scenes, stack.around(where.centroid, metres), ("B02",))
    assert source.bytes_read == 0 and 0 < other.bytes_read < one.bytes_read
    for part in (one, other):
        source.add(part)
    assert source.bytes_read == one.bytes_read + other.bytes_read
    assert len(whole.at(where).scenes) == len(whole.scenes)


class Slow(demo.Demo):
    """Files that take a while."""

    def at(self, path, query):
        found = super().at(path, query)
        if found:
            time.sleep(0.01)
        return found


def test_structures_dated_at_once_are_those_dated_one_by_one_to_the_byte(tmp_path, monkeypatch):
    features = [feature("one", 20, 20, 0.8), feature("other", 56, 56, 0.8)]
    world = simulate.make_world(3, 76, START, END, 30, features=features, cloud=0.1, snow=False)
    made = Slow(world, frame_px=256, inset_px=(60, 80))
    for name in world.ids:
        # one scene after the other: threads that ask for many at once would render each several times
        for band in ("B02", "B11", "SCL"):
            made.file(name, band)
    told = []
    with demo.served(made):
        for threads in (1, 2):
            monkeypatch.setenv("OSINT_CACHE", str(tmp_path / str(threads)))
            source = stack.open_stack(
                made.footprint(), START, END, catalogue=made.catalogue, collection=demo.COLLECTION
            )
            assert source.threads == stack.THREADS > 1
            source.threads = threads
            found = detect.new_structures(source, stack.around(made.footprint().centroid, 320), START, END).frame
            told.append((found.to_csv(), source.bytes_read))
    assert len(found) == 2 and found["bytes_read"].gt(0).any()
    assert told[0] == told[1]


def test_looks_that_share_a_world_or_an_array_are_read_one_at_a_time(scene):
    world, data, where = scene
    for source in (stack_of_world(world), stack.stack_of_dataset(data)):
        assert source.threads == source.at(where).threads == 1


def test_a_roof_read_as_cloud_shows_and_ground_under_cloud_does_not():
    n, size = 5, 70
    blue = np.full((n, size, size), 0.13)
    classes = np.full((n, size, size), 5, np.uint8)
    roof, cloud = (slice(5, 12), slice(5, 12)), (slice(0, size), slice(30, size))
    blue[:, *roof], classes[:, *roof] = 0.5, 9  # always read as cloud while all around it is clear
    blue[:4, *cloud], classes[:4, *cloud] = 0.6, 9  # clear once of five times
    whole = {"B02": blue, "B11": 0.3 * np.ones_like(blue), "scl": classes}
    data = xr.Dataset({name: (("time", "y", "x"), values) for name, values in whole.items()})
    picture = seasons.season_picture(data)
    assert np.isnan(picture["white"].values[cloud][:, 30:]).all()
    blue[:], classes[:] = np.where(classes == 9, 0.13, blue), 5
    blue[:, *roof], classes[:, *roof] = 0.5, 9
    picture = seasons.season_picture(data)
    assert (picture["white"].values[roof] > 0.3).all() and not picture["clear"].values[roof].any()
