"""Read quantities as a person types them: floor_m2=33000㎡, chips=3.3万, it_mw>=85, floor_m2=30000-40000."""

from __future__ import annotations

import difflib
import re

from osint.errors import BadInputError
from osint.model.given import Given
from osint.register import QUANTITIES

LEAST = 1e-6
"""Number below which nothing of a site is measured, in the unit of its quantity (judgement)."""
NEAR = 4
"""Names that a message offers."""
_COUNTED = {"chips": {"chips", "cards", "thing"}, "servers": {"servers", "thing"}, "racks": {"racks", "thing"}}
"""Families of units in which a count may be written; others take things without a name alone."""
_SIGNS = re.compile(r"\s*([^=<>≥≤]*?)\s*(>=|<=|==|=|≥|≤)\s*(.*?)\s*")


def quantity_named(text: str) -> str:
    """Return the quantity of the model that a text names, in any case.

    Raises BadInputError with near names for another text.

    >>> quantity_named("IT_MW")
    'it_mw'
    """
    wanted = text.strip().casefold().replace(" ", "_").replace("-", "_")
    if wanted in QUANTITIES:
        return wanted
    near = [name for name in QUANTITIES if wanted and wanted in name.split("_")]
    near += [name for name in difflib.get_close_matches(wanted, QUANTITIES, NEAR) if name not in near]
    if near:
        raise BadInputError(f"{text!r} is not a quantity of the model; did you mean {' or '.join(near[:NEAR])}?")
    raise BadInputError(f"{text!r} is not a quantity of the model; use one of {', '.join(QUANTITIES)}")


def parse_given(text: str) -> Given:
    """Read NAME=VALUE, NAME=LOW..HIGH, NAME>=LOW or NAME<=HIGH.

    A number may have a unit and a scale as filings write them (33000㎡, 3.3万, 85MW, 4.51亿元), a range `-`, `~` or
    `..`; without a unit it is in that of the name. Raises BadInputError that names the part which cannot be read, and
    for a number that no site reaches.

    >>> parse_given("floor_m2=3万-3.6万㎡").text()
    'floor_m2=30000..36000'
    """
    found = _SIGNS.fullmatch(text)
    if not found or not found[1]:
        raise BadInputError(f"{text!r} is not NAME=VALUE; write a name, a sign and a number, as floor_m2=33000")
    name, sign = quantity_named(found[1]), {"≥": ">=", "≤": "<=", "==": "="}.get(found[2], found[2])
    if not found[3]:
        raise BadInputError(f"{text!r} has no number; write {name}=33000 or {name}=30000..36000")
    quantity = QUANTITIES[name]
    from osint.claims import read_typed  # its patterns are slow to load, and a number in a table needs none

    low, high, family = read_typed(found[3], quantity.si_unit)
    if quantity.si_unit == "count" and family and family not in _COUNTED.get(name, {"thing", "cards"}):
        raise BadInputError(f"{found[3]!r} counts {family}, and {name} counts {quantity.unit}; name the right one")
    for end in (low, high):
        if end is not None and not LEAST <= end <= quantity.most:
            reach = f"from {LEAST:g} to {quantity.most:,.0f} {quantity.unit}"
            wrong = f"{name}={end:g} is not a positive finite number that a site can have"
            raise BadInputError(f"{wrong}; write one {reach}")
    if sign != "=" and (low is None or high is None or low != high):
        raise BadInputError(f"{text!r} has a bound and a range; write one of them")
    return Given(name, None if sign == "<=" else low, None if sign == ">=" else high, label=text.strip())
