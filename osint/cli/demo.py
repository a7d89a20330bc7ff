"""The verb `demo`, and --demo of verbs that look at one place: only they import the SIMULATED world."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import SIMULATED, add_datum, first_day, last_day, place_of, say

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def add_verbs(subparsers: Any) -> None:
    """Add `demo`."""
    p = subparsers.add_parser("demo", help="serve a small SIMULATED world on this machine (STAC API and COGs)")
    p.add_argument("--port", type=int, default=8765, help="0 takes a free one (default %(default)s)")
    p.add_argument("--seed", type=int, default=0, help="the same seed gives the same world (default %(default)s)")
    p.add_argument("--size", type=int, default=256, metavar="PX", help="side of the world in pixels of 10 m")
    told = "first day (default %(default)s)"
    p.add_argument("--start", type=first_day, default="2023-01-01", metavar="DATE", help=told)
    p.add_argument("--end", type=last_day, default="2025-12-31", metavar="DATE", help="last day (default %(default)s)")
    p.add_argument("--at", metavar="LON,LAT", help="put the world there; without it in an empty desert of Xinjiang")
    add_datum(p, "of --at")
    p.set_defaults(handler=_demo)


def _demo(args: argparse.Namespace) -> None:
    import threading

    from osint import geo, simulated

    where = geo.read_point(args.at, geo.datum_named(args.datum)) if args.at else None
    made = simulated.make_demo(args.seed, args.size, args.start, args.end, **simulated.corner_of(where, args.size))
    with simulated.served(made, args.port):
        place = made.footprint().centroid
        span = f"--start {args.start} --end {args.end}"
        print(f"SIMULATED world of seed {args.seed}: {len(made.world.dates)} scenes at {made.catalogue}", flush=True)
        print(f"try: osint scenes {place.x:.4f},{place.y:.4f} {span} --catalogue {made.catalogue}", flush=True)
        print("stop with Ctrl-C", flush=True)
        threading.Event().wait()


def add_demo(
    parser: argparse.ArgumentParser, place: Callable[[argparse.Namespace], BaseGeometry] | None = None
) -> None:
    """Add --demo to a verb that asks a catalogue; `place` returns where it looks (degrees; default: `place_of`)."""
    told = "on a SIMULATED world of 2023 to 2025 put at the place, without a network"
    parser.add_argument("--demo", dest="demo_at", action="store_const", const=place or place_of, help=told)


@contextlib.contextmanager
def demo_world(args: argparse.Namespace) -> Iterator[None]:
    """Serve the SIMULATED world that `add_demo` asks for as long as the block lasts."""
    place: Callable[[argparse.Namespace], BaseGeometry] | None = getattr(args, "demo_at", None)
    if place is None:
        yield
        return
    from osint import simulated

    with simulated.served_at(place(args)) as made:
        args.catalogue, args.collection = made.catalogue, made.collection
        yield
        say(SIMULATED)


def place_around(hall: BaseGeometry) -> BaseGeometry:
    """Return the place (degrees) at which a hall of the SIMULATED world stands on the outline `hall`."""
    from osint import simulated

    return simulated.place_around(hall)
