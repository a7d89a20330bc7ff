"""Turn a folder of dated pictures (GeoTIFF, JPEG, PNG, WebP) into the same Dataset as satellite scenes."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import math
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
import shapely
import xarray as xr
from affine import Affine
from PIL import Image, ImageOps
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import from_gcps
from rasterio.warp import Resampling, reproject, transform_bounds
from shapely.geometry.base import BaseGeometry

from osint import files, geo
from osint.errors import BadInputError, RefusedError, UnreadableError
from osint.geo import Place
from osint.imagery.gdal import CLOSED_GDAL
from osint.imagery.grid import Grid, utm_grid
from osint.imagery.shifts import MIN_RESPONSE, SHIFT_LIMIT_M, Shift, quarters_agree, shift_px

SUFFIXES = (".tif", ".tiff", ".jpg", ".jpeg", ".png", ".webp")
OTHERS = (".heic", ".heif", ".avif", ".bmp", ".gif", ".jp2", ".j2k", ".jxl", ".psd", ".dng", ".cr2", ".nef", ".arw")
"""Suffixes of pictures that are not read; a file of one is named."""
TABLE = "pictures.csv"
MOST_TABLE_BYTES = 4 << 20
"""Bytes of the table of pictures at most: a line for each of tens of thousands."""
MAX_PIXELS = 200_000_000
NAMED = 3
"""Pictures that a remark names."""
_EXIF_TAKEN, _EXIF_TURNED = 36867, 0x0112
_SCREENSHOT = re.compile(r"screen[ _-]?shot|屏幕截图|屏幕快照|截屏|截图", re.IGNORECASE)
_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.:年/]?(\d{1,2})[-_.:月/]?(\d{1,2})日?(?:[ T_-]*(\d\d):?(\d\d)(?::?\d\d)?)?(?!\d{3})"
)


@dataclass(frozen=True)
class Picture:
    """One picture of the user's own, read and placed."""

    name: str
    date: dt.datetime
    """Acquired, UTC; midnight where only the day is known."""
    pixels: np.ndarray
    """Bands, rows, columns: red, green, blue, float32 from 0 to 1 of what a pixel can hold; NaN without a picture."""
    transform: Affine
    crs: CRS
    sensor: str
    credit: str
    rights: str
    precision_m: float
    """How far off the corners may be, metres; NaN when not stated."""
    depth: str
    """How its numbers were stored, as uint8."""
    remarks: tuple[str, ...] = ()
    """What a reader of it has to know, in words."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """A folder of pictures on one grid."""

    data: xr.Dataset
    """Red, green, blue: float32, 0 to 1 of what a pixel can hold (a brightness, not a reflectance), NaN outside.
    Dims time, y, x; coordinates id, platform (the sensor), credit, rights, precision_m and gsd_m by time; attrs
    as of `Reading.data`.
    """
    shifts: tuple[Shift, ...]
    remarks: tuple[str, ...] = ()
    """What was not read and what is in doubt, in words, with the names of the files."""
    unread: tuple[str, ...] = ()
    """Names of pictures of a format that is not read: what they show is not in the data."""


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
    the name of the file (2023-05-06, 20230506, 2023年5月6日) or in EXIF, in this order. A picture is turned as EXIF
    says, and what is transparent or nodata is no picture. What is not read or in doubt is in `remarks`.

    Without `resolution` (metres) it is that of the coarsest picture. With `align`, shifts against the first
    picture are estimated by phase correlation and removed where the match is clear and the quarters of the picture
    agree with it. Raises BadInputError for a
    picture without a date or a place, UnreadableError for a file that is not a picture.
    """
    home = Path(path)
    if not home.is_dir():
        raise BadInputError(f"{home} is {'a file' if home.exists() else 'not there'}; name the folder of the pictures")
    table = _table(home)
    files = sorted(p for p in home.iterdir() if p.suffix.lower() in SUFFIXES)
    unread = sorted(p.name for p in home.iterdir() if p.suffix.lower() in OTHERS)
    if not files:
        there = f"; {', '.join(unread)} cannot be read: save it as JPEG, PNG or GeoTIFF" if unread else ""
        raise BadInputError(f"there is no picture ({', '.join(SUFFIXES)}) in {home.name}{there}")
    if missing := sorted(set(table) - {_named(p.name) for p in files}):
        raise BadInputError(f"{TABLE} names {', '.join(missing)}, and no such picture is in {home.name}")
    shots = sorted((_picture(p, table.get(_named(p.name), {}), crs) for p in files), key=lambda s: s.date)
    shots, remarks = _one_depth(shots)
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
    remarks += [f"{name} is not read: save it as JPEG, PNG or GeoTIFF" for name in unread]
    return Pictures(data, tuple(shifts), tuple(remarks), tuple(unread))


