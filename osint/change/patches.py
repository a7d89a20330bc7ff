"""Find the patches of a place that changed for good between the pictures of its seasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import xarray as xr
from rasterio import features
from rasterio.transform import Affine
from scipy import ndimage
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.change._segmentation import MAD_TO_SD
from osint.change.stack import reproject

SEED_GAIN, SEED_SD = 0.05, 4.0  # gain in whiteness that starts a candidate, or so many deviations of it if more
CHANGES = {"B02": 0.06, "B11": 0.07}  # lasting change of reflectance, brighter or darker, that starts a candidate
LEAST_FILLED = (
    0.5  # share of its smallest rectangle that such a candidate fills: a road or a yard around a hall does not
)
NEIGHBOUR_SHARE = 0.5  # of the strength of a patch, below which what is next to it is its blur
ROOF_GAIN = 0.15  # gain that starts one in a single picture: a pale roof that was cleared again; the series decides
GROWN_SHARE, PEAK_QUANTILE = (
    0.5,
    0.8,
)  # a patch reaches to this share of this quantile of its seed
GROWN_REACH_PX = 4  # how far a patch may grow beyond the box of its seed
LEAST_PATCH_PX = 8  # the smallest patch: a roof of under 800 m2 is lost in the blur of its edge
FRINGE_PX = 3  # pixels around a patch that belong to its blur and start no other


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch that turned whiter than its surroundings and stayed so in one later picture at least."""

    outline: BaseGeometry
    """Outline in degrees (longitude, latitude; WGS-84)."""
    gain: float
    """Peak gain in whiteness, reflectance."""
    cut: bool = False
    """Whether the edge of the window cuts it."""


def changed_patches(pictures: Sequence[xr.Dataset], *, any_sign: bool = True) -> list[Patch] | None:
    """Return what changed for good between the first of several pictures of `season_picture` and a later one.

    Patches that became whiter, the strongest first; then, with `any_sign`, compact ones that became darker or
    brighter in blue or infrared and stay so to the last picture: coloured steel and dark roofs are no whiter than
    ground. What is next to a stronger patch is a patch of its own where it is more than the blur of that one. None if
    no pixel of the first picture is in a later one.
    """
    gains = _differences(pictures, "white")
    if not np.isfinite(gains).any():
        return None
    scatter = float(np.nanmedian(np.abs(gains))) * MAD_TO_SD
    gain = _lasting(np.nan_to_num(gains, nan=-1.0))
    taken = np.zeros(gain.shape, bool)
    found = [
        Patch(_outline(patch, pictures[0].attrs), float(gain[seed].max()), _is_cut(patch))
        for seed, patch in _patched(gain, max(SEED_GAIN, SEED_SD * scatter), taken)
    ]
    if not any_sign:
        return found
    changed = np.max([_kept(_differences(pictures, band), least) for band, least in CHANGES.items()], axis=0)
    near = ndimage.binary_dilation(taken, iterations=FRINGE_PX)
    for _, patch in _patched(np.where(near, 0.0, changed), 1.0, taken):
        outline = _outline(patch, pictures[0].attrs)
        if geo.area_m2(outline) >= LEAST_FILLED * geo.area_m2(shapely.minimum_rotated_rectangle(outline)):
            found.append(Patch(outline, float(gain[patch].max()), _is_cut(patch)))
    return found


def _differences(pictures: Sequence[xr.Dataset], name: str) -> np.ndarray:
    """Return how far each pixel departs from the first picture that shows it (pictures - 1, y, x).

    In time order for each pixel, after NaN for each picture that does not show it: a gap is no change.
    """
    values = np.stack([picture[name].values for picture in pictures])
    first = np.argmax(np.isfinite(values), axis=0)[None]
    found = values - np.take_along_axis(values, first, 0)
    np.put_along_axis(found, first, np.nan, 0)
    return np.take_along_axis(found, np.argsort(np.isfinite(found), axis=0, kind="stable"), 0)[1:]


