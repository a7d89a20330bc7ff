"""Where a site is said to be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from osint import geo
from osint.model import Dossier
from osint.register import Role, SiteRow, known_km
from osint.report.site_figures.frame import BLACK, BLUE, GREY, RED, SKY, drawing, sheet, short, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Box: TypeAlias = tuple[float, float, float, float]
"""Left, right, bottom and top, as shares of the axes."""
BAR: Box = (0.0, 0.36, 0.0, 0.15)
ARROW: Box = (0.9, 1.0, 0.8, 1.0)
LETTER, LINE, GAP, MARK = 0.0205, 0.056, 0.022, 0.018
"""Width of a letter, height of a line, gap to a point and half of a point, as shares of the axes."""
KM_PER_DEGREE = 111.32
FARTHEST_KM = 200.0
"""Distance of a candidate beyond which the map does not reach for it."""


def locator(dossier: Dossier, site_id: str, candidates: Sequence[tuple[str, float, float]] = ()) -> Figure:
    """Draw where a site is said to be: the circle of its precision, candidates, and the sites around, on a graticule.

    `candidates` are (name, longitude, latitude) in degrees, WGS-84. The circle is the doubt, not a building. The bar is
    a round number of km, the arrow points north. A site without a position gives a figure that says so. Raises
    NotFoundError for an unknown site.
    """
    site = dossier.site(site_id)
    with drawing():
        here = _position(site)
        if here is None:
            figure, (ax,) = sheet(1.1)
            ax.set_axis_off()
            title = f"{site_id}: no position is on file ({site.point or 'none found'})"
            return titled(figure, title, "", f"Source: sites.csv, row {site_id}.", f"{title}.")
        lon, lat, km = here
        figure, (near, wide) = sheet(4.5, 2)
        around = _neighbours(dossier, site_id, lon, lat)
        far = sorted(_away_km(here, x, y) for _, x, y in around)
        reach = max(1.6 * km, 3.0, *(min(1.15 * _away_km(here, x, y), FARTHEST_KM) for _, x, y in candidates))
        _draw_map(near, here, reach, around, candidates)
        _draw_map(wide, here, max(2.5 * reach, 1.3 * far[min(2, len(far) - 1)] if far else 0.0), around, ())
        wide.set_title("the sites around it", loc="left", fontsize=8, color="#444444")
        near.set_title("the circle of its precision", loc="left", fontsize=8, color="#444444")
        near.set_ylabel("latitude north", fontsize=7.5)
        title = f"{site_id} {site.name_display or site.name_en}: known to {km:.0f} km"
        if km >= 3:
            title += "; no picture of this point shows the site unless a search finds it"
        level = f"its point: {site.point}" if site.coord_level else "what its point is, is not stated"
        note = (
            f"Source: sites.csv, row {site_id}; {level}; datum {site.datum or 'not stated'}. The circle is the doubt, "
        )
        note += "not a building. Other sites are grey."
        alt = f"Map: {site_id} at {lat:.3f} N, {lon:.3f} E, within a circle of {km:.0f} km"
        named = ", ".join(name for name, *_ in candidates)
        alt += f"; candidates {named}" if named else ""
        return titled(figure, title, "degrees, WGS-84; north is up", note, f"{alt}.")


def _position(site: SiteRow) -> tuple[float, float, float] | None:
    """Return longitude and latitude in WGS-84 and the precision in km; None without them."""
    if site.lat is None or site.lon is None or not site.coord_precision_km:
        return None
    lon, lat = geo.to_wgs(site.lon, site.lat, site.datum)
    return lon, lat, known_km(site.coord_precision_km, site.datum, site.country)


def _neighbours(dossier: Dossier, site_id: str, lon: float, lat: float) -> list[tuple[str, float, float]]:
    """Return the other sites at other points, once for each point."""
    points: dict[tuple[float, float], list[str]] = {}
    for other in dossier.sites.values():
        if other.site_id == site_id or other.role == Role.AGGREGATE or other.lat is None or other.lon is None:
            continue
        if other.country != dossier.sites[site_id].country:
            continue
        at = (round(other.lon, 2), round(other.lat, 2))
        if at != (round(lon, 2), round(lat, 2)):
            points.setdefault(at, []).append(other.site_id)
    return [
        (", ".join(ids) if len(ids) < 4 else f"{ids[0]} and {len(ids) - 1} more", *at) for at, ids in points.items()
    ]


def _draw_map(
    ax: Axes,
    here: tuple[float, float, float],
    reach: float,
    neighbours: Sequence[tuple[str, float, float]],
    candidates: Sequence[tuple[str, float, float]],
) -> None:
    """Draw the map of a square that reaches so many km from the site to each side."""
    lon, lat, km = here
    across = KM_PER_DEGREE * math.cos(math.radians(lat))
    ax.set_xlim(lon - reach / across, lon + reach / across)
    ax.set_ylim(lat - reach / KM_PER_DEGREE, lat + reach / KM_PER_DEGREE)
    ax.set_aspect(1 / math.cos(math.radians(lat)))
    turns = [2 * math.pi * n / 180 for n in range(181)]
    xs = [lon + km / across * math.cos(t) for t in turns]
    ys = [lat + km / KM_PER_DEGREE * math.sin(t) for t in turns]
    ax.fill(xs, ys, color=SKY, alpha=0.2, zorder=1)
    ax.plot(xs, ys, color=BLUE, lw=1.2, zorder=2)
    ax.plot([lon], [lat], "+", color=BLUE, ms=9, mew=1.6, zorder=3)
    ax.grid(color="#e6e6e6", lw=0.6)
    ax.ticklabel_format(useOffset=False)
    ax.locator_params(nbins=4)
    ax.tick_params(labelsize=7)
    ax.set_xlabel("longitude east", fontsize=7.5)
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    drawn = [(name, x, y, RED, "D") for name, x, y in candidates]
    drawn += [(name, x, y, GREY, "o") for name, x, y in neighbours]
    inside = [n for n in drawn if _within(n[1], west, east) and _within(n[2], south, north)]
    _labelled(ax, inside, [(lon, lat)])
    _scale(ax, across, 2 * reach)


def _away_km(here: tuple[float, float, float], lon: float, lat: float) -> float:
    """Return how far a point is from the site, in km, to either axis at most."""
    across = KM_PER_DEGREE * math.cos(math.radians(here[1]))
    return max(abs(lon - here[0]) * across, abs(lat - here[1]) * KM_PER_DEGREE)


def _within(value: float, low: float, high: float) -> bool:
    """Return whether a coordinate is inside the frame by more than the size of a mark."""
    return low + MARK * (high - low) < value < high - MARK * (high - low)


def _labelled(
    ax: Axes, points: Sequence[tuple[str, float, float, str, str]], clear: Sequence[tuple[float, float]] = ()
) -> None:
    """Draw points with labels beside them, clear of other labels, points, the bar and the arrow.

    `clear` are further points that no label may cover.

    Places are shares of the axes; the nearest that is free is taken, on the right first.
    """
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    spots = [*((x, y) for _, x, y, *_ in points), *clear]
    at = [((x - west) / (east - west), (y - south) / (north - south)) for x, y in spots]
    taken: list[Box] = [BAR, ARROW, *((u - MARK, u + MARK, v - MARK, v + MARK) for u, v in at)]
    for (name, x, y, colour, mark), (u, v) in sorted(zip(points, at, strict=False), key=lambda pair: -pair[1][1]):
        ax.plot([x], [y], mark, color=colour, ms=5, zorder=3)
        words = short(name, 26)
        right, box = next(_free(u, v, LETTER * len(words), taken), (True, (u + GAP, u + GAP, v, v)))
        taken.append(box)
        level = (box[2] + box[3]) / 2
        edge = box[0] if right else box[1]
        arrow = {"arrowstyle": "-", "lw": 0.4, "color": colour} if abs(level - v) > LINE / 2 else None
        style: dict[str, Any] = {"fontsize": 7, "color": colour, "va": "center", "zorder": 4, "arrowprops": arrow}
        target = (edge, level)
        ax.annotate(words, (x, y), target, textcoords="axes fraction", ha="left" if right else "right", **style)


def _free(u: float, v: float, width: float, taken: Sequence[Box]) -> Iterator[tuple[bool, Box]]:
    """Yield where a label can stand beside a point, the nearest first: on the right or the left, and its box."""
    for n in sorted(range(-14, 15), key=lambda n: (abs(n), n)):
        for right in (True, False):
            left = u + GAP if right else u - GAP - width
            box = (left, left + width, v + n * LINE / 2 - LINE / 2, v + n * LINE / 2 + LINE / 2)
            inside = box[0] >= 0 and box[1] <= 1 and box[2] >= 0 and box[3] <= 1
            if inside and not any(_over(box, other) for other in taken):
                yield right, box


def _over(a: Box, b: Box) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def _scale(ax: Axes, across: float, width_km: float) -> None:
    """Draw a bar of a round number of km and an arrow to the north below and above the circle, clear of it."""
    most = width_km / 2.5
    power = 10.0 ** math.floor(math.log10(most))
    km = max(step * power for step in (1, 2, 5) if step * power <= most)
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    x, y = west + 0.03 * (east - west), south + 0.05 * (north - south)
    ax.plot([x, x + km / across], [y, y], color=BLACK, lw=2.2, solid_capstyle="butt", zorder=5)
    ax.text(x, y + 0.02 * (north - south), f"{km:g} km", fontsize=7.5, va="bottom", zorder=5)
    top = (east - 0.04 * (east - west), north - 0.04 * (north - south))
    arrow = {"arrowstyle": "-|>", "color": BLACK}
    ax.annotate("N", top, (top[0], north - 0.16 * (north - south)), ha="center", fontsize=8, arrowprops=arrow)
