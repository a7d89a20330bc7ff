"""Split an outline into parts that were covered one after the other, by when each pixel turned white."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy import ndimage

from osint.change import series, steps
from osint.change.series import Place, Series
from osint.change.stack import PAIR
from osint.change.steps import Step

SMALLEST_PX = 15
GAIN_SHARE = 0.4
"""Gain of a pixel over that of the whitest tenth, above which it is roof and not yard."""
MIN_GAIN = 0.03
ONE_PIECE = 0.7
"""Share of a part's pixels that lie in one patch: what is scattered is noise."""
PLATEAU_DAYS = 30.0
"""Rest between the end of one part and the begin of the next: a roof laid from one side to the other has none."""
REST_LOOKS = 2
"""Looks within the rest; with fewer it may be a gap between looks at a roof laid from one side to the other."""
EDGE_LOOKS = 2


def split(data: xr.Dataset, place: Place, seen: Series) -> list[Place]:
    """Return the places of the parts of an outline in the order in which they were covered; `place` alone if it is one.

    `data` holds B02 and B11 (time, y, x), `seen` is the series of the whole outline drawn from it. Each pixel has
    one step of whiteness, the best by least squares; the two groups of least variance of the step's day are parts
    if each is one patch and if their own series step at times that lie apart, with a rest between.
    """
    days = steps.to_days(pd.DatetimeIndex(data["time"].values))
    chosen = np.isin(np.round(days, 4), np.round(seen.days, 4))
    if chosen.sum() != len(seen.days) or len(seen.days) < 4 * EDGE_LOOKS:
        return [place]
    inside = place.cover > 0.5
    if inside.sum() < 2 * SMALLEST_PX:
        return [place]
    white = data["B02"].values[chosen][:, inside] - 0.7 * data["B11"].values[chosen][:, inside]
    nearby = [seen.around[:, seen.bands.index(b)] for b in ("B02", "B11")]
    day, gain = _turned(seen.days, white - (nearby[0] - 0.7 * nearby[1])[:, None])
    roof = gain > max(MIN_GAIN, GAIN_SHARE * float(np.quantile(gain, 0.9)))
    turned = np.full(inside.shape, np.nan)
    turned[inside] = np.where(roof, day, np.nan)
    return _divided(data, replace(place, cover=np.where(np.isfinite(turned), place.cover, 0.0)), turned) or [place]


def _turned(days: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the day (p,) of the best single step of each pixel of `white` (n, p), and its size."""
    # one misread look is no step
    calm = ndimage.median_filter(white, size=(3, 1), mode="nearest")
    calm = np.where(np.isfinite(calm), calm, np.nanmedian(calm))
    count = len(days)
    sums = np.cumsum(calm, axis=0)
    before = np.arange(1, count)[:, None]
    low, high = sums[:-1] / before, (sums[-1] - sums[:-1]) / (count - before)
    explained = before * (count - before) * (high - low) ** 2
    explained[: EDGE_LOOKS - 1] = explained[count - EDGE_LOOKS :] = 0
    cut = np.argmax(explained, axis=0)
    pixel = np.arange(white.shape[1])
    return (days[cut] + days[cut + 1]) / 2, (high - low)[cut, pixel]


def _divided(data: xr.Dataset, place: Place, turned: np.ndarray) -> list[Place]:
    """Return the parts of a place whose pixels turned white on the days `turned` (y, x); none if it is one."""
    mine = (place.cover > 0) & np.isfinite(turned)
    if mine.sum() < 2 * SMALLEST_PX:
        return []
    border = _border(turned[mine])
    # a pixel on the edge between the two goes with its neighbours
    counts = [ndimage.uniform_filter(m.astype(float), 3) for m in (mine & (turned > border), mine)]
    late = counts[0] > 0.5 * counts[1]
    one, two = _piece(place, mine & ~late), _piece(place, mine & late)
    if one is None or two is None:
        return []
    sooner, later = _covered(data, one), _covered(data, two)
    if sooner is None or later is None or not _apart(sooner[0], later[0], later[1]):
        return []
    return [part for piece in (one, two) for part in (_divided(data, piece, turned) or [piece])]


def _border(days: np.ndarray) -> float:
    """Return the day that parts days into the two groups with the least variance within (Otsu 1979)."""
    ordered = np.sort(days)
    count = np.arange(1, len(days))
    sums = np.cumsum(ordered)
    between = count * (len(days) - count) * (sums[:-1] / count - (sums[-1] - sums[:-1]) / (len(days) - count)) ** 2
    first = int(np.argmax(between))
    return float((ordered[first] + ordered[first + 1]) / 2)


def _piece(place: Place, mask: np.ndarray) -> Place | None:
    """Return the largest patch of `mask` as a place, None if it is small or the mask is scattered."""
    labels, count = ndimage.label(mask)
    if not count:
        return None
    sizes = ndimage.sum_labels(mask, labels, np.arange(1, count + 1))
    patch = labels == int(np.argmax(sizes)) + 1
    if patch.sum() < max(SMALLEST_PX, ONE_PIECE * mask.sum()):
        return None
    inner = ndimage.binary_erosion(patch)
    core = inner if inner.sum() >= 9 else patch
    return Place(
        cover=np.where(patch, place.cover, 0.0), core=core, ring=place.ring, area_m2=100.0 * float(patch.sum())
    )


def _covered(data: xr.Dataset, place: Place) -> tuple[Step, np.ndarray] | None:
    """Return the step by which a part gained most, and the days of the looks that saw it."""
    seen = series.extract(data, place, PAIR)
    found = [s for s in steps.date_step(seen.days, seen.whiteness()) if float(s.size[0]) > MIN_GAIN]
    return (max(found, key=lambda s: float(s.size[0])), seen.days) if found else None


def _apart(sooner: Step, later: Step, days: np.ndarray) -> bool:
    """Return whether the second step began after the first was over and a rest had passed that at least two looks saw."""
    end, begin = steps.to_days([sooner.complete.best, later.begun.best])
    seen = (days >= end) & (days <= begin)
    return bool(sooner.high < later.low and begin - end >= PLATEAU_DAYS and seen.sum() >= REST_LOOKS)
