import ast
import importlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osint import model, verdict
from osint.cli.main import main
from osint.model import Dossier, Given
from osint.register import CalibrationRow


def with_claims(register, change):
    claims = register.claims.copy()
    change(claims)
    return replace(register, claims=claims)


def row_of(register, claim_id):
    return register.claims[register.claims["claim_id"] == claim_id].iloc[0].to_dict()


@pytest.fixture(scope="module")
def checked(register):
    """The main job on all sites, once."""
    return verdict.check(register)


def claim_of(register, claim_id):
    return next(c for c in Dossier.of(register).all_claims if c.claim_id == claim_id)


@pytest.mark.parametrize("claim_id", ["C007", "C033", "C054", "C062", "C120", "C149"])
def test_the_number_under_test_is_held_out(register, claim_id):
    """Two claims that differ only in value get the same bound."""

    def tenfold(claims):
        mine = claims["claim_id"] == claim_id
        claims.loc[mine, ["value_low", "value_high"]] *= 10
        claims.loc[mine, "quote"] = "another number"

    other = with_claims(register, tenfold)
    a = verdict.bound(model.question(claim_of(register, claim_id), register), register)
    b = verdict.bound(model.question(claim_of(other, claim_id), other), other)
    assert a.interval == b.interval
    assert [g.text() for g in a.givens] == [g.text() for g in b.givens]


def test_a_question_has_no_value():
    assert not {"value", "value_low", "value_high", "low", "high"} & set(model.Question.__dataclass_fields__)


@pytest.mark.parametrize(
    ("p", "name"),
    [
        (0.0, "almost no chance"),
        (0.0499, "almost no chance"),
        (0.05, "very unlikely"),
        (0.2, "unlikely"),
        (0.45, "roughly even chance"),
        (0.55, "likely"),
        (0.8, "very likely"),
        (0.95, "almost certain"),
        (1.0, "almost certain"),
    ],
)
def test_icd_203_bands_lower_bound_inclusive(p, name):
    assert verdict.word(p) == name


def test_kept_errors_are_found(register):
    found = verdict.check(register, ["XJ01", "XJ07"]).findings.set_index("claim_id")["finding"]
    assert found[["C011", "C012", "C013"]].tolist() == ["inconsistent"] * 3
    assert found["C054"] == found["C058"] == "untested"


def test_nothing_in_xinjiang_is_refuted_or_supported_from_paper(checked):
    found = checked.findings
    here = found[found["site_id"].str.startswith(("XJ", "QH"))]
    assert set(here["finding"]) <= {"untested", "strained", "inconsistent"}
    assert not here["shown"].str.contains(r"\b(?:proves|confirms|exists|contains|houses)\b").any()


def test_likelihood_and_confidence_never_share_a_sentence(checked):
    found = checked.findings
    words = "|".join(w for _, w in verdict.BANDS)
    for text in pd.concat([found["shown"], found["assumption"]]):
        for sentence in str(text).split(". "):
            assert not ("confidence" in sentence.lower() and pd.Series([sentence]).str.contains(words).any())


def test_every_claim_has_one_finding(register, checked):
    found = checked.findings
    assert sorted(found["claim_id"]) == sorted(register.claims["claim_id"])
    assert set(found["finding"]) <= set(verdict.FINDINGS)
    assert (found["would_change"].map(len) > 0).all()


def test_a_register_that_is_changed_gives_another_answer(register):
    """Nothing that was computed from a table outlives a change of it."""
    own = replace(register, relations=register.relations.copy())
    givens = [model.parse_given("floor_m2=33000")]
    before = model.estimate("it_mw", givens, country="CN", register=own).best
    own.relations.loc[own.relations["relation"] == "floor_cn", ["low", "best", "high"]] *= 10
    assert model.estimate("it_mw", givens, country="CN", register=own).best == pytest.approx(10 * before, rel=1e-6)


# --- cross-checks


def test_the_missing_wan_is_found(checked):
    found = checked.checks
    six = found[(found["check"] == "a missing 万") & found["claim_ids"].map(lambda c: c[0] == "C033")].iloc[0]
    assert "C044" in six["claim_ids"] and six["finding"] == "note"


def test_the_shared_price_is_found(checked):
    price = checked.checks[checked.checks["check"] == "price per P"].set_index("site_id")
    for site in ("XJ07", "XJ08", "XJ09", "XJ16"):
        assert "template" in price.loc[site, "says"]
    assert "template" not in price.loc["XJ17", "says"]


