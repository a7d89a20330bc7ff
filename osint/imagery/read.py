"""Read bands of scenes on one grid, and only the bytes that matter."""

from __future__ import annotations

import datetime as dt
import functools
import math
import os
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import xarray as xr

from osint import geo
from osint.errors import BadInputError, NetworkError, NotFoundError, UnreadableError
from osint.geo import Place
from osint.http import (
    CONNECTIONS,
    ByteCache,
    ChangedError,
    Client,
    Cost,
    Limits,
    Ranges,
    Request,
    cache_folder,
    read_json,
)
from osint.imagery import cog, items
from osint.imagery.catalogue import CATALOGUES, CDSE_HOST, CDSE_TOKEN
from osint.imagery.classes import NO_QUALITY, Family, SceneClass, quality_classes
from osint.imagery.gdal import UNREAD
from osint.imagery.grid import Grid, utm_grid
from osint.imagery.items import Scene
from osint.imagery.listed import Remark, Scenes, group_passes

SAS_TOKENS = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
_asking = threading.Lock()


class SasTokens:
    """Short-lived tokens for Planetary Computer's files: renewed before they end, kept only in memory."""

    def __init__(self, service: str) -> None:
        self.service = service.rstrip("/")
        self._tokens: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._client = Client(Limits(max_bytes=1 << 20, max_seconds=30, attempts=5), named=service)

    def sign(self, href: str, spent: Cost | None = None) -> str:
        """Return `href` with a token of its container; an address that has a query stays as it is.

        `spent` counts the request, if one is sent.
        """
        parts = urlsplit(href)
        account, _, domain = (parts.hostname or "").partition(".")
        if parts.query or domain != "blob.core.windows.net":
            return href
        container = parts.path.strip("/").partition("/")[0]
        return parts._replace(query=self.token(f"{account}/{container}", spent)).geturl()

    def token(self, container: str, spent: Cost | None = None) -> str:
        """Return a token for "account/container" that lasts at least five minutes more."""
        with self._lock:
            until, token = self._tokens.get(container, (-math.inf, ""))
            if until - time.time() > 300:
                return token
            answer = self._client.ask(Request(f"{self.service}/{container}"))
            if spent:
                spent.add("list", requests=answer.requests)
            try:
                body = read_json(answer.body or b"")
                until = dt.datetime.fromisoformat(body["msft:expiry"]).timestamp()
                token = str(body["token"])
            except (ValueError, KeyError, TypeError) as error:
                reason = answer.fault or "its answer is not a token with a day of expiry"
                msg = f"Planetary Computer gave no token for {container}: {reason}"
                raise NetworkError(f"{msg}; try again later, or read from earth-search") from error
            self._tokens[container] = (until, token)
            return token


def sas_tokens() -> SasTokens:
    """Return the tokens of this process: a search makes hundreds of reads, which share them."""
    with _asking:
        return _of_process(SAS_TOKENS, os.getpid())


@functools.lru_cache(4)
def _of_process(service: str, pid: int) -> SasTokens:
    return SasTokens(service)


DARK_LIMIT = -0.02
"""Reflectance below which a surface is not dark but wrongly offset (noise stays above it)."""
DARK_SHARE = 0.01
"""Share of the pixels below DARK_LIMIT from which a date is suspected."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One band of one scene that could not be read; its pixels are NaN."""

    id: str
    band: str
    error: str


@dataclass(frozen=True, slots=True)
class BandReading:
    """Bands of some scenes on one grid, what could not be read, and what the reading cost."""

    data: xr.Dataset
    """Dims time, y, x; one variable per band. Attrs: crs, transform (six numbers), credit, simulated."""
    cost: Cost
    """Requests and bytes, by level ("scl", "overview", "full")."""
    failures: tuple[Failure, ...] = ()
    resampled: tuple[str, ...] = ()
    """Ids of scenes whose pixels lie on another grid."""
    offset_suspects: tuple[Remark, ...] = ()
    """Dates whose dark pixels say that the offset was taken twice, whatever the catalogue says."""
    changed: tuple[str, ...] = ()
    """Addresses whose files changed since they were kept."""

    @property
    def is_blank(self) -> bool:
        """Whether not one pixel was read."""
        bands = self.data.data_vars.items()
        return not any((cube.values != 0).any() if name == "scl" else cube.notnull().any() for name, cube in bands)


