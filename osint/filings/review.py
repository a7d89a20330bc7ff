"""Accept, change or reject claims that were read, and write the accepted ones to the register with who and when.

Each decision is one line of a review log (JSON lines, sealed and chained as in the ledger, only ever appended, flushed
to the disk before the call returns): a crash loses at most the press that it interrupts, and `start_review` takes the
log up again. A line that was changed by hand is named, and its decision does not count.
"""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from typing import TYPE_CHECKING, Any

from osint import files
from osint.claims import extract
from osint.errors import BadInputError, NotFoundError
from osint.filings.review_log import (
    CHANGEABLE,
    DECISION,
    FILED,
    WRITTEN,
    ReviewDecision,
    append_lines,
    claims_cells,
    differs,
    entries,
    is_missing,
    last_decisions,
    log_line,
    plain_number,
    review_faults,
)
from osint.register import LADDER, READ_KINDS, SCHEMAS, Modality, Scope, check_table, csv_text, defuse, valid_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

_BOUND = {"more than": "at least", "up to": "at most", "less than": "at most"}
"""bound in claims.csv of the qualifiers that it calls otherwise"""


def start_review(claims: pd.DataFrame, log: Path | None = None) -> pd.DataFrame:
    """Return the review table of a frame of claims: each with a `key` and an empty decision.

    With a `log`, the decisions in it are taken up again, the last one of each claim.  The key holds
    what was read, so that a claim whose reading has changed since is open again.  Lines that `review_faults` names do
    not count, and a warning says so.
    """
    if log and (faults := review_faults(log)):
        warnings.warn("; ".join(faults), stacklevel=2)
    table = claims.reset_index(drop=True).copy()
    if "key" not in table:  # else a table under review, whose values may have been changed
        table.insert(0, "key", [_key(row) for row in table.to_dict("records")])
        table[list(DECISION)] = ""
    for name in FILED:
        if name not in table:
            table[name] = ""
    for key, entry in last_decisions(log).items() if log else ():
        for index in table.index[table["key"] == key]:
            if entry["decision"] == ReviewDecision.ACCEPTED and differs(entry, table.loc[index]):
                said = "accepted with a value that is not the one read; it is open again"
                warnings.warn(f"the review log calls claim {key} {said}", stacklevel=2)
                continue
            for name in (*DECISION, *CHANGEABLE, "si_unit"):
                table.at[index, name] = math.nan if entry[name] is None else entry[name]
            for name in FILED:
                table.at[index, name] = entry.get(name, "")
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
    filed: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> pd.DataFrame:
    """Return the table with the claim of `key` accepted as read; `when` is an ISO date.

    `filed` says where it belongs (FILED): its site, its part, and whether it may be evidence for other claims (yes or
    no, which is the default).
    With a `log` the decision is in it when the call returns; without one it is written by `write_reviewed`.
    Raises BadInputError for a claim whose value the reader refused: it can only be changed or rejected.
    """
    return _decide(table, key, ReviewDecision.ACCEPTED, (who, when, reason, translation), _filed(filed), log)


def reject_claim(
    table: pd.DataFrame, key: str, who: str, when: str, reason: str, *, log: Path | None = None
) -> pd.DataFrame:
    """Return the table with the claim of `key` rejected; a rejection needs its reason."""
    if not reason.strip():
        raise BadInputError(f"claim {key} cannot be rejected without a reason; say what is wrong with the reading")
    return _decide(table, key, ReviewDecision.REJECTED, (who, when, reason, ""), {}, log)


