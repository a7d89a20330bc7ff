"""What the number of a claim would need at least: power at the meter and floor, by relations alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from osint import model
from osint.errors import OsintError
from osint.model import CAPACITY, CHIP_COUNTS, Dossier, Given, Question, ReadingWord, show

Interval: TypeAlias = tuple[float, float, float]
POWER, FLOOR = "facility_mw", "floor_m2"
MONTH = len("2026-06")


@dataclass(frozen=True, slots=True)
class Needs:
    """Low, best and high (90%) of what a number would need; None where no relation says it, or it is that itself."""

    power_mw: Interval | None = None
    """At the meter, at the peak for which the site is designed."""
    floor_m2: Interval | None = None
    """Gross floor at usual density."""
    whole: bool = False
    """Whether it is what a hall needs that is for these chips alone: one that is shared needs more."""
    loose: bool = False
    """Whether the number is itself a power, of which it is not stated whether it is IT or facility power."""
    chips_until: str = ""
    """Month up to which chip families are weighed, as the claim names none; empty where that does not enter."""

    def to_row(self) -> dict[str, float | None]:
        """Return the columns of findings.csv; an empty number is None."""
        named = {"mw": self.power_mw, "m2": self.floor_m2}
        sides = ("low", "best", "high")
        return {
            f"needs_{unit}_{side}": None if ends is None else ends[i]
            for unit, ends in named.items()
            for i, side in enumerate(sides)
        }

    def text(self, written: str, times: float = 1.0) -> str:
        """Return it in words, after the number as its source writes it; empty where nothing can be said.

        Where a text gives a range, or can be read in two ways, `times` is how many times its smaller figure the
        larger one is: what either would need is said, as the two may differ by orders of magnitude.
        """
        said = self._phrase(1.0)
        if not said:
            return ""
        alone = ", in a hall for these alone" if self.whole else ""
        if self.chips_until:
            alone += f", by the chip families on file that are on the market by {self.chips_until}"
        end = f"{alone} (90%, by relations alone)."
        if times <= 1:
            return f"{written} would need {said}{end}"
        return f"{written}: the smaller figure would need {said}; the larger one {self._phrase(times)}{end}"

    def _phrase(self, times: float) -> str:
        said = []
        if self.power_mw:
            low, best, high = (show(end * times) for end in self.power_mw)
            kind = f"{low} to {high} MW at the meter (IT, facility or average power: not stated)"
            said.append(kind if self.loose else f"about {best} MW ({low} to {high}) at the meter")
        if self.floor_m2:
            low, best, high = (show(end * times) for end in self.floor_m2)
            said.append(f"about {best} m2 ({low} to {high}) of gross floor at usual density")
        return " and ".join(said)


def needs(q: Question, number: float, source: Dossier) -> Needs:
    """Return what a number of the quantity of a question would need; no document and no observation enters."""
    if q.quantity not in CAPACITY or not (math.isfinite(number) and number > 0):
        return Needs()
    power, floor = (_need(q, wanted, number, source) for wanted in (POWER, FLOOR))
    until = model.chips_until(q)[:MONTH] if q.quantity in model.BY_CHIP and not q.families else ""
    return Needs(power, floor, q.quantity in CHIP_COUNTS, q.quantity == "power_mw", until)


def _need(q: Question, wanted: str, number: float, dossier: Dossier) -> Interval | None:
    """Return the interval of one quantity: all is in proportion, so that one of a unit serves every number."""
    if wanted == q.quantity:
        return None
    prior = tuple(model.family_prior(q, dossier.network).items()) if q.quantity in model.BY_CHIP else ()
    key = ("needs", wanted, q.quantity, q.country == "CN", prior, q.precision)
    one = dossier.network.once(key, lambda: _of_one(q, wanted, dossier))
    return None if one is None else (one[0] * number, one[1] * number, one[2] * number)


def _of_one(q: Question, wanted: str, dossier: Dossier) -> Interval | None:
    fixed: dict[str, str] = {ReadingWord.USE: ReadingWord.AI_ALONE} if q.quantity in CHIP_COUNTS else {}
    unit = Given(q.quantity, 1.0, 1.0)
    try:
        readings = model.readings_for(q, [unit, Given(wanted, 1.0, 1.0)], dossier, fixed)
        return model.posterior(wanted, [unit], readings)[0].interval
    except OsintError:  # no relation joins the two
        return None
