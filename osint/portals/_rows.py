"""Read the rows of a search answer, JSON or HTML, into one shape."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from osint.filings import Page, day, tables
from osint.portals.adapters import Source

COLUMNS = ("title", "date", "place", "kind", "url", "source", "how_found", "project_code")
"""Of the frame that every adapter returns; what a portal does not say is empty."""

_HEADERS = {
    "title": ("项目名称", "公告标题", "标题", "名称"),
    "project_code": ("项目代码", "项目统一代码", "代码"),
    "date": ("审批时间", "办结时间", "发布时间", "批复时间", "日期"),
    "place": ("审批部门", "地区", "部门"),
    "kind": ("审批事项", "事项名称", "事项", "审批结果", "结果"),
}


def read(source: Source, body: bytes, content_type: str, url: str) -> tuple[list[dict[str, str]], int | None]:
    """Return the rows of one page and the total that the portal states (None if it states none)."""
    page = Page(body, content_type)
    if source.form == "json":
        return _json_rows(source, page.data)
    if page.tree is None:
        return [], None
    return _ccgp_rows(page, url) if source.name == "ccgp" else (_table_rows(page, url), None)


def _json_rows(source: Source, data: Any) -> tuple[list[dict[str, str]], int | None]:
    found = _at(data, source.rows)
    if found is None and source.name == "chinamobile":
        found = _at(data, ("data", "records"))
    rows = [_json_row(source, row) for row in found or [] if isinstance(row, dict)]
    total = _at(data, source.total)
    return rows, int(total) if str(total).isdigit() else None


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _json_row(source: Source, row: dict[str, Any]) -> dict[str, str]:
    told = {name: row.get(key) for name, key in source.fields.items()}
    title = re.sub(r"<[^>]{1,40}>", "", str(told.get("title") or "")).strip()
    name = row.get("secName")
    return {
        "title": f"{name}：{title}" if name else title,
        "date": day(told.get("date")),
        "place": str(told.get("place") or ""),
        "kind": str(told.get("kind") or ""),
        "url": _link(source, str(told.get("url") or "")),
        "project_code": "",
    }


def _link(source: Source, value: str) -> str:
    if not value or value.startswith(("http://", "https://")):
        return value
    if "{}" in source.link:
        return source.link.format(value)
    if source.link.endswith(("/", "=")):
        return source.link + value.lstrip("/")
    return f"{source.link}/{value.lstrip('/')}"


def _ccgp_rows(page: Page, url: str) -> tuple[list[dict[str, str]], int | None]:
    rows = []
    for item in page.tree.xpath("//ul[contains(@class,'vT-srch-result-list-bid')]/li"):
        links = item.xpath("./a")
        spans = item.xpath("./span")
        if not links:
            continue
        said = re.sub(r"\s+", " ", spans[0].text_content()) if spans else ""
        strong = item.xpath("./span/strong")
        parts = [part.strip() for part in said.split("|")]
        rows.append(
            {
                "title": links[0].text_content().strip(),
                "date": day(said),
                "place": parts[-2] if len(parts) > 4 else parts[-1] if len(parts) > 3 else "",
                "kind": strong[0].text_content().strip() if strong else "",
                "url": urljoin(url, links[0].get("href", "")),
                "project_code": "",
            }
        )
    total = re.search(r"共找到\s*(\d+)\s*条", page.visible)
    return rows, int(total[1]) if total else None


def _table_rows(page: Page, url: str) -> list[dict[str, str]]:
    rows = []
    for table in tables(page.tree):
        for line in table:
            row = {name: next((line[h] for h in heads if h in line), "") for name, heads in _HEADERS.items()}
            if row["title"] or row["project_code"]:
                # these lists link no row: the page and the code are all there is to point at
                rows.append({**row, "date": day(row["date"]), "url": url})
    return rows