def read_bands(
    scenes: Scenes | pd.DataFrame,
    place: Place,
    bands: Sequence[str],
    resolution: float = 10,
    *,
    cache: Path | bool = True,
    connections: int = CONNECTIONS,
) -> BandReading:
    """Read bands of some scenes over a place, on one UTM grid shared by all dates.

    `scenes` are those of a search, or some rows of their frame; `bands` Sentinel-2 names ("B02", or "blue") and
    "scl", or another collection's own names. Bands are float32 in physical units (reflectance for Sentinel-2, the
    offset of baseline 04.00 applied exactly once), NaN for nodata; "scl" is uint8 class codes (`SceneClass`), 0
    for nodata. The tiles of one pass are one time.

    A scene that cannot be read leaves NaN and a failure; the others go on. A `resolution` (metres) coarser than
    the pixel reads overviews. `cache` is a folder, True for the usual one, False for none. Raises BadInputError
    without a scene or a band, and for a place that is too large for one window.
    """
    frame = scenes.frame if isinstance(scenes, Scenes) else scenes
    if not len(frame):
        raise BadInputError("there are no scenes to read: widen the dates, or look at what was dropped and why")
    if not bands:
        raise BadInputError("`bands` is empty: name at least one, for example ['B02', 'scl']")
    grid = utm_grid(geo.as_geometry(place), resolution)
    groups = group_passes(Scene.from_row(row) for row in frame.to_dict("records"))
    cost = Cost()
    sources = _sources(frame["catalogue"].unique(), cost, cache)
    reader = _Reader(groups, grid, sources)
    cubes = {"scl" if band.lower() == "scl" else band: reader.cube(band) for band in bands}
    with ThreadPoolExecutor(max(1, min(connections, 64))) as pool:
        jobs = [pool.submit(reader.fill, t, b, cube[t]) for t in range(len(groups)) for b, cube in cubes.items()]
        for job in jobs:
            job.result()
    data = _dataset(groups, grid, cubes)
    return BandReading(
        data,
        cost,
        tuple(sorted(reader.failures, key=lambda f: (f.id, f.band))),
        tuple(sorted(reader.resampled)),
        tuple(_suspects(data, groups)),
        tuple(sorted({href for source in sources.values() for href in source.changed})),
    )


def _sources(catalogues: Iterable[str], cost: Cost, cache: Path | bool) -> dict[str, Ranges]:
    folder = cache_folder() / "blocks" if cache is True else cache
    kept = ByteCache(Path(folder)) if folder else None
    sign = functools.partial(sas_tokens().sign, spent=cost)
    signs, accounts = {CATALOGUES["planetary-computer"]: sign}, {CATALOGUES["cdse"]: _account}
    return {one: Ranges(one, cost, kept, sign=signs.get(one), headers=accounts.get(one)) for one in catalogues}


def _account(href: str) -> dict[str, str]:
    """Return the header with the user's own CDSE token, for that service's hosts alone."""
    parts, token = urlsplit(href), os.environ.get(CDSE_TOKEN, "")
    inside = parts.scheme == "https" and f".{parts.hostname}".endswith(f".{CDSE_HOST}")
    return {"Authorization": f"Bearer {token}"} if token and inside else {}


