"""A font for Chinese from inside the Python environment, and a count of the glyphs that a text would miss."""

from __future__ import annotations

import importlib.util
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

NAME = "Noto Sans SC"


@cache
def chinese_font() -> Path | None:
    """Path of Noto Sans SC (SIL OFL) as the package zhplot carries it; the package's code is never imported."""
    spec = importlib.util.find_spec("zhplot")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "fonts" / "NotoSansSC-Regular.ttf"
        if path.is_file():
            return path
    return None


@cache
def families() -> list[str]:
    """Font families for figures, with Chinese behind the Latin default; registers the font once."""
    path = chinese_font()
    if path is None:
        return ["DejaVu Sans"]
    font_manager.fontManager.addfont(path)
    return ["DejaVu Sans", font_manager.FontProperties(fname=str(path)).get_name()]


def subset(text: str) -> bytes | None:
    """The Chinese font cut down to the characters of a text, as WOFF, for a page that must open anywhere."""
    path = chinese_font()
    if path is None:
        return None
    options = Options(flavor="woff", layout_features=[], recalc_timestamp=False, notdef_outline=True)
    font = TTFont(path, recalcTimestamp=False)
    cutter = Subsetter(options)
    cutter.populate(text="".join(sorted({c for c in text if ord(c) > 0x2E7F})))
    cutter.subset(font)
    font.flavor = "woff"
    body = BytesIO()
    font.save(body)
    return body.getvalue()


def missing(text: str) -> set[str]:
    """Characters that no font of `families` can draw."""
    paths = [font_manager.findfont("DejaVu Sans"), *([str(chinese_font())] if chinese_font() else [])]
    known = set().union(*(FT2Font(p).get_charmap() for p in paths))
    return {c for c in text if not c.isspace() and ord(c) not in known}


def drawable(text: str) -> str:
    """The text with characters that would be an empty box left out."""
    gone = missing(text)
    return "".join(c for c in text if c not in gone)
