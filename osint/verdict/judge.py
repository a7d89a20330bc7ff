"""From a claim to a finding: what the other evidence allows, and only then the claimed number.

`bound` is asked with a Question, which has no value in it; `judge` opens the claim afterwards. The rules that lead
to a finding are the table RULES; the word for a probability follows ICD 203, confidence is a field of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from osint import model
from osint.errors import BadInputError, OsintError
from osint.model import CAPACITY, ROUNDING, Dossier, Factor, Given, Posterior, Question, show
from osint.register import CLAIM_KINDS, LADDER, Bounding, Claim, Modality, Observation, Register, Rung, Stage


class Outcome(StrEnum):
    """What is found of a claim."""

    REFUTED = "refuted"
    TOO_EARLY = "too early"
    STRAINED = "strained"
    COULD_FIT = "could fit"
    SUPPORTED = "supported"
    INCONSISTENT = "inconsistent"
    UNTESTED = "untested"


class Confidence(StrEnum):
    """How well the ground under a finding is laid, apart from how likely it is."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


class Basis(StrEnum):
    """Kind of evidence under a finding."""

    OBSERVATIONS = "observations"
    DOCUMENTS = "documents"
    NONE = "none"


FINDINGS = {
    Outcome.REFUTED: "the observations leave less than 5% for the claim as worded",
    Outcome.TOO_EARLY: "the claimed rung was asserted for a date at which the ground shows a lower rung",
    Outcome.STRAINED: "possible only with an assumption at the edge of its range",
    Outcome.COULD_FIT: "the visible capacity is enough; nothing shows the chips",
    Outcome.SUPPORTED: "an independent observation shows the rung itself, not only the shell",
    Outcome.INCONSISTENT: "the claim contradicts itself, or another claim that cannot both be true, before any picture",
    Outcome.UNTESTED: "nothing has been observed that bears on it",
}
"""What each outcome means."""
BANDS = (
    (0.0, "almost no chance"),
    (0.05, "very unlikely"),
    (0.20, "unlikely"),
    (0.45, "roughly even chance"),
    (0.55, "likely"),
    (0.80, "very likely"),
    (0.95, "almost certain"),
)
"""Words of ICD 203, lower bound inclusive."""
REFUTE = 0.05  # probability below which observations refute a claim
STRAIN = 0.20  # probability below which a claim is strained
EVEN = 0.45  # probability from which a stated power can be supported
RUNG_EARLIER_DAYS = 200  # before the day that a claim speaks of, from which an observation can show the rung
RUNG_LATER_DAYS = 60  # after that day, until which it can: what is seen later may not have been there on the day
FIRM_GIVENS = 3  # two-sided givens, one of them observed, from which confidence is high
SEVERAL_GIVENS = 2  # two-sided givens from which confidence is moderate without an observation
STATED_POWER = frozenset({"it_mw", "facility_mw", "power_mw"})
"""Quantities of a power as a text states it; an observed rung can support its number."""
COUNTED = frozenset({"chips", "servers"})
"""Quantities of which an observation shows chips."""


def word(probability: float) -> str:
    """Return the ICD 203 word for a probability; raises BadInputError outside 0 to 1.

    >>> word(0.05)
    'very unlikely'
    """
    if not 0 <= probability <= 1:
        raise BadInputError(f"{probability} is not a probability; it must be between 0 and 1")
    return [name for low, name in BANDS if probability >= low][-1]


