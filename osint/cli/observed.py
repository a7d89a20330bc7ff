"""The verb `observed`: put what was seen on file, by hand or from a file of `observe`, `locate`, `date`, `measure`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import add_datum, add_verb, named_numbers, share
from osint.cli.main import print_answer

if TYPE_CHECKING:
    from osint import change
    from osint.register import Register

OF_A_ROW = ("rung", "not_yet", "quantity", "low", "best", "high", "searched_share", "at", "position_error_m")
"""Options of one row by hand; a file says these itself."""
OF_A_FILE = ("only", "said", "named", "claims", "roofed", "roof_m2")
EXAMPLES = """For example:
  osint observed XJ03 --date 2026-06-01 --not-yet roofed --who "A. Reader" --how "picture of 0.5 m" \\
      --p-place 0.9 --place-reason "the gate in the county's film stands on its edge" --searched-share 1
  osint observed XJ03 roof.geojson --pictures my-screenshots --who "A. Reader" --part "hall 2"
  osint observed XJ03 yiwu/found.geojson --only S001,S002 --said map=94.7012,43.2551,100 \\
      --named "S001=name on a map: OpenStreetMap, operator" --claims C031 --roof-m2 8000..33000 --dry-run

A row without p_place says nothing negative of a claim. How it is computed for a file: docs/change.md."""


def add_verbs(verbs: Any) -> None:
    """Add the verb `observed`."""
    told = "put on file what was seen at a site: one row by hand, or the outlines of a file"
    p = add_verb(verbs, "observed", _observed, help=told, epilog=EXAMPLES)
    p.add_argument("site", metavar="SITE", help="id, name, owner or county")
    told = "what `osint observe`, `locate`, `date` or `measure` wrote; without it one row by hand"
    p.add_argument("file", nargs="?", type=Path, metavar="FILE.geojson", help=told)
    p.add_argument("--who", metavar="NAME", help="the person or body that saw it")
    p.add_argument("--how", metavar="TEXT", help="by which means, as 'ground visit'")
    p.add_argument("--part", default="", help="phase, building or lot, as in claims.csv; without it the whole site")
    p.add_argument("--source-url", default="", metavar="URL", help="where it can be read or seen")
    told = "probability, at most 0.98, that it is the place of the claims; not known without it"
    p.add_argument("--p-place", type=share, metavar="P", help=told)
    p.add_argument("--place-reason", default="", metavar="TEXT", help="how the place is known; needed with --p-place")
    hand = p.add_argument_group("one row by hand")
    p.add_argument(
        "--date", help="day of what was seen, as 2026-06-01 or 2025-05/2025-07; of a file the last day looked at"
    )
    hand.add_argument("--rung", help="rung that it shows as reached, as roofed")
    hand.add_argument("--not-yet", metavar="RUNG", help="rung that had not been reached")
    hand.add_argument("--quantity", metavar="NAME", help="quantity of the model that was measured, as roof_m2")
    for name, what in (("low", "lower end of 90%%"), ("best", "best value"), ("high", "upper end of 90%%")):
        hand.add_argument(f"--{name}", metavar="X", help=f"{what} of the quantity, as 33,000 or 3.3万㎡")
    told = "share of the possible area of the site that was looked at, 0 to 1"
    hand.add_argument("--searched-share", type=share, metavar="SHARE", help=told)
    hand.add_argument("--at", metavar="LON,LAT", help="where it was seen, degrees in --datum, or the link of a map")
    add_datum(p, "of --at")
    hand.add_argument("--position-error-m", type=float, metavar="M", help="error of that position")
    hand.add_argument("--quote", default="", metavar="TEXT", help="the words of the source")
    hand.add_argument("--note", default="", metavar="TEXT", help="what it is and is not")
    file = p.add_argument_group("outlines of a file")
    file.add_argument("--only", metavar="IDS", help="outline ids, separated by commas; the others stay rivals")
    told = "where a reporter, map or address puts it: KIND=LON,LAT,METRES"
    file.add_argument("--said", action="append", default=[], metavar="KIND=...", help=told)
    told = "what names an outline as the site: ID=KIND: SOURCE, KIND 'name on a map', signboard or witness"
    file.add_argument("--named", action="append", default=[], metavar="ID=...", help=told)
    file.add_argument("--claims", metavar="IDS", help="claims that say when it was roofed, or how large it is")
    file.add_argument("--roofed", metavar="A/B", help="first and last day between which they say that it was roofed")
    file.add_argument("--roof-m2", metavar="LOW..HIGH", help="roof that they leave room for")
    told = "folder of dated pictures of your own, on which the roofs of FILE.geojson were drawn; see docs/imagery.md"
    file.add_argument("--pictures", type=Path, metavar="FOLDER", help=told)
    file.add_argument("--before", metavar="DATE", help="picture without the roof, the first without it")
    file.add_argument("--after", metavar="DATE", help="picture with the roof, the last without it")
    p.add_argument("--dry-run", action="store_true", help="print the rows and write nothing")


def _observed(args: argparse.Namespace) -> None:
    from osint import case
    from osint import register as tables

    if args.pictures:
        return _of_pictures(args)
    register = tables.load_register(args.data)
    args.site = tables.one_site(register, args.site).site_id
    _refuse_options(args)
    rows = _of_file(args, register) if args.file else [_by_hand(args)]
    told = f"{len(rows)} row{'s' * (len(rows) > 1)}, nothing was written (--dry-run)"
    if args.dry_run:
        tables.refuse_broken_rows("observations", rows)
    else:
        entered = case.open_case(args.data).enter("observations", rows)
        rows = [{**row, "observation_id": n} for row, n in zip(rows, entered.ids, strict=True)]
        told = entered.text()
    print_answer(args, {"observations": rows}, "\n".join([*map(_line, rows), f"{told}{_unplaced(rows)}"]))


def _of_pictures(args: argparse.Namespace) -> None:
    """Write what the outlines of a file say of pictures of one's own."""
    from osint import case, geo
    from osint.errors import BadInputError

    if args.file is None:
        raise BadInputError("name the outline that was drawn on the pictures: osint observed SITE FILE.geojson")
    own = case.open_case(args.data).site(args.site).own_pictures(args.pictures, args.before or "", args.after or "")
    known = {"as_part": args.part, "p_place": args.p_place, "place_reason": args.place_reason, "who": args.who or ""}
    outline = geo.read_outlines(args.file).geometry.union_all()
    rows = own.rows(outline, **known)
    told = "\n".join([*own.pictures.remarks, *map(_line, rows)])
    place = _unplaced(rows)
    if args.dry_run:
        print_answer(args, {"observations": rows}, f"{told}\n{len(rows)} rows, nothing was written (--dry-run){place}")
        return
    entered = own.take(outline, **known)
    ids = list(entered.ids)
    print_answer(args, {"observations": rows, "written": ids}, f"{told}\n{entered.text()}{place}")


