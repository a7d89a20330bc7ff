"""Notebook 01: begin a case. What it holds, what is missing, and where everything lies."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from osint import imagery
from osint.case import Case, OwnPictures, new_case
from osint.errors import OsintError
from osint.geo import DATUMS
from osint.notebook import maps
from osint.notebook.desk import NO_SITE, Desk
from osint.notebook.endings import next_in_words
from osint.notebook.forms import Form
from osint.notebook.ground import Swiped
from osint.notebook.papers import FOLDER, SUFFIXES
from osint.notebook.shows import Said, Several, Shown, Table, closing

PICTURES = "pictures"
"""Folder of a case for screenshots and other dated pictures."""
DRAW = (
    "Press on the corners of a roof that stands on the later picture and not on the earlier, or type them. The button "
    "writes both as observations under your name, with the size that the outline has."
)
EXAMPLE = "Example"


def begin_a_case(desk: Desk) -> Shown:
    """Return the form that begins a case of one's own: a folder, a place with its datum, and whether it is SIMULATED.

    Running the cell begins nothing. The folder must be new or empty.
    """
    words = (
        "Name a new folder and a site, then press the button below. The place may stay empty.",
        "A map of China shows GCJ-02 (Amap, Google) or BD-09 (Baidu), some 500 m beside WGS-84: say which one it was.",
        'In code: osint.case.new_case("FOLDER", name="NAME", lon=94.7, lat=43.25, datum="GCJ-02"); in a terminal: '
        "osint new.",
    )
    return Form(Said(words), lambda: _begin_form(desk))


def _begin_form(desk: Desk) -> Any:
    import ipywidgets as kit

    style, wide = {"description_width": "150px"}, kit.Layout(width="520px")
    folder, name, lon, lat = (
        kit.Text(description=label, placeholder=hint, layout=wide, style=style)
        for label, hint in (
            ("folder", "a new one, as ../my-case"),
            ("name of the site", "as its source calls it"),
            ("longitude", "degrees east, or empty"),
            ("latitude", "degrees north, or empty"),
        )
    )
    datum = kit.Dropdown(options=list(DATUMS), value="unknown", description="datum", layout=wide, style=style)
    demo = kit.Checkbox(value=False, description="a SIMULATED case, for trying out", indent=False)
    press, said = kit.Button(description="begin the case", button_style="success"), kit.HTML()

    def begin(_: object) -> None:
        told = begun(folder.value, name.value, lon.value, lat.value, str(datum.value), demo=bool(demo.value))
        said.value = html.escape(told)

    press.on_click(begin)
    return kit.VBox([folder, name, lon, lat, datum, demo, press, said])


def begun(folder: str, name: str, lon: str, lat: str, datum: str, *, demo: bool) -> str:
    """Begin a case as a form asks for it, and return what was done or what is wrong, in one sentence."""
    if not folder.strip() or not name.strip():
        return "Name a folder and a site first."
    try:
        ends = [float(text.replace(",", ".")) if text.strip() else None for text in (lon, lat)]
    except ValueError:
        return f"{lon!r} and {lat!r} are not two numbers in degrees."
    known: dict[str, Any] = {"datum": datum} if ends[0] is not None else {"country": "CN"}
    try:
        made = new_case(folder.strip(), name=name.strip(), lon=ends[0], lat=ends[1], demo=demo, **known)
    except OsintError as error:
        return f"{error}."
    site = made.sites[0].id
    return f'Begun. In the first cell write CASE = "{folder.strip()}" and SITE = "{site}", then run all cells.'


def try_an_example() -> Shown:
    """Begin a SIMULATED case in a folder that is thrown away, show what it holds, and say what was made."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = new_case(Path(folder) / EXAMPLE, name=EXAMPLE, lon=94.7, lat=43.25, datum="WGS-84", demo=True)
        names = sorted(
            p.relative_to(Path(folder) / EXAMPLE).as_posix() for p in (Path(folder) / EXAMPLE).rglob("*.csv")
        )
        lines = (f"SIMULATED. A case was begun and taken away again. It held {', '.join(names)}.", str(made))
        return Said(lines, warns=True)


def what_is_there(desk: Desk) -> Shown:
    """Return what the case holds: sites, claims, observations, documents, pictures and looks."""
    case = desk.case
    rows = [
        ("sites", len(case.dossier.sites), "raw/sites.csv"),
        ("claims", len(case.dossier.all_claims), "raw/claims.csv"),
        ("observations", sum(map(len, case.dossier.observations.values())), "raw/observations.csv"),
        ("documents", _counted(case, FOLDER, SUFFIXES), f"{FOLDER}/"),
        ("pictures of your own", _counted(case, PICTURES, (".png", ".jpg", ".jpeg", ".tif", ".tiff")), f"{PICTURES}/"),
        ("looks at a place", _counted(case, "derived/looks", (".geojson",)), "derived/looks/"),
        ("captures of pages", _counted(case, "captures", (".warc", ".gz")), "captures/"),
    ]
    stamp = "A SIMULATED demo case. " if case.is_demo else ""
    return Table.of(("what", "how many", "where in the case"), rows, f"{stamp}{desk.case_name}")


