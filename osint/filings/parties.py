"""Read who buys, who sells and who published, by the labels of a notice, in its text and in its tables."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from osint.claims import label_unit
from osint.filings.grid import Cell


class Party(StrEnum):
    """What somebody, or a place, is to a filing."""

    BUYER = "buyer"
    SUPPLIER = "supplier"
    PUBLISHER = "publisher"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who sells, as printed, with lot and rank."""

    name: str
    """as printed"""
    lot: str = ""
    """lot or package as printed: 包1, 一标段, Lot 2; empty where there is one"""
    rank: int = 0
    """1 for the first candidate; 0 where no rank is printed"""


_BUYER = (
    "采购人|采购单位|采购人信息|招标人|招标单位|建设单位|项目单位|项目法人|项目法人单位|业主|业主单位|比选人|发包人|发包单位|甲方|询价人|"
    "备案申请单位|申报单位|申报企业|申报企业名称|企业名称|买方|需方|购买方|委托方|"
    "applicant|project sponsor|buyer|contracting authority|purchaser|procuring entity|client|contracting body"
)
_SUPPLIER = (
    "供应商|供货(?:方|商|单位)|卖方|供方|中标人|中标单位|中标供应商|成交供应商|成交单位|成交人|中选人|中选单位|中选供应商|中标(?:[(（]?成交[)）]?)(?:供应商|人|单位)|"
    "(?:中标|成交|中选)候选(?:人|单位|供应商)|(?:拟定的?)?唯一供应商|拟定供应商|乙方|承包人|承包单位|拟中标人|拟成交供应商|"
    "supplier|winner|winning bidder|winning tenderer|contractor|"
    "successful tenderer|successful bidder|awarded to|award recipient"
)
_PUBLISHER = (
    "(?:备案|审批|批复|核准|审查|登记)(?:机关|部门)|信息来源|来源|发布单位|发布机构|文章来源|发布人|发文机关|发布机关|稿件来源|"
    "publisher|published by|source|issued by"
)
_PLACE = "建设地点|项目地点|建设地址|实施地点|项目所在地|location of works|site location"
_LABELS = {Party.BUYER: _BUYER, Party.SUPPLIER: _SUPPLIER, Party.PUBLISHER: _PUBLISHER, Party.PLACE: _PLACE}
_CANDIDATE = r"第\s?([一二三四五1-5])\s?(?:名)?(?:中标|成交|中选)?候选(?:人|供应商|单位)|(?:排名)?第([一二三])名"
_LOT = (
    r"(?:第?[一二三四五六七八九十\d]{1,3}(?:标段|标包|包|标项)|(?:标段|标包|包|标项)\s?[A-Z一二三四五六七八九十\d]{1,3}(?![\d-])|[A-Z]包|"
    r"\b(?:LOT-|[Ll]ot\s?(?:LOT-)?)(?:[A-Z]\b|\d{1,4}\b))"
)
_LOT_LINE = re.compile(
    rf"(?m)^[^\S\n]{{0,8}}(?:[（(]?[一二三四五\d]{{1,2}}[)）、.．]\s?)?(?P<lot>{_LOT})"
    r"(?:[^\S\n]*$|\s?[:：、（( ][^\n]{0,50}$)"
)
_LOT_REACH = 1500
"""characters over which a line with a lot stands over what follows it (judgement)"""
_BRACKET = r"(?:\s?[(（][^()（）\n]{1,8}[)）])?"
_NAMED = r"(?:信息)?(?:\s{0,3}名\s{0,4}称|\s{0,4}(?:official )?name)?(?:及地址|和地址)?"
_FIELD = {
    party: re.compile(
        rf"(?<![一-龥A-Za-z])(?P<lot>{_LOT})?\s?[-:：]?\s?(?:{labels}){_NAMED}{_BRACKET}\s?[:：|]\s{{0,3}}"
        r"(?P<value>[^\n|;；]{2,90})",
        re.IGNORECASE,
    )
    for party, labels in _LABELS.items()
}
_RANKED = re.compile(
    rf"(?P<lot>{_LOT})?\s?[-:：]?\s?(?:{_CANDIDATE})(?:名称|为)?{_BRACKET}\s?[:：为]?\s{{0,2}}(?P<value>[^\n|;；:：]{{2,60}})"
)
_IS = {
    Party.BUYER: re.compile(
        r"(?:采购人|采购单位|招标人|建设单位|项目业主)(?:是|为)(?P<value>[^,，。;；\n]{4,60})|"
        r"受(?P<value2>[^,，。;；\n]{4,40}?)的?委托|"
        r"(?:^|\n)[^\S\n]{0,20}(?P<value5>[^\s,，。:：;；|]{4,40}?(?:公司|集团|局|中心|委员会|大学|学院|医院|研究院|办公室|厅|政府))"
        r"(?:现就|现对|就|拟对|对)[^\n。]{2,60}?(?:公开招标|邀请招标|竞争性磋商|竞争性谈判|询价|采购|比选)|"
        r"(?:^|\n)[^\S\n]{0,20}(?P<value3>[^\s,，。:：]{4,40})[:：]\s*(?:你|贵)(?:公司|单位|局|院|校)|"
        r"(?:^|[.\n]\s?)(?P<value4>[A-Z][\w&' -]{3,60}?)(?:\s\([^)\n]{1,30}\))? (?:has |have )?award(?:ed|s) "
        r"(?:a |the )?(?:contract|tender|framework|order)"
    ),
    Party.SUPPLIER: re.compile(
        r"(?:中标人|中标单位|成交供应商|中标供应商|中选人)(?:是|为)(?P<value>[^,，。;；\n]{4,60})|"
        r"(?:确定|选定)(?P<value2>[^,，。;；\n]{4,40}?)为(?:本项目|该项目)?(?:的)?(?:中标|成交|中选)(?:人|单位|供应商)|"
        rf"(?P<lot>{_LOT})?[:,]?\s?\b[Aa]warded (?:[^.\n]{{0,160}}? )?to (?P<value3>[A-Z][^.,;\n]{{2,60}})"
    ),
}
_SPREAD = re.compile(r"(?m)^[一-龥](?:[ \u3000\u00a0]{1,4}[一-龥]){1,7}(?=\s?[:：])")
"""a label that is printed wide: 中 标 人"""
_JOINED = re.compile(
    r"[(（](?:联合体)?(?:牵头|成员|主办|参与|联合体)[^()（）\n]{0,8}[)）]|(?<=公司)[、;；](?=[一-龥]{2})|(?<=院)[、;；](?=[一-龥]{2})"
)
"""what parts the members of a consortium"""
_LABEL = {
    party: re.compile(rf"(?:{labels}){_NAMED}{_BRACKET}[:：]?", re.IGNORECASE) for party, labels in _LABELS.items()
}
_LABEL_RANKED = re.compile(rf"(?:{_CANDIDATE})(?:名称)?[:：]?")
_IS_LABEL = re.compile(
    r"(?:名称|地址|金额|电话|联系人|编号|方式|代码|日期|时间|价格?|报价|信息|内容|单位|数量|备注|结果|牵头人|得分|排名|法定代表人|"
    r"地点|类型|情况|资质|期限|工期|address|price|amount|value|name|date|phone)[:：]?$",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"\s?20\d\d\s?[-/.年].*$|\s?(?:字号|字体|浏览|打印|分享|点击|阅读|责任编辑|责编|编辑|作者|发布时间|发布日期|公开日期|时间|索引号|主题分类|文号|关闭|"
    r"【|\[|(?:[Pp]ublished|[Dd]ate|[Vv]iews)\b).*$"
)
_BEHIND = re.compile(
    r"[,，。]|\s{2,}|　|\s(?=[一二三四五六七八九十]{1,2}、)|(?<=公司)\s|"
    r"(?<=[一-龥)）])\s+(?=[一-龥]{2,8}[:：])|\s?[(（]?(?:地\s?址|联系|电\s?话|投标报价|中标价|"
    r"报价|金额|统一社会信用代码|法定代表人|采购代理机构|代理机构|[Aa]ddress\b|[Pp]rice\b)"
)
_BEHIND_LATIN = re.compile(r"\s{2,}|\.\s|\s(?:Address|Price|Contract value|Reference)\b.*")
_LEADS = re.compile(r"^(?:联合体牵头人|牵头人|牵头单位|联合体|名\s{0,4}称)\s?[:：]?\s?|^[:：]\s?")
_NOBODY = re.compile(r"^(?:详见|见附件|见公告|见招标|无$|/|-|—|废标|流标|待定|n/?a$|see\b)", re.IGNORECASE)
_LETTERS = re.compile(r"[一-龥]{2}|[A-Za-z]{2}")
_LONGEST_NAME, _MOST, _SHORTEST_FIELD = 60, 50, 8
_ORDINALS = "一二三四五"
_HEAD_ROLES = {"lot": re.compile(r"(?:包号|标段|标包|包组|分包|标项|lot)(?:名称|编号|号)?(?: no\.?)?", re.IGNORECASE)}
_RANK_HEAD = re.compile(r"(?:排名|名次|排序|候选人排名|rank)", re.IGNORECASE)
_RESULT_HEAD = re.compile(r"是否中标|中标情况|是否成交|评审结果|结果|result|outcome", re.IGNORECASE)
_RESULT_LABEL = re.compile(
    r"(?:评审|评标|最终)?(?:结论|结果)|是否(?:中标|成交)|(?:final )?(?:result|outcome)", re.IGNORECASE
)
_HAS_WON = re.compile(r"(?:推荐)?(?:中标|成交|中选)|awarded|won|winner|successful", re.IGNORECASE)
_IS_FIRM = re.compile(r"公司|集团|厂|院|\b(?:Ltd|Limited|Inc|LLC|GmbH|SA|SAS|plc|Corp|Co)\b")
_SIGNED = re.compile(
    r"(?m)^\s*([一-龥]{2,24}(?:委员会|局|厅|人民政府|办公室))\s*(?:20\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日)?\s*\Z"
)
_LETTERHEAD = re.compile(
    r"(?m)^\W{0,4}((?:(?:[A-Z][\w'-]+ ){1,3}(?:County|City|Borough|District|Town|Parish) Council|"
    r"(?:London )?(?:Royal )?(?:Borough|City|County|Town|District|Village|Township|State) of "
    r"(?:(?:and|upon|on|the) |[A-Z][\w'-]+ ?){1,4}))"
)
"""an authority in English at the head of a line"""
_HEAD_OF_PAPER = 400
"""characters in which a paper names the authority that made it (judgement)"""
_SIGN_OFF = 120
"""characters at the end of a paper in which an authority signs it"""
_NAMES_PARTY = re.compile(
    r"名称|单位|供应商|投标人|候选人|公司|^\W*\d*$|包|标段|name|bidder|tenderer|lot", re.IGNORECASE
)
"""labels of rows that name who bids, and not the manager or the price"""
_HAS_LOST = re.compile(r"未中标|未成交|落选|unsuccessful", re.IGNORECASE)
_AWARD_HEAD = re.compile(r"中标|成交|中选|\b(?:award|contract)", re.IGNORECASE)
_SCORE_HEAD = re.compile(r"得分|评分|总分|\bscores?\b", re.IGNORECASE)
_LOST = re.compile(r"否|未中标|未成交|落选|废标|流标|no|lost|unsuccessful", re.IGNORECASE)


