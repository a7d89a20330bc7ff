"""Read claims: every quantity of a text with its kind, rung, date, subject and place in the text."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date

import pandas as pd

from osint import dates, kinds
from osint.normal import Plain, fold
from osint.quantities import Quantity, scan
from osint.rungs import Clauses, rung

COLUMNS = (
    "file", "kind", "low", "high", "unit", "si_low", "si_high", "si_unit", "rung", "qualifier", "subject", "date",
    "start", "end", "quote", "sentence", "chip_model", "precision", "per", "alternatives", "confidence", "warning",
    "page",
)  # fmt: skip
"""The columns of a frame of claims, in order."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One quantity that a text asserts."""

    kind: str
    """one of the fixed kinds (chips, servers, power, ...)"""
    low: float | None
    """lowest value, in `unit` as written; None where the words leave it open"""
    high: float | None
    """highest value, in `unit` as written; None where the words leave it open"""
    unit: str
    """the unit as written, with its scale word: 亿元, 万P, $bn"""
    si_low: float | None
    """lowest value in `si_unit`"""
    si_high: float | None
    """highest value in `si_unit`"""
    si_unit: str
    """one of count, PFLOPS, MW, MVA, kV, GWh, tce, m2, ratio, CNY, USD, HKD, EUR"""
    rung: str
    """the rung of the ladder that the words assert; empty where they assert none"""
    qualifier: str
    """exact, about, more than, at least, up to, less than or range"""
    subject: str
    """the words that name what is counted or measured"""
    date: str
    """the date that the claim speaks of, EDTF; empty where none is named"""
    start: int
    """offset of the first character of the quote, in code points of the text as given"""
    end: int
    """offset behind the last character of the quote"""
    quote: str
    """text[start:end], unchanged"""
    sentence: str
    """the sentence around it, unchanged, at most 300 characters"""
    chip_model: str = ""
    """chip model named beside the number, as written"""
    precision: str = ""
    """what the text says of compute precision: FP16, FP8, dense, sparse; empty where unsaid"""
    per: str = ""
    """what a price or power is per (千瓦时, P, 台); empty for a total"""
    alternatives: str = ""
    """other readings that the text allows, parted by |"""
    confidence: str = "high"
    """confidence of the reading, not of the claim: high, medium or low"""
    warning: str = ""
    """what a reader must check against the page"""


def extract(text: str, document: date | None = None) -> list[Claim]:
    """Return the claims of `text` in reading order.

    `document` is the date of the document, on which "next May" and "the end of the year" are
    anchored; without it such dates stay empty.  Deterministic, and linear in the length of the text.
    """
    plain = fold(text)
    quantities = scan(plain)
    if not quantities:
        return []
    clauses = Clauses(plain.text)
    mentions = dates.mentions(plain.text, document)
    starts = [mention.start for mention in mentions]
    claims = []
    for quantity in quantities:
        kind = kinds.resolve(quantity, clauses)
        if kind and not _is_part_of_date(quantity, mentions, starts):
            claims.append(_claim(quantity, kind, plain, clauses, mentions, starts, text))
    return claims


def frame(claims: list[Claim], file: str = "") -> pd.DataFrame:
    """Return claims as a table with `COLUMNS`; an open bound is NaN, an unsaid word an empty string."""
    rows = [{"file": file, **{name: getattr(claim, name) for name in Claim.__slots__}} for claim in claims]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("low", "high", "si_low", "si_high"):
        table[name] = table[name].astype(float)
    return table


def _is_part_of_date(quantity: Quantity, mentions: list[dates.Mention], starts: list[int]) -> bool:
    index = bisect_left(starts, quantity.end) - 1
    return index >= 0 and mentions[index].end > quantity.start and quantity.family in ("duration", "thing", "count")


_FOCUS = 300


