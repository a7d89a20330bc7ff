"""Write and check the lines of the ledger, each sealed and chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osint import __version__
from osint.errors import BadInputError, UnreadableError
from osint.http import Redirect
from osint.register import read_date

GENESIS = "0" * 64  # what the first line names as the line before it

_BLOCK = 65536


@dataclass(frozen=True, slots=True)
class Entry:
    """One capture: what was asked, what came, and where its bytes are; one line of the ledger."""

    url: str
    """URL asked, without secrets."""
    kind: str
    """Class of the answer, `class` in the ledger; see docs/reliability.md."""
    signal: str = ""
    """What decided the class, in a few words."""
    time: str = ""
    """When it was asked, UTC."""
    role: str = ""
    """fetched, copy (taken out of a Common Crawl record) or imported."""
    final_url: str = ""
    """Where the redirects ended."""
    method: str = ""
    """GET or POST."""
    request_sha256: str = ""
    """Digest of the body sent; empty if none was."""
    redirects: tuple[Redirect, ...] = ()
    """Hops before the last."""
    status: int | None = None
    """Status of the last answer, None if none began."""
    media_type: str = ""
    """Media type without parameters."""
    bytes: int | None = None
    """Length of the decoded body, None if none came."""
    sha256: str = ""
    """Digest of the decoded body."""
    truncated: str = ""
    """length, time or disconnect; empty if the body is whole."""
    vantage: str = ""
    """Where we asked from, as coarse as the user chose."""
    tool: str = f"osint-datacentres {__version__}"
    """Name and version of the program that wrote the line."""
    project_codes: tuple[str, ...] | None = None
    """项目代码 in the text of a fetched page."""
    copy_of: str | None = None
    """URL of the original of a neutral copy."""
    copy_time: str | None = None
    """When the archive took its copy: 14 digits, UTC."""
    copy_digest_holds: bool | None = None
    """Whether the digest that the index of the archive states is that of the copy."""
    by: str | None = None
    """Who saved an imported file."""
    obtained: str | None = None
    """When it was saved (EDTF)."""
    origin: str | None = None
    """Where it came from."""
    warc_date: str | None = None
    """When an imported WARC record says that it was served (its WARC-Date), UTC."""
    stated_digest_holds: bool | None = None
    """Whether the digests that an imported record states are those of its bytes."""
    stated_url: str | None = None
    """Address that an imported file says it is of (MHTML, SingleFile)."""
    revisit_of: int | None = None
    """Capture whose body an imported revisit record names as its own."""
    seq: int | None = None
    """Number of the capture, from 0; None if nothing was asked and nothing is in the ledger."""
    warc: str = ""
    """WARC file that holds its records."""
    offset: int = 0
    """First byte of its records in that file."""
    length: int = 0
    """Bytes of its records."""
    body_offset: int | None = None
    """First byte of its body in that file, None if there is none."""
    segment_sha256: str = ""
    """Digest of its records."""
    prev: str = ""
    """Seal of the line before."""
    line_sha256: str = ""
    """Seal of this line without its seal."""
    captured: bool | None = None
    """Whether the text that its caller expected was found; known in the run that asked, not written."""

    @property
    def is_content(self) -> bool:
        """Whether the answer is what was asked for, not a block, an absence or a fault."""
        return self.kind == "content"

    @property
    def served(self) -> str:
        """When its bytes were served, as far as is known: of a copy or an imported record by its own date.

        ISO 8601 in UTC; of an imported file the day on which a person saved it, as coarse as that person said (EDTF).
        """
        if self.copy_time:
            with suppress(ValueError):
                moment = datetime.strptime(self.copy_time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.warc_date or self.obtained or self.time

    @property
    def served_order(self) -> tuple[str, str, int]:
        """What captures are sorted by: the first day on which they can have been served, the time, the ledger."""
        day, _, time = self.served.partition("T")
        try:
            first = read_date(day).first.isoformat()
        except BadInputError:
            first, _, time = self.time.partition("T")
        return first, time, self.seq or 0

    @classmethod
    def unasked(cls, url: str, kind: str, signal: str) -> Entry:
        """Return the entry of a question that was not put, and why; it is in no ledger.

        >>> Entry.unasked("https://x.gov.cn/a", "refused", "robots.txt forbids it").seq is None
        True
        """
        return cls(url, kind, signal, final_url=url, captured=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Entry:
        """Read the values of a line; raises UnreadableError where a number or a text is something else."""
        values: dict[str, Any] = {"url": "", "kind": ""}
        for one in fields(cls):
            key = _key(one.name)
            if key not in row or one.name == "captured":
                continue
            value = row[key]
            kind = _TYPES.get(one.name, str)
            if type(value) is not kind and not (value is None and one.default is None):
                raise _unreadable(key, value)
            values[one.name] = tuple(value) if isinstance(value, list) else value
        try:
            values["redirects"] = tuple(Redirect(**hop) for hop in values.get("redirects", ()))
        except TypeError as error:
            raise _unreadable("redirects", row["redirects"]) from error
        return cls(**values)

    def to_row(self) -> dict[str, Any]:
        """Return the values under their names in the ledger, without those that this capture cannot have."""
        row: dict[str, Any] = {"redirects": [asdict(hop) for hop in self.redirects]}
        left_out = {"captured", "redirects", *(_PLACED if self.seq is None else ())}
        for one in fields(self):
            value = getattr(self, one.name)
            absent = value is None and one.default is None and one.name not in _NULL
            if not absent and one.name not in left_out:
                row[_key(one.name)] = list(value) if isinstance(value, tuple) else value
        return row


_TYPES: dict[str, type] = {
    "redirects": list,
    "project_codes": list,
    "copy_digest_holds": bool,
    "stated_digest_holds": bool,
}
_TYPES |= dict.fromkeys(("status", "bytes", "seq", "offset", "length", "body_offset", "revisit_of"), int)
_NULL = ("status", "bytes", "body_offset")  # written as null where there is none
_PLACED = ("warc", "offset", "length", "body_offset", "segment_sha256", "prev", "line_sha256")
"""Known once the capture is in the ledger."""


def _unreadable(key: str, value: object) -> UnreadableError:
    return UnreadableError(f"the ledger says {key} = {value!r}; run `osint archive verify` to see what is damaged")


def _key(name: str) -> str:
    return "class" if name == "kind" else name


def utc_now() -> str:
    """Return the moment as the ledger writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(entry: dict[str, Any]) -> bytes:
    """Return one entry as JSON with sorted keys and no spaces, so that equal entries are equal bytes."""
    text = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def seal(entry: dict[str, Any], previous: str) -> tuple[dict[str, Any], bytes]:
    """Chain an entry to the line before and return it with its line (newline included)."""
    linked = {**entry, "prev": previous}
    linked["line_sha256"] = hashlib.sha256(canonical(linked)).hexdigest()
    return linked, canonical(linked) + b"\n"


