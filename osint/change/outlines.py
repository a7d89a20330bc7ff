"""Date what happened inside an outline: ground broken, roofed, complete, removed, or why we cannot tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from shapely.geometry.base import BaseGeometry

from osint import geo, imagery
from osint.change import covers, history, landcover, lasting, phases, sampling, series, steps, stood_before
from osint.change.history import COVERS
from osint.change.journal import Parts, head_of, outlines_sha256
from osint.change.landcover import BUILDINGS, Kind
from osint.change.reasons import NOT_SEPARABLE, Doubt, Reason
from osint.change.roof import roof_area
from osint.change.series import BLUE, Footprint, Series
from osint.change.stack import BANDS, PAIR, PICTURE_BANDS, Stack, UnreadError
from osint.change.steps import Steps
from osint.change.structure import PROPERTIES, Structure
from osint.change.surfaces import KIND_BANDS
from osint.errors import BadInputError
from osint.register import read_span

SMALLEST_M2 = 600.0  # area below which an outline is not dated: six pixels of 10 m
FEWEST_SCENES = 8  # scenes below which an outline is not dated
COLOUR_SCENES = 10  # scenes of each structure that show its colour and are measured
SHOWN_SCENES = 2  # fewest scenes that show a structure
HAZY = 1.2  # background blue over its median, above which haze tints the roof


@dataclass(frozen=True)
class Dated:
    """What the pictures say of one outline."""

    structures: tuple[Structure, ...]
    """In time order; exactly one, without a kind, if none could be dated."""
    seen: Series | None
    """The series that it rests on."""
    unread: int = 0
    """Scenes that were asked for and could not be read."""

    @property
    def rows(self) -> list[dict[str, str | float | None]]:
        """The structures as rows with the columns PROPERTIES."""
        return [s.to_row() for s in self.structures]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A structure with the phase that it stands on and the scenes that show it."""

    structure: Structure
    phase: Footprint
    seen: Series
    """The series of the phase."""
    picture: xr.Dataset | None = None
    """A few clear scenes of it in every band, None if there are none."""

    def edited(self, structure: Structure) -> _Shown:
        return replace(self, structure=structure)


def date_change(
    stack: Stack,
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    outline_id: str = "",
    exhaustive: bool = False,
) -> Dated:
    """Return when the outline `place` (degrees) was built on between two ISO dates.

    A search in time reads few scenes (`sampling.bisected`); `exhaustive` reads all. Intervals are of 90%.
    `roofed` is half covered, `complete` is fully covered; ground broken is "no later than" (its low day None) unless
    the scraping itself shows. Scenes that could not be read are counted apart from cloud. Raises
    BadInputError if the outline is outside of the pictures, UnreadError if file after file could not be read.
    """
    spent = stack.bytes_read
    dated = _dated(stack, place, (start, end), exhaustive)
    days = np.array([]) if dated.seen is None else dated.seen.days
    named = (
        replace(
            s,
            doubts=(*_unlisted(stack, s), *s.doubts),
            outline_id=outline_id,
            scenes_used=len(days),
            scenes_unread=dated.unread,
            unseen_days=s.longest_unseen(days) if len(days) else None,
            bytes_read=stack.bytes_read - spent,
        )
        for s in dated.structures
    )
    return replace(dated, structures=tuple(named))


def _dated(stack: Stack, place: BaseGeometry, span: tuple[str, str], exhaustive: bool) -> Dated:
    """Return what `date_change` returns, without the name of the outline and without what it cost."""
    area_m2 = geo.area_m2(place)
    if area_m2 < SMALLEST_M2:
        return _refused(Doubt(Reason.TOO_SMALL, {"area_m2": area_m2, "least_m2": SMALLEST_M2}))
    start, end = span
    rows = stack.between(start, end)
    if len(rows) < FEWEST_SCENES:
        return _refused(Doubt(Reason.TOO_FEW_SCENES, {"scenes": len(rows), "start": start, "end": end}))
    gather = sampling.exhaustive if exhaustive else sampling.bisected
    gathered = gather(stack, rows, place, BANDS)
    return replace(_told(stack, rows, place, gathered), unread=gathered.unread)


def _unlisted(stack: Stack, structure: Structure) -> tuple[Doubt, ...]:
    """Return the doubt of a list of scenes that has a gap, where nothing was seen: it may lie in the gap."""
    open_ = structure.kind is None and stack.list_gap
    return (Doubt(Reason.STOPPED, {"why": stack.list_gap}),) if open_ else ()


