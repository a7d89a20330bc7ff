"""Search time for the scenes that date an outline: few looks far apart, then all that lie about each step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from shapely.geometry.base import BaseGeometry

from osint.change import series, steps
from osint.change.series import Place, Series
from osint.change.stack import PAIR, Stack
from osint.change.steps import Step, Steps

NODE_DAYS = 150.0
"""Time between the first looks: what comes and goes faster is a spell, not a building."""
LOOKS_TO_TRUST = 3
"""One look misread as clear sends a search the wrong way; three seldom do."""
LOOKS_BESIDE = 2
"""Looks on either side of the time in which everything was read."""
NEAR_DAYS = 45.0
"""Looks this near to each other confirm each other."""
BRACKET_LOOKS = 6
"""Usable scenes between the last look without and the first look with a change that are all read."""
LOOKS_OF_SPELL = 6
"""Looks of what seems to stand for a few months: fewer may be weather."""
ODD = 4.0
"""Departure of one look from its level, over the scatter, that asks for more looks beside it."""
ODD_LEAST = 0.03
ROOF_GAIN = 0.02
"""Change of blue less 0.7 of short-wave infrared (reflectance) that may be a roof; other changes are scraping."""
SMALL_SHARE = 0.3
"""Change over the largest one below which it is the sun or the season on a roof."""
REMOVED_SHARE = 0.4
"""Loss over the gains before it, above which a roof may have gone."""
SHARE_FOR_SCRAPING = 0.1
"""Of all scenes listed: once more have been read, a step without a roof is narrowed no further."""
PICTURES = 4
"""Scenes of each standing roof that are read in the other bands too."""
MAX_ROUNDS = 14


@dataclass(frozen=True)
class Gathered:
    """The scenes that were read of an outline."""

    data: xr.Dataset | None
    """Reflectance (time, y, x) and scl; None if no scene was usable. NaN where a band was not read."""
    place: Place
    usable: int
    """Scenes, of those looked at, whose classification leaves outline and surroundings clear."""
    listed: int
    """Scenes there are."""


def exhaustive(looks: Stack, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> Gathered:
    """Read every scene of `rows` over the lon/lat window `geometry`'s surroundings: the referee of `bisected`."""
    data = looks.read(rows, series.window(geometry), bands)
    place = series.placed(geometry, data)
    return Gathered(data, place, int(series.usable(data, place).sum()), data.sizes["time"])


