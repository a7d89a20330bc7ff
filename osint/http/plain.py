"""Say whether a value is plainly words, numbers and dates, or as random as only keys and digests are."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from math import log2
from string import ascii_lowercase

_PAIRS = re.findall(
    r"\d+",
    """
        44345455576545547434675766 95459758496452459343677767 36773788369388379446398969
        39683993594498289573499989 38752669289687489546488879 48435668588553757334866578
        39873489299489369465399979 45553654376555567446496755 28982998398779399665399979
        36454657887452468544567776 47983899198989359949297869 47872788299665489837387969
        39852799298488379845479959 25982879398657439958498989 47444627576666568743577877
        66558667676442558354365777 39763896399388349354489969 79979997199889999688199999
        37552769396656379544568959 49572793396677458742486979 39682794399677479445497859
        25665767488543459444998877 38991988399888599979789999 28973884298684389547498999
        56464677269657939653499568 37773869389566439745396777 38992991498898499979399777
    """,
)
"""Bits that a letter costs in a word: a row for the first letter, then one for each letter that it stands after.

Counted over the words of this program, of its documents and of 4,000 words of pinyin.
"""
_TOKEN = re.compile(
    r"(?<![A-Za-z\d])(?P<alone>[a-z]{1,8}|[A-Z]{1,8})(?![A-Za-z\d])|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^A-Za-z\d]"
)
"""A few letters alone between signs, which need not be a word (`html`, `xxgk`); a word; a number; a sign."""
_PIECE = re.compile(r"[\x21-\x7e]+")
"""What stands between blanks and letters of other scripts, which no key holds."""
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_TURN, _SIGN, _DIGIT, _OF_YEAR, _OF_DAY = 3.0, 2.0, log2(10), 7.0, 15.0
"""Bits of a change between letters and digits, of a sign between them, of a digit, a year and a day."""
SHORT = 8
"""Characters below which nothing is told of a value by its looks."""
_LONG_NUMBER = re.compile(r"(?<![\d.])(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d{,15}(?!\d))\d{15,}")
"""More digits than a time to the second has; those behind a point and behind a day are of a number and of a list."""
MARGIN_BITS = 8.0
"""Bits by which a stretch must be dearer as words than as any signs, to be no words."""


@lru_cache(maxsize=4096)
def is_plain(value: str, *, margin_bits: float = MARGIN_BITS) -> bool:
    """Say whether no stretch of a value is cheaper told as signs drawn at random than as words, numbers and dates.

    `margin_bits` is by how much it must be cheaper; 0 where what stands before the value says that it is a key.

    >>> is_plain("TheLongTitle_of-2024"), is_plain("2024-06-12T05:06:59Z"), is_plain("tq8ZbX0vR2mK")
    (True, True, False)
    """
    return not any(
        len(piece) >= SHORT
        and (_LONG_NUMBER.search(piece) or (re.search("[A-Za-z]", piece) and _excess(piece) > margin_bits))
        for piece in _PIECE.findall(value)
    )


def _excess(piece: str) -> float:
    """Return the most bits by which a stretch of a piece is dearer as words than as signs drawn at random."""
    each = _bits_each(piece)
    most = held = 0.0
    for found in _TOKEN.finditer(piece):
        dearer = _cost(found[0]) - each * len(found[0])
        held = max(0.0, held + (min(0.0, dearer) if found["alone"] else dearer))
        most = max(most, held)
    return most


def _bits_each(piece: str) -> float:
    """Return the bits of a sign drawn at random from the smallest alphabet that holds a piece."""
    if re.fullmatch(r"(?=.*\d)(?=.*[a-f])[\da-f-]+|(?=.*\d)(?=.*[A-F])[\dA-F-]+", piece):
        return 4.0
    kinds = (("[a-z]", 26), ("[A-Z]", 26), (r"\d", 10), (r"[^A-Za-z\d]", 2))
    return log2(sum(size for pattern, size in kinds if re.search(pattern, piece)) or 1)


def _cost(token: str) -> float:
    """Return the bits of a word, a number or a sign between them."""
    if token.isdigit():
        day, year = _DAY.match(token), _YEAR.match(token)
        start, bits = (8, _OF_DAY) if day else (4, _OF_YEAR) if year and len(token) <= 6 else (0, 0.0)
        return _TURN + bits + _DIGIT * (len(token) - start)
    if not token.isalpha():
        return _SIGN
    rows = [0, *(ascii_lowercase.index(letter) + 1 for letter in token.lower())]
    return _TURN + sum(int(_PAIRS[before][letter - 1]) for before, letter in pairwise(rows))
