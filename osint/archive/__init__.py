"""Every byte that was fetched: WARC records, a chained ledger, their check, and the way in and out by hand."""

from osint.archive.exchange import export
from osint.archive.imports import FIRST_YEAR, Imported, import_path
from osint.archive.intake import first_answer
from osint.archive.ledger import Entry, utc_now
from osint.archive.records import Found
from osint.archive.store import WARC_LIMIT_BYTES, Archive, captures_directory, newest_contents
from osint.archive.verify import Damage, Verification, verify

__all__ = [
    "FIRST_YEAR",
    "WARC_LIMIT_BYTES",
    "Archive",
    "Damage",
    "Entry",
    "Found",
    "Imported",
    "Verification",
    "captures_directory",
    "export",
    "first_answer",
    "import_path",
    "newest_contents",
    "utc_now",
    "verify",
]
