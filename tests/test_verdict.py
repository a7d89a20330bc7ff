import ast
import importlib
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from osint import model, verdict
from osint.cli.main import main
from osint.model import Dossier, Given
from osint.register import CalibrationRow, Claim, Stage
from osint.verdict import Outcome, RuleFacts


def with_claims(register, change):
    claims = register.claims.copy()
    change(claims)
    return replace(register, claims=claims)


FLAGS = ("contradicted", "not_reached", "states", "rung_shown", "observed", "due", "above", "live_rung", "stated_power")


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


def test_a_larger_number_is_never_likelier(register):
    chances = []
    for factor in (0.1, 1, 10, 100):
        claim = claim_of(register, "C033")
        value = claim.value_high * factor
        claim = replace(claim, value_low=value, value_high=value, readings=())
        chances.append(verdict.judge(claim, register).probability)
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


def test_abilene_was_due_before_it_was_done(register):
    found = verdict.check(register, ["US01"]).findings.set_index("claim_id")
    assert found.loc["C150", "finding"] == "too early" and found.loc["C150", "rests_on"] == ["O010"]


def test_observed_power_refutes_a_live_claim_far_above_it(register):
    row = row_of(register, "C151") | {
        "claim_id": "C999",
        "independence_group": "G999",
        "rung": "running",
        "modality": "has",
        "value_low": 3e6,
        "value_high": 3e6,
        "date": "2026",
        "value_date": "",
    }
    found = verdict.judge(Claim.from_row(row), register)
    assert found.outcome == Outcome.REFUTED and found.probability < 0.05
    edge = found.assumption
    assert edge.needed == pytest.approx(edge.factor.best * np.exp(edge.sd * edge.factor.sigma)) and abs(edge.sd) > 1
    fits = verdict.judge(Claim.from_row(row | {"value_low": 1e4, "value_high": 1e4}), register)
    assert fits.outcome == Outcome.COULD_FIT


def seen(register, **cells):
    """The register with one SIMULATED observation more."""
    row = register.observations.iloc[0].to_dict() | {
        **{"observation_id": "O900", "quantity": "", "rung": "", "not_yet": "", "independence_group": "desk"},
        **{"low": np.nan, "best": np.nan, "high": np.nan, "source_claim_id": ""},
    }
    return replace(register, observations=pd.concat([register.observations, pd.DataFrame([row | cells])]))


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        ("2026-08-01", Outcome.UNTESTED),  # five years later shows nothing of that day
        ("2020-06-14", Outcome.UNTESTED),
        ("2020-06-15", Outcome.SUPPORTED),  # 200 days before
        ("2021-01-01", Outcome.SUPPORTED),
        ("2021-03-02", Outcome.SUPPORTED),  # 60 days after
        ("2021-03-03", Outcome.UNTESTED),
        ("2021-03", Outcome.SUPPORTED),
        ("2019/..", Outcome.UNTESTED),  # an open end shows nothing beyond its known side
        ("../2022", Outcome.UNTESTED),
        ("2020/..", Outcome.SUPPORTED),
        ("../2021-01", Outcome.SUPPORTED),
    ],
)
def test_a_rung_is_shown_near_the_day_of_the_claim_alone(register, day, outcome):
    with_it = seen(register, site_id="XJ07", date=day, rung="running")
    claim = row_of(register, "C057") | {"rung": "running", "date": "2021-01-01", "value_date": "2021-01-01"}
    assert verdict.judge(Claim.from_row(claim), with_it).outcome == outcome


@pytest.mark.parametrize("name", ["O900", "V900", "camera 3"])
def test_a_finding_does_not_depend_on_the_letter_of_an_id(register, name):
    """C123 is due in the future: 2 to 4 MW seen after its day leave too little for it, whatever the row is called."""
    cells = {"quantity": "facility_mw", "low": 2.0, "best": 3.0, "high": 4.0, "date": "2026-08-01"}
    with_it = seen(register, observation_id=name, site_id="QH05", **cells)
    found = verdict.judge(claim_of(register, "C123"), with_it)
    assert found.outcome == Outcome.TOO_EARLY and name in found.rests_on


