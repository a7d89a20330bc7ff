import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from osint import change, geo, verdict
from osint.change import Identification, Identified, PlaceSource, PlaceStatement, Search, SiteEvidence, observations
from osint.change.observations import observation_row
from osint.errors import OsintError
from osint.register import Claim, append_rows, load_register

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
HERE = shapely.box(94.70, 43.25, 94.7013, 43.2509)


def found(*rows):
    """SIMULATED structures in the form of `change.date_outlines`."""
    blank = dict.fromkeys(change.PROPERTIES)
    made = [{**blank, "outline_id": f"A{n}", "probability": 0.9, "geometry": HERE, **r} for n, r in enumerate(rows)]
    table = pd.DataFrame(made) if made else pd.DataFrame(columns=[*blank, "geometry"])
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)


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
    rows = observations.structure_rows(two, "XJ03", "2025-06-30")
    assert [(r["date"], r["not_yet"], r["rung"]) for r in rows] == [
        ("2024-03-01", "roofed", ""),
        ("2024-03-01/2024-03-09", "", "roofed"),
        ("2024-09-01/2024-09-09", "", "roofed"),
        ("2025-06-30", "", "roofed"),
    ]
    assert [r["best"] for r in rows] == ["", 4000, 13000, 13000]
    assert rows[-1]["low"] == pytest.approx(11700) and rows[-1]["high"] == pytest.approx(14300)
    ids = append_rows(data, "observations", rows)
    table = load_register(data).observations.set_index("observation_id").loc[ids]
    assert list(table["best"].dropna()) == [4000, 13000, 13000]


FAR = shapely.box(94.75, 43.25, 94.7513, 43.2509)
NEAR = shapely.box(94.7015, 43.25, 94.7025, 43.2509)
SEAT = PlaceStatement(PlaceSource.SITE, 94.72, 43.25, 6000.0, "county seat")
LOOKED = Search(geo.disc(94.72, 43.25, 6000.0), 0.8, "2023-01-01", "2025-06-30")
EVIDENCE = SiteEvidence((SEAT,), LOOKED)
FIRST = roof("2024-03-01", "2024-03-05", "2024-03-09", 4000)
SECOND = roof("2024-09-01", "2024-09-05", "2024-09-09", 9000)


def test_roofs_of_one_compound_add_up_and_those_of_two_do_not():
    beside = found({**FIRST, "geometry": HERE}, {**SECOND, "geometry": NEAR})
    apart = found({**FIRST, "geometry": HERE}, {**SECOND, "geometry": FAR})
    one = observations.structure_rows(beside, "XJ03", "2025-06-30", evidence=EVIDENCE)
    two = observations.structure_rows(apart, "XJ03", "2025-06-30", evidence=EVIDENCE)
    assert [r["best"] for r in one] == ["", 4000, 13000, 13000]
    assert [r["best"] for r in two] == ["", 4000, 4000, "", 9000, 9000]
    assert "outlines A0, A1" in one[-1]["scope"] and "outline A1" in two[-1]["scope"]
    assert {r["p_place"] for r in one[:1]} != {r["p_place"] for r in two[:1]}
    assert all(0 < r["p_place"] < 0.5 and "80%" in r["place_reason"] for r in (*one, *two))
    drawn = shapely.from_wkt(one[-1]["outline"])
    assert drawn.covers(shapely.Point(94.7005, 43.2505)) and drawn.covers(shapely.Point(94.702, 43.2505))
    for r in (*one, *two):
        middle, shown = shapely.Point(r["lon"], r["lat"]), shapely.from_wkt(r["outline"])
        reach = geo.disc(middle.x, middle.y, r["position_error_m"])
        assert reach.buffer(1e-6).covers(shown) and 60 < r["position_error_m"] < 200


def test_without_evidence_the_place_is_not_known():
    rows = observations.structure_rows(found(FIRST), "XJ03", "2025-06-30")
    assert {r["p_place"] for r in rows} == {""} and {r["place_reason"] for r in rows} == {""}
    assert all(r["lat"] and r["outline"] for r in rows)