LAND = {"quantity_kind": "land_m2", "value_low": 1e5, "value_high": 1e5, "unit": "m2", "scope": "", "part": ""}
LAND |= {"modality": "has", "bound": "exact", "rung": "roofed", "value_date": "", "error_test": "no", "readings": ""}
MU = LAND | {"quantity_kind": "land_mu", "unit": "mu", "value_low": 150.0, "value_high": 150.0}


def checks_of_land(register, *rows):
    """The cross-checks that come of SIMULATED claims of land alone, as rows of checks.csv."""
    base = row_of(register, "C057") | {"evidence_use": "yes"}
    made = [base | {"claim_id": f"C90{n}"} | row for n, row in enumerate(rows)]
    own = replace(register, claims=pd.DataFrame(made))
    return [(check.name, check.to_row()["arithmetic"]) for check in verdict.cross_checks(own)]


@pytest.mark.parametrize(("square_metres", "found"), [(1e5, True), (150.0, False)])
def test_land_in_mu_and_in_square_metres_is_compared(register, square_metres, found):
    """150 mu are 100,000 m2, and are not 150 m2."""
    later = LAND | {"value_low": square_metres, "value_high": square_metres, "date": "2025-03-01"}
    ladder = checks_of_land(register, MU | {"date": "2024-03-01"}, later | {"rung": "announced"})
    shown = "2024-03-01: 150 mu roofed (C900); 2025-03-01: 100,000 m2 announced (C901)"
    assert ladder == ([(verdict.CheckName.LADDER, shown)] if found else [])
    due = MU | {"date": "2024-03-01", "value_date": "2025-01-01"}
    slid = checks_of_land(register, due, later | {"value_date": "2026-01-01"})
    shown = "150 mu due 2025-01-01; later 150 due 2026-01-01: 365 days later"
    assert slid == ([(verdict.CheckName.SLID, shown)] if found else [])


@pytest.mark.parametrize(("whole", "found"), [(100.0, True), (150.0, False), (200.0, False)])
def test_a_part_in_square_metres_is_compared_with_a_whole_in_mu(register, whole, found):
    """100,000 m2 are above a region of 100 mu, which is shown in m2, and not above one of 150 or 200 mu."""
    region = MU | {"site_id": "AGG-XJ", "value_low": whole, "value_high": whole, "date": "2025-03-01"}
    checks = checks_of_land(register, LAND | {"site_id": "XJ07", "date": "2024-03-01"}, region)
    shown = "XJ07 alone 100,000 m2 (C900, 2024-03-01); AGG-XJ as a whole 66,700 (C901, 2025-03-01)"
    assert checks == ([(verdict.CheckName.PART, shown)] if found else [])


def test_the_slid_target_is_found(register):
    slid = next(c for c in verdict.cross_checks(register, ["XJ13"]) if c.name == verdict.CheckName.SLID).to_row()
    assert "123 days later" in slid["arithmetic"]  # 1 May to 1 September 2025


def test_part_above_whole_is_said_with_its_excuse(checked):
    parts = checked.checks[checked.checks["check"] == "part against whole"]
    assert (parts["finding"] != "note").all()


def test_arithmetic_says_what_one_chip_and_one_p_get(checked):
    """70 MW for 100,000 chips; the price of XJ07 is CNY 451 million for 2,000 P."""
    said = checked.checks.set_index("site_id")["arithmetic"]
    assert "= 0.70 kW per chip" in said[said.index == "US02"].str.cat(sep="; ")
    assert "= 226,000 per P, 1,800,000 per server of 8P" in said[said.index == "XJ07"].str.cat(sep="; ")


def test_every_check_has_its_sentence():
    table = pd.read_csv(Path(verdict.__file__).parent / "sentences.csv")
    assert set(table["check"]) == {name.value for name in verdict.CheckName}
    assert not table.isna().any(axis=None) and not table.duplicated(["check", "way"]).any()


def test_a_seeded_contradiction_is_found(register):
    def break_it(claims):
        claims.loc[claims["claim_id"] == "C055", "quote"] = "It would start with 250 servers, or 200 chips."

    found = verdict.cross_checks(with_claims(register, break_it))
    assert {"C011", "C055"} == {c.claim_ids[0] for c in found if c.name == verdict.CheckName.ITSELF}


# --- what to get next, stories, score


