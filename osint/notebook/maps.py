"""A map that pans: the circles of the sites, the candidates, the pictures of a look, and an outline that is drawn.

It needs a kernel and ipyleaflet (extra `lab`), and asks nothing of any network: its ground is the picture of the look,
and its plane is that of the UTM zone of the place, so that a corner is where it was pressed. The figure that stands
above it says the same without either.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from pyproj import Transformer

from osint import change, geo, imagery
from osint.case import Look, OwnPictures
from osint.errors import BadInputError, OsintError
from osint.model import Dossier
from osint.register import Role, SiteRow

NEAR_KM = 300.0
"""Distance up to which other sites are shown: a UTM zone is a plane for no more than that."""
HEIGHT_PX, WIDTH_PX = 460, 800
BLUE, RED, GREY, BLACK = "#0072B2", "#D55E00", "#555555", "#000000"
PX_M = 10.0
"""Pixel of the pictures of a look."""


def position(site: SiteRow) -> tuple[float, float, float] | None:
    """Return longitude and latitude (WGS-84) of a site, and how well it is known in km; None where it has no place."""
    if site.lon is None or site.lat is None or not site.known_km:
        return None
    return *geo.to_wgs(site.lon, site.lat, site.datum), site.known_km


@dataclass(frozen=True, slots=True)
class Backdrop:
    """Two pictures of one ground, to be laid under a map."""

    before: bytes
    after: bytes
    """PNG, each with its day on itself."""
    extent: tuple[float, float, float, float]
    """West, east, south, north of the ground that they show, metres in the UTM zone `epsg`."""
    epsg: int
    simulated: bool

    @classmethod
    def of_look(cls, look: Look) -> Backdrop | None:
        """Return the pictures of the whole place of a look; None where it has none."""
        before, after = (look.pictures.get(f"place_{name}.png") for name in ("before", "after"))
        if before is None or after is None:
            return None
        grid = imagery.utm_grid(change.around(look.place, 0.0), PX_M)
        west, north = grid.transform.c, grid.transform.f
        extent = (west, west + PX_M * grid.shape[1], north - PX_M * grid.shape[0], north)
        return cls(before, after, extent, int(grid.crs.partition(":")[2]), look.simulated)

    @classmethod
    def of_own(cls, own: OwnPictures) -> Backdrop:
        """Return two pictures of one's own."""
        pair = own.pair
        west, east, south, north = map(float, pair.extent)
        epsg = int(str(pair.crs).rpartition(":")[2])
        return cls(*imagery.swipe_sides(pair), (west, east, south, north), epsg, own.simulated)


