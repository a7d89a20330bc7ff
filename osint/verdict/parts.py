"""The names of parts: what "phase II (hall 3)", 二期1号楼 or "east zone" mean, and which part holds which."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from osint.register import tidy_part


class Coverage(StrEnum):
    """How the part that was seen lies to the part that a claim speaks of."""

    SAME = "same"
    WITHIN = "within"
    """The claim speaks of a part of what was seen."""
    PART = "part"
    """A part of what the claim speaks of was seen."""
    OTHER = "other"


_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_CARDINAL = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5},
    **{"six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
}
_ORDINAL = {
    **{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5},
    **{"sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10},
}
_CHINESE = {character: n for n, character in enumerate("零一二三四五六七八九十")}
_LETTERS = {letter: n for n, letter in enumerate("abcdefgh", 1)}
_LETTERED = "lettered "
"""Stands before the noun of parts that are told by letters: building A need not be building 1."""
_NOUNS = {
    **{"期": "phase", "批": "batch", "机房": "hall", "区": "zone", "片区": "zone", "园区": "zone", "地块": "plot"},
    **{"楼": "building", "栋": "building", "幢": "building", "座": "building", "机房楼": "building"},
}
_SIDES = {"东": "east", "西": "west", "南": "south", "北": "north", "中": "central", "middle": "central"}
_WORD = rf"(?<![a-z])(?:[ivx]+|[a-h]|{'|'.join((*_CARDINAL, *_ORDINAL))})(?![a-z])"
_ONE = rf"(?:\d{{1,3}}|{_WORD}|[一二三四五六七八九十]+)"
_LIST = rf"(?P<list>{_ONE}(?:\s*(?:-|–|~|至|to|through|,|、|和|及|&|\band\b)+\s*{_ONE})*)"
_CHINESE_NOUN = rf"(?P<noun>{'|'.join(sorted(_NOUNS, key=len, reverse=True))})"
_FORMS = (
    re.compile(rf"(?P<noun>[a-z][a-z ]*?)s?(?:\s+no\.?|\s+nr\.?|\s+number|\s*#)?(?:\s+|(?=\d)){_LIST}"),
    re.compile(rf"(?P<list>\d{{1,3}}(?=st|nd|rd|th)|{'|'.join(_ORDINAL)})(?:st|nd|rd|th)? (?P<noun>[a-z]+)"),
    re.compile(rf"第?{_LIST}\s*(?:号|#)?\s*{_CHINESE_NOUN}(?:工程|项目)?"),
)
_SIDE_FORMS = (
    re.compile(r"(?P<side>east|west|south|north|central|middle)(?:ern)? (?P<noun>[a-z]+)"),
    re.compile(rf"(?P<side>[东西南北中]){_CHINESE_NOUN}"),
)
_RANGE = re.compile(rf"({_ONE})\s*(?:-|–|~|至|to|through)\s*({_ONE})")
_REPEATED = re.compile(r"(?:号|#)?(?:机房楼|楼|栋|幢|座|期|区)(?=\s*[、和及,])")  # 1号楼、2号楼 says the noun twice
_NOUN_TWICE = re.compile(rf"\b([a-z]+) ({_ONE}(?:,|,? and| &| to)) \1 (?={_ONE}\b)")  # so does phase 1 and phase 2
_FIRST = re.compile("^首(?=[期批])")

_Level = tuple[str, frozenset[int]]


def _number(word: str) -> int:
    """Return a number written in digits, as a letter, a Roman or Chinese numeral, or in an English word."""
    for known in (_ROMAN, _LETTERS, _CARDINAL, _ORDINAL):
        if word in known:
            return known[word]
    if word.isascii():
        return int(word)
    tens, ten, ones = word.rpartition("十")
    return (_CHINESE.get(tens, 1) * 10 if ten else 0) + _CHINESE.get(ones, 0)


def _level(text: str) -> _Level | None:
    """Return noun and numbers of one level of a part; None for other words, or for more than one level."""
    text = _NOUN_TWICE.sub(r"\1 \2 ", _REPEATED.sub("", _FIRST.sub("一", text.strip())))
    if side := next((m for form in _SIDE_FORMS if (m := form.fullmatch(text))), None):
        noun = _NOUNS.get(side["noun"], side["noun"])
        return f"{_SIDES.get(side['side'], side['side'])} {noun}", frozenset({1})
    found = next((m for form in _FORMS if (m := form.fullmatch(text))), None)
    if found is None or any(re.fullmatch(_ONE, word) for word in found["noun"].split()):
        return None
    words = re.findall(_ONE, found["list"])
    lettered = {word in _LETTERS for word in words}
    if len(lettered) > 1:
        return None
    numbers = {_number(word) for word in words}
    for first, last in _RANGE.findall(found["list"]):
        numbers |= set(range(_number(first), _number(last) + 1))
    noun = _NOUNS.get(found["noun"], found["noun"].strip())
    return (_LETTERED if lettered.pop() else "") + noun, frozenset(numbers)


def _nested(text: str) -> list[_Level] | None:
    """Return the levels of words that follow each other, as of 'phase 2, building 1', 二期1号楼 or 东区A栋."""
    if one := _level(text):
        return [one]
    for cut in range(1, len(text)):
        outer = _level(text[:cut].rstrip(" ,"))
        inner = _nested(text[cut:].lstrip(" ,")) if outer else None
        if outer and inner and outer[0] not in dict(inner):
            return [outer, *inner]
    return None


@cache
def _levels(part: str) -> dict[str, frozenset[int]] | None:
    """Return the levels of a part, as {'phase': {2}, 'hall': {3}} of 'phase II (hall 3)'; None for other words."""
    pieces = [piece for text in re.split(r"[()]| of (?:the )?", tidy_part(part)) if (piece := text.strip())]
    nested = [levels for piece in pieces if (levels := _nested(piece))]
    levels = [level for found in nested for level in found]
    return dict(levels) if levels and len(nested) == len(pieces) and len(dict(levels)) == len(levels) else None


@cache
def part_numbers(part: str) -> tuple[str, frozenset[int]] | None:
    """Return noun and numbers of a part of one level, as ('building', {1, 2}) of 'Buildings 1-2'; None for other words.

    >>> [sorted(part_numbers(p)[1]) for p in ("phase II", "二期", "1号楼、3号楼", "buildings 1 and 3", "first phase")]
    [[2], [2], [1, 3], [1, 3], [1]]
    """
    levels = _levels(part)
    return next(iter(levels.items())) if levels is not None and len(levels) == 1 else None


def coverage(seen: str, claimed: str) -> Coverage:
    """Return how a part that was seen lies to a part that is claimed; an empty part is the whole site.

    OTHER stands for parts of which it is not known that one holds the other, as a phase and a building.

    >>> [coverage(*p).value for p in (("", "phase 1"), ("building 1", ""), ("buildings 1-4", "2号楼"))]
    ['within', 'part', 'within']
    >>> [coverage(*p).value for p in (("phase II", "二期"), ("phase 1", "hall 1"), ("phase 2", "phase 2 (hall 3)"))]
    ['same', 'other', 'within']
    """
    a, b = tidy_part(seen), tidy_part(claimed)
    if a == b:
        return Coverage.SAME
    if not a or not b:
        return Coverage.PART if a else Coverage.WITHIN
    left, right = _levels(a), _levels(b)
    if left is None or right is None:
        return Coverage.OTHER
    if left == right:
        return Coverage.SAME
    nouns = left.keys() | right.keys()  # a level that is not named is all of it
    if all(noun not in left or (noun in right and right[noun] <= left[noun]) for noun in nouns):
        return Coverage.WITHIN
    if all(noun not in right or (noun in left and left[noun] <= right[noun]) for noun in nouns):
        return Coverage.PART
    return Coverage.OTHER


def same_part(a: str, b: str) -> bool:
    """Return whether two names are of one part; empty is the whole."""
    return coverage(a, b) == Coverage.SAME
