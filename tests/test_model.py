import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as hyp
from hypothesis import settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from osint import model
from osint.cli.main import main
from osint.errors import BadInputError, OsintError
from osint.model import Given, Network, estimate, parse_given
from osint.register import QUANTITIES


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
    assert b.distribution.interval == pytest.approx([x * scale for x in a.distribution.interval], rel=1e-6)
    assert a.refused == b.refused


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


# --- exact tails, no crash, conflicts, sums


def gaussian(register, target, *texts, **kwargs):
    givens = [parse_given(t) for t in texts]
    readings = Network.of(register).readings({target} | {g.quantity for g in givens}, **kwargs)
    return model.posterior(target, givens, readings)[0]


def test_the_upper_tail_is_exact_where_one_minus_the_rest_is_not(register):
    found = gaussian(register, "it_mw", "land_m2=22000", country="CN")
    for sd in (3, 8, 15, 30):  # 1 - cdf is zero or negative beyond eight
        value = float(np.exp(found.means[0] + sd * found.sds[0]))
        p = sum(w * norm.sf(np.log(value), m, s) for w, m, s in zip(found.weights, found.means, found.sds, strict=True))
        assert found.at_least(value) == pytest.approx(p, rel=1e-9)
    assert found.at_least(1e-300) == 1 and found.at_most(1e-300) == 0
    assert found.at_least(0) == 1 and found.at_most(0) == 0


@pytest.mark.parametrize("bound", ["it_mw<=50", "it_mw>=90", "racks<=9000", "energy_gwh_per_yr>=900"])
def test_a_truncated_tail_agrees_with_quadrature(register, bound):
    """The joint density of the answer and the bound, integrated by an adaptive rule."""
    found = gaussian(register, "land_m2", "floor_m2=33000", bound, country="CN", chip="H100")
    limit, above = (parse_given(bound).low, True) if ">" in bound else (parse_given(bound).high, False)
    kept = Network.of(register).readings(
        {"land_m2", "floor_m2", parse_given(bound).quantity}, country="CN", chip="H100"
    )

    def tail(x):
        total = held = 0.0
        for r in kept:
            mean, load, _ = model.design(r, ["floor_m2", "land_m2", parse_given(bound).quantity])
            gap = np.log(33000) - mean[0]
            a, b = load[1] - load[0], load[2] - load[0]  # errors of the two once the floor is known
            centre = mean[1:] + gap
            cov = np.array([[a @ a, a @ b], [a @ b, b @ b]]) + 1e-8
            slope = cov[0, 1] / cov[1, 1]
            left = np.sqrt(cov[0, 0] - slope * cov[0, 1])

            def inside(y, centre=centre, cov=cov, slope=slope, left=left):
                given = centre[0] + slope * (y - centre[1])
                return norm.pdf(y, centre[1], cov[1, 1] ** 0.5) * norm.sf(np.log(x), given, left)

            edge, far = np.log(limit), 12 * cov[1, 1] ** 0.5
            ends = (edge, max(edge, centre[1]) + far) if above else (min(edge, centre[1]) - far, edge)
            held += r.prior * quad(inside, *ends, epsabs=0, limit=200)[0]
            z = (edge - centre[1]) / cov[1, 1] ** 0.5
            total += r.prior * (norm.sf(z) if above else norm.cdf(z))
        return held / total

    for value in (3e4, 2e5, 2e6):
        assert found.at_least(value) == pytest.approx(tail(value), rel=5e-3)
        assert found.at_least(value) + found.at_most(value) == pytest.approx(1, abs=1e-6)


def test_quantiles_agree_with_plain_bisection(register):
    for texts in (["floor_m2=33000"], ["floor_m2=33000", "racks>=9000"], ["floor_m2=3e4..4e4", "it_mw<=50"]):
        found = gaussian(register, "chips", *texts, country="CN")
        p = np.array([0.001, 0.05, 0.5, 0.95, 0.999])
        low, high = np.full(5, -20.0), np.full(5, 40.0)
        for _ in range(80):
            middle = (low + high) / 2
            below = found.cdf(middle) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        assert found.quantile(p) == pytest.approx(low, abs=1e-7)


SIZES = (1e-6, 1.0, 1e12)


@pytest.mark.parametrize("quantity", list(QUANTITIES))
def test_no_legal_given_of_any_size_crashes(register, quantity):
    """Every pair of quantities at every pair of sizes, with and without bounds: a probability, or a told reason."""
    network = Network.of(register)
    for other in ("floor_m2", "it_mw", "pflops", "chillers"):
        for country in ("CN", "US"):
            try:
                readings = network.readings({quantity, other, "it_mw"}, country=country)
            except OsintError:
                continue
            for a, b in ((x, y) for x in SIZES for y in SIZES):
                givens = [Given(quantity, a, 1.1 * a), Given(other, b, 1.1 * b)]
                found, evidence = model.posterior("it_mw", givens, readings)
                assert np.isfinite(evidence)
                for size in (1e-6, 1e-3, 1.0, 1e3, 1e6, 1e12):
                    assert 0 <= found.at_least(size) <= 1
                low, best, high = found.interval
                assert 0 < low <= best <= high < np.inf