class SiteMap:
    """The map of one site; corners pressed on it are an outline in degrees."""

    def __init__(self, dossier: Dossier, site_id: str, under: Backdrop | None = None) -> None:
        """Make the map. Raises ImportError without ipyleaflet, BadInputError for a site without a place."""
        import ipyleaflet as leaflet
        import ipywidgets as kit

        here = position(dossier.site(site_id))
        if here is None and under is None:
            raise BadInputError(f"{site_id} has no position on file, so there is no map of it")
        epsg = under.epsg if under else imagery.utm_epsg(*here[:2]) if here else 0
        self._leaflet, self._flat = leaflet, Transformer.from_crs(4326, epsg, always_xy=True)
        if under:
            west, east, south, north = under.extent
            x, y, high_m = (west + east) / 2, (south + north) / 2, north - south
        elif here:
            x, y = self._flat.transform(*here[:2])
            high_m = 2.4e3 * here[2]
        self.map = leaflet.Map(
            crs=leaflet.projections.Simple,
            layers=(),  # without this a map of the world is asked for over the network
            center=(y, x),
            zoom=math.floor(math.log2(HEIGHT_PX / high_m)),
            min_zoom=-13,
            max_zoom=3,
            scroll_wheel_zoom=True,
            attribution_control=False,
            layout=kit.Layout(height=f"{HEIGHT_PX}px", max_width=f"{WIDTH_PX}px"),
        )
        self.map.add(leaflet.ScaleControl(position="bottomleft", imperial=False))
        if under and under.simulated:  # it stays in its corner, however near one comes
            stamp = leaflet.WidgetControl(widget=kit.HTML("<b>&nbsp;SIMULATED&nbsp;</b>"), position="topright")
            self.map.add(stamp)
        self.fade = self._pictures(under, kit) if under else None
        self._sites(dossier, site_id, (x, y), on_picture=under is not None)
        self._drawn: Any = None

    def _pictures(self, under: Backdrop, kit: Any) -> Any:
        """Lay both pictures on the map, and return the slider that fades from one to the other."""
        from traitlets import Unicode

        class Overlay(self._leaflet.ImageOverlay):  # type: ignore[name-defined,misc]
            alt = Unicode().tag(sync=True, o=True)

        stamp = "SIMULATED. " if under.simulated else ""
        slider = kit.FloatSlider(
            value=1.0, min=0.0, max=1.0, step=0.05, readout=False, description="before - after",
            style={"description_width": "110px"}, layout=kit.Layout(width="420px"),
        )  # fmt: skip
        west, east, south, north = under.extent
        for name, body in (("before", under.before), ("after", under.after)):
            url = f"data:image/png;base64,{base64.b64encode(body).decode()}"
            corners = ((south, west), (north, east))
            layer = Overlay(url=url, bounds=corners, alt=f"{stamp}the place, {name}")
            self.map.add(layer)
            if name == "after":
                kit.jslink((slider, "value"), (layer, "opacity"))
        return slider

    def _sites(self, dossier: Dossier, site_id: str, centre: tuple[float, float], *, on_picture: bool) -> None:
        """Draw the circle of the site and of each other that is near, one for each point."""
        seen: dict[tuple[float, float], list[str]] = {}
        for site in dossier.sites.values():
            at = position(site)
            if at is None or (site.role == Role.AGGREGATE and site.site_id != site_id):
                continue
            x, y = self._flat.transform(*at[:2])
            if not math.dist((x, y), centre) < 1000 * NEAR_KM:
                continue
            own = site.site_id == site_id
            seen.setdefault((x, y), []).append(site.site_id)
            style = {"color": BLUE if own else GREY, "weight": 2 if own else 1, "fill": False}
            self.map.add(self._leaflet.Circle(location=(y, x), radius=1000 * at[2], **style))
        for (x, y), ids in seen.items():
            listed = ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
            # names would cover the ground of a picture: its site is named above it
            self._label(x, y, "+" if on_picture and site_id in ids else f"+ {listed}")

    def _label(self, x: float, y: float, text: str) -> None:
        said = html.escape(text)
        style = "background:#fff;padding:0 3px;border-radius:3px;font:12px sans-serif;white-space:nowrap"
        icon = self._leaflet.DivIcon(html=f'<span style="{style}">{said}</span>', icon_size=[0, 0], icon_anchor=[4, 8])
        self.map.add(self._leaflet.Marker(location=(y, x), icon=icon, draggable=False, keyboard=False))

    def add_outline(self, outline: Any, name: str, colour: str = RED) -> Any:
        """Draw an outline (degrees) with its name, and return its layer."""
        parts = [outline] if outline.geom_type == "Polygon" else list(outline.geoms)
        rings = [[self._flat.transform(*xy)[::-1] for xy in part.exterior.coords] for part in parts]
        layer = self._leaflet.Polygon(locations=rings, color=colour, weight=3, fill=False)
        self.map.add(layer)
        if name:
            north = max((at for ring in rings for at in ring), key=lambda at: at[0])
            self._label(north[1], north[0], name)
        return layer

    def on_press(self, told: Callable[[float, float], None]) -> None:
        """Call a function with longitude and latitude of each press on the map."""

        def heard(**event: Any) -> None:
            if event.get("type") == "click":
                y, x = event["coordinates"]
                told(*self._flat.transform(x, y, direction="INVERSE"))

        self.map.on_interaction(heard)

    def middle(self) -> tuple[float, float]:
        """Return longitude and latitude of the middle of what the map shows, where its cross stands."""
        y, x = self.map.center
        lon, lat = self._flat.transform(x, y, direction="INVERSE")
        return lon, lat

    def mark_middle(self) -> None:
        """Keep a cross in the middle of the map, so that a corner can be set without a mouse."""
        # a span that hears no press, in a box without size: a press on the cross is one on the map
        style = "font:20px/20px monospace;color:#000;text-shadow:0 0 3px #fff,0 0 3px #fff;pointer-events:none"
        icon = self._leaflet.DivIcon(html=f'<span style="{style}">+</span>', icon_size=[0, 0], icon_anchor=[6, 10])
        cross = self._leaflet.Marker(location=self.map.center, icon=icon, draggable=False, keyboard=False)
        self.map.add(cross)
        self.map.observe(lambda change: setattr(cross, "location", change["new"]), names="center")

    def show_drawn(self, corners: Sequence[tuple[float, float]]) -> None:
        """Show the outline that is being drawn, in place of the one before."""
        if self._drawn is not None:
            self.map.remove(self._drawn)
        flat = [self._flat.transform(*at)[::-1] for at in corners]
        self._drawn = self._leaflet.Polygon(locations=flat, color=BLACK, weight=3, fill=False) if flat else None
        if self._drawn is not None:
            self.map.add(self._drawn)


