"""Small tables in the shapes of notices: the right number in its row, column and unit, or none."""

import pytest

from benchmarks.tables import documents, drawn_records, drawn_shapes, drawn_wrapped, forms, score, small
from osint import filings

SMALL = [table for part in ("first", "fourth", "fifth") for table in small.read_tables()[part]]


@pytest.mark.parametrize("table", SMALL, ids=lambda table: table.name)
def test_a_small_table_is_read_right_in_a_page(table):
    done = score.outcome(table, "a.html", forms.as_html(table))
    assert not done.missed
    assert not done.wrong


@pytest.mark.parametrize("form", ["HTML", "Word", "Excel"])
def test_random_spans_and_places_of_units(form):
    name, write = forms.FORMATS[form]
    for table in drawn_shapes.random_tables(12, 29):
        done = score.outcome(table, name, write(table))
        assert done.right, (table.rows, done)


def test_cells_of_several_lines_in_a_pdf_without_lines():
    for seed in range(12):
        table, data = drawn_wrapped.wrapped_table(seed)
        assert score.outcome(table, "a.pdf", data).right, table.name


@pytest.mark.parametrize("form", ["Word", "Excel"])
def test_word_and_excel_read_every_seventh_as_the_page_does(form):
    name, write = forms.FORMATS[form]
    for table in SMALL[::7]:
        assert score.outcome(table, name, write(table)).right, table.name


@pytest.mark.parametrize("form", ["HTML", "Word", "Excel"])
def test_records_in_any_layout(form):
    for one in drawn_records.documents(31, each=6):
        if one.name.startswith(form):
            assert score.outcome(one.table, one.file, one.write()).right, one.name


def page(*rows, above=""):
    cells = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row.split("|")) + "</tr>" for row in rows)
    return filings.parse(f"<meta charset=utf-8><p>{above}</p><table>{cells}</table>".encode(), "a.html")


def test_every_claim_of_a_table_says_where_it_stands_and_none_is_sure_of_what_was_inferred():
    for table in SMALL:
        frame = filings.claims_of(filings.parse(forms.as_html(table), "a.html"))
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
    [("甲|500 200", "not one number"), ("甲|500/200", "not one number"), ("甲|620+280", "not one number")],
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


@pytest.mark.parametrize(
    ("rows", "rungs"),
    [
        (("项目|设计机柜（架）|状态", "甲云|400|已投产", "乙云|600|流拍"), ["running", ""]),
        (("事项|数量（架）|完成时限", "丙云投产|900|2031-05"), ["announced"]),
        (("机房|实际负荷（kW）|状态", "丁馆|830|已送电"), ["running"]),
        (("项目|累计投入（万元）", "戊云|5200"), ["ground broken"]),
        (("Site|As announced: capacity (MW)|Status", "Elm|70|Planning refused"), [""]),
        (("Site|Acres|Verified status", "Oak|31|Hall 2 running; remainder not started"), [""]),
        (("项目|机柜（架）|状态", "己云|700|A1封顶、A2桩基施工"), ["ground broken"]),
    ],
)
def test_the_state_of_a_row_and_the_head_of_its_column(rows, rungs):
    assert filings.claims_of(page(*rows))["rung"].tolist() == rungs


def test_a_bid_that_did_not_win_says_so():
    frame = filings.claims_of(page("投标人|报价（元）|是否中标", "甲|3120000|是", "乙|2980000|否"))
    assert frame["rung"].tolist() == ["filed", ""]
    assert "did not win" in frame["warning"].iloc[1]


def _grid_page(rows, widths, top):
    """Draw a ruled table with columns of given widths."""
    drawing, y = "", top
    for row in rows:
        x = 50.0
        for words, width in zip(row, widths, strict=True):
            drawing += f"0.5 w {x:.0f} {y - 20:.0f} {width:.0f} 20 re S\n" + forms.drawn_words(
                x + 5, y - 14, words, 9.0
            )
            x += width
        y -= 20
    return drawing


