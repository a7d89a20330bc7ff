"""Verbs of change: observe an area, date outlines, measure them, search a wide area, compare with published dates."""

from __future__ import annotations

import argparse
import contextlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint.cli import _arguments
from osint.cli._arguments import INCOMPLETE, SIMULATED, add_verb, scenes_parser, tell
from osint.cli.demo import add_demo, place_around
from osint.cli.main import print_answer

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely.geometry.base import BaseGeometry

    from osint.change import Stack

DRAWN = 3
"""Buildings that get a picture and a series next to the GeoJSON."""
OUTLINES_REACH_M = 400
"""Reach around outlines within which scenes are listed: their surroundings are read too."""
OUTLINE_FILES = "GeoJSON, KML, KMZ, shapefile, GeoPackage, CSV with wkt, or a ZIP of them"
PRINTED = 10
"""Candidates that `observe` and `locate` print."""
TILE_KM_RANGE = (1.0, 20.0)
LOCATE_EXAMPLE = """For example:
  osint locate XJ03 --start 2023-04-01 --end 2025-10-31 --absent 2024-05-31 --present 2024-11-15 \\
      --area-low 8000 --area-high 20000 --out yiwu/found.geojson
  osint locate --at 94.697,43.255 --precision-km 15 --start ... --end ... --out found.geojson
  osint locate --bbox 94.6,43.2,94.8,43.3 --catalogue my-scenes/ --start ... --end ... --out found.geojson

The series (--start to --end) should reach a year beyond --absent and --present: candidates are dated by it.
Killed or cut off, the same command continues where it stopped. What it cannot find: docs/locate.md."""


def add_verbs(subparsers: Any) -> None:
    """Add `observe`, `date`, `measure`, `locate` and `validate`."""
    scenes = scenes_parser(out="GeoJSON to write (default: SITE.geojson), with pictures next to it", required=())
    told = "find what was built over an area, date and measure it"
    observe = add_verb(subparsers, "observe", _observe, scenes, help=told)
    _add_site(observe)
    told = "radius around --at, in metres (default %(default)g)"
    observe.add_argument("--radius", type=float, default=1_000.0, metavar="M", help=told)
    observe.add_argument("--demo", action="store_true", help="on a SIMULATED world put at the place, without a network")

    scenes = scenes_parser(out="GeoJSON to write (default: OUTLINES_dated.geojson)", required=("start", "end"))
    date = add_verb(subparsers, "date", _date, scenes, help="estimate construction dates for outlines")
    date.add_argument("outlines", type=Path, help=f"polygons with outline_id: {OUTLINE_FILES}")
    told = "date the step of Sentinel-1 too (sentinel-1-rtc of this catalogue; default %(const)s)"
    date.add_argument("--radar", nargs="?", const="planetary-computer", metavar="CATALOGUE", help=told)
    _arguments.add_datum(date, "of the map on which the outlines were drawn")
    add_demo(date, _demo_of_outlines)
    for p in (observe, date):
        p.add_argument("--exhaustive", action="store_true", help="read every scene instead of searching in time")

    scenes = scenes_parser(out="GeoJSON to write (default: OUTLINES_measured.geojson)", required=("start", "end"))
    told = "measure roof and plot of outlines, bound the cooling yard"
    p = add_verb(subparsers, "measure", _measure, scenes, help=told)
    told = f"polygons with outline_id, the roofs of one plot as one feature: {OUTLINE_FILES}"
    p.add_argument("outlines", type=Path, help=told)
    told = "first day of a time before ground was broken, same seasons"
    p.add_argument("--before-start", type=_arguments.first_day, metavar="DATE", help=told)
    told = "last day of it; without it the plot is separated from its surroundings"
    _arguments.add_datum(p, "of the map on which the outlines were drawn")
    p.add_argument("--before-end", type=_arguments.last_day, metavar="DATE", help=told)
    add_demo(p, _demo_of_outlines)

    _add_locate(subparsers)

    out = "CSV to write, one row per published date (default: compared.csv)"
    scenes = scenes_parser(out=out, required=("start", "end"))
    told = "date sites whose dates are published and compare the two"
    p = add_verb(subparsers, "validate", _validate, scenes, help=told)
    p.add_argument("table", type=Path, metavar="TABLE.csv", help="columns Data center, Date, Construction status")
    told = "GeoJSON or CSV (Data center, lon, lat); default: the sites whose statuses link to Google Earth"
    p.add_argument("--places", type=Path, metavar="FILE", help=told)


