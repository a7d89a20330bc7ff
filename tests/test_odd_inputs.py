"""Odd numbers and words around them: the right value, or none; never another one that is said to be sure."""

from datetime import date

import pytest

from benchmarks.filings.sentences import HERE
from benchmarks.tables import forms, score, small
from osint import claims, filings

LINES = [
    line
    for line in (HERE / "odd_inputs.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def wanted(words):
    """The claims that a line asks for: (may be left out, kind, low, high, keys)."""
    for part in filter(None, map(str.split, words.split(";"))):
        keys = {word.partition("=")[0]: word.partition("=")[2] for word in part[1:] if "=" in word or word == "per"}
        ends = [None if word == "-" else float(word) for word in part[1:] if "=" not in word and word != "per"]
        yield part[0][0] in "?~", part[0].lstrip("?~"), ends[0], ends[-1], keys


def close(a, b):
    return a is b if a is None or b is None else abs(a - b) <= 1e-3 * b


def fits(claim, kind, low, high, keys):
    found = {"per": claim.per, "chip": claim.quantity.chip_model}
    values = claim.kind == kind and close(claim.quantity.si_low, low) and close(claim.quantity.si_high, high)
    return values and all(found[key] and word in found[key] for key, word in keys.items())


@pytest.mark.parametrize("line", LINES)
def test_an_odd_input_is_read_right_or_not_at_all(line):
    text, _, words = line.partition(" =>")
    given = [c for c in claims.extract(text, date(2025, 9, 1)) if c.quantity.si_low or c.quantity.si_high]
    for optional, *truth in wanted(words):
        match = next((claim for claim in given if fits(claim, *truth)), None)
        assert match or optional, (truth, given)
        given = [claim for claim in given if claim is not match]
    assert [claim for claim in given if claim.confidence != "low"] == []


def page(words, name="a.html"):
    return filings.parse(f"<meta charset=utf-8>{words}".encode(), name)


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ("<p>算力规模7200<sup>2</sup>P</p>", "compute", 7200),
        ("<p>负荷85<sup>(3)</sup> MW</p>", "power", 85),
        ("<p>投资6.2<sup>①</sup>亿元</p>", "money_cny", 6.2e8),
        ("<p>建筑面积900m<sup>2</sup></p>", "floor", 900),
        ("<p>总投资<s>5亿元</s>6亿元</p>", "money_cny", 6e8),
    ],
)
def test_raised_marks_are_no_digits_and_struck_words_are_not_read(words, kind, value):
    frame = filings.claims_of(page(words))
    assert frame[["kind", "si_low"]].values.tolist() == [[kind, value]]


@pytest.mark.parametrize(
    ("words", "modality"),
    [
        ("The 450 MW plan was withdrawn.", "withdrawn"),
        ("plans for a 90 MW campus have been paused", "withdrawn"),
        ("the council rejected a 90 MW campus", "withdrawn"),
        ("The firm did not install 1,500 GPUs", "denied"),
        ("辟谣：并无1500张加速卡", "denied"),
        ("公司未采购1500张加速卡", "denied"),
        ("原拟投资7亿元的项目已终止", "withdrawn"),
        ("该标段流标，预算640万元", "withdrawn"),
    ],
)
def test_what_is_withdrawn_or_denied_asserts_no_rung(words, modality):
    [claim] = claims.extract(words, date(2025, 9, 1))
    assert (claim.rung, claim.aim, claim.modality) == ("", "", modality)
    assert claim.confidence == "low"


