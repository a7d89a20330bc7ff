"""Where the sites are said to be: borders and cities, circles as wide as the doubt, scale and north.

`outlines.csv` holds borders of Natural Earth (public domain), simplified to 0.06 degrees, and cities to 0.1 degree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from osint import fonts, geo
from osint.model import Dossier
from osint.register import Register, Role, km_text, table_rows
from osint.report.canvas import BLACK, BLUE, NARROW, SKY, STYLE, WIDE, Caption, Sheet, framed
from osint.report.words import counted, from_to

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

KM_PER_DEGREE = 111.32  # length of a degree at the equator of WGS-84, in km
GAP_POINTS, LINE_POINTS, MOST_LINES = 4.0, 9.5, 12
"""Gap between circle and label, height of a line in points, and lines above and below a circle where it is tried."""
LABEL_POINTS, CITY_POINTS = 7.5, 6.8  # sizes of labels, points
LETTER = 0.6  # width of a letter, as a multiple of its size
MARGIN = 0.09  # room around the circles, as a share of their width and height
POINTS = 72


def map_sheet(points: gpd.GeoDataFrame, dossier: Dossier) -> Sheet:
    """Return the map of the announced sites as circles; those of one county share a circle and a label."""
    sites = [s for s in dossier.sites.values() if s.role == Role.ANNOUNCED]
    placed = points[points["site_id"].isin([s.site_id for s in sites])]
    near, far = (placed["precision_km"].min(), placed["precision_km"].max()) if len(placed) else (0.0, 0.0)
    span = from_to(km_text(near), km_text(far))
    nowhere = [s.site_id for s in sites if s.site_id not in set(placed["site_id"])]
    of = counted(len(sites), "announced site")
    missing = f"; {len(nowhere)} {'has' if len(nowhere) == 1 else 'have'} no place on file" if nowhere else ""
    where = (
        f"{len(placed)} of {of} {'is' if len(placed) == 1 else 'are'} placed no better than {span}{missing}"
        if len(placed)
        else f"None of {of} has a place on file"
    )
    absent = f"Not drawn, for want of a place: {', '.join(nowhere)}. " if nowhere else ""
    seats = sum(s.at_a_seat for s in sites if s.site_id not in nowhere)
    proxies = f"Points that are the seat of a county, district, city or prefecture: {seats}." if seats else ""
    names = _groups(placed)
    caption = Caption(
        title=where,
        subtitle="Circles: where a site may lie, as wide as the doubt. A circle is no building. Squares: cities.",
        source="sites.csv (each position with its source); borders: Natural Earth, public domain; cities to 0.1 degree",
        note=f"{absent}{proxies}".strip(),
        alt=f"{where}. " + "; ".join(f"{label}: {', '.join(ids)}" for label, ids, *_ in names) + ".",
    )
    rows = pd.DataFrame(
        {
            "site": placed["site_id"],
            "name": placed["name_display"],
            "county": placed["county"],
            "lat": placed.geometry.y.round(4),
            "lon": placed.geometry.x.round(4),
            "datum": "WGS-84",
            "radius": placed["precision_km"].round(1),
            "unit": "km",
        }
    )
    ids = tuple(s.site_id for s in sites)
    return Sheet("where", caption, rows, lambda narrow: draw(placed, caption, narrow), ids, "Where are the sites?")


def map_of_sites(register: Register) -> Figure:
    """Return the map of `map_sheet` as a figure whose label is its text for who cannot see it."""
    import matplotlib as mpl

    sheet = map_sheet(geo.places(register), Dossier.of(register))
    with mpl.rc_context(STYLE | {"font.family": fonts.families_for(str(sheet.caption))}):  # type: ignore[arg-type]
        figure = sheet.draw(False)
    figure.set_label(sheet.caption.alt)
    return figure


def _groups(points: gpd.GeoDataFrame) -> list[tuple[str, list[str], float, float, float]]:
    """Return label, ids, lon, lat and radius (km) of the sites of each position."""
    out = []
    for (x, y), part in points.groupby([points.geometry.x.round(3), points.geometry.y.round(3)]):
        ids = list(part["site_id"])
        county = next((c for c in [*part["county"], *part["prefecture"]] if c), ids[0]).split(" (")[0]
        label = f"{county} ({len(ids)})" if len(ids) > 1 else county
        out.append((label, ids, float(x), float(y), float(part["precision_km"].max())))
    return out


def draw(points: gpd.GeoDataFrame, caption: Caption, narrow: bool = False) -> Figure:
    """Draw the map; labels keep clear of each other and of the frame."""
    width = NARROW if narrow else WIDE
    if points.empty:
        return framed(caption, 0.2, narrow)[0]
    circles = geo.circles(points)
    west, south, east, north = circles.total_bounds
    across, up = MARGIN * (east - west), MARGIN * (north - south)
    west, south, east, north = west - across, south - up, east + across, north + up
    squeeze = _parallel((south + north) / 2)
    inside = width - 0.24
    height = min(max(inside * (north - south) / ((east - west) * squeeze), 1.2), 6.0)
    figure, (bottom, top) = framed(caption, height + 0.12, narrow)
    total = float(figure.get_size_inches()[1])
    ax = figure.add_axes((0.12 / width, (bottom + 0.06) / total, inside / width, (top - bottom - 0.12) / total))
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)
    ax.set_aspect(1 / squeeze)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_color("#999999")
    _base(ax, set(points["province"]))
    circles.drop_duplicates("geometry").plot(ax=ax, facecolor=SKY, edgecolor=BLUE, alpha=0.55, lw=0.9, aspect=None)
    _scale(ax, west + 0.03 * (east - west), south + 0.04 * (north - south), east - west)
    north_at = (0.965, 0.93)
    ax.annotate(
        "N",
        north_at,
        (0.965, 0.80),
        xycoords="axes fraction",
        ha="center",
        fontsize=LABEL_POINTS,
        arrowprops={"arrowstyle": "-|>", "color": BLACK},
    )
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.apply_aspect()  # fixes where a degree lies in points
    taken = _labels(ax, points)
    _names(ax, taken)
    _cities(ax, taken)
    return figure


def _parallel(lat: float) -> float:
    """Return the length of a parallel as a share of the equator's, at least a twentieth: poles are drawn too."""
    return max(math.cos(math.radians(lat)), 0.05)


