"""Missions, and what their quality bands say of a pixel, as one scene classification."""

from __future__ import annotations

from enum import IntEnum, StrEnum, nonmember

import numpy as np


class SceneClass(IntEnum):
    """Scene classification of Sen2Cor, band SCL (ESA, Sentinel-2 Products Specification).

    `cloud` hides or darkens the ground. `ground` is the surface itself, fit for a picture. `clear` can be
    measured: ground, and dark areas too, because dark roofs and asphalt are classified so; a picture leaves
    them out, because shadows of hills are dark areas as well. Snow hides the ground without being a cloud, and
    0 and 1 hold no measurement: these are in none of the three.
    """

    NO_DATA = 0
    SATURATED_OR_DEFECTIVE = 1
    DARK_AREA = 2
    CLOUD_SHADOW = 3
    VEGETATION = 4
    BARE_GROUND = 5
    WATER = 6
    UNCLASSIFIED = 7
    CLOUD_MEDIUM_PROBABILITY = 8
    CLOUD_HIGH_PROBABILITY = 9
    THIN_CIRRUS = 10
    SNOW_OR_ICE = 11

    ground = nonmember((4, 5, 6, 7))
    clear = nonmember((2, 4, 5, 6, 7))
    cloud = nonmember((3, 8, 9, 10))


class Family(StrEnum):
    """Missions whose conventions are known here."""

    SENTINEL_1 = "sentinel-1"
    SENTINEL_2 = "sentinel-2"
    LANDSAT = "landsat"
    HLS = "hls"
    OTHER = ""


def family_of(collection: str) -> Family:
    """Return the mission of a collection, known by the beginning of its id.

    >>> family_of("sentinel-2-c1-l2a")
    <Family.SENTINEL_2: 'sentinel-2'>
    """
    return next(family for family in Family if collection.lower().startswith(family.value))


NO_QUALITY: dict[Family, float] = {Family.LANDSAT: 1.0, Family.HLS: 255.0}
"""What the quality band holds where there is no picture."""


def coarse_pixel_m(name: str) -> int:
    """Return the pixel in metres of a collection that is too coarse to date and measure a hall, 0 for any other.

    >>> coarse_pixel_m("landsat-c2-l2"), coarse_pixel_m("sentinel-2-l2a")
    (30, 0)
    """
    return 30 if family_of(name) in (Family.LANDSAT, Family.HLS) else 0


def quality_classes(bits: np.ndarray, family: Family) -> np.ndarray:
    """Return the quality bits of Landsat (QA_PIXEL) or HLS (Fmask) as codes of `SceneClass`.

    Clear ground is UNCLASSIFIED: the bits do not say what grows on it.

    >>> quality_classes(np.array([21824, 22280, 23888, 1]), Family.LANDSAT).tolist()
    [7, 9, 3, 0]
    >>> quality_classes(np.array([64, 2, 8, 16, 32, 255]), Family.HLS).tolist()
    [7, 9, 3, 11, 6, 0]
    """
    landsat, bits = family is Family.LANDSAT, np.asarray(bits).astype(np.int64)
    # the later one wins: cloud over all that lies under it
    rules = [(7, SceneClass.WATER), (5, SceneClass.SNOW_OR_ICE), (4, SceneClass.CLOUD_SHADOW)]
    rules += [
        (1, SceneClass.CLOUD_MEDIUM_PROBABILITY),
        (2, SceneClass.THIN_CIRRUS),
        (3, SceneClass.CLOUD_HIGH_PROBABILITY),
    ]
    if not landsat:
        rules = [(5, SceneClass.WATER), (4, SceneClass.SNOW_OR_ICE), (2, SceneClass.CLOUD_MEDIUM_PROBABILITY)]
        rules += [(3, SceneClass.CLOUD_SHADOW), (0, SceneClass.THIN_CIRRUS), (1, SceneClass.CLOUD_HIGH_PROBABILITY)]
    classes = np.full(bits.shape, SceneClass.UNCLASSIFIED, np.uint8)
    for bit, code in rules:
        classes[bits >> bit & 1 == 1] = code
    classes[(bits & 1 == 1) if landsat else (bits == NO_QUALITY[family])] = SceneClass.NO_DATA
    return classes
