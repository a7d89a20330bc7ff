"""Notebook 03: what stands there, and since when? Pictures, candidates, and what a person says of them.

Nothing is written by running the cells: a person presses a button under their own name.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from osint import change, geo, imagery
from osint.case import Look, Spotted
from osint.errors import OsintError
from osint.notebook import maps
from osint.notebook.desk import NO_SITE, Desk
from osint.notebook.endings import NEVER, next_in_words
from osint.notebook.forms import Form
from osint.notebook.shows import Cell, Picture, Said, Several, Shown, Table, closing
from osint.report import site_figures

if TYPE_CHECKING:
    from datetime import date

    from shapely.geometry.base import BaseGeometry

DEMO_DAYS = ("2024-01-01", "2025-06-30")
"""Days of the SIMULATED look of a notebook: shorter than the world, so that it takes seconds."""
DEMO_DRAWN = 3
CATALOGUE = "earth-search"
"""Catalogue of the real pictures; it asks for no account."""
LEAD_DAYS = 366
"""Days before the first text on a site from which pictures are looked at, so that there is a before."""
THUMB_PX, THUMB_COLOURS, SHEET_PX = 520, 64, 900
DRAW = (
    "To draw an outline of your own, press on its corners, or type them. It is dated and measured from the same "
    "scenes, and becomes a candidate; nothing is written before a person takes it."
)


@dataclass(eq=False, repr=False)
class Ground(Shown):
    """A look at the ground of a site, or why there is none; an outline that is drawn becomes part of the look."""

    desk: Desk
    look: Look | None
    why: str = ""

    def text(self) -> str:
        """Return what was looked at and found, in words."""
        return self.look.text() if self.look else self.why

    def html(self) -> str:
        """Return what was looked at, without the candidates: those have a cell of their own."""
        lines = self.text().splitlines()
        head = lines[: 2 if self.look and self.look.simulated else 1]
        return Said(tuple(head), warns=bool(self.look and self.look.simulated)).html()

    @property
    def buildings(self) -> tuple[Spotted, ...]:
        """The candidates that are more likely buildings than not, and those that a person drew."""
        return tuple(c for c in self.look.candidates if c.is_building or c.is_drawn) if self.look else ()

    @cached_property
    def ticks(self) -> Any:
        """A tick for each of them: the form below gets another as soon as an outline is drawn on the map."""
        import ipywidgets as kit

        box = kit.VBox()
        self._tick_all(box)
        return box

    def _tick_all(self, box: Any) -> None:
        import ipywidgets as kit

        wide = kit.Layout(width="auto")
        box.children = [kit.Checkbox(description=_tick_words(one), indent=False, layout=wide) for one in self.buildings]

    @property
    def ticked(self) -> list[int]:
        """Numbers of the candidates that are ticked."""
        return [one.number for one, tick in zip(self.buildings, self.ticks.children, strict=True) if tick.value]

    def add(self, outline: BaseGeometry) -> str:
        """Date and measure an outline (degrees) that a person drew, make it a candidate, and say what came of it."""
        if self.look is None:
            return self.why
        old = {one.number for one in self.look.candidates}
        self.look = self.desk.site.outline(outline, self.look, catalogue=CATALOGUE)
        self._tick_all(self.ticks)
        (new,) = (one for one in self.look.candidates if one.number not in old)
        stamp = "SIMULATED. " if self.look.simulated else ""
        return f"{stamp}Candidate {' '.join(new.text().split())}. It has a tick in the form below; nothing is written."


def _tick_words(one: Spotted) -> str:
    said = " ".join(one.text().splitlines()[0].split()).split("; ")[:3]
    return "; ".join([*said, *(["drawn by a person"] if one.is_drawn else [])])


def look(desk: Desk) -> Ground:
    """Look at a site: find what was built there, date it and measure it. Takes some seconds in the demo.

    Real pictures come over the network from a public catalogue without an account, and take minutes. A site that is
    known too badly, or that has no position, gives the reason and what to do; nothing is drawn then.
    """
    if not desk.site_id:
        return Ground(desk, None, NO_SITE)
    try:
        if desk.demo:
            if desk.case.is_demo:  # a case of SIMULATED observations keeps its looks
                return Ground(desk, desk.site.look(*DEMO_DAYS, demo=True))
            box = desk.site.box(demo=True)
            from osint.case import look_at

            made = look_at(box, *DEMO_DAYS, demo=True, drawn=DEMO_DRAWN)
            return Ground(desk, replace(made, site=desk.site))
        first, last = span(desk)
        return Ground(desk, desk.site.look(str(first), str(last), catalogue=CATALOGUE))
    except OsintError as error:
        return Ground(desk, None, f"{error}.")


def span(desk: Desk) -> tuple[date, date]:
    """Return the days to look at: from a year before the first text on the site to the last text of the case."""
    import datetime as dt

    own = [c.date.known[0] for c in desk.site.claims if c.date]
    earliest, latest = desk.dossier.span or (dt.date(2021, 1, 1), dt.date(2025, 12, 31))
    return min(own, default=earliest) - dt.timedelta(days=LEAD_DAYS), latest


def place(ground: Ground) -> Shown:
    """Return the map of the site with the candidates that were found."""
    if not ground.desk.site_id:
        return Said((NO_SITE,))
    points = []
    for one in ground.look.candidates if ground.look else ():
        centre = one.rows[0]["geometry"].centroid
        if one.is_building:
            points.append(
                (f"{one.number}{' SIMULATED' if ground.look and ground.look.simulated else ''}", centre.x, centre.y)
            )
    drawn = Picture.of(site_figures.locator(ground.desk.dossier, ground.desk.site_id, points))
    return Form(drawn, lambda: _drawn_on(ground)) if ground.look else drawn


def _drawn_on(ground: Ground) -> Any:
    site = maps.of_look(ground.desk.dossier, ground.desk.site_id, ground.look)
    return maps.drawing(site, ground.add, DRAW, "date and measure this outline")


def candidates(ground: Ground) -> Shown:
    """Return what changed, a line for each, with its pictures where it is more likely a building than not."""
    if ground.look is None:
        return Said((ground.why,))
    rows = [_candidate_row(one, ground.look) for one in ground.look.candidates]
    stamp = "SIMULATED. " if ground.look.simulated else ""
    told = f"{len(ground.buildings)} of {len(rows)} are more likely buildings than not"
    caption = f"{stamp}{told}; which of them is the site, a person says."
    heads = ("number", "what it is", "roof, m2 (90%)", "half covered", "complete", "what is not known")
    table = Table.of(heads, rows, caption, f"{stamp}Nothing was found. {change.NOT_SHOWN.capitalize()}.")
    pictures = [p for one in ground.buildings[:DEMO_DRAWN] for p in _pictures(one, ground.look)]
    return Several((table, *pictures))


def _candidate_row(one: Spotted, seen: Look) -> tuple[object, ...]:
    row = one.rows[0]
    area = [row[f"roof_area_m2_{end}"] for end in ("best", "low", "high")]
    size: object = ""
    if _known(area):
        best, low, high = map(float, area)
        size = Cell(f"{best:,.0f} ({low:,.0f} to {high:,.0f})", number=best, interval=(low, best, high))
    kind = f"{row['kind']}, probability {row['probability']:.2f}"
    stamp = "SIMULATED: " if seen.simulated else ""
    days = [_days(row, name) for name in ("roofed", "complete")]
    doubt = row["cannot_tell"] if _known([row["cannot_tell"]]) else ""
    return (Cell(str(one.number), number=float(one.number)), stamp + kind, size, *days, doubt)


def _known(values: Sequence[Any]) -> bool:
    return all(
        not (value is None or value == "" or (isinstance(value, float) and math.isnan(value))) for value in values
    )


def _days(row: Mapping[str, Any], name: str) -> str:
    ends = [row[f"{name}_{end}"] for end in ("low", "high")]
    return " to ".join(str(end)[:10] for end in ends) if _known(ends) else ""


def _pictures(one: Spotted, seen: Look) -> list[Picture]:
    stamp = "SIMULATED. " if seen.simulated else ""
    words = {"pair": "before and after", "series": "the series that its dates rest on"}
    out = []
    for name in one.pictures:
        kind = name.rsplit("_", 1)[-1].removesuffix(".png")
        told = f"{stamp}Candidate {one.number}: {words.get(kind, kind)}, {seen.start} to {seen.end}"
        out.append(Picture(small(seen.pictures[name]), told))
    return out


def small(body: bytes, most_px: int = THUMB_PX) -> bytes:
    """Return a PNG with fewer pixels and colours, the same bytes each time."""
    from PIL import Image

    picture = Image.open(io.BytesIO(body)).convert("RGB")
    if picture.width > most_px:
        picture = picture.resize((most_px, round(picture.height * most_px / picture.width)), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    picture.quantize(THUMB_COLOURS, dither=Image.Dither.NONE).save(held, "PNG", optimize=True)
    return held.getvalue()


# ---------------------------------------------------------------- swipe


class Swiped(Shown):
    """Two pictures under a slider; day, scale and SIMULATED are on the pictures themselves."""

    def __init__(self, swiped: imagery.Swipe) -> None:
        self._swiped = swiped

    def text(self) -> str:
        """Return the words that stand for the pictures."""
        return repr(self._swiped)

    def html(self) -> str:
        """Return both pictures with a slider."""
        return self._swiped._repr_html_()


def swipe(seen: Ground | Look) -> Shown:
    """Return the whole place before and after, under a slider; without pictures of it, say that there are none."""
    made = seen.look if isinstance(seen, Ground) else seen
    if made is None:
        return Said((seen.why if isinstance(seen, Ground) else "",))
    bodies = [made.pictures.get(f"place_{name}.png") for name in ("before", "after")]
    stamp = "SIMULATED. " if made.simulated else ""
    named = f"{made.site.id} {made.site.name}" if made.site else "the place"
    alt = f"{stamp}{named}, {made.start} to {made.end}"
    if bodies[0] is None or bodies[1] is None:
        return Said((f"{stamp}No two clear pictures of the whole place are in this look.",))
    return Swiped(imagery.Swipe(small(bodies[0], 640), small(bodies[1], 640), alt))


def days(ground: Ground) -> Shown:
    """Return the place on a clear day of each season, on one sheet."""
    if ground.look is None:
        return Said((ground.why,))
    body, stamp = ground.look.pictures.get("place_sheet.png"), "SIMULATED. " if ground.look.simulated else ""
    if body is None:
        return Said((f"{stamp}No two clear pictures of the whole place are in this look.",))
    told = f"{stamp}The place on a clear day of each season, {ground.look.start} to {ground.look.end}"
    return Picture(small(body, SHEET_PX), told)


def second_reader(ground: Ground) -> Shown:
    """Return how far the outlines of two readers differ: that of the first building, and one set 10 m to its east.

    With a real look the second outline is the reader's own: `change.compare_outlines(first, second)`.
    """
    if not ground.buildings or ground.look is None:
        return Said((ground.why or "No building was found, so there is no outline for a second reader to draw.",))
    import geopandas as gpd

    first = gpd.GeoDataFrame({"observer": ["A"]}, geometry=[ground.buildings[0].rows[0]["geometry"]], crs=4326)
    flat = first.to_crs(first.estimate_utm_crs())
    second = flat.set_geometry(flat.translate(10, 0)).assign(observer="B").to_crs(4326)
    told = change.compare_outlines(first, second)
    stamp = "SIMULATED. " if ground.look.simulated else ""
    return Said(
        (
            f"{stamp}Candidate {ground.buildings[0].number}: reader A drew "
            f"{geo.area_m2(first.geometry.iloc[0]):,.0f} m2; "
            f"an outline {told['offset_m']:.0f} m to the side covers {told['overlap_share']:.0%} of both together. "
            "An area is good to what two readers agree on, and no better.",
        )
    )


def may_be_said_of_ground(ground: Ground) -> Shown:
    """Return what may be said after a look and what may not, and the one next step."""
    desk, seen = ground.desk, ground.look
    if not desk.site_id:
        return Said((NO_SITE,))
    may, may_not = [], list(NEVER)
    if seen is not None and seen.simulated:
        may_not.append("Anything that these pictures show: they are SIMULATED, and nothing in them is of a real place.")
    elif seen is not None:
        may.append(f"{seen.text().splitlines()[0]}.")
        may_not.append("That a candidate is the site, until a person has said why and the place is confirmed.")
    else:
        may_not.append("That nothing was built: nothing was looked at.")
    step = (
        "set DEMO = False in the first cell to look at real pictures (network, no account)"
        if desk.demo
        else next_in_words(desk)
    )
    return closing(may, may_not, step)
