"""Read the evidence tables, check every cell and say all that is wrong at once.

A table is CSV in UTF-8 with the columns of `SCHEMAS` (data/README.md says what each means). Cells are read as
text and checked before anything is converted; an empty cell is missing (NaN), never zero.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from osint import files
from osint.errors import BadInputError, NotFoundError, OsintError, UnreadableError
from osint.register.dates import valid_date
from osint.register.schemas import SCHEMAS, Column
from osint.register.written import FORMULA, defuse

SHOWN = 20  # faults of one table that a message prints; the rest are counted
MOST_ROWS = 100_000  # rows of one table, all held in memory: as many claims take about 3 GB when judged
MOST_BYTES = 256 << 20  # of one table; it is held in memory several times over
LONGEST_SHOWN = 60  # characters of a wrong cell that a message prints
CLOSE_IDS = 12  # ids that a message offers for an unknown one
FIRST_ROW = 2  # number that a spreadsheet gives to the first row under the header
DEMO_MARKER = "SIMULATED"
"""Empty file in raw/ by which a case without observations is a demo case."""
_OF_A_CASE = ("sites", "claims", "observations")
_COMPLETED = {"relations": "relation", "readings": "reading"}
"""Tables of the model of which a missing row is taken from the shipped one, by the column that names the row."""
LINKS = (
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
            if name in _COMPLETED and own.is_file() and files.resolved(raw) != shipped.resolve():
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
    return check_table(read_cells(path), name, path.name)


def read_cells(path: Path) -> pd.DataFrame:
    """Return all cells as text; a byte-order mark and CRLF are read through."""
    try:
        body = files.read_regular(path, MOST_BYTES)
    except OsintError:
        raise
    except FileNotFoundError as error:
        where = files.resolved(path)
        raise NotFoundError(f"{where} is missing; give the data folder with --data or OSINT_DATA") from error
    except OSError as error:
        raise UnreadableError(f"{path.absolute()} cannot be read ({error.strerror}); repair its permissions") from error
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
    return parse_table(body, path.name)


def parse_table(body: bytes, file: str) -> pd.DataFrame:
    """Return the cells of a CSV in UTF-8 as text; raises UnreadableError that names the file.

    Raises BadInputError for more than MOST_ROWS rows; a row is counted once, however many lines its cells have.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            cells = pd.read_csv(
                io.BytesIO(body),
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",
                index_col=False,
                nrows=MOST_ROWS + 1,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).split())
        message = f"{file} is not a table ({reason}); every row needs as many cells as the header"
        raise UnreadableError(message) from error
    if len(cells) > MOST_ROWS:
        most = f"{MOST_ROWS:,} rows are the most of a table, for all of them are held in memory at once"
        raise BadInputError(f"{file} has more rows: {most}; split it by site and run each part with --data")
    return cells


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
    text = complete(text, name)
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
    refuse_broken(wrong, text, file)
    return frame


def refuse_broken(wrong: Sequence[tuple[pd.Series[bool], str, str]], text: pd.DataFrame, file: str) -> None:
    """Raise BadInputError with every broken cell: per rule the rows that break it, the column and what was expected."""
    faults = sorted((int(i), _fault(text, i, *about)) for rows, *about in wrong for i in text.index[rows])
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        shown = "; ".join(f"row {i + FIRST_ROW} {words}" for i, words in faults[:SHOWN])
        raise BadInputError(f"{file}: {shown}{more}")


def complete(text: pd.DataFrame, name: str) -> pd.DataFrame:
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
        bad = cells.str.lstrip().str.startswith(FORMULA) | cells.str.startswith(FORMULA)
        bad = cells.isin({cell for cell in cells[bad] if defuse(cell) != cell})
        guarded = {cell: cell[1:] for cell in cells[cells.str.startswith("'")] if defuse(cell[1:]) == cell}
        out = cells.replace(guarded) if guarded else cells
        expected = "text that a spreadsheet does not run as a formula"
    return out, bad, expected


def _broken_links(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return a sentence for each id that points at a row which is not there."""
    out = []
    for table, column, target, key in LINKS:
        cells = frames[table][column]
        for i in cells.index[~cells.isin({*frames[target][key], ""})][:SHOWN]:
            found = f"row {i + FIRST_ROW} column {column} has {cells[i]!r}"
            out.append(f"{table}.csv: {found}, expected an id of {target}.csv")
    return out
