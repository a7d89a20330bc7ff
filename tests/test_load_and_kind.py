"""What a load, a count of unstated kind and a floor can say of a number; SIMULATED rows of no real place."""

import numpy as np
import pytest

from osint import model
from osint.model import Given
from osint.register import Observation
from osint.verdict import Outcome
from tests.test_judge import AFTER, judged, size

POWER = {"quantity_kind": "power_MW", "unit": "MW", "scope": "IT", "modality": "has", "rung": "powered"}
SERVERS = {"quantity_kind": "servers", "unit": "servers", "modality": "has", "rung": "running"}
CHIPS = {"quantity_kind": "chips", "unit": "chips", "modality": "has", "rung": "powered", "chip_model": "H100"}
CABINETS = {"quantity_kind": "cabinets", "unit": "racks", "modality": "has", "rung": "powered"}


def of(kind, number, **more):
    return (
        kind | {"value_low": float(number), "value_high": float(number), "value_date": "", "date": "2025-06-01"} | more
    )


METER = {"how": "metered load", "rung": "running"}


def bill(gwh):
    return size(AFTER, "energy_gwh_per_yr", gwh, **METER)


@pytest.mark.parametrize(
    ("claim", "seen", "outcomes"),
    [
        # half of a hall of 41 MW draws 124 GWh a year; a bill of 12 GWh is no hall of 400 MW
        (of(POWER, 41), bill(124.0), {Outcome.COULD_FIT, Outcome.UNTESTED}),
        (of(POWER, 400), bill(12.0), {Outcome.REFUTED}),
        (of(POWER, 41, scope="facility"), size(AFTER, "facility_mw", 14.0, **METER), {Outcome.UNTESTED}),
        (of(POWER, 41, scope="facility"), size(AFTER, "facility_mw", 14.0), {Outcome.REFUTED}),
        # 24,000 servers of 0.4 kW run on 94 GWh a year, and so many AI servers do not
        (of(SERVERS, 24000), bill(93.8), {Outcome.COULD_FIT, Outcome.UNTESTED}),
        (of(SERVERS, 24000, quote="已投运24000台AI服务器"), bill(93.8), {Outcome.REFUTED}),
        (of(SERVERS, 24000, chip_model="H100"), bill(93.8), {Outcome.REFUTED}),
        (of(SERVERS, 900000), bill(93.8), {Outcome.REFUTED}),
        # 72 liquid-cooled cabinets take 9 MW, and not 90
        (of(POWER, 9), size(AFTER, "cabinets", 72.0), {Outcome.STRAINED, Outcome.UNTESTED}),
        (of(POWER, 90), size(AFTER, "cabinets", 72.0), {Outcome.REFUTED}),
        # 100 servers in a hall are no 12,000 chips in it; of what the hall could hold or feed they say nothing
        (of(CHIPS, 12000), size(AFTER, "servers", 100.0), {Outcome.REFUTED}),
        (of(CHIPS, 12000, modality="can carry"), size(AFTER, "servers", 100.0), {Outcome.UNTESTED}),
        (of(POWER, 30), size(AFTER, "servers", 100.0), {Outcome.UNTESTED}),
        (of(POWER, 30), size(AFTER, "chips", 800.0), {Outcome.UNTESTED}),
        (of(CABINETS, 20000), size(AFTER, "servers", 100.0), {Outcome.UNTESTED}),
        # under 17,140 m2 of roof are no 130,000 cabinets, whatever they draw; 4,000 can be
        (of(CABINETS, 130000), size(AFTER, "roof_m2", 17140.0), {Outcome.REFUTED}),
        (of(CABINETS, 4000), size(AFTER, "roof_m2", 17140.0), {Outcome.UNTESTED}),
        # a one-storey hall is smaller than the roof over it, eaves and docks in it
        (of(CABINETS, 21000, quantity_kind="floor_m2", unit="m2"), size(AFTER, "roof_m2", 23000.0), {Outcome.UNTESTED}),
    ],
)
def test_what_is_refuted_by_a_size_is_what_no_kind_and_no_fill_allows(register, claim, seen, outcomes):
    found = judged(register, claim, seen)
    assert found.rule.outcome in outcomes, found.shown()