def test_a_compound_with_a_doubt_has_no_upper_end_and_no_earlier_day():
    doubt = {"kind": None, "cannot_tell": "cloud: 2 usable of 80 scenes", "geometry": NEAR}
    rows = observations.structure_rows(found(FIRST, doubt), "XJ03", "2025-06-30")
    assert [(r["rung"], r["not_yet"], r["high"]) for r in rows] == [("roofed", "", "")] * 2
    assert rows[-1]["low"] == 3600 and "at least" in rows[-1]["scope"]


def test_a_roof_that_was_removed_is_not_counted_from_then_on():
    gone = {**FIRST, "removed_low": "2024-06-01", "removed_high": "2024-06-10"}
    rows = observations.structure_rows(found(gone, SECOND), "XJ03", "2025-06-30")
    assert [r["best"] for r in rows] == ["", 4000, "", 9000, 9000]
    only = observations.structure_rows(found(gone), "XJ03", "2025-06-30")
    assert only[-1]["date"] == "2024-06-01/2024-06-10" and not only[-1]["rung"]


def test_nothing_found_is_a_row_where_the_share_is_known(data):
    field = {**FIRST, "kind": "solar field"}
    for nothing in (found(), found(field)):
        (row,) = observations.structure_rows(nothing, "XJ03", "2025-03-31", evidence=EVIDENCE)
        assert (row["date"], row["not_yet"], row["rung"], row["searched_share"]) == ("2025-03-31", "roofed", "", 0.8)
        assert "80% of 112" in row["note"] and "2025-03-31" in row["note"] and "under 2,500 m2" in row["note"]
        assert 0.5 < row["p_place"] < 0.9 and row["position_error_m"] == pytest.approx(6015, abs=20)
    append_rows(data, "observations", [row])
    unknown = SiteEvidence((SEAT,), replace(LOOKED, searched_share=0.0))
    nowhere = SiteEvidence((), LOOKED)
    for evidence in (unknown, nowhere, SiteEvidence((SEAT,)), None):
        assert observations.structure_rows(found(), "XJ03", "2025-03-31", evidence=evidence) == []
    open_question = found({"kind": None, "cannot_tell": "cloud: 2 usable of 80 scenes"})
    assert observations.structure_rows(open_question, "XJ03", "2025-03-31", evidence=EVIDENCE) == []


def test_measured_outlines_state_their_total():
    areas = {"roof_area_m2_low": 900, "roof_area_m2_best": 1000, "roof_area_m2_high": 1100}
    measured = found({**areas, "geometry": HERE}, {**areas, "geometry": NEAR})
    measured = measured[["outline_id", *areas, "geometry"]].assign(roof_cannot_tell=None)
    (row,) = observations.structure_rows(measured, "XJ03", "2025-06-30", evidence=EVIDENCE)
    assert (row["rung"], row["low"], row["best"], row["high"]) == ("roofed", 1800, 2000, 2200)


def test_what_names_an_outline_counts_for_its_compound():
    apart = found({**FIRST, "geometry": HERE}, {**SECOND, "geometry": FAR})
    named = replace(EVIDENCE, identified=(Identification(Identified.SIGNBOARD, "a picture of its gate", "A1"),))
    plain, marked = (
        {r["outline"]: r["p_place"] for r in observations.structure_rows(apart, "XJ03", "2025-06-30", evidence=e)}
        for e in (EVIDENCE, named)
    )
    first, second = (shapely.to_wkt(shape, rounding_precision=5) for shape in (HERE, FAR))
    assert marked[second] > 2 * plain[second] and marked.get(first, 0) < plain[first]


def test_rows_of_a_simulated_world_say_so_and_days_survive_another_program():
    made = found(FIRST).assign(simulated="SIMULATED")
    made["roofed_low"] = pd.to_datetime(made["roofed_low"])
    rows = observations.structure_rows(made, "XJ03", "2025-06-30")
    assert {r["simulated"] for r in rows} == {"yes"}
    assert [r["date"] for r in rows] == ["2024-03-01", "2024-03-01/2024-03-09", "2025-06-30"]
    assert {r["simulated"] for r in observations.structure_rows(found(FIRST), "XJ03", "2025-06-30")} == {""}


