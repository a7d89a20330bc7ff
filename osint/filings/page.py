"""Decode a body and work out what a reader would see of it."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from lxml import html as lxml_html


def element_text(element: Any) -> str:
    """Return the text of an element, spaces squeezed."""
    return re.sub(r"\s+", " ", " ".join(element.itertext())).strip()


_LOOKED_AT_BYTES = 4 << 20
"""Of a page of markup; what tells a block from a notice stands at the start."""


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _without_comments(text: str) -> str:
    """Drop the comments in one pass; a regular expression takes hours on a page of openings."""
    kept, start = [], 0
    while (begin := text.find("<!--", start)) >= 0:
        kept.append(text[start:begin])
        end = text.find("-->", begin + 4)
        if end < 0:
            return "".join(kept)
        start = end + 3
    return "".join([*kept, text[start:]])


class Page:
    """A body with what the rules look at, worked out once."""

    def __init__(self, raw: bytes, content_type: str):
        self.raw = raw
        self.media_type = content_type.partition(";")[0].strip().lower()
        head = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        self.is_html = head.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<div", b"<!--"))
        self.is_html = self.is_html or (self.media_type in ("text/html", "application/xhtml+xml") and b"<" in head)
        textual = self.media_type.startswith("text/") or re.search(r"json|xml|javascript", self.media_type)
        self.is_binary = not self.is_html and not textual and (b"\0" in raw[:4096] or raw.startswith(b"%PDF-"))
        self.is_binary = self.is_binary or raw.startswith(b"%PDF-")
        looked_at = raw if head.startswith((b"{", b"[")) or not self.is_html else raw[:_LOOKED_AT_BYTES]
        self.text = "" if self.is_binary else decode(looked_at, content_type)[0]
        self.data = self._json()
        self.tree = self._tree()
        self.title = ""
        self.visible = self.text if not self.is_html else ""
        self.text_outside_links = self.visible
        self.has_media = False
        self.without_comments = _without_comments(self.text)
        if self.tree is not None:
            self._look()

    def _json(self) -> Any:
        text = self.text.strip()
        padded = re.fullmatch(r"[\w$.]+\((.*)\)\s*;?", text, re.S)  # JSONP
        text = padded.group(1) if padded else text
        if not text.startswith(("{", "[")):
            return None
        whole = _json_or_none(text)
        first = _json_or_none(text.partition("\n")[0]) if whole is None else None
        return whole if first is None else [first]  # one object a line, as indexes answer

    def _tree(self) -> Any:
        if not self.is_html or not self.text.strip():
            return None
        clean = re.sub(r"^\s*<\?xml[^>]*\?>", "", self.text).replace("\0", "")
        try:
            return lxml_html.document_fromstring(clean)
        except Exception:  # lxml raises several kinds for hostile markup; the page then has no tree
            return None

    def _look(self) -> None:
        titles = [t.text_content() for t in self.tree.iter("title")]
        self.title = (titles[0] if titles else "").strip()
        self.has_media = any(True for _ in self.tree.iter("img", "iframe", "embed", "object", "video"))
        self.visible = _joined(self.tree, _HIDDEN)
        menus = (*_HIDDEN, "a", "nav", "header", "footer", "button", "select")
        self.text_outside_links = _joined(self.tree, menus)


_HIDDEN = ("script", "style", "noscript", "title", "template", "head")
_BLOCKS = frozenset(
    {
        "address",
        "article",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
    }
    | {"p", "pre", "section", "table", "td", "th", "tr", "ul"}
)


def block_lines(tree: Any) -> list[str]:
    """Return the visible text of a tree, one line for each block such as a paragraph or a cell."""
    lines = "".join(_pieces(tree, _HIDDEN, "\n")).split("\n")
    return [line for line in (re.sub(r"\s+", " ", raw).strip() for raw in lines) if line]


def _joined(tree: Any, dropped: tuple[str, ...]) -> str:
    """Return the text of a tree without some elements, spaces squeezed."""
    return re.sub(r"\s+", " ", "".join(_pieces(tree, dropped, " "))).strip()


def _pieces(tree: Any, dropped: tuple[str, ...], between: str) -> list[str]:
    """Return the texts of a tree in order, with a separator around each block."""
    parts: list[str] = []
    stack: list[Any] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            parts.append(one)
            continue
        if one.tail and one is not tree:
            stack.append(one.tail)
        if not isinstance(one.tag, str) or one.tag in dropped or "display:none" in one.get("style", ""):
            continue
        if one.tag in _BLOCKS:
            parts.append(between)
            stack.append(between)
        stack.extend(reversed(list(one)))
        if one.text:
            parts.append(one.text)
    return parts


_COMMON = set(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民"
    "得经三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社"
    "义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通"
    "并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九"
    "區強放決西被幹做必戰先回則任取據處隊南給色光門即保治北造百規熱領七海口東導器壓志世金增爭濟階油思術極交受聯什認六共權收證"
    "改清己美再採轉更單風切打白教速花帶安場身車例真務具萬每目至達走積示議聲報鬥完類八離華名確才科張信馬節話米整空元況今集溫傳"
    "招标采购项目中心公告公司算服务器区强决网站信息页面访问您的页在与对时发这个们来会关开号计书东实图万专业务华内电气标项购询"
    "購訊網頁應務電這個對時發來們會關開號計書實圖萬專業標項詢"
)


def decode(raw: bytes, content_type: str = "") -> tuple[str, str]:
    """Return the text of a body and the encoding used: BOM, label, strict UTF-8, then the likeliest.

    Labels gb2312 and gbk are read as gb18030, as browsers do. Bytes that fit no encoding in full are shown
    as replacement characters; nothing is guessed silently: the hash is always over the raw bytes.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return raw.decode(name, "replace"), name
    labels = [_label(content_type)]
    meta = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)", raw[:4096], re.I)
    labels.append(_known(meta.group(1).decode("ascii", "replace")) if meta else "")
    candidates = list(dict.fromkeys([label for label in labels if label] + ["utf-8", "gb18030", "big5hkscs"]))
    try:
        return raw.decode("utf-8"), "utf-8"  # longer Chinese text in another encoding is never valid UTF-8
    except UnicodeDecodeError as error:
        if error.start > max(64, len(raw) - 4):  # only the last character is cut
            return raw[: error.start].decode("utf-8"), "utf-8"
    scored = []
    for rank, name in enumerate(candidates):
        scored.append((_doubt(raw[:_SCORED_BYTES].decode(name, "replace")), rank, name))
    best = min(scored)[2]
    return raw.decode(best, "replace"), best


_SCORED_BYTES = 1 << 17


def _label(content_type: str) -> str:
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.I)
    return _known(found.group(1)) if found else ""


def _known(label: str) -> str:
    label = label.lower()
    if label in ("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "gb18030"):
        return "gb18030"
    if label in ("big5", "big5-hkscs", "x-x-big5"):
        return "big5hkscs"
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    # a label of Latin-1 fits any bytes and so proves nothing; it is the silent default of many servers
    return "" if name in ("iso8859-1", "cp1252", "ascii", "utf-7") or not hasattr(codecs, "lookup") else name


def _doubt(text: str) -> float:
    """Return how little a text looks like Chinese: unreadable and rare characters per letter."""
    letters = [c for c in text if ord(c) > 127]
    if not letters:
        return 0.0
    bad = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in letters)
    rare = sum("\u4e00" <= c <= "\u9fff" and c not in _COMMON for c in letters)
    odd = sum(
        not ("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or "\uff00" <= c <= "\uffef") for c in letters
    )
    return (3 * bad + rare + 0.5 * odd) / len(letters)
