"""A claim as a record, and claims as a table."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from osint.claims.quantities import Quantity

CLAIM_COLUMNS = (
    "file", "kind", "low", "high", "unit", "si_low", "si_high", "si_unit", "rung", "qualifier", "subject", "date",
    "start", "end", "quote", "sentence", "aim", "modality", "chip_model", "precision", "per", "alternatives",
    "confidence", "warning", "page", "row_label", "column_label", "unit_source",
    "rung_reason",
)  # fmt: skip
"""The columns of a frame of claims, in order."""


class TextClaim(NamedTuple):
    """One quantity that a text asserts."""

    kind: str
    """one of the fixed kinds (chips, servers, power, ...)"""
    quantity: Quantity
    """its value, as written and in SI units"""
    rung: str
    """the rung of the ladder that the words assert; empty where they assert none"""
    subject: str
    """the words that name what is counted or measured"""
    date: str
    """the date that the claim speaks of, EDTF; empty where none is named"""
    start: int
    """offset of the first character of the quote, in code points of the text as given"""
    end: int
    """offset behind the last character of the quote"""
    quote: str
    """text[start:end], unchanged"""
    sentence: str
    """the sentence around it, unchanged, at most 300 characters"""
    aim: str = ""
    """the rung that the future or an intention speaks of; `rung` where there is neither"""
    modality: str = ""
    """has, will, would or can carry; empty where no rung is stated"""
    precision: str = ""
    """what the text says of compute precision: FP16, FP8, dense, sparse; empty where it says nothing"""
    per: str = ""
    """what a price or power is per (千瓦时, P, 台); empty for a total"""
    alternatives: str = ""
    """other readings that the text allows, separated by |"""
    confidence: str = "high"
    """confidence of the reading, not of the claim: high, medium or low"""
    warning: str = ""
    """what a reader must check against the page"""
    row_label: str = ""
    """words of the label cells of its row in a table, the outer first, parted by " / "; empty in prose"""
    column_label: str = ""
    """words of the header cells of its column in a table, from top to bottom, parted by " / "; empty in prose"""
    unit_source: str = ""
    """where the unit of a number in a table is written, a `UnitSource`; empty in prose"""
    rung_reason: str = ""
    """what gave the rung where it was not the clause: row and column, or the kind of the filing; else empty"""

    def shifted(self, by: int) -> TextClaim:
        """Return the claim of a passage that begins `by` characters further on."""
        return self._replace(start=self.start + by, end=self.end + by)

    def warned(self, *warnings: str) -> TextClaim:
        """Return the claim with warnings behind its own, each once."""
        return self._replace(warning="; ".join(dict.fromkeys(filter(None, (self.warning, *warnings)))))

    def at_most_medium(self) -> TextClaim:
        """Return the claim with medium confidence in place of high."""
        return self._replace(confidence="medium") if self.confidence == "high" else self

    def doubted(self, warning: str, *, is_refused: bool = False) -> TextClaim:
        """Return the claim with a warning and low confidence; without its value if `is_refused`."""
        nothing = self.quantity._replace(low=None, high=None, si_low=None, si_high=None)
        quantity = nothing if is_refused else self.quantity
        return self._replace(quantity=quantity, warning=warning, confidence="low")


def claims_frame(claims: list[TextClaim], file: str = "") -> pd.DataFrame:
    """Return claims as a table with `CLAIM_COLUMNS`; an open bound is NaN, a word that is missing an empty string.

    >>> from osint.claims import extract
    >>> claims_frame(extract("机柜500架"), "a.txt")[["file", "kind", "low", "unit"]].values.tolist()
    [['a.txt', 'racks', 500.0, '架']]
    """
    columns: dict[str, list[object]] = {"file": [file] * len(claims)}
    for name in CLAIM_COLUMNS[1:]:
        source = (claim.quantity if name in Quantity._fields else claim for claim in claims)
        columns[name] = [str(one) if isinstance(one := getattr(row, name, ""), str) else one for row in source]
    table = pd.DataFrame(columns)
    return table.astype(dict.fromkeys(("low", "high", "si_low", "si_high"), float))
