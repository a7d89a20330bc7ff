"""Texts of different days against each other: rungs, targets, levels, growth, and two values of one quantity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from osint import claims as grammar
from osint.model import show
from osint.register import (
    CLAIM_KINDS,
    LADDER,
    QUANTITIES,
    READ_KINDS,
    STATED_PRECISIONS,
    TAKEN_BACK,
    Claim,
    Modality,
    Rung,
    WrittenDate,
)
from osint.verdict.checks.compare import (
    ON_PAPER,
    SAME,
    STANDING,
    Book,
    Figure,
    Span,
    against,
    by_document,
    document,
    find_words,
    is_same,
    total,
)
from osint.verdict.checks.record import Check, CheckFinding, CheckName, Way

SOON_DAYS = 60  # within which a level hardly differs, so that two texts speak of one state
NEAR_DAYS = 200  # within which a state lets a target or an earlier state be doubted
PLAN_DAYS = 550  # within which two texts speak of one plan
PLAN_FACTOR = 3.0  # beyond it two figures of a plan are of two stages of it
LEVELS = frozenset(QUANTITIES) - {"cost_cny"}
"""Measures of what is there; sums of money and what no quantity of the model measures are not compared in time."""
SHORT = 0.5  # share of a target below which a state before its day is worth a note
FLOOR_SHARE = 0.5  # share of an earlier figure below which a later floor says too little


def is_later(a: WrittenDate | None, b: WrittenDate | None) -> bool:
    """Return whether the second date is surely after the first."""
    return a is not None and b is not None and b.first > a.last


def ladder(book: Book) -> Iterator[Check | None]:
    """Yield figures that are said to stand, and that a later text calls planned.

    What can be carried is not said to stand: halls of that size and a plan to fill them agree. For a whole site a
    second phase of equal size would explain it; for one named part nothing does.
    """
    for a in (f for f in book.figures if f.stands and f.claim.rung in STANDING and not f.claim.value_date):
        for b in book.alike(a):
            if not (b.plan and b.claim.rung in ON_PAPER and not b.claim.value_date and a.part == b.part):
                continue
            if not is_later(a.claim.date, b.claim.date) or a.span.open != b.span.open:
                continue
            if a.span.apart(b.span) or not is_same(a.value, b.value):
                yield None
                continue
            finding, way = (CheckFinding.INCONSISTENT, Way.INSIDE) if a.part else (CheckFinding.STRAINED, Way.ONLY)
            yield against(book, CheckName.LADDER, [a.claim], [b.claim], finding, way)


def slid(book: Book) -> Iterator[Check | None]:
    """Yield dated targets that a later text puts off, alone or together with what it says stands already."""
    for a in (f for f in book.figures if f.claim.value_date and f.plan):
        alike = [f for f in book.alike(a) if f.claim.date]
        for b in (
            f
            for f in alike
            if is_later(a.claim.date, f.claim.date) and is_later(a.claim.value_date, f.claim.value_date)
        ):
            live = [
                f
                for f in alike
                if f.claim.date == b.claim.date and f.claim.rung in LADDER[Rung.POWERED.height :] and f is not b
            ]
            found = None
            for parts in [(b,), *((b, extra) for extra in live)]:
                together = sum(p.value for p in parts)
                if a.claim.value_date and b.claim.value_date and is_same(together, a.value):
                    days = (b.claim.value_date.last - a.claim.value_date.last).days
                    claims = [p.claim for p in parts]
                    added = " + ".join(f"{p.value:,.10g}" for p in parts)
                    sum_text = f"{added} = {together:,.10g}" if len(parts) > 1 else f"{together:,.10g}"
                    told = f"{sum_text}, within {SAME:.0%} of {a.value:,.10g}"
                    found = against(book, CheckName.SLID, [a.claim], claims, CheckFinding.NOTE, days=days, sum=told)
                    break
            yield found


def targets(book: Book) -> Iterator[Check | None]:
    """Yield dated targets against every later text: what it says stands, or is due before the day of the target.

    The last such state before the day is taken, and the last one after it. A promise that was not kept was still
    made: this is never a contradiction.
    """
    for a in (f for f in book.figures if f.plan and f.claim.value_date and f.claim.date and not f.claim.readings):
        best: dict[Way, tuple[int, list[Figure], Span]] = {}
        later = [f for f in book.alike(a) if is_later(a.claim.date, f.claim.date)]
        for members in by_document(later).values():
            state = _state(a, members)
            if state is None:
                continue
            day, span = max(f.day for f in state), total([f.span for f in state])
            way = Way.BELOW if day > a.day else Way.LATER
            if way not in best or day > best[way][0]:
                best[way] = (day, state, span)
        for way, (day, state, span) in best.items():
            limit = a.span.low if way == Way.BELOW else a.span.low * SHORT
            if span.high >= limit or (way == Way.LATER and a.day - day > NEAR_DAYS):
                yield None
                continue
            together = show(sum(f.value for f in state), 4)
            figures: dict[str, float | str] = {"sum": together, "days": abs(a.day - day), "target": show(a.value, 4)}
            figures["share"] = sum(f.value for f in state) / a.value
            yield against(
                book, CheckName.TARGET, [a.claim], [f.claim for f in state], CheckFinding.NOTE, way, **figures
            )


def _state(target: Figure, members: Sequence[Figure]) -> list[Figure] | None:
    """Return what one document says of a target's part: the whole of it, or its named parts; None if nothing."""
    told = [f for f in members if f.stands or (f.plan and f.claim.value_date and f.day <= target.day)]
    told = [f for f in told if not f.span.open and not f.claim.readings]
    own = [f for f in told if f.part == target.part]
    if own:
        return [max(own, key=lambda f: (f.day, f.value))]
    parts = {f.part: f for f in told}
    return list(parts.values()) if not target.part and parts else None


