"""Read claims: every quantity of a text with its kind, rung, date, subject and place in the text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import pandas as pd

from osint.claims.cells import CellContext, UnitSource, bare_number, counted_kind, is_generic, pieces
from osint.claims.clauses import Assertion, Clauses, counts_itself, is_predicate, promised, stage
from osint.claims.dates import Mention, mentions
from osint.claims.kinds import is_storage_pair, kind_in_cell, kind_of
from osint.claims.numbers import HAN_LETTERS, WORDS, NumberDoubt, Plain, fold
from osint.claims.quantities import LocatedQuantity, Quantity, chip_pattern, find_quantities
from osint.claims.retractions import TakenBack, taken_back
from osint.claims.subjects import subject
from osint.register import LADDER, READ_KINDS, TAKEN_BACK

CLAIM_COLUMNS = (
    "file", "kind", "low", "high", "unit", "si_low", "si_high", "si_unit", "rung", "qualifier", "subject", "date",
    "start", "end", "quote", "sentence", "aim", "modality", "chip_model", "precision", "per", "alternatives",
    "confidence", "warning", "page", "row_label", "column_label", "unit_source",
    "rung_reason",
)  # fmt: skip
"""The columns of a frame of claims, in order."""
_BESIDE, _LENT, _PART_REACH = 40, 200, 200
"""dates of a clause that are compared, and characters over which a date behind, or the mention of a part, counts"""
_ALONE, _LEFT_OVER = 12, 2
"""characters of a clause without its date, and of that without opening words, up to which it only gives a date"""
_FOCUS = 300  # longest sentence that a claim keeps, in characters
_LEAST_SUM = 1e4  # a total in CNY below this has lost its 万 or 亿 (judgement)
_LEAST_COMPUTE = 100  # PFLOPS below which a figure in P may have lost its 万 (judgement)


class TextClaim(NamedTuple):
    """One quantity that a text asserts."""

    kind: str
    """one of the fixed kinds (chips, servers, power, ...)"""
    quantity: Quantity
    """its value, as written and in SI units"""
    rung: str
    """the rung of the ladder that the words assert; empty where they assert none"""
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
    precision: str = ""
    """what the text says of compute precision: FP16, FP8, dense, sparse; empty where it says nothing"""
    per: str = ""
    """what a price or power is per (千瓦时, P, 台); empty for a total"""
    alternatives: str = ""
    """other readings that the text allows, separated by |"""
    confidence: str = "high"
    """confidence of the reading, not of the claim: high, medium or low"""
    warning: str = ""
    """what a reader must check against the page"""
    row_label: str = ""
    """words of the label cells of its row in a table, the outer first, parted by " / "; empty in prose"""
    column_label: str = ""
    """words of the header cells of its column in a table, from top to bottom, parted by " / "; empty in prose"""
    unit_source: str = ""
    """where the unit of a number in a table is written, a `UnitSource`; empty in prose"""
    rung_reason: str = ""
    """what gave the rung where it was not the clause: row and column, or the kind of the filing; else empty"""

    def doubted(self, warning: str, *, is_refused: bool = False) -> TextClaim:
        """Return the claim with a warning and low confidence; without its value if `is_refused`."""
        nothing = self.quantity._replace(low=None, high=None, si_low=None, si_high=None)
        quantity = nothing if is_refused else self.quantity
        return self._replace(quantity=quantity, warning=warning, confidence="low")


# a line may be read by itself unless a quantity can run over its end ("$1.2", line break, "billion")
_LINE_END, _BLOCK_ENDS = re.compile(r"[\r\n\f]+"), tuple("。！？!?;；.|")
_ANY_NUMBER = re.compile(rf"[0-9０-９{HAN_LETTERS}萬億兩]|(?:^|(?<=[^A-Za-z])){WORDS}")


def extract(text: str, document: date | None = None, *, whole_lines: bool = False) -> list[TextClaim]:
    """Return the claims of `text` in reading order.

    `document` is the date of the document, on which "next May" and "the end of the year" are
    anchored; without it such dates stay empty.  Deterministic, and linear in the length of the text.
    A paragraph that stands in the text more than once is read once.  With `whole_lines` each line is a
    paragraph, as in a page or a Word file, and no quantity runs over its end.  Cells of tables are read
    by `read_cell`.

    >>> [claim] = extract("项目总投资20亿元，计划明年6月建成。", date(2024, 5, 1))
    >>> claim.kind, claim.quantity.si_low, claim.rung, claim.aim, claim.date
    ('money_cny', 2000000000.0, 'announced', 'roofed', '2025-06')
    """
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
            shift = start - first
            claims += [claim._replace(start=claim.start + shift, end=claim.end + shift) for claim in found]
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


def read_cell(words: str, context: CellContext, document: date | None = None) -> list[TextClaim]:
    """Return the claims of one cell of a table, their offsets counted from its first character.

    A piece of the cell (a line, or a number with a remark) that is one number or one range takes the unit that
    the grid gives; anything else is read as words with units of their own.  What holds several numbers of which the
    grid's unit cannot be dealt out keeps its quote without a value.  `unit_source` is "cell" where the unit stands
    in the cell, else empty, to be filled by who knows the grid.

    >>> from osint.claims.cells import read_unit
    >>> [claim] = read_cell("约6", CellContext(read_unit("亿元"), ("投资额",)))
    >>> claim.kind, claim.quantity.si_low, claim.quantity.qualifier
    ('money_cny', 600000000.0, 'about')
    """
    if not _ANY_NUMBER.search(words):
        return []
    spans = pieces(words)
    numbers = [bare_number(words[start:end]) for start, end in spans]
    if not any(numbers):
        found = _with_own_units(words, context, document, 0)
        return found or _not_read(words, context)
    claims: list[TextClaim] = []
    for (start, end), number in zip(spans, numbers, strict=True):
        if number is None:
            own = _with_own_units(words[start:end], context, document, start)
            claims += own or [
                claim._replace(start=claim.start + start, end=claim.end + start)
                for claim in _not_read(words[start:end], context)
            ]
        elif number.is_product and context.unit and context.unit.measure.family not in _MULTIPLIED:
            claims += [
                claim._replace(start=claim.start + start, end=claim.end + start)
                for claim in _not_read(words[start:end], context)
            ]
        elif context.unit:
            piece = words[start : start + number.end]
            claims += _in_context(piece, context, document, start)
    return claims


_MULTIPLIED = ("transformer", "power", "gen", "battery")
"""what 2×180 in a cell is 360 of; two lines of 110 kV are no 220 kV, and 8×16 of other things may be either"""


def _in_context(piece: str, context: CellContext, document: date | None, offset: int) -> list[TextClaim]:
    """Return the claim of a number alone in its cell."""
    plain = fold(piece)
    quantities = find_quantities(plain, context.unit)
    reading = _Reading(piece, offset, plain, Clauses(plain.text), document, quantities)
    claims = []
    for found in quantities:
        kind = kind_in_cell(found, context.names)
        if kind == "count" and found.family == "cards" and context.chip_model:
            kind = "chips"  # 16张 of "H200 141GB"
        if kind:
            claims.append(_told(_claim(found, kind, reading), context, document))
    return claims


def _with_own_units(words: str, context: CellContext, document: date | None, offset: int) -> list[TextClaim]:
    """Return the claims of words with units of their own; a number that opens them is named by its row and column."""
    claims = []
    for claim in _named_by_grid(words, context, document):
        if len(words) < _SHORT_CELL and not _NUMERAL.search(fold(claim.quote).text):
            continue  # 亿元 in a label or alone in a cell is a unit, not a hundred million
        told = _told(claim, context, document)
        told = told._replace(start=told.start + offset, end=told.end + offset, unit_source=UnitSource.CELL)
        claims.append(told)
    return claims


_FIELD = re.compile(r"([^:：\d]{1,12})[:：]\s?(?=[\d约≥≤])")
"""a label of the cell's own before its number: 数量：24台"""


