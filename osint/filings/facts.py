"""Read what a notice says of itself: codes, parties, dates, and the fields of its page by the family of its site."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from osint.errors import BadInputError
from osint.filings.grid import outside_tables
from osint.filings.page import Page, element_text
from osint.filings.parties import Supplier, read_parties, together
from osint.register import find_date, find_url_date, read_date

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osint.filings.grid import Cell

# ---------------------------------------------------------------- facts in the text

_DASHES = dict.fromkeys(map(ord, "－—–‐‑‒−﹣"), "-") | {0xFF10 + digit: str(digit) for digit in range(10)}
_CODE = re.compile(
    r"(?<![\d-])(?:(\d{4})-(\d{6})-(\d\d)-(\d\d)-(\d{6})"
    r"|代码[^\d]{0,20}(\d{4})(\d{6})(\d\d)(\d\d)(\d{6})"
    r"|([123]\d(?:0[1-9]|1[0-2]))([1-68]\d{5})(\d\d)(0[1-9])(\d{6}))(?![\d-])"
)


def project_codes(text: str) -> list[str]:
    """Return the 项目代码 in a text as 2106-650500-04-01-123456, each once, in order of appearance.

    The code is written with hyphens (24 characters) or as its 20 digits, with or without its label; bare digits
    without a label count only where month, region and kind of project are possible. The same code stands on the
    filing, the energy review, the EIA and the tender of one project.

    >>> project_codes("项目代码：21066505000401123456")
    ['2106-650500-04-01-123456']
    """
    plain = text.translate(_DASHES)
    found = ("-".join(part for part in match.groups() if part) for match in _CODE.finditer(plain))
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a document says of itself, each field empty where it says nothing."""

    title: str = ""
    """title of the page, else its first line"""
    publisher: str = ""
    """who published it, as it says"""
    place: str = ""
    """where the project is to stand, as it says"""
    project_code: str = ""
    """the first 项目代码, as 2106-650500-04-01-123456; else the number of the tender or the project, as printed"""
    project_code_label: str = ""
    """what the document calls that number: 项目代码, 招标编号, 采购项目编号"""
    buyer: str = ""
    """who buys or builds"""
    supplier: str = ""
    """who sells: the first of `suppliers`"""
    suppliers: tuple[Supplier, ...] = ()
    """all who sell, with lot and rank"""
    published: date | None = None
    """date of the document, from its name and visible text"""


_HEAD = 60_000
_LETTERHEAD = 1000
"""characters in which an official paper states its own number; further on it names those of others (judgement)"""
_NUMBERS = re.compile(
    r"(招标编号|采购项目编号|采购编号|招标项目编号|项目编号|工程编号|标段编码|标段编号|采购计划编号|合同编号|采购合同编号|公示编号|"
    r"(?i:(?:tender|contract|notice|project|case|docket|application|permit) (?:no\.?|number|reference)|"
    r"reference (?:no\.?|number)|\bcase(?= [|] )))"
    r"(?:[（(][^()（）\n]{1,8}[）)])?[:：|\s]{1,4}"
    r"(20\d\d/S \d{1,3}-\d{5,7}|"
    r"[一-龥]{1,4}第\d{6,20}号|(?=[^\s]{0,30}\d)[A-Za-z0-9][A-Za-z0-9（）()\[\]〔〕\-—_/.第号]{3,40}(?<![（(.]))"
)
_PAPER_NUMBER = re.compile(
    r"(?m)(?:(发文字号|文\s?号|批复文号|审批文号|批准文号|备案编号|备案号|备案证号|许可证编号|核准文号)\s?[:：|]\s{0,3}|^\s{0,8})"
    r"([一-龥]{2,12}\s?[〔\[（(【]20\d\d[〕\]）)】]\s?(?:第\s?)?\d{1,5}\s?号)(?:\s{0,8}$|(?<=号)(?=[。，；;|\s]))"
)
"""the number of an official paper, behind its label or alone in its line: 张行审字〔2026〕88号"""
_HEADING = re.compile(r"<h1[^>]{0,300}>(.{1,600}?)</h1", re.IGNORECASE | re.DOTALL)
_MARKUP_TAG = re.compile(r"<[^>]{0,300}>")


