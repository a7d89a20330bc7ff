"""Places and their parts against each other: regions, parks and buildings, ranks, shares, and chips counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from osint import claims as grammar
from osint.model import show, unit_of
from osint.register import READ_KINDS, Claim, Scope, SiteRow, chip_families
from osint.verdict.checks.compare import (
    SAME,
    Book,
    Figure,
    Span,
    against,
    document,
    find_words,
    has_words,
    span_of,
)
from osint.verdict.checks.over_time import NEAR_DAYS, SOON_DAYS
from osint.verdict.checks.record import Check, CheckFinding, CheckName, Way

LEAST_FIGURE = 10  # smaller figures agree by chance too often to be called the same
RANK_DAYS = 366  # after the day of a rank, until which a larger figure elsewhere is set beside it
ALL = 100.0  # percent


def parts_and_whole(book: Book) -> Iterator[Check | None]:
    """Yield sites whose standing figure, or whose room, is above the figure for what they are a part of.

    A part of the same day or before, within 200 days, cannot be above an exact whole. One that was told up to 60
    days later strains it. A whole that is worded as a floor says little, and what can be carried is not there yet.
    """
    wholes = [f for f in book.figures if f.stands and not f.part and f.day and not f.claim.readings]
    for whole in (f for f in wholes if f.site in book.regions or f.site in book.dossier.parts):
        for site in sorted(book.inside[whole.site]):
            for part in book.at(site, whole.measure):
                if not (part.stands or part.room) or part.claim.readings or not 0 < part.day <= whole.day + SOON_DAYS:
                    continue
                yield _part(book, part, whole)


def _part(book: Book, part: Figure, whole: Figure) -> Check | None:
    floor = whole.span.open and part.span.low > whole.span.low * (1 + SAME)
    if not part.span.above(whole.span) and not floor:
        return None
    later, apart = part.day > whole.day, whole.day - part.day
    finding, way = CheckFinding.STRAINED, Way.LATER if later else Way.ONLY
    if has_words("ai compute", whole.claim.quote) and not has_words("ai compute", part.claim.quote):
        finding, way = CheckFinding.NOTE, Way.DOUBTFUL  # compute of any kind is not less than AI compute
    elif part.room:
        finding, way = CheckFinding.NOTE, Way.ROOM
    elif floor:
        way = Way.FLOOR
    elif not later and apart <= NEAR_DAYS:
        finding = CheckFinding.INCONSISTENT
    return against(book, CheckName.PART, [part.claim], [whole.claim], finding, way, days=abs(apart))


def same_figure_wider(book: Book) -> Iterator[Check | None]:
    """Yield figures given for one place that other texts of the same source give for a wider one."""
    dossier = book.dossier
    wide: dict[tuple[str, float | None, str], list[Claim]] = defaultdict(list)
    for b in dossier.all_claims:
        if b.site_id in book.regions and b.value_low is not None and not b.error_test:
            wide[b.quantity_kind, b.value_low, b.independence_group].append(b)
    stories = {key[2] for key in wide}
    for a in dossier.all_claims:
        if a.value_low is None or a.value_low < LEAST_FIGURE or dossier.aggregate(a.site_id):
            continue
        alike = wide.get((a.quantity_kind, a.value_low, a.independence_group), [])
        match = [b for b in alike if a.site_id in book.inside[b.site_id]]
        if match:
            yield against(book, CheckName.WIDER, [a], match, CheckFinding.INCONSISTENT, wider=match[0].site_id)
        elif a.independence_group in stories:
            yield None


def nested(book: Book) -> Iterator[Check | None]:
    """Yield a figure for an unnamed building of a site against the same quantity of a named part of that site."""
    for site, children in book.dossier.parts.items():
        for measure, figures in book.by_site.get(site, {}).items():
            for a in (f for f in figures if has_words("unnamed", f.part) and not f.room and not f.plan):
                mates = [f for child in children for f in book.at(child, measure) if f.level and not f.part]
                for b in (f for f in mates if document(f.claim) != document(a.claim) and not f.claim.readings):
                    apart = a.span.apart(b.span)
                    told: dict[str, float | str] = {"one": a.span.text(3), "other": b.span.text(3)}
                    told["unit"] = f"{a.claim.unit if not a.claim.quantity else unit_of(measure)}, with rounding"
                    found = against(book, CheckName.NESTED, [a.claim], [b.claim], CheckFinding.NOTE, **told)
                    yield found if apart else None


def ranks(book: Book) -> Iterator[Check | None]:
    """Yield figures that a text ranks first in a region where another site of the region has a larger one.

    Told on the same day or before, a larger figure that stands strains the rank; so does room in use, as what
    fills it is not said. A later one is a note: it may have been built since.
    """
    rivals: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for f in book.figures:
        if (f.stands or f.room) and f.day and not book.dossier.aggregate(f.site) and not f.claim.readings:
            for place in _places(book.dossier.sites[f.site]):
                rivals[f.measure, place].append(f)
    for f, place in _ranked(book):
        own = getattr(book.dossier.sites[f.site], _LEVELS[place]) if place in _LEVELS else place
        for other in rivals[f.measure, own] if f.day else []:
            if book.related(f.site, other.site):
                continue
            days = other.day - f.told
            if days > RANK_DAYS:
                continue
            if not other.span.above(f.span):
                yield None
                continue
            in_use = other.stands or other.claim.phase == "operating"
            soon = days <= (NEAR_DAYS if other.room else 0)
            finding = CheckFinding.STRAINED if in_use and soon else CheckFinding.NOTE
            way = Way.ROOM if other.room else Way.LATER if days > 0 else Way.ONLY
            yield against(book, CheckName.RANK, [f.claim], [other.claim], finding, way, days=days)


_LEVELS = {"疆": "province", "省": "province", "区": "province", "區": "province", "国": "country", "國": "country"}
_LEVELS |= {"市": "prefecture", "州": "prefecture", "县": "county", "縣": "county"}


def _places(site: SiteRow) -> set[str]:
    """Return the places in which a site lies, from its county to its country."""
    return {site.country, site.province, site.prefecture, site.county} - {""}


def _ranked(book: Book) -> Iterator[tuple[Figure, str]]:
    """Yield figures whose quote ranks them first, with the region: the figure that stands last before the rank."""
    quotes: dict[tuple[str, str], list[Figure]] = defaultdict(list)
    for f in book.figures:
        quotes[f.site, f.claim.quote].append(f)
    for (_, quote), figures in quotes.items():
        for match, _ in find_words("rank", quote):
            words = match.groupdict()
            place = words.get("level") or words.get("place") or ""
            read = [q for q in grammar.extract(quote) if q.end <= match.start()] or grammar.extract(quote)
            kind = READ_KINDS.get(read[-1].kind) if read else None
            ranked = [f for f in figures if kind and f.claim.quantity_kind == kind.kind]
            if ranked:
                yield ranked[-1], place


def shares_of_one(book: Book) -> Iterator[Check | None]:
    """Yield a share of a part and a count of 'others' of one story that make more than the whole together.

    If the others lie outside the part, the part has at most what they leave.
    """
    totals: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for f in book.figures:
        if book.dossier.aggregate(f.site) and f.claim.quantity:
            totals[f.claim.independence_group][f.site].append(f)
    for share in (c for c in book.dossier.all_claims if _is_share(c) and not c.error_test):
        own = span_of(share)
        for site, figures in totals[share.independence_group].items():
            if share.site_id not in book.inside[site] or own is None:
                continue
            others = [f for f in figures if has_words("others", f.claim.quote)]
            wholes = [f for f in figures if f not in others]
            for other in others:
                whole = max((w for w in wholes if w.measure == other.measure and w.value >= other.value),
                            key=lambda w: w.value, default=None)  # fmt: skip
                if whole is None:
                    continue
                left = ALL * (1 - other.value / whole.value)
                told: dict[str, float | str] = {"others": ALL - left, "left": left, "share": share.written()}
                told |= {"other": show(other.value, 6), "whole": show(whole.value, 6)}
                yield (
                    against(book, CheckName.SHARES, [share], [other.claim, whole.claim], CheckFinding.NOTE, **told)
                    if own.low > left
                    else None
                )


def _is_share(claim: Claim) -> bool:
    return claim.quantity_kind == "share_pct" and Scope.read(claim.scope) == Scope.SHARE


def counted_twice(book: Book) -> Iterator[Check | None]:
    """Yield a share of a count of chips that is the count of a part of the site, or of its park, for the same chips."""
    for share in (c for c in book.dossier.all_claims if _is_share(c) and not c.error_test):
        own = span_of(share)
        counts = [f for f in book.at(share.site_id, "chips") if f.level and document(f.claim) == document(share)]
        near = [*book.dossier.parts.get(share.site_id, ()), book.dossier.sites[share.site_id].parent]
        for count in counts if own else []:
            part = count.span.times((own.low if own else 0) / ALL), count.span.times((own.high if own else 0) / ALL)
            here = Span(part[0].low, part[1].high)
            for other in (f for site in near for f in book.at(site, "chips") if f.level):
                families = set(chip_families(share.chip_model)) & set(chip_families(other.claim.chip_model))
                if not families or other.span.open:
                    continue
                yield (
                    against(
                        book,
                        CheckName.TWICE,
                        [count.claim, share],
                        [other.claim],
                        CheckFinding.NOTE,
                        part=here.text(3),
                        count=show(count.value, 6),
                        percent=f"{share.figure:g}",
                        mid=count.value * share.figure / ALL,
                    )
                    if not here.apart(other.span)
                    else None
                )


def shares(book: Book) -> Iterator[Check | None]:
    """Yield shares in use of one place and of a wider one that lie apart."""
    told: dict[str, list[tuple[Claim, Span]]] = defaultdict(list)
    for claim in book.dossier.all_claims:
        if (span := _in_use(claim)) is not None and claim.day:
            told[claim.site_id].append((claim, span))
    for wide in list(told):
        for b, b_span in told[wide]:
            narrow = [pair for site in sorted(book.inside[wide] & told.keys()) for pair in told[site]]
            for a, a_span in narrow:
                if abs(a.day - b.day) <= NEAR_DAYS and a.independence_group != b.independence_group:
                    yield against(book, CheckName.SHARE, [a], [b], CheckFinding.NOTE) if a_span.apart(b_span) else None


def _in_use(claim: Claim) -> Span | None:
    """Return the percentage in use that a claim gives, of racks, halls or load; None for any other share."""
    span = span_of(claim)
    if claim.quantity_kind != "share_pct" or span is None or claim.error_test:
        return None
    if has_words("idle", claim.scope):
        return Span(max(ALL - span.high, 0), ALL - span.low)
    return Span(span.low, min(span.high, ALL)) if has_words("use", claim.scope) else None