def _named_by_grid(words: str, context: CellContext, document: date | None) -> list[TextClaim]:
    field = _FIELD.match(words)
    if field and is_generic(field[1]):
        behind = _named_by_grid(words[field.end() :], context, document)
        return [claim._replace(start=claim.start + field.end(), end=claim.end + field.end()) for claim in behind]
    plain = fold(words)
    alone = not _LETTERS.search(plain.text, 0, _first_number(plain.text))
    quantities = find_quantities(plain) if alone and context.names else []
    if len(quantities) != 1 or not _REST.fullmatch(plain.text, quantities[0].end):
        return extract(words, document)
    reading = _Reading(words, 0, plain, Clauses(plain.text), document, quantities)
    found = quantities[0]
    kind = kind_in_cell(found, context.names)
    if not kind or _is_part_of_date(found, reading):
        return []
    claim = _claim(found, kind, reading)
    named = found.family in ("thing", "cards", "area", "power", "energy", "feet", "duration", "share")
    return [claim._replace(confidence=min(claim.confidence, "medium", key=CONFIDENCES.index)) if named else claim]


CONFIDENCES = ("low", "medium", "high")
"""how sure a reading is, the least first"""
_LETTERS = re.compile(r"[A-Za-z一-龥](?<![约近超达逾共计至为])")
_REST = re.compile(r"\s*(?:[(\[【].{0,40}[)\]】]|左右|以上|以下|以内|余|多|[*#※])?\s*")


