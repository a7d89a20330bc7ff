"""The command `osint`: each verb reads its arguments and calls one public function."""

from __future__ import annotations

import argparse
import importlib
import sys

from osint import __version__
from osint.errors import OsintError

# each names a module with add_verbs(subparsers); heavy imports belong inside the handlers
PARTS: tuple[str, ...] = ("osint.cli_imagery", "osint.cli_change")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with the verbs of every part."""
    parser = argparse.ArgumentParser(prog="osint", description=__doc__)
    parser.add_argument("--version", action="version", version=f"osint {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for part in PARTS:
        importlib.import_module(part).add_verbs(verbs)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one verb; a handler returns its exit status (None is 0), an OsintError is printed and gives 2."""
    args = build_parser().parse_args(argv)
    try:
        return int(args.handler(args) or 0)
    except OsintError as error:
        print(f"osint {args.verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"osint {args.verb}: stopped by the keyboard; what was recorded is kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
