"""The network of relations between quantities: a tree in log space, one for each discrete reading.

Every quantity is it_mw (nameplate) times a chain of uncertain factors, so that its logarithm is
t + m + L e, with t the unknown log of it_mw, m the sum of the logs of the medians, and e independent standard
normals, one for each relation. The low and high of a relation are its 5% and 95% and their geometric middle its
median: the range that is printed is the range that is used. What is bounded (a share, a fill, a PUE) or counted
(storeys) is not continuous but a discrete unknown of a few values, so that it never leaves its bounds.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from osint.errors import BadInputError
from osint.register import QUANTITIES, Chip, ReadingRow, Register, Relation, chip_families, near_chips, read_date

Floats: TypeAlias = npt.NDArray[np.float64]
T = TypeVar("T")
Z90 = 1.6448536269514722  # standard normal at 95%: half of a two-sided 90% interval
HOURS = 8.76  # GWh per year of 1 MW
BY_CHIP = frozenset(name for name, q in QUANTITIES.items() if q.by_chip)
"""Quantities that depend on the family of the chip."""
MEASURED = frozenset({"H100", "H200", "H800"})
"""Families whose full load is a relation, not a column of chips.csv."""
FULL_LOAD = {"8-GPU": "full_load_8gpu", "4-GPU": "full_load_4gpu"}
"""Form of a server -> relation of its power per chip under full load."""
THREE_POINTS = (0.185, 0.63, 0.185)
"""Weights of low, best and high of a bounded factor (Keefer and Bodily 1983): mean and variance of most shapes."""
PRIOR_SYSTEMS = 2  # systems that the published spread of a relation counts for, before the n behind it (judgement)
ALTITUDE_M = 2550.0  # height for which altitude_derate holds
AFTER_THE_LAW = 0.25  # share of its prior that a family keeps once the law has closed deliveries (judgement)
MOST_READINGS = 1500  # readings of one question from which bounded factors are taken as log-normal, narrowest first
HEIGHT_STEP_M = 50.0  # to which the height of a site is rounded, so that sites share their readings
HELD = 1.0001  # range up and down of a relation that is held at a value
KEPT_FACTORS = 1024  # factors of chips that are kept
KEPT_READINGS = 512  # sets of readings that a network keeps
PER = " per "  # between the name of a factor and the family of chips that it holds for
_ANY_COUNTRY = frozenset({"full_load_8gpu", "full_load_all"})  # the form of a server holds in any country


def unit_of(quantity: str) -> str:
    """Return unit and kind of a quantity of the model, as 'MW IT, nameplate'; empty for an unknown one."""
    return QUANTITIES[quantity].unit if quantity in QUANTITIES else ""


class Scale(StrEnum):
    """How low, best and high of a relation are meant, as relations.csv words it."""

    LOG_NORMAL = "log normal"
    THREE_POINTS = "three points"


class ReadingWord(StrEnum):
    """Words of readings.csv that the tree of a reading depends on: what is open, and how it can be read."""

    CHIP_FAMILY = "chip family"
    ENERGY = "energy basis"
    DESIGN_LOAD = "design load"
    RACKS = "rack basis"
    DESIGN = "design"
    HALL = "hall"
    CONVENTIONAL = "conventional"
    POWER_KIND = "power kind"
    IT_NAMEPLATE = "IT nameplate"
    YEARLY_AVERAGE = "yearly average"
    PLANT = "cooling plant"
    PRECISION = "precision"
    MIXED = "mixed"
    USE = "use of the hall"
    AI_ALONE = "AI alone"
    STOREYS = "storeys"
    COOLING = "cooling type"
    AIR = "air-cooled chiller"
    TOWER = "wet tower"
    EVAPORATIVE = "indirect evaporative"
    DRY = "dry cooler"
    CABINET = "kind of cabinet"
    PHYSICAL = "physical"
    AI_CABINET = "AI"


_OF_THE_CHIP = frozenset({ReadingWord.CHIP_FAMILY, ReadingWord.PRECISION})
_BRINGS_IN = {
    "floor_m2": frozenset({"floor_m2", "roof_m2"}),
    "cooling_mw": frozenset({"cooling_mw", "cooling_area_m2", "cooling_units"}),
    "racks": frozenset({"racks", "cabinets"}),
}
"""Quantity under `applies_to` -> quantities that bring the unknown in, where it is not that one alone."""
_COOLED = frozenset(name for name, q in QUANTITIES.items() if q.group == ReadingWord.PLANT)
COUNTED_AS_THEY_ARE = frozenset({ReadingWord.USE, ReadingWord.STOREYS})
"""Factors that stay discrete however many readings there are."""
_RATED = {
    "dense": "fp16_dense_pflops",
    "sparse": "fp16_sparse_pflops",
    "FP8": "fp8_dense_pflops",
    "INT8": "int8_dense_pflops",
}
"""Option of the precision -> column of chips.csv."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a factor that is bounded or counted."""

    label: str
    value: float
    prior: float


