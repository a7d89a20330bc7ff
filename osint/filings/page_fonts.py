"""Fonts that a page brings along, and the elements that it sets in them."""

from __future__ import annotations

import base64
import html
import re

from osint.filings.doubt import LONGEST_DOUBT, DoubtKind, FilingDoubt

_FACE = re.compile(r"@font-face\s{0,20}\{([^{}]{0,9000000})\}", re.IGNORECASE)
_FAMILY = re.compile(r"font-family\s{0,5}:\s{0,5}([^;{}]{1,300})", re.IGNORECASE)
_INLINE = re.compile(r"url\(\s{0,5}[\"']?data:[^,()\"']{0,100};base64,\s{0,5}([A-Za-z0-9+/=\s]{20,8000000})")
_RULE = re.compile(r"([^{}@;]{1,300})\{([^{}]{0,2000})\}")
_PSEUDO = re.compile(r"::?[\w-]+(\([^)]*\))?")
_PRIVATE = re.compile("(?:[0-9０-９.,]{1,20}(?=[\ue000-\uf8ff]))?[\ue000-\uf8ff]+[0-9０-９.,\ue000-\uf8ff]*")
_DIGIT_RUN = re.compile("[0-9０-９]+")
_UNIT_BEHIND = re.compile("[0-9０-９.,万亿千元台套架张卡块枚个亩公平米兆瓦度%％PMkK万億萬]")


def _families(style: str) -> list[str]:
    """Return the font families that a style asks for, in order."""
    named = _FAMILY.search(style)
    return [one.strip().strip("\"'").lower() for one in named[1].split(",")] if named else []


def declared_fonts(source: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the fonts that the style sheets of a page declare, and the elements that they set in them."""
    fonts: dict[str, bytes] = {}
    set_in: dict[str, str] = {}
    if "@font-face" not in source:
        return fonts, set_in
    for opening in re.finditer(r"<style[^>]{0,300}>", source, re.IGNORECASE):
        close = re.compile("</style", re.IGNORECASE).search(source, opening.end())
        if close is None:  # a sheet that is not closed ends the search
            break
        sheet = source[opening.end() : close.start()]
        for face in _FACE.finditer(sheet):
            inline = _INLINE.search(face[1])
            for family in _families(face[1])[:1]:
                fonts[family] = base64.b64decode(re.sub(r"\s", "", inline[1]) + "==") if inline else b""
        for rule in _RULE.finditer(_FACE.sub("", sheet)):
            own = next((family for family in _families(rule[2]) if family in fonts), "")
            for selector in rule[1].split(",") if own else ():
                set_in[_PSEUDO.sub("", selector.split()[-1] if selector.strip() else "*")] = own
    return fonts, set_in


def font_family(tag: str, attributes: dict[str, str], fonts: dict[str, bytes], set_in: dict[str, str]) -> str:
    """Return the page's own font in which an element is set, by its style, class, id or tag; empty if in none."""
    asked = [family for family in _families(html.unescape(attributes.get("style", ""))) if family in fonts]
    classes = [f".{name}" for name in attributes.get("class", "").split()]
    keys = [*classes, *(tag + name for name in classes), f"#{attributes.get('id', '')}", tag]
    return next(iter([*asked, *(set_in[key] for key in keys if key in set_in)]), "")


def page_doubts(
    text: str, drawn: list[tuple[int, int, str]], fonts: dict[str, bytes]
) -> tuple[list[FilingDoubt], list[str]]:
    """Return (doubts, remarks) of digits that a font of the page's own may draw as something else.

    `drawn` gives (start, end, family) of the words in such a font, `fonts` the file of each family.
    """
    found = [
        FilingDoubt(match.start(), match.end() + 1, DoubtKind.PRIVATE_USE)
        for match in _PRIVATE.finditer(text)
        if re.search(r"\d", match.group()) or _UNIT_BEHIND.match(text, match.end())
    ]
    words = "numbers hold private-use characters that only a web font draws: read them on the page"
    remarks = [f"{len(found)} {words}"] if found else []
    if not drawn:
        return found, remarks
    from osint.filings.glyphs import font_lies  # loads the reader of PDFs

    digits = len(re.findall(r"\d", text))
    for start, end, family in drawn:
        numbers = [match.span() for match in _DIGIT_RUN.finditer(text, start, end)]
        differs = font_lies(fonts[family]) if fonts[family] else None
        if differs is False or not numbers:
            continue
        kind = DoubtKind.PAGE_FONT_MISSING if differs is None else DoubtKind.PAGE_FONT_DIFFERS
        doubts = [FilingDoubt(low, min(high, low + LONGEST_DOUBT), kind, repr(family[:40])) for low, high in numbers]
        remarks.append(f"{doubts[0].sentence} ({len(numbers)} numbers)")
        if differs or sum(high - low for low, high in numbers) <= 0.5 * digits or len(text) < 2000:
            found += doubts
    return found, list(dict.fromkeys(remarks))