def corners_of(text: str) -> list[tuple[float, float]]:
    """Return corners that a person typed, one to a line or apart by semicolons, each LON,LAT in degrees (WGS-84).

    >>> corners_of("94.70,43.25; 94.71,43.25")
    [(94.7, 43.25), (94.71, 43.25)]
    """
    return [geo.read_point(part) for part in text.replace(";", "\n").splitlines() if part.strip()]


def outline_of(corners: Sequence[tuple[float, float]]) -> shapely.Polygon:
    """Return corners as an outline; raises BadInputError for fewer than three, or for one that crosses itself."""
    if len(corners) < 3:
        raise BadInputError(f"an outline needs three corners at least, and {len(corners)} are there: press on the map")
    outline = shapely.Polygon(corners)
    geo.area_m2(outline)
    return outline


def site_map(dossier: Dossier, site_id: str, look: Look | None = None) -> Any:
    """Return the map of a site with its slider, to be shown; nothing can be drawn on it."""
    import ipywidgets as kit

    made = of_look(dossier, site_id, look)
    return kit.VBox([kit.HTML(WORDS), made.map, *([made.fade] if made.fade else [])])


def of_look(dossier: Dossier, site_id: str, look: Look | None) -> SiteMap:
    """Return the map of a site with the pictures and the candidates of a look, if there is one."""
    made = SiteMap(dossier, site_id, Backdrop.of_look(look) if look else None)
    for one in look.candidates if look else ():
        made.add_outline(one.outline, str(one.number), RED if one.is_building else GREY)
    return made


WORDS = (
    "The same as a map: pull it to move, + and - to come nearer. North is up; circles are the doubt about each site. "
    "It asks nothing of the network, so there is no map of streets below it."
)


BY_KEYBOARD = (
    "By keyboard: Tab to the map, arrows to move it, + and - to come nearer; the button below it sets a corner at the "
    "cross in its middle."
)


def drawing(site: SiteMap, done: Callable[[Any], str], note: str, press_to: str, fields: Sequence[Any] = ()) -> Any:
    """Return a map on which an outline is drawn; `done` takes the outline and says what came of it.

    `press_to` stands on the button, and `fields` are further things to fill in above it.
    """
    import ipywidgets as kit

    wide = kit.Layout(width="420px")
    corners = kit.Textarea(placeholder="LON,LAT of each corner, one to a line; a press on the map adds one", rows=5,
                           layout=kit.Layout(width="420px", height="110px"))  # fmt: skip
    back = kit.Button(description="take the last corner back", layout=wide)
    middle = kit.Button(description="a corner at the cross in the middle of the map", layout=wide)
    measure = kit.Button(description=press_to, button_style="primary", layout=wide)
    said = kit.HTML(f"<p>{html.escape(note)}</p>")

    def press(lon: float, lat: float) -> None:
        corners.value = "\n".join(filter(None, (corners.value.strip(), f"{lon:.6f},{lat:.6f}")))

    def redraw(_: object) -> None:
        try:
            site.show_drawn(corners_of(corners.value))
        except OsintError:  # while it is being typed
            site.show_drawn([])

    def finish(_: object) -> None:
        measure.disabled = True
        said.value = "<p>Reading ...</p>"
        try:
            outline = outline_of(corners_of(corners.value))
            told = done(outline)
            site.add_outline(outline, "drawn", BLACK)
            corners.value = ""
        except OsintError as error:
            told = f"{error}."
        finally:
            measure.disabled = False
        said.value = f"<p>{html.escape(told)}</p>"

    site.on_press(press)
    site.mark_middle()
    middle.on_click(lambda _: press(*site.middle()))
    corners.observe(redraw, names="value")
    back.on_click(lambda _: setattr(corners, "value", "\n".join(corners.value.strip().splitlines()[:-1])))
    measure.on_click(finish)
    tools = kit.VBox([corners, middle, back, *fields, measure])
    return kit.VBox([kit.HTML(f"{WORDS} {BY_KEYBOARD}"), site.map, *([site.fade] if site.fade else []), tools, said])
