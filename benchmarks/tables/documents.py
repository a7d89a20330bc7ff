"""Forty documents with the marks of their formats, labelled before the reader ran on them.

The other sets write one table in every format; these are pages, Word files, workbooks and printed pages of their own:
nested tables, repeated heads, number formats, hidden rows, formulas, tables without lines, zebra rows, turned pages.
The PDFs are printed by Chromium; the tests read the others.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables.forms import word_table
from benchmarks.tables.small import SmallTable, TableCell, Truth, cells_of, truth_of
from osint import fonts


@dataclass(frozen=True)
class Document:
    """One document with tables, and what is right of it."""

    name: str
    file: str
    write: Callable[[], bytes]
    truth: list[Truth]

    @property
    def table(self) -> SmallTable:
        """Return its truth as that of a small table, which is what the score takes."""
        return SmallTable(self.name, truth=self.truth)


DOCUMENTS: list[Document] = []


def _add(name: str, file: str, write: Callable[[], bytes], truth: str) -> None:
    lines = [line.strip() for line in truth.strip().splitlines()]
    DOCUMENTS.append(Document(name, file, write, [truth_of(line) for line in lines]))


# ---------------------------------------------------------------- writers


def _rows(words: str) -> list[list[TableCell]]:
    return [cells_of(line) for line in words.strip().splitlines()]


def _html_table(words: str, attributes: str = "", head: int = 0) -> str:
    """Return the markup of rows written `a ¦ b`; words in a cell are markup already."""
    out = []
    for number, row in enumerate(_rows(words)):
        tag = "th" if number < head else "td"
        cells = "".join(
            f"<{tag}{f' rowspan={c.rows}' if c.rows > 1 else ''}{f' colspan={c.columns}' if c.columns > 1 else ''}>"
            + c.words.replace("\n", "<br>")
            + f"</{tag}>"
            for c in row
        )
        out.append(f"<tr>{cells}</tr>")
    top, rest = "".join(out[:head]), "".join(out[head:])
    return f"<table {attributes}>{f'<thead>{top}</thead>' if head else ''}<tbody>{rest}</tbody></table>"


def page(body: str) -> Callable[[], bytes]:
    """Return a writer of a page."""
    return f"<!doctype html><html><head><meta charset=utf-8></head><body>{body}</body></html>".encode


def word(*blocks: Any) -> Callable[[], bytes]:
    """Return a writer of a Word file: strings are paragraphs, `_rows` are tables, functions take the document."""

    def write() -> bytes:
        import docx

        paper = docx.Document()
        for block in blocks:
            if isinstance(block, str):
                paper.add_paragraph(block)
            elif callable(block):
                block(paper)
            else:
                word_table(paper, block)
        body = io.BytesIO()
        paper.save(body)
        return body.getvalue()

    return write


def book(*sheets: Callable[[Any], None], stored: dict[str, float] | None = None) -> Callable[[], bytes]:
    """Return a writer of a workbook; `stored` gives the value that is kept with each formula."""

    def write() -> bytes:
        import openpyxl

        made = openpyxl.Workbook()
        made.remove(made.active)
        for number, fill in enumerate(sheets, start=1):
            fill(made.create_sheet(f"Sheet{number}"))
        body = io.BytesIO()
        made.save(body)
        return _with_stored(body.getvalue(), stored or {})

    return write


def _with_stored(data: bytes, stored: dict[str, float]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            body = old.read(member)
            if member.startswith("xl/worksheets/sheet"):
                for place, value in stored.items():
                    pattern = rf'(<c r="{place}"[^>]*><f>[^<]*</f>)<v\s*/>|(<c r="{place}"[^>]*><f>[^<]*</f>)<v></v>'
                    body = re.sub(pattern, lambda m, v=value: f"{m[1] or m[2]}<v>{v}</v>", body.decode()).encode()
            new.writestr(member, body)
    return out.getvalue()


def filled(
    rows: list[list[Any]], formats: dict[str, str] | None = None, merged: str = "", title: str = "",
    hidden_rows: tuple[int, ...] = (), hidden_columns: str = "", state: str = "visible",
) -> Callable[[Any], None]:  # fmt: skip
    """Return what fills a sheet with values, formats by cell, and merged ranges."""

    def fill(sheet: Any) -> None:
        if title:
            sheet.title = title
        for r, row in enumerate(rows, start=1):
            for k, value in enumerate(row, start=1):
                if value is not None:
                    sheet.cell(r, k, value)
        for place, code in (formats or {}).items():
            sheet[place].number_format = code
        for area in merged.split():
            sheet.merge_cells(area)
        for row_number in hidden_rows:
            sheet.row_dimensions[row_number].hidden = True
        for letter in hidden_columns:
            sheet.column_dimensions[letter].hidden = True
        sheet.sheet_state = state

    return fill


_PRINTED: dict[str, bytes] = {}
_RULED = "table{border-collapse:collapse}td,th{border:1px solid #000;padding:4px}"


def printed(body: str, style: str = _RULED) -> Callable[[], bytes]:
    """Return a writer of a page as Chromium prints it."""

    def write() -> bytes:
        face = f"@font-face{{font-family:own;src:url(file://{fonts.chinese_font()})}}body,th{{font:10pt own}}"
        source = f"<!doctype html><meta charset=utf-8><style>{face}{style}</style>{body}"
        if source not in _PRINTED:
            with tempfile.TemporaryDirectory() as folder:
                made, out = Path(folder, "a.html"), Path(folder, "a.pdf")
                made.write_text(source, encoding="utf-8")
                browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
                subprocess.run(
                    [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                     f"--print-to-pdf={out}", str(made)],
                    check=True, capture_output=True, timeout=120,
                )  # fmt: skip
                _PRINTED[source] = out.read_bytes()
        return _PRINTED[source]

    return write


# ---------------------------------------------------------------- pages

_add(
    "award with the sum behind its label in the cell",
    "a.html",
    page(
        "<h1>北岭市智算平台设备采购项目中标（成交）结果公告</h1><p>一、项目编号：BLZC2025-G1-0042</p><p>三、中标（成交）信息</p>"
        + _html_table(
            """
