"""Open what a person saved: WARC files, gzipped or not, and WACZ files, also inside each other.

Each record that holds an answer or a file gives a `Found`; what was left out or is damaged gives a `Remark`. Nothing
here raises for what a file holds; sizes, ratios, depth and the number of parts are bounded.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, NamedTuple

from osint.archive.media import SNIFFED_BYTES, is_gzip, is_warc
from osint.archive.records import Found, Item, Remark, warc_items
from osint.archive.streams import MOST_RATIO, PIECE_BYTES, RATIO_FROM
from osint.archive.transfer import MOST_BYTES

MOST_PARTS = 10_000
"""Files of one container that are looked at."""
DEPTH = 3
"""Containers inside each other that are opened."""
_PACKAGE, _PACKAGE_DIGEST = "datapackage.json", "datapackage-digest.json"
_PACKAGE_BYTES = 1 << 20
_PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}
"""Packers that may hide a WARC and are not opened here."""
_LATE_WARC = re.compile(rb"(?:^|\xef\xbb\xbf)(WARC/)\d\.\d\r?\nWARC-", re.M)
"""A WARC behind what does not belong to it."""


def container_items(file: IO[bytes], name: str) -> Iterator[Item] | None:
    """Return what is in a container by its bytes, None if the file is no container but one file.

    `name` is that of the file, for remarks. A packed file of a kind that is not opened gives a remark that names it.
    """
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    if is_warc(head):
        return warc_items(file, name, packed=is_gzip(head))
    packer = next((kind for mark, kind in _PACKED.items() if head.startswith(mark)), "gzip" if is_gzip(head) else "")
    if packer:
        advice = "unpack it and import what is in it"
        return iter([Remark(f"{name} is packed with {packer} and not a WARC that is read here; {advice}", True)])
    if head.startswith(b"filedesc://"):
        return iter([Remark(f"{name} is an ARC file; turn it into a WARC with `warcio recompress`", True)])
    if _is_wacz(file):
        return _zip_items(file, name, DEPTH)
    if found := _LATE_WARC.search(head):
        text = f"{name} begins with {found.start(1):,} bytes that are no WARC, then a WARC follows; cut them off"
        return iter([Remark(text, True)])
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
            names = [name.lower() for name in box.namelist()]
            if "[content_types].xml" in names:
                return False
            return "datapackage.json" in names or any(name.endswith((".warc", ".warc.gz", ".wacz")) for name in names)
    except Exception:  # zipfile raises many kinds for hostile files
        file.seek(0)
        head = file.read(_PACKAGE_BYTES)
        return head.startswith(b"PK") and (b"datapackage.json" in head or b".warc" in head)  # a WACZ that was cut
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
            package = _read_package(box, name)
            yield from _beside(infos, package, name)
            for info in infos[:MOST_PARTS]:
                if info.filename in (_PACKAGE, _PACKAGE_DIGEST):
                    continue
                items = _part_items(box, _without_sum(info), name, depth)
                if items is None:
                    left[info.filename.partition("/")[0]] += 1
                    continue
                found = True
                yield from _at_fault(items, list(_part_faults(box, info, name, package)))
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


def _beside(infos: list[zipfile.ZipInfo], package: _Package, name: str) -> Iterator[Remark]:
    """Yield a remark on what a zip holds in front of its files, and on files that the data package misses."""
    if infos and (before := min(info.header_offset for info in infos)):
        yield Remark(f"{name}: {before:,} bytes stand before its first file and were not looked at", True)
    for path in sorted(package.digests.keys() - {info.filename for info in infos}):
        yield Remark(f"{name}: its data package states {path[:200]}, which is not in it", True)


def _without_sum(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return a file of a zip without its checksum: read so, what is damaged is still had (see `_part_faults`)."""
    bare = copy.copy(info)
    del bare.CRC
    return bare


def _part_items(box: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, depth: int) -> Iterator[Item] | None:
    """Return what is in one file of a WACZ, None if it is no container."""
    with box.open(info) as part:
        head = part.read(SNIFFED_BYTES)
    if not is_warc(head) and not (head.startswith(b"PK") and info.filename.lower().endswith((".wacz", ".zip"))):
        return None
    where = f"{name}: {info.filename}"
    if _is_bomb(info):
        said = f"would unpack to {info.file_size:,} bytes, more than {MOST_RATIO} for each byte; unpack it by hand"
        return iter([Remark(f"{where} {said}", True)])
    if is_warc(head):
        return _zipped_warc(box, info, where, packed=is_gzip(head))
    if info.file_size > MOST_BYTES:
        return iter([Remark(f"{where} has {info.file_size:,} bytes; take it out and import it by itself", True)])
    return _zip_items(io.BytesIO(box.read(info)), where, depth - 1)


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    return info.file_size > max(RATIO_FROM, MOST_RATIO * info.compress_size)


def _zipped_warc(box: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, *, packed: bool) -> Iterator[Item]:
    with box.open(info) as part:
        yield from warc_items(part, where, packed=packed)


def _part_faults(box: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, package: _Package) -> Iterator[str]:
    """Yield a sentence if a file of a WACZ is not the one of its checksum, or of the data package."""
    if _is_bomb(info):
        return
    digest, crc = hashlib.sha256(), 0
    with box.open(_without_sum(info)) as part:
        while piece := part.read(PIECE_BYTES):
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
    if crc != info.CRC:
        yield f"{info.filename} of {name} is damaged: its checksum in the zip does not hold"
    due = package.digests.get(info.filename, "")
    if package.digests and not due:
        yield f"{info.filename} is not among the files that the data package of {name} states"
    if due and digest.hexdigest() != due:
        has = f"(sha256 {due[:12]}..., it has {digest.hexdigest()[:12]}...)"
        yield f"{info.filename} is not the file that the data package of {name} states {has}"
    if package.fault:
        yield package.fault


class _Package(NamedTuple):
    """What the data package of a WACZ states."""

    digests: dict[str, str]
    """SHA-256 of its files by their path, in lower case."""
    fault: str
    """Why the data package itself is not the one that was written; empty if nothing shows that."""


def _read_package(box: zipfile.ZipFile, name: str) -> _Package:
    body = _read_part(box, _PACKAGE)
    due = _stated_digests(_read_part(box, _PACKAGE_DIGEST)).get(_PACKAGE)
    changed = due is not None and hashlib.sha256(body).hexdigest() != due
    fault = f"the data package of {name} was changed: it is not the one that {_PACKAGE_DIGEST} states"
    return _Package(_stated_digests(body), fault if changed else "")


def _read_part(box: zipfile.ZipFile, name: str) -> bytes:
    """Return a small file of a WACZ, nothing where there is none."""
    try:
        return box.read(name) if box.getinfo(name).file_size <= RATIO_FROM else b""
    except KeyError:
        return b""


def _stated_digests(body: bytes) -> dict[str, str]:
    """Return the SHA-256 that a data package, or its digest, states for each file; none where it cannot be read."""
    try:
        stated = json.loads(body)
        found = {one["path"]: str(one["hash"]).lower() for one in stated.get("resources", [stated])}
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    return {str(path): due.partition(":")[2] for path, due in found.items() if due.startswith("sha256:")}


def _at_fault(items: Iterator[Item], faults: list[str]) -> Iterator[Item]:
    """Yield items of a file that is not as it was packed: a remark for each fault, and no record is whole."""
    yield from (Remark(fault, True) for fault in faults)
    for item in items:
        if faults and isinstance(item, Found):
            yield replace(item, faults=(*item.faults, *faults), digest_holds=False)
        else:
            yield item
