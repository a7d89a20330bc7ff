"""The decision order: place, part, day, then the number; row by row of the rules, and on SIMULATED scenarios."""

import csv
import itertools
import json
import math
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osint import verdict
from osint.cli.main import main
from osint.model import Dossier
from osint.register import CLAIM_KINDS, Claim, Rung, read_table
from osint.verdict import Asserts, Outcome, RuleFacts
from osint.verdict.ground import GROUND_SHOWS

ROOT = Path(__file__).resolve().parent.parent
CASES = sorted(p.parent for p in (ROOT / "tests" / "cases").glob("*/expected.csv"))
NUMBERS = ("low", "best", "high", "lat", "lon", "position_error_m", "p_place", "searched_share")


# ---------------------------------------------------------------- scenarios


def case_of(folder, tmp_path):
    """A case folder with the shipped tables and the observations of a scenario behind those on file."""
    raw = tmp_path / "raw"
    shutil.copytree(ROOT / "data" / "raw", raw, ignore=shutil.ignore_patterns("[!a-z]*", "captures"))
    own = (folder / "raw" / "observations.csv").read_text(encoding="utf-8").split("\n", 1)[1]
    with (raw / "observations.csv").open("a", encoding="utf-8") as table:
        table.write(own)
    return tmp_path


def expected_of(folder):
    with (folder / "expected.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def agrees(row, said):
    assert (said["finding"], said["rule"]) == (row["finding"], row["rule"]), said["shown"]
    assert (said["room_for"] == 0) == (row["room_is_none"] == "yes")
    assert said["shown"].startswith("SIMULATED.")


@pytest.fixture(scope="module")
def against(register):
    """The claims that a cross-check found inconsistent: what was seen changes nothing of it."""
    return verdict.contradictions(verdict.cross_checks(register))


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_scenario(folder, register, against):
    own = read_table(folder / "raw" / "observations.csv", "observations")
    assert (own["simulated"] == "yes").all()
    case = Dossier.of(replace(register, observations=pd.concat([register.observations, own], ignore_index=True)))
    claims = {c.claim_id: c for c in case.all_claims}
    for row in expected_of(folder):
        agrees(row, verdict.judge(claims[row["claim_id"]], case, against).to_row())


def test_a_scenario_as_a_case_folder_on_the_command_line(tmp_path, capsys):
    folder = next(p for p in CASES if p.name == "bare_delingha")
    assert main(["check", "QH05", "--data", str(case_of(folder, tmp_path)), "--json"]) == 0
    found = {f["claim_id"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    for row in expected_of(folder):
        agrees(row, found[row["claim_id"]])


# ---------------------------------------------------------------- claims and sights of no real place


SITE = {"site_id": "ZZ01", "name_en": "a place", "country": "CN", "role": "announced"}
CLAIM = {
    **{"claim_id": "C900", "site_id": "ZZ01", "claimant": "an office", "source_publisher": "an office"},
    **{"source_tier": "local_government", "source_url": "https://example.org/1", "date": "2024-06-30"},
    **{"quote": "words", "quote_language": "en", "quantity_kind": "PFLOPS", "unit": "PFLOPS", "bound": "exact"},
    **{"value_low": 5000.0, "value_high": 5000.0, "rung": "running", "modality": "has", "reading_confidence": "high"},
    **{"independence_group": "G900", "group_reason": "by hand", "evidence_use": "no", "error_test": "no"},
}
STATE = {"quantity_kind": "completion_date", "unit": "date", "value_low": np.nan, "value_high": np.nan, "bound": ""}
PROMISE = {"modality": "will", "value_date": "2025-06-30"}
SEEN = {"site_id": "ZZ01", "observer": "desk", "how": "picture", "p_place": 0.99, "place_reason": "SIMULATED"}


def frame(table, rows):
    """Rows of a table with every column, empty where nothing is said."""
    numbers = [c for c in table.columns if pd.api.types.is_numeric_dtype(table[c])]
    blank = {c: np.nan if c in numbers else "" for c in table.columns}
    return pd.DataFrame([blank | row for row in rows], columns=table.columns)


def judged(register, claim, *seen, others=(), sites=(SITE,)):
    """The finding on a claim of a place that is not on file, with what was seen there."""
    case = case_on(register, claim, *seen, others=others, sites=sites)
    return verdict.judge(Claim.from_row(case.claims.iloc[0].to_dict()), case)


def case_on(register, claim, *seen, others=(), sites=(SITE,)):
    """A register with one place that is not on file, a claim, and what was seen there."""
    rows = [{"observation_id": f"O90{n}", "independence_group": f"desk {n}", **SEEN, **r} for n, r in enumerate(seen)]
    claims = [CLAIM | claim, *(CLAIM | {"claim_id": f"C91{n}"} | other for n, other in enumerate(others))]
    return replace(
        register,
        sites=frame(register.sites, sites),
        claims=frame(register.claims, claims),
        observations=frame(register.observations, rows),
    )


def size(date, quantity="facility_mw", best=10.0, **more):
    return {"date": date, "quantity": quantity, "low": 0.95 * best, "best": best, "high": 1.05 * best, **more}


def absent(date, rung="roofed", **more):
    return {"date": date, "not_yet": rung, "searched_share": 1.0, **more}


def at(lat, lon, error_m):
    return {"lat": lat, "lon": lon, "position_error_m": error_m}


FLOOR = {"quantity_kind": "floor_m2", "unit": "m2", "value_low": 33_000.0, "value_high": 33_000.0}
BEFORE, AFTER = "2025-05-01", "2025-09-01"


@pytest.mark.parametrize(
    ("claim", "seen", "outcome"),
    [
        # 1. the place
        (PROMISE, [absent(AFTER)], Outcome.DEADLINE_MISSED),
        (PROMISE, [absent(AFTER, p_place=np.nan)], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, p_place=0.5)], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, p_place=0.94)], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, searched_share=0.5)], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, searched_share=0.99)], Outcome.DEADLINE_MISSED),
        (PROMISE, [size(AFTER, best=0.1, p_place=np.nan)], Outcome.UNTESTED),
        # 2. the part
        (PROMISE | {"part": "phase 1"}, [absent(AFTER)], Outcome.DEADLINE_MISSED),
        (PROMISE | {"part": "phase 1"}, [absent(AFTER, part="phase 2")], Outcome.UNTESTED),
        (PROMISE | {"part": "phase I"}, [absent(AFTER, part="phase 1")], Outcome.DEADLINE_MISSED),
        (PROMISE, [absent(AFTER, part="phase 2")], Outcome.UNTESTED),
        (PROMISE, [size(AFTER, best=0.1, part="building 1")], Outcome.UNTESTED),
        (PROMISE | {"part": "phase 1"}, [absent(AFTER, "powered")], Outcome.DEADLINE_MISSED),
        (
            PROMISE | {"part": "phase 1"},
            [absent(AFTER, "powered"), size("2025-07-01", rung="powered", part="phase 1")],
            Outcome.COULD_FIT,
        ),
        # 3. the day
        (PROMISE, [absent(BEFORE)], Outcome.NOT_REACHED),
        (PROMISE | {"value_date": ""}, [absent(AFTER)], Outcome.NOT_REACHED),
        # what is older than the text shows nothing of what the text promises
        (PROMISE | {"value_date": ""}, [absent("2024-01-01")], Outcome.UNTESTED),
        (PROMISE, [absent("2024-01-01")], Outcome.UNTESTED),
        (PROMISE | {"value_date": ""}, [size("2024-01-01", best=0.5)], Outcome.UNTESTED),
        (PROMISE | {"date": "2024-06"}, [absent("2024-06-01")], Outcome.NOT_REACHED),
        # a look of a later day that is not sure enough goes before one from before the day
        (PROMISE, [absent(BEFORE), absent(AFTER, searched_share=0.95)], Outcome.UNTESTED),
        (PROMISE | {"value_low": 0.0, "value_high": 0.0}, [absent(AFTER)], Outcome.UNTESTED),
        (PROMISE | {"value_date": "2025-01/.."}, [absent(AFTER)], Outcome.NOT_REACHED),
        (PROMISE | {"value_date": "2025-01/.."}, [size(AFTER)], Outcome.COULD_FIT),
        (PROMISE | {"value_date": "9999"}, [size(AFTER)], Outcome.COULD_FIT),
        ({"value_date": "2024-01/.."}, [absent("2024-03-01")], Outcome.REFUTED),
        ({}, [absent("2024-06-01")], Outcome.UNTESTED),
        ({}, [absent("2024-07-01")], Outcome.REFUTED),
        ({"modality": "denied"}, [absent(AFTER)], Outcome.UNTESTED),
        (PROMISE | STATE, [size(AFTER, rung="running")], Outcome.UNTESTED),
        (PROMISE | STATE, [size(BEFORE, rung="running")], Outcome.SUPPORTED),
        (PROMISE | STATE, [size(BEFORE, rung="running", part="hall 1")], Outcome.UNTESTED),
        (PROMISE | STATE | {"part": "hall 1"}, [size(BEFORE, rung="running")], Outcome.UNTESTED),
        (PROMISE | STATE, [size(BEFORE, rung="roofed")], Outcome.UNTESTED),
        (PROMISE | STATE, [size(BEFORE, best=0.1, rung="running")], Outcome.UNTESTED),
        (PROMISE | STATE, [{"date": BEFORE, "rung": "running"}], Outcome.UNTESTED),
        (PROMISE | STATE, [size(BEFORE, rung="running", p_place=0.9)], Outcome.UNTESTED),
        # 4. the number
        ({}, [size(AFTER, best=0.5)], Outcome.REFUTED),
        (PROMISE, [size(AFTER, best=0.5)], Outcome.DEADLINE_MISSED),
        (PROMISE, [size(BEFORE, best=0.5)], Outcome.NOT_REACHED),
        (PROMISE, [size(BEFORE, best=100.0)], Outcome.COULD_FIT),
        ({}, [size("2024-07-01", best=100.0)], Outcome.COULD_FIT),
        ({}, [size("2026-07-01", best=100.0)], Outcome.UNTESTED),
        (PROMISE, [size(AFTER, "transformers_mva", 0.8)], Outcome.DEADLINE_MISSED),
        ({}, [size(AFTER, "roof_m2", 0.0, low=0.0, high=0.0, searched_share=1.0)], Outcome.REFUTED),
        # 5. the reading
        ({"readings": "0.5|5000"}, [size(AFTER, best=0.5)], Outcome.UNTESTED),
        ({"readings": "0.5|5000"}, [size("2024-07-01", best=0.5)], Outcome.UNTESTED),
        ({"bound": "at most", "value_low": np.nan}, [size(AFTER, best=0.5)], Outcome.UNTESTED),
        ({"value_low": 1.0}, [size(AFTER, best=0.5)], Outcome.UNTESTED),
        # observers against each other
        (PROMISE, [size("2025-08-20", "roof_m2", 300.0), size(AFTER, "roof_m2", 30000.0)], Outcome.CONFLICT),
        (PROMISE, [absent(AFTER), size(BEFORE, "roof_m2", 9000.0, rung="roofed")], Outcome.CONFLICT),
        (PROMISE, [size("2025-08-20", best=0.2), size(AFTER, best=0.4)], Outcome.DEADLINE_MISSED),
    ],
)
def test_decision(register, claim, seen, outcome):
    found = judged(register, claim, *seen)
    assert found.outcome == outcome, (found.rule.name, found.shown())


