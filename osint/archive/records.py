"""Take the answers and files out of a WARC: each whole, or with the reason why it is not.

Digests, lengths, gzip ends, chunks and codings are checked here and in our own words: a record that fails one of them
is never called whole. Nothing here raises for what a file holds.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from osint.archive.digests import algorithm, base32_of, digest_fault, normal
from osint.archive.media import is_gzip
from osint.archive.streams import Inflated, Source, Stream
from osint.http import inflate, kept_headers

MOST_BYTES = 256 << 20
"""Bytes of one record, packed or unpacked, that are taken in."""
_HEAD_BYTES = 64 << 10
_TAKEN = ("response", "resource")
_DIGESTS = ("warc-block-digest", "warc-payload-digest")
_FINAL = 200
"""Least status of an answer that is not followed by another."""
_PART = 206


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
        return self.headers.get("warc-type", "").lower()


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
    if is_last and unpacked.fault and end + len(b"\r\n\r\n") >= unpacked.at:
        record.faults.append(unpacked.fault)
    if any(record.start < joint < end for joint in unpacked.joints):
        record.faults.append("it is split over two gzip members; mend the file with `warcio recompress`, import that")
    unpacked.joints = [joint for joint in unpacked.joints if joint >= end]


def _records(stream: Stream) -> Iterator[_Record | str]:
    """Yield the records of a WARC, and at last a sentence where something that is no record follows."""
    number = 0
    while True:
        line = b"\r\n"
        while line in (b"\r\n", b"\n"):
            start = stream.at
            line = stream.line(_HEAD_BYTES)
        if not line:
            return
        if not re.match(rb"WARC/\d+\.\d+\s*$", line):
            yield "what follows is no WARC record"
            return
        headers = _fields(stream)
        length = headers.get("content-length", "") if headers is not None else ""
        if headers is None or not re.fullmatch(r"\d{1,15}", length):
            yield "the header of a record is cut short or states no length"
            return
        number += 1
        size = int(length)
        too_large = size > MOST_BYTES
        block = b"" if too_large else stream.take(size)
        got = stream.skip(size) if too_large else len(block)
        record = _Record(number, start, headers, block, size, too_large)
        if got < size:
            record.faults.append(f"the file ends after {got:,} of the {size:,} bytes of the record")
        yield record


def _fields(stream: Stream) -> dict[str, str] | None:
    """Return the fields of a record up to the empty line, None if that does not come."""
    lines: list[bytes] = []
    taken = 0
    while taken <= _HEAD_BYTES:
        line = stream.line(_HEAD_BYTES)
        taken += len(line)
        if line in (b"\r\n", b"\n"):
            return _named(lines)
        if not line.endswith(b"\n"):
            return None
        lines.append(line)
    return None


def _named(lines: list[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _pairs(lines):
        lower = name.lower()
        if lower in _DIGESTS and lower in found:
            found[lower] += f" {value}"
        found.setdefault(lower, value)
    return found


def _pairs(lines: list[bytes]) -> list[tuple[str, str]]:
    """Return the fields of a head in their order; a line that begins with a blank goes on with the one before."""
    pairs: list[tuple[str, str]] = []
    for line in lines:
        text = _text(line.rstrip(b"\r\n"))
        if text[:1] in (" ", "\t") and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {text.strip()}")
        elif ":" in text:
            name, _, value = text.partition(":")
            pairs.append((name.strip(), value.strip()))
    return pairs


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _item(record: _Record, name: str) -> Found | list[Remark]:
    """Return what a record holds, or remarks on one that holds no answer."""
    where = f"record {record.number} of {name}"
    if record.too_large:
        text = f"{where} has {record.length:,} bytes, more than the {MOST_BYTES:,} that are taken in; it was left out"
        return [Remark(text, True)]
    block_faults = digest_fault("block", record.headers.get("warc-block-digest", ""), [record.block])
    if record.kind in _TAKEN:
        return _answer(record, block_faults)
    if record.kind == "revisit" and (due := record.headers.get("warc-payload-digest", "")):
        return _revisit(record, due)
    return [Remark(f"{where} ({record.kind[:20]}): {text}", True) for text in (*record.faults, *block_faults)]


def _revisit(record: _Record, due: str) -> Found:
    head, _ = _http(record.block)
    status, line, pairs = head or (None, "", [])
    return Found(
        record.headers.get("warc-target-uri", "").strip("<>"),
        b"",
        next((value for name, value in pairs if name.lower() == "content-type"), ""),
        record.headers.get("warc-date", ""),
        status,
        line,
        tuple(kept_headers(pairs, 0, decoded=True)),
        faults=tuple(record.faults),
        refers_to=normal(due),
    )


def _answer(record: _Record, block_faults: list[str]) -> Found:
    fields, faults = record.headers, list(record.faults)
    media = fields.get("content-type", "")
    head, payload = (None, record.block)
    if media.lower().startswith("application/http") or (record.kind == "response" and payload.startswith(b"HTTP/")):
        head, payload = _http(record.block)
        if head is None:
            faults.append("it holds no head of an HTTP answer")
            media = ""
    status, line, pairs = head or (None, "", [])
    named = {name.lower(): value for name, value in reversed(pairs)}
    faults += _parts(fields, status, named)
    body, variants, undone = _undone(payload, named, faults)
    stated = [one for name in _DIGESTS for one in fields.get(name, "").split()]
    known = [one for one in stated if algorithm(one)]
    digest_faults = block_faults + digest_fault("payload", fields.get("warc-payload-digest", ""), variants)
    if head and not known and (longer := _longer(payload, named)):
        faults.append(longer)
    cut = ""
    if "warc-truncated" in fields:
        cut = fields["warc-truncated"].strip().lower() or "unspecified"
        faults.insert(0, f"it was cut where it was saved ({cut}), {len(body):,} bytes are left")
    return Found(
        fields.get("warc-target-uri", "").strip("<>"),
        body,
        named.get("content-type", "") if head else media,
        fields.get("warc-date", ""),
        status,
        line,
        tuple(kept_headers(pairs, len(body), decoded=undone)) if head else (),
        cut or ("unspecified" if faults else ""),
        (*faults, *digest_faults),
        not digest_faults if known else None,
        tuple(sorted({one.partition(":")[0][:20] for one in stated if not algorithm(one)})),
        frozenset(f"{name}:{base32_of(name, one)}" for one in variants for name in ("sha1", "sha256")),
    )


def _parts(fields: dict[str, str], status: int | None, named: dict[str, str]) -> Iterator[str]:
    """Yield a sentence where a record holds a part of an answer only, by its own words."""
    if "warc-segment-number" in fields:
        yield "it is the first segment of a record; the others are not joined here"
    if status is not None and status < _FINAL:
        yield f"status {status}: an interim answer, without the final one"
    if status == _PART:
        span = re.fullmatch(r"bytes\s+0-(\d{1,15})/(\d{1,15})", named.get("content-range", "").strip())
        if span is None or int(span[1]) + 1 != int(span[2]):
            yield f"status 206: a part of a file ({named.get('content-range', 'it does not say which')[:60]})"


def _longer(payload: bytes, named: dict[str, str]) -> str:
    """Return a sentence if more bytes are there than an answer can have had; no digest speaks for them."""
    stated = named.get("content-length", "")
    plain = "transfer-encoding" not in named and named.get("content-encoding", "identity").lower() == "identity"
    if not plain or not re.fullmatch(r"\d{1,15}", stated) or len(payload) <= int(stated):
        return ""
    return f"{len(payload):,} bytes are there where its Content-Length states {int(stated):,}"


Head = tuple[int, str, list[tuple[str, str]]]


def _http(block: bytes) -> tuple[Head | None, bytes]:
    """Split a block into the head of an HTTP answer (status, its line, headers) and the payload.

    An interim answer (100) before the final one is passed over.
    """
    while True:
        end = re.search(rb"\r?\n\r?\n", block[: _HEAD_BYTES * 4])
        lines = block[: end.start() if end else len(block)].splitlines(keepends=True)
        found = re.match(rb"HTTP/\d(?:\.\d)?\s+([1-5]\d\d)\b\s*([^\r\n]*)", lines[0]) if lines else None
        if found is None or end is None:
            return None, block
        status, rest = int(found[1]), block[end.end() :]
        if status >= _FINAL or not rest.startswith(b"HTTP/"):
            return (status, f"{status} {_text(found[2])}".strip(), _pairs(lines[1:])), rest
        block = rest


def _undone(payload: bytes, named: dict[str, str], faults: list[str]) -> tuple[bytes, list[bytes], bool]:
    """Undo chunks and coding of a payload; return the body, the forms that a digest may be of, and whether it is plain.

    What cannot be undone is added to `faults`, and the body is then kept as it lies there.
    """
    body, variants = payload, [payload]
    stated = named.get("content-length", "")
    if "chunked" in named.get("transfer-encoding", "").lower():
        body, fault = _without_chunks(payload)
        variants.append(body)
        if fault:
            faults.append(fault)
    elif re.fullmatch(r"\d{1,15}", stated) and len(payload) < int(stated) and not _stored_plain(payload, named):
        faults.append(f"{len(payload):,} of the {int(stated):,} bytes that its Content-Length states are there")
    coding = named.get("content-encoding", "").strip().lower()
    if coding in ("", "identity") or not body or _stored_plain(body, named):
        return body, variants, True
    plain = io.BytesIO()
    trouble, detail = inflate(io.BytesIO(body), plain, coding, MOST_BYTES)
    if trouble:
        faults.append(f"{detail}; the bytes are kept as they came")
        return body, variants, False
    variants.append(plain.getvalue())
    return plain.getvalue(), variants, True


def _stored_plain(body: bytes, named: dict[str, str]) -> bool:
    """Say whether a body was stored decoded under a header that still names its coding."""
    coding = named.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return False
    if coding in ("gzip", "x-gzip"):
        return not is_gzip(body)
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text[:1] in (b"<", b"{", b"[") or body.startswith((b"%PDF-", b"PK\x03\x04", b"\x89PNG"))


def _without_chunks(payload: bytes) -> tuple[bytes, str]:
    """Undo the chunks of a payload; return the bytes, and why they are not whole."""
    pieces: list[bytes] = []
    at = 0
    while True:
        end = payload.find(b"\n", at, at + 4096)
        size = re.fullmatch(rb"\s*([0-9A-Fa-f]{1,15})\s*(?:;.*)?", payload[at:end].rstrip(b"\r")) if end >= 0 else None
        if size is None:
            if not at and payload:
                return payload, ""  # stored decoded under a header that still says chunked; its digest tells
            return b"".join(pieces), f"its chunks stop before their end, after {sum(map(len, pieces)):,} bytes"
        length, begin = int(size[1], 16), end + 1
        if not length:
            return b"".join(pieces), ""
        piece = payload[begin : begin + length]
        pieces.append(piece)
        if len(piece) < length:
            return b"".join(pieces), f"its chunks stop before their end, after {sum(map(len, pieces)):,} bytes"
        at = begin + length
        at += 2 if payload[at : at + 2] == b"\r\n" else 1 if payload[at : at + 1] == b"\n" else 0
