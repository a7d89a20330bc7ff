"""The portals as a table, and their answers, JSON or HTML, as rows of one shape."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from osint.filings import Page
from osint.register import find_date


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a search answer; what a portal does not say is empty."""

    title: str
    """Title of the notice or filing."""
    date: str
    """Day as YYYY-MM-DD, or month; empty if the portal states none of the calendar."""
    place: str = ""
    """Province or office, in the words of the portal."""
    kind: str = ""
    """Kind of notice, in the words of the portal."""
    url: str = ""
    """Page or file to capture."""
    source: str = ""
    """Short name of the portal."""
    how_found: str = ""
    """Why it is in the result."""
    project_code: str = ""
    """项目代码, if the row states one."""


@dataclass(frozen=True)
class Source:
    """One portal, as portals.toml describes it."""

    name: str
    """Short name, as in OSINT_BASE_<NAME>, which points the adapter at a mirror or a test server."""
    title: str
    """Name and content, in the words of the portal."""
    base: str
    """Scheme and host of the portal."""
    path: str
    """Path of the search page."""
    params: dict[str, Any]
    """Parameters of the query string, the form or the JSON body."""
    rows: tuple[str, ...] = ()
    """Path to the list in the JSON; empty for HTML."""
    total: tuple[str, ...] = ()
    """Path to the count of hits in the JSON."""
    fields: dict[str, str] = field(default_factory=dict)
    """title, date, place, kind and url by their names in a row."""
    known: str = ""
    """When it was last known to work, and by whom."""
    limits: str = ""
    """Published or observed limits, and what the portal cannot do."""
    sends: Literal["query", "form", "json"] = "query"
    """Where the parameters go."""
    form: Literal["json", "html"] = "json"
    """Form of the answer."""
    first: int = 1
    """Number of the first page."""
    step: int = 1
    """Added for the next page; a row offset where it is more than 1."""
    size: int = 20
    """Rows per page; 0 is not known."""
    per_minute: float = 10.0
    """Requests per minute that we allow ourselves."""
    dates: str = "%Y-%m-%d"
    """Format of days in the request (strftime)."""
    link: str = ""
    """Prefix of a relative URL; {} marks where an id goes."""
    headers: dict[str, str] = field(default_factory=dict)
    """Extra request headers."""
    regions: tuple[str, ...] = ()
    """Two digits of the provinces it covers; empty is all of China."""
    needs_stock: bool = False
    """Cannot search without a stock code."""
    full_text: bool = False
    """Searches the text, so that a title may lack the words."""
    split_over: int = 0
    """Hits beyond which the portal repeats itself without notice; the days are then split."""
    baseline: bool = False
    """Known to ignore a keyword without hits: compared with the answer to no keyword."""
    by_hand: str = ""
    """Page for a person to open."""

    @property
    def host(self) -> str:
        """Base in force: the override of the environment, else the portal itself."""
        return base_url(self.name, self.base)


def base_url(name: str, default: str) -> str:
    """Return the base URL of a source, which OSINT_BASE_<NAME> overrides."""
    return (os.environ.get(f"OSINT_BASE_{name.upper()}") or default).rstrip("/")


def _read_sources(tables: list[dict[str, Any]]) -> Iterator[Source]:
    """Yield the portals of the table; `like` takes over the fields of one above."""
    rows: dict[str, dict[str, Any]] = {}
    for table in tables:
        like = rows[table.pop("like")] if "like" in table else {}
        row = {**like, **table, "params": {**like.get("params", {}), **table.get("params", {})}}
        rows[row["name"]] = row
        cells: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in row.items()}
        yield Source(**cells)


_PORTALS = tomllib.loads((Path(__file__).parent / "portals.toml").read_text(encoding="utf-8"))
SOURCES = tuple(_read_sources(_PORTALS["portal"]))
"""The portals that are asked."""
NEVER_ASKED: tuple[tuple[str, str, str], ...] = tuple(
    (site["name"], site["host"], site["advice"]) for site in _PORTALS["never_asked"]
)
"""Sites that are recognised and explained, never asked: name, pattern of the host, what to do."""


