"""Two figures of one site of different measures: one number in two units, or what the network does not allow."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from osint import model
from osint.errors import OsintError
from osint.model import CAPACITY, CHIP_COUNTS, Dossier, Given, Question
from osint.register import chip_families, tidy_part
from osint.verdict.checks.compare import Book, Figure, against, same_sentence
from osint.verdict.checks.record import Check, CheckFinding, CheckName
from osint.verdict.checks.statement import CHIPS_A_SERVER, STATED_POWER

Floats: TypeAlias = npt.NDArray[np.float64]
NEAR = 0.05  # share within which two statements of one number agree
TOGETHER = 256  # questions that are solved at once
EDGE = 0.05  # chance below which two figures lie outside what the relations allow


class _OfPart:
    """Figures with two sides on one part of a site, in the order of the table: each is set against all later ones."""

    def __init__(self, members: Sequence[tuple[Figure, Given]]) -> None:
        self.figures, self.givens = [f for f, _ in members], [given for _, given in members]
        self.stated = model.Stated.of([f.claim for f in self.figures])
        self.values = np.array([f.value for f in self.figures])
        self.lows, self.highs = (np.log([getattr(g, end) for g in self.givens]) for end in ("low", "high"))
        named = [(f.measure, chip_families(f.claim.chip_model)) for f in self.figures]
        self.kinds = {kind: n for n, kind in enumerate(dict.fromkeys(named))}
        """Measures with the chips that are named, numbered."""
        self.kind = np.array([self.kinds[kind] for kind in named])

    def later(self, book: Book, at: int) -> Iterator[tuple[str, tuple[str, ...], npt.NDArray[np.intp]]]:
        """Yield the later figures that the network may join to one: measure, chips and the places that have these.

        They are of another measure, one of the two is of a capacity, and days and stages can be compared.
        """
        a = self.figures[at]
        rows = np.flatnonzero(self.stated.comparable(a.claim.day, a.claim.stage, a.measure, at + 1)) + at + 1
        if a.site in book.inferred:
            apart = [not book.joined([a.claim], [self.figures[b].claim]) for b in rows]
            rows = rows[np.array(apart, dtype=bool)]
        kinds = self.kind[rows]
        for (measure, names), kind in self.kinds.items():
            if measure != a.measure and (measure in CAPACITY or a.measure in CAPACITY):
                of_kind = rows[kinds == kind]
                if len(of_kind):
                    yield measure, names, of_kind


def _comparable(book: Book) -> Iterator[tuple[_OfPart, int]]:
    """Yield the figures that the network may join to others, site by site: those of its part, and its place there."""
    givens = [(f, model.given_of(f.claim)) for f in book.figures if f.measure == f.claim.quantity]
    known = [(f, given) for f, given in givens if given is not None and not given.bound]
    known.sort(key=lambda pair: pair[0].site)
    for site, members in itertools.groupby(known, key=lambda pair: pair[0].site):
        if book.dossier.aggregate(site):
            continue
        by_part = defaultdict[str, list[tuple[Figure, Given]]](list)
        places = []
        for f, given in members:
            part = tidy_part(f.claim.part)
            places.append((part, len(by_part[part])))
            by_part[part].append((f, given))
        of_part = {part: _OfPart(of_one) for part, of_one in by_part.items()}
        yield from ((of_part[part], at) for part, at in places)


def agreements(book: Book) -> Iterator[Check | None]:
    """Yield two counts of one site that are one number in two units, within 5%.

    Chips, servers and PFLOPS agree or do not: that is no matter of chance, and no second witness.
    """
    for part, at in _comparable(book):
        a, found = part.figures[at], list[tuple[int, float, float]]()
        for measure, names, rows in part.later(book, at) if a.measure in CHIP_COUNTS else ():
            unit = _chips_a_unit(book, a, measure, names)
            if unit is None:
                continue
            first, others = a.value * unit[0], part.values[rows] * unit[1]
            agree = np.abs(others - first) <= NEAR * np.maximum(others, first)
            found += [(int(b), first, float(other)) for b, other in zip(rows[agree], others[agree], strict=True)]
            yield from itertools.repeat(None, len(rows) - int(agree.sum()))
        for place, chips, other in sorted(found):
            b = part.figures[place]
            figures: dict[str, float | str] = {"chips": chips, "sum": _sum_of(a, chips)}
            figures |= {"other": other, "other_sum": _sum_of(b, other)}
            yield against(book, CheckName.AGREE, [a.claim], [b.claim], CheckFinding.NOTE, **figures)


def _sum_of(f: Figure, chips: float) -> str:
    """Return a count with what turns it into chips: '250 x 8', '2,000 / 0.989'."""
    if f.measure == "chips":
        return f"{f.value:,.10g}"
    return (
        f"{f.value:,.10g} x {CHIPS_A_SERVER}" if f.measure == "servers" else f"{f.value:,.10g} / {f.value / chips:.4g}"
    )


def _chips_a_unit(book: Book, a: Figure, measure: str, names: Sequence[str]) -> tuple[float, float] | None:
    """Return chips per unit of a count and of one of another measure and chips; None where that takes more than sums.

    The chips are of the family that the first names, else of that which the other does.
    """
    measures = {a.measure, measure}
    if not measures <= CHIP_COUNTS:
        return None
    names = chip_families(a.claim.chip_model) or names
    rows = [book.dossier.network.chips[n] for n in names if n in book.dossier.network.chips]
    per_chip = {f.fp16_dense_pflops for f in rows if f.fp16_dense_pflops}
    if "pflops" in measures and len(per_chip) != 1:
        return None
    unit = {"chips": 1.0, "servers": float(CHIPS_A_SERVER), "pflops": 1 / next(iter(per_chip), 1.0)}
    return unit[a.measure], unit[measure]


def pairs(book: Book) -> Iterator[Check | None]:
    """Yield pairs of claims of one site of which the first does not allow the second, by the network."""
    ends: dict[model.Asked, Floats] = {}
    outside: list[tuple[tuple[int, int], Figure, Figure, model.Posterior]] = []
    asked = _asked(book)
    while together := list(itertools.islice(asked, TOGETHER)):
        new = {answer.asked: answer for *_, answer in together if answer.asked not in ends}
        ends.update(zip(new, model.ends(new.values(), (EDGE / 2, 1 - EDGE / 2)), strict=True))
        for order, a, part, rows, answer in together:
            least, most = ends[answer.asked] + answer.origin
            fit = (part.highs[rows] > least) & (part.lows[rows] < most)
            outside += [((order, int(b)), a, part.figures[b], answer) for b in rows[~fit]]
            yield from itertools.repeat(None, int(fit.sum()))
    outside.sort(key=lambda pair: pair[0])
    model.settle(answer for *_, answer in outside)
    yield from (_outside(book, a, b, answer) for _, a, b, answer in outside)


def _asked(book: Book) -> Iterator[tuple[int, Figure, _OfPart, npt.NDArray[np.intp], model.Posterior]]:
    """Yield a figure, its number, the places of later ones of one measure and chips, and what it allows for these."""
    for order, (part, at) in enumerate(_comparable(book)):
        a, given = part.figures[at], part.givens[at]
        for measure, names, of_kind in part.later(book, at):
            rows = of_kind
            abroad = book.dossier.sites[a.site].country != "CN" and "cost_cny" in {a.measure, measure}
            if abroad or _chips_a_unit(book, a, measure, names) is not None:
                continue
            if {a.measure, measure} - STATED_POWER == {"chips"}:  # one sentence: power_per_chip has compared it
                rows = rows[[not same_sentence(a.claim, part.figures[b].claim) for b in rows]]
            answer = _allowed(book.question(part.figures[rows[0]].claim), given, book.dossier) if len(rows) else None
            if answer is not None:
                yield order, a, part, rows, answer


def _allowed(q: Question, given: Given, dossier: Dossier) -> model.Posterior | None:
    """Return what a figure allows for a quantity; None where no relation joins the two."""
    try:
        return model.posterior(q.quantity, [given], model.readings_for(q, [given], dossier))[0]
    except OsintError:
        return None


def _outside(book: Book, a: Figure, b: Figure, answer: model.Posterior) -> Check:
    low, best, high = answer.interval
    unit = model.unit_of(b.claim.quantity)
    figures: dict[str, float | str] = {"unit": unit, "low": low, "best": best, "high": high}
    return against(book, CheckName.PAIR, [a.claim], [b.claim], CheckFinding.STRAINED, **figures)
