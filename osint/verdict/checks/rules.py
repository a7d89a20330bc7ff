"""The table of all kinds of check, and how they are asked: each contradiction once, with the chance beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from osint.model import Dossier
from osint.register import Register
from osint.verdict.checks import context, over_time, pairs, statement, wholes
from osint.verdict.checks.compare import Book
from osint.verdict.checks.record import Check, CheckFinding, CheckName, Tally

CERTAIN = 0.0  # arithmetic: where all texts are right it never speaks
DISJOINT = 0.02  # two intervals of rounding (90% each) of one true figure lie apart
OUTSIDE = 0.05  # two figures outside what the relations allow, two-sided
BEYOND = 0.10  # a quotient beyond the 90% interval of the rows
COINCIDENCE = 0.04  # two unrelated figures, log-uniform over two decades, within 10% of each other
WAN_COINCIDENCE = 0.17  # a figure, log-uniform over two decades, within 10% of one of a few others

Rule = Callable[[Book], Iterator[Check | None]]
"""A kind of check: it yields a check where it has something to say, and None for each comparison that agrees."""
RULES: tuple[tuple[CheckName, Rule, float], ...] = (
    (CheckName.ITSELF, statement.own_words, CERTAIN),
    (CheckName.SUM, statement.sums, CERTAIN),
    (CheckName.AGREE, pairs.agreements, CERTAIN),
    (CheckName.POWER_PER_CHIP, statement.power_per_chip, BEYOND),
    (CheckName.PFLOPS_PER_CHIP, statement.pflops_per_chip, BEYOND),
    (CheckName.PFLOPS_PER_CHIP, statement.equivalents, CERTAIN),
    (CheckName.POWER_PER_PFLOPS, statement.power_per_pflops, CERTAIN),
    (CheckName.WAN, statement.missing_wan, WAN_COINCIDENCE),
    (CheckName.MULTIPLE, statement.multiples, DISJOINT),
    (CheckName.LADDER, over_time.ladder, COINCIDENCE),
    (CheckName.SLID, over_time.slid, COINCIDENCE),
    (CheckName.TARGET, over_time.targets, DISJOINT),
    (CheckName.OVERDUE, over_time.overdue, CERTAIN),
    (CheckName.FALL, over_time.falls, DISJOINT),
    (CheckName.GROWTH, over_time.growth, DISJOINT),
    (CheckName.VALUES, over_time.two_values, DISJOINT),
    (CheckName.PART, wholes.parts_and_whole, DISJOINT),
    (CheckName.WIDER, wholes.same_figure_wider, COINCIDENCE),
    (CheckName.NESTED, wholes.nested, DISJOINT),
    (CheckName.RANK, wholes.ranks, DISJOINT),
    (CheckName.SHARES, wholes.shares_of_one, DISJOINT),
    (CheckName.TWICE, wholes.counted_twice, COINCIDENCE),
    (CheckName.SHARE, wholes.shares, DISJOINT),
    (CheckName.PRICE, context.prices, CERTAIN),
    (CheckName.SUPPLY, context.supply, CERTAIN),
    (CheckName.PAIR, pairs.pairs, OUTSIDE),
)
"""Every kind of check, with an upper bound of how often it speaks where all texts are right; the most special first."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All cross-checks of a register, and how often each kind was asked."""

    checks: tuple[Check, ...]
    tallies: tuple[Tally, ...]
    """One for each kind that made a comparison, also where it found nothing."""


def survey(source: Register | Dossier) -> Survey:
    """Return all cross-checks of all sites, each contradiction once, with the tallies of their kinds."""
    book = Book(Dossier.of(source))
    found: list[Check] = []
    compared: Counter[tuple[CheckName, float]] = Counter()
    for name, rule, rate in RULES:
        for check in rule(book):
            compared[name, rate] += 1
            if check is not None:
                found.append(check)
    kept = _once(found)
    spoke = Counter(c.name for c in kept)
    names = dict.fromkeys(name for name, *_ in RULES)
    tallies = {}
    for name in names:
        asked = {rate: n for (kind, rate), n in compared.items() if kind == name}
        total = sum(asked.values())
        if total:
            expected = sum(rate * n for rate, n in asked.items())
            tallies[name] = Tally(name, total, spoke[name], expected / total)
    checks = tuple(replace(c, tally=tallies[c.name]) for c in kept)
    return Survey(checks, tuple(tallies.values()))


def _once(found: Sequence[Check]) -> list[Check]:
    """Return each contradiction once: texts of one site against the same other side are one check.

    The strongest of them speaks, and the others are told behind its arithmetic, which is not theirs. Of two kinds of
    check that rest on the same claims the stronger one is kept, else the first.
    """
    strength = {finding: n for n, finding in enumerate(CheckFinding)}
    groups: dict[tuple[object, ...], list[Check]] = {}
    for check in found:
        key = (check.name, check.site_id, check.second) if check.second else (check.name, check.first)
        groups.setdefault(key, []).append(check)
    merged = []
    for members in groups.values():
        best = min(members, key=lambda c: strength[c.finding])
        first = tuple(dict.fromkeys(i for c in (best, *members) for i in c.first))
        others = dict.fromkeys(str(c.figures["first"]) for c in members if c.figures["first"] != best.figures["first"])
        also = {"also": f"; also on the first side: {'; '.join(others)}"} if others else {}
        merged.append(replace(best, first=first, figures={**best.figures, **also}))
    kept: dict[frozenset[str], Check] = {}
    for check in merged:
        claims = frozenset(check.claim_ids)
        if claims not in kept or strength[check.finding] < strength[kept[claims].finding]:
            kept[claims] = check
    return [c for c in merged if kept[frozenset(c.claim_ids)] is c]


def cross_checks(source: Register | Dossier) -> list[Check]:
    """Return all cross-checks."""
    return list(survey(source).checks)
