"""Hold the scenes of one place and read windows of them, wherever they come from; count what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from osint import imagery
from osint.http import Cost, RangeRead

PAIR = ("B02", "B11")
"""Enough to date a roof: brightness, and the infrared where soil and roof part."""
BANDS = ("B02", "B04", "B11")
"""The pair, and the redness of soil, which a search reads only on a few scenes."""
PICTURE_BANDS = ("B04", "B08")
"""Read on a few scenes that show what stands: its colour, plants, and the edge of the roof."""

THREADS = 4
"""More gain little: the work between two readings is Python, one at a time."""

COARSE = ("B05", "B06", "B07", "B8A", "B11", "B12", "scl")

Reader = Callable[[pd.DataFrame, BaseGeometry, Sequence[str]], xr.Dataset]


@dataclass
class Stack:
    """Scenes of a place and the way to read them.

    `scenes` has one row a scene: id, datetime (UTC), cloud_pct; `read(rows, geometry, bands)` takes rows of
    it and a lon/lat geometry and returns what `imagery.read_bands` returns.
    """

    scenes: pd.DataFrame
    reader: Reader = field(repr=False)
    bytes_read: int = 0
    requests: int = 0
    narrow: Callable[[BaseGeometry], pd.DataFrame] | None = field(default=None, repr=False)
    """Returns the scenes that reach a part of the place; None where all do."""
    threads: int = 1
    """How many may read at once."""
    asked: list[RangeRead] = field(default_factory=list, repr=False)
    """The ranges of bytes behind what was read, where `bytes_read` may be shared with others."""

    def at(self, geometry: BaseGeometry) -> Stack:
        """Return looks at a part (lon/lat) of the place: the scenes that reach it, and a count of its own."""
        scenes = self.narrow(geometry) if self.narrow else self.scenes
        return Stack(scenes, self.reader, narrow=self.narrow, threads=self.threads)

    def add(self, part: Stack) -> None:
        """Count what a part read."""
        self.bytes_read += part.bytes_read
        self.requests += part.requests

    def read(self, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> xr.Dataset:
        """Read `bands` of `rows` over the lon/lat `geometry`, add up the bytes."""
        data = self.reader(rows, geometry, bands)
        self.bytes_read += int(data.attrs.get("bytes", 0))
        self.requests += int(data.attrs.get("requests", 0))
        self.asked += data.attrs.pop("asked", [])
        return data

    def between(self, start: Any, end: Any) -> pd.DataFrame:
        """Return the rows from `start` to `end` (UTC, both inside)."""
        when = self.scenes["datetime"]
        return self.scenes[(when >= pd.Timestamp(start, tz="UTC")) & (when <= pd.Timestamp(end, tz="UTC"))]


def stack_of_dataset(data: xr.Dataset) -> Stack:
    """Return looks at scenes in memory, in the form of `imagery.read_bands`.

    Bytes are those of the arrays; a band of a scene counts once, as it does where it is kept on disk.
    """
    held: set[tuple[int, str, str]] = set()
    when = pd.to_datetime(data["time"].values, utc=True)
    cloudy = np.isin(data["scl"].values, (3, 8, 9, 10)).mean(axis=(1, 2)) * 100
    scenes = pd.DataFrame({"id": data["id"].values, "datetime": when, "cloud_pct": cloudy, "index": range(len(when))})
    to_metres = Transformer.from_crs(4326, data.attrs["crs"], always_xy=True)
    a, b, west, d, e, north = tuple(data.attrs["transform"])[:6]

    def read(rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> xr.Dataset:
        x0, y0, x1, y1 = shapely.transform(geometry, to_metres.transform, interleaved=False).bounds
        cols = slice(max(int((x0 - west) // a), 0), int(-((west - x1) // a)))
        lines = slice(max(int((y1 - north) // e), 0), int(-((north - y0) // e)))
        part = data[[*bands, "scl"]].isel(time=rows["index"].to_numpy(), y=lines, x=cols)
        part.attrs = {
            **data.attrs,
            "transform": (a, b, west + a * cols.start, d, e, north + e * lines.start),
            "bytes": _new_bytes(held, rows["index"], bands, f"{lines} {cols}", part.sizes["y"] * part.sizes["x"]),
            "requests": 0,
        }
        return part

    return Stack(scenes, read)


def _new_bytes(
    held: set[tuple[int, str, str]], numbers: Iterable[int], bands: Sequence[str], window: str, pixels: int
) -> int:
    """Return the bytes of what `held` lacks, and put it there; 20 m bands come repeated to 10 m."""
    wanted = {(n, band, window) for n in numbers for band in (*bands, "scl")} - held
    held |= wanted
    return sum((1 if b == "scl" else 2) * pixels // (4 if b in COARSE else 1) for _, b, _ in wanted)


def open_stack(
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = imagery.EARTH_SEARCH,
    collection: str | None = None,
) -> Stack:
    """Return the scenes of a STAC `collection` that touch `place` (degrees) between two dates, and the way to read them."""
    found = imagery.list_scenes(place, start, end, catalogue=catalogue, collection=collection)
    stack = stack_of_list(found, place)
    stack.scenes.attrs |= found.cost
    return stack


def stack_of_list(found: imagery.SceneList, geometry: BaseGeometry) -> Stack:
    """Return looks at a lon/lat `geometry` inside an area whose scenes were asked for."""

    def read(rows: pd.DataFrame, where: BaseGeometry, bands: Sequence[str]) -> xr.Dataset:
        spent = Cost()
        data = imagery.read_bands(rows, where, [*bands, "scl"], spent=spent)
        return data.assign_attrs(asked=spent.asked)

    return Stack(found.of(geometry), read, narrow=found.of, threads=THREADS)


def around(geometry: BaseGeometry, metres: float) -> BaseGeometry:
    """Return the lon/lat box that reaches `metres` beyond a lon/lat geometry on every side."""
    west, south, east, north = geometry.bounds
    high = metres / 111_000
    wide = high / max(np.cos(np.deg2rad((south + north) / 2)), 0.05)
    return box(west - wide, south - high, east + wide, north + high)
