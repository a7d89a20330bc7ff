"""Date what changed on outlines in pictures of one's own: texture and colour of each outline, as a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import steps
from osint.change.observations import Row, observation_row
from osint.change.stack import reproject
from osint.change.structure import iso
from osint.errors import BadInputError
from osint.register import Rung

PICTURED = ("outline_id", "changed_low", "changed_best", "changed_high", "texture", "brightness", "probability",
            "pictures_used", "cannot_tell", "says")  # fmt: skip
"""Columns of the rows of `date_pictures`."""
PICTURES_LIMIT = (
    "A date says when the texture or the colour inside an outline changed for good against what is around it; "
    "what was built, and whether anything was, a person has to see in the pictures"
)
AROUND_M, AROUND_GAP_M = 60.0, 10.0  # ground around an outline that it is compared with; left out next to it
FINE_M = 4.0  # detail that is larger than this counts as shape, not as texture
FEWEST_PIXELS = 30  # pixels of an outline and of its surroundings that must be seen
LEAST_SHARE = 0.7  # share of an outline that a picture must show
LEAST_DETAIL = 1e-3  # added to texture and brightness, which are compared in their logarithm
SECTORS = 8  # parts of the surroundings
DRAWN_EDGE_PX = 2.0  # how far an edge that a person draws may lie from the true one, 90%, in pixels


@dataclass(frozen=True)
class OutlineSeries:
    """Texture and colour of one outline less those of its surroundings, picture by picture."""

    days: np.ndarray
    """(n,) since 1970-01-01."""
    values: np.ndarray
    """(n, 2): logarithm of the texture, and of the brightness, each less that of the surroundings."""


def picture_series(data: xr.Dataset, outline: BaseGeometry, apart: BaseGeometry | None = None) -> OutlineSeries:
    """Return texture and colour of an `outline` (degrees) in `imagery.read_pictures(...).data`.

    Texture is the mean size of the detail finer than FINE_M. What focus, haze and sensor do to a whole picture falls
    out, because the surroundings have it too: the median of SECTORS of a ring, without what lies in `apart` (degrees),
    so that a neighbour that builds does not change them. Pictures that show less than LEAST_SHARE of the outline are
    left out. Raises BadInputError for an outline of fewer than FEWEST_PIXELS pixels.
    """
    inside, sectors = _masks(data, outline, apart)
    if inside.sum() < FEWEST_PIXELS:
        raise BadInputError(f"the outline has {int(inside.sum())} pixels of these pictures, fewer than {FEWEST_PIXELS}")
    grey = np.mean([data[name].values for name in ("red", "green", "blue")], axis=0)
    width = max(FINE_M / float(abs(data.attrs["transform"][0])) / 2, 0.7)
    days, values = [], []
    for day, picture in zip(steps.to_days(data["time"].values), grey, strict=True):
        seen = np.isfinite(picture)
        here = inside & seen
        ring = [sector & seen for sector in sectors if (sector & seen).sum() >= FEWEST_PIXELS]
        if here.sum() < LEAST_SHARE * inside.sum() or not ring:
            continue
        filled = np.where(seen, picture, np.nanmean(picture))
        detail = np.abs(filled - ndimage.gaussian_filter(filled, width))
        own, *near = (
            np.log([np.mean(detail[mask]) + LEAST_DETAIL, np.median(picture[mask]) + LEAST_DETAIL])
            for mask in (here, *ring)
        )
        days.append(day)
        values.append(own - np.median(near, axis=0))
    return OutlineSeries(np.array(days), np.array(values).reshape(-1, 2))


def _masks(data: xr.Dataset, outline: BaseGeometry, apart: BaseGeometry | None) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return which pixels (y, x) are inside an outline, and which are in each sector around it."""
    flat = reproject(outline, 4326, str(data.attrs["crs"]))
    x, y = np.meshgrid(data["x"].values, data["y"].values)
    near = flat.buffer(AROUND_GAP_M)
    around = near.buffer(AROUND_M).difference(near)
    if apart is not None:
        around = around.difference(reproject(apart, 4326, str(data.attrs["crs"])).buffer(AROUND_GAP_M))
    inside, ring = (np.asarray(shapely.contains_xy(shape, x, y)) for shape in (flat, around))
    angle = np.arctan2(y - flat.centroid.y, x - flat.centroid.x)
    sector = np.minimum(((angle / np.pi + 1) / 2 * SECTORS).astype(int), SECTORS - 1)
    return inside, [ring & (sector == k) for k in range(SECTORS)]


