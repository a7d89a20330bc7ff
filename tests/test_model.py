import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as hyp
from hypothesis import settings
from hypothesis import strategies as st

from osint import model
from osint.cli.main import main
from osint.errors import BadInputError, OsintError
from osint.model import Given, Network, estimate, parse_given


def one(register, target, *texts, **kwargs):
    return estimate(target, [parse_given(t) for t in texts], register=register, **kwargs)


# --- figures worked by hand in the field's own notes


def test_yiwu_phase_two_floor(register):
    found = one(register, "it_mw", "floor_m2=33000", country="CN")
    assert found.best == pytest.approx(66, rel=0.01)
    assert 20 < found.low < 26 and 150 < found.high < 200


@pytest.mark.parametrize(
    ("chip", "chips"), [("H100", 61_000), ("H20", 107_000), ("Ascend 910C", 58_000), ("GB200", 41_000)]
)
def test_one_power_many_chips(register, chip, chips):
    assert one(register, "chips", "it_mw=85", chip=chip).best == pytest.approx(chips, rel=0.02)


@pytest.mark.parametrize(
    ("chip", "precision", "mw"),
    [("H100", "dense", 84), ("H100", "sparse", 42), ("Ascend 910C", "dense", 112), ("H20", "dense", 323)],
)
def test_sixty_thousand_p(register, chip, precision, mw):
    assert one(register, "it_mw", "pflops=60000", chip=chip, fixed={"precision": precision}).best == pytest.approx(
        mw, rel=0.03
    )


def test_golmud_energy_at_design_load(register):
    found = one(register, "it_mw", "energy_gwh_per_yr=126", country="CN", fixed={"energy basis": "design load"})
    assert found.best == pytest.approx(12.3, rel=0.02)  # 126 / 8.76 / 1.17
    assert found.low < 12.5 < found.high


# --- an independent referee: plain importance sampling over the same story, written without the module's algebra


def sampled(register, target, givens, n=400_000, seed=1, **kwargs):
    rng = np.random.default_rng(seed)
    wanted = {target} | {g.quantity for g in givens}
    values, weights = [], []
    for reading in Network.of(register).readings(wanted, **kwargs):
        size = rng.uniform(np.log(0.5), np.log(3000), n)  # log it_mw, flat
        names = sorted({f.name for q in wanted for _, e in reading.path(q) for _, f in e.factors})
        factor = {}
        for name in names:
            f = next(f for q in wanted for _, e in reading.path(q) for _, f in e.factors if f.name == name)
            wide = max(f.high / f.best, f.best / f.low)
            factor[name] = np.log(f.best) + rng.standard_normal(n) * np.log(wide) / 1.6448536

        def log_of(quantity, reading=reading, size=size, factor=factor):
            x = size
            for _, edge in reading.path(quantity):
                x = x + edge.shift
                for sign, f in edge.factors:
                    x = x + sign * factor[f.name]
            return x

        logw = np.full(n, np.log(reading.prior))
        for g in givens:
            x = log_of(g.quantity)
            if g.low is None or g.high is None:
                holds = x >= np.log(g.low) if g.high is None else x <= np.log(g.high)
                logw = np.where(holds, logw, -np.inf)
            else:
                sd = np.log(g.high / g.low) / (2 * 1.6448536)
                logw = logw - 0.5 * ((x - np.log(g.low * g.high) / 2) / sd) ** 2 - np.log(sd)
        values.append(log_of(target))
        weights.append(np.exp(logw))
    x, w = np.concatenate(values), np.concatenate(weights)
    order = np.argsort(x)
    cumulative = np.cumsum(w[order]) / w.sum()
    effective = w.sum() ** 2 / (w**2).sum()
    return np.exp(x[order][np.searchsorted(cumulative, [0.05, 0.5, 0.95])]), effective


@pytest.mark.parametrize(
    ("target", "texts", "kwargs"),
    [
        ("it_mw", ["floor_m2=30000..36000"], {"country": "CN"}),
        ("it_mw", ["floor_m2=30000..36000", "pflops=54000..66000"], {"country": "CN", "chip": "H100"}),
        ("chips", ["floor_m2=30000..36000", "racks=2500..9000"], {"country": "CN", "chip": "H20"}),
        ("facility_mw", ["chillers=100..140", "transformers_mva=300..500", "it_mw<=200"], {}),
        ("it_mw", ["land_m2=40000..60000", "racks>=3000", "energy_gwh_per_yr<=400"], {"country": "CN"}),
    ],
)
def test_agrees_with_an_independent_sampler(register, target, texts, kwargs):
    givens = [parse_given(t) for t in texts]
    expected, effective = sampled(register, target, givens, **kwargs)
    found = estimate(target, givens, register=register, **kwargs)
    assert effective > 500
    assert np.log([found.low, found.best, found.high]) == pytest.approx(np.log(expected), abs=0.06)


def test_marginal_likelihood_agrees_with_quadrature(register):
    """Weights of the two precisions, by integrating the size on a grid."""
    givens = [Given("floor_m2", 30000, 36000), Given("pflops", 54000, 66000)]
    readings = Network.of(register).readings({"it_mw", "floor_m2", "pflops"}, country="CN", chip="H100")
    size = np.linspace(-5, 15, 20001)
    weights = []
    for r in readings:
        total = np.log(r.prior)
        inside = np.zeros_like(size)
        for g in givens:
            sd = np.sqrt(g.sd**2 + sum(v**2 for v in r.loading(g.quantity).values()))
            inside += -0.5 * ((size + r.mean(g.quantity) - g.log) / sd) ** 2 - np.log(sd)
        weights.append(np.exp(total) * np.exp(inside).sum())
    weights = np.array(weights) / sum(weights)
    found, _ = model.posterior("it_mw", givens, readings)
    assert found.weights == pytest.approx(weights, rel=1e-4)