def _base(ax: Axes, provinces: set[str]) -> None:
    """Draw borders and provinces inside the frame."""
    frame = shapely.box(ax.get_xlim()[0], ax.get_ylim()[0], ax.get_xlim()[1], ax.get_ylim()[1])
    for row in table_rows("outlines.csv", "osint.report"):
        shape = shapely.from_wkt(row["wkt"])
        if not shape.intersects(frame):
            continue
        if row["kind"] in ("province", "border"):
            own = row["name"] in provinces
            for part in getattr(shape, "geoms", [shape]):
                line = part.exterior if part.geom_type == "Polygon" else part
                x, y = line.xy
                if own:
                    ax.fill(x, y, color="#f4f1e6", zorder=0)
                ax.plot(
                    x,
                    y,
                    color="#555555" if own or row["kind"] == "border" else "#bbbbbb",
                    lw=0.9 if own else 0.6,
                    zorder=1,
                )


def _names(ax: Axes, taken: list[Bbox]) -> None:
    """Write the names of provinces and countries; one that finds no room inside the frame is left out."""
    from matplotlib.transforms import Bbox

    to_points = POINTS / ax.figure.dpi
    frame = Bbox(ax.bbox.get_points() * to_points)
    for row in (row for row in table_rows("outlines.csv", "osint.report") if row["kind"] == "name"):
        at = shapely.from_wkt(row["wkt"])
        x, y = ax.transData.transform((at.x, at.y)) * to_points
        width = LETTER * CITY_POINTS * len(row["name"])
        box = Bbox.from_bounds(x - width / 2, y, width, CITY_POINTS)
        if frame.contains(*box.min) and frame.contains(*box.max) and not any(box.overlaps(other) for other in taken):
            taken.append(box)
            style: dict[str, Any] = {"ha": "center", "color": "#8a8a8a", "fontsize": CITY_POINTS, "zorder": 2}
            ax.annotate(row["name"], (at.x, at.y), **style)


