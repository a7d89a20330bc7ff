"""Read the words that bound a number: about, more than, at least, up to, less than."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

# what may stand between a word of `qualifiers.csv` and its number
_BETWEEN = re.compile(
    r"(?:[\s(\[【:为]|\(不?含税?\)|达到|到|至|在|于|共|达|US\$|HK\$|[$¥€]|RMB|人民币|(?<=\s)(?:a|an|the|its|of|another)\s)*$"
)
_AHEAD, _BEHIND = 36, 12


@cache
def _words(side: str) -> dict[str, list[tuple[str, str]]]:
    """Return (word, qualifier) of one side, longest first, by the letter next to the number."""
    found: dict[str, list[tuple[str, str]]] = {}
    with files("osint.claims").joinpath("qualifiers.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            for word in row["words"].split("|") if row["side"] == side else ():
                found.setdefault(word[-1 if side == "before" else 0], []).append((word, row["qualifier"]))
    return {letter: sorted(words, key=lambda pair: -len(pair[0])) for letter, words in found.items()}


def qualifier(text: str, start: int, end: int, more: bool) -> str:
    """Return the qualifier of the number at text[start:end]: exact, about, more than, at least, up to, less than."""
    before = text[max(0, start - _AHEAD) : start].lower().rstrip()
    cut = _BETWEEN.search(before, max(0, len(before) - 16))
    words = _words("before")
    for tail in (before, before[: cut.start()].rstrip()) if cut and cut.start() < len(before) else (before,):
        for word, meaning in words.get(tail[-1:], ()):
            if tail.endswith(word) and not (word[0].isascii() and word[0].isalpha() and _glued(tail, word)):
                return meaning if meaning != "none" else _behind(text, start, end, more, before)
    return _behind(text, start, end, more, before)


def _glued(tail: str, word: str) -> bool:
    """Say whether a Latin word is only the end of another."""
    return tail[-len(word) - 1 : -len(word)].isalpha()


def _behind(text: str, start: int, end: int, more: bool, before: str) -> str:
    """Return the qualifier by the letters inside the number and the words behind it."""
    if more or (before.endswith("上") and text[start] in "十百千万亿"):
        return "more than"
    after = text[end : end + _BEHIND].lstrip(" (-").lower()
    for word, meaning in _words("after").get(after[:1], ()):
        if after.startswith(word):
            return meaning
    return "exact"
