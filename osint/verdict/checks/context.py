"""Prices and supply: what figures cost beside each other, and what is planned beside estimates of what there is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from osint.model import Dossier, show
from osint.register import Claim, Role, Scope, chip_families
from osint.verdict.checks.compare import (
    ON_PAPER,
    SAME,
    Book,
    Span,
    against,
    document,
    find_words,
    has_words,
    same_sentence,
    span_of,
)
from osint.verdict.checks.record import Check, CheckFinding, CheckName, Way

SERVER_PFLOPS = 8  # PFLOPS of a server in the filings' own rule of thumb
FEWEST_ALIKE = 3  # prices that make a cluster
DRAWS = 4000  # of prices, for the chance of a cluster
FEW_PRICES = 100  # prices up to which all draws are made; of more there are as many fewer
LEAST_DRAWS = 100
SEED = 20260000  # of those draws

Logs: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Price:
    """A sum and the compute that it buys, of one text and of equal scope."""

    money: Claim
    compute: Claim

    @property
    def each(self) -> float:
        """CNY per PFLOPS."""
        return self.money.figure / self.compute.figure


def _prices(book: Book) -> list[Price]:
    """Return each sum in CNY with the one figure of compute of the same text, part and stage.

    Sums in other currencies are left out: no dated rate is on file. So is a sum for a lot beside the compute of a
    whole, and one beside which several figures of compute stand.
    """
    out = []
    for kinds in book.by_site.values():
        for money in (f for f in kinds.get("cost_cny", []) if f.claim.evidence_use and not f.span.open):
            same = [f for f in kinds.get("pflops", []) if document(f.claim) == document(money.claim)]
            same = [f for f in same if f.claim.part == money.claim.part and not f.span.open and not f.claim.readings]
            in_quote = [f for f in same if same_sentence(f.claim, money.claim)]
            options = in_quote or same
            if len(options) == 1:
                out.append(Price(money.claim, options[0].claim))
    return out


def prices(book: Book) -> Iterator[Check | None]:
    """Yield money per P of one statement, with the statements whose price is nearly the same.

    Clusters are the same from whichever of their members they are seen. How often as many of so many prices would
    lie as near by chance is said with them.
    """
    found = sorted(_prices(book), key=lambda p: (p.each, p.money.claim_id))
    if not found:
        return
    logs = np.log([p.each for p in found])
    clusters = _clusters(logs)
    drawn = _drawn(len(found), float(logs.std(ddof=1))) if clusters else logs[None]
    chance = {size: _chance(drawn, size) for size in {len(c) for c in clusters}}
    of = {n: cluster for cluster in clusters for n in cluster}
    for n, price in enumerate(found):
        alike = [found[m] for m in of.get(n, ())]
        figures: dict[str, float | str] = {
            "money": price.money.written(), "pflops": price.compute.written(), "each": price.each,
            "server": price.each * SERVER_PFLOPS, "count": len(found), "middle": _middle(found),
        }  # fmt: skip
        if alike:
            ids = ", ".join(p.money.claim_id for p in alike)
            figures |= {"low": alike[0].each, "high": alike[-1].each, "alike": len(alike), "ids": ids}
            figures |= {"chance": chance[len(alike)], "draws": len(drawn), "sd": float(logs.std(ddof=1))}
        way = Way.SHARED if alike else Way.APART
        yield against(book, CheckName.PRICE, [price.money, price.compute], [], CheckFinding.NOTE, way, **figures)


def _middle(found: Sequence[Price]) -> str:
    """Return the middle of sorted prices, with the two that it lies between where their number is even."""
    if len(found) == 1:
        return "no other statement on file gives a price"
    half, odd = divmod(len(found), 2)
    if odd:
        middle = found[half]
        return f"the middle one of {len(found)} statements is {show(middle.each, 3)} ({middle.money.claim_id})"
    low, high = found[half - 1], found[half]
    ends = " and ".join(f"{show(p.each, 3)} ({p.money.claim_id})" for p in (low, high))
    return f"the middle of {len(found)} statements is {show((low.each + high.each) / 2, 3)}, between {ends}"


def _clusters(logs: Logs) -> list[range]:
    """Return the places in a sorted list of logs that lie within 10% of each other, the largest clusters first."""
    ends = np.searchsorted(logs, logs + math.log1p(SAME), side="right")
    taken, out = np.zeros(len(logs), dtype=bool), []
    for start in np.argsort(np.arange(len(logs)) - ends, kind="stable"):
        cluster = range(int(start), int(ends[start]))
        if len(cluster) >= FEWEST_ALIKE and not taken[cluster.start : cluster.stop].any():
            taken[cluster.start : cluster.stop] = True
            out.append(cluster)
    return out


def _drawn(count: int, sd: float) -> Logs:
    """Return draws (rows) of the logs of as many independent prices of a spread, sorted within a draw."""
    rows = max(DRAWS // max(count // FEW_PRICES, 1), LEAST_DRAWS)
    return np.sort(np.random.default_rng(SEED).normal(0, sd, (rows, count)), axis=1)


def _chance(drawn: Logs, size: int) -> float:
    """Return in how many draws at least `size` of the prices lie within 10% of each other."""
    width = drawn[:, size - 1 :] - drawn[:, : drawn.shape[1] - size + 1]
    return float((width <= math.log1p(SAME)).any(axis=1).mean())


def supply(book: Book) -> Iterator[Check | None]:
    """Yield planned restricted chips against the published estimates of such chips in the country, by group.

    Intervals are compared: where both ends are open no order follows. An estimate of a flow is not one of a stock.
    """
    dossier = book.dossier
    for p in counted_chips(dossier, book.regions):
        planned = span_of(p)
        if p.rung not in ON_PAPER or planned is None:
            continue
        for s in supply_estimates(dossier, dossier.sites[p.site_id].country):
            estimate = span_of(s)
            if estimate is None or _other_families(p, s):
                continue
            way = Way.ABOVE if planned.above(estimate) else Way.BELOW if estimate.above(planned) else Way.OPEN
            figures: dict[str, float | str] = {
                "ratio": planned.per(estimate).text(), "plan": show(p.figure, 6), "estimate": show(s.figure, 6),
                "mid": p.figure / s.figure, "median": _median(s, planned), "kind": _kind(s),
            }  # fmt: skip
            yield against(book, CheckName.SUPPLY, [p], [s], CheckFinding.NOTE, way, **figures)


def _kind(claim: Claim) -> str:
    """Return what an estimate counts, as the end of a sentence."""
    return "counts what came in one year, not what is there" if counts_a_flow(claim) else "counts what is there"


def counts_a_flow(claim: Claim) -> bool:
    """Return whether an estimate counts what came in a span of time, and not what is there."""
    return Scope.read(claim.scope) == Scope.EACH or has_words("flow", claim.scope)


def stated_median(claim: Claim) -> float | None:
    """Return the median that the words of an estimate name, in its unit; None if they name none."""
    found = next(find_words("median", claim.quote), None)
    return float(found[0].group(1).replace(",", "")) if found else None


def _median(claim: Claim, planned: Span) -> str:
    """Return the median that the words of an estimate name, beside the plan."""
    value = stated_median(claim)
    if value is None:
        return ""
    than = "above" if value > planned.low else "below"
    return f" Its median of {value:,.0f} is {than} the {planned.low:,.0f} that the plan begins at."


def national(dossier: Dossier, country: str) -> set[str]:
    """Return the totals over a whole country."""
    totals = (s for s in dossier.sites.values() if s.role == Role.AGGREGATE)
    return {s.site_id for s in totals if country in s.covers.split("|")}


def _other_families(first: Claim, second: Claim) -> bool:
    """Return whether two claims name families of chips of which none is the same."""
    one, two = chip_families(first.chip_model), chip_families(second.chip_model)
    return bool(one and two) and not set(one) & set(two)


def supply_estimates(dossier: Dossier, country: str) -> list[Claim]:
    """Return the estimates of chips in a country, without those that name only families that no plan there names."""
    whole = national(dossier, country)
    regions = {s.site_id for s in dossier.sites.values() if s.role == Role.AGGREGATE} - whole
    plans = [p for p in counted_chips(dossier, regions) if chip_families(p.chip_model)]
    estimates = counted_chips(dossier, whole)
    return [s for s in estimates if not plans or any(not _other_families(p, s) for p in plans)]


def counted_chips(dossier: Dossier, totals: set[str]) -> list[Claim]:
    """Return numbers of chips of some totals, the first of each independence group.

    What was ordered or approved (a share of something that is not there) is no number of chips in a place.
    """
    chips = (c for c in dossier.all_claims if c.site_id in totals and c.quantity_kind == "chips")
    claims = [c for c in chips if Scope.read(c.scope) != Scope.SHARE]
    first = {c.independence_group: c for c in reversed(claims) if c.value_low is not None and not c.error_test}
    return [c for c in claims if first.get(c.independence_group) is c]