def _first_number(text: str) -> int:
    match = _ANY_NUMBER.search(text)
    return match.start() if match else 0


_SHORT_CELL = 40
"""characters of a cell up to which a scale word without a number is a part of a unit"""
_NUMERAL = re.compile(r"[0-9零〇一二三四五六七八九两]|[A-Za-z]{3}")
"""what makes a number more than a scale word"""


def _not_read(words: str, context: CellContext) -> list[TextClaim]:
    """Return the quote without a value of a cell with digits that is no single number, where its column has a unit."""
    if context.unit is None or not _SEVERAL.fullmatch(fold(words).text):
        return []
    kind = context.unit.measure.family
    kind = kind if kind in READ_KINDS else (counted_kind(context.names[0]) if context.names else "") or "count"
    quantity = Quantity(None, None, context.unit.written, None, None, context.unit.measure.si_unit, "exact")
    claim = TextClaim(kind, quantity, "", "", "", 0, len(words), words, words)
    return [claim.doubted("value refused: the cell is not one number", is_refused=True)]


_SEVERAL = re.compile(r"[\s\d.,'/+~\-—、;()*#:×xX]*\d[\s\d.,'/+~\-—、;()*#:×xX]*")
"""digits and signs only: several numbers, or one with marks that are not known"""


def _told(claim: TextClaim, context: CellContext, document: date | None) -> TextClaim:
    """Return a claim of a cell with what row and column say of it: date, rung, what it is per, chip model."""
    per = claim.per or context.per or (context.unit.per if context.unit and not claim.unit_source else "")
    when = claim.date or context.date
    told = claim._replace(per=per, date=when)
    if claim.kind in ("chips", "servers") and context.chip_model and not claim.quantity.chip_model:
        told = told._replace(quantity=claim.quantity._replace(chip_model=context.chip_model))
    back = taken_back(context.back, 0, len(context.back)) if context.back else None
    if back and claim.modality not in TAKEN_BACK:
        words = "; ".join(filter(None, (claim.warning, f"the row takes it back: {back.words}")))
        return told._replace(rung="", aim="", modality=back.modality.value, warning=words, confidence="low")
    if not claim.rung and claim.modality not in TAKEN_BACK and context.stage:
        words = fold(context.stage + ",").text
        asserted = stage(Clauses(words), len(words) - 1, len(words) - 1)
        if document and when[:10] > document.isoformat()[: len(when[:10])]:
            asserted = promised(asserted, Clauses(words), len(words) - 1)
        reason = "words of row and column" if asserted.rung else ""
        told = told._replace(rung=asserted.rung, aim=asserted.aim, modality=asserted.modality, rung_reason=reason)
    return told


