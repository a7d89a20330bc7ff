"""The network of relations between quantities: a tree in log space, one for each discrete reading.

Every quantity is it_mw (nameplate) times a chain of uncertain factors, so that its logarithm is
t + m + L e, with t the unknown log of it_mw, m the sum of the logs of the best factors, and e
independent standard normals, one for each relation. A relation's best is taken as its median and the
wider of its two sides as the 90% bound on both: neither published bound is ever cut.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from osint.errors import BadInputError
from osint.register import QUANTITIES, Chip, Register, Relation, read_date

Floats: TypeAlias = npt.NDArray[np.float64]
Z90 = 1.6448536269514722  # standard normal at 95%: half of a two-sided 90% interval
HOURS = 8.76  # GWh per year of 1 MW
BY_CHIP = frozenset(name for name, q in QUANTITIES.items() if q.by_chip)
"""Quantities that depend on the family of the chip."""
MEASURED = frozenset({"H100", "H200", "H800"})
"""Families whose full load is a relation, not a column of chips.csv."""
FULL_LOAD = {"8-GPU": "full_load_8gpu", "4-GPU": "full_load_4gpu"}
"""Form of a server -> relation of its power per chip under full load."""
PER = " per "  # between the name of a factor and the family of chips that it holds for
_ANY_COUNTRY = frozenset({"full_load_8gpu", "full_load_all"})  # the form of a server holds in any country


def unit_of(quantity: str) -> str:
    """Return unit and kind of a quantity of the model, as 'MW IT, nameplate'; empty for an unknown one."""
    return QUANTITIES[quantity].unit if quantity in QUANTITIES else ""


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


@dataclass(frozen=True)
class Factor:
    """One uncertain factor: low, best, high in the unit of its row, and the row's name and source."""

    name: str
    low: float
    best: float
    high: float
    unit: str
    source: str

    @property
    def slot(self) -> str:
        """Name without the family: 'it_mw per chip' for 'it_mw per H100'."""
        head, per, _ = self.name.partition(PER)
        return f"{head}{PER}chip" if per else self.name

    @property
    def sigma(self) -> float:
        """Standard deviation of the log: the wider side is the 90% bound."""
        return float(max(np.log(self.high / self.best), np.log(self.best / self.low)) / Z90)


@dataclass(frozen=True)
class Edge:
    """From a parent quantity to a child: log child = log parent + shift + sum of sign x factor."""

    parent: str
    factors: tuple[tuple[float, Factor], ...] = ()
    shift: float = 0.0


