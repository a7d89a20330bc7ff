"""Trees of relations: the edges from it_mw to every quantity under one choice of what is open.

Edges are plain (the site: power, floor, racks, plant) or of a chip (its family, precision and server); neither depends
on the other, so that the readings of many questions share them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from osint.model.factors import PER, Factor, log_normal
from osint.register import Chip

Floats: TypeAlias = npt.NDArray[np.float64]
HOURS = 8.76  # GWh per year of 1 MW
MEASURED = frozenset({"H100", "H200", "H800"})
"""Families whose full load is a relation, not a column of chips.csv."""
FULL_LOAD = {"8-GPU": "full_load_8gpu", "4-GPU": "full_load_4gpu"}
"""Form of a server -> relation of its power per chip under full load."""
KEPT_FACTORS = 1024  # factors of chips that are kept
DERATE = "altitude_derate"  # what thin air takes from dry condensers: to the power of the height over ALTITUDE_M


class ReadingWord(StrEnum):
    """Words of readings.csv that the tree of a reading depends on: what is open, and how it can be read."""

    CHIP_FAMILY = "chip family"
    ENERGY = "energy basis"
    DESIGN_LOAD = "design load"
    AVERAGE_LOAD = "average load"
    RACKS = "rack basis"
    DESIGN = "design"
    HALL = "hall"
    CONVENTIONAL = "conventional"
    BOXES = "small or in containers"
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
    LIQUID = "liquid"
    BY_FLOOR = "by floor"
    SERVER = "kind of server"
    ORDINARY = "ordinary"
    AI_SERVER = "AI"
    LOAD = "what a load serves"
    CAPACITY_USED = "all of the capacity"
    IN_USE = "what is in use"


_RATED = {
    "dense": "fp16_dense_pflops",
    "sparse": "fp16_sparse_pflops",
    "FP8": "fp8_dense_pflops",
    "INT8": "int8_dense_pflops",
}
"""Option of the precision -> column of chips.csv."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From a parent quantity to a child: log child = log parent + shift + sum of sign x factor."""

    parent: str
    factors: tuple[tuple[float, Factor], ...] = ()
    shift: float = 0.0


class Way:
    """The way from it_mw to a quantity in one tree, summed up."""

    def __init__(self, edges: Mapping[str, Edge], quantity: str) -> None:
        """Follow the edges; raises KeyError where they do not lead to the quantity."""
        self.steps: list[tuple[str, Edge]] = []
        """Quantities on the way with the edge that leads to each, from it_mw down."""
        while quantity != "it_mw":
            edge = edges[quantity]
            self.steps.insert(0, (quantity, edge))
            quantity = edge.parent
        self.bounded: dict[str, Factor] = {}
        """Bounded and counted factors on the way."""
        self._signs: defaultdict[str, float] = defaultdict(float)
        loads: defaultdict[str, float] = defaultdict(float)
        self.lost = 0.0
        """What the height for which the loss of dry condensers is published adds to the log."""
        self._derate = 0.0
        self._base = 0.0
        for _, edge in self.steps:
            self._base += edge.shift
            for sign, f in edge.factors:
                if f.options:
                    self.bounded[f.name] = f
                    self._signs[f.name] += sign
                elif f.name == DERATE:
                    self.lost += sign * math.log(f.best)
                    self._derate += sign * f.sigma
                else:
                    self._base += sign * math.log(f.best)
                    loads[f.slot] += sign * f.sigma
        self._at_sea_level = {slot: sd for slot, sd in loads.items() if sd}

    def row(self, names: tuple[str, ...], logs: Floats) -> Floats:
        """Return the log of the quantity per MW IT at sea level, with bounded factors by name at logs (E, names)."""
        rest = sum(s * math.log(self.bounded[name].best) for name, s in self._signs.items() if name not in names)
        signs = np.array([self._signs.get(name, 0.0) for name in names])
        return np.asarray(self._base + rest + logs @ signs)

    def loading(self, up: float) -> dict[str, float]:
        """Return the standard deviation that each log-normal factor adds, with its sign, by slot."""
        if not (up and self._derate):
            return self._at_sea_level
        return {**self._at_sea_level, DERATE: up * self._derate}


class Tree:
    """Edges that belong together, with the ways through them; the altitude is left open."""

    def __init__(self, edges: Mapping[str, Edge]) -> None:
        self.edges = edges
        self._ways: dict[str, Way] = {}
        self._at: dict[float, Mapping[str, Edge]] = {}

    def way(self, quantity: str) -> Way:
        """Return the way to a quantity; raises KeyError where there is none."""
        if quantity not in self._ways:
            self._ways[quantity] = Way(self.edges, quantity)
        return self._ways[quantity]

    def at_height(self, up: float) -> Mapping[str, Edge]:
        """Return the edges with the loss of dry condensers at a height, in times the one that it is published for."""
        if up not in self._at:
            self._at[up] = {q: replace(e, factors=_at_height(e.factors, up)) for q, e in self.edges.items()}
        return self._at[up]


def _at_height(factors: tuple[tuple[float, Factor], ...], up: float) -> tuple[tuple[float, Factor], ...]:
    lost = {f: replace(f, low=f.low**up, best=f.best**up, high=f.high**up) for _, f in factors if f.name == DERATE}
    return tuple((sign, lost.get(f, f)) for sign, f in factors if up or f not in lost)


