"""Add rows to observations.csv: what is there stays byte for byte, and a broken row changes nothing."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from osint.errors import OsintError
from osint.register import tables
from osint.register.records import SCHEMAS

COLUMNS = tuple(c.name for c in SCHEMAS["observations"].columns)
Row = dict[str, Any]


def append(register_dir: str | Path, rows: Sequence[Row]) -> list[str]:
    """Add rows to observations.csv of a data folder and return their ids.

    A row without id gets the next O number. The file that is there stays, byte for byte, the beginning of the
    new one, and the change is one step: a crash or a broken row leaves it as it was. Raises OsintError for a
    broken row, an id or a whole row that is there already, an unknown site or claim, a malformed file.
    """
    raw = tables.data_dir(register_dir) / "raw"
    path = raw / "observations.csv"
    with _alone(raw):
        before = path.read_bytes() if path.exists() else (",".join(COLUMNS) + "\n").encode()
        held = tables.read(path, "observations") if before.count(b"\n") > 1 else pd.DataFrame(columns=COLUMNS)
        header = next(csv.reader(io.StringIO(before.decode("utf-8-sig"))))
        made = _numbered(rows, held)
        _known(made, raw)
        body = io.StringIO()
        writer = csv.DictWriter(body, header, lineterminator="\r\n" if b"\r\n" in before else "\n")
        writer.writerows({k: _cell(v) for k, v in r.items()} for r in made)
        joined = before + (b"" if before.endswith(b"\n") else b"\n") + body.getvalue().encode()
        text = pd.read_csv(io.BytesIO(joined), dtype=str, keep_default_na=False, encoding="utf-8-sig")
        tables.check(text, "observations")
        same = text.drop(columns="observation_id").duplicated()
        if made and same.iloc[len(held) :].any():
            double = text["observation_id"][same].iloc[-1]
            raise OsintError(f"the row that would be {double} is in observations.csv already; nothing was written")
        if made:
            tables.put(path, joined)
    return [r["observation_id"] for r in made]


def _numbered(rows: Sequence[Row], held: pd.DataFrame) -> list[Row]:
    numbers = [int(n) for i in held["observation_id"] for n in re.findall(r"^O(\d+)$", str(i))]
    following = max(numbers, default=0) + 1
    made = []
    for given in rows:
        wrong = sorted(set(given) ^ set(COLUMNS))
        if wrong:
            raise OsintError(f"a row needs exactly the columns of observations.csv; {', '.join(wrong)} do not fit")
        made.append({**given, "observation_id": given["observation_id"] or f"O{following:03d}"})
        following += not given["observation_id"]
    return made


def _known(rows: list[Row], raw: Path) -> None:
    """Check that sites and claims that rows point at are there."""
    for column, table, key in (("site_id", "sites", "site_id"), ("source_claim_id", "claims", "claim_id")):
        wanted = {str(r[column]) for r in rows} - {""}
        missing = sorted(wanted - set(tables.read(raw / f"{table}.csv", table)[key])) if wanted else []
        if missing:
            raise OsintError(f"{', '.join(missing)} is not in {table}.csv; add it there first, nothing was written")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder so that two writers do not lose each other's rows; a no-op where locks do not exist."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{float(value):.6g}" if float(abs(value)) < 1e5 else f"{float(value):.0f}"
    return str(tables.defuse(str(value)))