def _cities(ax: Axes, taken: list[Bbox]) -> None:
    """Draw the cities; a name that finds no room clear of circles and labels is left out."""
    from matplotlib.transforms import Bbox

    to_points = POINTS / ax.figure.dpi
    frame = Bbox(ax.bbox.get_points() * to_points)
    for row in (row for row in table_rows("outlines.csv", "osint.report") if row["kind"] == "city"):
        at = shapely.from_wkt(row["wkt"])
        x, y = ax.transData.transform((at.x, at.y)) * to_points
        if not frame.contains(x, y):
            continue
        ax.plot([at.x], [at.y], "s", color="#555555", ms=2, zorder=3)
        width = LETTER * CITY_POINTS * len(row["name"])
        around = max((box.height / 2 for box in taken if box.contains(x, y)), default=0.0)  # out of its circle
        free = [
            (offset, box)
            for offset, box in _places_around((x, y), max(around - GAP_POINTS, 0.0), width)
            if not any(box.overlaps(other) for other in taken) and frame.contains(*box.min) and frame.contains(*box.max)
        ]
        if free:
            offset, box = free[0]
            taken.append(box)
            style: dict[str, Any] = {"textcoords": "offset points", "fontsize": CITY_POINTS, "color": "#555555"}
            style |= {
                "style": "italic",
                "va": "center",
                "arrowprops": {"arrowstyle": "-", "lw": 0.4, "color": "#bbbbbb"},
            }
            ax.annotate(row["name"], (at.x, at.y), offset, **style)


def _scale(ax: Axes, west: float, south: float, across: float) -> None:
    """Draw a bar of a round number of km, at most a fifth of the map wide."""
    km_per_degree = KM_PER_DEGREE * _parallel(south)
    widest = across * km_per_degree / 5
    power = 10.0 ** math.floor(math.log10(widest))
    km = max(step * power for step in (1, 2, 5) if step * power <= widest)
    ax.plot([west, west + km / km_per_degree], [south, south], color=BLACK, lw=2)
    at = (west + km / km_per_degree / 2, south)
    ax.annotate(f"{km:g} km", at, (0, 3), textcoords="offset points", ha="center", va="bottom", fontsize=LABEL_POINTS)


def _labels(ax: Axes, points: gpd.GeoDataFrame) -> list[Bbox]:
    """Write county and number of sites next to each circle, clear of all others; return what is taken, in points."""
    from matplotlib.transforms import Bbox

    to_points = POINTS / ax.figure.dpi
    frame = Bbox(ax.bbox.get_points() * to_points)
    spots = []
    for label, _, x, y, radius_km in _groups(points):
        edge = x + radius_km / (KM_PER_DEGREE * _parallel(y))
        centre, rim = ax.transData.transform([(x, y), (edge, y)]) * to_points
        radius = rim[0] - centre[0]
        spots.append((fonts.drawable(label), (x, y), centre, radius, Bbox([centre - radius, centre + radius])))
    taken = [circle for *_, circle in spots]
    style: dict[str, Any] = {"fontsize": LABEL_POINTS, "textcoords": "offset points", "va": "center", "zorder": 4}
    style["arrowprops"] = {"arrowstyle": "-", "lw": 0.4, "color": "#888888"}
    style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.85}
    for label, at, centre, radius, own in spots:
        width = LETTER * LABEL_POINTS * len(label)
        options = list(_places_around(centre, radius, width))
        free = (
            (offset, box)
            for offset, box in options
            if not any(box.overlaps(other) for other in taken if other is not own)
            and frame.contains(*box.min)
            and frame.contains(*box.max)
        )
        offset, box = next(free, options[0])
        taken.append(box)
        ax.annotate(label, at, offset, **style)
    return taken


def _places_around(centre: Sequence[float], radius: float, width: float) -> Iterator[tuple[tuple[float, float], Bbox]]:
    """Yield where a label can stand around a circle, the nearest first, in points: offset from the centre, and box."""
    from matplotlib.transforms import Bbox

    beside = (radius + GAP_POINTS, -radius - GAP_POINTS - width)
    lines = sorted(range(1 - MOST_LINES, MOST_LINES), key=lambda line: (abs(line), -line))
    for line, right in itertools.product(lines, beside):
        up = line * LINE_POINTS
        yield (right, up), Bbox.from_bounds(centre[0] + right, centre[1] + up - LINE_POINTS / 2, width, LINE_POINTS)