def test_many_ceilings_beside_a_measured_roof_are_judged_by_the_tightest_and_soon(register):
    """Many bounds together took minutes as one integral; the tightest of them alone says what is printed."""
    roof, ceilings = size(AFTER, "roof_m2", 10_000.0), {"it_mw": 2, "racks": 900, "floor_m2": 9e4, "land_m2": 9e5}
    more = [size(AFTER, "transformers_mva", 6.0)]
    more += [{"date": AFTER, "quantity": quantity, "high": float(high)} for quantity, high in ceilings.items()]
    one = judged(register, PROMISE, roof, more[1])
    # the other bounds bring readings of their own (kinds of racks), which move the answer a little
    assert judged(register, PROMISE, roof, *more).room.interval == pytest.approx(one.room.interval, rel=0.2)


def test_the_rungs_of_a_wrong_place_never_make_a_negative_finding(register):
    """Whatever is seen, p_place below 0.95 refutes nothing; the printed chance is never below 1 - p_place."""
    for p, rung, best in itertools.product((np.nan, 0.94), (Rung.ROOFED, Rung.RUNNING), (0.01, 50.0)):
        for claim in ({}, PROMISE, PROMISE | STATE):
            for seen in (absent(AFTER, rung.value, p_place=p), size(AFTER, best=best, p_place=p)):
                found = judged(register, claim, seen)
                assert found.outcome not in verdict.NEGATIVE
                if found.probability is not None:
                    assert found.probability >= 1 - p - 1e-9


def test_a_due_day_is_inherited_within_one_filing_and_part(register):
    plan = {"modality": "will", "part": "phase 1"}
    due = PROMISE | STATE | {"part": "phase 1"}
    found = judged(register, plan, absent(AFTER), others=[due])
    assert found.outcome == Outcome.DEADLINE_MISSED and found.rests_on == ["C910", "O900"]
    assert "a day read from C910 of the same text)" in found.shown()
    for other in ({"part": "phase 2"}, {"source_url": "https://example.org/2"}, {"date": "2024-05-30"}):
        assert judged(register, plan, absent(AFTER), others=[due | other]).outcome == Outcome.NOT_REACHED
    # the rung comes with the day: what is promised to run is late where it is roofed and not powered
    running = [PROMISE | {"part": "phase 1", "rung": "running"}]
    assert judged(register, plan | {"rung": "filed"}, absent(AFTER, "powered"), others=running).outcome == found.outcome
    two = [due, due | {"value_date": "2026-06-30"}]
    assert judged(register, plan, absent(AFTER), others=two).outcome == Outcome.NOT_REACHED


def test_an_inherited_day_lifts_no_rung_that_a_claim_names(register):
    """Space for chips needs a roof by the day on which the power is due; what is filed alone is due with its rung."""
    due = PROMISE | STATE | {"rung": "powered"}
    seen = absent(AFTER, "powered"), size(BEFORE, "roof_m2", 20000.0, rung="roofed")
    space = judged(register, {"modality": "will", "rung": "roofed"}, *seen, others=[due])
    filed = judged(register, {"modality": "will", "rung": "filed"}, *seen, others=[due])
    assert (space.outcome, filed.outcome) == (Outcome.COULD_FIT, Outcome.DEADLINE_MISSED)


def test_a_day_is_inherited_from_the_same_stage_or_a_higher_one_alone(register):
    """What is to be built by a day need not run by it; what is to run by a day is built by then, and so is a floor."""
    built, runs = PROMISE | STATE | {"rung": "roofed"}, PROMISE | STATE | {"rung": "running"}
    running, floor = {"modality": "will", "rung": "running"}, {"modality": "will", "rung": "announced"} | FLOOR
    unpowered = absent(AFTER, "powered"), size(AFTER, "roof_m2", 20000.0, rung="roofed")
    assert judged(register, running, absent(AFTER, "powered"), others=[built]).outcome == Outcome.NOT_REACHED
    assert judged(register, running, absent(AFTER, "powered"), others=[built, runs]).outcome == Outcome.DEADLINE_MISSED
    for due in ([built], [runs], [built, runs | {"value_date": "2026-06-30"}]):
        found = judged(register, floor, absent(AFTER, "roofed"), others=due)
        assert found.outcome == Outcome.DEADLINE_MISSED and "2025-06-30" in found.shown()
        assert judged(register, floor, *unpowered, others=due).outcome != Outcome.DEADLINE_MISSED


def test_one_roof_of_several_shows_no_stage_of_the_whole(register):
    seen = size(BEFORE, "roof_m2", 5000.0, rung="roofed", searched_share=0.9)
    named = [PROMISE | STATE | {"part": "building 2", "independence_group": "G902"}]
    claim = PROMISE | STATE | {"rung": "roofed"}
    assert judged(register, claim, seen).outcome == Outcome.SUPPORTED
    assert judged(register, claim, seen, others=named).outcome == Outcome.UNTESTED
    assert judged(register, claim, seen | {"searched_share": 0.96}, others=named).outcome == Outcome.SUPPORTED


def test_where_nothing_stood_in_the_part_that_was_looked_at_no_number_could_fit(register):
    found = judged(register, PROMISE, absent(AFTER, searched_share=0.7), absent(BEFORE, searched_share=0.7))
    assert found.outcome == Outcome.UNTESTED and "room for none" not in found.shown()


def test_two_points_in_one_hall_are_one_place(register):
    """A point lies somewhere in a hall of 117 m; what stands at another part or 400 m off is another compound."""
    works = absent("2024-07-15", rung="roofed") | {"rung": "ground broken"} | at(43.0, 94.0, 20.0)
    claim = STATE | {"rung": "roofed", "quantity_kind": "status"}
    for lat, part, outcome in (
        (43.0004, "", Outcome.REFUTED),
        (43.004, "", Outcome.UNTESTED),
        (43.004, "building 2", Outcome.REFUTED),
    ):
        hall = size("2025-09-01", "roof_m2", 13_700.0, rung="roofed", part=part) | at(lat, 94.0, 20.0)
        assert judged(register, claim, works, hall).outcome == outcome, (lat, part)


def test_doubts_of_parts_are_added_for_the_room_of_their_sum(register):
    named = [STATE | {"part": part} for part in ("phase 1", "phase 2")]
    bare = [absent(AFTER, "ground broken", part=part) for part in ("phase 1", "phase 2")]
    for p, outcome in ((0.98, Outcome.DEADLINE_MISSED), (0.96, Outcome.UNTESTED)):
        found = judged(register, PROMISE | FLOOR, *(row | {"p_place": p} for row in bare), others=named)
        assert found.outcome == outcome, found.shown()


def test_a_conflict_of_stages_says_nothing_of_sizes(register):
    seen = {"date": AFTER, "rung": "powered", "not_yet": "running"}, absent("2025-10-01", "ground broken")
    found = judged(register, PROMISE | {"rung": "powered"}, *seen)
    assert found.outcome == Outcome.CONFLICT and "sizes" not in found.shown() and "Against that, O900" in found.shown()
    runs = judged(register, PROMISE, *seen)  # both say that it does not run
    assert runs.outcome == Outcome.DEADLINE_MISSED and "either way it was not there" in runs.shown()


def test_a_size_with_both_ends_is_told_with_both(register):
    found = judged(register, {}, size("2024-07-01", "roof_m2", 9000.0) | {"best": np.nan})
    assert "8,550 to 9,450 m2 roof" in found.shown() and "at most 9,450" not in found.shown()


def test_one_fact_told_by_several_instruments_gives_one_finding(register):
    """3 MW told as facility power, IT power, energy or a transformer rating refutes the same claim."""
    for quantity, best in (
        ("facility_mw", 3.0),
        ("it_mw", 2.6),
        ("energy_gwh_per_yr", 20.0),
        ("transformers_mva", 6.3),
    ):
        assert judged(register, {"value_low": 6e4, "value_high": 6e4}, size(AFTER, quantity, best)).outcome == "refuted"


def test_a_bare_site_has_room_for_none_and_no_word_of_probability(register):
    found = judged(register, {"modality": "will"}, absent(AFTER, "ground broken"))
    row = found.to_row()
    assert row["room_for"] == 0 and row["probability"] is None and row["word"] == ""
    assert "had room for no PFLOPS" in row["room"] and "90%" not in row["shown"]


def test_parts_add_up_with_common_errors_and_decide_nothing(register):
    """Two children of a parent: room for at most the sum, said to be of the parts that were seen."""
    sites = [SITE, SITE | {"site_id": "ZZ02", "parent": "ZZ01"}, SITE | {"site_id": "ZZ03", "parent": "ZZ01"}]
    one = judged(register, {}, size(AFTER, site_id="ZZ02"), sites=sites)
    both = judged(register, {}, size(AFTER, site_id="ZZ02"), size(AFTER, site_id="ZZ03"), sites=sites)
    assert one.outcome == both.outcome == Outcome.UNTESTED and both.seen.room_for.partial
    ratio = both.seen.room_for.at_most / one.seen.room_for.at_most
    assert 1.2 < ratio <= 2.001
    assert "other parts, if there are any, were not seen" in both.room_text()


