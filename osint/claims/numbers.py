"""Read the numbers of a folded text, in digits, in characters and in words, and the words that bound them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache, lru_cache

from osint.claims.units import Words, unit_pattern
from osint.register import table_rows

_DIGITS = dict(zip("零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖俩", (0, *range(10), 2, *range(1, 10), 2), strict=True))
_SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_ONES = "one two three four five six seven eight nine"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNDER_TWENTY = f"zero {_ONES} ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_WORDS = {word: value for value, word in enumerate(_UNDER_TWENTY)} | {
    word: 10 * tens for tens, word in enumerate(_TENS.split(), 2)
}
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mln": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
    "bln": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12, "trn": 1e12, "trillion": 1e12, "hundred": 100, "dozen": 12,
    "hundred thousand": 1e5, "hundred million": 1e8, "hundred billion": 1e11, "w": 1e4,
}  # fmt: skip
DIGITS = (
    r"(?:\d{1,3}(?:,\d{3}){1,5}(?!\d)|\d{1,3}(?:[\u00a0\u202f\u2009']\d{3}){1,5}(?!\d)|"
    r"\d{1,3}(?:\.\d{3}){2,5}(?![\d.])|\d{1,3}(?:[ ]\d{3}){1,5}(?![\d,]|\.(?!\d\d(?!\d)))|"
    r"\d(?:[ ]\d){2,8}(?![ ]*\d)|\d{1,15})"
    r"(?:\.\d{1,12}|[ ]\.[ ]\d{1,6})?"
)
HAN_LETTERS = "".join((*_DIGITS, *_SMALL, *_LARGE))
HAN = rf"(?:[{HAN_LETTERS}](?!(?<=[百千])[瓦伏克米帕焦赫])){{1,16}}"
"""a numeral in Chinese characters; the 千 of 千瓦 belongs to the unit"""
COMPOUND = (
    r"\d{1,6}(?:\.\d{1,4})?\s?[亿万千](?![瓦伏克米帕焦赫])"
    r"(?:\s?零?\s?\d{1,4}(?:(?:\.\d{1,4})?(?:[万千百十](?![瓦伏克米帕焦赫])){1,2})?(?![\d.]|\s?[年月]))+"
)
"""digits and scale characters in turn: 4亿2000万, 2万6000"""
HAN_DECIMAL = r"(?:[零一二三四五六七八九两十百]{1,4}点[零〇一二三四五六七八九]{1,4})"
"""a decimal in characters: 三点六"""
_SCALE_WORDS = [
    "dozen", "hundred", "thousand", "million", "billion", "trillion", "gigawatt", "megawatt", "exaflop", "petaflop",
]  # fmt: skip
_SCALE_OR_UNIT = f"(?:{'|'.join(_SCALE_WORDS)})"
_TENS_OR, _ONES_OR = _TENS.replace(" ", "|"), _ONES.replace(" ", "|")
_PLAIN_WORDS = "|".join(sorted(_UNDER_TWENTY, key=len, reverse=True))
WORDS = (
    rf"(?i:(?:half(?:[- ]an?)?|an?)(?=[- ]{_SCALE_OR_UNIT})|a\squarter\sof\sa(?=[- ]{_SCALE_OR_UNIT})|"
    rf"(?:{_ONES_OR})[- ]hundred[- ](?:and[- ])?(?:(?:{_TENS_OR})(?:[- ](?:{_ONES_OR}))?|{_PLAIN_WORDS})\b|"
    rf"(?:(?:{_TENS_OR})(?:[- ](?:{_ONES_OR})\b)?|(?:{_ONES_OR})\sand\sa\shalf|{_PLAIN_WORDS})\b)"
)
"""a number in English words"""
_WORD_STARTS = Words(
    [*_WORDS, "half", "a quarter", *(f"{a_or_an} {word}" for word in _SCALE_WORDS for a_or_an in ("a", "an"))]
)
"""what a number in words can begin with"""
HAN_SCALE = r"(?:(?:[十百千万亿](?![瓦伏克米帕焦赫])){1,4}|[Ww](?=\s?[元台张架块]))"
WORD_SCALE = (
    r"(?=[HhTtMmBbDdKk])(?i:hundred[ -]thousand|hundred[ -]million|hundred[ -]billion|thousand|million|billion|"
    r"trillion|dozen|hundred|mln|bln|trn|bn|tn|mn|mm|k|m|b|t)(?![A-Za-z0-9])"
)


def han_value(numeral: str) -> float | None:
    """Return the value of a numeral in Chinese characters, or None where it holds another character.

    >>> han_value("三千五百万"), han_value("二〇二四"), han_value("千瓦")
    (35000000.0, 2024.0, None)
    """
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


_GROUPING = re.compile("[,'\u00a0\u202f\u2009 ]")
_POINTS_GROUP = re.compile(r"\d{1,3}(?:\.\d{3}){2,5}")
_COMPOUND_PART = re.compile(r"(\d+(?:\.\d+)?)([千百十]*)([亿万]*)")


def compound_value(numeral: str) -> float | None:
    """Return the value of digits and scale characters in turn, or None where their scales do not descend.

    >>> compound_value("4亿2000万"), compound_value("1千2百万"), compound_value("3万5亿")
    (420000000.0, 12000000.0, None)
    """
    total, group, highest, high = 0.0, 0.0, math.inf, math.inf
    for digits, small, large in _COMPOUND_PART.findall(re.sub(r"[\s零]", "", numeral)):
        value, scale = float(digits) * scale_factor(small), scale_factor(large)
        if value >= high or scale >= highest:
            return None
        group, high = group + value, scale_factor(small)
        if large:
            total, group, highest, high = total + group * scale, 0.0, scale, math.inf
    return float(f"{total + group:.12g}") if group < highest else None


_PAIR = re.compile(
    r"(?<![零〇一二三四五六七八九两])([一二两三四五六七八])([二三四五六七八九])(?![零〇一二三四五六七八九两])"
)
_NEXT, _THREE_TO_FIVE = 1, (3, 5)


def han_range(numeral: str) -> tuple[float, float] | None:
    """Return the ends of an approximate numeral, 四五百 or 二十五六, or None for one that is exact.

    >>> han_range("四五百"), han_range("十五六"), han_range("三千五百")
    ((400.0, 500.0), (15.0, 16.0), None)
    """
    match = _PAIR.search(numeral)
    if match is None:
        return None
    first, second = _DIGITS[match[1]], _DIGITS[match[2]]
    near = second - first == _NEXT or (first, second) == _THREE_TO_FIVE
    before, behind = numeral[: match.start()], numeral[match.end() :]
    scaled = behind[:1] in (*_SMALL, *_LARGE) or before[-1:] in _SMALL
    if not (near and scaled):
        return None
    low, high = (han_value(f"{before}{digit}{behind}") for digit in match.groups())
    return (low, high) if low is not None and high is not None else None


_SCALED_INSIDE = re.compile("[亿万千]")


def numeral_value(numeral: str) -> float | None:
    """Return the value of a numeral as `find_numbers` gives it, or None if it cannot be read.

    >>> numeral_value("12,500"), numeral_value("twenty-five"), numeral_value("half")
    (12500.0, 25.0, 0.5)
    """
    if numeral.isascii() and numeral.isdigit():
        return float(numeral)
    if numeral[0].isdigit() and numeral[0].isascii():
        if not numeral.isascii() and _SCALED_INSIDE.search(numeral):
            return compound_value(numeral)
        if _POINTS_GROUP.fullmatch(numeral):
            return float(numeral.replace(".", ""))
        return float(_GROUPING.sub("", numeral))
    if "点" in numeral:
        whole, _, tenths = numeral.partition("点")
        value = han_value(whole)
        return None if value is None else float(f"{value:g}.{''.join(str(_DIGITS[letter]) for letter in tenths)}")
    if numeral[0].isascii():
        if numeral.lower().startswith(("half", "a ")) or numeral.lower() in ("a", "an"):
            return 0.5 if numeral[0] in "hH" else 0.25 if " " in numeral else 1.0
        numeral, halves, _ = numeral.lower().partition(" and a half")
        hundreds, _, rest = numeral.replace(" and ", " ").rpartition("hundred")
        ones = sum(_WORDS[word] for word in re.split("[- ]", rest.strip(" -")))
        return float(100 * _WORDS.get(hundreds.strip(" -"), 0) + ones) + (0.5 if halves else 0)
    return han_value(numeral)


@lru_cache(maxsize=1024)
def scale_factor(word: str) -> float:
    """Return the factor of a scale word; 1 for none.

    >>> scale_factor("万"), scale_factor("bn"), scale_factor("")
    (10000.0, 1000000000.0, 1.0)
    """
    word = re.sub(r"[\s-]+", " ", word.strip().lower())
    if not word:
        return 1.0
    if word in _SCALES:
        return float(_SCALES[word])
    return float(math.prod((_SMALL | _LARGE)[letter] for letter in word))


CLOSERS = "】\\])〕"
_LETTERED = ["USD", "HKD", "EUR", "RMB", "CNY", "Rmb", "rmb", "GBP", "JPY", "SGD", "AUD", "CAD"]
# one class of characters first, so that the search skips at full speed to where a number can begin
_START = re.compile(
    rf"[0-9{HAN_LETTERS}](?<![0-9_#=@%].)(?<![0-9][.,:/'].)(?<![0-9] \. .)(?<![0-9][.,]\n.)"
    rf"(?:(?<![A-Za-z]-.)|(?<=[MG]W-.))"
    rf"(?<![0-9][亿万千].)(?<![{HAN_LETTERS}]点.)(?<!第.)(?<![{HAN_LETTERS}][{HAN_LETTERS}])"
    r"(?!(?<=[昇升]腾[39])10[A-Z])"  # 昇腾310P names a chip, and no 310 P
    rf"(?:(?<![A-Za-z].)|(?<=[0-9][xX].)|{'|'.join(f'(?<={sign}.)' for sign in _LETTERED)}|(?<=[Pp][Uu][Ee].))"
)


@cache
def _number_pattern() -> re.Pattern[str]:
    """Return the pattern of a number with its scale and unit; every repeat in it is bounded."""
    return re.compile(
        rf"""
        (?P<number> {COMPOUND} | {DIGITS} | {HAN_DECIMAL}(?=\s?[百千万亿]|以|左右|[,。;、)至到~]|$|{unit_pattern()})
                  | (?<![几数]){HAN} | {WORDS} )
        (?P<more> \s?[余多来]|\+|-plus\b|个(?=[十百千万亿]) )?
        (?: [\s-]{{0,3}}+ (?:[{CLOSERS}]\s{{0,3}}+)?+ [(\[]?+ (?P<scale> {HAN_SCALE} | {WORD_SCALE} ) )?
        (?P<more2> \s?[余多来](?![种项次])|\+ )?
        (?: [\s-]{{0,3}}+ (?:[{CLOSERS}]\s{{0,3}}+)?+ (?P<bracket>[(\[【])?+ (?P<unit> {unit_pattern()} ) )?
        """,
        re.VERBOSE,
    )


def find_numbers(text: str) -> Iterator[re.Match[str]]:
    """Yield the numbers of a text, those in digits and characters before those in English words."""
    match_number, search = _number_pattern().match, _START.search
    start = search(text)
    while start:
        number = match_number(text, start.start())
        if number:
            yield number
        start = search(text, number.end() if number else start.end())
    end = 0
    for at, _, _ in _WORD_STARTS.find(text):
        number = match_number(text, at) if at >= end else None
        if number:
            end = number.end()
            yield number


# what may stand between a word of `qualifiers.csv` and its number
_BETWEEN = re.compile(
    r"(?:[\s(\[【:为]|\(不?含税?\)|达到|到|至|在|于|共|达|是|有|US\$|HK\$|[$¥€]|RMB|人民币|"
    r"(?<=\s)(?:a|an|the|its|of|another)\s)*$"
)
_BEFORE, _AFTER = 36, 12
"""characters before and behind a number in which a qualifier stands (the longest word, and what may follow it)"""


@cache
def bounding_words(side: str) -> list[str]:
    """Return the words that bound a number from before or behind, the longest first."""
    words = {word for pairs in _qualifier_words(side).values() for word, meaning in pairs if meaning != "none"}
    return sorted(words, key=lambda word: (-len(word), word))


@cache
def _qualifier_words(side: str) -> dict[str, list[tuple[str, str]]]:
    """Return (word, qualifier) of one side, longest first, by the letter next to the number."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in table_rows("qualifiers.csv", __package__):
        for word in row["words"].split("|") if row["side"] == side else ():
            found.setdefault(word[-1 if side == "before" else 0], []).append((word, row["qualifier"]))
    return {letter: sorted(words, key=lambda pair: -len(pair[0])) for letter, words in found.items()}


def qualifier(text: str, start: int, end: int, more: bool) -> str:
    """Return the qualifier of the number at text[start:end]: exact, about, more than, at least, up to, less than.

    `more` says that a letter inside the number (多, 余, +) already makes it a lower bound.

    >>> qualifier("not less than 20 MW", 14, 19, False), qualifier("约20台", 1, 4, False)
    ('at least', 'about')
    """
    before = text[max(0, start - _BEFORE) : start].lower().rstrip()
    if before[-2:-1] == "每":
        before = before[:-2]  # 不低于每亩500万元
    cut = _BETWEEN.search(before, max(0, len(before) - 16))
    words = _qualifier_words("before")
    for tail in (before, before[: cut.start()].rstrip()) if cut and cut.start() < len(before) else (before,):
        for word, meaning in words.get(tail[-1:], ()):
            is_latin = word[0].isascii() and word[0].isalpha()
            if tail.endswith(word) and not (is_latin and tail[-len(word) - 1 : -len(word)].isalpha()):
                return meaning if meaning != "none" else _behind(text, start, end, more, before)
    return _behind(text, start, end, more, before)


def _behind(text: str, start: int, end: int, more: bool, before: str) -> str:
    """Return the qualifier by the letters inside the number and the words behind it."""
    if more or (before.endswith("上") and text[start] in "十百千万亿"):
        return "more than"
    after = text[end : end + _AFTER].lstrip(" (-").lower()
    for word, meaning in _qualifier_words("after").get(after[:1], ()):
        if after.startswith(word):
            return meaning
    return "about" if _ABOUT.match(text, end) else "exact"


_ABOUT = re.compile(r"(?:/[一-龥]|\([^()]{1,8}\)|[A-Z]{0,4}[一-龥]{0,6}?)?(?:左右(?!岸|两)|上下(?!游|铺|班|行|级|楼))")
"""what makes a number approximate behind its unit and its noun: 500万元(含税)左右"""
