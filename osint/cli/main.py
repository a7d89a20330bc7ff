"""Ask what announced data centres claim, what stands on the ground, and how the two agree.

Each verb reads its arguments and calls one public function.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import gc
import importlib
import io
import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TextIO

from osint import __version__
from osint.cli import _help
from osint.cli._arguments import add_verb, join_places, place_outputs, say
from osint.cli.demo import demo_world
from osint.errors import BadInputError, NetworkError, OsintError

# modules beside this one with add_verbs(subparsers); heavy imports belong inside the handlers
PARTS = ("case", "evidence", "sources", "demo", "imagery", "filings", "change", "observed", "records", "packet")
TYPED_WRONG, OUR_FAULT, STOPPED = 2, 70, 130
"""Status of what was typed or on file, of a fault of this program (EX_SOFTWARE), and of Ctrl-C."""
COLLECTED_AFTER = 10_000
"""New containers after which Python looks for unused cycles; at its own 700 a twelfth of a report's time goes there."""
MOST_TOLD = 200
"""Characters of an error that the last resort prints."""


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `doctor`, `help` and `completion`."""
    verb = add_verb(verbs, "doctor", _doctor, help="what is installed, what is missing and how to get it")
    told = "ask every catalogue, tile host, portal and index its smallest question; the report holds no secret"
    verb.add_argument("--network", action="store_true", help=told)
    verb = verbs.add_parser("help", help="what can be asked, with an example each; or the options of one verb")
    verb.add_argument("about", nargs="?", default="", metavar="VERB")
    verb.set_defaults(handler=_told)
    verb = verbs.add_parser("completion", help="print what completes verbs and options in your shell")
    verb.add_argument("shell", choices=("bash", "zsh"), help='as: eval "$(osint completion bash)"')
    verb.set_defaults(handler=_complete)


def print_answer(args: argparse.Namespace, value: object, text: str) -> None:
    """Print a value as JSON where --json asks for it, else the text."""
    if args.json:
        print_json(value)
    else:
        print(text)


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    print(_json(value))


def print_rows(name: str, rows: Iterable[object], rest: Mapping[str, object]) -> None:
    """Print {name: rows, **rest} as `print_json` does, each row as it comes: they are not held all at once."""
    print(f'{{"{name}": [', end="")
    for n, row in enumerate(rows):
        print(", " if n else "", _json(row), sep="", end="")
    print("], ", _json(dict(rest))[1:], sep="")


def _json(value: object) -> str:
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


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


def _told(args: argparse.Namespace) -> None:
    parser = build_parser()
    print(_help.of_verb(parser, args.about) if args.about else _help.overview(parser), end="")


def _complete(args: argparse.Namespace) -> None:
    print(_help.completion(build_parser(), args.shell), end="")


class Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong with a line instead of ending the process with a page of usage."""

    def format_help(self) -> str:
        """Return the help, with what a verb adds when it is asked for it (`more` of its defaults)."""
        if self.prog == "osint":
            return _help.overview(self)
        more = self.get_default("more")
        return super().format_help() + (f"\n{more()}\n" if more else "")

    def error(self, message: str) -> NoReturn:
        """Raise BadInputError with the message of argparse and where the options are listed."""
        verb = self.prog.removeprefix("osint").strip()
        raise BadInputError(f"{message}; `osint help{' ' * bool(verb)}{verb.partition(' ')[0]}` lists what it takes")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with the verbs of every part."""
    parser = Parser(prog="osint", description=__doc__)
    parser.add_argument("--version", action="version", version=f"osint {__version__}")
    verbs: Any = parser.add_subparsers(dest="verb", metavar="VERB")
    for part in PARTS:
        importlib.import_module(f"osint.cli.{part}").add_verbs(verbs)
    add_verbs(verbs)
    parser.set_defaults(handler=_told, about="", verb="help")
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


def _escape_what_cannot_be_encoded() -> None:
    """Let a terminal without Chinese show \\u4e2d instead of ending in an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def _marked(*, as_json: bool) -> Iterator[None]:
    """Let nothing of the data steer the terminal."""
    from osint.shown import shown, shown_in_json

    plain = functools.partial(shown, keep="\n\t")
    out, told = _Marked(sys.stdout, shown_in_json if as_json else plain), _Marked(sys.stderr, plain)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        yield