def test_a_child_is_bare_where_its_parent_is(register):
    sites = [SITE, SITE | {"site_id": "ZZ02", "parent": "ZZ01"}]
    claim = PROMISE | {"site_id": "ZZ02"}
    bare = judged(register, claim, absent(AFTER), sites=sites)
    assert bare.outcome == Outcome.DEADLINE_MISSED and "shows ZZ01: not yet roofed" in bare.shown()
    # what stands somewhere in the parent need not be the child
    shown = size(BEFORE, rung="running")
    assert judged(register, claim | STATE, shown, sites=sites).outcome != Outcome.SUPPORTED


def test_one_roof_does_not_bound_a_site_of_several_parts(register):
    sites = [SITE, SITE | {"site_id": "ZZ02", "parent": "ZZ01"}]
    roof = size(AFTER, "roof_m2", 600.0)
    assert judged(register, {"value_low": 1e5, "value_high": 1e5}, roof, sites=sites).outcome == Outcome.UNTESTED
    whole = roof | {"searched_share": 1.0}
    assert judged(register, {"value_low": 1e5, "value_high": 1e5}, whole, sites=sites).outcome == Outcome.REFUTED


def test_an_official_statement_of_operation_against_bare_ground_is_a_conflict(register):
    official = STATE | {"source_tier": "primary_government", "rung": "powered", "quantity_kind": "status"}
    other = official | {"independence_group": "G901"}
    assert judged(register, official, absent(AFTER, "ground broken")).outcome == Outcome.REFUTED  # no own witness
    assert judged(register, {}, absent(AFTER, "ground broken"), others=[other]).outcome == Outcome.CONFLICT


def test_a_contradiction_hides_no_observation_and_is_said_beside_it(register):
    against = [verdict.Contradiction(verdict.CheckName.LADDER, ("C911",))]
    case = replace(
        register,
        sites=frame(register.sites, [SITE]),
        claims=frame(register.claims, [CLAIM]),
        observations=frame(register.observations, [{"observation_id": "O900"} | SEEN | size(AFTER, best=0.1)]),
    )
    claim = Claim.from_row(case.claims.iloc[0].to_dict())
    found = verdict.judge(claim, case, {"C900": against})
    assert found.outcome == Outcome.REFUTED and "also contradicted by" in found.shown() and "C911" in found.rests_on
    unseen = replace(case, observations=case.observations.iloc[:0])
    assert verdict.judge(claim, unseen, {"C900": against}).outcome == Outcome.INCONSISTENT


def test_documents_alone_decide_nothing_and_carry_no_probability(register):
    found = verdict.check(register)
    seen = set(register.observations["site_id"])
    for row in found.findings.to_dict("records"):
        if row["site_id"] not in seen:
            assert row["finding"] in ("untested", "inconsistent")
        if row["basis"] != "observations":
            assert not row["word"] and (row["probability"] is None or math.isnan(row["probability"]))


@pytest.mark.parametrize(
    ("low", "high", "bound"), [(100.0, 100.0, "exact"), (100.0, 200.0, "range"), (100.0, np.nan, "at least")]
)
def test_a_larger_number_is_never_likelier(register, low, high, bound):
    chances = []
    for factor in (1, 10, 100, 1000, 1e4, 1e5):
        claim = {"value_low": low * factor, "value_high": high * factor, "bound": bound}
        found = judged(register, claim, size("2024-07-01"))
        chances.append(found.seen.about.holds(found.claim.value_low))
    assert chances == sorted(chances, reverse=True) and chances[0] > 0.9 > 0.1 > chances[-1]


@pytest.mark.parametrize(
    ("seen", "claimed", "covered"),
    [
        *((s, c, "same") for s, c in (("一期", "phase 1"), ("2号楼", "building 2"), ("Building No. 2", "building 2"))),
        *((s, c, "same") for s, c in (("first phase", "phase one"), ("二十一号楼", "building 21"), ("1#楼", "1号楼"))),
        *(
            (s, c, "same")
            for s, c in (("phase Ⅱ", "第二期工程"), ("1号楼和2号楼", "buildings 1-2"), ("whole site", ""))
        ),
        *((s, c, "within") for s, c in (("phase 2", "phase II (hall 3)"), ("buildings 1, 2 and 3", "2号机房楼"))),
        *((s, c, "part") for s, c in (("hall 3 of phase 2", "phase 2"), ("phase 1", "phases 1 and 2"), ("hall 1", ""))),
        *((s, c, "other") for s, c in (("buildings 1 and 3", "building 2"), ("one building", "building 1"))),
        *((s, c, "other") for s, c in (("phase 1", "building 1"), ("annex", "phase 1"), ("hall 1", "hall 2"))),
        *(
            (s, c, "same")
            for s, c in (("东区", "east zone"), ("A座", "building A"), ("首期", "1st phase"), ("第三期", "third phase"))
        ),
        *((s, c, "same") for s, c in (("phase 1 and phase 2", "phases 1-2"), ("A栋、B栋", "buildings A and B"))),
        *(
            (s, c, "within")
            for s, c in (("二期", "二期1号楼"), ("East Zone", "东区A栋"), ("phase 2", "phase II building 3"))
        ),
        *((s, c, "part") for s, c in (("phase 2, building 1", "二期"), ("building 1 of the east zone", "东区"))),
        *(
            (s, c, "other")
            for s, c in (("east zone", "west zone"), ("building A", "building 1"), ("东区1号楼", "西区1号楼"))
        ),
        *(
            (s, c, "other")
            for s, c in (("一期1号楼", "二期1号楼"), ("1#", "building 1"), ("building A3", "building A"))
        ),
    ],
)
def test_parts_in_english_and_chinese(seen, claimed, covered):
    assert verdict.coverage(seen, claimed).value == covered


HERE, THERE = (
    {"lat": 38.0, "lon": 85.0, "position_error_m": 20.0},
    {"lat": 38.02, "lon": 85.05, "position_error_m": 20.0},
)  # 5 km apart


@pytest.mark.parametrize(
    ("claim", "seen", "outcome", "words"),
    [
        # a small roof in the half of the site that was looked at bounds no whole
        (PROMISE, [size(AFTER, "roof_m2", 40.0, searched_share=0.5)], Outcome.UNTESTED, "and 50% of it was looked at"),
        (PROMISE, [size(AFTER, "roof_m2", 40.0, searched_share=0.99)], Outcome.DEADLINE_MISSED, "doubt"),
        (PROMISE, [absent(AFTER, searched_share=0.0)], Outcome.UNTESTED, "0% of it was looked at"),
        # and is no second measurement of what was measured in all of it
        (
            PROMISE | {"value_low": 1e6, "value_high": 1e6},
            [size(AFTER, "roof_m2", 1000.0, searched_share=0.5), size("2025-09-20", "roof_m2", 3000.0)],
            Outcome.DEADLINE_MISSED,
            "Due by 2025-06-30. O901 (",
        ),
        (PROMISE, [{"date": AFTER, "quantity": "it_mw", "high": 0.5}], Outcome.DEADLINE_MISSED, "at most 0.5 MW IT"),
        # two compounds are added, and one of them is no witness of the other
        ({}, [size(AFTER, best=1.0, **HERE), size(AFTER, best=90.0, **THERE)], Outcome.UNTESTED, ""),
        ({}, [size(AFTER, best=1.0, **HERE), size(AFTER, best=90.0)], Outcome.CONFLICT, "cannot be of one thing"),
        (
            PROMISE,
            [absent(AFTER, **HERE), size(AFTER, "roof_m2", 9000.0, rung="roofed", **THERE)],
            Outcome.UNTESTED,
            "",
        ),
        (PROMISE, [absent(AFTER), size(AFTER, "roof_m2", 9000.0, rung="roofed")], Outcome.CONFLICT, "Against that"),
        # what one look found beside what it did not find refutes nothing, and is no conflict
        (
            PROMISE,
            [absent(AFTER), {"date": AFTER, "rung": "roofed", "independence_group": "desk 0"}],
            Outcome.UNTESTED,
            "",
        ),
        # "has", of a day after the text, is a promise for that day
        ({"value_date": "2026-12"}, [absent(AFTER)], Outcome.NOT_REACHED, "due by 2026-12-31, later"),
        # dates that leave it open on which side of the day they lie
        (PROMISE | STATE, [size("2025-02/2025-08", rung="running")], Outcome.UNTESTED, "before or after 2025-06-30"),
        (PROMISE, [absent("2025-05/2025-08")], Outcome.NOT_REACHED, "which may be later"),
        # money is nothing that stands
        ({"quantity_kind": "investment_CNY", "unit": "CNY"}, [absent(AFTER)], Outcome.UNTESTED, ""),
        # of "up to" a part is enough, so that a whole that is not powered yet says nothing
        (PROMISE | {"bound": "at most", "value_low": np.nan}, [absent(AFTER, "powered")], Outcome.UNTESTED, ""),
        (PROMISE | {"bound": "at most", "value_low": np.nan}, [absent(AFTER)], Outcome.DEADLINE_MISSED, ""),
        (PROMISE, [absent("2025-06-30")], Outcome.DEADLINE_MISSED, ", on that day."),
        # one roof stood in time, and a part of the whole did not
        (
            PROMISE | STATE | {"rung": "roofed"},
            [size(BEFORE, "roof_m2", 9000.0, rung="roofed"), absent(AFTER, part="phase 2")],
            Outcome.UNTESTED,
            "Of a part of it, on that day or later: O901",
        ),
        (PROMISE, [absent("2025-07-01")], Outcome.DEADLINE_MISSED, "1 day after"),
        (PROMISE, [{"rung": "roofed"} | absent(AFTER, "powered")], Outcome.DEADLINE_MISSED, "roofed, not yet powered"),
        (PROMISE | {"part": "phase 1"}, [absent(AFTER, part="一期")], Outcome.DEADLINE_MISSED, "一期: not yet roofed"),
        (
            PROMISE,
            [absent(AFTER, "powered"), size(BEFORE, rung="powered", part="hall 1")],
            Outcome.DEADLINE_MISSED,
            "as a whole (of parts of it, O901",
        ),
    ],
)
def test_decision_and_its_words(register, claim, seen, outcome, words):
    found = judged(register, claim, *seen)
    assert found.outcome == outcome, (found.rule.name, found.shown())
    assert words in found.shown()


