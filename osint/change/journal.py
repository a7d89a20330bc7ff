"""The journal of a search: its finished parts, line by line, so that the same command goes on after a kill.

The first line says what is searched; each further one is a finished part, on the disk before the next begins. Lines
are sealed and chained, so that a line that was changed is seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np

from osint import __version__, chain, files
from osint.change.stack import Stack
from osint.errors import BadInputError, UnreadableError

Tell = Callable[[str], None]


class OtherSearchError(BadInputError):
    """The journal belongs to a search with other dates, places or pictures."""


def resumed(path: Path, head: Mapping[str, Any], faults: Callable[[Path], Sequence[str]]) -> list[dict[str, Any]]:
    """Return the finished parts of the journal of a search that `head` describes; begin one where there is none.

    A line torn by a kill is cut off. `faults` returns a sentence for each line that must not be believed. Raises
    OtherSearchError if the journal has another head, UnreadableError if it is damaged.
    """
    first = chain.seal(json.loads(json.dumps(head)), chain.GENESIS)[1]
    body = files.read_regular(path) if path.exists() else b""
    whole = body[: body.rfind(b"\n") + 1]
    if first.startswith(body):
        files.replace_file(path, first, private=True)
        return []
    if body.partition(b"\n")[0] + b"\n" != first:
        raise OtherSearchError(
            f"{path.name} belongs to a search with other dates, sizes, place or pictures; choose another --out"
        )
    if whole != body:
        with files.open_private(path, "r+b") as file:
            file.truncate(len(whole))
    if found := faults(path):
        raise UnreadableError(f"{path.name} is damaged ({found[0]}); move it away to search again")
    return [line.row for line in chain.read(path) if line.row and line.number > 1]


def line_faults(path: Path) -> list[str]:
    """Return a sentence for each line that is not as it was sealed, or that names no finished part."""
    found = []
    for line in chain.read(path):
        held = line.row or {}
        named = line.number == 1 or (isinstance(held.get("part"), str) and isinstance(held.get("rows"), list))
        if fault := line.fault or ("" if named else "it is no finished part"):
            found.append(f"{path.name} line {line.number}: {fault}")
    return found


def head_of(stack: Stack, verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first line of a journal: what is asked, of which list of scenes, by which version."""
    named = stack.scenes["catalogue"].unique() if "catalogue" in stack.scenes else ()
    catalogues = sorted(urlsplit(str(one)).hostname or Path(str(one)).name for one in named)
    listed = hashlib.sha256("\n".join(map(str, stack.scenes["id"])).encode()).hexdigest()
    return {"verb": verb, **asked, "catalogues": catalogues, "scenes_sha256": listed, "version": __version__}


def outlines_sha256(outlines: gpd.GeoDataFrame) -> str:
    """Return a digest of outlines and their names."""
    told = hashlib.sha256()
    for outline in outlines.itertuples():
        told.update(f"{getattr(outline, 'outline_id', '')}\n".encode() + outline.geometry.wkb)
    return told.hexdigest()


class Parts:
    """The finished parts of one run by name, with a line for each as it comes: how many, what it cost, time left.

    Without a `path` nothing is kept on disk. A journal of another search begins anew, as what was read is in the cache
    of bytes. `finish` takes the journal away where nothing is left to be tried again.
    """

    def __init__(self, path: Path | None, head: Mapping[str, Any], total: int, tell: Tell | None = None) -> None:
        self.path, self.total = path, total
        self._tell = tell or (lambda text: None)
        self._lock = threading.Lock()
        self._began, self._fresh = time.monotonic(), 0
        self._rows: dict[str, list[dict[str, Any]]] = {}
        if path is not None:
            self._rows = {line["part"]: line["rows"] for line in self._resumed(path, head)}
        self._before = len(self._rows)
        if self._before:
            self._tell(f"{self._before} of {total} were finished before: the search goes on")

    def _resumed(self, path: Path, head: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return resumed(path, head, line_faults)
        except OtherSearchError:
            self._tell(f"{path.name} is of another search and begins anew; what was read is kept on disk")
            path.unlink()
            return resumed(path, head, line_faults)

    def kept(self, part: str) -> list[dict[str, Any]] | None:
        """Return the rows of a part that is finished, None if it is not."""
        return self._rows.get(part)

    def add(self, part: str, rows: Sequence[Mapping[str, Any]], told: str, bytes_read: int, *, whole: bool) -> None:
        """Keep the rows of a part, if it was read as a `whole`, and tell how far the run is."""
        with self._lock:
            self._fresh += 1
            if whole:
                self._rows[part] = [{name: _plain(value) for name, value in row.items()} for row in rows]
                if self.path is not None:
                    chain.append(self.path, [{"part": part, "rows": self._rows[part]}])
            done = self._before + self._fresh
            left_s = (time.monotonic() - self._began) / self._fresh * (self.total - done)
            minutes = round(left_s / 60)
            left = f", about {minutes} min left" if minutes else ""
            self._tell(f"{done} of {self.total}: {told} ({bytes_read / 1e6:.1f} MB so far{left})")

    def finish(self) -> None:
        """Take the journal away if every part was read as a whole: there is nothing to go on with."""
        if self.path is not None and len(self._rows) >= self.total:
            with contextlib.suppress(OSError):
                self.path.unlink()


def _plain(value: Any) -> Any:
    """Return a value of a row as JSON has it."""
    return value.item() if isinstance(value, np.generic) else value
