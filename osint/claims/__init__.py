"""Read the claims of a text: every quantity with its kind, rung, date and words; and test them against each other."""

from osint.claims.consistency import Mismatch, check_sums, group_syndicated
from osint.claims.extract import CLAIM_COLUMNS, TextClaim, claims_frame, extract
from osint.claims.quantities import Quantity
from osint.claims.units import SI_UNITS

__all__ = [
    "CLAIM_COLUMNS",
    "SI_UNITS",
    "Mismatch",
    "Quantity",
    "TextClaim",
    "check_sums",
    "claims_frame",
    "extract",
    "group_syndicated",
]