def _extract_block(text: str, document: date | None, offset: int) -> list[TextClaim]:
    if not _ANY_NUMBER.search(text):
        return []
    plain = fold(text)
    quantities = find_quantities(plain)
    if not quantities:
        return []
    reading = _Reading(text, offset, plain, Clauses(plain.text), document, quantities)
    claims = []
    for index, found in enumerate(quantities):
        kind = kind_of(found, reading.clauses, is_storage_pair(quantities, index, plain.text))
        if kind and not _is_part_of_date(found, reading):
            claims.append(_claim(found, kind, reading))
    return claims


def claims_frame(claims: list[TextClaim], file: str = "") -> pd.DataFrame:
    """Return claims as a table with `CLAIM_COLUMNS`; an open bound is NaN, a word that is missing an empty string.

    >>> claims_frame(extract("机柜500架"), "a.txt")[["file", "kind", "low", "unit"]].values.tolist()
    [['a.txt', 'racks', 500.0, '架']]
    """
    columns: dict[str, list[object]] = {"file": [file] * len(claims)}
    for name in CLAIM_COLUMNS[1:]:
        source = (claim.quantity if name in Quantity._fields else claim for claim in claims)
        columns[name] = [str(one) if isinstance(one := getattr(row, name, ""), str) else one for row in source]
    table = pd.DataFrame(columns)
    return table.astype(dict.fromkeys(("low", "high", "si_low", "si_high"), float))


@dataclass
class _Reading:
    """What is read once per text and shared by its claims."""

    text: str
    offset: int
    """of this text in the whole"""
    plain: Plain
    clauses: Clauses
    document: date | None
    quantities: list[LocatedQuantity]
    dates_by_sentence: dict[int, list[Mention]] = field(default_factory=dict)
    asking: dict[int, bool] = field(default_factory=dict)
    """whether a sentence asks, by its first character"""

    def dates(self, sentence: tuple[int, int]) -> list[Mention]:
        """Return the dates of a sentence; each sentence is read once."""
        if sentence[0] not in self.dates_by_sentence:
            self.dates_by_sentence[sentence[0]] = mentions(self.plain.text, self.document, *sentence)
        return self.dates_by_sentence[sentence[0]]


def _is_part_of_date(found: LocatedQuantity, reading: _Reading) -> bool:
    if found.family not in ("duration", "thing", "count"):
        return False
    inside = reading.dates(reading.clauses.sentence(found.start))
    index = bisect_left(inside, found.end, key=lambda mention: mention.start) - 1
    return index >= 0 and inside[index].end > found.start


_PER = re.compile(r"\s?(?:/|每|per\s)\s?([A-Za-z一-龥·]{1,8})")


def _claim(found: LocatedQuantity, kind: str, reading: _Reading) -> TextClaim:
    plain, text, clauses = reading.plain, reading.text, reading.clauses
    start, end = plain.span(found.start, found.end)
    first, last = clauses.sentence(found.start)
    first, last = max(first, found.start - _FOCUS // 2), min(last, found.end + _FOCUS // 2)
    per = _per(found, clauses)
    when = _date(found, reading)
    asserted = _stage(found, kind, when, reading)
    if per and kind in _RATED_KINDS and asserted.modality == "has":
        asserted = Assertion()  # what one rack draws or holds is the same in a plan
    doubts = _doubts(found, kind, plain.text)
    back = clauses.taken_back(found.start)
    if back and kind != "duration" and not _stands_anyway(found, back, clauses):
        asserted = Assertion("", "", back.modality.value)
        doubts.append(f"the sentence takes it back: {back.words}")
    warning = "; ".join(doubts)
    alternatives = _alternatives(found.quantity, kind, plain.text)
    model = _chip_model(found, kind, reading)
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
        precision=_precision(plain.text, found) if kind == "compute" else "",
        per=per,
        alternatives=alternatives,
        confidence="low" if alternatives and kind == "money_cny" else _confidence(doubts, alternatives),
        warning=warning,
    )


