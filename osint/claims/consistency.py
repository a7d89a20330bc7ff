"""Test the claims of documents against each other: sums that must come out, and copies of one sentence.

A mismatch is a finding and is never repaired.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from osint.claims.folding import fold
from osint.register import TIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOLERANCE = 0.006  # share by which two figures may differ: what rounding to three figures allows
_LEAST_PARTS = 2  # parts of a whole that are added up; one alone is not a sum
_LINE_CHARACTERS = 80  # price, number and total stand within this many characters (judgement)
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


class _TableCell(Protocol):
    """A cell of a table of a document: name of the table, row and column from 1, words, and place as in `page`."""

    @property
    def table(self) -> str: ...

    @property
    def row(self) -> int: ...

    @property
    def column(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def where(self) -> str: ...


def check_sums(text: str, cells: Sequence[_TableCell], table: pd.DataFrame) -> list[Mismatch]:
    """Return the sums of a document that do not come out, in reading order.

    `cells` are the cells of its tables, as in `Filing.cells`; `table` holds its claims, as `filings.claims_of`
    gives them, with the place of the cell in `page`.

    Tests: parts after 其中 against the whole before it; the rows of a table against its 合计 row; an
    award stated more than once (a summary against the body); unit price times number against the price.
    """
    found = [*_parts(table), *_tables(cells, table), *_awards(table, text), *_products(table, text)]
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
        if where is None or len(rows) <= _LEAST_PARTS:
            continue
        first = rows.iloc[0]
        position = sentence.find(first["quote"])
        if position < 0 or position > where.start():
            continue
        total, parts = float(first["si_low"]), float(rows["si_low"].iloc[1:].sum())
        exhaustive = _WHOLE.search(sentence[: position + 1]) is not None
        if (parts > total or exhaustive) and _differ(parts, total):
            words = f"the parts add up to {parts:g}, the whole is stated as {total:g}"
            found.append(Mismatch("parts", str(kind), total, parts, int(first["start"]), words))
    return found


def _tables(cells: Sequence[_TableCell], table: pd.DataFrame) -> list[Mismatch]:
    """Return the total rows that differ from the sum of the rows above them, column by column."""
    by_place = {cell.where: cell for cell in cells}
    total_rows = {(cell.table, cell.row) for cell in cells if _TOTAL_ROW.match(cell.text)}
    columns: dict[tuple[str, int, str], list[tuple[int, float, int]]] = defaultdict(list)
    for claim in _exact(table).itertuples():
        cell = by_place.get(str(claim.page))
        if cell:
            columns[cell.table, cell.column, claim.kind].append((cell.row, claim.si_low, claim.start))
    found = []
    for (name, _, kind), column in columns.items():
        for row, stated, start in column:
            above = [value for other, value, _ in column if other < row and (name, other) not in total_rows]
            if (name, row) in total_rows and len(above) >= _LEAST_PARTS and _differ(sum(above), stated):
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
        if not (_SUM.search(labels[2]) and third.kind == "money_cny" and third.start - first.start < _LINE_CHARACTERS):
            continue
        if any(_PRICE.search(a) and _COUNT.search(b) for a, b in (labels[:2], labels[1::-1])):
            product = first.si_low * second.si_low
            if _differ(product, third.si_low):
                words = f"price times number gives {product:g}, the sum is stated as {third.si_low:g}"
                found.append(Mismatch("product", third.kind, third.si_low, product, int(third.start), words))
    return found


# ---------------------------------------------------------------- copies

_SHINGLE = 3  # characters in a row that are compared
_ALIKE = 0.5  # share of the shorter sentence's shingles that a copy keeps when synonyms are swapped in (judgement)
_COMMON = 60  # a shingle in more sentences than this says nothing about copying (bounds the time)
_PLAIN = re.compile(r"[\d\s.,%、。，；;:：!！?？\"'“”()（）万亿千百余多约近超过达到的了]+")


def _shingles(sentence: str) -> frozenset[str]:
    """Return the runs of three characters of a sentence without its numbers."""
    plain = _PLAIN.sub("", fold(sentence).text.lower())
    return frozenset(plain[i : i + _SHINGLE] for i in range(max(len(plain) - _SHINGLE + 1, 0)))


def group_syndicated(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the claims with the columns `independence_group`, `earliest`, `most_official` and `mutation`.

    `claims` has the columns of `CLAIM_COLUMNS`, and may have `published` (ISO date) and `source_tier`.
    Claims of one kind whose sentences share half of the shorter one's shingles, numbers aside, are one
    group: copying swaps synonyms and drops a 万, it does not make a second witness.  `earliest` and
    `most_official` name a file; `mutation` says what a later copy made of the number of the earliest.
    Two claims of one file are never joined, nor the first number of a sentence with the second of its copy.
    """
    out = claims.reset_index(drop=True).copy()
    shingles = [_shingles(sentence) for sentence in out["sentence"]]
    rank = out.groupby(["file", "sentence", "kind"])["start"].rank(method="min").tolist()
    files, kinds = out["file"].tolist(), out["kind"].tolist()
    parent = list(range(len(out)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, own in enumerate(shingles):
        shared: dict[int, int] = defaultdict(int)
        for shingle in sorted(own):
            holding = holders[kinds[index], shingle]
            if len(holding) <= _COMMON:
                for other in holding:
                    shared[other] += 1
            holding.append(index)
        for other, count in sorted(shared.items()):
            is_alike = count >= _ALIKE * min(len(own), len(shingles[other]))
            if is_alike and files[other] != files[index] and rank[other] == rank[index]:
                parent[root(index)] = root(other)
    out["independence_group"] = [f"G{root(index) + 1:04d}" for index in range(len(out))]
    _name_sources(out)
    return out


def _name_sources(out: pd.DataFrame) -> None:
    """Fill in, for each group, its earliest and most official file, and what each copy changed."""
    published = out["published"].astype(str) if "published" in out else pd.Series("", index=out.index)
    tier = out["source_tier"] if "source_tier" in out else pd.Series("unsourced", index=out.index)
    groups = out["independence_group"]
    order = pd.DataFrame(
        {
            "group": groups,
            "date": published.where(published != "", "9999"),
            "tier": tier.map({name: place for place, name in enumerate(TIERS)}).fillna(len(TIERS)),
            "file": out["file"],
        }
    )
    leaders = {}
    for column, by in (("earliest", ["date", "tier", "file"]), ("most_official", ["tier", "date", "file"])):
        leading = order.sort_values(by).drop_duplicates("group")
        leaders[column] = pd.Series(leading.index, leading["group"])[groups].tolist()
        out[column] = out["file"][leaders[column]].tolist()
    out["mutation"] = [_mutation(out.loc[first], out.loc[index]) for index, first in enumerate(leaders["earliest"])]


def _mutation(first: pd.Series[Any], copy: pd.Series[Any]) -> str:
    """Return in words what a copy made of the number of the earliest claim; empty where they agree."""
    a, b = (row["si_low"] if pd.notna(row["si_low"]) else row["si_high"] for row in (first, copy))
    if pd.isna(a) or pd.isna(b) or a == b:
        return ""
    ratio = max(a, b) / min(a, b) if min(a, b) else float("inf")
    lost = "; a 万 was lost or added" if abs(ratio - 1e4) < 1 else ""
    return f"{first['quote']} became {copy['quote']} ({a:g} to {b:g} {first['si_unit']}{lost})"
