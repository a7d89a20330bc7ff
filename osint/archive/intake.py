"""Open what a person saved: told by its bytes, each record whole or with the reason why it is not.

WARC files, gzipped or not, and WACZ files (also inside each other) give one `Found` for each record that holds an
answer or a file, and one `Remark` for what was left out or is damaged. Digests, lengths, gzip ends, chunks and codings
are checked here and in our own words: a record that fails one of them is never called whole. Nothing here raises for
what a file holds; sizes, ratios, depth and the number of parts are bounded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any, Protocol

from osint.http import inflate, kept_headers

MOST_BYTES = 256 << 20
"""Bytes of one record, packed or unpacked, that are taken in."""
MOST_RATIO = 200
"""Unpacked bytes for each packed one, above `RATIO_FROM`."""
RATIO_FROM = 4 << 20
MOST_PARTS = 10_000
"""Files of one container that are looked at."""
DEPTH = 3
"""Containers inside each other that are opened."""
_HEAD_BYTES = 64 << 10
_PIECE = 64 << 10
_SNIFFED = 4096
_WARC = b"WARC/"
_PACKAGE_BYTES = 1 << 20
_TAKEN = ("response", "resource")
_PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}
"""Packers that may hide a WARC and are not opened here."""


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


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
    digests: frozenset[str] = frozenset()
    """Digests of its payload, as `sha1:BASE32`, by which a revisit finds it."""
    refers_to: str = ""
    """For a revisit the digest of the payload that is elsewhere; empty for a record with its own."""


Item = Found | Remark


# ---------------------------------------------------------------- streams


class Inflated:
    """The plain bytes of a gzip stream of any number of members; damage ends it and is told in `fault`."""

    def __init__(self, packed: Source):
        self._packed, self._engine = packed, zlib.decompressobj(31)
        self._raw, self._began, self._taken, self._given = b"", False, 0, 0
        self.at = 0
        self.fault = ""
        self.joints: list[int] = []
        """Offsets in the plain bytes at which a member ends."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` plain bytes; none at the end or where the stream is damaged."""
        while not self.fault:
            if not self._raw:
                self._raw = self._packed.read(_PIECE)
            if not self._raw:
                if self._began:
                    self.fault = "the gzip stream stops before its end"
                break
            if not self._began:
                self._raw = self._raw.lstrip(b"\0")  # padding between members
                self._began = bool(self._raw)
                continue
            before = self._engine.copy()
            try:
                piece = self._engine.decompress(self._raw, size)
            except zlib.error as error:
                self.fault = f"the gzip stream is damaged ({error})"
                piece = _until_damage(before, self._raw, size)
                self.at += len(piece)
                return piece
            rest = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            self._taken += len(self._raw) - len(rest)
            self._given += len(piece)
            self._raw = rest
            self.at += len(piece)
            if self._given > RATIO_FROM and self._given > MOST_RATIO * max(self._taken, 1):
                self.fault = f"it unpacks to more than {MOST_RATIO} bytes for each byte; unpack it by hand first"
                break
            if self._engine.eof:
                self.joints.append(self.at)
                self._engine, self._began, self._taken, self._given = zlib.decompressobj(31), False, 0, 0
            if piece:
                return piece
        return b""


def _until_damage(engine: Any, packed: bytes, most: int) -> bytes:
    """Return the plain bytes before the damage, which zlib gives up with the piece that holds it."""
    pieces = []
    try:
        for at in range(len(packed)):
            pieces.append(engine.decompress(packed[at : at + 1], most))
    except zlib.error:
        pass
    return b"".join(pieces)[:most]


class _Stream:
    """Lines and stretches of a source, with the offset of the next byte."""

    def __init__(self, source: Source):
        self.source, self.at, self._held = source, 0, b""

    def _more(self) -> bool:
        piece = self.source.read(_PIECE)
        self._held += piece
        return bool(piece)

    def line(self, most: int) -> bytes:
        """Return the next line with its end, or what is left of at most `most` bytes."""
        while (end := self._held.find(b"\n", 0, most)) < 0 and len(self._held) < most and self._more():
            pass
        return self._cut(end + 1 if end >= 0 else most)

    def _cut(self, size: int) -> bytes:
        piece, self._held = self._held[:size], self._held[size:]
        self.at += len(piece)
        return piece

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        pieces = [self._cut(size)]
        left = size - len(pieces[0])
        while left > 0 and (piece := self.source.read(min(left, _PIECE))):
            pieces.append(piece[:left])
            self._held = piece[left:]
            self.at += len(pieces[-1])
            left -= len(pieces[-1])
        return b"".join(pieces)

    def skip(self, size: int) -> int:
        """Pass over the next `size` bytes; return how many there were."""
        passed = 0
        while passed < size and (piece := self.take(min(size - passed, _PIECE))):
            passed += len(piece)
        return passed


