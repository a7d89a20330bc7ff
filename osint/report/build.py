"""Build the report: findings for all sites as one page that opens offline, with tables, maps and figures next to it."""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from tqdm import tqdm

from osint import __version__, files, filings, geo, model, verdict
from osint.errors import BadInputError, OsintError
from osint.model import Dossier, Score, show
from osint.register import QUANTITIES, TAKEN_BACK, Modality, Observation, Register, Role, csv_text
from osint.report import figures
from osint.report.answer import Answer, answer_of
from osint.shown import shown
from osint.verdict import Found

PAGE_FONT = "osint page"  # name of the font that travels in the page; `style.css` names it too
BASES = {
    "floor": ("floor_m2",),
    "power": ("it_mw", "facility_mw", "power_mw", "average_mw", "energy_gwh_per_yr"),
    "racks": ("racks",),
    "compute": ("pflops",),
    "money": ("cost_cny",),
}
"""Basis of an estimate -> quantities that count for it."""
HORIZON_DAYS = 366  # days after the latest text beyond which a target is not set next to what is on file (judgement)
FIRST_YEAR, LAST_YEAR = "2015", "2027"  # years that the ladder of claims draws
GOAL_COVERAGE, GOAL_FACTOR = 0.85, 2.2
"""Share of intervals that should hold the truth, and median factor of error; below them the page warns."""
SUMS = "SHA256SUMS"  # the list of the files of a report; a folder that holds it as it was written may be replaced
_SUMS_HEAD = "# report of osint-datacentres"
_SUMS_BYTES = 1 << 20
_OF_A_DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")  # files that a file manager leaves in any folder
ESTIMATE_COLUMNS = (
    "site_id", "label", "basis", "given", "claim_ids", "low", "best", "high", "unit", "arithmetic",
    "claimed", "claimed_low", "claimed_high",
)  # fmt: skip
"""Columns of `site_estimates`."""
ESTIMATED = (Role.ANNOUNCED, Role.COMPARATOR)  # roles of the sites that have estimates and stories


# ---------------------------------------------------------------- what each figure on file would allow


def site_estimates(register: Register) -> pd.DataFrame:
    """Return the chips of H100 class that each figure on file would allow, site by site.

    Columns: site_id, label, basis, given, claim_ids, low, best, high, unit, arithmetic, claimed (the largest number of
    chips that is claimed, as its source writes it), claimed_low, claimed_high. One row per basis: the claim for the
    whole site that is latest; NaN and an empty text where no chips are claimed.
    """
    dossier, rows = Dossier.of(register), []
    for site in (site for site in dossier.sites.values() if site.role in ESTIMATED):
        claims = [claim for claim in dossier.claims[site.site_id] if not claim.error_test]
        chips = [claim for claim in claims if claim.quantity == "chips" and claim.modality not in TAKEN_BACK]
        top = max(chips, key=lambda claim: claim.claimed, default=None)
        written = [claim.date.last.toordinal() for claim in claims if claim.date]
        whole = [c for c in claims if not c.part and c.day <= max(written, default=0) + HORIZON_DAYS]
        for basis, quantities in BASES.items():
            options = [
                (c.day, c.claim_id, c, given)
                for c in whole
                if c.quantity in quantities and (given := model.given_of(c)) and not given.bound
            ]
            if not options or (basis == "money" and site.country != "CN"):
                continue
            claim, given = max(options, key=lambda option: option[:2])[2:]
            answer = model.estimate("chips", [given], chip="H100", country=site.country, register=register)
            rows.append(
                {
                    "site_id": site.site_id,
                    "label": site.name_display,
                    "basis": basis,
                    "given": claim.written(),
                    "claim_ids": "; ".join(given.ids),
                    "low": model.sig(answer.low),
                    "best": model.sig(answer.best),
                    "high": model.sig(answer.high),
                    "unit": "chips of H100 class",
                    "arithmetic": answer.chain[0],
                    "claimed": top.written() if top else "",
                    "claimed_low": top.claimed if top else math.nan,
                    "claimed_high": top.value_high if top and top.value_high is not None else math.nan,
                }
            )
    return pd.DataFrame(rows, columns=ESTIMATE_COLUMNS)


def _summary(dossier: Dossier, found: Found, estimates: pd.DataFrame) -> pd.DataFrame:
    """Return one row per site: claims, findings by name, chips claimed, chips that the figures on file would allow."""
    rows = []
    for site in dossier.sites.values():
        outcomes = [finding.outcome.value for finding in found.judged if finding.claim.site_id == site.site_id]
        counts = Counter(outcomes).most_common()
        on_paper = estimates[estimates["site_id"] == site.site_id]
        span = f"{show(on_paper['low'].min())} to {show(on_paper['high'].max())}" if len(on_paper) else ""
        rows.append(
            {
                "site": site.site_id,
                "name": site.name_display,
                "claims": len(outcomes),
                "findings": ", ".join(f"{n} {name}" for name, n in counts) or "no claim on file",
                "seen": _seen_there(dossier.observations[site.site_id]),
                "chips claimed": on_paper["claimed"].iloc[0] if len(on_paper) else "",
                "H100-class chips on paper": span,
            }
        )
    return pd.DataFrame(rows)


