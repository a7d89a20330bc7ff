"""Compare the digits of a PDF's text layer with the shapes that are drawn: a font may draw a 7 and call it 1.

Each font's digits are cut out of the drawn page and correlated with the digits of a dozen reference fonts (those
that come with matplotlib, and the Chinese one of this package).  No weights, no threshold on darkness of the page:
a digit disagrees only when another digit fits much better than its own.
"""

from __future__ import annotations

import ctypes
import io
import re
import struct
import zlib
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageDraw, ImageFont

from osint.filings.doubt import UNNAMED, DoubtKind
from osint.fonts import chinese_font

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REFERENCES = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmtt10",
)  # fmt: skip
_WIDTH, _HEIGHT = 16, 24
MARGIN = 0.12
"""by how much another digit must fit better than the one that the text layer names"""
_FITS = 0.72
"""least correlation with a digit that ink must have to count as that digit"""
_BAR = 0.3
"""width over height below which ink is a bar"""


@cache
def references() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shapes (fonts, 10, pixels; zero mean, unit length) of the reference digits, and width over height."""
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    paths = [folder / f"{name}.ttf" for name in _REFERENCES]
    paths += [path for path in (chinese_font(),) if path]
    found = [[shape_of(drawn_digit(path, str(digit))) for digit in range(10)] for path in paths]
    shapes, widths = (np.array([[digit[part] for digit in font] for font in found]) for part in (0, 1))
    return shapes, widths


def drawn_digit(font: Path | io.BytesIO, letter: str) -> NDArray[np.float64]:
    """Return the ink (0 to 1) of a letter of a font file."""
    size = 40
    picture = Image.new("L", (2 * size, 2 * size), 0)
    source = str(font) if isinstance(font, Path) else io.BytesIO(font.getvalue())
    ImageDraw.Draw(picture).text((size // 2, size // 4), letter, font=ImageFont.truetype(source, size), fill=255)
    return np.asarray(picture, float) / 255


def shape_of(ink: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return (pixels of zero mean and unit length, width over height) of the ink within its edges, or zeros."""
    dark = ink > 0.4 * max(float(ink.max(initial=0)), 1e-6)
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if ink.max(initial=0) < 0.15 or len(rows) < 5:
        return np.zeros(_WIDTH * _HEIGHT), 0.0
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = Image.fromarray((255 * cut).astype(np.uint8)).resize(
        (_WIDTH, _HEIGHT), Image.Resampling.BOX if min(cut.shape) > _HEIGHT else Image.Resampling.BILINEAR
    )
    pixels = np.asarray(small, float).ravel()
    pixels -= pixels.mean()
    length = np.linalg.norm(pixels)
    return (pixels / length if length else pixels), cut.shape[1] / cut.shape[0]


