"""Find the tables of a PDF page that no lines part: columns by the gaps between words, rows by those between lines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from osint.filings.heads import is_value
from osint.filings.pdf_cells import FoundCell, FoundTable, Letter, chunks, text_lines

_FEWEST_ROWS = 2
_LONG_WORDS = 22
"""characters of a chunk from which on it is running text, as in a page of two columns"""
_FAR = 3.0
"""heights of a line between two lines from which on they are no rows of one table"""
_OVERLAP = 0.25
"""share of their height by which two lines overlap that are of one row, its cells centred (judgement)"""
_SHIFT = 0.2
"""height of a line by which words in it stand higher or lower that are of another line of their cell (judgement)"""
_TIGHT = 0.6
"""gap between two lines of one cell at most, in the gap between two rows (judgement)"""
_LEAST_STEP = 2.0
"""points by which the gap between two rows is wider than that between two lines of a cell, at least (judgement)"""
_MOST_LINES = 4
"""lines of one cell, or of two that follow each other, that stand alone at the left edge of a table (judgement)"""
_FEWEST_LETTERS = 5
"""characters of a line from which on it may have been broken at the edge of its column (judgement)"""
_PROSE, _PROSE_LINES = 14, 3
"""characters of a line, and lines, from which on words that reach one edge are running text (judgement)"""
_NEAR, _MOST_CELLS = 100, 400
"""rows on either side that are compared, and words of one row that are (bound the time)"""
_EDGE = 5.0
"""points by which the edges of one column may differ"""


@dataclass(slots=True)
class _Band:
    """Words side by side: a line of a page, or lines that are one row of a table."""

    parts: list[list[Letter]]
    """its chunks; those of one column from top to bottom"""
    top: float
    bottom: float

    @classmethod
    def of(cls, lines: list[list[list[Letter]]]) -> _Band:
        """Return the band of some lines, each in its chunks."""
        letters = [letter for parts in lines for part in parts for letter in part]
        return cls(
            [part for parts in lines for part in parts],
            min(letter.top for letter in letters),
            max(letter.bottom for letter in letters),
        )

    def columns(self) -> list[list[float]]:
        """Return (left, right) of its columns: chunks over each other are one."""
        found: list[list[float]] = []
        for part in sorted(self.parts, key=lambda part: part[0].left):
            if found and part[0].left < found[-1][1]:
                found[-1][1] = max(found[-1][1], part[-1].right)
            else:
                found.append([part[0].left, part[-1].right])
        return found


class _Rows:
    """What the words of a page say of which lines are one row."""

    def __init__(self, text: str) -> None:
        """Take the characters of a page, each at its index."""
        self.text = text

    def is_value(self, part: list[Letter]) -> bool:
        """Say whether a chunk is a number with or without its unit."""
        return is_value("".join(self.text[letter.index] for letter in part))

    def has_value(self, band: _Band) -> bool:
        """Say whether a band holds a number."""
        return any(map(self.is_value, band.parts))

    def is_one(self, bands: list[_Band]) -> bool:
        """Say whether bands can be one row: a number stands alone in its cell."""
        parts = sorted((part for band in bands for part in band.parts), key=lambda part: part[0].left)
        if len(parts) > _MOST_CELLS:
            return False
        for index, part in enumerate(parts):
            for other in parts[index + 1 :]:
                if other[0].left >= part[-1].right:
                    break
                if self.is_value(part) or self.is_value(other):
                    return False
        return True

    def without_prose(self, block: list[_Band]) -> list[_Band]:
        """Return the rows of a table without a column of running text that stands beside it, at its left or right."""
        columns = _columns_of(sorted((band.columns() for band in block), key=len, reverse=True)) if block else []
        if len(columns) <= _FEWEST_ROWS:
            return block
        for low, high in (columns[0], columns[-1]):
            parts = [part for band in block for part in band.parts if part[0].left >= low and part[-1].right <= high]
            if self._is_prose(parts, high):
                prose = {id(part) for part in parts}
                kept = [[part for part in band.parts if id(part) not in prose] for band in block]
                return [_Band.of([own]) for own in kept if own]
        return block

    def _is_prose(self, parts: list[list[Letter]], right: float) -> bool:
        """Say whether words over each other are running text: long lines that reach one edge, with commas."""
        lines = ["".join(self.text[letter.index] for letter in part) for part in parts]
        full = [
            len(line) >= _PROSE and right - part[-1].right < 2 * (part[-1].right - part[-1].left)
            for line, part in zip(lines, parts, strict=True)
        ]
        stops = sum(any(mark in line for mark in "，。；,.;") for line in lines)
        return len(lines) >= _PROSE_LINES and sum(full) + 1 >= 0.8 * len(lines) and 2 * stops >= len(lines)

    def bands(self, lines: list[list[Letter]]) -> list[_Band]:
        """Return the lines of a page in bands: lines that overlap are of one, where they can be one row."""
        found: list[list[_Band]] = []
        low = 0.0
        for band in (_Band.of([parts]) for line in lines for parts in _at_heights(chunks(line))):
            if found and low - band.top > _OVERLAP * (band.bottom - band.top):
                found[-1].append(band)
                low = max(low, band.bottom)
            else:
                found.append([band])
                low = band.bottom
        out: list[_Band] = []
        for group in found:
            several = len(group) > 1 and len(_joined(group).columns()) > 1
            out += [_joined(group)] if several and self.is_one(group) else _level(group)
        return out

    def rows(self, block: list[_Band]) -> list[_Band]:
        """Return the rows of a table: bands that stand closer than rows do are lines of one row."""
        groups = self._by_gaps(block)
        if groups is None:
            groups = [[block[0]]]
            for index in range(1, len(block)):
                if self._goes_on(block, index, groups[-1]):
                    groups[-1].append(block[index])
                else:
                    groups.append([block[index]])
        return [_joined(group) if len(group) > 1 else group[0] for group in groups]

    def _by_gaps(self, block: list[_Band]) -> list[list[_Band]] | None:
        """Return the bands in rows where the gaps between them are of two sizes, or None where that tells nothing."""
        gaps = [max(b.top - a.bottom, 0.0) for a, b in pairwise(block)]
        steps = [(high - low, low, high) for low, high in pairwise(sorted(gaps))]
        step, low, high = max(steps, default=(0.0, 0.0, 0.0))
        if step < _LEAST_STEP or low > _TIGHT * high:
            return None
        groups = [[block[0]]]
        for gap, band in zip(gaps, block[1:], strict=True):
            if gap <= low:
                groups[-1].append(band)
            else:
                groups.append([band])
        told = [any(map(self.has_value, group)) for group in groups]
        whole = all(self.is_one(group) for group in groups)
        proven = all(has or len(group) == 1 or n == 0 for n, (has, group) in enumerate(zip(told, groups, strict=True)))
        return groups if whole and proven and sum(told) > 1 else None

    def _goes_on(self, block: list[_Band], index: int, row: list[_Band]) -> bool:
        """Say whether a line without numbers goes on with the cells of the row above it."""
        band, above = block[index], block[index - 1]
        if self.has_value(band) or not any(map(self.has_value, row)) or not self.is_one([*row, band]):
            return False
        gap, height = band.top - above.bottom, band.bottom - band.top
        following = block[index + 1].top - band.bottom if index + 1 < len(block) else gap
        if gap > height or gap > following + 1:
            return False
        near = block[max(index - _NEAR, 0) : index + _NEAR]
        left = min(part[0].left for one in near for part in one.parts)
        first = self.text[band.parts[0][0].index]
        if len(band.parts) > 1 or band.parts[0][0].left > left + _EDGE or first in "(（" or gap < _TIGHT * following:
            return True
        return _fills_column(near, above, band)


def _at_heights(parts: list[list[Letter]]) -> list[list[list[Letter]]]:
    """Return the chunks of a line by their height on the page: a number that stands between two lines is of neither."""
    groups: list[list[list[Letter]]] = []
    for part in sorted(parts, key=_middle):
        height = part[0].bottom - part[0].top
        if groups and _middle(part) - _middle(groups[-1][0]) <= _SHIFT * height:
            groups[-1].append(part)
        else:
            groups.append([part])
    return [sorted(group, key=lambda part: part[0].left) for group in groups]


def _middle(part: list[Letter]) -> float:
    """Return the height on the page at which most characters of a chunk stand."""
    middles = sorted(letter.middle[1] for letter in part)
    return middles[len(middles) // 2]


def _level(group: list[_Band]) -> list[_Band]:
    """Return bands that are not one row with those of one line put together again."""
    done: list[_Band] = []
    for band in group:
        middle = (band.top + band.bottom) / 2
        if done and done[-1].top <= middle <= done[-1].bottom:
            done[-1] = _joined([done[-1], band])
            done[-1].parts.sort(key=lambda part: part[0].left)
        else:
            done.append(band)
    return done


def _joined(bands: list[_Band]) -> _Band:
    return _Band.of([band.parts for band in bands])


def tables_by_gaps(letters: list[Letter], text: str) -> tuple[list[FoundTable], list[int]]:
    """Return the tables that gaps make, and the characters behind a gap in other lines."""
    rows = _Rows(text)
    bands = rows.bands(text_lines(letters))
    tables: list[FoundTable] = []
    gaps: list[int] = []
    block: list[_Band] = []

    def close() -> None:
        own = rows.without_prose(block)
        table = _table_of(rows.rows(own), rows) if len(own) >= _FEWEST_ROWS else None
        if table:
            tables.append(table)
        else:
            gaps.extend(part[0].index for band in block for part in band.parts[1:])
        block.clear()

    for index, band in enumerate(bands):
        far = block and band.top - block[-1].bottom > _FAR * max(one.bottom - one.top for one in band.parts[0])
        following = bands[index + 1 : index + 1 + _MOST_LINES]
        single = len(band.parts) < _FEWEST_ROWS
        inside = block and _stands_inside([*block[-_NEAR:], *following], band)
        if far or (single and not (inside or (block and _names_rows(block, band, following, rows)))):
            close()
        if not single or block:
            block.append(band)
    close()
    return tables, gaps


def _stands_inside(block: list[_Band], band: _Band) -> bool:
    """Say whether a line of one chunk stands in one column of the rows around it, not at their left edge."""
    rows = [row for row in block if len(row.parts) > 1] or block
    left = min(part[0].left for row in rows for part in row.parts)
    right = max(part[-1].right for row in rows for part in row.parts)
    part = band.parts[0]
    return part[0].left > left + _EDGE and part[-1].right <= right + _EDGE


def _names_rows(block: list[_Band], band: _Band, following: list[_Band], rows: _Rows) -> bool:
    """Say whether a line at the left edge of a table stands in its first column: among its rows, or at their end."""
    block = block[-_NEAR:]
    wide = [one.columns() for one in block if len(one.parts) > 1]
    second = min((columns[1][0] for columns in wide if len(columns) > 1), default=0.0)
    height = band.bottom - band.top
    if band.parts[0][-1].right >= second or band.top - block[-1].bottom > height:
        return False
    for index, one in enumerate(following[:_MOST_LINES]):
        before = following[index - 1] if index else band
        if one.top - before.bottom > height:
            break
        if len(one.parts) > 1:
            return rows.has_value(one)
        if one.parts[0][-1].right >= second:
            break
    return _fills_column(block, block[-1], band)


def _fills_column(block: list[_Band], above: _Band, band: _Band) -> bool:
    """Say whether the words over a line reach the edge of their column, so that they go on in it."""
    own = band.parts[0]
    over = [part for part in above.parts if part[0].left < own[-1].right and part[-1].right > own[0].left]
    if not over or len(over[-1]) < _FEWEST_LETTERS:
        return False
    same = (part for one in block for part in one.parts if abs(part[0].left - over[-1][0].left) <= _EDGE)
    widest = max(part[-1].right for part in same)
    return over[-1][-1].right + (own[0].right - own[0].left) > widest - 1 and own[-1].right <= widest + 1


def _table_of(block: list[_Band], rows: _Rows) -> FoundTable | None:
    """Return the table of consecutive rows with gaps, or None where they are no table."""
    if len(block) < _FEWEST_ROWS:
        return None
    parts = [part for band in block for part in band.parts]
    if sum(len(part) >= _LONG_WORDS for part in parts) * 2 > len(parts):
        return None  # running text in two columns
    shapes = sorted((band.columns() for band in block), key=len, reverse=True)
    columns = _columns_in_order(block) or _columns_of(shapes)
    if len(columns) > len(shapes[0]) + 3 or any(a[1] > b[0] for a, b in pairwise(columns)):
        return None
    cells = []
    for row, band in enumerate(block, start=1):
        places: dict[tuple[int, int], list[list[Letter]]] = {}
        for part in band.parts:
            meets = _columns_at(columns, part[0].left, part[-1].right)
            if not meets:
                return None
            places.setdefault((meets[0], len(meets)), []).append(part)
        cells += [_cell(row, *place, own, rows.text) for place, own in sorted(places.items())]
    return FoundTable(cells, ruled=False)


def _columns_at(columns: list[list[float]], left: float, right: float) -> list[int]:
    return [n for n, (low, high) in enumerate(columns, start=1) if left < high and right > low]


def _columns_in_order(block: list[_Band]) -> list[list[float]]:
    """Return (left, right) of the columns where each row has words in every one: the first, the second and so on.

    A head that stands left in its column and numbers that stand right in it may lie side by side.
    """
    shapes = [band.columns() for band in block]
    if len({len(shape) for shape in shapes}) != 1 or len(shapes) < _FEWEST_FULL:
        return []
    columns = [[min(one[0] for one in own), max(one[1] for one in own)] for own in zip(*shapes, strict=True)]
    return columns if all(a[1] <= b[0] for a, b in pairwise(columns)) else []


_FEWEST_FULL = 3
"""rows that each have words in every column, from which on the columns are told by their order (judgement)"""


def _columns_of(shapes: list[list[list[float]]]) -> list[list[float]]:
    """Return (left, right) of the columns of a table from those of its rows, the fullest row first."""
    columns = [list(one) for one in shapes[0]]
    for shape in shapes:
        for low, high in shape:
            meets = [one for one in columns if low < one[1] and high > one[0]]
            if len(meets) == 1 and len(shape) > 1:
                meets[0][:] = [min(meets[0][0], low), max(meets[0][1], high)]
            elif not meets:
                columns.append([low, high])
                columns.sort()
    done: list[list[float]] = []
    for column in columns:
        if done and _are_one(done[-1], column, shapes):
            done[-1][1] = column[1]
        else:
            done.append(column)
    return done


def _are_one(left: list[float], right: list[float], shapes: list[list[list[float]]]) -> bool:
    """Say whether two columns are one: some words reach over both, and no row has words in each of them."""
    reaches = False
    for shape in shapes:
        at_left = [one for one in shape if one[0] < left[1] and one[1] > left[0]]
        at_right = [one for one in shape if one[0] < right[1] and one[1] > right[0]]
        if at_left and at_right:
            if at_left != at_right or len(shape) == 1:
                return False
            reaches = True
    return reaches


def _cell(row: int, column: int, wide: int, parts: list[list[Letter]], text: str) -> FoundCell:
    """Return a cell; its lines run on in each other, but for a number that might go on in another."""
    apart = any(text[a[-1].index].isdigit() and text[b[0].index].isdigit() for a, b in pairwise(parts))
    right = parts[0][-1].right + 1000 if apart else 0.0
    return FoundCell(row, column, 1, wide, right, [letter for part in parts for letter in part])
