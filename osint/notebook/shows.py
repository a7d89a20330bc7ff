"""What a cell of a notebook shows: sentences, a picture or a table, as HTML without a script of its own and as text.

Every text of a source is escaped, and characters that would steer the page are marked. Nothing is loaded from outside.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from osint.shown import page_templates, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 105
MOST_ROWS = 200
NOTHING_YET = "nothing yet beyond the quotes themselves."
SORT = (
    "(b=>{const t=b.closest('table'),i=b.parentNode.cellIndex,d=b.dataset.d=b.dataset.d==='1'?'-1':'1',"
    "n=c=>{const x=c.dataset.n;return x===undefined||x===''?null:+x};"
    "[...t.tBodies[0].rows].sort((p,q)=>{const a=n(p.cells[i]),z=n(q.cells[i]);"
    "return d*(a!==null&&z!==null?a-z:p.cells[i].textContent.localeCompare(q.cells[i].textContent))})"
    ".forEach(r=>t.tBodies[0].append(r))})(this)"
)
"""What a press on a head of a table does: it sorts the rows by that column, and back at the next press."""


@cache
def _templates() -> Any:
    return page_templates("osint.notebook").get_template("shown.html").module


class Shown:
    """Something that a cell shows: `text()` is what a terminal gets, the notebook gets the same as HTML."""

    def text(self) -> str:
        """Return it as plain text."""
        raise NotImplementedError

    def html(self) -> str:
        """Return it as HTML."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return shown(self.text(), keep="\n")


@dataclass(frozen=True, repr=False)
class Said(Shown):
    """Sentences, one to a line, under a heading if there is one."""

    lines: tuple[str, ...]
    heading: str = ""
    warns: bool = False
    """Whether they must not be overlooked (SIMULATED, a refusal)."""

    def text(self) -> str:
        """Return the sentences as lines."""
        return "\n".join([*([self.heading] if self.heading else []), *self.lines])

    def html(self) -> str:
        """Return the sentences as paragraphs."""
        return str(_templates().said(self))


@dataclass(frozen=True, repr=False)
class Picture(Shown):
    """A picture with the words that stand for it."""

    body: bytes = field(repr=False)
    """PNG."""
    alt: str

    @classmethod
    def of(cls, figure: Figure) -> Picture:
        """Draw a figure whose label is its text for readers who do not see it."""
        import matplotlib as mpl
        from PIL import Image

        held, small = io.BytesIO(), io.BytesIO()
        with mpl.rc_context({"svg.hashsalt": "osint", "text.parse_math": False}):
            figure.savefig(held, format="png", dpi=DPI, metadata={"Software": None})
        Image.open(held).convert("RGB").save(small, "PNG", optimize=True)
        return cls(small.getvalue(), str(figure.get_label()))

    def text(self) -> str:
        """Return the words that stand for the picture."""
        return f"[picture] {self.alt}"

    def html(self) -> str:
        """Return the picture as part of the page."""
        return str(_templates().picture(base64.b64encode(self.body).decode(), self.alt))


@dataclass(frozen=True)
class Cell:
    """A cell of a table: words, perhaps in Chinese with a translation, perhaps with a link or a number to sort by."""

    words: str
    chinese: str = ""
    """The same in Chinese, shown first, as it stands in the source."""
    links: tuple[tuple[str, str], ...] = ()
    """(label, address); what is not an address of the web is shown as text."""
    number: float | None = None
    interval: tuple[float, float, float] | None = None
    """Low, best and high of what the words say: drawn as a bar, on one scale for the whole column."""

    def safe_links(self) -> list[tuple[str, str, bool]]:
        """Return label, address, and whether it may be followed: http and https alone."""
        return [(label, url, is_web(url)) for label, url in self.links if url]


def is_web(url: str) -> bool:
    """Return whether a text is an address of the web."""
    try:
        return urlsplit(url).scheme in {"http", "https"} and bool(urlsplit(url).hostname)
    except ValueError:
        return False


