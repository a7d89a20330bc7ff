"""Cells of HTML, Word, Excel and notices stand in one grid: a number takes the header that a reader sees above it."""

import io
import random
import zipfile
from datetime import datetime

import docx
import openpyxl
import pandas as pd
import pytest
from docx.oxml import OxmlElement

from osint import filings
from osint.errors import OsintError

S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def values(data, name):
    table = filings.claims_of(filings.parse(data, name))
    return [(kind, low) for kind, low in zip(table["kind"], table["si_low"], strict=True) if low == low]


def html(rows, head="th"):
    """A table of rows of (words, rowspan, colspan) or words."""
    lines = []
    for number, row in enumerate(rows):
        tag = head if number == 0 else "td"
        cells = [(one, 1, 1) if isinstance(one, str) else one for one in row]
        lines.append("".join(f"<{tag} rowspan='{r}' colspan={c}>{words}</{tag}>" for words, r, c in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<html><meta charset=utf-8><body><table>{body}</table></body></html>".encode()


def packed(members):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as box:
        for name, words in members.items():
            box.writestr(name, words)
    return body.getvalue()


def workbook(fill):
    book = openpyxl.Workbook()
    fill(book)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def document(fill):
    body, paper = io.BytesIO(), docx.Document()
    fill(paper)
    paper.save(body)
    return body.getvalue()


# ------------------------------------------------------------ HTML


def test_a_cell_that_spans_rows_pushes_the_next_row_to_the_right():
    page = html([["项目", "服务器（台）", "投资额（万元）"], [("一期", 2, 1), "500", "3000"], ["200", "900"]])
    assert values(page, "a.html") == [("servers", 500), ("money_cny", 3e7), ("servers", 200), ("money_cny", 9e6)]


def test_a_total_that_spans_columns_keeps_its_unit():
    page = html([["项目", "服务器（台）", "投资额（万元）"], ["一期", "500", "3000"], [("合计", 1, 2), "12900"]])
    assert values(page, "a.html")[-1] == ("money_cny", 1.29e8)


@pytest.mark.parametrize("head", ["th", "td"])
def test_two_header_rows_are_both_read(head):
    first = [("名称", 2, 1), ("建设内容", 1, 2), ("投资额（万元）", 2, 1)]
    page = html([first, ["机架（个）", "算力（P）"], ["云谷一号", "2600", "1400", "73000"]], head)
    assert values(page, "a.html") == [("racks", 2600), ("compute", 1400), ("money_cny", 7.3e8)]
    cell = filings.parse(page, "a.html").cells[-2]
    assert (cell.headers, cell.row, cell.column) == (("建设内容", "算力（P）"), 3, 3)


@pytest.mark.parametrize("row", [["一期", "500"], ["一期", "500", "3000", "7"], ["合计", "12900"]])
def test_a_number_whose_column_is_in_doubt_keeps_its_quote_and_loses_its_value(row):
    page = html([["项目", "服务器（台）", "投资额（万元）"], ["零期", "100", "100"], row])
    table = filings.claims_of(filings.parse(page, "a.html")).iloc[2:]
    assert len(table) and table["si_low"].isna().all() and set(table["quote"]) <= set(row)
    assert table["warning"].str.contains("column in doubt").all() and set(table["confidence"]) == {"low"}


def test_a_number_with_its_own_unit_needs_no_column():
    page = html([["项目", "内容", "投资额（万元）"], ["一期", "服务器500台"]])
    assert values(page, "a.html") == [("servers", 500)]


def test_a_title_over_the_table_is_not_its_header():
    page = html([[("设备清单（万元）", 1, 3)], ["项目", "机柜（架）", "功率（kW）"], ["一期", "300", "9000"]], "td")
    assert values(page, "a.html") == [("racks", 300), ("power", 9)]


def test_a_header_that_begins_again_takes_the_place_of_the_first():
    page = html([["项目", "总投资（万元）"], ["云谷", "7,300"], ["项目", "算力（P）"], ["云谷", "1400"]], "td")
    assert values(page, "a.html") == [("money_cny", 7.3e7), ("compute", 1400)]


def test_a_table_inside_a_cell_has_its_own_rows_and_headers():
    inner = "<table><tr><th>服务器（台）</th><th>机柜（架）</th></tr><tr><td>5</td><td>7</td></tr></table>"
    page = html([["项目", "投资额（万元）", "内容"], ["一期", "3000", inner], ["二期", "900", "无"]])
    assert values(page, "a.html") == [("money_cny", 3e7), ("servers", 5), ("racks", 7), ("money_cny", 9e6)]
    assert {cell.table for cell in filings.parse(page, "a.html").cells} == {"table 1", "table 2"}


def test_the_border_of_an_empty_cell_stays_in_the_text():
    page = html([["企业", "投资额（万元）", "机柜（架）"], ["甲公司", "", "450"]])
    assert "甲公司 |  | 450" in filings.parse(page, "a.html").text and values(page, "a.html") == [("racks", 450)]


def tiled(rng):
    """A table of random spans that fit together, as rows of (words, rowspan, colspan)."""
    height, width = rng.randint(2, 7), rng.randint(2, 6)
    free = {(r, c) for r in range(height) for c in range(width)}
    rows = [[] for _ in range(height)]
    for r in range(height):
        for c in range(width):
            if (r, c) not in free:
                continue
            wide = next((k for k in range(rng.randint(1, 3), 1, -1) if all((r, c + i) in free for i in range(k))), 1)
            high = min(rng.choice((1, 1, 2, 3)), height - r)
            free -= {(r + i, c + k) for i in range(high) for k in range(wide)}
            rows[r].append((f"w{r}{c}", high, wide))
    return rows


def test_random_spans_stand_where_pandas_reads_them():
    rng = random.Random(13)
    for _ in range(200):
        rows = tiled(rng)
        frame = pd.read_html(io.BytesIO(html(rows, "td")))[0]
        grid = {}
        for cell in filings.parse(html(rows, "td"), "a.html").cells:
            for r in range(cell.row, cell.row + cell.row_span):
                for c in range(cell.column, cell.column + cell.column_span):
                    assert grid.setdefault((r - 1, c - 1), cell.text) == cell.text
        found = {(r, c): frame.iat[r, c] for r in range(frame.shape[0]) for c in range(frame.shape[1])}
        assert grid == found


def test_every_cell_leads_back_to_its_words():
    rng = random.Random(5)
    for _ in range(50):
        filing = filings.parse(html(tiled(rng), "td"), "a.html")
        assert all(filing.text[cell.start : cell.end] == cell.text for cell in filing.cells)
        for cell in filing.cells:
            first, last = filing.where(cell.start, cell.end).bytes
            assert filing.data[first:last].decode() == cell.text


def test_a_notice_gives_its_goods_by_header_and_repeats_a_cell_that_spans_rows():
    page = html([["包号", "货物", "数量（台）"], [("A", 2, 1), "推理服务器", "72"], ["存储节点", "9"]])
    notice = filings.read_notice("https://h.example/a/1.html", page, "text/html")
    assert notice.tables == [
        [{"包号": "A", "货物": "推理服务器", "数量（台）": "72"}, {"包号": "A", "货物": "存储节点", "数量（台）": "9"}]
    ]


@pytest.mark.parametrize(
    "unit", ["<td rowspan=9999 colspan=1000>", "<tr><td rowspan=2>", "<table><tr><td>", "<tr>" + "<td rowspan=3>" * 40]
)
def test_hostile_spans_cost_no_more_than_their_length(unit):
    import time

    def seconds(size):
        page = ("<table>" + unit * (size // len(unit))).encode()
        begun = time.process_time()
        filings.parse(page, "a.html")
        return time.process_time() - begun

    seconds(20_000)
    # the less of two, as collecting the garbage of other tests may fall into one
    assert min(seconds(400_000), seconds(400_000)) < 9 * seconds(100_000) + 0.3


# ------------------------------------------------------------ Word


def test_paragraphs_of_a_cell_stay_apart():
    def cell(*words):
        return "<w:tc>" + "".join(f"<w:p><w:r><w:t>{w}</w:t></w:r></w:p>" for w in words) + "</w:tc>"

    rows = f"<w:tr>{cell('项目')}{cell('服务器(台)')}</w:tr><w:tr>{cell('一期')}{cell('500', '200')}</w:tr>"
    body = f"<w:document {W}><w:body><w:tbl>{rows}</w:tbl></w:body></w:document>"
    assert values(packed({"word/document.xml": body}), "a.docx") == [("servers", 500), ("servers", 200)]


def test_word_spans_nested_tables_and_parts_next_to_the_text():
    def fill(paper):
        paper.add_paragraph("总投资6")._p.append(paper.add_paragraph("9亿元")._p.r_lst[0])
        table = paper.add_table(4, 4)
        for r, row in enumerate(
            [
                ["名称", "建设内容", "", "投资额（万元）"],
                ["", "机架（个）", "算力（P）", ""],
                ["云谷一号", "2600", "1400", "73000"],
            ]
        ):
            for c, words in enumerate(row):
                table.cell(r, c).text = words
        for first, last in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((0, 3), (1, 3))):
            merged = table.cell(*first).merge(table.cell(*last))
            merged.text = merged.text.strip()
        inner = table.cell(3, 0).add_table(1, 1)
        inner.cell(0, 0).text = "服务器500台"
        paper.sections[0].header.paragraphs[0].text = "内部 7亿元"

    filing = filings.parse(document(fill), "a.docx")
    assert "page headers and footers were left out" in filing.remarks
    found = values(document(fill), "a.docx")
    assert found[1:] == [("racks", 2600), ("compute", 1400), ("money_cny", 7.3e8), ("servers", 500)]
    inner = [cell.table for cell in filing.cells if cell.text == "服务器500台"]
    assert inner == ["table 1", "table 2"]  # the cell around the table holds its words too, as in a page


def test_word_content_controls_text_boxes_and_hyphens():
    def fill(paper):
        run = paper.add_paragraph("总投资6").add_run()
        run._r.append(OxmlElement("w:noBreakHyphen"))
        paper.paragraphs[0].add_run("9亿元")
        table = paper.add_table(2, 2)
        for r, row in enumerate([["机架（个）", "算力（P）"], ["2600", "1400"]]):
            for c, words in enumerate(row):
                table.cell(r, c).text = words
        control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
        table._tbl.addprevious(control)
        content.append(table._tbl)
        control.append(content)
        box = OxmlElement("w:txbxContent")
        line = OxmlElement("w:p")
        words = OxmlElement("w:r")
        text = OxmlElement("w:t")
        text.text = "建筑面积3万平方米"
        for outer, inside in ((words, text), (line, words), (box, line), (paper.paragraphs[0].runs[0]._r, box)):
            outer.append(inside)
        deleted = OxmlElement("w:del")
        deleted.append(paper.add_paragraph("服务器900台").runs[0]._r)
        paper.paragraphs[-1]._p.append(deleted)

    filing = filings.parse(document(fill), "a.docx")
    assert values(document(fill), "a.docx") == [
        ("money_cny", 6e8),
        ("floor", 30000),
        ("racks", 2600),
        ("compute", 1400),
    ]
    assert "服务器900台" not in filing.text and any("deleted" in remark for remark in filing.remarks)


# ------------------------------------------------------------ Excel


def test_cells_stand_where_their_reference_says():
    def cells(row):
        return "".join(f'<c r="{at}" t="inlineStr"><is><t>{words}</t></is></c>' for at, words in row)

    head = cells([("A1", "项目"), ("B1", "服务器(台)"), ("C1", "投资额(万元)"), ("D1", "机柜(架)")])
    row = cells([("A2", "智算中心"), ("C2", "50000"), ("D2", "300")])
    sheet = f"<worksheet {S}><sheetData><row>{head}</row><row>{row}</row></sheetData></worksheet>"
    with zipfile.ZipFile(io.BytesIO(workbook(lambda book: None))) as box:
        parts = {member: box.read(member) for member in box.namelist()}
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    assert values(packed(parts), "a.xlsx") == [("money_cny", 5e8), ("racks", 300)]


def test_sheets_dates_formats_and_merged_headers_are_as_the_reader_sees_them():
    def fill(book):
        book.active.title = "总表"
        for number in range(2, 12):
            book.create_sheet(f"附表{number}").append([f"第{number}张"])
        sheet = book.active
        for row in (
            ["名称", "建设内容", None, "投资额（万元）", "备案日期", "上架率", "服务器"],
            [None, "机架（个）", "算力（P）"],
            ["云谷", 2600, 1400, 73000, datetime(2025, 6, 30), 0.725, 36],
        ):
            sheet.append(row)
        for merged in ("A1:A2", "B1:C1", "D1:D2", "E1:E2", "F1:F2", "G1:G2"):
            sheet.merge_cells(merged)
        sheet["F3"].number_format, sheet["G3"].number_format = "0.0%", '0"台"'
        sheet["D3"].number_format = "#,##0.00"

    filing = filings.parse(workbook(fill), "a.xlsx")
    assert "2025-06-30 | 72.5% | 36台" in filing.text
    assert list(dict.fromkeys(cell.table for cell in filing.cells))[:3] == ["sheet 总表", "sheet 附表2", "sheet 附表3"]
    found = values(workbook(fill), "a.xlsx")
    assert found[:3] == [("racks", 2600), ("compute", 1400), ("money_cny", 7.3e8)]
    place = next(cell for cell in filing.cells if cell.text == "73000")
    assert (place.where, place.headers) == ("sheet 总表 row 3 column 4", ("投资额（万元）",))


def test_a_formula_without_its_value_is_remarked():
    def fill(book):
        book.active.append(["投资额（万元）"])
        book.active.append(["=SUM(B1:B9)"])

    assert any("1 formulas without a stored value" in r for r in filings.parse(workbook(fill), "a.xlsx").remarks)


def test_a_range_over_a_whole_sheet_costs_nothing():
    def fill(book):
        book.active.append(["机柜（架）", "投资额（万元）"])
        book.active.append([900, 300])

    data = io.BytesIO(workbook(fill))
    with zipfile.ZipFile(data) as box:
        members = {name: box.read(name) for name in box.namelist()}
    member = "xl/worksheets/sheet1.xml"
    tail = b'</sheetData><mergeCells count="1"><mergeCell ref="C3:XFD1048576"/></mergeCells>'
    members[member] = members[member].replace(b"</sheetData>", tail)
    assert values(packed(members), "a.xlsx") == [("racks", 900), ("money_cny", 3e6)]


def test_damaged_office_files_end_in_a_sentence():
    def fill(paper):
        table = paper.add_table(3, 3)
        table.cell(0, 0).merge(table.cell(0, 1))

    def rows(book):
        for number in range(5):
            book.active.append([number, "a", None, 2.5, "=A1"])
        book.active.merge_cells("A1:B2")

    rng = random.Random(1)
    files = [
        (document(fill), "a.docx", ["word/document.xml"]),
        (workbook(rows), "a.xlsx", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"]),
    ]
    lumps = [b'<row r="99999999999"><c r="ZZZ9"><v>1</v></c></row>', b"99999999", b"-1", b"<w:tbl/>", b"</f>", b"<"]
    read = 0
    for _ in range(120):
        data, name, members = rng.choice(files)
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            parts = {member: box.read(member) for member in box.namelist()}
        member = rng.choice(members)
        at = rng.randrange(len(parts[member]))
        parts[member] = parts[member][:at] + rng.choice(lumps) + parts[member][at + rng.randint(0, 9) :]
        try:
            filings.claims_of(filings.parse(packed(parts), name))
            read += 1
        except OsintError:
            pass
    assert 0 < read < 120


def test_strict_open_xml_and_old_office_files():
    body = f"<w:document {W}><w:body><w:p><w:r><w:t>总投资3亿元</w:t></w:r></w:p></w:body></w:document>"
    strict = body.replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    assert values(packed({"word/document.xml": strict}), "a.docx") == [("money_cny", 3e8)]
    with pytest.raises(OsintError, match="old or encrypted Office file"):
        filings.parse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.doc")
