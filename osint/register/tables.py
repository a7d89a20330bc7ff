"""Read the evidence tables, check every cell, and say all that is wrong at once.

A table is CSV in UTF-8 with the columns of SCHEMAS (data/README.md says what each means). Cells are read as
text and checked before anything is converted; an empty cell is missing (NaN), never zero.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from osint.errors import OsintError
from osint.register import dates
from osint.register.records import SCHEMAS, Column

SHOWN = 20  # faults printed; the rest are counted
MOST_ROWS = 50_000  # of one table; the main job sets every claim of a site beside every other


@dataclass(frozen=True)
class Register:
    """The evidence as tables: one row a site, claim, observation, relation, chip, reading, calibration row."""

    sites: pd.DataFrame
    claims: pd.DataFrame
    observations: pd.DataFrame
    relations: pd.DataFrame
    relation_support: pd.DataFrame
    chips: pd.DataFrame
    readings: pd.DataFrame
    calibration: pd.DataFrame
    cache: dict = field(
        init=False, default_factory=dict, repr=False, compare=False
    )  # what was computed from these tables

    def rows(self, table: str, site_id: str) -> list[dict]:
        """Rows of a table that name a site, as plain dictionaries."""
        key = ("rows", table)
        if key not in self.cache:
            self.cache[key] = {}
            for row in getattr(self, table).to_dict("records"):
                self.cache[key].setdefault(row["site_id"], []).append(row)
        return self.cache[key].get(site_id, [])

    def site(self, site_id: str) -> dict:
        """One row of sites; raises OsintError for an unknown id."""
        rows = self.rows("sites", site_id)
        if not rows:
            close = [s for s in self.sites["site_id"] if s[:2] == site_id[:2].upper()] or list(self.sites["site_id"])
            raise OsintError(
                f"there is no site {site_id!r} in sites.csv; ids that begin alike: {', '.join(close[:12])}"
            )
        return rows[0]


def data_dir(path: str | Path | None = None) -> Path:
    """The data folder: the argument, else OSINT_DATA, else ./data, else the data of the checkout."""
    if path or os.environ.get("OSINT_DATA"):
        folder = Path(path or os.environ["OSINT_DATA"])
        if not folder.is_dir():
            raise OsintError(f"the data folder {folder} is not there; name the folder that holds raw/")
        return folder
    here = Path("data")
    return here if (here / "raw").is_dir() else Path(__file__).resolve().parents[2] / "data"


_loaded: dict[tuple, Register] = {}


def load(path: str | Path | None = None) -> Register:
    """Read and check all tables of data/raw; raises OsintError with every broken row of every table."""
    raw = data_dir(path) / "raw"
    stamp = (
        raw.resolve(),
        *((raw / f"{n}.csv").stat().st_mtime_ns if (raw / f"{n}.csv").exists() else 0 for n in SCHEMAS),
    )
    if stamp in _loaded:
        return _loaded[stamp]
    faults: list[str] = []
    frames: dict[str, pd.DataFrame] = {}
    for name in SCHEMAS:
        try:
            frames[name] = read(raw / f"{name}.csv", name)
        except OsintError as error:
            faults.append(str(error))
    if not faults:
        faults = _links(frames)
    if faults:
        raise OsintError("; ".join(faults))
    _loaded[stamp] = Register(**frames)
    return _loaded[stamp]


def read(path: str | Path, name: str) -> pd.DataFrame:
    """Read one table by its schema.

    Returns typed columns (float with NaN, or text with ""). Raises OsintError that names each broken cell by
    file, row (as a spreadsheet counts, header is row 1), column, value and what was expected.
    """
    path = Path(path)
    return check(_text(path), name, path.name)


def _text(path: Path) -> pd.DataFrame:
    """All cells as text; a byte-order mark and CRLF are read through."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise OsintError(
            f"{path.name} cannot be read ({error.strerror}); put it back into {path.parent.name}/"
        ) from error
    lines = body.count(b"\n")
    if lines > MOST_ROWS:
        most = f"more than the {MOST_ROWS:,} rows that the main job is made for"
        raise OsintError(f"{path.name} has {lines:,} lines, {most}; split it by site and run each part with --data")
    if not body.strip():
        raise OsintError(f"{path.name} is empty; it needs at least its header row")
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        guess = "; it looks like GBK" if _is_gbk(body) else ""
        raise OsintError(
            f"{path.name} is not UTF-8 at byte {error.start}{guess}; save it again as CSV UTF-8"
        ) from error
    if b"\x00" in body:
        raise OsintError(f"{path.name} holds a zero byte, so it is not a CSV text; save it again as CSV UTF-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        raise OsintError(
            f"{path.name} is not a table ({reason}); every row needs as many cells as the header"
        ) from error


