"""Find, take and ask for copies of the Wayback Machine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from osint.archive import FIRST_YEAR, Entry
from osint.http import Request, check_url, is_loopback, is_url, read_json, strip_secrets
from osint.portals.adapters import base_url
from osint.portals.classify import AnswerClass, Classified
from osint.portals.session import Session

WAYBACK = "https://web.archive.org"
CDX_PER_MINUTE = 24.0  # searches of the Wayback index; agreed by edgi's `wayback` with the Archive's staff in 2026
REPLAY_PER_MINUTE = 480.0  # copies taken from the Wayback Machine; from the same source
NEWEST = 50  # rows of the Wayback index that are asked for, the newest
SAVE_PER_MINUTE = 4.0  # copies asked of Save Page Now; what it allows without an account
SAVE_WAIT_S, SAVE_STEP_S = 60.0, 5.0  # time that a copy is waited for, and between two looks at it
_SIGNAL = 300
_MEMENTO = re.compile(r"/web/(\d{14})(?:id_)?/(.+)$")


@dataclass(frozen=True)
class Copy:
    """One copy that an archive says it holds."""

    url: str
    """URL of the original."""
    timestamp: str
    """When the copy was taken: 14 digits, UTC."""
    media_type: str
    """Media type that the archive saw."""
    digest: str
    """SHA-1 of the payload in base32, as the archive states it."""
    place: tuple[str, int, int] = ("", 0, 0)
    """Common Crawl: file, offset and length of the WARC record."""


@dataclass(frozen=True)
class Listing:
    """What an index answered."""

    copies: list[Copy]
    """Oldest first."""
    classified: Classified
    """Class of the answer; `empty result` means the archive has none."""
    bad_rows: int = 0
    """Rows left out: damaged, of another host, or of a time that cannot be."""
    reasons: tuple[str, ...] = ()
    """Why rows were left out, each reason once."""
    goes_on: bool = False
    """The index holds more rows than were asked for."""


def wayback_request(url: str, *, start: str = "", end: str = "", limit: int = -NEWEST) -> Request:
    """Return the question to the CDX server; a negative limit asks for the newest.

    Rows of unchanged pages (revisits, without a status) are asked for too: without them a page looks last seen when it
    last changed. A secret in the address is not given to the archive.
    """
    query = {"url": strip_secrets(url), "output": "json", "filter": "statuscode:200|-", "limit": str(limit)}
    collapse = "digest" if url.endswith("*") else ""  # of a whole host, each version of a page once
    more = {"collapse": collapse, "showResumeKey": "true" if limit > 0 else "", "from": start, "to": end}
    query |= {name: value for name, value in more.items() if value}
    return Request(f"{base_url('wayback', WAYBACK)}/cdx/search/cdx?{urlencode(query)}")


def wayback_copies(session: Session, request: Request) -> Listing:
    """Ask the Wayback index once and read its rows."""
    entry, body = session.ask_once(request, per_minute=CDX_PER_MINUTE)
    if not entry.is_content:
        is_empty = entry.status == 200 and not body.strip()  # so plain text answers an empty index
        kind = AnswerClass.EMPTY_RESULT if is_empty else AnswerClass(entry.kind)
        return Listing([], Classified(kind, entry.signal))
    return read_listing(body, request.url)


def read_listing(body: bytes, question: str) -> Listing:
    """Read the rows of a CDX answer to a question (its URL)."""
    table = _rows(body)
    if table is None:
        return Listing([], Classified(AnswerClass.CHALLENGE, "HTML or text where the rows of an index were due"))
    header, rest = table[0], table[1:]
    goes_on = len(rest) >= 2 and rest[-2] == []
    listed = rest[:-2] if goes_on else rest
    copies, bad, reasons = _good_rows([dict(zip(header, row, strict=False)) for row in listed if row], question)
    kind = AnswerClass.CONTENT if copies else AnswerClass.EMPTY_RESULT
    said = "; ".join([f"{len(copies)} copies", *(f"rows left out: {reason}" for reason in reasons)])
    return Listing(copies, Classified(kind, said), bad, reasons, goes_on)


def _rows(body: bytes) -> list[list[str]] | None:
    """Return the rows of a CDX answer, None if it is something else."""
    try:
        table = read_json(body)
    except ValueError:
        return None
    if not isinstance(table, list) or not table or not all(isinstance(row, list) for row in table):
        return None
    if not all(isinstance(cell, str) for cell in table[0]) or not {"original", "timestamp"} <= set(table[0]):
        return None
    return [[cell if isinstance(cell, str) else json.dumps(cell)[:200] for cell in row] for row in table]


def _good_rows(rows: list[dict[str, str]], question: str) -> tuple[list[Copy], int, tuple[str, ...]]:
    """Return the rows that can be, by their time; how many cannot, and why."""
    asked = parse_qs(urlsplit(question).query).get("url", [""])[0]
    copies, reasons = [], []
    for row in rows:
        reason = _reason_against(row, asked)
        if reason:
            reasons.append(reason)
            continue
        copies.append(Copy(row["original"], row["timestamp"], row.get("mimetype", ""), row.get("digest", "")))
    return sorted(copies, key=lambda copy: copy.timestamp), len(reasons), tuple(dict.fromkeys(reasons))


def _reason_against(row: dict[str, str], asked: str) -> str:
    """Return why a row of an index cannot be a copy of what was asked for, or an empty string."""
    original, status = row.get("original", ""), row.get("statuscode", "200")
    if reason := bad_time(row.get("timestamp", "")):
        return reason
    if not is_url(original) or urlsplit(original).scheme not in ("http", "https", "ftp"):
        return "no URL"
    if not same_host(original, asked):
        return f"of another host ({(urlsplit(original).hostname or '')[:60]})"
    if row.get("length", "1") == "0":
        return "of no length"
    unchanged = status == "-" and row.get("mimetype", "") == "warc/revisit"
    return "" if status == "200" or unchanged else "of an answer that was no success"


def bad_time(stamp: str) -> str:
    """Return why 14 digits are no time at which a copy can have been taken, or an empty string."""
    try:
        moment = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return "without a time"
    if not re.fullmatch(r"[0-9]{14}", stamp):  # strptime takes fewer digits, and those of other scripts
        return "without a time"
    future = moment > datetime.now(UTC) + timedelta(days=1)
    return f"of a time that cannot be ({stamp})" if future or moment.year < FIRST_YEAR else ""


def _host(url: str) -> str:
    try:
        host = (urlsplit(url if "://" in url else f"http://{url}").hostname or "").lower()
    except ValueError:
        return ""  # no address at all
    return host.removeprefix("*.").removeprefix("www.")


def same_host(one: str, other: str) -> bool:
    """Say whether two addresses are of one host or of a host below the other, `www.` left aside."""
    first, second = _host(one), _host(other)
    return bool(first) and (first == second or first.endswith(f".{second}"))


def same_page(one: str, other: str) -> bool:
    """Say whether two addresses mean one page for an archive: scheme, `www.`, port and a last slash left aside.

    >>> same_page("http://www.x.example:80/a/", "https://x.example/a"), same_page("http://x.example/a", "http://x.example/b")
    (True, False)
    """
    keys = []
    for url in (one, other):
        full = url if "://" in url else f"http://{url}"
        if not is_url(full):
            return False
        parts = urlsplit(full)
        keys.append((_host(url), unquote(parts.path).rstrip("/"), unquote(parts.query)))
    return keys[0] == keys[1]


def take_wayback(session: Session, copy: Copy) -> Entry:
    """Fetch the raw copy (`id_`), check it against what the index states, and return the ledger entry.

    The archive may answer with its copy of another time or page: the entry then states those, and is `incomplete`.
    """

    def check(entry: Entry, body: bytes) -> Entry:
        holds = digest_holds(copy, body) if entry.is_content else None
        known = bool(re.fullmatch(r"[A-Z2-7]{32}", copy.digest))
        is_archive = urlsplit(entry.final_url).netloc == urlsplit(strip_secrets(request.url)).netloc
        answered = _MEMENTO.search(entry.final_url) if is_archive else None
        stamp, page = answered.groups() if answered else (copy.timestamp, copy.url)
        moved = not same_page(page, strip_secrets(copy.url)) or stamp != copy.timestamp
        entry = replace(entry, copy_of=strip_secrets(page), copy_time=stamp, copy_digest_holds=holds)
        if not entry.is_content or (holds and same_page(page, strip_secrets(copy.url))):
            return entry
        if answered is None:
            signal = f"{entry.final_url} answered, which is no copy of the archive"
            return replace(entry, kind=AnswerClass.INCOMPLETE, signal=signal)
        if moved:
            signal = f"the archive answered with its copy of {page} of {stamp}, not of {copy.timestamp} as asked"
            return replace(entry, kind=AnswerClass.INCOMPLETE, signal=signal)
        if known and holds is False:
            signal = "the copy does not have the digest that the index states"
            return replace(entry, kind=AnswerClass.INCOMPLETE, signal=signal)
        return entry

    request = Request(f"{base_url('wayback', WAYBACK)}/web/{copy.timestamp}id_/{copy.url}")
    return session.ask(request, per_minute=REPLAY_PER_MINUTE, api=True, refine=check, replay=True)


def digest_holds(copy: Copy, body: bytes) -> bool:
    """Say whether a body has the SHA-1 that the index states of its copy."""
    return base64.b32encode(hashlib.sha1(body).digest()).decode() == copy.digest


def save_copy(session: Session, url: str) -> Entry:
    """Ask the Wayback Machine to take a copy of a page (Save Page Now), and keep its receipt.

    The entry is a `receipt` with the address and time of the copy, or with the number of the job where the archive has
    not finished in SAVE_WAIT_S; anything else is the class of its answer. Keys of an account in OSINT_WAYBACK_KEYS
    (`access:secret`) are sent to the archive alone and not kept. An address with a secret, or one that is not public,
    is not given to a third party.
    """
    shown = strip_secrets(url)
    reason = check_url(url) or ("it holds a secret" if shown != url.partition("#")[0] else "")
    if reason or is_loopback(url):
        signal = f"not given to the Wayback Machine: {reason or 'it is an address of this machine'}"
        return Entry.unasked(shown, AnswerClass.REFUSED, signal)
    base = base_url("wayback", WAYBACK)
    keys = os.environ.get("OSINT_WAYBACK_KEYS", "")
    headers = {"Accept": "application/json", **({"Authorization": f"LOW {keys}"} if keys else {})}
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    asked = Request(f"{base}/save", "POST", form, urlencode({"url": url, "skip_first_archive": "1"}).encode())
    more: Any = {"per_minute": SAVE_PER_MINUTE, "api": True}
    entry = session.ask(asked, **more, refine=lambda entry, body: _receipt(entry, body, shown))
    job = _said_of_job(session.archive.body(entry)).get("job_id", "") if entry.kind == AnswerClass.RECEIPT else ""
    until, unanswered = time.monotonic() + SAVE_WAIT_S, ""
    while job and time.monotonic() < until:
        session.say(f"the Wayback Machine is taking its copy of {shown} (job {job})")
        time.sleep(SAVE_STEP_S)
        status = Request(f"{base}/save/status/{quote(job, safe='')}", headers=headers)
        looked = session.ask(
            status, api=True, per_minute=60 / SAVE_STEP_S, refine=lambda e, body: _receipt(e, body, shown, job)
        )
        if looked.seq is not None and _said_of_job(session.archive.body(looked)).get("status"):
            entry, unanswered = looked, ""
        else:
            unanswered = f"; what became of it was not to be learned ({looked.kind}: {looked.signal})"
        if looked.seq is None or entry.copy_time or entry.kind != AnswerClass.RECEIPT:
            break
    return replace(entry, signal=(entry.signal + unanswered)[:_SIGNAL]) if unanswered else entry


def _receipt(entry: Entry, body: bytes, url: str, job: str = "") -> Entry:
    """Return the entry of an answer of Save Page Now, to the question or on a job, with what it says of the copy."""
    if not entry.is_content:
        return replace(entry, copy_of=url)
    said = _said_of_job(body)
    status, job = said.get("status", ""), said.get("job_id", "") or job
    stamp, page = said.get("timestamp", ""), said.get("original_url", url)
    if status == "success" and not bad_time(stamp) and same_page(page, url):
        signal = f"saved: {WAYBACK}/web/{stamp}/{page}"
        return replace(entry, kind=AnswerClass.RECEIPT, signal=signal, copy_of=url, copy_time=stamp)
    if status == "success":
        kind = AnswerClass.INCOMPLETE
        stated = f"the archive says that it saved {page} at {stamp or 'no time'}"
        signal = f"{stated}: that is not the page asked, or no time that can be"
    elif status == "error" or not job:
        names_none = "its answer names neither a job nor a copy"
        kind, signal = AnswerClass.BLOCKED, f"the Wayback Machine took no copy: {said.get('message') or names_none}"
    else:
        kind = AnswerClass.RECEIPT
        found = "`osint capture` finds the copy once the index lists it"
        signal = f"asked, job {job}, which had not finished; {found}"
    return replace(entry, kind=kind, signal=signal[:_SIGNAL], copy_of=url)


def _said_of_job(body: bytes) -> dict[str, str]:
    try:
        said = read_json(body)
    except ValueError:
        return {}
    return (
        {str(name): value for name, value in said.items() if isinstance(value, str)} if isinstance(said, dict) else {}
    )
