"""Change on the ground: find new roofs, date them, measure them, or say why not. The way in to `osint.change`."""

from osint.change.detect import buildings, new_structures
from osint.change.history import PROPERTIES, Structure, iso
from osint.change.landcover import BUILDINGS, Kind
from osint.change.measure import MEASURED, AreaInterval, Measurement, measure, measure_outlines
from osint.change.outlines import Dated, date_change, date_outlines
from osint.change.reasons import Doubt, Reason, sentence, sentences
from osint.change.stack import Stack, open_stack
from osint.change.steps import Step, Steps, date_step

__all__ = [
    "BUILDINGS",
    "MEASURED",
    "PROPERTIES",
    "AreaInterval",
    "Dated",
    "Doubt",
    "Kind",
    "Measurement",
    "Reason",
    "Stack",
    "Step",
    "Steps",
    "Structure",
    "buildings",
    "date_change",
    "date_outlines",
    "date_step",
    "iso",
    "measure",
    "measure_outlines",
    "new_structures",
    "open_stack",
    "sentence",
    "sentences",
]
