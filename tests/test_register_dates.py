import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osint.errors import BadInputError, OsintError
from osint.register import date_bounds, find_date, find_url_date, read_date, read_day, valid_date


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
    assert date_bounds(text) == (dt.date(*low), dt.date(*high))


def test_open_interval():
    assert date_bounds("2025-01/..") == (dt.date(2025, 1, 1), dt.date.max)
    assert date_bounds("../2025")[0] == dt.date.min


@pytest.mark.parametrize(
    "text", ["2024-13", "2024-02-30", "24-06", "2024/2023", "../..", "soon", "2024-06-15T10:00", "2024-1"]
)
def test_refused(text):
    with pytest.raises(OsintError):
        date_bounds(text)
    assert not valid_date(text)


@pytest.mark.parametrize(
    ("text", "edtf"),
    [
        ("20240630", "2024-06-30"),
        ("2024年6月30日", "2024-06-30"),
        ("２０２４年６月", "2024-06"),
        ("2024年", "2024"),
        ("2024/6/3", "2024-06-03"),
        ("2024.06.03", "2024-06-03"),
        ("2024-6", "2024-06"),
        ("2026-11-24T10:30:00Z", "2026-11-24"),
        ("2024-06-30 10:20", "2024-06-30"),
        ("2024-06/2024-11", "2024-06/2024-11"),
        (" 2024-06-15~ ", "2024-06-15~"),
    ],
)
def test_a_date_as_a_source_writes_it(text, edtf):
    found = read_date(text)
    assert found.text == edtf and (found.first, found.last) == date_bounds(edtf)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024-13-45", "correct the month or the day"),
        ("20240631", "correct the month or the day"),
        ("2024-99-99", "correct the month or the day"),
        ("2024-06-30 or so", "is not a date"),
        ("2024-W26-1", "is a week date"),
        ("2024-06-30T25:61:00Z", "is not a date"),
        ("20240630256100", "is not a date"),
        (None, "None is not a date"),
        (20240630, "20240630 is not a date"),
        ("65050004", "is not a date"),
        ("", "is not a date"),
    ],
)
def test_what_is_not_a_date_is_refused_with_a_sentence(text, words):
    with pytest.raises(BadInputError, match=words):
        read_date(text)


def test_tables_hold_one_spelling_and_sources_write_many():
    assert date_bounds(read_date("20240630").text)[0] == read_day("20240630")
    with pytest.raises(BadInputError):
        date_bounds("20240630")


def test_an_open_interval_has_a_known_side():
    year = date_bounds("2020")
    assert read_date("2020/..").known == read_date("../2020").known == read_date("2020").known == year


def test_a_day_is_one_day():
    assert read_day("2024-06-30") == read_day(dt.date(2024, 6, 30)) == dt.date(2024, 6, 30)
    with pytest.raises(BadInputError, match="not a single day"):
        read_day("2024-06")


@pytest.mark.parametrize(
    ("cell", "edtf"),
    [
        ("发布时间：2024-06-30 10:20 来源", "2024-06-30"),
        ("1719676800000", "2024-06-30"),  # midnight in Shanghai
        ("20240630123000", "2024-06-30"),
        ("2024-06", "2024-06"),
        ("2024-13-45", None),
        ("20240631", None),
        ("no date", None),
        (None, None),
        ("", None),
    ],
)
def test_a_scraped_cell(cell, edtf):
    found = find_date(cell)
    assert (found.text if found else None) == edtf


@pytest.mark.parametrize(
    ("url", "edtf"),
    [
        ("https://x.gov.cn/zfxx/202406/content_1.html", "2024-06"),
        ("https://x.gov.cn/zfxx/202406/t20240630_12.html", "2024-06-30"),
        ("https://x.gov.cn/2024/06/30/a.html", "2024-06-30"),
        ("https://x.gov.cn/2024-06/a.html", "2024-06"),
        ("https://x.gov.cn/202413/a.html", None),
        ("https://x/2024/06/31/a.html", None),
        ("https://x/202406/t20240631_1.html", "2024-06"),  # the folder is a month of its own
        ("https://x.gov.cn/a.html", None),
    ],
)
def test_the_date_in_an_address(url, edtf):
    found = find_url_date(url)
    assert (found.text if found else None) == edtf


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
def test_every_spelling_of_a_day_is_that_day(day):
    spellings = (day.isoformat(), f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{day:%Y/%m/%d}")
    assert {read_day(text) for text in spellings} == {day}
