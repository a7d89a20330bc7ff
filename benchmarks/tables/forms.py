"""Write a small table as a page, a Word file, a workbook or a PDF, drawn with lines around its cells or without."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from html import escape
from typing import Any

from benchmarks.tables.drawn_shapes import MEASURES, THINGS
from benchmarks.tables.small import HERE, SmallTable, TableCell
from osint import fonts


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
    word_table(paper, table.rows)
    body = io.BytesIO()
    paper.save(body)
    return body.getvalue()


def word_table(holder: Any, rows: list[list[TableCell]]) -> Any:
    """Add a table to a document or a cell and return it."""
    placed = SmallTable("", rows).placed()
    grid = holder.add_table(max(r + c.rows for r, _, c in placed), max(k + c.columns for _, k, c in placed))
    for r, k, cell in placed:
        box = grid.cell(r, k)
        if cell.rows * cell.columns > 1:
            box = box.merge(grid.cell(r + cell.rows - 1, k + cell.columns - 1))
        box.text = cell.words
    return grid


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
    used |= set((HERE / "small_tables.txt").read_text(encoding="utf-8"))
    used |= set("".join([*THINGS, *MEASURES, *(u for _, units in MEASURES.values() for u, _ in units)]))
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
