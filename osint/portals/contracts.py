"""What each portal and web archive must answer for its adapter to read it."""

from __future__ import annotations

from osint.http import Answer, Contract, Need, Request
from osint.portals.adapters import SOURCES, Source, base_url, read_hits
from osint.portals.common_crawl import COMMONCRAWL_INDEX
from osint.portals.query import read_query
from osint.portals.search import search_request
from osint.portals.wayback import WAYBACK

_READ = ("title", "date", "url")
"""Fields without which a row is of no use; a portal may leave out its place and kind."""
WORDS, MONTH, STOCK = "数据中心", "2024-06", "600821"
"""What is searched for: words that are common, a month that is over, and a stock code where a portal needs one."""


def contracts() -> list[Contract]:
    """Return the contract of each portal, of the Wayback index and of the list of crawls."""
    return [*map(_portal, SOURCES), _wayback(), _commoncrawl()]


def _portal(source: Source) -> Contract:
    words = f"{WORDS} {STOCK}" if source.needs_stock else WORDS
    request = search_request(source, read_query(words, MONTH, MONTH, pages=1), source.first)

    def reads(answer: Answer) -> str:
        hits, total = read_hits(source, answer.body or b"", answer.headers.get("content-type", ""), request.url)
        if not hits:
            return "" if total == 0 or source.form == "json" else "no row can be read out of the page"
        lacking = [name for name in _READ if not any(getattr(hit, name) for hit in hits)]
        return f"no row has a {' or a '.join(lacking)} that can be read" if lacking else ""

    if source.form == "html":
        return Contract(source.name, request, begins=(b"<", b"\n<", b"\r\n<", b"\xef\xbb\xbf<"), reads=reads)
    needs = [Need(source.rows, "list")]
    needs += [Need((*source.rows, 0, key), "any") for name, key in source.fields.items() if name in _READ]
    needs += [Need(source.total, "number")] if source.total else []
    return Contract(source.name, request, tuple(needs), reads=reads)


def _wayback() -> Contract:
    question = "/cdx/search/cdx?url=example.com&output=json&limit=1"
    names = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
    needs = (Need((0,), "list"), *(Need((0, at), "text") for at in range(len(names))), Need((1, 1), "text"))
    return Contract("wayback index", Request(f"{base_url('wayback', WAYBACK)}{question}"), needs)


def _commoncrawl() -> Contract:
    request = Request(f"{base_url('commoncrawl', COMMONCRAWL_INDEX)}/collinfo.json")
    return Contract("commoncrawl", request, (Need((0, "id"), "text"), Need((0, "cdx-api"), "text")))
