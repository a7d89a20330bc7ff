import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from osint import verdict
from osint.cli.main import main
from osint.model import evidence, score
from osint.verdict import checks, hypotheses, next_steps, run


def with_claims(register, change):
    claims = register.claims.copy()
    change(claims)
    return replace(register, claims=claims)


def row_of(register, claim_id):
    return register.claims[register.claims["claim_id"] == claim_id].iloc[0].to_dict()


@pytest.mark.parametrize("claim_id", ["C007", "C033", "C054", "C062", "C120", "C149"])
def test_the_number_under_test_is_held_out(register, claim_id):
    """Two claims that differ only in value get the same bound."""

    def tenfold(claims):
        mine = claims["claim_id"] == claim_id
        claims.loc[mine, ["value_low", "value_high"]] *= 10
        claims.loc[mine, "quote"] = "another number"

    other = with_claims(register, tenfold)
    a = verdict.bound(evidence.question(row_of(register, claim_id), register), register)
    b = verdict.bound(evidence.question(row_of(other, claim_id), other), other)
    assert a.interval == b.interval
    assert [g.text() for g in a.givens] == [g.text() for g in b.givens]


def test_a_question_has_no_value():
    assert not {"value", "value_low", "value_high", "low", "high"} & set(evidence.Question.__dataclass_fields__)


def test_a_larger_number_is_never_likelier(register):
    chances = []
    for factor in (0.1, 1, 10, 100):
        row = row_of(register, "C033")
        row |= {"value_low": row["value_low"] * factor, "value_high": row["value_high"] * factor, "readings": ""}
        row |= {"value_low": row["value_high"]}
        chances.append(verdict.judge(row, register)["probability"])
    assert chances == sorted(chances, reverse=True) and chances[0] > 0.9 > 0.1 > chances[-1]


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
    found = run.check(register, ["XJ01", "XJ07"]).findings.set_index("claim_id")["finding"]
    assert found[["C011", "C012", "C013"]].tolist() == ["inconsistent"] * 3
    assert found["C054"] == found["C058"] == "untested"


def test_nothing_in_xinjiang_is_refuted_or_supported_from_paper(register):
    found = run.check(register).findings
    here = found[found["site_id"].str.startswith(("XJ", "QH"))]
    assert set(here["finding"]) <= {"untested", "strained", "inconsistent"}
    assert not here["shown"].str.contains(r"\b(?:proves|confirms|exists|contains|houses)\b").any()


def test_likelihood_and_confidence_never_share_a_sentence(register):
    found = run.check(register).findings
    words = "|".join(w for _, w in verdict.BANDS)
    for text in pd.concat([found["shown"], found["assumption"]]):
        for sentence in str(text).split(". "):
            assert not ("confidence" in sentence.lower() and pd.Series([sentence]).str.contains(words).any())


def test_every_claim_has_one_finding(register):
    found = run.check(register).findings
    assert sorted(found["claim_id"]) == sorted(register.claims["claim_id"])
    assert set(found["finding"]) <= set(verdict.FINDINGS)
    assert (found["would_change"].map(len) > 0).all()


def test_abilene_was_due_before_it_was_done(register):
    found = run.check(register, ["US01"]).findings.set_index("claim_id")
    assert found.loc["C150", "finding"] == "too early" and found.loc["C150", "rests_on"] == ["O002"]


def test_observed_power_refutes_a_live_claim_far_above_it(register):
    row = row_of(register, "C151")
    row |= {
        "claim_id": "C999",
        "independence_group": "G999",
        "rung": "running",
        "modality": "has",
        "value_low": 3e6,
        "value_high": 3e6,
        "date": "2026",
        "value_date": "",
    }
    found = verdict.judge(row, register)
    assert found["finding"] == "refuted" and found["probability"] < 0.05 and found["assumption"]
    assert verdict.judge(row | {"value_low": 1e4, "value_high": 1e4}, register)["finding"] == "could fit"