HEAD, FIRST, REST = (
    ("项目", "机柜（架）", "总投资（万元）"),
    ("甲", "900", "7300"),
    [("乙", "700", "5100"), ("丙", "300", "2100")],
)


def test_a_table_that_goes_on_over_the_end_of_a_pdf_page_keeps_its_heads():
    widths = (60, 80, 90)
    first = _grid_page([HEAD, FIRST], widths, 120) + forms.drawn_words(300, 40, "1", 9.0)
    found = filings.claims_of(
        filings.parse(forms.written_pdf([(600, 842, first), (600, 842, _grid_page(REST, widths, 800))]), "a.pdf")
    )
    assert found[["kind", "si_low", "row_label", "column_label"]].values.tolist() == [
        ["racks", 900, "甲", "机柜（架）"],
        ["money_cny", 7.3e7, "甲", "总投资（万元）"],
        ["racks", 700, "乙", "机柜（架）"],
        ["money_cny", 5.1e7, "乙", "总投资（万元）"],
        ["racks", 300, "丙", "机柜（架）"],
        ["money_cny", 2.1e7, "丙", "总投资（万元）"],
    ]
    assert set(found["confidence"][2:]) == {"low"}
    assert all("the page before" in warning for warning in found["warning"][2:])


def test_another_table_on_the_next_page_takes_no_heads():
    first = _grid_page([HEAD, FIRST], (60, 80, 90), 120)
    for rest in (
        _grid_page(REST, (90, 60, 80), 800),
        forms.drawn_words(50, 820, "另附能耗情况如下", 9.0) + _grid_page(REST, (60, 80, 90), 800),
    ):
        found = filings.parse(forms.written_pdf([(600, 842, first), (600, 842, rest)]), "a.pdf")
        assert len(filings.claims_of(found)) == 2
        assert "page 2 table 1: 4 numbers without a unit, not read" in found.remarks


@pytest.mark.parametrize("matrix", ["1 0 0 1 0 0", "0 1 -1 0 850 0", "-1 0 0 -1 600 842", "0 -1 1 0 0 600"])
@pytest.mark.parametrize("rotate", [0, 90, 270])
def test_text_turned_by_any_quarter_is_read(matrix, rotate):
    drawing = f"q {matrix} cm\n{_grid_page([HEAD, FIRST, *REST], (60, 80, 90), 700)}Q\n"
    data = forms.written_pdf([(900, 900, drawing)]).replace(b"/MediaBox", b"/Rotate %d /MediaBox" % rotate)
    found = filings.claims_of(filings.parse(data, "a.pdf"))
    assert found["si_low"].tolist() == [900, 7.3e7, 700, 5.1e7, 300, 2.1e7]
    assert found["row_label"].tolist() == ["甲", "甲", "乙", "乙", "丙", "丙"]


def test_a_table_in_a_labelled_cell_takes_label_and_unit():
    inner = "<table><tr><td>一期<td>900<tr><td>二期<td>3300</table>"
    words = f"<meta charset=utf-8><table><tr><td>机柜（架）<td>{inner}<tr><td>采购预算（元）<td><table><tr><td>14800000</table></table>"
    found = filings.claims_of(filings.parse(words.encode(), "a.html"))
    assert found[["kind", "si_low", "row_label", "confidence"]].values.tolist() == [
        ["racks", 900, "机柜（架） / 一期", "low"],
        ["racks", 3300, "机柜（架） / 二期", "low"],
        ["money_cny", 1.48e7, "采购预算（元）", "low"],
    ]


def test_what_is_struck_out_in_a_sheet_is_not_live():
    import io

    import openpyxl
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("项目", "机柜（架）"), ("甲", 900), ("乙", 700), ("丙", "x")):
        sheet.append(row)
    sheet["B3"].font = Font(strike=True)
    sheet["B4"] = CellRichText(TextBlock(InlineFont(strike=True), "800架"), "850架")
    body = io.BytesIO()
    book.save(body)
    filing = filings.parse(body.getvalue(), "a.xlsx")
    assert filings.claims_of(filing)[["row_label", "si_low"]].values.tolist() == [["甲", 900], ["丙", 850]]
    assert sum("struck out" in remark for remark in filing.remarks) == 2