序号 ¦ 中标（成交）金额(元) ¦ 中标供应商名称 ¦ 中标供应商地址
1 ¦ 最终报价:26988000(元) ¦ 云川数智科技有限公司 ¦ 云川市高新区创业路88号3幢501室
2 ¦ 最终报价:7354600.5(元) ¦ 北岭网安信息有限公司 ¦ 北岭市解放北路1269号
""",
            "border=1",
        )
    ),
    """
> money_cny 26988000 row=云川数智科技有限公司
> money_cny 7354600.5 row=北岭网安信息有限公司
""",
)

_add(
    "goods with a bare quantity and the model in the specification",
    "a.html",
    page(
        "<p>四、主要标的信息</p>"
        + _html_table(
            """
序号 ¦ 标项名称 ¦ 标的名称 ¦ 品牌 ¦ 数量 ¦ 单价(元) ¦ 规格型号
1 ¦ 算力服务器采购 ¦ AI训练服务器 ¦ 浪潮 ¦ 16 ¦ 1680000 ¦ NF5688M7（8×H100 80GB）
2 ¦ 算力服务器采购 ¦ 管理服务器 ¦ 浪潮 ¦ 4 ¦ 86000 ¦ NF5280M7
""",
            "border=1",
            head=1,
        )
    ),
    """
> servers 16 row=AI训练服务器
> money_cny 1680000 row=AI训练服务器 per=unit
> servers 4 row=管理服务器
> money_cny 86000 row=管理服务器 per=unit
? chips 8
""",
)

_add(
    "parameters of a tender, one sentence a row",
    "a.html",
    page(
        "<h2>第三章 采购需求</h2>"
        + _html_table("""
序号 ¦ 参数性质 ¦ 技术参数与性能指标
1 ¦ ★ ¦ 单台服务器配置不少于8块GPU加速卡，单卡显存≥80GB
2 ¦  ¦ 数量：24台
3 ¦ ▲ ¦ 整机额定功率不超过10.2kW
""")
    ),
    """
> chips 8..- per=台
> count 24
> power -..0.0102
""",
)

_add(
    "filing certificate with a long cell and four columns",
    "a.html",
    page(
        "<h1>投资项目备案证</h1>"
        + _html_table(
            """
[c4]企业投资项目备案信息
项目名称 ¦ 戈壁一号绿色算力园 ¦ 项目代码 ¦ 2503-650402-04-01-662018
建设性质 ¦ 新建 ¦ 总投资额(万元) ¦ 268000
计划开工时间 ¦ 2025-06 ¦ 计划竣工时间 ¦ 2027-12
建设规模及内容 ¦ [c3]新建算力机房3栋，总建筑面积4.6万平方米，部署标准机柜5200架，配套110千伏变电站1座
""",
            "border=1",
        )
    ),
    """
> money_cny 2680000000 row=总投资额
> floor 46000
> racks 5200
? count 3
? voltage 110
? count 1
""",
)

_add(
    "monthly investment, two levels of head and a line with the unit",
    "a.html",
    page(
        "<h2>2025年1—6月重点项目投资完成情况</h2><p align=right>单位：万元、%</p>"
        + _html_table(
            """
[r2]序号 ¦ [r2]项目名称 ¦ [r2]总投资 ¦ [r2]2025年计划投资 ¦ [c2]完成投资 ¦ [r2]完成率
本月 ¦ 累计
一 ¦ 合计 ¦ 486000 ¦ 120000 ¦ 9860 ¦ 51240 ¦ 42.7
1 ¦ 云谷算力中心一期 ¦ 186000 ¦ 50000 ¦ 4460 ¦ 23840 ¦ 47.7
2 ¦ 天池数据中心 ¦ 300000 ¦ 70000 ¦ 5400 ¦ 27400 ¦ 39.1
""",
            "border=1",
        )
    ),
    """
> money_cny 4860000000 row=合计
> money_cny 1200000000 row=合计
> money_cny 98600000 row=合计 col=本月
> money_cny 512400000 row=合计 col=累计
> money_cny 1860000000 row=云谷算力中心一期
> money_cny 500000000 row=云谷算力中心一期
> money_cny 44600000 row=云谷算力中心一期 col=本月
> money_cny 238400000 row=云谷算力中心一期 col=累计
> money_cny 3000000000 row=天池数据中心
> money_cny 700000000 row=天池数据中心
> money_cny 54000000 row=天池数据中心 col=本月
> money_cny 274000000 row=天池数据中心 col=累计
? share 0.427
? share 0.477
? share 0.391
""",
)

_add(
    "lots across, things down",
    "a.html",
    page(
        _html_table("""
