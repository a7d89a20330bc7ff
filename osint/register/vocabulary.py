"""Words with a fixed meaning in every table: rungs, tiers, modalities, scopes, kinds, quantities and units."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Self, TypeVar

from osint.errors import BadInputError


class Rung(StrEnum):
    """A rung of the ladder from words to a running hall, lowest first."""

    ANNOUNCED = "announced"
    FILED = "filed"
    GROUND_BROKEN = "ground broken"
    ROOFED = "roofed"
    POWERED = "powered"
    RUNNING = "running"

    height: int
    """Position on the ladder, 0 for announced."""

    def __new__(cls, text: str) -> Self:
        """Return a rung one higher than the last."""
        rung = str.__new__(cls, text)
        rung._value_, rung.height = text, len(cls.__members__)
        return rung


NEAR = 4
"""Names that a message offers for one that is not known."""
LADDER = tuple(Rung)
"""All rungs, lowest first."""
Tier = StrEnum(
    "Tier",
    "PRIMARY_GOVERNMENT LOCAL_GOVERNMENT PRIMARY_REPORTING COMPANY_FILING COMPANY_FILING_COPY COMPANY_RELEASE "
    "NEWS_ON_COURT_RECORD STATE_MEDIA LOCAL_MEDIA BROADCAST TRADE_PRESS RESEARCH TENDER_DIGEST MIRROR SECONDARY BLOG "
    "UNSOURCED",
)
"""Kind of publisher, the most official first; its text is the name in lower case."""
TIERS = tuple(Tier)
"""All tiers, the most official first."""
WHOLE = frozenset(
    {"", "all", "all phases", "whole", "whole site", "entire site", "all of the site", "全部", "整体", "全园区", "各期"}
)
"""What `part` says where a row is of the whole site."""


def folded(text: str) -> str:
    """Return a text in small letters, half-width characters and single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=1024)
def tidy_part(part: str) -> str:
    """Return a part in small letters, half-width characters and single spaces; empty where it is the whole site.

    >>> tidy_part("The whole  site"), tidy_part("all phases"), tidy_part("Phase II")
    ('', '', 'phase ii')
    """
    text = folded(part).removeprefix("the ")
    return "" if text in WHOLE else text


class Modality(StrEnum):
    """How a claim asserts its number."""

    HAS = "has"
    WILL = "will"
    WOULD = "would"
    CAN_CARRY = "can carry"
    DENIED = "denied"
    """said not to be so"""
    WITHDRAWN = "withdrawn"
    """was meant and is no more: withdrawn, refused, cancelled, stopped"""


TAKEN_BACK = frozenset({Modality.DENIED, Modality.WITHDRAWN})
"""what asserts nothing of the ground: said not to be, or no longer meant"""


class Stage(StrEnum):
    """What a claim speaks of: a plan, works on the ground, or what is live."""

    PLAN = "plan"
    WORKS = "works"
    LIVE = "live"


class Bounding(StrEnum):
    """How a number is bounded by the words around it."""

    EXACT = "exact"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    RANGE = "range"
    ABOUT = "about"
    NEARLY = "nearly"
    """A little below the number, as "nearly 23,000"."""


class Role(StrEnum):
    """What a row of sites.csv is."""

    AGGREGATE = "aggregate"
    ANNOUNCED = "announced"
    COMPARATOR = "comparator"
    REFERENCE = "reference"


