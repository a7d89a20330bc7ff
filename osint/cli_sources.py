"""Verbs of the archive and the sources: capture, captures, archive, search."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any


def add_verbs(subparsers: Any) -> None:
    """Add the verbs of this part."""
    verb = subparsers.add_parser("capture", help="fetch pages into the archive, and say what each answer is")
    verb.add_argument("urls", nargs="+", metavar="URL")
    verb.add_argument(
        "--expect", default="", metavar="TEXT", help="text that the page must hold to count as captured"
    )
    verb.add_argument(
        "--vantage", help="where you ask from, as coarse as you like ('EU'); default OSINT_VANTAGE"
    )
    verb.add_argument("--no-robots", action="store_true", help="ask as a person would, without robots.txt")
    verb.add_argument("--max-seconds", type=float, default=90.0, help="for one answer, redirects included")
    verb.add_argument("--max-mb", type=int, default=64, help="for one body")
    _common(verb)
    verb.set_defaults(handler=_capture)


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="one JSON object a line")
    verb.add_argument("--data", metavar="DIR", help="data directory; default OSINT_DATA, then ./data")


def _note(text: str) -> None:
    print(f"osint: {text}", file=sys.stderr)


def _capture(args: argparse.Namespace) -> int:
    from osint import sources
    from osint.fetch import Limits

    limits = Limits(max_bytes=args.max_mb << 20, max_seconds=args.max_seconds)
    at = sources.desk(args.data, vantage=args.vantage, limits=limits, robots=not args.no_robots, say=_note)
    for found in at.archive.mended:
        _note(f"mended: {found}")
    good = True
    for url in args.urls:
        entry = sources.capture(at, url, expect=args.expect)
        print(json.dumps(entry, ensure_ascii=False) if args.json else _line(entry), flush=True)
        good = good and entry["class"] == "content" and entry["captured"] is not False
        if hint := sources.by_hand(entry):
            _note(hint)
    return 0 if good else 1


def _line(entry: dict[str, Any]) -> str:
    size = "no body" if entry["bytes"] is None else f"{entry['bytes']} bytes"
    place = f"{entry['warc']}:{entry['offset']}+{entry['length']}" if "warc" in entry else "not asked"
    said = {True: "captured: ", False: "", None: ""}[entry["captured"]]
    return f"{entry['class']}\t{size}\t{entry['sha256'] or '-'}\t{place}\t{entry['url']}\t{said}{entry['signal']}"
