"""Draw documents by chance: records first, then a layout for them, then the marks of one format.

It draws things with measures, and then how some notice lays them out: things down or across, years over measures, units
in the head, below it, in a column, over the table, in its caption or in a number format.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from benchmarks.tables.documents import Document, printed
from benchmarks.tables.forms import as_docx
from benchmarks.tables.small import SmallTable, TableCell, Truth

_MEASURES = {
    "money_cny": (("总投资", "投资估算", "计划投资", "Capex"), (("万元", 1e4), ("亿元", 1e8), ("元", 1.0))),
    "racks": (("机柜总数", "标准机架数", "规划机架", "Racks"), (("架", 1.0), ("个", 1.0))),
    "servers": (("服务器总量", "可部署服务器", "Servers"), (("台", 1.0),)),
    "chips": (("加速卡总数", "AI加速卡", "GPUs"), (("张", 1.0), ("块", 1.0))),
    "compute": (("算力", "智算规模", "Compute"), (("P", 1.0), ("PFLOPS", 1.0))),
    "power": (("IT功率", "最大负荷", "IT load"), (("MW", 1.0), ("kW", 1e-3))),
    "energy": (("年用电", "全年电量", "Energy"), (("万千瓦时", 0.01), ("亿千瓦时", 100.0))),
    "land": (("占地", "项目用地", "Site area"), (("亩", 2000 / 3), ("公顷", 1e4))),
    "floor": (("建筑面积", "机房建筑面积", "Floor area"), (("平方米", 1.0), ("万平方米", 1e4))),
}
_THINGS = ("天湖算力中心", "云山万卡集群扩建工程", "东岭数据港", "沙洲智算基地", "5G与算力融合项目", "七号机房改造")
_FIRMS = ("天湖科技有限公司", "云山信息股份有限公司", "沙洲数据集团", "东岭工程有限公司")


@dataclass(frozen=True)
class _Measure:
    kind: str
    words: str
    unit: str
    factor: float

    def head(self, rng: random.Random) -> str:
        return self.words + rng.choice(("（{}）", "\n（{}）", "({})", " / {}", "，{}")).format(self.unit)


class _Draw:
    """One table, drawn from one source of chance."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.table = SmallTable("")
        self.before: list[str] = []
        self.prose: list[str] = []

    def measures(self, count: int, *, but: tuple[str, ...] = ()) -> list[_Measure]:
        found = []
        for kind in self.rng.sample([kind for kind in _MEASURES if kind not in but], count):
            words, units = _MEASURES[kind]
            found.append(_Measure(kind, self.rng.choice(words[:-1]), *self.rng.choice(units)))
        return found

    def value(self, measure: _Measure, **keys: str) -> str:
        """Draw a value, note it as true, and return it as written."""
        whole = measure.kind in ("racks", "servers", "chips") or self.rng.random() < 0.4
        value = self.rng.randint(12, 9800) if whole else round(self.rng.uniform(1, 4000), self.rng.choice((1, 2)))
        self.true(measure.kind, value * measure.factor, **keys)
        return f"{value:,}" if self.rng.random() < 0.5 else str(value)

    def true(self, kind: str, value: float, optional: bool = False, **keys: str) -> None:
        self.table.truth.append(Truth(kind, value, value, keys, optional))

    def row(self, *cells: str | TableCell) -> None:
        self.table.rows.append([cell if isinstance(cell, TableCell) else TableCell(cell) for cell in cells])


def _plan(draw: _Draw) -> None:
    """Projects with sums whose unit stands over the table only, part sums under one head, and a total."""
    rng = draw.rng
    unit, factor = rng.choice((("万元", 1e4), ("亿元", 1e8)))
    draw.before.append(rng.choice((f"单位：{unit}", f"（金额单位：{unit}）", f"计量单位：{unit}")))
    money = _Measure("money_cny", "投资", unit, factor)
    draw.row(TableCell("序号", 2), TableCell("项目名称", 2), TableCell("投资", 1, 3), TableCell("建设年限", 2))
    draw.row("总额", "其中一期", rng.choice(("其中二期", "2025年计划")))
    for number, thing in enumerate(rng.sample(_THINGS, rng.randint(2, 4)), start=1):
        draw.row(str(number), thing, *(draw.value(money, row=thing) for _ in range(3)), "2025-2027")
    draw.row(TableCell("合计", 1, 2), *(draw.value(money, row="合计") for _ in range(3)), "")


