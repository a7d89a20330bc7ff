"""Dates as sources give them: a subset of EDTF (Library of Congress, 2019), and the one reader of written dates.

The subset: 2024, 2024-06, 2024-06-15, each with ~ (about) or ? (uncertain) behind it, and an interval of two
of them, one of which may be open (..): 2024-06/2024-11, 2025-01/.., ../2024.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

from osint.errors import BadInputError

_POINT = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?([~?]?)")
_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:年|\s*(?P<mark>[-/.年])\s*(?P<month>\d{1,2})(?:月|\s*(?:(?P=mark)|月)\s*(?P<day>\d{1,2})日?)?)?"
    r"(?:(?:T|\s*)(?:[01]?\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d+)?)?\s*(?:Z|[+-][01]\d:?[0-5]\d)?)?"
)
_DIGITS = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:(?:[01]\d|2[0-3])(?:[0-5]\d){2})?")
_DAY_INSIDE = re.compile(r"(?<!\d)\d{4}(?:([-/.])\d{1,2}\1\d{1,2}|年\d{1,2}月\d{1,2})(?!\d)")
_WEEK = re.compile(r"\d{4}-?W\d{2}(?:-?\d)?")
_MILLISECONDS = re.compile(r"\d{12,13}")
_URL_DAY = re.compile(r"/t((?:19|20)\d{2})(\d{2})(\d{2})_|/((?:19|20)\d{2})[-/]?(\d{2})[-/]?(\d{2})(?=[/_.])")
_URL_MONTH = re.compile(r"/((?:19|20)\d{2})[-/]?(\d{2})/")
SHANGHAI = dt.timezone(dt.timedelta(hours=8))
"""Clock of the portals that give milliseconds since 1970: their midnight is not that of Greenwich."""
KEPT_DATES = 4096  # texts of dates of which the days are kept
SLACK_DAYS = {"year": 366, "month": 31, "day": 7}
"""Days by which ~ and ? widen a date on each side: its own unit, and a week for a day (judgement)."""
_FORMS = "write 2024, 2024-06 or 2024-06-15, with ~ (about) or ? (uncertain) behind it, or two of them with / between"


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True)
class WrittenDate:
    """A date as a source wrote it, and the days that it allows."""

    text: str
    """The date in the EDTF subset, as 2024-06-30 or 2024-06."""
    first: dt.date
    """Earliest day; date.min if the start is open."""
    last: dt.date
    """Latest day; date.max if the end is open."""

    @cached_property
    def known(self) -> tuple[dt.date, dt.date]:
        """Earliest and latest day without the open side of an interval: the bounds of 2020 for 2020/.. and ../2020."""
        return date_bounds(self.text.removeprefix("../").removesuffix("/.."))

    @cached_property
    def words(self) -> str:
        """The date as a sentence has it, no more exact than its source.

        >>> written_date("2024-10-11/2024-11-08").words, written_date("2025-07").words
        ('between 11 October and 8 November 2024', 'July 2025')
        >>> written_date("2024-12/2025-01~").words, written_date("../2025").words
        ('between December 2024 and about January 2025', 'by 2025')
        """
        start, _, end = self.text.partition("/")
        if not end:
            return _point_in_words(start)
        if ".." in {start, end}:
            return f"by {_point_in_words(end)}" if start == ".." else f"from {_point_in_words(start)} on"
        if start == end:
            return _point_in_words(start)
        first, last = _point_in_words(start), _point_in_words(end)
        if start[:4] == end[:4] and first.endswith(f" {end[:4]}"):
            first = first.removesuffix(f" {end[:4]}")
        return f"between {first} and {last}"


def _point_in_words(text: str) -> str:
    """Return 2024-06-30, 2024-06, 2024 or one of them with ~ or ? as a reader writes it."""
    year, month, day = (*text.rstrip("~?").split("-"), "", "")[:3]
    about = "about " if text.endswith(("~", "?")) else ""
    return about + " ".join(part for part in (day.lstrip("0"), MONTHS[int(month) - 1] if month else "", year) if part)


@lru_cache(maxsize=KEPT_DATES)
def written_date(text: str) -> WrittenDate:
    """Return a date of the EDTF subset with its days; one record for each text. Raises as `date_bounds`."""
    return WrittenDate(text, *date_bounds(text))


@lru_cache(maxsize=KEPT_DATES)
def date_bounds(text: str) -> tuple[dt.date, dt.date]:
    """Return the earliest and the latest day that a date of the EDTF subset allows.

    An open end gives date.min or date.max. An approximate (~) or uncertain (?) date is widened by its own unit:
    a year, a month, a week. Raises BadInputError for any other text: this is the one spelling that tables and records
    hold. `read_date` reads 20240630 and the other spellings of sources, and gives this one.

    >>> [str(day) for day in date_bounds("2024-06/2024-11")]
    ['2024-06-01', '2024-11-30']
    """
    parts = text.split("/")
    if len(parts) == 1:
        return _point(text, text)
    if len(parts) != len(("start", "end")) or parts == ["..", ".."]:
        raise BadInputError(f"{text!r} is not a date; {_FORMS}")
    low = dt.date.min if parts[0] == ".." else _point(parts[0], text)[0]
    high = dt.date.max if parts[1] == ".." else _point(parts[1], text)[1]
    if low > high:
        raise BadInputError(f"{text!r} ends before it begins; write the earlier date first")
    return low, high


def _point(point: str, text: str) -> tuple[dt.date, dt.date]:
    found = _POINT.fullmatch(point)
    if not found:
        raise BadInputError(f"{text!r} is not a date; {_FORMS}")
    year, month, day, mark = found.groups()
    try:
        low = dt.date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise BadInputError(
            f"{text!r} is not a date of the calendar ({error}); correct the month or the day"
        ) from error
    unit = "day" if day else "month" if month else "year"
    last_month = low.month if month else 12
    high = low if day else low.replace(month=last_month, day=calendar.monthrange(low.year, last_month)[1])
    slack = dt.timedelta(SLACK_DAYS[unit] if mark else 0)
    return (low - slack if low.toordinal() > slack.days else low), high + slack


def valid_date(text: str) -> bool:
    """Return whether the text is a date of the EDTF subset, with a real month and day."""
    try:
        date_bounds(text)
    except BadInputError:
        return False
    return True


def read_date(value: str | dt.date) -> WrittenDate:
    """Read a date as a source writes it; the whole text must be the date, with or without a time of day.

    Read are the EDTF subset, 20240630, 2024/6/30, 2024.6.30, 2024年6月30日, 2024年6月, 2024年, and ISO times such
    as 2024-06-30T10:30:00Z, of which the day is kept. Its `text` is in the EDTF subset, which alone `date_bounds`
    and the tables take. Raises BadInputError for a week date, a day that the calendar or a time that the clock does
    not have, and everything else.

    >>> read_date("2024年6月30日").text, read_date("2024/6").text
    ('2024-06-30', '2024-06')
    """
    if isinstance(value, dt.date):
        on = value.date() if isinstance(value, dt.datetime) else value
        return WrittenDate(on.isoformat(), on, on)
    if not isinstance(value, str):
        raise BadInputError(f"{value!r} is not a date; {_FORMS}")
    text = unicodedata.normalize("NFKC", value).strip()
    if valid_date(text):
        return WrittenDate(text, *date_bounds(text))
    if _WEEK.fullmatch(text):
        raise BadInputError(f"{value!r} is a week date; write a day of that week, as 2024-06-24")
    found = _DIGITS.fullmatch(text) or _WRITTEN.fullmatch(text)
    if not found:
        raise BadInputError(f"{value!r} is not a date; {_FORMS}")
    year, month, day = found.group("year", "month", "day") if found.re is _WRITTEN else found.groups()
    point = "-".join([year, *(f"{int(part):02d}" for part in (month, day) if part)])
    return WrittenDate(point, *_point(point, value))


def read_day(value: str | dt.date) -> dt.date:
    """Read a date that must be a single day, as an argument `start` or `end`, in any spelling of `read_date`.

    Raises BadInputError for a month, a year or an interval.
    """
    found = read_date(value)
    if found.first != found.last:
        raise BadInputError(f"{value!r} is not a single day; write it as 2024-06-15")
    return found.first


def read_span(start: str | dt.date, end: str | dt.date) -> tuple[dt.date, dt.date]:
    """Return the first day of `start` and the last day of `end`, each as `read_date` reads it.

    Raises BadInputError for what is not a date, and where the end comes before the start.

    >>> [str(day) for day in read_span("2024-04", "2024-06")]
    ['2024-04-01', '2024-06-30']
    """
    first, last = read_date(start).first, read_date(end).last
    if last < first:
        raise BadInputError(f"`end` ({last}) is before `start` ({first})")
    return first, last


def find_date(cell: object) -> WrittenDate | None:
    """Return the date in a scraped cell, or None where none can be read.

    The cell may hold more words than a date, and then the first whole day in it counts; or milliseconds since
    1970 (a day in Shanghai). A day that the calendar does not have is None, never another day.

    >>> find_date("发布时间：2024-06-30 10:20").text, find_date("2024-13-45")
    ('2024-06-30', None)
    """
    text = unicodedata.normalize("NFKC", str("" if cell is None else cell)).strip()
    if _MILLISECONDS.fullmatch(text):
        return read_date(dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC).astimezone(SHANGHAI))
    inside = _DAY_INSIDE.search(text)
    for candidate in (text, inside.group() if inside else ""):
        try:
            return read_date(candidate)
        except BadInputError:
            continue
    return None


def find_url_date(url: str) -> WrittenDate | None:
    """Return the day or the month that the path of an address carries, or None.

    A day that the calendar does not have, as /2024/06/31/, is not read as its month.

    >>> find_url_date("https://x.gov.cn/zfxx/202406/content_1.html").text
    '2024-06'
    """
    days = list(_URL_DAY.finditer(url))
    starts = {day.start() for day in days}
    for found in (*days, *(month for month in _URL_MONTH.finditer(url) if month.start() not in starts)):
        point = "-".join(part for part in found.groups() if part)
        if valid_date(point):
            return WrittenDate(point, *date_bounds(point))
    return None
