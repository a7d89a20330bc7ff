"""`osint date --radar` over HTTP: a SIMULATED `sentinel-1-rtc` beside the pictures, its files behind a token."""

import contextlib
import dataclasses
import datetime as dt
import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from osint import cli, imagery
from osint import simulated as simulate
from osint.change import observations, steps
from osint.change import radar as clocks
from osint.imagery import catalogue, stac_api
from osint.imagery import read as reading
from osint.simulated import demo
from tests import simulated_radar as radar

DAY = dt.date.fromisoformat
START, END = "2023-07-01", "2024-06-30"
STEEL = "2024-01-11"
"""Half of the roof is on 10 days before 2024-02-10, the steel stands 20 days before that."""


def feature(name, row, col, kind="bright roof"):
    return simulate.Feature(kind, 12_000, onset=DAY("2023-11-15"), complete=DAY("2024-02-10"), row_px=row, col_px=col,
                            name=name, angle_deg=20, aspect=2.0, ramp_days=20)  # fmt: skip


@pytest.fixture(scope="module")
def made():
    """A hall whose walls shine, one behind a fence whose walls do not, and ground where nothing happens."""
    places = [feature("hall", 32, 32), feature("fenced", 32, 88), feature("bare", 88, 32, "no change")]
    world = simulate.make_world(3, 120, START, END, 14, features=places, cloud=0.2, snow=False)
    passes = radar.Radar(
        world, frame_px=256, inset_px=(60, 80), block_px=256, predictor="NO", token="s3cret", wall_db={"fenced": 0.0},
        fences=[radar.Fence("fenced", DAY("2023-09-20"))], without_vh=frozenset([4]), lost=frozenset([9]), blank=frozenset([20]),
    )  # fmt: skip
    pictures = demo.Demo(world, frame_px=256, inset_px=(60, 80))
    for name in world.ids:
        # one scene after the other: threads that ask for many at once would render each several times
        for band in ("B02", "B04", "B08", "B11", "SCL"):
            pictures.file(name, band)
    with demo.served(pictures, 0, passes):
        yield pictures, passes


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    """Outlines on disk, and a place for the cache."""
    here = tmp_path_factory.mktemp("radar")
    made[0].world.truth.to_crs(4326)[["outline_id", "geometry"]].to_file(here / "outlines.geojson", driver="GeoJSON")
    return here


def line(made, outlines, out):
    return ["date", str(outlines), "--catalogue", made[0].catalogue, "--collection", demo.COLLECTION, "--start", START,
            "--end", END, "--out", str(out)]  # fmt: skip


def properties(path):
    return {f["properties"]["outline_id"]: f["properties"] for f in json.loads(path.read_text())["features"]}


def signing(monkeypatch, made):
    """Make this machine Planetary Computer; its own addresses are signed as those of blob.core.windows.net are."""

    def sign(held, href, spent=None):
        return f"{href}?{held.token(radar.CONTAINER, spent)}"

    monkeypatch.setattr(reading, "SAS_TOKENS", f"{made[0].catalogue}/api/sas/v1/token")
    monkeypatch.setattr(reading.SasTokens, "sign", sign)
    monkeypatch.setitem(catalogue.CATALOGUES, "planetary-computer", made[0].catalogue)


@pytest.fixture(scope="module")
def told(made, folder):
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        patch.setenv("OSINT_CACHE", str(folder / "cache"))
        signing(patch, made)
        code = cli.main([*line(made, folder / "outlines.geojson", folder / "dated.geojson"), "--radar"])
    assert code == 0
    return properties(folder / "dated.geojson"), said.getvalue()


def test_a_hall_steps_when_its_steel_stands_and_agrees_with_the_pictures(told):
    hall = told[0]["hall"]
    assert hall["radar"].startswith("SIMULATED: radar agrees: 2 of 2 orbits step; VV rises by")
    assert "on the side that faces the radar" in hall["radar"]
    assert hall["radar_low"] <= STEEL <= hall["radar_high"]
    assert hall["roofed_low"] <= "2024-01-31" <= hall["roofed_high"]


def test_a_fence_months_before_does_not_agree_with_the_roof(told):
    fenced = told[0]["fenced"]
    assert fenced["roofed_best"]
    assert "agrees: " not in fenced["radar"]
    assert "VV rises by" in fenced["radar"] and "2023-09" in fenced["radar"]


