"""The evidence tables."""
