"""What makes two claims comparable: intervals of their figures, days, stage, place and the documents they stand in."""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from osint.model import ROUNDING, Dossier, Question, question, show
from osint.register import CLAIM_KINDS, LADDER, TAKEN_BACK, Bounding, Claim, Modality, Role, Rung, Tier
from osint.verdict.checks.record import Check, CheckFinding, CheckName, Pair, Way

SAME = 0.10  # share within which two numbers are the same figure
STANDING = LADDER[Rung.ROOFED.height :]
ON_PAPER = LADDER[: Rung.GROUND_BROKEN.height]
COPIES = frozenset({Tier.MIRROR, Tier.SECONDARY, Tier.TENDER_DIGEST})
"""Publishers that repeat the words of others, and may alter them."""
WEAK = frozenset({Tier.BLOG, Tier.UNSOURCED})
"""Publishers that name no source: they alone raise nothing but a note."""
MODALITIES = {
    Modality.HAS: "stated",
    Modality.WILL: "planned",
    Modality.WOULD: "said to be possible",
    Modality.CAN_CARRY: "room ('can carry')",
    Modality.DENIED: "denied",
    Modality.WITHDRAWN: "withdrawn",
}
"""How a text asserts its number, as a sentence says it."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a figure allows: from low to high, with the rounding of its words; an open end is 0 or infinity."""

    low: float
    high: float

    @property
    def open(self) -> bool:
        """Whether one end is open."""
        return self.low <= 0 or math.isinf(self.high)

    def above(self, other: Span) -> bool:
        """Return whether it is surely above another."""
        return self.low > other.high

    def apart(self, other: Span) -> bool:
        """Return whether the two share no value."""
        return self.above(other) or other.above(self)

    def times(self, factor: float) -> Span:
        """Return it in another unit, or as a share."""
        return Span(self.low * factor, self.high * factor)

    def per(self, other: Span) -> Span:
        """Return the quotients that it and another allow; another that may be zero leaves the upper end open."""
        high = self.high / other.low if other.low > 0 else math.inf
        return Span(self.low / other.high if math.isfinite(other.high) else 0.0, high)

    def text(self, digits: int = 2) -> str:
        """Return it in words: '0.65 to 0.75', 'at least 4.2'."""
        if math.isinf(self.high):
            return f"at least {show(self.low, digits)}" if self.low > 0 else "any"
        if self.low <= 0:
            return f"at most {show(self.high, digits)}"
        low, high = show(self.low, digits), show(self.high, digits)
        return low if low == high else f"{low} to {high}"


def total(spans: Sequence[Span]) -> Span:
    """Return the sum of spans."""
    return Span(sum(s.low for s in spans), sum(s.high for s in spans))


def span_of(claim: Claim) -> Span | None:
    """Return what the figure of a claim allows in the unit of its row; None where it has none.

    A single figure has the rounding of its words. Two readings of one text span from the lower to the upper.
    """
    low, high = claim.value_low, claim.value_high
    if claim.readings:
        return Span(min(claim.readings), max(claim.readings))
    if (low is None and high is None) or (low or high or 0.0) <= 0:
        return None
    if claim.bound == Bounding.NEARLY:
        top = high if high is not None else low or 0.0
        return Span(min(low or top, top * (1 - ROUNDING[Bounding.ABOUT])), top)
    half = ROUNDING[Bounding.ABOUT] if claim.bound == Bounding.ABOUT else ROUNDING[Bounding.EXACT]
    if claim.bound == Bounding.AT_LEAST or high is None:
        return Span(low or 0.0, math.inf)
    if claim.bound == Bounding.AT_MOST or low is None:
        return Span(0.0, high)
    return (
        Span(low * (1 - half), high * (1 + half)) if low == high or claim.bound == Bounding.ABOUT else Span(low, high)
    )


def is_same(a: float, b: float) -> bool:
    """Return whether two figures are one, in whichever order."""
    return max(a, b) <= min(a, b) * (1 + SAME)