采购包 ¦ 包1 ¦ 包2 ¦ 包3
标的名称 ¦ GPU服务器 ¦ 液冷机柜 ¦ 运维服务
数量 ¦ 40台 ¦ 120套 ¦ 1项
预算金额（万元） ¦ 6,800 ¦ 960 ¦ 215.5
最高限价（万元） ¦ 6,650 ¦ 955 ¦ 210
""")
    ),
    """
> servers 40 col=包1
> racks 120 col=包2
? count 1
> money_cny 68000000 col=包1
> money_cny 9600000 col=包2
> money_cny 2155000 col=包3
> money_cny 66500000 col=包1
> money_cny 9550000 col=包2
> money_cny 2100000 col=包3
""",
)

_add(
    "a table of layout around a table of lots with sums between",
    "a.html",
    page(
        "<table width=100%><tr><td class=left>当前位置：首页</td></tr><tr><td><h3>中标结果</h3>"
        + _html_table(
            """
包号 ¦ 货物名称 ¦ 数量 ¦ 单位 ¦ 单价（元） ¦ 金额（元）
[r2]A包 ¦ 推理服务器 ¦ 30 ¦ 台 ¦ 265,000 ¦ 7,950,000
交换机 ¦ 8 ¦ 台 ¦ 128,000 ¦ 1,024,000
[c5]A包小计 ¦ 8,974,000
B包 ¦ 加速卡 ¦ 240 ¦ 张 ¦ 98,500 ¦ 23,640,000
[c5]合计 ¦ 32,614,000
""",
            "border=1",
        )
        + "</td></tr></table>"
    ),
    """
> servers 30 row=推理服务器
> money_cny 265000 row=推理服务器 per=台
> money_cny 7950000 row=推理服务器
> count 8 row=交换机
> money_cny 128000 row=交换机 per=台
> money_cny 1024000 row=交换机
> money_cny 8974000 row=小计
> chips 240 row=加速卡
> money_cny 98500 row=加速卡 per=张
> money_cny 23640000 row=加速卡
> money_cny 32614000 row=合计
""",
)

_add(
    "a table written with bars in a pre element",
    "a.html",
    page("""<pre>
附表 设备清单

| 序号 | 设备名称       | 数量（台） | 预算（万元） |
|------|----------------|-----------|--------------|
| 1    | 训练服务器     | 56        | 9,240        |
| 2    | 存储节点       | 12        | 384.6        |
</pre>"""),
    """
> servers 56
> money_cny 92400000
> count 12
> money_cny 3846000
""",
)

_add(
    "award notice in English, money in the head",
    "a.html",
    page(
        "<h1>Contract Award Notice</h1>"
        + _html_table(
            """
Lot No. ¦ Description ¦ Awarded supplier ¦ Quantity ¦ Unit ¦ Unit price (USD) ¦ Contract value (USD thousand)
1 ¦ GPU servers, 8-way ¦ Northern Compute Ltd ¦ 64 ¦ pcs ¦ 310,000 ¦ 19,840
2 ¦ Server racks ¦ Delta Cooling GmbH ¦ 120 ¦ pcs ¦ 4,250 ¦ 510
""",
            head=1,
        )
    ),
    """
> servers 64 row=GPU servers
> money_usd 310000 row=GPU servers per=pcs
> money_usd 19840000 row=GPU servers
> racks 120 row=Server racks
> money_usd 4250 row=Server racks per=pcs
> money_usd 510000 row=Server racks
? chips 8
""",
)

_add(
    "raised marks, ranges, full width, words struck out",
    "a.html",
    page(
        "<p>表2　园区规模<sup>1</sup></p>"
        + _html_table("""
园区 ¦ 机柜<sup>2</sup>（架） ¦ 负荷（MW） ¦ 总投资（亿元）
甲园 ¦ <s>1,800</s> 2,000<sup>3</sup> ¦ 10-20 ¦ １２．５
乙园 ¦ ３，６００ ¦ 约36 ¦ 18.6*
""")
        + "<p><sup>3</sup> 以批复为准</p>"
    ),
    """
> racks 2000 row=甲园
> power 10..20 row=甲园
> money_cny 1250000000 row=甲园
> racks 3600 row=乙园
> power 36 row=乙园
> money_cny 1860000000 row=乙园
""",
)

# ---------------------------------------------------------------- Word

_add(
    "goods by lots with sums between",
    "a.docx",
    word(
        "中标结果明细表",
        _rows("""
标段 ¦ 序号 ¦ 名称 ¦ 型号 ¦ 数量 ¦ 单位 ¦ 单价（万元） ¦ 合价（万元） ¦ 备注
[r3]一标段 ¦ 1 ¦ 智算服务器 ¦ R5500 G6 ¦ 32 ¦ 台 ¦ 215 ¦ 6880 ¦ 含8张H200
2 ¦ 存储服务器 ¦ X10536 ¦ 6 ¦ 台 ¦ 48.5 ¦ 291 ¦
[c6]小计 ¦ 7171 ¦
[r2]二标段 ¦ 1 ¦ 冷通道机柜 ¦ 600×1200 ¦ 96 ¦ 架 ¦ 3.2 ¦ 307.2 ¦ 一期
[c6]小计 ¦ 307.2 ¦
[c7]总计 ¦ 7478.2 ¦
"""),
    ),
    """
