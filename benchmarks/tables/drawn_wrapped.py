"""Draw tables without lines whose cells wrap: names of several lines, centred or at the top, rows close or apart."""

from __future__ import annotations

import random

from benchmarks.tables.forms import drawn_words, width_of, written_pdf
from benchmarks.tables.small import SmallTable, Truth

_NAMES = [
    "天池园区一期机柜扩容工程", "云川一号", "北庭智算中心东区配套用房", "青山基地服务器采购项目", "东湖项目",
    "乙集团北疆机房改造项目", "甲公司",
]  # fmt: skip
_BUILDERS = ["新疆云川有限公司", "北庭建设有限责任公司一分公司", "青山科技", "东湖集团有限公司信息分公司"]
_MEASURES = [
    ("服务器（台）", "servers", 1.0, (2, 999)),
    ("机柜（架）", "racks", 1.0, (20, 9999)),
    ("总投资（万元）", "money_cny", 1e4, (100, 90000)),
    ("用电负荷（MW）", "power", 1.0, (2, 300)),
]
_GAP = 18
"""points between two columns"""


def _wrapped(words: str, width: float) -> list[str]:
    lines = [""]
    for letter in words:
        if width_of(lines[-1] + letter) > width:
            lines.append("")
        lines[-1] += letter
    return lines


def wrapped_table(seed: int) -> tuple[SmallTable, bytes]:
    """Return a table with its truth, and the PDF that shows it without a line."""
    rng = random.Random(seed)
    measures, names = rng.sample(_MEASURES, rng.randint(1, 3)), rng.sample(_NAMES, rng.randint(2, 5))
    centred, between, leading = rng.random() < 0.5, rng.choice((0, 1, 4, 8)), rng.choice((11, 12, 14))
    heads = ["项目名称", *(measure[0] for measure in measures)]
    widths = [rng.choice((60.0, 75.0, 90.0)), *(max(70.0, width_of(head) + 6) for head in heads[1:])]
    at = rng.choice((0, 1, len(heads)))
    """where the builders stand; 0 for a table without them"""
    right_edge = not centred and rng.random() < 0.4  # numbers at the right of their columns, heads at the left
    if at:
        heads.insert(at, "承建单位")
        widths.insert(at, rng.choice((60.0, 80.0)))
    table, rows = SmallTable(f"wrapped {seed}"), [heads]
    for name in names:
        row = [name]
        for head, kind, factor, (low, high) in measures:
            value = rng.randint(low, high)
            row.append(f"{value:,}" if rng.random() < 0.5 else str(value))
            column = head.partition("（")[0]
            table.truth.append(Truth(kind, value * factor, value * factor, {"row": name, "col": column}))
        if at:
            row.insert(at, rng.choice(_BUILDERS))
        rows.append(row)
    top, drawing, right = 760.0, drawn_words(50, 800, "各园区建设规模与投资情况表"), 0.0
    for row in rows:
        cells = [_wrapped(words, width) for words, width in zip(row, widths, strict=True)]
        height, right = max(map(len, cells)) * leading, 50.0
        for lines, width in zip(cells, widths, strict=True):
            first = top - (height - len(lines) * leading) / 2 if centred else top
            for number, line in enumerate(lines):
                is_number = row is not heads and line.replace(",", "").isdigit()
                shift = width - width_of(line) if right_edge and is_number else 0
                drawing += drawn_words(right + shift, first - 9 - number * leading, line)
            right += width + _GAP
        top -= height + between
    if rng.random() < 0.5:
        drawing += drawn_words(50, top - 22, "注：数据由各园区报送，未经核实。")
    return table, written_pdf([(max(595.0, right + 20), 842, drawing)])
