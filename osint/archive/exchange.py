"""Hand an archive over as plain files, and take in what a person saved by hand."""

from __future__ import annotations

import hashlib
import mimetypes
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from warcio.archiveiterator import ArchiveIterator
from warcio.limitreader import LimitReader
from warcio.warcwriter import WARCWriter

from osint import files
from osint.archive.ledger import Entry, lines, utc_now
from osint.archive.store import Archive
from osint.archive.warc import ENTRY_TYPE
from osint.errors import BadInputError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.http import strip_secrets
from osint.register import read_date, write_csv

_COLUMNS = [
    "sha256",
    "file",
    "bytes",
    "time",
    "class",
    "signal",
    "role",
    "url",
    "final_url",
    "status",
    "media_type",
    "vantage",
    "by",
    "obtained",
    "origin",
    "seq",
    "line_sha256",
]

_README = """This folder was written by osint-datacentres.

SHA256SUMS     check every body with:  sha256sum -c SHA256SUMS
captures.csv   one line per capture; sha256 and file are its first two columns
files/         the decoded bodies, named by their SHA-256
captures.warc.gz   the same with headers, for ReplayWeb.page or `wacz create`
ledger.jsonl   the chained ledger: the last line_sha256 fixes every line before it

A class other than "content" is the record of a block, an absence or a fault, not of the page.
"""

_ENDINGS = {
    "text/html": ".html",
    "application/pdf": ".pdf",
    "application/json": ".json",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "multipart/related": ".mhtml",
    "application/zip": ".zip",
}
_MAGIC = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
_LIMIT_BYTES = 1 << 30


def export(archive: Archive, target: str | Path) -> dict[str, int]:
    """Write the archive to a new folder that needs no tool of ours; return counts of captures and files.

    Two exports of the same archive are the same bytes. Raises RefusedError if the folder holds anything.
    """
    target = Path(target)
    if target.exists() and any(target.iterdir()):
        raise RefusedError(f"{target} is not empty; name a new folder for the export")
    import pandas as pd

    files.refuse_link(target)
    ends: dict[str, int] = {}
    try:
        (target / "files").mkdir(parents=True, exist_ok=True)
        rows = []
        for entry in archive.entries():
            ends[entry.warc] = max(ends.get(entry.warc, 0), entry.offset + entry.length)
            row = {name: value for name, value in entry.to_row().items() if name in _COLUMNS} | {"file": ""}
            if entry.bytes is not None:
                row["file"] = f"files/{entry.sha256}{_ENDINGS.get(entry.media_type, '.bin')}"
                path = target / row["file"]
                if not path.exists():
                    files.replace_file(path, archive.body(entry))
            rows.append(row)
        write_csv(pd.DataFrame(rows, columns=_COLUMNS, dtype=object), target / "captures.csv")
        sums = sorted({f"{row['sha256']}  {row['file']}\n" for row in rows if row["file"]})
        files.replace_file(target / "SHA256SUMS", "".join(sums).encode())
        files.replace_file(target / "README.txt", _README.encode())
        if archive.ledger.exists():
            files.replace_file(target / "ledger.jsonl", b"".join(line + b"\n" for line in lines(archive.ledger)))
        with files.written_beside(target / "captures.warc.gz") as part, part.open("wb") as out:
            writer = WARCWriter(out, gzip=True, warc_version="1.1")
            for warc in archive.warcs():
                with warc.open("rb") as file:
                    for record in ArchiveIterator(LimitReader(file, ends.get(warc.name, 0)), no_record_parse=True):
                        writer.write_record(record)
    except OSError as error:
        raise OsintError(
            f"the export to {target} could not be written ({error.strerror or error}); free some space, try again"
        ) from error
    return {"captures": len(rows), "files": len(sums)}


Classifier = Callable[[int | None, str, bytes, str, str], tuple[str, str]]
"""Gets status, Content-Type, body, URL, and why the body was cut (empty if it was not); returns class and signal."""


@dataclass(frozen=True, slots=True)
class _Import:
    """Where imported bytes go, who says what they are, and who saved them, when and from where."""

    archive: Archive
    classify: Classifier
    by: str
    obtained: str
    origin: str

    def keep(
        self,
        body: bytes,
        content_type: str,
        url: str,
        *,
        status: int | None = None,
        cut: str = "",
        warc_date: str | None = None,
    ) -> Entry:
        """Write one body to the archive and return its entry."""
        shown = strip_secrets(url) if url else f"urn:sha256:{hashlib.sha256(body).hexdigest()}"
        kind, signal = self.classify(status, content_type, body, shown, cut)
        entry = Entry(
            shown,
            kind,
            signal,
            time=utc_now(),
            role="imported",
            final_url=shown,
            status=status,
            truncated=cut,
            by=self.by,
            obtained=self.obtained,
            origin=self.origin,
            warc_date=warc_date,
        )
        return self.archive.record_file(entry, body, content_type, shown)


