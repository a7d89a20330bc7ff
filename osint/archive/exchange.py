"""Hand an archive over as plain files."""

from __future__ import annotations

from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.limitreader import LimitReader
from warcio.warcwriter import WARCWriter

from osint import chain, files
from osint.archive.store import Archive
from osint.errors import OsintError, RefusedError
from osint.register import write_csv

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
            files.replace_file(target / "ledger.jsonl", b"".join(line + b"\n" for line in chain.lines(archive.ledger)))
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
