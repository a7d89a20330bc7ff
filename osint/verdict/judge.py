"""From a claim to a finding: what the other evidence allows, and only then the claimed number.

`bound` is asked with a Question, which has no value in it; `judge` opens the claim afterwards. Findings use
the fixed vocabulary of FINDINGS, the word for a probability follows ICD 203, confidence is a field of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from osint import model
from osint.errors import OsintError
from osint.model import explain, network
from osint.model.estimate import Given, Posterior, _columns
from osint.model.evidence import CAPACITY, ROUNDING, Question, claimed, evidence, question, readings_for
from osint.register import LADDER, Register, date_bounds

FINDINGS = {
    "refuted": "the observations leave less than 5% for the claim as worded",
    "too early": "the claimed rung was asserted for a date at which the ground shows a lower rung",
    "strained": "possible only with an assumption at the edge of its range",
    "could fit": "the visible capacity is enough; nothing shows the chips",
    "supported": "an independent observation shows the rung itself, not only the shell",
    "inconsistent": "the claim contradicts itself, or another claim that cannot both be true, before any picture",
    "untested": "nothing has been observed that bears on it",
}
BANDS = (  # ICD 203, lower bound inclusive
    (0.0, "almost no chance"), (0.05, "very unlikely"), (0.20, "unlikely"), (0.45, "roughly even chance"),
    (0.55, "likely"), (0.80, "very likely"), (0.95, "almost certain"),
)  # fmt: skip
REFUTE, STRAIN = 0.05, 0.20


def word(probability: float) -> str:
    """ICD 203 word for a probability."""
    if not 0 <= probability <= 1:
        raise OsintError(f"{probability} is not a probability; it must lie between 0 and 1")
    return [name for low, name in BANDS if probability >= low][-1]


@dataclass(frozen=True)
class Bound:
    """What the other evidence allows for the quantity of a question; None where nothing bears on it."""

    givens: list[Given]
    observed: bool
    posterior: Posterior | None
    readings: list[network.Reading] = field(default_factory=list, repr=False)

    @cached_property
    def interval(self) -> tuple[float, float, float]:
        """Low, best, high (90%); NaN where nothing bears on it."""
        if self.posterior is None:
            return np.nan, np.nan, np.nan
        low, best, high = np.exp(self.posterior.quantile([0.05, 0.5, 0.95]))
        return float(low), float(best), float(high)


def bound(q: Question, register: Register) -> Bound:
    """What the evidence other than the claim allows for its quantity. Takes no value of the claim."""
    if q.quantity not in CAPACITY or q.site_id.startswith("AGG"):
        return Bound([], False, None)
    givens, seen = evidence(q, register)
    if not any(not g.bound for g in givens):
        return Bound(givens, seen, None)
    try:
        found = readings_for(q, givens, register)
    except OsintError:  # no relation joins the evidence to the claim's chip
        return Bound(givens, seen, None)
    return Bound(givens, seen, model.posterior(q.quantity, givens, found)[0], found)


def edge_assumption(q: Question, b: Bound, value: float) -> str:
    """The factor that must lie furthest from its best for the claim to hold, with how far (in sd)."""
    top = b.readings[int(np.argmax(b.posterior.weights))]  # type: ignore[union-attr]
    firm = [g for g in b.givens if not g.bound] + [Given(q.quantity, value, value)]
    mu, load, names = _columns(top, [g.quantity for g in firm])
    y = np.array([g.log for g in firm]) - mu
    cov = load @ load.T + np.diag([g.sd**2 for g in firm])
    inverse = np.linalg.inv(cov)
    ones = np.ones(len(firm))
    size = (ones @ inverse @ y) / (ones @ inverse @ ones)
    needed = load.T @ inverse @ (y - size)
    if not len(needed):
        return ""
    i = int(np.argmax(np.abs(needed)))
    factors = {f.name: f for e in top.edges.values() for _, f in e.factors}
    f = factors[names[i]]
    value_needed = f.best * np.exp(needed[i] * f.sigma)
    return f"{f.name} would have to be {model.show(value_needed)} {f.unit} (best {model.show(f.best)}, 90% {model.show(f.low)} to {model.show(f.high)})"


def judge(row: pd.Series | dict, register: Register, contradictions: dict[str, list[str]] | None = None) -> dict:
    """Open one claim and give its finding: a row of findings.csv.

    `contradictions` maps a claim to the checks (checks.py) that found it inconsistent.
    """
    q = question(row, register)
    b = bound(q, register)
    low, best, high = b.interval
    value = claimed(row) if q.quantity else np.nan
    against = (contradictions or {}).get(row["claim_id"], [])
    has_number = b.posterior is not None and np.isfinite(value) and q.quantity in CAPACITY and not against
    probability = b.posterior.at_least(value * (1 - ROUNDING["exact"])) if has_number else np.nan  # type: ignore[union-attr]
    shows = rung_shown(q, row, register)
    early = not_reached(q, row, register)
    finding = "too early" if early and not against else _finding(q, row, b, probability, against, shows, high, value)
    assumption = edge_assumption(q, b, value) if finding in {"strained", "refuted"} and has_number else ""
    return {
        "claim_id": row["claim_id"],
        "site_id": row["site_id"],
        "finding": finding,
        "probability": round(probability, 3) if np.isfinite(probability) else None,
        "word": word(probability) if np.isfinite(probability) else "",
        "confidence": _confidence(b, register),
        "basis": "observations"
        if b.observed or finding in {"supported", "too early"}
        else "documents"
        if b.givens or against
        else "none",
        "quantity": q.quantity,
        "unit": network.unit_of(q.quantity),
        "claimed": value if np.isfinite(value) else None,
        "allowed_low": low if np.isfinite(low) else None,
        "allowed_best": best if np.isfinite(best) else None,
        "allowed_high": high if np.isfinite(high) else None,
        "rung": row["rung"],
        "rests_on": sorted(
            {i for g in b.givens for i in g.ids}
            | set(shows if finding == "supported" else [])
            | set(early if finding == "too early" else [])
            | set(re.findall(r"[CO]\d{3,}", " ".join(against)))
        ),
        "contradicted_by": against,
        "assumption": assumption,
        "arithmetic": explain.chain(b.posterior, q.quantity, b.givens) if b.posterior is not None else [],
        "shown": _shown(finding, q, b, against, early or shows, probability, assumption),
        "not_shown": "No chip has been seen, and no document shows one delivered.",
        "would_change": [],
    }


def rung_shown(q: Question, row: pd.Series | dict, register: Register) -> list[str]:
    """Observations by others that show at least the claimed rung, no later than 60 days before the claim."""
    if row["rung"] not in LADDER[2:] or row["modality"] == "denied":
        return []
    rows = [o for o in register.rows("observations", q.site_id) if o["independence_group"] != q.group and o["rung"]]
    return [o["observation_id"] for o in rows if LADDER.index(o["rung"]) >= LADDER.index(row["rung"])]


def not_reached(q: Question, row: pd.Series | dict, register: Register) -> list[str]:
    """Observations, on or after the day for which the claim holds, at which the site was below the claimed rung.

    That day is the one that the claim names; what it says is there (has, can carry) is there on the day of saying it.
    """
    said = row["modality"] in {"has", "can carry"} and q.day > 0
    if not (q.due or said) or q.part or row["rung"] not in LADDER or row["modality"] == "denied":
        return []
    return [
        o["observation_id"]
        for o in register.rows("observations", q.site_id)
        if o["independence_group"] != q.group
        and o["not_yet"]
        and LADDER.index(row["rung"]) >= LADDER.index(o["not_yet"])
        and date_bounds(o["date"])[0].toordinal() >= q.day
    ]


def _finding(
    q: Question,
    row: pd.Series | dict,
    b: Bound,
    p: float,
    against: list[str],
    shows: list[str],
    high: float,
    value: float,
) -> str:
    if against:
        return "inconsistent"
    if np.isnan(p):
        return (
            "supported"
            if shows
            and not q.quantity
            and row["quantity_kind"] in {"status", "start_date", "milestone_date", "completion_date"}
            else "untested"
        )
    if b.observed:
        late = [g for g in b.givens if g.ids and g.ids[0].startswith("O")]
        # what is said to be live already is not early but wrong: its rung stands, its number does not fit
        if p < REFUTE and row["value_date"] and late and value > high and q.stage != "live":
            return "too early"
        if p < REFUTE:
            return "refuted" if q.quantity in CAPACITY and q.stage != "plan" else "strained"
        if p < STRAIN:
            return "strained"
        return (
            "supported"
            if shows and row["rung"] in LADDER[4:] and p >= 0.45 and q.quantity in {"it_mw", "facility_mw", "power_mw"}
            else "could fit"
        )
    return "strained" if q.quantity in CAPACITY and p < STRAIN else "untested"


def _confidence(b: Bound, register: Register) -> str:
    """How well the ground under the finding is laid, apart from how likely it is."""
    if b.posterior is None:
        return "low"
    firm = [g for g in b.givens if not g.bound]
    return "high" if b.observed and len(firm) >= 3 else "moderate" if b.observed or len(firm) >= 2 else "low"


def _shown(finding: str, q: Question, b: Bound, against: list[str], shows: list[str], p: float, assumption: str) -> str:
    """One fixed sentence for each finding; it never says more than the finding."""
    unit = network.unit_of(q.quantity)
    allowed = ""
    if b.posterior is not None:
        low, best, high = b.interval
        allowed = f"{model.show(best)} ({model.show(low)} to {model.show(high)}) {unit}"
    source = "Measurements by others" if b.observed else "Other documents' own figures"
    if finding == "inconsistent":
        return (
            "Contradicted by " + ", ".join(against) + "."
            if against
            else f"{source} allow {allowed}; both cannot be true as worded."
        )
    if finding == "untested":
        if not allowed:
            return (
                "A figure that other claims are tested with."
                if q.quantity and q.quantity not in CAPACITY
                else "Nothing on file bears on it."
            )
        chance = f"; the chance that they allow the claimed number is {p:.0%}" if np.isfinite(p) else ""
        return (
            f"Nothing observed bears on it. On paper only: {source[0].lower() + source[1:]} point to {allowed}{chance}."
        )
    if finding == "supported":
        return (
            "Shown by " + ", ".join(shows) + "; the number itself is not counted."
            if np.isnan(p)
            else f"{source} allow {allowed}, and {', '.join(shows)} shows the rung."
        )
    if finding == "strained":
        return f"{source} allow {allowed}. To reach the claimed number, {assumption}."
    if finding == "could fit":
        return f"{source} allow {allowed}: room enough for the claimed number. That is not evidence that it is there."
    if finding == "too early":
        if shows:
            return f"On or after the date named, {', '.join(shows)} shows the site below the claimed rung."
        return f"{source} taken for that date allow {allowed}, below the claimed number."
    return f"{source} allow {allowed}: less than 5% is left for the claim as worded."