def change_claim(
    table: pd.DataFrame,
    key: str,
    who: str,
    when: str,
    reason: str,
    *,
    translation: str = "",
    filed: Mapping[str, str] | None = None,
    log: Path | None = None,
    **new: Any,
) -> pd.DataFrame:
    """Return the table with the claim of `key` accepted with other values, as low=6, unit="万P" or si_low=60000.0.

    `filed` is as for `accept_claim`.
    Kind, low, high, unit, si_low, si_high, rung, aim, modality, qualifier, date, chip_model and precision may
    change; the quote never.  Values in a unit are turned into SI by the reader of claims; a rung alone is also
    the rung aimed at, which is what the register takes.
    """
    wrong = sorted(set(new) - set(CHANGEABLE))
    if wrong or not new:
        said = f"{', '.join(wrong)} cannot be changed" if wrong else "say what to change, or accept it as it was read"
        raise BadInputError(f"claim {key}: {said}; what can be changed is {', '.join(CHANGEABLE)}")
    if not reason.strip():
        raise BadInputError(f"claim {key} cannot be changed without a reason; say where the other value stands")
    row = table.loc[_index(table, key)]
    if new.get("rung") and not (new.get("modality") or row["modality"]):
        raise BadInputError(
            f"claim {key}: no word says how the text asserts {new['rung']}; give modality too: has (it is so), will "
            "(planned), can carry or another"
        )
    if "rung" in new:
        new = {"aim": new["rung"], **new}
    _check_words(key, new)
    if {"low", "high", "unit"} & set(new):
        new = {**new, **_in_si(row, new)}
    kind = new.get("kind", row["kind"])
    if kind not in READ_KINDS:
        raise BadInputError(f"claim {key}: {kind!r} is not a kind of claim; give one of {', '.join(READ_KINDS)}")
    wanted = READ_KINDS[kind].si_unit
    unit = new.get("si_unit", wanted if {"si_low", "si_high"} <= set(new) else row["si_unit"])
    if wanted != unit:
        raise BadInputError(
            f"claim {key}: {kind} is measured in {wanted}, the value is in {unit}; give the value and its unit too"
        )
    return _decide(
        table,
        key,
        ReviewDecision.CHANGED,
        (who, when, reason, translation),
        {**new, "si_unit": wanted, **_filed(filed)},
        log,
    )


def _check_words(key: str, new: Mapping[str, Any]) -> None:
    """Raise BadInputError for a rung, modality, bound, precision or date that the register does not know."""
    for name, known in _CHOICES.items():
        if new.get(name) and new[name] not in known:
            raise BadInputError(f"claim {key}: {name} is not {new[name]!r}; give one of {', '.join(known)}, or nothing")
    if new.get("date") and not valid_date(str(new["date"])):
        raise BadInputError(
            f"claim {key}: {new['date']!r} is no date; write 2026, 2026-05, 2026-05-01 or 2026-01/2026-06"
        )


_CHOICES = {
    "rung": LADDER,
    "aim": LADDER,
    "modality": tuple(Modality),
    "qualifier": ("exact", "about", "more than", "at least", "up to", "less than", "range"),
}
_CHINESE = re.compile("[一-龥]")
_DENSE, _SPARSE = re.compile(r"dense|稠密", re.IGNORECASE), re.compile(r"sparse|稀疏", re.IGNORECASE)


def _precision(row: dict[str, Any]) -> str:
    """Return whether a figure of compute is dense or sparse, as the register says it; empty for other kinds."""
    if row["kind"] != "compute":
        return ""
    return (
        "sparse" if _SPARSE.search(row["precision"]) else "dense" if _DENSE.search(row["precision"]) else "not stated"
    )


def _filed(filed: Mapping[str, str] | None) -> dict[str, str]:
    """Return where a claim belongs, by the columns of FILED; raises BadInputError for another column or word."""
    given = {name: str(value).strip() for name, value in (filed or {}).items()}
    if wrong := sorted(set(given) - set(FILED)):
        raise BadInputError(f"{', '.join(wrong)} is not said of one claim; give {', '.join(FILED)}")
    if given.get("evidence_use", "") not in ("", "yes", "no"):
        raise BadInputError(f"evidence_use is yes or no, not {given['evidence_use']!r}")
    return given


def _in_si(row: pd.Series, new: dict[str, Any]) -> dict[str, Any]:
    """Return si_low, si_high and si_unit of values in a unit as written; an open bound stays open."""
    unit = str(new.get("unit", row["unit"])).strip()
    out: dict[str, Any] = {}
    for name in ("low", "high"):
        value = new.get(name, row[name])
        out[f"si_{name}"] = math.nan
        if not is_missing(value):
            out[f"si_{name}"], out["si_unit"] = _converted(float(value), unit, row)
    return out


