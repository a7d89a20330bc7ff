"""What the templates show, as records: quotes with their claims, cards of what does not fit, rows of sites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osint import geo, verdict
from osint.model import Dossier, show, unit_of
from osint.register import (
    LADDER,
    TAKEN_BACK,
    Claim,
    Modality,
    Observation,
    Register,
    Role,
    SiteRow,
    Stage,
    chip_families,
    km_text,
)
from osint.report.answer import Answer
from osint.report.sources import Source, Sources
from osint.report.words import counted, day_words, figure, from_to, how_said, joined, plain, settles
from osint.verdict import Check, CheckFinding, Finding, Found

FIRST_KINDS = ("chips", "servers", "PFLOPS", "racks", "power_MW", "floor_m2", "investment_CNY")
"""Kinds of which the largest figures of a site stand in its row, the first first."""
NOT_OF_ONE_UNIT = ("power_MW",)  # kinds of which a figure of one server or rack is none of the site
MOST_FIGURES = 3  # figures in the row of a site
STRENGTH = {
    CheckFinding.INCONSISTENT: "cannot all be true",
    CheckFinding.STRAINED: "all true only under an assumption that no text states",
    CheckFinding.NOTE: "a difference with an ordinary explanation",
}


@dataclass(frozen=True)
class Entry:
    """One claim under its quote, with its finding in words."""

    finding: Finding
    row: Mapping[str, Any]
    """The row of findings.csv."""
    figure: str
    how: str
    rule: str
    """Rule that made the finding; empty where its sentence says nothing of this claim."""
    shown: str
    """What the sentence of the finding says of this claim; empty where nothing."""
    paper: str
    """What other figures on paper would come to; empty without any."""

    @property
    def claim(self) -> Claim:
        """Return the claim."""
        return self.finding.claim

    @property
    def due(self) -> str:
        """Return the day of which it speaks, in words; empty where that is the day of the text."""
        return day_words(self.claim.value_date) if self.claim.value_date else ""


@dataclass(frozen=True)
class Quote:
    """Words of one text about one site, and the claims that were read from them."""

    words: str
    language: str
    translation: str
    claimant: str
    date: str
    source: Source
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Side:
    """One statement in a card: words, translation, who, when, where."""

    claim: Claim
    figure: str
    how: str
    date: str
    place: str
    source: Source


@dataclass(frozen=True)
class Card:
    """What does not fit: two sides face to face, our sentence, and what would settle it."""

    check: Check
    title: str
    strength: str
    first: tuple[Side, ...]
    second: tuple[Side, ...]
    says: str
    arithmetic: str
    settles: str
    kind: str
    """What the two sides are to each other."""
    not_said: str


@dataclass(frozen=True)
class SiteView:
    """One site as a row and as a page."""

    site: SiteRow
    owner: str
    where: str
    place_known: str
    placed_from: str
    """Where its point is from; empty without one."""
    named_in: tuple[str, ...]
    """Addresses that name it."""
    claimed: tuple[tuple[str, str, str], ...]
    """Figure in the words of its source, how it is said, and id."""
    stage: tuple[str, str, str]
    """Highest rung that a text says is reached, its day in words, and id; empty without any."""
    seen: tuple[tuple[Observation, str], ...]
    """Observations and what they show, in words."""
    question: str
    known_km: float
    """Radius within which it lies; NaN without a place."""
    address: str
    """Name of its page."""


def quotes_of(findings: Iterable[Finding], sources: Sources) -> tuple[Quote, ...]:
    """Return the quotes of a site in the order of their days; claims of one text and quote share it."""
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for f in sorted(findings, key=lambda f: (f.claim.date.first.toordinal() if f.claim.date else 0, f.claim.claim_id)):
        key = (sources.by_claim[f.claim.claim_id].address, f.claim.quote, f.claim.claimant)
        found.setdefault(key, []).append(f)
    return tuple(_quote(rows, sources) for rows in found.values())


def _quote(rows: Sequence[Finding], sources: Sources) -> Quote:
    claim = rows[0].claim
    return Quote(
        words=claim.quote,
        language=claim.quote_language,
        translation=next((f.claim.translation for f in rows if f.claim.translation), ""),
        claimant=claim.claimant,
        date=day_words(claim.date),
        source=sources.by_claim[claim.claim_id],
        entries=tuple(_entry(f) for f in rows),
    )


def _entry(finding: Finding) -> Entry:
    paper, row = "", finding.to_row()
    if row["paper_high"] is not None:
        size = f"{show(row['paper_best'])} ({show(row['paper_low'])} to {show(row['paper_high'])})"
        if row["paper_low"] is None:
            size = f"at most {show(row['paper_high'])}"
        kind = f" ({finding.claim.chip_model or 'of any kind'})" if finding.claim.quantity == "chips" else ""
        paper = f"{size} {row['unit']}{kind}, by {', '.join(finding.paper.ids)}"
        paper += ", plans alone" if finding.paper.planned else ""
        paper += f" (of {', '.join(finding.paper.parts)} alone)" if finding.paper.parts else ""
    own = own_words(finding)
    rule = finding.rule.name if own else ""
    return Entry(finding, row, figure(finding.claim), how_said(finding.claim), rule, plain(own), plain(paper))


def own_words(finding: Finding) -> str:
    """Return what the sentence of a finding says of its claim alone; the rest stands once, with the rule."""
    said = finding.shown() if finding.rule.name != ON_PAPER else ""
    for sentence in same_for_all(finding.rule.sentence):
        said = said.replace(sentence, "")
    return joined([said], "") if "{" in finding.rule.sentence else ""


def same_for_all(sentence: str) -> tuple[str, ...]:
    """Return those sentences of a rule that no row fills.

    >>> same_for_all("Seen after {due}: {after}. That does not decide what stood on that day.")
    ('That does not decide what stood on that day.',)
    """
    return tuple(part for part in re.split(r"(?<=\.) ", sentence) if "{" not in part)


def rules_used(found: Found) -> tuple[tuple[str, str, str], ...]:
    """Return the rules that made the findings: finding, rule, and what holds for every claim that it decides."""
    rules = {f.rule.name: f.rule for f in found.judged if f.rule.name != ON_PAPER}
    return tuple((r.outcome.value, r.name, " ".join(same_for_all(r.sentence))) for r in rules.values())


def compared(notes: Sequence[Card]) -> tuple[tuple[str, str, tuple[Card, ...]], ...]:
    """Return cards by what they compare and say, so that a sentence which several share stands once."""
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in notes:
        groups.setdefault((card.title, card.says), []).append(card)
    return tuple((title, says, tuple(cards)) for (title, says), cards in groups.items())


ON_PAPER = "on paper alone"
"""Rule whose sentence only repeats what documents have room for, which stands apart."""


def card_of(check: Check, claims: Mapping[str, Claim], dossier: Dossier, sources: Sources) -> Card:
    """Return the card of a check."""
    row = check.to_row()
    first, second = (tuple(_side(claims[i], dossier, sources) for i in side) for side in (check.first, check.second))
    return Card(
        check=check,
        title=row["check"],
        strength=STRENGTH[check.finding],
        first=first,
        second=second,
        says=plain(row["says"]),
        arithmetic=plain(row["arithmetic"]),
        settles=settles().get(check.name.value, ""),
        kind=check.pair.value,
        not_said=row["does_not_say"],
    )


def _side(claim: Claim, dossier: Dossier, sources: Sources) -> Side:
    place = dossier.sites[claim.site_id].name_display
    return Side(claim, figure(claim), how_said(claim), day_words(claim.date), place, sources.by_claim[claim.claim_id])


def site_views(dossier: Dossier, found: Found, register: Register) -> tuple[SiteView, ...]:
    """Return every site of a case as a row."""
    rows = {row["site_id"]: row for row in register.sites.to_dict("records")}
    return tuple(_site(site, rows[site.site_id], dossier, found) for site in dossier.sites.values())


def _site(site: SiteRow, row: Mapping[str, str], dossier: Dossier, found: Found) -> SiteView:
    claims = [c for c in dossier.claims[site.site_id] if not c.error_test]
    known = geo.precision_km(row)
    place = "no place on file" if site.lat is None else joined([f"known to {km_text(known)}", site.point], ", ")
    steps = found.next_steps.get(site.site_id, [])
    return SiteView(
        site=site,
        owner=row["operator_owner"],
        where=joined(dict.fromkeys([site.county, site.prefecture, site.province]), ", "),
        place_known=place if site.role != Role.AGGREGATE else "",
        placed_from=row["coord_source"] if site.lat is not None else "",
        named_in=tuple(row["source_urls"].split()),
        claimed=tuple((figure(c), how_said(c) + _no_evidence(c), c.claim_id) for c in _largest(claims)),
        stage=_stage(claims),
        seen=tuple((o, _seen(o)) for o in dossier.observations[site.site_id]),
        question=_question(site, claims, known, steps[0].observation if steps else ""),
        known_km=known,
        address=f"sites/{site.site_id}.html",
    )


def _largest(claims: Sequence[Claim]) -> list[Claim]:
    """Return the largest figure of each kind, the kinds that say most first."""
    out = []
    for kind in FIRST_KINDS:
        rows = [c for c in claims if c.quantity_kind == kind and c.written() and c.modality not in TAKEN_BACK]
        rows = [c for c in rows if c.quantity] or [c for c in rows if c.quantity_kind not in NOT_OF_ONE_UNIT]
        if rows:
            out.append(max(rows, key=lambda c: (c.figure, c.claim_id)))
    return out[:MOST_FIGURES]


def _no_evidence(claim: Claim) -> str:
    return "" if claim.evidence_use else ", not used as evidence"


def _stage(claims: Sequence[Claim]) -> tuple[str, str, str]:
    """Return the highest rung that a text says is reached, the newest text of it; what a hall can carry is none."""
    said = [c for c in claims if c.rung and c.modality == Modality.HAS]
    top = max(said, key=lambda c: (LADDER.index(c.rung), c.day) if c.rung else (0, 0), default=None)
    if top is None or top.rung is None:
        return "", "", ""
    part = f" ({top.part})" if top.part else ""
    return f"{top.rung.value}{part}", day_words(top.date), top.claim_id


def _seen(row: Observation) -> str:
    said = [row.rung.value if row.rung else "", f"not yet {row.not_yet.value}" if row.not_yet else ""]
    if row.quantity and row.best is not None:
        size = f"{show(row.best, 4)} ({show(row.low or 0, 4)} to {show(row.high or 0, 4)})"
        said.append(f"{size} {unit_of(row.quantity)}")
    place = "place not stated" if row.p_place is None else f"place {row.p_place:.0%} sure"
    what = joined([row.part, joined(said, ", ") or "no stage and no size"], ": ")
    stamp = "SIMULATED. " if row.simulated else ""
    return f"{stamp}{what}; {row.how}, {row.observer}, {day_words(row.date)} ({place})"


def _question(site: SiteRow, claims: Sequence[Claim], known_km: float, step: str) -> str:
    """Return what is open at a site, the first thing first: where, what stands, what is inside."""
    if site.role != Role.ANNOUNCED:
        return ""
    name = site.name_display.split(" (")[0]
    sizes = [c for c in claims if c.quantity in ("floor_m2", "racks", "it_mw", "facility_mw", "energy_gwh_per_yr")]
    size = "" if sizes else " How large are its halls?"
    if site.lat is None:
        return f"Where is {name}?{size}"
    if known_km > verdict.NEAR_KM:
        return f"Which buildings within {km_text(known_km)} are {name}?{size}"
    return f"Not on file: {step}." if step else ""


def _counted_there(claim: Claim) -> bool:
    """Return whether a text says that a number of chips or servers is there."""
    counts = claim.quantity in ("chips", "servers") and not claim.error_test
    return counts and claim.modality == Modality.HAS and claim.stage == Stage.LIVE


def _of_the_plan(claims: Sequence[Claim], sites: int) -> str:
    """Return that no row says which sites are of the plan, and at which a text names chips."""
    named: dict[str, list[str]] = {}
    for claim in claims:
        if chip_families(claim.chip_model) and not claim.error_test:
            named.setdefault(claim.site_id, []).append(f"{claim.claim_id}, {claim.chip_model}")
    at = f" Texts name chips at {len(named)} of {sites} announced sites" if named else ""
    each = "; ".join(f"{site_id} ({'; '.join(rows)})" for site_id, rows in named.items())
    return (
        "Which of the announced sites belong to the plan, and for which of them its chips are meant: no row says so."
        f"{at}{f': {each}.' if each else ''}"
    )


def cannot_say(answer: Answer, views: Sequence[SiteView], found: Found) -> tuple[str, ...]:
    """Return what cannot be said, each once, from the rows."""
    ours = [v for v in views if v.site.role == Role.ANNOUNCED]
    placed = [v for v in ours if v.site.lat is not None]
    nowhere = [v.site.site_id for v in ours if v.site.lat is None]
    said = ["Whether any of the planned chips is there, of which model, and whose."]
    if answer.counting:
        said.append(f"Which chips they are that {', '.join(o.observation_id for o in answer.counting)} count.")
    ids = {v.site.site_id for v in ours}
    others = [f.claim for f in found.judged if f.claim.site_id in ids and _counted_there(f.claim)]
    if answer.planned:
        said.append(_of_the_plan([f.claim for f in found.judged if f.claim.site_id in ids], len(ours)))
    if others:
        each = "; ".join(f"{figure(c)}, {c.chip_model or 'kind not stated'} ({c.claim_id})" for c in others)
        said.append(f"Whether the chips that texts say are there are as many as they say: {each}.")
    if placed:
        span = from_to(*(km_text(f(v.known_km for v in placed)) for f in (min, max)))
        none = f", and {len(nowhere)} nowhere ({', '.join(nowhere)})" if nowhere else ""
        said.append(
            f"Which buildings are meant: {len(placed)} of {counted(len(ours), 'announced site')} "
            f"{'is' if len(placed) == 1 else 'are'} placed to {span}{none}."
        )
    if answer.paper.without:
        said.append(
            f"How much room there is at {counted(len(answer.paper.without), 'site')} of which no document gives the "
            f"size of the whole ({', '.join(answer.paper.without)})."
        )
    looked_at = {*answer.measured.sites, *answer.measured.bare}
    unseen = [v.site.site_id for v in ours if v.site.site_id not in looked_at]
    if unseen:
        of = counted(len(ours), "announced site")
        said.append(f"What stands today at {len(unseen)} of {of}: nobody on file measured it.")
    return tuple(said)
