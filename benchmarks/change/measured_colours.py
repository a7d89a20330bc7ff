"""A SIMULATED world apart from `osint.simulated`: what stands on it has measured reflectances.

    python -m benchmarks.change.measured_colours [SEED ...]

It shares no code and no spectra with the package's own simulator: the colour of each roof and decoy is a row of
`reflectances.csv` drawn at random. The judge has seen that row too, so this says nothing of colours that it has not.
Ground is measured ground; a hall grows as slab, frame and cover, three events; sun, haze and clouds are of another
make. It proves mechanics and counts, never truth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from pyproj import Transformer
from scipy import ndimage
from shapely import affinity
from shapely.geometry import Polygon, box

from osint.change import stack, surfaces
from osint.change.surfaces import KIND_BANDS

EPSG, WEST, NORTH, PIXEL_M, FINE = 32646, 633_000.0, 4_796_000.0, 10.0, 4
COARSE = ("B11", "B12")
SLAB = (0.21, 0.25, 0.28, 0.31, 0.34, 0.31)
"""Reflectance of fresh concrete in KIND_BANDS."""
ROOF_MATERIALS = (
    "membrane_white", "membrane_white", "white_paint_steel", "white_paint_steel", "colour_steel_blue",
    "colour_steel_blue", "colour_steel_red", "membrane_dark", "grey_steel",
)  # fmt: skip
DECOYS = ("salt_gypsum", "pv", "film", "soil_clay", "bitumen_asphalt", "quarry")
LIKELY = 0.5  # probability from which something is called a building
START, END = "2021-06-01", "2024-05-31"


@dataclass(frozen=True)
class Thing:
    """What is built or only seems to be."""

    name: str
    is_roof: bool
    outline: Polygon
    """In metres of EPSG."""
    colour: np.ndarray
    """(bands,) reflectance."""
    half_day: float
    """Half covered, days since 1970-01-01."""
    cover_days: float
    slab_day: float
    """Day on which the slab is poured; infinite if there is none."""
    scraped_day: float
    cover: float = 1.0
    """Share of the ground that it covers."""


@dataclass(frozen=True)
class BuiltWorld:
    """Scenes, and what stands in them."""

    data: xr.Dataset
    things: tuple[Thing, ...]
    place: Polygon
    """In degrees."""

    def degrees(self, thing: Thing) -> Polygon:
        """Return the outline of a thing in degrees."""
        return _degrees(thing.outline)


def _degrees(outline: Polygon) -> Polygon:
    convert = Transformer.from_crs(EPSG, 4326, always_xy=True).transform
    return Polygon([convert(x, y) for x, y in outline.exterior.coords])


def made(seed: int, *, cloud: float = 0.3, size_px: int = 150, slab: bool = True, things: bool = True) -> BuiltWorld:
    """Return a world of nine halls of 0.5 to 3 ha and six decoys; an empty one without `things`."""
    rng = np.random.default_rng([seed, 77])
    days = np.arange(pd.Timestamp(START).toordinal(), pd.Timestamp(END).toordinal(), 5) - 719_163
    days = days[rng.random(len(days)) > 0.1].astype(float) + 0.22
    rows = surfaces.measured_rows()
    built = _things(rng, rows, size_px, days, slab) if things else []
    shares = [_share(thing, size_px, rng) for thing in built]
    gravel = np.flatnonzero((rows.material == "soil_gravel") & (rows.site == "Dabancheng"))
    ground = _filled(rows.reflectance[rng.choice(gravel)])
    texture = 1 + 0.06 * ndimage.gaussian_filter(rng.standard_normal((size_px, size_px)), 4) * 8
    texture = texture + 0.015 * rng.standard_normal((size_px, size_px))
    cube = np.empty((len(days), len(KIND_BANDS), size_px, size_px), np.float32)
    scl = np.full((len(days), size_px, size_px), 5, np.uint8)
    for t, day in enumerate(days):
        picture = ground[:, None, None] * texture
        for thing, of in zip(built, shares, strict=True):
            done = float(np.clip((day - thing.half_day) / thing.cover_days + 0.5, 0, 1))
            picture = laid(picture, thing, day, of, ground, done, Works())
        picture = np.stack([ndimage.gaussian_filter(p, 1.1 if b in COARSE else 0.6)
                            for p, b in zip(picture, KIND_BANDS, strict=True)])  # fmt: skip
        season = 1 - 0.12 * np.cos(2 * np.pi * (day - 15) / 365.25) * -1
        haze = abs(rng.normal(0, 0.012)) * np.array([1, 0.7, 0.5, 0.3, 0.06, 0.03])
        picture = picture * season * rng.normal(1, 0.015) + haze[:, None, None]
        cube[t] = picture + rng.normal(0, 0.003, picture.shape)
        _clouded(rng, cube[t], scl[t], cloud)
    return BuiltWorld(_dataset(days, cube, scl), tuple(built), _place(size_px))


def _filled(values: np.ndarray) -> np.ndarray:
    """Return a row with B12 where it was not measured: as its material usually falls from B11."""
    return np.where(np.isnan(values), 0.95 * np.roll(values, 1), values)


def drawn_outline(rng: np.random.Generator, x: float, y: float, *, ragged: bool) -> Polygon:
    """Return an outline of 0.5 to 3 ha about a point (metres): a turned rectangle, or the ragged edge of a pit."""
    area, aspect = rng.uniform(5_000, 30_000), rng.uniform(1, 2.6)
    width, height = np.sqrt(area * aspect), np.sqrt(area / aspect)
    turn = rng.uniform(0, 90)
    if not ragged:
        return affinity.rotate(box(x - width / 2, y - height / 2, x + width / 2, y + height / 2), turn)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = np.sqrt(area / np.pi) * np.exp(ndimage.gaussian_filter1d(rng.normal(0, 0.9, 40), 1.5, mode="wrap"))
    return Polygon(np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)]))


def _things(rng: np.random.Generator, rows: surfaces.Rows, size: int, days: np.ndarray, slab: bool) -> list[Thing]:
    across = size * PIXEL_M
    spots = [(WEST + across * (i + 0.5) / 4, NORTH - across * (j + 0.5) / 4) for i in range(4) for j in range(4)]
    names = [*ROOF_MATERIALS, *DECOYS]
    order = rng.permutation(len(spots))[: len(names)]
    found = []
    for name, place in zip(names, order, strict=True):
        x, y = spots[place]
        outline = drawn_outline(rng, x, y, ragged=name in ("salt_gypsum", "quarry", "soil_clay"))
        is_roof = name in ROOF_MATERIALS
        of = np.flatnonzero(rows.material == ("soil_clay" if name == "quarry" else name))
        half = float(rng.uniform(days[0] + 240, days[-1] - 240))
        cover = rng.uniform(15, 50) if name != "quarry" else 300.0
        lead = float(rng.uniform(35, 90))
        poured = half - cover / 2 - lead if is_roof and slab else np.inf
        scraped = half - cover / 2 - lead - rng.uniform(20, 80) if is_roof or name == "pv" else np.inf
        share = float(rng.uniform(0.4, 0.65)) if name == "pv" else 1.0
        found.append(Thing(name, is_roof, outline, _filled(rows.reflectance[rng.choice(of)]), half, cover, poured,
                           scraped, share))  # fmt: skip
    return found


def _share(thing: Thing, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the share (y, x) of each pixel in the outline, in which order it is covered (0 to 1), and its yard."""
    step = PIXEL_M / FINE
    along = (np.arange(size * FINE) + 0.5) * step
    x, y = np.meshgrid(WEST + along, NORTH - along)
    import shapely

    middle = thing.outline.centroid
    shapely.prepare(thing.outline)
    inside = shapely.contains_xy(thing.outline, x, y).reshape(size, FINE, size, FINE).mean((1, 3))
    yard = shapely.contains_xy(thing.outline.buffer(25, join_style="mitre"), x, y).reshape(size, FINE, size, FINE)
    turn = rng.uniform(0, 2 * np.pi)
    px = WEST + (np.arange(size) + 0.5) * PIXEL_M - middle.x
    py = NORTH - (np.arange(size) + 0.5) * PIXEL_M - middle.y
    side = px[None] * np.cos(turn) + py[:, None] * np.sin(turn)
    reach = np.abs(side[inside > 0.5]).max() if (inside > 0.5).any() else 1.0
    return inside, np.clip(0.5 + side / reach / 2, 0, 1), yard.mean((1, 3))