> servers 32 row=智算服务器
> money_cny 2150000 row=智算服务器 per=台
> money_cny 68800000 row=智算服务器
? chips 8
> servers 6 row=存储服务器
> money_cny 485000 row=存储服务器 per=台
> money_cny 2910000 row=存储服务器
> money_cny 71710000 row=小计
> racks 96 row=冷通道机柜
> money_cny 32000 row=冷通道机柜 per=架
> money_cny 3072000 row=冷通道机柜
> money_cny 3072000 row=小计
> money_cny 74782000 row=总计
""",
)


def _form_with_inner(paper: Any) -> None:
    grid = word_table(
        paper,
        _rows("""
项目单位 ¦ 天山云计算有限公司 ¦ 法人代表 ¦ 王某
建设内容 ¦ [c3]见下表
投资构成（万元） ¦ [c3]
联系电话 ¦ 0991-5550123 ¦ 邮编 ¦ 830000
"""),
    )
    word_table(
        grid.cell(1, 1),
        _rows("""
名称 ¦ 机架（个） ¦ 算力（P）
1号楼 ¦ 1,600 ¦ 2,400
2号楼 ¦ 1,200 ¦ 800
"""),
    )
    word_table(
        grid.cell(2, 1),
        _rows("""
设备购置 ¦ 86,400
土建 ¦ 12,350
"""),
    )


_add(
    "a form with two tables in its cells",
    "a.docx",
    word("附件1 项目申报表", _form_with_inner),
    """
> racks 1600 row=1号楼
> compute 2400 row=1号楼
> racks 1200 row=2号楼
> compute 800 row=2号楼
> money_cny 864000000 row=设备购置
> money_cny 123500000 row=土建
""",
)

_add(
    "two levels of head and the unit in a paragraph",
    "a.docx",
    word(
        "表3 分年度资金安排",
        "单位：亿元",
        _rows("""
[r2]项目 ¦ [c3]资金来源 ¦ [r2]合计
资本金 ¦ 银行贷款 ¦ 专项债
一期工程 ¦ 2.4 ¦ 6.1 ¦ 0.5 ¦ 9.0
二期工程 ¦ 3.15 ¦ 8.85 ¦ - ¦ 12.0
"""),
    ),
    """
> money_cny 240000000 row=一期工程 col=资本金
> money_cny 610000000 row=一期工程 col=银行贷款
> money_cny 50000000 row=一期工程 col=专项债
> money_cny 900000000 row=一期工程 col=合计
> money_cny 315000000 row=二期工程 col=资本金
> money_cny 885000000 row=二期工程 col=银行贷款
> money_cny 1200000000 row=二期工程 col=合计
""",
)

_add(
    "a list that goes on in a second table with the same heads",
    "a.docx",
    word(
        "算力设施一览表",
        _rows("""
序号 ¦ 单位名称 ¦ 机柜数（架） ¦ 在用功率（kW）
1 ¦ 甲公司 ¦ 820 ¦ 5,600
2 ¦ 乙公司 ¦ 1,460 ¦ 9,800
"""),
        "续表",
        _rows("""
序号 ¦ 单位名称 ¦ 机柜数（架） ¦ 在用功率（kW）
3 ¦ 丙公司 ¦ 300 ¦ 1,950
 ¦ 合计 ¦ 2,580 ¦ 17,350
"""),
    ),
    """
> racks 820 row=甲公司
> power 5.6 row=甲公司
> racks 1460 row=乙公司
> power 9.8 row=乙公司
> racks 300 row=丙公司
> power 1.95 row=丙公司
> racks 2580 row=合计
> power 17.35 row=合计
""",
)

_add(
    "phases across, units behind the names",
    "a.docx",
    word(
        "主要指标表",
        _rows("""
指标 ¦ 一期 ¦ 二期 ¦ 合计
用地面积/亩 ¦ 86 ¦ 124 ¦ 210
机架规模/架 ¦ 2,400 ¦ 4,800 ¦ 7,200
IT负荷/MW ¦ 19.2 ¦ 38.4 ¦ 57.6
建设投资/亿元 ¦ 8.9 ¦ 17.2 ¦ 26.1
"""),
    ),
    """
> land 57333.3333 row=用地面积 col=一期
> land 82666.6667 row=用地面积 col=二期
> land 140000 row=用地面积 col=合计
> racks 2400 row=机架规模 col=一期
> racks 4800 row=机架规模 col=二期
> racks 7200 row=机架规模 col=合计
> power 19.2 row=IT负荷 col=一期
> power 38.4 row=IT负荷 col=二期
> power 57.6 row=IT负荷 col=合计
> money_cny 890000000 row=建设投资 col=一期
> money_cny 1720000000 row=建设投资 col=二期
> money_cny 2610000000 row=建设投资 col=合计
""",
)

_add(
    "quantity and unit apart, the total in capitals",
    "a.docx",
    word(
        "报价明细表",
        _rows("""
序号 ¦ 货物名称 ¦ 数量 ¦ 单位 ¦ 单价（元） ¦ 总价（元）
1 ¦ 图形处理器服务器 ¦ 18 ¦ 台 ¦ 1,420,000.00 ¦ 25,560,000.00
2 ¦ 光纤跳线 ¦ 600 ¦ 根 ¦ 85.00 ¦ 51,000.00
3 ¦ 安装调试 ¦ 1 ¦ 项 ¦ 120,000.00 ¦ 120,000.00
[c6]合计人民币（大写）：贰仟伍佰柒拾叁万壹仟元整（￥25,731,000.00）
"""),
    ),
    """
