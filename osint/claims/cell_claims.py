"""Read the claims of one cell of a table."""

from __future__ import annotations

import re
from datetime import date

from osint.claims.assertion import GOAL, Assertion, of_grid
from osint.claims.cells import CellContext, UnitSource, bare_number, counted_kind, is_generic, pieces
from osint.claims.claim import TextClaim
from osint.claims.clause_stage import stage
from osint.claims.clauses import Clauses
from osint.claims.extract import number_start, read_claim, read_prose
from osint.claims.folding import fold
from osint.claims.intentions import promised
from osint.claims.kinds import kind_in_cell
from osint.claims.quantities import Quantity, find_quantities
from osint.claims.ranges import MULTIPLIED
from osint.claims.reading import Reading
from osint.claims.retractions import taken_back
from osint.claims.when import is_part_of_date
from osint.register import READ_KINDS, TAKEN_BACK, Modality


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
    spans = pieces(words)
    numbers = [bare_number(words[start:end]) for start, end in spans]
    if not any(numbers):
        return _with_own_units(words, context, document) or _not_read(words, context)
    claims: list[TextClaim] = []
    for (start, end), number in zip(spans, numbers, strict=True):
        piece = words[start:end]
        if number is None:
            found = _with_own_units(piece, context, document) or _not_read(piece, context)
        elif number.is_product and context.unit and context.unit.measure.family not in MULTIPLIED:
            found = _not_read(piece, context)
        else:
            found = _in_context(piece[: number.end], context, document) if context.unit else []
        claims += [claim.shifted(start) for claim in found]
    return claims


def _in_context(piece: str, context: CellContext, document: date | None) -> list[TextClaim]:
    """Return the claim of a number alone in its cell."""
    plain = fold(piece)
    quantities = find_quantities(plain, context.unit)
    reading = Reading(piece, 0, plain, Clauses(plain.text), document, quantities)
    claims = []
    for found in quantities:
        kind = kind_in_cell(found, context.names)
        if kind == "count" and found.family == "cards" and context.chip_model:
            kind = "chips"  # 16张 of "H200 141GB"
        if kind:
            claims.append(_told(read_claim(found, kind, reading), context, document))
    return claims


def _with_own_units(words: str, context: CellContext, document: date | None) -> list[TextClaim]:
    """Return the claims of words with units of their own; a number that opens them is named by its row and column."""
    claims = []
    for claim in _named_by_grid(words, context, document):
        if len(words) < _SHORT_CELL and not _NUMERAL.search(fold(claim.quote).text):
            continue  # 亿元 in a label or alone in a cell is a unit, not a hundred million
        claims.append(_told(claim, context, document)._replace(unit_source=UnitSource.CELL))
    return claims


_FIELD = re.compile(r"([^:：\d]{1,12})[:：]\s?(?=[\d约≥≤])")
"""a label of the cell's own before its number: 数量：24台"""


def _named_by_grid(words: str, context: CellContext, document: date | None) -> list[TextClaim]:
    field = _FIELD.match(words)
    if field and is_generic(field[1]):
        return [claim.shifted(field.end()) for claim in _named_by_grid(words[field.end() :], context, document)]
    plain = fold(words)
    alone = not _LETTERS.search(plain.text, 0, number_start(plain.text))
    quantities = find_quantities(plain) if alone and context.names else []
    if len(quantities) != 1 or not _REST.fullmatch(plain.text, quantities[0].end):
        return read_prose(words, document)
    reading = Reading(words, 0, plain, Clauses(plain.text), document, quantities)
    found = quantities[0]
    kind = kind_in_cell(found, context.names)
    if not kind or is_part_of_date(found, reading):
        return []
    claim = read_claim(found, kind, reading)
    named = found.family in ("thing", "cards", "area", "power", "energy", "feet", "duration", "share")
    return [claim.at_most_medium() if named else claim]


