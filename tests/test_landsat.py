"""Landsat and HLS as the catalogues that hold them answer: names, scales, offset, quality bits. Not tried live."""

import datetime as dt

import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import Transformer

from osint import change, cli, imagery
from osint.errors import OsintError
from osint.imagery import items
from osint.simulated import demo, server

# rasterio warns of arrays that it opens itself, and lets a thread see the warning of another
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
EPSG, WEST, NORTH, SIZE = 32646, 499_995.0, 4_789_995.0, 64  # edges at odd multiples of 15 m, as USGS has them
DAYS = [dt.datetime(2014 + k, 7, 4, 4, 30, tzinfo=dt.UTC) for k in range(3)]
CLEAR, CLOUD, SHADOW, FILL = 21824, 22280, 23888, 1
LANDSAT_BANDS = ("coastal", "blue", "green", "red", "nir08", "swir16", "swir22", "qa_pixel")


class Archive:
    """Scenes of 30 m behind an address, in the form of Planetary Computer."""

    catalogue = ""

    def __init__(self, name, bands, quality, scale, states_scale=True):
        self.name, self.bands, self.quality, self.scale = name, bands, quality, scale
        self.states_scale = states_scale
        self.ids = [f"{name}-{day:%Y%m%d}" for day in DAYS]
        self.dates = DAYS
        rng = np.random.default_rng(4)
        self.truth = {band: rng.uniform(0.05, 0.4, (SIZE, SIZE)) for band in bands}

    def footprint(self):
        to = Transformer.from_crs(EPSG, 4326, always_xy=True)
        box = shapely.box(WEST, NORTH - 30 * SIZE, WEST + 30 * SIZE, NORTH)
        return shapely.transform(box.segmentize(500), to.transform, interleaved=False)

    def item(self, i):
        slope, shift, nodata = self.scale
        stated = {"scale": slope, "offset": shift, "nodata": nodata} if self.states_scale else {"data_type": "uint16"}
        assets = {
            band: demo.cog_asset(
                f"{self.catalogue}/{self.ids[i]}/{band}.tif", band, {} if band in ("qa_pixel", "Fmask") else stated
            )
            for band in self.bands
        }
        properties = {
            "datetime": DAYS[i].isoformat(),
            "platform": "landsat-8",
            "eo:cloud_cover": 5.0,
            "proj:epsg": EPSG,
        }
        return server.stac_item(self.ids[i], self.name, self.footprint(), properties, assets)

    def at(self, path, query):
        name, _, band = path.strip("/").removesuffix(".tif").partition("/")
        if name not in self.ids or band not in self.bands:
            return None
        slope, shift, nodata = self.scale
        if band in ("qa_pixel", "Fmask"):
            pixels, empty = self.quality, int(self.quality[0, -1])
        else:
            pixels = np.round((self.truth[band] - shift) / slope).astype(np.uint16 if nodata == 0 else np.int16)
            pixels[:4, -4:] = nodata
            empty = nodata
        body = demo.cog_bytes(pixels, Affine(30, 0, WEST, 0, -30, NORTH), EPSG, empty, blocksize=256, predictor="YES")
        return server.Resource(body, f'"{path}"')


def quality(clear, cloud, shadow, fill, kind):
    made = np.full((SIZE, SIZE), clear, kind)
    made[:20, :20], made[30:40, :20], made[:4, -4:] = cloud, shadow, fill
    return made


LANDSAT = Archive("landsat-c2-l2", LANDSAT_BANDS, quality(CLEAR, CLOUD, SHADOW, FILL, np.uint16), (2.75e-5, -0.2, 0))
UNSTATED = Archive("landsat-c2l2-sr", LANDSAT_BANDS, LANDSAT.quality, (2.75e-5, -0.2, 0), states_scale=False)
L30 = Archive(
    "hls2-l30",
    ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "Fmask"),
    quality(64, 66, 72, 255, np.uint8),
    (1e-4, 0.0, -9999),
)
OWN = {"landsat": dict(zip(("B02", "B04", "B08", "B11"), ("blue", "red", "nir08", "swir16"), strict=True)),
       "hls2-l30": {"B02": "B02", "B04": "B04", "B08": "B05", "B11": "B06"}}  # fmt: skip


@pytest.fixture(scope="module")
def served():
    made = demo.make_demo(2, 64, "2024-01-01", "2024-02-01")
    with demo.served(made, 0, LANDSAT, UNSTATED, L30):
        yield made.catalogue


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))


def read(served, archive, bands, resolution=30):
    source = {"catalogue": served, "collection": archive.name}
    scenes = imagery.scenes(archive.footprint().centroid.buffer(0.005), "2014-01-01", "2016-12-31", **source)
    return imagery.read_bands(scenes, archive.footprint().centroid.buffer(0.005), bands, resolution, connections=1)


@pytest.mark.parametrize("archive", [LANDSAT, UNSTATED, L30], ids=lambda a: a.name)
def test_bands_come_by_their_wavelength_in_reflectance(served, archive):
    reading = read(served, archive, ["B02", "B04", "B08", "B11", "scl"])
    assert not reading.failures and reading.data.sizes["time"] == 3
    for band, own in OWN["hls2-l30" if archive is L30 else "landsat"].items():
        got = reading.data[band].values[0]
        # the grid of the place lies half a pixel off: the values are those of the ground between
        assert np.nanmean(got) == pytest.approx(np.mean(archive.truth[own]), abs=0.02)
        assert np.nanmin(got) > 0 and np.nanmax(got) < 0.45
    assert items.credit(archive.name, DAYS[0]).startswith(("Landsat, courtesy", "Harmonized Landsat Sentinel-2 (NASA)"))


@pytest.mark.parametrize("archive", [LANDSAT, L30], ids=lambda a: a.name)
def test_quality_bits_become_classes_and_what_is_empty_is_no_ground(served, archive):
    whole = archive.footprint()
    scenes = imagery.scenes(whole, "2014-01-01", "2014-12-31", catalogue=served, collection=archive.name)
    data = imagery.read_bands(scenes, whole, ["B04", "scl"], 30).data
    codes = data["scl"].values[0]
    count = {int(code): int((codes == code).sum()) for code in np.unique(codes)}
    assert count[imagery.SceneClass.CLOUD_HIGH_PROBABILITY] == pytest.approx(400, rel=0.1)
    assert count[imagery.SceneClass.CLOUD_SHADOW] == pytest.approx(200, rel=0.1)
    blank = np.isnan(data["B04"].values[0])
    assert count[imagery.SceneClass.NO_DATA] >= 12 and (codes[blank] == 0).mean() > 0.8


def test_landsat_is_drawn_and_not_dated(served, tmp_path, capsys):
    middle = LANDSAT.footprint().centroid
    at = [f"{middle.x:.5f},{middle.y:.5f}", "--radius", "300", "--catalogue", served, "--collection", LANDSAT.name]
    line = ["sheet", *at, "--start", "2014", "--end", "2016", "--count", "3", "--out", str(tmp_path / "s.png")]
    assert cli.main(line) == 0
    assert "3 pictures, 2014-07-04 to 2016-07-04" in capsys.readouterr().out
    with pytest.raises(OsintError, match="have 30 m: dates, kinds and areas are worked out on those of 10 m"):
        change.open_stack(middle.buffer(0.003), "2014-01-01", "2016-12-31", catalogue=served, collection=LANDSAT.name)
