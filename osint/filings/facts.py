"""Read what a notice says of itself: codes, days, tables, and its fields by the family of its site."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urljoin, urlsplit

from osint.filings.html import Page, element_text, tables

_SHANGHAI = timezone(timedelta(hours=8))


def project_codes(text: str) -> list[str]:
    """Return the 项目代码 in a text: 24 characters as 2106-650500-04-01-123456, each once, in order.

    The same code stands on the filing, the energy review, the EIA and the tender of one project.
    """
    found = re.findall(r"(?<![\d-])(\d{4}-\d{6}-\d{2}-\d{2}-\d{6})(?![\d-])", text.replace("－", "-"))
    labelled = re.findall(r"项目(?:统一)?代码[^\d]{0,20}(\d{24}|\d{20})(?!\d)", text)
    joined = [c if len(c) == 24 else f"{c[:4]}-{c[4:10]}-{c[10:12]}-{c[12:14]}-{c[14:]}" for c in labelled]
    return list(dict.fromkeys(found + joined))


def day_of_url(url: str) -> str:
    """Return the month or day that a government URL carries, or an empty string."""
    found = re.search(r"/t(\d{4})(\d{2})(\d{2})_", url)
    if found:
        return "-".join(found.groups())
    found = re.search(r"/(20\d{2})(0[1-9]|1[0-2])/", url)
    return f"{found[1]}-{found[2]}" if found else ""


def day(value: Any) -> str:
    """Return a day as YYYY-MM-DD; milliseconds are midnight in Shanghai, not in Greenwich."""
    text = str(value or "").strip()
    if re.fullmatch(r"\d{12,13}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC).astimezone(_SHANGHAI).strftime("%Y-%m-%d")
    found = re.search(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})", text)
    if not found:
        found = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(\d{6})?", text)
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}" if found else ""


def _has(name: str) -> str:
    return f"contains(concat(' ',normalize-space(@class),' '),' {name} ')"


FAMILIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "ccgp",
        r"/cggg/(dfgg|zygg)/\w+/\d{6}/t\d{8}_\d+\.htm",
        {
            "title": "//meta[@name='ArticleTitle']/@content",
            "date": "//meta[@name='PubDate']/@content | //*[@id='pubTime']",
            "publisher": "//meta[@name='ContentSource']/@content",
            "text": f"//div[{_has('vF_detail_content')}] | //div[{_has('vT_detail_content')}]",
        },
    ),
    (
        "ggzy",
        r"/information/deal/html/[ab]/\d+/\d+/\d{8}/",
        {
            "title": f"//h4[{_has('h4_o')}]",
            "publisher": "//*[@id='platformName']",
            "text": "//*[@id='mycontent']",
        },
    ),
    (
        "epoint",
        r"/(jyxx|xinjiangggzy(_new)?|TPFront)/",
        {
            "title": f"//h3[{_has('article-title')}] | //h2",
            "publisher": f"//*[{_has('ewb-info-intro')}]//span[contains(.,'信息来源')]",
            "text": f"//*[{_has('ewb-info-bd')}]",
        },
    ),
    (
        "government CMS",
        r"",
        {
            "title": "//meta[translate(@name,'ARTICLE','article')='articletitle']/@content | //h1",
            "date": "//meta[translate(@name,'PD','pd')='pubdate']/@content",
            "publisher": "//meta[@name='ContentSource']/@content",
            "text": "//*[@id='zoom'] | //article",
        },
    ),
)
"""Name, pattern of the path, and where each field lies; the last family takes what no other does."""

_FILES = re.compile(r"\.(pdf|docx?|xlsx?|zip|rar|ofd|wps)$", re.I)


@dataclass(frozen=True)
class Notice:
    """What a notice page says, each field empty where it says nothing."""

    family: str
    """Name in FAMILIES."""
    title: str
    """As shown."""
    date: str
    """YYYY-MM-DD or YYYY-MM; of the visible text or the path, which outrank hidden tags on ggzy."""
    publisher: str
    """Who published, as the page says."""
    text: str
    """Of the notice, without menus."""
    summary: dict[str, str] = field(default_factory=dict)
    """Summary cells of ccgp, by their names; amounts there are in 万元, those in the text in 元."""
    tables: list[list[dict[str, str]]] = field(default_factory=list)
    """Server-rendered tables, rows by their header cells."""
    attachments: list[str] = field(default_factory=list)
    """URLs of files."""
    related: list[tuple[str, str]] = field(default_factory=list)
    """Other notices of the project on ggzy: stage code and path."""
    project_codes: list[str] = field(default_factory=list)
    """项目代码 in the text."""


def read_notice(url: str, body: bytes, content_type: str) -> Notice | None:
    """Return the fields of a page, or None if it is no markup."""
    page = Page(body, content_type)
    if page.tree is None:
        return None
    path = urlsplit(url).path
    name, _, where = next(one for one in FAMILIES if re.search(one[1], path))
    text = _first(page, where.get("text", "")) or page.visible
    on_path = re.search(r"/(20\d{2})(\d{2})(\d{2})/", path)
    date = "-".join(on_path.groups()) if on_path else day(_first(page, where.get("date", "")))
    return Notice(
        family=name,
        title=_first(page, where["title"]) or page.title,
        date=date or day_of_url(url) or day(_visible_day(page.visible)),
        publisher=re.sub(r"^[【\s]*信息来源[：:\s]*|】$", "", _first(page, where.get("publisher", ""))),
        text=text,
        summary=_summary(page),
        tables=tables(page.tree),
        attachments=_attachments(page, url),
        related=re.findall(r"showDetail\(this,\s*'(\d{4})',\s*'([^']{1,200})'", page.without_comments),
        project_codes=project_codes(page.visible),
    )


def _first(page: Page, xpath: str) -> str:
    for found in page.tree.xpath(xpath) if xpath else []:
        text = str(found).strip() if isinstance(found, str) else element_text(found)
        if text:
            return text
    return ""


def _visible_day(text: str) -> str:
    found = re.search(r"(?:发布|公告|发文)(?:时间|日期)[：:\s]*(\d{4}[-./年]\d{1,2}[-./月]\d{1,2})", text)
    return found[1] if found else ""


def _summary(page: Page) -> dict[str, str]:
    cells = page.tree.xpath(f"//div[{_has('vF_detail_main')}]//td[{_has('title')}]")
    pairs = [(element_text(cell), cell.getnext()) for cell in cells]
    return {name: element_text(value) for name, value in pairs if value is not None}


def _attachments(page: Page, url: str) -> list[str]:
    found = []
    for link in page.tree.iter("a"):
        if "bizDownload" in link.get("class", "") and re.fullmatch(r"[\w-]{8,64}", link.get("id", "")):
            found.append(f"http://www.ccgp.gov.cn/oss/download?uuid={link.get('id')}")
        elif _is_file(link):
            found.append(_joined_url(url, link.get("href")))
    return list(dict.fromkeys(one for one in found if one.startswith(("http://", "https://"))))


def _is_file(link: Any) -> bool:
    href = link.get("href", "")
    return bool(_FILES.search(href.partition("?")[0])) or (
        bool(href) and bool(link.xpath("ancestor::ul[@class='fjxx']"))
    )


def _joined_url(url: str, href: str) -> str:
    try:
        return urljoin(url, href)
    except ValueError:
        return ""