def import_path(
    archive: Archive, path: str | Path, classify: Classifier, *, by: str, obtained: str, origin: str, url: str = ""
) -> list[Entry]:
    """Take in a file or a folder that a person saved, and return the ledger entries.

    WARC and WACZ files become one capture for each response in them; any other file is one capture. `by`
    is who saved it (a role will do), `obtained` when (EDTF, or a moment such as 2026-11-24T10:30:00Z), `origin`
    where it came from. The name and place of the file on this machine are not kept. Raises BadInputError for
    an empty value or an impossible date, UnreadableError for a file that breaks off; what came before is kept.
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
    run = _Import(archive, classify, by.strip(), obtained, strip_secrets(origin.strip()))
    return [entry for file in found for entry in _import_file(run, file, url)]


def _import_file(run: _Import, path: Path, url: str) -> Iterator[Entry]:
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(0)
        if head.startswith(b"WARC/") or (head[:2] == b"\x1f\x8b" and path.suffixes[-2:] == [".warc", ".gz"]):
            yield from _import_warc(run, file, path.name)
            return
        if head.startswith(b"PK") and path.suffix == ".wacz":
            yield from _import_wacz(run, file, path.name)
            return
        if path.stat().st_size > _LIMIT_BYTES:
            raise RefusedError(f"{path.name} is larger than {_LIMIT_BYTES >> 30} GiB; import it in parts")
        yield run.keep(file.read(), _media_type(path, head), url)


def _import_wacz(run: _Import, file: IO[bytes], name: str) -> Iterator[Entry]:
    try:
        with zipfile.ZipFile(file) as box:
            for info in box.infolist():
                if not info.filename.endswith((".warc", ".warc.gz")):
                    continue
                if info.file_size > _LIMIT_BYTES or info.file_size > 200 * max(info.compress_size, 1):
                    raise RefusedError(
                        f"a WARC in {name} would unpack to {info.file_size} bytes; unpack it by hand first"
                    )
                with box.open(info) as warc:
                    yield from _import_warc(run, warc, f"{name}: {info.filename}")
    except zipfile.BadZipFile as error:
        raise UnreadableError(
            f"{name} cannot be opened as WACZ ({error}); import the file that was downloaded, unchanged"
        ) from error


def _import_warc(run: _Import, file: IO[bytes], name: str) -> Iterator[Entry]:
    count, start = 0, 0
    try:
        records = ArchiveIterator(file)
        for record in records:
            count, start = count + 1, records.offset
            if record.rec_type not in ("response", "resource") or record.content_type == ENTRY_TYPE:
                continue
            body = record.content_stream().read(_LIMIT_BYTES + 1)
            if len(body) > _LIMIT_BYTES:
                raise RefusedError(
                    f"record {count} of {name} is larger than {_LIMIT_BYTES >> 30} GiB; import it in parts"
                )
            while record.raw_stream.read(1 << 16):
                pass  # what follows a chunked or compressed body
            if record.raw_stream.limit > 0:
                raise EOFError
            headers = record.http_headers
            kind = (headers.get_header("Content-Type") if headers else record.content_type) or ""
            status = int(headers.get_statuscode()) if headers and headers.get_statuscode().isdigit() else None
            fields = record.rec_headers
            url = (fields.get_header("WARC-Target-URI") or "").strip("<>")
            cut, date = fields.get_header("WARC-Truncated") or "", fields.get_header("WARC-Date") or ""
            yield run.keep(body, kind, url, status=status, cut=cut, warc_date=date)
    except OsintError:
        raise
    except Exception as error:  # warcio raises many kinds for hostile files
        raise UnreadableError(
            f"{name}: cannot be read to the end ({type(error).__name__} in or after record {count}, at byte {start});"
            " the records before that were kept; fetch or export the file again and import the rest"
        ) from error


def _media_type(path: Path, head: bytes) -> str:
    for kind, mark in _MAGIC.items():
        if head.startswith(mark):
            return kind
    if path.suffix.lower() in (".mhtml", ".mht"):
        return "multipart/related"
    return mimetypes.guess_type(f"x{path.suffix}")[0] or "application/octet-stream"
