"""Arguments that several verbs share, and how they are read."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SIMULATED = "SIMULATED: invented ground put at these coordinates; nothing here is a finding about a real place"
PLACES = ("--bbox", "--at")
"""Options whose value may begin with a minus sign."""
INCOMPLETE = 3
"""Exit status of a verb that ended without having read all that it asked for: what it did not see is not known."""
KM_RANGE = (0.1, 500.0)
"""Precision that `--precision-km` takes."""


def decide(case: str | None) -> str:
    """Return the line by which a person decides on claims that were read."""
    data = f" --data {shlex.quote(case)}" if case else ""
    return (
        f'then: osint review{data} --accept KEY --who NAME --translation "..." --evidence yes, or no: whether it may '
        "be evidence for other claims"
    )


def tell(text: str) -> None:
    """Print a line of progress or of what is not known to the standard error: it is no part of the answer."""
    print(text, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Print a remark of the program to the standard error."""
    tell(f"osint: {text}")


def add_verb(
    subparsers: Any,
    name: str,
    handler: Callable[[argparse.Namespace], int | None],
    *parents: argparse.ArgumentParser,
    **told: Any,
) -> argparse.ArgumentParser:
    """Return the parser of a new verb with --data, --json and the options of its parents.

    `told` is its help, description and epilog, whose lines stay as they are.
    """
    shape = argparse.RawDescriptionHelpFormatter
    parser: argparse.ArgumentParser = subparsers.add_parser(name, parents=parents, formatter_class=shape, **told)
    data = "folder of the case (holds raw/); without it OSINT_DATA, else ./data, else the shipped register"
    parser.add_argument("--data", metavar="DIR", help=data)
    parser.add_argument("--json", action="store_true", help="JSON instead of text: one object a line")
    parser.set_defaults(handler=handler)
    return parser


def add_offline(parser: argparse.ArgumentParser) -> None:
    """Add --offline."""
    parser.add_argument("--offline", action="store_true", help="ask nothing: use only answers that were kept")


def first_day(text: str) -> str:
    """Return the first day of a date in any spelling (2024, 2024-06, 2024年6月5日) as ISO; a type of argparse."""
    return _day_of(text, 0.0)


def last_day(text: str) -> str:
    """Return the last day of a date in any spelling as ISO; a type of argparse."""
    return _day_of(text, 1.0)


def middle_day(text: str) -> str:
    """Return the middle day of a date in any spelling as ISO; a type of argparse."""
    return _day_of(text, 0.5)


def _day_of(text: str, share: float) -> str:
    from osint.errors import BadInputError
    from osint.register import read_date

    try:
        date = read_date(text)
    except BadInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return (date.first + share * (date.last - date.first)).isoformat()