@dataclass(frozen=True, eq=False)
class Reading:
    """One choice of every discrete unknown, its prior, and the tree that follows from it."""

    choice: dict[str, str]
    prior: float
    edges: dict[str, Edge] = field(repr=False)

    def path(self, quantity: str) -> list[tuple[str, Edge]]:
        """Return the edges from it_mw down to the quantity."""
        steps: list[tuple[str, Edge]] = []
        while quantity != "it_mw":
            edge = self.edges[quantity]
            steps.append((quantity, edge))
            quantity = edge.parent
        return steps[::-1]

    def mean(self, quantity: str) -> float:
        """Return the log of the quantity per MW IT, at the best factors."""
        return float(sum(e.shift + sum(s * np.log(f.best) for s, f in e.factors) for _, e in self.path(quantity)))

    def loading(self, quantity: str) -> dict[str, float]:
        """Return the standard deviation that each named factor adds, with its sign."""
        out: dict[str, float] = defaultdict(float)
        for sign, f in itertools.chain.from_iterable(edge.factors for _, edge in self.path(quantity)):
            out[f.slot] += sign * f.sigma
        return dict(out)

    def factor_name(self, slot: str) -> str:
        """Return the name of a factor: a slot 'per chip' stands for the family of this reading."""
        return self.names.get(slot, slot)

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of a factor by its slot, where they differ."""
        factors = (f for edge in self.edges.values() for _, f in edge.factors)
        return {f.slot: f.name for f in factors if f.slot != f.name}


class Readings(tuple[Reading, ...]):
    """Readings of one question, with what is computed from them once."""

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """Solved structures by question (posterior.py)."""
        return {}

    @cached_property
    def _designs(self) -> dict[tuple[str, ...], tuple[Floats, Floats, tuple[str, ...]]]:
        return {}

    @cached_property
    def log_priors(self) -> Floats:
        """Log of the prior of each reading."""
        with np.errstate(divide="ignore"):
            return np.log([r.prior for r in self])

    def design(self, quantities: tuple[str, ...]) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Return means (R, n) and loadings (R, n, factors) of the logs in units of log it_mw, and the slots."""
        if quantities not in self._designs:
            loadings = [[r.loading(q) for q in quantities] for r in self]
            slots = sorted({slot for rows in loadings for row in rows for slot in row})
            place = {slot: i for i, slot in enumerate(slots)}
            load = np.zeros((len(self), len(quantities), len(slots)))
            for i, rows in enumerate(loadings):
                for j, row in enumerate(rows):
                    for slot, sd in row.items():
                        load[i, j, place[slot]] = sd
            mean = np.array([[r.mean(q) for q in quantities] for r in self])
            self._designs[quantities] = (mean, load, tuple(slots))
        return self._designs[quantities]


def _chip_factor(chip: Chip, what: str, unit: str) -> Factor | None:
    kilowatts = [getattr(chip, f"{what}_kw_{side}") for side in ("low", "best", "high")]
    if None in kilowatts:
        return None
    low, best, high = (float(kw) / 1000 for kw in kilowatts)
    return Factor(f"{what}_mw per {chip.chip}", low, best, high, unit, chip.source)


_STATED: dict[str, str] = {ReadingWord.IT_NAMEPLATE: "it_mw", ReadingWord.YEARLY_AVERAGE: "average_mw"}


def _edges(
    choice: dict[str, str], f: Mapping[str, Factor], chips: Mapping[str, Chip], country: str | None, form: str
) -> dict[str, Edge]:
    """Return the tree of one reading."""
    cn = country == "CN"
    used_from = "it_mw" if choice.get(ReadingWord.ENERGY) == ReadingWord.DESIGN_LOAD else "average_mw"
    filled = () if choice.get(ReadingWord.RACKS) == ReadingWord.DESIGN else ((-1, f["rack_fill"]),)
    floor = (
        "floor_cn"
        if cn
        else "floor_conventional"
        if choice.get(ReadingWord.HALL) == ReadingWord.CONVENTIONAL
        else "floor_ai"
    )
    edges = {
        "power_mw": Edge(_STATED.get(choice.get(ReadingWord.POWER_KIND, ""), "facility_mw")),
        "floor_m2": Edge("facility_mw" if floor == "floor_ai" else "it_mw", ((-1, f[floor]),)),
        "facility_mw": Edge("it_mw", ((1, f["pue_peak"]),)),
        "average_mw": Edge("it_mw", ((1, f["load_factor"]),)),
        "energy_gwh_per_yr": Edge(used_from, ((1, f["pue_annual_cn" if cn else "pue_annual"]),), np.log(HOURS)),
        "racks": Edge("it_mw", ((-1, f["rack_power"]), *filled)),
        "full_load_mw": Edge("it_mw", ((1, f["full_load_share"]),)),
        "land_m2": Edge("facility_mw", ((-1, f["land"]),)),
        "roof_m2": Edge("floor_m2", ((-1, f["storeys_cn" if cn else "storeys"]),)),
        "cooling_mw": Edge("it_mw", ((1, f["cooling_to_it"]),)),
        "chiller_area_m2": Edge("cooling_mw", ((-1, f["chiller_area"]),)),
        "cooling_fans": Edge("cooling_mw", ((-1, f["chiller_fans"]),)),
        "chillers": Edge("cooling_mw", ((-1, f["chiller_units"]),)),
        "cooling_area_m2": Edge("cooling_mw", ((-1, f["cooling_yard"]),)),
        "transformers_mva": Edge("facility_mw", ((-1, f["transformers"]),)),
        "generators_mw": Edge("facility_mw", ((-1, f["generators"]),)),
        "generator_units": Edge("generators_mw", ((-1, f["generator_unit"]),)),
    }
    if ReadingWord.CHIP_FAMILY in choice:
        edges |= _chip_edges(choice, f, chips[choice[ReadingWord.CHIP_FAMILY]], cn, form)
    return edges


