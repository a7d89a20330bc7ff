"""Outlines far apart are dated each with the scenes that reach it, over HTTP on SIMULATED pictures."""

import datetime as dt

import pandas as pd
import pytest

from osint import change
from osint import simulated as simulate
from osint.change import stack
from osint.simulated import demo

DAY = dt.date.fromisoformat
END = "2024-04-30"


def region(seed, first, west):
    """A world of its own with one roof; its scenes begin on `first`, so that no other world has their names."""
    roof = simulate.Feature("bright roof", 9_000, onset=DAY("2023-06-20"), complete=DAY("2023-11-10"), row_px=32, col_px=32,
                            name=f"roof {seed}", aspect=1.2)  # fmt: skip
    world = simulate.make_world(
        seed, 64, first, END, 21, features=[roof], cloud=0.1, snow=False, origin=(west, 4_790_000.0)
    )
    return demo.Demo(world, frame_px=256, inset_px=(60, 80))


@pytest.fixture(scope="module")
def regions():
    """Two regions 150 km apart in one collection."""
    made = [region(3, "2023-01-01", 450_000.0), region(4, "2023-01-05", 600_000.0)]
    for one in made:
        for name in one.world.ids:
            # one scene after the other: threads that ask for many at once would render each several times
            for band in ("B02", "B11", "SCL"):
                one.file(name, band)
    with demo.served(made[0], 0, made[1]):
        yield made


def dated(outlines, catalogue, folder, monkeypatch):
    monkeypatch.setenv("OSINT_CACHE", str(folder))
    where = stack.around(outlines.union_all(), 400)
    source = stack.open_stack(where, "2023-01-01", END, catalogue=catalogue, collection=demo.COLLECTION)
    return change.date_outlines(source, outlines, "2023-01-01", END), source


def told(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def test_an_outline_costs_and_sees_the_same_beside_another_far_away(regions, tmp_path, monkeypatch):
    assert not set(regions[0].ids) & set(regions[1].ids)
    outlines = pd.concat([r.world.truth.to_crs(4326)[["outline_id", "geometry"]] for r in regions], ignore_index=True)
    both, source = dated(outlines, regions[0].catalogue, tmp_path / "both", monkeypatch)
    assert len(source.scenes) == sum(len(r.ids) for r in regions)
    made = regions[1]
    alone, own = dated(outlines.iloc[[1]], made.catalogue, tmp_path / "alone", monkeypatch)
    assert len(own.scenes) == len(made.ids)
    assert alone["roofed_best"].notna().any() and alone["bytes_read"].gt(0).all()
    assert told(both[both["outline_id"].isin(alone["outline_id"])]) == told(alone)
    assert source.bytes_read == both.drop_duplicates("outline_id")["bytes_read"].sum()
