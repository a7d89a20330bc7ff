"""Radar, night light and warmth against SIMULATED rasters written here, with a truth that could fail."""

import json

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer

from osint.change import observations, series, signals, steps
from osint.errors import OsintError

EPSG, WEST, NORTH = 32646, 500_000.0, 4_790_000.0
START, END = "2023-01-01", "2024-12-31"
BUILT = "2024-02-15"


def lonlat(shape):
    return shapely.transform(shape, Transformer.from_crs(EPSG, 4326, always_xy=True).transform, interleaved=False)


OUTLINE = lonlat(shapely.box(WEST + 270, NORTH - 380, WEST + 370, NORTH - 270))


def write(path, values, metres, nodata=None):
    # Landsat's edges lie at odd multiples of 15 m
    west, north = (499_395.0, 4_790_595.0) if metres == 30 else (WEST, NORTH)
    profile = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype,
               "crs": f"EPSG:{EPSG}", "transform": Affine(metres, 0, west, 0, -metres, north), "nodata": nodata,
               "tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)


def catalogue(folder, collection, scenes):
    """Write a local STAC of `scenes`: (datetime, properties, {band: (array, metres, raster:bands)})."""
    items = []
    outline = lonlat(shapely.box(WEST, NORTH - 640, WEST + 640, NORTH))
    for n, (when, properties, bands) in enumerate(scenes):
        assets = {}
        for band, (values, metres, about) in bands.items():
            write(folder / f"{n}_{band}.tif", values, metres, about.get("nodata"))
            assets[band] = {"href": f"{n}_{band}.tif", "type": "image/tiff", "raster:bands": [about]}
        items.append({"type": "Feature", "id": f"SIM_{n}", "collection": collection, "assets": assets,
                      "geometry": outline.__geo_interface__,
                      "properties": {"datetime": f"{when.isoformat()}Z", "platform": "simulated", "osint:simulated": True,
                                     "proj:epsg": EPSG, **properties}})  # fmt: skip
    (folder / "catalog.json").write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    return str(folder)


def radar_scenes(step_db, *, orbits=(("ascending", 12, 0.0), ("descending", 92, 4.0)), split="", wet=False, seed=0):
    """Return passes every 12 days an orbit: speckle of 4.4 looks, each orbit with its own brightness of the place."""
    rng = np.random.default_rng(seed)
    inside = np.zeros((64, 64), bool)
    inside[27:38, 27:37] = True
    scenes = []
    for k, (direction, number, offset) in enumerate(orbits):
        for day in pd.date_range(START, END, freq="12D") + pd.Timedelta(days=5 * k, hours=12 * k):
            if split and (day < pd.Timestamp(split)) == bool(k):
                continue
            bands = {}
            for band, level in (("vv", 0.05), ("vh", 0.01)):
                ground = np.full((64, 64), level * (1.8 if wet and day.month in (4, 5) else 1.0))
                ground[inside] *= 10 ** ((offset + step_db * (day >= pd.Timestamp(BUILT))) / 10)
                power = (ground * rng.gamma(4.4, 1 / 4.4, ground.shape)).astype("float32")
                power[:2] = -32768
                bands[band] = (power, 10, {"nodata": -32768})
            scenes.append((day, {"sat:orbit_state": direction, "sat:relative_orbit": number}, bands))
    return sorted(scenes, key=lambda s: s[0])


def clock(tmp_path, scenes, **how):
    where = catalogue(tmp_path, "sentinel-1-rtc", scenes)
    return signals.radar_step(OUTLINE, START, END, catalogue=where, **how)


def test_radar_dates_a_step_under_speckle_and_says_whether_it_agrees(tmp_path):
    told = clock(tmp_path, radar_scenes(5.0), optical=("2024-02-05", "2024-02-25"))
    assert told.agrees is True
    assert set(told.found) == {"ascending 12", "descending 92"}
    low, best, high = told.interval
    assert low <= np.datetime64(BUILT) <= high
    assert abs(best - np.datetime64(BUILT)) <= np.timedelta64(15, "D")
    assert told.signal.simulated
    other = signals._clock(told.signal, told.found, ("2023-03-01", "2023-04-01"))
    assert other.agrees is False
    assert "does not agree" in other.says
    rows, _ = signals.rows(told.signal, "XJ03", "a reader")
    assert {r["quantity"] for r in rows} == {"backscatter_ratio"}
    assert {r["rung"] for r in rows} == {""}
    assert rows[0]["low"] < 10**0.5 < rows[0]["high"]


def test_a_change_of_orbit_is_no_step_though_mixed_it_would_be(tmp_path):
    told = clock(tmp_path, radar_scenes(0.0, split=BUILT))
    assert told.interval is None
    assert told.says.startswith("radar sees no step")
    assert len(steps.date_step(told.signal.times, told.signal.values)) == 1


def test_wet_ground_and_nothing_built_give_no_radar_step(tmp_path):
    told = clock(tmp_path, radar_scenes(0.0, orbits=(("ascending", 12, 0.0),), wet=True, seed=3))
    assert told.interval is None
    assert told.agrees is None
    assert signals.rows(told.signal, "XJ03", "a reader")[0] == []


