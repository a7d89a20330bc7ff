"""Fold a text to one plain spelling, and remember where each character stood."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from opencc import OpenCC

_LOOKALIKES = dict(zip("РМВТКАОСЕНХрсоаехΡΜΒΤΚΑΟΕΗΧ", "PMBTKAOCEHXpcoaexPMBTKAOEHX", strict=True))
"""letters of other scripts that look like the letters of a unit"""
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufeff\u061c]+")
"""zero-width characters, soft hyphen and marks of direction: drawn as nothing"""
# text whose drawn order is not its stored order: nothing inside is read as a number
_REORDERED = re.compile("[\u202a-\u202e\u2066-\u2069][^\u202c\u2069\n]{0,2000}[\u202c\u2069]?")
_PINYIN = re.compile(r"[(（][a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]{1,7}[)）]")
_HAS_TONE = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]")
_ODD_DIGIT = re.compile("[①-⓿❶-➓⁰¹⁴-⁹₀-₉]")
_RAISED = re.compile(r"(?<=\d)[⁽(]?[⁰¹²³⁴-⁹]{1,2}[⁾)]?(?=\s?(?:[一-龥A-Za-z%]|$|[，。；,;）)]))")
_POWER = re.compile(r"(?:[×xX*]\s?10|(?<!\d)10)$")
_BRACKET_MARK = re.compile(r"(?<=\d)\s?\[\d{1,2}\](?=\s?[一-龥A-Za-z])")
_PLAIN_PINYIN = re.compile(r"(?<=[十百千万亿萬億])[(（](?:shi|bai|qian|wan|yi)[)）]")
_ALLOWED_WIDE = {"㎡": "m2", "㎥": "m3", "㎾": "kW", "㎿": "MW", "㎸": "kV", "㎢": "km2", "²": "2", "…": "..."}
_WIDE, _LOOKALIKE = re.compile(f"[{''.join(_ALLOWED_WIDE)}]"), re.compile(f"[{''.join(_LOOKALIKES)}]")
_ODD = re.compile(
    f"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c"
    f"{''.join(_ALLOWED_WIDE)}{''.join(_LOOKALIKES)}{_HAS_TONE.pattern[1:-1]}⁰¹³⁴-⁹⁽①-⑳]"
)
"""one pattern for everything that is not folded character by character"""


class NumberDoubt(StrEnum):
    """What was taken for granted in reading a number; its text is the sentence for a reader."""

    RAISED = "a raised mark was left out of a number"
    BRACKETED = "a mark in brackets was left out of a number"
    SPACED = "a number with spaces inside was read as one"
    POINTS = "points were read as thousands marks"
    POINT = "the point may part thousands"
    NO_CURRENCY = "no currency written"
    BROKEN = "the line before ends in a digit, which may belong to the number"
    BESIDE = "another number stands right before it, which may belong to it"
    NO_COUNTER = "no counter written behind the number"
    PRODUCT = "two numbers were multiplied"
    NAME = "the round size of a cluster, which may be its name"

    @property
    def is_mild(self) -> bool:
        """Whether the reading is likely all the same."""
        return self not in (NumberDoubt.POINT, NumberDoubt.BROKEN, NumberDoubt.BESIDE)


@dataclass(frozen=True)
class Plain:
    """A folded text and its offsets in the original."""

    text: str
    """simplified characters, half-width digits, no invisible characters"""
    starts: tuple[int, ...]
    """folded offsets at which the shift to the original changes, ascending, beginning with 0"""
    shifts: tuple[int, ...]
    """original offset less folded offset, from the start of the same index on"""
    remarks: dict[int, str]
    """folded offset -> what was odd there (invisible character, look-alike, reordered text)"""

    def origin(self, offset: int) -> int:
        """Return the original offset of the folded character at `offset`."""
        return offset + self.shifts[bisect_right(self.starts, offset) - 1]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original half-open span of the folded span, which must not be empty."""
        return self.origin(start), self.origin(end - 1) + 1


_HAN = range(0x4E00, 0xA000)
"""Chinese characters, of which traditional ones are folded to simplified"""
_COMPATIBLE = (range(0xA0, 0x3400), range(0xF900, 0xFB00), range(0xFE10, 0x10000))
"""blocks of Unicode in which letters have compatibility forms that are folded"""


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


class _Folding(dict[int, str]):
    """The one-to-one folding: width, compatibility forms, traditional to simplified; each character when it is met."""

    def __missing__(self, code: int) -> str:
        """Return what a character that was not met before becomes, and keep it."""
        letter = chr(code)
        if code in _HAN:
            folded = str(_simplifier().convert(letter))
        elif any(code in block for block in _COMPATIBLE) and not (_ODD_DIGIT.match(letter) or letter in _ALLOWED_WIDE):
            folded = unicodedata.normalize("NFKC", letter)
        else:
            folded = letter
        self[code] = folded = folded if len(folded) == 1 else letter
        return folded


