"""One cross-check as a record: what it compared, what it found, by which figures, and the sentence of it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from string import Formatter
from typing import Any

from osint.model import show
from osint.verdict.basis import Contradiction


class CheckName(StrEnum):
    """The cross-checks."""

    ITSELF = "a claim against itself"
    PAIR = "two claims of one site"
    AGREE = "one number in two units"
    POWER_PER_CHIP = "power per chip"
    PFLOPS_PER_CHIP = "P per chip"
    POWER_PER_PFLOPS = "kW per P"
    SUM = "parts against their sum"
    WAN = "a missing 万"
    MULTIPLE = "a multiple in words"
    LADDER = "ladder against date"
    SLID = "a target that slid"
    TARGET = "a target against a later state"
    OVERDUE = "a due day against a later status"
    FALL = "a fall in time"
    GROWTH = "growth against levels"
    VALUES = "one quantity, two values"
    PART = "part against whole"
    WIDER = "same figure for a wider place"
    NESTED = "a place and a part of it"
    RANK = "a rank against other figures"
    SHARES = "shares that exceed the whole"
    TWICE = "the same chips counted twice"
    SHARE = "share against share"
    PRICE = "price per P"
    SUPPLY = "plan against supply"


class CheckFinding(StrEnum):
    """What a check says of its claims, the strongest first."""

    INCONSISTENT = "inconsistent"
    """They surely cannot all be true."""
    STRAINED = "strained"
    """They can all be true only under an assumption that no text states."""
    NOTE = "note"
    """For the reader: a difference with an ordinary explanation, or an arithmetic without a finding."""


class Way(StrEnum):
    """Which way a check came out, where it can come out in several."""

    ONLY = "only"
    BELOW = "below"
    ABOVE = "above"
    INSIDE = "inside"
    OUTSIDE = "outside"
    FLOOR = "floor"
    LATER = "later"
    ROOM = "room"
    SHARED = "shared"
    APART = "apart"
    ALONE = "alone"
    SUMMED = "summed"
    OPEN = "open"
    DOUBTFUL = "doubtful"
    EQUIVALENT = "equivalent"
    DIFFER = "differ"


class Pair(StrEnum):
    """What the two sides of a check are to each other."""

    ONE_TEXT = "one text"
    """Both stand in one document: no second witness."""
    STORY = "rewrite of one story"
    """Two documents of one independence group."""
    PLANTED = "a misreport, kept to see whether it is found"
    """One side is a misreport that is kept to see whether it is found."""
    MIRROR = "two documents, one read in a copy"
    """One side rests on copies, which may have altered the words."""
    INFERRED = "two documents, joined by inference"
    """That both speak of one project was inferred, partly from these figures."""
    TWO_DOCUMENTS = "two documents"


class _Sentence(Formatter):
    """Format of a sentence: ~3 shows a number with three digits."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a figure as its specification says."""
        return show(value, int(format_spec[1:])) if format_spec.startswith("~") else format(value, format_spec)


_SENTENCES = {
    (row["check"], row["way"]): row
    for row in csv.DictReader(files("osint.verdict.checks").joinpath("sentences.csv").read_text("utf-8").splitlines())
}
"""Arithmetic, what it says and what it does not say, by check and the way in which it came out."""
CHECK_COLUMNS = (
    "check_id", "check", "site_id", "claim_ids", "first", "second", "kind", "finding", "arithmetic", "says",
    "does_not_say", "by_chance",
)  # fmt: skip
"""Columns of checks.csv."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often one kind of check was asked, and how often it would speak by chance alone."""

    name: CheckName
    compared: int
    """Comparisons made, over all sites."""
    found: int
    """Of these, how many it has something to say of."""
    rate: float
    """Upper bound of the chance that it speaks where all texts are right; 0 for arithmetic alone."""

    @property
    def expected(self) -> float:
        """Number of findings that chance alone would give at most."""
        return self.compared * self.rate

    def text(self) -> str:
        """Return it in words."""
        most = f", at most {show(self.expected, 2)} expected if every text were right"
        by_chance = most if self.expected else "; chance has no part in a sum"
        return f"{self.found} of {self.compared} comparisons{by_chance}"

    def sentence(self) -> str:
        """Return it as a sentence for a reader who knows none of our words."""
        asked = f"Of {self.compared} comparison{'s' * (self.compared != 1)} of this kind {self.found} found something"
        if not self.expected:
            return f"{asked}; a sum is right or wrong, whatever chance does."
        return f"{asked}; if every text were right, at most {show(self.expected, 2)} would be expected to."


@dataclass(frozen=True, slots=True)
class Check:
    """One cross-check of some claims: its two sides, what it found, and the figures that it found it by.

    A contradiction is one check with two sides, however many texts repeat either side.
    """

    name: CheckName
    site_id: str
    first: tuple[str, ...]
    """Claims of the one side."""
    second: tuple[str, ...]
    """Claims of the other side; empty where a text is compared with itself or with the tables."""
    finding: CheckFinding
    pair: Pair
    figures: Mapping[str, float | str]
    """Numbers and names of its arithmetic."""
    way: Way = Way.ONLY
    sites: frozenset[str] = frozenset()
    """Sites of all its claims."""
    tally: Tally | None = None
    """How often checks of its kind would speak by chance; set when all were asked."""

    @property
    def claim_ids(self) -> tuple[str, ...]:
        """Claims of both sides, the first side first."""
        return self.first + self.second

    @property
    def check_id(self) -> str:
        """Name of the check that stays the same while its claims do."""
        return f"{self.name.name.lower()}:{'+'.join(self.first)}:{'+'.join(self.second)}".rstrip(":")

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Claims that it makes inconsistent: all, but only the narrower one where a figure belongs to a wider place."""
        if self.finding != CheckFinding.INCONSISTENT:
            return ()
        return self.first if self.name == CheckName.WIDER else self.claim_ids

    def to_row(self) -> dict[str, Any]:
        """Return the row of checks.csv, with the arithmetic written out."""
        sentence, written = _SENTENCES[self.name, self.way], _Sentence()
        return {
            "check_id": self.check_id,
            "check": self.name.value,
            "site_id": self.site_id,
            "claim_ids": list(self.claim_ids),
            "first": list(self.first),
            "second": list(self.second),
            "kind": self.pair.value,
            "finding": self.finding.value,
            "arithmetic": written.format(sentence["arithmetic"], **self.figures) + str(self.figures.get("also", "")),
            "says": written.format(sentence["says"], **self.figures) + str(self.figures.get("unused", "")),
            "does_not_say": sentence["does_not_say"],
            "by_chance": self.tally.text() if self.tally else "",
        }


def contradictions(checks: Sequence[Check]) -> dict[str, list[Contradiction]]:
    """Return the claims that a check found inconsistent, each with the checks and the other claims."""
    out: dict[str, list[Contradiction]] = defaultdict(list)
    for check in checks:
        for claim in check.contradicted:
            others = tuple(c for c in check.claim_ids if c != claim)
            out[claim].append(Contradiction(check.name, others, check.pair, check.check_id))
    return out