def test_what_could_not_be_told_is_no_observation():
    refused = {"kind": None, "cannot_tell": "cloud: 2 usable of 80 scenes"}
    unmeasured = {**roof("2024-09-01", "2024-09-05", "2024-09-09", 9000), "roof_area_m2_best": None}
    rows = observations.structure_rows(found(refused), "XJ03", "2025-06-30")
    assert rows == []
    rows = observations.structure_rows(found(unmeasured), "XJ03", "2025-06-30")
    assert [r["quantity"] for r in rows] == ["", ""] and rows[-1]["scope"] == "roof, not measured"


def test_a_table_from_before_a_column_was_added_is_read_and_upgraded_by_the_first_append(data):
    path = data / "raw" / "observations.csv"
    whole = pd.read_csv(path, dtype=str, keep_default_na=False)
    old = whole.drop(columns=["p_place", "place_reason", "part", "simulated"])
    old.to_csv(path, index=False)
    assert load_register(data).observations["p_place"].isna().all()
    append_rows(data, "observations", [observation_row("XJ03", "a reader", "dated photograph", "2024-07")])
    now = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert now[old.columns].iloc[:-1].equals(old) and set(now.columns) == set(whole.columns)
    assert len(load_register(data).observations) == len(old) + 1


def test_append_keeps_the_old_bytes_and_numbers_the_new(data):
    path = data / "raw" / "observations.csv"
    before = path.read_bytes()
    row = observation_row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed", note="=1+1, and more")
    last = sorted(load_register(data).observations["observation_id"])[-1]
    assert append_rows(data, "observations", [row]) == [f"O{int(last[1:]) + 1:03d}"]
    assert path.read_bytes().startswith(before)
    assert b',"\'=1+1, and more",' in path.read_bytes()
    assert load_register(data).observations["note"].iloc[-1] == "=1+1, and more"


AT_SITE = {"lat": 43.25, "lon": 94.7, "position_error_m": 10.0}
ROOF = {"quantity": "roof_m2", "low": 1.2, "best": 1.37, "high": 1.56, "unit": "m2"}


