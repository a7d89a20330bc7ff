"""The page of a packet: one HTML file that opens by double click, without script, font or picture from outside."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2 import ChainableUndefined

from osint import fonts
from osint.archive import Entry
from osint.packet.flips import Flip, held_by
from osint.packet.lints import Fault
from osint.packet.pictures import PAIRS, Picture
from osint.packet.says import leading, says
from osint.packet.subject import Subject
from osint.passport import Checked
from osint.report import followed
from osint.shown import page_templates

_SAID = 3  # findings whose sentences stand on the first page
_EXTREMES_FROM = 3  # numbers of one unit from which the largest and the smallest are named


@dataclass(frozen=True)
class Extras:
    """What a desk adds to a packet."""

    pictures: Sequence[Picture] = ()
    crops: Mapping[str, Any] = field(default_factory=dict)
    """Pieces of HTML with the words in the captured page, by id of the evidence."""
    flips: Sequence[Flip] = ()
    remeasured: str = ""
    harm: str = ""
    replies: Sequence[str] = ()
    since: Sequence[str] | None = None
    """What changed since an earlier packet; None without one."""
    held: Entry | None = None
    """The last capture of the archive of the case; None without one."""


def page(subject: Subject, checked: Checked, faults: Sequence[Fault], extras: Extras, *, font: bool = True) -> bytes:
    """Return the page; every text of a source is escaped, and what would steer a reader stands as a mark.

    Without `font` the Chinese font does not travel in it.
    """
    core, told = subject.core, [says(f) for f in leading(subject.findings, _SAID)]
    evidence = core.get("evidence", [])
    pairs = [tuple(next((p for p in extras.pictures if p.kind == kind), None) for kind in pair) for pair in PAIRS]
    alone = [p for p in extras.pictures if p.kind not in {kind for pair in PAIRS for kind in pair}]
    context = {
        "title": subject.title,
        "code": checked.code,
        "passport_id": checked.passport_id,
        "simulated": core.get("simulated", False),
        "figure": base64.b64encode(_png(subject)).decode(),
        "render": subject.render,
        "may": _of_all([(one.claim_id, one.may) for one in told]),
        "may_not": _of_all([(one.claim_id, one.may_not) for one in told]),
        "faults": faults,
        "checked": checked,
        "numbers": core.get("numbers", []),
        "extremes": _extremes(core.get("numbers", [])),
        "evidence": evidence,
        "ids": {one.get("id") for one in evidence},
        "against": [one for one in evidence if one.get("role") == "contradicts"],
        "no_contradiction": core.get("no_contradiction", ""),
        "crops": extras.crops,
        "pictures": extras.pictures,
        "pairs": [*(pair for pair in pairs if any(pair)), *((one, None) for one in alone)],
        "imagery": core.get("imagery", []),
        "checks": [c.to_row() for c in subject.checks if c.contradicted],
        "remarks": [c.to_row() for c in subject.checks if not c.contradicted],
        "flips": extras.flips,
        "held": [(f.claim.claim_id, held_by(f)) for f in leading(subject.findings, _SAID)],
        "would_change": core.get("judgement", {}).get("would_change_our_mind", []),
        "remeasured": extras.remeasured,
        "harm": extras.harm,
        "replies": extras.replies,
        "people": core.get("people", {}),
        "since": extras.since,
        "last_capture": extras.held,
    }
    environment = page_templates("osint.packet", ChainableUndefined)  # an empty field is left out of a passport
    environment.filters |= {"digits": _digits, "b64": _b64, "web": _is_web, "followed": followed}
    template = environment.get_template("packet.html")
    bare = template.render(context, font="")
    glyphs = fonts.font_subset(bare) if font else None
    return (template.render(context, font=base64.b64encode(glyphs).decode()) if glyphs else bare).encode()


def _of_all(told: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, list[str]]]:
    """Return sentences on claims, each once with the claims of which it holds; those of one claim alone stand first."""
    texts = dict.fromkeys(text for _, own in told for text in own)
    rows = [(text, [claim_id for claim_id, own in told if text in own]) for text in texts]
    return sorted(rows, key=lambda row: len(row[1]) > 1)


def _png(subject: Subject) -> bytes:
    return next((body for name, body in subject.figure_files.items() if name.endswith(".png")), b"")


def _digits(value: object) -> str:
    """Return a decimal text with commas; nothing for a missing one."""
    try:
        return f"{Decimal(str(value)):,f}" if isinstance(value, str) else ""
    except InvalidOperation:
        return str(value)


def _b64(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _is_web(url: object) -> bool:
    return str(url).startswith(("https://", "http://"))


def _extremes(numbers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the largest and the smallest value of each unit that has several, in words."""
    said = []
    for unit in dict.fromkeys(n.get("unit", "") for n in numbers):
        of_unit = [n for n in numbers if n.get("unit", "") == unit]
        lows, highs = (
            [(Decimal(v), n) for n in of_unit if (v := n.get("best") or n.get(end) or n.get(other))]
            for end, other in (("low", "high"), ("high", "low"))
        )
        if len(lows) >= _EXTREMES_FROM:
            low, high = min(lows, key=lambda r: r[0]), max(highs, key=lambda r: r[0])
            ends = [f"{n.get('label')}, {_digits(str(v))} {unit}" for v, n in (high, low)]
            said.append(" and ".join(ends))
    return said
