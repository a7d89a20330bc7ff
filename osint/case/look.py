"""A look at a place: numbered candidates with before and after, and what a person says of them, as rows."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from osint import change, files, geo
from osint.case.changed import Entered
from osint.case.judged import joined, keep_judged
from osint.case.pages import look_html
from osint.case.spotted import SIMULATED, WHOLE, Spotted, is_known
from osint.errors import BadInputError, NotFoundError, RefusedError, UnreadableError
from osint.register import LADDER, Rung

if TYPE_CHECKING:
    from osint.case.site import Site

DRAWN = 8
"""Candidates that get a picture and a series, those that are more likely buildings than not first."""
LOOKS = Path("derived") / "looks"
"""Where the looks of a case lie, in its data folder; they can be made again."""
MOST_PICTURE_BYTES = 16 << 20
HOW = "Sentinel-2 series, candidates chosen by a person"
HOW_DRAWN = "Sentinel-2 series, outline drawn by a person"
HOW_NOTHING = "Sentinel-2 series, looked at by a person"
SAME_SHARE = 0.1
"""Share of the smaller of two outlines that both cover, above which their roofs would be counted twice."""
_MEMBER = "look"


@dataclass(frozen=True)
class Look:
    """What pictures of a place show between two days, ready for a person to say what it is."""

    place: BaseGeometry
    """Outline that was looked at, degrees."""
    start: str
    """First day, ISO."""
    end: str
    """Last day, ISO."""
    until: str
    """Last day on which what stood would have shown; empty where no season shows the place."""
    frame: gpd.GeoDataFrame = field(repr=False)
    """One row per structure: columns of `change.PROPERTIES` and the outline in degrees."""
    searched_share: float
    """Share of the place that was read and clear, 0 to 1; 0 where the search broke off."""
    unread: str = ""
    """What could not be read, in words: what it shows is not known."""
    simulated: bool = False
    scenes: int = 0
    """Scenes that are listed."""
    bytes_read: int = 0
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """PNG files by name, as S002_pair.png; that of the whole place is place_pair.png."""
    site: Site | None = field(default=None, repr=False, compare=False)
    """Site that was looked at; None for a place without one."""
    offset_doubt: str = ""
    """Which scenes may have a wrong offset, in words: their colours are in doubt."""

    @property
    def buildings(self) -> gpd.GeoDataFrame:
        """The rows of `frame` that are more likely a building than not."""
        return self.frame[self.frame["kind"].isin(change.BUILDINGS) & (self.frame["probability"] >= change.PROBABLE)]

    @property
    def open_kinds(self) -> str:
        """How many of the probable buildings may be something else, in words; empty where none may."""
        rows = self.buildings
        is_open = [change.Reason.OPEN_KIND.name in str(names).split("|") for names in rows["doubts"]]
        count = rows.loc[is_open, "outline_id"].nunique()
        return f" ({count} of these may be something else by colour and shape)" if count else ""

    @property
    def candidates(self) -> tuple[Spotted, ...]:
        """What changed, by number; probable buildings first."""
        buildings = set(self.buildings["outline_id"])
        found = []
        for outline_id, rows in self.frame.groupby("outline_id", sort=True):
            pictures = tuple(name for name in self.pictures if name.startswith(f"{outline_id}_"))
            records = tuple(rows.to_dict("records"))
            found.append(Spotted(_number(str(outline_id)), records, outline_id in buildings, pictures))
        return tuple(sorted(found, key=lambda one: (not one.is_building, one.number)))

    def candidate(self, number: int) -> Spotted:
        """Return a candidate by its number; raises NotFoundError with those that are there."""
        known = {one.number: one for one in self.candidates}
        if number not in known:
            there = f"the numbers are {', '.join(map(str, sorted(known)))}" if known else "nothing was found"
            raise NotFoundError(f"there is no candidate {number} in this look: {there}")
        return known[number]

    def text(self) -> str:
        """Return what was looked at and each candidate, as plain text."""
        found, buildings = self.candidates, sum(one.is_building for one in self.candidates)
        who = f"{self.site.id} {self.site.name}" if self.site else "the place"
        lines = [SIMULATED] if self.simulated else []
        lines.append(
            f"{who}, {self.start} to {self.end}: {len(found)} candidates, {buildings} more likely a building than not"
            f"{self.open_kinds}; "
            f"{self.searched_share:.0%} of {geo.area_m2(self.place) / 1e6:,.1f} km2 was read and clear"
        )
        lines += [one.text() for one in found]
        if self.unread:
            lines.append(f"not all was read: {self.unread}. What these scenes show is not known")
        if self.offset_doubt:
            lines.append(f"{self.offset_doubt}. Dates rest on contrasts and hold; colours and kinds may be wrong")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return look_html(self)

    # ------------------------------------------------------------ what a person says of it

    def take(
        self,
        numbers: Sequence[int],
        *,
        who: str,
        as_part: str = "",
        place_reason: str = "",
        p_place: float | None = None,
    ) -> Entered:
        """Write candidates as observations of the site, and return the rows with what they changed.

        `who` chose them, and calls them buildings: a doubt about nothing but their kind is settled by that. `as_part`
        is the phase, building or lot that they are, empty for the whole site. The probability that they are the place
        is computed (see `change.SiteEvidence`), or `p_place` with `place_reason` states it; a reason alone stands
        behind what is computed. The pictures, before and after and the series, go into the case with their digest.
        Raises RefusedError for SIMULATED pictures in a real case, BadInputError or NotFoundError where nothing can be
        written.
        """
        site = self._own_site(who)
        said: dict[str, Any] = {"as_part": as_part, "place_reason": place_reason, "p_place": p_place}
        rows = self.rows_if_taken(numbers, who=who, **said)
        chosen = [self.candidate(number) for number in dict.fromkeys(numbers)]
        pictures = [name for one in chosen for name in one.pictures]
        return self._enter(site, rows, pictures, [one.outline_id for one in chosen])

    def rows_if_taken(
        self,
        numbers: Sequence[int],
        *,
        who: str,
        as_part: str = "",
        place_reason: str = "",
        p_place: float | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows that `take` would write, and write none; raises as it does but for SIMULATED pictures."""
        site = self._site_of(who)
        chosen = [self.candidate(number) for number in dict.fromkeys(numbers)]
        if not chosen:
            raise BadInputError("name the candidates that are the site's by their numbers, as take([1, 3])")
        _refuse_twice(chosen)
        ids = [one.outline_id for one in chosen]
        stated = _stated(p_place, place_reason, who)
        seen: dict[str, Any] = {"only": ids, "stated": stated, "part": as_part}
        seen |= {"observer": who.strip(), "how": HOW_DRAWN if any(one.is_drawn for one in chosen) else HOW}
        rows = change.found_rows(self._found.called_buildings(ids), site.id, self.until, self._evidence(site), **seen)
        if not rows:
            raise NotFoundError(self._why_no_row(chosen, stated is not None))
        added = f"; {who.strip()} adds: {place_reason.strip()}" if place_reason.strip() and stated is None else ""
        share = self.searched_share
        for row in rows:
            row["searched_share"] = share if row["searched_share"] == "" else row["searched_share"]
            row["place_reason"] = f"{row['place_reason']}{added}" if row["place_reason"] else ""
        return rows

    def nothing_there(
        self, *, who: str, place_reason: str = "", rung: str = Rung.ROOFED, p_place: float | None = None
    ) -> Entered:
        """Write that `rung` was not reached by the last day looked at, and return the row with what it changed.

        What could not be read is never an absence: with unread scenes it is refused. A search for new roofs that found
        none says "not roofed"; that less was reached (as ground broken), or that candidates are not the site's, a
        person states by `p_place` and `place_reason`. Raises as `take` does.
        """
        site = self._own_site(who)
        row = self.row_if_nothing_is_there(who=who, place_reason=place_reason, rung=rung, p_place=p_place)
        return self._enter(site, [row], [f"{WHOLE}_pair.png", f"{WHOLE}_sheet.png"], [WHOLE])

    def row_if_nothing_is_there(
        self, *, who: str, place_reason: str = "", rung: str = Rung.ROOFED, p_place: float | None = None
    ) -> dict[str, Any]:
        """Return the row that `nothing_there` would write, and write none; raises as it does but for SIMULATED ones."""
        site = self._site_of(who)
        stated = _stated(p_place, place_reason, who)
        self._check_absence(rung, stated)
        evidence = self._evidence(site)
        row = change.ground_row(
            site.id, self.until, evidence, who.strip(), HOW_NOTHING, "yes" if self.simulated else ""
        )
        if row is None:
            raise NotFoundError(
                f"nothing in sites.csv says where {site.id} is, so nothing seen there speaks of it: put its coordinate "
                "and precision there"
            )
        if stated is not None:
            row |= {"p_place": stated.p_place, "place_reason": stated.reason}
        elif place_reason.strip():
            row["place_reason"] = f"{row['place_reason']}; {who.strip()} adds: {place_reason.strip()}"
        row["not_yet"] = LADDER[LADDER.index(Rung(rung))]
        return dict(row)

    def _check_absence(self, rung: str, stated: change.PlaceEstimate | None) -> None:
        if self.unread or not self.until or not self.searched_share:
            why = self.unread or "no two seasons show the place"
            raise RefusedError(f"what could not be read is no absence ({why}): look again when the rest can be read")
        if rung not in LADDER:
            raise BadInputError(f"{rung!r} is not a rung; the rungs are {', '.join(LADDER)}")
        buildings = [str(one.number) for one in self.candidates if one.is_building]
        if stated is None and buildings:
            raise BadInputError(
                f"candidates {', '.join(buildings)} are more likely buildings than not: take them, or say by "
                "p_place and place_reason why none of them is the site's"
            )
        if stated is None and Rung(rung).height < Rung.ROOFED.height:
            raise BadInputError(
                f"a search for new roofs does not show that {rung!r} was not reached: look at the picture of the "
                "place, and state p_place and place_reason"
            )

    def _site_of(self, who: str) -> Site:
        if self.site is None:
            raise BadInputError("this look is of a place without a site: look at a site, as case.site(...).look(...)")
        if not who.strip():
            raise BadInputError("say who chose (--who): a row needs the name of the person who looked")
        return self.site

    def _own_site(self, who: str) -> Site:
        site = self._site_of(who)
        if self.simulated and not site.case.is_demo:
            raise RefusedError(
                f"these pictures are SIMULATED, and {site.case.path} holds real evidence, so nothing was written: "
                "begin a case for them with `osint new FOLDER --demo`"
            )
        return site

    @property
    def _found(self) -> change.FoundFile:
        return change.FoundFile(self.frame, self.until, self._search, self.simulated)

    @property
    def _search(self) -> change.Search:
        return change.Search(self.place, self.searched_share, self.start, self.end)

    def _evidence(self, site: Site) -> change.SiteEvidence:
        said = change.site_statement(site.id, site.case.register)
        return change.SiteEvidence((said,) if said else (), self._search)

    def _why_no_row(self, chosen: Sequence[Spotted], place_stated: bool) -> str:
        of = [(one.number, row["cannot_tell"], row.get("doubts")) for one in chosen for row in one.rows]
        doubts = [f"{n}: {doubt}" for n, doubt, names in of if is_known(doubt) and not change.of_kind_alone(names)]
        unlikely = f"that they are the place is computed as under 5% likely, among {len(self.candidates)} candidates"
        why = "; ".join(doubts) or unlikely
        state = "" if place_stated else "state --p-place and --place-reason if you know that they are the place, or "
        return f"these candidates give no observation ({why}): {state}write what you saw yourself with `osint observed`"

    def _enter(self, site: Site, rows: list[dict[str, Any]], pictures: Sequence[str], named: Sequence[str]) -> Entered:
        body = joined([self.pictures[name] for name in pictures if name in self.pictures])
        if body:
            name = f"{site.id}_{self.start}_{self.end}_{'_'.join(named[:DRAWN])}"
            shown = keep_judged(site.case.path, name, body)
            rows = [row | shown for row in rows]
        return site.case.enter("observations", rows)

    # ------------------------------------------------------------ files

    def write(self, out: str | Path) -> Path:
        """Write the outlines as GeoJSON (or another format of `geo.write_outlines`), and the pictures next to it."""
        out = Path(out)
        about = change.search_member(self.place, self.start, self.end, self.until, self.searched_share, self.simulated)
        told = {"unread": self.unread, "scenes": self.scenes, "pictures": sorted(self.pictures)}
        geo.write_outlines(self.frame, out, **about, **{_MEMBER: told})
        for name, body in self.pictures.items():
            files.replace_file(out.with_name(f"{out.stem}_{name}"), body)
        return out


