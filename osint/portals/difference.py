"""Show how a page changed between two captures."""

from __future__ import annotations

import difflib
import re

from osint.filings import Page, block_lines

_SHOWN_LINES = 40


def difference(before: bytes, before_type: str, after: bytes, after_type: str) -> list[str]:
    """Return the lines of text that went (`-`) and came (`+`), or one sentence when no text changed."""
    if before == after:
        return ["the same bytes"]
    old, new = _lines(before, before_type), _lines(after, after_type)
    if old is None or new is None:
        return [f"the bytes differ ({len(before)} before, {len(after)} after); no text to compare"]
    changed = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    changed = [line for line in changed if not line.startswith("@@")]
    if not changed:
        return [f"the bytes differ ({len(before)} before, {len(after)} after) but the visible text is the same"]
    rest = len(changed) - _SHOWN_LINES
    return changed[:_SHOWN_LINES] + ([f"and {rest} more lines"] if rest > 0 else [])


def _lines(body: bytes, content_type: str) -> list[str] | None:
    page = Page(body, content_type)
    if page.is_binary:
        return None
    if page.tree is not None:
        return block_lines(page.tree)
    return [line.strip() for line in re.split(r"\n|(?<=[。！？；])", page.text) if line.strip()]
