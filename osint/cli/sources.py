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
    verb.add_argument("--expect", default="", metavar="TEXT", help="text that the page must hold to count as captured")
    verb.add_argument("--vantage", help="where you ask from, as coarse as you like ('EU'); default OSINT_VANTAGE")
    verb.add_argument("--no-robots", action="store_true", help="ask as a person would, without robots.txt")
    verb.add_argument("--max-seconds", type=float, default=90.0, help="for one answer, redirects included")
    verb.add_argument("--max-mb", type=int, default=64, help="for one body")
    _common(verb)
    verb.set_defaults(handler=_capture)

    verb.add_argument("--live", action="store_true", help="ask the host itself before looking for a neutral copy")
    verb.add_argument("--dry-run", action="store_true", help="list what would be asked, and ask nothing")

    verb = subparsers.add_parser("search", help="ask the portals for words in a span of time, side by side")
    verb.add_argument("words", help="such as '智算中心 哈密'; place words choose regional sources")
    verb.add_argument("--from", dest="start", required=True, metavar="DAY", help="2024-06 or 2024-06-01")
    verb.add_argument("--to", dest="end", required=True, metavar="DAY")
    verb.add_argument("--source", action="append", default=[], help="ask only this one; may be repeated")
    verb.add_argument("--pages", type=int, default=3, help="asked of each source at most")
    verb.add_argument("--live", action="store_true", help="read the lists of government sites, not archived copies")
    verb.add_argument("--dry-run", action="store_true", help="list what would be asked, and ask nothing")
    verb.add_argument("--refresh", action="store_true", help="ask again what the archive holds the answer to")
    verb.add_argument("--legacy-tls", action="append", default=[], metavar="HOST", help="accept old TLS of this host")
    verb.add_argument("--vantage", help="where you ask from, as coarse as you like")
    verb.add_argument("--csv", metavar="FILE", help="write the rows as a table")
    _common(verb)
    verb.set_defaults(handler=_search)

    verb = subparsers.add_parser("captures", help="list what the archive holds of a URL, and how it changed")
    verb.add_argument("url", metavar="URL")
    _common(verb)
    verb.set_defaults(handler=_captures)

    verb = subparsers.add_parser("notice", help="read the fields of the last content captured of a URL")
    verb.add_argument("url", metavar="URL")
    _common(verb)
    verb.set_defaults(handler=_notice)

    _add_archive(subparsers)


def _add_archive(subparsers: Any) -> None:
    verb = subparsers.add_parser("archive", help="check, export or add to the evidence store")
    acts = verb.add_subparsers(dest="act", required=True, metavar="ACT")
    act = acts.add_parser("verify", help="check every digest and the chain; status 1 on damage")
    _common(act)
    act.set_defaults(handler=_verify)
    act = acts.add_parser("export", help="write WARC, CSV and files that sha256sum can check")
    act.add_argument("folder", metavar="FOLDER")
    _common(act)
    act.set_defaults(handler=_export)
    act = acts.add_parser("import", help="take in a file or folder that a person saved by hand")
    act.add_argument("files", nargs="+", metavar="FILE")
    act.add_argument("--who", required=True, help="who saved it; a role will do")
    act.add_argument("--when", required=True, help="when, such as 2026-11-24")
    act.add_argument("--where", required=True, help="where it came from, such as the URL in the browser")
    act.add_argument("--url", default="", help="URL of the page, to list it under `osint captures URL`")
    _common(act)
    act.set_defaults(handler=_import)


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="one JSON object a line")
    verb.add_argument("--data", metavar="DIR", help="data directory; default OSINT_DATA, then ./data")


def _note(text: str) -> None:
    print(f"osint: {text}", file=sys.stderr)


def _capture(args: argparse.Namespace) -> int:
    from osint import sources
    from osint.http import Limits
    from osint.portals.pages import capture_page, plan

    if args.dry_run:
        for url in args.urls:
            print("\n".join(plan(url, live=args.live)))
        return 0
    limits = Limits(max_bytes=args.max_mb << 20, max_seconds=args.max_seconds)
    at = sources.desk(args.data, vantage=args.vantage, limits=limits, robots=not args.no_robots, say=_note)
    _tell_mended(at.archive)
    good = True
    for url in args.urls:
        for entry in capture_page(at, url, expect=args.expect, live=args.live):
            print(json.dumps(entry, ensure_ascii=False) if args.json else _line(entry), flush=True)
            good = good and entry["class"] == "content" and entry["captured"] is not False
            if hint := sources.by_hand(entry):
                _note(hint)
    return 0 if good else 1


def _line(entry: dict[str, Any]) -> str:
    size = "no body" if entry["bytes"] is None else f"{entry['bytes']} bytes"
    place = "{warc}:{offset}+{length}".format(**entry) if "warc" in entry else "not asked"
    said = {True: "captured: ", False: "", None: ""}[entry["captured"]]
    fields = (entry["class"], size, entry["sha256"] or "-", place, entry["url"], said + entry["signal"])
    return "\t".join(fields)