def _bidders(draw: _Draw) -> None:
    """Bids beside each other; ranks, marks and days are no money."""
    rng = draw.rng
    unit, factor = rng.choice((("万元", 1e4), ("元", 1.0)))
    money = _Measure("money_cny", "投标报价", unit, factor)
    draw.row("排名", "投标人名称", money.head(rng), "综合得分", "工期（日历天）", "项目负责人")
    for rank, firm in enumerate(rng.sample(_FIRMS, 3), start=1):
        bid = rng.randint(2_000_000, 90_000_000) if factor == 1 else rng.randint(200, 9000)
        draw.true("money_cny", bid * factor, row=firm)
        days = rng.randint(60, 400)
        draw.true("duration", days, True)
        draw.row(str(rank), firm, f"{bid:,}", f"{rng.uniform(70, 99):.2f}", str(days), rng.choice(("王某", "李某")))


def _years(draw: _Draw) -> None:
    """Years over measures, the units in a row of their own below."""
    rng, measures = draw.rng, draw.measures(2)
    years = rng.choice((("2023年", "2024年"), ("2025年", "2030年")))
    draw.row(TableCell("园区", 3), *(TableCell(year, 1, 2) for year in years))
    draw.row(*(measure.words for _ in years for measure in measures))
    draw.row(*(f"（{measure.unit}）" for _ in years for measure in measures))
    for thing in rng.sample(_THINGS[:4], 3):
        draw.row(thing, *(draw.value(measure, row=thing, col=year) for year in years for measure in measures))


def _months(draw: _Draw) -> None:
    """Months down, with a year's sum; a column without a unit that is a ratio."""
    rng = draw.rng
    energy = _Measure("energy", "用电量", "万千瓦时", 0.01)
    money = _Measure("money_cny", "电费", "万元", 1e4)
    draw.row("月份", energy.head(rng), money.head(rng), "PUE")
    for month in range(1, rng.randint(4, 7)):
        pue = round(rng.uniform(1.1, 1.5), 2)
        draw.true("pue", pue)
        draw.row(f"{month}月", draw.value(energy), draw.value(money), str(pue))
    draw.row(rng.choice(("合计", "累计")), draw.value(energy), draw.value(money), "—")


def _capex(draw: _Draw) -> None:
    """Phases in English, a head over two, sums in millions, a total."""
    rng = draw.rng
    sign, kind = rng.choice((("USD", "money_usd"), ("EUR", "money_eur"), ("US$", "money_usd")))
    words, factor = rng.choice(((f"{sign} million", 1e6), (f"{sign} m", 1e6), (f"{sign} bn", 1e9)))
    draw.row(TableCell("Phase", 2), TableCell("Capacity", 1, 2), TableCell(f"Capex ({words})", 2))
    draw.row("Racks", "IT load (MW)")
    money, racks, power = _Measure(kind, "", "", factor), _Measure("racks", "", "", 1), _Measure("power", "", "", 1)
    for phase in ("Phase 1", "Phase 2", "Phase 3")[: rng.randint(2, 3)]:
        draw.row(phase, draw.value(racks), draw.value(power), draw.value(money, row=phase))
    draw.row("Total", draw.value(racks), draw.value(power), draw.value(money, row="Total"))


def _contracts(draw: _Draw) -> None:
    """Contracts below each other, each under a line of its own over all columns, labels beside values."""
    rng = draw.rng
    for number in ("一", "二", "三")[: rng.randint(2, 3)]:
        count, total = rng.randint(4, 300), rng.randint(90, 9000)
        draw.row(TableCell(f"合同{number}：{rng.choice(_THINGS)}设备采购", 1, 4))
        draw.row("供货方", rng.choice(_FIRMS), "签订日期", "2025-03-18")
        draw.row("标的", "AI服务器", "数量", f"{count}台")
        draw.row("合同总价（万元）", f"{total:,}", "质保期", "三年")
        draw.true("servers", count)
        draw.true("money_cny", total * 1e4)
        draw.true("duration", 3, True)


def _across(draw: _Draw) -> None:
    """Measures down, things across, groups of measures merged in the first column."""
    rng, measures = draw.rng, draw.measures(4)
    things = rng.sample(_THINGS[:4], rng.randint(2, 3))
    apart = rng.random() < 0.5
    draw.row(TableCell("类别"), "指标", *(["单位"] if apart else []), *things)
    for at, measure in enumerate(measures):
        group = [TableCell("规模" if at == 0 else "能耗与投资", 2)] if at % 2 == 0 else []
        named = [measure.words, measure.unit] if apart else [measure.head(rng)]
        draw.row(*group, *named, *(draw.value(measure, col=thing) for thing in things))


