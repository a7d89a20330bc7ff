"""From the register to the model: which claims and observations bear on a question, and as what.

The number under test is not part of a Question: it is opened by verdict.judge alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from osint.model import network
from osint.model.givens import Given
from osint.register import LADDER, QUANTITIES, TIERS, Register, date_bounds

QUANTITY = {
    "chips": "chips", "servers": "servers", "racks": "racks", "PFLOPS": "pflops", "floor_m2": "floor_m2", "land_m2": "land_m2",
    "land_mu": "land_m2", "energy_GWh_per_yr": "energy_gwh_per_yr", "investment_CNY": "cost_cny",
}  # fmt: skip


CAPACITY = {
    "chips",
    "servers",
    "racks",
    "pflops",
    "it_mw",
    "facility_mw",
    "power_mw",
    "average_mw",
    "energy_gwh_per_yr",
}


POWER_SCOPE = {"facility": "facility_mw", "IT": "it_mw", "grid": ""}


M2_PER_MU = 2000 / 3


ROUNDING = {"exact": 0.03, "about": 0.10}  # half width of the 90% interval of a number as printed


NEAR_DAYS = 200
PLAN_DAYS = 550
POWER = {"it_mw", "facility_mw", "power_mw", "average_mw", "full_load_mw", "energy_gwh_per_yr"}
ONE_NUMBER = {"chips", "servers", "pflops"}


FAMILIES = {
    "H100/H200": ("H100", "H200"), "Blackwell": ("B200", "GB200"), "domestic": ("Ascend 910B", "Ascend 910C", "domestic mixed"),
    "T-Head": ("domestic mixed",), "Cambricon": ("domestic mixed",), "Ascend": ("Ascend 910B", "Ascend 910C"),
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What is asked about a claim, without its value: the number under test is held out."""

    claim_id: str
    site_id: str
    quantity: str
    group: str
    stage: str  # plan, works or live
    day: int  # ordinal of the latest day that the claim speaks of
    part: str  # phase, building or lot that the claim covers; empty for the whole site
    due: bool  # whether the claim names that day as a date by which it holds
    families: tuple[str, ...]
    country: str


def quantity_of(row: pd.Series | dict) -> str:
    """Quantity of the model that a claim or observation speaks of; empty if it has none."""
    kind = row["quantity_kind"]
    scope = row["scope"]
    if kind == "power_MW":
        return POWER_SCOPE.get(scope, "power_mw")
    if any(word in scope for word in ("equivalent", "per ", "of ", "generation")):
        return ""
    return QUANTITY.get(kind, "")


def families_of(chip_model: str) -> tuple[str, ...]:
    """Chip families that a claim names; empty if none."""
    for name, members in FAMILIES.items():
        if name in chip_model:
            return members
    return (chip_model,) if chip_model in {"H100", "H200", "H800", "H20", "GB200", "B200", "A100", "Trainium2"} else ()


def stage_of(row: pd.Series | dict) -> str:
    """What the claim speaks of: a plan, works on the ground, or what is live."""
    if row["modality"] in {"will", "would"} or row["rung"] not in LADDER[2:]:
        return "plan"
    return "works" if row["rung"] in LADDER[2:4] else "live"


def comparable(stage: str, day: int, part: str, other: pd.Series | dict, quantity: str) -> bool:
    """Whether another claim speaks of the same thing: the same part of the site, and not a plan against a live hall.

    Floor, land and racks stay once built; compute and power are compared within 200 days only.
    """
    theirs = stage_of(other)
    if {stage, theirs} == {"plan", "live"} or part != other["part"]:
        return False
    if "plan" in {stage, theirs} and min(day, day_of(other)) > 0 and abs(day - day_of(other)) > PLAN_DAYS:
        return False
    lasting = quantity in {"floor_m2", "land_m2", "racks", "cost_cny"} or "plan" in {stage, theirs}
    return lasting or (day > 0 and day_of(other) > 0 and abs(day - day_of(other)) <= NEAR_DAYS)


def day_of(row: pd.Series | dict) -> int:
    """Ordinal of the day that a claim speaks of; 0 if it is undated."""
    text = row["value_date"] or row["date"]
    return date_bounds(text)[1].toordinal() if text else 0


def question(row: pd.Series | dict, register: Register) -> Question:
    """The question that a claim puts, stripped of its value."""
    site = register.site(row["site_id"])
    return Question(
        row["claim_id"],
        row["site_id"],
        quantity_of(row),
        row["independence_group"],
        stage_of(row),
        day_of(row),
        row["part"],
        bool(row["value_date"]),
        families_of(row["chip_model"]),
        site["country"],
    )


