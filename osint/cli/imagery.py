"""Verbs that find, read and draw pictures of a place, and what maps show of it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import INCOMPLETE, add_verb, catalogue_parser, scenes_parser

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from osint.imagery import Pair, Pictures, Scenes, Sheet


def add_verbs(subparsers: Any) -> None:
    """Add `scenes`, `fetch`, `pair`, `sheet`, `pictures`, `tiles` and `power`."""
    place, two_dates = _place(1_000.0), _two_dates()
    out = scenes_parser(out="CSV to write instead of printing the table", required=("start", "end"))
    scenes = add_verb(subparsers, "scenes", _scenes, place, out, help="list the scenes of a place between two dates")

    told = "read the scenes of a place into one .npz of arrays on one grid"
    fetch = add_verb(subparsers, "fetch", _fetch, place, scenes_parser(out=".npz to write"), help=told)
    fetch.add_argument("--bands", default="B02,B03,B04,B11,scl", help="comma separated (default %(default)s)")
    fetch.add_argument("--resolution", type=float, default=10.0, metavar="M", help="pixel in m (default %(default)g)")
    for p in (scenes, fetch):
        p.add_argument("--max-cloud", type=float, default=100.0, metavar="PCT", help="leave out scenes with more cloud")
        p.add_argument("--offline", action="store_true", help="use only answers that were kept")

    told = "draw a place before and after, from the clearest scenes near two dates"
    p = add_verb(subparsers, "pair", _pair, place, catalogue_parser(), two_dates, help=told)
    p.add_argument("--days", type=int, default=30, help="how far from each date to look (default %(default)s)")

    told = "draw a place on many days: a contact sheet (.png, .svg) or a time-lapse (.gif)"
    out = scenes_parser(out="picture to write: .png or .svg, or .gif for a time-lapse")
    p = add_verb(subparsers, "sheet", _sheet, place, out, help=told)
    p.add_argument("--count", type=int, default=12, metavar="N", help="pictures, spread over the time (default 12)")
    p.add_argument("--outlines", type=Path, metavar="FILE", help="outlines to draw on each picture")
    p.add_argument("--title", default="", help="written over the picture")

    told = "draw or date your own pictures: two dates, all of them (.png, .gif), or outlines (.geojson)"
    p = add_verb(subparsers, "pictures", _pictures, help=told)
    p.add_argument("folder", type=Path, help="GeoTIFF, JPEG or PNG files; dates and corners: docs/imagery.md")
    told = "with --after: draw the pictures nearest to two days; without, a sheet of all"
    p.add_argument("--before", metavar="DATE", help=told)
    p.add_argument("--after", metavar="DATE", help="as 2025-07-01")
    p.add_argument("--outlines", type=Path, metavar="FILE", help="date what changed inside these outlines (.geojson)")
    p.add_argument("--title", default="", help="written over the picture")
    told = "picture to write (.png, .svg; .gif for a time-lapse), or .geojson with --outlines"
    p.add_argument("--out", type=Path, required=True, metavar="FILE", help=told)
    p.add_argument("--crs", default="EPSG:4326", help="of corners and world files (default %(default)s)")

    told = "save map tiles of a place as one picture, with date, credit and terms"
    p = add_verb(subparsers, "tiles", _tiles, place, help=told)
    layers = "esri-wayback, eox-2023, eox-2016 or an address with {z}, {x}, {y} (default %(default)s)"
    p.add_argument("--layer", default="esri-wayback", help=layers)
    p.add_argument("--zoom", type=int, default=16, help="17 is about 1 m per pixel (default %(default)s)")
    p.add_argument("--date", metavar="DATE", help="the last Wayback release published by then (default: the newest)")
    p.add_argument("--changes", action="store_true", help="list the Wayback releases in which the place changed")
    p.add_argument("--out", type=Path, default=Path("tiles.png"), metavar="FILE.png", help="(default %(default)s)")

    told = "list power lines and substations near a place, as OpenStreetMap has them"
    p = add_verb(subparsers, "power", _power, _place(10_000.0), help=told)
    p.add_argument("--out", type=Path, metavar="FILE", help="write them here: GeoJSON, KML, GeoPackage or CSV")


def _place(radius_m: float) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(add_help=False)
    p.add_argument("lon", type=float, help="longitude in degrees (WGS-84)")
    p.add_argument("lat", type=float, help="latitude in degrees (WGS-84)")
    told = "radius around the place, in metres (default %(default)g)"
    p.add_argument("--radius", type=float, default=radius_m, metavar="M", help=told)
    return p


def _two_dates() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(add_help=False)
    p.add_argument("--before", required=True, metavar="DATE", help="as 2023-07-01")
    p.add_argument("--after", required=True, metavar="DATE", help="as 2025-07-01")
    p.add_argument("--title", default="", help="written over the picture")
    p.add_argument("--out", type=Path, required=True, metavar="FILE.png", help="picture to write (.png or .svg)")
    return p


def _disc(args: argparse.Namespace) -> BaseGeometry:
    from osint import geo

    return geo.disc(args.lon, args.lat, args.radius)


def _listed(args: argparse.Namespace) -> Scenes:
    from osint import imagery
    from osint.errors import BadInputError

    if not 0 <= args.max_cloud <= 100:
        raise BadInputError(f"`--max-cloud` is 0 to 100 percent, not {args.max_cloud:g}")
    source = {"catalogue": args.catalogue, "collection": args.collection, "offline": args.offline}
    found = imagery.scenes(_disc(args), args.start, args.end, **source)
    # decided here and not by the catalogue: Earth Search has been seen to ignore the filter silently
    clear = found.frame["cloud_pct"].fillna(0) <= args.max_cloud
    cloudy = (imagery.Remark(i, f"more cloud than {args.max_cloud:g}%") for i in found.frame.loc[~clear, "id"])
    return dataclasses.replace(found, frame=found.frame[clear], dropped=(*found.dropped, *cloudy))


def _scenes(args: argparse.Namespace) -> int:
    from osint.register import write_csv

    found = _listed(args)
    table = found.frame.drop(columns=["hrefs", "scales", "geometry", "catalogue", "processed", "credit"])
    if args.out:
        write_csv(table, args.out)
    else:
        print(table.to_string(index=False))
    cost = f"{found.cost.total_requests} requests, {found.cost.total_bytes:,} bytes"
    print(f"{len(found)} scenes; {len(found.dropped)} dropped; {cost}")
    for reason in sorted({remark.reason for remark in found.dropped})[:10]:
        print(f"  dropped: {reason}")
    return 0 if len(found) else 1


def _fetch(args: argparse.Namespace) -> None:
    import numpy as np

    from osint import files, imagery

    reading = imagery.read_bands(_listed(args), _disc(args), args.bands.split(","), args.resolution)
    data = reading.data
    arrays: dict[str, Any] = {str(name): variable.values for name, variable in data.data_vars.items()}
    arrays |= {"time": data.time.values, "y": data.y.values, "x": data.x.values, "crs": data.attrs["crs"]}
    out = args.out if args.out.suffix == ".npz" else args.out.with_name(f"{args.out.name}.npz")
    with files.written_beside(out) as part:
        np.savez_compressed(part, **arrays)
    print(f"{dict(data.sizes)} in {out.name}")
    print(f"{reading.cost.total_requests} requests, {reading.cost.total_bytes:,} bytes")
    for failure in reading.failures:
        print(f"  not read: {failure.id} {failure.band}: {failure.error}")


def _pair(args: argparse.Namespace) -> None:
    from osint import imagery

    source: Any = {"catalogue": args.catalogue, "collection": args.collection, "days": args.days}
    pair = imagery.pair_between(_disc(args), args.before, args.after, **source)
    print(f"{pair.cost.total_requests} requests, {pair.cost.total_bytes:,} bytes")
    _draw(args, pair)


def _pictures(args: argparse.Namespace) -> None:
    from osint import imagery
    from osint.errors import BadInputError

    pictures = imagery.read_pictures(args.folder, crs=args.crs)
    for shift in pictures.shifts:
        done = "removed" if shift.removed else "not removed: the match is unclear"
        print(f"{shift.id}: shift of {shift.x_m:g} m east, {shift.y_m:g} m north {done}")
    if args.outlines:
        return _date_pictures(args, pictures)
    if args.before and args.after:
        return _draw(args, imagery.choose_pair(pictures.data, args.before, args.after))
    if args.before or args.after:
        raise BadInputError("--before and --after go together; without both, all pictures are drawn")
    return _draw_sheet(args, imagery.choose_sheet(pictures.data, len(pictures.data["time"])))


def _date_pictures(args: argparse.Namespace, pictures: Pictures) -> None:
    from osint import change, geo

    dated = change.date_pictures(pictures, geo.read_outlines(args.outlines))
    geo.write_outlines(dated, args.out, about=change.PICTURES_LIMIT)
    for row in dated.to_dict("records"):
        print(f"{row['outline_id']}: {row['says']}")
    print(f"{len(dated)} rows of {len(pictures.data['time'])} pictures, in {args.out.name}. {change.PICTURES_LIMIT}")


def _sheet(args: argparse.Namespace) -> int:
    from osint import geo, imagery

    source: Any = {"count": args.count, "catalogue": args.catalogue, "collection": args.collection}
    sheet = imagery.sheet_between(_disc(args), args.start, args.end, **source)
    outline = geo.read_outlines(args.outlines).geometry.union_all() if args.outlines else None
    _draw_sheet(args, sheet, outline)
    for failure in sheet.failures:
        print(f"  not read: {failure.id} {failure.band}: {failure.error}")
    print(f"{sheet.cost.total_requests} requests, {sheet.cost.total_bytes:,} bytes")
    return INCOMPLETE if sheet.failures else 0


def _draw_sheet(args: argparse.Namespace, sheet: Sheet, outline: BaseGeometry | None = None) -> None:
    from osint import imagery

    if args.out.suffix.lower() == ".gif":
        imagery.save_timelapse(sheet, args.out, outline, args.title)
    else:
        imagery.save_figure(imagery.draw_sheet(sheet, outline, args.title), args.out)
    days = f"{sheet.shots[0].date:%Y-%m-%d} to {sheet.shots[-1].date:%Y-%m-%d}"
    print(f"{args.out}: {len(sheet.shots)} pictures, {days}{'; ' if sheet.told else ''}{sheet.told}")


def _draw(args: argparse.Namespace, pair: Pair) -> None:
    from osint import imagery

    print(f"{imagery.save_figure(imagery.draw_pair(pair, title=args.title), args.out)}: {' | '.join(pair.labels)}")


def _tiles(args: argparse.Namespace) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from osint import files, imagery

    if args.changes:
        for release in imagery.changed_releases(_disc(args), args.zoom):
            print(f"--date {release.published}: acquired {release.acquired}")
        return
    tiles = imagery.map_tiles(_disc(args), args.zoom, args.layer, args.date)
    about = {"Acquired": tiles.date or "not stated", "Copyright": tiles.credit, "Terms": tiles.terms}
    passport = PngInfo()
    for name, text in about.items():
        passport.add_itxt(name, text)
        print(f"{name}: {text}")
    with files.written_beside(args.out) as part:
        Image.fromarray(tiles.image).save(part, pnginfo=passport)
    print(f"{args.out}: {tiles.metres_per_pixel:.2f} m per pixel, bounds {tiles.bounds} in {tiles.crs}")
    for missing in tiles.missing:
        print(f"  not read: {missing}")


def _power(args: argparse.Namespace) -> None:
    from osint import geo, imagery

    power = imagery.mapped_power(_disc(args), args.radius)
    shown = power.features[["osm", "power", "distance_m", "voltage", "name"]].fillna("")
    print(shown.to_string(index=False) if len(shown) else "nothing is mapped here; something may still be there")
    if args.out:
        geo.write_outlines(power.features, args.out)
    day = f"map of {power.as_of or 'an unknown day'}"
    print(f"{len(shown)} features within {args.radius:g} m; {imagery.OSM_CREDIT}; {day}")
