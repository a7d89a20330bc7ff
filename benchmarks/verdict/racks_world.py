"""A SIMULATED world of halls, claims and observers, built from the rack up.

Written from published facts alone (Epoch's sites and catalogues, operators' racks and PUE, TOP500 power of chips), before
the other world (`ranges_world`) or the ranges of the model (`relations.csv`) were read. A hall is made of storeys, white
space, rack positions and kW a rack; plant, meters, roof and chips follow from these. So nothing here is the model in
reverse: density, share for AI, redundancy of plant and the use of a rented hall come about as in a building.

Every constant is a judgement about published figures; the comment beside it names them. Read patterns, not second digits.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.random import Generator

from osint.register import SCHEMAS

END = date(2026, 11, 1)
"""Nothing is written or seen after this day."""

Use = Literal["AI alone", "shared", "rented"]


@dataclass(frozen=True)
class HallType:
    """How halls of one type are built."""

    name: str
    share: float
    use: Use
    footprint_m2: float
    footprint_spread: float
    storeys: tuple[float, ...]
    white_space: tuple[float, float]
    """Share of the gross floor with racks: lowest, highest."""
    m2_a_rack: tuple[float, float]
    kw_a_rack: float
    kw_spread: float
    cooling: tuple[tuple[str, float], ...]
    country: str = "CN"


AIR = (("chillers", 0.4), ("iec", 0.45), ("towers", 0.15))
TYPES = (
    # 12 kW a cabinet (Delingha phase 3), 0.8 to 1.6 kW IT a m2 gross
    HallType("AI, air", 0.25, "AI alone", 6000, 0.6, (0.35, 0.25, 0.2, 0.2), (0.3, 0.55), (2.3, 3.5), 11, 0.45, AIR),
    # cold plates: 20 to 80 kW a rack, with room for distribution of coolant
    HallType(
        "AI, cold plates",
        0.13,
        "AI alone",
        5000,
        0.6,
        (0.5, 0.3, 0.2),
        (0.3, 0.55),
        (3.0, 5.0),
        34,
        0.4,
        (("dry", 0.75), ("towers", 0.25)),
    ),
    # Hohhot B25 to B28: 1.14 kW IT a m2; Xining: standard racks of 2.5 kW beside cards
    HallType("telecom", 0.2, "shared", 5500, 0.5, (0, 0.2, 0.35, 0.35, 0.1), (0.3, 0.5), (2.3, 3.2), 5.5, 0.35, AIR),
    HallType("colocation", 0.15, "rented", 6000, 0.5, (0.1, 0.3, 0.3, 0.3), (0.3, 0.5), (2.3, 3.2), 7.5, 0.35, AIR),
    HallType(
        "containers",
        0.1,
        "AI alone",
        1600,
        0.7,
        (0.9, 0.1),
        (0.55, 0.8),
        (3.0, 4.5),
        20,
        0.5,
        (("chillers", 0.6), ("dry", 0.4)),
    ),
    HallType("factory", 0.05, "AI alone", 14000, 0.5, (1.0,), (0.4, 0.65), (2.8, 4.5), 15, 0.4, AIR),
    # Abilene 2.2 to 3.2, New Carlisle 3.7, Fairwater 4.0 to 7.9, Colossus 2.5 to 5.8 kW facility a m2
    HallType(
        "campus",
        0.12,
        "AI alone",
        26000,
        0.5,
        (0.8, 0.2),
        (0.4, 0.6),
        (3.2, 5.5),
        36,
        0.45,
        (("chillers", 0.8), ("towers", 0.2)),
        "US",
    ),
)


@dataclass(frozen=True)
class Chip:
    """A chip: its power with server and network, its dense P, and how often it stands in halls of a country."""

    name: str
    kw: float
    kw_spread: float
    pflops: float
    in_china: float
    elsewhere: float
    sparse: bool = True


CHIPS = (
    Chip("H100", 1.37, 0.06, 0.989, 0.13, 0.45),
    Chip("H200", 1.39, 0.06, 0.989, 0.05, 0.2),
    Chip("H800", 1.37, 0.06, 0.989, 0.2, 0.0),
    Chip("A100", 0.93, 0.09, 0.312, 0.07, 0.05),
    Chip("H20", 0.8, 0.1, 0.148, 0.2, 0.0),
    Chip("Ascend 910B", 0.6, 0.1, 0.32, 0.22, 0.0, sparse=False),
    Chip("Ascend 910C", 1.42, 0.05, 0.77, 0.13, 0.0, sparse=False),
    Chip("B200", 1.95, 0.06, 2.25, 0.0, 0.15),
    Chip("GB200", 2.05, 0.06, 2.5, 0.0, 0.15),
)


def _log(rng: Generator, middle: float, spread: float) -> float:
    return float(middle * math.exp(spread * rng.standard_normal()))


def _pick(rng: Generator, weights: dict[Any, float]) -> Any:
    names = list(weights)
    shares = np.array([weights[name] for name in names], dtype=float)
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


@dataclass(frozen=True)
class Variation:
    """A world that differs from the usual one in what a judge could lean on."""

    honest: float = 0.6
    """Share of the capacity claims whose number is not above what there is room for."""
    density: float = 1.0
    """Factor on the kW of a rack."""
    swapped: bool = False
    """Numbers are those of another site, drawn without knowing this one: they say nothing of its size."""


VARIATIONS = {
    "usual": Variation(),
    "denser, half as honest": Variation(honest=0.3, density=1.4),
    "thinner": Variation(density=0.7),
    "numbers of other sites": Variation(swapped=True),
}


@dataclass
class Hall:
    """One building: what it is, when it came about, and what can be measured of it."""

    kind: HallType
    part: str
    chip: Chip
    footprint_m2: float
    storeys: int
    racks: int
    it_mw: float
    """Design IT power: what the hall can carry."""
    kw_a_chip: float
    ai_share: float
    """Share of the IT power that is for the compute of which the claims speak."""
    fill: float
    """Share of the design that is installed."""
    pue: float
    plant: dict[str, float]
    begun: date | None
    roofed: date | None
    powered: date | None

    @property
    def chips(self) -> float:
        """Chips that the share for AI can hold."""
        return self.it_mw * 1000 * self.ai_share / self.kw_a_chip

    def room(self, quantity: str) -> float:
        """Return what the hall can hold of a quantity: chips in the share for AI, power and floor of the whole."""
        return {
            "chips": self.chips,
            "servers": self.chips / 8,
            "pflops": self.chips * self.chip.pflops,
            "it_mw": self.it_mw,
            "facility_mw": self.it_mw * self.pue,
            "racks": self.it_mw / 0.0025,
            "floor_m2": self.footprint_m2 * self.storeys,
        }[quantity]


@dataclass
class Site:
    """A site: its halls, each a part if there are several."""

    site_id: str
    country: str
    halls: list[Hall]
    hall_use: str
    state: str
    elevation_m: float | None

    def room(self, quantity: str, part: str = "") -> float:
        """Return what the site, or a part of it, can hold."""
        return sum(hall.room(quantity) for hall in self.halls if part in ("", hall.part))

    def whole_room(self, quantity: str, part: str = "") -> float:
        """Return what it could hold if all of it were for AI."""
        of_chips = quantity in ("chips", "servers", "pflops")
        return sum(
            hall.room(quantity) / (hall.ai_share if of_chips else 1) for hall in self.halls if part in ("", hall.part)
        )

    def day(self, stage: str, part: str = "") -> date | None:
        """Return the day on which all halls of it had reached a stage; None if they never did."""
        days = [getattr(hall, stage) for hall in self.halls if part in ("", hall.part)]
        return None if any(day is None for day in days) else max(days)


def _plant(rng: Generator, kind: HallType, it_mw: float, pue: float) -> dict[str, float]:
    """Cooling plant with its redundancy, generators and transformers of a hall."""
    rejected = it_mw * _log(rng, 1.35, 0.22)  # nameplate of cooling a MW of IT: Epoch's sites 0.7 to 2.1
    plant: dict[str, float] = {}
    cooling = _pick(rng, dict(kind.cooling))
    if cooling == "chillers":
        unit_mw = rng.uniform(0.9, 1.9)  # Epoch's catalogue, units for halls
        plant["chillers"] = max(1, round(rejected / unit_mw))
        plant["chiller_area_m2"] = plant["chillers"] * unit_mw * 1000 / _log(rng, 60, 0.16)
        plant["cooling_area_m2"] = plant["chiller_area_m2"] / rng.uniform(0.3, 0.7)
    elif cooling == "towers":
        plant["tower_area_m2"] = rejected * 1000 / _log(rng, 104, 0.33)
    elif cooling == "iec":
        plant["iec_units"] = max(1, round(rejected / rng.uniform(0.2, 0.35)))
    else:
        plant["dry_coolers"] = max(1, round(rejected / rng.uniform(0.4, 1.0)))
    facility = it_mw * pue
    set_mw = float(rng.choice([1.8, 2.0, 2.5, 3.0]))
    plant["generator_units"] = max(1, math.ceil(facility * _log(rng, 1.15, 0.18) / set_mw))
    plant["transformers_mva"] = facility / _log(rng, 0.48, 0.25) * (rng.uniform(1.2, 3) if rng.random() < 0.15 else 1)
    return plant


def _hall(rng: Generator, kind: HallType, part: str, chip: Chip, days: tuple[date | None, ...], shrink: float) -> Hall:
    footprint = _log(rng, kind.footprint_m2 * shrink, kind.footprint_spread)
    storeys = 1 + int(rng.choice(len(kind.storeys), p=np.array(kind.storeys) / sum(kind.storeys)))
    white = footprint * storeys * rng.uniform(*kind.white_space)
    racks = max(2, int(white / rng.uniform(*kind.m2_a_rack)))
    it_mw = racks * _log(rng, kind.kw_a_rack, kind.kw_spread) / 1000
    share = {"AI alone": 1.0, "shared": float(rng.beta(2, 3.5)), "rented": float(rng.uniform(0.12, 0.75))}[kind.use]
    pue = 1 + _log(rng, 0.22 if kind.country == "CN" else 0.28, 0.3)
    return Hall(
        kind=kind,
        part=part,
        chip=chip,
        footprint_m2=footprint,
        storeys=storeys,
        racks=racks,
        it_mw=it_mw,
        kw_a_chip=_log(rng, chip.kw, chip.kw_spread),
        ai_share=max(share, 0.03),
        fill=float(np.clip(rng.beta(3.5, 2), 0.2, 1)),  # racked of installed, north-west: 0.34 to 0.95
        pue=pue,
        plant=_plant(rng, kind, it_mw, pue),
        begun=days[0],
        roofed=days[1],
        powered=days[2],
    )


def _days(rng: Generator, state: str) -> tuple[date | None, date | None, date | None]:
    """Days of ground broken, roofed and powered."""
    if state == "never begun":
        return None, None, None
    if state == "under way":
        return END - timedelta(days=int(rng.integers(60, 300))), None, None
    begun = date(2023, 6, 1) + timedelta(days=int(rng.integers(0, 700)))
    roofed = begun + timedelta(days=int(rng.integers(100, 330)))
    powered = roofed + timedelta(days=int(rng.integers(45, 180)))
    return begun, min(roofed, END - timedelta(days=60)), min(powered, END - timedelta(days=15))


def _site(rng: Generator, number: int, how: Variation) -> Site:
    kind = _pick(rng, {kind: kind.share for kind in TYPES})
    chip = _pick(rng, {chip: chip.in_china if kind.country == "CN" else chip.elsewhere for chip in CHIPS})
    kind = replace(kind, kw_a_rack=kind.kw_a_rack * how.density)
    state = _pick(rng, {"built": 0.78, "under way": 0.09, "never begun": 0.13})
    count = _pick(rng, {1: 0.7, 2: 0.2, 3: 0.1})
    halls = []
    for n in range(count):
        own = (
            state if n == 0 or state != "built" else _pick(rng, {"built": 0.75, "under way": 0.1, "never begun": 0.15})
        )
        part = f"phase {n + 1}" if count > 1 else ""
        halls.append(_hall(rng, kind, part, chip, _days(rng, own), 1 if count == 1 else 0.8))
    known = {
        "AI alone": "AI alone",
        "shared": "shared",
        "rented": "mainly other" if halls[0].ai_share < 0.3 else "shared",
    }
    use = known[kind.use] if rng.random() < 0.25 else ""
    elevation = float(rng.integers(2200, 2900)) if kind.country == "CN" and rng.random() < 0.3 else None
    return Site(f"{'XJ' if kind.country == 'CN' else 'US'}{100 + number}", kind.country, halls, use, state, elevation)


@dataclass
class Truth:
    """What is true of a claim, kept away from the judge."""

    claim_id: str
    site_id: str
    kind: str
    true: bool
    fault: str
    """What is wrong with a false claim: too large, late, not there; empty for a true one."""
    factor: float = 1.0
    """Claimed over what its place can hold for the claimant."""
    over_whole: float = 1.0
    """Claimed over what its place can hold if all of it were for AI."""
    room: float = math.nan
    """What its place can hold, in the unit of the claim."""
    hall: str = ""
    whole_known: bool = False
    """Whether the use of the hall is on file."""
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass
class World:
    """The tables of a case, and the truth of its claims."""

    sites: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    observations: list[dict[str, Any]] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    built: list[Site] = field(default_factory=list)
    """The sites as they are."""

    def write(self, case: Path) -> None:
        """Write the tables as a data folder."""
        raw = case / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for name in ("sites", "claims", "observations"):
            with (raw / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
                writer = csv.DictWriter(out, SCHEMAS[name].names, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(getattr(self, name))


def _coarse(rng: Generator, day: date) -> str:
    """Return a day as a document gives it: the day, its month, or its year; always one that is not before it."""
    form = _pick(rng, {"day": 0.3, "month": 0.5, "year": 0.2})
    return {"day": day.isoformat(), "month": f"{day:%Y-%m}", "year": f"{day:%Y}"}[form]


def _rounded(rng: Generator, value: float) -> float:
    """Return a number as it is printed: two or three significant figures."""
    if value <= 0:
        return 0.0
    step = 10 ** (math.floor(math.log10(value)) - int(rng.integers(1, 3)))
    return float(max(round(value / step) * step, step))


_KINDS: dict[str, tuple[str, str, str, float]] = {
    # quantity: kind of the claim, unit, scope, share of claims
    "chips": ("chips", "chips", "", 0.3),
    "servers": ("servers", "servers", "", 0.12),
    "pflops": ("PFLOPS", "PFLOPS", "", 0.28),
    "it_mw": ("power_MW", "MW", "IT", 0.06),
    "facility_mw": ("power_MW", "MW", "facility", 0.1),
    "racks": ("racks", "racks", "standard", 0.07),
    "floor_m2": ("floor_m2", "m2", "", 0.07),
}


class _Claims:
    """Writes the claims of a site with their truth."""

    def __init__(self, rng: Generator, world: World, how: Variation) -> None:
        self.rng, self.world, self.how = rng, world, how

    def _row(self, site: Site, written: date, **cells: Any) -> str:
        claim_id = f"C{len(self.world.claims) + 1001}"
        group = f"G{len(self.world.claims) + 1001}"
        self.world.claims.append(
            {
                "claim_id": claim_id, "site_id": site.site_id, "claimant": "county", "source_publisher": "county",
                "source_tier": "local_government", "date": written.isoformat(), "quote": "SIMULATED", "quote_language": "en",
                "reading_confidence": "high", "independence_group": group, "group_reason": "by hand: SIMULATED",
                "evidence_use": "yes", "error_test": "no", **cells,
            }
        )  # fmt: skip
        return claim_id

    def capacity(self, site: Site) -> None:
        """Write a claim of a capacity: honest, or too large by a factor, or of what is not there, or late."""
        rng = self.rng
        quantity = _pick(rng, {name: kind[3] for name, kind in _KINDS.items()})
        kind, unit, scope, _ = _KINDS[quantity]
        part = str(rng.choice([hall.part for hall in site.halls])) if len(site.halls) > 1 and rng.random() < 0.5 else ""
        halls = [hall for hall in site.halls if part in ("", hall.part)]
        room, whole = site.room(quantity, part), site.whole_room(quantity, part)
        honest = rng.random() < self.how.honest
        fill = float(np.mean([hall.fill for hall in halls])) if quantity not in ("floor_m2",) else 1.0
        factor = rng.uniform(min(fill, 0.95), 1.0) if honest else math.exp(rng.uniform(math.log(1.3), math.log(25)))
        if self.how.swapped:
            factor = _site(rng, 0, self.how).room(quantity) / room
        number = _rounded(rng, room * factor)
        if quantity in ("chips", "servers") and number < 1:
            return
        precision = "not stated"
        if quantity == "pflops" and halls[0].chip.sparse and rng.random() < 0.3:
            number *= 2  # the sparse figure, as vendors print it
            precision = "sparse" if rng.random() < 0.3 else "not stated"
        elif quantity == "pflops" and rng.random() < 0.25:
            precision = "dense"
        doubled = 2.0 if quantity == "pflops" and number > 1.5 * room * factor else 1.0
        powered, roofed = site.day("powered", part), site.day("roofed", part)
        modality = _pick(rng, {"has": 0.35, "will": 0.35, "plan": 0.18, "can carry": 0.12})
        cells: dict[str, Any] = {}
        fault = "" if number / doubled <= room * 1.03 else "too large"
        if modality in ("has", "can carry"):
            due = powered if modality == "has" and quantity != "floor_m2" else roofed
            rung = "roofed" if modality == "can carry" or quantity == "floor_m2" else "running"
            if due is None or due >= END:
                written = END - timedelta(days=int(rng.integers(120, 700)))
                fault = "not there"
            else:
                written = min(due + timedelta(days=int(rng.integers(10, 400))), END)
            cells = {"modality": modality, "rung": rung, "phase": "operating"}
        elif modality == "will":
            written, value_date, late = self._promise(site, part, "powered")
            fault = late or fault
            cells = {"modality": "will", "rung": "powered", "phase": "planned", "value_date": value_date}
        else:
            written = date(2023, 6, 1) + timedelta(days=int(rng.integers(0, 900)))
            cells = {"modality": "will", "rung": "announced", "phase": "planned"}
        chip = halls[0].chip.name if quantity in ("chips", "servers", "pflops") and rng.random() < 0.55 else ""
        bound = "at least" if rng.random() < 0.1 else "exact"
        claim_id = self._row(
            site, written, quantity_kind=kind, unit=unit, scope=scope, value_low=number,
            value_high="" if bound == "at least" else number, bound=bound, chip_model=chip, part=part,
            precision=precision if quantity == "pflops" else "", **cells,
        )  # fmt: skip
        self.world.truths.append(
            Truth(
                claim_id, site.site_id, quantity, not fault, fault, number / doubled / room, number / doubled / whole,
                room * doubled, halls[0].kind.name, bool(site.hall_use),
            )
        )  # fmt: skip

    def _promise(self, site: Site, part: str, stage: str) -> tuple[date, str, str]:
        """Return when a promise was written, its due day, and what is wrong with it."""
        rng, done = self.rng, site.day(stage, part)
        if done is None or done > END:
            due = date(2024, 1, 1) + timedelta(days=int(rng.integers(0, 900)))
            return due - timedelta(days=int(rng.integers(60, 500))), due.isoformat(), "not there"
        if rng.random() < 0.55:
            due = done + timedelta(days=int(rng.integers(0, 150)))
            return due - timedelta(days=int(rng.integers(150, 600))), _coarse(rng, due), ""
        due = done - timedelta(days=int(rng.integers(35, 420)))
        form = due.isoformat() if rng.random() < 0.5 else f"{due:%Y-%m}"
        return due - timedelta(days=int(rng.integers(100, 500))), form, "late"

    def dated(self, site: Site) -> None:
        """Write a claim of a completion, a topping out, a start or a state."""
        rng = self.rng
        part = str(rng.choice([hall.part for hall in site.halls])) if len(site.halls) > 1 and rng.random() < 0.5 else ""
        kind = _pick(rng, {"completion": 0.55, "topped out": 0.15, "start": 0.12, "status": 0.18})
        hall = site.halls[0].kind.name
        if kind in ("completion", "topped out"):
            stage = "powered" if kind == "completion" and rng.random() < 0.5 else "roofed"
            written, value_date, fault = self._promise(site, part, stage)
            claim_id = self._row(
                site, written, quantity_kind="completion_date" if kind == "completion" else "milestone_date", unit="date",
                value_date=value_date, modality="will", rung=stage, phase="planned", part=part,
            )  # fmt: skip
        elif kind == "start":
            begun = site.day("begun", part)
            fault = "" if begun else "not there"
            day = begun or END - timedelta(days=int(rng.integers(300, 700)))
            stage = "begun"
            claim_id = self._row(
                site, day + timedelta(days=int(rng.integers(5, 60))), quantity_kind="start_date", unit="date",
                value_date=f"{day:%Y-%m}", modality="has", rung="ground broken", phase="under construction", part=part,
            )  # fmt: skip
        else:
            stage, powered = "powered", site.day("powered", part)
            fault = "" if powered and powered < END else "not there"
            day = (
                min(powered + timedelta(days=int(rng.integers(5, 300))), END)
                if powered
                else END - timedelta(days=int(rng.integers(100, 500)))
            )
            claim_id = self._row(
                site, day, quantity_kind="status", modality="has", rung="powered", phase="operating", part=part
            )
        self.world.truths.append(
            Truth(claim_id, site.site_id, kind, not fault, fault, hall=hall, seen={"stage": stage})
        )


@dataclass
class Desk:
    """An observer at one site: whether it looks at the right place, and what it says of that."""

    name: str
    right: bool
    p_place: float | None
    elsewhere: tuple[date | None, float]
    """At a wrong place: since when a building stands there, and its roof in m2."""
    misread: float
    """Factor by which its sizes are off beside the error that it states; 1 for nearly all."""


def _desk(rng: Generator, name: str) -> Desk:
    weights = {0.99: 0.25, 0.97: 0.2, 0.95: 0.12, 0.92: 0.08, 0.85: 0.09, 0.7: 0.07, 0.5: 0.05, 0.3: 0.04, None: 0.1}
    p = _pick(rng, weights)
    other = date(2019, 1, 1) if rng.random() < 0.45 else (END if rng.random() < 0.6 else date(2025, 3, 1))
    off = math.exp(float(rng.choice([-1, 1])) * rng.uniform(math.log(3), math.log(10))) if rng.random() < 0.01 else 1.0
    return Desk(name, bool(rng.random() < (0.5 if p is None else p)), p, (other, _log(rng, 1500, 0.9)), off)


class _Looks:
    """Writes what desks see of a site."""

    def __init__(self, rng: Generator, world: World) -> None:
        self.rng, self.world = rng, world

    def _row(self, site: Site, desk: Desk, day: date, **cells: Any) -> None:
        self.world.observations.append(
            {
                "observation_id": f"O{len(self.world.observations) + 1001}", "site_id": site.site_id, "observer": desk.name,
                "how": "picture", "date": day.isoformat(), "independence_group": f"{site.site_id} {desk.name}",
                "p_place": "" if desk.p_place is None else desk.p_place,
                "place_reason": "" if desk.p_place is None else "SIMULATED", "simulated": "yes", **cells,
            }
        )  # fmt: skip

    def _size(
        self, site: Site, desk: Desk, day: date, quantity: str, value: float, spread: float, **cells: Any
    ) -> None:
        """Write a size with the error that it has: the stated 90% interval is honest but for a misreading."""
        seen = _log(self.rng, value, spread) * desk.misread
        if quantity in ("chillers", "iec_units", "dry_coolers", "generator_units"):
            seen = max(1, round(seen))
        wide = math.exp(1.645 * spread)
        low, high = f"{seen / wide:.5g}", f"{seen * wide:.5g}"
        best = min(max(float(f"{seen:.5g}"), float(low)), float(high))
        self._row(site, desk, day, quantity=quantity, low=low, best=best, high=high, **cells)

    def series(self, site: Site, desk: Desk, days: list[date], parts: list[str]) -> None:
        """Write looks of one desk on several days: what stands, what does not, and the roof once it is there."""
        rng = self.rng
        for part in parts:
            halls = [hall for hall in site.halls if part in ("", hall.part)]
            measured = False
            searched = _pick(rng, {1.0: 0.5, 0.95: 0.2, 0.8: 0.2, 0.5: 0.1})
            found = rng.random() < searched
            for day in days:
                if desk.right:
                    begun, roofed, some = self._stages(halls, day)
                    roof = sum(hall.footprint_m2 for hall in halls)
                else:
                    since, roof = desk.elsewhere
                    begun = roofed = some = bool(since and since <= day)
                if not begun or not found:
                    self._row(site, desk, day, not_yet="ground broken", searched_share=searched, part=part)
                elif not roofed:
                    self._row(site, desk, day, rung="ground broken", not_yet="" if some else "roofed", part=part)
                elif not measured:
                    measured = rng.random() < 0.8
                    self._size(site, desk, day, "roof_m2", roof, 0.06, rung="roofed", part=part)
                else:
                    self._row(site, desk, day, rung="roofed", part=part)

    def _stages(self, halls: list[Hall], day: date) -> tuple[bool, bool, bool]:
        """Return whether any hall is begun, whether all are roofed, and whether some are."""
        begun = any(hall.begun is not None and hall.begun <= day for hall in halls)
        roofed = [hall.roofed is not None and hall.roofed <= day for hall in halls]
        return begun, all(roofed), any(roofed)

    def plant(self, site: Site, desk: Desk, day: date, part: str) -> None:
        """Write one or two sizes of the plant of halls that are powered."""
        rng = self.rng
        halls = [hall for hall in site.halls if part in ("", hall.part)]
        if not desk.right or any(hall.powered is None or hall.powered > day for hall in halls):
            return
        names = [name for name in halls[0].plant if all(name in hall.plant for hall in halls)]
        names += ["floor_m2", "it_mw", "facility_mw"]
        for name in rng.choice(names, size=min(len(names), int(rng.integers(1, 3))), replace=False):
            if name == "it_mw":
                self._size(site, desk, day, name, site.room("it_mw", part), 0.26, rung="powered", part=part, scope="IT")
            elif name == "facility_mw":
                self._size(site, desk, day, name, site.room("facility_mw", part), 0.26, rung="powered", part=part)
            elif name == "floor_m2":
                self._size(site, desk, day, name, site.room("floor_m2", part), 0.12, rung="roofed", part=part)
            else:
                value = sum(hall.plant[name] for hall in halls)
                spread = {"cooling_area_m2": 0.12, "chiller_area_m2": 0.1, "tower_area_m2": 0.12}.get(str(name), 0.05)
                self._size(site, desk, day, str(name), value, spread, rung="powered", part=part)

    def of(self, site: Site) -> list[Desk]:
        """Write all looks of a site; returns the desks."""
        rng = self.rng
        desks = [_desk(rng, f"desk {n}") for n in range(_pick(rng, {1: 0.8, 2: 0.2}))]
        split = len(site.halls) > 1 and rng.random() < 0.7
        parts = [hall.part for hall in site.halls] if split else [""]
        if split and rng.random() < 0.3:
            parts = parts[:-1]
        for desk in desks:
            way = _pick(rng, {"series": 0.45, "once": 0.45, "none": 0.1})
            if way == "none":
                continue
            if way == "series":
                first = date(2023, 7, 1) + timedelta(days=int(rng.integers(0, 120)))
                days = [
                    first + timedelta(days=d + int(rng.integers(0, 20)))
                    for d in range(0, 1180, int(rng.integers(40, 130)))
                ]
            else:
                days = [END - timedelta(days=int(rng.integers(10, 500)))]
            days = [day for day in days if day <= END]
            self.series(site, desk, days, parts)
            for part in parts:
                if rng.random() < 0.5:
                    self.plant(site, desk, days[-1], part)
        return desks


def make(seed: int, count: int, how: Variation | None = None) -> World:
    """Make a case of `count` sites from a seed.

    >>> len(make(1, 3).sites)
    3
    """
    rng, how = np.random.default_rng(seed), how or Variation()
    world = World()
    for number in range(count):
        site = _site(rng, number, how)
        world.built.append(site)
        world.sites.append(
            {
                "site_id": site.site_id, "name_en": f"SIMULATED {site.site_id}", "country": site.country, "role": "announced",
                "province": "Xinjiang" if site.country == "CN" else "Texas", "hall_use": site.hall_use,
                "elevation_m": "" if site.elevation_m is None else site.elevation_m,
            }
        )  # fmt: skip
        claims, first = _Claims(rng, world, how), len(world.truths)
        for _ in range(int(rng.integers(2, 5))):
            claims.capacity(site)
        for _ in range(int(rng.integers(1, 3))):
            claims.dated(site)
        desks = _Looks(rng, world).of(site)
        for truth in world.truths[first:]:
            truth.seen |= {"right": [desk.right for desk in desks], "p": [desk.p_place for desk in desks]}
            truth.seen |= {"misread": any(desk.misread != 1 for desk in desks), "use": site.halls[0].kind.use}
    return world


def bracketed(world: World) -> Iterator[str]:
    """Return the late claims that a confirmed look after the due day shows below their rung, at the right place."""
    from osint.register import date_bounds

    claims = {row["claim_id"]: row for row in world.claims}
    for truth in world.truths:
        claim = claims[truth.claim_id]
        if truth.fault != "late" or not claim.get("value_date"):
            continue
        due = date_bounds(claim["value_date"])[1]
        for row in world.observations:
            desk = int(row["observer"].split()[1])
            if (
                row["site_id"] == truth.site_id
                and row.get("not_yet") in ("roofed", "ground broken")
                and row.get("part", "") in ("", claim["part"])
                and float(row.get("searched_share") or 1) >= 0.95
                and date.fromisoformat(row["date"]) >= due
                and truth.seen["right"][desk]
                and (truth.seen["p"][desk] or 0) >= 0.95
            ):
                yield truth.claim_id
                break
