"""Tell the phases in which a site was covered, pixel by pixel: each is one patch with a step of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from scipy import ndimage

from osint.change import steps
from osint.change.series import PIXEL_M2, Footprint, Series, extract_series, whiteness
from osint.change.stack import PAIR
from osint.change.steps import Step

PHASE_MIN_PX, PHASE_CORE_MIN_PX = 15, 9  # fewest pixels of a phase, of its core
PHASE_GAIN_SHARE = 0.4  # gain of a pixel over that of the whitest tenth, above which it is roof and not yard
PHASE_GAIN_QUANTILE = 0.9  # quantile of the gain that stands for the whitest tenth
PHASE_MIN_GAIN = 0.03  # gain of whiteness (reflectance) from which a pixel or a phase was covered
ONE_PATCH_SHARE = 0.7  # share of a phase's pixels that lie in one patch: what is scattered is noise
REST_DAYS = 30.0  # rest between two phases: a roof laid from one side to the other has none
REST_SCENES = 2  # scenes within the rest; with fewer it may be a gap between scenes
EDGE_SCENES = 2  # scenes at either end of a series between which no pixel's step is placed


def phases(data: xr.Dataset, footprint: Footprint, seen: Series) -> list[Footprint]:
    """Return the phases of a site, one footprint each, in the order in which they were covered; `footprint` if one.

    `data` holds B02 and B11 (time, y, x), `seen` is the series of the whole outline taken from it. Each pixel has
    one step of whiteness, the best by least squares; the two groups of least variance of the step's day are phases
    if each is one patch and if their own series step one after the other, with a rest between.
    """
    chosen, inside = steps.on_days(data["time"].values, seen.days), footprint.drawn
    few = len(seen.days) < 4 * EDGE_SCENES or inside.sum() < 2 * PHASE_MIN_PX
    if few or chosen.sum() != len(seen.days):
        return [footprint]
    white = whiteness(*(data[b].values[chosen][:, inside] for b in PAIR))
    nearby = whiteness(*(seen.around[:, seen.bands.index(b)] for b in PAIR))
    day, gain = _turned(seen.days, white - nearby[:, None])
    roof = gain > max(PHASE_MIN_GAIN, PHASE_GAIN_SHARE * float(np.quantile(gain, PHASE_GAIN_QUANTILE)))
    turned = np.full(inside.shape, np.nan)
    turned[inside] = np.where(roof, day, np.nan)
    covered = replace(footprint, cover=np.where(np.isfinite(turned), footprint.cover, 0.0))
    return _divided(data, covered, turned) or [footprint]


def _turned(days: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the day (p,) of the best single step of each pixel of `white` (n, p), and its size."""
    # one misread scene does not make a step
    calm = ndimage.median_filter(white, size=(3, 1), mode="nearest")
    calm = np.where(np.isfinite(calm), calm, np.nanmedian(calm))
    explained, rise = _cut(calm)
    explained[: EDGE_SCENES - 1] = explained[len(days) - EDGE_SCENES :] = 0
    cut = np.argmax(explained, axis=0)
    return (days[cut] + days[cut + 1]) / 2, rise[cut, np.arange(white.shape[1])]


def _cut(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, (n - 1, p) each, the variance between the two parts at each cut of `values` (n, p), and the rise."""
    before = np.arange(1, len(values))[:, None]
    after = len(values) - before
    sums = np.cumsum(values, axis=0)
    rise = (sums[-1] - sums[:-1]) / after - sums[:-1] / before
    return before * after * rise**2, rise


def _divided(data: xr.Dataset, footprint: Footprint, turned: np.ndarray) -> list[Footprint]:
    """Return the phases of a footprint whose pixels turned white on the days `turned` (y, x); none if it is one."""
    mine = (footprint.cover > 0) & np.isfinite(turned)
    if mine.sum() < 2 * PHASE_MIN_PX:
        return []
    border = _border(turned[mine])
    # a pixel on the edge between the two goes with its neighbours
    counts = [ndimage.uniform_filter(m.astype(float), 3) for m in (mine & (turned > border), mine)]
    late = counts[0] > 0.5 * counts[1]
    one, two = _piece(footprint, mine & ~late), _piece(footprint, mine & late)
    if one is None or two is None:
        return []
    sooner, later = _covered(data, one), _covered(data, two)
    if sooner is None or later is None or not _apart(sooner[0], later[0], later[1]):
        return []
    return [part for piece in (one, two) for part in (_divided(data, piece, turned) or [piece])]


def _border(days: np.ndarray) -> float:
    """Return the day that separates days into the two groups with the least variance within (Otsu 1979)."""
    ordered = np.sort(days)
    first = int(np.argmax(_cut(ordered[:, None])[0]))
    return float((ordered[first] + ordered[first + 1]) / 2)


def _piece(footprint: Footprint, mask: np.ndarray) -> Footprint | None:
    """Return the largest patch of `mask` as a footprint, None if it is small or the mask is scattered."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels[mask], minlength=1)
    patch = mask & (labels == int(np.argmax(sizes)))
    if patch.sum() < max(PHASE_MIN_PX, ONE_PATCH_SHARE * mask.sum()):
        return None
    inner = ndimage.binary_erosion(patch)
    core = inner if inner.sum() >= PHASE_CORE_MIN_PX else patch
    cover, area_m2 = np.where(patch, footprint.cover, 0.0), PIXEL_M2 * float(patch.sum())
    return replace(footprint, cover=cover, core=core, area_m2=area_m2)


def _covered(data: xr.Dataset, footprint: Footprint) -> tuple[Step, np.ndarray] | None:
    """Return the step by which a phase gained most, and the days of the scenes that saw it."""
    seen = extract_series(data, footprint, PAIR)
    found = max(steps.date_step(seen.days, seen.whiteness()), key=lambda s: float(s.size[0]), default=None)
    return (found, seen.days) if found and found.size[0] > PHASE_MIN_GAIN else None


def _apart(sooner: Step, later: Step, days: np.ndarray) -> bool:
    """Return whether the second step began after the first was over and a rest that REST_SCENES scenes saw."""
    end, begin = steps.to_day(sooner.complete.best), steps.to_day(later.begun.best)
    seen = (days >= end) & (days <= begin)
    return bool(sooner.high < later.low and begin - end >= REST_DAYS and seen.sum() >= REST_SCENES)
