"""One row of each evidence table as a frozen record.

A record holds the columns that the program reads. An empty number, date or word of a list is None, an empty text is "".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Self

from osint.register.dates import WrittenDate, written_date
from osint.register.schemas import SCHEMAS, Column
from osint.register.vocabulary import CLAIM_KINDS, QUANTITIES, Bounding, Modality, Role, Rung, Scope, Stage, Tier


class Record:
    """Base of the records: one row of a table, read once."""

    __slots__ = ()
    table: ClassVar[str]

    @classmethod
    def from_row(cls, row: Mapping[Any, Any]) -> Self:
        """Read a row of the table (text cells, or the typed cells of a checked frame)."""
        return cls(*(_value(column, row[column.name]) for column in cls._read_by()))

    @classmethod
    @lru_cache
    def _read_by(cls) -> tuple[Column, ...]:
        """Return the columns that a record is read from, in the order of its fields."""
        columns = {column.name: column for column in SCHEMAS[cls.table].columns}
        return tuple(columns[field.name] for field in fields(cls))  # type: ignore[arg-type]


def _value(column: Column, cell: Any) -> object:
    empty = cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))
    if column.kind == "number":
        return None if empty else float(cell)
    if column.kind == "numbers":
        return () if empty else tuple(float(part) for part in str(cell).split("|"))
    if column.kind == "flag":
        return None if empty else cell == "yes"
    if column.kind == "date":
        return None if empty else written_date(str(cell))
    if column.words is not None:
        return None if empty else column.words(cell)
    return "" if empty else str(cell)


UNKNOWN_DATUM_KM = 1.2
"""Largest error of BD-09 measured over the region, km, rounded up."""


NEAR_ENOUGH_KM = 3.0
"""A site that is known to so many km, or better, is looked at; one known less well is searched for (judgement)."""


def known_km(stated_km: float, datum: str, country: str) -> float:
    """Return how well a place is known, in km: as stated, and wider where a Chinese point has no datum on file."""
    return stated_km + (UNKNOWN_DATUM_KM if datum == "unknown" and country == "CN" else 0.0)


def km_text(km: float) -> str:
    """Return a distance with no more digits than it has: whole kilometres from one on.

    >>> km_text(16.2), km_text(0.5)
    ('16 km', '0.5 km')
    """
    return f"{km:.0f} km" if km >= 1 else f"{km:g} km"


@dataclass(frozen=True, slots=True)
class SiteRow(Record):
    """A row of sites.csv: an announced or found place, a total over several, or a landmark."""

    table = "sites"
    site_id: str
    name_en: str
    name_zh: str
    county: str
    prefecture: str
    province: str
    country: str
    lat: float | None
    lon: float | None
    coord_precision_km: float | None
    coord_level: str
    status: str
    datum: str
    name_display: str
    role: Role
    covers: str
    parent: str
    identified_by: str
    elevation_m: float | None
    hall_use: str

    @property
    def known_km(self) -> float | None:
        """How well its place is known, in km (`known_km`); None without one."""
        stated = self.coord_precision_km
        return None if stated is None else known_km(stated, self.datum, self.country)

    @property
    def known_to(self) -> str:
        """The same in words, with no more digits than it has, as '16 km'; empty without a place."""
        return "" if self.known_km is None else km_text(self.known_km)

    @property
    def is_near_enough(self) -> bool:
        """Whether pictures of its place show it (NEAR_ENOUGH_KM); else it must be searched for."""
        return self.known_km is not None and self.known_km <= NEAR_ENOUGH_KM

    @property
    def point(self) -> str:
        """Return what its point is, in words, as 'county seat in place of the site'; empty where that is not stated."""
        return re.sub(r"(\w+)-seat proxy", r"\1 seat in place of the site", self.coord_level)

    @property
    def at_a_seat(self) -> bool:
        """Whether its point is the seat of a county, district, city or prefecture in place of the site."""
        return bool(re.match(r"\w+-seat", self.coord_level))

    def covered_by(self, total: SiteRow) -> bool:
        """Return whether a total over several sites covers this one: its country, province, prefecture or county."""
        return bool({self.country, self.province, self.prefecture, self.county} & set(total.covers.split("|")) - {""})


@dataclass(frozen=True)
class Claim(Record):
    """A row of claims.csv: one quantity or state asserted by one claimant; columns.csv explains each field."""

    table = "claims"
    claim_id: str
    site_id: str
    claimant: str
    source_publisher: str
    source_tier: Tier
    source_url: str
    date: WrittenDate | None
    quote: str
    quote_language: str
    translation: str
    quantity_kind: str
    value_low: float | None
    value_high: float | None
    unit: str
    value_date: WrittenDate | None
    chip_model: str
    phase: str
    reading_confidence: str
    note: str
    unit_as_recorded: str
    scope: str
    precision: str
    rung: Rung | None
    modality: Modality | None
    bound: Bounding | None
    independence_group: str
    group_reason: str
    error_test: bool | None
    evidence_use: bool
    readings: tuple[float, ...]
    part: str

    @cached_property
    def unknown_precision(self) -> str:
        """Precision of a count of PFLOPS that its words state and of which chips.csv has no figure; else empty."""
        if self.quantity_kind != "PFLOPS" or self.precision in STATED_PRECISIONS:
            return ""
        words = f"{self.precision} {self.scope} {self.quote} {self.note}"
        named = {word.upper() for word in _PRECISION_WORDS.findall(words)}
        named = {_PRECISION_NAMES.get(word, word) for word in named}
        return "" if named & _KNOWN_PRECISIONS else next(iter(sorted(named)), "")

    @cached_property
    def quantity(self) -> str:
        """Quantity of the model that the claim speaks of.

        Empty if it has none, if no rule reads its scope, or for a precision of which the model has no figure.
        """
        kind, scope = CLAIM_KINDS[self.quantity_kind], Scope.read(self.scope)
        if scope in _OUTSIDE or self.unknown_precision:
            return ""
        return _POWER.get(scope, kind.quantity) if kind.quantity == "power_mw" else kind.quantity

    @cached_property
    def day(self) -> int:
        """Ordinal of the latest day that the claim speaks of ("from 2025 on": the last of 2025); 0 if it is undated."""
        when = self.value_date or self.date
        return when.known[1].toordinal() if when else 0

    @cached_property
    def stage(self) -> Stage:
        """What the claim speaks of: a plan, works on the ground, or what is live."""
        if self.modality in {Modality.WILL, Modality.WOULD}:
            return Stage.PLAN
        if self.rung is None or self.rung.height < Rung.GROUND_BROKEN.height:
            return Stage.PLAN
        return Stage.LIVE if self.rung.height >= Rung.POWERED.height else Stage.WORKS

    @property
    def figure(self) -> float:
        """Lower value in the unit of the register, else the upper one; NaN if it has none."""
        return next((v for v in (self.value_low, self.value_high) if v is not None), math.nan)

    @property
    def model_figure(self) -> float:
        """The `figure` in the unit of the model, as rows in mu and in m2 are compared; NaN without a quantity."""
        return self.figure * CLAIM_KINDS[self.quantity_kind].factor

    @property
    def claimed(self) -> float:
        """Number that must fit, in the unit of the model; NaN if it has none.

        It is the lower value, or the upper one of an 'at most'. Where a text allows two readings it is the larger,
        which is the harder to fit.
        """
        if self.readings:
            return max(self.readings)
        value = self.value_high if self.bound == Bounding.AT_MOST or self.value_low is None else self.value_low
        return math.nan if value is None else value * CLAIM_KINDS[self.quantity_kind].factor

    def written(self) -> str:
        """Return the number as its source gives it: every digit, the bound and the unit as recorded; empty without one.

        Nothing of the model stands in it (no unit of the model, no kind of power, no rounding); `read_as` says that.
        """
        ends = self.readings or tuple(dict.fromkeys(v for v in (self.value_low, self.value_high) if v is not None))
        if not ends:
            return ""
        bound = self.bound
        if self.value_low is None or self.value_high is None:  # one end is open, whatever the word of the bound
            bound = Bounding.AT_MOST if self.value_low is None else Bounding.AT_LEAST
        number = (" or " if self.readings else " to ").join(_digits(end, self.unit) for end in ends)
        words = (_BOUND_WORDS[bound] if bound else "", number, self._recorded_unit())
        kept = ", both readings kept" if self.readings else ""
        stated = f", {self.precision}" if self.precision in STATED_PRECISIONS else ""
        return " ".join(word for word in words if word) + stated + kept

    def told(self) -> str:
        """Return `written` where a reader sees no kind beside it: a PUE as one, a date with its kind and day."""
        kind, written = self.quantity_kind.replace("_", " "), self.written()
        if written:
            return f"{kind} {written}" if self.quantity_kind == "PUE" else written
        return f"{kind} {self.value_date.text}" if self.value_date and kind.endswith("date") else kind

    def _recorded_unit(self) -> str:
        """Return the unit as first recorded, where that is of the same size as `unit`; else both."""
        recorded = self.unit_as_recorded.split(" (")[0]
        if self.unit in _UNNAMED or not recorded:
            return recorded or ("" if self.unit in _UNNAMED else self.unit)
        if recorded.startswith(self.unit) or (self.unit in _COUNTS and recorded.isascii()):
            return recorded
        return f"{self.unit} ({recorded})" if self.unit in _COUNTS else f"{self.unit}, stated in {recorded}"

    @property
    def other_precision(self) -> str:
        """Precision of a count of PFLOPS that its source states and that is not FP16; empty for any other claim."""
        return self.precision if self.quantity == "pflops" and self.precision in STATED_PRECISIONS[len(_FP16) :] else ""

    def read_as(self) -> str:
        """Return what the model takes the number for beyond its words, and why; empty where it takes nothing more."""
        name, factor = self.quantity, CLAIM_KINDS[self.quantity_kind].factor
        if name and factor != 1:  # a unit of another size, as mu
            return f"read as {_digits(round(self.model_figure), '')} {QUANTITIES[name].unit}"
        standard = name == "racks" and _STANDARD in f"{self.scope} {self.unit_as_recorded}".split()
        why = "" if standard else _JUDGED.get(name, "")
        return f"read as {QUANTITIES[name].unit}: judgement, {why}" if why else ""


def _digits(value: float, unit: str) -> str:
    """Return a number with all its digits; sums of money in million or billion.

    >>> _digits(109737.88, "m2"), _digits(14.373e9, "CNY")
    ('109,737.88', '14.373 billion')
    """
    size, word = next(((s, w) for s, w in _MONEY_WORDS if unit in _MONEY and value >= s), (1, ""))
    number = f"{Decimal(repr(value)) / size:,f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{number} {word}".strip()


_BOUND_WORDS = {
    Bounding.EXACT: "",
    Bounding.RANGE: "",
    Bounding.AT_LEAST: "at least",
    Bounding.AT_MOST: "up to",
    Bounding.ABOUT: "about",
    Bounding.NEARLY: "nearly",
}
_FP16 = ("dense", "sparse")
STATED_PRECISIONS = (*_FP16, "FP8", "INT8", "mixed")
"""Words of `precision` that a source has stated; the readings of the same name (readings.csv)."""
_PRECISION_WORDS = re.compile(r"(?:FP(?:4|8|16|32|64)|TF32|BF16|INT(?:4|8))(?!\d)|半精度|单精度|双精度", re.IGNORECASE)
_PRECISION_NAMES = {"半精度": "FP16", "单精度": "FP32", "双精度": "FP64"}
_KNOWN_PRECISIONS = frozenset({"FP16", "BF16", "FP8", "INT8"})
"""Precisions of which chips.csv has a figure; a text that names one of them is read by it."""
_STANDARD = "standard"  # word of a scope or a unit: the source calls them standard racks
_UNNAMED = ("ratio", "count")  # units that are no word of a source
_COUNTS = ("chips", "servers", "racks", "projects")  # units whose size does not depend on their name
_MONEY = ("CNY", "USD")
_MONEY_WORDS = ((10**9, "billion"), (10**6, "million"))
_JUDGED = {
    "pflops": "the number format is not stated",
    "racks": "they are not called standard racks",
    "cost_cny": "what the sum covers is not stated in full",
    "it_mw": "that it is the nameplate is not stated",
    "facility_mw": "not all of that is stated",
    "energy_gwh_per_yr": "that it is the use of the whole facility is not stated",
    "floor_m2": "whether it is the gross floor is not always stated",
}
"""Quantity of the model whose unit says more than the words of a claim do -> why it is read so."""
_OUTSIDE = {Scope.GENERATION, Scope.EACH, Scope.EQUIVALENT, Scope.SHARE, Scope.OWN_MAKE, Scope.OTHER}
_POWER = {Scope.IT: "it_mw", Scope.FACILITY: "facility_mw", Scope.GRID: ""}


_METERED_AS = {"facility_mw": "demand_mw", "power_mw": "demand_mw", "it_mw": "average_mw"}
"""Quantity of a power -> what it is where a meter gave it."""
_METERED = re.compile(r"\b(?:sub)?meter(?:s|ed|ing)?\b|\bbills?\b|\bbilled\b|电表|计量|电费|需量", re.IGNORECASE)
"""Words of `how` by which a power is one that was drawn."""


@dataclass(frozen=True)
class Observation(Record):
    """A row of observations.csv: one thing seen or measured; columns.csv explains each field."""

    table = "observations"
    observation_id: str
    site_id: str
    observer: str
    how: str
    date: WrittenDate
    quantity: str
    low: float | None
    best: float | None
    high: float | None
    rung: Rung | None
    not_yet: Rung | None
    independence_group: str
    source_claim_id: str
    note: str
    lat: float | None
    lon: float | None
    position_error_m: float | None
    p_place: float | None
    place_reason: str
    part: str
    searched_share: float | None
    outline: str
    simulated: bool | None
    picture: str
    picture_sha256: str

    def measured(self) -> Observation:
        """Return the row with a power that a meter gave as what it is: a load, and no capacity."""
        load = _METERED_AS.get(self.quantity, "") if _METERED.search(self.how) else ""
        return replace(self, quantity=load) if load else self

    @cached_property
    def days(self) -> tuple[int, int]:
        """Ordinals of the earliest and of the latest day on which it can have been made."""
        first, last = self.date.known
        return first.toordinal(), last.toordinal()


@dataclass(frozen=True, slots=True)
class Relation(Record):
    """A row of relations.csv: a factor that joins two quantities, as low, best and high (90%)."""

    table = "relations"
    relation: str
    low: float | None
    best: float | None
    high: float | None
    unit: str
    scale: str
    n_behind: float | None
    country: str
    used: str
    source: str


@dataclass(frozen=True, slots=True)
class ReadingRow(Record):
    """A row of readings.csv: one option of a discrete unknown."""

    table = "readings"
    reading: str
    option: str
    prior: float
    value: float | None
    country: str
    applies_to: str


@dataclass(frozen=True, slots=True)
class Chip(Record):
    """A row of chips.csv: a family of chips with its power in kW and its PFLOPS per chip."""

    table = "chips"
    chip: str
    it_kw_low: float
    it_kw_best: float
    it_kw_high: float
    full_load_kw_low: float | None
    full_load_kw_best: float | None
    full_load_kw_high: float | None
    fp16_dense_pflops: float | None
    fp16_sparse_pflops: float | None
    fp8_dense_pflops: float | None
    int8_dense_pflops: float | None
    pflops_spread: float | None
    available_from: WrittenDate | None
    available_until: WrittenDate | None
    export_to_china: str
    price: str
    prior_cn: float
    prior_other: float
    source: str
    set_by: str


@dataclass(frozen=True, slots=True)
class CalibrationRow(Record):
    """A row of calibration.csv: a system whose observable and truth are both public."""

    table = "calibration"
    site: str
    country: str
    observable_kind: str
    observable_value: float
    truth_kind: str
    truth_low: float
    truth_best: float
    truth_high: float
    calibration_id: str
    chip: str
    form: str
    role: str
    truth_is: str
