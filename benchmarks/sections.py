"""Sections of docs/benchmarks.md: run the parts that are asked for and put each in its place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy import stats

DOC = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BY_HAND = "<!-- written by hand from here on -->"
"""What stands below this line in a section stays when the section is written anew."""

Part = Callable[[float], Iterator[str]]
"""Takes the share of its seeds that is run; yields the lines of its section, the title first."""


def seeds(first: int, count: int, portion: float) -> range:
    """Return `portion` of `count` seeds from `first` on, two at least."""
    return range(first, first + max(2, round(count * portion)))


def share(hits: Iterable[bool], digits: int = 0) -> str:
    """Return a share with its 95% interval (Wilson), with `digits` behind the point."""
    hits = list(hits)
    if not hits:
        return "-"
    known = stats.binomtest(sum(map(bool, hits)), len(hits)).proportion_ci(method="wilson")
    return f"{np.mean(hits):.{digits}%} ({known.low:.{digits}%}-{known.high:.{digits}%})"


def run(parts: dict[str, Part], *, write: bool = True) -> None:
    """Run the parts named on the command line (all by default) on a share of the seeds (1 by default).

    Each part prints its lines as they come; with `write` it becomes a section of docs/benchmarks.md.
    """
    words = sys.argv[1:]
    portion = next((float(w) for w in words if w not in parts), 1.0)
    for name in [w for w in words if w in parts] or parts:
        lines = []
        for line in parts[name](portion):
            lines.append(line)
            print(line, flush=True)
        if write:
            write_section("\n".join(lines) + "\n")


def write_section(body: str) -> None:
    """Put `body`, which starts with its title, in its place in docs/benchmarks.md, above what was written by hand."""
    text, title = DOC.read_text(encoding="utf-8"), body.splitlines()[0] + "\n"
    head, found, rest = text.partition(title)
    if not found:
        DOC.write_text(f"{text.rstrip()}\n\n{body}", encoding="utf-8")
        return
    old, mark, tail = rest.partition("\n## ")
    _, hand, kept = old.partition(f"\n{BY_HAND}\n")
    DOC.write_text(head + body + (f"\n{BY_HAND}\n{kept}" if hand else "") + (f"{mark}{tail}"), encoding="utf-8")