def _converted(value: float, unit: str, row: pd.Series) -> tuple[float, str]:
    units = dict.fromkeys(kind.si_unit for kind in READ_KINDS.values())
    if unit in units:
        return value, unit
    if unit == row["unit"]:
        for name in ("low", "high"):
            if row[name] and not is_missing(row[name]) and not is_missing(row[f"si_{name}"]):
                return value * row[f"si_{name}"] / row[name], row["si_unit"]
    number = f"{value:.12g}"
    for words in (f"{number}{unit}", f"{unit[:1]}{number}{unit[1:]}"):
        found = extract(words)
        if len(found) == 1 and found[0].quantity.si_low is not None:
            return found[0].quantity.si_low, found[0].quantity.si_unit
    raise BadInputError(
        f"claim {row['key']}: the unit {unit!r} is not known; write it as the tables do (万P, MW, 亿元, $bn) or give "
        f"the value in one of {', '.join(units)}"
    )


def _index(table: pd.DataFrame, key: str) -> Any:
    rows = table.index[table["key"] == key]
    if len(rows) != 1:
        raise NotFoundError(f"no claim has the key {key!r}; the keys are in the first column of the review table")
    return rows[0]


def _decide(
    table: pd.DataFrame,
    key: str,
    decision: ReviewDecision,
    signed: tuple[str, str, str, str],
    new: dict[str, Any],
    log: Path | None,
) -> pd.DataFrame:
    index = _index(table, key)
    who, when = signed[:2]
    if not who.strip():
        raise BadInputError(f"claim {key}: a decision needs the name of the person who decides (--who NAME)")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", when):
        raise BadInputError(f"claim {key}: a decision needs its day as YYYY-MM-DD, not {when!r}")
    out = table.copy()
    if not signed[3].strip():
        signed = (*signed[:3], str(table.at[index, "translation"]))  # one that was given before
    for name, value in (*zip(DECISION, (decision.value, *signed), strict=True), *new.items()):
        out.at[index, name] = value
    row = out.loc[index]
    if decision is not ReviewDecision.REJECTED:
        if is_missing(row["si_low"]) and is_missing(row["si_high"]):
            raise BadInputError(
                f"claim {key} has no value ({row['warning'] or 'the reading was refused'}); "
                "change it to what the crop shows, or reject it"
            )
        if not READ_KINDS[row["kind"]].kind:
            raise BadInputError(
                f"claim {key}: the register has no kind for {row['kind']}; reject it or change its kind"
            )
        if _CHINESE.search(str(row["sentence"])) and not str(row["translation"]).strip():
            raise BadInputError(f"claim {key}: the quote is Chinese; write its translation first (--translation)")
    if log:
        append_lines(log, [log_line(row)])
    return out


# ---------------------------------------------------------------- the register


def write_reviewed(table: pd.DataFrame, register: Path, log: Path, about: dict[str, str]) -> int:
    """Append the accepted and changed claims to claims.csv; return how many were added.

    `about` gives the columns that no reader of text can know: site_id, claimant, source_publisher,
    source_tier, source_url, date, translation, independence_group, group_reason and the like.  Nothing
    undecided is written, and a claim that the log names as written is not written twice.  Decisions
    that are not in the log are added to it.  Raises BadInputError, before anything is written, when a row
    breaks the schema of claims or stands there already, or when a claim that was written has been decided
    otherwise since.
    """
    files.check_case(register.parent.parent)
    with files.locked(register.parent / f".{register.stem}.lock"):
        return _write(table[table["decision"].isin(list(ReviewDecision))], register, log, about)


def _write(decided: pd.DataFrame, register: Path, log: Path, about: dict[str, str]) -> int:
    import pandas as pd

    for row in decided.to_dict("records"):
        if row["decision"] == ReviewDecision.ACCEPTED and _key(row) != row["key"]:
            raise BadInputError(
                f"claim {row['key']} is accepted with a value that is not the one read; change it with a reason instead"
            )
    present, old = claims_cells(register), register.read_bytes()
    written = _written(decided, set(present["claim_id"]), log, register.name)
    taken = decided[(decided["decision"] != ReviewDecision.REJECTED) & ~decided["key"].isin(written)]
    last = last_decisions(log)
    lines = [log_line(row) for row in decided.to_dict("records")]
    lines = [line for line in lines if last.get(line["key"]) != line]
    body = b""
    if not taken.empty:
        numbers = [int(m[1]) for m in map(re.compile(r"C(\d+)").fullmatch, present["claim_id"]) if m]
        first = max(numbers, default=0) + 1
        rows = [_row(row, f"C{first + i:03d}", about) for i, row in enumerate(taken.to_dict("records"))]
        new = pd.DataFrame(rows, columns=list(present.columns)).map(defuse)
        whole = pd.concat([present, new], ignore_index=True)
        check_table(whole, "claims", register.name)
        _refuse_copies(present, new, register.name)
        body = (b"" if old.endswith(b"\n") else b"\n") + csv_text(new).partition("\n")[2].encode()
        for row, key in zip(rows, taken["key"], strict=True):
            lines.append(dict(zip(WRITTEN, (key, row["claim_id"], row["note"]), strict=True)))
    if lines:  # first, so that a crash before the register is written leaves an id that the register lacks
        append_lines(log, lines)
    if body:
        files.replace_file(register, old + body, private=True)
    return len(taken)


