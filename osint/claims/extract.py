"""Read claims: every quantity of a text with its kind, rung, date, subject and place in the text."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from osint.claims import dates, kinds, numbers
from osint.claims.clauses import Clauses, is_predicate, promised, stage, subject
from osint.claims.numbers import Plain, fold
from osint.claims.quantities import Quantity, scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLAIM_COLUMNS = (
    "file", "kind", "low", "high", "unit", "si_low", "si_high", "si_unit", "rung", "qualifier", "subject", "date",
    "start", "end", "quote", "sentence", "aim", "modality", "chip_model", "precision", "per", "alternatives", "confidence", "warning",
    "page",
)  # fmt: skip
"""The columns of a frame of claims, in order."""


class Claim(NamedTuple):
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
    aim: str = ""
    """the rung that the future or an intention speaks of; `rung` where there is neither"""
    modality: str = ""
    """has, will, would or can carry; empty where no rung is stated"""
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


# a line may be read by itself unless a quantity can run over its end ("$1.2", line break, "billion")
_LINE_END, _BLOCK_ENDS = re.compile(r"[\r\n\f]+"), tuple("。！？!?;；.|")


def extract(text: str, document: date | None = None, labels: Mapping[int, str] | None = None) -> list[Claim]:
    """Return the claims of `text` in reading order.

    `document` is the date of the document, on which "next May" and "the end of the year" are
    anchored; without it such dates stay empty.  `labels` gives, for the offset of a table cell, the
    header of its column, whose unit a bare number takes.  Deterministic, and linear in the length of
    the text.  A paragraph that stands in the text more than once is read once.
    """
    claims: list[Claim] = []
    known: dict[str, tuple[int, list[Claim]]] = {}
    for start, stop in _blocks(text):
        block = text[start:stop]
        here = {at - start: label for at, label in (labels or {}).items() if start <= at < stop} if labels else {}
        if here:
            found = _extract_block(block, document, here, start)
        else:
            if block in known:
                first, there = known[block]
                shift = start - first
                claims += [claim._replace(start=claim.start + shift, end=claim.end + shift) for claim in there]
                continue
            found = _extract_block(block, document, {}, start)
            known[block] = (start, found)
        claims += found
    return claims


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the paragraphs of a text that can be read apart, without gaps."""
    start = 0
    for match in _LINE_END.finditer(text):
        words = text[max(start, match.start() - 80) : match.start()].rstrip(" \t")
        if match.end() - match.start() < 2 and not words.endswith(_BLOCK_ENDS):
            continue
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _extract_block(text: str, document: date | None, labels: Mapping[int, str], offset: int) -> list[Claim]:
    if not _ANY_NUMBER.search(text):
        return []
    plain = fold(text)
    quantities = scan(plain, labels)
    if not quantities:
        return []
    reading = _Reading(text, offset, plain, Clauses(plain.text), document)
    claims = []
    for index, quantity in enumerate(quantities):
        kind = kinds.resolve(quantity, reading.clauses, kinds.is_storage_pair(quantities, index, plain.text))
        if kind and not _is_part_of_date(quantity, reading):
            claims.append(_claim(quantity, kind, reading))
    return claims


_ANY_NUMBER = re.compile(rf"[0-9０-９{numbers.HAN_LETTERS}萬億兩]|(?:^|(?<=[^A-Za-z])){numbers.WORDS}")


def claims_frame(claims: list[Claim], file: str = "") -> pd.DataFrame:
    """Return claims as a table with `CLAIM_COLUMNS`; an open bound is NaN, an unsaid word an empty string."""
    table = pd.DataFrame(claims, columns=list(Claim._fields))
    table["file"], table["page"] = file, ""
    table = table[list(CLAIM_COLUMNS)]
    for name in ("low", "high", "si_low", "si_high"):
        table[name] = table[name].astype(float)
    return table


