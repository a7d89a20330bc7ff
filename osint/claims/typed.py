"""Read a number as a person types it, by the grammar of the filings: 33000㎡, 3.3万, 30000-40000, 1.2 million m2."""

from __future__ import annotations

import re

from osint.claims.folding import Plain, fold
from osint.claims.quantities import LocatedQuantity, find_quantities
from osint.errors import BadInputError

SPELLED = {"count": "台", "m2": "平方米", "MW": "MW", "MVA": "MVA", "GWh": "GWh", "PFLOPS": "P", "CNY": "元"}
"""Unit that is written behind a number which has none, by the SI unit in which it is meant."""
_PLAIN = r"\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?"
_NUMBERS = re.compile(rf"({_PLAIN})(?:\s*(?:\.\.|~|-|–|to)\s*({_PLAIN}))?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_EITHER = re.compile(r"(?<![\d,])(?<!\d\.)[1-9]\d{0,2}\.\d\d0(?![\d.,])")
"""A number whose point may part thousands: nobody ends three decimals in 0."""
_APPROXIMATE = ("about", "more than", "at least", "up to", "less than")


def read_typed(text: str, si_unit: str) -> tuple[float | None, float | None, str]:
    """Return low and high in `si_unit`, and the family of the unit that was written (empty without one).

    An end that the words leave open (over 30,000 m2) is None. A number without a unit is in `si_unit`, one of SPELLED.
    Raises BadInputError for what is no number or range, holds more than that, has a unit of another kind, or a point
    that may part thousands.

    >>> read_typed("3.3万㎡", "m2"), read_typed("30,000..40,000", "m2")
    ((33000.0, 33000.0, 'area'), (30000.0, 40000.0, ''))
    """
    if either := _EITHER.search(text):
        point, thousands = f"{float(either[0]):g}", either[0].replace(".", ",")
        raise BadInputError(f"{either[0]!r} can be {point} or {thousands}, as its point is read; write one of these")
    if plain := _NUMBERS.fullmatch(text.strip()):
        ends = [_number(end, text) for end in plain.groups() if end]
        return _ordered(ends[0], ends[-1], text), ends[-1], ""
    typed = text.replace("..", "~")
    folded = fold(typed)
    found = find_quantities(folded)
    own_unit = bool(found)
    if not found:
        folded = fold(typed + SPELLED[si_unit])
        found = find_quantities(folded)
    if len(found) != 1:
        told = "more than one number" if found else "no number"
        raise BadInputError(f"{text!r} holds {told} that can be read; write 33000, 3.3万, 33000㎡ or 30000..40000")
    one = found[0]
    if rest := _left_over(one, folded):
        raise BadInputError(f"{rest!r} in {text!r} is not read; write the number and its unit alone")
    low, high = one.quantity.si_low, one.quantity.si_high
    if one.quantity.si_unit != si_unit:
        unit = one.quantity.si_unit or one.quantity.unit
        raise BadInputError(f"{text!r} is in {unit}, and {si_unit} is wanted; write the number in {si_unit}")
    if low is not None and high is not None:
        _ordered(low, high, text)
    return low, high, one.family if own_unit else ""


def _number(text: str, whole: str) -> float:
    if not _THOUSANDS.fullmatch(text):
        raise BadInputError(f"{text!r} in {whole!r} has commas that part no thousands; write 33,000 or 33000")
    return float(text.replace(",", ""))


def _ordered(low: float, high: float, text: str) -> float:
    if low > high:
        raise BadInputError(f"{text!r} has low above high; write the smaller number first")
    return low


def _left_over(one: LocatedQuantity, folded: Plain) -> str:
    """Return what stands beside the number and bounds nothing."""
    before, behind = folded.text[: one.start].strip(" :="), folded.text[one.end :].strip(" .")
    bounded = one.quantity.qualifier in _APPROXIMATE
    return " ".join(part for part in ("" if bounded else before, "" if bounded else behind) if part)
