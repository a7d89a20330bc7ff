import json
import zipfile

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from osint import geo
from osint.errors import OsintError
from osint.register import UNKNOWN_DATUM_KM

GEOD = pyproj.Geod(ellps="WGS84")
# offsets that two separate libraries gave (metres): Yiwu, Hami, Karamay, Urumqi
PLACES = {
    "Yiwu": (94.697074, 43.254978, 210),
    "Hami": (93.514916, 42.818501, 215),
    "Karamay": (84.867844, 45.602526, 210),
    "Urumqi": (87.6168, 43.8256, 264),
}


def metres(a, b):
    return GEOD.inv(*a, *b)[2]


@pytest.mark.parametrize("name", PLACES)
def test_gcj_offset_is_the_published_one(name):
    lon, lat, offset = PLACES[name]
    assert metres((lon, lat), geo.wgs_to_gcj(lon, lat)) == pytest.approx(offset, abs=3)


def test_bd_offset_at_yiwu():
    lon, lat, _ = PLACES["Yiwu"]
    assert metres((lon, lat), geo.gcj_to_bd(*geo.wgs_to_gcj(lon, lat))) == pytest.approx(1066, abs=3)


def test_bd_offsets_lie_in_the_published_range():
    found = [metres((lon, lat), geo.gcj_to_bd(*geo.wgs_to_gcj(lon, lat))) for lon, lat, _ in PLACES.values()]
    assert min(found) > 1020 and max(found) < 1115


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_round_trip_under_three_millimetres(datum):
    rng = np.random.default_rng(0)
    for lon, lat in zip(rng.uniform(74, 134, 200), rng.uniform(19, 53, 200), strict=True):
        there = geo.wgs_to_gcj(lon, lat)
        there = geo.gcj_to_bd(*there) if datum == "BD-09" else there
        assert metres((lon, lat), geo.to_wgs(*there, datum)) < 0.003


def test_outside_china_nothing_moves():
    assert geo.to_wgs(-99.785608, 32.501314, "GCJ-02") == (-99.785608, 32.501314)


def test_unknown_datum_keeps_the_point_and_widens_the_precision(register):
    site = register.site("XJ01")
    assert site["datum"] == "unknown"
    assert geo.precision_km(site) == pytest.approx(site["coord_precision_km"] + UNKNOWN_DATUM_KM)
    abilene = register.site("US01")
    for abroad in (abilene, {**site, "country": "MN"}):  # no map of theirs is in a Chinese datum
        assert geo.precision_km(abroad) == abroad["coord_precision_km"]


def test_swapped_coordinates_raise():
    with pytest.raises(OsintError, match="longitude first"):
        geo.to_wgs(43.25, 94.69, "WGS-84")


def test_circles_have_the_stated_radius(register):
    points = geo.places(register)
    for point, km, ring in zip(points.geometry, points["precision_km"], geo.circles(points).geometry, strict=True):
        far = max(metres((point.x, point.y), c) for c in ring.exterior.coords)
        assert far == pytest.approx(km * 1000, rel=1e-3)


ONE = box(93.0, 43.0, 93.001, 43.001)
COURTYARD = Polygon(ONE.exterior.coords, [box(93.0003, 43.0003, 93.0007, 43.0007).exterior.coords])


def ellipsoidal_m2(ring):
    return abs(GEOD.polygon_area_perimeter(*np.array(ring.exterior.coords).T)[0])


def test_parts_of_an_outline_add_up_and_courtyards_are_subtracted_whatever_their_direction():
    other = shapely.transform(ONE, lambda xy: xy + np.array([0.002, 0])).reverse()
    assert geo.area_m2(MultiPolygon([ONE, other])) == pytest.approx(2 * ellipsoidal_m2(ONE), rel=1e-6)
    inside = box(93.0003, 43.0003, 93.0007, 43.0007)
    for shape in (COURTYARD, COURTYARD.reverse(), shapely.set_precision(COURTYARD, 0)):
        assert geo.area_m2(shape) == pytest.approx(ellipsoidal_m2(ONE) - ellipsoidal_m2(inside), rel=1e-9)


def test_touching_parts_have_the_area_of_their_union_and_each_fault_its_own_words(tmp_path):
    halls = MultiPolygon([ONE, box(93.001, 43.0, 93.002, 43.001)])
    assert geo.area_m2(halls) == pytest.approx(geo.area_m2(halls.buffer(0)), rel=1e-6)
    path = geo.write_outlines(gpd.GeoDataFrame({"name": ["halls"]}, geometry=[halls], crs=4326), tmp_path / "h.kml")
    assert geo.read_outlines(path)["area_m2"][0] == pytest.approx(2 * ellipsoidal_m2(ONE), rel=1e-4)
    with pytest.raises(OsintError, match="has parts that overlap at"):
        geo.area_m2(MultiPolygon([ONE, box(93.0005, 43.0, 93.002, 43.001)]))
    with pytest.raises(OsintError, match="has a hole outside of its shell at"):
        geo.area_m2(Polygon(ONE.exterior.coords, [box(93.002, 43.002, 93.003, 43.003).exterior.coords]))


