"""Verbs of a case: begin one, look at a site in pictures and put what is seen on file."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint.cli import _arguments
from osint.cli._arguments import add_verb
from osint.cli.main import print_answer

if TYPE_CHECKING:
    from osint.case import Entered, Look, Site

LOOK_EXAMPLE = """For example, in the folder of a case:
  osint look XJ03 --start 2023-01-01 --end 2025-12-31
  osint look XJ03 --take 1,3 --as "hall 2" --who "A. Reader" --p-place 0.9 --place-reason "the gate is its own"
  osint look XJ03 --outline roof.geojson
  osint look XJ03 --nothing-there --who "A. Reader"

The first line finds, dates, measures and draws, and the one with --outline does so for an outline of your own, which
gets the next number. The others write what a person says of the last look. What could not
be read is never an absence. SIMULATED pictures (--demo) enter a demo case alone: osint new FOLDER --demo."""


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `new`, `look` and `review`."""
    p = add_verb(verbs, "new", _new, help="begin a case in a folder of its own")
    p.add_argument("folder", type=Path, metavar="FOLDER", help="new or empty folder")
    p.add_argument("--at", metavar="LON,LAT", help="put a site there, degrees in --datum, or a map's link")
    p.add_argument("--site", metavar="NAME", help="bring a site of the register along, with its claims")
    p.add_argument("--name", default="", help="name of the site that is put at --at")
    p.add_argument("--name-zh", default="", metavar="NAME", help="its name in Chinese, by which portals are searched")
    told = "radius within which it lies (default %(default)g km)"
    p.add_argument("--precision-km", type=float, default=1.0, metavar="KM", help=told)
    told = "WGS-84, GCJ-02 (Amap), BD-09 (Baidu) or unknown, which adds 1.2 km in China (default %(default)s)"
    p.add_argument("--datum", default="unknown", help=told)
    p.add_argument("--country", default="", help="two letters, as CN; a place in China needs none")
    p.add_argument("--demo", action="store_true", help="a case for SIMULATED observations, and no others")

    told = "look at a site in pictures, and put what is seen on file"
    parents = _arguments.catalogue_parser(), _arguments.span_parser(required=False)
    p = add_verb(verbs, "look", _look, *parents, help=told, epilog=LOOK_EXAMPLE)
    p.add_argument("site", metavar="SITE", help="id, name in any script, owner or county, or part of these")
    p.add_argument("--bbox", metavar="W,S,E,N", help="box in degrees instead of the box about the site")
    _arguments.add_datum(p, "of --bbox and --outline")
    told = "date and measure outlines that a person drew (GeoJSON, KML, ...) in the pictures of the last look"
    p.add_argument("--outline", type=Path, metavar="FILE", help=told)
    p.add_argument("--exhaustive", action="store_true", help="read every scene instead of searching in time")
    p.add_argument("--demo", action="store_true", help="on a SIMULATED world put at the place, without a network")
    said = p.add_argument_group("what a person says of it")
    said.add_argument("--take", metavar="NUMBERS", help="candidates that are the site's, as 1,3")
    said.add_argument("--as", dest="as_part", default="", metavar="PART", help="phase, building or lot that they are")
    told = "nothing was there that reaches RUNG (default %(const)s) by the last day looked at"
    said.add_argument("--nothing-there", nargs="?", const="roofed", metavar="RUNG", help=told)
    said.add_argument("--who", default="", metavar="NAME", help="the person who says so")
    told = "probability, at most 0.98, that it is the place of the claims; computed without it"
    said.add_argument("--p-place", type=_arguments.share, metavar="P", help=told)
    said.add_argument("--place-reason", default="", metavar="TEXT", help="how the place is known")

    p = add_verb(verbs, "review", _review, help="decide on the claims that were read into a case, and write them")
    p.add_argument("--accept", default="", metavar="KEYS", help="claims as they were read, as 3fa2c1,77b0de")
    p.add_argument("--reject", default="", metavar="KEYS", help="claims that were read wrongly, with --reason")
    p.add_argument("--change", metavar="KEY", help="a claim to accept with other values: --set, with --reason")
    told = "other value, as low=12000, chip_model=H100 or rung=running; may be given again"
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=told)
    p.add_argument("--who", default="", metavar="NAME", help="the person who decides")
    p.add_argument("--reason", default="", metavar="TEXT", help="why; needed to change or reject")
    p.add_argument("--translation", default="", metavar="TEXT", help="of a Chinese quote, into English")
    told = "phase, building or lot of which they speak, as 'hall 1': what was seen of it decides, and nothing else"
    p.add_argument("--part", default="", metavar="PART", help=told)
    told = "whether the claims may be evidence for other claims; there is no default"
    p.add_argument("--evidence", choices=("yes", "no"), help=told)