@pytest.mark.parametrize("unit", ["", "m2", "m2 roof", "㎡", "平方米"])
def test_a_unit_of_the_same_size_is_read_in_any_spelling(data, unit):
    row = observation_row("XJ03", "a reader", "picture", "2024-07", rung="roofed", **ROOF | {"unit": unit})
    append_rows(data, "observations", [row])
    assert load_register(data).observations["high"].iloc[-1] == ROOF["high"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"site_id": "XJ99"}, "XJ99 is not in sites.csv"),
        ({"source_claim_id": "C999"}, "C999 is not in claims.csv"),
        ({"low": 5.0, "best": 4.0, "high": 6.0}, "a low that is at most best"),
        ({"date": "May 2024"}, "column date"),
        ({"observation_id": "O001"}, "an id that no other row has"),
        ({"observation_id": "=1"}, r"letters, digits and _ \(behind the first also space, . and -\)"),
        ({"rung": "seen"}, "one of announced"),
        ({"p_place": 0.9}, "a reason for every p_place"),
        ({"p_place": 1.1, "place_reason": "sure"}, "a number from 0 to 1"),
        ({"searched_share": -0.1}, "a number from 0 to 1"),
        ({"rung": "roofed", "not_yet": "roofed"}, "another rung than in the column rung"),
        ({"lat": 43.25, "lon": 94.7}, "lat, lon and position_error_m, or none"),
        ({"lat": 143.25, "lon": 94.7, "position_error_m": 10.0}, "a number from -90 to 90"),
        ({"simulated": "yes"}, "SIMULATED rows do not enter a case of real evidence"),
        (ROOF | {"unit": "万m2"}, "column unit has '万m2', expected the unit of its quantity"),
        (ROOF | {"unit": "sq ft"}, "column unit"),
        (ROOF | {"quantity": "facility_mw", "unit": "kW"}, "column unit has 'kW'"),
        (ROOF | {"quantity": "energy_gwh_per_yr", "unit": "亿kWh"}, "column unit"),
        (ROOF | {"quantity": "roof_area"}, "expected a quantity of the model"),
        (ROOF | {"quantity": ""}, "expected the quantity that low, best and high are of"),
        (ROOF | {"low": None, "high": None}, "column high has '', expected low and high"),
        ({"rung": "roofed", "not_yet": "ground broken"}, "expected a rung above that of the column rung"),
        (ROOF | {"quantity": "chillers", "unit": "万台"}, "column unit"),
        ({"date": "2199-07"}, "expected a day that has come"),
        ({"outline": "POLYGON EMPTY"}, "expected a polygon in WKT"),
        ({"outline": "POLYGON ((94.7 43.2, 94.8"}, "expected a polygon in WKT"),
        ({"outline": "POINT (94.7 43.2)"}, "expected a polygon in WKT"),
        ({"outline": "POLYGON Z ((94.7 43.2 9, 94.8 43.2 9, 94.8 43.3 9, 94.7 43.2 9))"}, "without a height"),
        ({"outline": "POLYGON ((43.2 94.7, 43.3 94.7, 43.3 94.8, 43.2 94.7))"}, "longitude before latitude"),
        ({"outline": "POLYGON ((94.7 43.2, 94.71 43.21, 94.71 43.2, 94.7 43.21, 94.7 43.2))"}, "does not cross itself"),
        ({"outline": "POLYGON ((90 40, 95 40, 95 45, 90 45, 90 40))"}, "at most 100 km2"),
        (
            AT_SITE | {"outline": "POLYGON ((43.2 84.7, 43.21 84.7, 43.21 84.71, 43.2 84.7))"},
            "at the lat and lon of its",
        ),
    ],
)
def test_a_broken_row_leaves_the_file_as_it_was(data, wrong, said):
    path = data / "raw" / "observations.csv"
    before = path.read_bytes()
    good = observation_row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed")
    with pytest.raises(OsintError, match=said):
        append_rows(data, "observations", [good, {**good, **wrong}])
    assert path.read_bytes() == before
    assert not path.with_name("observations.csv.part").exists()


def test_the_same_row_twice_is_refused(data):
    row = observation_row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed")
    append_rows(data, "observations", [row])
    with pytest.raises(OsintError, match="already"):
        append_rows(data, "observations", [row])


@pytest.mark.parametrize("outline", ["roof.geojson", "POLYGON ((94.7 43.25, 94.71 43.25, 94.71 43.26, 94.7 43.25))"])
def test_an_outline_of_the_place_or_a_file_goes_on_file(data, outline):
    row = observation_row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed")
    assert append_rows(data, "observations", [row | AT_SITE | {"outline": outline}])


def simulated_row(n=1):
    how = {"rung": "roofed", "note": f"SIMULATED {n}", "simulated": "yes"}
    return observation_row("XJ03", "osint", "Sentinel-2 series", "2024-07", **how)


def test_simulated_rows_make_a_case_of_their_own(data):
    path = data / "raw" / "observations.csv"
    real = observation_row("XJ03", "a reader", "dated photograph", "2024-07", not_yet="roofed")
    header = path.read_bytes().split(b"\n")[0] + b"\n"
    # an empty case of real claims is not a demo case: a marker says so
    path.write_bytes(header)
    with pytest.raises(OsintError, match="make a case of its own"):
        append_rows(data, "observations", [simulated_row()])
    (data / "raw" / "SIMULATED").touch()
    with pytest.raises(OsintError, match="demo case"):
        append_rows(data, "observations", [real])
    with pytest.raises(OsintError, match="make a case of its own"):
        append_rows(data, "observations", [simulated_row(), real])
    assert path.read_bytes() == header
    assert append_rows(data, "observations", [simulated_row()]) == ["O001"]
    # from then on the rows say it, with or without the marker
    (data / "raw" / "SIMULATED").unlink()
    assert append_rows(data, "observations", [simulated_row(2)]) == ["O002"]
    with pytest.raises(OsintError, match="demo case"):
        append_rows(data, "observations", [real])
    assert load_register(data).observations["simulated"].tolist() == ["yes", "yes"]


