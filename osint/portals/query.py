"""What is looked for, in words, places and days, and what one source answered."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from osint.errors import BadInputError
from osint.portals.adapters import Hit
from osint.portals.classify import AnswerClass
from osint.register import read_date

PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "新疆": ("65", ("xjdrc.xinjiang.gov.cn",)),
    "乌鲁木齐": ("65", ("wlmq.gov.cn",)),
    "哈密": ("65", ("hami.gov.cn",)),
    "伊吾": ("65", ("xjyiwu.gov.cn",)),
    "克拉玛依": ("65", ("klmy.gov.cn",)),
    "兵团": ("65", ("xjbt.gov.cn",)),
    "青海": ("63", ()),
    "西宁": ("63", ()),
    "海东": ("63", ()),
    "海南州": ("63", ()),
    **dict.fromkeys(("昌吉", "塔城", "托里", "阿克苏", "新星", "伊州"), ("65", ())),
    **dict.fromkeys(("海西", "格尔木", "德令哈", "共和"), ("63", ())),
}
"""Place words: first two digits of the province, and hosts whose pages web archives may hold."""
ENGLISH = {
    "xinjiang": "新疆", "urumqi": "乌鲁木齐", "hami": "哈密", "kumul": "哈密", "yiwu": "伊吾", "araturk": "伊吾",
    "karamay": "克拉玛依", "xpcc": "兵团", "bingtuan": "兵团", "qinghai": "青海", "xining": "西宁", "haidong": "海东",
    "changji": "昌吉", "tacheng": "塔城", "tuoli": "托里", "toli": "托里", "aksu": "阿克苏", "xinxing": "新星",
    "yizhou": "伊州", "haixi": "海西", "golmud": "格尔木", "delingha": "德令哈", "gonghe": "共和",
}  # fmt: skip
"""English names of place words."""
_STOCK = re.compile(r"\d{6}$")
AN_ANSWER = (AnswerClass.CONTENT, AnswerClass.EMPTY_RESULT)
"""Classes of an answer of a source to a search, with rows or without."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for."""

    words: tuple[str, ...]
    """Topic words, all of which a title must hold."""
    places: tuple[str, ...]
    """Place words, which choose regional sources."""
    stock: str
    """A stock code of six digits, or empty."""
    start: date
    """First day."""
    end: date
    """Last day."""
    pages: int = 3
    """Pages asked of each source."""

    @property
    def provinces(self) -> set[str]:
        """First two digits of the provinces named."""
        return {PLACES[place][0] for place in self.places}

    @property
    def hosts(self) -> list[str]:
        """Government sites of the places named."""
        return [host for place in self.places for host in PLACES[place][1]]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source answered, what it could not, and what remains."""

    source: str
    """Short name."""
    answer: AnswerClass | None
    """Class of its last answer; None if it was not asked."""
    signal: str
    """What decided the class, or why it was not asked."""
    hits: tuple[Hit, ...] = ()
    """Rows that fit."""
    left_out: int = 0
    """Rows that the source gave although they lack the words or are outside the days."""
    total: int | None = None
    """Hits that it states."""
    could_not: str = ""
    """What it cannot answer, or did not."""
    by_hand: str = ""
    """Page that a person should still open."""

    @property
    def answered(self) -> bool:
        """Whether the source answered the search, with rows or without."""
        return self.answer in AN_ANSWER

    def to_row(self) -> dict[str, Any]:
        """Return the report as one object of the JSON output, with the count of its rows."""
        row = {name: value for name, value in asdict(self).items() if name != "hits"}
        return {**row, "answer": self.answer or "not asked", "rows": len(self.hits)}


def words_asked(words: str) -> tuple[str, tuple[str, ...]]:
    """Return the words in which the portals are asked, which are Chinese, and a sentence for each that is not.

    >>> words_asked("智算中心 Hami")
    ('智算中心 哈密', ('Hami is asked as 哈密',))
    """
    parts, remarks = [], []
    for word in words.replace("，", " ").replace(",", " ").split():
        chinese = ENGLISH.get(word.casefold(), word)
        parts.append(chinese)
        if chinese != word:
            remarks.append(f"{word} is asked as {chinese}")
        elif word.isascii() and any(one.isalpha() for one in word):
            remarks.append(
                f"{word!r} is no place that is known in English and is asked as it is; the portals are Chinese"
            )
    return " ".join(parts), tuple(remarks)


def read_query(words: str, start: str | date, end: str | date, *, pages: int = 3) -> Query:
    """Read the words and days of a search; a month means its first or last day, a place in English its Chinese name.

    Raises BadInputError for a day that does not exist, or days in the wrong order.

    >>> asked = read_query("智算中心 哈密", "2024-02", "2024-02")
    >>> asked.words, asked.places, asked.end
    (('智算中心',), ('哈密',), datetime.date(2024, 2, 29))
    """
    parts = words_asked(words)[0].split()
    if not parts:
        raise BadInputError("there is nothing to search for; give words such as '智算中心 哈密'")
    places = tuple(part for part in parts if part in PLACES)
    stocks = [part for part in parts if _STOCK.match(part)]
    topic = tuple(part for part in parts if part not in places and part not in stocks)
    first, last = read_date(start).first, read_date(end).last
    if date.min == first or date.max == last or first > last:
        raise BadInputError(f"{start} is after {end}, or one of them is open; give the first and the last day or month")
    return Query(topic or places, places, stocks[0] if stocks else "", first, last, pages)
