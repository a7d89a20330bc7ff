"""Verbs of change: observe an area, date outlines."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_verbs(subparsers: Any) -> None:
    """Add `observe` and `date`."""
    p = subparsers.add_parser("observe", help="find what was built over an area, date and measure it")
    p.add_argument("--bbox", required=True, metavar="W,S,E,N", help="lon/lat box")
    _catalogue(p)
    p.add_argument("--out", required=True, type=Path, help="GeoJSON to write")
    p.set_defaults(handler=_observe)
    p = subparsers.add_parser("date", help="date what happened inside outlines")
    p.add_argument("outlines", type=Path, help="GeoJSON of polygons with outline_id")
    _catalogue(p)
    p.add_argument("--out", required=True, type=Path, help="GeoJSON to write")
    p.set_defaults(handler=_date)


def _catalogue(p: argparse.ArgumentParser) -> None:
    p.add_argument("--catalogue", default="https://earth-search.aws.element84.com/v1", help="STAC API")
    p.add_argument("--collection", default="sentinel-2-c1-l2a", help="collection of surface reflectance")
    p.add_argument("--start", required=True, help="first date, YYYY-MM-DD")
    p.add_argument("--end", required=True, help="last date, YYYY-MM-DD")
    p.add_argument("--exhaustive", action="store_true", help="read every scene instead of searching in time")


def _observe(args: argparse.Namespace) -> None:
    from osint import looks, structures

    where = _box(args.bbox)
    source = looks.of_catalogue(args.catalogue, args.collection, where, args.start, args.end)
    found = structures.new_structures(source, where, args.start, args.end, exhaustive=args.exhaustive)
    write(found, args.out)
    print(f"{len(found)} structures, {len(structures.buildings(found))} probably buildings, in {args.out.name}")
    print(f"{source.bytes_read / 1e6:.1f} MB read from {len(source.scenes)} scenes")


def _date(args: argparse.Namespace) -> None:
    from osint import change, looks

    outlines = read_outlines(args.outlines)
    where = looks.around(outlines.union_all(), 400)
    source = looks.of_catalogue(args.catalogue, args.collection, where, args.start, args.end)
    dated = change.date_outlines(source, outlines, args.start, args.end, exhaustive=args.exhaustive)
    write(dated, args.out)
    told = int(dated["roofed_best"].notna().sum())
    print(f"{told} of {len(dated)} rows dated, in {args.out.name}; {source.bytes_read / 1e6:.1f} MB read")


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


def read_outlines(path: Path) -> Any:
    """Return outlines in lon/lat as a GeoDataFrame with outline_id."""
    import geopandas as gpd

    from osint.errors import OsintError

    try:
        outlines = gpd.read_file(path)
    except Exception as error:
        raise OsintError(f"{path.name} cannot be read as outlines: {error}.") from None
    polygons = outlines.geometry.notna() & outlines.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    if not len(outlines) or not polygons.all():
        raise OsintError(f"{path.name} must hold polygons only, {int((~polygons).sum())} of {len(outlines)} are not.")
    if "outline_id" not in outlines:
        outlines["outline_id"] = [str(n + 1) for n in range(len(outlines))]
    return outlines.to_crs(4326)


def write(frame: Any, path: Path, **about: Any) -> None:
    """Write rows as GeoJSON in lon/lat; what is missing is null. `about` are members of the collection itself."""
    import pandas as pd
    from shapely.geometry import mapping

    def clean(value: Any) -> Any:
        if pd.isna(value):
            return None
        return value.item() if hasattr(value, "item") else value

    features = [
        {
            "type": "Feature",
            "properties": {k: clean(v) for k, v in row.items() if k != "geometry"},
            "geometry": mapping(row["geometry"]),
        }
        for row in frame.to_dict("records")
    ]
    text = json.dumps({"type": "FeatureCollection", **about, "features": features}, ensure_ascii=False, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