> servers 18 row=图形处理器服务器
> money_cny 1420000 row=图形处理器服务器 per=台
> money_cny 25560000 row=图形处理器服务器
> count 600 row=光纤跳线
> money_cny 85 row=光纤跳线 per=根
> money_cny 51000 row=光纤跳线
? count 1
> money_cny 120000 row=安装调试
> money_cny 120000 row=安装调试
> money_cny 25731000
? money_cny 25731000
""",
)

_add(
    "schedule of prices in English, in euro",
    "a.docx",
    word(
        "Annex B. Schedule of prices",
        _rows("""
Item ¦ Description ¦ Qty ¦ UoM ¦ Unit price (EUR) ¦ Total (EUR)
1 ¦ H100 GPU server ¦ 24 ¦ EA ¦ 285,000.00 ¦ 6,840,000.00
2 ¦ Coolant distribution unit ¦ 6 ¦ EA ¦ 41,500.00 ¦ 249,000.00
[c5]Grand total ¦ 7,089,000.00
"""),
    ),
    """
> servers 24 row=H100 GPU server
> money_eur 285000 row=H100 GPU server per=EA
> money_eur 6840000 row=H100 GPU server
> count 6 row=Coolant distribution unit
> money_eur 41500 row=Coolant distribution unit per=EA
> money_eur 249000 row=Coolant distribution unit
> money_eur 7089000 row=Grand total
""",
)


def _corrected(paper: Any) -> None:
    grid = word_table(
        paper,
        _rows("""
参数名称 ¦ 单位 ¦ 要求值
加速卡数量 ¦ 张 ¦
机房面积 ¦ 平方米 ¦ ３,２００
供电容量 ¦ kVA ¦ 2×2500
"""),
    )
    paragraph = grid.cell(1, 2).paragraphs[0]
    paragraph.add_run("1024").font.strike = True
    paragraph.add_run(" 1536")
    paragraph.add_run("2").font.superscript = True


_add(
    "a value struck out and put right, full width, a raised mark",
    "a.docx",
    word("采购需求表（更正）", _corrected),
    """
> chips 1536 row=加速卡数量
> floor 3200 row=机房面积
? transformer 5
""",
)

_add(
    "payments of a contract by shares",
    "a.docx",
    word(
        "付款安排（金额单位：万元）",
        _rows("""
付款节点 ¦ 比例 ¦ 金额 ¦ 时间
合同签订后 ¦ 30% ¦ 2,151.3 ¦ 2025年9月
到货验收后 ¦ 60% ¦ 4,302.6 ¦ 2025年12月
质保期满 ¦ 10% ¦ 717.1 ¦ 2028年12月
"""),
    ),
    """
? share 0.3
? share 0.6
? share 0.1
> money_cny 21513000 row=合同签订后
> money_cny 43026000 row=到货验收后
> money_cny 7171000 row=质保期满
""",
)

_add(
    "energy by years with a column of units",
    "a.docx",
    word(
        "能源消费情况",
        _rows("""
指标名称 ¦ 计量单位 ¦ 2025年 ¦ 2026年 ¦ 2027年
电力消费量 ¦ 万kWh ¦ 4,820 ¦ 9,640 ¦ 17,350
综合能耗（等价值） ¦ 吨标准煤 ¦ 13,930 ¦ 27,860 ¦ 50,140
PUE ¦ — ¦ 1.28 ¦ 1.25 ¦ 1.2
"""),
    ),
    """
> energy 48.2 row=电力消费量 date=2025
> energy 96.4 row=电力消费量 date=2026
> energy 173.5 row=电力消费量 date=2027
> tce 13930 row=综合能耗 date=2025
> tce 27860 row=综合能耗 date=2026
> tce 50140 row=综合能耗 date=2027
> pue 1.28 date=2025
> pue 1.25 date=2026
> pue 1.2 date=2027
""",
)

# ---------------------------------------------------------------- Excel

_add(
    "formats that write the unit",
    "a.xlsx",
    book(
        filled(
            [
                ["项目", "总投资", "用电负荷", "完成比例", "备案时间"],
                ["云谷一期", 73500.5, 24.5, 0.425, 45735],
                ["云谷二期", 128000, 60, 0.08, 45900],
            ],
            {
                **{f"B{n}": '#,##0.00"万元"' for n in (2, 3)},
                **{f"C{n}": '0.0"MW"' for n in (2, 3)},
                **{f"D{n}": "0.0%" for n in (2, 3)},
                **{f"E{n}": "yyyy/m/d" for n in (2, 3)},
            },
        )
    ),
    """
> money_cny 735005000 row=云谷一期
> power 24.5 row=云谷一期
> money_cny 1280000000 row=云谷二期
> power 60 row=云谷二期
? share 0.425
? share 0.08
""",
)

_add(
    "a hidden column, a hidden row and a hidden sheet",
    "a.xlsx",
    book(
        filled(
            [["企业", "旧机柜（架）", "机柜（架）"], ["甲", 500, 620], ["乙", 410, 480], ["丙", 90, 100]],
            hidden_rows=(4,),
            hidden_columns="B",
            title="正式",
        ),
        filled([["企业", "机柜（架）"], ["甲", 999]], state="hidden", title="草稿"),
    ),
    """
