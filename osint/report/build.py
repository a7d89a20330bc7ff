"""Build the report: findings for all sites or some as pages that open offline, with figures, tables and maps."""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from osint import files, geo, model, verdict
from osint.errors import BadInputError, OsintError
from osint.model import Dossier, Score, show
from osint.register import TAKEN_BACK, Observation, Register, Role, csv_text
from osint.report import canvas, site_figures
from osint.report.answer import Answer
from osint.report.canvas import Caption, Sheet
from osint.report.gather import answer_of
from osint.report.locator import map_sheet
from osint.report.on_file import OnFile
from osint.report.page import Picture, pages
from osint.report.sheets import density_sheet, room_sheet, stages_sheet
from osint.report.timeline import timeline_sheet
from osint.shown import shown
from osint.verdict import Found

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.figure import Figure

BASES = {
    "floor": ("floor_m2",),
    "power": ("it_mw", "facility_mw", "power_mw", "average_mw", "energy_gwh_per_yr"),
    "racks": ("racks", "cabinets"),
    "compute": ("pflops",),
    "money": ("cost_cny",),
}
"""Basis of an estimate -> quantities that count for it."""
_OF_HALLS = ("floor", "power", "racks")  # what has room for chips; compute and money are the chips in another unit
HORIZON_DAYS = 366  # days after the latest text beyond which a target is not set next to what is on file (judgement)
SUMS = "SHA256SUMS"  # the list of the files of a report; a folder that holds it as it was written may be replaced
_SUMS_HEAD = "# report of osint-datacentres"
_SUMS_BYTES = 1 << 20
_OF_A_DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")  # files that a file manager leaves in any folder
FORMATS = {
    ".png": "PNG",
    "-360.png": "PNG for 360 pixels",
    ".svg": "SVG",
    ".pdf": "PDF",
    ".data.csv": "table",
    ".passport.json": "passport",
}
"""End of the name of each file of a figure -> what it is."""
ESTIMATE_COLUMNS = (
    "site_id", "label", "basis", "given", "claim_ids", "low", "best", "high", "unit", "arithmetic",
    "claimed", "claimed_low", "claimed_high",
)  # fmt: skip
"""Columns of `site_estimates`."""
FEW_SITES = 6
"""Announced sites up to which a report draws the figures of each; those of all would take a minute."""
ESTIMATED = (Role.ANNOUNCED, Role.COMPARATOR)  # roles of the sites that have estimates


# ---------------------------------------------------------------- what each figure on file would allow


def site_estimates(source: Register | Dossier) -> pd.DataFrame:
    """Return the chips of H100 class that each figure on file would allow, site by site.

    Columns: site_id, label, basis, given, claim_ids, low, best, high, unit, arithmetic, claimed (the largest number of
    chips that is claimed, as its source writes it), claimed_low, claimed_high. One row per basis: the claim for the
    whole site that is latest; NaN and an empty text where no chips are claimed.
    """
    dossier, rows = Dossier.of(source), []
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
            answer = model.estimate("chips", [given], chip="H100", country=site.country, register=dossier)
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
    rows, none = [], estimates.iloc[:0]
    of_site = dict(iter(estimates.groupby("site_id")))
    for site in dossier.sites.values():
        outcomes = [finding.outcome.value for finding in found.by_site.get(site.site_id, [])]
        counts = Counter(outcomes).most_common()
        on_paper = of_site.get(site.site_id, none)
        of_halls = on_paper["basis"].isin(_OF_HALLS)
        rows.append(
            {
                "site": site.site_id,
                "name": site.name_display,
                "claims": len(outcomes),
                "findings": ", ".join(f"{n} {name}" for name, n in counts) or "no claim on file",
                "seen": _seen_there(dossier.observations[site.site_id]),
                "chips claimed": on_paper["claimed"].iloc[0] if len(on_paper) else "",
                "room on paper, H100-class chips": _span(on_paper[of_halls]),
                "PFLOPS or money as such chips": _span(on_paper[~of_halls]),
            }
        )
    return pd.DataFrame(rows)


def _span(estimates: pd.DataFrame) -> str:
    return f"{show(estimates['low'].min())} to {show(estimates['high'].max())}" if len(estimates) else ""


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


# ---------------------------------------------------------------- figures


def sheets_of(dossier: Dossier, points: GeoDataFrame, answer: Answer, support: pd.DataFrame) -> tuple[Sheet, ...]:
    """Return the figures of the front page, in its order; `support` is the table relation_support.

    Behind the first, one that no row of the register bears is left out: it would say "0P are there" of a case without
    a figure.
    """
    further = (
        timeline_sheet(answer, dossier),
        map_sheet(points, dossier),
        density_sheet(answer, dossier, support),
        stages_sheet(dossier),
    )
    return room_sheet(answer, dossier), *(sheet for sheet in further if sheet.ids)


