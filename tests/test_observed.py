"""`osint observed`: what a person saw, and what a file of outlines shows, as rows of observations.csv."""

import json
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from osint import change, cli, geo
from osint.errors import OsintError
from osint.register import load_register

RAW = Path(__file__).resolve().parent.parent / "data" / "raw"
PLACE = geo.disc(94.70, 43.25, 5000)
ROOFS = {"S001": shapely.box(94.70, 43.25, 94.7013, 43.2509), "S002": shapely.box(94.72, 43.25, 94.7213, 43.2509)}


@pytest.fixture
def case(tmp_path):
    shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("captures"))
    return tmp_path


def written(path, roofs=ROOFS, share=0.9, until="2025-05-01", simulated=False, **changed):
    """Write a file of SIMULATED structures as `osint observe` does."""
    blank = dict.fromkeys(change.PROPERTIES)
    roof = {
        "kind": "bright roof", "probability": 0.9, "roofed_low": "2024-03-01", "roofed_best": "2024-03-05",
        "roofed_high": "2024-03-09", "complete_high": "2024-03-12", "roof_area_m2_low": 9000,
        "roof_area_m2_best": 10000, "roof_area_m2_high": 11000, **changed,
    }  # fmt: skip
    made = [{**blank, **roof, "outline_id": name, "geometry": shape} for name, shape in roofs.items()]
    table = pd.DataFrame(made) if made else pd.DataFrame(columns=[*blank, "geometry"])
    frame = gpd.GeoDataFrame(table, geometry="geometry", crs=4326)
    frame = frame.assign(simulated="SIMULATED") if simulated and made else frame
    about = change.search_member(PLACE, "2023-01-01", "2025-06-30", until, share, simulated)
    return geo.write_outlines(frame, path, **about)


def put(case, *line):
    code = cli.main(["observed", *map(str, line), "--data", str(case)])
    return load_register(case).observations.iloc[10:].to_dict("records") if code in (0, None) else code


HAND = ("XJ03", "--date", "2026-06-01", "--who", "A. Reader", "--how", "picture of 0.5 m")
SURE = ("--p-place", 0.9, "--place-reason", "its gate is in the county's film")


def test_one_row_by_hand_with_all_that_is_known(case, capsys):
    roof = ("--rung", "roofed", "--quantity", "roof_m2", "--low", 9000, "--best", 1e4, "--high", 11000)
    where = ("--at", "94.7012,43.2551", "--position-error-m", 20, "--part", "phase 1", "--note", "both halls")
    (row,) = put(case, *HAND, *roof, *SURE, *where, "--source-url", "https://example.org/a", "--quote", "two halls")
    assert (row["best"], row["unit"], row["rung"], row["part"]) == (10000, "m2", "roofed", "phase 1")
    assert (row["lon"], row["lat"], row["position_error_m"], row["p_place"]) == (94.7012, 43.2551, 20, 0.9)
    assert row["place_reason"] == "by hand, A. Reader: its gate is in the county's film"
    assert row["independence_group"] == "seen by A. Reader" and row["quote"] == "two halls"
    told = capsys.readouterr().out
    assert "O011  2026-06-01  roofed, roof_m2 10,000 (9,000 to 11,000)  p_place 0.90" in told
    assert "1 row written: O011" in told and "of 20 claims the finding stays" in told, (
        "what the row changed is said, as after a look"
    )


def test_nothing_there_by_hand_and_a_dry_run(case, capsys):
    line = (*HAND, "--not-yet", "ground broken", "--searched-share", 0.95, *SURE)
    before = (case / "raw" / "observations.csv").read_bytes()
    assert put(case, *line, "--dry-run", "--json") == []
    (shown,) = json.loads(capsys.readouterr().out)["observations"]
    assert shown["searched_share"] == 0.95 and (case / "raw" / "observations.csv").read_bytes() == before
    (row,) = put(case, *line)
    assert (row["not_yet"], row["searched_share"], row["p_place"]) == ("ground broken", 0.95, 0.9)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ((*HAND,), "a rung (--rung), one that was not reached (--not-yet) or a --quantity"),
        ((*HAND[:3], "--rung", "roofed"), "a row by hand needs --who"),
        ((*HAND, "--rung", "roofed", "--p-place", 1.0, "--place-reason", "sure"), "p_place is 0 to 0.98"),
        ((*HAND, "--rung", "roofed", "--p-place", 0.9), "needs a reason and the name"),
        ((*HAND, "--rung", "roofed", "--place-reason", "a gate"), "give both, or neither"),
        ((*HAND, "--rung", "built"), "the rungs are announced"),
        ((*HAND, "--quantity", "roofs", "--low", 1, "--best", 1, "--high", 1), "not a quantity of the model"),
        ((*HAND, "--quantity", "energy", "--low", "1500万度", "--best", 1, "--high", 2), "not a quantity of the model"),
        ((*HAND, "--rung", "running", "--not-yet", "roofed", "--dry-run"), "a rung above that of the column rung"),
        ((*HAND, "--quantity", "roof_m2", "--best", 1), "low, best and high"),
        ((*HAND, "--rung", "roofed", "--best", 1), "low, best and high"),
        ((*HAND, "--rung", "roofed", "--at", "94.7"), "is no place; write LON,LAT"),
        ((*HAND, "--rung", "roofed", "--at", "94.7,43.2"), "lat, lon and position_error_m"),
        ((*HAND, "--rung", "roofed", "--only", "S001"), "--only is an option of a file of outlines"),
        (("XJ99", *HAND[1:], "--rung", "roofed"), "no site answers to"),
        ((*HAND, "--rung", "roofed", "--date", "2026-06-31", "--dry-run"), "not a date of the calendar"),
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused_in_one_line(case, capsys, line, said):
    before = (case / "raw" / "observations.csv").read_bytes()
    assert put(case, *line) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert (case / "raw" / "observations.csv").read_bytes() == before


