"""Every byte that was fetched."""

from osint.archive.store import (
    WARC_LIMIT_BYTES,
    Archive,
    captures_directory,
)

__all__ = [
    "WARC_LIMIT_BYTES",
    "Archive",
    "captures_directory",
]
