"""Small tables in the shapes of notices: the right number in its row, column and unit, or none."""

import pytest

from benchmarks import tables
from osint import filings

SMALL = [
    *tables.read_tables(tables.HERE / "tables.txt"),
    *tables.read_tables(tables.HERE / "tables_fourth.txt"),
]


@pytest.mark.parametrize("table", SMALL, ids=lambda table: table.name)
def test_a_small_table_is_read_right_in_a_page(table):
    done = tables.outcome(table, "a.html", tables.as_html(table))
    assert not done.missed
    assert not done.wrong


@pytest.mark.parametrize("form", ["HTML", "Word", "Excel"])
def test_random_spans_and_places_of_units(form):
    name, write = tables.FORMATS[form]
    for table in tables.random_tables(12, 29):
        done = tables.outcome(table, name, write(table))
        assert done.right, (table.rows, done)


@pytest.mark.parametrize("form", ["Word", "Excel"])
def test_word_and_excel_read_every_fourth_as_the_page_does(form):
    name, write = tables.FORMATS[form]
    for table in SMALL[::4]:
        assert tables.outcome(table, name, write(table)).right, table.name


def page(*rows, above=""):
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row.split("|")) + "</tr>" for row in rows)
    return filings.parse(f"<meta charset=utf-8><p>{above}</p><table>{cells}</table>".encode(), "a.html")


def test_every_claim_of_a_table_says_where_it_stands_and_none_is_sure_of_what_was_inferred():
    for table in SMALL:
        frame = filings.claims_of(filings.parse(tables.as_html(table), "a.html"))
        apart = frame[frame["unit_source"] != "cell"]
        assert set(apart["unit_source"]) <= {"column header", "row label", "unit cell", "note"}
        assert "high" not in set(apart["confidence"])
        assert (apart["row_label"] + apart["column_label"] != "").all()


def test_a_table_that_was_seen_and_not_read_is_named():
    filing = page("设施|规模", "配套用房面积|1500", "门禁点|260")
    assert "table 1: 2 numbers without a unit, not read" in filing.remarks
    assert filings.claims_of(filing).empty


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("甲|500 200", "not one number"),
        ("甲|500/200", "not one number"),
        ("甲|620+280", "not one number"),
    ],
)
def test_what_is_not_one_number_keeps_its_quote_and_loses_its_value(row, reason):
    frame = filings.claims_of(page("园区|规模（架）", row))
    assert frame["si_low"].isna().all()
    assert frame["si_high"].isna().all()
    assert frame["warning"].str.contains(reason).all()
    assert len(frame) == 1


def test_two_units_that_compete_give_no_value():
    frame = filings.claims_of(page("指标|数值（万元）", "用电负荷（MW）|36"))
    assert frame["si_low"].isna().all()
    assert "two units compete" in frame["warning"].iloc[0]


def test_the_sentence_of_a_claim_is_its_header_and_its_row():
    frame = filings.claims_of(page("企业|机柜（架）", "甲公司|3,120"))
    assert frame["sentence"].tolist() == ["企业 | 机柜（架）\n甲公司 | 3,120"]


def test_a_bid_that_did_not_win_says_so():
    frame = filings.claims_of(page("投标人|报价（元）|是否中标", "甲|3120000|是", "乙|2980000|否"))
    assert frame["rung"].tolist() == ["filed", ""]
    assert "did not win" in frame["warning"].iloc[1]
