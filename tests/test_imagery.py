import dataclasses
import hashlib
import json
import math
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.io import MemoryFile

from osint import change, cli, imagery
from osint.cli.main import build_parser
from osint.errors import BadInputError, NetworkError, OsintError, RefusedError
from osint.http import ByteCache, Cost, RangeRead, byte_cache, bytes_by_reader, client, ranges
from osint.imagery import catalogue, items, read, stac_api
from osint.imagery import cog as cogs
from osint.imagery.grid import aligned
from osint.simulated import demo
from tests import items_forms as forms
from tests import pages as webpages

CORNER = (500_000.0, 4_790_000.0)
BOX = shapely.box(CORNER[0] + 400, CORNER[1] - 800, CORNER[0] + 800, CORNER[1] - 400)


def degrees(box, epsg=32646):
    return shapely.transform(box, Transformer.from_crs(epsg, 4326, always_xy=True).transform, interleaved=False)


SITE = degrees(BOX)
WIDE = degrees(shapely.box(CORNER[0] - 900, CORNER[1] - 5000, CORNER[0] + 5000, CORNER[1] + 900))


def pixels(seed=0, size=128, high=9000):
    return np.random.default_rng(seed).integers(1100, high, (size, size)).astype(np.uint16)


def cog(values, size=10.0, corner=CORNER, epsg=32646):
    how = {"predictor": "YES", "blocksize": 1024, "sparse_ok": "TRUE", "overview_resampling": "AVERAGE"}
    how |= {"overview_resampling": "NEAREST"} if values.dtype == np.uint8 else {}
    return demo.cog_bytes(values, Affine(size, 0, corner[0], 0, -size, corner[1]), epsg, nodata=0, **how)


@pytest.fixture
def pages():
    with webpages.served() as served:
        yield served


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def found(pages, **kwargs):
    kept = {"start": "2023-01-01", "end": "2025-12-31", "catalogue": pages.url} | kwargs
    return imagery.scenes(kept.pop("site", SITE), **kept)


def expected(values, offset, scale=1e-4):
    """The window of SITE, taken by counting pixels, not by the code under test."""
    return values[40:80, 40:80].astype(np.float64) * scale + offset


# ---- the offset of baseline 04.00, exactly once


@pytest.mark.parametrize(
    ("make", "offset"),
    [
        (lambda h: forms.earth_search("a", forms.day(0), WIDE, {"blue": h}, applied=True), 0.0),
        (lambda h: forms.earth_search("a", forms.day(0), WIDE, {"blue": h}, applied=False), -0.1),
        (
            lambda h: forms.earth_search("a", forms.day(0), WIDE, {"blue": h}, applied=False, baseline="03.01"),
            0.0,
        ),
        (lambda h: forms.earth_search("a", forms.day(0), WIDE, {"blue": h}, applied=None), -0.1),
        (lambda h: forms.planetary_computer("a", forms.day(0), WIDE, {"B02": h}), -0.1),
        (lambda h: forms.planetary_computer("a", forms.day(0), WIDE, {"B02": h}, baseline="02.12"), 0.0),
        (lambda h: forms.cdse("a", forms.day(0), WIDE, {"B02_10m": h}), -0.1),
    ],
    ids=["flag-true", "flag-false", "flag-false-old", "no-flag", "pc-new", "pc-old", "cdse"],
)
def test_offset_is_applied_exactly_once(pages, make, offset):
    values = pixels()
    values[45, 45] = 0
    pages.files["/b.tif"] = cog(values)
    pages.items = [make(f"{pages.url}/b.tif")]
    reading = imagery.read_bands(found(pages), SITE, ["B02"])
    cube = reading.data
    assert reading.failures == ()
    truth = expected(values, offset)
    truth[5, 5] = np.nan
    np.testing.assert_allclose(cube.B02.values[0], truth, atol=1e-6)


def test_offset_of_c1_collection_is_applied_once(pages):
    pages.files["/b.tif"] = cog(pixels())
    pages.items = [forms.earth_search_c1("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"})]
    reading = imagery.read_bands(found(pages, collection="sentinel-2-c1-l2a"), SITE, ["blue"])
    cube = reading.data
    np.testing.assert_allclose(cube.blue.values[0], expected(pixels(), -0.1), atol=1e-6)


def test_scene_of_unknown_offset_is_a_failure_and_not_a_guess(pages):
    pages.files["/b.tif"] = cog(pixels())
    item = forms.planetary_computer("a", forms.day(0), WIDE, {"B02": f"{pages.url}/b.tif"}, baseline="")
    pages.items = [item]
    reading = imagery.read_bands(found(pages), SITE, ["B02"])
    cube = reading.data
    assert np.isnan(cube.B02.values).all()
    assert "offset" in reading.failures[0].error


def test_flag_that_lies_is_suspected_from_dark_pixels(pages):
    # already shifted by the provider, and the flag says that it was not (Element84/earth-search#66)
    pages.files["/b.tif"] = cog(np.full((128, 128), 600, np.uint16))
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=False)]
    reading = imagery.read_bands(found(pages), SITE, ["B02"])
    assert reading.offset_suspects[0].id == "a"


def test_an_offset_in_doubt_is_told_on_the_screen(pages, tmp_path, capsys):
    pages.files["/b.tif"] = cog(np.full((128, 128), 600, np.uint16))
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=False)]
    box = ",".join(str(edge) for edge in SITE.bounds)
    span = ["--start", "2024-01-01", "--end", "2024-12-31", "--catalogue", pages.url]
    assert cli.main(["fetch", "--bbox", box, *span, "--bands", "B02", "--out", str(tmp_path / "a.npz")]) == 0
    assert "in doubt: a: over 1% of B02 is below -0.02" in capsys.readouterr().out
    stack = change.open_stack(SITE, "2024-01-01", "2024-12-31", catalogue=pages.url, collection="sentinel-2-l2a")
    assert stack.offset_doubt == ""
    stack.add(stack.reader(stack.scenes, SITE, ["B02"]))
    assert stack.offset_doubt.startswith("the offset of 1 scenes is in doubt (a): over 1% of B02")