# ---------------------------------------------------------------- the table of rules


FACTS = [
    (RuleFacts(), "nothing observed bears on it"),
    (RuleFacts(unknown_precision="FP32", seen=True), "a precision that no figure tests"),
    (RuleFacts(unknown_precision="FP32", seen=True, absent=True, asserts=Asserts.STANDS), "not there on its day"),
    (RuleFacts(conflict=True, absent=True, asserts=Asserts.STANDS), "observers contradict each other"),
    (RuleFacts(absent=True, asserts=Asserts.STANDS, contradicted=True), "not there on its day"),
    (RuleFacts(absent=True, asserts=Asserts.PROMISED, holds=0.9, fits=0.9), "not there by its due day"),
    (RuleFacts(holds=0.049, asserts=Asserts.STANDS), "too small on its day"),
    (RuleFacts(holds=0.049, asserts=Asserts.PROMISED), "too small by its due day"),
    (RuleFacts(holds=0.05, asserts=Asserts.STANDS), "too small on its day"),
    (RuleFacts(holds=0.0504, asserts=Asserts.STANDS), "too small on its day"),  # printed as 5%
    (RuleFacts(holds=0.056, asserts=Asserts.STANDS), "room at the edge of an assumption"),
    (RuleFacts(holds=0.2, asserts=Asserts.STANDS), "nothing observed bears on it"),
    (RuleFacts(holds=0.01, told_size=True, asserts=Asserts.STANDS), "a relayed report of a size"),
    (RuleFacts(told_absent=True, asserts=Asserts.PROMISED), "a relayed report that it is not there"),
    (RuleFacts(told_absent=True, holds=0.01, asserts=Asserts.STANDS), "too small on its day"),
    (RuleFacts(shown=True, states=True), "rung shown by its day"),
    (RuleFacts(shown=True), "nothing observed bears on it"),
    (RuleFacts(shown=True, power=True, fits_surely=0.45, fits=0.9), "power measured and rung shown"),
    (RuleFacts(shown=True, power=True, fits_surely=0.44, fits=0.9), "room enough"),
    (RuleFacts(contradicted=True, fits=0.9), "contradicted on paper"),
    (RuleFacts(fits=0.9, fits_hardest=0.04), "the readings differ"),
    (RuleFacts(fits=0.2, fits_hardest=0.06), "room enough"),
    (RuleFacts(absent_before=True, asserts=Asserts.PLANNED), "not there before its day"),
    (RuleFacts(absent_before=True, asserts=Asserts.STANDS), "nothing observed bears on it"),
    (RuleFacts(holds=0.07, doubted=True, fits=0.07, asserts=Asserts.PROMISED), "too small where it was looked at"),
    (RuleFacts(holds=0.07, doubted=True, fits=0.9, asserts=Asserts.PROMISED), "room enough"),
    (RuleFacts(fits=0.19, not_yet_due=True, asserts=Asserts.PROMISED), "no room yet before its day"),
    (RuleFacts(fits=0.19, after=True, asserts=Asserts.PROMISED), "seen after its day alone"),
    (RuleFacts(fits=0.19, asserts=Asserts.STANDS, before=True), "seen before its day alone"),
    (RuleFacts(absent=True, asserts=Asserts.PROMISED, bare_shows=False), "the ground does not show it"),
    (RuleFacts(absent=True, asserts=Asserts.STANDS, bare_shows=False, after=True), "the ground does not show it"),
    (RuleFacts(conflict=True, absent=True, bare_shows=False), "a conflict over something else"),
    (RuleFacts(conflict=True, absent_before=True, bare_shows=False), "a conflict over something else"),
    (RuleFacts(unsearched=True, unconfirmed=True), "not all of the place was looked at"),
    (RuleFacts(share_unstated=True, unsearched=True), "how much was looked at is not stated"),
    (RuleFacts(unsure=True, unconfirmed=True), "the place is not sure enough"),
    (RuleFacts(unfixed=True), "seen about its day"),
    (RuleFacts(unconfirmed=True, after=True), "the place is not confirmed"),
    (RuleFacts(part_lacks=True, states=True, before=True), "a part of it was not there"),
    (RuleFacts(small=True, before=True), "no size was measured"),
    (RuleFacts(tests_others=True, after=True), "a figure that no size tests"),
    (RuleFacts(little=True, before=True), "the size leaves little room"),
    (RuleFacts(of_several=True, after=True), "a size that need not be of all parts"),
    (RuleFacts(after=True, before=True), "seen before and after its day"),
    (RuleFacts(after=True), "seen after its day alone"),
    (RuleFacts(elsewhere=True, seen=True), "another part was seen"),
    (RuleFacts(seen=True, silent=True), "it asserts nothing of the ground"),
    (RuleFacts(seen=True, paper=True), "no day is named for it"),
    (RuleFacts(own=True, paper=True), "seen by the claimant alone"),
    (RuleFacts(paper=True), "on paper alone"),
]


@pytest.mark.parametrize(("facts", "rule"), FACTS)
def test_rule(facts, rule):
    assert verdict.decide(facts).name == rule


def test_every_rule_is_tested_and_has_its_sentence():
    assert {rule for _, rule in FACTS} == {rule.name for rule in verdict.RULES}
    table = pd.read_csv(Path(verdict.__file__).parent / "findings.csv")
    assert table[["rule", "finding"]].values.tolist() == [[r.name, r.outcome.value] for r in verdict.RULES]
    assert {o.value for o in Outcome} == set(table["finding"]) == {o.value for o in verdict.FINDINGS}
    assert {f.name for f in fields(RuleFacts)} >= set(re.findall(r"\{(\w+)\}", "".join(table["sentence"]))) & {"own"}


def test_the_outcomes_mean_the_same_in_the_docs():
    text = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    assert all(f"| {outcome.value} | {means} |" in text for outcome, means in verdict.FINDINGS.items())


def test_every_finding_names_its_rows_and_never_says_what_a_building_holds(register):
    for row in verdict.check(register).findings.to_dict("records"):
        assert not re.search(r"\b(?:proves|confirms|exists|contains|houses)\b", row["shown"])
        if row["basis"] == "observations":
            assert all(i in row["shown"] or i.startswith("C") for i in row["rests_on"]), row


# ---------------------------------------------------------------- what bare ground can deny


MONEY = {"quantity_kind": "investment_CNY", "unit": "CNY", "rung": "filed"}
PUE = {"quantity_kind": "PUE", "unit": "", "value_low": 1.2, "value_high": 1.2}
LAND = {"quantity_kind": "land_mu", "unit": "mu", "value_low": 33.0, "value_high": 33.0}


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (PROMISE | MONEY, Outcome.UNTESTED),
        (PROMISE | MONEY | {"quantity_kind": "value_USD", "unit": "USD"}, Outcome.UNTESTED),
        (PROMISE | PUE, Outcome.UNTESTED),
        (PUE, Outcome.UNTESTED),
        (PROMISE | {"quantity_kind": "share_pct", "unit": "percent"}, Outcome.UNTESTED),
        (PROMISE | {"quantity_kind": "project_count", "unit": "count"}, Outcome.UNTESTED),
        (PROMISE | {"quantity_kind": "generation_MW", "unit": "MW"}, Outcome.UNTESTED),
        (PROMISE | {"quantity_kind": "energy_GWh_per_yr", "unit": "GWh/yr", "scope": "generation"}, Outcome.UNTESTED),
        (PROMISE | LAND, Outcome.UNTESTED),
        (LAND, Outcome.REFUTED),  # land that is said to be built on
        (PROMISE | {"quantity_kind": "energy_GWh_per_yr", "unit": "GWh/yr"}, Outcome.DEADLINE_MISSED),
        (PROMISE | {"quantity_kind": "floor_m2", "unit": "m2"}, Outcome.DEADLINE_MISSED),
        (PROMISE | {"scope": "each"}, Outcome.DEADLINE_MISSED),
        (PROMISE | STATE | {"quantity_kind": "milestone_date", "rung": "filed"}, Outcome.UNTESTED),
        (PROMISE | STATE | {"quantity_kind": "status", "rung": ""}, Outcome.UNTESTED),
        (PROMISE | STATE | {"quantity_kind": "start_date", "rung": "filed"}, Outcome.DEADLINE_MISSED),
        (PROMISE | STATE | {"rung": "announced"}, Outcome.DEADLINE_MISSED),
    ],
)
def test_bare_ground_denies_what_the_ground_shows_alone(register, claim, outcome):
    found = judged(register, claim, absent(AFTER, "ground broken"))
    assert found.outcome == outcome, (found.rule.name, found.shown())
    if outcome == Outcome.UNTESTED:
        assert "The ground does not show" in found.shown() and found.probability is None


def test_money_without_a_day_says_that_the_ground_does_not_show_it(register):
    found = judged(register, PROMISE | MONEY | {"value_date": ""}, absent(AFTER, "ground broken"))
    assert (
        found.outcome == Outcome.NOT_REACHED and "does not show such a figure (5,000 CNY) in any case" in found.shown()
    )
    chips = judged(register, PROMISE | {"value_date": ""}, absent(AFTER, "ground broken"))
    assert "in any case" not in chips.shown()


def test_works_that_began_are_not_those_that_were_to_be_roofed(register):
    """A date of beginning is kept by broken ground, whatever rung the text had when it was written."""
    begins = PROMISE | STATE | {"quantity_kind": "start_date", "rung": "announced"}
    assert judged(register, begins, absent(AFTER, "roofed")).outcome == Outcome.UNTESTED


def test_every_kind_of_claim_has_what_the_ground_shows_of_it():
    assert set(CLAIM_KINDS) <= set(GROUND_SHOWS)


def test_what_is_not_shown_is_true_of_the_rows_of_the_claim(register):
    """Documents of a delivery (C019) are no observation, and the claimant's own count is one."""
    for claim_id in ("C019", "C103"):
        found = verdict.check(register, claim_ids=[claim_id]).judged[0]
        assert found.not_shown() == "No observation on file counts a chip of this place."
    own = judged(register, {}, size(AFTER, "chips", 5.0, independence_group="G900"))
    assert "Chips are counted by O900" in own.not_shown()


