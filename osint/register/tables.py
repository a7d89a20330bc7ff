"""Read the evidence tables, check every cell and say all that is wrong at once; append to them and write tables.

A table is CSV in UTF-8 with the columns of `SCHEMAS` (data/README.md says what each means). Cells are read as
text and checked before anything is converted; an empty cell is missing (NaN), never zero.
"""

from __future__ import annotations

import csv
import io
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from osint import files
from osint.errors import BadInputError, NotFoundError, OsintError, RefusedError, UnreadableError
from osint.register.dates import valid_date
from osint.register.records import SCHEMAS, Column

SHOWN = 20  # faults of one table that a message prints; the rest are counted
MOST_ROWS = 100_000  # rows of one table, all held in memory: as many claims take about 3 GB when judged
MOST_BYTES = 256 << 20  # of one table; it is held in memory several times over
LONGEST_SHOWN = 60  # characters of a wrong cell that a message prints
CLOSE_IDS = 12  # ids that a message offers for an unknown one
FIRST_ROW = 2  # number that a spreadsheet gives to the first row under the header
DEMO_MARKER = "SIMULATED"
"""Empty file in raw/ by which a case without observations is a demo case."""
WHOLE_FROM = 1e5  # numbers from this size on are written without decimals
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "＠", "－")
_DEGREES = ("lat", "lon")
_PREFIX = {"sites": ("SITE", 2), "claims": ("C", 3), "observations": ("O", 3)}
"""Letters of the ids that are given, and the digits of their number."""
_OF_A_CASE = ("sites", "claims", "observations")
_COMPLETED = {"relations": "relation", "readings": "reading"}
"""Tables of the model of which a missing row is taken from the shipped one, by the column that names the row."""
_LINKS = (
    ("sites", "parent", "sites", "site_id"),
    ("claims", "site_id", "sites", "site_id"),
    ("observations", "site_id", "sites", "site_id"),
    ("observations", "source_claim_id", "claims", "claim_id"),
    ("relation_support", "relation", "relations", "relation"),
)


@dataclass(frozen=True, slots=True)
class Register:
    """The evidence as tables, one frame each; a number that is missing is NaN, a text that is missing is ""."""

    sites: pd.DataFrame
    claims: pd.DataFrame
    observations: pd.DataFrame
    relations: pd.DataFrame
    relation_support: pd.DataFrame
    chips: pd.DataFrame
    readings: pd.DataFrame
    calibration: pd.DataFrame

    def site(self, site_id: str) -> dict[str, Any]:
        """Return one row of sites; raises NotFoundError for an unknown id."""
        ids = list(self.sites["site_id"])
        if site_id not in ids:
            close = [known for known in ids if known[:2] == site_id[:2].upper()] or ids
            offered = ", ".join(close[:CLOSE_IDS])
            raise NotFoundError(f"there is no site {site_id!r} in sites.csv; ids that begin alike: {offered}")
        return dict(self.sites.iloc[ids.index(site_id)])


def data_dir(path: str | Path | None = None) -> Path:
    """Return the data folder: the argument, else OSINT_DATA, else ./data, else the data of the checkout or the wheel.

    The folder holds raw/, or data/ with it, as a case does; a ./data without any table (with captures alone) is passed
    over. The shipped tables of an installed package lie in osint/register/data. Raises NotFoundError if the folder that
    was named is not there.
    """
    if path or os.environ.get("OSINT_DATA"):
        folder = Path(path or os.environ["OSINT_DATA"])
        if not folder.is_dir():
            raise NotFoundError(f"the data folder {folder} is not there; name the folder that holds raw/")
        return folder / "data" if (folder / "data" / "raw").is_dir() and not (folder / "raw").is_dir() else folder
    here, checkout = Path("data"), Path(__file__).resolve().parents[2] / "data"
    shipped = Path(__file__).resolve().parent / "data"
    holding = (f for f in (here, checkout, shipped) if any((f / "raw" / f"{name}.csv").is_file() for name in SCHEMAS))
    return next(holding, here)