@contextlib.contextmanager
def _offline(asked: bool) -> Iterator[None]:
    """Forbid every question to the network for as long as the block lasts, where --offline asks for it."""
    if not asked:
        yield
        return
    from osint.http import OFFLINE

    before = os.environ.get(OFFLINE)
    os.environ[OFFLINE] = "1"
    try:
        yield
    finally:
        os.environ.pop(OFFLINE)
        os.environ.update({OFFLINE: before} if before else {})


@contextlib.contextmanager
def _warned(verb: str) -> Iterator[None]:
    """Print what this program warns of as one sentence; what libraries warn of is for who sets OSINT_TRACE."""

    def show(message: Warning | str, category: type[Warning], filename: str, *_: Any, **__: Any) -> None:
        if Path(filename).is_relative_to(Path(__file__).parent.parent) or os.environ.get("OSINT_TRACE"):
            _failed(verb, str(message))

    with warnings.catch_warnings():
        setattr(warnings, "showwarning", show)  # noqa: B010 - Python asks for this way to show them
        yield


def _failed(verb: str, why: str, status: int = TYPED_WRONG) -> int:
    from osint.shown import shown

    print(f"osint {shown(verb)}: {shown(why)}" if verb else f"osint: {shown(why)}", file=sys.stderr)
    return status


def main(argv: list[str] | None = None) -> int:
    """Run one verb and return its exit status.

    A handler returns its status (None is 0). What was typed or is on file wrongly is one sentence and status 2; a
    fault of this program is one sentence with a way to report it and status 70, and its trace with OSINT_TRACE=1.
    """
    _escape_what_cannot_be_encoded()
    gc.set_threshold(COLLECTED_AFTER)
    words = join_places(sys.argv[1:] if argv is None else argv)
    verb = words[0] if words and not words[0].startswith("-") else ""
    try:
        parser = build_parser()
        _help.check_verb(parser, verb)
        args, left = parser.parse_known_args(words)
        _help.check_left(parser, verb, left)
        to_json, offline = getattr(args, "json", False), getattr(args, "offline", False)
        with _marked(as_json=to_json), _offline(offline), _warned(verb):
            moved = place_outputs(args)
            with demo_world(args):
                status = int(args.handler(args) or 0)
            for path in moved:
                if path.exists():
                    say(f"written to {path}")
            sys.stdout.flush()
            return status
    except OsintError as error:
        lost = isinstance(error, NetworkError) and ";" not in str(error)
        return _failed(verb, f"{error}{'; `osint doctor --network` says which hosts answer' if lost else ''}")
    except BrokenPipeError:
        # the reader of the pipe has gone; what is still held must not be written when the process ends
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        named = f": {error.filename}" if error.filename else ""
        advice = "name another file or folder, or free some space, then run again"
        return _failed(verb, f"{error.strerror or error}{named}; {advice}")
    except (UnicodeError, csv.Error) as error:
        return _failed(verb, f"a text or table could not be read or written ({error}); save it as UTF-8")
    except KeyboardInterrupt:
        return _failed(verb, "stopped by the keyboard; what was recorded is kept", STOPPED)
    except Exception as error:  # a fault of the program: one sentence and how to report it, never a trace
        if os.environ.get("OSINT_TRACE"):
            raise
        said = " ".join(f"{type(error).__name__}: {error}".split())[:MOST_TOLD]
        report = "please report this line, what you typed, and what `osint doctor` prints (OSINT_TRACE=1 shows where)"
        return _failed(verb, f"this is a fault of the program and not of yours ({said}); {report}", OUR_FAULT)


if __name__ == "__main__":
    sys.exit(main())
