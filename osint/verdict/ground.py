"""What a look at the ground can show of a claim, by its kind and rung."""

from __future__ import annotations

from enum import StrEnum

from osint.register import Claim, Rung, Scope


class Ground(StrEnum):
    """What bare ground says of a figure of a kind."""

    HOLDS_NONE = "holds none"
    """What needs a building: where none stands there is none of it."""
    RUNG = "rung"
    """A state of the site or its date: shown from ground broken on."""
    LAND = "land"
    """An area of land is there without a building; only works that are said to stand on it are shown."""
    SHOWS_NOTHING = "shows nothing"
    """Money, ratios, shares, counts of projects, and what stands elsewhere, as a power plant."""


GROUND_SHOWS = {
    **dict.fromkeys(("chips", "servers", "racks", "cabinets", "PFLOPS"), Ground.HOLDS_NONE),
    **dict.fromkeys(("power_MW", "energy_GWh_per_yr", "floor_m2"), Ground.HOLDS_NONE),
    **dict.fromkeys(("start_date", "milestone_date", "completion_date", "status", "location"), Ground.RUNG),
    **dict.fromkeys(("land_m2", "land_mu"), Ground.LAND),
    **dict.fromkeys(("investment_CNY", "investment_USD", "value_USD", "PUE", "share_pct"), Ground.SHOWS_NOTHING),
    **dict.fromkeys(("ratio", "project_count", "tonnes_coal_equiv"), Ground.SHOWS_NOTHING),
    **dict.fromkeys(("generation_MW", "battery_MW"), Ground.SHOWS_NOTHING),
}
"""What bare ground says of each kind of claim; a test holds that every kind of kinds.csv is here."""
NAMED_BY_KIND = frozenset({"start_date", "completion_date"})
"""Kinds of state that name works themselves, whatever rung the text had when it was written."""


def ground_shows(claim: Claim, stands: bool) -> bool:
    """Return whether bare ground can deny a claim; `stands` says that it is said to stand, and not promised.

    Words and filings (rungs below ground broken) leave no trace on the ground, nor does a sum of money. Energy that is
    generated, not used, is made elsewhere, and a share of power is no power of the place.
    """
    works = claim.rung is not None and claim.rung.height >= Rung.GROUND_BROKEN.height
    elsewhere = Scope.read(claim.scope) in {Scope.GENERATION, Scope.SHARE}
    shows = GROUND_SHOWS.get(claim.quantity_kind, Ground.SHOWS_NOTHING)
    if shows == Ground.RUNG:
        return works or claim.quantity_kind in NAMED_BY_KIND
    if shows == Ground.LAND:
        return works and stands
    return shows == Ground.HOLDS_NONE and not elsewhere
