"""What the evidence allows: the exact posterior of one quantity given others.

Under one reading (see network.py) the network is linear and Gaussian in the logs. The size of the site has
a flat prior, so that the posterior is generalised least squares (Rasmussen and Williams 2006, section 2.7)
and a chain is exactly scale-free. Readings are weighed by their exact marginal likelihood with the size
integrated out. A one-sided given truncates. The number under test is never a given: verdict.py opens it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from osint.errors import OsintError
from osint.model import explain, network
from osint.model.givens import EXACT, Given, parse_given, show, sig
from osint.model.network import Reading, unit_of
from osint.model.posterior import Posterior, Solved, orthant
from osint.register import QUANTITIES, Register, load_register

__all__ = ["Estimate", "Given", "Posterior", "estimate", "parse_given", "posterior", "show", "sig"]


def _columns(reading: Reading, quantities: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Means (n,) and loadings (n, factors) of the logs, in units of log it_mw."""
    loadings = [reading.loading(q) for q in quantities]
    names = sorted({name for row in loadings for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in loadings]).reshape(len(quantities), len(names))
    return np.array([reading.mean(q) for q in quantities]), matrix, names


def _solve(reading: Reading, target: str, firm: list[Given], bounds: list[Given], extra_sd: float = 0.0) -> Solved:
    """Posterior of the log target under one reading: generalised least squares with an unknown size."""
    n = len(firm)
    mu, load, names = _columns(reading, [g.quantity for g in firm] + [target] + [g.quantity for g in bounds])
    noise = np.array([np.hypot(g.sd, extra_sd) for g in firm])
    y = np.array([g.log for g in firm]) - mu[:n]
    cov = load[:n] @ load[:n].T + np.diag(noise**2)
    rest = load[n:]
    ones = np.ones(n)
    inverse = np.linalg.inv(cov)
    s = ones @ inverse @ ones
    cross = rest @ load[:n].T  # (1 + bounds, n)
    gap = 1 - cross @ inverse @ ones
    weights = cross @ inverse + np.outer(gap, ones @ inverse) / s
    means = mu[n:] + weights @ y
    joint = rest @ rest.T - cross @ inverse @ cross.T + np.outer(gap, gap) / s
    projector = inverse - np.outer(inverse @ ones, ones @ inverse) / s
    likelihood = -0.5 * ((n - 1) * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + np.log(s) + y @ projector @ y)
    residual = rest[0] - weights[0] @ load[:n]
    shares = {name: float(v**2) for name, v in zip(names, residual, strict=True) if v**2 > 0}
    given_noise = float(((weights[0] * noise) ** 2).sum())
    if given_noise > EXACT:
        shares["the ranges of the givens"] = given_noise
    truncation, extra = _truncate(means, joint, bounds)
    variance = max(float(joint[0, 0]), EXACT**2)
    return Solved(
        reading,
        float(means[0]),
        variance**0.5,
        weights[0],
        y + mu[n],
        shares,
        likelihood + extra,
        truncation,
        projector,
        y,
    )


def _truncate(means: np.ndarray, joint: np.ndarray, bounds: list[Given]) -> tuple[tuple[np.ndarray, ...] | None, float]:
    """One-sided givens, conditioned on the target, and the log probability that they hold."""
    if not bounds:
        return None, 0.0
    sign = np.array([1.0 if g.high is None else -1.0 for g in bounds])
    threshold = np.log(np.array([g.low if g.high is None else g.high for g in bounds], dtype=float))
    slope = joint[1:, 0] / max(joint[0, 0], EXACT**2)
    remaining = joint[1:, 1:] - np.outer(slope, joint[1:, 0])
    remaining = remaining + np.eye(len(bounds)) * EXACT**2
    inside = orthant(
        (sign * (means[1:] - threshold))[None, :], np.outer(sign, sign) * joint[1:, 1:] + np.eye(len(bounds)) * EXACT**2
    )
    offset = means[1:] - slope * means[0]
    return (offset, slope, threshold, sign, remaining), float(inside[0])


def posterior(
    target: str, givens: list[Given], readings: list[Reading], extra_sd: float = 0.0
) -> tuple[Posterior, float]:
    """Posterior of a target under a set of readings, and the log marginal likelihood of the givens.

    `extra_sd` widens every given (a hypothesis under which the numbers are not tied to one another).
    """
    firm = [g for g in givens if not g.bound]
    if not firm:
        raise OsintError(
            f"{', '.join(g.text() for g in givens) or 'nothing'} leaves {target} unbounded; add a given with two sides"
        )
    solved = tuple(_solve(r, target, firm, [g for g in givens if g.bound], extra_sd) for r in readings)
    logs = np.array([np.log(s.reading.prior) + s.log_likelihood for s in solved])
    evidence = float(logsumexp(logs))
    if not np.isfinite(evidence):
        raise OsintError(
            f"the givens {', '.join(g.text() for g in givens)} cannot hold together; leave out the one you trust least"
        )
    return Posterior(np.exp(logs - evidence), solved), evidence


