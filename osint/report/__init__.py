"""The page, its tables and figures."""

from osint.report.build import (
    PAGE_FONT,
    PAPER,
    SOURCE,
    page,
    write,
)

__all__ = [
    "PAGE_FONT",
    "PAPER",
    "SOURCE",
    "page",
    "write",
]
