"""Read the declared tables of units, kinds, nouns, qualifiers and rungs, and look for their words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from osint.claims.aspect import works
from osint.errors import BadInputError
from osint.register import LADDER, READ_KINDS, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

SI_UNITS = tuple(dict.fromkeys(kind.si_unit for kind in READ_KINDS.values()))
"""Units in which the values of claims are compared."""
WEAK_ROLES = {
    "stands": "roofed",
    "bought": "filed",
    "contract": "filed",
    "spent": "ground broken",
    "meant": "announced",
}
"""Roles of words that say less than a rung, and the rung that they prove where no other word states one.

What is there (现有, installed) stands somewhere; nothing says that it has power. What is bought, ordered, leased or
delivered is on paper; nothing says that it is installed. The sum of a contract is on paper, if nothing says that the
contract is only meant. A planned total (计划总投资, 设计规模) is announced in its own clause.
"""
_OWN_FAMILIES = ("tenths", "foreign")
"""Families that are no kind and need no words: a share in tenths, and money of a currency that is not read."""
_ANY_CASE_FROM = 4  # length from which a Latin spelling is matched in any case: below it MW and mW differ
_TOKEN, _DIGITS = re.compile(r"[A-Za-z]+|\d+"), re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Unit:
    """What one spelling of a unit measures."""

    family: str
    """a kind, or a family that `kinds.csv` resolves by the words around it; empty for no unit"""
    si_unit: str
    """one of `SI_UNITS`, or empty for money of a currency that is not read"""
    factor: float = 1.0
    """SI value of one unit"""
    needs: str = ""
    """words of which one must stand in the sentence, separated by |; empty if none is needed"""


class CellUnit(NamedTuple):
    """A unit that stands apart from its numbers: in a header, a label, a cell or a note."""

    written: str
    """the words that name it"""
    scale: str
    """its scale word: 万, million"""
    spelling: str
    """the unit without its scale"""
    measure: Unit
    """what it measures"""
    per: str = ""
    """what a price is per: 台 in 元/台"""

    def agrees_with(self, other: CellUnit) -> bool:
        """Say whether two units measure the same thing on the same scale."""
        alike = {self.measure.family, other.measure.family} <= _COUNTS or self.measure.family == other.measure.family
        return alike and self.scale == other.scale and self.measure.factor == other.measure.factor

    @property
    def is_money(self) -> bool:
        """Say whether it is a currency."""
        return self.measure.family.startswith("money") or self.measure.family == "foreign"


_COUNTS = frozenset(("thing", "cards", "servers", "racks", "chips", "count"))
"""families that count things one by one"""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text, as a set."""
    return frozenset(words.split())


@lru_cache(maxsize=4096)
def spelling_key(spelling: str) -> str:
    """Return the form under which a spelling is looked up: long Latin words lose their case.

    >>> spelling_key("Square  Metres"), spelling_key("MW")
    ('square metres', 'MW')
    """
    spelling = re.sub(r"[\s-]+", " ", spelling).strip()
    return spelling.lower() if len(spelling) >= _ANY_CASE_FROM else spelling


@cache
def declared_units() -> dict[str, Unit]:
    """Return the units of `units.csv` by `spelling_key`.

    Raises BadInputError where a row names an SI unit or a family that is not known.
    """
    found: dict[str, Unit] = {}
    families = (*dict.fromkeys([*READ_KINDS, *kind_words(), *_OWN_FAMILIES]), "")
    for number, row in enumerate(table_rows("units.csv", __package__), start=2):
        if row["si_unit"] not in (*SI_UNITS, ""):
            options = ", ".join(SI_UNITS)
            raise BadInputError(
                f"units.csv line {number}: si_unit {row['si_unit']!r} is not one of {options}; correct it"
            )
        if row["family"] not in families:
            options = ", ".join(families[:-1])
            raise BadInputError(
                f"units.csv line {number}: family {row['family']!r} is not one of {options}; correct it, or add its "
                "words to kinds.csv"
            )
        for spelling in row["spellings"].split("|"):
            unit = Unit(row["family"], row["si_unit"], float(row["factor"]), row["needs"])
            found[spelling_key(spelling)] = unit
    return found


@cache
def cell_units() -> dict[str, Unit]:
    """Return the units of `cell_units.csv` by `spelling_key`: read in headers and cells of tables, never in prose."""
    return {
        spelling_key(spelling): Unit(row["family"], row["si_unit"], float(row["factor"]))
        for row in table_rows("cell_units.csv", __package__)
        for spelling in row["spellings"].split("|")
    }


_LETTERS_ONLY = bytes(code if bytes([code]).isalpha() else 32 for code in range(256))
"""what a byte becomes where only Latin letters are looked at"""


