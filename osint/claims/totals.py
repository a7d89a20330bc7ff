"""Add up what a document says must add up; a mismatch is a finding and is never repaired."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osint.claims.normal import fold

if TYPE_CHECKING:
    import pandas as pd

    from osint.filings.filing import Filing

_TOLERANCE = 0.006  # what rounding to three figures allows
_PARTS = re.compile(r"其中|分别|包括|of which|including", re.IGNORECASE)
_WHOLE = re.compile(r"共|合计|总|分别|total|combined", re.IGNORECASE)
_TOTAL_ROW = re.compile(r"^\s*(?:合\s*计|总\s*计|小\s*计|total)", re.IGNORECASE)
_AWARD = re.compile(r"(?:总)?(?:中标|成交)(?:（成交）|\(成交\))?(?:总)?(?:金额|价)")
_PRICE, _COUNT, _SUM = re.compile("单价"), re.compile("数量"), re.compile("总价|合价|金额")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two figures of one document that cannot both be right."""

    rule: str
    """parts, table, summary or product"""
    kind: str
    stated: float
    """what the document states, SI"""
    found: float
    """what its other figures give, SI"""
    start: int
    """offset of the stated figure"""
    words: str
    """one sentence for a reader"""


def check_totals(filing: Filing, table: pd.DataFrame) -> list[Mismatch]:
    """Return the sums of a filing that do not come out, in reading order.

    Tests: parts after 其中 against the whole before it; the rows of a table against its 合计 row; an
    award stated more than once (a summary against the body); unit price times number against the price.
    """
    found = [*_parts(table), *_tables(filing, table), *_awards(table, filing.text), *_products(table, filing.text)]
    return sorted(set(found), key=lambda mismatch: (mismatch.start, mismatch.rule))


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > _TOLERANCE * max(abs(a), abs(b))


def _exact(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["si_low"] == table["si_high"]) & table["si_low"].notna()]


def _parts(table: pd.DataFrame) -> list[Mismatch]:
    found = []
    for (sentence, kind), group in _exact(table).groupby(["sentence", "kind"], sort=False):
        rows = group.sort_values("start")
        where = _PARTS.search(sentence)
        if where is None or len(rows) < 3:
            continue
        first = rows.iloc[0]
        position = sentence.find(first["quote"])
        if position < 0 or position > where.start():
            continue
        total, parts = float(first["si_low"]), float(rows["si_low"].iloc[1:].sum())
        exhaustive = bool(_WHOLE.search(sentence[: position + 1])) and len(rows) > 2
        if (parts > total or exhaustive) and _differ(parts, total):
            words = f"the parts add up to {parts:g}, the whole is stated as {total:g}"
            found.append(Mismatch("parts", str(kind), total, parts, int(first["start"]), words))
    return found


_PLACE = re.compile(r"(.+) row (\d+) column (\d+)$")


def _tables(filing: Filing, table: pd.DataFrame) -> list[Mismatch]:
    total_rows = set()
    for start, end, place, _ in filing.cells:
        match = _PLACE.match(place)
        if match and _TOTAL_ROW.match(filing.text[start:end]):
            total_rows.add((match[1], int(match[2])))
    columns: dict[tuple[str, str, str], list[tuple[int, float, int]]] = {}
    for row in _exact(table).itertuples():
        match = _PLACE.match(str(row.page))
        if match:
            columns.setdefault((match[1], match[3], row.kind), []).append((int(match[2]), row.si_low, row.start))
    found = []
    for (name, _, kind), cells in columns.items():
        for line, stated, start in cells:
            above = [value for other, value, _ in cells if other < line and (name, other) not in total_rows]
            if (name, line) in total_rows and len(above) > 1 and _differ(sum(above), stated):
                words = f"the rows of {name} add up to {sum(above):g}, its total row states {stated:g}"
                found.append(Mismatch("table", kind, stated, sum(above), start, words))
    return found


def _label(text: str, start: int) -> str:
    """Return the words on the line before a figure."""
    return fold(text[max(0, start - 24) : start].rsplit("\n", 1)[-1]).text


def _awards(table: pd.DataFrame, text: str) -> list[Mismatch]:
    money = _exact(table[table["kind"].str.startswith("money")])
    awards = [row for row in money.itertuples() if _AWARD.search(_label(text, row.start))]
    found = []
    for row in awards[1:]:
        if row.kind == awards[0].kind and _differ(row.si_low, awards[0].si_low):
            words = f"the award is stated as {awards[0].si_low:g} and again as {row.si_low:g}"
            found.append(Mismatch("summary", row.kind, awards[0].si_low, row.si_low, int(row.start), words))
    return found


def _products(table: pd.DataFrame, text: str) -> list[Mismatch]:
    rows = list(_exact(table).itertuples())
    found = []
    for first, second, third in zip(rows, rows[1:], rows[2:], strict=False):
        labels = [_label(text, row.start)[-8:] for row in (first, second, third)]
        if not (_SUM.search(labels[2]) and third.kind == "money_cny" and third.start - first.start < 80):
            continue
        if any(_PRICE.search(a) and _COUNT.search(b) for a, b in (labels[:2], labels[1::-1])):
            product = first.si_low * second.si_low
            if _differ(product, third.si_low):
                words = f"price times number gives {product:g}, the sum is stated as {third.si_low:g}"
                found.append(Mismatch("product", third.kind, third.si_low, product, int(third.start), words))
    return found