def never_asked(url: str) -> str:
    """Return what to do about a site that is never asked, or an empty string."""
    host = (urlsplit(url).hostname or "").lower()
    return next((f"{name}: {advice}" for name, pattern, advice in NEVER_ASKED if re.search(pattern, host)), "")


_HEADERS = {
    "title": ("项目名称", "公告标题", "标题", "名称"),
    "project_code": ("项目代码", "项目统一代码", "代码"),
    "date": ("审批时间", "办结时间", "发布时间", "批复时间", "日期"),
    "place": ("审批部门", "地区", "部门"),
    "kind": ("审批事项", "事项名称", "事项", "审批结果", "结果"),
}


def read_hits(source: Source, body: bytes, content_type: str, url: str) -> tuple[list[Hit], int | None]:
    """Return the rows of one page and the total that the portal states (None if it states none)."""
    page = Page(body, content_type)
    if source.form == "json":
        return _json_hits(source, page.data)
    if page.tree is None:
        return [], None
    return _ccgp_hits(page, url) if source.name == "ccgp" else (_table_hits(page, url), None)


def _json_hits(source: Source, data: Any) -> tuple[list[Hit], int | None]:
    rows = _at(data, source.rows)
    if rows is None and source.name == "chinamobile":
        rows = _at(data, ("data", "records"))
    total = _at(data, source.total)
    rows = rows if isinstance(rows, list) else []
    hits = [_json_hit(source, row) for row in rows if isinstance(row, dict)]
    return hits, int(total) if str(total).isdecimal() else None


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _json_hit(source: Source, row: dict[str, Any]) -> Hit:
    value = {name: cell for name, key in source.fields.items() if isinstance(cell := row.get(key), str | int | float)}
    title = re.sub(r"<[^>]{1,40}>", "", str(value.get("title") or "")).strip()
    company = row.get("secName") if isinstance(row.get("secName"), str) and title else ""
    return Hit(
        f"{company}：{title}" if company else title,
        _date(value.get("date")),
        str(value.get("place") or ""),
        str(value.get("kind") or ""),
        _link(source, str(value.get("url") or "")),
    )


def _date(cell: object) -> str:
    found = find_date(cell)
    return found.text if found else ""


def _link(source: Source, value: str) -> str:
    if not value or value.startswith(("http://", "https://")):
        return value
    if "{}" in source.link:
        return source.link.format(value)
    if source.link.endswith(("/", "=")):
        return source.link + value.lstrip("/")
    return f"{source.link}/{value.lstrip('/')}"


def _ccgp_hits(page: Page, url: str) -> tuple[list[Hit], int | None]:
    hits = []
    for item in page.tree.xpath("//ul[contains(@class,'vT-srch-result-list-bid')]/li"):
        links, spans, strong = item.xpath("./a"), item.xpath("./span"), item.xpath("./span/strong")
        if not links:
            continue
        line = re.sub(r"\s+", " ", spans[0].text_content()) if spans else ""
        parts = [part.strip() for part in line.split("|")]
        place = parts[-2] if len(parts) > 4 else parts[-1] if len(parts) > 3 else ""
        kind = strong[0].text_content().strip() if strong else ""
        href = links[0].get("href")
        hits.append(Hit(links[0].text_content().strip(), _date(line), place, kind, urljoin(url, href) if href else ""))
    total = re.search(r"共找到\s*(\d+)\s*条", page.visible)
    return hits, int(total[1]) if total else None


def _table_hits(page: Page, url: str) -> list[Hit]:
    hits = []
    for table in page.table_rows:
        for line in table:
            row = {name: next((line[h] for h in heads if h in line), "") for name, heads in _HEADERS.items()}
            if row["title"] or row["project_code"]:
                # these lists link no row: the page and the code are all there is to point at
                hits.append(Hit(**{**row, "date": _date(row["date"]), "url": url}))
    return hits