class Scope(StrEnum):
    """What a number covers, read from the column `scope`, whose text stays as it is."""

    SITE = "site"
    """The site or the part that the claim names, in the plain sense of its kind."""
    PART = "part"
    """A named part of the site: a building, hall, phase or lot."""
    FACILITY = "facility"
    """Power with cooling and losses."""
    IT = "IT"
    """Power of the servers."""
    GRID = "grid"
    """Power of the connection to the grid, which others may use too."""
    GENERATION = "generation"
    """Energy or power that is produced, not used."""
    EACH = "each"
    """A number for each building, rack, chip or year: not the total of the site."""
    EQUIVALENT = "equivalent"
    """Chips converted to another chip, not counted."""
    SHARE = "share"
    """A share of something."""
    OWN_MAKE = "own make"
    """Hardware of a make that the text does not name: no chip of chips.csv."""
    OTHER = "other"
    """Words that no rule reads; the number is not taken as one of the site."""

    @classmethod
    def read(cls, text: str) -> Scope:
        """Return the scope that a text of the column states; OTHER for words that no rule reads.

        Each scope reads its own word, in any case. Words that make the number another one than that of the site
        (each, per, equivalent, share, generation, "of" at the beginning) come before the names of parts.

        >>> [Scope.read(text).value for text in ("IT load", "per cabinet", "data hall of building 2", "wind")]
        ['IT', 'each', 'part', 'other']
        >>> Scope.read("high density, 16 kW").value
        'site'
        """
        return _scope_read(text.strip())


_PART = r"(?:building|hall|phase|lot|floor|storey|block|wing|room|module|campus|zone)s?"
_POWER_OF = rf"(?: (?:load|power|capacity))?(?: of (?:.* )?{_PART}\b.*)?$"
_KIND_OF_RACK = r"(?:high|low|medium|standard)[ -](?:density|power)|(?:liquid|air|water)[ -]cooled"
"""Kinds of racks that a source names: all kinds are weighed where they are counted, so that none is counted apart."""
_SCOPES = tuple(
    (scope, re.compile(pattern, re.IGNORECASE))
    for scope, pattern in (
        (Scope.SITE, "^(?:|unstated|standard|cards|built or building)$"),
        (Scope.SITE, rf"^(?:{_KIND_OF_RACK})(?:,? (?:about )?\d+(?:\.\d+)? ?kW)?(?: each)?$"),
        (Scope.SHARE, r"^of\b|\b(?:share|half|percent|per cent)\b|%"),
        (Scope.EACH, r"\b(?:each|every|per)\b"),
        (Scope.EQUIVALENT, r"\bequivalents?\b"),
        (Scope.GENERATION, r"\bgeneration\b"),
        (Scope.OWN_MAKE, r"\bown make\b"),
        (Scope.IT, rf"^(?:critical )?IT{_POWER_OF}"),
        (Scope.FACILITY, rf"^(?:whole )?facility{_POWER_OF}"),
        (Scope.GRID, rf"^grid(?: connection)?{_POWER_OF}"),
        (Scope.PART, rf"\b{_PART}\b"),
    )
)
"""Words of each scope; the first pattern that is found decides."""


@lru_cache(maxsize=4096)
def _scope_read(words: str) -> Scope:
    """Return the scope of words; kept, as every claim asks for it many times."""
    own = next((scope for scope in Scope if scope.casefold() == words.casefold()), None)
    return own or next((scope for scope, pattern in _SCOPES if pattern.search(words)), Scope.OTHER)


@dataclass(frozen=True, slots=True)
class ClaimKind:
    """A row of kinds.csv: what is counted, under its name in a text, in the register and in the model."""

    table: str
    """Table that has the kind: claims, calibration, or empty for a kind that is only read."""
    read: str
    """Kind as the grammar of claims reads it; empty if it reads none."""
    kind: str
    """Kind in the table; lower case in calibration, whose column is read in any case."""
    unit: str
    """Unit that a claim of this kind must have; empty if it is free."""
    si_unit: str
    """Unit of the values that the grammar reads."""
    si_factor: float
    """Value in `unit` of one `si_unit`; NaN where the register does not take the kind."""
    quantity: str
    """Quantity of the model; empty if the model has none."""
    factor: float
    """Value in the unit of the quantity of one unit of the table; NaN without a quantity."""
    states: bool
    """Whether it asserts a state of the site or its date, and no number."""


