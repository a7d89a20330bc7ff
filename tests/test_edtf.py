import datetime as dt

import pytest

from osint.errors import OsintError
from osint.register import dates


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", (2024, 1, 1), (2024, 12, 31)),
        ("2024-02", (2024, 2, 1), (2024, 2, 29)),
        ("2024-06-15", (2024, 6, 15), (2024, 6, 15)),
        ("2024-06/2024-11", (2024, 6, 1), (2024, 11, 30)),
        ("2024-06-15~", (2024, 6, 8), (2024, 6, 22)),
    ],
)
def test_bounds(text, low, high):
    assert dates.bounds(text) == (dt.date(*low), dt.date(*high))


def test_open_interval():
    assert dates.bounds("2025-01/..") == (dt.date(2025, 1, 1), dt.date.max)
    assert dates.bounds("../2025")[0] == dt.date.min


@pytest.mark.parametrize(
    "text", ["2024-13", "2024-02-30", "24-06", "2024/2023", "../..", "soon", "2024-06-15T10:00", "2024-1"]
)
def test_refused(text):
    with pytest.raises(OsintError):
        dates.bounds(text)
    assert not dates.valid(text)
