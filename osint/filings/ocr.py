"""Read pictures and scanned pages by machine, twice, and keep only the numbers on which the readings agree. Off by default."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps

from osint import claims
from osint.errors import OsintError
from osint.filings import filing as filings
from osint.filings import pdf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

BY_MACHINE = "read by machine: check against the picture"


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
        raise OsintError(
            "reading pictures needs the package rapidocr-onnxruntime, which carries its models; install osint-datacentres[ocr]"
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
        # a comma before three digits parts thousands and may be lost; a point there is another number
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


def disputed(line: Line, others: Iterable[Line]) -> list[tuple[int, int, str]]:
    """Return (start, end, reason) of the numbers of a line that the second reading does not repeat, unit included."""
    near = [other for other in others if _same_place(line, other) > 0.4]
    seen = [words for other in near for _, _, words in _numbers(other.text)]
    out = []
    for start, end, words in _numbers(line.text):
        if words in seen:
            seen.remove(words)
        else:
            again = ", ".join(words.split("|")[0] for words in seen[:3]) or "no number"
            out.append((start, end, f"check: two readings disagree, {line.text[start:end]} and {again}"))
    return out


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
_Place = tuple[int, int, int, tuple[float, float, float, float]]


def assemble(
    lines: list[Line], others: list[Line], page: int, offset: int = 0
) -> tuple[str, list[_Place], list[tuple[int, int, str]]]:
    """Return (text, places, doubts) of the lines of a page; places are (start, end, page, box), doubts (start, end, reason).

    Lines that run to the right edge are joined with the next.
    """
    edge = max((line.box[2] for line in lines), default=0.0)
    text = ""
    places: list[_Place] = []
    doubts: list[tuple[int, int, str]] = []
    for line in lines:
        start = offset + len(text)
        doubts += [(start + low, start + high, reason) for low, high, reason in disputed(line, others)]
        text += line.text
        places.append((start, offset + len(text), page, line.box))
        text += "" if line.box[2] > _WIDE * edge and len(line.text) > 12 else "\n"
    return text + "\n", places, doubts


def parse_with_ocr(data: bytes, name: str, label: str = "") -> filings.Filing:
    """Return the filing in `data` with its pictures read: a picture, or the pages of a PDF without a text layer.

    What has text of its own is read as `filings.parse` reads it.  Every number that comes from a picture
    carries a warning; one on which two readings disagree, or that looks like a known slip of the reader, has no value.
    """
    filing = filings.parse(data, name, label, pictures=True)
    pages = filing.unread
    if not pages:
        return filing
    text, doubts = filing.text, list(filing.doubtful)
    places: list[_Place] = []
    for page in pages:
        picture = pdf.page_picture(data, name, page)
        words, there, doubted = assemble(read_picture(picture), read_again(picture), page, len(text))
        text, places, doubts = text + words, places + there, doubts + doubted
    for claim in claims.extract(text[len(filing.text) :]):
        start, end = claim.start + len(filing.text), claim.end + len(filing.text)
        doubts += [(start, end, f"check: {reason}") for reason in suspect(claim, text[len(filing.text) :])]
    remarks = tuple(remark for remark in filing.remarks if "has no text layer" not in remark)
    said = f"page {', '.join(map(str, pages[:8]))} was {BY_MACHINE}"
    return replace(
        filing, text=text, scanned=tuple(places), doubtful=tuple(sorted(doubts)), remarks=(*remarks, said), unread=()
    )


def extract_lines(
    lines: list[Line], document: date | None = None, others: list[Line] | None = None
) -> list[claims.TextClaim]:
    """Return the claims of lines read by machine; `others` is the second reading, the first itself if left out."""
    text, places, doubts = assemble(lines, lines if others is None else others, 1)
    for claim in claims.extract(text, document):
        doubts += [(claim.start, claim.end, f"check: {reason}") for reason in suspect(claim, text)]
    filing = filings.Filing("", "picture", text, scanned=tuple(places), doubtful=tuple(sorted(doubts)))
    return [filings.doubted(filing, claim) for claim in claims.extract(text, document)]