def _confidence(doubts: list[str], alternatives: str) -> str:
    if not doubts:
        return "medium" if alternatives else "high"
    return "medium" if all(isinstance(doubt, NumberDoubt) and doubt.is_mild for doubt in doubts) else "low"


def _stands_anyway(found: LocatedQuantity, back: TakenBack, clauses: Clauses) -> bool:
    """Say whether the clause of a quantity says that it stands, and only another clause takes something back."""
    at, stop = clauses.clause(found.start)
    if at <= back.start < stop:
        return False
    return any(hit.role in LADDER[2:] for hit in clauses.hits(at, stop))


_EACH = re.compile(
    r"(?:(?:每|单)(?:一)?(台套|机柜|机架|服务器|节点|平方米|千瓦时|台|套|张|柜|架|卡|块|个|亩|度|年|月|P)|(单价|单台价))[^\d,。;]{0,14}$"
)
_RATED = re.compile(r"\s?(标准机柜|标准机架|机柜|机架|服务器|a rack\b|per rack\b|each\b|apiece\b)")
_EACH_EN = re.compile(
    r"\b[Ee](?:ach|very) (?:[A-Z]\w* |of (?:the|its) (?:\w+ )?)?"
    r"(rack|server|node|cabinet|system|unit|card|GPU|chip|hall|building|module|cluster)s?\b[^.;]{0,60}$|"
    r"\beach (?:fitted |equipped )?(?:with|holding|of) (?:up to |about )?$"
)
_IN_ONE = re.compile(
    r"\s?(?:[A-Za-z]{1,2}\d+\w{0,4}\s?|昇腾\w{0,6}|英伟达\w{0,6})?(?:GPU|AI|算力|推理|训练|智算|液冷)*\s?(服务器|整机|一体机|节点)|"
    r"\s(server|node|machine|system)s?\b"
)
"""what one of holds the cards that are counted before it: 8卡服务器, eight-GPU servers"""
_MOST_IN_ONE = 16
_YEARLY = re.compile(r"([年月])(?:租金|租赁费|服务费|运维费)[^\d,。;]{0,6}$")
_RATED_KINDS = ("power", "chips", "racks", "servers", "compute", "count")
_NOT_EACH = re.compile(r"每(?:年|月)(?:用|耗|发|节|生产|新增)")


def _per(found: LocatedQuantity, clauses: Clauses) -> str:
    """Return what a quantity is per: the word behind it, or 每 and 单 before it in its clause."""
    text = clauses.text
    behind = _PER.match(text, found.end)
    if behind:
        return behind[1]
    before = text[max(clauses.clause(found.start)[0], found.start - 24) : found.start]
    rated = _RATED.match(text, found.end) if found.family == "power" else _in_one(found, text)
    wide = text[max(clauses.sentence(found.start)[0], found.start - 80) : found.start]
    each_en = _EACH_EN.search(wide) if "ach " in wide or "very " in wide else None
    if rated:
        return re.sub("^(?:a|per) ", "", rated[1] or rated[2])
    if each_en:
        return each_en[1] or "unit"
    each = _EACH.search(before) or _YEARLY.search(before)
    if each is None or _NOT_EACH.search(before) or found.family in ("energy", "tce", "duration", "share"):
        return ""
    return each[1] or "unit"


def _in_one(found: LocatedQuantity, text: str) -> re.Match[str] | None:
    """Return the machine of which one holds so many cards: the 8 of 8卡服务器."""
    if found.family not in ("chips", "cards") or (found.quantity.low or 0) > _MOST_IN_ONE:
        return None
    joined = text[found.end - 1] == "卡" or "-" in text[found.start : found.end]
    return _IN_ONE.match(text, found.end) if joined else None


