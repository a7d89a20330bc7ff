import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from osint import change, geo, verdict
from osint.change import observations, steps
from osint.errors import OsintError
from osint.register import tables

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
HERE = shapely.box(94.70, 43.25, 94.7013, 43.2509)


def found(*rows):
    """SIMULATED structures in the form of `change.date_outlines`."""
    blank = dict.fromkeys(change.PROPERTIES)
    made = [{**blank, "outline_id": f"A{n}", "probability": 0.9, "geometry": HERE, **r} for n, r in enumerate(rows)]
    return gpd.GeoDataFrame(pd.DataFrame(made), geometry="geometry", crs=4326)


def roof(low, best, high, area):
    return {
        "kind": "bright roof", "roofed_low": low, "roofed_best": best, "roofed_high": high, "complete_high": high,
        "roof_area_m2_low": area * 0.9, "roof_area_m2_best": area, "roof_area_m2_high": area * 1.1,
    }  # fmt: skip


@pytest.fixture
def data(tmp_path):
    shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("captures"))
    return tmp_path


def test_structures_become_not_yet_then_the_roof_that_stands(data):
    two = found(
        roof("2024-09-01", "2024-09-05", "2024-09-09", 9000), roof("2024-03-01", "2024-03-05", "2024-03-09", 4000)
    )
    rows = observations.of_structures(two, "XJ03", "2025-06-30")
    assert [(r["date"], r["not_yet"], r["rung"]) for r in rows] == [
        ("2024-03-01", "roofed", ""),
        ("2024-03-01/2024-03-09", "", "roofed"),
        ("2024-09-01/2024-09-09", "", "roofed"),
        ("2025-06-30", "", "roofed"),
    ]
    assert [r["best"] for r in rows] == ["", 4000, 13000, 13000]
    assert rows[-1]["low"] == pytest.approx(11700) and rows[-1]["high"] == pytest.approx(14300)
    ids = observations.append(data, rows)
    table = tables.load(data).observations.set_index("observation_id").loc[ids]
    assert list(table["best"].dropna()) == [4000, 13000, 13000]


def test_what_could_not_be_told_is_no_observation():
    refused = {"kind": None, "cannot_tell": "cloud: 2 usable of 80 scenes"}
    unmeasured = {**roof("2024-09-01", "2024-09-05", "2024-09-09", 9000), "roof_area_m2_best": None}
    rows = observations.of_structures(found(refused), "XJ03", "2025-06-30")
    assert rows == []
    rows = observations.of_structures(found(unmeasured), "XJ03", "2025-06-30")
    assert [r["quantity"] for r in rows] == ["", ""] and rows[-1]["scope"] == "roof, not measured"


def test_append_keeps_the_old_bytes_and_numbers_the_new(data):
    path = data / "raw" / "observations.csv"
    before = path.read_bytes()
    row = observations.row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed", note="=1+1, and more")
    last = sorted(tables.load(data).observations["observation_id"])[-1]
    assert observations.append(data, [row]) == [f"O{int(last[1:]) + 1:03d}"]
    assert path.read_bytes().startswith(before)
    assert tables.load(data).observations["note"].iloc[-1] == "'=1+1, and more"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"site_id": "XJ99"}, "XJ99 is not in sites.csv"),
        ({"source_claim_id": "C999"}, "C999 is not in claims.csv"),
        ({"low": 5.0, "best": 4.0, "high": 6.0}, "a low that is at most best"),
        ({"date": "May 2024"}, "column date"),
        ({"observation_id": "O001"}, "an id that no other row has"),
        ({"rung": "seen"}, "one of announced"),
    ],
)
def test_a_broken_row_leaves_the_file_as_it_was(data, wrong, said):
    path = data / "raw" / "observations.csv"
    before = path.read_bytes()
    good = observations.row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed")
    with pytest.raises(OsintError, match=said):
        observations.append(data, [good, {**good, **wrong}])
    assert path.read_bytes() == before
    assert not path.with_name("observations.csv.part").exists()


def test_the_same_row_twice_is_refused(data):
    row = observations.row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed")
    observations.append(data, [row])
    with pytest.raises(OsintError, match="already"):
        observations.append(data, [row])


def drawn(tmp_path, name, box, observer):
    path = tmp_path / name
    geo.write_outlines(gpd.GeoDataFrame({"name": ["hall"]}, geometry=[box], crs=4326), path)
    return geo.read_outlines(path, observer)