def _add_site(p: argparse.ArgumentParser) -> None:
    told = "id, name, owner or county; looked at within its precision"
    p.add_argument("site", nargs="?", metavar="SITE", help=told)
    _arguments.add_point(p)


def _add_locate(subparsers: Any) -> None:
    p = add_verb(
        subparsers,
        "locate",
        _locate,
        scenes_parser(
            out="GeoJSON to write, with the journal and the chips next to it (default: SITE_found.geojson)",
            required=("start", "end"),
        ),
        help="search a wide area for a roof absent on one date and present on another",
        description="Search a place known to some kilometres for new roof of a size that was not there on one day\n"
        "and was there on another. Name the place in one of three ways: SITE, --bbox or --at.",
        epilog=LOCATE_EXAMPLE,
    )
    _add_site(p)
    p.add_argument("--precision-km", type=float, metavar="KM", help="how far from --at the site may be")
    told = "day on which the roof was not there (default: --start; a year before is read)"
    p.add_argument("--absent", type=_arguments.first_day, metavar="DATE", help=told)
    told = "day on which it was there (default: --end; a year after it is read)"
    p.add_argument("--present", type=_arguments.last_day, metavar="DATE", help=told)
    for name, size, least in (("--area-low", 2_000.0, "least"), ("--area-high", 100_000.0, "most")):
        p.add_argument(name, type=float, default=size, metavar="M2", help=f"{least} roof (default %(default)g m2)")
    p.add_argument("--chips", type=int, default=10, metavar="N", help="candidates drawn (default %(default)s)")
    p.add_argument("--tile-km", type=float, default=5.12, metavar="KM", help="side of a tile (default %(default)g)")
    p.add_argument("--dask", default="", metavar="ADDRESS", help="Dask scheduler, as tcp://host:8786, or local")
    add_demo(p, _wide_place)


def _observe(args: argparse.Namespace) -> int:
    from osint import geo
    from osint.errors import BadInputError

    if sum(map(bool, (args.site, args.bbox, args.at))) != 1:
        raise BadInputError("`osint observe` looks at one place: name either a site or --bbox W,S,E,N or --at LON,LAT")
    if args.bbox:
        return _observe_place(args, _arguments.box(args.bbox, args.datum), "observed")
    if args.at:
        place = geo.disc(*geo.read_point(args.at, geo.datum_named(args.datum)), args.radius)
        return _observe_place(args, place.envelope, "observed")
    site_id, place = _near(args)
    return _observe_place(args, place, site_id)


def _near(args: argparse.Namespace) -> tuple[str, BaseGeometry]:
    """Return the id of a site and the box (degrees) in which it is; one known less well must be searched for."""
    from osint import change
    from osint.errors import NotFoundError
    from osint.register import load_register, one_site

    register = load_register(args.data)
    site_id = one_site(register, args.site).site_id
    site = change.site_area(site_id, register)
    known = f"{site_id} is known only to {site.precision_km:g} km"
    if args.demo and not site.is_near_enough:
        tell(f"{known}: on real pictures, `osint locate {site_id}` searches for it")
    elif not site.is_near_enough:
        raise NotFoundError(f"{known}: search for it with `osint locate {site_id}`, or name a box with --bbox W,S,E,N")
    return site_id, site.box


