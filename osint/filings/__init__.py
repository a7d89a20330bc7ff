"""Bytes to text with a map back; review."""

from osint.filings.filing import (
    FEW_CONTROL,
    MOST_CONTROL,
    Filing,
    about,
    claims_of,
    doubted,
    open_filing,
    parse,
)

__all__ = [
    "FEW_CONTROL",
    "MOST_CONTROL",
    "Filing",
    "about",
    "claims_of",
    "doubted",
    "open_filing",
    "parse",
]
