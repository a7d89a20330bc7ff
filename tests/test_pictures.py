import datetime as dt
import re
import struct
import zlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import xarray as xr
from affine import Affine
from PIL import Image
from pyproj import Transformer
from scipy import ndimage

from osint import cli, geo, imagery
from osint.errors import NotFoundError, OsintError, UnreadableError
from osint.imagery import before_after, local, shifts
from osint.imagery.shifts import shift_px
from osint.simulated import demo

EAST, NORTH = 600_000.0, 4_800_000.0
SIZE = 200


def ground(seed=0, size=SIZE + 40):
    noise = np.random.default_rng(seed).normal(size=(size, size))
    field = ndimage.gaussian_filter(noise, 1.5)
    return (np.clip((field - field.min()) / np.ptp(field), 0, 1) * 255).astype(np.uint8)


def degrees_box(west, south, east, north):
    to = Transformer.from_crs(32646, 4326, always_xy=True)
    return shapely.transform(shapely.box(west, south, east, north), to.transform, interleaved=False)


SITE = degrees_box(EAST + 20, NORTH - SIZE + 20, EAST + SIZE - 20, NORTH - 20)


def save(path, grey, **kwargs):
    Image.fromarray(np.stack([grey] * 3, -1)).save(path, **kwargs)


def test_png_jpeg_and_tiff_land_on_one_grid_with_their_facts(tmp_path):
    grey = ground()[20 : 20 + SIZE, 20 : 20 + SIZE]
    save(tmp_path / "shot_2021-05-06.png", grey)
    (tmp_path / "shot_2021-05-06.pgw").write_text(f"1\n0\n0\n-1\n{EAST + 0.5}\n{NORTH - 0.5}\n")
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = "2022:07:08 10:11:12"
    save(tmp_path / "scene.jpg", grey, quality=97, exif=exif)
    profile = {
        "driver": "GTiff",
        "width": SIZE,
        "height": SIZE,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:32646",
    }
    with rasterio.open(
        tmp_path / "绿洲2023年4月5日.tif", "w", transform=Affine(1, 0, EAST, 0, -1, NORTH), **profile
    ) as target:
        target.write(np.stack([grey] * 3))
    corners = f"0 0 {EAST} {NORTH}; {SIZE} 0 {EAST + SIZE} {NORTH}; 0 {SIZE} {EAST} {NORTH - SIZE}"
    row = {"file": "scene.jpg", "sensor": "bought", "credit": "© Somebody 2022", "rights": "one use"}
    rows = [row | {"precision_m": "5", "crs": "EPSG:32646", "gcps": corners}]
    pd.DataFrame(rows).to_csv(tmp_path / "pictures.csv", index=False)
    pictures = imagery.read_pictures(tmp_path, SITE, 1.0, crs=32646)
    cube = pictures.data
    assert [str(t)[:10] for t in cube.time.values] == ["2021-05-06", "2022-07-08", "2023-04-05"]
    assert cube.credit.values.tolist() == ["", "© Somebody 2022", ""]
    assert float(cube.precision_m[1]) == 5
    truth = grey[20:-20, 20:-20] / 255
    np.testing.assert_allclose(cube.red.values[0], truth, atol=1e-6)
    np.testing.assert_allclose(cube.red.values[2], truth, atol=1e-6)
    assert np.abs(cube.red.values[1] - truth).mean() < 0.02
    assert all(abs(s.x_m) < 0.3 and abs(s.y_m) < 0.3 for s in pictures.shifts)


def test_known_shift_is_estimated_removed_and_said(tmp_path):
    big = ground(3)
    for name, (down, right) in {"2021-01-01": (0, 0), "2022-01-01": (7, -4)}.items():
        save(tmp_path / f"{name}.png", big[20 + down : 20 + down + SIZE, 20 + right : 20 + right + SIZE])
        (tmp_path / f"{name}.pgw").write_text(f"1\n0\n0\n-1\n{EAST + 0.5}\n{NORTH - 0.5}\n")
    pictures = imagery.read_pictures(tmp_path, SITE, 1.0, crs=32646)
    cube = pictures.data
    (shift,) = pictures.shifts
    # the content of the second lies 7 m too far north and 4 m too far east
    assert shift.removed
    assert (shift.x_m, shift.y_m) == pytest.approx((-4, -7), abs=0.2)
    assert np.nanmean(np.abs(cube.red.values[1] - cube.red.values[0])) < 0.02
    raw = imagery.read_pictures(tmp_path, SITE, 1.0, crs=32646, align=False).data
    assert np.nanmean(np.abs(raw.red.values[1] - raw.red.values[0])) > 0.1


