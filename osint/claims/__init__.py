"""Text to quantities."""

from osint.claims.extract import (
    COLUMNS,
    Claim,
    extract,
    frame,
)

__all__ = [
    "COLUMNS",
    "Claim",
    "extract",
    "frame",
]
