import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from osint import change, verdict
from osint.change import observations
from osint.change.observations import observation_row
from osint.errors import OsintError
from osint.register import Claim, append_rows, load_register

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


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"site_id": "XJ99"}, "XJ99 is not in sites.csv"),
        ({"source_claim_id": "C999"}, "C999 is not in claims.csv"),
        ({"low": 5.0, "best": 4.0, "high": 6.0}, "a low that is at most best"),
        ({"date": "May 2024"}, "column date"),
        ({"observation_id": "O001"}, "an id that no other row has"),
        ({"observation_id": "=1"}, "letters, digits and _, behind the first of them also space, . and -"),
        ({"rung": "seen"}, "one of announced"),
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
    """C037: topped out by 11 November 2024."""

    def rows(*days):
        made = observations.structure_rows(found(roof(*days, 9000)), "XJ03", "2025-06-30")
        return [r | {"p_place": 0.98, "place_reason": "SIMULATED"} for r in made]

    late, early = rows("2025-02-01", "2025-02-05", "2025-02-09"), rows("2024-09-01", "2024-09-05", "2024-09-09")
    said = judged(register, "C037", late)
    assert said["finding"] == "refuted" and said["rests_on"] == ["O900"] and said["basis"] == "observations"
    assert judged(register, "C037", early)["finding"] == "supported"
    unplaced = [r | {"p_place": ""} for r in late]
    assert judged(register, "C037", unplaced)["finding"] == "untested"
