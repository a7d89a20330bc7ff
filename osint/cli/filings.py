"""The verb `extract`: print the claims of filings."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from osint.cli import _arguments
from osint.cli._arguments import add_verb
from osint.cli.main import print_json


def add_verbs(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `osint extract` to the command."""
    parser = add_verb(subparsers, "extract", _extract, help="print every quantity that filings claim")
    parser.add_argument("filings", nargs="+", metavar="FILE|URL|CAPTURE", help="a file, a web address or a capture id")
    parser.add_argument("--date", metavar="DATE", help="day of the documents, as 2024-06-15")
    told = "read pictures and scanned pages by machine (needs the extra ocr)"
    parser.add_argument("--ocr", action="store_true", help=told)
    told = "print what each document says of itself: title, buyer, attachments, ..."
    parser.add_argument("--about", action="store_true", help=told)
    into = parser.add_argument_group("into the review of a case")
    into.add_argument("--into", metavar="CASE", help="folder of the case; `osint review` then decides on each claim")
    into.add_argument("--site", metavar="SITE", help="site of which the documents speak: id, name, or part of these")
    into.add_argument("--publisher", default="", metavar="NAME", help="who published them, where they do not say so")
    into.add_argument("--claimant", default="", metavar="NAME", help="who claims it (default: the publisher)")
    told = "kind of publisher, as local_government or state_media (default %(default)s)"
    into.add_argument("--tier", default="unsourced", metavar="TIER", help=told)
    into.add_argument("--url", default="", metavar="URL", help="where it can be read")


def _extract(args: argparse.Namespace) -> int:
    from osint import case, filings
    from osint.errors import OsintError
    from osint.register import read_day

    if args.into:
        return _into(args)
    status = 0
    document = read_day(args.date) if args.date else None
    for name in args.filings:
        try:
            read = filings.parse_with_ocr if args.ocr else filings.parse
            filing = filings.open_filing(name, read, data=args.data)
        except OsintError as error:
            print(f"osint extract: {error}", file=sys.stderr)
            status = 2
            continue
        status = 2 if filing.blocked or not filing.text.strip() else status
        if args.about:
            _print_about(filings.about(filing).to_row(), args.json)
            continue
        table = filings.claims_of(filing, document=document)
        for remark in filing.remarks:
            print(f"osint extract: {name}: {remark}", file=sys.stderr)
        if args.json:
            for row in table.to_dict("records"):
                print_json(row)
        elif table.empty:
            print("(no claims)")
        else:
            print(f"{name}: {len(table)} claim{'s' * (len(table) > 1)}; --json has every field")
            for row in table.to_dict("records"):
                print("  " + "\n    ".join(line for part in case.read_as(row) for line in part.splitlines()))
    return status


def _into(args: argparse.Namespace) -> int:
    from osint import case
    from osint.errors import BadInputError

    if not args.site:
        raise BadInputError("say of which site the documents speak: --site NAME")
    known = {name: getattr(args, name) for name in ("publisher", "claimant", "tier", "url", "ocr")}
    review = case.open_case(args.into).extract(*args.filings, site=args.site, date=args.date or "", **known)
    print(f"{review}\n{_arguments.decide(args.into)}")
    return 0


def _print_about(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            words = ", ".join(str(part) for part in one.values() if part) if isinstance(one, dict) else str(one)
            if words not in ("", "None"):
                print(f"{name}: {words}")
