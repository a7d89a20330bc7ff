"""Ask a STAC API for the scenes of a place: pystac-client on our own HTTP client, with every answer kept.

This module loads pystac-client, which takes a second where its optional parts are installed; `catalogue` imports it
when a list is asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urljoin, urlsplit

import pystac_client
import shapely
from pystac.link import Link
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError, ParametersError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry.base import BaseGeometry

from osint import files
from osint.errors import NetworkError, OsintError, RefusedError, UnreadableError
from osint.http import (
    Client,
    Cost,
    Limits,
    Request,
    Trouble,
    cache_folder,
    is_loopback,
    is_offline,
    named_host,
    read_json,
    strip_secrets,
)
from osint.imagery import items

PAGE = 250
MAX_PAGES = 400
"""Pages of one list; the most scenes of a list in pages of a fifth of what is asked for."""
LIST_S = 900.0
"""Time for one list, in seconds."""
_ID_SHOWN = 200
LIMITS = Limits(max_bytes=items.MAX_LIST_BYTES, max_seconds=120.0, head_seconds=60.0, silence_seconds=60.0, attempts=5)
"""Limits of one page of a list; a catalogue may compute for a minute."""
NOT_STAC = (
    ClientTypeError,
    APIError,
    ParametersError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    NotImplementedError,
)
"""What pystac-client raises on the answers of a server that is not a STAC API."""


def search(
    url: str, geometry: BaseGeometry, span: str, collection: str, *, spent: Cost, offline: bool
) -> tuple[list[dict[str, Any]], str]:
    """Return the items that a catalogue lists, and in words what is missing from its list, if it says so itself.

    `geometry` is in degrees, `span` two UTC times with a slash between. Raises NetworkError or RefusedError where it
    does not answer, UnreadableError where it does not answer as a STAC API.
    """
    io = KeptAnswers(url, cache_folder() / "answers", spent, offline)
    host = urlsplit(url).hostname
    found: list[dict[str, Any]] = []
    matched, unfinished = 0, False
    try:
        client = pystac_client.Client.open(url, stac_io=io)
        methods = {str(link.extra_fields.get("method", "GET")) for link in client.get_links("search")}
        asked = client.search(
            method="POST" if "POST" in methods else "GET",
            collections=[collection],
            # a catalogue needs the hull of the place, not each corner
            intersects=shapely.geometry.mapping(geometry.convex_hull.simplify(1e-5)),
            datetime=span,
            limit=PAGE,
            max_items=items.MAX_ITEMS,
        )
        # not search.pages_as_dicts(), which takes an error and an empty page for the end of the list
        for page in io.get_pages(asked.url, asked.method, asked.get_parameters()):
            found += page["features"]
            matched = max(matched, _matched(page))
            unfinished = _next_link(page) is not None
            if len(found) >= items.MAX_ITEMS:
                break
    except OsintError:
        raise
    except NOT_STAC as error:
        raise UnreadableError(f"{host} does not answer as a STAC API ({type(error).__name__}: {error})") from error
    gap = ""
    if len(found) < min(matched, items.MAX_ITEMS):
        gap = f"{host} counts {matched} scenes and listed {len(found)}: the list has a gap"
    elif unfinished and not matched and len(found) < items.MAX_ITEMS:
        gap = f"{host} listed {len(found)} scenes and then empty pages that promise more: the list may have a gap"
    return found[: items.MAX_ITEMS], gap


def _matched(page: dict[str, Any]) -> int:
    """Return how many items a page says that the whole list has, 0 where it does not say so."""
    context = page.get("context")
    stated = page.get("numberMatched") or (context.get("matched") if isinstance(context, dict) else None)
    try:
        return int(stated or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _next_link(page: dict[str, Any]) -> dict[str, Any] | None:
    """Return the link of a page to the next one, None on the last page."""
    return next((link for link in page.get("links") or [] if link.get("rel") == "next"), None)


class KeptAnswers(StacApiIO):
    """The way of pystac-client to the network: our own client, with every request counted and every answer kept."""

    def __init__(self, catalogue: str, folder: Path, spent: Cost, offline: bool) -> None:
        super().__init__(max_retries=None)
        self.folder, self.spent, self.offline = (
            Path(folder),
            spent,
            offline or (is_offline() and not is_loopback(catalogue)),
        )
        own = named_host(catalogue)

        def elsewhere(url: str) -> str:
            return "" if named_host(url) == own else "it is at a host that was not named"

        self._client = Client(LIMITS, named=catalogue, refuses=elsewhere)

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Read a link or an address, and never a file of this machine, which pystac-client would open."""
        if isinstance(source, Link):
            return super().read_text(source, *args, **kwargs)
        return self.request(source, **kwargs)

    def get_pages(self, url: str, method: str | None = None, parameters: Any = None) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list of items; two empty pages, one after the other, end it.

        Raises NetworkError for a page without a list of features, UnreadableError where one leads back to a page
        already seen.
        """
        seen: set[tuple[str, ...]] = set()
        ends = time.monotonic() + LIST_S
        page = self.read_json(url, method=method, parameters=parameters)
        was_empty = False
        while True:
            if not isinstance(page, dict) or not isinstance(page.get("features"), list):
                said = json.dumps(page, ensure_ascii=False)[:200]
                advice = "try later or another catalogue"
                raise NetworkError(f"{urlsplit(url).hostname} gave no list of scenes, it answered {said}; {advice}")
            if not all(isinstance(item, dict) for item in page["features"]):
                raise UnreadableError(f"{urlsplit(url).hostname} lists something that is no scene: not a STAC API")
            listed = tuple(str(item.get("id"))[:_ID_SHOWN] for item in page["features"])
            if len(seen) >= MAX_PAGES or time.monotonic() > ends:
                said = f"{len(seen)} pages and the list goes on"
                raise RefusedError(f"{urlsplit(url).hostname} gave {said}: shorten the dates or the place")
            if listed and listed in seen:
                again = f"leads back to a page of its list that was already seen, after {len(seen)} pages"
                advice = "the list has no end; shorten the dates or use another catalogue"
                raise UnreadableError(f"{urlsplit(url).hostname} {again}: {advice}")
            seen.add(listed)
            yield page
            link = _next_link(page)
            if link is None or (was_empty and not listed):
                return
            was_empty, url = not listed, urljoin(url, link["href"])
            page = self.read_json(Link.from_dict({**link, "href": url}), parameters=parameters)

    def json_loads(self, txt: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Read JSON; raises UnreadableError where it is none or is nested too deeply."""
        try:
            return cast("dict[str, Any]", read_json(txt))
        except ValueError as error:
            raise UnreadableError(f"the catalogue answered something that is not JSON ({error})") from error

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Answer one request, from the kept file when offline."""
        key = json.dumps([method or "GET", href, parameters], sort_keys=True, default=str)
        unanswered = f"{urlsplit(href).hostname} gave no list of scenes"
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
        if self.offline:
            if not path.is_file():
                raise RefusedError(f"{unanswered}: this search was not run before, and `offline` allows no new one")
            return str(read_json(files.read_regular(path))["answer"])
        sent = {"Accept-Encoding": "gzip, deflate", **(headers or {})}
        if (method or "GET").upper() == "POST":
            body = json.dumps(parameters).encode()
            request = Request(href, "POST", {**sent, "Content-Type": "application/json"}, body)
        else:
            query = urlencode({k: v for k, v in (parameters or {}).items() if v is not None}, doseq=True)
            request = Request(f"{href}{'&' if '?' in href else '?'}{query}" if query else href, headers=sent)
        answer = self._client.ask(request)
        self.spent.add("list", requests=answer.requests, size=answer.received)
        if answer.fault:
            text = f"{unanswered}: {answer.fault} (requests: {answer.requests})"
            if answer.trouble is Trouble.REFUSED:
                raise RefusedError(text)
            raise NetworkError(f"{text}; try later or another catalogue")
        text = (answer.body or b"").decode("utf-8")
        if '"links"' not in text and '"features"' not in text:
            return text  # an error does not take the place of a list that was kept
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        asked = [method or "GET", strip_secrets(href), json.loads(json.dumps(parameters, default=str))]
        kept = json.dumps({"asked": asked, "captured": now, "answer": text}).encode()
        files.replace_file(path, kept, private=True)
        return text