def named(claim: Claim) -> str:
    """Return id, claimant, publisher and date of a claim: who says what is compared, and where it was read."""
    read_in = f"read in {claim.source_publisher}" if claim.source_publisher not in claim.claimant else ""
    words = (claim.claim_id, claim.claimant, read_in, claim.date.text if claim.date else "undated")
    return ", ".join(filter(None, words))


def said(claim: Claim) -> str:
    """Return the figure of a claim, how it is asserted, for what, and who wrote it."""
    how = MODALITIES.get(claim.modality, "stated") if claim.modality else "stated"
    due = f" by {claim.value_date.text}" if claim.value_date else ""
    part = f" for {claim.part}" if claim.part else ""
    figure = claim.written() or f"'{claim.translation or claim.quote}'"
    return f"{how} {figure}{part}{due} ({named(claim)})"


def said_all(claims: Sequence[Claim]) -> str:
    """Return several claims as one phrase."""
    return "; ".join(said(c) for c in claims)


_WORDS: dict[str, list[tuple[re.Pattern[str], float]]] = defaultdict(list)
for _row in csv.DictReader(files("osint.verdict.checks").joinpath("words.csv").read_text("utf-8").splitlines()):
    _WORDS[_row["use"]].append((re.compile(_row["pattern"]), float(_row["value"])))


def find_words(use: str, text: str) -> Iterator[tuple[re.Match[str], float]]:
    """Yield each place where the words of one use (words.csv) stand in a text, with their value."""
    for pattern, value in _WORDS[use]:
        for match in pattern.finditer(text):
            yield match, value


def has_words(use: str, text: str) -> bool:
    """Return whether a text has words of one use."""
    return any(pattern.search(text) for pattern, _ in _WORDS[use])


@dataclass(frozen=True, slots=True)
class Figure:
    """A claim with a figure, as it is compared."""

    claim: Claim
    span: Span
    """In the unit of the model; in that of the row where the model has no such quantity."""
    measure: str
    """What it measures: only figures of one measure are compared."""
    part: str
    """Phase, building or lot; empty for the whole, also where the text speaks of what is live of it so far."""

    @property
    def site(self) -> str:
        """Site of the claim."""
        return self.claim.site_id

    @property
    def value(self) -> float:
        """Lower value, else the upper one, in the unit of the span."""
        return self.claim.model_figure if self.claim.quantity else self.claim.figure

    @property
    def day(self) -> int:
        """Latest day that it speaks of, as an ordinal; 0 if undated."""
        return self.claim.day

    @property
    def told(self) -> int:
        """Latest day of the text, as an ordinal; 0 if undated."""
        return self.claim.date.last.toordinal() if self.claim.date else 0

    @property
    def level(self) -> bool:
        """Whether the text says that it is there."""
        return self.claim.modality == Modality.HAS

    @property
    def stands(self) -> bool:
        """Whether the text says that it stands: no lower rung than a roof."""
        return self.level and (self.claim.rung is None or self.claim.rung in STANDING)

    @property
    def room(self) -> bool:
        """Whether the text says what can be carried, not what is there."""
        return self.claim.modality == Modality.CAN_CARRY

    @property
    def plan(self) -> bool:
        """Whether the text speaks of the future, or of a filing."""
        return self.claim.modality in {Modality.WILL, Modality.WOULD}

    @property
    def doubtful(self) -> bool:
        """Whether it is a plan by a reading that is not sure, so that it may be a level."""
        due = self.claim.value_date is not None
        return self.plan and self.claim.reading_confidence == "medium" and not due and not self.claim.readings