@pytest.mark.parametrize("true", [(0.0, 0.0), (3.4, -2.7), (-0.5, 9.25)])
def test_shift_is_found_to_a_quarter_pixel_and_noise_is_weak(true):
    image = ground(5).astype(float)
    found = shift_px(image[30:-30, 30:-30], ndimage.shift(image, true, order=3)[30:-30, 30:-30])
    assert found[:2] == pytest.approx(true, abs=0.25)
    other = shift_px(image, np.random.default_rng(1).normal(size=image.shape))
    assert found[2] > 5 * other[2]
    assert other[2] < shifts.MIN_RESPONSE


@pytest.mark.parametrize(
    ("files", "table", "match"),
    [
        ({}, None, "no picture"),
        ({"shot.png": None}, None, "where shot.png is"),
        ({"shot.png": None}, "file,west,south,east,north\nshot.png,93,43,94,44\n", "when shot.png"),
        ({"shot.png": None}, "file,west,south,east,north\nshot.png,94,43,93,44\n", "west must be less"),
        ({"shot.png": None}, "file,gcps\nshot.png,0 0 93 43; 1 1 94 44\n", "three control points"),
        ({"shot.jpg": b"<html>"}, None, "not a readable JPEG"),
        ({"shot.tif": b'<VRTDataset rasterXSize="1"/>'}, None, "not a readable GeoTIFF"),
    ],
)
def test_picture_without_place_date_or_pixels_is_refused_by_name(tmp_path, files, table, match):
    for name, body in files.items():
        if body is None:
            save(tmp_path / name, ground()[:50, :50])
        else:
            (tmp_path / name).write_bytes(body)
    if table:
        (tmp_path / "pictures.csv").write_text(table)
    with pytest.raises(OsintError, match=match):
        imagery.read_pictures(tmp_path)


def test_verb_reads_corners_in_the_system_that_is_named_and_writes_the_title(tmp_path, capsys):
    for name, seed in {"2021-01-01": 1, "2022-01-01": 2}.items():
        save(tmp_path / f"{name}.png", ground(seed, SIZE))
        (tmp_path / f"{name}.pgw").write_text(f"1\n0\n0\n-1\n{EAST + 0.5}\n{NORTH - 0.5}\n")
    out = tmp_path / "mine.svg"
    line = ["pictures", str(tmp_path), "--before", "2021-01-01", "--after", "2022-01-01", "--out", str(out)]
    assert cli.main([*line, "--crs", "EPSG:32646", "--title", "Old and new"]) == 0
    assert "Old and new" in out.read_text(encoding="utf-8")
    # a metre is not a degree
    assert cli.main(line) == 2
    assert "osint pictures: " in capsys.readouterr().err


# ---- before and after


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    made = demo.make_demo(1, 64, "2024-06-01", "2024-06-30", cloud=0.0)
    with pytest.MonkeyPatch.context() as patch, demo.served(made) as world:
        patch.setenv("OSINT_CACHE", str(tmp_path_factory.mktemp("cache")))
        found = imagery.scenes(world.footprint(), "2024-06-01", "2024-06-30", catalogue=world.catalogue)
        return imagery.read_bands(found.frame.iloc[[0, -1]], world.footprint(), ["B02", "B03", "B04"], cache=False).data


def cube_outline(cube):
    x, y = cube.x.values, cube.y.values
    return degrees_box(x.min() + 50, y.min() + 50, x.max() - 50, y.max() - 50)


@pytest.mark.parametrize("crs", ["EPSG:99999", "nonsense", "32646x", ""])
def test_a_system_that_nobody_knows_is_named_with_its_picture(tmp_path, capsys, crs):
    Image.new("RGB", (8, 8)).save(tmp_path / "a_2024-05-01.png")
    (tmp_path / "pictures.csv").write_text("file,west,south,east,north\na_2024-05-01.png,94.6,43.2,94.7,43.3\n")
    assert cli.main(["pictures", str(tmp_path), "--crs", crs, "--out", str(tmp_path / "out.png")]) == 2
    said = capsys.readouterr().err
    assert f"{crs!r}, the coordinate system of a_2024-05-01.png, is not known" in said and "EPSG:4326" in said


