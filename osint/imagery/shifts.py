"""Estimate the shift between two pictures of one place by phase correlation."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage


def shift_px(reference: np.ndarray, moved: np.ndarray) -> tuple[float, float, float]:
    """Return how many pixels `moved` lies below and to the right of `reference`, and the peak's strength.

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
    return filled - ndimage.gaussian_filter(filled, max(image.shape) / 16)


def _vertex(three: np.ndarray) -> float:
    bend = three[0] - 2 * three[1] + three[2]
    return float(np.clip((three[0] - three[2]) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
