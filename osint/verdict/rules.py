"""The rules that lead from what was seen to a finding: place, part and day before any number.

The rules are asked from the top, and the first whose condition holds decides; `findings.csv` holds their sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from osint.errors import BadInputError
from osint.register import table_rows
from osint.verdict.asserts import Asserts


class Outcome(StrEnum):
    """What is found of a claim."""

    REFUTED = "refuted"
    DEADLINE_MISSED = "deadline missed"
    CONFLICT = "conflict"
    STRAINED = "strained"
    SUPPORTED = "supported"
    INCONSISTENT = "inconsistent"
    COULD_FIT = "could fit"
    NOT_REACHED = "not reached"
    UNTESTED = "untested"


FINDINGS = {
    Outcome.REFUTED: "said to stand on a day, and what was seen of the place afterwards leaves 5% or less for it",
    Outcome.DEADLINE_MISSED: "promised for a day, and what was seen of the place afterwards leaves 5% or less for it",
    Outcome.CONFLICT: "observers contradict each other; both are shown, and neither is taken for the other",
    Outcome.STRAINED: "possible only with an assumption at the edge of its range",
    Outcome.SUPPORTED: "an independent observation shows the stage by its day, and a size that bears on it",
    Outcome.INCONSISTENT: "the claim contradicts itself, or another claim that cannot both be true",
    Outcome.COULD_FIT: "what was seen leaves a chance that there was room; nothing shows the chips",
    Outcome.NOT_REACHED: "by the day of the picture it was not there, and no day was due; no word on its truth",
    Outcome.UNTESTED: (
        "nothing that was seen decides it: nothing was, or it is by the claimant or one report alone, of another part "
        "or day, or of a place that is not confirmed"
    ),
}
"""What each outcome means."""
NEGATIVE = (Outcome.REFUTED, Outcome.DEADLINE_MISSED)
"""Outcomes that say that a claim is wrong."""
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
REFUTE = 0.05  # probability that is left for a claim at most where what was seen refutes it
PRINTED = 3  # decimals to which a probability is compared with REFUTE, as it is printed
STRAIN = 0.20  # probability below which a claim is strained
EVEN = 0.45  # probability from which a stated power can be supported
_SENTENCES = {row["rule"]: row["sentence"] for row in table_rows("findings.csv", "osint.verdict")}


def word(probability: float) -> str:
    """Return the ICD 203 word for a probability; raises BadInputError outside 0 to 1.

    >>> word(0.05)
    'very unlikely'
    """
    if not 0 <= probability <= 1:
        raise BadInputError(f"{probability} is not a probability; it must be between 0 and 1")
    return [name for low, name in BANDS if probability >= low][-1]


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the rules see of a claim and of what was seen."""

    asserts: Asserts = Asserts.NOTHING
    states: bool = False
    """It asserts a state of the site or its date, and no number of the model."""
    conflict: bool = False
    """Those whose sight would decide contradict each other."""
    absent: bool = False
    """On or after its day a lower rung was seen, of the whole of it, at a confirmed place."""
    bare_shows: bool = True
    """Bare ground can deny what it says: not a sum of money, a ratio or a plan that was to be filed."""
    told_absent: bool = False
    """The same, by what one source relayed alone."""
    absent_before: bool = False
    """The same, where no day is due."""
    holds: float | None = None
    """Chance that the place had room for the number that fits most easily; None without a size on or after its day."""
    doubted: bool = False
    """That size has too little room for it, and the doubt whether all of the right place was seen is above 5%."""
    told_size: bool = False
    """That size was relayed by one source alone."""
    fits: float | None = None
    """The same by a size seen about its day or before it, or where no day is due."""
    not_yet_due: bool = False
    """All of that size was seen before its day, or on a day that may be, or none is due; and not before it was said."""
    fits_hardest: float | None = None
    """The same for the number that fits least easily."""
    fits_surely: float | None = None
    """The same for it by the kind of what was counted that leaves least, as a claim is supported."""
    unknown_precision: str = ""
    """Precision of a count of PFLOPS of which chips.csv has no figure."""
    shown: bool = False
    """The rung was shown by its day, with a size that bears on it, at a confirmed place."""
    power: bool = False
    """The number is a power, and its rung is powered or running."""
    contradicted: bool = False
    """A cross-check found the claim inconsistent."""
    unsearched: bool = False
    """What would decide is surely of the place, but not of all of it."""
    share_unstated: bool = False
    """It is of the place, and of none of it is it stated how much of the place was looked at."""
    unsure: bool = False
    """What would decide is of a confirmed place, and the doubts of place and search together are above 5%."""
    unconfirmed: bool = False
    """Something was seen, and none of it at a confirmed place."""
    after: bool = False
    """What was seen is later than its day."""
    before: bool = False
    """What was seen is earlier than its day."""
    unfixed: bool = False
    """The dates of what was seen leave open whether it was before or after its day."""
    elsewhere: bool = False
    """Another part was seen."""
    of_several: bool = False
    """A size was seen that names no part of a site of several, and need not be of all of them; and no other size."""
    small: bool = False
    """A rung was seen without the size of a hall."""
    little: bool = False
    """The rung was shown by its day, with a size that has little room for the numbers of the same text."""
    part_lacks: bool = False
    """The rung was shown by its day, and a part of it lacked the rung on or after it."""
    silent: bool = False
    """It asserts nothing that the ground could show on a day."""
    seen: bool = False
    """Something was seen at a confirmed place."""
    own: bool = False
    """What was seen was seen by the claimant."""
    tests_others: bool = False
    """It is a number of the model of which no claim is tested."""
    paper: bool = False
    """Documents bear on its number."""

    @property
    def promised(self) -> bool:
        """Whether a day was named by which it would be there."""
        return self.asserts == Asserts.PROMISED

    @property
    def said_to_stand(self) -> bool:
        """Whether it is said to stand."""
        return self.asserts == Asserts.STANDS

    @property
    def denied(self) -> bool:
        """Whether a lower rung was seen on or after its day, of what the ground can show."""
        return self.absent and self.bare_shows

    @property
    def said_with_a_day(self) -> bool:
        """Whether it is said to stand or promised for a day, so that it can be wrong."""
        return self.promised or self.said_to_stand

    @property
    def too_small(self) -> bool:
        """Whether what was seen on or after its day leaves too little for the number that fits most easily."""
        return self.holds is not None and not self.doubted and too_little(self.holds)

    @property
    def room_enough(self) -> bool:
        """Whether what was seen about its day or before had room for the number that fits most easily."""
        return self.fits is not None and not below(self.fits, STRAIN)


