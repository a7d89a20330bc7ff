"""Hand an archive over as plain files, and take in what a person saved by hand."""

from __future__ import annotations

import csv
import hashlib
import io
import mimetypes
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from osint import __version__
from osint.archive.store import Archive
from osint.archive.warc import ENTRY_TYPE
from osint.errors import OsintError
from osint.http import Exchange, strip_secrets

COLUMNS: tuple[str, ...] = (
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
)
COLUMNS += ("media_type", "vantage", "by", "obtained", "origin", "seq", "line_sha256")

_README = """This folder was written by osint-datacentres.

SHA256SUMS     check every body with:  sha256sum -c SHA256SUMS
captures.csv   one line a capture; sha256 and file are its first two columns
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
_LIMIT_BYTES = 1 << 30


def export(archive: Archive, target: str | Path) -> dict[str, int]:
    """Write the archive to a new folder that needs no tool of ours; return counts of captures and files.

    Two exports of the same archive are the same bytes. Raises OsintError if the folder holds anything.
    """
    target = Path(target)
    if target.exists() and any(target.iterdir()):
        msg = f"{target} is not empty; name a new folder for the export"
        raise OsintError(msg)
    try:
        return _write_export(archive, target)
    except OSError as error:
        msg = f"the export to {target} could not be written ({error.strerror or error}); make room"
        raise OsintError(msg) from error


def _write_export(archive: Archive, target: Path) -> dict[str, int]:
    (target / "files").mkdir(parents=True, exist_ok=True)
    rows = []
    for entry in archive.entries():
        row = {name: entry.get(name, "") for name in COLUMNS}
        if entry["bytes"] is not None:
            row["file"] = f"files/{entry['sha256']}{_ENDINGS.get(entry['media_type'], '.bin')}"
            path = target / row["file"]
            if not path.exists():
                path.write_bytes(archive.body(entry))
        rows.append(row)
    with (target / "captures.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    sums = sorted({f"{row['sha256']}  {row['file']}\n" for row in rows if row["file"]})
    (target / "SHA256SUMS").write_text("".join(sums))
    (target / "README.txt").write_text(_README)
    if archive.ledger.exists():
        (target / "ledger.jsonl").write_bytes(archive.ledger.read_bytes())
    _export_warc(archive, target / "captures.warc.gz")
    return {"captures": len(rows), "files": len(sums)}


def _plain(value: Any) -> Any:
    """Keep a cell from being read as a formula by a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _export_warc(archive: Archive, path: Path) -> None:
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True, warc_version="1.1")
        for warc in archive.warcs():
            with warc.open("rb") as file:
                for record in ArchiveIterator(file, no_record_parse=True):
                    writer.write_record(record)


def import_path(
    archive: Archive, path: str | Path, *, by: str, obtained: str, origin: str, url: str = ""
) -> list[dict[str, Any]]:
    """Take in a file or a folder that a person saved, and return the ledger entries.

    WARC and WACZ files become one capture for each response in them; any other file is one capture. `by`
    is who saved it (a role will do), `obtained` when (a date, EDTF), `origin` where it came from. The name
    and place of the file on this machine are not kept.
    """
    source = Path(path)
    for name, value in (("--who", by), ("--when", obtained), ("--where", origin)):
        if not value.strip():
            msg = f"{name} is empty; an import needs who saved it, when and from where"
            raise OsintError(msg)
    if not re.match(r"^(\d{4}(-\d{2}(-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?)?)?)[~?]?$", obtained):
        msg = f"--when is {obtained!r}; give a date such as 2026-11-24 or 2026-11-24T10:30:00Z"
        raise OsintError(msg)
    if not source.exists():
        msg = f"{source} does not exist; name the file or folder that was saved"
        raise OsintError(msg)
    files = sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink()) if source.is_dir() else [source]
    told = {"by": by.strip(), "obtained": obtained, "origin": strip_secrets(origin.strip())}
    return [entry for file in files for entry in _import_file(archive, file, told, url)]