def given_of(row: pd.Series | dict) -> Given | None:
    """A claim as evidence: its rounding as a 90% interval, or a bound on one side."""
    quantity = quantity_of(row)
    low, high = row["value_low"], row["value_high"]
    if not quantity or row["evidence_use"] != "yes" or not np.nanmax([low, high, 0]) > 0 or row["readings"]:
        return None
    factor = M2_PER_MU if row["quantity_kind"] == "land_mu" else 1.0
    half = ROUNDING["about"] if row["bound"] == "about" else ROUNDING["exact"]
    bottom = None if np.isnan(low) or low == 0 else low * factor
    top = None if np.isnan(high) else high * factor
    if row["bound"] == "at least" or top is None:
        top = None
    elif row["bound"] == "at most" or bottom is None:
        bottom = None
    elif bottom == top:
        bottom, top = bottom * (1 - half), top * (1 + half)
    return (
        Given(quantity, bottom, top, f"{row['claim_id']}, {row['claimant']}", (row["claim_id"],))
        if bottom or top
        else None
    )


def evidence(q: Question, register: Register) -> tuple[list[Given], bool]:
    """The other evidence on the site: claims of other quantities, and observations by others.

    One claim for each quantity: of the same stage if there is one, from another group before the same one, then
    the nearest in time, then the most official. Copies of one story share a group and so count once. Of the
    claim's own group only what is measured in another way (floor, land, power, racks, money) is used: chips,
    servers and P of one statement are the same number three times.
    """
    best: dict[str, tuple] = {}
    for row in register.rows("claims", q.site_id):
        given = given_of(row)
        if given is None or given.quantity == q.quantity or (q.country != "CN" and given.quantity == "cost_cny"):
            continue
        own = row["independence_group"] == q.group
        if own and {given.quantity, q.quantity} <= ONE_NUMBER:
            continue
        if not comparable(q.stage, q.day, q.part, row, given.quantity):
            continue
        rank = (
            stage_of(row) != q.stage, own, given.bound, abs(day_of(row) - q.day), TIERS.index(row["source_tier"]), row["claim_id"],
        )  # fmt: skip
        if given.quantity not in best or rank < best[given.quantity][0]:
            best[given.quantity] = (rank, given)
    seen = observed_givens(q, register)
    measured = {s.quantity for s in seen} | (POWER if POWER & {s.quantity for s in seen} else set())
    givens = [_one_sided(g, q) for _, g in best.values() if g.quantity not in measured and (g.low or _bears(g, q))]
    if any(g.quantity != "land_m2" and not g.bound for g in [*givens, *seen]):
        givens = [g for g in givens if g.quantity != "land_m2"]  # land bounds nothing where more is known
    return givens + seen, bool(seen)


def _one_sided(g: Given, q: Question) -> Given:
    """Compute is only a part of what racks and power serve, so that it bounds them from below."""
    return g if _bears(g, q) else Given(g.quantity, g.low, None, g.label, g.ids)


def _bears(g: Given, q: Question) -> bool:
    """Whether a given bears on the quantity from both sides."""
    return g.quantity not in ONE_NUMBER | {"cost_cny"} or q.quantity in ONE_NUMBER


def observed_givens(q: Question, register: Register) -> list[Given]:
    """Measurements of the site by others than the claimant: the latest of each quantity."""
    latest: dict[str, tuple] = {}
    for row in register.rows("observations", q.site_id):
        if (
            row["independence_group"] == q.group
            or row["quantity"] not in QUANTITIES
            or np.isnan(row["low"])
            or np.isnan(row["high"])
        ):
            continue
        rank = date_bounds(row["date"])[1].toordinal()
        if q.stage == "plan" and not (q.due and rank >= q.day):
            continue  # what stands before the due day does not test a plan
        if q.stage == "live" and row["quantity"] == "roof_m2" and 0 < rank < q.day - NEAR_DAYS:
            continue  # a roof seen long before bounds nothing: more may have been built since
        if q.stage == "works" and row["quantity"] in POWER and not (q.due and rank >= q.day):
            continue  # power today does not test a hall that is being built
        given = Given(
            row["quantity"],
            row["low"],
            row["high"],
            f"{row['observation_id']}, {row['observer']}",
            (row["observation_id"],),
        )
        if row["quantity"] not in latest or rank > latest[row["quantity"]][0]:
            latest[row["quantity"]] = (rank, given)
    return [g for _, g in latest.values()]


def readings_for(q: Question, givens: list[Given], register: Register) -> list[network.Reading]:
    """Readings of a question: the claim's own chip families as worded, else the prior of the country."""
    prior = None
    if q.families:
        known = network.Network.of(register).families(None, q.country, None)
        weights = {f: known.get(f, 0.05) or 0.05 for f in q.families}
        prior = {f: w / sum(weights.values()) for f, w in weights.items()}
    wanted = {q.quantity} | {g.quantity for g in givens}
    return network.Network.of(register).readings(wanted, country=q.country, family_prior=prior)


def claimed(row: pd.Series | dict) -> float:
    """The number that must fit, in the unit of the model: the lower value, or the upper of an 'up to'.

    Where a text allows two readings, the larger, which is the harder to fit.
    """
    if row["readings"]:
        return max(float(r) for r in row["readings"].split("|"))
    value = row["value_low"] if not np.isnan(row["value_low"]) and row["bound"] != "at most" else row["value_high"]
    return float(value) * (M2_PER_MU if row["quantity_kind"] == "land_mu" else 1.0)
