"""Read the claims of a text: every quantity with its kind, rung, date and words; and test them against each other."""

from osint.claims.assertion import Assertion
from osint.claims.cell_claims import read_cell
from osint.claims.cells import CellContext, UnitSource, counted_kind, is_generic, is_unit, label_unit, read_unit
from osint.claims.claim import CLAIM_COLUMNS, TextClaim, claims_frame
from osint.claims.consistency import Mismatch, check_sums, group_syndicated
from osint.claims.extract import extract, has_number
from osint.claims.matter import Matter
from osint.claims.nouns import chip_model_in
from osint.claims.quantities import Quantity
from osint.claims.stages import stage_of_state
from osint.claims.typed import read_typed
from osint.claims.units import SI_UNITS, CellUnit

__all__ = [
    "CLAIM_COLUMNS",
    "SI_UNITS",
    "Assertion",
    "CellContext",
    "CellUnit",
    "Matter",
    "Mismatch",
    "Quantity",
    "TextClaim",
    "UnitSource",
    "check_sums",
    "chip_model_in",
    "claims_frame",
    "counted_kind",
    "extract",
    "group_syndicated",
    "has_number",
    "is_generic",
    "is_unit",
    "label_unit",
    "read_cell",
    "read_typed",
    "read_unit",
    "stage_of_state",
]