def _is_cut(patch: np.ndarray) -> bool:
    return bool(patch[[0, -1]].any() or patch[:, [0, -1]].any())


def _patched(strength: np.ndarray, least: float, taken: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (seed, patch), (y, x) bool each, of pixels above `least`, the strongest first; marks patches as `taken`.

    The blur of a stronger patch starts no other: it is weaker than half of it. A hall beside it is not.
    """
    seeds, _ = ndimage.label(strength > least)
    boxes = ndimage.find_objects(seeds)
    sums = ndimage.sum_labels(np.clip(strength, 0, None), seeds, np.arange(1, len(boxes) + 1))
    fringe = np.zeros(strength.shape)
    found = []
    for index in np.argsort(-np.asarray(sums), kind="stable"):
        seed = (seeds == index + 1) & ~taken & (strength > fringe)
        if not seed.any():
            continue
        patch = _grown(strength, seed, boxes[index]) & ~taken
        labels, _ = ndimage.label(patch)
        sizes = np.bincount(labels[seed & patch], minlength=1)
        sizes[0] = 0
        if not sizes.any():
            continue
        patch = labels == int(np.argmax(sizes))
        if patch.sum() < LEAST_PATCH_PX:
            continue
        taken |= patch
        level = NEIGHBOUR_SHARE * float(np.quantile(strength[patch], PEAK_QUANTILE))
        fringe = np.maximum(fringe, level * ndimage.binary_dilation(patch, iterations=FRINGE_PX))
        found.append((seed & patch, patch))
    return found


def _kept(differences: np.ndarray, least: float) -> np.ndarray:
    """Return the change (y, x) that is left in every picture from some day to the last, over the `least` that counts.

    Pictures (n, y, x) with nothing read say nothing; where the last one says nothing, the change is 0.
    """
    scatter = float(np.nanmedian(np.abs(differences))) * MAD_TO_SD
    sign = np.sign(np.nan_to_num(differences[-1]))
    along = np.where(np.isnan(differences), np.inf, sign * differences)
    lowest = np.minimum.accumulate(along[::-1], axis=0)
    # one picture alone may show haze or plants of one season
    kept = lowest[1:].max(axis=0) if len(lowest) > 1 else lowest[0]
    return np.where(sign == 0, 0.0, kept) / max(least, SEED_SD * scatter)


def _lasting(gains: np.ndarray) -> np.ndarray:
    """Return the largest gain that holds for two pictures in a row, or in the last one, or is a roof's in any."""
    pairs = np.minimum(gains[:-1], gains[1:])
    alone = np.where(gains > ROOF_GAIN, gains, -1.0)
    return np.asarray(np.max(np.concatenate([pairs, gains[-1:], alone]), axis=0))


def _grown(gain: np.ndarray, seed: np.ndarray, box: tuple[slice, slice]) -> np.ndarray:
    """Return the patch (y, x) around a seed above a share of its own gain."""
    rows, cols = (slice(max(side.start - GROWN_REACH_PX, 0), side.stop + GROWN_REACH_PX) for side in box)
    level = GROWN_SHARE * np.quantile(gain[seed], PEAK_QUANTILE)
    labels, _ = ndimage.label(gain[rows, cols] > level)
    own = np.unique(labels[seed[rows, cols]])
    patch = np.zeros(gain.shape, bool)
    patch[rows, cols] = ndimage.binary_fill_holes(np.isin(labels, own[own > 0]))
    return patch


def _outline(patch: np.ndarray, attrs: dict[str, Any]) -> BaseGeometry:
    """Return the largest part of a patch (y, x) as a polygon in degrees along its pixels."""
    transform = Affine(*tuple(attrs["transform"])[:6])
    polygons = [shape(g) for g, _ in features.shapes(patch.astype("uint8"), mask=patch, transform=transform)]
    return reproject(max(polygons, key=lambda p: p.area), attrs["crs"], 4326)