@dataclass(frozen=True)
class Works:
    """How works look on the way to a cover."""

    slab: tuple[float, ...] = SLAB
    slab_days: float = 20.0
    scraped: float = 1.35
    """Brightness of scraped ground, as a multiple of what was there."""
    edge: float = 12.0
    """How sharp the edge of a cover is that is being laid."""


def laid(
    picture: np.ndarray, thing: Thing, day: float, of: tuple[np.ndarray, np.ndarray, np.ndarray], ground: np.ndarray,
    done: float, works: Works,
) -> np.ndarray:  # fmt: skip
    """Return the picture with what stands of a thing on a day: scraped ground, slab, cover."""
    whole, order, yard = of
    if day > thing.scraped_day:
        picture = picture * (1 - yard) + works.scraped * ground[:, None, None] * yard
    if np.isfinite(thing.slab_day):
        poured = np.clip((day - thing.slab_day + works.slab_days / 2) / works.slab_days, 0, 1)
        picture = picture * (1 - poured * whole) + np.array(works.slab)[:, None, None] * poured * whole
    cover = thing.cover * whole * np.clip((done - order) * works.edge + done, 0, 1)
    return np.asarray(picture * (1 - cover) + thing.colour[:, None, None] * cover)


def _clouded(rng: np.random.Generator, picture: np.ndarray, scl: np.ndarray, cloud: float) -> None:
    """Put clouds into a scene: mostly seen by its classification, a few not."""
    if rng.random() < 0.3 * cloud:
        covered = np.ones(scl.shape, bool)
    else:
        field = ndimage.gaussian_filter(rng.standard_normal(scl.shape), 18)
        covered = field > np.quantile(field, 1 - min(rng.beta(0.6, 0.6 / cloud - 0.6), 0.98))
    picture[:, covered] = np.array([0.6, 0.6, 0.6, 0.62, 0.45, 0.35])[:, None]
    scl[covered if rng.random() > 0.04 else covered & False] = 9