_LETTERS = re.compile(r"[A-Za-z一-龥](?<![约近超达逾共计至为])")
_REST = re.compile(r"\s*(?:[(\[【].{0,40}[)\]】]|左右|以上|以下|以内|余|多|[*#※])?\s*")
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
        told = told.warned(f"the row takes it back: {back.words}")
        return told._replace(rung="", aim="", modality=back.modality.value, confidence="low")
    if _REPLACED.search(context.heads):
        reason = "the column gives what was replaced"
        return told._replace(rung="", aim="", modality=str(Modality.WITHDRAWN), rung_reason=reason)
    is_task = _TASKS.search(context.heads) is not None
    if claim.modality == "has" and claim.rung != "filed" and is_task:
        return told._replace(rung="announced", modality="will", rung_reason=_IS_TASK)
    if claim.rung or claim.modality in TAKEN_BACK:
        return told
    asserted, reason = _stage_of_grid(context, document, when, claim.kind)
    asserted = of_grid(asserted, claim.kind)
    if is_task and asserted.modality in ("", "has") and asserted.rung != "filed":
        asserted, reason = GOAL, _IS_TASK
    elif asserted.rung in _MAY_BE_METERED and _is_metered(context, claim.kind):
        asserted, reason = Assertion("running", "running", "has"), "row or column gives what was measured"
    elif not asserted.modality and claim.kind.startswith("money") and _SPENT.search(context.heads):
        asserted, reason = Assertion("ground broken", "ground broken", "has"), "the column gives what was spent"
    return told._replace(rung=asserted.rung, aim=asserted.aim, modality=asserted.modality, rung_reason=reason)


_REPLACED = re.compile(
    r"(?:更正|变更|调整|修改|更改)前|原(?:公告|文件|招标文件)?(?:内容|条款|数值|值)|\b(?:before|previous(?:ly)?|original)\b",
    re.IGNORECASE,
)
"""heads of a column whose numbers another column replaces"""
_METERED = re.compile(
    r"(?:实际|实测|当前|目前|最大|峰值|20\d\d年)(?!计划|预计|设计|目标).{0,4}(?:[发用耗售]电|PUE|负[荷载]|完成|值)|"
    r"\b(?:actual|metered|measured)\b",
    re.IGNORECASE,
)
"""heads of a column of what a meter showed"""
_MAY_BE_METERED = ("", "roofed", "powered")
_SPENT = re.compile(
    r"(?:已|累计|年|月)(?:完成|投[入资])|累计完成|完成投资|\b(?:spent|invested|expended) (?:to date|so far)",
    re.IGNORECASE,
)
"""heads of a column of money that went into works"""


def _is_metered(context: CellContext, kind: str) -> bool:
    """Say whether row and column of a number say that a meter showed it."""
    if kind == "power":
        return _METERED.search(context.heads) is not None and _LOAD.search(context.heads) is not None
    return kind in ("pue", "energy", "energy_gen") and _METERED.search(context.heads) is not None


_LOAD = re.compile(r"负[荷载]|\b(?:load|demand|draw)\b", re.IGNORECASE)
_IS_TASK = "the table gives what is to be done"
_OF_DESIGN = re.compile(r"设计|规划|\b(?:announced|requested|design)\b", re.IGNORECASE)
"""heads that say whose figure a column gives, and leave the stage to the state of the row"""
_TASKS = re.compile(r"任务|目标|工作要点|下一步|\b(?:task|target|objective|next step)s?\b", re.IGNORECASE)
"""heads of a column of what is to be done"""


def _stage_of_grid(context: CellContext, document: date | None, when: str, kind: str) -> tuple[Assertion, str]:
    """Return what the grid says of the stage of a number, and why: its column, the state of its row, its label."""
    gives_way = context.state is not None and (
        context.state.modality in TAKEN_BACK or _OF_DESIGN.search(context.heads) is not None
    )
    for words, is_label in (("" if gives_way else context.heads, False), (context.stage, True)):
        if is_label and context.state is not None:
            return context.state, f"the row or the line over it says {context.state_words!r}"
        line = fold(words + ",").text
        asserted = stage(Clauses(line), len(line) - 1, len(line) - 1, kind="" if is_label else kind)
        if document and when[:10] > document.isoformat()[: len(when[:10])]:
            asserted = promised(asserted, Clauses(line), len(line) - 1)
        if asserted.rung:
            return asserted, "words of row and column"
    return Assertion(), ""