def latin_words(text: str) -> set[bytes]:
    """Return the runs of Latin letters of a text, each once; many times as quick as a pattern."""
    return set(text.encode("ascii", "replace").translate(_LETTERS_ONLY).split())


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
            first.encode(): rf"(?:{'|'.join(words)})" + (rf"(?![{border}])" if words[0].isascii() else "")
            for first, words in latin.items()
        }
        self._compiled: dict[bytes, re.Pattern[str]] = {}  # of the hundreds, those that a text called for
        self._digits = [first.decode() for first in self._latin if first.isdigit()]
        self._touches = frozenset("abcdefghijklmnopqrstuvwxyz" + border.replace("A-Za-z", ""))

    def _first_words(self, part: str) -> set[bytes]:
        """Return the first words of those looked for that a text holds, letters and digits apart."""
        found = self._latin.keys() & latin_words(part)
        if self._digits and any(digits in part for digits in self._digits):
            found |= self._latin.keys() & {run.encode() for run in _DIGITS.findall(part)}
        return found

    def _starting(self, first: bytes) -> re.Pattern[str]:
        """Return the pattern of the words that begin with a first word."""
        if first not in self._compiled:
            self._compiled[first] = re.compile(self._latin[first])
        return self._compiled[first]

    def find(self, text: str, start: int = 0, stop: int | None = None) -> list[tuple[int, int, str]]:
        """Return (start, end, word in lower case) of the words in text[start:stop], in reading order."""
        part = text[start:stop]
        lower = part.lower()
        part = lower if len(lower) == len(part) else part
        found = [] if part.isascii() else [(*m.span(), m.group()) for m in self._han.finditer(part)]
        for first in self._first_words(part):
            found += [
                (*m.span(), " ".join(m.group().split()))
                for m in self._starting(first).finditer(part)
                if not m.start() or part[m.start() - 1] not in self._touches
            ]
        kept: list[tuple[int, int, str]] = []
        for at, end, word in sorted(found) if len(found) > 1 else found:
            if not kept or at + start >= kept[-1][1]:
                kept.append((at + start, end + start, word))
        return kept


@cache
def unit_pattern() -> str:
    """Return an alternation over all spellings of units: by first letter, then longest first."""
    parts: dict[str, list[str]] = {}
    spellings = {spelling for row in table_rows("units.csv", __package__) for spelling in row["spellings"].split("|")}
    for spelling in sorted(spellings, key=lambda word: (-len(word), word)):
        first, rest = re.escape(spelling[0]), re.escape(spelling[1:]).replace(r"\ ", r"[\s-]+")
        if spelling.isascii() and len(spelling) >= _ANY_CASE_FROM:
            first = f"[{spelling[0].lower()}{spelling[0].upper()}]" if spelling[0].isalpha() else first
            rest = f"(?i:{rest})"
        border = r"(?![A-Za-z0-9])" if re.match(r"[A-Za-z0-9$]", spelling[-1]) else ""
        parts.setdefault(first, []).append(rest + border)
    return _by_first_letter(parts)


def _by_first_letter(parts: dict[str, list[str]]) -> str:
    """Return one alternation in which only the words of the letter at hand are tried."""
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in parts.items())


@cache
def kind_words() -> dict[str, tuple[Words, dict[str, str]]]:
    """Return, by family, what finds the words of `kinds.csv`, and the kind that each makes of a quantity."""
    found: dict[str, dict[str, str]] = {}
    for row in table_rows("kinds.csv", __package__):
        for word in row["words"].split("|"):
            found.setdefault(row["family"], {}).setdefault(word.lower(), row["kind"])
    return {family: (Words(words), words) for family, words in found.items()}


@cache
def countable_nouns() -> dict[str, str]:
    """Return the kind of each English noun that can be counted, in lower case."""
    return {
        noun.lower(): row["kind"] for row in table_rows("nouns.csv", __package__) for noun in row["nouns"].split("|")
    }


@cache
def rung_words() -> tuple[Words, dict[str, str]]:
    """Return what finds the words of `rungs.csv` and of `works.csv`, and the role of each of the former.

    A role is a rung, one of `WEAK_ROLES`, future, negation (of what follows), denied (a rung and its negation) or none.

    Raises BadInputError where a row names another role.
    """
    roles: dict[str, str] = {}
    allowed = (*LADDER, *WEAK_ROLES, "future", "negation", "denied", "none")
    for number, row in enumerate(table_rows("rungs.csv", __package__), start=2):
        if row["role"] not in allowed:
            options = ", ".join(allowed)
            raise BadInputError(f"rungs.csv line {number}: role {row['role']!r} is not one of {options}; correct it")
        roles.update(dict.fromkeys(row["words"].lower().split("|"), row["role"]))
    return Words([*roles, *works()], "A-Za-z'"), roles