def _chip_edges(choice: dict[str, str], f: Mapping[str, Factor], chip: Chip, cn: bool, form: str) -> dict[str, Edge]:
    nameplate = _chip_factor(chip, "it", "MW IT nameplate per chip")
    edges = {
        "chips": Edge("it_mw", ((-1, nameplate),) if nameplate else ()),
        "servers": Edge("chips", ((-1, f["chips_per_server"]),)),
    }
    if "cost_per_server_cn" in f:
        edges["cost_cny"] = Edge("servers", ((1, f["cost_per_server_cn"]),))
    per_chip = chip.fp16_sparse_pflops if choice.get("precision") == "sparse" else chip.fp16_dense_pflops
    if per_chip is not None:
        spread = chip.pflops_spread or math.nan
        name, low, high = f"pflops per {chip.chip}", per_chip / spread, per_chip * spread
        factor = Factor(name, low, per_chip, high, "PFLOPS FP16 per chip", chip.source)
        edges["pflops"] = Edge("chips", ((1, factor),))
    measured = _chip_factor(chip, "full_load", "MW IT under full load per chip")
    if chip.chip in MEASURED:
        measured = f[FULL_LOAD.get(form, "full_load_8gpu" if cn else "full_load_all")]
    if measured:
        edges["full_load_mw"] = Edge("chips", ((1, measured),))
    return edges


@dataclass(frozen=True, slots=True)
class Unknown:
    """A discrete unknown of readings.csv: its options with their priors, and the quantity that brings it in."""

    name: str
    applies_to: str
    priors: dict[str, float]