# ---------------------------------------------------------------- parts in rows of their own


ONE, TWO = {"part": "phase 1"}, {"part": "phase 2"}


@pytest.mark.parametrize(
    ("claim", "seen", "outcome"),
    [
        (PROMISE | STATE, [absent(AFTER, **ONE), absent(AFTER, **TWO)], Outcome.DEADLINE_MISSED),
        (STATE, [absent(AFTER, **ONE), absent("2025-10-01", **TWO)], Outcome.REFUTED),
        (PROMISE, [absent(AFTER, **ONE), absent(AFTER, **TWO)], Outcome.DEADLINE_MISSED),
        (PROMISE, [absent(AFTER, part="1号楼"), absent(AFTER, part="buildings 2-4")], Outcome.DEADLINE_MISSED),
        (PROMISE | STATE, [absent(AFTER, "powered", **ONE), absent(AFTER, **TWO)], Outcome.DEADLINE_MISSED),
        (PROMISE | STATE | {"value_date": ""}, [absent(AFTER, **ONE), absent(AFTER, **TWO)], Outcome.NOT_REACHED),
        (PROMISE | STATE, [absent(BEFORE, **ONE), absent(BEFORE, **TWO)], Outcome.NOT_REACHED),
        # one of them was not seen on or after the day, is not sure, was not seen at all, or stands
        (PROMISE | STATE, [absent(BEFORE, **ONE), absent(AFTER, **TWO)], Outcome.UNTESTED),
        (PROMISE | STATE, [absent(AFTER, **ONE), absent(AFTER, p_place=0.92, **TWO)], Outcome.UNTESTED),
        (PROMISE | STATE, [absent(AFTER, **ONE), absent(AFTER, part="phase 3")], Outcome.UNTESTED),
        (PROMISE | STATE, [absent(AFTER, **ONE), {"date": AFTER, "rung": "roofed", **TWO}], Outcome.UNTESTED),
        (PROMISE | STATE | TWO, [absent(AFTER, **ONE), absent(AFTER, part="phase 3")], Outcome.UNTESTED),
        # both were seen roofed together, later than bare
        (
            PROMISE | {"value_date": ""},
            [
                absent(BEFORE, part="buildings 1 and 2"),
                size(AFTER, "roof_m2", 9000.0, rung="roofed", part="buildings 1 and 2"),
            ],
            Outcome.UNTESTED,
        ),
        # the doubts of the parts add up
        (
            PROMISE | STATE,
            [absent(AFTER, part=f"hall {n}", p_place=0.98) for n in (1, 2, 3)],
            Outcome.UNTESTED,
        ),
        # somebody saw the whole, or a part, roofed before
        (
            PROMISE | STATE,
            [absent(AFTER, **ONE), absent(AFTER, **TWO), {"date": BEFORE, "rung": "roofed"}],
            Outcome.CONFLICT,
        ),
        (
            PROMISE | STATE,
            [absent(AFTER, **ONE), absent(AFTER, **TWO), {"date": BEFORE, "rung": "roofed", **ONE}],
            Outcome.CONFLICT,
        ),
    ],
)
def test_where_all_numbered_parts_are_bare_nothing_stands_of_the_whole(register, claim, seen, outcome):
    found = judged(register, claim, *seen)
    assert found.outcome == outcome, (found.rule.name, found.shown())
    assert "may be later" not in found.shown()
    if outcome in verdict.NEGATIVE:
        assert {f"O90{n}" for n in range(len(seen))} <= set(found.rests_on) and "O901" in found.shown()


# ---------------------------------------------------------------- one look in several rows


DESK = {"independence_group": "desk"}


@pytest.mark.parametrize(
    ("claim", "seen", "outcome"),
    [
        (PROMISE, [absent(AFTER, **DESK), {"date": AFTER, "rung": "roofed", **DESK}], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, **DESK), size(AFTER, "roof_m2", 9e4, rung="roofed", **DESK)], Outcome.UNTESTED),
        (PROMISE | STATE, [absent(AFTER, "powered", **DESK), {"date": AFTER, "rung": "powered", **DESK}], "untested"),
        ({}, [size("2024-07-01", "roof_m2", 300.0, **DESK), size("2024-07-01", "roof_m2", 3e4, **DESK)], "could fit"),
        # another day, another observer, or two coordinates of one place: no look of its own
        (PROMISE, [size("2025-08-20", "roof_m2", 9e3, rung="roofed", **DESK), absent(AFTER, **DESK)], Outcome.CONFLICT),
        (PROMISE, [absent(AFTER, **DESK), {"date": AFTER, "rung": "roofed"}], Outcome.CONFLICT),
        (PROMISE, [absent(AFTER, **DESK, **HERE), {"date": AFTER, "rung": "roofed", **DESK, **HERE}], "conflict"),
        (PROMISE, [absent("2025-08-01", **DESK), {"date": AFTER, "rung": "roofed", **DESK}], Outcome.DEADLINE_MISSED),
    ],
)
def test_rows_of_one_observer_on_one_day_are_one_look(register, claim, seen, outcome):
    found = judged(register, claim, *seen)
    assert found.outcome == outcome, (found.rule.name, found.shown())


def test_sizes_of_one_look_are_of_one_thing_or_of_several(register):
    """Roofs are added; a power may be one meter that was read twice, so that it is at least the larger."""
    roofs = [size(AFTER, "roof_m2", 4000.0, **DESK), size(AFTER, "roof_m2", 9000.0, **DESK)]
    both = judged(register, {}, *roofs).seen.room_for
    each = [judged(register, {}, roof).seen.room_for.at_most for roof in roofs]
    assert max(each) < both.at_most < 1.1 * sum(each)
    powers = judged(register, {}, size(AFTER, best=4.0, **DESK), size(AFTER, best=9.0, **DESK)).seen.room_for
    one = judged(register, {}, size(AFTER, best=9.0, **DESK)).seen.room_for.at_most
    assert one < powers.at_most < 2 * one


# ---------------------------------------------------------------- what others relayed


RELAYED = {"source_claim_id": "C910", "independence_group": "G910"}


@pytest.mark.parametrize("claim", [PROMISE, PROMISE | STATE, {}])
def test_one_relayed_report_makes_nobody_wrong_and_says_what_it_is(register, claim):
    others = [{"independence_group": "G910", "quantity_kind": "status", "unit": ""}]
    relayed = judged(register, claim, absent(AFTER, **RELAYED), others=others)
    own = judged(register, claim, absent(AFTER), others=others)
    assert own.outcome in verdict.NEGATIVE and relayed.outcome == Outcome.UNTESTED and relayed.probability is None
    assert relayed.shown().startswith("On one relayed row alone, not seen by us (desk as relayed in C910): ")
    assert "is not confirmed, so it decides nothing" in relayed.shown()
    assert (relayed.confidence.value, own.confidence.value) == ("low", "moderate")
    assert "not seen by us" not in own.shown()


def test_a_second_source_or_a_look_of_our_own_makes_a_relayed_report_count(register):
    others = [{"independence_group": "G910", "quantity_kind": "status", "unit": ""}]
    small = size(AFTER, best=0.01)
    assert judged(register, {}, small | RELAYED, others=others).rule.name == "a relayed report of a size"
    both = judged(register, {}, absent(AFTER, **RELAYED), small, others=others)
    assert both.outcome in verdict.NEGATIVE and not both.relayed
    second = RELAYED | {"independence_group": "G911", "observer": "another desk"}
    two = judged(register, {}, small | RELAYED, small | second, others=others)
    assert two.outcome in verdict.NEGATIVE and "2 relayed rows" in two.shown()
    bare = [absent(AFTER, **RELAYED), absent("2025-10-01", **second)]
    two = judged(register, {}, *bare, others=others)
    assert two.outcome in verdict.NEGATIVE and two.rests_on == ["O900", "O901"] and "2 relayed rows" in two.shown()
    later = judged(register, {}, absent(AFTER), bare[1], others=others)  # a report behind our own look takes nothing
    assert later.outcome in verdict.NEGATIVE and later.rests_on == ["O900"]


def test_no_finding_of_the_shipped_register_accuses_on_one_relayed_report(register):
    """A campus that was not powered on its day is known from one relayed text."""
    for found in verdict.check(register).judged:
        assert found.outcome not in verdict.NEGATIVE or not found.relayed


PLAN = {"modality": "will", "rung": "announced"}


def test_a_place_searched_in_part_is_not_bare_where_no_day_is_due(register):
    """Of bare ground on 40% of a place nothing is concluded for the rest, due day or none."""
    part = judged(register, PLAN, absent(AFTER, rung="ground broken", searched_share=0.4, p_place=1.0))
    assert (part.outcome, part.rule.name) == (Outcome.UNTESTED, "not all of the place was looked at")
    assert part.to_row()["room"] == ""  # none in a share of it is no figure
    whole = judged(register, PLAN, absent(AFTER, rung="ground broken", searched_share=1.0, p_place=1.0))
    assert whole.outcome == Outcome.NOT_REACHED


UNSTATED = {"searched_share": np.nan}
RISEN = size("2025-12-01", "roof_m2", 9000.0, rung="roofed", independence_group="desk 0")  # by who saw it bare
OTHER = {"independence_group": "desk 1"}
HALL = {"part": "hall 2"}
BEGUN = absent(AFTER, searched_share=0.7) | {"rung": "ground broken"}
OUTLINE = "POLYGON ((85 38, 85.001 38, 85.001 38.001, 85 38))"


