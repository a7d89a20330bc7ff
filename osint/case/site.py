"""One site of a case: what is on file of it, the questions to it, and a look at it. It decides nothing of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint import files, geo, model, verdict
from osint.errors import BadInputError, NotFoundError
from osint.model import Estimate, Given, Total
from osint.register import Claim, Observation, Register, SiteRow
from osint.verdict import Found, NextStep

if TYPE_CHECKING:
    from osint.case.case import Case
    from osint.case.look import Look
    from osint.case.own_pictures import OwnPictures


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
        known["elevation_m"] = self.row.elevation_m
        return model.estimate(quantity, givens, register=self.case.register, **known)

    def total(self) -> list[Total]:
        """Return what it and its parts hold together, as stated, by the room on paper and by observation."""
        return model.total([self.id], self.case.dossier)

    def report(self, out: str | Path | None = None) -> Path:
        """Write the page of this site, its parts and the sites that it is a part of; return the page."""
        return self.case.write_report(self._alone(), out, f"report_{self.id}")

    def _alone(self) -> Register:
        own, register = set(self.case.related({self.id})), self.case.register
        kept = {name: getattr(register, name) for name in ("sites", "claims", "observations")}
        return replace(register, **{name: table[table["site_id"].isin(own)] for name, table in kept.items()})

    def look(
        self,
        start: str = "",
        end: str = "",
        *,
        place: Any = None,
        catalogue: str | None = None,
        collection: str | None = None,
        exhaustive: bool = False,
        demo: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Look:
        """Look at the site in pictures between two ISO days, and keep what was found in the case; see `look_at`.

        `place` (anything that `geo.as_geometry` takes, degrees) is looked at instead of the box about its point. Dated
        candidates are kept in a journal of the case until the look is whole; `tell` is handed a line for each. In a
        demo case a look without a catalogue of its own is at the SIMULATED world: no real row enters that case. Raises
        NotFoundError for a site that is known too badly: it is searched for first.
        """
        from osint import imagery
        from osint.case.looking import look_at

        demo = demo or (self.case.is_demo and catalogue in (None, imagery.EARTH_SEARCH))
        outline = geo.as_geometry(place) if place is not None else self.box(demo=demo)
        source: dict[str, Any] = {"collection": collection, "exhaustive": exhaustive}
        source |= {"catalogue": catalogue} if catalogue else {}
        if not demo or self.case.is_demo:
            files.check_case(self.case.path)
            files.make_folder(self._look_path.parent)
            source["journal"] = self._look_path.with_suffix(".journal.jsonl")
        elif tell:
            tell("SIMULATED pictures enter a demo case alone, so nothing is kept here (osint new FOLDER --demo)")
        return self._kept(replace(look_at(outline, start, end, demo=demo, tell=tell, **source), site=self))

    def outline(self, outline: Any, look: Look | None = None, **source: Any) -> Look:
        """Return a look at the site, the last one without it, with an outline that a person drew as a candidate.

        It is dated and measured from the scenes of the look (`catalogue`, `collection` and `exhaustive` as of `look`),
        kept with it, and can be taken as any other; see `look_at_outline`.
        """
        from osint.case.looking import look_at_outline

        return self._kept(look_at_outline(look or self.last_look(), outline, **source))

    def _kept(self, look: Look) -> Look:
        """Return a look, written into the case unless it is SIMULATED and the case is not."""
        if not look.simulated or self.case.is_demo:
            files.check_case(self.case.path)
            look.write(self._look_path)
        return look

    def own_pictures(self, folder: str | Path, before: str = "", after: str = "") -> OwnPictures:
        """Return two dated pictures of one's own that show the site, ready for an outline; see `OwnPictures.of`."""
        from osint.case.own_pictures import OwnPictures

        return OwnPictures.of(self, folder, before, after)

    def last_look(self) -> Look:
        """Return the last look at this site that the case keeps; raises NotFoundError without one."""
        from osint.case.look import open_look

        if not self._look_path.is_file():
            raise NotFoundError(f"{self.id} was not looked at yet: `osint look {self.id} --start ... --end ...` first")
        return open_look(self._look_path, self)

    @property
    def _look_path(self) -> Path:
        from osint.case.look import LOOKS

        return self.case.path / LOOKS / f"{self.id}.geojson"

    def box(self, *, demo: bool = False) -> Any:
        """Return the box (degrees) in which it is looked at; raises NotFoundError where it is not known well enough."""
        from osint import change

        area = change.site_area(self.id, self.case.register)
        if not area.is_near_enough and not demo:
            raise NotFoundError(
                f"{self.id} is known only to {area.precision_km:g} km: search for it with `osint locate {self.id}`, or "
                "name the place to look at with --bbox W,S,E,N"
            )
        return area.box

    def __str__(self) -> str:
        row = self.row
        where = "no coordinate" if row.lat is None else f"{row.lat:g} N {row.lon:g} E ({row.datum}), known to "
        where += "" if row.lat is None else row.known_to or "0 km"
        counted = f"{len(self.claims)} claims, {len(self.observations)} observations"
        stamp = "SIMULATED observations. " if self.is_simulated else ""
        return f"{stamp}{self.id} {self.name} ({row.name_zh or 'no Chinese name'}): {where}; {counted}"

    def __repr__(self) -> str:
        return f"<Site {self.id} {self.name}>"

    def _repr_html_(self) -> str:
        from osint.case import pages

        return pages.site_html(self)