def _observe_place(args: argparse.Namespace, place: BaseGeometry, name: str) -> int:
    from osint import case

    source: Any = {"catalogue": args.catalogue, "collection": args.collection, "exhaustive": args.exhaustive}
    default = args.out is None
    _default_out(args, f"{name}.geojson")
    source |= {"journal": _journal(args), "tell": tell}
    look = case.look_at(place, args.start or "", args.end or "", demo=args.demo, drawn=DRAWN, **source)
    simulated = default and look.simulated
    out = look.write(args.out.with_name(f"{name}_simulated.geojson") if simulated else args.out)
    open_kinds = len(look.frame) - len(look.buildings)
    likely = f"{len(look.buildings)} more likely a building than not{look.open_kinds}"
    counted = f"{len(look.frame)} structures, {likely}, {open_kinds} other or open"
    lines = [SIMULATED] if look.simulated else []
    lines.append(f"{counted}, in {out}; {look.searched_share:.0%} of the place was read and clear")
    lines.append(f"{look.bytes_read / 1e6:.1f} MB read; {look.scenes} scenes are listed")
    lines.append("halls 10 m apart or nearer read as one structure")
    lines += [f"{one.text()}; at {_middle(one.rows[0]['geometry'])}" for one in look.candidates[:PRINTED]]
    lines += [f"{len(look.candidates) - PRINTED} more are in the file"] * (len(look.candidates) > PRINTED)
    drawn = {one.outline_id: [f"{out.stem}_{name}" for name in one.pictures] for one in look.candidates if one.pictures}
    lines += [" ".join([f"{outline_id}:", *names]) for outline_id, names in drawn.items()]
    answer = {"out": str(out), "structures": len(look.frame), "buildings": len(look.buildings), "pictures": drawn}
    answer |= {"searched_share": look.searched_share, "scenes": look.scenes, "unread": look.unread}
    print_answer(args, {**answer, "simulated": look.simulated}, "\n".join(lines))
    if look.unread:
        tell(f"not all was read: {look.unread}. What these scenes show is not known")
    _say_doubt(look.offset_doubt)
    return INCOMPLETE if look.unread else 0


def _middle(outline: BaseGeometry) -> str:
    return f"{outline.centroid.x:.5f},{outline.centroid.y:.5f}"


def _say_doubt(offset_doubt: str) -> None:
    if offset_doubt:
        tell(f"{offset_doubt}. Dates rest on contrasts and hold; colours and kinds may be wrong")


def _journal(args: argparse.Namespace) -> Path:
    """Return the file of the finished parts of a run, next to its output; it goes away where all was read."""
    out: Path = args.out
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.with_suffix(".journal.jsonl")


def _say_unread(stack: Stack, stopped: str = "") -> int:
    """Say what could not be read; return the exit status: a script must not take it for an absence."""
    if stopped:
        tell(f"stopped: {stopped}")
    if stack.unread:
        tell(f"not all was read: {stack.unread}. What these scenes show is not known")
    _say_doubt(stack.offset_doubt)
    return INCOMPLETE if stopped or stack.unread else 0


def _about(stack: Stack, span: tuple[str, str]) -> dict[str, Any]:
    """Return the members of a collection of outlines: what was asked, and what could not be read for it."""
    from osint import change

    last = change.last_scene(stack, *span)
    return {**change.search_member(None, *span, last, None, stack.simulated), "unread": stack.unread}


def _print_outlines(args: argparse.Namespace, stack: Stack, counted: str, **counts: int) -> None:
    """Print how many outlines were dated or measured, where they are, what it cost, and whether all is SIMULATED."""
    lines = [*[SIMULATED] * stack.simulated, f"{counted}, in {args.out}; {stack.bytes_read / 1e6:.1f} MB read"]
    answer = {"out": str(args.out), **counts, "bytes_read": stack.bytes_read, "simulated": stack.simulated}
    print_answer(args, answer, "\n".join(lines))