def test_a_marker_does_not_turn_a_real_case_into_a_demo(data):
    (data / "raw" / "SIMULATED").touch()
    with pytest.raises(OsintError, match="make a case of its own"):
        append_rows(data, "observations", [simulated_row()])


def test_a_position_is_kept_to_a_metre(data):
    seen = {"lat": 43.123456, "lon": 107.654321, "position_error_m": 15.0, "p_place": 0.9, "place_reason": "a sign"}
    row = observation_row("XJ03", "a reader", "dated photograph", "2024-07", rung="roofed", **seen)
    append_rows(data, "observations", [row])
    last = load_register(data).observations.iloc[-1]
    assert (last["lat"], last["lon"], last["p_place"]) == (43.123456, 107.654321, 0.9)


def test_two_persons_outlines_are_compared():
    west, south, east, north = HERE.bounds
    shifted = shapely.box((west + east) / 2, south, east + (east - west) / 2, north)
    mine, theirs = (gpd.GeoDataFrame(geometry=[drawn], crs=4326) for drawn in (HERE, shifted))
    said = observations.compare_outlines(mine, theirs)
    assert said["overlap_share"] == pytest.approx(1 / 3, rel=1e-3)
    assert said["only_first_m2"] == pytest.approx(said["area_first_m2"] / 2, rel=1e-3)
    assert said["difference_m2"] == pytest.approx(0, abs=2)
    assert said["offset_m"] == pytest.approx(52.8, rel=0.02)
    with pytest.raises(OsintError, match="drew no surface"):
        observations.compare_outlines(mine, gpd.GeoDataFrame(geometry=[HERE.boundary], crs=4326))


def judged(register, claim_id, rows, **changed):
    """The finding on a claim of the register with SIMULATED observations beside the real ones."""
    made = pd.DataFrame([{**r, "observation_id": f"O9{n:02d}"} for n, r in enumerate(rows)])
    for column in ("low", "best", "high", "p_place", "searched_share"):
        made[column] = pd.to_numeric(made[column], errors="coerce")
    with_them = replace(register, observations=pd.concat([register.observations, made], ignore_index=True))
    row = register.claims.set_index("claim_id", drop=False).loc[claim_id].to_dict()
    return verdict.judge(Claim.from_row({**row, **changed}), with_them).to_row()


def test_what_the_tool_writes_is_judged_by_place_and_day(register):
    """C037: topped out by 11 November 2024. Its texts name two buildings, so that one roof need not be all of it."""

    def rows(*days):
        made = observations.structure_rows(found(roof(*days, 9000)), "XJ03", "2025-06-30")
        return [r | {"p_place": 0.98, "place_reason": "SIMULATED"} for r in made]

    late, early = rows("2025-02-01", "2025-02-05", "2025-02-09"), rows("2024-09-01", "2024-09-05", "2024-09-09")
    said = judged(register, "C037", late)
    assert said["finding"] == "refuted" and said["rests_on"] == ["O900", "O902"] and said["basis"] == "observations"
    assert judged(register, "C037", early)["finding"] == "untested"
    assert judged(register, "C037", [r | {"searched_share": 1.0} for r in early])["finding"] == "supported"
    unplaced = [r | {"p_place": ""} for r in late]
    assert judged(register, "C037", unplaced)["finding"] == "untested"


@pytest.mark.parametrize(("doubts", "rungs"), [("NO_ROOF", ["ground broken"]), ("SLOW_GROUND", [])])
def test_ground_that_may_have_changed_with_the_seasons_is_no_ground_broken(doubts, rungs):
    works = {"kind": "earthworks", "onset_low": "2024-03-01", "onset_high": "2024-07-15", "cannot_tell": "x"}
    rows = observations.structure_rows(found({**works, "doubts": doubts}), "XJ03", "2025-06-30")
    assert [r["rung"] for r in rows if r["rung"]] == rungs