> racks 620 row=甲
> racks 480 row=乙
? racks 500
? racks 410
? racks 90
? racks 100
? racks 999
""",
)

_add(
    "totals by formulas whose values are stored",
    "a.xlsx",
    book(
        filled(
            [
                ["名称", "数量（台）", "单价（万元）", "金额（万元）"],
                ["GPU服务器", 20, 185, "=B2*C2"],
                ["通用服务器", 36, 9.5, "=B3*C3"],
                ["合计", "=SUM(B2:B3)", None, "=SUM(D2:D3)"],
            ]
        ),
        stored={"D2": 3700, "D3": 342, "B4": 56, "D4": 4042},
    ),
    """
> servers 20 row=GPU服务器
> money_cny 1850000 row=GPU服务器 per=台
> money_cny 37000000 row=GPU服务器
> servers 36 row=通用服务器
> money_cny 95000 row=通用服务器 per=台
> money_cny 3420000 row=通用服务器
? servers 56
? count 56
> money_cny 40420000 row=合计
""",
)

_add(
    "three levels of merged heads",
    "a.xlsx",
    book(
        filled(
            [
                ["地州", "数据中心", None, None, None, "投资"],
                [None, "规模", None, "能耗", None, "（亿元）"],
                [None, "机架（架）", "服务器（台）", "用电量（万千瓦时）", "PUE", None],
                ["哈密", 12600, 88000, 34500, 1.21, 42.6],
                ["昌吉", 5400, 31000, 15800, 1.25, 18],
            ],
            merged="A1:A3 B1:E1 B2:C2 D2:E2 F2:F3",
        )
    ),
    """
> racks 12600 row=哈密
> servers 88000 row=哈密
> energy 345 row=哈密
> pue 1.21 row=哈密
> money_cny 4260000000 row=哈密
> racks 5400 row=昌吉
> servers 31000 row=昌吉
> energy 158 row=昌吉
> pue 1.25 row=昌吉
> money_cny 1800000000 row=昌吉
""",
)

_add(
    "title, date and unit over a table that begins in the fourth row",
    "a.xlsx",
    book(
        filled(
            [
                ["2025年10月重大项目进展表"],
                ["填报日期：2025年11月5日", None, None, "单位：万元"],
                [],
                ["序号", "项目名称", "总投资", "本年完成投资", "形象进度"],
                [1, "戈壁算力枢纽", 356000, 48200, "主体封顶"],
                [2, "北庭超算", 92000, 15600, "设备安装"],
            ],
            merged="A1:E1",
        )
    ),
    """
> money_cny 3560000000 row=戈壁算力枢纽
> money_cny 482000000 row=戈壁算力枢纽
> money_cny 920000000 row=北庭超算
> money_cny 156000000 row=北庭超算
""",
)

_add(
    "two tables side by side",
    "a.xlsx",
    book(
        filled(
            [
                ["在建", "机柜（架）", None, "拟建", "用地（亩）"],
                ["甲园", 1500, None, "丁园", 66],
                ["乙园", 2300, None, "戊园", 108],
            ]
        )
    ),
    """
> racks 1500 row=甲园
> racks 2300 row=乙园
> land 44000 row=丁园
> land 72000 row=戊园
""",
)

_add(
    "two tables below each other, each with its unit",
    "a.xlsx",
    book(
        filled(
            [
                ["一、资金（单位：万元）"],
                ["科目", "预算数", "执行数"],
                ["设备购置费", 8600, 8450.2],
                ["工程费", 3200, 2980],
                [],
                ["二、设备（单位：台）"],
                ["品名", "计划", "到货"],
                ["训练服务器", 120, 96],
                ["网络设备", 44, 44],
            ]
        )
    ),
    """
> money_cny 86000000 row=设备购置费 col=预算数
> money_cny 84502000 row=设备购置费 col=执行数
> money_cny 32000000 row=工程费 col=预算数
> money_cny 29800000 row=工程费 col=执行数
> servers 120 row=训练服务器
> servers 96 row=训练服务器
> count 44 row=网络设备
> count 44 row=网络设备
""",
)

_add(
    "years as numbers in the head",
    "a.xlsx",
    book(
        filled(
            [
                ["指标", "单位", 2023, 2024, 2025],
                ["算力规模", "EFLOPS", 3.2, 8.6, 22],
                ["机架总量", "万架", 1.8, 3.4, 5.1],
                ["数字经济投资", "亿元", 46, 88.5, 132],
            ]
        )
    ),
    """
> compute 3200 row=算力规模 date=2023
> compute 8600 row=算力规模 date=2024
> compute 22000 row=算力规模 date=2025
> racks 18000 row=机架总量 date=2023
> racks 34000 row=机架总量 date=2024
> racks 51000 row=机架总量 date=2025
> money_cny 4600000000 row=数字经济投资 date=2023
> money_cny 8850000000 row=数字经济投资 date=2024
> money_cny 13200000000 row=数字经济投资 date=2025
""",
)

_add(
    "dollars and euro by the format, thousands by the note",
    "a.xlsx",
    book(
        filled(
            [
                ["Capital budget (in thousands)"],
                ["Site", "Equipment", "Civil works", "IT load (MW)"],
                ["North campus", 45200, 12800, 32],
                ["South campus", 9900, 2150.5, 7.5],
            ],
            {
                **{f"{c}{n}": '"$"#,##0' for c in "BC" for n in (3,)},
                **{f"{c}{n}": "[$€-407] #,##0.0" for c in "BC" for n in (4,)},
            },
        )
    ),
    """
