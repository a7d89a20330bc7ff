"""Find how far one picture lies from another, by phase correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

SHIFT_LIMIT_M = 60.0
MIN_RESPONSE = 0.05
"""A correlation peak below this share of the whole is noise: such a shift is not removed."""
AGREE_PX = 2.0
"""How far the shifts of the quarters of a picture may be from that of the whole, in pixels, for it to be removed."""
QUARTER_SEEN = 0.5
"""Share of a quarter that both pictures must show for it to have a say."""
LEAST_QUARTER_PX = 32
"""Side of a quarter below which it has none."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a picture was from the first one."""

    id: str
    """Name of the file."""
    x_m: float
    """To the east, metres."""
    y_m: float
    """To the north, metres."""
    response: float
    """Strength of the match, 0 to 1."""
    removed: bool
    """Whether the picture was moved back: not below MIN_RESPONSE or over SHIFT_LIMIT_M, and its quarters agree."""


def quarters_agree(reference: np.ndarray, moved: np.ndarray, whole: tuple[float, float]) -> bool:
    """Say whether most quarters of a picture were shifted as the whole: a logo or a cloud sits in one of them."""
    rows, columns = reference.shape[0] // 2, reference.shape[1] // 2
    if min(rows, columns) < LEAST_QUARTER_PX:
        return True
    votes = []
    for r in (slice(0, rows), slice(rows, None)):
        for c in (slice(0, columns), slice(columns, None)):
            one, other = reference[r, c], moved[r, c]
            if (np.isfinite(one) & np.isfinite(other)).mean() >= QUARTER_SEEN:
                down, right, _ = shift_px(one, other)
                votes.append(math.hypot(down - whole[0], right - whole[1]) <= AGREE_PX)
    return not votes or sum(votes) > len(votes) / 2


def shift_px(reference: np.ndarray, moved: np.ndarray) -> tuple[float, float, float]:
    """Return how many pixels `moved` is below and to the right of `reference`, and the strength of the peak.

    Phase correlation (Kuglin and Hines, 1975) of the two pictures under a Hann window, with the place of the
    peak refined by a parabola through its neighbours. The strength is the peak's height over that of a
    perfect match, 0 to 1. NaN pixels count as the mean.
    """
    window = np.outer(np.hanning(reference.shape[0]), np.hanning(reference.shape[1]))
    first, second = (fft.rfft2(_flat(image) * window) for image in (reference, moved))
    cross = np.conj(first) * second
    size = np.abs(cross)
    cross = np.divide(cross, size, out=np.zeros_like(cross), where=size > size.max() * 1e-9)
    surface = ndimage.gaussian_filter(fft.irfft2(cross, s=reference.shape), 0.7, mode="wrap")
    row, column = np.unravel_index(int(np.argmax(surface)), surface.shape)
    down = row + _vertex(surface[[row - 1, row, (row + 1) % surface.shape[0]], column])
    right = column + _vertex(surface[row, [column - 1, column, (column + 1) % surface.shape[1]]])
    down, right = (v - n if v > n / 2 else v for v, n in zip((down, right), surface.shape, strict=True))
    perfect = 1 / (2 * np.pi * 0.7**2)
    return float(down), float(right), float(min(surface.max() / perfect, 1.0))


def _flat(image: np.ndarray) -> np.ndarray:
    """Return an image without its mean and its slow brightness, NaN filled."""
    if not np.isfinite(image).any():
        return np.zeros(image.shape)
    filled = np.where(np.isfinite(image), image, np.nanmean(image)).astype(np.float64)
    return np.asarray(filled - ndimage.gaussian_filter(filled, max(image.shape) / 16))


def _vertex(three: np.ndarray) -> float:
    bend = three[0] - 2 * three[1] + three[2]
    return float(np.clip((three[0] - three[2]) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
