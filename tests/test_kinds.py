"""The kind of a patch by its reflectance: places held out, bands left out, haze, low sun, ground between."""

import csv
from importlib import resources

import numpy as np
import pytest

from osint import change
from osint.change import kinds, surfaces
from osint.change.surfaces import KIND_BANDS, MADE, ROOFS, Surface
from osint.errors import BadInputError

ROWS = surfaces.measured_rows()
IS_ROOF = np.isin(ROWS.surface, [str(roof) for roof in ROOFS])
GRAVEL = {"B02": 0.105, "B03": 0.13, "B04": 0.155, "B08": 0.19, "B11": 0.23, "B12": 0.215}


def row(number, warp=lambda band, value: value):
    """Return the bands of a row that were measured."""
    values = zip(KIND_BANDS, ROWS.reflectance[number].tolist(), strict=True)
    return {band: warp(band, value) for band, value in values if np.isfinite(value)}


def held_out(places, warp=lambda band, value: value):
    """Return (row, probability of a roof, most probable surface, its probability) of `places`, each held out."""
    for place in places:
        of_place = ROWS.site == place
        known = surfaces.likelihood(ROWS.only(~of_place))
        for number in np.flatnonzero(of_place):
            found = kinds.probabilities(known, row(number, warp), None, 10_000)
            top = max(found, key=found.get)
            yield number, sum(found[roof] for roof in ROOFS), top, found[top]


US = ("Apex_HaddonHall", "Raleigh_BrierCreek", "Raleigh_NorthHills", "Houston_Spring", "Charlotte_SteeleCreek")


def test_roofs_of_a_city_that_was_not_used_are_found_and_nothing_else_is_called_one():
    found = list(held_out(US))
    roofs = np.array([p for number, p, *_ in found if IS_ROOF[number]])
    ground = np.array([p for number, p, *_ in found if not IS_ROOF[number]])
    assert len(roofs) > 20
    assert len(ground) > 30
    assert np.mean(roofs >= 0.5) >= 0.8
    assert np.mean(roofs >= 0.2) >= 0.95
    assert np.mean(ground >= 0.5) <= 0.05


def test_a_compound_in_xinjiang_that_was_not_used_is_right_or_open_and_never_surely_wrong():
    found = list(held_out(["Dabancheng"]))
    assert len(found) > 60
    wrong = [top for number, _, top, p in found if p >= 0.9 and (top in ROOFS) != IS_ROOF[number]]
    assert not wrong
    roofs = np.array([p for number, p, *_ in found if IS_ROOF[number]])
    ground = np.array([p for number, p, *_ in found if not IS_ROOF[number]])
    assert np.mean(roofs >= 0.2) >= 0.8
    assert np.mean(ground >= 0.5) <= 0.08


def haze(band, value):
    return value + {"B02": 0.02, "B03": 0.013, "B04": 0.008}.get(band, 0.002)


@pytest.mark.parametrize(
    "warp", [haze, lambda band, value: 0.75 * value, lambda band, value: 1.2 * value], ids=["haze", "low sun", "slope"]
)
def test_haze_and_low_sun_make_nothing_surely_wrong(warp):
    for number, building, _, _ in held_out(["Raleigh_NorthHills", "Houston_Spring"], warp):
        assert not (building >= 0.9 and not IS_ROOF[number])
        assert not (building <= 0.1 and IS_ROOF[number])


@pytest.mark.parametrize(
    ("reflectance", "surface"),
    [
        ({"B02": 0.27, "B03": 0.24, "B04": 0.17, "B08": 0.31, "B11": 0.44, "B12": 0.53}, Surface.COLOURED_ROOF),
        ({"B02": 0.53, "B03": 0.56, "B04": 0.58, "B08": 0.6, "B11": 0.44, "B12": 0.26}, Surface.PALE_ROOF),
        ({"B02": 0.045, "B03": 0.07, "B04": 0.055, "B08": 0.34, "B11": 0.17, "B12": 0.09}, Surface.PLANTS),
        ({"B02": 0.8, "B03": 0.79, "B04": 0.78, "B08": 0.72, "B11": 0.12, "B12": 0.1}, Surface.SNOW),
        ({"B02": 0.06, "B03": 0.05, "B04": 0.04, "B08": 0.02, "B11": 0.01, "B12": 0.01}, Surface.WATER),
        ({"B02": 0.14, "B03": 0.185, "B04": 0.23, "B08": 0.285, "B11": 0.35, "B12": 0.32}, Surface.BARE_GROUND),
    ],
)
@pytest.mark.parametrize("around", [None, GRAVEL])
def test_plain_cases_have_their_name(reflectance, surface, around):
    found = change.kind(reflectance, around)
    assert next(iter(found["by_class"])) == surface
    assert sum(found["by_class"].values()) == pytest.approx(1, abs=0.001)
    assert found["building"] == pytest.approx(sum(found["by_class"][roof] for roof in ROOFS), abs=0.001)
    assert "roof" in found["says"] or found["building"] < 0.1


@pytest.mark.parametrize("number", np.flatnonzero(ROWS.surface == "salt or gypsum"))
def test_no_crust_is_surely_a_roof(number):
    measured = ROWS.source[number] != MADE
    for around in (None, GRAVEL):
        assert change.kind(row(number), around)["building"] < (0.3 if measured else 0.85)