# ---- one grid


def test_scl_of_20_m_fills_four_pixels_and_names_its_classes(pages):
    classes = np.random.default_rng(1).integers(1, 12, (64, 64)).astype(np.uint8)
    pages.files["/s.tif"] = cog(classes, 20.0)
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"scl": f"{pages.url}/s.tif"}, applied=True)]
    reading = imagery.read_bands(found(pages), SITE, ["scl"])
    cube = reading.data
    assert cube.scl.dtype == np.uint8
    np.testing.assert_array_equal(cube.scl.values[0], np.kron(classes, np.ones((2, 2)))[40:80, 40:80])
    assert dict(zip(cube.scl.attrs["flag_values"], cube.scl.attrs["flag_meanings"], strict=True))[11] == "snow or ice"
    assert list(reading.cost.bytes) == ["scl"]


def test_two_windows_of_a_zone_share_their_pixels():
    first = imagery.utm_grid(SITE)
    second = imagery.utm_grid(SITE.buffer(0.01))
    assert aligned(first.transform, second.transform)
    assert set(first.x) <= set(second.x)


def test_site_across_two_utm_zones_is_filled_from_both(pages):
    place = shapely.box(95.995, 43.20, 96.005, 43.205)
    item_boxes = {}
    for epsg, name, level in ((32646, "west", 3000), (32647, "east", 3000)):
        to = Transformer.from_crs(4326, epsg, always_xy=True)
        x, y = (round(v / 20) * 20 for v in to.transform(96.0, 43.2025))
        values = np.full((200, 200), level, np.uint16)
        # each tile holds only its own half, as with a seam at 96 degrees east
        columns = np.arange(200)
        (values[:, columns > 105] if name == "west" else values[:, columns < 95])[:] = 0
        pages.files[f"/{name}.tif"] = cog(values, 10.0, (x - 1000, y + 1000), epsg)
        item_boxes[name] = (
            shapely.box(95.9, 43.1, 96.0006, 43.3) if name == "west" else shapely.box(95.9994, 43.1, 96.1, 43.3)
        )
    pages.items = []
    for name, epsg in (("west", 32646), ("east", 32647)):
        item = forms.earth_search(name, forms.day(0), item_boxes[name], {"blue": f"{pages.url}/{name}.tif"},
                                  applied=True, epsg=epsg)  # fmt: skip
        item["properties"]["grid:code"] = f"MGRS-{name}"
        pages.items.append(item)
    scenes = found(pages, site=place)
    assert len(scenes) == 2
    reading = imagery.read_bands(scenes, place, ["B02"])
    cube = reading.data
    assert cube.sizes["time"] == 1
    assert reading.resampled in (("east",), ("west",))
    share = np.isfinite(cube.B02.values).mean()
    assert share > 0.99
    np.testing.assert_allclose(cube.B02.values[np.isfinite(cube.B02.values)], 0.3, atol=1e-6)


def test_coarse_reading_takes_the_overview(pages):
    values = pixels(size=2048)
    pages.files["/b.tif"] = cog(values)
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=True)]
    scenes = found(pages)
    coarse = imagery.read_bands(scenes, SITE, ["B02"], resolution=20, cache=False)
    fine = imagery.read_bands(scenes, SITE, ["B02"], cache=False)
    assert sorted(coarse.cost.bytes) == ["full", "overview"]
    mean = expected(values, 0).reshape(20, 2, 20, 2).mean((1, 3))
    np.testing.assert_allclose(coarse.data.B02.values[0], mean, atol=1.5e-4)
    assert fine.cost.total_bytes > 0


def test_random_windows_hold_the_very_pixels_also_beyond_the_edge(pages):
    values = pixels(3, size=1500)
    pages.files["/b.tif"] = cog(values)
    rng = np.random.default_rng(5)
    source = ranges.Ranges(pages.url)
    around = np.pad(values, 200)
    for _ in range(12):
        row, column = rng.integers(-100, 1450, 2)
        place = Affine(10, 0, CORNER[0] + 10 * column, 0, -10, CORNER[1] - 10 * row)
        grid = imagery.Grid("EPSG:32646", place, (90, 70))
        ours, resampled = cogs.read_window(source, f"{pages.url}/b.tif", grid, level="full", smooth=True)
        truth = around[row + 200 : row + 290, column + 200 : column + 270]
        np.testing.assert_array_equal(ours, truth)
        assert not resampled


@pytest.mark.parametrize("profile", [{"compress": "lzw"}, {"compress": "deflate", "predictor": 1}, {"tiled": False}])
def test_other_kinds_of_tiff_are_read_by_the_fallback_alike(pages, profile):
    values = pixels(4)
    with MemoryFile() as memory:
        kept = {
            "driver": "GTiff",
            "height": 128,
            "width": 128,
            "count": 1,
            "dtype": "uint16",
            "crs": "EPSG:32646",
            "transform": Affine(10, 0, CORNER[0], 0, -10, CORNER[1]),
            **({"tiled": True, "blockxsize": 64, "blockysize": 64} | profile),
        }
        if not kept["tiled"]:
            del kept["blockxsize"], kept["blockysize"]
        with memory.open(**kept) as target:
            target.write(values, 1)
        pages.files["/b.tif"] = bytes(memory.read())
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=True)]
    reading = imagery.read_bands(found(pages), SITE, ["B02"])
    cube = reading.data
    assert reading.failures == ()
    np.testing.assert_allclose(cube.B02.values[0], expected(values, 0), atol=1e-6)


def test_a_list_that_may_be_cut_short_is_refused(pages, monkeypatch):
    monkeypatch.setattr(items, "MAX_ITEMS", 2)
    hrefs = {"blue": f"{pages.url}/b.tif"}
    pages.items = [forms.earth_search(str(n), forms.day(n), WIDE, hrefs, applied=True) for n in range(3)]
    with pytest.raises(OsintError, match="2 scenes or more of the area: shorten the dates"):
        found(pages)
    pages.items = pages.items[:1]
    assert len(found(pages)) == 1


