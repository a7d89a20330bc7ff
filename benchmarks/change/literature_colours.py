"""A SIMULATED world of colours from the literature, other clouds, pale slabs, covers laid in phases.

    python -m benchmarks.change.literature_colours [SEED ...]

It uses the halls, the grid and the judge of `measured_colours`, and changes what that one has fixed. Roofs and decoys have
colours written down here from the literature on coatings, membranes, modules, salts and soils, not rows of
`reflectances.csv`; each is moved by a tenth in brightness and by a little in each band. Clouds come with the season and
stay for weeks, cirrus and the shadow beside a cloud are not in the classification. Slabs are pale, and a third of the
covers is laid in two parts with a pause, so that half of the cover is reached in the first or in the second part.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import ndimage

from benchmarks.change import measured_colours
from benchmarks.change.measured_colours import KIND_BANDS, NORTH, PIXEL_M, WEST, BuiltWorld, Thing, Works

# B02, B03, B04, B08, B11, B12
COLOURS = {
    "membrane, TPO white": (0.62, 0.66, 0.68, 0.70, 0.50, 0.30),
    "membrane, PVC grey": (0.30, 0.31, 0.31, 0.33, 0.27, 0.18),
    "steel, off-white": (0.40, 0.45, 0.47, 0.50, 0.46, 0.47),
    "steel, light grey": (0.26, 0.28, 0.28, 0.29, 0.33, 0.34),
    "steel, sea blue": (0.20, 0.17, 0.12, 0.24, 0.36, 0.43),
    "steel, sky blue": (0.30, 0.29, 0.22, 0.33, 0.42, 0.50),
    "steel, brick red": (0.08, 0.09, 0.22, 0.27, 0.40, 0.46),
    "bitumen, grey chips": (0.10, 0.105, 0.11, 0.12, 0.14, 0.13),
    "EPDM, black": (0.055, 0.055, 0.056, 0.06, 0.07, 0.07),
}
DECOY_COLOURS = {
    "salt, dry crust": (0.36, 0.41, 0.44, 0.48, 0.38, 0.28),
    "modules": (0.05, 0.06, 0.065, 0.09, 0.11, 0.08),
    "film, dusty": (0.24, 0.27, 0.29, 0.36, 0.30, 0.24),
    "loess, dug": (0.13, 0.19, 0.26, 0.33, 0.42, 0.38),
    "asphalt, new": (0.06, 0.065, 0.07, 0.08, 0.10, 0.10),
    "limestone, quarry": (0.24, 0.29, 0.33, 0.38, 0.42, 0.37),
}
RAGGED = ("salt, dry crust", "loess, dug", "limestone, quarry")
GROUND = (0.13, 0.17, 0.21, 0.25, 0.33, 0.31)
PALE_WORKS = Works(slab=(0.30, 0.35, 0.38, 0.41, 0.42, 0.37), slab_days=24.0, scraped=1.25, edge=20.0)
PHASED_SHARE, PAUSE_DAYS = 0.33, (35.0, 70.0)
"""Share of covers laid in two parts, and the pause between them."""


def things(rng: np.random.Generator, size_px: int, days: np.ndarray) -> list[Thing]:
    """Return nine halls of 0.5 to 3 ha and six decoys."""
    across = size_px * PIXEL_M
    spots = [(WEST + across * (i + 0.5) / 4, NORTH - across * (j + 0.5) / 4) for i in range(4) for j in range(4)]
    order = rng.permutation(len(spots))
    found = []
    for number, (name, colour) in enumerate({**COLOURS, **DECOY_COLOURS}.items()):
        x, y = spots[order[number]]
        is_roof = name in COLOURS
        outline = measured_colours.drawn_outline(rng, x, y, ragged=name in RAGGED)
        seen = np.array(colour) * rng.normal(1, 0.1) * rng.normal(1, 0.04, len(colour))
        half = float(rng.uniform(days[0] + 240, days[-1] - 240))
        cover = float(rng.uniform(10, 60)) if name != "limestone, quarry" else 300.0
        lead = float(rng.uniform(25, 120))
        poured = half - cover / 2 - lead if is_roof else np.inf
        scraped = half - cover / 2 - lead - rng.uniform(10, 60) if is_roof or name == "modules" else np.inf
        share = float(rng.uniform(0.4, 0.65)) if name == "modules" else 1.0
        found.append(Thing(name, is_roof, outline, seen, half, cover, poured, scraped, share))
    return found


def done_by(thing: Thing, day: float, pause_days: float, first_share: float) -> float:
    """Return how far a cover has come on a day; with a pause it is laid in two parts, half of it on `half_day`."""
    begun = thing.half_day - thing.cover_days * 0.5 - pause_days * (first_share < 0.5)
    worked = np.clip(day - begun, 0, first_share * thing.cover_days)
    return float((worked + max(day - begun - first_share * thing.cover_days - pause_days, 0)) / thing.cover_days)


def made(seed: int, *, cloud: float = 0.3, size_px: int = 150, built: bool = True) -> BuiltWorld:
    """Return a world of nine halls and six decoys; an empty one without `built`."""
    rng = np.random.default_rng([seed, 333])
    days = np.arange(0, 1095, 2.5) + 18_779.25
    days = days[rng.random(len(days)) > 0.55]
    found = things(rng, size_px, days) if built else []
    shares = [ranked(measured_colours._share(thing, size_px, rng)) for thing in found]
    pauses = [(float(rng.uniform(*PAUSE_DAYS)) * (rng.random() < PHASED_SHARE), float(rng.choice([0.35, 0.65])))
              for _ in found]  # fmt: skip
    ground = np.array(GROUND) * rng.normal(1, 0.12)
    relief = ndimage.gaussian_filter(rng.standard_normal((size_px, size_px)), 6)
    texture = 1 + 0.05 * relief / relief.std() + 0.02 * rng.standard_normal((size_px, size_px))
    spell = ndimage.gaussian_filter1d(rng.standard_normal(len(days)), 4)
    season = np.cos(2 * np.pi * (days - 30) / 365.25)
    level = spell / spell.std() + 0.8 * season
    overcast = level > np.quantile(level, 1 - 0.8 * cloud)
    cube = np.empty((len(days), len(KIND_BANDS), size_px, size_px), np.float32)
    scl = np.full((len(days), size_px, size_px), 5, np.uint8)
    for t, day in enumerate(days):
        picture = ground[:, None, None] * texture
        for thing, of, (pause, first) in zip(found, shares, pauses, strict=True):
            picture = measured_colours.laid(
                picture, thing, day, of, ground, done_by(thing, day, pause, first), PALE_WORKS
            )
        moved = rng.normal(0, 0.25, 2)
        picture = np.stack([ndimage.shift(ndimage.gaussian_filter(p, 1.1 if b in measured_colours.COARSE else 0.6), moved,
                                          order=1, mode="nearest") for p, b in zip(picture, KIND_BANDS, strict=True)])  # fmt: skip
        light = (1 - 0.1 * np.cos(2 * np.pi * (day - 10) / 365.25)) * rng.normal(1, 0.02)
        haze = abs(rng.normal(0, 0.01)) * np.array([1, 0.75, 0.5, 0.3, 0.08, 0.04])
        cube[t] = picture * light + haze[:, None, None] + rng.normal(0, 0.004, picture.shape)
        _weather(rng, cube[t], scl[t], overcast[t])
    return BuiltWorld(measured_colours._dataset(days, cube, scl), tuple(found), measured_colours._place(size_px))


def ranked(of: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share, order and yard of a thing with its order by rank, so that half of the cover is half of the area."""
    whole, order, yard = of
    inside = whole > 0.5
    rank = np.clip(order, 0, 1)
    rank[inside] = np.argsort(np.argsort(order[inside])) / max(inside.sum() - 1, 1)
    return whole, rank, yard


def _weather(rng: np.random.Generator, picture: np.ndarray, scl: np.ndarray, overcast: bool) -> None:
    """Put clouds, the shadow beside them and cirrus into a scene; the classification knows the clouds, mostly."""
    field = ndimage.gaussian_filter(rng.standard_normal(scl.shape), 14)
    covered = field > np.quantile(field, 0.05 if overcast else min(rng.uniform(0.7, 1.4), 1))
    shadow = np.roll(covered, (6, 5), axis=(0, 1)) & ~covered
    picture[:, shadow] *= 0.55
    if rng.random() < 0.12:
        cirrus = np.clip(ndimage.gaussian_filter(rng.standard_normal(scl.shape), 25) * 40, 0, 1)
        picture += 0.03 * cirrus * np.array([1, 0.95, 0.9, 0.8, 0.3, 0.2])[:, None, None]
    picture[:, covered] = np.array([0.55, 0.55, 0.56, 0.58, 0.42, 0.33])[:, None] * rng.normal(1, 0.1)
    scl[covered if rng.random() > 0.03 else covered & False] = 9


if __name__ == "__main__":
    measured_colours.report(made, [int(word) for word in sys.argv[1:]] or [1, 2, 3])