def _seen_there(rows: Sequence[Observation]) -> str:
    """Return the highest rung that was seen at a site, with the day and how sure the place is; empty without one."""
    shown = [row for row in rows if row.rung is not None]
    if not shown:
        return ""
    row = max(shown, key=lambda r: (r.rung.height if r.rung else 0, r.date.first))
    place = "place not stated" if row.p_place is None else f"place {row.p_place:.0%}"
    part = f" of {row.part}" if row.part else ""
    told = f"{row.rung.value if row.rung else ''}{part}, {row.date.text} ({row.observation_id}, {place})"
    return f"SIMULATED {told}" if row.simulated else told


def _supply(dossier: Dossier) -> list[tuple[str, float, float]]:
    """Return published estimates of restricted chips in China, one per group, as (label, low, high).

    The label holds the number as its source gives it: an estimate may count one year. One without an upper value ends
    just above its lower one, so that the figure marks it as open.
    """
    return [
        (f"{c.claim_id}, {c.written()}", c.figure, c.figure * 1.0001 if c.value_high is None else c.value_high)
        for c in verdict.supply_estimates(dossier, "CN")
    ]


# ---------------------------------------------------------------- what was seen, in words


@dataclass(frozen=True, slots=True)
class Seen:
    """The observations of a register, from which every sentence about what was seen is made."""

    relayed: tuple[Observation, ...]
    """Made by others: each comes from a claim on file."""
    own: tuple[Observation, ...]
    """Made for this register: no claim is behind them."""

    @classmethod
    def of(cls, dossier: Dossier) -> Seen:
        """Return the observations of all sites."""
        rows = [row for of_site in dossier.observations.values() for row in of_site]
        return cls(tuple(r for r in rows if r.source_claim_id), tuple(r for r in rows if not r.source_claim_id))

    def chips(self) -> str:
        """Return whether any chip was seen, as the beginning of a sentence."""
        counting = [row.observation_id for row in (*self.relayed, *self.own) if row.quantity == "chips"]
        return f"Chips are counted in {', '.join(counting)}" if counting else "No chip has been seen"

    def short(self) -> str:
        """Return what was seen in a few words."""
        ways = ", ".join(dict.fromkeys(row.how for row in self.own))
        by_us = f"{len(self.own)} of our own ({ways})" if self.own else "none of our own"
        return f"{_counted(self.relayed, 'observation')} by others, {by_us}"

    def ladder(self) -> str:
        """Return what the ladder of claims leaves out."""
        if not self.own:
            return "Nothing here was seen by us."
        return f"{_counted(self.own, 'own observation')} {'is' if len(self.own) == 1 else 'are'} not drawn."


def _counted(rows: Sequence[object], noun: str) -> str:
    return f"{len(rows) or 'no'} {noun}{'' if len(rows) == 1 else 's'}"


# ---------------------------------------------------------------- figures


def _figures(
    dossier: Dossier, points: pd.DataFrame, estimates: pd.DataFrame, scored: Score
) -> dict[str, figures.Files]:
    """Return the bytes of each figure by its name and format."""
    seen, made_by = Seen.of(dossier), f"osint {__version__}."
    latest = max((claim.date.first for claim in dossier.all_claims if claim.date), default=None)
    tables = "Sources: data/raw/claims.csv, relations.csv, chips.csv (each row names its own)."
    dated = f"{tables} Documents to {latest:%Y-%m}" if latest else "No dated document on file"
    source = f"{dated}; {seen.short()}. {made_by}"
    announced = {site.site_id for site in dossier.sites.values() if site.role == Role.ANNOUNCED}
    own = estimates[estimates["site_id"].isin(announced)]
    own = own.assign(label=own["site_id"] + "  " + own["label"])
    in_china = points[points["country"] == "CN"]
    independent = scored.rows[(scored.rows["role"] == "independent") & scored.rows["best"].notna()]
    return {
        "a_claimed_and_allowed": figures.render(
            figures.allowed, own, _supply(dossier), f"What the figures on file would allow. {seen.chips()}.", source
        ),
        "b_ladder": figures.render(
            figures.ladder, _rungs(dossier, announced), f"What was claimed, and when. {seen.ladder()}", source
        ),
        "c_map": figures.render(figures.site_map, in_china, geo.circles(in_china), f"{source} Proxies: county seats."),
        "d_calibration": figures.render(
            figures.calibration,
            independent,
            scored.summary,
            f"Source: data/raw/calibration.csv (each row names its own). Leave-one-out. {made_by}",
        ),
    }


