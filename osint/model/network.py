"""The network of relations between quantities: a tree in log space, one for each discrete reading.

Every quantity is it_mw (nameplate) times a chain of uncertain factors, so that its logarithm is
t + m + L e, with t the unknown log of it_mw, m the sum of the logs of the best factors, and e
independent standard normals, one for each relation. A relation's best is taken as its median and the
wider of its two sides as the 90% bound on both: neither published bound is ever cut.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from osint.errors import OsintError
from osint.register.tables import Register

Z90 = 1.6448536269514722  # standard normal at 95%: half of a two-sided 90% interval
HOURS = 8.76  # GWh a year per MW

QUANTITIES = {
    "chips": "chips",
    "servers": "servers",
    "racks": "standard racks",
    "it_mw": "MW IT, nameplate",
    "full_load_mw": "MW IT, measured under full load",
    "average_mw": "MW IT, yearly average",
    "facility_mw": "MW facility, at the design peak",
    "power_mw": "MW, kind of power not stated",
    "energy_gwh_per_yr": "GWh facility a year",
    "pflops": "PFLOPS, FP16",
    "floor_m2": "m2 gross floor",
    "roof_m2": "m2 roof",
    "land_m2": "m2 land",
    "cooling_mw": "MW cooling, nameplate",
    "cooling_area_m2": "m2 cooling yard",
    "chiller_area_m2": "m2 of chiller footprint",
    "chillers": "air-cooled chillers",
    "cooling_fans": "fans of air-cooled chillers",
    "transformers_mva": "MVA installed",
    "generators_mw": "MW of backup generators, nameplate",
    "generator_units": "backup generators",
    "cost_cny": "CNY, all-in",
}
COMPUTE = {"chips", "servers", "pflops", "cost_cny"}  # what depends on the chip family
MEASURED = {"H100", "H200", "H800"}  # families whose full load is a relation, not a column of chips.csv


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
    def sigma(self) -> float:
        """Standard deviation of the log: the wider side is the 90% bound."""
        return max(np.log(self.high / self.best), np.log(self.best / self.low)) / Z90


@dataclass(frozen=True)
class Edge:
    """From a parent quantity to a child: log child = log parent + shift + sum of sign x factor."""

    parent: str
    shift: float
    factors: tuple[tuple[float, Factor], ...]


@dataclass(frozen=True)
class Reading:
    """One choice of every discrete unknown, its prior, and the tree that follows from it."""

    choice: dict[str, str]
    prior: float
    edges: dict[str, Edge] = field(repr=False)

    def path(self, quantity: str) -> list[tuple[str, Edge]]:
        """Edges from it_mw down to the quantity."""
        steps: list[tuple[str, Edge]] = []
        while quantity != "it_mw":
            edge = self.edges[quantity]
            steps.append((quantity, edge))
            quantity = edge.parent
        return steps[::-1]

    def mean(self, quantity: str) -> float:
        """Log of the quantity per MW IT, at the best factors."""
        return sum(e.shift + sum(s * np.log(f.best) for s, f in e.factors) for _, e in self.path(quantity))

    def loading(self, quantity: str) -> dict[str, float]:
        """Standard deviation that each named factor adds, with its sign."""
        out: dict[str, float] = {}
        for _, edge in self.path(quantity):
            for sign, f in edge.factors:
                out[f.name] = out.get(f.name, 0.0) + sign * f.sigma
        return out


def factors(relations: pd.DataFrame, country: str | None) -> dict[str, Factor]:
    """Relations that the network uses, for a country (CN, or any other)."""
    place = "CN" if country == "CN" else "other"
    rows = relations[(relations["used"] == "network") & relations["country"].isin(["", place])]
    return {
        r["relation"]: Factor(r["relation"], r["low"], r["best"], r["high"], r["unit"], r["source"])
        for r in rows.to_dict("records")
        if np.isfinite(r["low"])
    }


def families(chips: pd.DataFrame, chip: str | None, country: str | None, date: str | None) -> dict[str, float]:
    """Chip families and their prior: the named chip, or the stated prior by country and date."""
    if chip is not None:
        known = {c.casefold(): c for c in chips["chip"]}
        if chip.casefold() not in known:
            raise OsintError(f"the chip {chip!r} is not in chips.csv; use one of {', '.join(chips['chip'])}")
        return {known[chip.casefold()]: 1.0}
    column = "prior_cn" if country == "CN" else "prior_other"
    rows = chips[chips[column] > 0]
    if date:
        rows = rows[rows["available_from"] <= int(date[:4])]
    weights = rows.set_index("chip")[column]
    return (weights / weights.sum()).to_dict()


def _chip_factor(row: dict, what: str, unit: str) -> Factor:
    low, best, high = (float(row[f"{what}_kw_{side}"]) / 1000 for side in ("low", "best", "high"))
    return Factor(f"{what}_mw per {row['chip']}", low, best, high, unit, row["source"])


def _edges(
    choice: dict[str, str], f: dict[str, Factor], chips: dict[str, dict], country: str | None, form: str
) -> dict[str, Edge]:
    """The tree of one reading."""
    cn = country == "CN"
    edges = {
        "facility_mw": Edge("it_mw", 0.0, ((1, f["pue_peak"]),)),
        "average_mw": Edge("it_mw", 0.0, ((1, f["load_factor"]),)),
        "energy_gwh_per_yr": Edge(
            "it_mw" if choice.get("energy basis") == "design load" else "average_mw",
            np.log(HOURS),
            ((1, f["pue_annual_cn" if cn else "pue_annual"]),),
        ),
        "racks": Edge(
            "it_mw",
            0.0,
            ((-1, f["rack_power"]),) + (() if choice.get("rack basis") == "design" else ((-1, f["rack_fill"]),)),
        ),
        "full_load_mw": Edge("it_mw", 0.0, ((1, f["full_load_share"]),)),
        "land_m2": Edge("facility_mw", 0.0, ((-1, f["land"]),)),
        "roof_m2": Edge("floor_m2", 0.0, ((-1, f["storeys_cn" if cn else "storeys"]),)),
        "cooling_mw": Edge("it_mw", 0.0, ((1, f["cooling_to_it"]),)),
        "chiller_area_m2": Edge("cooling_mw", 0.0, ((-1, f["chiller_area"]),)),
        "cooling_fans": Edge("cooling_mw", 0.0, ((-1, f["chiller_fans"]),)),
        "chillers": Edge("cooling_mw", 0.0, ((-1, f["chiller_units"]),)),
        "cooling_area_m2": Edge("cooling_mw", 0.0, ((-1, f["cooling_yard"]),)),
        "transformers_mva": Edge("facility_mw", 0.0, ((-1, f["transformers"]),)),
        "generators_mw": Edge("facility_mw", 0.0, ((-1, f["generators"]),)),
        "generator_units": Edge("generators_mw", 0.0, ((-1, f["generator_unit"]),)),
    }
    stated = {"IT nameplate": "it_mw", "yearly average": "average_mw"}.get(choice.get("power kind", ""), "facility_mw")
    edges["power_mw"] = Edge(stated, 0.0, ())
    if cn:
        edges["floor_m2"] = Edge("it_mw", 0.0, ((-1, f["floor_cn"]),))
    elif choice.get("hall") == "conventional":
        edges["floor_m2"] = Edge("it_mw", 0.0, ((-1, f["floor_conventional"]),))
    else:
        edges["floor_m2"] = Edge("facility_mw", 0.0, ((-1, f["floor_ai"]),))
    if "chip family" in choice:
        edges |= _chip_edges(choice, f, chips[choice["chip family"]], cn, form)
    return edges


def _chip_edges(choice: dict[str, str], f: dict[str, Factor], row: dict, cn: bool, form: str) -> dict[str, Edge]:
    edges = {
        "chips": Edge("it_mw", 0.0, ((-1, _chip_factor(row, "it", "MW IT nameplate per chip")),)),
        "servers": Edge("chips", 0.0, ((-1, f["chips_per_server"]),)),
    }
    if "cost_per_server_cn" in f:
        edges["cost_cny"] = Edge("servers", 0.0, ((1, f["cost_per_server_cn"]),))
    per_chip = row[f"fp16_{choice.get('precision', 'dense')}_pflops"]
    if np.isfinite(per_chip):
        rounded = Factor(
            f"pflops per {row['chip']}",
            per_chip / row["pflops_spread"],
            per_chip,
            per_chip * row["pflops_spread"],
            "PFLOPS FP16 per chip",
            row["source"],
        )
        edges["pflops"] = Edge("chips", 0.0, ((1, rounded),))
    if row["chip"] in MEASURED:
        name = {"4-GPU": "full_load_4gpu", "8-GPU": "full_load_8gpu"}.get(
            form, "full_load_8gpu" if cn else "full_load_all"
        )
        edges["full_load_mw"] = Edge("chips", 0.0, ((1, f[name]),))
    elif np.isfinite(row["full_load_kw_best"]):
        edges["full_load_mw"] = Edge(
            "chips", 0.0, ((1, _chip_factor(row, "full_load", "MW IT under full load per chip")),)
        )
    return edges


def readings(
    wanted: set[str],
    register: Register,
    *,
    country: str | None = None,
    chip: str | None = None,
    date: str | None = None,
    form: str = "",
    fixed: dict[str, str] | None = None,
    family_prior: dict[str, float] | None = None,
) -> list[Reading]:
    """Every combination of the discrete unknowns that bear on the wanted quantities.

    `fixed` sets a reading by hand, as {"precision": "dense"}. A combination for which a quantity has no
    path (a chip with no sparse mode) is left out and the rest are weighted up.
    """
    key = (
        "readings",
        frozenset(wanted),
        country,
        chip,
        date,
        form,
        *(tuple(sorted((d or {}).items())) for d in (fixed, family_prior)),
    )
    if key not in register.cache:
        register.cache[key] = _readings(wanted, register, country, chip, date, form, fixed or {}, family_prior)
    return register.cache[key]


def _readings(
    wanted: set[str],
    register: Register,
    country: str | None,
    chip: str | None,
    date: str | None,
    form: str,
    fixed: dict[str, str],
    family_prior: dict[str, float] | None,
) -> list[Reading]:
    chips, priors = register.chips, register.readings
    if "factors" not in register.cache:
        places = {"CN": "CN", "other": None}
        register.cache["factors"] = {p: factors(_all_forms(register.relations), c) for p, c in places.items()}
        register.cache["chips"] = chips.set_index("chip", drop=False).to_dict("index")
        register.cache["priors"] = [
            (n, t["applies_to"].iloc[0], t.set_index("option")["prior"].to_dict())
            for n, t in priors.groupby("reading", sort=False)
        ]
    f = register.cache["factors"]["CN" if country == "CN" else "other"]
    options: dict[str, dict[str, float]] = {}
    if chip:
        families(chips, chip, country, date)  # an unknown chip is refused even where it does not matter
    if wanted & COMPUTE or ("full_load_mw" in wanted and (chip or wanted & COMPUTE)):
        options["chip family"] = family_prior or families(chips, chip, country, date)
    for name, applies, prior in register.cache["priors"]:
        relevant = applies in wanted or (applies == "floor_m2" and "roof_m2" in wanted)
        if relevant and not (name == "hall" and country == "CN"):
            options[name] = prior
    for name, option in fixed.items():
        if name in options:
            options[name] = {option: 1.0}
    out = []
    for combination in itertools.product(*(o.items() for o in options.values())):
        choice = {name: option for name, (option, _) in zip(options, combination, strict=True)}
        edges = _edges(choice, f, register.cache["chips"], country, form)
        if all(q == "it_mw" or q in edges for q in wanted):
            out.append(Reading(choice, float(np.prod([p for _, p in combination])), edges))
    if not out:
        raise OsintError(
            f"no chain of relations joins {', '.join(sorted(wanted))} for {chip or 'any chip'} in {country or 'any country'}; "
            "see relations.csv and chips.csv for what is known"
        )
    return _weigh(out, options.get("chip family", {}))


def _all_forms(relations: pd.DataFrame) -> pd.DataFrame:
    """A stated server form (4-GPU, 8-GPU) holds in any country."""
    rows = relations.copy()
    rows.loc[rows["relation"].isin(["full_load_8gpu", "full_load_all"]), "country"] = ""
    return rows


def _weigh(found: list[Reading], family_prior: dict[str, float]) -> list[Reading]:
    """Priors that sum to one; a family keeps its share where one of its readings has no path."""
    within: dict[str, float] = {}
    for r in found:
        name = r.choice.get("chip family", "")
        within[name] = within.get(name, 0.0) + r.prior
    share = {name: family_prior.get(name, 1.0) for name in within}
    total = sum(share.values())
    return [
        Reading(r.choice, r.prior / within[name] * share[name] / total, r.edges)
        for r in found
        for name in [r.choice.get("chip family", "")]
    ]