# ---------------------------------------------------------------- what a file is


def is_gzip(head: bytes) -> bool:
    """Say whether bytes begin as a gzip stream does."""
    return head[:3] == b"\x1f\x8b\x08"


def is_warc(head: bytes) -> bool:
    """Say whether bytes begin as a WARC does, plain or gzipped, also where next to nothing is left of it."""
    if is_gzip(head):
        head = Inflated(io.BytesIO(head)).read(_SNIFFED)
        return (head.lstrip(b"\r\n") + _WARC[len(head) :]).startswith(_WARC)
    return head.lstrip(b"\r\n").startswith(_WARC)


_MARKS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"{\\rtf", "application/rtf"),
)
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_MHTML = re.compile(
    rb"\A(?:[\w-]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n)*?(?:MIME-Version:|Content-Type:\s*multipart/related)", re.I
)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta|p|div|table|script)\b", re.I)


def media_type(body: bytes, suffix: str = "") -> str:
    """Return the media type of a file by its bytes; its suffix tells text formats apart, and nothing else.

    >>> media_type(b"%PDF-1.4", ".html"), media_type(b"<html>", ".pdf"), media_type(b"a,b", ".csv")
    ('application/pdf', 'text/html', 'text/csv')
    """
    head = body[:_SNIFFED]
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(body)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _MHTML.match(text):
        return "multipart/related"
    if _HTML.search(head):
        return "text/html"
    if text[:1] in (b"{", b"["):
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            return "text/plain"
        return "application/json"
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "application/octet-stream"
    return {".csv": "text/csv", ".xml": "text/xml", ".md": "text/markdown"}.get(suffix.lower(), "text/plain")


def _zip_type(body: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as box:
            names = box.namelist()
    except Exception:  # zipfile raises many kinds for hostile files
        return "application/zip"
    inside = (kind for prefix, kind in _OFFICE.items() if any(name.startswith(prefix) for name in names))
    return next(inside, "application/zip") if "[Content_Types].xml" in names else "application/zip"


_SNAPSHOT = re.compile(rb"^(?:Snapshot-Content-Location|Content-Location):\s*(\S+)\s*$", re.I | re.M)
_SINGLE_FILE = re.compile(rb"<!--\s*\n?\s*Page saved with SingleFile\s*\n\s*url:\s*(\S+)", re.I)


def stated_url(body: bytes) -> str:
    """Return the address that a saved page says it is of (MHTML, SingleFile), or an empty string.

    >>> stated_url(b"<!DOCTYPE html><html><!--\\n Page saved with SingleFile \\n url: https://x.example/a \\n-->")
    'https://x.example/a'
    """
    head = body[:_SNIFFED]
    if _MHTML.match(head.lstrip()):
        found = _SNAPSHOT.search(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0])
    else:
        found = _SINGLE_FILE.search(head)
    url = found[1].decode("utf-8", "replace") if found else ""
    return url if url.startswith(("http://", "https://")) else ""


# ---------------------------------------------------------------- containers


def container_items(file: IO[bytes], name: str, depth: int = DEPTH) -> Iterator[Item] | None:
    """Return what is in a container by its bytes, None if the file is no container but one file.

    `name` is that of the file, for remarks. A packed file of a kind that is not opened gives a remark that names it.
    """
    head = file.read(_SNIFFED)
    file.seek(0)
    if is_warc(head):
        return _warc_items(file, name, packed=is_gzip(head))
    packer = next((kind for mark, kind in _PACKED.items() if head.startswith(mark)), "gzip" if is_gzip(head) else "")
    if packer:
        advice = "unpack it and import what is in it"
        return iter([Remark(f"{name} is packed with {packer} and not a WARC that is read here; {advice}", True)])
    if head.startswith(b"filedesc://"):
        return iter([Remark(f"{name} is an ARC file; turn it into a WARC with `warcio recompress`", True)])
    if head.startswith(b"PK") and (depth < DEPTH or _is_wacz(file)):
        return _zip_items(file, name, depth)
    return None


def first_answer(body: bytes) -> Found | None:
    """Return the first answer or file in a WARC, with its faults; None where there is none.

    >>> first_answer(b"no WARC") is None
    True
    """
    items = container_items(io.BytesIO(body), "the range") or ()
    return next((item for item in items if isinstance(item, Found) and not item.refers_to), None)


