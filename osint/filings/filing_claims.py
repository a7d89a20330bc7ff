"""The claims of a filing, with what its kind and its doubtful passages say of them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from osint import claims
from osint.filings import html
from osint.filings.doubt import LONGEST_DOUBT, DoubtKind, FilingDoubt
from osint.filings.filing import Filing, Medium
from osint.filings.grid import outside_tables
from osint.filings.table_claims import claims_of_tables

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

_WORDS = 12
"""words (or Chinese lines) below which a page is nothing but its links"""


def claims_of(filing: Filing, document: date | None = None) -> pd.DataFrame:
    """Return the claims of a filing as a frame with `claims.CLAIM_COLUMNS`; `document` overrides its date.

    A number that is drawn otherwise than its text says, or whose column is in doubt, keeps its quote and loses its
    value; `warning` says why.
    """
    main = filing.main
    day = document or filing.facts.published
    found = _read(filing, main, day)
    if not found and filing.asides and len(main.split()) < _WORDS:  # a page of links, and nothing else
        found = _read(filing, filing.text, day)
        found = [claim.doubted("stands in a link or next to the text") for claim in found]
    cells = [html.cell_at(filing.cells, claim.start, claim.end) for claim in found]
    matter = claims.Matter(filing.facts.title, main)
    found = [matter.stage(_doubted(filing, claim)) for claim in found]
    table = claims.claims_frame(found, filing.name)
    if filing.medium is Medium.PDF:
        table["page"] = [filing.place(claim.start)[0] for claim in found]
    elif filing.cells:
        table["page"] = [cell.where if cell else "" for cell in cells]
    return table


def _read(filing: Filing, text: str, day: date | None) -> list[claims.TextClaim]:
    """Return the claims of the text around the tables, and of the cells of the tables one by one."""
    prose = outside_tables(filing.cells, text)
    whole = filing.medium in (Medium.HTML, Medium.OFFICE)
    found = [*claims.extract(prose, day, whole_lines=whole), *claims_of_tables(filing.cells, text, day)]
    return sorted(found, key=lambda claim: claim.start)


def _doubted(filing: Filing, claim: claims.TextClaim) -> claims.TextClaim:
    """Return the claim, with a warning and perhaps without its value where its passage or its column is doubtful."""
    doubts = [FilingDoubt(claim.start, claim.end, DoubtKind.BY_MACHINE)] if filing.scan_of(claim.start) else []
    first = bisect_left(filing.doubtful, claim.start - LONGEST_DOUBT, key=lambda doubt: doubt.start)
    for doubt in filing.doubtful[first:]:
        if doubt.start >= claim.end:
            break
        if doubt.end > claim.start:
            doubts.append(doubt)
    if not doubts:
        return claim
    warning = "; ".join(dict.fromkeys([*filter(None, [claim.warning]), *(doubt.sentence for doubt in doubts)]))
    refused = any(doubt.kind.refuses for doubt in doubts)
    return claim.doubted(f"value refused: {warning}" if refused else warning, is_refused=refused)
