"""Government sites without a search: their copies in the Wayback Machine, or their own lists of pages."""

from __future__ import annotations

import re
from dataclasses import replace

from osint.archive import Entry
from osint.filings import Page, project_codes
from osint.http import Request
from osint.portals.adapters import Hit, base_url
from osint.portals.classify import AnswerClass
from osint.portals.query import Query, SourceReport
from osint.portals.session import Session
from osint.portals.wayback import Copy, Listing, take_wayback, wayback_copies, wayback_request
from osint.register import find_url_date

LIVE_LISTS = {"xjdrc.xinjiang.gov.cn": "/xjfgw/c108396/common_list.shtml"}
"""List pages of government sites that are known; the others draw their lists by script."""
_HOST_ROWS = 500  # rows asked of the Wayback index for one host
_COPIES_PER_PAGE = 10  # copies of a government site that are read for each page asked for
_NOTICE = re.compile(r"/c\d+/\d{6}/[0-9a-f]{32}\.s?html|/t\d{8}_\d+\.s?html?|/content_\d+\.s?html?")


def live_url(host: str) -> str:
    """Return the list page of a government site, or its home page where no list is known."""
    return f"{base_url('page', f'https://{host}')}{LIVE_LISTS.get(host, '/')}"


def host_request(host: str, asked: Query) -> Request:
    """Return the request for all copies of a site in the days wanted."""
    start, end = asked.start.strftime("%Y%m%d"), asked.end.strftime("%Y%m%d")
    return wayback_request(f"{host}/*", start=start, end=end, limit=_HOST_ROWS)


def search_host(session: Session, host: str, asked: Query, *, live: bool) -> SourceReport:
    """Read pages of one government site that name the words: copies from the archive, or its live list."""
    if live:
        entry = session.ask(live_url(host))
        hits = _live_hits(session, host, entry, asked) if entry.is_content else []
        return SourceReport(host, AnswerClass(entry.kind), entry.signal, tuple(hits), by_hand=live_url(host))
    listing = wayback_copies(session, host_request(host, asked))
    report = SourceReport(f"wayback:{host}", listing.classified.kind, listing.classified.signal)
    if not listing.copies:
        return replace(report, by_hand=live_url(host))
    return _read_copies(session, host, listing, asked, report)


def _read_copies(session: Session, host: str, listing: Listing, asked: Query, report: SourceReport) -> SourceReport:
    pages = [copy for copy in listing.copies if copy.media_type in ("text/html", "") and _NOTICE.search(copy.url)]
    chosen = pages[-_COPIES_PER_PAGE * asked.pages :]
    hits: list[Hit] = []
    left_out = 0
    for copy in reversed(chosen):
        entry = take_wayback(session, copy)
        if entry.kind in (AnswerClass.RATE_LIMITED, AnswerClass.TIMEOUT, AnswerClass.UNREACHABLE):
            stopped = f"stopped at {entry.signal}"
            report = replace(report, answer=AnswerClass(entry.kind), could_not=stopped, by_hand=live_url(host))
            return replace(report, hits=tuple(hits), left_out=left_out)
        hit = _copy_hit(session, copy, entry, asked) if entry.is_content else None
        left_out += hit is None
        hits += [hit] if hit else []
    unread = len(pages) - len(chosen)
    could_not = [f"{unread} of {len(pages)} copies were not read; --pages reads more"] if unread else []
    if listing.bad_rows:
        could_not.append(f"{listing.bad_rows} rows of the index were left out ({', '.join(listing.reasons)})")
    if listing.goes_on:
        could_not.append(f"the index holds more than the {_HOST_ROWS} rows asked for; ask for fewer days")
    return replace(report, hits=tuple(hits), left_out=left_out, could_not="; ".join(could_not))


def _copy_hit(session: Session, copy: Copy, entry: Entry, asked: Query) -> Hit | None:
    page = Page(session.archive.body(entry), entry.media_type)
    if not all(word in page.visible + page.title for word in asked.words):
        return None
    codes = project_codes(page.visible)
    how = f"copy of {copy.timestamp[:8]} has the words"
    return Hit(
        page.title, _url_date(copy.url), "", "archived page", copy.url, "wayback", how, codes[0] if codes else ""
    )


def _url_date(url: str) -> str:
    found = find_url_date(url)
    return found.text if found else ""


def _live_hits(session: Session, host: str, entry: Entry, asked: Query) -> list[Hit]:
    page = Page(session.archive.body(entry), entry.media_type)
    if page.tree is None:
        return []
    page.tree.make_links_absolute(entry.final_url)
    hits = []
    for link in page.tree.iter("a"):
        title, url = (link.get("title") or link.text_content()).strip(), link.get("href", "")
        if title and all(word in title for word in asked.words):
            hits.append(Hit(title, _url_date(url), "", "page", url, host, "title in the live list"))
    return hits