def _picture(sheet: Sheet, made: Mapping[str, bytes]) -> Picture:
    """Return a figure as the page shows it, with the names of its files beside the page."""
    wide, narrow = (base64.b64encode(made[f"{sheet.name}{end}"]).decode() for end in (".png", "-360.png"))
    told = [(f"figures/{sheet.name}{end}", words) for end, words in FORMATS.items() if f"{sheet.name}{end}" in made]
    return Picture(sheet.name, sheet.caption, wide, narrow, tuple(told))


Drawn = tuple[Picture, tuple[tuple[str, bytes], ...]]
"""A figure as a page shows it, and its files by name."""


def _of_sites(dossier: Dossier, found: Found) -> dict[str, list[Drawn]]:
    """Return the figures of each announced site, where there are few: claims in time, claimed and seen, where."""
    sites = [s.site_id for s in dossier.sites.values() if s.role == Role.ANNOUNCED and dossier.claims[s.site_id]]
    if len(sites) > FEW_SITES:
        return {}
    out: dict[str, list[Drawn]] = {}
    for site in sites:
        figures = {
            "claims-in-time": site_figures.claims_in_time(found, dossier, site),
            "claimed-and-seen": site_figures.claimed_and_seen(found, dossier, site),
            "where": site_figures.locator(dossier, site),
        }
        out[site] = [_site_figure(f"{site}-{name}", figure) for name, figure in figures.items()]
    return out


def _site_figure(name: str, figure: Figure) -> Drawn:
    from osint import passport

    alt = str(figure.get_label())
    title = alt.partition(". ")[0]
    # an SVG with a clipped range names it by its address in memory, so that two runs would differ
    told = passport.stamp(figure, name, title=title, alt=alt, credit=canvas.CREDIT, footer="", formats=("png", "pdf"))
    wide = base64.b64encode(told.files[f"{name}.png"]).decode()
    ends = [(f"../figures/{name}{end}", words) for end, words in FORMATS.items() if f"{name}{end}" in told.files]
    caption = Caption(title, "", "", "", alt)
    return Picture(name, caption, wide, "", tuple(ends)), tuple(told.files.items())


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
    """Return a table whose words steer no terminal that prints it, and whose numbers have nine digits.

    The digits behind them differ from one version of a numerical library to the next.
    """

    def clean(cell: object) -> object:
        if isinstance(cell, str):
            return shown(cell, keep="\n")
        return float(f"{cell:.9g}") if isinstance(cell, float) else cell

    return table.map(clean)


def write_report(register: Register, out: str | Path, case: str | Path | None = None) -> Written:
    """Write the report folder and return the page's path, the answer and the summary table.

    The folder appears whole or not at all. It holds index.html, evidence.html, a page for each site in sites/,
    findings.csv, checks.csv, estimates.csv, next.csv, score.csv, sites.geojson, sites.kml, figures/ (each as PNG, SVG
    and PDF, for 360 pixels, with its table and its passport), and SHA256SUMS, the list of them. It takes the place of
    an older report in one step, if that is as it was written. `case` is the folder that holds raw/: its captures and
    the pictures that were judged are shown. Raises BadInputError where a file or another folder stands, OsintError
    where it cannot be written.
    """
    out = Path(out)
    out = out if out.name.strip(".") else out.resolve()
    _check_free(out)
    steps = tqdm(total=4, desc="report", leave=False, disable=None)
    try:
        dossier = Dossier.of(register)
        found = verdict.check(dossier)
        steps.update()
        scored, estimates, answer = model.score(register), site_estimates(dossier), answer_of(dossier, found)
        steps.update()
        made: dict[str, bytes] = {}
        points, pictures = geo.places(register), []
        for sheet in sheets_of(dossier, points, answer, register.relation_support):
            drawn = canvas.render(sheet, dossier)
            made |= {f"figures/{name}": body for name, body in drawn.items()}
            pictures.append(_picture(sheet, drawn))
        steps.update()
        made |= {f"{name}.csv": csv_text(_cleaned(t)).encode() for name, t in _tables(found, estimates, scored).items()}
        made |= {"sites.geojson": geo.to_geojson(points), "sites.kml": geo.to_kml(points)}
        beside = sorted(name for name in made if "/" not in name)
        of_sites = _of_sites(dossier, found)
        made |= {
            f"figures/{name}": body for drawn in of_sites.values() for _, made_of in drawn for name, body in made_of
        }
        shown_of = {site: [picture for picture, _ in drawn] for site, drawn in of_sites.items()}
        rendered = pages(
            register, dossier, found, answer, scored, estimates, pictures, shown_of, beside, OnFile.of(case, dossier)
        )
        made |= {name: text.encode() for name, text in rendered.items()}
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
    files.check_place(out)
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
