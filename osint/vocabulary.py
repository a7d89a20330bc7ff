"""Read the declared tables of units, kinds, nouns and rungs."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from osint.errors import OsintError
from osint.schemas import LADDER

RUNGS = LADDER
"""The ladder, lowest rung first."""

SI_UNITS = ("count", "PFLOPS", "MW", "MVA", "kV", "GWh", "tce", "m2", "ratio", "CNY", "USD", "HKD", "EUR")

# from this length on a Latin spelling is matched in any case: below it MW and mW differ
_ANY_CASE_FROM = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """One spelling of a unit."""

    family: str
    """a kind, or a family that `kinds.csv` resolves by the words around it"""
    si_unit: str
    """one of `SI_UNITS`, or empty for money of a currency that is not read"""
    factor: float
    """SI value of one unit"""
    needs: str
    """words of which one must stand in the sentence, parted by |; empty if none is needed"""


@dataclass(frozen=True, slots=True)
class KindRule:
    """Words that make a quantity of one family a quantity of one kind."""

    kind: str
    words: re.Pattern[str]


def _rows(name: str) -> list[dict[str, str]]:
    with files("osint").joinpath(name).open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


@lru_cache(maxsize=4096)
def key(spelling: str) -> str:
    """Return the form under which a spelling is looked up: long Latin words lose their case."""
    spelling = re.sub(r"[\s-]+", " ", spelling).strip()
    return spelling.lower() if len(spelling) >= _ANY_CASE_FROM else spelling


@cache
def units() -> dict[str, Unit]:
    """Return the units of `units.csv` by `key` of their spelling."""
    found: dict[str, Unit] = {}
    for number, row in enumerate(_rows("units.csv"), start=2):
        if row["si_unit"] not in (*SI_UNITS, ""):
            raise OsintError(
                f"units.csv line {number}: si_unit {row['si_unit']!r} is none of {', '.join(SI_UNITS)}; correct it"
            )
        for spelling in row["spellings"].split("|"):
            found[key(spelling)] = Unit(row["family"], row["si_unit"], float(row["factor"]), row["needs"])
    return found


def _word_pattern(words: list[str]) -> str:
    """Return one alternation, longest first, with word borders around Latin words."""
    parts = []
    for word in sorted(set(words), key=len, reverse=True):
        escaped = re.escape(word).replace(r"\ ", r"\s+")
        parts.append(rf"(?<![A-Za-z]){escaped}(?![A-Za-z])" if word[0].isascii() else escaped)
    return "|".join(parts)


def unit_pattern() -> str:
    """Return an alternation over all spellings of units, longest first."""
    parts = []
    spellings = [spelling for row in _rows("units.csv") for spelling in row["spellings"].split("|")]
    for spelling in sorted(set(spellings), key=len, reverse=True):
        escaped = re.escape(spelling).replace(r"\ ", r"[\s-]+")
        if spelling.isascii() and len(spelling) >= _ANY_CASE_FROM:
            escaped = f"(?i:{escaped})"
        if re.match(r"[A-Za-z0-9$]", spelling[-1]):
            escaped += r"(?![A-Za-z0-9])"
        parts.append(escaped)
    return "|".join(parts)


@cache
def kind_rules() -> dict[str, tuple[KindRule, ...]]:
    """Return the rules of `kinds.csv` by family."""
    found: dict[str, list[KindRule]] = {}
    for row in _rows("kinds.csv"):
        pattern = re.compile(_word_pattern(row["words"].split("|")), re.IGNORECASE)
        found.setdefault(row["family"], []).append(KindRule(row["kind"], pattern))
    return {family: tuple(rules) for family, rules in found.items()}


@cache
def nouns() -> dict[str, str]:
    """Return the kind of each English noun that can be counted, in lower case."""
    return {noun.lower(): row["kind"] for row in _rows("nouns.csv") for noun in row["nouns"].split("|")}


@cache
def rung_words() -> tuple[re.Pattern[str], dict[str, str], dict[str, list[str]]]:
    """Return what finds the words of `rungs.csv`.

    A pattern over the Chinese words, the role of every word (a rung, future, negation), and the
    English phrases by their first word, longest first.
    """
    roles: dict[str, str] = {}
    for number, row in enumerate(_rows("rungs.csv"), start=2):
        if row["role"] not in (*RUNGS, "future", "negation", "none"):
            raise OsintError(
                f"rungs.csv line {number}: role {row['role']!r} is none of {', '.join(RUNGS)}, "
                "future, negation, none; correct it"
            )
        for word in row["words"].split("|"):
            roles[word.lower()] = row["role"]
    phrases: dict[str, list[str]] = {}
    for word in sorted((word for word in roles if word.isascii()), key=len, reverse=True):
        phrases.setdefault(re.split(r"[ -]", word)[0], []).append(word)
    han = sorted((re.escape(word) for word in roles if not word.isascii()), key=len, reverse=True)
    return re.compile("|".join(han)), roles, phrases