@settings(max_examples=12, deadline=None)
@hyp(
    sizes=st.lists(st.floats(1e-6, 1e12), min_size=3, max_size=3),
    kinds=st.lists(st.sampled_from(["=", ">=", "<="]), min_size=2, max_size=2),
)
def test_bounds_of_any_size_leave_probabilities(register, sizes, kinds):
    names = ("floor_m2", "racks", "land_m2")
    texts = [f"{n}{k}{v:.6g}" for n, k, v in zip(names, ("=", *kinds), sizes, strict=True)]
    found = gaussian(register, "it_mw", *texts, country="CN")
    for size in (1e-6, 1.0, 1e3, 1e12):
        assert 0 <= found.at_least(size) <= 1
        assert found.at_least(size) + found.at_most(size) == pytest.approx(1, abs=1e-5)
    low, best, high = found.interval
    assert 0 < low <= best <= high < np.inf


def test_givens_that_contradict_each_other_are_not_combined(register):
    """V10: 10 MW and 330,000 m2 differ by a factor of some sixty; the weighted middle of the two is no answer."""
    found = one(register, "chips", "it_mw=10", "floor_m2=330000", country="CN", chip="H100")
    assert found.refused and np.isnan(found.best) and found.to_dict()["chips"]["best"] is None
    (first, *_) = found.conflicts
    assert first.p < 1e-6 and 50 < first.factor < 80
    text = found.text()
    assert "no single answer" in text and text.count("CONTRADICTION") == 1 and "alone gives" in text


def test_givens_that_agree_have_no_conflict(register):
    found = one(register, "it_mw", "floor_m2=33000", "land_m2=22000", country="CN")
    assert not found.refused
    assert all(c.p > 0.01 for c in found.conflicts)


def test_the_predictive_p_agrees_with_sampling(register):
    givens = [Given("it_mw", 90, 110), Given("floor_m2", 14_000, 15_000), Given("land_m2", 5e4, 6e4)]
    readings = Network.of(register).readings({"it_mw", "floor_m2", "land_m2"}, country="CN")
    found = next(c for c in model.conflicts(givens, readings) if c.given.quantity == "it_mw")
    rng, n = np.random.default_rng(3), 400_000
    (r,) = readings
    mean, load, _ = model.design(r, ["it_mw", "floor_m2", "land_m2"])
    e = rng.standard_normal((n, load.shape[1]))
    # two estimates of the size by the two areas, weighed by their own inverse covariance
    sds = np.array([g.sd for g in givens])
    own = load[1:] @ load[1:].T + np.diag(sds[1:] ** 2)
    w = np.linalg.inv(own).sum(axis=1) / np.linalg.inv(own).sum()
    size = w @ (np.array([g.log for g in givens[1:]]) - mean[1:])
    error = -(e @ load[1:].T + rng.standard_normal((n, 2)) * sds[1:]) @ w
    seen = size + error + rng.standard_normal(n) * sds[0]
    p = 2 * min((seen >= givens[0].log).mean(), (seen <= givens[0].log).mean())
    assert found.p == pytest.approx(p, rel=0.05)


def test_a_bound_that_the_others_leave_no_room_for_is_a_conflict(register):
    found = one(register, "it_mw", "floor_m2=3000", "pflops>=60000", country="CN", chip="H100")
    assert any(c.given.bound and c.p < 0.01 for c in found.conflicts) and found.refused


def test_a_sum_of_one_is_that_one(register):
    part = gaussian(register, "it_mw", "floor_m2=33000", country="CN")
    total = model.sum_of([part])
    assert total.interval == part.interval and total.at_least(70) == part.at_least(70)


def test_errors_of_relations_are_common_to_a_sum(register):
    """Forty halls by the same relation: the sum is as uncertain as one hall, far wider than if they were independent."""
    parts = [gaussian(register, "it_mw", f"floor_m2={m2}", country="CN") for m2 in np.linspace(1e4, 9e4, 39)]
    low, best, high = model.sum_of(parts).interval
    one_low, _, one_high = parts[0].interval
    assert high / low == pytest.approx(one_high / one_low, rel=0.05)
    assert best == pytest.approx(sum(p.interval[1] for p in parts), rel=0.03)
    assert model.sum_of(parts).interval == (low, best, high)


def test_what_is_not_shared_averages_out(register):
    """The family of the chip is a matter of each site."""
    parts = [gaussian(register, "chips", "it_mw=10", country="CN") for _ in range(30)]
    low, _, high = model.sum_of(parts).interval
    assert high / low < 0.5 * parts[0].interval[2] / parts[0].interval[0]
    total = model.sum_of(parts)
    assert total.at_least(low) == pytest.approx(0.95, abs=0.01) and total.at_most(high) == pytest.approx(0.95, abs=0.01)


def test_nothing_to_add_is_said():
    with pytest.raises(BadInputError, match="nothing to add"):
        model.sum_of([])