def _dataset(days: np.ndarray, cube: np.ndarray, scl: np.ndarray) -> xr.Dataset:
    times = (days * 86_400).astype("datetime64[s]").astype("datetime64[ns]")
    bands = {b: (("time", "y", "x"), cube[:, k]) for k, b in enumerate(KIND_BANDS)}
    ids = [f"W2_{int(day)}" for day in days]
    data = xr.Dataset({**bands, "scl": (("time", "y", "x"), scl)}, {"time": times, "id": ("time", ids)})
    data.attrs = {"crs": f"EPSG:{EPSG}", "transform": (PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH), "simulated": True}
    return data


def _place(size: int) -> Polygon:
    edge = size * PIXEL_M
    return _degrees(box(WEST + 30, NORTH - edge + 30, WEST + edge - 30, NORTH - 30))


def report(make: Callable[..., BuiltWorld], seeds: Sequence[int]) -> None:
    """Date every outline and search each world; print what was called what, and the errors of the dates."""
    from osint import change

    for cloud in (0.3, 0.6):
        lines, errors, halls, called, decoys, wrong = [], [], 0, 0, 0, 0
        for seed in seeds:
            world = make(seed, cloud=cloud)
            seen = stack.stack_of_dataset(world.data)
            found = change.new_structures(seen, world.place, START, END).frame
            for thing in world.things:
                outline = world.degrees(thing)
                rows = change.date_change(seen, outline, START, END).rows
                row = max(rows, key=lambda r: float(r["probability"] or 0))
                hit = found[found.intersects(outline.buffer(-1e-4))]
                best = hit.sort_values("probability").iloc[-1] if len(hit) else None
                told = "missed" if best is None else f"{best['kind']} {best['probability']:.2f}"
                late = _error(row, thing) if thing.is_roof else None
                errors += [late] if late else []
                likely = best is not None and best["probability"] >= LIKELY
                halls, called = halls + thing.is_roof, called + (thing.is_roof and likely)
                decoys, wrong = decoys + (not thing.is_roof), wrong + (not thing.is_roof and likely)
                lines.append(f"{seed} {thing.name:18} date: {row['kind']} {row['probability']} observe: {told} "
                             f"{late or ''} {row['cannot_tell'] or ''}"[:200])  # fmt: skip
            beside = [row for row in found.itertuples() if row.probability >= LIKELY and not any(
                row.geometry.intersects(world.degrees(thing)) for thing in world.things)]  # fmt: skip
            lines += [f"{seed} building where nothing is: {row.kind} {row.probability}" for row in beside]
        print(f"cloud {cloud:.0%}", *lines, sep="\n")
        print(f"observe: {called} of {halls} halls called buildings, {wrong} of {decoys} decoys")
        if errors:
            away, held = (np.array(part) for part in zip(*errors, strict=True))
            print(f"half covered: {len(away)} dated, median error {np.median(np.abs(away)):.1f} d, median "
                  f"{np.median(away):+.1f} d, mean {away.mean():+.1f} d, interval holds {held.mean():.0%}")  # fmt: skip


def _error(row: dict[str, object], thing: Thing) -> tuple[float, bool] | None:
    if not row["roofed_best"]:
        return None
    low, best, high = (pd.Timestamp(str(row[f"roofed_{end}"])).toordinal() - 719_163 for end in ("low", "best", "high"))
    # a date names a whole day, its middle is meant; `half_day` is a moment
    return best + 0.5 - thing.half_day, bool(low - 0.5 <= thing.half_day <= high + 1.5)


if __name__ == "__main__":
    report(made, [int(word) for word in sys.argv[1:]] or [1, 2, 3])
