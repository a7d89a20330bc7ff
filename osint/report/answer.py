"""The answer that stands first on the page: a headline that is the finding, and three questions with their answers.

Each is made from records alone, so that other rows give other sentences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from osint import model
from osint.model import Dossier, Ground, Total, show
from osint.register import CLAIM_KINDS, TAKEN_BACK, Claim, Modality, Observation, Role, Tier
from osint.report.paper import CHIPS, HallRoom, family_of, room_at, total_of
from osint.report.words import counted, day_words, figure, listed
from osint.verdict import Check, CheckFinding, CheckName, Finding, Found, Outcome, Pair

PLANS = (Modality.WILL, Modality.WOULD)
TIERS = tuple(Tier)
FIRST_HAND = (
    Tier.PRIMARY_GOVERNMENT,
    Tier.LOCAL_GOVERNMENT,
    Tier.COMPANY_FILING,
    Tier.COMPANY_FILING_COPY,
    Tier.COMPANY_RELEASE,
    Tier.NEWS_ON_COURT_RECORD,
)
"""Publishers of what they themselves decided or filed, or copies of it."""
FIRMEST = (Pair.TWO_DOCUMENTS, Pair.MIRROR, Pair.INFERRED, Pair.STORY, Pair.ONE_TEXT)
"""What two sides of a contradiction can be to each other, the most telling first."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A question that a reader brings, and what the tables answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Answer:
    """The records that the first sentences of the page are made from."""

    announced: tuple[str, ...]
    """The announced sites."""
    parts: tuple[str, ...]
    """Those of them that are parts of another."""
    names: dict[str, str]
    """Short name of each site."""
    planned: Finding | None
    """The largest number of chips that is planned at several sites together."""
    largest: Finding | None
    """The largest number of chips that is claimed for one announced site."""
    share: tuple[str, str] | None
    """Share of the plan that its story gives to the site of the largest number, if that makes the number; its id."""
    told: tuple[Claim, ...]
    """The claims of chips or servers of the groups of reports that these two numbers come from."""
    seen: tuple[Observation, ...]
    """What was seen at announced sites."""
    counting: tuple[Observation, ...]
    """Observations at announced sites that count chips."""
    measured: HallRoom
    """Room by observation, over the announced sites."""
    measured_there: HallRoom
    """The same at the site of the largest number, and at its parts."""
    paper: HallRoom
    """Room by the halls that documents describe, over the announced sites; stated compute is no room."""
    paper_there: HallRoom
    """The same at the site of the largest number, and at its parts."""
    contradictions: tuple[Check, ...]
    """Checks by which claims cannot all be true, each once, without planted tests of error."""
    tensions: tuple[Check, ...]
    """Checks by which claims can all be true only by an assumption that no text states."""
    planted: tuple[Check, ...]
    """Errors of publishers that are kept to see whether they are found."""
    figures: dict[str, str]
    """Figures of the halls at the site of the largest number, as their sources have them, by claim."""
    sides: dict[str, str]
    """Side of each of these checks in words, by the claim that stands first in it."""

    @property
    def simulated(self) -> tuple[str, ...]:
        """Return the ids of what was seen in an invented world."""
        return tuple(row.observation_id for row in self.seen if row.simulated)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the claims whose numbers the headline sets beside each other."""
        return tuple(f.claim.claim_id for f in (self.planned, self.largest) if f)

    @property
    def misfits(self) -> tuple[Check, ...]:
        """Return contradictions, then tensions, in the order in which the page shows them."""
        return self.contradictions + self.tensions

    @property
    def sharpest(self) -> Check | None:
        """Return the check that the answer quotes; None where nothing is amiss."""
        return next(iter(self.misfits), None)

    def headline(self) -> str:
        """Return the finding in one line."""
        said = self._headline()
        return f"SIMULATED: {said[0].lower()}{said[1:]}" if self.simulated else said

    def _headline(self) -> str:
        looked_at = len(self.measured.sites) + len(self.measured.bare)
        plan = self.planned or self.largest
        said = f"the {_number(plan.claim)} chips" if plan else "any restricted chips"
        if self.counting:
            ids = listed([row.observation_id for row in self.counting])
            return f"Chips were counted ({ids}), but nothing shows that they are {said}"
        if looked_at and self.measured.interval:
            most = self.measured.interval[2]
            room = f"room for at most {show(most)} (90%)" if most else "no room for any"
            where = f"at {looked_at} of {len(self.announced)} announced sites"
            return f"Nothing on file shows that {said} exist; what was seen, {where}, had {room}"
        return f"Nothing on file shows that {said} exist, or measures a hall that could hold them"

    def leads(self) -> tuple[Lead, ...]:
        """Return what a reader in a hurry asks: do they fit, who says so, do the figures agree."""
        asked = (
            ("Do they fit?", self._fits()),
            ("Who says so?", self._said()),
            ("Do the figures agree?", self._against()),
        )
        return tuple(Lead(question, said) for question, said in asked if said)

    def sentences(self) -> tuple[str, ...]:
        """Return each question with its answer as one line."""
        return tuple(f"{lead.question} {lead.answer}" for lead in self.leads())

    def text(self) -> str:
        """Return headline and sentences as lines of plain text."""
        return "\n".join((self.headline(), *self.sentences()))

    def _said(self) -> str:
        """Return the numbers with their claimants, and on what they rest."""
        if self.planned is None and self.largest is None:
            return "No number of chips is claimed of the announced sites."
        said = []
        if self.planned:
            said.append(f"{self.planned.claim.written()} are planned ({_who(self.planned.claim)})")
        if self.largest:
            name = self.names[self.largest.claim.site_id]
            share = f", which is {self.share[0]} of them ({self.share[1]})" if self.share and self.planned else ""
            said.append(f"{self.largest.claim.written()} are claimed for {name} ({_who(self.largest.claim)}){share}")
        groups = {f.claim.independence_group for f in (self.planned, self.largest) if f}
        publications = {claim.source_publisher for claim in self.told}
        by = counted(len(publications), "publication")
        rests = (
            f"one story and its copies (group {min(groups)}; told by {by} on file)"
            if len(groups) == 1
            else f"{len(groups)} groups of reports ({listed(sorted(groups))})"
        )
        first = sorted({c.source_publisher for c in self.told if c.source_tier in FIRST_HAND})
        paper = (
            f"of these, {listed(first)} is an office, a filing or a copy of one"
            if first
            else "none of them is an approval or a filing"
        )
        return f"{_capital('; '.join(said))}. This rests on {rests}; {paper}."

    def _fits(self) -> str:
        """Return what was seen to have room for, and what the halls on file would have room for on paper."""
        if not self.announced:
            return ""
        if self.measured_there.interval:
            return f"{self._measured(self.measured_there)} {self._plan_measured()}".strip()
        if self.measured.interval:
            there = f"{self.names[self.largest.claim.site_id]} was not measured. " if self.largest else ""
            return f"{self._measured(self.measured)} {there}{self._on_paper()}"
        sites = f"any of the {len(self.announced)} announced sites" if len(self.announced) > 1 else "the announced site"
        return f"Not known: no picture or visit on file measures {sites}. {self._on_paper()}"

    def _on_paper(self) -> str:
        """Return how the claimed numbers lie to the halls on paper, a plan to those of all sites."""
        there, every = self.paper_there, self.paper
        if there.interval is None or self.largest is None:
            there_too = " where the largest number is claimed" if self.largest else ""
            return f"No document states the size of a hall{there_too}."
        figures = listed([f"{self.figures.get(i, '')} ({i})" for i in there.ids])
        name = listed([self.names[site_id] for site_id in there.sites])
        said = [
            f"At {name} documents describe {figures}, with room for {_interval(there)} {_chips(there)}: "
            f"{_lies(self.largest.claim, there)}."
        ]
        compared = [(self.largest.claim, there)]
        if self.planned and every.interval:
            compared.append((self.planned.claim, every))
            n = len(every.sites)
            those = f"The {n} announced sites" if n > 1 else "The one announced site"
            none = f"; of {counted(len(every.without), 'site')} no document gives that" if every.without else ""
            inside = len(self.announced) - n - len(every.without) - len(every.bare)
            along = f" ({inside} more are parts of these, or hold them)" if inside > 0 else ""
            said.append(
                f"{those} whose size is on paper{along} would have room for {_interval(every)}: "
                f"{_lies(self.planned.claim, every)}{none}."
            )
        might = ["On paper they might."] if all(_within(claim, room) for claim, room in compared) else []
        return " ".join([*might, *said, "A figure on paper is no building, and room is no chip."])

    def _measured(self, room: HallRoom) -> str:
        low, best, high = room.interval or (0.0, 0.0, 0.0)
        used = {i for g in room.givens for i in g.ids}
        rows = [r for r in self.seen if r.observation_id in used or (r.not_yet and r.site_id in room.bare)]
        doubt = [row.p_place for row in rows if row.p_place is not None]
        place = f", if it is the place (probability {min(doubt):.0%} or more)" if doubt else ""
        ids, days = ([*dict.fromkeys(x)] for x in ((r.observation_id for r in rows), (day_words(r.date) for r in rows)))
        what = f"at {listed([*room.sites, *room.bare])} on {listed(days)} ({listed(ids)})"
        if not high:
            return f"What was seen {what} was bare: room for no chip{place}."
        span = f"{show(best)} ({show(low)} to {show(high)}, 90%)"
        own = f": {_lies(self.largest.claim, room)}" if self.largest and room is self.measured_there else ""
        return f"What was seen {what} had room for {span} {_chips(room)}{place}{own}. Room is no chip."

    def _plan_measured(self) -> str:
        """Return at how many of the sites of the plan somebody measured: its number is set beside no part of them."""
        if self.planned is None or self.planned is self.largest:
            return ""
        n = len({*self.measured.sites, *self.measured.bare})
        return (
            f"The {_number(self.planned.claim)} are claimed of all sites together, of which {n} of "
            f"{len(self.announced)} {'was' if n == 1 else 'were'} measured."
        )

    def _against(self) -> str:
        """Return the sharpest contradiction, and how many there are."""
        if self.sharpest is None:
            return "No two statements on these sites contradict each other."
        hard, soft = len(self.contradictions), len(self.tensions)
        first, second = (self.sides[side[0]] for side in (self.sharpest.first, self.sharpest.second or ("",)))
        against = f"{first} stands against {second}" if second else first
        says = self.sharpest.to_row()["says"].rstrip(".")
        unstated = "only by an assumption that no text states"
        if hard:
            cases = f"{counted(hard, 'certain contradiction')} and {counted(soft, 'case')} that hold {unstated}"
            return f"No. {against}. {says}. There {'is' if hard == 1 else 'are'} {cases}."
        of_this_kind = "It is the one case" if soft == 1 else f"It is one of {soft} cases"
        return f"{_capital(unstated)}. {against}. {says}. {of_this_kind}."


def answer_of(dossier: Dossier, found: Found) -> Answer:
    """Return the answer for all announced sites of a case."""
    announced = tuple(s for s in dossier.sites.values() if s.role == Role.ANNOUNCED)
    ids = {s.site_id for s in announced}
    aggregates = {s.site_id for s in dossier.sites.values() if s.role == Role.AGGREGATE and s.covers}
    over = {t for t in aggregates if any(s.covered_by(dossier.sites[t]) for s in announced)}
    claims = {claim.claim_id: claim for claim in dossier.all_claims}
    # the figure of a site that its source gives for a wider place is no figure of the site
    wider = {i for c in found.tests if c.name == CheckName.WIDER for i in c.first}
    planned = _largest([f for f in found.judged if f.claim.site_id in over and f.claim.modality in PLANS])
    largest = _largest([f for f in found.judged if f.claim.site_id in ids and f.claim.claim_id not in wider])
    there = _with_parts(largest.claim.site_id, dossier) if largest else []
    chip = family_of(planned.claim if planned else largest.claim if largest else None, dossier)
    of_all, of_one = (model.total(sites, dossier) if sites else [] for sites in (sorted(ids), there))
    asked = [c for c in found.tests if c.sites & (ids | over)]
    misfits = {
        kind: tuple(
            sorted((c for c in asked if c.pair != Pair.PLANTED and c.finding == kind), key=lambda c: _rank(c, claims))
        )
        for kind in (CheckFinding.INCONSISTENT, CheckFinding.STRAINED)
    }
    groups = {f.claim.independence_group for f in (planned, largest) if f}
    seen = tuple(row for site in announced for row in dossier.observations[site.site_id])

    def room(totals: Sequence[Total], ground: Ground) -> HallRoom:
        return room_at(total_of(totals, ground), chip, dossier)

    return Answer(
        announced=tuple(s.site_id for s in announced),
        parts=tuple(s.site_id for s in announced if s.parent in ids),
        names={s.site_id: _plain_name(s.name_display) for s in dossier.sites.values()},
        planned=planned,
        largest=largest,
        share=_share(planned, largest, dossier),
        told=tuple(c for c in claims.values() if c.independence_group in groups and c.quantity in (CHIPS, "servers")),
        seen=seen,
        counting=tuple(row for row in seen if row.quantity in (CHIPS, "servers")),
        measured=room(of_all, Ground.OBSERVATION),
        measured_there=room(of_one, Ground.OBSERVATION),
        paper=room(of_all, Ground.ROOM),
        paper_there=room(of_one, Ground.ROOM),
        contradictions=misfits[CheckFinding.INCONSISTENT],
        tensions=misfits[CheckFinding.STRAINED],
        planted=tuple(c for c in asked if c.pair == Pair.PLANTED and c.finding == CheckFinding.INCONSISTENT),
        figures={c.claim_id: figure(c) for c in claims.values() if c.site_id in there},
        sides={
            side[0]: _side([claims[i] for i in side], dossier)
            for checks in misfits.values()
            for c in checks
            for side in (c.first, c.second)
            if side
        }
        | {"": ""},
    )


def _share(planned: Finding | None, largest: Finding | None, dossier: Dossier) -> tuple[str, str] | None:
    """Return the share in words and its id, where the largest number is that share of the plan."""
    if planned is None or largest is None:
        return None
    for claim in dossier.claims[largest.claim.site_id]:
        if claim.quantity_kind != "share_pct" or claim.independence_group != planned.claim.independence_group:
            continue
        if math.isclose(claim.figure / 100 * planned.claim.claimed, largest.claim.claimed, rel_tol=0.01):
            return claim.written().split(" of ")[0], claim.claim_id
    return None


def _with_parts(site_id: str, dossier: Dossier) -> list[str]:
    """Return a site and all its parts."""
    out = [site_id]
    for site in out:
        out += [part for part in dossier.parts.get(site, ()) if part not in out]
    return out


def _plain_name(name: str) -> str:
    """Return a short name without what is in brackets behind it."""
    return name.split(" (", maxsplit=1)[0]


def _side(claims: Sequence[Claim], dossier: Dossier) -> str:
    """Return one side of a contradiction in words: place, figure, who said it, and which claims repeat it."""
    claim = claims[0]
    how = {Modality.CAN_CARRY: "room for ", Modality.WILL: "a plan of ", Modality.WOULD: "a plan of "}
    verb = how.get(claim.modality, "") if claim.modality else ""
    place = _plain_name(dossier.sites[claim.site_id].name_display)
    others = f"; also {listed([c.claim_id for c in claims[1:]])}" if claims[1:] else ""
    return f"{place} with {verb}{figure(claim)} ({_who(claim)}{others})"


def _largest(findings: Sequence[Finding]) -> Finding | None:
    """Return the finding on the largest number of chips that no other contradicts; of equals the firmest source's."""
    chips = [
        f
        for f in findings
        if f.claim.quantity == CHIPS
        and f.claim.claimed > 0
        and f.claim.modality not in TAKEN_BACK
        and not f.claim.error_test
        and f.outcome != Outcome.INCONSISTENT
        and not f.contradictions
    ]
    return min(
        chips, key=lambda f: (-f.claim.claimed, TIERS.index(f.claim.source_tier), f.claim.claim_id), default=None
    )


