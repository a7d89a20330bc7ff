import datetime as dt
import json

import pandas as pd
import pytest

from osint import cli, demo, simulate

DAY = dt.date.fromisoformat


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A small SIMULATED world behind a catalogue, few scenes so that it is quick."""
    made = demo.demo(3, 100, "2023-01-01", "2024-06-30", revisit_days=16, features=[
        simulate.Feature("bright roof", 12_000, onset=DAY("2023-06-01"), complete=DAY("2023-09-10"), row_px=50, col_px=50, name="T")], cloud=0.2, snow=False)  # fmt: skip
    made.frame_px, made.inset_px = 256, (60, 80)
    for name in made.world.ids:
        # one scene after the other: threads that ask for many at once would render each several times
        for band in ("B02", "B03", "B04", "B11", "SCL"):
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


def test_the_verb_wants_a_site_or_a_box(capsys):
    line = ["locate", "--start", "2023-01-01", "--end", "2024-01-01", "--out", "x.geojson"]
    assert cli.main(line) == 2
    assert "either a site or --bbox" in capsys.readouterr().err
    assert cli.main([*line, "XJ99"]) == 2
    assert "no site 'XJ99'" in capsys.readouterr().err


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
