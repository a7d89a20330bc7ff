"""Take the answers and files out of a WARC: each whole, or with the reason why it is not.

Digests, lengths, gzip ends, chunks and codings are checked here and in our own words: a record that fails one of them
is never called whole. Nothing here raises for what a file holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from osint.archive.digests import algorithm, base32_of, digest_fault, normal
from osint.archive.streams import Inflated, Source, Stream
from osint.archive.transfer import HEAD_BYTES, MOST_BYTES, Head, field_pairs, part_fault, split_answer, undone
from osint.http import kept_headers

_TAKEN = ("response", "resource")
_DIGESTS = ("warc-block-digest", "warc-payload-digest")
_ONCE = frozenset(
    {"warc-type", "warc-record-id", "warc-target-uri", "warc-date", "warc-truncated", "content-type", "content-length"}
)
"""Fields that say what a record is, and of which there may be one."""
_NOTES = "metadata:"
"""Scheme of the addresses under which wget keeps its command line and its log."""
_UNCHANGED = "/revisit/server-not-modified"
"""End of the profile of a revisit for which the server said that nothing changed."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What was not taken in, or is not as it should be, in one sentence."""

    text: str
    is_fault: bool
    """Whether something is damaged; what was only left out is no fault."""


@dataclass(frozen=True, slots=True)
class Found:
    """One record that holds an answer or a file."""

    url: str
    """Its WARC-Target-URI; empty if it states none."""
    body: bytes
    """The body, chunks and coding undone where they could be."""
    media_type: str
    """Its Content-Type as stated."""
    date: str = ""
    """Its WARC-Date as stated."""
    status: int | None = None
    """Status of the answer, None for a file without HTTP."""
    status_line: str = ""
    """Status with its reason."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers of the answer as an archive keeps them; empty for a file without HTTP."""
    cut: str = ""
    """Word of WARC-Truncated, or `unspecified` where the bytes stop short without one."""
    faults: tuple[str, ...] = ()
    """Why it is not whole as it was served, in words."""
    digest_holds: bool | None = None
    """Whether each digest that it states is that of its bytes; None if it states none that is known."""
    unchecked: tuple[str, ...] = ()
    """Algorithms of digests that it states and that are not known here."""
    digests: frozenset[str] = frozenset()
    """Digests of its payload, as `sha1:BASE32`, by which a revisit finds it."""
    refers_to: str = ""
    """For a revisit the digest of the payload that is elsewhere; empty for a record with its own."""


Item = Found | Remark


@dataclass(slots=True)
class _Record:
    """One WARC record as it lies in its file."""

    number: int
    start: int
    headers: dict[str, str]
    """Fields by their names in lower case; the first of a name counts, of digests each."""
    block: bytes
    length: int
    """Length of the block as stated."""
    too_large: bool = False
    faults: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        kind = self.headers.get("warc-type", "").lower()
        return "metadata" if kind == "resource" and self.url.startswith(_NOTES) else kind

    @property
    def states_digest(self) -> bool:
        return any(algorithm(one) for name in _DIGESTS for one in self.headers.get(name, "").split())

    @property
    def url(self) -> str:
        return self.headers.get("warc-target-uri", "").strip("<>")


def warc_items(file: Source, name: str, *, packed: bool) -> Iterator[Item]:
    """Yield what is in a WARC: a `Found` for each answer or file, a `Remark` for the rest; `name` is for remarks."""
    unpacked = Inflated(file) if packed else None
    stream = Stream(unpacked or file)
    left: Counter[str] = Counter()
    answers, problem = 0, ""
    ends: list[int] = []
    held: _Record | None = None  # a record is judged when the next begins: only then is its gzip member known to end
    records = _records(stream)
    while True:
        record = next(records, None)
        broken = record if isinstance(record, str) else ""
        whole = record if isinstance(record, _Record) else None
        if held is not None:
            _judge_gzip(held, ends, unpacked, is_last=whole is None)
            item = _item(held, name)
            if isinstance(item, Found):
                answers += 1
                yield item
            else:
                left[held.kind[:20] or "nameless"] += 1
                yield from item
        problem = broken or (unpacked.fault if unpacked and whole is None else "")
        held = whole
        if whole is None:
            break
        ends.append(stream.at)
    where = f"in or after record {len(ends)}" if ends else "before its first record ends"
    if problem:
        yield Remark(f"{name}: cannot be read to the end: {problem} ({where}, at byte {stream.at:,})", True)
    if not answers:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        yield Remark(f"{name}: no answer in it ({kinds})" if kinds else f"{name}: no record in it", True)
    elif left:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        yield Remark(f"{name}: left out, as they hold no answer: {counts}", False)


def _judge_gzip(record: _Record, ends: list[int], unpacked: Inflated | None, *, is_last: bool) -> None:
    """Add what the gzip stream shows of a record: that it stops in it, or that two members share it."""
    if unpacked is None:
        return
    end = ends[-1]
    is_closed = any(joint >= end for joint in unpacked.joints)
    if is_last and unpacked.fault and end + len(b"\r\n\r\n") >= unpacked.at and not is_closed:
        record.faults.append(unpacked.fault)
    if any(record.start < joint < end for joint in unpacked.joints):
        record.faults.append("it is split over two gzip members; mend the file with `warcio recompress`, import that")
    unpacked.joints = [joint for joint in unpacked.joints if joint >= end]


