"""Check announced data centres and their chip counts against filings, physics and pictures."""

__version__ = "0.1.0"
