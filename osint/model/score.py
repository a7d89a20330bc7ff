"""Score the model on systems whose observable and truth are both public.

Rows of calibration.csv with role `independent` have a truth that does not come from imagery or from the model.
A row that was used to set a relation is left out when that relation is applied to it: the relation is set
again from the others. Consistency rows and negative controls are kept apart and count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from osint.errors import OsintError
from osint.model import network
from osint.model.estimate import Given, estimate
from osint.model.givens import show
from osint.register import Register

# observable or truth kind, lower case: quantity of the model and factor to its unit
KINDS = {
    "floor_m2": ("floor_m2", 1), "land_m2": ("land_m2", 1), "roof_m2": ("roof_m2", 1), "cooling_units": ("chillers", 1), "chillers": ("chillers", 1),
    "chiller_area_m2": ("chiller_area_m2", 1), "cooling_area_m2": ("cooling_area_m2", 1), "fans": ("cooling_fans", 1), "cooling_fans": ("cooling_fans", 1),
    "cooling_mw_from_satellite": ("cooling_mw", 1), "cooling_mw": ("cooling_mw", 1), "racks": ("racks", 1), "generators": ("generator_units", 1),
    "generators_mw": ("generators_mw", 1), "generator_mw": ("generators_mw", 1), "transformers_mva": ("transformers_mva", 1), "transformer_mva": ("transformers_mva", 1),
    "substation_mva": ("transformers_mva", 1), "top500_system_power_kw": ("full_load_mw", 0.001), "system_power_kw": ("full_load_mw", 0.001),
    "chips": ("chips", 1), "chips_disclosed": ("chips", 1), "chips_claimed": ("chips", 1), "pflops_claimed": ("pflops", 1), "pflops_dense_fp16": ("pflops", 1),
    "servers": ("servers", 1), "it_mw": ("it_mw", 1), "it_mw_billable": ("it_mw", 1), "it_mw_epoch": ("it_mw", 1), "facility_mw": ("facility_mw", 1),
    "energy_gwh_per_yr": ("energy_gwh_per_yr", 1), "energy_mwh_per_yr": ("energy_gwh_per_yr", 0.001), "average_mw": ("average_mw", 1),
}  # fmt: skip
GROUPS = {
    "full_load_mw": "measured power", "floor_m2": "area", "land_m2": "area", "roof_m2": "area", "chillers": "cooling plant", "chiller_area_m2": "cooling plant",
    "cooling_area_m2": "cooling plant", "cooling_fans": "cooling plant", "cooling_mw": "cooling plant", "racks": "racks", "generator_units": "generators",
    "generators_mw": "generators", "transformers_mva": "transformers", "pflops": "compute", "servers": "compute", "chips": "chips", "it_mw": "stated power",
    "facility_mw": "stated power", "energy_gwh_per_yr": "energy",
}  # fmt: skip
MIN_OTHERS = 2
CHINA = {"China", "CN"}


@dataclass(frozen=True)
class Score:
    """`rows`: every row judged; `summary`: one line for each kind of observable of the independent rows."""

    rows: pd.DataFrame
    summary: pd.DataFrame

    def _repr_html_(self) -> str:
        return self.summary.to_html(index=False)

    def text(self) -> str:
        """Plain text: the score, then what is kept apart."""
        lines = [
            "independent rows (truth not from imagery, nor from this model); 90% interval",
            self.summary.to_string(index=False),
        ]
        for role, title in (
            ("consistency", "consistency rows (estimates by others, not truth)"),
            ("control", "negative controls (plans, tests of a claim, bounds)"),
        ):
            part = self.rows[(self.rows["role"] == role) & self.rows["best"].notna()]
            lines.append(f"\n{title}: {len(part)}")
            for r in part.to_dict("records"):
                shows = f"{show(r['best'])} ({show(r['low'])} to {show(r['high'])})"
                inside = "inside" if r["covered"] else "outside"
                lines.append(
                    f"  {r['calibration_id']} {r['site']}: {shows}, published {show(r['truth_best'])} {network.unit_of(r['target'])}: {inside}"
                )
        skipped = self.rows[self.rows["best"].isna()]
        lines.append(
            f"\nnot scored: {len(skipped)} rows, for want of a relation: " + ", ".join(sorted(set(skipped["why_not"])))
        )
        return "\n".join(lines)


def score(register: Register) -> Score:
    """Judge every calibration row; see the module docstring.

    rows: calibration_id, site, role, kind, observable, target, low, best, high, truth_low, truth_best, truth_high,
    covered, factor, left_out, why_not. summary: kind, rows, coverage, coverage_low, coverage_high (90% Wilson),
    median_factor, worst_factor, worst_row.
    """
    rows = pd.DataFrame([_judge(row, register) for row in register.calibration.to_dict("records")])
    used = rows[(rows["role"] == "independent") & rows["best"].notna()]
    lines = [_line("all independent rows", used)]
    lines += [_line(str(kind), part) for kind, part in used.groupby("kind", sort=True)]
    return Score(rows, pd.DataFrame(lines))


def _line(kind: str, part: pd.DataFrame) -> dict:
    n, k = len(part), int(part["covered"].sum())
    z, p = network.Z90, k / n if n else np.nan
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n),
    )
    worst = part.loc[part["factor"].idxmax()]
    return {
        "kind": kind, "rows": n, "covered": k, "coverage": round(p, 3), "coverage_low": round(middle - half, 2), "coverage_high": round(middle + half, 2),
        "median_factor": round(float(part["factor"].median()), 2), "worst_factor": round(float(worst["factor"]), 2), "worst_row": f"{worst['calibration_id']} {worst['site']}",
    }  # fmt: skip


def _judge(row: dict, register: Register) -> dict:
    observable, scale = KINDS.get(row["observable_kind"].casefold(), ("", 1))
    target, truth_scale = KINDS.get(row["truth_kind"].casefold(), ("", 1))
    out = {
        "calibration_id": row["calibration_id"], "site": row["site"], "role": row["role"], "kind": GROUPS.get(observable, "none"), "observable": observable, "target": target,
        "low": np.nan, "best": np.nan, "high": np.nan, **{f"truth_{s}": row[f"truth_{s}"] * truth_scale for s in ("low", "best", "high")},
        "covered": False, "factor": np.nan, "left_out": "", "why_not": "",
    }  # fmt: skip
    if not observable or not target or observable == target:
        out["why_not"] = f"no relation from {row['observable_kind']} to {row['truth_kind']}"
        return out
    without, left = leave_out(row, register)
    value = row["observable_value"] * scale
    try:
        answer = estimate(
            target,
            [Given(observable, value, value)],
            chip=row["chip"] or None,
            country="CN" if row["country"] in CHINA else None,
            form=row["form"] if row["form"] in {"8-GPU", "4-GPU"} else "",
            fixed={"rack basis": "design" if row["truth_is"] == "design" else "in use"},
            register=without,
        )
    except OsintError as error:
        out["why_not"] = str(error)
        return out
    truth = out["truth_best"]
    factor = max(answer.best / truth, truth / answer.best)
    return {
        **out,
        "low": answer.low,
        "best": answer.best,
        "high": answer.high,
        "covered": bool(answer.low <= truth <= answer.high),
        "factor": factor,
        "left_out": ", ".join(left),
    }


def leave_out(row: dict, register: Register) -> tuple[Register, list[str]]:
    """The register with every relation that this row helped to set, set again without it."""
    left: list[str] = []
    relations = register.relations.copy()
    for name, rows in register.relation_support.groupby("relation"):
        own = rows["site"].map(lambda s: row["site"].startswith(s) or s in row["site"])
        if own.any() and (~own).sum() >= MIN_OTHERS:
            _set(relations, str(name), rows[~own][["low", "best", "high"]].to_numpy())
            left.append(str(name))
    out = replace(register, relations=relations)
    if row["observable_kind"].casefold().startswith("top500"):
        out, more = _leave_out_measured(row, out)
        left += more
    return out, left


def _set(relations: pd.DataFrame, name: str, values: np.ndarray) -> None:
    """Median and 90% interval for one more site from a few others.

    The spread of the logs is shrunk to the published one, which counts as two sites: two or three values alone
    say almost nothing of a spread.
    """
    row = relations["relation"] == name
    low, middle, high = relations.loc[row, ["low", "best", "high"]].to_numpy(dtype=float)[0]
    published = max(np.log(high / middle), np.log(middle / low)) / network.Z90
    logs = np.log(values[:, 1])
    n = len(logs)
    spread = np.sqrt((((logs - logs.mean()) ** 2).sum() + 2 * published**2) / (n + 1))
    best = float(np.exp(np.median(logs)))
    half = network.Z90 * spread * np.sqrt(1 + 1 / n)
    relations.loc[row, ["low", "best", "high"]] = [best * np.exp(-half), best, best * np.exp(half)]


def _leave_out_measured(row: dict, register: Register) -> tuple[Register, list[str]]:
    """Power per chip measured by the other systems of the same form."""
    rows = register.calibration
    others = rows[
        rows["observable_kind"].str.casefold().str.startswith("top500")
        & (rows["calibration_id"] != row["calibration_id"])
    ]
    gh = row["chip"] == "GH200"
    others = others[others["chip"] == "GH200"] if gh else others[others["chip"] != "GH200"]
    if not gh and row["form"] in {"8-GPU", "4-GPU"}:
        others = others[others["form"] == row["form"]]
    per_chip = (others["observable_value"] / 1000 / others["truth_best"]).to_numpy()
    if len(per_chip) < 4:
        return register, []
    low, best, high = np.quantile(per_chip, [0.05, 0.5, 0.95])
    if gh:
        chips = register.chips.copy()
        chips.loc[chips["chip"] == "GH200", ["full_load_kw_low", "full_load_kw_best", "full_load_kw_high"]] = (
            np.array([low, best, high]) * 1000
        )
        return replace(register, chips=chips), ["full_load_mw per GH200"]
    name = {"8-GPU": "full_load_8gpu", "4-GPU": "full_load_4gpu"}.get(row["form"], "full_load_all")
    relations = register.relations.copy()
    relations.loc[relations["relation"] == name, ["low", "best", "high"]] = [low, best, high]
    return replace(register, relations=relations), [name]