def _is_wacz(file: IO[bytes]) -> bool:
    """Say whether a zip is a WACZ: a data package, or one with a WARC or another WACZ in it."""
    try:
        with zipfile.ZipFile(file) as box:
            infos = box.infolist()[:MOST_PARTS]
            names = [info.filename.lower() for info in infos]
            if "[content_types].xml" in names:
                return False
            return "datapackage.json" in names or any(name.endswith((".warc", ".warc.gz", ".wacz")) for name in names)
    except Exception:  # zipfile raises many kinds for hostile files
        file.seek(0)
        head = file.read(_PACKAGE_BYTES)
        return b"datapackage.json" in head or b".warc" in head  # a WACZ that was cut
    finally:
        file.seek(0)


def _zip_items(file: IO[bytes], name: str, depth: int) -> Iterator[Item]:
    if not depth:
        yield Remark(f"{name} lies in more than {DEPTH} containers inside each other; take it out and import it", True)
        return
    left: Counter[str] = Counter()
    found = False
    try:
        with zipfile.ZipFile(file) as box:
            infos = [info for info in box.infolist() if not info.is_dir()]
            stated = _package_digests(box)
            for info in infos[:MOST_PARTS]:
                if info.filename.endswith(("datapackage.json", "datapackage-digest.json")):
                    continue
                items = _part_items(box, info, name, depth)
                if items is None:
                    left[info.filename.partition("/")[0]] += 1
                    continue
                found = True
                yield from _with_package_digest(items, box, info, name, stated)
            if len(infos) > MOST_PARTS:
                yield Remark(f"{name} holds {len(infos):,} files; those after {MOST_PARTS:,} were not looked at", True)
    except Exception as error:  # zipfile raises many kinds for hostile files
        yield Remark(f"{name} cannot be read as WACZ ({error}); import the file that was downloaded, unchanged", True)
        return
    if not found:
        yield Remark(f"{name} is a WACZ without a WARC in it; nothing of it was taken", True)
    elif left:
        counts = ", ".join(f"{count} of {part}" for part, count in sorted(left.items()))
        yield Remark(f"{name}: left out, as they hold no record: {counts}", False)


def _part_items(box: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, depth: int) -> Iterator[Item] | None:
    """Return what is in one file of a WACZ, None if it is no container."""
    with box.open(info) as part:
        head = part.read(_SNIFFED)
    if not is_warc(head) and not (head.startswith(b"PK") and info.filename.lower().endswith((".wacz", ".zip"))):
        return None
    where = f"{name}: {info.filename}"
    if info.file_size > max(RATIO_FROM, MOST_RATIO * info.compress_size):
        text = (
            f"{where} would unpack to {info.file_size:,} bytes, more than {MOST_RATIO} for each byte; unpack it by hand"
        )
        return iter([Remark(text, True)])
    if is_warc(head):
        return _zipped_warc(box, info, where, packed=is_gzip(head))
    if info.file_size > MOST_BYTES:
        return iter([Remark(f"{where} has {info.file_size:,} bytes; take it out and import it by itself", True)])
    return _zip_items(io.BytesIO(box.read(info)), where, depth - 1)


def _zipped_warc(box: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, *, packed: bool) -> Iterator[Item]:
    with box.open(info) as part:
        yield from _warc_items(part, where, packed=packed)


def _package_digests(box: zipfile.ZipFile) -> dict[str, str]:
    """Return the digests that the data package of a WACZ states for its files, as `sha256:hex`."""
    try:
        if box.getinfo("datapackage.json").file_size > RATIO_FROM:
            return {}
        body = json.loads(box.read("datapackage.json"))
        return {str(one["path"]): str(one["hash"]) for one in body["resources"]}
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}


def _with_package_digest(
    items: Iterator[Item], box: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, stated: dict[str, str]
) -> Iterator[Item]:
    """Yield the items of a file of a WACZ; each is at fault where the file is not the one of the data package."""
    algorithm, _, due = stated.get(info.filename, "").partition(":")
    if algorithm != "sha256" or not due:
        yield from items
        return
    digest = hashlib.sha256()
    with box.open(info) as part:
        while piece := part.read(_PIECE):
            digest.update(piece)
    if digest.hexdigest() == due.lower():
        yield from items
        return
    fault = f"{info.filename} is not the file that the data package of {name} states"
    yield Remark(f"{fault} (sha256 {due[:12]}..., it has {digest.hexdigest()[:12]}...)", True)
    for item in items:
        if isinstance(item, Found):
            yield _at_fault(item, fault)
        else:
            yield item


def _at_fault(found: Found, fault: str) -> Found:
    return replace(found, faults=(*found.faults, fault), digest_holds=False)