def overdue(book: Book) -> Iterator[Check | None]:
    """Yield dated promises of a rung that a text of a day after it shows on a lower rung."""
    for claims in book.dossier.claims.values():
        promised = [c for c in claims if c.modality == Modality.WILL and c.value_date and c.rung and not c.error_test]
        for a in promised if len({c.date for c in claims}) > 1 else []:
            height = a.rung.height if a.rung else 0
            later = [c for c in claims if is_later(a.value_date, c.date) and c.rung and not c.error_test and c is not a]
            later = [
                c
                for c in later
                if c.part == a.part or (c.quantity_kind == a.quantity_kind and not c.part) or _states(c)
            ]
            below = [c for c in later if c.rung and c.rung.height < height and c.modality not in TAKEN_BACK]
            told = [
                c
                for c in claims
                if is_later(a.value_date, c.date) and c.part and not a.part and c.modality == Modality.HAS
            ]
            partly = [c for c in told if c.rung and c.rung.height >= height and not c.error_test]
            reached = any(c.rung and c.rung.height >= height and c.modality == Modality.HAS for c in later)
            if below and not reached:
                yield against(book, CheckName.OVERDUE, [a], below, CheckFinding.NOTE)
            elif partly and not reached:
                yield against(book, CheckName.OVERDUE, [a], partly, CheckFinding.NOTE, Way.INSIDE)
            elif later or told:
                yield None


def _states(claim: Claim) -> bool:
    return CLAIM_KINDS[claim.quantity_kind].states and not claim.part


def falls(book: Book) -> Iterator[Check | None]:
    """Yield levels that a later text puts lower, of a site or of a whole region.

    A level on a low rung, or one that may be a plan, is a note. A later floor far below an earlier figure says too
    little, and both can be true.
    """
    levels = (
        f for f in book.figures if (f.level or f.doubtful) and f.claim.quantity in LEVELS and not f.claim.readings
    )
    for a in levels:
        for b in (f for f in book.alike(a) if f.level and f.part == a.part and not f.claim.readings):
            later = is_later(a.claim.date, b.claim.date) and a.day < b.day and document(a.claim) != document(b.claim)
            if not later or b.day - a.day <= SOON_DAYS or not _one_measure(a.claim, b.claim):
                continue
            finding = CheckFinding.STRAINED if a.stands and b.stands else CheckFinding.NOTE
            if a.span.above(b.span):
                yield against(book, CheckName.FALL, [a.claim, *_tenants(book, a, b)], [b.claim], finding,
                              Way.DOUBTFUL if a.doubtful else Way.ONLY if a.stands else Way.BELOW)  # fmt: skip
            elif b.span.open and 0 < b.span.low < FLOOR_SHARE * a.span.low:
                told: dict[str, float | str] = {"floor": show(b.value, 6), "earlier": show(a.value, 6)}
                ratio = b.value / a.value
                yield against(book, CheckName.FALL, [a.claim], [b.claim], finding, Way.FLOOR, ratio=ratio, **told)
            else:
                yield None


def _one_measure(a: Claim, b: Claim) -> bool:
    """Return whether both say what stands, or both what a hall can carry, in one precision where each states one."""
    precisions = {c.precision for c in (a, b) if c.precision in STATED_PRECISIONS}
    return (a.modality == Modality.CAN_CARRY) == (b.modality == Modality.CAN_CARRY) and len(precisions) < len("ab")


