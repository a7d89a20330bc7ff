"""Find digits of a web page that a font of the page's own may draw as others, a trick against machines that read."""

from __future__ import annotations

import base64
import html
import re
from typing import TYPE_CHECKING

from osint.filings import glyphs

if TYPE_CHECKING:
    from collections.abc import Iterator

_FACE = re.compile(r"@font-face\s{0,20}\{([^{}]{0,9000000})\}", re.IGNORECASE)
_FAMILY = re.compile(r"font-family\s{0,5}:\s{0,5}([^;{}]{1,300})", re.IGNORECASE)
_INLINE = re.compile(r"url\(\s{0,5}[\"']?data:[^,()\"']{0,100};base64,\s{0,5}([A-Za-z0-9+/=\s]{20,8000000})")
_RULE = re.compile(r"([^{}@;]{1,300})\{([^{}]{0,2000})\}")


def _named(words: str) -> list[str]:
    return [one.strip().strip("\"'").lower() for one in words.split(",")]


def _sheets(source: str) -> Iterator[str]:
    """Yield the style sheets inside a page; one that is not closed ends the search."""
    for match in re.finditer(r"<style[^>]{0,300}>", source, re.IGNORECASE):
        close = re.compile("</style", re.IGNORECASE).search(source, match.end())
        if close is None:
            return
        yield source[match.end() : close.start()]


def declared(source: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the fonts that the style sheets of a page declare, and the elements that they set in them."""
    fonts: dict[str, bytes] = {}
    families: dict[str, str] = {}
    if "@font-face" not in source:
        return fonts, families
    for sheet in _sheets(source):
        for face in _FACE.finditer(sheet):
            name, inline = _FAMILY.search(face[1]), _INLINE.search(face[1])
            if name:
                fonts[_named(name[1])[0]] = base64.b64decode(re.sub(r"\s", "", inline[1]) + "==") if inline else b""
        for rule in _RULE.finditer(_FACE.sub("", sheet)):
            name = _FAMILY.search(rule[2])
            own = next((one for one in _named(name[1]) if one in fonts), "") if name else ""
            for selector in rule[1].split(",") if own else ():
                families[
                    re.sub(r"::?[\w-]+(\([^)]*\))?", "", selector.strip().split()[-1] if selector.strip() else "*")
                ] = own
    return fonts, families


def family(tag: str, attributes: dict[str, str], fonts: dict[str, bytes], families: dict[str, str]) -> str:
    """Return the page's own font in which an element is set, by its style, class, id or tag; empty if in none."""
    name = _FAMILY.search(attributes.get("style", ""))
    for own in _named(html.unescape(name[1])) if name else ():
        if own in fonts:
            return own
    classes = [f".{name}" for name in attributes.get("class", "").split()]
    keys = [*classes, *(tag + name for name in classes), f"#{attributes.get('id', '')}", tag]
    return next((families[key] for key in keys if key in families), "")


_PRIVATE = re.compile("(?:[0-9０-９.,]{1,20}(?=[\ue000-\uf8ff]))?[\ue000-\uf8ff]+[0-9０-９.,\ue000-\uf8ff]*")
_DIGITS = re.compile("[0-9０-９]+")
_UNIT_BEHIND = re.compile("[0-9０-９.,万亿千元台套架张卡块枚个亩公平米兆瓦度%％PMkK万億萬]")


def doubts(
    text: str, drawn: list[tuple[int, int, str]], fonts: dict[str, bytes]
) -> tuple[list[tuple[int, int, str]], list[str]]:
    """Return (doubts, remarks) of digits that a font of the page's own may draw as something else."""
    found, hidden = [], 0
    for match in _PRIVATE.finditer(text):
        beside = text[match.end() : match.end() + 1]
        if re.search(r"\d", match.group()) or _UNIT_BEHIND.match(beside):
            hidden += 1
            found.append(
                (
                    match.start(),
                    match.end() + 1,
                    "check: private-use characters stand in the number, only a web font draws them",
                )
            )
    said = (
        [f"{hidden} numbers hold private-use characters that only a web font draws: read them on the page"]
        if hidden
        else []
    )
    for start, end, family in drawn:
        lies = glyphs.font_lies(fonts[family]) if fonts[family] else None
        numbers = [match.span() for match in _DIGITS.finditer(text, start, end)]
        if lies is False or not numbers:
            continue
        why = f"text layer and picture disagree: the page's font {family[:40]!r} draws other digits than the text says"
        if lies is None:
            why = f"set in a font of the page's own ({family[:40]!r}) that is not in the file: compare with the page as drawn"
        said.append(f"{why} ({len(numbers)} numbers)")
        if lies or sum(high - low for low, high in numbers) <= 0.5 * len(re.findall(r"\d", text)) or len(text) < 2000:
            found += [(low, min(high, low + 400), why) for low, high in numbers]
    return found, list(dict.fromkeys(said))
