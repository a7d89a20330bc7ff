"""Text of the data steers nothing: no terminal, no page, no map, no figure."""

import json
import sys
from xml.dom import minidom

import geopandas as gpd
import pytest
import shapely
from markupsafe import escape

from osint import fonts, geo, imagery
from osint.cli.main import _marked, main
from osint.errors import OsintError, UnreadableError
from osint.report import build
from osint.shown import page_templates, shown, shown_in_json

HOSTILE = "a\x1b[2J\x07\u202eb\u2066\u2028\ufeff\x00\ufffe\ud800 </name><script>&]]>$\\frac{$"
STEERING = "\x1b\x07\u202e\u2066\u2028\ufeff\x00\ufffe"


def test_marks_say_what_stood_there_and_the_rest_stays():
    assert shown("哈密\u202e.exe\x1b[1m") == "哈密[U+202E].exe[U+001B][1m"
    assert not set(shown(HOSTILE)) & set(STEERING)
    assert shown("a\u200cb 👩\u200d🚀 ü\u0308") == "a\u200cb 👩\u200d🚀 ü\u0308", (
        "joiners of scripts and emoji steer nothing"
    )
    assert json.loads(shown_in_json(json.dumps({"a": "x\u202ey\U000e0041"}, ensure_ascii=False))) == {
        "a": "x\u202ey\U000e0041"
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_of_the_data_steers_the_terminal(capsys, as_json):
    with _marked(as_json=as_json):
        print(HOSTILE.replace("\ud800", ""))
        print("\r 50%|x", file=sys.stderr)
    out, err = capsys.readouterr()
    assert not set(out) & set(STEERING) and err == "\r 50%|x\n"


def test_an_error_steers_nothing_either(capsys):
    assert main(["report", "--data", "/no/such\x1b[2J"]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err and "[U+001B]" in err and "Traceback" not in err


@pytest.mark.parametrize("suffix", [".kml", ".geojson"])
def test_a_map_is_whole_whatever_a_name_holds(tmp_path, suffix):
    frame = gpd.GeoDataFrame(
        {"name": [HOSTILE], "note": [HOSTILE]}, geometry=[shapely.box(93, 43, 93.01, 43.01)], crs=4326
    )
    path = geo.write_outlines(frame, tmp_path / f"a{suffix}")
    body = path.read_bytes().decode()
    assert not set(body) & set(STEERING)
    if suffix == ".kml":
        assert minidom.parseString(body.encode()).getElementsByTagName("script") == []
    assert len(geo.read_outlines(path)) == 1


def test_a_page_shows_marks():
    made = page_templates("osint.report").from_string("{{ a }}").render(a="<b>" + HOSTILE)
    assert made == "&lt;b&gt;" + str(escape(shown(HOSTILE, keep="\n\t")))


def test_a_dollar_begins_no_formula():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0, 0, fonts.drawable("$\\frac{$ 5 $x^{$"))
    figure.canvas.draw()
    assert fonts.drawable("$5bn") == r"\$5bn"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.csv", "wkt\n" + "GEOMETRYCOLLECTION(" * 300_000 + "POINT(0 0)" + ")" * 300_000),
        ("a.csv", "wkt\n5\n"),
        ("a.geojson", "[" * 100_000),
        ("a.geojson", "5"),
        ("a.geojson", '{"type": "FeatureCollection", "features": [5, null]}'),
        ("a.geojson", '{"type": "FeatureCollection", "features": 5}'),
        ("a.geojson", '{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[1e400, 1], [2, 3], [4, 5]]]}}'),
        ("a.kml", "<kml>" + "<Folder>" * 5000),
    ],
)  # fmt: skip
def test_a_hostile_outline_is_one_sentence(tmp_path, name, body):
    (tmp_path / name).write_text(body)
    with pytest.raises(OsintError):
        geo.read_outlines(tmp_path / name)


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "5", "[]", '{"links": 5}', '{"links": [5]}', '{"type": "FeatureCollection", "features": [5, null]}',
             '{"type": "Feature", "assets": 5}', '{"type": "FeatureCollection", "features": 5}', '{"type": "FeatureCollection", "features": null}']
)  # fmt: skip
def test_a_hostile_catalogue_of_files_is_one_sentence_or_no_scene(tmp_path, body):
    (tmp_path / "catalog.json").write_text(body)
    try:
        found = imagery.scenes((93.0, 43.0), "2024-01-01", "2024-12-31", catalogue=tmp_path, collection="a")
    except UnreadableError:
        return
    assert len(found) == 0


def test_a_map_of_a_pole_is_drawn():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from osint.report import locator
    from osint.report.canvas import Caption

    row = {"site_id": ["A"], "precision_km": [5.0], "county": [""], "prefecture": [""], "province": [""]}
    points = gpd.GeoDataFrame(row, geometry=[shapely.Point(93, 89.9)], crs=4326)
    FigureCanvasAgg(locator.draw(points, Caption("made up", "", "", "", ""))).draw()


def test_a_table_of_the_report_steers_no_terminal():
    import pandas as pd

    assert build._cleaned(pd.DataFrame({"a": [HOSTILE, 1.5]})).iloc[0, 0] == shown(HOSTILE, keep="\n")
