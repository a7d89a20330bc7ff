"""Turn a folder of dated pictures (GeoTIFF, JPEG, PNG) into the same Dataset as satellite scenes."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
import shapely
import xarray as xr
from affine import Affine
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import from_gcps
from rasterio.warp import Resampling, reproject, transform_bounds
from scipy import fft, ndimage
from shapely.geometry.base import BaseGeometry

from osint import geo
from osint.errors import BadInputError, RefusedError, UnreadableError
from osint.geo import Place
from osint.imagery.cog import CLOSED_GDAL
from osint.imagery.grid import Grid, utm_grid

SUFFIXES = (".tif", ".tiff", ".jpg", ".jpeg", ".png")
TABLE = "pictures.csv"
MAX_PIXELS = 200_000_000
SHIFT_LIMIT_M = 60.0
MIN_RESPONSE = 0.05
"""A correlation peak below this share of the whole is noise: such a shift is not removed."""
_EXIF_TAKEN = 36867


@dataclass(frozen=True)
class Picture:
    """One picture of the user's own, read and placed."""

    name: str
    date: dt.datetime
    """Acquired, UTC; midnight where only the day is known."""
    pixels: np.ndarray
    """Bands, rows, columns: three bands (red, green, blue), as stored."""
    transform: Affine
    crs: CRS
    sensor: str
    credit: str
    rights: str
    precision_m: float
    """How far off the corners may be, metres; NaN when not stated."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a picture was from the first one."""

    id: str
    """Name of the file."""
    x_m: float
    """To the east, metres."""
    y_m: float
    """To the north, metres."""
    response: float
    """Strength of the match, 0 to 1."""
    removed: bool
    """Whether the picture was moved back: not below MIN_RESPONSE or over SHIFT_LIMIT_M."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """A folder of pictures on one grid."""

    data: xr.Dataset
    """Red, green, blue: float32, 0 to 1 of what a pixel can hold (a brightness, not a reflectance), NaN outside.
    Dims time, y, x; coordinates id, platform (the sensor), credit, rights, precision_m and gsd_m by time; attrs
    as of `Reading.data`.
    """
    shifts: tuple[Shift, ...]


def read_pictures(
    path: str | Path,
    place: Place | None = None,
    resolution: float | None = None,
    *,
    crs: str | int = 4326,
    align: bool = True,
) -> Pictures:
    """Read a folder of dated pictures onto one UTM grid, earliest first.

    A table `pictures.csv` in the folder may say for each `file`: date, sensor, credit, rights, precision_m,
    crs, and the place as west, south, east, north (of the outer edges) or as gcps ("column row x y; ...",
    three or more). Else the place is the GeoTIFF's own or a world file's (in `crs`), and the date is found in
    the name of the file (2023-05-06, 20230506, 2023年5月6日) or in EXIF, in this order.

    Without `resolution` (metres) it is that of the coarsest picture. With `align`, shifts against the first
    picture are estimated by phase correlation and removed where the match is clear. Raises BadInputError for a
    picture without a date or a place, UnreadableError for a file that is not a picture.
    """
    home = Path(path)
    if not home.is_dir():
        raise BadInputError(f"{home} is {'a file' if home.exists() else 'not there'}; name the folder of the pictures")
    table = _table(home)
    files = sorted(p for p in home.iterdir() if p.suffix.lower() in SUFFIXES)
    if not files:
        raise BadInputError(f"there is no picture ({', '.join(SUFFIXES)}) in {home.name}")
    shots = sorted((_picture(p, table.get(p.name, {}), crs) for p in files), key=lambda s: s.date)
    sizes = [_gsd_m(shot) for shot in shots]
    outline = _outline(shots[0]) if place is None else geo.as_geometry(place)
    grid = utm_grid(outline, resolution or max(0.1, round(max(sizes), 1)))
    cube = np.stack([_on_grid(shot, grid) for shot in shots])
    shifts = _aligned(shots, cube, grid) if align else []
    data = xr.Dataset(
        {name: (("time", "y", "x"), cube[:, k]) for k, name in enumerate(("red", "green", "blue"))},
        coords={
            "time": np.array([s.date.replace(tzinfo=None) for s in shots], "datetime64[ns]"),
            "y": grid.y,
            "x": grid.x,
            "id": ("time", [s.name for s in shots]),
            "platform": ("time", [s.sensor for s in shots]),
            **{n: ("time", [getattr(s, n) for s in shots]) for n in ("credit", "rights", "precision_m")},
            "gsd_m": ("time", sizes),
            "cloud_pct": ("time", [math.nan] * len(shots)),
        },
    )
    credits = "; ".join(dict.fromkeys(s.credit for s in shots if s.credit))
    data.attrs = {"crs": grid.crs, "transform": tuple(grid.transform)[:6], "credit": credits, "simulated": False}
    return Pictures(data, tuple(shifts))


def _table(home: Path) -> dict[str, dict[str, str]]:
    path = home / TABLE
    if not path.is_file():
        return {}
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "file" not in frame:
        raise BadInputError(f"{TABLE} needs a column `file`; it has {', '.join(frame.columns)}")
    return {row["file"]: {str(k): v.strip() for k, v in row.items() if v.strip()} for row in frame.to_dict("records")}


def _picture(path: Path, entry: dict[str, str], crs: str | int) -> Picture:
    pixels, transform, known, taken = _read(path)
    placed = _stated_place(entry, pixels.shape[-2:], path)
    if placed:
        transform, known = placed, CRS.from_user_input(entry.get("crs", crs))
    elif known is None:
        transform, known = _world_file(path), CRS.from_user_input(entry.get("crs", crs))
    date = _date(path, entry.get("date"), taken)
    sensor, credit, rights = (entry.get(name, "") for name in ("sensor", "credit", "rights"))
    precision_m = float(entry.get("precision_m", "nan"))
    return Picture(path.name, date, pixels, transform, known, sensor, credit, rights, precision_m)


def _read(path: Path) -> tuple[np.ndarray, Affine, CRS | None, str]:
    """Return pixels (3, rows, columns), place and CRS if the file holds them, and the date in EXIF."""
    if path.suffix.lower() in (".tif", ".tiff"):
        try:
            with rasterio.Env(**CLOSED_GDAL), rasterio.open(path, driver="GTiff") as source:
                _check_size(path, source.width, source.height)
                bands = [1, 2, 3] if source.count >= 3 else [1, 1, 1]
                known = source.crs
                return source.read(bands), source.transform, known, source.tags().get("TIFFTAG_DATETIME", "")
        except RasterioError as error:
            raise UnreadableError(f"{path.name} is not a readable GeoTIFF: {str(error)[:120]}") from error
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            _check_size(path, *image.size)
            taken = str(image.getexif().get_ifd(0x8769).get(_EXIF_TAKEN, ""))
            pixels = np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)
    except RefusedError:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableError(f"{path.name} is not a readable JPEG or PNG ({type(error).__name__})") from error
    return pixels, Affine.identity(), None, taken


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise RefusedError(f"{path.name} has {width} x {height} pixels, over the limit of {MAX_PIXELS:,}: cut it first")


def _stated_place(entry: dict[str, Any], shape: tuple[int, ...], path: Path) -> Affine | None:
    """Return where the table puts a picture, by corners or by control points; None without either."""
    try:
        if "gcps" in entry:
            points = [[float(v) for v in point.split()] for point in entry["gcps"].split(";") if point.strip()]
            if len(points) < 3:
                raise BadInputError(f"{path.name} needs at least three control points, {TABLE} has {len(points)}")
            fitted: Affine = from_gcps([GroundControlPoint(row=r, col=c, x=x, y=y) for c, r, x, y in points])
            return fitted
        if "west" in entry:
            west, south, east, north = (float(entry[k]) for k in ("west", "south", "east", "north"))
            if west >= east or south >= north:
                raise BadInputError(f"{path.name}: in {TABLE} west must be less than east, and south than north")
            return Affine((east - west) / shape[1], 0, west, 0, (south - north) / shape[0], north)
    except BadInputError:
        raise
    except (ValueError, KeyError) as error:
        raise BadInputError(f"{path.name}: its place in {TABLE} cannot be read ({error})") from error
    return None


def _world_file(path: Path) -> Affine:
    kind = path.suffix.lower()
    for suffix in (f"{kind[:2]}{kind[-1]}w", f"{path.suffix}w", ".wld"):
        found = path.with_suffix(suffix)
        if found.is_file():
            try:
                a, d, b, e, c, f = (float(v) for v in found.read_text(encoding="utf-8").split())
            except ValueError as error:
                raise BadInputError(f"{found.name} must hold six numbers") from error
            # a world file places the centre of the first pixel
            return Affine(a, b, c - a / 2 - b / 2, d, e, f - d / 2 - e / 2)
    raise BadInputError(
        f"nothing states where {path.name} is: give corners or control points in {TABLE}, or a world file"
    )


def _date(path: Path, stated: str | None, taken: str) -> dt.datetime:
    for text in (stated, path.stem, taken):
        found = re.search(r"(?<!\d)((?:19|20)\d\d)[-_.:年/]?(\d{1,2})[-_.:月/]?(\d{1,2})(?!\d{3})", text or "")
        if found:
            try:
                year, month, day = map(int, found.groups())
                return dt.datetime(year, month, day, tzinfo=dt.UTC)
            except ValueError:
                continue
    raise BadInputError(f"nothing states when {path.name} was taken: put the date in its name or in {TABLE}")


def _outline(shot: Picture) -> BaseGeometry:
    rows, columns = shot.pixels.shape[-2:]
    corners = [shot.transform @ corner for corner in ((0, 0), (columns, 0), (columns, rows), (0, rows))]
    west, south, east, north = shapely.Polygon(corners).bounds
    return shapely.box(*transform_bounds(shot.crs, "EPSG:4326", west, south, east, north))


def _gsd_m(shot: Picture) -> float:
    """Return the size of a pixel on the ground, metres: the root of its area."""
    return math.sqrt(geo.area_m2(_outline(shot)) / math.prod(shot.pixels.shape[-2:]))


def _on_grid(shot: Picture, grid: Grid, move_m: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return red, green, blue on `grid`, moved by (x, y) metres, float32 from 0 to 1, NaN outside."""
    out = np.full((3, *grid.shape), np.nan, np.float32)
    place = Affine.translation(-move_m[0], -move_m[1]) @ grid.transform
    finer = grid.transform.a > 1.5 * _gsd_m(shot)
    most = float(np.iinfo(shot.pixels.dtype).max) if shot.pixels.dtype.kind == "u" else 1.0
    reproject(
        shot.pixels.astype(np.float32) / most,
        out,
        src_transform=shot.transform,
        src_crs=shot.crs,
        dst_transform=place,
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=Resampling.average if finer else Resampling.bilinear,
    )
    return out


