"""`osint observe` and `osint date` as a person runs them, on SIMULATED worlds."""

import argparse
import json
import re

import geopandas as gpd
import pytest

from osint import cli, geo
from osint.change.locate import site_area
from osint.cli import change
from osint.errors import OsintError
from osint.register import load_register
from osint.simulated import demo


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run `osint observe US02 --demo` once, on a smaller and shorter world."""
    folder = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "PLACE_PX", 96)
        patch.setattr(demo, "FIRST_DAY", "2024-01-01")
        patch.setenv("OSINT_CACHE", str(folder / "cache"))
        code = cli.main(["observe", "US02", "--demo", "--out", str(folder / "found.geojson")])
    return folder, code


def test_observe_a_site_in_the_demo_writes_simulated_findings_and_pictures(shown):
    folder, code = shown
    assert code in (0, None)
    found = json.loads((folder / "found.geojson").read_text())["features"]
    assert found
    assert {f["properties"]["simulated"] for f in found} == {"SIMULATED"}
    x, y = found[0]["geometry"]["coordinates"][0][0]
    assert abs(x + 90.15546) < 0.02
    assert abs(y - 35.060166) < 0.02
    names = {p.name.rpartition("_")[2] for p in folder.glob("found_S*.png")}
    assert names == {"pair.png", "series.png"}


def test_exhaustive_reads_more_than_a_search_in_time(tmp_path, monkeypatch, capsys):
    made = demo.make_demo(1, 96, "2023-01-01", "2024-12-31")
    geo.write_outlines(made.world.truth.to_crs(4326)[["outline_id", "geometry"]].iloc[:1], tmp_path / "one.geojson")
    with demo.served(made) as world:
        line = ["date", str(tmp_path / "one.geojson"), "--catalogue", world.catalogue, "--collection", demo.COLLECTION]
        line += ["--start", "2023-01-01", "--end", "2024-12-31", "--out", str(tmp_path / "dated.geojson")]
        megabytes = []
        for option in ([], ["--exhaustive"]):
            monkeypatch.setenv("OSINT_CACHE", str(tmp_path / f"cache{len(option)}"))
            assert cli.main([*line, *option]) in (0, None)
            megabytes.append(float(re.search(r"([\d.]+) MB read", capsys.readouterr().out)[1]))
    assert 0 < 2 * megabytes[0] < megabytes[1]


def test_a_site_known_to_kilometres_is_sent_to_locate(capsys):
    span = ["--start", "2024-01-01", "--end", "2025-12-31"]
    assert cli.main(["observe", "XJ01", *span]) == 2
    assert "osint locate XJ01" in capsys.readouterr().err
    assert cli.main(["observe", "QH07", *span]) == 2
    assert "no coordinate" in capsys.readouterr().err
    west, south, east, north = site_area("US02", load_register()).box.bounds
    assert 0.012 < north - south < 0.015
    assert west < -90.15546 < east


@pytest.mark.parametrize("given", [[], ["US02", "--bbox=1,2,3,4"]])
def test_observe_takes_one_place(given, capsys):
    assert cli.main(["observe", *given, "--demo"]) == 2
    assert "either a site or --bbox" in capsys.readouterr().err


def test_real_pictures_need_dates(capsys):
    assert cli.main(["observe", "US02"]) == 2
    assert "--start" in capsys.readouterr().err


def test_the_demo_world_lies_where_it_was_asked_for():
    where = site_area("US02", load_register()).box
    with demo.served_at(where) as made:
        assert made.catalogue.startswith("http://127.0.0.1:")
        assert made.collection == demo.COLLECTION
        assert made.place.centroid.distance(where.centroid) < 0.001


def test_every_verb_of_change_has_a_demo_at_its_place(tmp_path, monkeypatch, capsys):
    where = geo.disc(10.002, 50.001, 60)
    drawn = tmp_path / "mine.geojson"
    geo.write_outlines(gpd.GeoDataFrame({"outline_id": ["A"]}, geometry=[where], crs=4326), drawn)
    parser = argparse.ArgumentParser()
    change.add_verbs(parser.add_subparsers())
    span = ["--start", "2024-01-01", "--end", "2024-12-31", "--demo"]
    parsed = parser.parse_args(["locate", "--at", "10.002,50.001", "--precision-km", "1", *span])
    assert parsed.demo_at(parsed).centroid.distance(where.centroid) < 1e-6
    for verb in ("date", "measure"):
        parsed = parser.parse_args([verb, str(drawn), *span])
        corner = demo.corner_of(parsed.demo_at(parsed).coords[0], demo.PLACE_PX)
        halls = demo.make_demo(0, demo.PLACE_PX, **corner).world.truth.to_crs(4326)
        assert halls.geometry.iloc[0].contains(where.centroid), "the first outline holds a hall of the demo"
    monkeypatch.setattr(demo, "PLACE_PX", 96)
    monkeypatch.setattr(demo, "FIRST_DAY", "2025-06-01")
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    assert (
        cli.main(["measure", str(drawn), "--start", "2025-06", "--end", "2025-07", "--demo", "--data", str(tmp_path)])
        == 0
    )
    said = capsys.readouterr()
    assert "1 measured" in said.out
    assert "SIMULATED" in said.out


def test_radar_is_off_unless_asked_for():
    parser = argparse.ArgumentParser()
    change.add_verbs(parser.add_subparsers())
    line = ["date", "a.geojson", "--start", "2024-01-01", "--end", "2024-12-31", "--out", "b.geojson"]
    plain, asked = parser.parse_args(line), parser.parse_args([*line, "--radar"])
    assert plain.radar is None
    assert asked.radar == "planetary-computer"


def test_outlines_of_a_file_are_read_by_what_it_is_and_an_empty_one_is_named(tmp_path):
    remote = tmp_path / "outlines.geojson"
    remote.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>b.shp</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )
    with pytest.raises(OsintError, match="cannot be read as outlines"):
        geo.read_outlines(remote)
    remote.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(OsintError, match="holds no outline"):
        geo.read_outlines(remote)
