"""Findings for every claim and the cross-checks, for all sites or some: the main job without the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd
from tqdm import tqdm

from osint.model import Dossier
from osint.register import Claim, Register
from osint.verdict.checks import CHECK_COLUMNS, Check, Tally, contradictions, survey
from osint.verdict.finding import Confidence, Contradiction, Finding
from osint.verdict.judge import judge
from osint.verdict.next_steps import NextStep, next_steps, steps_frame, steps_in_order
from osint.verdict.rules import Outcome

NEXT = 3  # steps that a finding names as what would change it


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding without the distributions under it, of which many thousands would fill the memory."""

    claim: Claim
    outcome: Outcome
    confidence: Confidence
    contradictions: tuple[Contradiction, ...]
    row: dict[str, Any] = field(repr=False)
    """The row of findings.csv."""

    @classmethod
    def of(cls, finding: Finding) -> Judged:
        """Return what is kept of a finding."""
        return cls(finding.claim, finding.outcome, finding.confidence, finding.contradictions, finding.to_row())


@dataclass(frozen=True)
class Found:
    """What the main job found, as records and as tables."""

    judged: tuple[Judged, ...]
    """One finding for each claim, by site."""
    tests: tuple[Check, ...]
    """The cross-checks with a claim of these sites."""
    tallies: tuple[Tally, ...]
    """How often each kind of check was asked over all sites, and how often it would speak by chance."""
    in_order: dict[str, list[NextStep]]
    """What to get next, by site, without what it would do to the answer."""
    dossier: Dossier = field(repr=False)

    @cached_property
    def next_steps(self) -> dict[str, list[NextStep]]:
        """What to get next, by site, with what it would do to the answer; worked out when it is asked for."""
        return {site: next_steps(site, self.dossier) for site in self.in_order}

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row per claim: the columns of findings.csv."""
        return pd.DataFrame([f.row for f in self.judged])

    @cached_property
    def checks(self) -> pd.DataFrame:
        """One row per cross-check: the columns of checks.csv."""
        return pd.DataFrame([c.to_row() for c in self.tests], columns=list(CHECK_COLUMNS))

    @cached_property
    def steps(self) -> dict[str, pd.DataFrame]:
        """What to get next by site, one row per step."""
        return {site: steps_frame(steps) for site, steps in self.next_steps.items()}

    def text(self) -> str:
        """Return plain text for a terminal."""
        lines = []
        for site in dict.fromkeys(f.claim.site_id for f in self.judged):
            lines.append(site)
            for row in (f.row for f in self.judged if f.claim.site_id == site):
                head = f"{row['claim_id']} {row['finding']} ({row['rule']}): {row['written'] or row['kind']}"
                lines.append(f"  {head}\n      {row['shown']}")
                lines += [f"      {row['room']}"] if row["room"] else []
            for row in (c.to_row() for c in self.tests if site in c.sites):
                head = f"[{row['finding']}] {row['check']}: {row['arithmetic']}"
                kind = f"{row['kind']}; {row['by_chance']}"
                lines.append(f"  {head}\n      {row['says']} Not said: {row['does_not_say']} ({kind})")
            steps = "; ".join(s.observation for s in self.in_order[site][:NEXT])
            lines.append(f"  what would change it: {steps}")
        lines += [f"{tally.name}: {tally.text()}" for tally in self.tallies]
        counts = Counter(f.outcome.value for f in self.judged).most_common()
        lines.append("findings: " + ", ".join(f"{n} {name}" for name, n in counts))
        return "\n".join(lines)


def check(source: Register | Dossier, site_ids: Sequence[str] | None = None) -> Found:
    """Judge every claim of the sites and run the cross-checks; raises NotFoundError for an unknown site."""
    dossier = Dossier.of(source)
    wanted = list(dict.fromkeys(site_ids or dossier.sites))
    for site in wanted:
        dossier.site(site)
    asked = survey(dossier)
    tests = asked.checks
    against = contradictions(tests)
    judged: list[Judged] = []
    steps: dict[str, list[NextStep]] = {}
    for site in tqdm(wanted, desc="sites", leave=False, disable=None, delay=2):
        steps[site] = steps_in_order(site, dossier)
        change = tuple(f"{s.observation}: {s.where}" for s in steps[site][:NEXT])
        found = (replace(judge(c, dossier, against), would_change=change) for c in dossier.claims[site])
        judged += map(Judged.of, found)
    return Found(tuple(judged), tuple(c for c in tests if c.sites & set(wanted)), asked.tallies, steps, dossier)