def bisected(looks: Stack, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> Gathered:
    """Read the few scenes of `rows` that a search for steps asks for.

    Looks of two bands (`looks.PAIR`) stand 150 days apart, three at either end. Where the series so far steps,
    the time between the last look without and the first look with the change is halved, until few scenes are
    left in it; then all of them are read, and looks on both sides confirm it. A look that departs from its
    level gets two beside it; a series without a step gets looks in between before it is called unchanged.
    The classification is read only of scenes that a look asks for: a covered one falls to the next. The
    other `bands` are read of a few scenes after each step.
    """
    search = _Search(looks, rows, geometry)
    search.round(_nodes(search, NODE_DAYS))
    between, roofs = False, Steps((), "", 0)
    for _ in range(MAX_ROUNDS):
        if not search.pieces:
            break
        seen = search.series()
        spacing = NODE_DAYS / 2 if between else NODE_DAYS
        # a roof is timed by its whiteness in the end: the search follows the same steps
        covered = steps.date_step(seen.days, seen.whiteness())
        brief = series.transients(seen.days, seen.whiteness(), covered)
        covered = _with(covered, brief, seen)
        if search.round([*_nodes(search, spacing), *_about(search, covered, seen)], seen.days):
            continue
        found = steps.date_step(seen.days, seen.contrast, series.doubt(seen.contrast))
        roofs = covered if len(covered) else found
        inside = [Wish((b.before + b.after) / 2, b.before, b.after, LOOKS_OF_SPELL) for b in brief]
        wishes = [*_odd(found, seen), *inside, *_about(search, roofs, seen)]
        if search.round(wishes, seen.days):
            continue
        # a step that stands alone has to be sure; beside a roof it only names the day when ground was broken
        alone = not any(_may_be_roof(roofs, k) for k in range(len(roofs)))
        few = search.read.sum() < SHARE_FOR_SCRAPING * search.listed
        if (alone or few) and search.round(_about(search, found, seen, scraping=True), seen.days):
            continue
        # scraped ground without a roof is searched once more: one may have stood there between two looks
        if not alone or between:
            break
        between = True
    if not search.pieces:
        return Gathered(None, search.place, 0, search.listed)
    roofs, seen = _parted(search, roofs, seen)
    extra = [b for b in bands if b not in PAIR]
    data = search.coloured(_pictured(roofs, seen), extra)
    return Gathered(data, search.place, int((search.state == 1).sum()), search.listed)


def _parted(search: _Search, roofs: Steps, seen: Series) -> tuple[Steps, Series]:
    """Narrow the steps of each part of a site that was covered part by part; return the last ones, or `roofs` of one part."""
    for _ in range(MAX_ROUNDS):
        pieces = series.phases(search.joined(), search.place, seen)
        if len(pieces) == 1:
            break
        own = [series.extract(search.joined(), piece, PAIR) for piece in pieces]
        covered = [steps.date_step(o.days, o.whiteness()) for o in own]
        roofs = covered[-1]
        if not search.round([w for c, o in zip(covered, own, strict=True) for w in _about(search, c, o)], seen.days):
            break
        seen = search.series()
    return roofs, seen


@dataclass(frozen=True)
class Wish:
    """At least `count` looks after day `low` and before `high`, the nearer to `centre` the better."""

    centre: float
    low: float
    high: float
    count: int


@dataclass
class _Search:
    """The scenes of one outline, what is known of each, and what was read of them."""

    looks: Stack
    rows: pd.DataFrame
    geometry: BaseGeometry
    pieces: list[xr.Dataset] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = self.rows.sort_values("datetime", kind="stable")
        day = steps.to_days(self.rows["datetime"])
        # the tiles of one pass are seconds apart and make one look
        self.group = np.concatenate([[0], np.cumsum(np.diff(day) > 5 / 1440)]).astype(int)
        first = np.unique(self.group, return_index=True)[1]
        self.days = day[first]
        cloud = self.rows["cloud_pct"].fillna(50.0).to_numpy(float)
        self.cloud = np.array([cloud[self.group == g].mean() for g in range(len(first))]) / 100
        self.listed = len(first)
        self.state = np.full(self.listed, -1)
        """-1 not known, 0 covered, 1 usable."""
        self.read = np.zeros(self.listed, bool)
        self.window = series.window(self.geometry)
        self.place: Place = None  # type: ignore[assignment]

    def round(self, wishes: Iterable[Wish], seen: np.ndarray | None = None) -> bool:
        """Read what `wishes` lack beyond the days already `seen`; return whether anything was read."""
        seen = np.zeros(0) if seen is None else seen
        lacking = []
        for wish in wishes:
            have = int(((seen > wish.low) & (seen < wish.high)).sum())
            if have < wish.count:
                lacking.append((wish, wish.count - have))
        taken = self._found_clear(lacking)
        if taken.any():
            self.pieces.append(self._read(taken, PAIR))
            self.read |= taken
        return bool(taken.any())

    def _found_clear(self, lacking: list[tuple[Wish, int]]) -> np.ndarray:
        """Return (n,) bool: unread usable scenes for each wish; reads classifications until all are met."""
        while True:
            taken = np.zeros(self.listed, bool)
            unknown = np.zeros(self.listed, bool)
            for wish, count in lacking:
                free = (self.days > wish.low) & (self.days < wish.high) & ~self.read & ~taken & (self.state != 0)
                left = np.flatnonzero(free)
                # a look half the stretch away is worth as little as one that is half as likely to be clear
                cost = np.abs(self.days[left] - wish.centre) / (wish.high - wish.low) + self.cloud[left] * (
                    self.state[left] < 0
                )
                chosen = left[np.argsort(cost, kind="stable")[:count]]
                taken[chosen] = True
                unknown[chosen] |= self.state[chosen] < 0
            if not unknown.any():
                return taken
            classes = self._read(unknown, ())
            if self.place is None:
                self.place = series.placed(self.geometry, classes)
            self.state[unknown] = series.usable(classes, self.place)

    def _read(self, chosen: np.ndarray, bands: Sequence[str]) -> xr.Dataset:
        return self.looks.read(self.rows[chosen[self.group]], self.window, bands)

    def joined(self) -> xr.Dataset:
        """Return all looks in time order."""
        data = xr.concat(
            self.pieces, dim="time", data_vars="minimal", coords="minimal", compat="override", join="override"
        )
        data.attrs = dict(self.pieces[0].attrs)
        return data.isel(time=np.argsort(data["time"].values, kind="stable"))

    def series(self) -> Series:
        """Return the series of the looks so far."""
        return series.extract(self.joined(), self.place, PAIR)

    def coloured(self, days: np.ndarray, bands: Sequence[str]) -> xr.Dataset:
        """Return all looks with `bands` read on the given `days` and NaN on the others."""
        data = self.joined()
        chosen = np.isin(np.round(self.days, 4), np.round(days, 4))
        more = self._read(chosen, bands) if chosen.any() and bands else None
        for band in bands:
            values = np.full((data.sizes["time"], data.sizes["y"], data.sizes["x"]), np.nan, np.float32)
            if more is not None:
                values[np.isin(data["time"].values, more["time"].values)] = more[band].values
            data[band] = (("time", "y", "x"), values)
        return data


def _nodes(search: _Search, spacing: float) -> list[Wish]:
    """Return wishes for one look every `spacing` days, three at either end."""
    first, last = search.days[0], search.days[-1]
    count = max(2, int(np.ceil((last - first) / spacing)))
    half = (last - first) / count / 2
    inner = [Wish(c, c - half, c + half, 1) for c in np.linspace(first, last, count + 1)[1:-1]]
    ends = [
        Wish(first, first - 1, first + max(half, NEAR_DAYS), LOOKS_TO_TRUST),
        Wish(last, last - max(half, NEAR_DAYS), last + 1, LOOKS_TO_TRUST),
    ]
    return ends + inner


def _odd(found: Steps, seen: Series) -> list[Wish]:
    """Return wishes for looks beside those that depart from their level, unless a step explains them."""
    if not len(found.scatter):
        return []
    edges = [-np.inf, *(_day(s.best) for s in found), np.inf]
    under_way = np.zeros(len(seen.days), bool)
    for step in found:
        under_way |= (seen.days > _day(step.begun.low)) & (seen.days < _day(step.complete.high))
    wishes = []
    for low, high in pairwise(edges):
        inside = (seen.days >= low) & (seen.days < high)
        if inside.sum() < 3:
            continue
        away = np.abs(seen.contrast - np.median(seen.contrast[inside], axis=0))
        usual = np.maximum(found.scatter, series.doubt(seen.contrast))
        odd = inside & ~under_way & ((away > ODD * usual) & (away > ODD_LEAST)).any(axis=1)
        wishes += [Wish(d, d - NEAR_DAYS, d + NEAR_DAYS, LOOKS_TO_TRUST) for d in seen.days[odd]]
    return wishes


def _about(search: _Search, found: Steps, seen: Series, scraping: bool = False) -> list[Wish]:
    """Return wishes for the looks that would narrow the steps that may be roofs, or with `scraping` the others."""
    wishes: list[Wish] = []
    edges = [-np.inf, *(_day(s.best) for s in found), np.inf]
    for k, step in enumerate(found):
        if _may_be_roof(found, k) == scraping:
            continue
        last, first = _bracket(step, seen, edges[k], edges[k + 2])
        free = (search.days > last) & (search.days < first) & ~search.read & (search.state != 0)
        hoped = np.where(search.state[free] == 1, 1.0, 1 - search.cloud[free]).sum()
        within = seen.days[(seen.days > last) & (seen.days < first)]
        if hoped <= BRACKET_LOOKS:
            wishes += [
                Wish((last + first) / 2, last, first, len(within) + int(free.sum())),
                Wish(last, last - NEAR_DAYS, last + 0.01, LOOKS_BESIDE),
                Wish(first, first - 0.01, first + NEAR_DAYS, LOOKS_BESIDE),
            ]
            continue
        places = np.concatenate([[last], within, [first]])
        widest = int(np.argmax(np.diff(places)))
        low, high = places[widest], places[widest + 1]
        wishes.append(Wish((low + high) / 2, low, high, 1))
    return wishes


def _with(covered: Steps, brief: list[series.Transient], seen: Series) -> Steps:
    """Return the steps of the whiteness with the coming and going of what stood for a few months among them."""
    pairs = [series.time_transient(seen.days, seen.whiteness(), b) for b in brief]
    every = sorted([*covered, *(step for pair in pairs if pair for step in pair)], key=lambda s: s.best)
    return replace(covered, steps=tuple(every))


def _may_be_roof(found: Steps, k: int) -> bool:
    """Return whether step `k` may be a roof put up, or taken down after one was."""
    gains = np.array([whiteness(s) for s in found])
    if gains[k] < 0:
        return bool(
            -gains[k] >= max(ROOF_GAIN, REMOVED_SHARE * float(gains[:k].max(initial=0)))
            and (gains[:k] >= ROOF_GAIN).any()
        )
    return bool(gains[k] >= max(ROOF_GAIN, SMALL_SHARE * float(np.abs(gains).max())))


def _bracket(step: Step, seen: Series, low: float, high: float) -> tuple[float, float]:
    """Return the day of the last look without and of the first look with most of a step."""
    unit = step.size / np.maximum(step.size @ step.size, 1e-12)
    values = seen.whiteness()[:, None] if len(step.size) == 1 else seen.contrast
    share = (values - step.before) @ unit
    best = _day(step.best)
    before, after = seen.days < best, seen.days >= best
    without = before & (seen.days > low) & (share < 0.2)
    with_ = after & (seen.days < high) & (share > 0.8)
    last = seen.days[without if without.any() else before]
    first = seen.days[with_ if with_.any() else after]
    return last.max(initial=seen.days[0]), first.min(initial=seen.days[-1])


def _pictured(found: Steps, seen: Series) -> np.ndarray:
    """Return days of looks, spread over each level that follows a step, that show what stands."""
    days = []
    edges = [*(_day(s.best) for s in found), seen.days[-1] + 1]
    for k, step in enumerate(found):
        if whiteness(step) < ROOF_GAIN:
            continue
        after = seen.days[(seen.days >= _day(step.best)) & (seen.days < edges[k + 1])]
        shown = after[(after >= _day(step.complete.best)) & (after < edges[k + 1] - 20)]
        shown = shown if len(shown) >= 2 else after
        mild = shown[~series.winter(shown)]
        shown = mild if len(mild) >= 2 else shown
        if len(shown):
            days.append(shown[np.unique(np.linspace(0, len(shown) - 1, PICTURES).astype(int))])
    return np.concatenate(days) if days else np.zeros(0)


def whiteness(step: Step) -> float:
    """Return the change of blue less 0.7 of short-wave infrared: roofs gain, bare soil loses.

    `step` is one of the two bands, or of the whiteness itself.
    """
    return float(step.size[0] - 0.7 * step.size[1] if len(step.size) > 1 else step.size[0])


def _day(moment: np.datetime64) -> float:
    return float((moment - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(1, "s")) / 86_400
