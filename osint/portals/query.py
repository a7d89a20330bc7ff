"""Read what is looked for, and hold what each source answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from osint.errors import OsintError

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
}
"""Place words: first two digits of the province, and hosts whose pages archives may hold."""

_STOCK = re.compile(r"\d{6}$")


@dataclass(frozen=True)
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


@dataclass
class Report:
    """What one source answered, what it could not, and what remains."""

    source: str
    """Short name."""
    answer: str
    """Class of its last answer, or `not asked`."""
    said: str
    """The signal."""
    rows: list[dict[str, str]] = field(default_factory=list)
    """Rows that fit."""
    left_out: int = 0
    """Rows that the source gave although they lack the words."""
    total: int | None = None
    """Hits that it states."""
    could_not: str = ""
    """What it cannot answer, or did not."""
    by_hand: str = ""
    """What a person should still open."""


def query(words: str, start: str, end: str, *, pages: int = 3) -> Query:
    """Read the words and days of a search; a month means its first or last day.

    Raises OsintError for days that are none, or in the wrong order.
    """
    parts = words.split()
    if not parts:
        msg = "there is nothing to search for; give words such as '智算中心 哈密'"
        raise OsintError(msg)
    places = tuple(part for part in parts if part in PLACES)
    stocks = [part for part in parts if _STOCK.match(part)]
    topic = tuple(part for part in parts if part not in places and part not in stocks)
    made = Query(topic or places, places, stocks[0] if stocks else "", _day(start, 0), _day(end, 1), pages)
    if made.start > made.end:
        msg = f"--from {start} is after --to {end}; exchange them"
        raise OsintError(msg)
    return made


def _day(text: str, last: int) -> date:
    try:
        if re.fullmatch(r"\d{4}", text):
            return date(int(text), 12, 31) if last else date(int(text), 1, 1)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            year, month = int(text[:4]), int(text[5:])
            following = date(year + month // 12, month % 12 + 1, 1)
            return following - timedelta(days=1) if last else date(year, month, 1)
        return date.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no day; give 2024-06-30 or 2024-06"
        raise OsintError(msg) from error