# --- cross-checks


def test_the_missing_wan_is_found(register):
    found = checks.run(register, ["XJ03"])
    six = found[(found["check"] == "a missing 万") & found["claim_ids"].map(lambda c: c[0] == "C033")].iloc[0]
    assert "C044" in six["claim_ids"] and six["finding"] == "note"


def test_the_shared_price_is_found(register):
    found = checks.run(register)
    price = found[found["check"] == "price per P"].set_index("site_id")
    for site in ("XJ07", "XJ08", "XJ09", "XJ16"):
        assert "template" in price.loc[site, "says"]
    assert "template" not in price.loc["XJ17", "says"]


def test_the_slid_target_is_found(register):
    found = checks.run(register, ["XJ13"])
    slid = found[found["check"] == "a target that slid"].iloc[0]
    assert "123 days later" in slid["arithmetic"]  # 1 May to 1 September 2025


def test_part_above_whole_is_said_with_its_excuse(register):
    found = checks.run(register)
    parts = found[found["check"] == "part against whole"]
    assert (parts["finding"] != "note").all()


def test_a_seeded_contradiction_is_found(register):
    def break_it(claims):
        claims.loc[claims["claim_id"] == "C055", "quote"] = "It would start with 250 servers, or 200 chips."

    found = checks.own_words(with_claims(register, break_it))
    assert {"C011", "C055"} == {r["claim_ids"][0] for r in found}


# --- what to get next, stories, score


def test_a_precise_observation_narrows_more_than_a_vague_one(register):
    steps = next_steps.next_steps("XJ03", register, "C033").set_index("observation")
    assert (
        steps.loc["energy review", "narrows_to"]
        < steps.loc["roof outline", "narrows_to"]
        <= steps.loc["roof outline", "now"] * 1.05
    )
    assert ((steps["turns"].dropna() >= 0) & (steps["turns"].dropna() <= 1)).all()


def test_expected_narrowing_agrees_with_simulation(register):
    """Draw values from the prediction, solve each again by the ordinary path, average the widths."""
    from osint import model
    from osint.model import network
    from osint.model.estimate import Given

    row = row_of(register, "C033")
    q = evidence.question(row, register)
    given, _ = evidence.evidence(q, register)
    candidate = next(c for c in next_steps.CANDIDATES if c.quantity == "chillers")
    half = float(np.exp(candidate.half_width))
    readings = evidence.readings_for(q, [*given, Given("chillers", 1 / half, half)], register)
    predicted, _ = model.posterior("chillers", given, readings)
    widths = []
    for value in np.exp(predicted.quantile(np.random.default_rng(0).uniform(0.001, 0.999, 60))):
        found, _ = model.posterior(q.quantity, [*given, Given("chillers", value / half, value * half)], readings)
        widths.append(np.diff(found.quantile([0.05, 0.95]))[0])
    expected = (
        next_steps.next_steps("XJ03", register, "C033").set_index("observation").loc[candidate.name, "narrows_to"]
    )
    assert np.log(expected) == pytest.approx(np.mean(widths), abs=3 * np.std(widths) / np.sqrt(60) + 0.05)
    assert network.unit_of("chillers")


def test_stories_without_evidence_keep_their_prior(register):
    found = hypotheses.hypotheses("XJ12", register)
    assert found["posterior"].tolist() == [0.25] * 4 and not found["separates"].any()


def test_leave_one_out_really_leaves_out(register):
    row = register.calibration[register.calibration["site"] == "Nano 5"].iloc[0].to_dict()
    without, left = score.leave_out(row, register)
    assert left == ["full_load_8gpu"]
    before = register.relations.set_index("relation").loc["full_load_8gpu", "high"]
    after = without.relations.set_index("relation").loc["full_load_8gpu", "high"]
    assert after < before  # Nano 5 alone sets the top


def test_the_score_meets_its_goals(register):
    found = score.score(register).summary.set_index("kind")
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
