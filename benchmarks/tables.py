"""Score the reading of small tables in four formats: the right number in its row, column and unit, or none.

The tables of `tables.txt` were written before the reader was built, those of `tables_new.txt` after it and labelled
before they were read once; random ones come from a generator.
"""

from __future__ import annotations

import io
import random
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from osint import filings

HERE = Path(__file__).parent


@dataclass(frozen=True)
class TableCell:
    """Words of a cell and its spans."""

    words: str
    rows: int = 1
    columns: int = 1


@dataclass
class Truth:
    """One claim that a table makes."""

    kind: str
    low: float | None
    high: float | None
    keys: dict[str, str] = field(default_factory=dict)
    optional: bool = False


@dataclass
class SmallTable:
    """A table with the lines above it and what is right."""

    name: str
    rows: list[list[TableCell]] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)

    def placed(self) -> list[tuple[int, int, TableCell]]:
        """Return (row, column, cell) from 0, spans resolved."""
        taken: set[tuple[int, int]] = set()
        out = []
        for r, row in enumerate(self.rows):
            c = 0
            for cell in row:
                while (r, c) in taken:
                    c += 1
                taken |= {(r + i, c + k) for i in range(cell.rows) for k in range(cell.columns)}
                out.append((r, c, cell))
                c += cell.columns
        return out


def read_tables(path: Path) -> list[SmallTable]:
    """Return the tables of a file."""
    found: list[SmallTable] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@ "):
            found.append(SmallTable(line[2:]))
        elif line.startswith("! "):
            found[-1].above.append(line[2:])
        elif line.startswith(("> ", "? ")):
            found[-1].truth.append(_truth(line))
        elif "¦" in line:
            found[-1].rows.append([_cell(words) for words in line.split("¦")])
    return found


def _cell(words: str) -> TableCell:
    spans = dict(re.findall(r"\[([rc])(\d+)\]", words))
    plain = re.sub(r"\[[rc]\d+\]", "", words).strip().replace("⏎", "\n")
    return TableCell(plain, int(spans.get("r", 1)), int(spans.get("c", 1)))


def _truth(line: str) -> Truth:
    mark, kind, value, *rest = line.split(" ", 3)
    low, _, high = value.partition("..")
    ends = [None if one == "-" else float(one) for one in (low, high or low)]
    keys = dict(re.findall(r"(row|col|per|chip|date)=(.+?)(?=\s(?:row|col|per|chip|date)=|$)", " ".join(rest)))
    return Truth(kind, ends[0], ends[1], keys, mark == "?")


# ---------------------------------------------------------------- four formats


def as_html(table: SmallTable) -> bytes:
    """Return a page with the table."""
    lines = "".join(f"<p>{escape(words)}</p>" for words in table.above)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td rowspan={c.rows} colspan={c.columns}>{escape(c.words).replace(chr(10), '<br>')}</td>" for c in row
        )
        + "</tr>"
        for row in table.rows
    )
    return f"<!doctype html><meta charset=utf-8><body>{lines}<table>{rows}</table></body>".encode()


def as_docx(table: SmallTable) -> bytes:
    """Return a Word file with the table, its spans merged."""
    import docx

    paper = docx.Document()
    for words in table.above:
        paper.add_paragraph(words)
    placed = table.placed()
    height = max(r + cell.rows for r, _, cell in placed)
    width = max(c + cell.columns for _, c, cell in placed)
    grid = paper.add_table(height, width)
    for r, c, cell in placed:
        box = grid.cell(r, c)
        if cell.rows * cell.columns > 1:
            box = box.merge(grid.cell(r + cell.rows - 1, c + cell.columns - 1))
        box.text = cell.words
    body = io.BytesIO()
    paper.save(body)
    return body.getvalue()


