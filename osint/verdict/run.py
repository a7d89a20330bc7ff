"""Findings for every claim and the cross-checks, for all sites or some: the main job without the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd
from tqdm import tqdm

from osint.errors import NotFoundError
from osint.model import Dossier
from osint.register import Claim, Register, SiteRow
from osint.verdict.checks import CHECK_COLUMNS, Check, Tally, contradictions, survey
from osint.verdict.finding import FINDING_COLUMNS, Finding
from osint.verdict.judge import judge
from osint.verdict.next_steps import NextStep, next_steps, steps_frame, steps_in_order

NO_CLAIM = (
    "no claim is on file for it, so nothing is judged; `osint extract FILE --into CASE --site SITE` reads those of a "
    "document, and `osint review` takes them in"
)
NEXT = 3  # steps that a finding names as what would change it


@dataclass(frozen=True)
class Found:
    """What the main job found, as records and as tables."""

    judged: tuple[Finding, ...]
    """One finding for each claim, by site."""
    tests: tuple[Check, ...]
    """The cross-checks with a claim of these sites."""
    tallies: tuple[Tally, ...]
    """How often each kind of check was asked over all sites, and how often it would speak by chance."""
    in_order: Mapping[str, list[NextStep]]
    """What to get next, by site, without what it would do to the answer."""
    sites: Mapping[str, SiteRow] = field(default_factory=dict)
    """Rows of sites.csv, by id."""
    whole: bool = True
    """Whether every site was asked for: a text is then short, without quotes."""
    dossier: Dossier | None = field(default=None, repr=False)

    @cached_property
    def next_steps(self) -> dict[str, list[NextStep]]:
        """What to get next, by site, with what it would do to the answer; worked out when it is asked for."""
        return {site: next_steps(site, self.dossier) for site in self.in_order} if self.dossier else {}

    @cached_property
    def by_site(self) -> dict[str, list[Finding]]:
        """The findings of each site that has a claim."""
        out: dict[str, list[Finding]] = {}
        for finding in self.judged:
            out.setdefault(finding.claim.site_id, []).append(finding)
        return out

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row per claim: the columns of findings.csv."""
        return pd.DataFrame([f.to_row() for f in self.judged], columns=list(FINDING_COLUMNS))

    @cached_property
    def checks(self) -> pd.DataFrame:
        """One row per cross-check: the columns of checks.csv."""
        return pd.DataFrame([c.to_row() for c in self.tests], columns=list(CHECK_COLUMNS))

    @cached_property
    def steps(self) -> dict[str, pd.DataFrame]:
        """What to get next by site, one row per step."""
        return {site: steps_frame(steps) for site, steps in self.next_steps.items()}

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON: each finding with the words of its claim, and the cross-checks."""
        findings = [{**f.to_row(), **_words_of(f.claim)} for f in self.judged]
        return {"findings": findings, "checks": self.checks.to_dict("records")}

    def text(self) -> str:
        """Return plain text for a terminal; with quotes, sources and what would change each finding unless `whole`."""
        lines: list[str] = []
        tests: dict[str, list[Check]] = {}
        for test in self.tests:
            for site in test.sites:
                tests.setdefault(site, []).append(test)
        for site in self.in_order:
            lines.append(_place_of(self.sites[site]) if site in self.sites else site)
            if site not in self.by_site:
                lines.append(f"  {NO_CLAIM}")
                continue
            for finding in self.by_site[site]:
                lines += _short(finding) if self.whole else _full(finding)
            for row in (c.to_row() for c in tests.get(site, ())):
                head = f"[{row['finding']}] {row['check']}: {row['arithmetic']}"
                kind = f"{row['kind']}; {row['by_chance']}"
                lines.append(f"  {head}\n      {row['says']} Not said: {row['does_not_say']} ({kind})")
            steps = "; ".join(s.observation for s in self.in_order[site][:NEXT])
            lines.append(f"  what would change it: {steps}")
        if self.whole:
            lines += [f"{tally.name}: {tally.text()}" for tally in self.tallies]
        counts = Counter(f.outcome.value for f in self.judged).most_common()
        lines.append("findings: " + (", ".join(f"{n} {name}" for name, n in counts) or "none, for no claim is on file"))
        return "\n".join(lines)


def _place_of(site: SiteRow) -> str:
    """Return a site in one line: id, names, where it is said to be, and how well that is known."""
    where = ", ".join(dict.fromkeys(part for part in (site.county, site.prefecture, site.province) if part))
    known = "place not known"
    if site.known_to:
        known = f"known to {site.known_to} ({site.coord_level})"
    names = " ".join(part for part in (site.name_en, site.name_zh) if part)
    return f"{site.site_id}  {names}; {where or site.country}; {known}"


def _subject(claim: Claim) -> str:
    """Return what a claim states in the words of its source, with its chip and part."""
    said = claim.written() or claim.quantity_kind.replace("_", " ")
    return ", ".join(part for part in (said, claim.chip_model, claim.part) if part)


def _short(finding: Finding) -> list[str]:
    claim, room = finding.claim, finding.room_text()
    head = f"{claim.claim_id} {finding.outcome.value} ({finding.rule.name}): {_subject(claim)}"
    return [f"  {head}", f"      {finding.shown()}", *([f"      {room}"] if room else [])]


def _full(finding: Finding) -> list[str]:
    claim = finding.claim
    when = claim.date.text if claim.date else "undated"
    read_in = f", read in {claim.source_publisher}" if claim.source_publisher not in claim.claimant else ""
    quotes = [f"“{claim.quote}”"] + [f"“{claim.translation}” (translated)"] * bool(claim.translation)
    decided = f"{finding.outcome.value}: {finding.shown()}"
    rests = f"; rests on {', '.join(finding.rests_on)}" if finding.rests_on else ""
    told = [
        f"{claim.claimant}, {when}{read_in}",
        claim.source_url,
        decided,
        finding.room_text(),
        finding.needs_text(),
        f"decided by the rule: {finding.rule.name}{rests}",
    ]
    return [f"  {claim.claim_id}  {_subject(claim)}", *(f"      {line}" for line in (*quotes, *told) if line)]


def _words_of(claim: Claim) -> dict[str, str]:
    """Return the words and the source of a claim."""
    names = ("quote", "translation", "claimant", "source_publisher", "source_url", "chip_model", "part")
    return {**{name: getattr(claim, name) for name in names}, "date": claim.date.text if claim.date else ""}


def check(
    source: Register | Dossier, site_ids: Sequence[str] | None = None, claim_ids: Sequence[str] | None = None
) -> Found:
    """Judge every claim of the sites and run the cross-checks.

    With `claim_ids` these claims alone are judged as well, and with both those of the sites and these. Without either
    it is all sites. Raises NotFoundError for an unknown site or claim.
    """
    dossier = Dossier.of(source)
    known = {c.claim_id: c for c in dossier.all_claims}
    for claim_id in claim_ids or ():
        if claim_id not in known:
            raise NotFoundError(f"there is no claim {claim_id!r} in claims.csv; `osint claims` lists them")
    of_claims = [known[claim_id].site_id for claim_id in claim_ids or ()]
    whole = not site_ids and not claim_ids
    judged_sites = set(dossier.sites if whole else site_ids or ())
    wanted = list(dossier.sites if whole else dict.fromkeys([*(site_ids or ()), *of_claims]))
    for site in wanted:
        dossier.site(site)
    asked = survey(dossier)
    against = contradictions(asked.checks)
    steps = {s: steps_in_order(s, dossier) for s in tqdm(wanted, desc="sites", leave=False, disable=None, delay=2)}
    judged = []
    asked_for = set(claim_ids or ())
    for site in wanted:
        change = tuple(f"{s.observation}: {s.where}" for s in steps[site][:NEXT])
        mine = [c for c in dossier.claims[site] if site in judged_sites or c.claim_id in asked_for]
        judged += [replace(judge(c, dossier, against), would_change=change) for c in mine]
    tests = tuple(c for c in asked.checks if c.sites & judged_sites or asked_for & set(c.claim_ids))
    return Found(tuple(judged), tests, asked.tallies, steps, dossier.sites, whole, dossier)
