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
def _words(side: str) -> tuple[dict[str, str], int]:
    """Return word -> qualifier for one side of the number, and the length of the longest word."""
    found: dict[str, str] = {}
    with files("osint").joinpath("qualifiers.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["side"] == side:
                found |= dict.fromkeys(row["words"].split("|"), row["qualifier"])
    return found, max(map(len, found))


def qualifier(text: str, start: int, end: int, more: bool) -> str:
    """Return the qualifier of the number at text[start:end]: exact, about, more than, at least, up to, less than."""
    before = text[max(0, start - _AHEAD) : start].lower()
    words, longest = _words("before")
    cut = _BETWEEN.search(before, max(0, len(before) - 16))
    tails = (before.rstrip(), before[: cut.start()].rstrip() if cut else before)
    for tail in dict.fromkeys(tails):
        for length in range(min(longest, len(tail)), 0, -1):
            word = words.get(tail[-length:])
            if word and not (tail[-1].isascii() and tail[-length].isalpha() and tail[-length - 1 : -length].isalpha()):
                return word if word != "none" else _behind(text, start, end, more, before)
    return _behind(text, start, end, more, before)


def _behind(text: str, start: int, end: int, more: bool, before: str) -> str:
    """Return the qualifier by the letters inside the number and the words behind it."""
    if more or (before.endswith("上") and text[start] in "十百千万亿"):
        return "more than"
    after = text[end : end + _BEHIND].lstrip(" (").lower()
    words, longest = _words("after")
    for length in range(min(longest, len(after)), 0, -1):
        if after[:length] in words:
            return words[after[:length]]
    return "exact"