def test_a_persons_outline_is_an_observation_with_its_observer(tmp_path):
    mine = drawn(tmp_path, "hall.kml", HERE, "A. Reader")
    (row,) = observations.of_outlines(mine, "XJ03", "2025-05", edge_m=1.0, how="outline drawn on a picture of 0.5 m")
    area = gpd.GeoSeries([HERE], crs=4326).to_crs(32646).area[0]
    assert row["observer"] == "A. Reader" and row["quantity"] == "roof_m2" and row["rung"] == "roofed"
    assert row["best"] == pytest.approx(area, rel=1e-3)
    # a metre all round a rectangle of about 106 m by 100 m
    assert row["high"] - row["best"] == pytest.approx(2 * (105.6 + 100), rel=0.01)
    with pytest.raises(OsintError, match="observer"):
        drawn(tmp_path, "hall2.geojson", HERE, " ")


def test_two_persons_outlines_are_compared(tmp_path):
    mine = drawn(tmp_path, "a.geojson", HERE, "A. Reader")
    west, south, east, north = HERE.bounds
    theirs = drawn(
        tmp_path, "b.geojson", shapely.box((west + east) / 2, south, east + (east - west) / 2, north), "B. Reader"
    )
    said = observations.compare(mine, theirs)
    assert said["overlap_share"] == pytest.approx(1 / 3, rel=1e-3)
    assert said["only_first_m2"] == pytest.approx(said["area_first_m2"] / 2, rel=1e-3)
    assert said["difference_m2"] == pytest.approx(0, abs=2)
    assert said["offset_m"] == pytest.approx(52.8, rel=0.02)
    both = pd.concat([mine, theirs])
    with pytest.raises(OsintError, match="one observer"):
        observations.of_outlines(both, "XJ03", "2025-05", edge_m=1.0, how="drawn")


def test_light_below_the_published_limit_is_no_observation():
    rng = np.random.default_rng(0)
    times = pd.date_range("2022-01-15", periods=36, freq="MS")
    late = np.arange(36) >= 20
    rows, _ = observations.night_light("XJ03", times, 0.5 + 12 * late + rng.normal(0, 0.3, 36), "a reader")
    assert len(rows) == 1 and rows[0]["rung"] == "" and rows[0]["quantity"] == "night_light_nw"
    low, high = rows[0]["date"].split("/")
    assert low <= "2023-10-01" and high >= "2023-09-01"
    assert rows[0]["low"] < 12.5 < rows[0]["high"]
    rows, reason = observations.night_light("XJ03", times, 0.5 + 0.3 * late + rng.normal(0, 0.01, 36), "a reader")
    assert rows == [] and "0.45" in reason


def test_warmth_needs_five_nights_and_radar_carries_no_rung():
    times = pd.date_range("2024-01-01", periods=12, freq="16D")
    warm = np.array([0, 0, 4, 5, 4, 3.5, 6, 0, 0, 0, 0, 0.0])
    rows, _ = observations.surface_temperature("XJ03", times, warm, "a reader")
    assert rows[0]["rung"] == "" and 3 <= rows[0]["low"] <= rows[0]["best"] == 4
    rows, reason = observations.surface_temperature("XJ03", times, np.where(warm == 6, 0, warm), "a reader")
    assert rows == [] and reason.startswith("4 of 12 nights")
    rng = np.random.default_rng(1)
    times = pd.date_range("2023-01-01", periods=60, freq="12D")
    radar = steps.date_step(times, 6.0 * (np.arange(60) > 30) + rng.normal(0, 0.8, 60))
    rows, _ = observations.backscatter("XJ03", radar, "a reader")
    assert len(rows) == 1 and rows[0]["rung"] == "" and rows[0]["quantity"] == "backscatter_ratio"
    assert rows[0]["low"] < 10**0.6 < rows[0]["high"]


def yard(**columns):
    """SIMULATED features about a site: a substation, two transformers, and a line that is too far."""
    made = {"power": ["substation", "transformer", "transformer", "line"], "distance_m": [300.0, 310.0, 320.0, 9000.0],
            "voltage": ["110000;10500", None, None, "220000"], **columns}  # fmt: skip
    return gpd.GeoDataFrame(made, geometry=[shapely.Point(93, 43)] * 4, crs=4326)