def figure_of(claim: Claim) -> Figure | None:
    """Return a claim as it is compared; None for one without a figure, and for a planted error."""
    span = span_of(claim)
    if span is None or claim.error_test or claim.modality in TAKEN_BACK:
        return None
    part = "" if has_words("state", claim.part) else claim.part
    if claim.quantity:
        factor = 1 if claim.readings else CLAIM_KINDS[claim.quantity_kind].factor
        other = f"/{claim.other_precision}" if claim.other_precision else ""  # compared with its like alone
        return Figure(claim, span.times(factor), f"{claim.quantity}{other}", part)
    return Figure(claim, span, f"{claim.quantity_kind}/{claim.scope}", part)


class Book:
    """The figures of a dossier, in the orders in which they are compared."""

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.figures = [f for f in map(figure_of, dossier.all_claims) if f is not None]
        self.by_site: dict[str, dict[str, list[Figure]]] = defaultdict(lambda: defaultdict(list))
        for f in self.figures:
            self.by_site[f.site][f.measure].append(f)
        self._of = {f.claim.claim_id: f for f in self.figures}
        self.inferred = {s.site_id for s in dossier.sites.values() if s.identified_by}
        self._said: dict[str, str] = {}
        self._asked: dict[str, Question] = {}

    def figure(self, claim: Claim) -> Figure | None:
        """Return the figure of a claim, or None."""
        return self._of.get(claim.claim_id)

    def said(self, claims: Sequence[Claim]) -> str:
        """Return several claims as one phrase."""
        for claim in claims:
            if claim.claim_id not in self._said:
                self._said[claim.claim_id] = said(claim)
        return "; ".join(self._said[claim.claim_id] for claim in claims)

    def question(self, claim: Claim) -> Question:
        """Return what a claim asks, without its value."""
        if claim.claim_id not in self._asked:
            self._asked[claim.claim_id] = question(claim, self.dossier)
        return self._asked[claim.claim_id]

    def alike(self, figure: Figure) -> list[Figure]:
        """Return all figures of one measure at the site of a figure, itself among them."""
        return self.by_site[figure.site][figure.measure]

    def at(self, site_id: str, measure: str) -> list[Figure]:
        """Return the figures of one measure at a site."""
        return self.by_site[site_id][measure] if site_id in self.by_site else []

    @cached_property
    def regions(self) -> set[str]:
        """Totals over a part of a country; those of a country count centres of one kind only."""
        totals = (s for s in self.dossier.sites.values() if s.role == Role.AGGREGATE and s.covers)
        return {s.site_id for s in totals if s.country not in s.covers.split("|")}

    @cached_property
    def inside(self) -> dict[str, set[str]]:
        """Sites that lie in a total or in a site, by its id, with the parts of parts."""
        sites, out = self.dossier.sites, defaultdict[str, set[str]](set)
        for site_id in sites:
            for above in self.dossier.ancestors(site_id):
                out[above].add(site_id)
        places = defaultdict[str, set[str]](set)
        for site in sites.values():
            for place in {site.country, site.province, site.prefecture, site.county} - {""}:
                places[place].add(site.site_id)
        for total_site in (s for s in sites.values() if s.role == Role.AGGREGATE):
            covered = total_site.covers.split("|")
            for place in covered:
                out[total_site.site_id] |= {s for s in places[place] if sites[s].role != Role.AGGREGATE}
            # a total over several places is a list of projects, of which another total is no part
            narrower = places[covered[0]] if len(covered) == 1 else set()
            out[total_site.site_id] |= {s for s in narrower if covered[0] not in sites[s].covers.split("|")}
            out[total_site.site_id] -= {total_site.site_id}
        return out

    def related(self, a: str, b: str) -> bool:
        """Return whether two sites are one, or one lies in the other."""
        return a == b or a in self.inside[b] or b in self.inside[a]

    def pair(self, first: Sequence[Claim], second: Sequence[Claim]) -> Pair:
        """Return what two sides are to each other: documents are told apart first, then stories, then copies."""
        both = [*first, *second]
        if any(c.error_test for c in both):
            return Pair.PLANTED
        if len({c.independence_group for c in both}) == 1:
            return Pair.ONE_TEXT if len({document(c) for c in both}) == 1 else Pair.STORY
        if self.joined(first, second):
            return Pair.INFERRED
        if any(all(c.source_tier in COPIES for c in side) for side in (first, second) if side):
            return Pair.MIRROR
        return Pair.TWO_DOCUMENTS

    def joined(self, first: Sequence[Claim], second: Sequence[Claim]) -> bool:
        """Return whether an inference alone puts the two sides at one site: both served to identify it."""
        sites = {c.site_id for c in first} & {c.site_id for c in second} & self.inferred
        if not sites:
            return False
        groups = [{c.independence_group for c in side} for side in (first, second)]
        if groups[0] & groups[1]:
            return False
        for site in sites:
            ids = self.dossier.sites[site].identified_by.split("|")
            served = {c.independence_group for c in self.dossier.claims[site] if c.claim_id in ids}
            if groups[0] <= served and groups[1] <= served:
                return True
        return False


