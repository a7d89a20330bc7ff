"""The claims of a filing, with what its kind and its doubtful passages say of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from osint import claims
from osint.filings import html
from osint.filings.doubt import LONGEST_DOUBT, DoubtKind, FilingDoubt
from osint.filings.filing import Filing, Medium
from osint.filings.grid import outside_tables
from osint.filings.table_claims import claims_of_tables
from osint.register import LADDER, TAKEN_BACK, Modality

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
    title = filing.facts.title or filing.text[:_TITLE]
    kind, off = _FILED.search(title), _CALLED_OFF.search(title)
    found = [_doubted(filing, claim) for claim in found]
    found = [_called_off(one, off[0]) if off else _filed(one, kind[0] if kind else "") for one in found]
    table = claims.claims_frame(found, filing.name)
    if filing.medium is Medium.PDF:
        table["page"] = [filing.place(claim.start)[0] for claim in found]
    elif filing.cells:
        table["page"] = [cell.where if cell else "" for cell in cells]
    return table


_TITLE = 60
"""characters in which a document without a title names its kind"""
_FILED = re.compile(
    r"招标公告|招标文件|采购公告|采购文件|采购意向|磋商公告|谈判公告|询价公告|中标(?:候选人|结果)?公[告示]|成交(?:结果)?公[告示]|"
    r"结果公[告示]|备案(?:证|公示|信息)?|批复|核准|节能审查意见|合同公[告示]|\b(?:tender|procurement|award) notice\b",
    re.IGNORECASE,
)
_BUILT = ("chips", "servers", "racks", "compute", "power", "floor", "land", "money_cny", "money_usd", "transformer")
_OF_BIDDERS = re.compile(r"注册资[本金]|业绩|资格|资质|注册|类似项目|营业额|保证金|标书|代理服务费|文件售价|罚款")
_OF_REGION = re.compile(r"全[国省区市县州]|我[国省区市县州]|行业|累计|nationwide|province-wide|industry")
"""words of a sentence that speaks of more than the matter of its filing"""
_CALLED_OFF = re.compile(
    r"(?:终止|废标|流标|中止|采购失败|招标失败|撤[销回]|取消)(?:采购|招标|中标)?(?:的?(?:公[告示]|通知|决定))|"
    r"\b(?:cancellation|termination) (?:notice|of)\b",
    re.IGNORECASE,
)
"""titles of filings that call off what they name"""


def _filed(claim: claims.TextClaim, kind: str) -> claims.TextClaim:
    """Return a claim that states no rung with that of the kind of its filing: what is tendered or approved is filed."""
    if claim.rung or claim.modality or claim.rung_reason or not kind or claim.kind not in _BUILT:
        return claim
    labels = claim.column_label + claim.row_label
    if any(pattern.search(claim.sentence) or pattern.search(labels) for pattern in (_OF_BIDDERS, _OF_REGION)):
        return claim
    if claim.per and not claim.kind.startswith("money"):
        return claim
    return claim._replace(rung="filed", aim="filed", modality="has", rung_reason=f"the document is a {kind}")


def _called_off(claim: claims.TextClaim, kind: str) -> claims.TextClaim:
    """Return a claim of a filing that calls off what it names, unless the words say that it stands."""
    if claim.rung not in ("", *LADDER[:2]) or claim.modality in TAKEN_BACK or claim.kind not in _BUILT:
        return claim
    warning = "; ".join(filter(None, [claim.warning, f"the document is a {kind}"]))
    reason = f"the document is a {kind}"
    return claim._replace(
        rung="", aim="", modality=str(Modality.WITHDRAWN), warning=warning, rung_reason=reason, confidence="low"
    )


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
