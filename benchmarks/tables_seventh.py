"""A seventh set of tables, drawn by chance: shapes, words of heads, places of units, spans, forms of numbers, formats.

Written after the sixth set had been repaired and read once. `documents(seed)` makes another set at any time, so that
a rule that only knows its examples cannot pass for long.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.tables import FORMATS, SmallTable, TableCell, Truth
from benchmarks.tables_sixth import Document, printed

_GOODS = (
    ("智能计算服务器", "servers", "台"), ("训推一体服务器", "servers", "套"), ("GPU算力服务器", "servers", "台"),
    ("管理节点服务器", "servers", "台"), ("高密机柜", "racks", "架"), ("冷板式液冷机柜", "racks", "套"),
    ("标准机架", "racks", "个"), ("AI加速卡", "chips", "张"), ("GPU卡", "chips", "块"), ("精密空调", "count", "台"),
    ("万兆交换机", "count", "台"), ("防火墙", "count", "套"), ("不间断电源主机", "count", "台"), ("光模块", "count", "个"),
)  # fmt: skip
_GOODS_EN = (
    ("GPU compute node servers", "servers", "sets"), ("AI training server", "servers", "units"),
    ("Open rack", "racks", "pcs"), ("Accelerator cards", "chips", "pcs"), ("Core switch", "count", "pcs"),
    ("Diesel generator", "count", "sets"),
)  # fmt: skip
_SUMS = ("投资总额", "概算投资", "固定资产投资", "计划总投资", "合同价款", "预算资金", "Investment", "Budget")
_MEASURES: dict[str, tuple[tuple[str, ...], tuple[tuple[str, float], ...]]] = {
    "money_cny": (_SUMS[:6], (("万元", 1e4), ("亿元", 1e8), ("元", 1.0))),
    "racks": (("标准机柜", "机架规模", "设计机柜数", "机柜数量"), (("架", 1.0), ("个", 1.0))),
    "servers": (("服务器规模", "部署服务器", "服务器数量"), (("台", 1.0), ("万台", 1e4))),
    "compute": (("智能算力", "算力规模", "FP16算力"), (("P", 1.0), ("PFLOPS", 1.0), ("EFLOPS", 1e3))),
    "power": (("IT负荷", "用电负荷", "设计总功率"), (("MW", 1.0), ("kW", 1e-3), ("万千瓦", 10.0))),
    "transformer": (("变压器容量", "主变容量"), (("MVA", 1.0), ("kVA", 1e-3))),
    "energy": (("年用电量", "年耗电量"), (("万千瓦时", 0.01), ("亿kWh", 100.0), ("GWh", 1.0))),
    "land": (("用地面积", "占地面积"), (("亩", 2000 / 3), ("公顷", 1e4))),
    "floor": (("总建筑面积", "建筑面积"), (("平方米", 1.0), ("㎡", 1.0), ("万平方米", 1e4))),
}
_PLACES = (
    "准东园区",
    "将军庙片区",
    "十三间房基地",
    "德令哈园区",
    "南山口项目",
    "伊吾县算力港",
    "格尔木基地",
    "五彩湾片区",
)
_FIRMS = ("昆云数据有限公司", "天合智算科技有限公司", "西海信息产业集团", "博斯腾云网有限公司", "Tarim Data Co., Ltd")
_MODELS = ("R4900 G6", "XH321 V6", "NF5468", "定制", "见附件", "—")
_REMARKS = ("", "", "含三年维保", "分两批到货", "国产化", "按需")


@dataclass
class _Maker:
    """A table under construction from one source of chance."""

    rng: random.Random
    table: SmallTable = field(default_factory=lambda: SmallTable(""))

    def number(self, low: int = 2, high: int = 99_999) -> tuple[str, float]:
        """Return a number as some notice writes it, and its value."""
        rng = self.rng
        value: float = rng.choice((rng.randint(low, 99), rng.randint(100, 9999), rng.randint(low, high)))
        if rng.random() < 0.3:
            value = round(value + rng.randint(1, 99) / 100, 2)
        words = f"{value:,}" if rng.random() < 0.5 else f"{value}"
        if rng.random() < 0.08:
            words = words.translate(str.maketrans("0123456789.,", "０１２３４５６７８９．，"))
        return words, float(value)

    def whole(self, low: int, high: int) -> tuple[str, float]:
        value = self.rng.randint(low, high)
        return (f"{value:,}" if self.rng.random() < 0.3 else str(value)), float(value)

    def mark(self, words: str, unit: str) -> str:
        """Return a head with its unit as some notice writes it."""
        return words + self.rng.choice(("（{}）", "({})", "/{}", "（单位：{}）", "【{}】")).format(unit)

    def true(self, kind: str, value: float, optional: bool = False, **keys: str) -> None:
        self.table.truth.append(Truth(kind, value, value, keys, optional))

    def row(self, *words: str) -> None:
        self.table.rows.append([TableCell(one) for one in words])


def _goods(make: _Maker) -> None:
    """Goods of an award or a budget, perhaps in lots with sums."""
    rng, table = make.rng, make.table
    items = rng.sample(_GOODS, rng.randint(2, 5))
    where = rng.choice(("column", "cell", "head"))
    if where == "head":
        items = [one for one in items if one[2] == items[0][2]]
    money, scale = rng.choice((("元", 1.0), ("万元", 1e4)))
    note = rng.random() < 0.3
    price = rng.choice(("单价", "综合单价", "含税单价"))
    total = rng.choice(("合价", "总价", "小计金额", "中标金额"))
    name = rng.choice(("货物名称", "设备名称", "标的名称", "品目名称"))
    heads = [name, rng.choice(("规格型号", "品牌型号", "主要参数"))]
    heads.append(make.mark("数量", items[0][2]) if where == "head" else "数量")
    heads += ["单位"] if where == "column" else []
    heads += [price, total] if note else [make.mark(price, money), make.mark(total, money)]
    serial, lots, remark = rng.random() < 0.7, rng.random() < 0.5 and len(items) > 1, rng.random() < 0.5
    head = (["标包"] if lots else []) + (["序号"] if serial else []) + heads + (["备注"] if remark else [])
    if note:
        table.above.append(rng.choice((f"金额单位：人民币{money}", f"单位：{money}", f"（单位：{money}）")))
    make.row(*head)
    split = rng.randint(1, len(items) - 1) if lots else len(items)
    groups = [items[:split], items[split:]] if lots else [items]
    grand = 0.0
    for lot, group in enumerate(groups, start=1):
        added = 0.0
        for number, (thing, kind, unit) in enumerate(group, start=1):
            count, count_value = make.whole(2, 900)
            each, each_value = make.number(3, 5000)
            whole_value = round(count_value * each_value, 2)
            added += whole_value
            cells = [thing, rng.choice(_MODELS), count + unit if where == "cell" else count]
            cells += [unit] if where == "column" else []
            cells += [each, f"{whole_value:,}" if whole_value % 1 else f"{int(whole_value):,}"]
            row = [TableCell(one) for one in ([str(number)] if serial else []) + cells]
            row += [TableCell(rng.choice(_REMARKS))] if remark else []
            if lots and number == 1:
                row.insert(0, TableCell(f"第{lot}包", len(group) + 1))
            table.rows.append(row)
            make.true(kind, count_value, row=thing)
            make.true("money_cny", each_value * scale, row=thing, per=unit)
            make.true("money_cny", whole_value * scale, row=thing)
        grand += added
        if lots:
            _sum_row(make, "小计", added, scale, len(head) - 1 - remark - 1, remark)
    if rng.random() < 0.7:
        _sum_row(make, rng.choice(("合计", "总计", "合  计")), grand, scale, len(head) - remark - 1, remark)


def _sum_row(make: _Maker, label: str, value: float, scale: float, wide: int, remark: bool) -> None:
    value = round(value, 2)
    words = f"{value:,}" if value % 1 else f"{int(value):,}"
    make.table.rows.append([TableCell(label, 1, wide), TableCell(words), *([TableCell("")] if remark else [])])
    make.true("money_cny", value * scale, row=label.replace("  ", " "))


def _projects(make: _Maker) -> None:
    """Projects down, measures across, perhaps in groups and by region, with a sum."""
    rng, table = make.rng, make.table
    kinds = rng.sample(list(_MEASURES), rng.randint(2, 4))
    named = [(kind, rng.choice(_MEASURES[kind][0]), rng.choice(_MEASURES[kind][1])) for kind in kinds]
    first = rng.choice(("项目名称", "园区", "数据中心名称", "企业名称"))
    serial = rng.random() < 0.6
    head = (["序号"] if serial else []) + [first]
    grouped = len(kinds) > 2 and rng.random() < 0.5
    units = [make.mark(word, unit) for _, word, (unit, _) in named]
    if grouped:
        table.rows.append(
            [
                *(TableCell(one, 2) for one in head),
                TableCell("建设规模", 1, 2),
                *(TableCell(one, 2) for one in units[2:]),
            ]
        )
        table.rows.append([TableCell(one) for one in units[:2]])
    elif rng.random() < 0.25:
        make.row(*head, *(word for _, word, _ in named))
        make.row(*([""] * len(head)), *(unit for _, _, (unit, _) in named))
    else:
        make.row(*head, *units)
    for number, place in enumerate(rng.sample(_PLACES, rng.randint(2, 4)), start=1):
        row = ([str(number)] if serial else []) + [place]
        for kind, word, (_, factor) in named:
            words, value = make.whole(3, 9000) if kind in ("racks", "servers") else make.number()
            if rng.random() < 0.08:
                row.append(rng.choice(("—", "/", "-", "")))
                continue
            row.append(words + (rng.choice(("", "", "*", "（一期）")) if rng.random() < 0.2 else ""))
            make.true(kind, value * factor, row=place, col=word)
        make.row(*row)


def _indicators(make: _Maker) -> None:
    """Measures down, phases or years across; the unit in its column or behind the label."""
    rng = make.rng
    spans = rng.choice(
        (("2025年", "2026年", "2027年"), ("一期", "二期", "合计"), ("申报值", "审查值"), ("现状", "规划"))
    )
    apart = rng.random() < 0.6
    make.row(*(["指标名称", "计量单位"] if apart else ["指标"]), *spans)
    for kind in rng.sample(list(_MEASURES), rng.randint(3, 5)):
        word, (unit, factor) = rng.choice(_MEASURES[kind][0]), rng.choice(_MEASURES[kind][1])
        values = [make.whole(3, 9000) if kind in ("racks", "servers") else make.number() for _ in spans]
        make.row(*([word, unit] if apart else [make.mark(word, unit)]), *(words for words, _ in values))
        for span, (_, value) in zip(spans, values, strict=True):
            make.true(kind, value * factor, row=word, col=span)


def _form(make: _Maker) -> None:
    """A form of labels and values, two or four columns."""
    rng = make.rng
    pairs: list[tuple[str, str]] = [
        ("项目名称", rng.choice(_PLACES) + "绿色算力中心"), ("建设单位", rng.choice(_FIRMS)), ("建设性质", "新建"),
        ("建设地点", "五彩湾工业园区"), ("联系电话", "0994-5550187"), ("拟开工时间", "2025-04"),
    ]  # fmt: skip
    for kind in rng.sample(list(_MEASURES), rng.randint(2, 4)):
        word, (unit, factor) = rng.choice(_MEASURES[kind][0]), rng.choice(_MEASURES[kind][1])
        words, value = make.whole(3, 9000) if kind in ("racks", "servers") else make.number()
        inside = rng.random() < 0.4
        pairs.append((word, words + unit) if inside else (make.mark(word, unit), words))
        make.true(kind, value * factor, row=word)
    rng.shuffle(pairs)
    step = rng.choice((1, 2))
    pairs += [("备注", "无")] * (len(pairs) % step)
    for at in range(0, len(pairs), step):
        make.row(*(words for pair in pairs[at : at + step] for words in pair))


def _lots(make: _Maker) -> None:
    """Lots across, what is said of them down."""
    rng = make.rng
    goods = rng.sample(_GOODS, rng.randint(2, 3))
    money, scale = rng.choice((("元", 1.0), ("万元", 1e4)))
    lots = [f"{n}包" for n in range(1, len(goods) + 1)]
    make.row("包号", *lots)
    make.row(rng.choice(("标的名称", "货物名称", "采购内容名称")), *(thing for thing, _, _ in goods))
    counts = [make.whole(2, 900) for _ in goods]
    make.row("数量", *(words + unit for (words, _), (_, _, unit) in zip(counts, goods, strict=True)))
    sums = [make.number(3, 50_000) for _ in goods]
    make.row(make.mark(rng.choice(("预算金额", "中标金额", "最高限价")), money), *(words for words, _ in sums))
    make.row("供应商", *(rng.choice(_FIRMS) for _ in goods))
    for lot, (_, kind, _), (_, count), (_, value) in zip(lots, goods, counts, sums, strict=True):
        make.true(kind, count, col=lot)
        make.true("money_cny", value * scale, col=lot)


def _english(make: _Maker) -> None:
    """An award in English."""
    rng = make.rng
    sign, kind_of_money = rng.choice((("USD", "money_usd"), ("EUR", "money_eur"), ("CNY", "money_cny")))
    scale = rng.choice(((" thousand", 1e3), (" million", 1e6), ("", 1.0)))
    serial = rng.choice(("No.", "Lot", "Item no."))
    make.row(serial, "Description", "Supplier", "Qty", "UoM", f"Unit price ({sign})", f"Total ({sign}{scale[0]})")
    for number, (thing, kind, unit) in enumerate(rng.sample(_GOODS_EN, rng.randint(2, 4)), start=1):
        count, count_value = make.whole(2, 400)
        each, each_value = make.whole(900, 400_000)
        total, total_value = make.whole(1000, 90_000) if scale[1] < 1e6 else make.number(2, 400)
        make.row(str(number), thing, rng.choice(("Nord Systems AB", "Kerala Infotech Ltd")), count, unit, each, total)
        make.true(kind, count_value, row=thing)
        make.true(kind_of_money, each_value, row=thing, per=unit)
        make.true(kind_of_money, total_value * scale[1], row=thing)


_SHAPES: tuple[Callable[[_Maker], None], ...] = (_goods, _projects, _indicators, _form, _lots, _english)


def _markup(table: SmallTable) -> str:
    lines = "".join(f"<p style='text-align:right'>{words}</p>" for words in table.above)
    rows = "".join(
        "<tr>" + "".join(f"<td rowspan={c.rows} colspan={c.columns}>{c.words}</td>" for c in row) + "</tr>"
        for row in table.rows
    )
    return f"<p>附表，供参考。</p>{lines}<table>{rows}</table><p>以上数据以批复为准。</p>"


_RULED = "table{border-collapse:collapse}td,th{border:1px solid #000;padding:3px 6px}"
_BARE = "table{border-collapse:collapse}td,th{padding:3px 14px}"


def documents(seed: int, each: int = 8) -> list[Document]:
    """Return as many documents of each format, of shapes in turn."""
    rng, found = random.Random(seed), []
    forms: list[tuple[str, str, Callable[[SmallTable], bytes]]] = [
        *((label, *FORMATS[label]) for label in ("HTML", "Word", "Excel")),
        ("PDF, ruled", "a.pdf", lambda table: printed(_markup(table), _RULED)()),
        ("PDF, unruled", "a.pdf", lambda table: printed(_markup(table), _BARE)()),
    ]
    for label, file, write in forms:
        for number in range(each):
            make = _Maker(rng)
            shape = _SHAPES[(number + seed) % len(_SHAPES)]
            shape(make)
            make.table.name = f"{label}: {shape.__name__[1:]} {number}"
            found.append(
                Document(make.table.name, file, lambda table=make.table, write=write: write(table), make.table.truth)
            )
    return found
