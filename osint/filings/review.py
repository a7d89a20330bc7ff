"""Accept, change or reject claims that were read, and write the accepted ones to the register with who and when.

Each decision is one line of a review log (JSON lines, only ever appended, flushed to the disk before the
call returns): a crash loses at most the press that it interrupts, and `start_review` takes the log up again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint.claims import extract
from osint.errors import OsintError
from osint.register import CLAIM_KINDS, LADDER, SCHEMAS, check_table, defuse, replace_file

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
SI_UNITS = {
    "compute": "PFLOPS", "power": "MW", "gen": "MW", "battery": "MW", "transformer": "MVA", "voltage": "kV", "energy": "GWh",
    "energy_gen": "GWh", "battery_energy": "GWh", "tce": "tce", "land": "m2", "floor": "m2", "area_other": "m2", "pue": "ratio",
    "share": "ratio", "money_cny": "CNY", "money_usd": "USD", "money_hkd": "HKD", "money_eur": "EUR",
    **dict.fromkeys(("chips", "servers", "racks", "count", "duration"), "count"),
}  # fmt: skip
"""Kind of a claim -> the unit of its si_low and si_high."""
_BOUND = {"more than": "at least", "at least": "at least", "up to": "at most", "less than": "at most", "range": "range",
          "about": "about", "exact": "exact"}  # fmt: skip
DECISIONS = ("accepted", "changed", "rejected")
_VALUES = ("low", "high", "unit", "si_low", "si_high")
_WORDS = ("kind", "rung", "aim", "modality", "qualifier", "date", "chip_model", "precision")
_CHANGEABLE = (*_VALUES, *_WORDS)
DECISION = ("decision", "who", "when", "reason", "translation")
_LOG = ("key", *DECISION, "file", "start", "end", "quote", *_CHANGEABLE, "si_unit")


def start_review(claims: pd.DataFrame, log: Path | None = None) -> pd.DataFrame:
    """Return the review table of a frame of claims: each with a `key` and an empty decision.

    With a `log`, the decisions in it are taken up again, the last one of each claim.  The key holds
    what was read, so that a claim whose reading has changed since is open again.
    """
    table = claims.reset_index(drop=True).copy()
    if "key" not in table:  # else a table under review, whose values may have been changed
        table.insert(0, "key", [_key(row) for row in table.to_dict("records")])
        table[list(DECISION)] = ""
    for key, entry in _last(log).items() if log else ():
        for index in table.index[table["key"] == key]:
            for name in (*DECISION, *_CHANGEABLE, "si_unit"):
                number = name in ("low", "high", "si_low", "si_high")
                table.at[index, name] = float("nan") if number and entry[name] is None else entry[name]
    return table


def _key(row: dict[str, Any]) -> str:
    read = "|".join(str(row[name]) for name in ("file", "start", "quote", "kind", "si_low", "si_high", "sentence"))
    return hashlib.sha256(read.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def accept_claim(
    table: pd.DataFrame,
    key: str,
    who: str,
    when: str,
    reason: str = "",
    *,
    translation: str = "",
    log: Path | None = None,
) -> pd.DataFrame:
    """Return the table with the claim of `key` accepted as read; `when` is an ISO date.

    With a `log` the decision is in it when the call returns; without one it is written by `write_reviewed`.
    Raises OsintError for a claim whose value the reader refused: it can only be changed or rejected.
    """
    return _decide(table, key, "accepted", (who, when, reason, translation), {}, log)


def reject_claim(
    table: pd.DataFrame, key: str, who: str, when: str, reason: str, *, log: Path | None = None
) -> pd.DataFrame:
    """Return the table with the claim of `key` rejected; a rejection needs its reason."""
    if not reason.strip():
        raise OsintError(f"claim {key} cannot be rejected without a reason; say what is wrong with the reading")
    return _decide(table, key, "rejected", (who, when, reason, ""), {}, log)


def change_claim(
    table: pd.DataFrame,
    key: str,
    who: str,
    when: str,
    reason: str,
    *,
    translation: str = "",
    log: Path | None = None,
    **new: Any,
) -> pd.DataFrame:
    """Return the table with the claim of `key` accepted with other values, as low=6, unit="万P" or si_low=60000.0.

    Kind, low, high, unit, si_low, si_high, rung, aim, modality, qualifier, date, chip_model and precision may
    change; the quote never.  Values in a unit are turned into SI by the reader of claims; a rung alone is also
    the rung aimed at, which is what the register takes.
    """
    wrong = sorted(set(new) - set(_CHANGEABLE))
    if wrong or not new:
        raise OsintError(
            f"claim {key}: {', '.join(wrong) or 'nothing'} cannot be changed; give {', '.join(_CHANGEABLE)}"
        )
    if not reason.strip():
        raise OsintError(f"claim {key} cannot be changed without a reason; say where the other value stands")
    row = table.loc[_index(table, key)]
    if "rung" in new:
        new = {"aim": new["rung"], **new}
    for name in ("rung", "aim"):
        if new.get(name) and new[name] not in LADDER:
            raise OsintError(f"claim {key}: {new[name]!r} is no rung; give one of {', '.join(LADDER)}")
    if {"low", "high", "unit"} & set(new):
        new = {**new, **_in_si(row, new)}
    kind = new.get("kind", row["kind"])
    if kind not in SI_UNITS:
        raise OsintError(f"claim {key}: {kind!r} is no kind of claim; give one of {', '.join(SI_UNITS)}")
    given = SI_UNITS[kind] if {"si_low", "si_high"} <= set(new) else row["si_unit"]
    unit = new.get("si_unit", given)
    if SI_UNITS[kind] != unit:
        raise OsintError(
            f"claim {key}: {kind} is measured in {SI_UNITS[kind]}, the value is in {unit}; give the value and its unit too"
        )
    return _decide(table, key, "changed", (who, when, reason, translation), {**new, "si_unit": SI_UNITS[kind]}, log)


def _in_si(row: pd.Series, new: dict[str, Any]) -> dict[str, Any]:
    """Return si_low, si_high and si_unit of values in a unit as written; an open bound stays open."""
    unit = str(new.get("unit", row["unit"])).strip()
    out: dict[str, Any] = {}
    for name in ("low", "high"):
        value = new.get(name, row[name])
        if value is None or pd.isna(value):
            out[f"si_{name}"] = math.nan
            continue
        out[f"si_{name}"], out["si_unit"] = _converted(float(value), unit, row)
    return out


def _converted(value: float, unit: str, row: pd.Series) -> tuple[float, str]:
    if unit in SI_UNITS.values():
        return value, unit
    if unit == row["unit"]:
        for name in ("low", "high"):
            if pd.notna(row[name]) and row[name] and pd.notna(row[f"si_{name}"]):
                return value * row[f"si_{name}"] / row[name], row["si_unit"]
    number = f"{value:.12g}"
    for words in (f"{number}{unit}", f"{unit[:1]}{number}{unit[1:]}"):
        found = extract(words)
        if len(found) == 1 and found[0].quantity.si_low is not None:
            return found[0].quantity.si_low, found[0].quantity.si_unit
    raise OsintError(
        f"claim {row['key']}: the unit {unit!r} is not known; write it as the tables do (万P, MW, 亿元, $bn) or give "
        f"the value in one of {', '.join(dict.fromkeys(SI_UNITS.values()))}"
    )


def _index(table: pd.DataFrame, key: str) -> Any:
    rows = table.index[table["key"] == key]
    if len(rows) != 1:
        raise OsintError(f"no claim has the key {key!r}; the keys are in the first column of the review table")
    return rows[0]


def _decide(
    table: pd.DataFrame, key: str, decision: str, said: tuple[str, str, str, str], new: dict[str, Any], log: Path | None
) -> pd.DataFrame:
    index = _index(table, key)
    who, when = said[:2]
    if not who.strip() or not re.fullmatch(r"\d{4}-\d\d-\d\d", when):
        raise OsintError(
            f"claim {key}: a decision needs who decided and the day as YYYY-MM-DD; got {who!r} and {when!r}"
        )
    out = table.copy()
    for name, value in {**dict(zip(DECISION, (decision, *said), strict=True)), **new}.items():
        out.at[index, name] = value
    row = out.loc[index]
    if decision != "rejected":
        if pd.isna(row["si_low"]) and pd.isna(row["si_high"]):
            raise OsintError(
                f"claim {key} has no value ({row['warning'] or 'the reading was refused'}); "
                "change it to what the crop shows, or reject it"
            )
        if row["kind"] not in _REGISTER:
            raise OsintError(f"claim {key}: the register has no kind for {row['kind']}; reject it or change its kind")
    if log:
        _append(log, "".join(_line(row)))
    return out


# ---------------------------------------------------------------- the log


def _line(row: Any) -> str:
    entry = {name: row[name] for name in _LOG}
    for name, value in entry.items():
        if isinstance(value, float):
            entry[name] = None if math.isnan(value) else value
        elif not isinstance(value, str):
            entry[name] = int(value)
    return json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"


def _append(path: Path, lines: str) -> None:
    """Add lines to a file and force them to the disk; a line torn by a crash is closed first."""
    torn = path.is_file() and path.stat().st_size > 0 and path.read_bytes()[-1:] != b"\n"
    with path.open("ab") as file:
        file.write((("\n" if torn else "") + lines).encode("utf-8", "backslashreplace"))
        file.flush()
        os.fsync(file.fileno())


def read_review_log(log: Path) -> pd.DataFrame:
    """Return every decision of a review log in order, those overruled since as well; a torn line is left out."""
    return pd.DataFrame(_entries(log), columns=list(_LOG))


def _entries(log: Path) -> list[dict[str, Any]]:
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and set(_LOG) <= set(entry):
            found.append(entry)
    return found


def _last(log: Path) -> dict[str, dict[str, Any]]:
    return {entry["key"]: entry for entry in _entries(log)}


# ---------------------------------------------------------------- the register


def write_reviewed(table: pd.DataFrame, register: Path, log: Path, about: dict[str, str]) -> int:
    """Append the accepted and changed claims to claims.csv; return how many were added.

    `about` gives the columns that no reader of text can know: site_id, claimant, source_publisher,
    source_tier, source_url, date, translation, independence_group, group_reason and the like.  Nothing
    undecided is written, and a claim that the register's notes name is not written twice.  Decisions
    that are not in the log are added to it.  Raises OsintError, before anything is written, when a row
    breaks the schema of claims or when a claim that was written has been decided otherwise since.
    """
    decided = table[table["decision"].isin(DECISIONS)]
    old = register.read_bytes()
    present = pd.read_csv(io.BytesIO(old), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    written = _written(decided, present, register.name)
    taken = decided[(decided["decision"] != "rejected") & ~decided["key"].isin(written)]
    last = {key: json.dumps(entry) for key, entry in _last(log).items()}
    lines = [(row["key"], _line(row)) for row in decided.to_dict("records")]
    new_lines = [line for key, line in lines if last.get(key) != json.dumps(json.loads(line))]
    body = b""
    if not taken.empty:
        numbers = [int(m[1]) for m in map(re.compile(r"C(\d+)").fullmatch, present["claim_id"]) if m]
        first = max(numbers, default=0) + 1
        rows = [_row(row, f"C{first + i:03d}", about) for i, row in enumerate(taken.to_dict("records"))]
        new = pd.DataFrame(rows, columns=list(present.columns))
        check_table(pd.concat([present, new], ignore_index=True), "claims", register.name)
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([defuse(cell) for cell in row] for row in new.to_numpy())
        body = (b"" if old.endswith(b"\n") else b"\n") + out.getvalue().encode()
    if new_lines:
        _append(log, "".join(new_lines))
    if body:
        replace_file(register, old + body)
    return len(taken)


def _note(row: dict[str, Any]) -> str:
    said = f"{row['decision']} by {row['who']} on {row['when']} (reading {row['key']})"
    return said + (f": {row['reason']}" if row["reason"] else "")


def _written(decided: pd.DataFrame, present: pd.DataFrame, name: str) -> set[str]:
    """Return the keys that the register holds already; raises OsintError where it holds another decision."""
    found: dict[str, tuple[str, str]] = {}
    for claim_id, note in zip(present["claim_id"], present["note"], strict=True):
        match = re.search(r"\(reading ([0-9a-f]{12})\)", note)
        if match:
            found[match[1]] = (claim_id, note)
    for row in decided.to_dict("records"):
        if row["key"] in found and found[row["key"]][1] != _note(row):
            raise OsintError(
                f"claim {row['key']} is in {name} as {found[row['key']][0]} and has been {row['decision']} since by "
                f"{row['who']}; what is written is not rewritten: take that row out by hand first"
            )
    return set(found)


def _number(value: Any) -> str:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else f"{value:.12g}"


def _row(row: dict[str, Any], claim_id: str, about: dict[str, str]) -> dict[str, str]:
    kind, factor = _REGISTER[row["kind"]]
    values = {column.name: "" for column in SCHEMAS["claims"].columns}
    values |= {
        "claim_id": claim_id, "quote": row["sentence"].lstrip("=+-@\t\r "), "quantity_kind": kind, "unit": CLAIM_KINDS[kind].unit or ("ratio" if kind == "PUE" else "count"),
        "quote_language": "zh" if re.search("[一-龥]", row["sentence"]) else "en",
        "value_low": _number(row["si_low"] * factor), "value_high": _number(row["si_high"] * factor),
        "value_date": row["date"], "chip_model": row["chip_model"], "reading_confidence": row["confidence"],
        "unit_as_recorded": row["unit"], "rung": row["aim"], "modality": row["modality"],
        "rung_reason": "read from the clause" if row["aim"] else "",
        "bound": _BOUND[row["qualifier"]], "evidence_use": "no",
        "note": _note(row),
    }  # fmt: skip
    return values | about | ({"translation": row["translation"]} if row["translation"] else {})