def _chip_model(found: LocatedQuantity, kind: str, reading: _Reading) -> str:
    """Return the chip model that the clause of a count of chips or servers names next to it, as written."""
    if kind not in ("chips", "servers") or found.quantity.chip_model:
        return _bare_model(found.quantity.chip_model)
    text = reading.plain.text
    at, stop = reading.clauses.clause(found.start)
    first = max(at, found.start - _MODEL_REACH)
    for match in _COUNT_BEFORE.finditer(text, first, found.start):
        first = match.end()
    spans = ((found.start, found.end), (first, found.start), (found.end, min(stop, found.end + _MODEL_REACH)))
    for number, (low, high) in enumerate(spans):
        named = list(chip_pattern().finditer(text, low, high))
        if named:
            model = named[-1 if number == 1 else 0]
            return _bare_model(reading.text[slice(*reading.plain.span(*model.span()))])
    return ""


def _bare_model(words: str) -> str:
    """Return the name of a chip model without its maker and without the s of several."""
    return _PLURAL.sub("", _MAKER.sub("", words.strip()).strip())


_MODEL_REACH = 24
"""characters on either side of a count in which a chip model belongs to it (judgement)"""
_COUNT_BEFORE = re.compile(r"\d\s?[台套架][,、;和及]")
_MAKER = re.compile(r"^(?:英伟达|NVIDIA|Nvidia(?:['’]?s)?)\s?|(?:GPU)$")
_PLURAL = re.compile(r"(?<=\d)s$")


_MAY_REACH = ("chips", "servers", "racks", "compute", "power", "transformer")
_ASKS = re.compile(r"是否|能否|有没有|[吗么]\s?\??$|\bwhether\b")


def _asks(found: LocatedQuantity, reading: _Reading) -> bool:
    """Say whether the sentence of a quantity asks: it asserts nothing."""
    first, last = reading.clauses.sentence(found.start)
    if first not in reading.asking:
        sentence = reading.clauses.text[first:last].rstrip() if last - first < _FOCUS else ""
        reading.asking[first] = sentence.endswith("?") or _ASKS.search(sentence) is not None
    return reading.asking[first]


_REACHED = re.compile(r"(?:达到?|突破|超过|形成|\b(?:reached|totall?ed|hit))\s?[约近]?$")
_BEFORE_GROWTH = re.compile(
    r"(?:\b(?:up|down|grew|rose|increase[ds]?|expand(?:ed)?|rising|growing) from (?:just |only |about )?|"
    r"\bfrom (?:just |only |about |the current )?|[从由](?:年初的?|目前的?|原来的?|原有的?|现有的?|约)?|compared with )"
    r"[$€¥]?$"
)


def _stage(found: LocatedQuantity, kind: str, when: str, reading: _Reading) -> Assertion:
    """Return what is asserted of a quantity; what the text dates after its own day is a promise.

    What something grew from takes no rung from the verb of its clause, and a question asserts none.
    """
    text = reading.clauses.text
    near = text[max(0, found.start - 32) : found.start]
    is_start = _BEFORE_GROWTH.search(near) is not None and _TARGET.match(text, found.end) is not None
    if is_start or _UP_FROM.search(near) or _OF_WHOLE.search(near) or _NEVER_WAS.search(text, *_around(found, reading)):
        return Assertion()
    if _asks(found, reading):
        return Assertion()
    asserted = stage(reading.clauses, found.start, found.end, found.family in _APART, kind)
    day = when[:10]
    if not asserted.modality and kind in _MAY_REACH and day and _REACHED.search(near):
        asserted = Assertion("roofed", "roofed", "has")
    if reading.document and day > reading.document.isoformat()[: len(day)]:
        return promised(asserted, reading.clauses, found.start)
    return asserted


_OF_WHOLE = re.compile(
    r"(?<!phase )(?<!stage )\b\d[\d,.]* (?:out )?of (?:the |its |some |about )?(?:planned )?$", re.IGNORECASE
)
_NEVER_WAS = re.compile(r"\bwould have (?:been )?\w+(?:ed|en)\b|\bcould have (?:been )?\w+(?:ed|en)\b")
"""what would have been and was not"""


def _around(found: LocatedQuantity, reading: _Reading) -> tuple[int, int]:
    """Return the ends of the clause of a quantity, at most 80 characters on either side."""
    at, stop = reading.clauses.clause(found.start)
    return max(at, found.start - 80), min(stop, found.end + 80)


