"""Accept, change or reject claims that were read, and write the accepted ones to the register with who and when."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint import tables
from osint.errors import OsintError
from osint.schemas import KIND_UNITS, SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

# kind of a reading -> kind of the register and the factor from SI to its unit
_REGISTER = {
    "chips": ("chips", 1.0), "servers": ("servers", 1.0), "racks": ("racks", 1.0), "compute": ("PFLOPS", 1.0),
    "power": ("power_MW", 1.0), "gen": ("generation_MW", 1.0), "battery": ("battery_MW", 1.0),
    "energy": ("energy_GWh_per_yr", 1.0), "energy_gen": ("energy_GWh_per_yr", 1.0), "land": ("land_m2", 1.0),
    "floor": ("floor_m2", 1.0), "money_cny": ("investment_CNY", 1.0), "money_usd": ("investment_USD", 1.0),
    "pue": ("PUE", 1.0), "share": ("share_pct", 100.0), "count": ("project_count", 1.0), "tce": ("tonnes_coal_equiv", 1.0),
}  # fmt: skip
_BOUND = {"more than": "at least", "at least": "at least", "up to": "at most", "less than": "at most", "range": "range",
          "about": "about", "exact": "exact"}  # fmt: skip
DECISIONS = ("accepted", "changed", "rejected")
_CHANGEABLE = ("kind", "si_low", "si_high", "rung", "aim", "modality", "qualifier", "date", "chip_model", "precision")


def start(claims: pd.DataFrame) -> pd.DataFrame:
    """Return the review table of a frame of claims: each with a `key` and an empty decision."""
    table = claims.reset_index(drop=True).copy()
    keys = table["file"] + "|" + table["start"].astype(str) + "|" + table["quote"]
    table.insert(0, "key", [hashlib.sha256(key.encode()).hexdigest()[:12] for key in keys])
    for name in ("decision", "who", "when", "reason"):
        table[name] = ""
    return table


def accept(table: pd.DataFrame, key: str, who: str, when: str, reason: str = "") -> pd.DataFrame:
    """Return the table with the claim of `key` accepted as read; `when` is an ISO date."""
    return _decide(table, key, "accepted", who, when, reason, {})


def reject(table: pd.DataFrame, key: str, who: str, when: str, reason: str) -> pd.DataFrame:
    """Return the table with the claim of `key` rejected; a rejection needs its reason."""
    if not reason.strip():
        raise OsintError(f"claim {key} cannot be rejected without a reason; say what is wrong with the reading")
    return _decide(table, key, "rejected", who, when, reason, {})


def change(table: pd.DataFrame, key: str, who: str, when: str, reason: str, **new: Any) -> pd.DataFrame:
    """Return the table with the claim of `key` accepted with other values, as si_low=60000.0.

    Kind, si_low, si_high, rung, aim, modality, qualifier, date, chip_model and precision may change; the quote never.
    """
    wrong = sorted(set(new) - set(_CHANGEABLE))
    if wrong or not new:
        raise OsintError(
            f"claim {key}: {', '.join(wrong) or 'nothing'} cannot be changed; give {', '.join(_CHANGEABLE)}"
        )
    return _decide(table, key, "changed", who, when, reason, new)


def _decide(
    table: pd.DataFrame, key: str, decision: str, who: str, when: str, reason: str, new: dict[str, Any]
) -> pd.DataFrame:
    rows = table.index[table["key"] == key]
    if len(rows) != 1:
        raise OsintError(f"no claim has the key {key!r}; the keys are in the first column of the review table")
    if not who.strip() or not re.fullmatch(r"\d{4}-\d\d-\d\d", when):
        raise OsintError(
            f"claim {key}: a decision needs who decided and the day as YYYY-MM-DD; got {who!r} and {when!r}"
        )
    out = table.copy()
    values = {"decision": decision, "who": who, "when": when, "reason": reason, **new}
    for name, value in values.items():
        out.at[rows[0], name] = value
    return out


def write(table: pd.DataFrame, register: Path, log: Path, about: dict[str, str]) -> int:
    """Append the accepted and changed claims to claims.csv and every decision to the log; return how many were added.

    `about` gives the columns that no reader of text can know: site_id, claimant, source_publisher,
    source_tier, source_url, date, translation, independence_group, group_reason and the like.  Nothing
    undecided is written, and a claim already in the log is not written twice.  Raises OsintError, before
    anything is written, when a row breaks the schema of claims.
    """
    known = _logged(log)
    decided = table[table["decision"].isin(DECISIONS) & ~table["key"].isin(known)]
    taken = decided[decided["decision"] != "rejected"]
    if not taken.empty:
        present = pd.read_csv(register, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        numbers = [
            int(match[1]) for match in present["claim_id"].map(lambda name: re.fullmatch(r"C(\d+)", name)) if match
        ]
        first = max(numbers, default=0) + 1
        rows = [_row(row, f"C{first + i:03d}", about) for i, row in enumerate(taken.to_dict("records"))]
        new = pd.DataFrame(rows, columns=list(present.columns))
        tables.check(pd.concat([present, new], ignore_index=True), "claims", register.name)
        with register.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([tables.defuse(cell) for cell in row] for row in new.to_numpy())
    _append_log(decided, log)
    return len(taken)


_LOG = (
    "key",
    "decision",
    "who",
    "when",
    "reason",
    "file",
    "start",
    "end",
    "quote",
    "kind",
    "si_low",
    "si_high",
    "si_unit",
)


def _logged(log: Path) -> set[str]:
    if not log.is_file():
        return set()
    return set(pd.read_csv(log, dtype=str, keep_default_na=False)["key"])


def _append_log(decided: pd.DataFrame, log: Path) -> None:
    new = not log.is_file()
    with log.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(_LOG)
        for row in decided.to_dict("records"):
            writer.writerow(
                [
                    tables.defuse(_number(row[name]) if name.startswith("si_l") or name == "si_high" else row[name])
                    for name in _LOG
                ]
            )


def _number(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else f"{value:.12g}"


def _row(row: dict[str, Any], claim_id: str, about: dict[str, str]) -> dict[str, str]:
    if row["kind"] not in _REGISTER:
        raise OsintError(
            f"claim {row['key']}: the register has no kind for {row['kind']}; reject it or change its kind"
        )
    kind, factor = _REGISTER[row["kind"]]
    values = {column.name: "" for column in SCHEMAS["claims"].columns}
    values |= {
        "claim_id": claim_id, "quote": row["sentence"], "quantity_kind": kind, "unit": KIND_UNITS.get(kind, "ratio" if kind == "PUE" else "count"),
        "quote_language": "zh" if re.search("[一-龥]", row["sentence"]) else "en",
        "value_low": _number(row["si_low"] * factor), "value_high": _number(row["si_high"] * factor),
        "value_date": row["date"], "chip_model": row["chip_model"], "reading_confidence": row["confidence"],
        "unit_as_recorded": row["unit"], "rung": row["aim"], "modality": row["modality"],
        "rung_reason": "read from the clause" if row["aim"] else "",
        "bound": _BOUND[row["qualifier"]], "evidence_use": "no",
        "note": f"{row['decision']} by {row['who']} on {row['when']}" + (f": {row['reason']}" if row["reason"] else ""),
    }  # fmt: skip
    return values | about
