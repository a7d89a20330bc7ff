"""The answer on the front page follows from the tables: other rows give other sentences."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from osint import model, verdict
from osint.model import Dossier
from osint.report import answer_of

SITES = ("AGG-39", "XJ01", "XJ03", "XJ07")


@pytest.fixture(scope="module")
def case(register):
    kept = {name: getattr(register, name) for name in ("sites", "claims", "observations")}
    return replace(register, **{name: table[table["site_id"].isin(SITES)] for name, table in kept.items()})


def answer(register):
    return answer_of(Dossier.of(register), verdict.check(register))


@pytest.fixture(scope="module")
def told(case):
    return answer(case)


def with_observation(case, **cells):
    row = dict.fromkeys(case.observations.columns)
    row |= {name: "" for name in case.observations.columns if case.observations[name].dtype == object}
    row |= {"observation_id": "O900", "site_id": "XJ01", "observer": "A. Reader", "how": "Sentinel-2 series"}
    row |= {"independence_group": "G900", "date": "2026-08-01", "p_place": 0.97, "place_reason": "a test", **cells}
    rows = pd.concat([case.observations, pd.DataFrame([row])], ignore_index=True)
    return replace(case, observations=rows.astype(case.observations.dtypes))


def changed(case, claim_id, **cells):
    claims = case.claims.copy()
    claims.loc[claims["claim_id"] == claim_id, list(cells)] = list(cells.values())
    return replace(case, claims=claims)


def test_the_largest_numbers_stand_in_the_words_of_their_source(case, told):
    plans = told.sentences()[0]
    claims = case.claims.set_index("claim_id")
    chips = claims[(claims["quantity_kind"] == "chips") & (claims["error_test"] != "yes")]
    for site, claim in (("AGG-39", told.planned.claim), ("XJ01", told.largest.claim)):
        assert claim.value_low == chips.loc[chips["site_id"] == site, "value_low"].max()
        row = claims.loc[claim.claim_id]
        assert f'"{row["quote"]}"' in plans and row["claimant"] in plans and row["date"] in plans
        assert f"{row['value_low']:,.0f} chips" in plans
    assert (told.planned.claim.value_low, told.largest.claim.value_low) == (115_000, 80_500)


def test_a_case_without_a_size_says_that_nothing_is_measured(told):
    text = told.text()
    assert "No picture or visit on file measures any of the 3 announced sites (1 of them parts of others)" in text
    assert "ground visit, 2025-07: ground broken (O008)" in text and "SIMULATED" not in text
    assert "chance" not in text and not any(re.search(rf"\b{word}\b", text) for _, word in verdict.BANDS)


def test_the_number_on_paper_is_that_of_the_total(case, told):
    of_room = (t for t in model.total(list(told.announced), case) if t.ground == model.Ground.ROOM)
    low, best, high = map(model.show, next(t for t in of_room if t.quantity == "chips").interval)
    assert f"{best} chips of any kind ({low} to {high}, 90%)" in told.text()


def test_contradictions_are_counted_once_and_planted_ones_apart(case, told):
    checks = [c for c in verdict.survey(case).checks if c.finding == verdict.CheckFinding.INCONSISTENT]
    assert checks and not told.contradictions and "find no certain contradiction," in told.text()
    planted = {i for c in checks for i in c.first}
    real = answer(replace(case, claims=case.claims.assign(error_test="no")))
    assert {i for c in real.contradictions for i in c.first} <= planted
    assert f"find {len(real.contradictions)} certain contradiction" in real.text()


def test_a_larger_number_stands_only_where_nothing_contradicts_it(case):
    """C013 gives one site what its source gives for all of them."""
    real = changed(case, "C013", error_test="no")
    assert answer(real).largest.claim.claim_id == "C007"
    alone = replace(real, claims=real.claims[~real.claims["site_id"].eq("AGG-39")])
    assert answer(alone).largest.claim.claim_id == "C013" and answer(alone).planned is None


def test_a_measured_site_is_named_with_its_room(case):
    seen = answer(with_observation(case, quantity="it_mw", low=4, best=5, high=6, rung="powered"))
    said = seen.text()
    most = model.show(seen.measured.interval[2])
    assert "measure 1 of the 3 announced sites (1 of them parts of others) (XJ01)" in said
    assert f"room for at most {most} chips (90%)" in said and "No picture or visit" not in said
    assert seen.largest.room_text() and seen.largest.room_text() in said


def test_a_simulated_row_is_said_first(case):
    seen = answer(with_observation(case, quantity="roof_m2", low=900, best=1000, high=1100, simulated="yes"))
    assert seen.sentences()[0].startswith("SIMULATED: O900")


def test_a_case_of_no_announced_site_is_told(case):
    none = replace(case, sites=case.sites.assign(role="comparator"))
    assert answer(none).sentences()[0] == "No number of chips is claimed of the announced sites."