def as_xlsx(table: SmallTable) -> bytes:
    """Return an Excel file with the table, numbers stored as numbers where they look like one."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for number, words in enumerate(table.above, start=1):
        sheet.cell(number, 1, words)
    first = len(table.above) + 1
    for r, c, cell in table.placed():
        plain = cell.words.replace(",", "")
        value: Any = cell.words or None
        place = sheet.cell(first + r, c + 1)
        if re.fullmatch(r"[1-9]\d{0,11}(?:\.\d+)?|0\.\d+", plain):
            value = float(plain) if "." in plain else int(plain)
            place.number_format = "#,##0.##" if "," in cell.words else "General"
        place.value = value
        if cell.rows * cell.columns > 1:
            sheet.merge_cells(
                start_row=first + r, start_column=c + 1, end_row=first + r + cell.rows - 1, end_column=c + cell.columns
            )
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def as_pdf(table: SmallTable, ruled: bool = True) -> bytes:
    """Return a PDF with the table drawn with lines around its cells, or without any."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import font_manager
    from matplotlib import pyplot as plt
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.patches import Rectangle

    size = 9
    font = font_manager.FontProperties(fname=str(filings.chinese_font()), size=size)
    placed = table.placed()
    columns = max(c + cell.columns for _, c, cell in placed)
    widths, high = [30.0] * columns, Counter[int]()
    for r, c, cell in placed:
        lines = cell.words.split("\n")
        wide = max(sum(1.0 if ord(ch) > 0x2E7F else 0.6 for ch in line) for line in lines) * size + 12
        if cell.columns == 1:
            widths[c] = max(widths[c], wide)
        high[r] = max(high[r], len(lines))
    lefts = [50 + sum(widths[:c]) for c in range(columns + 1)]
    tops = [80.0 + 18 * len(table.above)]
    for r in range(max(r + cell.rows for r, _, cell in placed)):
        tops.append(tops[-1] + 10 + 11 * max(high[r], 1))
    out = io.BytesIO()
    with plt.rc_context({"pdf.fonttype": 42}), PdfPages(out, metadata={"CreationDate": None}) as file:
        page = plt.figure(figsize=(max(8.27, (lefts[-1] + 50) / 72), 11.69))
        tall, wide = 11.69 * 72, page.get_figwidth() * 72

        def write(x: float, y: float, words: str, **more: Any) -> None:
            page.text(x / wide, 1 - y / tall, words.replace("$", r"\$"), fontproperties=font, **more)

        write(50, 40, "一份用来说明表格读法的文件，下面是它的附表。")
        for number, words in enumerate(table.above):
            write(50, 66 + 18 * number, words)
        for r, c, cell in placed:
            x, y = lefts[c], tops[r]
            w, h = lefts[c + cell.columns] - x, tops[r + cell.rows] - y
            if ruled:
                box = (x / wide, 1 - (y + h) / tall), w / wide, h / tall
                page.add_artist(Rectangle(*box, fill=False, linewidth=0.5, transform=page.transFigure))
            for number, line in enumerate(cell.words.split("\n")):
                write(x + 5, y + 13 + 11 * number, line)
        file.savefig(page)
        plt.close(page)
    return out.getvalue()


FORMATS: dict[str, tuple[str, Callable[[SmallTable], bytes]]] = {
    "HTML": ("a.html", as_html),
    "Word": ("a.docx", as_docx),
    "Excel": ("a.xlsx", as_xlsx),
    "PDF, ruled": ("a.pdf", as_pdf),
    "PDF, unruled": ("a.pdf", lambda table: as_pdf(table, ruled=False)),
}


# ---------------------------------------------------------------- the score


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None or pd.isna(a) or pd.isna(b):
        return (a is None or pd.isna(a)) and (b is None or pd.isna(b))
    return abs(a - b) <= 1e-4 * max(abs(a), abs(b))


def _keeps(claim: dict[str, Any], truth: Truth) -> bool:
    columns = {"row": "row_label", "col": "column_label", "per": "per", "chip": "chip_model", "date": "date"}
    return all(words in str(claim.get(columns[key], "")) for key, words in truth.keys.items())


