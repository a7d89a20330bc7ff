"""The log of a review: one sealed line a decision, only ever appended, and what in it does not count."""

from __future__ import annotations

import io
import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from osint import chain, files
from osint.register import LADDER, READ_KINDS, Modality, read_table, valid_date

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd


class ReviewDecision(StrEnum):
    """What a reviewer decided of a claim; a claim without a decision is open."""

    ACCEPTED = "accepted"
    CHANGED = "changed"
    REJECTED = "rejected"


CHANGEABLE = (
    "low", "high", "unit", "si_low", "si_high",
    "kind", "rung", "aim", "modality", "qualifier", "date", "chip_model", "precision",
)  # fmt: skip
DECISION = ("decision", "who", "when", "reason", "translation")
FILED = ("site_id", "part", "evidence_use")
"""columns of the register that no text states and a reviewer says of one claim; empty: as of the whole document"""
_LOG = ("key", *DECISION, "file", "start", "end", "quote", *CHANGEABLE, "si_unit")
WRITTEN = ("key", "written_as", "note")
"""what a line of the log holds of a decision, and of a claim that was written to the register"""
_NUMBERS, _OFFSETS = ("low", "high", "si_low", "si_high"), ("start", "end")
_REVIEWED = re.compile(r"^(?:accepted|changed) by .+ on \d{4}-\d\d-\d\d \(reading ")
"""begins the note of a claim that a review wrote"""
_SHOWN_KEY = 40
"""characters of a key and a name that a message shows"""


def plain_number(value: float | None) -> str:
    """Return a number with at most twelve digits; empty for an open bound."""
    return "" if value is None or math.isnan(value) else f"{value:.12g}"


def differs(entry: dict[str, Any], row: pd.Series) -> bool:
    """Say whether a decision states other values than the row that was read."""
    pairs = ((entry[name], row[name]) for name in (*CHANGEABLE, "si_unit"))
    return any(stated != read and not (is_missing(stated) and is_missing(read)) for stated, read in pairs)


def is_missing(value: object) -> bool:
    """Say whether a value is nothing or not a number."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def log_line(row: Any) -> dict[str, Any]:
    """Return what a line of the log says of a decided row."""
    entry = {name: row[name] for name in _LOG} | {name: row[name] for name in FILED if row.get(name)}
    for name, value in entry.items():
        if isinstance(value, float):
            entry[name] = None if math.isnan(value) else value
        elif not isinstance(value, str):
            entry[name] = int(value)
    return entry


def append_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Seal lines, add them to a log and force them to the disk."""
    with files.locked(path.with_name(f".{path.name}.lock")):
        chain.append(path, rows)


def read_review_log(log: Path) -> pd.DataFrame:
    """Return every decision of a review log in order, those overruled since as well; lines at fault are left out."""
    import pandas as pd

    return pd.DataFrame(entries(log, _LOG), columns=list(_LOG))


def review_faults(log: Path) -> list[str]:
    """Return a sentence for each line of a review log that does not count, unless its claim was decided anew since.

    A line counts if it is as it was sealed, follows the line before, and says what a decision can say. A line torn by a
    crash is not named: it loses only itself.
    """
    found: dict[str, list[str]] = {}
    for line in chain.read(log):
        if line.row is None:
            if line.fault != chain.TORN:
                found[str(line.number)] = [f"line {line.number} of {log.name}: {line.fault}; put a copy of it back"]
            continue
        key = str(line.row.get("key"))[:_SHOWN_KEY]
        fault = line.fault or _wrong(line.row)
        if fault:
            about = f"line {line.number} of {log.name} (claim {key}, by {str(line.row.get('who'))[:_SHOWN_KEY]})"
            found.setdefault(key, []).append(f"{about} does not count: {fault}; decide the claim again")
        elif set(_LOG) <= set(line.row):
            found.pop(key, None)
    return [sentence for sentences in found.values() for sentence in sentences]