def test_a_place_without_a_step_and_passes_that_cannot_be_read_are_told(told):
    bare = told[0]["bare"]
    assert bare["radar"].startswith("SIMULATED: radar sees no step (ascending 12: ")
    assert bare["radar_low"] is None and bare["radar_best"] is None
    # one scene lists no VH, of another both files are gone
    assert "2 of 61 scenes unread" in bare["radar"]


def test_the_limits_are_printed_once_and_what_radar_cost(told):
    said = told[1]
    assert said.count(clocks.RADAR_LIMIT) == 1
    assert "MB of radar read from 61 scenes" in said
    assert said.count("SIMULATED: invented ground") == 1
    assert "s3cret" not in said + json.dumps(told[0])


def test_a_radar_catalogue_that_is_down_takes_nothing_from_the_pictures(told, made, folder, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(folder / "cache"))
    monkeypatch.setattr(stac_api, "LIMITS", dataclasses.replace(stac_api.LIMITS, attempts=1))
    out, one = folder / "down.geojson", folder / "hall.geojson"
    made[0].world.truth.to_crs(4326)[["outline_id", "geometry"]].iloc[:1].to_file(one, driver="GeoJSON")
    assert cli.main([*line(made, one, out), "--radar", "http://127.0.0.1:9"]) == 0
    said, why = "".join(capsys.readouterr()), "radar could not be read: 127.0.0.1 gave no list of scenes"
    assert "1 of 1 rows dated" in said and said.count(why) == 1
    for name, row in properties(out).items():
        assert row["radar"].startswith(why) and row["radar_best"] is None
        for key, value in told[0][name].items():
            # bytes: the second reading came out of the cache
            assert key.startswith(("radar", "bytes")) or row[key] == value


def test_radar_without_scenes_or_with_refused_files_says_so(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "catalog.json").write_text('{"type": "FeatureCollection", "features": []}')
    outlines = made[0].world.truth.to_crs(4326).iloc[:1]
    undated = outlines.assign(roofed_low=None, roofed_high=None, complete_high=None)
    (row,) = clocks.add_radar(undated, START, END, catalogue=str(tmp_path)).to_dict("records")
    assert "sentinel-1-rtc has no scene of the place" in row["radar"] and row["outline_id"] == "hall"
    # no token: the files answer as they do without one, and no account is asked for
    (row,) = clocks.add_radar(undated, START, "2023-07-20", catalogue=made[0].catalogue).to_dict("records")
    assert "radar could not be read; 3 of 3 scenes unread" in row["radar"] and "status 409" in row["radar"]
    assert row["radar_low"] is None


def test_files_with_the_predictor_of_floats_are_read_alike(made, tmp_path, monkeypatch):
    """Which predictor the real files have is not known here: both ways lead to the same numbers."""
    monkeypatch.setenv("OSINT_CACHE", str(tmp_path))
    world, outline = made[0].world, made[0].world.truth.to_crs(4326).geometry.iloc[0]
    read = []
    for predictor in ("YES", "NO"):
        passes = radar.Radar(world, frame_px=256, inset_px=(60, 80), block_px=128, predictor=predictor)
        with demo.served(demo.Demo(world), 0, passes):
            scenes = imagery.scenes(
                outline, START, "2023-07-20", catalogue=passes.catalogue, collection=radar.COLLECTION
            )
            read.append(imagery.read_bands(scenes, outline, ("vv",)).data["vv"].values)
    assert np.array_equal(read[0], read[1])
    assert 0.01 < read[0].mean() < 0.3


