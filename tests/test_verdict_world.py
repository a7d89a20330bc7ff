import numpy as np
import pytest

from benchmarks.verdict import ranges, ranges_world
from osint.register import load_register

SITES = 120


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    return folder, *ranges_world.write_case(folder, 3, SITES)


def test_a_simulated_case_is_a_legal_register(case):
    folder, truths, _ = case
    register = load_register(folder / "data")
    assert list(register.claims["claim_id"]) == [t.claim_id for t in truths]
    assert {t.sort.split(",")[0] for t in truths} >= {"installed", "can carry", "dated plan", "completion", "aggregate"}
    assert 0.3 < np.mean([t.true for t in truths if t.sort == "installed"]) < 0.7


def test_the_intervals_and_places_of_the_world_are_honest():
    rng = np.random.default_rng(1)
    held = []
    for true in 10 ** rng.uniform(0, 5, 2000):
        said = ranges_world.measured(rng, true, 1.2)
        held.append(said["low"] <= true <= said["high"])
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)


def test_a_late_claim_is_late_by_the_days_of_its_hall(case):
    _, truths, seen = case
    late = [t for t in truths if t.late]
    assert all(min(p.reached[t.rung] for p in t.hall.parts if t.part in ("", p.name)) > t.due for t in late)
    assert any(t.site_id in seen and seen[t.site_id].bracketed(t) for t in late)


def test_a_tool_that_says_nothing_is_counted_as_one_that_says_nothing(case):
    _, truths, seen = case
    rows = [ranges.Judged(t, seen.get(t.site_id), {"finding": None, "probability": None}) for t in truths]
    said = "\n".join(ranges.table(rows, []))
    assert "none stated" in said and "none given" in said and " 0 of " in said


def test_the_scorer_tells_a_perfect_judge_from_one_that_refutes_everything(case):
    _, truths, seen = case

    def told(finding):
        rows = [ranges.Judged(t, seen.get(t.site_id), {"finding": finding(t)}) for t in truths]
        return {line.split(" | ")[0]: line.split(" | ")[1] for line in ranges.table(rows, []) if " | " in line}

    perfect, harsh = told(lambda t: "untested" if t.true else "refuted"), told(lambda t: "refuted")
    over_all = "| the same, over all (at most 1%)"
    assert "(0.0%)" in perfect[over_all] and "(100.0%)" in harsh[over_all]
    assert "(100.0%)" in perfect["| late, seen in a series after the due day at a sure place: caught (90% or more)"]
