"""Read a filing: the text of a capture, with a map from its characters back to the bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from osint import claims, dates
from osint.errors import OsintError


@dataclass(frozen=True)
class Filing:
    """The text of one document."""

    name: str
    """file name, address or capture id, as asked for"""
    text: str
    """the visible text; offsets of claims count its code points"""
    remarks: tuple[str, ...] = ()
    """what a reader must know about the reading, one sentence each"""
    published: date | None = None
    """date of the document, from its path and visible text"""
    facts: dict[str, str] = field(default_factory=dict)
    """title, publisher, place, project_code, buyer, supplier where the document names them"""


def open_filing(name: str) -> Filing:
    """Return the filing at a path."""
    path = Path(name)
    if not path.is_file():
        raise OsintError(f"{name}: no such file; give a file, a web address or the id of a capture")
    text = path.read_bytes().decode("utf-8", "replace")
    return Filing(name, text, published=dates.document_date(text, name))


def claims_of(filing: Filing, document: date | None = None) -> pd.DataFrame:
    """Return the claims of a filing as a frame with `claims.COLUMNS`."""
    return claims.frame(claims.extract(filing.text, document or filing.published), filing.name)
