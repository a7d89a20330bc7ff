from datetime import date

import pytest

from osint.claims.dates import mentions
from osint.claims.folding import fold
from osint.filings.facts import document_date
from osint.register import valid_date

WHEN = date(2024, 11, 11)


@pytest.mark.parametrize(
    ("text", "edtfs"),
    [
        ("2024年6月初进场", ["2024-06"]), ("这个项目6月初我们进场", ["2024-06"]), ("明年“五一”完成", ["2025-05-01"]),
        ("今年底可达", ["2024-12"]), ("明年上半年投产", ["2025-01/2025-06"]), ("2025-2027年", ["2025/2027"]),
        ("2025年1月至3月", []), ("10月底", ["2024-10"]), ("2025年9月1日", ["2025-09-01"]), ("去年,已建成", ["2023"]),
        ("2026年第三季度", ["2026-07/2026-09"]), ("到2030年", ["2030"]), ("二〇二五年三月", ["2025-03"]), ("2024年Q4", ["2024-10/2024-12"]),
        ("in July 2024", ["2024-07"]), ("by mid-2026", ["2026-06"]), ("by the end of 2027", ["2027-12"]), ("early 2026", ["2026-01/2026-03"]),
        ("Q2 2026", ["2026-04/2026-06"]), ("the fourth quarter of 2026", ["2026-10/2026-12"]), ("on July 4, 2025", ["2025-07-04"]),
        ("last year", ["2023"]), ("on Monday", ["2024-11-11"]), ("2024-09-11", ["2024-09-11"]), ("2024年13月", ["2024"]),
        ("it may be", []), ("2000P of compute", []), ("summer 2025", ["2025-06/2025-08"]),
    ],
)  # fmt: skip
def test_dates_as_edtf(text, edtfs):
    found = [mention.edtf for mention in mentions(fold(text).text, WHEN)]
    if edtfs:
        assert found == edtfs
    for one in found:
        assert valid_date(one), one


def test_a_range_that_ends_before_it_begins_and_a_day_that_does_not_exist_are_no_dates():
    assert [mention.edtf for mention in mentions("2024年6月至3月", WHEN)] == ["2024-06", "2024-03"]
    assert mentions("2024年2月30日") == []
    assert [mention.edtf for mention in mentions("2024年11月至2025年3月")] == ["2024-11/2025-03"]


def test_without_a_document_date_a_bare_month_stays_out():
    assert mentions("10月底完成") == [] and mentions("明年投产") == []


@pytest.mark.parametrize(
    ("text", "name", "when"),
    [
        ("", "/cggg/dfgg/202409/t20240911_1.htm", date(2024, 9, 11)), ("发布时间：2024年9月15日\n正文", "a.html", date(2024, 9, 15)),
        ("来源：某网 2025-06-28", "a.html", date(2025, 6, 28)), ("2025-06-28 10:00", "a.html", date(2025, 6, 28)), ("no date", "a.txt", None),
        ("Published: 2025-07-09", "x", date(2025, 7, 9)), ("", "t20241399_1.htm", None),
    ],
)  # fmt: skip
def test_document_date_from_path_and_visible_text(text, name, when):
    assert document_date(text, name) == when