@dataclass(frozen=True, slots=True)
class Factor:
    """One uncertain factor: low, best, high as used, in the unit of its row, and the row's name and source.

    Log-normal with low and high as 5% and 95% and best their geometric middle; or one of a few options.
    """

    name: str
    low: float
    best: float
    high: float
    unit: str
    source: str
    options: tuple[Option, ...] = ()
    """Values of a bounded or counted factor; empty for a log-normal one."""
    published: tuple[float, float, float] | None = None
    """Low, best and high of the row, where what is used differs."""
    n_behind: int = 0
    """Systems behind the range; 0 for a judgement or a definition."""

    @property
    def slot(self) -> str:
        """Name without the family: 'it_mw per chip' for 'it_mw per H100'."""
        head, per, _ = self.name.partition(PER)
        return f"{head}{PER}chip" if per else self.name

    @property
    def sigma(self) -> float:
        """Standard deviation of the log; 0 for one that is chosen from options."""
        return 0.0 if self.options else math.log(self.high / self.low) / (2 * Z90)


def log_normal(name: str, low: float, best: float, high: float, unit: str, source: str, n: int = 0) -> Factor:
    """Return a log-normal factor: low and high are its 5% and 95%, widened where few systems are behind them.

    With n systems behind the published range the next one is predicted: Student's t with n - 1 + PRIOR_SYSTEMS
    degrees of freedom, times the root of 1 + 1/n, in place of the normal.
    """
    middle, half = math.sqrt(low * high), math.log(high / low) / 2
    if n:
        half *= float(stdtrit(n - 1 + PRIOR_SYSTEMS, 0.95)) / Z90 * math.sqrt(1 + 1 / n)
    used = (middle * math.exp(-half), middle, middle * math.exp(half))
    return Factor(name, *used, unit, source, published=(low, best, high), n_behind=n)


@dataclass(frozen=True, slots=True)
class Edge:
    """From a parent quantity to a child: log child = log parent + shift + sum of sign x factor."""

    parent: str
    factors: tuple[tuple[float, Factor], ...] = ()
    shift: float = 0.0


def _path(edges: Mapping[str, Edge], quantity: str) -> list[tuple[str, Edge]]:
    steps: list[tuple[str, Edge]] = []
    while quantity != "it_mw":
        edge = edges[quantity]
        steps.append((quantity, edge))
        quantity = edge.parent
    return steps[::-1]


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """One choice of every discrete unknown, its prior, and the tree that follows from it."""

    choice: dict[str, str]
    prior: float
    edges: Mapping[str, Edge] = field(repr=False)
    points: Mapping[str, float] = field(default_factory=dict, repr=False)
    """Value that this reading gives to each bounded or counted factor."""

    def path(self, quantity: str) -> list[tuple[str, Edge]]:
        """Return the edges from it_mw down to the quantity."""
        return _path(self.edges, quantity)

    def value(self, f: Factor) -> float:
        """Return the value that a factor is taken at."""
        return self.points.get(f.name, f.best)

    def mean(self, quantity: str) -> float:
        """Return the log of the quantity per MW IT, at the medians of the factors."""
        steps = self.path(quantity)
        return float(sum(e.shift + sum(s * math.log(self.value(f)) for s, f in e.factors) for _, e in steps))

    def loading(self, quantity: str) -> dict[str, float]:
        """Return the standard deviation that each named factor adds, with its sign."""
        return {self.factor_name(slot): sd for slot, sd in _loading(self.edges, quantity).items()}

    def factor_name(self, slot: str) -> str:
        """Return the name of a factor: a slot 'per chip' stands for the family of this reading."""
        return _named(slot, self.choice)


def _named(slot: str, choice: Mapping[str, str]) -> str:
    head, per, _ = slot.partition(PER)
    return f"{head}{PER}{choice[ReadingWord.CHIP_FAMILY]}" if per else slot