def _rank(check: Check, claims: dict[str, Claim]) -> tuple[bool, int, float, str]:
    """Return the order of a contradiction: named sources, what its sides are to each other, how far apart they are."""
    first, second = (
        [claims[i].model_figure for i in side if claims[i].quantity] for side in (check.first, check.second)
    )
    apart = 1.0
    if first and second and min(*first, *second) > 0:
        apart = max(max(first) / max(second), max(second) / max(first))
    unsourced = any(claims[i].source_tier == Tier.UNSOURCED for i in check.claim_ids)
    return unsourced, FIRMEST.index(check.pair), -apart, check.check_id


def _who(claim: Claim) -> str:
    """Return claimant, day and id of a claim."""
    return f"{claim.claimant}, {day_words(claim.date)}, {claim.claim_id}"


def _number(claim: Claim) -> str:
    """Return the number of a claim with its digits, without bound and unit."""
    return f"{claim.claimed / CLAIM_KINDS[claim.quantity_kind].factor:,.0f}"


def _interval(room: HallRoom) -> str:
    low, best, high = map(show, room.interval or (0.0, 0.0, 0.0))
    return f"{best} ({low} to {high}, 90%)"


def _chips(room: HallRoom) -> str:
    return f"{room.chip} chips" if room.chip else "chips of any kind"


def _lies(claim: Claim, room: HallRoom) -> str:
    """Return how a claimed number lies to a range of room."""
    low, best, high = room.interval or (0.0, 0.0, 0.0)
    inside = f"inside that range, at {show(claim.claimed / best)} times its best estimate" if best else ""
    where = "above it" if claim.claimed > high else "below it" if claim.claimed < low else inside
    return f"{_number(claim)} lies {where}"


def _within(claim: Claim, room: HallRoom) -> bool:
    """Return whether a claimed number is no more than there is room for."""
    return room.interval is not None and claim.claimed <= room.interval[2]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
