"""Read pictures and scanned pages by machine, twice; only numbers on which the readings agree keep a value (extra)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from osint import claims
from osint.errors import NotFoundError
from osint.filings.doubt import DoubtKind, FilingDoubt, listed_pages
from osint.filings.facts import read_facts
from osint.filings.filing import Filing, ScannedLine, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import Image


@dataclass(frozen=True)
class Line:
    """One line of a page as the machine read it."""

    text: str
    box: tuple[float, float, float, float]
    """left, top, right, bottom in pixels of the picture"""


_ENLARGED, _TURNED_DEG = 1.4, 0.5
"""how the picture is changed for the second reading"""


@cache
def _engine() -> Any:
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        raise NotFoundError(
            "reading pictures needs rapidocr-onnxruntime, which carries its models; install osint-datacentres[ocr]"
        ) from None
    return RapidOCR()


def read_picture(picture: Image.Image, scale: float = 1.0) -> list[Line]:
    """Return the lines of a picture from top to bottom, their boxes in pixels before it was enlarged by `scale`."""
    import numpy as np

    found, _ = _engine()(np.asarray(picture.convert("RGB")))
    lines = []
    for corners, text, _ in found or []:
        xs, ys = [x / scale for x, _ in corners], [y / scale for _, y in corners]
        lines.append(Line(spaced(text), (min(xs), min(ys), max(xs), max(ys))))
    return sorted(lines, key=lambda line: (round(line.box[1] * scale / 12), line.box[0]))


def read_again(picture: Image.Image) -> list[Line]:
    """Return the lines of a picture enlarged, turned by half a degree and stretched in contrast.

    The recogniser sees other pixels, so that it seldom makes the same mistake twice.  Boxes are in pixels
    of the picture as given, good to the turn.
    """
    from PIL import Image, ImageOps

    size = (round(picture.width * _ENLARGED), round(picture.height * _ENLARGED))
    other = ImageOps.autocontrast(picture.convert("L").resize(size, Image.Resampling.LANCZOS), cutoff=1)
    other = other.rotate(_TURNED_DEG, resample=Image.Resampling.BICUBIC, fillcolor=255)
    return read_picture(other, _ENLARGED)


# ---------------------------------------------------------------- on what two readings agree

_NUMBER = re.compile(r"\d(?:[\d,.，．:：·'’ ]*\d)?")
_UNIT = re.compile(r"\s*([^\W\d_]+|[%$€¥])")
_TAIL = 2


def _numbers(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, value with the letters of the unit behind it) of each number of a line."""
    found = []
    for match in _NUMBER.finditer(text):
        # a comma before three digits separates thousands and may be lost; a point there is another number
        digits = re.sub(r",(?=\d{3}(?!\d))", "", unicodedata.normalize("NFKC", match.group()).replace(" ", ""))
        unit = _UNIT.match(unicodedata.normalize("NFKC", text[match.end() : match.end() + 6]))
        found.append((*match.span(), f"{digits}|{unit[1][:_TAIL].casefold() if unit else ''}"))
    return found


# the reader drops the spaces of Latin script: "delivers1,600PFLOPS", "5.38billionyuan"
_JAMMED = re.compile(
    r"(?<=[a-z])(?=[$€¥]?\d)|(?<=\d)(?=[a-z]{3,}|[A-Z][a-z]{2,})|(?<=illion)(?=[A-Za-z])|(?<=[,;])(?=[A-Za-z])|(?<=[a-z]\.)(?=[A-Z])"
)


def spaced(text: str) -> str:
    """Return a line with a space where a number meets a word of Latin letters."""
    return _JAMMED.sub(" ", text)