def _told(stack: Stack, rows: pd.DataFrame, place: BaseGeometry, gathered: sampling.Gathered) -> Dated:
    """Return what the scenes that were gathered say of an outline."""
    footprint = gathered.footprint
    unread: tuple[Doubt, ...] = ()
    if gathered.unread:
        figures: dict[str, float | str] = {
            "unread": gathered.unread,
            "listed": gathered.listed,
            "why": stack.failures[-1].error,
        }
        unread = (Doubt(Reason.UNREAD, figures),)
    if gathered.data is None or gathered.usable < FEWEST_SCENES:
        return _refused(
            *unread, *(() if unread and not gathered.usable else (_clouded(gathered.usable, gathered.listed),))
        )
    seen = series.extract_series(gathered.data, footprint, BANDS)
    if len(seen.days) < FEWEST_SCENES:
        return _refused(*unread, _clouded(len(seen.days), gathered.listed, seen.refused), seen=seen)
    ground, covered = _steps(seen)
    shown = _structures(gathered.data, footprint, seen, (ground, covered))
    shown = [_judged(stack, rows, one, place, gathered.data) for one in shown]
    if all(one.structure.kind is Kind.EARTHWORKS for one in shown):
        for made in _by_any_change(ground, seen, footprint):
            judged = _judged(stack, rows, made, place, gathered.data)
            # until its colour was seen it is nothing
            called = judged.picture and judged.structure
            if called and (called.kind in BUILDINGS or (not shown and called.not_separable)):
                shown = [judged]
                break
    if not shown:
        return _refused(*unread, history.unconfirmed(seen) or history.why_not(ground), seen=seen)
    begun = {id(one.phase): one.structure.near[0] for one in reversed(shown)}
    shown = _after_what_stood(_like_the_whole(_covered(stack, rows, shown, place, gathered.data)), begun)
    return Dated(tuple(_measured(shown, footprint)), seen)


def _refused(*doubts: Doubt, seen: Series | None = None) -> Dated:
    return Dated((Structure(doubts=doubts),), seen)


def _clouded(usable: int, listed: int, refused: dict[str, int] | None = None) -> Doubt:
    """Return the doubt of too few usable scenes; `refused` says why scenes were left out, with counts."""
    why = ", ".join(f"{n} {name}" for name, n in (refused or {}).items() if n)
    told = "" if refused is None else f" ({why})"
    return Doubt(Reason.CLOUD, {"usable": usable, "listed": listed, "refused": told})


def _steps(seen: Series) -> tuple[Steps, Steps]:
    """Return the steps of the ground, scraping among them, and of its whiteness, in which scraping is not a roof."""
    # what was read of a few scenes only shows what stands, not when it came
    pair = seen.contrast[:, [seen.bands.index(b) for b in PAIR]]
    return (
        steps.date_step(seen.days, pair),
        steps.date_step(seen.days, seen.whiteness()),
    )


def _structures(data: xr.Dataset, footprint: Footprint, seen: Series, found: tuple[Steps, Steps]) -> list[_Shown]:
    """Return the structures of an outline in time order; phases covered one after the other, each by its own series."""
    shown: list[_Shown] = []
    parts = phases.phases(data, footprint, seen)
    for phase in parts:
        own, (ground, covered) = seen, found
        if len(parts) > 1:
            own = series.extract_series(data, phase, BANDS)
            ground, covered = _steps(own)
        shown += [_Shown(s, phase, own) for s in history.structures(ground, covered, own)]
    return sorted(shown, key=lambda s: s.structure.roofed_best or s.structure.onset_high or dt.date.max)


def _by_any_change(ground: Steps, seen: Series, footprint: Footprint) -> Iterator[_Shown]:
    """Yield what each likely cover left, whiter or not, if it lasts: coloured steel or a dark roof."""
    for step, chance in covers.likely_covers(seen):
        made = replace(history.by_last_change(step, ground, seen), shown_until_day=chance.shown[1])
        yield _Shown(made, footprint, seen)


def _judged(stack: Stack, rows: pd.DataFrame, shown: _Shown, geometry: BaseGeometry, data: xr.Dataset) -> _Shown:
    """Return a structure with pictures that show it, called what its colour and shape say."""
    return _coloured(_pictured(stack, rows, shown, geometry, data))


