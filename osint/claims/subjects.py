"""Find the words that name what a quantity counts or measures."""

from __future__ import annotations

import re
from functools import cache

from osint.claims.units import declared_units, spelling_key, unit_pattern, word_set

_HAN = re.compile("[一-龥]")
# what may stand between the words that name a quantity and its number
_FILLERS = word_set(
    "将 已 可 提供 不少于 不小于 约 共 达到 达 超过 超 为 有 近 逾 于 到 突破 不低于 不超过 不高于 高达 人民币 "
    '预计 大约 至少 的 和 及 与 、 : ( ) " “ 在 由 是 ,'
)
_FILLERS_BY_END = {
    end: sorted((word for word in _FILLERS if word[-1] == end), key=len, reverse=True)
    for end in {word[-1] for word in _FILLERS}
}
_CUT = re.compile(r"[\d%;。]")
_HAN_BEFORE, _HAN_AFTER = re.compile(r"[一-龥A-Za-z()]{2,14}$"), re.compile(r"的?([一-龥A-Za-z]{2,14})")
_LATIN_AFTER = re.compile(r"[\s-](?:of\s)?([A-Za-z][\w'-]{0,20}(?:\s[A-Za-z][\w'-]{0,20}){0,3})")
_RELATIVE = re.compile(r"\b(?:that|which|who)\b")
_TOKEN = re.compile(r"[A-Za-z][\w'&-]*")
_GLUES = "0123456789."
_ARTICLES = word_set("the a an its their this that these those")
_SCALES = word_set("hundred thousand million billion trillion dozen half bn mn sq ft square")
_PRONOUNS = word_set("it they he she we which who there some")
# what ends a noun phrase: prepositions, and verbs that press and filings put before a number
_ENDS = word_set(
    "in on at by for to from with as of and or but about around nearly roughly over under between up is are was were "
    "be will would should could may can has have had said says plans plan aims covers cover spans costs cost uses use "
    "consumes draws includes comprises houses hosts holds totals reached reaches stands runs operates operate builds "
    "build bought buys spent invest invests ships delivers offers raises took takes broke went sold sells rose fell "
    "generates produces expects targets seeks needs requires provides contains features boasts hit got paid that "
    "which"
)


def subject(text: str, clause: tuple[int, int], start: int, end: int) -> str:
    """Return the words that name the quantity text[start:end]; `clause` is the span of its clause."""
    at, stop = clause
    before = text[max(at, start - 120) : start]
    after = text[end : min(stop, end + 40)]
    if _HAN.search(before[-40:] + after):
        return _han_subject(before[-40:], after)
    *earlier, last = _RELATIVE.split(before)
    run = _LATIN_AFTER.match(after)
    behind = _noun_phrase(run[1]) if run else ""
    counted = _noun_phrase(re.split(r"\d", text[start:end])[-1])
    return _noun_phrase(last) or behind or counted or (_noun_phrase(earlier[-1]) if earlier else "")


def _trim(words: str) -> str:
    """Return words without the fillers at their end."""
    while words:
        words = words.rstrip()
        filler = next((word for word in _FILLERS_BY_END.get(words[-1:], ()) if words.endswith(word)), "")
        if words.endswith("能") and not words.endswith("储能"):
            filler = "能"
        if not filler:
            break
        words = words[: -len(filler)]
    return words


@cache
def _unit() -> re.Pattern[str]:
    return re.compile(rf"[十百千万亿]{{0,4}}(?:{unit_pattern()})")


def _han_subject(before: str, after: str) -> str:
    pieces = _CUT.split(before)
    words = pieces[-1]
    unit = _unit().match(words) if len(pieces) > 1 else None
    words = _trim(words[unit.end() :] if unit else words)
    words = re.sub("^(?:[A-Z]{1,2}(?=[一-龥])|合计|其中)", "", words) if len(pieces) > 1 else words
    run = _HAN_BEFORE.search(words)
    if run:
        return run.group()
    run = _HAN_AFTER.match(after)
    return run[1] if run else ""


def _noun_phrase(before: str) -> str:
    """Return the noun phrase that some words begin with, without its article; empty if they begin otherwise."""
    words: list[str] = []
    for match in _TOKEN.finditer(before):
        word = match.group()
        near = before[max(0, match.start() - 2) : match.start()].rstrip("-")[-1:]
        glued = near in _GLUES and near != ""
        if glued or before[match.end() : match.end() + 1] == "$" or word.lower() in _SCALES:
            continue  # "345kV", "390-million", "S$"
        if word.lower() in _ENDS or (words and words[-1].lower() not in _ARTICLES and word.endswith("ed")):
            break
        if spelling_key(word) not in declared_units():
            words.append(word)
    while words and words[0].lower() in _ARTICLES:
        words = words[1:]
    return "" if not words or (words[0].lower() in _PRONOUNS and words[0] != "IT") else " ".join(words[:6])
