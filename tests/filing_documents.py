"""Twenty-two documents in the shapes of the portals, written for these tests, with the claims they hold as truth.

Every company, place and figure in them is invented.  Truth is (kind, SI low, SI high); None is an open bound.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib import font_manager

from osint.fonts import chinese_font


@dataclass(frozen=True)
class Document:
    name: str
    data: bytes
    truth: tuple[tuple, ...]


def _page(body: str, title: str, charset: str = "utf-8", said: str = "") -> bytes:
    head = f'<meta charset="{said or charset}"><title>{title}</title><script>var x = "9999台服务器";</script>'
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode(charset)


def pdf(paragraphs: list[str], width: int = 34) -> bytes:
    """Return a PDF with a text layer, lines wrapped at a width as in an announcement."""
    font = font_manager.FontProperties(fname=str(chinese_font()), size=10)
    pages, lines = [], []
    for words in paragraphs:
        lines += [words[i : i + width] for i in range(0, len(words), width)]
    for first in range(0, max(len(lines), 1), 40):
        pages.append(lines[first : first + 40])
    out = io.BytesIO()
    from matplotlib.backends.backend_pdf import PdfPages

    with plt.rc_context({"pdf.fonttype": 42}), PdfPages(out, metadata={"CreationDate": None}) as file:
        for page in pages:
            figure = plt.figure(figsize=(8.27, 11.69))
            for number, line in enumerate(page):
                figure.text(0.1, 0.95 - 0.022 * number, line.replace("$", r"\$"), fontproperties=font)
            file.savefig(figure)
            plt.close(figure)
    return out.getvalue()


def docx(paragraphs: list[str], table: list[list[str]]) -> bytes:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    words = "".join(f"<w:p><w:r><w:t>{p}</w:t></w:r></w:p>" for p in paragraphs)
    rows = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:p><w:r><w:t>{c}</w:t></w:r></w:p></w:tc>" for c in row) + "</w:tr>"
        for row in table
    )
    return _zip(
        {"word/document.xml": f"<w:document {space}><w:body>{words}<w:tbl>{rows}</w:tbl></w:body></w:document>"}
    )


def xlsx(rows: list[list[str | float]]) -> bytes:
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    book.active.title = "1"
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()


def mhtml(page: bytes) -> bytes:
    import quopri

    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head + quopri.encodestring(page) + b"\r\n--b--\r\n"


def table(rows: list[list[str]], head: bool = False) -> str:
    tag = "th" if head else "td"
    out = ["<table>"]
    for number, row in enumerate(rows):
        cell = tag if number == 0 else "td"
        out.append("<tr>" + "".join(f"<{cell}>{c}</{cell}>" for c in row) + "</tr>")
    return "".join(out) + "</table>"


def documents() -> list[Document]:
    """Return the documents; the PDFs are made on the spot."""
    return [*_notices(), *_approvals(), *_news(), *_english(), *_attachments()]


def _notices() -> list[Document]:
    award = _page(
        '<div class="vF_detail_main">'
        + table([["采购项目名称", "沙岭县智算服务器采购项目"], ["总中标金额", "￥5698.000000 万元（人民币）"]])
        + '</div><div class="vF_detail_content"><p>中标金额：56980000.00(元)</p><p>主要标的：GPU服务器，数量：48台。</p>'
        "<p>公告日期：2025-03-18</p></div>",
        "沙岭县智算服务器采购项目中标公告",
    )
    wrong = _page(
        table([["总成交金额", "￥98.500000 万元"]]) + "<p>成交金额：9850000.00(元)</p><p>服务期：36个月。</p>",
        "成交公告",
    )
    old = _page(
        '<div class="vT_detail_content"><p>预算金额：860万元</p><p>采购内容：标准机柜120架、UPS电源4台，交付期60天。</p></div>',
        "旧版公告",
        "gb18030",
        "gb2312",
    )
    ggzy = _page(
        '<h4 class="h4_o">河西新区算力中心一期工程施工招标公告</h4><div id="mycontent"><p>本招标项目总建筑面积48,600.5㎡，'
        "招标控制价为2.86亿元，工期540日历天。</p><p>合同金额：0元，合同期限：年</p></div>",
        "河西新区算力中心一期工程",
    )
    epoint = _page(
        '<div class="ewb-info-bd">'
        + table(
            [
                ["标段", "数量(台)", "最高限价(万元)"],
                ["一", "125", "23125"],
                ["二", "60", "9600"],
                ["合计", "185", "32725"],
            ],
            True,
        )
        + "</div>",
        "采购公告",
    )
    return [
        Document("ccgp_award_t20250318_1.htm", award, (("money_cny", 56980000, 56980000), ("money_cny", 56980000, 56980000), ("servers", 48, 48))),
        Document("ccgp_mismatch.htm", wrong, (("money_cny", 985000, 985000), ("money_cny", 9850000, 9850000), ("duration", 36, 36))),
        Document("ccgp_old_gbk.htm", old, (("money_cny", 8600000, 8600000), ("racks", 120, 120), ("duration", 60, 60))),
        Document("ggzy_tender.html", ggzy, (("floor", 48600.5, 48600.5), ("money_cny", 286000000, 286000000), ("duration", 540, 540))),
        Document("epoint_table.html", epoint, (("money_cny", 231250000, 231250000), ("money_cny", 96000000, 96000000), ("money_cny", 327250000, 327250000), ("count", 125, 125), ("count", 60, 60), ("count", 185, 185))),
    ]  # fmt: skip


def _approvals() -> list[Document]:
    energy = _page(
        "<h1>关于白石滩绿色算力中心项目节能审查的意见</h1><p>项目代码：2408-650522-04-01-123456</p><p>项目建成后，年综合能源消费量不超过"
        "12.35万吨标准煤（当量值），年用电量约10.05亿千瓦时，设计PUE不高于1.18。</p><p>项目建设标准机架6000架，总装机IT负荷90兆瓦。</p>",
        "节能审查意见",
    )
    filing = (
        "项目名称：青石沟智算中心项目\n项目代码：2501-632801-04-01-654321\n建设规模及内容：新建数据中心2栋，总建筑面积约3.2万平方米，"
        "规划占地85亩，建设算力规模3000P。\n总投资：15.6亿元\n计划开工时间：2025年5月\n拟建成时间：2026年12月\n"
    ).encode()
    power = _page(
        "<p>新建220kV变电站1座，主变规模2×240MVA；配套风电50万千瓦、光伏30万千瓦，储能10万千瓦/40万千瓦时，年发电量约19.8亿千瓦时。</p>",
        "核准批复",
    )
    big5 = _page(
        "<p>該數據中心位於北沙岭新界，佔地約2.5公頃，總樓面面積逾9萬平方米，總投資約38億港元，預計2027年落成啟用，可提供機櫃6,000個。</p>",
        "數據中心發展",
        "big5hkscs",
        "big5",
    )
    return [
        Document("energy_review.shtml", energy, (("tce", None, 123500), ("energy", 1005, 1005), ("pue", None, 1.18), ("racks", 6000, 6000), ("power", 90, 90))),
        Document("filing_notice.txt", filing, (("count", 2, 2), ("floor", 32000, 32000), ("land", 85 * 2000 / 3, 85 * 2000 / 3), ("compute", 3000, 3000), ("money_cny", 1.56e9, 1.56e9))),
        Document("power_approval.html", power, (("voltage", 220, 220), ("count", 1, 1), ("transformer", 480, 480), ("gen", 500, 500), ("gen", 300, 300), ("battery", 100, 100), ("battery_energy", 0.4, 0.4), ("energy_gen", 1980, 1980))),
        Document("hk_big5.html", big5, (("land", 25000, 25000), ("floor", 90000, None), ("money_hkd", 3.8e9, 3.8e9), ("racks", 6000, 6000))),
    ]  # fmt: skip


def _news() -> list[Document]:
    county = _page(
        "<nav><a href='/'>首页 100P</a></nav><h1>白石滩：戈壁滩上崛起算力新城</h1><p>来源：白石滩零距离 2025-06-28</p><p>走进园区，1号楼、2号楼已经封顶，"
        "可承载算力1.2万P。今年该企业投资6.8亿元，预计年底前上架服务器1500台。</p><p>目前，全县已签约算力项目13个，总投资227亿元，其中9个项目在建。</p>"
        "<p>联系电话：0902-6711234</p>",
        "白石滩零距离",
    )
    mirror = _page(
        "<p>走进园地，1号楼、2号楼已然封顶，可承载算力1.2P。今年该企业投资6.8亿元，预测年底前上架服务器1500台。</p>",
        "转载",
    )
    provincial = "截至2025年5月底，全省已建成标准机架9.3万架，智能算力规模达到8400P，较年初净增8000P，平均上架率超过72%。\n绿电占比85%以上，平均电价低至0.28元/千瓦时。\n".encode()
    mixed = "发布时间：2024年9月15日\r\n一期投资12亿元，２０００Ｐ算力已进入施工阶段，预计到明年“五一”完成。\r\n明年年底预计建成8000P。\r\n".encode(
        "gbk"
    )
    traditional = (
        "據介紹，該集群由1.6萬卡國產加速卡組成，總算力達3579P，已於2025年9月點亮，總投資約28億元(人民幣)。\n".encode()
    )
    return [
        Document("county_news.html", county, (("compute", 12000, 12000), ("money_cny", 6.8e8, 6.8e8), ("servers", 1500, 1500), ("count", 13, 13), ("money_cny", 2.27e10, 2.27e10), ("count", 9, 9))),
        Document("mirror_news.html", mirror, (("compute", 1.2, 1.2), ("money_cny", 6.8e8, 6.8e8), ("servers", 1500, 1500))),
        Document("provincial.txt", provincial, (("racks", 93000, 93000), ("compute", 8400, 8400), ("compute", 8000, 8000), ("share", 0.72, None), ("share", 0.85, None), ("money_cny", 0.28, 0.28))),
        Document("gbk_interview.txt", mixed, (("money_cny", 1.2e9, 1.2e9), ("compute", 2000, 2000), ("compute", 8000, 8000))),
        Document("traditional.txt", traditional, (("chips", 16000, 16000), ("compute", 3579, 3579), ("money_cny", 2.8e9, 2.8e9))),
    ]  # fmt: skip


def _english() -> list[Document]:
    wire = b"""Published: 2025-07-09