@dataclass(frozen=True, slots=True)
class ModelQuantity:
    """A row of quantities.csv: a quantity of the model."""

    quantity: str
    """Name, as it_mw."""
    unit: str
    """Unit and kind, as 'MW IT, nameplate'."""
    capacity: bool
    """Whether a claim of it is tested: what the site can compute, hold or draw."""
    power: bool
    """Whether it measures power or energy."""
    chip_count: bool
    """Whether it counts the same chips in another unit (chips, servers, PFLOPS)."""
    by_chip: bool
    """Whether it depends on the family of the chip."""
    lasts: bool
    """Whether it stays once it is built, so that claims of any day can be compared."""
    group: str
    """Line of the score that it counts in; empty for none."""
    ceiling: bool
    """Whether it bounds the load from above only, as a rating does."""
    si_unit: str
    """Unit in which its numbers are read and computed: count, m2, MW, MVA, GWh, PFLOPS or CNY."""
    most: float
    """Number that no site reaches, in that unit (judgement: more than the world has); larger ones are refused."""


def table_rows(name: str, room: str = "osint.register") -> Iterator[dict[str, str]]:
    """Yield the rows of a table that is part of a package."""
    with files(room).joinpath(name).open(encoding="utf-8") as table:
        yield from csv.DictReader(table)


_READERS: dict[object, Callable[[str], Any]] = {
    "str": str,
    "float": lambda cell: float(cell or "nan"),
    "bool": lambda cell: cell == "yes",
}
_Row = TypeVar("_Row", ClaimKind, ModelQuantity)


def _records(row_type: type[_Row], name: str) -> tuple[_Row, ...]:
    """Return a table as records; the type of a field says how its cell is read."""
    kinds = {field.name: _READERS[field.type] for field in fields(row_type)}
    return tuple(row_type(**{k: read(row[k]) for k, read in kinds.items()}) for row in table_rows(name))


KINDS = _records(ClaimKind, "kinds.csv")
CLAIM_KINDS = {k.kind: k for k in reversed(KINDS) if k.table == "claims"}
"""Kind of claims.csv -> its row; the first row where several are read as one kind."""
CALIBRATION_KINDS = {k.kind: k for k in KINDS if k.table == "calibration"}
"""Kind of calibration.csv in lower case -> its row."""
READ_KINDS = {k.read: k for k in KINDS if k.read}
"""Kind as the grammar of claims reads it -> its row."""
UNITS = (*dict.fromkeys(k.unit for k in KINDS if k.unit), "projects", "count", "date")
"""Units that claims.csv may have."""
QUANTITIES = {q.quantity: q for q in _records(ModelQuantity, "quantities.csv")}
"""Name of a quantity of the model -> its row."""
_SAME_UNIT = {
    "m2": frozenset({"m²", "m^2", "㎡", "sqm", "sq m", "square metres", "square meters", "平方米", "平米", "平方公尺"}),
    "MW": frozenset({"mwe", "megawatt", "megawatts", "兆瓦"}),
    "MVA": frozenset({"兆伏安"}),
    "GWh": frozenset({"gwh/yr", "gwh/a", "gwh/year", "gwh per annum", "吉瓦时"}),
    "PFLOPS": frozenset({"p", "pflop/s"}),
    "CNY": frozenset({"rmb", "yuan", "元", "人民币"}),
}
"""Unit of the numbers of a quantity -> other words for a unit of that very size; nothing that is converted."""
_NO_COUNT = re.compile(r"\d|[十百千万萬亿億]|thousand|million|hundred|dozen|\bk\b|m2|m²|㎡|[kmg]w|mva|flop")
"""What no name of the things that are counted has: a scale, or a unit of something else."""


