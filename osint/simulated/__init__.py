"""A SIMULATED world with known truth: ground, weather and sensors, radar passes, and a server for them."""

from osint.simulated.demo import COLLECTION, CREDIT, Demo, DemoPlace, make_demo, served, served_at, start
from osint.simulated.ground import KINDS, ROOFS, SPECTRA, YARDS, Feature
from osint.simulated.radar import Fence, Orbit, Radar
from osint.simulated.world import World, dataset, make_world, stack_of_world

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
    "Fence",
    "Orbit",
    "Radar",
    "World",
    "dataset",
    "make_demo",
    "make_world",
    "served",
    "served_at",
    "stack_of_world",
    "start",
]
