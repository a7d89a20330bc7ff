"""Search time for the scenes that date an outline: a few far apart, then all that are near each step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import levels, phases, series, steps, transients, works
from osint.change.series import DARKEST_AROUND, Footprint, Series
from osint.change.stack import DATING, PAIR, Stack
from osint.change.steps import Steps

NODE_DAYS = 150.0  # time between the first scenes: what comes and goes faster is not a building
END_SCENES = 3  # scenes at either end, and next to one that departs from its level: one may be misread as clear
BESIDE_SCENES = 2  # scenes on either side of the time in which everything was read
CONFIRMING_DAYS = 45.0  # scenes this near to each other confirm each other
BRACKET_SCENES = 6  # usable scenes between the last without and the first with a change that are all read
TRANSIENT_SCENES = 6  # scenes of what seems to stand for a few months: fewer may be weather
ODD_Z = 4.0  # departure of one scene from its level, over the scatter, that asks for more scenes next to it
ODD_MIN = 0.03  # least departure for it, reflectance
ODD_LEVEL_SCENES = 3  # fewest scenes of a level from which one can depart
MAY_BE_ROOF_GAIN = 0.02  # change of whiteness (reflectance) that may be a roof; other changes are scraping
SUN_SHARE = 0.3  # change over the largest one below which it is the sun or the season on a roof
MAY_BE_GONE_SHARE = 0.4  # loss over the gains before it, above which a roof may have gone
SCRAPING_SHARE = 0.1  # of all scenes listed: once more have been read, a step without a roof is narrowed no further
SHOWN_SCENES = 2  # fewest scenes that show what stands in the other bands
PICTURE_SCENES = 4  # scenes of each standing roof that are read in the other bands too
STAGE_PARTS = (0.0, 30.0, 60.0, 90.0, 140.0, 190.0, 240.0)  # days after a change, in each part of which a scene is read
STAGE_SPAN_DAYS = 240.0  # from a slab or frame to the cover that hides it, at most
UNKNOWN_CLOUD_PCT = 50.0  # cloud cover of a scene that states none
UNKNOWN, COVERED, USABLE, UNREAD = -1, 0, 1, 2  # what is known of a scene
MAX_ROUNDS = 14  # most times that scenes are asked for


@dataclass(frozen=True)
class Gathered:
    """The scenes that were read of an outline."""

    data: xr.Dataset | None
    """Reflectance (time, y, x) and scl; None if no scene was usable. NaN where a band was not read."""
    footprint: Footprint
    usable: int
    """Scenes, of those looked at, whose classification leaves outline and surroundings clear."""
    listed: int
    """Scenes there are."""
    unread: int = 0
    """Scenes that were asked for and could not be read: not cloud, and no look at the ground."""


def exhaustive(stack: Stack, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> Gathered:
    """Read every scene of `rows` over an outline in degrees and its surroundings: the referee of `bisected`."""
    already = len(stack.failures)
    data = stack.read(rows, series.surroundings_box(geometry), bands)
    footprint = series.placed(geometry, data)
    unread = _unread(data, footprint, {failure.id for failure in stack.failures[already:]})
    return Gathered(data, footprint, int(series.usable(data, footprint).sum()), data.sizes["time"], int(unread.sum()))


def _unread(data: xr.Dataset, footprint: Footprint, failed: set[str]) -> np.ndarray:
    """Return (n,) bool: scenes of a reading of which a file failed, ids in `failed`, and left the outline blank."""
    named = np.array([bool(failed & set(str(name).split())) for name in data["id"].values])
    blank = np.zeros(len(named), bool)
    for band in (b for b in (*PAIR, "scl") if b in data):
        values = data[band].values[:, footprint.cover > 0]
        blank |= ((values == 0) if band == "scl" else np.isnan(values)).all(axis=1)
    return named & blank


def bisected(stack: Stack, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> Gathered:
    """Read the few scenes of `rows` that a search for steps asks for.

    First two bands (PAIR) of scenes 150 days apart, three at either end. Where the series so far steps, the time
    between the last scene without and the first with the change is halved, until few scenes are left in it; then all
    of them are read, and scenes on both sides confirm it. A scene that departs from its level gets two next to it; a
    series without a step gets scenes in between before it is called unchanged. The classification is read only of
    scenes that are asked for: where one is covered, the next is taken. The other `bands` are read of a few scenes after
    each step, and of all where what stands changes its colour in them.
    """
    search, extra = _Search(stack, rows, geometry), [b for b in bands if b not in DATING]
    search.round(_nodes(search, NODE_DAYS))
    between, roofs = False, Steps(())
    for _ in range(MAX_ROUNDS):
        if not search.pieces:
            break
        seen = search.series()
        if not len(seen.days):
            if search.round(_nodes(search, NODE_DAYS)):
                continue
            return Gathered(None, search.footprint, 0, search.listed, search.unread)
        spacing = NODE_DAYS / 2 if between else NODE_DAYS
        # a roof is timed by its whiteness in the end: the search follows the same steps
        covered = steps.date_step(seen.days, seen.whiteness())
        brief = transients.transients(seen.days, seen.whiteness(), covered)
        pairs = [transients.time_transient(seen.days, seen.whiteness(), b) for b in brief]
        found_brief = [step for pair in pairs if pair for step in pair]
        covered = replace(covered, steps=tuple(sorted([*covered, *found_brief], key=lambda s: s.best)))
        if search.round([*_nodes(search, spacing), *_about(search, covered, seen)], seen.days):
            continue
        pair = seen.contrast[:, : len(PAIR)]
        found = steps.date_step(seen.days, pair, series.contrast_sd(pair))
        roofs = covered if len(covered) else found
        inside = [
            SceneRequest((b.before_day + b.after_day) / 2, b.before_day, b.after_day, TRANSIENT_SCENES) for b in brief
        ]
        requests = [*_odd(found, seen), *inside, *_about(search, roofs, seen), *_stages(search, roofs, seen)]
        if search.round(requests, seen.days) or search.widened(extra, _shown(roofs, found, seen)):
            continue
        # a step that stands alone has to be sure; next to a roof it only names the day when ground was broken
        alone = not any(_may_be_roof(roofs, k) for k in range(len(roofs)))
        few = search.read.sum() < SCRAPING_SHARE * search.listed
        if (alone or few) and search.round(_about(search, found, seen, scraping=True), seen.days):
            continue
        # scraped ground without a roof is searched once more: one may have stood there between two scenes
        if not alone or between:
            break
        between = True
    if not search.pieces:
        return Gathered(None, search.footprint, 0, search.listed, search.unread)
    roofs, seen = _by_phase(search, roofs, seen)
    data = search.coloured(_pictured(roofs, seen), [b for b in extra if b not in search.bands])
    return Gathered(data, search.footprint, int((search.state == USABLE).sum()), search.listed, search.unread)


def _by_phase(search: _Search, roofs: Steps, seen: Series) -> tuple[Steps, Series]:
    """Narrow the steps of each phase of a site; return those of the last, or `roofs` of a site with one phase."""
    for _ in range(MAX_ROUNDS):
        pieces = phases.phases(search.joined(), search.footprint, seen)
        if len(pieces) == 1:
            break
        own = [series.extract_series(search.joined(), piece, PAIR) for piece in pieces]
        covered = [steps.date_step(o.days, o.whiteness()) for o in own]
        roofs = covered[-1]
        if not search.round([w for c, o in zip(covered, own, strict=True) for w in _about(search, c, o)], seen.days):
            break
        seen = search.series()
    return roofs, seen


@dataclass(frozen=True, slots=True)
class SceneRequest:
    """Request for `count` clear scenes between days `low` and `high`, nearest to `centre` first."""

    centre: float
    low: float
    high: float
    count: int


@dataclass
class _Search:
    """The scenes of one outline, what is known of each, and what was read of them."""

    stack: Stack
    rows: pd.DataFrame
    geometry: BaseGeometry
    pieces: list[xr.Dataset] = field(default_factory=list)
    bands: tuple[str, ...] = DATING
    """Bands in which scenes are read."""

    def __post_init__(self) -> None:
        self.rows = self.rows.sort_values("datetime", kind="stable")
        # the tiles of one pass are seconds apart and make one scene
        self.group = imagery.pass_numbers(self.rows)
        first = np.unique(self.group, return_index=True)[1]
        self.days = steps.to_days(self.rows["datetime"])[first]
        cloud = self.rows["cloud_pct"].fillna(UNKNOWN_CLOUD_PCT).to_numpy(float)
        self.cloud = np.array([cloud[self.group == g].mean() for g in range(len(first))]) / 100
        self.listed = len(first)
        self.state = np.full(self.listed, UNKNOWN)
        """One of UNKNOWN, COVERED, USABLE, UNREAD."""
        self.read = np.zeros(self.listed, bool)
        self.window = series.surroundings_box(self.geometry)
        self.footprint: Footprint = None  # type: ignore[assignment]

    def round(self, requests: Iterable[SceneRequest], seen: np.ndarray | None = None) -> bool:
        """Read what `requests` lack beyond the days already `seen`; return whether anything was read."""
        seen = np.zeros(0) if seen is None else seen
        have = [(request, int(((seen > request.low) & (seen < request.high)).sum())) for request in requests]
        taken = self._found_clear([(request, request.count - n) for request, n in have if n < request.count])
        if taken.any():
            already = len(self.stack.failures)
            piece = self._read(taken, self.bands)
            self.pieces.append(piece)
            self.read |= taken
            self.state[np.flatnonzero(taken)[self._failed(piece, already)]] = UNREAD
        return bool(taken.any())

    def _found_clear(self, lacking: list[tuple[SceneRequest, int]]) -> np.ndarray:
        """Return (n,) bool: unread usable scenes for each request; reads classifications until all are met."""
        while True:
            taken = np.zeros(self.listed, bool)
            unknown = np.zeros(self.listed, bool)
            for request, count in lacking:
                free = (self.days > request.low) & (self.days < request.high) & ~self.read & ~taken
                free &= (self.state != COVERED) & (self.state != UNREAD)
                left = np.flatnonzero(free)
                # a scene half the stretch away is worth as little as one that is half as likely to be clear
                away = np.abs(self.days[left] - request.centre) / (request.high - request.low)
                cost = away + self.cloud[left] * (self.state[left] < 0)
                chosen = left[np.argsort(cost, kind="stable")[:count]]
                taken[chosen] = True
                unknown[chosen] |= self.state[chosen] < 0
            if not unknown.any():
                return taken
            already = len(self.stack.failures)
            classes = self._read(unknown, ())
            if self.footprint is None:
                self.footprint = series.placed(self.geometry, classes)
            self.state[unknown] = series.usable(classes, self.footprint)
            self.state[np.flatnonzero(unknown)[self._failed(classes, already)]] = UNREAD

    def widened(self, bands: Sequence[str], days: np.ndarray) -> bool:
        """Read scenes in `bands` too if what stands changes its colour in them between some `days`, read first.

        A slab of concrete and painted steel over it may be nearly alike in PAIR; the sun of a season changes what
        stands in all bands by one factor. Returns whether anything was read.
        """
        more = [band for band in bands if band not in self.bands]
        if not more or not len(days):
            return False
        seen = series.extract_series(self.coloured(days, more), self.footprint, (*PAIR, *more))
        ratio = seen.inside / np.maximum(seen.around, DARKEST_AROUND)
        own = ratio[steps.on_days(seen.days, days)]
        own = own[np.isfinite(own).all(axis=1)]
        if not len(own):
            return False
        shown = own[:, len(PAIR) :]
        usual = levels.LEAST_CHANGE + series.CONTRAST_SHARE_SD * np.abs(shown - 1).max(axis=0)
        # in logarithms: a share of the colour, whether the ground is bright or dark in it
        colour = np.log(np.maximum(shown, DARKEST_AROUND) / np.maximum(own[:, :1], DARKEST_AROUND))
        if not ((np.ptp(shown, axis=0) > usual) & (np.ptp(colour, axis=0) > levels.LEAST_CHANGE)).any():
            return False
        self.bands = (*self.bands, *more)
        self.pieces = [self.coloured(self.days[self.read], more)]
        return True

    @property
    def unread(self) -> int:
        """Scenes that could not be read."""
        return int((self.state == UNREAD).sum())

    def _failed(self, data: xr.Dataset, already: int) -> np.ndarray:
        """Return (n,) bool: scenes of a reading that could not be read; `already` failures came before it."""
        return _unread(data, self.footprint, {failure.id for failure in self.stack.failures[already:]})

    def _read(self, chosen: np.ndarray, bands: Sequence[str]) -> xr.Dataset:
        return self.stack.read(self.rows[chosen[self.group]], self.window, bands)

    def joined(self) -> xr.Dataset:
        """Return all scenes that were read in time order."""
        data = xr.concat(
            self.pieces, dim="time", data_vars="minimal", coords="minimal", compat="override", join="override"
        )
        data.attrs = dict(self.pieces[0].attrs)
        return data.isel(time=np.argsort(data["time"].values, kind="stable"))

    def series(self) -> Series:
        """Return the series of the scenes that were read so far."""
        return series.extract_series(self.joined(), self.footprint, self.bands)

    def coloured(self, days: np.ndarray, bands: Sequence[str]) -> xr.Dataset:
        """Return all scenes that were read, with `bands` read on the given `days` and NaN on the others."""
        data = self.joined()
        chosen = steps.on_days(self.days, days)
        more = self._read(chosen, bands) if chosen.any() and bands else None
        for band in bands:
            values = np.full((data.sizes["time"], data.sizes["y"], data.sizes["x"]), np.nan, np.float32)
            if more is not None and band in more:
                values[np.isin(data["time"].values, more["time"].values)] = more[band].values
            data[band] = (("time", "y", "x"), values)
        return data


def _nodes(search: _Search, spacing: float) -> list[SceneRequest]:
    """Return requests for one scene every `spacing` days, three at either end."""
    first, last = search.days[0], search.days[-1]
    count = max(2, int(np.ceil((last - first) / spacing)))
    half = (last - first) / count / 2
    inner = [SceneRequest(c, c - half, c + half, 1) for c in np.linspace(first, last, count + 1)[1:-1]]
    ends = [
        SceneRequest(first, first - 1, first + max(half, CONFIRMING_DAYS), END_SCENES),
        SceneRequest(last, last - max(half, CONFIRMING_DAYS), last + 1, END_SCENES),
    ]
    return ends + inner


def _odd(found: Steps, seen: Series) -> list[SceneRequest]:
    """Return requests for scenes next to those that depart from their level, unless a step explains them."""
    if not len(found.scatter):
        return []
    edges = [-np.inf, *(steps.to_day(s.best) for s in found), np.inf]
    under_way = np.zeros(len(seen.days), bool)
    for step in found:
        under_way |= (seen.days > steps.to_day(step.begun.low)) & (seen.days < steps.to_day(step.complete.high))
    requests = []
    for low, high in pairwise(edges):
        inside = (seen.days >= low) & (seen.days < high)
        if inside.sum() < ODD_LEVEL_SCENES:
            continue
        pair = seen.contrast[:, : len(PAIR)]
        away = np.abs(pair - np.median(pair[inside], axis=0))
        usual = np.maximum(found.scatter, series.contrast_sd(pair))
        odd = inside & ~under_way & ((away > ODD_Z * usual) & (away > ODD_MIN)).any(axis=1)
        requests += [SceneRequest(d, d - CONFIRMING_DAYS, d + CONFIRMING_DAYS, END_SCENES) for d in seen.days[odd]]
    return requests


def _about(search: _Search, found: Steps, seen: Series, scraping: bool = False) -> list[SceneRequest]:
    """Return requests for the scenes that would narrow the steps that may be roofs, or with `scraping` the others."""
    requests: list[SceneRequest] = []
    edges = [-np.inf, *(steps.to_day(s.best) for s in found), np.inf]
    for k, step in enumerate(found):
        if _may_be_roof(found, k) == scraping:
            continue
        values = seen.whiteness()[:, None] if len(step.size) == 1 else seen.contrast[:, : len(PAIR)]
        last, first = steps.bracket(step, seen.days, values, edges[k], edges[k + 2])
        requests += _between(search, last, first, seen)
    return requests


def _between(search: _Search, last: float, first: float, seen: Series) -> list[SceneRequest]:
    """Return requests that narrow a change between two days: all of few scenes, else one in the widest gap."""
    free = (search.days > last) & (search.days < first) & ~search.read & (search.state != COVERED)
    hoped = np.where(search.state[free] == USABLE, 1.0, 1 - search.cloud[free]).sum()
    within = seen.days[(seen.days > last) & (seen.days < first)]
    if hoped <= BRACKET_SCENES:
        return [
            SceneRequest((last + first) / 2, last, first, len(within) + int(free.sum())),
            SceneRequest(last, last - CONFIRMING_DAYS, last + 0.01, BESIDE_SCENES),
            SceneRequest(first, first - 0.01, first + CONFIRMING_DAYS, BESIDE_SCENES),
        ]
    places = np.concatenate([[last], within, [first]])
    widest = int(np.argmax(np.diff(places)))
    low, high = places[widest], places[widest + 1]
    return [SceneRequest((low + high) / 2, low, high, 1)]


def _stages(search: _Search, roofs: Steps, seen: Series) -> list[SceneRequest]:
    """Return requests for scenes after what may be a roof: what came may be a slab, and the roof a later step."""
    gains = [k for k in range(len(roofs)) if _may_be_roof(roofs, k) and series.step_whiteness(roofs.steps[k]) > 0]
    first = steps.to_day(roofs.steps[gains[0]].complete.best) if gains else np.inf
    changes = levels.changes(seen, first)
    last = steps.to_day(roofs.steps[gains[-1]].complete.best) if gains else None
    over = [last] if last is not None else [steps.to_day(step.complete.best) for step in changes[-1:]]
    parts = [(day + low, day + high) for day in over for low, high in pairwise(STAGE_PARTS)]
    requests = [SceneRequest((low + high) / 2, low, high, 1) for low, high in parts]
    of = levels.relative(seen)
    edges = [-np.inf, *(steps.to_day(step.best) for step in changes), np.inf]
    likely = works.likely_covers(changes, seen)
    for k, step in enumerate(changes):
        if not any(low <= steps.to_day(step.best) <= high for low, high in likely):
            continue
        low, high = steps.bracket(step, of.days, of.values, edges[k], edges[k + 2])
        requests += _between(search, low, high, seen)
    return requests


def _may_be_roof(found: Steps, k: int) -> bool:
    """Return whether step `k` may be a roof put up, or taken down after one was."""
    gains = np.array([series.step_whiteness(s) for s in found])
    if gains[k] >= 0:
        return bool(gains[k] >= max(MAY_BE_ROOF_GAIN, SUN_SHARE * float(np.abs(gains).max())))
    highest = float(gains[:k].max(initial=0))
    return bool(highest >= MAY_BE_ROOF_GAIN and -gains[k] >= max(MAY_BE_ROOF_GAIN, MAY_BE_GONE_SHARE * highest))


def _shown(roofs: Steps, found: Steps, seen: Series) -> np.ndarray:
    """Return days of scenes that show what came, and all in which a slab may have stood that was hidden later."""
    gains = [step for step in roofs if series.step_whiteness(step) >= MAY_BE_ROOF_GAIN]
    since = [steps.to_day(step.best) for step in (gains[-1:] or found.steps[-1:])]
    stage = (
        (seen.days >= since[0]) & (seen.days <= since[0] + STAGE_SPAN_DAYS) if since else np.zeros(len(seen.days), bool)
    )
    return np.unique(np.concatenate([seen.days[stage], seen.days[-1:], _pictured(roofs, seen)[-PICTURE_SCENES:]]))


def _pictured(found: Steps, seen: Series) -> np.ndarray:
    """Return days of stack, spread over each level that follows a step, that show what stands."""
    days = []
    edges = [*(steps.to_day(s.best) for s in found), seen.days[-1] + 1]
    for k, step in enumerate(found):
        if series.step_whiteness(step) < MAY_BE_ROOF_GAIN:
            continue
        after = seen.days[(seen.days >= steps.to_day(step.best)) & (seen.days < edges[k + 1])]
        shown = after[(after >= steps.to_day(step.complete.best)) & (after < edges[k + 1] - series.NEXT_STEP_DAYS)]
        shown = shown if len(shown) >= SHOWN_SCENES else after
        mild = shown[~series.winter(shown, seen.latitude_deg)]
        shown = mild if len(mild) >= SHOWN_SCENES else shown
        if len(shown):
            days.append(shown[np.unique(np.linspace(0, len(shown) - 1, PICTURE_SCENES).astype(int))])
    return np.concatenate(days) if days else np.zeros(0)
