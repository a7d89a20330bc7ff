"""The verb `demo`: the only verb that imports the SIMULATED world."""

from __future__ import annotations

import argparse
from typing import Any


def add_verbs(subparsers: Any) -> None:
    """Add `demo`."""
    p = subparsers.add_parser("demo", help="serve a small SIMULATED world on this machine (STAC API and COGs)")
    p.add_argument("--port", type=int, default=8765, help="0 takes a free one (default %(default)s)")
    p.add_argument("--seed", type=int, default=0, help="the same seed gives the same world (default %(default)s)")
    p.add_argument("--size", type=int, default=256, metavar="PX", help="side of the world in pixels of 10 m")
    p.add_argument("--start", default="2023-01-01", metavar="DATE", help="first day (default %(default)s)")
    p.add_argument("--end", default="2025-12-31", metavar="DATE", help="last day (default %(default)s)")
    p.set_defaults(handler=_demo)


def _demo(args: argparse.Namespace) -> None:
    import threading

    from osint import simulated

    made = simulated.make_demo(args.seed, args.size, args.start, args.end)
    with simulated.served(made, args.port):
        place = made.footprint().centroid
        span = f"--start {args.start} --end {args.end}"
        print(f"SIMULATED world of seed {args.seed}: {len(made.world.dates)} scenes at {made.catalogue}", flush=True)
        print(f"try: osint scenes {place.x:.4f} {place.y:.4f} {span} --catalogue {made.catalogue}", flush=True)
        print("stop with Ctrl-C", flush=True)
        threading.Event().wait()