def read_facts(text: str, name: str, title: str = "", cells: Sequence[Cell] = ()) -> DocumentFacts:
    """Return what the text and the tables of a document say of it.

    `title` is that of the page, `name` may carry its date.  A value is never itself a label: in a table it stands
    beside its label, or below it where the label is a header.
    """
    head = text[:_HEAD]
    around = outside_tables(cells, text)[:_HEAD]
    lines = (line.strip(" |\t") for line in around.splitlines())
    first = next((line for line in lines if len(line) >= _SHORTEST_TITLE), "")
    parties = read_parties(around, cells)
    code = next(iter(project_codes(head)), "")
    number = _NUMBERS.search(together(head))
    paper = _PAPER_NUMBER.search(head[:_LETTERHEAD]) if not (code or number) else None
    label = "项目代码" if code else number[1] if number else (paper[1] or "文号") if paper else ""
    code = code or (_closed(number[2]) if number else paper[2] if paper else "")
    published = document_date(text, name)
    return DocumentFacts(
        title or (first if len(first) <= 80 else ""), parties.publisher, parties.place, code, label, parties.buyer,
        parties.suppliers[0].name if parties.suppliers else "", parties.suppliers, published,
    )  # fmt: skip


def _closed(code: str) -> str:
    """Return a code without a bracket at its end that it does not open."""
    return code[:-1] if code[-1] in ")）" and not re.search(r"[(（]", code) else code


_SHORTEST_TITLE = 4


def heading(source: str) -> str:
    """Return the words of the first heading of a page, or ""."""
    match = _HEADING.search(source[:_HEAD])
    return " ".join(html.unescape(_MARKUP_TAG.sub(" ", match[1])).split())[:300] if match else ""


_PATH_DAY = re.compile(r"(?:t|/|_|-|^)(20\d{6})(?:_|/|-|\.|$)|(20\d\d[-_/.年]\d{1,2}[-_/.月]\d{1,2})(?!\d)")
_STAMP = r"(20\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}(?!\d))"
_PUBLISHED = re.compile(
    r"(?:发布时间|发布日期|公告时间|公告日期|发文日期|成文日期|日期|时间|Published|Posted|Updated|Date)[:：\s]{0,3}"
    + _STAMP
)
_SOURCE_LINE = re.compile(rf"(?m)^.{{0,8}}(?:来源|稿源)[:：]\s{{0,3}}[^\n，。；]{{1,40}}?[\s|｜]{{1,8}}{_STAMP}")
_DAY_LINE = re.compile(rf"(?m)^\s{{0,8}}{_STAMP}\s?日?(?:\s\d\d:\d\d(?::\d\d)?)?\s{{0,8}}$")


def document_date(text: str, name: str = "") -> date | None:
    """Return the date of a document from its path and its visible text, or None.

    A generated "page made at" stamp is wrong for archived notices, so it is not read.

    >>> document_date("发布时间：2024年9月15日", "a.html"), document_date("来源：伊吾县融媒体中心 2025-06-30 10:12")
    (datetime.date(2024, 9, 15), datetime.date(2025, 6, 30))
    """
    head = text[:3000] + "\n" + text[-400:]
    in_text = _PUBLISHED.search(head) or _SOURCE_LINE.search(head) or _DAY_LINE.search(head)
    for found in (*_PATH_DAY.finditer(name), *filter(None, [in_text])):
        written = re.sub(r"[-_/.年月\s]+", "-", found[found.lastindex or 0])
        try:
            return read_date(written).first
        except BadInputError:
            continue
    return None


# ---------------------------------------------------------------- fields of a page by the family of its site