def test_power_features_give_voltage_and_a_count_and_capacity_only_where_it_is_stated(data):
    rows = observations.power_features(yard(), "XJ15", "2026-03-01", "a reader", "picture of the yard")
    assert [(r["quantity"], r["low"], r["best"], r["high"]) for r in rows] == [
        ("voltage_kv", 110, 110, 110), ("transformers", 2, 2, ""),
    ]  # fmt: skip
    assert all(r["rung"] == "" and "voltage bounds no load" in r["note"] for r in rows)
    assert len(observations.append(data, rows)) == 2
    stated = {"unit_mva": (10, 10, 12), "source_url": "https://example.org/eia"}
    rows = observations.power_features(yard(), "XJ15", "2026-03-01", "a reader", "picture of the yard", **stated)
    assert [rows[-1][k] for k in ("quantity", "low", "best", "high", "unit")] == ["transformers_mva", 20, 20, 24, "MVA"]
    # a map holds what somebody drew: its count bounds nothing from above
    with pytest.raises(OsintError, match="a person's count"):
        observations.power_features(yard(osm=["way/1"] * 4), "XJ15", "2026-03-01", "OpenStreetMap", "map", **stated)
    with pytest.raises(OsintError, match="that states the rating"):
        observations.power_features(yard(), "XJ15", "2026-03-01", "a reader", "picture", unit_mva=(10, 10, 12))


def test_a_plot_says_what_it_cannot_say_and_that_it_is_simulated():
    figure = observations.plot(["2024-01-01", "2024-02-01"], [1, 2], "night light", unit="nW/cm2/sr", simulated=True)
    assert "Never a load" in figure.get_supxlabel()
    assert figure.axes[0].get_title(loc="left").startswith("SIMULATED")


def judged(register, claim_id, rows, **changed):
    """The finding on a claim of the register with SIMULATED observations beside the real ones."""
    made = pd.DataFrame([{**r, "observation_id": f"O9{n:02d}"} for n, r in enumerate(rows)])
    for column in ("low", "best", "high"):
        made[column] = pd.to_numeric(made[column], errors="coerce")
    with_them = replace(register, observations=pd.concat([register.observations, made], ignore_index=True))
    row = register.claims.set_index("claim_id", drop=False).loc[claim_id].to_dict()
    return verdict.judge({**row, **changed}, with_them)


def test_a_roof_that_came_after_the_claimed_day_makes_it_too_early(register):
    late = observations.of_structures(found(roof("2025-02-01", "2025-02-05", "2025-02-09", 9000)), "XJ03", "2025-06-30")
    early = observations.of_structures(
        found(roof("2024-09-01", "2024-09-05", "2024-09-09", 9000)), "XJ03", "2025-06-30"
    )
    said = judged(register, "C037", late)
    assert said["finding"] == "too early" and said["rests_on"] == ["O900"] and said["basis"] == "observations"
    assert judged(register, "C037", early)["finding"] == "supported"
    # C044 names no day: what "can carry" is there on the day of the statement, 10 July 2025
    site = {r["site_id"]: r for r in register.claims.to_dict("records") if r["claim_id"] == "C044"}
    never = [observations.row(s, "osint", "Sentinel-2 series", "2025-09-01", not_yet="roofed") for s in site]
    assert judged(register, "C044", never)["finding"] == "too early"
    before = [{**never[0], "date": "2025-05-01"}]
    assert judged(register, "C044", before)["finding"] != "too early"
    denied = judged(register, "C044", never, modality="denied")
    assert denied["finding"] != "too early"


def test_stated_transformers_move_the_model_and_bare_ones_do_not(register):
    known = ("XJ15", "2026-03-01", "a reader", "picture of the yard")
    bare = observations.power_features(yard(), *known)
    assert judged(register, "C090", bare)["rests_on"] == []
    few, many = (
        judged(register, "C090", observations.power_features(yard(), *known, unit_mva=(u, u, u), source_url="https://example.org/eia"))
        for u in (10, 60)
    )  # fmt: skip
    assert few["rests_on"] == many["rests_on"] == ["O902"]
    assert few["allowed_high"] < many["allowed_low"] * 6 and few["allowed_best"] * 6 == pytest.approx(
        many["allowed_best"], rel=0.05
    )
    assert few["probability"] < many["probability"]


def stands(m2, date="2026-03-01"):
    measured = {"quantity": "roof_m2", "low": 0.9 * m2, "best": m2, "high": 1.1 * m2, "unit": "m2"}
    return [observations.row("XJ15", "osint", "Sentinel-2 series", date, rung="roofed", **measured)]


def test_the_roof_that_stands_bounds_what_is_said_to_be_live(register):
    """C090: 12,500 P lit by February 2026."""
    small, large = (judged(register, "C090", stands(m2)) for m2 in (150, 40_000))
    assert small["finding"] == "refuted" and small["probability"] < 0.05 and small["rests_on"] == ["O900"]
    assert large["finding"] == "could fit" and "not evidence" in large["shown"]
    assert small["allowed_high"] < large["allowed_low"] * 2
    dated = judged(register, "C090", stands(150), value_date="2026-02-15")
    assert dated["finding"] == "refuted"


def test_a_roof_seen_long_before_bounds_nothing(register):
    assert judged(register, "C090", stands(150, "2024-06-01"))["finding"] != "refuted"
