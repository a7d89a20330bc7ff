"""Verbs that find, read and draw pictures of a place, and what maps show of it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import (
    INCOMPLETE,
    add_datum,
    add_offline,
    add_out,
    add_verb,
    catalogue_parser,
    last_day,
    middle_day,
    place_of,
    place_parser,
    say,
    scenes_parser,
)
from osint.cli.demo import add_demo
from osint.cli.main import print_answer

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from osint.imagery import Pair, Pictures, Scenes, Sheet


def add_verbs(subparsers: Any) -> None:
    """Add `scenes`, `fetch`, `pair`, `sheet`, `pictures`, `tiles` and `power`."""
    place, two_dates = place_parser(1_000.0), _two_dates()
    out = scenes_parser(out="CSV to write instead of printing the table", required=("start", "end"))
    scenes = add_verb(subparsers, "scenes", _scenes, place, out, help="list the scenes of a place between two dates")

    told = "read the scenes of a place into one .npz of arrays on one grid"
    fetch = add_verb(subparsers, "fetch", _fetch, place, _scenes_to("cube.npz", ".npz to write"), help=told)
    fetch.add_argument("--bands", default="B02,B03,B04,B11,scl", help="comma separated (default %(default)s)")
    fetch.add_argument("--resolution", type=float, default=10.0, metavar="M", help="pixel in m (default %(default)g)")
    for p in (scenes, fetch):
        add_demo(p)
        p.add_argument("--max-cloud", type=float, default=100.0, metavar="PCT", help="leave out scenes with more cloud")

    told = "draw a place before and after, from the clearest scenes near two dates"
    p = add_verb(subparsers, "pair", _pair, place, catalogue_parser(), two_dates, help=told)
    add_demo(p)
    p.add_argument("--days", type=int, default=30, help="how far from each date to look (default %(default)s)")

    told = "draw a place on many days: a contact sheet (.png, .svg) or a time-lapse (.gif)"
    out = _scenes_to("sheet.png", "picture to write: .png or .svg, or .gif for a time-lapse")
    p = add_verb(subparsers, "sheet", _sheet, place, out, help=told)
    add_demo(p)
    p.add_argument("--count", type=int, default=12, metavar="N", help="pictures, spread over the time (default 12)")
    p.add_argument("--outlines", type=Path, metavar="FILE", help="outlines to draw on each picture")
    p.add_argument("--title", default="", help="written over the picture")

    _add_pictures(subparsers)

    told = "save map tiles of a place as one picture, with date, credit and terms"
    p = add_verb(subparsers, "tiles", _tiles, place, help=told)
    layers = "esri-wayback, eox-2023, eox-2016 or an address with {z}, {x}, {y} (default %(default)s)"
    p.add_argument("--layer", default="esri-wayback", help=layers)
    p.add_argument("--zoom", type=int, default=16, help="17 is about 1 m per pixel (default %(default)s)")
    told = "the last Wayback release published by then (default: the newest)"
    p.add_argument("--date", type=last_day, metavar="DATE", help=told)
    p.add_argument("--changes", action="store_true", help="list the Wayback releases in which the place changed")
    add_offline(p)
    add_out(p, "picture to write (default tiles.png)", metavar="FILE.png")
    p.set_defaults(out=Path("tiles.png"))

    told = "list power lines and substations near a place, as OpenStreetMap has them"
    p = add_verb(subparsers, "power", _power, place_parser(10_000.0), help=told)
    add_offline(p)
    add_out(p, "write them here: GeoJSON, KML, GeoPackage or CSV")


def _add_pictures(subparsers: Any) -> None:
    told = "draw or date your own pictures: two dates, all of them (.png, .gif), or outlines (.geojson)"
    p = add_verb(subparsers, "pictures", _pictures, help=told)
    p.add_argument("folder", type=Path, help="GeoTIFF, JPEG or PNG files; dates and corners: docs/imagery.md")
    told = "with --after: draw the pictures nearest to two days; without, a sheet of all"
    p.add_argument("--before", type=middle_day, metavar="DATE", help=told)
    p.add_argument("--after", type=middle_day, metavar="DATE", help="as 2025-07-01, or 2025-07")
    p.add_argument("--outlines", type=Path, metavar="FILE", help="date what changed inside these outlines (.geojson)")
    told = "middle of the view that all of them show, north up; with --width-m. Writes pictures.csv into the folder"
    p.add_argument("--centre", metavar="LON,LAT", help=told)
    p.add_argument("--width-m", type=float, metavar="M", help="width of that view on the ground, as by its scale bar")
    p.add_argument("--precision-m", type=float, metavar="M", help="how far off its edges may be, as 10")
    add_datum(p, "of --centre and of the map on which the outlines were drawn")
    p.add_argument("--title", default="", help="written over the picture")
    told = "picture to write (.png, .svg; .gif for a time-lapse), or .geojson with --outlines"
    add_out(p, f"{told} (default pictures.png)")
    p.set_defaults(out=Path("pictures.png"))
    p.add_argument("--crs", default="EPSG:4326", help="of corners and world files (default %(default)s)")


def _scenes_to(name: str, told: str) -> argparse.ArgumentParser:
    """Return the parent parser of a verb that reads scenes and writes a file of a default name."""
    p = scenes_parser(out=f"{told} (default {name})", required=("start", "end"))
    p.set_defaults(out=Path(name))
    return p


def _two_dates() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(add_help=False)
    p.add_argument("--before", type=middle_day, required=True, metavar="DATE", help="as 2023-07-01, or 2023-07")
    p.add_argument("--after", type=middle_day, required=True, metavar="DATE", help="as 2025-07-01, or 2025-07")
    p.add_argument("--title", default="", help="written over the picture")
    add_out(p, "picture to write (.png or .svg; default pair.png)", metavar="FILE.png")
    p.set_defaults(out=Path("pair.png"))
    return p


def _listed(args: argparse.Namespace) -> Scenes:
    from osint import imagery
    from osint.errors import BadInputError

    if not 0 <= args.max_cloud <= 100:
        raise BadInputError(f"`--max-cloud` is 0 to 100 percent, not {args.max_cloud:g}")
    source = {"catalogue": args.catalogue, "collection": args.collection, "offline": args.offline}
    found = imagery.scenes(place_of(args), args.start, args.end, **source)
    # decided here and not by the catalogue: Earth Search has been seen to ignore the filter silently
    clear = found.frame["cloud_pct"].fillna(0) <= args.max_cloud
    cloudy = (imagery.Remark(i, f"more cloud than {args.max_cloud:g}%") for i in found.frame.loc[~clear, "id"])
    return dataclasses.replace(found, frame=found.frame[clear], dropped=(*found.dropped, *cloudy))


def _cost(cost: Any) -> dict[str, int]:
    return {"requests": cost.total_requests, "bytes": cost.total_bytes}


def _cost_text(cost: Any) -> str:
    return f"{cost.total_requests} requests, {cost.total_bytes:,} bytes"


def _scenes(args: argparse.Namespace) -> int:
    from osint.register import write_csv

    found = _listed(args)
    table = found.frame.drop(columns=["hrefs", "scales", "geometry", "catalogue", "processed", "credit"])
    dropped = sorted({remark.reason for remark in found.dropped})
    lines = [] if args.out else [table.to_string(index=False)]
    if args.out:
        write_csv(table, args.out)
    lines.append(f"{len(found)} scenes; {len(found.dropped)} dropped; {_cost_text(found.cost)}")
    lines += [f"  dropped: {reason}" for reason in dropped[:10]]
    rows = table.astype({"date": str}).to_dict("records") if "date" in table else table.astype(str).to_dict("records")
    print_answer(args, {"scenes": rows, "dropped": dropped, **_cost(found.cost)}, "\n".join(lines))
    if found.gap:
        say(f"not all was listed: {found.gap}")
        return INCOMPLETE
    return 0 if len(found) else 1


def _fetch(args: argparse.Namespace) -> int:
    import numpy as np

    from osint import files, imagery
    from osint.errors import NetworkError

    listed = _listed(args)
    if not len(listed) and listed.gap:
        raise NetworkError(f"there is no scene to read: {listed.gap}")
    reading = imagery.read_bands(listed, place_of(args), args.bands.split(","), args.resolution)
    data = reading.data
    if reading.failures and reading.is_blank:
        raise NetworkError(f"nothing could be read, so nothing was written: {reading.failures[0].error}")
    arrays: dict[str, Any] = {str(name): variable.values for name, variable in data.data_vars.items()}
    arrays |= {"time": data.time.values, "y": data.y.values, "x": data.x.values, "crs": data.attrs["crs"]}
    out = args.out if args.out.suffix == ".npz" else args.out.with_name(f"{args.out.name}.npz")
    missed = [f"{failure.id} {failure.band}: {failure.error}" for failure in reading.failures]
    with files.written_beside(out) as part:
        np.savez_compressed(part, **arrays, not_read=np.array(missed, str))
    lines = [f"{dict(data.sizes)} in {out}", _cost_text(reading.cost), *(f"  not read: {one}" for one in missed)]
    doubted = [f"{remark.id}: {remark.reason}" for remark in reading.offset_suspects]
    lines += [f"  in doubt: {one}" for one in doubted]
    sizes = {str(name): size for name, size in data.sizes.items()}
    answer = {"out": str(out), "sizes": sizes, "not_read": missed, "in_doubt": doubted, **_cost(reading.cost)}
    answer |= {"list_gap": listed.gap}
    lines += [f"not all was listed: {listed.gap}"] if listed.gap else []
    print_answer(args, answer, "\n".join(lines))
    return INCOMPLETE if missed or listed.gap else 0


def _pair(args: argparse.Namespace) -> int:
    from osint import imagery

    source: Any = {"catalogue": args.catalogue, "collection": args.collection, "days": args.days}
    pair = imagery.pair_between(place_of(args), args.before, args.after, **source)
    unread = [f"not known: {one}; a scene of it may be clearer or nearer" for one in pair.unread]
    _draw(args, pair, [*unread, _cost_text(pair.cost)], {"not_read": list(pair.unread), **_cost(pair.cost)})
    return INCOMPLETE if pair.unread else 0


def _pictures(args: argparse.Namespace) -> int:
    from osint import imagery
    from osint.errors import BadInputError

    lines = _placed(args)
    pictures = imagery.read_pictures(args.folder, crs=args.crs)
    for shift in pictures.shifts:
        done = "removed" if shift.removed else "not removed: the match is unclear, or parts of the picture disagree"
        lines.append(f"{shift.id}: shift of {shift.x_m:g} m east, {shift.y_m:g} m north {done}")
    lines += pictures.remarks
    told = {"remarks": list(pictures.remarks)}
    if args.outlines:
        _date_pictures(args, pictures, lines)
    elif args.before and args.after:
        _draw(args, imagery.choose_pair(pictures.data, args.before, args.after), lines, told)
    elif args.before or args.after:
        raise BadInputError("--before and --after go together; without both, all pictures are drawn")
    else:
        _draw_sheet(args, imagery.choose_sheet(pictures.data, len(pictures.data["time"])), lines, told)
    return INCOMPLETE if pictures.unread else 0


def _placed(args: argparse.Namespace) -> list[str]:
    """Write where the pictures lie, if their view was given, and say so."""
    from osint import geo, imagery
    from osint.errors import BadInputError

    given = args.centre, args.width_m, args.precision_m
    if given == (None, None, None):
        return []
    if None in given:
        raise BadInputError("--centre LON,LAT, --width-m M and --precision-m M go together")
    middle = geo.read_point(args.centre, geo.datum_named(args.datum))
    table = imagery.place_pictures(args.folder, *middle, args.width_m, args.precision_m)
    return [f"{table}: where the pictures lie, by the middle and the width that were given"]


def _date_pictures(args: argparse.Namespace, pictures: Pictures, lines: list[str]) -> None:
    from osint import change, geo

    dated = change.date_pictures(pictures, geo.read_outlines(args.outlines, geo.datum_named(args.datum)))
    geo.write_outlines(dated, args.out, about=change.PICTURES_LIMIT)
    rows = [{"outline_id": row["outline_id"], "says": row["says"]} for row in dated.to_dict("records")]
    lines += [f"{row['outline_id']}: {row['says']}" for row in rows]
    counted = f"{len(dated)} rows of {len(pictures.data['time'])} pictures, in {args.out}. {change.PICTURES_LIMIT}"
    answer = {"out": str(args.out), "rows": rows, "remarks": list(pictures.remarks)}
    print_answer(args, answer, "\n".join([*lines, counted]))


def _sheet(args: argparse.Namespace) -> int:
    from osint import geo, imagery

    source: Any = {"count": args.count, "catalogue": args.catalogue, "collection": args.collection}
    sheet = imagery.sheet_between(place_of(args), args.start, args.end, **source)
    outlines = geo.read_outlines(args.outlines, geo.datum_named(args.datum)) if args.outlines else None
    outline = None if outlines is None else outlines.geometry.union_all()
    missed = [f"{failure.id} {failure.band}: {failure.error}" for failure in sheet.failures]
    lines = [*(f"  not read: {one}" for one in missed), _cost_text(sheet.cost)]
    missed += [sheet.list_gap] if sheet.list_gap else []
    _draw_sheet(args, sheet, lines, {"not_read": missed, **_cost(sheet.cost)}, outline)
    return INCOMPLETE if missed else 0


def _draw_sheet(
    args: argparse.Namespace, sheet: Sheet, lines: list[str], told: dict[str, Any], outline: BaseGeometry | None = None
) -> None:
    from osint import imagery

    if args.out.suffix.lower() == ".gif":
        imagery.save_timelapse(sheet, args.out, outline, args.title)
    else:
        imagery.save_figure(imagery.draw_sheet(sheet, outline, args.title), args.out)
    days = [f"{shot.date:%Y-%m-%d}" for shot in sheet.shots]
    drawn = f"{args.out}: {len(days)} pictures, {days[0]} to {days[-1]}{'; ' if sheet.told else ''}{sheet.told}"
    print_answer(args, {"out": str(args.out), "days": days, **told}, "\n".join([drawn, *lines]))


def _draw(args: argparse.Namespace, pair: Pair, lines: list[str], told: dict[str, Any]) -> None:
    from osint import imagery

    out = imagery.save_figure(imagery.draw_pair(pair, title=args.title), args.out)
    answer = {"out": str(out), "pictures": list(pair.labels), **told}
    print_answer(args, answer, "\n".join([*lines, f"{out}: {' | '.join(pair.labels)}"]))


def _tiles(args: argparse.Namespace) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from osint import files, imagery

    if args.changes:
        releases = imagery.changed_releases(place_of(args), args.zoom)
        rows = [{"published": str(one.published), "acquired": str(one.acquired)} for one in releases]
        lines = [f"--date {row['published']}: acquired {row['acquired']}" for row in rows]
        print_answer(args, {"releases": rows}, "\n".join(lines))
        return
    tiles = imagery.map_tiles(place_of(args), args.zoom, args.layer, args.date)
    about = {"Acquired": tiles.date or "not stated", "Copyright": tiles.credit, "Terms": tiles.terms}
    passport = PngInfo()
    for name, text in about.items():
        passport.add_itxt(name, text)
    with files.written_beside(args.out) as part:
        Image.fromarray(tiles.image).save(part, pnginfo=passport)
    lines = [*(f"{name}: {text}" for name, text in about.items())]
    lines.append(f"{args.out}: {tiles.metres_per_pixel:.2f} m per pixel, bounds {tiles.bounds} in {tiles.crs}")
    lines += [f"  not read: {missing}" for missing in tiles.missing]
    answer = {"out": str(args.out), **about, "bounds": list(tiles.bounds), "crs": str(tiles.crs)}
    print_answer(args, {**answer, "not_read": [str(one) for one in tiles.missing]}, "\n".join(lines))


def _power(args: argparse.Namespace) -> None:
    from osint import geo, imagery

    power = imagery.mapped_power(place_of(args), args.radius)
    shown = power.features[["osm", "power", "distance_m", "voltage", "name"]].fillna("")
    if args.out:
        geo.write_outlines(power.features, args.out)
    listed = shown.to_string(index=False) if len(shown) else "nothing is mapped here; something may still be there"
    day = f"map of {power.as_of or 'an unknown day'}"
    told = f"{listed}\n{len(shown)} features within {args.radius:g} m; {imagery.OSM_CREDIT}; {day}"
    print_answer(args, {"features": shown.to_dict("records"), "credit": imagery.OSM_CREDIT, "as_of": power.as_of}, told)