def _drawn_letter_by_letter(x, y, words, size=9.0):
    out = ""
    for letter in words:
        out += forms.drawn_words(x, y, letter, size)
        x += size if ord(letter) > 255 else 0.56 * size
    return out


def test_letters_of_one_line_stay_together_where_the_pdf_draws_each_by_itself():
    rows = [("项目", "机柜（架）", "总投资（万元）"), ("甲", "1,020", "7,115"), ("乙", "460", "3,115")]
    drawing = "".join(
        _drawn_letter_by_letter(x, 700 - 14 * number, words)
        for number, row in enumerate(rows)
        for x, words in zip((40, 220, 440), row, strict=True)
    )
    filing = filings.parse(forms.written_pdf([(612, 792, drawing)]), "a.pdf")
    assert filing.text.splitlines()[1] == "甲 | 1,020 | 7,115"
    found = filings.claims_of(filing)
    assert found["si_low"].tolist() == [1020, 7.115e7, 460, 3.115e7]
    assert [filing.text[a:b] for a, b in zip(found["start"], found["end"], strict=True)] == found["quote"].tolist()


def test_words_behind_a_table_of_a_pdf_are_read():
    drawing = _grid_page([HEAD, FIRST], (60, 80, 90), 780) + forms.drawn_words(50, 700, "另用地120亩。", 9.0)
    found = filings.claims_of(filings.parse(forms.written_pdf([(600, 842, drawing)]), "a.pdf"))
    assert found["kind"].tolist() == ["racks", "money_cny", "land"]


def test_a_number_beside_a_character_without_a_name_loses_its_value():
    drawing = forms.drawn_words(40, 760, "机架900架，机架4甲50架", 9.0)
    data = forms.written_pdf([(612, 792, drawing)]).replace(f"<{ord('甲'):04x}>".encode(), b"<0000>")
    filing = filings.parse(data, "a.pdf")
    found = filings.claims_of(filing)
    assert found["si_low"].fillna(-1).tolist() == [900, -1]
    assert "has a shape and no name" in filing.remarks[0]


@pytest.mark.parametrize(
    ("rows", "due"),
    [
        # what a row names holds for the column below it
        (["包号|A|B", "货物名称|推理服务器|列头柜", "数量|64台|9套"], [("servers", 64), ("count", 9)]),
        # a note of two units deals each to the columns that can take it
        (["园区|计划投资|完成率", "北算力基地|4,460|47.5"], [("money_cny", 4.46e7), ("share", 0.475)]),
        # a bidder names a row, not what it counts
        (["Lot|Goods|Supplier|Quantity|Unit", "3|Rack servers, 2U|Hall Racks Ltd|70|PCS"], [("servers", 70)]),
        (["备件|型号|数量|单位", "加速卡备件|H200 141GB|12|张"], [("chips", 12)]),
        (["No|Item|Qty", "1|GPU server|6", "2|Chiller|3"], [("servers", 6), ("count", 3)]),
        (["机房|服务器型号|数量（台）", "甲机房|TS90|40"], [("servers", 40)]),
        (["设备|单位|数量", "高压柜|面|25", "低压柜|〃|30"], [("count", 25), ("count", 30)]),
    ],
)
def test_kinds_of_tables(rows, due):
    found = filings.claims_of(page(*rows, above="单位：万元、%" if "完成率" in rows[0] else ""))
    assert list(zip(found["kind"], found["si_low"], strict=True)) == due
    assert "high" not in set(found["confidence"][found["unit_source"] != "cell"])


def test_a_row_of_sums_is_told_by_its_own_label():
    sums = "<table><tr><td>序号<td>名称<td>金额（元）<tr><td>1<td>机柜<td>900<tr><td colspan=2>小计<td>900</table>"
    found = filings.claims_of(filings.parse(f"<meta charset=utf-8>{sums}".encode(), "a.html"))
    assert found["row_label"].tolist() == ["机柜", "小计"]