The county approved 12 data centers that intend to use more than 80,000 Nvidia chips, documents show.
One firm proposes 625 H100 servers in a first phase costing 3.4 billion yuan ($474 million).
Shares of its parent rose 4.5% on Wednesday.
"""
    trade = _page(
        "<article><p>The 1,200-acre campus will draw 2.2 gigawatts of power, up from 300MW today.</p><p>It will have 16 gas turbines "
        "with a combined capacity of 422 MW and a 150MW/600MWh battery.</p><p>Call 555-0199 for details.</p></article>",
        "Campus to draw 2.2GW",
    )
    tech = b"The cluster of 4,096 accelerators delivers 1.6 exaflops and sits in a 200,000 sq ft hall with a PUE of 1.15.\nIt cost \xe2\x82\xac1.2\nbillion, about 30% of the budget.\n"
    review = _page(
        "<p>Phase one (48MW) was energised in May 2025; the second, 96MW, is under construction and due online in Q2 2026.</p><p>The $390-million build has 2,400 racks.</p>",
        "Phase one",
    )
    return [
        Document("wire.txt", wire, (("count", 12, 12), ("chips", 80000, None), ("servers", 625, 625), ("money_cny", 3.4e9, 3.4e9), ("money_usd", 4.74e8, 4.74e8))),
        Document("trade.html", trade, (("land", 4856227.7, 4856227.7), ("power", 2200, 2200), ("power", 300, 300), ("count", 16, 16), ("gen", 422, 422), ("battery", 150, 150), ("battery_energy", 0.6, 0.6))),
        Document("tech.txt", tech, (("chips", 4096, 4096), ("compute", 1600, 1600), ("floor", 18580.608, 18580.608), ("pue", 1.15, 1.15), ("money_eur", 1.2e9, 1.2e9), ("share", 0.3, 0.3))),
        Document("review.html", review, (("power", 48, 48), ("power", 96, 96), ("money_usd", 3.9e8, 3.9e8), ("racks", 2400, 2400))),
    ]  # fmt: skip


def _attachments() -> list[Document]:
    announcement = pdf([
        "证券代码：600999 证券简称：沙岭新能 公告编号：2024-088", "关于投资建设智算中心项目的公告",
        "一、公司拟投资建设青石沟智算中心项目，项目算力总规模5,000PFlops，首批建设规模2,000PFlops，投资预计为人民币4.51亿元，项目建设期预计2个月。",
        "二、本次投资已经公司第九届董事会第三次会议审议通过，表决结果为9票同意、0票反对。",
    ])  # fmt: skip
    two_pages = pdf(
        [f"第{i}条 设备到场后由双方共同清点。" for i in range(1, 45)] + ["本项目总投资约12.6亿元，建设标准机柜5000个。"]
    )
    word = docx(
        ["项目建设内容：建设智算中心1座，总建筑面积1.8万平方米。"],
        [["名称", "投资（万元）"], ["土建", "12000"], ["设备", "58000"], ["合计", "72000"]],
    )
    sheet = xlsx([["项目", "装机(MW)", "投资（亿元）"], ["风电一期", 200.0, 12.5], ["光伏二期", 100.0, 4.2]])
    saved = mhtml(_page("<p>该中心已投运机架1800架，IT负荷约25MW。</p>", "保存的网页"))
    return [
        Document("announcement.pdf", announcement, (("compute", 5000, 5000), ("compute", 2000, 2000), ("money_cny", 4.51e8, 4.51e8), ("duration", 2, 2))),
        Document("two_pages.pdf", two_pages, (("money_cny", 1.26e9, 1.26e9), ("racks", 5000, 5000))),
        Document("attachment.docx", word, (("count", 1, 1), ("floor", 18000, 18000), ("money_cny", 1.2e8, 1.2e8), ("money_cny", 5.8e8, 5.8e8), ("money_cny", 7.2e8, 7.2e8))),
        Document("list.xlsx", sheet, (("gen", 200, 200), ("gen", 100, 100), ("money_cny", 1.25e9, 1.25e9), ("money_cny", 4.2e8, 4.2e8))),
        Document("saved.mhtml", saved, (("racks", 1800, 1800), ("power", 25, 25))),
    ]  # fmt: skip


# ---------------------------------------------------------------- what stands around a text

_OTHERS = (
    "哈密某县：总投资86亿元的算力中心开工", "甘肃一地签约12000P智算项目", "某公司中标5.6亿元服务器采购", "Rival to build 900MW campus for $4bn", "2000台服务器到货，下月点亮"
)  # fmt: skip
GOVERNMENT = (
    '<div class="top-menu"><a href="/">首页</a><a href="/zw/">政务公开 326项</a></div><div class="crumbs">当前位置：<a href="/">首页</a> &gt; <a href="/tz/">2025年投资项目120个</a></div>'
    '<div class="TRS_Editor">{body}</div><div class="xgxw"><h3>相关新闻</h3><ul>{links}</ul></div>'
    '<div id="footer"><p>版权所有 网站标识码6521010001 新公网安备65210102000123号 电话0902-2250000</p><p>累计访问1.2亿次，建议使用1024×768分辨率，本站占地30亩</p></div>'
)
PLAIN = (  # an old page: tables, no names
    "<table><tr><td><a href='/'>首页</a></td><td><a href='/a'>新闻</a></td></tr></table>{body}<p>上一篇：<a href='/1.htm'>某县签约总投资40亿元的项目</a></p>"
    "<p>下一篇：<a href='/2.htm'>100台服务器交付</a></p><ul>{links}</ul><p>浏览次数：1024次 邮编：839000</p>"
)
PRESS = (
    "<header><a href='/'>Trade Wire</a></header><div class='cookie-banner'><p>We and our 842 partners store data. It takes 30 seconds.</p></div><main>{body}</main>"
    "<aside><h3>Most read</h3><ul>{links}</ul></aside><section class='related-articles'><p>Last year rivals ordered 5,000 H100 chips for $300 million.</p>{links}</section>"
    "<div class='newsletter-signup'><p>Join 120,000 readers; $9 a month.</p></div><footer>Call 555-0199. 12 offices.</footer>"
)


def surrounded(document: Document, around: str) -> Document:
    """Return the same page inside the menus, lists of other news and footers of a site."""
    links = "".join(
        f"<li><a href='/n/{i}.html'>{words}</a><span>2025-03-0{i + 1}</span></li>" for i, words in enumerate(_OTHERS)
    )
    charset = "big5hkscs" if "big5" in document.name else "gb18030" if "gbk" in document.name else "utf-8"
    head, rest = document.data.decode(charset).split("<body>")
    body = rest.removesuffix("</body></html>")
    if charset == "big5hkscs":  # that codec has no simplified characters
        links, around = (
            links.encode(charset, "ignore").decode(charset),
            around.encode(charset, "ignore").decode(charset),
        )
    page = f"{head}<body>{around.replace('{body}', body).replace('{links}', links)}</body></html>"
    return Document(document.name, page.encode(charset), document.truth)
