"""Which change of an outline was its cover: gaps between scenes, slabs, changes that show in one band alone."""

import datetime as dt
import itertools

import numpy as np
import pytest

from osint.change import covers, history, stages, works
from osint.change.landcover import Kind
from osint.change.reasons import Doubt, Reason, sentences
from osint.change.series import Series
from osint.change.structure import Structure, long_interval

GROUND, SLAB, ROOF = (1.0, 1.0, 1.0), (1.5, 1.2, 1.5), (3.0, 1.4, 3.1)
"""Over the surroundings, in blue, short-wave infrared and red."""


def half_covered(states, seen=((-400, -2), (62, 400)), spacing=12.0, seed=0, near=(-5.0, 65.0)):
    """Return low, best and high of half covered; `states` are (day from which, levels), `seen` spans of scenes."""
    rng = np.random.default_rng(seed)
    days = np.concatenate([np.arange(first, last, spacing) for first, last in seen]) + rng.uniform(0, 1)
    levels = np.array([next(level for day, level in reversed(states) if t >= day) for t in days])
    values = levels * (1 + 0.01 * rng.standard_normal(levels.shape))
    return stages.time_cover(days, values, near, (-np.inf, np.inf)).half


@pytest.mark.parametrize(
    "before", [[], [(-150, SLAB)], [(-150, (1.3, 1.3, 1.3)), (-60, SLAB)]], ids=["bare", "slab", "both"]
)
def test_between_two_scenes_no_day_of_a_cover_is_likelier_than_the_others(before):
    low, best, high = half_covered([(-np.inf, GROUND), *before, (30, ROOF)])
    # no scene lies between day -4 and day 62: nothing pulls the date to either end
    assert 15 < best < 45
    assert low < 12
    assert high > 48


def test_the_steps_that_were_found_do_not_end_within_a_gap():
    # a slab and a cover taken for one step end it between two scenes, which say nothing of the day
    states = [(-np.inf, GROUND), (-90, SLAB), (30, ROOF)]
    _, best, high = half_covered(states, near=(-100.0, 10.0))
    assert 15 < best < 45
    assert high > 48


def test_a_stage_that_no_scene_saw_may_hide_in_the_gap_before_the_cover():
    _, bare, _ = half_covered([(-np.inf, GROUND), (30, ROOF)])
    _, slab, _ = half_covered([(-np.inf, GROUND), (-90, SLAB), (30, ROOF)])
    # with a slab already seen a hidden one is less likely, so half of the cover is not as late in the gap
    assert 0 <= bare - slab < 10


def test_painted_steel_over_concrete_of_the_same_blue_is_dated_by_red():
    steel = (1.5, 1.2, 0.9)
    everywhere = ((-400, 400),)
    states = [(-np.inf, GROUND), (-80, SLAB), (30, steel)]
    low, best, high = half_covered(states, seen=everywhere, near=(-100.0, 50.0))
    assert abs(best - 30) < 10
    # one day wider as in every row: this cover takes no time, which none does
    assert low - history.HALF_MARGIN_DAYS <= 30 <= high + history.HALF_MARGIN_DAYS
    # a band that scatters little and says nothing of the cover does not hide it
    scraped = [(-np.inf, GROUND), (-80, (1.4, 1.9, 1.4)), (30, (1.4, 1.92, 0.8))]
    assert abs(half_covered(scraped, seen=everywhere, near=(-100.0, 50.0))[1] - 30) < 10


def test_what_mostly_looks_again_as_the_stage_before_it_did_is_no_cover():
    # blue of a roof laid by day 2 that stands out more for a summer, and the same as slab and cover
    values = np.array([[1.0], [1.0], [3.2], [3.2], [4.6], [4.5], [3.5], [3.1], [3.0], [3.0]])
    cover, stage = np.arange(10) >= 4, (np.arange(10) >= 2) & (np.arange(10) < 4)
    slab = np.where(stage[:, None], 1.8, values)
    unseen = np.zeros((1, 10))

    def stays_new(shown, stage):
        return stages._stays_new(shown, cover[None].astype(float), stage.astype(float), np.array([0.7])).all()

    assert not stays_new(values, stage[None])
    assert stays_new(slab, stage[None])
    assert stays_new(values, unseen)


def structure(half, probability, kind=Kind.OTHER, **how):
    day = dt.date(1970, 1, 1) + dt.timedelta(half)
    return Structure(kind=kind, probability=probability, roofed_best=day, half_day=half, **how)


@pytest.mark.parametrize(
    ("first", "days_later", "separable", "is_stage"),
    [
        (0.35, 90, True, True),
        (0.35, 300, True, False),
        (0.7, 90, True, True),  # concrete may have the colour of a roof; two parts of one roof lie on other pixels
        (0.7, 90, False, False),  # a small outline: the first may be half of the roof
        (0.35, 90, False, True),
    ],
)
def test_what_a_roof_soon_covers_is_its_slab(first, days_later, separable, is_stage):
    slab, roof = structure(19_000, first), structure(19_000 + days_later, 0.9, Kind.BRIGHT_ROOF)
    assert covers.is_stage(slab, roof, separable) == is_stage
    assert not covers.is_stage(structure(19_000, first, doubts=(Doubt(Reason.SNOW_OR_WATER),)), roof, separable)
    assert not covers.is_stage(slab, structure(19_000 + days_later, 0.3), separable)


