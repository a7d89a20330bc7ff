"""Help by the question that a user brings, help of one verb, and what completes a line in a shell."""

from __future__ import annotations

import argparse
import difflib
import textwrap
from collections.abc import Sequence
from typing import Any

from osint.errors import BadInputError, NotFoundError

GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "What is on file?",
        (("sites", "osint sites 伊吾"), ("claims", "osint claims XJ01"), ("show", "osint show C007 O002")),
    ),
    (
        "Does a claim hold up?",
        (
            ("check", "osint check C007"),
            ("fits", "osint fits XJ03 chips=115000 --chip H100"),
            ("estimate", "osint estimate it_mw --given floor_m2=3.3万 --country CN"),
            ("total", "osint total AGG-39"),
            ("next", "osint next XJ01"),
            ("score", "osint score"),
        ),
    ),
    (
        "What stands there?",
        (
            ("look", "osint look XJ03 --start 2023 --end 2025"),
            ("scenes", "osint scenes XJ03 --start 2024-06 --end 2024-06"),
            ("pair", "osint pair XJ03 --before 2023-07-01 --after 2025-07-01"),
            ("fetch", "osint fetch 93.0157,43.2491 --start 2024-06 --end 2024-06"),
            ("sheet", "osint sheet XJ03 --start 2023 --end 2025 --out sheet.png"),
            ("pictures", "osint pictures samples/screenshots --before 2023-05 --after 2024-09 --out mine.png"),
            ("tiles", "osint tiles XJ03 --date 2024-06-30"),
            ("power", "osint power XJ03"),
            ("observe", "osint observe XJ01 --demo"),
            ("locate", "osint locate XJ03 --start 2023-04 --end 2025-10"),
            ("date", "osint date samples/outlines.geojson --start 2023 --end 2025 --demo"),
            ("measure", "osint measure samples/outlines.geojson --start 2025 --end 2025 --demo"),
            ("observed", "osint observed XJ03 --date 2026-06-01 --not-yet roofed --who desk --how 'dated picture'"),
            ("validate", "osint validate timelines.csv --start 2021 --end 2025"),
        ),
    ),
    (
        "Where are the filings, and what do they say?",
        (
            ("search", "osint search 智算中心 哈密 --start 2024-06 --end 2025-06"),
            ("capture", "osint capture https://example.org/notice.shtml --expect 智算中心"),
            ("captures", "osint captures https://example.org/notice.shtml"),
            ("watch", "osint watch"),
            ("notice", "osint notice https://example.org/notice.shtml"),
            ("extract", "osint extract samples/notice.html"),
            ("review", "osint review --data my-case"),
            ("archive", "osint archive verify"),
        ),
    ),
    (
        "Publish, and check one number",
        (
            ("report", "osint report"),
            ("packet", "osint packet XJ03 --out review/XJ03"),
            ("lint", "osint lint review/XJ03"),
            ("signoff", 'osint signoff review/XJ03 --role checker --decision approve --who "B. Reader"'),
            ("verify", "osint verify review/XJ03.zip"),
            ("seal", "osint seal figures/room.png --chain publisher.pem --key publisher.key"),
        ),
    ),
    (
        "Begin, and get help",
        (
            ("new", 'osint new my-case --at 94.70,43.25 --name "Yiwu, east"'),
            ("demo", "osint demo"),
            ("doctor", "osint doctor"),
            ("help", "osint help check"),
            ("completion", 'eval "$(osint completion bash)"'),
        ),
    ),
)
"""Questions in the order in which they arise, each with its verbs and a line to try."""
OTHERS = "Others"
WIDTH = 78
"""Columns of the help, as of most terminals."""
NEAR = 0.6
"""Likeness from which a verb is offered for one that is not known (the default of difflib)."""


def _verbs(parser: argparse.ArgumentParser) -> Any:
    """Return the action of argparse that holds the verbs, of which it has no public list."""
    kept = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001
    return next(kept)


