"""What a line of the ledger says of a capture."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from osint import __version__
from osint.errors import BadInputError, UnreadableError
from osint.http import Redirect
from osint.register import read_date


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
        for key, value in row.items():
            if key not in (known := _read_fields()):
                continue
            name, kind, may_lack = known[key]
            if type(value) is not kind and not (value is None and may_lack):
                raise _unreadable(key, value)
            values[name] = tuple(value) if isinstance(value, list) else value
        if not re.fullmatch("([0-9a-f]{64})?", values.get("sha256", "")):  # an export names files by it
            raise _unreadable("sha256", values["sha256"])
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


@functools.cache
def _read_fields() -> dict[str, tuple[str, type, bool]]:
    """Return the fields of a line by key in the ledger: name, type, and whether it may be without a value."""
    named = (one for one in fields(Entry) if one.name != "captured")
    return {_key(one.name): (one.name, _TYPES.get(one.name, str), one.default is None) for one in named}


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
