"""Notebook 02: what do the documents say? Quantities with their words, copies, sums, and what a person decides of each.

Nothing is decided by running the cells, and nothing is written but at the press of a person.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint import claims, filings
from osint.errors import OsintError
from osint.notebook.desk import NO_SITE, Desk, of_a_site, page_of
from osint.notebook.endings import NEVER, next_in_words
from osint.notebook.forms import Form
from osint.notebook.shows import Cell, Said, Shown, Table, closing
from osint.register import TIERS

if TYPE_CHECKING:
    from osint.filings import Filing

FOLDER, LOG, EXAMPLE_LOG = "documents", "reviews.jsonl", "example_reviews.jsonl"
SUFFIXES = (".html", ".htm", ".mhtml", ".pdf", ".docx", ".xlsx", ".txt")
MOST_DOCUMENTS = 40
HAND_IN = f"Put pages, PDFs and tables into the folder {FOLDER}/ of the case (notebook 01), or set DEMO = True."
KNOWN_OF_A_DOCUMENT = (
    ("claimant", "who says it"),
    ("source_publisher", "who published it"),
    ("source_url", "https://..."),
    ("date", "of the text, as 2025-06-28"),
    ("independence_group", "one name for all copies of one text"),
)
"""What no document says of itself in a form that could be trusted, and a person types."""


@dataclass(frozen=True, eq=False, repr=False)
class Documents(Shown):
    """The documents of a case as text with a map back to their bytes, or SIMULATED examples."""

    desk: Desk
    read: Mapping[str, Filing]
    failed: tuple[str, ...]
    simulated: bool

    @cached_property
    def claims(self) -> pd.DataFrame:
        """Every quantity of the documents, one row each (columns of `filings.claims_of`, and `published`)."""
        tables = [filings.claims_of(f).assign(published=str(f.facts.published or "")) for f in self.read.values()]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    @property
    def log(self) -> Path:
        """The log of the decisions; an example keeps its own."""
        name = EXAMPLE_LOG if self.simulated else LOG
        return self.desk.case.path / "derived" / name if self.simulated else self.desk.case.path / name

    @property
    def stamp(self) -> str:
        """The word that stands on all that is invented."""
        return "SIMULATED. " if self.simulated else ""

    def text(self) -> str:
        """Return what was read, in words."""
        return _what_they_are(self).text()

    def html(self) -> str:
        """Return what was read as a table."""
        return _what_they_are(self).html()


def documents(desk: Desk) -> Documents:
    """Read the documents of the case; with `demo` three SIMULATED ones that come with the package.

    A file that cannot be read is named with its reason, and the others are read.
    """
    if desk.demo:
        with _samples() as folder:
            return _read(desk, sorted(folder.glob("*.html")), simulated=True)
    folder = desk.case.path / FOLDER
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES and p.is_file() and not p.is_symlink())
    return _read(desk, found[:MOST_DOCUMENTS], simulated=False)


@contextmanager
def _samples() -> Iterator[Path]:
    with as_file(files("osint.notebook") / "samples") as folder:
        yield folder


def _read(desk: Desk, paths: list[Path], *, simulated: bool) -> Documents:
    read, failed = {}, []
    for path in paths:
        try:
            read[path.name] = filings.parse(path.read_bytes(), path.name)
        except (OsintError, OSError) as error:
            failed.append(f"{path.name}: {error}")
    return Documents(desk, read, tuple(failed), simulated)


def _what_they_are(docs: Documents) -> Shown:
    rows = []
    for name, filing in docs.read.items():
        about = filings.about(filing)
        facts = about.facts
        remarks = "; ".join(
            (*about.remarks, *([f"no text on pages {about.pages_without_text}"] if about.pages_without_text else []))
        )
        rows.append(
            (name, about.medium.value, facts.title, about.published, facts.project_code, len(_of(docs, name)), remarks)
        )
    rows += [(line.partition(": ")[0], "not read", "", "", "", 0, line.partition(": ")[2]) for line in docs.failed]
    heads = ("document", "kind", "title", "date", "project code", "numbers", "what to know")
    caption = f"{docs.stamp}Each character keeps its place in the bytes, the cell or the page."
    return Table.of(heads, rows, caption, f"No document is on file. {HAND_IN}")


def _of(docs: Documents, name: str) -> pd.DataFrame:
    return docs.claims[docs.claims["file"] == name] if len(docs.claims) else docs.claims


def quantities(docs: Documents) -> Shown:
    """Return every number of the documents: kind, as written, in one unit, chip, state, day, and its words."""
    rows = []
    for row in docs.claims.to_dict("records"):
        ends = [f"{v:,.12g}" for v in dict.fromkeys((row["si_low"], row["si_high"])) if math.isfinite(v)]
        size = row["si_low"] if math.isfinite(row["si_low"]) else row["si_high"]
        unit = "" if row["si_unit"] == "count" else f" {row['si_unit']}"
        rows.append(
            (
                row["kind"],
                Cell(f"{' to '.join(ends)}{unit}", number=float(size) if math.isfinite(size) else None),
                row["qualifier"],
                row["chip_model"],
                f"{row['aim'] or 'none'}; {row['modality'] or 'not stated'}",
                row["date"],
                Cell(row["file"], chinese=row["quote"]),
                "; ".join(filter(None, (row["warning"], row["alternatives"]))),
            )
        )
    heads = ("kind", "value", "qualifier", "chip", "state", "for the day", "words, and where", "doubt")
    return Table.of(
        heads, rows, f"{docs.stamp}{len(rows)} numbers, none of them reviewed.", f"No number was read. {HAND_IN}"
    )


class Sheet(Shown):
    """The review sheet: each claim beside its crop, with the decision so far."""

    def __init__(self, docs: Documents) -> None:
        self._docs = docs

    def text(self) -> str:
        """Return how many claims are open."""
        table = _table(self._docs)
        return f"{self._docs.stamp}{int((table['decision'] == '').sum())} of {len(table)} claims are open."

    def html(self) -> str:
        """Return the sheet."""
        return filings.review_sheet(_table(self._docs), self._docs.read)


def _table(docs: Documents) -> pd.DataFrame:
    log = docs.log if docs.log.is_file() else None
    return filings.start_review(docs.claims, log)


def review_sheet(docs: Documents) -> Shown:
    """Return each number as it stands in its document, with the decision so far."""
    if not len(docs.claims):
        return Said((f"There is nothing to review. {HAND_IN}",))
    return Sheet(docs)


def review(docs: Documents) -> Shown:
    """Return the form at which a person accepts, changes or rejects each number; running the cell decides nothing.

    Every field can be put right there. A Chinese quote needs its translation before it is accepted, and each number the
    answer whether other claims may be tested with it.
    """
    if not len(docs.claims):
        return Said((f"There is nothing to review. {HAND_IN}",))
    where = "an example log of its own" if docs.simulated else f"{LOG} of the case"
    words = f"{docs.stamp}Decisions are made at the buttons below, under a name, and kept in {where}."
    return Form(Said((words,)), lambda: _form(docs).widget)


def _form(docs: Documents) -> filings.ReviewForm:
    docs.log.parent.mkdir(parents=True, exist_ok=True)
    return filings.ReviewForm(docs.claims, docs.read, docs.log, site_id=docs.desk.site_id, rows=5)


def copies_of(docs: Documents) -> Shown:
    """Return which documents tell one story, and what a later copy made of a number of the earliest."""
    if not len(docs.claims):
        return Said((f"There is nothing to compare. {HAND_IN}",))
    grouped = claims.group_syndicated(docs.claims)
    rows = [
        (
            row["independence_group"],
            row["file"],
            row["earliest"],
            row["mutation"] or "as in the first",
            Cell("", chinese=row["quote"]),
        )
        for row in grouped.to_dict("records")
        if (grouped["independence_group"] == row["independence_group"]).sum() > 1
    ]
    heads = ("story", "stands in", "first in", "what the copy made of it", "words")
    return Table.of(
        heads, rows, f"{docs.stamp}Copies are one witness.", f"{docs.stamp}No two documents tell one story."
    )


def sums(docs: Documents) -> Shown:
    """Return the sums of the documents that do not come out, and the numbers stated twice with two values."""
    told = []
    for name, filing in docs.read.items():
        found = claims.check_sums(filing.text, filing.cells, filings.claims_of(filing))
        told += [f"{docs.stamp}{name}: {one.words}." for one in found]
    return Said(tuple(told or [f"{docs.stamp}Every sum that is stated comes out."]))


def write(docs: Documents) -> Shown:
    """Return the form that writes what was accepted into the register, once who says it and where is typed."""
    if docs.simulated and not docs.desk.case.is_demo:
        return Said(("SIMULATED documents do not enter a case of real evidence, so nothing can be written here.",))
    if not len(docs.claims):
        return Said((f"There is nothing to write. {HAND_IN}",))
    words = "What was accepted is written at the button below; a row in the register is never rewritten."
    return Form(Said((f"{docs.stamp}{words}",)), lambda: _writer(docs))


def _writer(docs: Documents) -> Any:
    import ipywidgets as kit

    style, wide = {"description_width": "150px"}, kit.Layout(width="560px")
    name = kit.Dropdown(options=list(docs.read), description="document", layout=wide, style=style)
    boxes = {
        column: kit.Text(description=column.replace("_", " "), placeholder=hint, layout=wide, style=style)
        for column, hint in KNOWN_OF_A_DOCUMENT
    }
    tier = kit.Dropdown(options=list(TIERS), description="kind of publisher", layout=wide, style=style)
    press, said = kit.Button(description="write", button_style="success"), kit.HTML()

    def enter(_: object) -> None:
        about = {column: box.value.strip() for column, box in boxes.items()} | {"source_tier": str(tier.value)}
        said.value = _entered(docs, name.value, about)

    press.on_click(enter)
    return kit.VBox([name, *boxes.values(), tier, press, said])


def _entered(docs: Documents, name: str, about: dict[str, str]) -> str:
    from markupsafe import escape

    if missing := [
        column.replace("_", " ") for column in ("claimant", "source_publisher", "date") if not about[column]
    ]:
        return f"Say {' and '.join(missing)} first."
    about |= {"site_id": docs.desk.site_id, "group_reason": "by hand: as typed when it was reviewed"}
    about["independence_group"] = about["independence_group"] or f"G-{name}"
    table = _table(docs)
    try:
        register = docs.desk.case.path / "raw" / "claims.csv"
        count = filings.write_reviewed(table[table["file"] == name], register, docs.log, about)
    except OsintError as error:
        return str(escape(f"{error}."))
    told = f"{count} claim{'s' * (count != 1)} of {escape(name)} written."
    return f"{told} Run the first cell again to see what they change."


@of_a_site
def register_says(desk: Desk) -> Shown:
    """Return the claims of the site as the register has them, Chinese beside the translation, with page and copies."""
    rows = []
    for claim in desk.site.claims:
        words = Cell(claim.translation, chinese=claim.quote) if claim.quote_language == "zh" else claim.quote
        page = Cell(claim.source_publisher, links=page_of(claim))
        number = Cell(claim.told(), number=None)
        evidence = "yes" if claim.evidence_use else "no"
        rows.append((claim.claim_id, number, words, claim.claimant, claim.rung or "", page, evidence))
    heads = ("claim", "number", "words", "who says it", "state", "source", "may test others")
    return Table.of(heads, rows, "", "No claim is on file for this site.")


def may_be_said_of_documents(docs: Documents) -> Shown:
    """Return what may be said of the documents and what may not, and the one next step."""
    if not docs.desk.site_id:
        return Said((NO_SITE,))
    groups = {c.independence_group for c in docs.desk.site.claims}
    count = len(docs.desk.site.claims)
    may = (
        [f"{count} claims on {docs.desk.site.name} are on file, from {len(groups)} independent sources."]
        if count
        else []
    )
    may_not = [*NEVER, "That a number is right because two pages print it: a copy is no second witness."]
    if docs.simulated:
        may_not.append("Anything that the documents above say: they are SIMULATED.")
    return closing(may, may_not, next_in_words(docs.desk))