? money_usd 45200000
? money_usd 12800000
> power 32 row=North campus
? money_eur 9900000
? money_eur 2150500
> power 7.5 row=South campus
""",
)

_add(
    "numbers as words, sums between, remarks",
    "a.xlsx",
    book(
        filled(
            [
                ["序号", "采购内容", "数量", "单位", "单价（元）", "金额（元）", "备注"],
                ["1", "H800服务器", "1,200", "台", "2,050,000", "2,460,000,000", "分两批，首批600台"],
                ["2", "机柜", "150", "个", "18,500", "2,775,000", "见附件3"],
                ["小计", None, None, None, None, "2,462,775,000", None],
            ],
            merged="A4:E4",
        )
    ),
    """
> servers 1200 row=H800服务器
> money_cny 2050000 row=H800服务器 per=台
> money_cny 2460000000 row=H800服务器
? servers 600
? count 600
> racks 150 row=机柜
> money_cny 18500 row=机柜 per=个
> money_cny 2775000 row=机柜
> money_cny 2462775000 row=小计
""",
)

# ---------------------------------------------------------------- PDF

_add(
    "ruled goods with lots over several rows",
    "a.pdf",
    printed(
        "<h3>主要标的信息</h3>"
        + _html_table("""
分包 ¦ 名称 ¦ 数量 ¦ 单位 ¦ 单价（万元） ¦ 中标金额（万元）
[r2]01 ¦ 智算服务器 ¦ 48 ¦ 台 ¦ 198.6 ¦ 9,532.8
参数存储 ¦ 4 ¦ 套 ¦ 156 ¦ 624
02 ¦ 柴油发电机组 ¦ 6 ¦ 台 ¦ 320 ¦ 1,920
""")
    ),
    """
> servers 48 row=智算服务器
> money_cny 1986000 row=智算服务器 per=台
> money_cny 95328000 row=智算服务器
> count 4 row=参数存储
> money_cny 1560000 row=参数存储 per=套
> money_cny 6240000 row=参数存储
> count 6 row=柴油发电机组
> money_cny 3200000 row=柴油发电机组 per=台
> money_cny 19200000 row=柴油发电机组
""",
)

_add(
    "three lines only, as in a paper",
    "a.pdf",
    printed(
        "<p>表1 各园区建设规模</p>"
        + _html_table(
            """
园区 ¦ 机架（架） ¦ 用电负荷（MW） ¦ 总投资（亿元）
云川园区 ¦ 3,600 ¦ 28.8 ¦ 15.2
北庭园区 ¦ 1,250 ¦ 9.5 ¦ 4.75
天池园区 ¦ 8,800 ¦ 72 ¦ 38
""",
            head=1,
        ),
        "table{border-collapse:collapse;border-top:2px solid;border-bottom:2px solid}"
        "thead th{border-bottom:1px solid}td,th{padding:4px 18px;text-align:left}",
    ),
    """
> racks 3600 row=云川园区
> power 28.8 row=云川园区
> money_cny 1520000000 row=云川园区
> racks 1250 row=北庭园区
> power 9.5 row=北庭园区
> money_cny 475000000 row=北庭园区
> racks 8800 row=天池园区
> power 72 row=天池园区
> money_cny 3800000000 row=天池园区
""",
)

_add(
    "a table turned by a quarter",
    "a.pdf",
    printed(
        "<div style='transform:rotate(90deg);transform-origin:0 0;position:absolute;left:500px;top:20px;width:800px'>"
        + _html_table("""
序号 ¦ 项目 ¦ 算力（P） ¦ 机柜（个） ¦ 投资（万元）
1 ¦ 甲智算中心 ¦ 1,200 ¦ 460 ¦ 68,000
2 ¦ 乙智算中心 ¦ 3,400 ¦ 1,150 ¦ 172,500
""")
        + "</div>"
    ),
    """
> compute 1200 row=甲智算中心
> racks 460 row=甲智算中心
> money_cny 680000000 row=甲智算中心
> compute 3400 row=乙智算中心
> racks 1150 row=乙智算中心
> money_cny 1725000000 row=乙智算中心
""",
)

_add(
    "a table without lines beside a column of prose",
    "a.pdf",
    printed(
        "<div style='columns:2;column-gap:30px'><p>本项目位于北岭县工业园区，由云川公司投资建设，资金来源为企业自筹，建设周期为二十四个月，"
        "目前已经完成前期工作，正在办理施工许可，计划于明年春季进场施工，并与当地电网签订供用电协议。</p>"
        "<p>项目实施后将为当地提供就业岗位，带动上下游产业发展，具有良好的社会效益。</p>"
        + _html_table(
            """
指标 ¦ 数值
用地面积 ¦ 120亩
标准机柜 ¦ 2600架
供电容量 ¦ 40MVA
""",
            "style='break-before:column'",
        )
        + "</div>",
        "td{padding:3px 30px 3px 0}",
    ),
    """