def _loading(edges: Mapping[str, Edge], quantity: str) -> dict[str, float]:
    out: dict[str, float] = defaultdict(float)
    for sign, f in itertools.chain.from_iterable(edge.factors for _, edge in _path(edges, quantity)):
        if f.sigma:
            out[f.slot] += sign * f.sigma
    return dict(out)


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Readings with one tree: every combination of the options of its bounded and counted factors (E of them)."""

    choice: dict[str, str]
    prior: float
    edges: Mapping[str, Edge]
    names: tuple[str, ...]
    """Factors with options."""
    labels: tuple[tuple[str, ...], ...]
    """Options by combination (E, names)."""
    logs: Floats
    """Logs of their values (E, names)."""
    priors: Floats
    """(E,); they sum to one."""
    factors: tuple[Factor, ...] = ()
    """The factors of `names`."""

    def row(self, quantity: str) -> tuple[Floats, dict[str, float]]:
        """Return means (E,) and the loading of a quantity."""
        base, signs = 0.0, np.zeros(len(self.names))
        for _, edge in _path(self.edges, quantity):
            base += edge.shift
            for sign, f in edge.factors:
                if f.name in self.names:
                    signs[self.names.index(f.name)] += sign
                else:
                    base += sign * math.log(f.best)
        return base + self.logs @ signs, _loading(self.edges, quantity)


def _row(
    block: Block, quantity: str, same: dict[tuple[int, ...], tuple[Floats, dict[str, float]]]
) -> tuple[Floats, dict[str, float]]:
    """Return the row of a block; blocks that share the grid and the edges up to the quantity share it as well."""
    key = (id(block.logs), *(id(edge) for _, edge in _path(block.edges, quantity)))
    if key not in same:
        same[key] = block.row(quantity)
    return same[key]


Grid: TypeAlias = tuple[tuple[Factor, ...], tuple[tuple[str, ...], ...], Floats, Floats]
"""Factors with options, and for every combination of those the options, the logs of their values and the prior."""


class Readings(Sequence[Reading]):
    """Readings of one question, made one by one when they are looked at, with what is computed from them once."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """Take blocks; their priors are weighted up to one."""
        found = tuple(blocks)
        total = sum(b.prior for b in found)
        self.blocks = tuple(replace(b, prior=b.prior / total) for b in found)
        self.starts = np.concatenate([[0], np.cumsum([len(b.priors) for b in self.blocks])])
        self.kept: dict[Any, Any] = {}
        """Solved structures by question (posterior.py)."""
        self.intervals: dict[Any, tuple[float, float, float]] = {}
        """Intervals by one given alone (posterior.py)."""
        self._designs: dict[tuple[str, ...], tuple[Floats, Floats, tuple[str, ...]]] = {}

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Readings:
        """Return a sequence of readings as one set."""
        if isinstance(readings, cls):
            return readings
        return cls(
            Block(
                r.choice,
                r.prior,
                r.edges,
                tuple(r.points),
                (tuple(r.choice.get(name, "") for name in r.points),),
                np.log([[*r.points.values()]]).reshape(1, -1),
                np.ones(1),
            )
            for r in readings
        )

    def __len__(self) -> int:
        return int(self.starts[-1])

    @overload
    def __getitem__(self, i: int) -> Reading: ...
    @overload
    def __getitem__(self, i: slice) -> list[Reading]: ...
    def __getitem__(self, i: int | slice) -> Reading | list[Reading]:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        i = int(i) % len(self)
        block = self.block(i)
        e = i - int(self.starts[np.searchsorted(self.starts, i, side="right") - 1])
        choice = {**block.choice, **dict(zip(block.names, block.labels[e], strict=True))}
        points = dict(zip(block.names, np.exp(block.logs[e]).tolist(), strict=True))
        return Reading(choice, float(block.prior * block.priors[e]), block.edges, points)

    def __iter__(self) -> Iterator[Reading]:
        return (self[i] for i in range(len(self)))

    def block(self, i: int) -> Block:
        """Return the block of reading number i."""
        return self.blocks[int(np.searchsorted(self.starts, i, side="right")) - 1]

    @cached_property
    def log_priors(self) -> Floats:
        """Log of the prior of each reading."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.concatenate([b.prior * b.priors for b in self.blocks])))

    @cached_property
    def unknowns(self) -> tuple[str, ...]:
        """Names of the discrete unknowns of any reading."""
        return tuple(dict.fromkeys(name for b in self.blocks for name in (*b.choice, *b.names)))

    def labels(self, name: str) -> npt.NDArray[np.str_]:
        """Return the option of a discrete unknown by reading (R,); empty where a reading does not have it."""
        out: list[str] = []
        for b in self.blocks:
            at = b.names.index(name) if name in b.names else -1
            out += [row[at] for row in b.labels] if at >= 0 else [b.choice.get(name, "")] * len(b.priors)
        return np.array(out)

    def design(self, quantities: tuple[str, ...]) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Return means (R, n) and loadings (R, n, factors) of the logs in units of log it_mw, and the slots."""
        if quantities not in self._designs:
            same: dict[tuple[int, ...], tuple[Floats, dict[str, float]]] = {}
            rows = [[_row(b, q, same) for q in quantities] for b in self.blocks]
            slots = sorted({slot for row in rows for _, loads in row for slot in loads})
            place = {slot: i for i, slot in enumerate(slots)}
            mean = np.empty((len(self), len(quantities)))
            load = np.zeros((len(self), len(quantities), len(slots)))
            for start, end, row in zip(self.starts, self.starts[1:], rows, strict=False):
                for j, (means, loads) in enumerate(row):
                    mean[start:end, j] = means
                    for slot, sd in loads.items():
                        load[start:end, j, place[slot]] = sd
            self._designs[quantities] = (mean, load, tuple(slots))
        return self._designs[quantities]


@lru_cache(maxsize=KEPT_FACTORS)
def _chip_factor(chip: Chip, what: str, unit: str) -> Factor | None:
    kilowatts = [getattr(chip, f"{what}_kw_{side}") for side in ("low", "best", "high")]
    if None in kilowatts:
        return None
    low, best, high = (float(kw) / 1000 for kw in kilowatts)
    return log_normal(f"{what}_mw{PER}{chip.chip}", low, best, high, unit, chip.source)


_CABINETS: dict[str, str] = {ReadingWord.PHYSICAL: "cabinet_physical", ReadingWord.AI_CABINET: "cabinet_ai"}
_STATED: dict[str, str] = {ReadingWord.IT_NAMEPLATE: "it_mw", ReadingWord.YEARLY_AVERAGE: "average_mw"}


def _edges(choice: Mapping[str, str], f: Mapping[str, Factor], cn: bool, derate: Factor | None) -> dict[str, Edge]:
    """Return the tree of one reading, without the chips; `derate` is the loss of dry condensers by height."""
    used_from = "it_mw" if choice.get(ReadingWord.ENERGY) == ReadingWord.DESIGN_LOAD else "average_mw"
    filled = () if choice.get(ReadingWord.RACKS) == ReadingWord.DESIGN else ((-1.0, f["rack_fill"]),)
    conventional = choice.get(ReadingWord.HALL) == ReadingWord.CONVENTIONAL
    floor = "floor_cn" if cn else "floor_conventional" if conventional else "floor_ai"
    cabinet = _CABINETS.get(choice.get(ReadingWord.CABINET, ""), "rack_power")
    high_up = () if derate is None else ((-1.0, derate),)
    edges = {
        "power_mw": Edge(_STATED.get(choice.get(ReadingWord.POWER_KIND, ""), "facility_mw")),
        "floor_m2": Edge("facility_mw" if floor == "floor_ai" else "it_mw", ((-1, f[floor]),)),
        "facility_mw": Edge("it_mw", ((1, f["pue_peak"]),)),
        "average_mw": Edge("it_mw", ((1, f["load_factor"]),)),
        "energy_gwh_per_yr": Edge(used_from, ((1, f["pue_annual_cn" if cn else "pue_annual"]),), math.log(HOURS)),
        "racks": Edge("it_mw", ((-1, f["rack_power"]), *filled)),
        "cabinets": Edge("it_mw", ((-1, f[cabinet]), *filled)),
        "full_load_mw": Edge("it_mw", ((1, f["full_load_share"]),)),
        "land_m2": Edge("facility_mw", ((-1, f["land"]),)),
        "roof_m2": Edge("floor_m2", ((-1, f[ReadingWord.STOREYS]),)),
        "transformers_mva": Edge("facility_mw", ((-1, f["rating_use"]),)),
        "site_transformers_mva": Edge("facility_mw", ((-1, f["transformers"]),)),
        "generators_mw": Edge("facility_mw", ((-1, f["generators"]),)),
        "generator_units": Edge("generators_mw", ((-1, f["generator_unit"]),)),
    }
    return edges | _cooling_edges(choice.get(ReadingWord.COOLING, ReadingWord.AIR), f, high_up)


def _cooling_edges(kind: str, f: Mapping[str, Factor], high_up: tuple[tuple[float, Factor], ...]) -> dict[str, Edge]:
    """Return the edges of the cooling plant: each kind by its own relations, and those of the kind of the reading."""
    plant = {
        ReadingWord.AIR: ("cooling_to_it", "chiller_units", "cooling_yard", high_up),
        ReadingWord.TOWER: ("cooling_to_it", "tower_fan", "tower_yard", ()),
        ReadingWord.EVAPORATIVE: ("iec_to_it", "iec_unit", "iec_yard", ()),
        ReadingWord.DRY: ("dry_to_it", "dry_unit", "dry_yard", high_up),
    }
    to_it, unit, yard, derate = plant[ReadingWord(kind)]
    return {
        "air_mw": Edge("it_mw", ((1, f["cooling_to_it"]), *high_up)),
        "tower_mw": Edge("it_mw", ((1, f["cooling_to_it"]),)),
        "iec_mw": Edge("it_mw", ((1, f["iec_to_it"]),)),
        "dry_mw": Edge("it_mw", ((1, f["dry_to_it"]), *high_up)),
        "cooling_mw": Edge("it_mw", ((1, f[to_it]), *derate)),
        "cooling_units": Edge("cooling_mw", ((-1, f[unit]),)),
        "cooling_area_m2": Edge("cooling_mw", ((-1, f[yard]),)),
        "chiller_area_m2": Edge("air_mw", ((-1, f["chiller_area"]),)),
        "cooling_fans": Edge("air_mw", ((-1, f["chiller_fans"]),)),
        "chillers": Edge("air_mw", ((-1, f["chiller_units"]),)),
        "tower_area_m2": Edge("tower_mw", ((-1, f["tower_area"]),)),
        "tower_fans": Edge("tower_mw", ((-1, f["tower_fan"]),)),
        "iec_units": Edge("iec_mw", ((-1, f["iec_unit"]),)),
        "dry_coolers": Edge("dry_mw", ((-1, f["dry_unit"]),)),
    }


def _rating(chip: Chip, precision: str) -> tuple[float, float] | None:
    """Return PFLOPS per chip at a precision and the factor up and down (90%); None if there is no such mode."""
    spread = chip.pflops_spread or 1.0
    if precision == ReadingWord.MIXED:  # between the 16-bit and the 8-bit rating
        dense, eight = chip.fp16_dense_pflops, chip.fp8_dense_pflops or chip.int8_dense_pflops
        return (math.sqrt(dense * eight), spread * math.sqrt(eight / dense)) if dense and eight else None
    rated = getattr(chip, _RATED.get(precision, _RATED["dense"]))
    return (rated, spread) if rated else None


@lru_cache(maxsize=KEPT_FACTORS)
def _compute_factor(chip: Chip, precision: str) -> Factor | None:
    rated = _rating(chip, precision)
    if rated is None:
        return None
    per_chip, spread = rated
    name, unit = f"pflops{PER}{chip.chip}", "PFLOPS per chip"
    return log_normal(name, per_chip / spread, per_chip, per_chip * spread, unit, chip.source)


def _chip_edges(
    chip: Chip, precision: str, f: Mapping[str, Factor], cn: bool, form: str, use: Factor | None
) -> dict[str, Edge]:
    nameplate = _chip_factor(chip, "it", "MW IT nameplate per chip")
    edges = {
        "ai_mw": Edge("it_mw", ((1, use),) if use else ()),
        "chips": Edge("ai_mw", ((-1, nameplate),) if nameplate else ()),
        "servers": Edge("chips", ((-1, f["chips_per_server"]),)),
        "full_load_mw": Edge("ai_mw", ((1, f["full_load_share"]),)),
    }
    if cn and chip.price:
        edges["cost_cny"] = Edge("servers", ((1, f[chip.price]),))
    compute = _compute_factor(chip, precision)
    if compute is not None:
        edges["pflops"] = Edge("chips", ((1, compute),))
    measured = _chip_factor(chip, "full_load", "MW IT under full load per chip")
    if chip.chip in MEASURED:
        measured = f[FULL_LOAD.get(form, "full_load_8gpu" if cn else "full_load_all")]
    if measured:
        edges["full_load_mw"] = Edge("chips", ((1, measured),))
    return edges


def height_used(wanted: set[str], elevation_m: float | None) -> float:
    """Return the height of a site as it is used: thin air takes from condensers alone, 0.4% of their heat in 50 m."""
    return HEIGHT_STEP_M * round((elevation_m or 0.0) / HEIGHT_STEP_M) if wanted & _COOLED else 0.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """A discrete unknown of readings.csv: its options with their priors, and the quantity that brings it in."""

    name: str
    applies_to: str
    priors: dict[str, float]


@dataclass(frozen=True, slots=True)
class Network:
    """Relations, chips and discrete unknowns, parsed once; what is computed from them is kept beside them."""

    factors_cn: Mapping[str, Factor]
    factors_elsewhere: Mapping[str, Factor]
    chips: Mapping[str, Chip]
    unknowns_cn: tuple[Unknown, ...]
    unknowns_elsewhere: tuple[Unknown, ...]
    _kept: dict[Any, Readings] = field(default_factory=dict, init=False, repr=False, compare=False)
    _once: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, register: Register) -> Network:
        """Parse the tables relations, chips and readings of a register as they are now.

        Raises BadInputError where relations.csv has no row for a relation of the tree.
        """
        relations = [Relation.from_row(r) for r in register.relations.to_dict("records")]
        chips = [Chip.from_row(r) for r in register.chips.to_dict("records")]
        rows = [ReadingRow.from_row(r) for r in register.readings.to_dict("records")]
        cn, elsewhere = (_factors(relations, rows, country) for country in ("CN", "other"))
        for factors, country in ((cn, "CN"), (elsewhere, "other")):
            _edges({}, factors, country == "CN", None)  # a table without a relation is refused here
            factors["chips_per_server"]
        return cls(cn, elsewhere, {c.chip: c for c in chips}, _unknowns(rows, "CN"), _unknowns(rows, "other"))

    def held(self, values: Mapping[str, float]) -> Network:
        """Return the network with relations held at values in their units, as if each were known exactly.

        Raises BadInputError for a name that is no relation of the tree.
        """
        if unknown := sorted(set(values) - set(self.factors_cn) - set(self.factors_elsewhere)):
            raise BadInputError(f"{', '.join(unknown)} is no relation of relations.csv that the network uses")

        def fixed(factors: Mapping[str, Factor]) -> dict[str, Factor]:
            known = {name: (factors[name], value) for name, value in values.items() if name in factors}
            exact = {
                name: log_normal(name, value / HELD, value, value * HELD, f.unit, f.source)
                for name, (f, value) in known.items()
            }
            return {**factors, **exact}

        return replace(self, factors_cn=fixed(self.factors_cn), factors_elsewhere=fixed(self.factors_elsewhere))

    def families(self, country: str | None, date: str | None = None, until: str | None = None) -> dict[str, float]:
        """Return the chip families that existed at a date (a plan: `until` then), with their prior in a country.

        In China a family keeps AFTER_THE_LAW of its prior once deliveries to China have been closed by law.
        """
        key = (country == "CN", date, until)
        return dict(self.once(("families", *key), lambda: self._priors(*key)))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, worked out once for a key; for what is small and the same for many sites."""
        if key not in self._once:
            self._once[key] = make()
        kept: T = self._once[key]
        return kept

    def _priors(self, cn: bool, date: str | None, until: str | None) -> dict[str, float]:
        day = read_date(date) if date else None
        last = read_date(until).last if until else day.last if day else None
        weights = {}
        for name, c in self.chips.items():
            prior = c.prior_cn if cn else c.prior_other
            if last and c.available_from and c.available_from.first > last:
                continue
            closed = cn and day and c.available_until and c.available_until.last < day.first
            if prior > 0:
                weights[name] = prior * (AFTER_THE_LAW if closed else 1.0)
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}

    def chip_named(self, text: str) -> str:
        """Return the chip family that a person names, in any spelling, in English or Chinese, with or without maker.

        Raises BadInputError where the name stands for several, and with near names where it is not in chips.csv.
        """
        known = {name.casefold(): name for name in self.chips}
        if text.strip().casefold() in known:
            return known[text.strip().casefold()]
        families = [family for family in chip_families(text) if family in self.chips]
        if len(families) > 1:
            raise BadInputError(f"the chip {text!r} stands for {', '.join(families)}; name one of them")
        if families:
            return families[0]
        near = [name for name in near_chips(text) if name in self.chips]
        offered = f"spelt nearly so: {', '.join(near)}" if near else f"use one of {', '.join(self.chips)}"
        raise BadInputError(f"the chip {text!r} is not in chips.csv; {offered}")

    def readings(
        self,
        wanted: set[str],
        *,
        country: str | None = None,
        chip: str | None = None,
        date: str | None = None,
        form: str = "",
        fixed: Mapping[str, str] | None = None,
        family_prior: Mapping[str, float] | None = None,
        elevation_m: float | None = None,
    ) -> Readings:
        """Return every combination of the discrete unknowns that bear on the wanted quantities.

        `fixed` sets a reading by hand, as {"precision": "dense"} or {"use of the hall": "AI alone"}. Without
        `elevation_m` dry condensers are taken as at sea level. A combination for which a quantity has no path
        (a chip with no sparse mode) is left out and the rest are weighted up. Raises BadInputError if none has one,
        for a chip that is not in chips.csv, or for an option that a fixed reading does not have.
        """
        if chip:
            family_prior = {self.chip_named(chip): 1.0}
        families: Mapping[str, float] = {}
        if wanted & BY_CHIP or ("full_load_mw" in wanted and chip):
            families = family_prior or self.families(country, date)
        height = height_used(wanted, elevation_m)
        fixed = dict(fixed or {})
        key = (frozenset(wanted), country == "CN", *families.items(), form, *fixed.items(), height)
        if key not in self._kept:
            if len(self._kept) >= KEPT_READINGS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self._made(wanted, country, families, form, fixed, height, chip)
        return self._kept[key]

    def _made(
        self,
        wanted: set[str],
        country: str | None,
        families: Mapping[str, float],
        form: str,
        fixed: Mapping[str, str],
        height: float,
        chip: str | None,
    ) -> Readings:
        cn = country == "CN"
        f = self.factors_cn if cn else self.factors_elsewhere
        derate = f["altitude_derate"]
        up = max(height, 0.0) / ALTITUDE_M
        lost = replace(derate, low=derate.low**up, best=derate.best**up, high=derate.high**up) if up else None
        options: dict[str, dict[str, float]] = {}
        if families:
            options[ReadingWord.CHIP_FAMILY] = dict(families)
        for unknown in self.unknowns_cn if cn else self.unknowns_elsewhere:
            relevant = wanted & _BRINGS_IN.get(unknown.applies_to, frozenset({unknown.applies_to}))
            if relevant and not (unknown.name == ReadingWord.HALL and cn):
                options[unknown.name] = unknown.priors
        for name in options.keys() & fixed.keys():
            if fixed[name] not in options[name] and name != ReadingWord.CHIP_FAMILY:
                raise BadInputError(f"{name} cannot be {fixed[name]!r}; use one of {', '.join(options[name])}")
            options[name] = {fixed[name]: 1.0}
        trees = math.prod(len(o) for o in options.values())
        held = dict(f)
        while True:
            made = self._blocks(wanted, options, _Factors(held), cn, form, fixed, lost, bool(families), 1)
            between = made[0].factors if made else ()
            size = trees * math.prod(len(factor.options) for factor in between)
            smooth = [factor for factor in between if factor.name not in COUNTED_AS_THEY_ARE | fixed.keys()]
            if size <= MOST_READINGS or not smooth:
                break
            narrow = min(smooth, key=lambda factor: factor.high / factor.low)
            held[narrow.name] = log_normal(
                narrow.name, narrow.low, narrow.best, narrow.high, narrow.unit, narrow.source
            )
        blocks = self._blocks(wanted, options, _Factors(held), cn, form, fixed, lost, bool(families), trees)
        if not blocks:
            joined, place = ", ".join(sorted(wanted)), country or "any country"
            raise BadInputError(
                f"no chain of relations joins {joined} for {chip or 'any chip'} in {place}; "
                "see relations.csv and chips.csv for what is known"
            )
        return Readings(_weigh(blocks, families))

    def _blocks(
        self,
        wanted: set[str],
        options: Mapping[str, Mapping[str, float]],
        f: Mapping[str, Factor],
        cn: bool,
        form: str,
        fixed: Mapping[str, str],
        derate: Factor | None,
        by_chip: bool,
        most: int,
    ) -> list[Block]:
        """Return the first `most` trees in which every wanted quantity has a path."""
        use = f[ReadingWord.USE] if by_chip and ReadingWord.USE in f else None
        blocks: list[Block] = []
        plain: dict[tuple[str, ...], dict[str, Edge]] = {}
        chips: dict[tuple[str, str], dict[str, Edge]] = {}
        grids: dict[tuple[str, ...], Grid] = {}
        for combination in itertools.product(*(o.items() for o in options.values())):
            choice = {name: option for name, (option, _) in zip(options, combination, strict=True)}
            key = tuple(option for name, option in choice.items() if name not in _OF_THE_CHIP)
            if key not in plain:
                plain[key] = _edges(choice, f, cn, derate)
            edges = plain[key]
            if by_chip:
                rated = (choice[ReadingWord.CHIP_FAMILY], choice.get(ReadingWord.PRECISION, ""))
                if rated not in chips:
                    chips[rated] = _chip_edges(self.chips[rated[0]], rated[1], f, cn, form, use)
                edges = edges | chips[rated]
            if all(q == "it_mw" or q in edges for q in wanted):
                prior = math.prod(p for _, p in combination)
                blocks.append(_block(choice, prior, edges, wanted, fixed, grids))
                if len(blocks) >= most:
                    break
        return blocks


