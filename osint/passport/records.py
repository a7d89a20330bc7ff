"""Numbers with their way back to a source, and what else a passport says of a figure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from osint.errors import BadInputError
from osint.register import QUANTITIES, Claim, Observation

if TYPE_CHECKING:
    from osint.archive import Entry

Amount = str | int | float | Decimal
"""A number as a caller has it; a text or a Decimal keeps the digits that are printed."""


class NumberKind(StrEnum):
    """How a number came to be."""

    REPORTED = "reported"
    MEASURED = "measured"
    DERIVED = "derived"
    ASSUMED = "assumed"


class EvidenceRole(StrEnum):
    """What a piece of evidence does for a figure."""

    CLAIMS = "claims"
    OBSERVES = "observes"
    ASSUMES = "assumes"
    CALIBRATES = "calibrates"
    CONTRADICTS = "contradicts"


_ID = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_SOURCE = re.compile(r"[A-Z]{1,4}\d+|(relation|number|stac|file|finding):\S{1,300}|sha256:[0-9a-f]{64}")
SOURCE_FORMS = "C013, O001, relation:NAME, number:ID, stac:ITEM, sha256:DIGEST, file:NAME or finding:CLAIM"
"""Forms of the way back from a number."""
_FORBIDDEN = (
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"), "an e-mail address"),
    (
        re.compile(r"(?:^|[\s\"'(=])(?:/(?:home|Users|root|tmp|var|work|mnt|private)/|[A-Za-z]:\\|\\\\\w|file://)"),
        "a path",
    ),
)
"""What a passport never holds, because it tells of a person or a machine."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a figure or its caption: range, unit, kind, and its way back.

    >>> floor = Number("floor area", 33000, unit="m2", kind="reported", sources=("C011",), id="floor_m2")
    >>> Number("IT power", 66, low=30, high=100, unit="MW IT", kind="derived", expression="floor_m2 * 0.002").best
    66
    """

    label: str
    """What it counts, in words."""
    best: Amount | None = None
    """The value as it is printed: a text or a Decimal keeps its digits."""
    low: Amount | None = None
    """Lower end of its range."""
    high: Amount | None = None
    """Upper end of its range."""
    unit: str = ""
    """Unit of all three."""
    kind: NumberKind | str = NumberKind.REPORTED
    """How it came to be."""
    sources: tuple[str, ...] = ()
    """Its way back, in the forms of SOURCE_FORMS; `from` in the passport."""
    expression: str = ""
    """Arithmetic over the ids of other numbers that gives `best`: + - * / ^ ( ), min, max, sqrt, sum(column)."""
    computed_by: str = ""
    """Public function that gave a derived number which no short expression gives, as 'osint.model.estimate'."""
    written: str = ""
    """How its source writes it, with bound and unit."""
    note: str = ""
    """Why it was assumed, or what else must be known of it."""
    id: str = ""
    """Name by which expressions know it; n1, n2, ... without one."""
    simulated: bool = False
    """Whether it comes from a SIMULATED world."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _word(NumberKind, self.kind, f"the kind of the number {self.label!r}"))
        ends = [decimal(end) for end in (self.low, self.best, self.high) if end is not None]
        if not self.label or not ends or ends != sorted(ends):
            raise BadInputError(f"the number {self.label!r} needs a label and low <= best <= high, got {self._ends()}")
        if self.id and not _ID.fullmatch(self.id):
            raise BadInputError(f"the id {self.id!r} of a number is a word of letters, digits and _, as floor_m2")
        wrong = [source for source in self.sources if not _SOURCE.fullmatch(source)]
        if wrong:
            raise BadInputError(f"the number {self.label!r} comes from {wrong[0]!r}; write {SOURCE_FORMS}")
        if not self.sources and not self.expression and not (self.kind == NumberKind.ASSUMED and self.note):
            raise BadInputError(f"the number {self.label!r} has no way back; give `sources`, or say why it is assumed")
        if self.kind == NumberKind.DERIVED and not self.expression and not self.computed_by:
            raise BadInputError(f"the derived number {self.label!r} needs an `expression`, or `computed_by` a function")

    def _ends(self) -> str:
        return f"{self.low}, {self.best}, {self.high}"

    @classmethod
    def of_claim(cls, claim: Claim, label: str = "") -> Self:
        """Return the number of a claim, as its source has it; raises BadInputError if it states none."""
        ends = claim.readings or (claim.value_low, claim.value_high)
        low, high = ends[0], ends[-1]
        if low is not None and high is not None:
            low, high = min(low, high), max(low, high)
        if low is None and high is None:
            raise BadInputError(f"claim {claim.claim_id} states no number; take another, or leave the number out")
        exact = low == high
        return cls(
            label or f"{claim.quantity_kind.replace('_', ' ')} of {claim.site_id}",
            best=low if exact else None,
            low=None if exact else low,
            high=None if exact else high,
            unit=claim.unit,
            sources=(claim.claim_id,),
            written=claim.written(),
            id=claim.claim_id,
        )

    @classmethod
    def of_observation(cls, row: Observation) -> Self:
        """Return the size that an observation measured; raises BadInputError if it has none."""
        if row.best is None:
            raise BadInputError(f"observation {row.observation_id} measures no size")
        return cls(
            f"{row.quantity.replace('_', ' ')} of {row.site_id}",
            best=row.best,
            low=row.low,
            high=row.high,
            unit=QUANTITIES[row.quantity].unit if row.quantity in QUANTITIES else "",
            kind=NumberKind.MEASURED,
            sources=(row.observation_id, *((row.source_claim_id,) if row.source_claim_id else ())),
            id=row.observation_id,
            simulated=bool(row.simulated),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """One source of a figure: who said or saw what, when, with its words and where a copy is."""

    id: str
    """Id of the claim or observation, or a name of its own."""
    role: EvidenceRole | str
    """What it does for the figure."""
    source_publisher: str = ""
    """Who published it, or who observed."""
    source_url: str = ""
    """Where it can be read."""
    source_tier: str = ""
    """How near the publisher is to the fact, a word of sources' tiers."""
    independence_group: str = ""
    """Group of sources that go back to one story."""
    published: str = ""
    """Day of publication or of what was seen (EDTF)."""
    captured: str = ""
    """When its bytes were served, UTC."""
    sha256: str = ""
    """Digest of the captured bytes."""
    bytes: int | None = None
    """Their length."""
    warc: str = ""
    """WARC file and record that hold them."""
    second_copy: str = ""
    """Address of a copy in a public archive."""
    quote: str = ""
    """Its words, in its language."""
    quote_language: str = ""
    """Language of the quote (ISO 639)."""
    translation: str = ""
    """The quote in English."""
    translated_by: str = ""
    """Who translated it, or which program."""
    licence: str = ""
    """Terms of its text or picture."""
    may_reproduce: bool | None = None
    """Whether those allow it to be printed; None if not known."""
    site_id: str = ""
    """Site that it speaks of."""
    stage: str = ""
    """Of a claim: plan, works or live."""
    simulated: bool = False
    """Whether it comes from a SIMULATED world."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", _word(EvidenceRole, self.role, f"the role of the evidence {self.id!r}"))
        if not self.id:
            raise BadInputError("a piece of evidence needs an id, as C013")

    @classmethod
    def of(cls, row: Claim | Observation, role: EvidenceRole | str = "", entry: Entry | None = None) -> Self:
        """Return a claim or an observation of the register as evidence; observations observe, claims claim.

        `entry` is the capture of its source in the archive, if there is one.
        """
        if isinstance(row, Claim):
            return cls(
                row.claim_id,
                role or EvidenceRole.CLAIMS,
                source_publisher=row.source_publisher,
                source_url=row.source_url,
                source_tier=row.source_tier.value,
                independence_group=row.independence_group,
                published=row.date.text if row.date else "",
                quote=row.quote,
                quote_language=row.quote_language,
                translation=row.translation,
                site_id=row.site_id,
                stage=row.stage.value,
                captured=entry.served if entry else "",
                sha256=entry.sha256 if entry else "",
                bytes=entry.bytes if entry else None,
                warc=f"{entry.warc}, capture {entry.seq}" if entry else "",
                second_copy=entry.url if entry and entry.copy_of else "",
            )
        return cls(
            row.observation_id,
            role or EvidenceRole.OBSERVES,
            source_publisher=row.observer,
            independence_group=row.independence_group,
            published=row.date.text,
            site_id=row.site_id,
            simulated=bool(row.simulated),
        )


@dataclass(frozen=True, slots=True)
class Imagery:
    """One scene that was read for a figure."""

    item: str
    """Id of the STAC item."""
    collection: str = ""
    sensor: str = ""
    acquired: str = ""
    """UTC."""
    gsd_m: Amount | None = None
    level: str = ""
    bands: tuple[str, ...] = ()
    stretch: str = ""
    """How values became grey or colour; one for pictures that are compared."""
    cloud_pct_over_site: Amount | None = None
    epsg: int | None = None
    bounds: tuple[Amount, ...] = ()
    """Left, bottom, right, top in the units of `epsg`."""
    sha256: str = ""
    """Digest of the pixels that were read."""
    credit: str = ""
    """Line of credit that its licence asks for."""


@dataclass(frozen=True, slots=True)
class PlaceOfFigure:
    """A position that a figure marks, with its datum and how exactly it is known."""

    site_id: str
    lon: Amount | None = None
    lat: Amount | None = None
    coord_precision_km: Amount | None = None
    source_datum: str = ""
    """WGS-84, GCJ-02, BD-09 or unknown: the datum of the source."""
    conversion: str = ""
    """How it was brought to WGS-84."""
    offset_m: Amount | None = None
    """By how much that moved it."""
    marked_m: Amount | None = None
    """Radius of the mark on the figure."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a figure was made; no path, no host, no clock."""

    notebook: str = ""
    """Name of the notebook or function, without folders."""
    notebook_sha256: str = ""
    """Digest of its code cells."""
    commit: str = ""
    dirty: bool = False
    """Whether files differed from the commit; such a figure is not sealed."""
    environment_sha256: str = ""
    """Digest of the lock file of the environment."""
    parameters: tuple[tuple[str, str], ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, how likely, on how firm a ground, and what it does not show."""

    finding: str = ""
    rule: str = ""
    probability_low: Amount | None = None
    probability_high: Amount | None = None
    confidence: str = ""
    because: str = ""
    alternatives: tuple[str, ...] = ()
    would_change_our_mind: tuple[str, ...] = ()
    does_not_show: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Who made and who checked a figure, as roles or pseudonyms."""

    made_by: str = ""
    checked_by: str = ""


_RENAMED = {"sources": "from"}


def decimal(value: Amount) -> Decimal:
    """Return a finite number as a Decimal with its digits; raises BadInputError."""
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadInputError(f"{value!r} is no finite number")
    return number


def plain(record: object) -> dict[str, Any]:
    """Return a record as values of JSON without floats; what is empty is left out."""
    row: dict[str, Any] = {}
    for one in fields(record):  # type: ignore[arg-type]
        value = getattr(record, one.name)
        if value is None or value is False or value in ("", ()):  # a zero stays
            continue
        amount = "Amount" in str(one.type) and isinstance(value, int)
        row[_RENAMED.get(one.name, one.name)] = text_of(value) if amount else _plain(value)
    return row


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float | Decimal):
        return text_of(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def text_of(value: Amount) -> str:
    """Return a number as a decimal text.

    >>> text_of(0.1), text_of(33000.0), text_of(Decimal("1.50")), text_of(7)
    ('0.1', '33000', '1.50', '7')
    """
    if isinstance(value, str | int | Decimal):
        return str(decimal(value))
    return f"{decimal(value):f}".removesuffix(".0")


def refuse_private(values: object, where: str = "the passport") -> None:
    """Raise BadInputError, naming the place, if a text holds an e-mail address or a path of a machine."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            refuse_private(value, f"{key} in {where}")
    elif isinstance(values, list | tuple):
        for number, value in enumerate(values):
            refuse_private(value, f"entry {number + 1} of {where}")
    elif isinstance(values, str) and (found := private_in(values)):
        raise BadInputError(f"{where} holds {found}; take it out, a passport is public")


def private_in(text: str) -> str:
    """Return what a text tells of a person or a machine, in words; empty if nothing."""
    for pattern, what in _FORBIDDEN:
        if found := pattern.search(text):
            return f"{what} ({found[0].strip()!r})"
    return ""


def _word(words: type[StrEnum], value: str, what: str) -> StrEnum:
    try:
        return words(value)
    except ValueError:
        raise BadInputError(f"{what} is {value!r}; it is one of {', '.join(words)}") from None