def _one_depth(shots: list[Picture]) -> tuple[list[Picture], list[str]]:
    """Return pictures that can share one stretch, and what is to be said of them.

    Full scale means another thing in 8 bits, in 16 bits and in reflectances: where the depths differ, each picture is
    brought to its own bright end.
    """
    remarks = [remark for shot in shots for remark in shot.remarks]
    if len({shot.depth for shot in shots}) == 1:
        return shots, remarks
    told = "; ".join(f"{shot.name} {shot.depth}" for shot in shots[:NAMED]) + " ..." * (len(shots) > NAMED)
    remarks.append(f"the pictures differ in depth ({told}): each is scaled to its own bright end (98%)")
    return [replace(shot, pixels=shot.pixels / max(_bright(shot.pixels), 1e-6)) for shot in shots], remarks


def _bright(pixels: np.ndarray) -> float:
    return float(np.nanpercentile(pixels[:, ::7, ::7], 98)) if np.isfinite(pixels[:, ::7, ::7]).any() else 1.0


def _named(name: str) -> str:
    """Return the name of a file in the one form in which names are compared: discs of a Mac take accents apart."""
    return unicodedata.normalize("NFC", name)


def _table(home: Path) -> dict[str, dict[str, str]]:
    path = home / TABLE
    if not path.is_file():
        return {}
    body = files.read_regular(path, MOST_TABLE_BYTES)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:  # as Excel writes it in China
        text = body.decode("gb18030", "replace")
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    for number, row in enumerate(rows, 1):
        if len(row) > len(rows[0]):
            raise BadInputError(
                f"line {number} of {TABLE} has {len(row)} cells, and its first line {len(rows[0])}: write numbers with "
                "a point, as 94.698, and put a text with a comma in quotes"
            )
    if not rows:
        raise BadInputError(f"{TABLE} is empty: its first line names the columns, of which `file` is one")
    try:
        frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise BadInputError(f"{TABLE} is not a table ({' '.join(str(error).split())}); write it anew") from error
    if "file" not in frame:
        raise BadInputError(f"{TABLE} needs a column `file`; it has {', '.join(frame.columns)}")
    return {
        _named(row["file"].strip()): {str(k): v.strip() for k, v in row.items() if v.strip()}
        for row in frame.to_dict("records")
    }


def _system(crs: str | int, path: Path) -> CRS:
    """Return the coordinate system of the corners of a picture; raises BadInputError where none has that name."""
    try:
        with rasterio.Env():  # what PROJ has to say goes to the log, not to the terminal
            return CRS.from_user_input(crs)
    except CRSError as error:
        raise BadInputError(
            f"{crs!r}, the coordinate system of {path.name}, is not known; write it as EPSG:4326 (degrees) or as "
            f"EPSG:32646 (UTM zone 46 north, metres), with --crs or in the column crs of {TABLE}"
        ) from error


def _picture(path: Path, entry: dict[str, str], crs: str | int) -> Picture:
    pixels, transform, known, taken, facts = _read(path)
    placed = _stated_place(entry, pixels.shape[-2:], path)
    if "turned" in facts and ("gcps" in entry or not (placed or known)):
        raise BadInputError(
            f"{path.name} says in EXIF that it is to be turned, and its control points or world file do not say of "
            f"which pixels they speak: save it upright, or give its corners in {TABLE}"
        )
    if placed:
        transform, known = placed, _system(entry.get("crs", crs), path)
    elif known is None:
        transform, known = _world_file(path), _system(entry.get("crs", crs), path)
    date = _date(path, entry.get("date"), taken)
    sensor, credit, rights = (entry.get(name, "") for name in ("sensor", "credit", "rights"))
    precision_m = float(entry.get("precision_m", "nan"))
    remarks = [facts["bands"]] if "bands" in facts else []
    by_name = _DAY.search(path.stem)
    if not entry.get("date") and (_SCREENSHOT.search(path.stem) or not by_name):
        teller = "its name" if by_name else "what the file says of itself"
        remarks.append(
            f"{path.name} is dated {date:%Y-%m-%d} by {teller}, which "
            "may be the day of the screenshot and not of the picture: name it by the day of the picture, as "
            f"2024-05-01{path.suffix}, or put that day in {TABLE}"
        )
    made = Picture(path.name, date, pixels, transform, known, sensor, credit, rights, precision_m, facts["depth"])
    return replace(made, remarks=tuple(remarks))