def derived_dir(path: str | Path | None = None) -> Path:
    """Return the folder of the results of a case: derived/ beside raw/.

    The tables of an installed package are no place to write to: their results go to data/derived of the current folder.
    """
    folder = data_dir(path)
    packed = Path(__file__).resolve().parent / "data"
    return (Path("data") if folder.resolve() == packed else folder) / "derived"


def shipped_tables() -> Path:
    """Return the folder of the tables that the checkout or the wheel carries."""
    checkout = Path(__file__).resolve().parents[2] / "data" / "raw"
    return checkout if checkout.is_dir() else Path(__file__).resolve().parent / "data" / "raw"


def load_register(path: str | Path | None = None) -> Register:
    """Read and check all tables of data/raw; raises BadInputError with every broken row of every table.

    A case folder needs sites, claims and observations of its own. A table of the model (relations, chips, readings,
    calibration) that it lacks is the shipped one, and a relation or reading that its own table lacks is the shipped
    row: a case from before it was added stays readable.
    """
    raw = data_dir(path) / "raw"
    shipped = shipped_tables()
    faults: list[str] = []
    frames: dict[str, pd.DataFrame] = {}
    for name in SCHEMAS:
        own = raw / f"{name}.csv"
        try:
            frames[name] = read_table(own if name in _OF_A_CASE or own.is_file() else shipped / own.name, name)
            if name in _COMPLETED and own.is_file() and raw.resolve() != shipped.resolve():
                frames[name] = _with_shipped_rows(frames[name], read_table(shipped / own.name, name), _COMPLETED[name])
        except OsintError as error:
            faults.append(str(error))
    if not faults:
        faults = _broken_links(frames)
    if faults:
        raise BadInputError("; ".join(faults))
    return Register(**frames)


