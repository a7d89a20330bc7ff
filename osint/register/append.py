"""Add rows to a table of a case: one step, and what is there stays as it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from osint import files
from osint.errors import BadInputError, NotFoundError, RefusedError
from osint.register.schemas import SCHEMAS
from osint.register.tables import (
    DEMO_MARKER,
    LINKS,
    check_table,
    complete,
    data_dir,
    parse_table,
    read_cells,
    read_table,
    refuse_broken,
)
from osint.register.written import cell_text

_DEGREES = ("lat", "lon")
_PREFIX = {"sites": ("SITE", 2), "claims": ("C", 3), "observations": ("O", 3)}
"""Letters of the ids that are given, and the digits of their number."""


def append_rows(data: str | Path, table: str, rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Add rows to a table of a data folder and return their ids.

    A row without id gets the next number (SITE for sites, C for claims, O for observations). The file that is there
    stays, byte for byte, the beginning of the new one (a table from before a column was added gets that column at its
    end first), and the change is one step: a crash or a broken row leaves it as it was. Raises BadInputError for a
    broken row, an id or a whole row that is there already, NotFoundError for an id of another table that is not there,
    and RefusedError for a SIMULATED observation in a case of real ones and the other way round.
    """
    raw = data_dir(data) / "raw"
    path, columns = raw / f"{table}.csv", SCHEMAS[table].names
    key = columns[0]
    files.check_case(raw.parent)
    with files.locked(raw / f".{table}.lock"):
        before = _with_all_columns(path, table) if path.exists() else (",".join(columns) + "\n").encode()
        held = read_table(path, table) if before.count(b"\n") > 1 else pd.DataFrame(columns=columns)
        made = _numbered(rows, held, table)
        _linked(made, table, raw)
        header = next(csv.reader(io.StringIO(before.decode("utf-8-sig"))))
        body = io.StringIO()
        writer = csv.DictWriter(body, header, lineterminator="\r\n" if b"\r\n" in before else "\n")
        writer.writerows({k: cell_text(v, k in _DEGREES) for k, v in r.items()} for r in made)
        joined = before + (b"" if before.endswith(b"\n") else b"\n") + body.getvalue().encode()
        text = parse_table(joined, path.name)
        frame = check_table(text, table)
        added = frame.iloc[len(held) :]
        entry = [(rule.broken(added), rule.column, rule.expected) for rule in SCHEMAS[table].entry_rules]
        refuse_broken(entry, text.loc[added.index], path.name)
        if made and table == "observations":
            _one_world(frame["simulated"].eq("yes").to_numpy(), len(held), raw)
        same = text.drop(columns=key).duplicated()
        if made and same.iloc[len(held) :].any():
            double = text[key][same].iloc[-1]
            raise BadInputError(f"the row that would be {double} is in {table}.csv already; nothing was written")
        if made:
            files.replace_file(path, joined, private=True)
    return [str(r[key]) for r in made]


def refuse_broken_rows(table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Raise BadInputError for a row that `append_rows` would refuse for what is in it; nothing is read or written."""
    columns = SCHEMAS[table].names
    body = io.StringIO()
    writer = csv.DictWriter(body, columns, lineterminator="\n")
    writer.writeheader()
    made = _numbered(rows, pd.DataFrame(columns=columns), table)
    writer.writerows({k: cell_text(v, k in _DEGREES) for k, v in r.items()} for r in made)
    text = parse_table(body.getvalue().encode(), f"{table}.csv")
    added = check_table(text, table)
    entry = [(rule.broken(added), rule.column, rule.expected) for rule in SCHEMAS[table].entry_rules]
    refuse_broken(entry, text, f"{table}.csv")


def _one_world(simulated: np.ndarray, held: int, raw: Path) -> None:
    """Refuse SIMULATED rows in a case of real evidence, and real rows in a demo case.

    `simulated` (n,) bool says it of each observation, the first `held` of which are there already. A demo case holds
    no real observation; while it holds none at all, an empty file DEMO_MARKER says that it is one.
    """
    added = simulated[held:]
    marked = (raw / DEMO_MARKER).is_file()
    is_demo = bool(simulated[:held].all()) and (held > 0 or marked)
    if added.any() and not (is_demo and added.all()):
        raise RefusedError(
            "SIMULATED rows do not enter a case of real evidence, and nothing was written; make a case of its own for "
            f"them, without real observations and with an empty file raw/{DEMO_MARKER}"
        )
    if is_demo and not added.all():
        raise RefusedError(
            "this is a demo case of SIMULATED rows, and nothing was written: real ones need another case"
        )


def _with_all_columns(path: Path, table: str) -> bytes:
    """Return the bytes of a table; with every cell as it is and the missing columns behind it, if it lacks some."""
    before = path.read_bytes()
    text = read_cells(path)
    whole = complete(text, table)
    if whole is text:
        return before
    body = io.StringIO()
    ending = "\r\n" if b"\r\n" in before else "\n"
    whole.to_csv(body, index=False, lineterminator=ending)
    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    return mark + body.getvalue().encode()


def _numbered(rows: Sequence[Mapping[str, object]], held: pd.DataFrame, table: str) -> list[dict[str, object]]:
    columns = SCHEMAS[table].names
    key, (prefix, digits) = columns[0], _PREFIX[table]
    numbers = [int(n) for i in held[key] for n in re.findall(rf"^{prefix}(\d+)$", str(i))]
    following = max(numbers, default=0) + 1
    made = []
    for given in rows:
        wrong = sorted(set(given) ^ set(columns))
        if wrong:
            raise BadInputError(f"a row needs exactly the columns of {table}.csv; {', '.join(wrong)} do not fit")
        made.append({**given, key: given[key] or f"{prefix}{following:0{digits}d}"})
        following += not given[key]
    return made


def _linked(rows: Sequence[Mapping[str, object]], table: str, raw: Path) -> None:
    """Check that the rows of other tables that new rows name are there."""
    for column, target, key in (link[1:] for link in LINKS if link[0] == table):
        wanted = {str(r[column]) for r in rows} - {""}
        missing = sorted(wanted - set(read_table(raw / f"{target}.csv", target)[key])) if wanted else []
        if missing:
            raise NotFoundError(f"{', '.join(missing)} is not in {target}.csv; add it there first, nothing was written")