@dataclass(frozen=True, repr=False)
class Estimate:
    """A 90% interval with everything that it rests on."""

    target: str
    low: float
    best: float
    high: float
    moved: list[dict]
    hangs_on: dict
    readings: list[dict]
    chain: list[str]
    distribution: Posterior = field(repr=False)

    @property
    def unit(self) -> str:
        """Unit and kind, as 'MW IT, nameplate'."""
        return unit_of(self.target)

    def to_dict(self) -> dict:
        """Plain numbers for JSON."""
        inner = {
            "low": sig(self.low),
            "best": sig(self.best),
            "high": sig(self.high),
            "unit": self.unit,
            "interval": "90%",
        }
        return {
            self.target: inner,
            "moved": self.moved,
            "hangs_on": self.hangs_on,
            "readings": self.readings,
            "chain": self.chain,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for the answer and one for each given by itself; columns low, best, high, unit, weight."""
        rows = [
            {
                "from": "all givens",
                "low": self.low,
                "best": self.best,
                "high": self.high,
                "unit": self.unit,
                "weight": 1.0,
            }
        ]
        rows += [{"from": m["given"], **m["alone"], "unit": self.unit, "weight": m["weight"]} for m in self.moved]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return f"{self.target}: {show(self.best)} ({show(self.low)} to {show(self.high)}, 90%) {self.unit}"

    def _repr_html_(self) -> str:
        lines = [
            f"<b>{self.target}</b>: {show(self.best)} ({show(self.low)} to {show(self.high)}, 90%) {html.escape(self.unit)}"
        ]
        lines += [html.escape(step) for step in self.chain]
        lines.append("Hangs most on: " + html.escape(self.hangs_on["text"]))
        return "<br>".join(lines)


def estimate(
    target: str,
    givens: list[Given],
    *,
    chip: str | None = None,
    country: str | None = None,
    date: str | None = None,
    form: str = "",
    fixed: dict[str, str] | None = None,
    register: Register | None = None,
) -> Estimate:
    """Return what the givens allow for the target: low, best, high (90%).

    Parameters are quantities of network.QUANTITIES in their units. Without `chip` the family is a discrete
    unknown with the prior of chips.csv for the country and date. `form` is 8-GPU or 4-GPU where the server is
    known. `fixed` sets a reading by hand. Raises OsintError for an unknown quantity, chip or country.
    """
    register = register or load_register()
    if target not in QUANTITIES:
        raise OsintError(f"{target!r} is not a quantity of the model; use one of {', '.join(QUANTITIES)}")
    if country is not None and not re.fullmatch(r"[A-Z]{2}", country):
        raise OsintError(f"the country {country!r} is not two capital letters, as CN")
    _no_clash(givens)
    found = network.Network.of(register).readings(
        {target} | {g.quantity for g in givens},
        country=country,
        chip=chip,
        date=date,
        form=form,
        fixed=fixed,
    )
    answer, _ = posterior(target, givens, found)
    low, best, high = np.exp(answer.quantile([0.05, 0.5, 0.95]))
    return Estimate(
        target,
        low,
        best,
        high,
        _moved(target, givens, found, answer, best),
        explain.hangs_on(answer),
        explain.weights(answer),
        explain.chain(answer, target, givens),
        answer,
    )


def _no_clash(givens: list[Given]) -> None:
    for i, a in enumerate(givens):
        for b in givens[i + 1 :]:
            exact = a.low == a.high and b.low == b.high
            if a.quantity == b.quantity and exact and a.low != b.low:
                raise OsintError(f"{a.text()} and {b.text()} cannot both hold; write one range, {a.quantity}=LOW..HIGH")


def _moved(target: str, givens: list[Given], found: list[Reading], answer: Posterior, best: float) -> list[dict]:
    """For each given: what it says alone, its exact weight in the log answer, and the step when it comes last."""
    firm = [g for g in givens if not g.bound]
    weights = sum(w * s.weights for w, s in zip(answer.weights, answer.solved, strict=True))
    out = []
    for g in givens:
        others = [o for o in givens if o is not g]
        row: dict = {"given": g.text(), "label": g.label, "ids": list(g.ids)}
        if not g.bound:
            alone, _ = posterior(target, [g], found)
            low, middle, high = np.exp(alone.quantile([0.05, 0.5, 0.95]))
            row["alone"] = {"low": sig(low), "best": sig(middle), "high": sig(high)}
            row["weight"] = round(float(weights[next(i for i, o in enumerate(firm) if o is g)]), 4)
        else:
            row["alone"], row["weight"] = {"low": None, "best": None, "high": None}, 0.0
        if any(not o.bound for o in others):
            without, _ = posterior(target, others, found)
            row["factor"] = sig(best / float(np.exp(without.quantile(0.5)[0])))
        else:
            row["factor"] = None
        out.append(row)
    return out
