"""Halls, claims and observations of a SIMULATED world whose truth is known, written as case folders of `osint check`.

The world knows nothing of the model: its halls are drawn from the published ranges behind data/raw/relations.csv with
bounded distributions (triangular, beta, counts), and it writes the tables of the data dictionary. What was said of a
hall is judged against what stood of it on the day, counted for the share of the hall that is for AI.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

RAW = Path(__file__).parents[2] / "data" / "raw"
RUNGS = ("ground broken", "roofed", "powered", "running")
NEVER = dt.date(2100, 1, 1)
FIRST, LAST = dt.date(2024, 3, 1), dt.date(2026, 11, 1)
"""Observations lie between; the filings begin half a year before."""
STREET = 2500
"""Halls of the street up to 85 degrees north; the next stand beside the first ones."""


@dataclass(frozen=True)
class Kind:
    """A kind of hall: (low, mode, high) of what varies from hall to hall, and how often it is met."""

    weight: float
    density: tuple[float, float, float]
    """kW of IT, design, per m2 of gross floor."""
    storeys: tuple[float, ...]
    """Weights of one storey, two, and so on."""
    ai_share: tuple[float, float, float]
    pue: tuple[float, float, float]
    cooling: dict[str, float]
    """Weights of the types of plant."""
    floor: tuple[float, float, float]
    """Gross floor of a phase, log10 of m2."""


KINDS = {
    "air-cooled": Kind(
        0.30, (0.7, 1.9, 4.2), (0.35, 0.35, 0.2, 0.1), (0.8, 1, 1), (1.14, 1.26, 1.42),
        {"air chiller": 0.5, "indirect evaporative": 0.35, "wet tower": 0.15}, (3.2, 3.9, 4.6),
    ),
    "liquid-cooled": Kind(
        0.18, (1.4, 3.2, 7.0), (0.4, 0.35, 0.15, 0.1), (0.8, 1, 1), (1.08, 1.15, 1.28),
        {"dry cooler": 0.6, "wet tower": 0.4}, (3.2, 3.8, 4.5),
    ),
    "containers": Kind(
        0.14, (2.2, 4.5, 8.5), (1.0,), (0.9, 1, 1), (1.08, 1.15, 1.3),
        {"dry cooler": 0.6, "air chiller": 0.4}, (2.5, 3.0, 3.7),
    ),
    "rented": Kind(
        0.22, (0.6, 1.5, 3.2), (0.1, 0.25, 0.3, 0.2, 0.15), (0.05, 0.3, 0.9), (1.18, 1.3, 1.45),
        {"air chiller": 0.45, "wet tower": 0.35, "indirect evaporative": 0.2}, (3.5, 4.1, 4.8),
    ),
    "shared cloud": Kind(
        0.16, (0.6, 1.4, 3.0), (0.3, 0.4, 0.2, 0.1), (0.08, 0.3, 0.7), (1.15, 1.25, 1.4),
        {"indirect evaporative": 0.5, "wet tower": 0.25, "air chiller": 0.25}, (3.7, 4.3, 4.9),
    ),
}  # fmt: skip
CHIPS = {
    "H100": (0.24, 1.2, 1.38, 1.5, 0.989), "H200": (0.08, 1.2, 1.38, 1.5, 0.989),
    "H800": (0.08, 1.2, 1.38, 1.5, 0.989), "A100": (0.07, 0.8, 0.92, 1.1, 0.312),
    "H20": (0.18, 0.68, 0.79, 0.95, 0.148), "Ascend 910B": (0.17, 0.5, 0.6, 0.78, 0.32),
    "Ascend 910C": (0.06, 1.3, 1.46, 1.6, 0.76), "B200": (0.02, 1.8, 1.98, 2.2, 2.25),
    "domestic mixed": (0.10, 0.4, 0.6, 1.0, 0.2),
}  # fmt: skip
"""Weight, kW of IT a chip (low, mode, high) and dense FP16 PFLOPS."""
WORDED = {"H100": ("H100", "H100/H200"), "H200": ("H200", "H100/H200"), "domestic mixed": ("domestic",)}
PRECISIONS = {"dense": (0.72, 1.0), "sparse": (0.14, 2.0), "FP8": (0.14, 2.0)}
"""How P are counted, and the factor against dense FP16."""
YARD_KW_M2 = {
    "air chiller": (0.018, 0.033, 0.048), "indirect evaporative": (0.008, 0.014, 0.024),
    "wet tower": (0.03, 0.05, 0.09), "dry cooler": (0.015, 0.03, 0.05),
}  # fmt: skip
"""MW of heat rejected per m2 of yard."""
PLACES = ((0.99, 0.36), (0.97, 0.14), (0.9, 0.14), (0.6, 0.12), (0.3, 0.06), (None, 0.18))
"""p_place as stated, and its weight; rows of p are right with probability p, rows without one six times of ten."""
UNKNOWN_RIGHT = 0.6
SURE = 0.95
GROUP = 12
"""Sites of one county, whose total is claimed too."""
CAMPUS = 2
"""Sites under one parent, whose total is claimed too, in half of the counties."""
FACTORS = ((1, 0.5), (2, 0.16), (5, 0.16), (20, 0.1), (0.5, 0.08))
"""Times what is (or will be) there that a speaker claims; below 1 is a modest truth."""


@dataclass(frozen=True)
class Part:
    """A phase: one building or yard of containers."""

    name: str
    roof_m2: float
    floor_m2: float
    it_mw: float
    reached: dict[str, dt.date]


@dataclass(frozen=True)
class Hall:
    """A place as it is: what stands, when, and how much of it is for AI."""

    site_id: str
    kind: str
    family: str
    kw_chip: float
    ai_share: float
    fill: float
    pue: float
    load: float
    mva_ratio: float
    cooling: str
    cooling_ratio: float
    derate: float
    parts: tuple[Part, ...]

    @property
    def lat(self) -> float:
        """Degrees north: a street of halls, 2 km from one to the next."""
        return 40 + 0.018 * (int(self.site_id[1:]) % STREET)

    def standing(self, day: dt.date, rung: str = "running", part: str = "") -> tuple[Part, ...]:
        """Return the phases that have reached a rung by a day."""
        return tuple(p for p in self.parts if p.reached[rung] <= day and part in ("", p.name))

    def capacity(self, quantity: str, parts: tuple[Part, ...], factor: float = 1.0, whole: bool = False) -> float:
        """Return what the phases hold of a quantity; `whole` counts all of the hall, not its share for AI."""
        it = sum(p.it_mw for p in parts)
        chips = 1000 * it * (1 if whole else self.ai_share) / self.kw_chip
        return {
            "chips": chips, "servers": chips / 8, "pflops": chips * CHIPS[self.family][4] * factor,
            "it_mw": it, "facility_mw": it * self.pue, "racks": it / 0.0025, "floor_m2": sum(p.floor_m2 for p in parts),
            "energy_gwh_per_yr": it * self.load * (1 + 0.7 * (self.pue - 1)) * 8.76,
        }[quantity]  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What is known of one claim by whoever made the world."""

    claim_id: str
    site_id: str
    sort: str
    """Installed, can carry, dated plan, undated plan, completion, floor, cost or aggregate."""
    true: bool
    """It says nothing that is not so; of an undated plan always."""
    quantity: str = ""
    claimed: float = math.nan
    late: bool = False
    """The day it names passed before the rung was reached."""
    hall: Hall | None = field(default=None, repr=False)
    part: str = ""
    rung: str = "running"
    due: dt.date | None = None
    factor: float = 1.0
    """PFLOPS as counted by the speaker for one of dense FP16."""
    total: float = math.nan
    """Of a claim on several sites: what they hold together."""

    def holds(self, day: dt.date, rung: str = "", share: bool = True) -> float:
        """Return the capacity, in the unit of the claim, of what had reached a rung (its own) by a day."""
        if self.hall is None:
            return self.total
        whole = not share or self.sort == "can carry"
        return self.hall.capacity(
            self.quantity, self.hall.standing(day, rung or self.rung, self.part), self.factor, whole
        )


