import contextlib
import dataclasses
import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

from osint import cli
from osint.simulated import Feature, demo

DAY = dt.date.fromisoformat
BANDS = ("B02", "B03", "B04", "B08", "B11", "SCL")
BANDS = ("B02", "B03", "B04", "B08", "B11", "B12", "SCL")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A small SIMULATED world behind a catalogue, few scenes so that it is quick."""
    made = demo.make_demo(3, 100, "2023-01-01", "2024-06-30", revisit_days=16, features=[
        Feature("bright roof", 12_000, onset=DAY("2023-06-01"), complete=DAY("2023-09-10"), row_px=50, col_px=50, name="T")], cloud=0.2, snow=False)  # fmt: skip
    made.frame_px, made.inset_px = 256, (60, 80)
    for name in made.world.ids:
        # one scene after the other: threads that ask for many at once would render each several times
        for band in BANDS:
            made.file(name, band)
    with demo.served(made):
        yield made


def asked(made, out):
    box = ",".join(f"{v:.6f}" for v in made.footprint().buffer(-0.0005).bounds)
    return ["locate", "--bbox", box, "--catalogue", made.catalogue, "--collection", "sentinel-2-l2a", "--start", "2023-01-01",
            "--end", "2024-06-30", "--absent", "2023-05-15", "--present", "2023-11-15", "--area-low", "8000", "--area-high",
            "16000", "--chips", "1", "--out", str(out)]  # fmt: skip


def test_the_verb_writes_candidates_journal_and_chips_and_survives_a_kill(served, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out" / "found.geojson"
    assert cli.main(asked(served, out)) == 0
    said = capsys.readouterr().out
    first = json.loads(out.read_text())["features"][0]
    assert first["properties"]["rank"] == 1 and first["properties"]["fit"] > 0.5
    assert (out.parent / first["properties"]["chip"]).read_bytes().startswith(b"\x89PNG")
    assert "searched" in said and "MB read" in said
    bytes_before = out.read_bytes()
    assert cli.main(asked(served, out)) == 0
    assert out.read_bytes() == bytes_before


@pytest.fixture(scope="module")
def folder(served, tmp_path_factory):
    """The same world as a static STAC catalogue on disk, with relative addresses."""
    root = tmp_path_factory.mktemp("static")
    links = []
    for i, name in enumerate(served.world.ids):
        item = served.item(i)
        for asset in item["assets"].values():
            band = asset["href"].rpartition("/")[2]
            asset["href"] = f"../data/{name}/{band}"
            if band[:-4] in BANDS:
                path = root / "data" / name / band
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(served.file(name, band[:-4])[0])
        (root / "items").mkdir(exist_ok=True)
        (root / "items" / f"{name}.json").write_text(json.dumps(item))
        links.append({"rel": "item", "href": f"./items/{name}.json"})
    body = {"type": "Catalog", "id": "x", "stac_version": "1.0.0", "description": "SIMULATED", "links": links}
    (root / "catalog.json").write_text(json.dumps(body))
    return root


@pytest.fixture(scope="module")
def plain(served, folder, tmp_path_factory):
    """The answer of an undisturbed search of the folder, four tiles, and what was said."""
    out = tmp_path_factory.mktemp("plain") / "found.geojson"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert cli.main(in_folder(served, folder, out)) == 0
    return out.read_bytes(), said.getvalue()


def in_folder(served, folder, out):
    line = asked(served, out)
    line[line.index("--catalogue") + 1] = str(folder)
    return [*line, "--tile-km", "1"]


def process(served, folder, out):
    return [sys.executable, "-m", "osint.cli", *in_folder(served, folder, out)]


def test_a_folder_gives_what_the_address_gives(served, folder, plain, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "found.geojson"
    assert cli.main([*asked(served, out), "--tile-km", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert out.read_bytes() == plain[0] and said["bytes_read"] > 0
    body = json.loads(plain[0])
    assert body["searched_share"] == said["searched_share"] > 0.9 and len(body["features"]) == said["candidates"]
    assert said["searched_share"] + said["nodata_share"] + said["cloud_share"] == pytest.approx(1, abs=2e-4)
    assert "could have been missed" in plain[1] and "0.0 MB" in plain[1]
    text = b"".join(path.read_bytes() for path in tmp_path.glob("*.*json*"))
    assert str(folder).encode() not in plain[0] + text


def test_a_search_that_was_killed_gives_the_same_bytes(served, folder, plain, tmp_path):
    out = tmp_path / "found.geojson"
    journal = out.with_suffix(".tiles.jsonl")
    ran = subprocess.Popen(process(served, folder, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert ran.stderr.readline().startswith("1 of ")
    ran.kill()
    ran.communicate()
    done = journal.read_bytes()
    assert not out.exists() and done.count(b"\n") >= 2
    again = subprocess.run(process(served, folder, out), capture_output=True, text=True, check=True)
    assert out.read_bytes() == plain[0] and journal.read_bytes().startswith(done)
    assert not again.stderr.startswith("1 of ")


def test_an_address_of_a_scheduler_gives_the_same_bytes_and_survives_a_killed_worker(served, folder, plain, tmp_path):
    distributed = pytest.importorskip("distributed")
    out = tmp_path / "found.geojson"
    journal = out.with_suffix(".tiles.jsonl")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        first = next(iter(cluster.workers.values())).pid

        def kill():
            while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
                time.sleep(0.01)
            os.kill(first, 9)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        assert cli.main([*in_folder(served, folder, out), "--dask", cluster.scheduler_address]) == 0
        killer.join(timeout=30)
        assert next(iter(cluster.workers.values())).pid != first
    assert out.read_bytes() == plain[0]


def test_files_that_are_missing_are_counted_and_not_called_searched(served, folder, tmp_path, capsys):
    """Half the scenes lack B11: the roof is still found, and the unread files are told. All lack it: an error."""
    spoiled = tmp_path / "spoiled"
    shutil.copytree(folder, spoiled)
    files = sorted(spoiled.glob("data/*/B11.tif"))
    for path in files[::2]:
        path.unlink()
    out = tmp_path / "a" / "found.geojson"
    assert cli.main(in_folder(served, spoiled, out)) == 3
    told = capsys.readouterr()
    said, body = told.out, json.loads(out.read_text())
    assert body["unread_files"] > 0 and "files could not be read" in said and "not all was read" in told.err
    assert body["features"][0]["properties"]["fit"] > 0.5
    for path in files[1::2]:
        path.unlink()
    assert cli.main(in_folder(served, spoiled, tmp_path / "b" / "found.geojson")) == 2
    assert "B11.tif is not in the catalogue's folder" in capsys.readouterr().err
    assert not (tmp_path / "b" / "found.geojson").exists()


def test_nothing_found_is_no_proof_of_absence(served, folder, tmp_path, capsys):
    line = in_folder(served, folder, tmp_path / "found.geojson")
    line[line.index("--area-low") + 1], line[line.index("--area-high") + 1] = "200000", "300000"
    assert cli.main(line) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].startswith("Nothing fits.") and "could have been missed" in said
    assert json.loads((tmp_path / "found.geojson").read_text())["features"] == []


def test_without_the_two_days_the_dates_are_those_of_the_series(served, folder, tmp_path):
    """The year before --start and after --end is read then: else nothing could be compared."""
    line = in_folder(served, folder, tmp_path / "found.geojson")
    for name, day in (("--start", "2023-05-15"), ("--end", "2023-11-15")):
        line[line.index(name) + 1] = day
    for name in ("--absent", "--present"):
        at = line.index(name)
        del line[at : at + 2]
    assert cli.main([*line, "--chips", "0"]) == 0
    body = json.loads((tmp_path / "found.geojson").read_text())
    assert body["target"]["absent"] == "2023-05-15" and body["target"]["start"] == "2022-05-15"
    assert body["features"][0]["properties"]["fit"] > 0.5


def test_without_a_catalogue_the_search_stops_at_once(tmp_path, monkeypatch, capsys):
    """A search of many tiles must not try them all against a catalogue that is gone."""
    from osint.imagery import stac_api

    monkeypatch.setattr(stac_api, "LIMITS", dataclasses.replace(stac_api.LIMITS, attempts=1))
    line = ["locate", "XJ03", "--catalogue", "http://127.0.0.1:9", "--start", "2023-04-01", "--end", "2025-10-31"]
    assert (
        cli.main([*line, "--absent", "2024-05-31", "--present", "2024-11-15", "--out", str(tmp_path / "f.geojson")])
        == 2
    )
    said = capsys.readouterr().err
    assert said.count("failed") == 2 and "of 45 tiles left" in said and "The same command goes on" in said
    assert not (tmp_path / "f.geojson").exists()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ([], "name one place"),
        (["XJ99"], "no site answers to 'XJ99'"),
        (["XJ03", "--bbox", "-100,32,-99,33"], "name one place"),
        (["--at", "-99.7,32.5"], "go together"),
        (["--at", "93", "--precision-km", "5"], "write LON,LAT in degrees"),
        (["--at", "93,43", "--precision-km", "5000"], "0.1 to 500"),
        (["--at", "193,43", "--precision-km", "5"], "not on the globe"),
        (["--bbox", "-100,32,-101,33"], "west < east"),
        (["--bbox", "93,43,93.1,43.1", "--catalogue", "nowhere"], "not a folder with a catalog.json"),
        (["--bbox", "93,43,93.1,43.1", "--tile-km", "50"], "1 to 20"),
        (["--bbox", "93,43,93.1,43.1", "--start", "May"], "is not a date"),
        (["--bbox", "93,43,93.1,43.1", "--absent", "2025-01-01"], "absent before present"),
    ],
)
def test_a_wrong_line_is_told_what_to_write(place, said, tmp_path, capsys):
    line = ["locate", "--start", "2023-01-01", "--end", "2024-01-01", "--out", str(tmp_path / "x.geojson")]
    assert cli.main([*line, *place]) == 2
    assert said in capsys.readouterr().err


def test_validate_prints_our_intervals_beside_the_published_dates(served, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    table, places, out = tmp_path / "timeline.csv", tmp_path / "places.geojson", tmp_path / "compared.csv"
    rows = [("Hall T", "2023-06-01", "Land clearing begins."), ("Hall T", "2023-09-10", "Roof complete on building 1")]
    pd.DataFrame(rows, columns=["Data center", "Date", "Construction status"]).to_csv(table, index=False)
    served_place = served.footprint().buffer(-0.0008)
    feature = {"type": "Feature", "properties": {"Data center": "Hall T"}, "geometry": served_place.__geo_interface__}
    places.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    line = ["validate", str(table), "--places", str(places), "--catalogue", served.catalogue, "--collection", "sentinel-2-l2a",
            "--start", "2023-01-01", "--end", "2024-06-30", "--out", str(out)]  # fmt: skip
    assert cli.main(line) == 0
    said = capsys.readouterr().out
    assert "median_error_days" in said and "MB read" in said
    table = pd.read_csv(out)
    assert list(table["event"]) == ["ground broken", "roof complete"]
    assert table["bytes_read"].iloc[0] > 0
    roof = table.iloc[1]
    assert abs(roof["error_days"]) < 40