def _read(path: Path) -> tuple[np.ndarray, Affine, CRS | None, str, dict[str, str]]:
    """Return pixels (3, rows, columns), place and CRS if the file holds them, the date in EXIF, and what else it says.

    That is `depth`, `turned` where EXIF turned it, and `bands` where the choice of bands is in doubt.
    """
    if not path.is_file():  # a pipe would be waited for
        raise UnreadableError(f"{path.name} is no ordinary file: take it out of the folder of the pictures")
    if path.suffix.lower() in (".tif", ".tiff"):
        try:
            with rasterio.Env(**CLOSED_GDAL), rasterio.open(path, driver="GTiff") as source:
                _check_size(path, source.width, source.height)
                bands, doubt = _colours_of(source)
                facts = {"depth": source.dtypes[0], **({"bands": f"{path.name}: {doubt}"} if doubt else {})}
                pixels = _scaled(source.read(bands))
                pixels[:, source.dataset_mask() == 0] = np.nan
                taken = source.tags().get("TIFFTAG_DATETIME", "")
                return pixels, source.transform, source.crs, taken, facts
        except RasterioError as error:
            raise UnreadableError(f"{path.name} is not a readable GeoTIFF: {str(error)[:120]}") from error
    try:
        with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
            _check_size(path, *image.size)
            taken = str(image.getexif().get_ifd(0x8769).get(_EXIF_TAKEN, ""))
            is_turned = image.getexif().get(_EXIF_TURNED, 1) not in (0, 1)
            pixels, depth = _of_image(ImageOps.exif_transpose(image))
    except RefusedError:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        with path.open("rb") as file:
            what = "HEIC by its bytes: save it as JPEG" if b"ftyphei" in file.read(16) else ""
        told = what or f"not a readable JPEG, PNG or WebP ({type(error).__name__})"
        raise UnreadableError(f"{path.name} is {told}") from error
    return pixels, Affine.identity(), None, taken, {"depth": depth, **({"turned": "EXIF"} if is_turned else {})}


def _of_image(image: Image.Image) -> tuple[np.ndarray, str]:
    """Return the pixels of a JPEG, PNG or WebP as `_read` does, and how they were stored."""
    if image.mode.startswith("I") or image.mode == "F":  # grey of 16 or 32 bits, which RGB would cut off
        deep = np.asarray(image)
        grey = _scaled(deep.astype(np.uint16) if image.mode.startswith("I") and deep.max() < 1 << 16 else deep)
        return np.repeat(grey[None], 3, axis=0), "uint16"
    clear = np.asarray(image.convert("RGBA"))
    pixels = _scaled(np.moveaxis(clear[..., :3], -1, 0))
    pixels[:, clear[..., 3] == 0] = np.nan
    return pixels, "uint8"


def _colours_of(source: DatasetReader) -> tuple[list[int], str]:
    """Return the numbers of the bands that are red, green and blue, and what is in doubt about that, in words."""
    stated = [kind.name for kind in source.colorinterp]
    written = [str(text or "").strip().lower() for text in source.descriptions]
    for names in (stated, written):
        if all(name in names for name in ("red", "green", "blue")):
            return [names.index(name) + 1 for name in ("red", "green", "blue")], ""
    if source.count < 3:
        return [1, 1, 1], ""
    doubt = "it does not say which of its bands are red, green and blue: the first three were taken as these"
    return [1, 2, 3], doubt if source.count > 3 else ""


def _scaled(pixels: np.ndarray) -> np.ndarray:
    """Return numbers as float32 from 0 to 1 of what a pixel can hold, in signed and real numbers by a power of ten."""
    if pixels.dtype.kind == "u":
        return (pixels / np.float32(np.iinfo(pixels.dtype).max)).astype(np.float32)
    real = pixels.astype(np.float32)
    some = real[np.isfinite(real)]
    most = float(np.quantile(some, 0.98)) if some.size else 1.0
    return real / np.float32(10.0 ** max(math.ceil(math.log10(max(most, 1.0))), 0))


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
        f"nothing states where {path.name} is: if all pictures there show one view, `osint pictures {path.parent.name} "
        "--centre LON,LAT --width-m M --precision-m M` says it of all; else put a file "
        f"{TABLE} beside it (its columns: docs/imagery.md), or a world file"
    )


def _date(path: Path, stated: str | None, taken: str) -> dt.datetime:
    for number, text in enumerate((stated, path.stem, taken)):
        for found in _DAY.finditer(text or ""):
            with contextlib.suppress(ValueError):
                year, month, day, hour, minute = (int(part or 0) for part in found.groups())
                # a clock is taken of the table alone: that of a camera is of an unknown zone
                clock = (hour, minute) if number == 0 else (0, 0)
                return dt.datetime(year, month, day, *clock, tzinfo=dt.UTC)
        if text and number == 0:
            raise BadInputError(f"{path.name}: its date {stated!r} in {TABLE} cannot be read: write it as 2023-05-06")
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
    reproject(
        shot.pixels,
        out,
        src_nodata=np.nan,
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
        removed = removed and quarters_agree(cube[0].mean(0), cube[t].mean(0), (down, right))
        if removed:
            cube[t] = _on_grid(shot, grid, (x, y))
        shifts.append(Shift(shot.name, round(x, 2) + 0.0, round(y, 2) + 0.0, round(response, 3), removed))
    return shifts
