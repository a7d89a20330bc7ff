"""A case and its sites: what a notebook and the command line hold in their hand. They decide nothing of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from osint import files, geo, model, report, verdict
from osint.case import begin
from osint.case.begin import CaseVersion
from osint.case.changed import Entered, changes, judged
from osint.case.judged import rescue_judged
from osint.case.reading import Review, read_documents
from osint.case.site import Site
from osint.errors import BadInputError
from osint.model import Dossier, Total
from osint.register import (
    DEMO_MARKER,
    SCHEMAS,
    Claim,
    Observation,
    Register,
    append_rows,
    check_table,
    data_dir,
    find_sites,
    load_register,
    one_site,
)
from osint.verdict import Found

DEFAULT_PRECISION_KM = 1.0
"""Precision of a place that a person gives as a point and says no more of."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row of a case in which a text was found."""

    table: str
    row_id: str
    site_id: str
    words: str
    """What the row says, for a person."""


class Case:
    """A folder of evidence. Rows are added by `enter`; everything else reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """Data folder: it holds raw/ with the evidence, and derived/."""
        self._load()

    def _load(self) -> None:
        self.register: Register = load_register(self.path)
        """The tables as they are now; read again after a write."""
        self.dossier: Dossier = Dossier.of(self.register)
        """The rows as records."""

    @property
    def name(self) -> str:
        """Name of the folder of the case."""
        whole = self.path.resolve()
        return whole.parent.name if whole.name == "data" else whole.name

    @property
    def sites(self) -> tuple[Site, ...]:
        """All sites, in the order of the table."""
        return tuple(Site(self, site_id) for site_id in self.dossier.sites)

    def site(self, name: str) -> Site:
        """Return the site that a person names: by id, name, owner, county or part of these, in any case.

        Raises BadInputError with the list where several answer to it, NotFoundError with near names where none does.
        """
        return Site(self, one_site(self.register, name).site_id)

    def find(self, text: str) -> tuple[Hit, ...]:
        """Return every site that answers to a text, and every claim and observation that holds it or has it as id."""
        wanted = text.strip().casefold()
        if not wanted:
            raise BadInputError("say what to find: a word, a number as it is written, or an id")
        hits = [
            Hit("sites", s.site_id, s.site_id, s.name_display or s.name_en) for s in find_sites(self.register, text)
        ]
        for table, columns in (
            ("claims", ("claim_id", "claimant", "quote", "translation", "chip_model")),
            ("observations", ("observation_id", "observer", "quote", "note", "part")),
        ):
            for row in getattr(self.register, table).to_dict("records"):
                if any(wanted in str(row[column]).casefold() for column in columns):
                    words = row["quote"] or row.get("note", "")
                    hits.append(Hit(table, row[columns[0]], row["site_id"], words))
        return tuple(hits)

    @property
    def is_demo(self) -> bool:
        """Whether it is a case of SIMULATED observations, which no real one enters."""
        seen = [row for rows in self.dossier.observations.values() for row in rows]
        return all(row.simulated for row in seen) and (bool(seen) or (self.path / "raw" / DEMO_MARKER).is_file())

    def check(self, sites: Iterable[str] = ()) -> Found:
        """Return the finding on every claim, or of some sites, with the cross-checks of the documents."""
        return verdict.check(self.dossier, [self.site(name).id for name in sites] or None)

    def total(self, *sites: str) -> list[Total]:
        """Return what several sites hold together, with errors in common; all announced sites without names."""
        return model.total([self.site(name).id for name in sites], self.dossier)

    def report(self, out: str | Path | None = None) -> Path:
        """Write the page of all sites with its tables, maps and figures; return the page."""
        return self.write_report(self.register, out, "report")

    def write_report(self, register: Register, out: str | Path | None, name: str) -> Path:
        """Write a report of tables to a folder, or under this name into derived/; return the page."""
        if out is None:
            files.check_case(self.path)
        return report.write_report(register, out or self.path / "derived" / name, self.path).page

    def add_site(
        self,
        name: str,
        lon: float | None = None,
        lat: float | None = None,
        *,
        precision_km: float = DEFAULT_PRECISION_KM,
        datum: str = "unknown",
        country: str = "",
        **known: str,
    ) -> Site:
        """Add a site and return it; its id is the next one, as SITE01, unless `site_id` is given.

        `lon` and `lat` are degrees in `datum` (WGS-84, GCJ-02 as Amap, BD-09 as Baidu; unknown widens the precision in
        China by the 1.2 km between them). `country` is two letters; a place in China needs none. `known` are further
        columns of sites.csv, as name_zh, county, parent. Raises BadInputError for what the table does not take.
        """
        known = {**known, "datum": datum, "country": country}
        row = site_row(name, lon, lat, precision_km=precision_km, **known)
        (made,) = append_rows(self.path, "sites", [row])
        self._load()
        return Site(self, made)

    def enter(self, table: Literal["claims", "observations"], rows: Sequence[Mapping[str, object]]) -> Entered:
        """Add rows to a table of the case, and return them as records with the findings that they changed.

        Raises what `register.append_rows` raises: nothing is written then.
        """
        return self.change(table, {str(row["site_id"]) for row in rows}, lambda: append_rows(self.path, table, rows))

    def change(
        self, table: Literal["claims", "observations"], site_ids: set[str], write: Callable[[], object]
    ) -> Entered:
        """Run what adds rows about sites to a table; return them as records with the findings that they changed."""
        sites = self.related(site_ids)
        before, held = judged(self.dossier, sites), {row_id(row) for row in self._rows(table, sites)}
        rescue_judged(self.path, (row for of_site in self.dossier.observations.values() for row in of_site))
        write()
        self._load()
        written = [row for row in self._rows(table, sites) if row_id(row) not in held]
        return Entered(written, changes(before, judged(self.dossier, sites)))

    def _rows(self, table: Literal["claims", "observations"], sites: Sequence[str]) -> list[Claim | Observation]:
        of_site: Mapping[str, Sequence[Claim | Observation]] = getattr(self.dossier, table)
        return [row for site in sites for row in of_site[site]]

    def extract(self, *names: str, site: str, **known: Any) -> Review:
        """Read what documents claim of a site into the review of the case, and return it.

        `names` are files, captured addresses or captures, as of `filings.open_filing`. `known` are `publisher` (what
        the document says without it), `claimant` (the publisher without it), `tier` (a kind of publisher, unsourced
        without it), `url`, `date` (ISO) and `ocr`. The document is kept with what was read of it. Nothing enters
        claims.csv before a person has decided. Raises BadInputError where the publisher is not known.
        """
        return read_documents(self, names, self.site(site).id, **known)

    def review(self) -> Review:
        """Return the claims of the documents that were read, with what was decided of each."""
        return Review(self)

    def related(self, site_ids: set[str]) -> list[str]:
        """Return sites with those above and below them, whose claims a row of them may bear on."""
        wanted = set(site_ids) & set(self.dossier.sites)
        for start in list(wanted):
            above = self.dossier.sites[start].parent
            while above and above not in wanted:
                wanted.add(above)
                above = self.dossier.sites[above].parent
            below = [start]
            while below:
                children = [c for c in self.dossier.parts.get(below.pop(), ()) if c not in wanted]
                wanted.update(children)
                below += children
        return [site for site in self.dossier.sites if site in wanted]

    @cached_property
    def version(self) -> CaseVersion | None:
        """The tables of the model that it was made with; None where it does not say."""
        return CaseVersion.read(self.path)

    def __str__(self) -> str:
        seen = sum(map(len, self.dossier.observations.values()))
        counts = (("site", len(self.sites)), ("claim", len(self.dossier.all_claims)), ("observation", seen))
        head = f"{self.name}: " + ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in counts)
        lines = [f"SIMULATED demo case {head}" if self.is_demo else head]
        lines += [f"  {site.id:8} {site.name}" for site in self.sites]
        changed = self.version.differences() if self.version else ()
        lines += [f"  made with other tables of the model: {', '.join(changed)} changed since"] if changed else []
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Case {self.name}: {len(self.dossier.sites)} sites>"

    def _repr_html_(self) -> str:
        from osint.case import pages

        return pages.case_html(self)


def row_id(row: Claim | Observation) -> str:
    """Return the id of a row."""
    return row.claim_id if isinstance(row, Claim) else row.observation_id


def site_row(
    name: str,
    lon: float | None,
    lat: float | None,
    *,
    precision_km: float = DEFAULT_PRECISION_KM,
    datum: str = "unknown",
    country: str = "",
    **known: str,
) -> dict[str, object]:
    """Return a row of sites.csv; see `Case.add_site`."""
    wrong = sorted(set(known) - set(SCHEMAS["sites"].names))
    if wrong:
        raise BadInputError(f"sites.csv has no column {', '.join(wrong)}; data/README.md lists its columns")
    if (lon is None) != (lat is None):
        raise BadInputError("a place needs both, longitude and latitude, or neither")
    at: dict[str, object] = {}
    if lon is not None and lat is not None:
        geo.to_wgs(lon, lat, datum)
        level = {"coord_level": "point given by a person", "coord_source": "by hand"}
        at = {"lon": lon, "lat": lat, "coord_precision_km": precision_km, "datum": datum, **level}
        country = country or ("CN" if geo.in_china(lon, lat) else "")
    if not country:
        raise BadInputError("the place does not tell the country: name it by two letters, as CN or US")
    given = {"name_en": name.strip(), "name_display": name.strip(), "country": country, "role": "announced"}
    return {**dict.fromkeys(SCHEMAS["sites"].names, ""), **given, **at, **known}


def new_case(
    folder: str | Path,
    *,
    site: str = "",
    name: str = "",
    lon: float | None = None,
    lat: float | None = None,
    demo: bool = False,
    **known: Any,
) -> Case:
    """Begin a case in a new or an empty folder: data/, notebooks/ and a README of its own; the model stays shared.

    With `site`, a site of the register comes along with its parents and parts, their claims and observations (a demo
    case gets no observation, for they are real). With `name` a new site is made, at `lon` and `lat` where they are
    given; `known` are further arguments of `Case.add_site`. A `demo` case takes SIMULATED observations alone. Raises
    BadInputError where the folder holds something, and for a site that the table does not take; nothing is made then.
    """
    folder = Path(folder)
    rows: dict[str, list[dict[str, Any]]] = {}
    if site:
        shipped = load_register()
        site = one_site(shipped, site).site_id
        rows = begin.rows_of_site(shipped, site, demo=demo)
    if name:
        made = site_row(name, lon, lat, **known)
        rows.setdefault("sites", []).append({**made, "site_id": made["site_id"] or "SITE01"})
        check_table(pd.DataFrame(rows["sites"]).astype(str).replace("nan", ""), "sites")
    begin.make_folder(folder, rows, site or (str(rows["sites"][-1]["site_id"]) if name else ""), demo=demo)
    return open_case(folder)


def open_case(path: str | Path | None = None) -> Case:
    """Open a case: a folder that holds raw/, or data/ with it; without one OSINT_DATA, ./data or the shipped register.

    Raises NotFoundError where there is no such folder, BadInputError with every broken cell of its tables.
    """
    return Case(data_dir(path))