def test_a_precise_observation_narrows_more_than_a_vague_one(register):
    steps = verdict.steps_frame(verdict.next_steps("XJ03", register, "C033")).set_index("observation")
    assert (
        steps.loc["energy review", "narrows_to"]
        < steps.loc["roof outline", "narrows_to"]
        <= steps.loc["roof outline", "now"] * 1.05
    )
    assert ((steps["turns"].dropna() >= 0) & (steps["turns"].dropna() <= 1)).all()


def test_expected_narrowing_agrees_with_simulation(register):
    """Draw values from the prediction, solve each again by the ordinary path, average the widths."""
    q = model.question(claim_of(register, "C033"), register)
    given = model.gather(q, register)
    candidate = next(c for c in verdict.CANDIDATES if c.quantity == "chillers")
    half = float(np.exp(candidate.half_width))
    readings = model.readings_for(q, [*given, Given("chillers", 1 / half, half)], register)
    predicted, _ = model.posterior("chillers", given, readings)
    widths = []
    for value in np.exp(predicted.quantile(np.random.default_rng(0).uniform(0.001, 0.999, 60))):
        found, _ = model.posterior(q.quantity, [*given, Given("chillers", value / half, value * half)], readings)
        widths.append(np.diff(found.quantile([0.05, 0.95]))[0])
    expected = (
        verdict.steps_frame(verdict.next_steps("XJ03", register, "C033"))
        .set_index("observation")
        .loc[candidate.name, "narrows_to"]
    )
    assert np.log(expected) == pytest.approx(np.mean(widths), abs=3 * np.std(widths) / np.sqrt(60) + 0.05)
    assert model.unit_of("chillers")


def test_stories_without_evidence_keep_their_prior(register):
    found = verdict.hypotheses("XJ12", register)
    assert found["posterior"].tolist() == [0.25] * 4 and not found["separates"].any()


def test_leave_one_out_really_leaves_out(register):
    row = CalibrationRow.from_row(register.calibration.set_index("site", drop=False).loc["Nano 5"])
    without, left = model.leave_out(row, register)
    assert left == ["full_load_8gpu"]
    before = register.relations.set_index("relation").loc["full_load_8gpu", "high"]
    after = without.relations.set_index("relation").loc["full_load_8gpu", "high"]
    assert after < before  # Nano 5 alone sets the top


def test_the_score_meets_its_goals(register):
    found = model.score(register).summary.set_index("kind")
    assert 0.85 <= found.loc["all independent rows", "coverage"] <= 0.97
    assert found.loc["measured power", "median_factor"] <= 1.5
    assert found.loc["area", "median_factor"] <= 2.2


def test_check_json(capsys):
    assert main(["check", "XJ01", "XJ07", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {f["site_id"] for f in found["findings"]} == {"XJ01", "XJ07"}
    assert set(found["findings"][0]) >= {"claim_id", "site_id", "finding", "probability", "rests_on", "would_change"}


def test_next_score_and_doctor_print(capsys):
    for verb in (
        ["next", "XJ01"],
        ["next", "XJ12"],
        ["score"],
        ["doctor"],
        ["next", "XJ01", "--json"],
        ["score", "--json"],
    ):
        assert main(verb) == 0
        assert len(capsys.readouterr().out) > 50


def test_every_constant_of_the_verdict_is_in_the_table():
    """parameters.csv holds each number of the room with its value and origin, and names no other."""
    table = pd.read_csv(Path(verdict.__file__).parent / "parameters.csv", keep_default_na=False)
    listed = {(r["module"], r["name"]): r["value"] for r in table.to_dict("records")}
    for path in Path(verdict.__file__).parent.glob("[a-z]*.py"):
        name = f"verdict.{path.stem}"
        own = {
            (name, n)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.UnaryOp | ast.BinOp)
            for n in (t.id for t in node.targets)
            if isinstance(getattr(importlib.import_module(f"osint.{name}"), n), int | float)
        }
        assert own == {key for key in listed if key[0] == name}
    for (module, name), value in listed.items():
        assert getattr(importlib.import_module(f"osint.{module}"), name) == value, (module, name)
    assert (table[["unit", "origin", "effect"]] != "").all(axis=None)


def test_next_for_a_claim_of_another_site_is_refused(capsys):
    assert main(["next", "XJ03", "--claim", "C001"]) == 2
    assert "C001 is not a claim of XJ03 with a number of the model; those are: C031" in capsys.readouterr().err
