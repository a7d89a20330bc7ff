"""Find what an English number counts by the nouns behind it, and the models of chips."""

from __future__ import annotations

import re
from functools import cache

from osint.claims.units import countable_nouns, word_set
from osint.register import table_rows

_MOST_ADJECTIVES = 3  # words between a number and the noun that it counts (judgement)
_MODEL = re.compile(
    r"(?i:(?:Nvidia['’]?s?\s)?(?:GB?[23]00(?:\sNVL\d{1,3})?|[HABL](?:[1234]0|[1238]00|16)s?|H100-?(?:eq|equivalents?)|L40S|MI\d{3}X?|"
    r"RTX\s?\d{4}D?|Trainium\s?\d?|TPU\s?v?\d\w?|Ascend\s?\d{3}[A-D]?|Blackwell|Hopper|PPU)s?)(?![A-Za-z0-9])"
)
_TOKEN = re.compile(r"[\s-]{1,2}[\[(\"]?([A-Za-z][A-Za-z0-9./'’&+]{0,24})[\])\",]?")
_BREAK = word_set(
    "in on at by for to from with as that which is are was were will would has have had per into over under during "
    "while when where who but so its it they their than times percent using via said says a an storey story storeys"
)
"""words that end the phrase behind a number"""
_NOT_CHIPS = word_set("hours hour days dies die wafers clusters systems machines orders deals users")
"""nouns that a chip only describes: "2,000 H100 hours" does not count chips"""
_ATTRIBUTE = re.compile(
    r"-(?:figure|digit|core|bit|way|socket|thread|nano\w+|nm|layer|stack|channel|lane|port|slot|fold|phase|inch|hour|"
    r"year|day|week|month|month-old|year-old|generation|tier|stor(?:y|ey)|lane|wafer|die)s?\b"
)
"""what a number says of one thing and not how many there are: six-figure GPU clusters, eight-core processors"""
_LEAD = word_set("of the its these those such their our")
_JOINS = word_set("and or ai tensor core sxm based powered class")
_GAP = re.compile(r"[\s-]{0,2}[\[(×xX*]?\s?")
OF_WHOLE = re.compile(r"(?:(?<= of)|(?<= the)|(?<= its))\s\d[\d,]{0,8}(?=\s[a-z])")


def chip_model_in(words: str) -> str:
    """Return the chip model that some words name, as written, or "".

    >>> chip_model_in("加速卡 H200"), chip_model_in("交换机")
    ('H200', '')
    """
    match = chip_pattern().search(words)
    return match.group().strip() if match else ""


@cache
def chip_pattern() -> re.Pattern[str]:
    """Return the pattern of the chip models of `chip_models.csv`."""
    models = "|".join(row["pattern"] for row in table_rows("chip_models.csv", __package__))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{models})(?![A-Za-z0-9])")


def _longest_noun(text: str, token: re.Match[str]) -> tuple[int, str] | None:
    """Return (end, kind) of the noun of `nouns.csv` that begins with a word, of three words at most; None for none."""
    words: list[str] = []
    ends: list[int] = []
    following: re.Match[str] | None = token
    while following and len(words) < _MOST_ADJECTIVES:
        word = following[1].rstrip(".'’")
        words.append(word.lower())
        ends.append(following.start(1) + len(word))
        following = _TOKEN.match(text, following.end(1))
    kinds = countable_nouns()
    return next(
        ((ends[n - 1], kinds[w]) for n in range(len(words), 0, -1) if (w := " ".join(words[:n])) in kinds), None
    )


def noun_behind(text: str, end: int) -> tuple[int, str, str] | None:
    """Return (end, kind, chip model) of the counted English noun behind a number, or None."""
    if text[end : end + 1] == "-" and _ATTRIBUTE.match(text, end):
        return None
    found: tuple[int, str, str] | None = None
    model, position, plain = "", end, 0
    for index in range(8):
        if found and text[end : end + 1] == "-":
            break  # "eight-GPU servers" counts what the hyphen joins
        token = _TOKEN.match(text, position)
        if token is None or not token[1].islower():
            gap = _GAP.match(text, position)
            chip = _MODEL.match(text, gap.end() if gap else position)
            if chip and chip.start() > position:
                model = model or chip.group().strip()
                found = (chip.end(), "chips", model)
                position = chip.end()
                continue
        whole = OF_WHOLE.match(text, position) if index in (1, 2) and token is None else None
        if whole:
            position = whole.end()  # "seven of its 30 buildings"
            continue
        if not token:
            break
        word = token[1].rstrip(".'’").lower()
        if found and found[1] == "chips" and word in _NOT_CHIPS:
            return None
        named = _longest_noun(text, token)
        if named and not (found and found[1] == "chips" and named[1] == "count" and text[named[0] - 1] != "s"):
            found, position = (*named, model), named[0]
            continue
        if named is None and token[1].endswith(".") and len(word) >= _LONGEST_ABBREVIATION:
            break  # "two decades. The current chips": the sentence ends
        ends = index > 1 if word in _LEAD else word in _BREAK or (word in ("and", "or") and not model)
        if ends or (found and (not model or word not in _JOINS)):
            break
        plain += token[1][0].islower() and word not in _LEAD
        if plain > _MOST_ADJECTIVES:
            break
        position = token.end() if text[token.end() - 1] in '])"' else token.end(1)
    return None if found and plain > 1 and _YEARLIKE.search(text, max(0, end - 5), end) else found


_YEARLIKE = re.compile(r"(?<![\d,.])(?:199\d|20[12]\d)$")
"""a number that is a year, unless its noun stands right behind it: the 2025 keynote on new racks"""
_LONGEST_ABBREVIATION = 5
"""characters of a word before a point from which on it ends a sentence (judgement)"""
