"""Text of the data on its way to a reader: characters that steer what shows them, or are shown as nothing, as marks.

A name may hold the escape of a terminal, a character that turns the order of letters, or one that no XML may hold. What
is written to a terminal, a page, a map or a log says so, as [U+202E], instead of obeying it.
"""

from __future__ import annotations

import re

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
