"""What is read once per text and shared by its claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from osint.claims.clauses import Clauses
from osint.claims.dates import Mention, mentions
from osint.claims.folding import Plain
from osint.claims.quantities import LocatedQuantity

FOCUS = 300  # longest sentence that a claim keeps, in characters


@dataclass
class Reading:
    """What is read once per text and shared by its claims."""

    text: str
    offset: int
    """of this text in the whole"""
    plain: Plain
    clauses: Clauses
    document: date | None
    quantities: list[LocatedQuantity]
    dates_by_sentence: dict[int, list[Mention]] = field(default_factory=dict)
    asking: dict[int, bool] = field(default_factory=dict)
    """whether a sentence asks, by its first character"""

    def dates(self, sentence: tuple[int, int]) -> list[Mention]:
        """Return the dates of a sentence; each sentence is read once."""
        if sentence[0] not in self.dates_by_sentence:
            self.dates_by_sentence[sentence[0]] = mentions(self.plain.text, self.document, *sentence)
        return self.dates_by_sentence[sentence[0]]