@pytest.mark.parametrize(
    "words",
    ["项目总投资7亿元，已开工", "尚未投产，机柜900架", "项目未被取消，总投资7亿元", "首个方案搁置后，90MW的园区已开工"],
)
def test_what_stands_is_not_taken_back(words):
    assert claims.extract(words, date(2025, 9, 1))[0].modality not in ("denied", "withdrawn")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('<body><div id="app"></div><script src="/a.js"></script>', "SCRIPT"),
        ("<form>用户名<input><input type=password></form>", "LOGIN"),
        ("<p>" + "总投资五亿元，建设机柜，计划明年建成".encode().decode("cp1252", "replace"), "TWICE"),
        ("<p>" + "总投资五亿元，建设机柜，计划明年建成投产".encode().decode("gb18030", "replace"), "TWICE"),
        ("<p>", "EMPTY"),
        ("<p>总投资5亿元，建设机柜900架", None),
        ("<p>Société générale à Désert: 5 MW", None),
    ],
)
def test_a_page_that_holds_nothing_says_why(words, reason):
    found = page(words).blocked
    assert (found.name if found else None) == reason


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("<p>招标编号：ABC-2026-0042</p>", "project_code", "ABC-2026-0042"),
        ("<p>采购项目编号：YGZC2026-117。</p>", "project_code", "YGZC2026-117"),
        ("<p>项目代码：2106-650500-04-01-123456</p>", "project_code", "2106-650500-04-01-123456"),
        (
            "<table><tr><td>供应商名称<td>供应商地址<tr><td>云谷科技有限公司<td>云川市</table>",
            "supplier",
            "云谷科技有限公司",
        ),
        ("<table><tr><td>采购人名称<td>合同金额<tr><td>云川市数据局<td>846万元</table>", "buyer", "云川市数据局"),
        ("<p>招标人为云川数字产业公司，现对设备招标</p>", "buyer", "云川数字产业公司"),
        ("<p>中标人：联合体牵头人：云谷建设公司</p>", "supplier", "云谷建设公司"),
        ("<p>来源：云谷日报字号：[大][中]浏览量：35</p>", "publisher", "云谷日报"),
        ("<title>云川市交易平台</title><h1>云谷一期设备成交公告</h1>", "title", "云谷一期设备成交公告"),
    ],
)
def test_what_a_document_says_of_itself(words, field, value):
    assert getattr(page(words).facts, field) == value


def test_the_kind_of_a_filing_gives_a_rung_and_says_so():
    frame = filings.claims_of(
        page("<h1>设备中标公告</h1><table><tr><td>品目<td>数量（台）<tr><td>服务器<td>72</table>")
    )
    assert frame[["rung", "rung_reason"]].values.tolist() == [["filed", "the document is a 中标公告"]]


@pytest.mark.parametrize("ruled", [True, False])
def test_tables_of_a_pdf_are_read_cell_by_cell(ruled):
    some = small.read_tables()["first"]
    structural = ("a rowspan in the body and a total", "one number under two headers", "three label columns")
    for table in some[::3]:
        done = score.outcome(table, "a.pdf", forms.as_pdf(table, ruled))
        assert done.right or (not ruled and table.name in structural), table.name
        assert done.wrong_at_high == 0


def test_numbers_of_a_sheet_are_what_their_format_shows():
    from osint.filings.number_formats import shown

    wanted = {'0!.0,"万"': "12.3456万", '0"."0,"万元"': "12.3456万元", "#,##0,": "123.456", "[$¥-804]#,##0": "¥123456"}
    assert {code: shown(123456, code) for code in wanted} == wanted


@pytest.mark.parametrize(
    "words", ["园区运营公司总投资3亿元", "竣工验收合格后支付尾款420万元", "由某公司投资建设运营的智算中心，算力3000P"]
)
def test_a_rung_word_inside_a_noun_or_a_duty_is_no_rung(words):
    assert {claim.rung for claim in claims.extract(words, date(2025, 9, 1))} == {""}


def test_no_quantity_runs_over_a_paragraph_of_a_page():
    assert filings.claims_of(page("<p>文号 318</p><p>万元以下项目免审</p>")).empty
    assert filings.claims_of(page("<p>编号 12</p><p>台服务器</p>")).empty


def test_a_number_broken_at_the_end_of_a_line_of_a_pdf_goes_on():
    lines = ("算力规模36", "00P，总投资7.", "8亿元。")
    drawing = "".join(forms.drawn_words(50, 780 - 14 * n, line) for n, line in enumerate(lines))
    frame = filings.claims_of(filings.parse(forms.written_pdf([(595, 842, drawing)]), "a.pdf"))
    assert frame[["kind", "si_low"]].values.tolist() == [["compute", 3600], ["money_cny", 7.8e8]]


