"""Cut pictures of passages and pages out of a PDF."""

from __future__ import annotations

import io
import warnings
from contextlib import closing
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from osint.errors import UnreadableError
from osint.filings.pdf import open_document

if TYPE_CHECKING:
    from collections.abc import Sequence


_DOTS_PER_INCH = 150
_MAX_PIXELS = 60_000_000
_MARGIN_PX = 36.0
"""height of the strip above and below a passage; to the sides it is twelve times as wide"""
Box = tuple[float, float, float, float]


def line_boxes(data: bytes, name: str, page: int, first: int, last: int) -> tuple[Box, ...]:
    """Return (left, bottom, right, top) in points of characters first to last of a page, one box per line."""
    with closing(open_document(data, name)) as document:
        words = document[page - 1].get_textpage()
        found = [words.get_charbox(index) for index in range(first, min(last + 1, words.count_chars()))]
    lines: list[list[Box]] = []
    for box in found:
        if box[2] <= box[0]:
            continue
        if lines and box[0] >= lines[-1][-1][0] and box[1] < lines[-1][-1][3] and box[3] > lines[-1][-1][1]:
            lines[-1].append(box)
        else:
            lines.append([box])
    return tuple(map(_union, lines)) or ((0.0, 0.0, 1.0, 1.0),)


def _union(found: list[Box]) -> Box:
    """Return the smallest box around boxes."""
    lefts, bottoms, rights, tops = zip(*found, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def crop(data: bytes, name: str, page: int, lines: Sequence[Box]) -> Image.Image:
    """Return the picture of boxes (in points) of a page at 144 dots per inch, each framed, with the words around."""
    with closing(open_document(data, name)) as document:
        sheet = document[page - 1]
        bitmap = sheet.render(scale=2)
        place = bitmap.get_posconv(sheet)  # for any rotation and origin of the page
        frames = []
        for left, bottom, right, top in lines:
            xs, ys = zip(*(place.to_bitmap(x, y) for x in (left, right) for y in (bottom, top)), strict=True)
            frames.append((min(xs), min(ys), max(xs), max(ys)))
        return framed(bitmap.to_pil(), frames)


def framed(picture: Image.Image, frames: list[Box]) -> Image.Image:
    """Return the part of a picture around frames (left, top, right, bottom in pixels), each drawn into it."""
    picture = picture.convert("RGB")
    pen = ImageDraw.Draw(picture)
    for frame in frames:
        pen.rectangle((frame[0] - 3, frame[1] - 3, frame[2] + 3, frame[3] + 3), outline=(200, 30, 30), width=2)
    left, top, right, bottom = _union(frames)
    return picture.crop((
        max(int(left - 12 * _MARGIN_PX), 0), max(int(top - _MARGIN_PX), 0),
        min(int(right + 12 * _MARGIN_PX), picture.width), min(int(bottom + _MARGIN_PX), picture.height),
    ))  # fmt: skip


def page_picture(data: bytes, name: str, page: int) -> Image.Image:
    """Return a page of a PDF drawn at 150 dots per inch, or the picture itself.

    Raises UnreadableError for a picture that cannot be read or has over 60 million pixels.
    """
    if b"%PDF-" in data[:1024]:
        with closing(open_document(data, name)) as document:
            width, height = document[page - 1].get_size()
            # a page of a kilometre must not become a picture of its size
            scale = min(_DOTS_PER_INCH / 72, (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
            picture: Image.Image = document[page - 1].render(scale=scale).to_pil()
            return picture
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height <= _MAX_PIXELS:
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableError(
            f"{name}: the picture cannot be read ({str(error)[:80]}); save it again as PNG or JPEG"
        ) from None
    raise UnreadableError(
        f"{name}: a picture of {picture.width} by {picture.height} pixels is too large; cut it into parts"
    )