def verbs_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the verbs of a parser, by name."""
    return dict(_verbs(parser).choices)


def _said(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Return what each verb is for, by name."""
    listed = _verbs(parser)._choices_actions  # noqa: SLF001
    return {choice.dest: (choice.help or "").replace("%%", "%") for choice in listed}


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """Return the long options of a verb."""
    actions = parser._actions  # noqa: SLF001
    return [option for action in actions for option in action.option_strings if option.startswith("--")]


def check_verb(parser: argparse.ArgumentParser, verb: str) -> None:
    """Raise NotFoundError for a verb that is not known, with those that are near."""
    known = verbs_of(parser)
    if verb and verb not in known:
        near = difflib.get_close_matches(verb.casefold(), known, cutoff=NEAR)
        offered = f"did you mean {' or '.join(near)}?" if near else "`osint help` lists the verbs"
        raise NotFoundError(f"there is no verb {verb!r}; {offered}")


def check_left(parser: argparse.ArgumentParser, verb: str, left: Sequence[str]) -> None:
    """Raise BadInputError for words that a verb does not take, with the options that are near."""
    if not left:
        return
    known = _options(verbs_of(parser)[verb]) if verb in verbs_of(parser) else []
    near = difflib.get_close_matches(left[0].partition("=")[0], known, cutoff=NEAR)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    raise BadInputError(f"{left[0]!r} is not understood; {meant}`osint help {verb}".rstrip() + "` lists what it takes")


def overview(parser: argparse.ArgumentParser) -> str:
    """Return the help: every verb under the question that it answers, with a line to try."""
    said = _said(parser)
    listed = {verb for _, verbs in GROUPS for verb, _ in verbs}
    others = tuple((verb, "") for verb in said if verb not in listed)
    lines = [*textwrap.wrap(" ".join((parser.description or "").split("\n\n")[0].split()), WIDTH), ""]
    for question, verbs in (*GROUPS, (OTHERS, others)):
        rows = [(verb, example) for verb, example in verbs if verb in said]
        if not rows:
            continue
        lines.append(question)
        for verb, example in rows:
            lines += textwrap.wrap(said[verb], WIDTH, initial_indent=f"  {verb:<11}", subsequent_indent=" " * 13)
            if example:
                lines.append(f"{' ' * 13}{example}")
        lines.append("")
    lines += textwrap.wrap(
        "SITE is an id, a Chinese or English name, an owner or a county, in any case. Most verbs take --data (another "
        "case), --json (one object a line) and --out. `osint help VERB` lists the options of one.",
        WIDTH,
    )
    return "\n".join(lines) + "\n"


def of_verb(parser: argparse.ArgumentParser, verb: str) -> str:
    """Return the help of one verb, with a line to try; raises NotFoundError for one that is not known."""
    check_verb(parser, verb)
    example = next((line for _, verbs in GROUPS for name, line in verbs if name == verb and line), "")
    return verbs_of(parser)[verb].format_help() + (f"\ntry: {example}\n" if example else "")


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return a script for bash or zsh that completes verbs, their options, and files."""
    verbs = verbs_of(parser)
    cases = [f"    {verb}) words='{' '.join(_options(one))}' ;;" for verb, one in verbs.items()]
    before = ["autoload -U +X bashcompinit && bashcompinit"] if shell == "zsh" else []
    return "\n".join(
        [
            *before,
            "_osint() {",
            '  local words="" word="${COMP_WORDS[COMP_CWORD]}"',
            '  case "${COMP_WORDS[1]}" in',
            *cases,
            "  esac",
            f"  if [ \"$COMP_CWORD\" = 1 ]; then words='{' '.join(verbs)}'; fi",
            '  if [ "${COMP_WORDS[1]}" = help ] && [ "$COMP_CWORD" = 2 ]; then',
            f"    words='{' '.join(verbs)}'",
            "  fi",
            '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
            '  case "$word" in -*) ;; *) [ "$COMP_CWORD" -gt 1 ] && COMPREPLY+=($(compgen -f -- "$word")) ;; esac',
            "}",
            "complete -o filenames -F _osint osint",
            "",
        ]
    )