def _wrong(row: dict[str, Any]) -> str:
    """Return why the values of a line cannot be those of a decision or of a claim that was written."""
    if set(WRITTEN) <= set(row):
        return "" if all(isinstance(row[name], str) for name in WRITTEN) else "it names no claim"
    if missing := sorted(set(_LOG) - set(row)):
        return f"it has no {missing[0]}"
    for name in _LOG:
        value = row[name]
        if name in _NUMBERS:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                return f"{name} is no number"
            if isinstance(value, int | float) and not math.isfinite(value):
                return f"{name} is no finite number"
        elif name in _OFFSETS:
            if isinstance(value, bool) or not isinstance(value, int):
                return f"{name} is no offset"
        elif not isinstance(value, str):
            return f"{name} is no text"
    return _wrong_word(row)


def _wrong_word(row: dict[str, Any]) -> str:
    kind = READ_KINDS.get(row["kind"])
    checks = {
        **{name: isinstance(row.get(name, ""), str) for name in FILED},
        "decision": row["decision"] in set(ReviewDecision),
        "kind": kind is not None,
        "si_unit": kind is not None and (row["si_unit"] == kind.si_unit or row["decision"] == ReviewDecision.REJECTED),
        "rung": row["rung"] in ("", *LADDER),
        "aim": row["aim"] in ("", *LADDER),
        "modality": row["modality"] in ("", *Modality),
        "when": bool(re.fullmatch(r"\d{4}-\d\d-\d\d", row["when"])),
        "who": bool(row["who"].strip()),
        "date": row["date"] == "" or valid_date(row["date"]),
    }
    return next((f"{name} is {row[name]!r:.60}" for name, good in checks.items() if not good), "")


def entries(log: Path, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log that count and have all of some names."""
    for line in chain.read(log):
        if line.row is not None and not line.fault and set(names) <= set(line.row) and not _wrong(line.row):
            yield line.row


def last_decisions(log: Path) -> dict[str, dict[str, Any]]:
    """Return the last decision of each claim by its key."""
    return {entry["key"]: entry for entry in entries(log, _LOG)}


def compare_with_register(log: Path, register: Path) -> list[str]:
    """Return a sentence for each claim whose value in claims.csv is not the one that the review log let in.

    And one for each that says which reading was accepted, where neither this log nor another beside it says so.
    """
    held = claims_cells(register).set_index("claim_id")
    last, found = last_decisions(log), []
    logs = {log, *log.parent.glob("*.jsonl")}
    known = {entry["written_as"] for one in logs if not one.is_symlink() for entry in entries(one, WRITTEN)}
    reviewed = held.index[held["note"].str.contains(_REVIEWED)]
    found += [
        f"{claim_id} was let in by a review that no log in {log.parent.name}/ holds: lines were lost, or an older "
        f"{log.name} was put in its place"
        for claim_id in sorted(set(reviewed) - known)
    ]
    for entry in entries(log, WRITTEN):
        claim_id, decided = entry["written_as"], last.get(entry["key"])
        if claim_id not in held.index or decided is None:
            missing = f"is not in {register.name}" if decided else "has no decision in the log that counts"
            found.append(f"{claim_id}, which {log.name} says was written, {missing}")
            continue
        row, kind = held.loc[claim_id], READ_KINDS[decided["kind"]]
        due = {
            "quantity_kind": kind.kind,
            "unit": kind.unit or kind.si_unit,
            "value_low": plain_number(_factored(decided["si_low"], kind.si_factor)),
            "value_high": plain_number(_factored(decided["si_high"], kind.si_factor)),
        }
        for name, value in due.items():
            if row[name] != value:
                found.append(f"{claim_id} has {name} {row[name]!r}; {log.name} let in {value!r} (by {decided['who']})")
    return found


def claims_cells(register: Path) -> pd.DataFrame:
    """Return the cells of claims.csv as text; raises OsintError where the table is not one of claims."""
    import pandas as pd

    read_table(register, "claims")
    table = io.BytesIO(files.read_regular(register))
    return pd.read_csv(table, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _factored(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
