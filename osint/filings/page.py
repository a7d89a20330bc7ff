"""A body as the rules of the portals look at it: visible text, lines, tables, elements, JSON."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

from osint.filings.decode import decode
from osint.filings.grid import header_rows
from osint.filings.heads import BORDER
from osint.filings.html import VisibleText, cut_out, read_html

_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<div", b"<!--")
_LOOKED_AT_BYTES = 4 << 20
"""bytes of a page of markup that are read; what tells a refusal from a notice stands at the start"""


class Page:
    """A body with what the rules of the portals look at, each worked out once and only when it is asked for."""

    def __init__(self, raw: bytes, content_type: str):
        """Take the bytes of an answer and its header Content-Type."""
        self.raw = raw
        self.media_type = content_type.partition(";")[0].strip().lower()
        head = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        self.is_html = head.startswith(_MARKUP) or (
            self.media_type in ("text/html", "application/xhtml+xml") and b"<" in head
        )
        textual = self.is_html or re.match(r"text/|.*(?:json|xml|javascript)", self.media_type)
        self.is_binary = raw.startswith(b"%PDF-") or (not textual and b"\0" in raw[:4096])
        looked_at = raw if head.startswith((b"{", b"[")) or not self.is_html else raw[:_LOOKED_AT_BYTES]
        self.text = "" if self.is_binary else decode(looked_at, content_type).text

    @cached_property
    def data(self) -> Any:
        """The JSON of the body, also inside a JSONP call or one object per line; None where there is none."""
        text = self.text.strip()
        padded = re.fullmatch(r"[\w$.]+\((.*)\)\s*;?", text, re.DOTALL)  # JSONP
        text = padded[1] if padded else text
        if not text.startswith(("{", "[")):
            return None
        whole = _json_or_none(text)
        first = (
            _json_or_none(text.partition("\n")[0]) if whole is None else None
        )  # one object per line, as indexes answer
        return whole if first is None else [first]

    @cached_property
    def tree(self) -> Any:
        """The elements of a page for x-paths, read by lxml; None where there are none."""
        from lxml import html as lxml_html

        if not self.is_html or not self.text.strip():
            return None
        clean = re.sub(r"^\s*<\?xml[^>]*\?>", "", self.text).replace("\0", "")
        try:
            return lxml_html.document_fromstring(clean)
        except Exception:  # lxml raises several kinds for hostile markup; the page then has no tree
            return None

    @cached_property
    def _read(self) -> VisibleText:
        return read_html(self.text if self.is_html else "")

    @cached_property
    def _shown(self) -> str:
        return cut_out(self._read.text, self._read.hidden)

    @property
    def title(self) -> str:
        """The title of a page."""
        return self._read.title

    @property
    def has_media(self) -> bool:
        """Whether pictures, frames or players are shown."""
        return self._read.has_media

    @cached_property
    def visible(self) -> str:
        """The text that a reader sees, spaces squeezed; the whole text where the body is not a page."""
        return _squeezed(self._shown) if self.is_html else self.text

    @cached_property
    def text_outside_links(self) -> str:
        """The visible text without links, menus, page headers, footers and buttons."""
        read = self._read
        return _squeezed(cut_out(self._shown, read.link_spans + read.menus)) if self.is_html else self.text

    @cached_property
    def lines(self) -> list[str]:
        """The visible text, one line for each block or table row; of plain text one line or sentence each."""
        text = self._shown if self.is_html else re.sub(r"(?<=[。！？；])", "\n", self.text)
        return list(filter(None, map(_squeezed, text.split("\n"))))

    @cached_property
    def table_rows(self) -> list[list[dict[str, str]]]:
        """The tables of a page as rows by the words of their header cells, spanning cells in each row they cover."""
        return header_rows(self._read.cells)

    @cached_property
    def without_comments(self) -> str:
        """The markup without its comments."""
        return re.sub(r"<!--.*?(?:-->|\Z)", "", self.text, flags=re.DOTALL)


def element_text(element: Any) -> str:
    """Return the text of an element of a tree, spaces squeezed."""
    return " ".join(" ".join(element.itertext()).split())


def _squeezed(text: str) -> str:
    return " ".join(text.replace(BORDER, " ").split())


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