@pytest.mark.parametrize(
    ("words", "rung", "aim"),
    [
        ("承建方须在90日内完工，合同额600万元", "filed", "filed"),
        ("竣工验收合格后支付合同价420万元", "filed", "filed"),
        ("公司购买了2600张加速卡", "filed", "filed"),
        ("The firm has ordered 2,600 GPUs", "filed", "filed"),
        ("一期2600张卡已交付", "filed", "filed"),
        ("学校日前购置服务器90台", "filed", "filed"),
        ("计划采购服务器90台", "announced", "filed"),
        ("用于采购90台服务器的融资", "announced", "announced"),
        ("现有机柜900架，扩建机柜2600架", "roofed", "roofed"),
        ("扩建机柜2600架，现有机柜900架", "", ""),
        ("三年来，全市算力突破9000P", "", ""),
        ("Tenderers must have installed 900 servers", "", ""),
        ("投标人须自有机柜900架", "", ""),
        ("目前600台服务器已到位", "filed", "filed"),
        ("已安装加速卡2600张", "roofed", "roofed"),
        ("公司拥有机柜5200架", "roofed", "roofed"),
        ("The campus houses 2,600 GPUs", "roofed", "roofed"),
        ("截至2025年6月算力达3400P", "", ""),
        ("目前在建机柜300架", "ground broken", "ground broken"),
        ("目前在用机柜300架", "running", "running"),
        ("拥有百P级算力的数据中心，今年5月正式启用", "running", "running"),
        ("将拥有2.5万张GPU卡", "announced", "roofed"),
        ("一期已投产，二期尚未开工，机柜3000架", "", ""),
        ("未交付服务器312台", "", ""),
        ("公司是否已采购5000张H20？", "", ""),
        ("算力由800P提升到2600P", "", ""),
        ("Each rack draws 132 kW", "", ""),
        ("行业平均PUE为1.53", "", ""),
        ("It approved rates for large loads with a demand greater than 35 MW", "", ""),
        ("若2030年算力负荷达700MW", "", ""),
        ("作为全省布局的三大数据中心之一，占地90亩", "", ""),
        ("It has 9,000 sq ft of capacity with plans for 70MW", "", ""),
        ("预计明年建成投产，具备9万台服务器的承载能力", "announced", "roofed"),
        ("The project would have a capacity of 70MW", "announced", "announced"),
        ("由原来的 900 架变更为 1200 架", "", ""),
        ("2021年规模为70EFLOPS，预计2029年达到300EFLOPS", "", ""),
        ("It has contracted 3.1 GW", "filed", "filed"),
        ("配置10kW标准机柜的园区已投产", "", ""),
        ("It secured a $3bn loan", "", ""),
        ("It launched a tender for 300 servers", "filed", "filed"),
    ],
)
def test_the_rung_is_what_the_words_prove_and_no_more(words, rung, aim):
    claim = claims.extract(words, date(2025, 9, 1))[0]
    assert (claim.rung, claim.aim) == (rung, aim)


@pytest.mark.parametrize(
    ("title", "words", "rung", "modality"),
    [
        ("云川市智算服务器采购项目中标公告", "服务器40台，金额900万元。", "filed", "has"),
        ("云川市智算服务器采购项目中标公告", "全省算力规模为5万P。", "", ""),
        ("云川市智算服务器采购项目招标公告", "投标保证金：30万元。", "filed", "has"),
        ("云川市智算服务器采购项目招标公告", "近三年建成过机柜900架的机房。", "roofed", "has"),
        ("云川市智算服务器采购项目招标公告", "三、投标人资格</p><p>机柜900架以上。", "", ""),
        ("云川智算项目节能审查意见", "PUE为1.19，年用电量2亿千瓦时。", "filed", "has"),
        ("云川智算项目备案证", "总投资9亿元，计划2027年投产。", "filed", "will"),
        ("云川智算服务器单一来源公示", "拟购置服务器40台。", "filed", "will"),
        ("云川市智算服务器采购项目终止公告", "服务器40台，金额900万元。", "", "withdrawn"),
        ("云川市智算服务器采购项目废标公告", "采购服务器40台，预算金额900万元。", "", "withdrawn"),
    ],
)
def test_the_kind_of_a_filing_gives_the_rung_of_its_own_matter_alone(title, words, rung, modality):
    frame = filings.claims_of(filings.parse(f"<meta charset=utf-8><h1>{title}</h1><p>{words}</p>".encode(), "a.html"))
    assert set(zip(frame["rung"], frame["modality"], strict=True)) == {(rung, modality)}


