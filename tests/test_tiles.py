import io
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image

from osint import cli, geo, imagery
from osint.errors import OsintError
from osint.imagery import webmap
from tests import pages as webpages

SITE = geo.disc(93.5, 42.8, 900)
ZOOM = 15


@pytest.fixture
def pages():
    with webpages.served() as served:
        yield served


def tile(colour):
    held = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(held, "PNG")
    return held.getvalue()


def whole(body, kind="image/png"):
    return lambda h: webpages.send(h, 200, body, {"Content-Type": kind, "ETag": f'"{hash(body)}"'})


def places():
    (x0, x1), (y0, y1) = webmap._span(SITE, ZOOM)
    return [(x, y) for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)]


def wayback(pages):
    """Three releases; the second serves the picture of the first."""
    config = {}
    for number, (title, colour) in {
        10: ("World Imagery (Wayback 2019-02-01)", (200, 0, 0)),
        20: ("World Imagery (Wayback 2020-02-01)", (200, 0, 0)),
        30: ("World Imagery (Wayback 2021-03-17)", (0, 200, 0)),
    }.items():
        config[str(number)] = {
            "itemTitle": title,
            "itemURL": f"{pages.url}/tile/{number}/{{level}}/{{row}}/{{col}}",
            "metadataLayerUrl": f"{pages.url}/meta/{number}",
        }
        for x, y in places():
            pages.files[f"/tile/{number}/{ZOOM}/{y}/{x}"] = whole(tile(colour))
        facts = {
            "SRC_DATE2": 1_546_300_800_000 + number * 86_400_000,
            "NICE_DESC": "Maxar",
            "SRC_DESC": "WV03",
        }
        answer = json.dumps({"features": [{"attributes": facts}]}).encode()
        pages.files[f"/meta/{number}/{23 - ZOOM}/query"] = whole(answer, "application/json")
    pages.files["/list.json"] = whole(json.dumps(config).encode(), "application/json")
    return f"{pages.url}/list.json"


def test_wayback_takes_the_release_by_date_and_tells_when_it_was_acquired(pages, tmp_path):
    where = wayback(pages)
    shot = imagery.map_tiles(SITE, ZOOM, "esri-wayback", "2020-06-01", releases_at=where, cache=tmp_path)
    assert shot.date == "2019-01-21 (Maxar WV03)"
    assert (shot.image[..., 0] == 200).all()
    assert "Esri" in shot.credit
    newest = imagery.map_tiles(SITE, ZOOM, "esri-wayback", releases_at=where, cache=tmp_path)
    assert newest.date.startswith("2019-01-31")
    assert [r.number for r in imagery.changed_releases(SITE, ZOOM, releases_at=where, cache=tmp_path)] == [10, 30]
    with pytest.raises(OsintError, match="no release by 2018"):
        imagery.map_tiles(SITE, ZOOM, "esri-wayback", "2018-01-01", releases_at=where, cache=False)


def test_release_date_is_never_told_as_the_acquisition(pages):
    where = wayback(pages)
    pages.files[f"/meta/30/{23 - ZOOM}/query"] = whole(b'{"features": []}')
    shot = imagery.map_tiles(SITE, ZOOM, "esri-wayback", releases_at=where, cache=False)
    assert shot.date == "unknown (in the release of 2021-03-17)"


def test_picture_lies_where_its_bounds_say_and_its_pixel_is_true_on_the_ground(pages):
    for n, (x, y) in enumerate(places()):
        pages.files[f"/t/{ZOOM}/{x}/{y}.png"] = whole(tile((n + 1, 0, 0)))
    shot = imagery.map_tiles(SITE, ZOOM, f"{pages.url}/t/{{z}}/{{x}}/{{y}}.png", cache=False)
    west, south, east, north = gpd.GeoSeries([SITE], crs=4326).to_crs(3857).total_bounds
    assert shot.bounds[0] <= west < east <= shot.bounds[2]
    assert shot.bounds[1] <= south < north <= shot.bounds[3]
    per_pixel = (shot.bounds[2] - shot.bounds[0]) / shot.image.shape[1]
    assert shot.metres_per_pixel == pytest.approx(per_pixel * np.cos(np.radians(42.8)), rel=4e-3)
    assert shot.image[0, 0, 0] == 1
    assert shot.image[-1, -1, 0] == len(places())


