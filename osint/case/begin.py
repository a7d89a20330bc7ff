"""Begin a case: a folder of its own outside the repository; the tables of the model come with the package."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from osint import __version__, files
from osint.errors import BadInputError, OsintError
from osint.register import DEMO_MARKER, SCHEMAS, Register, csv_text, shipped_tables

Row: TypeAlias = dict[str, Any]
OWN = ("sites", "claims", "observations")
"""Tables of a case; those of the model are taken from the package."""
VERSION = "case.toml"
"""What the case was made with, in its data folder."""
MOST_BYTES = 1 << 20
README = """# {name}

{stamp}A case of `osint` {version}: what was claimed of some sites, and what was seen there.

| folder | holds |
| --- | --- |
| `data/raw/` | the evidence: sites.csv, claims.csv, observations.csv; in judged/ the pictures that a person judged |
| `data/derived/` | what is made from it: looks, reports. It can be deleted and made again |
| `notebooks/` | copies to work in; the first cell names the case and a site |

The tables of the model (relations, chips, readings, calibration) are those of the installed package. `data/case.toml`
says which ones the case was begun with, and `osint` says when they are others.

From this folder:

```
osint extract page.html --into . --site NAME     # what a saved page claims, into the review
osint review                                     # the claims that are open, each with its key
osint review --accept KEY --evidence yes --part "hall 2" --translation "..." --who "YOUR NAME"
osint look NAME --start 2023-01-01 --end 2025-12-31
osint look NAME --take 1,3 --as "hall 2" --who "YOUR NAME" --p-place 0.9 --place-reason "how it is known"
osint check NAME
osint report --site NAME
jupyter lab notebooks                            # the same in a browser; `make lab` in the clone installs it
```
"""


@dataclass(frozen=True, slots=True)
class CaseVersion:
    """The package and the tables of the model that a case was made with."""

    version: str
    tables: tuple[tuple[str, str], ...]
    """Names of the tables of the model, and the first 16 digits of the SHA-256 of each."""

    @classmethod
    def now(cls) -> CaseVersion:
        """Return those of the package that runs."""
        names = [name for name in SCHEMAS if name not in OWN]
        bodies = ((name, (shipped_tables() / f"{name}.csv").read_bytes()) for name in names)
        digests = tuple((name, hashlib.sha256(body.replace(b"\r\n", b"\n")).hexdigest()[:16]) for name, body in bodies)
        return cls(__version__, digests)

    @classmethod
    def read(cls, data: Path) -> CaseVersion | None:
        """Return what a data folder says; None where it says nothing that can be read."""
        try:
            told = tomllib.loads(files.read_regular(data / VERSION, MOST_BYTES).decode())
            tables = tuple((str(name), str(digest)) for name, digest in told["tables"].items())
            return cls(str(told["made_with"]), tables)
        except (OSError, OsintError, ValueError, KeyError, AttributeError):
            return None

    def differences(self) -> tuple[str, ...]:
        """Return the tables of the model that are others now."""
        now = dict(CaseVersion.now().tables)
        return tuple(f"{name}.csv" for name, digest in self.tables if now.get(name) != digest)

    def text(self) -> str:
        """Return it as TOML."""
        lines = [f'made_with = "{self.version}"', "", "[tables]"]
        return "\n".join([*lines, *(f'{name} = "{digest}"' for name, digest in self.tables), ""])


def make_folder(folder: Path, rows: Mapping[str, Sequence[Row]], site: str, *, demo: bool) -> None:
    """Make the folder of a case with some rows of its tables; notebooks of it begin at `site`, if one is named.

    Raises BadInputError where the folder holds something.
    """
    files.refuse_link(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(
            f"{folder} is there already and not empty: name a new folder, or `osint check --data {folder}`"
        )
    made = {f"data/raw/{table}.csv": _csv(table, rows.get(table, [])) for table in OWN}
    if demo:
        made[f"data/raw/{DEMO_MARKER}"] = b""
    stamp = "**SIMULATED observations alone: nothing here is a finding about a real place.** " if demo else ""
    made[f"data/{VERSION}"] = CaseVersion.now().text().encode()
    made["README.md"] = README.format(name=folder.resolve().name, stamp=stamp, version=__version__).encode()
    made |= {f"notebooks/{path.name}": _blank(path, site, demo=demo) for path in _notebooks()}
    files.make_folder(folder)
    for path, body in made.items():
        files.make_folder((folder / path).parent)
        files.replace_file(folder / path, body, private=True)
    files.make_folder(folder / "data" / "derived")


def _csv(table: str, rows: Sequence[Row]) -> bytes:
    return csv_text(pd.DataFrame(rows, columns=SCHEMAS[table].names)).encode()


def rows_of_site(shipped: Register, site_id: str, *, demo: bool) -> dict[str, list[Row]]:
    """Return the rows of a site, of all that it is a part of or that are parts of it, and of what they refer to.

    Those of a demo case are without the observations, which are real.
    """
    sites = {row["site_id"]: row for row in shipped.sites.to_dict("records")}
    claims, seen = shipped.claims.to_dict("records"), shipped.observations.to_dict("records")
    seen = [] if demo else seen
    wanted, waiting = set[str](), [site_id]
    site_of = {row["claim_id"]: row["site_id"] for row in claims}
    while waiting:
        one = waiting.pop()
        if one in wanted:
            continue
        wanted.add(one)
        waiting += [p for p in [sites[one]["parent"]] if p] + [s for s, row in sites.items() if row["parent"] == one]
        waiting += [site_of[o["source_claim_id"]] for o in seen if o["site_id"] == one and o["source_claim_id"]]
    of = {"sites": list(sites.values()), "claims": claims, "observations": seen}
    return {name: [row for row in rows if row["site_id"] in wanted] for name, rows in of.items()}


def _notebooks() -> Iterable[Path]:
    """Return the notebooks of the checkout or of the package."""
    here = Path(__file__).resolve()
    for folder in (here.parents[2] / "notebooks", here.parent / "notebooks"):
        if folder.is_dir():
            return sorted(folder.glob("[0-9]*.ipynb"))
    return []


def _blank(path: Path, site: str, *, demo: bool) -> bytes:
    """Return a notebook without outputs, whose first cell of code names this case and, where one is known, the site.

    In a case of real evidence it asks for real pictures and reads the case's own documents.
    """
    book = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        cell["outputs"], cell["execution_count"] = [], None
    for cell in cells[:1]:
        text = _assigned(_assigned("".join(cell["source"]), "CASE", ".."), "DEMO", demo)
        cell["source"] = (_assigned(text, "SITE", site) if site else text).splitlines(keepends=True)
    return (json.dumps(book, ensure_ascii=False, indent=1) + "\n").encode()


def _assigned(code: str, name: str, value: str | bool) -> str:
    """Return code with another value of a name that a line of its own sets; what stands behind # stays."""
    line = f"{name} = {value if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)}"
    return re.sub(rf"(?m)^{name} = [^#\n]*?(?=\s*(#|$))", lambda _: line, code)
