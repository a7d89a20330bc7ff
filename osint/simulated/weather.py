"""Lay SIMULATED snow, dust, cloud and shadow over ground, and see it through a sensor and a classification."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from osint.simulated.spectra import BANDS, COARSE, SPECTRA

SCL_SHADOW, SCL_PLANT, SCL_BARE, SCL_CLOUD_MEDIUM, SCL_CLOUD, SCL_CIRRUS, SCL_SNOW = (
    3, 4, 5, 8, 9, 10, 11,
)  # fmt: skip


def fractal(rng: np.random.Generator, size_px: int, beta: float) -> np.ndarray:
    """Return a (size_px, size_px) field of mean 0 and deviation 1 with a power spectrum k^-beta."""
    spectrum = np.fft.rfft2(rng.normal(size=(size_px, size_px)).astype(np.float32))
    k = np.hypot(np.fft.fftfreq(size_px)[:, None], np.fft.rfftfreq(size_px)[None])
    k[0, 0] = 1
    field = np.fft.irfft2(spectrum / k ** (beta / 2), s=(size_px, size_px))
    return np.asarray(((field - field.mean()) / field.std()).astype(np.float32))


def random_field(rng: np.random.Generator, pool: np.ndarray) -> np.ndarray:
    """Return one field of `pool` rolled and flipped at random: cheap, and correlated in space."""
    field = np.roll(pool[rng.integers(len(pool))], tuple(rng.integers(0, pool.shape[1], 2)), (0, 1))
    field = field[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return np.asarray(field.T if rng.random() < 0.5 else field)


def cloud_covers(rng: np.random.Generator, count: int, cloud: float) -> np.ndarray:
    """Return the cloud fraction of `count` scenes: runs of clear and covered days with mean about `cloud`."""
    if cloud <= 0:
        return np.zeros(count)
    weather = np.zeros(count)
    for i in range(1, count):
        weather[i] = 0.5 * weather[i - 1] + rng.normal(0, 0.87)
    rank = np.argsort(np.argsort(weather)) / max(count - 1, 1)
    # the share of cloudless scenes and the shape of the rest follow from the mean asked for
    clear = max(0.0, 0.62 - 0.75 * cloud)
    level = np.clip((rank - clear) / (1 - clear), 0, 1)
    covers = np.where(rank <= clear, 0.0, level)
    power = 1.0
    for _ in range(40):
        power *= 0.9 if np.mean(covers**power) < cloud else 1.1
    return covers**power


def snow_levels(rng: np.random.Generator, days: np.ndarray, day_of_year: np.ndarray) -> np.ndarray:
    """Return snow cover (0 to 1) a scene: spells of one to five weeks from mid November to mid March."""
    levels = np.zeros(len(days))
    day = float(days.min()) - 30
    while day < days.max():
        length = rng.uniform(8, 35)
        if rng.random() < 0.5:
            inside = (days >= day) & (days < day + length) & ((day_of_year > 314) | (day_of_year < 74))
            levels[inside] = rng.uniform(0.4, 1.0)
        day += length
    return levels


def snowed(
    rng: np.random.Generator, ground: np.ndarray, roofs: np.ndarray, level: float, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lay snow of `level` on ground (7, y, x), thinner on roofs (y, x cover); return ground and cover."""
    size = ground.shape[1]
    cover = np.clip((random_field(rng, pool)[:size, :size] + 2.2 * (level - 0.5)) * 1.5, 0, 1)
    cover = cover * (1 - rng.uniform(0, 0.6) * roofs)
    return ground * (1 - cover) + SPECTRA["snow"][:, None, None] * cover, cover


def hazed(rng: np.random.Generator, ground: np.ndarray, pool: np.ndarray, day_of_year: int, dust: float) -> np.ndarray:
    """Return ground (7, y, x) under dust, which is commoner in spring and never in the classification."""
    if rng.random() >= dust * (2.2 if 80 < day_of_year < 160 else 0.6):
        return ground
    size = ground.shape[1]
    depth = np.clip(rng.uniform(0.1, 0.6) + 0.12 * random_field(rng, pool)[:size, :size], 0, 0.85)
    veil = SPECTRA["dust"] * rng.normal(1, 0.08)
    return ground * (1 - depth) + veil[:, None, None] * depth


