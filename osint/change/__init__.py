"""Change on the ground: find new roofs, date them, measure them, or say why not. The way in to `osint.change`."""

from osint.change.detect import buildings, new_structures
from osint.change.history import PROPERTIES, iso
from osint.change.measure import MEASURED, measure, measure_outlines
from osint.change.outlines import Dated, date_change, date_outlines, geodesic_area_m2
from osint.change.stack import Stack, open_stack
from osint.change.steps import Step, Steps, date_step

__all__ = [
    "MEASURED",
    "PROPERTIES",
    "Dated",
    "Stack",
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
    "open_stack",
]
