"""Look through government sites that have no search: copies in the Wayback index, or their own lists."""

from __future__ import annotations

import re
from typing import Any

from osint.archive.store import Archive
from osint.filings import Page, day_of_url, project_codes
from osint.http import Request
from osint.portals.adapters import base
from osint.portals.classify import Kind
from osint.portals.query import Query, Report
from osint.portals.webarchives import Listing, take_wayback, wayback_ask, wayback_copies
from osint.sources import Desk, capture

LIVE_LISTS = {"xjdrc.xinjiang.gov.cn": "/xjfgw/c108396/common_list.shtml"}
"""List pages of government sites that are known; the others draw their lists by script."""


def live_url(host: str) -> str:
    """Return the list page of a government site, or its home page where no list is known."""
    return f"{base('page', f'https://{host}')}{LIVE_LISTS.get(host, '/')}"


def host_ask(host: str, asked: Query) -> Request:
    """Return the question for all copies of a site in the days wanted."""
    start, end = asked.start.strftime("%Y%m%d"), asked.end.strftime("%Y%m%d")
    return wayback_ask(f"{host}/*", start=start, end=end, limit=500)


def search_host(at: Desk, host: str, asked: Query, *, live: bool) -> Report:
    """Read pages of one government site that name the words: copies from the archive, or its live list."""
    report = Report(f"wayback:{host}" if not live else host, "not asked", "", by_hand=live_url(host))
    if live:
        entry = capture(at, live_url(host))
        report.answer, report.said = entry["class"], entry["signal"]
        if entry["class"] == Kind.CONTENT:
            _live_links(at.archive, entry, asked, report)
        return report
    listing = wayback_copies(at, host_ask(host, asked))
    report.answer, report.said = str(listing.verdict.kind), listing.verdict.signal
    if listing.copies:
        _read_copies(at, listing, asked, report)
    return report


def _read_copies(at: Desk, listing: Listing, asked: Query, report: Report) -> None:
    pages = [copy for copy in listing.copies if copy.media_type in ("text/html", "") and _is_notice(copy.url)]
    chosen = pages[-10 * asked.pages :]
    for copy in reversed(chosen):
        entry = take_wayback(at, copy)
        if entry["class"] in (Kind.RATE_LIMITED, Kind.TIMEOUT, Kind.UNREACHABLE):
            report.answer, report.could_not = entry["class"], f"stopped at {entry['signal']}"
            return
        if entry["class"] != Kind.CONTENT:
            report.left_out += 1
            continue
        page = Page(at.archive.body(entry), entry["media_type"])
        if not all(word in page.visible + page.title for word in asked.words):
            report.left_out += 1
            continue
        codes = project_codes(page.visible)
        row = {
            "title": page.title,
            "date": day_of_url(copy.url),
            "place": "",
            "kind": "archived page",
            "url": copy.url,
        }
        row.update(source="wayback", how_found=f"copy of {copy.timestamp[:8]} has the words")
        report.rows.append({**row, "project_code": codes[0] if codes else ""})
    rest = len(pages) - len(chosen)
    report.could_not = f"{rest} of {len(pages)} copies were not read; --pages reads more" if rest else ""
    report.by_hand = ""


def _is_notice(url: str) -> bool:
    return re.search(r"/c\d+/\d{6}/[0-9a-f]{32}\.s?html|/t\d{8}_\d+\.s?html?|/content_\d+\.s?html?", url) is not None


def _live_links(archive: Archive, entry: dict[str, Any], asked: Query, report: Report) -> None:
    page = Page(archive.body(entry), entry["media_type"])
    if page.tree is None:
        return
    page.tree.make_links_absolute(entry["final_url"])
    for link in page.tree.iter("a"):
        title = (link.get("title") or link.text_content()).strip()
        if title and all(word in title for word in asked.words):
            row = {"title": title, "date": day_of_url(link.get("href", "")), "place": "", "kind": "page"}
            row.update(url=link.get("href", ""), source=report.source, how_found="title in the live list")
            report.rows.append({**row, "project_code": ""})
