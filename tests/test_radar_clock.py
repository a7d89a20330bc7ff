"""Radar, night light and warmth against SIMULATED rasters written here, with a truth that could fail."""

import json

import numpy as np
import pandas as pd
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer

from osint.change import observations, radar, steps
from osint.change.radar import Agreement

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
    return radar.radar_clock(radar.read_radar(OUTLINE, radar.radar_scenes(OUTLINE, START, END, catalogue=where)), **how)


def test_radar_dates_a_step_under_speckle_and_says_whether_it_agrees(tmp_path):
    told = clock(tmp_path, radar_scenes(5.0), optical=("2024-02-05", "2024-02-25"))
    assert told.agreement is Agreement.AGREES
    assert {orbit.orbit for orbit in told.orbits} == {"ascending 12", "descending 92"}
    low, best, high = told.step.low, told.step.best, told.step.high
    assert low <= np.datetime64(BUILT) <= high
    assert abs(best - np.datetime64(BUILT)) <= np.timedelta64(15, "D")
    assert told.signal.simulated
    other = radar.radar_clock(told.signal, ("2023-03-01", "2023-04-01"))
    assert other.agreement is Agreement.DISAGREES
    assert other.sentence().startswith("radar does not agree: 2 of 2 orbits step")
    rows, _ = observations.radar_rows(told.signal, "XJ03", "a reader")
    assert {r["quantity"] for r in rows} == {"backscatter_ratio"}
    assert {r["rung"] for r in rows} == {""}
    assert rows[0]["low"] < 10**0.5 < rows[0]["high"]


def test_a_change_of_orbit_is_no_step_though_mixed_it_would_be(tmp_path):
    told = clock(tmp_path, radar_scenes(0.0, split=BUILT))
    assert told.step is None
    assert told.agreement is Agreement.NO_STEP
    assert told.sentence().startswith("radar sees no step (ascending 12: ")
    assert len(steps.date_step(told.signal.times, told.signal.values)) == 1


def test_wet_ground_and_nothing_built_give_no_radar_step(tmp_path):
    told = clock(tmp_path, radar_scenes(0.0, orbits=(("ascending", 12, 0.0),), wet=True, seed=3))
    assert told.step is None
    assert told.agreement is Agreement.NO_STEP
    assert observations.radar_rows(told.signal, "XJ03", "a reader")[0] == []
