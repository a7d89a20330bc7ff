"""Text of the data on its way to a reader: characters that steer what shows them, or are shown as nothing, as marks.

A name may hold the escape of a terminal, a character that turns the order of letters, or one that no XML may hold. What
is written to a terminal, a page, a map or a log says so, as [U+202E], instead of obeying it.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Undefined

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls of a terminal, ESC and BEL among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # order of letters
    "\u2028\u2029\ufeff\ufff9-\ufffb\ufffe\uffff"  # ends of lines, marks of order, no characters
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, tags
)


def shown(text: str, keep: str = "") -> str:
    """Return a text with a mark for each character that would steer what shows it; those in `keep` stay.

    >>> shown("a\\x1b[2Jb\\u202ec"), shown("a\\nb", keep="\\n")
    ('a[U+001B][2Jb[U+202E]c', 'a\\nb')
    """
    return _STEERING.sub(lambda one: one[0] if one[0] in keep else f"[U+{ord(one[0]):04X}]", text)


def shown_in_json(text: str) -> str:
    """Return JSON with the same characters as escapes of JSON, which every reader of it undoes."""
    return _STEERING.sub(lambda one: one[0] if one[0] in "\n\t" else _escape(ord(one[0])), text)


def _escape(code: int) -> str:
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


LEAST_COLUMN = 4
"""Columns of a terminal below which no column of a table is cut."""


def width_of(text: str) -> int:
    """Return the columns that a text takes in a terminal: Chinese characters take two.

    >>> width_of("P"), width_of("哈密")
    (1, 4)
    """
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in text)


def cut(text: str, width: int) -> str:
    """Return a text that takes at most `width` columns, with … at its end where some of it is left out.

    >>> cut("哈密市伊吾县", 7)
    '哈密市…'
    """
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def table_text(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return rows of texts as a table with aligned columns.

    The widest columns are cut until a line takes `width` columns: by default those of the terminal, or of COLUMNS; a
    table that goes to a file or a pipe is not cut.
    """
    cells = [[" ".join(cell.split()) for cell in row] for row in (heads, *rows)]
    widths = [max(width_of(row[i]) for row in cells) for i in range(len(heads))]
    most = shutil.get_terminal_size((0, 0)).columns if width is None else width
    while most and sum(widths) + 2 * (len(widths) - 1) > most and max(widths) > LEAST_COLUMN:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in cells:
        shown_cells = (cut(cell, wide) for cell, wide in zip(row, widths, strict=True))
        lines.append(
            "  ".join(cell + " " * (wide - width_of(cell)) for cell, wide in zip(shown_cells, widths, strict=True))
        )
    return "\n".join(line.rstrip() for line in lines)


def marked(value: object) -> object:
    """Return a value on its way into a page: a text with its steering characters as marks, anything else as it is."""
    from markupsafe import Markup

    return shown(value, keep="\n\t") if isinstance(value, str) and not isinstance(value, Markup) else value


def page_templates(room: str, unknown: type[Undefined] | None = None) -> Environment:
    """Return the templates of a room, as "osint.report": every text is escaped and marked.

    A name that a template does not know is an error; `unknown` sets another rule.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(room),
        autoescape=True,
        undefined=unknown or StrictUndefined,
        finalize=marked,
        trim_blocks=True,
        lstrip_blocks=True,
    )
