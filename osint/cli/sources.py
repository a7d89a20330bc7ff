"""Verbs of the archive and the sources: capture, captures, archive, search."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osint.cli._arguments import add_offline, add_out, add_verb, in_case, out_file, say
from osint.cli.main import print_answer, print_json
from osint.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

    from osint.archive import Archive, Entry, Verification
    from osint.portals import Session, SourceReport
    from osint.sources import Revision

SHORTEST_HEAD = 16
"""Letters of a head that a person has to write down: no two lines begin with the same ones by chance."""


def add_verbs(subparsers: Any) -> None:
    """Add the verbs that fetch and keep filings."""
    verb = add_verb(subparsers, "capture", _capture, help="fetch pages into the archive, and say what each answer is")
    verb.add_argument("urls", nargs="+", metavar="URL")
    verb.add_argument("--expect", default="", metavar="TEXT", help="text that the page must hold to count as captured")
    verb.add_argument("--live", action="store_true", help="ask the host itself before looking for a neutral copy")
    _add_asking(verb)
    told = "afterwards ask the Wayback Machine to take a copy too, and keep its receipt"
    verb.add_argument("--also-wayback", action="store_true", help=told)

    verb = add_verb(subparsers, "watch", _watch, help="ask the addresses of a case again, and say what changed since")
    verb.add_argument(
        "urls", nargs="*", metavar="URL", help="addresses to ask; all of which there is content without one"
    )
    _add_asking(verb)

    verb = add_verb(subparsers, "search", _search, help="ask the portals for words in a span of time, side by side")
    verb.add_argument(
        "words", nargs="+", metavar="WORD", help="such as 智算中心 哈密; place words choose regional sources"
    )
    verb.add_argument("--start", "--from", required=True, metavar="DATE", help="first day: 2024-06 or 2024-06-01")
    verb.add_argument("--end", "--to", required=True, metavar="DATE", help="last day: 2024-06 is its last")
    verb.add_argument("--source", action="append", default=[], help="ask only this one; may be repeated")
    verb.add_argument("--pages", type=int, default=3, help="most pages asked of each source")
    verb.add_argument("--live", action="store_true", help="read the lists of government sites, not archived copies")
    verb.add_argument("--dry-run", action="store_true", help="list what would be asked, and ask nothing")
    verb.add_argument("--refresh", action="store_true", help="ask again what the archive holds the answer to")
    verb.add_argument("--legacy-tls", action="append", default=[], metavar="HOST", help="accept old TLS of this host")
    verb.add_argument("--vantage", help="where you ask from, as coarse as you like")
    add_offline(verb)
    add_out(verb, "write the rows as a table (CSV)")
    verb.add_argument("--csv", dest="out", type=out_file, help=argparse.SUPPRESS)

    verb = add_verb(subparsers, "captures", _captures, help="list what the archive holds of a URL, and how it changed")
    verb.add_argument("url", metavar="URL")

    verb = add_verb(subparsers, "notice", _notice, help="read the fields of the last content captured of a URL")
    verb.add_argument("url", metavar="URL")

    _add_archive(subparsers)


def _add_asking(verb: argparse.ArgumentParser) -> None:
    """Add how pages are asked for: from where, within which limits, or not at all."""
    verb.add_argument("--vantage", help="where you ask from, as coarse as you like ('EU'); default OSINT_VANTAGE")
    verb.add_argument("--no-robots", action="store_true", help="ask as a person would, without robots.txt")
    longest = "longest time for one answer, redirects included, in seconds"
    verb.add_argument("--max-seconds", type=float, default=90.0, help=longest)
    verb.add_argument("--max-mb", type=int, default=64, help="largest body, in MB")
    verb.add_argument("--dry-run", action="store_true", help="list what would be asked, and ask nothing")
    add_offline(verb)


def _open_session(args: argparse.Namespace) -> Session:
    """Open the archive and the way to the network, as the options say, and tell what was repaired."""
    from osint import sources
    from osint.http import Limits

    limits = Limits(max_bytes=args.max_mb << 20, max_seconds=args.max_seconds)
    session = sources.open_session(args.data, vantage=args.vantage, limits=limits, robots=not args.no_robots, say=say)
    _note_repairs(session.archive)
    return session


def _add_archive(subparsers: Any) -> None:
    verb = subparsers.add_parser("archive", help="check, export or add to the evidence store")
    acts = verb.add_subparsers(dest="act", required=True, metavar="ACT")
    told = "check every digest and the chain of captures, review logs and searches; status 1 on damage"
    act = add_verb(acts, "verify", _verify, help=told)
    logs = "review logs and .tiles.jsonl to check; those in raw/ and derived/ without one"
    act.add_argument("logs", nargs="*", type=Path, metavar="LOG", help=logs)
    expect = f"a head that was written down before, {SHORTEST_HEAD} letters at least: says whether it is still there"
    act.add_argument("--expect", action="append", default=[], metavar="HEAD", help=expect)
    act = add_verb(acts, "export", _export, help="write WARC, CSV and files that sha256sum can check")
    act.add_argument("folder", metavar="FOLDER", help="new folder; a bare name goes into derived/ of the case")
    act = add_verb(acts, "import", _import, help="take in a file or folder that a person saved by hand")
    act.add_argument("files", nargs="+", metavar="FILE")
    act.add_argument("--who", required=True, help="who saved it; a role will do")
    act.add_argument("--when", required=True, help="when, such as 2026-11-24")
    act.add_argument("--where", required=True, help="where it came from, such as the URL in the browser")
    act.add_argument("--url", default="", help="URL of the page, to list it under `osint captures URL`")


def _capture(args: argparse.Namespace) -> int:
    from osint import sources

    if args.dry_run:
        for url in args.urls:
            print("\n".join(sources.plan(url, live=args.live)))
        return 0
    session = _open_session(args)
    good = True
    for url in args.urls:
        for entry in sources.capture(session, url, expect=args.expect, live=args.live):
            _print_entry(entry, as_json=args.json)
            good = good and entry.is_content and entry.captured is not False
            if hint := sources.by_hand(entry):
                say(hint)
        if args.also_wayback:
            receipt = sources.save_copy(session, url)
            _print_entry(receipt, as_json=args.json)
            good = good and receipt.kind == "receipt"
    _tell_head(session.archive)
    return 0 if good else 1


def _tell_head(archive: Archive) -> None:
    """Print what shows later that no capture up to here was cut off or written anew, if it is kept elsewhere."""
    if (last := archive.last_entry()) and last.line_sha256:
        kept = "kept elsewhere, it lets `osint archive verify --expect HEAD` find lines that were cut off"
        say(f"head {last.line_sha256}: {kept}")


def _watch(args: argparse.Namespace) -> int:
    from osint import sources

    if args.dry_run:
        print("\n".join(args.urls or sources.watched(_opened(args))))
        return 0
    session = _open_session(args)
    asked = changed = unread = 0
    for revision in sources.watch(session, args.urls):
        asked += 1
        unread += not revision.entry.is_content
        changed += revision.entry.is_content and revision.difference != [sources.SAME_BYTES]
        if args.json:
            _print_revision(revision)
            continue
        print("\n    ".join([_line(revision.entry), *revision.difference]))
    say(f"{asked} addresses: {changed} changed, {unread} not read, {asked - changed - unread} as before")
    return 1 if changed or unread else 0


def _print_entry(entry: Entry, *, as_json: bool) -> None:
    row = {**entry.to_row(), "captured": entry.captured}
    if as_json:
        print_json(row)
    else:
        print(_line(entry))
    sys.stdout.flush()  # as each comes


def _print_revision(revision: Revision) -> None:
    print_json({**revision.entry.to_row(), "difference": revision.difference})


def _line(entry: Entry) -> str:
    size = "no body" if entry.bytes is None else f"{entry.bytes} bytes"
    place = "not asked" if entry.seq is None else f"{entry.warc}:{entry.offset}+{entry.length}"
    signal = f"captured: {entry.signal}" if entry.captured else entry.signal
    return "\t".join((entry.kind, size, entry.sha256 or "-", place, entry.url, signal))


def _note_repairs(archive: Archive) -> None:
    for repair in archive.repairs:
        say(f"repaired: {repair}")


def _opened(args: argparse.Namespace, *, make: bool = False) -> Archive:
    """Return the archive; only a verb that adds to it makes one where none is."""
    from osint import archive

    store = archive.Archive(archive.captures_directory(args.data)).open(make=make)
    _note_repairs(store)
    for piece in () if make else store.unfinished():
        say(piece)
    return store


def _captures(args: argparse.Namespace) -> int:
    from osint import sources
    from osint.http import strip_secrets

    revisions = sources.history(_opened(args), args.url)
    for revision in revisions:
        entry = revision.entry
        if args.json:
            _print_revision(revision)
            continue
        served = f"{entry.served[:19]}Z" if "T" in entry.served else entry.served
        role = entry.role if entry.served == entry.time else f"{entry.role} {entry.time[:10]}"
        print("\n    ".join([f"{served}\t{role}\t{_line(entry)}", *revision.difference]))
    if not revisions:
        say(f"the archive holds no capture of {strip_secrets(args.url)}")
    return 0 if revisions else 1


def _notice(args: argparse.Namespace) -> int:
    import dataclasses

    from osint import sources
    from osint.errors import NotFoundError

    try:
        notice, entry = sources.notice(_opened(args), args.url)
    except NotFoundError as error:
        say(str(error))
        return 1
    row = {**dataclasses.asdict(notice), "capture": entry.seq, "sha256": entry.sha256}
    if args.json:
        print_json(row)
        return 0
    for name, value in row.items():
        for one in value if isinstance(value, list) else [value]:
            print(f"{name}\t{json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list) else one}")
    return 0


def _there(args: argparse.Namespace) -> Path:
    """Return the folder of the archive; raises NotFoundError where none is."""
    from osint import archive
    from osint.errors import NotFoundError

    folder = archive.captures_directory(args.data)
    if not folder.is_dir():
        raise NotFoundError(f"there is no archive in {folder}; name the folder that holds raw/captures with --data")
    return folder


def _verify(args: argparse.Namespace) -> int:
    import dataclasses

    from osint import archive, chain

    report = archive.verify(_there(args))
    paths = args.logs or _logs_of(_there(args).parent.parent)
    logs = sorted({path.name for path in paths if path.exists()})
    report.damage.extend(archive.Damage(path.name, fault) for path in paths for fault in _log_faults(path))
    report.notes.extend(
        f"{path.name} ends in a torn line: what was written when a run was stopped is not in it"
        for path in paths
        if path.exists() and path.stat().st_size > chain.tail(path)[1]
    )
    heads = _find_heads(args.expect, paths, report, archive.Archive(_there(args)).ledger)
    if args.json:
        print_json({**dataclasses.asdict(report), "logs": logs, "heads": heads})
        return 1 if report.damage else 0
    for damage in report.damage:
        print(f"damaged: {damage.where}: {damage.what}")
    for note in report.notes:
        print(f"note: {note}")
    count = f"captures: {report.captures}, {report.bytes} bytes" + "".join(f", {name}" for name in logs)
    for name, head in heads.items():
        print(f"{name}: head {head}")
    state = "DAMAGED" if report.damage else "every digest and the chain hold"
    print(f"{count}: {state}; head {report.head or '-'}")
    return 1 if report.damage else 0


def _find_heads(expected: list[str], paths: list[Path], report: Verification, ledger: Path) -> dict[str, str]:
    """Return the head of each log, and tell a report where the heads that were expected stand, or that one is gone."""
    from osint import archive, chain

    sealed = {f"{path.parent.name}/{path.name}": chain.seals(path) for path in (ledger, *paths)}
    every = [(name, at, len(seals), seal) for name, seals in sealed.items() for at, seal in enumerate(seals, 1)]
    for head in expected:
        if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_HEAD},64}}", head.lower()):
            most = f"{SHORTEST_HEAD} to 64 of the signs 0-9 and a-f, as `osint archive verify` prints it"
            raise BadInputError(f"{head!r} is no head of a log, which is {most}")
        places = [(name, at, of) for name, at, of, seal in every if seal.startswith(head.lower())]
        if not places:
            what = "no line has it: lines at the end are gone, or it is of another log, or this one was written anew"
            report.damage.append(archive.Damage(f"head {head}", what))
        report.notes.extend(f"head {head} is line {at} of {of} in {name}" for name, at, of in places)
    ours = f"{ledger.parent.name}/{ledger.name}"
    return {name: seals[-1] for name, seals in sealed.items() if seals and name != ours}


def _logs_of(case: Path) -> list[Path]:
    """Return the logs of reviews, searches and sign-offs in a case folder; links are not followed.

    The log of the review of a case is among them also where it is not there, as the register may name it.
    """
    found = {path for name in ("raw", "derived") for path in (case / name).rglob("*.jsonl")}
    found |= set() if any(path.parent.name == "raw" for path in found) else {case / "raw" / "reviews.jsonl"}
    return sorted(path for path in found if path.name != "ledger.jsonl" and not path.is_symlink())


def _log_faults(path: Path) -> list[str]:
    """Return what is wrong with a log: of a review, also against claims.csv beside it, of a search, or of sign-offs."""
    if path.name.endswith(".tiles.jsonl"):
        from osint import change

        return change.journal_faults(path)
    register = path.with_name("claims.csv")
    if not path.exists() and not register.exists():  # readers of claims are not loaded for nothing
        return []
    from osint import chain, filings
    from osint.errors import OsintError
    from osint.passport import LIST

    if path.name.endswith(".journal.jsonl") or (path.parent / LIST).exists():
        return [f"line {line.number}: {line.fault}" for line in chain.read(path) if line.fault]
    found = filings.review_faults(path)
    try:
        return found + (filings.compare_with_register(path, register) if register.exists() else [])
    except OsintError as error:
        return [*found, str(error)]


def _export(args: argparse.Namespace) -> int:
    from osint import archive

    held = _there(args)
    folder = in_case(out_file(args.folder), args.data)
    done = archive.export(_opened(args), folder)
    print_answer(args, done, f"{done['captures']} captures, {done['files']} files in {folder}")
    damage = archive.verify(held).damage
    if damage:
        say(f"{len(damage)} damaged pieces were exported too; `osint archive verify` names them")
    return 1 if damage else 0


def _import(args: argparse.Namespace) -> int:
    from osint import sources

    store = _opened(args, make=True)
    good = True
    about = {"by": args.who, "obtained": args.when, "origin": args.where, "url": args.url}
    for path in args.files:
        done = sources.import_saved(store, path, **about, kept=lambda entry: _print_entry(entry, as_json=args.json))
        for entry in done.known:
            say(f"{entry.url} is in the archive already, as capture {entry.seq}")
        for text in done.left_out:
            say(text)
        for text in done.faults:
            say(f"damaged: {text}")
        taken = (*done.entries, *done.known)
        cut = sum(entry.kind == "incomplete" for entry in taken)
        if cut:
            say(f"{cut} of {len(taken)} captures of {path} are not whole; the line of each says why")
        good = good and bool(taken) and not cut and not done.faults
    _tell_head(store)
    return 0 if good else 1


def _search(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from osint import sources
    from osint.errors import BadInputError
    from osint.register import write_csv

    if args.pages < 1:
        raise BadInputError(f"`--pages` is at least 1, not {args.pages}")
    words, remarks = sources.words_asked(" ".join(args.words))
    for remark in remarks:
        say(remark)
    asked = (words, args.start, args.end)
    chosen: Any = {"names": tuple(args.source), "pages": args.pages, "live": args.live}
    planned = sources.plan_search(*asked, **chosen)
    if args.dry_run:
        print("\n".join(planned))
        return 0
    session = sources.open_session(
        args.data, vantage=args.vantage, refresh=args.refresh, legacy_tls=tuple(args.legacy_tls), say=say
    )
    _note_repairs(session.archive)
    with tqdm(total=len(planned), desc="sources", disable=None, leave=False, file=sys.stderr) as bar:
        reports = sources.search(session, *asked, **chosen, done=lambda _: bar.update())
    table = sources.search_table(reports)
    if args.out:
        write_csv(table, args.out)
    if args.json:
        print_json({"rows": table.to_dict("records"), "sources": [report.to_row() for report in reports]})
    else:
        _print_search(table, reports)
    return 0 if any(report.answered for report in reports) else 1


def _print_search(table: pd.DataFrame, reports: list[SourceReport]) -> None:
    for row in table.to_dict("records"):
        code = f" [{row['project_code']}]" if row["project_code"] else ""
        print(f"{row['date'] or '-'}\t{row['source']}\t{row['kind'] or '-'}\t{row['title']}{code}\t{row['url']}")
    print()
    for report in reports:
        total = f" of {report.total} stated" if report.total is not None else ""
        left_out = f", {report.left_out} without the words or outside the days" if report.left_out else ""
        answer = report.answer or "not asked"
        print(f"{report.source}: {answer} ({report.signal}); {len(report.hits)} rows{total}{left_out}")
        if report.could_not:
            print(f"    could not: {report.could_not}")
        if report.by_hand:
            print(f"    by hand: {report.by_hand}")
