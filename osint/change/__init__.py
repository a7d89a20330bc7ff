"""Change on the ground: find new roofs, date them, measure them, or say why not; search a wide area for a site."""

from osint.change._tile_search import Target
from osint.change.detect import NewStructures, draw_structure, new_structures, observe
from osint.change.found import found_rows, hand_row, last_scene, read_found, search_member, shown_until
from osint.change.history import PROPERTIES, Structure, iso
from osint.change.kinds import KindOfPatch, Surface, kind
from osint.change.landcover import BUILDINGS, Kind
from osint.change.locate import LocateResult, SiteArea, StackSource, draw_chips, journal_faults, locate, site_area
from osint.change.measure import MEASURED, AreaInterval, Measurement, in_order, measure, measure_outlines
from osint.change.observations import compare_outlines, ground_row, observation_row, radar_rows, structure_rows
from osint.change.outlines import Dated, date_change, date_outlines
from osint.change.pictures import PICTURED, PICTURES_LIMIT, OutlineSeries, date_pictures, picture_series
from osint.change.place import (
    P_PLACE_MOST,
    Candidate,
    Expected,
    Identification,
    Identified,
    PlaceEstimate,
    PlaceSource,
    PlaceStatement,
    Search,
    SiteEvidence,
    by_hand,
    site_statement,
)
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
    "PICTURED",
    "PICTURES_LIMIT",
    "PROPERTIES",
    "P_PLACE_MOST",
    "RADAR_LIMIT",
    "Agreement",
    "AreaInterval",
    "Candidate",
    "Dated",
    "Doubt",
    "Expected",
    "Identification",
    "Identified",
    "Kind",
    "KindOfPatch",
    "LocateResult",
    "Measurement",
    "NewStructures",
    "OutlineSeries",
    "PlaceEstimate",
    "PlaceSource",
    "PlaceStatement",
    "PublishedComparison",
    "RadarClock",
    "Reason",
    "Search",
    "Signal",
    "SiteArea",
    "SiteEvidence",
    "Stack",
    "StackSource",
    "Step",
    "Steps",
    "Structure",
    "Surface",
    "Target",
    "add_radar",
    "around",
    "by_hand",
    "compare_outlines",
    "date_change",
    "date_outlines",
    "date_pictures",
    "date_step",
    "draw_chips",
    "draw_structure",
    "found_rows",
    "ground_row",
    "hand_row",
    "in_order",
    "iso",
    "journal_faults",
    "kind",
    "last_scene",
    "locate",
    "measure",
    "measure_outlines",
    "new_structures",
    "observation_row",
    "observe",
    "open_stack",
    "picture_series",
    "radar_clock",
    "radar_rows",
    "radar_scenes",
    "read_found",
    "read_radar",
    "search_member",
    "sentence",
    "sentences",
    "shown_until",
    "site_area",
    "site_statement",
    "stack_of_dataset",
    "structure_rows",
    "to_date",
    "validate",
]