def test_kept_tiles_cost_no_request_and_a_page_is_a_named_gap(pages, tmp_path):
    for x, y in places():
        pages.files[f"/t/{ZOOM}/{x}/{y}.png"] = whole(tile((9, 9, 9)))
    template = f"{pages.url}/t/{{z}}/{{x}}/{{y}}.png"
    imagery.map_tiles(SITE, ZOOM, template, cache=tmp_path)
    assert imagery.map_tiles(SITE, ZOOM, template, cache=tmp_path).cost.total_requests == 0
    x, y = places()[0]
    pages.files[f"/t/{ZOOM}/{x}/{y}.png"] = whole(b"<html>quota</html>", "text/html")
    gap = imagery.map_tiles(SITE, ZOOM, template, cache=False)
    assert len(gap.missing) == 1
    assert "a page came instead of a tile" in gap.missing[0]


def test_impolite_or_unknown_requests_are_refused():
    with pytest.raises(OsintError, match="zoom out"):
        imagery.map_tiles(geo.disc(93.5, 42.8, 20_000), 17, "eox-2023")
    with pytest.raises(OsintError, match="Options are"):
        imagery.map_tiles(SITE, 10, "google")
    with pytest.raises(OsintError, match="has dates"):
        imagery.map_tiles(SITE, 10, "https://example.org/{date}/{z}/{x}/{y}.png")


# ---- outlines


@pytest.mark.parametrize("suffix", geo.SUFFIXES)
def test_outlines_come_back_as_they_went(tmp_path, suffix):
    frame = gpd.GeoDataFrame({"name": ["Hall A", "绿洲"]}, geometry=[SITE, shapely.box(93, 43, 93.01, 43.01)], crs=4326)
    back = geo.read_features(geo.write_outlines(frame.to_crs(32646), tmp_path / f"o{suffix}"))
    # an archived outline must not move by a pixel
    moved = gpd.GeoSeries(back.geometry).to_crs(32646).hausdorff_distance(frame.to_crs(32646).geometry)
    assert moved.max() < 0.05
    np.testing.assert_allclose(back.area_m2, [geo.area_m2(g) for g in frame.geometry], rtol=1e-5)
    assert "绿洲" in back[next(c for c in back.columns if c.lower() == "name")].tolist()


@pytest.mark.parametrize(
    ("name", "body", "match"),
    [
        ("a.kml", "<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "not a KML"),
        ("a.gpkg", "no database", "not a GPKG"),
        ("a.geojson", "{", "cannot be read"),
        ("a.csv", "x,y\n1,2\n", "needs a column"),
        ("a.dxf", "", "outlines are read from"),
    ],
)
def test_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, body, match):
    (tmp_path / name).write_text(body)
    with pytest.raises(OsintError, match=match):
        geo.read_features(tmp_path / name)