@pytest.mark.parametrize(
    ("heading", "words", "rung", "confidence"),
    [
        ("都川算力一期正式投运", "新增机柜900架。", "powered", "medium"),
        ("都川算力一期正式投运", "二期机柜900架。", "", "high"),
        ("在建项目清单", "都川二期：机柜900架。", "ground broken", "medium"),
        ("都川算力一期正式投运", "尚未安装的机柜900架。", "", "high"),
        ("都川算力一期正式投运", "全国机柜规模900万架。", "", "high"),
        ("都川算力一期简介", "新增机柜900架。", "", "high"),
        ("企业投资项目备案公示", "占地90亩。", "filed", "medium"),
        ("工程竣工验收报告", "机柜900架。", "roofed", "medium"),
        ("Building permit issued", "The hall has 900 racks.", "filed", "medium"),
    ],
)
def test_a_heading_lends_its_stage_to_what_stands_under_it(heading, words, rung, confidence):
    frame = filings.claims_of(page(f"<h1>{heading}</h1><p>{words}</p>"), date(2025, 9, 1))
    assert frame[["rung", "confidence"]].values.tolist() == [[rung, confidence]]
    assert bool(frame["rung_reason"].iloc[0]) == bool(rung)


@pytest.mark.parametrize(
    ("words", "rungs"),
    [
        ("Some 300 of its 900 racks went live", ["running", ""]),
        ("None of the 1,900 racks is in operation", [""]),
        ("The hall would have housed 900 racks", [""]),
        ("机房已具备投产条件，机柜900架", ["roofed"]),
        ("合同价款为900万元", ["filed"]),
        ("双方签署协议，合同价款为900万元", ["announced"]),
        ("资金900万元已到位", [""]),
        ("首批服务器90台月底前到货", ["announced"]),
        ("设备进场后完成900架机柜的安装", ["announced"]),
        ("公司拟签合同，租用机柜900架", ["announced"]),
        ("目前已部署服务器90台，已投入运行", ["running"]),
        ("该楼已建到五层，建筑面积900平方米", ["ground broken"]),
        ("项目取得施工许可证，建筑面积900平方米", ["filed"]),
    ],
)
def test_what_was_not_and_the_whole_of_a_part_state_no_stage(words, rungs):
    assert [claim.rung for claim in claims.extract(words, date(2025, 9, 1))] == rungs


@pytest.mark.parametrize(
    ("words", "dates"),
    [
        ("2022年、2023年用电量分别为3.1亿千瓦时、4.4亿千瓦时", ["2022", "2023"]),
        ("投产时间由2025年12月推迟至2026年9月的机柜900架", ["2026-09"]),
        ("The firm said on Monday that it had 900 racks", [""]),
        ("到“十六五”末机柜达到900万架", ["2035"]),
        ("It opened in May and will have 900 racks", [""]),
        ("上月新增机柜900架", ["2025-08"]),
        ("民国114年3月机柜900架", ["2025-03"]),
        ("元旦前建成机柜900架", ["2025-01-01"]),
        ("By 2026Q3 it had 900 racks", ["2026-07/2026-09"]),
    ],
)
def test_a_date_goes_to_the_quantity_that_it_is_said_of(words, dates):
    assert [claim.date for claim in claims.extract(words, date(2025, 9, 1))] == dates


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("<p>中 选 单 位：都川建设有限公司</p>", "supplier", "都川建设有限公司"),
        ("<p>高原代理公司受都川县医院的委托，现招标</p>", "buyer", "都川县医院"),
        ("<p>都川云谷有限公司：</p><p>你公司报来的备案材料收悉。</p>", "buyer", "都川云谷有限公司"),
        ("<p>Tender reference: AB/24-77.</p>", "project_code", "AB/24-77"),
        ("<p>Orley Council has awarded a contract for racks to Brix Racks Ltd.</p>", "supplier", "Brix Racks Ltd"),
        ("<p>成交供应商：甲川有限公司（联合体牵头人）、乙川有限公司（成员）</p>", "supplier", "甲川有限公司"),
    ],
)
def test_parties_and_codes_in_other_printed_forms(words, field, value):
    assert getattr(page(words).facts, field) == value
