"""Draw small tables by chance: measures, units and their places, spans and directions."""

from __future__ import annotations

import random

from benchmarks.tables.small import SmallTable, TableCell, Truth

THINGS = ["云川一号", "天池园区", "青山基地", "北庭智算中心", "东湖项目", "甲公司", "乙集团", "North campus"]
MEASURES = {
    "服务器": ("servers", (("台", 1.0),)),
    "机柜": ("racks", (("架", 1.0), ("个", 1.0), ("万架", 1e4))),
    "加速卡": ("chips", (("张", 1.0), ("块", 1.0), ("万张", 1e4))),
    "算力规模": ("compute", (("P", 1.0), ("PFLOPS", 1.0), ("EFLOPS", 1e3), ("万P", 1e4))),
    "总投资": ("money_cny", (("万元", 1e4), ("亿元", 1e8), ("元", 1.0))),
    "用电负荷": ("power", (("MW", 1.0), ("万千瓦", 10.0), ("kW", 1e-3))),
    "用地面积": ("land", (("亩", 2000 / 3), ("公顷", 1e4))),
    "建筑面积": ("floor", (("平方米", 1.0), ("㎡", 1.0), ("万平方米", 1e4))),
    "年用电量": ("energy", (("万千瓦时", 0.01), ("GWh", 1.0), ("亿千瓦时", 100.0))),
}


def random_table(rng: random.Random) -> SmallTable:
    """Return a table of random measures, units, unit places, spans and directions, with its truth."""
    table = SmallTable(f"random {rng.random():.6f}")
    names = rng.sample(list(MEASURES), rng.randint(2, 4))
    units = {name: rng.choice(MEASURES[name][1]) for name in names}
    things = rng.sample(THINGS, rng.randint(1, 4))
    form = rng.choice(("（{}）", "({})", "/{}", "，{}"))
    shown = {name: name + form.format(units[name][0]) for name in names}
    numbers = {(thing, name): _number(rng) for thing in things for name in names}
    way = rng.choice(("columns", "rows", "unit column", "groups"))
    if way == "rows":  # measures down, things across
        table.rows = [[TableCell("指标"), *map(TableCell, things)]]
        table.rows += [[TableCell(shown[n]), *(TableCell(numbers[t, n][0]) for t in things)] for n in names]
    elif way == "unit column":
        things = things[:1]
        table.rows = [[TableCell(one) for one in ("序号", "指标名称", "单位", things[0])]]
        for number, name in enumerate(names, start=1):
            table.rows.append(
                [TableCell(one) for one in (str(number), name, units[name][0], numbers[things[0], name][0])]
            )
    else:
        head = [TableCell(shown[name]) for name in names]
        spans = [TableCell("序号"), TableCell("名称")]
        lines = [head]
        if way == "groups" and len(names) > 2:
            spans = [TableCell("序号", 2), TableCell("名称", 2)]
            lines = [[TableCell("建设规模", 1, 2), *(TableCell(shown[name], 2) for name in names[2:])], head[:2]]
        table.rows = [[*spans, *lines[0]], *lines[1:]]
        region = len(things) > 1 and rng.random() < 0.5
        if region:
            table.rows[0].insert(0, TableCell("地区", spans[0].rows))
        for number, thing in enumerate(things, start=1):
            row = [TableCell(str(number)), TableCell(thing), *(TableCell(numbers[thing, name][0]) for name in names)]
            if region and number == 1:
                row.insert(0, TableCell("北疆", len(things)))
            table.rows.append(row)
    for thing in things:
        for name in names:
            value = numbers[thing, name][1] * units[name][1]
            row, col = (name, thing) if way in ("rows", "unit column") else (thing, name)
            table.truth.append(Truth(MEASURES[name][0], value, value, {"row": row, "col": col}))
    return table


def _number(rng: random.Random) -> tuple[str, float]:
    value = rng.choice(
        (rng.randint(2, 99), rng.randint(100, 9999), rng.randint(10_000, 99_999), rng.randint(20, 999) / 10)
    )
    return (f"{value:,}" if rng.random() < 0.5 else f"{value}"), float(value)


def random_tables(number: int, seed: int) -> list[SmallTable]:
    """Return random tables."""
    rng = random.Random(seed)
    return [random_table(rng) for _ in range(number)]
