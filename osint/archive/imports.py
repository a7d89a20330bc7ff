"""Take in what a person saved by hand: once, with who saved it, when and from where, and with what its bytes show."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from osint import files
from osint.archive import media
from osint.archive.digests import base32_of
from osint.archive.intake import container_items
from osint.archive.ledger import Entry, utc_now
from osint.archive.records import Found, Remark
from osint.archive.store import Archive
from osint.archive.transfer import MOST_BYTES
from osint.errors import BadInputError, NotFoundError
from osint.http import Exchange, is_url, strip_secrets
from osint.register import read_date

Classifier = Callable[[int | None, Mapping[str, str], bytes, str, str], tuple[str, str]]
"""Gets status, headers (names in lower case), body, URL, and why the body is not whole (empty if it is); returns class
and signal."""
FIRST_YEAR = 1990
"""Before the first web page: no capture is older."""
_INCOMPLETE = "incomplete"
_UNCHANGED = 304
_OF_NOTHING = frozenset(f"{name}:{base32_of(name, b'')}" for name in ("sha1", "sha256"))
"""Digests of a body of no bytes, which needs no other record."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    entries: tuple[Entry, ...]
    """Captures that were added, in order."""
    known: tuple[Entry, ...]
    """Captures that the archive held already: the same record, or the same file saved at the same time."""
    left_out: tuple[str, ...]
    """What was found and not taken in, and why, in sentences."""
    faults: tuple[str, ...]
    """What is damaged, in sentences; a capture that is not whole says so in its signal."""


@dataclass(slots=True)
class _Import:
    """Where imported bytes go, who says what they are, and who saved them, when and from where."""

    archive: Archive
    classify: Classifier
    by: str
    obtained: str
    origin: str
    kept: Callable[[Entry], None]
    before: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    by_digest: dict[str, Entry] = field(default_factory=dict)
    revisits: list[Found] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    known: list[Entry] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def keep(self, entry: Entry, exchange: Exchange | None, body: bytes, media_type: str) -> Entry:
        """Write one capture, or return the one that the archive holds of the same record."""
        digest = hashlib.sha256(body).hexdigest() if entry.bytes is not None else ""
        key = _key(replace(entry, sha256=digest))
        if held := self.before.get(key):
            self.known.append(held)
            return held
        if exchange is None:
            done = self.archive.record_file(entry, body, media_type, entry.url)
        else:
            done = self.archive.record(replace(entry, sha256=digest), [exchange])
        self.before[key] = done
        self.entries.append(done)
        self.kept(done)
        return done

    def entry(self, url: str, kind: str, signal: str) -> Entry:
        """Return an entry with what the person said of it."""
        blank = Entry(url, kind, signal, time=utc_now(), role="imported", final_url=url)
        return replace(blank, by=self.by, obtained=self.obtained, origin=self.origin)


def _key(entry: Entry) -> tuple[str, ...]:
    """Return what makes two imports one: a record by its own date, a file by who gave it when and from where."""
    when = (entry.warc_date,) if entry.warc_date else (entry.obtained or "", entry.origin or "")
    return (entry.url, entry.kind, entry.sha256, str(entry.status), *when)


def import_path(
    archive: Archive,
    path: str | Path,
    classify: Classifier,
    *,
    by: str,
    obtained: str,
    origin: str,
    url: str = "",
    kept: Callable[[Entry], None] = lambda _: None,
) -> Imported:
    """Take in a file or a folder that a person saved; `kept` gets each capture as it is added.

    What a file is, is told by its bytes. WARC and WACZ files become one capture for each answer or file in them; what
    is cut, altered or coded is kept as `incomplete` with the reason. Any other file is one capture of `url`, of the
    address that it states itself (MHTML, SingleFile), or of `origin` where that is an address. `by` is who saved it (a
    role will do), `obtained` when (EDTF, or a moment such as 2026-11-24T10:30:00Z), `origin` where it came from. The
    name and place of the file on this machine are not kept. Raises BadInputError for an empty value or an impossible
    date, NotFoundError where nothing is.
    """
    source = Path(path)
    for name, value in (("--who", by), ("--when", obtained), ("--where", origin)):
        if not value.strip():
            raise BadInputError(f"{name} is empty; an import needs who saved it, when and from where")
    try:
        read_date(obtained)
        if "T" in obtained:
            datetime.fromisoformat(obtained)
    except ValueError as error:
        raise BadInputError(f"--when: {error}; a moment is written 2026-11-24T10:30:00Z") from error
    if not source.exists():
        raise NotFoundError(f"{source} does not exist; name the file or folder that was saved")
    found = sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink()) if source.is_dir() else [source]
    run = _Import(archive, classify, by.strip(), obtained, strip_secrets(origin.strip()), kept)
    with files.locked(archive.directory / ".import.lock"):  # a second import sees what the first one took in
        run.before = {_key(entry): entry for entry in archive.entries() if entry.role == "imported"}
        fallback = url or (origin.strip() if not source.is_dir() and _is_address(origin.strip()) else "")
        for file in found:
            _import_file(run, file, url, fallback)
        for revisit in run.revisits:
            _keep_revisit(run, revisit)
    left = dict.fromkeys(remark.text for remark in run.remarks if not remark.is_fault)
    faults = dict.fromkeys(remark.text for remark in run.remarks if remark.is_fault)
    return Imported(tuple(run.entries), tuple(run.known), tuple(left), tuple(faults))