CROSSED = Polygon([(93.0, 43.0), (93.002, 43.002), (93.002, 43.0), (93.0, 43.002)])


def test_outline_that_crosses_itself_has_no_area_and_its_place_is_named(tmp_path):
    with pytest.raises(OsintError, match=r"crosses itself at 93\.001 43\.001"):
        geo.area_m2(CROSSED)
    frame = gpd.GeoDataFrame({"name": ["yard", "hall"]}, geometry=[ONE, CROSSED], crs=4326)
    path = geo.write_outlines(frame, tmp_path / "o.geojson")
    with pytest.raises(OsintError, match=r"outline hall crosses itself at 93\.001 43\.001"):
        geo.read_outlines(path)


def test_outlines_keep_names_or_get_numbers_and_what_is_missing_is_null(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["hall", None], "roof_m2": [1.5, np.nan]}, geometry=[ONE, COURTYARD], crs=4326)
    path = geo.write_outlines(frame, tmp_path / "o.geojson", credit="me")
    assert '"roof_m2": null' in path.read_text(encoding="utf-8") and '"credit": "me"' in path.read_text(
        encoding="utf-8"
    )
    assert geo.read_outlines(path)["outline_id"].tolist() == ["hall", "2"]


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".csv"])
def test_outlines_are_the_same_bytes_twice_and_keep_their_courtyards(tmp_path, suffix):
    frame = gpd.GeoDataFrame({"name": ["=1+1 <b>"]}, geometry=[COURTYARD], crs=4326)
    first, second = (geo.write_outlines(frame, tmp_path / f"{n}{suffix}").read_bytes() for n in "ab")
    assert first == second
    assert geo.read_outlines(tmp_path / f"a{suffix}").area_m2[0] == pytest.approx(geo.area_m2(COURTYARD), rel=1e-5)
    assert suffix != ".csv" or b"'=1+1" in first


RING = "<Polygon><outerBoundaryIs><LinearRing><coordinates>{0},43 {1},43 {1},43.001 {0},43.001 {0},43</coordinates></LinearRing></outerBoundaryIs></Polygon>"


def test_every_folder_and_layer_of_a_file_is_read_and_names_are_kept(tmp_path):
    mark = "<Folder><name>{0}</name><Placemark><name>哈密一期</name>{1}</Placemark></Folder>"
    folders = mark.format("a", RING.format(93, 93.001)) + mark.format("b", RING.format(93.01, 93.012))
    head = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    (tmp_path / "a.kml").write_text(f"{head}{folders}</Document></kml>", encoding="utf-8")
    found = geo.read_outlines(tmp_path / "a.kml")
    assert found["outline_id"].tolist() == ["哈密一期", "哈密一期 (2)"]
    assert found["layer"].tolist() == ["a", "b"]
    for layer in "ab":
        frame = gpd.GeoDataFrame({"name": [layer]}, geometry=[shapely.box(93, 43, 93.001, 43.001)], crs=4326)
        frame.to_file(tmp_path / "two.gpkg", layer=layer)
    assert geo.read_outlines(tmp_path / "two.gpkg")["outline_id"].tolist() == ["a", "b"]


def square(x, y, **more):
    ring = [[x, y], [x + 0.001, y], [x + 0.001, y + 0.001], [x, y + 0.001], [x, y]]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}, **more}


@pytest.mark.parametrize(
    ("body", "encoding", "match"),
    [
        (lambda: [square(93, 43)], "utf-8", "a list: put it into a FeatureCollection"),
        (lambda: {"version": 0.6, "elements": []}, "utf-8", "an answer of Overpass"),
        (lambda: {"type": "FeatureCollection", "features": [square(93, 43, id="哈密")]}, "gbk", "not in UTF-8"),
        (lambda: {"type": "Polygon", "coordinates": []}, "utf-8", "outline 1 is empty"),
        (lambda: square(43, 93), "utf-8", "did you mean"),
        (lambda: square(43, 80), "utf-8", "in the Arctic: longitude first; did you mean 80"),
    ],
)
def test_outlines_that_are_none_are_refused_with_the_way_out(tmp_path, body, encoding, match):
    path = tmp_path / "o.geojson"
    path.write_bytes(json.dumps(body(), ensure_ascii=False).encode(encoding))
    with pytest.raises(OsintError, match=match):
        geo.read_outlines(path)


