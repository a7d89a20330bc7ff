"""Notebook 05: all sites of a case. Where to look first, what contradicts, what is said twice, what it adds up to."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import cached_property

import pandas as pd

from osint import files, model, report, verdict
from osint.model import show
from osint.notebook.desk import NO_SITE, Desk, principal_of
from osint.notebook.endings import NEVER
from osint.notebook.shows import Cell, Picture, Said, Shown, Table, closing
from osint.notebook.taking import with_rows
from osint.register import Claim, Role, Rung, write_csv
from osint.verdict import CheckFinding, Found, Outcome, Pair

LEAST_WORDS = 12
"""Letters that a sentence needs before it counts as a wording that could have been taken from elsewhere."""
LIST = "where_to_look.csv"
SMALL_ROOF_M2 = 1_000.0
PICTURE = "bare ground, or a roof of 1,000 m2, on the last day on file, if the place were confirmed"
"""What is tried at each site, in words."""


class Country:
    """All sites of a case with the findings on them, worked out once for all cells of the notebook."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.found: Found | None = verdict.check(desk.dossier) if desk.dossier.sites else None

    @cached_property
    def turned_by_a_picture(self) -> dict[str, int]:
        """How many findings bare ground or a small roof would turn, by site; the rows are tried out and not written."""
        dossier, found = self.desk.dossier, self.found
        if found is None or dossier.span is None:
            return dict.fromkeys(dossier.sites, 0)
        against = verdict.contradictions(found.tests)
        plain = {f.claim.claim_id: f.outcome for f in found.judged}
        seen: dict[str, object] = {"observer": "an example", "how": "a picture", "date": dossier.span[1].isoformat()}
        seen |= {
            "independence_group": "an example",
            "p_place": 0.95,
            "place_reason": "an example",
            "searched_share": 1.0,
        }
        roof = {"quantity": "roof_m2", "low": 0.9 * SMALL_ROOF_M2, "best": SMALL_ROOF_M2, "high": 1.1 * SMALL_ROOF_M2}
        looks: list[dict[str, object]] = [
            {"not_yet": Rung.GROUND_BROKEN.value, "rung": ""},
            {"rung": Rung.ROOFED.value, **roof},
        ]
        out = {}
        for site_id, claims in dossier.claims.items():
            turned = set()
            for shows in looks:
                tried = with_rows(dossier, site_id, [{"site_id": site_id, **seen, **shows}])
                turned |= {c.claim_id for c in claims if verdict.judge(c, tried, against).outcome != plain[c.claim_id]}
            out[site_id] = len(turned)
        return out

    def __repr__(self) -> str:
        return all_sites(self).text()

    def _repr_html_(self) -> str:
        return all_sites(self).html()


def open_country(desk: Desk) -> Country:
    """Judge every claim of every site of the case; takes some seconds."""
    return Country(desk)


def all_sites(country: Country) -> Shown:
    """Return the answer for all sites in sentences."""
    if country.found is None:
        return Said((NO_SITE,))
    sites, claims = country.desk.dossier.sites, country.desk.dossier.all_claims
    if not claims:
        return Said((f"{len(sites)} site{'s' * (len(sites) != 1)} and no claim on file. Next: notebook 02.",))
    said = report.answer_of(country.desk.dossier, country.found).sentences()
    return Said(tuple(said), heading=f"{len(sites)} sites, {len(claims)} claims")


def where_to_look(country: Country) -> Shown:
    """Return the sites ranked by what a picture would do: the findings that bare ground or a small roof would turn."""
    if country.found is None:
        return Said((NO_SITE,))
    rows = []
    for site_id, steps in country.found.next_steps.items():
        site = country.desk.dossier.sites[site_id]
        if site.role not in {Role.ANNOUNCED, Role.COMPARATOR} or not country.desk.dossier.claims[site_id]:
            continue
        best = max((s for s in steps if math.isfinite(s.turns)), key=lambda s: s.turns, default=None)
        finding = principal_of(_of_site(country.found, site_id))
        turned = country.turned_by_a_picture[site_id]
        rows.append(
            (
                site_id,
                Cell(site.name_display or site.name_en, chinese=site.name_zh),
                finding.claim.written() if finding else "no number",
                finding.outcome.value if finding else "",
                Cell(f"{turned} of {len(country.desk.dossier.claims[site_id])}", number=float(turned)),
                Cell(site.known_to, number=site.known_km) if site.known_to else Cell("not known"),
                steps[0].observation if steps else "",
                f"{best.observation}: {best.turns:.0%}" if best and best.turns else "none",
            )
        )
    rows.sort(key=lambda row: (-(row[4].number or 0.0), str(row[0])))
    heads = (
        "site", "name", "largest number claimed", "found", "findings that a picture would turn", "place known to",
        "get first", "paper with the best chance to turn it",
    )  # fmt: skip
    return Table.of(heads, rows, f"A picture: {PICTURE}. Where the place is not confirmed, it comes first.")


def _of_site(found: Found, site_id: str) -> Found:
    judged = tuple(f for f in found.judged if f.claim.site_id == site_id)
    return Found(judged, (), (), {})


