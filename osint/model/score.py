"""Score the model on systems whose observable and truth are both public.

Rows of calibration.csv with role `independent` have a truth that does not come from imagery or from the model.
A row that was used to set a relation is left out when that relation is applied to it: the relation is set
again from the others, and where too few others are left the row is not scored. Consistency rows and negative controls
are kept apart and count for nothing. Sites and supercomputers are counted apart: the power of a supercomputer is
measured under full load and its chip is known, which holds for no announced site.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from osint.errors import OsintError
from osint.model.factors import PRIOR_SYSTEMS, Z90
from osint.model.given import Given, show
from osint.model.network import Network, unit_of
from osint.model.posterior import Posterior, posterior
from osint.model.tree import FULL_LOAD, ReadingWord
from osint.register import CALIBRATION_KINDS, QUANTITIES, CalibrationRow, ClaimKind, Register

MIN_OTHERS = 2  # sites from which a relation can be set again (judgement)
MIN_MEASURED = 4  # measured systems from which the power per chip can be set again (judgement)
CHINA = frozenset({"China", "CN"})
GRACE_HOPPER = "GH200"
SITES = "sites"
SUPERCOMPUTERS = "supercomputers"
LOG_NORMAL = "log normal"
_BEARS_ON = {
    "area": "chips that the floor, roof or land on file has room for",
    "chips": "power that a stated number of chips takes",
    "compute": "chips behind a stated compute",
    "cooling plant": "room by observation of cooling plant",
    "energy": "chips that the energy on file could feed",
    "generators": "room by observation of generators",
    "racks": "power and chips of the racks on file",
    "stated power": "chips that the power on file could feed",
    "transformers": "room by observation of transformers",
}
"""Kind of observable -> figure of the page that its line bears on."""
_KEPT_APART = (
    ("consistency", "consistency rows (estimates by others, not truth)"),
    ("control", "negative controls (plans, tests of a claim, bounds)"),
)


@dataclass(frozen=True)
class Score:
    """`rows`: every row judged; `summary`: sites first, supercomputers second, then the sites by kind of observable."""

    rows: pd.DataFrame
    summary: pd.DataFrame

    def _repr_html_(self) -> str:
        return str(self.summary.to_html(index=False))

    def text(self) -> str:
        """Return plain text: the score, then what is kept apart."""
        head = (
            "independent rows (truth not from imagery, nor from this model); 90% interval; rows of one observation are "
            "one chain, which holds where all of them do"
        )
        lines = [head, *map(_summary_line, self.summary.to_dict("records"))]
        for role, title in _KEPT_APART:
            part = self.rows[(self.rows["role"] == role) & self.rows["best"].notna()]
            lines.append(f"\n{title}: {len(part)}")
            for r in part.to_dict("records"):
                allowed = f"{show(r['best'])} ({show(r['low'])} to {show(r['high'])})"
                published = f"published {show(r['truth_best'])} {unit_of(r['target'])}"
                inside = "inside" if r["covered"] else "outside"
                lines.append(f"  {r['calibration_id']} {r['site']}: {allowed}, {published}: {inside}")
        skipped = self.rows[self.rows["best"].isna()]
        lines.append(f"\nnot scored: {len(skipped)}")
        lines += [f"  {r['calibration_id']} {r['site']}: {r['why_not']}" for r in skipped.to_dict("records")]
        return "\n".join(lines)


def _summary_line(row: dict[str, Any]) -> str:
    """Return a line of the summary in words."""
    if not row["n"]:
        return f"  {row['kind']} ({row['bears_on']}): no row"
    ends = f"{row['coverage_low']:.0%} to {row['coverage_high']:.0%}"
    off = f"median error a factor of {row['median_factor']:.2f}, worst {row['worst_factor']:.2f}"
    held = f"{row['covered']} of {row['n']} held the truth, which leaves {ends}"
    return f"  {row['kind']} ({row['bears_on']}): {held}; {off} ({row['worst_row']})"


def score(register: Register) -> Score:
    """Judge every calibration row; see the module docstring.

    rows: calibration_id, site, role, system (SITES or SUPERCOMPUTERS), chain (first row from the same observation),
    kind, observable, target, low, best, high, truth_low, truth_best, truth_high, covered, factor, left_out, why_not.
    summary: kind, bears_on (figure of the page), rows, n (chains), covered (chains of which every row is), coverage,
    coverage_low, coverage_high (90% Wilson), median_factor, worst_factor, worst_row; the first line is that of the
    sites, the second that of supercomputers, the others are the sites by kind. Without a chain shares are NaN.
    """
    records = [CalibrationRow.from_row(row) for row in register.calibration.to_dict("records")]
    network = Network.of(register)
    rows = pd.DataFrame([_scored(row, register, network) for row in records])
    seen = pd.MultiIndex.from_tuples([(_place(row), row.observable_kind, row.observable_value) for row in records])
    rows.insert(3, "chain", rows.groupby(seen)["calibration_id"].transform("first"))
    used = rows[(rows["role"] == "independent") & rows["best"].notna()]
    sites = used[used["system"] == SITES]
    lines = [
        _line(SITES, "room at announced sites: every figure of the page", sites),
        _line(SUPERCOMPUTERS, "no figure of the page", used[used["system"] == SUPERCOMPUTERS]),
    ]
    lines += [_line(str(kind), _BEARS_ON[str(kind)], part) for kind, part in sites.groupby("kind", sort=True)]
    return Score(rows, pd.DataFrame(lines))


def _place(row: CalibrationRow) -> str:
    """Return the name of a site without what a bracket adds to it, as the day or the size of an inventory."""
    return row.site.partition("(")[0].strip() or row.site


def _wilson(covered: int, n: int) -> tuple[float, float]:
    """Return the 90% interval of a share by Wilson (1927), which holds for few rows and for a share of 1."""
    share, more = covered / n, Z90**2 / n
    middle, half = share + more / 2, Z90 * math.sqrt((share * (1 - share) + more / 4) / n)
    return (middle - half) / (1 + more), (middle + half) / (1 + more)


def _line(kind: str, bears_on: str, part: pd.DataFrame) -> dict[str, Any]:
    """Return the line of one kind: coverage of its chains with its Wilson interval, median and worst factor."""
    chains = part.groupby("chain").agg(covered=("covered", "all"), factor=("factor", "max"))
    n, covered = len(chains), int(chains["covered"].sum())
    counts = {"kind": kind, "bears_on": bears_on, "rows": len(part), "n": n, "covered": covered}
    if not n:
        names = ("coverage", "coverage_low", "coverage_high", "median_factor", "worst_factor")
        return {**counts, **dict.fromkeys(names, np.nan), "worst_row": ""}
    low, high = _wilson(covered, n)
    worst = part.loc[part["factor"].idxmax()]
    return {
        **counts,
        "coverage": round(covered / n, 3),
        "coverage_low": round(low, 2),
        "coverage_high": round(high, 2),
        "median_factor": round(float(chains["factor"].median()), 2),
        "worst_factor": round(float(worst["factor"]), 2),
        "worst_row": f"{worst['calibration_id']} {worst['site']}",
    }


def _kind(name: str) -> ClaimKind | None:
    return CALIBRATION_KINDS.get(name.casefold())


def _scored(row: CalibrationRow, register: Register, whole: Network) -> dict[str, Any]:
    seen, wanted = _kind(row.observable_kind), _kind(row.truth_kind)
    scale = wanted.factor if wanted else 1.0
    truth = row.truth_best * scale
    out: dict[str, Any] = {
        "calibration_id": row.calibration_id,
        "site": row.site,
        "role": row.role,
        "system": SUPERCOMPUTERS if seen is not None and seen.quantity == "full_load_mw" else SITES,
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
    stuck = _own_relations(row, register) - set(left)
    fixed = {"rack basis": "design" if row.truth_is == "design" else "in use"}
    if row.chip:
        fixed[ReadingWord.USE] = ReadingWord.AI_ALONE  # a system whose chip is named is one of such chips
    given = Given(seen.quantity, value := row.observable_value * seen.factor, value)
    network = Network.of(without) if left else whole
    country = "CN" if row.country in CHINA else None
    try:
        readings = network.readings(
            {wanted.quantity, seen.quantity}, chip=row.chip or None, country=country, form=row.form, fixed=fixed
        )
        answer, _ = posterior(wanted.quantity, [given], readings)
        low, best, high = answer.interval
    except OsintError as error:
        return {**out, "why_not": str(error)}
    if circular := sorted(stuck & _used(answer, seen.quantity, wanted.quantity)):
        few = f"fewer than {MIN_OTHERS} others are left to set it again"
        return {**out, "why_not": f"this site set {', '.join(circular)}, and {few}"}
    return {
        **out,
        "low": low,
        "best": best,
        "high": high,
        "covered": bool(low <= truth <= high),
        "factor": max(best / truth, truth / best),
        "left_out": ", ".join(left),
    }


def _used(answer: Posterior, observable: str, target: str) -> set[str]:
    """Return the names of the factors between two quantities, over all readings."""
    readings, out = answer.readings, set()
    for start in readings.layout.starts[:-1]:
        ways = [{f.name for _, e in readings[int(start)].path(q) for _, f in e.factors} for q in (observable, target)]
        out |= ways[0] ^ ways[1]
    return out


def _own_relations(row: CalibrationRow, register: Register) -> set[str]:
    """Return the relations that the site of a row helped to set."""
    support = register.relation_support
    return set(support.loc[support["site"].map(lambda s: s in row.site).astype(bool), "relation"])


def leave_out(row: CalibrationRow, register: Register) -> tuple[Register, list[str]]:
    """Return the register with every relation that this row helped to set, set again without it, and their names.

    A relation that fewer than MIN_OTHERS other sites are behind is left as it is, and not named.
    """
    left: list[str] = []
    relations = register.relations.copy()
    scales = relations.set_index("relation")["scale"]
    for name in sorted(_own_relations(row, register)):
        rows = register.relation_support[register.relation_support["relation"] == name]
        others = rows[~rows["site"].map(lambda s: s in row.site).astype(bool)]
        if len(others) >= MIN_OTHERS and scales[name] == LOG_NORMAL:
            _set_again(relations, name, others["best"].to_numpy(dtype=float))
            left.append(name)
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
    """Set a relation from a few other sites: their median, the spread of their logs, and how many they are.

    The spread is shrunk to the published one, which counts as PRIOR_SYSTEMS sites: two or three values alone say
    almost nothing of a spread. The network widens it for the n behind it, as it does any relation: not here as well.
    """
    row = relations["relation"] == name
    low, high = relations.loc[row, ["low", "high"]].to_numpy(dtype=float)[0]
    published = np.log(high / low) / (2 * Z90)
    logs = np.log(values)
    n = len(logs)
    spread = np.sqrt((((logs - logs.mean()) ** 2).sum() + PRIOR_SYSTEMS * published**2) / (n + PRIOR_SYSTEMS - 1))
    best, half = float(np.exp(np.median(logs))), Z90 * spread
    relations.loc[row, ["low", "best", "high", "n_behind"]] = [best * np.exp(-half), best, best * np.exp(half), n]


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
    relations.loc[relations["relation"] == name, ["low", "best", "high", "n_behind"]] = [*interval, len(per_chip)]
    return replace(register, relations=relations), [name]
