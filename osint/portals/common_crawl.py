"""Find and take the copies that Common Crawl holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlencode

from osint.archive import Entry, Found, first_answer
from osint.http import Request, Trouble, is_url, read_json, strip_secrets
from osint.portals.adapters import base_url
from osint.portals.classify import AnswerClass, Classified, classify
from osint.portals.session import Session
from osint.portals.wayback import Copy, Listing, bad_time, digest_holds, same_host, same_page

COMMONCRAWL_INDEX = "https://index.commoncrawl.org"
COMMONCRAWL_DATA = "https://data.commoncrawl.org"
COMMONCRAWL_PER_MINUTE = 10.0  # requests to Common Crawl, one at a time
CRAWLS = 3  # latest crawls of Common Crawl that are asked
_RECORD_BYTES = 64 << 20  # largest record of Common Crawl that is fetched


def commoncrawl_copies(session: Session, url: str) -> Listing:
    """Ask the indexes of the latest crawls, newest first, until one holds the URL; stop at trouble.

    A secret in the address is not given to them.
    """
    index = base_url("commoncrawl", COMMONCRAWL_INDEX)
    entry, body = session.ask_once(Request(f"{index}/collinfo.json"), per_minute=COMMONCRAWL_PER_MINUTE)
    if not entry.is_content:
        return Listing([], Classified(AnswerClass(entry.kind), entry.signal))
    try:
        crawls = [str(one["id"]) for one in read_json(body)][:CRAWLS]
    except (ValueError, KeyError, TypeError):
        return Listing([], Classified(AnswerClass.CHALLENGE, "no list of crawls where JSON was due"))
    query = urlencode({"url": strip_secrets(url), "output": "json", "filter": "=status:200"})
    for crawl in crawls:
        request = Request(f"{index}/{crawl}-index?{query}")
        entry, body = session.ask_once(request, per_minute=COMMONCRAWL_PER_MINUTE)
        if entry.kind in (AnswerClass.GONE, AnswerClass.EMPTY_RESULT):
            continue  # this index says 404 for no capture
        if not entry.is_content:
            return Listing([], Classified(AnswerClass(entry.kind), entry.signal))
        copies, bad = crawl_rows(body, url)
        if copies:
            return Listing(copies, Classified(AnswerClass.CONTENT, f"{len(copies)} copies in {crawl}"), bad)
    return Listing([], Classified(AnswerClass.EMPTY_RESULT, f"no copy in {', '.join(crawls)}"))


def crawl_rows(body: bytes, asked: str) -> tuple[list[Copy], int]:
    """Return the copies that an index lists of what was asked, oldest first, and how many of its rows cannot be."""
    copies, bad = [], 0
    for line in body.decode("utf-8", "replace").splitlines():
        try:
            row = json.loads(line)
            place = (str(row["filename"]), int(row["offset"]), int(row["length"]))
            copy = Copy(str(row["url"]), str(row["timestamp"]), str(row.get("mime", "")), str(row["digest"]), place)
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            bad += 1
            continue
        is_place = place[1] >= 0 and 0 < place[2] <= _RECORD_BYTES and ".." not in place[0]
        if not is_place or not is_url(copy.url) or not same_host(copy.url, asked) or bad_time(copy.timestamp):
            bad += 1
            continue
        copies.append(copy)
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
    found = first_answer(session.archive.body(outer))
    if found is None:
        return replace(outer, kind=AnswerClass.INCOMPLETE, signal="the range is not a WARC record with an answer")
    status = found.status or 200
    faults = "; ".join(found.faults)
    if not same_page(found.url or copy.url, copy.url):
        faults = f"the record is of {found.url}, not of {copy.url} as the index says; {faults}".rstrip("; ")
    elif reason := _reason_against(found, copy):
        faults = f"{reason}; {faults}".rstrip("; ")
    classified = classify(
        status=status,
        headers={name.lower(): value for name, value in found.headers} or {"content-type": found.media_type},
        body=found.body,
        url=copy.url,
        trouble=Trouble.LENGTH if faults else Trouble.NONE,
        detail=f"Common Crawl: {faults}",
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
        truncated=found.cut,
        vantage=outer.vantage,
        copy_of=strip_secrets(found.url or copy.url),
        copy_time=copy.timestamp,
        copy_digest_holds=f"sha1:{copy.digest}" in found.digests or digest_holds(copy, found.body),
        stated_digest_holds=found.digest_holds,
    )
    done = session.archive.record_file(entry, found.body, found.media_type, copy.url)
    return replace(done, captured=None if classified.kind is AnswerClass.CONTENT else False)


def _reason_against(found: Found, copy: Copy) -> str:
    """Return why a record is not the one of which an index speaks, or an empty string."""
    taken = re.sub(r"\D", "", found.date)[: len(copy.timestamp)]
    if taken != copy.timestamp:
        return f"the record is of {found.date[:40] or 'no date'}, not of {copy.timestamp} as the index says"
    is_known = re.fullmatch(r"[A-Z2-7]{32}", copy.digest)
    if is_known and f"sha1:{copy.digest}" not in found.digests and not digest_holds(copy, found.body):
        return "the record does not have the digest that the index states"
    return ""
