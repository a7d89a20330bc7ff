"""Arguments that several verbs share, and how they are read."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

PLACES = ("--bbox", "--at")
"""Options whose value may begin with a minus sign."""
INCOMPLETE = 3
"""Exit status of a verb that ended without having read all that it asked for: what it did not see is not known."""
KM_RANGE = (0.1, 500.0)
"""Precision that `--precision-km` takes."""


def add_verb(
    subparsers: Any,
    name: str,
    handler: Callable[[argparse.Namespace], int | None],
    *parents: argparse.ArgumentParser,
    **told: Any,
) -> argparse.ArgumentParser:
    """Return the parser of a new verb with the options of its parents; `told` is its help, description and epilog."""
    parser: argparse.ArgumentParser = subparsers.add_parser(name, parents=parents, **told)
    parser.set_defaults(handler=handler)
    return parser


def catalogue_parser() -> argparse.ArgumentParser:
    """Return the parent parser of verbs that ask a catalogue of scenes."""
    parser = argparse.ArgumentParser(add_help=False)
    known = "earth-search, planetary-computer, cdse, a STAC API or a folder of a static catalogue (default %(default)s)"
    parser.add_argument("--catalogue", default="earth-search", metavar="URL", help=known)
    parser.add_argument("--collection", help="default: surface reflectance of Sentinel-2 at that catalogue")
    return parser


def scenes_parser(*, out: str, required: Sequence[str] = ("start", "end", "out")) -> argparse.ArgumentParser:
    """Return the parent parser of verbs that read scenes: dates, catalogue, collection, output.

    `out` is the help of `--out`; `required` names the options that must be given.
    """
    parser = argparse.ArgumentParser(add_help=False, parents=[catalogue_parser()])
    parser.add_argument("--start", metavar="DATE", required="start" in required, help="first day, YYYY-MM-DD")
    parser.add_argument("--end", metavar="DATE", required="end" in required, help="last day, YYYY-MM-DD")
    parser.add_argument("--out", type=Path, required="out" in required, metavar="FILE", help=out)
    return parser


def box(text: str) -> BaseGeometry:
    """Return the value of `--bbox` as an outline in degrees; raises BadInputError if it is not W,S,E,N."""
    from shapely.geometry import box as rectangle

    from osint.errors import BadInputError

    west, south, east, north = named_numbers("--bbox", "W,S,E,N", text)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise BadInputError(f"`--bbox` must have west < east and south < north in degrees, got {text!r}")
    return rectangle(west, south, east, north)


def disc_argument(text: str, precision_km: float) -> BaseGeometry:
    """Return the disc of `--at` LON,LAT and `--precision-km`, in degrees; raises BadInputError if it is none."""
    from osint import geo, imagery
    from osint.errors import BadInputError

    lon, lat = named_numbers("--at", "LON,LAT", text)
    if not KM_RANGE[0] <= precision_km <= KM_RANGE[1]:
        raise BadInputError(f"`--precision-km` is {KM_RANGE[0]:g} to {KM_RANGE[1]:g}, not {precision_km:g}")
    imagery.utm_epsg(lon, lat)
    return geo.disc(lon, lat, 1000 * precision_km)


def named_numbers(option: str, form: str, text: str, between: str = ",") -> list[float]:
    """Return the numbers of an option's value, as many as `form` names; raises BadInputError if it is not that form."""
    from osint.errors import BadInputError

    numbers = text.split(between)
    try:
        if len(numbers) == len(form.split(between)):
            return [float(number) for number in numbers]
    except ValueError:
        pass
    raise BadInputError(f"`{option}` wants {form}, got {text!r}")


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
