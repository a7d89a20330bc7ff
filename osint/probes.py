"""Search time for the scenes that date an outline: classification first, three looks a probe, then the bracket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from shapely.geometry.base import BaseGeometry

from osint import series, steps
from osint.looks import Looks
from osint.series import Place
from osint.steps import Steps

LOOKS_A_PROBE = 3
"""One look misread as clear sends a search the wrong way; three seldom do."""
NODE_DAYS = 150.0
"""Time between the first probes: what comes and goes faster is a spell, not a building."""
BRACKET_SCENES = 12
"""Unread scenes about a step that are all read; with more of them the search goes on by halving the gap."""
BRACKET_DAYS = 25.0
MAX_ROUNDS = 10


@dataclass(frozen=True)
class Gathered:
    """The scenes that were read of an outline."""

    data: xr.Dataset | None
    """Reflectance (time, y, x) and scl; None if no scene was usable."""
    place: Place
    usable: int
    """Scenes whose classification leaves outline and surroundings clear."""
    listed: int
    """Scenes there are."""


def exhaustive(looks: Looks, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> Gathered:
    """Read every scene of `rows` over the lon/lat window `geometry`'s surroundings: the referee of `bisected`."""
    data = looks.read(rows, series.window(geometry), bands)
    place = series.placed(geometry, data)
    return Gathered(data, place, int(series.usable(data, place).sum()), data.sizes["time"])


def bisected(looks: Looks, rows: pd.DataFrame, geometry: BaseGeometry, bands: Sequence[str]) -> Gathered:
    """Read the classification of every scene, then `bands` of the few that a search for steps asks for.

    Probes of three looks stand 150 days apart. Where the series so far steps, the widest gap in the step's
    interval gets three more, until few enough scenes are left about the step to read them all. A series that
    shows no step gets probes in between before it is called unchanged.
    """
    window = series.window(geometry)
    classes = looks.read(rows, window, ())
    place = series.placed(geometry, classes)
    open_ = series.usable(classes, place)
    listed = classes.sizes["time"]
    days = steps.to_days(pd.DatetimeIndex(classes["time"].values))
    if not open_.any():
        return Gathered(None, place, 0, listed)
    first, last = days[open_].min(), days[open_].max()
    nodes = np.linspace(first, last, 1 + max(2, int(np.ceil((last - first) / NODE_DAYS))))
    read = np.zeros(listed, bool)
    wanted = _nearest(days, open_, nodes)
    pieces: list[xr.Dataset] = []
    between: np.ndarray | None = (nodes[1:] + nodes[:-1]) / 2
    for _ in range(MAX_ROUNDS):
        wanted &= ~read
        if not wanted.any():
            break
        names = set(" ".join(str(v) for v in classes["id"].values[wanted]).split())
        pieces.append(looks.read(rows[rows["id"].isin(names)], window, bands))
        read |= wanted
        seen = series.extract(_joined(pieces), place, tuple(bands))
        found = steps.date_step(seen.days, seen.contrast)
        wanted = _asked(found, seen.days, days, open_ & ~read)
        if not len(found) and between is not None:
            wanted, between = _nearest(days, open_ & ~read, between), None
    return Gathered(_joined(pieces), place, int(open_.sum()), listed)


def _nearest(days: np.ndarray, free: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Return (n,) bool: the free scenes nearest to each node."""
    wanted = np.zeros(len(days), bool)
    for node in nodes:
        left = np.flatnonzero(free & ~wanted)
        wanted[left[np.argsort(np.abs(days[left] - node), kind="stable")[:LOOKS_A_PROBE]]] = True
    return wanted


def _asked(found: Steps, seen: np.ndarray, days: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return (n,) bool: the free scenes that would narrow the steps found so far."""
    wanted = np.zeros(len(days), bool)
    for step in found:
        low, high = (steps.to_days([v])[0] for v in (step.begun.low, step.complete.high))
        about = free & (days > low - BRACKET_DAYS) & (days < high + BRACKET_DAYS)
        if about.sum() <= BRACKET_SCENES:
            wanted |= about
            continue
        low, high = (steps.to_days([v])[0] for v in (step.low, step.high))
        edges = np.unique(np.concatenate([seen[(seen > low) & (seen < high)], [low, high]]))
        counts = [int((free & (days > a) & (days < b)).sum()) for a, b in pairwise(edges)]
        gaps = np.where(np.array(counts) > 0, np.diff(edges), 0)
        widest = int(np.argmax(gaps))
        # nothing is left inside the interval: what is left about it pins the levels and the ends
        middle = (edges[widest] + edges[widest + 1]) / 2
        wanted |= _nearest(days, about, np.array([middle])) if gaps.max() > 0 else _closest(days, about, low, high)
    return wanted


def _closest(days: np.ndarray, about: np.ndarray, low: float, high: float) -> np.ndarray:
    left = np.flatnonzero(about)
    away = np.maximum(low - days[left], days[left] - high)
    wanted = np.zeros(len(days), bool)
    wanted[left[np.argsort(away, kind="stable")[:BRACKET_SCENES]]] = True
    return wanted


def _joined(pieces: list[xr.Dataset]) -> xr.Dataset:
    joined = xr.concat(pieces, dim="time", data_vars="minimal", coords="minimal", compat="override", join="override")
    joined.attrs = dict(pieces[0].attrs)
    return joined.isel(time=np.argsort(joined["time"].values, kind="stable"))
