"""A case and its sites: what a notebook and the command line hold in their hand. They decide nothing of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from osint import change, files, geo, imagery, model, report, verdict
from osint.case import begin
from osint.case.begin import CaseVersion
from osint.case.changed import Entered, changes, judged
from osint.errors import BadInputError, NotFoundError
from osint.model import Dossier, Estimate, Given, Total
from osint.register import (
    DEMO_MARKER,
    SCHEMAS,
    Claim,
    Observation,
    Register,
    SiteRow,
    append_rows,
    check_table,
    data_dir,
    find_sites,
    load_register,
    one_site,
)
from osint.verdict import Found, NextStep

if TYPE_CHECKING:
    from osint.case.look import Look

LOOKS = Path("derived") / "looks"
"""Where the looks and the pictures of a case lie, in its data folder."""
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
        return self._write_report(self.register, out, "report")

    def _write_report(self, register: Register, out: str | Path | None, name: str) -> Path:
        if out is None:
            files.check_case(self.path)
        return report.write_report(register, out or self.path / "derived" / name).page

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
        sites = self._judged_with({str(row["site_id"]) for row in rows})
        before = judged(self.dossier, sites)
        ids = set(append_rows(self.path, table, rows))
        self._load()
        changed = changes(before, judged(self.dossier, sites))
        of_site: Mapping[str, Sequence[Claim | Observation]] = getattr(self.dossier, table)
        written = [row for site in sites for row in of_site[site] if row_id(row) in ids]
        return Entered(written, changed)

    def _judged_with(self, site_ids: set[str]) -> list[str]:
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
        claims, seen = len(self.dossier.all_claims), sum(map(len, self.dossier.observations.values()))
        head = f"{self.name}: {len(self.sites)} sites, {claims} claims, {seen} observations"
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


class Site:
    """One site of a case, by its id; what it holds is read from the case as it is now."""

    def __init__(self, case: Case, site_id: str) -> None:
        self.case = case
        self.id = site_id

    @property
    def row(self) -> SiteRow:
        """Its row of sites.csv."""
        return self.case.dossier.site(self.id)

    @property
    def name(self) -> str:
        """Short name."""
        return self.row.name_display or self.row.name_en

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Its claims, in the order of the table."""
        return self.case.dossier.claims[self.id]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was seen of it, in the order of the table."""
        return self.case.dossier.observations[self.id]

    @property
    def parts(self) -> tuple[Site, ...]:
        """Sites that are parts of it."""
        return tuple(Site(self.case, part) for part in self.case.dossier.parts.get(self.id, ()))

    @property
    def parent(self) -> Site | None:
        """Site of which it is a part."""
        return Site(self.case, self.row.parent) if self.row.parent else None

    @property
    def is_simulated(self) -> bool:
        """Whether any observation of it is SIMULATED."""
        return any(row.simulated for row in self.observations)

    def check(self) -> Found:
        """Return the finding on each of its claims, and the cross-checks; a site without a claim has none."""
        return verdict.check(self.case.dossier, [self.id])

    def next(self, claim_id: str | None = None) -> list[NextStep]:
        """Return what to get next, ranked by what it would do to the answer."""
        return verdict.next_steps(self.id, self.case.dossier, claim_id)

    def estimate(
        self, quantity: str, *, chip: str | None = None, date: str | None = None, **given: float | str
    ) -> Estimate:
        """Return what some quantities would allow for another at this site, as estimate("chips", floor_m2=33000).

        A quantity is a number, or a text "LOW..HIGH" (90%), in its unit. Raises BadInputError as `model.estimate`.
        """
        if not given:
            raise BadInputError(f"say what to estimate {quantity} from, as floor_m2=33000 or it_mw='10..20'")
        givens: list[Given] = [model.parse_given(f"{name}={value}") for name, value in given.items()]
        use = {"use of the hall": self.row.hall_use} if self.row.hall_use else {}
        known: dict[str, Any] = {"chip": chip, "date": date, "country": self.row.country, "fixed": use}
        return model.estimate(quantity, givens, register=self.case.register, **known)

    def total(self) -> list[Total]:
        """Return what it and its parts hold together, as stated, by the room on paper and by observation."""
        return model.total([self.id], self.case.dossier)

    def report(self, out: str | Path | None = None) -> Path:
        """Write the page of this site, its parts and the sites that it is a part of; return the page."""
        return self.case._write_report(self._alone(), out, f"report_{self.id}")  # noqa: SLF001 - one room

    def _alone(self) -> Register:
        from dataclasses import replace

        own, register = set(self.case._judged_with({self.id})), self.case.register  # noqa: SLF001 - one room
        kept = {name: getattr(register, name) for name in ("sites", "claims", "observations")}
        return replace(register, **{name: table[table["site_id"].isin(own)] for name, table in kept.items()})

    def look(
        self,
        start: str = "",
        end: str = "",
        *,
        place: Any = None,
        catalogue: str = imagery.EARTH_SEARCH,
        collection: str | None = None,
        exhaustive: bool = False,
        demo: bool = False,
    ) -> Look:
        """Look at the site in pictures between two ISO days, and keep what was found in the case; see `look_at`.

        `place` (anything that `geo.as_geometry` takes, degrees) is looked at instead of the box about its point. Raises
        NotFoundError for a site that is known too badly: it is searched for first.
        """
        from dataclasses import replace

        from osint.case.look import look_at

        outline = geo.as_geometry(place) if place is not None else self.box(demo=demo)
        source: dict[str, Any] = {"catalogue": catalogue, "collection": collection, "exhaustive": exhaustive}
        look = replace(look_at(outline, start, end, demo=demo, **source), site=self)
        if not look.simulated or self.case.is_demo:
            files.check_case(self.case.path)
            look.write(self._look_path)
        return look

    def last_look(self) -> Look:
        """Return the last look at this site that the case keeps; raises NotFoundError without one."""
        from osint.case.look import open_look

        if not self._look_path.is_file():
            raise NotFoundError(f"{self.id} was not looked at yet: `osint look {self.id} --start ... --end ...` first")
        return open_look(self._look_path, self)

    @property
    def _look_path(self) -> Path:
        return self.case.path / LOOKS / f"{self.id}.geojson"

    def box(self, *, demo: bool = False) -> Any:
        """Return the box (degrees) in which it is looked at; raises NotFoundError where it is not known well enough."""
        area = change.site_area(self.id, self.case.register)
        if not area.is_near_enough and not demo:
            raise NotFoundError(
                f"{self.id} is known only to {area.precision_km:g} km: search for it with `osint locate {self.id}`, or "
                "name the place to look at with --bbox W,S,E,N"
            )
        return area.box

    def __str__(self) -> str:
        row = self.row
        where = "no coordinate" if row.lat is None else f"{row.lat:g} N {row.lon:g} E ({row.datum}), good to "
        where += "" if row.lat is None else f"{row.coord_precision_km or 0:g} km"
        counted = f"{len(self.claims)} claims, {len(self.observations)} observations"
        stamp = "SIMULATED observations. " if self.is_simulated else ""
        return f"{stamp}{self.id} {self.name} ({row.name_zh or 'no Chinese name'}): {where}; {counted}"

    def __repr__(self) -> str:
        return f"<Site {self.id} {self.name}>"

    def _repr_html_(self) -> str:
        from osint.case import pages

        return pages.site_html(self)


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