def test_an_interval_of_most_of_a_year_says_that_the_day_is_not_known():
    start = dt.date(2023, 1, 1)
    doubt = long_interval(start, start + dt.timedelta(352), 210.0)
    assert doubt.reason is Reason.LONG_INTERVAL
    assert sentences([doubt]).startswith("when half of it was covered is not known between 2023-01-01 and 2023-12-19")
    assert long_interval(start, start + dt.timedelta(200), 90.0) is None


GOBI, CONCRETE = (0.118, 0.258, 0.246, 0.168), (0.34, 0.41, 0.36, 0.40)
"""Reflectances in B02, B11, B12, B04 after published curves, as those below."""
RED_STEEL, WHITE_STEEL, GREY_STEEL = (0.075, 0.35, 0.41, 0.21), (0.47, 0.44, 0.43, 0.53), (0.31, 0.37, 0.40, 0.35)
SCRAPED, PANELS = (0.14, 0.30, 0.285, 0.20), (0.18, 0.28, 0.225, 0.20)


def read_levels(*built):
    """Return how changes are read: what stands from day 0 on, and the following (day, reflectance)."""
    days = np.arange(-400.0, 800.0, 10.0)
    inside = np.array([next(r for day, r in reversed([(-np.inf, GOBI), *built]) if t >= day) for t in days])
    inside = inside * (1 + 0.01 * np.random.default_rng(1).standard_normal(inside.shape))
    around = np.tile(GOBI, (len(days), 1))
    seen = Series(days, inside - around, inside, around, ("B02", "B11", "B12", "B04"), {}, 10.0)
    changes = [works.Change(day - 1, day, day + 1, (day - 5, day + 5)) for day, _ in built]
    return works.read(changes, seen, (-np.inf, np.inf))


@pytest.mark.parametrize("steel", [RED_STEEL, WHITE_STEEL, GREY_STEEL], ids=["red", "white", "grey"])
def test_what_follows_a_slab_within_months_is_the_cover(steel):
    # grey steel differs from concrete in B12 alone
    reading = read_levels((0, CONCRETE), (90, steel))
    assert reading.cover[1] > 0.7
    assert reading.bare < 0.1


def test_panels_on_a_roof_are_neither_the_cover_nor_a_removal():
    for steel in (RED_STEEL, WHITE_STEEL):
        reading = read_levels((0, steel), (300, PANELS))
        assert reading.cover[0] > 0.4  # the interval holds both
        assert reading.bare < 0.3
    assert read_levels((0, WHITE_STEEL), (300, GOBI)).bare > 0.5


def test_ground_that_is_as_it_was_before_a_slab_is_bare_again():
    assert read_levels((0, CONCRETE), (300, GOBI)).bare > 0.5
    # what dust and the sun do to a roof is no cover of its own
    assert read_levels((0, WHITE_STEEL), (60, tuple(0.93 * v for v in WHITE_STEEL))).cover[0] > 0.8


def test_a_rest_of_the_work_is_held_where_no_scene_says_that_there_was_none():
    assert covers._rested(10.0, 20.0, np.array([0.0, 8.0, 60.0])) == (8.0, 20.0 + covers.WORK_RESTS_DAYS)
    assert covers._rested(10.0, 20.0, np.array([9.0, 21.0])) == (9.0, 21.0)


def ways_one_by_one(likely, days, alike):
    """Sum over all orders of states, each followed by itself: what `works._weights` sums level by level."""
    weights = np.zeros((2, len(likely) - 1))
    for states in itertools.product(range(5), repeat=len(likely) - 1):
        state, cover, weight = works.GROUND, 0, 1.0
        for number, then in enumerate(states, 1):
            since = cover if state == works.ROOF else number - 1
            sun = works.SUN / works.YEAR_DAYS * alike[since:number, number].max()
            rate = works._moves(state, days[number - 1], sun).get(then, 0.0)
            cover = number if then == works.ROOF and state != works.ROOF else cover
            share = works.LOCAL_GRAVEL if cover == number else works.AS_BEFORE if then == works.BARE else 0.0
            of = likely[number, then]
            weight *= rate * (of + share * (alike[: max(cover, 1), number].max() - of))
            state = then
        if cover:
            weights[int(state == works.BARE), cover - 1] += weight
    return weights


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_weight_of_a_cover_is_the_sum_over_all_orders_of_works(count):
    rng = np.random.default_rng(count)
    likely, days = np.exp(rng.normal(size=(count + 1, 5))), rng.uniform(5, 400, count)
    alike = np.exp(rng.normal(0, 2, (count + 1, count + 1)))
    told, truth = works._weights(likely, days, alike), ways_one_by_one(likely, days, alike)
    np.testing.assert_allclose(told / told.sum(), truth / truth.sum(), rtol=1e-9, atol=1e-15)


def test_sixty_changes_are_weighed_at_once():
    """The orders of sixty works are more than could be looked at one by one, and their weights less than a float."""
    rng = np.random.default_rng(1)
    told = works._weights(np.exp(rng.normal(size=(61, 5))), rng.uniform(5, 400, 60), np.ones((61, 61)))
    assert np.isfinite(told).all() and told.sum() > 0