def _rungs(dossier: Dossier, site_ids: set[str]) -> pd.DataFrame:
    """Return the dated claims of a rung at some sites: label, date (EDTF), rung, will."""
    rows = []
    for claim in dossier.all_claims:
        when = claim.value_date or claim.date
        if claim.site_id in site_ids and claim.rung and when and not claim.error_test:
            label = f"{claim.site_id}  {dossier.sites[claim.site_id].name_display}"
            rows.append((label, when.text, claim.rung.value, claim.modality in {Modality.WILL, Modality.WOULD}))
    frame = pd.DataFrame(rows, columns=["label", "date", "rung", "will"])
    return frame[frame["date"].str[:4].between(FIRST_YEAR, LAST_YEAR)].sort_values(["label", "date"])


# ---------------------------------------------------------------- the page


def page_html(
    register: Register,
    found: Found,
    scored: Score,
    estimates: pd.DataFrame,
    pictures: Mapping[str, figures.Files],
    answer: Answer,
) -> str:
    """Return the whole page as HTML: no script, nothing loaded from outside, every text of a source escaped.

    It is made from the templates in `osint/report/templates`, where a name that is not known is an error; `pictures`
    holds the figures by name and format.
    """
    dossier, score = Dossier.of(register), scored.summary
    worse = score[(score["coverage"] < GOAL_COVERAGE) | (score["median_factor"] > GOAL_FACTOR)]
    told = [site.site_id for site in dossier.sites.values() if site.role in ESTIMATED]
    stories = {site_id: verdict.hypotheses(site_id, dossier) for site_id in told}
    provinces = Counter(site.province for site in dossier.sites.values() if site.role == Role.ANNOUNCED)
    environment = Environment(
        loader=PackageLoader("osint.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_marked,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _cell
    context = {
        "register": register,
        "sites": list(dossier.sites.values()),
        "precision_km": {row["site_id"]: geo.precision_km(row) for row in register.sites.to_dict("records")},
        "provinces": [province for province, _ in provinces.most_common()],
        "seen": Seen.of(dossier),
        "found": found,
        "answer": answer.sentences(),
        "simulated": [r.observation_id for of_site in dossier.observations.values() for r in of_site if r.simulated],
        "estimates": estimates,
        "stories": stories,
        "no_story": verdict.NO_STORY,
        "meanings": verdict.FINDINGS,
        "counts": Counter(finding.outcome for finding in found.judged),
        "summary": _summary(dossier, found, estimates),
        "pictures": {name: base64.b64encode(files["png"]).decode() for name, files in pictures.items()},
        "score": score,
        "worse": worse.to_dict("records"),
        "trust": {basis: _trust(quantities, score) for basis, quantities in BASES.items()},
        "goal": {"coverage": GOAL_COVERAGE, "factor": GOAL_FACTOR},
        "quantities": pd.DataFrame({"quantity": list(QUANTITIES), "unit": [q.unit for q in QUANTITIES.values()]}),
        "font_name": PAGE_FONT,
    }
    template = environment.get_template("page.html")
    font = filings.font_subset(template.render(context, font=""))  # the glyphs that the page needs, and no others
    return template.render(context, font=base64.b64encode(font or b"").decode())


def _trust(quantities: Sequence[str], score: pd.DataFrame) -> str:
    """Return the line of the score that bears on estimates from some quantities, in words."""
    kinds = {QUANTITIES[name].group for name in quantities} - {""}
    lines = score[score["kind"].isin(kinds) & (score["n"] > 0)].to_dict("records")
    said = [
        f"{line['kind']}: {line['covered']} of {line['n']} intervals held it, median factor {line['median_factor']:g}"
        for line in lines
    ]
    return "; ".join(said) or "not tested: no site with a public truth"


def _marked(value: object) -> object:
    """Return a text with marks for what would steer the page; markup of our own stays."""
    return shown(value, keep="\n\t") if isinstance(value, str) and not isinstance(value, Markup) else value


def _cell(value: object) -> str:
    """Return a cell of a table: three digits of a number, nothing for a missing one, a list with commas."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return show(value, 3) if math.isfinite(value) else ""
    return str(value)


# ---------------------------------------------------------------- the folder


@dataclass(frozen=True)
class Written:
    """A report that was written."""

    page: Path
    answer: Answer
    """What stands first on the page."""
    summary: pd.DataFrame
    """One row per site."""


def _cleaned(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose words steer no terminal that prints it."""
    return table.map(lambda cell: shown(cell, keep="\n") if isinstance(cell, str) else cell)


def write_report(register: Register, out: str | Path) -> Written:
    """Write the report folder and return the page's path, the answer and the summary table.

    The folder appears whole or not at all. It holds index.html, findings.csv, checks.csv, estimates.csv,
    next.csv, score.csv, sites.geojson, sites.kml, figures/ as PNG, SVG and PDF, and SHA256SUMS, the list of them. It
    takes the place of an older report in one step, if that is as it was written. Raises BadInputError where a file or
    another folder stands, OsintError where it cannot be written.
    """
    out = Path(out)
    out = out if out.name.strip(".") else out.resolve()
    _check_free(out)
    steps = tqdm(total=4, desc="report", leave=False, disable=None)
    try:
        dossier, found = Dossier.of(register), verdict.check(register)
        steps.update()
        scored, estimates = model.score(register), site_estimates(register)
        steps.update()
        points = geo.places(register)
        pictures = _figures(dossier, points, estimates, scored)
        steps.update()
        answer = answer_of(dossier, found)
        page = page_html(register, found, scored, estimates, pictures, answer)
        made = {"index.html": page.encode(), "sites.geojson": geo.to_geojson(points), "sites.kml": geo.to_kml(points)}
        made |= {f"figures/{name}.{kind}": body for name, kinds in pictures.items() for kind, body in kinds.items()}
        made |= {f"{name}.csv": csv_text(_cleaned(t)).encode() for name, t in _tables(found, estimates, scored).items()}
        made[SUMS] = _sums(made)
        with files.folder_beside(out) as part:
            for name, body in made.items():
                files.replace_file(part / name, body)
        steps.update()
    except OsintError:
        raise
    except OSError as error:
        raise OsintError(
            f"the report could not be written to {out} ({error.strerror}); free some space or name another folder "
            "with --out"
        ) from error
    finally:
        steps.close()
    return Written(out / "index.html", answer, _summary(dossier, found, estimates))


def _sums(made: Mapping[str, bytes]) -> bytes:
    """Return the list of the files of a report with their digests, which `sha256sum -c` checks."""
    lines = [f"{hashlib.sha256(body).hexdigest()}  {name}" for name, body in sorted(made.items())]
    return "\n".join([_SUMS_HEAD, *lines, ""]).encode()


def _check_free(out: Path) -> None:
    """Raise an error unless a report may be put here: nothing is here, an empty folder, or a report as it was written.

    A file that the list of the older report does not hold, or that is not as it was written, is somebody's work.
    """
    files.refuse_link(out)
    if not out.is_dir():
        if out.exists():
            raise BadInputError(f"{out} is a file, and the report is a folder; name another with --out")
        return
    there = {
        path.relative_to(out).as_posix(): path for path in out.rglob("*") if not path.is_dir() or path.is_symlink()
    }
    theirs = {name: path for name, path in there.items() if path.name not in _OF_A_DESKTOP}
    if not theirs:
        return
    head, _, listed = _text_of(theirs.pop(SUMS, None)).partition("\n")
    if head != _SUMS_HEAD:
        raise BadInputError(
            f"{out} holds {min(theirs)} and no {SUMS} of a report, so nothing in it is replaced; move it away, or name "
            "another folder with --out"
        )
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in listed.splitlines())}
    for name, path in sorted(theirs.items()):
        if path.is_symlink() or hashlib.sha256(path.read_bytes()).hexdigest() != sums.get(name):
            raise BadInputError(
                f"{path} is not as the report was written, and a new report would take it away; move it, or name "
                "another folder with --out"
            )


def _text_of(path: Path | None) -> str:
    if path is None or path.is_symlink():
        return ""
    return files.read_regular(path, _SUMS_BYTES).decode("utf-8", "replace")


def _tables(found: Found, estimates: pd.DataFrame, scored: Score) -> dict[str, pd.DataFrame]:
    """Return the tables of the folder by name; lists are joined with semicolons, bounds have three digits."""
    bounds = ("allowed_low", "allowed_best", "allowed_high")
    rounded = {c: found.findings[c].astype(float).map(lambda v: model.sig(v) if np.isfinite(v) else v) for c in bounds}
    findings, checks = (
        frame.map(lambda cell: "; ".join(map(str, cell)) if isinstance(cell, list) else cell)
        for frame in (found.findings.assign(**rounded), found.checks)
    )
    of_sites = [frame.assign(site_id=site) for site, frame in found.steps.items()]
    steps = pd.concat(of_sites or [verdict.steps_frame([]).assign(site_id="")], ignore_index=True)
    return {"findings": findings, "checks": checks, "estimates": estimates, "next": steps, "score": scored.rows}