# --- properties


@settings(max_examples=25, deadline=None)
@hyp(scale=st.floats(0.01, 100), floor=st.floats(1e3, 1e5), racks=st.floats(100, 1e5))
def test_scaling_every_input_scales_the_output(register, scale, floor, racks):
    def run(k):
        givens = [Given("floor_m2", floor * k, floor * 1.1 * k), Given("racks", racks * k, racks * 1.1 * k)]
        return estimate("chips", givens, country="CN", chip="H100", register=register)

    a, b = run(1.0), run(scale)
    assert [b.low, b.best, b.high] == pytest.approx([x * scale for x in (a.low, a.best, a.high)], rel=1e-6)


def test_weights_of_the_givens_sum_to_one_and_split_the_answer(register):
    found = one(register, "it_mw", "floor_m2=33000", "land_m2=22000", "transformers_mva=100", country="CN")
    assert sum(m.weight for m in found.moved) == pytest.approx(1, abs=1e-3)
    split = sum(m.weight * np.log(m.alone[1]) for m in found.moved)
    assert np.exp(split) == pytest.approx(found.best, rel=0.01)


def test_more_evidence_never_widens_one_reading(register):
    narrow = one(register, "it_mw", "floor_m2=33000", "land_m2=22000", country="CN")
    wide = one(register, "it_mw", "floor_m2=33000", country="CN")
    assert narrow.high / narrow.low < wide.high / wide.low


def test_a_bound_truncates(register):
    free = one(register, "it_mw", "floor_m2=33000", country="CN")
    held = one(register, "it_mw", "floor_m2=33000", "it_mw<=50", country="CN")
    assert held.high <= 50.01 < free.high and held.low < free.low


def test_without_a_chip_the_family_is_unknown(register):
    known = one(register, "chips", "it_mw=85", country="CN", chip="H100")
    unknown = one(register, "chips", "it_mw=85", country="CN")
    assert unknown.high / unknown.low > 1.5 * known.high / known.low
    assert unknown.depends_on.name == "chip family"


def test_the_date_keeps_later_chips_out(register):
    found = one(register, "chips", "it_mw=85", country="CN", date="2023")
    assert {r["chip family"] for r in found.readings} == {"A100", "H100", "H800", "Ascend 910B", "domestic mixed"}


# --- bad input


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("floor_m2=9..3", "low above high"),
        ("floor_ft2=3", "not a quantity"),
        ("floor_m2=nan", "not NAME=VALUE"),
        ("floor_m2=inf", "not NAME=VALUE"),
        ("floor_m2=-3", "not NAME=VALUE"),
        ("floor_m2=0", "positive finite"),
        ("floor_m2=33000m2", "not NAME=VALUE"),
        ("floor_m2", "not NAME=VALUE"),
        ("floor_m2=1e999", "positive finite"),
    ],
)
def test_bad_given_is_one_sentence(argument, words, capsys):
    assert main(["estimate", "it_mw", "--given", argument]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_unknown_target_chip_and_country_are_refused(capsys):
    for extra in (
        ["watts", "--given", "racks=5"],
        ["it_mw", "--given", "racks=5", "--chip", "H999"],
        ["it_mw", "--given", "racks=5", "--country", "China"],
    ):
        assert main(["estimate", *extra]) == 2
        assert capsys.readouterr().err.startswith("osint estimate: ")


def test_one_sided_evidence_alone_is_refused(register):
    with pytest.raises(OsintError, match="two sides"):
        one(register, "it_mw", "pflops>=60000", country="CN")


def test_two_exact_values_of_one_quantity_are_refused(register):
    with pytest.raises(OsintError, match="cannot both hold"):
        one(register, "it_mw", "racks=5000", "racks=6000", country="CN")


def test_json_has_the_promised_shape(capsys):
    assert (
        main(
            [
                "estimate",
                "it_mw",
                "--given",
                "floor_m2=33000",
                "--given",
                "pflops=60000",
                "--chip",
                "H100",
                "--country",
                "CN",
                "--json",
            ]
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert set(found["it_mw"]) >= {"low", "best", "high", "unit"}
    assert found["it_mw"]["low"] <= found["it_mw"]["best"] <= found["it_mw"]["high"]
    assert len(found["moved"]) == 2 and found["depends_on"]["text"]
    assert "nameplate" in found["it_mw"]["unit"]


@pytest.mark.parametrize("name", ["chiller_fans", "floor_cn", "rack_fill", "full_load_8gpu", "chips_per_server"])
def test_a_missing_relation_is_named(register, name):
    """A table without a row that the tree needs is refused with the name of both, wherever the row is first needed."""
    relations = register.relations[register.relations["relation"] != name]
    with pytest.raises(BadInputError, match=rf"relations\.csv has no row '{name}'"):
        given = model.parse_given("chips=1000")
        model.estimate(
            "full_load_mw", [given], country="CN", chip="H100", register=replace(register, relations=relations)
        )