def _aligned(shots: list[Picture], cube: np.ndarray, grid: Grid) -> list[Shift]:
    """Move every picture onto the first, changing `cube`, and return what was done."""
    shifts = []
    size = grid.transform.a
    for t, shot in enumerate(shots[1:], start=1):
        down, right, response = shift_px(cube[0].mean(0), cube[t].mean(0))
        x, y = -right * size, down * size
        removed = response >= MIN_RESPONSE and math.hypot(x, y) <= SHIFT_LIMIT_M
        if removed:
            cube[t] = _on_grid(shot, grid, (x, y))
        shifts.append(Shift(shot.name, round(x, 2), round(y, 2), round(response, 3), removed))
    return shifts


def shift_px(reference: np.ndarray, moved: np.ndarray) -> tuple[float, float, float]:
    """Return how many pixels `moved` is below and to the right of `reference`, and the strength of the peak.

    Phase correlation (Kuglin and Hines, 1975) of the two pictures under a Hann window, with the place of the
    peak refined by a parabola through its neighbours. The strength is the peak's height over that of a
    perfect match, 0 to 1. NaN pixels count as the mean.
    """
    window = np.outer(np.hanning(reference.shape[0]), np.hanning(reference.shape[1]))
    first, second = (fft.rfft2(_flat(image) * window) for image in (reference, moved))
    cross = np.conj(first) * second
    size = np.abs(cross)
    cross = np.divide(cross, size, out=np.zeros_like(cross), where=size > size.max() * 1e-9)
    surface = ndimage.gaussian_filter(fft.irfft2(cross, s=reference.shape), 0.7, mode="wrap")
    row, column = np.unravel_index(int(np.argmax(surface)), surface.shape)
    down = row + _vertex(surface[[row - 1, row, (row + 1) % surface.shape[0]], column])
    right = column + _vertex(surface[row, [column - 1, column, (column + 1) % surface.shape[1]]])
    down, right = (v - n if v > n / 2 else v for v, n in zip((down, right), surface.shape, strict=True))
    perfect = 1 / (2 * np.pi * 0.7**2)
    return float(down), float(right), float(min(surface.max() / perfect, 1.0))


def _flat(image: np.ndarray) -> np.ndarray:
    """Return an image without its mean and its slow brightness, NaN filled."""
    if not np.isfinite(image).any():
        return np.zeros(image.shape)
    filled = np.where(np.isfinite(image), image, np.nanmean(image)).astype(np.float64)
    return np.asarray(filled - ndimage.gaussian_filter(filled, max(image.shape) / 16))


def _vertex(three: np.ndarray) -> float:
    bend = three[0] - 2 * three[1] + three[2]
    return float(np.clip((three[0] - three[2]) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