def test_a_load_is_tight_for_what_runs_and_loose_for_what_stands(register):
    chips = of(SERVERS, 900, quantity_kind="chips", unit="chips", chip_model="H100")
    runs, stands = (judged(register, chips | {"rung": rung}, bill(50.0)) for rung in ("running", "powered"))
    assert stands.to_row()["room_for"] > 2 * runs.to_row()["room_for"]
    words = "the share of its capacity that draws the load left open"
    assert words in stands.room_text() and words not in runs.room_text()


def test_a_bill_and_plant_of_a_hall_in_part_filled_do_not_contradict_each_other(register):
    seen = (bill(37.9), size(AFTER, "chillers", 30.0))
    assert judged(register, of(POWER, 20), *seen).rule.outcome != Outcome.CONFLICT


def test_a_count_of_what_was_in_a_hall_is_not_told_as_its_room(register):
    found = judged(register, of(CHIPS, 12000), size(AFTER, "servers", 100.0))
    assert "by a count of what was in it" in found.shown() and "the place held 12,000 chips" in found.shown()
    roof = judged(register, of(CHIPS, 120000), size(AFTER, "roof_m2", 900.0))
    assert "count" not in roof.shown() and "had room for 120,000 chips" in roof.shown()


def test_a_power_by_a_meter_is_a_demand(register):
    row = dict.fromkeys(register.observations.columns, "") | {"date": "2025", "quantity": "facility_mw"}
    kinds = ("metered load", "electricity bill", "电表", "satellite estimate", "0.5 m picture of 20 meters", "")
    read = [Observation.from_row(row | {"how": how}).measured().quantity for how in kinds[:4]]
    assert read == ["demand_mw", "demand_mw", "demand_mw", "facility_mw"]


@pytest.mark.parametrize(
    ("quote", "precision", "unknown"),
    [
        ("6500P(FP32)", "not stated", "FP32"),
        ("双精度算力20P", "not stated", "FP64"),
        ("6500P(FP16)", "not stated", ""),
        ("FP16算力6500P,FP32算力400P", "not stated", ""),
        ("6500P(FP8)", "FP8", ""),
        ("6500P", "not stated", ""),
    ],
)
def test_a_precision_without_a_figure_is_not_judged_as_another(register, quote, precision, unknown):
    claim = of(POWER, 6500, quantity_kind="PFLOPS", unit="PFLOPS", scope="", quote=quote, precision=precision)
    found = judged(register, claim, size(AFTER, "roof_m2", 2500.0))
    assert found.claim.unknown_precision == unknown
    assert (found.rule.name == "a precision that no figure tests") == bool(unknown)
    assert not unknown or f"in {unknown}, of which chips.csv has no figure" in found.shown()


def test_cabinets_and_servers_of_unstated_kind_span_ordinary_and_ai(register):
    cabinets, servers = (
        model.estimate("it_mw", [Given(given, 100, 100)], country="CN", register=register)
        for given in ("cabinets", "servers")
    )
    assert cabinets.low < 0.2 and cabinets.high > 5
    assert servers.low < 0.05 and servers.high > 1


def test_cabinets_of_a_floor_are_those_that_fit_on_it(register):
    fits = model.estimate("cabinets", [Given("floor_m2", 10_000, 10_000)], country="CN", register=register)
    assert fits.low == pytest.approx(10_000 / 14, rel=0.01) and fits.high == pytest.approx(10_000 / 3.5, rel=0.01)


@pytest.mark.parametrize(("low", "outcome"), [(8000.0, Outcome.SUPPORTED), (80.0, Outcome.UNTESTED)])
def test_a_size_without_a_best_shows_a_hall_by_its_lower_end(register, low, outcome):
    claim = of(POWER, np.nan, quantity_kind="status", unit="", scope="", bound="", rung="roofed", part="phase 1")
    roof = size("2025-05-01", "roof_m2", 9000.0, low=low, rung="roofed", part="phase 1", searched_share=1.0)
    assert judged(register, claim, roof | {"best": np.nan}).rule.outcome == outcome
