"""A SIMULATED world with known truth: ground, weather and sensor, and a server that shows it as a catalogue."""

from osint.simulated.demo import (
    COLLECTION,
    CREDIT,
    Demo,
    DemoPlace,
    corner_of,
    make_demo,
    place_around,
    served,
    served_at,
    start,
)
from osint.simulated.ground import KINDS, ROOFS, SPECTRA, YARDS, Feature
from osint.simulated.world import World, make_world

__all__ = [
    "COLLECTION",
    "CREDIT",
    "KINDS",
    "ROOFS",
    "SPECTRA",
    "YARDS",
    "Demo",
    "DemoPlace",
    "Feature",
    "World",
    "corner_of",
    "make_demo",
    "make_world",
    "place_around",
    "served",
    "served_at",
    "start",
]