def _claim(
    quantity: Quantity,
    kind: str,
    plain: Plain,
    clauses: Clauses,
    mentions: list[dates.Mention],
    starts: list[int],
    text: str,
) -> Claim:
    start, end = plain.span(quantity.start, quantity.end)
    first, last = clauses.sentence(quantity.start)
    first, last = max(first, quantity.start - _FOCUS // 2), min(last, quantity.end + _FOCUS // 2)
    sentence = text[slice(*plain.span(first, max(last, first + 1)))].strip()
    after = plain.text[quantity.end : quantity.end + 30]
    per = re.match(r"\s?(?:/|每|per\s)\s?([A-Za-z一-龥·]{1,8})", after)
    warning = "; ".join(quantity.remarks)
    alternatives = _alternatives(quantity, kind, plain.text)
    confidence = "low" if warning else "medium" if alternatives else "high"
    return Claim(
        kind, quantity.low, quantity.high, quantity.unit, quantity.si_low, quantity.si_high, quantity.si_unit,
        rung(clauses, quantity.start, quantity.end), quantity.qualifier, _subject(quantity, clauses),
        _date(quantity, clauses, mentions, starts), start, end, text[start:end], sentence, quantity.chip_model,
        _precision(kind, plain.text[quantity.end : quantity.end + 24], plain.text[max(0, quantity.start - 24) : quantity.start]),
        per[1] if per else "", alternatives, confidence, warning,
    )  # fmt: skip


def _alternatives(quantity: Quantity, kind: str, text: str) -> str:
    """Return the other reading of a compute figure that may have lost its 万."""
    value = quantity.si_low if quantity.si_low is not None else quantity.si_high
    if kind == "compute" and value is not None and value < 100 and quantity.unit in ("P", "p", "PF"):
        return f"{value * 1e4:g} PFLOPS (if 万 is missing)"
    return ""


def _precision(kind: str, after: str, before: str) -> str:
    if kind != "compute":
        return ""
    found = re.findall(r"FP(?:4|8|16|32|64)|BF16|INT8|TF32|稠密|稀疏|dense|sparse|半精度|单精度|双精度", after + " " + before, re.I)
    return " ".join(dict.fromkeys(found))


def _date(quantity: Quantity, clauses: Clauses, mentions: list[dates.Mention], starts: list[int]) -> str:
    """Return the date that governs a quantity: in its clause the nearest, else the last before it in the sentence."""
    first, last = clauses.sentence(quantity.start)
    at, stop = clauses.clause(quantity.start)
    begin, finish = bisect_left(starts, first), bisect_left(starts, last)
    inside = mentions[begin:finish] if finish - begin < 60 else mentions[max(begin, bisect_left(starts, quantity.start) - 30) : finish][:60]
    same = [m for m in inside if at <= m.start < stop]
    if same:
        return min(same, key=lambda m: _gap(m, quantity)).edtf
    before = [m for m in inside if m.end <= quantity.start]
    return before[-1].edtf if before else ""


def _gap(mention: dates.Mention, quantity: Quantity) -> int:
    return quantity.start - mention.end if mention.end <= quantity.start else mention.start - quantity.end


_TRIM = re.compile(
    r"(?:将|已|可|能|约|共|达到?|超过?|为|有|近|逾|于|到|突破|不低于|不超过|不高于|高达|人民币|预计|大约|至少|的|和|及|与|、|\s|:|\(|\)|\"|“|”|在|由|是|,)+$"
)


def _subject(quantity: Quantity, clauses: Clauses) -> str:
    """Return the nearest words that name the quantity: those before it in Chinese, behind it in English."""
    text = clauses.text
    at, stop = clauses.clause(quantity.start)
    before = text[max(at, quantity.start - 40) : quantity.start]
    after = text[quantity.end : min(stop, quantity.end + 40)]
    if re.search(r"[一-龥]", before + after):
        words = _TRIM.sub("", re.split(r"[\d%;。]", before)[-1])
        run = re.search(r"[一-龥A-Za-z()]{2,14}$", words)
        if run:
            return run.group()
        run = re.match(r"的?([一-龥A-Za-z]{2,14})", after)
        return run[1] if run else ""
    run = re.match(r"\s(?:of\s)?((?:[A-Za-z][\w'-]*\s?){1,4})", after)
    if run:
        return run[1].strip()
    return " ".join(re.findall(r"[A-Za-z][\w'-]*", before)[-4:])