def open_look(path: str | Path, site: Site | None = None) -> Look:
    """Return a look that `Look.write` wrote as GeoJSON, with its pictures.

    Raises NotFoundError where there is none, UnreadableError where the file is not what it writes.
    """
    path = Path(path)
    found = change.read_found(path)
    member = json.loads(path.read_bytes()).get(_MEMBER)
    if found.search is None or not isinstance(member, dict):
        raise UnreadableError(f"{path.name} was not written by `osint look`; look again")
    names = [name for name in member.get("pictures", []) if isinstance(name, str) and re.fullmatch(r"\w+\.png", name)]
    bodies = {}
    for name in names:
        with contextlib.suppress(OSError):  # a picture that somebody took away is not shown
            bodies[name] = files.read_regular(path.with_name(f"{path.stem}_{name}"), MOST_PICTURE_BYTES)
    search, scenes = found.search, member.get("scenes")
    return Look(
        search.area,
        search.start,
        search.end,
        found.until,
        found.frame,
        search.searched_share,
        str(member.get("unread", "")),
        found.simulated,
        scenes if isinstance(scenes, int) else 0,
        0,
        bodies,
        site,
    )


def _refuse_twice(chosen: Sequence[Spotted]) -> None:
    """Raise BadInputError where two outlines are one thing: an outline drawn over one that was found."""
    for one, other in itertools.combinations(chosen, 2):
        smaller = min(one.outline.area, other.outline.area)
        if one.outline.intersection(other.outline).area > SAME_SHARE * smaller:
            raise BadInputError(
                f"candidates {one.number} and {other.number} cover the same ground: take one of them, or the roof is "
                "counted twice"
            )


def _number(outline_id: str) -> int:
    found = re.search(r"\d+", outline_id)
    return int(found[0]) if found else 0


def _stated(p_place: float | None, reason: str, who: str) -> change.PlaceEstimate | None:
    return None if p_place is None else change.by_hand(p_place, reason, who)
