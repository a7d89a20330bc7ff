"""Passports of figures: what each number rests on, and what can be shown of a copy."""

from osint.passport.export import Exported, export, stamp
from osint.passport.records import (
    Evidence,
    EvidenceRole,
    Imagery,
    Judgement,
    Method,
    Number,
    NumberKind,
    People,
    PlaceOfFigure,
)
from osint.passport.verify import Checked, Verdict, verify

__all__ = [
    "Checked",
    "Evidence",
    "EvidenceRole",
    "Exported",
    "Imagery",
    "Judgement",
    "Method",
    "Number",
    "NumberKind",
    "People",
    "PlaceOfFigure",
    "Verdict",
    "export",
    "stamp",
    "verify",
]