> land 80000
> racks 2600
> transformer 40
? duration 24
""",
)

_LONG = "\n".join(f"{n} ¦ 企业{n:02d} ¦ {100 + 7 * n} ¦ {2 * n + 1}.5" for n in range(1, 61))
_add(
    "a table over two pages, its head repeated by the printer",
    "a.pdf",
    printed("<h3>数据中心名录</h3>" + _html_table("序号 ¦ 企业名称 ¦ 机柜（架） ¦ 负荷（MW）\n" + _LONG, head=1)),
    "\n".join(f"> racks {100 + 7 * n} row=企业{n:02d}\n> power {2 * n + 1.5} row=企业{n:02d}" for n in range(1, 61)),
)

_add(
    "a ruled form of four columns with wrapped cells",
    "a.pdf",
    printed(
        _html_table("""
项目名称 ¦ [c3]天山云谷绿色算力中心（二期）
总投资（万元） ¦ 98,600 ¦ 其中：设备投资（万元） ¦ 71,250
用地面积（平方米） ¦ 53,360 ¦ 建筑面积（平方米） ¦ 31,480.5
建设内容 ¦ [c3]建设算力机房两栋，安装标准机柜3000架，配套建设35千伏变电站一座，年用电量约2.1亿千瓦时，项目建成后形成智能算力5000P
"""),
        _RULED + "table{width:420px}",
    ),
    """
> money_cny 986000000 row=总投资
> money_cny 712500000 row=设备投资
> land 53360 row=用地面积
> floor 31480.5 row=建筑面积
> racks 3000
> energy 210
> compute 5000
? count 2
? count 1
? voltage 35
""",
)

_add(
    "months without lines under a line with the unit",
    "a.pdf",
    printed(
        "<h3>固定资产投资完成情况</h3><p style='text-align:right'>单位：万元</p>"
        + _html_table("""
项目 ¦ 7月 ¦ 8月 ¦ 9月 ¦ 累计
云谷算力 ¦ 4,200 ¦ 5,150 ¦ 6,080 ¦ 38,430
天池云 ¦ 860 ¦ 1,020 ¦ 990 ¦ 7,115
合计 ¦ 5,060 ¦ 6,170 ¦ 7,070 ¦ 45,545
"""),
        "table{width:100%}td{padding:4px 8px}",
    ),
    """
> money_cny 42000000 row=云谷算力 col=7月
> money_cny 51500000 row=云谷算力 col=8月
> money_cny 60800000 row=云谷算力 col=9月
> money_cny 384300000 row=云谷算力 col=累计
> money_cny 8600000 row=天池云 col=7月
> money_cny 10200000 row=天池云 col=8月
> money_cny 9900000 row=天池云 col=9月
> money_cny 71150000 row=天池云 col=累计
> money_cny 50600000 row=合计 col=7月
> money_cny 61700000 row=合计 col=8月
> money_cny 70700000 row=合计 col=9月
> money_cny 455450000 row=合计 col=累计
""",
)

_add(
    "narrow ruled columns whose heads break over lines",
    "a.pdf",
    printed(
        _html_table("""
企业名称 ¦ 计划总投资（万元） ¦ 标准机架数量（架） ¦ 智能算力规模（PFLOPS）
新疆某某云计算科技有限责任公司 ¦ 1,280,000 ¦ 12,400 ¦ 15,000
哈密某某数据服务有限公司 ¦ 86,400.75 ¦ 960 ¦ 320
"""),
        _RULED + "td{width:62px;word-break:break-all}",
    ),
    """
> money_cny 12800000000 row=新疆某某云计算
> racks 12400 row=新疆某某云计算
> compute 15000 row=新疆某某云计算
> money_cny 864007500 row=哈密某某数据服务
> racks 960 row=哈密某某数据服务
> compute 320 row=哈密某某数据服务
""",
)

_add(
    "English, no lines, numbers set to the right",
    "a.pdf",
    printed(
        "<h3>Tender results</h3>"
        + _html_table("""
Bidder ¦ GPUs offered ¦ Price (USD million) ¦ Delivery (weeks)
Alpha Systems ¦ 4,096 ¦ 152.4 ¦ 16
Beta Integrators ¦ 3,840 ¦ 139.75 ¦ 22
"""),
        "td{padding:3px 20px;text-align:right}td:first-child{text-align:left}",
    ),
    """
> chips 4096 row=Alpha Systems
> money_usd 152400000 row=Alpha Systems
> chips 3840 row=Beta Integrators
> money_usd 139750000 row=Beta Integrators
? duration 16
? duration 22
""",
)

_add(
    "rows told apart by their ground, not by lines",
    "a.pdf",
    printed(
        _html_table("""
设备名称 ¦ 规格 ¦ 数量 ¦ 单位 ¦ 备注
AI服务器 ¦ 8×H200 ¦ 72 ¦ 台 ¦ 含三年维保
加速卡备件 ¦ H200 141GB ¦ 16 ¦ 张 ¦
UPS ¦ 500kVA ¦ 8 ¦ 套 ¦ 双路
"""),
        "table{border-spacing:0}td{padding:5px 14px}tr:nth-child(even) td{background:#dde6f0}"
        "tr:first-child td{background:#345;color:#fff}",
    ),
    """
> servers 72 row=AI服务器
? chips 8
> chips 16 row=加速卡备件
> count 8 row=UPS
? transformer 0.5
""",
)
