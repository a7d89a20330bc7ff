"""Find the tables of a PDF page by its ruling lines, else by the gaps between its words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from osint.filings.pdf_cells import FoundCell, FoundTable, Letter, chunks, text_lines
from osint.filings.pdf_gaps import tables_by_gaps
from osint.filings.pdf_lines import MOST_LINES, TOUCH_POINTS, Line, covered, drawn_lines, edges, groups, turned

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_FEWEST_ROWS = 2
_MOST_OF_BAND = 2
"""rows of a ruling up to which it may be one ground among rows without"""
_TALLEST = 60.0


def page_tables(page: pdfium.PdfPage, words: pdfium.PdfTextPage, text: str) -> tuple[list[FoundTable], list[int]]:
    """Return the tables of a page from top to bottom, and the characters before which a wide gap stands in a line."""
    letters, quarter = page_letters(words, text)
    if len(letters) < _FEWEST_ROWS:
        return [], []
    across, down = drawn_lines(page, quarter)
    tables = _ruled(across, down, letters) if len(across) + len(down) <= MOST_LINES else []
    taken = {letter.index for table in tables for cell in table.cells for letter in cell.letters}
    rest = [letter for letter in letters if letter.index not in taken]
    found, gaps = tables_by_gaps(rest, text)
    tables += found
    return tables, gaps


# ---------------------------------------------------------------- characters and lines


def page_letters(words: pdfium.PdfTextPage, text: str) -> tuple[list[Letter], int]:
    """Return (the characters of a page that are shown, in their order, by how many quarters the page is turned)."""
    raw = words.raw
    shown = [index for index, letter in enumerate(text) if letter != "\0" and not letter.isspace()]
    sample = shown[:: max(len(shown) // 40, 1)]
    angles = Counter(round(pdfium_c.FPDFText_GetCharAngle(raw, index) / 1.5707963) % 4 for index in sample)
    quarter = angles.most_common(1)[0][0] if angles else 0
    box = pdfium_c.FS_RECTF()  # as tall as the font, so that a comma stands in the middle of its line
    found = []
    for index in shown:
        if not pdfium_c.FPDFText_GetLooseCharBox(raw, index, box):
            continue
        xs, ys = zip(
            *(turned(x, y, quarter) for x in (box.left, box.right) for y in (box.bottom, box.top)), strict=True
        )
        if max(ys) - min(ys) < _TALLEST:
            found.append(Letter(index, min(xs), min(ys), max(xs), max(ys)))
    return found, quarter


# ---------------------------------------------------------------- ruled tables


@dataclass
class _Ruling:
    """Lines that meet, and the edges that they make."""

    rows: list[Line]
    """lines across"""
    columns: list[Line]
    """lines down"""
    ys: list[float]
    xs: list[float]

    def reach(self, low: float, high: float) -> None:
        """Take in the stretch between two heights, its columns parted as the others are."""
        self.rows += [Line(y, self.xs[0], self.xs[-1]) for y in (low, high)]
        self.columns += [Line(x, low, high) for x in self.xs]
        self.ys = edges(self.rows)

    def goes_on_in(self, other: _Ruling) -> bool:
        """Say whether another begins where this ends, with the same columns."""
        touch = abs(self.ys[-1] - other.ys[0]) <= TOUCH_POINTS and len(self.xs) == len(other.xs)
        return touch and all(abs(a - b) <= TOUCH_POINTS for a, b in zip(self.xs, other.xs, strict=True))


def _ruled(across: list[Line], down: list[Line], letters: list[Letter]) -> list[FoundTable]:
    """Return the tables that lines make, from top to bottom."""
    rulings = [_Ruling(rows, columns, edges(rows), edges(columns)) for rows, columns in groups(across, down)]
    rulings = sorted((one for one in rulings if len(one.ys) > 1 and len(one.xs) > 1), key=lambda one: one.ys[0])
    tables = []
    for one in _with_bare_rows(rulings, letters):
        if (len(one.ys) - 1) * (len(one.xs) - 1) < 2:
            continue
        table = _cells(one.ys, one.xs, one.rows, one.columns)
        _fill(table, one.ys, one.xs, letters)
        lines = [line for cell in table.cells for line in text_lines(cell.letters)] if len(one.xs) == 2 else []
        if any(len(chunks(line)) > 1 for line in lines):
            continue  # lines or grounds of whole rows, whose columns only the gaps tell
        if sum(bool(cell.letters) for cell in table.cells) >= 2:
            tables.append((one.ys[0], table))
    return [table for _, table in sorted(tables, key=lambda pair: pair[0])]


def _with_bare_rows(rulings: list[_Ruling], letters: list[Letter]) -> list[_Ruling]:
    """Return the rulings, with the rows between, over and below them that have neither lines nor a ground.

    Where every second row of a table has a ground, a page holds rulings of one or two rows; a line of words right
    below or over one of them belongs to it if it has words in most of its columns and none over an edge.
    """
    lines = text_lines(letters) if any(_is_band(one) for one in rulings) else []
    tops = [min(letter.top for letter in line) for line in lines]
    done: list[_Ruling] = []
    for index, one in enumerate(rulings):
        following = rulings[index + 1].ys[0] if index + 1 < len(rulings) else float("inf")
        if _is_band(one):
            tall = one.ys[1] - one.ys[0]
            at = bisect_left(tops, one.ys[-1] - 1)
            if at < len(lines) and tops[at] < one.ys[-1] + tall and _fits(lines[at], one.xs):
                end = one.ys[-1] + tall
                one.reach(one.ys[-1], following if abs(following - end) < tall / 2 else end)
            at = bisect_left(tops, one.ys[0] - 1) - 1
            if (
                at >= 0
                and tops[at] > one.ys[0] - tall
                and _fits(lines[at], one.xs)
                and not (done and done[-1].goes_on_in(one))
            ):
                one.reach(one.ys[0] - tall, one.ys[0])
        if done and done[-1].goes_on_in(one):
            before = done[-1]
            before.rows, before.columns = before.rows + one.rows, before.columns + one.columns
            before.ys = edges(before.rows)
        else:
            done.append(one)
    return done


def _is_band(one: _Ruling) -> bool:
    return len(one.ys) - 1 <= _MOST_OF_BAND and len(one.xs) > _MOST_OF_BAND


def _fits(line: list[Letter], xs: list[float]) -> bool:
    """Say whether a line has words in most columns, and none over an edge."""
    places = [(bisect_right(xs, part[0].left + 1), bisect_right(xs, part[-1].right - 1)) for part in chunks(line)]
    columns = {first for first, last in places if first == last and 0 < first < len(xs)}
    return len(columns) == len(places) and 2 * len(columns) > len(xs) - 1 and len(columns) > 1


def _cells(ys: list[float], xs: list[float], across: list[Line], down: list[Line]) -> FoundTable:
    """Return the cells of a grid of edges; neighbours without a line between them are one cell."""
    height, width = len(ys) - 1, len(xs) - 1
    parent = {(r, c): (r, c) for r in range(height) for c in range(width)}

    def root(one: tuple[int, int]) -> tuple[int, int]:
        while parent[one] != one:
            one = parent[one]
        return one

    by_x, by_y = (
        [[line for line in down if abs(line.at - x) <= TOUCH_POINTS] for x in xs],
        [[line for line in across if abs(line.at - y) <= TOUCH_POINTS] for y in ys],
    )
    for r in range(height):
        for c in range(width):
            if c + 1 < width and not covered(by_x[c + 1], xs[c + 1], ys[r], ys[r + 1]):
                parent[root((r, c + 1))] = root((r, c))
            if r + 1 < height and not covered(by_y[r + 1], ys[r + 1], xs[c], xs[c + 1]):
                parent[root((r + 1, c))] = root((r, c))
    members: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for one in parent:
        members[root(one)].append(one)
    cells, whole = [], True
    for own in members.values():
        rows, columns = [r for r, _ in own], [c for _, c in own]
        high, wide = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        if high * wide == len(own):
            cells.append(FoundCell(min(rows) + 1, min(columns) + 1, high, wide, xs[max(columns) + 1]))
        else:
            whole = False
            cells += [FoundCell(r + 1, c + 1, right=xs[c + 1]) for r, c in own]
    return FoundTable(sorted(cells, key=lambda cell: (cell.row, cell.column)), ruled=True, whole=whole)


def _fill(table: FoundTable, ys: list[float], xs: list[float], letters: list[Letter]) -> None:
    places: dict[tuple[int, int], FoundCell] = {}
    for one in table.cells:
        for r in range(one.row, one.row + one.rows):
            for c in range(one.column, one.column + one.columns):
                places[r, c] = one
    for letter in letters:
        x, y = letter.middle
        cell = places.get((bisect_right(ys, y), bisect_right(xs, x)))
        if cell and ys[0] <= y <= ys[-1] and xs[0] <= x <= xs[-1]:
            cell.letters.append(letter)