def _unplaced(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what to say where rows do not state how likely it is that they are of the place."""
    if all(isinstance(row.get("p_place"), float) for row in rows):
        return ""
    return "\nnothing is concluded of a place that is not known: --p-place 0.9 --place-reason 'how it is known'"


def _refuse_options(args: argparse.Namespace) -> None:
    from osint.errors import BadInputError

    given = [name for name in (OF_A_ROW if args.file else OF_A_FILE) if getattr(args, name) not in (None, [])]
    if given:
        kind = "one row by hand, and a file was named" if args.file else "a file of outlines, and none was named"
        raise BadInputError(f"--{given[0].replace('_', '-')} is an option of {kind}")
    missing = [name for name in ("date", "who", "how") if not args.file and not getattr(args, name)]
    if missing:
        raise BadInputError(f"a row by hand needs --{missing[0]}: the day, who saw it, and how; or name a file")


def _stated(args: argparse.Namespace) -> change.PlaceEstimate | None:
    from osint import change
    from osint.errors import BadInputError

    if args.p_place is None and args.place_reason:
        raise BadInputError("--place-reason is the reason of --p-place: give both, or neither")
    return None if args.p_place is None else change.by_hand(args.p_place, args.place_reason, args.who or "")


def _by_hand(args: argparse.Namespace) -> dict[str, Any]:
    from osint import change, geo

    lon, lat = geo.read_point(args.at, geo.datum_named(args.datum)) if args.at else (None, None)
    known: dict[str, Any] = {name: getattr(args, name) for name in ("rung", "not_yet", "quantity")}
    known |= {name: _amount(name, getattr(args, name), args.quantity or "") for name in ("low", "best", "high")}
    known |= {name: getattr(args, name) for name in ("searched_share", "part", "source_url", "quote", "note")}
    known |= {"lon": lon, "lat": lat, "position_error_m": args.position_error_m}
    return change.hand_row(args.site, args.who, args.how, args.date, _stated(args), **known)


def _amount(name: str, text: str | None, quantity: str) -> float | None:
    """Read one end of a measured quantity as a person types it."""
    from osint.claims import read_typed
    from osint.errors import BadInputError
    from osint.register import QUANTITIES

    if text is None:
        return None
    if quantity not in QUANTITIES:
        return math.nan  # `hand_row` refuses it and names the quantities that there are
    low, high, _ = read_typed(text, QUANTITIES[quantity].si_unit)
    if low is None or low != high:
        raise BadInputError(f"--{name} is one number, not {text!r}; --low, --best and --high make a range")
    return low


def _of_file(args: argparse.Namespace, register: Register) -> list[dict[str, Any]]:
    """Return the rows of a file, each with the evidence for its place."""
    from osint import change
    from osint.errors import BadInputError, NotFoundError

    found = change.read_found(args.file)
    register_says = change.site_statement(args.site, register)
    statements = [register_says] if register_says else []
    evidence = change.SiteEvidence(
        (*statements, *map(_statement, args.said)),
        found.search,
        _expected(args, register),
        tuple(map(_identified, args.named)),
    )
    only = args.only.split(",") if args.only else ()
    known = {"observer": args.who or "osint", "how": args.how or "Sentinel-2 series", "source_url": args.source_url}
    until = args.date or found.until
    if not until:
        raise BadInputError(f"{args.file.name} does not say until which day it was looked at: add --date")
    rows = change.found_rows(
        found, args.site, until, evidence, only=only, stated=_stated(args), part=args.part, **known
    )
    if not rows:
        why = "no outline is dated or measured without a doubt, or none is likely to be the place"
        raise NotFoundError(f"{args.file.name} gives no observation: {why}, or what share was searched is not known")
    return rows


def _statement(text: str) -> change.PlaceStatement:
    from osint import change
    from osint.errors import BadInputError

    kind, _, point = text.partition("=")
    kinds = [source.value for source in change.PlaceSource if source is not change.PlaceSource.SITE]
    if kind not in kinds:
        raise BadInputError(f"`--said` wants KIND=LON,LAT,METRES with KIND one of {', '.join(kinds)}, got {text!r}")
    lon, lat, metres = named_numbers("--said", "LON,LAT,METRES", point)
    return change.PlaceStatement(change.PlaceSource(kind), lon, lat, metres)


def _identified(text: str) -> change.Identification:
    from osint import change
    from osint.errors import BadInputError

    outline_id, _, said = text.partition("=")
    kind, _, source = (part.strip() for part in said.partition(":"))
    kinds = [by.value for by in change.Identified]
    if kind not in kinds or not source or not outline_id:
        raise BadInputError(f"`--named` wants ID=KIND: SOURCE with KIND one of {', '.join(kinds)}, got {text!r}")
    return change.Identification(change.Identified(kind), source, outline_id)


def _expected(args: argparse.Namespace, register: Register) -> change.Expected | None:
    """Return what claims say of the building."""
    from osint import change
    from osint.errors import BadInputError, NotFoundError
    from osint.register import read_span

    if bool(args.claims) != bool(args.roofed or args.roof_m2):
        raise BadInputError("--claims goes with --roofed or --roof-m2: the ids of the claims that say so")
    if not args.claims:
        return None
    claims = tuple(args.claims.split(","))
    unknown = sorted(set(claims) - set(register.claims["claim_id"]))
    if unknown:
        raise NotFoundError(f"{', '.join(unknown)} is not in claims.csv; --claims names the claims that say so")
    first, _, last = (args.roofed or "").partition("/")
    roofed = read_span(first, last or first) if first else None
    least, most = named_numbers("--roof-m2", "LOW..HIGH", args.roof_m2, "..") if args.roof_m2 else (0.0, 0.0)
    return change.Expected(claims, roofed, (least, most) if args.roof_m2 else None)


def _line(row: dict[str, Any]) -> str:
    """Return a row in one line for a person."""
    what = [str(row["rung"])] if row["rung"] else []
    what += [f"not yet {row['not_yet']}"] if row["not_yet"] else []
    if row["quantity"]:
        ends = [f"{row[name]:,.6g}" for name in ("best", "low", "high") if isinstance(row[name], float)]
        what.append(f"{row['quantity']} {ends[0]} ({' to '.join(ends[1:])})" if ends else str(row["quantity"]))
    place = "place not known" if row["p_place"] == "" else f"p_place {row['p_place']:.2f}"
    simulated = ["SIMULATED"] if row["simulated"] else []
    return "  ".join(
        [str(row["observation_id"] or "-"), str(row["date"]), ", ".join(what) or "seen", place, *simulated]
    )
