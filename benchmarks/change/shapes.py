"""Measure how far the edges of drawn shapes run at right angles, as `landcover.shape_of` sees them at 10 m.

    python -m benchmarks.change.shapes

SIMULATED. Halls are rectangles, and L- and U-shapes, turned and shifted at random; natural patches are ovals, lumps and
lobed crusts. Each is drawn in a quarter of a pixel, blurred as the bands of 10 m are, with noise of a tenth to a
thirtieth of the contrast, on an outline that is a pixel too large, right, or a pixel too small.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from osint.change import landcover
from osint.change.stack import PAIR

FINE, SIDE_PX = 4, 60
HALLS, NATURAL = ("rectangle", "L", "U"), ("oval", "lump", "crust")


def drawn(form: str, area_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return the cover (y, x) of one shape of an area in pixels of 10 m."""
    y, x = (np.mgrid[: SIDE_PX * FINE, : SIDE_PX * FINE] + 0.5) / FINE - SIDE_PX / 2 + rng.uniform(-1, 1, (2, 1, 1))
    turn, aspect = rng.uniform(0, np.pi), rng.uniform(1.0, 2.5)
    u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    angle, far = np.arctan2(v, u * aspect), np.hypot(u / np.sqrt(aspect), v * np.sqrt(aspect))
    edge = np.ones_like(angle)
    waves = {"oval": 0, "lump": 4, "crust": 9}.get(form, 0)
    for k in range(2, 2 + waves):
        edge = edge + rng.uniform(0, 0.5 / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    half = np.maximum(np.abs(u) / np.sqrt(aspect), np.abs(v) * np.sqrt(aspect))

    def shape(scale: float) -> np.ndarray:
        if form in NATURAL:
            return np.asarray(far < scale * edge)
        inside = half < scale
        cut = {"L": (u > 0) & (v > 0), "U": (np.abs(u) < 0.4 * scale * np.sqrt(aspect)) & (v > 0)}.get(form)
        return np.asarray(inside if cut is None else inside & ~cut)

    low, high = 0.5, 40.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if shape(middle).sum() < area_px * FINE**2 else (low, middle)
    return shape(low).reshape(SIDE_PX, FINE, SIDE_PX, FINE).mean((1, 3))


def squared(form: str, rng: np.random.Generator) -> float:
    """Return `Shape.squared` of one drawn shape of 0.5 to 5 ha."""
    cover = drawn(form, float(np.exp(rng.uniform(np.log(50), np.log(500)))), rng)
    contrast, noise = rng.uniform(0.08, 0.3), rng.uniform(1 / 30, 1 / 10)
    share = ndimage.gaussian_filter(cover, landcover.FINE_BLUR_PX)
    middle = {b: 0.15 + contrast * (share + rng.normal(0, noise, share.shape)) for b in (*PAIR[:1], "B04", "B08")}
    grown = rng.integers(-1, 2)
    outline = cover if grown == 0 else (ndimage.grey_dilation if grown > 0 else ndimage.grey_erosion)(cover, (3, 3))
    found = landcover.shape_of(middle, outline)
    return float("nan") if found is None else found.squared


def main(each: int = 150, seed: int = 5) -> None:
    """Print the distribution of each form, and the ratio of the densities of halls and natural patches."""
    rng = np.random.default_rng(seed)
    found = {form: np.array([squared(form, rng) for _ in range(each)]) for form in (*HALLS, *NATURAL)}
    for form, values in found.items():
        print(form, "quantiles 5, 25, 50, 75, 95%:", np.nanquantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).round(2))
    halls = np.concatenate([found["rectangle"], found["rectangle"], found["L"], found["U"]])
    natural = np.concatenate([found[form] for form in NATURAL])
    for low in np.arange(0, 1, 0.1):
        counts = [np.sum((of >= low) & (of < low + 0.1)) + 1 for of in (halls, natural)]
        hall, other = counts[0] / (len(halls) + 10), counts[1] / (len(natural) + 10)
        print(f"{low:.1f} to {low + 0.1:.1f}: halls {hall:.3f}, natural {other:.3f}, ratio {hall / other:.2f}")


if __name__ == "__main__":
    main()