def document(claim: Claim) -> tuple[str, str, str, str]:
    """Return what tells the document of a claim from others."""
    return (claim.source_url, claim.source_publisher, claim.date.text if claim.date else "", claim.independence_group)


def same_sentence(a: Claim, b: Claim) -> bool:
    """Return whether two claims quote one sentence: one quote is the other, or stands in it."""
    return document(a) == document(b) and (a.quote in b.quote or b.quote in a.quote)


def same_scope(a: Claim, b: Claim) -> bool:
    """Return whether two claims of one text speak of the same part at the same stage and day."""
    return (a.part, a.stage, a.value_date) == (b.part, b.stage, b.value_date)


def _unused(claims: Sequence[Claim]) -> bool:
    """Return whether all claims are of no source, and kept without being used; planted tests of error are used.

    Such a text is no case of its own: what is wrong in it is a note.
    """
    return all(c.source_tier == Tier.UNSOURCED and not c.evidence_use and not c.error_test for c in claims)


def weakest(finding: CheckFinding, pair: Pair, claims: Sequence[Claim]) -> CheckFinding:
    """Return a finding as far as its witnesses carry it.

    A copy that may have altered words, and a site that was inferred, never make a claim inconsistent; a publisher
    without a source gives a note.
    """
    if any(c.source_tier in WEAK for c in claims) and pair not in {Pair.ONE_TEXT, Pair.PLANTED}:
        return CheckFinding.NOTE
    if pair in {Pair.MIRROR, Pair.INFERRED} and finding == CheckFinding.INCONSISTENT:
        return CheckFinding.STRAINED
    return finding


def against(
    book: Book,
    name: CheckName,
    first: Sequence[Claim],
    second: Sequence[Claim],
    finding: CheckFinding,
    way: Way = Way.ONLY,
    /,
    **figures: float | str,
) -> Check:
    """Return a check of two sides; `first` and `second` of its sentence are what the two say."""
    pair, both = book.pair(first, second), [*first, *second]
    finding = weakest(finding, pair, both)
    inferred = " That both speak of one project is itself an inference." if pair == Pair.INFERRED else ""
    sides: dict[str, float | str] = {"first": book.said(first), "second": book.said(second), "inferred": inferred}
    if _unused(both):
        finding = CheckFinding.NOTE
        sides["unused"] = " The text names no source and is not used as evidence; this says nothing of any place."
    ids = tuple([c.claim_id for c in first]), tuple([c.claim_id for c in second])
    return Check(
        name, first[0].site_id, *ids, finding, pair, sides | figures, way, frozenset([c.site_id for c in both])
    )


def by_document(figures: Sequence[Figure]) -> dict[tuple[str, str, str, str], list[Figure]]:
    """Return figures by the document they stand in, in the order of the table."""
    out: dict[tuple[str, str, str, str], list[Figure]] = defaultdict(list)
    for f in figures:
        out[document(f.claim)].append(f)
    return out
