"""A SIMULATED world with known truth: ground, weather and sensor, and a server that shows it as a catalogue."""

from osint.simulated.demo import (
    COLLECTION,
    Demo,
    DemoPlace,
    corner_of,
    make_demo,
    place_around,
    served_at,
    start,
)
from osint.simulated.ground import KINDS, ROOFS, YARDS, Feature
from osint.simulated.server import CREDIT, served
from osint.simulated.spectra import SPECTRA
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
