"""What to get next: the observations nobody has made yet, ranked by what they would do to the answer.

For each candidate the network predicts what it would show; for each value that it could show, the answer is
solved again. The expected narrowing and the chance that a finding turns are averages over that prediction, by
quadrature on the exact distribution (Lindley 1956 for the principle).
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from osint import model
from osint.errors import NotFoundError, OsintError
from osint.model import ROUNDING, Dossier, Given, Question, Reading
from osint.register import Bounding, Claim, Register
from osint.verdict.judge import REFUTE, STRAIN

VALUES = 15
"""Quantiles of the prediction at which the answer is solved again."""
NINE_SD = 9.0
"""Half width, in sd, of the range in which quantiles are looked for."""
BISECTIONS = 45
"""Halvings of that range for a quantile."""
TESTED = (("chips", "servers"), ("pflops",), ("it_mw", "facility_mw", "power_mw"), ("racks",))
"""Quantities of which the largest claim is tested if none is named, the first that a site has."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An observation that could be made."""

    name: str
    quantity: str
    """Quantity of the model that it gives."""
    half_width: float
    """Half of its 90% interval, as a share (judgement)."""
    where: str
    """Where to look."""


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
        "the environmental impact report of the 110 or 220 kV station, the grid company's tender, "
        "or a picture of the transformers",
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
        "the project code (项目代码, 20 digits in groups, as 2106-650500-04-01-123456) "
        "in the regional tender and investment portals",
    ),
)
PHOTOGRAPH = "a dated photograph"
_PHOTOGRAPH_WHERE = (
    "a dated ground or satellite picture: shows the rung (ground broken, roofed) and its date, not a number"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to get, and what it would do to the answer; NaN where that cannot be said."""

    rank: int
    observation: str
    narrows_to: float = math.nan
    """Expected width of the 90% interval, high/low."""
    now: float = math.nan
    """The same today; NaN if unbounded."""
    turns: float = math.nan
    """Chance that the finding changes."""
    expects_low: float = math.nan
    expects_best: float = math.nan
    """What the network predicts that it will show, in `unit`."""
    expects_high: float = math.nan
    unit: str = ""
    where: str = ""
    """Where to look."""
    for_claim: str = ""
    """Claim that it would test."""

    def text(self) -> str:
        """Return it as plain text."""
        gain, show = "", model.show
        if math.isfinite(self.narrows_to):
            was = f" from x{self.now:g}" if math.isfinite(self.now) else " from unbounded"
            turns = f", {self.turns:.0%} to turn the finding" if math.isfinite(self.turns) else ""
            gain = f": 90% interval{was} to x{self.narrows_to:g}{turns}"
        if math.isfinite(self.expects_best):
            expected = f"{show(self.expects_best)} ({show(self.expects_low)} to {show(self.expects_high)})"
            gain += f"; expect {expected} {self.unit}"
        claim = f" [for {self.for_claim}]" if self.for_claim else ""
        return f"{self.rank}. {self.observation}{gain}\n   {self.where}{claim}"


def steps_frame(steps: list[Step]) -> pd.DataFrame:
    """Return one row per step, with the fields of `Step` as columns."""
    return pd.DataFrame([astuple(s) for s in steps], columns=[f.name for f in fields(Step)])


def next_steps(site_id: str, source: Register | Dossier, claim_id: str | None = None) -> list[Step]:
    """Rank what to get next for a site, for its largest claim of chips or compute (or the claim named).

    A dated photograph, which gives a rung and no quantity, comes last. Raises NotFoundError for an unknown site, or
    for a claim that is not a number of this site.
    """
    dossier = Dossier.of(source)
    claim = _claim_to_test(site_id, dossier, claim_id)
    if claim is None:
        return [Step(1, PHOTOGRAPH, where=_PHOTOGRAPH_WHERE)]
    q = model.question(claim, dossier)
    givens = model.gather(q, dossier)
    seen = {g.quantity for g in givens} | {q.quantity}
    threshold = math.log(claim.claimed * (1 - ROUNDING[Bounding.EXACT]))
    steps = []
    for c in CANDIDATES:
        same_number = c.quantity == "pflops" and q.quantity == "servers"
        if c.quantity not in seen and not same_number:
            step = _worth(c, q, givens, threshold, dossier)
            steps += [step] if step else []
    steps.sort(key=lambda s: (s.narrows_to, s.observation))
    steps.append(Step(0, PHOTOGRAPH, where=_PHOTOGRAPH_WHERE))
    return [replace(s, rank=rank, for_claim=claim.claim_id) for rank, s in enumerate(steps, 1)]


def _claim_to_test(site_id: str, dossier: Dossier, claim_id: str | None) -> Claim | None:
    """Return the named claim, or the largest claim of chips, else servers, compute or power."""
    aggregate = dossier.aggregate(site_id)
    claims = [c for c in dossier.claims[site_id] if math.isfinite(c.figure)]
    if claim_id:
        named = next((c for c in claims if c.claim_id == claim_id and c.quantity), None)
        if named is None:
            known = ", ".join(c.claim_id for c in claims if c.quantity) or "none"
            raise NotFoundError(
                f"{claim_id} is not a claim of {site_id} with a number of the model; those are: {known}"
            )
        return named
    for kinds in TESTED:
        found = [c for c in claims if c.quantity in kinds and not c.error_test]
        if found and not aggregate:
            return max(found, key=lambda c: (c.quantity == "chips", c.claimed, c.claim_id))
    return None


def _worth(c: Candidate, q: Question, givens: list[Given], threshold: float, dossier: Dossier) -> Step | None:
    """Return the expected width after the observation, and the chance that the finding changes its band."""
    firm = [g for g in givens if not g.bound]
    half = math.exp(c.half_width)
    trial = Given(c.quantity, 1 / half, half)
    try:
        readings = model.readings_for(q, [*firm, trial], dossier)
    except OsintError:  # no relation joins this observation to the claim's chip
        return None
    plain = Step(0, c.name, unit=model.unit_of(c.quantity), where=c.where)
    if not firm:
        low, high = model.posterior(q.quantity, [trial], readings)[0].quantile([0.05, 0.95])
        return replace(plain, narrows_to=round(math.exp(high - low), 1))
    now, _ = model.posterior(q.quantity, firm, readings)
    predicted, _ = model.posterior(c.quantity, firm, readings)
    values = predicted.quantile((np.arange(VALUES) + 0.5) / VALUES)
    low, high = now.quantile([0.05, 0.95])
    widths, chances = _resolve(readings, q.quantity, [*firm, trial], values, threshold)
    before = _band(1 - float(now.cdf(threshold)[0]))
    expects = np.exp(predicted.quantile(model.INTERVAL))
    return replace(
        plain,
        narrows_to=round(float(np.exp(np.mean(widths))), 1),
        now=round(float(np.exp(high - low)), 1),
        turns=round(float(np.mean([_band(p) != before for p in chances])), 2),
        expects_low=model.sig(expects[0], 2),
        expects_best=model.sig(expects[1], 2),
        expects_high=model.sig(expects[2], 2),
    )


def _resolve(
    readings: list[Reading], target: str, givens: list[Given], values: npt.NDArray[np.float64], threshold: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return log width of the 90% interval and chance above a threshold, for each value of the last given.

    Weights and variances do not depend on the value, so that each reading is solved once.
    """
    solved = [model.solve(r, target, givens, []) for r in readings]
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

    def quantile(p: float) -> npt.NDArray[np.float64]:
        low, high = (means - NINE_SD * sds).min(axis=0), (means + NINE_SD * sds).max(axis=0)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            below = (weights * ndtr((middle - means) / sds)).sum(axis=0) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray(low)

    above = 1 - (weights * ndtr((threshold - means) / sds)).sum(axis=0)
    return quantile(0.95) - quantile(0.05), np.asarray(above)


def _band(probability: float) -> int:
    """Return 0 where a claim is refuted, 1 where it is strained, 2 where it could fit."""
    return int(probability >= REFUTE) + int(probability >= STRAIN)
