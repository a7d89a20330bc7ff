"""Read pictures and scanned pages by machine, twice; only numbers on which the readings agree keep a value (extra)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps

from osint import claims
from osint.errors import NotFoundError
from osint.filings.doubt import Doubt, DoubtKind
from osint.filings.filing import Filing, ScannedLine, parse, with_scans
from osint.filings.pdf import page_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Line:
    """One line of a page as the machine read it."""

    text: str
    box: tuple[float, float, float, float]
    """left, top, right, bottom in pixels of the picture"""
    confidence: float
    """what the recogniser says of itself, 0 to 1"""


@cache
def _engine() -> Any:
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        raise NotFoundError(
            "reading pictures needs rapidocr-onnxruntime, which carries its models; install osint-datacentres[ocr]"
        ) from None
    return RapidOCR()


def read_picture(picture: Image.Image) -> list[Line]:
    """Return the lines of a picture from top to bottom."""
    import numpy as np

    found, _ = _engine()(np.asarray(picture.convert("RGB")))
    lines = []
    for corners, text, confidence in found or []:
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        lines.append(Line(spaced(text), (min(xs), min(ys), max(xs), max(ys)), float(confidence)))
    return sorted(lines, key=lambda line: (round(line.box[1] / 12), line.box[0]))


def read_again(picture: Image.Image, scale: float = 1.4, turn: float = 0.5) -> list[Line]:
    """Return the lines of a picture enlarged, turned by half a degree and stretched in contrast.

    The recogniser sees other pixels, so that it seldom makes the same mistake twice.  Boxes are in pixels
    of the picture as given, good to the turn.
    """
    size = (round(picture.width * scale), round(picture.height * scale))
    other = ImageOps.autocontrast(picture.convert("L").resize(size, Image.Resampling.LANCZOS), cutoff=1)
    other = other.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor=255)
    return [
        replace(line, box=tuple(side / scale for side in line.box))  # type: ignore[arg-type]
        for line in read_picture(other)
    ]


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


def disputed(line: Line, others: Iterable[Line]) -> list[Doubt]:
    """Return doubts about the numbers of a line that the second reading does not repeat, unit included."""
    near = [other for other in others if _same_place(line, other) > 0.4]
    repeated = [words for other in near for _, _, words in _numbers(other.text)]
    doubts = []
    for start, end, words in _numbers(line.text):
        if words in repeated:
            repeated.remove(words)
        else:
            again = ", ".join(words.split("|")[0] for words in repeated[:3]) or "no number"
            doubts.append(Doubt(start, end, DoubtKind.READINGS_DIFFER, f"{line.text[start:end]} and {again}"))
    return doubts


_SUSPECT = [
    (re.compile(r"\d\.\d{3}(?!\d)"), "exactly three decimals: a comma may have been read as a point"),
    (re.compile(r"\d\.\d+\.\d"), "two points in one number"),
    (re.compile(r"^0\d"), "begins with a nought"),
]


def suspect(claim: claims.TextClaim, text: str) -> list[str]:
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


def assemble(
    lines: list[Line], others: list[Line], page: int, offset: int = 0
) -> tuple[str, list[ScannedLine], list[Doubt]]:
    """Return (text, lines with their offsets, doubts) of a page read twice.

    A line that runs to the right edge is joined with the next.  `offset` is where the text begins in that of the
    document, to which all offsets are counted.
    """
    edge = max((line.box[2] for line in lines), default=0.0)
    text = ""
    placed: list[ScannedLine] = []
    doubts: list[Doubt] = []
    for line in lines:
        start = offset + len(text)
        doubts += [doubt.moved(start) for doubt in disputed(line, others)]
        text += line.text
        placed.append(ScannedLine(start, offset + len(text), page, line.box))
        text += "" if line.box[2] > _WIDE * edge and len(line.text) > 12 else "\n"
    return text + "\n", placed, doubts


def parse_with_ocr(data: bytes, name: str, label: str = "") -> Filing:
    """Return the filing in `data` with its pictures read: a picture, or the pages of a PDF without a text layer.

    What has text of its own is read as `parse` reads it.  Every number that comes from a picture carries a warning;
    one on which two readings disagree, or that looks like a known slip of the reader, has no value.  Raises
    NotFoundError without the extra `ocr`.
    """
    filing = parse(data, name, label, pictures=True)
    readings = []
    for page in filing.unread:
        picture = page_picture(data, name, page)
        readings.append((page, read_picture(picture), read_again(picture)))
    return with_readings(filing, readings) if readings else filing


def with_readings(filing: Filing, readings: Sequence[tuple[int, list[Line], list[Line]]]) -> Filing:
    """Return a filing with (page, first reading, second reading) of its pictures as text, doubted where they differ."""
    text, lines, doubts = "", list[ScannedLine](), list[Doubt]()
    for page, first, second in readings:
        words, placed, disputes = assemble(first, second, page, len(filing.text) + len(text))
        text, lines, doubts = text + words, lines + placed, doubts + disputes
    for claim in claims.extract(text):
        slips = (Doubt(claim.start, claim.end, DoubtKind.SUSPECT, slip) for slip in suspect(claim, text))
        doubts += [slip.moved(len(filing.text)) for slip in slips]
    return with_scans(filing, text, tuple(lines), tuple(doubts), DoubtKind.BY_MACHINE)