@dataclass
class _Reading:
    """What is read once per text and shared by its claims."""

    text: str
    offset: int
    """of this text in the whole"""
    plain: Plain
    clauses: Clauses
    document: date | None
    dates_by_sentence: dict[int, list[dates.Mention]] = field(default_factory=dict)

    def dates(self, sentence: tuple[int, int]) -> list[dates.Mention]:
        """Return the dates of a sentence; each sentence is read once."""
        if sentence[0] not in self.dates_by_sentence:
            self.dates_by_sentence[sentence[0]] = dates.mentions(self.plain.text, self.document, *sentence)
        return self.dates_by_sentence[sentence[0]]


def _is_part_of_date(quantity: Quantity, reading: _Reading) -> bool:
    if quantity.family not in ("duration", "thing", "count"):
        return False
    inside = reading.dates(reading.clauses.sentence(quantity.start))
    index = bisect_left(inside, quantity.end, key=lambda mention: mention.start) - 1
    return index >= 0 and inside[index].end > quantity.start


_FOCUS = 300
_PER = re.compile(r"\s?(?:/|每|per\s)\s?([A-Za-z一-龥·]{1,8})")


def _claim(quantity: Quantity, kind: str, reading: _Reading) -> Claim:
    plain, text = reading.plain, reading.text
    start, end = plain.span(quantity.start, quantity.end)
    first, last = reading.clauses.sentence(quantity.start)
    first, last = max(first, quantity.start - _FOCUS // 2), min(last, quantity.end + _FOCUS // 2)
    sentence = text[slice(*plain.span(first, max(last, first + 1)))].strip()
    per = _PER.match(plain.text, quantity.end)
    if kind == "money_cny" and _lacks_scale(quantity, plain.text):
        quantity.remarks.append("a sum without 万 or 亿 that is small for what it names")
    warning = "; ".join(quantity.remarks)
    alternatives = _alternatives(quantity, kind)
    confidence = "low" if warning else "medium" if alternatives else "high"
    precision = _precision(plain.text, quantity) if kind == "compute" else ""
    said, when = (
        stage(reading.clauses, quantity.start, quantity.end, quantity.family in _APART),
        _date(quantity, reading),
    )
    if reading.document and when[:10] > reading.document.isoformat()[: len(when[:10])]:
        said = promised(said, reading.clauses, quantity.start)
    return Claim(
        kind, quantity.low, quantity.high, quantity.unit, quantity.si_low, quantity.si_high, quantity.si_unit,
        said.rung, quantity.qualifier, subject(
            plain.text, reading.clauses.clause(quantity.start), quantity.start, quantity.end
        ),
        when, reading.offset + start, reading.offset + end, text[start:end], sentence, said.aim, said.modality, quantity.chip_model, precision,
        per[1] if per else "", alternatives, confidence, warning,
    )  # fmt: skip


_SUM = re.compile(r"总投资|投资额|总金额|合同金额|中标金额|成交金额|预算|造价|总价")


def _lacks_scale(quantity: Quantity, text: str) -> bool:
    value = quantity.si_high if quantity.si_high is not None else quantity.si_low
    return value is not None and value < 1e4 and bool(_SUM.search(text, max(0, quantity.start - 16), quantity.start))


def _alternatives(quantity: Quantity, kind: str) -> str:
    """Return the other reading of a compute figure that may have lost its 万."""
    value = quantity.si_low if quantity.si_low is not None else quantity.si_high
    if kind == "compute" and value is not None and value < 100 and quantity.unit in ("P", "p", "PF"):
        return f"{value * 1e4:g} PFLOPS (if 万 is missing)"
    return ""


_PRECISION = re.compile(r"FP(?:4|8|16|32|64)|BF16|INT8|TF32|稠密|稀疏|dense|sparse|半精度|单精度|双精度", re.IGNORECASE)


def _precision(text: str, quantity: Quantity) -> str:
    near = text[quantity.end : quantity.end + 24] + " " + text[max(0, quantity.start - 24) : quantity.start]
    return " ".join(dict.fromkeys(_PRECISION.findall(near)))


def _date(quantity: Quantity, reading: _Reading) -> str:
    """Return the date that governs a quantity.

    The nearest in its clause; else the last before it in the sentence, unless the clause is a
    relative one in the future; else that of a clause behind it that has no subject of its own.
    """
    clauses = reading.clauses
    sentence = clauses.sentence(quantity.start)
    inside = reading.dates(sentence)
    if not inside:
        return ""
    at, stop = clauses.clause(quantity.start)
    low = bisect_left(inside, at, key=lambda mention: mention.start)
    high = bisect_left(inside, stop, key=lambda mention: mention.start)
    starting = _STARTING_VALUE.search(clauses.text, max(at, quantity.start - 24), quantity.start) is not None
    if starting and _TARGET.match(clauses.text, quantity.end):
        high = bisect_left(inside, quantity.start, low, high, key=lambda mention: mention.start)
    same = inside[low:high][:40]
    if same:
        return min(same, key=lambda mention: _gap(mention, quantity)).edtf
    if low and not _RELATIVE.match(clauses.text, at):
        last = inside[low - 1]
        alone = _stands_alone(last, clauses)
        begins = clauses.clause(last.start)[1] if alone else last.end  # "预计明年6月,一期建成": no other part yet
        if _OTHER_PART.search(clauses.text, max(begins, quantity.start - 200), quantity.start):
            return ""
        lends = quantity.family not in _APART or alone or _FOLLOWS.match(clauses.text, at)
        return last.edtf if lends else ""
    if not low and not starting and high < len(inside):
        behind = inside[high]
        near = behind.start - quantity.end <= 200
        same_subject = near and not _VERB.search(clauses.text, quantity.end, behind.start)
        if same_subject or is_predicate(clauses, clauses.clause(behind.start)[0]):
            return behind.edtf
    return ""


# what opens a clause that goes on with the one before it, and a verb, which begins another matter
_FOLLOWS = re.compile(r"\s?(?:可|届时|将|能)")
_VERB = re.compile(
    r"[一-龥]|\b(?:with|due|times|is|are|was|were|be|will|would|could|can|may|has|have|had|plans?|aims?|said|says|and (?:it|they|the)|\w+s to|\w{3,}ed)\b(?! at)"
)


# "from 50MW to 120MW by 2026", 从50兆瓦增至120兆瓦: the date behind is that of the second value
_STARTING_VALUE = re.compile(r"(?:\bfrom (?:[a-z]+ ){0,3}|从|由)[$€¥]?$")
_TARGET = re.compile(r"\s?(?:to\b|增|提|扩|升|到|至)")

# what a sentence adds at its end about the whole, after the milestones of its parts
_APART = ("money_cny", "money_usd", "money_hkd", "money_eur", "land", "area", "feet", "duration", "pue", "share")


_OPENER = re.compile(r"[\s,:]|预计|计划|力争|争取|有望|到|截至|在|自|By|In|As of|During|Since|At")


def _stands_alone(mention: dates.Mention, clauses: Clauses) -> bool:
    """Say whether a date fills its clause, and so governs what follows ("2024年,", "预计明年6月底,")."""
    start, stop = clauses.clause(mention.start)
    rest = clauses.text[start : mention.start] + clauses.text[mention.end : stop]
    return len(rest) < 12 and len(_OPENER.sub("", rest)) <= 2


# words that turn to another part of a project, of which the date before them says nothing
_OTHER_PART = re.compile(
    r"[,;](?:[一二三四五]期|另外?|此外|二是|三是|\d号)|\b(?:another|a further|an additional|while|whereas)\b"
)
_RELATIVE = re.compile(r"\s?(?:which|that|and)\s(?:will|would|could|is expected)\b")


def _gap(mention: dates.Mention, quantity: Quantity) -> int:
    return quantity.start - mention.end if mention.end <= quantity.start else mention.start - quantity.end
