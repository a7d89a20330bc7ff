"""Set what is read of a table against what is right: every figure in its row, column and unit, and no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.tables.small import SmallTable, Truth
from osint import filings


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


def row(label: str, files: Iterable[tuple[SmallTable, str, bytes]], show: bool = False) -> str:
    """Return the row of the table of results for some files: (what is right, name, bytes) of each."""
    counts: Counter[str] = Counter()
    for table, name, data in files:
        done = outcome(table, name, data)
        counts["tables"] += 1
        counts["right"] += done.right
        counts["with a wrong value at high"] += done.wrong_at_high > 0
        counts.update(f"wrong at {claim['confidence']}" for claim in done.wrong)
        counts["figures"] += sum(not one.optional for one in table.truth)
        counts["missed"] += len(done.missed)
        if show and not done.right:
            _show(label, table, done)
    levels = "; ".join(f"{counts[f'wrong at {level}']} {level}" for level in ("high", "medium", "low"))
    told = [counts[one] for one in ("tables", "right", "with a wrong value at high", "figures", "missed")]
    return f"| {label} | {' | '.join(map(str, told))} | {levels} |"


def _show(label: str, table: SmallTable, done: Outcome) -> None:
    print(f"--- {label}: {table.name}")
    for one in done.missed:
        print("   missed", one.kind, one.low, one.high, one.keys)
    for claim in done.wrong:
        words = ("kind", "si_low", "si_high", "confidence", "quote", "row_label", "column_label", "unit_source", "per")
        print("   wrong ", [claim.get(word, "-") for word in words], claim["warning"])
