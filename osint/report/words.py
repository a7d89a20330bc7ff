"""Words for readers: no name of the code reaches the page, and a value that is missing takes its punctuation along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from osint.register import Claim, Modality, Rung, WrittenDate, table_rows

_CODE = re.compile(r"(?<![\w./])[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?!\.\w)(?![\w/])")
_POWER_OF_TEN = re.compile(r"\b\d+(?:\.\d+)?e\+\d\d\b")
_MONEY = ("investment_CNY", "investment_USD", "value_USD")
_AREAS = ("floor_m2", "roof_m2", "land_m2", "land_mu")
_HOW = {
    Modality.WILL: "planned",
    Modality.WOULD: "intended",
    Modality.CAN_CARRY: "said of the room in its halls",
    Modality.DENIED: "said not to be, or to be stopped",
    Modality.WITHDRAWN: "withdrawn",
}


@cache
def _words() -> dict[str, str]:
    return {row["code"]: row["words"] for row in table_rows("words.csv", "osint.report")}


@cache
def settles() -> dict[str, str]:
    """Return what would settle a contradiction, by the name of its check."""
    return {row["check"]: row["settles"] for row in table_rows("settles.csv", "osint.report")}


def words_for(code: str) -> str:
    """Return the words for a name of the tables: `words.csv`, else the name with spaces.

    >>> words_for("share_pct"), words_for("grid_import")
    ('share', 'grid import')
    """
    return _words().get(code) or code.replace("_", " ")


def plain(text: str) -> str:
    """Return a sentence with words where a name of the tables stands, and digits for powers of ten.

    File names and addresses stay as they are.

    >>> plain("floor_cn: 0.002, see relation_support.csv")
    'server power per floor of a Chinese hall: 0.002, see relation_support.csv'

    >>> plain("451,000,000 CNY / 3.464e+06")
    '451,000,000 CNY / 3,464,000'
    """
    text = _CODE.sub(lambda found: words_for(found[0]), text)
    return _POWER_OF_TEN.sub(lambda found: f"{float(found[0]):,.15g}", text)


def joined(parts: Iterable[str], between: str = "; ") -> str:
    """Return the parts that say something, with what stands between them.

    >>> joined(["Yiwu", "", "Hami"], ", ")
    'Yiwu, Hami'
    """
    return between.join(part.strip() for part in parts if part and part.strip())


def listed(parts: Sequence[str]) -> str:
    """Return a list in words.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(joined(group, ", ") for group in (parts[:-1], parts[-1:]) if group)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(0, "picture"), counted(1, "case"), counted(3, "case")
    ('no picture', '1 case', '3 cases')
    """
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"


def from_to(low: str, high: str) -> str:
    """Return two ends that end in one unit as a range, one that is the same once.

    >>> from_to("13 km", "61 km"), from_to("2 km", "2 km")
    ('13 to 61 km', '2 km')
    """
    return high if low == high else f"{low.rpartition(' ')[0]} to {high}"


def digits(value: float) -> str:
    """Return a number with all its digits before the point.

    >>> digits(115_000.0)
    '115,000'
    """
    return f"{value:,.0f}"


def day_words(date: WrittenDate | None) -> str:
    """Return a date as a reader writes it, no more exact than its source: "8 July 2025", "July 2025", "undated"."""
    return date.words if date else "undated"


def figure(claim: Claim) -> str:
    """Return the number of a claim in the words of its source with what it counts; a claim without one says what it is.

    The unit says what is counted for chips, PFLOPS or buildings; of the rest the kind stands behind it.
    """
    written = claim.written()
    if not written:
        return words_for(claim.quantity_kind)
    kind = words_for(claim.quantity_kind)
    if claim.quantity_kind in ("chips", "servers", "racks", "PFLOPS", "ratio", "tonnes_coal_equiv", "project_count"):
        return written
    if claim.quantity_kind == "share_pct":
        return written if "percent" in written else f"{written} ({kind})"
    if claim.quantity_kind in _AREAS:
        number, comma, rest = written.partition(", ")
        return f"{number} of {kind}{comma}{rest}"
    return f"{written} ({kind})"


def how_said(claim: Claim) -> str:
    """Return how a claim asserts its number: planned, filed, begun, said to be there, room."""
    if claim.modality != Modality.HAS:
        return _HOW[claim.modality] if claim.modality else "stated"
    if claim.rung is None or claim.quantity_kind in _MONEY or not claim.written():
        return "stated"
    return {Rung.ANNOUNCED: "announced", Rung.FILED: "filed", Rung.GROUND_BROKEN: "said to be begun"}.get(
        claim.rung, "said to be there"
    )