def _payments(draw: _Draw) -> None:
    """Instalments: shares and sums, and the words that make them due."""
    rng = draw.rng
    money = _Measure("money_cny", "付款金额", *rng.choice((("元", 1.0), ("万元", 1e4))))
    draw.row("期次", "付款条件", "付款比例", money.head(rng))
    for number, (words, share) in enumerate((("合同签订后", 30), ("到货验收后", 60), ("质保期满", 10)), start=1):
        draw.true("share", share / 100, True)
        draw.row(str(number), words, f"{share}%", draw.value(money))


def _plain(draw: _Draw) -> None:
    """Things down, measures across, beside a passage of prose."""
    rng, measures = draw.rng, draw.measures(3)
    draw.prose.append("说明：表中数据由各园区填报，未经审计。各园区应当按季更新，并由主管部门抽查。")
    draw.row(rng.choice(("园区名称", "数据中心", "项目")), *(measure.head(rng) for measure in measures))
    for thing in rng.sample(_THINGS, rng.randint(3, 5)):
        draw.row(thing, *(draw.value(measure, row=thing, col=measure.words) for measure in measures))


def _unit_row(draw: _Draw) -> None:
    """Measures across, their units in a row of its own whose first cell says so."""
    rng, measures = draw.rng, draw.measures(3)
    draw.row(rng.choice(("单位名称", "园区", "Site")), *(measure.words for measure in measures))
    draw.row(rng.choice(("计量单位", "单位", "Unit")), *(measure.unit for measure in measures))
    for thing in rng.sample(_THINGS[:4], 3):
        draw.row(thing, *(draw.value(measure, row=thing, col=measure.words) for measure in measures))


def _side_by_side(draw: _Draw) -> None:
    """A list that goes on beside itself, each row with its own unit."""
    goods = (("服务器机柜", "架", "racks"), ("智算服务器", "台", "servers"), ("精密空调", "台", "count"),
             ("蓄电池组", "组", "count"), ("环控主机", "套", "count"), ("加速卡", "张", "chips"))  # fmt: skip
    some = draw.rng.sample(goods, 6)
    draw.row(*("序号", "名称", "单位", "数量") * 2)
    for number in range(3):
        cells: list[str] = []
        for name, unit, kind in (some[number], some[number + 3]):
            count = draw.rng.randint(12, 900)
            draw.true(kind, count, row=name)
            cells += [str(some.index((name, unit, kind)) + 1), name, unit, str(count)]
        draw.row(*cells)


def _signs(draw: _Draw) -> None:
    """Sums whose sign stands in a cell of its own and whose scale stands over the table."""
    rng = draw.rng
    scale, factor = rng.choice((("thousands", 1e3), ("millions", 1e6)))
    draw.before.append(rng.choice((f"(in {scale}, except megawatts)", f"(dollars in {scale})", f"(In {scale})")))
    groups = rng.sample(("Under construction", "Planned", "In service", "Held for sale"), 2)
    heads = rng.choice((("MW", "Cost to date"), ("MW", "Carrying amount")))
    draw.row(TableCell("Market", 2), *(TableCell(group, 1, 3) for group in groups))
    draw.row(*(cell for _ in groups for cell in (TableCell(heads[0]), TableCell(heads[1], 1, 2))))
    for market in ("Ashburn", "Frankfurt", "Osaka")[: rng.randint(2, 3)]:
        cells: list[str] = []
        for group in groups:
            power, cost = rng.randint(5, 300), rng.randint(100, 9000)
            draw.true("power", power, row=market, col=group)
            draw.true("money_usd", cost * factor, row=market, col=group)
            cells += [str(power), "$", f"{cost:,}"]
        draw.row(market, *cells)


def _counted_groups(draw: _Draw) -> None:
    """Heads of groups over a number and a capacity each."""
    rng = draw.rng
    groups = rng.sample(("Diesel engines", "Transformers", "Chillers", "Cooling towers"), 2)
    number = rng.choice(("Number", "Count", "No. of units"))
    draw.row(TableCell("Facility", 2), *(TableCell(group, 1, 2) for group in groups), TableCell("Racks", 2))
    draw.row(*(words for _ in groups for words in (number, "Area (sq m)")))
    for site in ("Elm Creek", "Mesa North", "Hayden West")[: rng.randint(2, 3)]:
        cells: list[str] = []
        for group in groups:
            count, area, racks = rng.randint(20, 99), rng.randint(100, 900), rng.randint(1000, 9000)
            draw.true("count", count, row=site, col=group)
            draw.true("floor", area, row=site, col=group)
            cells += [str(count), str(area)]
        draw.true("racks", racks, row=site)
        draw.row(site, *cells, f"{racks:,}")