def below(probability: float | None, limit: float) -> bool:
    """Return whether there is a probability, and it is below the limit."""
    return probability is not None and probability < limit


def too_little(probability: float) -> bool:
    """Return whether what is left for a number is too little for it, compared as the sentence prints it.

    >>> too_little(0.0504), too_little(0.0506)
    (True, False)
    """
    return round(probability, PRINTED) <= REFUTE


class By(StrEnum):
    """What a rule decides by."""

    ABSENT = "absent"
    """The last sight of a lower rung on or after the day."""
    ABSENT_BEFORE = "absent before"
    """The last sight of a lower rung where no day is due."""
    AFTER = "after"
    """Room seen on or after the day."""
    ABOUT = "about"
    """Room seen about the day or before it."""
    RUNG = "rung"
    """The sight that shows the rung."""
    CONFLICT = "conflict"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One rule: its name, the condition, the outcome where the condition holds, and what it decides by."""

    name: str
    holds: Callable[[RuleFacts], bool]
    outcome: Outcome
    by: By = By.NOTHING

    @property
    def sentence(self) -> str:
        """What the finding says, with names of `Said` in braces."""
        return _SENTENCES[self.name]

    @property
    def states_chance(self) -> bool:
        """Whether its finding has a probability: of what a look or a size that is too small leaves for the claim.

        What a size leaves for a number that it does not deny is no chance of the claim: honest numbers fit more often.
        """
        return self.outcome in NEGATIVE or "{chance}" in self.sentence


RULES = (
    FindingRule(
        "observers contradict each other", lambda f: f.conflict and f.bare_shows, Outcome.CONFLICT, By.CONFLICT
    ),
    FindingRule("not there on its day", lambda f: f.denied and f.said_to_stand, Outcome.REFUTED, By.ABSENT),
    FindingRule("not there by its due day", lambda f: f.denied and f.promised, Outcome.DEADLINE_MISSED, By.ABSENT),
    FindingRule(
        "a relayed report of a size",
        lambda f: f.told_size and f.too_small and f.said_with_a_day,
        Outcome.UNTESTED,
        By.AFTER,
    ),
    FindingRule("too small on its day", lambda f: f.too_small and f.said_to_stand, Outcome.REFUTED, By.AFTER),
    FindingRule("too small by its due day", lambda f: f.too_small and f.promised, Outcome.DEADLINE_MISSED, By.AFTER),
    FindingRule(
        "a relayed report that it is not there",
        lambda f: f.told_absent and f.bare_shows and f.said_with_a_day,
        Outcome.UNTESTED,
        By.ABSENT,
    ),
    FindingRule(
        "room at the edge of an assumption",
        lambda f: below(f.holds, STRAIN) and not f.doubted,
        Outcome.STRAINED,
        By.AFTER,
    ),
    FindingRule("rung shown by its day", lambda f: f.shown and f.states, Outcome.SUPPORTED, By.RUNG),
    FindingRule(
        "power measured and rung shown",
        lambda f: f.shown and f.power and f.fits_surely is not None and not below(f.fits_surely, EVEN),
        Outcome.SUPPORTED,
        By.ABOUT,
    ),
    FindingRule("contradicted on paper", lambda f: f.contradicted, Outcome.INCONSISTENT),
    FindingRule(
        "the readings differ", lambda f: f.room_enough and below(f.fits_hardest, REFUTE), Outcome.UNTESTED, By.ABOUT
    ),
    FindingRule("room enough", lambda f: f.room_enough, Outcome.COULD_FIT, By.ABOUT),
    FindingRule("too small where it was looked at", lambda f: f.doubted, Outcome.UNTESTED, By.AFTER),
    FindingRule(
        "not there before its day",
        lambda f: f.absent_before and not f.said_to_stand and not f.conflict,
        Outcome.NOT_REACHED,
        By.ABSENT_BEFORE,
    ),
    FindingRule(
        "no room yet before its day",
        lambda f: below(f.fits, STRAIN) and f.not_yet_due and not f.said_to_stand,
        Outcome.NOT_REACHED,
        By.ABOUT,
    ),
    FindingRule("a conflict over something else", lambda f: f.conflict and not f.bare_shows, Outcome.UNTESTED),
    FindingRule("the ground does not show it", lambda f: f.absent and not f.bare_shows, Outcome.UNTESTED, By.ABSENT),
    FindingRule("how much was looked at is not stated", lambda f: f.share_unstated, Outcome.UNTESTED),
    FindingRule("not all of the place was looked at", lambda f: f.unsearched, Outcome.UNTESTED),
    FindingRule("the place is not sure enough", lambda f: f.unsure, Outcome.UNTESTED),
    FindingRule("the place is not confirmed", lambda f: f.unconfirmed, Outcome.UNTESTED),
    FindingRule("a precision that no figure tests", lambda f: bool(f.unknown_precision) and f.seen, Outcome.UNTESTED),
    FindingRule("a part of it was not there", lambda f: f.part_lacks and f.states, Outcome.UNTESTED),
    FindingRule("no size was measured", lambda f: f.small, Outcome.UNTESTED),
    FindingRule("a figure that no size tests", lambda f: f.tests_others, Outcome.UNTESTED),
    FindingRule("the size leaves little room", lambda f: f.little, Outcome.UNTESTED),
    FindingRule("a size that need not be of all parts", lambda f: f.of_several, Outcome.UNTESTED),
    FindingRule("seen before and after its day", lambda f: f.before and f.after, Outcome.UNTESTED),
    FindingRule("seen after its day alone", lambda f: f.after, Outcome.UNTESTED),
    FindingRule("seen before its day alone", lambda f: f.before, Outcome.UNTESTED),
    FindingRule("seen about its day", lambda f: f.unfixed, Outcome.UNTESTED),
    FindingRule(
        "it asserts nothing of the ground", lambda f: f.seen and (f.silent or not f.bare_shows), Outcome.UNTESTED
    ),
    FindingRule("another part was seen", lambda f: f.elsewhere, Outcome.UNTESTED),
    FindingRule("no day is named for it", lambda f: f.seen, Outcome.UNTESTED),
    FindingRule("seen by the claimant alone", lambda f: f.own, Outcome.UNTESTED),
    FindingRule("on paper alone", lambda f: f.paper, Outcome.UNTESTED),
    FindingRule("nothing observed bears on it", lambda _: True, Outcome.UNTESTED),
)
"""The rules of a finding; the first whose condition holds decides."""


def decide(facts: RuleFacts) -> FindingRule:
    """Return the first rule whose condition holds; the last one always does.

    >>> decide(RuleFacts(asserts=Asserts.PROMISED, absent=True)).outcome.value
    'deadline missed'
    """
    return next(rule for rule in RULES if rule.holds(facts))


def sure(p: float) -> bool:
    """Return whether a negative finding may rest on something of this probability; compared as it is printed."""
    return round(1 - p, PRINTED) <= REFUTE
