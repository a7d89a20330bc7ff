"""What a claim asserts of the ground, and with which day: it stands, it is promised for a day, or nothing of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from osint.model import CAPACITY, Dossier
from osint.register import CLAIM_KINDS, Claim, Modality, Rung

PROMISES = (Modality.WILL, Modality.WOULD)
STATEMENTS = (Modality.HAS, Modality.CAN_CARRY)
TESTED = CAPACITY | {"floor_m2"}
"""Quantities of which a claim is tested by sizes that were seen; a floor by areas alone, as it can stand unpowered."""
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
    due day takes that of the claims of its filing and part that promise its stage or a higher one, if they name one day
    alone: what is to run by a day is built by then, and what is to be built by it need not run. What will hold a
    capacity needs at least a roof, and a capacity of a place where only ground is broken is still planned.
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
    starts = rung == Rung.GROUND_BROKEN and claim.quantity not in TESTED
    promised = rung if starts else max(rung, Rung.ROOFED, key=lambda r: r.height)
    if claim.value_date and claim.value_date.last == dt.date.max:  # "from 2025 on": it is not said by when
        return Assertion(Asserts.PLANNED, promised, 0)
    if claim.value_date:
        return Assertion(
            Asserts.PROMISED, promised, claim.value_date.last.toordinal(), due_read=claim.reading_confidence
        )
    due = _due_in_filing(claim, promised, dossier)
    if due:
        # "space for" needs a roof, and a floor no more than that, whatever else is due on that day
        names_state = rung.height >= Rung.ROOFED.height or claim.quantity not in CAPACITY
        later = promised if names_state else max(promised, due.rung or promised, key=lambda r: r.height)
        return Assertion(Asserts.PROMISED, later, due.day, due.claim_id, due.reading_confidence)
    return Assertion(Asserts.PLANNED, promised, 0)


def _due_in_filing(claim: Claim, promised: Rung, dossier: Dossier) -> Claim | None:
    """Return the claim of the same filing and part that names a due day for a stage that includes the one promised.

    The nearest stage counts, if all that promise it name the same day. A capacity of no stated stage is due with the
    project, and not with its roof: a day of topping out names none for what is to run in it.
    """
    if claim.quantity not in TESTED or claim.date is None:
        return None
    own = (claim.independence_group, claim.source_url, claim.date, claim.part)
    named = [
        c
        for c in dossier.claims[claim.site_id]
        if c.value_date
        and c.value_date.last != dt.date.max
        and c.modality in PROMISES
        and (CLAIM_KINDS[c.quantity_kind].states or c.quantity in TESTED)
        and (c.independence_group, c.source_url, c.date, c.part) == own
    ]
    if claim.quantity in CAPACITY and (claim.rung or Rung.ANNOUNCED).height < Rung.ROOFED.height:
        named = [c for c in named if c.rung not in {Rung.GROUND_BROKEN, Rung.ROOFED} or c.quantity in CAPACITY]
    stages = {c.claim_id: max(c.rung or Rung.ANNOUNCED, Rung.ROOFED, key=lambda r: r.height).height for c in named}
    near = min((height for height in stages.values() if height >= promised.height), default=None)
    of_stage = [c for c in named if stages[c.claim_id] == near]
    return of_stage[0] if len({c.day for c in of_stage}) == 1 else None
