"""The answer on the front page follows from the tables: other rows give other sentences."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from osint import model, verdict
from osint.model import Dossier
from osint.report import answer_of

SITES = ("AGG-39", "AGG-XJ", "XJ01", "XJ03", "XJ07", "XJ09")


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


def without(case, *ids):
    return replace(case, claims=case.claims[~case.claims["claim_id"].isin(ids)])


def test_the_headline_is_the_finding_and_holds_the_number_under_question(case, told):
    assert (
        told.headline() == "Nothing on file shows that the 115,000 chips exist, or measures a hall that could hold them"
    )
    other = changed(changed(case, "C001", value_low=90_000.0), "C203", value_low=90_000.0)
    assert "the 90,000 chips" in answer(other).headline()
    counted = answer(with_observation(case, quantity="chips", low=1e4, best=2e4, high=3e4))
    assert counted.counting and "115,000" in counted.headline() and "Nothing on file" not in counted.headline()


def test_the_claims_stand_with_who_said_them_and_on_what_they_rest(case, told):
    said, claims = told.sentences()[1], case.claims.set_index("claim_id")
    for claim_id, number in (("C001", "At least 115,000 chips"), ("C007", "about 80,500 chips")):
        assert number in said and claims.loc[claim_id, "claimant"] in said and claim_id in said
    assert "the product of 115,000 and about 70 percent of planned compute (C006)" in said and "group G001" in said
    of_group = claims[(claims["independence_group"] == "G001") & claims["quantity_kind"].isin(["chips", "servers"])]
    assert f"{of_group['source_publisher'].nunique()} publications" in said and "none of them is an approval" in said
    filed = changed(case, "C001", source_tier="company_filing", source_publisher="the exchange")
    assert "the exchange is an office, a filing or a copy of one" in answer(filed).sentences()[1]
    assert "(C006)" not in answer(changed(case, "C006", value_low=40.0, value_high=40.0)).sentences()[1]


def test_room_on_paper_is_of_the_chip_that_is_claimed_and_a_number_is_set_beside_its_own_sites(case, told):
    said = told.sentences()[0]
    floor = model.given_of(next(c for c in Dossier.of(case).all_claims if c.claim_id == "C031"))
    alone = model.estimate("chips", [floor], chip="H100", country="CN", register=case)
    low, best, high = (model.show(v) for v in (alone.low, alone.best, alone.high))
    assert said.startswith("Do they fit? Not known: no picture or visit on file measures any of the 4 announced sites.")
    assert f"room for {best} ({low} to {high}, 90%) H100 chips" in said and "33,000 m2 of floor (C031)" in said
    assert "80,500 lies inside that range" in said and "they might" in said
    all_low, all_best, all_high = told.paper.interval
    assert len(told.paper.sites) == 2 and all_low < 115_000 < all_high
    assert f"{model.show(all_best)} ({model.show(all_low)} to {model.show(all_high)}, 90%): 115,000 lies inside" in said
    assert "chance" not in said and not any(re.search(rf"\b{word}\b", said) for _, word in verdict.BANDS)
    small = answer(changed(case, "C031", value_low=3_300.0, value_high=3_300.0)).sentences()[0]
    assert "80,500 lies above it" in small and "3,300 m2" in small and "they might" not in small
    assert "No document states the size" in answer(without(case, "C031", "C032", "C045", "C046")).sentences()[0]


def test_a_measured_site_takes_the_place_of_paper(case):
    seen = answer(with_observation(case, quantity="it_mw", low=4, best=5, high=6, rung="powered"))
    most = model.show(seen.measured.interval[2])
    assert seen.headline() == (
        "Nothing on file shows that the 115,000 chips exist; "
        f"what was seen, at 1 of 4 announced sites, had room for at most {most} (90%)"
    )
    said = seen.sentences()[0]
    assert "O900" in said and "80,500 lies above it" in said and "probability 97%" in said
    assert "o picture or visit" not in seen.text() and "115,000 lies" not in said
    assert "The 115,000 are claimed of all sites together, of which 1 of 4 was measured" in said


def test_what_was_seen_elsewhere_is_not_set_beside_the_number(case):
    said = answer(with_observation(case, site_id="XJ07", quantity="it_mw", low=4, best=5, high=6)).sentences()[0]
    assert "Yiwu cluster was not measured" in said and "80,500 lies inside that range" in said
    assert said.index("O900") < said.index("C031")


def test_a_part_that_was_measured_is_not_said_to_be_unmeasured(case):
    for cells, why in (({"part": "hall 2"}, "a part alone (hall 2)"), ({"p_place": 0.5}, "of a place that is not")):
        part = answer(with_observation(case, quantity="roof_m2", low=4e3, best=5e3, high=6e3, unit="m2", **cells))
        assert f"exist; what was measured, at Yiwu cluster, is {why}" in part.headline()
        assert f"Not known: what was measured (O900) is {why}" in part.text()
        assert "measures any of" not in part.text() and "measures the whole of any of the 4" in part.text()


def test_bare_ground_is_no_room_with_its_day_and_doubt(case):
    bare = answer(with_observation(case, not_yet="ground broken", searched_share=1.0))
    assert "had no room for any" in bare.headline()
    said = bare.leads()[0].answer
    assert (
        said.startswith("What was seen at Yiwu cluster (XJ01) on 1 August 2026 (O900) was bare")
        and "probability 97%" in said
    )


def test_the_sharpest_contradiction_is_quoted_and_counted_once(case, told):
    said = told.sentences()[2]
    assert "17,000 PFLOPS" in said and "60,000 PFLOPS" in said and "C069" in said and "C044" in said
    checks = [c for c in verdict.survey(case).checks if c.finding == "strained" and c.pair != verdict.Pair.PLANTED]
    assert f"{len(checks)} such pairs on file" in said and len({c.check_id for c in told.misfits}) == len(told.misfits)
    gone = answer(without(case, "C044"))
    assert "C044" not in gone.text() and len(gone.misfits) < len(told.misfits)
    none = answer(without(case, *(i for c in told.misfits for i in c.claim_ids)))
    assert none.sharpest is None and "No two statements" in none.text()


def test_servers_and_a_size_are_said_where_no_chips_are_claimed(case):
    none = answer(replace(case, claims=case.claims[case.claims["quantity_kind"] != "chips"]))
    fits, said = (lead.answer for lead in none.leads()[:2])
    assert none.largest is None and none.planned is None and "625 servers are claimed for Changji centre" in said
    assert "C031" in fits and "No document states" not in fits


def test_planted_errors_are_apart_from_what_does_not_fit(case, told):
    assert {c.first[0] for c in told.planted} == {"C011", "C012", "C013"}
    assert not {c.check_id for c in told.planted} & {c.check_id for c in told.misfits}
    real = answer(replace(case, claims=case.claims.assign(error_test="no")))
    assert not real.planted and real.contradictions and "certain contradiction" in real.text()


def test_a_larger_number_stands_only_where_nothing_contradicts_it(case):
    """C013 gives one site what its source gives for all of them."""
    real = changed(case, "C013", error_test="no")
    assert answer(real).largest.claim.claim_id == "C007"
    alone = replace(real, claims=real.claims[~real.claims["site_id"].eq("AGG-39")])
    assert answer(alone).largest.claim.claim_id == "C013" and answer(alone).planned is None


def test_a_simulated_row_is_said_first(case):
    seen = answer(with_observation(case, quantity="roof_m2", low=900, best=1000, high=1100, simulated="yes"))
    assert seen.headline().startswith("SIMULATED: ") and seen.simulated == ("O900",)


def test_a_case_of_no_announced_site_is_told(case):
    none = replace(case, sites=case.sites.assign(role="comparator"))
    assert answer(none).leads()[0].answer == "No number of chips is claimed of the announced sites."