_FOLDING = _Folding(
    {ord(letter): "~" if letter in "〜～∼" else "-" for letter in "〜～∼﹏–—−‒‑"}
    | {ord("，"): ",", ord("％"): "%", ord("﹪"): "%", ord("’"): "'", ord("‘"): "'", ord("﹩"): "$"}
)


_TAIWANESE = (("计画", "计划"), ("规画", "规划"), ("伺服器", "服务器"), ("晶片", "芯片"), ("资料中心", "数据中心"))
"""words of Taiwan and Hong Kong for the same things, each as long as the other"""
_NOUGHTS = re.compile("[一二三四五六七八九][一二三四五六七八九〇○]+")
"""digits in characters, whose nought is often typed as a circle: 五一○○万"""


def fold(text: str) -> Plain:
    """Return the folded text of `text`; what cannot be folded safely is blanked, with a remark.

    Text under a bidirectional override or embedding is blanked: what a reader sees there differs from
    what is stored.  A letter that looks like a Latin one is folded only next to a digit or a Latin
    letter, with a remark.

    >>> fold("２０００億元").text
    '2000亿元'
    """
    edits = sorted(_edits(text))
    pieces: list[str] = []
    starts, shifts, remarks = [0], [0], {}
    position = length = 0
    for start, end, replacement, remark in edits:
        if start < position:
            continue
        pieces += (text[position:start], replacement)
        length += start - position
        if remark:
            remarks[max(length - 1, 0)] = remark
            if replacement:
                remarks[length] = remark
        # every character of a replacement maps to the start of what it replaces, except the last:
        # that one maps to the end, so that a span that closes there covers the whole original
        for index in range(len(replacement)):
            at = end - 1 if index == len(replacement) - 1 else start
            starts.append(length + index)
            shifts.append(at - (length + index))
        length += len(replacement)
        starts.append(length)
        shifts.append(end - length)
        position = end
    pieces.append(text[position:])
    folded = "".join(pieces)
    if not folded.isascii():
        folded = folded.translate(_FOLDING)
        if "画" in folded or "伺服" in folded or "晶片" in folded or "资料" in folded:
            for taiwanese, mainland in _TAIWANESE:
                folded = folded.replace(taiwanese, mainland)
        if "○" in folded:
            folded = _NOUGHTS.sub(lambda match: match.group().replace("○", "〇"), folded)
    return Plain(folded, tuple(starts), tuple(shifts), remarks)


def _edits(text: str) -> list[tuple[int, int, str, str]]:
    """Return (start, end, replacement, remark) for all that is not one-to-one."""
    edits: list[tuple[int, int, str, str]] = []
    if "[" in text:
        edits += [(*match.span(), "", NumberDoubt.BRACKETED) for match in _BRACKET_MARK.finditer(text)]
    if "(" in text or "（" in text:
        edits += [(*match.span(), "", "") for match in _PLAIN_PINYIN.finditer(text)]
    if not text.isascii() and _ODD.search(text):
        edits += _odd_edits(text)
    return edits


def _odd_edits(text: str) -> list[tuple[int, int, str, str]]:
    """Return the edits of characters that are invisible, raised, wide, of another script or pinyin."""
    edits: list[tuple[int, int, str, str]] = []
    for match in _INVISIBLE.finditer(text):
        inside = match.start() > 0 and text[match.start() - 1].isdigit()
        edits.append((*match.span(), "", "invisible character inside a number" if inside else ""))
    for match in _REORDERED.finditer(text):
        blank = "\ufffc" * len(match.group())
        edits.append((*match.span(), blank, "text drawn in another order than stored"))
    raised = [match.span() for match in _RAISED.finditer(text) if not _POWER.search(text, 0, match.start())]
    edits += [(*span, "", NumberDoubt.RAISED) for span in raised]
    for match in _WIDE.finditer(text):
        if not any(start <= match.start() < end for start, end in raised):
            edits.append((*match.span(), _ALLOWED_WIDE[match.group()], ""))
    for match in _LOOKALIKE.finditer(text):
        at = match.start()
        around = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        if re.search(r"[0-9A-Za-z万亿萬億]", around):
            edits.append((at, at + 1, _LOOKALIKES[match.group()], "letter of another script read as Latin"))
    if _HAS_TONE.search(text):
        edits += [(*match.span(), "", "") for match in _PINYIN.finditer(text) if _HAS_TONE.search(match.group())]
    return edits