def _tenants(book: Book, a: Figure, b: Figure) -> list[Claim]:
    """Return what parts of the site were to add between two days, by the text of the earlier figure."""
    added = [f for child in book.dossier.parts.get(a.site, ()) for f in book.at(child, a.measure)]
    added = [f for f in added if f.plan and f.claim.value_date and a.day <= f.day <= b.day]
    return [f.claim for f in added if document(f.claim) == document(a.claim)]


def growth(book: Book) -> Iterator[Check | None]:
    """Yield a growth since New Year whose base is below what other texts give for a day before that New Year.

    Which New Year is meant is open: that of the year of the text, or of the year that it reports on.
    """
    for f in (f for f in book.figures if f.level and f.claim.date and not f.span.open and not f.claim.readings):
        grown = _grown(f)
        if grown is None or f.claim.date is None:
            continue
        base = Span(f.span.low - grown, f.span.high - grown)
        if base.high <= 0:
            continue
        year = f.claim.date.last.year
        wrong = {y: _above_base(book, f, base, dt.date(y, 1, 1).toordinal()) for y in (year - 1, year)}
        refuted = [y for y, found in wrong.items() if found]
        if not refuted:
            yield None
            continue
        way = Way.ONLY if len(refuted) == len(wrong) else Way.DOUBTFUL
        finding = CheckFinding.STRAINED if way == Way.ONLY else CheckFinding.NOTE
        figures: dict[str, float | str] = {
            "grown": show(grown, 4),
            "level": show(f.value, 6),
            "base": show(f.value - grown, 3),
        }
        figures |= {"unit": f.claim.unit, "year": str(max(refuted)), "other": str(min(wrong))}
        found = [c.claim for c in wrong[max(refuted)]]
        yield against(book, CheckName.GROWTH, [f.claim], found, finding, way, **figures)


def _grown(f: Figure) -> float | None:
    """Return by how much the words of a claim say that its figure grew, in its unit; None if they do not."""
    ends = [match.end() for match, _ in find_words("growth", f.claim.quote)]
    if not ends:
        return None
    for read in grammar.extract(f.claim.quote):
        kind = READ_KINDS.get(read.kind)
        if any(0 <= read.start - end <= 1 for end in ends) and kind and kind.kind == f.claim.quantity_kind:
            value = read.quantity.si_low
            return None if value is None else value * kind.si_factor
    return None


def _above_base(book: Book, f: Figure, base: Span, new_year: int) -> list[Figure]:
    """Return levels of the site and of what lies in it, of a day before a New Year, that are above the base."""
    places = [f.site, *sorted(book.inside.get(f.site, ()))]
    before = [g for place in places for g in book.at(place, f.measure) if g.stands and 0 < g.day < new_year]
    return [g for g in before if g.span.above(base) and not g.claim.readings]


def two_values(book: Book) -> Iterator[Check | None]:
    """Yield two values of one quantity in two texts that speak of one state, or of one plan."""
    for kinds in book.by_site.values():
        for figures in (found for found in kinds.values() if found and found[0].claim.quantity):
            for n, a in enumerate(figures):
                for b in figures[n + 1 :]:
                    if a.claim.independence_group != b.claim.independence_group:
                        yield from _two_values(book, *sorted((a, b), key=lambda f: f.told))


def _two_values(book: Book, a: Figure, b: Figure) -> Iterator[Check | None]:
    undated = not (a.told and b.told) or a.claim.value_date != b.claim.value_date
    if a.part != b.part or undated or a.claim.readings or b.claim.readings or a.room or b.room:
        return
    days = b.told - a.told
    if a.level and b.level:
        way, limit, finding = Way.ONLY, SOON_DAYS, CheckFinding.STRAINED
    elif a.plan and b.plan:
        way, limit, finding = Way.LATER, PLAN_DAYS, CheckFinding.NOTE
    else:
        way, limit, finding = Way.DIFFER, SOON_DAYS, CheckFinding.NOTE
    ratio = max(a.value, b.value) / min(a.value, b.value)
    if days > limit or (way != Way.ONLY and ratio > PLAN_FACTOR):
        return
    differ = a.span.apart(b.span)
    told: dict[str, float | str] = {"days": days, "one": _rounded(a), "other": _rounded(b)}
    yield against(book, CheckName.VALUES, [a.claim], [b.claim], finding, way, **told) if differ else None


def _rounded(f: Figure) -> str:
    """Return what a figure allows, with its rounding, in the unit of its text."""
    factor = f.claim.model_figure / f.claim.figure if f.claim.quantity and f.claim.figure else 1.0
    return f"{f.span.times(1 / factor).text(4)} with rounding"
