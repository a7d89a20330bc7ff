"""Read a SIMULATED world in memory, without a server, in the forms of `imagery.read_bands` and of a `Stack`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from affine import Affine
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.change import Stack
from osint.errors import BadInputError
from osint.http import Cost
from osint.simulated import World
from osint.simulated.ground import PIXEL_M
from osint.simulated.spectra import COARSE
from osint.simulated.world import OFFSET_DN


def dataset(
    world: World,
    indices: Iterable[int] | None = None,
    bands: Sequence[str] = ("B02", "B03", "B04", "B08", "B11"),
    bounds: tuple[float, float, float, float] | None = None,
) -> xr.Dataset:
    """Return scenes as `imagery.read` would: reflectance (time, y, x) float32 with NaN for nodata, and `scl`.

    `bounds` is west, south, east, north in metres of `world.epsg`; 20 m bands are repeated to 10 m. The
    offset is taken off. attrs: bytes (as DN, uncompressed), failures, crs, transform, simulated.
    """
    chosen = list(range(len(world.dates))) if indices is None else list(indices)
    rows, cols = _window(world, bounds)
    shape = (len(chosen), rows.stop - rows.start, cols.stop - cols.start)
    data = {name: np.empty(shape, np.float32) for name in bands}
    scl = np.empty(shape, np.uint8)
    for k, i in enumerate(chosen):
        offset = OFFSET_DN if world.baselines[i] >= "04.00" else 0
        for name in bands:
            dn = _full(world.band(i, name), name)[rows, cols].astype(np.float32)
            data[name][k] = np.where(dn == 0, np.nan, (dn - offset) / 10_000)
        scl[k] = _full(world.scl(i), "SCL")[rows, cols]
    origin = world.transform
    corner = Affine(PIXEL_M, 0, origin.c + PIXEL_M * cols.start, 0, -PIXEL_M, origin.f - PIXEL_M * rows.start)
    pixels = shape[1] * shape[2]
    each = sum(2 * pixels // (4 if name in COARSE else 1) for name in bands) + pixels // 4
    return xr.Dataset(
        {name: (("time", "y", "x"), values) for name, values in {**data, "scl": scl}.items()},
        coords={
            "time": [np.datetime64(world.dates[i].replace(tzinfo=None), "ns") for i in chosen],
            "y": corner.f - PIXEL_M * (np.arange(shape[1]) + 0.5),
            "x": corner.c + PIXEL_M * (np.arange(shape[2]) + 0.5),
            "id": ("time", [world.ids[i] for i in chosen]),
        },
        attrs={
            "bytes": each * len(chosen),
            "failures": [],
            "crs": f"EPSG:{world.epsg}",
            "transform": tuple(corner)[:6],
            "simulated": "SIMULATED",
        },
    )


def stack_of_world(world: World) -> Stack:
    """Return the scenes of a SIMULATED world and the way to read them."""
    scenes = pd.DataFrame(
        {
            "id": world.ids,
            "datetime": pd.to_datetime(world.dates, utc=True),
            "cloud_pct": world.cloud_cover,
            "index": range(len(world.ids)),
        }
    )
    to_metres = Transformer.from_crs(4326, world.epsg, always_xy=True)

    def read(rows: pd.DataFrame, part: BaseGeometry, bands: Sequence[str]) -> imagery.BandReading:
        bounds = shapely.transform(part, to_metres.transform, interleaved=False).bounds
        data = dataset(world, list(rows["index"]), bands, bounds=bounds)
        cost = Cost()
        cost.add("memory", 0, data.attrs["bytes"])
        return imagery.BandReading(data, cost)

    return Stack(scenes, read, simulated=True)


def _window(world: World, bounds: tuple[float, float, float, float] | None) -> tuple[slice, slice]:
    if bounds is None:
        return slice(0, world.size_px), slice(0, world.size_px)
    west, north = world.transform.c, world.transform.f
    c0, c1 = (bounds[0] - west) / PIXEL_M, (bounds[2] - west) / PIXEL_M
    r0, r1 = (north - bounds[3]) / PIXEL_M, (north - bounds[1]) / PIXEL_M
    rows = slice(max(int(np.floor(r0)), 0), min(int(np.ceil(r1)), world.size_px))
    cols = slice(max(int(np.floor(c0)), 0), min(int(np.ceil(c1)), world.size_px))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        raise BadInputError(f"`bounds` {bounds} are outside of the simulated world")
    return rows, cols


def _full(array: np.ndarray, name: str) -> np.ndarray:
    return array.repeat(2, axis=0).repeat(2, axis=1) if name in COARSE else array