def test_the_id_of_a_feature_names_its_outline(tmp_path):
    (tmp_path / "o.geojson").write_text(json.dumps(square(93, 43, id="way/7")))
    assert geo.read_outlines(tmp_path / "o.geojson")["outline_id"].tolist() == ["way/7"]


@pytest.fixture
def two_shapes():
    parts = shapely.MultiPolygon([shapely.box(93.01, 43, 93.011, 43.001), shapely.box(93.02, 43, 93.021, 43.001)])
    return gpd.GeoDataFrame(
        {"Name": ["哈密一期", "b"]}, geometry=[shapely.box(93, 43, 93.001, 43.001), parts], crs=4326
    )


def test_a_shapefile_is_read_with_chinese_names_in_any_system(two_shapes, tmp_path):
    two_shapes.to_crs(32646).to_file(tmp_path / "utm.shp", encoding="gbk")
    (tmp_path / "utm.cpg").unlink()  # as many programs in China write it
    found = geo.read_outlines(tmp_path / "utm.shp")
    assert found["outline_id"].tolist() == ["哈密一期", "b"]
    assert found["area_m2"].round(-1).tolist() == [9060, 18120]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as held:
        for path in tmp_path.glob("utm.*"):
            held.write(path, f"folder/{path.name}")
    assert geo.read_outlines(tmp_path / "all.zip")["outline_id"].tolist() == ["哈密一期", "b"]
    (tmp_path / "utm.prj").unlink()
    with pytest.raises(OsintError, match=r"without its \.prj, which says in which system"):
        geo.read_outlines(tmp_path / "utm.shp")


def test_kmz_is_read_whole_and_what_it_links_to_is_named(two_shapes, tmp_path):
    geo.write_outlines(two_shapes.rename(columns={"Name": "name"}), tmp_path / "o.kml")
    with zipfile.ZipFile(tmp_path / "two.kmz", "w") as held:
        held.write(tmp_path / "o.kml", "doc.kml")
        held.write(tmp_path / "o.kml", "more/doc.kml")
        held.writestr("images/overlay.png", b"not asked for")
    found = geo.read_outlines(tmp_path / "two.kmz")
    assert found["outline_id"].tolist() == ["哈密一期", "b", "哈密一期 (2)", "b (2)"]
    text = (tmp_path / "o.kml").read_text().replace("UTF-8", "GBK").encode("gbk")
    (tmp_path / "gbk.kml").write_bytes(text)
    assert geo.read_outlines(tmp_path / "gbk.kml")["outline_id"][0] == "哈密一期"
    link = "<NetworkLink><Link><href>http://example.org/x.kml</href></Link></NetworkLink></Document>"
    (tmp_path / "link.kml").write_text((tmp_path / "o.kml").read_text().replace("</Document>", link))
    with pytest.raises(OsintError, match="links to outlines at another place"):
        geo.read_outlines(tmp_path / "link.kml")
    (tmp_path / "bad.kmz").write_bytes(b"PK")
    with pytest.raises(OsintError, match=r"bad\.kmz cannot be read"):
        geo.read_outlines(tmp_path / "bad.kmz")


def test_folders_without_outlines_do_not_shift_the_names_of_the_others(tmp_path):
    mark = "<Placemark><name>{0}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{1},43 {2},43 {2},43.001 {1},43</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    folders = "".join(f"<Folder><name>{n}</name>{body}</Folder>" for n, body in [
        ("empty", ""), ("A", mark.format("a", 93, 93.001)), ("B", mark.format("b", 93.01, 93.011))])  # fmt: skip
    head = '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    (tmp_path / "f.kml").write_text(f"{head}{folders}</Document></kml>")
    assert geo.read_outlines(tmp_path / "f.kml")["layer"].tolist() == ["A", "B"]


def test_outlines_drawn_on_a_chinese_map_are_moved(two_shapes, tmp_path):
    moved = two_shapes.set_geometry(
        two_shapes.geometry.map(
            lambda g: shapely.transform(g, lambda c: np.array([geo.gcj_to_bd(*geo.wgs_to_gcj(*xy)) for xy in c]))
        )
    )
    geo.write_outlines(moved, tmp_path / "bd.geojson")
    back = geo.read_outlines(tmp_path / "bd.geojson", "BD-09")
    for one, truth in zip(back.geometry, two_shapes.geometry, strict=True):
        assert shapely.hausdorff_distance(one, truth) < 1e-7
    assert back["area_m2"].round(-1).tolist() == [9060, 18120]
