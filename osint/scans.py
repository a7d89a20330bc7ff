"""Read pictures and scanned pages by machine, with a warning on every number that must be checked. Off by default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osint import claims, pdfs
from osint.errors import OsintError

if TYPE_CHECKING:
    from datetime import date

    from PIL.Image import Image

_DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Line:
    """One line of a page as the machine read it."""

    text: str
    box: tuple[float, float, float, float]
    """left, top, right, bottom in pixels of the picture"""
    confidence: float
    """what the recogniser says of itself, 0 to 1"""


def _engine() -> Any:
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError:
        raise OsintError(
            "reading pictures needs the package rapidocr-onnxruntime, which carries its models; install osint-datacentres[ocr]"
        ) from None
    return RapidOCR()


def read_picture(picture: Image) -> list[Line]:
    """Return the lines of a picture from top to bottom."""
    import numpy as np

    found, _ = _engine()(np.asarray(picture.convert("RGB")))
    lines = []
    for corners, text, confidence in found or []:
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        lines.append(Line(text, (min(xs), min(ys), max(xs), max(ys)), float(confidence)))
    return sorted(lines, key=lambda line: (round(line.box[1] / 12), line.box[0]))


def read_pages(data: bytes, name: str, pages: list[int]) -> dict[int, list[Line]]:
    """Return the lines of pages (from 1) of a PDF, drawn at 150 dots an inch."""
    document = pdfs.open_document(data, name)
    try:
        return {
            number: read_picture(document[number - 1].render(scale=_DOTS_PER_INCH / 72).to_pil()) for number in pages
        }
    finally:
        document.close()


_SUSPECT = [
    (re.compile(r"\d\.\d{3}(?!\d)"), "exactly three decimals: a comma may have been read as a point"),
    (re.compile(r"\d\.\d+\.\d"), "two points in one number"),
    (re.compile(r"^0\d"), "begins with a nought"),
]


def _joined(lines: list[Line]) -> str:
    """Return the text of lines, those that run to the right edge joined with the next."""
    edge = max((line.box[2] for line in lines), default=0.0)
    return "".join(line.text + ("" if line.box[2] > 0.88 * edge and len(line.text) > 12 else "\n") for line in lines)


def extract_lines(lines: list[Line], document: date | None = None) -> list[claims.Claim]:
    """Return the claims of lines read by machine; each says so, and what of it must be checked against the crop.

    A degraded page turns 2,000 into 2.000 and drops leading digits without lowering the recogniser's own
    confidence, and the sign ㎡ is lost: so no number of a scan goes without a warning.
    """
    text = _joined(lines)
    out = []
    for claim in claims.extract(text, document):
        reasons = ["read by machine: check against the picture"]
        reasons += [reason for pattern, reason in _SUSPECT if pattern.search(claim.quote)]
        if claim.kind.startswith("money") and (claim.si_high or claim.si_low or 0) < 1e4:
            reasons.append("a sum below 10,000 without a scale word")
        near = text[max(0, claim.start - 12) : claim.end + 2]
        if "面积" in near and claim.kind not in ("floor", "land", "area_other"):
            reasons.append("stands at 面积 without square metres")
        out.append(
            claim._replace(warning="; ".join([claim.warning, *reasons] if claim.warning else reasons), confidence="low")
        )
    return out