@cache
def _families() -> list[dict[str, str]]:
    """Return the rows of families.csv: x-paths of the fields of a page, by the path of its address."""
    with Path(__file__).with_name("families.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


FILES = re.compile(r"\.(?:pdf|docx?|xlsx?|zip|rar|7z|ofd|wps)(?:[?#]|$)|/download\?", re.IGNORECASE)
"""addresses of files that a notice offers"""


@dataclass(frozen=True)
class Notice:
    """What a notice page says, each field empty where it says nothing."""

    family: str
    """name of the family of its site in families.csv, whose last row takes what no other does"""
    title: str
    """title as shown"""
    date: str
    """YYYY-MM-DD or YYYY-MM, of the path or the visible text, which outrank hidden tags on ggzy"""
    publisher: str
    """who published, as the page says"""
    text: str
    """text of the notice, without menus"""
    summary: dict[str, str]
    """summary cells of ccgp, by their names; amounts there are in 万元, those in the text in 元"""
    tables: list[list[dict[str, str]]]
    """tables as rows by their header cells; a cell that spans rows stands in each of them"""
    attachments: list[str]
    """addresses of files"""
    related: list[tuple[str, str]]
    """other notices of the project on ggzy: stage code and path"""
    project_codes: list[str]
    """项目代码 in the text"""


_DAY_IN_TEXT = re.compile(r"(?:发布|公告|发文)(?:时间|日期)[：:\s]*(\d{4}[-./年]\d{1,2}[-./月]\d{1,2})")


def read_notice(url: str, body: bytes, content_type: str) -> Notice | None:
    """Return the fields of a page, or None if it is not a page."""
    page = Page(body, content_type)
    if page.tree is None:
        return None
    family = next(row for row in _families() if re.search(row["path"], urlsplit(url).path))
    day_on_path, day_in_text = find_url_date(url), _DAY_IN_TEXT.search(page.visible)
    dates = (
        day_on_path if day_on_path and day_on_path.first == day_on_path.last else None,
        find_date(_first(page, family["date"])),
        day_on_path,
        find_date(day_in_text[1]) if day_in_text else None,
    )
    return Notice(
        family=family["family"],
        title=_first(page, family["title"]) or page.title,
        date=next((found.text for found in dates if found), ""),
        publisher=re.sub(r"^[【\s]*信息来源[：:\s]*|】$", "", _first(page, family["publisher"])),
        text=_first(page, family["text"]) or page.visible,
        summary={
            element_text(cell): element_text(cell.getnext())
            for cell in _found(page, "//div[.vF_detail_main]//td[.title]")
            if cell.getnext() is not None
        },
        tables=page.table_rows,
        attachments=_attachments(page, url),
        related=re.findall(r"showDetail\(this,\s*'(\d{4})',\s*'([^']{1,200})'", page.without_comments),
        project_codes=project_codes(page.visible),
    )


def _first(page: Page, xpath: str) -> str:
    for found in _found(page, xpath) if xpath else []:
        text = str(found).strip() if isinstance(found, str) else element_text(found)
        if text:
            return text
    return ""


def _found(page: Page, xpath: str) -> Any:
    """Return what an x-path selects, in which `[.name]` stands for "has the class name"."""
    has_class = r"[contains(concat(' ', normalize-space(@class), ' '), ' \1 ')]"
    return page.tree.xpath(re.sub(r"\[\.([\w-]+)\]", has_class, xpath))


def _attachments(page: Page, url: str) -> list[str]:
    found = []
    for link in page.tree.iter("a"):
        if "bizDownload" in link.get("class", "") and re.fullmatch(r"[\w-]{8,64}", link.get("id", "")):
            found.append(f"http://www.ccgp.gov.cn/oss/download?uuid={link.get('id')}")
        elif (href := link.get("href", "")) and (FILES.search(href) or link.xpath("ancestor::ul[@class='fjxx']")):
            found.append(joined_url(url, href))
    return list(dict.fromkeys(one for one in found if one.startswith(("http://", "https://"))))


def joined_url(base: str, address: str, otherwise: str = "") -> str:
    """Return an address as it is meant on a page; `otherwise` where it cannot be read."""
    try:
        return urljoin(base, address)
    except ValueError:
        return otherwise
