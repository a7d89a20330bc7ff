"""Hold the scenes of one place and read windows of them, wherever they come from; count what was read."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Transformer
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from osint import files, imagery
from osint.errors import BadInputError, NetworkError, NotFoundError
from osint.http import Cost
from osint.register import read_span

PAIR = ("B02", "B11")  # enough to date a roof: brightness, and the infrared where soil and roof differ
DATING = (*PAIR, "B12")  # what a search reads of every scene: B12 over B11 tells a roof from a slab of its brightness
BANDS = (*DATING, "B04")  # and the redness of soil, which it reads only on a few scenes
PICTURE_BANDS = ("B03", "B04", "B08", "B12")  # read on a few scenes that show what stands: its colour, edge, plants
RGB = ("B02", "B03", "B04")  # read for a picture that a person looks at
COARSE = ("B05", "B06", "B07", "B8A", "B11", "B12", "scl")  # of 20 m; in memory each pixel comes repeated to four
COARSE_REPEATS = 4
STOP_AFTER = 12  # files of one band that could not be read, one after another, from which on it is not the scene
NAMED = 3  # scenes that a message names
THREADS = 4  # more gain little: the interpreter lock serialises the work between reads
PERCENT = 100
METRES_PER_DEGREE = 111_000  # of latitude, rounded down, so that a box is never smaller than asked for
FLATTEST_COSINE = 0.05  # of the latitude: near the poles a box is cut short instead of going around the Earth

Reader: TypeAlias = Callable[[pd.DataFrame, BaseGeometry, Sequence[str]], imagery.BandReading]
"""Reads rows of `Stack.scenes` over an outline (degrees) in some bands and the scene classification."""


class UnreadError(NetworkError):
    """So many files in a row could not be read that nothing more is asked: what was not read is not known."""


@dataclass
class Health:
    """What became of the files that were asked for, shared by all parts of a stack."""

    in_a_row: dict[str, int] = field(default_factory=dict)
    """Files of each band that could not be read since the last one that could."""
    stopped: str = ""
    """Why nothing more is asked; empty while all is well."""

    def note(self, asked: int, bands: Sequence[str], failures: Sequence[imagery.Failure]) -> None:
        """Count the failures of a reading of `asked` scenes."""
        for band in bands:
            failed = [failure for failure in failures if failure.band == band]
            self.in_a_row[band] = self.in_a_row.get(band, 0) + len(failed) if asked and len(failed) >= asked else 0
            if self.in_a_row[band] >= STOP_AFTER:
                last = failed[-1]
                self.stopped = (
                    f"the last {self.in_a_row[band]} files of {band} that were asked for could not be read "
                    f"({last.id}: {last.error}). This says nothing of the ground. The same command goes on: "
                    "what was read is kept"
                )


@dataclass
class Stack:
    """Scenes of a place and the way to read them."""

    scenes: pd.DataFrame
    """One row per scene: id, datetime (UTC), cloud_pct, and what the reader needs."""
    reader: Reader = field(repr=False)
    narrow: Callable[[BaseGeometry], pd.DataFrame] | None = field(default=None, repr=False)
    """Returns the scenes that reach a part of the place; None where all do."""
    threads: int = 1
    """How many may read at once."""
    simulated: bool = False
    """Whether the scenes are of a SIMULATED world."""
    cost: Cost = field(default_factory=Cost, repr=False)
    """What the readings so far cost."""
    failures: list[imagery.Failure] = field(default_factory=list, repr=False)
    """Files that could not be read so far."""
    list_gap: str = ""
    """What the catalogue's list of scenes lacks, in words; empty if nothing is known to be missing."""
    suspects: list[imagery.Remark] = field(default_factory=list, repr=False)
    """Scenes whose dark pixels contradict the offset that the catalogue states."""
    health: Health = field(default_factory=Health, repr=False)
    """Shared by all parts of the place: when one finds the network gone, the others need not try."""

    @property
    def unread(self) -> str:
        """Which scenes were not listed or could not be read so far, in words; empty if all could."""
        if not self.failures:
            return self.list_gap
        scenes = dict.fromkeys(failure.id for failure in self.failures)
        named = ", ".join(list(scenes)[:NAMED]) + (" ..." if len(scenes) > NAMED else "")
        bands = ", ".join(sorted({failure.band for failure in self.failures}))
        told = f"{len(scenes)} scenes could not be read ({named}; {bands}: {self.failures[-1].error})"
        return f"{told}; {self.list_gap}" if self.list_gap else told

    @property
    def offset_doubt(self) -> str:
        """Which scenes may have a wrong offset, in words; empty if none: contrasts hold, colours do not."""
        scenes = sorted({remark.id for remark in self.suspects})
        named = ", ".join(scenes[:NAMED]) + (" ..." if len(scenes) > NAMED else "")
        return f"the offset of {len(scenes)} scenes is in doubt ({named}): {self.suspects[0].reason}" if scenes else ""

    @property
    def bytes_read(self) -> int:
        """Bytes that the readings brought over the network."""
        return self.cost.total_bytes

    def at(self, part: BaseGeometry) -> Stack:
        """Return the stack of a part (degrees) of the place: the scenes that reach it, and a count of its own."""
        scenes = self.narrow(part) if self.narrow else self.scenes
        return replace(self, scenes=scenes, cost=Cost(), failures=[], suspects=[])

    def add(self, part: Stack | imagery.BandReading) -> None:
        """Count what a part or a reading cost, and what it could not read."""
        for level, requests in part.cost.requests.items():
            self.cost.add(level, requests, part.cost.bytes[level])
        self.failures += part.failures
        self.suspects += part.suspects if isinstance(part, Stack) else part.offset_suspects

    def read(self, rows: pd.DataFrame, place: BaseGeometry, bands: Sequence[str]) -> xr.Dataset:
        """Return `bands` and the classification `scl` of `rows` over `place` (degrees), dims time, y, x.

        What could not be read is NaN (`scl` 0) and in `failures`. Raises UnreadError once STOP_AFTER files of a band in
        a row could not be read, and from then on at once.
        """
        if self.health.stopped:
            raise UnreadError(self.health.stopped)
        reading = self.reader(rows, place, bands)
        self.add(reading)
        self.cost.asked += reading.cost.asked
        self.health.note(len(rows), [band for band in (*bands, "scl") if band in (*PAIR, "scl")], reading.failures)
        if self.health.stopped:
            raise UnreadError(self.health.stopped)
        return reading.data

    def mark(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return rows made from this stack, with a column `simulated` if its world is SIMULATED."""
        return frame.assign(simulated="SIMULATED") if self.simulated else frame

    def between(self, start: str, end: str) -> pd.DataFrame:
        """Return the rows from the day `start` to the day `end` (UTC, both included).

        Raises BadInputError for what is not a date, and where the end comes before the start.
        """
        when, (first, last) = self.scenes["datetime"], read_span(start, end)
        midnight = pd.Timestamp(dt.datetime.combine(last, dt.time.max), tz="UTC")
        return self.scenes[(when >= pd.Timestamp(first, tz="UTC")) & (when <= midnight)]


def open_stack(
    place: BaseGeometry,
    start: str,
    end: str,
    *,
    catalogue: str = imagery.EARTH_SEARCH,
    collection: str | None = None,
) -> Stack:
    """Return the stack of scenes that touch `place` (degrees) between two days, both included.

    `catalogue` is a name of `imagery.CATALOGUES`, the address of a STAC API or the folder of a static catalogue. The
    default `collection` is that of `imagery.default_collection`. Raises what `imagery.list_scenes` raises.
    """
    return stack_of_list(imagery.list_scenes(place, start, end, catalogue=catalogue, collection=collection), place)


@dataclass(frozen=True, slots=True)
class StackSource:
    """A catalogue from which stacks of places come; can be sent to another process."""

    catalogue: str
    """A name of `imagery.CATALOGUES`, the address of a STAC API, or the full path of a static catalogue."""
    collection: str
    start: str
    """First day, ISO."""
    end: str
    """Last day, ISO."""

    @classmethod
    def of(cls, catalogue: str, collection: str | None, start: str, end: str) -> StackSource:
        """Return the source; a folder by its full path, as the workers of a cluster may run in another one.

        Raises NotFoundError if `catalogue` is neither an address nor a name nor the folder of a catalogue.
        """
        collection = collection or imagery.default_collection(catalogue)
        if "://" in catalogue or catalogue in imagery.CATALOGUES:
            return cls(catalogue, collection, start, end)
        path = files.resolved(Path(catalogue))
        if not (path.is_file() or (path / "catalog.json").is_file()):
            names = ", ".join(imagery.CATALOGUES)
            raise NotFoundError(
                f"{catalogue!r} is not an address, not a folder with a catalog.json, not one of {names}"
            )
        return cls(str(path), collection, start, end)

    def __call__(self, place: BaseGeometry) -> Stack:
        """Return the stack of a `place` (degrees)."""
        return self._stack(imagery.list_scenes, place)

    def shared(self, place: BaseGeometry) -> Stack:
        """Return the stack of a tile; a process asks for the list of scenes once per block of tiles."""
        return self._stack(imagery.block_scenes, place)

    def _stack(self, search: Callable[..., imagery.Scenes], place: BaseGeometry) -> Stack:
        listed = search(place, self.start, self.end, catalogue=self.catalogue, collection=self.collection)
        stack = stack_of_list(listed, place)
        stack.cost.add("list", listed.cost.total_requests, listed.cost.total_bytes)
        return stack

    @property
    def name(self) -> dict[str, str]:
        """Host or folder and collection: what a journal is kept for."""
        host = urlsplit(self.catalogue).hostname or Path(self.catalogue).name
        return {"catalogue": host, "collection": self.collection}


Source: TypeAlias = Callable[[BaseGeometry], Stack]


def stack_of_list(listed: imagery.Scenes, place: BaseGeometry) -> Stack:
    """Return the stack of a `place` (degrees) inside an area whose scenes were listed."""

    def read(rows: pd.DataFrame, part: BaseGeometry, bands: Sequence[str]) -> imagery.BandReading:
        return imagery.read_bands(rows, part, [*bands, "scl"])

    scenes = listed.of(place)
    for collection in scenes.frame["collection"].unique():
        if pixel_m := imagery.coarse_pixel_m(collection):
            raise BadInputError(
                f"the pixels of {collection} have {pixel_m} m: dates, kinds and areas are worked out on those of 10 m; "
                "`osint sheet` and `osint pair` draw it"
            )
    return Stack(scenes.frame, read, lambda part: listed.of(part).frame, THREADS, scenes.simulated, list_gap=listed.gap)


def stack_of_dataset(data: xr.Dataset) -> Stack:
    """Return the stack of scenes in memory, in the form of `imagery.read_bands`.

    Bytes are those of the arrays; a band of a scene counts once, as it does where it is kept on disk.
    """
    held: set[tuple[int, str, str]] = set()
    when = pd.to_datetime(data["time"].values, utc=True)
    clear = np.isin(data["scl"].values, imagery.SceneClass.clear)
    cloudy = (~clear).mean(axis=(1, 2)) * PERCENT
    scenes = pd.DataFrame({"id": data["id"].values, "datetime": when, "cloud_pct": cloudy, "index": range(len(when))})
    a, b, west, d, e, north = tuple(data.attrs["transform"])[:6]

    def read(rows: pd.DataFrame, part: BaseGeometry, bands: Sequence[str]) -> imagery.BandReading:
        x0, y0, x1, y1 = reproject(part, 4326, data.attrs["crs"]).bounds
        cols = slice(max(int((x0 - west) // a), 0), int(-((west - x1) // a)))
        lines = slice(max(int((y1 - north) // e), 0), int(-((north - y0) // e)))
        bands = [band for band in bands if band in data]
        window = data[[*bands, "scl"]].isel(time=rows["index"].to_numpy(), y=lines, x=cols)
        window.attrs = {**data.attrs, "transform": (a, b, west + a * cols.start, d, e, north + e * lines.start)}
        wanted = {(n, band, f"{lines} {cols}") for n in rows["index"] for band in (*bands, "scl")} - held
        held.update(wanted)
        weights = ((1 if b == "scl" else 2, COARSE_REPEATS if b in COARSE else 1) for _, b, _ in wanted)
        pixels = window.sizes["y"] * window.sizes["x"]
        cost = Cost()
        cost.add("memory", 0, sum(size * pixels // shared for size, shared in weights))
        return imagery.BandReading(window, cost)

    return Stack(scenes, read, simulated=bool(data.attrs.get("simulated")))


def reproject(shape: BaseGeometry, source: int | str, target: int | str) -> BaseGeometry:
    """Return a shape of one coordinate reference system (EPSG code or text) in another, x before y."""
    return shapely.transform(shape, _conversion(source, target), interleaved=False)


@functools.cache
def _conversion(source: int | str, target: int | str) -> Callable[..., tuple[float, ...]]:
    """Return the conversion; making one takes a millisecond, and a search has many tiles."""
    return Transformer.from_crs(source, target, always_xy=True).transform


def around(place: BaseGeometry, metres: float) -> BaseGeometry:
    """Return the box that reaches `metres` beyond a `place` (degrees) on every side.

    >>> [round(edge, 4) for edge in around(shapely.Point(93, 60), 1110).bounds]
    [92.98, 59.99, 93.02, 60.01]
    """
    west, south, east, north = place.bounds
    high = metres / METRES_PER_DEGREE
    wide = high / max(np.cos(np.deg2rad((south + north) / 2)), FLATTEST_COSINE)
    return box(west - wide, south - high, east + wide, north + high)