# ---------------------------------------------------------------- WARC records


@dataclass(slots=True)
class _Record:
    """One WARC record as it lies in its file."""

    number: int
    start: int
    headers: dict[str, str]
    """Fields by their names in lower case; the first of a name counts."""
    block: bytes
    length: int
    """Length of the block as stated."""
    too_large: bool = False
    faults: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.headers.get("warc-type", "").lower()


def _warc_items(file: Source, name: str, *, packed: bool) -> Iterator[Item]:
    unpacked = Inflated(file) if packed else None
    stream = _Stream(unpacked or file)
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


def _records(stream: _Stream) -> Iterator[_Record | str]:
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


def _fields(stream: _Stream) -> dict[str, str] | None:
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
        found.setdefault(name.lower(), value)
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
    block_faults = _digest_fault("block", record.headers.get("warc-block-digest", ""), [record.block])
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
        refers_to=_normal(due),
    )


def _answer(record: _Record, block_faults: list[str]) -> Found:
    fields, faults = record.headers, list(record.faults)
    media = fields.get("content-type", "")
    head, payload = (None, record.block)
    if media.lower().startswith("application/http"):
        head, payload = _http(record.block)
        if head is None:
            faults.append("it holds no head of an HTTP answer")
            media = ""
    status, line, pairs = head or (None, "", [])
    named = {name.lower(): value for name, value in reversed(pairs)}
    body, variants, undone = _undone(payload, named, faults)
    digest_faults = block_faults + _digest_fault("payload", fields.get("warc-payload-digest", ""), variants)
    known = [fields[name] for name in ("warc-block-digest", "warc-payload-digest") if _algorithm(fields.get(name, ""))]
    cut = fields.get("warc-truncated", "").strip().lower()
    if cut:
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
        frozenset(f"{name}:{_base32(name, one)}" for one in variants for name in ("sha1", "sha256")),
    )


Head = tuple[int, str, list[tuple[str, str]]]


def _http(block: bytes) -> tuple[Head | None, bytes]:
    """Split a block into the head of an HTTP answer (status, its line, headers) and the payload."""
    end = re.search(rb"\r?\n\r?\n", block[: _HEAD_BYTES * 4])
    lines = block[: end.start() if end else len(block)].splitlines(keepends=True)
    found = re.match(rb"HTTP/\d(?:\.\d)?\s+(\d{3})\b\s*([^\r\n]*)", lines[0]) if lines else None
    if found is None or end is None:
        return None, block
    return (int(found[1]), f"{int(found[1])} {_text(found[2])}".strip(), _pairs(lines[1:])), block[end.end() :]


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


# ---------------------------------------------------------------- digests


def _algorithm(stated: str) -> str:
    """Return the name of the algorithm of a digest that can be checked here, or an empty string."""
    name = stated.partition(":")[0].lower().replace("-", "")
    return name if name in ("sha1", "sha256", "sha384", "sha512", "md5") and ":" in stated else ""


def _base32(name: str, data: bytes) -> str:
    return base64.b32encode(hashlib.new(name, data, usedforsecurity=False).digest()).decode().rstrip("=")


def _normal(stated: str) -> str:
    """Return a digest as `sha1:BASE32` whatever its base, or as it is."""
    name, value = _algorithm(stated), stated.partition(":")[2].strip()
    raw = _raw(name, value)
    return f"{name}:{base64.b32encode(raw).decode().rstrip('=')}" if raw else stated


def _raw(name: str, value: str) -> bytes:
    """Return the bytes of a digest in hexadecimal, base32 or base64, none if it is in none of them."""
    if not name:
        return b""
    size = hashlib.new(name, usedforsecurity=False).digest_size
    padded = value.upper().rstrip("=")
    padded += "=" * (-len(padded) % 8)
    decoders: tuple[tuple[Callable[[str], bytes], str], ...] = (
        (bytes.fromhex, value),
        (base64.b32decode, padded),
        (base64.b64decode, value),
    )
    for decode, text in decoders:
        try:
            raw = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(raw) == size:
            return raw
    return b""


def _digest_fault(what: str, stated: str, variants: list[bytes]) -> list[str]:
    """Return a sentence if a digest is stated and is that of none of the forms in which the bytes may have been."""
    name = _algorithm(stated)
    if not name:
        return []
    due = _raw(name, stated.partition(":")[2].strip())
    if any(hashlib.new(name, one, usedforsecurity=False).digest() == due for one in variants):
        return []
    return [
        f"its {what} digest does not hold: it states {stated[:60]}, its bytes have {name}:{_base32(name, variants[0])}"
    ]
