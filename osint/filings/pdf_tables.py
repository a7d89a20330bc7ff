"""Find the tables of a PDF page by its ruling lines, else by the gaps between its words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from osint.filings.pdf_lines import MOST_LINES, TOUCH_POINTS, Line, covered, drawn_lines, edges, groups, turned

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_GAP = 0.9
"""gap between two words, in the size of their letters, that parts two columns"""
_SIZE_OF_HEIGHT = 0.75
"""size of letters per height of their boxes, which are as tall as the font"""
_FEWEST_ROWS = 2
_MOST_OF_BAND = 2
"""rows of a ruling up to which it may be one ground among rows without"""
_LONG_WORDS = 22
"""characters of a chunk from which on it is running text, as in a page of two columns"""
_WRAPS = 1.6
"""heights of a letter that a full line may end before the edge of its cell"""
_TALLEST = 60.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One character of a page with its box, turned so that lines run to the right and down."""

    index: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        """Return the middle of its box."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass
class FoundCell:
    """A cell: its place from 1, its spans, its edges, and its characters line by line."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1
    right: float = 0.0
    letters: list[Letter] = field(default_factory=list)

    def lines(self) -> list[tuple[list[int], bool]]:
        """Return (indices of characters, whether the line runs on in the next) of each line of the cell."""
        lines = text_lines(self.letters)
        out = []
        for line in lines:
            height = max(one.bottom - one.top for one in line)
            out.append(([one.index for one in line], self.right - line[-1].right < _WRAPS * height))
        return out


@dataclass
class FoundTable:
    """A table of a page."""

    cells: list[FoundCell]
    ruled: bool
    """whether lines part its cells; else the gaps between words do"""
    whole: bool = True
    """whether every cell is a rectangle"""


def page_tables(page: pdfium.PdfPage, words: pdfium.PdfTextPage, text: str) -> tuple[list[FoundTable], list[int]]:
    """Return the tables of a page from top to bottom, and the characters before which a wide gap stands in a line."""
    letters, quarter = page_letters(words, text)
    if len(letters) < _FEWEST_ROWS:
        return [], []
    across, down = drawn_lines(page, quarter)
    tables = _ruled(across, down, letters) if len(across) + len(down) <= MOST_LINES else []
    taken = {letter.index for table in tables for cell in table.cells for letter in cell.letters}
    rest = [letter for letter in letters if letter.index not in taken]
    found, gaps = _unruled(rest)
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
        if any(len(_chunks(line)) > 1 for line in lines):
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
    places = [(bisect_right(xs, part[0].left + 1), bisect_right(xs, part[-1].right - 1)) for part in _chunks(line)]
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


# ---------------------------------------------------------------- words and gaps


def text_lines(letters: list[Letter]) -> list[list[Letter]]:
    """Return the characters line by line from top to bottom, each from left to right."""
    lines: list[list[Letter]] = []
    low = high = 0.0
    for letter in sorted(letters, key=lambda one: one.middle[1]):
        middle = letter.middle[1]
        if lines and low <= middle <= high:
            lines[-1].append(letter)
            # small letters and points stand low in their line: the tallest decide
            if letter.bottom - letter.top > high - low:
                low, high = letter.top, letter.bottom
        else:
            lines.append([letter])
            low, high = letter.top, letter.bottom
    return [sorted(line, key=lambda one: one.left) for line in lines]


def _chunks(line: list[Letter]) -> list[list[Letter]]:
    """Return the parts of a line between wide gaps."""
    heights = sorted(letter.bottom - letter.top for letter in line)
    height = max(_SIZE_OF_HEIGHT * heights[len(heights) // 2], 1.0)
    parts = [[line[0]]]
    steps = sorted(b.left - a.right for a, b in pairwise(line))
    usual = steps[len(steps) // 4] if steps else 0.0  # letter-spaced text has no column at each letter
    for before, letter in pairwise(line):
        if letter.left - before.right > max(_GAP * height, 2.5 * usual):
            parts.append([])
        parts[-1].append(letter)
    return parts


def _unruled(letters: list[Letter]) -> tuple[list[FoundTable], list[int]]:
    """Return the tables that gaps make, and the characters behind a gap in other lines."""
    lines = [(line, _chunks(line)) for line in text_lines(letters)]
    tables: list[FoundTable] = []
    gaps: list[int] = []
    block: list[list[list[Letter]]] = []

    def close() -> None:
        table = _table_of(block)
        if table:
            tables.append(table)
        else:
            gaps.extend(part[0].index for parts in block for part in parts[1:])
        block.clear()

    bottom = 0.0
    for line, parts in lines:
        height = max(letter.bottom - letter.top for letter in line)
        far = block and min(letter.top for letter in line) - bottom > 3.0 * height
        if far or (len(parts) < 2 and not (block and _continues(block, parts))):
            close()
        if len(parts) >= 2 or block:
            block.append(parts)
        bottom = max(letter.bottom for letter in line)
    close()
    return tables, gaps


def _continues(block: list[list[list[Letter]]], parts: list[list[Letter]]) -> bool:
    """Say whether a line of one chunk stands in one column of the table above it, not at its left edge."""
    left = min(part[0].left for row in block for part in row)
    right = max(part[-1].right for row in block for part in row)
    return parts[0][0].left > left + 5 and parts[0][-1].right <= right + 5


def _table_of(block: list[list[list[Letter]]]) -> FoundTable | None:
    """Return the table of consecutive lines with gaps, or None where they are no table."""
    if len(block) < _FEWEST_ROWS:
        return None
    chunks = [part for parts in block for part in parts]
    if sum(len(part) >= _LONG_WORDS for part in chunks) * 2 > len(chunks):
        return None  # running text in two columns
    most = max(len(parts) for parts in block)
    columns = [[part[0].left, part[-1].right] for part in max(block, key=len)]
    for parts in sorted(block, key=len, reverse=True):
        for part in parts:
            meets = [n for n, (low, high) in enumerate(columns) if part[0].left < high and part[-1].right > low]
            if len(meets) == 1 and len(parts) > 1:
                columns[meets[0]] = [min(columns[meets[0]][0], part[0].left), max(columns[meets[0]][1], part[-1].right)]
            elif not meets:
                columns.append([part[0].left, part[-1].right])
                columns.sort()
    if len(columns) > most + 3 or any(a[1] > b[0] for a, b in pairwise(columns)):
        return None
    cells = []
    for row, parts in enumerate(block, start=1):
        for part in parts:
            meets = [
                n for n, (low, high) in enumerate(columns, start=1) if part[0].left < high and part[-1].right > low
            ]
            if not meets:
                return None
            cells.append(FoundCell(row, meets[0], 1, len(meets), part[-1].right + 1000, part))
    return FoundTable(cells, ruled=False)