@pytest.mark.parametrize(
    ("claim", "seen", "outcome"),
    [
        (PROMISE, [absent(AFTER, **UNSTATED)], Outcome.UNTESTED),
        ({}, [absent(AFTER, **UNSTATED)], Outcome.UNTESTED),
        (PLAN, [absent(AFTER, "ground broken", **UNSTATED)], Outcome.UNTESTED),
        (PROMISE, [size(AFTER, "roof_m2", 0.0)], Outcome.UNTESTED),
        # what rises later in the same part, or at the same position, was looked at before
        (PROMISE, [absent(AFTER, **UNSTATED), RISEN], Outcome.DEADLINE_MISSED),
        # what another observer saw can stand where the first one did not look; not so at the same position
        (PROMISE, [absent(AFTER, **UNSTATED), RISEN | OTHER], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, **UNSTATED, **HERE), RISEN | OTHER], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, **UNSTATED, **HERE), RISEN | OTHER | HERE], Outcome.DEADLINE_MISSED),
        (PROMISE, [absent(AFTER, **UNSTATED, **HERE), RISEN | OTHER | HERE | {"p_place": 0.9}], Outcome.UNTESTED),
        (PROMISE | HALL, [absent(AFTER, **UNSTATED, **HALL), RISEN | OTHER | HALL], Outcome.UNTESTED),
        # a share that is stated says no less than one that is not
        (PROMISE | HALL, [BEGUN | HALL, RISEN | HALL], Outcome.DEADLINE_MISSED),
        (PROMISE | HALL, [BEGUN | HALL, RISEN | HALL | OTHER], Outcome.UNTESTED),
        # but what was not found at all can have risen in the rest, or be there and still not be found
        (PROMISE | HALL, [absent(AFTER, searched_share=0.7, **HALL), RISEN | HALL], Outcome.UNTESTED),
        (
            PROMISE | HALL,
            [absent(day, **UNSTATED, **HALL, independence_group="desk 0") for day in (AFTER, "2025-12-02")]
            + [RISEN | HALL],
            Outcome.UNTESTED,
        ),
        (PROMISE, [absent(AFTER, searched_share=0.7, **HERE), RISEN | OTHER | HERE], Outcome.DEADLINE_MISSED),
        (PROMISE, [absent(AFTER, searched_share=0.7), RISEN], Outcome.UNTESTED),
        (PROMISE, [BEGUN, RISEN | OTHER], Outcome.UNTESTED),
        (PROMISE, [BEGUN, RISEN], Outcome.DEADLINE_MISSED),
        (PROMISE, [absent(AFTER, part="hall 1", **UNSTATED), RISEN | {"part": "hall 2"}], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, **UNSTATED, **HERE), RISEN | THERE], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, **UNSTATED), RISEN | {"date": AFTER}], Outcome.UNTESTED),
        (PROMISE, [absent(AFTER, **UNSTATED), RISEN | {"p_place": 0.5}], Outcome.UNTESTED),
        (
            PROMISE | {"part": "hall 2"},
            [absent(AFTER, **UNSTATED, **HERE), RISEN | HERE | {"part": "hall 2"}],
            Outcome.DEADLINE_MISSED,
        ),
        (
            PROMISE | {"part": "hall 1"},
            [absent(AFTER, **UNSTATED, **HERE), RISEN | HERE | {"part": "hall 2"}],
            Outcome.UNTESTED,
        ),
        # a look that finds the works was at the spot; the whole of a site of named parts is no spot
        (PROMISE, [absent(AFTER, **UNSTATED) | {"rung": "ground broken"}], Outcome.DEADLINE_MISSED),
        # an outline of the part itself was looked at
        (PROMISE | {"part": "hall 1"}, [absent(AFTER, part="hall 1", **UNSTATED)], Outcome.UNTESTED),
        (
            PROMISE | {"part": "hall 1"},
            [absent(AFTER, part="hall 1", outline=OUTLINE, **UNSTATED)],
            Outcome.DEADLINE_MISSED,
        ),
        (PROMISE, [absent(AFTER, outline=OUTLINE, **UNSTATED)], Outcome.UNTESTED),
    ],
)
def test_an_unstated_share_makes_nobody_wrong(register, claim, seen, outcome):
    found = judged(register, claim, *seen)
    assert found.outcome == outcome, found.shown()
    if len(seen) == 1 and outcome == Outcome.UNTESTED:
        assert found.rule.name == "how much was looked at is not stated"
        assert "is not stated" in found.shown() and "write searched_share" in found.shown()
        assert not found.room_text() and math.isnan(found.interval[2])


def test_a_risen_part_says_nothing_of_how_much_of_a_site_of_several_was_looked_at(register):
    sites = [SITE, SITE | {"site_id": "ZZ02", "parent": "ZZ01"}]
    assert judged(register, PROMISE, absent(AFTER, **UNSTATED), RISEN, sites=sites).outcome == Outcome.UNTESTED


def test_how_sure_the_place_is_and_how_much_was_searched_are_said_apart(register):
    row = judged(register, PLAN, absent(AFTER, searched_share=0.94, p_place=0.6)).to_row()
    assert "(probability 60% that it is the place; 94% of it was looked at)" in row["shown"]
    assert "if it is the place (probability 60%) and nothing stands where nobody looked (94% of it" in row["room"]
    row = judged(register, PLAN, absent(AFTER, searched_share=1.0, p_place=0.6)).to_row()
    assert "(probability 60% that it is the place)" in row["shown"]


def test_documents_that_name_a_chip_are_read_as_of_that_chip(register):
    """250 servers of H100 come to the 2,000 P of the same plan, not to those of a cheaper chip."""
    servers = {"quantity_kind": "servers", "unit": "servers", "value_low": 250.0, "value_high": 250.0}
    other = servers | PLAN | {"chip_model": "H100", "evidence_use": "yes", "independence_group": "G901"}
    money = PLAN | {"quantity_kind": "investment_CNY", "unit": "CNY", "value_low": 4.51e8, "value_high": 4.51e8}
    found = judged(
        register, PLAN | {"value_low": 2e3, "value_high": 2e3}, others=[other, money | {"evidence_use": "yes"}]
    )
    low, best, _ = found.paper.interval
    assert low > 1500 and best == pytest.approx(2000, rel=0.1)


def test_a_conflict_is_of_what_the_ground_shows_and_lends_its_room_to_no_side(register):
    """A sum of money is not in conflict where observers are; the room that one side leaves says so."""
    seen = absent(AFTER), size(BEFORE, "roof_m2", 9000.0, rung="roofed")
    money = judged(register, PROMISE | MONEY, *seen)
    assert (money.outcome, money.rule.name) == (Outcome.UNTESTED, "a conflict over something else")
    planned = judged(register, PROMISE | MONEY | {"value_date": ""}, *seen)
    assert planned.outcome == Outcome.UNTESTED
    chips = judged(register, PROMISE, *seen)
    assert chips.outcome == Outcome.CONFLICT and "by one side of a contradiction" in chips.room_text()


def test_a_due_day_that_was_not_read_with_certainty_says_so(register):
    """'Construction about two months' names no day: what is late by such a reading is said to rest on it."""
    due = PROMISE | STATE | {"reading_confidence": "medium"}
    assert "(a day read from its words with medium confidence)" in judged(register, due, absent(AFTER)).shown()
    inherited = judged(register, {"modality": "will"}, absent(AFTER), others=[due]).shown()
    assert "(a day read from C910 of the same text with medium confidence)" in inherited
    assert "confidence" not in judged(register, PROMISE | STATE, absent(AFTER)).shown()


def test_figures_by_which_two_sources_were_joined_do_not_test_each_other(register):
    """C058 and C054 were taken for one project because they agree: that agreement is no evidence for either."""
    found = {f.claim.claim_id: f for f in verdict.check(register, ["XJ07"]).judged}
    joined = {"C054", "C055", "C056", "C058", "C059"}
    for claim_id in joined:
        group = found[claim_id].claim.independence_group
        others = {i for i in found[claim_id].paper.ids if i in joined and found[i].claim.independence_group != group}
        assert not others, claim_id
    assert list(found["C059"].paper.ids) == list(found["C055"].paper.ids) == ["C060"]


HALL = {"quantity_kind": "floor_m2", "unit": "m2", "value_low": 30000.0, "value_high": 30000.0, "evidence_use": "yes"}
CHIPS = PLAN | {"quantity_kind": "chips", "unit": "chips", "value_low": 80000.0, "value_high": 80000.0}
PARENT = [SITE, SITE | {"site_id": "ZZ02", "parent": "ZZ01"}, SITE | {"site_id": "ZZ03", "parent": "ZZ01"}]


def test_a_hall_that_is_told_to_stand_goes_before_plans_and_they_come_apart(register):
    planned = PLAN | {"value_low": 60000.0, "value_high": 60000.0, "evidence_use": "yes", "independence_group": "G901"}
    alone = judged(register, CHIPS, others=[planned], sites=PARENT)
    assert alone.paper.planned and alone.paper.ids == ["C910"] and "(plans alone)" in alone.shown()
    hall = HALL | {"site_id": "ZZ02", "rung": "roofed", "independence_group": "G902"}
    found = judged(register, CHIPS, others=[planned, hall], sites=PARENT)
    assert found.paper.ids == ["C911"] and not found.paper.planned and found.paper.plans.ids == ["C910"]
    assert "by C911 (of ZZ02; no other hall of it is on file); plans on paper, C910, would come to" in found.shown()
    two = judged(register, CHIPS, others=[planned, hall, hall | {"site_id": "ZZ03"}], sites=PARENT)
    assert 1.3 < two.paper.interval[1] / found.paper.interval[1] < 2.6 and two.to_row()["paper_high"] > 0
    unbuilt = judged(register, CHIPS, others=[planned, hall | PLAN], sites=PARENT)
    assert unbuilt.paper.ids == ["C910"]


def test_what_documents_allow_of_a_part_ends_with_the_whole_and_sides_of_a_contradiction_stand_apart(register):
    racks = HALL | {"site_id": "ZZ02", "quantity_kind": "racks", "unit": "racks", "evidence_use": "yes"}
    racks |= {"value_low": 2000.0, "value_high": 2000.0, "independence_group": "G903", "rung": "roofed"}
    whole = racks | {"site_id": "ZZ01", "value_low": 1500.0, "value_high": 1500.0}
    part = CHIPS | {"site_id": "ZZ02"}
    alone = judged(register, part, others=[racks], sites=PARENT)
    within = judged(register, part, others=[racks, whole], sites=PARENT)
    assert alone.paper.ids == ["C910"] and within.paper.ids == ["C910", "C911"]
    assert within.paper.interval[2] < alone.paper.interval[2]
    larger = judged(register, part, others=[racks, whole | {"value_low": 9e4, "value_high": 9e4}], sites=PARENT)
    apart = judged(register, part, others=[racks, whole | {"value_low": 20.0, "value_high": 20.0}], sites=PARENT)
    assert larger.paper.interval == apart.paper.interval == alone.paper.interval
    floor = HALL | {"site_id": "ZZ02", "rung": "roofed", "value_low": 100.0, "value_high": 100.0}
    two = judged(register, part, others=[racks, floor], sites=PARENT)
    assert [side.ids for side in two.paper.sides] == [["C910"], ["C911"]] and two.to_row()["paper_best"] is None
    assert "documents contradict each other, so that there is no one range: room for" in two.shown()


