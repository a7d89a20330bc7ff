"""Find and take the copies that neutral archives hold: Wayback Machine and Common Crawl."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from warcio.archiveiterator import ArchiveIterator

from osint.archive import Entry
from osint.http import Request, Trouble, strip_secrets
from osint.portals.adapters import base_url
from osint.portals.classify import AnswerClass, Classified, classify
from osint.portals.session import Session

WAYBACK = "https://web.archive.org"
COMMONCRAWL_INDEX = "https://index.commoncrawl.org"
COMMONCRAWL_DATA = "https://data.commoncrawl.org"
CDX_PER_MINUTE = 24.0  # searches of the Wayback index; agreed by edgi's `wayback` with the Archive's staff in 2026
REPLAY_PER_MINUTE = 480.0  # copies taken from the Wayback Machine; from the same source
COMMONCRAWL_PER_MINUTE = 10.0  # requests to Common Crawl, one at a time
CRAWLS = 3  # latest crawls of Common Crawl that are asked


@dataclass(frozen=True)
class Copy:
    """One copy that an archive says it holds."""

    url: str
    """URL of the original."""
    timestamp: str
    """When the copy was taken: 14 digits, UTC."""
    media_type: str
    """Media type that the archive saw."""
    digest: str
    """SHA-1 of the payload in base32, as the archive states it."""
    place: tuple[str, int, int] = ("", 0, 0)
    """Common Crawl: file, offset and length of the WARC record."""


@dataclass(frozen=True)
class Listing:
    """What an index answered."""

    copies: list[Copy]
    """Oldest first."""
    classified: Classified
    """Class of the answer; `empty result` means the archive has none."""
    bad_rows: int = 0
    """Rows left out as damaged (bad time, no length, no URL)."""
    goes_on: bool = False
    """The index holds more rows than were asked for."""


def wayback_request(url: str, *, start: str = "", end: str = "", limit: int = -5) -> Request:
    """Return the question to the CDX server; a negative limit asks for the newest."""
    query = {"url": url, "output": "json", "filter": "statuscode:200", "collapse": "digest", "limit": str(limit)}
    more = {"showResumeKey": "true" if limit > 0 else "", "from": start, "to": end}
    query |= {name: value for name, value in more.items() if value}
    return Request(f"{base_url('wayback', WAYBACK)}/cdx/search/cdx?{urlencode(query)}")


def planned_copies(url: str) -> list[str]:
    """Return what `take_copy` would ask, one line per request."""
    wayback, crawl = base_url("wayback", WAYBACK), base_url("commoncrawl", COMMONCRAWL_INDEX)
    return [
        f"GET {wayback_request(url).url}",
        f"if a copy is listed: GET {wayback}/web/<time>id_/{strip_secrets(url)}, and no more",
        f"else: GET {crawl}/collinfo.json and up to {CRAWLS} of its indexes",
    ]


def wayback_copies(session: Session, request: Request) -> Listing:
    """Ask the Wayback index once and read its rows."""
    entry, body = session.ask_once(request, per_minute=CDX_PER_MINUTE)
    if not entry.is_content:
        is_empty = entry.status == 200 and not body.strip()  # so plain text answers an empty index
        kind = AnswerClass.EMPTY_RESULT if is_empty else AnswerClass(entry.kind)
        return Listing([], Classified(kind, entry.signal))
    try:
        table = json.loads(body)
        header, rest = [str(name) for name in table[0]], table[1:]
    except (ValueError, IndexError, KeyError, TypeError):
        return Listing([], Classified(AnswerClass.CHALLENGE, "HTML or text where JSON was due"))
    goes_on = len(rest) >= 2 and rest[-2] == [] and isinstance(rest[-1], list)
    listed = rest[:-2] if goes_on else rest
    rows = [dict(zip(header, row, strict=False)) for row in listed if isinstance(row, list) and row]
    copies = [
        Copy(str(row["original"]), str(row["timestamp"]), str(row.get("mimetype", "")), str(row.get("digest", "")))
        for row in rows
        if _good_row(row)
    ]
    kind = AnswerClass.CONTENT if copies else AnswerClass.EMPTY_RESULT
    return Listing(copies, Classified(kind, f"{len(copies)} copies"), len(rows) - len(copies), goes_on)


def _good_row(row: dict[str, object]) -> bool:
    time, length = str(row.get("timestamp", "")), str(row.get("length", "1"))
    original = str(row.get("original", ""))
    try:
        datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        whole = bool(urlsplit(original).hostname) and original.startswith(("http://", "https://", "ftp://"))
    except ValueError:
        return False
    return whole and length != "0" and row.get("statuscode", "200") == "200"


def take_wayback(session: Session, copy: Copy) -> Entry:
    """Fetch the raw copy (`id_`), check it against the digest of the index, and return the ledger entry."""

    def check(entry: Entry, body: bytes) -> Entry:
        holds = _digest_holds(copy, body) if entry.is_content else None
        entry = replace(entry, copy_of=strip_secrets(copy.url), copy_time=copy.timestamp, copy_digest_holds=holds)
        if holds is not False or not re.fullmatch(r"[A-Z2-7]{32}", copy.digest):
            return entry
        signal = "the copy does not have the digest that the index states"
        return replace(entry, kind=AnswerClass.INCOMPLETE, signal=signal)

    request = Request(f"{base_url('wayback', WAYBACK)}/web/{copy.timestamp}id_/{copy.url}")
    return session.ask(request, per_minute=REPLAY_PER_MINUTE, api=True, refine=check)


def _digest_holds(copy: Copy, body: bytes) -> bool:
    return base64.b32encode(hashlib.sha1(body).digest()).decode() == copy.digest


def commoncrawl_copies(session: Session, url: str) -> Listing:
    """Ask the indexes of the latest crawls, newest first, until one holds the URL; stop at trouble."""
    index = base_url("commoncrawl", COMMONCRAWL_INDEX)
    entry, body = session.ask_once(Request(f"{index}/collinfo.json"), per_minute=COMMONCRAWL_PER_MINUTE)
    if not entry.is_content:
        return Listing([], Classified(AnswerClass(entry.kind), entry.signal))
    try:
        crawls = [str(one["id"]) for one in json.loads(body)][:CRAWLS]
    except (ValueError, KeyError, TypeError):
        return Listing([], Classified(AnswerClass.CHALLENGE, "no list of crawls where JSON was due"))
    query = urlencode({"url": url, "output": "json", "filter": "=status:200"})
    for crawl in crawls:
        request = Request(f"{index}/{crawl}-index?{query}")
        entry, body = session.ask_once(request, per_minute=COMMONCRAWL_PER_MINUTE)
        if entry.kind in (AnswerClass.GONE, AnswerClass.EMPTY_RESULT):
            continue  # this index says 404 for no capture
        if not entry.is_content:
            return Listing([], Classified(AnswerClass(entry.kind), entry.signal))
        copies, bad = _crawl_rows(body)
        if copies:
            return Listing(copies, Classified(AnswerClass.CONTENT, f"{len(copies)} copies in {crawl}"), bad)
    return Listing([], Classified(AnswerClass.EMPTY_RESULT, f"no copy in {', '.join(crawls)}"))


def _crawl_rows(body: bytes) -> tuple[list[Copy], int]:
    copies, bad = [], 0
    for line in body.decode("utf-8", "replace").splitlines():
        try:
            row = json.loads(line)
            place = (str(row["filename"]), int(row["offset"]), int(row["length"]))
            copies.append(
                Copy(str(row["url"]), str(row["timestamp"]), str(row.get("mime", "")), str(row["digest"]), place)
            )
        except (ValueError, KeyError, TypeError):
            bad += 1
    return sorted(copies, key=lambda one: one.timestamp), bad


def take_commoncrawl(session: Session, copy: Copy) -> Entry:
    """Fetch the byte range of one WARC record and keep both the range and the page in it."""
    name, offset, length = copy.place
    request = Request(
        f"{base_url('commoncrawl_data', COMMONCRAWL_DATA)}/{name}",
        headers={"Range": f"bytes={offset}-{offset + length - 1}"},
    )
    outer = session.ask(request, due="binary", per_minute=COMMONCRAWL_PER_MINUTE, api=True)
    if not outer.is_content:
        return outer
    held = session.archive.body(outer)
    try:
        record = next(iter(ArchiveIterator(io.BytesIO(held))))
        body = record.content_stream().read()
        headers = record.http_headers
        content_type = (headers.get_header("Content-Type") if headers else "") or ""
        status = int(headers.get_statuscode()) if headers else 200
        cut = record.rec_headers.get_header("WARC-Truncated") or ""
    except Exception as error:  # warcio raises many kinds for what is no WARC
        signal = f"the range is not a WARC record ({type(error).__name__})"
        return replace(outer, kind=AnswerClass.INCOMPLETE, signal=signal)
    classified = classify(
        status=status,
        headers={"content-type": content_type},
        body=body,
        url=copy.url,
        trouble=Trouble.LENGTH if cut else Trouble.NONE,
        detail=f"Common Crawl cut the body ({cut})" if cut else "",
    )
    entry = Entry(
        outer.url,
        classified.kind,
        classified.signal,
        time=outer.time,
        role="copy",
        final_url=outer.final_url,
        redirects=outer.redirects,
        status=status,
        truncated="length" if cut else "",
        vantage=outer.vantage,
        copy_of=strip_secrets(copy.url),
        copy_time=copy.timestamp,
        copy_digest_holds=_digest_holds(copy, body),
    )
    done = session.archive.record_file(entry, body, content_type, copy.url)
    return replace(done, captured=None if classified.kind is AnswerClass.CONTENT else False)


def take_copy(session: Session, url: str) -> tuple[Entry | None, list[str]]:
    """Look for a neutral copy of a URL and take the newest.

    Returns its entry (None if no archive holds one) and a sentence for each archive that was asked.
    """
    listing = wayback_copies(session, wayback_request(url))
    answers = [f"Wayback Machine: {_answered(listing)}"]
    if listing.copies:
        return take_wayback(session, listing.copies[-1]), answers
    crawl = commoncrawl_copies(session, url)
    answers.append(f"Common Crawl: {_answered(crawl)}")
    if crawl.copies:
        return take_commoncrawl(session, crawl.copies[-1]), answers
    return None, answers


def _answered(listing: Listing) -> str:
    if listing.copies:
        newest = listing.copies[-1].timestamp
        return f"{len(listing.copies)} copies listed, the newest of {newest[:4]}-{newest[4:6]}-{newest[6:8]}"
    if listing.classified.kind is AnswerClass.EMPTY_RESULT:
        return "holds no copy"
    return f"{listing.classified.kind}: {listing.classified.signal}"
