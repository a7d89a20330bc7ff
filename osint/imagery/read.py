"""Find the scenes of a site and read only the bytes that matter, on one grid."""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from osint import geo
from osint.errors import NetworkError, OsintError
from osint.geo import Place
from osint.http import (
    CONNECTIONS,
    ByteCache,
    ChangedError,
    Client,
    Cost,
    Limits,
    Ranges,
    ReadError,
    Request,
    cache_folder,
)
from osint.imagery import cog, items
from osint.imagery.catalogue import CATALOGUES, CDSE_HOST, CDSE_TOKEN
from osint.imagery.grid import Grid, utm_grid

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

        `spent` counts the request, if one is made.
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
                body = json.loads(answer.body or b"")
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


SCL_NAMES = items.SCL_NAMES
DARK_LIMIT = -0.02
"""Reflectance below which a surface is not dark but wrongly offset (noise stays above it)."""


def read_bands(
    scenes: gpd.GeoDataFrame,
    place: Place,
    bands: list[str] | tuple[str, ...],
    resolution: float = 10,
    crs: str | int | None = None,
    *,
    cache: Path | bool = True,
    connections: int = CONNECTIONS,
    spent: Cost | None = None,
) -> xr.Dataset:
    """Read bands of some scenes over a site, on one UTM grid shared by all dates.

    `scenes` are rows of `imagery.scenes` (any subset), `bands` Sentinel-2 names ("B02", or "blue") and "scl",
    or another collection's own names. Returns a Dataset with dims time, y, x and one variable for each band:
    float32 in physical units (reflectance for Sentinel-2, the offset of baseline 04.00 applied exactly once),
    NaN for nodata; "scl" is uint8 class codes, 0 for nodata, with the class names in its attrs. The tiles of
    one pass are one time. Attrs: crs, transform (six numbers), requests, bytes, levels (by "scl", "overview",
    "full"), failures [{id, band, error}], resampled [ids], offset_suspects [{id, reason}], changed [hrefs].

    A scene that cannot be read leaves NaN and a failure; the others go on. A `resolution` coarser than the
    pixel reads overviews. `cache` is a folder, True for the usual one, False for none. `spent` counts for the caller
    what this reading asked for, range by range.
    """
    if not len(scenes):
        raise OsintError("there are no scenes to read: widen the dates, or look at `.attrs['dropped']`")
    if not bands:
        raise OsintError("`bands` is empty: name at least one, for example ['B02', 'scl']")
    grid = utm_grid(geo.as_geometry(place), resolution, crs)
    groups = items.passes(scenes.to_dict("records"))
    spent = spent or Cost()
    sources = _sources(scenes, spent, cache)
    reader = _Reader(groups, grid, sources)
    cubes = {_variable(b): reader.cube(b) for b in bands}
    with ThreadPoolExecutor(max(1, min(connections, 64))) as pool:
        jobs = [pool.submit(reader.fill, t, b, cubes[_variable(b)][t]) for t in range(len(groups)) for b in bands]
        for job in jobs:
            job.result()
    dataset = _dataset(groups, grid, cubes)
    dataset.attrs.update(
        crs=grid.crs,
        credit="; ".join(sorted({str(entry["credit"]) for group in groups for entry in group} - {""})),
        transform=tuple(grid.transform)[:6],
        **spent.as_attrs(),
        failures=sorted(reader.failures, key=lambda f: (f["id"], f["band"])),
        resampled=sorted(reader.resampled),
        offset_suspects=_suspects(dataset, groups),
        changed=sorted({href for source in sources.values() for href in source.changed}),
    )
    return dataset


def _variable(band: str) -> str:
    return "scl" if band.lower() == "scl" else band


def _sources(scenes: gpd.GeoDataFrame, spent: Cost, cache: Path | bool) -> dict[str, Ranges]:
    folder = cache_folder() / "blocks" if cache is True else cache
    blocks = ByteCache(Path(folder)) if folder else None
    sign = functools.partial(sas_tokens().sign, spent=spent)
    return {
        catalogue: Ranges(
            catalogue,
            spent,
            blocks,
            sign=sign if catalogue == CATALOGUES["planetary-computer"] else None,
            headers=_account if catalogue == CATALOGUES["cdse"] else None,
        )
        for catalogue in scenes["catalogue"].unique()
    }


def _account(href: str) -> dict[str, str]:
    """Return the header with the user's own CDSE token, for that service's hosts alone."""
    host = href.partition("://")[2].partition("/")[0].partition(":")[0]
    token = os.environ.get(CDSE_TOKEN, "")
    inside = href.startswith("https://") and (host == CDSE_HOST or host.endswith(f".{CDSE_HOST}"))
    return {"Authorization": f"Bearer {token}"} if token and inside else {}


