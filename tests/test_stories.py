"""Stories of a site, and what to get next: by country and law, never by what made the site, the place first."""

import shlex
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from osint import verdict
from osint.cli.main import build_parser
from tests.test_checks import MIRROR, PLAN, book, of

CARDS = {"quantity_kind": "chips"}


def stories(register, *claims, site="P2"):
    found = verdict.hypotheses(site, book(register, *({"site_id": site} | c for c in claims)))
    return dict(zip(found["hypothesis"], found["likelihood_ratio"], strict=True))


def test_compute_a_card_tells_domestic_from_restricted_chips(register):
    """10,000 cards and 3,200 P are 0.32 P a card: an Ascend 910B, and a third of an H100."""
    found = stories(register, of(10_000, **CARDS), of(3200))
    assert set(found) == {"restricted chips", "exported chips", "domestic chips", "unrelated figures"}
    assert found["domestic chips"] == 1 and found["restricted chips"] < 0.01
    other = stories(register, of(10_000, **CARDS), of(9900))
    assert other["restricted chips"] == 1 and other["domestic chips"] < 0.01


def test_the_law_of_the_country_makes_the_stories(register):
    """No domestic or restricted chips in Ohio; a family that the texts name is what they state."""
    found = stories(register, of(10_000, **CARDS, chip_model="H100"), of(1000), site="A1")
    assert set(found) <= {"as stated", "unrelated figures"}
    named = stories(register, of(10_000, **CARDS, chip_model="Ascend 910B"), of(9900))
    assert "as stated" in named and "domestic chips" not in named


@pytest.mark.parametrize(
    "claims",
    [
        (of(10_000, **CARDS),),  # one figure fits every size
        (of(10_000, **CARDS), of(33_000, quantity_kind="floor_m2", unit="m2")),  # every chip has room there
        (of(10_000, **CARDS), of(2e9, quantity_kind="investment_CNY")),  # one price does for all families
        (of(3200, part="phase 1"), of(10_000, **CARDS)),
    ],
)
def test_there_is_no_story_where_the_documents_do_not_tell_them_apart(register, claims):
    assert not stories(register, *claims)


def test_what_made_the_site_does_not_test_its_stories(register):
    """C1 and C2 served to take two sources for one project (P3): the same figures tell nothing there."""
    claims = (of(10_000, **CARDS), of(3200))
    assert stories(register, *claims)
    assert not stories(register, *claims, site="P3")


def test_what_set_a_row_of_chips_does_not_test_it(register):
    own = book(register, of(10_000, **CARDS, site_id="P2"), of(3200, site_id="P2"))
    chips = own.chips.copy()
    chips.loc[chips["chip"] == "Ascend 910B", "set_by"] = "C1|C2"
    assert len(verdict.hypotheses("P2", own)) and verdict.hypotheses("P2", replace(own, chips=chips)).empty


def test_a_hall_that_is_too_small_tells_stories_apart(register):
    """2 MW hold no 10,000 H100 at all; they hold as many of the smallest Chinese boards no better."""
    small = of(2, quantity_kind="power_MW", scope="facility")
    found = stories(register, of(10_000, **CARDS, chip_model="H100"), of(9900), small)
    assert found["unrelated figures"] == 1 and found["as stated"] < 0.1


def test_parks_and_totals_have_no_story(register):
    claims = (of(10_000, **CARDS), of(3200))
    assert not stories(register, *claims, site="R1") and not stories(register, *claims, site="P1")


def test_no_story_of_the_register_rests_on_what_identifies_its_site(register):
    for site in register.sites.to_dict("records"):
        found = verdict.hypotheses(site["site_id"], register)
        used = {i for ids in found["rests_on"] for i in ids}
        assert not used & set(str(site["identified_by"]).split("|"))


# --- what to get next


def next_of(register, *claims, site="P1", **cells):
    own = book(register, *claims)
    sites = own.sites.copy()
    for name, value in cells.items():
        sites.loc[sites["site_id"] == site, name] = value
    return verdict.next_steps(site, replace(own, sites=sites))


KNOWN = {"lat": 40.1, "lon": 82.6, "coord_precision_km": 0.5, "name_zh": "某地算力中心"}


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (KNOWN | {"lat": float("nan"), "lon": float("nan")}, True),
        (KNOWN | {"coord_precision_km": 15.0}, True),
        (KNOWN, False),
    ],
)
def test_the_place_comes_first_where_it_is_not_confirmed(register, cells, first):
    found = next_of(register, of(10_000, **CARDS, **PLAN), **cells)
    assert (found[0].observation == "the place itself") == first
    assert [s.rank for s in found] == list(range(1, len(found) + 1))
    assert found[-1].observation == "a dated photograph"


@pytest.mark.parametrize(("p_place", "first"), [(0.95, False), (0.5, True), (float("nan"), True)])
def test_a_sure_observation_confirms_the_place(register, p_place, first):
    own = book(register, of(10_000, **CARDS, **PLAN))
    sites = own.sites.copy()
    for name, value in (KNOWN | {"coord_precision_km": 15.0}).items():
        sites.loc[sites["site_id"] == "P1", name] = value
    seen = register.observations.iloc[[0]].assign(
        site_id="P1", lat=40.1, lon=82.6, position_error_m=30.0, p_place=p_place, source_claim_id="", date="2025-06"
    )
    found = verdict.next_steps("P1", replace(own, sites=sites, observations=seen))
    assert (found[0].observation == "the place itself") == first


@pytest.fixture(scope="module")
def steps_of(register):
    """What to get next at each site of the register."""
    return {site: verdict.next_steps(site, register) for site in register.sites["site_id"]}


def test_nothing_chinese_is_advised_elsewhere(register, steps_of):
    for site, row in register.sites.set_index("site_id").iterrows():
        if row["country"] != "CN":
            text = "\n".join(s.text() for s in steps_of[site])
            assert text.isascii() and "osint search" not in text


def test_every_line_to_run_is_one_that_the_command_reads(steps_of):
    parser, lines = build_parser(), 0
    for steps in steps_of.values():
        for step in steps:
            if step.run:
                name, *arguments = shlex.split(step.run)
                assert name == "osint" and parser.parse_args(arguments)
                lines += 1
    assert lines > 100


def test_each_candidate_says_what_it_bounds(register):
    table = pd.read_csv(Path(verdict.__file__).parent / "candidates.csv", keep_default_na=False)
    assert (table[["name", "quantity", "bounds", "where"]] != "").all(axis=None)
    assert set(table["country"]) == {"", "CN", "other"}
    for words in ("water", "steam", "diesel", "connection", "substation", "snow", "night temperature"):
        assert table.apply(lambda row, words=words: words in " ".join(map(str, row)), axis=1).any(), words
    assert not table.duplicated(["name", "country"]).any()


def test_what_bounds_one_side_only_promises_no_narrowing(register):
    for step in next_of(register, of(10_000, **CARDS, **PLAN), **KNOWN):
        if step.observation in {"water permit", "steam in cold weather", "diesel tank permit"}:
            assert step.bounds and step.narrows_to != step.narrows_to


def test_a_copy_is_named_with_who_says_it_and_where_it_was_read(register):
    claims = (of(9000, **MIRROR, claimant="a founder"), of(4000, site_id="R1", date="2025-06-01"))
    row = next(c.to_row() for c in verdict.cross_checks(book(register, *claims)))
    assert "C1, a founder, read in Paper 1, 2025-03-01" in row["arithmetic"]
