"""Lay out SIMULATED ground, what stands on it and what is true of it, under weather, a sensor and a classification."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from affine import Affine
from shapely import affinity
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from osint.errors import OsintError
from osint.register import read_span
from osint.simulated.spectra import BANDS, SPECTRA
from osint.simulated.weather import fractal, random_field

PIXEL_M = 10.0
ROOFS = ("bright roof", "dark roof", "blue roof")
KINDS = (*ROOFS, "earthworks", "solar field", "greenhouse", "quarry", "salt pan", "snow patch", "no change")
YARDS = {"cooling yard": ("equipment", 0.5), "stored material": ("equipment", 0.7), "parking": ("asphalt", 0.9),
         "dark building": ("dark roof", 1.0)}  # fmt: skip
"""What may lie beside a roof: its spectrum, and the share of the ground that its rows cover."""
ROW_PX, GAP_PX = 1.2, 0.6
"""From one row of a yard to the next, and from roof to yard."""


@dataclass(frozen=True)
class Feature:
    """One thing that is built, dug or only seems to be, on the simulated ground."""

    kind: str
    """One of KINDS."""
    area_m2: float
    """Area of the roof or, for anything else, of the whole object."""
    onset: dt.date
    """Ground broken: the earth is scraped from here on."""
    complete: dt.date
    """The last part is covered."""
    ramp_days: float = 25
    """Days from the first covered part to the last."""
    removed: dt.date | None = None
    """Cleared to bare ground on this day; None stands to the end."""
    row_px: float | None = None
    """Centre, rows from the top; None takes a free place."""
    col_px: float | None = None
    """Centre, columns from the left."""
    aspect: float = 1.6
    """Length over width."""
    angle_deg: float = 20
    """Turn against the grid."""
    pad_ratio: float = 2.5
    """Scraped area over roof area."""
    steps: int = 1
    """1 covers evenly, n in n equal parts side by side."""
    brightness: float = 1.0
    """Factor on the spectrum."""
    misread_as_cloud: float = 0.25
    """Share of the scenes on which the classification calls this roof cloud."""
    name: str = ""
    """outline_id; features with one name are phases of one outline."""
    yard_m2: float = 0
    """Area of what lies on the pad along the long side of the roof, from `complete` on."""
    yard_kind: str = "cooling yard"
    """One of YARDS."""
    yard_brightness: float = 1.0
    """Factor on the spectrum of what the yard holds."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise OsintError(f"Unknown feature kind {self.kind!r}. Options are: {', '.join(KINDS)}.")
        if self.area_m2 <= 0 or self.onset > self.complete:
            raise OsintError(f"Feature {self.name or self.kind!r} needs an area above 0 and onset <= complete.")
        if self.yard_kind not in YARDS:
            raise OsintError(f"Unknown yard kind {self.yard_kind!r}. Options are: {', '.join(YARDS)}.")
        if self.yard_m2 and GAP_PX + self.yard_depth_px > self.height_px * (np.sqrt(self.pad_ratio) - 1) / 2:
            raise OsintError(f"The yard of {self.name or self.kind!r} does not fit on its pad; raise `pad_ratio`.")

    @property
    def width_px(self) -> float:
        """The long side of the roof for an aspect above 1."""
        return float(np.sqrt(self.area_m2 * self.aspect)) / PIXEL_M

    @property
    def height_px(self) -> float:
        """The other side."""
        return self.area_m2 / PIXEL_M**2 / self.width_px

    @property
    def yard_depth_px(self) -> float:
        """From the edge of the yard along the roof to its far edge."""
        return self.yard_m2 / PIXEL_M**2 / self.width_px


@dataclass(frozen=True)
class Placed:
    """A feature on the grid: exact covers of its parts and its pad inside one window."""

    feature: Feature
    window: tuple[slice, slice]
    parts: np.ndarray
    pad: np.ndarray
    spectrum: np.ndarray
    pad_spectrum: np.ndarray
    outline: Polygon
    pad_outline: Polygon
    yard: np.ndarray
    yard_spectrum: np.ndarray