def night_scenes(warm_k, nights=26, cloudy=()):
    rng = np.random.default_rng(1)
    scenes = []
    for n, when in enumerate(pd.date_range(START, END, periods=nights)):
        for hour in (15, 4):  # UTC; 21 h and 10 h local
            kelvin = 270 + 15 * np.sin(2 * np.pi * when.day_of_year / 365) + rng.normal(0, 0.7, (62, 62))
            hot = when >= pd.Timestamp(BUILT)
            # the sun heats the new roof by day: only nights tell of what is inside
            kelvin[28:34, 28:34] += warm_k * hot if hour == 15 else 12 * hot
            qa = np.full((62, 62), 21824, "uint16")
            if n in cloudy:
                kelvin[28:34, 28:34] += 20
                qa[26:36, 26:36] = 22280
            number = ((kelvin - 149) / 0.00341802).astype("uint16")
            bands = {"lwir11": (number, 30, {"nodata": 0, "scale": 0.00341802, "offset": 149.0}),
                     "qa_pixel": (qa, 30, {"nodata": 1})}  # fmt: skip
            scenes.append((when.normalize() + pd.Timedelta(hours=hour), {}, bands))
    return scenes


def warmth(tmp_path, scenes, works="2023-12-01"):
    where = catalogue(tmp_path, "landsat-c2-l2", scenes)
    return signals.surface_warmth(OUTLINE, START, END, works=works, catalogue=where)


def test_warm_nights_are_a_hint_and_sunlit_roofs_and_cloud_are_not(tmp_path):
    (tmp_path / "warm").mkdir()
    (tmp_path / "cold").mkdir()
    signal = warmth(tmp_path / "warm", night_scenes(6.0))
    assert signal.unit == "K"
    rows, reason = signals.rows(signal, "XJ03", "a reader")
    assert reason == ""
    assert rows[0]["low"] < 6 < rows[0]["high"]
    assert "Never converted to MW" in rows[0]["note"]
    still = warmth(tmp_path / "cold", night_scenes(0.0, cloudy=range(15, 26, 2)))
    rows, reason = signals.rows(still, "XJ03", "a reader")
    assert rows == []
    assert "5 are needed" in reason
    with pytest.raises(OsintError, match="begin earlier"):
        signals.surface_warmth(OUTLINE, START, END, works="2023-01-10", catalogue=str(tmp_path / "cold"))


def light_files(folder, lit_nw, snow=1.0):
    rng = np.random.default_rng(2)
    size = 15 / 3600
    west, north = OUTLINE.centroid.x - 12.5 * size, OUTLINE.centroid.y + 12.5 * size
    for month in pd.date_range(START, END, freq="MS"):
        light = 0.4 + rng.normal(0, 0.08, (25, 25))
        light[12, 12] += 0.8 + lit_nw * (month >= pd.Timestamp(BUILT))
        light *= snow if month.month in (12, 1, 2) else 1.0
        path = folder / f"SVDNB_{month:%Y%m%d}-sim.avg_rade9h.tif"
        profile = {"driver": "GTiff", "height": 25, "width": 25, "count": 1, "dtype": "float32", "crs": "EPSG:4326",
                   "transform": Affine(size, 0, west, 0, -size, north), "nodata": -999}  # fmt: skip
        with rasterio.open(path, "w", **profile) as target:
            target.write(light.astype("float32"), 1)
            target.update_tags(NOTE="SIMULATED")


def test_night_light_steps_when_lamps_go_on_and_not_with_snow(tmp_path):
    (tmp_path / "lit").mkdir()
    (tmp_path / "snow").mkdir()
    light_files(tmp_path / "lit", 9.0)
    signal = signals.night_light(OUTLINE, tmp_path / "lit")
    assert signal.simulated
    assert len(signal.times) == 24
    rows, _ = signals.rows(signal, "XJ03", "a reader")
    assert len(rows) == 1
    assert rows[0]["low"] < 9.8 < rows[0]["high"]
    low, _, high = rows[0]["date"].partition("/")
    assert low <= "2024-03-15"
    assert high >= "2024-02-15"
    light_files(tmp_path / "snow", 0.0, snow=2.5)
    rows, reason = signals.rows(signals.night_light(OUTLINE, tmp_path / "snow"), "XJ03", "a reader")
    assert rows == []
    assert reason


def test_lights_need_a_month_and_a_raster(tmp_path):
    with pytest.raises(OsintError, match=r"holds no \.tif"):
        signals.night_light(OUTLINE, tmp_path)
    (tmp_path / "lights.tif").write_bytes(b"no raster")
    with pytest.raises(OsintError, match="no month"):
        signals.night_light(OUTLINE, tmp_path)
    (tmp_path / "lights.tif").rename(tmp_path / "202401.tif")
    with pytest.raises(OsintError, match="cannot be read"):
        signals.night_light(OUTLINE, tmp_path)


def test_every_signal_has_its_limits_on_record():
    assert set(observations.LIMITS) == {"radar backscatter", "surface temperature", "night light", "power feature"}
    assert series.window(OUTLINE).contains(OUTLINE)