def _tell_mended(archive: Any) -> None:
    for found in archive.mended:
        _note(f"mended: {found}")


def _opened(args: argparse.Namespace) -> Any:
    from osint.archive.store import Archive, captures_directory

    archive = Archive(captures_directory(args.data)).open()
    _tell_mended(archive)
    return archive


def _captures(args: argparse.Namespace) -> int:
    from osint import sources

    archive = _opened(args)
    history = sources.history(archive, args.url)
    for entry in history:
        if args.json:
            print(json.dumps(entry, ensure_ascii=False))
            continue
        print(f"{entry['time'][:19]}Z\t{entry['role']}\t{_line({**entry, 'captured': None})}")
        for line in entry["difference"]:
            print(f"    {line}")
    if not history:
        _note(f"the archive holds no capture of {args.url}")
    return 0 if history else 1


def _notice(args: argparse.Namespace) -> int:
    import dataclasses

    from osint import sources
    from osint.filings import read_notice

    archive = _opened(args)
    held = [e for e in sources.history(archive, args.url) if e["class"] == "content"]
    found = read_notice(args.url, archive.body(held[-1]), held[-1]["media_type"]) if held else None
    if found is None:
        _note(f"the archive holds no readable page of {args.url}; capture it first")
        return 1
    fields = {**dataclasses.asdict(found), "capture": held[-1]["seq"], "sha256": held[-1]["sha256"]}
    if args.json:
        print(json.dumps(fields, ensure_ascii=False))
        return 0
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            print(f"{name}\t{json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list) else one}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    import dataclasses

    from osint.archive.store import captures_directory
    from osint.archive.verify import verify

    report = verify(captures_directory(args.data))
    if args.json:
        print(json.dumps(dataclasses.asdict(report), ensure_ascii=False))
        return 1 if report.damage else 0
    for damage in report.damage:
        print(f"damaged: {damage.where}: {damage.what}")
    for note in report.notes:
        print(f"note: {note}")
    count = f"{report.captures} captures, {report.bytes} bytes"
    state = "DAMAGED" if report.damage else "every digest and the chain hold"
    print(f"{count}: {state}; head {report.head or '-'}")
    return 1 if report.damage else 0


def _export(args: argparse.Namespace) -> None:
    from osint.archive.exchange import export

    done = export(_opened(args), args.folder)
    print(json.dumps(done) if args.json else f"{done['captures']} captures, {done['files']} files in {args.folder}")


def _import(args: argparse.Namespace) -> None:
    from osint.archive.exchange import import_path

    archive = _opened(args)
    for path in args.files:
        for entry in import_path(archive, path, by=args.who, obtained=args.when, origin=args.where, url=args.url):
            line = {**entry, "captured": None}
            print(json.dumps(entry, ensure_ascii=False) if args.json else _line(line), flush=True)


def _search(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from osint import sources
    from osint.portals import query, search

    asked = query.query(args.words, args.start, args.end, pages=max(1, args.pages))
    names = tuple(args.source)
    if args.dry_run:
        print("\n".join(search.planned(asked, names, live=args.live)))
        return 0
    at = sources.desk(args.data, vantage=args.vantage, refresh=args.refresh, say=_note)
    _tell_mended(at.archive)
    count = len(search.fitting(asked, names)[0]) + (not names)
    with tqdm(total=count, desc="sources", disable=None, leave=False, file=sys.stderr) as bar:
        reports = search.search(
            at, asked, names=names, live=args.live, legacy=tuple(args.legacy_tls), done=lambda _: bar.update()
        )
    table = search.frame(reports)
    if args.csv:
        table.to_csv(args.csv, index=False, lineterminator="\n")
    if args.json:
        _print_search_json(table, reports)
    else:
        _print_search(table, reports)
    return 0 if any(r.answer in ("content", "empty result") for r in reports) else 1


def _print_search_json(table: Any, reports: list[Any]) -> None:
    import dataclasses

    told = [{k: v for k, v in dataclasses.asdict(r).items() if k != "rows"} | {"rows": len(r.rows)} for r in reports]
    print(json.dumps({"rows": table.to_dict("records"), "sources": told}, ensure_ascii=False))


def _print_search(table: Any, reports: list[Any]) -> None:
    for row in table.to_dict("records"):
        code = f" [{row['project_code']}]" if row["project_code"] else ""
        print(f"{row['date'] or '-'}\t{row['source']}\t{row['kind'] or '-'}\t{row['title']}{code}\t{row['url']}")
    print()
    for report in reports:
        total = f" of {report.total} stated" if report.total is not None else ""
        left_out = f", {report.left_out} without the words or outside the days" if report.left_out else ""
        print(f"{report.source}: {report.answer} ({report.said}); {len(report.rows)} rows{total}{left_out}")
        if report.could_not:
            print(f"    could not: {report.could_not}")
        if report.by_hand:
            print(f"    by hand: {report.by_hand}")