def scores(ink: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how well the ink fits each digit, -1 to 1: the best correlation over the reference fonts."""
    shape, width = shape_of(ink)
    if 0 < width < _BAR:  # no digit but 1 is drawn as a bar
        return np.where(np.arange(10) == 1, 0.9, 0.0)
    known, widths = references()
    # a bar and a ring are alike once both are stretched to one box: their widths part them
    apart = np.abs(np.log(np.maximum(widths, 0.05) / max(width, 0.05)))
    return np.asarray((known @ shape - 0.25 * np.maximum(apart - 0.3, 0)).max(axis=0))


def disagrees(ink: NDArray[np.float64], digit: int) -> bool:
    """Return whether the ink is no ink at all, or fits another digit much better than `digit`."""
    if ink.size == 0 or ink.max() < 0.15:
        return True
    fit = scores(ink)
    return bool(fit.max() > _FITS and fit.max() - fit[digit] > MARGIN)


@lru_cache(maxsize=64)
def font_lies(data: bytes) -> bool | None:
    """Return whether a font file draws other digits than it is asked for; None if unreadable or without digits."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(io.BytesIO(data), lazy=True) as font:
            known = set(font.getBestCmap() or {})
            font.flavor = None
            plain = io.BytesIO()
            font.save(plain)
        own = [digit for digit in range(10) if ord(str(digit)) in known]
        inks = [drawn_digit(plain, str(digit)) for digit in own]
    except (TTLibError, OSError, ValueError, ImportError, KeyError, AssertionError, struct.error, zlib.error):
        return None
    return any(disagrees(ink, digit) for ink, digit in zip(inks, own, strict=True)) if own else None


# ---------------------------------------------------------------- the digits of a document

_SAMPLES = 3
_TALL = 32
_DIGIT = re.compile("[0-9０-９]")
_UNNAMED = re.compile(rf"[0-9０-９.,]*{UNNAMED}+[0-9０-９.,]*")
_Face = tuple[bytes, int, tuple[int, ...], int]
"""what tells one face from another: name, size of its file, colour; page where it has no name"""


@dataclass
class Digits:
    """What was seen of the digits of one document."""

    runs: list[tuple[int, int, int, _Face | None]] = field(default_factory=list)
    """(page, first index, last index, face) of digits that follow each other in one face; None where not drawn"""
    unnamed: list[tuple[int, int, int]] = field(default_factory=list)
    """(page, first index, index behind) of numbers beside a character without a name"""
    seen: dict[tuple[_Face, int, int], list[bool]] = field(default_factory=dict)
    """(face, digit, shape) -> for each drawn sample, whether it disagrees"""

    def compare(self, page: pdfium.PdfPage, words: pdfium.PdfTextPage, raw: str, number: int) -> None:
        """Note the digits of an open page and compare the first of each kind with what is drawn."""
        faces: dict[int, _Face | None] = {}
        for match in _DIGIT.finditer(raw):
            index = match.start()
            if pdfium_c.FPDFText_GetUnicode(words, index) != ord(match.group()):
                continue
            handle = pdfium_c.FPDFText_GetTextObject(words, index)
            address = ctypes.cast(handle, ctypes.c_void_p).value or 0
            if address not in faces:
                faces[address] = _face(handle, words, index, number)
            face = faces[address]
            if self.runs and self.runs[-1][0] == number and self.runs[-1][2] == index - 1 and self.runs[-1][3] == face:
                self.runs[-1] = (number, self.runs[-1][1], index, face)
            else:
                self.runs.append((number, index, index, face))
            if face:
                self._sample(page, words, index, int(match.group()), face)

        self.unnamed += [(number, *match.span()) for match in _UNNAMED.finditer(raw) if _DIGIT.search(match.group())]

    def _sample(self, page: pdfium.PdfPage, words: pdfium.PdfTextPage, index: int, digit: int, face: _Face) -> None:
        box = words.get_charbox(index)
        high, wide = box[3] - box[1], box[2] - box[0]
        quarter = _quarter(page, words, index)
        if high <= 0 or wide <= 0 or quarter is None:
            return
        # two shapes under one digit are two entries: a face may draw one of its sevens as a seven
        found = self.seen.setdefault((face, digit, round(4 * wide / high)), [])
        if len(found) < _SAMPLES and not (len(found) and not found[-1]):
            found.append(disagrees(np.rot90(_ink(page, box), quarter), digit))

    def doubtful(self) -> list[tuple[int, int, int, DoubtKind]]:
        """Return (page, first index, last index, kind of doubt) of digits that are not to be believed as they stand."""
        unnamed = [(page, first, stop - 1, DoubtKind.UNNAMED) for page, first, stop in self.unnamed]
        lying = {face for (face, _, _), found in self.seen.items() if found and all(found)}
        return unnamed + [
            (page, first, last, DoubtKind.FONT_DIFFERS if face else DoubtKind.HIDDEN_LAYER)
            for page, first, last, face in self.runs
            if face is None or face in lying
        ]


def _face(handle: Any, words: pdfium.PdfTextPage, index: int, number: int) -> _Face | None:
    """Return the face of a digit, or None where it is laid invisibly over a picture."""
    if pdfium_c.FPDFTextObj_GetTextRenderMode(handle) == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
        return None
    font = pdfium_c.FPDFTextObj_GetFont(handle)
    size = pdfium_c.FPDFFont_GetBaseFontName(font, None, 0)
    name = ctypes.create_string_buffer(max(size, 1))
    pdfium_c.FPDFFont_GetBaseFontName(font, name, size)
    length = ctypes.c_size_t()
    pdfium_c.FPDFFont_GetFontData(font, None, 0, length)
    colour = [ctypes.c_uint() for _ in range(4)]
    pdfium_c.FPDFText_GetFillColor(words, index, *colour)
    where = 0 if name.value and length.value else number
    return (name.value, length.value, tuple(c.value for c in colour), where)


def _quarter(page: pdfium.PdfPage, words: pdfium.PdfTextPage, index: int) -> int | None:
    """Return by how many quarter turns clockwise a character stands on the drawn page; None if it stands askew."""
    angle = np.degrees(pdfium_c.FPDFText_GetCharAngle(words, index)) + page.get_rotation()
    quarter = round(angle / 90)
    return quarter % 4 if abs(angle - 90 * quarter) < 3 else None


def _ink(page: pdfium.PdfPage, box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return how much each pixel of a drawn box differs from its rim, 0 to 1, at 32 pixels per digit."""
    scale = min(max(_TALL / max(box[3] - box[1], box[2] - box[0], 0.5), 1.0), 40.0)
    width, height = page.get_size()
    across, down = round(width * scale), round(height * scale)
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for at_x, at_y in ((box[0], box[1]), (box[2], box[3])):
        pdfium_c.FPDF_PageToDevice(page, 0, 0, across, down, 0, at_x, at_y, x, y)
        corners.append((x.value / scale, y.value / scale))
    (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
    cut = (left, height - bottom, width - right, top)
    if min(cut) < 0 or right - left < 1e-3 or bottom - top < 1e-3:
        return np.ones((0, 0))
    picture = page.render(scale=scale, crop=cut, grayscale=True).to_numpy().astype(float)
    grey = picture.reshape(picture.shape[0], picture.shape[1])
    rim = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    return np.asarray(np.abs(grey - rim) / 255, float)
