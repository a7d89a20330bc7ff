"""The frame of every figure: the finding as title, unit, sources and doubt in it, and its bytes in each format.

A figure is drawn twice, 7.4 inches wide and 3.6 inches (360 pixels of a telephone) wide. Text in SVG stays text.
Matplotlib is imported when a figure is drawn. Colours are Okabe-Ito (2008); marks differ in shape and lightness too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint import fonts
from osint.model import Dossier
from osint.register import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osint.passport import Number
    from osint.register import Claim

Files = dict[str, bytes]
"""Files of a figure by name."""
BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#000000", "#56B4E9", "#D55E00", "#767676"
WIDE, NARROW = 7.4, 3.6  # widths in inches
DPI, DPI_NARROW = 300, 200  # the narrow figure has two pixels for each of the 360 of the screen
LICENCE = "CC BY 4.0"
CREDIT = f"Figure: osint-datacentres, {LICENCE}"
STYLE: dict[str, Any] = {"font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True}
LINE = 1.32  # height of a line of text, as a multiple of its size
POINTS = 72  # points in an inch
SIZES = {"title": 11.0, "subtitle": 8.5, "note": 7.0}  # points
GLYPH = {"title": 0.66, "subtitle": 0.55, "note": 0.55}  # mean width of a letter, as a multiple of its size


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands around a figure, each made from the rows that are drawn."""

    title: str
    """The finding."""
    subtitle: str
    """What is drawn, and its unit."""
    source: str
    """Publishers with dates."""
    note: str
    """One line of doubt."""
    alt: str
    """The figure in words, for those who do not see it."""


@dataclass(frozen=True)
class Sheet:
    """A figure that can be drawn: its caption, its rows, and the function that draws them."""

    name: str
    caption: Caption
    rows: pd.DataFrame
    """The table behind it, with units and ISO dates."""
    draw: Callable[[bool], Figure]
    """Takes whether the narrow figure is wanted."""
    ids: tuple[str, ...] = ()
    """Rows of the register that it is made from."""
    question: str = ""
    """What it answers."""
    numbers: tuple[Number | Claim, ...] = ()
    """The numbers that it draws, each with its way back."""


def render(sheet: Sheet, dossier: Dossier) -> Files:
    """Draw a figure, wide and narrow, and return its files by name with its passport; two runs give the same bytes."""
    import matplotlib as mpl

    from osint import passport  # loads the archive, which a page without figures never needs

    families = fonts.families_for(f"{sheet.caption}{csv_text(sheet.rows)}")
    rows = {c.claim_id: c for c in dossier.all_claims}
    rows_seen = {o.observation_id: o for of_site in dossier.observations.values() for o in of_site}
    evidence = [row for i in sheet.ids if (row := rows.get(i) or rows_seen.get(i)) is not None]
    told: dict[str, Any] = {"title": sheet.caption.title, "evidence": evidence, "numbers": sheet.numbers}
    told["as_of"] = dossier.as_of
    told |= {"question": sheet.question, "alt": sheet.caption.alt, "credit": CREDIT, "licence": LICENCE, "footer": ""}
    told |= {"pdf_fonttype": 3, "png_of_pdf": True}
    with mpl.rc_context(STYLE | {"font.family": families}):  # type: ignore[arg-type]
        made = dict(passport.stamp(sheet.draw(False), sheet.name, data=sheet.rows, dpi=DPI, **told).files)
        narrow = passport.stamp(sheet.draw(True), f"{sheet.name}-360", formats=("png",), dpi=DPI_NARROW, **told)
    return made | dict(narrow.files)


def framed(caption: Caption, height: float, narrow: bool) -> tuple[Figure, tuple[float, float]]:
    """Return a figure with its caption and room of some height in inches; and where that room lies, in inches.

    The second is (bottom, top) of the room, from the lower edge.
    """
    from matplotlib.figure import Figure

    width = NARROW if narrow else WIDE
    title, subtitle = wrapped(caption.title, "title", width), wrapped(caption.subtitle, "subtitle", width)
    below = "\n".join(wrapped(text, "note", width) for text in (caption.note, f"Sources: {caption.source}", CREDIT))
    head = _height(title, "title") + _height(subtitle, "subtitle") + 0.14
    foot = _height(below, "note") + 0.12
    total = head + height + foot
    figure = Figure(figsize=(width, total))
    left = 0.1 / width
    figure.text(left, 1 - 0.06 / total, title, fontsize=SIZES["title"], fontweight="bold", va="top", linespacing=1.15)
    under = 1 - (0.1 + _height(title, "title")) / total
    figure.text(left, under, subtitle, fontsize=SIZES["subtitle"], va="top", color="#333333", linespacing=1.15)
    figure.text(left, 0.05 / total, below, fontsize=SIZES["note"], va="bottom", color="#444444", linespacing=1.15)
    return figure, (foot, foot + height)


def wrapped(text: str, kind: str, width: float) -> str:
    """Return a text in lines that fit a width in inches."""
    letters = int((width - 0.2) * POINTS / (SIZES[kind] * GLYPH[kind]))
    return textwrap.fill(fonts.drawable(text), letters)


def _height(text: str, kind: str) -> float:
    return SIZES[kind] * LINE * len(text.splitlines()) / POINTS if text else 0.0
