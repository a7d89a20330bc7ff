"""From which side a row bounds, and which contradiction changes a finding; SIMULATED rows of no real place."""

import numpy as np
import pytest

from osint.verdict import Outcome
from tests.test_judge import AFTER, BEFORE, PROMISE, STATE, absent, at, judged, size

RUNS = {"quantity_kind": "chips", "unit": "chips", "chip_model": "B200", "date": "2025-06-01"}
POWER = {"quantity_kind": "power_MW", "unit": "MW", "scope": "IT", "date": "2025-06-01"}
MONTHS_LATER = "2026-01-20"


def of(kind, number, **more):
    return kind | {"value_low": float(number), "value_high": float(number)} | more


def test_backup_sets_bound_from_below_alone(register):
    """13 MW of sets can back up a part of a hall of 44 MW, and are no second measurement of its cooling plant."""
    sets = size(AFTER, "generators_mw", 13.0)
    assert judged(register, of(POWER, 44), sets).outcome == Outcome.UNTESTED
    both = judged(register, of(POWER, 44), sets, size(AFTER, "iec_units", 148.0))
    assert both.outcome not in (Outcome.CONFLICT, Outcome.REFUTED)
    assert judged(register, of(POWER, 440), sets, size(AFTER, "iec_units", 148.0)).outcome == Outcome.REFUTED


@pytest.mark.parametrize(
    ("m2", "quote", "note", "refuted"),
    [
        (120.0, "words", "", False),  # no hall is so small
        (1200.0, "words", "", True),
        (1200.0, "chips stand in containers", "", False),
        (1200.0, "words", "40 containers", False),
        (120.0, "words", "four containers", False),
    ],
)
def test_the_density_of_a_hall_bounds_no_containers(register, m2, quote, note, refuted):
    count = 930 if m2 < 500 else 15_000
    found = judged(register, of(RUNS, count, quote=quote), size(AFTER, "roof_m2", m2, note=note))
    assert (found.outcome == Outcome.REFUTED) == refuted, found.shown()
    assert judged(register, of(RUNS, 1e6, quote=quote), size(AFTER, "roof_m2", m2, note=note)).outcome == "refuted"


@pytest.mark.parametrize(
    ("missed", "risen", "outcome"),
    [
        ("2025-10", "2025-09-20", Outcome.UNTESTED),  # not found again, in a month in which it stood
        ("2025-10-15", "2025-10-31", Outcome.UNTESTED),  # or so shortly before that one of the two was elsewhere
        ("2025-07-15", "2025-10-31", Outcome.REFUTED),
    ],
)
def test_who_does_not_find_what_stands_did_not_look_there(register, missed, risen, outcome):
    spot = at(41.0, 90.0, 30) | {"part": "building 4", "p_place": 0.97}
    desk = {"independence_group": "desk 0", "searched_share": 0.9}
    seen = absent("2025-07-11", **spot | desk), absent(missed, **spot | desk)
    other = size(risen, "roof_m2", 2300.0, rung="roofed", **spot)
    found = judged(register, STATE | {"rung": "roofed", "part": "building 4", "date": "2025-06-18"}, *seen, other)
    assert found.outcome == outcome, found.shown()


def test_a_day_of_topping_out_is_none_of_chips(register):
    topped = STATE | PROMISE | {"rung": "roofed", "independence_group": "G900"}
    promise = {"modality": "will", "rung": "announced", "value_date": ""}
    late = absent(AFTER)
    assert judged(register, of(RUNS, 5000, **promise, date="2024-06-30"), late, others=[topped]).asserts.day == 0
    runs = topped | {"rung": "running"}
    assert judged(register, of(RUNS, 5000, **promise, date="2024-06-30"), late, others=[runs]).outcome == (
        Outcome.DEADLINE_MISSED
    )


def test_a_contradiction_about_another_part_hides_nothing(register):
    """One saw the east bare and the west roofed, another all bare: nobody says that the east stood."""
    one = {"independence_group": "desk 0"}
    east, west = absent(AFTER, part="east zone", **one), size(AFTER, "roof_m2", 1500.0, part="west zone", **one)
    whole = absent(MONTHS_LATER, "ground broken", searched_share=0.99)
    zone = STATE | {"part": "east zone", "date": "2025-05-26"}
    found = judged(register, zone, east, west | {"rung": "roofed"}, whole)
    assert found.outcome == Outcome.REFUTED and "either way it was not there" in found.shown()
    # who is contradicted of this very part does not decide it by an earlier look
    stood = size("2025-10-01", "roof_m2", 1500.0, part="east zone", rung="roofed")
    twice = judged(register, zone, east, stood, absent(MONTHS_LATER, part="east zone", **one))
    assert twice.outcome == Outcome.CONFLICT


def test_looks_at_shares_of_a_site_do_not_dispute_what_a_part_measures(register):
    claim = {"quantity_kind": "floor_m2", "unit": "m2", "part": "building 1", "rung": "roofed"} | PROMISE
    shares = [size(AFTER, "roof_m2", m2, searched_share=0.8) for m2 in (1100.0, 4600.0)]
    own = size(AFTER, "roof_m2", 3600.0, part="building 1")
    found = judged(register, of(claim, 160_000), *shares, own, others=[{"part": "building 2"}])
    assert found.outcome == Outcome.DEADLINE_MISSED


def test_what_one_observer_sees_grow_has_grown(register):
    plan = {"modality": "would", "rung": "announced", "value_date": ""}
    seen = size("2025-08-08", "roof_m2", 10_800.0), size(AFTER, "roof_m2", 21_600.0)
    one = [s | {"independence_group": "desk 0"} for s in seen]
    assert judged(register, plan, *one).outcome == Outcome.COULD_FIT
    two = judged(register, plan, *seen)
    assert two.outcome == Outcome.CONFLICT and "of one thing within 24 days" in two.shown()
    shrunk = judged(register, plan, one[0] | {"date": AFTER}, one[1] | {"date": "2025-08-08"})
    assert shrunk.outcome == Outcome.CONFLICT


@pytest.mark.parametrize(("number", "supported"), [(12, True), (1, False)])
def test_a_power_is_supported_by_a_measured_power_of_its_size(register, number, supported):
    claim = of(POWER, number, date="2025-06-30")
    measured = size(BEFORE, "it_mw", 12.5, rung="running")
    assert (judged(register, claim, measured).outcome == Outcome.SUPPORTED) == supported
    counted = size(BEFORE, "servers", 100.0, rung="running"), size(BEFORE, "roof_m2", 15_300.0)
    assert judged(register, claim, *counted).outcome == Outcome.COULD_FIT


def test_the_line_on_room_is_of_the_room_that_decided(register):
    """A refuted number stands beside the size that refutes it, and not beside a larger roof of a later year."""
    seen = size("2025-07-01", "it_mw", 240.0), size("2026-06-01", "roof_m2", 80_000.0)
    found = judged(register, of(RUNS, 400_000, quantity_kind="servers", unit="servers"), *seen)
    assert found.outcome == Outcome.REFUTED
    assert found.to_row()["room_for"] < 400_000 and found.to_row()["room_of"] == ["O900"]
    visited = size(BEFORE, "roof_m2", 800.0, rung="running", searched_share=np.nan)
    assert "no chips" not in judged(register, RUNS, visited, absent(AFTER, searched_share=0.3)).to_row()["room"]
