"""Files of outlines (`observe`, `date`, `measure`, `locate`) as observations: what was found, and what was searched."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change import seasons
from osint.change.observations import Row, candidate_of, compounds, may_be_building, observation_row, structure_rows
from osint.change.place import PlaceEstimate, Search, SiteEvidence
from osint.change.reasons import of_kind_alone
from osint.change.stack import RGB, Stack, around
from osint.change.structure import PROPERTIES
from osint.errors import BadInputError, NotFoundError, UnreadableError
from osint.register import LADDER, QUANTITIES, read_date, read_day

if TYPE_CHECKING:
    import xarray as xr

SEARCH = "search"  # member of a GeoJSON collection that says what was looked at


@dataclass(frozen=True, slots=True)
class FoundFile:
    """Outlines of a file, and what it says of the search that found them."""

    frame: gpd.GeoDataFrame
    """Outlines in degrees; none where nothing was found."""
    until: str
    """Last day, ISO, on which what stood would have shown; empty if the file does not say it."""
    search: Search | None
    """What was searched; None of outlines that were drawn."""
    simulated: bool

    def called_buildings(self, outline_ids: Sequence[str]) -> FoundFile:
        """Return it with outlines that a person calls buildings: a doubt about nothing but their kind is settled."""
        if "doubts" not in self.frame:
            return self
        chosen = self.frame["outline_id"].astype(str).isin(outline_ids)
        return replace(self, frame=self.frame.assign(vouched=chosen & self.frame["doubts"].map(of_kind_alone)))


def search_member(
    place: BaseGeometry | None, start: str, end: str, last_day: str, searched_share: float | None, simulated: bool
) -> dict[str, Any]:
    """Return what a file of outlines says of the search, as a member of its GeoJSON collection.

    `place` (degrees) was searched between two days, `searched_share` of it well enough (None is not known); without a
    place the outlines were drawn. `last_day` is the last day on which what stood would have shown.
    """
    searched = {"place": place.wkt, "searched_share": searched_share} if place is not None else {}
    days = {"start": start, "end": end, "until": last_day}
    return {SEARCH: {**searched, **days, **({"simulated": "SIMULATED"} if simulated else {})}}


def shown_until(stack: Stack, place: BaseGeometry, start: str, end: str) -> str:
    """Return the first day of the last season that `observe` compares: what stood then would have shown."""
    groups = seasons.season_groups(stack.between(start, end), place.centroid.y)
    return str(groups[-1]["datetime"].min().date()) if groups else ""


def place_days(stack: Stack, place: BaseGeometry, start: str, end: str) -> xr.Dataset | None:
    """Return a place (degrees) in natural colours on the clearest day of each season; None with fewer than two."""
    groups = seasons.season_groups(stack.between(start, end), place.centroid.y)
    if len(groups) < seasons.LEAST_SEASONS:
        return None
    chosen = [group.sort_values(["cloud_pct", "datetime"]).head(1) for group in groups]
    return stack.read(pd.concat(chosen), around(place, 0.0), RGB)


def last_scene(stack: Stack, start: str, end: str) -> str:
    """Return the day of the last scene between two days; empty without one."""
    rows = stack.between(start, end)
    return str(rows["datetime"].max().date()) if len(rows) else ""


def read_found(path: str | Path) -> FoundFile:
    """Return a file of outlines that `observe`, `date`, `measure` or `locate` wrote.

    Raises what `geo.read_outlines` raises, and UnreadableError where the member `search` is not what they write.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"there is no file {path.name}")
    try:
        body = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnreadableError(
            f"{path.name} is not GeoJSON; name a file that `osint observe` or the like wrote"
        ) from error
    member = body.get(SEARCH) if isinstance(body, dict) else None
    if isinstance(body, dict) and isinstance(member, dict) and body.get("features") == []:
        frame = gpd.GeoDataFrame(pd.DataFrame(columns=[*PROPERTIES, "geometry"]), geometry="geometry", crs=4326)
    else:
        frame = geo.read_outlines(path)
    if not {"kind", "roof_area_m2_best"} & set(frame.columns):
        raise BadInputError(
            f"{path.name} holds outlines that were not dated or measured: `osint date` or `osint measure`"
        )
    simulated = "simulated" in frame and bool(frame["simulated"].notna().any())
    if not isinstance(member, dict):
        return FoundFile(frame, "", None, simulated)
    return FoundFile(frame, *_searched(member, path.name), simulated or "simulated" in member)


