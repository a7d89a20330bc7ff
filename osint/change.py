"""Change on the ground: find new roofs, date them, measure them, or say why not. The way in to `osint.dating`."""

from osint.dating.events import PROPERTIES, iso
from osint.dating.looks import Looks, of_catalogue
from osint.dating.outlines import Dated, date_change, date_outlines, geodesic_area_m2
from osint.dating.plot import MEASURED, measure, measure_outlines
from osint.dating.steps import Step, Steps, date_step
from osint.dating.structures import buildings, new_structures

__all__ = [
    "MEASURED",
    "PROPERTIES",
    "Dated",
    "Looks",
    "Step",
    "Steps",
    "buildings",
    "date_change",
    "date_outlines",
    "date_step",
    "geodesic_area_m2",
    "iso",
    "measure",
    "measure_outlines",
    "new_structures",
    "of_catalogue",
]