@pytest.mark.parametrize(
    "bands", [("B02", "B04", "B11"), ("B02", "B03", "B04", "B08"), ("B02", "B03", "B04"), ("B12",)]
)
def test_missing_bands_make_it_less_sure_and_nothing_else(bands):
    white = row(np.flatnonzero(ROWS.material == "membrane_white")[3])
    for colour, least, most in ((white, 0.15, 0.98), (GRAVEL, 0.0, 0.5)):
        given = {band: value for band, value in colour.items() if band in bands}
        assert least <= change.kind(given)["building"] <= most
        assert change.kind({**given, "B01": 0.1, "B8A": float("nan")}) == change.kind(given)


def test_a_larger_roof_of_one_colour_is_not_less_sure():
    for number in np.flatnonzero(ROWS.surface == "pale roof")[:12]:
        small, large = (change.kind(row(number), GRAVEL, area)["building"] for area in (2_500, 50_000))
        assert large >= small - 0.05


def test_panels_over_gravel_are_no_roof():
    for share in (0.5, 0.7, 1.0):
        panels = row(np.flatnonzero(ROWS.surface == "solar panels")[0])
        seen = {band: share * value + (1 - share) * GRAVEL[band] for band, value in panels.items() if band in GRAVEL}
        assert change.kind(seen, GRAVEL)["building"] < 0.5


@pytest.mark.parametrize(
    ("reflectance", "told"),
    [
        ({}, "none of the bands"),
        ({"B02": float("nan")}, "none of the bands"),
        ({"B02": 0, "B04": 0.0, "B11": None}, "none of the bands"),
        ({"B02": 2200, "B04": 3100}, "divide digital numbers by 10000"),
        ({"B02": 22.0}, "percentages by 100"),
        ({"B02": -0.08, "B04": 0.03}, "B02 is -0.08.*offset was taken twice"),
        ({"B02": "bright"}, "B02 is 'bright', which is no number"),
        ({"B02": [0.1, 0.2]}, "is no number"),
    ],
)
def test_what_is_no_reflectance_is_refused_with_the_way_out(reflectance, told):
    with pytest.raises(BadInputError, match=told):
        change.kind(reflectance)
    with pytest.raises(BadInputError):
        change.kind({"B02": 0.2}, area_m2=0)


RANDOM = np.random.default_rng(16)


@pytest.mark.parametrize("number", RANDOM.choice(np.flatnonzero(ROWS.source != MADE), 40, replace=False))
def test_whatever_was_measured_the_answer_is_whole_and_never_sure_by_colour_alone(number):
    """Bands missing in any way, light of a low sun or a bright slope, haze or an offset on all bands, odd areas."""
    random = np.random.default_rng(int(number))
    scale, offset = random.uniform(0.4, 1.4), random.uniform(-0.02, 0.1)
    seen = row(number, lambda band, value: float(np.clip(scale * value + offset, 1e-3, 1.5)))
    lost = set(random.choice(sorted(seen), random.integers(0, len(seen)), replace=False).tolist())
    kept = {band: value for band, value in seen.items() if band not in lost}
    around = [None, GRAVEL, row(random.integers(len(ROWS.source)))][random.integers(3)]
    area_m2 = float(np.exp(random.uniform(np.log(100), np.log(1e6))))
    found = change.kind(kept, around, area_m2)
    for nothing in (None, float("nan"), 0, 0.0, float("inf"), np.float32("nan")):
        assert change.kind({**dict.fromkeys(lost, nothing), **kept}, around, area_m2) == found
    assert sum(found["by_class"].values()) == pytest.approx(1, abs=0.001)
    assert found["building"] == pytest.approx(sum(found["by_class"][roof] for roof in ROOFS), abs=0.001)
    assert 0.1 < found["building"] < 0.9
    assert max(found["by_class"].values()) < 0.9
    assert found["says"].startswith("by its colour: ")


def test_surroundings_without_a_value_are_none():
    seen = row(3)
    for around in ({}, dict.fromkeys(KIND_BANDS), dict.fromkeys(KIND_BANDS, float("nan")), {"SCL": 4.0}):
        assert change.kind(seen, around) == change.kind(seen)


def test_held_out_by_source_nothing_is_wrong_at_nine_tenths():
    """The two worst of all: white membranes are in no other, nor are dry plastics."""
    for source in ("us_suburbs_2023", "knaeps_2021"):
        of_source = ROWS.source == source
        known = surfaces.likelihood(ROWS.only(~of_source))
        for number in np.flatnonzero(of_source):
            found = kinds.probabilities(known, row(number), None, 10_000)
            building = sum(found[roof] for roof in ROOFS)
            assert (building if IS_ROOF[number] else 1 - building) > 0.1


def test_every_row_names_a_surface_and_a_source():
    text = resources.files("osint.change").joinpath("reflectance_sources.csv").read_text(encoding="utf-8")
    sources = {source["source"]: source for source in csv.DictReader(text.splitlines())}
    assert set(ROWS.source) == set(sources)
    assert all(source["name"] and source["licence"] for source in sources.values())
    assert {MADE} == {name for name, source in sources.items() if source["measured"] == "no"}
    assert set(ROWS.surface) == {str(surface) for surface in Surface}
    assert sum(kinds.PRIOR.values()) == pytest.approx(1)


def test_what_is_no_table_of_bands_is_refused_with_what_it_holds():
    for wrong in (None, [0.1] * 6):
        with pytest.raises(BadInputError, match="must be values by band"):
            change.kind(wrong)
    with pytest.raises(BadInputError, match="it has blue, red"):
        change.kind({"blue": 0.2, "red": 0.3})
    with pytest.raises(BadInputError, match="area"):
        change.kind(GRAVEL, None, "large")
