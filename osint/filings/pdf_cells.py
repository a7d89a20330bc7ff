"""The characters of a PDF page in lines and in the cells of its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

_GAP = 0.9
"""gap between two words, in the size of their letters, that parts two columns"""
_SIZE_OF_HEIGHT = 0.75
"""size of letters per height of their boxes, which are as tall as the font"""
_WRAPS = 1.6
"""heights of a letter that a full line may end before the edge of its cell"""
_FLAT = 0.5
"""height of a box, in that of most, below which it is no whole line: 一 where a font draws it alone"""


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


def text_lines(letters: list[Letter]) -> list[list[Letter]]:
    """Return the characters line by line from top to bottom, each from left to right."""
    if not letters:
        return []
    heights = sorted(letter.bottom - letter.top for letter in letters)
    least = _FLAT * heights[len(heights) // 2]
    whole, flat = letters, list[Letter]()
    if heights[0] < least:
        whole = [letter for letter in letters if letter.bottom - letter.top >= least]
        flat = [letter for letter in letters if letter.bottom - letter.top < least]
    lines: list[list[Letter]] = []
    bounds: list[tuple[float, float]] = []
    for letter in sorted(whole, key=lambda one: one.middle[1]):
        middle = letter.middle[1]
        if lines and bounds[-1][0] <= middle <= bounds[-1][1]:
            lines[-1].append(letter)
            # small letters and points stand low in their line: the tallest decide
            if letter.bottom - letter.top > bounds[-1][1] - bounds[-1][0]:
                bounds[-1] = (letter.top, letter.bottom)
        else:
            lines.append([letter])
            bounds.append((letter.top, letter.bottom))
    alone = [letter for letter in flat if not _joined_to_line(letter, lines, bounds)]
    lines = sorted([*lines, *text_lines(alone)], key=lambda line: line[0].middle[1]) if alone else lines
    return [sorted(line, key=lambda one: one.left) for line in lines]


def _joined_to_line(letter: Letter, lines: list[list[Letter]], bounds: list[tuple[float, float]]) -> bool:
    """Put a flat character into the line around it whose characters stand next to it; say whether there is one."""
    around = [n for n, (low, high) in enumerate(bounds) if low <= letter.middle[1] <= high]
    if not around:
        return False
    nearest = min(around, key=lambda n: min(abs(one.right - letter.left) for one in lines[n]))
    lines[nearest].append(letter)
    return True


def chunks(line: list[Letter]) -> list[list[Letter]]:
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