def test_two_observers_of_one_day_are_a_conflict_where_no_day_is_due(register):
    """Bare ground and power on one day: neither is taken for the other, and neither overtakes the other."""
    shown = {"date": AFTER, "rung": "powered", "observer": "another desk"}
    found = judged(register, PLAN, absent(AFTER, rung="ground broken"), shown)
    assert found.outcome == Outcome.CONFLICT and found.rests_on == ["O900", "O901"]
    later = judged(register, PLAN, absent(BEFORE, rung="ground broken"), shown)
    assert later.outcome == Outcome.UNTESTED  # built in between


@pytest.mark.parametrize(
    ("seen", "what", "run"),
    [
        (
            [absent(AFTER, rung="ground broken"), {"date": AFTER, "rung": "powered", "observer": "another desk"}],
            "dated pictures",
            "",
        ),
        (
            [
                size(AFTER, "roof_m2", 12_000.0, **HERE),
                size(AFTER, "roof_m2", 3_000.0, observer="another desk", **HERE),
            ],
            "a dated picture of 1 m or sharper on which each roof is drawn and measured",
            "osint tiles 85.00000,38.00000 --zoom 17",
        ),
        (
            [size(AFTER, "it_mw", 12.0), size(AFTER, "it_mw", 3.0, observer="another desk")],
            "a paper of the power supply, the plant or the meter, or a visit",
            "",
        ),
    ],
)
def test_a_conflict_names_a_third_look(register, seen, what, run):
    """What would settle it comes before what bears on the site in general, in the finding and in what to get next."""
    claim = PLAN if not seen[0].get("quantity") else {"value_low": 60.0, "value_high": 60.0}
    case = case_on(register, claim, *seen)
    found = verdict.check(case)
    (finding,) = found.judged
    assert finding.outcome == Outcome.CONFLICT
    where = "ZZ01 at 85.00000,38.00000" if run else "ZZ01"
    line = f"a third look, by neither desk nor another desk: {where}, about {AFTER}: {what}"
    assert finding.would_change[0] == line + (f" (run: {run})" if run else "")
    steps = verdict.next_steps("ZZ01", case)
    assert [s.observation.split(",")[0] for s in steps if math.isnan(s.alone)][:2].count("a third look") == 1
    assert [s.rank for s in steps] == list(range(1, len(steps) + 1))


START = STATE | {"quantity_kind": "start_date", "rung": "ground broken"}


@pytest.mark.parametrize(
    ("claim", "share", "outcome"),
    [
        (START, 1.0, Outcome.REFUTED),
        (START, 0.5, Outcome.UNTESTED),
        (START | {"part": "phase 1"}, 1.0, Outcome.REFUTED),
        (START | PROMISE, 1.0, Outcome.DEADLINE_MISSED),
        (START | PROMISE | {"rung": "filed"}, 1.0, Outcome.DEADLINE_MISSED),
        (START | PROMISE | {"value_date": "2026-01-31"}, 1.0, Outcome.NOT_REACHED),
        (START | {"quantity_kind": "status", "modality": "denied"}, 1.0, Outcome.UNTESTED),
    ],
)
def test_untouched_ground_denies_that_works_began(register, claim, share, outcome):
    assert judged(register, claim, absent(AFTER, "ground broken", searched_share=share)).outcome == outcome


# ---------------------------------------------------------------- kinds of section 4 of the rules


def test_a_later_size_bounds_what_stood_on_the_day(register):
    """A hall does not shrink: a power measured two years after a wide bound decides."""
    claim = PROMISE | {"quantity_kind": "power_MW", "unit": "MW", "value_low": 60.0, "value_high": 60.0, "scope": "IT"}
    roof = size(AFTER, "roof_m2", 12_000.0)
    later = size("2027-08-01", "it_mw", 4.0)
    assert judged(register, claim, roof).outcome not in verdict.NEGATIVE
    both = judged(register, claim, roof, later)
    assert both.outcome == Outcome.DEADLINE_MISSED and "O901" in both.rests_on


def test_a_doubtful_look_takes_nothing_from_a_sure_one(register):
    """Each is a bound by itself: what the sure one leaves is not more because somebody looked less surely."""
    huge = PROMISE | {"value_low": 1e6, "value_high": 1e6}
    sure, doubtful = size(AFTER, "roof_m2", 1000.0), size("2025-10-01", "roof_m2", 1010.0, p_place=0.92)
    assert judged(register, huge, doubtful).outcome == Outcome.UNTESTED
    found = judged(register, huge, sure, doubtful)
    assert found.outcome == Outcome.DEADLINE_MISSED and found.rests_on == ["O900"]


@pytest.mark.parametrize(
    ("day", "doubt", "words"),
    [
        ("2025-07-20", {"p_place": 0.98, "searched_share": 0.94}, "probability of 98%, and 94% of it was looked at"),
        ("2025-12-20", {"p_place": 0.93}, "probability of 93%: "),
        ("2025-06-30", {"p_place": 0.98, "searched_share": 0.5}, "probability of 98%, and 50% of it"),
    ],
)
def test_a_size_after_the_day_that_is_not_sure_enough_says_so_and_never_that_its_day_is_to_come(
    register, day, doubt, words
):
    huge = PROMISE | {"value_low": 1e6, "value_high": 1e6}
    found = judged(register, huge, size(day, "roof_m2", 1000.0, **doubt))
    assert (found.outcome, found.rule.name) == (Outcome.UNTESTED, "too small where it was looked at")
    assert words in found.shown() and "later" not in found.shown()
    before = judged(register, huge, size("2025-05-20", "roof_m2", 1000.0, **doubt))
    assert before.outcome in {Outcome.NOT_REACHED, Outcome.COULD_FIT}


@pytest.mark.parametrize(
    ("p_place", "share", "words"),
    [
        (0.99, np.nan, "if that is all of it"),
        (0.99, 0.99, "at most 2%, all of it the doubt whether all of the right place was seen"),
        (0.99, 0.97, "4%, all of it the doubt"),
        (0.96, 0.97, "is at most 6.9%"),
        (0.95, 1.0, "at most 5%, all of it the doubt whether it is the place"),
    ],
)
def test_what_a_size_leaves_out_by_its_own_row_is_doubt(register, p_place, share, words):
    """What is printed as left for the claim is never below what the row itself leaves, and above 5% it decides nothing."""
    huge = PROMISE | {"value_low": 1e6, "value_high": 1e6}
    found = judged(register, huge, size(AFTER, "roof_m2", 1000.0, p_place=p_place, searched_share=share))
    missed = math.isnan(share) or p_place * share >= 0.95
    assert found.outcome == (Outcome.DEADLINE_MISSED if missed else Outcome.UNTESTED)
    assert words in found.shown()
    plant = judged(register, huge, size(AFTER, "chillers", 4.0, searched_share=0.6))
    assert (plant.outcome, plant.rule.name) == (Outcome.UNTESTED, "too small where it was looked at")
    of_several = judged(register, huge, size(AFTER, "chillers", 4.0), others=[{"part": "phase 2"}])
    assert of_several.rule.name == "a size that need not be of all parts"


def roof(m2, **more):
    return size(AFTER, "roof_m2", m2, **more)


@pytest.mark.parametrize(
    ("claim", "seen", "outcome", "most"),
    [
        # the whole bounds a part from above, and is no second measurement of it
        ({"part": "phase 1"}, [roof(1800.0, part="phase 1"), roof(5700.0)], Outcome.UNTESTED, 1800.0),
        (
            {"part": "phase 1"},
            [roof(1800.0, part="phase 1"), roof(3900.0, part="phase 2"), roof(5700.0)],
            Outcome.UNTESTED,
            1800.0,
        ),
        # two of one part contradict each other, and so does a part that is larger than the whole
        ({"part": "phase 1"}, [roof(1800.0, part="phase 1"), roof(18_000.0, part="phase I")], Outcome.CONFLICT, None),
        ({"part": "phase 1"}, [roof(9000.0, part="phase 1"), roof(1000.0)], Outcome.CONFLICT, None),
        ({}, [roof(4000.0, part="phase 1"), roof(3900.0, part="phase 2"), roof(1000.0)], Outcome.CONFLICT, None),
        ({}, [roof(600.0, part="phase 1"), roof(500.0, part="phase 2"), roof(1000.0)], Outcome.UNTESTED, None),
        ({}, [roof(600.0, part="phase 1"), roof(600.0, part="phases 1-2"), roof(900.0)], Outcome.UNTESTED, None),
    ],
)
def test_a_part_and_the_whole_of_it_are_two_things(register, claim, seen, outcome, most):
    found = judged(register, PROMISE | {"value_low": 10.0, "value_high": 10.0} | claim, *seen)
    assert found.outcome == outcome, found.shown()
    assert ("part cannot be larger than the whole" in found.shown()) == (
        outcome == Outcome.CONFLICT and any("part" not in s for s in seen)
    )
    if most is not None:  # room in both directions by the part's own roof
        assert all(math.isfinite(end) for end in found.interval)
        alone = judged(register, PROMISE | {"value_low": 10.0, "value_high": 10.0} | claim, roof(most, part="phase 1"))
        assert found.interval[2] == pytest.approx(alone.interval[2], rel=0.3)


def test_a_contradiction_that_changes_nothing_decides_nothing_and_is_told(register):
    """Whether a small hall stands there or nothing does, there is no room for the number; a state is in conflict."""
    bare = absent("2025-12-01", "ground broken")
    hall = size(AFTER, "roof_m2", 1000.0, rung="roofed", observer="another desk")
    found = judged(register, PROMISE | {"value_low": 1e6, "value_high": 1e6}, bare, hall)
    assert (found.outcome, found.rule.name) == (Outcome.DEADLINE_MISSED, "too small by its due day")
    assert "either way it is too little" in found.shown()
    assert judged(register, PROMISE | {"value_low": 5.0, "value_high": 5.0}, bare, hall).outcome == Outcome.CONFLICT
    assert judged(register, STATE | PROMISE, bare, hall).outcome == Outcome.CONFLICT