def _demo_of_outlines(args: argparse.Namespace) -> BaseGeometry:
    """Return where (degrees) the SIMULATED world stands to show the outlines of a file.

    It is where `observe` found them, else so that the first of them holds a hall.
    """
    from osint import change, geo
    from osint.errors import OsintError

    with contextlib.suppress(OsintError):
        if search := change.read_found(args.outlines).search:
            return search.area
    first = geo.read_outlines(args.outlines, geo.datum_named(args.datum)).to_crs(4326).geometry.iloc[0]
    return place_around(first)


def _stack_around(args: argparse.Namespace, outlines: GeoDataFrame, start: str, end: str) -> Stack:
    from osint import change

    place = change.around(outlines.union_all(), OUTLINES_REACH_M)
    return change.open_stack(place, start, end, catalogue=args.catalogue, collection=args.collection)


def _default_out(args: argparse.Namespace, name: str) -> None:
    """Set --out to a name in the case, where none was given."""
    args.out = args.out or _arguments.in_case(Path(name), args.data)


def _date(args: argparse.Namespace) -> int:
    from osint import change, geo

    _default_out(args, f"{args.outlines.stem}_dated.geojson")
    outlines, span = geo.read_outlines(args.outlines, geo.datum_named(args.datum)), (args.start, args.end)
    stack = _stack_around(args, outlines, *span)
    run: Any = {"exhaustive": args.exhaustive, "journal": _journal(args), "tell": tell}
    dated = stack.mark(change.date_outlines(stack, outlines, *span, **run))
    about = _about(stack, span)
    # what the pictures say is on the disk before radar is asked: a catalogue that is down takes nothing away
    geo.write_outlines(dated, args.out, **about)
    count = int(dated["roofed_best"].notna().sum())
    _print_outlines(args, stack, f"{count} of {len(dated)} rows dated", rows=len(dated), dated=count)
    if args.radar:
        geo.write_outlines(change.add_radar(dated, *span, catalogue=args.radar, tell=tell), args.out, **about)
    return _say_unread(stack, stack.health.stopped)


def _measure(args: argparse.Namespace) -> int:
    from osint import change, geo
    from osint.errors import BadInputError

    _default_out(args, f"{args.outlines.stem}_measured.geojson")
    outlines = geo.read_outlines(args.outlines, geo.datum_named(args.datum))
    before = (args.before_start, args.before_end) if args.before_start and args.before_end else None
    if before is None and (args.before_start or args.before_end):
        raise BadInputError("a time before needs both ends: --before-start YYYY-MM-DD --before-end YYYY-MM-DD")
    change.in_order(args.start, args.end, before)
    days = (args.start, args.end, *(before or ()))
    stack = _stack_around(args, outlines, min(days), max(days))
    span = (args.start, args.end)
    run: Any = {"journal": _journal(args), "tell": tell}
    measured = stack.mark(change.measure_outlines(stack, outlines, *span, before=before, **run))
    about = _about(stack, span)
    geo.write_outlines(measured, args.out, **about)
    roofs, plots = (int(measured[f"{name}_area_m2_best"].notna().sum()) for name in ("roof", "plot"))
    areas = f"{roofs} roofs and {plots} plots of {len(measured)} measured; a cooling yard has an upper bound at most"
    _print_outlines(args, stack, areas, rows=len(measured), roofs=roofs, plots=plots)
    return _say_unread(stack, stack.health.stopped)


