"""What a claim asserts of the ground, and with which day: it stands, it is promised for a day, or nothing of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from osint.model import CAPACITY, Dossier
from osint.register import CLAIM_KINDS, Claim, Modality, Rung

PROMISES = (Modality.WILL, Modality.WOULD)
STATEMENTS = (Modality.HAS, Modality.CAN_CARRY)
_MONEY = frozenset({"CNY", "USD"})


class Asserts(StrEnum):
    """What a claim asserts of the ground, and with which day."""

    STANDS = "stands"
    """Said to stand on the day of the claim."""
    PROMISED = "promised"
    """Promised for a day."""
    PLANNED = "planned"
    """Promised, and no day is named."""
    NOTHING = "nothing"
    """Nothing that the ground could show: denied, on paper, or without a day on which it was said."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a claim asserts of the ground."""

    kind: Asserts
    rung: Rung
    """Rung that must have been reached."""
    day: int
    """Ordinal of the last day that counts as in time; 0 if none is named."""
    due_from: str = ""
    """Id of the claim of the same filing and part that names the day, if it is not this one."""
    due_read: str = ""
    """With what confidence the due day was read from the words; empty where none is due."""


def assertion(claim: Claim, dossier: Dossier) -> Assertion:
    """Return what a claim asserts of the ground.

    What is said to stand stood on the day of saying it, or on an earlier one that the claim names. A claim without a
    due day takes that of the other claims of its filing and part, if they name one day alone. What will hold a capacity
    needs at least a roof, and a capacity of a place where only ground is broken is still planned.
    """
    rung = claim.rung or Rung.ANNOUNCED
    spent = claim.unit in _MONEY and claim.modality in STATEMENTS  # spent or asked for: nothing that stands
    if spent or claim.value_high == 0:  # where nothing stands, there is none of it
        return Assertion(Asserts.NOTHING, rung, 0)
    ahead = claim.value_date and claim.date and claim.value_date.first > claim.date.last  # "has", of a later day
    said_to_stand = claim.modality in STATEMENTS and not ahead
    unbuilt = claim.quantity in CAPACITY and rung == Rung.GROUND_BROKEN
    if said_to_stand and unbuilt:
        return Assertion(Asserts.PLANNED, Rung.ROOFED, 0)
    if said_to_stand:
        days = [d.known[1].toordinal() for d in (claim.value_date, claim.date) if d]
        stands = min(days, default=0) if rung.height >= Rung.GROUND_BROKEN.height else 0
        return Assertion(Asserts.STANDS if stands else Asserts.NOTHING, rung, stands)
    if claim.modality not in PROMISES and not ahead:
        return Assertion(Asserts.NOTHING, rung, 0)
    begins = claim.quantity_kind == "start_date" and rung.height < Rung.GROUND_BROKEN.height
    rung = Rung.GROUND_BROKEN if begins else rung  # a date of beginning names the works, whatever was filed then
    starts = rung == Rung.GROUND_BROKEN and claim.quantity not in CAPACITY
    promised = rung if starts else max(rung, Rung.ROOFED, key=lambda r: r.height)
    if claim.value_date and claim.value_date.last == dt.date.max:  # "from 2025 on": it is not said by when
        return Assertion(Asserts.PLANNED, promised, 0)
    if claim.value_date:
        return Assertion(
            Asserts.PROMISED, promised, claim.value_date.last.toordinal(), due_read=claim.reading_confidence
        )
    due = _due_in_filing(claim, dossier)
    if due:
        names_state = rung.height >= Rung.ROOFED.height  # "space for" needs a roof, whatever else is due on that day
        later = promised if names_state else max(promised, due.rung or promised, key=lambda r: r.height)
        return Assertion(Asserts.PROMISED, later, due.day, due.claim_id, due.reading_confidence)
    return Assertion(Asserts.PLANNED, promised, 0)


def _due_in_filing(claim: Claim, dossier: Dossier) -> Claim | None:
    """Return the claim of the same filing and part that names a due day, if all that do name the same one."""
    if claim.quantity not in CAPACITY or claim.date is None:
        return None
    own = (claim.independence_group, claim.source_url, claim.date, claim.part)
    named = [
        c
        for c in dossier.claims[claim.site_id]
        if c.value_date
        and c.value_date.last != dt.date.max
        and c.modality in PROMISES
        and (CLAIM_KINDS[c.quantity_kind].states or c.quantity in CAPACITY)
        and (c.independence_group, c.source_url, c.date, c.part) == own
    ]
    return named[0] if len({c.day for c in named}) == 1 else None
