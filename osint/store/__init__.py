"""The evidence store: ledger, WARC records, checks, exchange; rows added to observations.csv."""
