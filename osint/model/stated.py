"""What a site is stated to hold, in columns, so that one claim is set against all others of its part at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from osint.model.given import Given
from osint.register import QUANTITIES, TIERS, Claim, Stage

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
NEAR_DAYS = 200  # within which figures of what is live are compared
PLAN_DAYS = 550  # within which the figures of two plans are compared
CHIP_COUNTS = frozenset(name for name, q in QUANTITIES.items() if q.chip_count)
"""Chips, servers and PFLOPS: of one statement they are the same number three times."""
_PLACE = {name: n for n, name in enumerate(QUANTITIES)}
_STAGES = list(Stage)
_LASTS = np.array([q.lasts for q in QUANTITIES.values()])
_COUNTS_CHIPS = np.array([name in CHIP_COUNTS for name in QUANTITIES])


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """Claims on one part of a site by what makes them comparable, in the order of the table; each has a quantity."""

    quantity: Ints
    """Place in QUANTITIES."""
    day: Ints
    """Latest day of which each speaks, as an ordinal; 0 if it is undated."""
    stage: Ints
    """Place in Stage."""

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> Stated:
        """Return the columns of some claims."""
        return cls(
            np.array([_PLACE[c.quantity] for c in claims], dtype=np.int64),
            np.array([c.day for c in claims], dtype=np.int64),
            np.array([_STAGES.index(c.stage) for c in claims], dtype=np.int64),
        )

    def comparable(self, day: int, stage: Stage, quantity: str = "", after: int = 0) -> Bools:
        """Return which of them, from a place on, are not of a plan and a live hall, and of days that are near.

        Floor, land, racks and money stay once built; compute and power are compared within NEAR_DAYS only. It is the
        quantity that is named which stays or does not, else the own quantity of each.
        """
        days, stages = self.day[after:], self.stage[after:]
        dated, apart = (days > 0) & (day > 0), np.abs(days - day)
        near_plan = ~dated | (apart <= PLAN_DAYS)
        if stage == Stage.PLAN:
            return np.asarray(near_plan & (stages != _STAGES.index(Stage.LIVE)))
        near = (dated & (apart <= NEAR_DAYS)) | (
            QUANTITIES[quantity].lasts if quantity else _LASTS[self.quantity[after:]]
        )
        return np.asarray(np.where(stages == _STAGES.index(Stage.PLAN), near_plan & (stage != Stage.LIVE), near))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Claims on one part of a site that are evidence, in the order of the table, with what they are chosen by."""

    stated: Stated
    claims: tuple[Claim, ...]
    givens: tuple[Given, ...]
    groups: dict[str, int]
    """Independence groups by name, numbered."""
    group: Ints
    bound: Bools
    official: Ints
    """Place of each from the most official source to the least, then by id."""

    @classmethod
    def of(cls, rows: Sequence[tuple[Claim, Given]]) -> Evidence:
        """Return claims, each with what it gives."""
        claims, givens = tuple(c for c, _ in rows), tuple(g for _, g in rows)
        groups = {group: n for n, group in enumerate(dict.fromkeys(c.independence_group for c in claims))}
        order = sorted(range(len(claims)), key=lambda i: (TIERS.index(claims[i].source_tier), claims[i].claim_id))
        return cls(
            Stated.of(claims),
            claims,
            givens,
            groups,
            np.array([groups[c.independence_group] for c in claims], dtype=np.int64),
            np.array([g.bound for g in givens], dtype=bool),
            np.argsort(np.array(order, dtype=np.int64)),
        )

    def nearest(
        self,
        quantity: str,
        group: str,
        stage: Stage,
        day: int,
        *,
        cn: bool,
        joined: Collection[str],
        later: bool = False,
    ) -> list[Given]:
        """Return the claim that bears most on another of a quantity, group, stage and day, one for each other quantity.

        They come in the order in which the quantities are first named. A claim of `joined` does not count, unless it is
        of the own group. `later`: none that is more than NEAR_DAYS older than the day.
        """
        stated, own = self.stated, self.group == self.groups.get(group, -1)
        fit = stated.comparable(day, stage) & (stated.quantity != _PLACE.get(quantity, -1))
        if not cn:
            fit &= stated.quantity != _PLACE["cost_cny"]
        if quantity in CHIP_COUNTS:
            fit &= ~(own & _COUNTS_CHIPS[stated.quantity])
        if later:
            fit &= stated.day >= day - NEAR_DAYS
        if joined:
            fit &= own | np.array([c.claim_id not in joined for c in self.claims])
        rows = np.flatnonzero(fit)
        other_stage = stated.stage != _STAGES.index(stage)
        ranks = (self.official, np.abs(stated.day - day), self.bound, own, other_stage)
        ranked = rows[np.lexsort([column[rows] for column in ranks])]
        _, named = np.unique(stated.quantity[rows], return_index=True)
        _, best = np.unique(stated.quantity[ranked], return_index=True)  # of the same quantities, in the same order
        return [self.givens[ranked[best[n]]] for n in np.argsort(named)]
