"""The evidence store: ledger, WARC records, checks, exchange."""
