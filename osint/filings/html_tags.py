"""What an HTML tag says of its words: hidden, beside the text, or set raised."""

from __future__ import annotations

import re
from functools import lru_cache


def names(words: str) -> frozenset[str]:
    """Return the names in a line, as a set."""
    return frozenset(words.split())


ASIDE = names("aside nav footer")

# names of parts that stand next to the text; the word must stand alone, as in "related-news" or "mainNav"
_BESIDE = names(
    "nav navbar navigation menu submenu footer foot copyright breadcrumb breadcrumbs crumb crumbs sidebar related "
    "recommend recommended recommendations cookie cookies consent gdpr newsletter subscribe tuijian xiangguan xgxw "
    "xgyd dibu daohang yqlj friendlink friendlinks hotnews advert advertisement"
)
_WHOLE = names("has with no main article content page layout body")
_NAMES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden", re.IGNORECASE)
_HIDDEN_ATTRIBUTE, _VALUES = re.compile(r"\shidden(?:[\s=/]|$)", re.IGNORECASE), re.compile(r"\"[^\"]*\"|'[^']*'")
_ATTRIBUTE = re.compile(
    r"""([A-Za-z:_-]{1,30})\s{0,5}=\s{0,5}(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))"""
)


@lru_cache(maxsize=512)
def attributes_of(inner: str) -> dict[str, str]:
    """Return the attributes of a tag; a page repeats a few tags thousands of times."""
    return {match[1].lower(): match[2] or match[3] or match[4] or "" for match in _ATTRIBUTE.finditer(inner)}


def hides(inner: str) -> bool:
    """Say whether the attributes of an element hide its words; a class that is called hidden does not."""
    if _HIDDEN.search(inner):
        return True
    return "hidden" in inner and _HIDDEN_ATTRIBUTE.search(_VALUES.sub('""', inner)) is not None


def beside(tag: str, attributes: dict[str, str]) -> str:
    """Return why an element stands next to the text of a page, by its tag, class or id; empty if it does not."""
    if tag in ASIDE:
        return tag
    if not attributes or tag in ("body", "html", "main"):
        return ""
    for words in (*attributes.get("class", "").split(), attributes.get("id", "")):
        parts = {part.lower() for part in _NAMES.findall(words)}
        if parts & _BESIDE and not parts & _WHOLE:
            return words
    return ""


_RAISED, _LONGEST_MARK = str.maketrans("0123456789()①②③④⑤⑥⑦⑧⑨", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾¹²³⁴⁵⁶⁷⁸⁹"), 4


def raised(words: str) -> str:
    """Return digits that are set raised as raised ones, so that a footnote mark is no part of the number before it."""
    return words.translate(_RAISED) if len(words.strip()) <= _LONGEST_MARK else words