def _import_file(archive: Archive, path: Path, told: dict[str, str], url: str) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        head = file.read(64)
        file.seek(0)
        if head.startswith(b"WARC/") or (head[:2] == b"\x1f\x8b" and path.suffixes[-2:] == [".warc", ".gz"]):
            yield from _import_warc(archive, file, told)
            return
        if head.startswith(b"PK") and path.suffix == ".wacz":
            yield from _import_wacz(archive, file, told)
            return
        if path.stat().st_size > _LIMIT_BYTES:
            msg = f"{path.name} is larger than {_LIMIT_BYTES >> 30} GiB; import it in parts"
            raise OsintError(msg)
        yield _keep(archive, file.read(), _media_type(path, head), told, url=url, status=None)


def _import_wacz(archive: Archive, file: IO[bytes], told: dict[str, str]) -> Iterator[dict[str, Any]]:
    try:
        with zipfile.ZipFile(file) as box:
            for info in box.infolist():
                if not info.filename.endswith((".warc", ".warc.gz")):
                    continue
                if info.file_size > _LIMIT_BYTES or info.file_size > 200 * max(info.compress_size, 1):
                    msg = f"a WARC in the WACZ would unpack to {info.file_size} bytes; unpack it by hand first"
                    raise OsintError(msg)
                with box.open(info) as warc:
                    yield from _import_warc(archive, warc, told)
    except zipfile.BadZipFile as error:
        msg = f"the WACZ cannot be opened ({error}); import the file that was downloaded, unchanged"
        raise OsintError(msg) from error


def _import_warc(archive: Archive, file: IO[bytes], told: dict[str, str]) -> Iterator[dict[str, Any]]:
    try:
        for record in ArchiveIterator(file):
            if record.rec_type not in ("response", "resource") or record.content_type == ENTRY_TYPE:
                continue
            body = record.content_stream().read(_LIMIT_BYTES + 1)
            if len(body) > _LIMIT_BYTES:
                msg = "a record is larger than 1 GiB; import it in parts"
                raise OsintError(msg)
            headers = record.http_headers
            kind = (headers.get_header("Content-Type") if headers else record.content_type) or ""
            status = int(headers.get_statuscode()) if headers and headers.get_statuscode().isdigit() else None
            date = record.rec_headers.get_header("WARC-Date") or ""
            uri = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
            yield _keep(archive, body, kind, {**told, "warc_date": date}, url=uri, status=status)
    except OsintError:
        raise
    except Exception as error:  # warcio raises many kinds for hostile files
        msg = f"the WARC stops being readable ({type(error).__name__}); the records before that point are kept"
        raise OsintError(msg) from error


def _media_type(path: Path, head: bytes) -> str:
    magic = {
        b"%PDF-": "application/pdf",
        b"\x89PNG": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF8": "image/gif",
    }
    for mark, kind in magic.items():
        if head.startswith(mark):
            return kind
    if path.suffix.lower() in (".mhtml", ".mht"):
        return "multipart/related"
    return mimetypes.guess_type(f"x{path.suffix}")[0] or "application/octet-stream"


def _keep(
    archive: Archive, body: bytes, content_type: str, told: dict[str, str], *, url: str, status: int | None
) -> dict[str, Any]:
    sha256 = hashlib.sha256(body).hexdigest()
    shown = strip_secrets(url) if url else f"urn:sha256:{sha256}"
    headers = {"content-type": content_type}
    from osint.portals.classify import classify

    verdict = classify(status=status or 200, headers=headers, body=body, url=shown)
    entry: dict[str, Any] = {
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "role": "imported",
        "url": shown,
        "final_url": shown,
        "method": "",
        "request_sha256": "",
        "redirects": [],
        "status": status,
        "class": str(verdict.kind),
        "signal": verdict.signal,
        "media_type": content_type.partition(";")[0].strip().lower(),
        "bytes": len(body),
        "sha256": sha256,
        "truncated": "",
        "vantage": "",
        "tool": f"osint-datacentres {__version__}",
        **told,
    }
    sent = [("Content-Type", content_type or "application/octet-stream")]
    return archive.record(entry, [Exchange(shown, "", headers=sent, body=io.BytesIO(body))], resource=True)
