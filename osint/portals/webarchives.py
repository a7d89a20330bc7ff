"""Neutral copies of a page: the Wayback Machine first, then Common Crawl."""

from __future__ import annotations

from urllib.parse import urlsplit

from osint.archive import Entry
from osint.http import is_cut, strip_secrets
from osint.portals.adapters import base_url
from osint.portals.classify import AnswerClass
from osint.portals.common_crawl import COMMONCRAWL_DATA, COMMONCRAWL_INDEX, CRAWLS, commoncrawl_copies, take_commoncrawl
from osint.portals.session import Session
from osint.portals.wayback import WAYBACK, Listing, take_wayback, wayback_copies, wayback_request


def planned_copies(url: str) -> list[str]:
    """Return what `take_copy` would ask, one line per request."""
    wayback, crawl = base_url("wayback", WAYBACK), base_url("commoncrawl", COMMONCRAWL_INDEX)
    return [
        f"GET {wayback_request(url).url}",
        f"if a copy is listed: GET {wayback}/web/<time>id_/{strip_secrets(url)}, and no more",
        f"else: GET {crawl}/collinfo.json and up to {CRAWLS} of its indexes",
    ]


def take_copy(session: Session, url: str) -> tuple[Entry | None, list[str]]:
    """Look for a neutral copy of a URL and take the newest.

    Returns its entry (None if no archive holds one) and a sentence for each archive that was asked.
    """
    if is_cut(strip_secrets(url)):
        return None, ["no web archive was asked: the address holds what may be a secret, and is another one without it"]
    listing = wayback_copies(session, wayback_request(url))
    answers = [f"Wayback Machine: {_answered(listing)}"]
    if listing.copies:
        return take_wayback(session, listing.copies[-1]), answers
    crawl = commoncrawl_copies(session, url)
    answers.append(f"Common Crawl: {_answered(crawl)}")
    if crawl.copies:
        return take_commoncrawl(session, crawl.copies[-1]), answers
    return None, answers


def is_of_archive(url: str) -> bool:
    """Say whether an address is of a web archive or its index, not of a page itself."""
    known = (("wayback", WAYBACK), ("commoncrawl", COMMONCRAWL_INDEX), ("commoncrawl_data", COMMONCRAWL_DATA))
    hosts = {urlsplit(address).netloc for name, one in known for address in (one, base_url(name, one))}
    return urlsplit(url).netloc in hosts


def _answered(listing: Listing) -> str:
    if listing.copies:
        newest = listing.copies[-1]
        same = [copy.timestamp for copy in listing.copies if copy.digest == newest.digest]
        since = f", unchanged since {_day(same[0])} or before" if len(same) > 1 else ""
        left = f"; rows left out: {', '.join(listing.reasons)}" if listing.reasons else ""
        return f"{len(listing.copies)} copies listed, last seen {_day(newest.timestamp)}{since}{left}"
    if listing.classified.kind is AnswerClass.EMPTY_RESULT:
        return "holds no copy"
    return f"{listing.classified.kind}: {listing.classified.signal}"


def _day(timestamp: str) -> str:
    return f"{timestamp[:4]}-{timestamp[4:6]}-{timestamp[6:8]}"