@dataclass
class Outcome:
    """What became of one table in one format."""

    missed: list[Truth]
    wrong: list[dict[str, Any]]
    """claims with a value that the table does not hold, or under another row, column or unit"""

    @property
    def right(self) -> bool:
        return not self.missed and not self.wrong

    @property
    def wrong_at_high(self) -> int:
        return sum(claim["confidence"] == "high" for claim in self.wrong)


def outcome(table: SmallTable, name: str, data: bytes) -> Outcome:
    """Return what was missed and what was read wrongly."""
    frame = filings.claims_of(filings.parse(data, name))
    given = [row for row in frame.to_dict("records") if not (pd.isna(row["si_low"]) and pd.isna(row["si_high"]))]
    missed = []
    for truth in sorted(table.truth, key=lambda one: (one.optional, -len(one.keys))):
        same = [c for c in given if c["kind"] == truth.kind and _same(c["si_low"], truth.low) and _same(c["si_high"], truth.high)]  # fmt: skip
        best = next((claim for claim in same if _keeps(claim, truth)), None)
        if best is not None:
            given.remove(best)
        elif not truth.optional:
            missed.append(truth)
    return Outcome(missed, given)


def score(tables: list[SmallTable], formats: dict[str, Any] = FORMATS, show: bool = False) -> dict[str, Counter[str]]:
    """Return, by format, how many tables are right, and how many claims are wrong at each confidence."""
    found: dict[str, Counter[str]] = {}
    for label, (name, write) in formats.items():
        counts = found[label] = Counter(tables=len(tables))
        for table in tables:
            done = outcome(table, name, write(table))
            counts["right"] += done.right
            counts["with a wrong value at high"] += done.wrong_at_high > 0
            for claim in done.wrong:
                counts[f"wrong at {claim['confidence']}"] += 1
            counts["figures"] += sum(not one.optional for one in table.truth)
            counts["missed"] += len(done.missed)
            if show and not done.right:
                _show(label, table, done)
    return found


def _show(label: str, table: SmallTable, done: Outcome) -> None:
    print(f"--- {label}: {table.name}")
    for one in done.missed:
        print("   missed", one.kind, one.low, one.high, one.keys)
    for claim in done.wrong:
        words = ("kind", "si_low", "si_high", "confidence", "quote", "row_label", "column_label", "unit_source", "per")
        print("   wrong ", [claim.get(word, "-") for word in words], claim["warning"])


# ---------------------------------------------------------------- random tables

_ROWS = ["云川一号", "天池园区", "青山基地", "北庭智算中心", "东湖项目", "甲公司", "乙集团", "North campus"]
_MEASURES = {
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
    names = rng.sample(list(_MEASURES), rng.randint(2, 4))
    units = {name: rng.choice(_MEASURES[name][1]) for name in names}
    things = rng.sample(_ROWS, rng.randint(1, 4))
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
            table.truth.append(Truth(_MEASURES[name][0], value, value, {"row": row, "col": col}))
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


def packed(members: dict[str, bytes]) -> bytes:
    """Return a zip archive of members."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as box:
        for name, words in members.items():
            box.writestr(name, words)
    return body.getvalue()


def rows(show: bool = False) -> list[str]:
    """Return the rows of the table of results."""
    sets = {
        "written before the reader": read_tables(HERE / "tables.txt"),
        "random spans, units and places of units": random_tables(100, 11),
    }
    out = []
    for label, tables in sets.items():
        for name, counts in score(tables, show=show).items():
            levels = "; ".join(f"{counts[f'wrong at {level}']} {level}" for level in ("high", "medium", "low"))
            out.append(
                f"| {label}, {name} | {counts['tables']} | {counts['right']} | {counts['with a wrong value at high']} "
                f"| {counts['figures']} | {counts['missed']} | {levels} |"
            )
    return out


if __name__ == "__main__":
    print("\n".join(rows("--show" in sys.argv)))