_UP_FROM = re.compile(r"\b(?:up|down) from (?:just |only |about )?[$€¥]?$|compared with [$€¥]?$")
_SUM = re.compile(r"总投资|投资额|总金额|合同金额|中标金额|成交金额|预算|造价|总价")


def _doubts(found: LocatedQuantity, kind: str, text: str) -> list[str]:
    """Return what a reader must check: odd characters, and a sum that is too small for what it names."""
    low, high = found.quantity.si_low, found.quantity.si_high
    value = high if high is not None else low
    is_small = kind == "money_cny" and value is not None and value < _LEAST_SUM
    if is_small and _SUM.search(text, max(0, found.start - 16), found.start):
        return [*found.remarks, "a sum without 万 or 亿 that is small for what it names"]
    return list(found.remarks)


_TAIWAN = re.compile(r"台湾|台北|新北|桃园|台中|台南|高雄|新竹|香港|澳门")
_HAN_LETTER = re.compile("[一-龥]")


def _alternatives(quantity: Quantity, kind: str, text: str) -> str:
    """Return another reading: of a compute figure that may lack its 万, of a currency that the place leaves open."""
    value = quantity.si_low if quantity.si_low is not None else quantity.si_high
    if kind == "money_cny":
        if "元" in quantity.unit and "人民币" not in text and _TAIWAN.search(text):
            return "TWD, HKD or MOP (the place has a currency of its own)"
        if quantity.unit.startswith("¥") and not _HAN_LETTER.search(text):
            return "JPY (¥ is the sign of the yen too)"
    if kind == "compute" and value is not None and value < _LEAST_COMPUTE and quantity.unit in ("P", "p", "PF"):
        return f"{value * 1e4:g} PFLOPS (if 万 is missing)"
    return ""


_PRECISION = re.compile(r"FP(?:4|8|16|32|64)|BF16|INT8|TF32|稠密|稀疏|dense|sparse|半精度|单精度|双精度", re.IGNORECASE)


def _precision(text: str, found: LocatedQuantity) -> str:
    near = text[found.end : found.end + 24] + " " + text[max(0, found.start - 24) : found.start]
    return " ".join(dict.fromkeys(_PRECISION.findall(near)))


def _date(found: LocatedQuantity, reading: _Reading) -> str:
    """Return the date that governs a quantity.

    The nearest in its clause; else the last before it in the sentence, unless the clause is a
    relative one in the future; else that of a clause behind it that has no subject of its own.
    """
    clauses = reading.clauses
    sentence = clauses.sentence(found.start)
    inside = reading.dates(sentence)
    if not inside:
        return ""
    at, stop = clauses.clause(found.start)
    low = bisect_left(inside, at, key=lambda mention: mention.start)
    high = bisect_left(inside, stop, key=lambda mention: mention.start)
    if _OF_WHOLE.search(clauses.text, max(at, found.start - 32), found.start):
        return ""
    starting = _STARTING_VALUE.search(clauses.text, max(at, found.start - 24), found.start) is not None
    if starting and _TARGET.match(clauses.text, found.end):
        high = bisect_left(inside, found.start, low, high, key=lambda mention: mention.start)
    same = inside[low:high][:_BESIDE]
    if same:
        return _of_clause(same, found, reading)
    if low and not _RELATIVE.match(clauses.text, at):
        last = inside[low - 1]
        alone = _stands_alone(last, clauses)
        begins = clauses.clause(last.start)[1] if alone else last.end  # "预计明年6月,一期建成": no other part yet
        if _OTHER_PART.search(clauses.text, max(begins, found.start - _PART_REACH), found.start):
            return ""
        lends = found.family not in _APART or alone or _FOLLOWS.match(clauses.text, at)
        return last.edtf if lends and (alone or not _is_over(last, found, reading)) else ""
    if not low and not starting and high < len(inside):
        behind = inside[high]
        near = behind.start - found.end <= _LENT
        same_subject = near and not _VERB.search(clauses.text, found.end, behind.start)
        own = clauses.clause(behind.start)
        same_subject = same_subject and not counts_itself(clauses.text, behind.end, min(own[1], behind.end + _LENT))
        if same_subject or is_predicate(clauses, own[0]):
            return behind.edtf
    return ""