# ---- bytes


def test_second_reading_costs_no_request_and_a_changed_etag_is_noticed(pages):
    pages.files["/b.tif"] = cog(pixels(1))
    pages.etags["/b.tif"] = '"one"'
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=True)]
    scenes = found(pages)
    first = imagery.read_bands(scenes, SITE, ["B02"])
    sent = sum(1 for _, path, _ in pages.asked if path == "/b.tif")
    assert (first.cost.total_requests, sent) == (2, 2)
    again = imagery.read_bands(scenes, SITE, ["B02"])
    assert again.cost.total_requests == 0
    assert again.data.B02.identical(first.data.B02)
    pages.files["/b.tif"], pages.etags["/b.tif"] = cog(pixels(2)), '"two"'
    larger = imagery.read_bands(scenes, SITE.buffer(0.004), ["B02"])
    assert larger.changed == (f"{pages.url}/b.tif",)
    assert larger.failures == ()
    inner = larger.data.sel(x=first.data.x, y=first.data.y)
    np.testing.assert_allclose(inner.B02.values[0], expected(pixels(2), 0), atol=1e-6)


def test_bytes_counted_are_the_bytes_sent(pages):
    body = cog(pixels(1, size=1024))
    pages.files["/b.tif"] = body
    pages.items = [forms.earth_search("a", forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=True)]
    reading = imagery.read_bands(found(pages), SITE, ["B02"])
    assert reading.cost.total_bytes == reading.cost.bytes["full"]
    # rows 40 to 80 of 1024 are wanted: the rest of the tile is not asked for
    assert reading.cost.total_bytes < 0.15 * len(body)
    asked = [h["Range"] for _, path, h in pages.asked if path == "/b.tif"]
    assert sum(int(r.split("-")[1]) - int(r.split("=")[1].split("-")[0]) + 1 for r in asked) == reading.cost.total_bytes