def _block(
    choice: dict[str, str],
    prior: float,
    edges: Mapping[str, Edge],
    wanted: set[str],
    fixed: Mapping[str, str],
    grids: dict[tuple[str, ...], Grid],
) -> Block:
    """Return the readings of one tree: the options of the factors that lie between the wanted quantities.

    A factor on the way to all of them alike changes none against another and is left at its middle. `grids` keeps the
    combinations by the names of the factors, for the other trees of the same question.
    """
    ways = [{f.name: f for _, e in _path(edges, q) for _, f in e.factors if f.options} for q in sorted(wanted)]
    common = set.intersection(*(set(way) for way in ways))
    between = {name: f for way in ways for name, f in way.items() if name not in common}
    names = tuple(between)
    if names not in grids:
        grids[names] = _grid(between, fixed)
    factors, labels, logs, priors = grids[names]
    return Block(choice, prior, edges, names, labels, logs, priors, factors)


def _grid(between: Mapping[str, Factor], fixed: Mapping[str, str]) -> Grid:
    """Return every combination of the options of some factors, those that are fixed at one option alone."""
    factors = []
    for name, factor in between.items():
        kept = factor.options
        if name in fixed:
            kept = tuple(replace(o, prior=1.0) for o in kept if o.label == fixed[name])
            if not kept:
                offered = ", ".join(o.label for o in factor.options)
                raise BadInputError(f"{name} cannot be {fixed[name]!r}; use one of {offered}")
        factors.append(replace(factor, options=kept))
    rows = list(itertools.product(*(factor.options for factor in factors)))
    logs = np.log([[o.value for o in row] for row in rows]).reshape(len(rows), len(factors))
    priors = np.array([math.prod(o.prior for o in row) for row in rows])
    return tuple(factors), tuple(tuple(o.label for o in row) for row in rows), logs, priors


