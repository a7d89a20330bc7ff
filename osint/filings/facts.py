"""Facts of a notice that stand in its text, its tables or its address."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from lxml import html as lxml_html

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


def tables(tree: lxml_html.HtmlElement) -> list[list[dict[str, str]]]:
    """Return the server-rendered tables of a page as rows by their header cells."""
    found = []
    for table in tree.iter("table"):
        lines = [[_cell(c) for c in row.iter("th", "td")] for row in table.iter("tr")]
        lines = [line for line in lines if any(line)]
        if len(lines) > 1:
            found.append([dict(zip(lines[0], line, strict=False)) for line in lines[1:]])
    return found


def _cell(cell: lxml_html.HtmlElement) -> str:
    return re.sub(r"\s+", " ", cell.text_content()).strip()
