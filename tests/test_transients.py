"""What covers an outline for some months and goes: a roof soon taken down, or dust, snow, crust; and what the sun does to a roof."""

from dataclasses import replace

import numpy as np
import pytest

from osint.change import history, steps
from osint.change.series import Series
from osint.change.transients import transients

BANDS = ("B02", "B04", "B11")
GROUND = np.array([0.12, 0.19, 0.29])
ROOF = np.array([0.43, 0.45, 0.33])
SNOW = np.array([0.45, 0.45, 0.1])
FIRST = 19_358.0
"""1 January 2023."""


def series(shares, colour=ROOF, every=8, seed=0):
    """Return a series whose look on day d after FIRST is `shares(d)` of `colour` and the rest ground."""
    rng = np.random.default_rng(seed)
    days = FIRST + np.arange(0, 1_096, every)
    share = np.array([shares(d - FIRST) for d in days])[:, None]
    inside = GROUND * (1 - share) + np.asarray(colour) * share
    inside = inside + rng.normal(0, 0.003, inside.shape)
    around = GROUND + rng.normal(0, 0.003, inside.shape)
    return Series(days, inside - around, inside, around, BANDS, {}, 43.0)


def told(seen):
    return [s.to_row() for s in structures(seen)]


def structures(seen):
    ground = steps.date_step(seen.days, seen.contrast[:, [0, 2]])
    return history.structures(ground, steps.date_step(seen.days, seen.whiteness()), seen)


@pytest.mark.parametrize("stood", [70, 100, 128])
@pytest.mark.parametrize("every", [8, 14])
def test_a_roof_that_stood_for_months_has_dates_and_a_reserve(stood, every):
    (row,) = told(series(lambda d: float(500 < d < 500 + stood), every=every, seed=stood))
    assert row["kind"] == "bright roof"
    assert row["roofed_low"] <= "2024-05-15" <= row["roofed_high"]
    gone = str(np.datetime64("2024-05-15") + np.timedelta64(stood, "D"))
    assert row["removed_low"] <= gone <= row["removed_high"]
    assert row["probability"] < 0.5
    assert "stood for about" in row["cannot_tell"]
    # three bands leave its colour open, and nothing else
    assert set(row["doubts"].split("|")) <= {"SHORT_LIVED", "OPEN_KIND"}


@pytest.mark.parametrize(
    ("shares", "colour"),
    [
        (lambda d: float(500 < d < 600), SNOW),
        (lambda d: float(500 < d < 530), ROOF),
        (lambda d: float(300 < d < 400 or 665 < d < 765), ROOF),
    ],
    ids=["snow", "a month", "every year"],
)
def test_weather_is_no_roof(shares, colour):
    assert [r for r in told(series(shares, colour)) if r["roofed_best"]] == []


def test_what_fades_is_not_called_a_building():
    rows = told(series(lambda d: max(0.0, 1 - (d - 500) / 110) if d > 500 else 0.0))
    assert all(r["probability"] < 0.5 and r["cannot_tell"] for r in rows)


def test_a_run_is_found_whatever_the_step_finder_makes_of_its_looks():
    seen = series(lambda d: float(500 < d < 610))
    # three looks, one of them misread, are no level for the step finder
    few = np.r_[np.flatnonzero(seen.days < FIRST + 495)[::4], 63, 66, 72, np.flatnonzero(seen.days > FIRST + 615)[::4]]
    white = seen.whiteness()[few]
    white[np.searchsorted(few, 66)] *= 0.4
    covered = steps.date_step(seen.days[few], white)
    assert len(covered) == 0
    (spell,) = transients(seen.days[few], white, covered)
    assert spell.before_day < FIRST + 500 < spell.first_day <= spell.last_day < FIRST + 610 < spell.after_day


def test_a_winter_sun_neither_adds_to_a_roof_nor_takes_it_away():
    # what stands out less under a low sun: seen with few looks the wave of a roof looks like steps
    seen = series(lambda d: (0.9 + 0.2 * float(800 < d < 950)) * (d > 600) if d < 1_030 else 0.55, every=30)
    (row,) = told(seen)
    assert row["removed_high"] is None


def test_the_longest_time_without_a_scene_says_what_may_have_been_missed():
    """Cleared on day 800 and built again on day 840: no scene falls between, and the row says how long none did."""
    seen = series(lambda d: float(400 < d < 800 or d > 840), every=4)
    few = (seen.days < FIRST + 790) | (seen.days > FIRST + 850)
    kept = replace(seen, **{name: getattr(seen, name)[few] for name in ("days", "contrast", "inside", "around")})
    (structure,) = structures(kept)
    assert structure.stands
    assert structure.longest_unseen(kept.days) == np.diff(kept.days).max() == 64
    # where scenes do fall between, too few for steps of their own, it says so
    (row,) = told(seen)
    assert "not there on 9 scenes in a row, 2025-03-19 to 2025-04-20: it may have been taken down" in row["cannot_tell"]
    assert structure.to_row()["cannot_tell"] is None or "not there" not in structure.to_row()["cannot_tell"]


@pytest.mark.parametrize(("days", "slow"), [(10, False), (150, True)])
def test_ground_that_changes_over_months_is_not_said_to_be_broken(days, slow):
    dark = GROUND - np.array([0.05, 0.08, 0.1])
    (row,) = told(series(lambda d: float(np.clip((d - 450) / days, 0, 1)), dark))
    assert row["kind"] == "earthworks"
    assert ("SLOW_GROUND" in row["doubts"], "NO_ROOF" in row["doubts"]) == (slow, not slow)
