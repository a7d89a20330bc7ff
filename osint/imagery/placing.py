"""Say where pictures of one view lie, by its middle and its width, where nobody has the corners."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from PIL import Image

from osint import files, geo
from osint.errors import BadInputError, NotFoundError, UnreadableError
from osint.imagery.local import TABLE
from osint.register import csv_text

PLAIN = (".png", ".jpg", ".jpeg", ".webp")
COLUMNS = ("file", "west", "south", "east", "north", "precision_m")
SHAPE_DIFFERS = 0.01  # pictures of one view have one shape: a share by which their heights over widths may differ


def place_pictures(folder: str | Path, lon: float, lat: float, width_m: float, precision_m: float) -> Path:
    """Write the table of a folder of pictures that all show one view, north up, and return its path.

    `lon` and `lat` are the middle of the view in degrees, `width_m` is how wide it is on the ground (of a screenshot:
    its scale bar), and `precision_m` how far off its edges may be. Dates are not written: they are in the names of the
    files or in EXIF. Raises NotFoundError without the folder, UnreadableError for a file that is no picture or says it
    is a huge one, and BadInputError for a folder that has such a table, for one without pictures, for pictures of
    different shapes, and for numbers that are none.
    """
    home = Path(folder)
    table = home / TABLE
    if not home.is_dir():
        raise NotFoundError(f"there is no folder {folder}: name the one that holds the pictures")
    if table.exists():
        raise BadInputError(f"{table} is there already and says where the pictures lie: correct it, or take it away")
    if not 0 < width_m < 1e6 or not 0 < precision_m < width_m:
        raise BadInputError(
            f"a view is some metres wide, and its edges are off by less: not {width_m:g} and {precision_m:g}"
        )
    shapes = {path.name: _shape(path) for path in sorted(home.iterdir()) if path.suffix.lower() in PLAIN}
    if not shapes:
        raise BadInputError(f"there is no picture ({', '.join(PLAIN)}) in {home.name}")
    least, most = min(shapes, key=shapes.__getitem__), max(shapes, key=shapes.__getitem__)
    if shapes[most] > shapes[least] * (1 + SHAPE_DIFFERS):
        raise BadInputError(f"{least} and {most} have different shapes, so they are not of one view: cut them alike")
    edges = {name: _edges(lon, lat, width_m / 2, width_m * shape / 2) for name, shape in shapes.items()}
    rows = [[name, *(f"{edge:.7f}" for edge in of_one), f"{precision_m:g}"] for name, of_one in edges.items()]
    files.replace_file(table, csv_text(pd.DataFrame(rows, columns=COLUMNS)).encode(), private=True)
    return table


def _shape(path: Path) -> float:
    """Return the height of a picture over its width, turned as EXIF says."""
    try:
        with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableError(f"{path.name} is not a readable JPEG, PNG or WebP ({type(error).__name__})") from error
    return width / height if turned else height / width


def _edges(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float, float, float]:
    """Return west, south, east and north (degrees) of a view about a place."""
    west, _, east, _ = geo.disc(lon, lat, east_m).bounds
    _, south, _, north = geo.disc(lon, lat, north_m).bounds
    return west, south, east, north
