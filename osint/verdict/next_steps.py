"""What to get next: the observations nobody has made yet, ranked by what they would do to the answer.

For each candidate the network predicts what it would show; for each value that it could show, the answer is
solved again. The expected narrowing and the chance that a finding turns are averages over that prediction, by
quadrature on the exact distribution (Lindley 1956 for the principle).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from osint import model
from osint.errors import OsintError
from osint.model import evidence, network
from osint.model.estimate import Given, _solve
from osint.model.evidence import Question
from osint.register import Register
from osint.verdict.judge import REFUTE, STRAIN

VALUES = (np.arange(15) + 0.5) / 15  # quantiles of the prediction at which the answer is solved again
Z90 = network.Z90


@dataclass(frozen=True)
class Candidate:
    """An observation that could be made: the quantity that it gives, its 90% half width, and where to look."""

    name: str
    quantity: str
    half_width: float
    where: str


CANDIDATES = (
    Candidate(
        "roof outline",
        "roof_m2",
        0.10,
        "Sentinel-2 at 10 m (free), or a sharper picture; draw the roof and count storeys from a shadow",
    ),
    Candidate(
        "chiller count from a sharper picture",
        "chillers",
        0.05,
        "a picture of 0.5 m or better; count the air-cooled units in the yard and on the roof",
    ),
    Candidate(
        "chiller footprint from a sharper picture",
        "chiller_area_m2",
        0.10,
        "the same picture; the footprint of the units is a better measure than their number",
    ),
    Candidate(
        "substation rating",
        "transformers_mva",
        0.05,
        "the environmental impact report of the 110 or 220 kV station, the grid company's tender, or a picture of the transformers",
    ),
    Candidate(
        "energy review",
        "energy_gwh_per_yr",
        0.03,
        "节能审查 approvals of the regional development and reform commission: yearly use in tce or kWh",
    ),
    Candidate(
        "backup generator count",
        "generator_units",
        0.05,
        "the environmental impact report (diesel sets), or a sharper picture",
    ),
    Candidate(
        "a second independent filing of the compute",
        "pflops",
        0.03,
        "the project code (项目代码, 20 digits in groups, as 2106-650500-04-01-123456) in the regional tender and investment portals",
    ),
)


def next_steps(site_id: str, register: Register, claim_id: str | None = None) -> pd.DataFrame:
    """Rank what to get next for a site, for its largest claim of chips or compute (or the claim named).

    Columns: rank, observation, narrows_to (expected width of the 90% interval as a factor, high/low), now (the
    same today, empty if unbounded), turns (chance that the finding changes), where, for_claim, expects (what the
    network predicts, low, best, high). A dated photograph, which gives a rung and no quantity, comes last.
    """
    row = _claim_to_test(site_id, register, claim_id)
    if row is None:
        return pd.DataFrame([_photograph(1, "")], columns=COLUMNS)
    q = evidence.question(row, register)
    given, _ = evidence.evidence(q, register)
    seen = {g.quantity for g in given} | {q.quantity}
    threshold = float(np.log(evidence.claimed(row) * (1 - evidence.ROUNDING["exact"])))
    rows = []
    for c in CANDIDATES:
        if c.quantity not in seen and not (c.quantity == "pflops" and q.quantity == "servers"):
            worth = _worth(c, q, given, threshold, register)
            rows += [{"observation": c.name, "where": c.where, "for_claim": row["claim_id"], **worth}] if worth else []
    frame = pd.DataFrame(rows, columns=COLUMNS).sort_values(["narrows_to", "observation"], ignore_index=True)
    frame = pd.concat([frame, pd.DataFrame([_photograph(0, row["claim_id"])])], ignore_index=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    return frame[COLUMNS]


COLUMNS = [
    "rank",
    "observation",
    "narrows_to",
    "now",
    "turns",
    "expects_low",
    "expects_best",
    "expects_high",
    "unit",
    "where",
    "for_claim",
]


def _photograph(rank: int, claim_id: str) -> dict:
    where = "a dated ground or satellite picture: shows the rung (ground broken, roofed) and its date, not a number"
    return {
        **dict.fromkeys(COLUMNS, np.nan),
        "rank": rank,
        "observation": "a dated photograph",
        "unit": "",
        "where": where,
        "for_claim": claim_id,
    }


def _claim_to_test(site_id: str, register: Register, claim_id: str | None) -> dict | None:
    """The named claim, or the largest claim of chips, else servers, compute or power."""
    register.site(site_id)
    rows = [r for r in register.rows("claims", site_id) if np.isfinite(r["value_low"]) or np.isfinite(r["value_high"])]
    if claim_id:
        return next((r for r in rows if r["claim_id"] == claim_id), None)
    for kinds in (("chips", "servers"), ("pflops",), ("it_mw", "facility_mw", "power_mw"), ("racks",)):
        found = [r for r in rows if evidence.quantity_of(r) in kinds and r["error_test"] != "yes"]
        if found and not site_id.startswith("AGG"):
            return max(found, key=lambda r: (evidence.quantity_of(r) == "chips", evidence.claimed(r), r["claim_id"]))
    return None


def _worth(c: Candidate, q: Question, given: list[Given], threshold: float, register: Register) -> dict:
    """Expected width after the observation, and the chance that the finding changes its band."""
    firm = [g for g in given if not g.bound]
    half = float(np.exp(c.half_width))
    trial = Given(c.quantity, 1 / half, half)
    try:
        readings = evidence.readings_for(q, [*firm, trial], register)
    except OsintError:  # no relation joins this observation to the claim's chip
        return {}
    if not firm:
        alone, _ = model.posterior(q.quantity, [trial], readings)
        low, high = alone.quantile([0.05, 0.95])
        return {
            "narrows_to": round(float(np.exp(high - low)), 1),
            "now": np.nan,
            "turns": np.nan,
            "expects_low": np.nan,
            "expects_best": np.nan,
            "expects_high": np.nan,
            "unit": network.unit_of(c.quantity),
        }
    now, _ = model.posterior(q.quantity, firm, readings)
    predicted, _ = model.posterior(c.quantity, firm, readings)
    values = predicted.quantile(VALUES)
    low, high = now.quantile([0.05, 0.95])
    widths, chances = _resolve(readings, q.quantity, [*firm, trial], values, threshold)
    before = _band(1 - float(now.cdf(threshold)[0]))
    turns = float(np.mean([_band(p) != before for p in chances]))
    expects = np.exp(predicted.quantile([0.05, 0.5, 0.95]))
    return {
        "narrows_to": round(float(np.exp(np.mean(widths))), 1), "now": round(float(np.exp(high - low)), 1), "turns": round(turns, 2),
        "expects_low": model.sig(expects[0], 2), "expects_best": model.sig(expects[1], 2), "expects_high": model.sig(expects[2], 2), "unit": network.unit_of(c.quantity),
    }  # fmt: skip


def _resolve(
    readings: list[network.Reading], target: str, givens: list[Given], values: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Log width of the 90% interval and chance above a threshold, for each value of the last given.

    Weights and variances do not depend on the value, so that each reading is solved once.
    """
    solved = [_solve(r, target, givens, []) for r in readings]
    delta = values - givens[-1].log
    means = np.array([s.mean + s.weights[-1] * delta for s in solved])  # (readings, values)
    logs = []
    for s in solved:
        gap = s.gaps[:, None] + np.outer(np.eye(len(s.gaps))[-1], delta)
        at_zero = s.log_likelihood + 0.5 * s.gaps @ s.projector @ s.gaps
        logs.append(np.log(s.reading.prior) + at_zero - 0.5 * np.einsum("iv,ij,jv->v", gap, s.projector, gap))
    weights = np.exp(np.array(logs) - np.max(logs, axis=0))
    weights /= weights.sum(axis=0)
    sds = np.array([s.sd for s in solved])[:, None]

    def quantile(p: float) -> np.ndarray:
        low, high = (means - 9 * sds).min(axis=0), (means + 9 * sds).max(axis=0)
        for _ in range(45):
            middle = (low + high) / 2
            below = (weights * ndtr((middle - means) / sds)).sum(axis=0) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return low

    return quantile(0.95) - quantile(0.05), 1 - (weights * ndtr((threshold - means) / sds)).sum(axis=0)


def _band(probability: float) -> int:
    """0 refuted or contradicted, 1 strained, 2 could fit."""
    return int(probability >= REFUTE) + int(probability >= STRAIN)
