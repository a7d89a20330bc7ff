"""Verbs that search wide areas and try the method against published dates."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

EARTH_SEARCH = "https://earth-search.aws.element84.com/v1"


def add_verbs(subparsers: Any) -> None:
    """Add `locate` and `validate`."""
    p = subparsers.add_parser("locate", help="search a wide area for a roof absent on one date and present on another")
    p.add_argument("site", nargs="?", metavar="SITE", help="site id; searched within its precision")
    p.add_argument("--bbox", metavar="W,S,E,N", help="lon/lat box instead of a site")
    p.add_argument("--data", help="data folder (holds raw/); OSINT_DATA or ./data without it")
    p.add_argument("--absent", metavar="DATE", help="day on which the roof was not there (default: start)")
    p.add_argument("--present", metavar="DATE", help="day on which it was there (default: end)")
    p.add_argument("--area-low", type=float, default=2_000.0, metavar="M2", help="least roof (default %(default)g m2)")
    p.add_argument(
        "--area-high", type=float, default=100_000.0, metavar="M2", help="most roof (default %(default)g m2)"
    )
    p.add_argument("--tile-km", type=float, default=5.12, metavar="KM", help="side of a tile (default %(default)g)")
    p.add_argument("--chips", type=int, default=10, metavar="N", help="candidates drawn (default %(default)s)")
    p.add_argument("--dask", default="", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786, or local")
    _catalogue(p)
    p.add_argument("--out", required=True, type=Path, help="GeoJSON to write; the journal and chips lie beside it")
    p.set_defaults(handler=_locate)

    p = subparsers.add_parser("validate", help="date sites whose dates are published and set both side by side")
    p.add_argument("table", type=Path, metavar="TABLE.csv", help="columns Data center, Date, Construction status")
    p.add_argument("--places", type=Path, metavar="FILE", help="GeoJSON or CSV (Data center, lon, lat); without it, the "
                   "sites whose statuses link to a place on Google Earth")  # fmt: skip
    _catalogue(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE.csv", help="one row a published date")
    p.set_defaults(handler=_validate)


def _catalogue(p: argparse.ArgumentParser) -> None:
    p.add_argument("--catalogue", default=EARTH_SEARCH, help="STAC API")
    p.add_argument("--collection", default="sentinel-2-c1-l2a", help="collection of surface reflectance")
    p.add_argument("--start", required=True, help="first date of the series, YYYY-MM-DD")
    p.add_argument("--end", required=True, help="last date of the series, YYYY-MM-DD")


def _locate(args: argparse.Namespace) -> None:
    from osint import cli_change, locate, tables, tile_search
    from osint.errors import OsintError

    if bool(args.site) == bool(args.bbox):
        raise OsintError("name either a site or --bbox W,S,E,N")
    if not 1 <= args.tile_km <= 20:
        raise OsintError(f"`--tile-km` is 1 to 20, not {args.tile_km:g}")
    place = cli_change._box(args.bbox) if args.bbox else locate.place_of(args.site, tables.load(args.data))
    target = tile_search.Target(
        args.start, args.end, args.absent or args.start, args.present or args.end, args.area_low, args.area_high
    )
    source = locate.Catalogue(args.catalogue, args.collection, args.start, args.end)
    journal = args.out.with_suffix(".tiles.jsonl")
    located = locate.locate(source, place, target, journal, side_m=1000 * args.tile_km, dask=args.dask, tell=print)
    found = locate.chips(source, located.found, target, args.out.parent / f"{args.out.stem}_chips", args.chips)
    cli_change.write(found, args.out)
    for row in found.head(args.chips).to_dict("records"):
        fit = "no date" if row["fit"] is None or row["fit"] != row["fit"] else f"fit {row['fit']:.2f}"
        when = f"roofed {row['roofed_low']} to {row['roofed_high']}" if row["roofed_best"] else row["cannot_tell"]
        x, y = row["geometry"].centroid.coords[0]
        print(f"{row['rank']:3} {fit}  {y:.5f}, {x:.5f}  {row['kind']}, {_area(row['roof_area_m2_best'])}, {when}")
    unread = located.tiles[located.tiles["state"] != "searched"]
    for row in unread.head(10).to_dict("records"):
        print(f"not searched: {row['tile']}: {row['state']}")
    print(f"{len(found)} candidates in {args.out.name}; {located.searched_share:.1%} of "
          f"{located.tiles['area_km2'].sum():.0f} km2 searched; {located.bytes_read / 1e6:.1f} MB read")  # fmt: skip


def _validate(args: argparse.Namespace) -> None:
    from osint import locate, tables, validate
    from osint.errors import OsintError

    timeline = validate.read_timeline(args.table)
    places = validate.linked_places(args.table) | (validate.read_places(args.places) if args.places else {})
    if not set(places) & set(timeline["data_center"]):
        raise OsintError(f"no site of {args.table.name} has a place: give --places, a CSV with Data center, lon, lat")
    source = locate.Catalogue(args.catalogue, args.collection, args.start, args.end)
    compared = validate.compare(timeline, places, source, args.start, args.end, tell=print)
    tables.write(compared.rows, args.out)
    print(compared.text())


def _area(value: Any) -> str:
    return "not measured" if value is None or math.isnan(value) else f"{value:,.0f} m2"
