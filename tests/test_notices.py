import pytest

from osint import filings
from osint.filings import project_codes, read_notice
from tests.portal_server.faults import CODE

CCGP = f"""<html><head><meta name="ArticleTitle" content="伊吾县智算中心采购公告"><meta name="PubDate"
content="2024-07-12 23:46"><title>x</title></head><body><div class="vF_detail_main"><table class="table"><tr>
<td class="title">总中标金额</td><td>￥56.980000 万元</td></tr></table></div><div class="vF_detail_content">
<div><div>正文 569800.00(元)</div></div><p>项目代码：{CODE}</p></div><p class="fjxx">附件</p>
<ul class="fjxx"><li><a href="https://files.example/get?id=1">招标文件</a></li></ul>
<a class="bizDownload" id="0a1b2c3d-aaaa">下载</a><a href="javascript:alert(1).pdf">x</a></body></html>"""


def test_ccgp_detail_has_summary_text_and_attachments():
    url = "http://www.ccgp.gov.cn/cggg/dfgg/gkzb/202407/t20240712_22.htm"
    notice = read_notice(url, CCGP.encode(), "text/html; charset=utf-8")
    assert (notice.family, notice.title, notice.date) == ("ccgp", "伊吾县智算中心采购公告", "2024-07-12")
    assert notice.summary == {"总中标金额": "￥56.980000 万元"}
    assert "569800.00(元)" in notice.text and notice.project_codes == [CODE]
    assert notice.attachments == [
        "https://files.example/get?id=1",
        "http://www.ccgp.gov.cn/oss/download?uuid=0a1b2c3d-aaaa",
    ]


def test_ggzy_takes_the_day_of_the_path_not_of_the_hidden_tag():
    page = (
        '<html><meta name="PubDate" content="2019-01-01"><h4 class="h4_o">智算中心成交公告</h4>'
        "<span id=platformName>新疆平台</span><div id=mycontent>正文<table>"
        "<tr><th>序号</th><th>金额</th></tr>"
        "<tr><td>1</td><td>0元</td></tr></table></div>"
        "<li onclick=\"showDetail(this,'0202','/information/deal/html/b/65/0202/20240801/1.html')\">x</li>"
    )
    url = "https://www.ggzy.gov.cn/information/deal/html/b/650000/0201/20240712/1.html"
    notice = read_notice(url, page.encode(), "text/html")
    assert (notice.title, notice.date, notice.publisher) == ("智算中心成交公告", "2024-07-12", "新疆平台")
    assert notice.related == [("0202", "/information/deal/html/b/65/0202/20240801/1.html")]
    assert notice.tables == [[{"序号": "1", "金额": "0元"}]]


def test_hex_path_page_has_its_title_month_and_attachments():
    page_hex, file_hex = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    url = f"http://www.xjyiwu.example/xjyw/c108396/202406/{page_hex}.shtml"
    link = f"<a href='{page_hex}/files/{file_hex}.pdf'>附件</a>"
    page = f"<html><title>节能审查意见</title><p>发布时间：2024年6月3日</p>{link}</html>"
    notice = read_notice(url, page.encode("gbk"), "text/html; charset=gb2312")
    assert (notice.family, notice.title, notice.date) == ("government CMS", "节能审查意见", "2024-06")
    assert notice.attachments == [f"http://www.xjyiwu.example/xjyw/c108396/202406/{page_hex}/files/{file_hex}.pdf"]


def test_epoint_detail():
    page = (
        "<html><h3 class='article-title'>设备采购</h3>"
        "<div class='ewb-info-intro'><span>【信息来源：伊吾县】</span></div>"
        "<div class='ewb-info-bd'>正文</div></html>"
    )
    notice = read_notice("https://ggzy.example/xinjiangggzy_new/jyxx/20240902/1.html", page.encode(), "text/html")
    assert (notice.title, notice.publisher, notice.text, notice.date) == ("设备采购", "伊吾县", "正文", "2024-09-02")


