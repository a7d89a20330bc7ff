"""What an answer depends on most: a relation, a reading, or the ranges that were given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from osint.model.factors import Factor
from osint.model.given import EXACT, show
from osint.model.posterior import GIVEN_RANGES, Posterior

_SHARES = ((0.9, "Almost all"), (0.6, "Most"), (0.4, "About half"), (0.25, "The largest part"))
"""Words for a share of the uncertainty, from the least share of each on."""
LEAST_SHOWN = 0.01  # smallest posterior weight of an option that a text names


class DependenceKind(StrEnum):
    """Kind of what an answer depends on most."""

    EXACT = "exact"
    RELATION = "relation"
    READING = "reading"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Dependence:
    """The factor or discrete unknown that adds most to the variance of the log answer."""

    kind: DependenceKind
    name: str
    share: float
    """Share of that variance, 0 to 1."""
    factor: Factor | None = None
    """The relation, if it is one."""
    options: tuple[tuple[str, float], ...] = ()
    """Options of a discrete unknown with their posterior weights, likeliest first."""

    @property
    def source(self) -> str:
        """Where the numbers come from."""
        if self.factor is not None:
            return self.factor.source
        tables = {
            DependenceKind.READING: "readings.csv and chips.csv",
            DependenceKind.RANGE: "relations.csv and chips.csv",
        }
        return tables.get(self.kind, "")

    def in_words(self, *, listed: bool = True) -> str:
        """Return the largest doubt as a sentence: how much of the uncertainty it is, and what it is about.

        With `listed` a discrete unknown is followed by its options.
        """
        if self.kind == DependenceKind.EXACT:
            return "Nothing is uncertain: the answer follows from what was given."
        share = next((words for least, words in _SHARES if self.share >= least), f"{self.share:.0%}")
        return f"{share} of the uncertainty is {self._about(listed)}."

    def _about(self, listed: bool) -> str:
        f = self.factor
        if f is not None:
            counted, per, each = f.unit.partition(" per ")
            known = f"{f.name}, {show(f.low)} to {show(f.high)}"
            return f"how many {counted} there are per {each} ({known})" if per and "ratio" not in f.unit else known
        if self.kind == DependenceKind.READING:
            options = ", ".join(f"{k} {v:.0%}" for k, v in self.options if v >= LEAST_SHOWN)
            return f"the {self.name}: {options}" if listed else f"the {self.name}"
        return "in the ranges that were given"

    def text(self) -> str:
        """Return it in words, as 'floor_cn: 0.002 (0.0007 to 0.0047) MW IT per m2'."""
        f = self.factor
        if f is not None:
            return f"{f.name}: {show(f.best)} ({show(f.low)} to {show(f.high)}) {f.unit}"
        if self.kind == DependenceKind.READING:
            return f"{self.name}: " + ", ".join(f"{k} {v:.0%}" for k, v in self.options if v >= LEAST_SHOWN)
        return self.name if self.kind == DependenceKind.RANGE else "nothing: the answer is one of the givens"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        named = {"name": self.name, "kind": self.kind.value, "share": self.share, "text": self.text()}
        return {**named, **({"source": self.source} if self.source else {})}


def dependences(answer: Posterior) -> list[Dependence]:
    """Return what an answer depends on, that which adds most to the variance of its log first.

    The factors of the relations, the discrete unknowns, and the ranges of the givens; none where nothing adds to it.
    """
    readings, system = answer.readings, answer.solution.system
    variance = answer.by_block @ system.residual**2
    shares = dict(zip(system.slots, variance.tolist(), strict=True))
    shares[GIVEN_RANGES] = float(answer.by_block @ ((system.weights * system.noise) ** 2).sum(axis=1))
    between = {name: _between(answer, name) for name in readings.unknowns}
    shares |= between
    whole = sum(shares.values())
    counted = sorted((name for name in shares if shares[name] >= EXACT**2 * 2), key=lambda name: -shares[name])
    path = {f.slot: f for edge in answer.likeliest[0].edges.values() for _, f in edge.factors}
    out = []
    for name in counted:
        share = round(shares[name] / whole, 2)
        if name == GIVEN_RANGES:
            out.append(Dependence(DependenceKind.RANGE, name, share))
        elif name in between:
            labels = readings.labels(name)
            weights = {o: float(answer.weights[labels == o].sum()) for o in dict.fromkeys(labels.tolist()) if o}
            ranked = sorted(weights.items(), key=lambda pair: -pair[1])
            out.append(Dependence(DependenceKind.READING, name, share, options=tuple(ranked)))
        else:
            out.append(Dependence(DependenceKind.RELATION, name, share, factor=path.get(name)))
    return out


def _between(answer: Posterior, name: str) -> float:
    """Return the variance of the log answer between the options of a discrete unknown."""
    labels, weights, means = answer.readings.labels(name), answer.weights, answer.solution.means
    parts = [weights * (labels == option) for option in np.unique(labels)]
    return sum(float(w.sum() * (w @ means / w.sum() - weights @ means) ** 2) for w in parts if w.sum() > 0)