def _records(stream: Stream) -> Iterator[_Record | str]:
    """Yield the records of a WARC, and at last a sentence where something that is no record follows."""
    number = 0
    record: _Record | None = None
    while True:
        line, blanks = b"\r\n", -1
        while line in (b"\r\n", b"\n"):
            start, blanks = stream.at, blanks + 1
            line = stream.line(HEAD_BYTES)
        if not line:
            return
        if not re.match(rb"WARC/\d+\.\d+\s*$", line):
            if record is not None and blanks < len(("\r\n", "\r\n")) and not record.states_digest:
                record.faults.append("neither its end nor a record follows the length that it states")
            yield "what follows is no WARC record"
            return
        headers, faults = _fields(stream) or (None, [])
        length = headers.get("content-length", "") if headers is not None else ""
        if headers is None or not re.fullmatch(r"\d{1,15}", length):
            yield "the header of a record is cut short or states no length"
            return
        number += 1
        size = int(length)
        too_large = size > MOST_BYTES
        block = b"" if too_large else stream.take(size)
        got = stream.skip(size) if too_large else len(block)
        record = _Record(number, start, headers, block, size, too_large, faults)
        if got < size:
            record.faults.append(f"the file ends after {got:,} of the {size:,} bytes of the record")
        yield record


def _fields(stream: Stream) -> tuple[dict[str, str], list[str]] | None:
    """Return the fields of a record up to the empty line with their faults, None if that does not come."""
    lines: list[bytes] = []
    taken = 0
    while taken <= HEAD_BYTES:
        line = stream.line(HEAD_BYTES)
        taken += len(line)
        if line in (b"\r\n", b"\n"):
            return _named(lines)
        if not line.endswith(b"\n"):
            return None
        lines.append(line)
    return None


def _named(lines: list[bytes]) -> tuple[dict[str, str], list[str]]:
    """Return the fields of a record, and a sentence for each that is stated in two ways where there may be one."""
    found: dict[str, str] = {}
    faults: list[str] = []
    for name, value in field_pairs(lines):
        lower = name.lower()
        if lower in _DIGESTS and lower in found:
            found[lower] += f" {value}"
        if found.setdefault(lower, value) != value and lower in _ONCE:
            faults.append(f"its header states {lower} in two ways ({found[lower][:60]} and {value[:60]})")
    return found, faults


def _item(record: _Record, name: str) -> Found | list[Remark]:
    """Return what a record holds, or remarks on one that holds no answer."""
    where = f"record {record.number} of {name}"
    if record.too_large:
        text = f"{where} has {record.length:,} bytes, more than the {MOST_BYTES:,} that are taken in; it was left out"
        return [Remark(text, True)]
    block_faults = digest_fault("block", record.headers.get("warc-block-digest", ""), [record.block])
    if record.kind in _TAKEN:
        return _answer(record, block_faults)
    if record.kind == "revisit":
        if due := _refers_to(record):
            return _revisit(record, due)
        return [Remark(f"{where} (revisit) states neither the digest nor the date of what it repeats", True)]
    return [Remark(f"{where} ({record.kind[:20]}): {text}", True) for text in (*record.faults, *block_faults)]


def _refers_to(record: _Record) -> str:
    """Return the digest of the payload that a revisit repeats, or the address and date where the server named them."""
    if due := record.headers.get("warc-payload-digest", ""):
        return normal(due)
    date = record.headers.get("warc-refers-to-date", "")
    if date and record.headers.get("warc-profile", "").strip("<>").endswith(_UNCHANGED):
        return f"{record.headers.get('warc-refers-to-target-uri', '').strip('<>') or record.url} {date}"
    return ""


def _revisit(record: _Record, due: str) -> Found:
    head, _ = split_answer(record.block)
    status, line, pairs = head or (None, "", [])
    return Found(
        record.url,
        b"",
        head.first("content-type") if head else "",
        record.headers.get("warc-date", ""),
        status,
        line,
        tuple(kept_headers(pairs, 0, decoded=True)),
        faults=tuple(record.faults),
        refers_to=due,
    )


def _answer(record: _Record, block_faults: list[str]) -> Found:
    fields, faults = record.headers, list(record.faults)
    media = fields.get("content-type", "")
    head: Head | None = None
    body, forms, is_plain = record.block, [record.block], True
    stated = [one for name in _DIGESTS for one in fields.get(name, "").split()]
    known = [one for one in stated if algorithm(one)]
    if "warc-segment-number" in fields:
        faults.append("it is the first segment of a record; the others are not joined here")
    if media.lower().startswith("application/http") or (record.kind == "response" and body.startswith(b"HTTP/")):
        head, payload = split_answer(record.block)
        if head is None:
            faults.append("it holds no head of an HTTP answer")
            media = ""
        else:
            body, forms, is_plain, more = undone(payload, head, has_digest=bool(known))
            faults += part_fault(head) + more
    digest_faults = block_faults + digest_fault("payload", fields.get("warc-payload-digest", ""), forms)
    cut = ""
    if "warc-truncated" in fields:
        cut = fields["warc-truncated"].strip().lower() or "unspecified"
        faults.insert(0, f"it was cut where it was saved ({cut}), {len(body):,} bytes are left")
    return Found(
        record.url,
        body,
        head.first("content-type") if head else media,
        fields.get("warc-date", ""),
        head.status if head else None,
        head.line if head else "",
        tuple(kept_headers(head.pairs, len(body), decoded=is_plain)) if head else (),
        cut or ("unspecified" if faults else ""),
        (*faults, *digest_faults),
        not digest_faults if known else None,
        tuple(sorted({one.partition(":")[0][:20] for one in stated if not algorithm(one)})),
        frozenset(f"{name}:{base32_of(name, one)}" for one in forms for name in ("sha1", "sha256")),
    )