def no_picture_can(country: Country) -> Shown:
    """Return the sites of which no picture can change the finding, with the reason."""
    if country.found is None:
        return Said((NO_SITE,))
    rows = []
    for site_id in country.found.next_steps:
        site = country.desk.dossier.sites[site_id]
        if site.role == Role.AGGREGATE:
            rows.append(
                (site_id, site.name_display or site.name_en, "a total over several sites has no place of its own")
            )
        elif not country.desk.dossier.claims[site_id]:
            rows.append((site_id, site.name_display or site.name_en, "no claim is on file that a picture could test"))
        elif site.lat is None:
            rows.append((site_id, site.name_display or site.name_en, "its position is not known"))
        elif not country.turned_by_a_picture[site_id]:
            why = "neither bare ground nor a small roof would turn a finding: its claims speak of no state or no size"
            rows.append((site_id, site.name_display or site.name_en, why))
    return Table.of(
        ("site", "name", "why"), rows, f"{len(rows)} sites", "A picture could change the finding at every site."
    )


def contradictions_of_all(country: Country) -> Shown:
    """Return what claims say against each other over all sites, misreports kept as tests left out."""
    if country.found is None:
        return Said((NO_SITE,))
    told = [c for c in country.found.tests if c.pair != Pair.PLANTED and c.finding != CheckFinding.NOTE]
    told.sort(key=lambda c: (list(CheckFinding).index(c.finding), c.check_id))
    rows = []
    for check in told:
        row = check.to_row()
        sites = ", ".join(sorted(check.sites))
        ids = ", ".join(check.claim_ids)
        rows.append(
            (row["finding"], sites, f"{ids} ({row['kind']})", row["arithmetic"], row["says"], row["does_not_say"])
        )
    heads = ("finding", "sites", "claims", "arithmetic", "says", "does not say")
    return Table.of(heads, rows, "Certain contradictions first.", "No claim contradicts another.")


def template_wordings(country: Country) -> Shown:
    """Return wordings that stand at several sites with other numbers: a sign of a template, not of a visit."""
    groups: dict[str, list[Claim]] = defaultdict(list)
    for claim in country.desk.dossier.all_claims:
        words = re.sub(r"[0-9０-９.,，%]+", "#", claim.quote).strip()
        if len(re.sub(r"[\W#]+", "", words)) >= LEAST_WORDS:
            groups[words].append(claim)
    rows = [
        (
            ", ".join(dict.fromkeys(c.site_id for c in claims)),
            ", ".join(c.claim_id for c in claims),
            Cell(claims[0].translation, chinese=claims[0].quote if claims[0].quote_language == "zh" else "")
            if claims[0].translation
            else claims[0].quote,
        )
        for claims in groups.values()
        if len({c.site_id for c in claims}) > 1
    ]
    heads = ("sites", "claims", "wording")
    none = "No wording on file stands at two sites with other numbers."
    return Table.of(heads, rows, "One wording at several sites, numbers aside: one text, or a template.", none)


def totals(country: Country) -> Shown:
    """Return what all announced sites come to on each ground, and what is stated for them together."""
    if country.found is None or not any(s.role == Role.ANNOUNCED for s in country.desk.dossier.sites.values()):
        return Said((NO_SITE if country.found is None else "No announced site is on file.",))
    return Said((model.totals_text(model.total([], country.desk.dossier)),))


def how_good(country: Country) -> Shown:
    """Return how well the model does where the truth is public: leave-one-out, sites apart from supercomputers."""
    scored = model.score(country.desk.case.register).summary
    rows = []
    for row in scored.to_dict("records"):
        if row["n"]:
            covered = Cell(f"{row['covered']} of {row['n']}", number=row["covered"] / row["n"])
            rows.append((row["kind"], covered, Cell(show(row["median_factor"]), number=float(row["median_factor"]))))
    return Table.of(("kind", "90% intervals that held the truth", "median factor of error"), rows)


def map_of_all(country: Country) -> Shown:
    """Return the map of the sites of the case with circles as wide as the doubt about each."""
    if country.found is None:
        return Said((NO_SITE,))
    return Picture.of(report.map_of_sites(country.desk.case.register))


def take_away(country: Country) -> Shown:
    """Write the ranked list of sites as a CSV into the case, and say where it is."""
    table = where_to_look(country)
    if not isinstance(table, Table) or not table.rows:
        return Said(("There is no site with a claim, so there is no list to take away.",))
    cells = [[" / ".join(filter(None, (c.words, c.chinese))) for c in row] for row in table.rows]
    folder = country.desk.case.path / "derived"
    files.make_folder(folder)
    write_csv(pd.DataFrame(cells, columns=list(table.columns)), folder / LIST)
    return Said((f"Written to derived/{LIST} of the case: {len(table.rows)} sites.",))


def may_be_said_of_all(country: Country) -> Shown:
    """Return what may be said of all sites and what may not, and the one next step."""
    if country.found is None:
        return Said((NO_SITE,))
    counts: dict[Outcome, int] = defaultdict(int)
    for finding in country.found.judged:
        counts[finding.outcome] += 1
    told = ", ".join(f"{n} {outcome.value}" for outcome, n in sorted(counts.items(), key=lambda pair: -pair[1]))
    may = [f"Of {len(country.found.judged)} claims on file: {told}."] if counts else []
    untested = counts[Outcome.UNTESTED]
    may_not = [*NEVER, f"That the {untested} untested claims are false, or true."]
    ranked = where_to_look(country)
    first = ranked.rows[0] if isinstance(ranked, Table) and ranked.rows else None
    step = f"{first[0].words}: {first[6].words}" if first else "begin with a site and a document (notebook 01)"
    return closing(may, may_not, step)
