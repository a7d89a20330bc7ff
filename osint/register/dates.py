"""Dates as the sources give them: a subset of EDTF (Library of Congress, 2019).

Allowed: 2024, 2024-06, 2024-06-15, each with ~ (about) or ? (uncertain) behind it, and an interval of two
of them, one of which may be open (..) : 2024-06/2024-11, 2025-01/.., ../2024.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from osint.errors import OsintError

_POINT = r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?([~?]?)"
PATTERN = rf"(?:{_POINT})|(?:(?:{_POINT}|\.\.)/(?:{_POINT}|\.\.))"
SLACK = {"~": {"year": 366, "month": 31, "day": 7}, "?": {"year": 366, "month": 31, "day": 7}, "": {}}


def valid(text: str) -> bool:
    """Whether the text is in the subset, with real months and days."""
    try:
        bounds(text)
    except OsintError:
        return False
    return True


def bounds(text: str) -> tuple[dt.date, dt.date]:
    """Earliest and latest day that the text allows; open ends give date.min and date.max.

    An approximate (~) or uncertain (?) date is widened by its own unit: a year, a month, a week.
    """
    parts = text.split("/")
    if len(parts) == 1:
        return _point(text, text)
    if len(parts) != 2 or parts == ["..", ".."]:
        raise OsintError(f"{text!r} is not a date; write 2024, 2024-06, 2024-06-15, with ~ or ?, or two of them with /")
    low = dt.date.min if parts[0] == ".." else _point(parts[0], text)[0]
    high = dt.date.max if parts[1] == ".." else _point(parts[1], text)[1]
    if low > high:
        raise OsintError(f"{text!r} ends before it begins; write the earlier date first")
    return low, high


def _point(point: str, text: str) -> tuple[dt.date, dt.date]:
    found = re.fullmatch(_POINT, point)
    if not found:
        raise OsintError(f"{text!r} is not a date; write 2024, 2024-06, 2024-06-15, with ~ or ?, or two of them with /")
    year, month, day, mark = found.groups()
    try:
        if day:
            low = high = dt.date(int(year), int(month), int(day))
        elif month:
            low = dt.date(int(year), int(month), 1)
            high = low.replace(day=calendar.monthrange(int(year), int(month))[1])
        else:
            low, high = dt.date(int(year), 1, 1), dt.date(int(year), 12, 31)
    except ValueError as error:
        raise OsintError(f"{text!r} is not a date of the calendar ({error}); mend the month or the day") from error
    unit = "day" if day else "month" if month else "year"
    slack = dt.timedelta(SLACK[mark].get(unit, 0))
    return (low - slack if low.toordinal() > slack.days else low), high + slack