def _locate(args: argparse.Namespace) -> int:
    from osint import change, geo
    from osint.errors import BadInputError, NetworkError, NotFoundError

    place = _wide_place(args)
    _default_out(args, f"{args.site or 'place'}_found.geojson")
    if not TILE_KM_RANGE[0] <= args.tile_km <= TILE_KM_RANGE[1]:
        raise BadInputError(f"`--tile-km` is {TILE_KM_RANGE[0]:g} to {TILE_KM_RANGE[1]:g}, not {args.tile_km:g}")
    area_m2 = (args.area_low, args.area_high)
    target = change.Target.within(args.start, args.end, args.absent, args.present, area_m2)
    source = change.StackSource.of(args.catalogue, args.collection, target.start, target.end)
    journal, side_m = args.out.with_suffix(".tiles.jsonl"), 1000 * args.tile_km
    located = change.locate(source, place, target, journal, side_m=side_m, dask=args.dask, tell=tell)
    if not located.searched_share and located.unread:
        raise NetworkError(f"nothing of the place is known: {located.unread}. The same command goes on")
    if not located.searched_share:
        why = next(iter(located.unsearched.index), "cloud or no pictures everywhere")
        raise NotFoundError(
            f"nothing of the place could be searched: {why}. Widen --start and --end, or move the dates"
        )
    found = change.draw_chips(source, located, args.out.parent / f"{args.out.stem}_chips", args.chips)
    summary, seen = located.summary(), (target.absent, target.present, target.present)
    found = found.assign(simulated="SIMULATED") if located.simulated else found
    about = change.search_member(place, *seen, located.searched_share, located.simulated)
    geo.write_outlines(found, args.out, **summary, **about)
    lines = [*[SIMULATED] * located.simulated, *map(_candidate, found.head(PRINTED).to_dict("records"))]
    lines += [f"not searched: {n} of {len(located.tiles)} tiles: {why}" for why, n in located.unsearched.items()]
    lines.append(located.text(str(args.out)))
    answer = {**summary, "bytes_read": located.bytes_read, "out": str(args.out)}
    print_answer(args, answer, "\n".join(lines))
    if located.unread:
        tell(f"not all was read: {located.unread}. What was not read is not known")
    return INCOMPLETE if located.unread else 0


def _wide_place(args: argparse.Namespace) -> BaseGeometry:
    """Return the outline (degrees) to search, from SITE, --bbox or --at."""
    from osint import change
    from osint.errors import BadInputError
    from osint.register import load_register, one_site

    if sum(map(bool, (args.site, args.bbox, args.at))) != 1:
        raise BadInputError("name one place: a SITE, --bbox W,S,E,N, or --at LON,LAT with --precision-km KM")
    if bool(args.at) != (args.precision_km is not None):
        raise BadInputError("--at and --precision-km go together: --at 94.697,43.255 --precision-km 15")
    if args.bbox:
        return _arguments.box(args.bbox, args.datum)
    if args.site:
        register = load_register(args.data)
        args.site = one_site(register, args.site).site_id
        return change.site_area(args.site, register).circle
    return _arguments.disc_argument(args.at, args.precision_km, args.datum)


def _candidate(row: dict[str, Any]) -> str:
    from osint.change import BUILDINGS

    fit = "no date" if row["fit"] is None or math.isnan(row["fit"]) else f"fit {row['fit']:.2f}"
    dated = isinstance(row["roofed_best"], str)
    came = "roofed" if row["kind"] in BUILDINGS else "half of it there"
    when = f"{came} {row['roofed_low']} to {row['roofed_high']}" if dated else row["cannot_tell"]
    area = row["roof_area_m2_best"]
    measured = "not measured" if area is None or math.isnan(area) else f"{area:,.0f} m2"
    known = isinstance(row["kind"], str)
    kind = f"{row['kind']} (a building: {row['probability']:.2f})" if known else "kind not known"
    doubt = f"; {row['cannot_tell']}" if dated and isinstance(row["cannot_tell"], str) else ""
    return f"{row['rank']:3} {fit}  {kind}, {measured}, {when}{doubt}; at {_middle(row['geometry'])}"


def _validate(args: argparse.Namespace) -> None:
    from osint import change
    from osint.register import write_csv

    _default_out(args, "compared.csv")
    source = change.StackSource.of(args.catalogue, args.collection, args.start, args.end)
    compared = change.validate(args.table, source, args.start, args.end, places=args.places, tell=tell)
    write_csv(compared.rows, args.out)
    rows = compared.rows.astype(object).where(compared.rows.notna(), None).to_dict("records")
    answer = {"out": str(args.out), "rows": [{k: _plain(v) for k, v in row.items()} for row in rows]}
    print_answer(args, answer, compared.text())


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: dates as text."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
