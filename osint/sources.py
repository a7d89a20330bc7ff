"""Fetch pages and filings into the archive, politely, and say of each answer what it is."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from osint import __version__
from osint.archive.store import Archive, captures_directory
from osint.errors import OsintError
from osint.filings import decode, project_codes
from osint.http import (
    HOST_PER_MINUTE,
    Answer,
    Limits,
    Politeness,
    Request,
    fetch,
    host_key,
    is_loopback,
    is_url,
    strip_secrets,
)
from osint.portals.classify import BY_HAND, Kind, Verdict, classify
from osint.portals.difference import difference

_ROBOTS_LIMITS = Limits(max_bytes=512 << 10, max_seconds=5, silence_seconds=5, max_redirects=3)


@dataclass
class Desk:
    """Who asks, from where, and where it is kept: one for a run."""

    archive: Archive
    """Opened."""
    politeness: Politeness
    """Shared by all processes on this data directory."""
    vantage: str = ""
    """Where we ask from, as coarse as the user likes; empty is not stated."""
    limits: Limits = field(default_factory=Limits)
    """For each answer."""
    robots: bool = True
    """Obey robots.txt where there is one."""
    refresh: bool = False
    """Request again what the archive already holds the answer to."""
    say: Callable[[str], None] = lambda _: None
    """Gets one sentence when something is worth knowing while waiting."""

    def __post_init__(self) -> None:
        """Check what the user typed."""
        if len(self.vantage) > 60:
            msg = f"`vantage` has {len(self.vantage)} characters; give a coarse place such as 'EU'"
            raise OsintError(msg)


def desk(data: str | Path | None = None, *, vantage: str | None = None, **more: Any) -> Desk:
    """Open the archive below a data directory and return a desk; OSINT_VANTAGE is the default place."""
    directory = captures_directory(data)
    place = os.environ.get("OSINT_VANTAGE", "") if vantage is None else vantage
    politeness = Politeness(directory.parent.parent / "derived" / "pace.json")
    return Desk(Archive(directory).open(), politeness, place, **more)


def capture(
    at: Desk,
    ask: Request | str,
    *,
    expect: str = "",
    expects: str = "",
    per_minute: float = 0,
    api: bool = False,
    refine: Callable[[Verdict, bytes], Verdict] = lambda verdict, _: verdict,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Request one URL now, keep what came, and return its ledger entry with `captured` added.

    `expect` is text that must be in the decoded body before anyone says "captured" (None when no text was
    given). `expects` is the form due (`json`, `pdf`); `api` marks a published interface, which is no
    crawling ground and has no robots.txt; `per_minute` its published limit. `refine` may change the class
    of content by what its caller knows; `extra` is added to the ledger line. Nothing was asked, and nothing
    is in the ledger, when the returned entry has no `seq`.
    """
    ask = Request(ask) if isinstance(ask, str) else ask
    if not is_url(ask.url):
        return _unasked(ask, Verdict(Kind.REFUSED, "it is not a URL"))
    refusal = _held(at, ask) or ("" if api or not at.robots else _forbidden_by_robots(at, ask.url))
    if refusal:
        kind = Kind.REFUSED if "robots" in refusal else Kind.RATE_LIMITED
        return _unasked(ask, Verdict(kind, refusal))
    _pace(at, ask.url, per_minute)
    asked = datetime.now(UTC)
    with fetch(ask, at.archive.spool, at.limits) as answer:
        verdict = classify(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            url=strip_secrets(ask.url),
            final_url=answer.final_url,
            trouble=answer.trouble,
            detail=answer.detail,
            expects=expects,
        )
        if not answer.exchanges:
            return _unasked(ask, verdict)
        verdict = _with_history(at, ask, verdict)
        if verdict.kind is Kind.CONTENT:
            verdict = refine(verdict, answer.body or b"")
        if verdict.kind is Kind.RATE_LIMITED:
            default = 0.0 if is_loopback(ask.url) else 60.0
            at.politeness.hold(host_key(ask.url), answer.headers.get("retry-after", ""), default_seconds=default)
        entry = {**_entry(at, ask, asked, answer, verdict), **(extra or {})}
        entry = at.archive.record(entry, answer.exchanges)
        return {**entry, "captured": _captured(verdict, answer, expect)}


