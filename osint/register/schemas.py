"""The columns of every table and the rules between them, by which a table is checked.

`columns.csv` lists the columns with kind, limits and meaning.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from osint.register import vocabulary
from osint.register.dates import read_date
from osint.register.drawn import OutlineFault, outline_fault
from osint.register.vocabulary import CLAIM_KINDS, QUANTITIES, own_unit, table_rows


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, a row of columns.csv."""

    name: str
    """Name in the header."""
    kind: str
    """text, number, numbers (separated by |), choice (of `allowed`), flag (yes or no), date, or id."""
    required: bool
    """Whether every row needs a value."""
    low: float
    """Smallest number."""
    high: float
    """Largest number."""
    allowed: tuple[str, ...]
    """Words of a list, in order."""
    words: type[StrEnum] | None
    """Enumeration of the words, if they have one."""
    meaning: str
    """What it says, and in which unit."""


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """A rule between columns: the column to name, what was expected, and which rows break it."""

    column: str
    expected: str
    broken: Callable[[pd.DataFrame], pd.Series[bool]]


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns of a table in order, and rules between them."""

    columns: tuple[Column, ...]
    rules: tuple[ColumnRule, ...]
    entry_rules: tuple[ColumnRule, ...] = ()
    """Further rules for rows that are added; tables from before them are still read."""

    @property
    def names(self) -> list[str]:
        """Names of the columns in order."""
        return [column.name for column in self.columns]


def _columns() -> dict[str, tuple[Column, ...]]:
    lists = {"Kind": tuple(CLAIM_KINDS), "Unit": vocabulary.UNITS}
    tables: defaultdict[str, tuple[Column, ...]] = defaultdict(tuple)
    for row in table_rows("columns.csv"):
        allowed = row["allowed"]
        words = getattr(vocabulary, allowed, None) if allowed else None
        tables[row["table"]] += (
            Column(
                name=row["column"],
                kind=row["kind"],
                required=row["required"] == "yes",
                low=float(row["low"] or "-1e18"),
                high=float(row["high"] or "1e18"),
                allowed=lists.get(allowed) or tuple(words or allowed.split("|")),
                words=words,
                meaning=row["meaning"],
            ),
        )
    return tables


def _ordered(low: str, high: str) -> ColumnRule:
    return ColumnRule(low, f"a {low} that is at most {high}", lambda t: t[low] > t[high])


def _own_parent(sites: pd.DataFrame) -> pd.Series[bool]:
    """Return the sites that come back to themselves when parents are followed."""
    parents = dict(zip(sites["site_id"], sites["parent"], strict=True))

    def returns(site_id: str) -> bool:
        above, seen = parents.get(site_id, ""), set()
        while above and above not in seen:
            seen.add(above)
            above = parents.get(above, "")
        return site_id in seen

    return sites["site_id"].map({site_id: returns(site_id) for site_id in parents})


_OF_NO_MODEL = frozenset({"", "backscatter_ratio"})
"""What `quantity` says where the model has none: nothing, or the change of backscatter that a series dates."""


def _foreign_unit(seen: pd.DataFrame) -> pd.Series[bool]:
    """Return the sizes whose unit is not that of their quantity, so that their numbers mean another size."""
    pairs = set(zip(seen["quantity"], seen["unit"], strict=True))
    foreign = {(q, unit) for q, unit in pairs if q in QUANTITIES and not own_unit(q, unit)}
    return pd.Series([pair in foreign for pair in zip(seen["quantity"], seen["unit"], strict=True)], seen.index, bool)


_SIZES = (
    ColumnRule(
        "quantity",
        f"a quantity of the model, or empty: {', '.join(QUANTITIES)}",
        lambda t: ~t["quantity"].isin(_OF_NO_MODEL | QUANTITIES.keys()),
    ),
    ColumnRule(
        "quantity",
        "the quantity that low, best and high are of",
        lambda t: (t["quantity"] == "") & t[["low", "best", "high"]].notna().any(axis=1),
    ),
    ColumnRule(
        "unit",
        "the unit of its quantity (m2, MW, MVA, GWh, a count) with its numbers in it, as 13700 m2 for 1.37 万m2",
        _foreign_unit,
    ),
)


def _later_than_not_yet(seen: pd.DataFrame) -> pd.Series[bool]:
    """Return the rows that show a rung and deny a lower one."""
    height = {rung.value: rung.height for rung in vocabulary.Rung}
    return seen["rung"].map(height) > seen["not_yet"].map(height)


def _to_come(seen: pd.DataFrame) -> pd.Series[bool]:
    """Return the rows of a day that has not come yet anywhere; a SIMULATED world has days of its own."""
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    return (seen["simulated"] != "yes") & seen["date"].map(lambda day: read_date(day).first > tomorrow)


def _wrongly_drawn(fault: OutlineFault) -> ColumnRule:
    def broken(seen: pd.DataFrame) -> pd.Series[bool]:
        faults = [outline_fault(*row) is fault for row in zip(seen["outline"], seen["lat"], seen["lon"], strict=True)]
        return pd.Series(faults, seen.index, bool)

    return ColumnRule("outline", fault.value, broken)


_FIXED_UNITS = {name: kind.unit for name, kind in CLAIM_KINDS.items() if kind.unit}
_LOW_BEST_HIGH = (_ordered("low", "best"), _ordered("best", "high"), _ordered("low", "high"))
_RULES: dict[str, tuple[ColumnRule, ...]] = {
    "sites": (
        ColumnRule("lat", "a latitude and a longitude, or neither", lambda t: t["lat"].isna() != t["lon"].isna()),
        ColumnRule(
            "coord_precision_km",
            "a precision in km for every coordinate",
            lambda t: t["lat"].notna() & t["coord_precision_km"].isna(),
        ),
        ColumnRule("datum", "a datum for every coordinate", lambda t: t["lat"].notna() & (t["datum"] == "")),
        ColumnRule("parent", "a parent that is not the site itself, nor a part of it", _own_parent),
    ),
    "claims": (
        _ordered("value_low", "value_high"),
        ColumnRule(
            "unit",
            "the unit of its quantity_kind",
            lambda t: t["unit"] != t["quantity_kind"].map(_FIXED_UNITS).fillna(t["unit"]),
        ),
        ColumnRule(
            "translation",
            "a translation of a Chinese quote",
            lambda t: (t["quote_language"] == "zh") & (t["translation"] == ""),
        ),
    ),
    "observations": (
        *_LOW_BEST_HIGH,
        *_SIZES,
        ColumnRule("not_yet", "a rung above that of the column rung, which was reached", _later_than_not_yet),
    ),
    "relations": (
        *_LOW_BEST_HIGH,
        ColumnRule(
            "best",
            "low, best and high for a relation that the network uses",
            lambda t: (t["used"] == "network") & t[["low", "best", "high"]].isna().any(axis=1),
        ),
    ),
    "relation_support": _LOW_BEST_HIGH,
    "chips": (_ordered("it_kw_low", "it_kw_best"), _ordered("it_kw_best", "it_kw_high")),
    "calibration": (_ordered("truth_low", "truth_best"), _ordered("truth_best", "truth_high")),
}
_ENTRY_RULES: dict[str, tuple[ColumnRule, ...]] = {
    "observations": (
        ColumnRule(
            "place_reason",
            "a reason for every p_place: on what it rests, or who set it and why",
            lambda t: t["p_place"].notna() & (t["place_reason"].str.strip() == ""),
        ),
        ColumnRule(
            "high",
            "low and high, its 90% interval: a number without its error bounds nothing; of a sure count both are equal",
            lambda t: t["quantity"].isin(QUANTITIES.keys()) & t[["low", "high"]].isna().all(axis=1),
        ),
        ColumnRule(
            "not_yet",
            "another rung than in the column rung, or the part that it speaks of",
            lambda t: (t["rung"] != "") & (t["rung"] == t["not_yet"]) & (t["part"] == ""),
        ),
        ColumnRule(
            "lat",
            "lat, lon and position_error_m, or none of them",
            lambda t: t[["lat", "lon", "position_error_m"]].notna().sum(axis=1).isin([1, 2]),
        ),
        ColumnRule("date", "a day that has come: what was seen was seen by today", _to_come),
        *map(_wrongly_drawn, OutlineFault),
    )
}
SCHEMAS = {
    name: Schema(columns, _RULES.get(name, ()), _ENTRY_RULES.get(name, ())) for name, columns in _columns().items()
}
"""Columns and rules of every table, by its name."""