def test_no_markup_is_no_notice():
    assert read_notice("http://h.example/a.pdf", b"%PDF-1.4", "application/pdf") is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("项目代码：21066505000401123456", ["2106-650500-04-01-123456"]),
        ("项目代码：２１０６－６５０５００－０４－０１－１２３４５６", ["2106-650500-04-01-123456"]),
        (
            "见 2408—650522—04—01—654321 与项目统一代码2106-650500-04-01-123456",
            ["2408-650522-04-01-654321", "2106-650500-04-01-123456"],
        ),
        ("21066505000401123456（备案），再次 2106-650500-04-01-123456", ["2106-650500-04-01-123456"]),
        ("代码 99999999999999999999", ["9999-999999-99-99-999999"]),
        ("账号 62284801082134567890，电话 0990-1234567", []),
        ("项目代码：210665050004011234567", []),
    ],
)
def test_project_codes_in_every_spelling_and_in_order(text, codes):
    assert project_codes(text) == codes
    assert filings.parse(f"{text}\n".encode(), "a.txt").facts.project_code == next(iter(codes), "")


def test_about_takes_the_code_that_the_search_takes():
    page = "<html><body><p>项目代码：21066505000401123456</p></body></html>".encode()
    assert filings.about(filings.parse(page, "a.html")).facts.project_code == "2106-650500-04-01-123456"


def _table(*rows):
    return "<table>" + "".join("<tr><td>" + "<td>".join(row.split("|")) for row in rows) + "</table>"


@pytest.mark.parametrize(
    ("words", "suppliers"),
    [
        (
            "<p>第一中标候选人：甲科技有限公司，投标报价312万元；第二中标候选人：乙信息有限公司</p>",
            [("甲科技有限公司", "", 1), ("乙信息有限公司", "", 2)],
        ),
        (
            "<p>A包中标供应商：甲有限公司；B包中标供应商：乙有限公司；C包：废标</p>",
            [("甲有限公司", "A包", 0), ("乙有限公司", "B包", 0)],
        ),
        (
            _table("标段名称|中标人|是否中标", "一标段|甲建设（集团）有限公司|是", "一标段|乙工程有限公司|否"),
            [("甲建设（集团）有限公司", "一标段", 0)],
        ),
        (_table("标段名称|中标人", "一标段|甲建设有限公司"), [("甲建设有限公司", "一标段", 0)]),
        (
            _table("包号|1", "供应商名称|甲公司", "包号|2", "供应商名称|乙公司"),
            [("甲公司", "1", 0), ("乙公司", "2", 0)],
        ),
        ("<p>Lot 2 - Contractor: Beta Klima AG</p>", [("Beta Klima AG", "Lot 2", 0)]),
        (_table("Buyer|City of Ark", "Supplier|Gamma Compute Ltd"), [("Gamma Compute Ltd", "", 0)]),
        ("<p>供应商（乙方）：丁信息技术股份有限公司</p>", [("丁信息技术股份有限公司", "", 0)]),
        ("<p>确定戊通信有限公司为本项目中标人。</p>", [("戊通信有限公司", "", 0)]),
        (_table("投标人|报价（元）|综合得分", "甲公司|100|90", "乙公司|120|80"), []),
        ("<p>中标供应商：详见附件</p>", []),
        ("<p>供应商名称：供应商地址</p>", []),
    ],
)
def test_every_supplier_with_its_lot_and_rank(words, suppliers):
    facts = filings.parse(f"<meta charset=utf-8>{words}".encode(), "a.html").facts
    assert [(one.name, one.lot, one.rank) for one in facts.suppliers] == suppliers
    assert facts.supplier == (suppliers[0][0] if suppliers else "")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("关于某项目的批复\n张行审字〔2026〕88号\n某公司：\n根据国发〔2025〕3号文件，同意。", "张行审字〔2026〕88号"),
        ("发文字号：晋行审能〔2026〕31号。项目单位：甲公司。", "晋行审能〔2026〕31号"),
        ("根据国发〔2025〕3号文件，同意建设。", ""),
        ("招标编号：AB-2026-1\n张行审字〔2026〕88号\n", "AB-2026-1"),
    ],
)
def test_an_official_paper_states_its_number(text, code):
    assert filings.about(filings.parse(text.encode(), "a.txt")).facts.project_code == code


@pytest.mark.parametrize(
    "text",
    [
        "天津某某产业集团有限公司现就设备采购进行公开招标。",
        "买方：天津某某产业集团有限公司",
        "申报企业名称：天津某某产业集团有限公司",
    ],
)
def test_who_buys(text):
    assert filings.about(filings.parse(text.encode(), "a.txt")).facts.buyer == "天津某某产业集团有限公司"