def _entry(at: Desk, ask: Request, asked: datetime, answer: Answer, verdict: Verdict) -> dict[str, Any]:
    body = answer.body
    return {
        "time": asked.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "role": "fetched",
        "url": strip_secrets(ask.url),
        "final_url": answer.final_url,
        "method": ask.method,
        "request_sha256": hashlib.sha256(ask.body).hexdigest() if ask.body else "",
        "redirects": answer.redirects,
        "status": answer.status,
        "class": str(verdict.kind),
        "signal": verdict.signal,
        "media_type": answer.media_type,
        "bytes": None if body is None else len(body),
        "sha256": "" if body is None else hashlib.sha256(body).hexdigest(),
        "truncated": answer.exchanges[-1].truncated,
        "project_codes": _codes(verdict, answer),
        "vantage": at.vantage,
        "tool": f"osint-datacentres {__version__}",
    }


def _codes(verdict: Verdict, answer: Answer) -> list[str]:
    if verdict.kind is not Kind.CONTENT or (answer.body or b"").startswith(b"%PDF-"):
        return []
    return project_codes(decode(answer.body or b"", answer.headers.get("content-type", "")).text)


def _unasked(ask: Request, verdict: Verdict) -> dict[str, Any]:
    return {
        "url": strip_secrets(ask.url),
        "final_url": strip_secrets(ask.url),
        "class": str(verdict.kind),
        "signal": verdict.signal,
        "status": None,
        "bytes": None,
        "sha256": "",
        "captured": False,
    }


def _captured(verdict: Verdict, answer: Answer, expect: str) -> bool | None:
    if verdict.kind is not Kind.CONTENT:
        return False
    if not expect:
        return None
    return expect in decode(answer.body or b"", answer.headers.get("content-type", "")).text


def _held(at: Desk, ask: Request) -> str:
    until = at.politeness.held_until(host_key(ask.url))
    if not until:
        return ""
    moment = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"not asked: the host wants no request before {moment} UTC"


def _pace(at: Desk, url: str, per_minute: float) -> None:
    if not per_minute and is_loopback(url):
        return
    parts = urlsplit(url)
    # one server on loopback stands for many hosts, which are told apart by their paths
    key = parts.netloc.lower() + (parts.path if is_loopback(url) else "")
    seconds = at.politeness.wait_seconds(key, per_minute or HOST_PER_MINUTE)
    if seconds > 1:
        at.say(f"waiting {seconds:.0f} s for {urlsplit(url).hostname}")
    time.sleep(seconds)


def _forbidden_by_robots(at: Desk, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    try:
        rules = at.politeness.robots(origin)
    except KeyError:
        with fetch(Request(f"{origin}/robots.txt"), at.archive.spool, _ROBOTS_LIMITS) as answer:
            at.politeness.learn_robots(origin, answer.status, answer.media_type, answer.body)
        rules = at.politeness.robots(origin)
    if rules is None or rules.can_fetch("osint-datacentres", url):
        return ""
    return f"not asked: robots.txt of {parts.hostname} forbids this path (--no-robots asks as a person would)"


def _with_history(at: Desk, ask: Request, verdict: Verdict) -> Verdict:
    """Use what the archive knows: a 404 is only known to be gone if the page was seen before."""
    if verdict.kind is not Kind.GONE:
        return verdict
    seen = [e for e in past(at.archive, strip_secrets(ask.url)) if e["class"] == Kind.CONTENT]
    if seen:
        return Verdict(
            verdict.kind,
            f"{verdict.signal}; it was there on {seen[-1]['time'][:10]} (capture {seen[-1]['seq']})",
        )
    return Verdict(verdict.kind, f"{verdict.signal}; nothing here shows that it was ever there")


def past(archive: Archive, url: str) -> Iterator[dict[str, Any]]:
    """Yield the ledger entries of one URL and of its neutral copies, in the order of the ledger."""
    return (entry for entry in archive.entries(url) if url in (entry.get("url"), entry.get("copy_of")))


def by_hand(entry: dict[str, Any]) -> str:
    """Return what a person should do about an answer, or an empty string."""
    if entry["class"] == Kind.CONTENT and entry["captured"] is False:
        return f"{entry['url']} came, but without the expected text: read it before you call it captured"
    if Kind(entry["class"]) not in BY_HAND:
        return ""
    return f"{entry['class']}: open {entry['url']} by hand, save it, and `osint archive import` the file"


def history(archive: Archive, url: str) -> list[dict[str, Any]]:
    """Return the captures of a URL, oldest first, each with `difference`: lines that tell what changed.

    Only bodies of class content are compared, each with the content before it: a block between two
    captures is no change of the page.
    """
    told = []
    before: dict[str, Any] | None = None
    for entry in past(archive, strip_secrets(url)):
        lines: list[str] = []
        if entry["class"] == Kind.CONTENT:
            if before is not None:
                kinds = before["media_type"], entry["media_type"]
                lines = difference(archive.body(before), kinds[0], archive.body(entry), kinds[1])
            before = entry
        told.append({**entry, "difference": lines})
    return told