def test_a_file_becomes_rows_whose_place_is_computed(case, tmp_path):
    file = written(tmp_path / "found.geojson")
    near = ("--said", "map=94.7006,43.2504,100", "--said", "reporter=94.70,43.25,300")
    names = ("--named", "S001=name on a map: OpenStreetMap, operator", "--named", "S001=witness: A. Driver")
    said = ("--claims", "C031", "--roof-m2", "8000..33000", "--roofed", "2024-01/2024-06")
    rows = put(case, "XJ03", file, "--only", "S001", *near, *names, *said)
    assert [(r["not_yet"], r["rung"], r["date"]) for r in rows] == [
        ("roofed", "", "2024-03-01"),
        ("", "roofed", "2024-03-01/2024-03-12"),
        ("", "roofed", "2025-05-01"),
    ]
    assert all(r["p_place"] == change.P_PLACE_MOST and "S001" in r["note"] + r["scope"] for r in rows)
    for words in ("OpenStreetMap, operator", "A. Driver", "C031", "2 places found", "map", "reporter", "register"):
        assert words in rows[0]["place_reason"]


def test_outlines_that_were_not_chosen_stay_rivals(tmp_path):
    file = written(tmp_path / "found.geojson")
    found = change.read_found(file)
    near = change.PlaceStatement(change.PlaceSource.MAP, 94.7006, 43.2504, 2000)
    evidence = change.SiteEvidence((near,), found.search)
    both = change.found_rows(found, "XJ03", found.until, evidence)
    one = change.found_rows(found, "XJ03", found.until, evidence, only=["S001"])
    alone = change.found_rows(
        change.read_found(written(tmp_path / "a.geojson", {"S001": ROOFS["S001"]})), "XJ03", "2025-05-01", evidence
    )
    p_both, p_one, p_alone = (next(r["p_place"] for r in rows if r["p_place"]) for rows in (both, one, alone))
    assert p_one == p_both < p_alone
    with pytest.raises(OsintError, match="no outline S009"):
        change.found_rows(found, "XJ03", found.until, evidence, only=["S009"])


def test_what_a_person_states_of_the_place_counts(case, tmp_path):
    file = written(tmp_path / "found.geojson", {"S001": ROOFS["S001"]})
    rows = put(case, "XJ03", file, "--who", "A. Reader", "--how", "Sentinel-2, my reading", *SURE, "--part", "phase 2")
    assert {(r["p_place"], r["part"], r["observer"], r["how"]) for r in rows} == {
        (0.9, "phase 2", "A. Reader", "Sentinel-2, my reading")
    }


def test_nothing_found_is_a_row_with_the_share_and_the_day(case, tmp_path, capsys):
    file = written(tmp_path / "found.geojson", {})
    (row,) = put(case, "XJ03", file, "--said", "map=94.7006,43.2504,500")
    assert (row["not_yet"], row["searched_share"], row["date"]) == ("roofed", 0.9, "2025-05-01")
    assert 0.5 < row["p_place"] < 0.9
    unknown = written(tmp_path / "unknown.geojson", {}, share=None)
    assert put(case, "XJ03", unknown) == 2
    assert "what share was searched is not known" in capsys.readouterr().err


def test_simulated_files_never_enter_a_real_case(case, tmp_path, capsys):
    for roofs in (ROOFS, {}):
        file = written(tmp_path / "demo.geojson", roofs, simulated=True)
        assert put(case, "XJ03", file, "--said", "map=94.7006,43.2504,100") == 2
        assert "SIMULATED rows do not enter" in capsys.readouterr().err


def test_a_file_edited_elsewhere_needs_its_day(case, tmp_path, capsys):
    file = written(tmp_path / "found.geojson", {"S001": ROOFS["S001"]})
    edited = gpd.read_file(file)
    edited.to_file(tmp_path / "edited.geojson", driver="GeoJSON")
    assert put(case, "XJ03", tmp_path / "edited.geojson") == 2
    assert "add --date" in capsys.readouterr().err
    near = ("--said", "map=94.7006,43.2504,100")
    rows = put(case, "XJ03", tmp_path / "edited.geojson", "--date", "2025-05-01", *near)
    assert [r["date"] for r in rows] == ["2024-03-01", "2024-03-01/2024-03-12", "2025-05-01"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--said", "hearsay=94.7,43.25,100"), "KIND one of reporter, map, address"),
        (("--said", "map=94.7,43.25"), "`--said` wants LON,LAT,METRES"),
        (("--named", "S001=rumour: a friend"), "KIND one of name on a map, signboard, witness"),
        (("--claims", "C999", "--roof-m2", "1..2"), "C999 is not in claims.csv"),
        (("--roof-m2", "1..2"), "--claims goes with --roofed or --roof-m2"),
        (("--rung", "roofed"), "--rung is an option of one row by hand"),
    ],
)
def test_evidence_of_another_form_is_refused(case, tmp_path, capsys, line, said):
    assert put(case, "XJ03", written(tmp_path / "found.geojson"), *line) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        '{"type": "FeatureCollection", "search": {"until": "2025-05-01", "place": "POLYGON", "searched_share": 1}, "features": []}',
        '{"type": "FeatureCollection", "search": {"until": "soon"}, "features": []}',
        '{"type": "FeatureCollection", "search": {}, "features": []}',
        '{"type": "FeatureCollection", "features": []}',
        "[]",
    ],
)
def test_a_damaged_file_is_named(tmp_path, body):
    path = tmp_path / "found.geojson"
    path.write_text(body)
    with pytest.raises(OsintError, match=r"found\.geojson"):
        change.read_found(path)