def _same_place(line: Line, other: Line) -> float:
    """Return the share of the smaller box in the overlap of two lines."""
    across = min(line.box[2], other.box[2]) - max(line.box[0], other.box[0])
    down = min(line.box[3], other.box[3]) - max(line.box[1], other.box[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (line.box, other.box)]
    return max(across, 0) * max(down, 0) / max(min(areas), 1.0)


def _disputed(line: Line, others: Iterable[Line]) -> list[tuple[int, int, str]]:
    """Return (start, end, both readings) of the numbers that the second reading does not repeat, unit included."""
    near = [other for other in others if _same_place(line, other) > 0.4]
    repeated = [words for other in near for _, _, words in _numbers(other.text)]
    found = []
    for start, end, words in _numbers(line.text):
        if words in repeated:
            repeated.remove(words)
        else:
            again = ", ".join(words.split("|")[0] for words in repeated[:3]) or "no number"
            found.append((start, end, f"{line.text[start:end]} and {again}"))
    return found


_SUSPECT = [
    (re.compile(r"\d\.\d{3}(?!\d)"), "exactly three decimals: a comma may have been read as a point"),
    (re.compile(r"\d\.\d+\.\d"), "two points in one number"),
    (re.compile(r"^0\d"), "begins with a nought"),
]


def _slips(claim: claims.TextClaim, text: str) -> list[str]:
    """Return why a number read by machine is not to be taken even if two readings agree."""
    reasons = [reason for pattern, reason in _SUSPECT if pattern.search(claim.quote)]
    value = claim.quantity.si_high if claim.quantity.si_high is not None else claim.quantity.si_low
    if claim.kind.startswith("money") and (value or 0) < 1e4 and not claim.per:
        reasons.append("a sum below 10,000 without a scale word")
    near = text[max(0, claim.start - 12) : claim.end + 2]
    if "面积" in near and claim.kind not in ("floor", "land", "area_other"):
        reasons.append("stands at 面积 without square metres")
    return reasons


_WIDE = 0.88


def parse_with_ocr(data: bytes, name: str, label: str = "") -> Filing:
    """Return the filing in `data` with its pictures read: a picture, or the pages of a PDF without a text layer.

    What has text of its own is read as `parse` reads it.  Every number that comes from a picture carries a warning;
    one on which two readings disagree, or that looks like a known slip of the reader, has no value.  Raises
    NotFoundError without the extra `ocr`.
    """
    from osint.filings.pdf_pictures import page_picture

    filing = parse(data, name, label, pictures=True)
    readings = []
    for page in filing.unread:
        picture = page_picture(data, name, page)
        readings.append((page, read_picture(picture), read_again(picture)))
    return with_readings(filing, readings) if readings else filing


def with_readings(filing: Filing, readings: Sequence[tuple[int, list[Line], list[Line]]]) -> Filing:
    """Return a filing with the text of (page, first reading, second reading) of its pictures behind its own.

    A line that runs to the right edge is joined with the next; numbers on which the readings differ are doubted.
    """
    text, scanned, doubts = filing.text, list[ScannedLine](), list(filing.doubtful)
    for page, lines, others in readings:
        edge = max((line.box[2] for line in lines), default=0.0)
        for line in lines:
            at = len(text)
            for start, end, words in _disputed(line, others):
                doubts.append(FilingDoubt(at + start, at + end, DoubtKind.READINGS_DIFFER, words))
            scanned.append(ScannedLine(at, at + len(line.text), page, line.box))
            runs_on = line.box[2] > _WIDE * edge and len(line.text) > 12
            text += line.text + ("" if runs_on else "\n")
        text += "\n"
    own = len(filing.text)
    for claim in claims.extract(text[own:]):
        for slip in _slips(claim, text[own:]):
            doubts.append(FilingDoubt(own + claim.start, own + claim.end, DoubtKind.SUSPECT, slip))
    return replace(
        filing, text=text, scanned=tuple(scanned), doubtful=tuple(sorted(doubts)), unread=(),
        remarks=(*filing.remarks, f"page {listed_pages(filing.unread)} was {DoubtKind.BY_MACHINE}"),
        facts=filing.facts if filing.text.strip() else read_facts(text, filing.name),
    )  # fmt: skip
