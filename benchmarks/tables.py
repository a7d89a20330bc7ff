"""Score the reading of small tables in four formats: the right number in its row, column and unit, or none.

The tables of `tables.txt` were written before the reader was built, those of `tables_new.txt` after it and labelled
before they were read once; random ones come from a generator.
"""

from __future__ import annotations

import io
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from osint import filings, fonts

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
        elif ("¦" in line or line.startswith("[c")) and not line.startswith("#"):
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


@cache
def _letters() -> tuple[bytes, dict[str, int], dict[str, int]]:
    """Return (font file, glyph of each character, width of each in thousandths) of what the tables are written in."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    used = {chr(code) for code in range(0x20, 0x7F)} | set(
        "，。：（）【】、—～＋％㎡≥≤一份用来说明表格读法的文件下面是它附录期"
    )
    for path in HERE.glob("tables*.txt"):
        used |= set(path.read_text(encoding="utf-8"))
    used |= set("".join([*_ROWS, *_MEASURES, *(u for _, units in _MEASURES.values() for u, _ in units)]))
    used |= set("指标序号名称单位建设规模地区北疆")
    font = TTFont(fonts.chinese_font(), recalcTimestamp=False)
    cutter = Subsetter(Options(layout_features=[], notdef_outline=True, recalc_timestamp=False))
    cutter.populate(text="".join(sorted(used)))
    cutter.subset(font)
    body = io.BytesIO()
    font.save(body)
    names, scale = font.getBestCmap(), 1000 / font["head"].unitsPerEm
    glyphs = {chr(code): font.getGlyphID(name) for code, name in names.items()}
    widths = {chr(code): round(font["hmtx"][name][0] * scale) for code, name in names.items()}
    return body.getvalue(), glyphs, widths


def written_pdf(pages: list[tuple[float, float, str]]) -> bytes:
    """Return a PDF of pages of (width, height, drawing) in the font F1, whose text layer says what is drawn."""
    font, glyphs, widths = _letters()
    pairs = "".join(f"<{glyph:04x}> <{ord(letter):04x}>\n" for letter, glyph in glyphs.items() if ord(letter) < 0x10000)
    blocks = pairs.splitlines()
    to_unicode = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
    to_unicode += "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
    for first in range(0, len(blocks), 100):
        some = blocks[first : first + 100]
        to_unicode += f"{len(some)} beginbfchar\n" + "\n".join(some) + "\nendbfchar\n"
    to_unicode += "endcmap CMapName currentdict /CMap defineresource pop end end"
    wide = " ".join(f"{glyph} [{widths[letter]}]" for letter, glyph in glyphs.items())
    parts: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{8 + 2 * n} 0 R' for n in range(len(pages)))}] >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Noto /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 7 0 R >>",
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Noto /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 5 0 R /CIDToGIDMap /Identity /W [{wide}] >>".encode(),
        b"<< /Type /FontDescriptor /FontName /ABCDEF+Noto /Flags 4 /FontBBox [-1000 -300 2000 1000] /ItalicAngle 0 /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 /FontFile2 6 0 R >>",
        f"<< /Length {len(font)} /Length1 {len(font)} >> stream\n".encode() + font + b"\nendstream",
        f"<< /Length {len(to_unicode)} >> stream\n{to_unicode}\nendstream".encode(),
    ]
    for number, (width, height, drawing) in enumerate(pages):
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.0f} {height:.0f}] /Resources << /Font << /F1 3 0 R >> >> /Contents {9 + 2 * number} 0 R >>".encode()
        )
        parts.append(f"<< /Length {len(drawing)} >> stream\n{drawing}\nendstream".encode())
    body, at = bytearray(b"%PDF-1.7\n"), []
    for number, part in enumerate(parts, start=1):
        at.append(len(body))
        body += f"{number} 0 obj\n".encode() + part + b"\nendobj\n"
    start = len(body)
    body += f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n".encode()
    body += "".join(f"{one:010d} 00000 n \n" for one in at).encode()
    body += f"trailer << /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(body)


def width_of(words: str, size: float = 9) -> float:
    """Return how wide words are drawn, in points."""
    _, _, widths = _letters()
    return sum(widths.get(letter, 1000) for letter in words) * size / 1000


def drawn_words(x: float, y: float, words: str, size: float = 9) -> str:
    """Return the drawing of words at a point from the lower left of a page."""
    _, glyphs, _ = _letters()
    return f"BT /F1 {size} Tf {x:.1f} {y:.1f} Td <{''.join(f'{glyphs[c]:04x}' for c in words if c in glyphs)}> Tj ET\n"


def as_pdf(table: SmallTable, ruled: bool = True) -> bytes:
    """Return a PDF with the table drawn with lines around its cells, or without any."""
    drawing, width, _ = drawn_table(table, 50, 780, ruled)
    drawing = drawn_words(50, 805, "一份用来说明表格读法的文件，下面是它的附表。") + drawing
    return written_pdf([(max(595, width + 50), 842, drawing)])


def drawn_table(table: SmallTable, left: float, top: float, ruled: bool = True) -> tuple[str, float, float]:
    """Return (drawing, right edge, lower edge) of a table and the lines above it."""
    size = 9.0
    _, _, wide = _letters()
    placed = table.placed()
    columns = max(c + cell.columns for _, c, cell in placed)
    widths, high, out = [30.0] * columns, Counter[int](), ""
    for r, c, cell in placed:
        lines = cell.words.split("\n")
        if cell.columns == 1:
            broad = max(sum(wide.get(letter, 1000) for letter in line) for line in lines) * size / 1000 + 12
            widths[c] = max(widths[c], broad)
        high[r] = max(high[r], len(lines))
    for _, c, cell in placed:
        broad = sum(wide.get(letter, 1000) for letter in cell.words) * size / 1000 + 12
        widths[c + cell.columns - 1] += max(0.0, broad - sum(widths[c : c + cell.columns])) if cell.columns > 1 else 0.0
    for words in table.above:
        out += drawn_words(left, top - 12, words)
        top -= 20
    lefts = [left + sum(widths[:c]) for c in range(columns + 1)]
    tops = [top]
    for r in range(max(r + cell.rows for r, _, cell in placed)):
        tops.append(tops[-1] - 10 - 11 * max(high[r], 1))
    for r, c, cell in placed:
        x, y = lefts[c], tops[r]
        if ruled:
            out += f"0.5 w {x:.1f} {tops[r + cell.rows]:.1f} {lefts[c + cell.columns] - x:.1f} {y - tops[r + cell.rows]:.1f} re S\n"
        for number, line in enumerate(cell.words.split("\n")):
            out += drawn_words(x + 5, y - 14 - 11 * number, line, size)
    return out, lefts[-1], tops[-1]


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


CONFIDENCES = ("high", "medium", "low")
FIRST = (
    "| second set, 30 tables, each of HTML, Word, Excel and ruled PDF, **read once before repair** | 30 | 24 | 0 | 83 | 10 | 0 high; 4 medium; 0 low |",
    "| second set, PDF unruled, **read once before repair** | 30 | 22 | 0 | 83 | 15 | 0 high; 0 medium; 5 low |",
    "| third set, 20 tables, each of HTML, Word, Excel and ruled PDF, **read once before repair** | 20 | 18 | 0 | 57 | 6 | 0 high; 4 medium; 0 low |",
    "| third set, PDF unruled, **read once before repair** | 20 | 17 | 0 | 57 | 7 | 0 high; 0 medium; 5 low |",
    "| fourth set, 32 tables, HTML, Word and ruled PDF, **read once before repair** (Excel: 28 right) | 32 | 27 | 2 | 146 | 11 | 2 high (a note 人民币万元 read as a sum, a price without the 台 it is for); 7 medium; 0 low |",
    "| fourth set, PDF unruled, **read once before repair** | 32 | 26 | 1 | 146 | 13 | 1 high; 1 medium; 9 low |",
    "| fifth set, 16 tables, each of HTML, Word, Excel, PDF ruled and unruled, **read once before repair** | 16 | 15 | 0 | 53 | 2 | 0 high; 0 medium; 0 low |",
    "| PDF unruled with wrapped cells, drawn by chance, **read once before repair** (by the reader before it: 4) | 60 | 35 | 0 | 404 | 77 | 0 high; 0 medium; 58 low |",
    "| sixth set, 40 documents with the marks of their formats (10 pages, 10 Word, 10 Excel, 10 printed PDF), **read once before repair** | 40 | 25 | 0 | 370 | 41 | 0 high; 12 medium; 2 low |",
    "| seventh set, 40 drawn by chance (8 of each form), **read once before repair** | 40 | 36 | 0 | 298 | 4 | 0 high; 2 medium; 3 low |",
    "| eighth set, 32 drawn by another generator (8 of each form), **read once before repair** | 32 | 22 | 0 | 318 | 28 | 0 high; 7 medium; 17 low |",
)
"""Sets that were labelled before they were read, as measured once, before anything was changed because of them."""


def rows(show: bool = False) -> list[str]:
    """Return the rows of the table of results."""
    sets = {
        "written before the reader": read_tables(HERE / "tables.txt"),
        "second set, after repair": read_tables(HERE / "tables_new.txt"),
        "third set, after repair": read_tables(HERE / "tables_third.txt"),
        "fourth set, after repair": read_tables(HERE / "tables_fourth.txt"),
        "fifth set, after repair": read_tables(HERE / "tables_fifth.txt"),
        "random spans, units and places of units": random_tables(100, 11),
    }
    out = list(FIRST)
    for label, tables in sets.items():
        for name, counts in score(tables, show=show).items():
            levels = "; ".join(f"{counts[f'wrong at {level}']} {level}" for level in ("high", "medium", "low"))
            out.append(
                f"| {label}, {name} | {counts['tables']} | {counts['right']} | {counts['with a wrong value at high']} "
                f"| {counts['figures']} | {counts['missed']} | {levels} |"
            )
    return out + document_rows(show)


def document_rows(show: bool = False) -> list[str]:
    """Return the rows of the sets of documents; their PDFs are printed by Chromium."""
    from benchmarks import tables_eighth, tables_seventh, tables_sixth, tables_wrapped

    out = []
    drawn = [tables_wrapped.wrapped_table(seed) for seed in range(500, 560)]
    done = [outcome(table, "a.pdf", data) for table, data in drawn]
    figures = sum(len(table.truth) for table, _ in drawn)
    counts = [sum(claim["confidence"] == level for one in done for claim in one.wrong) for level in CONFIDENCES]
    levels = "; ".join(f"{count} {level}" for count, level in zip(counts, CONFIDENCES, strict=True))
    out.append(
        f"| PDF unruled with wrapped cells, another draw, after repair | {len(done)} | {sum(one.right for one in done)} "
        f"| {sum(one.wrong_at_high > 0 for one in done)} | {figures} | {sum(len(one.missed) for one in done)} | {levels} |"
    )
    sets = {
        "sixth set": tables_sixth.DOCUMENTS,
        "seventh set": tables_seventh.documents(7),
        "eighth set": tables_eighth.documents(8),
    }
    for label, documents in sets.items():
        counts: Counter[str] = Counter()
        for one in documents:
            done = outcome(one.table, one.file, one.write())
            counts["right"] += done.right
            counts["high"] += done.wrong_at_high > 0
            counts["figures"] += sum(not truth.optional for truth in one.truth)
            counts["missed"] += len(done.missed)
            counts.update(f"wrong at {claim['confidence']}" for claim in done.wrong)
            if show and not done.right:
                _show(one.file, one.table, done)
        levels = "; ".join(f"{counts[f'wrong at {level}']} {level}" for level in ("high", "medium", "low"))
        out.append(
            f"| {label}, after repair, all forms | {len(documents)} | {counts['right']} | {counts['high']} "
            f"| {counts['figures']} | {counts['missed']} | {levels} |"
        )
    return out


def pdf_seconds(pages: int = 200) -> tuple[float, int, int]:
    """Return (seconds of processor time, tables, claims) of a PDF whose pages are full of ruled tables."""
    rng, drawn, number = random.Random(3), [], 0
    for _ in range(pages):
        out, top = drawn_words(50, 810, "本页为附表，列出各园区的建设规模与投资。"), 795.0
        while top > 160:
            words, _, top = drawn_table(random_table(rng), 50, top)
            out, top, number = out + words, top - 25, number + 1
        drawn.append((900.0, 842.0, out))
    data = written_pdf(drawn)
    begun = time.process_time()
    found = filings.claims_of(filings.parse(data, "long.pdf"))
    return time.process_time() - begun, number, len(found)


def write_section(lines: list[str]) -> str:
    """Put the table in its section of docs/benchmarks.md and leave the others alone."""
    path = HERE.parent / "docs" / "benchmarks.md"
    seconds, number, claims = pdf_seconds()
    head = (
        "## Reading tables\n\nWritten by `python -m benchmarks.tables` (processor time, one core). A table is right where "
        "every figure stands in its row, column and unit and no other is given. All tables are our own, in the shapes "
        "of notices; real notices are harder.\n\n| set, form | tables | right | with a wrong value at high | figures | "
        "missed | wrong values |\n|---|---|---|---|---|---|---|\n"
    )
    tail = (
        "\n\nThe ten PDFs of the sixth set were first printed without a font for Chinese, so that some characters had no "
        "name in the file: read so, before repair, 3 figures were wrong at high and 38 at medium; now a number beside such "
        "a character has no value. Five more draws of the seventh set, 180 pages, Word files and workbooks: 180 right. Two more draws of the eighth, once after its repair: 59 of 64 right, one wrong at high (万卡 in the name of a project), 61 and none when that was repaired; what is missed are PDFs without lines whose cells wrap, at low or not read, and named."
        f"\n\nA PDF of 200 pages with {number:,} ruled tables and {claims:,} claims: {seconds:.1f} s. Of 128 ruled tables "
        "of PDF the cells are those of pdfplumber 0.11.10 in 127 (one holds no digit, which is not looked at), in half its time."
        "\n\nOdd inputs (`odd_inputs.txt`: numerals, spaces, marks, currencies, names): of 64 that were labelled before "
        "they were read, 62 as expected when read once, one wrong at high (a raised ³), repaired since; of 102 that were "
        "known while the rules were made, 101, none wrong at high. Tests hold all but the two that are still missed.\n"
    )
    section = head + "\n".join(lines) + tail
    rest = re.sub(r"\n## Reading tables\n.*?(?=\n## |\Z)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    path.write_text(rest.rstrip("\n") + "\n\n" + section, encoding="utf-8")
    return section


if __name__ == "__main__":
    print("\n".join(rows(show=True)) if "--show" in sys.argv else write_section(rows()))