def _is_address(text: str) -> bool:
    return is_url(text) and text.startswith(("http://", "https://"))


def _import_file(run: _Import, path: Path, url: str, fallback: str) -> None:
    with path.open("rb") as file:
        items = container_items(file, path.name)
        if items is not None:
            for item in items:
                if isinstance(item, Remark):
                    run.remarks.append(item)
                elif item.refers_to:
                    run.revisits.append(item)
                else:
                    _keep_found(run, item)
            return
    size = path.stat().st_size
    if size > MOST_BYTES:
        text = f"{path.name} has {size:,} bytes, more than the {MOST_BYTES:,} that are taken in; it was left out"
        run.remarks.append(Remark(text, True))
        return
    _keep_file(run, files.read_regular(path, MOST_BYTES), path, url, fallback)


def _keep_file(run: _Import, body: bytes, path: Path, url: str, fallback: str) -> None:
    media_type = media.media_type(body, path.suffix)
    stated = media.stated_url(body)
    shown = strip_secrets(url or stated or fallback) or f"urn:sha256:{hashlib.sha256(body).hexdigest()}"
    fault = media.stops_short(body) or (media.ends_inside(body) if media_type == "text/html" else "")
    kind, signal = run.classify(None, {"content-type": media_type}, body, shown, fault)
    entry = replace(run.entry(shown, kind, signal), truncated="unspecified" if fault else "")
    run.keep(replace(entry, bytes=len(body), stated_url=strip_secrets(stated) or None), None, body, media_type)


def _keep_found(run: _Import, found: Found, *, revisit_of: Entry | None = None) -> None:
    """Keep one record with its headers, its own date, and what its digests show."""
    is_address = is_url(found.url)
    shown = (strip_secrets(found.url) if is_address else "") or f"urn:sha256:{hashlib.sha256(found.body).hexdigest()}"
    date = _day_of_record(found.date)
    headers = {name.lower(): value for name, value in found.headers} or {"content-type": found.media_type}
    faults = found.faults or tuple(filter(None, [media.stops_short(found.body)]))
    kind, signal = run.classify(found.status, headers, found.body, shown, "; ".join(faults))
    if found.unchecked:
        signal += f"; it states a digest in {', '.join(found.unchecked)}, which is not checked here"
    if not is_address:
        signal += f"; its address {strip_secrets(found.url)[:60]!r} cannot be one"
    if found.date and not date:
        signal += f"; its date {found.date[:40]!r} cannot be one"
    if revisit_of is not None:
        signal += f"; a revisit, its body is that of capture {revisit_of.seq}"
    entry = replace(
        run.entry(shown, kind, signal),
        status=found.status,
        truncated=found.cut or ("unspecified" if faults else ""),
        warc_date=date,
        bytes=len(found.body),
        media_type=found.media_type.partition(";")[0].strip().lower(),
        stated_digest_holds=found.digest_holds,
        revisit_of=revisit_of.seq if revisit_of else None,
    )
    exchange = None
    if found.status is not None:
        body = io.BytesIO(found.body)
        said = list(found.headers)
        exchange = Exchange(shown, "", status_line=found.status_line, headers=said, truncated=found.cut, body=body)
    done = run.keep(entry, exchange, found.body, found.media_type)
    if not faults:
        run.by_digest.update(dict.fromkeys((*found.digests, f"{found.url} {found.date}"), done))


def _keep_revisit(run: _Import, found: Found) -> None:
    """Keep a record that says `the same bytes as before`, with those bytes where they are in the archive."""
    if found.refers_to in _OF_NOTHING:
        _keep_found(run, replace(found, refers_to=""))
        return
    before = run.by_digest.get(found.refers_to) or _held(run.archive, found)
    if before is not None:
        if found.status == _UNCHANGED:  # the server's word for it; the page has the status that it had
            found = replace(found, status=before.status, status_line="")
        body = run.archive.body(before)
        media_type = found.media_type or before.media_type
        whole = replace(found, body=body, media_type=media_type, status=found.status or before.status, refers_to="")
        status_line = found.status_line or f"{whole.status} OK"
        headers = [pair for pair in found.headers if pair[0].lower() != "content-length"]
        whole = replace(whole, status_line=status_line, headers=(*headers, ("Content-Length", str(len(body)))))
        _keep_found(run, whole, revisit_of=before)
        return
    shown = strip_secrets(found.url) or f"urn:{found.refers_to}"
    signal = f"a revisit without a body: the bytes with {found.refers_to} are not in the archive; import those first"
    entry = replace(run.entry(shown, _INCOMPLETE, signal), status=found.status, warc_date=_day_of_record(found.date))
    run.keep(entry, Exchange(shown, ""), b"", "")


def _held(archive: Archive, found: Found) -> Entry | None:
    """Return a capture of the same address whose body has the digest that a revisit names."""
    name, _, due = found.refers_to.partition(":")
    shown = strip_secrets(found.url)
    for entry in archive.entries(shown):
        if entry.url == shown and entry.is_content and entry.bytes:
            if found.refers_to == f"{found.url} {entry.warc_date}":
                return entry
            if name in ("sha1", "sha256") and base32_of(name, archive.body(entry)) == due:
                return entry
    return None


def _day_of_record(text: str) -> str | None:
    """Return a WARC-Date in the form of the ledger; None for what is no moment between the first page and now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment.year < FIRST_YEAR or moment > datetime.now(UTC) + timedelta(days=1):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if moment.microsecond else "%Y-%m-%dT%H:%M:%SZ")
