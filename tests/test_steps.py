import numpy as np
import pandas as pd
import pytest

from osint.change.steps import date_step, to_days
from osint.errors import OsintError


def made(seed, *, count=150, size=8.0, ramp=25.0, bands=1, middle=19_950.0, bad=0.0, season=0.0, share=0.6):
    """Return days and values of a step with heavy-tailed scatter 1, and when it was half done and complete."""
    rng = np.random.default_rng(seed)
    days = 19_358 + np.sort(rng.choice(int(count / share), count, replace=False)) * 5.0
    done = np.clip((days - middle) / ramp + 0.5, 0, 1)
    values = size * done[:, None] * np.linspace(1, 0.6, bands) + rng.standard_t(4, (count, bands))
    values += season * np.cos(2 * np.pi * days / 365.25)[:, None]
    spoiled = rng.random(count) < bad
    values[spoiled] += rng.uniform(5, 40, (int(spoiled.sum()), bands))
    return days, values, middle, middle + ramp / 2


def day(moment):
    return float((moment - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(86_400, "s"))


def test_intervals_cover_half_and_complete_at_the_stated_rate():
    half = complete = 0
    for seed in range(16):
        days, values, middle, end = made(seed, bands=1 if seed % 2 else 3, bad=0.08)
        (step,) = date_step(days, values)
        half += day(step.low) <= middle <= day(step.high)
        complete += day(step.complete.low) <= end <= day(step.complete.high)
        assert abs(day(step.best) - middle) < 20
    assert half >= 13
    assert complete >= 13


def test_no_change_gives_none_however_many_bad_scenes():
    for seed in range(8):
        days, values, *_ = made(seed, size=0.0, bands=2, bad=0.1)
        found = date_step(days, values)
        assert len(found) == 0
        assert found.reason


def test_one_misread_scene_does_not_move_the_date():
    days, values, *_ = made(3)
    moved = values.copy()
    moved[40] += 60
    first, second = (day(next(iter(date_step(days, v))).best) for v in (values, moved))
    assert abs(first - second) < 2


def test_a_season_is_no_step_and_does_not_hide_one():
    days, values, middle, _ = made(4, season=3.0)
    (step,) = date_step(days, values)
    assert abs(day(step.best) - middle) < 20
    days, values, *_ = made(5, season=3.0, size=0.0)
    assert len(date_step(days, values)) == 0


def test_two_phases_and_a_demolition_are_three_steps():
    rng = np.random.default_rng(1)
    days = 19_358 + np.arange(160) * 6.0
    truth = [days[40], days[80], days[125]]
    levels = 6.0 * (days >= truth[0]) + 6.0 * (days >= truth[1]) - 12.0 * (days >= truth[2])
    found = date_step(days, levels + rng.standard_t(4, len(days)))
    assert [round(float(s.size[0]) / 6) for s in found] == [1, 1, -2]
    for step, when in zip(found, truth, strict=True):
        assert abs(day(step.best) - when) < 12


def test_a_spell_of_snow_that_passes_is_no_step():
    rng = np.random.default_rng(2)
    days = 19_358 + np.arange(150) * 6.0
    values = rng.normal(0, 1, 150) + 15.0 * ((days > 19_700) & (days < 19_760))
    assert len(date_step(days, values)) == 0


def test_a_gap_widens_the_interval_over_it():
    days, values, *_ = made(6, middle=19_950, ramp=5)
    kept = (days < 19_900) | (days > 20_020)
    (step,) = date_step(days[kept], values[kept])
    assert day(step.high) - day(step.low) > 60
    assert step.gap_days > 110


def test_a_dozen_dated_screenshots_are_enough():
    when = pd.date_range("2023-01-15", periods=12, freq="60D")
    values = [0.21, 0.20, 0.22, 0.21, 0.19, 0.20, 0.47, 0.46, 0.48, 0.45, 0.47, 0.46]
    (step,) = date_step(when, values)
    assert when[5].to_datetime64() <= step.low <= step.best <= step.high <= when[6].to_datetime64()
    assert step.size[0] == pytest.approx(0.26, abs=0.02)
    assert date_step([str(d.date()) for d in when], values, sigma=0.01).steps[0].best == pytest.approx(step.best)


def test_a_stated_sigma_that_is_too_small_is_not_believed():
    days, values, *_ = made(7, size=0.0)
    assert len(date_step(days, values, sigma=0.01)) == 0


@pytest.mark.parametrize(
    ("times", "values", "reason"),
    [
        ([1, 2, 3], [1, 2, 3], "too few values: 3"),
        (range(10), [5.0] * 10, "every value is the same"),
        (range(10), [np.nan] * 10, "too few values: 0"),
    ],
)
def test_refusals_carry_their_reason(times, values, reason):
    found = date_step(list(times), values)
    assert not found.steps
    assert reason in found.reason


def wandering(seed, memory, season, drift):
    rng = np.random.default_rng(seed)
    days = 19_358.0 + np.sort(rng.choice(1_000, 110, replace=False))
    values = rng.normal(0, 1, len(days))
    for i in range(1, len(days)):
        rho = memory ** ((days[i] - days[i - 1]) / 5)
        values[i] = rho * values[i - 1] + np.sqrt(1 - rho**2) * values[i]
    return days, values + season * np.sin(2 * np.pi * days / 365.25 + seed) + drift * (days - days[0]) / 1_000


@pytest.mark.parametrize(("memory", "season", "drift"), [(0.85, 0, 0), (0, 4, 0), (0, 0, 8), (0.5, 3, 3)])
def test_slow_noise_a_season_and_a_drift_are_no_steps(memory, season, drift):
    for seed in range(4):
        found = date_step(*wandering(seed, memory, season, drift))
        assert len(found) == 0
        assert found.reason


@pytest.mark.parametrize(("memory", "season", "drift"), [(0.5, 0, 0), (0, 4, 0), (0, 0, 4)])
def test_a_step_is_seen_above_slow_noise_a_season_or_a_drift(memory, season, drift):
    for seed in range(3):
        days, values = wandering(seed, memory, season, drift)
        (step,) = date_step(days, values + 9.0 * (days > 19_900))
        assert abs(day(step.best) - 19_900) < 15


def test_one_slow_ramp_is_one_step():
    days, values, middle, _ = made(9, size=9.0, ramp=120.0)
    (step,) = date_step(days, values)
    assert day(step.low) - 3 <= middle <= day(step.high) + 3
    assert day(step.complete.best) - day(step.begun.best) > 60


def test_scatter_may_differ_before_and_after_a_step():
    rng = np.random.default_rng(0)
    days = 19_358 + np.arange(120) * 8.0
    after = days > 19_900
    values = np.where(after, 20 + rng.normal(0, 2.5, 120), rng.normal(0, 0.2, 120))
    (step,) = date_step(days, values)
    assert 19_892 <= day(step.low) <= 19_901 <= day(step.high) <= 19_912


def posterior(days, values, sigma):
    """Return the 5%, 50% and 95% points of the half-way moment by summing over begin, duration and both levels."""
    begins, lengths = np.arange(days[20], days[-20], 1.0), np.arange(0.0, 80, 4)
    levels = np.array([-0.6, -0.3, 0, 0.3, 0.6])
    low, high = (grid.reshape(-1, 1) for grid in np.meshgrid(levels, 12 + levels))
    mass = {}
    for length in lengths:
        for begin in begins:
            done = np.clip((days - begin) / max(length, 1e-9), 0, 1)
            residual = (values - low - (high - low) * done) / sigma
            total = np.exp(-2.5 * np.log1p(residual**2 / 4).sum(1) + 60).sum()
            half = begin + length / 2
            mass[half] = mass.get(half, 0) + total * (20 + length) ** -1.3
    halves = np.array(sorted(mass))
    weight = np.cumsum([mass[h] for h in halves])
    return [halves[np.searchsorted(weight, q * weight[-1])] for q in (0.05, 0.5, 0.95)]


def test_the_interval_is_that_of_a_posterior_summed_by_brute_force():
    rng = np.random.default_rng(11)
    days = 19_358 + np.sort(rng.choice(120, 80, replace=False)) * 6.0
    values = 12 * np.clip((days - 19_700) / 40, 0, 1) + rng.standard_t(4, 80)
    (step,) = date_step(days, values, sigma=1.0)
    for got, wanted in zip((step.low, step.best, step.high), posterior(days, values, 1.0), strict=True):
        assert abs(day(got) - wanted) < 4


def test_lengths_that_differ_are_an_error():
    with pytest.raises(OsintError, match="differ in length"):
        date_step([1, 2, 3], [1.0, 2.0])


def test_days_count_from_1970_in_utc():
    assert to_days(["1970-01-02T00:00:00Z", "1970-01-03T02:00:00+02:00"]).tolist() == [1.0, 2.0]
