"""The answer that stands first on the page: what is planned, measured, allowed on paper, contradicted and not known.

Each sentence is made from records alone, so that other rows give other sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osint import model
from osint.model import Dossier, Ground, Total, show
from osint.register import TAKEN_BACK, Claim, Modality, Observation, Role, Tier
from osint.verdict import Check, CheckFinding, CheckName, Finding, Found, Outcome, Pair

CHIPS = "chips"
PLANS = (Modality.WILL, Modality.WOULD)
TIERS = tuple(Tier)
FIRMEST = (Pair.TWO_DOCUMENTS, Pair.MIRROR, Pair.INFERRED, Pair.STORY, Pair.ONE_TEXT)
"""What two sides of a contradiction can be to each other, the most telling first."""


@dataclass(frozen=True)
class Answer:
    """The records that the first sentences of the page are made from."""

    announced: tuple[str, ...]
    """The announced sites."""
    parts: tuple[str, ...]
    """Those of them that are parts of another."""
    planned: Finding | None
    """The largest number of chips that is planned at several sites together."""
    largest: Finding | None
    """The largest number of chips that is claimed for one announced site."""
    seen: tuple[Observation, ...]
    """What was seen at announced sites."""
    measured: Total
    """Room by observation, over the announced sites."""
    paper: Total
    """Room by the halls that documents describe, over the announced sites; stated compute is no room."""
    contradictions: tuple[Check, ...]
    """Checks by which claims cannot all be true, each once, without planted tests of error."""
    tensions: tuple[Check, ...]
    """Checks by which claims can all be true only by an assumption that no text states."""
    sharpest: Check | None

    def sentences(self) -> tuple[str, ...]:
        """Return the sentences: plans, what was measured, what there is room for on paper, contradictions, the rest."""
        said = (self._simulated(), self._plans(), self._seen(), self._paper(), self._against(), self._not_known())
        return tuple(sentence for sentence in said if sentence)

    def text(self) -> str:
        """Return the sentences as lines of plain text."""
        return "\n".join(self.sentences())

    def _simulated(self) -> str:
        ids = [row.observation_id for row in self.seen if row.simulated]
        return f"SIMULATED: {', '.join(ids)} are of an invented world and show nothing of a real place." if ids else ""

    def _plans(self) -> str:
        said = []
        if self.planned:
            said.append(f"The largest number of chips planned for several sites together: {_in_words(self.planned)}.")
        if self.largest:
            said.append(
                f"The largest number claimed for one site, {self.largest.claim.site_id}: {_in_words(self.largest)}."
            )
        return " ".join(said) or "No number of chips is claimed of the announced sites."

    def _seen(self) -> str:
        """Return what was measured, and what was seen without a size."""
        sites = f"the {len(self.announced)} announced sites" + (
            f" ({len(self.parts)} of them parts of others)" if self.parts else ""
        )
        looked_at = [p.site_id for p in self.measured.parts] + list(self.measured.bare)
        used = {i for p in self.measured.parts for g in p.givens for i in g.ids}
        if looked_at:
            most = self.measured.interval[2] if self.measured.interval else 0.0
            room = f"room for at most {show(most)} chips (90%)" if most else "no room for chips: nothing stood there"
            doubt = [row.p_place for row in self.seen if row.observation_id in used and row.p_place is not None]
            place = f", if each is the place (probability {min(doubt):.0%} or more each)" if doubt else ""
            where = f"{len(looked_at)} of {sites} ({', '.join(looked_at)})"
            said = [f"Pictures or visits on file measure {where}: together they had {room}{place}."]
        else:
            said = [f"No picture or visit on file measures any of {sites}."]
        rooms = dict.fromkeys(f.room_text() for f in (self.planned, self.largest) if f)
        said += [text for text in rooms if text]
        rest = [row for row in self.seen if row.observation_id not in used and row.site_id not in self.measured.bare]
        if rest:
            told = "; ".join(f"{row.site_id}, {row.how}, {row.date.text}{_rung(row)}" for row in rest)
            said.append(f"Seen without a size that counts: {told}.")
        return " ".join(said)

    def _paper(self) -> str:
        total = self.paper
        if total.interval is None:
            return "No document on file states a floor, racks, power or energy from which room for chips would follow."
        low, best, high = map(show, total.interval)
        without = f"; of {len(total.without)} more no document gives one" if total.without else ""
        return (
            f"On paper, the largest figures of halls (floor, racks, power, energy) on file for "
            f"{_counted(len(total.parts), 'site')} come to room "
            f"for {best} chips of any kind ({low} to {high}, 90%){without}. A figure on paper is not a building."
        )

    def _against(self) -> str:
        found, tense = len(self.contradictions), len(self.tensions)
        certain, open_ = _counted(found, "certain contradiction"), _counted(tense, "case")
        said = (
            f"Cross-checks of the claims on these sites and their totals find {certain}, and {open_} in which the "
            "claims can all be true only by an assumption that no text states (each counted once; misreports that are "
            "kept as tests are left out)."
        )
        if self.sharpest:
            row = self.sharpest.to_row()
            said += f" The sharpest ({row['kind']}): {row['arithmetic']}. {row['says']}"
        return said

    def _not_known(self) -> str:
        findings = [f for f in (self.planned, self.largest) if f]
        shown = list(dict.fromkeys(f.not_shown() for f in findings))
        unknown = "Not known: whether any of these chips is there, of which model, and whose."
        return " ".join([*shown, unknown])


def answer_of(dossier: Dossier, found: Found) -> Answer:
    """Return the answer for all announced sites of a case."""
    announced = tuple(s for s in dossier.sites.values() if s.role == Role.ANNOUNCED)
    ids = {s.site_id for s in announced}
    totals = {s.site_id for s in dossier.sites.values() if s.role == Role.AGGREGATE and s.covers}
    over = {t for t in totals if any(s.covered_by(dossier.sites[t]) for s in announced)}
    sums = model.total(sorted(ids), dossier) if ids else []
    asked = [c for c in found.tests if c.sites & (ids | over) and c.pair != Pair.PLANTED]
    contradictions = tuple(c for c in asked if c.finding == CheckFinding.INCONSISTENT)
    tensions = tuple(c for c in asked if c.finding == CheckFinding.STRAINED)
    # the figure of a site that its source gives for a wider place is no figure of the site
    wider = {i for c in found.tests if c.name == CheckName.WIDER for i in c.first}
    claims = {claim.claim_id: claim for claim in dossier.all_claims}
    return Answer(
        announced=tuple(s.site_id for s in announced),
        parts=tuple(s.site_id for s in announced if s.parent in ids),
        planned=_largest([f for f in found.judged if f.claim.site_id in over and f.claim.modality in PLANS]),
        largest=_largest([f for f in found.judged if f.claim.site_id in ids and f.claim.claim_id not in wider]),
        seen=tuple(row for site in announced for row in dossier.observations[site.site_id]),
        measured=_chips(sums, Ground.OBSERVATION),
        paper=_chips(sums, Ground.ROOM),
        contradictions=contradictions,
        tensions=tensions,
        sharpest=min(contradictions or tensions, key=lambda c: _rank(c, claims), default=None),
    )


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


def _chips(totals: Sequence[Total], ground: Ground) -> Total:
    """Return the total of chips on one ground; an empty one without sites."""
    empty = Total(CHIPS, ground, (), (), {}, (), (), None)
    return next((t for t in totals if t.quantity == CHIPS and t.ground == ground), empty)


def _rank(check: Check, claims: dict[str, Claim]) -> tuple[int, float, str]:
    """Return the order of a contradiction: what its sides are to each other, then how far apart they are."""
    first, second = (
        [claims[i].model_figure for i in side if claims[i].quantity] for side in (check.first, check.second)
    )
    apart = 1.0
    if first and second and min(*first, *second) > 0:
        apart = max(max(first) / max(second), max(second) / max(first))
    return FIRMEST.index(check.pair), -apart, check.check_id


def _in_words(finding: Finding) -> str:
    """Return a claim as its source words it, with claimant, publisher, day and id."""
    claim = finding.claim
    day = claim.date.text if claim.date else "undated"
    quote = claim.translation or claim.quote
    return f'{claim.written()}, "{quote}" ({claim.claimant}, in {claim.source_publisher}, {day}, {claim.claim_id})'


def _rung(row: Observation) -> str:
    if row.rung is not None:
        return f": {row.rung.value} ({row.observation_id})"
    if row.not_yet is not None:
        return f": not yet {row.not_yet.value} ({row.observation_id})"
    return f": no rung and no size ({row.observation_id})"


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"