@dataclass(frozen=True, repr=False)
class Table(Shown):
    """A table that sorts by a press on a head, and scrolls sideways instead of being cut."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    empty: str = "Nothing is on file."
    """Said in place of a table without rows."""

    @classmethod
    def of(cls, columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "", empty: str = "") -> Table:
        """Make a table of plain values; a number sorts as a number."""
        made = tuple(tuple(_cell(value) for value in row) for row in rows)
        return cls(tuple(columns), made, caption, empty or cls.empty)

    def text(self) -> str:
        """Return the table with a line for each row, its cells apart by bars."""
        if not self.rows:
            return self.empty
        lines = [" | ".join(" / ".join(filter(None, (c.chinese, c.words))) for c in row) for row in self.rows]
        return "\n".join([*([self.caption] if self.caption else []), " | ".join(self.columns), *lines])

    def html(self) -> str:
        """Return the table with heads that sort."""
        rows = self.rows[:MOST_ROWS]
        more = max(len(self.rows) - MOST_ROWS, 0)
        return str(_templates().table(self, rows, more, SORT, _bars(rows)))


BAR_PX, FAR_APART = 130.0, 30.0
"""Width of a bar, and the ratio of ends above which the scale of a column is logarithmic."""


def _bars(rows: Sequence[Sequence[Cell]]) -> dict[tuple[int, int], tuple[float, float, float]]:
    """Return start, middle and width (pixels) of the bar of each cell with an interval, by row and column."""
    held = {(r, c): cell.interval for r, row in enumerate(rows) for c, cell in enumerate(row) if cell.interval}
    bars = {}
    for column in {c for _, c in held}:
        own = {at: ends for at, ends in held.items() if at[1] == column and all(map(math.isfinite, ends))}
        low, high = min((e[0] for e in own.values()), default=0.0), max((e[2] for e in own.values()), default=0.0)
        wide = low > 0 and high > FAR_APART * low
        first, last = (math.log(low), math.log(high)) if wide else (min(low, 0.0), high)
        for at, ends in own.items():
            where = [((math.log(v) if wide else v) - first) / ((last - first) or 1.0) * BAR_PX for v in ends]
            bars[at] = (round(where[0], 1), round(where[1], 1), round(max(where[2] - where[0], 1.0), 1))
    return bars


def _cell(value: object) -> Cell:
    if isinstance(value, Cell):
        return value
    if isinstance(value, bool) or value is None:
        return Cell("" if value is None else "yes" if value else "no")
    if isinstance(value, int | float):
        return Cell("" if math.isnan(value) else f"{value:,.12g}", number=float(value))
    return Cell(str(value))


@dataclass(frozen=True, repr=False)
class Several(Shown):
    """Several things below each other."""

    parts: tuple[Shown, ...]

    def text(self) -> str:
        """Return their texts with an empty line between them."""
        return "\n\n".join(part.text() for part in self.parts)

    def html(self) -> str:
        """Return their HTML one after the other."""
        return "\n".join(part.html() for part in self.parts)


@dataclass(frozen=True, repr=False)
class Closing(Shown):
    """The end of a notebook: what may be said, what may not, and the one next step."""

    may: tuple[str, ...]
    may_not: tuple[str, ...]
    following: str
    cite: str = ""

    def text(self) -> str:
        """Return it as lines, each with the word that it stands under."""
        lines = [f"MAY BE SAID: {line}" for line in self.may or (NOTHING_YET,)]
        lines += [f"MAY NOT BE SAID: {line}" for line in self.may_not]
        lines += [f"NEXT: {self.following}"]
        return "\n".join([*lines, *([f"CITE: {self.cite}"] if self.cite else [])])

    def html(self) -> str:
        """Return it as two lists and the next step."""
        return str(_templates().closing(self, self.may or (NOTHING_YET,)))


def closing(may: Sequence[str], may_not: Sequence[str], following: str, cite: str = "") -> Closing:
    """Return the end of a notebook."""
    return Closing(tuple(may), tuple(may_not), following, cite)