def _refuse_copies(present: pd.DataFrame, new: pd.DataFrame, name: str) -> None:
    """Refuse rows that differ from one in the register by nothing but id and note: their log was lost."""
    columns = [column for column in present.columns if column not in ("claim_id", "note")]
    held = dict(zip(map(tuple, present[columns].to_numpy()), present["claim_id"], strict=True))
    for row, words in zip(map(tuple, new[columns].to_numpy()), new["quote"], strict=True):
        if row in held:
            raise BadInputError(
                f"{words[:40]!r} is in {name} as {held[row]}, but the review log does not say so; reject it, or give "
                "the log that it was written with"
            )


def _note(row: dict[str, Any]) -> str:
    decision = f"{row['decision']} by {row['who']} on {row['when']} (reading {row['key']})"
    return decision + (f": {row['reason']}" if row["reason"] else "")


def _written(decided: pd.DataFrame, present: set[str], log: Path, name: str) -> set[str]:
    """Return the keys that the register holds by the log; raises BadInputError where they were decided again."""
    written = {entry["key"]: entry for entry in entries(log, WRITTEN) if entry["written_as"] in present}
    for row in decided.to_dict("records"):
        entry = written.get(row["key"])
        if entry and entry["note"] != _note(row):
            raise BadInputError(
                f"claim {row['key']} is in {name} as {entry['written_as']} and has been {row['decision']} since by "
                f"{row['who']}; what is written is not rewritten: take that row out by hand first"
            )
    return set(written)


def _rung_reason(row: dict[str, Any]) -> str:
    if not row["aim"]:
        return ""
    return str(row.get("rung_reason") or "read from the clause")


_YEARLY, _A_YEAR = {"energy", "tce"}, {"年", "a", "yr", "year", "annum"}  # kinds that are of a year in the register


def _scope(row: dict[str, Any]) -> str:
    """Return what the number covers: a price of one machine or a power of one rack is no total of the site."""
    if row["kind"] == "energy_gen":
        return Scope.GENERATION
    per = str(row.get("per") or "")
    return f"per {per}" if per and not (row["kind"] in _YEARLY and per in _A_YEAR) else ""


def _row(row: dict[str, Any], claim_id: str, about: dict[str, str]) -> dict[str, str]:
    """Return a row of claims.csv; the quote stays as it was read, and the scope says what is no total of the site."""
    kind = READ_KINDS[row["kind"]]
    values = {column.name: "" for column in SCHEMAS["claims"].columns}
    values |= {
        "claim_id": claim_id, "quote": row["sentence"], "quantity_kind": kind.kind, "unit": kind.unit or kind.si_unit,
        "quote_language": "zh" if _CHINESE.search(row["sentence"]) else "en",
        "value_low": plain_number(row["si_low"] * kind.si_factor),
        "value_high": plain_number(row["si_high"] * kind.si_factor), "value_date": row["date"],
        "chip_model": row["chip_model"], "reading_confidence": row["confidence"], "unit_as_recorded": row["unit"],
        "rung": row["aim"], "modality": row["modality"], "rung_reason": _rung_reason(row), "precision": _precision(row),
        "scope": _scope(row),
        "bound": _BOUND.get(row["qualifier"], row["qualifier"]),
        "evidence_use": "no", "note": _note(row),
    }  # fmt: skip
    said = {name: row[name] for name in ("translation", *FILED) if row.get(name)}
    return values | about | said
