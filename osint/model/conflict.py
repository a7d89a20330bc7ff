"""Whether the pieces of evidence agree: what the others expect of each, and how far it lies from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from osint.model.given import Given, show
from osint.model.network import unit_of
from osint.model.posterior import Posterior, posterior
from osint.model.readings import Reading, Readings

DISAGREE = 0.05  # posterior predictive p below which a disagreement is named
CONTRADICT = 0.01  # posterior predictive p below which givens are not combined to one number


@dataclass(frozen=True, slots=True)
class Conflict:
    """One given against all the others."""

    given: Given
    others: tuple[Given, ...]
    p: float
    """Posterior predictive probability, two-sided, of a value at least so far out; of a bound, that it holds."""
    expected: Posterior
    """What the others expect of the quantity."""

    @property
    def low(self) -> float:
        """Lower end of what the others expect (90%), in the unit of the quantity."""
        return self.expected.interval[0]

    @property
    def best(self) -> float:
        """Median of what the others expect."""
        return self.expected.interval[1]

    @property
    def high(self) -> float:
        """Upper end of what the others expect."""
        return self.expected.interval[2]

    @property
    def factor(self) -> float:
        """How many times the given lies above or below what the others expect, at least 1."""
        return float(np.exp(abs(self.given.log - np.log(self.best))))

    def text(self) -> str:
        """Return it in words, with both sides."""
        rest = ", ".join(map(_named, self.others))
        pair = "these two disagree" if len(self.others) == 1 else "this and the others disagree"
        expected = f"{show(self.best)} ({show(self.low)} to {show(self.high)}, 90%) {unit_of(self.given.quantity)}"
        chance = f"p = {self.p:.2g}" if self.p >= 1e-6 else "p < 0.000001"
        return f"{_named(self.given)} against {rest}: {pair} by a factor of {show(self.factor)} ({chance}); {rest} " + (
            f"expects {expected}" if len(self.others) == 1 else f"expect {expected}"
        )


def _named(given: Given) -> str:
    """Return a given as it can be typed, with the rows behind it."""
    return given.text() + (f" [{', '.join(given.ids)}]" if given.ids else "")


def conflicts(givens: Sequence[Given], readings: Sequence[Reading]) -> tuple[Conflict, ...]:
    """Return each given against all the others, least probable first.

    The prediction is the exact mixture over the readings. A given of which the others expect nothing
    (bounds from below alone) is left out; of a ceiling only what lies above it is a conflict. `readings` are those of
    all the givens together.
    """
    kept = Readings.of(readings)
    out = []
    for i, given in enumerate(givens):
        others = tuple(g for j, g in enumerate(givens) if j != i)
        if all(g.bound and not g.capped for g in others):
            continue
        expected, _ = posterior(given.quantity, others, kept)
        if expected.ceiling and (given.capped or given.high is None):
            continue  # a bound does not contradict a ceiling of another kind
        if expected.ceiling:
            p = min(1.0, expected.tails(given.log, given.sd)[1])
        elif given.bound:
            p = expected.at_most(given.high or np.inf) if given.capped else expected.at_least(given.low or 0.0)
        else:
            p = min(1.0, 2 * min(expected.tails(given.log, given.sd)))
        out.append(Conflict(given, others, p, expected))
    return tuple(sorted(out, key=lambda c: c.p))


def contradiction(target: str, firm: Sequence[Given], readings: Readings) -> Conflict | None:
    """Return the two-sided given that the others contradict most (p below CONTRADICT); None where they agree.

    Of two a target is enough to see that they agree: readings under which they lie within one sd of each other, of a
    share s together, leave p of at least s times that of one sd.
    """
    if len(firm) == 2:
        solved = Posterior(readings, target, tuple(firm)).solution
        misfit = solved.gaps[:, 0] ** 2 * solved.system.precision[readings.layout.of, 0, 0]
        if 2 * ndtr(-1.0) * readings.priors[misfit <= 1].sum() >= CONTRADICT:
            return None
    worst = next(iter(conflicts(firm, readings)), None) if len(firm) > 1 else None
    return worst if worst is not None and worst.p < CONTRADICT else None