def own_unit(quantity: str, text: str) -> bool:
    """Return whether a text names the unit of a quantity, in any spelling of the same size; empty is its own.

    Things that are counted have any name.

    >>> [own_unit("roof_m2", text) for text in ("", "m2 roof", "㎡", "万m2", "mu")]
    [True, True, True, False, False]
    """
    said, of = text.strip().casefold(), QUANTITIES[quantity]
    own = {word.strip(",") for word in f"{of.unit} {of.si_unit}".casefold().split()} | {"a", "per"}
    if of.si_unit == "count":
        return not _NO_COUNT.search(said)
    return said in _SAME_UNIT[of.si_unit] or set(said.replace(",", " ").split()) <= own


_CHIP_NAMES = [(row["name"], row["match"], tuple(row["families"].split("|"))) for row in table_rows("chip_names.csv")]
_CHIP_WORDS = {row["word"]: row["means"] for row in table_rows("chip_words.csv")}
_CHIP_WORD = re.compile("|".join(re.escape(word) for word in sorted(_CHIP_WORDS, key=len, reverse=True)))


def _chip_key(name: str) -> str:
    """Return the name of a chip without its maker, its form, spaces and case: 昇腾910B and Ascend-910B give one key."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = _CHIP_WORD.sub(lambda word: _CHIP_WORDS[word[0]] if _stands_apart(word) else word[0], folded)
    return "".join(one for one in kept if one.isalnum())


def _stands_apart(word: re.Match[str]) -> bool:
    """Return whether a Latin word is no part of a longer one; a Chinese word always is a word."""
    before, behind = word.string[: word.start()][-1:], word.string[word.end() :][:1]
    inside = (before.isascii() and before.isalpha()) or (behind.isascii() and behind.isalpha())
    return not (word[0].isascii() and inside)


_CHIP_KEYS = {_chip_key(name): families for name, match, families in _CHIP_NAMES if match == "key"}
_CHIP_PATTERNS = [
    (re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), families)
    for name, match, families in _CHIP_NAMES
    if match == "word"
]


@lru_cache(maxsize=4096)
def chip_families(chip_model: str) -> tuple[str, ...]:
    """Return the rows of chips.csv that the words of a claim, or of a person, name; empty if they name none.

    A name in full is read in any case and spelling, with or without its maker, in English or Chinese.

    >>> chip_families("T-Head PPU and others"), chip_families("H100-eq")
    (('domestic mixed',), ())
    >>> chip_families("昇腾910B"), chip_families("英伟达 H100"), chip_families("910c")
    (('Ascend 910B',), ('H100',), ('Ascend 910C',))
    """
    if found := _CHIP_KEYS.get(_chip_key(chip_model)):
        return found
    return next((families for pattern, families in _CHIP_PATTERNS if pattern.search(chip_model)), ())


def near_chips(text: str) -> list[str]:
    """Return the chips that are spelt nearly as a text, the nearest first."""
    near = difflib.get_close_matches(_chip_key(text), _CHIP_KEYS, NEAR)
    return list(dict.fromkeys(family for key in near for family in _CHIP_KEYS[key]))


_COUNTRIES = {row["code"]: tuple(row["names"].split("|")) for row in table_rows("countries.csv")}


def country_code(text: str) -> str:
    """Return the two letters (ISO 3166-1) of a country that a person names, in any case, in English or Chinese.

    Raises BadInputError for what is no country.

    >>> country_code("china"), country_code("中国"), country_code("us")
    ('CN', 'CN', 'US')
    """
    wanted = folded(text)
    names = {name.casefold(): code for code, names in _COUNTRIES.items() for name in (code, *names)}
    if wanted not in names:
        near = difflib.get_close_matches(wanted, names, NEAR)
        offered = ", ".join(dict.fromkeys(f"{names[n]} ({_COUNTRIES[names[n]][0]})" for n in near))
        advice = f"; spelt nearly so: {offered}" if offered else "; give two letters, as CN, or a name, as China"
        raise BadInputError(f"{text!r} is no country{advice}")
    return names[wanted]