class _Factors(dict[str, Factor]):
    """Factors of a country by the name of their relation; one that is missing is an error of the table."""

    def __missing__(self, name: str) -> Factor:
        raise BadInputError(
            f"relations.csv has no row {name!r} that the network can use here; add one with low, best, high, "
            "`network` under `used`, and a country in which it holds"
        )


def _factors(relations: list[Relation], rows: list[ReadingRow], country: str) -> _Factors:
    """Return the factors that the network uses in a country (CN, or other) by name."""
    out = _Factors()
    for r in relations:
        holds = r.country in {"", country} or r.relation in _ANY_COUNTRY
        if r.used == "network" and holds and r.low is not None and r.best is not None and r.high is not None:
            if r.scale == Scale.THREE_POINTS:
                values = (r.low, r.best, r.high)
                points = tuple(Option(f"{v:g}", v, p) for v, p in zip(values, THREE_POINTS, strict=True))
                out[r.relation] = Factor(r.relation, *values, r.unit, r.source, points)
            else:
                out[r.relation] = log_normal(r.relation, r.low, r.best, r.high, r.unit, r.source, int(r.n_behind or 0))
    for name in dict.fromkeys(row.reading for row in rows if row.value):
        chosen = [row for row in rows if row.reading == name and row.value and row.country in {"", country}]
        points = tuple(Option(row.option, float(row.value or 1), row.prior) for row in chosen)
        middle = math.exp(sum(o.prior * math.log(o.value) for o in points) / sum(o.prior for o in points))
        low, high = min(o.value for o in points), max(o.value for o in points)
        out[name] = Factor(name, low, middle, high, "", "readings.csv", points)
    return out


def _unknowns(rows: list[ReadingRow], country: str) -> tuple[Unknown, ...]:
    """Return the unknowns that choose a relation, in a country (CN, or other)."""
    held = [row for row in rows if not row.value and row.country in {"", country}]
    names = dict.fromkeys(row.reading for row in held)
    grouped = {name: [row for row in held if row.reading == name] for name in names}
    return tuple(
        Unknown(name, own[0].applies_to, {row.option: row.prior for row in own}) for name, own in grouped.items()
    )


def _weigh(found: list[Block], family_prior: Mapping[str, float]) -> list[Block]:
    """Return priors that sum to one; a family keeps its share where one of its readings has no path."""
    names = [b.choice.get(ReadingWord.CHIP_FAMILY, "") for b in found]
    within: dict[str, float] = defaultdict(float)
    for name, b in zip(names, found, strict=True):
        within[name] += b.prior
    share = {name: family_prior.get(name, 1.0) for name in within}
    priors = [b.prior / within[name] * share[name] / sum(share.values()) for name, b in zip(names, found, strict=True)]
    return [replace(b, prior=prior) for b, prior in zip(found, priors, strict=True)]
