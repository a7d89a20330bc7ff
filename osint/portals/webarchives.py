"""Find and take the copies that neutral archives hold: Wayback Machine and Common Crawl."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from warcio.archiveiterator import ArchiveIterator

from osint import __version__
from osint.http import Exchange, Request, strip_secrets
from osint.portals.adapters import base
from osint.portals.classify import Kind, Verdict, classify
from osint.sources import Desk, capture, past

WAYBACK = "https://web.archive.org"
COMMONCRAWL_INDEX = "https://index.commoncrawl.org"
COMMONCRAWL_DATA = "https://data.commoncrawl.org"
CDX_PER_MINUTE = 24.0
"""Agreed by edgi's `wayback` with the Archive's staff in 2026."""
REPLAY_PER_MINUTE = 480.0
COMMONCRAWL_PER_MINUTE = 10.0
CRAWLS = 3
"""Latest crawls of Common Crawl that are asked."""


@dataclass(frozen=True)
class Copy:
    """One copy that an archive says it holds."""

    url: str
    """Of the original."""
    timestamp: str
    """14 digits, UTC."""
    media_type: str
    """As the archive saw it."""
    digest: str
    """SHA-1 of the payload in base32, as the archive states it."""
    archive: str
    """wayback or commoncrawl."""
    place: tuple[str, int, int] = ("", 0, 0)
    """Common Crawl: file, offset and length of the WARC record."""


@dataclass(frozen=True)
class Listing:
    """What an index answered."""

    copies: list[Copy]
    """Oldest first."""
    verdict: Verdict
    """Class of the answer; `empty result` means the archive has none."""
    bad_rows: int = 0
    """Rows left out as damaged (bad time, no length, no URL)."""
    resume: str = ""
    """Key to go on with, empty at the end."""


def wayback_ask(url: str, *, start: str = "", end: str = "", limit: int = -5, prefix: bool = False) -> Request:
    """Return the question to the CDX server; a negative limit asks for the newest."""
    query = {
        "url": url,
        "output": "json",
        "filter": "statuscode:200",
        "collapse": "digest",
        "limit": str(limit),
    }
    if prefix:
        query["matchType"] = "prefix"
    if limit > 0:
        query["showResumeKey"] = "true"
    query.update({name: value for name, value in (("from", start), ("to", end)) if value})
    return Request(f"{base('wayback', WAYBACK)}/cdx/search/cdx?{urlencode(query)}")


def wayback_copies(at: Desk, ask: Request) -> Listing:
    """Request the Wayback index once and read its rows."""
    entry, body = kept(at, ask, per_minute=CDX_PER_MINUTE)
    if entry["class"] != Kind.CONTENT:
        return Listing([], Verdict(_cdx_kind(entry, body), entry["signal"]))
    try:
        table = json.loads(body)
        header, rest = table[0], table[1:]
    except (ValueError, IndexError, KeyError, TypeError):
        return Listing([], Verdict(Kind.CHALLENGE, "HTML or text where JSON was due"))
    resume = ""
    if len(rest) >= 2 and rest[-2] == [] and len(rest[-1]) == 1:
        resume, rest = str(rest[-1][0]), rest[:-2]
    rows = [dict(zip(header, row, strict=False)) for row in rest if isinstance(row, list) and row]
    good = [row for row in rows if _good_row(row)]
    copies = [
        Copy(row["original"], row["timestamp"], row.get("mimetype", ""), row.get("digest", ""), "wayback")
        for row in good
    ]
    verdict = Verdict(Kind.CONTENT if copies else Kind.EMPTY_RESULT, f"{len(copies)} copies")
    return Listing(copies, verdict, len(rows) - len(good), resume)


def _cdx_kind(entry: dict[str, Any], body: bytes) -> Kind:
    if entry["status"] == 200 and not body.strip():
        return Kind.EMPTY_RESULT  # plain text answers an empty index with an empty body
    return Kind(entry["class"])


def _good_row(row: dict[str, str]) -> bool:
    time, length = str(row.get("timestamp", "")), str(row.get("length", "1"))
    original = str(row.get("original", ""))
    try:
        datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        whole = bool(urlsplit(original).hostname) and original.startswith(("http://", "https://", "ftp://"))
    except ValueError:
        return False
    return whole and length != "0" and row.get("statuscode", "200") == "200"


def take_wayback(at: Desk, copy: Copy) -> dict[str, Any]:
    """Fetch the raw copy (`id_`), check it against the digest of the index, and return the ledger entry."""
    stated: dict[str, Any] = {"copy_of": strip_secrets(copy.url), "copy_time": copy.timestamp}

    def check(verdict: Verdict, body: bytes) -> Verdict:
        holds = base64.b32encode(hashlib.sha1(body).digest()).decode() == copy.digest
        stated["copy_digest_holds"] = holds
        if not holds and re.fullmatch(r"[A-Z2-7]{32}", copy.digest):
            return Verdict(Kind.INCOMPLETE, "the copy does not have the digest that the index states")
        return verdict

    ask = Request(f"{base('wayback', WAYBACK)}/web/{copy.timestamp}id_/{copy.url}")
    return capture(at, ask, per_minute=REPLAY_PER_MINUTE, api=True, refine=check, extra=stated)


def commoncrawl_copies(at: Desk, url: str) -> Listing:
    """Request the indexes of the latest crawls, newest first, until one holds the URL; stop at trouble."""
    index = base("commoncrawl", COMMONCRAWL_INDEX)
    entry, body = kept(at, Request(f"{index}/collinfo.json"), per_minute=COMMONCRAWL_PER_MINUTE)
    if entry["class"] != Kind.CONTENT:
        return Listing([], Verdict(Kind(entry["class"]), entry["signal"]))
    try:
        crawls = [str(one["id"]) for one in json.loads(body)][:CRAWLS]
    except (ValueError, KeyError, TypeError):
        return Listing([], Verdict(Kind.CHALLENGE, "no list of crawls where JSON was due"))
    for crawl in crawls:
        query = urlencode({"url": url, "output": "json", "filter": "=status:200"})
        entry, body = kept(at, Request(f"{index}/{crawl}-index?{query}"), per_minute=COMMONCRAWL_PER_MINUTE)
        if entry["class"] == Kind.GONE or entry["class"] == Kind.EMPTY_RESULT:
            continue  # this index says 404 for no capture
        if entry["class"] != Kind.CONTENT:
            return Listing([], Verdict(Kind(entry["class"]), entry["signal"]))
        copies, bad = _crawl_rows(body)
        if copies:
            return Listing(copies, Verdict(Kind.CONTENT, f"{len(copies)} copies in {crawl}"), bad)
    return Listing([], Verdict(Kind.EMPTY_RESULT, f"no copy in {', '.join(crawls)}"))


def _crawl_rows(body: bytes) -> tuple[list[Copy], int]:
    copies, bad = [], 0
    for line in body.decode("utf-8", "replace").splitlines():
        try:
            row = json.loads(line)
            place = (str(row["filename"]), int(row["offset"]), int(row["length"]))
            copies.append(Copy(row["url"], row["timestamp"], row.get("mime", ""), row["digest"], "commoncrawl", place))
        except (ValueError, KeyError, TypeError):
            bad += 1
    return sorted(copies, key=lambda one: one.timestamp), bad


def take_commoncrawl(at: Desk, copy: Copy) -> dict[str, Any]:
    """Fetch the byte range of one WARC record and keep both the range and the page in it."""
    name, offset, length = copy.place
    ask = Request(
        f"{base('commoncrawl_data', COMMONCRAWL_DATA)}/{name}",
        headers={"Range": f"bytes={offset}-{offset + length - 1}"},
    )
    entry = capture(at, ask, expects="binary", per_minute=COMMONCRAWL_PER_MINUTE, api=True)
    if entry["class"] != Kind.CONTENT:
        return entry
    held = at.archive.body(entry)
    try:
        record = next(iter(ArchiveIterator(io.BytesIO(held))))
        inner = record.content_stream().read()
        headers = record.http_headers
        kind = (headers.get_header("Content-Type") if headers else "") or ""
        status = int(headers.get_statuscode()) if headers else 200
        cut = record.rec_headers.get_header("WARC-Truncated") or ""
    except Exception as error:  # warcio raises many kinds for what is no WARC
        return {
            **entry,
            "class": str(Kind.INCOMPLETE),
            "signal": f"the range is no WARC record ({type(error).__name__})",
        }
    return _keep_inner(at, copy, entry, _Inner(inner, kind, status, cut))


@dataclass(frozen=True)
class _Inner:
    """The page in a WARC record, with media type, status, and why it was cut (empty if it was not)."""

    body: bytes
    kind: str
    status: int
    cut: str


def _keep_inner(at: Desk, copy: Copy, outer: dict[str, Any], inner: _Inner) -> dict[str, Any]:
    body, kind, status, cut = inner.body, inner.kind, inner.status, inner.cut
    trouble = ("length", f"Common Crawl cut the body ({cut})") if cut else ("", "")
    verdict = classify(
        status=status,
        headers={"content-type": kind},
        body=body,
        url=copy.url,
        trouble=trouble[0],
        detail=trouble[1],
    )
    entry = {
        **{name: outer[name] for name in ("time", "redirects", "vantage")},
        "role": "copy",
        "url": outer["url"],
        "final_url": outer["final_url"],
        "method": "",
        "request_sha256": "",
        "status": status,
        "class": str(verdict.kind),
        "signal": verdict.signal,
        "media_type": kind.partition(";")[0].strip().lower(),
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "truncated": "length" if cut else "",
        "copy_of": strip_secrets(copy.url),
        "copy_time": copy.timestamp,
        "copy_digest_holds": base64.b32encode(hashlib.sha1(body).digest()).decode() == copy.digest,
        "tool": f"osint-datacentres {__version__}",
    }
    sent = [("Content-Type", kind or "application/octet-stream")]
    exchange = Exchange(copy.url, "", headers=sent, body=io.BytesIO(body))
    done = at.archive.record(entry, [exchange], resource=True)
    return {**done, "captured": None if verdict.kind is Kind.CONTENT else False}


def kept(at: Desk, ask: Request, *, per_minute: float, **more: Any) -> tuple[dict[str, Any], bytes]:
    """Return the answer to a question from the archive if it was asked before, else ask it."""
    digest = hashlib.sha256(ask.body).hexdigest() if ask.body else ""
    good = (Kind.CONTENT, Kind.EMPTY_RESULT, Kind.KEYWORD_IGNORED)
    if not at.refresh:
        before = [
            entry
            for entry in past(at.archive, strip_secrets(ask.url))
            if (entry["method"], entry["request_sha256"]) == (ask.method, digest) and entry["class"] in good
        ]
        if before:
            return {**before[-1], "captured": None, "asked_before": True}, at.archive.body(before[-1])
    entry = capture(at, ask, per_minute=per_minute, api=more.pop("api", True), **more)
    return entry, at.archive.body(entry) if "seq" in entry else b""


def offer(at: Desk, url: str) -> tuple[dict[str, Any] | None, list[str]]:
    """Look for a neutral copy of a URL and take the newest; return its entry (or None) and what to tell."""
    listing = wayback_copies(at, wayback_ask(url))
    told = [f"Wayback Machine: {_told(listing)}"]
    if listing.copies:
        return take_wayback(at, listing.copies[-1]), told
    crawl = commoncrawl_copies(at, url)
    told.append(f"Common Crawl: {_told(crawl)}")
    if crawl.copies:
        return take_commoncrawl(at, crawl.copies[-1]), told
    return None, told


def _told(listing: Listing) -> str:
    if listing.copies:
        newest = listing.copies[-1].timestamp
        return f"{len(listing.copies)} copies listed, the newest of {newest[:4]}-{newest[4:6]}-{newest[6:8]}"
    return (
        "holds no copy"
        if listing.verdict.kind is Kind.EMPTY_RESULT
        else f"{listing.verdict.kind}: {listing.verdict.signal}"
    )
