"""Small tables and what is right of them: those of small_tables.txt, labelled before the reader ran on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

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


def read_tables(path: Path = HERE / "small_tables.txt") -> dict[str, list[SmallTable]]:
    """Return the tables of a file by their set: first, second, ...: the words of its "##" heading."""
    sets: dict[str, list[SmallTable]] = {}
    found: list[SmallTable] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found = sets[line[3:].partition(",")[0]] = []
        elif line.startswith("@ "):
            found.append(SmallTable(line[2:]))
        elif line.startswith("! "):
            found[-1].above.append(line[2:])
        elif line.startswith(("> ", "? ")):
            found[-1].truth.append(truth_of(line))
        elif ("¦" in line or line.startswith("[c")) and not line.startswith("#"):
            found[-1].rows.append(cells_of(line))
    return sets


def cells_of(line: str) -> list[TableCell]:
    """Return the cells of a row written `a ¦ [c2]b`."""
    return [_cell(words) for words in line.split("¦")]


def _cell(words: str) -> TableCell:
    spans = dict(re.findall(r"\[([rc])(\d+)\]", words))
    plain = re.sub(r"\[[rc]\d+\]", "", words).strip().replace("⏎", "\n")
    return TableCell(plain, int(spans.get("r", 1)), int(spans.get("c", 1)))


def truth_of(line: str) -> Truth:
    """Return one claim written `> kind low[..high] key=value`."""
    mark, kind, value, *rest = line.split(" ", 3)
    low, _, high = value.partition("..")
    ends = [None if one == "-" else float(one) for one in (low, high or low)]
    keys = dict(re.findall(r"(row|col|per|chip|date)=(.+?)(?=\s(?:row|col|per|chip|date)=|$)", " ".join(rest)))
    return Truth(kind, ends[0], ends[1], keys, mark == "?")