@dataclass(frozen=True)
class Seen:
    """What was looked at for one site: the place stated and the truth about it."""

    p_place: float | None
    right: bool
    """The looks showed the place that the claims speak of, and its halls lay in what was searched."""
    series: bool
    share: float
    rows: tuple[dict[str, Any], ...]

    @property
    def sure(self) -> bool:
        """The place is as good as known and all of it was searched."""
        return (self.p_place or 0) * self.share >= SURE

    @property
    def last(self) -> dt.date:
        return max(dt.date.fromisoformat(r["date"]) for r in self.rows)

    def covering(self, part: str) -> list[dict[str, Any]]:
        """Return the rows on all that a claim covers: of its part, or of the whole site (then of every part)."""
        return [r for r in self.rows if not part or r["part"] in ("", part)]

    def bracketed(self, truth: Truth) -> bool:
        """Tell whether a row after the due day says that the rung was not reached."""
        return truth.due is not None and any(
            r.get("not_yet") and dt.date.fromisoformat(r["date"]) > truth.due
            and RUNGS.index(r["not_yet"]) <= RUNGS.index(truth.rung) for r in self.covering(truth.part)
        )  # fmt: skip


def choose(rng: np.random.Generator, weights: dict[Any, float] | tuple[tuple[Any, float], ...]) -> Any:
    """Draw a key by its weight."""
    keys, w = zip(*(weights.items() if isinstance(weights, dict) else weights), strict=True)
    return keys[rng.choice(len(keys), p=np.array(w) / sum(w))]