def test_parts_larger_than_the_whole_of_them_change_nothing_where_either_is_too_little(register):
    seen = [roof(4000.0, part="phase 1"), roof(3900.0, part="phase 2"), roof(1000.0, searched_share=1.0)]
    found = judged(register, PROMISE | {"value_low": 1e6, "value_high": 1e6}, *seen)
    assert (found.outcome, found.rests_on) == (Outcome.DEADLINE_MISSED, ["O900", "O901"])  # by the larger side
    assert "O902" in found.shown() and "either way it is too little" in found.shown()
    third = judged(register, PROMISE | {"value_low": 1e6, "value_high": 1e6}, *seen, others=[{"part": "phase 3"}])
    assert third.outcome == Outcome.CONFLICT  # there may be more than both


def test_sizes_in_dispute_do_not_take_a_rating_away_that_is_not(register):
    """A roof and a floor that cannot be of one hall: either way the transformers carry no more than their rating."""
    claim = PROMISE | {"quantity_kind": "power_MW", "unit": "MW", "value_low": 98.0, "value_high": 98.0, "scope": "IT"}
    sizes = [size(AFTER, "roof_m2", 9000.0), size(AFTER, "floor_m2", 1500.0)]
    assert judged(register, claim, *sizes).outcome == Outcome.CONFLICT
    rated = judged(register, claim, *sizes, size(AFTER, "transformers_mva", 30.0))
    assert rated.outcome == Outcome.DEADLINE_MISSED


def test_a_rack_takes_its_design_power_whether_it_is_filled_or_not(register):
    """Room for standard racks is the design power of the hall at 2.5 kW each; a measured load is of those in use."""
    racks = {"quantity_kind": "racks", "unit": "racks", "value_low": 1e3, "value_high": 1e3, "scope": "standard"}
    power = racks | {"quantity_kind": "power_MW", "unit": "MW", "value_low": 2.5, "value_high": 2.5, "scope": "IT"}
    roof = size(AFTER, "roof_m2", 3000.0)
    most = [judged(register, claim, roof).seen.room_for.at_most for claim in (racks, power)]
    assert most[0] * 0.0025 == pytest.approx(most[1], rel=0.02)
    capacity, load = size(AFTER, "it_mw", 2.5), size(AFTER, "it_mw", 2.5, how="metered load")
    assert judged(register, racks, capacity).seen.room_for.at_most == pytest.approx(1e3, rel=0.1)
    assert judged(register, racks, load).seen.room_for.at_most > 1.5e3


@pytest.mark.parametrize(
    ("number", "seen", "outcome"),
    [
        (90_000, [size(AFTER, "roof_m2", 5000.0)], Outcome.DEADLINE_MISSED),  # 18 storeys
        (12_000, [size(AFTER, "roof_m2", 5000.0)], Outcome.UNTESTED),  # it may have been built since
        (12_000, [size(BEFORE, "roof_m2", 5000.0)], Outcome.COULD_FIT),
        (90_000, [size(AFTER, "floor_m2", 5000.0)], Outcome.DEADLINE_MISSED),
        (90_000, [size(AFTER, "it_mw", 0.6)], Outcome.UNTESTED),  # a floor can stand unpowered
        (90_000, [size(AFTER, "roof_m2", 5000.0, part="hall 1")], Outcome.UNTESTED),
    ],
)
def test_a_seen_roof_and_its_storeys_bound_a_claimed_floor(register, number, seen, outcome):
    floor = {"quantity_kind": "floor_m2", "unit": "m2", "value_low": float(number), "value_high": float(number)}
    found = judged(register, PROMISE | floor, *seen)
    assert found.outcome == outcome, found.shown()


def test_one_roof_is_all_of_a_site_only_where_no_part_is_named_or_the_share_is(register):
    """The row that names no part is taken as the whole, and that is said; not so where documents name parts."""
    huge = PROMISE | {"value_low": 1e6, "value_high": 1e6}
    roof, part = size(AFTER, "roof_m2", 1000.0), [{"part": "phase 2"}]
    alone = judged(register, huge, roof)
    assert alone.outcome == Outcome.DEADLINE_MISSED and "if that is all of it" in alone.shown()
    assert judged(register, huge, roof, others=part).outcome == Outcome.UNTESTED
    assert "other parts, if there are any, were not seen" in judged(register, huge, roof, others=part).room_text()
    bare = absent(BEFORE)
    assert judged(register, huge, bare, roof, others=part).seen.room_for.ids == [
        "O901"
    ]  # the last, and not the bare one
    assert judged(register, huge, roof, others=[{"part": "phase 1"}]).outcome == Outcome.DEADLINE_MISSED
    searched = judged(register, huge, roof | {"searched_share": 1.0}, others=part)
    assert searched.outcome == Outcome.DEADLINE_MISSED and "if that is all of it" not in searched.shown()


def test_the_use_of_a_hall_is_weighed_unless_it_is_on_file(register):
    seen = size(AFTER, "it_mw", 10.0)
    claim = {"quantity_kind": "chips", "unit": "chips", "value_low": 900.0, "value_high": 900.0, "chip_model": "H100"}
    open_ = judged(register, claim, seen)
    alone = judged(register, claim, seen, sites=(SITE | {"hall_use": "AI alone"},))
    assert open_.interval[0] < alone.interval[0] / 5 and open_.interval[2] <= alone.interval[2]
    assert "the use of the hall left open" in open_.room_text() and "left open" not in alone.room_text()


def test_money_on_paper_is_no_room(register):
    found = {f.claim.claim_id: f for f in verdict.check(register, ["XJ07"]).judged}
    for claim in ("C055", "C056", "C059"):
        assert "would pay for" in found[claim].shown() and "room for" not in found[claim].shown()


def test_chips_of_a_make_that_no_row_knows_get_no_room_of_another(register):
    found = next(f for f in verdict.check(register, ["US04"]).judged if f.claim.claim_id == "C247")
    assert not math.isfinite(found.paper.interval[1]) and found.claim.written() == "20,000 of our hardware"


@pytest.mark.parametrize(
    ("claim", "seen", "outcome"),
    [
        # a roofed hall that draws nothing is roofed, and is not powered
        (PROMISE | STATE | {"rung": "roofed"}, size(AFTER, best=0.0, rung="roofed"), Outcome.UNTESTED),
        (PROMISE | STATE, size(AFTER, best=0.0, rung="roofed"), Outcome.DEADLINE_MISSED),
        ({"modality": "can carry", "rung": "roofed"}, size(AFTER, best=0.0, rung="roofed"), Outcome.UNTESTED),
        # none of one kind of plant says nothing: the hall can have another
        (PROMISE | STATE | {"rung": "roofed"}, size(AFTER, "chillers", 0.0), Outcome.UNTESTED),
        (PROMISE, size(AFTER, "chillers", 0.0, rung="running"), Outcome.UNTESTED),
        # no area of a hall is no hall
        (
            PROMISE | STATE | {"rung": "roofed"},
            size(AFTER, "floor_m2", 0.0, searched_share=1.0),
            Outcome.DEADLINE_MISSED,
        ),
    ],
)
def test_a_zero_denies_what_it_measures_and_no_more(register, claim, seen, outcome):
    assert judged(register, claim, seen).outcome == outcome


@pytest.mark.parametrize(
    ("p_place", "share", "outcome"),
    [(0.9, 1.0, Outcome.CONFLICT), (0.5, 1.0, Outcome.COULD_FIT), (0.97, 0.3, Outcome.COULD_FIT)],
)
def test_a_look_too_unsure_to_deny_still_contradicts_who_saw_a_hall_days_before(register, p_place, share, outcome):
    """Not where it is likely of another place, or where the hall can stand in what was not looked at."""
    hall = size("2025-08-28", "roof_m2", 9000.0, rung="roofed")
    bare = absent(AFTER, "ground broken", p_place=p_place, searched_share=share)
    found = judged(register, PROMISE, hall, bare)
    assert found.outcome == outcome
    assert outcome != Outcome.CONFLICT or {"O900", "O901"} <= set(found.rests_on)


def test_a_rung_seen_in_time_at_a_place_that_is_not_sure_is_told_as_that(register):
    seen = size(BEFORE, rung="running", p_place=0.92), size(AFTER, rung="running")
    found = judged(register, PROMISE | STATE, *seen)
    assert found.rule.name == "the place is not sure enough" and "92% that it is the place" in found.shown()
    assert "either decides" not in found.shown()


def test_the_ends_of_a_range_are_not_called_readings(register):
    wide = {"value_low": 10.0, "value_high": 5e5, "bound": "range"}
    found = judged(register, wide, size("2024-06-01"))
    assert found.rule.name == "the readings differ"
    assert "At the lower end (10 PFLOPS) there was room for it; at the upper end (500,000 PFLOPS)" in found.shown()
    assert "reading" not in found.shown()
    fits = judged(register, wide | {"value_high": 20.0}, size("2024-06-01"))
    assert "10 PFLOPS (lower end of 10 to 20 PFLOPS), which lies below that 90% range" in fits.shown()


def test_a_claim_without_a_number_is_not_told_as_an_empty_one(register):
    found = judged(register, {"value_low": np.nan, "value_high": np.nan}, size(AFTER))
    assert found.room_text() and "Claimed" not in found.room_text()


@pytest.mark.parametrize(
    ("precision", "unit"),
    [("FP8", "PFLOPS, FP8"), ("dense", "PFLOPS, FP16"), ("not stated", "PFLOPS (precision not stated)")],
)
def test_room_for_a_stated_precision_is_told_at_that_precision(register, precision, unit):
    found = judged(register, {"precision": precision, "chip_model": "H100"}, size(AFTER))
    assert found.to_row()["unit"] == unit and f"{unit} (90%)" in found.room_text()


def test_eight_bit_compute_fits_twice_as_much_of_one_chip(register):
    at = {p: judged(register, {"precision": p, "chip_model": "H100"}, size(AFTER)) for p in ("dense", "FP8", "INT8")}
    most = {p: found.seen.room_for.at_most for p, found in at.items()}
    assert most["FP8"] == pytest.approx(2 * most["dense"], rel=0.02) == pytest.approx(most["INT8"], rel=0.02)
