"""Read claims: every quantity of a text with its kind, rung, date, subject and place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from osint.claims.assertion import Assertion
from osint.claims.attributes import alternatives_of, chip_model, confidence_of, doubts_of, per_unit, precision_of
from osint.claims.claim import TextClaim
from osint.claims.clauses import Clauses, counts_itself
from osint.claims.folding import fold
from osint.claims.kinds import elided_kind, is_of_storage, kind_of
from osint.claims.matter import Matter
from osint.claims.numbers import HAN_LETTERS, WORDS
from osint.claims.quantities import LocatedQuantity, find_quantities
from osint.claims.reading import FOCUS, Reading
from osint.claims.retractions import TakenBack
from osint.claims.stages import stage_of
from osint.claims.subjects import subject
from osint.claims.when import date_of, is_part_of_date
from osint.register import LADDER

# a line may be read by itself unless a quantity can run over its end ("$1.2", line break, "billion")
_LINE_END, _BLOCK_ENDS = re.compile(r"[\r\n\f]+"), tuple("。！？!?;；.|")
_AROUND = 2000  # characters on either side in which a place says that a currency is its own (bounds the time)
_DIGIT = re.compile(rf"[0-9０-９{HAN_LETTERS}萬億兩]")
_IN_WORDS = re.compile(rf"(?:^|(?<=[^A-Za-z])){WORDS}")


def has_number(text: str) -> bool:
    """Say whether a text holds a digit, a numeral or a number in English words."""
    return _DIGIT.search(text) is not None or _IN_WORDS.search(text) is not None


def number_start(text: str) -> int:
    """Return the offset of the first digit, numeral or number in English words; 0 where there is none."""
    return min((match.start() for match in (_DIGIT.search(text), _IN_WORDS.search(text)) if match), default=0)


def extract(text: str, document: date | None = None, *, whole_lines: bool = False) -> list[TextClaim]:
    """Return the claims of `text` in reading order, with what its kind and its headings say of their stage.

    `document` is the date of the document, on which "next May" and "the end of the year" are
    anchored; without it such dates stay empty.  Deterministic, and linear in the length of the text.
    A paragraph that stands in the text more than once is read once.  With `whole_lines` each line is a
    paragraph, as in a page or a Word file, and no quantity runs over its end.  Cells of tables are read
    by `read_cell`.

    >>> [claim] = extract("项目总投资20亿元，计划明年6月建成。", date(2024, 5, 1))
    >>> claim.kind, claim.quantity.si_low, claim.rung, claim.aim, claim.date
    ('money_cny', 2000000000.0, 'announced', 'roofed', '2025-06')
    """
    matter = Matter("", text)
    return [matter.stage(claim) for claim in read_prose(text, document, whole_lines=whole_lines)]


def read_prose(text: str, document: date | None = None, *, whole_lines: bool = False) -> list[TextClaim]:
    """Return the claims of `text` by the words of their own sentences alone."""
    claims: list[TextClaim] = []
    known: dict[str, tuple[int, list[TextClaim]]] = {}
    for start, stop in _blocks(text, whole_lines):
        block = text[start:stop]
        if block not in known:
            found = _extract_block(block, document, start)
            claims += found
            known[block] = start, found
        else:
            first, found = known[block]
            claims += [claim.shifted(start - first) for claim in found]
    return claims


def _blocks(text: str, whole_lines: bool) -> Iterator[tuple[int, int]]:
    """Yield the spans of the paragraphs of a text that can be read apart, without gaps."""
    start = 0
    for match in _LINE_END.finditer(text):
        words = text[max(start, match.start() - 80) : match.start()].rstrip(" \t")
        if len(match.group()) == 1 and not (whole_lines or words.endswith(_BLOCK_ENDS)):
            continue
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _extract_block(text: str, document: date | None, offset: int) -> list[TextClaim]:
    if not has_number(text):
        return []
    plain = fold(text)
    quantities = find_quantities(plain)
    if not quantities:
        return []
    reading = Reading(text, offset, plain, Clauses(plain.text), document, quantities)
    claims, named = [], list[tuple[LocatedQuantity, str]]()
    for index, found in enumerate(quantities):
        kind = kind_of(found, reading.clauses, is_of_storage(quantities, index, plain.text))
        elided = elided_kind(found, reading.clauses, named) if kind in ("count", "") else ""
        if (kind or elided) and not is_part_of_date(found, reading):
            claim = read_claim(found, elided or kind, reading)
            claims.append(claim.warned(_ELIDED).at_most_medium() if elided else claim)
        named.append((found, elided or kind))
    return claims


_ELIDED = "what is counted is named before it, with another number or in another field"


def read_claim(found: LocatedQuantity, kind: str, reading: Reading) -> TextClaim:
    """Return the claim of a quantity of a kind with all that its text says of it."""
    plain, text, clauses = reading.plain, reading.text, reading.clauses
    start, end = plain.span(found.start, found.end)
    first, last = clauses.sentence(found.start)
    first, last = max(first, found.start - FOCUS // 2), min(last, found.end + FOCUS // 2)
    per = per_unit(found, clauses)
    when = date_of(found, reading)
    asserted = stage_of(found, kind, when, reading)
    if per and kind in _RATED_KINDS and (asserted.modality == "has" or (kind == "power" and _OF_RACK.search(per))):
        asserted = Assertion()  # what one rack draws or holds is the same in a plan
    doubts = doubts_of(found, kind, plain.text)
    back = clauses.taken_back(found.start)
    if back and not _stands_anyway(found, back, clauses):
        asserted = Assertion("", "", back.modality.value)
        doubts.append(f"the sentence takes it back: {back.words}")
    warning = "; ".join(doubts)
    around = plain.text[max(0, found.start - _AROUND) : found.end + _AROUND]
    alternatives = alternatives_of(found.quantity, kind, around)
    model = chip_model(found, kind, reading)
    return TextClaim(
        kind=kind,
        quantity=found.quantity._replace(chip_model=model) if model else found.quantity,
        rung=asserted.rung,
        subject=subject(plain.text, clauses.clause(found.start), found.start, found.end),
        date=when,
        start=reading.offset + start,
        end=reading.offset + end,
        quote=text[start:end],
        sentence=text[slice(*plain.span(first, max(last, first + 1)))].strip(),
        aim=asserted.aim,
        modality=asserted.modality,
        precision=precision_of(plain.text, found) if kind == "compute" else "",
        per=per,
        alternatives=alternatives,
        confidence="low" if alternatives and kind == "money_cny" else confidence_of(doubts, alternatives),
        warning=warning,
        rung_reason=str(asserted.way or ""),
    )


def _stands_anyway(found: LocatedQuantity, back: TakenBack, clauses: Clauses) -> bool:
    """Say whether the clause of a quantity says that it stands, and only another clause takes something back."""
    at, stop = clauses.clause(found.start)
    if _TURNS.search(clauses.text, back.start, max(found.start, back.start)):
        return True
    if at <= back.start < stop:
        return False
    if any(hit.role in LADDER[2:] for hit in clauses.hits(at, stop)):
        return True
    there = clauses.clause(back.start)
    between = (stop, there[0]) if stop <= there[0] else (there[1], at)
    return counts_itself(clauses.text, *there) or counts_itself(clauses.text, *between)


_TURNS = re.compile(
    r"\b(?:but|while|whereas|although|to make way for|replaced by|in favou?r of)\b|照常|二次|重新招|再次招|最终由|"
    r"终由|不受影响|公司同时|原文|"
    r"实际[是为上]|实为|应为|正确的|而是|其余|剩余|但[^,。;]{0,12}仍"
)
"""words by which a sentence turns from what is taken back to something else"""
_OF_RACK = re.compile(r"[柜架卡]|rack|cabinet|GPU|chip|card|server|accelerator")
_RATED_KINDS = ("power", "chips", "racks", "servers", "compute", "count")