@lru_cache(maxsize=KEPT_FACTORS)
def _chip_factor(chip: Chip, what: str, unit: str) -> Factor | None:
    kilowatts = [getattr(chip, f"{what}_kw_{side}") for side in ("low", "best", "high")]
    if None in kilowatts:
        return None
    low, best, high = (float(kw) / 1000 for kw in kilowatts)
    return log_normal(f"{what}_mw{PER}{chip.chip}", low, best, high, unit, chip.source)


_CABINETS: dict[str, str] = {
    ReadingWord.PHYSICAL: "cabinet_physical",
    ReadingWord.AI_CABINET: "cabinet_ai",
    ReadingWord.LIQUID: "cabinet_liquid",
}
_FLOORS: dict[str, str] = {ReadingWord.CONVENTIONAL: "floor_conventional", ReadingWord.BOXES: "floor_boxes"}
_STATED: dict[str, str] = {ReadingWord.IT_NAMEPLATE: "it_mw", ReadingWord.YEARLY_AVERAGE: "average_mw"}


def plain_edges(choice: Mapping[str, str], f: Mapping[str, Factor], cn: bool) -> dict[str, Edge]:
    """Return the edges of one reading that no chip takes part in, dry condensers at ALTITUDE_M."""
    used_from = "it_mw" if choice.get(ReadingWord.ENERGY) == ReadingWord.DESIGN_LOAD else "average_mw"
    filled = () if choice.get(ReadingWord.RACKS) == ReadingWord.DESIGN else ((-1.0, f["rack_fill"]),)
    floor = _FLOORS.get(choice.get(ReadingWord.HALL, ""), "floor_cn" if cn else "floor_ai")
    kind = choice.get(ReadingWord.CABINET, "")
    cabinet = Edge("it_mw", ((-1, f[_CABINETS.get(kind, "rack_power")]), *filled))
    if kind == ReadingWord.BY_FLOOR:
        cabinet = Edge("floor_m2", ((-1, f["cabinet_floor"]),))
    # a load is that of what is in use, and capacity is more where a hall is filled in part
    used = ((1.0, f["hall_fill"]),) if choice.get(ReadingWord.LOAD) == ReadingWord.IN_USE else ()
    edges = {
        "power_mw": Edge(_STATED.get(choice.get(ReadingWord.POWER_KIND, ""), "facility_mw")),
        "floor_m2": Edge("facility_mw" if floor == "floor_ai" else "it_mw", ((-1, f[floor]),)),
        "facility_mw": Edge("it_mw", ((1, f["pue_peak"]),)),
        "average_mw": Edge("it_mw", ((1, f["load_factor"]), *used)),
        "demand_mw": Edge("it_mw", ((1, f["full_load_share"]), (1, f["pue_peak"]), *used)),
        "energy_gwh_per_yr": Edge(used_from, ((1, f["pue_annual_cn" if cn else "pue_annual"]),), math.log(HOURS)),
        "racks": Edge("it_mw", ((-1, f["rack_power"]), *filled)),
        "cabinets": cabinet,
        "full_load_mw": Edge("it_mw", ((1, f["full_load_share"]),)),
        "land_m2": Edge("facility_mw", ((-1, f["land"]),)),
        "roof_m2": Edge("floor_m2", ((-1, f[ReadingWord.STOREYS]), (-1, f["roof_floor"]))),
        "transformers_mva": Edge("facility_mw", ((-1, f["rating_use"]),)),
        "site_transformers_mva": Edge("facility_mw", ((-1, f["transformers"]),)),
        "generators_mw": Edge("facility_mw", ((-1, f["generators"]),)),
        "generator_units": Edge("generators_mw", ((-1, f["generator_unit"]),)),
    }
    return edges | _cooling_edges(choice.get(ReadingWord.COOLING, ReadingWord.AIR), f)


def _cooling_edges(kind: str, f: Mapping[str, Factor]) -> dict[str, Edge]:
    """Return the edges of the cooling plant: each kind by its own relations, and those of the kind of the reading."""
    high_up: tuple[tuple[float, Factor], ...] = ((-1.0, f[DERATE]),)
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


def chip_edges(
    chip: Chip, precision: str, f: Mapping[str, Factor], cn: bool, form: str, ordinary: bool = False
) -> dict[str, Edge]:
    """Return the edges of one chip family at a precision; `form` is that of its server, where it is known.

    `ordinary`: the servers that are counted are not those of the chips; they take a hall as it is.
    """
    use = f.get(ReadingWord.USE)
    nameplate = _chip_factor(chip, "it", "MW IT nameplate per chip")
    edges = {
        "ai_mw": Edge("it_mw", ((1, use),) if use else ()),
        "chips": Edge("ai_mw", ((-1, nameplate),) if nameplate else ()),
        "ai_servers": Edge("chips", ((-1, f["chips_per_server"]),)),
        "servers": Edge("it_mw", ((-1, f["server_ordinary"]),)) if ordinary else Edge("ai_servers"),
        "full_load_mw": Edge("ai_mw", ((1, f["full_load_share"]),)),
    }
    if cn and chip.price:
        edges["cost_cny"] = Edge("ai_servers", ((1, f[chip.price]),))
    compute = _compute_factor(chip, precision)
    if compute is not None:
        edges["pflops"] = Edge("chips", ((1, compute),))
    measured = _chip_factor(chip, "full_load", "MW IT under full load per chip")
    if chip.chip in MEASURED:
        measured = f[FULL_LOAD.get(form, "full_load_8gpu" if cn else "full_load_all")]
    if measured:
        edges["full_load_mw"] = Edge("chips", ((1, measured),))
    return edges