def share(text: str) -> float:
    """Return a probability or a share that was typed as 0.9 or as 90%; a type of argparse."""
    typed = text.strip().replace("％", "%")
    try:
        value = float(typed.removesuffix("%")) / (100 if typed.endswith("%") else 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write 0.9 or 90%") from None
    return value


def out_file(text: str) -> Path:
    """Return the value of an option that names a file to write; a type of argparse.

    A bare name belongs into the case (`in_case`); `./NAME` is one in the current folder.
    """
    return Path(text).absolute() if text.startswith(("./", ".\\")) else Path(text)


def in_case(path: Path, data: str | None) -> Path:
    """Return where a file is written: a bare name in derived/ of the case, any other path as it is."""
    from osint.register import derived_dir

    return path if path.is_absolute() or len(path.parts) > 1 else derived_dir(data) / path


OUTPUTS = ("out",)
"""Options that name a file to write."""


def place_outputs(args: argparse.Namespace) -> list[Path]:
    """Set the outputs that are bare names to their place in the case, and return those places.

    Raises RefusedError for a place that leads through a link, before anything is read for it.
    """
    from osint import files

    moved = []
    for name in OUTPUTS:
        path = getattr(args, name, None)
        if isinstance(path, Path):
            place = in_case(path, getattr(args, "data", None))
            files.check_place(place)
            setattr(args, name, place)
            moved += [place] if place != path else []
    return moved


def catalogue_parser() -> argparse.ArgumentParser:
    """Return the parent parser of verbs that ask a catalogue of scenes."""
    parser = argparse.ArgumentParser(add_help=False)
    known = "earth-search, planetary-computer, cdse, a STAC API or a folder of a static catalogue (default %(default)s)"
    parser.add_argument("--catalogue", default="earth-search", metavar="URL", help=known)
    parser.add_argument("--collection", help="default: surface reflectance of Sentinel-2 at that catalogue")
    add_offline(parser)
    return parser


def span_parser(*, required: bool = True) -> argparse.ArgumentParser:
    """Return the parent parser of verbs that look at a span of time."""
    parser = argparse.ArgumentParser(add_help=False)
    told = "day: 2024-06-15, or the first of 2024-06 or 2024"
    parser.add_argument("--start", metavar="DATE", type=first_day, required=required, help=f"first {told}")
    told = "day: 2024-06-15, or the last of 2024-06 or 2024"
    parser.add_argument("--end", metavar="DATE", type=last_day, required=required, help=f"last {told}")
    return parser


def add_out(parser: argparse.ArgumentParser, told: str, *, required: bool = False, metavar: str = "FILE") -> None:
    """Add --out; `told` is what is written."""
    told = f"{told}; a bare name goes into derived/ of the case, ./NAME into the current folder"
    parser.add_argument("--out", type=out_file, required=required, metavar=metavar, help=told)


def scenes_parser(*, out: str, required: Sequence[str] = ("start", "end", "out")) -> argparse.ArgumentParser:
    """Return the parent parser of verbs that read scenes: dates, catalogue, collection, output, --data, --json.

    `out` is the help of `--out`; `required` names the options that must be given.
    """
    span = span_parser(required="start" in required)
    parser = argparse.ArgumentParser(add_help=False, parents=[catalogue_parser(), span])
    add_out(parser, out, required="out" in required)
    return parser


def place_parser(radius_m: float) -> argparse.ArgumentParser:
    """Return the parent parser of verbs that look at one place: PLACE, --at, --bbox, --datum, --radius."""
    parser = argparse.ArgumentParser(add_help=False)
    told = "a SITE as typed, LON,LAT in degrees, or the link of a place on Amap, Baidu, Google or OpenStreetMap"
    parser.add_argument("place", nargs="*", metavar="PLACE", help=told)
    add_point(parser)
    told = "radius around a point or the point on file of a site, in metres (default %(default)g)"
    parser.add_argument("--radius", type=float, default=radius_m, metavar="M", help=told)
    return parser


def add_point(parser: argparse.ArgumentParser) -> None:
    """Add --at, --bbox and --datum."""
    parser.add_argument("--at", metavar="LON,LAT", help="a point in degrees, or the link of a map")
    parser.add_argument("--bbox", metavar="W,S,E,N", help="a box in degrees")
    add_datum(parser, "of the degrees typed", "; a link has its own")


def add_datum(parser: argparse.ArgumentParser, of: str, more: str = "") -> None:
    """Add --datum; `of` says of what, and `more` is said at the end."""
    told = f"{of}: WGS-84, gcj02 (Amap), bd09 (Baidu) (default %(default)s){more}"
    parser.add_argument("--datum", default="WGS-84", metavar="NAME", help=told)


def place_of(args: argparse.Namespace) -> BaseGeometry:
    """Return the outline in degrees that a verb of `place_parser` looks at.

    A site of the register is its point on file with --radius around it, and how well that is known is said, once.
    """
    if getattr(args, "outline", None) is None:
        args.outline = _outline_of(args)
    return args.outline


def _outline_of(args: argparse.Namespace) -> BaseGeometry:
    from osint import geo
    from osint.errors import BadInputError

    words = " ".join(args.place).strip()
    if sum(map(bool, (words, args.at, args.bbox))) != 1:
        raise BadInputError("name one place: a SITE, LON,LAT or a map's link, or --at LON,LAT, or --bbox W,S,E,N")
    if args.bbox:
        return box(args.bbox, args.datum)
    if args.at or is_point(words):
        return geo.disc(*geo.read_point(args.at or words, geo.datum_named(args.datum)), args.radius)
    return geo.disc(*_point_of_site(words, args.data), args.radius)


_DEGREES = re.compile(r"[NSEW]?[+-]?\d+(?:\.\d+)?°?[NSEW]?|nan|inf", re.IGNORECASE)


def is_point(words: str) -> bool:
    """Return whether words are degrees or a link, and no name of a site."""
    parts = [part for part in re.split(r"[,;，\s]+", words) if part]
    return "://" in words or ".com/" in words or all(_DEGREES.fullmatch(part) for part in parts)


def _point_of_site(words: str, data: str | None) -> tuple[float, float]:
    """Return the point on file of a site; how well it is known goes to the standard error."""
    from osint import change
    from osint.register import load_register, one_site

    register = load_register(data)
    site = one_site(register, words)
    area = change.site_area(site.site_id, register)
    if not area.is_near_enough:
        known = f"known to {area.precision_km:g} km only ({site.coord_level})"
        advice = f"this is the point on file and need not be the site; `osint locate {site.site_id}` searches"
        say(f"{site.site_id} {site.name_en} is {known}: {advice}")
    return area.centre.x, area.centre.y


def box(text: str, datum: str = "WGS-84") -> BaseGeometry:
    """Return the value of `--bbox` as an outline in degrees (WGS-84); raises BadInputError if it is not W,S,E,N."""
    from shapely.geometry import box as rectangle

    from osint import geo
    from osint.errors import BadInputError

    west, south, east, north = named_numbers("--bbox", "W,S,E,N", text)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        meant = f"; did you mean {south:.12g},{west:.12g},{north:.12g},{east:.12g}?" if abs(north) > 90 else ""
        raise BadInputError(f"`--bbox` must have west < east and south < north in degrees, got {text!r}{meant}")
    (west, south), (east, north) = (
        geo.read_point(f"{lon:.12f},{lat:.12f}", geo.datum_named(datum)) for lon, lat in ((west, south), (east, north))
    )
    return rectangle(west, south, east, north)


def disc_argument(text: str, precision_km: float, datum: str = "WGS-84") -> BaseGeometry:
    """Return the disc of `--at` LON,LAT and `--precision-km`, in degrees; raises BadInputError if it is none."""
    from osint import geo, imagery
    from osint.errors import BadInputError

    lon, lat = geo.read_point(text, geo.datum_named(datum))
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
        elif re.match(r"-[\d.]+[,;\s]", word):
            joined.append(f" {word}")  # a word with a space is no option for argparse
        else:
            joined.append(word)
    return joined
