"""Change on the ground: find new roofs, date them, measure them, or say why not; search a wide area for a site."""

from osint.change._tile_search import Target
from osint.change.detect import NewStructures, draw_structure, new_structures, observe
from osint.change.history import PROPERTIES, Structure, iso
from osint.change.kinds import KindOfPatch, Surface, kind
from osint.change.landcover import BUILDINGS, Kind
from osint.change.locate import LocateResult, SiteArea, StackSource, draw_chips, locate, site_area
from osint.change.measure import MEASURED, AreaInterval, Measurement, in_order, measure, measure_outlines
from osint.change.observations import compare_outlines, observation_row, radar_rows, structure_rows
from osint.change.outlines import Dated, date_change, date_outlines
from osint.change.published import PublishedComparison, validate
from osint.change.radar import (
    RADAR_LIMIT,
    Agreement,
    RadarClock,
    Signal,
    add_radar,
    radar_clock,
    radar_scenes,
    read_radar,
)
from osint.change.reasons import Doubt, Reason, sentence, sentences
from osint.change.stack import Stack, around, open_stack, stack_of_dataset
from osint.change.steps import Step, Steps, date_step, to_date

__all__ = [
    "BUILDINGS",
    "MEASURED",
    "PROPERTIES",
    "RADAR_LIMIT",
    "Agreement",
    "AreaInterval",
    "Dated",
    "Doubt",
    "Kind",
    "KindOfPatch",
    "LocateResult",
    "Measurement",
    "NewStructures",
    "PublishedComparison",
    "RadarClock",
    "Reason",
    "Signal",
    "SiteArea",
    "Stack",
    "StackSource",
    "Step",
    "Steps",
    "Structure",
    "Surface",
    "Target",
    "add_radar",
    "around",
    "compare_outlines",
    "date_change",
    "date_outlines",
    "date_step",
    "draw_chips",
    "draw_structure",
    "in_order",
    "iso",
    "kind",
    "locate",
    "measure",
    "measure_outlines",
    "new_structures",
    "observation_row",
    "observe",
    "open_stack",
    "radar_clock",
    "radar_rows",
    "radar_scenes",
    "read_radar",
    "sentence",
    "sentences",
    "site_area",
    "stack_of_dataset",
    "structure_rows",
    "to_date",
    "validate",
]