def _searched(member: Mapping[str, Any], name: str) -> tuple[str, Search | None]:
    try:
        until = str(read_day(member["until"])) if member["until"] else ""
        if "place" not in member:
            return until, None
        place = geo.as_geometry(shapely.from_wkt(member["place"]))
        share = float(member["searched_share"] or 0.0)
        return until, Search(place, share, str(member["start"]), str(member["end"]))
    except (KeyError, TypeError, ValueError, ShapelyError) as error:
        raise UnreadableError(f"{name}: its member `{SEARCH}` is damaged ({error}); search again") from error


def found_rows(
    found: FoundFile,
    site_id: str,
    until: str,
    evidence: SiteEvidence,
    *,
    only: Sequence[str] = (),
    stated: PlaceEstimate | None = None,
    part: str = "",
    **seen: Any,
) -> list[Row]:
    """Return the observations of a file of outlines about a site; see `structure_rows`.

    `only` are the ids of the outlines to take; the compounds of the others stay rivals. `until` is the last day that
    was looked at. What a person `stated` of the place takes the place of what is computed. `seen`
    are further arguments of `structure_rows`: observer, how, source_url.
    """
    unknown = sorted(set(only) - set(map(str, found.frame["outline_id"])))
    if unknown:
        raise NotFoundError(f"there is no outline {', '.join(unknown)} in the file; ids are those of `outline_id`")
    may_be = may_be_building(found.frame)
    frame = found.frame[found.frame["outline_id"].astype(str).isin(only)] if only else found.frame
    if only and len(may_be):
        numbers = compounds(may_be.geometry)
        mine = set(numbers[may_be.index.isin(frame.index)])
        if not mine:
            return []
        others = (may_be[numbers == number] for number in sorted(set(numbers) - mine))
        evidence = replace(evidence, rivals=tuple(candidate_of(group, evidence.identified) for group in others))
    # a row that a person vouches for is kept, whatever would be computed of its place
    rows = structure_rows(frame, site_id, until, evidence=None if stated and len(may_be) else evidence, **seen)
    known: Row = {"part": part} if part else {}
    known |= {"simulated": "yes"} if found.simulated else {}
    known |= {"p_place": stated.p_place, "place_reason": stated.reason} if stated else {}
    return [{**row, **known} for row in rows]


def hand_row(site_id: str, observer: str, how: str, date: str, stated: PlaceEstimate | None, **known: Any) -> Row:
    """Return what a person saw as one observation; `known` names other columns, None or empty is not known.

    Raises BadInputError for a row that shows nothing (neither a rung, one not reached, nor a number), for a quantity
    that the model does not have, and for a number without its range.
    """
    quantity = known.get("quantity") or ""
    numbers = [known.get(name) for name in ("low", "best", "high")]
    if quantity and quantity not in QUANTITIES:
        raise BadInputError(f"{quantity!r} is not a quantity of the model; it has {', '.join(QUANTITIES)}")
    if bool(quantity) != any(number is not None for number in numbers) or (quantity and None in numbers):
        raise BadInputError("a measurement is a quantity with low, best and high: its 90% interval and best value")
    if not (quantity or known.get("rung") or known.get("not_yet")):
        raise BadInputError(
            "an observation shows a rung (--rung), one that was not reached (--not-yet) or a --quantity: state one"
        )
    for name in ("rung", "not_yet"):
        if known.get(name) and known[name] not in LADDER:
            raise BadInputError(f"{known[name]!r} is not a rung; the rungs are {', '.join(LADDER)}")
    unit = QUANTITIES[quantity].unit.split()[0].rstrip(",") if quantity else ""
    place: Row = {"p_place": stated.p_place, "place_reason": stated.reason} if stated else {}
    return observation_row(site_id, observer, how, read_date(date).text, **{"unit": unit, **known, **place})