def test_many_readings_ask_for_one_token(made, tmp_path, monkeypatch):
    asked = []

    class Counted(radar.Radar):
        def at(self, path, query):
            asked.extend([path] if "/token/" in path else [])
            return super().at(path, query)

    world, outline = made[0].world, made[0].world.truth.to_crs(4326).geometry.iloc[0]
    passes = Counted(world, frame_px=256, inset_px=(60, 80), block_px=256, predictor="NO", token="s3cret")
    with demo.served(demo.Demo(world), 0, passes):
        signing(monkeypatch, (passes,))
        scenes = imagery.scenes(outline, START, "2023-07-20", catalogue=passes.catalogue, collection=radar.COLLECTION)

        def read(n):
            found = imagery.read_bands(scenes, outline, ("vv",), cache=tmp_path / str(n))
            return found.failures, found.cost.requests.get("list", 0)

        with ThreadPoolExecutor(3) as pool:
            told = list(pool.map(read, range(6)))
        assert len(asked) == 1
        assert [failures for failures, _ in told] == [()] * 6
        assert sorted(requests for _, requests in told) == [0] * 5 + [1]
        # one that lasts four minutes more is not used again
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=4)
        reading.sas_tokens()._tokens[radar.CONTAINER] = (soon.timestamp(), "sig=old")
        assert read(7)[1] == 1 and read(8)[1] == 0
    assert not any(b"s3cret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_speckle_has_the_looks_it_says_and_neighbours_are_alike(made):
    speckle = radar._speckle(np.random.default_rng(0), 200)
    assert speckle.mean() == pytest.approx(1, abs=0.02)
    assert 1 / speckle.var() == pytest.approx(4.5, rel=0.1)
    assert np.corrcoef(speckle[:, 1:].ravel(), speckle[:, :-1].ravel())[0, 1] == pytest.approx(0.25, abs=0.05)


def signal(sizes, days=12, noise=0.5):
    """Return 60 passes of one orbit whose three columns step by `sizes` (dB) in the middle."""
    times = pd.date_range("2023-01-01", periods=60, freq=f"{days}D").to_numpy()
    values = np.random.default_rng(1).normal(0, noise, (60, 3)) + np.outer(np.arange(60) >= 30, sizes)
    return clocks.Signal(times, values, np.full(60, "ascending 12"), False)


@pytest.mark.parametrize(("sizes", "agrees"), [((1.0, 1.0, 4.0), True), ((-2.0, 0.0, -1.5), False)])
def test_only_what_rises_agrees_with_a_roof(sizes, agrees):
    seen = clocks.radar_clock(signal(sizes), ("2023-12-20", "2024-01-10"))
    assert seen.agreement is (clocks.Agreement.AGREES if agrees else clocks.Agreement.UNDECIDED)
    assert ("rises" if agrees else "falls") in seen.sentence()


@pytest.mark.parametrize(
    ("sizes", "where", "ratio_db"),
    [
        ((-1.0, 0.0, 4.0), "VV on the side that faces the radar", 4.0),
        ((3.0, 2.0, 0.5), "VV over the outline", 3.0),
        ((-3.0, 0.0, 0.0), "VV over the outline", -3.0),
    ],
)
def test_observations_tell_what_radar_tells(sizes, where, ratio_db):
    seen = dataclasses.replace(signal(sizes), simulated=True, unread="2 of 62 scenes unread (gone)")
    clock = clocks.radar_clock(seen)
    (row,), reason = observations.radar_rows(seen, "XJ03", "a reader")
    assert row["scope"] == f"power after to before, {where}, ascending 12"
    assert row["low"] < 10 ** (ratio_db / 10) < row["high"]
    assert row["date"] == "/".join(str(v.astype("datetime64[D]")) for v in (clock.step.low, clock.step.high))
    assert f"by {abs(10 * np.log10(row['best'])):.1f} dB {where[3:]}" in clock.sentence()
    assert row["note"].startswith("SIMULATED. ") and reason == "2 of 62 scenes unread (gone)"


def test_a_step_too_small_for_radar_is_no_observation():
    seen = signal((0.7, 0.6, 0.8), noise=0.1)
    assert steps.date_step(seen.times, seen.values).steps
    rows, reason = observations.radar_rows(seen, "XJ03", "a reader")
    assert rows == [] and reason == "ascending 12: steps are under 1 dB"
    assert f"({reason})" in clocks.radar_clock(seen).sentence()


def test_an_interval_that_meets_everything_agrees_with_nothing(monkeypatch):
    sure = clocks.radar_clock(signal((2.0, 1.0, 4.0)))
    step = sure.orbits[0].steps[0]
    wide = np.timedelta64(90, "D")
    vague = steps.Steps((dataclasses.replace(step, low=step.low - wide, high=step.high + wide),))
    monkeypatch.setattr(steps, "date_step", lambda times, values: vague)
    seen = clocks.radar_clock(sure.signal, ("2023-12-20", "2024-01-10"))
    assert seen.agreement is clocks.Agreement.UNDECIDED
    assert "neither agrees nor contradicts" in seen.sentence()

    def orbit(number, **how):
        return clocks.OrbitSteps(f"ascending {number}", (step,), np.zeros(3), "", **how)

    both = (orbit(12, near=(step,), meeting=(step,)), orbit(85))
    mixed = clocks.RadarClock(sure.signal, both, clocks._agreement(both, compared=True))
    assert mixed.sentence().startswith("orbits differ: 1 of 2 agree; 2 of 2 orbits step; VV rises")
