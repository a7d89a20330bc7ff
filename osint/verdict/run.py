"""Findings for every claim and the cross-checks, for all sites or some: the main job without the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd
from tqdm import tqdm

from osint import model
from osint.errors import NotFoundError
from osint.model import Dossier
from osint.register import Claim, Register, SiteRow
from osint.verdict.bearing import Sight
from osint.verdict.checks import CHECK_COLUMNS, Check, Survey, Tally, contradictions, survey
from osint.verdict.finding import FINDING_COLUMNS, Finding
from osint.verdict.judge import judge
from osint.verdict.next_steps import NextStep, next_steps, steps_frame, steps_in_order, with_third_looks
from osint.verdict.third_look import third_look
from osint.verdict.words import describe, observed_by

NO_CLAIM = (
    "no claim is on file for it, so nothing is judged; `osint extract FILE --into CASE --site SITE` reads those of a "
    "document, and `osint review` takes them in"
)
TOGETHER = 64  # findings whose intervals are worked out at once
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
            if self.whole:
                lines += [line for finding in self.by_site[site] for line in _short(finding)]
            else:
                lines += _in_full(self.by_site[site])
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
        known = f"known to {site.known_to} ({site.point})"
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


def _in_full(findings: Sequence[Finding]) -> list[str]:
    """Return what was seen at a site, once, and the findings on its claims, each with quote, source and reasons.

    A sentence that was said of a claim before is said by the id of that claim.
    """
    sights = {s.row.observation_id: s for f in findings for s in (*f.seen.sights, *f.seen.own)}
    lines = [f"  seen: {'SIMULATED ' * bool(s.row.simulated)}{describe(s)}" for _, s in sorted(sights.items())]
    said: dict[str, str] = {}
    for finding in findings:
        claim = finding.claim
        when = claim.date.text if claim.date else "undated"
        read_in = f", read in {claim.source_publisher}" if claim.source_publisher not in claim.claimant else ""
        quotes = [f"“{claim.quote}”"] + [f"“{claim.translation}” (translated)"] * bool(claim.translation)
        told = [
            f"{claim.claimant}, {when}{read_in}",
            claim.source_url,
            *_decided(finding, sights, said),
            finding.room_text(),
            finding.needs_text(),
        ]
        lines += [f"  {claim.claim_id}  {_subject(claim)}", *(f"      {line}" for line in (*quotes, *told) if line)]
    return lines


def _decided(finding: Finding, sights: Mapping[str, Sight], said: dict[str, str]) -> list[str]:
    """Return the finding with its rule and its sentence; one that was said of a claim before, by that claim."""
    sentence = finding.shown()
    for key, s in sights.items():
        sentence = sentence.replace(f"{key} ({observed_by(s)})", key)
    rests = f"; rests on {', '.join(finding.decided_on)}" if finding.decided_on else ""
    before = said.setdefault(sentence, finding.claim.claim_id)
    told = sentence if before == finding.claim.claim_id else f"as {before}."
    return [f"{finding.outcome.value} (rule: {finding.rule.name}{rests}): {told}"]


def _words_of(claim: Claim) -> dict[str, str]:
    """Return the words and the source of a claim."""
    names = ("quote", "translation", "claimant", "source_publisher", "source_url", "chip_model", "part")
    return {**{name: getattr(claim, name) for name in names}, "date": claim.date.text if claim.date else ""}


@dataclass(frozen=True)
class Asked:
    """What is to be judged: claims by site, in order, with the cross-checks that bear on them."""

    dossier: Dossier
    claims: Mapping[str, Sequence[Claim]]
    survey: Survey
    tests: tuple[Check, ...]
    """The cross-checks with a claim of these sites."""
    whole: bool
    """Whether every site was asked for."""
    steps: dict[str, list[NextStep]] = field(default_factory=dict, init=False)
    """What to get next, of the sites that have been judged."""

    @classmethod
    def of(cls, source: Register | Dossier, site_ids: Sequence[str] | None, claim_ids: Sequence[str] | None) -> Asked:
        """Return what is asked by sites and claims, all without either; raises NotFoundError as `check`."""
        dossier = Dossier.of(source)
        known = {c.claim_id: c for c in dossier.all_claims} if claim_ids else {}
        for claim_id in claim_ids or ():
            if claim_id not in known:
                raise NotFoundError(f"there is no claim {claim_id!r} in claims.csv; `osint claims` lists them")
        whole, single = not site_ids and not claim_ids, set(claim_ids or ())
        of_claims = (known[claim_id].site_id for claim_id in claim_ids or ())
        wanted = dossier.sites if whole else dict.fromkeys((*(site_ids or ()), *of_claims))
        for site in wanted:
            dossier.site(site)
        judged = set(wanted if whole else site_ids or ())
        claims = {s: [c for c in dossier.claims[s] if s in judged or c.claim_id in single] for s in wanted}
        asked = survey(dossier)
        tests = tuple(c for c in asked.checks if c.sites & judged or single & set(c.claim_ids))
        return cls(dossier, claims, asked, tests, whole)

    def judged(self) -> Iterator[Finding]:
        """Yield a finding for each claim, site by site: what one is solved to is not kept for the next sites."""
        against = contradictions(self.survey.checks)
        found: list[Finding] = []
        for site in tqdm(self.claims, desc="sites", leave=False, disable=None, delay=2):
            self.steps[site] = steps_in_order(site, self.dossier)
            change = tuple(f"{s.observation}: {s.where}" for s in self.steps[site][:NEXT])
            judged = [judge(claim, self.dossier, against, change) for claim in self.claims[site]]
            looks = {n: look for n, f in enumerate(judged) if (look := third_look(f, self.dossier))}
            for n, look in looks.items():
                judged[n] = replace(judged[n], would_change=(look.text(), *change))
            self.steps[site] = with_third_looks(self.steps[site], list(dict.fromkeys(looks.values())))
            found += judged
            if len(found) >= TOGETHER:
                yield from _settled(found)
                found = []
        yield from _settled(found)


def _settled(found: Sequence[Finding]) -> Sequence[Finding]:
    """Return findings whose intervals have been worked out at once."""
    model.settle(p for f in found for p in f.solved)
    return found


def check_rows(
    source: Register | Dossier, site_ids: Sequence[str] | None = None, claim_ids: Sequence[str] | None = None
) -> tuple[Iterator[dict[str, object]], list[dict[str, object]]]:
    """Return plain values for JSON: findings with the words of their claims, each made when it is read, and the checks.

    So as many claims as there are can be judged without all findings in memory. Arguments and errors as `check`.
    """
    asked = Asked.of(source, site_ids, claim_ids)
    return ({**f.to_row(), **_words_of(f.claim)} for f in asked.judged()), [c.to_row() for c in asked.tests]


def check(
    source: Register | Dossier, site_ids: Sequence[str] | None = None, claim_ids: Sequence[str] | None = None
) -> Found:
    """Judge every claim of the sites and run the cross-checks.

    With `claim_ids` these claims alone are judged as well, and with both those of the sites and these. Without either
    it is all sites. Raises NotFoundError for an unknown site or claim.
    """
    asked = Asked.of(source, site_ids, claim_ids)
    judged = tuple(asked.judged())
    dossier = asked.dossier
    return Found(judged, asked.tests, asked.survey.tallies, asked.steps, dossier.sites, asked.whole, dossier)
