"""Change on the ground: find new roofs, date them, measure them, or say why not; search a wide area for a site."""

from osint.change._tile_search import Target
from osint.change.detect import PROBABLE, NewStructures, new_structures, observe
from osint.change.drawing import draw_structure
from osint.change.found import (
    FoundFile,
    found_rows,
    hand_row,
    last_scene,
    place_days,
    read_found,
    search_member,
    shown_until,
)
from osint.change.kinds import KindOfPatch, kind
from osint.change.landcover import BUILDINGS, Kind
from osint.change.locate import LocateResult, SiteArea, draw_chips, journal_faults, locate, site_area
from osint.change.measure import MEASURED, Measurement, in_order, measure, measure_outlines
from osint.change.observations import (
    NOT_SHOWN,
    compare_outlines,
    ground_row,
    observation_row,
    radar_rows,
    structure_rows,
)
from osint.change.outlines import Dated, date_change, date_outlines
from osint.change.pictures import PICTURED, PICTURES_LIMIT, OutlineSeries, date_pictures, drawn_rows, picture_series
from osint.change.place import (
    P_PLACE_MOST,
    Candidate,
    Expected,
    Identification,
    Identified,
    PlaceEstimate,
    Search,
    SiteEvidence,
    by_hand,
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
from osint.change.reasons import Doubt, Reason, of_kind_alone, sentence, sentences
from osint.change.roof import AreaInterval
from osint.change.series import Series
from osint.change.stack import Stack, StackSource, around, open_stack, stack_of_dataset
from osint.change.steps import Step, Steps, date_step, to_date
from osint.change.structure import PROPERTIES, Structure, iso
from osint.change.surfaces import Surface
from osint.change.whereabouts import PlaceSource, PlaceStatement, site_statement

__all__ = [
    "BUILDINGS",
    "MEASURED",
    "NOT_SHOWN",
    "PICTURED",
    "PICTURES_LIMIT",
    "PROBABLE",
    "PROPERTIES",
    "P_PLACE_MOST",
    "RADAR_LIMIT",
    "Agreement",
    "AreaInterval",
    "Candidate",
    "Dated",
    "Doubt",
    "Expected",
    "FoundFile",
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
    "Series",
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
    "drawn_rows",
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
    "of_kind_alone",
    "open_stack",
    "picture_series",
    "place_days",
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