@dataclass(frozen=True, slots=True)
class Network:
    """Relations, chips and discrete unknowns, parsed once; nothing in it changes afterwards."""

    factors_cn: Mapping[str, Factor]
    factors_elsewhere: Mapping[str, Factor]
    chips: Mapping[str, Chip]
    unknowns: tuple[Unknown, ...]

    @classmethod
    def of(cls, register: Register) -> Network:
        """Parse the tables relations, chips and readings of a register as they are now.

        Raises BadInputError where relations.csv has no row for a relation of the tree.
        """
        relations = [Relation.from_row(r) for r in register.relations.to_dict("records")]
        chips = [Chip.from_row(r) for r in register.chips.to_dict("records")]
        unknowns = tuple(
            Unknown(str(name), rows["applies_to"].iloc[0], dict(zip(rows["option"], rows["prior"], strict=True)))
            for name, rows in register.readings.groupby("reading", sort=False)
        )
        cn, elsewhere = (_factors(relations, country) for country in ("CN", "other"))
        for factors, country in ((cn, "CN"), (elsewhere, "other")):
            _edges({}, factors, {}, country, "")  # a table without a relation is refused here, not in a question
        return cls(cn, elsewhere, {c.chip: c for c in chips}, unknowns)

    def families(self, country: str | None, date: str | None = None) -> dict[str, float]:
        """Return the chip families that existed at a date, with their prior in a country."""
        priors = {c.chip: c.prior_cn if country == "CN" else c.prior_other for c in self.chips.values()}
        year = read_date(date).last.year if date else math.inf
        weights = {name: p for name, p in priors.items() if p > 0 and self.chips[name].available_from <= year}
        total = float(np.sum(list(weights.values())))
        return {name: weight / total for name, weight in weights.items()}

    def readings(
        self,
        wanted: set[str],
        *,
        country: str | None = None,
        chip: str | None = None,
        date: str | None = None,
        form: str = "",
        fixed: dict[str, str] | None = None,
        family_prior: dict[str, float] | None = None,
    ) -> Readings:
        """Return every combination of the discrete unknowns that bear on the wanted quantities.

        `fixed` sets a reading by hand, as {"precision": "dense"}. A combination for which a quantity has no path
        (a chip with no sparse mode) is left out and the rest are weighted up. Raises BadInputError if none has one,
        or for a chip that is not in chips.csv.
        """
        factors = self.factors_cn if country == "CN" else self.factors_elsewhere
        options: dict[str, dict[str, float]] = {}
        if chip:
            known = {c.casefold(): c for c in self.chips}
            if chip.casefold() not in known:
                raise BadInputError(f"the chip {chip!r} is not in chips.csv; use one of {', '.join(self.chips)}")
            family_prior = {known[chip.casefold()]: 1.0}
        if wanted & BY_CHIP or ("full_load_mw" in wanted and chip):
            options[ReadingWord.CHIP_FAMILY] = family_prior or self.families(country, date)
        for unknown in self.unknowns:
            relevant = unknown.applies_to in wanted or (unknown.applies_to == "floor_m2" and "roof_m2" in wanted)
            if relevant and not (unknown.name == ReadingWord.HALL and country == "CN"):
                options[unknown.name] = unknown.priors
        for name, option in (fixed or {}).items():
            if name in options:
                options[name] = {option: 1.0}
        out = []
        for combination in itertools.product(*(o.items() for o in options.values())):
            choice = {name: option for name, (option, _) in zip(options, combination, strict=True)}
            edges = _edges(choice, factors, self.chips, country, form)
            if all(q == "it_mw" or q in edges for q in wanted):
                out.append(Reading(choice, float(np.prod([p for _, p in combination])), edges))
        if not out:
            joined, place = ", ".join(sorted(wanted)), country or "any country"
            raise BadInputError(
                f"no chain of relations joins {joined} for {chip or 'any chip'} in {place}; "
                "see relations.csv and chips.csv for what is known"
            )
        return _weigh(out, options.get(ReadingWord.CHIP_FAMILY, {}))


class _Factors(dict[str, Factor]):
    """Factors of a country by the name of their relation; one that is missing is an error of the table."""

    def __missing__(self, name: str) -> Factor:
        raise BadInputError(
            f"relations.csv has no row {name!r} that the network can use here; add one with low, best, high, "
            "`network` under `used`, and a country in which it holds"
        )


def _factors(relations: list[Relation], country: str) -> _Factors:
    """Return the relations that the network uses in a country (CN, or other) by name."""
    out = _Factors()
    for r in relations:
        holds = r.country in {"", country} or r.relation in _ANY_COUNTRY
        if r.used == "network" and holds and r.low is not None and r.best is not None and r.high is not None:
            out[r.relation] = Factor(r.relation, r.low, r.best, r.high, r.unit, r.source)
    return out


def _weigh(found: list[Reading], family_prior: dict[str, float]) -> Readings:
    """Return priors that sum to one; a family keeps its share where one of its readings has no path."""
    names = [r.choice.get(ReadingWord.CHIP_FAMILY, "") for r in found]
    within: dict[str, float] = defaultdict(float)
    for name, r in zip(names, found, strict=True):
        within[name] += r.prior
    share = {name: family_prior.get(name, 1.0) for name in within}
    priors = [r.prior / within[name] * share[name] / sum(share.values()) for name, r in zip(names, found, strict=True)]
    return Readings(replace(r, prior=prior) for r, prior in zip(found, priors, strict=True))