def clean_name(words: str, party: Party) -> str:
    """Return the name in the words behind a label, without what follows it; "" where they are no name.

    >>> clean_name("云谷日报字号：[大][中]浏览量：35", Party.PUBLISHER), clean_name("供应商地址", Party.SUPPLIER)
    ('云谷日报', '')
    """
    value = words.strip(" |\t　")
    while (shorter := _LEADS.sub("", value)) != value:
        value = shorter
    if party is Party.PUBLISHER:
        value = _FURNITURE.sub("", value)
    is_latin = value[:1].isascii()
    if is_label(value):
        return ""
    cut = (_BEHIND_LATIN if is_latin else _BEHIND).search(value, 1)
    value = (value[: cut.start()] if cut else value).strip(" :：、.|　")
    value = re.sub(r"[(（][^()（）]*$", "", value).strip()  # a bracket that was cut
    if not _LETTERS.search(value) or len(value) > _LONGEST_NAME or _NOBODY.match(value) or is_label(value):
        return ""
    return value


def is_label(words: str) -> bool:
    """Say whether words are a label and not a value."""
    if label_unit(words)[0]:
        return True
    plain = re.sub(r"\s", "", words) if not words.isascii() else words.strip()
    return _IS_LABEL.search(plain) is not None or any(pattern.fullmatch(plain) for pattern in _LABEL.values())


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is named in a filing, each empty where nobody is."""

    buyer: str = ""
    publisher: str = ""
    place: str = ""
    suppliers: tuple[Supplier, ...] = ()


def read_parties(text: str, cells: Sequence[Cell] = ()) -> Parties:
    """Return who buys, sells and publishes; `text` is that around the tables, `cells` those of the tables.

    A value stands behind its label, beside it, or below it where the label heads a column. Candidates keep their rank,
    winners of several lots their lot.
    """
    single: dict[Party, str] = {}
    suppliers: list[Supplier] = []
    lots = [(match.start(), match["lot"].strip()) for match in _LOT_LINE.finditer(text)]
    spread = together(text)
    for words in (
        spread,
        *(cell.text for cell in cells if len(cell.text) >= _SHORTEST_FIELD and re.search("[:：]", cell.text)),
    ):
        for party in (Party.BUYER, Party.PUBLISHER, Party.PLACE):
            single[party] = single.get(party) or next(_named(party, words), "")
        suppliers += _sellers(words, lots if words is text else [])
    signed = _SIGNED.search(text[-_SIGN_OFF:]) or _LETTERHEAD.search(text[:_HEAD_OF_PAPER])
    single[Party.PUBLISHER] = single[Party.PUBLISHER] or (signed[1].strip() if signed else "")
    for party, name, supplier in (*_in_tables(cells, lots), *_winners_of_columns(cells)):
        if supplier:
            suppliers.append(supplier)
        else:
            single[party] = single.get(party) or name
    return Parties(
        single.get(Party.BUYER, ""), single.get(Party.PUBLISHER, ""), single.get(Party.PLACE, ""), _once(suppliers)
    )


def together(text: str) -> str:
    """Return a text whose labels that are printed wide stand together: 中 标 人 as 中标人."""
    return _SPREAD.sub(lambda match: re.sub(r"\s", "", match.group()), text)


def _once(suppliers: list[Supplier]) -> tuple[Supplier, ...]:
    """Return suppliers once each; one with a lot or a rank says more than the same name without."""
    told = {(one.name) for one in suppliers if one.lot or one.rank}
    kept = (one for one in suppliers if one.lot or one.rank or one.name not in told)
    return tuple(list(dict.fromkeys(kept))[:_MOST])


def _named(party: Party, text: str) -> Iterator[str]:
    for match in _FIELD[party].finditer(text):
        name = clean_name(match["value"], party)
        if name:
            yield name
    for match in _IS[party].finditer(text) if party in _IS else ():
        name = clean_name(_value(match), party)
        if name:
            yield name


def _value(match: re.Match[str]) -> str:
    return next(words for name, words in match.groupdict().items() if name.startswith("value") and words)


def _lot_over(lots: list[tuple[int, str]], at: int) -> str:
    """Return the lot of the nearest line over an offset that names one; "" where there is none."""
    index = bisect_left(lots, (at, "")) - 1
    return lots[index][1] if index >= 0 and at - lots[index][0] <= _LOT_REACH else ""


def _sellers(text: str, lots: list[tuple[int, str]]) -> list[Supplier]:
    found: list[tuple[int, Supplier]] = []
    for match in _RANKED.finditer(text):
        name = clean_name(match["value"], Party.SUPPLIER)
        if name:
            lot = (match["lot"] or "").strip() or _lot_over(lots, match.start())
            found.append((match.start(), Supplier(name, lot, _rank(match[2] or match[3]))))
    for pattern in (_FIELD[Party.SUPPLIER], _IS[Party.SUPPLIER]):
        for match in pattern.finditer(text):
            names = (clean_name(words, Party.SUPPLIER) for words in _JOINED.split(_value(match)))
            lot = (match["lot"] or "").strip() or _lot_over(lots, match.start())
            found += [(match.start(), Supplier(name, lot)) for name in names if name]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _rank(words: str) -> int:
    return _ORDINALS.index(words) + 1 if words in _ORDINALS else int(words)


def _in_tables(cells: Sequence[Cell], lots: list[tuple[int, str]]) -> Iterator[tuple[Party, str, Supplier | None]]:
    """Yield what stands beside or below the labels of tables."""
    by_place = {(cell.table, cell.row, cell.column): cell for cell in cells}
    rows: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        rows.setdefault((cell.table, cell.row), []).append(cell)
    lot = table = ""
    for cell in cells:
        if cell.table != table:
            table, lot = cell.table, _lot_over(lots, cell.start) or lot
        label = re.sub(r"\s", "", cell.text) if not cell.text.isascii() else cell.text.strip()
        if _HEAD_ROLES["lot"].fullmatch(label):
            beside = by_place.get((cell.table, cell.row, cell.column + cell.column_span))
            lot = beside.text if beside and not cell.header else lot
        ranked = _LABEL_RANKED.fullmatch(label)
        party = Party.SUPPLIER if ranked else next((p for p, one in _LABEL.items() if one.fullmatch(label)), None)
        if party is None:
            continue
        beside = by_place.get((cell.table, cell.row, cell.column + cell.column_span))
        name = clean_name(beside.text, party) if beside and not cell.header and not beside.header else ""
        if name and not (party is Party.SUPPLIER and _heads_column(cell, by_place)):
            rank = _rank(ranked[1] or ranked[2]) if ranked else 0
            yield party, name, Supplier(name, lot, rank) if party is Party.SUPPLIER else None
            continue
        column = list(_column_below(cell, by_place))
        if not column and beside and (name := clean_name(beside.text, party)):  # a row of pairs that looks like heads
            yield party, name, Supplier(name, lot) if party is Party.SUPPLIER else None
        for below in column:
            name = clean_name(below.text, party)
            first = rows[below.table, below.row][0]
            if not name or (ranked and first is not below and not _NAMES_PARTY.search(first.text)):
                continue
            if party is not Party.SUPPLIER:
                yield party, name, None
                break
            heads = {one.column: one.text for one in rows[cell.table, cell.row]}
            supplier = _of_row(name, rows[below.table, below.row], heads)
            if supplier:
                yield party, name, supplier


def _winners_of_columns(cells: Sequence[Cell]) -> Iterator[tuple[Party, str, Supplier]]:
    """Yield who won in tables whose columns are the bidders: 结论 | 中标 | 未中标 below their names."""
    for cell in cells:
        if not _RESULT_LABEL.fullmatch(cell.text):
            continue
        for one in cells:
            beside = (one.table, one.row) == (cell.table, cell.row) and one.column > cell.column
            if beside and one.headers and _HAS_WON.fullmatch(one.text) and _IS_FIRM.search(one.headers[-1]):
                name = clean_name(one.headers[-1], Party.SUPPLIER)
                if name:
                    yield Party.SUPPLIER, name, Supplier(name)


def _heads_column(cell: Cell, by_place: dict[tuple[str, int, int], Cell]) -> bool:
    return cell.header and (cell.table, cell.row + 1, cell.column) in by_place


def _column_below(cell: Cell, by_place: dict[tuple[str, int, int], Cell]) -> Iterator[Cell]:
    row = cell.row + cell.row_span
    while below := by_place.get((cell.table, row, cell.column)):
        if below.header or is_label(below.text):
            return
        yield below
        row += below.row_span


def _of_row(name: str, row: list[Cell], heads: dict[int, str]) -> Supplier | None:
    """Return the supplier of a row with its lot and rank, by the heads of its columns; None for a bid that lost."""
    lot, rank = "", 0
    told = " ".join(heads.values())
    is_scored = _SCORE_HEAD.search(told) is not None and _AWARD_HEAD.search(told) is None
    for cell in row:
        head = cell.headers[-1] if cell.headers else heads.get(cell.column, "")
        if (_RESULT_HEAD.fullmatch(head.strip()) and _LOST.match(cell.text)) or _HAS_LOST.fullmatch(cell.text):
            return None
        if _HEAD_ROLES["lot"].fullmatch(head.strip()) and not lot:
            lot = cell.text
        if _RANK_HEAD.fullmatch(head.strip()):
            digits = re.search(r"[1-9]|[一二三四五]", cell.text)
            rank = _rank(digits.group()) if digits else 0
    if is_scored and rank != 1:
        return None  # one of those who were judged
    return Supplier(name, lot[:_LONGEST_NAME], rank)
