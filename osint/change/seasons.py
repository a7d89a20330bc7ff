"""Make one picture of a place for each season, from its clearest scenes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from scipy import ndimage

from osint import imagery
from osint.change import series, steps

SEASON_SCENES, LEAST_SEASON_SCENES = 9, 3  # clearest scenes of a season that make its picture, and the fewest that do
SEASON_DAYS = 150  # length of a season, about
LEAST_SEASONS = 2  # seasons that a comparison needs
MILD_FROM, MILD_UNTIL = 80, 312  # northern days between which the sun is high and no snow is, with wide margins
LEAST_MILD_SCENES = 8  # scenes outside of winter below which those of winter are taken too
LEAST_CLEAR = 2  # clear scenes of a pixel whose median is its whiteness
MISREAD_QUANTILE = 0.25  # of the looks at a pixel that is read as cloud: what shows there in most of them
COARSE_PX, LOCAL_PX = 4, 15  # the surroundings are 15 by 15 of every fourth pixel: 600 m


def season_groups(rows: pd.DataFrame, latitude_deg: float) -> list[pd.DataFrame]:
    """Return groups of the clearest scenes, one per season, without winter where enough others are left."""
    rows = rows.sort_values("datetime")
    mild = rows[is_mild(rows, latitude_deg)]
    rows = mild if len(mild) >= LEAST_MILD_SCENES else rows
    if not len(rows):
        return []
    first = rows["datetime"].iloc[0]
    span_days = (rows["datetime"].iloc[-1] - first).days + 1
    seasons = max(LEAST_SEASONS, round(span_days / SEASON_DAYS))
    number = ((rows["datetime"] - first).dt.days * seasons // span_days).to_numpy()
    groups = []
    for k in np.unique(number):
        group = rows[number == k].sort_values(["cloud_pct", "datetime"]).head(SEASON_SCENES)
        if len(group) >= LEAST_SEASON_SCENES:
            groups.append(group.sort_values("datetime"))
    return groups


def is_mild(rows: pd.DataFrame, latitude_deg: float) -> np.ndarray:
    """Return (n,) bool: which scenes are not of winter, by the widest margins."""
    days = steps.to_days(rows["datetime"])
    return ~series.winter(days, latitude_deg, MILD_UNTIL, MILD_FROM + 1)


def season_picture(data: xr.Dataset) -> xr.Dataset:
    """Return `white`, `B02` and `B11` of the median of clear scenes (y, x), each less its local median, and `clear`.

    `white` is the whiteness, `clear` says where enough scenes are. NaN where too few scenes show the ground. A pixel
    that is seldom classified clear, as a bright roof may be, takes the lower quarter of the scenes in which its
    surroundings are: cloud is brighter than ground.
    """
    blue, infrared = data["B02"].values, data["B11"].values
    cubes = {"white": series.whiteness(blue, infrared), "B02": blue, "B11": infrared}
    read = np.isfinite(cubes["white"])
    clear = np.isin(data["scl"].values, imagery.SceneClass.clear) & read
    enough = clear.sum(axis=0) >= LEAST_CLEAR
    looks, shown = (np.zeros(read.shape, bool), np.zeros(enough.shape, bool)) if enough.all() else _misread(clear, read)
    found = {"clear": (("y", "x"), enough)}
    for name, values in cubes.items():
        picture = np.full(enough.shape, np.nan)
        if read.any():
            picture = np.where(enough, _quantile(np.where(clear, values, np.nan), 0.5), np.nan)
            if shown.any():
                lower = _quantile(np.where(looks & shown, values, np.nan), MISREAD_QUANTILE)
                picture = np.where(shown & ~enough, lower, picture)
            picture = picture - _local(picture)
        found[name] = (("y", "x"), picture)
    return xr.Dataset(found, attrs=data.attrs)


def _misread(clear: np.ndarray, read: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return looks at pixels, (n, y, x) bool, and (y, x) which pixels have some that are not of cloud.

    A look is a scene in which nearly all of the surroundings of a pixel, of those read, are clear: `series.usable`
    takes such scenes too. Of a pixel that is clear in one of them two are enough, of one that never is one more.
    """
    size = (1, COARSE_PX * LOCAL_PX, COARSE_PX * LOCAL_PX)
    seen, around_clear = (
        ndimage.uniform_filter(part.astype(np.float32), size, mode="nearest") for part in (read, clear)
    )
    looks = read & (around_clear >= series.RESCUE_CLEAR_SHARE * seen)
    never = ~(looks & clear).any(axis=0)
    return looks, np.asarray(looks.sum(axis=0) >= LEAST_CLEAR + never)


def _quantile(values: np.ndarray, share: float) -> np.ndarray:
    """Return the quantile of those read (axis 0), one of them; NaN where nothing was read.

    Of two the lower one, as cloud that was missed is brighter than the ground.
    """
    # np.nanquantile walks pixel by pixel in Python, a hundred times slower
    ordered = np.sort(values, axis=0)
    place = share * np.maximum(np.isfinite(values).sum(axis=0) - 1, 0)
    return np.asarray(np.take_along_axis(ordered, np.floor(place).astype(int)[None], 0)[0])


def _local(picture: np.ndarray) -> np.ndarray:
    """Return the median of the surroundings (y, x)."""
    coarse = np.nan_to_num(picture[::COARSE_PX, ::COARSE_PX], nan=float(np.nanmedian(picture)))
    smooth = ndimage.median_filter(coarse, size=LOCAL_PX, mode="nearest")
    fine = smooth.repeat(COARSE_PX, axis=0).repeat(COARSE_PX, axis=1)
    return np.asarray(fine[: picture.shape[0], : picture.shape[1]])