def _with_shipped_rows(own: pd.DataFrame, shipped: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return a table of the model with the rows of the shipped one that the model uses and it does not hold."""
    used = shipped["used"] == "network" if "used" in shipped else pd.Series(True, shipped.index)
    held = own[own["used"] == "network"] if "used" in own else own
    lacking = shipped[used & ~shipped[key].isin(held[key])]
    return pd.concat([own[~own[key].isin(lacking[key])], lacking], ignore_index=True) if len(lacking) else own


def read_table(path: str | Path, name: str) -> pd.DataFrame:
    """Read one table by its schema and return typed columns (float with NaN, or text with "").

    Raises BadInputError that names each broken cell by file, row (as a spreadsheet counts, header is row 1),
    column, value and what was expected; NotFoundError or UnreadableError for a file that is not a table.
    """
    path = Path(path)
    return check_table(_text(path), name, path.name)


def _text(path: Path) -> pd.DataFrame:
    """Return all cells as text; a byte-order mark and CRLF are read through."""
    try:
        body = files.read_regular(path, MOST_BYTES)
    except OsintError:
        raise
    except FileNotFoundError as error:
        where = path.resolve()
        raise NotFoundError(f"{where} is missing; give the data folder with --data or OSINT_DATA") from error
    except OSError as error:
        raise UnreadableError(f"{path.resolve()} cannot be read ({error.strerror}); repair its permissions") from error
    lines = body.count(b"\n")
    if lines > MOST_ROWS:
        most = (
            f"and {MOST_ROWS:,} rows of a table are the most that are read, for all of them are held in memory at once"
        )
        raise BadInputError(f"{path.name} has {lines:,} lines, {most}; split it by site and run each part with --data")
    if not body.strip():
        raise BadInputError(f"{path.name} is empty; it needs at least its header row")
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        guess = "; it looks like GBK" if _is_gbk(body) else ""
        message = f"{path.name} is not UTF-8 at byte {error.start}{guess}; save it again as CSV UTF-8"
        raise UnreadableError(message) from error
    if b"\x00" in body:
        raise UnreadableError(f"{path.name} holds a zero byte, so it is not a CSV text; save it again as CSV UTF-8")
    head = body.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    for mark, called in ((b";", ";"), (b"\t", "tabs")):
        if head.count(mark) > head.count(b","):
            raise UnreadableError(
                f"the cells of {path.name} are parted by {called}; save it again with commas (CSV UTF-8)"
            )
    return _parsed(body, path.name)


def _parsed(body: bytes, file: str) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pd.read_csv(
                io.BytesIO(body), dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        message = f"{file} is not a table ({reason}); every row needs as many cells as the header"
        raise UnreadableError(message) from error


def _is_gbk(body: bytes) -> bool:
    try:
        return any("\u4e00" <= c <= "\u9fff" for c in body.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def check_table(text: pd.DataFrame, name: str, file: str = "") -> pd.DataFrame:
    """Check a table of text cells against the schema of `name` and convert it; see `read_table`.

    A column that needs no value may be missing: it is read as empty.
    """
    file = file or f"{name}.csv"
    schema = SCHEMAS[name]
    text = _completed(text, name)
    missing = [name for name in schema.names if name not in text.columns]
    extra = [name for name in text.columns if name not in schema.names]
    if missing or extra:
        said = [f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"] if missing else []
        said += [f"has unknown column{'s' * (len(extra) > 1)} {', '.join(map(repr, extra))}"] if extra else []
        raise BadInputError(f"{file} {' and '.join(said)}; data/README.md lists the columns of {name}")
    if text.empty and name not in _OF_A_CASE:
        raise BadInputError(f"{file} has a header and no rows; it needs at least one")
    frame = pd.DataFrame(index=text.index)
    wrong: list[tuple[pd.Series[bool], str, str]] = []
    for column in schema.columns:
        empty = text[column.name].str.strip() == ""
        frame[column.name], bad, expected = _converted(text[column.name], column)
        wrong += [(bad & ~empty, column.name, expected), (empty & column.required, column.name, "a value")]
    wrong += [(rule.broken(frame), rule.column, rule.expected) for rule in schema.rules]
    _refuse(wrong, text, file)
    return frame


def _refuse(wrong: Sequence[tuple[pd.Series[bool], str, str]], text: pd.DataFrame, file: str) -> None:
    """Raise BadInputError with every broken cell: per rule the rows that break it, the column and what was expected."""
    faults = sorted((int(i), _fault(text, i, *about)) for rows, *about in wrong for i in text.index[rows])
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        shown = "; ".join(f"row {i + FIRST_ROW} {words}" for i, words in faults[:SHOWN])
        raise BadInputError(f"{file}: {shown}{more}")


def _completed(text: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table of text cells with the columns that it lacks and need no value, empty, behind its own.

    A table that was written before a column was added stays readable.
    """
    lacking = [c.name for c in SCHEMAS[name].columns if not c.required and c.name not in text.columns]
    return text.assign(**dict.fromkeys(lacking, "")) if lacking else text


def _fault(text: pd.DataFrame, i: int, column: str, expected: str) -> str:
    value = str(text.at[i, column])
    value = value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "..."
    return f"({text.at[i, text.columns[0]][:20]}) column {column} has {value!r}, expected {expected}"


def _converted(cells: pd.Series[str], column: Column) -> tuple[pd.Series[str] | pd.Series[float], pd.Series[bool], str]:
    """Return a column converted, the cells that do not fit (empty ones apart), and what was expected.

    The guard of `defuse` is taken off again.
    """
    out: pd.Series[str] | pd.Series[float] = cells
    if column.kind == "number":
        numbers = pd.to_numeric(cells, errors="coerce").astype(float)
        out = numbers.where(np.isfinite(numbers))
        bad = out.isna() | (numbers < column.low) | (numbers > column.high)
        expected = f"a number from {column.low:g} to {column.high:g}"
    elif column.kind == "numbers":
        bad = ~cells.str.fullmatch(r"\d+(\.\d+)?(\|\d+(\.\d+)?)*")
        expected = "numbers separated by |, as 6|60000"
    elif column.kind in {"choice", "flag"}:
        bad = ~cells.isin(column.allowed)
        expected = f"one of {', '.join(column.allowed)}"
    elif column.kind == "date":
        bad = ~cells.map({cell: valid_date(cell) for cell in cells.unique()}).astype(bool)
        expected = "a date as 2024, 2024-06, 2024-06-15, with ~ or ?, or two with /"
    elif column.kind == "id":
        bad = ~cells.str.fullmatch(r"[\w][\w .-]*") | cells.duplicated(keep=False)
        expected = "an id that no other row has, of letters, digits and _ (behind the first also space, . and -)"
    else:
        bad = cells.str.lstrip().str.startswith(_FORMULA) | cells.str.startswith(_FORMULA)
        bad = cells.isin({cell for cell in cells[bad] if defuse(cell) != cell})
        guarded = {cell: cell[1:] for cell in cells[cells.str.startswith("'")] if defuse(cell[1:]) == cell}
        out = cells.replace(guarded) if guarded else cells
        expected = "text that a spreadsheet does not run as a formula"
    return out, bad, expected


def _broken_links(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return a sentence for each id that points at a row which is not there."""
    out = []
    for table, column, target, key in _LINKS:
        cells = frames[table][column]
        for i in cells.index[~cells.isin({*frames[target][key], ""})][:SHOWN]:
            found = f"row {i + FIRST_ROW} column {column} has {cells[i]!r}"
            out.append(f"{table}.csv: {found}, expected an id of {target}.csv")
    return out


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
        writer.writerows({k: _cell(v, k in _DEGREES) for k, v in r.items()} for r in made)
        joined = before + (b"" if before.endswith(b"\n") else b"\n") + body.getvalue().encode()
        text = _parsed(joined, path.name)
        frame = check_table(text, table)
        added = frame.iloc[len(held) :]
        entry = [(rule.broken(added), rule.column, rule.expected) for rule in SCHEMAS[table].entry_rules]
        _refuse(entry, text.loc[added.index], path.name)
        if made and table == "observations":
            _one_world(frame["simulated"].eq("yes").to_numpy(), len(held), raw)
        same = text.drop(columns=key).duplicated()
        if made and same.iloc[len(held) :].any():
            double = text[key][same].iloc[-1]
            raise BadInputError(f"the row that would be {double} is in {table}.csv already; nothing was written")
        if made:
            files.replace_file(path, joined, private=True)
    return [str(r[key]) for r in made]


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
    text = _text(path)
    whole = _completed(text, table)
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
    for column, target, key in (link[1:] for link in _LINKS if link[0] == table):
        wanted = {str(r[column]) for r in rows} - {""}
        missing = sorted(wanted - set(read_table(raw / f"{target}.csv", target)[key])) if wanted else []
        if missing:
            raise NotFoundError(f"{', '.join(missing)} is not in {target}.csv; add it there first, nothing was written")


def _cell(value: object, degrees: bool = False) -> str:
    """Return a cell: numbers with six digits, or whole from 100,000 on; NaN is empty; texts guarded.

    Degrees have six decimals, or a place east of 100 degrees would be good to 50 m only.
    """
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        if degrees:
            return f"{float(value):.6f}".rstrip("0").rstrip(".")
        return f"{float(value):.6g}" if abs(value) < WHOLE_FROM else f"{float(value):.0f}"
    return str(defuse("" if value is None else str(value)))


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a CSV in one step: UTF-8, LF, and no cell that a spreadsheet would run as a formula."""
    files.replace_file(Path(path), csv_text(frame).encode())


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV with LF, and no cell that a spreadsheet would run as a formula."""
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(defuse)
    return str(safe.to_csv(index=False, lineterminator="\n"))


def defuse(cell: object) -> object:
    """Quote a text cell that begins like a formula, as OWASP advises for CSV; numbers are left alone.

    >>> defuse("=1+1"), defuse("-3"), defuse("-5+cmd")
    ("'=1+1", '-3', "'-5+cmd")
    >>> defuse(" =1+1"), defuse("＝1+1")
    ("' =1+1", "'＝1+1")
    """
    if isinstance(cell, str) and (cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA)):
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell
