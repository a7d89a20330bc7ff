"""Find and read numbers: digits with commas, Chinese numerals, English number words and scale words."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from osint.claims import units

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = dict(zip("零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖俩", (0, *range(10), 2, *range(1, 10), 2), strict=True))
_SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_WORDS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10 * tens
    for tens, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mln": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
    "bln": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12, "trn": 1e12, "trillion": 1e12, "hundred": 100, "dozen": 12,
    "hundred thousand": 1e5, "hundred million": 1e8, "hundred billion": 1e11,
}  # fmt: skip

DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,3}(?:[\u00a0\u202f\u2009]\d{3}){1,5}(?!\d)|\d{1,15})(?:\.\d{1,12})?"
HAN_LETTERS = "".join((*_DIGITS, *_SMALL, *_LARGE))
HAN = rf"(?:[{HAN_LETTERS}](?!(?<=[百千])[瓦伏克米帕焦赫])){{1,16}}"
"""a numeral in Chinese characters; the 千 of 千瓦 belongs to the unit"""
_SCALE_OR_UNIT = r"(?:dozen|hundred|thousand|million|billion|trillion|gigawatt|megawatt|exaflop|petaflop)"
_TENS, _ONES = list(_WORDS)[20:], list(_WORDS)[1:10]
_PLAIN_WORDS = "|".join(sorted(list(_WORDS)[:20], key=len, reverse=True))
WORDS = (
    rf"(?i:(?:half(?:[- ]an?)?|an?)(?=[- ]{_SCALE_OR_UNIT})|a\squarter\sof\sa(?=[- ]{_SCALE_OR_UNIT})|"
    rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)})\b)?|(?:{'|'.join(_ONES)})\sand\sa\shalf|{_PLAIN_WORDS})\b)"
)
WORD_STARTS = (
    *_WORDS, "half", "a quarter",
    *(f"{article} {word}" for word in _SCALE_OR_UNIT[3:-1].split("|") for article in ("a", "an")),
)  # fmt: skip
"""what a number in words can begin with"""
HAN_SCALE = r"(?:[十百千万亿](?![瓦伏克米帕焦赫])){1,4}"
WORD_SCALE = (
    r"(?=[HhTtMmBbDdKk])(?i:hundred[ -]thousand|hundred[ -]million|hundred[ -]billion|thousand|million|billion|trillion|dozen|"
    r"hundred|mln|bln|trn|bn|tn|mn|mm|k|m|b|t)(?![A-Za-z0-9])"
)


def han_value(numeral: str) -> float | None:
    """Return the value of a numeral in Chinese characters, or None if it is none."""
    yi = wan = section = digit = 0
    for letter in numeral:
        if letter in _DIGITS:
            digit = digit * 10 + _DIGITS[letter]
        elif letter in _SMALL:
            section += (digit or 1) * _SMALL[letter]
            digit = 0
        elif letter == "万":
            wan = (wan + section + digit or 1) * 10**4
            section = digit = 0
        elif letter == "亿":
            yi = (yi + wan + section + digit or 1) * 10**8
            wan = section = digit = 0
        else:
            return None
    return float(yi + wan + section + digit)


_GROUPING = re.compile("[,\u00a0\u202f\u2009]")


def value(numeral: str) -> float | None:
    """Return the value of a numeral as the scanner found it, or None if it cannot be read."""
    if numeral[0].isdigit() and numeral[0].isascii():
        return float(_GROUPING.sub("", numeral))
    if numeral[0].isascii():
        if numeral.lower().startswith(("half", "a ")) or numeral.lower() in ("a", "an"):
            return 0.5 if numeral[0] in "hH" else 0.25 if " " in numeral else 1.0
        numeral, halves, _ = numeral.lower().partition(" and a half")
        return float(sum(_WORDS[word] for word in re.split("[- ]", numeral))) + (0.5 if halves else 0)
    return han_value(numeral)


@lru_cache(maxsize=1024)
def scale(word: str) -> float:
    """Return the factor of a scale word ("万", "千亿", "bn"); 1 for none."""
    word = re.sub(r"[\s-]+", " ", word.strip().lower())
    if not word:
        return 1.0
    if word in _SCALES:
        return float(_SCALES[word])
    factor = 1.0
    for letter in word:
        factor *= (_SMALL | _LARGE)[letter]
    return factor


# ---------------------------------------------------------------- numbers in a text

CLOSERS = "】\\])〕"
_LETTERED = ["USD", "HKD", "EUR", "RMB", "CNY", "Rmb", "GBP", "JPY", "SGD", "AUD", "CAD"]
# one class of characters first, so that the search skips at full speed to where a number can begin
_START = re.compile(
    rf"[0-9{HAN_LETTERS}](?<![0-9_#=@%].)(?<![0-9][.,:/].)(?<![A-Za-z]-.)(?<!第.)(?<![{HAN_LETTERS}][{HAN_LETTERS}])"
    rf"(?:(?<![A-Za-z].)|(?<=[0-9][xX].)|{'|'.join(f'(?<={sign}.)' for sign in _LETTERED)})"
)


@cache
def _word_starts() -> units.Words:
    return units.Words(WORD_STARTS)


@cache
def _number_pattern() -> re.Pattern[str]:
    """Return the pattern of a number with its scale and unit; every repeat in it is bounded."""
    unit = units.unit_pattern()
    return re.compile(
        rf"""
        (?P<number> {DIGITS} | (?<![几数]){HAN} | {WORDS} )
        (?P<more> \s?[余多来]|\+|-plus\b|个(?=[十百千万亿]) )?
        (?: [\s-]{{0,3}}+ (?:[{CLOSERS}]\s{{0,3}}+)?+ [(\[]?+ (?P<scale> {HAN_SCALE} | {WORD_SCALE} ) )?
        (?P<more2> \s?[余多来](?![种项次])|\+ )?
        (?: [\s-]{{0,3}}+ (?:[{CLOSERS}]\s{{0,3}}+)?+ (?P<bracket>[(\[【])?+ (?P<unit> {unit} ) )?
        """,
        re.VERBOSE,
    )


def find(text: str) -> Iterator[re.Match[str]]:
    """Yield the numbers of a text, those in digits and characters before those in English words."""
    match_number, search = _number_pattern().match, _START.search
    start = search(text)
    while start:
        number = match_number(text, start.start())
        if number:
            yield number
        start = search(text, number.end() if number else start.end())
    end = 0
    for at, _, _ in _word_starts().find(text):
        number = match_number(text, at) if at >= end else None
        if number:
            end = number.end()
            yield number
