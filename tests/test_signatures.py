"""Public functions name a place, dates, a catalogue and a collection alike, in one order."""

import inspect

import pytest

from osint import change, geo, imagery, sources

ORDER = ("place", "start", "end")
KEYWORD_ONLY = ("catalogue", "collection")
ONE_SPELLING = {
    "place": {"where", "area", "aoi", "location"},
    "start": {"since", "start_date", "date_from"},
    "end": {"end_date", "date_to"},
    "catalogue": {"named", "stac", "catalog"},
    "collection": {"product"},
}
# the catalogue is what it is asked about
EXCEPTIONS = {"imagery.default_collection"}


def public_functions():
    for room in (imagery, change, geo, sources):
        for name in getattr(room, "__all__", [n for n in vars(room) if not n.startswith("_")]):
            value = getattr(room, name)
            if inspect.isfunction(value) and value.__module__.startswith(room.__name__):
                yield f"{room.__name__.removeprefix('osint.')}.{name}", inspect.signature(value).parameters


FUNCTIONS = {name: parameters for name, parameters in public_functions() if name not in EXCEPTIONS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_place_start_and_end_come_first_and_in_this_order(name):
    parameters = [p for p in FUNCTIONS[name].values() if p.kind is not p.KEYWORD_ONLY]
    named = [p.name for p in parameters if p.name in ORDER]
    assert named == sorted(named, key=ORDER.index)
    # what a function works on (a stack, scenes, a table) may stand before the place; nothing stands between
    positions = [k for k, p in enumerate(parameters) if p.name in ORDER]
    assert not positions or positions == list(range(positions[0], positions[-1] + 1))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_catalogue_and_collection_are_keywords(name):
    for parameter in FUNCTIONS[name].values():
        assert parameter.name not in KEYWORD_ONLY or parameter.kind is parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_idea_has_one_spelling(name):
    # an outline alone may be a geometry, and a last day alone `until`
    between = {"place": {"geometry"}, "end": {"until"}} if "start" in FUNCTIONS[name] else {}
    for wanted, others in ONE_SPELLING.items():
        unwanted = others | between.get(wanted, set())
        assert not unwanted & set(FUNCTIONS[name]), f"{name}: say {wanted}"


def test_at_most_eight_parameters():
    assert {name: len(p) for name, p in FUNCTIONS.items() if len(p) > 8} == {}
