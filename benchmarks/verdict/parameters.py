"""What the findings depend on: each constant of the verdict by 20% down and up.

Run as `python -m benchmarks.verdict.parameters`; it writes the column `effect` of osint/verdict/parameters.csv. The
shipped register has no sizes of announced sites: constants of what is seen are measured on a SIMULATED case beside it.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pandas as pd
from tqdm import tqdm

from benchmarks.verdict.racks_world import make
from osint import verdict
from osint.model import Dossier
from osint.register import load_register, write_csv

TABLE = Path(verdict.__file__).parent / "parameters.csv"
CHANGE = 0.2
SEED, SITES = 77, 60
"""The SIMULATED case: world 2 (verdict_halls)."""
OF_WHAT_IS_SEEN = frozenset(f"verdict.{name}" for name in ("bearing", "room", "look", "rules", "basis", "finding"))
"""Modules whose constants act on what is seen."""
Run = Callable[[Dossier], dict[str, list[str]]]
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


def simulated_case() -> Dossier:
    """Return a SIMULATED case, with the tables of the model as they are shipped."""
    with tempfile.TemporaryDirectory() as name:
        make(SEED, SITES).write(Path(name))
        return Dossier.of(load_register(name))


def findings(dossier: Dossier) -> dict[str, list[str]]:
    """Return the findings alone, as texts to be compared."""
    judged = verdict.check(dossier).judged
    return {"findings": [f"{f.claim.claim_id} {f.outcome} {f.confidence}" for f in judged]}


def with_value(module: str, name: str, value: float, dossier: Dossier, run: Run = results) -> dict[str, list[str]]:
    """Return the results with another value of a constant, in every module that has imported it."""
    own = importlib.import_module(f"osint.{module}")
    before = getattr(own, name)
    holders = [m for key, m in sys.modules.items() if key.startswith("osint.") and getattr(m, name, None) is before]
    patches = [mock.patch.object(holder, name, value) for holder in holders]
    for patch in patches:
        patch.start()
    try:
        return run(dossier)
    finally:
        for patch in patches:
            patch.stop()


def effect(
    module: str, name: str, value: float, dossier: Dossier, base: dict[str, list[str]], run: Run = results
) -> str:
    """Return how many rows differ when a constant is 20% smaller and larger."""
    said = []
    for sign, words in ((-1, "20% less"), (1, "20% more")):
        changed = value * (1 + sign * CHANGE)
        if value == int(value):
            changed = round(changed) if round(changed) != value else value + sign
        other = with_value(module, name, changed, dossier, run)
        counts = {what: len(set(base[what]) ^ set(other[what])) for what in COUNTED if what in base}
        differ = [f"{len(set(other[what]) - set(base[what])) or n} {what}" for what, n in counts.items() if n]
        said.append(f"{words}: {', '.join(differ) or 'nothing'}")
    return "; ".join(said)


def main() -> None:
    """Measure every constant and write the table."""
    table = pd.read_csv(TABLE, keep_default_na=False)
    dossier = Dossier.of(load_register())
    base = results(dossier)
    case = simulated_case()
    seen = findings(case)
    told = []
    for r in tqdm(table.to_dict("records")):
        key = (r["module"], r["name"], r["value"])
        if r["module"] in OF_WHAT_IS_SEEN:
            said = effect(*key, case, seen, findings)
            told.append(f"{SITES} SIMULATED sites with {len(seen['findings'])} claims: {said}")
        else:
            told.append(effect(*key, dossier, base))
    table["effect"] = told
    write_csv(table, TABLE)


if __name__ == "__main__":
    main()