def later(rng: np.random.Generator, day: dt.date, low: float, high: float) -> dt.date:
    """Return a day some months after another."""
    return day + dt.timedelta(days=round(30.4 * rng.uniform(low, high))) if day < NEVER else NEVER


def month(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def month_end(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def make_hall(rng: np.random.Generator, site_id: str, absent: float = 0.1) -> Hall:
    """Draw a hall with one to three phases, begun one after another; some are never begun."""
    kind = choose(rng, {k: v.weight for k, v in KINDS.items()})
    of = KINDS[kind]
    floor, density = 10 ** rng.triangular(*of.floor), rng.triangular(*of.density)
    share = rng.triangular(*of.ai_share) if of.ai_share[0] < of.ai_share[1] else 1.0
    parts, begun = [], FIRST + dt.timedelta(days=int(rng.integers(-150, 500)))
    if rng.random() < absent:
        begun = NEVER
    for n in range(int(choose(rng, {1: 0.5, 2: 0.3, 3: 0.2}))):
        storeys = 1 + rng.choice(len(of.storeys), p=of.storeys)
        area = floor * rng.uniform(0.7, 1.4)
        roofed = later(rng, begun, 3, 10)
        powered = later(rng, roofed, 2, 7) if rng.random() < 0.9 else NEVER
        days = (begun, roofed, powered, later(rng, powered, 0.5, 4))
        use = rng.uniform(0.85, 1.1)
        parts.append(
            Part(f"phase {n + 1}", area / storeys / use, area, area * density * rng.uniform(0.85, 1.15) / 1000,
                 dict(zip(RUNGS, days, strict=True)))
        )  # fmt: skip
        begun = later(rng, begun, 5, 14) if rng.random() < 0.75 else NEVER
    cooling, family = choose(rng, of.cooling), choose(rng, {k: v[0] for k, v in CHIPS.items()})
    return Hall(
        site_id, kind, family, rng.triangular(*CHIPS[family][1:4]), share, rng.beta(4, 1.6), rng.triangular(*of.pue),
        rng.triangular(0.4, 0.7, 0.92), rng.triangular(0.28, 0.5, 0.9), cooling, rng.triangular(0.85, 1.25, 2.1),
        rng.uniform(0.79, 0.98), tuple(parts),
    )  # fmt: skip


class Writer:
    """Collects the claims of one case, with what is true of them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.claims: list[dict[str, Any]] = []
        self.truths: list[Truth] = []
        self.group = 0
        self.times, self.named, self.counted = 1.0, False, "dense"
        """Of the text at hand: how many times the truth, whether it names the chip, and how it counts P."""

    def filing(self, site: str, day: dt.date, who: str) -> dict[str, Any]:
        """Return the cells that all rows of one text share."""
        self.group += 1
        self.times, self.named = choose(self.rng, FACTORS), bool(self.rng.random() < 0.5)
        self.counted = choose(self.rng, {k: v[0] for k, v in PRECISIONS.items()})
        tier, publisher = {
            "county": ("primary_government", "county government"), "company": ("company_filing", "stock exchange"),
            "press": ("state_media", "news agency"), "mirror": ("mirror", "copy of a news page"),
        }[who]  # fmt: skip
        return {
            "site_id": site, "claimant": f"{who} of {site}", "source_publisher": publisher, "source_tier": tier,
            "source_url": f"https://example.org/{self.group}", "date": str(day), "reading_confidence": "high",
            "independence_group": f"G{self.group:04d}", "group_reason": "by hand: one text", "error_test": "no",
            "evidence_use": "yes", "evidence_reason": "a number of this site from a named source",
        }  # fmt: skip

    def add(self, filing: dict[str, Any], truth: Truth, **cells: Any) -> None:
        """Write one row and its truth."""
        claim_id = f"C{len(self.claims) + 1:05d}"
        self.claims.append(
            {"quote_language": "zh", "translation": "SIMULATED", **filing, **cells, "claim_id": claim_id}
        )
        self.truths.append(replace(truth, claim_id=claim_id, site_id=filing["site_id"]))

    def number(
        self,
        hall: Hall,
        filing: dict[str, Any],
        sort: str,
        said: tuple[Part, ...],
        day: dt.date | None,
        stage: tuple[str, str, str],
        part: str = "",
        last: dt.date = LAST,
        of: Truth | None = None,
    ) -> None:
        """Claim a capacity: of the phases named, times a factor, in words that are exact, rounded or bounded."""
        rng = self.rng
        phase, modality, rung = stage
        kind = choose(rng, {"pflops": 0.38, "chips": 0.2, "servers": 0.16, "it_mw": 0.08, "facility_mw": 0.06,
                            "racks": 0.07, "energy_gwh_per_yr": 0.05})  # fmt: skip
        precision, factor = self.counted, PRECISIONS[self.counted][1]
        model = rng.choice(WORDED.get(hall.family, (hall.family,))) if self.named else ""
        base = hall.capacity(kind, said or hall.parts[:1], factor, sort == "can carry")
        value = float(f"{base * self.times * (hall.fill if sort == 'installed' else 1):.3g}")
        bound = choose(rng, {"exact": 0.55, "about": 0.2, "at least": 0.15, "range": 0.1})
        low, high = (float(f"{0.9 * value:.3g}"), value) if bound == "range" else (value, value)
        value = low
        named = Truth("", "", sort, True, hall=hall, part=part, rung=rung if rung in RUNGS else "roofed",
                      due=month_end(day) if day else None)  # fmt: skip
        truth = replace(of or named, quantity=kind, claimed=value, factor=factor)
        stood, plan = truth.holds(truth.due or last), truth.sort == "undated plan"
        truth = replace(truth, true=plan or stood >= 0.95 * value, late="plan" in sort and not plan and stood == 0)
        kinds = {"pflops": ("PFLOPS", "PFLOPS", f"算力规模达到{value:.10g}P"), "chips": ("chips", "chips", f"{value:.10g}张加速卡"),
                 "servers": ("servers", "servers", f"{value:.10g}台算力服务器"), "it_mw": ("power_MW", "MW", f"IT负荷{value:.10g}兆瓦"),
                 "facility_mw": ("power_MW", "MW", f"总用电负荷{value:.10g}兆瓦"), "racks": ("racks", "racks", f"{value:.10g}个标准机架"),
                 "energy_gwh_per_yr": ("energy_GWh_per_yr", "GWh/yr", f"年用电量{value / 100:.10g}亿千瓦时")}  # fmt: skip
        quantity_kind, unit, words = kinds[kind]
        readings = ""
        if kind == "pflops" and rng.random() < 0.06 and value > 100:  # a missing 万
            low, high, readings, bound = value / 1e4, value, f"{value / 1e4:.10g}|{value:.10g}", "exact"
            words = f"算力规模达到{low:.10g}P"
            truth = replace(truth, true=plan or stood > 0, sort=f"{truth.sort}, 万")
        lead = {"has": "已建成投用", "will": "计划建设", "can carry": "可承载"}[modality]
        self.add(
            filing, truth, quote=f"{part}{lead},{words}", quantity_kind=quantity_kind, value_low=low, value_high="" if bound == "at least" else high,
            unit=unit, value_date=month(day) if day else "", chip_model=model, phase=phase, modality=modality, rung=rung, bound=bound, part=part, readings=readings,
            scope={"it_mw": "IT", "facility_mw": "facility", "racks": "standard"}.get(kind, ""),
            precision=(precision if precision in ("dense", "sparse") and rng.random() < 0.1 else "not stated")
            if kind == "pflops" else "",
        )  # fmt: skip

    def plan(self, hall: Hall) -> None:
        """File a plan before the works begin: totals without a day, a first phase with one, floor, money, a due day."""
        rng = self.rng
        begun = hall.parts[0].reached["ground broken"]
        day = (begun if begun < NEVER else later(rng, FIRST, 0, 12)) - dt.timedelta(days=int(rng.integers(20, 200)))
        text = self.filing(hall.site_id, day, choose(rng, {"county": 0.5, "company": 0.3, "mirror": 0.2}))
        first = hall.parts[0]
        rung = choose(rng, {"roofed": 0.3, "powered": 0.35, "running": 0.35})
        done = first.reached[rung]
        if done >= NEVER:
            due = later(rng, day, 4, 14)
        else:  # half of the promises are kept
            due = later(rng, done, 0, 4) if rng.random() < 0.5 else later(rng, done, -14, -1)
            due = max(due, later(rng, day, 2, 3))
        part = first.name if len(hall.parts) > 1 or rng.random() < 0.4 else ""
        dated = bool(rng.random() < 0.6), bool(rng.random() < 0.8)
        whole = Truth("", "", "undated plan", True, hall=hall)
        if any(dated) and not part:  # the day of the text is that of its total, floor and money
            whole = replace(whole, sort="dated plan, by its text", due=month_end(due), rung=rung,
                            late=not hall.standing(month_end(due), rung))  # fmt: skip
        self.number(hall, text, "undated plan", hall.parts, None, ("planned", "will", "filed"), of=whole)
        if dated[0]:
            self.number(hall, text, "dated plan", (first,), due, ("planned", "will", rung), part)
        if dated[1]:
            self.dated(hall, text, due, part, rung, "completion_date", "planned", "will")
        floor = float(f"{hall.capacity('floor_m2', hall.parts):.2g}")
        cost = float(f"{sum(p.it_mw for p in hall.parts) / 0.011 * 3e6 * rng.uniform(0.6, 1.7):.3g}")
        for sort, quantity, kind, value, unit, words in (
            ("floor", "floor_m2", "floor_m2", floor, "m2", f"总建筑面积约{floor:.10g}平方米"),
            ("cost", "cost_cny", "investment_CNY", cost, "CNY", f"总投资约{cost / 1e8:g}亿元"),
        ):
            if rng.random() < 0.5:
                self.add(text, replace(whole, sort=sort, true=not whole.late, late=False, quantity=quantity, claimed=value), quote=words, quantity_kind=kind,
                         value_low=value, value_high=value, unit=unit, phase="planned", modality="will", rung="filed",
                         bound="about")  # fmt: skip

    def dated(
        self, hall: Hall, text: dict[str, Any], due: dt.date, part: str, rung: str, kind: str, phase: str, modality: str
    ) -> None:
        """Assert that a rung is reached by (the end of) a month."""
        late = not hall.standing(month_end(due), rung, part or hall.parts[0].name)
        words = {"ground broken": "开工建设", "roofed": "主体封顶", "powered": "通电", "running": "建成投产"}[rung]
        self.add(text, Truth("", "", "completion", not late, late=late, hall=hall, part=part, rung=rung, due=month_end(due)),
                 quote=f"{part}{due.year}年{due.month}月{'前' if modality == 'will' else ''}{words}", quantity_kind=kind, unit="date",
                 value_date=month(due), phase=phase, modality=modality, rung=rung,
                 part=part, evidence_use="no", evidence_reason="holds no number")  # fmt: skip

    def news(self, hall: Hall) -> None:
        """Report what is said to run, and what halls can carry, on a later day."""
        rng = self.rng
        first = hall.parts[0].reached["running"]
        day = min(later(rng, first, 0, 12), LAST) if first < LAST else later(rng, FIRST, 10, 30)
        text = self.filing(hall.site_id, day, choose(rng, {"county": 0.3, "press": 0.4, "mirror": 0.3}))
        running, roofed = hall.standing(day), hall.standing(day, "roofed")
        if running or rng.random() < 0.5:  # what is said to stand where nothing does is false
            part = running[0].name if running and len(hall.parts) > 1 and rng.random() < 0.35 else ""
            said = tuple(p for p in running if part in ("", p.name))
            for _ in range(int(rng.integers(1, 3))):
                self.number(hall, text, "installed", said, day, ("operating", "has", "running"), part)
        if rng.random() < 0.35:
            dated = day if rng.random() < 0.5 else None
            self.number(hall, text, "can carry", roofed, dated, ("operating", "can carry", "roofed"), last=day)
        if roofed and rng.random() < 0.3:
            topped = roofed[0].reached["roofed"]
            said_day = topped if rng.random() < 0.6 else later(rng, topped, -12, -2)
            self.dated(hall, text, said_day, roofed[0].name if len(hall.parts) > 1 else "", "roofed", "milestone_date",
                       "under construction", "has")  # fmt: skip

    def total(self, site_id: str, halls: list[Hall]) -> None:
        """State what runs at several sites together, of an aggregate or a parent: the truth or five times it."""
        rng, day = self.rng, later(self.rng, FIRST, 24, 32)
        sums = {k: sum(h.capacity(k, h.standing(day)) * (h.fill if k != "racks" else 1) for h in halls)
                for k in ("chips", "pflops", "racks")}  # fmt: skip
        kind = str(rng.choice(list(sums)))
        times = choose(rng, {1: 0.7, 5: 0.3})
        value = float(f"{max(sums[kind], 100) * times:.3g}")
        text = self.filing(site_id, day, choose(rng, {"press": 0.6, "county": 0.4}))
        unit = {"chips": "chips", "pflops": "PFLOPS", "racks": "racks"}[kind]
        holds = sum(h.capacity(kind, h.standing(month_end(day))) for h in halls)
        self.add(text, Truth("", "", "aggregate", holds >= 0.95 * value, kind, value, due=month_end(day), total=holds),
                 quote=f"全区已建成{value:.10g}{unit}", quantity_kind=unit, value_low=value, value_high=value, unit=unit,
                 value_date=month(day), phase="operating", modality="has", rung="running", bound="about", precision="not stated" if kind == "pflops" else "",
                 scope="standard" if kind == "racks" else "")  # fmt: skip


def measured(rng: np.random.Generator, value: float, factor: float) -> dict[str, float]:
    """Return an honest 90% interval of a factor up and down; the error has heavier tails than a normal one."""
    best = value * math.exp(rng.logistic(0, math.log(factor) / 2.944))
    return {"low": float(f"{best / factor:.4g}"), "best": float(f"{best:.4g}"), "high": float(f"{best * factor:.4g}")}


def sizes(rng: np.random.Generator, hall: Hall, parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    """Return what a close look at powered phases measures of their plant."""
    it = sum(p.it_mw for p in parts)
    facility, cooling = it * hall.pue, it * hall.cooling_ratio
    out: list[dict[str, Any]] = []
    if rng.random() < 0.35:
        out.append({"quantity": "facility_mw", **measured(rng, facility, 1.5), "unit": "MW", "scope": "facility"})
    if rng.random() < 0.35:
        shared = 1.0 if rng.random() < 0.85 else rng.uniform(1.5, 4)
        out.append(
            {"quantity": "transformers_mva", **measured(rng, shared * facility / hall.mva_ratio, 1.08), "unit": "MVA"}
        )
    if rng.random() < 0.4:
        if hall.cooling == "air chiller" and rng.random() < 0.5:
            unit = cooling / hall.derate / rng.triangular(0.7, 1.4, 2.1)
            out.append({"quantity": "chillers", **measured(rng, max(unit, 1), 1.1), "unit": "units"})
        else:
            yard = cooling / hall.derate / rng.triangular(*YARD_KW_M2[hall.cooling])
            out.append({"quantity": "cooling_area_m2", **measured(rng, yard, 1.15), "unit": "m2"})
    if rng.random() < 0.2:
        sets = facility / rng.triangular(0.55, 0.85, 1.1) / rng.triangular(1.8, 2.2, 3.2)
        out.append({"quantity": "generator_units", **measured(rng, max(sets, 1), 1.06), "unit": "units"})
    return out


def look(rng: np.random.Generator, hall: Hall, day: dt.date, sees: str, part: str, close: bool) -> list[dict[str, Any]]:
    """Return the rows of one look: rung reached by all of what was looked at, rung reached by none of it, sizes."""
    parts = tuple(p for p in hall.parts if part in ("", p.name))
    visible = RUNGS[: RUNGS.index(sees) + 1]
    reached = [r for r in visible if all(p.reached[r] <= day for p in parts)]
    missing = [r for r in visible if not any(p.reached[r] <= day for p in parts)]
    row = {"rung": reached[-1] if reached else "", "not_yet": missing[0] if missing else "", "part": part}
    roofed = tuple(p for p in parts if p.reached["roofed"] <= day)
    rows = [row]
    if roofed and rng.random() < 0.85:
        row |= {"quantity": "roof_m2", **measured(rng, sum(p.roof_m2 for p in roofed), 1.1), "unit": "m2"}
    powered = tuple(p for p in parts if p.reached["powered"] <= day)
    if close and powered:
        rows += [{"rung": "", "part": part, **size} for size in sizes(rng, hall, powered)]
    return [r for r in rows if r.get("rung") or r.get("not_yet") or r.get("quantity")]


def observe(rng: np.random.Generator, hall: Hall, simulated: str) -> Seen | None:
    """Look at a site, or at another place as often as p_place admits."""
    if rng.random() < 0.2:
        return None
    p = choose(rng, PLACES)
    right = bool(rng.random() < (UNKNOWN_RIGHT if p is None else p))
    share = 1.0 if rng.random() < 0.75 else float(rng.choice([0.6, 0.8, 0.95]))
    seen = hall
    if not right:  # another building, or bare ground
        other = make_hall(rng, hall.site_id, 0.4)
        seen = replace(other, parts=other.parts[:1])
    elif rng.random() > share:  # it stands in what was not searched
        seen = replace(hall, parts=tuple(replace(x, reached=dict.fromkeys(RUNGS, NEVER)) for x in hall.parts))
    series = bool(rng.random() < 0.45)
    span = (LAST - FIRST).days
    count = int(rng.integers(6, 12)) if series else int(rng.integers(1, 3))
    offsets = (
        np.linspace(0, span, count) + rng.uniform(-30, 30, count) if series else rng.uniform(0.3 * span, span, count)
    )
    days = sorted(FIRST + dt.timedelta(days=int(np.clip(o, 0, span))) for o in offsets)
    sees = choose(rng, {"roofed": 0.4, "powered": 0.35, "running": 0.25})
    at = (round(hall.lat + rng.uniform(-0.004, 0.004), 5), round(94 + rng.uniform(-0.004, 0.004), 5))
    by_part = len(seen.parts) > 1 and right and rng.random() < 0.7
    rows = []
    for n, day in enumerate(days):
        for part in [x.name for x in seen.parts] if by_part else [""]:
            for row in look(rng, seen, day, sees, part, n == len(days) - 1 and sees != "roofed"):
                rows.append({
                    "site_id": hall.site_id, "observer": "desk", "how": "satellite picture", "date": str(day),
                    "independence_group": f"D{hall.site_id}", "quote": "", "note": "", "lat": at[0], "lon": at[1], "position_error_m": 20, "p_place": "" if p is None else p, "simulated": simulated,
                    "place_reason": "" if p is None else "by hand: the outline of the filing",
                    "searched_share": share if row.get("not_yet") else "", **row,
                })  # fmt: skip
    return Seen(p, right and seen is hall, series, share, tuple(rows)) if rows else None


def write_case(
    folder: Path, seed: int, sites: int, simulated: str = "", texts: int = 1
) -> tuple[list[Truth], dict[str, Seen]]:
    """Write a case folder of data/raw and return what is true of its claims and what was looked at."""
    rng = np.random.default_rng([seed, 14])
    writer, seen, places = Writer(rng), {}, []
    for group in range(math.ceil(sites / GROUP)):
        county, parent = f"county {group}", f"AGG-{group}"
        halls = [make_hall(rng, f"S{group * GROUP + n:04d}") for n in range(min(GROUP, sites - group * GROUP))]
        places.append({"site_id": parent, "name_en": f"{county} total", "county": county, "country": "CN",
                       "role": "aggregate", "covers": county, "province": "Xinjiang"})  # fmt: skip
        campus = f"P{group}" if rng.random() < 0.5 and len(halls) > CAMPUS else ""
        if campus:
            places.append({"site_id": campus, "name_en": f"Campus of {county}", "county": county, "country": "CN",
                           "role": "announced", "province": "Xinjiang", "parent": parent})  # fmt: skip
            writer.total(campus, halls[:CAMPUS])
        for n, hall in enumerate(halls):
            writer.plan(hall)
            for _ in range(texts):
                writer.news(hall)
            looks = observe(rng, hall, simulated)
            if looks:
                seen[hall.site_id] = looks
            places.append({
                "site_id": hall.site_id, "name_en": f"Hall {hall.site_id}", "county": county, "province": "Xinjiang",
                "country": "CN", "lat": hall.lat, "lon": 94.0, "coord_precision_km": 1.0, "datum": "WGS-84",
                "datum_reason": "simulated", "role": "announced", "parent": campus if campus and n < CAMPUS else parent,
                "elevation_m": round((1 - hall.derate) * 17500),
            })  # fmt: skip
        writer.total(parent, halls)
    rows = [{**r, "observation_id": f"O{n:05d}"} for n, r in enumerate((r for s in seen.values() for r in s.rows), 1)]
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    for table in RAW.glob("*.csv"):
        shutil.copy(table, raw)
    for name, body in (("sites", places), ("claims", writer.claims), ("observations", rows)):
        with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        with (raw / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
            out.writeheader()
            out.writerows(body)
    return writer.truths, seen