def assortment(seed: int, size_px: int, start: str, end: str) -> list[Feature]:
    """Return features of every kind, dates and sizes drawn at random, as many as fit on the grid."""
    rng = np.random.default_rng([seed, 2])
    first, last = read_span(start, end)
    kinds = [("bright roof", 1.0), ("dark roof", 1.2), ("solar field", 4.0), ("bright roof", 0.5),
             ("earthworks", 2.0), ("greenhouse", 2.0), ("quarry", 2.0), ("blue roof", 1.0), ("salt pan", 3.0),
             ("two-phase", 2.0), ("demolition", 1.0), ("snow patch", 2.0), ("bright roof", 5.0),
             ("no change", 1.0), ("bright roof", 0.25), ("dark roof", 2.0)]  # fmt: skip
    out: list[Feature] = []
    for number, (kind, hectares) in enumerate(kinds[: max(1, ((size_px - 8) // 60) ** 2)]):
        span = (last - first).days
        complete = first + dt.timedelta(int(rng.uniform(0.45, 0.8) * span))
        onset = complete - dt.timedelta(int(rng.uniform(90, 240)))
        common: dict[str, Any] = dict(  # noqa: C408
            area_m2=hectares * 1e4,
            onset=max(onset, first),
            complete=complete,
            ramp_days=float(rng.uniform(10, 40)),
            aspect=float(rng.uniform(1, 2.2)),
            angle_deg=float(rng.uniform(0, 180)),
            pad_ratio=float(rng.uniform(2, 3.5)),
            steps=int(rng.choice([1, 3])),
            brightness=float(rng.normal(1, 0.08)),
            name=f"F{number:02d}",
        )
        if kind == "two-phase":
            one = Feature(kind="bright roof", **{**common, "area_m2": 1.2e4, "aspect": 1.0, "angle_deg": 0.0})
            later = complete + dt.timedelta(int(rng.uniform(0.1, 0.15) * span))
            out += [one, replace(one, onset=one.complete, complete=later)]
        elif kind == "demolition":
            gone = complete + dt.timedelta(int(rng.uniform(0.1, 0.15) * span))
            out.append(Feature(kind="bright roof", removed=gone, **common))
        else:
            out.append(Feature(kind=kind, **common))
    return out


def grounds(seed: int, size_px: int) -> dict[str, np.ndarray]:
    """Return what does not change: bare ground, fields with their calendar, slope, weather fields."""
    rng = np.random.default_rng([seed, 3])
    pool_size = 1 << max(9, int(np.ceil(np.log2(size_px))))
    pool = np.stack([fractal(rng, pool_size, 3.2) for _ in range(8)])

    def pick() -> np.ndarray:
        return random_field(rng, pool)[:size_px, :size_px]

    mix = 1 / (1 + np.exp(-2 * pick()))
    texture = 0.05 * fractal(rng, pool_size, 2.0)[:size_px, :size_px] + rng.normal(0, 0.02, (size_px, size_px))
    playa = np.clip((pick() - 1.4) * 3, 0, 1)
    bare = SPECTRA["gobi"][:, None, None] * (1 - mix) + SPECTRA["soil"][:, None, None] * mix
    bare = (bare * (1 - playa) + SPECTRA["playa"][:, None, None] * playa) * (1 + texture)
    blocks = (size_px // 14 + 1,) * 2
    tile = np.ones((14, 14))

    def block(values: np.ndarray) -> np.ndarray:
        return np.kron(values, tile)[:size_px, :size_px]

    vigour = np.where(pick() > 1.0, np.clip(1.3 * block(rng.random(blocks)), 0, 1), 0)
    return {
        "bare": bare.astype(np.float32),
        "texture": texture.astype(np.float32),
        "vigour": vigour.astype(np.float32),
        "peak": (200 + block(rng.normal(0, 20, blocks))).astype(np.float32),
        "slope": 0.12 * pick(),
        "pool": pool,
    }


def place(rng: np.random.Generator, features: list[Feature], size_px: int, spread: float) -> list[Placed]:
    """Lay the features out on a jittered lattice, apart from each other."""
    per_side = max(1, (size_px - 8) // 60)
    pitch = (size_px - 8) / per_side
    places = [(4 + pitch * (i + 0.5), 4 + pitch * (j + 0.5)) for i in range(per_side) for j in range(per_side)]
    rng.shuffle(places)
    names = [f.name or f"F{k:02d}" for k, f in enumerate(features)]
    where: dict[str, tuple[float, float]] = {}
    out: list[Placed] = []
    for k, (feature, name) in enumerate(zip(features, names, strict=True)):
        phases = names.count(name)
        if name not in where:
            if feature.row_px is None and not places:
                raise OsintError(f"Feature {name!r} has no free place in a world of {size_px} px; make it larger.")
            where[name] = (
                places.pop()
                if feature.row_px is None
                else (feature.row_px, feature.row_px if feature.col_px is None else feature.col_px)
            )
        phase = names[:k].count(name)
        spectrum_rng = np.random.default_rng([int(rng.integers(1 << 30)), k])
        out.append(
            _placed(
                spectrum_rng,
                replace(feature, name=name),
                where[name],
                size_px=size_px,
                spread=spread,
                phase=phase,
                phases=phases,
            )
        )
    return out


def _placed(
    rng: np.random.Generator,
    feature: Feature,
    centre: tuple[float, float],
    *,
    size_px: int,
    spread: float,
    phase: int,
    phases: int,
) -> Placed:
    """Put one feature (phase `phase` of `phases`, side by side) on the grid."""
    width, height = feature.width_px, feature.height_px
    shift = (phase - (phases - 1) / 2) * width
    angle = np.deg2rad(feature.angle_deg)
    whole = box(
        centre[1] - phases * width / 2,
        centre[0] - height / 2,
        centre[1] + phases * width / 2,
        centre[0] + height / 2,
    )
    outline = affinity.rotate(whole, feature.angle_deg, origin=(centre[1], centre[0]))
    row, col = centre[0] + shift * np.sin(angle), centre[1] + shift * np.cos(angle)
    reach = int(np.hypot(width, height) * np.sqrt(feature.pad_ratio) / 2) + 4
    window = (
        slice(max(int(row) - reach, 0), min(int(row) + reach, size_px)),
        slice(max(int(col) - reach, 0), min(int(col) + reach, size_px)),
    )
    roof_cover = _parts(window, (row, col), (height, width), angle, feature.steps)
    grow = np.sqrt(feature.pad_ratio)
    pad = _parts(window, (row, col), (height * grow, width * grow), angle, 1)[0]
    spectrum = SPECTRA.get(
        {"quarry": "pad", "salt pan": "salt", "snow patch": "snow"}.get(feature.kind, feature.kind),
        SPECTRA["pad"],
    )
    tilt = rng.normal(1, spread / 3, len(BANDS))
    surface, packing = YARDS[feature.yard_kind]
    away = height / 2 + GAP_PX + feature.yard_depth_px / 2
    beside = (row + away * np.cos(angle), col - away * np.sin(angle))
    yard = _parts(window, beside, (feature.yard_depth_px, width), angle, 1, packing)[0]
    whole_pad = box(col - width * grow / 2, row - height * grow / 2, col + width * grow / 2, row + height * grow / 2)
    return Placed(
        feature=feature,
        window=window,
        parts=roof_cover,
        pad=pad,
        spectrum=(spectrum * feature.brightness * tilt).astype(np.float32),
        pad_spectrum=(SPECTRA["pad"] * rng.uniform(0.75, 1.15)).astype(np.float32),
        outline=outline,
        pad_outline=affinity.rotate(whole_pad, feature.angle_deg, origin=(col, row)),
        yard=yard,
        yard_spectrum=SPECTRA[surface] * feature.yard_brightness,
    )


def _parts(
    window: tuple[slice, slice],
    centre: tuple[float, float],
    size: tuple[float, float],
    angle: float,
    parts: int,
    packing: float = 1.0,
) -> np.ndarray:
    """Return (parts, y, x) covers of a turned rectangle cut across its width, from 8 x 8 samples a pixel.

    With a `packing` under 1 rows ROW_PX apart cover that share of it.
    """
    fine = 8
    rows = (np.arange((window[0].stop - window[0].start) * fine) + 0.5) / fine + window[0].start - centre[0]
    cols = (np.arange((window[1].stop - window[1].start) * fine) + 0.5) / fine + window[1].start - centre[1]
    along = cols[None] * np.cos(angle) + rows[:, None] * np.sin(angle)
    across = -cols[None] * np.sin(angle) + rows[:, None] * np.cos(angle)
    inside = (np.abs(across) < size[0] / 2) & (along / ROW_PX % 1 < packing)
    place = np.floor((along / size[1] + 0.5) * parts)
    shape = (len(rows) // fine, fine, len(cols) // fine, fine)
    return np.stack([(inside & (place == k)).reshape(shape).mean(axis=(1, 3)) for k in range(parts)]).astype(np.float32)


def truth(placed: list[Placed], transform: Affine, epsg: int) -> gpd.GeoDataFrame:
    """Return what stands where and when as one row per feature."""
    rows: list[dict[str, Any]] = []
    pads: dict[str, list[Polygon]] = {p.feature.name: [] for p in placed}
    for p in placed:
        if p.feature.kind in (*ROOFS, "earthworks"):
            pads[p.feature.name].append(p.pad_outline)
    for p in placed:
        f = p.feature
        changes = f.kind not in ("no change", "snow patch")
        half = f.complete - dt.timedelta(f.ramp_days / 2)
        rows.append(
            {
                "outline_id": f.name,
                "kind": f.kind,
                "onset": pd.Timestamp(f.onset) if changes else pd.NaT,
                "roofed_half": pd.Timestamp(half) if f.kind in ROOFS else pd.NaT,
                "complete": pd.Timestamp(f.complete) if changes else pd.NaT,
                "removed": pd.Timestamp(f.removed) if f.removed else pd.NaT,
                "roof_area_m2": f.area_m2 if f.kind in ROOFS else np.nan,
                # all phases of an outline stand on one plot
                "plot_area_m2": unary_union(pads[f.name]).area * PIXEL_M**2 if pads[f.name] else np.nan,
                "cooling_yard_m2": f.yard_m2 * (f.yard_kind == "cooling yard") if f.kind in ROOFS else np.nan,
                "phase": sum(r["outline_id"] == f.name for r in rows),
                "geometry": affinity.affine_transform(
                    p.outline, [transform.a, 0, 0, transform.e, transform.c, transform.f]
                ),
            }
        )
    columns = ["outline_id", "kind", "onset", "roofed_half", "complete", "removed", "roof_area_m2", "plot_area_m2",
               "cooling_yard_m2", "phase", "geometry"]  # fmt: skip
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=epsg)


def _covered(feature: Feature, day: int, parts: int) -> np.ndarray:
    """Return the cover 0 to 1 of each part on `day` (proleptic ordinal)."""
    start = feature.complete.toordinal() - feature.ramp_days
    share = np.clip((day - start) / max(feature.ramp_days, 1e-9), 0, 1)
    return np.asarray(np.clip(share * parts - np.arange(parts), 0, 1))


def build(
    ground: np.ndarray,
    placed: list[Placed],
    texture: np.ndarray,
    *,
    day: int,
    year_day: int,
    roofs: np.ndarray,
) -> None:
    """Change ground (7, y, x) in place to what stands on `day`; write the cover of roofs to `roofs`."""
    season = np.cos(2 * np.pi * (year_day - 172) / 365)
    begun = [p for p in placed if p.feature.kind != "no change" and day >= p.feature.onset.toordinal()]
    # all scraping before all roofs: the yard of a second phase does not bury the first
    for p in begun:
        if p.feature.kind in (*ROOFS, "earthworks"):
            rows, cols = p.window
            scraped = p.pad * min((day - p.feature.onset.toordinal()) / 20, 1)
            grain = 1 + texture[rows, cols]
            ground[:, rows, cols] = (
                ground[:, rows, cols] * (1 - scraped) + p.pad_spectrum[:, None, None] * grain * scraped
            )
    for p in begun:
        f = p.feature
        if f.kind == "earthworks" or (f.removed and day >= f.removed.toordinal()):
            continue
        rows, cols = p.window
        here = ground[:, rows, cols]
        cover = np.tensordot(_covered(f, day, len(p.parts)), p.parts, 1)
        cover, spectrum = _appearance(
            f, p.spectrum, cover, p.parts.sum(axis=0), day=day, year_day=year_day, season=season
        )
        grain = 1 + texture[rows, cols] if f.kind not in ROOFS else np.ones_like(cover)
        ground[:, rows, cols] = here * (1 - cover) + spectrum[:, None, None] * cover * grain
        if f.kind in ROOFS:
            roofs[rows, cols] = np.maximum(roofs[rows, cols], cover)
        if f.yard_m2 and day >= f.complete.toordinal():
            ground[:, rows, cols] = ground[:, rows, cols] * (1 - p.yard) + p.yard_spectrum[:, None, None] * p.yard


def _appearance(
    f: Feature,
    spectrum: np.ndarray,
    cover: np.ndarray,
    whole: np.ndarray,
    *,
    day: int,
    year_day: int,
    season: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return cover and spectrum of one feature on a day: slow digs, seasons of plastic, salt and old snow."""
    slow = np.clip((day - f.onset.toordinal()) / max((f.complete - f.onset).days, 1), 0, 1)
    if f.kind == "solar field":
        return whole * slow * 0.75, spectrum
    if f.kind == "greenhouse":
        plastic = 0.85 if year_day < 140 or year_day > 270 else 0.55
        return whole * slow * plastic, spectrum
    if f.kind == "quarry":
        return whole * slow, spectrum
    if f.kind == "salt pan":
        wet = 0.5 + 0.5 * np.cos(2 * np.pi * (year_day - 110) / 365)
        return whole, SPECTRA["wet"] * wet * 0.7 + spectrum * (1 - wet * 0.7)
    if f.kind == "snow patch":
        return whole * (1.0 if year_day < 120 or year_day > 300 else 0.0), spectrum
    return cover, spectrum * (1 + 0.09 * season * (1 if f.kind == "bright roof" else 0.5))