def _covered(
    stack: Stack, rows: pd.DataFrame, shown: list[_Shown], geometry: BaseGeometry, data: xr.Dataset
) -> list[_Shown]:
    """Return structures dated by the change that laid their cover, what stood before it being a slab or a frame."""
    done: list[_Shown] = []
    pairs = _with_stages(shown)
    for number, (first, one) in enumerate(pairs):
        before, after = ([p for p in part if p[1].phase is one.phase] for part in (pairs[:number], pairs[number + 1 :]))
        since = max(
            (s.half_day if s.stands else s.removed_day for s in (p[1].structure for p in before)), default=-np.inf
        )
        until = after[0][0].structure.half_day if after else np.inf
        structure = one.structure
        told, chances = one, list[covers.Chance]()
        if covers.may_be_stage(structure):
            chances, gone = covers.chances(structure, one.seen, (since, until))
            main = max(chances, key=lambda chance: chance.weight)
            state = covers.standing(structure, main, gone)
            told = one.edited(state)
            if state.stands != structure.stands or not main.near[0] <= structure.half_day <= main.near[1]:
                told = _judged(stack, rows, replace(told, picture=None), geometry, data)
                if (told.structure.probability or 0.0) < landcover.OPEN:
                    told, chances = one, [covers.alone(structure)]
        begun = first.structure
        state = replace(told.structure, onset_low=begun.onset_low, onset_high=begun.onset_high)
        done.append(told.edited(covers.timed(state, chances, since, one.seen)))
    return done


def _with_stages(shown: Sequence[_Shown]) -> list[tuple[_Shown, _Shown]]:
    """Return each structure after what stood there first for it: a slab or a frame, or the structure itself."""
    pairs: list[tuple[_Shown, _Shown]] = []
    for one in shown:
        place = max((k for k, pair in enumerate(pairs) if pair[1].phase is one.phase), default=None)
        separable = one.phase.drawn.sum() >= 2 * phases.PHASE_MIN_PX
        if place is not None and covers.is_stage(pairs[place][1].structure, one.structure, separable):
            first = pairs.pop(place)[0]
            pairs.append((first, one))
        else:
            pairs.append((one, one))
    return pairs


def _pictured(stack: Stack, rows: pd.DataFrame, shown: _Shown, geometry: BaseGeometry, data: xr.Dataset) -> _Shown:
    """Return a structure with the last few clear scenes that show it, in every band; correct its kind by them."""
    structure, seen = shown.structure, shown.seen
    if structure.kind not in COVERS and not structure.not_separable:
        return shown
    days = _clear_days(structure, seen)
    if len(days) < SHOWN_SCENES:
        return shown
    number = imagery.pass_numbers(rows)
    of_days = np.isin(number, number[steps.on_days(rows["datetime"], days)])
    more = stack.read(rows[of_days], series.surroundings_box(geometry), PICTURE_BANDS)
    read = {b: more[b] for b in PICTURE_BANDS if b in more}
    picture = data.isel(time=steps.on_days(data["time"].values, days)).assign(read)
    return replace(shown, picture=picture)


def _clear_days(structure: Structure, seen: Series) -> np.ndarray:
    """Return days of scenes that show a structure, best without haze and winter, spread over the seasons."""
    shows = (seen.days >= structure.shown_from_day) & (seen.days <= structure.shown_until_day)
    blue = seen.around[:, seen.bands.index(BLUE)]
    read = np.isfinite(seen.inside).all(axis=1)
    mild = ~series.winter(seen.days, seen.latitude_deg)
    for better in (read, blue < HAZY * np.median(blue), mild):
        shows = shows & better if (shows & better).sum() >= SHOWN_SCENES else shows
    days = seen.days[shows]
    # spread, so that a crop shows its green
    return days[np.unique(np.linspace(0, len(days) - 1, COLOUR_SCENES).astype(int))] if len(days) else days


def _coloured(shown: _Shown) -> _Shown:
    """Say what a structure is by its colour without that of its yard, its shape, and how long it stood."""
    structure, picture, phase = shown.structure, shown.picture, shown.phase
    if picture is None:
        return shown
    blue, red, near = (series.median(picture[b].values[:, phase.core], 1) for b in (BLUE, "B04", "B08"))
    if structure.kind in BUILDINGS and np.isfinite(near).any() and landcover.is_green(blue, red, near):
        return shown.edited(structure.called(Kind.OTHER, landcover.PROBABILITY[Kind.OTHER]))
    middle = {b: series.median(picture[b].values) for b in KIND_BANDS if b in picture}
    colour = landcover.colours(middle, phase.cover)
    around = {b: float(series.median(values[phase.ring])) for b, values in middle.items()}
    stood_days = min(structure.shown_until_day, structure.removed_day) - structure.shown_from_day
    shape = landcover.shape_of(middle, phase.cover)
    cover = landcover.judged(colour, around, phase.area_m2, shape, stood_days)
    kept = tuple(d for d in structure.doubts if d.reason not in NOT_SEPARABLE)
    judged = replace(structure, doubts=kept).called(cover.kind, cover.probability).doubtful(cover.doubt)
    return shown.edited(judged)