def _is_gbk(body: bytes) -> bool:
    try:
        return any("\u4e00" <= c <= "\u9fff" for c in body.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def check(text: pd.DataFrame, name: str, file: str = "") -> pd.DataFrame:
    """Check a table of text cells against the schema of `name` and convert it; see `read`."""
    file = file or f"{name}.csv"
    schema = SCHEMAS[name]
    missing = [c.name for c in schema.columns if c.name not in text.columns]
    extra = [c for c in text.columns if c not in {k.name for k in schema.columns}]
    if missing or extra:
        said = [f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"] if missing else []
        said += [f"has unknown column{'s' * (len(extra) > 1)} {', '.join(map(repr, extra))}"] if extra else []
        raise OsintError(f"{file} {' and '.join(said)}; data/README.md lists the columns of {name}")
    if text.empty:
        raise OsintError(f"{file} has a header and no rows; it needs at least one")
    faults: list[tuple[int, str]] = []
    frame = pd.DataFrame(index=text.index)
    for column in schema.columns:
        frame[column.name] = _column(text[column.name], column, faults, text, schema.columns[0].name)
    for rule in schema.rules:
        bad = rule.broken(frame)
        faults += [
            (int(i), _say(text, i, rule.column, rule.expected, schema.columns[0].name)) for i in frame.index[bad]
        ]
    if faults:
        faults.sort()
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise OsintError(f"{file}: " + "; ".join(f"row {i + 2} {words}" for i, words in faults[:SHOWN]) + more)
    return frame


def _say(text: pd.DataFrame, i: int, column: str, expected: str, key: str) -> str:
    value = str(text.at[i, column])
    value = value if len(value) <= 60 else value[:57] + "..."
    return f"({text.at[i, key][:20]}) column {column} has {value!r}, expected {expected}"


def _column(cells: pd.Series, column: Column, faults: list, text: pd.DataFrame, key: str) -> pd.Series:
    """Convert one column and note the cells that do not fit."""
    empty = cells.str.strip() == ""
    bad = pd.Series(False, index=cells.index)
    out: pd.Series = cells
    if column.kind == "number":
        out = pd.to_numeric(cells.where(~empty), errors="coerce").astype(float)
        out = out.where(np.isfinite(out))
        bad = ~empty & (out.isna() | (out < column.low) | (out > column.high))
        expected = f"a number from {column.low:g} to {column.high:g}"
    elif column.kind == "one of":
        bad = ~empty & ~cells.isin(column.allowed)
        expected = f"one of {', '.join(column.allowed)}"
    elif column.kind == "date":
        fits = {c: dates.valid(c) for c in cells[~empty].unique()}
        bad = ~empty & ~cells.map(fits).fillna(False).astype(bool)
        expected = "a date as 2024, 2024-06, 2024-06-15, with ~ or ?, or two with /"
    elif column.kind == "id":
        bad = ~empty & (~cells.str.fullmatch(r"[\w][\w .-]*") | cells.duplicated(keep=False))
        expected = "an id that no other row has"
    else:
        bad = ~empty & cells.str.match(r"[=+@\t\r]|-(?!\d)")
        expected = "text that a spreadsheet does not run as a formula"
    faults += [(int(i), _say(text, i, column.name, expected, key)) for i in cells.index[bad.to_numpy()]]
    if column.required:
        faults += [(int(i), _say(text, i, column.name, "a value", key)) for i in cells.index[empty.to_numpy()]]
    return out


def _links(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Ids that point at rows which are not there."""
    out = []
    for table, column, target, key in (
        ("claims", "site_id", "sites", "site_id"),
        ("observations", "site_id", "sites", "site_id"),
        ("observations", "source_claim_id", "claims", "claim_id"),
        ("relation_support", "relation", "relations", "relation"),
    ):
        cells = frames[table][column]
        for i in cells.index[~cells.isin({*frames[target][key], ""})][:SHOWN]:
            out.append(f"{table}.csv: row {i + 2} column {column} has {cells[i]!r}, expected an id of {target}.csv")
    return out


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a CSV in one step: UTF-8, LF, and no cell that a spreadsheet would run as a formula."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(defuse)
    put(path, safe.to_csv(index=False, lineterminator="\n").encode())


def defuse(cell: object) -> object:
    """Quote a text cell that begins like a formula, as OWASP advises for CSV; numbers are left alone."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell


def put(path: Path, body: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(body)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
