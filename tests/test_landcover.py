"""What stands on an outline: colours and series of known make, and SIMULATED panels, film and roofs."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from osint import change, simulated
from osint.change import history, landcover, lasting, stack, steps, stood_before
from osint.change.landcover import Kind, LandCover
from osint.change.reasons import Doubt, Reason, sentence
from osint.change.series import Series
from osint.change.structure import Structure
from osint.simulated.spectra import SPECTRA
from tests.simulated_data import dataset

BANDS = ("B02", "B04", "B11")
ALL = ("B02", "B03", "B04", "B08", "B8A", "B11", "B12")
GROUND = np.array([0.12, 0.19, 0.29])
START, END = "2023-01-01", "2024-12-31"


def spectrum(name):
    return np.array([SPECTRA[name][ALL.index(b)] for b in BANDS]) / 1e4


def seen_as(colour, swing=0.0):
    return landcover.WindowMedian(dict(zip(BANDS, colour, strict=True)), dict(zip(BANDS, GROUND, strict=True)), swing)


def appeared(colour, took_days=40.0, swing=0.0):
    return landcover.appeared(seen_as(GROUND), seen_as(colour, swing), took_days)


@pytest.mark.parametrize("brightness", [0.4, 0.63, 1.0])
def test_snow_is_snow_at_any_brightness(brightness):
    assert appeared(spectrum("snow") * brightness) == LandCover(Kind.OTHER, 0.2, Doubt(Reason.SNOW_OR_WATER))


@pytest.mark.parametrize("name", ["bright roof", "blue roof"])
@pytest.mark.parametrize("brightness", [0.8, 1.2])
def test_pale_roofs_are_not_snow(name, brightness):
    seen = appeared(spectrum(name) * brightness)
    assert seen.kind in (Kind.BRIGHT_ROOF, Kind.COLOURED_ROOF)
    assert seen.probability > 0.5


@pytest.mark.parametrize("colour", [spectrum("dark roof"), 0.75 * spectrum("solar field") + 0.25 * GROUND])
def test_how_long_it_took_is_no_evidence(colour):
    assert len({appeared(colour, took).kind for took in (5, 40, 60, 200)}) == 1


def test_what_swings_with_the_seasons_is_not_dated_without_reserve():
    assert appeared(spectrum("bright roof"), swing=0.3) == LandCover(Kind.OTHER, 0.2, Doubt(Reason.SEASONAL))


@pytest.mark.parametrize("ground", ["gobi", "soil", "playa"])
@pytest.mark.parametrize("cover", [0.3, 0.45, 0.6])
def test_panels_over_any_ground_are_a_field(ground, cover):
    below = spectrum(ground)
    flat = np.array([0.075, 0.08, 0.09])
    for panels in (spectrum("solar field"), flat):
        mixed = cover * panels + (1 - cover) * below
        around = dict(zip(BANDS, below, strict=True))
        assert landcover.judged(dict(zip(BANDS, mixed, strict=True)), around).probability < 0.5


CRUST = {"B02": 0.36, "B03": 0.4, "B04": 0.43, "B08": 0.46, "B11": 0.39, "B12": 0.31}


def test_straight_edges_speak_for_a_roof_and_a_ragged_edge_against_one():
    probability = [
        landcover.judged(CRUST, {}, 30_000, landcover.Shape(squared, 1.5)).probability for squared in (0.2, 0.45, 0.8)
    ]
    assert probability == sorted(probability)
    assert probability[0] < 0.5 < probability[-1] < 0.9


def test_what_stays_open_says_so_with_both_names():
    seen = landcover.judged(CRUST, {})
    assert seen.doubt.reason is Reason.OPEN_KIND
    assert "roof" in sentence(seen.doubt)
    assert "salt" in sentence(seen.doubt)
    blank = landcover.judged(dict.fromkeys(BANDS, np.nan), {})
    assert (blank.kind, blank.doubt.reason) == (Kind.OTHER, Reason.NO_COLOUR)


@pytest.mark.parametrize(
    ("form", "squared"),
    [("hall", (0.6, 1.0)), ("L", (0.5, 1.0)), ("oval", (0.0, 0.4)), ("star", (0.0, 0.4))],
)
@pytest.mark.parametrize("turned_deg", [0, 22, 37])
def test_a_hall_also_of_an_l_has_edges_at_a_right_angle_and_an_oval_has_not(form, squared, turned_deg):
    rng, (y, x) = np.random.default_rng(4), np.mgrid[:240, :240] / 4 - 30
    turn = np.radians(turned_deg)
    along, across = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    whole = (np.abs(along) < 7) & (np.abs(across) < 6)
    cover = (
        {
            "hall": (np.abs(along) < 6) & (np.abs(across) < 4),
            "L": whole & ((along < 0) | (across < 0)),
            "oval": np.hypot(along / 7, across / 5) < 1,
            "star": np.hypot(x, y) < 9 + 7 * np.cos(3 * np.arctan2(across, along)),
        }[form]
        .reshape(60, 4, 60, 4)
        .mean((1, 3))
    )
    share = ndimage.gaussian_filter(cover, 0.65)
    middle = {b: 0.15 + 0.3 * share + rng.normal(0, 0.004, share.shape) for b in ("B02", "B04", "B08")}
    shape = landcover.shape_of(middle, cover)
    assert squared[0] <= shape.squared <= squared[1]


@pytest.mark.parametrize("side_px", [5, 7, 14])
@pytest.mark.parametrize("grown_px", [0, 1])
@pytest.mark.parametrize("roof", [(0.12, 0.13, 0.14, 0.13), (0.43, 0.45, 0.44, 0.33)])
def test_the_colour_of_a_small_roof_is_free_of_its_yard_even_if_drawn_too_large(side_px, grown_px, roof):
    rng = np.random.default_rng(side_px)
    roofed, cover = np.zeros((40, 40)), np.zeros((40, 40))
    roofed[12 : 12 + side_px, 12 : 12 + 2 * side_px] = 1
    cover[12 - grown_px : 12 + side_px + grown_px, 12 - grown_px : 12 + 2 * side_px + grown_px] = 1
    yard = (0.18, 0.28, 0.33, 0.39)
    middle = {}
    for band, own, about in zip(("B02", "B04", "B08", "B11"), roof, yard, strict=True):
        share = ndimage.gaussian_filter(roofed, 1.25 if band == "B11" else 0.65)
        middle[band] = own * share + about * (1 - share) + rng.normal(0, 0.005, share.shape)
    found = landcover.colours(middle, cover)
    for band, own in zip(middle, roof, strict=True):
        assert found[band] == pytest.approx(own, abs=0.015 if side_px > 5 else 0.035)


def series(levels, seed=0):
    """Return a series of looks every 20 days over three years; `levels` has (first day, colour) in time order."""
    rng = np.random.default_rng(seed)
    days = 19_358.0 + np.arange(0, 1_096, 20)
    inside = np.tile(GROUND, (len(days), 1))
    for first, colour in levels:
        inside[days >= 19_358 + first] = colour
    inside = inside + rng.normal(0, 0.003, inside.shape)
    around = GROUND + rng.normal(0, 0.003, inside.shape)
    return Series(days, inside - around, inside, around, BANDS, {}, 43.0)


def told(levels):
    seen = series(levels)
    ground = steps.date_step(seen.days, seen.contrast[:, [0, 2]])
    structures = history.structures(ground, steps.date_step(seen.days, seen.whiteness()), seen)
    return [s.to_row() for s in structures]


SCRAPED = GROUND * (1.3, 1.4, 1.4)


def test_scraped_ground_is_earthworks_and_ground_that_heals_is_not():
    (row,) = told([(400, SCRAPED)])
    assert row["kind"] == "earthworks"
    # the last look before the work is of 16 January, the first after it of 5 February
    assert row["onset_low"] <= "2024-02-05"
    assert row["onset_high"] >= "2024-01-16"
    assert told([(400, SCRAPED), (760, GROUND)]) == []


def test_what_was_there_at_the_start_and_comes_back_is_no_building():
    snow = np.array([0.45, 0.45, 0.1])
    white = np.array([0.43, 0.45, 0.33])
    for colour in (snow, white):
        rows = told([(0, colour), (120, GROUND), (300, colour), (480, GROUND), (900, colour)])
        assert rows
        for row in rows:
            assert row["kind"] == "other"
            assert row["probability"] < 0.5
            assert "comes and goes" in row["cannot_tell"]


def test_a_roof_that_replaces_an_older_one_keeps_its_date():
    (row,) = told([(0, (0.43, 0.45, 0.33)), (300, SCRAPED), (700, (0.43, 0.45, 0.33))])
    assert row["kind"] == "bright roof"
    # three bands leave its colour open, and nothing else
    assert set((row["doubts"] or "OPEN_KIND").split("|")) == {"OPEN_KIND"}


WHITE, WATER, MUD = (0.43, 0.45, 0.33), (0.09, 0.1, 0.05), (0.2, 0.22, 0.17)


def test_what_darkens_with_water_is_no_roof():
    for levels in ([(700, WHITE), (800, MUD), (860, WHITE)], [(400, WATER), (470, GROUND), (700, WHITE)]):
        for row in told(levels):
            assert row["kind"] == "other"
            assert "water" in row["cannot_tell"] or "comes and goes" in row["cannot_tell"]


def test_what_turns_out_wet_is_taken_back_if_it_was_called_a_roof_and_not_raised_if_it_was_not():
    seen = series([(0, WHITE), (300, MUD), (500, WHITE)])
    for kind, probability, then in (("bright roof", 0.92, "other"), ("quarry or pile", 0.05, "quarry or pile")):
        one = replace(part(kind, "2023-01-01", probability=probability), shown_from_day=seen.days[0])
        then_seen = lasting.wetted(one, seen, seen.days[-1])
        assert then_seen.kind == then
        assert then_seen.probability <= 0.2


def test_a_field_or_shadows_before_a_roof_are_no_water():
    crop = (0.045, 0.055, 0.17)
    (row,) = told([(300, crop), (420, GROUND), (700, WHITE)])
    assert row["kind"] == "bright roof"
    assert set((row["doubts"] or "OPEN_KIND").split("|")) == {"OPEN_KIND"}


def test_a_dark_roof_on_a_pale_slab_is_no_water():
    for row in told([(400, WHITE), (600, (0.09, 0.1, 0.13))]):
        assert set((row["doubts"] or "OPEN_KIND").split("|")) == {"OPEN_KIND"}


def part(kind, roofed, doubt=None, probability=0.75):
    return Structure(
        kind=Kind(kind), probability=probability, roofed_best=dt.date.fromisoformat(roofed), doubts=(doubt,) if doubt else ()
    )  # fmt: skip


def test_half_a_greenhouse_is_what_the_whole_is():
    for whole in ("greenhouse", "other", "solar field"):
        first, _ = lasting.like_the_whole([part("dark roof", "2024-01-01"), part(whole, "2024-06-01", probability=0.1)])
        assert first.kind == whole
        assert first.probability < 0.5
        first, _ = lasting.like_the_whole([part("dark roof", "2023-01-01"), part(whole, "2024-06-01", probability=0.1)])
        assert first.kind is Kind.DARK_ROOF


def test_half_a_roof_is_what_the_whole_is():
    open_ = Doubt(Reason.OPEN_KIND, {"told": "roof 0.6, asphalt 0.3"})
    parts = [part("solar field", "2024-01-01"), part("dark roof", "2024-03-01", open_), part("dark roof", "2024-06-01")]
    whole = lasting.like_the_whole(parts)
    assert {(s.kind, s.probability, s.doubts) for s in whole} == {(Kind.DARK_ROOF, 0.75, ())}
    first, _ = lasting.like_the_whole([part("solar field", "2024-01-01"), part("dark roof", "2024-06-01", open_)])
    assert first.kind is Kind.SOLAR_FIELD


def change_of(gain, relative_gain, **how):
    """Return a change of the whiteness by `gain`, over surroundings as bright as the two say."""
    ground = dict(zip(BANDS, (0.3, 0.3, abs(gain / relative_gain)), strict=True))
    inside = ground | {"B02": ground["B02"] + gain}
    (step,) = steps.date_step(19_358.0 + np.arange(40) * 10, np.repeat([0.0, 1.0], 20))
    return history.Change(
        step, landcover.WindowMedian(ground, ground, 0), landcover.WindowMedian(inside, ground, 0),
        **{"bare_again": False, "until_day": np.inf, **how},
    )  # fmt: skip


STANDING = replace(Structure(kind=Kind.BRIGHT_ROOF), gain=0.2, relative_gain=0.8, half_day=19_000.0)


@pytest.mark.parametrize(
    ("rule", "change", "found"),
    [
        ("removed", change_of(-0.19, -0.7), [STANDING]),
        ("nothing new", change_of(-0.1, -0.4), [STANDING]),
        ("nothing new", change_of(-0.19, -0.7), []),
        ("nothing new", change_of(-0.19, -0.7), [replace(STANDING, removed_high=dt.date(2023, 1, 1))]),
        ("nothing new", change_of(0.05, 0.2), [STANDING]),
        ("nothing new", change_of(0.02, 0.1), []),
        ("nothing new", change_of(0.2, 0.8, bare_again=True), []),
        ("covered", change_of(0.05, 0.2), []),
        ("covered", change_of(0.2, 0.8), [STANDING]),
    ],
)
def test_each_rule_holds_where_it_should_and_alone(rule, change, found):
    assert next(r.name for r in history.RULES if r.holds(change, found)) == rule
    # the rule for covers leaves nothing that the two before it take
    assert [r.name for r in history.RULES if r.holds(change, found)].count("covered") == (rule == "covered")


def test_each_rule_has_its_effect():
    rules = {rule.name: rule for rule in history.RULES}
    context = history.Context(series([]), [])
    change = change_of(-0.19, -0.7)
    (gone,) = rules["removed"].effect(change, [STANDING], context)
    assert not gone.stands
    assert gone.removed_day == steps.to_day(change.step.best)
    assert rules["nothing new"].effect(change, [STANDING], context) == [STANDING]
    old, new = rules["covered"].effect(change_of(0.2, 0.8), [STANDING], context)
    assert old.shown_until_day <= new.half_day < new.shown_from_day
    assert new.kind in landcover.BUILDINGS
    assert round(new.gain, 3) == 0.2


def test_every_reason_has_a_sentence_of_its_own_and_reasons_decide_whatever_it_says():
    figures = dict.fromkeys(
        ("area_m2", "least_m2", "days", "gap_days", "share", "built", "gone"), 1.0
    ) | dict.fromkeys(
        ("scenes", "unread", "why", "start", "end", "usable", "listed", "refused", "told", "day", "gains", "losses", "other", "least", "when"),
        "x",
    )  # fmt: skip
    said = [sentence(Doubt(reason, figures)) for reason in Reason]
    assert len(set(said)) == len(said) == len(Reason.__members__)
    assert not any("{" in s or s.endswith(".") for s in said)
    assert Structure(doubts=(Doubt(Reason.OPEN_KIND),)).may_be_roof
    assert not Structure(doubts=(Doubt(Reason.SEASONAL),)).may_be_roof


@pytest.mark.parametrize(("latitude_deg", "dimmed"), [(43.0, 3), (-43.0, 0), (10.0, 3)])
def test_what_darkens_in_july_is_left_out_only_where_july_is_winter(latitude_deg, dimmed):
    seen = replace(series([(0, WHITE)]), latitude_deg=latitude_deg)
    july = np.isin(np.round(seen.days - 19_358), (180, 200, 220))
    inside = np.where(july[:, None], 0.3 * seen.inside, seen.inside)
    seen = replace(seen, inside=inside)
    assert landcover.window_median(seen, seen.days[0], seen.days[-1]).dimmed == dimmed


@pytest.mark.parametrize(
    ("kind", "days", "hectares", "is_building"),
    [("solar field", 40, 0.8, False), ("greenhouse", 200, 1.5, False), ("dark roof", 200, 0.5, True)],
)
def test_fields_put_up_in_weeks_are_no_buildings_and_a_small_dark_roof_is_one(kind, days, hectares, is_building):
    complete = dt.date(2024, 4, 20)
    feature = simulated.Feature(
        kind=kind, area_m2=hectares * 1e4, onset=complete - dt.timedelta(days), complete=complete,
        row_px=42, col_px=42, name="A",
    )  # fmt: skip
    made = simulated.make_world(7, 84, START, END, 6, features=[feature], cloud=0.3, snow=False)
    outline = made.truth.to_crs(4326).geometry.iloc[0]
    rows = change.date_change(stack.stack_of_dataset(dataset(made)), outline, START, END).rows
    said = [r["kind"] in landcover.BUILDINGS and r["probability"] >= 0.5 for r in rows]
    assert any(said) == is_building
    assert rows[-1]["roofed_best"] is not None


@pytest.mark.parametrize(
    ("before", "is_doubted"),
    [
        ({"B02": 0.06, "B04": 0.07, "B11": 0.09}, True),  # black membrane, as measured
        ({"B02": 0.14, "B04": 0.21, "B11": 0.32}, False),
    ],
)
def test_a_roof_that_may_have_been_coated_anew_has_a_reserve(before, is_doubted):
    gravel = {"B02": 0.13, "B04": 0.21, "B11": 0.33}
    built = stood_before.built_before(landcover.WindowMedian(before, gravel, 0.0))
    assert (built >= 0.5) is is_doubted


@pytest.mark.parametrize(
    ("before", "reason", "most"),
    [
        ((0.13, 0.13, 0.19), Reason.ROOF_BEFORE, 0.4),  # grey steel
        ((0.08, 0.08, 0.05), Reason.DRIED_OUT, 0.2),  # a pond
        (tuple(1.3 * GROUND), None, 0.9),  # paler ground of the same colour
    ],
)
def test_what_stood_before_a_new_colour_decides_whether_it_is_a_new_building(before, reason, most):
    seen = series([(0, before), (640, (0.23, 0.14, 0.4))])
    roof = replace(part("coloured roof", "2024-10-03", probability=0.9), near=(19_358.0 + 630, 19_358.0 + 640))
    told = stood_before.doubted(roof, seen, roof.near[0])
    assert [doubt.reason for doubt in told.doubts] == [reason] * (reason is not None)
    assert told.probability <= most
    assert (told.probability == roof.probability) is (reason is None)


def test_a_dark_slab_under_a_pale_roof_is_no_water():
    slab = (0.14, 0.19, 0.16)
    for levels in ([(400, slab), (520, WHITE)], [(400, WHITE), (520, slab)]):
        seen = series(levels)
        assert landcover.window_median(seen, 19_358.0 + 400, seen.days[-1]).dimmed == 0