class _Reader:
    """What the threads of one reading share."""

    def __init__(self, groups: list[list[dict[str, Any]]], grid: Grid, sources: dict[str, Ranges]) -> None:
        self.groups, self.grid, self.sources = groups, grid, sources
        self.failures: list[dict[str, str]] = []
        self.resampled: set[str] = set()
        self._lock = threading.Lock()

    def cube(self, band: str) -> np.ndarray:
        shape = (len(self.groups), *self.grid.shape)
        return np.zeros(shape, np.uint8) if band.lower() == "scl" else np.full(shape, np.nan, np.float32)

    def fill(self, t: int, band: str, out: np.ndarray) -> None:
        """Put one band of one pass into `out`; where tiles overlap, the one with the larger share wins."""
        for entry in sorted(self.groups[t], key=lambda r: (-r["footprint_share"], r["tile"], r["id"])):
            try:
                values, resampled = self._values(entry, band)
            except ReadError as error:
                with self._lock:
                    self.failures.append({"id": entry["id"], "band": band, "error": str(error)})
                continue
            if resampled:
                with self._lock:
                    self.resampled.add(entry["id"])
            empty = (out == 0) if out.dtype == np.uint8 else np.isnan(out)
            np.copyto(out, values, where=empty)

    def _values(self, entry: dict[str, Any], band: str) -> tuple[np.ndarray, bool]:
        own = items.canonical_band(band, entry["collection"])
        if own not in entry["hrefs"]:
            raise ReadError(f"the scene has no band {band!r}. Options are: {', '.join(sorted(entry['hrefs']))}")
        is_scl = own == "SCL"
        is_s2 = entry["collection"].startswith("sentinel-2")
        scale, shift, nodata = entry["scales"][own]
        if is_s2:
            scale, shift, nodata = items.S2_SCALE, float(entry["offset"]), 0.0
        if is_s2 and not is_scl and math.isnan(shift):
            raise ReadError("nothing in the scene tells whether its numbers carry the offset of baseline 04.00")
        ranges = self.sources[entry["catalogue"]]
        level = "scl" if is_scl else "full"
        ask = {"level": level, "smooth": not is_scl, "nodata": nodata}
        try:
            raw, resampled = cog.window(ranges, entry["hrefs"][own], self.grid, **ask)
        except ChangedError:
            # the old header does not fit the new file: begin again, once, with nothing kept
            raw, resampled = cog.window(ranges, entry["hrefs"][own], self.grid, **ask)
        if is_scl:
            return np.where(raw <= max(SCL_NAMES), raw, 0).astype(np.uint8), resampled
        values = raw.astype(np.float32)
        values *= np.float32(scale)
        values += np.float32(shift)
        if nodata is not None:
            values[raw == nodata] = np.nan
        return values, resampled


def _dataset(groups: list[list[dict[str, Any]]], grid: Grid, cubes: dict[str, np.ndarray]) -> xr.Dataset:
    times = pd.to_datetime([g[0]["datetime"] for g in groups], utc=True).tz_localize(None)
    coords = {
        "time": ("time", times.to_numpy().astype("datetime64[ns]"), {"long_name": "acquired (UTC)"}),
        "y": ("y", grid.y, {"units": "m"}),
        "x": ("x", grid.x, {"units": "m"}),
        "id": ("time", np.array([" ".join(r["id"] for r in g) for g in groups])),
        "platform": ("time", np.array([g[0]["platform"] for g in groups])),
        "cloud_pct": ("time", np.array([max(r["cloud_pct"] for r in g) for g in groups])),
    }
    dataset = xr.Dataset({name: (("time", "y", "x"), cube) for name, cube in cubes.items()}, coords=coords)
    for name, variable in dataset.data_vars.items():
        if name == "scl":
            variable.attrs.update(flag_values=list(SCL_NAMES), flag_meanings=list(SCL_NAMES.values()))
        elif groups[0][0]["collection"].startswith("sentinel-2"):
            variable.attrs.update(units="1", long_name=f"surface reflectance {name}")
    return dataset


def _suspects(dataset: xr.Dataset, groups: list[list[dict[str, Any]]]) -> list[dict[str, str]]:
    """Return the dates whose dark pixels say that the offset was taken twice, whatever the catalogue says."""
    suspects = []
    if not groups[0][0]["collection"].startswith("sentinel-2"):
        return []
    for name, variable in dataset.data_vars.items():
        if name == "scl":
            continue
        for t, group in enumerate(groups):
            values = variable.values[t]
            valid = int(np.isfinite(values).sum())
            if valid and int((values < DARK_LIMIT).sum()) > 0.01 * valid:
                reason = f"over 1% of {name} is below {DARK_LIMIT}: the offset was probably taken already"
                suspects.append({"id": group[0]["id"], "reason": reason})
    return suspects