_SHAPES: tuple[Callable[[_Draw], None], ...] = (
    _plan, _bidders, _years, _months, _capex, _contracts, _across, _payments, _plain,
    _unit_row, _side_by_side, _signs, _counted_groups,
)  # fmt: skip


def _markup(draw: _Draw) -> str:
    """Return a page: heads as th in a thead, the unit as caption or paragraph, digits in spans."""
    rng, rows = draw.rng, draw.table.rows
    caption = bool(draw.before) and rng.random() < 0.5
    heads = 1 + max((cell.rows - 1 for cell in rows[0]), default=0)
    out = []
    for number, row in enumerate(rows):
        tag = "th" if number < heads else "td"
        out.append(
            "<tr>"
            + "".join(
                f'<{tag} rowspan="{c.rows}" colspan="{c.columns}"><p><span>{escape(c.words)}</span></p></{tag}>'.replace(
                    "\n", "<br/>"
                )
                for c in row
            )
            + "</tr>"
        )
    above = "".join(f"<div>{words}</div>" for words in draw.before) if not caption else ""
    title = f"<caption>{draw.before[0]}</caption>" if caption else ""
    body = f"<thead>{''.join(out[:heads])}</thead><tbody>{''.join(out[heads:])}</tbody>"
    table = f"{above}<table>{title}{body}</table>"
    return f"<h2>附件</h2><div style='display:flex'><div style='width:150px'>{''.join(draw.prose)}</div><div>{table}</div></div>"


def _as_page(draw: _Draw) -> bytes:
    return f"<!doctype html><html><meta charset=utf-8><body>{_markup(draw)}</body></html>".encode()


def _as_word(draw: _Draw) -> bytes:
    draw.table.above = [*draw.prose, *draw.before]
    return as_docx(draw.table)


def _as_book(draw: _Draw) -> bytes:
    """Return a workbook: a title over all columns, the unit in the last cell of a row, numbers with formats."""
    import openpyxl

    made = openpyxl.Workbook()
    sheet = made.active
    placed = draw.table.placed()
    width = max(c + cell.columns for _, c, cell in placed)
    sheet.cell(2, 2, "附表")
    sheet.merge_cells(start_row=2, start_column=2, end_row=2, end_column=1 + width)
    top = 3
    for words in [*draw.prose, *draw.before]:
        sheet.cell(top, 1 + width if words in draw.before else 2, words)
        top += 1
    for r, c, cell in placed:
        place = sheet.cell(top + r, 2 + c)
        plain = cell.words.replace(",", "")
        place.value = cell.words or None
        if plain.replace(".", "", 1).isdigit():
            place.value = float(plain) if "." in plain else int(plain)
            place.number_format = "#,##0.00" if "." in plain else draw.rng.choice(("General", "#,##0", "0_ "))
        elif plain.endswith("%"):
            place.value, place.number_format = int(plain[:-1]) / 100, "0%"
        if cell.rows * cell.columns > 1:
            sheet.merge_cells(
                start_row=top + r, start_column=2 + c, end_row=top + r + cell.rows - 1, end_column=1 + c + cell.columns
            )
    body = io.BytesIO()
    made.save(body)
    return body.getvalue()


_LINES = "table{border-collapse:collapse}td,th{border:1px solid #000;padding:2px 5px}p{margin:0}"
_THREE_LINES = (
    "table{border-collapse:collapse;border-top:2px solid #000;border-bottom:2px solid #000}thead{border-bottom:1px solid #000}"
    "td,th{padding:2px 12px}p{margin:0}"
)
_BARE = "td,th{padding:2px 12px}p{margin:0}"


def documents(seed: int, each: int = 8) -> list[Document]:
    """Return as many pages, Word files, workbooks and printed pages, of shapes in turn."""
    rng, found = random.Random(seed), []
    styles = (_LINES, _BARE, _LINES, _THREE_LINES)
    for at, (label, file) in enumerate((("HTML", "a.html"), ("Word", "a.docx"), ("Excel", "a.xlsx"), ("PDF", "a.pdf"))):
        for number in range(each):
            draw = _Draw(rng)
            shape = _SHAPES[(number + at * each + seed) % len(_SHAPES)]
            shape(draw)
            draw.table.name = f"{label}: {shape.__name__[1:]} {number}"
            made = {"HTML": _as_page, "Word": _as_word, "Excel": _as_book}.get(label)
            write = _kept(made(draw)) if made else printed(_markup(draw), styles[number % len(styles)])
            found.append(Document(draw.table.name, file, write, draw.table.truth))
    return found


def _kept(data: bytes) -> Callable[[], bytes]:
    return lambda: data