def test_what_many_ask_for_at_once_is_fetched_once(pages, cache):
    body = np.random.default_rng(0).bytes(300_000)

    def slow(handler):
        time.sleep(0.1)
        webpages.send_range(handler, body)

    pages.files["/b.tif"] = slow
    href, counts = f"{pages.url}/b.tif", [Cost() for _ in range(8)]

    def ask(n):
        # each reading has its own object, they share the folder; the later ones want more
        source = ranges.Ranges(pages.url, counts[n], ByteCache(cache))
        return source.get(href, 1000, 5_000 * (1 + n // 4), "full")

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(ask, range(8)))
    assert got == [body[1000:6000]] * 4 + [body[1000:11000]] * 4
    assert sum(c.total_bytes for c in counts) == 10_000
    assert len(pages.asked) <= 2
    assert bytes_by_reader([c.asked for c in counts]) == [5_000, 0, 0, 0, 5_000, 0, 0, 0]
    # what was kept before costs nobody anything
    kept, more = RangeRead(href, 0, 700, 0), RangeRead(href, 0, 900, 200)
    assert bytes_by_reader([[kept], [more], [kept, RangeRead(href, 0, 900, 0)]]) == [0, 200, 0]


def test_a_block_that_another_was_joined_to_is_not_fetched_again(pages, cache):
    body = np.random.default_rng(0).bytes(20_000)
    pages.files["/b.tif"] = body
    for start in (2_000, 7_000, 7_000, 8_000):
        source = ranges.Ranges(pages.url, cache=ByteCache(cache))
        assert source.get(f"{pages.url}/b.tif", start, 5_000, "full") == body[start : start + 5_000]
    asked = [h["Range"] for _, _, h in pages.asked]
    assert asked == ["bytes=2000-6999", "bytes=7000-11999", "bytes=12000-12999"]


def test_cache_stays_within_its_limit_and_damage_is_a_miss(tmp_path):
    kept = ByteCache(tmp_path, limit_bytes=100_000)
    for n in range(40):
        kept.put(f"https://host/{n}", 0, '"e"', bytes([n]) * 10_000)
    assert sum(p.stat().st_size for p in tmp_path.rglob("*-*")) <= 130_000
    kept.put("https://host/x?sig=secret", 0, '"e"', b"abc")
    assert kept.get("https://host/x?sig=other", 0) == b"abc"
    assert not any(b"secret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    (path,) = [p for p in tmp_path.rglob("*-0") if p.read_bytes()[32:] == b"abc"]
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    assert kept.get("https://host/x", 0) is None


LIMIT = 2 << 20


def _search(folder, number):
    """What a search does: many small readings, each with a cache of its own."""
    for n in range(150):
        ByteCache(folder, LIMIT).put(f"https://host/{number}/{n}", 0, '"e"', bytes(5_000))


def _kept(folder):
    """Return the bytes on disk of each block, in clusters."""
    return [-(-p.stat().st_size // byte_cache.UNIT) * byte_cache.UNIT for p in folder.glob("*/*/*-*")]


def test_the_limit_holds_over_many_small_readings_of_several_processes(tmp_path):
    spawn = multiprocessing.get_context("fork")
    most = 0
    for turn in range(3):
        workers = [spawn.Process(target=_search, args=(tmp_path, f"{turn}{n}")) for n in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert [w.exitcode for w in workers] == [0] * 4
        most = max(most, sum(_kept(tmp_path)))
    # 14.7 MB were written, 50 kB a process while another looks through the folder
    assert 0.8 * LIMIT < most < LIMIT + 200_000
    last = ByteCache(tmp_path, LIMIT)
    last.put("https://host/last", 0, '"e"', b"abc")
    assert last.get("https://host/last", 0) == b"abc"
    # what holds no block any more leaves nothing behind
    assert len(list(tmp_path.glob("*/*/etag"))) <= len(_kept(tmp_path)) + 4


def test_a_cache_that_nobody_counted_is_looked_through_at_once(tmp_path, monkeypatch):
    full = ByteCache(tmp_path, 10 * LIMIT)
    for n in range(700):
        full.put(f"https://host/{n}", 0, '"e"', bytes(5_000))
    (tmp_path / "tally").unlink()
    ByteCache(tmp_path, LIMIT).put("https://host/one", 0, '"e"', b"abc")
    assert 0.8 * LIMIT < sum(_kept(tmp_path)) < LIMIT
    looks = []
    monkeypatch.setattr(ByteCache, "prune", looks.append)
    for n in range(12):
        ByteCache(tmp_path, LIMIT).put(f"https://host/more{n}", 0, '"e"', bytes(4_000))
    assert not looks


def test_a_block_that_goes_while_another_is_kept_stops_nothing(tmp_path, monkeypatch):
    kept = ByteCache(tmp_path)
    kept.put("https://host/a", 0, '"e"', b"abc")
    whole = byte_cache._whole

    def gone(path):
        path.unlink()
        return whole(path)

    monkeypatch.setattr(byte_cache, "_whole", gone)
    kept.put("https://host/a", 3, '"e"', b"def")
    monkeypatch.undo()
    assert kept.get("https://host/a", 0) is None
    assert kept.get("https://host/a", 3) == b"def"
    # nor does a damaged one become whole by being lengthened
    (path,) = tmp_path.rglob("*-3")
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    kept.put("https://host/a", 6, '"e"', b"ghi")
    assert kept.get("https://host/a", 3) is None
    assert kept.get("https://host/a", 6) == b"ghi"


def _write(folder, number):
    kept = ByteCache(folder)
    for n in range(30):
        body = hashlib.sha256(str(n).encode()).digest() * 500
        kept.put(f"https://host/{n}", 0, '"e"', body)
        if kept.get(f"https://host/{n}", 0) != body:
            raise SystemExit(number)


def test_two_processes_share_the_cache(tmp_path):
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_write, args=(tmp_path, n)) for n in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [w.exitcode for w in workers] == [0, 0]


# ---- hostile and broken


def _broken(pages):
    good = cog(pixels(1, size=1024))
    huge = bytearray(cog(pixels(1, size=64)))
    width = huge.index(b"\x00\x01\x03\x00\x01\x00\x00\x00") if b"\x00\x01\x03\x00\x01\x00\x00\x00" in huge else None
    assert width is not None
    for tag in (b"\x00\x01\x03\x00", b"\x01\x01\x03\x00"):
        at = huge.index(tag)
        huge[at : at + 12] = tag[:2] + b"\x04\x00\x01\x00\x00\x00" + (10**6).to_bytes(4, "little")
    html = b"<html>please log in</html>" * 900
    send, send_range = webpages.send, webpages.send_range
    flip = good[:3000] + np.random.default_rng(9).bytes(len(good) - 3000)
    return {
        "truncated": (good[: len(good) // 40], "cut short"),
        "huge": (bytes(huge), "1000000 x 1000000"),
        "damaged": (flip, "unpacked"),
        "html": (html, "web page"),
        "page": (lambda h: send(h, 200, html, {"Content-Type": "text/html"}), "a page"),
        "whole": (lambda h: send(h, 200, good, {"Content-Type": "image/tiff"}), "ignoring the range"),
        "gzip": (lambda h: send_range(h, good, **{"Content-Encoding": "gzip"}), "compressed"),
        "stalled": (webpages.drip, "no byte for 1.5 s"),
        "missing": (lambda h: send(h, 404, b"", {}), "404"),
        "closed": (lambda h: send(h, 403, b"", {}), "account"),
        "vrt": (b'<VRTDataset rasterXSize="1" rasterYSize="1"/>' * 10, "web page"),
        "loop": (lambda h: send(h, 302, b"", {"Location": f"{pages.url}/loop"}), "redirects"),
        "inside": (lambda h: send(h, 302, b"", {"Location": "https://169.254.169.254/latest"}), "link-local"),
        "shifted": (lambda h: send(h, 206, b"x" * 9, {"Content-Range": "bytes 5-13/99"}), "another range"),
    }


def test_each_broken_scene_is_named_and_the_others_go_on(pages, monkeypatch):
    limits = dataclasses.replace(ranges.LIMITS, silence_seconds=1.5, attempts=2)
    monkeypatch.setattr(ranges, "LIMITS", limits)
    cases = _broken(pages)
    hrefs = {name: f"{pages.url}/{name}" for name in cases}
    for name, (answer, _) in cases.items():
        pages.files[f"/{name}"] = answer
    refused = {
        "file": ("file:///etc/passwd", "https"),
        "s3": ("s3://bucket/key.tif", "readers pay"),
        "vsi": ("/vsicurl/http://127.0.0.1/x", "https"),
        "otherport": ("http://127.0.0.1:9/x.tif", "plain http"),
        "localhost": ("https://localhost/x.tif", "loopback"),
        "private": ("https://10.0.0.8/x.tif", "private"),
        "mapped": ("https://[::ffff:10.0.0.8]/x.tif", "private"),
        "decimal": ("https://2130706433/x.tif", ""),
        "user": ("https://me:you@example.org/x.tif", "user name"),
        "bad": ("http://[", "not a readable address"),
    }
    hrefs |= {name: href for name, (href, _) in refused.items()}
    pages.files["/good"] = cog(pixels(7, size=1024))
    hrefs["good"] = f"{pages.url}/good"
    pages.items = [
        forms.earth_search(name, forms.day(n), WIDE, {"blue": href}, applied=True)
        for n, (name, href) in enumerate(hrefs.items())
    ]
    scenes = found(pages)
    reading = imagery.read_bands(scenes, SITE, ["B02"])
    cube = reading.data
    errors = {f.id: f.error for f in reading.failures}
    wanted = {name: text for name, (_, text) in (cases | refused).items()}
    assert set(errors) == set(wanted)
    for name, text in wanted.items():
        assert text in errors[name], (name, errors[name])
    dates = cube.id.values.tolist()
    good = cube.B02.values[dates.index("good")]
    np.testing.assert_allclose(good, expected(pixels(7, size=1024), 0), atol=1e-6)
    assert np.isnan(np.delete(cube.B02.values, dates.index("good"), 0)).all()


def test_name_that_stands_for_a_private_address_is_refused_when_connecting(monkeypatch):
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.1.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: answers)
    source = ranges.Ranges("https://catalogue.example.org")
    with pytest.raises(RefusedError, match=r"resolves to 192\.168\.1\.7, a private address"):
        source.get("https://pictures.example.org/a.tif", 0, 100, "full")


def test_bomb_of_zeros_unpacks_no_more_than_the_window(pages):
    values = np.full((4096, 4096), 1234, np.uint16)
    pages.files["/b.tif"] = cog(values)
    source = ranges.Ranges(pages.url)
    grid = imagery.utm_grid(SITE)
    ours, _ = cogs.read_window(source, f"{pages.url}/b.tif", grid, level="full", smooth=True)
    assert (ours == 1234).all()


# ---- searching


def _doubles(url):
    hrefs = {"blue": f"{url}/b.tif"}
    first = forms.earth_search("S2A_46TFN_20240101_0_L2A", forms.day(0), WIDE, hrefs, applied=True)
    second = forms.earth_search("S2A_46TFN_20240101_1_L2A", forms.day(0), WIDE, hrefs, applied=True)
    newer = forms.earth_search("S2A_46TFN_20240101_2_L2A", forms.day(0), WIDE, hrefs, applied=True, baseline="05.10")
    far = forms.earth_search("far", forms.day(3), shapely.box(0, 0, 1, 1), hrefs, applied=True)
    neighbour = forms.earth_search("neighbour", forms.day(0), WIDE, hrefs, applied=True)
    neighbour["properties"]["grid:code"] = "MGRS-46TGN"
    return [first, second, newer, far, neighbour, {"id": "empty", "properties": {}}, first]


def test_of_two_granules_of_a_tile_the_one_that_shows_the_site_is_kept(pages):
    west, south, east, north = WIDE.bounds
    edge = SITE.bounds[1] + 0.93 * (SITE.bounds[3] - SITE.bounds[1])
    upper, lower = shapely.box(west, edge, east, north), shapely.box(west, south, east, SITE.bounds[3])
    hrefs = {"blue": f"{pages.url}/b.tif"}
    pages.items = [
        forms.earth_search("S2C_46TFN_20240101_1_L2A", forms.day(0), upper, hrefs, applied=True),
        forms.earth_search("S2C_46TFN_20240101_0_L2A", forms.day(0), lower, hrefs, applied=True),
    ]
    scenes = found(pages)
    assert scenes.frame["id"].tolist() == ["S2C_46TFN_20240101_0_L2A"]
    assert [remark.reason for remark in scenes.dropped] == ["its tile adds nothing to the site"]


def test_without_a_tile_the_newer_baseline_is_kept(pages):
    pages.items = [
        forms.earth_search(name, forms.day(0), WIDE, {"blue": f"{pages.url}/b.tif"}, applied=True, baseline=baseline)
        for name, baseline in (("a", "04.00"), ("b", "05.10"))
    ]
    for item in pages.items:
        del item["properties"]["grid:code"]
    assert found(pages).frame["id"].tolist() == ["b"]


@pytest.mark.parametrize("get_only", [True, False])
def test_duplicates_are_dropped_with_a_reason_over_both_ways_of_paging(pages, get_only):
    pages.items, pages.page, pages.get_only = _doubles(pages.url), 2, get_only
    scenes = found(pages)
    assert scenes.frame["id"].tolist() == ["S2A_46TFN_20240101_2_L2A"]
    reasons = [(d.id, d.reason) for d in scenes.dropped]
    assert ("far", "its picture does not reach the site") in reasons
    assert ("neighbour", "its tile adds nothing to the site") in reasons
    assert sum("processed again" in r for _, r in reasons) == 2
    assert len(reasons) == 6
    assert {m for m, p, _ in pages.asked if p.startswith("/search")} == ({"GET"} if get_only else {"POST"})


def test_busy_catalogue_is_asked_again_and_says_a_last_word(pages, monkeypatch):
    monkeypatch.setattr(client, "BACKOFF_S", 0.01)
    pages.items = _doubles(pages.url)
    pages.statuses = [429, 502, 504]
    assert len(found(pages)) == 1
    pages.statuses = [503] * 9
    catalogue_error = pytest.raises(OsintError, match="try later or another catalogue")
    with catalogue_error:
        found(pages)


def test_kept_answers_repeat_a_search_with_no_network(pages):
    pages.items = _doubles(pages.url)
    first = found(pages)
    asked = len(pages.asked)
    again = found(pages, offline=True)
    assert len(pages.asked) == asked
    pd.testing.assert_frame_equal(first.frame.drop(columns="geometry"), again.frame.drop(columns="geometry"))
    with pytest.raises(OsintError, match="not run before"):
        found(pages, offline=True, end="2024-02-02")


def test_next_page_on_another_host_is_not_followed(pages):
    def elsewhere(handler):
        link = {"rel": "next", "href": "https://10.1.1.1/search", "method": "GET"}
        body = json.dumps({"type": "FeatureCollection", "features": _doubles("http://h")[:1], "links": [link]}).encode()
        webpages.send(handler, 200, body, {"Content-Type": "application/json"})

    pages.get_only = True
    pages.files["/search"] = elsewhere
    with pytest.raises(OsintError, match="a host that was not named"):
        found(pages)


def test_next_page_that_was_already_seen_ends_the_search(pages):
    def circle(handler):
        link = {"rel": "next", "href": f"{pages.url}/search?token=again", "method": "GET"}
        body = {"type": "FeatureCollection", "features": _doubles(pages.url)[:2], "links": [link]}
        webpages.send(handler, 200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    pages.get_only = True
    pages.files["/search"] = circle
    with pytest.raises(OsintError, match="already seen, after 1 pages: the list has no end"):
        found(pages)
    assert sum(path.startswith("/search") for _, path, _ in pages.asked) == 2


def test_what_a_catalogue_answers_beyond_the_question_is_left_out_and_named(pages):
    hrefs = {"blue": f"{pages.url}/b.tif"}
    pages.items = [forms.earth_search(str(n), forms.day(n), WIDE, hrefs, applied=True) for n in range(3)]
    pages.items[1]["properties"]["datetime"] = "2019-07-01T04:00:00Z"
    pages.items[2]["collection"] = "naip"
    scenes = found(pages)
    assert scenes.frame["id"].tolist() == ["0"]
    reasons = {d.id: d.reason for d in scenes.dropped}
    assert reasons["1"] == "it is of 2019-07-01, a day that was not asked for"
    assert reasons["2"] == "it is of the collection 'naip', which was not asked for"


def test_list_that_is_shorter_than_the_catalogue_counts_is_said_to_have_a_gap(pages):
    def short(handler):
        body = {"type": "FeatureCollection", "features": _doubles(pages.url)[:1], "links": [], "numberMatched": 7}
        webpages.send(handler, 200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    pages.get_only = True
    pages.files["/search"] = short
    assert [d.reason for d in found(pages).dropped] == ["127.0.0.1 counts 7 scenes and listed 1: the list has a gap"]


def list_answers(pages, *bodies):
    """Answer a search with these bodies, one after the other, and the last one for ever."""
    turn = iter(bodies)
    last = json.dumps(bodies[-1]).encode()
    kind = {"Content-Type": "application/json"}
    pages.get_only = True
    pages.files["/search"] = lambda h: webpages.send(
        h, 200, json.dumps(body).encode() if (body := next(turn, None)) is not None else last, kind
    )


@pytest.mark.parametrize(
    "body", [{"code": "InternalError", "description": "database down"}, {"features": None}, ["down"], "down"]
)
def test_an_answer_without_a_list_of_scenes_is_a_failure_and_not_an_absence(pages, body):
    list_answers(pages, body)
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 gave no list of scenes, it answered .*(down|null)"):
        found(pages)
    first = {"features": _doubles(pages.url)[:1], "links": [{"rel": "next", "href": "?p=2"}]}
    list_answers(pages, first, body)
    with pytest.raises(NetworkError, match="no list of scenes"):
        found(pages)


def test_an_error_does_not_take_the_place_of_a_kept_list(pages):
    list_answers(pages, {"features": _doubles(pages.url)[:1], "links": []})
    assert len(found(pages)) == 1
    list_answers(pages, {"code": "InternalError", "description": "database down"})
    with pytest.raises(NetworkError, match="database down"):
        found(pages)
    assert len(found(pages, offline=True)) == 1


def test_an_empty_page_that_names_a_next_one_is_not_the_end_of_the_list(pages):
    onward = {"features": [], "links": [{"rel": "next", "href": "?p=2"}], "numberMatched": 1}
    list_answers(pages, onward, {"features": _doubles(pages.url)[:1], "links": []})
    scenes = found(pages)
    assert len(scenes) == 1 and not scenes.dropped
    assert pages.asked[-1][1] == "/search?p=2"
    list_answers(pages, onward)
    assert [d.reason for d in found(pages).dropped] == ["127.0.0.1 counts 1 scenes and listed 0: the list has a gap"]
    list_answers(pages, onward | {"numberMatched": None})
    assert "empty pages that promise more: the list may have a gap" in found(pages).dropped[0].reason


@pytest.mark.parametrize("matched", ["many", [], {}, None, float("inf")])
def test_a_count_that_is_no_number_is_unknown(pages, matched):
    list_answers(pages, {"features": _doubles(pages.url)[:1], "links": [], "numberMatched": matched, "context": 7})
    scenes = found(pages)
    assert len(scenes) == 1 and not scenes.dropped


def test_catalogue_cannot_have_a_file_of_this_machine_read(pages, tmp_path):
    secret = tmp_path / "items.json"
    secret.write_text(json.dumps({"type": "FeatureCollection", "features": _doubles(pages.url), "links": []}))
    io = stac_api.KeptAnswers(pages.url, tmp_path, Cost(), offline=False)
    with pytest.raises(RefusedError, match="a host that was not named"):
        io.read_text(str(secret))


def test_redirect_of_the_catalogue_to_another_host_is_not_followed(pages):
    pages.files["/search"] = lambda h: webpages.send(h, 302, b"", {"Location": "https://192.0.2.1/search"})
    pages.get_only = True
    with pytest.raises(OsintError, match="a host that was not named"):
        found(pages)


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path, capsys):
    missing = tmp_path / "none"
    days = ["--start", "2024-01-01", "--end", "2024-02-01"]
    assert cli.main(["scenes", "93", "43", *days, "--catalogue", str(missing)]) == 2
    assert f"`catalogue` names the folder {missing}, which does not exist; known" in capsys.readouterr().err
    missing.mkdir()
    with pytest.raises(BadInputError, match=r"none holds no catalog\.json"):
        imagery.scenes(SITE, "2024-01-01", "2024-02-01", catalogue=missing)


def test_local_catalogue_reads_files_inside_its_folder_only(tmp_path):
    folder = tmp_path / "stac"
    (folder / "one").mkdir(parents=True)
    (tmp_path / "outside.tif").write_bytes(cog(pixels()))
    (folder / "one" / "b.tif").write_bytes(cog(pixels()))
    items = {"one": "b.tif", "two": "../../outside.tif", "three": "/etc/passwd"}
    links = []
    for n, (name, href) in enumerate(items.items()):
        item = forms.earth_search(name, forms.day(n), WIDE, {"blue": href}, applied=True)
        (folder / "one" / f"{name}.json").write_text(json.dumps(item))
        links.append({"rel": "item", "href": f"./one/{name}.json"})
    (folder / "catalog.json").write_text(json.dumps({"type": "Catalog", "links": links}))
    scenes = imagery.scenes(SITE, "2024-01-01", "2024-02-01", catalogue=folder)
    reading = imagery.read_bands(scenes, SITE, ["B02"])
    cube = reading.data
    np.testing.assert_allclose(cube.B02.values[0], expected(pixels(), 0), atol=1e-6)
    assert [f.id for f in reading.failures] == ["three", "two"]
    assert all("outside the folder" in f.error for f in reading.failures)


def test_sas_token_is_renewed_and_never_stored(pages, cache):
    pages.files["/token/acc/box"] = lambda h: webpages.send(
        h, 200, json.dumps({"msft:expiry": "2099-01-01T00:00:00Z", "token": "sig=s3cret"}).encode(), {}
    )
    own = read.SasTokens(f"{pages.url}/token")
    signed = own.sign("https://acc.blob.core.windows.net/box/a.tif")
    assert signed == "https://acc.blob.core.windows.net/box/a.tif?sig=s3cret"
    assert own.sign(signed) == signed
    assert own.sign("https://example.org/a.tif") == "https://example.org/a.tif"
    own.sign("https://acc.blob.core.windows.net/box/b.tif")
    assert len(pages.asked) == 1
    own._tokens["acc/box"] = (0.0, "sig=old")
    assert own.sign("https://acc.blob.core.windows.net/box/b.tif").endswith("s3cret")
    pages.files["/b.tif"] = cog(pixels())
    source = ranges.Ranges(pages.url, cache=ByteCache(cache), sign=lambda href: href + "?sig=s3cret")
    source.get(f"{pages.url}/b.tif", 0, 100, "full")
    assert not any(b"s3cret" in p.read_bytes() for p in cache.rglob("*") if p.is_file())


def test_account_token_goes_to_its_own_hosts_only(monkeypatch):
    monkeypatch.setenv(catalogue.CDSE_TOKEN, "mine")
    assert read._account("https://zipper.dataspace.copernicus.eu/x")["Authorization"] == "Bearer mine"
    for href in ("https://dataspace.copernicus.eu.evil.org/x", "https://evil.org/dataspace.copernicus.eu"):
        assert read._account(href) == {}


def test_both_names_of_bands_and_of_tiles():
    hrefs = {"B02_10m": "https://a/b.jp2", "B02_20m": "https://a/c.jp2", "SCL_20m": "https://a/s.jp2"}
    row = items.read_item(forms.cdse("a", forms.day(0), WIDE, hrefs), SITE, "cdse")
    assert (row.tile, row.baseline) == ("46TFN", "05.11")
    assert row.hrefs == {"B02": "https://a/b.jp2", "SCL": "https://a/s.jp2"}
    other = items.read_item(forms.planetary_computer("a", forms.day(0), WIDE, {"B02": "https://a/x"}), SITE, "pc")
    assert math.isclose(other.footprint_share, 1.0)


# ---- the command line, on the demo


def test_verbs_find_fetch_and_draw_the_demo(tmp_path, capsys):
    made = demo.make_demo(1, 64, "2024-06-01", "2024-09-30", cloud=0.1)
    with demo.served(made) as world:
        place = world.footprint().centroid
        where = [f"{place.x:.5f}", f"{place.y:.5f}", "--radius", "200", "--catalogue", world.catalogue]
        span = ["--start", "2024-06-01", "--end", "2024-06-20"]
        assert cli.main(["scenes", *where, *span]) == 0
        assert "S2A_SIM_20240601" in capsys.readouterr().out
        assert cli.main(["fetch", *where, *span, "--bands", "B02,scl", "--out", str(tmp_path / "a.npz")]) == 0
        kept = np.load(tmp_path / "a.npz")
        assert kept["B02"].shape == kept["scl"].shape
        assert kept["B02"].shape[0] == 4
        picture = tmp_path / "pair.svg"
        told = [*where, "--before", "2024-06-10", "--after", "2024-09-10", "--days", "15", "--out", str(picture)]
        assert cli.main(["pair", *told]) == 0
        assert "SIMULATED" in picture.read_text()
        assert cli.main(["fetch", *where, *span, "--resolution", "20", "--out", str(tmp_path / "coarse.npz")]) == 0
        assert np.load(tmp_path / "coarse.npz")["B02"].shape[1] == kept["B02"].shape[1] / 2
        capsys.readouterr()
        cloudy = ["--start", "2024-08-14", "--end", "2024-08-26"]
        assert cli.main(["scenes", *where, *cloudy, "--max-cloud", "30"]) == 1
        assert "0 scenes; 3 dropped" in (said := capsys.readouterr().out)
        assert "dropped: more cloud than 30%" in said
        assert cli.main(["scenes", *where, "--start", "2024-06-20", "--end", "2024-06-01"]) == 2
        assert "before `start`" in capsys.readouterr().err
    # the world is gone: only what was kept answers
    assert cli.main(["scenes", *where, *span, "--offline"]) == 0
    assert "4 scenes; 0 dropped; 0 requests" in capsys.readouterr().out
    assert cli.main(["scenes", *where, "--start", "2024-07-01", "--end", "2024-07-20", "--offline"]) == 2
    assert "`offline` allows no new one" in capsys.readouterr().err


def test_each_verb_has_its_own_radius():
    parse = build_parser().parse_args
    span = ["--start", "2024-06-01", "--end", "2024-06-20"]
    assert parse(["scenes", "93", "43", *span]).radius == parse(["tiles", "93", "43"]).radius == 1_000
    assert parse(["power", "93", "43"]).radius == 10_000


def test_demo_of_another_seed_is_another_world():
    span = ["--port", "0", "--size", "64", "--start", "2024-01-01", "--end", "2024-01-15"]
    with subprocess.Popen(
        [sys.executable, "-m", "osint", "demo", "--seed", "5", *span], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout.readline().startswith("SIMULATED world of seed 5: ")
        finally:
            server.kill()
    first, other = (demo.make_demo(seed, 64, "2024-01-01", "2024-01-15").world.truth for seed in (0, 5))
    assert not first.geometry.equals(other.geometry)


# ---- another real server


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed (Debian: nginx-light)")
def test_windows_come_alike_from_nginx_and_its_etag_is_kept(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = tmp_path / "www"
    root.mkdir()
    (root / "b.tif").write_bytes(cog(pixels(6, size=1024)))
    server = f"server {{ listen 127.0.0.1:{port}; root {root}; access_log off; }}"
    places = " ".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = f"pid {tmp_path}/pid; error_log {tmp_path}/log; daemon off; events {{}} http {{ {places} {server} }}"
    (tmp_path / "nginx.conf").write_text(f"user root; {conf}" if os.getuid() == 0 else conf)
    process = subprocess.Popen(["nginx", "-c", str(tmp_path / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        url, grid = f"http://127.0.0.1:{port}", imagery.utm_grid(SITE)
        for turn in range(2):
            source = ranges.Ranges(url, cache=ByteCache(tmp_path / "kept"))
            ours, _ = cogs.read_window(source, f"{url}/b.tif", grid, level="full", smooth=True)
            np.testing.assert_array_equal(ours, pixels(6, size=1024)[40:80, 40:80])
            assert source.cost.total_requests == (0 if turn else 2)
    finally:
        process.terminate()
        process.wait(10)


def test_jpeg_2000_of_cdse_is_read_through_our_ranges(pages, tmp_path):
    values = pixels(8)
    profile = {"driver": "JP2OpenJPEG", "height": 128, "width": 128, "count": 1, "dtype": "uint16"}
    place = {"crs": "EPSG:32646", "transform": Affine(10, 0, CORNER[0], 0, -10, CORNER[1])}
    with rasterio.open(tmp_path / "b.jp2", "w", **profile, **place, QUALITY="100", REVERSIBLE="YES") as target:
        target.write(values, 1)
    pages.files["/b.jp2"] = (tmp_path / "b.jp2").read_bytes()
    pages.items = [forms.cdse("a", forms.day(0), WIDE, {"B02_10m": f"{pages.url}/b.jp2"})]
    reading = imagery.read_bands(found(pages), SITE, ["B02"])
    cube = reading.data
    assert reading.failures == ()
    np.testing.assert_allclose(cube.B02.values[0], expected(values, -0.1), atol=1e-6)


# ---- what comes back is a record


def test_two_searches_joined_keep_what_was_dropped_and_what_they_cost(pages):
    pages.items = _doubles(pages.url)
    first, second = found(pages), found(pages, start="2023-06-01")
    both = first.join(second)
    assert len(both) == 1
    assert both.dropped == first.dropped + second.dropped
    assert both.cost.total_bytes == first.cost.total_bytes + second.cost.total_bytes > 0
    assert both.cost.total_requests == first.cost.total_requests + second.cost.total_requests


def test_classes_of_a_scene_do_not_overlap_and_snow_is_neither_clear_nor_cloud():
    classes = imagery.SceneClass
    assert set(classes.ground) < set(classes.clear)
    assert not set(classes.clear) & set(classes.cloud)
    for code in (classes.NO_DATA, classes.SATURATED_OR_DEFECTIVE, classes.SNOW_OR_ICE):
        assert code not in (*classes.clear, *classes.cloud)


def test_rows_of_a_pass_are_known_without_their_ids():
    when = pd.to_datetime(
        ["2024-01-03 05:00:20", "2024-01-01 05:00:00", "2024-01-03 05:00:00", "2024-01-03 05:01:00"], utc=True
    )
    frame = pd.DataFrame({"id": list("dabc"), "datetime": when, "platform": ["a", "a", "a", "b"]})
    assert imagery.pass_numbers(frame).tolist() == [1, 0, 1, 2]


@pytest.mark.parametrize(("start", "end"), [("2024-06-30 or so", "2024-07-30"), ("2024-13-01", "2025-01-01")])
def test_a_date_that_is_not_one_is_refused(pages, start, end):
    with pytest.raises(OsintError, match="date"):
        found(pages, start=start, end=end)


@pytest.mark.parametrize("packed", ["deflate", "lzw"])
@pytest.mark.parametrize("own", [0, 7])
@pytest.mark.parametrize("asked", [0.0, None])
def test_a_tile_without_bytes_is_not_seen(tmp_path, packed, own, asked):
    """A sparse tile reads as the value of its file for what was not measured, as GDAL reads it, and never as a 0."""
    (tmp_path / "catalog.json").write_text("{}")
    place = rasterio.Affine(10, 0, 500000, 0, -10, 4800000)
    about = {"driver": "GTiff", "width": 64, "height": 64, "count": 1, "dtype": "uint16", "crs": "EPSG:32646"}
    tiles = {"tiled": True, "blockxsize": 32, "blockysize": 32, "sparse_ok": True, "compress": packed, "nodata": own}
    with rasterio.open(tmp_path / "a.tif", "w", transform=place, **about, **tiles) as file:
        file.write(np.full((1, 32, 64), 5, "uint16"), window=rasterio.windows.Window(0, 0, 64, 32))
    grid = imagery.Grid("EPSG:32646", place, (64, 64))
    source = ranges.Ranges(str(tmp_path))
    values, _ = cogs.read_window(source, "a.tif", grid, level="full", smooth=False, nodata=asked)
    assert (values[:32] == 5).all()
    assert (values[32:] == 0).all() if asked is not None else np.isnan(values[32:]).all()


def test_local_scenes_of_another_collection_are_named_and_no_empty_answer(tmp_path):
    listed = [forms.earth_search(str(n), forms.day(n), WIDE, {"blue": "b.tif"}, applied=True) for n in range(3)]
    body = {"type": "FeatureCollection", "features": [{**item, "collection": "sentinel-2-c1-l2a"} for item in listed]}
    (tmp_path / "items.json").write_text(json.dumps(body))
    with pytest.raises(BadInputError, match=r"sentinel-2-c1-l2a \(3\).*--collection"):
        imagery.scenes(SITE, "2024", "2024", catalogue=tmp_path / "items.json")
    named = {"catalogue": tmp_path / "items.json", "collection": "sentinel-2-c1-l2a"}
    assert len(imagery.scenes(SITE, "2000", "2001", **named)) == 0, "a time without scenes is no error"
    assert len(imagery.scenes(SITE, "2000", "2030", **named))
