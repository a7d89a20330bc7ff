"""Findings for every claim and the cross-checks, for all sites or some: the main job without the page."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from tqdm import tqdm

from osint.register import Register
from osint.verdict import checks, next_steps
from osint.verdict.judge import judge


@dataclass(frozen=True)
class Found:
    """`findings`: one row a claim (verdict.judge). `checks`: one row a cross-check. `steps`: what to get, by site."""

    findings: pd.DataFrame
    checks: pd.DataFrame
    steps: dict[str, pd.DataFrame]

    def text(self) -> str:
        """Plain text for a terminal."""
        lines = []
        for site, rows in self.findings.groupby("site_id", sort=False):
            lines.append(f"{site}")
            for r in rows.to_dict("records"):
                chance = (
                    f" ({r['word']}, {r['probability']:.0%})"
                    if r["probability"] is not None and r["probability"] == r["probability"]
                    else ""
                )
                lines.append(
                    f"  {r['claim_id']} {r['finding']}{chance}; confidence {r['confidence']}\n      {r['shown']}"
                )
            for c in self.checks[self.checks["site_id"] == site].to_dict("records"):
                lines.append(
                    f"  [{c['finding']}] {c['check']}: {c['arithmetic']}\n      {c['says']} Not said: {c['does_not_say']}"
                )
            if len(self.steps[str(site)]):
                lines.append("  what would change it: " + "; ".join(self.steps[str(site)]["observation"].head(3)))
        counts = self.findings["finding"].value_counts()
        lines.append("findings: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
        return "\n".join(lines)


def check(register: Register, site_ids: list[str] | None = None) -> Found:
    """Judge every claim of the sites and run the cross-checks; raises OsintError for an unknown site."""
    for site in site_ids or []:
        register.site(site)
    wanted = list(dict.fromkeys(site_ids or register.sites["site_id"]))
    tests = checks.run(register)
    against = checks.contradictions(tests)
    steps = {
        s: next_steps.next_steps(s, register) for s in tqdm(wanted, desc="sites", leave=False, disable=None, delay=2)
    }
    rows = []
    for site in wanted:
        change = [f"{r['observation']}: {r['where']}" for r in steps[site].head(3).to_dict("records")]
        rows += [{**judge(r, register, against), "would_change": change} for r in register.rows("claims", site)]
    return Found(pd.DataFrame(rows), tests[tests["site_id"].isin(wanted)].reset_index(drop=True), steps)