def test_pair_shares_one_stretch_and_says_simulated(cube, tmp_path):
    chosen = imagery.choose_pair(cube, "2024-06-01", "2024-06-30")
    low, high = chosen.stretch
    for image, t in zip(chosen.images, (0, 1), strict=True):
        np.testing.assert_allclose(image[..., 0], np.clip((cube.B04.values[t] - low) / (high - low), 0, 1), atol=1e-6)
    assert chosen.simulated
    drawn = imagery.draw_pair(chosen, outline=cube_outline(cube))
    words = [text.get_text() for ax in drawn.axes for text in ax.texts]
    assert words.count("SIMULATED") == 2
    assert "N" in words
    first = [
        imagery.save_figure(imagery.draw_pair(chosen), tmp_path / f"a.{kind}").read_bytes() for kind in ("png", "svg")
    ]
    again = [
        imagery.save_figure(imagery.draw_pair(chosen), tmp_path / f"b.{kind}").read_bytes() for kind in ("png", "svg")
    ]
    assert first == again
    assert b"SIMULATED" in first[1]
    html = imagery.Swipe.of(chosen)._repr_html_()
    assert imagery.swipe_sides(chosen) == imagery.swipe_sides(chosen)
    assert "SIMULATED" in html
    assert "http" not in html


def test_pair_of_one_scene_is_refused(cube):
    with pytest.raises(OsintError, match="same one"):
        imagery.choose_pair(cube, "2024-06-01", "2024-06-02")
    gap = cube.copy(deep=True)
    gap["B02"][0] = np.nan
    gap["B03"][0] = np.nan
    gap["B04"][0] = np.nan
    with pytest.raises(OsintError, match="no pixel here"):
        imagery.choose_pair(gap, "2024-06-01", "2024-06-30")


# ---- contact sheet and time-lapse


def test_sheet_takes_the_clear_scene_of_each_part_of_the_time_with_one_stretch(cube, tmp_path):
    first = cube.isel(time=0).drop_vars("platform")
    days = pd.to_datetime(["2024-01-01", "2024-01-20", "2024-06-01", "2024-12-01", "2024-12-30"])
    many = xr.concat([first * k for k in (1.0, 1.1, 1.2, 1.3, 1.4)], "time").assign_coords(
        time=days, id=("time", list("abcde"))
    )
    cloudy = np.full(many.B04.shape, 5, np.uint8)
    cloudy[0], cloudy[2] = 9, 9  # the first day and the second third are cloud
    many = many.assign(scl=(("time", "y", "x"), cloudy))
    many.attrs = cube.attrs
    sheet = imagery.choose_sheet(many, 3)
    assert [f"{shot.date:%m-%d}" for shot in sheet.shots] == ["01-20", "12-01"]
    assert sheet.empty == 1
    assert "1 of 3 parts of the time have no clear scene" in sheet.told
    low, high = sheet.stretch
    np.testing.assert_allclose(
        sheet.shots[0].image[..., 0], np.clip((many.B04.values[1] - low) / (high - low), 0, 1), atol=1e-6
    )
    drawn = imagery.draw_sheet(sheet, cube_outline(cube), "哈密 $5bn")
    words = [text.get_text() for ax in drawn.axes for text in ax.texts]
    assert words.count("SIMULATED") == 2
    one, two = (imagery.save_figure(imagery.draw_sheet(sheet), tmp_path / f"{n}.png").read_bytes() for n in "ab")
    assert one == two
    many["scl"][:] = 9
    with pytest.raises(OsintError, match="no scene shows"):
        imagery.choose_sheet(many, 3)


def test_timelapse_has_one_frame_a_day_and_the_same_bytes_each_time(cube, tmp_path):
    sheet = imagery.choose_sheet(cube, 2)
    one, two = (imagery.save_timelapse(sheet, tmp_path / f"{n}.gif", title="x").read_bytes() for n in "ab")
    assert one == two
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == len(sheet.shots) == 2
    with pytest.raises(OsintError, match=r"\.gif"):
        imagery.save_timelapse(sheet, tmp_path / "a.mp4")


