"""Read the declared tables of units, kinds, nouns and rungs."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from osint.errors import OsintError
from osint.register import LADDER

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def _rows(name: str) -> list[dict[str, str]]:
    with files("osint.claims").joinpath(name).open(encoding="utf-8") as table:
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


class Words:
    """Words looked for together, in any case: where several begin at one place, the longest is found."""

    def __init__(self, words: Iterable[str], border: str = "A-Za-z") -> None:
        """Take Chinese and English words; `border` holds what may not touch an English one."""
        han: dict[str, list[str]] = {}
        latin: dict[str, list[str]] = {}
        for word in sorted({word.lower() for word in words}, key=len, reverse=True):
            if word[0].isascii():
                first = _TOKEN.match(word)
                if first:
                    latin.setdefault(first.group(), []).append(re.escape(word).replace(r"\ ", r"\s+"))
            else:
                han.setdefault(word[0], []).append(re.escape(word[1:]))
        self._han = re.compile(_by_first_letter(han) if han else r"(?!)")
        # only the patterns of the first words that a text holds are tried; they begin with a letter, which is quick
        self._latin = {
            first: re.compile(rf"(?:{'|'.join(words)})" + (rf"(?![{border}])" if words[0].isascii() else ""))
            for first, words in latin.items()
        }
        self._touches = frozenset("abcdefghijklmnopqrstuvwxyz" + border.replace("A-Za-z", ""))

    def find(self, text: str, start: int = 0, stop: int | None = None) -> list[tuple[int, int, str]]:
        """Return (start, end, word in lower case) of the words in text[start:stop], in reading order."""
        part = text[start:stop]
        lower = part.lower()
        part = lower if len(lower) == len(part) else part
        found = [] if part.isascii() else [(*m.span(), m.group()) for m in self._han.finditer(part)]
        for first in self._latin.keys() & set(_TOKEN.findall(part)):
            found += [
                (*m.span(), " ".join(m.group().split()))
                for m in self._latin[first].finditer(part)
                if not m.start() or part[m.start() - 1] not in self._touches
            ]
        kept: list[tuple[int, int, str]] = []
        for at, end, word in sorted(found) if len(found) > 1 else found:
            if not kept or at + start >= kept[-1][1]:
                kept.append((at + start, end + start, word))
        return kept


_TOKEN = re.compile(r"[A-Za-z]+|\d+")


def unit_pattern() -> str:
    """Return an alternation over all spellings of units: by first letter, then longest first."""
    parts: dict[str, list[str]] = {}
    spellings = [spelling for row in _rows("units.csv") for spelling in row["spellings"].split("|")]
    for spelling in sorted(set(spellings), key=len, reverse=True):
        any_case = spelling.isascii() and len(spelling) >= _ANY_CASE_FROM
        border = r"(?![A-Za-z0-9])" if re.match(r"[A-Za-z0-9$]", spelling[-1]) else ""
        first, rest = _split(spelling, any_case)
        parts.setdefault(first, []).append(rest + border)
    return _by_first_letter(parts)


def _split(words: str, any_case: bool) -> tuple[str, str]:
    """Return the patterns of the first letter of some words, and of what follows it."""
    first, rest = words[0], re.escape(words[1:]).replace(r"\ ", r"[\s-]+")
    if any_case:
        return f"[{first.lower()}{first.upper()}]" if first.isalpha() else re.escape(first), f"(?i:{rest})"
    return re.escape(first), rest


def _by_first_letter(parts: dict[str, list[str]]) -> str:
    """Return one alternation in which only the words of the letter at hand are tried."""
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in parts.items())


@cache
def kind_words() -> dict[str, tuple[Words, dict[str, str]]]:
    """Return, by family, what finds the words of `kinds.csv`, and the kind that each makes of a quantity."""
    found: dict[str, dict[str, str]] = {}
    for row in _rows("kinds.csv"):
        for word in row["words"].split("|"):
            found.setdefault(row["family"], {}).setdefault(word.lower(), row["kind"])
    return {family: (Words(words), words) for family, words in found.items()}


@cache
def nouns() -> dict[str, str]:
    """Return the kind of each English noun that can be counted, in lower case."""
    return {noun.lower(): row["kind"] for row in _rows("nouns.csv") for noun in row["nouns"].split("|")}


@cache
def rung_words() -> tuple[Words, dict[str, str]]:
    """Return what finds the words of `rungs.csv`, and the role of each: a rung, future, negation or none."""
    roles: dict[str, str] = {}
    for number, row in enumerate(_rows("rungs.csv"), start=2):
        if row["role"] not in (*RUNGS, "future", "negation", "none"):
            raise OsintError(
                f"rungs.csv line {number}: role {row['role']!r} is none of {', '.join(RUNGS)}, "
                "future, negation, none; correct it"
            )
        for word in row["words"].split("|"):
            roles[word.lower()] = row["role"]
    return Words(roles, "A-Za-z'"), roles
