"""The straight lines that a page of a PDF draws, as its tables use them."""

from __future__ import annotations

import ctypes
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

if TYPE_CHECKING:
    import pypdfium2 as pdfium

_MOST_SEGMENTS = 20_000
"""segments of lines that are looked at on one page"""
MOST_LINES = 4000
"""ruling lines of one page from which on it is a drawing, not a table"""
_DEEPEST_FORM = 3
TOUCH_POINTS = 3.0
"""distance up to which two lines meet, and up to which two edges are one"""
_STRAIGHT_POINTS = 1.5
"""how far the ends of a line may lie beside each other"""
_SHORTEST_POINTS = 4.0
_COVERED = 0.6
"""share of the border of two cells that a line must cover to part them"""


def turned(x: float, y: float, quarter: int) -> tuple[float, float]:
    """Return a point of the page with y downwards, turned back by quarters of a circle."""
    return ((x, -y), (-y, -x), (-x, y), (y, x))[quarter]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line across (at = y) or down (at = x) the page."""

    at: float
    low: float
    high: float


def drawn_lines(page: pdfium.PdfPage, quarter: int) -> tuple[list[Line], list[Line]]:
    """Return the lines across and down the page that are drawn, edges of boxes among them."""
    across: list[Line] = []
    down: list[Line] = []
    left = _MOST_SEGMENTS
    identity = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    stack = [
        (pdfium_c.FPDFPage_GetObject(page.raw, n), identity, 0) for n in range(pdfium_c.FPDFPage_CountObjects(page.raw))
    ]
    while stack and left > 0:
        one, outer, depth = stack.pop()
        kind = pdfium_c.FPDFPageObj_GetType(one)
        if kind not in (pdfium_c.FPDF_PAGEOBJ_PATH, pdfium_c.FPDF_PAGEOBJ_FORM):
            continue
        matrix = pdfium_c.FS_MATRIX()
        pdfium_c.FPDFPageObj_GetMatrix(one, matrix)
        own = _times((matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f), outer)
        if kind == pdfium_c.FPDF_PAGEOBJ_FORM:
            if depth < _DEEPEST_FORM:
                stack += [
                    (pdfium_c.FPDFFormObj_GetObject(one, n), own, depth + 1)
                    for n in range(pdfium_c.FPDFFormObj_CountObjects(one))
                ]
            continue
        count = pdfium_c.FPDFPath_CountSegments(one)
        left -= max(count, 1)
        if 0 < count <= left + count:
            _walk(one, count, own, quarter, across, down)
    return across, down


Matrix = tuple[float, float, float, float, float, float]


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _walk(path: object, count: int, matrix: Matrix, quarter: int, across: list[Line], down: list[Line]) -> None:
    """Add the straight segments of a path; a thin filled box is one line."""
    a, b, c, d, e, f = matrix
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[tuple[float, float]] = []
    segments: list[tuple[tuple[float, float], tuple[float, float]]] = []
    start = (0.0, 0.0)
    for number in range(count):
        segment = pdfium_c.FPDFPath_GetPathSegment(path, number)
        pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
        here = turned(a * x.value + c * y.value + e, b * x.value + d * y.value + f, quarter)
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            start = here
        elif kind == pdfium_c.FPDF_SEGMENT_LINETO and points:
            segments.append((points[-1], here))
        points.append(here)
        if pdfium_c.FPDFPathSegment_GetClose(segment) and here != start:
            segments.append((here, start))
    for (x0, y0), (x1, y1) in segments:
        if abs(y1 - y0) <= _STRAIGHT_POINTS and abs(x1 - x0) >= _SHORTEST_POINTS:
            across.append(Line((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
        elif abs(x1 - x0) <= _STRAIGHT_POINTS and abs(y1 - y0) >= _SHORTEST_POINTS:
            down.append(Line((x0 + x1) / 2, min(y0, y1), max(y0, y1)))


def groups(across: list[Line], down: list[Line]) -> list[tuple[list[Line], list[Line]]]:
    """Return the lines that meet each other, group by group."""
    lines = [(True, line) for line in across] + [(False, line) for line in down]
    parent = list(range(len(lines)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    order = sorted(range(len(across)), key=lambda n: across[n].at)
    heights = [across[n].at for n in order]
    for number, line in enumerate(down, start=len(across)):
        for n in order[bisect_left(heights, line.low - TOUCH_POINTS) : bisect_right(heights, line.high + TOUCH_POINTS)]:
            if across[n].low - TOUCH_POINTS <= line.at <= across[n].high + TOUCH_POINTS:
                parent[root(n)] = root(number)
    groups: dict[int, tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
    for number, (is_across, line) in enumerate(lines):
        groups[root(number)][0 if is_across else 1].append(line)
    return [group for group in groups.values() if group[0] and group[1]]


def edges(lines: list[Line]) -> list[float]:
    """Return the places of parallel lines, those that touch taken as one."""
    found: list[list[float]] = []
    for at in sorted(line.at for line in lines):
        if found and at - found[-1][-1] <= TOUCH_POINTS:
            found[-1].append(at)
        else:
            found.append([at])
    return [sum(group) / len(group) for group in found]


def covered(lines: list[Line], at: float, low: float, high: float) -> bool:
    """Say whether lines at a place cover most of a stretch."""
    spans = sorted(
        (max(line.low, low), min(line.high, high))
        for line in lines
        if abs(line.at - at) <= TOUCH_POINTS and line.high > low and line.low < high
    )
    total, end = 0.0, low
    for first, last in spans:
        total += max(0.0, last - max(first, end))
        end = max(end, last)
    return total >= _COVERED * (high - low)