def test_verb_sheet_draws_and_plays_a_place(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    made = demo.make_demo(1, 64, "2024-06-01", "2024-06-30", cloud=0.0)
    with demo.served(made) as world:
        middle = world.footprint().centroid
        line = ["sheet", f"{middle.x:.5f}", f"{middle.y:.5f}", "--radius", "200", "--catalogue", world.catalogue]
        line += ["--start", "2024-06-01", "--end", "2024-06-30", "--count", "3", "--out"]
        assert cli.main([*line, str(tmp_path / "s.png")]) == 0
        assert cli.main([*line, str(tmp_path / "s.gif")]) == 0
    said = capsys.readouterr().out
    assert said.count("3 pictures, 2024-06-") == 2
    assert (tmp_path / "s.png").stat().st_size > 10_000


# ---- dates of one's own pictures


def frames(tmp_path, built_from, count=14):
    """Write a picture a month, of which a box has buildings from one on; light and focus change each time."""
    rng = np.random.default_rng(5)
    base = ground(9, SIZE).astype(float)
    for k in range(count):
        shot = base.copy()
        if k >= built_from:
            block = rng.integers(30, 220, (12, 12)) if k == built_from else block  # noqa: F821
            shot[60:120, 60:120] = np.kron(block, np.ones((5, 5)))
        shot = ndimage.gaussian_filter(shot, rng.uniform(0, 0.6)) * rng.uniform(0.75, 1.1) + rng.normal(
            0, 3, shot.shape
        )
        name = f"{pd.Timestamp('2022-01-10') + pd.Timedelta(days=30 * k):%Y-%m-%d}"
        save(tmp_path / f"{name}.png", np.clip(shot, 0, 255).astype(np.uint8))
        (tmp_path / f"{name}.pgw").write_text(f"1\n0\n0\n-1\n{EAST + 0.5}\n{NORTH - 0.5}\n")


def test_own_pictures_date_what_was_built_and_nothing_else(tmp_path, capsys):
    folder = tmp_path / "shots"
    folder.mkdir()
    frames(folder, built_from=8)
    built, control = ((60, 60, 120, 120), (130, 130, 185, 185))
    outlines = gpd.GeoDataFrame(
        {"outline_id": ["built", "control"]},
        geometry=[degrees_box(EAST + a, NORTH - d, EAST + c, NORTH - b) for a, b, c, d in (built, control)],
        crs=4326,
    )
    geo.write_outlines(outlines, tmp_path / "o.geojson")
    line = ["pictures", str(folder), "--crs", "EPSG:32646", "--outlines", str(tmp_path / "o.geojson"), "--out"]
    assert cli.main([*line, str(tmp_path / "dated.geojson")]) == 0
    rows = geo.read_features(tmp_path / "dated.geojson").set_index("outline_id")
    last_without, first_with = "2022-08-08", "2022-09-07"
    found = rows.loc["built"]
    assert last_without <= found["changed_best"] <= first_with
    assert found["changed_low"] <= first_with
    assert found["changed_high"] >= last_without
    assert found["texture"] > 1.5
    assert "no change was seen in 14 pictures" in rows.loc["control", "cannot_tell"]
    assert "a person has to see" in capsys.readouterr().out


def test_gap_is_grey_and_not_black(cube):
    gap = cube.copy(deep=True)
    for band in ("B02", "B03", "B04"):
        gap[band][0, :10] = np.nan
    chosen = imagery.choose_pair(gap, "2024-06-01", "2024-06-30")
    assert np.isnan(chosen.images[0][:10]).all()
    assert before_after.with_alpha(chosen.images[0])[:10, :, 3].max() == 0


def test_date_is_a_utc_midnight_when_only_the_day_is_known(tmp_path):
    path = tmp_path / "x.png"
    assert local._date(path, "2024-02-29", "") == dt.datetime(2024, 2, 29, tzinfo=dt.UTC)
    assert local._date(tmp_path / "img20231201_2.png", None, "").day == 1
    with pytest.raises(OsintError, match=r"'2023-02-30' in pictures\.csv cannot be read"):
        local._date(path, "2023-02-30", "")


EDGES = "93.0,43.25,93.0025,43.2518"
HEAD = "file,west,south,east,north"
SQUARE = ground()[:SIZE, :SIZE]


def folder_of(tmp_path, *names, extra=""):
    """Return a folder with the square at the first name, and a table that places all of them."""
    home = tmp_path / "pictures"
    home.mkdir()
    save(home / names[0], SQUARE)
    rows = [f"{name},{EDGES}" for name in names]
    (home / "pictures.csv").write_text("\n".join([HEAD, *rows, *([extra] if extra else [])]))
    return home


def test_screenshots_of_one_view_are_placed_by_its_middle_and_its_width(tmp_path, capsys):
    home = tmp_path / "shots"
    home.mkdir()
    save(home / "2021-01-01.png", SQUARE[:100])
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:01 10:00:00"
    save(home / "later.jpg", SQUARE[:100], exif=exif)
    with pytest.raises(OsintError, match=r"--centre LON,LAT --width-m M --precision-m M"):
        imagery.read_pictures(home)
    line = ["pictures", str(home), "--centre", "93.0,43.25", "--precision-m", "10", "--out", str(tmp_path / "a.png")]
    assert cli.main(line) == 2 and "go together" in capsys.readouterr().err
    assert cli.main([*line, "--width-m", str(SIZE)]) == 0
    said = capsys.readouterr().out
    assert (
        "later.jpg is dated 2024-05-01 by what the file says of itself" in said
        and "may be the day of the screen" in said
    )
    data = imagery.read_pictures(home).data
    assert data.sizes["x"] == pytest.approx(SIZE, abs=4) and data.sizes["y"] == pytest.approx(100, abs=4)
    assert data["gsd_m"].values == pytest.approx(1, abs=0.01) and set(data["precision_m"].values) == {10.0}
    assert cli.main([*line, "--width-m", "300"]) == 2 and "is there already" in capsys.readouterr().err
    (home / "pictures.csv").unlink()
    save(home / "2022-01-01.png", SQUARE[:150])
    assert cli.main([*line, "--width-m", "300"]) == 2 and "have different shapes" in capsys.readouterr().err


def test_a_picture_that_says_it_is_huge_or_is_none_is_named_and_places_nothing(tmp_path):
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    head = struct.pack(">I", len(size)) + b"IHDR" + size + struct.pack(">I", zlib.crc32(b"IHDR" + size))
    for body in (b"\x89PNG\r\n\x1a\n" + head + b"\0\0\0\0IDAT", b"", b"no picture"):
        (tmp_path / "2021-01-01.png").write_bytes(body)
        with pytest.raises(UnreadableError, match=r"2021-01-01[.]png is not a readable"):
            imagery.place_pictures(tmp_path, 93.0, 43.25, 300, 10)
    assert not (tmp_path / "pictures.csv").exists()
    with pytest.raises(NotFoundError, match="there is no folder"):
        imagery.place_pictures(tmp_path / "gone", 93.0, 43.25, 300, 10)


def test_a_picture_is_turned_as_exif_says(tmp_path):
    home = folder_of(tmp_path, "2021-01-01.png", "2024-01-01.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    save(home / "2024-01-01.jpg", np.rot90(SQUARE).copy(), quality=97, exif=exif)
    found = imagery.read_pictures(home)
    assert abs(found.shifts[0].x_m) < 0.3 and abs(found.shifts[0].y_m) < 0.3
    assert float(np.nanmean(np.abs(found.data.red.values[1] - found.data.red.values[0]))) < 0.03
    (home / "pictures.csv").write_text(f"{HEAD}\n2021-01-01.png,{EDGES}\n")
    (home / "2024-01-01.jgw").write_text("0.0000125\n0\n0\n-0.000009\n93.0\n43.2518\n")
    with pytest.raises(OsintError, match=r"2024-01-01\.jpg says in EXIF that it is to be turned"):
        imagery.read_pictures(home)


def test_depth_nodata_and_transparency_are_honoured(tmp_path):
    home = folder_of(tmp_path, "2021-01-01.png", "2022-01-01.png", "2023-01-01.png")
    Image.fromarray(SQUARE.astype(np.uint16) * 196).save(home / "2022-01-01.png")
    seen = np.where(np.arange(SIZE)[:, None] < 80, 0, 255) * np.ones((1, SIZE))
    Image.fromarray(np.dstack([SQUARE] * 3 + [seen.astype(np.uint8)])).save(home / "2023-01-01.png")
    west, south, east, north = map(float, EDGES.split(","))
    real = np.stack([SQUARE / 255] * 3).astype(np.float32)
    real[:, :60, :60] = -9999
    place = {"crs": 4326, "transform": Affine((east - west) / SIZE, 0, west, 0, (south - north) / SIZE, north)}
    known = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": 3, "dtype": "float32", "nodata": -9999, **place}
    with rasterio.open(home / "2024-01-01.tif", "w", **known) as target:
        target.write(real)
    found = imagery.read_pictures(home)
    red = found.data.red.values
    assert np.isnan(red).mean(axis=(1, 2)) == pytest.approx([0, 0, 0.4, 0.09], abs=0.02)
    for other in red[1:]:
        assert float(np.nanmean(np.abs(other - red[0]))) < 0.03
    assert "differ in depth" in found.remarks[0]


def test_what_is_not_read_or_in_doubt_is_named(tmp_path, capsys):
    home = folder_of(tmp_path, "2021-01-01.png", "Screenshot 2024-01-01.webp")
    save(home / "Screenshot 2024-01-01.webp", SQUARE)
    (home / "2023-01-01.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert cli.main(["pictures", str(home), "--out", str(tmp_path / "all.png")]) == 3
    said = capsys.readouterr().out
    assert "2023-01-01.heic is not read" in said and "may be the day of the screenshot" in said
    (home / "2022-01-01.jpg").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(OsintError, match=r"2022-01-01\.jpg is HEIC by its bytes"):
        imagery.read_pictures(home)


@pytest.mark.parametrize(
    ("names", "extra", "match"),
    [
        (("a 2021-01-01.png", "b 2021-01-01.png", "2024-01-01.png"), "", r"2021-01-01 has 2 pictures \(a .*, b .*\)"),
        (("2021-01-01.png", "2024-01-01.png"), f"lost.png,{EDGES}", r"names lost\.png, and no such picture"),
    ],
)
def test_two_of_one_day_and_rows_without_a_picture_are_named(tmp_path, capsys, names, extra, match):
    home = folder_of(tmp_path, *names, extra=extra)
    for name in names[1:]:
        save(home / name, SQUARE)
    line = ["pictures", str(home), "--before", "2021-01-01", "--after", "2024-01-01", "--out", str(tmp_path / "p.png")]
    assert cli.main(line) == 2
    assert re.search(match, capsys.readouterr().err)


def test_a_table_of_chinese_excel_is_read_and_a_date_that_cannot_be_is_refused(tmp_path):
    home = folder_of(tmp_path, "2021-01-01.png", "哈密2024-01-01.png")
    save(home / "哈密2024-01-01.png", SQUARE)
    rows = [f"{HEAD},credit,date", f"2021-01-01.png,{EDGES},高德,2021-01-01 10:30", f"哈密2024-01-01.png,{EDGES},高德,"]
    (home / "pictures.csv").write_bytes("\n".join(rows).encode("gbk"))
    found = imagery.read_pictures(home).data
    assert found.credit.values.tolist() == ["高德", "高德"]
    assert str(found.time.values[0])[:16] == "2021-01-01T10:30"
    (home / "pictures.csv").write_text(f"{HEAD},date\n2021-01-01.png,{EDGES},05/06/2020\n哈密2024-01-01.png,{EDGES},\n")
    with pytest.raises(OsintError, match=r"'05/06/2020' in pictures\.csv cannot be read"):
        imagery.read_pictures(home)


@pytest.mark.parametrize("seed", range(4))
def test_a_logo_on_both_pictures_moves_neither(tmp_path, seed):
    home = folder_of(tmp_path, "2021-01-01.png", "2024-01-01.png")
    # ground that moved by 8 and 6 pixels and faded under another season; a logo that stays where it is
    big, other = ground(3 + seed, 260), ground(50 + seed)
    first, last = big[20:220, 20:220].copy(), (0.15 * big[28:228, 14:214] + 0.85 * other[:SIZE, :SIZE]).astype(np.uint8)
    for grey in (first, last):
        grey[160:195, 105:195] = np.where(np.arange(90) // 5 % 2, 255, 0)
    save(home / "2021-01-01.png", first)
    save(home / "2024-01-01.png", last)
    (shift,) = imagery.read_pictures(home).shifts
    assert not shift.removed or (abs(shift.y_m + 8) < 1 and abs(shift.x_m + 6) < 1)