def date_pictures(pictures: imagery.Pictures, outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return when the outlines (any CRS, column outline_id) changed in a folder of dated pictures, one row a change.

    `changed_low` to `changed_high` holds the day on which half of the change had happened, with 90%;
    `texture` and `brightness` are how many times stronger they are afterwards, against the surroundings. An outline
    without a change has one row with the reason in `cannot_tell`. It takes at least six pictures that show the outline
    (`date_step`); two pictures of one day count as two.
    """
    rows = []
    degrees = outlines.to_crs(4326)
    every = degrees.geometry.union_all()
    for number, outline in enumerate(degrees.itertuples(), 1):
        name = str(getattr(outline, "outline_id", number))
        try:
            seen = picture_series(pictures.data, outline.geometry, every)
            found = steps.date_step(seen.days, seen.values)
        except BadInputError as error:
            told = [{"cannot_tell": str(error), "says": str(error), "pictures_used": 0}]
        else:
            told = [_row(step, len(seen.days)) for step in found]
            why = f"no change was seen in {len(seen.days)} pictures ({found.reason})"
            told = told or [{"cannot_tell": why, "says": why, "pictures_used": len(seen.days)}]
        rows += [{"outline_id": name, **row, "geometry": outline.geometry} for row in told]
    return gpd.GeoDataFrame(rows, columns=[*PICTURED, "geometry"], geometry="geometry", crs=4326)


def _row(step: steps.Step, count: int) -> dict[str, object]:
    texture, brightness = np.exp(step.size)
    days = tuple(iso(moment) for moment in (step.low, step.best, step.high))
    what = f"texture x {texture:.2f}, brightness x {brightness:.2f} against the surroundings"
    return {
        **dict(zip(("changed_low", "changed_best", "changed_high"), days, strict=True)),
        "texture": round(float(texture), 3),
        "brightness": round(float(brightness), 3),
        "probability": round(step.probability, 3),
        "pictures_used": count,
        "says": f"changed {days[0]} to {days[2]} ({step.coverage:.0%}): {what}",
    }


def drawn_rows(
    data: xr.Dataset,
    outline: BaseGeometry,
    site_id: str,
    observer: str,
    how: str,
    before: str,
    after: str,
    **known: Any,
) -> list[Row]:
    """Return what a person says by an outline (degrees) round a roof on `imagery.read_pictures(...).data`.

    Two rows: not yet roofed on the day `before`, roofed on the day `after` with its size in m2. Neither says what share
    of the site was looked at: an outline is not all of it. The 90% range lets the
    edge lie DRAWN_EDGE_PX of the coarsest picture inside or outside, and the scale be wrong by what the corners of the
    pictures are stated to be off; a lean of the building is not in it. `known` are further columns of both rows. Raises
    BadInputError for an outline that leaves the pictures or is no larger than the doubt about its edge.
    """
    if not observer:
        raise BadInputError("say who drew it: a row needs the name of the person (--who NAME)")
    flat = reproject(outline, 4326, data.attrs["crs"])
    x, y = data.x.values, data.y.values
    pixel_m = max(float(np.max(data["gsd_m"].values)), float(abs(data.attrs["transform"][0])))
    if not shapely.box(x.min(), y.min(), x.max(), y.max()).buffer(pixel_m).contains(flat):
        raise BadInputError("the outline leaves the pictures: draw it on what they show")
    off_m = float(np.max(data["precision_m"].values))
    scale = 2 * off_m / min(np.ptp(x), np.ptp(y)) if np.isfinite(off_m) else 0.0
    edge_m = DRAWN_EDGE_PX * pixel_m
    low, high = flat.buffer(-edge_m).area * (1 - min(scale, 1.0)) ** 2, flat.buffer(edge_m).area * (1 + scale) ** 2
    if not low > 0:
        raise BadInputError(f"the outline is not wider than the doubt about its edge ({2 * edge_m:.0f} m across)")
    middle = outline.centroid
    corners = f"stated to be off by {off_m:g} m at most" if np.isfinite(off_m) else "off by nobody says how much"
    note = f"pixels of {pixel_m:.2g} m; corners {corners}"
    place = {"lon": round(middle.x, 6), "lat": round(middle.y, 6)}
    place["position_error_m"] = round(float(np.sqrt(flat.area / np.pi)) + (off_m if np.isfinite(off_m) else 0.0))
    size = {"quantity": "roof_m2", "unit": "m2", "low": _three(low), "best": _three(flat.area), "high": _three(high)}
    shared = {**known, **place, "note": note}
    return [
        observation_row(site_id, observer, how, before, not_yet=Rung.ROOFED.value, **shared),
        observation_row(site_id, observer, how, after, rung=Rung.ROOFED.value, **size, **shared),
    ]


def _three(value: float) -> float:
    """Return a value with three digits: a drawing has no more."""
    return float(f"{value:.3g}")
