"""A font for Chinese from inside the Python environment, and a count of the glyphs that a text would miss."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from osint.shown import shown

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

_NOT_NEEDED = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "VORG", "gasp", "prep")
"""Tables of a font that no single character on a page needs; without `name` a browser refuses the font."""
FIRST_CHINESE = 0x2E7F  # last character before the radicals, from which on the font for Chinese is needed


@cache
def chinese_font() -> Path | None:
    """Return the path of Noto Sans SC (SIL OFL) in the package zhplot, which is never imported; None without it."""
    spec = importlib.util.find_spec("zhplot")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "fonts" / "NotoSansSC-Regular.ttf"
        if path.is_file():
            return path
    return None


@cache
def font_families() -> list[str]:
    """Return the font families for figures, with Chinese behind the Latin default; registers the font once."""
    from matplotlib import font_manager

    path = chinese_font()
    if path is None:
        return ["DejaVu Sans"]
    fonts = font_manager.fontManager
    fonts.addfont(path)
    # the font has one weight; named a second time as bold, it is what matplotlib finds where bold is asked for
    fonts.ttflist += [replace(font, weight="bold") for font in fonts.ttflist if font.fname == str(path)]
    return ["DejaVu Sans", font_manager.FontProperties(fname=str(path)).get_name()]


def families_for(text: str) -> list[str]:
    """Return the font families that a text needs: the one for Chinese is slow to load."""
    return font_families() if any(ord(c) > FIRST_CHINESE for c in text) else ["DejaVu Sans"]


def font_subset(text: str, font_bytes: bytes | None = None) -> bytes | None:
    """Return the Chinese font cut down to the characters of a text, as WOFF, for a page that must open anywhere.

    `font_bytes` is an earlier cut that holds all of them, to cut from in place of the whole font. None where no font is
    installed, and for a text that needs none.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    path = chinese_font()
    wanted = "".join(sorted(c for c in set(text) if ord(c) > FIRST_CHINESE))
    if path is None or not wanted:
        return None
    font = TTFont(path if font_bytes is None else BytesIO(font_bytes), recalcTimestamp=False, recalcBBoxes=False)
    for table in _NOT_NEEDED:
        if table in font:
            del font[table]
    font.setGlyphOrder([f"g{n}" for n in range(font["maxp"].numGlyphs)])  # its own names are slow to work out
    options = Options(layout_features=[], recalc_timestamp=False, notdef_outline=True)
    cutter = Subsetter(options)
    cutter.populate(text=wanted)
    cutter.subset(font)
    font.flavor = "woff"
    body = BytesIO()
    font.save(body)
    return body.getvalue()


def missing_glyphs(text: str) -> set[str]:
    """Return the characters of a text that no font of `font_families` can draw."""
    return {c for c in set(text) if not c.isspace() and not any(font.get_char_index(ord(c)) for font in _opened())}


@cache
def _opened() -> tuple[FT2Font, ...]:
    """Return the fonts of `font_families`, opened."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    paths = [font_manager.findfont("DejaVu Sans"), *filter(None, [chinese_font()])]
    return tuple(FT2Font(str(path)) for path in paths)


def drawable(text: str) -> str:
    """Return the text for a figure: nothing that would be drawn as an empty box, no dollar that begins a formula.

    >>> print(drawable("$5bn"))
    \\$5bn
    """
    text = shown(text, keep="\n")
    missing = missing_glyphs(text)
    return "".join(c for c in text if c not in missing).replace("$", r"\$")