def test_a_form_whose_first_row_is_words_has_no_heads():
    found = filings.claims_of(
        page(
            "项目单位|天山公司|法人代表|王某", "总投资（万元）|7300|用地（亩）|85", "联系电话|0991-5550123|邮编|830000"
        )
    )
    assert found[["row_label", "column_label"]].values.tolist() == [["总投资（万元）", ""], ["用地（亩）", ""]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("设备清单\n| 名称 | 数量（台） | 预算（万元） |\n|---|---|---|\n| 训练服务器 | 56 | 9,240 |\n", "a.txt"),
        ("名称\t数量（台）\t预算（万元）\n训练服务器\t56\t9,240\n", "a.txt"),
        ('名称,数量（台）,预算（万元）\n训练服务器,56,"9,240"\n', "a.csv"),
        ("<pre>│名称│数量（台）│预算（万元）│\n├──┼──┼──┤\n│训练服务器│56│9,240│\n</pre>", "a.html"),
    ],
)
def test_a_table_that_a_text_draws_is_read_at_low(text, name):
    filing = filings.parse(text.encode(), name)
    found = filings.claims_of(filing)
    assert found[["kind", "si_low", "confidence"]].values.tolist() == [
        ["servers", 56, "low"],
        ["money_cny", 9.24e7, "low"],
    ]
    assert [filing.text[a:b] for a, b in zip(found["start"], found["end"], strict=True)] == found["quote"].tolist()


def test_what_a_workbook_or_a_page_hides_is_read_at_low_and_says_so():
    book = documents.book(documents.filled([["园区", "机柜（架）"], ["甲", 620], ["乙", 480]], hidden_rows=(3,)))()
    page_ = "<meta charset=utf-8><p>机柜620架</p><p style='display:none'>机柜480架</p>".encode()
    for data, name in ((book, "a.xlsx"), (page_, "a.html")):
        found = filings.claims_of(filings.parse(data, name))
        assert found["si_low"].tolist() == [620, 480]
        assert found["confidence"].iloc[1] == "low"
        assert found["warning"].str.contains("hidden in the file").tolist() == [False, True]


def test_a_table_in_a_cell_of_word_takes_label_and_unit_of_that_cell():
    def fill(paper):
        grid = forms.word_table(paper, documents._rows("投资构成（万元） ¦ "))
        forms.word_table(grid.cell(0, 1), documents._rows("设备购置 ¦ 86,400\n土建 ¦ 12,350"))

    found = filings.claims_of(filings.parse(documents.word(fill)(), "a.docx"))
    assert found["si_low"].tolist() == [8.64e8, 1.235e8]
    assert found["row_label"].tolist() == ["投资构成（万元） / 设备购置", "投资构成（万元） / 土建"]


def test_rows_of_a_pdf_that_only_a_ground_tells_apart_are_one_table():
    rows, drawing, y = (
        [("设备", "数量", "单位"), ("服务器", "72", "台"), ("机柜", "30", "架"), ("空调", "8", "套")],
        "",
        700,
    )
    for number, row in enumerate(rows):
        for x, words in zip((50, 140, 220), row, strict=True):
            ground = f"0.9 g {x} {y - 6} {90 if x < 200 else 60} 20 re f 0 g\n" if number % 2 else ""
            drawing += ground.replace("90 20", "80 20") if x == 140 else ground
            drawing += forms.drawn_words(x + 5, y, words, 9.0)
        y -= 20
    found = filings.claims_of(filings.parse(forms.written_pdf([(600, 842, drawing)]), "a.pdf"))
    assert found[["kind", "si_low", "row_label"]].values.tolist() == [
        ["servers", 72, "服务器"], ["racks", 30, "机柜"], ["count", 8, "空调"],
    ]  # fmt: skip


@pytest.mark.parametrize("document", [d for d in documents.DOCUMENTS if d.file != "a.pdf"], ids=lambda one: one.name)
def test_a_document_with_the_marks_of_its_format_is_read_right(document):
    done = score.outcome(document.table, document.file, document.write())
    assert not done.missed
    assert not done.wrong


