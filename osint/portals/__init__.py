"""The portals of procurement and investment filings, and searches over them."""
