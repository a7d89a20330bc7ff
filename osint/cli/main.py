"""The command `osint`: each verb reads its arguments and calls one public function."""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import io
import json
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from osint import __version__
from osint.cli._arguments import join_places
from osint.errors import OsintError

# each names a module with add_verbs(subparsers); heavy imports belong inside the handlers
PARTS: tuple[str, ...] = (
    "osint.cli.case",
    "osint.cli.evidence",
    "osint.cli.sources",
    "osint.cli.demo",
    "osint.cli.imagery",
    "osint.cli.filings",
    "osint.cli.change",
    "osint.cli.observed",
)


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb `doctor`."""
    verb = verbs.add_parser("doctor", help="what is installed, what is missing and how to get it")
    told = "ask every catalogue, tile host, portal and index its smallest question; the report holds no secret"
    verb.add_argument("--network", action="store_true", help=told)
    add_common(verb, _doctor)


def add_common(parser: argparse.ArgumentParser, handler: object, *, lines: bool = False) -> None:
    """Add --data and --json (with `lines` one object per line), and the function that runs the verb."""
    parser.add_argument("--data", metavar="DIR", help="data folder (holds raw/); OSINT_DATA or ./data without it")
    shape = "one JSON object per line" if lines else "JSON on the standard output"
    parser.add_argument("--json", action="store_true", help=shape)
    parser.set_defaults(handler=handler)


def print_answer(args: argparse.Namespace, value: object, text: str) -> None:
    """Print a value as JSON where --json asks for it, else the text."""
    if args.json:
        print_json(value)
    else:
        print(text)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=1, allow_nan=False))


def plain(value: object) -> object:
    """Return a value for JSON: NaN becomes null and numpy numbers become Python's."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _doctor(args: argparse.Namespace) -> None:
    from osint.cli import doctor

    rows = doctor.examine_network() if args.network else doctor.examine()
    print_answer(args, {"doctor": rows}, "\n".join(f"{r['state']:8} {r['what']:24} {r['says']}" for r in rows))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with the verbs of every part."""
    parser = argparse.ArgumentParser(prog="osint", description=__doc__)
    parser.add_argument("--version", action="version", version=f"osint {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for part in PARTS:
        importlib.import_module(part).add_verbs(verbs)
    add_verbs(verbs)
    return parser


class _Marked:
    """A stream that shows what would steer a terminal as marks; the rest is that of the stream."""

    def __init__(self, stream: TextIO, mark: Callable[[str], str]) -> None:
        self._stream, self._mark = stream, mark

    def write(self, text: str) -> int:
        """Write a text; one carriage return at its beginning draws a bar of progress anew and stays."""
        begin = "\r" * text.startswith("\r")
        return self._stream.write(begin + self._mark(text.removeprefix("\r")))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _marked(*, as_json: bool) -> Iterator[None]:
    """Let nothing of the data steer the terminal; a terminal without Chinese gets \\u4e2d, and the rest."""
    from osint.shown import shown, shown_in_json

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    plain = functools.partial(shown, keep="\n\t")
    out, told = _Marked(sys.stdout, shown_in_json if as_json else plain), _Marked(sys.stderr, plain)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        yield


def _failed(verb: str, why: str) -> int:
    from osint.shown import shown

    print(f"osint {verb}: {shown(why)}", file=sys.stderr)
    return 2


def main(argv: list[str] | None = None) -> int:
    """Run one verb; a handler returns its exit status (None is 0), an OsintError is printed and gives 2."""
    args = build_parser().parse_args(join_places(sys.argv[1:] if argv is None else argv))
    try:
        with _marked(as_json=getattr(args, "json", False)):
            return int(args.handler(args) or 0)
    except OsintError as error:
        return _failed(args.verb, str(error))
    except BrokenPipeError:
        return 0
    except OSError as error:
        named = f": {error.filename}" if error.filename else ""
        advice = "name another file or folder, or free some space, then run again"
        return _failed(args.verb, f"{error.strerror or error}{named}; {advice}")
    except UnicodeError as error:
        return _failed(args.verb, f"a text could not be read or written ({error}); save it as UTF-8")
    except KeyboardInterrupt:
        print(f"osint {args.verb}: stopped by the keyboard; what was recorded is kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