def _counted(case: Case, folder: str, suffixes: tuple[str, ...]) -> int:
    place = case.path / folder
    return sum(p.suffix.lower() in suffixes for p in place.rglob("*")) if place.is_dir() else 0


def what_is_missing(desk: Desk) -> Shown:
    """Return what the site lacks before a number can be tested, each with what to do."""
    if not desk.site_id:
        return Said((NO_SITE,))
    site, rows = desk.site, []
    if site.row.lat is None:
        rows.append(("a position", "nothing that is seen can be tied to it", "find an address, a plot or a map"))
    elif (site.row.coord_precision_km or 0) > 1:
        level = site.row.coord_level or "a point of unknown kind"
        rows.append(("a better position", f"the point is {level}, known to {site.row.known_to}", "notebook 03"))
    if not site.claims:
        rows.append(("a claim", "there is nothing to test", "notebook 02"))
    elif desk.principal is None:
        rows.append(("a number", "no claim gives chips, servers, compute, power or racks", "notebook 02"))
    if not site.observations:
        rows.append(("something seen", "nobody on file has looked", "notebook 03"))
    if len({c.independence_group for c in site.claims}) == 1:
        rows.append(("a second source", "all claims come from one", "notebook 02"))
    return Table.of(("missing", "so that", "where to get it"), rows, "", "Nothing is missing that this list knows of.")


def pictures(desk: Desk) -> Shown:
    """Return the first and the last picture of one's own under a slider, and a map on which a roof can be drawn.

    Nothing is written before a person presses the button under a name.
    """
    folder = desk.case.path / PICTURES
    if not folder.is_dir() or not any(folder.iterdir()):
        return Said((f"No picture of one's own is in {PICTURES}/ of the case. Dates and corners: docs/imagery.md.",))
    if not desk.site_id:
        return Said((NO_SITE,))
    try:
        own = desk.site.own_pictures(folder)
    except OsintError as error:
        return Said((f"{error}.",))
    doubts = [Said(own.pictures.remarks, warns=True)] if own.pictures.remarks else []
    return Form(Several((*doubts, Swiped(imagery.Swipe.of(own.pair)))), lambda: _draw_form(desk, own))


def _draw_form(desk: Desk, own: OwnPictures) -> Any:
    import ipywidgets as kit

    wide, style = kit.Layout(width="420px"), {"description_width": "90px"}
    who, part, p_place, reason = (
        kit.Text(description=name, placeholder=hint, layout=wide, style=style)
        for name, hint in (
            ("your name", "needed"),
            ("part", "as hall 2; empty: all of the site"),
            ("p_place", "how probable it is that this is the place, as 0.9"),
            ("why", "how the place is known; goes with p_place"),
        )
    )

    def taken(outline: Any) -> str:
        return take_drawn(own, outline, who.value, part.value, p_place.value, reason.value)

    site = maps.SiteMap(desk.dossier, desk.site_id, maps.Backdrop.of_own(own))
    return maps.drawing(site, taken, DRAW, "this roof stands on the later day, not on the earlier",
                        (who, part, p_place, reason))  # fmt: skip


def take_drawn(own: OwnPictures, outline: Any, who: str, part: str = "", p_place: str = "", reason: str = "") -> str:
    """Write what a person drew on pictures of their own, and say what it changed; or what is wrong, in one sentence."""
    try:
        stated = float(p_place.replace(",", ".")) if p_place.strip() else None
    except ValueError:
        return f"{p_place!r} is not a probability, as 0.9."
    said: dict[str, Any] = {"who": who, "as_part": part, "p_place": stated, "place_reason": reason}
    return own.take(outline, **said).text()


def may_be_said_of_case(desk: Desk) -> Shown:
    """Return what may be said of a case that was begun and what may not, and the one next step."""
    if not desk.site_id:
        return closing([], ["Anything of a place: the case has none yet."], "put a site there with the form above")
    held = f"{len(desk.site.claims)} claims and {len(desk.site.observations)} observations"
    may = [f"{desk.site.name}: {held} are on file."]
    may_not = ["That a gap in the file is an absence on the ground."]
    step = "notebook 02, with a document" if not desk.site.claims else next_in_words(desk)
    return closing(may, may_not, step)