def test_power_features_come_with_distance_area_and_credit(pages):
    ring = [{"lon": 93.51, "lat": 42.8}, {"lon": 93.512, "lat": 42.8}, {"lon": 93.512, "lat": 42.802},
            {"lon": 93.51, "lat": 42.8}]  # fmt: skip
    line = [{"lon": 93.4, "lat": 42.9}, {"lon": 93.6, "lat": 42.9}]
    elements = [
        {"type": "way", "id": 1, "tags": {"power": "substation", "voltage": "220000"}, "geometry": ring},
        {"type": "way", "id": 2, "tags": {"power": "line"}, "geometry": line},
        {"type": "node", "id": 3, "lon": 93.5, "lat": 42.8, "tags": {"power": "transformer"}},
        {"type": "way", "id": 4, "tags": {"power": "line"}},
        {"type": "relation", "id": 6, "tags": {"power": "line"}, "members": []},
        {"type": "way", "id": 7, "tags": ["power"]},
        "busy",
        {
            "type": "relation",
            "id": 5,
            "tags": {"power": "plant"},
            "members": [{"role": "outer", "geometry": ring}],
        },
    ]
    answer = json.dumps({"osm3s": {"timestamp_osm_base": "2026-01-02T03:04:05Z"}, "elements": elements}).encode()
    asked = []

    def overpass_page(handler):
        asked.append(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
        webpages.send(handler, 200, answer, {"Content-Type": "application/json"})

    pages.files["/api"] = overpass_page
    power = imagery.mapped_power(SITE, 15_000, server=f"{pages.url}/api")
    found = power.features
    assert power.as_of == "2026-01-02T03:04:05Z"
    assert found.osm.tolist() == ["node/3", "relation/5", "way/1", "way/2"]
    assert found["credit"].str.startswith("© OpenStreetMap").all()
    substation = found.set_index("osm").loc["way/1"]
    assert substation.distance_m == pytest.approx(818, abs=5)
    assert substation.area_m2 == pytest.approx(geo.area_m2(substation.geometry))
    assert np.isnan(found.set_index("osm").loc["way/2"].area_m2)
    assert "around%3A15000%2C42.8" in asked[0]
    pages.files["/api"] = lambda h: webpages.send(h, 200, b"<html>busy</html>", {})
    with pytest.raises(OsintError, match="busy"):
        imagery.mapped_power(SITE, 15_000, server=f"{pages.url}/api")


# ---- the verbs


def test_verb_tiles_saves_a_picture_with_its_date_credit_and_terms(pages, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path))
    releases_at = wayback(pages)
    for function in (imagery.map_tiles, imagery.changed_releases):
        monkeypatch.setitem(function.__kwdefaults__, "releases_at", releases_at)
    out = tmp_path / "place.png"
    where = ["tiles", "93.5", "42.8", "--radius", "900", "--zoom", str(ZOOM)]
    assert cli.main([*where, "--layer", "esri-wayback", "--date", "2020-06-01", "--out", str(out)]) == 0
    with Image.open(out) as picture:
        assert picture.text["Acquired"] == "2019-01-21 (Maxar WV03)"
        assert "Esri" in picture.text["Copyright"] and "Esri" in picture.text["Terms"]
    assert cli.main([*where, "--changes"]) == 0
    shown = capsys.readouterr().out
    assert "--date 2019-02-01: acquired 2019-01-11" in shown and "--date 2021-03-17: acquired 2019-01-31" in shown
    assert "2020-02-01: acquired" not in shown


def test_verb_power_lists_what_is_mapped_with_credit_and_day(pages, monkeypatch, tmp_path, capsys):
    line = {"type": "way", "id": 2, "tags": {"power": "line", "voltage": "220000"}}
    line["geometry"] = [{"lon": 93.4, "lat": 42.9}, {"lon": 93.6, "lat": 42.9}]
    answer = {"osm3s": {"timestamp_osm_base": "2026-01-02T03:04:05Z"}, "elements": [line]}
    pages.files["/api"] = lambda h: webpages.send(h, 200, json.dumps(answer).encode(), {})
    monkeypatch.setitem(imagery.mapped_power.__kwdefaults__, "server", f"{pages.url}/api")
    out = tmp_path / "power.geojson"
    assert cli.main(["power", "93.5", "42.8", "--radius", "15000", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "220000" in shown and "© OpenStreetMap contributors" in shown and "2026-01-02" in shown
    assert geo.read_features(out)["credit"][0].startswith("© OpenStreetMap")
