"""Find the English noun that a number counts: "625 H100 servers", "39 new data centers"."""

from __future__ import annotations

import re

from osint.claims import units

_MODEL = re.compile(
    r"(?i:(?:Nvidia['’]?s?\s)?(?:GB?[23]00(?:\sNVL\d{1,3})?|[HABL]\d{2,3}s?|H100-?(?:eq|equivalents?)|L40S|MI\d{3}X?|"
    r"RTX\s?\d{4}D?|Trainium\s?\d?|TPU\s?v?\d\w?|Ascend\s?\d{3}[A-D]?|Blackwell|Hopper|PPU)s?)(?![A-Za-z0-9])"
)
_TOKEN = re.compile(r"[\s-]{1,2}[\[(\"]?([A-Za-z][A-Za-z0-9./'’&+]{0,24})[\])\",]?")
_WORDS_BETWEEN = (
    "in on at by for to from with as that which is are was were will would has have had per into over under"
)
_MORE_BETWEEN = "during while when where who but so its it they their than times percent using via said says a an"
_BREAK = frozenset(re.findall(r"\w+", f"{_WORDS_BETWEEN} {_MORE_BETWEEN}"))
_NOT_CHIPS = frozenset(
    re.findall(r"\w+", "hours hour days dies die wafers clusters systems machines orders deals users")
)
"""nouns that a chip only describes: "2,000 H100 hours" are no chips"""
_LEAD = frozenset(("of", "the", "its", "these", "those", "such", "their", "our"))


_JOINS = frozenset(("and", "or", "ai", "tensor", "core", "sxm", "based", "powered", "class"))
_OF_WHOLE = re.compile(r"(?:(?<= of)|(?<= the)|(?<= its))\s\d[\d,]{0,8}(?=\s[a-z])")


def _ends(word: str, index: int, model: str) -> bool:
    """Say whether a word behind a number ends the phrase that could name what is counted."""
    if word in _LEAD:
        return index > 1
    return word in _BREAK or (word in ("and", "or") and not model)


def noun_behind(text: str, end: int) -> tuple[int, str, str] | None:
    """Return (end, kind, chip model) of the counted English noun behind a number, or None."""
    found: tuple[int, str, str] | None = None
    model, position, plain = "", end, 0
    for index in range(8):
        if found and text[end : end + 1] == "-":
            break  # "eight-GPU servers" counts what the hyphen joins
        token = _TOKEN.match(text, position)
        if token is None or not token[1].islower():
            chip = _MODEL.match(text, position + len(_gap(text, position)))
            if chip and chip.start() > position:
                model = model or chip.group().strip()
                found = (chip.end(), "chips", model)
                position = chip.end()
                continue
        whole = _OF_WHOLE.match(text, position) if index in (1, 2) and token is None else None
        if whole:
            position = whole.end()  # "seven of its 30 buildings"
            continue
        if not token:
            break
        word = token[1].rstrip(".'’").lower()
        two = _TOKEN.match(text, token.end(1))
        pair = f"{word} {two[1].rstrip('.').lower()}" if two else ""
        kinds = units.nouns()
        if found and found[1] == "chips" and word in _NOT_CHIPS:
            return None
        if pair in kinds and two:
            stop = two.start(1) + len(two[1].rstrip("."))
            found, position = (stop, kinds[pair], model), stop
            continue
        if word in kinds:
            stop = token.start(1) + len(word)
            found, position = (stop, kinds[word], model), stop
            continue
        if (found and (not model or word not in _JOINS)) or _ends(word, index, model):
            break
        plain += token[1][0].islower() and word not in _LEAD
        if plain > 3:
            break
        position = token.end() if text[token.end() - 1] in '])"' else token.end(1)
    return found


_GAP = re.compile(r"[\s-]{0,2}[\[(×xX*]?\s?")


def _gap(text: str, position: int) -> str:
    match = _GAP.match(text, position)
    return match.group() if match else ""
