"""Verbs of change: observe an area, date outlines, measure them."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NEAR_ENOUGH_KM = 3.0
"""A site known less well is searched for, not observed."""
LEAST_REACH_KM = 0.75
DEMO_PX = 192
DEMO_DATES = ("2023-01-01", "2025-12-31")
DRAWN = 3
"""Buildings that get a picture and a series beside the GeoJSON."""
SIMULATED = "SIMULATED: invented ground put at these coordinates; nothing here is a finding about a real place"


def add_verbs(subparsers: Any) -> None:
    """Add `observe`, `date` and `measure`."""
    p = subparsers.add_parser("observe", help="find what was built over an area, date and measure it")
    p.add_argument("site", nargs="?", metavar="SITE", help="site id; looked at within its precision")
    p.add_argument("--bbox", metavar="W,S,E,N", help="lon/lat box instead of a site")
    p.add_argument("--data", help="data folder (holds raw/); OSINT_DATA or ./data without it")
    p.add_argument("--demo", action="store_true", help="on a SIMULATED world put at the place, without a network")
    _catalogue(p)
    p.add_argument("--out", type=Path, help="GeoJSON to write (default: SITE.geojson); pictures lie beside it")
    p.set_defaults(handler=_observe)
    p = subparsers.add_parser("date", help="date what happened inside outlines")
    p.add_argument("outlines", type=Path, help="GeoJSON of polygons with outline_id")
    _catalogue(p)
    p.add_argument("--radar", nargs="?", const="planetary-computer", metavar="CATALOGUE",
                   help="date the step of Sentinel-1 too (sentinel-1-rtc of this catalogue; default %(const)s)")  # fmt: skip
    p.add_argument("--out", required=True, type=Path, help="GeoJSON to write")
    p.set_defaults(handler=_date)
    p = subparsers.add_parser("measure", help="measure roof and plot of outlines, bound the cooling yard")
    p.add_argument(
        "outlines", type=Path, help="GeoJSON of polygons with outline_id; the roofs of one plot as one feature"
    )
    _dated_catalogue(p)
    p.add_argument("--before-start", metavar="DATE", help="first date of a time before ground was broken, same seasons")
    p.add_argument(
        "--before-end", metavar="DATE", help="last date of it; without it the plot is told from its surroundings"
    )
    p.add_argument("--out", required=True, type=Path, help="GeoJSON to write")
    p.set_defaults(handler=_measure)


def _catalogue(p: argparse.ArgumentParser) -> None:
    _dated_catalogue(p)
    p.add_argument("--exhaustive", action="store_true", help="read every scene instead of searching in time")


def _dated_catalogue(p: argparse.ArgumentParser) -> None:
    p.add_argument("--catalogue", default="https://earth-search.aws.element84.com/v1", help="STAC API")
    p.add_argument("--collection", help="default: surface reflectance of Sentinel-2 at that catalogue")
    p.add_argument("--start", help="first date, YYYY-MM-DD")
    p.add_argument("--end", help="last date, YYYY-MM-DD")


def _observe(args: argparse.Namespace) -> None:
    from osint import geo
    from osint.change import detect, stack
    from osint.errors import OsintError

    if bool(args.site) == bool(args.bbox):
        raise OsintError("`osint observe` looks at one place: name either a site or --bbox W,S,E,N.")
    where = _box(args.bbox) if args.bbox else site_box(args.site, args.data, args.demo)
    start, end = _dates(args, args.demo)
    name = f"{args.site or 'observed'}{'_simulated' if args.demo else ''}"
    out = args.out or Path(f"{name}.geojson")
    with _simulated(where) if args.demo else contextlib.nullcontext((args.catalogue, args.collection, where)) as given:
        catalogue, collection, where = given
        source = stack.open_stack(where, start, end, catalogue=catalogue, collection=collection)
        found = detect.new_structures(source, where, start, end, exhaustive=args.exhaustive)
        likely = detect.buildings(found)
        simulated = args.demo or bool(source.scenes["simulated"].any())
        geo.write_outlines(found.assign(simulated="SIMULATED") if simulated else found, out)
        print(f"{len(found)} structures, {len(likely)} probably buildings, in {out.name}")
        if found.attrs["unseen"]:
            print(f"{len(found.attrs['unseen'])} tiles of 5 km were not looked at: too few scenes show them")
        print(f"{source.bytes_read / 1e6:.1f} MB read from {len(source.scenes)} scenes")
        for row in likely.sort_values("outline_id").drop_duplicates("outline_id").head(DRAWN).to_dict("records"):
            print(" ".join([f"{row['outline_id']}:", *draw(source, row, start, end, out)]))
    if simulated:
        print(SIMULATED)


def site_box(site_id: str, data: str | None, demo: bool = False) -> Any:
    """Return the lon/lat box in which a site of the register lies; a site known to many kilometres has none."""
    from osint import geo
    from osint.change import stack
    from osint.errors import OsintError
    from osint.register import load_register

    register = load_register(data)
    register.site(site_id)
    places = geo.places(register)
    place = places[places["site_id"] == site_id]
    if not len(place):
        raise OsintError(f"{site_id} has no coordinate in sites.csv; name a box with --bbox W,S,E,N.")
    km = float(place["precision_km"].iloc[0])
    known = f"{site_id} is known only to {km:g} km"
    if demo:
        print(
            f"{known}: on real pictures, `osint locate {site_id}` searches for it" if km > NEAR_ENOUGH_KM else site_id
        )
    elif not km <= NEAR_ENOUGH_KM:
        raise OsintError(f"{known}: search for it with `osint locate {site_id}`, or name a box with --bbox W,S,E,N.")
    return stack.around(place.geometry.iloc[0], 1000 * max(min(km, NEAR_ENOUGH_KM), LEAST_REACH_KM))


@contextlib.contextmanager
def _simulated(where: Any) -> Iterator[tuple[str, str, Any]]:
    """Serve a SIMULATED world whose middle is that of `where`; yields catalogue, collection and the box to look at."""
    from pyproj import Transformer

    from osint import imagery
    from osint.change import stack
    from osint.simulated import demo

    middle = where.centroid
    epsg = imagery.utm_epsg(middle.x, middle.y)
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(middle.x, middle.y)
    half = DEMO_PX // 2 * 10
    corner = (round((x - half) / 20) * 20.0, round((y + half) / 20) * 20.0)
    made = demo.make_demo(0, DEMO_PX, *DEMO_DATES, epsg=epsg, origin=corner)
    with demo.served(made):
        yield made.catalogue, demo.COLLECTION, stack.around(middle, half - 100)


def _dates(args: argparse.Namespace, demo: bool = False) -> tuple[str, str]:
    from osint.errors import OsintError

    start, end = args.start or DEMO_DATES[0] * demo, args.end or DEMO_DATES[1] * demo
    if not start or not end:
        raise OsintError("name the time to look at: --start YYYY-MM-DD --end YYYY-MM-DD.")
    return start, end


def draw(source: Any, row: dict[str, Any], start: str, end: str, out: Path) -> list[str]:
    """Draw a dated structure before and after, and the series it rests on, beside `out`; return the file names."""
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from osint import change, imagery
    from osint.change import stack, steps

    dated = change.date_change(source, row["geometry"], start, end)
    seen = dated.seen
    if seen is None or pd.isna(row["roofed_best"]):
        return []
    low, high = (steps.to_days([row[k] if pd.notna(row[k]) else row["roofed_high"]])[0]
                 for k in ("roofed_low", "complete_high"))  # fmt: skip
    days = steps.to_days(source.scenes["datetime"])
    shot = [np.max(seen.days[seen.days < low], initial=-np.inf), np.min(seen.days[seen.days > high], initial=np.inf)]
    named = f"{out.stem}_{row['outline_id']}"
    out.parent.mkdir(parents=True, exist_ok=True)
    drawn = []
    if np.isfinite(shot).all():
        rows = source.scenes[np.min([np.abs(days - d) for d in shot], axis=0) < 5 / 1440]
        cube = source.read(rows, stack.around(row["geometry"], 250), ("B02", "B03", "B04"))
        pair = imagery.choose_pair(cube, cube.time.values[0], cube.time.values[-1])
        picture = imagery.draw_pair(pair, row["geometry"], f"{row['outline_id']}: {row['kind']}")
        drawn.append(imagery.save_figure(picture, out.with_name(f"{named}_pair.png")).name)
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    ax = figure.subplots()
    ax.plot([steps.to_date(d) for d in seen.days], seen.contrast[:, seen.bands.index("B02")], ".", color="0.25")
    between = [np.datetime64(row[k]) for k in ("roofed_low", "roofed_high")]
    ax.axvspan(*between, color="0.8", label="half covered, 90%")  # type: ignore[arg-type]
    ax.set_ylabel("blue, outline less\nsurroundings (reflectance)")
    said = "SIMULATED. " if bool(source.scenes["simulated"].any()) else ""
    ax.set_title(f"{said}{row['outline_id']}: {row['kind']}, {len(seen.days)} looks", loc="left", fontsize=9)
    ax.legend(loc="upper left", fontsize=8)
    return [*drawn, imagery.save_figure(figure, out.with_name(f"{named}_series.png")).name]


def _date(args: argparse.Namespace) -> None:
    from osint import change, geo
    from osint.change import radar, stack

    outlines = geo.read_outlines(args.outlines)
    start, end = _dates(args)
    where = stack.around(outlines.union_all(), 400)
    source = stack.open_stack(where, start, end, catalogue=args.catalogue, collection=args.collection)
    dated = change.date_outlines(source, outlines, start, end, exhaustive=args.exhaustive)
    if bool(source.scenes["simulated"].any()):
        dated = dated.assign(simulated="SIMULATED")
    # what the pictures say is on the disk before radar is asked: a catalogue that is down takes nothing away
    geo.write_outlines(dated, args.out)
    told = int(dated["roofed_best"].notna().sum())
    print(f"{told} of {len(dated)} rows dated, in {args.out.name}; {source.bytes_read / 1e6:.1f} MB read")
    if args.radar:
        geo.write_outlines(radar.add_radar(dated, start, end, catalogue=args.radar, tell=print), args.out)
    if "simulated" in dated:
        print(SIMULATED)


def _measure(args: argparse.Namespace) -> None:
    from osint import change, geo
    from osint.change import stack
    from osint.change.measure import in_order
    from osint.errors import OsintError

    outlines = geo.read_outlines(args.outlines)
    start, end = _dates(args)
    before = (args.before_start, args.before_end) if args.before_start and args.before_end else None
    if before is None and (args.before_start or args.before_end):
        raise OsintError("a time before needs both ends: --before-start YYYY-MM-DD --before-end YYYY-MM-DD.")
    in_order(start, end, before)
    where = stack.around(outlines.union_all(), 400)
    first, last = min(start, *(before or (start,))), max(end, *(before or (end,)))
    source = stack.open_stack(where, first, last, catalogue=args.catalogue, collection=args.collection)
    measured = change.measure_outlines(source, outlines, start, end, before=before)
    simulated = bool(source.scenes["simulated"].any())
    geo.write_outlines(measured.assign(simulated="SIMULATED") if simulated else measured, args.out)
    roofs, plots = (int(measured[f"{name}_area_m2_best"].notna().sum()) for name in ("roof", "plot"))
    told = f"{roofs} roofs and {plots} plots of {len(measured)} measured, no cooling yard (an upper bound at most)"
    print(f"{told}, in {args.out.name}; {source.bytes_read / 1e6:.1f} MB read")
    if simulated:
        print(SIMULATED)


def _box(text: str) -> Any:
    from shapely.geometry import box

    from osint.errors import OsintError

    try:
        west, south, east, north = (float(v) for v in text.split(","))
    except ValueError:
        raise OsintError(f"`--bbox` wants four numbers W,S,E,N in degrees, got {text!r}.") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise OsintError(f"`--bbox` must have west < east and south < north in degrees, got {text!r}.")
    return box(west, south, east, north)
