"""The command line: arguments in, one call, words out."""

from osint.cli.main import main

__all__ = ["main"]
