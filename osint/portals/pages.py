"""Capture any page by its URL: neutral copies first, then the host itself."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from osint.filings import decode
from osint.http import check_url, forbidden, is_loopback, is_url, proxies, strip_secrets
from osint.portals.classify import Kind
from osint.portals.webarchives import COMMONCRAWL_INDEX, WAYBACK, base, offer, wayback_ask
from osint.sources import Desk, capture

MANUAL: tuple[tuple[str, str, str], ...] = (
    (
        "zcygov",
        r"(^|\.)(ccgp-[a-z]+\.gov\.cn|zcygov\.cn)$",
        "政采云 stands behind an Aliyun slider and bans addresses: open it by hand, or in an archive",
    ),
    (
        "ctbpsp",
        r"(^|\.)ctbpsp\.com$",
        "it answers 200 with a challenge and wants vaptcha: open it by hand; keep the uuid",
    ),
    (
        "archive.today",
        r"(^|\.)archive\.(today|ph|is|li|md|vn|fo)$",
        "its owner does not want to be automated: open it by hand",
    ),
)
"""Recognised and explained, never asked: name, pattern of the host, what to do."""

_LAYER = re.compile(r"(/information/deal/html)/a/(\d+/\d+/\d{8}/[0-9a-zA-Z]+\.html)$")


def capture_page(at: Desk, url: str, *, expect: str = "", live: bool = False) -> Iterator[dict[str, Any]]:
    """Capture a page and yield its ledger entries.

    A neutral copy is looked for before the host is touched, unless `live`; a copy that is content ends the
    matter, and `Desk.say` tells how to ask the host. Sites that want no machine are explained, not asked.
    """
    if not is_url(url):
        yield capture(at, url)
        return
    told = manual(url)
    if told and live:
        yield {**_refused(url, told), "captured": False}
        return
    if not live and not _on_this_machine(url) and not check_url(url):
        entry, found = offer(at, url)
        for line in found:
            at.say(line)
        if entry is not None:
            yield {**entry, "captured": entry.get("captured") if not expect else _holds(at, entry, expect)}
            at.say(f"the copy stands for {strip_secrets(url)}; --live asks the host itself")
            return
        if told:
            yield {**_refused(url, told), "captured": False}
            return
    yield capture(at, url, expect=expect)
    for other in companions(url):
        yield capture(at, other)


def _holds(at: Desk, entry: dict[str, Any], expect: str) -> bool:
    if entry["class"] != Kind.CONTENT:
        return False
    return expect in decode(at.archive.body(entry)).text


def companions(url: str) -> list[str]:
    """Return the URLs that belong to a page: on ggzy the text lies under /b/, the wrapper under /a/."""
    other = _LAYER.sub(r"\1/b/\2", url)
    return [other] if other != url else []


def manual(url: str) -> str:
    """Return what to do about a site that is never asked, or an empty string."""
    host = (urlsplit(url).hostname or "").lower()
    return next((f"{name}: {advice}" for name, pattern, advice in MANUAL if re.search(pattern, host)), "")


def plan(url: str, *, live: bool) -> list[str]:
    """Return what a capture of a URL would ask, one line a question, in order."""
    shown = strip_secrets(url)
    if reason := check_url(url):
        return [f"nothing: {reason}"]
    lines = []
    if not live and not _on_this_machine(url):
        lines.append(f"GET {wayback_ask(url).url}")
        lines.append(f"if a copy is listed: GET {base('wayback', WAYBACK)}/web/<time>id_/{shown}, and no more")
        lines.append(f"else: GET {base('commoncrawl', COMMONCRAWL_INDEX)}/collinfo.json and up to 3 of its indexes")
    if told := manual(url):
        return [*lines, f"never the host: {told}"]
    lines.append(f"GET {urlsplit(url).scheme}://{urlsplit(url).netloc.rpartition('@')[2]}/robots.txt")
    return [*lines, *(f"GET {one}" for one in [shown, *companions(shown)])]


def _refused(url: str, advice: str) -> dict[str, Any]:
    shown = strip_secrets(url)
    entry = {"url": shown, "final_url": shown, "class": str(Kind.REFUSED), "signal": advice, "status": None}
    return {**entry, "bytes": None, "sha256": ""}


def _on_this_machine(url: str) -> bool:
    """Say whether a URL leads to a mirror here, of which no archive can have a copy."""
    if is_loopback(url):
        return True
    if os.environ.get("OSINT_ALLOW_LOOPBACK") != "1" or proxies(url)[1]:
        return False
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, 80, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(str(address[0]).startswith("127.") or address[0] == "::1" for *_, address in found) and not any(
        forbidden(str(address[0])) for *_, address in found
    )
