"""Look at a place in pictures: find, date, measure and draw what was built; and an outline that a person drew."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from osint import change, files, geo, imagery
from osint.case.look import DRAWN, Look
from osint.case.spotted import DRAWN_BY_HAND, WHOLE, Spotted, is_known
from osint.errors import BadInputError, OsintError

SHEET_DAYS = 24
"""Days of the sheet of the whole place, at most."""


def look_at(
    place: BaseGeometry,
    start: str = "",
    end: str = "",
    *,
    catalogue: str = imagery.EARTH_SEARCH,
    collection: str | None = None,
    exhaustive: bool = False,
    demo: bool = False,
    drawn: int = DRAWN,
    journal: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> Look:
    """Look at a `place` (outline, degrees) between two ISO days: find what was built, date, measure and draw it.

    With `demo` a SIMULATED world stands at the place, and its own days are taken where none are given; nothing is
    asked of a network. `journal` and `tell` are those of `change.new_structures`. Raises NotFoundError where fewer than
    two seasons have scenes, NetworkError where nothing was read.
    """
    if demo:
        from osint import demo as world

        with world.served_at(place) as made:
            source: dict[str, Any] = {"catalogue": made.catalogue, "collection": made.collection, "tell": tell}
            return _look(made.place, start or made.start, end or made.end, drawn, exhaustive=exhaustive, **source)
    if not start or not end:
        raise BadInputError(
            "name the time to look at by its first and last day, as --start 2023-01-01 --end 2025-12-31"
        )
    source = {"catalogue": catalogue, "collection": collection, "journal": journal, "tell": tell}
    return _look(place, start, end, drawn, exhaustive=exhaustive, **source)


def _look(place: BaseGeometry, start: str, end: str, drawn: int, **source: Any) -> Look:
    found = change.observe(place, start, end, **source)
    stack = found.stack
    look = Look(
        place,
        start,
        end,
        change.shown_until(stack, place, start, end),
        found.frame,
        # a search that broke off shows no absence, also where its first seasons were read
        0.0 if found.stopped else found.searched_share,
        "; ".join(filter(None, (found.stopped, stack.unread, _unseen(found.unseen)))),
        stack.simulated,
        len(stack.scenes),
        stack.bytes_read,
        offset_doubt=stack.offset_doubt,
    )
    return replace(look, pictures=_drawn(look, stack, drawn, found.seen), bytes_read=stack.bytes_read)


def _unseen(tiles: Sequence[str]) -> str:
    return f"{len(tiles)} tiles of 5 km were not looked at: too few scenes show them" if tiles else ""


def look_at_outline(
    look: Look,
    outline: Any,
    *,
    catalogue: str = imagery.EARTH_SEARCH,
    collection: str | None = None,
    exhaustive: bool = False,
) -> Look:
    """Return a look with an outline that a person drew as its next candidate, dated and measured from the same scenes.

    `outline` is anything that `geo.as_geometry` takes, in degrees. A SIMULATED look asks its own world, whatever
    catalogue is named. Raises BadInputError for an outline that leaves the place or has no area, NetworkError where
    nothing was read.
    """
    shape = geo.as_geometry(outline)
    geo.area_m2(shape)  # refuses what crosses itself
    if not shape.within(look.place):
        raise BadInputError("the outline leaves the place that was looked at: draw inside of it, or look at another")
    number = max((one.number for one in look.candidates), default=0) + 1
    drawn = gpd.GeoDataFrame({"outline_id": [f"{DRAWN_BY_HAND}{number:03d}"]}, geometry=[shape], crs=4326)
    with contextlib.ExitStack() as kept:
        if look.simulated:
            from osint import demo as world

            made = kept.enter_context(world.served_at(look.place))
            catalogue, collection = made.catalogue, made.collection
        stack = change.open_stack(look.place, look.start, look.end, catalogue=catalogue, collection=collection)
        dated = change.date_outlines(stack, drawn, look.start, look.end, exhaustive=exhaustive)
        frame = stack.mark(dated) if len(look.frame) == 0 else pd.concat([look.frame, stack.mark(dated)])
        unread = "; ".join(dict.fromkeys(filter(None, (look.unread, stack.unread))))
        more = replace(look, frame=frame.reset_index(drop=True), unread=unread)
        pictures = _of_candidate(more, more.candidate(number), stack, {})
    return replace(more, pictures={**look.pictures, **pictures}, bytes_read=look.bytes_read + stack.bytes_read)


def _drawn(look: Look, stack: change.Stack, most: int, seen: Mapping[str, change.Series]) -> dict[str, bytes]:
    """Return the pictures of the whole place and of the first candidates; without those that cannot be drawn now."""
    made: dict[str, bytes] = {}
    if most:
        with contextlib.suppress(OsintError):  # the look stands without its pictures
            made = _whole(look, stack)
    for one in look.candidates[:most]:
        made |= _of_candidate(look, one, stack, seen)
    return made


def _of_candidate(look: Look, one: Spotted, stack: change.Stack, seen: Mapping[str, change.Series]) -> dict[str, bytes]:
    """Return the pictures of one candidate: before and after, and its series."""
    row = next((row for row in one.rows if is_known(row["roofed_best"])), one.rows[0])
    with tempfile.TemporaryDirectory(prefix=files.PREFIX) as folder:
        paths: list[Path] = []
        with contextlib.suppress(OsintError, OSError):
            series = seen.get(row["outline_id"])
            paths = change.draw_structure(stack, row, look.start, look.end, Path(folder) / "look.geojson", series)
        return {path.name.removeprefix("look_"): path.read_bytes() for path in paths}


def _whole(look: Look, stack: change.Stack) -> dict[str, bytes]:
    """Return the whole place before and after, side by side and each alone for a slider, and a day of each season."""
    cube = change.place_days(stack, look.place, look.start, look.end)
    if cube is None:
        return {}
    pair = imagery.choose_pair(cube, cube.time.values[0], cube.time.values[-1])
    before, after = imagery.swipe_sides(pair)
    days = imagery.choose_sheet(cube, min(cube.sizes["time"], SHEET_DAYS))
    made = {f"{WHOLE}_before.png": before, f"{WHOLE}_after.png": after}
    for name, figure, dpi in (
        ("pair", imagery.draw_pair(pair, look.place, "The place that was looked at"), 150),
        ("sheet", imagery.draw_sheet(days, title="A clear day of each season"), 100),
    ):
        body = io.BytesIO()
        figure.savefig(body, format="png", dpi=dpi, metadata={"Software": None})
        made[f"{WHOLE}_{name}.png"] = body.getvalue()
    return made
