"""Every byte that was fetched: WARC records, a chained ledger, their check, and the way in and out by hand."""

from osint.archive.exchange import export, import_path
from osint.archive.ledger import Entry, utc_now
from osint.archive.store import WARC_LIMIT_BYTES, Archive, captures_directory
from osint.archive.verify import Damage, Verification, verify

__all__ = [
    "WARC_LIMIT_BYTES",
    "Archive",
    "Damage",
    "Entry",
    "Verification",
    "captures_directory",
    "export",
    "import_path",
    "utc_now",
    "verify",
]
