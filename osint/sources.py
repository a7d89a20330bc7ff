"""The door to filings: open a session, then plan, capture, search, read notices, see what changed, import."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from osint import http, portals
from osint.archive import Archive, Entry, Imported, captures_directory, import_path
from osint.errors import NotFoundError
from osint.filings import Notice, Page, decode, read_notice
from osint.portals import AnswerClass, Session, SourceReport, past_captures, search_table, words_asked

__all__ = [
    "SAME_BYTES",
    "Revision",
    "by_hand",
    "capture",
    "history",
    "import_saved",
    "notice",
    "open_session",
    "plan",
    "plan_search",
    "save_copy",
    "search",
    "search_table",
    "watch",
    "watched",
    "words_asked",
]

_GGZY_WRAPPER = re.compile(r"(/information/deal/html)/a/(\d+/\d+/\d{8}/[0-9a-zA-Z]+\.html)$")
_SHOWN_LINES = 40
SAME_BYTES = "the same bytes"
"""What `Revision.difference` holds where nothing changed."""
_NO_PAGES = ("application/json", "text/css", "application/javascript", "text/javascript")


@dataclass(frozen=True, slots=True)
class Revision:
    """One capture of a URL and what changed since the capture before."""

    entry: Entry
    """Capture, in the order in which they were served."""
    difference: list[str]
    """Lines of text that went (`-`) and came (`+`); empty for the first content and for other classes."""


def open_session(
    data: str | Path | None = None,
    *,
    vantage: str | None = None,
    limits: http.Limits | None = None,
    robots: bool = True,
    refresh: bool = False,
    legacy_tls: tuple[str, ...] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Session:
    """Open the archive below a data directory to ask and keep answers; see the fields of `Session`.

    `data` defaults to OSINT_DATA, then ./data; `vantage` to OSINT_VANTAGE.
    """
    directory = captures_directory(data)
    place = os.environ.get("OSINT_VANTAGE", "") if vantage is None else vantage
    pace = http.Politeness(directory.parent.parent / "derived" / "pace.json")
    archive = Archive(directory).open()
    limits = limits or http.Limits()
    return Session(archive, pace, place, limits, robots=robots, refresh=refresh, legacy_tls=legacy_tls, say=say)


def plan(url: str, *, live: bool = False) -> list[str]:
    """Return what a capture of a URL would ask, one line per request, in order."""
    shown = http.strip_secrets(url)
    if reason := http.check_url(url):
        return [f"nothing: {reason}"]
    lines = [] if live or http.is_loopback(url) else portals.planned_copies(url)
    if advice := portals.never_asked(url):
        return [*lines, f"never the host: {advice}"]
    lines.append(f"GET {urlsplit(url).scheme}://{urlsplit(url).netloc.rpartition('@')[2]}/robots.txt")
    return [*lines, *(f"GET {one}" for one in [shown, *_companions(shown)])]


def capture(session: Session, url: str, *, expect: str = "", live: bool = False) -> Iterator[Entry]:
    """Capture a page and yield its ledger entries.

    A neutral copy is looked for before the host is touched, unless `live`; after a copy the host is not asked,
    and `Session.say` says how to ask it. Sites that want no machine are explained, not asked. `expect` is text
    that the page must hold before `captured` is true.
    """
    if not http.is_url(url):
        yield session.ask(url)
        return
    advice = portals.never_asked(url)
    copies = not (live or http.is_loopback(url) or http.check_url(url))
    if copies:
        entry, answers = portals.take_copy(session, url)
        for line in answers:
            session.say(line)
        if entry is not None:
            if expect:
                text = decode(session.archive.body(entry)).text if entry.is_content else ""
                entry = replace(entry, captured=expect in text)
            yield entry
            session.say(f"the copy stands for {http.strip_secrets(url)}; --live asks the host itself")
            return
    if advice and (live or copies):
        yield Entry.unasked(http.strip_secrets(url), AnswerClass.REFUSED, advice)
        return
    yield session.ask(url, expect=expect)
    for other in _companions(url):
        yield session.ask(other)


def _companions(url: str) -> list[str]:
    """Return the URLs that belong to a page: on ggzy the text is under /b/, the wrapper under /a/."""
    other = _GGZY_WRAPPER.sub(r"\1/b/\2", url)
    return [other] if other != url else []


def watched(archive: Archive) -> list[str]:
    """Return the addresses of a case that `watch` looks at again: pages of which the archive holds content."""
    found: dict[str, None] = {}
    for entry in archive.entries():
        url = entry.copy_of or entry.url
        is_page = entry.is_content and not entry.request_sha256 and entry.media_type not in _NO_PAGES
        if is_page and url.startswith(("http://", "https://")) and not portals.is_of_archive(url):
            found[url] = None
    return list(found)


def watch(session: Session, urls: Sequence[str] = ()) -> Iterator[Revision]:
    """Ask each address of the case again, once, and yield the new capture with what changed since the content before.

    `urls` are the addresses to ask, those of `watched` if empty. The host itself is asked, at the pace and within the
    robots.txt of each; a refusal, a block or an absence is the class of the capture, never a change of the page.
    """
    for url in urls or watched(session.archive):
        shown = http.strip_secrets(url)
        held = [entry for entry in past_captures(session.archive, url) if entry.is_content]
        advice = portals.never_asked(url)
        entry = Entry.unasked(shown, AnswerClass.REFUSED, advice) if advice else session.ask(url)
        is_new = entry.is_content and entry.seq is not None and held
        yield Revision(entry, _difference(session.archive, held[-1], entry) if is_new else [])


def save_copy(session: Session, url: str) -> Entry:
    """Ask the Wayback Machine to take a copy of a page, and keep its receipt; see `portals.save_copy`."""
    return portals.save_copy(session, url)


def by_hand(entry: Entry) -> str:
    """Return what a person should do about an answer, or an empty string."""
    if entry.is_content and entry.captured is False:
        return f"{entry.url} came, but without the expected text: read it before you call it captured"
    if not AnswerClass(entry.kind).by_hand:
        return ""
    kept = f"osint archive import FILE --where {shlex.quote(entry.url)} --who NAME --when DAY"
    return f"{entry.kind}: open {entry.url} by hand, save it as FILE, then `{kept}`"


def search(
    session: Session,
    words: str,
    start: str | date,
    end: str | date,
    *,
    names: tuple[str, ...] = (),
    pages: int = 3,
    live: bool = False,
    done: Callable[[str], None] = lambda _: None,
) -> list[SourceReport]:
    """Ask the portals for words in a span of days, side by side, and return one report per source.

    `start` and `end` are days, months or years. Place words (哈密) choose regional sources, six digits are a stock
    code. `names` are the sources to ask, all that fit if empty; `done` gets the name of each source that has
    finished. `search_table` makes one frame of the reports. Raises BadInputError for impossible days and unknown
    names.
    """
    asked = portals.read_query(words, start, end, pages=pages)
    return portals.search_sources(session, asked, names=names, live=live, done=done)


def plan_search(
    words: str, start: str | date, end: str | date, *, names: tuple[str, ...] = (), pages: int = 3, live: bool = False
) -> list[str]:
    """Return what `search` would ask, one line per request, without asking."""
    return list(portals.planned_requests(portals.read_query(words, start, end, pages=pages), names, live=live))


def notice(archive: Archive, url: str) -> tuple[Notice, Entry]:
    """Return the fields of the last content captured of a URL, and its ledger entry.

    Raises NotFoundError if the archive holds no page of it that can be read.
    """
    held = [entry for entry in past_captures(archive, url) if entry.is_content]
    found = read_notice(url, archive.body(held[-1]), held[-1].media_type) if held else None
    if found is None:
        what = "what was captured last of it is no page" if held else "capture it first"
        raise NotFoundError(f"the archive holds no readable page of {url}; {what}")
    return found, held[-1]


def history(archive: Archive, url: str) -> list[Revision]:
    """Return the captures of a URL by when their bytes were served, oldest first, each with what changed.

    Only bodies of class content are compared, each with the content before it: a block between two
    captures is not a change of the page.
    """
    revisions = []
    before: Entry | None = None
    for entry in past_captures(archive, url):
        lines: list[str] = []
        if entry.is_content:
            if before is not None:
                lines = _difference(archive, before, entry)
            before = entry
        revisions.append(Revision(entry, lines))
    return revisions


def _difference(archive: Archive, before: Entry, after: Entry) -> list[str]:
    """Return the lines of text that went (`-`) and came (`+`), or one sentence when no text changed."""
    if before.sha256 == after.sha256:
        return [SAME_BYTES]
    sizes = f"the bytes differ ({before.bytes} before, {after.bytes} after)"
    old, new = _text_lines(archive, before), _text_lines(archive, after)
    if old is None or new is None:
        return [f"{sizes}; no text to compare"]
    changed = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    changed = [line for line in changed if not line.startswith("@@")]
    if not changed:
        return [f"{sizes} but the visible text is the same"]
    rest = len(changed) - _SHOWN_LINES
    return changed[:_SHOWN_LINES] + ([f"and {rest} more lines"] if rest > 0 else [])


def _text_lines(archive: Archive, entry: Entry) -> list[str] | None:
    page = Page(archive.body(entry), entry.media_type)
    return None if page.is_binary else page.lines


def import_saved(
    archive: Archive,
    path: str | Path,
    *,
    by: str,
    obtained: str,
    origin: str,
    url: str = "",
    kept: Callable[[Entry], None] = lambda _: None,
) -> Imported:
    """Take in a file or a folder that a person saved; see `archive.import_path`."""
    return import_path(archive, path, _classified, by=by, obtained=obtained, origin=origin, url=url, kept=kept)


def _classified(status: int | None, headers: Mapping[str, str], body: bytes, url: str, damage: str) -> tuple[str, str]:
    answer = portals.classify(
        status=status or 200,
        headers=dict(headers),
        body=body,
        url=url,
        trouble=http.Trouble.LENGTH if damage else http.Trouble.NONE,
        detail=damage,
    )
    return answer.kind, answer.signal