def intact(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line (without newline) if every byte is as it was sealed, else None."""
    entry = parsed(line)
    if entry is None or canonical(entry) != line:
        return None
    body = {key: value for key, value in entry.items() if key != "line_sha256"}
    return entry if hashlib.sha256(canonical(body)).hexdigest() == entry.get("line_sha256") else None


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line, sealed or not; None if it is not JSON at all."""
    try:
        entry = json.loads(line, parse_constant=int)  # which refuses NaN and Infinity
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def links(line: bytes) -> set[str]:
    """Return the values that the next line may name: the stated seal, and what the bytes as they stand give.

    A line damaged before the next one was written can only be chained by its bytes.
    """
    entry = parsed(line) or {}
    body = {key: value for key, value in entry.items() if key != "line_sha256"}
    return {
        str(entry.get("line_sha256")),
        hashlib.sha256(canonical(body)).hexdigest(),
        hashlib.sha256(line).hexdigest(),
    }


def lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of the ledger without their newline; a torn tail is not a line."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def tail(path: Path) -> tuple[bytes | None, int]:
    """Return the last whole line (None if there is none) and the length in bytes of all whole lines."""
    if not path.exists():
        return None, 0
    with path.open("rb") as file:
        size = file.seek(0, 2)
        held = b""
        start = size
        while start > 0:
            step = min(_BLOCK, start)
            start -= step
            file.seek(start)
            held = file.read(step) + held
            end = held.rfind(b"\n")
            if end < 0:
                continue
            begin = held.rfind(b"\n", 0, end)
            if begin >= 0 or start == 0:
                return held[begin + 1 : end], start + end + 1
    return None, 0
