"""Arguments that several verbs share, and how they are read."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

PLACES = ("--bbox", "--at")
"""Options whose value may begin with a minus sign."""
KM_RANGE = (0.1, 500.0)
"""Precision that `--precision-km` takes."""


def scenes_parser(*, out: str, required: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parent parser of verbs that read scenes: dates, catalogue, collection, output.

    `out` is the help of `--out`; `required` names the options that must be given.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--start", metavar="DATE", required="start" in required, help="first day, YYYY-MM-DD")
    parser.add_argument("--end", metavar="DATE", required="end" in required, help="last day, YYYY-MM-DD")
    parser.add_argument(
        "--catalogue",
        default="earth-search",
        metavar="URL",
        help="earth-search (default), planetary-computer, cdse, a STAC API, or the folder of a static STAC catalogue",
    )
    parser.add_argument("--collection", help="default: surface reflectance of Sentinel-2 at that catalogue")
    parser.add_argument("--out", type=Path, required="out" in required, metavar="FILE", help=out)
    return parser


def dates(args: argparse.Namespace) -> tuple[str, str]:
    """Return the first and the last day; raises BadInputError if one is missing."""
    from osint.errors import BadInputError

    if not args.start or not args.end:
        raise BadInputError("name the time to look at: --start YYYY-MM-DD --end YYYY-MM-DD")
    return args.start, args.end


def box(text: str) -> BaseGeometry:
    """Return the value of `--bbox` as an outline in degrees; raises BadInputError if it is not W,S,E,N."""
    from shapely.geometry import box as rectangle

    from osint.errors import BadInputError

    try:
        west, south, east, north = (float(v) for v in text.split(","))
    except ValueError:
        raise BadInputError(f"`--bbox` wants four numbers W,S,E,N in degrees, got {text!r}") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise BadInputError(f"`--bbox` must have west < east and south < north in degrees, got {text!r}")
    return rectangle(west, south, east, north)


def disc(text: str, precision_km: float) -> BaseGeometry:
    """Return the disc of `--at` LON,LAT and `--precision-km`, in degrees; raises BadInputError if it is none."""
    from osint import geo, imagery
    from osint.errors import BadInputError

    try:
        lon, lat = (float(v) for v in text.split(","))
    except ValueError:
        raise BadInputError(f"`--at` wants LON,LAT in degrees, got {text!r}") from None
    if not KM_RANGE[0] <= precision_km <= KM_RANGE[1]:
        raise BadInputError(f"`--precision-km` is {KM_RANGE[0]:g} to {KM_RANGE[1]:g}, not {precision_km:g}")
    imagery.utm_epsg(lon, lat)
    return geo.disc(lon, lat, 1000 * precision_km)


def join_places(argv: Sequence[str]) -> list[str]:
    """Return arguments with a place that begins with a minus sign joined to its option, or argparse takes it for one.

    >>> join_places(["locate", "--at", "-90.15,35.06", "--precision-km", "5"])
    ['locate', '--at=-90.15,35.06', '--precision-km', '5']
    """
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in PLACES and re.match(r"-[\d.]", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
