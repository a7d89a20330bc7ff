"""What a finding rests on beside the looks: what documents allow, the assumption at its edge, what contradicts it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from osint import model
from osint.model import Factor, Given, Posterior, SharedSum, show

BEYOND_EDGE = 3.0  # distance beyond which one assumption is no edge but out of the question
AT_EDGE = 1.0  # distance from its best, in standard deviations, from which one assumption carries a strained number


@dataclass(frozen=True)
class Bound:
    """What the documents other than the claim allow for the quantity of a question."""

    givens: list[Given]
    posterior: Posterior | None = None
    """None where nothing bears on the quantity, and where it is a sum."""
    total: SharedSum | None = None
    """The sum over the halls of several parts of the site."""
    plans: Bound | None = None
    """What plans on paper would come to, where a hall that is told to stand goes before them."""
    planned: bool = False
    """Whether all of it is plans."""
    parts: tuple[str, ...] = ()
    """The parts of the site whose halls it is of; what else of the site has no hall on file is not in it."""
    sides: tuple[Bound, ...] = ()
    """What each side allows, where the documents contradict each other: they have no one range."""

    def text(self, unit: str) -> str:
        """Return the range, what it rests on and whether that is plans alone; plans behind a hall come apart."""
        if self.sides:
            told = "; ".join(side.text(unit) for side in self.sides)
            return f"documents contradict each other, so that there is no one range: {told}"
        low, best, high = self.interval
        ids = ", ".join(self.ids)
        said = f"room for {show(best)} ({show(low)} to {show(high)}) {unit}, by {ids}"
        if all(g.quantity == "cost_cny" for g in self.givens):  # money is no hall
            bought = f"{show(best)} ({show(low)} to {show(high)}) {unit}"
            said = (
                f"the money of {ids} would pay for {bought}, if all of it is for servers and what they need, "
                "which says nothing of room"
            )
        said += " (plans alone)" if self.planned else ""
        said += f" (of {', '.join(self.parts)}; no other hall of it is on file)" if self.parts else ""
        if self.plans is None or not math.isfinite(self.plans.interval[1]):
            return said
        low, best, high = self.plans.interval
        would = f"{show(best)} ({show(low)} to {show(high)})"
        return f"{said}; plans on paper, {', '.join(self.plans.ids)}, would come to {would}"

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high (90%); NaN where nothing bears on it; of several sides the ends of all, without a best."""
        if self.sides:
            lows, _, highs = zip(*(side.interval for side in self.sides), strict=True)
            return min(lows), math.nan, max(highs)
        if self.total is not None:
            return self.total.interval
        return self.posterior.interval if self.posterior else (math.nan, math.nan, math.nan)

    @property
    def ids(self) -> list[str]:
        """Ids of the claims, sorted."""
        return sorted({i for g in self.givens for i in g.ids})


@dataclass(frozen=True, slots=True)
class EdgeAssumption:
    """The factor that must be furthest from its best for a claim to hold."""

    factor: Factor
    needed: float
    """Value that it would have to have, in its unit."""
    sd: float
    """Distance of that value from the best, in standard deviations of the log; negative below the best."""

    def text(self) -> str:
        """Return it in words."""
        f = self.factor
        known = f"(best {show(f.best)}, 90% {show(f.low)} to {show(f.high)})"
        if abs(self.sd) < AT_EDGE:
            return "what was seen would have to be at the upper end of its range, and every assumption with it"
        return f"the relation {f.name} would have to be {show(self.needed)} {f.unit} {known}"


def edge_assumption(quantity: str, answer: Posterior, givens: Sequence[Given], value: float) -> EdgeAssumption | None:
    """Return the factor that must be furthest from its best for a value to hold, by the likeliest reading.

    Under the value and the two-sided givens the most probable factors follow by generalised least squares. None where
    the answer depends on no factor, or where no factor alone can carry it.
    """
    top, _ = answer.likeliest
    firm = [g for g in givens if not g.bound] + [Given(quantity, value, value)]
    mean, load, names = model.design(top, [g.quantity for g in firm])
    gaps = np.array([g.log for g in firm]) - mean
    inverse = np.linalg.inv(load @ load.T + np.diag([g.sd**2 for g in firm]))
    ones = np.ones(len(firm))
    size = (ones @ inverse @ gaps) / (ones @ inverse @ ones)
    needed = load.T @ inverse @ (gaps - size)
    if not len(needed):
        return None
    furthest = int(np.argmax(np.abs(needed)))
    factors = {f.name: f for e in top.edges.values() for _, f in e.factors}
    factor, sd = factors[names[furthest]], float(needed[furthest])
    if abs(sd) > BEYOND_EDGE:
        return None
    return EdgeAssumption(factor, float(factor.best * np.exp(sd * factor.sigma)), sd)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A cross-check that found a claim inconsistent, and the other claims that it rests on."""

    check: StrEnum
    others: tuple[str, ...]
    pair: StrEnum | None = None
    """What its two sides are to each other: two documents, one text, a planted test."""
    check_id: str = ""
    """Name of the check, by which a contradiction of several claims is counted once."""

    def text(self) -> str:
        """Return it in words, as 'C047 (ladder against date)'."""
        return f"{' and '.join(self.others) or 'itself'} ({self.check})"