def _like_the_whole(shown: Sequence[_Shown]) -> list[_Shown]:
    """Return structures with the parts of one phase called as its whole."""
    called = []
    for one in shown:
        own = [s for s in shown if s.phase is one.phase]
        called.append(one.edited(lasting.like_the_whole([s.structure for s in own])[own.index(one)]))
    return called


def _after_what_stood(shown: Sequence[_Shown], begun: dict[int, float]) -> list[_Shown]:
    """Return structures of which the first of each phase has the doubts of what stood there before.

    `begun` is the day on which the first change on each phase, by its `id`, began.
    """
    told = []
    for one in shown:
        day = begun.pop(id(one.phase), None)
        told.append(one if day is None else one.edited(stood_before.doubted(one.structure, one.seen, day)))
    return told


def _measured(shown: Sequence[_Shown], footprint: Footprint) -> list[Structure]:
    """Return structures with the area of each roof; of phases that stand side by side, each has its own.

    Where more was built on the same pixels the last row has the area of all that stands: colours do not separate the
    parts of a mixture.
    """
    measured = []
    for k, one in enumerate(shown):
        structure = one.structure
        later = any(s.phase is one.phase and s.structure.may_be_roof for s in shown[k + 1 :])
        if structure.may_be_roof and one.picture is not None and not (later and structure.stands):
            others = [s.phase.cover > series.OUTSIDE_COVER for s in shown if s.phase is not one.phase]
            beside = np.any(others, axis=0) if one.phase is not footprint and others else None
            dark = float(np.nanmedian(one.picture[BLUE].values[:, one.phase.core])) < landcover.PALE_BLUE
            structure = replace(structure, roof_area=roof_area(one.picture, one.phase, dark, beside=beside))
        measured.append(structure)
    return measured


def date_outlines(
    stack: Stack,
    outlines: gpd.GeoDataFrame,
    start: str,
    end: str,
    *,
    exhaustive: bool = False,
    journal: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> gpd.GeoDataFrame:
    """Return one feature per structure for outlines (any CRS, column outline_id), in degrees.

    Each outline is dated with the scenes that reach it. One that crosses itself, is outside of the pictures or could
    not be read keeps its row, with the reason in `cannot_tell`. Finished outlines are lines of `journal`: the same call
    goes on after a kill, and tries again what could not be read. `tell` is handed a line for each outline. Raises
    BadInputError for days that are none or not in order.
    """
    read_span(start, end)
    degrees = outlines.to_crs(4326)
    asked = {"start": start, "end": end, "exhaustive": exhaustive, "outlines": outlines_sha256(degrees)}
    parts = Parts(journal, head_of(stack, "date", asked), len(degrees), tell)
    rows: list[dict[str, Any]] = []
    for number, outline in enumerate(degrees.itertuples()):
        name, found = str(getattr(outline, "outline_id", number)), parts.kept(str(number))
        if found is None:
            found, own = _dated_rows(stack, outline.geometry, (start, end), name, exhaustive)
            told = "; ".join(map(in_short, found))
            whole = not own.failures and not stack.health.stopped
            parts.add(str(number), found, f"{name}: {told}", stack.bytes_read, whole=whole)
        rows += [{**row, "geometry": outline.geometry} for row in found]
    parts.finish()
    return gpd.GeoDataFrame(rows, columns=[*PROPERTIES, "geometry"], geometry="geometry", crs=4326)


def in_short(row: Mapping[str, Any]) -> str:
    """Return what a line of progress says of a row: its kind and when half of it was covered, else why not."""
    best = row.get("roofed_best")
    return f"{row['kind']}, half covered about {best}" if best else str(row["cannot_tell"] or row["kind"])


def _dated_rows(
    stack: Stack, outline: BaseGeometry, span: tuple[str, str], name: str, exhaustive: bool
) -> tuple[list[dict[str, Any]], Stack]:
    """Return the rows of one outline, and the part of the stack that was read for it."""
    own = stack
    try:
        own = stack.at(series.surroundings_box(outline))
        found: list[dict[str, Any]] = [*date_change(own, outline, *span, outline_id=name, exhaustive=exhaustive).rows]
    except BadInputError as error:
        found = [{"outline_id": name, "cannot_tell": str(error)}]
    except UnreadError as error:
        found = Dated((Structure(name, doubts=(Doubt(Reason.STOPPED, {"why": str(error)}),)),), None).rows
    if own is not stack:
        stack.add(own)
    return found, own
