"""How a workbook shows its numbers."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_SIGNS = re.compile(r'\[\$([^\]-]{0,8})[^\]]{0,12}\]|"([^"]{0,20})"|\\(.)|([¥￥$€£])')
_PLACES = re.compile(r"[#0?][#0?,.!\\]*(?:\"\\.\"[#0?,]+)?")


def _scaled(section: str) -> float:
    """Return by what a format divides a value to show it: by commas behind the digits, by a point put between them."""
    factor = 1.0
    commas = re.search(r"[#0?](,+)(?![#0?,.!\\])", section)
    if commas:
        factor *= 1000.0 ** len(commas[1])
    point = re.search(r'(?:!|\\|")\.\"?([#0?]+)', section)
    if point:
        factor *= 10.0 ** len(point[1])
    return factor if factor > 1 else 0.0


def shown(value: object, code: str) -> str:
    """Return a value as its cell shows it: days as ISO dates, shares as percent, signs around a number."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value).strip()
    number = f"{value:.15g}" if abs(value) < 1e15 else str(value)
    section = re.sub(r"\[\$([^\]-]{0,8})[^\]]{0,12}\]", r'"\1"', (code or "General").split(";")[0])
    section = re.sub(r"\[[^\]]{0,20}\]", "", section)
    if "%" in section:
        return f"{100 * value:.12g}%"
    digits = re.search(r"[#0?]", section)
    if digits is None:
        return number
    scaled = _scaled(section)
    if scaled:  # 123456 shown as 12.3456万: what the reader sees, all its digits kept
        number, section = f"{value / scaled:.12g}", _PLACES.sub("0", section).replace('"."', "")
        digits = re.search(r"[#0?]", section) or digits
    before, behind = (
        "".join(next(filter(None, match.groups()), "") for match in _SIGNS.finditer(part))
        for part in (section[: digits.start()], section[digits.start() :])
    )
    return f"{before}{number}{behind}".strip()
