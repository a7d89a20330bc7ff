"""Score the model on systems whose observable and truth are both public.

Rows of calibration.csv with role `independent` have a truth that does not come from imagery or from the model.
A row that was used to set a relation is left out when that relation is applied to it: the relation is set
again from the others. Consistency rows and negative controls are kept apart and count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from osint.errors import OsintError
from osint.model.estimate import estimate
from osint.model.evidence import Given, show
from osint.model.network import FULL_LOAD, Z90, unit_of
from osint.register import CALIBRATION_KINDS, QUANTITIES, CalibrationRow, ClaimKind, Register

MIN_OTHERS = 2  # sites from which a relation can be set again (judgement)
MIN_MEASURED = 4  # measured systems from which the power per chip can be set again (judgement)
PUBLISHED_SITES = 2.0  # sites for which the published spread of a relation counts (judgement)
CHINA = frozenset({"China", "CN"})
GRACE_HOPPER = "GH200"
_KEPT_APART = (
    ("consistency", "consistency rows (estimates by others, not truth)"),
    ("control", "negative controls (plans, tests of a claim, bounds)"),
)


@dataclass(frozen=True)
class Score:
    """`rows`: every row judged; `summary`: one line for each kind of observable of the independent rows."""

    rows: pd.DataFrame
    summary: pd.DataFrame

    def _repr_html_(self) -> str:
        return str(self.summary.to_html(index=False))

    def text(self) -> str:
        """Return plain text: the score, then what is kept apart."""
        head = "independent rows (truth not from imagery, nor from this model); 90% interval"
        lines = [head, self.summary.to_string(index=False)]
        for role, title in _KEPT_APART:
            part = self.rows[(self.rows["role"] == role) & self.rows["best"].notna()]
            lines.append(f"\n{title}: {len(part)}")
            for r in part.to_dict("records"):
                allowed = f"{show(r['best'])} ({show(r['low'])} to {show(r['high'])})"
                published = f"published {show(r['truth_best'])} {unit_of(r['target'])}"
                inside = "inside" if r["covered"] else "outside"
                lines.append(f"  {r['calibration_id']} {r['site']}: {allowed}, {published}: {inside}")
        skipped = self.rows[self.rows["best"].isna()]
        why = ", ".join(sorted(set(skipped["why_not"])))
        lines.append(f"\nnot scored: {len(skipped)} rows, for want of a relation: {why}")
        return "\n".join(lines)


def score(register: Register) -> Score:
    """Judge every calibration row; see the module docstring.

    rows: calibration_id, site, role, kind, observable, target, low, best, high, truth_low, truth_best, truth_high,
    covered, factor, left_out, why_not. summary: kind, rows, coverage, coverage_low, coverage_high (90% Wilson),
    median_factor, worst_factor, worst_row.
    """
    records = [CalibrationRow.from_row(row) for row in register.calibration.to_dict("records")]
    rows = pd.DataFrame([_scored(row, register) for row in records])
    used = rows[(rows["role"] == "independent") & rows["best"].notna()]
    lines = [_line("all independent rows", used)]
    lines += [_line(str(kind), part) for kind, part in used.groupby("kind", sort=True)]
    return Score(rows, pd.DataFrame(lines))


def _line(kind: str, part: pd.DataFrame) -> dict[str, Any]:
    """Return the line of one kind: coverage with its Wilson interval, median and worst factor."""
    from scipy.stats import binomtest  # heavy: only the score needs it

    n, covered = len(part), int(part["covered"].sum())
    wilson = binomtest(covered, n).proportion_ci(0.90, method="wilson")
    worst = part.loc[part["factor"].idxmax()]
    return {
        "kind": kind,
        "rows": n,
        "covered": covered,
        "coverage": round(covered / n, 3),
        "coverage_low": round(float(wilson.low), 2),
        "coverage_high": round(float(wilson.high), 2),
        "median_factor": round(float(part["factor"].median()), 2),
        "worst_factor": round(float(worst["factor"]), 2),
        "worst_row": f"{worst['calibration_id']} {worst['site']}",
    }


def _kind(name: str) -> ClaimKind | None:
    return CALIBRATION_KINDS.get(name.casefold())


def _scored(row: CalibrationRow, register: Register) -> dict[str, Any]:
    seen, wanted = _kind(row.observable_kind), _kind(row.truth_kind)
    scale = wanted.factor if wanted else 1.0
    truth = row.truth_best * scale
    out: dict[str, Any] = {
        "calibration_id": row.calibration_id,
        "site": row.site,
        "role": row.role,
        "kind": (QUANTITIES[seen.quantity].group if seen else "") or "none",
        "observable": seen.quantity if seen else "",
        "target": wanted.quantity if wanted else "",
        **dict.fromkeys(("low", "best", "high"), np.nan),
        "truth_low": row.truth_low * scale,
        "truth_best": truth,
        "truth_high": row.truth_high * scale,
        "covered": False,
        "factor": np.nan,
        "left_out": "",
        "why_not": "",
    }
    if seen is None or wanted is None or seen.quantity == wanted.quantity:
        return {**out, "why_not": f"no relation from {row.observable_kind} to {row.truth_kind}"}
    without, left = leave_out(row, register)
    value = row.observable_value * seen.factor
    try:
        answer = estimate(
            wanted.quantity,
            [Given(seen.quantity, value, value)],
            chip=row.chip or None,
            country="CN" if row.country in CHINA else None,
            form=row.form,
            fixed={"rack basis": "design" if row.truth_is == "design" else "in use"},
            register=without,
        )
    except OsintError as error:
        return {**out, "why_not": str(error)}
    return {
        **out,
        "low": answer.low,
        "best": answer.best,
        "high": answer.high,
        "covered": bool(answer.low <= truth <= answer.high),
        "factor": max(answer.best / truth, truth / answer.best),
        "left_out": ", ".join(left),
    }


def leave_out(row: CalibrationRow, register: Register) -> tuple[Register, list[str]]:
    """Return the register with every relation that this row helped to set, set again without it, and their names."""
    left: list[str] = []
    relations = register.relations.copy()
    for name, rows in register.relation_support.groupby("relation"):
        own = rows["site"].map(lambda s: s in row.site)
        if own.any() and (~own).sum() >= MIN_OTHERS:
            _set_again(relations, str(name), rows[~own][["low", "best", "high"]].to_numpy())
            left.append(str(name))
    out = replace(register, relations=relations)
    if _measures_power(row.observable_kind):
        out, more = _leave_out_measured(row, out)
        left += more
    return out, left


def _measures_power(observable_kind: str) -> bool:
    """Return whether the observable is the power of a system under full load."""
    kind = _kind(observable_kind)
    return kind is not None and kind.quantity == "full_load_mw"


def _set_again(relations: pd.DataFrame, name: str, values: npt.NDArray[np.float64]) -> None:
    """Set median and 90% interval for one more site from a few others.

    The spread of the logs is shrunk to the published one, which counts as two sites: two or three values alone
    say almost nothing of a spread.
    """
    row = relations["relation"] == name
    low, middle, high = relations.loc[row, ["low", "best", "high"]].to_numpy(dtype=float)[0]
    published = max(np.log(high / middle), np.log(middle / low)) / Z90
    logs = np.log(values[:, 1])
    n = len(logs)
    spread = np.sqrt((((logs - logs.mean()) ** 2).sum() + PUBLISHED_SITES * published**2) / (n + PUBLISHED_SITES - 1))
    best = float(np.exp(np.median(logs)))
    half = Z90 * spread * np.sqrt(1 + 1 / n)
    relations.loc[row, ["low", "best", "high"]] = [best * np.exp(-half), best, best * np.exp(half)]


def _leave_out_measured(row: CalibrationRow, register: Register) -> tuple[Register, list[str]]:
    """Set power per chip again as measured by the other systems of the same form."""
    rows = register.calibration
    measured = rows["observable_kind"].map(_measures_power).astype(bool)
    others = rows[measured & (rows["calibration_id"] != row.calibration_id)]
    grace = row.chip == GRACE_HOPPER
    others = others[(others["chip"] == GRACE_HOPPER) == grace]
    if not grace and row.form in FULL_LOAD:
        others = others[others["form"] == row.form]
    per_chip = (others["observable_value"] / 1000 / others["truth_best"]).to_numpy()
    if len(per_chip) < MIN_MEASURED:
        return register, []
    interval = np.quantile(per_chip, [0.05, 0.5, 0.95])
    if grace:
        chips = register.chips.copy()
        columns = [f"full_load_kw_{side}" for side in ("low", "best", "high")]
        chips.loc[chips["chip"] == GRACE_HOPPER, columns] = interval * 1000
        return replace(register, chips=chips), [f"full_load_mw per {GRACE_HOPPER}"]
    name = FULL_LOAD.get(row.form, "full_load_all")
    relations = register.relations.copy()
    relations.loc[relations["relation"] == name, ["low", "best", "high"]] = interval
    return replace(register, relations=relations), [name]