def clouded(
    rng: np.random.Generator, ground: np.ndarray, cover: float, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay cloud over `cover` of ground (7, y, x) with its shadow; return ground, optical depth, shadow."""
    size = ground.shape[1]
    depth = np.zeros((size, size), np.float32)
    shadow = np.zeros((size, size), bool)
    if cover > 0.005:
        field = random_field(rng, pool)
        threshold = np.quantile(field[::8, ::8], 1 - cover)
        depth = np.clip((field[:size, :size] - threshold) * 3, 0, 1)
        depth = ndimage.gaussian_filter(depth, 2)
        veil = SPECTRA["cloud"] * rng.uniform(0.7, 1.0)
        shift = (int(rng.uniform(8, 40)), int(rng.uniform(-30, -5)))
        # the field repeats at its own edges, so the shadow of a cloud beyond the picture falls into it
        cast = np.roll(field, shift, (0, 1))[:size, :size]
        shadow = ((cast - threshold) * 3 > 0.35) & (depth < 0.05)
        ground = ground * (1 - depth) + veil[:, None, None] * depth
        ground = np.where(shadow, ground * rng.uniform(0.45, 0.7), ground)
    if cover > 0 and rng.random() < 0.25:
        cirrus = np.clip(0.07 + 0.06 * random_field(rng, pool)[:size, :size], 0, 0.3)
        ground = ground * (1 - cirrus) + 6500 * cirrus
        depth = np.maximum(depth, cirrus * 0.4)
    return ground, depth, shadow


def classified(
    rng: np.random.Generator,
    depth: np.ndarray,
    shadow: np.ndarray,
    *,
    snow: np.ndarray,
    plants: np.ndarray,
    misread: np.ndarray,
) -> np.ndarray:
    """Return an SCL of 20 m (uint8) with the errors of the real one.

    Thin cloud missed, whole cloud decks missed now and then, shadows missed on a third of the scenes,
    snow read as cloud or bare ground, and `misread` (bright roofs of this scene) read as cloud.
    """
    half = depth.shape[0] // 2
    codes = np.full((2 * half, 2 * half), SCL_BARE, np.uint8)
    codes[plants > 0.45] = SCL_PLANT
    if snow.max() > 0.5:
        codes[snow > 0.5] = SCL_SNOW if rng.random() > 0.12 else rng.choice([SCL_BARE, SCL_CLOUD_MEDIUM])
    limit = rng.uniform(0.1, 0.4) if rng.random() < 0.3 else 0.08
    if rng.random() > 0.35:
        codes[shadow] = SCL_SHADOW
    codes[(depth > 0.02) & (depth <= limit) & (rng.random() < 0.5)] = SCL_CIRRUS
    codes[depth > limit] = SCL_CLOUD_MEDIUM
    codes[depth > 0.5] = SCL_CLOUD
    if rng.random() < 0.05:
        codes[(depth > 0) & (depth < 0.6)] = SCL_BARE
    codes[misread] = SCL_CLOUD
    return np.asarray(codes.reshape(half, 2, half, 2).transpose(0, 2, 1, 3).reshape(half, half, 4).max(axis=2))


def sensed(rng: np.random.Generator, ground: np.ndarray, jitter_px: float) -> dict[str, np.ndarray]:
    """Return reflectance a band as a sensor gives it: blur, misregistration, gain and noise.

    B8A, B11 and B12 come at 20 m (half the size), the others at 10 m.
    """
    dy, dx = rng.normal(0, jitter_px, 2)
    gain = rng.normal(1, 0.02)
    out = {}
    for band, name in enumerate(BANDS):
        coarse = name in COARSE
        picture = ndimage.gaussian_filter(ground[band], 0.95 if coarse else 0.55, mode="nearest", truncate=3)
        if jitter_px > 0:
            picture = ndimage.shift(picture, (dy, dx), order=1, mode="nearest")
        if coarse:
            half = picture.shape[0] // 2
            picture = picture.reshape(half, 2, half, 2).mean(axis=(1, 3))
        noise = rng.standard_normal(picture.shape, dtype=np.float32) * (25 if coarse else 45)
        out[name] = picture * gain + rng.normal(0, 25) + noise
    return out
