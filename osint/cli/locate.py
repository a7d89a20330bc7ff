"""Verbs that search wide areas and try the method against published dates."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

PRINTED = 10
FITS = 0.3
"""Fit above which a candidate is worth a look; it ranks, it is no probability."""
LOCATE_EXAMPLE = """For example:
  osint locate XJ03 --start 2023-04-01 --end 2025-10-31 --absent 2024-05-31 --present 2024-11-15 \\
      --area-low 8000 --area-high 20000 --out yiwu/found.geojson
  osint locate --at 94.697,43.255 --precision-km 15 --start ... --end ... --out found.geojson
  osint locate --bbox 94.6,43.2,94.8,43.3 --catalogue my-scenes/ --start ... --end ... --out found.geojson

The series (--start to --end) should reach a year beyond --absent and --present: candidates are dated by it.
Killed or cut off, the same command goes on where it stopped. What it cannot find: docs/locate.md."""
MISSED = (
    "could have been missed: a roof under 2,500 m2, one that looks like its ground in blue and short-wave infrared, "
    "one that replaced another roof, and what cloud hid"
)


def add_verbs(subparsers: Any) -> None:
    """Add `locate` and `validate`."""
    p = subparsers.add_parser(
        "locate",
        help="search a wide area for a roof absent on one date and present on another",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Search a place known to some kilometres for new roof of a size that was not there on one day\n"
        "and was there on another. Name the place in one of three ways: SITE, --bbox or --at.",
        epilog=LOCATE_EXAMPLE,
    )
    # else argparse takes --bbox -100,32,-99,33 for an unknown option; it reads plain negative numbers only
    p._negative_number_matcher = re.compile(r"^-\d[\d.,-]*$")
    p.add_argument("site", nargs="?", metavar="SITE", help="id in sites.csv; searched within its precision")
    p.add_argument("--bbox", metavar="W,S,E,N", help="lon/lat box (WGS-84)")
    p.add_argument("--at", metavar="LON,LAT", help="a place in degrees (WGS-84), with --precision-km")
    p.add_argument("--precision-km", type=float, metavar="KM", help="how far from --at the site may be")
    p.add_argument("--data", help="data folder (holds raw/); OSINT_DATA or ./data without it")
    p.add_argument(
        "--absent",
        metavar="DATE",
        help="day on which the roof was not there (default: --start, and a year before it is read)",
    )
    p.add_argument(
        "--present", metavar="DATE", help="day on which it was there (default: --end, and a year after it is read)"
    )
    p.add_argument("--area-low", type=float, default=2_000.0, metavar="M2", help="least roof (default %(default)g m2)")
    p.add_argument(
        "--area-high", type=float, default=100_000.0, metavar="M2", help="most roof (default %(default)g m2)"
    )
    _catalogue(p)
    p.add_argument("--out", required=True, type=Path, help="GeoJSON to write; the journal and chips lie beside it")
    p.add_argument("--chips", type=int, default=10, metavar="N", help="candidates drawn (default %(default)s)")
    p.add_argument("--tile-km", type=float, default=5.12, metavar="KM", help="side of a tile (default %(default)g)")
    p.add_argument("--dask", default="", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786, or local")
    p.add_argument("--json", action="store_true", help="the summary as JSON on the standard output")
    p.set_defaults(handler=_locate)

    p = subparsers.add_parser("validate", help="date sites whose dates are published and set both side by side")
    p.add_argument("table", type=Path, metavar="TABLE.csv", help="columns Data center, Date, Construction status")
    p.add_argument("--places", type=Path, metavar="FILE", help="GeoJSON or CSV (Data center, lon, lat); without it, the "
                   "sites whose statuses link to a place on Google Earth")  # fmt: skip
    _catalogue(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE.csv", help="one row a published date")
    p.set_defaults(handler=_validate)


def _catalogue(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--catalogue",
        default="earth-search",
        metavar="URL",
        help="earth-search (default), planetary-computer, cdse, a STAC API, or the folder of a static STAC catalogue",
    )
    p.add_argument("--collection", help="default: surface reflectance of Sentinel-2 at that catalogue")
    p.add_argument("--start", required=True, metavar="DATE", help="first day of the series, YYYY-MM-DD")
    p.add_argument("--end", required=True, metavar="DATE", help="last day of the series, YYYY-MM-DD")


def _locate(args: argparse.Namespace) -> None:
    from osint import geo, imagery
    from osint.change import locate
    from osint.errors import OsintError

    place = _place(args)
    if not 1 <= args.tile_km <= 20:
        raise OsintError(f"`--tile-km` is 1 to 20, not {args.tile_km:g}")
    target = locate.Target(
        args.start if args.absent else _shifted(args.start, -locate.REACH_DAYS),
        args.end if args.present else _shifted(args.end, locate.REACH_DAYS),
        args.absent or args.start,
        args.present or args.end,
        args.area_low,
        args.area_high,
    )
    collection = args.collection or imagery.default_collection(args.catalogue)
    source = locate.StackSource(_known(args.catalogue), collection, target.start, target.end)
    journal = args.out.with_suffix(".tiles.jsonl")
    side_m = 1000 * args.tile_km
    located = locate.locate(source, place, target, journal, side_m=side_m, dask=args.dask, tell=_tell)
    unread = located.tiles[located.tiles["state"] != "searched"]
    if not located.searched_share:
        why = unread["state"].iloc[0] if len(unread) else "cloud or no pictures everywhere"
        raise OsintError(f"nothing of the place could be searched: {why}. Widen --start and --end, or move the dates")
    found = locate.draw_chips(source, located.found, target, args.out.parent / f"{args.out.stem}_chips", args.chips)
    summary = {
        "candidates": len(found),
        "area_km2": round(located.area_km2, 1),
        "searched_share": round(located.searched_share, 4),
        "nodata_share": round(located.nodata_share, 4),
        "cloud_share": round(max(1 - located.searched_share - located.nodata_share, 0.0), 4),
        "unread_files": int(located.tiles["unread_files"].sum()),
        "target": target.as_dict(),
    }
    geo.write_outlines(found, args.out, **summary)
    if args.json:
        print(json.dumps({**summary, "bytes_read": located.bytes_read, "out": args.out.name}, ensure_ascii=False))
        return
    for row in found.head(PRINTED).to_dict("records"):
        print(_candidate(row))
    for state, count in unread["state"].value_counts().items():
        print(f"not searched: {count} of {len(located.tiles)} tiles: {state}")
    print(_told(summary, found, args.out.name, located.bytes_read))


def _shifted(day: str, days: int) -> str:
    from osint.errors import OsintError

    try:
        return str(dt.date.fromisoformat(day) + dt.timedelta(days))
    except ValueError as error:
        raise OsintError(f"dates are written as 2024-05-31: {error}") from None


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _place(args: argparse.Namespace) -> Any:
    """Return the lon/lat outline to search, from SITE, --bbox or --at."""
    from osint import geo, imagery
    from osint.change import locate
    from osint.cli import change
    from osint.errors import OsintError
    from osint.register import load_register

    if sum(map(bool, (args.site, args.bbox, args.at))) != 1:
        raise OsintError("name one place: a SITE, --bbox W,S,E,N, or --at LON,LAT with --precision-km KM")
    if bool(args.at) != (args.precision_km is not None):
        raise OsintError("--at and --precision-km go together: --at 94.697,43.255 --precision-km 15")
    if args.bbox:
        return change._box(args.bbox)
    if args.site:
        return locate.search_area(args.site, load_register(args.data))
    try:
        lon, lat = (float(v) for v in args.at.split(","))
    except ValueError:
        raise OsintError(f"`--at` wants LON,LAT in degrees, got {args.at!r}") from None
    if not 0.1 <= args.precision_km <= 500:
        raise OsintError(f"`--precision-km` is 0.1 to 500, not {args.precision_km:g}")
    imagery.utm_epsg(lon, lat)
    return geo.disc(lon, lat, 1000 * args.precision_km)


def _known(catalogue: str) -> str:
    """Return a catalogue as given, a folder by its full path: workers of a cluster may stand elsewhere."""
    from osint.errors import OsintError
    from osint.imagery import CATALOGUES

    if "://" in catalogue or catalogue in CATALOGUES:
        return catalogue
    path = Path(catalogue).resolve()
    if not (path.is_file() or (path / "catalog.json").is_file()):
        known = ", ".join(CATALOGUES)
        raise OsintError(f"`--catalogue` {catalogue!r} is no address, no folder with a catalog.json, none of {known}")
    return str(path)


def _candidate(row: dict[str, Any]) -> str:
    fit = "no date" if row["fit"] is None or row["fit"] != row["fit"] else f"fit {row['fit']:.2f}"
    when = (
        f"roofed {row['roofed_low']} to {row['roofed_high']}"
        if isinstance(row["roofed_best"], str)
        else row["cannot_tell"]
    )
    x, y = row["geometry"].centroid.coords[0]
    return f"{row['rank']:3} {fit}  {y:.5f}, {x:.5f}  {row['kind']}, {_area(row['roof_area_m2_best'])}, {when}"


def _told(summary: dict[str, Any], found: Any, name: str, bytes_read: int) -> str:
    """Return what was found, what was searched and what could have been missed, in words."""
    good = int((found["fit"].astype(float) > FITS).sum())
    undated = int(found["fit"].isna().sum())
    lines = [f"{len(found)} candidates in {name}, best first: {good} fit, {len(found) - good - undated} hardly, "
             f"{undated} without a date. `fit` ranks; it is not the chance that this is your site."]  # fmt: skip
    if not good:
        lines[0] = f"Nothing fits. {lines[0]}"
    lines.append(
        f"{summary['searched_share']:.1%} of {summary['area_km2']:,.0f} km2 searched (two clear looks or more on both sides); "
        f"{summary['cloud_share']:.1%} hidden by cloud, shadow or snow; {summary['nodata_share']:.1%} without pictures"
    )
    lines.append(
        f"Also where it was searched, this {MISSED}." if summary["searched_share"] > 0.999 else f"This {MISSED}."
    )
    if summary["unread_files"]:
        lines.append(f"{summary['unread_files']} files could not be read; a search with another --out tries them again")
    return "\n".join([*lines, f"{bytes_read / 1e6:.1f} MB read over the network"])


def _validate(args: argparse.Namespace) -> None:
    from osint import imagery
    from osint.change import locate, published
    from osint.errors import OsintError
    from osint.register import write_csv

    timeline = published.read_timeline(args.table)
    places = published.linked_places(args.table) | (published.read_places(args.places) if args.places else {})
    if not set(places) & set(timeline["data_center"]):
        raise OsintError(f"no site of {args.table.name} has a place: give --places, a CSV with Data center, lon, lat")
    collection = args.collection or imagery.default_collection(args.catalogue)
    source = locate.StackSource(args.catalogue, collection, args.start, args.end)
    compared = published.compare_published(timeline, places, source, args.start, args.end, tell=print)
    write_csv(compared.rows, args.out)
    print(compared.text())


def _area(value: Any) -> str:
    return "not measured" if value is None or math.isnan(value) else f"{value:,.0f} m2"
