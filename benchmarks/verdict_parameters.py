"""What the findings of the shipped register depend on: each constant of the verdict by 20% down and up.

Run as `python -m benchmarks.verdict_parameters`; it writes the column `effect` of osint/verdict/parameters.csv.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from unittest import mock

import pandas as pd
from tqdm import tqdm

from osint import verdict
from osint.model import Dossier
from osint.register import load_register, write_csv

TABLE = Path(verdict.__file__).parent / "parameters.csv"
CHANGE = 0.2
COUNTED = ("findings", "checks", "steps", "stories")


def results(dossier: Dossier) -> dict[str, list[str]]:
    """Return what the main job says, as texts to be compared."""
    found = verdict.check(dossier)
    stories = [str(row) for site in dossier.sites for row in verdict.hypotheses(site, dossier).to_dict("records")]
    return {
        "findings": [f"{f.claim.claim_id} {f.outcome} {f.confidence}" for f in found.judged],
        "checks": [f"{c.name} {c.claim_ids} {c.finding} {c.way}" for c in found.tests],
        "steps": [f"{site} {s.observation} {s.turns}" for site, steps in found.next_steps.items() for s in steps],
        "stories": stories,
    }


def with_value(module: str, name: str, value: float, dossier: Dossier) -> dict[str, list[str]]:
    """Return the results with another value of a constant, in every module that has imported it."""
    own = importlib.import_module(f"osint.{module}")
    before = getattr(own, name)
    holders = [m for key, m in sys.modules.items() if key.startswith("osint.") and getattr(m, name, None) is before]
    patches = [mock.patch.object(holder, name, value) for holder in holders]
    for patch in patches:
        patch.start()
    try:
        return results(dossier)
    finally:
        for patch in patches:
            patch.stop()


def effect(module: str, name: str, value: float, dossier: Dossier, base: dict[str, list[str]]) -> str:
    """Return how many rows differ when a constant is 20% smaller and larger."""
    said = []
    for sign, words in ((-1, "20% less"), (1, "20% more")):
        changed = value * (1 + sign * CHANGE)
        if value == int(value):
            changed = round(changed) if round(changed) != value else value + sign
        other = with_value(module, name, changed, dossier)
        counts = {what: len(set(base[what]) ^ set(other[what])) for what in COUNTED}
        differ = [f"{len(set(other[what]) - set(base[what])) or n} {what}" for what, n in counts.items() if n]
        said.append(f"{words}: {', '.join(differ) or 'nothing'}")
    return "; ".join(said)


def main() -> None:
    """Measure every constant and write the table."""
    table = pd.read_csv(TABLE, keep_default_na=False)
    dossier = Dossier.of(load_register())
    base = results(dossier)
    rows = tqdm(table.to_dict("records"))
    table["effect"] = [effect(r["module"], r["name"], r["value"], dossier, base) for r in rows]
    write_csv(table, TABLE)


if __name__ == "__main__":
    main()