class _Reader:
    """What the threads of one reading share."""

    def __init__(self, groups: list[list[Scene]], grid: Grid, sources: dict[str, Ranges]) -> None:
        self.groups, self.grid, self.sources = groups, grid, sources
        self.failures: list[Failure] = []
        self.resampled: set[str] = set()
        self._lock = threading.Lock()

    def cube(self, band: str) -> np.ndarray:
        shape = (len(self.groups), *self.grid.shape)
        return np.zeros(shape, np.uint8) if band.lower() == "scl" else np.full(shape, np.nan, np.float32)

    def fill(self, t: int, band: str, out: np.ndarray) -> None:
        """Put one band of one pass into `out`; where tiles overlap, the one with the larger share wins."""
        for scene in sorted(self.groups[t], key=lambda s: (-s.footprint_share, s.tile, s.id)):
            try:
                values, resampled = self._values(scene, band)
            except UNREAD as error:
                with self._lock:
                    self.failures.append(Failure(scene.id, band, str(error)))
                continue
            if resampled:
                with self._lock:
                    self.resampled.add(scene.id)
            empty = (out == 0) if out.dtype == np.uint8 else np.isnan(out)
            np.copyto(out, values, where=empty)

    def _values(self, scene: Scene, band: str) -> tuple[np.ndarray, bool]:
        own = items.canonical_band(band, scene.collection)
        if own not in scene.hrefs:
            raise NotFoundError(f"the scene has no band {band!r}. Options are: {', '.join(sorted(scene.hrefs))}")
        is_scl = own == "SCL"
        scale, shift, nodata = scene.scales[own]
        if scene.family == Family.SENTINEL_2:
            scale, shift, nodata = items.S2_SCALE, scene.offset, 0.0
            if not is_scl and math.isnan(shift):
                raise UnreadableError(
                    "nothing in the scene states whether its numbers carry the offset of baseline 04.00"
                )
        source, href, level = self.sources[scene.catalogue], scene.hrefs[own], "scl" if is_scl else "full"
        window = functools.partial(
            cog.read_window, source, href, self.grid, level=level, smooth=not is_scl, nodata=nodata
        )
        try:
            raw, resampled = window()
        except ChangedError:
            # the old header does not fit the new file: begin again, once, with nothing kept
            raw, resampled = window()
        if is_scl and scene.family in NO_QUALITY:
            return quality_classes(raw, scene.family), resampled
        if is_scl:
            return np.where(raw <= max(SceneClass), raw, 0).astype(np.uint8), resampled
        values = raw.astype(np.float32)
        values *= np.float32(scale)
        values += np.float32(shift)
        if nodata is not None:
            values[raw == nodata] = np.nan
        return values, resampled


def _dataset(groups: list[list[Scene]], grid: Grid, cubes: dict[str, np.ndarray]) -> xr.Dataset:
    times = pd.to_datetime([tiles[0].datetime for tiles in groups], utc=True).tz_localize(None)
    coords = {
        "time": ("time", times.to_numpy().astype("datetime64[ns]"), {"long_name": "acquired (UTC)"}),
        "y": ("y", grid.y, {"units": "m"}),
        "x": ("x", grid.x, {"units": "m"}),
        "id": ("time", [" ".join(scene.id for scene in tiles) for tiles in groups]),
        "platform": ("time", [tiles[0].platform for tiles in groups]),
        "cloud_pct": ("time", [max(scene.cloud_pct for scene in tiles) for tiles in groups]),
    }
    every = [scene for tiles in groups for scene in tiles]
    attrs = {
        "crs": grid.crs,
        "transform": tuple(grid.transform)[:6],
        "credit": "; ".join(sorted({scene.credit for scene in every} - {""})),
        "simulated": any(scene.simulated for scene in every),
    }
    data = xr.Dataset({name: (("time", "y", "x"), cube) for name, cube in cubes.items()}, coords=coords, attrs=attrs)
    for name, variable in data.data_vars.items():
        if name == "scl":
            labels = [c.name.lower().replace("_", " ") for c in SceneClass]
            variable.attrs.update(flag_values=[c.value for c in SceneClass], flag_meanings=labels)
        elif every[0].family == Family.SENTINEL_2:
            variable.attrs.update(units="1", long_name=f"surface reflectance {name}")
    return data


def _suspects(data: xr.Dataset, groups: list[list[Scene]]) -> list[Remark]:
    if groups[0][0].family != Family.SENTINEL_2:
        return []
    return [
        Remark(tiles[0].id, f"over 1% of {name} is below {DARK_LIMIT}: the offset was probably taken already")
        for name, variable in data.drop_vars("scl", errors="ignore").data_vars.items()
        for tiles, values in zip(groups, variable.values, strict=True)
        if (values < DARK_LIMIT).sum() > DARK_SHARE * np.isfinite(values).sum()
    ]
