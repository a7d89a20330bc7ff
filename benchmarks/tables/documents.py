"""Forty documents with the marks of their formats, labelled before the reader ran on them: those of documents.txt.

The other sets write one table in every format; these are pages, Word files, workbooks and printed pages of their own:
nested tables, repeated heads, number formats, hidden rows, formulas, tables without lines, zebra rows, turned pages.
The PDFs are printed by Chromium; the tests read the others.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tables.forms import word_table
from benchmarks.tables.small import HERE, SmallTable, TableCell, Truth, cells_of, truth_of
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


def _rows(words: str) -> list[list[TableCell]]:
    return [cells_of(line) for line in words.strip().splitlines()]


def _html_table(rows: list[list[TableCell]], attributes: str = "", head: int = 0) -> str:
    """Return the markup of rows; words in a cell are markup already."""
    out = []
    for number, row in enumerate(rows):
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


# ---------------------------------------------------------------- documents.txt


def read_documents() -> Iterator[Document]:
    """Yield the documents of documents.txt."""
    for block in (HERE / "documents.txt").read_text(encoding="utf-8").split("\n@ ")[1:]:
        head, *lines = block.splitlines()
        form, name = head.split(" | ")
        first = next(n for n, line in enumerate(lines) if line.startswith(("> ", "? ")))
        truth = [truth_of(line) for line in lines[first:] if line]
        yield Document(name, f"a.{form}", _WRITERS[form](lines[:first]), truth)


def _markup(lines: list[str]) -> str:
    """Return markup with its tables, which stand between [table] and [end]."""
    out: list[str] = []
    plain: list[str] = []
    rows: list[str] | None = None
    options = ""
    for line in lines:
        if line.startswith("[table"):
            out.append("\n".join(plain))
            plain, rows, options = [], [], line[6:-1].strip()
        elif line == "[end]" and rows is not None:
            found = re.match(r"(?:head=(\d) ?)?(.*)", options)
            assert found
            out.append(_html_table([cells_of(row) for row in rows], found[2], int(found[1] or 0)))
            rows = None
        else:
            (plain if rows is None else rows).append(line)
    return "".join([*out, "\n".join(plain)])


def _print(lines: list[str]) -> Callable[[], bytes]:
    style = _RULED
    if lines[0].startswith("[style"):
        mark, style = lines[0].split(" ", 1)
        style, lines = (_RULED + style if mark == "[style+]" else style), lines[1:]
    return printed(_markup(lines), style)


def _word(lines: list[str]) -> Callable[[], bytes]:
    blocks: list[Any] = []
    for line in lines:
        if "¦" not in line and not line.startswith("[c"):
            blocks.append(line)
        elif blocks and isinstance(blocks[-1], list):
            blocks[-1].append(cells_of(line))
        else:
            blocks.append([cells_of(line)])
    return word(*blocks)


def _workbook(lines: list[str]) -> Callable[[], bytes]:
    sheets: list[tuple[list[Any], dict[str, Any]]] = []
    stored = None
    for line in lines:
        if line.startswith("[stored] "):
            stored = json.loads(line[9:])
        elif line.startswith("[sheet]"):
            sheets.append(([], json.loads(line[7:] or "{}")))
        else:
            sheets[-1][0].append(json.loads(line))
    return book(*(filled(rows, **how) for rows, how in sheets), stored=stored)


_WRITERS: dict[str, Callable[[list[str]], Callable[[], bytes]]] = {
    "html": lambda lines: page(_markup(lines)), "docx": _word, "xlsx": _workbook, "pdf": _print,
}  # fmt: skip

# ---------------------------------------------------------------- what a text file cannot say


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


def _others() -> Iterator[Document]:
    """Yield tables in cells, words struck out, and a table over two pages."""
    rows = "\n".join(f"{n} ¦ 企业{n:02d} ¦ {100 + 7 * n} ¦ {2 * n + 1}.5" for n in range(1, 61))
    listed = _html_table(_rows("序号 ¦ 企业名称 ¦ 机柜（架） ¦ 负荷（MW）\n" + rows), head=1)
    for name, file, write, truth in (
        ("a form with two tables in its cells", "a.docx", word("附件1 项目申报表", _form_with_inner), """
> racks 1600 row=1号楼
> compute 2400 row=1号楼
> racks 1200 row=2号楼
> compute 800 row=2号楼
> money_cny 864000000 row=设备购置
> money_cny 123500000 row=土建
"""),
        ("a value struck out and put right, full width, a raised mark", "a.docx", word("采购需求表（更正）", _corrected), """
> chips 1536 row=加速卡数量
> floor 3200 row=机房面积
? transformer 5
"""),
        ("a table over two pages, its head repeated by the printer", "a.pdf", printed("<h3>数据中心名录</h3>" + listed),
         "".join(f"> racks {100 + 7 * n} row=企业{n:02d}\n> power {2 * n + 1.5} row=企业{n:02d}\n" for n in range(1, 61))),
    ):  # fmt: skip
        yield Document(name, file, write, [truth_of(line) for line in truth.strip().splitlines()])


DOCUMENTS = [*read_documents(), *_others()]