def test_a_number_with_its_unit_or_what_it_is_per_behind_a_slash():
    found = filings.claims_of(
        page("名称|数量/单位|单价（元）", "GPU服务器|40/台|1,860,000", "算力租赁|1/项|36,000,000/年")
    )
    assert found[["kind", "si_low", "per"]].values.tolist() == [
        ["servers", 40, ""], ["money_cny", 1.86e6, "unit"], ["count", 1, ""], ["money_cny", 3.6e7, "年"],
    ]  # fmt: skip
    assert "high" not in set(found["confidence"])


def test_a_note_that_states_a_unit_twice():
    found = filings.claims_of(
        page("月份|用电量|电费", "1|3,120,000|1,186,000", above="（电量单位：kWh；电费单位：元）")
    )
    assert found[["kind", "si_low"]].values.tolist() == [["energy", 3.12], ["money_cny", 1.186e6]]


def test_a_sign_in_a_cell_of_its_own_and_a_unit_of_several_words():
    heads = "<tr><th>Site<th>Net rentable square feet<th colspan=2>Rent (in thousands)"
    rows = "<tr><td>Elm<td>100,000<td>$<td>38,000<tr><td>Oak<td>50,000<td>$<td>9,000"
    found = filings.claims_of(filings.parse(f"<meta charset=utf-8><table>{heads}{rows}</table>".encode(), "a.html"))
    assert found["si_low"].tolist() == [9290.304, 3.8e7, 4645.152, 9e6]


def test_heads_that_stand_over_tables_side_by_side():
    found = filings.claims_of(
        page("甲楼|||乙楼|", "楼层|机柜（架）||楼层|机柜（架）", "首层|185||首层|263", "二层|300||二层|310")
    )
    assert found["column_label"].tolist() == ["甲楼 / 机柜（架）", "乙楼 / 机柜（架）"] * 2


def test_a_sum_takes_the_unit_of_the_rows_whose_sum_it_is():
    goods = ("训练服务器|台|18", "推理服务器|台|25")
    rows = filings.claims_of(page("名称|单位|数量", *goods, "小计||43"))
    assert rows["si_low"].tolist() == [18, 25, 43]
    assert rows["kind"].tolist() == ["servers"] * 3
    assert rows["confidence"].tolist() == ["medium", "medium", "low"]
    assert len(filings.claims_of(page("名称|单位|数量", *goods, "小计||44"))) == 2
    assert len(filings.claims_of(page("名称|单位|数量", "服务器|台|18", "机柜|架|25", "小计||43"))) == 2


def test_what_one_server_holds_is_no_stock():
    rows = filings.claims_of(page("设备名称|规格型号|数量（台）", "AI服务器|8卡，6.5kW|1280"))
    assert rows[["kind", "confidence"]].values.tolist() == [["chips", "low"], ["power", "high"], ["servers", "medium"]]


def test_labels_and_values_in_turn():
    rows = filings.claims_of(
        page("主要标的名称|智算服务器||", "规格型号|YS-910|数量|15台", "单价|96.8万元|服务地点|甲地")
    )
    assert rows["row_label"].tolist() == ["数量", "单价"]


def test_a_number_that_a_page_sets_large_keeps_its_unit_in_the_next_line():
    text = "<p>6月</p><p><b>1024</b></p><p>台智算服务器已上线</p><p>2025</p><p>台湾服务器</p><p>2025</p><p>张家界</p>"
    rows = filings.claims_of(filings.parse(f"<meta charset=utf-8>{text}".encode(), "a.html"))
    assert rows["quote"].tolist() == ["1024台"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("绿电直连线路尚在建设，线路容量120MW。", ["power"]),
        ("配套5MW/10MWh", ["battery", "battery_energy"]),
        ("实验室面积180平方米", ["area_other"]),
        ("宿舍楼建筑面积800平方米", ["floor"]),
        ("年均PUE1.13，机柜型号H20", ["pue"]),
    ],
)
def test_kinds_by_the_nearest_name(text, kinds):
    assert filings.claims_of(filings.parse(text.encode(), "a.txt"))["kind"].tolist() == kinds
