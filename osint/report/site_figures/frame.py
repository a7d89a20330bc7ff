"""The sheet that every figure of one site is drawn on: style, room for title, legend and sources, fonts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from osint import fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, BLACK, SKY, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#000000", "#56B4E9", "#D55E00", "#777777"
"""Okabe-Ito (2008): safe for colour-blind readers."""
STYLE: dict[str, Any] = {"font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True}
STYLE |= {"svg.fonttype": "path", "svg.hashsalt": "osint", "pdf.fonttype": 42, "text.parse_math": False}
TITLE_CHARACTERS, NOTE_CHARACTERS, LABEL_CHARACTERS = 78, 132, 46
WIDTH = 7.6  # inches


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with our style and with a font for Chinese; texts keep it after the block."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE | {"font.family": fonts.font_families()}):  # type: ignore[arg-type]
        yield


def sheet(height: float, columns: int = 1, rows: int = 1, **grid: Any) -> tuple[Figure, list[Any]]:
    """Return a figure of a height in inches whose layout keeps every label inside, and its axes, row by row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False, **grid).ravel())


def titled(
    figure: Figure, title: str, unit: str, note: str, alt: str, handles: Sequence[Any] = (), columns: int = 4
) -> Figure:
    """Write finding and unit above a figure, its legend and sources below, and keep the text that stands for it.

    Each has room of its own, so that no label covers another.
    """
    head = textwrap.fill(fonts.drawable(title), TITLE_CHARACTERS)
    foot = textwrap.fill(fonts.drawable(note), NOTE_CHARACTERS)
    height = figure.get_figheight()
    lines = head.count("\n") + 1
    above = 0.14 + 0.18 * lines + (0.2 if unit else 0.0)
    low = 0.08 + 0.115 * (foot.count("\n") + 1)
    below = low + (0.24 if handles else 0.04)
    figure.set_layout_engine("constrained", rect=(0, below / height, 1, 1 - (above + below) / height))
    figure.text(0.01, 1 - 0.06 / height, head, ha="left", va="top", fontsize=10.5, **heavy(head))
    figure.text(0.01, 0.05 / height, foot, ha="left", va="bottom", fontsize=6.8, color="#444444", linespacing=1.15)
    if handles:
        spacing: dict[str, Any] = {"frameon": False, "fontsize": 7, "columnspacing": 1.2, "handletextpad": 0.4}
        at = (0.005, low / height)
        figure.legend(handles=handles, loc="lower left", bbox_to_anchor=at, ncols=columns, borderpad=0.1, **spacing)
    figure.text(0.01, 1 - (0.14 + 0.18 * lines) / height, unit, ha="left", va="top", fontsize=8, color="#444444")
    figure.set_label(alt)
    return figure


def heavy(text: str) -> dict[str, Any]:
    """Return bold for a text that the Latin font draws alone: the Chinese font has one weight."""
    return {"fontweight": "bold", "fontfamily": ["DejaVu Sans"]} if text.isascii() else {}


def short(text: str, most: int = LABEL_CHARACTERS) -> str:
    """Return a text of at most so many characters, broken between words where it has some."""
    text = " ".join(fonts.drawable(text).split())
    return text if len(text) <= most else f"{textwrap.shorten(text, most, placeholder='') or text[: most - 1]}…"