def _of_clause(same: list[Mention], found: LocatedQuantity, reading: _Reading) -> str:
    """Return the date of a clause that governs a quantity: in turn, the new one of a delay, or the nearest."""
    text = reading.clauses.text
    at, stop = reading.clauses.clause(found.start)
    if len(same) == 1:
        return same[0].edtf
    if _IN_TURN.search(text, same[-1].end, found.start):
        told = [one for one in reading.quantities if same[-1].end < one.start < stop and one.family == found.family]
        if len(told) == len(same):
            return same[told.index(found)].edtf
    if _DELAYED.search(text, at, stop):
        return same[-1].edtf
    near = [one for one in same if one.end > found.start or not _TO.fullmatch(text, one.end, found.start)]
    return min(near or same, key=lambda mention: _gap(mention, found)).edtf


def _is_over(mention: Mention, found: LocatedQuantity, reading: _Reading) -> bool:
    """Say whether a date of another clause is past and the own clause speaks of the future."""
    day = mention.edtf[:10]
    if not (reading.document and day) or day >= reading.document.isoformat()[: len(day)]:
        return False
    return any(hit.role == "future" for hit in reading.clauses.hits(*reading.clauses.clause(found.start)))


_IN_TURN, _DELAYED = (
    re.compile(r"分别|各|、|respectively"),
    re.compile(r"推迟|延期|延至|延后|\b(?:slip|slipped|delayed|postponed|pushed)\b"),
)
_TO = re.compile(r"\s?(?:to|至|到|增至|增加到|提升至|提升到)\s?(?:约|about |some )?[$€¥]?")


# what opens a clause that continues the one before it; and a verb, which begins another matter
_FOLLOWS = re.compile(r"\s?(?:可|届时|将|能)")
_VERB = re.compile(
    r"[一-龥]|\b(?:of them|"
    r"with|due|times|is|are|was|were|be|will|would|could|can|may|has|have|had|plans?|aims?|said|says|"
    r"and (?:it|they|the)|\w+s to|\w{3,}ed)\b(?! at)"
)


# "from 50MW to 120MW by 2026", 从50兆瓦增至120兆瓦: the date behind is that of the second value
_STARTING_VALUE = re.compile(r"(?:\bfrom (?:[a-z]+ ){0,3}|从|由)[$€¥]?$")
_TARGET = re.compile(r"\s?(?:to\b|增|提|扩|升|到|至)")

# what a sentence adds at its end about the whole, after the milestones of its parts
_APART = ("money_cny", "money_usd", "money_hkd", "money_eur", "land", "area", "feet", "duration", "pue", "share")


_OPENER = re.compile(r"[\s,:]|预计|计划|力争|争取|有望|到|截至|在|自|By|In|As of|During|Since|At")


def _stands_alone(mention: Mention, clauses: Clauses) -> bool:
    """Say whether a date fills its clause, and so governs what follows ("2024年,", "预计明年6月底,")."""
    start, stop = clauses.clause(mention.start)
    rest = clauses.text[start : mention.start] + clauses.text[mention.end : stop]
    return len(rest) < _ALONE and len(_OPENER.sub("", rest)) <= _LEFT_OVER


# words that turn to another part of a project, of which the date before them says nothing
_OTHER_PART = re.compile(
    r"[,;](?:[一二三四五]期|另外?|此外|二是|三是|\d号)|\b(?:another|a further|an additional|while|whereas)\b"
)
_RELATIVE = re.compile(r"\s?(?:which|that|and)\s(?:will|would|could|is expected)\b")


def _gap(mention: Mention, found: LocatedQuantity) -> int:
    return found.start - mention.end if mention.end <= found.start else mention.start - found.end