def test_a_measurement_with_an_open_end_does_not_test_a_later_plan(register):
    """C123 is due after 2020: what was measured from 2020 on is known of 2020 alone."""
    cells = {"quantity": "facility_mw", "low": 2.0, "best": 3.0, "high": 4.0, "date": "2020/.."}
    found = verdict.judge(claim_of(register, "C123"), seen(register, site_id="QH05", **cells))
    assert "O900" not in found.rests_on


def test_not_shown_follows_the_rows(register):
    """An observation of chips by others takes back that none has been seen; one of the claimant does not."""
    cells = {"site_id": "QH05", "quantity": "chips", "low": 900.0, "best": 1000.0, "high": 1100.0, "date": "2026-08-01"}
    claim = claim_of(register, "C123")
    none = "No chip has been seen, and no document shows one delivered."
    assert verdict.judge(claim, register).to_row()["not_shown"] == none
    counted = verdict.judge(claim, seen(register, **cells)).to_row()["not_shown"]
    assert counted == "Chips are counted by O900; their model, their owner and their use are not shown."
    own = seen(register, **cells | {"independence_group": claim.independence_group})
    assert verdict.judge(claim, own).to_row()["not_shown"] == none


def test_a_register_that_is_changed_gives_another_answer(register):
    """Nothing that was computed from a table outlives a change of it."""
    own = replace(register, relations=register.relations.copy())
    givens = [model.parse_given("floor_m2=33000")]
    before = model.estimate("it_mw", givens, country="CN", register=own).best
    own.relations.loc[own.relations["relation"] == "floor_cn", ["low", "best", "high"]] *= 10
    assert model.estimate("it_mw", givens, country="CN", register=own).best == pytest.approx(10 * before, rel=1e-6)


# --- the rules, row by row


FIRM = RuleFacts(probability=0.01, observed=True, stage=Stage.LIVE)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (RuleFacts(), Outcome.UNTESTED),
        (RuleFacts(contradicted=True, not_reached=True, probability=0.9), Outcome.INCONSISTENT),
        (RuleFacts(not_reached=True, probability=0.9, observed=True), Outcome.TOO_EARLY),
        (RuleFacts(states=True, rung_shown=True), Outcome.SUPPORTED),
        (RuleFacts(states=True), Outcome.UNTESTED),
        (RuleFacts(rung_shown=True), Outcome.UNTESTED),
        (FIRM, Outcome.REFUTED),
        (replace(FIRM, stage=Stage.WORKS), Outcome.REFUTED),
        (replace(FIRM, stage=Stage.PLAN), Outcome.STRAINED),
        (replace(FIRM, stage=Stage.PLAN, due=True, above=True), Outcome.TOO_EARLY),
        (replace(FIRM, stage=Stage.PLAN, due=True), Outcome.STRAINED),
        (replace(FIRM, due=True, above=True), Outcome.REFUTED),
        (replace(FIRM, probability=0.05), Outcome.STRAINED),
        (replace(FIRM, probability=0.20), Outcome.COULD_FIT),
        (replace(FIRM, probability=0.45, rung_shown=True, live_rung=True, stated_power=True), Outcome.SUPPORTED),
        (replace(FIRM, probability=0.44, rung_shown=True, live_rung=True, stated_power=True), Outcome.COULD_FIT),
        (replace(FIRM, probability=0.9, rung_shown=True, live_rung=True), Outcome.COULD_FIT),
        (replace(FIRM, probability=0.9, rung_shown=True, stated_power=True), Outcome.COULD_FIT),
        (RuleFacts(probability=0.19), Outcome.STRAINED),
        (RuleFacts(probability=0.20), Outcome.UNTESTED),
        (RuleFacts(probability=0.0, due=True, above=True), Outcome.STRAINED),
    ],
)
def test_rules(facts, outcome):
    assert verdict.decide(facts).outcome == outcome


def test_every_rule_can_decide():
    """No rule is hidden behind those before it."""
    flags = [dict(zip(FLAGS, bits, strict=True)) for bits in itertools.product((False, True), repeat=len(FLAGS))]
    chances = (None, 0.01, 0.1, 0.3, 0.9)
    decided = {
        verdict.decide(RuleFacts(**flag, probability=p, stage=stage)).name
        for flag, p, stage in itertools.product(flags, chances, Stage)
    }
    assert decided == {rule.name for rule in verdict.RULES}


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
