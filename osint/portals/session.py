"""Ask one URL, within what its host allows, say what kind of answer came, and keep it in the archive."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from osint.archive import Archive, Entry, utc_now
from osint.errors import BadInputError
from osint.filings import decode, project_codes
from osint.http import (
    HOLD_SECONDS,
    HOST_PER_MINUTE,
    Answer,
    Limits,
    Politeness,
    Request,
    Trouble,
    fetch,
    host_key,
    is_cut,
    is_loopback,
    is_url,
    part_of_file,
    strip_secrets,
)
from osint.portals.classify import AnswerClass, Classified, Form, classify

_ROBOTS_LIMITS = Limits(max_bytes=512 << 10, max_seconds=20, silence_seconds=20, max_redirects=3)
_VANTAGE_CHARACTERS = 60
_AN_ANSWER = (AnswerClass.CONTENT, AnswerClass.EMPTY_RESULT, AnswerClass.KEYWORD_IGNORED)
"""Classes of an answer that need not be asked for again."""
Refine = Callable[[Entry, bytes], Entry]  # completes an entry by what its caller knows of the body


def unchanged(entry: Entry, _: bytes) -> Entry:
    """Return the entry as it is."""
    return entry


@dataclass
class Session:
    """Who asks, from where, and where the answers are kept: one for a run."""

    archive: Archive
    """Archive that was opened."""
    politeness: Politeness
    """Pace of each host, shared by all processes that use one data directory."""
    vantage: str = ""
    """Where we ask from, as coarse as the user likes; empty is not stated."""
    limits: Limits = field(default_factory=Limits)
    """Limits of each answer."""
    robots: bool = True
    """Obey robots.txt where there is one."""
    refresh: bool = False
    """Ask again what the archive already holds the answer to."""
    legacy_tls: tuple[str, ...] = ()
    """Hosts whose old TLS renegotiation is accepted."""
    say: Callable[[str], None] = lambda _: None
    """Gets one sentence when something is worth knowing while waiting."""

    def __post_init__(self) -> None:
        """Check what the user typed."""
        if len(self.vantage) > _VANTAGE_CHARACTERS:
            raise BadInputError(f"`vantage` has {len(self.vantage)} characters; give a coarse place such as 'EU'")

    def ask(
        self,
        request: Request | str,
        *,
        expect: str = "",
        due: Form = "",
        per_minute: float = 0,
        api: bool = False,
        refine: Refine = unchanged,
        replay: bool = False,
    ) -> Entry:
        """Ask one URL now, keep what came, and return its ledger entry.

        `expect` is text that must be in the decoded body before `captured` is true (None when no text was
        given). `due` is the form expected; `api` marks a published interface, which has no robots.txt;
        `per_minute` is its published limit. `refine` may complete the entry by what its caller knows of the
        body. With `replay` the host is a web archive: an answer that it dates (Memento-Datetime) is one of the page, a
        refusal in it is none of the archive. Nothing was asked, and nothing is in the ledger, when `seq` is None.
        """
        request = Request(request) if isinstance(request, str) else request
        refusal = self._refusal(request, api)
        if refusal:
            return Entry.unasked(strip_secrets(request.url), refusal.kind, refusal.signal)
        legacy_tls = request.legacy_tls or urlsplit(request.url).hostname in self.legacy_tls
        request = replace(request, legacy_tls=legacy_tls)
        self._pace(request.url, per_minute)
        asked = utc_now()
        with fetch(request, self.archive.spool, self.limits) as answer:
            part = "" if "Range" in request.headers else _part(answer)
            classified = classify(
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                url=strip_secrets(request.url),
                final_url=answer.final_url,
                trouble=answer.trouble or (Trouble.LENGTH if part else Trouble.NONE),
                detail=answer.detail or part,
                due=due,
            )
            if not answer.exchanges:
                return Entry.unasked(strip_secrets(request.url), classified.kind, classified.signal)
            recorded = answer.headers.get("memento-datetime", "") if replay else ""
            entry = self._entry(request, asked, answer, classified)
            if recorded and not entry.is_content:
                entry = replace(entry, signal=f"{classified.signal}; so the page answered on {recorded}")
            entry = refine(entry, answer.body or b"")
            if entry.kind == AnswerClass.RATE_LIMITED and not recorded:
                seconds = 0.0 if is_loopback(request.url) else HOLD_SECONDS
                after = answer.headers.get("retry-after", "")
                self.politeness.hold(host_key(request.url), after, default_seconds=seconds)
            entry = self.archive.record(entry, answer.exchanges)
            found = (expect in _text(answer)) if expect else None
            return replace(entry, captured=found if entry.is_content else False)

    def ask_once(
        self, request: Request, *, per_minute: float, due: Form = "", api: bool = True, refine: Refine = unchanged
    ) -> tuple[Entry, bytes]:
        """Return the answer to a question from the archive if it was asked before, else ask it."""
        digest = hashlib.sha256(request.body).hexdigest() if request.body else ""
        if not self.refresh:
            before = [
                entry
                for entry in past_captures(self.archive, request.url)
                if (entry.method, entry.request_sha256) == (request.method, digest) and entry.kind in _AN_ANSWER
            ]
            if before:
                return before[-1], self.archive.body(before[-1])
        entry = self.ask(request, per_minute=per_minute, due=due, api=api, refine=refine)
        return entry, self.archive.body(entry)

    def _refusal(self, request: Request, api: bool) -> Classified | None:
        """Return why a request is not to be made now, or None."""
        if not is_url(request.url):
            return Classified(AnswerClass.REFUSED, "it is not a URL")
        if is_cut(request.url):
            signal = "not asked: this address was kept without what may be a secret; ask with the whole one"
            return Classified(AnswerClass.REFUSED, signal)
        until = self.politeness.held_until(host_key(request.url))
        if until:
            moment = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S")
            signal = f"not asked: the host wants no request before {moment} UTC"
            return Classified(AnswerClass.RATE_LIMITED, signal)
        if self.robots and not api and not self._robots_allow(request.url):
            parts = urlsplit(request.url)
            said = "forbids this path (--no-robots asks as a person would)"
            if self.politeness.robots_unreachable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"):
                said = "could not be read, which forbids all (RFC 9309): try later; --no-robots asks as a person would"
            signal = f"not asked: robots.txt of {parts.hostname} {said}"
            return Classified(AnswerClass.REFUSED, signal)
        return None

    def _robots_allow(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return True
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if not self.politeness.knows_robots(origin):
            with fetch(Request(f"{origin}/robots.txt"), self.archive.spool, _ROBOTS_LIMITS) as answer:
                self.politeness.learn_robots(origin, answer)
        return self.politeness.robots_allow(origin, url)

    def _pace(self, url: str, per_minute: float) -> None:
        if not per_minute and is_loopback(url):
            return
        parts = urlsplit(url)
        # one server on loopback stands for many hosts, which differ by their paths
        key = parts.netloc.lower() + (parts.path if is_loopback(url) else "")
        seconds = self.politeness.wait_seconds(key, per_minute or HOST_PER_MINUTE)
        if seconds > 1:
            self.say(f"waiting {seconds:.0f} s for {parts.hostname}")
        time.sleep(seconds)

    def _entry(self, request: Request, asked: str, answer: Answer, classified: Classified) -> Entry:
        body = answer.body
        url = strip_secrets(request.url)
        has_text = classified.kind is AnswerClass.CONTENT and not (body or b"").startswith(b"%PDF-")
        return Entry(
            url,
            classified.kind,
            self._with_history(url, classified),
            time=asked,
            role="fetched",
            final_url=answer.final_url,
            method=request.method,
            request_sha256=hashlib.sha256(request.body).hexdigest() if request.body else "",
            redirects=tuple(answer.redirects),
            status=answer.status,
            media_type=answer.media_type,
            bytes=None if body is None else len(body),
            sha256="" if body is None else hashlib.sha256(body).hexdigest(),
            truncated=answer.exchanges[-1].truncated,
            project_codes=tuple(project_codes(_text(answer))) if has_text else (),
            vantage=self.vantage,
        )

    def _with_history(self, url: str, classified: Classified) -> str:
        """Return the signal with what the archive knows: a 404 is gone only if the page was seen before."""
        if classified.kind is not AnswerClass.GONE:
            return classified.signal
        seen = [entry for entry in past_captures(self.archive, url) if entry.is_content]
        if seen:
            return f"{classified.signal}; it was there on {seen[-1].served[:10]} (capture {seen[-1].seq})"
        return f"{classified.signal}; nothing here shows that it was ever there"


def _text(answer: Answer) -> str:
    return decode(answer.body or b"", answer.headers.get("content-type", "")).text


def past_captures(archive: Archive, url: str) -> list[Entry]:
    """Return the captures of one URL, of its neutral copies and of files saved from it, by when they were served.

    Addresses are kept without secrets, and an older version may have kept as harmless what this one takes out.
    """
    names = {url, strip_secrets(url)}
    found = {entry.seq: entry for name in names for entry in archive.entries(name) if _is_of(entry, names)}
    return sorted(found.values(), key=lambda entry: entry.served_order)


def _is_of(entry: Entry, names: set[str]) -> bool:
    return entry.url in names or entry.copy_of in names or bool(entry.stated_url and entry.origin in names)


def _part(answer: Answer) -> str:
    return part_of_file(answer.status or 0, answer.headers.get("content-range", ""))