def _review(args: argparse.Namespace) -> None:
    from osint import case
    from osint.errors import BadInputError

    review = case.open_case(args.data).review()
    asked = [name for name in ("accept", "reject", "change") if getattr(args, name)]
    if not asked:
        rows = review.open.to_dict("records")
        told = review.text() + (f"\n{_arguments.decide(args.data)}" if rows else "")
        print_answer(args, {"open": rows, "faults": list(review.faults)}, told)
        return
    if len(asked) > 1:
        raise BadInputError(f"one decision at a time: --{' or --'.join(asked)}")
    if asked != ["reject"] and args.evidence is None:
        raise BadInputError("say whether they may be evidence for other claims: --evidence yes or --evidence no")
    signed = {"who": args.who, "reason": args.reason}
    known: dict[str, Any] = {**signed, "translation": args.translation, "evidence": args.evidence == "yes"}
    known["part"] = args.part
    if args.accept:
        entered = review.accept(args.accept.split(","), **known)
    elif args.reject:
        keys = args.reject.split(",")
        review.reject(keys, **signed)
        print_answer(args, {"rejected": keys}, f"{len(keys)} rejected; the log keeps who and why")
        return
    else:
        known |= case.changed_values(args.set)
        entered = review.change(args.change, **known)
    _print_entered(args, entered)


def _print_entered(args: argparse.Namespace, entered: Entered) -> None:
    changed = [
        {"claim_id": c.claim.claim_id, "finding": c.after.outcome.value, "text": c.text()} for c in entered.changed
    ]
    print_answer(args, {"written": list(entered.ids), "changed": changed}, entered.text())


def _new(args: argparse.Namespace) -> None:
    from osint import case, geo
    from osint.errors import BadInputError
    from osint.register import country_code

    if args.at and args.site:
        raise BadInputError("name one site: --at LON,LAT puts a new one there, --site brings one of the register along")
    if args.at and not args.name:
        raise BadInputError("a site needs a name: --name 'Hami, north park'")
    datum = geo.datum_named(args.datum)
    lon, lat, datum = geo.stated_point(args.at, datum) if args.at else (None, None, datum)
    country = country_code(args.country) if args.country else ""
    known: dict[str, Any] = {"precision_km": args.precision_km, "datum": datum, "country": country}
    known |= {"lon": lon, "lat": lat, "name_zh": args.name_zh} if args.name else {}
    made = case.new_case(args.folder, site=args.site or "", name=args.name, demo=args.demo, **known)
    sites = [site.id for site in made.sites]
    answer = {"folder": str(args.folder), "sites": sites, "demo": args.demo}
    print_answer(args, answer, f"{made}\nin {args.folder}; README.md there says what to do next")


def _look(args: argparse.Namespace) -> int:
    from osint import case, geo

    outlines = geo.read_outlines(args.outline, geo.datum_named(args.datum)).geometry if args.outline else ()
    site = case.open_case(args.data).site(args.site)
    said = args.take or args.nothing_there
    source: Any = {"catalogue": args.catalogue, "collection": args.collection, "exhaustive": args.exhaustive}
    if (said or args.outline) and not (args.start or args.end or args.demo):
        look = site.last_look()
    else:
        place = _arguments.box(args.bbox, args.datum) if args.bbox else None
        look = site.look(args.start or "", args.end or "", place=place, demo=args.demo, tell=_arguments.tell, **source)
    for drawn in outlines:
        look = site.outline(drawn, look, **source)
    if not said:
        print_answer(args, _answer(look), look.text() + _next(site, look, args.data))
        return 3 if look.unread else 0
    entered = _said(args, look)
    _print_entered(args, entered)
    return 0


def _said(args: argparse.Namespace, look: Look) -> Entered:
    from osint.errors import BadInputError

    if args.take and args.nothing_there:
        raise BadInputError("--take and --nothing-there contradict each other: give one of them")
    known = {"who": args.who, "place_reason": args.place_reason, "p_place": args.p_place}
    if args.nothing_there:
        return look.nothing_there(rung=args.nothing_there, **known)
    try:
        numbers = [int(number) for number in args.take.split(",")]
    except ValueError as error:
        raise BadInputError(f"`--take` wants the numbers of candidates, as 1,3, got {args.take!r}") from error
    return look.take(numbers, as_part=args.as_part, **known)


def _next(site: Site, look: Look, data: str | None) -> str:
    """Return what to type next, and where the pictures lie."""
    if look.simulated and not site.case.is_demo:
        return "\nnothing was kept: SIMULATED pictures enter a demo case alone (osint new FOLDER --demo)"
    kept = f"\npictures: {site.case.path / 'derived' / 'looks'}/{site.id}_*.png"
    again = f"osint look {site.id}" + (f" --data {shlex.quote(str(data))}" if data else "")
    line = f"{again} --take NUMBERS --who NAME" if look.candidates else ""
    nothing = f"{again} --nothing-there --who NAME"
    return kept + "\nthen: " + " or ".join(filter(None, (line, nothing)))


def _answer(look: Look) -> dict[str, Any]:
    """Return a look as plain values for JSON."""
    found = [
        {
            "number": one.number,
            "is_building": one.is_building,
            "rows": [{k: v for k, v in row.items() if k != "geometry"} for row in one.rows],
        }
        for one in look.candidates
    ]
    about = {name: getattr(look, name) for name in ("start", "end", "until", "searched_share", "unread", "simulated")}
    return {**about, "scenes": look.scenes, "candidates": found}
