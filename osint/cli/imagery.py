"""Verbs that find and read pictures of a site."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_verbs(subparsers: Any) -> None:
    """Add the verbs of this part."""
    p = subparsers.add_parser("scenes", help="list the scenes of a place between two dates")
    _place(p)
    p.add_argument("--out", type=Path, metavar="FILE.csv", help="write the table here instead of printing it")
    p.set_defaults(handler=_scenes)

    p = subparsers.add_parser("fetch", help="read the scenes of a place into one .npz of arrays on one grid")
    _place(p)
    p.add_argument("--bands", default="B02,B03,B04,B11,scl", help="comma separated (default %(default)s)")
    p.add_argument("--resolution", type=float, default=10.0, metavar="M")
    p.add_argument("--out", type=Path, required=True, metavar="FILE.npz")
    p.set_defaults(handler=_fetch)

    p = subparsers.add_parser("pair", help="draw a place before and after, from the clearest scenes near two dates")
    p.add_argument("lon", type=float)
    p.add_argument("lat", type=float)
    p.add_argument("--radius", type=float, default=1000.0, metavar="M")
    p.add_argument("--catalogue", default="earth-search")
    p.add_argument("--days", type=int, default=30, help="how far from each date to look (default %(default)s)")
    _dates_and_file(p)
    p.set_defaults(handler=_pair)

    p = subparsers.add_parser("pictures", help="draw two dates of a folder of your own pictures")
    p.add_argument("folder", type=Path)
    p.add_argument("--crs", default="EPSG:4326", help="of corners and world files (default %(default)s)")
    _dates_and_file(p)
    p.set_defaults(handler=_pictures)


def _dates_and_file(p: argparse.ArgumentParser) -> None:
    p.add_argument("--before", required=True, metavar="2023-07-01")
    p.add_argument("--after", required=True, metavar="2025-07-01")
    p.add_argument("--title", default="")
    p.add_argument("--out", type=Path, required=True, metavar="FILE.png")


def _place(p: argparse.ArgumentParser) -> None:
    p.add_argument("lon", type=float)
    p.add_argument("lat", type=float)
    p.add_argument("--radius", type=float, default=1000.0, metavar="M", help="of the site (default %(default)s m)")
    p.add_argument("--start", required=True, metavar="2023-01-01")
    p.add_argument("--end", required=True, metavar="2025-12-31")
    p.add_argument("--collection", help="default: surface reflectance of Sentinel-2 at that catalogue")
    p.add_argument("--catalogue", default="earth-search", help="earth-search, planetary-computer, cdse, URL, folder")
    p.add_argument("--max-cloud", type=float, default=100.0, metavar="PCT")
    p.add_argument("--offline", action="store_true", help="use only answers that were kept")


def _found(args: argparse.Namespace) -> Any:
    from osint import geo, imagery

    site = geo.disc(args.lon, args.lat, args.radius)
    found = imagery.scenes(
        site,
        args.start,
        args.end,
        catalogue=args.catalogue,
        collection=args.collection,
        max_cloud_pct=args.max_cloud,
        offline=args.offline,
    )
    return site, found


def _scenes(args: argparse.Namespace) -> int:
    _, found = _found(args)
    table = found.drop(columns=["hrefs", "scales", "geometry", "catalogue", "processed", "credit"])
    if args.out:
        table.to_csv(args.out, index=False)
    else:
        print(table.to_string(index=False))
    reasons = {d["reason"] for d in found.attrs["dropped"]}
    print(f"{len(found)} scenes; {len(found.attrs['dropped'])} dropped; {found.attrs['requests']} requests, "
          f"{found.attrs['bytes']:,} bytes")  # fmt: skip
    for reason in sorted(reasons)[:10]:
        print(f"  dropped: {reason}")
    return 0 if len(found) else 1


def _fetch(args: argparse.Namespace) -> int:
    import numpy as np

    from osint import imagery

    site, found = _found(args)
    cube = imagery.read_bands(found, site, args.bands.split(","), args.resolution)
    arrays: dict[str, Any] = {str(name): variable.values for name, variable in cube.data_vars.items()}
    arrays |= {"time": cube.time.values, "y": cube.y.values, "x": cube.x.values, "crs": cube.attrs["crs"]}
    np.savez_compressed(args.out, **arrays)
    print(f"{dict(cube.sizes)} in {args.out.name}")
    print(f"{cube.attrs['requests']} requests, {cube.attrs['bytes']:,} bytes")
    for failure in cube.attrs["failures"]:
        print(f"  not read: {failure['id']} {failure['band']}: {failure['error']}")
    return 0


def _pair(args: argparse.Namespace) -> None:
    from osint import geo, imagery

    site = geo.disc(args.lon, args.lat, args.radius)
    chosen = imagery.pair_between(site, args.before, args.after, catalogue=args.catalogue, days=args.days)
    _drawn(args, chosen)


def _pictures(args: argparse.Namespace) -> None:
    from osint import imagery

    cube = imagery.read_pictures(args.folder, crs=args.crs)
    for shift in cube.attrs["shifts"]:
        done = "removed" if shift["removed"] else "not removed: the match is unclear"
        print(f"{shift['id']}: shift of {shift['x_m']:g} m east, {shift['y_m']:g} m north {done}")
    _drawn(args, imagery.choose_pair(cube, args.before, args.after))


def _drawn(args: argparse.Namespace, chosen: Any) -> None:
    from osint import imagery

    print(f"{imagery.save_figure(imagery.draw_pair(chosen, title=args.title), args.out)}: {' | '.join(chosen.labels)}")
