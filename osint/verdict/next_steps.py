"""What to get next: the observations nobody has made yet, ranked by what they would do to the answer.

For each candidate the network predicts what it would show; for each value that it could show, the answer is
solved again. The expected narrowing and the chance that a finding turns are averages over that prediction, by
quadrature on the exact distribution (Lindley 1956 for the principle).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

from osint import model
from osint.errors import NotFoundError, OsintError
from osint.model import ROUNDING, Dossier, Given, Question, Reading, show
from osint.register import Bounding, Claim, Register
from osint.verdict.rules import REFUTE, STRAIN

VALUES = 15  # quantiles of the prediction at which the answer is solved again
TESTED = (("chips", "servers"), ("pflops",), ("it_mw", "facility_mw", "power_mw"), ("racks",))
"""Quantities of which the largest claim is tested if none is named, the first that a site has."""


@dataclass(frozen=True, slots=True)
class PossibleObservation:
    """An observation that could be made."""

    name: str
    quantity: str
    """Quantity of the model that it gives."""
    half_width: float
    """Half of its 90% interval, as a share (judgement)."""
    where: str
    """Where to look."""


CANDIDATES = tuple(
    PossibleObservation(row["name"], row["quantity"], float(row["half_width"]), row["where"])
    for row in csv.DictReader(files("osint.verdict").joinpath("candidates.csv").read_text("utf-8").splitlines())
)


@dataclass(frozen=True, slots=True)
class NextStep:
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
        gain = ""
        if math.isfinite(self.narrows_to):
            was = f" from x{self.now:g}" if math.isfinite(self.now) else " from unbounded"
            turns = f", {self.turns:.0%} to turn the finding" if math.isfinite(self.turns) else ""
            gain = f": 90% interval{was} to x{self.narrows_to:g}{turns}"
        if math.isfinite(self.expects_best):
            expected = f"{show(self.expects_best)} ({show(self.expects_low)} to {show(self.expects_high)})"
            gain += f"; expect {expected} {self.unit}"
        claim = f" [for {self.for_claim}]" if self.for_claim else ""
        return f"{self.rank}. {self.observation}{gain}\n   {self.where}{claim}"


PHOTOGRAPH = NextStep(
    0,
    "a dated photograph",
    where="a dated ground or satellite picture: shows the rung (ground broken, roofed) and its date, not a number",
)
"""What gives a rung and no quantity; it comes last."""


def steps_frame(steps: list[NextStep]) -> pd.DataFrame:
    """Return one row per step, with the fields of `Step` as columns."""
    return pd.DataFrame([astuple(s) for s in steps], columns=[f.name for f in fields(NextStep)])


def next_steps(site_id: str, source: Register | Dossier, claim_id: str | None = None) -> list[NextStep]:
    """Rank what to get next for a site, for its largest claim of chips or compute (or the claim named).

    A dated photograph comes last. Raises NotFoundError for an unknown site, or for a claim that is not a number of
    this site.
    """
    dossier = Dossier.of(source)
    claim = _claim_to_test(site_id, dossier, claim_id)
    if claim is None:
        return [replace(PHOTOGRAPH, rank=1)]
    q = model.question(claim, dossier)
    givens = model.gather(q, dossier)
    seen = {g.quantity for g in givens} | {q.quantity}
    threshold = math.log(claim.claimed * (1 - ROUNDING[Bounding.EXACT]))
    if q.quantity == "servers":
        seen.add("pflops")  # the same number in another unit
    found = [_worth(c, q, givens, threshold, dossier) for c in CANDIDATES if c.quantity not in seen]
    steps = sorted(filter(None, found), key=lambda s: (s.narrows_to, s.observation))
    return [replace(s, rank=rank, for_claim=claim.claim_id) for rank, s in enumerate([*steps, PHOTOGRAPH], 1)]


def _claim_to_test(site_id: str, dossier: Dossier, claim_id: str | None) -> Claim | None:
    """Return the named claim, or the largest claim of chips, else servers, compute or power."""
    claims = [c for c in dossier.claims[site_id] if math.isfinite(c.figure)]
    if claim_id:
        named = next((c for c in claims if c.claim_id == claim_id and c.quantity), None)
        if named is None:
            known = ", ".join(c.claim_id for c in claims if c.quantity) or "none"
            raise NotFoundError(
                f"{claim_id} is not a claim of {site_id} with a number of the model; those are: {known}"
            )
        return named
    for kinds in () if dossier.aggregate(site_id) else TESTED:
        if found := [c for c in claims if c.quantity in kinds and not c.error_test]:
            return max(found, key=lambda c: (c.quantity == "chips", c.claimed, c.claim_id))
    return None


def _worth(
    c: PossibleObservation, q: Question, givens: list[Given], threshold: float, dossier: Dossier
) -> NextStep | None:
    """Return the expected width after the observation, and the chance that the finding changes its band."""
    firm = [g for g in givens if not g.bound]
    half = math.exp(c.half_width)
    trial = Given(c.quantity, 1 / half, half)
    try:
        readings = model.readings_for(q, [*firm, trial], dossier)
    except OsintError:  # no relation joins this observation to the claim's chip
        return None
    plain = NextStep(0, c.name, unit=model.unit_of(c.quantity), where=c.where)
    if not firm:
        low, _, high = model.posterior(q.quantity, [trial], readings)[0].interval
        return replace(plain, narrows_to=round(high / low, 1))
    now, _ = model.posterior(q.quantity, firm, readings)
    predicted, _ = model.posterior(c.quantity, firm, readings)
    values = predicted.quantile((np.arange(VALUES) + 0.5) / VALUES)
    widths, chances = _resolve(readings, q.quantity, [*firm, trial], values, threshold)
    before = _band(1 - float(now.cdf(threshold)[0]))
    low, best, high = (model.sig(end, 2) for end in predicted.interval)
    return replace(
        plain,
        narrows_to=round(float(np.exp(np.mean(widths))), 1),
        now=round(now.interval[2] / now.interval[0], 1),
        turns=round(float(np.mean([_band(p) != before for p in chances])), 2),
        expects_low=low,
        expects_best=best,
        expects_high=high,
    )


def _resolve(
    readings: Sequence[Reading], target: str, givens: list[Given], values: npt.NDArray[np.float64], threshold: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return log width of the 90% interval and chance above a threshold, for each value of the last given.

    Weights and variances do not depend on the value, so that each reading is solved once.
    """
    return model.after(target, givens, readings, values, threshold)


def _band(probability: float) -> int:
    """Return 0 where a claim is refuted, 1 where it is strained, 2 where it could fit."""
    return int(probability >= REFUTE) + int(probability >= STRAIN)