@dataclass(frozen=True)
class Bound:
    """What the other evidence allows for the quantity of a question."""

    givens: list[Given]
    posterior: Posterior | None = None
    """None where nothing bears on the quantity."""

    @property
    def observed(self) -> bool:
        """Whether any of the givens was observed."""
        return any(g.observed for g in self.givens)

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high (90%); NaN where nothing bears on it."""
        return self.posterior.interval if self.posterior else (math.nan, math.nan, math.nan)


def bound(q: Question, source: Register | Dossier) -> Bound:
    """Return what the evidence other than the claim allows for its quantity; takes no value of the claim."""
    if q.quantity not in CAPACITY or q.aggregate:
        return Bound([])
    dossier = Dossier.of(source)
    givens = model.gather(q, dossier)
    if all(g.bound for g in givens):
        return Bound(givens)
    try:
        readings = model.readings_for(q, givens, dossier)
    except OsintError:  # no relation joins the evidence to the claim's chip
        return Bound(givens)
    return Bound(givens, model.posterior(q.quantity, givens, readings)[0])


@dataclass(frozen=True, slots=True)
class EdgeAssumption:
    """The factor that must be furthest from its best for a claim to hold."""

    factor: Factor
    needed: float
    """Value that it would have to have, in its unit."""
    sd: float
    """Distance of that value from the best, in standard deviations of the log; negative below the best."""

    def text(self) -> str:
        """Return it in words."""
        f = self.factor
        known = f"(best {show(f.best)}, 90% {show(f.low)} to {show(f.high)})"
        return f"{f.name} would have to be {show(self.needed)} {f.unit} {known}"


def edge_assumption(q: Question, b: Bound, value: float) -> EdgeAssumption | None:
    """Return the factor that must be furthest from its best for the claim to hold, by the likeliest reading.

    Under the claimed value and the two-sided givens the most probable factors follow by generalised least squares.
    None where the answer depends on no factor.
    """
    if b.posterior is None:
        return None
    top = b.posterior.solved[int(np.argmax(b.posterior.weights))].reading
    firm = [g for g in b.givens if not g.bound] + [Given(q.quantity, value, value)]
    mean, load, names = model.design(top, [g.quantity for g in firm])
    gaps = np.array([g.log for g in firm]) - mean
    inverse = np.linalg.inv(load @ load.T + np.diag([g.sd**2 for g in firm]))
    ones = np.ones(len(firm))
    size = (ones @ inverse @ gaps) / (ones @ inverse @ ones)
    needed = load.T @ inverse @ (gaps - size)
    if not len(needed):
        return None
    furthest = int(np.argmax(np.abs(needed)))
    factors = {f.name: f for e in top.edges.values() for _, f in e.factors}
    factor, sd = factors[names[furthest]], float(needed[furthest])
    return EdgeAssumption(factor, float(factor.best * np.exp(sd * factor.sigma)), sd)


def _by_others(claim: Claim, dossier: Dossier) -> list[Observation]:
    """Return the observations of the site by others than the claimant."""
    return [o for o in dossier.observations[claim.site_id] if o.independence_group != claim.independence_group]


def _rung_shown(claim: Claim, dossier: Dossier) -> list[Observation]:
    """Return observations by others that show at least the claimed rung, near the day that the claim speaks of.

    Near is from RUNG_EARLIER_DAYS before to RUNG_LATER_DAYS after, by what the two dates allow. An observation with
    an open interval shows nothing beyond its known side. A claim without a date is shown by none.
    """
    when = claim.value_date or claim.date
    if claim.rung not in LADDER[Rung.GROUND_BROKEN.height :] or claim.modality == Modality.DENIED or when is None:
        return []
    first, last = when.first.toordinal() - RUNG_EARLIER_DAYS, when.last.toordinal() + RUNG_LATER_DAYS
    return [
        o
        for o in _by_others(claim, dossier)
        if o.rung is not None
        and o.rung.height >= claim.rung.height
        and o.date.known[1].toordinal() >= first
        and o.date.known[0].toordinal() <= last
    ]


def _not_reached(claim: Claim, dossier: Dossier) -> list[Observation]:
    """Return observations by others, on or after the day of the claim, with the site below the claimed rung.

    That day is the one that the claim names; what it says is there (has, can carry) is there on the day of saying it.
    """
    said = claim.modality in {Modality.HAS, Modality.CAN_CARRY} and claim.day > 0
    if not (claim.value_date or said) or claim.part or claim.rung is None or claim.modality == Modality.DENIED:
        return []
    return [
        o
        for o in _by_others(claim, dossier)
        if o.not_yet is not None and claim.rung.height >= o.not_yet.height and o.date.first.toordinal() >= claim.day
    ]


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the rules see of a claim and its evidence."""

    contradicted: bool = False
    """A cross-check found the claim inconsistent."""
    not_reached: bool = False
    """On or after its day the site was seen below the claimed rung."""
    states: bool = False
    """The claim asserts a state or its date, and no quantity of the model."""
    rung_shown: bool = False
    """Somebody else saw the claimed rung near the day of the claim."""
    probability: float | None = None
    """Chance that the other evidence allows the claimed number; None if there is none to compare."""
    observed: bool = False
    """Some of that evidence was observed."""
    due: bool = False
    """The claim names a day by which it holds."""
    above: bool = False
    """The claimed number is above the 90% interval."""
    stage: Stage = Stage.PLAN
    live_rung: bool = False
    """The claimed rung is powered or running."""
    stated_power: bool = False
    """The quantity is a power, which an observed rung can support."""

    def below(self, probability: float) -> bool:
        """Return whether there is a probability, and it is below this one."""
        return self.probability is not None and self.probability < probability


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One rule: its name, the condition, and the outcome where the condition holds."""

    name: str
    holds: Callable[[RuleFacts], bool]
    outcome: Outcome


RULES = (
    FindingRule("contradicted on paper", lambda f: f.contradicted, Outcome.INCONSISTENT),
    FindingRule("rung not reached by its day", lambda f: f.not_reached, Outcome.TOO_EARLY),
    FindingRule("state seen", lambda f: f.probability is None and f.states and f.rung_shown, Outcome.SUPPORTED),
    FindingRule("no number to compare", lambda f: f.probability is None, Outcome.UNTESTED),
    # what is said to be live already is not early but wrong: its rung stands, its number does not fit
    FindingRule(
        "number not there by its day",
        lambda f: f.observed and f.below(REFUTE) and f.due and f.above and f.stage != Stage.LIVE,
        Outcome.TOO_EARLY,
    ),
    FindingRule(
        "number seen to be too high",
        lambda f: f.observed and f.below(REFUTE) and f.stage != Stage.PLAN,
        Outcome.REFUTED,
    ),
    FindingRule("plan beyond what was seen", lambda f: f.observed and f.below(STRAIN), Outcome.STRAINED),
    FindingRule(
        "power and rung seen",
        lambda f: f.observed and f.rung_shown and f.live_rung and f.stated_power and not f.below(EVEN),
        Outcome.SUPPORTED,
    ),
    FindingRule("room enough", lambda f: f.observed, Outcome.COULD_FIT),
    FindingRule("number strained on paper", lambda f: f.below(STRAIN), Outcome.STRAINED),
    FindingRule("paper alone", lambda _: True, Outcome.UNTESTED),
)
"""The rules of a finding; the first whose condition holds decides."""


def decide(facts: RuleFacts) -> FindingRule:
    """Return the first rule whose condition holds; the last one always does.

    >>> decide(RuleFacts(contradicted=True, not_reached=True)).outcome.value
    'inconsistent'
    """
    return next(rule for rule in RULES if rule.holds(facts))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A cross-check that found a claim inconsistent, and the other claims that it rests on."""

    check: StrEnum
    others: tuple[str, ...]
    pair: StrEnum | None = None
    """What its two sides are to each other: two documents, one text, a planted test."""
    check_id: str = ""
    """Name of the check, by which a contradiction of several claims is counted once."""

    def text(self) -> str:
        """Return it in words, as 'ladder against date with C047'."""
        return f"{self.check} with {' and '.join(self.others)}" if self.others else str(self.check)


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding on one claim, with everything that it rests on."""

    claim: Claim
    rule: str
    """Name of the rule that decided."""
    outcome: Outcome
    probability: float | None
    """Chance that the other evidence allows the claimed number; None if there is none to compare."""
    bound: Bound
    claimed: float
    """The number that must fit, in the unit of the model; NaN if there is none."""
    shown_by: tuple[str, ...]
    """Observations that show the claimed rung."""
    not_reached_by: tuple[str, ...]
    """Observations of a lower rung on or after the day of the claim."""
    chips_counted_by: tuple[str, ...]
    """Observations by others of a number of chips or servers."""
    contradictions: tuple[Contradiction, ...]
    assumption: EdgeAssumption | None
    """Of a strained or refuted number."""
    arithmetic: tuple[str, ...]
    would_change: tuple[str, ...] = ()
    """What to get next."""

    @property
    def confidence(self) -> Confidence:
        """How well the ground under the finding is laid."""
        if self.bound.posterior is None:
            return Confidence.LOW
        firm = sum(not g.bound for g in self.bound.givens)
        if self.bound.observed:
            return Confidence.HIGH if firm >= FIRM_GIVENS else Confidence.MODERATE
        return Confidence.MODERATE if firm >= SEVERAL_GIVENS else Confidence.LOW

    @property
    def basis(self) -> Basis:
        """Kind of evidence under the finding."""
        if self.bound.observed or self.outcome in {Outcome.SUPPORTED, Outcome.TOO_EARLY}:
            return Basis.OBSERVATIONS
        return Basis.DOCUMENTS if self.bound.givens or self.contradictions else Basis.NONE

    @property
    def rests_on(self) -> list[str]:
        """Ids of the claims and observations that the finding rests on, sorted."""
        ids = {i for g in self.bound.givens for i in g.ids} | {i for c in self.contradictions for i in c.others}
        ids |= set(self.shown_by) if self.outcome == Outcome.SUPPORTED else set()
        ids |= set(self.not_reached_by) if self.outcome == Outcome.TOO_EARLY else set()
        return sorted(ids)

    def to_row(self) -> dict[str, Any]:
        """Return the row of findings.csv; an empty number is None."""
        low, best, high = (end if math.isfinite(end) else None for end in self.bound.interval)
        return {
            "claim_id": self.claim.claim_id,
            "site_id": self.claim.site_id,
            "finding": self.outcome.value,
            "probability": None if self.probability is None else round(self.probability, 3),
            "word": "" if self.probability is None else word(self.probability),
            "confidence": self.confidence.value,
            "basis": self.basis.value,
            "quantity": self.claim.quantity,
            "unit": model.unit_of(self.claim.quantity),
            "claimed": self.claimed if math.isfinite(self.claimed) else None,
            "allowed_low": low,
            "allowed_best": best,
            "allowed_high": high,
            "rung": self.claim.rung.value if self.claim.rung else "",
            "rests_on": self.rests_on,
            "contradicted_by": [c.text() for c in self.contradictions],
            "assumption": self.assumption.text() if self.assumption else "",
            "arithmetic": list(self.arithmetic),
            "shown": self.shown(),
            "not_shown": self.not_shown(),
            "would_change": list(self.would_change),
        }

    def not_shown(self) -> str:
        """Return what no observation on file shows."""
        if not self.chips_counted_by:
            return "No chip has been seen, and no document shows one delivered."
        counted = ", ".join(self.chips_counted_by)
        return f"Chips are counted by {counted}; their model, their owner and their use are not shown."

    def shown(self) -> str:
        """Return one fixed sentence for each outcome; it never says more than the finding."""
        observed, quantity = self.bound.observed, self.claim.quantity
        source = "Measurements by others" if observed else "Other documents' own figures"
        low, best, high = (show(end) if math.isfinite(end) else "" for end in self.bound.interval)
        allowed = f"{best} ({low} to {high}) {model.unit_of(quantity)}" if self.bound.posterior else ""
        allow = f"{source} allow {allowed}"
        if self.outcome == Outcome.INCONSISTENT:
            return "Contradicted by " + ", ".join(c.text() for c in self.contradictions) + "."
        if self.outcome == Outcome.UNTESTED and not allowed:
            tests = quantity and quantity not in CAPACITY
            return "A figure that other claims are tested with." if tests else "Nothing on file bears on it."
        if self.outcome == Outcome.UNTESTED:
            known = self.probability is not None
            chance = f"; the chance that they allow the claimed number is {self.probability:.0%}" if known else ""
            on_paper = f"{source[0].lower()}{source[1:]} point to {allowed}{chance}"
            return f"Nothing observed bears on it. On paper only: {on_paper}."
        if self.outcome == Outcome.SUPPORTED:
            seen_by = ", ".join(self.shown_by)
            if self.probability is None:
                return f"Shown by {seen_by}; the number itself is not counted."
            return f"{allow}, and {seen_by} shows the rung."
        if self.outcome == Outcome.STRAINED:
            return f"{allow}. To reach the claimed number, {self.assumption.text() if self.assumption else ''}."
        if self.outcome == Outcome.COULD_FIT:
            return f"{allow}: room enough for the claimed number. That is not evidence that it is there."
        if self.outcome == Outcome.TOO_EARLY:
            if self.not_reached_by:
                lower = ", ".join(self.not_reached_by)
                return f"On or after the date named, {lower} shows the site below the claimed rung."
            return f"{source} taken for that date allow {allowed}, below the claimed number."
        return f"{allow}: less than 5% is left for the claim as worded."


def judge(
    claim: Claim,
    source: Register | Dossier,
    contradictions: Mapping[str, Sequence[Contradiction]] | None = None,
) -> Finding:
    """Open one claim and return its finding.

    `contradictions` maps a claim to the cross-checks that found it inconsistent (`checks.contradictions`).
    """
    dossier = Dossier.of(source)
    q = model.question(claim, dossier)
    b = bound(q, dossier)
    value = claim.claimed if q.quantity else math.nan
    against = tuple((contradictions or {}).get(claim.claim_id, ()))
    probability = None
    if b.posterior is not None and math.isfinite(value) and not against:
        probability = b.posterior.at_least(value * (1 - ROUNDING[Bounding.EXACT]))
    shows, early = _rung_shown(claim, dossier), _not_reached(claim, dossier)
    facts = RuleFacts(
        contradicted=bool(against),
        not_reached=bool(early),
        states=not q.quantity and CLAIM_KINDS[claim.quantity_kind].states,
        rung_shown=bool(shows),
        probability=probability,
        observed=b.observed,
        due=q.due,
        above=value > b.interval[2],
        stage=q.stage,
        live_rung=claim.rung in LADDER[Rung.POWERED.height :],
        stated_power=q.quantity in STATED_POWER,
    )
    rule = decide(facts)
    edge = rule.outcome in {Outcome.STRAINED, Outcome.REFUTED} and probability is not None
    return Finding(
        claim=claim,
        rule=rule.name,
        outcome=rule.outcome,
        probability=probability,
        bound=b,
        claimed=value,
        shown_by=tuple(o.observation_id for o in shows),
        not_reached_by=tuple(o.observation_id for o in early),
        chips_counted_by=tuple(o.observation_id for o in _by_others(claim, dossier) if o.quantity in COUNTED),
        contradictions=against,
        assumption=edge_assumption(q, b, value) if edge else None,
        arithmetic=tuple(model.arithmetic(b.posterior, q.quantity, b.givens)) if b.posterior is not None else (),
    )
