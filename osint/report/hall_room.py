"""Room for chips of one family: in the halls that documents describe, and in what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from osint import model
from osint.model import Dossier, Given, Ground, Part, Total
from osint.register import Claim, chip_families

CHIPS = "chips"


@dataclass(frozen=True, slots=True)
class HallRoom:
    """Room for chips at some sites, on one ground."""

    ground: Ground
    interval: tuple[float, float, float] | None
    """Low, best and high (90%), chips; None where nothing on this ground gives a size; zeros where all was bare."""
    chip: str
    """Chip that the room is worked out for; empty where the family is open."""
    parts: tuple[Part, ...]
    """The sites that have a size, with the figures that it follows from."""
    without: tuple[str, ...]
    """Sites of which nothing on this ground gives a size."""
    bare: tuple[str, ...]
    """Sites that were looked at as a whole, and where nothing stood."""

    @property
    def givens(self) -> tuple[Given, ...]:
        """Return the figures that the room follows from."""
        return tuple(g for part in self.parts for g in part.givens)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of the claims or observations that the room follows from."""
        return tuple(dict.fromkeys(i for g in self.givens for i in g.ids))

    @property
    def sites(self) -> tuple[str, ...]:
        """Return the sites that have a size."""
        return tuple(part.site_id for part in self.parts)


def family_of(claim: Claim | None, dossier: Dossier) -> str:
    """Return the first chip that a claim names and chips.csv holds; empty if it names none."""
    named = chip_families(claim.chip_model) if claim else []
    return next((name for name in named if name in dossier.network.chips), "")


def room_at(total: Total, chip: str, dossier: Dossier) -> HallRoom:
    """Return the room of a total for one chip; its sites and figures are those of the total.

    A total weighs all chip families; what is set beside a number of one chip must be of the same chip.
    """
    solved = []
    for part in total.parts:
        site = dossier.sites[part.site_id]
        readings = dossier.network.readings(
            {CHIPS} | {g.quantity for g in part.givens},
            country=site.country,
            chip=chip or None,
            fixed={"use of the hall": site.hall_use} if site.hall_use else {},
            elevation_m=site.elevation_m,
        )
        solved.append(model.posterior(CHIPS, list(part.givens), readings)[0])
    interval = model.sum_of(solved).interval if solved else (0.0, 0.0, 0.0) if total.bare else None
    return HallRoom(total.ground, interval, chip, total.parts, total.without, total.bare)


def total_of(totals: Iterable[Total], ground: Ground) -> Total:
    """Return the total of chips on one ground; an empty one without sites."""
    empty = Total(CHIPS, ground, (), (), {}, (), (), None)
    return next((t for t in totals if t.quantity == CHIPS and t.ground == ground), empty)
