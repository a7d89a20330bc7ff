"""Read the words that bound a number: about, more than, at least, up to, less than."""

from __future__ import annotations

import re

_OPEN = r"[\s(\[【:]{0,3}(?:US\$|HK\$|[$¥€]|RMB|人民币|an?\s)?\s?$"
_BEFORE = [
    ("at least", r"不低于|不少于|不小于|不得低于|不得少于|至少|最少|最低|≥|>=|下限为?|起步"),
    ("up to", r"不高于|不超过|不大于|不得超过|不得高于|不多于|最多|至多|最大|上限为?|最高|≤|<=|以内"),
    ("less than", r"不足|不到|低于|小于|少于|未满|不满|降至?到?以下|<"),
    ("more than", r"超过|突破|超|逾|多于|大于|高于|超出|高出|过(?=$)|上(?=[百千万亿]?$)|>"),
    ("about", r"大约|约为|约合|约计|约|近|将近|接近|大概|左右|估计|预估|大致|折合约|相当于约|上下"),
]
_EN_BEFORE = [
    ("at least", r"at least|no less than|no fewer than|not less than|a minimum of|minimum of|minimum|≥|at a minimum"),
    ("up to", r"up to|as many as|as much as|as high as|as large as|at most|no more than|not more than|a maximum of|"
              r"maximum of|not exceed|not exceeding|capped at|a peak of|to a maximum of|not to exceed"),
    ("less than", r"less than|fewer than|under|below|lower than|short of|just under"),
    ("more than", r"more than|over|above|exceeding|exceeds|exceed|exceeded|in excess of|upwards of|north of|greater than|"
                  r"surpass(?:ed|es|ing)?|topp(?:ed|ing)|well over|higher than|larger than|beyond"),
    ("about", r"about|around|approximately|approx\.?|roughly|some|nearly|almost|close to|circa|an estimated|estimated|"
              r"~|≈|in the region of|or so|near(?=\s$)|c\."),
]  # fmt: skip
_MIDDLE = r"(?:为|达到?|至|到|在|于|共|:)?"
_PATTERNS = [
    (word, re.compile(rf"(?:{zh}){_MIDDLE}{_OPEN}")) for word, zh in _BEFORE
] + [
    (word, re.compile(rf"(?:(?<![A-Za-z])(?:{en})|[~≈≥])(?:\s(?:a|an|the|its|of|another|about))?{_OPEN}", re.IGNORECASE)
     if word == "about" or "≥" in en else
     re.compile(rf"(?<![A-Za-z])(?:{en})(?:\s(?:a|an|the|its|of|another))?{_OPEN}", re.IGNORECASE))
    for word, en in _EN_BEFORE
]  # fmt: skip
_AFTER = [
    ("at least", re.compile(r"\s?\(?(?:及以上|或以上|以上|起|or more|or greater|or higher|及其以上)")),
    ("up to", re.compile(r"\s?\(?(?:以内|之内|or less|or fewer|or lower|及以下|max\b)")),
    ("less than", re.compile(r"\s?\(?(?:以下)")),
    ("about", re.compile(r"\s?\(?(?:左右|上下|级|量级|or so|-class)")),
    ("more than", re.compile(r"\s?(?:\+|有余|plus\b)")),
]
_AHEAD = 28


def qualifier(text: str, start: int, end: int, more: bool) -> str:
    """Return the qualifier of the number at text[start:end]: exact, about, more than, at least, up to, less than."""
    before = text[max(0, start - _AHEAD) : start]
    for word, pattern in _PATTERNS:
        if pattern.search(before):
            return word
    if more:
        return "more than"
    after = text[end : end + 12]
    for word, pattern in _AFTER:
        if pattern.match(after):
            return word
    return "exact"
